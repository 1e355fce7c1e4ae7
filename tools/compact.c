/* ese compact: JetCompact of a database file that nobody has open. */
#include <inttypes.h>

#include "os/clock.h"
#include "parts.h"
#include "plain_instance.h"
#include "visible.h"

enum compact_option { OPTION_JSON, OPTION_STATISTICS, OPTION_COUNT };

struct compact_run {
    const struct command *self;
    const char *source, *target;
    JET_GRBIT grbit;
    JET_INSTANCE instance;
    JET_SESID session;
};

/* The callback has no context argument: one copy runs in this program. */
static struct progress bar;

static JET_ERR JET_API show_status(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *data)
{
    const JET_SNPROG *progress = data;
    (void)sesid;
    if (snp == JET_snpCompact && snt == JET_sntProgress) {
        bar.total = progress->cunitTotal != 0 ? progress->cunitTotal : 1;
        progress_update(&bar, progress->cunitDone);
    }
    return JET_errSuccess;
}

static JET_ERR file_size(const char *path, uint64_t *bytes) { return JetGetDatabaseFileInfoA(path, bytes, sizeof *bytes, JET_DbInfoFilesize); }

/* The source is only read, the copy is complete or not there. */
static JET_ERR start_instance(struct compact_run *run)
{
    JET_ERR err = JET_errSuccess;
    uint32_t page_size = 0;
    TRY(JetGetDatabaseFileInfoA(run->source, &page_size, sizeof page_size, JET_DbInfoPageSize));
    err = plain_instance_start("ese compact", run->target, page_size, &run->instance, &run->session);
done:
    return err;
}

static int report(const struct compact_run *run, bool is_json, uint64_t begun_ns)
{
    uint64_t before = 0, after = 0;
    double seconds;
    char text[2][32];
    JET_ERR err = file_size(run->source, &before);
    if (err >= 0)
        err = file_size(run->target, &after);
    if (err < 0)
        return tool_error(run->self, err, "cannot read the size of %s", run->target);
    megabytes_per_second(before, begun_ns, &seconds);
    if (is_json) {
        printf("{\"source\":");
        print_json_string(stdout, run->source);
        printf(",\"target\":");
        print_json_string(stdout, run->target);
        printf(",\"bytes_before\":%" PRIu64 ",\"bytes_after\":%" PRIu64 ",\"seconds\":%.3f}\n", before, after, seconds);
    } else {
        printf("%s: %s, was %s (%.1f s)\n", VISIBLE(run->target), format_bytes(after, text[0]), format_bytes(before, text[1]), seconds);
    }
    return EXIT_GOOD;
}

static JET_ERR open_source(struct compact_run *run)
{
    JET_ERR err = start_instance(run);
    return err < 0 ? err : JetAttachDatabaseA(run->session, run->source, JET_bitDbReadOnly);
}

static JET_ERR copy_tables(const struct compact_run *run)
{
    progress_start(&bar, "compacting", 1);
    JET_ERR err = JetCompactA(run->session, run->source, run->target, show_status, NULL, run->grbit);
    progress_end(&bar);
    return err;
}

/* After any part of open_source. */
static JET_ERR close_source(const struct compact_run *run)
{
    if (run->session != JET_sesidNil)
        (void)JetDetachDatabaseA(run->session, run->source);
    return run->instance != JET_instanceNil ? JetTerm(run->instance) : JET_errSuccess;
}

JET_ERR compact_database(const char *source, const char *target)
{
    struct compact_run run = {.source = source, .target = target, .instance = JET_instanceNil, .session = JET_sesidNil};
    JET_ERR err = open_source(&run);
    if (err >= 0)
        err = copy_tables(&run);
    JET_ERR end = close_source(&run);
    return err < 0 ? err : end;
}

static int compact_file(struct compact_run *run, bool is_json)
{
    uint64_t begun_ns = clock_monotonic_ns();
    int status = EXIT_GOOD;
    JET_ERR err = open_source(run);
    if (err < 0) {
        status = tool_error(run->self, err, "cannot open %s%s", run->source, tool_path_hint(err, run->source, false));
        goto done;
    }
    err = copy_tables(run);
    status = err < 0 ? tool_error(run->self, err, "cannot compact %s into %s", run->source, run->target) : report(run, is_json, begun_ns);
done:
    if (close_source(run) < 0 && status == EXIT_GOOD)
        status = tool_error(run->self, JET_errSuccess, "the end was not clean");
    return status;
}

static int run_compact(const struct command *self, int argc, char **argv)
{
    struct option_spec options[OPTION_COUNT] = {{"json", 0, false, NULL}, {"statistics", 0, false, NULL}};
    int count, status = EXIT_GOOD;
    if (!tool_options(self, argc, argv, options, OPTION_COUNT, &count, &status))
        return status;
    if (count != 2)
        return tool_usage(self, "needs a database and the name of the copy");
    struct compact_run run = {.self = self, .source = argv[0], .target = argv[1], .instance = JET_instanceNil, .session = JET_sesidNil,
                              .grbit = options[OPTION_STATISTICS].value != NULL ? (JET_GRBIT)JET_bitCompactStats : 0};
    return compact_file(&run, options[OPTION_JSON].value != NULL);
}

const struct command COMMAND_COMPACT = {
    "compact", "copy a database without its free space",
    "usage: ese compact [OPTIONS] DATABASE COPY\n\n"
    "Writes all tables of a cleanly closed database that no program has open into a new file:\n"
    "each tree in one piece, its pages as full as the densities of tables and indexes allow.\n"
    "The database itself is only read. COPY must not exist.\n\n"
    "      --json        one JSON object instead of a line\n"
    "      --statistics  also write DFRGINFO.TXT, a line for each table\n"
    "  -h, --help        this text\n",
    run_compact,
};
