/* The backup calls: handle to session of backup/, and the list formats of the A and W forms (backup-and-restore 2, 6). */
#define ESENT_PRIVATE
#include <string.h>

#include "api/api.h"
#include "api/text_arguments.h"
#include "backup/backup.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/engine.h"

/* How a caller addresses the instance: by handle, or, in the old forms, not at all. */
struct target {
    bool has_handle;
    JET_INSTANCE handle;
};
#define BY_HANDLE(instance) ((struct target){true, (instance)})
#define THE_ONE ((struct target){false, 0})

static JET_ERR enter(struct target target, unsigned flags, struct instance **instance, struct backup_session **session)
{
    JET_ERR err = target.has_handle ? engine_enter_instance(target.handle, flags, instance) : engine_enter_only_instance(flags, instance);
    if (err >= 0)
        *session = instance_backup(*instance);
    return err;
}

/* --- begin, end, stop, truncate --- */

enum simple_call { CALL_BEGIN, CALL_END, CALL_TRUNCATE };

static JET_ERR simple(struct target target, enum simple_call call, JET_GRBIT grbit)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter(target, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = call == CALL_BEGIN ? backup_begin(session, grbit) : call == CALL_END ? backup_end(session, grbit) : backup_truncate_log(session);
    engine_leave_instance(instance);
    return err;
}

static JET_ERR stop(struct target target)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter(target, INSTANCE_ENTER_HANDLE_ONLY, &instance, &session);
    if (err >= 0 && session != NULL)
        backup_stop(session);
    engine_leave_instance(instance);
    return err;
}

JET_EXPORT JET_ERR JetBeginExternalBackup(JET_GRBIT grbit) { return simple(THE_ONE, CALL_BEGIN, grbit); }
JET_EXPORT JET_ERR JetBeginExternalBackupInstance(JET_INSTANCE instance, JET_GRBIT grbit) { return simple(BY_HANDLE(instance), CALL_BEGIN, grbit); }
JET_EXPORT JET_ERR JetEndExternalBackup(void) { return simple(THE_ONE, CALL_END, JET_bitBackupEndNormal); }
JET_EXPORT JET_ERR JetEndExternalBackupInstance(JET_INSTANCE instance) { return simple(BY_HANDLE(instance), CALL_END, JET_bitBackupEndNormal); }
JET_EXPORT JET_ERR JetEndExternalBackupInstance2(JET_INSTANCE instance, JET_GRBIT grbit) { return simple(BY_HANDLE(instance), CALL_END, grbit); }
JET_EXPORT JET_ERR JetTruncateLog(void) { return simple(THE_ONE, CALL_TRUNCATE, 0); }
JET_EXPORT JET_ERR JetTruncateLogInstance(JET_INSTANCE instance) { return simple(BY_HANDLE(instance), CALL_TRUNCATE, 0); }
JET_EXPORT JET_ERR JetStopBackup(void) { return stop(THE_ONE); }
JET_EXPORT JET_ERR JetStopBackupInstance(JET_INSTANCE instance) { return stop(BY_HANDLE(instance)); }

/* --- lists --- */

enum list_kind { LIST_ATTACHED, LIST_LOGS, LIST_TRUNCATED };

static JET_ERR get_list(struct target target, enum list_kind kind, char **list, uint32_t *size, struct backup_log_range *range)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter(target, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = kind == LIST_ATTACHED ? backup_get_attach_info(session, list, size)
              : kind == LIST_LOGS   ? backup_get_log_info(session, list, size, range)
                                    : backup_get_truncate_info(session, list, size);
    engine_leave_instance(instance);
    return err;
}

