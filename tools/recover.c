/* ese recover: what esentutl /r does, on a copy: a folder with databases and their logs becomes a folder with consistent databases.
 *
 * The input is only read. Its files are copied, the log stream found tells base name, page size and log size, and starting an instance on the copy
 * replays and undoes (recovery/). The paths that Windows logged are never opened: databases are looked for in the copy by their file names. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "database/database.h"
#include "log/log_files.h"
#include "os/path.h"
#include "tool.h"

enum { COPY_BYTES = 1 << 20 };

struct stream {
    char base[4];
    const char *extension;
    struct log_header header; /* of its newest readable generation */
    bool is_found;
};

/* --- the input --- */

static bool is_log_name(const char *name, const char **extension)
{
    size_t length = strlen(name);
    if (length < 7)
        return false;
    *extension = strcmp(name + length - 4, ".log") == 0 ? ".log" : strcmp(name + length - 4, ".jtx") == 0 ? ".jtx" : NULL;
    return *extension != NULL && (length == 7 || length == 12 || length == 15);
}

/* Takes the stream of a log if it is the wanted one (base NULL: any) and newer than what was found. */
static void consider_log(const char *folder, const char *name, const char *base, struct stream *out)
{
    const char *extension;
    char *path = NULL;
    struct log_header header;
    if (!is_log_name(name, &extension) || (base != NULL && strncmp(name, base, 3) != 0))
        return;
    if (strlen(name) != 7 && log_name_generation(name, (const char[]){name[0], name[1], name[2], 0}, extension) == 0)
        return;
    if (path_join(folder, name, &path) >= 0 && log_header_read(os_fs_posix(), path, &header) >= 0 &&
        (!out->is_found || header.generation > out->header.generation)) {
        memcpy(out->base, name, 3);
        out->extension = extension;
        out->header = header;
        out->is_found = true;
    }
    mem_free(path);
}

static JET_ERR copy_file(const char *from_folder, const char *to_folder, const char *name, uint8_t *buffer)
{
    JET_ERR err = JET_errSuccess;
    char *from = NULL, *to = NULL;
    struct os_file *in = NULL, *out = NULL;
    struct os_file_info info;
    TRY(path_join(from_folder, name, &from));
    TRY(path_join(to_folder, name, &to));
    TRY(os_file_open(os_fs_posix(), from, OS_OPEN_READ, &in));
    TRY(os_file_info(in, &info));
    if (info.is_directory)
        goto done;
    TRY(os_file_open(os_fs_posix(), to, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE, &out));
    for (uint64_t at = 0; at < info.size;) {
        size_t piece = info.size - at < COPY_BYTES ? (size_t)(info.size - at) : COPY_BYTES;
        TRY(os_file_read(in, at, buffer, piece));
        TRY(os_file_write(out, at, buffer, piece));
        at += piece;
    }
    TRY(os_file_sync(out));
done:
    os_file_close(in);
    os_file_close(out);
    mem_free(from);
    mem_free(to);
    return err;
}

/* Copies every file of the folder (not its sub-folders) into an empty or new one. */
static int copy_folder(const struct command *self, const char *from, const char *to, char **names, size_t count)
{
    char **present = NULL;
    size_t present_count = 0;
    struct progress progress;
    int status = EXIT_GOOD;
    uint8_t *buffer = (uint8_t *)mem_alloc(COPY_BYTES);
    JET_ERR err = buffer == NULL ? JET_errOutOfMemory : os_dir_create(os_fs_posix(), to);
    if (err >= 0)
        err = os_dir_list(os_fs_posix(), to, &present, &present_count);
    if (err < 0)
        status = tool_error(self, err, "cannot use folder %s", to);
    else if (present_count > 0)
        status = tool_error(self, JET_errFileAlreadyExists, "%s is not empty", to);
    progress_start(&progress, "copying", count);
    for (size_t i = 0; i < count && status == EXIT_GOOD; i++) {
        struct os_file_info info;
        char *path = NULL;
        bool is_file = path_join(from, names[i], &path) >= 0 && os_stat(os_fs_posix(), path, &info) >= 0 && !info.is_directory;
        mem_free(path);
        if (is_file && (err = copy_file(from, to, names[i], buffer)) < 0)
            status = tool_error(self, err, "cannot copy %s to %s", names[i], to);
        progress_update(&progress, i + 1);
    }
    progress_end(&progress);
    os_dir_list_free(present, present_count);
    mem_free(buffer);
    return status;
}

/* --- replay --- */

static struct progress replay_progress;

static JET_ERR show_progress(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session;
    if (snp == JET_snpRestore && snt == JET_sntProgress && data != NULL)
        progress_update(&replay_progress, ((const JET_SNPROG *)data)->cunitDone);
    return JET_errSuccess;
}

struct recover_options {
    bool allow_lost_logs, no_undo, ignore_missing;
};

static JET_ERR set_parameters(JET_INSTANCE *instance, const char *folder, const struct stream *stream, const struct recover_options *options)
{
    JET_ERR err = JET_errSuccess;
    TRY(JetSetSystemParameter(instance, 0, JET_paramSystemPath, 0, folder));
    TRY(JetSetSystemParameter(instance, 0, JET_paramLogFilePath, 0, folder));
    TRY(JetSetSystemParameter(instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, folder));
    TRY(JetSetSystemParameter(instance, 0, JET_paramBaseName, 0, stream->base));
    TRY(JetSetSystemParameter(instance, 0, JET_paramLogFileSize, (JET_API_PTR)stream->header.file_sectors * LOG_SEGMENT_SIZE / 1024, NULL));
    TRY(JetSetSystemParameter(instance, 0, JET_paramMaxTemporaryTables, 0, NULL));
    if (options->allow_lost_logs)
        TRY(JetSetSystemParameter(instance, 0, JET_paramDeleteOutOfRangeLogs, 1, NULL));
done:
    return err;
}

