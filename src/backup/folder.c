/* JetBackup: a whole backup run of the engine's own into a folder (backup-and-restore 13).
 *
 * It is a client of the session like any other, so that the rules of streaming hold for it too. Everything is copied into <target>/temp first and
 * moved to its place when it is complete and durable: the target never holds half a backup under a name that a restore looks at.
 *
 *                    files go to        what was there before
 *   full             <target>/          must be empty
 *   full, atomic     <target>/new/      <target>/old/ is the set before, kept until new/ is complete
 *   incremental      <target>/          logs are added
 *   incremental, at. <target>/old/      logs are added
 *
 * An empty <database>.pat stands in the set for each database: a restore makes its map of them. The original makes it beside the live
 * database first; here it is only made in the set, last of all, so that a set without it is not taken for complete. */
#include <string.h>

#include "backup/internal.h"
#include "base/memory.h"
#include "os/path.h"

enum { COPY_PAGES = 256, PATH_BYTES_MAX = 3072 };
static const char PATCH_EXTENSION[] = ".pat";

struct folder_run {
    struct backup_session *session;
    const struct backup_folder_request *request;
    struct os_fs *fs;
    char *target, *staging, *old_folder, *new_folder;
    char **moved; /* names of the set, while its files go one by one into the target */
    size_t moved_count;
    bool is_full, is_atomic;
    uint8_t *buffer;
    uint32_t buffer_size;
};

/* --- folders --- */

static JET_ERR empty_folder(struct os_fs *fs, const char *folder)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL, *path = NULL;
    size_t count = 0;
    TRY(os_dir_list(fs, folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(path_join(folder, names[i], &path));
        if (os_remove(fs, path) < 0)
            RAISE(JET_errDeleteBackupFileFail);
        mem_free(path);
        path = NULL;
    }
done:
    mem_free(path);
    os_dir_list_free(names, count);
    return err;
}

/* Success also when there is none. */
static JET_ERR remove_folder(struct folder_run *run, const char *folder)
{
    JET_ERR err = JET_errSuccess;
    if (!os_exists(run->fs, folder))
        return JET_errSuccess;
    TRY(empty_folder(run->fs, folder));
    if (os_dir_remove(run->fs, folder) < 0)
        RAISE(JET_errDeleteBackupFileFail);
    TRY(os_dir_sync(run->fs, run->target));
done:
    return err;
}

static JET_ERR rename_folder(struct folder_run *run, const char *from, const char *to)
{
    JET_ERR err = JET_errSuccess;
    TRY(os_dir_sync(run->fs, from));
    TRY(os_rename(run->fs, from, to));
    TRY(os_dir_sync(run->fs, run->target));
done:
    return err;
}

/* Is the path the folder that `info` tells of? What is not there is not. */
static bool is_same_folder(struct os_fs *fs, const struct os_file_info *info, const char *path)
{
    struct os_file_info other;
    return os_stat(fs, path, &other) >= 0 && other.device == info->device && other.inode == info->inode;
}

struct folder_in_use {
    struct folder_run *run;
    const struct os_file_info *info;
};

static JET_ERR check_not_folder_of(void *context, struct database *db)
{
    struct folder_in_use *c = (struct folder_in_use *)context;
    char *folder = NULL;
    JET_ERR err = path_folder(db->path, &folder);
    if (err >= 0 && is_same_folder(c->run->fs, c->info, folder))
        err = JET_errInvalidPath;
    mem_free(folder);
    return err;
}

/* The run empties and renames this folder: the instance must not live in it. */
static JET_ERR check_not_in_use(struct folder_run *run, const char *folder)
{
    struct os_file_info info;
    const struct log *log = run->session->host.log;
    struct folder_in_use c = {run, &info};
    if (os_stat(run->fs, folder, &info) < 0)
        return JET_errSuccess;
    if (is_same_folder(run->fs, &info, log_folder_path(log)) || is_same_folder(run->fs, &info, log_system_folder_path(log)))
        return JET_errInvalidPath;
    return run->session->host.visit_attached(run->session->host.context, check_not_folder_of, &c);
}

/* The target exists, and is not where the instance itself keeps its logs: truncation would delete the backup. */
static JET_ERR check_target(struct folder_run *run)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    char *parent = NULL;
    err = os_stat(run->fs, run->target, &info);
    if (err < 0 && run->request->create_path) {
        TRY(os_dir_create(run->fs, run->target));
        TRY(path_folder(run->target, &parent));
        TRY(os_dir_sync(run->fs, parent));
        err = os_stat(run->fs, run->target, &info);
    }
    if (err < 0 || !info.is_directory)
        RAISE(JET_errInvalidPath);
    if (is_same_folder(run->fs, &info, log_folder_path(run->session->host.log)))
        RAISE(JET_errInvalidPath);
    TRY(check_not_in_use(run, run->staging));
    if (run->is_atomic) {
        TRY(check_not_in_use(run, run->old_folder));
        TRY(check_not_in_use(run, run->new_folder));
    }
done:
    mem_free(parent);
    return err;
}

