/* Navigation against a model: trees of random shape, a sorted array beside them, and every seek, move and bookmark compared; then the same
 * while the tree is rebuilt between the calls and inside them. Each seed is printed; SEED=n in the environment repeats one, ROUNDS=n does
 * more. */
#include "btree_stand_in.h"

#include "format/node_reader.h"

enum { PAGES = 1500, ENTRIES_MAX = 400, KEY_MAX = 48, DATA_MAX = 12, ROOT = 7, OBJID = 77 };

struct model_entry {
    uint8_t key[KEY_MAX], data[DATA_MAX];
    uint32_t key_size, data_size;
};

struct world {
    struct cache_file file;
    struct btree tree;
    struct btree_cursor cursor;
    bool is_unique;
    uint64_t random, dbtime;
    struct model_entry entries[ENTRIES_MAX];
    struct tree_entry state[ENTRIES_MAX];
    uint32_t count;
    unsigned depth;
    bool in_call;
    /* the model's cursor */
    enum btree_position position;
    uint32_t index;       /* ON_NODE */
    uint8_t key[KEY_MAX]; /* BETWEEN */
    uint32_t key_size;
};

static uint32_t below(struct world *w, uint32_t limit) { return test_random_below(&w->random, limit); }

/* --- contents --- */

static int compare_entry_key(const struct model_entry *a, const uint8_t *key, uint32_t key_size)
{
    return span_compare(span_of(a->key, a->key_size), span_of(key, key_size));
}

static int compare_entries(const void *left, const void *right, void *context)
{
    const struct model_entry *a = left, *b = right;
    int order = compare_entry_key(a, b->key, b->key_size);
    return order != 0 || *(bool *)context ? order : span_compare(span_of(a->data, a->data_size), span_of(b->data, b->data_size));
}

/* Unique trees: any bytes, keys that begin with one another, a common start now and then. Non-unique: closed by a zero byte, so that none
 * begins with another, and few enough to give long runs of one key. */
static void random_key(struct world *w, uint32_t variety, uint8_t *key, uint32_t *size)
{
    static const uint8_t letters[] = {0, 1, 2, 0x7f, 0x80, 0xff};
    *size = 0;
    if (below(w, 2) == 0 && variety > 2) {
        *size = 5 + below(w, 2) * 14;
        memset(key, 'p', *size);
    }
    for (uint32_t n = below(w, variety); n > 0; n--)
        key[(*size)++] = letters[w->is_unique ? below(w, sizeof letters) : 1 + below(w, sizeof letters - 1)];
    if (!w->is_unique)
        key[(*size)++] = 0;
}

static void make_entries(struct world *w)
{
    uint32_t wanted = below(w, 8) == 0 ? below(w, 4) : below(w, ENTRIES_MAX), variety = 1 + below(w, 12);
    for (uint32_t i = 0; i < wanted; i++) {
        struct model_entry *e = &w->entries[i];
        random_key(w, variety, e->key, &e->key_size);
        e->data_size = 1 + below(w, DATA_MAX - 1);
        for (uint32_t j = 0; j < e->data_size; j++)
            e->data[j] = (uint8_t)below(w, below(w, 2) == 0 ? 2 : 256);
    }
    qsort_r(w->entries, wanted, sizeof w->entries[0], compare_entries, &w->is_unique);
    w->count = 0;
    for (uint32_t i = 0; i < wanted; i++) {
        if (w->count == 0 || compare_entries(&w->entries[w->count - 1], &w->entries[i], &w->is_unique) != 0)
            w->entries[w->count++] = w->entries[i];
    }
}

static void change_states(struct world *w, unsigned percent_deleted, unsigned percent_absent)
{
    for (uint32_t i = 0; i < w->count; i++) {
        const struct model_entry *e = &w->entries[i];
        w->state[i] = (struct tree_entry){.key = e->key, .key_size = e->key_size, .data = e->data, .data_size = e->data_size};
        w->state[i].is_deleted = below(w, 100) < percent_deleted;
        w->state[i].is_absent = below(w, 100) < percent_absent;
    }
}

