/* The version store: what readers see, who is in whose way, what is cleaned when, which images the log gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "database/database.h"
#include "log/log.h"
#include "mvcc/version_store.h"
#include "shared_data.h"

enum { SESSIONS = 6, ROOT = 17, OBJID = 9 };

struct fixture {
    struct version_store *store;
    struct transaction t[SESSIONS];
    struct log *log;
    uint64_t blocks_before;
};
static struct database db = {.dbid = 3};

static void open_fixture(struct fixture *f, struct log *log, uint64_t bytes_max)
{
    const struct version_store_config config = {.bytes_max = bytes_max};
    *f = (struct fixture){.log = log, .blocks_before = memory_live_count()};
    assert_int_equal(version_store_create(&config, &f->store), 0);
    for (unsigned i = 0; i < SESSIONS; i++)
        assert_int_equal(transaction_open(&f->t[i], f->store, log, (uint16_t)(i + 1)), 0);
}

static void clean_all(struct fixture *f)
{
    for (struct version *v; (v = version_next_to_clean(f->store)) != NULL;)
        version_cleaned(f->store, v);
}

static void close_fixture(struct fixture *f)
{
    for (unsigned i = 0; i < SESSIONS; i++)
        transaction_close(&f->t[i]);
    version_store_destroy(f->store);
    assert_int_equal(memory_live_count(), f->blocks_before);
}

static struct version_node node_of(const char *key)
{
    return (struct version_node){.db = &db, .dbid = 3, .root = ROOT, .objid = OBJID, .is_unique = true, .key = {span_of(NULL, 0), span_of(key, (uint32_t)strlen(key))}};
}
static struct span text(const char *s) { return span_of(s, (uint32_t)strlen(s)); }

static void begin(struct transaction *t)
{
    if (t->level++ == 0)
        transaction_take_snapshot(t);
}
static void commit(struct transaction *t)
{
    assert_int_equal(t->level, 1);
    assert_int_equal(version_store_commit(t, NULL, NULL, NULL), 0);
    transaction_end(t);
}
static struct version *add(struct transaction *t, enum version_kind kind, const char *key, const char *image)
{
    struct version_node node = node_of(key);
    struct version *v;
    assert_int_equal(version_prepare(t, kind, &node, text(image), &v), 0);
    version_publish(t, v, 5);
    return v;
}
static void add_delta(struct transaction *t, const char *key, enum version_kind kind, uint16_t offset, int64_t delta)
{
    struct version_node node = node_of(key);
    struct version *v;
    assert_int_equal(version_prepare(t, kind, &node, text(""), &v), 0);
    v->offset = offset;
    v->delta = delta;
    version_publish(t, v, 5);
}
static void roll_back(struct transaction *t)
{
    for (struct version *v; (v = version_newest(t, 0)) != NULL;)
        version_take_back(t, v);
    transaction_end(t);
}

/* "-" absent, "=" the page's, else the image. */
static const char *sight_of(struct fixture *f, const struct transaction *reader, const char *key, bool is_deleted, struct span page)
{
    static char shown[64];
    struct version_scratch scratch = {0};
    struct version_node node = node_of(key);
    enum version_sight sight;
    struct span data;
    assert_int_equal(version_resolve(f->store, reader, &node, is_deleted, page, &scratch, &sight, &data), 0);
    if (sight == VERSION_SIGHT_PAGE) {
        assert_ptr_equal(data.data, page.data);
        assert_int_equal(data.size, page.size);
    }
    snprintf(shown, sizeof shown, "%.*s", sight == VERSION_SIGHT_IMAGE ? (int)data.size : 1,
             sight == VERSION_SIGHT_IMAGE ? (const char *)data.data : sight == VERSION_SIGHT_PAGE ? "=" : "-");
    mem_free(scratch.bytes);
    return shown;
}

