/* Transactions over a real tree: several sessions move money between nodes, delete and insert them, roll back whole transactions and inner levels, while readers
 * add up what their snapshots see, pages are moved and the worker cleans up. ROUND_MS=n in the environment runs longer. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btree/extent.h"
#include "btree/relocate.h"
#include "os/thread.h"
#include "writable_file.h"

enum { ACCOUNTS = 400, KEPT = 2000, WRITERS = 3, READERS = 2, THREADS = WRITERS + READERS + 1, START = 1000, ROUND_MS = 1500, OBJID = 500, VALUE_MAX = 300 };

static struct {
    struct writable w;
    struct btree tree;
    page_no_t kept[KEPT];
    atomic_bool is_over;
    atomic_uint_least64_t commits, rollbacks, inner_rollbacks, conflicts, reads, wrong, errors, pages_moved;
} world;

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static struct span key_of(uint32_t account, uint8_t out[12])
{
    return span_of(out, (uint32_t)snprintf((char *)out, 12, "acct%05u", account));
}

/* The amount, and padding of any size, so that pages split and nodes move. */
static struct span value_of(int64_t amount, uint64_t *seed, uint8_t out[VALUE_MAX])
{
    uint32_t size = 8 + next_random(seed) % (VALUE_MAX - 8);
    memset(out, (int)(size & 0xFF), size);
    store_le64(out, (uint64_t)amount);
    return span_of(out, size);
}

/* INT64_MIN: not there. */
static JET_ERR read_amount(struct btree_cursor *cursor, uint32_t account, int64_t *amount)
{
    uint8_t key[12];
    struct node node;
    *amount = INT64_MIN;
    JET_ERR err = btree_seek(cursor, key_of(account, key), BTREE_SEEK_EQ);
    if (err == JET_errRecordNotFound)
        return JET_errSuccess;
    if (err >= 0 && (err = btree_cursor_get(cursor, &node)) >= 0) {
        *amount = (int64_t)load_le64(node.data.data);
        if (node.data.size > 8 && node.data.data[node.data.size - 1] != (node.data.size & 0xFF))
            atomic_fetch_add(&world.wrong, 1);
        btree_cursor_release(cursor);
    }
    return err;
}

static JET_ERR add(struct transaction *t, struct btree_cursor *cursor, uint32_t account, int64_t amount, uint64_t *seed)
{
    uint8_t key[12], value[VALUE_MAX];
    int64_t now;
    JET_ERR err = read_amount(cursor, account, &now);
    if (err < 0)
        return err;
    if (now == INT64_MIN) {
        err = btree_insert(t, &world.tree, cursor, key_of(account, key), value_of(amount, seed, value), 0);
        return err == JET_errKeyDuplicate ? JET_errWriteConflict : err; /* somebody inserted it whom we do not see */
    }
    return btree_replace(t, cursor, value_of(now + amount, seed, value), 0);
}

/* Moves an amount, or all of it and the node goes. */
static JET_ERR move(struct transaction *t, struct btree_cursor *cursor, uint64_t *seed)
{
    uint32_t from = next_random(seed) % ACCOUNTS, to = (from + 1 + next_random(seed) % (ACCOUNTS - 1)) % ACCOUNTS;
    int64_t amount = next_random(seed) % 50, all;
    JET_ERR err;
    if (next_random(seed) % 3 == 0) {
        if ((err = read_amount(cursor, from, &all)) < 0 || all == INT64_MIN)
            return err;
        if ((err = btree_delete(t, cursor, 0)) < 0)
            return err;
        return add(t, cursor, to, all, seed);
    }
    if ((err = add(t, cursor, from, -amount, seed)) < 0)
        return err;
    return add(t, cursor, to, amount, seed);
}

static void count_error(JET_ERR err)
{
    if (err == JET_errWriteConflict) {
        atomic_fetch_add(&world.conflicts, 1);
    } else if (err < 0) {
        printf("error %d\n", err);
        atomic_fetch_add(&world.errors, 1);
    }
}

