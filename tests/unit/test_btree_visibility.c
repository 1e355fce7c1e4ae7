/* Cursors of readers with snapshots of different ages, against a model that remembers what was there when: random histories of inserts, replaces and deletes, then
 * every scan, seek and bookmark of every reader. Each seed is printed; SEED=n in the environment repeats one. */
#include "btree_stand_in.h"

#include "base/memory.h"

enum { PAGES = 300, NODES_MAX = 120, READERS = 5, VALUE_MAX = 10, ROOT = 7, OBJID = 77, ROUNDS = 150 };

struct state_of_node {
    bool is_there;
    uint32_t size;
    uint8_t value[VALUE_MAX];
};
struct node_model {
    uint8_t key[8], bookmark_data[4];
    uint32_t key_size;
    bool exists, has_versions; /* on the page, deleted or not */
    struct state_of_node now, seen[READERS + 1]; /* READERS: nobody's snapshot: the page */
};

struct world {
    struct cache_file file;
    struct btree tree;
    struct version_store *store;
    struct transaction readers[READERS], writer;
    uint64_t random;
    bool is_unique;
    uint32_t count;
    struct node_model nodes[NODES_MAX];
};

static uint32_t below(struct world *w, uint32_t limit) { return test_random_below(&w->random, limit); }

/* Unique: one key each. Otherwise four nodes of one key, with data of their own. */
static void make_nodes(struct world *w)
{
    w->count = 1 + below(w, NODES_MAX - 1);
    for (uint32_t i = 0; i < w->count; i++) {
        struct node_model *n = &w->nodes[i];
        *n = (struct node_model){.exists = below(w, 2) == 0};
        n->key_size = (uint32_t)snprintf((char *)n->key, sizeof n->key, "key%03u", w->is_unique ? i : i / 4);
        snprintf((char *)n->bookmark_data, sizeof n->bookmark_data, "d%u", i % 4);
        n->now = (struct state_of_node){.is_there = n->exists, .size = 1, .value = {'s'}};
    }
}

static struct span value_of(const struct world *w, const struct node_model *n, const struct state_of_node *s)
{
    return w->is_unique ? span_of(s->value, s->size) : span_of(n->bookmark_data, 2);
}

static void add_version(struct world *w, struct node_model *n, enum version_kind kind, struct span image)
{
    struct version *v;
    const struct version_node node = {.root = ROOT, .objid = OBJID, .is_unique = w->is_unique, .key = {span_of(n->key, 2), span_of(n->key + 2, n->key_size - 2)}, .data = value_of(w, n, &n->now)};
    assert_int_equal(version_check_conflict(w->store, &w->writer, &node), 0);
    assert_int_equal(version_prepare(&w->writer, kind, &node, image, &v), 0);
    version_publish(&w->writer, v, 0);
    n->has_versions = true;
}

static void change_node(struct world *w, struct node_model *n)
{
    struct state_of_node before = n->now;
    n->now.size = 1 + below(w, VALUE_MAX - 1);
    memset(n->now.value, (int)('a' + below(w, 26)), n->now.size);
    if (!before.is_there) {
        add_version(w, n, VERSION_KIND_INSERT, span_of(NULL, 0));
        if (n->exists && w->is_unique)
            add_version(w, n, VERSION_KIND_REPLACE, span_of(before.value, before.size));
        n->exists = n->now.is_there = true;
    } else if (below(w, 2) == 0 || !w->is_unique) {
        n->now = before;
        add_version(w, n, VERSION_KIND_DELETE, span_of(NULL, 0));
        n->now.is_there = false;
    } else {
        add_version(w, n, VERSION_KIND_REPLACE, span_of(before.value, before.size));
    }
}

static void begin(struct transaction *t)
{
    t->level = 1;
    transaction_take_snapshot(t);
}

static void see(struct world *w, uint32_t reader)
{
    for (uint32_t i = 0; i < w->count; i++)
        w->nodes[i].seen[reader] = w->nodes[i].now;
}

/* Reader r begins after r transactions; the last reader is the writer, in the middle of one. */
static void make_history(struct world *w)
{
    for (uint32_t r = 0; r < READERS; r++) {
        if (r + 1 < READERS) {
            begin(&w->readers[r]);
            see(w, r);
        }
        begin(&w->writer);
        for (uint32_t changes = below(w, w->count + 1); changes > 0; changes--)
            change_node(w, &w->nodes[below(w, w->count)]);
        if (r + 1 < READERS) {
            assert_int_equal(version_store_commit(&w->writer, NULL, NULL, NULL), 0);
            transaction_end(&w->writer);
        }
    }
    see(w, READERS - 1);
    see(w, READERS);
}

