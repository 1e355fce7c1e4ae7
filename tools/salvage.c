/* ese salvage: what can still be read of a damaged database, in a new one (engine/repair.h). esentutl /p is made of it too. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/repair.h"
#include "format/db_header.h"
#include "os/path.h"
#include "parts.h"
#include "plain_instance.h"
#include "visible.h"

enum salvage_option { OPTION_JSON, OPTION_REPORT, OPTION_TRUST, OPTION_COUNT };

struct salvage_run {
    FILE *out;                /* where pages and tables are listed; NULL: nowhere */
    bool is_json;
    struct progress bar;
    JET_INSTANCE instance;
    JET_SESID session;
};

/* --- telling --- */

static JET_ERR show_progress(void *context, uint32_t done, uint32_t total)
{
    struct salvage_run *run = context;
    run->bar.total = total != 0 ? total : 1;
    progress_update(&run->bar, done);
    return JET_errSuccess;
}

/* Makes room for lines where the bar stands. */
static void begin_lines(struct salvage_run *run)
{
    bool was_shown = run->bar.is_shown;
    if (run->out != stdout)
        return;
    progress_end(&run->bar);
    run->bar.is_shown = was_shown;
}

static void show_page(void *context, const struct repair_page *page)
{
    struct salvage_run *run = context;
    const char *table = page->table != NULL ? page->table : "";
    if (run->out == NULL)
        return;
    begin_lines(run);
    if (run->is_json) {
        fprintf(run->out, "{\"page\":%u,\"error\":%d,\"name\":", page->page_no, (int)page->error);
        print_json_string(run->out, error_name(page->error));
        fprintf(run->out, ",\"table\":");
        print_json_string(run->out, table);
        fprintf(run->out, "}\n");
        return;
    }
    fprintf(run->out, "page %u%s%s: %s (%d)\n", page->page_no, *table != 0 ? ", table " : " (in no table)", VISIBLE(table), error_name(page->error), (int)page->error);
}

static void show_table(void *context, const struct repair_table *t)
{
    struct salvage_run *run = context;
    if (run->out == NULL)
        return;
    begin_lines(run);
    if (run->is_json) {
        fprintf(run->out, "{\"table\":");
        print_json_string(run->out, t->name);
        fprintf(run->out,
                ",\"objid\":%u,\"error\":%d,\"rows\":%" PRIu64 ",\"rows_lost\":%" PRIu64 ",\"rows_in_conflict\":%" PRIu64 ",\"pages_lost\":%u,\"pages_stray\":%u,\"long_values\":%" PRIu64
                ",\"long_values_lost\":%" PRIu64 ",\"columns_nulled\":%" PRIu64 ",\"columns_lost\":%u,\"indexes_rebuilt\":%u,\"indexes_copied\":%u,\"indexes_lost\":%u}\n",
                t->objid, (int)t->error, t->rows, t->rows_lost, t->rows_in_conflict, t->pages_lost, t->pages_stray, t->long_values, t->long_values_lost, t->columns_nulled, t->columns_lost, t->indexes,
                t->indexes_copied, t->indexes_lost);
        return;
    }
    if (t->error < 0) {
        fprintf(run->out, "table %s (object %u): lost: %s (%d), %" PRIu64 " rows on %u pages\n", *t->name != 0 ? VISIBLE(t->name) : "?", t->objid, error_name(t->error), (int)t->error,
                t->rows_lost, t->pages_stray);
        return;
    }
    fprintf(run->out, "table %s: %" PRIu64 " rows, %" PRIu64 " lost (%" PRIu64 " in conflict), %u pages lost, %u stray; %" PRIu64 " long values, %" PRIu64 " lost, %" PRIu64
            " columns nulled, %u without a name; %u indexes rebuilt, %u copied, %u lost\n",
            VISIBLE(t->name), t->rows, t->rows_lost, t->rows_in_conflict, t->pages_lost, t->pages_stray, t->long_values, t->long_values_lost, t->columns_nulled, t->columns_lost, t->indexes, t->indexes_copied,
            t->indexes_lost);
}

void salvage_summary(const char *source, const struct repair_report *r)
{
    if (r->header_is_lost)
        printf("%s: both headers are damaged; page size %u found from the pages\n", VISIBLE(source), r->page_size);
    else if (r->state != DB_STATE_CLEAN)
        printf("%s was not closed cleanly (%s): rows of transactions that were never committed may be among those saved\n", VISIBLE(source), db_state_name(r->state));
    printf("%s: %u pages (%u bad, %u never written, %u trusted), %u tables (%u lost), %" PRIu64 " rows (%" PRIu64 " lost, and what stood on %u pages), %" PRIu64 " long values (%" PRIu64
           " lost), %" PRIu64 " columns nulled, %u without a name, %u indexes lost\n",
           VISIBLE(source), r->pages, r->pages_bad, r->pages_blank, r->pages_trusted, r->tables, r->tables_lost, r->rows, r->rows_lost, r->pages_lost, r->long_values, r->long_values_lost,
           r->columns_nulled, r->columns_lost, r->indexes_lost);
}