static void *write_some(void *argument)
{
    uint64_t seed = (uint64_t)(uintptr_t)argument * 7919;
    struct transaction t;
    struct btree_cursor cursor;
    if (transaction_open(&t, world.w.versions, NULL, (uint16_t)(10 + (uintptr_t)argument)) < 0 || btree_cursor_open(&world.tree, &cursor) < 0)
        return NULL;
    btree_cursor_set_reader(&cursor, &t);
    while (!atomic_load(&world.is_over)) {
        JET_ERR err = txn_begin(&t);
        for (uint32_t moves = 1 + next_random(&seed) % 4; moves > 0 && err >= 0; moves--) {
            bool is_nested = next_random(&seed) % 3 == 0;
            if (is_nested)
                err = txn_begin(&t);
            if (err >= 0)
                err = move(&t, &cursor, &seed);
            if (is_nested && (err == JET_errWriteConflict || next_random(&seed) % 2 == 0)) {
                count_error(err == JET_errWriteConflict ? err : 0);
                err = txn_rollback(&t); /* of the inner level: the rest goes on */
                atomic_fetch_add(&world.inner_rollbacks, 1);
            } else if (is_nested && err >= 0) {
                err = txn_commit(&t, true, NULL);
            }
        }
        count_error(err);
        bool is_kept = err >= 0 && next_random(&seed) % 4 != 0;
        while (t.level > 0 && !(is_kept && t.level == 1)) {
            if ((err = txn_rollback(&t)) < 0) {
                count_error(err);
                goto done;
            }
        }
        if (is_kept && (err = txn_commit(&t, true, NULL)) < 0) {
            count_error(err);
            goto done;
        }
        atomic_fetch_add(is_kept ? &world.commits : &world.rollbacks, 1);
    }
done:
    btree_cursor_close(&cursor);
    transaction_close(&t);
    return NULL;
}

static JET_ERR add_up(struct btree_cursor *cursor, bool is_backward, int64_t *sum)
{
    JET_ERR err;
    *sum = 0;
    for (err = is_backward ? btree_last(cursor) : btree_first(cursor); err >= 0; err = is_backward ? btree_previous(cursor) : btree_next(cursor)) {
        struct node node;
        if ((err = btree_cursor_get(cursor, &node)) < 0)
            return err;
        *sum += (int64_t)load_le64(node.data.data);
        btree_cursor_release(cursor);
    }
    return err == JET_errNoCurrentRecord ? JET_errSuccess : err;
}

static void *read_all(void *argument)
{
    struct transaction t;
    struct btree_cursor cursor;
    if (transaction_open(&t, world.w.versions, NULL, (uint16_t)(50 + (uintptr_t)argument)) < 0 || btree_cursor_open(&world.tree, &cursor) < 0)
        return NULL;
    btree_cursor_set_reader(&cursor, &t);
    while (!atomic_load(&world.is_over)) {
        int64_t forward = 0, backward = 0;
        transaction_begin_call(&t);
        count_error(add_up(&cursor, false, &forward));
        count_error(add_up(&cursor, true, &backward));
        transaction_end_call(&t);
        if (forward != (int64_t)ACCOUNTS * START || backward != forward)
            atomic_fetch_add(&world.wrong, 1);
        atomic_fetch_add(&world.reads, 1);
    }
    btree_cursor_close(&cursor);
    transaction_close(&t);
    return NULL;
}

/* Pages of the tree, and of its extent trees, get lower numbers under everybody's feet. For each one that does a page that was kept before them becomes free. */
static void *move_pages(void *argument)
{
    uint64_t seed = 4711;
    uint32_t kept = KEPT;
    struct transaction t;
    struct btree_cursor cursor;
    (void)argument;
    if (transaction_open(&t, world.w.versions, NULL, 90) < 0 || btree_cursor_open(&world.tree, &cursor) < 0)
        return NULL;
    while (!atomic_load(&world.is_over)) {
        uint8_t key[12];
        bool moved = false, is_any = next_random(&seed) % 4 == 0;
        if (btree_seek(&cursor, key_of(next_random(&seed) % ACCOUNTS, key), BTREE_SEEK_GE) < 0)
            is_any = true;
        page_no_t page_no = is_any ? 1 + next_random(&seed) % cache_file_last_page(world.w.db->pages) : cursor.page_no; /* a leaf a moment ago */
        count_error(txn_begin(&t));
        if (kept > 0 && world.pages_moved >= KEPT - kept)
            count_error(space_free(&t, &world.tree, world.kept[--kept]));
        count_error(next_random(&seed) % 8 == 0 ? space_move_page(&t, world.w.db, world.tree.root, page_no, &moved) : btree_move_page(&t, &world.tree, page_no, &moved));
        count_error(txn_commit(&t, true, NULL));
        atomic_fetch_add(&world.pages_moved, moved);
    }
    btree_cursor_close(&cursor);
    transaction_close(&t);
    return NULL;
}

