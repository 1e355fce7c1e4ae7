/* Databases: attach, detach, open, close, information (instance-and-session 13). */
#define ESENT_PRIVATE
#include <string.h>

#include "api/api.h"
#include "api/jet_database.h"
#include "api/text_arguments.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "engine/attach.h"
#include "engine/database_info.h"

/* --- attach and detach --- */

/* A value that ESENT takes. */
static JET_ERR check_database_parameter(uint32_t id, uint32_t value)
{
    JET_ERR err = JET_errSuccess;
    enum { PRIORITY_MOST = 1000, SHRINK_OPTIONS = 0x1F, QUOTA_MS_MOST = 7 * 24 * 60 * 60 * 1000 };
    bool is_quota = id == JET_dbparamShrinkDatabaseTimeQuota || id == JET_dbparamLeakReclaimerTimeQuota;
    if (id == JET_dbparamCachePriority && value > PRIORITY_MOST && value != UINT32_MAX)
        RAISE(JET_errInvalidParameter);
    if (id == JET_dbparamShrinkDatabaseOptions && (value & ~(uint32_t)SHRINK_OPTIONS) != 0)
        RAISE(JET_errInvalidGrbit);
    if (is_quota && (int32_t)value > QUOTA_MS_MOST)
        RAISE(JET_errInvalidParameter);
    if (id == JET_dbparamShrinkDatabaseSizeLimit && (int32_t)value < 0)
        RAISE(JET_errInvalidParameter);
done:
    return err;
}

enum { PARAMETER_COUNT_MAX = 64 };

static bool is_known(uint32_t id) { return id >= JET_dbparamDbSizeMaxPages && id < JET_dbparamMaxValueInvalid; }
static bool has_value(const JET_SETDBPARAM *parameter) { return parameter->pvParam != NULL && parameter->cbParam == sizeof(uint32_t); }

JET_ERR read_database_parameters(const JET_SETDBPARAM *parameters, uint32_t count, struct database_wishes *wishes)
{
    JET_ERR err = JET_errSuccess;
    if (count > PARAMETER_COUNT_MAX || (count > 0 && parameters == NULL))
        RAISE(JET_errInvalidParameter);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_known(parameters[i].dbparamid))
            RAISE(JET_errInvalidDbparamId);
        if (!has_value(&parameters[i]))
            RAISE(JET_errInvalidBufferSize);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t value = load_le32(parameters[i].pvParam);
        TRY(check_database_parameter(parameters[i].dbparamid, value));
        switch (parameters[i].dbparamid) {
        case JET_dbparamDbSizeMaxPages: wishes->pages_max = value; break;
        case JET_dbparamShrinkDatabaseOptions: wishes->shrink.options = value; break;
        case JET_dbparamShrinkDatabaseTimeQuota: wishes->shrink.quota_ms = (int32_t)value; break;
        case JET_dbparamShrinkDatabaseSizeLimit: wishes->shrink.least = value; break;
        default: break;
        }
    }
done:
    return err;
}

JET_ERR check_restore_parameters(const JET_SETDBPARAM *parameters, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = parameters[i].dbparamid;
        if (!is_known(id))
            RAISE(JET_errInvalidDbparamId);
        if (id != JET_dbparamCachePriority && id != JET_dbparamShrinkDatabaseOptions)
            continue;
        if (!has_value(&parameters[i]))
            RAISE(JET_errInvalidBufferSize);
        TRY(check_database_parameter(id, load_le32(parameters[i].pvParam)));
    }
done:
    return err;
}

static JET_ERR attach(enum text_form form, JET_SESID sesid, const void *path, const JET_SETDBPARAM *parameters, uint32_t count, uint32_t pages_max, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    char *utf8 = NULL;
    struct database_wishes wishes = database_wishes_default(pages_max);
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(read_database_parameters(parameters, count, &wishes));
    TRY(text_argument(form, path, &utf8));
    JET_ERR warning = engine_attach_database(session, utf8, wishes.pages_max, grbit);
    TRY(warning);
    if (warning != JET_wrnDatabaseAttached)
        TRY(engine_shrink_attached(session, utf8, &wishes.shrink));
    err = warning;
done:
    engine_leave_session(session);
    mem_free(utf8);
    return err;
}

JET_EXPORT JET_ERR JetAttachDatabase3A(JET_SESID sesid, const char *szFilename, JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit)
{
    return attach(TEXT_UTF8, sesid, szFilename, rgsetdbparam, csetdbparam, 0, grbit);
}

