/* Pages on plain buffers, built byte by byte: what a view shows, what is refused, what the exhaustive check finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/page.h"

/* A page under construction: lines are appended, header fields kept right. */
struct builder {
    uint8_t bytes[PAGE_SIZE_MAX];
    uint32_t size, tags, used;
};

static struct builder b;

static void start(uint32_t size, page_no_t page_no, uint32_t flags)
{
    memset(&b, 0, sizeof b);
    b.size = size;
    store_le64(b.bytes + 8, 5);
    store_le32(b.bytes + 24, 9);
    store_le32(b.bytes + 36, flags | PAGE_FLAG_NEW_CHECKSUM | PAGE_FLAG_NEW_RECORD_FORMAT);
    if (page_is_large(size))
        store_le32(b.bytes + 64, page_no);
}

static uint8_t *tag_bytes(uint32_t i) { return b.bytes + b.size - 4 * (i + 1); }

static void add_line(const void *data, uint32_t size, unsigned flags)
{
    uint32_t header = page_header_size(b.size);
    memcpy(b.bytes + header + b.used, data, size);
    store_le16(tag_bytes(b.tags), (uint16_t)size);
    store_le16(tag_bytes(b.tags) + 2, (uint16_t)(b.used | (page_is_large(b.size) ? 0 : flags << 13)));
    if (page_is_large(b.size) && size >= 2 && b.tags > 0)
        b.bytes[header + b.used + 1] |= (uint8_t)(flags << 5);
    b.tags++;
    b.used += size;
    store_le16(b.bytes + 34, (uint16_t)b.tags);
    store_le16(b.bytes + 32, (uint16_t)b.used);
    store_le16(b.bytes + 28, (uint16_t)(b.size - header - b.used - 4 * b.tags));
}

/* prefix_size < 0: no compression. */
static void add_node(int prefix_size, const char *suffix, const void *data, uint32_t data_size, unsigned flags)
{
    uint8_t line[512];
    uint32_t at = 0, suffix_size = (uint32_t)strlen(suffix);
    if (prefix_size >= 0) {
        store_le16(line, (uint16_t)prefix_size);
        at = 2;
        flags |= NODE_FLAG_COMPRESSED;
    }
    store_le16(line + at, (uint16_t)suffix_size);
    memcpy(line + at + 2, suffix, suffix_size);
    memcpy(line + at + 2 + suffix_size, data, data_size);
    add_line(line, at + 2 + suffix_size + data_size, flags);
}

static void add_child(const char *separator, page_no_t child)
{
    uint8_t data[4];
    store_le32(data, child);
    add_node(-1, separator, data, 4, 0);
}

static JET_ERR init(struct page_view *view) { return page_view_init(view, b.bytes, b.size, 7, NULL); }
static const char *found(void)
{
    const char *why = NULL;
    JET_ERR err = page_check(b.bytes, b.size, 7, &why);
    assert_int_equal(err < 0, why != NULL);
    return why == NULL ? "" : why;
}

static void sample_leaf(uint32_t size)
{
    start(size, 7, PAGE_FLAG_LEAF);
    add_line("common", 6, 0);
    add_node(-1, "aaa", "1", 1, 0);
    add_node(6, "x", "22", 2, NODE_FLAG_DELETED);
    add_node(6, "y", "333", 3, NODE_FLAG_VERSIONED);
    add_node(3, "z", "4", 1, 0);
}

static void a_leaf_shows_its_nodes_at_every_page_size(void **state)
{
    (void)state;
    for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
        struct page_view view;
        uint8_t key[64];
        sample_leaf(size);
        assert_int_equal(init(&view), JET_errSuccess);
        assert_string_equal(found(), "");
        assert_int_equal(page_node_count(&view), 4);
        assert_int_equal(page_objid(&view), 9);
        assert_int_equal(page_dbtime(&view), 5);
        assert_true(page_is_leaf(&view));
        struct node n = page_node(&view, 1);
        assert_int_equal(n.flags, NODE_FLAG_DELETED | NODE_FLAG_COMPRESSED);
        assert_int_equal(node_copy_key(&n, key), 7);
        assert_memory_equal(key, "commonx", 7);
        assert_memory_equal(n.data.data, "22", 2);
        n = page_node(&view, 3);
        assert_int_equal(node_copy_key(&n, key), 4);
        assert_memory_equal(key, "comz", 4);
        assert_int_equal(page_node(&view, 2).flags & NODE_FLAG_VERSIONED, NODE_FLAG_VERSIONED);
        assert_memory_equal(page_external_header(&view).data, "common", 6);
    }
}

