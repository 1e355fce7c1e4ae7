/* Trees that no engine writes: rings, wrong owners, wrong levels, disorder. Each must end in the error that names it, without a crash, a
 * latch left behind or an endless walk. The last test throws random damage at a good tree. */
#include "btree_stand_in.h"

/* The good tree: root 1; 2 and 3 above the leaves 4..9, in this order. Leaf n holds the one-byte keys 10n+1, 10n+2, 10n+3. */
enum {
    ROOT = 1,
    FIRST_LEAF = 4,
    LAST_LEAF = 9,
    PAGES = 40,
    OBJID = 5,
    PARENT = 0x4,
    LEAF = 0x2,
    KEYS_PER_LEAF = 3,
    NODES = 18,
    STEPS_MAX = 1000
};

struct fixture {
    struct cache_file file;
    struct btree tree;
    struct btree_cursor cursor;
};

static void write_leaf(struct cache_file *file, page_no_t page_no, page_no_t previous, page_no_t next, const uint8_t *keys, uint32_t count)
{
    struct page_spec spec = {.dbtime = 1, .previous = previous, .next = next, .objid = OBJID, .flags = LEAF};
    page_begin(&file->image, page_no, &spec, NULL, 0);
    for (uint32_t i = 0; i < count; i++)
        assert_true(page_add(&file->image, page_no, keys + i, 1, 0, keys + i, 1, 0));
}

static void write_good_leaf(struct cache_file *file, page_no_t page_no)
{
    uint8_t first = (uint8_t)(10 * page_no + 1), keys[KEYS_PER_LEAF] = {first, (uint8_t)(first + 1), (uint8_t)(first + 2)};
    write_leaf(file, page_no, page_no > FIRST_LEAF ? page_no - 1 : 0, page_no < LAST_LEAF ? page_no + 1 : 0, keys, KEYS_PER_LEAF);
}

struct child {
    int separator; /* -1 = infinity */
    page_no_t page_no;
};

static void write_internal(struct cache_file *file, page_no_t page_no, uint32_t flags, const struct child *children, uint32_t count)
{
    struct page_spec spec = {.dbtime = 1, .objid = OBJID, .flags = flags};
    uint8_t header[16];
    space_header_bytes(header, 1, 1, 0, 0);
    page_begin(&file->image, page_no, &spec, header, (flags & 1u) != 0 ? 16 : 0);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key = (uint8_t)children[i].separator;
        assert_true(page_add_child(&file->image, page_no, &key, children[i].separator < 0 ? 0 : 1, children[i].page_no));
    }
}

static struct fixture good_tree(void)
{
    struct fixture f = {.file = {.image = image_create(2048, PAGES), .order_is_free = true}};
    write_internal(&f.file, 1, 1, (struct child[]){{71, 2}, {-1, 3}}, 2);
    write_internal(&f.file, 2, PARENT, (struct child[]){{51, 4}, {61, 5}, {71, 6}}, 3);
    write_internal(&f.file, 3, PARENT, (struct child[]){{81, 7}, {91, 8}, {-1, 9}}, 3);
    for (page_no_t p = FIRST_LEAF; p <= LAST_LEAF; p++)
        write_good_leaf(&f.file, p);
    return f;
}

static void set_u32(struct fixture *f, page_no_t page_no, uint32_t offset, uint32_t value)
{
    store_le32(image_page(&f->file.image, page_no) + offset, value);
}
static void set_previous(struct fixture *f, page_no_t page_no, page_no_t value) { set_u32(f, page_no, 16, value); }
static void set_next(struct fixture *f, page_no_t page_no, page_no_t value) { set_u32(f, page_no, 20, value); }
static void set_objid(struct fixture *f, page_no_t page_no, uint32_t value) { set_u32(f, page_no, 24, value); }
static void set_flags(struct fixture *f, page_no_t page_no, uint32_t value) { set_u32(f, page_no, 36, value | 0x2800); }

