/* Space of trees: free maps of small trees, extent trees with placeholders, deleted nodes, pools and split buffers, and all that can be
 * wrong with them. The expectations are the numbers of the format description (database-file 4.5, 6.1, 6.2). */
#include "btree_stand_in.h"

enum { PAGES = 60, OBJID = 9, ROOT = 10, OWNED_ROOT = 20, AVAILABLE_ROOT = 21, LIST_MAX = 64, LEAF = 0x2, SPACE = 0x23, MULTIPLE = 1 };

struct list {
    struct extent extents[LIST_MAX];
    uint32_t pools[LIST_MAX];
    unsigned count;
    JET_ERR answer;
    const struct cache_file *file;
};

static JET_ERR add_pool(void *context, struct extent extent, uint32_t pool)
{
    struct list *list = context;
    assert_true(list->count < LIST_MAX);
    assert_int_equal(list->file->held_count, 0); /* nothing is latched while a visitor runs */
    list->pools[list->count] = pool;
    list->extents[list->count++] = extent;
    return list->answer;
}

static JET_ERR add(void *context, struct extent extent) { return add_pool(context, extent, 0); }

static void expect_extent(const struct list *list, unsigned i, page_no_t first, uint32_t count)
{
    assert_true(i < list->count);
    assert_int_equal(list->extents[i].first, first);
    assert_int_equal(list->extents[i].count, count);
}

static struct cache_file new_file(void) { return (struct cache_file){.image = image_create(2048, PAGES)}; }

static void write_root(struct cache_file *file, uint32_t primary, uint32_t flags, uint32_t map_or_root)
{
    struct page_spec spec = {.dbtime = 1, .objid = OBJID, .flags = 0x1 | LEAF};
    uint8_t header[16];
    space_header_bytes(header, primary, 1, flags, map_or_root);
    page_begin(&file->image, ROOT, &spec, header, 16);
}

static struct list available_of(struct cache_file *file)
{
    struct list list = {.file = file};
    assert_int_equal(space_available(file, ROOT, add_pool, &list), JET_errSuccess);
    return list;
}

/* --- small trees --- */

static void a_small_tree_owns_its_primary_extent_and_frees_by_map(void **state)
{
    (void)state;
    struct cache_file file = new_file();
    struct list owned = {.file = &file};
    uint32_t owned_pages, available_pages;
    write_root(&file, 15, 0, 0x3F0D); /* bits 0, 2, 3, 8..13 */
    assert_int_equal(space_owned(&file, ROOT, add, &owned), JET_errSuccess);
    assert_int_equal(owned.count, 1);
    expect_extent(&owned, 0, ROOT, 15);
    struct list list = available_of(&file);
    assert_int_equal(list.count, 3);
    expect_extent(&list, 0, ROOT + 1, 1);
    expect_extent(&list, 1, ROOT + 3, 2);
    expect_extent(&list, 2, ROOT + 9, 6);
    assert_int_equal(space_count(&file, ROOT, &owned_pages, &available_pages), JET_errSuccess);
    assert_int_equal(owned_pages, 15);
    assert_int_equal(available_pages, 9);
    image_destroy(&file.image);
}

/* The free pages of a tree just created with this primary extent and its initial map (6.2). */
static void expect_new_tree(uint32_t primary, uint32_t map)
{
    struct cache_file file = new_file();
    write_root(&file, primary, 0, map);
    struct list list = available_of(&file);
    assert_int_equal(list.count, primary > 1);
    if (primary > 1)
        expect_extent(&list, 0, ROOT + 1, primary - 1);
    image_destroy(&file.image);
}

static void a_new_small_tree_of_any_size_has_all_pages_but_its_root_free(void **state)
{
    (void)state;
    expect_new_tree(1, 0);
    expect_new_tree(3, 3);
    expect_new_tree(32, 0x7FFFFFFF);
    expect_new_tree(33, 0xFFFFFFFF);
    expect_new_tree(34, 0xFFFFFFFF);
    expect_new_tree(40, 0xFFFFFFFF);
}

static void pages_past_the_map_are_free_when_the_map_is_used_up(void **state)
{
    (void)state;
    struct cache_file file = new_file();
    write_root(&file, 40, 0, 0);
    struct list list = available_of(&file);
    assert_int_equal(list.count, 1);
    expect_extent(&list, 0, ROOT + 33, 7);
    write_root(&file, 33, 0, 0);
    assert_int_equal(available_of(&file).count, 0);
    image_destroy(&file.image);
}

