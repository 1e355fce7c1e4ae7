/* ese verify: the integrity check of a whole database (check/check.h), with a progress bar and one line a finding. */
#include <stdlib.h>
#include <string.h>

#include "open_database.h"
#include "parts.h"
#include "visible.h"

struct verify_run {
    bool is_json, is_quiet;
    struct progress progress;
};

static JET_ERR show_progress(void *context, uint64_t done, uint64_t total, const char *object)
{
    struct verify_run *run = (struct verify_run *)context;
    (void)object;
    run->progress.total = total != 0 ? total : 1;
    progress_update(&run->progress, done);
    return JET_errSuccess;
}

static const char *severity_name(enum check_severity severity)
{
    return severity == CHECK_ERROR ? "error" : severity == CHECK_WARNING ? "warning" : "note";
}

static void finding_text(const struct check_finding *f)
{
    printf("%s: ", severity_name(f->severity));
    if (f->page_no != 0)
        printf("page %u: ", f->page_no);
    if (f->table != NULL && f->table[0] != 0)
        printf("table %s%s%s: ", VISIBLE(f->table), f->object != NULL && f->object[0] != 0 ? ", " : "", VISIBLE(f->object));
    print_visible(stdout, f->text);
    if (f->error != 0)
        printf(": %s (%d)", error_name(f->error), (int)f->error);
    putchar('\n');
}

static void finding_json(const struct check_finding *f)
{
    printf("{\"severity\":\"%s\",\"error\":%d,\"name\":", severity_name(f->severity), (int)f->error);
    print_json_string(stdout, error_name(f->error));
    printf(",\"page\":%u,\"objid\":%u,\"table\":", f->page_no, f->objid);
    print_json_string(stdout, f->table != NULL ? f->table : "");
    printf(",\"object\":");
    print_json_string(stdout, f->object != NULL ? f->object : "");
    printf(",\"text\":");
    print_json_string(stdout, f->text);
    printf("}\n");
}

static void show_finding(void *context, const struct check_finding *finding)
{
    struct verify_run *run = (struct verify_run *)context;
    if (run->is_quiet)
        return;
    bool was_shown = run->progress.is_shown;
    progress_end(&run->progress); /* the bar's line makes room */
    run->progress.is_shown = was_shown;
    if (run->is_json)
        finding_json(finding);
    else
        finding_text(finding);
}

static void verdict_text(const char *path, const struct check_report *r)
{
    if (r->errors == 0 && r->warnings == 0)
        printf("%s: good\n", VISIBLE(path));
    else
        printf("%s: %u error(s), %u warning(s)\n", VISIBLE(path), r->errors, r->warnings);
}

static void summary_text(const char *path, const struct check_report *r)
{
    printf("%s: %llu pages (%llu in use, %llu free, %llu never written, %llu bad), %u tables, %llu records, %u indexes with %llu entries "
           "(%u compared with the rows, %u counted), %llu long values\n",
           VISIBLE(path), (unsigned long long)r->pages, (unsigned long long)r->pages_used, (unsigned long long)r->pages_available,
           (unsigned long long)r->pages_blank, (unsigned long long)r->pages_bad, r->tables, (unsigned long long)r->records, r->indexes,
           (unsigned long long)r->index_entries, r->indexes_compared, r->indexes_counted, (unsigned long long)r->long_values);
    verdict_text(path, r);
}

static void pages_text(const char *path, const struct check_report *r)
{
    printf("%s: %llu pages (%llu never written, %llu bad)\n", VISIBLE(path), (unsigned long long)r->pages, (unsigned long long)r->pages_blank, (unsigned long long)r->pages_bad);
    verdict_text(path, r);
}