static bool is_visible(const struct world *w, uint32_t i) { return !w->state[i].is_deleted && !w->state[i].is_absent; }

/* Writes the same contents into another shape, on other pages. */
static void rebuild(struct world *w)
{
    uint32_t numbers[PAGES];
    size_t free_count = 0;
    for (uint32_t p = 1; p <= PAGES; p++) {
        uint8_t *page = image_page(&w->file.image, p);
        if (load_le64(page + 8) != 0) /* written: it has a dbtime */
            memset(page, 0, w->file.image.page_size);
        if (p != ROOT)
            numbers[free_count++] = p;
    }
    for (uint32_t i = (uint32_t)free_count; i > 1; i--) {
        uint32_t j = below(w, i), swap = numbers[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = swap;
    }
    struct tree_plan plan = {.root = ROOT,
                             .objid = OBJID,
                             .flags = w->is_unique ? 0u : 0x440u,
                             .max_per_leaf = 1 + below(w, 30),
                             .max_fanout = 6 + below(w, 40),
                             .percent_empty_leaves = below(w, 3) * 15,
                             .dbtime = ++w->dbtime,
                             .random = &w->random,
                             .free_pages = numbers,
                             .free_count = free_count};
    w->depth = image_build_tree(&w->file.image, &plan, w->state, w->count);
}

static void rebuild_now_and_then(void *context)
{
    struct world *w = context;
    if (w->in_call && below(w, 4) == 0)
        rebuild(w);
}

static void world_create(struct world *w, uint64_t seed)
{
    static const uint32_t sizes[] = {2048, 4096, 8192, 16384, 32768};
    memset(w, 0, sizeof *w);
    w->random = seed * 2654435761u + 1;
    for (int i = 0; i < 8; i++)
        test_random(&w->random);
    w->is_unique = below(w, 2) == 0;
    w->file.image = image_create(sizes[below(w, 5)], PAGES);
    w->file.when_nothing_is_held = rebuild_now_and_then;
    w->file.context = w;
    make_entries(w);
    change_states(w, below(w, 3) * 20, 0);
    rebuild(w);
    assert_int_equal(btree_open(&w->file, ROOT, OBJID, &w->tree), JET_errSuccess);
    assert_int_equal(w->tree.is_unique, w->is_unique);
    assert_int_equal(btree_cursor_open(&w->tree, &w->cursor), JET_errSuccess);
}

static void world_destroy(struct world *w)
{
    btree_cursor_close(&w->cursor);
    image_destroy(&w->file.image);
}

/* --- the model's moves: the first visible index from `from` on, or the last before it --- */

static uint32_t model_forward(struct world *w, uint32_t from)
{
    while (from < w->count && !is_visible(w, from))
        from++;
    w->position = from < w->count ? BTREE_ON_NODE : BTREE_AFTER_LAST;
    return w->index = from;
}

static bool model_backward(struct world *w, uint32_t from)
{
    while (from > 0 && !is_visible(w, from - 1))
        from--;
    w->position = from > 0 ? BTREE_ON_NODE : BTREE_BEFORE_FIRST;
    w->index = from > 0 ? from - 1 : 0;
    return from > 0;
}

/* First index with key >= (or >) the given one. */
static uint32_t model_bound(const struct world *w, const uint8_t *key, uint32_t size, bool after)
{
    uint32_t i = 0;
    while (i < w->count &&
           (compare_entry_key(&w->entries[i], key, size) < 0 || (after && compare_entry_key(&w->entries[i], key, size) == 0)))
        i++;
    return i;
}

/* --- one operation on both --- */

static void check_node(struct world *w)
{
    struct node node;
    w->in_call = true;
    JET_ERR err = btree_cursor_get(&w->cursor, &node);
    w->in_call = false;
    if (w->position != BTREE_ON_NODE) {
        assert_int_equal(err, JET_errNoCurrentRecord);
    } else if (!is_visible(w, w->index)) {
        assert_int_equal(err, JET_errRecordDeleted);
    } else {
        const struct model_entry *e = &w->entries[w->index];
        uint8_t key[KEY_MAX * 2];
        assert_int_equal(err, JET_errSuccess);
        assert_int_equal(w->file.held_count, 1);
        assert_int_equal(node_copy_key(&node, key), e->key_size);
        assert_memory_equal(key, e->key, e->key_size);
        assert_int_equal(node.data.size, e->data_size);
        assert_memory_equal(node.data.data, e->data, e->data_size);
        assert_true(span_equal(btree_cursor_key(&w->cursor), span_of(e->key, e->key_size)));
        btree_cursor_release(&w->cursor);
    }
    assert_int_equal(w->file.held_count, 0);
}

/* An existing key, or one near it: cut, extended, or made up. */
static void choose_key(struct world *w, uint8_t *key, uint32_t *size)
{
    if (w->count == 0 || below(w, 6) == 0) {
        random_key(w, 8, key, size);
        return;
    }
    const struct model_entry *e = &w->entries[below(w, w->count)];
    *size = e->key_size;
    memcpy(key, e->key, e->key_size);
    uint32_t kind = below(w, 6);
    if (kind == 0)
        *size = below(w, *size + 1);
    else if (kind == 1)
        key[(*size)++] = (uint8_t)below(w, 256);
    else if (kind == 2 && *size > 0)
        key[*size - 1]++;
}

static void seek(struct world *w)
{
    uint8_t key[KEY_MAX * 2];
    uint32_t size;
    enum btree_seek how = (enum btree_seek)below(w, 5);
    choose_key(w, key, &size);
    w->in_call = true;
    JET_ERR err = btree_seek(&w->cursor, span_of(key, size), how);
    w->in_call = false;
    if (how == BTREE_SEEK_LE || how == BTREE_SEEK_LT) {
        model_backward(w, model_bound(w, key, size, how == BTREE_SEEK_LE));
    } else {
        model_forward(w, model_bound(w, key, size, how == BTREE_SEEK_GT));
        if (how == BTREE_SEEK_EQ && (w->position != BTREE_ON_NODE || compare_entry_key(&w->entries[w->index], key, size) != 0)) {
            w->position = BTREE_BETWEEN;
            w->key_size = size;
            memcpy(w->key, key, size < KEY_MAX ? size : KEY_MAX);
        }
    }
    assert_int_equal(err, w->position == BTREE_ON_NODE ? JET_errSuccess : JET_errRecordNotFound);
}

static void seek_bookmark(struct world *w)
{
    if (w->count == 0)
        return;
    uint32_t i = below(w, w->count);
    const struct model_entry *e = &w->entries[i];
    w->in_call = true;
    JET_ERR err = btree_seek_bookmark(&w->cursor, span_of(e->key, e->key_size), span_of(e->data, e->data_size));
    w->in_call = false;
    w->position = BTREE_ON_NODE;
    w->index = i;
    assert_int_equal(err, is_visible(w, i) ? JET_errSuccess : JET_errRecordDeleted);
}

static void move(struct world *w, bool forward)
{
    enum btree_position before = w->position;
    w->in_call = true;
    JET_ERR err = forward ? btree_next(&w->cursor) : btree_previous(&w->cursor);
    w->in_call = false;
    if (forward) {
        uint32_t from = before == BTREE_BEFORE_FIRST ? 0
                        : before == BTREE_AFTER_LAST ? w->count
                        : before == BTREE_ON_NODE    ? w->index + 1
                                                     : model_bound(w, w->key, w->key_size, false);
        model_forward(w, from);
    } else {
        uint32_t from = before == BTREE_BEFORE_FIRST ? 0
                        : before == BTREE_AFTER_LAST ? w->count
                        : before == BTREE_ON_NODE    ? w->index
                                                     : model_bound(w, w->key, w->key_size, false);
        model_backward(w, from);
    }
    assert_int_equal(err, w->position == BTREE_ON_NODE ? JET_errSuccess : JET_errNoCurrentRecord);
}

static void to_end(struct world *w, bool last)
{
    w->in_call = true;
    JET_ERR err = last ? btree_last(&w->cursor) : btree_first(&w->cursor);
    w->in_call = false;
    if (last)
        model_backward(w, w->count);
    else
        model_forward(w, 0);
    assert_int_equal(err, w->position == BTREE_ON_NODE ? JET_errSuccess : JET_errNoCurrentRecord);
}

static void step(struct world *w)
{
    uint32_t kind = below(w, 20);
    if (kind < 5)
        move(w, true);
    else if (kind < 10)
        move(w, false);
    else if (kind < 14)
        seek(w);
    else if (kind < 16)
        seek_bookmark(w);
    else if (kind == 16)
        to_end(w, below(w, 2) == 0);
    else if (kind == 17) {
        if (below(w, 2) == 0) {
            btree_before_first(&w->cursor);
            w->position = BTREE_BEFORE_FIRST;
        } else {
            btree_after_last(&w->cursor);
            w->position = BTREE_AFTER_LAST;
        }
    } else if (kind == 18) {
        for (uint32_t n = below(w, 60), forward = below(w, 2); n > 0; n--)
            move(w, forward != 0);
    } else {
        struct btree_cursor copy;
        assert_int_equal(btree_cursor_copy(&w->cursor, &copy), JET_errSuccess);
        btree_cursor_close(&w->cursor);
        w->cursor = copy;
    }
    assert_int_equal(w->cursor.position, w->position);
    assert_int_equal(w->file.held_count, 0);
    check_node(w);
}

static uint64_t current_seed;

static int say_seed(void **state)
{
    (void)state;
    print_message("last seed %llu\n", (unsigned long long)current_seed);
    return 0;
}

static void run_rounds(bool change_between, bool change_inside)
{
    static struct world w;
    uint64_t first = getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : 1;
    uint64_t rounds = getenv("SEED") != NULL ? 1 : getenv("ROUNDS") != NULL ? strtoull(getenv("ROUNDS"), NULL, 10) : 120;
    unsigned depths[8] = {0};
    for (uint64_t seed = first; seed < first + rounds; seed++) {
        current_seed = seed;
        world_create(&w, seed);
        depths[w.depth < 7 ? w.depth : 7]++;
        if (!change_inside)
            w.file.when_nothing_is_held = NULL;
        for (int i = 0; i < 300; i++) {
            if (change_between && below(&w, 10) == 0) {
                change_states(&w, below(&w, 3) * 20, below(&w, 3) * 20);
                rebuild(&w);
            }
            step(&w);
        }
        world_destroy(&w);
    }
    print_message("seeds %llu to %llu; trees of depth 1: %u, 2: %u, 3: %u, more: %u\n", (unsigned long long)first,
                  (unsigned long long)(first + rounds - 1), depths[1], depths[2], depths[3], depths[4] + depths[5] + depths[6] + depths[7]);
}

static void seeks_and_moves_agree_with_a_sorted_array(void **state)
{
    (void)state;
    run_rounds(false, false);
}

static void cursors_keep_their_place_when_the_tree_changes_between_calls(void **state)
{
    (void)state;
    run_rounds(true, false);
}

static void cursors_keep_their_place_when_pages_split_and_move_inside_a_call(void **state)
{
    (void)state;
    run_rounds(true, true);
}

/* --- position, read-ahead, cost --- */

/* A unique tree of `count` four-byte keys 0, 2, 4, .. */
static void make_numbers(struct world *w, uint32_t count, uint32_t per_leaf, uint32_t fanout)
{
    static uint8_t keys[20000][4];
    static struct tree_entry entries[20000];
    static uint32_t numbers[20000];
    memset(w, 0, sizeof *w);
    w->random = 99;
    w->is_unique = true;
    w->file.image = image_create(2048, 6000);
    for (uint32_t i = 0; i < count; i++) {
        store_be32(keys[i], 2 * i);
        entries[i] = (struct tree_entry){.key = keys[i], .key_size = 4, .data = keys[i], .data_size = 4};
    }
    for (uint32_t i = 0; i < 5900; i++)
        numbers[i] = 5950 - i;
    struct tree_plan plan = {.root = ROOT,
                             .objid = OBJID,
                             .max_per_leaf = per_leaf,
                             .max_fanout = fanout,
                             .dbtime = 5,
                             .random = &w->random,
                             .free_pages = numbers,
                             .free_count = 5900};
    w->depth = image_build_tree(&w->file.image, &plan, entries, count);
    assert_int_equal(btree_open(&w->file, ROOT, 0, &w->tree), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&w->tree, &w->cursor), JET_errSuccess);
}

