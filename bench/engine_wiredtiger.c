/* WiredTiger: log on, snapshot isolation, native index. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wiredtiger.h>

#include "engine.h"

#define CHECK(call)                                       \
    do {                                                  \
        int check_code = (call);                          \
        if (check_code != 0)                              \
            bench_fail("wiredtiger", #call, check_code);  \
    } while (0)

struct tiger {
    WT_CONNECTION *connection;
    bool is_durable;
};

struct tiger_thread {
    struct tiger *engine;
    WT_SESSION *session;
    WT_CURSOR *cursor;
    bool has_failed;
};

static void *tiger_open(const struct bench_options *o)
{
    struct tiger *e = (struct tiger *)calloc(1, sizeof *e);
    char text[512];
    e->is_durable = o->is_durable;
    snprintf(text, sizeof text, "create,cache_size=%lluM,log=(enabled=true,file_max=32MB,archive=%s)%s", (unsigned long long)(o->cache_bytes >> 20), o->keep_log ? "false" : "true",
             o->keep_log ? "" : ",checkpoint=(log_size=67108864)");
    CHECK(wiredtiger_open(o->folder, NULL, text, &e->connection));
    if (o->is_new) {
        WT_SESSION *session;
        CHECK(e->connection->open_session(e->connection, NULL, NULL, &session));
        CHECK(session->create(session, "table:t", "key_format=16s,value_format=Qu,columns=(k,s,v)"));
        if (o->with_index)
            CHECK(session->create(session, "index:t:by_s", "columns=(s)"));
        CHECK(session->close(session, NULL));
    }
    return e;
}

static void tiger_close(void *engine)
{
    struct tiger *e = (struct tiger *)engine;
    CHECK(e->connection->close(e->connection, NULL));
    free(e);
}

static void *tiger_thread_open(void *engine)
{
    struct tiger_thread *t = (struct tiger_thread *)calloc(1, sizeof *t);
    t->engine = (struct tiger *)engine;
    CHECK(t->engine->connection->open_session(t->engine->connection, NULL, "isolation=snapshot", &t->session));
    CHECK(t->session->open_cursor(t->session, "table:t", NULL, NULL, &t->cursor));
    return t;
}

static void tiger_thread_close(void *thread)
{
    struct tiger_thread *t = (struct tiger_thread *)thread;
    CHECK(t->session->close(t->session, NULL));
    free(t);
}

static void tiger_begin(void *thread, bool is_write)
{
    struct tiger_thread *t = (struct tiger_thread *)thread;
    t->has_failed = false;
    CHECK(t->session->begin_transaction(t->session, NULL));
    (void)is_write;
}

static void tiger_commit(void *thread, bool is_write)
{
    struct tiger_thread *t = (struct tiger_thread *)thread;
    if (t->has_failed)
        CHECK(t->session->rollback_transaction(t->session, NULL));
    else
        CHECK(t->session->commit_transaction(t->session, is_write && t->engine->is_durable ? "sync=on" : is_write ? "sync=off" : NULL));
}

/* Keys are fixed strings of 16 bytes here: every byte value but zero at the end is kept, and bench keys have no zero bytes. */
static void put(struct tiger_thread *t, const struct bench_row *row, bool is_new)
{
    WT_ITEM value = {.data = row->value, .size = BENCH_VALUE};
    char key[BENCH_KEY + 1];
    memcpy(key, row->key, BENCH_KEY);
    key[BENCH_KEY] = 0;
    t->cursor->set_key(t->cursor, key);
    t->cursor->set_value(t->cursor, row->second, &value);
    int code = t->has_failed ? WT_ROLLBACK : is_new ? t->cursor->insert(t->cursor) : t->cursor->update(t->cursor);
    if (code == WT_ROLLBACK)
        t->has_failed = true;
    else
        CHECK(code);
}

static void tiger_insert(void *thread, const struct bench_row *row)
{
    put((struct tiger_thread *)thread, row, true);
}

static void tiger_update(void *thread, const struct bench_row *row)
{
    put((struct tiger_thread *)thread, row, false);
}

static bool tiger_lookup(void *thread, const uint8_t *bytes, struct bench_row *row)
{
    struct tiger_thread *t = (struct tiger_thread *)thread;
    WT_ITEM value;
    char key[BENCH_KEY + 1];
    memcpy(key, bytes, BENCH_KEY);
    key[BENCH_KEY] = 0;
    t->cursor->set_key(t->cursor, key);
    int code = t->cursor->search(t->cursor);
    if (code == WT_NOTFOUND)
        return false;
    CHECK(code);
    CHECK(t->cursor->get_value(t->cursor, &row->second, &value));
    memcpy(row->value, value.data, BENCH_VALUE);
    CHECK(t->cursor->reset(t->cursor));
    return true;
}

static uint64_t tiger_scan(void *thread, uint64_t *sum)
{
    struct tiger_thread *t = (struct tiger_thread *)thread;
    struct bench_row row;
    WT_ITEM value;
    const char *key;
    uint64_t rows = 0;
    int code;
    CHECK(t->cursor->reset(t->cursor));
    while ((code = t->cursor->next(t->cursor)) == 0) {
        CHECK(t->cursor->get_key(t->cursor, &key));
        CHECK(t->cursor->get_value(t->cursor, &row.second, &value));
        memcpy(row.key, key, BENCH_KEY);
        memcpy(row.value, value.data, BENCH_VALUE);
        *sum += row.second + row.value[0];
        rows++;
    }
    if (code != WT_NOTFOUND)
        CHECK(code);
    return rows;
}

/* The backup cursor names the files and keeps them as they are; copying is the caller's. */
static void tiger_backup(void *engine, const char *folder)
{
    struct tiger *e = (struct tiger *)engine;
    WT_SESSION *session;
    WT_CURSOR *cursor;
    const char *name;
    char from[4096], to[4096];
    int code;
    CHECK(e->connection->open_session(e->connection, NULL, NULL, &session));
    CHECK(session->open_cursor(session, "backup:", NULL, NULL, &cursor));
    while ((code = cursor->next(cursor)) == 0) {
        CHECK(cursor->get_key(cursor, &name));
        snprintf(from, sizeof from, "%s/%s", e->connection->get_home(e->connection), name);
        snprintf(to, sizeof to, "%s/%s", folder, name);
        bench_copy_file(from, to);
    }
    if (code != WT_NOTFOUND)
        bench_fail("wiredtiger", "backup cursor", code);
    CHECK(session->close(session, NULL));
}

const struct bench_engine bench_wiredtiger = {"wiredtiger", tiger_open, tiger_close, tiger_thread_open, tiger_thread_close, tiger_begin, tiger_commit, tiger_insert, tiger_lookup, tiger_update, tiger_scan, tiger_backup};