static void each_kind_of_change_is_seen_by_its_maker_and_by_later_snapshots_only(void **state)
{
    (void)state;
    static const struct {
        enum version_kind kind;
        bool is_deleted; /* on the page, after the change */
        const char *after, *before;
    } cases[] = {
        {VERSION_KIND_INSERT, false, "=", "-"},
        {VERSION_KIND_REPLACE, false, "=", "old"},
        {VERSION_KIND_DELETE, true, "-", "="},
        {VERSION_KIND_LOCK, false, "=", "="},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        struct span page = text("new");
        bool deleted = cases[i].is_deleted;
        open_fixture(&f, NULL, 1 << 20);
        begin(&f.t[0]); /* the writer */
        begin(&f.t[1]); /* older than the commit */
        add(&f.t[0], cases[i].kind, "k", cases[i].kind == VERSION_KIND_REPLACE ? "old" : "");
        assert_string_equal(sight_of(&f, &f.t[0], "k", deleted, page), cases[i].after);
        assert_string_equal(sight_of(&f, &f.t[1], "k", deleted, page), cases[i].before);
        assert_string_equal(sight_of(&f, NULL, "k", deleted, page), deleted ? "-" : "=");
        assert_string_equal(sight_of(&f, &f.t[4], "k", deleted, page), deleted ? "-" : "="); /* no snapshot */
        assert_string_equal(sight_of(&f, &f.t[1], "other", false, page), "=");
        begin(&f.t[2]); /* begun while it is uncommitted */
        commit(&f.t[0]);
        begin(&f.t[3]); /* begun afterwards */
        assert_string_equal(sight_of(&f, &f.t[1], "k", deleted, page), cases[i].before);
        assert_string_equal(sight_of(&f, &f.t[2], "k", deleted, page), cases[i].before);
        assert_string_equal(sight_of(&f, &f.t[3], "k", deleted, page), cases[i].after);
        close_fixture(&f);
    }
}

static void a_snapshot_reads_the_image_of_its_time_from_a_long_chain(void **state)
{
    (void)state;
    struct fixture f;
    static const char *const images[] = {"v0", "v1", "v2", "v3"};
    open_fixture(&f, NULL, 1 << 20);
    for (unsigned i = 0; i < 4; i++) { /* reader i + 1 comes after i changes */
        begin(&f.t[i + 1]);
        begin(&f.t[0]);
        add(&f.t[0], VERSION_KIND_REPLACE, "k", images[i]);
        commit(&f.t[0]);
    }
    for (unsigned i = 0; i < 4; i++)
        assert_string_equal(sight_of(&f, &f.t[i + 1], "k", false, text("v4")), images[i]);
    begin(&f.t[0]);
    assert_string_equal(sight_of(&f, &f.t[0], "k", false, text("v4")), "=");
    close_fixture(&f);
}

static void a_node_deleted_and_inserted_again_shows_each_snapshot_its_own_state(void **state)
{
    (void)state;
    struct fixture f;
    struct span page = text("second");
    open_fixture(&f, NULL, 1 << 20);
    begin(&f.t[1]); /* sees the first life */
    begin(&f.t[0]);
    add(&f.t[0], VERSION_KIND_DELETE, "k", "");
    commit(&f.t[0]);
    begin(&f.t[2]); /* sees none */
    begin(&f.t[0]);
    add(&f.t[0], VERSION_KIND_INSERT, "k", "");
    add(&f.t[0], VERSION_KIND_REPLACE, "k", "first"); /* the new data took the place of the deleted */
    assert_string_equal(sight_of(&f, &f.t[2], "k", false, page), "-");
    commit(&f.t[0]);
    begin(&f.t[3]);
    assert_string_equal(sight_of(&f, &f.t[1], "k", false, page), "first");
    assert_string_equal(sight_of(&f, &f.t[2], "k", false, page), "-");
    assert_string_equal(sight_of(&f, &f.t[3], "k", false, page), "=");
    close_fixture(&f);
}

static void deltas_of_several_writers_are_taken_back_one_by_one(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t page[16];
    struct version_scratch scratch = {0};
    struct version_node node = node_of("n");
    enum version_sight sight;
    struct span data;
    open_fixture(&f, NULL, 1 << 20);
    memset(page, 0xAA, sizeof page);
    store_le32(page + 4, (uint32_t)(100 + 1 + 20 - 300)); /* all deltas applied to 100 */
    store_le64(page + 8, 7000000000u);
    begin(&f.t[1]);
    add_delta(&f.t[1], "n", VERSION_KIND_DELTA, 4, 1); /* stays open below a committed one */
    begin(&f.t[4]);
    begin(&f.t[2]);
    add_delta(&f.t[2], "n", VERSION_KIND_DELTA, 4, 20);
    add_delta(&f.t[2], "n", VERSION_KIND_DELTA64, 8, 6999999999);
    commit(&f.t[2]);
    begin(&f.t[3]);
    add_delta(&f.t[3], "n", VERSION_KIND_DELTA, 4, -300);
    begin(&f.t[0]);
    static const struct {
        unsigned reader;
        uint32_t small;
        uint64_t large;
    } cases[] = {{0, 120, 7000000000u}, {1, 101, 1}, {3, (uint32_t)-180, 7000000000u}, {4, 100, 1}};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(version_resolve(f.store, &f.t[cases[i].reader], &node, false, span_of(page, sizeof page), &scratch, &sight, &data), 0);
        assert_int_equal(sight, VERSION_SIGHT_IMAGE);
        assert_int_equal(load_le32(data.data + 4), cases[i].small);
        assert_int_equal(load_le64(data.data + 8), cases[i].large);
        assert_int_equal(data.data[0], 0xAA);
    }
    /* A page whose data is too short for the delta is damaged. */
    assert_int_equal(version_resolve(f.store, &f.t[4], &node, false, span_of(page, 5), &scratch, &sight, &data), JET_errDatabaseCorrupted);
    mem_free(scratch.bytes);
    scratch = (struct version_scratch){0};
    memory_fail_at(1, 0);
    assert_int_equal(version_resolve(f.store, &f.t[4], &node, false, span_of(page, sizeof page), &scratch, &sight, &data), JET_errOutOfMemory);
    memory_fail_at(0, 0);
    close_fixture(&f);
}

