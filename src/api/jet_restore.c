/* The restore calls: arguments to UTF-8, progress to the client's callback (backup-and-restore 15.1, 15.2). */
#include <string.h>

#include "api/api.h"
#include "api/text_arguments.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/restore.h"
#include "esent_ext.h"

static JET_ERR report_progress(void *context, uint32_t percent)
{
    JET_PFNSTATUS callback = *(JET_PFNSTATUS *)context;
    JET_SNPROG progress = {.cbStruct = sizeof progress, .cunitDone = percent, .cunitTotal = 100};
    JET_SNT kind = percent == 0 ? JET_sntBegin : percent >= 100 ? JET_sntComplete : JET_sntProgress;
    return callback(JET_sesidNil, JET_snpRestore, kind, &progress);
}

static JET_ERR run(struct engine_restore *request, JET_PFNSTATUS status)
{
    if (status != NULL) {
        request->progress = report_progress;
        request->progress_context = &status;
    }
    return engine_external_restore(request);
}

/* What the A forms of the newer calls share: everything but the target and the stop. */
static JET_ERR fill_request(struct engine_restore *request, struct restore_map_entry *entries, char *base_name, const JET_RSTMAP_A *map, int32_t map_count,
                            const JET_LOGINFO_A *info)
{
    if (info == NULL || info->cbSize != sizeof *info || (map == NULL) != (map_count == 0))
        return JET_errInvalidParameter;
    memcpy(base_name, info->szBaseName, 3);
    base_name[3] = 0;
    for (int32_t i = 0; i < map_count && i < RESTORE_MAP_MAX; i++) {
        if (map[i].szDatabaseName == NULL || map[i].szNewDatabaseName == NULL)
            return JET_errInvalidParameter;
        entries[i] = (struct restore_map_entry){map[i].szDatabaseName, map[i].szNewDatabaseName};
    }
    request->base_name = base_name;
    request->map = entries;
    request->map_count = map_count;
    request->gen_low = info->ulGenLow;
    request->gen_high = info->ulGenHigh;
    return JET_errSuccess;
}

JET_EXPORT JET_ERR JetExternalRestore2A(char *checkpoint_folder, char *log_folder, JET_RSTMAP_A *map, int32_t map_count, char *backup_folder,
                                        JET_LOGINFO_A *info, char *target_name, char *target_log_folder, char *target_checkpoint_folder,
                                        JET_PFNSTATUS status)
{
    struct restore_map_entry entries[RESTORE_MAP_MAX];
    char base_name[4];
    struct engine_restore request = {.checkpoint_folder = checkpoint_folder, .log_folder = log_folder, .backup_folder = backup_folder, .target_name = target_name,
                                     .target_log_folder = target_log_folder, .target_checkpoint_folder = target_checkpoint_folder};
    JET_ERR err = fill_request(&request, entries, base_name, map, map_count, info);
    return err < 0 ? err : run(&request, status);
}
JET_EXPORT_PLAIN(JetExternalRestore2);

JET_EXPORT JET_ERR JetExternalRestoreA(char *checkpoint_folder, char *log_folder, JET_RSTMAP_A *map, int32_t map_count, char *backup_folder,
                                       int32_t gen_low, int32_t gen_high, JET_PFNSTATUS status)
{
    JET_LOGINFO_A info = {sizeof info, (uint32_t)gen_low, (uint32_t)gen_high, "edb"};
    return JetExternalRestore2A(checkpoint_folder, log_folder, map, map_count, backup_folder, &info, NULL, NULL, NULL, status);
}
JET_EXPORT_PLAIN(JetExternalRestore);

JET_EXPORT JET_ERR JetxExternalRestore(const char *checkpoint_folder, const char *log_folder, const JET_RSTMAP_A *map, int32_t map_count, const char *backup_folder,
                                       const JET_LOGINFO_A *info, const JETX_RESTOREOPTIONS *options, JETX_RESTORERESULT *result, JET_PFNSTATUS status)
{
    struct restore_map_entry entries[RESTORE_MAP_MAX];
    char base_name[4];
    struct recovery_reached reached = {0};
    struct engine_restore request = {.checkpoint_folder = checkpoint_folder, .log_folder = log_folder, .backup_folder = backup_folder, .reached = &reached};
    if (options != NULL && (options->cbSize != sizeof *options || options->grbit != 0 || options->timeStop < 0))
        return JET_errInvalidParameter;
    if (result != NULL && result->cbSize != sizeof *result)
        return JET_errInvalidParameter;
    if (options != NULL)
        request.stop = (struct recovery_stop){.generation = options->ulGenStop, .time = options->timeStop};
    JET_ERR err = fill_request(&request, entries, base_name, map, map_count, info);
    if (err >= 0)
        err = run(&request, status);
    if (err >= 0 && result != NULL) {
        result->ulGenReached = reached.generation;
        result->timeReached = reached.time;
    }
    return err;
}

/* --- W --- */

static JET_ERR narrow(const char16_t *wide, char **out)
{
    *out = NULL;
    return wide != NULL ? utf16_to_utf8(wide, utf16_length(wide), out) : JET_errSuccess;
}