static void summary_json(const char *path, const struct check_report *r)
{
    printf("{\"file\":");
    print_json_string(stdout, path);
    printf(",\"good\":%s,\"errors\":%u,\"warnings\":%u,\"notes\":%u,\"pages\":%llu,\"pages_used\":%llu,\"pages_available\":%llu,\"pages_blank\":%llu,"
           "\"pages_bad\":%llu,\"tables\":%u,\"records\":%llu,\"indexes\":%u,\"index_entries\":%llu,\"indexes_compared\":%u,\"indexes_counted\":%u,"
           "\"long_values\":%llu}\n",
           r->errors == 0 ? "true" : "false", r->errors, r->warnings, r->notes, (unsigned long long)r->pages, (unsigned long long)r->pages_used,
           (unsigned long long)r->pages_available, (unsigned long long)r->pages_blank, (unsigned long long)r->pages_bad, r->tables,
           (unsigned long long)r->records, r->indexes, (unsigned long long)r->index_entries, r->indexes_compared, r->indexes_counted,
           (unsigned long long)r->long_values);
}

static const struct cache_observer SILENT; /* the check's own findings name the pages */

static JET_ERR check_opened(struct tool_database *db, const struct check_options *options, struct verify_run *run, struct check_report *out)
{
    struct check_callbacks callbacks = {show_progress, show_finding, run};
    progress_start(&run->progress, "verifying", 1);
    JET_ERR err = check_database(db->database, options, &callbacks, out);
    progress_end(&run->progress);
    tool_database_close(db);
    return err;
}

JET_ERR verify_database(const struct command *self, const char *path, const struct check_options *options, struct check_report *out)
{
    struct tool_database db;
    struct verify_run run = {.is_json = false};
    JET_ERR err = tool_database_try(self, path, 0, &SILENT, &db);
    if (err >= 0)
        err = check_opened(&db, options, &run, out);
    if (err >= 0 && options->only_pages)
        pages_text(path, out);
    else if (err >= 0)
        summary_text(path, out);
    return err;
}

static int verify_file(const struct command *self, const char *path, uint64_t cache_bytes, struct verify_run *run, const struct collation_table *weights)
{
    struct tool_database db;
    struct check_report report;
    struct check_options options = {.weights = weights};
    int status = tool_database_open(self, path, cache_bytes, &SILENT, &db);
    if (status != EXIT_GOOD)
        return status;
    JET_ERR err = check_opened(&db, &options, run, &report);
    if (err < 0)
        return tool_error(self, err, "cannot verify %s", path);
    if (run->is_json)
        summary_json(path, &report);
    else
        summary_text(path, &report);
    return report.errors == 0 ? EXIT_GOOD : EXIT_FINDINGS;
}

static int run_verify(const struct command *self, int argc, char **argv)
{
    struct option_spec options[] = {{"json", 0, false, NULL}, {"quiet", 'q', false, NULL}, {"cache", 0, true, NULL}};
    struct collation_table *weights = NULL;
    int count, status = EXIT_GOOD;
    uint64_t cache_bytes;
    if (!tool_options(self, argc, argv, options, 3, &count, &status))
        return status;
    if (count == 0)
        return tool_usage(self, "needs a database");
    if (!tool_cache_bytes(options[2].value, &cache_bytes))
        return tool_usage(self, "--cache takes MiB from 1 to 65536");
    if (collation_table_find(os_fs_posix(), &weights) < 0)
        weights = NULL; /* Unicode indexes are then counted only */
    for (int i = 0; i < count; i++) {
        struct verify_run run = {.is_json = options[0].value != NULL, .is_quiet = options[1].value != NULL};
        int result = verify_file(self, argv[i], cache_bytes, &run, weights);
        if (result != EXIT_GOOD)
            status = result;
    }
    collation_table_close(weights);
    return status;
}

const struct command COMMAND_VERIFY = {
    "verify", "check every page, tree, extent, long value and index",
    "usage: ese verify [OPTIONS] DATABASE...\n\n"
    "Reads every page (checksum and structure), walks every tree, accounts for every page of\n"
    "the file, assembles every long value, and rebuilds every index from the rows and\n"
    "compares. One line for each finding; exit status 0 when there is no error, 1 otherwise.\n"
    "Opens read-only; a database that was not closed cleanly is checked as it stands.\n"
    "Unicode indexes are compared where what made them is installed: Windows' sorting weights\n"
    "(Debian package libwine) or, without these, ICU; otherwise counted.\n\n"
    "      --json       one JSON object per finding, and one for the whole file\n"
    "  -q, --quiet      only the summary\n"
    "      --cache MIB  page cache (default 32)\n"
    "  -h, --help       this text\n",
    run_verify,
};
