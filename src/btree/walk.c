/* From page to page: the descent from the root, and the steps to a leaf's siblings, with the checks that make them safe on any file.
 *
 * Latches follow README rules 1-5: parent before child, left before right, never the other way round. Every page is checked on arrival
 * against what led there (object id, kind, links), so a damaged pointer is an error at the step that follows it.
 * Called by cursor.c, position.c, read_ahead.c and space.c.
 */
#include "btree/internal.h"

static bool belongs_to(const struct btree *tree, const struct page_view *page)
{
    uint32_t flags = page_flags(page);
    return page_objid(page) == tree->objid && ((flags & PAGE_FLAG_SPACE_TREE) != 0) == tree->is_space_tree &&
           (flags & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED)) == 0 && (page_is_leaf(page) || page_node_count(page) > 0);
}

bool btree_is_leaf_of(const struct btree *tree, const struct page_view *page)
{
    return belongs_to(tree, page) && (page_flags(page) & (PAGE_FLAG_LEAF | PAGE_FLAG_PARENT_OF_LEAF)) == PAGE_FLAG_LEAF &&
           page_is_root(page) == (page->page_no == tree->root);
}

/* A root is a leaf, the parent of leaves, or higher; never two of these. */
static bool is_good_root(const struct page_view *page)
{
    uint32_t flags = page_flags(page);
    return (flags & PAGE_FLAG_ROOT) != 0 && (flags & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED)) == 0 &&
           (flags & (PAGE_FLAG_LEAF | PAGE_FLAG_PARENT_OF_LEAF)) != (PAGE_FLAG_LEAF | PAGE_FLAG_PARENT_OF_LEAF);
}

JET_ERR btree_open(struct cache_file *file, page_no_t root, uint32_t objid, struct btree *out)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    *out = (struct btree){0};
    if (root == 0)
        RAISE(JET_errDatabaseCorrupted);
    TRY(cache_get(file, root, PAGE_LATCH_SHARED, &ref));
    if (!is_good_root(&ref.view) || page_objid(&ref.view) == 0 || (objid != 0 && page_objid(&ref.view) != objid))
        RAISE(JET_errDatabaseCorrupted);
    uint32_t flags = page_flags(&ref.view);
    *out = (struct btree){
        .file = file,
        .db = (struct database *)cache_file_context(file),
        .root = root,
        .objid = page_objid(&ref.view),
        /* Space trees inherit the flag of a non-unique owner, but an extent is known by its last page alone. */
        .is_unique = (flags & PAGE_FLAG_NON_UNIQUE) == 0 || (flags & PAGE_FLAG_SPACE_TREE) != 0,
        .is_space_tree = (flags & PAGE_FLAG_SPACE_TREE) != 0,
    };
done:
    cache_release(&ref);
    return err;
}

static uint32_t choose_entry(const struct btree *tree, const struct page_view *page, struct btree_route *route)
{
    uint32_t count = page_node_count(page);
    switch (route->way) {
    case BTREE_TO_FIRST:
        return 0;
    case BTREE_TO_LAST:
        return count - 1;
    case BTREE_TO_FRACTION: {
        uint64_t share = route->numerator * count; /* both are small: numerator <= 2^32, count < 2^12 or 2^16 */
        uint64_t line = share / route->denominator;
        if (line >= count) {
            route->numerator = route->denominator;
            return count - 1;
        }
        route->numerator = share % route->denominator;
        return (uint32_t)line;
    }
    case BTREE_TO_TARGET:
        break;
    }
    return btree_child_search(tree, page, &route->target);
}

JET_ERR btree_get_child(const struct btree *tree, const struct page_view *parent, page_no_t child, enum page_latch latch, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    bool is_above_leaf = (page_flags(parent) & PAGE_FLAG_PARENT_OF_LEAF) != 0;
    if (child == 0 || child == tree->root || child == parent->page_no) /* latching a held page again could wait for itself */
        RAISE(JET_errBadParentPageLink);
    TRY(cache_get(tree->file, child, latch, out));
    if (is_above_leaf ? !btree_is_leaf_of(tree, &out->view)
                      : !belongs_to(tree, &out->view) || (page_flags(&out->view) & (PAGE_FLAG_LEAF | PAGE_FLAG_ROOT)) != 0)
        RAISE(JET_errBadParentPageLink);
done:
    if (err < 0)
        cache_release(out);
    return err;
}

JET_ERR btree_get_root(const struct btree *tree, enum page_latch latch, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    TRY(cache_get(tree->file, tree->root, latch, out));
    if (!is_good_root(&out->view) || !belongs_to(tree, &out->view))
        RAISE(JET_errDatabaseCorrupted);
done:
    if (err < 0)
        cache_release(out);
    return err;
}

