/* Space while it changes: random allocations, frees, creations and deletions of trees against a plain list of who has which page. After every step the space of every tree, as
 * space.c reads it, is taken apart: owned = used + extent trees + kept back + available + given to children, each page exactly once (database-file 6). At the end the log
 * is replayed and must give the same pages. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "btree/extent_internal.h"
#include "btree/relocate.h"
#include "change_world.h"
#include "fault_fs.h"
#include "page_builder.h"
#include "shared_data.h"

enum { TREES_MAX = 40, SNAPSHOTS = 4, FIRST_PAGES = 30 };

struct model_tree {
    page_no_t root;
    int parent;        /* index, -1 for the file */
    uint32_t objid, flags;
    bool is_alive;
};
struct model {
    struct world w;
    struct model_tree trees[TREES_MAX]; /* 0: the file */
    uint8_t *user;                      /* of each page: index + 1 of the tree that has it in use */
    uint32_t user_room, next_objid;
    uint64_t random, seed;
};

static uint64_t fresh_seed(void)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    seed |= 1;
    printf("seed %llu\n", (unsigned long long)seed);
    return seed;
}

static void use_page(struct model *m, page_no_t page_no, int tree)
{
    if (page_no >= m->user_room) {
        uint32_t room = page_no * 2 + 64;
        m->user = realloc(m->user, room);
        memset(m->user + m->user_room, 0, room - m->user_room);
        m->user_room = room;
    }
    if (m->user[page_no] != 0)
        fail_msg("page %u handed out to tree %d, but in use by tree %d", page_no, tree, m->user[page_no] - 1);
    m->user[page_no] = (uint8_t)(tree + 1);
}

static void model_open(struct model *m, uint32_t page_size, uint32_t extension, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    m->random = m->seed = seed;
    m->next_objid = 2;
    world_open(&m->w, page_size, FIRST_PAGES, extension);
    assert_int_equal(space_create_root(&m->w.t, m->w.db, FIRST_PAGES), 0);
    assert_int_equal(m->w.db->last_owned_page, FIRST_PAGES);
    m->trees[0] = (struct model_tree){.root = 1, .parent = -1, .objid = 1, .is_alive = true};
    use_page(m, 1, 0);
}

static void model_close(struct model *m)
{
    free(m->user);
    world_close(&m->w);
}

/* --- taking the space apart --- */

enum { OWNED = 1, USED = 2, AVAILABLE = 4, KEPT = 8, EXTENT_TREE = 16, GIVEN = 32 };
struct survey {
    uint8_t *page;
    uint32_t last;
    const char *what;
    uint8_t mark;
    struct extent owned[4096];
    uint32_t owned_count;
    struct extent previous;
};

static void mark(struct survey *s, page_no_t page_no, uint8_t bit)
{
    if (page_no == 0 || page_no > s->last)
        fail_msg("page %u behind the end %u", page_no, s->last);
    if ((s->page[page_no] & bit) != 0)
        fail_msg("page %u twice: %u", page_no, bit);
    s->page[page_no] |= bit;
}

static JET_ERR mark_extent(void *context, struct extent extent)
{
    struct survey *s = context;
    for (uint32_t i = 0; i < extent.count; i++)
        mark(s, extent.first + i, s->mark);
    return JET_errSuccess;
}

static JET_ERR mark_owned(void *context, struct extent extent)
{
    struct survey *s = context;
    assert_true(s->owned_count < 4096);
    s->owned[s->owned_count++] = extent;
    return mark_extent(context, extent);
}

