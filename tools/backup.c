/* ese backup: makes a backup set (set/write.h) of databases, through the external backup calls or another process's control socket.
 *
 * This file turns the command line into a source, an output and a kind. Databases that are not in use by a program are attached for the run: to the
 * log stream of --logs, or to one made for this run, which lives in a hidden folder of the set (beside the database for an archive) and goes
 * away at the end. If the run is killed, that stream stays, and recovers the database when the backup is continued with --resume. */
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/path.h"
#include "set/scratch.h"
#include "set/set.h"
#include "set/write.h"
#include "tool.h"
#include "visible.h"

enum { OWN_LOG_KIB = 64, DEFAULT_LEVEL = 3, WHY_SIZE = 600 };

enum backup_option {
    OPTION_OUTPUT, OPTION_TO_STDOUT, OPTION_INCREMENTAL, OPTION_PAGES, OPTION_DIFFERENTIAL, OPTION_COPY, OPTION_PARENT, OPTION_RATE, OPTION_RESUME,
    OPTION_LEVEL, OPTION_LOGS, OPTION_BASE, OPTION_SOCKET, OPTION_JSON, OPTION_COUNT
};

struct backup_run {
    const struct command *self;
    struct option_spec *options;
    char **databases;
    int database_count;
    uint32_t page_size; /* of the first one */
    enum set_kind kind;
    bool to_stdout;
    uint64_t bytes_per_second;
    int level;
    /* the instance of this run */
    const char *log_folder, *base_name;
    char *own_folder;  /* of the stream made for this run */
    bool made_own_folder;
    JET_INSTANCE instance;
    JET_SESID session;
    bool is_initialized;
    /* the backup */
    struct backup_source source;
    struct set_output *output;
    struct set_chain parents;
    const struct set *parent;
    char *parent_path, *spool;
    struct file_progress progress;
    int status;
};

static const char *value_of(const struct backup_run *run, enum backup_option option) { return run->options[option].value; }

/* --- an instance for databases that no program has open --- */

static JET_ERR start_instance(struct backup_run *run)
{
    JET_ERR err = JET_errSuccess;
    TRY(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, run->page_size, NULL));
    TRY(JetCreateInstance(&run->instance, "ese backup"));
    TRY(JetSetSystemParameter(&run->instance, 0, JET_paramSystemPath, 0, run->log_folder));
    TRY(JetSetSystemParameter(&run->instance, 0, JET_paramLogFilePath, 0, run->log_folder));
    TRY(JetSetSystemParameter(&run->instance, 0, JET_paramMaxTemporaryTables, 0, NULL));
    TRY(JetSetSystemParameter(&run->instance, 0, JET_paramBaseName, 0, run->base_name));
    if (run->own_folder != NULL)
        TRY(JetSetSystemParameter(&run->instance, 0, JET_paramLogFileSize, OWN_LOG_KIB, NULL));
    TRY(JetInit(&run->instance));
    run->is_initialized = true;
    TRY(JetBeginSession(run->instance, &run->session, NULL, NULL));
done:
    if (err < 0)
        run->status = tool_error(run->self, err, "cannot start with logs in %s", run->log_folder);
    return err;
}

static JET_ERR attach_all(struct backup_run *run)
{
    for (int i = 0; i < run->database_count; i++) {
        JET_ERR err = JetAttachDatabase(run->session, run->databases[i], 0);
        if (err < 0) {
            run->status = tool_error(run->self, err, "cannot attach %s%s", run->databases[i], tool_path_hint(err, run->databases[i], false));
            return err;
        }
    }
    return JET_errSuccess;
}

/* Where the stream of this run lives. A folder that is there already was left by a run that was killed: its logs recover the database. */
static JET_ERR choose_stream(struct backup_run *run)
{
    JET_ERR err = JET_errSuccess;
    char *folder = NULL;
    if (value_of(run, OPTION_LOGS) != NULL) {
        run->log_folder = value_of(run, OPTION_LOGS);
        return JET_errSuccess;
    }
    if (run->to_stdout) {
        TRY(path_folder(run->databases[0], &folder));
        TRY(path_join(folder, ".ese-backup-logs", &run->own_folder));
    } else {
        TRY(path_join(value_of(run, OPTION_OUTPUT), ".logs", &run->own_folder));
    }
    run->made_own_folder = !os_exists(os_fs_posix(), run->own_folder);
    TRY(os_dir_create(os_fs_posix(), run->own_folder));
    run->log_folder = run->own_folder;
done:
    mem_free(folder);
    return err;
}

