/* The walk over one tree: every page once, left to right, checked against its parent, its neighbours and the tree it belongs to.
 *
 * The idea: an explicit stack of page copies, one per level. Before a page is entered its bit in check->used is set; a page whose bit is set
 * already is a finding and is not entered, so that no arrangement of child pointers makes the walk endless. A page that cannot be entered is
 * left out and the walk goes on with its neighbour; is_complete then tells that counts mean nothing.
 *
 * Rules checked here (database-file 5): kind and object id of every page; internal pages above leaves, all leaves at one depth; bookmarks
 * within the separators of the parent; the last separator of an internal page repeats the parent's; leaves linked both ways in key order;
 * dbtime within the header's. Rules inside a page are page_check's.
 */
#include "check/internal.h"

/* --- bookmarks against separators --- */

/* The node's bytes in bookmark order: prefix, suffix and, in leaves of non-unique trees, data. Separators may hold part of the data. */
static int compare_bookmark(const struct node *n, bool with_data, struct span bound)
{
    struct span parts[3] = {n->prefix, n->suffix, with_data ? n->data : span_of(n->data.data, 0)};
    for (int i = 0; i < 3; i++) {
        uint32_t common = parts[i].size < bound.size ? parts[i].size : bound.size;
        int order = common > 0 ? memcmp(parts[i].data, bound.data, common) : 0;
        if (order != 0)
            return order;
        if (common < parts[i].size)
            return 1; /* the bound ends here, the bookmark goes on */
        bound = span_of(bound.data + common, bound.size - common);
    }
    return bound.size > 0 ? -1 : 0;
}

static bool has_data_in_bookmark(const struct tree_walk *walk)
{
    return (walk->root_flags & PAGE_FLAG_NON_UNIQUE) != 0 && (walk->root_flags & PAGE_FLAG_SPACE_TREE) == 0;
}

/* --- construction --- */

JET_ERR tree_walk_create(struct check *c, struct tree_walk **out)
{
    JET_ERR err = JET_errSuccess;
    struct tree_walk *walk = mem_alloc(sizeof *walk);
    *out = NULL;
    if (walk == NULL)
        RAISE(JET_errOutOfMemory);
    walk->check = c;
    for (uint32_t i = 0; i < BTREE_DEPTH_MAX; i++) {
        struct walk_level *level = &walk->levels[i];
        level->page = mem_alloc(c->page_size);
        level->low = mem_alloc(BTREE_BOOKMARK_MAX);
        level->high = mem_alloc(BTREE_BOOKMARK_MAX);
        if (level->page == NULL || level->low == NULL || level->high == NULL)
            RAISE(JET_errOutOfMemory);
    }
    *out = walk;
done:
    if (err < 0)
        tree_walk_destroy(walk);
    return err;
}

void tree_walk_destroy(struct tree_walk *walk)
{
    if (walk == NULL)
        return;
    for (uint32_t i = 0; i < BTREE_DEPTH_MAX; i++) {
        mem_free(walk->levels[i].page);
        mem_free(walk->levels[i].low);
        mem_free(walk->levels[i].high);
    }
    mem_free(walk);
}

/* --- entering a page --- */

static void left_out(struct tree_walk *walk)
{
    walk->is_complete = false;
    walk->is_chain_known = false;
}

/* Copies the page into the level if it can be read and is sound in itself. *entered false: there is a finding. */
static JET_ERR load_page(struct tree_walk *walk, page_no_t page_no, page_no_t parent, struct walk_level *level, bool *entered)
{
    JET_ERR err = JET_errSuccess;
    struct check *c = walk->check;
    struct page_ref ref = {.frame = NULL};
    const char *why = NULL;
    *entered = false;
    if (!check_page_exists(c, page_no)) {
        check_report_finding(c, CHECK_ERROR, JET_errBadParentPageLink, parent, "child page %u is outside the file", page_no);
        goto done;
    }
    if (page_set_has(&c->used, page_no)) {
        check_report_finding(c, CHECK_ERROR, JET_errBadParentPageLink, page_no, "page is part of two trees, or twice of one (parent page %u)", parent);
        goto done;
    }
    page_set_add(&c->used, page_no);
    page_set_add(&c->owners[c->level].used, page_no);
    err = cache_get(walk->check->file, page_no, PAGE_LATCH_SHARED, &ref);
    if (err >= 0) {
        memcpy(level->page, ref.view.bytes, c->page_size);
        cache_release(&ref);
        err = page_check(level->page, c->page_size, page_no, &why);
    }
    if (err < 0) {
        if (!check_is_finding(err))
            goto done;
        check_report_finding(c, CHECK_ERROR, err, page_no, "%s (parent page %u)", why != NULL ? why : "page cannot be read", parent);
        err = JET_errSuccess;
        goto done;
    }
    level->view = page_view_trusted(level->page, c->page_size, page_no);
    level->line = 0;
    *entered = true;
    c->pages_walked++;
    TRY(check_progress(c));
done:
    return err;
}