static void a_writer_conflicts_with_changes_it_does_not_see(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum version_kind kind;
        int by;            /* 0: itself, 1: another */
        int end;           /* 0 open, 1 committed before the writer begins, 2 committed after, 3 rolled back */
        JET_ERR expected[3]; /* by rule */
    } cases[] = {
        {"own", VERSION_KIND_REPLACE, 0, 0, {0, 0, 0}},
        {"another's open replace", VERSION_KIND_REPLACE, 1, 0, {JET_errWriteConflict, JET_errWriteConflict, JET_errWriteConflict}},
        {"another's open insert", VERSION_KIND_INSERT, 1, 0, {JET_errWriteConflict, JET_errWriteConflict, JET_errWriteConflict}},
        {"another's open lock", VERSION_KIND_LOCK, 1, 0, {JET_errWriteConflict, JET_errWriteConflict, JET_errWriteConflict}},
        {"another's open delta", VERSION_KIND_DELTA, 1, 0, {JET_errWriteConflict, 0, JET_errWriteConflict}},
        {"a replace before", VERSION_KIND_REPLACE, 1, 1, {0, 0, 0}},
        {"a replace since", VERSION_KIND_REPLACE, 1, 2, {JET_errWriteConflict, JET_errWriteConflict, 0}},
        {"a delta since", VERSION_KIND_DELTA64, 1, 2, {JET_errWriteConflict, 0, 0}},
        {"a delete since", VERSION_KIND_DELETE, 1, 2, {JET_errWriteConflict, JET_errWriteConflict, 0}},
        {"a rolled back replace", VERSION_KIND_REPLACE, 1, 3, {0, 0, 0}},
        {"a rolled back insert", VERSION_KIND_INSERT, 1, 3, {0, 0, 0}},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;
        struct version_node node = node_of("k");
        open_fixture(&f, NULL, 1 << 20);
        struct transaction *writer = &f.t[0], *other = &f.t[cases[i].by];
        begin(&f.t[2]); /* keeps everything from being cleaned */
        if (cases[i].end != 1)
            begin(writer);
        if (cases[i].by == 1)
            begin(other);
        add(other, cases[i].kind, "k", "");
        if (cases[i].end == 1 || cases[i].end == 2)
            commit(other);
        else if (cases[i].end == 3)
            roll_back(other);
        if (cases[i].end == 1)
            begin(writer);
        for (int rule = 0; rule < 3; rule++) {
            JET_ERR err = version_check_conflict_as(f.store, writer, &node, (enum version_conflict_rule)rule);
            if (err != cases[i].expected[rule])
                fail_msg("%s, rule %d: %d", cases[i].what, rule, err);
        }
        assert_int_equal(version_check_conflict(f.store, writer, &node), cases[i].expected[0]);
        close_fixture(&f);
    }
}

static void an_open_delta_below_a_committed_one_is_still_a_conflict(void **state)
{
    (void)state;
    struct fixture f;
    struct version_node node = node_of("n");
    open_fixture(&f, NULL, 1 << 20);
    begin(&f.t[1]);
    add_delta(&f.t[1], "n", VERSION_KIND_DELTA, 0, 1);
    begin(&f.t[2]);
    add_delta(&f.t[2], "n", VERSION_KIND_DELTA, 0, 1);
    commit(&f.t[2]);
    begin(&f.t[0]);
    assert_int_equal(version_check_conflict(f.store, &f.t[0], &node), JET_errWriteConflict);
    commit(&f.t[1]);
    assert_int_equal(version_check_conflict(f.store, &f.t[0], &node), JET_errWriteConflict);
    transaction_end(&f.t[0]);
    begin(&f.t[0]);
    assert_int_equal(version_check_conflict(f.store, &f.t[0], &node), 0);
    close_fixture(&f);
}