/* Before anything is made in the set's place, so that a wrong name leaves nothing behind. What is not the first one a recovery of --logs may bring into being. */
static JET_ERR check_databases(struct backup_run *run)
{
    int count = value_of(run, OPTION_LOGS) != NULL && run->database_count > 1 ? 1 : run->database_count;
    for (int i = 0; i < count; i++) {
        uint32_t page_size;
        JET_ERR err = JetGetDatabaseFileInfo(run->databases[i], &page_size, sizeof page_size, JET_DbInfoPageSize);
        if (err < 0) {
            run->status = tool_error(run->self, err, "cannot read %s%s", run->databases[i], tool_path_hint(err, run->databases[i], false));
            return err;
        }
        if (i == 0)
            run->page_size = page_size;
    }
    return JET_errSuccess;
}

static JET_ERR open_instance_source(struct backup_run *run)
{
    JET_ERR err = choose_stream(run);
    if (err < 0) {
        run->status = tool_error(run->self, err, "cannot make a folder for logs");
        return err;
    }
    err = start_instance(run);
    if (err >= 0)
        err = attach_all(run);
    return err < 0 ? err : backup_source_from_instance(run->instance, &run->source);
}

static void close_instance(struct backup_run *run)
{
    bool may_remove = run->made_own_folder && !run->is_initialized;
    if (run->is_initialized) {
        JET_ERR err = JetTerm2(run->instance, JET_bitTermComplete);
        may_remove = err >= 0;
        if (err < 0 && run->status == EXIT_GOOD)
            run->status = tool_error(run->self, err, "cannot detach");
    }
    if (run->own_folder != NULL && may_remove)
        scratch_remove_folder(run->own_folder);
}

/* --- source, parent, output --- */

static JET_ERR open_source(struct backup_run *run)
{
    const char *socket = value_of(run, OPTION_SOCKET);
    if (socket == NULL)
        return open_instance_source(run);
    JET_ERR err = backup_source_from_socket(socket, &run->source);
    if (err < 0)
        run->status = tool_error(run->self, err, "cannot reach %s", socket);
    return err;
}

/* Set relative to the folder in which the new set will stand. An archive on standard output is taken to go beside its parent. */
static JET_ERR find_parent_path(struct backup_run *run)
{
    if (strcmp(run->parent->label, "-") == 0)
        return JET_errInvalidParameter;
    return set_relative_path(run->to_stdout ? run->parent->label : value_of(run, OPTION_OUTPUT), run->parent->label, &run->parent_path);
}

static JET_ERR open_parent(struct backup_run *run)
{
    char why[WHY_SIZE] = "", *path = (char *)(uintptr_t)value_of(run, OPTION_PARENT);
    JET_ERR err = JET_errSuccess;
    struct set_staging staging = {.only_tables = true};
    if (path == NULL)
        return JET_errSuccess;
    TRY(scratch_make_folder(&run->spool));
    staging.folder = run->spool;
    TRY(set_chain_open(&path, 1, &staging, &run->parents, why, sizeof why));
    run->parent = &run->parents.sets[run->kind == SET_KIND_PAGES ? run->parents.last_image : run->parents.count - 1];
    if (!run->parent->has_manifest) {
        snprintf(why, sizeof why, "%s has no manifest: nothing can build on it", run->parent->label);
        RAISE(JET_errInvalidBackup);
    }
    TRY(find_parent_path(run));
done:
    if (err < 0)
        run->status = tool_error(run->self, err, "%s", why[0] != 0 ? why : "cannot use the parent set");
    return err;
}

