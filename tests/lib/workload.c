/* The random workload with a model (workload.h). */
#include "workload.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "live_instance.h"
#include "shared_data.h"

enum { KEYS = 300, VALUE_MOST = 180, LONG_MOST = 24000, THREADS_MOST = 8, EXTRA_ROWS = 5, OPERATIONS_MOST = 128 };

struct row_state {
    bool exists;
    uint32_t version;          /* decides the bytes */
    uint16_t size;
    uint32_t long_size;        /* 0: null */
    uint32_t long_version;
    int64_t sort;
};

enum change_kind { CHANGE_ROW, CHANGE_TABLE };
struct change {
    enum change_kind kind;
    uint32_t k;                /* transaction */
    uint32_t key;              /* row, or number of an extra table */
    struct row_state before, after;
};

struct choice_source {
    uint64_t state;
};

struct worker {
    struct workload *w;
    pthread_mutex_t lock;      /* what a check reads: history, tables, k, started, durable */
    uint32_t number;
    struct choice_source choices;
    struct row_state rows[KEYS];
    struct row_state *tables;  /* extra tables: exists, version = has an index */
    uint32_t table_room, table_next;
    struct change *history;
    uint32_t change_count, change_room;
    uint32_t pending_from;     /* changes of the open transaction */
    uint32_t k;                /* last transaction committed */
    uint64_t *started, *durable; /* by k */
    uint32_t next_version;
    JET_ERR err, last_failure;
    uint32_t failures;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table, counter;
    JET_COLUMNID column_key, column_sort, column_bytes, column_long, column_counter_k;
    bool is_dry;               /* only the model: no engine */
};

struct workload {
    struct workload_config config;
    char *folder;
    JET_INSTANCE instance;
    uint32_t limit;            /* transactions of each thread in this run */
    struct worker workers[THREADS_MOST];
    atomic_bool is_stopping;
    atomic_uint_least64_t clock;
    uint32_t assumed_most;
    bool is_assumed;
    uint32_t assumed_durable[THREADS_MOST];
};

static uint64_t choose_bits(struct choice_source *c)
{
    uint64_t z = c->state += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static uint32_t choose(struct choice_source *c, uint32_t below)
{
    return (uint32_t)(choose_bits(c) % below);
}

static void fill_bytes(uint8_t *out, uint32_t size, uint64_t seed, bool is_text_like)
{
    struct choice_source c = {seed};
    for (uint32_t i = 0; i < size; i++)
        out[i] = is_text_like ? (uint8_t)('a' + (choose_bits(&c) & 15)) : (uint8_t)choose_bits(&c);
}

static uint64_t bytes_seed(const struct worker *t, uint32_t key, uint32_t version)
{
    return ((uint64_t)t->number << 56) ^ ((uint64_t)key << 32) ^ version;
}

static uint64_t now(struct workload *w)
{
    return w->config.now != NULL ? w->config.now(w->config.context) : atomic_fetch_add(&w->clock, 1);
}

const char *workload_database(const char *folder)
{
    static _Thread_local char path[4096];
    snprintf(path, sizeof path, "%s/work.edb", folder);
    return path;
}

struct workload *workload_create(const struct workload_config *config)
{
    struct workload *w = (struct workload *)calloc(1, sizeof *w);
    assert_non_null(w);
    w->config = *config;
    w->folder = strdup(config->folder);
    w->instance = JET_instanceNil;
    w->limit = config->transactions;
    for (uint32_t i = 0; i < config->threads; i++) {
        struct worker *t = &w->workers[i];
        t->w = w;
        pthread_mutex_init(&t->lock, NULL);
        t->number = i;
        t->choices.state = config->seed * 1000003u + i;
        t->started = (uint64_t *)calloc(config->transactions + 2, sizeof *t->started);
        t->durable = (uint64_t *)calloc(config->transactions + 2, sizeof *t->durable);
        t->next_version = 1;
        t->session = JET_sesidNil;
    }
    return w;
}

void workload_destroy(struct workload *w)
{
    if (w == NULL)
        return;
    for (uint32_t i = 0; i < w->config.threads; i++) {
        pthread_mutex_destroy(&w->workers[i].lock);
        free(w->workers[i].started);
        free(w->workers[i].durable);
        free(w->workers[i].history);
        free(w->workers[i].tables);
    }
    free(w->folder);
    free(w);
}

JET_INSTANCE workload_instance(const struct workload *w)
{
    return w->instance;
}

#define GOOD(call)                 \
    do {                           \
        err = (call);              \
        if (err < JET_errSuccess)  \
            goto done;             \
    } while (0)

static JET_ERR start_instance(const struct workload *w, const char *folder, JET_INSTANCE *instance)
{
    static atomic_uint count;
    char name[32], temporary[4096];
    JET_ERR err;
    *instance = JET_instanceNil;
    snprintf(name, sizeof name, "workload %u", atomic_fetch_add(&count, 1));
    snprintf(temporary, sizeof temporary, "%s/", folder);
    GOOD(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, w->config.page_size, NULL));
    GOOD(JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMin, w->config.cache_pages != 0 ? w->config.cache_pages : 128, NULL));
    GOOD(JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMax, w->config.cache_pages != 0 ? w->config.cache_pages : 128, NULL));
    GOOD(JetCreateInstance(instance, name));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramSystemPath, 0, folder));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramLogFilePath, 0, folder));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramTempPath, 0, temporary));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramLogFileSize, w->config.log_kib != 0 ? w->config.log_kib : 128, NULL));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramCircularLog, w->config.is_circular, NULL));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramCheckpointDepthMax, 256 * 1024, NULL));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramDbExtensionSize, 32, NULL));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, folder));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    GOOD(JetSetSystemParameter(instance, 0, JET_paramMaxTemporaryTables, 0, NULL));
    if (w->config.version_pages != 0)
        GOOD(JetSetSystemParameter(instance, 0, JET_paramMaxVerPages, w->config.version_pages, NULL));
    err = JetInit(instance);
    if (err < JET_errSuccess)
        *instance = JET_instanceNil; /* a failed start has freed it */