static void a_key_is_the_same_wherever_it_is_cut_and_data_counts_only_where_it_is_not_unique(void **state)
{
    (void)state;
    struct fixture f;
    static const char key[] = "abcdefghijklmnopqrstuvwxyz";
    open_fixture(&f, NULL, 1 << 20);
    begin(&f.t[0]);
    begin(&f.t[1]);
    struct version_node node = node_of(key);
    node.is_unique = false;
    node.data = text("d1");
    struct version *v;
    assert_int_equal(version_prepare(&f.t[0], VERSION_KIND_INSERT, &node, text(""), &v), 0);
    assert_true(span_equal(version_key(v), text(key)));
    assert_true(span_equal(version_bookmark_data(v), text("d1")));
    version_publish(&f.t[0], v, 0);
    for (uint32_t cut = 0; cut <= 26; cut++) {
        node.key.head = span_of(key, cut);
        node.key.tail = span_of(key + cut, 26 - cut);
        assert_int_equal(version_check_conflict(f.store, &f.t[1], &node), JET_errWriteConflict);
        node.data = text("d2");
        assert_int_equal(version_check_conflict(f.store, &f.t[1], &node), 0);
        node.data = text("d1");
    }
    node.root++;
    assert_int_equal(version_check_conflict(f.store, &f.t[1], &node), 0);
    node.root--;
    node.dbid++;
    assert_int_equal(version_check_conflict(f.store, &f.t[1], &node), 0);
    close_fixture(&f);
}

static void many_nodes_are_all_found_and_all_go(void **state)
{
    (void)state;
    struct fixture f;
    char key[16];
    open_fixture(&f, NULL, 64 << 20);
    begin(&f.t[0]);
    begin(&f.t[1]);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "%u", i);
        add(&f.t[0], i % 2 == 0 ? VERSION_KIND_INSERT : VERSION_KIND_REPLACE, key, i % 2 == 0 ? "" : key);
    }
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(key, sizeof key, "%u", i);
        assert_string_equal(sight_of(&f, &f.t[1], key, false, text("p")), i % 2 == 0 ? "-" : key);
    }
    assert_int_equal(version_store_count_of(f.store, db.dbid), 20000);
    commit(&f.t[0]);
    transaction_end(&f.t[1]);
    clean_all(&f);
    assert_true(version_store_is_empty(f.store));
    assert_int_equal(version_store_count_of(f.store, db.dbid), 0);
    struct version_store_statistics s;
    version_store_get_statistics(f.store, &s);
    assert_int_equal(s.bytes, 0);
    assert_int_equal(s.cleaned, 20000);
    close_fixture(&f);
}

static void versions_are_cleaned_in_commit_order_and_not_before_the_last_older_snapshot_ends(void **state)
{
    (void)state;
    struct fixture f;
    struct version_node node = node_of("a");
    open_fixture(&f, NULL, 1 << 20);
    begin(&f.t[0]);
    begin(&f.t[1]);
    struct version *a = add(&f.t[0], VERSION_KIND_REPLACE, "a", "1"), *b = add(&f.t[1], VERSION_KIND_REPLACE, "b", "1");
    begin(&f.t[2]); /* older than both commits */
    assert_null(version_next_to_clean(f.store));
    commit(&f.t[1]);
    begin(&f.t[3]); /* between them */
    commit(&f.t[0]);
    assert_null(version_next_to_clean(f.store));
    transaction_end(&f.t[2]);
    assert_true(version_is_active(f.store, &node));
    assert_ptr_equal(version_next_to_clean(f.store), b);
    assert_null(version_next_to_clean(f.store));
    transaction_begin_call(&f.t[4]); /* outside a transaction: a snapshot for one call */
    transaction_end(&f.t[3]);
    assert_ptr_equal(version_next_to_clean(f.store), a);
    assert_false(version_is_active(f.store, &node));
    version_cleaned(f.store, a);
    version_cleaned(f.store, b);
    begin(&f.t[0]);
    add(&f.t[0], VERSION_KIND_REPLACE, "a", "2");
    commit(&f.t[0]);
    assert_null(version_next_to_clean(f.store)); /* the call's snapshot is in the way */
    transaction_end_call(&f.t[4]);
    a = version_next_to_clean(f.store);
    assert_non_null(a);
    version_cleaned(f.store, a);
    close_fixture(&f);
}