static JET_ERR open_output(struct backup_run *run)
{
    const char *target = value_of(run, OPTION_OUTPUT);
    bool resume = value_of(run, OPTION_RESUME) != NULL;
    JET_ERR err = run->to_stdout ? set_output_archive(STDOUT_FILENO, run->level, &run->output) : set_output_folder(target, run->kind, resume, &run->output);
    if (err == JET_errBackupDirectoryNotEmpty)
        run->status = tool_error(run->self, err, "%s is not empty%s", target, resume ? " and holds no interrupted backup" : "");
    else if (err == JET_errInvalidParameter && resume)
        run->status = tool_error(run->self, err, "%s holds an interrupted backup of another kind, or a damaged journal", target);
    else if (err < 0)
        run->status = tool_error(run->self, err, "cannot write to %s", run->to_stdout ? "standard output" : target);
    return err;
}

/* --- interruption --- */

/* An interrupted run ends its session and detaches its databases clean; a second signal kills. */
static volatile sig_atomic_t was_interrupted;

static void note_signal(int number)
{
    (void)number;
    was_interrupted = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof SIGNALS / sizeof SIGNALS[0]; i++)
        (void)sigaction(SIGNALS[i], &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* the reader of an archive went away: an error of the write, not an end */
}

static bool is_cancelled(void *context)
{
    (void)context;
    return was_interrupted != 0;
}

/* --- what came of it --- */

static void report_json(const struct backup_run *run, const struct set_write_result *r, double seconds, double rate, FILE *out)
{
    const struct set_manifest *m = &r->manifest;
    fputs("{\"set\":", out);
    print_json_string(out, run->to_stdout ? "-" : value_of(run, OPTION_OUTPUT));
    fprintf(out,
            ",\"id\":\"%s\",\"kind\":\"%s\",\"databases\":%zu,\"databases_failed\":%u,\"files\":%llu,\"first_generation\":%u,\"last_generation\":%u,"
            "\"bytes_read\":%llu,\"bytes_written\":%llu,\"bytes_kept\":%llu,\"pages\":%llu,\"pages_stored\":%llu,\"seconds\":%.3f,\"mb_per_second\":%.1f}\n",
            m->id, set_kind_name(m->kind), m->database_count, r->databases_failed, (unsigned long long)r->files, m->generation_low, m->generation_high,
            (unsigned long long)r->bytes_read, (unsigned long long)run->output->bytes_written, (unsigned long long)run->output->bytes_kept,
            (unsigned long long)r->pages, (unsigned long long)r->pages_stored, seconds, rate);
}

static void report_text(const struct backup_run *run, const struct set_write_result *r, double seconds, double rate, FILE *out)
{
    char read_text[32], written_text[32], kept_text[32];
    const struct set_output *o = run->output;
    fprintf(out, "%s backup: %llu file(s), %s backed up to %s in %.1f s (%.1f MB/s), generations %u to %u\n", set_kind_name(run->kind),
            (unsigned long long)r->files, format_bytes(r->bytes_read, read_text), VISIBLE(o->label), seconds, rate, r->manifest.generation_low,
            r->manifest.generation_high);
    if (run->kind == SET_KIND_PAGES)
        fprintf(out, "%llu of %llu pages changed since the parent; %s written\n", (unsigned long long)r->pages_stored, (unsigned long long)r->pages,
                format_bytes(o->bytes_written, written_text));
    if (value_of(run, OPTION_RESUME) != NULL)
        fprintf(out, "continued: %s were there already, %s written\n", format_bytes(o->bytes_kept, kept_text), format_bytes(o->bytes_written, written_text));
}

static void tell_failed_database(void *context, JET_ERR error, const char *text)
{
    struct backup_run *run = (struct backup_run *)context;
    progress_end(&run->progress.bar);
    run->status = tool_error(run->self, error, "%s; the set goes on without it", text);
}

static void show_progress(void *context, const char *file, uint64_t done, uint64_t total)
{
    file_progress_update(&((struct backup_run *)context)->progress, file, done, total);
}

