/* Single page operations and redo records that no sample log holds: formats of new pages, roots, difference streams, the dbtime rule, page moves, emptied
 * trees, root moves, scrubbing. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "page/image.h"
#include "page/move.h"
#include "page/redo.h"
#include "page/root.h"
#include "page/structure_record.h"

enum { SIZE = 4096, OBJID = 7, PAGES = 64 };

static struct span text(const char *s) { return span_of(s, (uint32_t)strlen(s)); }

static void expect_sound(const uint8_t *bytes, uint32_t size, page_no_t page_no)
{
    const char *why = NULL;
    if (page_check(bytes, size, page_no, &why) < 0)
        fail_msg("page %u: %s", page_no, why);
}

/* --- pages --- */

static void a_new_page_has_the_header_of_its_size(void **state)
{
    (void)state;
    static const uint32_t SIZES[] = {4096, 8192, 16384, 32768};
    for (int i = 0; i < 4; i++) {
        uint8_t *bytes = malloc(SIZES[i]);
        memset(bytes, 0xCC, SIZES[i]);
        struct page_edit e = page_edit_trusted(bytes, SIZES[i], 12);
        struct page_fields fields = {.flags = PAGE_FLAG_LEAF | PAGE_FLAG_FLUSH_TYPE, .objid = OBJID, .dbtime = 99, .previous = 11, .next = 13};
        assert_int_equal(page_init(&e, &fields, text("prefix")), 0);
        expect_sound(bytes, SIZES[i], 12);
        struct page_view v = page_edit_view(&e);
        assert_int_equal(page_flags(&v), PAGE_FLAG_LEAF | PAGE_FLAG_NEW_CHECKSUM | PAGE_FLAG_NEW_RECORD_FORMAT);
        assert_int_equal(page_dbtime(&v), 99);
        assert_int_equal(page_previous(&v), 11);
        assert_int_equal(page_next(&v), 13);
        assert_int_equal(page_free_bytes(&v), SIZES[i] - page_header_size(SIZES[i]) - 4 - 6);
        assert_int_equal(page_first_free_offset(&v), 6);
        assert_int_equal(load_le32(bytes + 64), page_is_large(SIZES[i]) ? 12 : 0);
        assert_true(span_equal(page_external_header(&v), text("prefix")));
        free(bytes);
    }
}

static void impossible_new_pages_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[SIZE];
    struct page_edit e = page_edit_trusted(bytes, SIZE, 12);
    const struct page_fields bad[] = {
        {.flags = PAGE_FLAG_LEAF, .objid = 0},
        {.flags = PAGE_FLAG_LEAF | PAGE_FLAG_PARENT_OF_LEAF, .objid = OBJID},
        {.flags = PAGE_FLAG_LEAF | PAGE_FLAG_EMPTY, .objid = OBJID},
        {.flags = PAGE_FLAG_LEAF, .objid = OBJID, .previous = 12},
        {.flags = PAGE_FLAG_LEAF, .objid = OBJID, .previous = 5, .next = 5},
        {.flags = PAGE_FLAG_PARENT_OF_LEAF, .objid = OBJID, .next = 5},
        {.flags = PAGE_FLAG_LEAF, .objid = OBJID, .next = PAGE_NO_MAX + 1u},
        {.flags = PAGE_FLAG_LEAF | PAGE_FLAG_ROOT, .objid = OBJID},                         /* without a space header */
        {.flags = PAGE_FLAG_LEAF | PAGE_FLAG_ROOT | PAGE_FLAG_SPACE_TREE, .objid = OBJID},  /* without a split buffer */
        {.flags = PAGE_FLAG_LEAF | PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE, .objid = OBJID},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(page_init(&e, &bad[i], text("")), JET_errDatabaseCorrupted);
}

static void three_shared_bytes_are_worth_a_prefix_and_two_are_not(void **state)
{
    (void)state;
    uint8_t bytes[SIZE];
    struct page_edit e = page_edit_trusted(bytes, SIZE, 12);
    struct page_fields fields = {.flags = PAGE_FLAG_LEAF, .objid = OBJID};
    assert_int_equal(page_init(&e, &fields, text("abcdef")), 0);
    struct page_key key = {text("a"), text("bX")};
    assert_int_equal(page_common_prefix(&e, &key), 0);
    key.tail = text("bcX");
    assert_int_equal(page_common_prefix(&e, &key), 3);
    struct page_new_node node = {.key = key, .data = text("data")};
    uint32_t room = page_room(&e);
    assert_int_equal(page_insert_compressed(&e, 0, &node), 0);
    assert_int_equal(room - page_room(&e), page_node_cost(4, 3, 4));
    struct page_view v = page_edit_view(&e);
    assert_int_equal(page_node(&v, 0).flags, NODE_FLAG_COMPRESSED);
    assert_true(span_equal(page_node(&v, 0).suffix, text("X")));
    node.key = page_key_of(text("abXX"));
    node.prefix_size = 3; /* says it shares what it does not */
    assert_int_equal(page_insert(&e, 0, &node), JET_errDatabaseCorrupted);
    assert_int_equal(page_set_external_header(&e, text("abcdefgh")), 0);
    assert_int_equal(page_set_external_header(&e, text("ab")), JET_errDatabaseCorrupted); /* a node needs "abc" */
    expect_sound(bytes, SIZE, 12);
}