static void summary_json(const char *source, const char *target, const struct repair_report *r)
{
    printf("{\"source\":");
    print_json_string(stdout, source);
    printf(",\"target\":");
    print_json_string(stdout, target);
    printf(",\"undamaged\":%s,\"header_lost\":%s,\"state\":", r->is_undamaged ? "true" : "false", r->header_is_lost ? "true" : "false");
    print_json_string(stdout, db_state_name(r->state));
    printf(",\"page_size\":%u,\"pages\":%u,\"pages_bad\":%u,\"pages_blank\":%u,\"pages_trusted\":%u,\"tables\":%u,\"tables_lost\":%u,\"rows\":%" PRIu64 ",\"rows_lost\":%" PRIu64
           ",\"pages_lost\":%u,\"long_values\":%" PRIu64 ",\"long_values_lost\":%" PRIu64 ",\"columns_nulled\":%" PRIu64 ",\"columns_lost\":%u,\"indexes_lost\":%u}\n",
           r->page_size, r->pages, r->pages_bad, r->pages_blank, r->pages_trusted, r->tables, r->tables_lost, r->rows, r->rows_lost, r->pages_lost, r->long_values, r->long_values_lost,
           r->columns_nulled, r->columns_lost, r->indexes_lost);
}

/* --- doing --- */

static JET_ERR start_instance(struct salvage_run *run, const struct salvage_order *order)
{
    JET_ERR err = JET_errSuccess;
    uint32_t page_size = order->page_size;
    if (page_size == 0)
        TRY(repair_page_size(os_fs_posix(), order->source, &page_size));
    err = plain_instance_start("repair", order->target != NULL ? order->target : order->source, page_size, &run->instance, &run->session);
done:
    return err;
}

static JET_ERR repair_in_session(struct salvage_run *run, const struct salvage_order *order, const struct repair_options *options, struct repair_report *report)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(run->session, 0, &session));
    if (order->target != NULL)
        TRY(engine_repair(session, order->source, order->target, options, report));
    else
        TRY(engine_repair_in_place(session, order->source, order->temporary, order->kept, options, report));
done:
    engine_leave_session(session);
    return err;
}

JET_ERR salvage_database(const struct salvage_order *order, struct repair_report *report)
{
    struct salvage_run run = {.out = order->listing, .is_json = order->is_json, .instance = JET_instanceNil, .session = JET_sesidNil};
    const struct repair_options options = {.trust_bad_checksums = order->trust_bad_checksums, .progress = show_progress, .page = show_page, .table = show_table, .context = &run};
    JET_ERR err = start_instance(&run, order);
    if (err >= 0) {
        progress_start(&run.bar, "salvaging", 1);
        err = repair_in_session(&run, order, &options, report);
        progress_end(&run.bar);
    }
    JET_ERR end = run.instance != JET_instanceNil ? JetTerm(run.instance) : JET_errSuccess;
    return err < 0 ? err : end;
}

static int run_salvage(const struct command *self, int argc, char **argv)
{
    struct option_spec options[OPTION_COUNT] = {{"json", 0, false, NULL}, {"report", 0, true, NULL}, {"trust-bad-checksums", 0, false, NULL}};
    int count, status = EXIT_GOOD;
    struct repair_report report = {0};
    if (!tool_options(self, argc, argv, options, OPTION_COUNT, &count, &status))
        return status;
    if (count != 2)
        return tool_usage(self, "needs a database and the name of the new one");
    struct salvage_order order = {.source = argv[0], .target = argv[1], .listing = stdout, .is_json = options[OPTION_JSON].value != NULL,
                                  .trust_bad_checksums = options[OPTION_TRUST].value != NULL};
    const char *listing = options[OPTION_REPORT].value;
    if (listing != NULL && (order.listing = fopen(listing, "we")) == NULL)
        return tool_error(self, JET_errSuccess, "cannot write %s: %s", listing, strerror(errno));
    JET_ERR err = salvage_database(&order, &report);
    if (listing != NULL && fclose(order.listing) != 0)
        status = tool_error(self, JET_errSuccess, "cannot write %s: %s", listing, strerror(errno));
    if (err < 0) /* which may be about the new one */
        return tool_error(self, err, "cannot salvage %s%s into %s", order.source, tool_path_hint(JET_errSuccess, order.source, false), order.target);
    if (order.is_json)
        summary_json(order.source, order.target, &report);
    else
        salvage_summary(order.source, &report);
    return report.is_undamaged ? status : EXIT_FINDINGS;
}

const struct command COMMAND_SALVAGE = {
    "salvage", "save what can be read of a damaged database",
    "usage: ese salvage [OPTIONS] DATABASE NEW\n\n"
    "Makes a new, sound database of everything that can still be read of a damaged one: the\n"
    "tables that the catalog or its shadow names, the rows on every page that verifies (also\n"
    "pages that no other page leads to any more), long values that are whole, indexes made\n"
    "anew. DATABASE is only read, and may be in any state; NEW must not exist. A column whose\n"
    "long value is lost in part becomes null. Lists the lost pages and what became of each table.\n\n"
    "      --trust-bad-checksums  also take pages with a wrong checksum whose structure holds\n"
    "      --json                 JSON, one object a line\n"
    "      --report FILE          the list goes into FILE; only the summary is printed\n"
    "  -h, --help                 this text\n\n"
    "Exit status: 0 nothing was damaged, 1 something was (NEW holds the rest) or an error,\n"
    "2 a wrong command line.\n",
    run_salvage,
};
