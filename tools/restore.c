/* ese restore: brings databases back from a chain of backup sets.
 *
 * The plan comes first: which sets, which files of them, which generations, to what moment; --dry-run prints it and stops. Then the databases
 * are put together in the target (set/assemble.h), all logs are gathered in one hidden folder there, and JetExternalRestore replays them. The sets
 * are only read. What the run made is taken away again when it fails. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "esent_ext.h"
#include "log/log_files.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/path.h"
#include "set/assemble.h"
#include "set/scratch.h"
#include "time_text.h"
#include "tool.h"
#include "visible.h"

enum { DATABASES_MAX = 14 /* of a restore map */, WHY_SIZE = 600 };

enum restore_option {
    OPTION_OUTPUT, OPTION_DRY_RUN, OPTION_TO_TIME, OPTION_TO_GENERATION, OPTION_LOGS, OPTION_DATABASE, OPTION_COUNT = OPTION_DATABASE + DATABASES_MAX
};

/* One database to restore. */
struct wanted {
    const struct set_database *database; /* of the chain's last images */
    char name[256];
    char *target;
    bool is_placed;
};

/* Logs behind the sets, to roll forward. */
struct newer_logs {
    uint32_t last;    /* archives from the chain's end to here; 0 = none */
    bool has_current; /* <base>.log follows them */
    const char *extension;
};

struct restore_run {
    const struct command *self;
    struct option_spec *options;
    const char *target;
    char *work; /* hidden folder in the target: unpacked archives, logs */
    bool was_empty; /* everything in the target is ours */
    struct set_chain chain;
    struct wanted wanted[DATABASES_MAX];
    uint32_t wanted_count;
    struct newer_logs newer;
    int64_t stop_time;
    uint32_t stop_generation;
    uint64_t bytes;
    struct file_progress progress;
    JETX_RESTORERESULT reached;
};

static const char *value_of(const struct restore_run *run, unsigned option) { return run->options[option].value; }
static const struct set_manifest *last_images(const struct restore_run *run) { return &run->chain.sets[run->chain.last_image].manifest; }

/* --- what is wanted --- */

static bool is_named(const struct set_database *d, const char *name, const char *wanted)
{
    return strcmp(wanted, name) == 0 || strcmp(wanted, d->original_path) == 0 || strcmp(wanted, path_foreign_file_name(d->original_path)) == 0;
}

static int choose_databases(struct restore_run *run)
{
    const struct set_manifest *m = last_images(run);
    bool is_used[DATABASES_MAX] = {false};
    for (size_t i = 0; i < m->database_count; i++) {
        struct wanted w = {.database = &m->databases[i]};
        bool is_wanted = value_of(run, OPTION_DATABASE) == NULL;
        set_database_name(w.database, w.name);
        for (unsigned k = 0; k < DATABASES_MAX && value_of(run, OPTION_DATABASE + k) != NULL; k++)
            if (is_named(w.database, w.name, value_of(run, OPTION_DATABASE + k)))
                is_wanted = is_used[k] = true;
        if (!is_wanted)
            continue;
        if (run->wanted_count == DATABASES_MAX)
            return tool_error(run->self, JET_errTooManyAttachedDatabases, "more than %d databases: choose with --database", DATABASES_MAX);
        if (path_join(run->target, w.name, &w.target) < 0)
            return tool_error(run->self, JET_errOutOfMemory, "cannot plan");
        run->wanted[run->wanted_count++] = w;
    }
    for (unsigned k = 0; k < DATABASES_MAX && value_of(run, OPTION_DATABASE + k) != NULL; k++)
        if (!is_used[k])
            return tool_error(run->self, JET_errDatabaseNotFound, "%s holds no database %s", run->chain.sets[run->chain.last_image].label,
                              value_of(run, OPTION_DATABASE + k));
    return EXIT_GOOD;
}