/* Inside one owned extent, and not next to another available one of it. */
static JET_ERR mark_available(void *context, struct extent extent, uint32_t pool)
{
    struct survey *s = context;
    uint32_t i = 0;
    assert_int_equal(pool, 0);
    while (i < s->owned_count && (extent.first < s->owned[i].first || extent.first >= s->owned[i].first + s->owned[i].count))
        i++;
    assert_true(i < s->owned_count);
    if (extent.first + extent.count > s->owned[i].first + s->owned[i].count)
        fail_msg("available extent %u+%u crosses the end of owned extent %u+%u", extent.first, extent.count, s->owned[i].first, s->owned[i].count);
    if (s->previous.count > 0 && s->previous.first + s->previous.count == extent.first && extent.first > s->owned[i].first)
        fail_msg("available extents %u+%u and %u+%u are not merged", s->previous.first, s->previous.count, extent.first, extent.count);
    s->previous = extent;
    return mark_extent(context, extent);
}

static void mark_tree_pages(struct model *m, struct survey *s, page_no_t page_no, unsigned *depth)
{
    struct page_ref ref;
    page_no_t children[PAGE_SIZE_MAX / 8];
    uint32_t count = 0;
    mark(s, page_no, EXTENT_TREE);
    assert_int_equal(cache_get(m->w.db->pages, page_no, PAGE_LATCH_SHARED, &ref), 0);
    if (!page_is_leaf(&ref.view)) {
        count = page_node_count(&ref.view);
        for (uint32_t i = 0; i < count; i++) {
            struct node n = page_node(&ref.view, i);
            children[i] = node_child(&n);
        }
    }
    cache_release(&ref);
    unsigned deepest = 0;
    for (uint32_t i = 0; i < count; i++) {
        unsigned below;
        mark_tree_pages(m, s, children[i], &below);
        deepest = below > deepest ? below : deepest;
    }
    *depth = deepest + 1;
}

/* Does the tree's root exist yet, in a file as an earlier moment left it? */
static bool exists(struct model *m, int i)
{
    struct page_ref ref;
    if (cache_get(m->w.db->pages, m->trees[i].root, PAGE_LATCH_SHARED, &ref) < 0)
        return false;
    bool is = page_objid(&ref.view) == m->trees[i].objid && (page_flags(&ref.view) & (PAGE_FLAG_ROOT | PAGE_FLAG_SPACE_TREE)) == PAGE_FLAG_ROOT;
    cache_release(&ref);
    return is;
}

static JET_ERR mark_child(void *context, struct extent extent) { return mark_extent(context, extent); }

/* LEAKY: pages may be lost, but none may have two uses. AFTER_CRASH: what the trees use is not known either. */
enum strictness { EXACT, LEAKY, AFTER_CRASH };
static unsigned check_tree_of(struct model *m, int tree, enum strictness strictness)
{
    static struct survey s;
    struct cache_file *file = m->w.db->pages;
    const struct model_tree *t = &m->trees[tree];
    struct space_header header;
    unsigned owned_depth = 0, available_depth = 0;
    s.last = m->w.db->last_owned_page;
    s.page = calloc(1, (size_t)s.last + 1);
    s.owned_count = 0;
    s.previous = (struct extent){0};
    s.mark = OWNED;
    assert_int_equal(space_header_read(file, t->root, &header), 0);
    assert_int_equal(header.parent, t->parent < 0 ? 0 : m->trees[t->parent].root);
    assert_int_equal(space_owned(file, t->root, mark_owned, &s), 0);
    s.mark = AVAILABLE;
    assert_int_equal(space_available(file, t->root, mark_available, &s), 0);
    s.mark = KEPT;
    assert_int_equal(space_reserved(file, t->root, mark_extent, &s), 0);
    if ((header.flags & SPACE_FLAG_MULTIPLE_EXTENTS) != 0) {
        mark_tree_pages(m, &s, header.free_map_or_owned_root, &owned_depth);
        mark_tree_pages(m, &s, header.free_map_or_owned_root + 1, &available_depth);
    }
    s.mark = GIVEN;
    for (int i = 0; i < TREES_MAX; i++) {
        if (m->trees[i].is_alive && m->trees[i].parent == tree && exists(m, i))
            assert_int_equal(space_owned(file, m->trees[i].root, mark_child, &s), 0);
    }
    for (page_no_t p = 1; p <= s.last; p++) {
        if (strictness != AFTER_CRASH && p < m->user_room && m->user[p] == tree + 1)
            s.page[p] |= USED;
        uint8_t uses = s.page[p] & (uint8_t)~OWNED;
        bool is_owned = (s.page[p] & OWNED) != 0;
        if (is_owned ? (uses == 0 && strictness == EXACT) || (uses & (uses - 1)) != 0 : uses != 0)
            fail_msg("tree %d (root %u): page %u has marks %u", tree, t->root, p, s.page[p]);
    }
    free(s.page);
    return available_depth > owned_depth ? available_depth : owned_depth;
}