done:
    if (err < JET_errSuccess && *instance != JET_instanceNil) {
        (void)!JetTerm(*instance);
        *instance = JET_instanceNil;
    }
    return err;
}

/* --- setup --- */

static JET_COLUMNCREATE column_of(char *name, JET_COLTYP type, JET_GRBIT grbit)
{
    return (JET_COLUMNCREATE){.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = name, .coltyp = type, .grbit = grbit};
}

static JET_ERR create_row_table(JET_SESID session, JET_DBID dbid, char *name)
{
    JET_COLUMNCREATE columns[] = {column_of("key", JET_coltypLong, JET_bitColumnNotNULL | JET_bitColumnFixed), column_of("sort", JET_coltypLongLong, JET_bitColumnFixed),
                                  column_of("bytes", JET_coltypBinary, 0), column_of("long", JET_coltypLongBinary, 0)};
    JET_INDEXCREATE indexes[] = {
        {.cbStruct = sizeof(JET_INDEXCREATE), .szIndexName = "primary", .szKey = "+key\0", .cbKey = 6, .grbit = JET_bitIndexPrimary | JET_bitIndexUnique, .ulDensity = 90},
        {.cbStruct = sizeof(JET_INDEXCREATE), .szIndexName = "by_sort", .szKey = "+sort\0", .cbKey = 7, .grbit = 0, .ulDensity = 90}};
    JET_TABLECREATE table = {.cbStruct = sizeof table, .szTableName = name, .ulPages = 1, .ulDensity = 90, .rgcolumncreate = columns, .cColumns = 4, .rgindexcreate = indexes, .cIndexes = 2};
    JET_ERR err = JetCreateTableColumnIndex(session, dbid, &table);
    if (err >= JET_errSuccess)
        err = JetCloseTable(session, table.tableid);
    return err;
}

static JET_ERR create_counters(JET_SESID session, JET_DBID dbid, uint32_t threads)
{
    JET_COLUMNCREATE columns[] = {column_of("thread", JET_coltypLong, JET_bitColumnNotNULL), column_of("k", JET_coltypLong, 0)};
    JET_INDEXCREATE index = {.cbStruct = sizeof index, .szIndexName = "primary", .szKey = "+thread\0", .cbKey = 9, .grbit = JET_bitIndexPrimary | JET_bitIndexUnique, .ulDensity = 90};
    JET_TABLECREATE table = {.cbStruct = sizeof table, .szTableName = "counters", .ulPages = 1, .ulDensity = 90, .rgcolumncreate = columns, .cColumns = 2, .rgindexcreate = &index, .cIndexes = 1};
    JET_ERR err;
    GOOD(JetCreateTableColumnIndex(session, dbid, &table));
    for (uint32_t i = 0; i < threads; i++) {
        int32_t thread = (int32_t)i, k = 0;
        GOOD(JetPrepareUpdate(session, table.tableid, JET_prepInsert));
        GOOD(JetSetColumn(session, table.tableid, columns[0].columnid, &thread, sizeof thread, 0, NULL));
        GOOD(JetSetColumn(session, table.tableid, columns[1].columnid, &k, sizeof k, 0, NULL));
        GOOD(JetUpdate(session, table.tableid, NULL, 0, NULL));
    }
    GOOD(JetCloseTable(session, table.tableid));
done:
    return err;
}

