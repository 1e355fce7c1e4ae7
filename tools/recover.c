/* ese recover: what esentutl /r does, on a copy: a folder with databases and their logs becomes a folder with consistent databases.
 *
 * The input is only read, unless --in-place says otherwise. Its files are copied, the log stream found tells base name, page size and log size, and recovery/ replays and
 * undoes in the copy, after which an empty run closes the log. The paths that Windows logged are never opened: databases are looked for by their file names. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "database/database.h"
#include "os/path.h"
#include "recover.h"
#include "time_text.h"
#include "visible.h"

enum { COPY_BYTES = 1 << 20, CACHE_BYTES = 64 << 20 };

/* --- the copy --- */

JET_ERR recover_copy_file(const char *from, const char *to)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *in = NULL, *out = NULL;
    struct os_file_info info;
    bool is_begun;
    uint8_t *buffer = (uint8_t *)mem_alloc(COPY_BYTES);
    if (buffer == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(os_fs_posix(), from, OS_OPEN_READ, &in));
    TRY(os_file_info(in, &info));
    if (info.is_directory)
        RAISE(JET_errFileInvalidType);
    TRY(os_file_open(os_fs_posix(), to, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_MUST_CREATE, &out));
    for (uint64_t at = 0; at < info.size;) {
        size_t piece = info.size - at < COPY_BYTES ? (size_t)(info.size - at) : COPY_BYTES;
        TRY(os_file_read(in, at, buffer, piece));
        TRY(os_file_write(out, at, buffer, piece));
        at += piece;
    }
    TRY(os_file_sync(out));
done:
    is_begun = out != NULL;
    os_file_close(in);
    os_file_close(out);
    if (err < 0 && is_begun && os_remove(os_fs_posix(), to) < 0)
        fprintf(stderr, "%s is incomplete and cannot be removed\n", VISIBLE(to));
    mem_free(buffer);
    return err;
}

static JET_ERR copy_named(const char *from_folder, const char *to_folder, const char *name)
{
    JET_ERR err = JET_errSuccess;
    char *from = NULL, *to = NULL;
    TRY(path_join(from_folder, name, &from));
    TRY(path_join(to_folder, name, &to));
    TRY(recover_copy_file(from, to));
done:
    mem_free(from);
    mem_free(to);
    return err;
}

static bool is_file(const char *folder, const char *name)
{
    struct os_file_info info;
    char *path = NULL;
    bool is = path_join(folder, name, &path) >= 0 && os_stat(os_fs_posix(), path, &info) >= 0 && !info.is_directory;
    mem_free(path);
    return is;
}

bool recover_is_database(const char *folder, const char *name)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    char *path = NULL;
    bool is = path_join(folder, name, &path) >= 0 && database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL) >= 0;
    mem_free(path);
    return is;
}

int recover_copy_files(const struct command *self, const char *from, const char *to, bool only_databases)
{
    struct progress progress;
    char **names = NULL;
    size_t count = 0;
    int status = EXIT_GOOD;
    JET_ERR err = os_dir_list(os_fs_posix(), from, &names, &count);
    if (err < 0)
        status = tool_error(self, err, "cannot read %s", from);
    progress_start(&progress, "copying", count);
    for (size_t i = 0; i < count && status == EXIT_GOOD; i++) {
        if (is_file(from, names[i]) && (!only_databases || recover_is_database(from, names[i])) && (err = copy_named(from, to, names[i])) < 0)
            status = tool_error(self, err, "cannot copy %s to %s", names[i], to);
        progress_update(&progress, i + 1);
    }
    progress_end(&progress);
    os_dir_list_free(names, count);
    return status;
}

static int make_target(const struct command *self, const char *to)
{
    char **present = NULL;
    size_t count = 0;
    JET_ERR err = os_dir_create(os_fs_posix(), to);
    if (err >= 0)
        err = os_dir_list(os_fs_posix(), to, &present, &count);
    os_dir_list_free(present, count);
    if (err < 0)
        return tool_error(self, err, "cannot use folder %s", to);
    return count > 0 ? tool_error(self, JET_errFileAlreadyExists, "%s is not empty", to) : EXIT_GOOD;
}

/* --- replay --- */