static void small_headers_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct cache_file file = new_file();
    struct space_header header;
    write_root(&file, 3, 0, 4); /* page ROOT + 3 is not its own */
    assert_int_equal(space_header_read(&file, ROOT, &header), JET_errSPAvailExtCorrupted);
    write_root(&file, 0, 0, 0);
    assert_int_equal(space_header_read(&file, ROOT, &header), JET_errDatabaseCorrupted);
    write_root(&file, 0xFFFFFFFF, 0, 0);
    assert_int_equal(space_header_read(&file, ROOT, &header), JET_errDatabaseCorrupted);
    write_root(&file, 4, 4, 0); /* last request, but no extent trees */
    assert_int_equal(space_header_read(&file, ROOT, &header), JET_errDatabaseCorrupted);
    assert_int_equal(space_header_read(&file, 0, &header), JET_errDatabaseCorrupted);
    assert_int_equal(space_header_read(&file, 0xFFFFFFFF, &header), JET_errDatabaseCorrupted);
    assert_int_equal(space_header_read(&file, PAGES + 1, &header), JET_errFileIOBeyondEOF);
    write_root(&file, 4, 0, 0);
    image_page(&file.image, ROOT)[36] = LEAF; /* no root any more */
    assert_int_equal(space_header_read(&file, ROOT, &header), JET_errDatabaseCorrupted);
    assert_int_equal(file.held_count, 0);
    image_destroy(&file.image);
}

/* --- extent trees --- */

struct entry {
    page_no_t last;
    uint32_t count;
    uint32_t pool;
    bool is_deleted;
};

static void write_extents(struct cache_file *file, page_no_t root, const struct entry *entries, unsigned count,
                          const uint32_t split_buffer[4])
{
    struct page_spec spec = {.dbtime = 1, .objid = OBJID, .flags = SPACE};
    uint8_t external[16] = {0};
    for (int i = 0; split_buffer != NULL && i < 4; i++)
        store_le32(external + 4 * i, split_buffer[i]);
    page_begin(&file->image, root, &spec, external, 16);
    for (unsigned i = 0; i < count; i++) {
        uint8_t key[5] = {(uint8_t)(0x80 | entries[i].pool)}, data[4];
        store_be32(key + 1, entries[i].last);
        store_le32(data, entries[i].count);
        bool in_pool = entries[i].pool != 0;
        assert_true(page_add(&file->image, root, in_pool ? key : key + 1, in_pool ? 5 : 4, 0, data, 4,
                             entries[i].is_deleted ? NODE_FLAG_DELETED : 0));
    }
}

static void write_large_tree(struct cache_file *file)
{
    write_root(file, 4, MULTIPLE, OWNED_ROOT);
    write_extents(file, OWNED_ROOT, (struct entry[]){{13, 4, 0, false}, {35, 16, 0, false}}, 2, (uint32_t[]){29, 3, 35, 0});
    write_extents(
        file, AVAILABLE_ROOT,
        (struct entry[]){
            {12, 1, 0, true}, {13, 0, 0, false}, {26, 2, 0, false}, {34, 2, 0, false}, {25, 1, 1, false}, {PAGES + 5, 9, 2, false}},
        6, NULL);
}

static void extent_trees_give_owned_available_and_reserved_pages(void **state)
{
    (void)state;
    struct cache_file file = new_file();
    struct list owned = {.file = &file}, reserved = {.file = &file};
    uint32_t owned_pages, available_pages;
    write_large_tree(&file);
    assert_int_equal(space_owned(&file, ROOT, add, &owned), JET_errSuccess);
    assert_int_equal(owned.count, 2);
    expect_extent(&owned, 0, 10, 4);
    expect_extent(&owned, 1, 20, 16);
    struct list list = available_of(&file); /* neither the deleted node nor the placeholder */
    assert_int_equal(list.count, 4);
    expect_extent(&list, 0, 25, 2);
    expect_extent(&list, 1, 33, 2);
    expect_extent(&list, 2, 25, 1);
    assert_int_equal(list.pools[2], SPACE_POOL_CONTIGUOUS);
    expect_extent(&list, 3, PAGES - 3, 9);
    assert_int_equal(list.pools[3], SPACE_POOL_SHELVED);
    assert_int_equal(space_reserved(&file, ROOT, add, &reserved), JET_errSuccess);
    assert_int_equal(reserved.count, 1);
    expect_extent(&reserved, 0, 27, 3);
    assert_int_equal(space_count(&file, ROOT, &owned_pages, &available_pages), JET_errSuccess);
    assert_int_equal(owned_pages, 20);
    assert_int_equal(available_pages, 5);
    image_destroy(&file.image);
}

static void a_visitor_stops_the_walk_with_its_error(void **state)
{
    (void)state;
    struct cache_file file = new_file();
    struct list list = {.answer = JET_errOutOfMemory, .file = &file};
    write_large_tree(&file);
    assert_int_equal(space_owned(&file, ROOT, add, &list), JET_errOutOfMemory);
    assert_int_equal(list.count, 1);
    assert_int_equal(space_available(&file, ROOT, add_pool, &list), JET_errOutOfMemory);
    assert_int_equal(list.count, 2);
    assert_int_equal(space_reserved(&file, ROOT, add, &list), JET_errOutOfMemory);
    assert_int_equal(file.held_count, 0);
    image_destroy(&file.image);
}