static void links_and_flags_that_cannot_be_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[SIZE];
    struct page_edit e = page_edit_trusted(bytes, SIZE, 12);
    struct page_fields fields = {.flags = PAGE_FLAG_LEAF, .objid = OBJID};
    struct page_new_node node = {.key = page_key_of(text("k")), .data = text("d")};
    assert_int_equal(page_init(&e, &fields, text("")), 0);
    assert_int_equal(page_set_links(&e, 3, 4), 0);
    assert_int_equal(page_set_next(&e, 3), JET_errDatabaseCorrupted);
    assert_int_equal(page_set_previous(&e, 12), JET_errDatabaseCorrupted);
    assert_int_equal(page_insert(&e, 0, &node), 0);
    assert_int_equal(page_set_flags(&e, PAGE_FLAG_PARENT_OF_LEAF), JET_errDatabaseCorrupted);
    assert_int_equal(page_set_flags(&e, PAGE_FLAG_LEAF | PAGE_FLAG_ROOT), JET_errDatabaseCorrupted);
    assert_int_equal(page_set_flags(&e, PAGE_FLAG_LEAF | 0x40000), 0);
    expect_sound(bytes, SIZE, 12);
}

/* --- roots --- */

static void small_roots_have_the_free_map_of_their_size(void **state)
{
    (void)state;
    static const uint32_t PAGES_AND_MAP[][2] = {{1, 0}, {3, 3}, {15, 0x3FFF}, {20, 0x7FFFF}, {32, 0x7FFFFFFF}, {33, 0xFFFFFFFF}, {34, 0xFFFFFFFF}, {40, 0xFFFFFFFF}};
    uint8_t bytes[SIZE];
    struct page_edit e = page_edit_trusted(bytes, SIZE, 30);
    for (size_t i = 0; i < sizeof PAGES_AND_MAP / sizeof *PAGES_AND_MAP; i++) {
        struct page_new_tree tree = {.objid = OBJID, .dbtime = 5, .parent = 1, .pages = PAGES_AND_MAP[i][0], .is_unique = true};
        struct space_header header;
        assert_int_equal(page_build_small_root(&e, &tree), 0);
        expect_sound(bytes, SIZE, 30);
        struct page_view v = page_edit_view(&e);
        assert_int_equal(space_header_decode(page_external_header(&v), &header), 0);
        assert_int_equal(header.free_map_or_owned_root, PAGES_AND_MAP[i][1]);
        assert_int_equal(header.flags, 0);
        assert_int_equal(header.primary_pages, PAGES_AND_MAP[i][0]);
    }
}

static void conversion_makes_extents_of_the_free_runs(void **state)
{
    (void)state;
    struct page_extent out[SPACE_EXTENTS_MAX], owned[2];
    /* pages 31, 32 and 35 free of 30..39, secondary extent 10..15 */
    uint32_t count = page_converted_available(30, 10, 0x13, (struct page_extent){15, 6}, out);
    assert_int_equal(count, 3);
    assert_int_equal(out[0].last, 15);
    assert_int_equal(out[0].count, 4);
    assert_int_equal(out[1].last, 32);
    assert_int_equal(out[1].count, 2);
    assert_int_equal(out[2].last, 35);
    assert_int_equal(out[2].count, 1);
    assert_int_equal(page_converted_owned(30, 10, (struct page_extent){15, 6}, owned), 2);
    assert_int_equal(owned[0].last, 15);
    assert_int_equal(owned[1].last, 39);
    /* 40 pages: those the map has no bit for join the run before them */
    count = page_small_tree_extents(100, 40, 0x80000000, out);
    assert_int_equal(count, 1);
    assert_int_equal(out[0].last, 139);
    assert_int_equal(out[0].count, 8);
    /* as many runs as there can be */
    assert_int_equal(page_converted_available(100, 40, 0x55555555, (struct page_extent){500, 9}, out), SPACE_EXTENTS_MAX);
}

static void an_autoincrement_mark_survives_a_new_space_header(void **state)
{
    (void)state;
    uint8_t bytes[SIZE], external[SPACE_HEADER_SIZE_MAX];
    struct page_edit e = page_edit_trusted(bytes, SIZE, 30);
    struct space_header header = {.primary_pages = 1, .parent = 1, .has_autoincrement = true, .autoincrement = 254}, read;
    struct page_fields fields = {.flags = PAGE_FLAG_LEAF | PAGE_FLAG_ROOT, .objid = OBJID};
    assert_int_equal(space_header_encode(&header, external), 25);
    assert_int_equal(page_init(&e, &fields, span_of(external, 25)), 0);
    header = (struct space_header){.primary_pages = 1, .parent = 1, .flags = SPACE_FLAG_MULTIPLE_EXTENTS, .free_map_or_owned_root = 40};
    assert_int_equal(page_set_space_header(&e, &header), 0);
    struct page_view v = page_edit_view(&e);
    assert_int_equal(space_header_decode(page_external_header(&v), &read), 0);
    assert_int_equal(read.autoincrement, 254);
    assert_int_equal(read.free_map_or_owned_root, 40);
    expect_sound(bytes, SIZE, 30);
}

/* --- difference streams --- */