static void an_insert_taken_back_waits_for_the_cleanup_and_is_in_nobodys_way(void **state)
{
    (void)state;
    struct fixture f;
    struct version_node node = node_of("k");
    open_fixture(&f, NULL, 1 << 20);
    begin(&f.t[1]); /* still sees the node before the delete */
    begin(&f.t[0]);
    add(&f.t[0], VERSION_KIND_DELETE, "k", "");
    commit(&f.t[0]);
    begin(&f.t[0]);
    struct version *insert = add(&f.t[0], VERSION_KIND_INSERT, "k", "");
    roll_back(&f.t[0]);
    assert_true(insert->is_undone);
    begin(&f.t[2]);
    assert_int_equal(version_check_conflict(f.store, &f.t[2], &node), 0);
    assert_string_equal(sight_of(&f, &f.t[1], "k", true, text("p")), "=");
    assert_string_equal(sight_of(&f, &f.t[2], "k", true, text("p")), "-");
    assert_null(version_next_to_clean(f.store));
    transaction_end(&f.t[1]);
    struct version *v = version_next_to_clean(f.store);
    assert_int_equal(v->kind, VERSION_KIND_DELETE);
    version_cleaned(f.store, v);
    assert_ptr_equal(version_next_to_clean(f.store), insert);
    assert_false(version_is_active(f.store, &node));
    version_cleaned(f.store, insert);
    assert_true(version_store_is_empty(f.store));
    close_fixture(&f);
}

static void the_store_has_a_limit_and_rings_before_it(void **state)
{
    (void)state;
    struct fixture f;
    struct version_node node = node_of("k");
    struct version *v = NULL;
    char image[1000] = {0};
    unsigned made = 0;
    JET_ERR err;
    open_fixture(&f, NULL, 20000);
    begin(&f.t[0]);
    while ((err = version_prepare(&f.t[0], VERSION_KIND_REPLACE, &node, span_of(image, sizeof image), &v)) >= 0) {
        version_publish(&f.t[0], v, 0);
        made++;
    }
    assert_int_equal(err, JET_errVersionStoreOutOfMemory);
    assert_in_range(made, 10, 20);
    assert_true(version_store_is_crowded(f.store));
    commit(&f.t[0]);
    clean_all(&f);
    assert_false(version_store_is_crowded(f.store));
    begin(&f.t[0]);
    assert_int_equal(version_prepare(&f.t[0], VERSION_KIND_REPLACE, &node, span_of(image, sizeof image), &v), 0);
    version_discard(f.store, v);
    version_discard(f.store, NULL);
    struct version_store_statistics s;
    version_store_get_statistics(f.store, &s);
    assert_int_equal(s.bytes, 0);
    close_fixture(&f);
}

static void count_ring(void *context) { ++*(unsigned *)context; }

static void the_bell_rings_once_for_a_sleeper_and_when_half_is_used(void **state)
{
    (void)state;
    struct fixture f;
    unsigned rings = 0;
    open_fixture(&f, NULL, 4000);
    version_store_set_wake(f.store, count_ring, &rings);
    assert_true(version_store_expect_nothing(f.store));
    begin(&f.t[0]);
    add(&f.t[0], VERSION_KIND_REPLACE, "a", "1");
    assert_int_equal(rings, 0);
    commit(&f.t[0]);
    assert_int_equal(rings, 1);
    begin(&f.t[0]);
    add(&f.t[0], VERSION_KIND_REPLACE, "a", "1");
    commit(&f.t[0]);
    assert_int_equal(rings, 1); /* nobody sleeps */
    assert_false(version_store_expect_nothing(f.store));
    clean_all(&f);
    begin(&f.t[0]);
    static char image[2500];
    struct version_node node = node_of("k");
    struct version *v;
    assert_int_equal(version_prepare(&f.t[0], VERSION_KIND_REPLACE, &node, span_of(image, sizeof image), &v), 0);
    assert_int_equal(rings, 2);
    version_discard(f.store, v);
    version_store_set_wake(f.store, NULL, NULL);
    close_fixture(&f);
}