static void keys_compare_through_the_prefix(void **state)
{
    (void)state;
    struct page_view view;
    sample_leaf(4096);
    assert_int_equal(init(&view), JET_errSuccess);
    struct node n = page_node(&view, 1); /* common + x */
    static const struct {
        const char *key;
        int order;
    } cases[] = {{"commonx", 0}, {"", 1}, {"com", 1}, {"common", 1}, {"commonw", 1}, {"commonxa", -1}, {"commony", -1}, {"con", -1}, {"commo\xFF", -1}, {"b", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int order = node_compare_key(&n, span_of(cases[i].key, (uint32_t)strlen(cases[i].key)));
        assert_int_equal((order > 0) - (order < 0), cases[i].order);
    }
    assert_int_equal(node_compare_bookmark(&n, span_of("commonx", 7), span_of("22", 2)), 0);
    assert_true(node_compare_bookmark(&n, span_of("commonx", 7), span_of("3", 1)) < 0);
    assert_true(node_compare_bookmark(&n, span_of("commonx", 7), span_of("2", 1)) > 0);
}

static void stale_and_reserved_bits_are_ignored(void **state)
{
    (void)state;
    for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
        struct page_view view;
        sample_leaf(size);
        store_le16(b.bytes + 34, (uint16_t)(load_le16(b.bytes + 34) | 0x1000)); /* one reserved tag */
        for (uint32_t i = 0; i < b.tags; i++) {
            uint8_t *tag = tag_bytes(i);
            store_le16(tag, (uint16_t)(load_le16(tag) | (page_is_large(size) ? 0x8000 : 0xE000)));
            if (page_is_large(size))
                store_le16(tag + 2, (uint16_t)(load_le16(tag + 2) | 0x8000));
        }
        assert_int_equal(init(&view), JET_errSuccess);
        assert_int_equal(page_node_count(&view), 4);
        assert_int_equal(page_node(&view, 3).flags, NODE_FLAG_COMPRESSED);
        assert_string_equal(found(), "");
    }
}

static void blank_pages_and_foreign_numbers_have_their_own_errors(void **state)
{
    (void)state;
    struct page_view view;
    memset(&b, 0, sizeof b);
    b.size = 4096;
    assert_int_equal(init(&view), JET_errPageNotInitialized);
    assert_null(view.bytes);
    sample_leaf(16384);
    assert_int_equal(page_view_init(&view, b.bytes, b.size, 8, NULL), JET_errReadPgnoVerifyFailure);
    assert_int_equal(page_view_init(&view, b.bytes, 1000, 7, NULL), JET_errDatabaseCorrupted);
}

static void expect_refused(void)
{
    struct page_view view;
    const char *why = NULL;
    assert_int_equal(page_view_init(&view, b.bytes, b.size, 7, &why), JET_errDatabaseCorrupted);
    assert_non_null(why);
    assert_int_equal(page_check(b.bytes, b.size, 7, NULL), JET_errDatabaseCorrupted);
}

static void impossible_tags_and_nodes_are_refused(void **state)
{
    (void)state;
    for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
        sample_leaf(size);
        store_le16(b.bytes + 34, 0); /* no tags */
        expect_refused();
        sample_leaf(size);
        store_le16(b.bytes + 34, 0x8005);
        expect_refused();
        if (size <= 8192) { /* more tags than fit */
            sample_leaf(size);
            store_le16(b.bytes + 34, 0xFFF);
            expect_refused();
        }
        sample_leaf(size);
        store_le16(tag_bytes(2), (uint16_t)(size <= 8192 ? 0x1FFF : 0x7FFF)); /* line reaches past the data area */
        expect_refused();
        sample_leaf(size);
        store_le16(tag_bytes(2) + 2, (uint16_t)(size - page_header_size(size) - 4 * b.tags - 1)); /* line over the tags */
        expect_refused();
        sample_leaf(size);
        store_le16(tag_bytes(3), 0); /* a node without bytes */
        expect_refused();
        sample_leaf(size);
        store_le16(b.bytes + page_header_size(size) + 6, 4); /* first node: key as long as the rest, no data */
        expect_refused();
        sample_leaf(size);
        store_le16(b.bytes + page_header_size(size) + 6 + 6, (uint16_t)(7 | 4 << 13)); /* second node: prefix longer than the page's */
        expect_refused();
    }
}