static void difference_streams_insert_replace_and_keep(void **state)
{
    (void)state;
    uint8_t out[64];
    /* offset 2, same length, 1 byte; offset 5, insert 2 bytes; offset 6, 2 new for 1 old */
    const uint8_t short_form[] = {0x02, 0x20, 1, 'X', 0x05, 0x40, 2, 'i', 'j', 0x06, 0x00, 2, 1, 'Y', 'Z'};
    assert_int_equal(page_difference_apply(text("abcdefgh"), span_of(short_form, sizeof short_form), false, out, 11), 0);
    assert_memory_equal(out, "abXdeijfYZh", 11);
    const uint8_t long_form[] = {0x02, 0x00, 0x20, 1, 'X', 0x05, 0x00, 0xC0, 2, 0, 'i', 'j', 0x06, 0x00, 0x80, 2, 0, 1, 0, 'Y', 'Z'};
    assert_int_equal(page_difference_apply(text("abcdefgh"), span_of(long_form, sizeof long_form), true, out, 11), 0);
    assert_memory_equal(out, "abXdeijfYZh", 11);
    assert_int_equal(page_difference_apply(text("abcdefgh"), span_of(short_form, sizeof short_form), false, out, 10), JET_errLogCorrupted);
    assert_int_equal(page_difference_apply(text("abcdefgh"), span_of(short_form, sizeof short_form), false, out, 12), JET_errLogCorrupted);
    assert_int_equal(page_difference_apply(text("abcde"), span_of(short_form, sizeof short_form), false, out, 8), JET_errLogFileCorrupt);
    for (uint32_t cut = 1; cut < sizeof short_form; cut++) {
        if (cut != 4 && cut != 9)
            assert_int_equal(page_difference_apply(text("abcdefgh"), span_of(short_form, cut), false, out, 11), JET_errLogFileCorrupt);
    }
    assert_int_equal(page_difference_apply(text("abc"), span_of(short_form, 0), false, out, 3), 0);
}

/* --- redo --- */

struct store {
    uint8_t bytes[PAGES][SIZE];
    bool is_held[PAGES];
    unsigned doubts, settled, images;
    struct redo_undone undone;
    struct redo_pages pages;
};

static JET_ERR get(void *context, page_no_t page_no, uint8_t **bytes)
{
    struct store *s = context;
    if (page_no >= PAGES)
        return JET_errFileIOBeyondEOF;
    assert_false(s->is_held[page_no]);
    s->is_held[page_no] = true;
    *bytes = s->bytes[page_no];
    return JET_errSuccess;
}
static void release(void *context, page_no_t page_no, uint8_t *bytes, bool changed)
{
    struct store *s = context;
    assert_true(s->is_held[page_no]);
    s->is_held[page_no] = false;
    if (changed)
        expect_sound(bytes, SIZE, page_no);
}
static JET_ERR cannot_judge(void *context, page_no_t page_no, JET_ERR fault)
{
    (void)page_no;
    (void)fault;
    ((struct store *)context)->doubts++;
    return JET_errSuccess;
}
static void settled(void *context, page_no_t page_no)
{
    (void)page_no;
    ((struct store *)context)->settled++;
}
static JET_ERR before_image(void *context, const struct log_record *record, struct span old)
{
    (void)record;
    (void)old;
    ((struct store *)context)->images++;
    return JET_errSuccess;
}
static JET_ERR undone(void *context, const struct log_record *record, struct redo_undone *out)
{
    (void)record;
    *out = ((struct store *)context)->undone;
    return JET_errSuccess;
}

static struct store *store_create(void)
{
    struct store *s = calloc(1, sizeof *s);
    s->pages = (struct redo_pages){.context = s, .page_size = SIZE, .get = get, .get_new = get, .release = release, .cannot_judge = cannot_judge, .settled = settled,
                                   .before_image = before_image, .undone = undone};
    return s;
}

static struct page_edit page_in(struct store *s, page_no_t page_no) { return page_edit_trusted(s->bytes[page_no], SIZE, page_no); }
static struct page_view view_of(struct store *s, page_no_t page_no) { return page_view_trusted(s->bytes[page_no], SIZE, page_no); }

/* A page with nodes of the given keys; on internal pages the data counts up from first_child. */
static void make_page(struct store *s, page_no_t page_no, uint32_t flags, page_no_t previous, page_no_t next, const char *const *keys, page_no_t first_child)
{
    struct page_edit e = page_in(s, page_no);
    struct page_fields fields = {.flags = flags, .objid = OBJID, .dbtime = 10, .previous = previous, .next = next};
    uint8_t external[SPACE_HEADER_SIZE_MAX] = {0};
    struct space_header header = {.primary_pages = 1, .parent = 1};
    uint32_t size = (flags & PAGE_FLAG_ROOT) == 0 ? 0 : (flags & PAGE_FLAG_SPACE_TREE) != 0 ? 16 : space_header_encode(&header, external);
    assert_int_equal(page_init(&e, &fields, span_of(external, size)), 0);
    for (uint32_t i = 0; keys != NULL && keys[i] != NULL; i++) {
        uint8_t child[4];
        store_le32(child, first_child + i);
        struct page_new_node node = {.key = page_key_of(text(keys[i])), .data = (flags & PAGE_FLAG_LEAF) != 0 ? text("0123456789") : span_of(child, 4)};
        assert_int_equal(page_insert(&e, i, &node), 0);
    }
    expect_sound(s->bytes[page_no], SIZE, page_no);
}

/* A record with a node prefix, then `tail` from byte 44 on. */
static struct log_record node_record(uint8_t *room, uint8_t type, page_no_t page_no, uint64_t before, uint16_t line, uint8_t flags, const void *tail, uint32_t tail_size)
{
    struct log_record record;
    memset(room, 0, 44);
    room[0] = type;
    room[3] = 1;
    store_le32(room + 4, page_no);
    store_le64(room + 8, 20);
    store_le64(room + 16, before);
    store_le16(room + 29, line);
    room[31] = flags;
    if (tail_size > 0)
        memcpy(room + 44, tail, tail_size);
    assert_int_equal(log_record_decode(span_of(room, 44 + tail_size), &record), 0);
    return record;
}