JET_ERR workload_setup(struct workload *w)
{
    JET_SESID session = JET_sesidNil;
    JET_DBID dbid;
    JET_ERR err;
    GOOD(start_instance(w, w->folder, &w->instance));
    GOOD(JetBeginSession(w->instance, &session, NULL, NULL));
    GOOD(JetCreateDatabase(session, workload_database(w->folder), NULL, &dbid, 0));
    GOOD(JetBeginTransaction(session));
    for (uint32_t i = 0; i < w->config.threads; i++) {
        char name[16];
        snprintf(name, sizeof name, "rows%u", i);
        GOOD(create_row_table(session, dbid, name));
    }
    GOOD(create_counters(session, dbid, w->config.threads));
    GOOD(JetCommitTransaction(session, 0));
    GOOD(JetCloseDatabase(session, dbid, 0));
    GOOD(JetEndSession(session, 0));
done:
    if (err < JET_errSuccess && session != JET_sesidNil)
        (void)!JetEndSession(session, 0); /* also takes back what is open */
    return err;
}

JET_ERR workload_start(struct workload *w)
{
    return start_instance(w, w->folder, &w->instance);
}

/* --- one thread's work --- */

static JET_ERR column_id(JET_SESID session, JET_TABLEID table, const char *name, JET_COLUMNID *out)
{
    JET_COLUMNDEF definition;
    JET_ERR err = JetGetTableColumnInfo(session, table, name, &definition, sizeof definition, JET_ColInfo);
    *out = definition.columnid;
    return err;
}

static JET_ERR open_tables(struct worker *t)
{
    JET_ERR err;
    char name[16];
    snprintf(name, sizeof name, "rows%u", t->number);
    GOOD(JetBeginSession(t->w->instance, &t->session, NULL, NULL));
    err = JetAttachDatabase(t->session, workload_database(t->w->folder), 0);
    if (err < JET_errSuccess)
        goto done;
    GOOD(JetOpenDatabase(t->session, workload_database(t->w->folder), NULL, &t->dbid, 0));
    GOOD(JetOpenTable(t->session, t->dbid, name, NULL, 0, 0, &t->table));
    GOOD(JetOpenTable(t->session, t->dbid, "counters", NULL, 0, 0, &t->counter));
    GOOD(column_id(t->session, t->table, "key", &t->column_key));
    GOOD(column_id(t->session, t->table, "sort", &t->column_sort));
    GOOD(column_id(t->session, t->table, "bytes", &t->column_bytes));
    GOOD(column_id(t->session, t->table, "long", &t->column_long));
    GOOD(column_id(t->session, t->counter, "k", &t->column_counter_k));
done:
    return err;
}

static void note_change(struct worker *t, enum change_kind kind, uint32_t key, struct row_state after)
{
    struct row_state *place = kind == CHANGE_ROW ? &t->rows[key] : &t->tables[key];
    pthread_mutex_lock(&t->lock);
    if (t->change_count == t->change_room) {
        t->change_room = t->change_room * 2 + 256;
        t->history = (struct change *)realloc(t->history, t->change_room * sizeof *t->history);
        assert_non_null(t->history);
    }
    t->history[t->change_count++] = (struct change){.kind = kind, .k = t->k + 1, .key = key, .before = *place, .after = after};
    *place = after;
    pthread_mutex_unlock(&t->lock);
}

/* The model forgets changes back to a count. */
static void take_back(struct worker *t, uint32_t to)
{
    pthread_mutex_lock(&t->lock);
    while (t->change_count > to) {
        const struct change *c = &t->history[--t->change_count];
        *(c->kind == CHANGE_ROW ? &t->rows[c->key] : &t->tables[c->key]) = c->before;
    }
    pthread_mutex_unlock(&t->lock);
}