static void write_set(struct backup_run *run)
{
    struct set_write_result result;
    struct set_write_config config = {
        .source = &run->source,
        .output = run->output,
        .kind = run->kind,
        .parent = run->parent != NULL ? &run->parent->manifest : NULL,
        .parent_folder = run->parent != NULL ? run->parent->folder : NULL,
        .parent_path = run->parent_path,
        .bytes_per_second = run->bytes_per_second,
        .progress = show_progress,
        .database_failed = tell_failed_database,
        .is_cancelled = is_cancelled,
        .context = run,
    };
    uint64_t started = clock_monotonic_ns();
    double seconds, rate;
    JET_ERR err = set_write(&config, &result);
    progress_end(&run->progress.bar);
    rate = megabytes_per_second(result.bytes_read, started, &seconds);
    FILE *out = run->to_stdout ? stderr : stdout;
    if (err < 0)
        run->status = tool_error(run->self, err, "%s%s", result.why, result.is_complete || run->to_stdout ? "" : " (--resume continues)");
    if (err >= 0 && value_of(run, OPTION_JSON) != NULL)
        report_json(run, &result, seconds, rate, out);
    else if (err >= 0)
        report_text(run, &result, seconds, rate, out);
    set_write_release(&result);
}

/* --- the command line --- */

/* A number of bytes, with K, M, G or T for powers of 1024. */
static bool parse_bytes(const char *text, uint64_t *out)
{
    char *end;
    static const char UNITS[] = "KMGT";
    if (!isdigit((unsigned char)text[0]))
        return false;
    double value = strtod(text, &end);
    const char *unit = *end != 0 ? strchr(UNITS, toupper((unsigned char)*end)) : NULL;
    if (*end != 0 && (unit == NULL || end[1] != 0))
        return false;
    for (const char *u = UNITS; unit != NULL && u <= unit; u++)
        value *= 1024;
    *out = (uint64_t)value;
    return value >= 1 && value < 1e18;
}

static int check_usage(struct backup_run *run)
{
    const struct command *self = run->self;
    static const enum backup_option KINDS[] = {OPTION_INCREMENTAL, OPTION_PAGES, OPTION_DIFFERENTIAL, OPTION_COPY};
    static const enum set_kind KIND_OF[] = {SET_KIND_INCREMENTAL, SET_KIND_PAGES, SET_KIND_DIFFERENTIAL, SET_KIND_COPY};
    unsigned kinds = 0;
    for (unsigned i = 0; i < 4; i++)
        if (value_of(run, KINDS[i]) != NULL) {
            run->kind = KIND_OF[i];
            kinds++;
        }
    const char *target = value_of(run, OPTION_OUTPUT), *level = value_of(run, OPTION_LEVEL), *rate = value_of(run, OPTION_RATE);
    run->to_stdout = value_of(run, OPTION_TO_STDOUT) != NULL || (target != NULL && strcmp(target, "-") == 0);
    if ((target == NULL) == (value_of(run, OPTION_TO_STDOUT) == NULL))
        return tool_usage(self, "needs one of -o SET and --to-stdout");
    if ((run->database_count == 0) == (value_of(run, OPTION_SOCKET) == NULL))
        return tool_usage(self, "needs at least one database, or --socket PATH");
    if (kinds > 1)
        return tool_usage(self, "takes one of --incremental, --incremental=pages, --differential and --copy");
    if (run->kind == SET_KIND_PAGES && value_of(run, OPTION_PARENT) == NULL)
        return tool_usage(self, "--incremental=pages needs --parent SET");
    if (!set_kind_has_images(run->kind) && value_of(run, OPTION_SOCKET) == NULL && value_of(run, OPTION_LOGS) == NULL)
        return tool_usage(self, "a backup of logs needs the log stream of the databases (--logs FOLDER, or --socket PATH)");
    if (value_of(run, OPTION_PARENT) != NULL && (run->kind == SET_KIND_FULL || run->kind == SET_KIND_COPY))
        return tool_usage(self, "a full backup has no parent");
    if (run->to_stdout && value_of(run, OPTION_RESUME) != NULL)
        return tool_usage(self, "an archive cannot be continued");
    if (run->to_stdout && isatty(STDOUT_FILENO))
        return tool_usage(self, "the archive is not for a terminal: redirect standard output");
    if (rate != NULL && !parse_bytes(rate, &run->bytes_per_second))
        return tool_usage(self, "--rate-limit takes bytes a second, such as 500K or 20M");
    run->level = level != NULL ? atoi(level) : DEFAULT_LEVEL;
    if (run->level < 1 || run->level > 19)
        return tool_usage(self, "--compress takes a level from 1 to 19");
    return EXIT_GOOD;
}

