/* Snapshot isolation against a model that predicts every answer, and money that must not appear or vanish.
 *
 * 1. Up to eight sessions in one thread, the next one to act chosen by the seed: begins, commits and rollbacks of nested levels, inserts, replaces, deletes, escrow changes, seeks, ranges and whole
 *    scans on several tables. The model knows for each key the committed states with their times and what every open transaction has done at which level, so the result
 *    of each call, write conflicts and duplicates included, is known before the call. The engine is ended in order or dirty (as a crash leaves it), started again, and must hold the last committed states.
 * 2. Threads that move money between accounts while others add up: each sum of a snapshot is the same, no change is lost.
 *
 * OPENESE_MODEL_SECONDS: how long, all tests together (default 20). The seed is printed; OPENESE_SEED repeats a run of the first kind exactly.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmocka_all.h"
#include "live_instance.h"
#include "shared_data.h"

enum { SESSIONS_MOST = 8, TABLES = 3, KEYS_MOST = 1500, LEVELS_MOST = 7, VALUE_MOST = 150, LONG_MOST = 12000, STATES_FIRST = 4 };

/* keys, longest value, part of rows with a long value: a table that is fought over, a broad one, and one whose rows are large */
static const struct table_shape { uint32_t keys, value_most, long_of_16; } SHAPES[TABLES] = {{24, 60, 2}, {KEYS_MOST, VALUE_MOST, 1}, {120, VALUE_MOST, 8}};

struct choices { uint64_t state; };