static JET_ERR seek_row(struct worker *t, JET_TABLEID table, int32_t key)
{
    JET_ERR err;
    GOOD(JetMakeKey(t->session, table, &key, sizeof key, JET_bitNewKey));
    GOOD(JetSeek(t->session, table, JET_bitSeekEQ));
done:
    return err;
}

static JET_ERR set_values(struct worker *t, uint32_t key, const struct row_state *old, const struct row_state *row)
{
    static _Thread_local uint8_t bytes[LONG_MOST];
    JET_ERR err;
    fill_bytes(bytes, row->size, bytes_seed(t, key, row->version), false);
    GOOD(JetSetColumn(t->session, t->table, t->column_bytes, bytes, row->size, row->size == 0 ? JET_bitSetZeroLength : 0, NULL));
    GOOD(JetSetColumn(t->session, t->table, t->column_sort, &row->sort, sizeof row->sort, 0, NULL));
    if (row->long_version != old->long_version || row->long_size != old->long_size) {
        fill_bytes(bytes, row->long_size, bytes_seed(t, key, row->long_version) ^ 0x55, (row->long_version & 1) != 0);
        uint32_t first = row->long_size > 8000 ? row->long_size / 3 : row->long_size;
        GOOD(JetSetColumn(t->session, t->table, t->column_long, row->long_size == 0 ? NULL : bytes, first, 0, NULL));
        if (first < row->long_size)
            GOOD(JetSetColumn(t->session, t->table, t->column_long, bytes + first, row->long_size - first, JET_bitSetAppendLV, NULL));
    }
done:
    return err;
}

static JET_ERR write_row(struct worker *t, uint32_t key, struct row_state row)
{
    JET_ERR err = JET_errSuccess;
    const struct row_state old = t->rows[key];
    bool is_prepared = false;
    if (!t->is_dry) {
        if (old.exists)
            GOOD(seek_row(t, t->table, (int32_t)key));
        if (!row.exists) {
            GOOD(JetDelete(t->session, t->table));
        } else {
            GOOD(JetPrepareUpdate(t->session, t->table, old.exists ? JET_prepReplace : JET_prepInsert));
            is_prepared = true;
            if (!old.exists) {
                int32_t value = (int32_t)key;
                GOOD(JetSetColumn(t->session, t->table, t->column_key, &value, sizeof value, 0, NULL));
            }
            GOOD(set_values(t, key, &old, &row));
            GOOD(JetUpdate(t->session, t->table, NULL, 0, NULL));
            is_prepared = false;
        }
    }
    note_change(t, CHANGE_ROW, key, row);
done:
    if (is_prepared)
        (void)!JetPrepareUpdate(t->session, t->table, JET_prepCancel);
    return err;
}

static struct row_state new_values(struct worker *t, const struct row_state *old)
{
    struct row_state row = {.exists = true, .version = t->next_version++, .long_size = old->long_size, .long_version = old->long_version};
    row.size = (uint16_t)choose(&t->choices, VALUE_MOST + 1);
    row.sort = (int64_t)choose(&t->choices, 50) - 25;
    uint32_t kind = choose(&t->choices, 10);
    if (kind < 3) {
        static const uint32_t most[] = {300, 6000, LONG_MOST};
        row.long_size = choose(&t->choices, most[kind]);
        row.long_version = row.long_size == 0 ? 0 : row.version;
    } else if (kind == 3) {
        row.long_size = row.long_version = 0;
    }
    return row;
}

static JET_ERR change_rows(struct worker *t)
{
    JET_ERR err = JET_errSuccess;
    static const struct row_state none;
    uint32_t kind = choose(&t->choices, 40), from = choose(&t->choices, KEYS);
    if (kind == 0) { /* a run of rows goes: pages become empty */
        for (uint32_t i = from; i < KEYS && i < from + 90; i++)
            if (t->rows[i].exists)
                GOOD(write_row(t, i, none));
    } else if (kind < 3) { /* a run of rows comes: pages split */
        for (uint32_t i = from; i < KEYS && i < from + 50; i++)
            if (!t->rows[i].exists)
                GOOD(write_row(t, i, new_values(t, &none)));
    } else {
        uint32_t count = 1 + choose(&t->choices, 6);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t key = choose(&t->choices, KEYS);
            if (t->rows[key].exists && choose(&t->choices, 3) == 0)
                GOOD(write_row(t, key, none));
            else
                GOOD(write_row(t, key, new_values(t, &t->rows[key])));
        }
    }
