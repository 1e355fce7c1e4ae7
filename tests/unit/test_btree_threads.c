/* Many readers of one tree over the real, too small cache, while a writer latches pages exclusively and gives them new dbtimes: every scan
 * still sees every node once, in order, in both directions, and nobody waits for ever (btree rules 1-4, 7). */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "btree/btree.h"
#include "page_builder.h"
#include "shared_data.h"

enum { NODES = 6000, PAGES = 2000, ROOT = 3, OBJID = 8, READERS = 4, SCANS = 12 };

struct world {
    struct os_file *os_file;
    struct cache *cache;
    struct cache_file *file;
    struct btree tree;
    atomic_bool is_over;
    atomic_uint faults;
};

static void open_world(struct world *w, uint64_t cache_bytes)
{
    static uint8_t keys[NODES][4];
    static struct tree_entry entries[NODES];
    static uint32_t numbers[PAGES];
    struct page_image image = image_create(4096, PAGES);
    uint64_t random = 4711;
    const char *path = text_of("%s/tree", make_scratch_folder("threads"));
    size_t free_count = 0;
    for (uint32_t i = 0; i < NODES; i++) {
        store_be32(keys[i], i);
        entries[i] = (struct tree_entry){.key = keys[i], .key_size = 4, .data = keys[i], .data_size = 4};
    }
    for (uint32_t p = PAGES; p > 0; p--) {
        if (p != ROOT)
            numbers[free_count++] = p;
    }
    struct tree_plan plan = {.root = ROOT,
                             .objid = OBJID,
                             .max_per_leaf = 20,
                             .max_fanout = 40,
                             .percent_empty_leaves = 10,
                             .dbtime = 1,
                             .random = &random,
                             .free_pages = numbers,
                             .free_count = free_count};
    assert_true(image_build_tree(&image, &plan, entries, NODES) >= 3);
    image_write_file(&image, path);
    image_destroy(&image);
    memset(w, 0, sizeof *w);
    assert_int_equal(os_file_open(os_fs_posix(), path, OS_OPEN_READ, &w->os_file), JET_errSuccess);
    struct cache_config config = {.page_size = 4096, .bytes_min = cache_bytes, .bytes_max = cache_bytes};
    assert_int_equal(cache_create(&config, &w->cache), JET_errSuccess);
    struct cache_file_config file_config = {.file = w->os_file};
    assert_int_equal(cache_file_attach(w->cache, &file_config, &w->file), JET_errSuccess);
    assert_int_equal(btree_open(w->file, ROOT, OBJID, &w->tree), JET_errSuccess);
}

static void close_world(struct world *w)
{
    struct cache_statistics statistics;
    cache_get_statistics(w->cache, &statistics);
    assert_int_equal(statistics.pinned, 0);
    cache_file_detach(w->file);
    cache_destroy(w->cache);
    os_file_close(w->os_file);
}

/* One scan; false when a node is missing, doubled or out of order. */
static bool scan_is_complete(struct btree_cursor *cursor, bool backward)
{
    struct node node;
    if (backward)
        btree_after_last(cursor);
    else
        btree_before_first(cursor);
    for (uint32_t i = 0; i < NODES; i++) {
        uint32_t expected = backward ? NODES - 1 - i : i;
        if ((backward ? btree_previous(cursor) : btree_next(cursor)) < 0 || load_be32(cursor->bookmark) != expected)
            return false;
        if (i % 7 == 0) {
            if (btree_cursor_get(cursor, &node) < 0)
                return false;
            bool is_right = load_be32(node.data.data) == expected;
            btree_cursor_release(cursor);
            if (!is_right)
                return false;
        }
    }
    return (backward ? btree_previous(cursor) : btree_next(cursor)) == JET_errNoCurrentRecord;
}

static void *read_tree(void *argument)
{
    struct world *w = argument;
    struct btree_cursor cursor;
    if (btree_cursor_open(&w->tree, &cursor) < 0) {
        atomic_fetch_add(&w->faults, 1);
        return NULL;
    }
    for (int i = 0; i < SCANS; i++) {
        if (!scan_is_complete(&cursor, i % 2 != 0))
            atomic_fetch_add(&w->faults, 1);
    }
    btree_cursor_close(&cursor);
    return NULL;
}

/* Changes nothing but dbtimes; a changed frame that the cache drops comes back with its old one, as a page nobody touched. */
static void *touch_pages(void *argument)
{
    struct world *w = argument;
    uint64_t random = 99, dbtime = 2;
    while (!atomic_load(&w->is_over)) {
        struct page_ref ref;
        page_no_t page_no = 1 + test_random_below(&random, 900);
        JET_ERR err = cache_get(w->file, page_no, PAGE_LATCH_EXCLUSIVE, &ref);
        if (err < 0)
            continue;
        store_le64((uint8_t *)(uintptr_t)ref.view.bytes + 8, dbtime++);
        cache_release(&ref);
    }
    return NULL;
}

static void readers_see_every_node_in_order_while_pages_change(void **state)
{
    (void)state;
    static struct world w;
    pthread_t readers[READERS], writer;
    open_world(&w, 1 << 20);
    assert_int_equal(pthread_create(&writer, NULL, touch_pages, &w), 0);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_tree, &w), 0);
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    atomic_store(&w.is_over, true);
    pthread_join(writer, NULL);
    assert_int_equal(atomic_load(&w.faults), 0);
    close_world(&w);
}

static void a_cursor_without_memory_is_refused_and_leaks_nothing(void **state)
{
    (void)state;
    static struct world w;
    struct btree_cursor cursor, copy;
    open_world(&w, 8 << 20);
    uint64_t live = memory_live_count();
    memory_fail_at(1, 0);
    assert_int_equal(btree_cursor_open(&w.tree, &cursor), JET_errOutOfMemory);
    memory_fail_at(0, 0);
    btree_cursor_close(&cursor);
    assert_int_equal(btree_cursor_open(&w.tree, &cursor), JET_errSuccess);
    assert_int_equal(btree_first(&cursor), JET_errSuccess);
    memory_fail_at(1, 0);
    assert_int_equal(btree_cursor_copy(&cursor, &copy), JET_errOutOfMemory);
    memory_fail_at(0, 0);
    btree_cursor_close(&copy);
    assert_int_equal(btree_next(&cursor), JET_errSuccess);
    btree_cursor_close(&cursor);
    assert_int_equal(memory_live_count(), live);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_every_node_in_order_while_pages_change),
        cmocka_unit_test(a_cursor_without_memory_is_refused_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