static void internal_pages_hold_children_only(void **state)
{
    (void)state;
    struct page_view view;
    start(4096, 7, PAGE_FLAG_PARENT_OF_LEAF);
    add_line("", 0, 0);
    expect_refused(); /* no nodes */
    add_child("b", 20);
    add_child("c", 21);
    add_child("", 22);
    assert_int_equal(init(&view), JET_errSuccess);
    assert_string_equal(found(), "");
    struct node n = page_node(&view, 2);
    assert_int_equal(node_child(&n), 22);
    assert_int_equal(node_key_size(&n), 0);
    add_child("d", 23); /* after infinity */
    assert_string_equal(found(), "internal node: empty separator before the last");
    start(4096, 7, PAGE_FLAG_PARENT_OF_LEAF);
    add_line("", 0, 0);
    add_node(-1, "b", "12345", 5, 0);
    expect_refused();
    start(4096, 7, PAGE_FLAG_PARENT_OF_LEAF);
    add_line("", 0, 0);
    add_child("b", 7);
    assert_string_equal(found(), "internal node: impossible child page");
}

static void the_exhaustive_check_names_what_it_finds(void **state)
{
    (void)state;
    sample_leaf(4096);
    store_le16(b.bytes + 28, (uint16_t)(load_le16(b.bytes + 28) + 1));
    assert_string_equal(found(), "free byte count is wrong");
    sample_leaf(4096);
    store_le16(b.bytes + 32, (uint16_t)(b.used - 1));
    assert_string_equal(found(), "first free offset is wrong");
    sample_leaf(4096);
    store_le16(b.bytes + 32, (uint16_t)(b.used + 100)); /* allowed: holes at the end are not taken back at once */
    assert_string_equal(found(), "");
    sample_leaf(4096);
    store_le16(tag_bytes(1) + 2, 1); /* node 0 moved into the prefix: overlaps */
    store_le16(b.bytes + 40 + 1, 1);
    assert_string_equal(found(), "lines overlap");
    sample_leaf(4096);
    add_node(-1, "comz", "5", 1, 0); /* same key again */
    assert_string_equal(found(), "nodes are not in ascending order");
    sample_leaf(4096);
    store_le32(b.bytes + 16, 3);
    store_le32(b.bytes + 20, 3);
    assert_string_equal(found(), "previous and next page are the same");
    sample_leaf(4096);
    store_le32(b.bytes + 20, 7);
    assert_string_equal(found(), "impossible sibling page");
    sample_leaf(4096);
    store_le32(b.bytes + 24, 0);
    assert_string_equal(found(), "object id is zero");
    sample_leaf(4096);
    store_le32(b.bytes + 36, load_le32(b.bytes + 36) | PAGE_FLAG_EMPTY);
    assert_string_equal(found(), "flags: empty, but nodes present");
    start(4096, 7, PAGE_FLAG_LEAF | PAGE_FLAG_ROOT);
    add_line("short", 5, 0);
    assert_string_equal(found(), "root page without a space header");
}

static void non_unique_leaves_order_by_key_then_data(void **state)
{
    (void)state;
    start(8192, 7, PAGE_FLAG_LEAF | PAGE_FLAG_INDEX | PAGE_FLAG_NON_UNIQUE);
    add_line("", 0, 0);
    add_node(-1, "k", "1", 1, 0);
    add_node(-1, "k", "2", 1, 0);
    add_node(-1, "ka", "1", 1, 0);
    assert_string_equal(found(), "");
    add_node(-1, "ka", "1", 1, 0);
    assert_string_equal(found(), "nodes are not in ascending order");
}

