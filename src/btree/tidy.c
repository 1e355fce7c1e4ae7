/* Trees kept free of pages they do not need (tidy.h).
 *
 * The place is the bookmark of the last node that was seen, not a page: between two leaves nothing is latched, and what was there may have moved. Whoever comes back to it takes the rest of the
 * leaf that covers it now, or else the leaf to its right. */
#include "btree/tidy.h"

#include "base/memory.h"
#include "btree/change.h"
#include "btree/merge.h"
#include "btree/scrub.h"

enum { WORTH_SHARE = 8 }; /* free room that one leaf, or the one to its left, must have */

/* What one leaf asks for. */
struct leaf_look {
    uint8_t *first;              /* bookmark of its first node, BTREE_BOOKMARK_MAX bytes */
    uint32_t key_size, data_size;
    bool has_dead_nodes, may_pack;
};

static struct btree_target target_of(const uint8_t *bookmark, uint32_t key_size, uint32_t data_size)
{
    return (struct btree_target){.key = span_of(bookmark, key_size), .data = span_of(bookmark + key_size, data_size)};
}

static bool is_dead(const struct btree *tree, const struct node *n)
{
    struct database *db = tree->db;
    const struct version_node node = {.db = db, .dbid = (uint8_t)db->dbid, .root = tree->root, .objid = tree->objid, .is_unique = tree->is_unique, .key = {n->prefix, n->suffix}, .data = n->data};
    return (n->flags & NODE_FLAG_DELETED) != 0 && db->versions != NULL && !version_is_active(db->versions, &node);
}

JET_ERR btree_copy_bookmark(const struct btree *tree, const struct node *n, uint8_t *room, uint32_t *key_size, uint32_t *data_size)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = node_key_size(n), data = tree->is_unique ? 0 : n->data.size;
    if (size > BTREE_KEY_MAX || data > BTREE_BOOKMARK_MAX - size)
        RAISE(JET_errDatabaseCorrupted);
    node_copy_key(n, room);
    if (data > 0)
        memcpy(room + size, n->data.data, data);
    *key_size = size;
    *data_size = data;
done:
    return err;
}

/* The leaf to be looked at next, latched; *is_done: there is none. */
static JET_ERR next_leaf(const struct btree *tree, const struct btree_tidy *s, struct page_ref *ref, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    struct btree_route route = {.way = s->has_begun ? BTREE_TO_TARGET : BTREE_TO_FIRST};
    struct btree_walk walk = btree_walk_begin(tree);
    bool at_end = false;
    if (s->has_begun)
        route.target = target_of(s->bookmark, s->key_size, s->data_size);
    TRY(btree_descend(tree, &route, ref));
    for (;;) {
        uint32_t count = page_node_count(&ref->view);
        if (count > 0) {
            struct node last = page_node(&ref->view, count - 1);
            if (!s->has_begun || btree_compare_node(tree, &last, &route.target) > 0)
                break;
        }
        TRY(btree_step_right(tree, &walk, ref, &at_end));
        if (at_end)
            break;
    }
    *is_done = at_end;
done:
    return err;
}

static JET_ERR look(const struct btree *tree, const struct page_view *page, struct leaf_look *out, struct btree_tidy *s)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count = page_node_count(page), live = 0;
    struct node first = page_node(page, 0), last = page_node(page, count - 1);
    out->has_dead_nodes = false;
    for (uint32_t i = 0; i < count; i++) {
        struct node n = page_node(page, i);
        if (is_dead(tree, &n))
            out->has_dead_nodes = true;
        else
            live++;
    }
    uint32_t room = page_free_bytes(page), worth = (page->size - page->header_size) / WORTH_SHARE;
    out->may_pack = !page_is_root(page) && (live == 0 || out->has_dead_nodes || room >= worth || s->room_before >= worth);
    s->room_before = room;
    TRY(btree_copy_bookmark(tree, &first, out->first, &out->key_size, &out->data_size));
    TRY(btree_copy_bookmark(tree, &last, s->bookmark, &s->key_size, &s->data_size));
    s->has_begun = true;
    s->leaves++;
done:
    return err;
}

/* All dead nodes of the leaf, but for the last node there is: that one goes with its page. */
static JET_ERR remove_dead_nodes(struct transaction *t, const struct btree *tree, const struct leaf_look *leaf, struct btree_tidy *s)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    const struct btree_target target = target_of(leaf->first, leaf->key_size, leaf->data_size);
    change_wait_for_thaw(tree);
    TRY(btree_descend_to_write(tree, &target, &ref));
    for (uint32_t line = page_node_count(&ref.view); line-- > 0;) {
        struct node n = page_node(&ref.view, line);
        if (!is_dead(tree, &n) || page_node_count(&ref.view) == 1)
            continue;
        TRY(btree_remove_deleted_node(t, tree, &ref, line));
        s->nodes_removed++;
    }
done:
    cache_release(&ref);
    return err;
}

static JET_ERR tidy_leaf(struct transaction *t, const struct btree *tree, struct leaf_look *leaf, struct btree_tidy *s, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    err = next_leaf(tree, s, &ref, is_done);
    if (err >= 0 && !*is_done)
        err = look(tree, &ref.view, leaf, s);
    cache_release(&ref);
    if (err < 0 || *is_done)
        goto done;
    if (leaf->has_dead_nodes)
        TRY(remove_dead_nodes(t, tree, leaf, s));
    if (leaf->may_pack) { /* named by its last node: the first ones may move */
        bool is_changed = false;
        TRY(btree_pack(t, tree, span_of(s->bookmark, s->key_size), span_of(s->bookmark + s->key_size, s->data_size), s->options, &is_changed));
        s->leaves_packed += is_changed;
        if (is_changed)
            s->room_before = UINT32_MAX; /* not known any more */
    }
done:
    return err;
}

JET_ERR btree_tidy_some(struct transaction *t, const struct btree *tree, uint32_t leaves, struct btree_tidy *state, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    struct leaf_look leaf = {.first = (uint8_t *)mem_alloc_uncleared(BTREE_BOOKMARK_MAX)};
    *is_done = false;
    if (state->bookmark == NULL)
        state->bookmark = (uint8_t *)mem_alloc_uncleared(BTREE_BOOKMARK_MAX);
    if (state->bookmark == NULL || leaf.first == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < leaves && !*is_done; i++)
        TRY(tidy_leaf(t, tree, &leaf, state, is_done));
done:
    mem_free(leaf.first);
    return err;
}

void btree_tidy_end(struct btree_tidy *state)
{
    mem_free(state->bookmark);
    state->bookmark = NULL;
}