static void every_failing_allocation_leaves_the_store_as_it_was(void **state)
{
    (void)state;
    const struct version_store_config config = {.bytes_max = 1 << 20};
    uint64_t before = memory_live_count();
    for (uint64_t n = 1;; n++) {
        struct version_store *store;
        memory_fail_at(n, 1);
        JET_ERR err = version_store_create(&config, &store);
        memory_fail_at(0, 0);
        version_store_destroy(store);
        assert_int_equal(memory_live_count(), before);
        if (err >= 0)
            break;
        assert_int_equal(err, JET_errOutOfMemory);
        assert_null(store);
    }
    struct fixture f;
    struct version_node node = node_of("k");
    struct version *v;
    static const struct version_action nothing = {0};
    open_fixture(&f, NULL, 1 << 20);
    begin(&f.t[0]);
    memory_fail_at(1, 0);
    assert_int_equal(version_prepare(&f.t[0], VERSION_KIND_INSERT, &node, text(""), &v), JET_errOutOfMemory);
    assert_null(v);
    memory_fail_at(1, 0);
    assert_int_equal(version_add_action(&f.t[0], &nothing, NULL), JET_errOutOfMemory);
    struct version_store_statistics s;
    version_store_get_statistics(f.store, &s);
    assert_int_equal(s.bytes, 0);
    assert_int_equal(s.versions, 0);
    /* The tables do without their growth. */
    char key[16];
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "%u", i);
        node = node_of(key);
        assert_int_equal(version_prepare(&f.t[0], VERSION_KIND_REPLACE, &node, text("i"), &v), 0);
        memory_fail_at(1, 1);
        version_publish(&f.t[0], v, i);
        memory_fail_at(0, 0);
    }
    begin(&f.t[1]);
    assert_string_equal(sight_of(&f, &f.t[1], "2999", false, text("p")), "i");
    commit(&f.t[0]);
    transaction_end(&f.t[1]);
    clean_all(&f);
    close_fixture(&f);
}

/* --- actions --- */

static char told[64];
static void tell(const char *what, void *context)
{
    size_t at = strlen(told);
    snprintf(told + at, sizeof told - at, "%s%c ", what, *(char *)context);
}
static JET_ERR tell_cleaned(void *context, struct transaction *cleanup) { (void)cleanup, tell("cleaned", context); return 0; }
static void tell_committed(void *context) { tell("committed", context); }
static void tell_rolled_back(void *context) { tell("back", context); }
static void tell_free(void *context) { tell("free", context); }
static const struct version_action telling = {.cleaned = tell_cleaned, .committed = tell_committed, .rolled_back = tell_rolled_back, .free = tell_free};
static const struct version_action telling_later = {.rolled_back = tell_rolled_back, .free = tell_free, .cleaned_after_rollback = tell_cleaned};

static void actions_follow_the_fate_of_their_transaction(void **state)
{
    (void)state;
    struct fixture f;
    char a = 'a', b = 'b', c = 'c';
    open_fixture(&f, NULL, 1 << 20);
    told[0] = 0;
    begin(&f.t[0]);
    assert_int_equal(version_add_action(&f.t[0], &telling, &a), 0);
    begin(&f.t[0]);
    assert_int_equal(version_add_action(&f.t[0], &telling, &b), 0);
    assert_int_equal(version_add_action(&f.t[0], &telling, &c), 0);
    assert_int_equal(version_store_count_of(f.store, db.dbid), 3);
    for (struct version *v; (v = version_newest(&f.t[0], 1)) != NULL;)
        version_take_back(&f.t[0], v);
    f.t[0].level = 1;
    assert_string_equal(told, "backc freec backb freeb ");
    told[0] = 0;
    add(&f.t[0], VERSION_KIND_REPLACE, "k", "i");
    assert_int_equal(version_add_action(&f.t[0], &telling, &b), 0);
    commit(&f.t[0]);
    assert_string_equal(told, "committeda committedb ");
    told[0] = 0;
    struct version *v = version_next_to_clean(f.store);
    assert_int_equal(v->kind, VERSION_KIND_ACTION);
    assert_int_equal(v->action->cleaned(v->action_context, &f.t[1]), 0);
    version_cleaned(f.store, v);
    assert_string_equal(told, "cleaneda freea ");
    told[0] = 0;
    close_fixture(&f); /* what is not cleaned is freed */
    assert_string_equal(told, "freeb ");
}

