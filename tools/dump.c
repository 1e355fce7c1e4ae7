/* ese dump: every row in one stable text form (cursor/row_dump.h), for comparing databases, byte for byte. */
#include <string.h>

#include "base/text.h"
#include "catalog/catalog.h"
#include "cursor/row_dump.h"
#include "open_database.h"
#include "parts.h"

struct dump_run {
    const struct command *self;
    struct catalog *catalog;
    struct dump_sink sink;
    const char *index; /* --index: entries of this index instead of rows */
    uint32_t damaged;
};

static JET_ERR print_line(void *context, const char *text, size_t size)
{
    (void)context;
    fwrite(text, 1, size, stdout);
    putchar('\n');
    return ferror(stdout) ? JET_errDiskFull : JET_errSuccess;
}

static JET_ERR print_entry(void *context, struct span key, struct span data)
{
    (void)context;
    print_hex(stdout, key);
    putchar('\t');
    print_hex(stdout, data);
    putchar('\n');
    return ferror(stdout) ? JET_errDiskFull : JET_errSuccess;
}

static JET_ERR dump_index(struct dump_run *run, const struct table_schema *table)
{
    const struct index *index = schema_index_by_name(table, run->index);
    if (index == NULL || index_is_primary(index))
        return JET_errIndexNotFound;
    return dump_index_entries(run->catalog, table, index, print_entry, run);
}

static JET_ERR dump_table(struct dump_run *run, const struct table_schema *table)
{
    return run->index != NULL ? dump_index(run, table) : dump_rows(run->catalog, table, &run->sink);
}

/* One damaged table must not hide the others. */
static JET_ERR visit_table(void *context, const struct catalog_table *table)
{
    struct dump_run *run = (struct dump_run *)context;
    JET_ERR err = table->schema != NULL ? dump_table(run, table->schema) : table->error;
    if (err >= 0 || err == JET_errDiskFull || err == JET_errOutOfMemory)
        return err;
    run->damaged++;
    (void)tool_error(run->self, err, "table %s: not all rows can be read", table->name != NULL ? table->name : "?");
    return JET_errSuccess;
}

static JET_ERR dump_one(struct dump_run *run, const char *name)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *table = NULL;
    TRY(catalog_find_table(run->catalog, name, &table));
    err = dump_table(run, table);
done:
    catalog_release_table(run->catalog, table);
    return err;
}

static JET_ERR dump_opened(struct dump_run *run, struct database *db, const char *table)
{
    static char buffer[1 << 16];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    JET_ERR err = catalog_open(db, &run->catalog);
    if (err >= 0) {
        if (run->index == NULL)
            puts("table\tprimary_key\tcolumns...");
        err = table != NULL ? dump_one(run, table) : catalog_visit_tables(run->catalog, visit_table, run);
    }
    if (fflush(stdout) != 0 && err >= 0)
        err = JET_errDiskFull;
    return err;
}

JET_ERR dump_database(const struct command *self, struct database *db, const char *table, uint32_t *damaged)
{
    struct dump_run run = {.self = self, .sink = {print_line, NULL}};
    JET_ERR err = dump_opened(&run, db, table);
    *damaged = run.damaged;
    return err;
}

static int run_dump(const struct command *self, int argc, char **argv)
{
    struct option_spec options[] = {{"table", 't', true, NULL}, {"index", 0, true, NULL}, {"cache", 0, true, NULL}};
    struct dump_run run = {.self = self, .sink = {print_line, NULL}};
    struct tool_database db;
    int count, status = EXIT_GOOD;
    uint64_t cache_bytes;
    if (!tool_options(self, argc, argv, options, 3, &count, &status))
        return status;
    const char *table = options[0].value;
    run.index = options[1].value;
    if (count != 1)
        return tool_usage(self, "needs one database");
    if (run.index != NULL && table == NULL)
        return tool_usage(self, "--index needs --table");
    if (!tool_cache_bytes(options[2].value, &cache_bytes))
        return tool_usage(self, "--cache takes MiB from 1 to 65536");
    status = tool_database_open(self, argv[0], cache_bytes, NULL, &db);
    if (status != EXIT_GOOD)
        return status;
    JET_ERR err = dump_opened(&run, db.database, table);
    tool_database_close(&db);
    if (err < 0)
        return tool_error(self, err, "cannot dump %s%s%s", argv[0], table != NULL ? ", table " : "", table != NULL ? table : "");
    return run.damaged == 0 ? EXIT_GOOD : EXIT_FINDINGS;
}

const struct command COMMAND_DUMP = {
    "dump", "print every row in a stable text form",
    "usage: ese dump [OPTIONS] DATABASE\n\n"
    "Prints one line a row, in primary key order, fields separated by tabs: table, primary\n"
    "key in hex, then ID=VALUE for every column that is not null (ID[n]=VALUE when it has\n"
    "several values). A value is its bytes in hex, or #LENGTH:SHA256 above 256 bytes; ~ marks\n"
    "a column default that is not in the record. Two databases with the same rows give the\n"
    "same text. Opens read-only, clean or not.\n\n"
    "  -t, --table NAME  only this table\n"
    "      --index NAME  with --table: the entries of this secondary index instead, key and\n"
    "                    primary key in hex\n"
    "      --cache MIB   page cache (default 32)\n"
    "  -h, --help        this text\n",
    run_dump,
};
