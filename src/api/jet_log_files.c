/* Log files from outside: what a header says, a log that a database can do without, and a log that another instance ships (engine/ship_log.h). */
#define ESENT_PRIVATE
#include "api/api.h"
#include "api/text_arguments.h"
#include "base/memory.h"
#include "engine/process.h"
#include "engine/ship_log.h"
#include "log/log_files.h"
#include "os/path.h"

/* --- JetGetLogFileInfo --- */

/* The beginning that all three structures share. The counts of sectors stand in fields that are named for bytes. */
#define FILL_COMMON(info, header) \
    do { \
        (info)->ulGeneration = (header)->generation; \
        memcpy(&(info)->signLog, (header)->log_signature.bytes, sizeof(info)->signLog); \
        memcpy(&(info)->logtimeCreate, (header)->created.bytes, sizeof(info)->logtimeCreate); \
        memcpy(&(info)->logtimePreviousGeneration, (header)->previous_created.bytes, sizeof(info)->logtimePreviousGeneration); \
        (info)->ulFlags = (header)->flags; \
        (info)->ulVersionMajor = (header)->version.major; \
        (info)->cbSectorSize = (header)->sector_size; \
        (info)->cbHeader = (header)->header_sectors; \
        (info)->cbFile = (header)->file_sectors; \
        (info)->cbDatabasePageSize = (header)->page_size; \
    } while (0)

static JET_LGPOS public_lgpos(lgpos_t position)
{
    return (JET_LGPOS){.ib = (uint16_t)lgpos_byte(position), .isec = (uint16_t)lgpos_segment(position), .lGeneration = (int32_t)lgpos_generation(position)};
}

static JET_ERR give_info(const struct log_header *header, void *result, uint32_t size, uint32_t level)
{
    JET_LOGINFOMISC2 info;
    JET_LOGINFOMISC3 info_3;
    memset(&info, 0, sizeof info);
    memset(&info_3, 0, sizeof info_3);
    _Static_assert(offsetof(JET_LOGINFOMISC2, lgposCheckpoint) == sizeof(JET_LOGINFOMISC), "the first is the beginning of the second");
    FILL_COMMON(&info, header);
    info.ulVersionMinor = header->version.minor;
    info.ulVersionUpdate = header->version.update_major;
    info.lgposCheckpoint = public_lgpos(header->checkpoint);
    FILL_COMMON(&info_3, header);
    info_3.ulVersionUpdateMajor = header->version.update_major;
    info_3.ulVersionUpdateMinor = header->version.update_minor;
    info_3.lgposCheckpoint = info.lgposCheckpoint;
    info_3.ulVersionMinorDeprecated = header->version.minor;
    info_3.checksumPrevLogAllSegments = header->checksum_previous;
    bool is_third = level == JET_LogInfoMisc3;
    size_t wanted = is_third ? sizeof info_3 : level == JET_LogInfoMisc2 ? sizeof info : sizeof(JET_LOGINFOMISC);
    if (size != wanted)
        return error_raise(JET_errInvalidBufferSize, __FILE__, __LINE__);
    memcpy(result, is_third ? (const void *)&info_3 : (const void *)&info, wanted);
    return JET_errSuccess;
}

/* The file is looked for before the level is looked at. */
static JET_ERR get_info(enum text_form form, const void *path, void *result, uint32_t size, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    char *utf8 = NULL, *absolute = NULL;
    struct log_header *header = (struct log_header *)mem_alloc(sizeof *header);
    if (header == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(text_argument(form, path, &utf8));
    TRY(path_absolute(utf8, &absolute));
    err = log_header_read_alone(process_fs(), absolute, header);
    bool is_known = level == JET_LogInfoMisc || level == JET_LogInfoMisc2 || level == JET_LogInfoMisc3;
    if (result == NULL || (!is_known && err != JET_errFileNotFound && err != JET_errInvalidPath && err != JET_errFileAccessDenied))
        RAISE(JET_errInvalidParameter);
    TRY(err);
    TRY(give_info(header, result, size, level));
done:
    mem_free(header);
    mem_free(absolute);
    mem_free(utf8);
    return err;
}

JET_EXPORT JET_ERR JetGetLogFileInfoA(const char *szLog, void *pvResult, uint32_t cbMax, uint32_t InfoLevel) { return get_info(TEXT_UTF8, szLog, pvResult, cbMax, InfoLevel); }
JET_EXPORT_PLAIN(JetGetLogFileInfo);
JET_EXPORT JET_ERR JetGetLogFileInfoW(const char16_t *szLog, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return get_info(TEXT_UTF16, szLog, pvResult, cbMax, InfoLevel);
}

/* --- JetRemoveLogfile --- */

static JET_ERR remove_log(enum text_form form, const void *database, const void *log, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    char *texts[2] = {NULL, NULL}, *paths[2] = {NULL, NULL};
    struct log_header *header = (struct log_header *)mem_alloc(sizeof *header);
    if (header == NULL)
        RAISE(JET_errOutOfMemory);
    if (grbit != 0)
        RAISE(JET_errInvalidParameter);
    TRY(text_argument(form, database, &texts[0]));
    TRY(text_argument(form, log, &texts[1]));
    for (int i = 0; i < 2; i++) {
        if (texts[i] == NULL || texts[i][0] == 0)
            RAISE(JET_errInvalidParameter);
        TRY(path_absolute(texts[i], &paths[i]));
    }
    TRY(log_header_read_alone(process_fs(), paths[1], header));
    TRY(database_forget_generation(process_fs(), paths[0], &header->log_signature, header->generation));
done:
    for (int i = 0; i < 2; i++) {
        mem_free(texts[i]);
        mem_free(paths[i]);
    }
    mem_free(header);
    return err;
}

JET_EXPORT JET_ERR JetRemoveLogfileA(const char *szDatabase, const char *szLogfile, JET_GRBIT grbit) { return remove_log(TEXT_UTF8, szDatabase, szLogfile, grbit); }
JET_EXPORT JET_ERR JetRemoveLogfileW(const char16_t *szDatabase, const char16_t *szLogfile, JET_GRBIT grbit) { return remove_log(TEXT_UTF16, szDatabase, szLogfile, grbit); }

/* --- JetConsumeLogData --- */

JET_EXPORT JET_ERR JetConsumeLogData(JET_INSTANCE instance, JET_EMITDATACTX *pEmitLogDataCtx, void *pvLogData, uint32_t cbLogData, JET_GRBIT grbits)
{
    JET_ERR err = JET_errSuccess;
    if (pEmitLogDataCtx == NULL)
        RAISE(JET_errInvalidParameter);
    if (grbits != 0)
        RAISE(JET_errInvalidGrbit);
    if (pEmitLogDataCtx->cbStruct != sizeof *pEmitLogDataCtx)
        RAISE(JET_errInvalidParameter);
    err = ship_log_consume(instance, pEmitLogDataCtx, pvLogData, cbLogData);
done:
    return err;
}