/* The archives of --logs that follow the sets, and the current log when it follows those. */
static int find_newer_logs(struct restore_run *run)
{
    const char *folder = value_of(run, OPTION_LOGS), *base = last_images(run)->base_name;
    struct log_listing listing;
    struct log_header header;
    char *path = NULL;
    uint32_t next = set_chain_high(&run->chain) + 1;
    if (folder == NULL)
        return EXIT_GOOD;
    JET_ERR err = log_list(os_fs_posix(), folder, base, true, &listing);
    if (err < 0)
        return tool_error(run->self, err, "cannot read %s", folder);
    run->newer.extension = listing.extension;
    for (; next <= listing.last; next++) {
        err = log_file_path(folder, base, next, listing.extension, os_fs_posix(), &path);
        bool is_there = err >= 0 && os_exists(os_fs_posix(), path);
        mem_free(path);
        if (!is_there)
            return tool_error(run->self, JET_errFileNotFound, "generation %u is neither in the sets nor in %s", next, folder);
        run->newer.last = next;
    }
    path = NULL;
    if (listing.has_current && log_named_path(folder, base, "", listing.extension, &path) >= 0 && log_header_read(os_fs_posix(), path, &header) >= 0)
        run->newer.has_current = header.generation == next;
    mem_free(path);
    if (run->newer.last == 0 && !run->newer.has_current)
        return tool_error(run->self, JET_errFileNotFound, "%s holds no logs that follow generation %u", folder, next - 1);
    return EXIT_GOOD;
}

/* --- the plan in words --- */

/* When the last segment of a generation was written; "" when that cannot be told. */
static const char *end_of_generation(const struct set *set, const struct set_log *log, char *text, size_t size)
{
    struct log_generation generation;
    char *path = NULL;
    text[0] = 0;
    if (path_join(set->folder, log->file.name, &path) >= 0 && log_generation_read(os_fs_posix(), path, &generation) >= 0) {
        struct log_time written;
        memcpy(written.bytes, generation.image + (size_t)generation.scan.last_segment * LOG_SEGMENT_SIZE + 16, LOG_TIME_SIZE);
        if (generation.scan.last_segment != 0)
            log_time_format(written, text, size);
        log_generation_release(&generation);
    }
    mem_free(path);
    return text;
}

static void print_sets(const struct restore_run *run)
{
    char time_text[32];
    for (size_t i = 0; i < run->chain.count; i++) {
        const struct set *s = &run->chain.sets[i];
        const struct set_manifest *m = &s->manifest;
        printf("set         %s: %s, generations %u to %u", VISIBLE(s->label), s->has_manifest ? set_kind_name(m->kind) : "without manifest", m->generation_low,
               m->generation_high);
        if (s->has_manifest)
            printf(", ended %s, id %s", set_time_format(m->ended, time_text), VISIBLE(m->id));
        putchar('\n');
    }
}

static void print_databases(const struct restore_run *run)
{
    for (uint32_t i = 0; i < run->wanted_count; i++) {
        const struct wanted *w = &run->wanted[i];
        size_t bottom = run->chain.last_image;
        char size_text[32];
        while (bottom > 0 && run->chain.sets[bottom].manifest.kind == SET_KIND_PAGES)
            bottom--;
        printf("database    %s (%s, was %s) from", VISIBLE(w->target), format_bytes(w->database->image_size, size_text), VISIBLE(w->database->original_path));
        for (size_t k = bottom; k <= run->chain.last_image; k++) {
            const struct set *s = &run->chain.sets[k];
            const struct set_database *d = manifest_find_database(&s->manifest, &w->database->signature);
            printf("%s %s/%s", k == bottom ? "" : " +", VISIBLE(s->label), VISIBLE(d != NULL ? d->file.name : w->name));
        }
        putchar('\n');
    }
}

