/* ese backup: attaches databases and streams them, with their logs, into a folder through the external backup calls.
 *
 * The folder then holds each database under its own name and the log generations of the run; `ese restore` (or JetExternalRestore) brings it
 * back. Databases that are not in use by a program are attached to a log stream made for this run, which lives in a hidden sub-folder
 * of the target and goes away at the end; --logs uses the stream that is there. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/file.h"
#include "os/path.h"
#include "tool.h"

enum { READ_BYTES = 1 << 20, LIST_BYTES = 1 << 16 };

struct backup_run {
    const struct command *self;
    const char *target, *log_folder, *base_name;
    bool owns_stream; /* the log folder is ours to remove */
    JET_INSTANCE instance;
    JET_SESID session;
    bool is_initialized, is_in_backup;
    uint8_t *buffer;
    uint64_t bytes, files;
    int status;
};

/* Where a stream goes: the file's own name in the target folder. */
static JET_ERR open_target(struct backup_run *run, const char *source, struct os_file **out, char **path_out)
{
    JET_ERR err = JET_errSuccess;
    TRY(path_join(run->target, path_file_name(source), path_out));
    TRY(os_file_open(os_fs_posix(), *path_out, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE, out));
done:
    return err;
}

/* Streams one announced file into the target folder. */
static JET_ERR copy_file(struct backup_run *run, const char *source)
{
    JET_ERR err = JET_errSuccess;
    JET_HANDLE handle = 0;
    bool is_open = false;
    struct os_file *out = NULL;
    char *path = NULL;
    uint32_t low = 0, high = 0, got = 0;
    uint64_t at = 0;
    struct progress progress;

    TRY(JetOpenFileInstance(run->instance, source, &handle, &low, &high));
    is_open = true;
    uint64_t total = (uint64_t)high << 32 | low;
    progress_start(&progress, path_file_name(source), total);
    TRY(open_target(run, source, &out, &path));
    for (;;) {
        TRY(JetReadFileInstance(run->instance, handle, run->buffer, READ_BYTES, &got));
        if (got == 0)
            break;
        TRY(os_file_write(out, at, run->buffer, got));
        at += got;
        progress_update(&progress, at);
    }
    if (at != total)
        RAISE(JET_errInternalError);
    TRY(os_file_sync(out));
    run->bytes += at;
    run->files++;
done:
    progress_end(&progress);
    if (is_open) {
        JET_ERR closed = JetCloseFileInstance(run->instance, handle);
        if (err >= 0 && closed < 0)
            err = closed;
    }
    os_file_close(out);
    if (err < 0)
        run->status = tool_error(run->self, err, "cannot copy %s%s%s", source, path != NULL ? " to " : "", path != NULL ? path : "");
    mem_free(path);
    return err;
}

/* Copies every file of a double-NUL-terminated list. */
static JET_ERR copy_list(struct backup_run *run, const char *list)
{
    JET_ERR err = JET_errSuccess;
    for (const char *name = list; *name != 0; name += strlen(name) + 1)
        TRY(copy_file(run, name));
done:
    return err;
}

static JET_ERR stream_everything(struct backup_run *run)
{
    JET_ERR err = JET_errSuccess;
    uint32_t actual = 0;
    char *list = (char *)mem_alloc(LIST_BYTES);
    if (list == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(JetBeginExternalBackupInstance(run->instance, 0));
    run->is_in_backup = true;
    TRY(JetGetAttachInfoInstance(run->instance, list, LIST_BYTES, &actual));
    TRY(copy_list(run, list));
    TRY(JetGetLogInfoInstance(run->instance, list, LIST_BYTES, &actual));
    TRY(copy_list(run, list));
    TRY(JetTruncateLogInstance(run->instance));
    run->is_in_backup = false;
    TRY(JetEndExternalBackupInstance2(run->instance, JET_bitBackupEndNormal));
    TRY(os_dir_sync(os_fs_posix(), run->target));
done:
    if (err < 0 && run->is_in_backup) {
        (void)JetEndExternalBackupInstance2(run->instance, JET_bitBackupEndAbort);
        run->is_in_backup = false;
    }
    if (err < 0 && run->status == EXIT_GOOD)
        run->status = tool_error(run->self, err, "backup failed");
    mem_free(list);
    return err;
}

static JET_ERR set_folder_parameter(struct backup_run *run, uint32_t id)
{
    return JetSetSystemParameter(&run->instance, 0, id, 0, run->log_folder);
}

static JET_ERR start_instance(struct backup_run *run, uint32_t page_size)
{
    JET_ERR err = JET_errSuccess;
    TRY(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, page_size, NULL));
    TRY(JetCreateInstance(&run->instance, "ese backup"));
    run->is_initialized = true;
    TRY(set_folder_parameter(run, JET_paramSystemPath));
    TRY(set_folder_parameter(run, JET_paramLogFilePath));
    TRY(JetSetSystemParameter(&run->instance, 0, JET_paramMaxTemporaryTables, 0, NULL));
    TRY(JetSetSystemParameter(&run->instance, 0, JET_paramBaseName, 0, run->base_name));
    if (run->owns_stream)
        TRY(JetSetSystemParameter(&run->instance, 0, JET_paramLogFileSize, 64, NULL));
    TRY(JetInit(&run->instance));
    TRY(JetBeginSession(run->instance, &run->session, NULL, NULL));
done:
    if (err < 0) {
        run->status = tool_error(run->self, err, "cannot start with logs in %s", run->log_folder);
        run->is_initialized = run->instance != 0 && run->instance != JET_instanceNil && run->is_initialized;
    }
    return err;
}