static struct log_record move_record(uint8_t *room, const struct page_move_record *move)
{
    struct log_record record;
    assert_int_equal(log_record_decode(span_of(room, page_move_record_encode(room, move)), &record), 0);
    return record;
}

static const char *const THREE_KEYS[] = {"a", "b", "c", NULL};

static void a_page_is_judged_by_its_dbtime(void **state)
{
    (void)state;
    static const struct {
        uint64_t present;
        bool in_required_range;
        JET_ERR expected;
        bool is_deleted, is_doubted;
    } CASES[] = {
        {10, false, JET_errSuccess, true, false},  {10, true, JET_errSuccess, true, false},
        {20, true, JET_errSuccess, false, false},  {25, true, JET_errSuccess, false, false},
        {20, false, JET_errDbTimeBeyondMaxRequired, false, false},
        {9, false, JET_errDbTimeTooOld, false, false}, {9, true, JET_errSuccess, false, true},
        {11, false, JET_errDbTimeTooNew, false, false}, {11, true, JET_errDbTimeTooNew, false, false},
        {0, false, JET_errPageNotInitialized, false, false}, {0, true, JET_errSuccess, false, true},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct store *s = store_create();
        uint8_t room[64];
        make_page(s, 5, PAGE_FLAG_LEAF, 0, 0, THREE_KEYS, 0);
        store_le64(s->bytes[5] + 8, CASES[i].present);
        if (CASES[i].present == 0)
            memset(s->bytes[5], 0, SIZE);
        s->pages.in_required_range = CASES[i].in_required_range;
        struct log_record record = node_record(room, LR_FLAG_DELETE, 5, 10, 1, LR_FLAG_VERSIONED, NULL, 0);
        assert_int_equal(redo_record(&s->pages, &record), CASES[i].expected);
        assert_int_equal(s->doubts, CASES[i].is_doubted);
        struct page_view v = view_of(s, 5);
        if (CASES[i].present != 0)
            assert_int_equal(page_node(&v, 1).flags, CASES[i].is_deleted ? NODE_FLAG_DELETED | NODE_FLAG_VERSIONED : 0);
        assert_int_equal(page_dbtime(&v), CASES[i].is_deleted ? 20 : CASES[i].present);
        assert_int_equal(s->images, CASES[i].is_deleted);
        free(s);
    }
}

static void undo_restores_what_each_operation_changed(void **state)
{
    (void)state;
    struct store *s = store_create();
    uint8_t room[64], tail[7] = {0};
    make_page(s, 5, PAGE_FLAG_LEAF, 0, 0, THREE_KEYS, 0);
    s->undone = (struct redo_undone){.data = text("old"), .delta = 3, .offset = 4};
    static const uint16_t OPERATIONS[] = {1, 3, 2, 4, 9};
    for (int i = 0; i < 5; i++) {
        store_le16(tail + 4, OPERATIONS[i]);
        struct log_record record = node_record(room, LR_UNDO, 5, 10, (uint16_t)(OPERATIONS[i] == 2 ? 0 : 1), 0, tail, sizeof tail);
        store_le64(s->bytes[5] + 8, 10);
        JET_ERR err = redo_record(&s->pages, &record);
        struct page_view v = view_of(s, 5);
        struct node n = page_node(&v, 1), first = page_node(&v, 0);
        if (OPERATIONS[i] == 9) { /* eight bytes from 4 on reach past the ten */
            assert_int_equal(err, JET_errLogCorrupted);
            continue;
        }
        assert_int_equal(err, 0);
        if (OPERATIONS[i] == 1 || OPERATIONS[i] == 3)
            assert_int_equal(n.flags, OPERATIONS[i] == 1 ? NODE_FLAG_DELETED : 0);
        if (OPERATIONS[i] == 2)
            assert_true(span_equal(first.data, text("old")));
        if (OPERATIONS[i] == 4)
            assert_true(span_equal(n.data, text("0123156789")));
    }
    free(s);
}