done:
    return err;
}

static JET_ERR fill_extra_table(struct worker *t, JET_TABLEID table)
{
    JET_ERR err;
    JET_COLUMNID key;
    GOOD(column_id(t->session, table, "key", &key));
    for (int32_t i = 0; i < EXTRA_ROWS; i++) {
        GOOD(JetPrepareUpdate(t->session, table, JET_prepInsert));
        GOOD(JetSetColumn(t->session, table, key, &i, sizeof i, 0, NULL));
        GOOD(JetUpdate(t->session, table, NULL, 0, NULL));
    }
done:
    return err;
}

static JET_ERR change_schema(struct worker *t)
{
    JET_ERR err = JET_errSuccess;
    char name[32];
    JET_TABLEID table = JET_tableidNil;
    struct row_state state = {.exists = true, .version = 0};
    uint32_t number = t->table_next == 0 ? 0 : choose(&t->choices, t->table_next);
    uint32_t kind = choose(&t->choices, 3);
    if (t->table_next == 0 || kind == 0 || !t->tables[number].exists) {
        pthread_mutex_lock(&t->lock);
        number = t->table_next++;
        if (number >= t->table_room) {
            t->table_room = t->table_room * 2 + 16;
            t->tables = (struct row_state *)realloc(t->tables, t->table_room * sizeof *t->tables);
        }
        memset(&t->tables[number], 0, sizeof *t->tables);
        pthread_mutex_unlock(&t->lock);
        kind = 0;
    }
    snprintf(name, sizeof name, "extra%u", number);
    if (!t->is_dry && kind == 0) {
        GOOD(create_row_table(t->session, t->dbid, name));
        GOOD(JetOpenTable(t->session, t->dbid, name, NULL, 0, 0, &table));
        GOOD(fill_extra_table(t, table));
    } else if (!t->is_dry && kind == 1) {
        GOOD(JetDeleteTable(t->session, t->dbid, name));
    } else if (kind == 2) {
        state.version = 1 - t->tables[number].version;
        if (!t->is_dry) {
            GOOD(JetOpenTable(t->session, t->dbid, name, NULL, 0, 0, &table));
            if (state.version == 1)
                GOOD(JetCreateIndex(t->session, table, "second", 0, "-key\0", 6, 80));
            else
                GOOD(JetDeleteIndex(t->session, table, "second"));
        }
    }
    state.exists = kind != 1;
    note_change(t, CHANGE_TABLE, number, state);
done:
    if (table != JET_tableidNil)
        (void)!JetCloseTable(t->session, table);
    return err;
}

static JET_ERR set_counter(struct worker *t, int32_t k)
{
    JET_ERR err = JET_errSuccess;
    if (t->is_dry)
        return err;
    GOOD(seek_row(t, t->counter, (int32_t)t->number));
    GOOD(JetPrepareUpdate(t->session, t->counter, JET_prepReplace));
    GOOD(JetSetColumn(t->session, t->counter, t->column_counter_k, &k, sizeof k, 0, NULL));
    GOOD(JetUpdate(t->session, t->counter, NULL, 0, NULL));
done:
    return err;
}

/* An inner level that is kept or taken back. */
static JET_ERR nested(struct worker *t)
{
    JET_ERR err = JET_errSuccess;
    uint32_t mark = t->change_count;
    bool is_kept = choose(&t->choices, 2) == 0;
    if (!t->is_dry)
        GOOD(JetBeginTransaction(t->session));
    GOOD(change_rows(t));
    if (is_kept) {
        if (!t->is_dry)
            GOOD(JetCommitTransaction(t->session, 0));
    } else {
        if (!t->is_dry)
            GOOD(JetRollback(t->session, 0));
        take_back(t, mark);
    }
done:
    return err;
}