static uint32_t number_of(const struct btree_cursor *cursor) { return load_be32(cursor->bookmark) / 2; }

static void assert_same_bytes(struct span a, struct span b)
{
    assert_int_equal(a.size, b.size);
    assert_true(a.size == 0 || a.data == b.data);
}

static void nodes_read_inline_are_the_nodes_of_the_page(void **state)
{
    (void)state;
    static struct world w;
    unsigned compressed = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        world_create(&w, seed);
        for (page_no_t p = 1; p <= PAGES; p++) {
            struct page_view view;
            if (page_view_init(&view, image_page(&w.file.image, p), w.file.image.page_size, p, NULL) < 0)
                continue;
            struct node_reader reader = node_reader_of(&view);
            for (uint32_t i = 0; i < page_node_count(&view); i++) {
                struct node one = page_node(&view, i), two = node_reader_get(&reader, i);
                assert_int_equal(one.flags, two.flags);
                assert_same_bytes(one.prefix, two.prefix);
                assert_same_bytes(one.suffix, two.suffix);
                assert_same_bytes(one.data, two.data);
                compressed += one.prefix.size > 0;
            }
        }
        world_destroy(&w);
    }
    assert_true(compressed > 1000);
}

static void positions_are_exact_in_a_tree_of_one_page(void **state)
{
    (void)state;
    struct world w;
    uint32_t before, total;
    do {
        make_numbers(&w, 50, 1000, 8);
        if (w.depth == 1)
            break;
        world_destroy(&w);
    } while (true);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(btree_next(&w.cursor), JET_errSuccess);
        assert_int_equal(btree_position_estimate(&w.cursor, &before, &total), JET_errSuccess);
        assert_int_equal(before, i);
        assert_int_equal(total, 50);
    }
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(btree_goto_fraction(&w.cursor, i, 50), JET_errSuccess);
        assert_int_equal(number_of(&w.cursor), i);
    }
    assert_int_equal(btree_goto_fraction(&w.cursor, 50, 50), JET_errSuccess);
    assert_int_equal(number_of(&w.cursor), 49);
    assert_int_equal(btree_goto_fraction(&w.cursor, 1, 0), JET_errInvalidParameter);
    assert_int_equal(btree_goto_fraction(&w.cursor, 2, 1), JET_errInvalidParameter);
    world_destroy(&w);
}