static uint64_t choose_bits(struct choices *c)
{
    uint64_t z = c->state += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static uint32_t choose(struct choices *c, uint32_t below) { return (uint32_t)(choose_bits(c) % below); }

static uint64_t seed_of_run(void)
{
    const char *text = getenv("OPENESE_SEED");
    if (text != NULL)
        return strtoull(text, NULL, 0);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Share of one test in the whole duration. */
static double seconds_of_test(double share)
{
    const char *text = getenv("OPENESE_MODEL_SECONDS");
    return (text != NULL ? atof(text) : 20.0) * share;
}

static uint32_t page_size_of_seed(uint64_t seed) { return 4096u << (seed % 4); }

/* --- the model --- */

struct row {
    bool exists;
    uint16_t size;
    uint32_t version;    /* decides the bytes of value and long value */
    uint32_t long_size;  /* 0: null */
    int32_t sort;
    int32_t escrow;
};

struct committed {
    uint64_t time;
    struct row row;
};

/* What one open transaction has done to one key. */
struct own {
    bool is_changed, is_locked, has_delta; /* changed: inserted, replaced or deleted */
    struct row row;                        /* while is_changed; escrow without own delta */
    int32_t delta;
};

struct key_state {
    struct committed *states;              /* oldest first; the first one is what everybody sees at time 0 */
    uint32_t state_count, state_room;
    uint64_t changed_at, delta_at, locked_at; /* last commit of each kind of change */
    struct own own[SESSIONS_MOST];
};

struct action { /* to take one step of a transaction back */
    unsigned level;
    uint32_t table, key;
    struct own before;
};

struct session {
    unsigned number, level;
    uint64_t snapshot;
    struct action *actions;
    uint32_t action_count, action_room;
    JET_SESID id;
    JET_DBID dbid;
    JET_TABLEID tables[TABLES];
};

struct columns { JET_COLUMNID key, sort, escrow, value, large; };

struct world {
    struct choices choices;
    uint64_t seed, time, calls;
    uint32_t session_count, next_version;
    struct session sessions[SESSIONS_MOST];
    struct key_state *keys[TABLES];
    struct columns columns[TABLES];
    JET_INSTANCE instance;
    const char *folder, *path;
    uint32_t conflicts, duplicates, commits, rollbacks;
};

static const struct row *committed_at(const struct key_state *k, uint64_t time)
{
    uint32_t i = k->state_count - 1;
    while (i > 0 && k->states[i].time > time)
        i--;
    return &k->states[i].row;
}

/* What a session sees; at level 0 what is committed now. */
static struct row seen(const struct world *w, const struct session *s, uint32_t table, uint32_t key)
{
    const struct key_state *k = &w->keys[table][key];
    const struct own *own = &k->own[s->number];
    if (s->level == 0)
        return *committed_at(k, w->time);
    struct row row = own->is_changed ? own->row : *committed_at(k, s->snapshot);
    row.escrow += own->delta;
    return row;
}

static bool others_have(const struct key_state *k, const struct world *w, const struct session *s, bool with_deltas)
{
    for (uint32_t i = 0; i < w->session_count; i++)
        if (i != s->number && (k->own[i].is_changed || k->own[i].is_locked || (with_deltas && k->own[i].has_delta)))
            return true;
    return false;
}

/* May the session change (with_deltas: or only add to) the row? A lock of another that went without a change before its commit
 * may or may not count: *is_open then. */
static bool conflicts(const struct world *w, const struct session *s, const struct key_state *k, bool is_delta, bool *is_open)
{
    *is_open = k->locked_at > s->snapshot;
    return others_have(k, w, s, !is_delta) || k->changed_at > s->snapshot || (!is_delta && k->delta_at > s->snapshot);
}

static struct own *record_action(struct world *w, struct session *s, uint32_t table, uint32_t key)
{
    struct own *own = &w->keys[table][key].own[s->number];
    if (s->action_count == s->action_room) {
        s->action_room = s->action_room == 0 ? 64 : 2 * s->action_room;
        s->actions = (struct action *)realloc(s->actions, s->action_room * sizeof *s->actions);
        assert_non_null(s->actions);
    }
    s->actions[s->action_count++] = (struct action){s->level, table, key, *own};
    return own;
}

static void model_commit_key(struct world *w, struct session *s, uint32_t table, uint32_t key)
{
    struct key_state *k = &w->keys[table][key];
    struct own *own = &k->own[s->number];
    struct row row = own->is_changed ? own->row : k->states[k->state_count - 1].row;
    row.escrow += own->delta;
    if (own->is_changed || own->has_delta) {
        if (k->state_count == k->state_room) {
            k->state_room = k->state_room == 0 ? STATES_FIRST : 2 * k->state_room;
            k->states = (struct committed *)realloc(k->states, k->state_room * sizeof *k->states);
            assert_non_null(k->states);
        }
        k->states[k->state_count++] = (struct committed){w->time, row};
    }
    if (own->is_changed)
        k->changed_at = w->time;
    if (own->has_delta)
        k->delta_at = w->time;
    if (own->is_locked)
        k->locked_at = w->time;
    memset(own, 0, sizeof *own);
}

/* Forgets committed states that no open snapshot needs. */
static void forget(struct world *w, struct key_state *k)
{
    uint64_t oldest = w->time;
    for (uint32_t i = 0; i < w->session_count; i++)
        if (w->sessions[i].level > 0 && w->sessions[i].snapshot < oldest)
            oldest = w->sessions[i].snapshot;
    uint32_t first = k->state_count - 1;
    while (first > 0 && k->states[first].time > oldest)
        first--;
    memmove(k->states, k->states + first, (k->state_count - first) * sizeof *k->states);
    k->state_count -= first;
}

static void model_commit(struct world *w, struct session *s)
{
    if (--s->level > 0) {
        for (uint32_t i = s->action_count; i > 0 && s->actions[i - 1].level > s->level; i--)
            s->actions[i - 1].level = s->level;
        return;
    }
    w->time++;
    for (uint32_t i = 0; i < s->action_count; i++) {
        struct own *own = &w->keys[s->actions[i].table][s->actions[i].key].own[s->number];
        if (own->is_changed || own->has_delta || own->is_locked)
            model_commit_key(w, s, s->actions[i].table, s->actions[i].key);
        forget(w, &w->keys[s->actions[i].table][s->actions[i].key]);
    }
    s->action_count = 0;
}

static void model_rollback(struct world *w, struct session *s)
{
    while (s->action_count > 0 && s->actions[s->action_count - 1].level >= s->level) {
        const struct action *a = &s->actions[--s->action_count];
        w->keys[a->table][a->key].own[s->number] = a->before;
    }
    s->level--;
}

/* --- the engine --- */

static void report(const struct world *w, const struct session *s, const char *what, uint32_t table, uint32_t key)
{
    print_error("seed %llu, call %llu, session %u at level %u: %s, table %u, key %u\n", (unsigned long long)w->seed, (unsigned long long)w->calls, s->number, s->level, what, table, key);
}

static void expect_err(struct world *w, const struct session *s, JET_ERR err, JET_ERR expected, const char *what, uint32_t table, uint32_t key)
{
    w->calls++;
    if (err != expected) {
        report(w, s, what, table, key);
        print_error("  answer %d, expected %d\n", (int)err, (int)expected);
        const struct key_state *k = &w->keys[table][key];
        for (uint32_t i = 0; i < w->session_count; i++)
            if (k->own[i].is_changed || k->own[i].has_delta || k->own[i].is_locked)
                print_error("  session %u (level %u, snapshot %llu):%s%s%s\n", i, w->sessions[i].level, (unsigned long long)w->sessions[i].snapshot, k->own[i].is_changed ? " changed" : "",
                            k->own[i].has_delta ? " delta" : "", k->own[i].is_locked ? " locked" : "");
        print_error("  committed: changed at %llu, delta at %llu; own snapshot %llu\n", (unsigned long long)k->changed_at, (unsigned long long)k->delta_at, (unsigned long long)s->snapshot);
        fail();
    }
}

static JET_COLUMNID column_id(const struct session *s, JET_TABLEID table, const char *name)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition};
    assert_good(JetGetTableColumnInfo(s->id, table, name, &definition, sizeof definition, JET_ColInfo));
    return definition.columnid;
}

static const char *table_name(uint32_t table) { return text_of("table%u", table); }

static void create_table(const struct world *w, uint32_t table)
{
    const struct session *s = &w->sessions[0];
    JET_TABLEID id;
    JET_COLUMNID column;
    int32_t zero = 0;
    assert_good(JetBeginTransaction(s->id));
    assert_good(JetCreateTable(s->id, s->dbid, table_name(table), 1, 80, &id));
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    assert_good(JetAddColumn(s->id, id, "key", &definition, NULL, 0, &column));
    assert_good(JetAddColumn(s->id, id, "sort", &definition, NULL, 0, &column));
    definition.grbit = JET_bitColumnEscrowUpdate;
    assert_good(JetAddColumn(s->id, id, "escrow", &definition, &zero, sizeof zero, &column));
    definition = (JET_COLUMNDEF){.cbStruct = sizeof definition, .coltyp = JET_coltypBinary, .cbMax = 255};
    assert_good(JetAddColumn(s->id, id, "value", &definition, NULL, 0, &column));
    definition = (JET_COLUMNDEF){.cbStruct = sizeof definition, .coltyp = JET_coltypLongBinary};
    assert_good(JetAddColumn(s->id, id, "large", &definition, NULL, 0, &column));
    assert_good(JetCreateIndex(s->id, id, "primary", JET_bitIndexPrimary, "+key\0", 6, 90));
    assert_good(JetCreateIndex(s->id, id, "by_sort", 0, "-sort\0", 7, 90));
    assert_good(JetCloseTable(s->id, id));
    assert_good(JetCommitTransaction(s->id, 0));
}