static JET_ERR one_transaction(struct worker *t)
{
    JET_ERR err = JET_errSuccess;
    uint32_t mark = t->change_count, steps = 1 + choose(&t->choices, 3);
    bool is_lazy = !t->w->config.always_durable && choose(&t->choices, 10) < 3, is_kept = choose(&t->choices, 10) != 0;
    if (!t->is_dry)
        GOOD(JetBeginTransaction(t->session));
    for (uint32_t i = 0; i < steps; i++) {
        uint32_t kind = choose(&t->choices, 12);
        if (kind < 2)
            GOOD(nested(t));
        else if (kind == 2 && t->number == 0 && !t->w->config.without_ddl)
            GOOD(change_schema(t));
        else
            GOOD(change_rows(t));
    }
    GOOD(set_counter(t, (int32_t)t->k + 1));
    if (!is_kept) {
        if (!t->is_dry)
            GOOD(JetRollback(t->session, 0));
        take_back(t, mark);
        return err;
    }
    if (t->is_dry) {
        t->k++;
        return err;
    }
    pthread_mutex_lock(&t->lock);
    t->started[t->k + 1] = now(t->w);
    t->k++; /* from here on it may be in the database */
    pthread_mutex_unlock(&t->lock);
    GOOD(JetCommitTransaction(t->session, is_lazy ? JET_bitCommitLazyFlush : 0));
    if (!is_lazy) {
        pthread_mutex_lock(&t->lock);
        t->durable[t->k] = now(t->w);
        pthread_mutex_unlock(&t->lock);
        if (t->w->config.committed != NULL)
            t->w->config.committed(t->w->config.context, t->number, t->k);
    }
done:
    return err;
}

/* A transaction has met an error: the client takes it back, and the model too. */
static JET_ERR roll_back_failed(struct worker *t, JET_ERR failure, uint32_t mark, uint32_t k)
{
    if (failure != JET_errWriteConflict) {
        t->failures++;
        t->last_failure = failure;
    }
    JET_ERR err = JetRollback(t->session, JET_bitRollbackAll);
    if (err == JET_errNotInTransaction)
        err = JET_errSuccess; /* it could not begin */
    if (err < JET_errSuccess)
        return failure;
    take_back(t, mark);
    pthread_mutex_lock(&t->lock);
    t->k = k;
    t->started[k + 1] = UINT64_MAX;
    pthread_mutex_unlock(&t->lock);
    return JET_errSuccess;
}

static void *work(void *argument)
{
    struct worker *t = (struct worker *)argument;
    struct workload *w = t->w;
    JET_ERR err;
    GOOD(open_tables(t));
    for (uint32_t tries = 0; t->k < w->limit && tries < 2 * w->config.transactions + 16 && !atomic_load(&w->is_stopping); tries++) {
        uint32_t mark = t->change_count, k = t->k;
        err = one_transaction(t);
        if (err < JET_errSuccess && w->config.goes_on)
            err = roll_back_failed(t, err, mark, k);
        GOOD(err);
    }
done:
    t->err = err < JET_errSuccess ? err : JET_errSuccess;
    if (err < JET_errSuccess)
        atomic_store(&w->is_stopping, true);
    else if (t->session != JET_sesidNil)
        (void)!JetEndSession(t->session, 0);
    return NULL;
}

JET_ERR workload_run(struct workload *w)
{
    pthread_t threads[THREADS_MOST];
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < w->config.threads; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &w->workers[i]), 0);
    for (uint32_t i = 0; i < w->config.threads; i++) {
        pthread_join(threads[i], NULL);
        if (err == JET_errSuccess)
            err = w->workers[i].err;
    }
    return err;
}

void workload_stop(struct workload *w)
{
    atomic_store(&w->is_stopping, true);
}

void workload_limit(struct workload *w, uint32_t transactions)
{
    w->limit = transactions < w->config.transactions ? transactions : w->config.transactions;
}

uint32_t workload_committed(const struct workload *w)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->config.threads; i++)
        count += w->workers[i].k;
    return count;
}

uint32_t workload_failures(const struct workload *w, JET_ERR *last)
{
    uint32_t count = 0;
    *last = JET_errSuccess;
    for (uint32_t i = 0; i < w->config.threads; i++) {
        count += w->workers[i].failures;
        if (w->workers[i].last_failure != JET_errSuccess)
            *last = w->workers[i].last_failure;
    }
    return count;
}

JET_ERR workload_finish(struct workload *w, bool is_abrupt)
{
    JET_ERR err = JET_errSuccess;
    if (w->instance != JET_instanceNil)
        err = JetTerm2(w->instance, is_abrupt ? JET_bitTermAbrupt : JET_bitTermComplete);
    w->instance = JET_instanceNil;
    return err;
}

void workload_assume(struct workload *w, const uint32_t *durable, uint32_t most)
{
    w->is_assumed = true;
    w->assumed_most = most;
    for (uint32_t i = 0; i < w->config.threads; i++) {
        struct worker *t = &w->workers[i];
        w->assumed_durable[i] = durable[i];
        t->is_dry = true;
        for (uint32_t tries = 0; t->k < w->config.transactions && t->k < durable[i] + most && tries < 2 * w->config.transactions + 16; tries++)
            (void)!one_transaction(t);
    }
}