static void a_moved_page_is_found_by_its_parent_and_siblings(void **state)
{
    (void)state;
    static const char *const SEPARATORS[] = {"d", "g", "", NULL};
    for (int is_source_newer = 0; is_source_newer < 2; is_source_newer++) {
        struct store *s = store_create();
        static uint8_t room[2 * SIZE];
        make_page(s, 2, PAGE_FLAG_PARENT_OF_LEAF, 0, 0, SEPARATORS, 5);
        make_page(s, 5, PAGE_FLAG_LEAF, 0, 6, THREE_KEYS, 0);
        make_page(s, 6, PAGE_FLAG_LEAF, 5, 7, THREE_KEYS, 0);
        make_page(s, 7, PAGE_FLAG_LEAF, 6, 0, THREE_KEYS, 0);
        struct page_edit source = page_in(s, 6);
        uint32_t header, trailer;
        page_image_cut(&source, &header, &trailer);
        struct page_move_record move = {.page = {.dbid = 1, .page_no = 6, .dbtime = 20, .dbtime_before = 10}, .target_page = 30, .left_page = 5, .right_page = 7,
                                        .parent_page = 2, .dbtime_left_before = 10, .dbtime_right_before = 10, .dbtime_parent_before = 10, .objid = OBJID, .parent_line = 1,
                                        .header = span_of(source.bytes, header), .trailer = span_of(source.bytes + SIZE - trailer, trailer)};
        struct log_record record = move_record(room, &move);
        s->pages.in_required_range = true;
        if (is_source_newer) {
            make_page(s, 6, PAGE_FLAG_LEAF, 0, 0, NULL, 0);
            store_le64(s->bytes[6] + 8, 21);
        }
        assert_int_equal(redo_record(&s->pages, &record), 0);
        struct page_view parent = view_of(s, 2), target = view_of(s, 30), left = view_of(s, 5), right = view_of(s, 7), old = view_of(s, 6);
        struct node entry = page_node(&parent, 1);
        assert_int_equal(node_child(&entry), 30);
        assert_int_equal(page_node_count(&target), 3);
        assert_int_equal(page_next(&left), 30);
        assert_int_equal(page_previous(&right), 30);
        assert_int_equal(page_dbtime(&target), 20);
        assert_int_equal(page_dbtime(&parent), 20);
        assert_int_equal((page_flags(&old) & PAGE_FLAG_EMPTY) != 0, !is_source_newer);
        assert_int_equal(redo_record(&s->pages, &record), 0); /* once more: nothing to do */
        move.parent_line = 0;                                 /* leads elsewhere */
        store_le64(s->bytes[2] + 8, 10);
        record = move_record(room, &move);
        assert_int_equal(redo_record(&s->pages, &record), JET_errLogCorrupted);
        free(s);
    }
}

static void an_emptied_tree_is_a_leaf_root_and_free_pages(void **state)
{
    (void)state;
    static const char *const SEPARATORS[] = {"d", "", NULL};
    struct store *s = store_create();
    uint8_t room[128], tail[2 + 32] = {0};
    make_page(s, 4, PAGE_FLAG_ROOT | PAGE_FLAG_PARENT_OF_LEAF, 0, 0, SEPARATORS, 5);
    make_page(s, 5, PAGE_FLAG_LEAF, 0, 6, THREE_KEYS, 0);
    make_page(s, 6, PAGE_FLAG_LEAF, 5, 0, THREE_KEYS, 0);
    store_le16(tail, 32);
    for (uint32_t i = 0; i < 2; i++) {
        store_le64(tail + 2 + 16 * i, 10);
        store_le32(tail + 10 + 16 * i, 5 + i);
    }
    struct log_record record = node_record(room, LR_EMPTY_TREE, 4, 10, 0, 0, tail, sizeof tail);
    assert_int_equal(redo_record(&s->pages, &record), 0);
    struct page_view root = view_of(s, 4), leaf = view_of(s, 6);
    assert_int_equal(page_node_count(&root), 0);
    assert_true(page_is_leaf(&root) && page_is_root(&root));
    assert_int_equal(page_flags(&root) & PAGE_FLAG_PARENT_OF_LEAF, 0);
    assert_int_equal(page_external_header(&root).size, 16);
    assert_true((page_flags(&leaf) & PAGE_FLAG_EMPTY) != 0 && page_dbtime(&leaf) == 20);
    assert_int_equal(s->settled, 2);
    free(s);
}

static void a_root_move_takes_the_space_trees_along_and_replaces_twice_on_one_page(void **state)
{
    (void)state;
    struct store *s = store_create();
    static uint8_t room[8][2 * SIZE];
    struct log_record records[6];
    struct page_new_tree tree = {.objid = OBJID, .dbtime = 10, .parent = 1, .pages = 10, .is_unique = true};
    struct page_edit root = page_in(s, 10), owned = page_in(s, 11), available = page_in(s, 12);
    struct page_extent extent = {19, 10};
    assert_int_equal(page_build_root(&root, &tree, 11), 0);
    assert_int_equal(page_build_extents(&owned, &tree, &extent, 1), 0);
    assert_int_equal(page_build_extents(&available, &tree, &extent, 1), 0);
    make_page(s, 4, PAGE_FLAG_LEAF, 0, 0, THREE_KEYS, 0);
    uint8_t *p = room[0];
    memset(p, 0, 16);
    p[0] = LR_ROOT_PAGE_MOVE;
    store_le64(p + 1, 20);
    p[9] = 1;
    assert_int_equal(log_record_decode(span_of(p, 16), &records[0]), 0);
    for (uint32_t i = 0; i < 3; i++) {
        struct page_edit source = page_in(s, 10 + i);
        uint32_t header, trailer;
        page_image_cut(&source, &header, &trailer);
        struct page_move_record move = {.page = {.dbid = 1, .page_no = 10 + i, .dbtime = 20, .dbtime_before = 10}, .target_page = 40 + i, .kind = 1u << i, .objid = OBJID,
                                        .dbtime_left_before = DBTIME_ABSENT, .dbtime_right_before = DBTIME_ABSENT, .dbtime_parent_before = DBTIME_ABSENT, .parent_line = -1,
                                        .header = span_of(source.bytes, header), .trailer = span_of(source.bytes + SIZE - trailer, trailer)};
        move.kind = i == 0 ? PAGE_MOVE_ROOT : i == 1 ? PAGE_MOVE_OWNED_ROOT : PAGE_MOVE_AVAILABLE_ROOT;
        records[1 + i] = move_record(room[1 + i], &move);
    }
    for (uint16_t i = 0; i < 2; i++) { /* the second repeats "before" and a wrong old size */
        uint8_t tail[9] = {3, 0, 10, 0, 3, 0, 'n', 'e', (uint8_t)('0' + i)};
        records[4 + i] = node_record(room[4 + i], LR_REPLACE, 4, 10, i, 0, tail, sizeof tail);
    }
    assert_int_equal(redo_macro(&s->pages, records, 6), 0);
    struct page_view moved = view_of(s, 40), old = view_of(s, 10), catalog = view_of(s, 4), extents = view_of(s, 41);
    struct space_header header;
    assert_int_equal(space_header_decode(page_external_header(&moved), &header), 0);
    assert_int_equal(header.free_map_or_owned_root, 41);
    assert_int_equal(page_dbtime(&moved), 20);
    assert_int_equal(page_node_count(&extents), 1);
    assert_true((page_flags(&old) & PAGE_FLAG_EMPTY) != 0);
    assert_true(span_equal(page_node(&catalog, 0).data, text("ne0")) && span_equal(page_node(&catalog, 1).data, text("ne1")));
    assert_int_equal(page_dbtime(&catalog), 20);
    free(s);
}