static JET_ERR check_is_empty(struct folder_run *run)
{
    char **names = NULL;
    size_t count = 0;
    JET_ERR err = os_dir_list(run->fs, run->target, &names, &count);
    if (err >= 0 && count > 0)
        err = JET_errBackupDirectoryNotEmpty;
    os_dir_list_free(names, count);
    return err;
}

/* Leaves the target with an empty temp/, and, when atomic, the set to keep as old/. */
static JET_ERR prepare_folders(struct folder_run *run)
{
    JET_ERR err = JET_errSuccess;
    TRY(check_target(run));
    TRY(remove_folder(run, run->staging));
    if (run->is_atomic) {
        if (os_exists(run->fs, run->new_folder)) {
            TRY(remove_folder(run, run->old_folder));
            TRY(rename_folder(run, run->new_folder, run->old_folder));
        }
        if (!run->is_full && !os_exists(run->fs, run->old_folder))
            RAISE(JET_errMissingFullBackup); /* nothing to add logs to */
    } else if (run->is_full) {
        TRY(check_is_empty(run));
    } else if (os_exists(run->fs, run->new_folder) || os_exists(run->fs, run->old_folder)) {
        RAISE(JET_errBackupDirectoryNotEmpty);
    }
    if (os_dir_create(run->fs, run->staging) < 0)
        RAISE(JET_errMakeBackupDirectoryFail);
done:
    return err;
}

/* --- copying --- */

static JET_ERR copy_opened(struct folder_run *run, JET_HANDLE handle, struct os_file *out)
{
    JET_ERR err = JET_errSuccess;
    uint64_t offset = 0;
    uint32_t got = 0;
    do {
        if (run->request->may_continue != NULL)
            TRY(run->request->may_continue(run->request->context));
        TRY(backup_read_file(run->session, handle, run->buffer, run->buffer_size, &got));
        if (got > 0)
            TRY(os_file_write(out, offset, run->buffer, got));
        offset += got;
    } while (got > 0);
    TRY(os_file_sync(out));
    TRY(backup_close_file(run->session, handle));
done:
    return err;
}

static JET_ERR copy_file(struct folder_run *run, const char *path)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *out = NULL;
    char *copy = NULL;
    JET_HANDLE handle;
    uint64_t size;
    TRY(path_join(run->staging, path_file_name(path), &copy));
    TRY(backup_open_file(run->session, path, &handle, &size));
    TRY(os_file_open(run->fs, copy, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE, &out));
    TRY(copy_opened(run, handle, out));
done:
    os_file_close(out);
    mem_free(copy);
    return err;
}

static JET_ERR copy_list(struct folder_run *run, const char *list)
{
    JET_ERR err = JET_errSuccess;
    for (const char *path = list; *path != 0; path += strlen(path) + 1)
        TRY(copy_file(run, path));
done:
    return err;
}

/* folder/<name without its extension>.pat */
static JET_ERR patch_path(const char *folder, const char *name, char **out)
{
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    char *patch = (char *)mem_alloc(stem + sizeof PATCH_EXTENSION);
    if (patch == NULL)
        return JET_errOutOfMemory;
    memcpy(patch, name, stem);
    memcpy(patch + stem, PATCH_EXTENSION, sizeof PATCH_EXTENSION);
    JET_ERR err = path_join(folder, patch, out);
    mem_free(patch);
    return err;
}

static JET_ERR make_patch_files(struct folder_run *run, const char *databases)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    struct os_file *file = NULL;
    for (const char *db = databases; *db != 0; db += strlen(db) + 1) {
        TRY(patch_path(run->staging, path_file_name(db), &path));
        TRY(os_file_open(run->fs, path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE, &file));
        TRY(os_file_sync(file));
        os_file_close(file);
        file = NULL;
        mem_free(path);
        path = NULL;
    }
done:
    os_file_close(file);
    mem_free(path);
    return err;
}

static JET_ERR copy_everything(struct folder_run *run)
{
    JET_ERR err = JET_errSuccess;
    char *databases = NULL, *logs = NULL;
    uint32_t size;
    if (run->is_full) {
        TRY(backup_get_attach_info(run->session, &databases, &size));
        TRY(copy_list(run, databases));
    }
    TRY(backup_get_log_info(run->session, &logs, &size, NULL));
    TRY(copy_list(run, logs));
    if (run->is_full)
        TRY(make_patch_files(run, databases));
    TRY(os_dir_sync(run->fs, run->staging));
done:
    mem_free(databases);
    mem_free(logs);
    return err;
}

/* --- into place --- */

static bool is_patch_file(const char *name)
{
    size_t length = strlen(name), extension = sizeof PATCH_EXTENSION - 1;
    return length >= extension && strcmp(name + length - extension, PATCH_EXTENSION) == 0;
}

static JET_ERR move_file(struct folder_run *run, const char *name, const char *from, const char *to)
{
    JET_ERR err = JET_errSuccess;
    char *source = NULL, *goal = NULL;
    TRY(path_join(from, name, &source));
    TRY(path_join(to, name, &goal));
    if (run->is_full && os_exists(run->fs, goal))
        RAISE(JET_errFileAlreadyExists); /* the folder was empty: somebody else's */
    TRY(os_rename(run->fs, source, goal));
done:
    mem_free(source);
    mem_free(goal);
    return err;
}