JET_EXPORT JET_ERR JetAttachDatabase3W(JET_SESID sesid, const char16_t *szFilename, JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit)
{
    return attach(TEXT_UTF16, sesid, szFilename, rgsetdbparam, csetdbparam, 0, grbit);
}

JET_EXPORT_PLAIN(JetAttachDatabase3);

JET_EXPORT JET_ERR JetAttachDatabase2A(JET_SESID sesid, const char *szFilename, uint32_t cpgDatabaseSizeMax, JET_GRBIT grbit)
{
    return attach(TEXT_UTF8, sesid, szFilename, NULL, 0, cpgDatabaseSizeMax, grbit);
}

JET_EXPORT JET_ERR JetAttachDatabase2W(JET_SESID sesid, const char16_t *szFilename, uint32_t cpgDatabaseSizeMax, JET_GRBIT grbit)
{
    return attach(TEXT_UTF16, sesid, szFilename, NULL, 0, cpgDatabaseSizeMax, grbit);
}

JET_EXPORT_PLAIN(JetAttachDatabase2);

JET_EXPORT JET_ERR JetAttachDatabaseA(JET_SESID sesid, const char *szFilename, JET_GRBIT grbit) { return attach(TEXT_UTF8, sesid, szFilename, NULL, 0, 0, grbit); }
JET_EXPORT JET_ERR JetAttachDatabaseW(JET_SESID sesid, const char16_t *szFilename, JET_GRBIT grbit) { return attach(TEXT_UTF16, sesid, szFilename, NULL, 0, 0, grbit); }
JET_EXPORT_PLAIN(JetAttachDatabase);

static JET_ERR detach(enum text_form form, JET_SESID sesid, const void *path, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    char *utf8 = NULL;
    TRY(engine_enter_session(sesid, SESSION_ENTER_CLEANUP, &session));
    TRY(text_argument(form, path, &utf8));
    TRY(engine_detach_database(session, utf8, grbit));
done:
    engine_leave_session(session);
    mem_free(utf8);
    return err;
}

JET_EXPORT JET_ERR JetDetachDatabase2A(JET_SESID sesid, const char *szFilename, JET_GRBIT grbit) { return detach(TEXT_UTF8, sesid, szFilename, grbit); }
JET_EXPORT JET_ERR JetDetachDatabase2W(JET_SESID sesid, const char16_t *szFilename, JET_GRBIT grbit) { return detach(TEXT_UTF16, sesid, szFilename, grbit); }
JET_EXPORT_PLAIN(JetDetachDatabase2);
JET_EXPORT JET_ERR JetDetachDatabaseA(JET_SESID sesid, const char *szFilename) { return detach(TEXT_UTF8, sesid, szFilename, 0); }
JET_EXPORT JET_ERR JetDetachDatabaseW(JET_SESID sesid, const char16_t *szFilename) { return detach(TEXT_UTF16, sesid, szFilename, 0); }
JET_EXPORT_PLAIN(JetDetachDatabase);

/* --- open and close --- */

static JET_ERR open_database(enum text_form form, JET_SESID sesid, const void *path, JET_DBID *dbid, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    char *utf8 = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    if (dbid == NULL)
        RAISE(JET_errInvalidParameter);
    *dbid = JET_dbidNil;
    TRY(text_argument(form, path, &utf8));
    err = engine_open_database(session, utf8, grbit, dbid);
done:
    engine_leave_session(session);
    mem_free(utf8);
    return err;
}

/* szConnect is reserved and not looked at. */
JET_EXPORT JET_ERR JetOpenDatabaseA(JET_SESID sesid, const char *szFilename, const char *szConnect, JET_DBID *pdbid, JET_GRBIT grbit)
{
    (void)szConnect;
    return open_database(TEXT_UTF8, sesid, szFilename, pdbid, grbit);
}

JET_EXPORT JET_ERR JetOpenDatabaseW(JET_SESID sesid, const char16_t *szFilename, const char16_t *szConnect, JET_DBID *pdbid, JET_GRBIT grbit)
{
    (void)szConnect;
    return open_database(TEXT_UTF16, sesid, szFilename, pdbid, grbit);
}

JET_EXPORT_PLAIN(JetOpenDatabase);

JET_EXPORT JET_ERR JetCloseDatabase(JET_SESID sesid, JET_DBID dbid, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    (void)grbit;
    TRY(engine_enter_session(sesid, SESSION_ENTER_CLEANUP, &session));
    TRY(engine_close_database(session, dbid));
done:
    engine_leave_session(session);
    return err;
}

/* --- information --- */

