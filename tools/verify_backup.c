/* ese verify-backup: proves that a backup set, with the sets it builds on, can be restored (set/check.h). Writes nothing but unpacked manifests. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/path.h"
#include "set/archive.h"
#include "set/check.h"
#include "set/scratch.h"
#include "set/set.h"
#include "tool.h"
#include "visible.h"

enum { PIECE_BYTES = 1 << 20, WHY_SIZE = 600 };

struct verify_run {
    const struct command *self;
    bool is_json, is_quiet;
    struct set_checker *checker;
    struct file_progress progress;
    char file[256];
    uint64_t done, total; /* of the file */
};

static void finding_text(const struct set_finding *f)
{
    printf("%s: %s%s%s%s", f->is_error ? "error" : "note", VISIBLE(f->set), f->file[0] != 0 ? "/" : "", VISIBLE(f->file), f->set[0] != 0 ? ": " : "");
    if (f->page != 0)
        printf("page %u: ", f->page);
    print_visible(stdout, f->text);
    if (f->error != 0)
        printf(": %s (%d)", error_name(f->error), (int)f->error);
    putchar('\n');
}

static void finding_json(const struct set_finding *f)
{
    printf("{\"severity\":\"%s\",\"error\":%d,\"name\":", f->is_error ? "error" : "note", (int)f->error);
    print_json_string(stdout, f->error != 0 ? error_name(f->error) : "");
    printf(",\"set\":");
    print_json_string(stdout, f->set);
    printf(",\"file\":");
    print_json_string(stdout, f->file);
    printf(",\"page\":%u,\"text\":", f->page);
    print_json_string(stdout, f->text);
    printf("}\n");
}

static void show_finding(void *context, const struct set_finding *finding)
{
    struct verify_run *run = (struct verify_run *)context;
    if (run->is_quiet)
        return;
    progress_end(&run->progress.bar); /* the bar's line makes room */
    run->progress.bar.label = NULL;
    if (run->is_json)
        finding_json(finding);
    else
        finding_text(finding);
}

/* --- feeding the checker --- */

static JET_ERR begin_file(void *context, const char *name, uint64_t size)
{
    struct verify_run *run = (struct verify_run *)context;
    snprintf(run->file, sizeof run->file, "%s", name);
    run->done = 0;
    run->total = size;
    return set_checker_begin_file(run->checker, name, size);
}

static JET_ERR feed(void *context, const uint8_t *bytes, size_t size)
{
    struct verify_run *run = (struct verify_run *)context;
    run->done += size;
    file_progress_update(&run->progress, run->file, run->done, run->total);
    return set_checker_data(run->checker, bytes, size);
}

static JET_ERR end_file(void *context) { return set_checker_end_file(((struct verify_run *)context)->checker); }

/* What cannot be read is a finding; only memory ends the run. */
static JET_ERR feed_file(struct verify_run *run, const char *path, const char *name, uint8_t *buffer)
{
    JET_ERR err = JET_errSuccess, failure = JET_errSuccess;
    struct os_file *file = NULL;
    struct os_file_info info = {.size = 0};
    failure = os_file_open(os_fs_posix(), path, OS_OPEN_READ | OS_OPEN_NO_FOLLOW, &file);
    if (failure >= 0)
        failure = os_file_info(file, &info);
    TRY(begin_file(run, name, info.size));
    for (uint64_t at = 0; failure >= 0 && at < info.size;) {
        size_t piece = info.size - at < PIECE_BYTES ? (size_t)(info.size - at) : PIECE_BYTES;
        failure = os_file_read(file, at, buffer, piece);
        if (failure < 0)
            break;
        TRY(feed(run, buffer, piece));
        at += piece;
    }
    if (failure < 0)
        set_checker_report(run->checker, name, 0, failure, "cannot be read");
    TRY(end_file(run));
done:
    os_file_close(file);
    return err;
}

static JET_ERR feed_folder(struct verify_run *run, const char *folder)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL, *path = NULL;
    size_t count = 0;
    uint8_t *buffer = (uint8_t *)mem_alloc(PIECE_BYTES);
    if (buffer == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_dir_list(os_fs_posix(), folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        struct stat status;
        TRY(path_join(folder, names[i], &path));
        bool is_known = lstat(path, &status) == 0;
        if (is_known && S_ISREG(status.st_mode))
            TRY(feed_file(run, path, names[i], buffer));
        else if (!is_known || !S_ISDIR(status.st_mode))
            set_checker_report(run->checker, names[i], 0, JET_errFileAccessDenied, "is not a plain file");
        mem_free(path);
        path = NULL;
    }
done:
    os_dir_list_free(names, count);
    mem_free(path);
    mem_free(buffer);
    return err;
}

static JET_ERR feed_archive(struct verify_run *run, const char *path)
{
    struct archive_visitor visitor = {begin_file, feed, end_file, run};
    char why[WHY_SIZE];
    JET_ERR err = archive_read(path, &visitor, why, sizeof why);
    if (err < 0 && err != JET_errOutOfMemory) {
        set_checker_report(run->checker, "", 0, err, "%s", why);
        err = JET_errSuccess;
    }
    return err;
}

static JET_ERR verify_set(struct verify_run *run, const char *path, bool is_archive, bool is_alone)
{
    JET_ERR err = JET_errSuccess;
    set_checker_begin_set(run->checker, path, is_alone);
    TRY(is_archive ? feed_archive(run, path) : feed_folder(run, path));
    TRY(set_checker_end_set(run->checker));
done:
    return err;
}