/* Starts and ends an instance in the folder: that is the recovery. */
static JET_ERR replay(const char *folder, const struct stream *stream, const struct recover_options *options)
{
    JET_INSTANCE instance = JET_instanceNil;
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .pfnStatus = show_progress};
    JET_GRBIT grbit = JET_bitReplayMissingMapEntryDB | (options->allow_lost_logs ? JET_bitReplayIgnoreLostLogs : 0) |
                      (options->no_undo ? JET_bitRecoveryWithoutUndo : 0) | (options->ignore_missing ? JET_bitReplayIgnoreMissingDB : 0);
    JET_ERR err = JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, stream->header.page_size, NULL);
    if (err >= 0)
        err = JetCreateInstance(&instance, "ese recover");
    if (err < 0)
        return err;
    err = set_parameters(&instance, folder, stream, options);
    if (err < 0) {
        (void)JetTerm(instance);
        return err;
    }
    progress_start(&replay_progress, "replaying logs", 100);
    JET_ERR warning = JetInit3A(&instance, &info, grbit);
    progress_end(&replay_progress);
    if (warning < 0)
        return warning;
    err = JetTerm2(instance, JET_bitTermComplete);
    return err < 0 ? err : warning;
}

/* One line for each database of the folder. */
static void report_databases(const char *folder, char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct db_header header;
        uint32_t page_size;
        bool used_shadow;
        char *path = NULL;
        if (path_join(folder, names[i], &path) >= 0 && database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL) >= 0)
            printf("%s: %s\n", path, db_state_name(header.state));
        mem_free(path);
    }
}

static int recover_folder(const struct command *self, const char *folder, const char *target, const char *base, const struct recover_options *options)
{
    struct stream stream = {.is_found = false};
    char **names = NULL;
    size_t count = 0;
    JET_ERR err = os_dir_list(os_fs_posix(), folder, &names, &count);
    if (err < 0)
        return tool_error(self, err, "cannot read %s", folder);
    for (size_t i = 0; i < count; i++)
        consider_log(folder, names[i], base, &stream);
    int status = EXIT_GOOD;
    if (!stream.is_found)
        status = tool_error(self, JET_errMissingLogFile, "%s holds no readable log%s%s", folder, base != NULL ? " of base name " : "", base != NULL ? base : "");
    if (status == EXIT_GOOD)
        status = copy_folder(self, folder, target, names, count);
    if (status == EXIT_GOOD) {
        err = replay(target, &stream, options);
        bool is_redo_only = options->no_undo && (err == JET_errRecoveredWithoutUndo || err == JET_errRecoveredWithoutUndoDatabasesConsistent);
        if (err < 0 && !is_redo_only)
            status = tool_error(self, err, "cannot recover %s", folder);
        else if (err != JET_errSuccess)
            printf("%s (%d)\n", error_name(err), (int)err);
    }
    os_dir_list_free(names, count);
    if (status == EXIT_GOOD && (err = os_dir_list(os_fs_posix(), target, &names, &count)) >= 0) {
        report_databases(target, names, count);
        os_dir_list_free(names, count);
    }
    return status;
}

static int run_recover(const struct command *self, int argc, char **argv)
{
    struct option_spec options[] = {
        {"copy-to", 'o', true, NULL}, {"base", 0, true, NULL}, {"allow-lost-logs", 0, false, NULL}, {"no-undo", 0, false, NULL}, {"ignore-missing", 0, false, NULL}};
    int count, status = EXIT_GOOD;
    if (!tool_options(self, argc, argv, options, 5, &count, &status))
        return status;
    if (count != 1 || options[0].value == NULL)
        return tool_usage(self, "needs one folder and --copy-to FOLDER");
    if (options[1].value != NULL && strlen(options[1].value) != 3)
        return tool_usage(self, "--base takes three characters");
    struct recover_options how = {options[2].value != NULL, options[3].value != NULL, options[4].value != NULL};
    return recover_folder(self, argv[0], options[0].value, options[1].value, &how);
}

const struct command COMMAND_RECOVER = {
    "recover", "replay the logs of a folder onto its databases, in a copy",
    "usage: ese recover FOLDER --copy-to TARGET [OPTIONS]\n\n"
    "Copies the files of FOLDER (databases, logs, checkpoint) to TARGET, which must be empty\n"
    "or absent, and brings the databases there to a consistent, clean state: redo from the\n"
    "checkpoint, undo of what was not committed. FOLDER is only read. Paths logged by Windows\n"
    "are never opened: databases are found in TARGET by their file names. A stream that\n"
    "begins with the creation of a database needs only its logs.\n\n"
    "  -o, --copy-to TARGET   where to recover\n"
    "      --base NAME        base name of the logs, when FOLDER has several streams\n"
    "      --allow-lost-logs  go on when logs are lost that only hold later commits\n"
    "      --ignore-missing   go on without databases that are not there\n"
    "      --no-undo          redo only; the databases stay dirty\n"
    "  -h, --help             this text\n",
    run_recover,
};
