/* SQLite: WAL, 4 KiB pages, WITHOUT ROWID, prepared statements. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

struct lite {
    char path[4096];
    struct bench_options options;
};

struct lite_thread {
    sqlite3 *db;
    sqlite3_stmt *insert, *lookup, *update, *scan, *begin, *begin_write, *commit;
};

static void check(sqlite3 *db, int code, const char *what)
{
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW)
        bench_fail("sqlite", db != NULL ? sqlite3_errmsg(db) : what, code);
}

static sqlite3 *connect(const struct lite *e)
{
    sqlite3 *db;
    char text[256];
    check(NULL, sqlite3_open(e->path, &db), "open");
    sqlite3_busy_timeout(db, 60000);
    snprintf(text, sizeof text, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=%s; PRAGMA cache_size=-%llu; PRAGMA wal_autocheckpoint=%d;",
             e->options.is_durable ? "FULL" : "NORMAL", (unsigned long long)(e->options.cache_bytes / 1024), e->options.keep_log ? 1000000 : 16384);
    check(db, sqlite3_exec(db, text, NULL, NULL, NULL), "pragma");
    return db;
}

static void *lite_open(const struct bench_options *o)
{
    struct lite *e = (struct lite *)calloc(1, sizeof *e);
    e->options = *o;
    snprintf(e->path, sizeof e->path, "%s/bench.db", o->folder);
    sqlite3 *db = connect(e);
    if (o->is_new) {
        check(db, sqlite3_exec(db, "CREATE TABLE t(k BLOB PRIMARY KEY, s INTEGER, v BLOB) WITHOUT ROWID", NULL, NULL, NULL), "create");
        if (o->with_index)
            check(db, sqlite3_exec(db, "CREATE INDEX by_s ON t(s)", NULL, NULL, NULL), "index");
    }
    check(db, sqlite3_close(db), "close");
    return e;
}

static void lite_close(void *engine)
{
    sqlite3 *db = connect((struct lite *)engine);
    check(db, sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), "checkpoint");
    check(NULL, sqlite3_close(db), "close");
    free(engine);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text)
{
    sqlite3_stmt *statement;
    check(db, sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), text);
    return statement;
}

static void *lite_thread_open(void *engine)
{
    struct lite_thread *t = (struct lite_thread *)calloc(1, sizeof *t);
    t->db = connect((struct lite *)engine);
    t->insert = prepare(t->db, "INSERT INTO t VALUES(?,?,?)");
    t->lookup = prepare(t->db, "SELECT s, v FROM t WHERE k=?");
    t->update = prepare(t->db, "UPDATE t SET s=?, v=? WHERE k=?");
    t->scan = prepare(t->db, "SELECT k, s, v FROM t ORDER BY k");
    t->begin = prepare(t->db, "BEGIN");
    t->begin_write = prepare(t->db, "BEGIN IMMEDIATE");
    t->commit = prepare(t->db, "COMMIT");
    return t;
}

static void lite_thread_close(void *thread)
{
    struct lite_thread *t = (struct lite_thread *)thread;
    sqlite3_stmt *all[] = {t->insert, t->lookup, t->update, t->scan, t->begin, t->begin_write, t->commit};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        sqlite3_finalize(all[i]);
    check(NULL, sqlite3_close(t->db), "close");
    free(t);
}

static void run(struct lite_thread *t, sqlite3_stmt *statement)
{
    check(t->db, sqlite3_step(statement), "step");
    sqlite3_reset(statement);
}

static void lite_begin(void *thread, bool is_write)
{
    struct lite_thread *t = (struct lite_thread *)thread;
    run(t, is_write ? t->begin_write : t->begin);
}

static void lite_commit(void *thread, bool is_write)
{
    (void)is_write;
    run((struct lite_thread *)thread, ((struct lite_thread *)thread)->commit);
}

static void lite_insert(void *thread, const struct bench_row *row)
{
    struct lite_thread *t = (struct lite_thread *)thread;
    sqlite3_bind_blob(t->insert, 1, row->key, BENCH_KEY, SQLITE_STATIC);
    sqlite3_bind_int64(t->insert, 2, (sqlite3_int64)row->second);
    sqlite3_bind_blob(t->insert, 3, row->value, BENCH_VALUE, SQLITE_STATIC);
    run(t, t->insert);
}

static bool lite_lookup(void *thread, const uint8_t *key, struct bench_row *row)
{
    struct lite_thread *t = (struct lite_thread *)thread;
    sqlite3_bind_blob(t->lookup, 1, key, BENCH_KEY, SQLITE_STATIC);
    int code = sqlite3_step(t->lookup);
    check(t->db, code, "lookup");
    if (code == SQLITE_ROW) {
        row->second = (uint64_t)sqlite3_column_int64(t->lookup, 0);
        memcpy(row->value, sqlite3_column_blob(t->lookup, 1), BENCH_VALUE);
    }
    sqlite3_reset(t->lookup);
    return code == SQLITE_ROW;
}

static void lite_update(void *thread, const struct bench_row *row)
{
    struct lite_thread *t = (struct lite_thread *)thread;
    sqlite3_bind_int64(t->update, 1, (sqlite3_int64)row->second);
    sqlite3_bind_blob(t->update, 2, row->value, BENCH_VALUE, SQLITE_STATIC);
    sqlite3_bind_blob(t->update, 3, row->key, BENCH_KEY, SQLITE_STATIC);
    run(t, t->update);
}

static uint64_t lite_scan(void *thread, uint64_t *sum)
{
    struct lite_thread *t = (struct lite_thread *)thread;
    struct bench_row row;
    uint64_t rows = 0;
    int code;
    while ((code = sqlite3_step(t->scan)) == SQLITE_ROW) {
        memcpy(row.key, sqlite3_column_blob(t->scan, 0), BENCH_KEY);
        row.second = (uint64_t)sqlite3_column_int64(t->scan, 1);
        memcpy(row.value, sqlite3_column_blob(t->scan, 2), BENCH_VALUE);
        *sum += row.second + row.value[0];
        rows++;
    }
    check(t->db, code, "scan");
    sqlite3_reset(t->scan);
    return rows;
}

static void lite_backup(void *engine, const char *folder)
{
    sqlite3 *from = connect((struct lite *)engine), *to;
    char path[4096];
    snprintf(path, sizeof path, "%s/bench.db", folder);
    check(NULL, sqlite3_open(path, &to), "open the copy");
    check(to, sqlite3_exec(to, "PRAGMA synchronous=OFF", NULL, NULL, NULL), "pragma"); /* no other copy here is synced either */
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL)
        check(to, sqlite3_errcode(to), "backup");
    check(to, sqlite3_backup_step(backup, -1), "step");
    check(to, sqlite3_backup_finish(backup), "finish");
    check(to, sqlite3_close(to), "close");
    check(from, sqlite3_close(from), "close");
}

const struct bench_engine bench_sqlite = {"sqlite", lite_open, lite_close, lite_thread_open, lite_thread_close, lite_begin, lite_commit, lite_insert, lite_lookup, lite_update, lite_scan, lite_backup};