static void expect_owned_error(const struct entry *entries, unsigned count, JET_ERR expected)
{
    struct cache_file file = new_file();
    struct list list = {.file = &file};
    write_large_tree(&file);
    write_extents(&file, OWNED_ROOT, entries, count, NULL);
    assert_int_equal(space_owned(&file, ROOT, add, &list), expected);
    assert_int_equal(file.held_count, 0);
    image_destroy(&file.image);
}

static void owned_extents_that_cannot_be_are_refused(void **state)
{
    (void)state;
    JET_ERR bad = JET_errSPOwnExtCorrupted;
    expect_owned_error((struct entry[]){{13, 14, 0, false}}, 1, bad);                   /* begins before page 0 */
    expect_owned_error((struct entry[]){{13, 4, 0, false}, {20, 8, 0, false}}, 2, bad); /* overlaps */
    expect_owned_error((struct entry[]){{13, 4, 1, false}}, 1, bad);                    /* pools are for available space */
    expect_owned_error((struct entry[]){{PAGE_NO_MAX + 1u, 1, 0, false}}, 1, bad);
    expect_owned_error((struct entry[]){{13, 4, 0, false}, {9, 2, 0, false}}, 2, JET_errDatabaseCorrupted); /* descending keys */
}

static void extent_roots_that_are_no_extent_trees_are_refused(void **state)
{
    (void)state;
    struct cache_file file = new_file();
    struct list list = {.file = &file};
    struct space_header header;
    write_large_tree(&file);
    write_root(&file, 4, MULTIPLE, 0);
    assert_int_equal(space_header_read(&file, ROOT, &header), JET_errDatabaseCorrupted);
    write_root(&file, 4, MULTIPLE, ROOT);
    assert_int_equal(space_header_read(&file, ROOT, &header), JET_errDatabaseCorrupted);
    write_root(&file, 4, MULTIPLE, 0xFFFFFFFF);
    assert_int_equal(space_header_read(&file, ROOT, &header), JET_errDatabaseCorrupted);
    write_root(&file, 4, MULTIPLE, PAGES + 10);
    assert_int_equal(space_owned(&file, ROOT, add, &list), JET_errFileIOBeyondEOF);
    write_root(&file, 4, MULTIPLE, 40); /* never written */
    assert_int_equal(space_owned(&file, ROOT, add, &list), JET_errPageNotInitialized);
    write_root(&file, 4, MULTIPLE, OWNED_ROOT);
    store_le32(image_page(&file.image, OWNED_ROOT) + 24, OBJID + 1); /* of another tree */
    assert_int_equal(space_owned(&file, ROOT, add, &list), JET_errDatabaseCorrupted);
    store_le32(image_page(&file.image, OWNED_ROOT) + 24, OBJID);
    image_page(&file.image, OWNED_ROOT)[36] = 0x1 | LEAF; /* a data tree */
    assert_int_equal(space_owned(&file, ROOT, add, &list), JET_errSPOwnExtCorrupted);
    assert_int_equal(space_available(&file, OWNED_ROOT, add_pool, &list), JET_errDatabaseCorrupted); /* and no space header */
    assert_int_equal(list.count, 0);
    assert_int_equal(file.held_count, 0);
    image_destroy(&file.image);
}

static void split_buffers_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct cache_file file = new_file();
    struct list list = {.file = &file};
    write_large_tree(&file);
    write_extents(&file, AVAILABLE_ROOT, NULL, 0, (uint32_t[]){5, 6, 0, 0});
    assert_int_equal(space_reserved(&file, ROOT, add, &list), JET_errSPAvailExtCorrupted);
    assert_int_equal(file.held_count, 0);
    image_destroy(&file.image);
}

static void more_available_than_owned_is_refused(void **state)
{
    (void)state;
    struct cache_file file = new_file();
    uint32_t owned, available;
    write_large_tree(&file);
    write_extents(&file, AVAILABLE_ROOT, (struct entry[]){{50, 40, 0, false}}, 1, NULL);
    assert_int_equal(space_count(&file, ROOT, &owned, &available), JET_errSPAvailExtCorrupted);
    image_destroy(&file.image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_tree_owns_its_primary_extent_and_frees_by_map),
        cmocka_unit_test(a_new_small_tree_of_any_size_has_all_pages_but_its_root_free),
        cmocka_unit_test(pages_past_the_map_are_free_when_the_map_is_used_up),
        cmocka_unit_test(small_headers_that_cannot_be_are_refused),
        cmocka_unit_test(extent_trees_give_owned_available_and_reserved_pages),
        cmocka_unit_test(a_visitor_stops_the_walk_with_its_error),
        cmocka_unit_test(owned_extents_that_cannot_be_are_refused),
        cmocka_unit_test(extent_roots_that_are_no_extent_trees_are_refused),
        cmocka_unit_test(split_buffers_that_cannot_be_are_refused),
        cmocka_unit_test(more_available_than_owned_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