static JET_ERR show_progress(void *context, uint32_t percent)
{
    progress_update((struct progress *)context, percent);
    return JET_errSuccess;
}

/* Somebody who uses the stream has its current log locked. */
static JET_ERR check_is_free(const char *folder, const struct log_folder *logs)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    char *path = NULL;
    TRY(log_named_path(folder, logs->base, "", logs->extension, &path));
    if (os_exists(os_fs_posix(), path))
        TRY(os_file_open(os_fs_posix(), path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, &file));
done:
    os_file_close(file);
    mem_free(path);
    return err;
}

/* A run with nothing in it behind the recovery, as JetInit and JetTerm leave it. */
static JET_ERR close_stream(struct log *log)
{
    JET_ERR err = JET_errSuccess;
    TRY(log_append_init(log, NULL));
    TRY(log_append_shutdown(log, NULL));
    TRY(log_append_term(log, NULL));
done:
    return err;
}

JET_ERR recover_replay(const struct recover_options *options, const struct log_folder *logs, recovery_change_fn change, void *change_context,
                       struct recovery_result *result)
{
    JET_ERR err = JET_errSuccess;
    struct progress progress;
    struct recovery_config config = {
        .log = {.fs = os_fs_posix(), .log_folder = options->folder, .system_folder = options->system_folder != NULL ? options->system_folder : options->folder, .base_name = logs->base, .is_legacy_names = strcmp(logs->extension, ".log") == 0,
                .file_kib = logs->header.file_sectors * (LOG_SEGMENT_SIZE / 1024u), .page_size = logs->header.page_size},
        .cache_bytes = CACHE_BYTES,
        .map = options->map,
        .map_count = options->map_count,
        .alternate_folder = options->database_folder,
        .options = {.ignore_missing_databases = options->ignore_missing, .without_undo = options->no_undo, .map_entry_optional = !options->only_mapped,
                    .truncate_logs_after = options->truncate_logs, .ignore_lost_logs = options->allow_lost_logs, .delete_out_of_range_logs = options->allow_lost_logs,
                    .allow_missing_current = options->is_evidence, .allow_backup_databases = options->is_evidence},
        .stop = options->stop,
        .progress = show_progress,
        .progress_context = &progress,
        .change = change,
        .change_context = change_context,
    };
    memset(result, 0, sizeof *result);
    progress_start(&progress, "replaying logs", 100);
    TRY(check_is_free(options->folder, logs));
    TRY(recovery_run(&config, result));
    TRY(close_stream(result->log));
    err = result->warning;
done:
    progress_end(&progress);
    log_close(result->log);
    result->log = NULL;
    return err;
}

/* --- report --- */

void recover_report(const struct recover_options *options, const struct recovery_result *result, JET_ERR err)
{
    char from[LGPOS_TEXT_SIZE], to[LGPOS_TEXT_SIZE], time[32];
    if (err != JET_errSuccess)
        printf("%s (%d)\n", error_name(err), (int)err);
    if (result->was_replayed && result->redo_to != 0)
        printf("replayed %s to %s, %s\n", lgpos_format(result->redo_from, from), lgpos_format(result->redo_to, to), time_text_format(result->time_reached, time));
    else if (err == JET_errSuccess && !result->was_replayed)
        printf("nothing to replay\n"); /* why a database may still be dirty: these logs are done with it */
    if (result->kept_changes > 0)
        printf("%u changes of open transactions stay: the log that would take them back is lost\n", result->kept_changes);
    if (result->is_new_stream && (options->stop.generation != 0 || options->stop.time != 0))
        printf("a new log stream has begun; the old logs are in a folder beside it\n");
}

static void report_json(const struct recovery_result *result, JET_ERR err, const struct log_folder *logs)
{
    char from[LGPOS_TEXT_SIZE], to[LGPOS_TEXT_SIZE], time[32];
    printf("{\"base\":");
    print_json_string(stdout, logs->base);
    printf(",\"page_size\":%u,\"result\":\"%s\",\"error\":%d,\"replayed\":%s,\"from\":\"%s\",\"to\":\"%s\",\"time\":\"%s\",\"new_stream\":%s,\"kept_changes\":%u,\"databases\":[",
           logs->header.page_size, error_name(err), (int)err, result->was_replayed ? "true" : "false", lgpos_format(result->redo_from, from),
           lgpos_format(result->redo_to, to), time_text_format(result->time_reached, time), result->is_new_stream ? "true" : "false", result->kept_changes);
}