static void open_tree(struct fixture *f)
{
    assert_int_equal(btree_open(&f->file, ROOT, OBJID, &f->tree), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&f->tree, &f->cursor), JET_errSuccess);
}

static void close_tree(struct fixture *f)
{
    assert_int_equal(f->file.held_count, 0);
    btree_cursor_close(&f->cursor);
    image_destroy(&f->file.image);
}

/* Scans and returns what ended it; the tree has no more than NODES nodes, so more steps mean that the scan does not end. */
static JET_ERR scan(struct fixture *f, bool backward, unsigned *nodes)
{
    JET_ERR err;
    *nodes = 0;
    if (backward)
        btree_after_last(&f->cursor);
    else
        btree_before_first(&f->cursor);
    while ((err = backward ? btree_previous(&f->cursor) : btree_next(&f->cursor)) >= 0) {
        if (++*nodes > STEPS_MAX)
            fail_msg("the scan does not end");
        assert_int_equal(f->file.held_count, 0);
    }
    return err;
}

static JET_ERR seek_one(struct fixture *f, uint8_t key, enum btree_seek how) { return btree_seek(&f->cursor, span_of(&key, 1), how); }

/* After `damage`: the results of a scan each way, and of looking for the key 62 of leaf 6. */
static void expect_errors(void (*damage)(struct fixture *f), JET_ERR forward, JET_ERR backward, JET_ERR lookup)
{
    struct fixture f = good_tree();
    unsigned nodes;
    damage(&f);
    open_tree(&f);
    assert_int_equal(scan(&f, false, &nodes), forward);
    assert_int_equal(scan(&f, true, &nodes), backward);
    assert_int_equal(seek_one(&f, 62, BTREE_SEEK_EQ), lookup);
    close_tree(&f);
}

static void nothing(struct fixture *f) { (void)f; }

static void the_good_tree_is_good(void **state)
{
    (void)state;
    struct fixture f = good_tree();
    unsigned nodes;
    open_tree(&f);
    assert_int_equal(scan(&f, false, &nodes), JET_errNoCurrentRecord);
    assert_int_equal(nodes, NODES);
    assert_int_equal(scan(&f, true, &nodes), JET_errNoCurrentRecord);
    assert_int_equal(nodes, NODES);
    close_tree(&f);
    expect_errors(nothing, JET_errNoCurrentRecord, JET_errNoCurrentRecord, JET_errSuccess);
}

/* --- siblings --- */

static void leaf_points_at_itself(struct fixture *f) { set_next(f, 6, 6); }
static void leaf_points_back(struct fixture *f) { set_next(f, 6, 5); }
static void leaf_points_at_root(struct fixture *f) { set_next(f, 6, 1); }
static void leaf_points_at_internal(struct fixture *f) { set_next(f, 6, 3); }
static void leaf_points_past_the_file(struct fixture *f) { set_next(f, 6, 5000); }
static void leaf_points_at_unused_page(struct fixture *f) { set_next(f, 6, 30); }
static void neighbour_does_not_point_back(struct fixture *f) { set_previous(f, 7, 5); }
static void neighbour_points_at_itself(struct fixture *f) { set_previous(f, 7, 7); }

static void sibling_links_that_do_not_match_are_bad_page_links(void **state)
{
    (void)state;
    expect_errors(leaf_points_at_itself, JET_errBadPageLink, JET_errBadPageLink, JET_errSuccess);
    expect_errors(leaf_points_back, JET_errBadPageLink, JET_errBadPageLink, JET_errSuccess);
    expect_errors(leaf_points_at_root, JET_errBadPageLink, JET_errBadPageLink, JET_errSuccess);
    expect_errors(leaf_points_at_internal, JET_errBadPageLink, JET_errBadPageLink, JET_errSuccess);
    expect_errors(leaf_points_past_the_file, JET_errFileIOBeyondEOF, JET_errBadPageLink, JET_errSuccess);
    expect_errors(leaf_points_at_unused_page, JET_errPageNotInitialized, JET_errBadPageLink, JET_errSuccess);
    expect_errors(neighbour_does_not_point_back, JET_errBadPageLink, JET_errBadPageLink, JET_errSuccess);
    expect_errors(neighbour_points_at_itself, JET_errBadPageLink, JET_errBadPageLink, JET_errSuccess);
}