static bool is_archive(const char *path)
{
    struct os_file_info info;
    return strcmp(path, "-") == 0 || (os_stat(os_fs_posix(), path, &info) >= 0 && !info.is_directory);
}

/* --- the chain --- */

/* Every set below the newest one, oldest first, then that. When they cannot be found, that is a finding, and the given ones are checked each for
 * itself. */
static JET_ERR verify_chain(struct verify_run *run, char **paths, int count)
{
    JET_ERR err = JET_errSuccess;
    struct set_chain chain;
    char why[WHY_SIZE] = "", *spool = NULL;
    TRY(scratch_make_folder(&spool));
    struct set_staging staging = {spool, 0, true, NULL, NULL};
    bool from_stdin = count == 1 && strcmp(paths[0], "-") == 0; /* can be read once only */
    JET_ERR failure = from_stdin ? JET_errSuccess : set_chain_open(paths, (size_t)count, &staging, &chain, why, sizeof why);
    if (from_stdin || failure < 0) {
        if (failure < 0)
            set_checker_report(run->checker, "", 0, failure, "%s", why);
        for (int i = 0; i < count; i++)
            if (strcmp(paths[i], "-") == 0 || os_exists(os_fs_posix(), paths[i])) /* the finding says it already */
                TRY(verify_set(run, paths[i], is_archive(paths[i]), true));
        goto done;
    }
    for (size_t i = 0; i < chain.count && err >= 0; i++)
        err = verify_set(run, chain.sets[i].label, chain.sets[i].is_ours, false);
    set_chain_release(&chain);
done:
    if (spool != NULL)
        scratch_remove_folder(spool);
    mem_free(spool);
    return err;
}

static void print_summary(const struct verify_run *run, const char *label, double seconds, double rate)
{
    const struct set_check_totals *t = set_checker_totals(run->checker);
    if (run->is_json) {
        printf("{\"set\":");
        print_json_string(stdout, label);
        printf(",\"good\":%s,\"errors\":%llu,\"sets\":%llu,\"databases\":%llu,\"logs\":%llu,\"first_generation\":%u,\"last_generation\":%u,\"pages\":%llu,"
               "\"segments\":%llu,\"files\":%llu,\"bytes\":%llu,\"seconds\":%.3f,\"mb_per_second\":%.1f}\n",
               t->errors == 0 ? "true" : "false", (unsigned long long)t->errors, (unsigned long long)t->sets, (unsigned long long)t->databases,
               (unsigned long long)t->logs, t->generation_low, t->generation_high, (unsigned long long)t->pages, (unsigned long long)t->segments,
               (unsigned long long)t->files, (unsigned long long)t->bytes, seconds, rate);
        return;
    }
    printf("%s: %llu set(s), %llu database(s) with %llu pages, %llu log(s) with %llu segments, generations %u to %u (%.1f MB/s)\n", VISIBLE(label),
           (unsigned long long)t->sets, (unsigned long long)t->databases, (unsigned long long)t->pages, (unsigned long long)t->logs,
           (unsigned long long)t->segments, t->generation_low, t->generation_high, rate);
    if (t->errors == 0)
        printf("%s: good\n", VISIBLE(label));
    else
        printf("%s: %llu error(s)\n", VISIBLE(label), (unsigned long long)t->errors);
}

static int run_verify_backup(const struct command *self, int argc, char **argv)
{
    struct option_spec options[] = {{"json", 0, false, NULL}, {"quiet", 'q', false, NULL}};
    struct verify_run run = {.self = self};
    int count, status = EXIT_GOOD;
    double seconds;
    uint64_t started = clock_monotonic_ns();
    if (!tool_options(self, argc, argv, options, 2, &count, &status))
        return status;
    if (count == 0)
        return tool_usage(self, "needs a backup set");
    run.is_json = options[0].value != NULL;
    run.is_quiet = options[1].value != NULL;
    JET_ERR err = set_checker_create(show_finding, &run, &run.checker);
    if (err >= 0)
        err = verify_chain(&run, argv, count);
    progress_end(&run.progress.bar);
    if (err < 0) {
        status = tool_error(self, err, "cannot verify %s", argv[count - 1]);
    } else {
        double rate = megabytes_per_second(set_checker_totals(run.checker)->bytes, started, &seconds);
        print_summary(&run, argv[count - 1], seconds, rate);
        status = set_checker_totals(run.checker)->errors == 0 ? EXIT_GOOD : EXIT_FINDINGS;
    }
    set_checker_destroy(run.checker);
    return status;
}

const struct command COMMAND_VERIFY_BACKUP = {
    "verify-backup", "prove that a backup set can be restored",
    "usage: ese verify-backup [OPTIONS] SET...\n\n"
    "Checks a backup set (folder or archive; - is standard input) without restoring it: the\n"
    "manifest and every hash in it, both header copies, the trailer, checksum and structure\n"
    "of every page, header and every segment of every log, the row of generations, and that\n"
    "it covers what each copy needs; then the same for the sets it builds on, and that they\n"
    "fit together. The newest set comes last; sets it builds on are found through its\n"
    "manifest. One line for each finding; exit status 0 when there is no error, 1 otherwise.\n"
    "Nothing is written to the sets.\n\n"
    "      --json       one JSON object per finding, and one for the whole\n"
    "  -q, --quiet      only the summary\n"
    "  -h, --help       this text\n",
    run_verify_backup,
};