static void scrubbing_wipes_deleted_data_and_free_space(void **state)
{
    (void)state;
    struct store *s = store_create();
    uint8_t room[128], tail[13] = {0};
    make_page(s, 5, PAGE_FLAG_LEAF, 0, 0, THREE_KEYS, 0);
    struct page_edit e = page_in(s, 5);
    assert_int_equal(page_change_node_flags(&e, 1, NODE_FLAG_DELETED | NODE_FLAG_VERSIONED, 0), 0);
    store_le32(tail + 4, 3);
    store_le16(tail + 8, 3);
    tail[11] = 1;
    struct log_record record = node_record(room, LR_SCRUB, 5, 10, 0, 0, tail, sizeof tail);
    assert_int_equal(redo_record(&s->pages, &record), 0);
    struct page_view v = view_of(s, 5);
    assert_true(span_equal(page_node(&v, 1).data, text("DDDDDDDDDD")));
    assert_int_equal(page_node(&v, 1).flags, NODE_FLAG_DELETED);
    assert_true((page_flags(&v) & PAGE_FLAG_SCRUBBED) != 0);
    assert_int_equal(s->bytes[5][SIZE - 17], 'Z');
    tail[10] = 1; /* node 0 is not deleted */
    store_le64(s->bytes[5] + 8, 10);
    record = node_record(room, LR_SCRUB, 5, 10, 0, 0, tail, sizeof tail);
    assert_int_equal(redo_record(&s->pages, &record), JET_errLogCorrupted);
    memset(tail, 0, sizeof tail);
    tail[0] = 1; /* unused page */
    record = node_record(room, LR_SCRUB, 5, 10, 0, 0, tail, 10);
    assert_int_equal(redo_record(&s->pages, &record), 0);
    v = view_of(s, 5);
    assert_int_equal(page_node_count(&v), 0);
    assert_int_equal(s->bytes[5][SIZE - 5], 'U');
    free(s);
}

static void entries_of_a_parent_follow_a_merge_below(void **state)
{
    (void)state;
    static const char *const SEPARATORS[] = {"d", "g", "", NULL};
    struct store *s = store_create();
    make_page(s, 2, PAGE_FLAG_PARENT_OF_LEAF, 0, 0, SEPARATORS, 5);
    struct page_edit e = page_in(s, 2);
    assert_int_equal(page_join_left_child(&e, 0, 9), JET_errDatabaseCorrupted); /* there is none to its left */
    assert_int_equal(page_join_left_child(&e, 1, 5), 0);
    struct page_view v = view_of(s, 2);
    struct node n = page_node(&v, 0);
    assert_int_equal(page_node_count(&v), 2);
    assert_true(node_child(&n) == 5 && span_equal(n.suffix, text("g")));
    assert_int_equal(page_remove_child(&e, 1), 0); /* the one with the empty key: the one before gets it */
    v = view_of(s, 2);
    n = page_node(&v, 0);
    assert_true(page_node_count(&v) == 1 && node_key_size(&n) == 0 && node_child(&n) == 5);
    assert_int_equal(page_remove_child(&e, 0), JET_errDatabaseCorrupted); /* an internal page keeps one */
    struct page_key key = page_key_of(text("c"));
    assert_int_equal(page_insert_separator(&e, 0, &key, 5, 8), 0);
    v = view_of(s, 2);
    n = page_node(&v, 1);
    assert_int_equal(node_child(&n), 8);
    expect_sound(s->bytes[2], SIZE, 2);
    free(s);
}

/* --- splits of several levels, which no sample log holds --- */

static struct log_record split_log_record(uint8_t *room, const struct split_record *split)
{
    struct log_record record;
    assert_int_equal(log_record_decode(span_of(room, split_record_encode(room, split)), &record), 0);
    return record;
}

static void expect_entry(struct store *s, page_no_t page_no, uint32_t line, const char *key, page_no_t child)
{
    struct page_view v = view_of(s, page_no);
    assert_true(line < page_node_count(&v));
    struct node n = page_node(&v, line);
    uint8_t whole[64];
    if (!span_equal(span_of(whole, node_copy_key(&n, whole)), text(key)) || node_child(&n) != child)
        fail_msg("page %u entry %u: leads to %u, expected %s to %u", page_no, line, node_child(&n), key, child);
}