/* All leaves in a ring whose links agree with one another. */
static void ring_of_all_leaves(struct fixture *f)
{
    set_next(f, LAST_LEAF, FIRST_LEAF);
    set_previous(f, FIRST_LEAF, LAST_LEAF);
}

/* The ring leaves out the first and the last leaf, so the ends look well. */
static void ring_inside(struct fixture *f)
{
    set_next(f, 8, 5);
    set_previous(f, 5, 8);
}

static void rings_of_leaves_end_in_an_error_even_with_matching_links(void **state)
{
    (void)state;
    struct fixture f = good_tree();
    unsigned steps = 0;
    JET_ERR err;
    expect_errors(ring_of_all_leaves, JET_errBadPageLink, JET_errBadPageLink, JET_errSuccess);
    expect_errors(ring_inside, JET_errBadPageLink, JET_errBadPageLink, JET_errSuccess);
    ring_inside(&f);
    open_tree(&f);
    assert_int_equal(seek_one(&f, 62, BTREE_SEEK_EQ), JET_errSuccess);
    while ((err = btree_next(&f.cursor)) >= 0)
        assert_true(++steps < STEPS_MAX);
    assert_int_equal(err, JET_errDatabaseCorrupted);
    assert_int_equal(seek_one(&f, 62, BTREE_SEEK_EQ), JET_errSuccess);
    while ((err = btree_previous(&f.cursor)) >= 0)
        assert_true(++steps < STEPS_MAX);
    assert_int_equal(err, JET_errDatabaseCorrupted);
    close_tree(&f);
}

static void rings_of_leaves_without_nodes_end_too(void **state)
{
    (void)state;
    struct fixture f = good_tree();
    for (page_no_t p = 5; p <= 8; p++)
        write_leaf(&f.file, p, p == 5 ? 8 : p - 1, p == 8 ? 5 : p + 1, NULL, 0);
    open_tree(&f);
    assert_int_equal(seek_one(&f, 62, BTREE_SEEK_GE), JET_errBadPageLink);
    assert_int_equal(seek_one(&f, 62, BTREE_SEEK_LE), JET_errBadPageLink);
    assert_int_equal(seek_one(&f, 62, BTREE_SEEK_EQ), JET_errRecordNotFound);
    assert_int_equal(btree_next(&f.cursor), JET_errBadPageLink);
    assert_int_equal(btree_previous(&f.cursor), JET_errBadPageLink);
    close_tree(&f);
}

/* --- children --- */

static void child_is_itself(struct fixture *f) { write_internal(&f->file, 2, PARENT, (struct child[]){{51, 4}, {61, 5}, {71, 2}}, 3); }
static void child_is_root(struct fixture *f) { write_internal(&f->file, 2, PARENT, (struct child[]){{51, 4}, {61, 5}, {71, 1}}, 3); }
static void child_is_zero(struct fixture *f) { write_internal(&f->file, 2, PARENT, (struct child[]){{51, 4}, {61, 5}, {71, 0}}, 3); }
static void child_is_of_another_tree(struct fixture *f) { set_objid(f, 6, OBJID + 1); }
static void child_is_empty_page(struct fixture *f)
{
    write_leaf(&f->file, 6, 5, 7, NULL, 0);
    set_flags(f, 6, LEAF | 0x8);
}
static void child_is_a_root(struct fixture *f)
{
    struct page_spec spec = {.dbtime = 1, .previous = 5, .next = 7, .objid = OBJID, .flags = LEAF | 0x1};
    page_begin(&f->file.image, 6, &spec, "0123456789abcdef", 16);
}
static void child_is_of_a_space_tree(struct fixture *f) { set_flags(f, 6, LEAF | 0x20); }
static void child_should_be_leaf(struct fixture *f)
{
    write_internal(&f->file, 20, PARENT, (struct child[]){{-1, 6}}, 1);
    write_internal(&f->file, 2, PARENT, (struct child[]){{51, 4}, {61, 5}, {71, 20}}, 3);
}
static void child_should_not_be_leaf(struct fixture *f) { write_internal(&f->file, 1, 1, (struct child[]){{61, 2}, {71, 6}, {-1, 3}}, 3); }