static void fill(void)
{
    struct transaction *t = &world.w.t;
    uint64_t seed = 1;
    page_no_t root;
    assert_int_equal(txn_begin(t), 0);
    assert_int_equal(space_create_tree(t, world.w.db, 1, 3, true, 0, OBJID, 0, &root), 0);
    assert_int_equal(btree_open_writable(world.w.db, root, OBJID, &world.tree), 0);
    for (uint32_t i = 0; i < KEPT; i++)
        assert_int_equal(space_allocate(t, &world.tree, 0, &world.kept[i]), 0);
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        uint8_t key[12], value[VALUE_MAX];
        assert_int_equal(btree_insert(t, &world.tree, NULL, key_of(i, key), value_of(START, &seed, value), 0), 0);
    }
    assert_int_equal(txn_commit(t, true, NULL), 0);
}

static void every_snapshot_of_a_tree_under_change_adds_up(void **state)
{
    (void)state;
    struct thread threads[THREADS] = {0};
    const char *longer = getenv("ROUND_MS");
    make_writable(4096, &world.w);
    fill();
    for (uintptr_t i = 0; i < WRITERS; i++)
        assert_int_equal(thread_start(&threads[i], write_some, (void *)(i + 1)), 0);
    for (uintptr_t i = 0; i < READERS; i++)
        assert_int_equal(thread_start(&threads[WRITERS + i], read_all, (void *)i), 0);
    assert_int_equal(thread_start(&threads[THREADS - 1], move_pages, NULL), 0);
    thread_sleep_ms(longer != NULL ? strtoull(longer, NULL, 10) : ROUND_MS);
    atomic_store(&world.is_over, true);
    for (uint32_t i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    assert_int_equal(txn_clean_now(world.w.cleaner), 0);
    struct version_store_statistics s;
    version_store_get_statistics(world.w.versions, &s);
    printf("%llu commits, %llu rollbacks, %llu of inner levels, %llu conflicts, %llu reads, %llu pages moved, %llu versions cleaned\n", (unsigned long long)world.commits,
           (unsigned long long)world.rollbacks, (unsigned long long)world.inner_rollbacks, (unsigned long long)world.conflicts, (unsigned long long)world.reads,
           (unsigned long long)world.pages_moved, (unsigned long long)s.cleaned);
    assert_int_equal(world.errors, 0);
    assert_int_equal(world.wrong, 0);
    assert_true(world.commits > 10 && world.rollbacks > 10 && world.reads > 1 && world.pages_moved > 0);
    assert_int_equal(s.versions, 0);
    assert_int_equal(s.bytes, 0);

    /* With nothing in the store the pages alone must tell the same, without deleted nodes. */
    struct btree_cursor cursor;
    int64_t sum;
    uint64_t deleted = 0;
    assert_int_equal(btree_cursor_open(&world.tree, &cursor), 0);
    assert_int_equal(add_up(&cursor, false, &sum), 0);
    assert_int_equal(sum, (int64_t)ACCOUNTS * START);
    for (page_no_t p = 1; p <= cache_file_last_page(world.w.db->pages); p++) {
        struct page_ref ref = {0};
        if (cache_get(world.w.db->pages, p, PAGE_LATCH_SHARED, &ref) < 0)
            continue;
        for (uint32_t line = 0; page_objid(&ref.view) == OBJID && (page_flags(&ref.view) & (PAGE_FLAG_EMPTY | PAGE_FLAG_SPACE_TREE)) == 0 && page_is_leaf(&ref.view) && line < page_node_count(&ref.view); line++) {
            struct node node = page_node(&ref.view, line);
            deleted += (node.flags & NODE_FLAG_DELETED) != 0;
        }
        cache_release(&ref);
    }
    assert_int_equal(deleted, 0);
    btree_cursor_close(&cursor);
    close_writable(&world.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_snapshot_of_a_tree_under_change_adds_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
