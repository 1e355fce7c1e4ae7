/* RocksDB: WriteBatch per transaction, bloom filter of 10 bits, the index is a second column family. */
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

struct rocks {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_column_family_handle_t *families[2];
    bool is_durable, with_index;
};

struct rocks_thread {
    struct rocks *engine;
    rocksdb_writebatch_t *batch;
    rocksdb_writeoptions_t *write;
    rocksdb_readoptions_t *read;
};

static void check(char *error, const char *what)
{
    if (error != NULL) {
        fprintf(stderr, "%s\n", error);
        bench_fail("rocksdb", what, 0);
    }
}

static void *rocks_open(const struct bench_options *o)
{
    struct rocks *e = (struct rocks *)calloc(1, sizeof *e);
    const char *names[] = {"default", "index"};
    char *error = NULL;
    e->is_durable = o->is_durable;
    e->with_index = o->with_index;
    e->options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(e->options, 1);
    rocksdb_options_set_create_missing_column_families(e->options, 1);
    rocksdb_options_set_compression(e->options, rocksdb_no_compression);
    rocksdb_options_set_write_buffer_size(e->options, 64u << 20);
    if (o->keep_log) {
        rocksdb_options_set_write_buffer_size(e->options, 512u << 20);
        rocksdb_options_set_db_write_buffer_size(e->options, 1u << 30);
    }
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(table, rocksdb_cache_create_lru(o->cache_bytes));
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom(10));
    rocksdb_options_set_block_based_table_factory(e->options, table);
    const rocksdb_options_t *each[] = {e->options, e->options};
    e->db = rocksdb_open_column_families(e->options, o->folder, 2, names, each, e->families, &error);
    check(error, "open");
    return e;
}

static void rocks_close(void *engine)
{
    struct rocks *e = (struct rocks *)engine;
    char *error = NULL;
    rocksdb_flushoptions_t *flush = rocksdb_flushoptions_create();
    rocksdb_flush_cf(e->db, flush, e->families[0], &error);
    check(error, "flush");
    rocksdb_flush_cf(e->db, flush, e->families[1], &error);
    check(error, "flush");
    rocksdb_column_family_handle_destroy(e->families[0]);
    rocksdb_column_family_handle_destroy(e->families[1]);
    rocksdb_close(e->db);
    free(e);
}

static void *rocks_thread_open(void *engine)
{
    struct rocks_thread *t = (struct rocks_thread *)calloc(1, sizeof *t);
    t->engine = (struct rocks *)engine;
    t->batch = rocksdb_writebatch_create();
    t->write = rocksdb_writeoptions_create();
    t->read = rocksdb_readoptions_create();
    rocksdb_writeoptions_set_sync(t->write, t->engine->is_durable);
    return t;
}

static void rocks_begin(void *thread, bool is_write)
{
    (void)thread;
    (void)is_write;
}

static void rocks_commit(void *thread, bool is_write)
{
    struct rocks_thread *t = (struct rocks_thread *)thread;
    char *error = NULL;
    if (!is_write)
        return;
    rocksdb_write(t->engine->db, t->write, t->batch, &error);
    check(error, "write");
    rocksdb_writebatch_clear(t->batch);
}

static void rocks_put(void *thread, const struct bench_row *row)
{
    struct rocks_thread *t = (struct rocks_thread *)thread;
    char bytes[8 + BENCH_VALUE];
    memcpy(bytes, &row->second, 8);
    memcpy(bytes + 8, row->value, BENCH_VALUE);
    rocksdb_writebatch_put_cf(t->batch, t->engine->families[0], (const char *)row->key, BENCH_KEY, bytes, sizeof bytes);
    if (t->engine->with_index) {
        char key[8 + BENCH_KEY];
        uint64_t big = __builtin_bswap64(row->second);
        memcpy(key, &big, 8);
        memcpy(key + 8, row->key, BENCH_KEY);
        rocksdb_writebatch_put_cf(t->batch, t->engine->families[1], key, sizeof key, "", 0);
    }
}

static bool rocks_lookup(void *thread, const uint8_t *key, struct bench_row *row)
{
    struct rocks_thread *t = (struct rocks_thread *)thread;
    char *error = NULL;
    rocksdb_pinnableslice_t *slice = rocksdb_get_pinned_cf(t->engine->db, t->read, t->engine->families[0], (const char *)key, BENCH_KEY, &error);
    check(error, "get");
    if (slice == NULL)
        return false;
    size_t size;
    const char *bytes = rocksdb_pinnableslice_value(slice, &size);
    memcpy(&row->second, bytes, 8);
    memcpy(row->value, bytes + 8, BENCH_VALUE);
    rocksdb_pinnableslice_destroy(slice);
    return true;
}

static uint64_t rocks_scan(void *thread, uint64_t *sum)
{
    struct rocks_thread *t = (struct rocks_thread *)thread;
    struct bench_row row;
    uint64_t rows = 0;
    rocksdb_iterator_t *i = rocksdb_create_iterator_cf(t->engine->db, t->read, t->engine->families[0]);
    for (rocksdb_iter_seek_to_first(i); rocksdb_iter_valid(i); rocksdb_iter_next(i)) {
        size_t size;
        memcpy(row.key, rocksdb_iter_key(i, &size), BENCH_KEY);
        const char *bytes = rocksdb_iter_value(i, &size);
        memcpy(&row.second, bytes, 8);
        memcpy(row.value, bytes + 8, BENCH_VALUE);
        *sum += row.second + row.value[0];
        rows++;
    }
    rocksdb_iter_destroy(i);
    return rows;
}

static void rocks_thread_close(void *thread)
{
    struct rocks_thread *t = (struct rocks_thread *)thread;
    rocksdb_writebatch_destroy(t->batch);
    rocksdb_writeoptions_destroy(t->write);
    rocksdb_readoptions_destroy(t->read);
    free(t);
}

const struct bench_engine bench_rocksdb = {"rocksdb", rocks_open, rocks_close, rocks_thread_open, rocks_thread_close, rocks_begin, rocks_commit, rocks_put, rocks_lookup, rocks_put, rocks_scan, NULL /* its checkpoint links files and copies none */};
