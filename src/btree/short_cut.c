/* A seek's short cut past the root (README rule 19).
 *
 * The idea: every seek of every thread goes through the root, and latching it writes to memory that all of them share. A cursor that seeks often
 * keeps a copy of the root and goes from there. The copy may be out of date: then the leaf it leads to is not the right one, or no leaf of the tree any more, which
 * shows on the leaf itself, and the seek goes the whole way.
 * Called by cursor.c. No locks; latches as a descent below the root takes them.
 */
#include "base/memory.h"
#include "btree/internal.h"

enum { SEEKS_WANTED = 8, SEEKS_WANTED_MOST = 4096 };

void btree_short_cut_free(struct btree_cursor *cursor)
{
    mem_free(cursor->root.bytes);
    cursor->root = (struct btree_root_copy){.bytes = NULL};
}

/* It led astray: less often from now on, if it does so more often than not. */
static void give_up_copy(struct btree_root_copy *root)
{
    bool has_paid = root->uses > root->wanted;
    root->wanted = has_paid ? SEEKS_WANTED : root->wanted < SEEKS_WANTED_MOST ? 2 * root->wanted : SEEKS_WANTED_MOST;
    root->is_there = false;
    root->seeks = root->uses = 0;
}

static bool take_copy(struct btree_cursor *cursor)
{
    struct btree_root_copy *root = &cursor->root;
    struct page_ref ref = {0};
    if (root->wanted == 0)
        root->wanted = SEEKS_WANTED;
    if (++root->seeks < root->wanted)
        return false;
    root->seeks = 0;
    if (btree_get_root(cursor->tree, PAGE_LATCH_SHARED, &ref) < 0)
        return false;
    if (root->bytes == NULL)
        root->bytes = (uint8_t *)mem_alloc(ref.view.size);
    if (root->bytes != NULL && !page_is_leaf(&ref.view) && page_node_count(&ref.view) > 0) {
        memcpy(root->bytes, ref.view.bytes, ref.view.size);
        root->view = page_view_trusted(root->bytes, ref.view.size, ref.view.page_no);
        root->is_there = true;
    }
    cache_release(&ref);
    return root->is_there;
}

/* Down from the copy to a leaf, checked on arrival as always. */
static JET_ERR descend(const struct btree *tree, const struct page_view *root, const struct btree_target *target, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref child = {0};
    const struct page_view *here = root;
    *out = (struct page_ref){0};
    for (unsigned depth = 0; !page_is_leaf(here); depth++) {
        if (page_node_count(here) == 0 || depth == BTREE_DEPTH_MAX)
            RAISE(JET_errDatabaseCorrupted);
        struct node entry = page_node(here, btree_child_search(tree, here, target));
        if (entry.data.size != sizeof(uint32_t))
            RAISE(JET_errDatabaseCorrupted);
        err = btree_get_child(tree, here, node_child(&entry), PAGE_LATCH_SHARED, &child);
        if (err < 0)
            goto done;
        cache_release(out);
        *out = child;
        child = (struct page_ref){0};
        here = &out->view;
    }
done:
    if (err < 0)
        cache_release(out);
    return err;
}

bool btree_short_cut(struct btree_cursor *cursor, const struct btree_target *target, struct page_ref *ref, uint32_t *line, bool *exact)
{
    struct btree_root_copy *root = &cursor->root;
    if (!root->is_there && !take_copy(cursor))
        return false;
    if (descend(cursor->tree, &root->view, target, ref) >= 0) {
        uint32_t count = page_node_count(&ref->view);
        *line = btree_leaf_search(cursor->tree, &ref->view, target, exact);
        /* A leaf in use has what lies between its own nodes, and beyond them at the ends of the tree. */
        if (*exact || (count > 0 && (*line > 0 ? *line < count || page_next(&ref->view) == 0 : page_previous(&ref->view) == 0))) {
            root->uses++;
            return true;
        }
        cache_release(ref);
    }
    give_up_copy(root);
    return false;
}