/* The A form refuses a buffer that is too small. */
static JET_ERR list_a(struct target target, enum list_kind kind, char *buffer, uint32_t capacity, uint32_t *actual, struct backup_log_range *range)
{
    char *list = NULL;
    uint32_t size = 0;
    JET_ERR err = get_list(target, kind, &list, &size, range);
    if (err >= 0 && buffer != NULL && capacity < size)
        err = JET_errBufferTooSmall;
    if (err >= 0 && buffer != NULL)
        memcpy(buffer, list, size);
    if (err >= 0 && actual != NULL)
        *actual = size;
    mem_free(list);
    return err;
}

/* All strings of a list in UTF-16; *bytes_out counts every terminator. */
static JET_ERR widen_list(const char *list, char16_t **out, uint32_t *bytes_out)
{
    JET_ERR err = JET_errSuccess;
    char16_t *wide = (char16_t *)mem_alloc(sizeof *wide), *one = NULL;
    size_t used = 0;
    if (wide == NULL)
        RAISE(JET_errOutOfMemory);
    for (const char *text = list; *text != 0; text += strlen(text) + 1) {
        size_t units;
        TRY(utf8_to_utf16(text, &one, &units));
        char16_t *grown = (char16_t *)mem_resize(wide, (used + units + 2) * sizeof *grown);
        if (grown == NULL)
            RAISE(JET_errOutOfMemory);
        wide = grown;
        memcpy(wide + used, one, (units + 1) * sizeof *wide);
        used += units + 1;
        mem_free(one);
        one = NULL;
    }
    wide[used++] = 0;
    *out = wide;
    *bytes_out = (uint32_t)(used * sizeof *wide);
    wide = NULL;
done:
    mem_free(one);
    mem_free(wide);
    return err;
}

/* The W form copies what fits, and tells the whole size for attached databases but the copied size for logs (section 6). */
static JET_ERR list_w(struct target target, enum list_kind kind, char16_t *buffer, uint32_t capacity, uint32_t *actual, struct backup_log_range *range)
{
    char *list = NULL;
    char16_t *wide = NULL;
    uint32_t size = 0, bytes = 0;
    JET_ERR err = get_list(target, kind, &list, &size, range);
    if (err >= 0)
        err = widen_list(list, &wide, &bytes);
    if (err >= 0) {
        uint32_t copied = buffer == NULL ? bytes : capacity < bytes ? capacity : bytes;
        if (buffer != NULL)
            memcpy(buffer, wide, copied);
        if (actual != NULL)
            *actual = kind == LIST_ATTACHED ? bytes : copied;
    }
    mem_free(list);
    mem_free(wide);
    return err;
}

JET_EXPORT JET_ERR JetGetAttachInfoA(char *list, uint32_t capacity, uint32_t *actual) { return list_a(THE_ONE, LIST_ATTACHED, list, capacity, actual, NULL); }
JET_EXPORT_PLAIN(JetGetAttachInfo);
JET_EXPORT JET_ERR JetGetAttachInfoW(char16_t *list, uint32_t capacity, uint32_t *actual) { return list_w(THE_ONE, LIST_ATTACHED, list, capacity, actual, NULL); }

JET_EXPORT JET_ERR JetGetAttachInfoInstanceA(JET_INSTANCE instance, char *list, uint32_t capacity, uint32_t *actual)
{
    return list_a(BY_HANDLE(instance), LIST_ATTACHED, list, capacity, actual, NULL);
}
JET_EXPORT_PLAIN(JetGetAttachInfoInstance);
JET_EXPORT JET_ERR JetGetAttachInfoInstanceW(JET_INSTANCE instance, char16_t *list, uint32_t capacity, uint32_t *actual)
{
    return list_w(BY_HANDLE(instance), LIST_ATTACHED, list, capacity, actual, NULL);
}

JET_EXPORT JET_ERR JetGetLogInfoA(char *list, uint32_t capacity, uint32_t *actual) { return list_a(THE_ONE, LIST_LOGS, list, capacity, actual, NULL); }
JET_EXPORT_PLAIN(JetGetLogInfo);
JET_EXPORT JET_ERR JetGetLogInfoW(char16_t *list, uint32_t capacity, uint32_t *actual) { return list_w(THE_ONE, LIST_LOGS, list, capacity, actual, NULL); }