static unsigned check_tree(struct model *m, int tree) { return check_tree_of(m, tree, EXACT); }

static void check_all(struct model *m)
{
    page_no_t last;
    assert_int_equal(space_last_owned_page(m->w.db->pages, &last), 0);
    assert_int_equal(last, m->w.db->last_owned_page);
    for (int i = 0; i < TREES_MAX; i++) {
        if (m->trees[i].is_alive)
            check_tree(m, i);
    }
}

/* --- steps --- */

static int random_tree(struct model *m, bool with_file)
{
    for (;;) {
        int i = (int)test_random_below(&m->random, TREES_MAX);
        if (m->trees[i].is_alive && (i > 0 || with_file))
            return i;
        if (!with_file && test_random_below(&m->random, 200) == 0)
            return -1;
    }
}

static struct btree tree_of(struct model *m, int i)
{
    struct btree tree;
    assert_int_equal(btree_open(m->w.db->pages, m->trees[i].root, m->trees[i].objid, &tree), 0);
    tree.db = m->w.db;
    return tree;
}

static void create(struct model *m)
{
    static const uint32_t FLAGS[] = {0, PAGE_FLAG_INDEX, PAGE_FLAG_INDEX | PAGE_FLAG_NON_UNIQUE, PAGE_FLAG_LONG_VALUE};
    int slot = 1, parent = random_tree(m, true);
    while (slot < TREES_MAX && m->trees[slot].is_alive)
        slot++;
    if (slot == TREES_MAX)
        return;
    if (parent > 0 && m->trees[parent].parent != 0)
        parent = 0;
    uint32_t pages = 1 + (test_random_below(&m->random, 4) == 0 ? test_random_below(&m->random, 45) : test_random_below(&m->random, 4));
    struct model_tree *t = &m->trees[slot];
    *t = (struct model_tree){.parent = parent, .objid = m->next_objid++, .flags = parent == 0 ? 0 : FLAGS[1 + test_random_below(&m->random, 3)]};
    assert_int_equal(space_create_tree(&m->w.t, m->w.db, m->trees[parent].root, pages, pages >= 3 && test_random_below(&m->random, 2) == 0, t->flags, t->objid, 0, &t->root), 0);
    t->is_alive = true;
    use_page(m, t->root, slot);
}

static page_no_t random_page_of(struct model *m, int tree)
{
    page_no_t start = 1 + test_random_below(&m->random, m->user_room - 1);
    for (uint32_t i = 0; i < m->user_room; i++) {
        page_no_t p = (start + i) % m->user_room;
        if (m->user[p] == tree + 1 && p != m->trees[tree].root)
            return p;
    }
    return 0;
}

static void allocate(struct model *m, int tree)
{
    struct btree b = tree_of(m, tree);
    page_no_t page_no, near = random_page_of(m, tree);
    assert_int_equal(space_allocate(&m->w.t, &b, near != 0 ? near : b.root, &page_no), 0);
    use_page(m, page_no, tree);
}

static void free_page(struct model *m, int tree)
{
    struct btree b = tree_of(m, tree);
    page_no_t page_no = random_page_of(m, tree);
    if (page_no == 0)
        return;
    m->user[page_no] = 0;
    assert_int_equal(space_free(&m->w.t, &b, page_no), 0);
}

