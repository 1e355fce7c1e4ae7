/* Descents of those who change a tree: to one leaf, or along the path that a split will change.
 *
 * A change of one leaf takes shared latches on the way and the leaf exclusive: whether a child is a leaf is known from its parent, and a root that is a leaf is
 * latched once more. A split works on a path: internal pages are only changed by who has locked the tree's structure, so the path is read first, with nothing kept
 * latched, and then exactly the pages that will change are latched, downwards.
 */
#include "btree/change.h"

static JET_ERR child_of(const struct page_view *page, uint32_t line, page_no_t *child)
{
    JET_ERR err = JET_errSuccess;
    struct node entry = page_node(page, line);
    if (entry.data.size != sizeof(uint32_t))
        RAISE(JET_errDatabaseCorrupted);
    *child = node_child(&entry);
done:
    return err;
}

static bool is_above_leaf(const struct page_view *page) { return (page_flags(page) & PAGE_FLAG_PARENT_OF_LEAF) != 0; }

/* The root, exclusive if it is a leaf, else shared. */
static JET_ERR get_root_for_leaf_change(const struct btree *tree, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    for (;;) {
        TRY(btree_get_root(tree, PAGE_LATCH_SHARED, out));
        if (!page_is_leaf(&out->view))
            return JET_errSuccess;
        cache_release(out);
        TRY(btree_get_root(tree, PAGE_LATCH_EXCLUSIVE, out));
        if (page_is_leaf(&out->view))
            return JET_errSuccess;
        cache_release(out); /* it has been split meanwhile */
    }
done:
    return err;
}

JET_ERR btree_descend_to_write(const struct btree *tree, const struct btree_target *target, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref child = {0};
    page_no_t page_no = 0;
    unsigned depth = 0;
    *out = (struct page_ref){0};
    TRY(get_root_for_leaf_change(tree, out));
    while (!page_is_leaf(&out->view)) {
        if (page_node_count(&out->view) == 0 || depth++ == BTREE_DEPTH_MAX)
            RAISE(JET_errDatabaseCorrupted);
        TRY(child_of(&out->view, btree_child_search(tree, &out->view, target), &page_no));
        TRY(btree_get_child(tree, &out->view, page_no, is_above_leaf(&out->view) ? PAGE_LATCH_EXCLUSIVE : PAGE_LATCH_SHARED, &child));
        cache_release(out);
        *out = child;
        child = (struct page_ref){0};
    }
done:
    if (err < 0)
        cache_release(out);
    return err;
}

/* The children of an internal page beside the one at `line`. */
static JET_ERR note_neighbours(const struct page_view *page, uint32_t line, page_no_t out[2])
{
    JET_ERR err = JET_errSuccess;
    out[0] = out[1] = 0;
    if (line > 0)
        TRY(child_of(page, line - 1, &out[0]));
    if (line + 1 < page_node_count(page))
        TRY(child_of(page, line + 1, &out[1]));
done:
    return err;
}

JET_ERR btree_read_path(const struct btree *tree, const struct btree_target *target, struct btree_path *out)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref here = {0}, child = {0};
    uint32_t depth = 0;
    out->page_nos[0] = tree->root;
    out->neighbours[0] = out->neighbours[1] = 0;
    TRY(btree_get_root(tree, PAGE_LATCH_SHARED, &here));
    while (!page_is_leaf(&here.view)) {
        if (page_node_count(&here.view) == 0 || depth == BTREE_DEPTH_MAX)
            RAISE(JET_errDatabaseCorrupted);
        out->lines[depth] = btree_child_search(tree, &here.view, target);
        out->counts[depth] = page_node_count(&here.view);
        TRY(child_of(&here.view, out->lines[depth], &out->page_nos[depth + 1]));
        if (is_above_leaf(&here.view))
            TRY(note_neighbours(&here.view, out->lines[depth], out->neighbours));
        TRY(btree_get_child(tree, &here.view, out->page_nos[depth + 1], PAGE_LATCH_SHARED, &child));
        cache_release(&here);
        here = child;
        child = (struct page_ref){0};
        depth++;
    }
    out->depth = depth;
    out->leaf_nodes = page_node_count(&here.view);
done:
    cache_release(&here);
    return err;
}

JET_ERR btree_latch_path(const struct btree *tree, const struct btree_path *path, uint32_t from, struct page_ref refs[BTREE_DEPTH_MAX + 1])
{
    JET_ERR err = JET_errSuccess;
    uint32_t level = from;
    for (; level <= path->depth; level++) {
        refs[level] = (struct page_ref){0};
        if (level == 0)
            TRY(btree_get_root(tree, PAGE_LATCH_EXCLUSIVE, &refs[0]));
        else if (level > from)
            TRY(btree_get_child(tree, &refs[level - 1].view, path->page_nos[level], PAGE_LATCH_EXCLUSIVE, &refs[level]));
        else
            TRY(cache_get(tree->file, path->page_nos[level], PAGE_LATCH_EXCLUSIVE, &refs[level]));
        bool is_leaf = page_is_leaf(&refs[level].view);
        if (is_leaf != (level == path->depth) || (is_leaf && !btree_is_leaf_of(tree, &refs[level].view))) {
            level++;
            RAISE(JET_errDatabaseCorrupted);
        }
    }
done:
    while (err < 0 && level-- > from)
        cache_release(&refs[level]);
    return err;
}