JET_EXPORT JET_ERR JetGetLogInfoInstanceA(JET_INSTANCE instance, char *list, uint32_t capacity, uint32_t *actual)
{
    return list_a(BY_HANDLE(instance), LIST_LOGS, list, capacity, actual, NULL);
}
JET_EXPORT_PLAIN(JetGetLogInfoInstance);
JET_EXPORT JET_ERR JetGetLogInfoInstanceW(JET_INSTANCE instance, char16_t *list, uint32_t capacity, uint32_t *actual)
{
    return list_w(BY_HANDLE(instance), LIST_LOGS, list, capacity, actual, NULL);
}

JET_EXPORT JET_ERR JetGetLogInfoInstance2A(JET_INSTANCE instance, char *list, uint32_t capacity, uint32_t *actual, JET_LOGINFO_A *info)
{
    struct backup_log_range range;
    if (info != NULL && info->cbSize != sizeof *info)
        return JET_errInvalidParameter;
    JET_ERR err = list_a(BY_HANDLE(instance), LIST_LOGS, list, capacity, actual, &range);
    if (err >= 0 && info != NULL) {
        info->ulGenLow = range.gen_low;
        info->ulGenHigh = range.gen_high;
        memcpy(info->szBaseName, range.base_name, sizeof range.base_name);
    }
    return err;
}
JET_EXPORT_PLAIN(JetGetLogInfoInstance2);
JET_EXPORT JET_ERR JetGetLogInfoInstance2W(JET_INSTANCE instance, char16_t *list, uint32_t capacity, uint32_t *actual, JET_LOGINFO_W *info)
{
    struct backup_log_range range;
    JET_ERR err = list_w(BY_HANDLE(instance), LIST_LOGS, list, capacity, actual, &range);
    if (err >= 0 && info != NULL) {
        info->ulGenLow = range.gen_low;
        info->ulGenHigh = range.gen_high;
        for (size_t i = 0; i < sizeof range.base_name; i++)
            info->szBaseName[i] = (char16_t)(unsigned char)range.base_name[i];
    }
    return err;
}

JET_EXPORT JET_ERR JetGetTruncateLogInfoInstanceA(JET_INSTANCE instance, char *list, uint32_t capacity, uint32_t *actual)
{
    return list_a(BY_HANDLE(instance), LIST_TRUNCATED, list, capacity, actual, NULL);
}
JET_EXPORT_PLAIN(JetGetTruncateLogInfoInstance);
JET_EXPORT JET_ERR JetGetTruncateLogInfoInstanceW(JET_INSTANCE instance, char16_t *list, uint32_t capacity, uint32_t *actual)
{
    return list_w(BY_HANDLE(instance), LIST_TRUNCATED, list, capacity, actual, NULL);
}

/* --- files --- */

static JET_ERR open_section(struct target target, const char *path, uint64_t offset, JET_HANDLE *handle, uint32_t *size_low, uint32_t *size_high)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    uint64_t size = 0;
    JET_ERR err = enter(target, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0 && (size_low == NULL || size_high == NULL))
        handle = NULL; /* refused below, in its turn among the checks */
    if (err >= 0)
        err = backup_open_section(session, path, offset, handle, &size);
    if (err >= 0) {
        *size_low = (uint32_t)size;
        *size_high = (uint32_t)(size >> 32);
    }
    engine_leave_instance(instance);
    return err;
}

static JET_ERR open_file(struct target target, const char *path, JET_HANDLE *handle, uint32_t *size_low, uint32_t *size_high)
{
    return open_section(target, path, 0, handle, size_low, size_high);
}