static void bury(struct model *m, int tree)
{
    for (int i = 1; i < TREES_MAX; i++) {
        if (m->trees[i].is_alive && m->trees[i].parent == tree)
            bury(m, i);
    }
    for (uint32_t p = 0; p < m->user_room; p++)
        m->user[p] = m->user[p] == tree + 1 ? 0 : m->user[p];
    m->trees[tree].is_alive = false;
}

static void delete_tree(struct model *m, int tree)
{
    struct space_deletion deletion = {.count = 0};
    bury(m, tree);
    assert_int_equal(space_delete_tree(&m->w.t, m->w.db, m->trees[tree].root, m->trees[tree].objid, &deletion), 0);
    space_deletion_release(&deletion);
}

static void step(struct model *m, bool growing)
{
    uint32_t what = test_random_below(&m->random, 100);
    int tree = random_tree(m, false);
    if (tree < 0 || what < 6)
        create(m);
    else if (what < (growing ? 70u : 35u))
        allocate(m, tree);
    else if (what < 96)
        free_page(m, tree);
    else if (what < 99)
        delete_tree(m, tree);
    else {
        uint32_t now, wanted = m->w.db->last_owned_page + test_random_below(&m->random, 10);
        assert_int_equal(space_grow(&m->w.t, m->w.db, wanted, &now), 0);
        assert_true(now >= wanted);
    }
}

/* The log ends after each of some numbers of records: anywhere, or near the end of a split. */
static void check_crashes(struct model *m, unsigned crashes)
{
    struct cache_file *real = m->w.db->pages;
    page_no_t real_last = m->w.db->last_owned_page;
    struct world_macros macros;
    uint64_t records = world_records(&m->w, &macros);
    for (unsigned i = 0; i < crashes; i++) {
        struct world_copy copy;
        uint64_t end = i % 2 == 0 || macros.count == 0 ? 20 + test_random(&m->random) % records
                                                       : macros.ends[test_random_below(&m->random, macros.count)] + test_random_below(&m->random, 2);
        struct world_pages pages = world_replay_prefix(&m->w, end);
        world_copy_open(&copy, &m->w, &pages);
        m->w.db->pages = copy.pages;
        page_no_t last = 0;
        assert_int_equal(space_last_owned_page(copy.pages, &last), 0);
        m->w.db->last_owned_page = last;
        for (int t = 0; t < TREES_MAX; t++) {
            if (m->trees[t].is_alive && exists(m, t))
                check_tree_of(m, t, AFTER_CRASH);
        }
        m->w.db->pages = real;
        m->w.db->last_owned_page = real_last;
        world_copy_close(&copy);
        free(pages.bytes);
    }
    free(macros.ends);
}

static void random_steps(uint32_t page_size, uint32_t extension, uint32_t steps)
{
    static struct model m;
    struct world_pages earlier[SNAPSHOTS];
    unsigned snapshots = 0;
    model_open(&m, page_size, extension, fresh_seed());
    for (uint32_t i = 0; i < steps; i++) {
        step(&m, i / 150 % 2 == 0);
        check_all(&m);
        if (i % (steps / SNAPSHOTS) == steps / SNAPSHOTS / 2 && snapshots < SNAPSHOTS)
            earlier[snapshots++] = world_snapshot(&m.w);
    }
    check_crashes(&m, 25);
    for (int i = 1; i < TREES_MAX; i++) { /* in the end everything comes back */
        if (m.trees[i].is_alive && m.trees[i].parent == 0)
            delete_tree(&m, i);
    }
    check_all(&m);
    world_check_pages(&m.w);
    world_check_replay(&m.w, earlier, snapshots, &m.random);
    while (snapshots > 0)
        free(earlier[--snapshots].bytes);
    model_close(&m);
}