static void print_logs(const struct restore_run *run)
{
    uint32_t from = set_chain_low(&run->chain), high = set_chain_high(&run->chain);
    while (from <= high) {
        const struct set *set = NULL, *other = NULL;
        const struct set_log *log = set_chain_log(&run->chain, from, &set);
        uint32_t to = from;
        while (to < high && (set_chain_log(&run->chain, to + 1, &other) != NULL) == (log != NULL) && (log == NULL || other == set))
            to++;
        printf("%s %u to %u%s%s\n", log != NULL ? "generations" : "missing:   ", from, to, log != NULL ? " from " : "", VISIBLE(log != NULL ? set->label : ""));
        from = to + 1;
    }
    if (run->newer.last != 0)
        printf("generations %u to %u from %s\n", high + 1, run->newer.last, VISIBLE(value_of(run, OPTION_LOGS)));
    if (run->newer.has_current)
        printf("generation  %u (current log) from %s\n", (run->newer.last != 0 ? run->newer.last : high) + 1, VISIBLE(value_of(run, OPTION_LOGS)));
}

static void print_moment(const struct restore_run *run)
{
    char text[64];
    const struct set *set = NULL;
    uint32_t high = set_chain_high(&run->chain);
    const struct set_log *log = set_chain_log(&run->chain, high, &set);
    if (run->stop_time != 0)
        printf("until       %s: transactions not committed by then are rolled back\n", set_time_format(run->stop_time, text));
    else if (run->stop_generation != 0)
        printf("until       the end of generation %u\n", run->stop_generation);
    else if (value_of(run, OPTION_LOGS) != NULL)
        printf("until       the last commit in %s\n", VISIBLE(value_of(run, OPTION_LOGS)));
    else if (log != NULL && end_of_generation(set, log, text, sizeof text)[0] != 0)
        printf("until       %s, the end of generation %u\n", text, high);
    else
        printf("until       the end of generation %u\n", high);
}

/* --- doing it --- */

static JET_ERR place_databases(struct restore_run *run, char *why, size_t why_size)
{
    JET_ERR err = JET_errSuccess;
    struct assemble_progress progress = {file_progress_update, &run->progress};
    for (uint32_t i = 0; i < run->wanted_count; i++) {
        struct wanted *w = &run->wanted[i];
        TRY(assemble_database(&run->chain, w->database, w->target, &progress, &run->bytes, why, why_size));
        w->is_placed = true;
    }
done:
    return err;
}

static JET_ERR copy_newer(struct restore_run *run, char *path)
{
    char *to = NULL;
    JET_ERR err = path_join(run->target, path_file_name(path), &to);
    if (err >= 0)
        err = assemble_copy(path, to, NULL, NULL, &run->bytes);
    mem_free(to);
    mem_free(path);
    return err;
}

/* The replay looks for generations behind those of the sets in its own log folder, the target. */
static JET_ERR place_newer_logs(struct restore_run *run)
{
    JET_ERR err = JET_errSuccess;
    const char *folder = value_of(run, OPTION_LOGS), *base = last_images(run)->base_name;
    char *path = NULL;
    for (uint32_t g = set_chain_high(&run->chain) + 1; g <= run->newer.last; g++) {
        TRY(log_file_path(folder, base, g, run->newer.extension, os_fs_posix(), &path));
        TRY(copy_newer(run, path));
    }
    if (run->newer.has_current) {
        TRY(log_named_path(folder, base, "", run->newer.extension, &path));
        TRY(copy_newer(run, path));
    }
done:
    return err;
}

static struct progress replay_progress;

static JET_ERR show_replay(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session;
    if (snp == JET_snpRestore && snt == JET_sntProgress && data != NULL)
        progress_update(&replay_progress, ((const JET_SNPROG *)data)->cunitDone);
    return JET_errSuccess;
}

static JET_ERR replay(struct restore_run *run, const char *logs)
{
    JET_RSTMAP map[DATABASES_MAX];
    JET_LOGINFO info = {.cbSize = sizeof info, .ulGenLow = set_chain_low(&run->chain), .ulGenHigh = set_chain_high(&run->chain)};
    memset(map, 0, sizeof map);
    memcpy(info.szBaseName, last_images(run)->base_name, 4);
    for (uint32_t i = 0; i < run->wanted_count; i++)
        map[i] = (JET_RSTMAP){.szDatabaseName = run->wanted[i].database->original_path, .szNewDatabaseName = run->wanted[i].target};
    progress_start(&replay_progress, "replaying logs", 100);
    JETX_RESTOREOPTIONS options = {.cbSize = sizeof options, .ulGenStop = run->stop_generation, .timeStop = run->stop_time};
    run->reached = (JETX_RESTORERESULT){.cbSize = sizeof run->reached};
    JET_ERR err = JetxExternalRestore(run->target, run->target, map, (int32_t)run->wanted_count, logs, &info, &options, &run->reached, show_replay);
    progress_end(&replay_progress);
    return err;
}