/* --- the check --- */

struct checker {
    struct workload *w;
    uint64_t settled, latest;
    JET_SESID session;
    JET_DBID dbid;
    uint64_t rows;
};

/* What a thread's tables hold after transaction k. */
struct model {
    struct row_state rows[KEYS], *tables;
    uint32_t table_count;
};

/* Caller holds the thread's lock. */
static void model_at(const struct worker *t, uint32_t k, struct model *model)
{
    memset(model->rows, 0, sizeof model->rows);
    model->table_count = t->table_next;
    model->tables = (struct row_state *)calloc(t->table_next + 1, sizeof *model->tables);
    assert_non_null(model->tables);
    for (uint32_t i = 0; i < t->change_count && t->history[i].k <= k; i++)
        (t->history[i].kind == CHANGE_ROW ? model->rows : model->tables)[t->history[i].key] = t->history[i].after;
}

static uint32_t read_counter(struct checker *c, const struct worker *t)
{
    JET_TABLEID table;
    JET_COLUMNID column;
    int32_t thread = (int32_t)t->number, k = -1;
    uint32_t actual;
    assert_good(JetOpenTable(c->session, c->dbid, "counters", NULL, 0, 0, &table));
    assert_good(column_id(c->session, table, "k", &column));
    assert_good(JetMakeKey(c->session, table, &thread, sizeof thread, JET_bitNewKey));
    assert_good(JetSeek(c->session, table, JET_bitSeekEQ));
    assert_good(JetRetrieveColumn(c->session, table, column, &k, sizeof k, &actual, 0, NULL));
    assert_good(JetCloseTable(c->session, table));
    assert_true(k >= 0);
    return (uint32_t)k;
}

/* Caller holds the thread's lock. */
static void check_moment(const struct checker *c, const struct worker *t, uint32_t k)
{
    uint32_t least = 0, most = 0;
    if (c->w->is_assumed) {
        least = c->w->assumed_durable[t->number];
        most = t->k;
    } else {
        for (uint32_t i = 1; i <= t->k; i++) {
            if (t->durable[i] != 0 && t->durable[i] <= c->settled)
                least = i;
            if (t->started[i] <= c->latest)
                most = i;
        }
    }
    if (k < least || k > most) {
        print_error("thread %u: the database shows transaction %u, but %u was durable and %u the last one begun\n", t->number, k, least, most);
        fail();
    }
}

static void check_value(struct checker *c, const struct worker *t, JET_TABLEID table, const char *name, const uint8_t *expected, uint32_t size, bool is_null, uint32_t key)
{
    static uint8_t bytes[LONG_MOST + 16];
    JET_COLUMNID column;
    uint32_t actual = 0;
    assert_good(column_id(c->session, table, name, &column));
    JET_ERR err = JetRetrieveColumn(c->session, table, column, bytes, sizeof bytes, &actual, 0, NULL);
    if ((is_null && err != JET_wrnColumnNull) || (!is_null && (err != JET_errSuccess || actual != size || memcmp(bytes, expected, size) != 0))) {
        print_error("thread %u, row %u, column %s: %d, %u bytes, expected %u bytes%s\n", t->number, key, name, (int)err, actual, size, is_null ? " (null)" : "");
        fail();
    }
}

static void check_row(struct checker *c, const struct worker *t, JET_TABLEID table, uint32_t key, const struct row_state *row)
{
    static uint8_t bytes[LONG_MOST];
    int32_t value = (int32_t)key;
    check_value(c, t, table, "key", (const uint8_t *)&value, 4, false, key);
    check_value(c, t, table, "sort", (const uint8_t *)&row->sort, 8, false, key);
    fill_bytes(bytes, row->size, bytes_seed(t, key, row->version), false);
    check_value(c, t, table, "bytes", bytes, row->size, false, key);
    fill_bytes(bytes, row->long_size, bytes_seed(t, key, row->long_version) ^ 0x55, (row->long_version & 1) != 0);
    check_value(c, t, table, "long", bytes, row->long_size, row->long_size == 0, key);
    c->rows++;
}