void recover_report_databases(const char *folder, bool is_json)
{
    char **names = NULL;
    size_t count = 0;
    const char *separator = "";
    if (os_dir_list(os_fs_posix(), folder, &names, &count) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct db_header header;
        uint32_t page_size;
        bool used_shadow;
        char *path = NULL;
        if (path_join(folder, names[i], &path) >= 0 && database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL) >= 0) {
            if (is_json) {
                printf("%s{\"path\":", separator);
                print_json_string(stdout, path);
                printf(",\"state\":\"%s\"}", db_state_name(header.state));
            } else {
                printf("%s: %s\n", VISIBLE(path), db_state_name(header.state));
            }
            separator = ",";
        }
        mem_free(path);
    }
    os_dir_list_free(names, count);
}

static int recover_folder(const struct command *self, const struct recover_options *options, const struct log_folder *logs)
{
    struct recovery_result result;
    JET_ERR err = recover_replay(options, logs, NULL, NULL, &result);
    bool is_redo_only = options->no_undo && (err == JET_errRecoveredWithoutUndo || err == JET_errRecoveredWithoutUndoDatabasesConsistent);
    int status = err < 0 && !is_redo_only ? tool_error(self, err, "cannot recover %s", options->folder) : EXIT_GOOD;
    if (options->is_json)
        report_json(&result, err, logs);
    else if (status == EXIT_GOOD)
        recover_report(options, &result, err);
    if (status != EXIT_GOOD && !options->is_json)
        fprintf(stderr, "ese recover: --dry-run tells which logs and databases are there, missing or broken\n");
    if (status == EXIT_GOOD || options->is_json)
        recover_report_databases(options->database_folder, options->is_json);
    if (options->is_json)
        puts("]}");
    return status;
}

/* --- command line --- */

enum { COPY_TO, IN_PLACE, BASE, DB_DIR, ALLOW_LOST_LOGS, IGNORE_MISSING, NO_UNDO, TO_GENERATION, TO_TIME, DRY_RUN, JSON, OPTION_COUNT };

static int parse(const struct command *self, const struct option_spec *given, int count, char **argv, struct recover_options *how)
{
    char *end = NULL;
    bool has_place = given[COPY_TO].value != NULL || given[IN_PLACE].value != NULL || given[DRY_RUN].value != NULL;
    if (count != 1 || !has_place)
        return tool_usage(self, "needs one folder and --copy-to TARGET, --in-place or --dry-run");
    if (given[COPY_TO].value != NULL && given[IN_PLACE].value != NULL)
        return tool_usage(self, "--copy-to and --in-place exclude each other");
    if (given[BASE].value != NULL && strlen(given[BASE].value) != 3)
        return tool_usage(self, "--base takes three characters");
    *how = (struct recover_options){.folder = argv[0], .database_folder = given[DB_DIR].value != NULL ? given[DB_DIR].value : argv[0], .base = given[BASE].value,
                                    .allow_lost_logs = given[ALLOW_LOST_LOGS].value != NULL, .no_undo = given[NO_UNDO].value != NULL,
                                    .ignore_missing = given[IGNORE_MISSING].value != NULL, .is_json = given[JSON].value != NULL};
    if (given[TO_GENERATION].value != NULL) {
        unsigned long generation = strtoul(given[TO_GENERATION].value, &end, 0);
        if (*end != 0 || generation == 0 || generation > LOG_GENERATION_MAX)
            return tool_usage(self, "--to-generation takes a number (0x for hexadecimal)");
        how->stop.generation = (uint32_t)generation;
    }
    if (given[TO_TIME].value != NULL && !time_text_parse(given[TO_TIME].value, &how->stop.time))
        return tool_usage(self, "--to-time takes a time such as \"2026-11-21 14:30:00\", with Z or +01:00 behind it for other zones");
    if (how->no_undo && (how->stop.generation != 0 || how->stop.time != 0))
        return tool_usage(self, "--no-undo cannot end before the end of the logs");
    return EXIT_GOOD;
}

