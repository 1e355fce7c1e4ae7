/* What a change of one node may and may not do: duplicates, conflicts, deltas, locks, the root's header, splits by pattern, rollbacks that find no room, no memory, threads.
 * Random changes and the replay of their log are in test_btree_redo.c. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "live_tree.h"
#include "os/clock.h"
#include "os/thread.h"
#include "page/root.h"

enum { SMALL = 4096 };

static void must(JET_ERR err, const char *what)
{
    if (err < 0)
        fail_msg("%s: %d", what, err);
}
#define MUST(expression) must((expression), #expression)

static struct span text(const char *s) { return span_of(s, (uint32_t)strlen(s)); }
static struct span number_key(uint32_t number, uint8_t room[4])
{
    store_be32(room, number);
    return span_of(room, 4);
}
static struct span filled(uint32_t size, int with)
{
    static uint8_t room[PAGE_SIZE_MAX];
    memset(room, with, size);
    return span_of(room, size);
}

static void open_tree(struct live_tree *l, uint32_t page_size, bool is_unique)
{
    const struct live_tree_config config = {.page_size = page_size, .is_unique = is_unique};
    live_tree_open(l, &config);
}

static JET_ERR insert(struct live_tree *l, struct transaction *t, const char *key, const char *data) { return btree_insert(t, &l->tree, NULL, text(key), text(data), 0); }

/* The cursor on the key, as t sees it. */
static JET_ERR seek(struct live_tree *l, struct transaction *t, const char *key, struct btree_cursor *cursor)
{
    MUST(btree_cursor_open(&l->tree, cursor));
    btree_cursor_set_reader(cursor, t);
    return btree_seek(cursor, text(key), BTREE_SEEK_EQ);
}

