/* Random changes of trees against a sorted array, and the log of all of it replayed: rolled back or committed, split and merged, every page must come out the same. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "live_tree.h"

static void must(JET_ERR err, const char *what)
{
    if (err < 0)
        fail_msg("%s: %d", what, err);
}
#define MUST(expression) must((expression), #expression)

/* --- the model: nodes in order --- */

struct model_node {
    uint32_t key_size, data_size;
    uint8_t *bytes;
};
struct model {
    bool is_unique;
    struct model_node *nodes;
    uint32_t count, room;
};

static struct span key_of(const struct model_node *n) { return span_of(n->bytes, n->key_size); }
static struct span data_of(const struct model_node *n) { return span_of(n->bytes + n->key_size, n->data_size); }

static uint32_t model_find(const struct model *m, struct span key, struct span data, bool *exact)
{
    uint32_t low = 0, high = m->count;
    *exact = false;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = span_compare(key_of(&m->nodes[middle]), key);
        if (order == 0 && !m->is_unique)
            order = span_compare(data_of(&m->nodes[middle]), data);
        if (order == 0)
            *exact = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct model_node make_node(struct span key, struct span data)
{
    struct model_node n = {key.size, data.size, (uint8_t *)malloc(key.size + data.size + 1u)};
    memcpy(n.bytes, key.data, key.size);
    memcpy(n.bytes + key.size, data.data, data.size);
    return n;
}

static void model_insert(struct model *m, uint32_t at, struct span key, struct span data)
{
    if (m->count == m->room)
        m->nodes = (struct model_node *)realloc(m->nodes, (m->room = m->room * 2 + 64) * sizeof *m->nodes);
    memmove(m->nodes + at + 1, m->nodes + at, (m->count - at) * sizeof *m->nodes);
    m->nodes[at] = make_node(key, data);
    m->count++;
}

static void model_remove(struct model *m, uint32_t at)
{
    free(m->nodes[at].bytes);
    m->count--;
    memmove(m->nodes + at, m->nodes + at + 1, (m->count - at) * sizeof *m->nodes);
}

static struct model model_copy(const struct model *m)
{
    struct model copy = {.is_unique = m->is_unique};
    for (uint32_t i = 0; i < m->count; i++)
        model_insert(&copy, i, key_of(&m->nodes[i]), data_of(&m->nodes[i]));
    return copy;
}

static void model_free(struct model *m)
{
    for (uint32_t i = 0; i < m->count; i++)
        free(m->nodes[i].bytes);
    free(m->nodes);
    memset(m, 0, sizeof *m);
}

static void compare(struct live_tree *l, const struct model *m, struct transaction *reader)
{
    struct btree_cursor cursor;
    MUST(btree_cursor_open(&l->tree, &cursor));
    btree_cursor_set_reader(&cursor, reader);
    JET_ERR err = btree_first(&cursor);
    for (uint32_t i = 0; i < m->count; i++, err = btree_next(&cursor)) {
        struct node n;
        if (err < 0)
            fail_msg("node %u of %u: %d", i, m->count, err);
        MUST(btree_cursor_get(&cursor, &n));
        if (node_compare_key(&n, key_of(&m->nodes[i])) != 0 || !span_equal(n.data, data_of(&m->nodes[i])))
            fail_msg("node %u of %u is another one (page %u line %u)", i, m->count, cursor.page_no, cursor.line);
        btree_cursor_release(&cursor);
    }
    assert_int_equal(err, JET_errNoCurrentRecord);
    btree_cursor_close(&cursor);
}

/* --- random changes --- */

struct shape {
    uint32_t key_max, data_max, keys;  /* keys: different ones */
    uint32_t prefix;                   /* bytes all keys share, and many more in groups */
    bool is_ascending;
};

static struct span make_key(struct live_tree *l, const struct shape *shape, uint32_t number, uint8_t *room)
{
    uint32_t size = 0, length;
    (void)l;
    memset(room, 'p', shape->prefix);
    size += shape->prefix;
    uint32_t scattered = shape->is_ascending ? number : number * 2654435761u;
    store_be32(room + size, scattered);
    size += 4;
    length = shape->key_max > size ? (scattered >> 7) % (shape->key_max - size + 1) : 0;
    memset(room + size, (int)(number & 0x7F), length);
    size += length;
    return span_of(room, size);
}

static struct span make_data(struct live_tree *l, uint32_t max, uint8_t *room)
{
    uint32_t size = 8 + live_tree_random(l, live_tree_random(l, 4) == 0 ? max - 7 : max / 8 + 1);
    uint32_t fill = live_tree_random(l, 256);
    memset(room, (int)fill, size);
    store_le32(room, live_tree_random(l, 1000));
    return span_of(room, size);
}

static void insert_one(struct live_tree *l, struct model *m, const struct shape *shape, struct btree_cursor *cursor, uint32_t number)
{
    uint8_t key_room[BTREE_KEY_MAX], data_room[PAGE_SIZE_MAX];
    bool exact;
    struct span key = make_key(l, shape, number, key_room), data = make_data(l, shape->data_max, data_room);
    uint32_t at = model_find(m, key, data, &exact);
    JET_ERR err = btree_insert(&l->t, &l->tree, live_tree_random(l, 3) == 0 ? NULL : cursor, key, data, 0);
    if (exact) {
        assert_int_equal(err, JET_errKeyDuplicate);
        return;
    }
    if (err < 0)
        fail_msg("insert of %u + %u: %d", key.size, data.size, err);
    model_insert(m, at, key, data);
}

static void change_one(struct live_tree *l, struct model *m, const struct shape *shape, struct btree_cursor *cursor)
{
    uint8_t data_room[PAGE_SIZE_MAX];
    uint32_t at = live_tree_random(l, m->count), what = live_tree_random(l, 10);
    struct model_node *n = &m->nodes[at];
    struct node on_page;
    MUST(btree_seek_bookmark(cursor, key_of(n), data_of(n)));
    if (what < 4 || !m->is_unique) {
        MUST(btree_delete(&l->t, cursor, 0));
        assert_int_equal(btree_cursor_get(cursor, &on_page), JET_errRecordDeleted);
        assert_int_equal(btree_delete(&l->t, cursor, 0), JET_errRecordDeleted);
        model_remove(m, at);
    } else if (what < 9) {
        struct span data = make_data(l, shape->data_max, data_room);
        JET_ERR err = btree_replace(&l->t, cursor, data, 0);
        if (err < 0)
            fail_msg("replace of %u by %u bytes (key %u): %d", n->data_size, data.size, n->key_size, err);
        struct model_node changed = make_node(key_of(n), data);
        free(n->bytes);
        *n = changed;
        MUST(btree_cursor_get(cursor, &on_page));
        assert_true(span_equal(on_page.data, data));
        btree_cursor_release(cursor);
    } else {
        int64_t old, delta = (int64_t)live_tree_random(l, 2001) - 1000;
        MUST(btree_add_delta(&l->t, cursor, 4, 4, delta, 0, &old));
        assert_int_equal((int32_t)old, (int32_t)load_le32(n->bytes + n->key_size + 4));
        store_le32(n->bytes + n->key_size + 4, (uint32_t)(old + delta));
    }
}

static void run_batch(struct live_tree *l, struct model *m, const struct shape *shape, uint32_t operations, uint32_t *next_number)
{
    struct btree_cursor cursor;
    MUST(btree_cursor_open(&l->tree, &cursor));
    btree_cursor_set_reader(&cursor, &l->t);
    uint32_t inserts = live_tree_random(l, 10) + 1;
    for (uint32_t i = 0; i < operations; i++) {
        if (m->count == 0 || live_tree_random(l, 11) < inserts)
            insert_one(l, m, shape, &cursor, shape->is_ascending ? (*next_number)++ : live_tree_random(l, shape->keys));
        else
            change_one(l, m, shape, &cursor);
    }
    btree_cursor_close(&cursor);
}

static void run_shape(uint32_t page_size, bool is_unique, const struct shape *shape, uint32_t batches, uint32_t operations)
{
    struct live_tree l;
    struct model m = {.is_unique = is_unique};
    uint32_t next_number = 0;
    const struct live_tree_config config = {.page_size = page_size, .is_unique = is_unique};
    live_tree_open(&l, &config);
    for (uint32_t b = 0; b < batches; b++) {
        struct model before = model_copy(&m);
        MUST(txn_begin(&l.t));
        run_batch(&l, &m, shape, operations, &next_number);
        if (live_tree_random(&l, 3) == 0) { /* an inner level */
            struct model inner = model_copy(&m);
            MUST(txn_begin(&l.t));
            run_batch(&l, &m, shape, operations / 4, &next_number);
            if (live_tree_random(&l, 2) == 0) {
                MUST(txn_rollback(&l.t));
                model_free(&m);
                m = inner;
            } else {
                MUST(txn_commit(&l.t, true, NULL));
                model_free(&inner);
            }
        }
        compare(&l, &m, &l.t);
        if (live_tree_random(&l, 3) == 0) {
            MUST(txn_rollback(&l.t));
            model_free(&m);
            m = before;
        } else {
            MUST(txn_commit(&l.t, true, NULL));
            model_free(&before);
        }
        if (live_tree_random(&l, 3) == 0)
            MUST(txn_clean_now(l.cleaner));
        compare(&l, &m, NULL);
        live_tree_check(&l, &l.tree);
    }
    MUST(txn_clean_now(l.cleaner));
    compare(&l, &m, NULL);
    uint32_t pages = live_tree_check(&l, &l.tree);
    print_message("  %u nodes on %u pages\n", m.count, pages);
    txn_cleaner_stop(l.cleaner);
    l.cleaner = NULL;
    live_tree_replay(&l, 0);
    live_tree_replay(&l, l.seed | 1);
    live_tree_replay(&l, l.seed * 3 | 1);
    model_free(&m);
    live_tree_close(&l);
}

static const uint32_t page_sizes[] = {4096, 8192, 16384, 32768};

static void random_changes_of_small_nodes_match_a_model_and_replay(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        for (int unique = 0; unique < 2; unique++) {
            const struct shape shape = {.key_max = 40, .data_max = unique ? 400 : 60, .keys = 4000, .prefix = 3};
            run_shape(page_sizes[i], unique, &shape, 12, 800);
        }
    }
}