static int run_recover(const struct command *self, int argc, char **argv)
{
    struct option_spec options[OPTION_COUNT] = {
        [COPY_TO] = {"copy-to", 'o', true, NULL}, [IN_PLACE] = {"in-place", 0, false, NULL}, [BASE] = {"base", 0, true, NULL}, [DB_DIR] = {"db-dir", 'd', true, NULL},
        [ALLOW_LOST_LOGS] = {"allow-lost-logs", 0, false, NULL}, [IGNORE_MISSING] = {"ignore-missing", 0, false, NULL}, [NO_UNDO] = {"no-undo", 0, false, NULL},
        [TO_GENERATION] = {"to-generation", 0, true, NULL}, [TO_TIME] = {"to-time", 0, true, NULL}, [DRY_RUN] = {"dry-run", 'n', false, NULL}, [JSON] = {"json", 0, false, NULL}};
    struct recover_options how;
    struct log_folder logs = {.count = 0};
    int count, status = EXIT_GOOD;
    if (!tool_options(self, argc, argv, options, OPTION_COUNT, &count, &status))
        return status;
    status = parse(self, options, count, argv, &how);
    if (status != EXIT_GOOD)
        return status;
    JET_ERR err = log_folder_read(how.folder, how.base, &logs);
    if (err < 0)
        return tool_error(self, err, "cannot read %s%s", how.folder, tool_path_hint(err, how.folder, true));
    const char *target = options[COPY_TO].value;
    if (!logs.has_header)
        status = tool_error(self, JET_errMissingLogFile, "%s holds no readable log%s%s", how.folder, how.base != NULL ? " of base name " : "", how.base != NULL ? how.base : "");
    if (status == EXIT_GOOD && options[DRY_RUN].value != NULL) {
        status = recover_plan(self, &how, &logs);
        log_folder_release(&logs);
        return status;
    }
    if (status == EXIT_GOOD && target != NULL && (status = make_target(self, target)) == EXIT_GOOD && (status = recover_copy_files(self, how.folder, target, false)) == EXIT_GOOD) {
        if (how.database_folder != how.folder)
            status = recover_copy_files(self, how.database_folder, target, true);
        how.folder = how.database_folder = target;
    }
    if (status == EXIT_GOOD)
        status = recover_folder(self, &how, &logs);
    log_folder_release(&logs);
    return status;
}

const struct command COMMAND_RECOVER = {
    "recover", "replay the logs of a folder onto its databases, in a copy",
    "usage: ese recover FOLDER --copy-to TARGET [OPTIONS]\n"
    "       ese recover FOLDER --in-place | --dry-run [OPTIONS]\n\n"
    "Copies the files of FOLDER (databases, logs, checkpoint) to TARGET, which must be empty\n"
    "or absent, and brings the databases there to a consistent, clean state: redo from the\n"
    "checkpoint, undo of what was not committed. FOLDER is only read. Paths logged by Windows\n"
    "are never opened: databases are found by their file names. A stream that begins with the\n"
    "creation of a database needs only its logs. Base name, page size and log size are found out.\n\n"
    "  -o, --copy-to TARGET   where to recover\n"
    "      --in-place         change FOLDER itself\n"
    "  -n, --dry-run          write nothing: which logs are there, missing or broken, what the\n"
    "                         databases need, what would be replayed\n"
    "  -d, --db-dir DIR       the databases are there (with --copy-to: copied to TARGET too)\n"
    "      --base NAME        base name of the logs, when FOLDER has several streams\n"
    "      --allow-lost-logs  go on when logs are lost that only hold later commits; unusable ones\n"
    "                         of them are deleted\n"
    "      --ignore-missing   go on without databases that are not there\n"
    "      --no-undo          redo only; the databases stay dirty\n"
    "      --to-generation N  end with this log generation\n"
    "      --to-time T        end with the last commits of this second: \"2026-11-21 14:30:00\" is\n"
    "                         local time, Z or +01:00 behind it name a zone; also @SECONDS\n"
    "      --json             the result, or the plan, as JSON\n"
    "  -h, --help             this text\n",
    run_recover,
};