JET_ERR btree_descend(const struct btree *tree, struct btree_route *route, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref child = {0};
    *out = (struct page_ref){0};
    route->depth = 0;
    TRY(btree_get_root(tree, PAGE_LATCH_SHARED, out));
    while (!page_is_leaf(&out->view)) {
        if (page_node_count(&out->view) == 0 || route->depth == BTREE_DEPTH_MAX)
            RAISE(JET_errDatabaseCorrupted);
        uint32_t line = choose_entry(tree, &out->view, route);
        route->level[route->depth].line = line;
        route->level[route->depth].count = page_node_count(&out->view);
        route->depth++;
        if (route->stop_above_leaf && (page_flags(&out->view) & PAGE_FLAG_PARENT_OF_LEAF) != 0)
            break;
        struct node entry = page_node(&out->view, line);
        if (entry.data.size != sizeof(uint32_t))
            RAISE(JET_errDatabaseCorrupted);
        TRY(btree_get_child(tree, &out->view, node_child(&entry), PAGE_LATCH_SHARED, &child));
        cache_release(out);
        *out = child;
        child = (struct page_ref){0};
    }
done:
    if (err < 0)
        cache_release(out);
    return err;
}

struct btree_walk btree_walk_begin(const struct btree *tree)
{
    return (struct btree_walk){.pages_left = (uint64_t)cache_file_last_page(tree->file) + 1};
}

static JET_ERR count_step(struct btree_walk *walk)
{
    JET_ERR err = JET_errSuccess;
    if (walk->pages_left == 0) /* more leaves than pages: a ring of leaves without nodes */
        RAISE(JET_errBadPageLink);
    walk->pages_left--;
done:
    return err;
}

JET_ERR btree_step_right(const struct btree *tree, struct btree_walk *walk, struct page_ref *ref, bool *at_end)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref right = {0};
    page_no_t here = ref->view.page_no, next = page_next(&ref->view);
    *at_end = next == 0;
    if (*at_end)
        return JET_errSuccess;
    TRY(count_step(walk));
    if (next == here || next == tree->root)
        RAISE(JET_errBadPageLink);
    TRY(cache_get(tree->file, next, PAGE_LATCH_SHARED, &right));
    if (!btree_is_leaf_of(tree, &right.view) || page_previous(&right.view) != here)
        RAISE(JET_errBadPageLink);
    cache_release(ref);
    *ref = right;
    return JET_errSuccess;
done:
    cache_release(&right);
    cache_release(ref);
    return err;
}

JET_ERR btree_step_left(const struct btree *tree, struct btree_walk *walk, struct page_ref *ref, bool *at_end, bool *changed)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref left = {0}, again = {0};
    page_no_t here = ref->view.page_no, previous = page_previous(&ref->view);
    uint64_t dbtime = page_dbtime(&ref->view);
    *changed = false;
    *at_end = previous == 0;
    if (*at_end)
        return JET_errSuccess;
    TRY(count_step(walk));
    if (previous == here || previous == tree->root)
        RAISE(JET_errBadPageLink);
    cache_release(ref);
    err = cache_get(tree->file, previous, PAGE_LATCH_SHARED, &left);
    bool is_neighbour = err >= 0 && btree_is_leaf_of(tree, &left.view) && page_next(&left.view) == here;
    if (!is_neighbour)
        cache_release(&left); /* what comes next must not be latched while an unrelated page is held */
    /* Left to right: with the left page held, or nothing, it is safe to look at the right one again. If it is as it was, it named its
     * neighbour truly the whole time, so a neighbour that does not fit is damage; if it has changed, somebody else was at work. */
    JET_ERR first_error = err;
    err = cache_get(tree->file, here, PAGE_LATCH_SHARED, &again);
    if (err == JET_errPageNotInitialized || err == JET_errFileIOBeyondEOF) { /* it was a page of this tree a moment ago, and is none now */
        *changed = true;
        err = JET_errSuccess;
        goto done;
    }
    if (err < 0)
        goto done;
    *changed = page_dbtime(&again.view) != dbtime || !btree_is_leaf_of(tree, &again.view) || page_previous(&again.view) != previous;
    if (!*changed && first_error < 0)
        RAISE(first_error);
    if (!*changed && !is_neighbour)
        RAISE(JET_errBadPageLink);
    if (!*changed) {
        *ref = left;
        left = (struct page_ref){0};
    }
done:
    cache_release(&again);
    cache_release(&left);
    if (err < 0)
        cache_release(ref);
    return err;
}

bool btree_latch_hint(const struct btree_cursor *cursor, struct page_ref *ref)
{
    *ref = (struct page_ref){0};
    /* Any failure here means only that the hint is of no use: the descent that follows reports what is really wrong. */
    if (cursor->page_no == 0 || cache_get(cursor->tree->file, cursor->page_no, PAGE_LATCH_SHARED, ref) < 0)
        return false;
    if (page_dbtime(&ref->view) == cursor->dbtime && btree_is_leaf_of(cursor->tree, &ref->view) && cursor->line < page_node_count(&ref->view))
        return true;
    cache_release(ref);
    return false;
}