static JET_ERR replace(struct live_tree *l, struct transaction *t, const char *key, struct span data)
{
    struct btree_cursor cursor;
    JET_ERR err = seek(l, t, key, &cursor);
    if (err >= 0)
        err = btree_replace(t, &cursor, data, 0);
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR delete(struct live_tree *l, struct transaction *t, const char *key)
{
    struct btree_cursor cursor;
    JET_ERR err = seek(l, t, key, &cursor);
    if (err >= 0)
        err = btree_delete(t, &cursor, 0);
    btree_cursor_close(&cursor);
    return err;
}

static void assert_reads(struct live_tree *l, struct transaction *t, const char *key, const char *data)
{
    struct btree_cursor cursor;
    struct node n;
    JET_ERR err = seek(l, t, key, &cursor);
    assert_int_equal(err, data == NULL ? JET_errRecordNotFound : JET_errSuccess);
    if (data != NULL) {
        MUST(btree_cursor_get(&cursor, &n));
        assert_true(span_equal(n.data, text(data)));
    }
    btree_cursor_close(&cursor);
}

static void finish(struct live_tree *l)
{
    MUST(txn_clean_now(l->cleaner));
    live_tree_check(l, &l->tree);
    txn_cleaner_stop(l->cleaner);
    l->cleaner = NULL;
    live_tree_replay(l, 0);
    live_tree_replay(l, l->seed | 1);
    live_tree_close(l);
}

/* --- one node, two sessions --- */

static void an_equal_key_is_a_duplicate_whoever_inserted_it(void **state)
{
    (void)state;
    struct live_tree l;
    struct transaction other;
    open_tree(&l, SMALL, true);
    live_tree_session(&l, &other, 2);
    MUST(txn_begin(&l.t));
    MUST(txn_begin(&other));
    MUST(insert(&l, &l.t, "a", "1"));
    assert_int_equal(insert(&l, &l.t, "a", "2"), JET_errKeyDuplicate);
    assert_int_equal(insert(&l, &other, "a", "3"), JET_errKeyDuplicate); /* uncommitted */
    assert_reads(&l, &other, "a", NULL);
    MUST(txn_commit(&l.t, true, NULL));
    assert_int_equal(insert(&l, &other, "a", "3"), JET_errKeyDuplicate); /* committed after the snapshot */
    assert_reads(&l, &other, "a", NULL);
    MUST(txn_rollback(&other));
    assert_reads(&l, NULL, "a", "1");
    transaction_close(&other);
    finish(&l);
}

static void a_deleted_key_can_be_inserted_again_by_whom_does_not_conflict(void **state)
{
    (void)state;
    struct live_tree l;
    struct transaction other;
    open_tree(&l, SMALL, true);
    live_tree_session(&l, &other, 2);
    MUST(txn_begin(&l.t));
    MUST(insert(&l, &l.t, "a", "old data"));
    MUST(txn_commit(&l.t, true, NULL));
    MUST(txn_begin(&other)); /* its snapshot keeps what follows from being cleaned */
    MUST(txn_begin(&l.t));
    MUST(delete(&l, &l.t, "a"));
    assert_int_equal(insert(&l, &other, "a", "x"), JET_errKeyDuplicate);
    MUST(insert(&l, &l.t, "a", "new"));
    assert_reads(&l, &l.t, "a", "new");
    assert_reads(&l, &other, "a", "old data");
    MUST(txn_rollback(&l.t));
    assert_reads(&l, &l.t, "a", "old data");
    MUST(txn_begin(&l.t));
    MUST(delete(&l, &l.t, "a"));
    MUST(insert(&l, &l.t, "a", "longer than the old data was"));
    MUST(txn_commit(&l.t, true, NULL));
    assert_reads(&l, &other, "a", "old data");
    MUST(txn_rollback(&other));
    assert_reads(&l, NULL, "a", "longer than the old data was");
    transaction_close(&other);
    finish(&l);
}

static void replace_and_delete_of_what_another_has_changed_conflict(void **state)
{
    (void)state;
    struct live_tree l;
    struct transaction other;
    open_tree(&l, SMALL, true);
    live_tree_session(&l, &other, 2);
    MUST(txn_begin(&l.t));
    MUST(insert(&l, &l.t, "a", "1"));
    MUST(insert(&l, &l.t, "b", "1"));
    MUST(txn_commit(&l.t, true, NULL));
    MUST(txn_begin(&l.t));
    MUST(txn_begin(&other));
    MUST(replace(&l, &l.t, "a", text("2")));
    MUST(delete(&l, &l.t, "b"));
    assert_int_equal(replace(&l, &other, "a", text("3")), JET_errWriteConflict);
    assert_int_equal(delete(&l, &other, "a"), JET_errWriteConflict);
    assert_int_equal(delete(&l, &other, "b"), JET_errWriteConflict);
    MUST(txn_commit(&l.t, true, NULL));
    assert_int_equal(replace(&l, &other, "a", text("3")), JET_errWriteConflict);
    struct btree_cursor cursor;
    MUST(seek(&l, &other, "a", &cursor));
    MUST(btree_replace(&other, &cursor, text("9"), BTREE_LATEST)); /* whoever wants the newest has no conflict */
    btree_cursor_close(&cursor);
    MUST(txn_commit(&other, true, NULL));
    assert_reads(&l, NULL, "a", "9");
    transaction_close(&other);
    finish(&l);
}

static void deltas_add_up_and_only_other_changes_conflict_with_them(void **state)
{
    (void)state;
    struct live_tree l;
    struct transaction other;
    struct btree_cursor mine, theirs;
    struct node n;
    int64_t old;
    uint8_t twelve[12] = {10};
    open_tree(&l, SMALL, true);
    live_tree_session(&l, &other, 2);
    MUST(txn_begin(&l.t));
    MUST(btree_insert(&l.t, &l.tree, NULL, text("a"), span_of(twelve, sizeof twelve), 0));
    MUST(txn_commit(&l.t, true, NULL));
    MUST(txn_begin(&l.t));
    MUST(txn_begin(&other));
    MUST(seek(&l, &l.t, "a", &mine));
    MUST(seek(&l, &other, "a", &theirs));
    MUST(btree_add_delta(&l.t, &mine, 0, 4, 5, 0, &old));
    assert_int_equal(old, 10);
    MUST(btree_add_delta(&other, &theirs, 0, 4, 100, 0, &old));
    assert_int_equal(old, 15); /* the first one too, which it does not see otherwise */
    MUST(btree_add_delta(&l.t, &mine, 0, 4, 1, 0, &old));
    assert_int_equal(old, 115);
    assert_int_equal(btree_add_delta(&other, &theirs, 4, 8, 1, 0, NULL), JET_errWriteConflict); /* no delta in this format */
    assert_int_equal(btree_replace(&other, &theirs, text("x"), 0), JET_errWriteConflict);
    assert_int_equal(btree_add_delta(&l.t, &mine, 9, 4, 1, 0, NULL), JET_errInvalidParameter);
    MUST(txn_rollback(&l.t));
    MUST(btree_cursor_get(&theirs, &n));
    assert_int_equal(load_le32(n.data.data), 110);
    btree_cursor_release(&theirs);
    MUST(txn_commit(&other, true, NULL));
    MUST(txn_begin(&l.t));
    MUST(btree_add_delta(&l.t, &mine, 4, 8, -1, 0, &old));
    assert_int_equal(old, 0);
    MUST(txn_commit(&l.t, true, NULL));
    MUST(btree_cursor_get(&mine, &n));
    assert_int_equal(load_le32(n.data.data), 110);
    assert_int_equal((int64_t)load_le64(n.data.data + 4), -1);
    btree_cursor_close(&mine);
    btree_cursor_close(&theirs);
    transaction_close(&other);
    finish(&l);
}

static void a_locked_node_is_left_alone_by_others_until_the_end(void **state)
{
    (void)state;
    struct live_tree l;
    struct transaction other;
    struct btree_cursor cursor;
    open_tree(&l, SMALL, true);
    live_tree_session(&l, &other, 2);
    MUST(txn_begin(&l.t));
    MUST(insert(&l, &l.t, "a", "1"));
    MUST(txn_commit(&l.t, true, NULL));
    MUST(txn_begin(&l.t));
    MUST(txn_begin(&other));
    MUST(seek(&l, &l.t, "a", &cursor));
    MUST(btree_lock_node(&l.t, &cursor, false));
    assert_int_equal(replace(&l, &other, "a", text("2")), JET_errWriteConflict);
    MUST(btree_replace(&l.t, &cursor, text("3"), 0));
    MUST(txn_rollback(&l.t));
    MUST(replace(&l, &other, "a", text("2")));
    MUST(txn_commit(&other, true, NULL));
    assert_reads(&l, NULL, "a", "2");
    btree_cursor_close(&cursor);
    transaction_close(&other);
    finish(&l);
}

static void nodes_that_no_page_can_hold_are_refused(void **state)
{
    (void)state;
    struct live_tree l;
    uint8_t key[4];
    open_tree(&l, SMALL, true);
    MUST(txn_begin(&l.t));
    assert_int_equal(btree_insert(&l.t, &l.tree, NULL, text("a"), filled(SMALL - 40 - 12, 'x'), 0), JET_errRecordTooBig);
    assert_int_equal(btree_insert(&l.t, &l.tree, NULL, filled(BTREE_KEY_MAX + 1, 'k'), text("1"), 0), JET_errKeyTooBig);
    for (uint32_t i = 0; i < 20; i++) /* and the largest that can be held fit beside each other */
        MUST(btree_insert(&l.t, &l.tree, NULL, number_key(i * 7 % 20, key), filled(SMALL - 40 - 12 - 4, 'x'), 0));
    MUST(txn_commit(&l.t, true, NULL));
    assert_true(live_tree_check(&l, &l.tree) >= 21);
    finish(&l);
}

/* --- the root's header --- */

static void the_roots_header_grows_even_when_the_root_is_full(void **state)
{
    (void)state;
    struct live_tree l;
    uint8_t key[4], bytes[SPACE_HEADER_SIZE_MAX];
    struct page_ref root;
    struct space_header header;
    open_tree(&l, SMALL, true);
    MUST(txn_begin(&l.t));
    uint32_t room = SMALL;
    for (uint32_t i = 0; room >= 30; i++) {
        MUST(btree_insert(&l.t, &l.tree, NULL, number_key(i, key), filled(room > 300 ? 100 : room - 5 - 10, 'x'), 0));
        MUST(cache_get(l.tree.file, l.tree.root, PAGE_LATCH_SHARED, &root));
        assert_true(page_is_leaf(&root.view));
        room = page_free_bytes(&root.view);
        cache_release(&root);
    }
    MUST(space_header_read(l.tree.file, l.tree.root, &header));
    header.has_autoincrement = true;
    header.autoincrement = 77;
    uint32_t size = space_header_encode(&header, bytes);
    MUST(btree_set_root_header(&l.t, &l.tree, span_of(bytes, size)));
    MUST(space_header_read(l.tree.file, l.tree.root, &header));
    assert_true(header.has_autoincrement && header.autoincrement == 77);
    bytes[0] ^= 1;
    assert_int_equal(btree_set_root_header(&l.t, &l.tree, span_of(bytes, 3)), JET_errDatabaseCorrupted); /* no such header */
    MUST(txn_commit(&l.t, true, NULL));
    finish(&l);
}

/* --- splits --- */

static uint32_t pages_after(bool ascending_in_runs, uint32_t count)
{
    struct live_tree l;
    uint8_t key[8];
    open_tree(&l, SMALL, true);
    MUST(txn_begin(&l.t));
    for (uint32_t i = 0; i < count; i++) {
        store_be32(key, ascending_in_runs ? i % 4 : 0); /* four places that grow, three of them in the middle of the tree; each for 500 nodes */
        store_be32(key + 4, i);
        if (ascending_in_runs)
            store_be32(key, (i / 500) % 4);
        MUST(btree_insert(&l.t, &l.tree, NULL, span_of(key, 8), filled(80, 'x'), 0));
    }
    MUST(txn_commit(&l.t, true, NULL));
    uint32_t pages = live_tree_check(&l, &l.tree);
    finish(&l);
    return pages;
}

static void ascending_inserts_leave_full_pages_behind_at_the_end_and_in_the_middle(void **state)
{
    (void)state;
    enum { COUNT = 8000, PER_PAGE = (SMALL - 44) / (80 + 8 + 4 + 4) };
    uint32_t best = COUNT / PER_PAGE;
    assert_in_range(pages_after(false, COUNT), best * 9 / 10, best * 12 / 10);
    assert_in_range(pages_after(true, COUNT), best * 9 / 10, best * 13 / 10);
}

static void a_rollback_that_finds_its_room_taken_splits_the_page(void **state)
{
    (void)state;
    struct live_tree l;
    struct transaction other;
    uint8_t key[4];
    open_tree(&l, SMALL, true);
    live_tree_session(&l, &other, 2);
    MUST(txn_begin(&l.t));
    for (uint32_t i = 0; i < 30; i++)
        MUST(btree_insert(&l.t, &l.tree, NULL, number_key(i * 100, key), filled(1000, 'o'), 0));
    MUST(txn_commit(&l.t, true, NULL));
    struct btree_cursor cursor;
    MUST(btree_cursor_open(&l.tree, &cursor));
    MUST(txn_begin(&l.t));
    MUST(txn_begin(&other));
    for (uint32_t i = 0; i < 30; i++) {
        MUST(btree_seek(&cursor, number_key(i * 100, key), BTREE_SEEK_EQ));
        MUST(btree_replace(&l.t, &cursor, filled(10, 'n'), 0));
        struct page_ref leaf; /* the promise to the rollback gets lost */
        MUST(cache_get(l.tree.file, cursor.page_no, PAGE_LATCH_EXCLUSIVE, &leaf));
        struct page_edit e = page_edit_trusted(page_ref_bytes(&leaf), SMALL, cursor.page_no);
        assert_true(page_uncommitted_free_bytes(&leaf.view) >= 990);
        page_set_uncommitted_free(&e, 0);
        cache_release(&leaf);
    }
    for (uint32_t i = 0; i < 3000; i += 3) {
        if (i % 100 != 0)
            MUST(btree_insert(&other, &l.tree, NULL, number_key(i, key), filled(20, 'x'), 0));
    }
    MUST(txn_commit(&other, true, NULL));
    uint32_t before = live_tree_check(&l, &l.tree);
    MUST(txn_rollback(&l.t));
    assert_true(live_tree_check(&l, &l.tree) > before);
    for (uint32_t i = 0; i < 30; i++) {
        struct node n;
        MUST(btree_seek(&cursor, number_key(i * 100, key), BTREE_SEEK_EQ));
        MUST(btree_cursor_get(&cursor, &n));
        assert_true(span_equal(n.data, filled(1000, 'o')));
        btree_cursor_release(&cursor);
    }
    btree_cursor_close(&cursor);
    transaction_close(&other);
    finish(&l);
}

static void what_a_replace_frees_is_kept_for_its_rollback_and_used_by_its_own_transaction(void **state)
{
    (void)state;
    struct live_tree l;
    struct transaction other;
    uint8_t key[4];
    struct btree_cursor cursor;
    struct page_ref root;
    open_tree(&l, SMALL, true);
    live_tree_session(&l, &other, 2);
    MUST(txn_begin(&l.t));
    MUST(btree_insert(&l.t, &l.tree, NULL, number_key(5, key), filled(3900, 'o'), 0));
    MUST(txn_commit(&l.t, true, NULL));
    MUST(btree_cursor_open(&l.tree, &cursor));
    MUST(txn_begin(&l.t));
    MUST(btree_first(&cursor));
    MUST(btree_replace(&l.t, &cursor, filled(10, 'n'), 0));
    MUST(btree_replace(&l.t, &cursor, filled(3800, 'm'), 0)); /* into the room it has freed itself */
    MUST(btree_replace(&l.t, &cursor, filled(10, 'n'), 0));
    MUST(cache_get(l.tree.file, l.tree.root, PAGE_LATCH_SHARED, &root));
    assert_true(page_is_leaf(&root.view));
    assert_in_range(page_uncommitted_free_bytes(&root.view), 3890, 3890 + 130); /* no less, and no more than there is */
    cache_release(&root);
    MUST(txn_begin(&other));
    MUST(btree_insert(&other, &l.tree, NULL, number_key(7, key), filled(500, 'x'), 0)); /* not into that room */
    MUST(txn_commit(&other, true, NULL));
    MUST(cache_get(l.tree.file, l.tree.root, PAGE_LATCH_SHARED, &root));
    assert_false(page_is_leaf(&root.view));
    cache_release(&root);
    MUST(txn_rollback(&l.t));
    MUST(txn_clean_now(l.cleaner));
    MUST(txn_begin(&l.t)); /* with nothing left to take back, freed room is free */
    MUST(btree_seek(&cursor, number_key(5, key), BTREE_SEEK_EQ));
    MUST(btree_replace(&l.t, &cursor, filled(10, 'n'), 0));
    MUST(txn_commit(&l.t, true, NULL));
    MUST(txn_clean_now(l.cleaner));
    uint32_t before = live_tree_check(&l, &l.tree);
    MUST(txn_begin(&l.t));
    MUST(btree_insert(&l.t, &l.tree, NULL, number_key(6, key), filled(1500, 'x'), 0));
    MUST(btree_insert(&l.t, &l.tree, NULL, number_key(4, key), filled(1500, 'x'), 0));
    MUST(txn_commit(&l.t, true, NULL));
    assert_int_equal(live_tree_check(&l, &l.tree), before);
    btree_cursor_close(&cursor);
    transaction_close(&other);
    finish(&l);
}

static void without_memory_a_change_is_refused_and_nothing_has_changed(void **state)
{
    (void)state;
    struct live_tree l;
    uint8_t key[4];
    unsigned refused = 0;
    open_tree(&l, SMALL, true);
    txn_cleaner_stop(l.cleaner);
    l.cleaner = NULL;
    MUST(txn_begin(&l.t));
    for (uint32_t i = 0; i < 120; i++) {
        JET_ERR err = JET_errOutOfMemory;
        for (uint64_t countdown = 1; err == JET_errOutOfMemory; countdown++) {
            memory_fail_at(countdown, false);
            err = btree_insert(&l.t, &l.tree, NULL, number_key(i * 37 % 120, key), filled(400, 'x'), 0);
            memory_fail_at(0, false);
            if (err == JET_errOutOfMemory) {
                struct btree_cursor cursor;
                MUST(btree_cursor_open(&l.tree, &cursor));
                assert_int_equal(btree_seek(&cursor, span_of(key, 4), BTREE_SEEK_EQ), JET_errRecordNotFound);
                btree_cursor_close(&cursor);
                refused++;
            }
        }
        must(err, "insert");
    }
    assert_true(refused > 150);
    MUST(txn_commit(&l.t, true, NULL));
    live_tree_check(&l, &l.tree);
    live_tree_replay(&l, 0);
    live_tree_close(&l);
}

/* --- threads --- */

enum { THREADS = 4, ROUNDS = 30, PER_ROUND = 60, SHARED_KEYS = 40 };

struct worker {
    struct live_tree *l;
    uint32_t number;
    struct thread thread;
    uint8_t present[ROUNDS * PER_ROUND]; /* own keys that must be there */
    uint32_t conflicts;
};

static void worker_key(const struct worker *w, uint32_t i, uint8_t key[8])
{
    store_be32(key, i * 2654435761u); /* the keys of all threads stand among each other */
    store_be32(key + 4, w->number);
}

static JET_ERR touch_shared(struct worker *w, struct transaction *t, struct btree_cursor *cursor, uint32_t which)
{
    uint8_t key[4], data[100];
    memset(data, (int)w->number, sizeof data);
    JET_ERR err = btree_seek(cursor, number_key(which, key), BTREE_SEEK_EQ);
    if (err == JET_errRecordNotFound)
        err = btree_insert(t, &w->l->tree, cursor, span_of(key, 4), span_of(data, 20), 0);
    else if (err >= 0)
        err = which % 3 == 0 ? btree_delete(t, cursor, 0) : btree_replace(t, cursor, span_of(data, 20 + (which * 7 + w->number * 13) % 80), 0);
    return err;
}

static void *work(void *argument)
{
    struct worker *w = (struct worker *)argument;
    struct transaction t;
    struct btree_cursor cursor;
    uint8_t key[8], data[64] = {0};
    uint32_t random = w->number * 7919 + 1;
    live_tree_session(w->l, &t, (uint16_t)(10 + w->number));
    if (btree_cursor_open(&w->l->tree, &cursor) < 0)
        abort();
    btree_cursor_set_reader(&cursor, &t);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        JET_ERR err = txn_begin(&t);
        for (uint32_t i = round * PER_ROUND; i < (round + 1) * PER_ROUND && err >= 0; i++) {
            worker_key(w, i, key);
            store_le32(data, i);
            err = btree_insert(&t, &w->l->tree, &cursor, span_of(key, 8), span_of(data, sizeof data), 0);
        }
        if (err < 0) {
            fprintf(stderr, "insert: %d\n", err);
            abort();
        }
        random = random * 1103515245 + 12345;
        for (uint32_t i = 0; i < 3 && err >= 0; i++)
            err = touch_shared(w, &t, &cursor, (random >> (8 + 4 * i)) % SHARED_KEYS);
        bool conflict = err == JET_errWriteConflict || err == JET_errKeyDuplicate;
        if (err < 0 && !conflict) {
            fprintf(stderr, "shared key: %d\n", err);
            abort();
        }
        w->conflicts += conflict;
        bool keeps = !conflict && random % 4 != 0;
        err = keeps ? txn_commit(&t, true, NULL) : txn_rollback(&t);
        if (err < 0) {
            fprintf(stderr, "end: %d\n", err);
            abort();
        }
        memset(w->present + round * PER_ROUND, keeps, PER_ROUND);
    }
    btree_cursor_close(&cursor);
    transaction_close(&t);
    return NULL;
}