static void check_rows(struct checker *c, const struct worker *t, const struct row_state *rows)
{
    char name[16];
    JET_TABLEID table;
    uint32_t expected = 0, entries = 0;
    snprintf(name, sizeof name, "rows%u", t->number);
    assert_good(JetOpenTable(c->session, c->dbid, name, NULL, 0, 0, &table));
    JET_ERR err = JetMove(c->session, table, JET_MoveFirst, 0);
    for (uint32_t key = 0; key < KEYS; key++) {
        if (!rows[key].exists)
            continue;
        if (err != JET_errSuccess)
            print_error("thread %u: row %u is missing (%d)\n", t->number, key, (int)err);
        assert_int_equal(err, JET_errSuccess);
        check_row(c, t, table, key, &rows[key]);
        expected++;
        err = JetMove(c->session, table, JET_MoveNext, 0);
    }
    assert_err(err, JET_errNoCurrentRecord);
    assert_good(JetSetCurrentIndex(c->session, table, "by_sort"));
    int64_t last = INT64_MIN;
    for (err = JetMove(c->session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(c->session, table, JET_MoveNext, 0)) {
        JET_COLUMNID column;
        int64_t sort;
        uint32_t actual;
        assert_good(column_id(c->session, table, "sort", &column));
        assert_good(JetRetrieveColumn(c->session, table, column, &sort, sizeof sort, &actual, 0, NULL));
        assert_true(sort >= last);
        last = sort;
        entries++;
    }
    assert_err(err, JET_errNoCurrentRecord);
    assert_int_equal(entries, expected);
    assert_good(JetCloseTable(c->session, table));
}

static void check_extra_tables(struct checker *c, const struct model *model)
{
    const struct row_state *tables = model->tables;
    for (uint32_t i = 0; i < model->table_count; i++) {
        char name[32];
        JET_TABLEID table;
        uint32_t rows = 0;
        snprintf(name, sizeof name, "extra%u", i);
        JET_ERR err = JetOpenTable(c->session, c->dbid, name, NULL, 0, 0, &table);
        if (err != (tables[i].exists ? JET_errSuccess : JET_errObjectNotFound))
            print_error("table %s: %d, but it %s\n", name, (int)err, tables[i].exists ? "exists" : "does not exist");
        assert_int_equal(err, tables[i].exists ? JET_errSuccess : JET_errObjectNotFound);
        if (err != JET_errSuccess)
            continue;
        if (tables[i].version == 1)
            assert_good(JetSetCurrentIndex(c->session, table, "second"));
        else
            assert_err(JetSetCurrentIndex(c->session, table, "second"), JET_errIndexNotFound);
        for (err = JetMove(c->session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(c->session, table, JET_MoveNext, 0))
            rows++;
        assert_int_equal(rows, EXTRA_ROWS);
        assert_good(JetCloseTable(c->session, table));
    }
}

static void check_worker(struct checker *c, struct worker *t)
{
    struct model model;
    uint32_t k = read_counter(c, t);
    pthread_mutex_lock(&t->lock);
    check_moment(c, t, k);
    model_at(t, k, &model);
    pthread_mutex_unlock(&t->lock);
    check_rows(c, t, model.rows);
    if (t->number == 0)
        check_extra_tables(c, &model);
    free(model.tables);
}

JET_ERR workload_check_between(struct workload *w, const char *folder, uint64_t settled, uint64_t latest, uint64_t *rows)
{
    struct checker c = {.w = w, .settled = settled, .latest = latest};
    JET_INSTANCE instance = JET_instanceNil;
    JET_ERR err = start_instance(w, folder, &instance);
    if (err < JET_errSuccess)
        return err;
    assert_good(JetBeginSession(instance, &c.session, NULL, NULL));
    err = JetAttachDatabase(c.session, workload_database(folder), 0);
    if (err < JET_errSuccess) {
        (void)!JetTerm2(instance, JET_bitTermComplete);
        return err;
    }
    assert_good(JetOpenDatabase(c.session, workload_database(folder), NULL, &c.dbid, 0));
    for (uint32_t i = 0; i < w->config.threads; i++)
        check_worker(&c, &w->workers[i]);
    assert_good(JetCloseDatabase(c.session, c.dbid, 0));
    assert_good(JetEndSession(c.session, 0));
    if (rows != NULL)
        *rows = c.rows;
    return JetTerm2(instance, JET_bitTermComplete);
}

JET_ERR workload_check(struct workload *w, const char *folder, uint64_t moment, uint64_t *rows)
{
    return workload_check_between(w, folder, moment, moment, rows);
}