static void children_that_are_not_what_the_parent_says_are_bad_parent_links(void **state)
{
    (void)state;
    JET_ERR bad = JET_errBadParentPageLink, end = JET_errNoCurrentRecord;
    expect_errors(child_is_itself, end, end, bad);
    expect_errors(child_is_root, end, end, bad);
    expect_errors(child_is_zero, end, end, bad);
    expect_errors(child_should_be_leaf, end, end, bad);
    expect_errors(child_should_not_be_leaf, end, end, bad);
    expect_errors(child_is_of_another_tree, JET_errBadPageLink, JET_errBadPageLink, bad);
    expect_errors(child_is_empty_page, JET_errBadPageLink, JET_errBadPageLink, bad);
    expect_errors(child_is_a_root, JET_errBadPageLink, JET_errBadPageLink, bad);
    expect_errors(child_is_of_a_space_tree, JET_errBadPageLink, JET_errBadPageLink, bad);
}

/* Two internal pages, each the other's child. */
static void ring_of_internal_pages(struct fixture *f)
{
    write_internal(&f->file, 20, 0, (struct child[]){{-1, 21}}, 1);
    write_internal(&f->file, 21, 0, (struct child[]){{-1, 20}}, 1);
    write_internal(&f->file, 1, 1, (struct child[]){{-1, 20}}, 1);
}

static void tree_of_seventeen_levels(struct fixture *f)
{
    for (page_no_t p = 12; p < 12 + BTREE_DEPTH_MAX; p++)
        write_internal(&f->file, p, 0, (struct child[]){{-1, p + 1}}, 1);
    write_internal(&f->file, 1, 1, (struct child[]){{-1, 12}}, 1);
}

static void trees_too_deep_or_without_bottom_are_corrupted(void **state)
{
    (void)state;
    JET_ERR bad = JET_errDatabaseCorrupted;
    expect_errors(ring_of_internal_pages, bad, bad, bad);
    expect_errors(tree_of_seventeen_levels, bad, bad, bad);
}

/* --- order --- */

static void keys_descend_in_a_leaf(struct fixture *f) { write_leaf(&f->file, 6, 5, 7, (const uint8_t[]){63, 62, 61}, 3); }
static void keys_repeat_in_a_leaf(struct fixture *f) { write_leaf(&f->file, 6, 5, 7, (const uint8_t[]){61, 62, 62}, 3); }
static void leaf_repeats_lower_keys(struct fixture *f) { write_leaf(&f->file, 6, 5, 7, (const uint8_t[]){41, 62, 99}, 3); }

static void scans_that_do_not_ascend_are_corrupted(void **state)
{
    (void)state;
    JET_ERR bad = JET_errDatabaseCorrupted;
    expect_errors(keys_descend_in_a_leaf, bad, bad, JET_errRecordNotFound); /* a search trusts the order; a scan proves it */
    expect_errors(keys_repeat_in_a_leaf, bad, bad, JET_errSuccess);
    expect_errors(leaf_repeats_lower_keys, bad, bad, JET_errSuccess);
}

static void separators_out_of_order_mislead_a_seek_but_not_a_scan(void **state)
{
    (void)state;
    struct fixture f = good_tree();
    unsigned nodes;
    write_internal(&f.file, 2, PARENT, (struct child[]){{71, 4}, {51, 5}, {61, 6}}, 3);
    open_tree(&f);
    assert_int_equal(scan(&f, false, &nodes), JET_errNoCurrentRecord);
    assert_int_equal(nodes, NODES);
    for (unsigned key = 0; key < 256; key++) {
        for (enum btree_seek how = BTREE_SEEK_EQ; how <= BTREE_SEEK_LT; how++) {
            JET_ERR err = seek_one(&f, (uint8_t)key, how);
            assert_true(err == JET_errSuccess || err == JET_errRecordNotFound || err == JET_errDatabaseCorrupted);
        }
    }
    close_tree(&f);
}