static void positions_in_large_trees_ascend_and_lead_back(void **state)
{
    (void)state;
    struct world w;
    make_numbers(&w, 20000, 20, 60);
    assert_true(w.depth >= 3);
    uint32_t last_share = 0, visited = 0;
    while (btree_next(&w.cursor) >= 0) {
        uint32_t before, total, number = number_of(&w.cursor);
        visited++;
        if (number % 97 != 0)
            continue;
        assert_int_equal(btree_position_estimate(&w.cursor, &before, &total), JET_errSuccess);
        uint32_t share = (uint32_t)((uint64_t)before * 10000 / total);
        assert_true(share + 1 >= last_share);
        last_share = share;
        struct btree_cursor other;
        assert_int_equal(btree_cursor_open(&w.tree, &other), JET_errSuccess);
        assert_int_equal(btree_goto_fraction(&other, before, total), JET_errSuccess);
        int distance = (int)number_of(&other) - (int)number;
        assert_in_range(distance + 25, 0, 50); /* the same leaf or the next */
        btree_cursor_close(&other);
    }
    assert_int_equal(visited, 20000);
    world_destroy(&w);
}

static void scans_ask_for_the_leaves_ahead_once(void **state)
{
    (void)state;
    for (int backward = 0; backward < 2; backward++) {
        struct world w;
        make_numbers(&w, 20000, 20, 90);
        w.file.prefetched = test_calloc(w.file.image.pages + 1, 1);
        uint32_t leaves = 0, asked = 0, late = 0;
        page_no_t at = 0;
        if (backward) {
            assert_int_equal(btree_previous(&w.cursor), JET_errNoCurrentRecord); /* a fresh cursor stands before the first */
            btree_after_last(&w.cursor);
        }
        while ((backward ? btree_previous(&w.cursor) : btree_next(&w.cursor)) >= 0) {
            if (w.cursor.page_no == at)
                continue;
            at = w.cursor.page_no;
            leaves++;
            asked += w.file.prefetched[at] > 0;
            late += w.file.prefetched[at] > 1;
        }
        assert_true(leaves > 1000);
        assert_true(asked * 10 >= leaves * 8);
        assert_int_equal(late, 0);
        /* one page look-up per step within leaves, one more per leaf (two going left), and a short descent per batch */
        assert_true(w.file.gets < 20000 + leaves * 2 + leaves * 5 / 10 + 100);
        test_free(w.file.prefetched);
        world_destroy(&w);
    }
}

