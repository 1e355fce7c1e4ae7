/* The SQLite sink of `ese export`: one typed table for each table, values of columns with several in a side table.
 *
 * Main table: "_row" INTEGER PRIMARY KEY and the first COLUMNS_MOST columns, each with its first value. Side table "NAME values" (made when needed):
 * (_row, column, sequence, value): all values of a column that has several in that row, and every value of columns past COLUMNS_MOST. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "export_sink.h"
#include "os/path.h"

#ifdef HAVE_SQLITE3

#include <sqlite3.h>
#include <unistd.h>

enum { COLUMNS_MOST = 500 };

struct sqlite_sink {
    struct export_sink sink;
    sqlite3 *db;
    sqlite3_stmt *insert, *insert_value;
    const struct table_schema *table;
    int *positions; /* schema position -> bind number, 0 = in the side table */
    sqlite3_int64 row;
};

static struct sqlite_sink *self_of(struct export_sink *sink) { return (struct sqlite_sink *)sink; }

static JET_ERR result_of(struct sqlite_sink *s, int code)
{
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
        return JET_errSuccess;
    fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(s->db));
    return code == SQLITE_NOMEM ? JET_errOutOfMemory : code == SQLITE_FULL ? JET_errDiskFull : JET_errDiskIO;
}

/* Runs or prepares the statement that sqlite3_str holds; the builder is used up. */
static JET_ERR run_text(struct sqlite_sink *s, sqlite3_str *text, sqlite3_stmt **statement)
{
    char *sql = sqlite3_str_finish(text);
    if (sql == NULL)
        return JET_errOutOfMemory;
    int code = statement != NULL ? sqlite3_prepare_v2(s->db, sql, -1, statement, NULL) : sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
    return result_of(s, code);
}

static const char *declared_type(const struct column *column)
{
    switch (export_kind_of(column)) {
    case EXPORT_INTEGER: return "INTEGER";
    case EXPORT_UNSIGNED: return "NUMERIC";
    case EXPORT_REAL: return "REAL";
    case EXPORT_TEXT: return "TEXT";
    default: return "BLOB";
    }
}

static JET_ERR begin_table(struct export_sink *sink, const struct table_schema *table)
{
    JET_ERR err = JET_errSuccess;
    struct sqlite_sink *s = self_of(sink);
    int count = 0;
    s->table = table;
    s->row = 0;
    mem_free(s->positions);
    s->positions = (int *)mem_alloc_array(table->column_count, sizeof *s->positions);
    if (s->positions == NULL)
        RAISE(JET_errOutOfMemory);
    sqlite3_str *create = sqlite3_str_new(s->db), *insert = sqlite3_str_new(s->db);
    sqlite3_str_appendf(create, "CREATE TABLE \"%w\" (\"_row\" INTEGER PRIMARY KEY", table->name);
    sqlite3_str_appendf(insert, "INSERT INTO \"%w\" VALUES (?1", table->name);
    for (uint32_t i = 0; i < table->column_count && count < COLUMNS_MOST; i++) {
        if (table->columns[i].type == COLUMN_TYPE_NIL)
            continue;
        s->positions[i] = ++count + 1;
        sqlite3_str_appendf(create, ", \"%w\" %s", table->columns[i].name, declared_type(&table->columns[i]));
        sqlite3_str_appendf(insert, ", ?%d", count + 1);
    }
    sqlite3_str_appendall(create, ")");
    sqlite3_str_appendall(insert, ")");
    err = run_text(s, create, NULL);
    JET_ERR prepared = run_text(s, insert, err >= 0 ? &s->insert : NULL);
    if (err >= 0)
        err = prepared;
done:
    return err;
}

static JET_ERR begin_row(struct export_sink *sink, const struct table_schema *table)
{
    struct sqlite_sink *s = self_of(sink);
    (void)table;
    s->row++;
    sqlite3_clear_bindings(s->insert);
    return result_of(s, sqlite3_bind_int64(s->insert, 1, s->row));
}

static int bind(sqlite3_stmt *statement, int position, const struct export_value *value)
{
    char number[24];
    switch (value->kind) {
    case EXPORT_INTEGER: return sqlite3_bind_int64(statement, position, value->integer);
    case EXPORT_UNSIGNED:
        if (value->unsigned_integer <= INT64_MAX)
            return sqlite3_bind_int64(statement, position, (sqlite3_int64)value->unsigned_integer);
        snprintf(number, sizeof number, "%llu", (unsigned long long)value->unsigned_integer);
        return sqlite3_bind_text(statement, position, number, -1, SQLITE_TRANSIENT);
    case EXPORT_REAL: return sqlite3_bind_double(statement, position, value->real);
    case EXPORT_TEXT: return sqlite3_bind_text(statement, position, value->text, -1, SQLITE_TRANSIENT);
    default: return sqlite3_bind_blob(statement, position, value->bytes.size != 0 ? (const void *)value->bytes.data : "", (int)value->bytes.size, SQLITE_TRANSIENT);
    }
}