/* --- roots --- */

static void roots_with_wrong_marks_do_not_open(void **state)
{
    (void)state;
    struct btree tree;
    struct fixture f = good_tree();
    assert_int_equal(btree_open(&f.file, ROOT, OBJID + 1, &tree), JET_errDatabaseCorrupted);
    assert_int_equal(btree_open(&f.file, 2, OBJID, &tree), JET_errDatabaseCorrupted); /* not a root */
    assert_int_equal(btree_open(&f.file, 0, OBJID, &tree), JET_errDatabaseCorrupted);
    assert_int_equal(btree_open(&f.file, 5000, OBJID, &tree), JET_errFileIOBeyondEOF);
    assert_int_equal(btree_open(&f.file, 30, OBJID, &tree), JET_errPageNotInitialized);
    set_flags(&f, ROOT, 0x1 | LEAF | PARENT);
    assert_int_equal(btree_open(&f.file, ROOT, 0, &tree), JET_errDatabaseCorrupted);
    set_flags(&f, ROOT, 0x1);
    set_objid(&f, ROOT, 0);
    assert_int_equal(btree_open(&f.file, ROOT, 0, &tree), JET_errDatabaseCorrupted);
    assert_int_equal(f.file.held_count, 0);
    image_destroy(&f.file.image);
}

static void a_tree_without_nodes_has_only_ends(void **state)
{
    (void)state;
    struct fixture f = good_tree();
    struct page_spec spec = {.dbtime = 1, .objid = OBJID, .flags = 1 | LEAF};
    uint8_t header[16];
    uint32_t before, total;
    unsigned nodes;
    struct node node;
    space_header_bytes(header, 1, 1, 0, 0);
    page_begin(&f.file.image, ROOT, &spec, header, 16);
    open_tree(&f);
    assert_int_equal(scan(&f, false, &nodes), JET_errNoCurrentRecord);
    assert_int_equal(f.cursor.position, BTREE_AFTER_LAST);
    assert_int_equal(scan(&f, true, &nodes), JET_errNoCurrentRecord);
    assert_int_equal(f.cursor.position, BTREE_BEFORE_FIRST);
    assert_int_equal(btree_cursor_get(&f.cursor, &node), JET_errNoCurrentRecord);
    assert_int_equal(btree_position_estimate(&f.cursor, &before, &total), JET_errSuccess);
    assert_int_equal(total, 0);
    assert_int_equal(btree_goto_fraction(&f.cursor, 1, 2), JET_errNoCurrentRecord);
    for (enum btree_seek how = BTREE_SEEK_EQ; how <= BTREE_SEEK_LT; how++)
        assert_int_equal(seek_one(&f, 1, how), JET_errRecordNotFound);
    close_tree(&f);
}

/* --- a neighbour at work --- */

/* Another thread puts 47 in front of 51 in leaf 5, while a step to the left has let go of it. */
static void insert_before_51(void *context)
{
    struct fixture *f = context;
    f->file.when_nothing_is_held = NULL;
    write_leaf(&f->file, 5, 4, 6, (const uint8_t[]){47, 51, 52, 53}, 4);
    store_le64(image_page(&f->file.image, 5) + 8, 2);
}