static void run_threads(uint64_t cache_bytes)
{
    struct live_tree l;
    struct worker *workers = (struct worker *)calloc(THREADS, sizeof *workers);
    const struct live_tree_config config = {.page_size = SMALL, .is_unique = true, .cache_bytes = cache_bytes};
    live_tree_open(&l, &config);
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i].l = &l;
        workers[i].number = i;
        MUST(thread_start(&workers[i].thread, work, &workers[i]));
    }
    for (uint32_t i = 0; i < THREADS; i++)
        thread_join(&workers[i].thread);
    MUST(txn_clean_now(l.cleaner));
    struct btree_cursor cursor;
    uint32_t found = 0;
    MUST(btree_cursor_open(&l.tree, &cursor));
    for (uint32_t w = 0; w < THREADS; w++) {
        for (uint32_t i = 0; i < ROUNDS * PER_ROUND; i++) {
            uint8_t key[8];
            worker_key(&workers[w], i, key);
            JET_ERR err = btree_seek(&cursor, span_of(key, 8), BTREE_SEEK_EQ);
            assert_int_equal(err, workers[w].present[i] ? JET_errSuccess : JET_errRecordNotFound);
            found += err >= 0;
        }
        print_message("  thread %u: %u conflicts\n", w, workers[w].conflicts);
    }
    btree_cursor_close(&cursor);
    assert_true(found > 0);
    free(workers);
    finish(&l);
}