/* A failed restore leaves nothing behind that another try would stumble over. */
static void take_back(struct restore_run *run)
{
    if (run->was_empty)
        scratch_empty(run->target);
    for (uint32_t i = 0; i < run->wanted_count; i++)
        if (run->wanted[i].is_placed)
            scratch_remove(run->wanted[i].target);
}

static int carry_out(struct restore_run *run)
{
    JET_ERR err = JET_errSuccess;
    char why[WHY_SIZE] = "", *logs = NULL;
    TRY(path_join(run->work, "logs", &logs));
    TRY(assemble_logs(&run->chain, logs, why, sizeof why));
    TRY(place_databases(run, why, sizeof why));
    TRY(place_newer_logs(run));
    TRY(replay(run, logs));
done:
    progress_end(&run->progress.bar);
    if (err < 0)
        take_back(run);
    if (logs != NULL)
        scratch_remove_folder(logs);
    mem_free(logs);
    return err < 0 ? tool_error(run->self, err, "%s", why[0] != 0 ? why : "cannot restore") : EXIT_GOOD;
}

static void report(const struct restore_run *run, uint64_t started)
{
    double seconds, rate = megabytes_per_second(run->bytes, started, &seconds);
    char text[32];
    uint32_t high = run->reached.ulGenReached != 0 ? run->reached.ulGenReached
                    : run->newer.has_current       ? (run->newer.last != 0 ? run->newer.last : set_chain_high(&run->chain)) + 1
                    : run->newer.last != 0         ? run->newer.last
                                                   : set_chain_high(&run->chain);
    printf("%u database(s) restored to %s (generations %u to %u) in %.1f s (%.1f MB/s)\n", run->wanted_count, VISIBLE(run->target), set_chain_low(&run->chain), high,
           seconds, rate);
    if (run->reached.timeReached != 0)
        printf("last record replayed: %s\n", set_time_format(run->reached.timeReached, text));
}

/* --- the command line --- */

static int check_usage(struct restore_run *run, int count)
{
    const char *generation = value_of(run, OPTION_TO_GENERATION), *moment = value_of(run, OPTION_TO_TIME);
    char *end;
    if (count == 0 || (run->target == NULL && value_of(run, OPTION_DRY_RUN) == NULL))
        return tool_usage(run->self, "needs a backup set and -o TARGET");
    if (moment != NULL && (!time_text_parse(moment, &run->stop_time) || run->stop_time <= 0))
        return tool_usage(run->self, "--to-time takes a time such as \"2026-11-21 14:30:00\", with Z or +01:00 behind it for other zones");
    if (generation != NULL) {
        unsigned long value = strtoul(generation, &end, 0);
        if (end == generation || *end != 0 || value == 0 || value > INT32_MAX)
            return tool_usage(run->self, "--to-generation takes the number of a log generation");
        run->stop_generation = (uint32_t)value;
    }
    if (run->target == NULL)
        run->target = "TARGET"; /* of a dry run: only printed */
    return EXIT_GOOD;
}

/* The hidden folder, and whether everything else in the target will be ours. A dry run works outside of the target. */
static int prepare_target(struct restore_run *run)
{
    char **names = NULL, name[64];
    size_t count = 0;
    JET_ERR err = JET_errSuccess;
    if (value_of(run, OPTION_DRY_RUN) != NULL) {
        TRY(scratch_make_folder(&run->work));
        goto done;
    }
    TRY(os_dir_create(os_fs_posix(), run->target));
    TRY(os_dir_list(os_fs_posix(), run->target, &names, &count));
    run->was_empty = count == 0;
    snprintf(name, sizeof name, ".restore-%ld-%08x", (long)getpid(), random_u32());
    TRY(path_join(run->target, name, &run->work));
    TRY(os_dir_create(os_fs_posix(), run->work));
done:
    os_dir_list_free(names, count);
    return err < 0 ? tool_error(run->self, err, "cannot use folder %s", run->target) : EXIT_GOOD;
}