/* Leaf 6 ("d1", "e", "f") takes "e5" and is split before it: the new leaf is 31. The parent's entries: "d" -> 5, "g" -> 6, then `last` -> 7. */
static void make_leaves(struct store *s, struct split_record *leaf, struct log_record *insert_record, uint8_t *room)
{
    static const char *const LEAF_KEYS[] = {"d1", "e", "f", NULL};
    uint8_t tail[6 + 2 + 3] = {2, 0, 0, 0, 3, 0, 'e', '5', 'n', 'e', 'w'};
    make_page(s, 5, PAGE_FLAG_LEAF, 0, 6, THREE_KEYS, 0);
    make_page(s, 6, PAGE_FLAG_LEAF, 5, 7, LEAF_KEYS, 0);
    make_page(s, 7, PAGE_FLAG_LEAF, 6, 0, LEAF_KEYS, 0);
    *leaf = (struct split_record){.page = {.dbid = 1, .page_no = 6, .dbtime = 20, .dbtime_before = 10}, .new_page = 31, .right_page = 7, .dbtime_right_before = 10,
                                  .kind = PAGE_SPLIT_RIGHT, .operation = PAGE_SPLIT_INSERT, .line_operation = 2, .line_split = 2, .line_count = 4,
                                  .flags_new = PAGE_FLAG_LEAF, .flags_source = PAGE_FLAG_LEAF, .prefix_line_source = -1, .prefix_line_new = -1, .objid = OBJID,
                                  .parent_key = text("e5")};
    *insert_record = node_record(room, LR_INSERT, 6, DBTIME_IN_MACRO, 2, LR_FLAG_VERSIONED, tail, sizeof tail);
}

static void expect_leaves(struct store *s)
{
    struct page_view left = view_of(s, 6), created = view_of(s, 31), right = view_of(s, 7);
    assert_true(page_node_count(&left) == 2 && page_node_count(&created) == 2);
    struct node n = page_node(&created, 0);
    assert_true(span_equal(n.suffix, text("e5")) && span_equal(n.data, text("new")) && n.flags == NODE_FLAG_VERSIONED);
    assert_true(page_next(&left) == 31 && page_previous(&created) == 6 && page_next(&created) == 7 && page_previous(&right) == 31);
}

static void a_split_of_three_levels_leads_to_every_page(void **state)
{
    (void)state;
    static const char *const ROOT_KEYS[] = {"m", "", NULL}, *const MIDDLE_KEYS[] = {"d", "g", "m", NULL};
    for (uint16_t line_split = 1; line_split <= 3; line_split++) { /* the operation and the entry behind it on either side */
        static const char *const LAST_ON_LEFT[] = {"", "d", "e5", "g"};
        static const struct { const char *key; page_no_t child; } ENTRIES[] = {{"d", 5}, {"e5", 6}, {"g", 31}, {"m", 7}};
        struct store *s = store_create();
        static uint8_t room[4][512];
        struct log_record records[4];
        struct split_record leaf;
        make_page(s, 2, PAGE_FLAG_ROOT, 0, 0, ROOT_KEYS, 4);
        make_page(s, 4, PAGE_FLAG_PARENT_OF_LEAF, 0, 0, MIDDLE_KEYS, 5);
        make_leaves(s, &leaf, &records[3], room[3]);
        struct split_record middle = {.page = {.dbid = 1, .page_no = 4, .dbtime = 20, .dbtime_before = 10}, .new_page = 30, .kind = PAGE_SPLIT_RIGHT,
                                      .operation = PAGE_SPLIT_INSERT, .line_operation = 1, .line_split = line_split, .line_count = 4,
                                      .flags_new = PAGE_FLAG_PARENT_OF_LEAF, .flags_source = PAGE_FLAG_PARENT_OF_LEAF, .prefix_line_source = -1,
                                      .prefix_line_new = -1, .objid = OBJID, .parent_key = text(LAST_ON_LEFT[line_split])};
        struct split_record root = {.page = {.dbid = 1, .page_no = 2, .dbtime = 20, .dbtime_before = 10}, .objid = OBJID};
        records[0] = split_log_record(room[0], &root);
        records[1] = split_log_record(room[1], &middle);
        records[2] = split_log_record(room[2], &leaf);
        assert_int_equal(redo_macro(&s->pages, records, 4), 0);
        expect_leaves(s);
        expect_entry(s, 2, 0, LAST_ON_LEFT[line_split], 4);
        expect_entry(s, 2, 1, "m", 30);
        expect_entry(s, 2, 2, "", 5);
        for (uint32_t i = 0; i < 4; i++)
            expect_entry(s, i < line_split ? 4 : 30, i < line_split ? i : i - line_split, ENTRIES[i].key, ENTRIES[i].child);
        free(s);
    }
}