static void open_session(struct world *w, struct session *s, bool is_first)
{
    assert_good(JetBeginSession(w->instance, &s->id, NULL, NULL));
    if (!is_first)
        assert_int_equal(JetAttachDatabase(s->id, w->path, 0), s->number == 0 ? JET_errSuccess : JET_wrnDatabaseAttached);
    if (!is_first || s->number > 0)
        assert_good(JetOpenDatabase(s->id, w->path, NULL, &s->dbid, 0));
    else
        assert_good(JetCreateDatabase(s->id, w->path, NULL, &s->dbid, 0));
    for (uint32_t t = 0; t < TABLES; t++) {
        if (is_first && s->number == 0)
            create_table(w, t);
        assert_good(JetOpenTable(s->id, s->dbid, table_name(t), NULL, 0, 0, &s->tables[t]));
        w->columns[t] = (struct columns){column_id(s, s->tables[t], "key"), column_id(s, s->tables[t], "sort"), column_id(s, s->tables[t], "escrow"), column_id(s, s->tables[t], "value"),
                                         column_id(s, s->tables[t], "large")};
    }
}

static void start(struct world *w, bool is_first)
{
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, page_size_of_seed(w->seed), NULL));
    assert_good(JetCreateInstance(&w->instance, text_of("model %llu %d", (unsigned long long)w->seed, is_first)));
    assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramSystemPath, 0, w->folder));
    assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramLogFilePath, 0, w->folder));
    assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", w->folder)));
    assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramLogFileSize, 256, NULL));
    assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramCircularLog, w->seed & 1, NULL));
    assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    if ((w->seed & 4) != 0) { /* pages come and go, with changes that are not committed */
        assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramCacheSizeMin, 64, NULL));
        assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramCacheSizeMax, 64, NULL));
        assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramCheckpointDepthMax, 256 << 10, NULL));
    }
    assert_good(JetInit(&w->instance));
    for (uint32_t i = 0; i < w->session_count; i++) {
        w->sessions[i].number = i;
        open_session(w, &w->sessions[i], is_first);
    }
}

static void fill_bytes(uint8_t *out, uint32_t size, uint64_t seed)
{
    struct choices c = {seed};
    bool is_text_like = (seed & 1) != 0;
    for (uint32_t i = 0; i < size; i++)
        out[i] = is_text_like ? (uint8_t)('a' + (choose_bits(&c) & 15)) : (uint8_t)choose_bits(&c);
}

static JET_ERR seek(const struct session *s, uint32_t table, uint32_t key)
{
    int32_t value = (int32_t)key;
    assert_good(JetMakeKey(s->id, s->tables[table], &value, sizeof value, JET_bitNewKey));
    return JetSeek(s->id, s->tables[table], JET_bitSeekEQ);
}

static void set_columns(const struct world *w, const struct session *s, uint32_t table, uint32_t key, const struct row *row, bool is_insert)
{
    static uint8_t bytes[LONG_MOST];
    const struct columns *c = &w->columns[table];
    JET_TABLEID id = s->tables[table];
    int32_t value = (int32_t)key;
    if (is_insert)
        assert_good(JetSetColumn(s->id, id, c->key, &value, sizeof value, 0, NULL));
    assert_good(JetSetColumn(s->id, id, c->sort, &row->sort, sizeof row->sort, 0, NULL));
    fill_bytes(bytes, row->size, row->version);
    assert_good(JetSetColumn(s->id, id, c->value, bytes, row->size, row->size == 0 ? JET_bitSetZeroLength : 0, NULL));
    fill_bytes(bytes, row->long_size, row->version ^ 0x5555);
    assert_good(JetSetColumn(s->id, id, c->large, row->long_size == 0 ? NULL : bytes, row->long_size, 0, NULL));
}

static void check_value(const struct world *w, const struct session *s, uint32_t table, uint32_t key, JET_COLUMNID column, const char *name, const void *expected, uint32_t size, bool is_null)
{
    static uint8_t bytes[LONG_MOST + 16];
    uint32_t actual = 0;
    JET_ERR err = JetRetrieveColumn(s->id, s->tables[table], column, bytes, sizeof bytes, &actual, 0, NULL);
    if ((is_null && err != JET_wrnColumnNull) || (!is_null && (err != JET_errSuccess || actual != size || memcmp(bytes, expected, size) != 0))) {
        report(w, s, text_of("column %s: answer %d, %u bytes, expected %u%s", name, (int)err, actual, size, is_null ? " (null)" : ""), table, key);
        fail();
    }
}

/* The cursor stands on the row: is it as it must be? */
static void check_row(const struct world *w, const struct session *s, uint32_t table, uint32_t key, const struct row *row)
{
    static uint8_t bytes[LONG_MOST];
    const struct columns *c = &w->columns[table];
    int32_t value = (int32_t)key;
    check_value(w, s, table, key, c->key, "key", &value, sizeof value, false);
    check_value(w, s, table, key, c->sort, "sort", &row->sort, sizeof row->sort, false);
    check_value(w, s, table, key, c->escrow, "escrow", &row->escrow, sizeof row->escrow, false);
    fill_bytes(bytes, row->size, row->version);
    check_value(w, s, table, key, c->value, "value", bytes, row->size, false);
    fill_bytes(bytes, row->long_size, row->version ^ 0x5555);
    check_value(w, s, table, key, c->large, "large", bytes, row->long_size, row->long_size == 0);
}

