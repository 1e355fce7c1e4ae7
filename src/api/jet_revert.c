/* Revert snapshots, which OpenESE does not write: the calls answer as ESENT does for an instance of which none was taken (published engine source: ErrInitContext and the functions around it).
 *
 * The header of a snapshot file that ESENT wrote can be read: 8 KiB, twice, of which these matter (revertsnapshot.h).
 *
 *   | +0 u32 checksum | +4 i32 generation | +8 LOGTIME made | +16 LOGTIME the one before | +24 u32 major | +28 u32 minor | +32 u64 logical size | ... | +667 u32 type: 10 |
 */
#define ESENT_PRIVATE
#include <string.h>

#include "api/api.h"
#include "api/text_arguments.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "engine/process.h"
#include "format/checksum.h"

enum { HEADER_SIZE = 8192, GENERATION = 4, CREATED = 8, CREATED_BEFORE = 16, MAJOR = 24, MINOR = 28, LOGICAL_SIZE = 32 };

/* The gate of calls that are made before JetInit. */
static JET_ERR enter(JET_INSTANCE handle, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    TRY(engine_enter_instance(handle, INSTANCE_ENTER_HANDLE_ONLY, out));
    unsigned state = atomic_load(&(*out)->state);
    if ((state & INSTANCE_TERMINATING) != 0)
        RAISE(JET_errTermInProgress);
    if ((state & INSTANCE_RESTORING) != 0)
        RAISE(JET_errRestoreInProgress);
    if ((state & INSTANCE_INITIALISING) != 0)
        RAISE(JET_errInitInProgress);
done:
    return err;
}

JET_EXPORT JET_ERR JetRBSPrepareRevert(JET_INSTANCE handle, JET_LOGTIME jltRevertExpected, int32_t cpgCache, JET_GRBIT grbit, JET_LOGTIME *pjltRevertActual)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    (void)jltRevertExpected, (void)cpgCache, (void)grbit, (void)pjltRevertActual;
    TRY(enter(handle, &instance));
    RAISE(JET_errRBSRCInvalidRBS); /* there is no folder with snapshots */
done:
    engine_leave_instance(instance);
    return err;
}

JET_EXPORT JET_ERR JetRBSExecuteRevert(JET_INSTANCE handle, JET_GRBIT grbit, JET_RBSREVERTINFOMISC *prbsrevertinfomisc)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    (void)grbit, (void)prbsrevertinfomisc;
    TRY(enter(handle, &instance));
    RAISE(JET_errInvalidParameter); /* nothing has been prepared, which ESENT takes for granted */
done:
    engine_leave_instance(instance);
    return err;
}

/* Nothing is being reverted, so that there is nothing to do. */
JET_EXPORT JET_ERR JetRBSCancelRevert(JET_INSTANCE handle)
{
    struct instance *instance = NULL;
    JET_ERR err = enter(handle, &instance);
    engine_leave_instance(instance);
    return err;
}

/* --- JetGetRBSFileInfo --- */

/* One of the copies. */
static JET_ERR read_header(struct os_file *file, uint64_t offset, uint8_t *header)
{
    JET_ERR err = JET_errSuccess;
    TRY(os_file_read(file, offset, header, HEADER_SIZE));
    if (!checksum_header_is_valid(header, HEADER_SIZE))
        RAISE(JET_errReadVerifyFailure);
done:
    return err;
}

static void tell(const uint8_t *header, JET_RBSINFOMISC *out)
{
    *out = (JET_RBSINFOMISC){.lRBSGeneration = (int32_t)load_le32(header + GENERATION), .ulMajor = load_le32(header + MAJOR), .ulMinor = load_le32(header + MINOR),
                             .cbLogicalFileSize = load_le64(header + LOGICAL_SIZE)};
    memcpy(&out->logtimeCreate, header + CREATED, sizeof out->logtimeCreate);
    memcpy(&out->logtimeCreatePrevRBS, header + CREATED_BEFORE, sizeof out->logtimeCreatePrevRBS);
}

static JET_ERR file_info(enum text_form form, const void *name, void *result, uint32_t size, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    uint8_t *header = NULL;
    struct os_file *file = NULL;
    struct os_fs *fs = process_fs();
    TRY(text_argument(form, name, &path));
    if (path == NULL)
        RAISE(JET_errFileAccessDenied); /* what opening no name gives ESENT */
    TRY(os_file_open(fs, path, OS_OPEN_READ, &file));
    if (level != JET_RBSFileInfoMisc)
        goto done; /* success, and nothing is told */
    if (size != sizeof(JET_RBSINFOMISC))
        RAISE(JET_errInvalidBufferSize);
    header = mem_alloc(HEADER_SIZE);
    if (header == NULL)
        RAISE(JET_errOutOfMemory);
    if (read_header(file, 0, header) < 0 && read_header(file, HEADER_SIZE, header) < 0)
        RAISE(JET_errReadVerifyFailure);
    if (result == NULL)
        RAISE(JET_errInvalidParameter);
    tell(header, result);
done:
    os_file_close(file);
    mem_free(header);
    mem_free(path);
    return err;
}

JET_EXPORT JET_ERR JetGetRBSFileInfoA(const char *szRBSFileName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return file_info(TEXT_UTF8, szRBSFileName, pvResult, cbMax, InfoLevel);
}

JET_EXPORT JET_ERR JetGetRBSFileInfoW(const char16_t *szRBSFileName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return file_info(TEXT_UTF16, szRBSFileName, pvResult, cbMax, InfoLevel);
}