static void run_release(struct backup_run *run)
{
    if (run->source.release != NULL)
        run->source.release(run->source.context);
    set_output_close(run->output);
    close_instance(run);
    set_chain_release(&run->parents);
    if (run->spool != NULL)
        scratch_remove_folder(run->spool);
    mem_free(run->spool);
    mem_free(run->parent_path);
    mem_free(run->own_folder);
}

static int run_backup(const struct command *self, int argc, char **argv)
{
    struct option_spec options[OPTION_COUNT] = {
        [OPTION_OUTPUT] = {"output", 'o', true, NULL},           [OPTION_TO_STDOUT] = {"to-stdout", 0, false, NULL},
        [OPTION_INCREMENTAL] = {"incremental", 0, false, NULL},  [OPTION_PAGES] = {"incremental=pages", 0, false, NULL},
        [OPTION_DIFFERENTIAL] = {"differential", 0, false, NULL}, [OPTION_COPY] = {"copy", 0, false, NULL},
        [OPTION_PARENT] = {"parent", 0, true, NULL},             [OPTION_RATE] = {"rate-limit", 0, true, NULL},
        [OPTION_RESUME] = {"resume", 0, false, NULL},            [OPTION_LEVEL] = {"compress", 0, true, NULL},
        [OPTION_LOGS] = {"logs", 0, true, NULL},                 [OPTION_BASE] = {"base", 0, true, NULL},
        [OPTION_SOCKET] = {"socket", 0, true, NULL},             [OPTION_JSON] = {"json", 0, false, NULL},
    };
    struct backup_run run = {.self = self, .options = options, .databases = argv, .instance = JET_instanceNil};
    int status = EXIT_GOOD;
    if (!tool_options(self, argc, argv, options, OPTION_COUNT, &run.database_count, &status))
        return status;
    status = check_usage(&run);
    if (status != EXIT_GOOD)
        return status;
    catch_signals();
    run.base_name = value_of(&run, OPTION_BASE) != NULL ? value_of(&run, OPTION_BASE) : "edb";
    if (open_parent(&run) >= 0 && check_databases(&run) >= 0 && open_output(&run) >= 0) {
        if (open_source(&run) >= 0)
            write_set(&run);
        else if (!run.to_stdout)
            (void)tool_error(self, JET_errSuccess, "%s is begun: repeat the command with --resume, or remove it", value_of(&run, OPTION_OUTPUT));
    }
    run_release(&run);
    return run.status;
}

const struct command COMMAND_BACKUP = {
    "backup", "make a backup set: a folder, or one archive",
    "usage: ese backup DATABASE... -o SET [OPTIONS]\n"
    "       ese backup --socket PATH -o SET [OPTIONS]\n\n"
    "Streams databases and the log generations they need into the folder SET (which must be\n"
    "empty or absent), with a manifest. Databases given by name must not be in use; those of\n"
    "a running program are backed up through its control socket. With -o - the set goes to\n"
    "standard output as one zstd-compressed tar archive.\n\n"
    "  -o, --output SET          the backup set; - is standard output (also --to-stdout)\n"
    "      --incremental         only the logs since the last full or incremental backup\n"
    "      --incremental=pages   only the pages that changed since --parent, and logs\n"
    "      --differential        the logs since the last full backup; truncates nothing\n"
    "      --copy                a full set that leaves no trace: truncates nothing\n"
    "      --parent SET          the set that this one builds on (folder or archive)\n"
    "      --rate-limit BYTES    most bytes a second to read (500K, 20M, 1G)\n"
    "      --resume              continue an interrupted backup in SET\n"
    "      --compress LEVEL      of an archive, 1 to 19 (default 3)\n"
    "      --logs FOLDER         use the log stream there (and recover from it) instead of a\n"
    "                            stream made for this run\n"
    "      --base NAME           its base name (default edb)\n"
    "      --socket PATH         back up the databases of the program that serves PATH\n"
    "      --json                report as a JSON object\n"
    "  -h, --help                this text\n",
    run_backup,
};