/* Flags every page of a tree shares with its root. */
enum { TREE_FLAGS = PAGE_FLAG_SPACE_TREE | PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE | PAGE_FLAG_NON_UNIQUE };

/* Does the page belong here: kind, object, place in the tree? A text when not. Such a page is not entered. */
static const char *foreign_page(const struct tree_walk *walk, const struct page_view *page, const struct page_view *parent)
{
    uint32_t flags = page_flags(page);
    if (page_objid(page) != walk->objid)
        return "page belongs to another object";
    if ((flags & TREE_FLAGS) != (walk->root_flags & TREE_FLAGS))
        return "page is of another kind of tree than its root";
    if (page_is_root(page) != (parent == NULL))
        return parent == NULL ? "page is not a root" : "root page below a parent";
    if ((flags & PAGE_FLAG_EMPTY) != 0)
        return "empty page is still part of the tree";
    if (parent != NULL && page_is_leaf(page) != ((page_flags(parent) & PAGE_FLAG_PARENT_OF_LEAF) != 0))
        return page_is_leaf(page) ? "leaf below a page that is no parent of leaves" : "internal page below a parent of leaves";
    return NULL;
}

static void check_bounds(struct tree_walk *walk, const struct walk_level *level)
{
    struct check *c = walk->check;
    const struct page_view *page = &level->view;
    uint32_t count = page_node_count(page);
    if (count == 0)
        return;
    bool is_leaf = page_is_leaf(page), with_data = is_leaf && has_data_in_bookmark(walk);
    struct node first = page_node(page, 0), last = page_node(page, count - 1);
    struct span low = span_of(level->low, level->low_size), high = span_of(level->high, level->high_size);
    bool is_first_infinite = !is_leaf && node_key_size(&first) == 0;
    if (level->low_size > 0 && !is_first_infinite && compare_bookmark(&first, with_data, low) < (is_leaf ? 0 : 1))
        check_report_finding(c, CHECK_ERROR, JET_errDatabaseCorrupted, page->page_no, "first key is below the separator before the page");
    if (!is_leaf) { /* the last separator repeats the parent's; empty = infinity on the rightmost path */
        bool is_infinite = node_key_size(&last) == 0;
        if (is_infinite != !level->has_high || (level->has_high && compare_bookmark(&last, false, high) != 0))
            check_report_finding(c, CHECK_ERROR, JET_errDatabaseCorrupted, page->page_no, "last separator differs from the parent's");
    } else if (level->has_high && compare_bookmark(&last, with_data, high) >= 0) {
        check_report_finding(c, CHECK_ERROR, JET_errDatabaseCorrupted, page->page_no, "last key is not below the separator behind the page");
    }
}

static void check_chain(struct tree_walk *walk, const struct page_view *page)
{
    struct check *c = walk->check;
    if (walk->is_chain_known) {
        if (page_previous(page) != walk->last_leaf)
            check_report_finding(c, CHECK_ERROR, JET_errBadPageLink, page->page_no, "previous page is %u, should be %u", page_previous(page),
                                 walk->last_leaf);
        if (walk->last_leaf != 0 && walk->last_leaf_next != page->page_no)
            check_report_finding(c, CHECK_ERROR, JET_errBadPageLink, walk->last_leaf, "next page is %u, should be %u", walk->last_leaf_next,
                                 page->page_no);
    }
    walk->is_chain_known = true;
    walk->last_leaf = page->page_no;
    walk->last_leaf_next = page_next(page);
}

/* Reads a page into the level walk->depth and makes it the top of the stack, unless there is a finding that forbids it. */
static JET_ERR enter_page(struct tree_walk *walk, page_no_t page_no, const struct page_view *parent)
{
    JET_ERR err = JET_errSuccess;
    struct check *c = walk->check;
    struct walk_level *level = &walk->levels[walk->depth];
    bool entered;
    TRY(load_page(walk, page_no, parent != NULL ? parent->page_no : 0, level, &entered));
    if (!entered) {
        left_out(walk);
        goto done;
    }
    if (parent == NULL) {
        walk->root_flags = page_flags(&level->view);
        if (walk->objid == 0)
            walk->objid = page_objid(&level->view);
    }
    const char *why = foreign_page(walk, &level->view, parent);
    if (why != NULL) {
        check_report_finding(c, CHECK_ERROR, (page_flags(&level->view) & PAGE_FLAG_EMPTY) != 0 ? JET_errBadEmptyPage : JET_errBadParentPageLink, page_no,
                             "%s (parent page %u)", why, parent != NULL ? parent->page_no : 0);
        left_out(walk);
        goto done;
    }
    if (c->is_clean && page_dbtime(&level->view) > c->db->header.dbtime)
        check_report_finding(c, CHECK_ERROR, JET_errDbTimeCorrupted, page_no, "page is newer than the database");
    walk->depth++;
    check_bounds(walk, level);
    if (page_is_leaf(&level->view)) {
        if (walk->leaf_depth == 0)
            walk->leaf_depth = walk->depth;
        else if (walk->leaf_depth != walk->depth)
            check_report_finding(c, CHECK_ERROR, JET_errDatabaseCorrupted, page_no, "leaves at depths %u and %u", walk->leaf_depth, walk->depth);
        check_chain(walk, &level->view);
        walk->leaves++;
    }
done:
    return err;
}