static JET_ERR attach_all(struct backup_run *run, char **databases, int count)
{
    JET_ERR err = JET_errSuccess;
    for (int i = 0; i < count; i++) {
        err = JetAttachDatabase(run->session, databases[i], 0);
        if (err < 0) {
            run->status = tool_error(run->self, err, "cannot attach %s", databases[i]);
            return err;
        }
    }
    return JET_errSuccess;
}

static void remove_stream(struct backup_run *run)
{
    char **names = NULL;
    size_t count = 0;
    if (!run->owns_stream || os_dir_list(os_fs_posix(), run->log_folder, &names, &count) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        char *path = NULL;
        if (path_join(run->log_folder, names[i], &path) >= 0)
            (void)unlink(path);
        mem_free(path);
    }
    os_dir_list_free(names, count);
    (void)rmdir(run->log_folder);
}

static int check_target(const struct command *self, const char *target)
{
    char **names = NULL;
    size_t count = 0;
    JET_ERR err = os_dir_create(os_fs_posix(), target);
    if (err >= 0)
        err = os_dir_list(os_fs_posix(), target, &names, &count);
    os_dir_list_free(names, count);
    if (err < 0)
        return tool_error(self, err, "cannot use folder %s", target);
    return count == 0 ? EXIT_GOOD : tool_error(self, JET_errBackupDirectoryNotEmpty, "%s is not empty", target);
}

static int run_backup(const struct command *self, int argc, char **argv)
{
    struct option_spec options[] = {{"output", 'o', true, NULL}, {"logs", 0, true, NULL}, {"base", 0, true, NULL}};
    struct backup_run run = {.self = self, .instance = JET_instanceNil};
    char *own_folder = NULL;
    int count, status = EXIT_GOOD;
    uint32_t page_size = 0;
    char size_text[32];

    if (!tool_options(self, argc, argv, options, 3, &count, &status))
        return status;
    if (count == 0 || options[0].value == NULL)
        return tool_usage(self, "needs at least one database and -o FOLDER");
    run.target = options[0].value;
    run.base_name = options[2].value != NULL ? options[2].value : "edb";
    JET_ERR err = JetGetDatabaseFileInfo(argv[0], &page_size, sizeof page_size, JET_DbInfoPageSize);
    if (err < 0)
        return tool_error(self, err, "cannot read %s", argv[0]);
    status = check_target(self, run.target);
    if (status != EXIT_GOOD)
        return status;

    run.owns_stream = options[1].value == NULL;
    run.buffer = (uint8_t *)mem_alloc_aligned(4096, READ_BYTES);
    if (run.owns_stream && path_join(run.target, ".logs", &own_folder) >= 0)
        err = os_dir_create(os_fs_posix(), own_folder);
    run.log_folder = run.owns_stream ? own_folder : options[1].value;
    if (run.buffer == NULL || run.log_folder == NULL || err < 0) {
        run.status = tool_error(self, err < 0 ? err : JET_errOutOfMemory, "cannot prepare %s", run.target);
    } else if (start_instance(&run, page_size) >= 0 && attach_all(&run, argv, count) >= 0) {
        (void)stream_everything(&run);
    }
    if (run.is_initialized) {
        err = JetTerm2(run.instance, JET_bitTermComplete);
        if (err < 0 && run.status == EXIT_GOOD)
            run.status = tool_error(self, err, "cannot detach");
    }
    remove_stream(&run);
    if (run.status == EXIT_GOOD)
        printf("%llu file(s), %s backed up to %s\n", (unsigned long long)run.files, format_bytes(run.bytes, size_text), run.target);
    mem_free(run.buffer);
    mem_free(own_folder);
    return run.status;
}

const struct command COMMAND_BACKUP = {
    "backup", "stream databases and their logs into a folder",
    "usage: ese backup DATABASE... -o FOLDER [--logs FOLDER] [--base NAME]\n\n"
    "Attaches the databases, streams them and the log generations they need through the\n"
    "external backup calls into FOLDER (which must be empty or absent), and detaches them\n"
    "clean. All databases need one page size. The databases must not be in use by another\n"
    "program (JET_errFileAccessDenied).\n\n"
    "  -o, --output FOLDER  the backup set\n"
    "      --logs FOLDER    use the log stream there (and recover from it) instead of a\n"
    "                       stream made for this run\n"
    "      --base NAME      its base name (default edb)\n"
    "  -h, --help           this text\n",
    run_backup,
};