static void an_action_may_ask_to_be_cleaned_after_a_rollback_too(void **state)
{
    (void)state;
    struct fixture f;
    char a = 'a';
    open_fixture(&f, NULL, 1 << 20);
    told[0] = 0;
    begin(&f.t[0]);
    assert_int_equal(version_add_action(&f.t[0], &telling_later, &a), 0);
    struct version *insert = add(&f.t[0], VERSION_KIND_INSERT, "k", "");
    roll_back(&f.t[0]);
    assert_string_equal(told, "backa ");
    assert_ptr_equal(version_next_to_clean(f.store), insert);
    assert_ptr_equal(version_being_cleaned(f.store), insert);
    version_cleaned(f.store, insert);
    assert_null(version_being_cleaned(f.store));
    struct version *v = version_next_to_clean(f.store);
    assert_true(v->kind == VERSION_KIND_ACTION && v->is_undone);
    assert_int_equal(v->action->cleaned_after_rollback(v->action_context, &f.t[1]), 0);
    version_cleaned(f.store, v);
    assert_string_equal(told, "backa cleaneda freea ");
    close_fixture(&f);
}

static void versions_of_an_inner_level_belong_to_the_outer_one_after_its_commit(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, NULL, 1 << 20);
    begin(&f.t[0]);
    struct version *outer = add(&f.t[0], VERSION_KIND_REPLACE, "a", "1");
    begin(&f.t[0]);
    struct version *inner = add(&f.t[0], VERSION_KIND_REPLACE, "b", "1");
    assert_ptr_equal(version_newest(&f.t[0], 1), inner);
    version_lower_level(&f.t[0], 2);
    assert_null(version_newest(&f.t[0], 1));
    assert_ptr_equal(version_newest(&f.t[0], 0), inner);
    version_take_back(&f.t[0], inner);
    assert_ptr_equal(version_newest(&f.t[0], 0), outer);
    f.t[0].level = 1;
    commit(&f.t[0]);
    close_fixture(&f);
}

/* --- images --- */

static struct log *open_log(const char *folder)
{
    struct log *log = NULL;
    const struct log_config config = {.fs = os_fs_posix(), .log_folder = folder, .system_folder = folder, .base_name = "edb", .is_legacy_names = true, .file_kib = 256, .page_size = 4096};
    assert_int_equal(log_create(&config, NULL, &log), 0);
    assert_int_equal(log_append_init(log, NULL), 0);
    return log;
}

static void close_log(struct log *log)
{
    assert_int_equal(log_flush_all(log), 0);
    log_close(log);
}