static void threads_change_one_tree_and_every_commit_is_whole(void **state)
{
    (void)state;
    run_threads(0);
}

static void threads_change_a_tree_larger_than_the_cache(void **state)
{
    (void)state;
    run_threads(64 * 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_equal_key_is_a_duplicate_whoever_inserted_it),
        cmocka_unit_test(a_deleted_key_can_be_inserted_again_by_whom_does_not_conflict),
        cmocka_unit_test(replace_and_delete_of_what_another_has_changed_conflict),
        cmocka_unit_test(deltas_add_up_and_only_other_changes_conflict_with_them),
        cmocka_unit_test(a_locked_node_is_left_alone_by_others_until_the_end),
        cmocka_unit_test(nodes_that_no_page_can_hold_are_refused),
        cmocka_unit_test(the_roots_header_grows_even_when_the_root_is_full),
        cmocka_unit_test(ascending_inserts_leave_full_pages_behind_at_the_end_and_in_the_middle),
        cmocka_unit_test(a_rollback_that_finds_its_room_taken_splits_the_page),
        cmocka_unit_test(what_a_replace_frees_is_kept_for_its_rollback_and_used_by_its_own_transaction),
        cmocka_unit_test(without_memory_a_change_is_refused_and_nothing_has_changed),
        cmocka_unit_test(threads_change_one_tree_and_every_commit_is_whole),
        cmocka_unit_test(threads_change_a_tree_larger_than_the_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