static void random_changes_of_large_nodes_match_a_model_and_replay(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const struct shape shape = {.key_max = 300, .data_max = page_sizes[i] - 400, .keys = 600, .prefix = 0};
        run_shape(page_sizes[i], true, &shape, 10, 150);
    }
}

static void long_keys_with_long_common_beginnings_match_a_model_and_replay(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        for (int unique = 0; unique < 2; unique++) {
            const struct shape shape = {.key_max = page_sizes[i] == 4096 ? 600 : 1200, .data_max = 200, .keys = 2000, .prefix = 150};
            run_shape(page_sizes[i], unique, &shape, 8, 400);
        }
    }
}

static void ascending_keys_match_a_model_and_replay(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const struct shape shape = {.key_max = 20, .data_max = 300, .keys = 2000, .prefix = 8, .is_ascending = true};
        run_shape(page_sizes[i], i % 2 == 0, &shape, 10, 500);
    }
}

/* The longest data a key may have, found by trying: from there on every size is refused. */
static uint32_t longest_data(struct live_tree *l, struct span key, const uint8_t *data)
{
    uint32_t room = cache_file_page_size(l->tree.file) - key.size, longest = 0;
    MUST(txn_begin(&l->t));
    for (uint32_t size = room; size > room - 200 && longest == 0; size--) {
        JET_ERR err = btree_insert(&l->t, &l->tree, NULL, key, span_of(data, size), 0);
        if (err >= 0)
            longest = size;
        else
            assert_int_equal(err, JET_errRecordTooBig);
    }
    MUST(txn_rollback(&l->t));
    assert_true(longest > 0);
    return longest;
}