static void pages_have_one_owner_and_one_use_at_every_page_size(void **state)
{
    (void)state;
    for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2)
        random_steps(size, size == 4096 ? 1 : 16, 1500);
}

/* --- deep extent trees --- */

/* Every page of the tree's extent trees that can, from the end of the file on. */
static uint32_t move_extent_tree_pages(struct model *m, int tree)
{
    uint32_t count = 0;
    for (page_no_t p = m->w.db->last_owned_page; p > 0; p--) {
        struct page_ref ref;
        bool moved;
        if (cache_get(m->w.db->pages, p, PAGE_LATCH_SHARED, &ref) < 0)
            continue;
        bool is_it = page_objid(&ref.view) == m->trees[tree].objid && (page_flags(&ref.view) & (PAGE_FLAG_SPACE_TREE | PAGE_FLAG_ROOT)) == PAGE_FLAG_SPACE_TREE;
        cache_release(&ref);
        if (!is_it)
            continue;
        assert_int_equal(space_move_page(&m->w.t, m->w.db, m->trees[tree].root, p, &moved), 0);
        count += moved;
    }
    return count;
}

static void extent_trees_of_three_levels_hold_and_give_back_everything(void **state)
{
    (void)state;
    enum { PAGES = 44000 };
    static struct model m;
    struct world_pages earlier[2];
    unsigned deepest = 0;
    model_open(&m, 2048, 512, fresh_seed());
    struct model_tree *t = &m.trees[1];
    *t = (struct model_tree){.parent = 0, .objid = m.next_objid++};
    assert_int_equal(space_create_tree(&m.w.t, m.w.db, 1, 1, false, 0, t->objid, 0, &t->root), 0);
    t->is_alive = true;
    use_page(&m, t->root, 1);
    page_no_t *pages = malloc(PAGES * sizeof *pages), near = t->root;
    struct btree b = tree_of(&m, 1);
    for (uint32_t i = 0; i < PAGES; i++) {
        assert_int_equal(space_allocate(&m.w.t, &b, near, &near), 0);
        use_page(&m, near, 1);
        pages[i] = near;
    }
    earlier[0] = world_snapshot(&m.w);
    check_all(&m);
    check_crashes(&m, 12);
    for (uint32_t i = 0; i < PAGES; i++) { /* every other one, in random order */
        uint32_t other = i + test_random_below(&m.random, PAGES - i);
        page_no_t p = pages[other];
        pages[other] = pages[i];
        pages[i] = p;
    }
    uint32_t freed = 0;
    for (uint32_t i = 0; i < PAGES; i++) {
        if (pages[i] % 2 != 0)
            continue;
        m.user[pages[i]] = 0;
        assert_int_equal(space_free(&m.w.t, &b, pages[i]), 0);
        freed++;
        if (freed % 4000 == 0) {
            unsigned depth = check_tree(&m, 1);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    earlier[1] = world_snapshot(&m.w);
    unsigned depth = check_tree(&m, 1);
    deepest = depth > deepest ? depth : deepest;
    assert_true(deepest >= 3);
    check_all(&m);
    assert_true(move_extent_tree_pages(&m, 1) > 20);
    check_all(&m);
    check_crashes(&m, 16);
    for (uint32_t i = 0; i < PAGES; i++) {
        if (m.user[pages[i]] == 0)
            continue;
        m.user[pages[i]] = 0;
        assert_int_equal(space_free(&m.w.t, &b, pages[i]), 0);
    }
    check_all(&m);
    free(pages);
    world_check_replay(&m.w, earlier, 2, &m.random);
    free(earlier[0].bytes);
    free(earlier[1].bytes);
    model_close(&m);
}

/* --- single facts --- */

static void a_full_database_refuses_and_stays_whole(void **state)
{
    (void)state;
    static struct model m;
    page_no_t page_no = 0;
    JET_ERR err;
    model_open(&m, 4096, 16, fresh_seed());
    m.w.db->size_max_pages = 100;
    create(&m);
    struct btree b = tree_of(&m, 1);
    while ((err = space_allocate(&m.w.t, &b, page_no, &page_no)) == JET_errSuccess) {
        use_page(&m, page_no, 1);
        check_all(&m);
    }
    assert_int_equal(err, JET_errOutOfDatabaseSpace);
    assert_true(m.w.db->last_owned_page <= 100);
    check_all(&m);
    page_no_t root;
    assert_int_equal(space_create_tree(&m.w.t, m.w.db, 1, 50, true, 0, 77, 0, &root), JET_errOutOfDatabaseSpace);
    check_all(&m);
    uint32_t now;
    assert_int_equal(space_grow(&m.w.t, m.w.db, 101, &now), JET_errOutOfDatabaseSpace);
    assert_int_equal(now, m.w.db->last_owned_page);
    for (page_no_t p = 1; p <= 100; p += 3) {
        if (m.user[p] == 2 && p != b.root) {
            m.user[p] = 0;
            assert_int_equal(space_free(&m.w.t, &b, p), 0);
        }
    }
    check_all(&m);
    model_close(&m);
}

static void a_full_disk_changes_nothing(void **state)
{
    (void)state;
    static struct model m;
    uint32_t now;
    page_no_t page_no;
    struct fault_fs *fault = fault_fs_create(os_fs_posix());
    memset(&m, 0, sizeof m);
    m.random = fresh_seed();
    m.next_objid = 2;
    world_open_on(&m.w, fault_fs_os(fault), 4096, FIRST_PAGES, 16);
    assert_int_equal(space_create_root(&m.w.t, m.w.db, FIRST_PAGES), 0);
    m.trees[0] = (struct model_tree){.root = 1, .parent = -1, .objid = 1, .is_alive = true};
    use_page(&m, 1, 0);
    create(&m);
    fault_fs_fail(fault, FAULT_SET_SIZE, 1, JET_errDiskFull, true);
    uint64_t records = world_records(&m.w, NULL);
    assert_int_equal(space_grow(&m.w.t, m.w.db, 200, &now), JET_errDiskFull);
    assert_int_equal(world_records(&m.w, NULL), records);
    check_all(&m);
    struct btree b = tree_of(&m, 1);
    JET_ERR err;
    while ((err = space_allocate(&m.w.t, &b, b.root, &page_no)) == JET_errSuccess)
        use_page(&m, page_no, 1);
    assert_int_equal(err, JET_errDiskFull);
    check_all(&m);
    fault_fs_fail(fault, FAULT_SET_SIZE, 0, 0, false);
    allocate(&m, 1);
    check_all(&m);
    world_check_replay(&m.w, NULL, 0, &m.random);
    model_close(&m);
    fault_fs_destroy(fault);
}

static void a_page_cannot_be_freed_twice_or_by_another_tree(void **state)
{
    (void)state;
    static struct model m;
    model_open(&m, 8192, 16, fresh_seed());
    create(&m);
    create(&m);
    for (int i = 0; i < 12; i++)
        allocate(&m, 1);
    struct btree b = tree_of(&m, 1);
    page_no_t p = random_page_of(&m, 1);
    m.user[p] = 0;
    assert_int_equal(space_free(&m.w.t, &b, p), 0);
    JET_ERR again = space_free(&m.w.t, &b, p);
    assert_true(again == JET_errSPAvailExtCorrupted || again == JET_errSPOwnExtCorrupted);
    assert_int_equal(space_free(&m.w.t, &b, 2), JET_errSPOwnExtCorrupted);
    assert_int_equal(space_free(&m.w.t, &b, b.root), JET_errSPOwnExtCorrupted);
    struct space_deletion deletion = {.count = 0};
    assert_int_equal(space_delete_tree(&m.w.t, m.w.db, b.root, 4711, &deletion), JET_errDatabaseCorrupted);
    space_deletion_release(&deletion);
    check_all(&m);
    model_close(&m);
}

/* Memory fails at every place sooner or later. */
static void a_failure_in_the_middle_loses_pages_at_most(void **state)
{
    (void)state;
    static struct model m;
    unsigned failures = 0;
    model_open(&m, 2048, 1, fresh_seed());
    for (uint32_t i = 0; i < 6; i++)
        create(&m);
    for (uint32_t i = 0; i < 6000; i++) {
        int tree = 1 + (int)test_random_below(&m.random, 6);
        struct btree b = tree_of(&m, tree);
        page_no_t page_no = random_page_of(&m, tree);
        bool frees = page_no != 0 && test_random_below(&m.random, 2) == 0;
        if (test_random_below(&m.random, 3) == 0)
            memory_fail_at(1 + test_random_below(&m.random, 8), 0);
        JET_ERR err;
        if (frees) {
            err = space_free(&m.w.t, &b, page_no);
            m.user[page_no] = 0; /* free, or lost */
        } else {
            err = space_allocate(&m.w.t, &b, page_no != 0 ? page_no : b.root, &page_no);
            if (err >= 0)
                use_page(&m, page_no, tree);
        }
        memory_fail_at(0, 0);
        assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
        failures += err < 0;
        for (int t = 0; t < TREES_MAX && (err < 0 || i % 50 == 0); t++) {
            if (m.trees[t].is_alive)
                check_tree_of(&m, t, LEAKY);
        }
    }
    assert_true(failures > 300);
    world_check_replay(&m.w, NULL, 0, &m.random);
    model_close(&m);
}

/* Memory fails at one place after the other; the deletion goes on until it is done. */
static void a_deletion_that_fails_in_the_middle_goes_on_and_loses_no_page(void **state)
{
    (void)state;
    static struct model m;
    unsigned failures = 0;
    for (uint32_t place = 1; place < 60; place++) {
        struct space_deletion deletion = {.count = 0};
        JET_ERR err = JET_errSuccess;
        model_open(&m, 2048, 1, fresh_seed());
        for (uint32_t i = 0; i < 4; i++)
            create(&m);
        for (uint32_t i = 0; i < 300; i++)
            allocate(&m, 1 + (int)test_random_below(&m.random, 4));
        for (uint32_t attempt = 0; attempt == 0 || err < 0; attempt++) { /* always at the same place it would never get on */
            memory_fail_at(place + attempt, 0);
            err = space_delete_tree(&m.w.t, m.w.db, m.trees[2].root, m.trees[2].objid, &deletion);
            memory_fail_at(0, 0);
            failures += err < 0;
            assert_true(err == JET_errSuccess || (err == JET_errOutOfMemory && attempt < 100));
        }
        space_deletion_release(&deletion);
        bury(&m, 2);
        check_all(&m);
        model_close(&m);
    }
    assert_true(failures > 5);
}

/* The first pages of a new database as Windows has them (database-file 7). */
static void system_tables_get_their_fixed_pages(void **state)
{
    (void)state;
    static const struct { page_no_t root, parent; uint32_t pages, flags, objid; bool multiple; } SYSTEM[] = {
        {4, 1, 20, 0, 2, true}, {24, 1, 5, 0, 3, true}, {7, 4, 3, PAGE_FLAG_INDEX, 4, true}, {10, 4, 3, PAGE_FLAG_INDEX, 5, true}, {29, 1, 1, 0, 6, false}, {30, 1, 1, 0, 7, false}};
    static struct model m;
    model_open(&m, 4096, 16, fresh_seed());
    for (int i = 0; i < 6; i++) {
        struct model_tree *t = &m.trees[i + 1];
        *t = (struct model_tree){.parent = SYSTEM[i].parent == 1 ? 0 : 1, .objid = SYSTEM[i].objid};
        assert_int_equal(space_create_tree(&m.w.t, m.w.db, SYSTEM[i].parent, SYSTEM[i].pages, SYSTEM[i].multiple, SYSTEM[i].flags, t->objid, SYSTEM[i].root, &t->root), 0);
        assert_int_equal(t->root, SYSTEM[i].root);
        t->is_alive = true;
        use_page(&m, t->root, i + 1);
        check_all(&m);
    }
    page_no_t root;
    assert_int_equal(space_create_tree(&m.w.t, m.w.db, 1, 3, false, 0, 8, 29, &root), JET_errOutOfDatabaseSpace);
    world_check_replay(&m.w, NULL, 0, &m.random);
    model_close(&m);
}

static void a_fixed_root_in_the_middle_leaves_the_pages_before_it_free(void **state)
{
    (void)state;
    static struct model m;
    model_open(&m, 4096, 16, fresh_seed());
    struct model_tree *t = &m.trees[1];
    *t = (struct model_tree){.parent = 0, .objid = 9};
    assert_int_equal(space_create_tree(&m.w.t, m.w.db, 1, 4, true, 0, 9, 15, &t->root), 0);
    t->is_alive = true;
    use_page(&m, 15, 1);
    check_all(&m);
    world_check_replay(&m.w, NULL, 0, &m.random);
    model_close(&m);
}

static JET_ERR shrink(struct model *m, uint32_t pages, uint32_t *now)
{
    JET_ERR err = space_shrink(&m->w.t, m->w.db, pages, now);
    assert_int_equal(space_cut_file(m->w.db), 0);
    return err;
}

static void the_file_shrinks_by_whole_extents_also_with_a_log(void **state)
{
    (void)state;
    static struct model m;
    uint32_t now, first;
    for (int has_log = 0; has_log < 2; has_log++) {
        model_open(&m, 4096, 16, fresh_seed());
        if (!has_log)
            m.w.db->log = NULL;
        assert_int_equal(space_grow(&m.w.t, m.w.db, 1, &first), 0);
        for (uint32_t pages = first; pages < 110; pages = now)
            assert_int_equal(space_grow(&m.w.t, m.w.db, pages + 1, &now), 0);
        uint32_t most = now;
        assert_int_equal(shrink(&m, 57, &now), JET_wrnShrinkNotPossible); /* an extent stands across it */
        assert_in_range(now, 58, 57 + 16);
        assert_int_equal(cache_file_last_page(m.w.db->pages), now);
        check_all(&m);
        uint32_t there = now;
        assert_int_equal(shrink(&m, there, &now), 0);
        assert_int_equal(now, there);
        create(&m);
        check_all(&m);
        assert_int_equal(shrink(&m, 1, &now), JET_wrnShrinkNotPossible);
        assert_true(now >= first);
        assert_int_equal(cache_file_last_page(m.w.db->pages), now);
        check_all(&m);
        assert_int_equal(space_grow(&m.w.t, m.w.db, most, &now), 0);
        for (int i = 0; i < 60; i++)
            allocate(&m, 1);
        check_all(&m);
        if (has_log)
            world_check_replay(&m.w, NULL, 0, &m.random);
        model_close(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_have_one_owner_and_one_use_at_every_page_size),
        cmocka_unit_test(extent_trees_of_three_levels_hold_and_give_back_everything),
        cmocka_unit_test(a_full_database_refuses_and_stays_whole),
        cmocka_unit_test(a_full_disk_changes_nothing),
        cmocka_unit_test(a_page_cannot_be_freed_twice_or_by_another_tree),
        cmocka_unit_test(a_failure_in_the_middle_loses_pages_at_most),
        cmocka_unit_test(a_deletion_that_fails_in_the_middle_goes_on_and_loses_no_page),
        cmocka_unit_test(system_tables_get_their_fixed_pages),
        cmocka_unit_test(a_fixed_root_in_the_middle_leaves_the_pages_before_it_free),
        cmocka_unit_test(the_file_shrinks_by_whole_extents_also_with_a_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