static void the_prefix_of_a_space_tree_root_follows_the_split_buffer(void **state)
{
    (void)state;
    struct page_view view;
    uint8_t external[19] = {0}, key[8];
    memcpy(external + 16, "abc", 3);
    start(4096, 7, PAGE_FLAG_LEAF | PAGE_FLAG_ROOT | PAGE_FLAG_SPACE_TREE);
    add_line(external, sizeof external, 0);
    add_node(3, "d", "1234", 4, 0);
    assert_int_equal(init(&view), JET_errSuccess);
    struct node n = page_node(&view, 0);
    assert_int_equal(node_copy_key(&n, key), 4);
    assert_memory_equal(key, "abcd", 4);
    start(4096, 7, PAGE_FLAG_LEAF | PAGE_FLAG_ROOT | PAGE_FLAG_SPACE_TREE);
    add_line(external, 15, 0);
    expect_refused();
    start(4096, 7, PAGE_FLAG_LEAF | PAGE_FLAG_ROOT); /* data roots share no prefix */
    add_line(external, 16, 0);
    add_node(1, "d", "1234", 4, 0);
    expect_refused();
}

static void space_headers_come_in_two_forms(void **state)
{
    (void)state;
    uint8_t old_form[16], new_form[25];
    struct space_header space;
    for (uint32_t i = 0; i < 4; i++)
        store_le32(old_form + 4 * i, 10 + i);
    assert_int_equal(space_header_decode(span_of(old_form, 16), &space), JET_errSuccess);
    assert_int_equal(space.primary_pages, 10);
    assert_int_equal(space.parent, 11);
    assert_int_equal(space.flags, 12);
    assert_int_equal(space.free_map_or_owned_root, 13);
    assert_false(space.has_autoincrement);
    new_form[0] = 3;
    memcpy(new_form + 1, old_form, 16);
    store_le64(new_form + 17, 254);
    assert_int_equal(space_header_decode(span_of(new_form, 25), &space), JET_errSuccess);
    assert_int_equal(space.parent, 11);
    assert_true(space.has_autoincrement);
    assert_int_equal(space.autoincrement, 254);
    new_form[0] = 1;
    assert_int_equal(space_header_decode(span_of(new_form, 17), &space), JET_errSuccess);
    assert_int_equal(space_header_decode(span_of(new_form, 25), &space), JET_errDatabaseCorrupted);
    assert_int_equal(space_header_decode(span_of(old_form, 15), &space), JET_errDatabaseCorrupted);
    new_form[0] = 2;
    assert_int_equal(space_header_decode(span_of(new_form, 25), &space), JET_errDatabaseCorrupted);
    new_form[0] = 7;
    assert_int_equal(space_header_decode(span_of(new_form, 25), &space), JET_errDatabaseCorrupted);
}

static void a_preinitialised_page_has_no_tags(void **state)
{
    (void)state;
    struct page_view view;
    start(4096, 7, PAGE_FLAG_PREINITIALIZED | PAGE_FLAG_LEAF);
    assert_int_equal(init(&view), JET_errSuccess);
    assert_int_equal(page_node_count(&view), 0);
    assert_int_equal(page_external_header(&view).size, 0);
    assert_string_equal(found(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_shows_its_nodes_at_every_page_size),
        cmocka_unit_test(keys_compare_through_the_prefix),
        cmocka_unit_test(stale_and_reserved_bits_are_ignored),
        cmocka_unit_test(blank_pages_and_foreign_numbers_have_their_own_errors),
        cmocka_unit_test(impossible_tags_and_nodes_are_refused),
        cmocka_unit_test(internal_pages_hold_children_only),
        cmocka_unit_test(the_exhaustive_check_names_what_it_finds),
        cmocka_unit_test(non_unique_leaves_order_by_key_then_data),
        cmocka_unit_test(the_prefix_of_a_space_tree_root_follows_the_split_buffer),
        cmocka_unit_test(space_headers_come_in_two_forms),
        cmocka_unit_test(a_preinitialised_page_has_no_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