static void scans_ask_for_no_leaf_that_is_in_memory(void **state)
{
    (void)state;
    struct world w;
    make_numbers(&w, 20000, 20, 90);
    w.file.prefetched = test_calloc(w.file.image.pages + 1, 1);
    w.file.is_in_memory = true;
    uint32_t rows = 0;
    while (btree_next(&w.cursor) >= 0)
        rows++;
    assert_int_equal(rows, 20000);
    for (page_no_t page_no = 1; page_no <= w.file.image.pages; page_no++)
        assert_int_equal(w.file.prefetched[page_no], 0);
    test_free(w.file.prefetched);
    world_destroy(&w);
}

static void a_cached_step_latches_one_page_and_a_lookup_one_per_level(void **state)
{
    (void)state;
    struct world w;
    uint8_t key[4];
    make_numbers(&w, 20000, 200, 60);
    store_be32(key, 2 * 777);
    uint64_t before = w.file.gets;
    assert_int_equal(btree_seek(&w.cursor, span_of(key, 4), BTREE_SEEK_EQ), JET_errSuccess);
    assert_int_equal(w.file.gets - before, w.depth);
    before = w.file.gets;
    page_no_t page = w.cursor.page_no;
    assert_int_equal(btree_next(&w.cursor), JET_errSuccess);
    assert_true(w.cursor.page_no != page || w.file.gets - before == 1);
    world_destroy(&w);
}