/* Keys FIRST to LAST but one are deleted for good, the one that is left gets every size up to the longest. */
static void grow_a_survivor(uint32_t page_size, uint32_t survivor, const uint8_t *data)
{
    enum { KEYS = 80, FIRST = 20, LAST = 60, KEY_SIZE = 60, SIZES = 5 };
    struct live_tree l;
    struct btree_cursor cursor;
    struct model m = {.is_unique = true};
    uint8_t key[KEY_SIZE];
    const struct live_tree_config config = {.page_size = page_size, .is_unique = true};
    live_tree_open(&l, &config);
    memset(key, 'k', sizeof key);
    uint32_t longest = longest_data(&l, span_of(key, KEY_SIZE), data), size = page_size / 16;
    for (uint32_t k = 0; k < KEYS; k++) {
        key[KEY_SIZE - 1] = (uint8_t)k;
        MUST(txn_begin(&l.t));
        MUST(btree_insert(&l.t, &l.tree, NULL, span_of(key, KEY_SIZE), span_of(data, size), 0));
        MUST(txn_commit(&l.t, true, NULL));
    }
    MUST(btree_cursor_open(&l.tree, &cursor));
    btree_cursor_set_reader(&cursor, &l.t);
    for (uint32_t k = 0; k < KEYS; k++) {
        key[KEY_SIZE - 1] = (uint8_t)k;
        if (k < FIRST || k > LAST || k == FIRST + survivor) {
            model_insert(&m, m.count, span_of(key, KEY_SIZE), span_of(data, k == FIRST + survivor ? longest : size));
            continue;
        }
        MUST(txn_begin(&l.t));
        MUST(btree_seek(&cursor, span_of(key, KEY_SIZE), BTREE_SEEK_EQ));
        MUST(btree_delete(&l.t, &cursor, 0));
        MUST(txn_commit(&l.t, true, NULL));
    }
    MUST(txn_clean_now(l.cleaner));
    key[KEY_SIZE - 1] = (uint8_t)(FIRST + survivor);
    MUST(txn_begin(&l.t));
    for (size = longest + 1 - SIZES; size <= longest; size++) {
        MUST(btree_seek(&cursor, span_of(key, KEY_SIZE), BTREE_SEEK_EQ));
        MUST(btree_replace(&l.t, &cursor, span_of(data, size), 0));
    }
    MUST(btree_seek(&cursor, span_of(key, KEY_SIZE), BTREE_SEEK_EQ));
    assert_int_equal(btree_replace(&l.t, &cursor, span_of(data, longest + 1), 0), JET_errRecordTooBig);
    MUST(txn_commit(&l.t, true, NULL));
    btree_cursor_close(&cursor);
    compare(&l, &m, NULL);
    live_tree_check(&l, &l.tree);
    model_free(&m);
    live_tree_close(&l);
}