static JET_ERR open_file_w(struct target target, const char16_t *path, JET_HANDLE *handle, uint32_t *size_low, uint32_t *size_high)
{
    char *narrow = NULL;
    JET_ERR err = path != NULL ? utf16_to_utf8(path, utf16_length(path), &narrow) : JET_errSuccess;
    if (err >= 0)
        err = open_file(target, narrow, handle, size_low, size_high);
    mem_free(narrow);
    return err;
}

JET_EXPORT JET_ERR JetOpenFileA(const char *path, JET_HANDLE *handle, uint32_t *low, uint32_t *high) { return open_file(THE_ONE, path, handle, low, high); }
JET_EXPORT_PLAIN(JetOpenFile);
JET_EXPORT JET_ERR JetOpenFileW(const char16_t *path, JET_HANDLE *handle, uint32_t *low, uint32_t *high) { return open_file_w(THE_ONE, path, handle, low, high); }
JET_EXPORT JET_ERR JetOpenFileInstanceA(JET_INSTANCE instance, const char *path, JET_HANDLE *handle, uint32_t *low, uint32_t *high)
{
    return open_file(BY_HANDLE(instance), path, handle, low, high);
}
JET_EXPORT_PLAIN(JetOpenFileInstance);
JET_EXPORT JET_ERR JetOpenFileInstanceW(JET_INSTANCE instance, const char16_t *path, JET_HANDLE *handle, uint32_t *low, uint32_t *high)
{
    return open_file_w(BY_HANDLE(instance), path, handle, low, high);
}

static JET_ERR read_file(struct target target, JET_HANDLE handle, void *buffer, uint32_t size, uint32_t *actual)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    uint32_t got = 0;
    JET_ERR err = enter(target, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_read_file(session, handle, buffer, size, actual != NULL ? &got : NULL);
    if (err >= 0 && actual != NULL)
        *actual = got;
    engine_leave_instance(instance);
    return err;
}

static JET_ERR close_file(struct target target, JET_HANDLE handle)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter(target, INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_close_file(session, handle);
    engine_leave_instance(instance);
    return err;
}

JET_EXPORT JET_ERR JetReadFile(JET_HANDLE handle, void *buffer, uint32_t size, uint32_t *actual) { return read_file(THE_ONE, handle, buffer, size, actual); }
JET_EXPORT JET_ERR JetReadFileInstance(JET_INSTANCE instance, JET_HANDLE handle, void *buffer, uint32_t size, uint32_t *actual)
{
    return read_file(BY_HANDLE(instance), handle, buffer, size, actual);
}
JET_EXPORT JET_ERR JetCloseFile(JET_HANDLE handle) { return close_file(THE_ONE, handle); }
JET_EXPORT JET_ERR JetCloseFileInstance(JET_INSTANCE instance, JET_HANDLE handle) { return close_file(BY_HANDLE(instance), handle); }

static JET_ERR open_file_section(JET_INSTANCE instance, enum text_form form, const void *path, JET_HANDLE *handle, int32_t section, int32_t section_count,
                                 uint64_t offset, uint32_t *size_low, int32_t *size_high)
{
    char *narrow = NULL;
    uint32_t high = 0;
    if (section_count > 1)
        return JET_wrnNyi;
    if (section != 0 || section_count < 0)
        return JET_errInvalidParameter;
    JET_ERR err = text_argument(form, path, &narrow);
    if (err >= 0)
        err = open_section(BY_HANDLE(instance), narrow, offset, handle, size_low, size_high != NULL ? &high : NULL);
    if (err >= 0)
        *size_high = (int32_t)high;
    mem_free(narrow);
    return err;
}