static void a_step_to_the_left_sees_what_was_inserted_while_it_let_go(void **state)
{
    (void)state;
    struct fixture f = good_tree();
    f.file.order_is_free = false;
    write_internal(&f.file, 2, PARENT, (struct child[]){{45, 4}, {61, 5}, {71, 6}}, 3);
    open_tree(&f);
    assert_int_equal(seek_one(&f, 51, BTREE_SEEK_EQ), JET_errSuccess);
    f.file.when_nothing_is_held = insert_before_51;
    f.file.context = &f;
    assert_int_equal(btree_previous(&f.cursor), JET_errSuccess);
    assert_int_equal(f.cursor.bookmark[0], 47);
    assert_int_equal(btree_previous(&f.cursor), JET_errSuccess);
    assert_int_equal(f.cursor.bookmark[0], 43);
    close_tree(&f);
}

/* --- random damage --- */

/* Returns how many calls failed: any of them may. */
static unsigned all_calls_end(struct fixture *f)
{
    unsigned nodes, failed = 0;
    uint32_t before, total;
    struct node node;
    (void)scan(f, false, &nodes);
    (void)scan(f, true, &nodes);
    for (unsigned key = 38; key < 100; key += 3) {
        for (enum btree_seek how = BTREE_SEEK_EQ; how <= BTREE_SEEK_LT; how++) {
            failed += seek_one(f, (uint8_t)key, how) < 0;
            failed += btree_next(&f->cursor) < 0;
            failed += btree_position_estimate(&f->cursor, &before, &total) < 0;
            if (btree_cursor_get(&f->cursor, &node) >= 0)
                btree_cursor_release(&f->cursor);
            failed += btree_previous(&f->cursor) < 0;
            assert_int_equal(f->file.held_count, 0);
        }
        failed += btree_goto_fraction(&f->cursor, key, 100) < 0;
    }
    return failed;
}

static void random_damage_never_makes_a_walk_endless(void **state)
{
    (void)state;
    uint64_t seed = getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : 1, random = seed * 77 + 1, opened = 0, failed = 0;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 3000; round++) {
        struct fixture f = good_tree();
        for (uint32_t n = 1 + test_random_below(&random, 4); n > 0; n--) {
            page_no_t page_no = 1 + test_random_below(&random, LAST_LEAF);
            uint8_t *page = image_page(&f.file.image, page_no);
            switch (test_random_below(&random, 4)) {
            case 0:
                store_le32(page + 16 + 4 * test_random_below(&random, 2), test_random_below(&random, 12));
                break; /* a link */
            case 1:
                page[16 + test_random_below(&random, 100)] ^= (uint8_t)(1u << test_random_below(&random, 8));
                break;
            case 2:
                page[2048 - 1 - test_random_below(&random, 20)] ^= (uint8_t)(1u << test_random_below(&random, 8));
                break; /* a tag */
            default:
                page[40 + test_random_below(&random, 40)] = (uint8_t)test_random_below(&random, 12);
                break; /* a node */
            }
        }
        if (btree_open(&f.file, ROOT, 0, &f.tree) >= 0) {
            opened++;
            assert_int_equal(btree_cursor_open(&f.tree, &f.cursor), JET_errSuccess);
            failed += all_calls_end(&f) > 0;
        }
        close_tree(&f);
    }
    assert_true(opened > 1000);
    assert_true(failed > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_good_tree_is_good),
        cmocka_unit_test(sibling_links_that_do_not_match_are_bad_page_links),
        cmocka_unit_test(rings_of_leaves_end_in_an_error_even_with_matching_links),
        cmocka_unit_test(rings_of_leaves_without_nodes_end_too),
        cmocka_unit_test(children_that_are_not_what_the_parent_says_are_bad_parent_links),
        cmocka_unit_test(trees_too_deep_or_without_bottom_are_corrupted),
        cmocka_unit_test(scans_that_do_not_ascend_are_corrupted),
        cmocka_unit_test(separators_out_of_order_mislead_a_seek_but_not_a_scan),
        cmocka_unit_test(roots_with_wrong_marks_do_not_open),
        cmocka_unit_test(a_tree_without_nodes_has_only_ends),
        cmocka_unit_test(a_step_to_the_left_sees_what_was_inserted_while_it_let_go),
        cmocka_unit_test(random_damage_never_makes_a_walk_endless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