static JET_ERR side_value(struct sqlite_sink *s, const struct column *column, uint32_t sequence, const struct export_value *value)
{
    JET_ERR err = JET_errSuccess;
    if (s->insert_value == NULL) {
        sqlite3_str *create = sqlite3_str_new(s->db), *insert = sqlite3_str_new(s->db);
        sqlite3_str_appendf(create, "CREATE TABLE \"%w values\" (\"_row\" INTEGER, \"column\" TEXT, \"sequence\" INTEGER, \"value\")", s->table->name);
        sqlite3_str_appendf(insert, "INSERT INTO \"%w values\" VALUES (?1, ?2, ?3, ?4)", s->table->name);
        err = run_text(s, create, NULL);
        JET_ERR prepared = run_text(s, insert, err >= 0 ? &s->insert_value : NULL);
        if (err >= 0)
            err = prepared;
        if (err < 0)
            goto done;
    }
    TRY(result_of(s, sqlite3_bind_int64(s->insert_value, 1, s->row)));
    TRY(result_of(s, sqlite3_bind_text(s->insert_value, 2, column->name, -1, SQLITE_TRANSIENT)));
    TRY(result_of(s, sqlite3_bind_int64(s->insert_value, 3, sequence)));
    TRY(result_of(s, bind(s->insert_value, 4, value)));
    TRY(result_of(s, sqlite3_step(s->insert_value)));
    TRY(result_of(s, sqlite3_reset(s->insert_value)));
done:
    return err;
}

static JET_ERR put_value(struct export_sink *sink, const struct column *column, uint32_t sequence, uint32_t count, const struct export_value *value)
{
    JET_ERR err = JET_errSuccess;
    struct sqlite_sink *s = self_of(sink);
    int position = s->positions[column - s->table->columns];
    if (position != 0 && sequence == 1)
        TRY(result_of(s, bind(s->insert, position, value)));
    if (position == 0 || count > 1)
        TRY(side_value(s, column, sequence, value));
done:
    return err;
}

static JET_ERR end_row(struct export_sink *sink, const struct table_schema *table)
{
    JET_ERR err = JET_errSuccess;
    struct sqlite_sink *s = self_of(sink);
    (void)table;
    TRY(result_of(s, sqlite3_step(s->insert)));
    TRY(result_of(s, sqlite3_reset(s->insert)));
done:
    return err;
}

static JET_ERR end_table(struct export_sink *sink, const struct table_schema *table)
{
    struct sqlite_sink *s = self_of(sink);
    (void)table;
    sqlite3_finalize(s->insert);
    sqlite3_finalize(s->insert_value);
    s->insert = s->insert_value = NULL;
    return JET_errSuccess;
}

static JET_ERR close_sink(struct export_sink *sink, bool is_complete)
{
    struct sqlite_sink *s = self_of(sink);
    JET_ERR err = JET_errSuccess;
    (void)end_table(sink, NULL);
    if (is_complete)
        err = result_of(s, sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL));
    sqlite3_close(s->db);
    mem_free(s->positions);
    mem_free(s);
    return err;
}

JET_ERR export_sink_sqlite(const char *folder, const char *name, struct export_sink **out)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL, *file = NULL;
    size_t length = strlen(name) + sizeof ".sqlite";
    struct sqlite_sink *s = (struct sqlite_sink *)mem_alloc(sizeof *s);
    file = (char *)mem_alloc(length);
    if (s == NULL || file == NULL)
        RAISE(JET_errOutOfMemory);
    snprintf(file, length, "%s.sqlite", name);
    TRY(path_join(folder, file, &path));
    (void)unlink(path);
    if (sqlite3_open(path, &s->db) != SQLITE_OK)
        RAISE(JET_errFileAccessDenied);
    TRY(result_of(s, sqlite3_exec(s->db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN", NULL, NULL, NULL)));
    s->sink = (struct export_sink){begin_table, begin_row, put_value, end_row, end_table, close_sink};
    *out = &s->sink;
    s = NULL;
done:
    if (s != NULL)
        sqlite3_close(s->db);
    mem_free(s);
    mem_free(path);
    mem_free(file);
    return err;
}

#else

JET_ERR export_sink_sqlite(const char *folder, const char *name, struct export_sink **out)
{
    (void)folder;
    (void)name;
    (void)out;
    return JET_errFeatureNotAvailable;
}

#endif