/* --- steps --- */

static struct row new_row(struct world *w, uint32_t table)
{
    struct row row = {.exists = true, .version = w->next_version++};
    row.size = (uint16_t)choose(&w->choices, SHAPES[table].value_most + 1);
    row.sort = (int32_t)choose(&w->choices, 40) - 20;
    if (choose(&w->choices, 16) < SHAPES[table].long_of_16)
        row.long_size = 1 + choose(&w->choices, choose(&w->choices, 2) == 0 ? 900 : LONG_MOST);
    return row;
}

static void do_insert(struct world *w, struct session *s, uint32_t table, uint32_t key)
{
    struct row row = new_row(w, table), before = seen(w, s, table, key);
    const struct key_state *k = &w->keys[table][key];
    bool is_open, is_refused = conflicts(w, s, k, false, &is_open) || before.exists;
    JET_TABLEID id = s->tables[table];
    expect_err(w, s, JetPrepareUpdate(s->id, id, JET_prepInsert), JET_errSuccess, "prepare insert", table, key);
    set_columns(w, s, table, key, &row, true);
    JET_ERR err = JetUpdate(s->id, id, NULL, 0, NULL);
    if (is_open && !is_refused && err == JET_errKeyDuplicate)
        is_refused = true;
    expect_err(w, s, err, is_refused ? JET_errKeyDuplicate : JET_errSuccess, "insert", table, key);
    if (is_refused) {
        w->duplicates++;
        expect_err(w, s, JetPrepareUpdate(s->id, id, JET_prepCancel), JET_errSuccess, "cancel", table, key);
        return;
    }
    struct own *own = record_action(w, s, table, key);
    own->is_changed = true;
    own->row = row;
    own->row.escrow = -own->delta; /* an inserted row starts at the default, whatever was added to the one before */
}

/* Positions on a row to be changed; false: it is not there, as expected. */
static bool find_row(struct world *w, const struct session *s, uint32_t table, uint32_t key)
{
    bool exists = seen(w, s, table, key).exists;
    expect_err(w, s, seek(s, table, key), exists ? JET_errSuccess : JET_errRecordNotFound, "seek", table, key);
    return exists;
}

/* The row is to be written to; false: refused, as expected. */
static bool is_allowed(struct world *w, struct session *s, uint32_t table, uint32_t key, JET_ERR err, bool is_delta, const char *what)
{
    bool is_open, is_conflict = conflicts(w, s, &w->keys[table][key], is_delta, &is_open);
    if (is_open && err == JET_errWriteConflict)
        is_conflict = true;
    expect_err(w, s, err, is_conflict ? JET_errWriteConflict : JET_errSuccess, what, table, key);
    w->conflicts += is_conflict;
    return !is_conflict;
}

static void do_replace(struct world *w, struct session *s, uint32_t table, uint32_t key)
{
    if (!find_row(w, s, table, key))
        return;
    struct row before = seen(w, s, table, key), row = new_row(w, table);
    JET_TABLEID id = s->tables[table];
    if (!is_allowed(w, s, table, key, JetPrepareUpdate(s->id, id, JET_prepReplace), false, "prepare replace"))
        return;
    if (choose(&w->choices, 8) == 0) { /* thought better of it: the lock stays until the transaction ends */
        set_columns(w, s, table, key, &row, false);
        expect_err(w, s, JetPrepareUpdate(s->id, id, JET_prepCancel), JET_errSuccess, "cancel", table, key);
        record_action(w, s, table, key)->is_locked = true;
        return;
    }
    set_columns(w, s, table, key, &row, false);
    expect_err(w, s, JetUpdate(s->id, id, NULL, 0, NULL), JET_errSuccess, "replace", table, key);
    struct own *own = record_action(w, s, table, key);
    row.escrow = before.escrow - own->delta;
    own->is_changed = true;
    own->row = row;
}

static void do_delete(struct world *w, struct session *s, uint32_t table, uint32_t key)
{
    if (!find_row(w, s, table, key))
        return;
    struct row before = seen(w, s, table, key);
    if (!is_allowed(w, s, table, key, JetDelete(s->id, s->tables[table]), false, "delete"))
        return;
    struct own *own = record_action(w, s, table, key);
    own->is_changed = true;
    own->row = before;
    own->row.escrow -= own->delta;
    own->row.exists = false;
}

/* What an escrow update finds: the changes of all, committed or not. A row that was changed otherwise has none of others. */
static int32_t sum_of_all(const struct world *w, const struct session *s, uint32_t table, uint32_t key)
{
    const struct key_state *k = &w->keys[table][key];
    int32_t sum = committed_at(k, w->time)->escrow;
    if (k->own[s->number].is_changed)
        return seen(w, s, table, key).escrow;
    for (unsigned i = 0; i < w->session_count; i++)
        sum += k->own[i].delta;
    return sum;
}