static JET_ERR store_number(void *buffer, uint32_t size, uint32_t number, JET_ERR wrong_size)
{
    if (size != sizeof number)
        return wrong_size;
    store_le32(buffer, number);
    return JET_errSuccess;
}

static JET_ERR misc_info(const struct db_header *header, void *buffer, uint32_t size)
{
    if (!database_info_is_misc_size(size))
        return JET_errInvalidBufferSize;
    database_info_misc(header, buffer, size);
    return JET_errSuccess;
}

static JET_ERR database_info(enum text_form form, JET_SESID sesid, JET_DBID dbid, void *buffer, uint32_t size, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *db = NULL;
    struct db_header header;
    uint32_t number = 0;
    level &= ~(uint32_t)JET_DbInfoUseCachedResult;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_find_database(session, dbid, &db));
    if (level == JET_DbInfoIsam)
        RAISE(JET_errFeatureNotAvailable);
    if (buffer == NULL)
        RAISE(JET_errInvalidParameter);
    switch (level) {
    case JET_DbInfoFilename: TRY(text_result(form, db->database->path, buffer, size)); break;
    case JET_DbInfoConnect: TRY(text_result(form, "", buffer, size)); break;
    case JET_DbInfoMisc:
        database_info_header(db, &header);
        TRY(misc_info(&header, buffer, size));
        break;
    default:
        TRY(database_info_number(session, db, level, &number));
        TRY(store_number(buffer, size, number, level == JET_DbInfoPageSize ? JET_errBufferTooSmall : JET_errInvalidBufferSize));
    }
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetDatabaseInfoA(JET_SESID sesid, JET_DBID dbid, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return database_info(TEXT_UTF8, sesid, dbid, pvResult, cbMax, InfoLevel);
}

JET_EXPORT JET_ERR JetGetDatabaseInfoW(JET_SESID sesid, JET_DBID dbid, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return database_info(TEXT_UTF16, sesid, dbid, pvResult, cbMax, InfoLevel);
}

JET_EXPORT_PLAIN(JetGetDatabaseInfo);

/* JET_filetype constants are the numbers that stand in the files. */
static JET_ERR file_info(enum text_form form, const void *path, void *buffer, uint32_t size, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    char *utf8 = NULL;
    struct database_file_facts facts;
    if (buffer == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(text_argument(form, path, &utf8));
    TRY(database_file_facts(utf8, &facts));
    switch (level) {
    case JET_DbInfoFilesize:
    case JET_DbInfoFilesizeOnDisk:
        if (size != sizeof(uint64_t))
            RAISE(JET_errInvalidBufferSize);
        store_le64(buffer, level == JET_DbInfoFilesize ? facts.size : facts.size_on_disk);
        break;
    case JET_DbInfoDBInUse: TRY(store_number(buffer, size, facts.is_in_use, JET_errInvalidBufferSize)); break;
    case JET_DbInfoMisc:
        if (!facts.is_database)
            RAISE(JET_errFileInvalidType);
        TRY(misc_info(&facts.header, buffer, size));
        break;
    case JET_DbInfoPageSize:
        if (!facts.is_database)
            RAISE(JET_errFileInvalidType);
        TRY(store_number(buffer, size, facts.page_size, JET_errInvalidBufferSize));
        break;
    case JET_DbInfoFileType: TRY(store_number(buffer, size, facts.is_database ? facts.header.file_type : 0, JET_errInvalidBufferSize)); break;
    case JET_DbInfoUpgrade: {
        JET_DBINFOUPGRADE upgrade = {.cbStruct = sizeof upgrade};
        if (size != sizeof upgrade)
            RAISE(JET_errInvalidBufferSize);
        upgrade.cbFilesizeLow = (uint32_t)facts.size;
        upgrade.cbFilesizeHigh = (uint32_t)(facts.size >> 32);
        upgrade.fUpgradable = facts.is_database;
        upgrade.fAlreadyUpgraded = facts.is_upgraded;
        memcpy(buffer, &upgrade, sizeof upgrade);
        break;
    }
    default: RAISE(JET_errInvalidParameter);
    }
done:
    mem_free(utf8);
    return err;
}

JET_EXPORT JET_ERR JetGetDatabaseFileInfoA(const char *szDatabaseName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return file_info(TEXT_UTF8, szDatabaseName, pvResult, cbMax, InfoLevel);
}

JET_EXPORT JET_ERR JetGetDatabaseFileInfoW(const char16_t *szDatabaseName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return file_info(TEXT_UTF16, szDatabaseName, pvResult, cbMax, InfoLevel);
}

JET_EXPORT_PLAIN(JetGetDatabaseFileInfo);