/* The records of some type in the current generation, in order. */
static unsigned read_records(const char *folder, uint8_t type, struct log_record *out, uint8_t (*bytes)[256], unsigned room)
{
    struct log_generation g;
    struct log_walk walk;
    struct log_record_ref ref;
    unsigned count = 0;
    JET_ERR err;
    assert_int_equal(log_generation_read(os_fs_posix(), text_of("%s/edb.log", folder), &g), 0);
    log_walk_begin(&walk, g.image, g.header.generation, g.scan.last_segment, 0);
    while ((err = log_walk_next(&walk, &ref)) >= 0) {
        if (ref.bytes.data[0] != type)
            continue;
        assert_in_range(count, 0, room - 1);
        assert_in_range(ref.bytes.size, 0, 256);
        memcpy(bytes[count], ref.bytes.data, ref.bytes.size);
        assert_int_equal(log_record_decode(span_of(bytes[count], ref.bytes.size), &out[count]), 0);
        count++;
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
    log_walk_end(&walk);
    log_generation_release(&g);
    return count;
}

static void uncommitted_images_of_a_page_are_logged_once_and_never_after_the_commit(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("versions");
    struct log *log = open_log(folder);
    struct fixture f;
    struct version_node node = node_of("repl");
    struct version *v;
    lgpos_t position = 0;
    open_fixture(&f, log, 1 << 20);
    begin(&f.t[0]);
    transaction_need_number(&f.t[0]);
    begin(&f.t[0]);
    node.is_unique = false;
    node.data = text("bookmark");
    assert_int_equal(version_prepare(&f.t[0], VERSION_KIND_REPLACE, &node, text("before"), &v), 0);
    v->reserved = -2;
    version_publish(&f.t[0], v, 5);
    uint32_t rceid = v->rceid;
    struct version *deleted = add(&f.t[0], VERSION_KIND_DELETE, "del", "");
    add(&f.t[0], VERSION_KIND_INSERT, "ins", "");
    begin(&f.t[1]);
    struct version *elsewhere = add(&f.t[1], VERSION_KIND_REPLACE, "else", "x");
    elsewhere = (version_take_back(&f.t[1], elsewhere), add(&f.t[1], VERSION_KIND_REPLACE, "else", "yy"));
    assert_int_equal(version_store_log_images(f.store, 3, 6, &position), 0); /* another page */
    assert_int_equal(version_store_log_images(f.store, 2, 5, &position), 0); /* another database */
    assert_int_equal(position, 0);
    assert_int_equal(version_log_image(f.store, deleted), 0);
    assert_int_equal(version_log_image(f.store, deleted), 0);
    commit(&f.t[1]); /* its image is not wanted any more */
    assert_int_equal(version_store_log_images(f.store, 3, 5, &position), 0);
    assert_true(position != 0);
    lgpos_t first = position;
    assert_int_equal(version_store_log_images(f.store, 3, 5, &position), 0);
    assert_int_equal(position, first);
    f.t[0].level = 1;
    version_lower_level(&f.t[0], 2);
    commit(&f.t[0]);
    assert_int_equal(version_store_log_images(f.store, 3, 5, &position), 0);
    clean_all(&f);
    close_fixture(&f);
    close_log(log);

    static struct log_record r[8];
    static uint8_t bytes[8][256];
    assert_int_equal(read_records(folder, LR_UNDO_INFO, r, bytes, 8), 2);
    assert_int_equal(r[0].tail.operation, VERSION_KIND_DELETE);
    assert_true(span_equal(r[0].tail.key, text("del")));
    assert_int_equal(r[0].tail.data.size, 0);
    assert_int_equal(r[0].page.flags, LR_FLAG_VERSIONED | LR_FLAG_UNIQUE);
    assert_int_equal(r[1].tail.operation, VERSION_KIND_REPLACE);
    assert_true(span_equal(r[1].tail.key, text("repl")));
    assert_true(span_equal(r[1].tail.bookmark_data, text("bookmark")));
    assert_true(span_equal(r[1].tail.data, text("before")));
    assert_int_equal(load_le16(bytes[1] + 50), 8);
    assert_int_equal((int16_t)load_le16(bytes[1] + 52), -2);
    assert_int_equal(r[1].node.rceid, rceid);
    assert_int_equal(rceid % 2, 1);
    assert_int_equal(r[1].node.root, ROOT);
    assert_int_equal(r[1].node.objid, OBJID);
    assert_int_equal(r[1].page.procid, 1);
    assert_int_equal(r[1].page.dbid, 3);
    assert_int_equal(r[1].page.page_no, 5);
    assert_true(r[1].page.dbtime == DBTIME_IN_MACRO && r[1].page.dbtime_before == DBTIME_IN_MACRO);
    assert_int_equal(r[1].page.level, 2);
    assert_true(r[1].page.transaction != 0);
    assert_int_equal(r[1].page.flags, LR_FLAG_VERSIONED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_change_is_seen_by_its_maker_and_by_later_snapshots_only),
        cmocka_unit_test(a_snapshot_reads_the_image_of_its_time_from_a_long_chain),
        cmocka_unit_test(a_node_deleted_and_inserted_again_shows_each_snapshot_its_own_state),
        cmocka_unit_test(deltas_of_several_writers_are_taken_back_one_by_one),
        cmocka_unit_test(a_writer_conflicts_with_changes_it_does_not_see),
        cmocka_unit_test(an_open_delta_below_a_committed_one_is_still_a_conflict),
        cmocka_unit_test(a_key_is_the_same_wherever_it_is_cut_and_data_counts_only_where_it_is_not_unique),
        cmocka_unit_test(many_nodes_are_all_found_and_all_go),
        cmocka_unit_test(versions_are_cleaned_in_commit_order_and_not_before_the_last_older_snapshot_ends),
        cmocka_unit_test(an_insert_taken_back_waits_for_the_cleanup_and_is_in_nobodys_way),
        cmocka_unit_test(the_store_has_a_limit_and_rings_before_it),
        cmocka_unit_test(the_bell_rings_once_for_a_sleeper_and_when_half_is_used),
        cmocka_unit_test(every_failing_allocation_leaves_the_store_as_it_was),
        cmocka_unit_test(actions_follow_the_fate_of_their_transaction),
        cmocka_unit_test(an_action_may_ask_to_be_cleaned_after_a_rollback_too),
        cmocka_unit_test(versions_of_an_inner_level_belong_to_the_outer_one_after_its_commit),
        cmocka_unit_test(uncommitted_images_of_a_page_are_logged_once_and_never_after_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