struct narrow_map {
    JET_RSTMAP_A entries[RESTORE_MAP_MAX];
    char *texts[6];
};

static void narrow_release(struct narrow_map *n)
{
    for (size_t i = 0; i < RESTORE_MAP_MAX; i++) {
        mem_free(n->entries[i].szDatabaseName);
        mem_free(n->entries[i].szNewDatabaseName);
    }
    for (size_t i = 0; i < sizeof n->texts / sizeof n->texts[0]; i++)
        mem_free(n->texts[i]);
}

JET_EXPORT JET_ERR JetExternalRestore2W(char16_t *checkpoint_folder, char16_t *log_folder, JET_RSTMAP_W *map, int32_t map_count, char16_t *backup_folder,
                                        JET_LOGINFO_W *info, char16_t *target_name, char16_t *target_log_folder,
                                        char16_t *target_checkpoint_folder, JET_PFNSTATUS status)
{
    JET_ERR err = JET_errSuccess;
    struct narrow_map n;
    const char16_t *texts[] = {checkpoint_folder, log_folder, backup_folder, target_name, target_log_folder, target_checkpoint_folder};
    memset(&n, 0, sizeof n);
    if (info == NULL || info->cbSize != sizeof *info || (map == NULL && map_count != 0))
        RAISE(JET_errInvalidParameter);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        TRY(narrow(texts[i], &n.texts[i]));
    for (int32_t i = 0; i < map_count && i < RESTORE_MAP_MAX; i++) {
        TRY(narrow(map[i].szDatabaseName, &n.entries[i].szDatabaseName));
        TRY(narrow(map[i].szNewDatabaseName, &n.entries[i].szNewDatabaseName));
    }
    JET_LOGINFO_A narrow_info = {sizeof narrow_info, info->ulGenLow, info->ulGenHigh, {0}};
    for (size_t i = 0; i < 3; i++)
        narrow_info.szBaseName[i] = (char)info->szBaseName[i];
    err = JetExternalRestore2A(n.texts[0], n.texts[1], map_count == 0 ? NULL : n.entries, map_count, n.texts[2], &narrow_info, n.texts[3], n.texts[4], n.texts[5], status);
done:
    narrow_release(&n);
    return err;
}

JET_EXPORT JET_ERR JetExternalRestoreW(char16_t *checkpoint_folder, char16_t *log_folder, JET_RSTMAP_W *map, int32_t map_count, char16_t *backup_folder,
                                       int32_t gen_low, int32_t gen_high, JET_PFNSTATUS status)
{
    JET_LOGINFO_W info = {sizeof info, (uint32_t)gen_low, (uint32_t)gen_high, u"edb"};
    return JetExternalRestore2W(checkpoint_folder, log_folder, map, map_count, backup_folder, &info, NULL, NULL, NULL, status);
}

/* --- of a folder --- */

static JET_ERR restore_folder(bool has_handle, JET_INSTANCE handle, enum text_form form, const void *source, const void *destination, JET_PFNSTATUS status)
{
    JET_ERR err = JET_errSuccess;
    char *from = NULL, *to = NULL;
    struct engine_folder_restore request = {.has_handle = has_handle, .handle = handle};
    TRY(text_argument(form, source, &from));
    TRY(text_argument(form, destination, &to));
    if (from == NULL || from[0] == 0)
        RAISE(JET_errInvalidParameter);
    request.source = from;
    request.destination = to != NULL && to[0] != 0 ? to : NULL;
    if (status != NULL) {
        request.progress = report_progress;
        request.progress_context = &status;
    }
    err = engine_folder_restore(&request);
done:
    mem_free(from);
    mem_free(to);
    return err;
}

JET_EXPORT JET_ERR JetRestoreA(const char *source, JET_PFNSTATUS status) { return restore_folder(false, 0, TEXT_UTF8, source, NULL, status); }
JET_EXPORT_PLAIN(JetRestore);
JET_EXPORT JET_ERR JetRestoreW(const char16_t *source, JET_PFNSTATUS status) { return restore_folder(false, 0, TEXT_UTF16, source, NULL, status); }
JET_EXPORT JET_ERR JetRestore2A(const char *source, const char *destination, JET_PFNSTATUS status)
{
    return restore_folder(false, 0, TEXT_UTF8, source, destination, status);
}
JET_EXPORT_PLAIN(JetRestore2);
JET_EXPORT JET_ERR JetRestore2W(const char16_t *source, const char16_t *destination, JET_PFNSTATUS status)
{
    return restore_folder(false, 0, TEXT_UTF16, source, destination, status);
}
JET_EXPORT JET_ERR JetRestoreInstanceA(JET_INSTANCE instance, const char *source, const char *destination, JET_PFNSTATUS status)
{
    return restore_folder(true, instance, TEXT_UTF8, source, destination, status);
}
JET_EXPORT_PLAIN(JetRestoreInstance);
JET_EXPORT JET_ERR JetRestoreInstanceW(JET_INSTANCE instance, const char16_t *source, const char16_t *destination, JET_PFNSTATUS status)
{
    return restore_folder(true, instance, TEXT_UTF16, source, destination, status);
}