static void keys_longer_than_any_bookmark_are_refused(void **state)
{
    (void)state;
    struct world w;
    static uint8_t key[BTREE_KEY_MAX + 1];
    make_numbers(&w, 10, 4, 8);
    assert_int_equal(btree_seek(&w.cursor, span_of(key, sizeof key), BTREE_SEEK_EQ), JET_errKeyTooBig);
    assert_int_equal(btree_seek_bookmark(&w.cursor, span_of(key, sizeof key), span_of(NULL, 0)), JET_errKeyTooBig);
    assert_int_equal(btree_seek(&w.cursor, span_of(key, BTREE_KEY_MAX), BTREE_SEEK_EQ), JET_errRecordNotFound);
    world_destroy(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(seeks_and_moves_agree_with_a_sorted_array, say_seed),
        cmocka_unit_test_teardown(cursors_keep_their_place_when_the_tree_changes_between_calls, say_seed),
        cmocka_unit_test_teardown(cursors_keep_their_place_when_pages_split_and_move_inside_a_call, say_seed),
        cmocka_unit_test(nodes_read_inline_are_the_nodes_of_the_page),
        cmocka_unit_test(positions_are_exact_in_a_tree_of_one_page),
        cmocka_unit_test(positions_in_large_trees_ascend_and_lead_back),
        cmocka_unit_test(scans_ask_for_the_leaves_ahead_once),
        cmocka_unit_test(scans_ask_for_no_leaf_that_is_in_memory),
        cmocka_unit_test(a_cached_step_latches_one_page_and_a_lookup_one_per_level),
        cmocka_unit_test(keys_longer_than_any_bookmark_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