static const char *wrong_root(uint32_t flags, enum tree_kind kind)
{
    static const uint32_t wanted[] = {
        [TREE_TABLE] = 0, [TREE_INDEX] = PAGE_FLAG_INDEX, [TREE_LONG_VALUES] = PAGE_FLAG_LONG_VALUE, [TREE_SPACE] = PAGE_FLAG_SPACE_TREE};
    uint32_t looked_at = kind == TREE_SPACE ? PAGE_FLAG_SPACE_TREE : PAGE_FLAG_SPACE_TREE | PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE;
    return (flags & looked_at) == wanted[kind] ? NULL : "root page is of another kind of tree";
}

JET_ERR tree_walk_begin(struct tree_walk *walk, page_no_t root, uint32_t objid, enum tree_kind kind)
{
    JET_ERR err = JET_errSuccess;
    walk->root = root;
    walk->objid = objid;
    walk->kind = kind;
    walk->root_flags = 0;
    walk->is_complete = true;
    walk->depth = walk->leaf_depth = 0;
    walk->last_leaf = walk->last_leaf_next = 0;
    walk->is_chain_known = true;
    walk->leaves = walk->nodes = walk->deleted = 0;
    walk->levels[0].low_size = walk->levels[0].high_size = 0;
    walk->levels[0].has_high = false;
    TRY(enter_page(walk, root, NULL));
    if (walk->depth == 0)
        goto done;
    const char *why = wrong_root(walk->root_flags, kind);
    if (why != NULL) {
        check_report_finding(walk->check, CHECK_ERROR, JET_errDatabaseCorrupted, root, "%s", why);
        walk->depth = 0;
        left_out(walk);
    }
done:
    return err;
}

struct span tree_walk_root_header(const struct tree_walk *walk)
{
    return walk->depth == 0 ? span_of(NULL, 0) : page_external_header(&walk->levels[0].view);
}

/* --- going on --- */

/* Descends into the child that the top level's next line names. */
static JET_ERR descend(struct tree_walk *walk)
{
    JET_ERR err = JET_errSuccess;
    struct walk_level *parent = &walk->levels[walk->depth - 1];
    struct node n = page_node(&parent->view, parent->line);
    uint32_t key_size = node_key_size(&n);
    parent->line++;
    if (walk->depth == BTREE_DEPTH_MAX || key_size > BTREE_BOOKMARK_MAX) {
        check_report_finding(walk->check, CHECK_ERROR, JET_errDatabaseCorrupted, parent->view.page_no,
                             walk->depth == BTREE_DEPTH_MAX ? "tree is too deep" : "separator is too long");
        left_out(walk);
        goto done;
    }
    struct walk_level *child = &walk->levels[walk->depth];
    if (parent->line == 1) {
        child->low_size = parent->low_size;
        memcpy(child->low, parent->low, parent->low_size);
    } else { /* where the child before ended */
        child->low_size = child->high_size;
        memcpy(child->low, child->high, child->high_size);
    }
    child->has_high = key_size > 0;
    child->high_size = node_copy_key(&n, child->high);
    TRY(enter_page(walk, node_child(&n), &parent->view));
done:
    return err;
}

static void check_end(struct tree_walk *walk)
{
    if (walk->is_chain_known && walk->last_leaf_next != 0)
        check_report_finding(walk->check, CHECK_ERROR, JET_errBadPageLink, walk->last_leaf, "last leaf names page %u as the next", walk->last_leaf_next);
    walk->check->report->nodes_deleted += walk->deleted;
}

JET_ERR tree_walk_next(struct tree_walk *walk, struct node *node, bool *at_end)
{
    JET_ERR err = JET_errSuccess;
    *at_end = false;
    while (walk->depth > 0) {
        struct walk_level *top = &walk->levels[walk->depth - 1];
        if (top->line >= page_node_count(&top->view)) {
            if (--walk->depth == 0)
                check_end(walk);
            continue;
        }
        if (!page_is_leaf(&top->view)) {
            TRY(descend(walk));
            continue;
        }
        *node = page_node(&top->view, top->line++);
        if ((node->flags & NODE_FLAG_DELETED) == 0) {
            walk->nodes++;
            goto done;
        }
        walk->deleted++;
    }
    *at_end = true;
done:
    return err;
}