static void do_escrow(struct world *w, struct session *s, uint32_t table, uint32_t key)
{
    if (!find_row(w, s, table, key))
        return;
    int32_t delta = (int32_t)choose(&w->choices, 2001) - 1000, old = 0;
    int32_t before = sum_of_all(w, s, table, key);
    uint32_t actual = 0;
    JET_ERR err = JetEscrowUpdate(s->id, s->tables[table], w->columns[table].escrow, &delta, sizeof delta, &old, sizeof old, &actual, 0);
    if (!is_allowed(w, s, table, key, err, true, "escrow"))
        return;
    if (old != before || actual != sizeof old) {
        report(w, s, text_of("escrow returned the old value %d, expected %d", old, before), table, key);
        fail();
    }
    struct own *own = record_action(w, s, table, key);
    own->has_delta = true;
    own->delta += delta;
}

static void do_seek(struct world *w, struct session *s, uint32_t table, uint32_t key)
{
    if (find_row(w, s, table, key)) {
        struct row row = seen(w, s, table, key);
        check_row(w, s, table, key, &row);
    }
}

/* All rows from a key on, upwards or downwards, until `most` or the end. */
static void do_scan(struct world *w, struct session *s, uint32_t table, uint32_t key, uint32_t most)
{
    bool is_up = choose(&w->choices, 2) == 0;
    int32_t value = (int32_t)key;
    JET_TABLEID id = s->tables[table];
    assert_good(JetMakeKey(s->id, id, &value, sizeof value, JET_bitNewKey));
    JET_ERR err = JetSeek(s->id, id, is_up ? JET_bitSeekGE : JET_bitSeekLE);
    for (int64_t at = key; most > 0; at += is_up ? 1 : -1) {
        if (at < 0 || at >= SHAPES[table].keys) {
            expect_err(w, s, err == JET_errRecordNotFound ? JET_errNoCurrentRecord : err, JET_errNoCurrentRecord, "end of a scan", table, key);
            break;
        }
        struct row row = seen(w, s, table, (uint32_t)at);
        if (!row.exists)
            continue;
        expect_err(w, s, err < JET_errSuccess ? err : JET_errSuccess, JET_errSuccess, "scan", table, (uint32_t)at);
        check_row(w, s, table, (uint32_t)at, &row);
        err = JetMove(s->id, id, is_up ? JET_MoveNext : JET_MovePrevious, 0);
        most--;
    }
}