static void mark_versioned(struct world *w)
{
    for (uint32_t p = 1; p <= PAGES; p++) {
        uint8_t *bytes = image_page(&w->file.image, p);
        if (load_le64(bytes + 8) == 0)
            continue;
        struct page_view view = page_view_trusted(bytes, w->file.image.page_size, p);
        for (uint32_t line = 0; page_is_leaf(&view) && line < page_node_count(&view); line++) {
            struct node node = page_node(&view, line);
            bool has_versions = below(w, 10) == 0; /* the mark alone means nothing */
            for (uint32_t i = 0; i < w->count; i++)
                has_versions |= w->nodes[i].has_versions && node_compare_bookmark(&node, span_of(w->nodes[i].key, w->nodes[i].key_size), w->is_unique ? node.data : span_of(w->nodes[i].bookmark_data, 2)) == 0;
            uint8_t *tag = bytes + w->file.image.page_size - 4 * (line + 2);
            uint8_t *flags = page_is_large(w->file.image.page_size) ? bytes + view.header_size + (load_le16(tag + 2) & 0x7FFF) : tag + 2;
            if (has_versions)
                store_le16(flags, (uint16_t)(load_le16(flags) | NODE_FLAG_VERSIONED << 13));
        }
    }
}

static void build(struct world *w)
{
    static struct tree_entry entries[NODES_MAX];
    uint32_t numbers[PAGES], count = 0, free_count = 0;
    for (uint32_t p = 1; p <= PAGES; p++)
        if (p != ROOT)
            numbers[free_count++] = p;
    for (uint32_t i = 0; i < w->count; i++) {
        struct node_model *n = &w->nodes[i];
        struct span value = value_of(w, n, &n->now);
        if (n->exists)
            entries[count++] = (struct tree_entry){.key = n->key, .key_size = n->key_size, .data = value.data, .data_size = value.size, .is_deleted = !n->now.is_there};
    }
    struct tree_plan plan = {.root = ROOT, .objid = OBJID, .flags = w->is_unique ? 0u : 0x440u, .max_per_leaf = 1 + below(w, 40), .max_fanout = 6 + below(w, 20),
                             .percent_empty_leaves = below(w, 3) * 15, .dbtime = 1, .random = &w->random, .free_pages = numbers, .free_count = free_count};
    image_build_tree(&w->file.image, &plan, entries, count);
    mark_versioned(w);
}

/* --- what a reader sees --- */

static int next_there(const struct world *w, uint32_t r, int i, int step)
{
    for (i += step; i >= 0 && i < (int)w->count; i += step)
        if (w->nodes[i].seen[r].is_there)
            return i;
    return -1;
}

static void expect_node(struct world *w, uint32_t r, struct btree_cursor *c, JET_ERR err, int expected)
{
    struct node node;
    if (expected < 0) {
        assert_true(err == JET_errNoCurrentRecord || err == JET_errRecordNotFound);
        return;
    }
    const struct node_model *n = &w->nodes[expected];
    assert_int_equal(err, 0);
    assert_int_equal(btree_cursor_get(c, &node), 0);
    assert_int_equal(node_compare_key(&node, span_of(n->key, n->key_size)), 0);
    if (!span_equal(node.data, value_of(w, n, &n->seen[r])))
        fail_msg("reader %u, node %d: \"%.*s\" instead of \"%.*s\"", r, expected, (int)node.data.size, (const char *)node.data.data, (int)n->seen[r].size, (const char *)n->seen[r].value);
    assert_int_equal(node.flags & NODE_FLAG_DELETED, 0);
    btree_cursor_release(c);
}

static int first_of_key(const struct world *w, uint32_t r, uint32_t i)
{
    uint32_t first = w->is_unique ? i : i / 4 * 4;
    int found = next_there(w, r, (int)first - 1, 1);
    return found >= 0 && memcmp(w->nodes[found].key, w->nodes[i].key, w->nodes[i].key_size) == 0 ? found : -1;
}

