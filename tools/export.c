/* ese export: the rows of a database for other tools, as CSV, JSON lines or an SQLite database.
 *
 * One walk over all rows (check/row_walk.h) feeds a sink; this file has the walk and the two text sinks, export_sqlite.c the third. A value is
 * fetched whole (long values are assembled and decompressed), turned into number, text or bytes by its column's type, and handed on. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "check/row_walk.h"
#include "export_sink.h"
#include "open_database.h"
#include "os/path.h"
#include "visible.h"

enum { VALUE_MOST = 0x7FFFFFFF };

struct export_run {
    const struct command *self;
    struct export_sink *sink;
    bool with_system;
    struct value_buffer buffer;
    struct progress progress;
    uint64_t rows, tables, damaged;
};

/* --- the walk --- */

static JET_ERR begin_table(void *context, const struct table_schema *table)
{
    struct export_run *run = (struct export_run *)context;
    if (!run->with_system && strncmp(table->name, "MSys", 4) == 0)
        return JET_wrnColumnNull; /* any warning: skip its rows */
    run->tables++;
    return run->sink->begin_table(run->sink, table);
}

static JET_ERR end_table(void *context, const struct table_schema *table)
{
    struct export_run *run = (struct export_run *)context;
    if (!run->with_system && strncmp(table->name, "MSys", 4) == 0)
        return JET_errSuccess;
    return run->sink->end_table(run->sink, table);
}

static JET_ERR export_column(struct export_run *run, const struct row *row, const struct column *column)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count;
    struct export_value value;
    TRY(record_column_count(&row->record, column, &count));
    for (uint32_t sequence = 1; sequence <= count; sequence++) {
        struct column_value stored;
        TRY(record_column(&row->record, column, sequence, &stored));
        err = column_value_fetch_all(row->long_values, &stored, VALUE_MOST, &run->buffer);
        if (err < 0)
            goto done;
        if (err == JET_wrnColumnNull)
            continue;
        TRY(export_value_make(column, span_of(run->buffer.data, run->buffer.size), &value));
        err = run->sink->value(run->sink, column, sequence, count, &value);
        export_value_release(&value);
        if (err < 0)
            goto done;
    }
    err = JET_errSuccess;
done:
    return err;
}

static JET_ERR export_row(void *context, const struct row *row)
{
    JET_ERR err = JET_errSuccess;
    struct export_run *run = (struct export_run *)context;
    TRY(run->sink->begin_row(run->sink, row->table));
    for (uint32_t i = 0; i < row->table->column_count; i++) {
        const struct column *column = &row->table->columns[i];
        if (column->type == COLUMN_TYPE_NIL)
            continue;
        err = export_column(run, row, column);
        if (err == JET_errDecompressionFailed || err == JET_errLVCorrupted || err == JET_errDatabaseCorrupted || err == JET_errFeatureNotAvailable) {
            run->damaged++;
            (void)tool_error(run->self, err, "table %s, column %s, page %u: value left out", row->table->name, column->name, row->page_no);
            continue;
        }
        TRY(err);
    }
    TRY(run->sink->end_row(run->sink, row->table));
    run->rows++;
done:
    return err;
}

static JET_ERR tell_damage(void *context, const char *table, JET_ERR error)
{
    struct export_run *run = (struct export_run *)context;
    run->damaged++;
    (void)tool_error(run->self, error, "table %s: not all rows can be read", table != NULL ? table : "?");
    return JET_errSuccess;
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    struct export_run *run = (struct export_run *)context;
    run->progress.total = total != 0 ? total : 1;
    progress_update(&run->progress, done);
}

/* --- command --- */

static JET_ERR make_sink(const char *format, const char *folder, const char *database, struct export_sink **out)
{
    if (strcmp(format, "csv") == 0)
        return export_sink_csv(folder, out);
    if (strcmp(format, "jsonl") == 0)
        return export_sink_jsonl(folder, out);
    return export_sink_sqlite(folder, path_file_name(database), out);
}

static int run_export(const struct command *self, int argc, char **argv)
{
    struct option_spec options[] = {
        {"format", 'f', true, NULL}, {"output", 'o', true, NULL}, {"table", 't', true, NULL}, {"system", 0, false, NULL}, {"cache", 0, true, NULL}};
    struct export_run run = {.self = self};
    struct tool_database db = {0};
    int count, status = EXIT_GOOD;
    uint64_t cache_bytes;
    if (!tool_options(self, argc, argv, options, 5, &count, &status))
        return status;
    const char *format = options[0].value, *folder = options[1].value, *table = options[2].value;
    if (count != 1 || folder == NULL || format == NULL)
        return tool_usage(self, "needs one database, --format and -o FOLDER");
    if (strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0 && strcmp(format, "sqlite") != 0)
        return tool_usage(self, "unknown format %s", format);
    if (!tool_cache_bytes(options[4].value, &cache_bytes))
        return tool_usage(self, "--cache takes MiB from 1 to 65536");

    status = tool_database_open(self, argv[0], cache_bytes, NULL, &db);
    if (status != EXIT_GOOD)
        return status;
    run.with_system = options[3].value != NULL || table != NULL;
    JET_ERR err = os_dir_create(os_fs_posix(), folder);
    if (err >= 0)
        err = make_sink(format, folder, argv[0], &run.sink);
    if (err >= 0) {
        struct row_visitor visitor = {begin_table, export_row, end_table, tell_damage, show_progress, &run};
        progress_start(&run.progress, "exporting", db.database->last_owned_page);
        err = row_walk(db.database, table, &visitor);
        progress_end(&run.progress);
        JET_ERR closed = run.sink->close(run.sink, err >= 0);
        if (err >= 0)
            err = closed;
    }
    value_buffer_free(&run.buffer);
    tool_database_close(&db);
    if (err < 0)
        return tool_error(self, err, "cannot export %s to %s", argv[0], folder);
    printf("%llu row(s) of %llu table(s) exported to %s\n", (unsigned long long)run.rows, (unsigned long long)run.tables, VISIBLE(folder));
    return run.damaged == 0 ? EXIT_GOOD : EXIT_FINDINGS;
}

const struct command COMMAND_EXPORT = {
    "export", "write the rows for other tools: CSV, JSON lines, SQLite",
    "usage: ese export DATABASE --format csv|jsonl|sqlite -o FOLDER\n\n"
    "Opens the database read-only (clean or not) and writes its rows:\n"
    "  csv     FOLDER/TABLE.csv, one line a row, header first; a cell with several values\n"
    "          holds them as a JSON array\n"
    "  jsonl   FOLDER/TABLE.jsonl, one object a row without its null columns; several\n"
    "          values are an array\n"
    "  sqlite  FOLDER/DATABASE.sqlite, one typed table each; all values of columns with\n"
    "          several, and columns past the 500th, are in a side table \"TABLE values\"\n"
    "Text is UTF-8, GUIDs and dates are text, binary is hexadecimal (a blob in SQLite).\n\n"
    "  -f, --format FORMAT  csv, jsonl or sqlite\n"
    "  -o, --output FOLDER  where to write; created if absent\n"
    "  -t, --table NAME     only this table\n"
    "      --system         system tables (MSys...) too\n"
    "      --cache MIB      page cache (default 32)\n"
    "  -h, --help           this text\n",
    run_export,
};