/* A page's prefix may be the whole key of the last node that stays there: then the node takes two bytes more than alone. */
static void a_node_grows_to_every_size_that_could_be_inserted_also_behind_a_prefix(void **state)
{
    uint8_t *data = (uint8_t *)calloc(1, PAGE_SIZE_MAX);
    (void)state;
    memset(data, 'd', PAGE_SIZE_MAX);
    for (int i = 0; i < 4; i++)
        for (uint32_t survivor = 0; survivor < 40; survivor += i == 0 ? 1 : 3)
            grow_a_survivor(page_sizes[i], survivor, data);
    free(data);
}

/* Two tags and two sizes may stand beside a node that is alone on its page; a root's header leaves less. */
static void nodes_of_the_largest_size_go_below_the_root_and_replay(void **state)
{
    enum { OVERHEAD = 4 + 4 + 2 + 2 };
    uint8_t *data = (uint8_t *)calloc(1, PAGE_SIZE_MAX);
    (void)state;
    for (int i = 0; i < 4; i++) {
        for (int way = 0; way < 4; way++) { /* 0: insert, 1: insert taken back, 2: replace, 3: replace taken back */
            struct live_tree l;
            struct model m = {.is_unique = true};
            struct btree_cursor cursor;
            uint8_t keys[3] = {1, 2, 3};
            const struct live_tree_config config = {.page_size = page_sizes[i], .is_unique = true};
            uint32_t largest = page_sizes[i] - page_header_size(page_sizes[i]) - OVERHEAD - 1;
            live_tree_open(&l, &config);
            memset(data, 'd', largest + 1);
            MUST(btree_cursor_open(&l.tree, &cursor));
            btree_cursor_set_reader(&cursor, &l.t);
            for (uint32_t k = 0; k < sizeof keys; k++) {
                struct span key = span_of(keys + k, 1);
                MUST(txn_begin(&l.t));
                assert_int_equal(btree_insert(&l.t, &l.tree, &cursor, key, span_of(data, largest + 1), 0), JET_errRecordTooBig);
                if (way >= 2) {
                    MUST(btree_insert(&l.t, &l.tree, &cursor, key, span_of(data, 5), 0));
                    MUST(txn_commit(&l.t, true, NULL));
                    MUST(txn_begin(&l.t));
                    MUST(btree_replace(&l.t, &cursor, span_of(data, largest), 0));
                } else {
                    MUST(btree_insert(&l.t, &l.tree, &cursor, key, span_of(data, largest), 0));
                }
                if (way % 2 == 1)
                    MUST(txn_rollback(&l.t));
                else
                    MUST(txn_commit(&l.t, true, NULL));
                if (way != 1)
                    model_insert(&m, k, key, span_of(data, way == 3 ? 5 : largest));
                if (k == 0 && way == 0)
                    assert_int_equal(live_tree_check(&l, &l.tree), 2);
                MUST(txn_clean_now(l.cleaner));
                compare(&l, &m, NULL);
                live_tree_check(&l, &l.tree);
            }
            btree_cursor_close(&cursor);
            txn_cleaner_stop(l.cleaner);
            l.cleaner = NULL;
            live_tree_replay(&l, 0);
            live_tree_replay(&l, l.seed | 1);
            model_free(&m);
            live_tree_close(&l);
        }
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_of_small_nodes_match_a_model_and_replay),
        cmocka_unit_test(random_changes_of_large_nodes_match_a_model_and_replay),
        cmocka_unit_test(long_keys_with_long_common_beginnings_match_a_model_and_replay),
        cmocka_unit_test(ascending_keys_match_a_model_and_replay),
        cmocka_unit_test(a_node_grows_to_every_size_that_could_be_inserted_also_behind_a_prefix),
        cmocka_unit_test(nodes_of_the_largest_size_go_below_the_root_and_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