static void look_at_everything(struct world *w, uint32_t r)
{
    struct btree_cursor c, copy;
    uint32_t there = 0;
    assert_int_equal(btree_cursor_open(&w->tree, &c), 0);
    if (r < READERS)
        btree_cursor_set_reader(&c, r == READERS - 1 ? &w->writer : &w->readers[r]);
    int expected = next_there(w, r, -1, 1);
    for (JET_ERR err = btree_first(&c);; err = btree_next(&c)) {
        expect_node(w, r, &c, err, expected);
        if (expected < 0)
            break;
        there++;
        expected = next_there(w, r, expected, 1);
    }
    expected = next_there(w, r, (int)w->count, -1);
    for (JET_ERR err = btree_last(&c);; err = btree_previous(&c)) {
        expect_node(w, r, &c, err, expected);
        if (expected < 0)
            break;
        expected = next_there(w, r, expected, -1);
    }
    for (uint32_t i = 0; i < w->count; i++) {
        const struct node_model *n = &w->nodes[i];
        struct span key = span_of(n->key, n->key_size);
        uint32_t first = w->is_unique ? i : i / 4 * 4, last = w->is_unique ? i : first + 3;
        expect_node(w, r, &c, btree_seek(&c, key, BTREE_SEEK_EQ), first_of_key(w, r, i));
        expect_node(w, r, &c, btree_seek(&c, key, BTREE_SEEK_GE), next_there(w, r, (int)first - 1, 1));
        expect_node(w, r, &c, btree_seek(&c, key, BTREE_SEEK_GT), next_there(w, r, (int)last, 1));
        expect_node(w, r, &c, btree_seek(&c, key, BTREE_SEEK_LE), next_there(w, r, last + 1 < w->count ? (int)last + 1 : (int)w->count, -1));
        expect_node(w, r, &c, btree_seek(&c, key, BTREE_SEEK_LT), next_there(w, r, (int)first, -1));
        JET_ERR err = btree_seek_bookmark(&c, key, span_of(n->bookmark_data, 2));
        if (n->seen[r].is_there) {
            expect_node(w, r, &c, err, (int)i);
            assert_int_equal(btree_cursor_copy(&c, &copy), 0);
            expect_node(w, r, &copy, 0, (int)i);
            btree_cursor_close(&copy);
        } else {
            struct node node;
            assert_int_equal(err, JET_errRecordDeleted);
            assert_int_equal(btree_cursor_get(&c, &node), JET_errRecordDeleted);
            expect_node(w, r, &c, btree_next(&c), next_there(w, r, (int)i, 1));
        }
    }
    uint32_t before, total;
    struct page_view root = page_view_trusted(image_page(&w->file.image, ROOT), w->file.image.page_size, ROOT);
    btree_after_last(&c);
    assert_int_equal(btree_position_estimate(&c, &before, &total), 0);
    if (page_is_leaf(&root))
        assert_true(before == there && total == there);
    for (uint32_t k = 0; page_is_leaf(&root) && k < there; k++) {
        assert_int_equal(btree_goto_fraction(&c, k, there), 0);
        assert_int_equal(btree_position_estimate(&c, &before, &total), 0);
        assert_int_equal(before, k);
    }
    btree_cursor_close(&c);
}

static void run_round(bool is_unique, uint64_t seed)
{
    static struct world w;
    const struct version_store_config config = {.bytes_max = 16 << 20};
    w = (struct world){.random = seed, .is_unique = is_unique};
    w.file.image = image_create(below(&w, 2) == 0 ? 4096 : 16384, PAGES);
    assert_int_equal(version_store_create(&config, &w.store), 0);
    assert_int_equal(transaction_open(&w.writer, w.store, NULL, 1), 0);
    for (uint16_t r = 0; r < READERS; r++)
        assert_int_equal(transaction_open(&w.readers[r], w.store, NULL, (uint16_t)(r + 2)), 0);
    make_nodes(&w);
    make_history(&w);
    build(&w);
    assert_int_equal(btree_open(&w.file, ROOT, OBJID, &w.tree), 0);
    for (uint32_t r = 0; r <= READERS; r++)
        look_at_everything(&w, r);
    for (uint16_t r = 0; r < READERS; r++)
        transaction_close(&w.readers[r]);
    transaction_close(&w.writer);
    version_store_destroy(w.store);
    image_destroy(&w.file.image);
}

static void run_rounds(bool is_unique)
{
    const char *fixed = getenv("SEED");
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        if (fixed != NULL)
            seed = strtoull(fixed, NULL, 10);
        print_message("seed %llu\n", (unsigned long long)seed);
        run_round(is_unique, seed);
        if (fixed != NULL)
            break;
    }
}