JET_EXPORT JET_ERR JetOpenFileSectionInstanceA(JET_INSTANCE instance, char *path, JET_HANDLE *handle, int32_t section, int32_t section_count, uint64_t offset,
                                               uint32_t *size_low, int32_t *size_high)
{
    return open_file_section(instance, TEXT_UTF8, path, handle, section, section_count, offset, size_low, size_high);
}
JET_EXPORT_PLAIN(JetOpenFileSectionInstance);
JET_EXPORT JET_ERR JetOpenFileSectionInstanceW(JET_INSTANCE instance, char16_t *path, JET_HANDLE *handle, int32_t section, int32_t section_count,
                                               uint64_t offset, uint32_t *size_low, int32_t *size_high)
{
    return open_file_section(instance, TEXT_UTF16, path, handle, section, section_count, offset, size_low, size_high);
}

/* --- a replica's backup --- */

JET_EXPORT JET_ERR JetBeginSurrogateBackup(JET_INSTANCE handle, uint32_t first, uint32_t last, JET_GRBIT grbit)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter(BY_HANDLE(handle), INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_begin_surrogate(session, first, last, grbit);
    engine_leave_instance(instance);
    return err;
}

JET_EXPORT JET_ERR JetEndSurrogateBackup(JET_INSTANCE handle, JET_GRBIT grbit)
{
    struct instance *instance = NULL;
    struct backup_session *session = NULL;
    JET_ERR err = enter(BY_HANDLE(handle), INSTANCE_ENTER_RUNNING, &instance, &session);
    if (err >= 0)
        err = backup_end_surrogate(session, grbit);
    engine_leave_instance(instance);
    return err;
}

/* --- a whole backup into a folder --- */

struct folder_client {
    struct instance *instance;
    JET_PFNSTATUS status;
};

static JET_ERR may_continue(void *context) { return engine_check_instance(((const struct folder_client *)context)->instance); }

static JET_ERR notify(void *context, bool is_complete)
{
    JET_SNPROG progress = {.cbStruct = sizeof progress, .cunitDone = is_complete ? 100 : 0, .cunitTotal = 100};
    return ((const struct folder_client *)context)->status(JET_sesidNil, JET_snpBackup, is_complete ? JET_sntComplete : JET_sntBegin, &progress);
}

static JET_ERR backup(struct target target, enum text_form form, const void *path, JET_GRBIT grbit, JET_PFNSTATUS status)
{
    struct folder_client client = {NULL, status};
    struct backup_session *session = NULL;
    char *narrow = NULL;
    JET_ERR err = text_argument(form, path, &narrow);
    if (err >= 0)
        err = enter(target, INSTANCE_ENTER_RUNNING, &client.instance, &session);
    if (err >= 0) {
        const struct backup_folder_request request = {
            .path = narrow,
            .grbit = grbit,
            .create_path = instance_parameter(client.instance, JET_paramCreatePathIfNotExist) != 0,
            .may_continue = may_continue,
            .notify = status != NULL ? notify : NULL,
            .context = &client,
        };
        err = backup_to_folder(session, &request);
    }
    engine_leave_instance(client.instance);
    mem_free(narrow);
    return err;
}

JET_EXPORT JET_ERR JetBackupA(const char *path, JET_GRBIT grbit, JET_PFNSTATUS status) { return backup(THE_ONE, TEXT_UTF8, path, grbit, status); }
JET_EXPORT_PLAIN(JetBackup);
JET_EXPORT JET_ERR JetBackupW(const char16_t *path, JET_GRBIT grbit, JET_PFNSTATUS status) { return backup(THE_ONE, TEXT_UTF16, path, grbit, status); }
JET_EXPORT JET_ERR JetBackupInstanceA(JET_INSTANCE instance, const char *path, JET_GRBIT grbit, JET_PFNSTATUS status)
{
    return backup(BY_HANDLE(instance), TEXT_UTF8, path, grbit, status);
}
JET_EXPORT_PLAIN(JetBackupInstance);
JET_EXPORT JET_ERR JetBackupInstanceW(JET_INSTANCE instance, const char16_t *path, JET_GRBIT grbit, JET_PFNSTATUS status)
{
    return backup(BY_HANDLE(instance), TEXT_UTF16, path, grbit, status);
}