/* All entries of the secondary index: exactly the rows one sees, by descending sort value. */
static void do_index_scan(struct world *w, struct session *s, uint32_t table)
{
    static bool found[KEYS_MOST];
    JET_TABLEID id = s->tables[table];
    uint32_t actual;
    int32_t last = INT32_MAX, key, sort;
    memset(found, 0, sizeof found);
    assert_good(JetSetCurrentIndex(s->id, id, "by_sort"));
    JET_ERR err;
    for (err = JetMove(s->id, id, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(s->id, id, JET_MoveNext, 0)) {
        assert_good(JetRetrieveColumn(s->id, id, w->columns[table].key, &key, sizeof key, &actual, 0, NULL));
        assert_good(JetRetrieveColumn(s->id, id, w->columns[table].sort, &sort, sizeof sort, &actual, 0, NULL));
        struct row row = key >= 0 && key < (int32_t)SHAPES[table].keys ? seen(w, s, table, (uint32_t)key) : (struct row){0};
        if (!row.exists || row.sort != sort || sort > last || found[key]) {
            report(w, s, text_of("index entry with sort %d behind %d, expected %s %d", sort, last, row.exists ? "a row with" : "no row", row.sort), table, (uint32_t)key);
            fail();
        }
        found[key] = true;
        last = sort;
    }
    expect_err(w, s, err, JET_errNoCurrentRecord, "end of an index scan", table, 0);
    for (uint32_t i = 0; i < SHAPES[table].keys; i++)
        if (seen(w, s, table, i).exists != found[i]) {
            report(w, s, "no index entry for a row", table, i);
            fail();
        }
    assert_good(JetSetCurrentIndex(s->id, id, NULL));
}

static void do_end_of_level(struct world *w, struct session *s, bool is_commit)
{
    JET_ERR err = is_commit ? JetCommitTransaction(s->id, choose(&w->choices, 4) != 0 ? JET_bitCommitLazyFlush : 0) : JetRollback(s->id, 0);
    expect_err(w, s, err, JET_errSuccess, is_commit ? "commit" : "rollback", 0, 0);
    if (is_commit) {
        model_commit(w, s);
        w->commits += s->level == 0;
    } else {
        model_rollback(w, s);
        w->rollbacks++;
    }
}

static void do_begin(struct world *w, struct session *s)
{
    expect_err(w, s, JetBeginTransaction(s->id), JET_errSuccess, "begin", 0, 0);
    if (s->level++ == 0)
        s->snapshot = w->time;
}

static void step(struct world *w)
{
    struct session *s = &w->sessions[choose(&w->choices, w->session_count)];
    uint32_t table = choose(&w->choices, TABLES), key = choose(&w->choices, SHAPES[table].keys), kind = choose(&w->choices, 100);
    bool is_shrinking = w->calls / 4000 % 3 == 2; /* so that pages become empty */
    if (s->level == 0 && kind < 90)
        do_begin(w, s);
    else if (s->level == 0 || kind < 14)
        do_seek(w, s, table, key);
    else if (kind < 36 && !is_shrinking)
        do_insert(w, s, table, key);
    else if (kind >= 36 && kind < 54)
        do_replace(w, s, table, key);
    else if (kind < 62)
        do_delete(w, s, table, key);
    else if (kind < 74)
        do_escrow(w, s, table, key);
    else if (kind < 78)
        do_scan(w, s, table, key, 1 + choose(&w->choices, 30));
    else if (kind < 79)
        do_index_scan(w, s, table);
    else if (kind < 86 && s->level < LEVELS_MOST)
        do_begin(w, s);
    else
        do_end_of_level(w, s, kind < 95);
}

static void check_everything(struct world *w, struct session *s)
{
    for (uint32_t t = 0; t < TABLES; t++) {
        do_index_scan(w, s, t);
        do_scan(w, s, t, 0, SHAPES[t].keys + 1);
    }
}

static void verify(const struct world *w)
{
    const char *tool = getenv("ESE_TOOL");
    if (tool != NULL && system(text_of("'%s' verify -q '%s' > '%s/verify.txt' 2>&1", tool, w->path, w->folder)) != 0) { /* NOLINT(cert-env33-c): a test's own command */
        (void)!system(text_of("head -n 20 '%s/verify.txt' >&2", w->folder));                                              /* NOLINT(cert-env33-c) */
        print_error("seed %llu: verify finds errors in %s\n", (unsigned long long)w->seed, w->path);
        fail();
    }
}

static void make_world(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->seed = seed;
    w->choices.state = seed;
    w->next_version = 1;
    w->session_count = 2 + choose(&w->choices, SESSIONS_MOST - 1);
    w->folder = make_scratch_folder("model");
    w->path = text_of("%s/model.edb", w->folder);
    for (uint32_t t = 0; t < TABLES; t++) {
        w->keys[t] = (struct key_state *)calloc(SHAPES[t].keys, sizeof *w->keys[t]);
        assert_non_null(w->keys[t]);
        for (uint32_t k = 0; k < SHAPES[t].keys; k++) {
            w->keys[t][k].states = (struct committed *)calloc(STATES_FIRST, sizeof(struct committed));
            assert_non_null(w->keys[t][k].states);
            w->keys[t][k].state_count = 1;
            w->keys[t][k].state_room = STATES_FIRST;
        }
    }
}

static void free_world(struct world *w)
{
    for (uint32_t t = 0; t < TABLES; t++) {
        for (uint32_t k = 0; k < SHAPES[t].keys; k++)
            free(w->keys[t][k].states);
        free(w->keys[t]);
    }
    for (uint32_t i = 0; i < SESSIONS_MOST; i++)
        free(w->sessions[i].actions);
}

static void run_model(uint64_t seed, double until, bool is_dirty)
{
    struct world w;
    make_world(&w, seed);
    uint32_t steps_most = 2000u << choose(&w.choices, 5);
    start(&w, true);
    for (uint32_t i = 0; i < steps_most && seconds_now() < until; i++)
        step(&w);
    check_everything(&w, &w.sessions[0]);
    if (is_dirty) {
        /* One durable commit makes all lazy ones before it durable; what is still open must be gone afterwards. */
        struct session *s = &w.sessions[0];
        while (s->level > 0)
            do_end_of_level(&w, s, true);
        do_begin(&w, s);
        do_insert(&w, s, 0, 0);
        do_delete(&w, s, 0, 0);
        expect_err(&w, s, JetCommitTransaction(s->id, 0), JET_errSuccess, "last commit", 0, 0);
        model_commit(&w, s);
        expect_err(&w, s, JetCommitTransaction(s->id, JET_bitWaitAllLevel0Commit), JET_errSuccess, "wait for all commits", 0, 0);
        assert_err(JetTerm2(w.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    } else {
        for (uint32_t i = 0; i < w.session_count; i++)
            while (w.sessions[i].level > 0)
                do_end_of_level(&w, &w.sessions[i], choose(&w.choices, 2) == 0);
        assert_good(JetTerm2(w.instance, JET_bitTermComplete));
        verify(&w);
    }
    for (uint32_t i = 0; i < w.session_count; i++) {
        while (w.sessions[i].level > 0)
            model_rollback(&w, &w.sessions[i]);
        w.sessions[i].id = JET_sesidNil;
    }
    start(&w, false);
    check_everything(&w, &w.sessions[0]);
    assert_good(JetTerm2(w.instance, JET_bitTermComplete));
    verify(&w);
    print_message("seed %llu: page size %u, %u sessions, %llu calls, %u commits, %u rollbacks, %u conflicts, %u duplicates\n", (unsigned long long)seed, page_size_of_seed(seed), w.session_count,
                  (unsigned long long)w.calls, w.commits, w.rollbacks, w.conflicts, w.duplicates);
    free_world(&w);
}

static void run_models(bool is_dirty)
{
    uint64_t seed = seed_of_run();
    double until = seconds_now() + seconds_of_test(0.35);
    print_message("OPENESE_SEED=%llu\n", (unsigned long long)seed);
    do
        run_model(seed++, until + 60, is_dirty);
    while (seconds_now() < until && getenv("OPENESE_SEED") == NULL);
}

static void every_answer_is_the_one_of_snapshot_isolation(void **state)
{
    (void)state;
    run_models(false);
}

static void what_was_committed_is_there_after_a_dirty_end(void **state)
{
    (void)state;
    run_models(true);
}

/* --- the bank --- */

enum { ACCOUNTS = 60, BALANCE_FIRST = 1000, TELLERS = 5, AUDITORS = 2 };

struct bank {
    JET_INSTANCE instance;
    const char *path;
    uint64_t seed;
    atomic_bool is_stopping;
    JET_COLUMNID key, balance, changes, total;
};

struct clerk {
    struct bank *bank;
    unsigned number;
    uint64_t transfers, conflicts, audits;
    int64_t added;
    const char *problem;
    JET_ERR err;
    JET_SESID session;
    JET_TABLEID table;
};

#define GOOD(call)                \
    do {                          \
        err = (call);             \
        if (err < JET_errSuccess) \
            goto done;            \
    } while (0)

static JET_ERR clerk_open(struct clerk *c)
{
    JET_ERR err;
    JET_DBID dbid;
    GOOD(JetBeginSession(c->bank->instance, &c->session, NULL, NULL));
    GOOD(JetOpenDatabase(c->session, c->bank->path, NULL, &dbid, 0));
    GOOD(JetOpenTable(c->session, dbid, "accounts", NULL, 0, 0, &c->table));
done:
    return err;
}

static JET_ERR find_account(struct clerk *c, int32_t account)
{
    JET_ERR err;
    GOOD(JetMakeKey(c->session, c->table, &account, sizeof account, JET_bitNewKey));
    GOOD(JetSeek(c->session, c->table, JET_bitSeekEQ));
done:
    return err;
}

static JET_ERR add_to_account(struct clerk *c, int32_t account, int64_t amount)
{
    JET_ERR err;
    int64_t balance;
    int32_t changes;
    uint32_t actual;
    GOOD(find_account(c, account));
    GOOD(JetRetrieveColumn(c->session, c->table, c->bank->balance, &balance, sizeof balance, &actual, 0, NULL));
    GOOD(JetRetrieveColumn(c->session, c->table, c->bank->changes, &changes, sizeof changes, &actual, 0, NULL));
    balance += amount;
    changes++;
    GOOD(JetPrepareUpdate(c->session, c->table, JET_prepReplace));
    GOOD(JetSetColumn(c->session, c->table, c->bank->balance, &balance, sizeof balance, 0, NULL));
    GOOD(JetSetColumn(c->session, c->table, c->bank->changes, &changes, sizeof changes, 0, NULL));
    GOOD(JetUpdate(c->session, c->table, NULL, 0, NULL));
done:
    return err;
}

static JET_ERR transfer(struct clerk *c, struct choices *choices)
{
    JET_ERR err;
    int32_t from = (int32_t)choose(choices, ACCOUNTS), to = (int32_t)choose(choices, ACCOUNTS), delta = (int32_t)choose(choices, 100);
    int64_t amount = (int64_t)choose(choices, 50);
    bool is_dropped = choose(choices, 10) == 0;
    GOOD(JetBeginTransaction(c->session));
    err = add_to_account(c, from, -amount);
    if (err >= JET_errSuccess)
        err = add_to_account(c, to, amount);
    if (err >= JET_errSuccess && choose(choices, 3) == 0) { /* everybody adds to the one counter: no conflicts there */
        uint32_t actual;
        err = find_account(c, ACCOUNTS);
        if (err >= JET_errSuccess)
            err = JetEscrowUpdate(c->session, c->table, c->bank->total, &delta, sizeof delta, NULL, 0, &actual, 0);
        if (err == JET_errWriteConflict)
            c->problem = "two escrow changes are in conflict";
    } else {
        delta = 0;
    }
    if (err == JET_errWriteConflict || is_dropped) {
        c->conflicts += err == JET_errWriteConflict;
        if (err >= JET_errSuccess || err == JET_errWriteConflict)
            return JetRollback(c->session, 0);
    }
    if (err < JET_errSuccess)
        return err;
    GOOD(JetCommitTransaction(c->session, choose(choices, 8) == 0 ? 0 : JET_bitCommitLazyFlush));
    c->transfers++;
    c->added += delta;
done:
    return err;
}

static void *tell(void *argument)
{
    struct clerk *c = (struct clerk *)argument;
    struct choices choices = {c->bank->seed * 1000003u + c->number};
    JET_ERR err;
    GOOD(clerk_open(c));
    while (!atomic_load(&c->bank->is_stopping) && c->problem == NULL)
        GOOD(transfer(c, &choices));
    GOOD(JetEndSession(c->session, 0));
done:
    c->err = err < JET_errSuccess ? err : JET_errSuccess;
    if (c->err != JET_errSuccess)
        atomic_store(&c->bank->is_stopping, true);
    return NULL;
}

/* Adds up all balances and all counts of changes of one snapshot. */
static JET_ERR add_up(struct clerk *c, int64_t *balance_sum, int64_t *change_sum, int32_t *total)
{
    JET_ERR err;
    int64_t balance;
    int32_t changes;
    uint32_t actual, rows = 0;
    *balance_sum = *change_sum = 0;
    GOOD(JetBeginTransaction(c->session));
    for (err = JetMove(c->session, c->table, JET_MoveFirst, 0); err >= JET_errSuccess; err = JetMove(c->session, c->table, JET_MoveNext, 0)) {
        GOOD(JetRetrieveColumn(c->session, c->table, c->bank->balance, &balance, sizeof balance, &actual, 0, NULL));
        GOOD(JetRetrieveColumn(c->session, c->table, c->bank->changes, &changes, sizeof changes, &actual, 0, NULL));
        *balance_sum += balance;
        *change_sum += changes;
        rows++;
    }
    if (err != JET_errNoCurrentRecord)
        goto done;
    GOOD(find_account(c, ACCOUNTS));
    GOOD(JetRetrieveColumn(c->session, c->table, c->bank->total, total, sizeof *total, &actual, 0, NULL));
    GOOD(JetCommitTransaction(c->session, 0));
    if (rows != ACCOUNTS + 1)
        c->problem = "a snapshot has another number of rows";
    else if (*balance_sum != (int64_t)ACCOUNTS * BALANCE_FIRST)
        c->problem = "a snapshot has another sum";
    else if (*change_sum % 2 != 0)
        c->problem = "a snapshot shows half a transfer";
    c->audits++;
done:
    return err;
}

static void *audit(void *argument)
{
    struct clerk *c = (struct clerk *)argument;
    int64_t balances, changes, last = 0;
    int32_t total;
    JET_ERR err;
    GOOD(clerk_open(c));
    while (!atomic_load(&c->bank->is_stopping) && c->problem == NULL) {
        GOOD(add_up(c, &balances, &changes, &total));
        if (changes < last)
            c->problem = "a later snapshot shows less";
        last = changes;
    }
    GOOD(JetEndSession(c->session, 0));
done:
    c->err = err < JET_errSuccess ? err : JET_errSuccess;
    if (c->err != JET_errSuccess)
        atomic_store(&c->bank->is_stopping, true);
    return NULL;
}

static void open_bank(struct bank *b, JET_SESID session, JET_DBID dbid)
{
    JET_TABLEID table;
    int32_t zero = 0;
    int64_t first = BALANCE_FIRST, nothing = 0;
    assert_good(JetBeginTransaction(session));
    assert_good(JetCreateTable(session, dbid, "accounts", 1, 80, &table));
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    assert_good(JetAddColumn(session, table, "key", &definition, NULL, 0, &b->key));
    assert_good(JetAddColumn(session, table, "changes", &definition, NULL, 0, &b->changes));
    definition.grbit = JET_bitColumnEscrowUpdate;
    assert_good(JetAddColumn(session, table, "total", &definition, &zero, sizeof zero, &b->total));
    definition = (JET_COLUMNDEF){.cbStruct = sizeof definition, .coltyp = JET_coltypCurrency};
    assert_good(JetAddColumn(session, table, "balance", &definition, NULL, 0, &b->balance));
    assert_good(JetCreateIndex(session, table, "primary", JET_bitIndexPrimary, "+key\0", 6, 90));
    assert_good(JetCreateIndex(session, table, "by_balance", 0, "+balance\0", 10, 90));
    for (int32_t i = 0; i <= ACCOUNTS; i++) {
        assert_good(JetPrepareUpdate(session, table, JET_prepInsert));
        assert_good(JetSetColumn(session, table, b->key, &i, sizeof i, 0, NULL));
        assert_good(JetSetColumn(session, table, b->changes, &zero, sizeof zero, 0, NULL));
        assert_good(JetSetColumn(session, table, b->balance, i < ACCOUNTS ? &first : &nothing, sizeof first, 0, NULL));
        assert_good(JetUpdate(session, table, NULL, 0, NULL));
    }
    assert_good(JetCloseTable(session, table));
    assert_good(JetCommitTransaction(session, 0));
}

static void money_neither_appears_nor_vanishes(void **state)
{
    (void)state;
    struct live_instance live;
    struct bank bank = {.seed = seed_of_run()};
    struct clerk clerks[TELLERS + AUDITORS];
    pthread_t threads[TELLERS + AUDITORS];
    JET_DBID dbid;
    live_start(&live, 4096);
    bank.instance = live.instance;
    bank.path = text_of("%s/bank.edb", live.folder);
    atomic_init(&bank.is_stopping, false);
    assert_good(JetCreateDatabase(live.session, bank.path, NULL, &dbid, 0));
    open_bank(&bank, live.session, dbid);
    for (unsigned i = 0; i < TELLERS + AUDITORS; i++) {
        clerks[i] = (struct clerk){.bank = &bank, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, i < TELLERS ? tell : audit, &clerks[i]), 0);
    }
    for (double until = seconds_now() + seconds_of_test(0.3); seconds_now() < until && !atomic_load(&bank.is_stopping);)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    atomic_store(&bank.is_stopping, true);
    struct clerk all = {.bank = &bank};
    for (unsigned i = 0; i < TELLERS + AUDITORS; i++) {
        pthread_join(threads[i], NULL);
        if (clerks[i].problem != NULL || clerks[i].err != JET_errSuccess)
            print_error("seed %llu, thread %u: %s, error %d\n", (unsigned long long)bank.seed, i, clerks[i].problem != NULL ? clerks[i].problem : "", (int)clerks[i].err);
        all.transfers += clerks[i].transfers;
        all.conflicts += clerks[i].conflicts;
        all.audits += clerks[i].audits;
        all.added += clerks[i].added;
    }
    for (unsigned i = 0; i < TELLERS + AUDITORS; i++)
        assert_true(clerks[i].problem == NULL && clerks[i].err == JET_errSuccess);
    struct clerk last = {.bank = &bank};
    int64_t balances, changes;
    int32_t total;
    assert_good(clerk_open(&last));
    assert_good(add_up(&last, &balances, &changes, &total));
    assert_null(last.problem);
    assert_true(changes == 2 * (int64_t)all.transfers);
    assert_int_equal(total, (int32_t)all.added);
    assert_true(all.transfers > 0 && all.audits > 0);
    print_message("%llu transfers, %llu conflicts, %llu audits\n", (unsigned long long)all.transfers, (unsigned long long)all.conflicts, (unsigned long long)all.audits);
    live_stop(&live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_the_one_of_snapshot_isolation),
        cmocka_unit_test(what_was_committed_is_there_after_a_dirty_end),
        cmocka_unit_test(money_neither_appears_nor_vanishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