static int plan(struct restore_run *run, char **sets, int count)
{
    char why[WHY_SIZE] = "";
    struct set_staging staging = {run->work, 0, value_of(run, OPTION_DRY_RUN) != NULL, file_progress_update, &run->progress};
    JET_ERR err = set_chain_open(sets, (size_t)count, &staging, &run->chain, why, sizeof why);
    progress_end(&run->progress.bar);
    if (err < 0)
        return tool_error(run->self, err, "%s", why);
    int status = choose_databases(run);
    return status != EXIT_GOOD ? status : find_newer_logs(run);
}

static int run_restore(const struct command *self, int argc, char **argv)
{
    struct option_spec options[OPTION_COUNT] = {
        [OPTION_OUTPUT] = {"output", 'o', true, NULL},
        [OPTION_DRY_RUN] = {"dry-run", 'n', false, NULL},
        [OPTION_TO_TIME] = {"to-time", 0, true, NULL},
        [OPTION_TO_GENERATION] = {"to-generation", 0, true, NULL},
        [OPTION_LOGS] = {"logs", 0, true, NULL},
    };
    struct restore_run run = {.self = self, .options = options};
    int count, status = EXIT_GOOD;
    uint64_t started = clock_monotonic_ns();
    for (unsigned k = 0; k < DATABASES_MAX; k++)
        options[OPTION_DATABASE + k] = (struct option_spec){"database", 'd', true, NULL};
    if (!tool_options(self, argc, argv, options, OPTION_COUNT, &count, &status))
        return status;
    run.target = options[OPTION_OUTPUT].value;
    status = check_usage(&run, count);
    if (status != EXIT_GOOD)
        return status;
    bool is_dry = options[OPTION_DRY_RUN].value != NULL;
    status = prepare_target(&run);
    if (status == EXIT_GOOD)
        status = plan(&run, argv, count);
    if (status == EXIT_GOOD && is_dry) {
        print_sets(&run);
        print_databases(&run);
        print_logs(&run);
        print_moment(&run);
    } else if (status == EXIT_GOOD) {
        status = carry_out(&run);
        if (status == EXIT_GOOD)
            report(&run, started);
    }
    set_chain_release(&run.chain);
    if (run.work != NULL)
        scratch_remove_folder(run.work);
    for (uint32_t i = 0; i < run.wanted_count; i++)
        mem_free(run.wanted[i].target);
    mem_free(run.work);
    return status;
}

const struct command COMMAND_RESTORE = {
    "restore", "bring databases back from backup sets",
    "usage: ese restore SET... -o TARGET [OPTIONS]\n\n"
    "Puts the databases of the backup set SET together in TARGET, replays the log generations\n"
    "of the sets on them and leaves them clean, ready to attach. Sets are folders or archives\n"
    "(- is standard input) and are only read. The newest set comes last; sets it builds on are\n"
    "found through its manifest when they are not given. TARGET gets the databases, a new log\n"
    "and a checkpoint.\n\n"
    "  -o, --output TARGET     where to restore; created if absent; existing databases there\n"
    "                          are never overwritten\n"
    "  -d, --database NAME     only this database (file name or original path); repeatable\n"
    "      --logs FOLDER       go on with the newer logs there\n"
    "      --to-time TIME      stop at a moment: \"2026-11-21 14:30:00\" is local time, Z or\n"
    "                          +01:00 behind it names a zone, @SECONDS counts from 1970 UTC\n"
    "      --to-generation N   stop at the end of log generation N\n"
    "  -n, --dry-run           only print the plan: sets, files, generations, moment\n"
    "  -h, --help              this text\n",
    run_restore,
};