static void a_root_that_is_split_with_its_child_leads_to_one_page(void **state)
{
    (void)state;
    static const char *const ROOT_KEYS[] = {"d", "g", "", NULL};
    struct store *s = store_create();
    static uint8_t room[3][512];
    struct log_record records[3];
    struct split_record leaf;
    make_page(s, 2, PAGE_FLAG_ROOT | PAGE_FLAG_PARENT_OF_LEAF, 0, 0, ROOT_KEYS, 5);
    make_leaves(s, &leaf, &records[2], room[2]);
    struct split_record root = {.page = {.dbid = 1, .page_no = 2, .dbtime = 20, .dbtime_before = 10}, .new_page = 30, .kind = PAGE_SPLIT_VERTICAL,
                                .operation = PAGE_SPLIT_INSERT, .line_operation = 1, .line_split = 0, .line_count = 4, .flags_new = PAGE_FLAG_PARENT_OF_LEAF,
                                .flags_source = PAGE_FLAG_ROOT, .prefix_line_source = -1, .prefix_line_new = -1, .objid = OBJID};
    records[0] = split_log_record(room[0], &root);
    records[1] = split_log_record(room[1], &leaf);
    assert_int_equal(redo_macro(&s->pages, records, 3), 0);
    expect_leaves(s);
    struct page_view v = view_of(s, 2);
    assert_int_equal(page_node_count(&v), 1);
    assert_int_equal(page_flags(&v) & (PAGE_FLAG_LEAF | PAGE_FLAG_PARENT_OF_LEAF | PAGE_FLAG_ROOT), PAGE_FLAG_ROOT);
    expect_entry(s, 2, 0, "", 30);
    expect_entry(s, 30, 0, "d", 5);
    expect_entry(s, 30, 1, "e5", 6);
    expect_entry(s, 30, 2, "g", 31);
    expect_entry(s, 30, 3, "", 7);
    free(s);
}

static void one_page_twice_in_a_macro_is_refused(void **state)
{
    (void)state;
    struct store *s = store_create();
    static uint8_t room[2][512];
    struct log_record records[2];
    make_page(s, 5, PAGE_FLAG_LEAF, 0, 6, THREE_KEYS, 0);
    make_page(s, 6, PAGE_FLAG_LEAF, 5, 0, THREE_KEYS, 0);
    for (int i = 0; i < 2; i++) {
        struct split_record split = {.page = {.dbid = 1, .page_no = 5, .dbtime = 20, .dbtime_before = 10}, .new_page = i == 0 ? 0 : 30, .right_page = 6,
                                     .dbtime_right_before = 10, .kind = 1, .line_split = 1, .line_count = 3, .flags_new = PAGE_FLAG_LEAF, .flags_source = PAGE_FLAG_LEAF,
                                     .prefix_line_source = -1, .prefix_line_new = -1, .objid = OBJID};
        assert_int_equal(log_record_decode(span_of(room[i], split_record_encode(room[i], &split)), &records[i]), 0);
    }
    assert_int_equal(redo_macro(&s->pages, records, 2), JET_errLogCorrupted);
    assert_int_equal(redo_record(&s->pages, &records[1]), JET_errLogCorrupted); /* and a split outside a macro */
    assert_int_equal(redo_macro(&s->pages, &records[1], 1), 0);
    struct page_view left = view_of(s, 5), created = view_of(s, 30), right = view_of(s, 6);
    assert_true(page_node_count(&left) == 1 && page_node_count(&created) == 2);
    assert_true(page_next(&left) == 30 && page_previous(&created) == 5 && page_next(&created) == 6 && page_previous(&right) == 30);
    free(s);
}

/* The new page is not there and the old one is newer already: without an image nothing can be done. */
static void a_split_without_the_image_it_needs_is_reported(void **state)
{
    (void)state;
    struct store *s = store_create();
    static uint8_t room[512];
    struct log_record record;
    make_page(s, 5, PAGE_FLAG_LEAF, 0, 0, THREE_KEYS, 0);
    store_le64(s->bytes[5] + 8, 20);
    s->pages.in_required_range = true;
    struct split_record split = {.page = {.dbid = 1, .page_no = 5, .dbtime = 20, .dbtime_before = 10}, .new_page = 30, .kind = 1, .line_split = 1, .line_count = 3,
                                 .flags_new = PAGE_FLAG_LEAF, .flags_source = PAGE_FLAG_LEAF, .prefix_line_source = -1, .prefix_line_new = -1, .objid = OBJID};
    assert_int_equal(log_record_decode(span_of(room, split_record_encode(room, &split)), &record), 0);
    assert_int_equal(redo_macro(&s->pages, &record, 1), JET_errDatabaseBufferDependenciesCorrupted);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_page_has_the_header_of_its_size),
        cmocka_unit_test(impossible_new_pages_are_refused),
        cmocka_unit_test(three_shared_bytes_are_worth_a_prefix_and_two_are_not),
        cmocka_unit_test(links_and_flags_that_cannot_be_are_refused),
        cmocka_unit_test(small_roots_have_the_free_map_of_their_size),
        cmocka_unit_test(conversion_makes_extents_of_the_free_runs),
        cmocka_unit_test(an_autoincrement_mark_survives_a_new_space_header),
        cmocka_unit_test(difference_streams_insert_replace_and_keep),
        cmocka_unit_test(a_page_is_judged_by_its_dbtime),
        cmocka_unit_test(undo_restores_what_each_operation_changed),
        cmocka_unit_test(a_moved_page_is_found_by_its_parent_and_siblings),
        cmocka_unit_test(an_emptied_tree_is_a_leaf_root_and_free_pages),
        cmocka_unit_test(a_root_move_takes_the_space_trees_along_and_replaces_twice_on_one_page),
        cmocka_unit_test(scrubbing_wipes_deleted_data_and_free_space),
        cmocka_unit_test(entries_of_a_parent_follow_a_merge_below),
        cmocka_unit_test(a_split_of_three_levels_leads_to_every_page),
        cmocka_unit_test(a_root_that_is_split_with_its_child_leads_to_one_page),
        cmocka_unit_test(one_page_twice_in_a_macro_is_refused),
        cmocka_unit_test(a_split_without_the_image_it_needs_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
