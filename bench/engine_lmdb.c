/* LMDB: MDB_NOSYNC where durability is off (not crash-safe then, unlike the others); the index is a second database. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define CHECK(call)                                   \
    do {                                              \
        int check_code = (call);                      \
        if (check_code != 0)                          \
            bench_fail("lmdb", #call, check_code);    \
    } while (0)

struct mdb {
    MDB_env *env;
    MDB_dbi rows, index;
    bool with_index;
};

struct mdb_thread {
    struct mdb *engine;
    MDB_txn *txn;
};

static void *lightning_open(const struct bench_options *o)
{
    struct mdb *e = (struct mdb *)calloc(1, sizeof *e);
    MDB_txn *txn;
    e->with_index = o->with_index;
    CHECK(mdb_env_create(&e->env));
    CHECK(mdb_env_set_mapsize(e->env, 4ull << 30));
    CHECK(mdb_env_set_maxdbs(e->env, 2));
    CHECK(mdb_env_open(e->env, o->folder, o->is_durable ? MDB_NOTLS : MDB_NOTLS | MDB_NOSYNC, 0644));
    CHECK(mdb_txn_begin(e->env, NULL, 0, &txn));
    CHECK(mdb_dbi_open(txn, "rows", MDB_CREATE, &e->rows));
    CHECK(mdb_dbi_open(txn, "index", MDB_CREATE | MDB_DUPSORT | MDB_DUPFIXED, &e->index));
    CHECK(mdb_txn_commit(txn));
    return e;
}

static void lightning_close(void *engine)
{
    struct mdb *e = (struct mdb *)engine;
    CHECK(mdb_env_sync(e->env, 1));
    mdb_env_close(e->env);
    free(e);
}

static void *mdb_thread_open(void *engine)
{
    struct mdb_thread *t = (struct mdb_thread *)calloc(1, sizeof *t);
    t->engine = (struct mdb *)engine;
    return t;
}

static void mdb_begin(void *thread, bool is_write)
{
    struct mdb_thread *t = (struct mdb_thread *)thread;
    CHECK(mdb_txn_begin(t->engine->env, NULL, is_write ? 0 : MDB_RDONLY, &t->txn));
}

static void mdb_commit(void *thread, bool is_write)
{
    (void)is_write;
    CHECK(mdb_txn_commit(((struct mdb_thread *)thread)->txn));
}

static void put(struct mdb_thread *t, const struct bench_row *row, unsigned flags)
{
    uint8_t bytes[8 + BENCH_VALUE];
    MDB_val key = {BENCH_KEY, (void *)(uintptr_t)row->key}, data = {sizeof bytes, bytes};
    memcpy(bytes, &row->second, 8);
    memcpy(bytes + 8, row->value, BENCH_VALUE);
    CHECK(mdb_put(t->txn, t->engine->rows, &key, &data, flags));
}

static void mdb_insert(void *thread, const struct bench_row *row)
{
    struct mdb_thread *t = (struct mdb_thread *)thread;
    put(t, row, MDB_NOOVERWRITE);
    if (t->engine->with_index) {
        uint64_t big = __builtin_bswap64(row->second);
        MDB_val key = {8, &big}, data = {BENCH_KEY, (void *)(uintptr_t)row->key};
        CHECK(mdb_put(t->txn, t->engine->index, &key, &data, 0));
    }
}

static bool mdb_lookup(void *thread, const uint8_t *bytes, struct bench_row *row)
{
    struct mdb_thread *t = (struct mdb_thread *)thread;
    MDB_val key = {BENCH_KEY, (void *)(uintptr_t)bytes}, data;
    int code = mdb_get(t->txn, t->engine->rows, &key, &data);
    if (code == MDB_NOTFOUND)
        return false;
    CHECK(code);
    memcpy(&row->second, data.mv_data, 8);
    memcpy(row->value, (const uint8_t *)data.mv_data + 8, BENCH_VALUE);
    return true;
}

static void mdb_update(void *thread, const struct bench_row *row)
{
    put((struct mdb_thread *)thread, row, 0);
}

static uint64_t mdb_scan(void *thread, uint64_t *sum)
{
    struct mdb_thread *t = (struct mdb_thread *)thread;
    MDB_cursor *cursor;
    MDB_val key, data;
    struct bench_row row;
    uint64_t rows = 0;
    int code;
    CHECK(mdb_cursor_open(t->txn, t->engine->rows, &cursor));
    while ((code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
        memcpy(row.key, key.mv_data, BENCH_KEY);
        memcpy(&row.second, data.mv_data, 8);
        memcpy(row.value, (const uint8_t *)data.mv_data + 8, BENCH_VALUE);
        *sum += row.second + row.value[0];
        rows++;
    }
    if (code != MDB_NOTFOUND)
        CHECK(code);
    mdb_cursor_close(cursor);
    return rows;
}

static void lightning_backup(void *engine, const char *folder)
{
    CHECK(mdb_env_copy(((struct mdb *)engine)->env, folder));
}

const struct bench_engine bench_lmdb = {"lmdb", lightning_open, lightning_close, mdb_thread_open, free, mdb_begin, mdb_commit, mdb_insert, mdb_lookup, mdb_update, mdb_scan, lightning_backup};