/* Every file of temp/ to a folder; the markers last. Each is whole: a log that replaces one of the same name holds at least what that one held. */
static JET_ERR move_files(struct folder_run *run, const char *to)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL;
    size_t count = 0;
    TRY(os_dir_list(run->fs, run->staging, &names, &count));
    run->moved = names;
    run->moved_count = count;
    for (int markers = 0; markers <= 1; markers++) {
        for (size_t i = 0; i < count; i++)
            if (is_patch_file(names[i]) == (markers == 1))
                TRY(move_file(run, names[i], run->staging, to));
        TRY(os_dir_sync(run->fs, to));
    }
done:
    return err;
}

static JET_ERR promote(struct folder_run *run)
{
    JET_ERR err = JET_errSuccess;
    if (!run->is_atomic) {
        TRY(move_files(run, run->target));
    } else if (!run->is_full) {
        TRY(move_files(run, run->old_folder));
    } else {
        TRY(rename_folder(run, run->staging, run->new_folder));
        TRY(remove_folder(run, run->old_folder));
    }
done:
    return err;
}

/* Takes back from the target what this run has moved there: what is not in temp/ any more. */
static void take_back(struct folder_run *run)
{
    for (size_t i = 0; i < run->moved_count; i++) {
        char *source = NULL, *goal = NULL;
        JET_ERR ignored = path_join(run->staging, run->moved[i], &source);
        if (ignored >= 0)
            ignored = path_join(run->target, run->moved[i], &goal);
        if (ignored >= 0 && !os_exists(run->fs, source))
            ignored = os_remove(run->fs, goal);
        (void)ignored;
        mem_free(source);
        mem_free(goal);
    }
}

/* What a failed run leaves: nothing in temp/, nor, of a full one that is not atomic, anything of its own in the target. */
static void clean_up(struct folder_run *run, bool was_promoting)
{
    JET_ERR ignored = JET_errSuccess; /* the error that brought us here is the one to report */
    if (was_promoting && run->is_full && !run->is_atomic)
        take_back(run);
    ignored = remove_folder(run, run->staging);
    (void)ignored;
}

/* --- the run --- */

static JET_ERR make_paths(struct folder_run *run)
{
    JET_ERR err = JET_errSuccess;
    err = path_absolute(run->request->path, &run->target);
    if (err == JET_errOutOfMemory)
        goto done;
    if (err < 0 || strlen(run->target) > PATH_BYTES_MAX)
        RAISE(JET_errInvalidPath);
    TRY(path_join(run->target, "temp", &run->staging));
    TRY(path_join(run->target, "old", &run->old_folder));
    TRY(path_join(run->target, "new", &run->new_folder));
done:
    return err;
}

static JET_ERR notify(const struct folder_run *run, bool is_complete)
{
    if (!run->is_full || run->request->notify == NULL)
        return JET_errSuccess;
    return run->request->notify(run->request->context, is_complete);
}

static JET_ERR run_session(struct folder_run *run)
{
    JET_ERR err = JET_errSuccess;
    bool is_prepared = false, is_promoting = false;
    TRY(make_paths(run));
    run->buffer_size = COPY_PAGES * run->session->host.page_size;
    run->buffer = (uint8_t *)mem_alloc_aligned(BACKUP_READ_ALIGNMENT, run->buffer_size);
    if (run->buffer == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(prepare_folders(run));
    is_prepared = true;
    TRY(notify(run, false));
    TRY(copy_everything(run));
    is_promoting = true;
    TRY(promote(run));
    is_promoting = false;
    TRY(remove_folder(run, run->staging));
    TRY(backup_truncate_log(run->session));
    TRY(notify(run, true));
done:
    if (err < 0 && is_prepared)
        clean_up(run, is_promoting);
    return err;
}

JET_ERR backup_to_folder(struct backup_session *s, const struct backup_folder_request *request)
{
    JET_ERR err = JET_errSuccess;
    struct folder_run run = {.session = s, .request = request, .fs = s->host.fs, .is_full = (request->grbit & JET_bitBackupIncremental) == 0,
                             .is_atomic = (request->grbit & JET_bitBackupAtomic) != 0};
    JET_GRBIT begin = request->grbit & ~(JET_GRBIT)JET_bitBackupAtomic;
    if (request->path == NULL || request->path[0] == 0)
        return backup_truncate_without_copy(s, begin);
    TRY(backup_begin_run(s, begin, true));
    err = run_session(&run);
    if (err >= 0)
        err = backup_end(s, JET_bitBackupEndNormal);
    else
        backup_give_up(s, err);
done:
    os_dir_list_free(run.moved, run.moved_count);
    mem_free(run.buffer);
    mem_free(run.target);
    mem_free(run.staging);
    mem_free(run.old_folder);
    mem_free(run.new_folder);
    return err;
}