static void readers_of_every_age_walk_and_seek_what_was_there_at_their_time_in_a_unique_tree(void **state)
{
    (void)state;
    run_rounds(true);
}

static void readers_of_every_age_walk_and_seek_what_was_there_at_their_time_in_a_tree_of_duplicates(void **state)
{
    (void)state;
    run_rounds(false);
}

static void a_node_deleted_under_a_cursor_stays_for_readers_who_may_see_it_and_goes_for_the_others(void **state)
{
    (void)state;
    static struct world w;
    const struct version_store_config config = {.bytes_max = 1 << 20};
    struct btree_cursor old, latest;
    struct node node;
    w = (struct world){.random = 1, .is_unique = true, .count = 3};
    w.file.image = image_create(4096, PAGES);
    assert_int_equal(version_store_create(&config, &w.store), 0);
    assert_int_equal(transaction_open(&w.writer, w.store, NULL, 1), 0);
    for (uint16_t r = 0; r < 2; r++)
        assert_int_equal(transaction_open(&w.readers[r], w.store, NULL, (uint16_t)(r + 2)), 0);
    for (uint32_t i = 0; i < 3; i++) {
        struct node_model *n = &w.nodes[i];
        *n = (struct node_model){.exists = true, .has_versions = true, .now = {.is_there = true, .size = 1, .value = {'v'}}};
        n->key_size = (uint32_t)snprintf((char *)n->key, sizeof n->key, "key%03u", i);
    }
    struct page_view root;
    do { /* until the shape is a single page */
        memset(w.file.image.bytes, 0, (size_t)w.file.image.page_size * PAGES);
        build(&w);
        root = page_view_trusted(image_page(&w.file.image, ROOT), 4096, ROOT);
    } while (!page_is_leaf(&root));
    assert_int_equal(page_node_count(&root), 3);
    assert_int_equal(btree_open(&w.file, ROOT, OBJID, &w.tree), 0);
    begin(&w.readers[0]);
    assert_int_equal(btree_cursor_open(&w.tree, &old), 0);
    assert_int_equal(btree_cursor_open(&w.tree, &latest), 0);
    btree_cursor_set_reader(&old, &w.readers[0]);
    btree_cursor_set_reader(&latest, &w.readers[1]);
    assert_int_equal(btree_seek(&old, span_of("key001", 6), BTREE_SEEK_EQ), 0);
    begin(&w.writer);
    add_version(&w, &w.nodes[1], VERSION_KIND_DELETE, span_of(NULL, 0));
    assert_int_equal(version_store_commit(&w.writer, NULL, NULL, NULL), 0);
    transaction_end(&w.writer);
    transaction_begin_call(&w.readers[1]);
    assert_int_equal(btree_seek(&latest, span_of("key000", 6), BTREE_SEEK_EQ), 0);
    /* The same page, with the mark of deletion, and its dbtime as it was: the hint alone does not tell. */
    uint8_t *page = image_page(&w.file.image, ROOT), *tag = page + 4096 - 4 * (1 + 2);
    store_le16(tag + 2, (uint16_t)(load_le16(tag + 2) | NODE_FLAG_DELETED << 13));
    assert_int_equal(btree_cursor_get(&old, &node), 0);
    assert_int_equal(node.flags & NODE_FLAG_DELETED, 0);
    btree_cursor_release(&old);
    assert_int_equal(btree_seek_bookmark(&old, span_of("key001", 6), span_of(NULL, 0)), 0);
    transaction_end(&w.readers[0]);
    begin(&w.readers[0]); /* the same cursor in a new transaction */
    assert_int_equal(btree_cursor_get(&old, &node), JET_errRecordDeleted);
    assert_null(old.ref.frame);
    assert_int_equal(btree_next(&latest), 0);
    assert_true(span_equal(btree_cursor_key(&latest), span_of("key002", 6)));
    btree_cursor_close(&old);
    btree_cursor_close(&latest);
    for (uint16_t r = 0; r < 2; r++)
        transaction_close(&w.readers[r]);
    transaction_close(&w.writer);
    version_store_destroy(w.store);
    image_destroy(&w.file.image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_of_every_age_walk_and_seek_what_was_there_at_their_time_in_a_unique_tree),
        cmocka_unit_test(readers_of_every_age_walk_and_seek_what_was_there_at_their_time_in_a_tree_of_duplicates),
        cmocka_unit_test(a_node_deleted_under_a_cursor_stays_for_readers_who_may_see_it_and_goes_for_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
