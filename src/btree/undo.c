/* Taking changes back, and removing nodes for good when nobody can see them any more (update.h; recovery 7.4, 9). Called by txn/.
 *
 * A node is found by its bookmark: it may have moved since. An undo needs no room that was not kept for it, with one exception: only sums of room are on
 * the page, and a split divides them roughly; if the old data does not fit, the page is split first, without any node operation, and then the undo is done.
 */
#include "base/memory.h"
#include "btree/leaf_change.h"
#include "btree/merge.h"

static struct btree tree_of(const struct version *v)
{
    return (struct btree){.file = v->db->pages, .db = v->db, .root = v->root, .objid = v->objid, .is_unique = v->tree_is_unique};
}

/* The same steps as redo's. */
static JET_ERR undo_bytes(struct page_edit *e, uint32_t line, const struct version *v)
{
    JET_ERR err = JET_errSuccess;
    switch ((enum version_kind)v->kind) {
    case VERSION_KIND_INSERT: TRY(page_change_node_flags(e, line, NODE_FLAG_DELETED, 0)); break;
    case VERSION_KIND_DELETE: TRY(page_change_node_flags(e, line, 0, NODE_FLAG_DELETED)); break;
    case VERSION_KIND_DELTA:
    case VERSION_KIND_DELTA64:
        TRY(page_add_to_data(e, line, v->offset, v->kind == VERSION_KIND_DELTA ? 4 : 8, (int64_t)(0 - (uint64_t)v->delta)));
        break;
    case VERSION_KIND_REPLACE:
        if (v->reserved > 0)
            page_adjust_uncommitted_free(e, -v->reserved);
        TRY(page_replace_data(e, line, version_image(v)));
        if (v->reserved < 0)
            page_adjust_uncommitted_free(e, -v->reserved);
        break;
    case VERSION_KIND_LOCK:
    case VERSION_KIND_READ_LOCK:
    case VERSION_KIND_ACTION: break;
    }
done:
    return err;
}

JET_ERR leaf_change_apply_undo(struct leaf_change *c, struct page_ref *leaf)
{
    JET_ERR err = JET_errSuccess;
    struct version *v = c->undone;
    struct page_edit e = change_edit(leaf);
    struct node_tail tail = {.key = version_key(v), .bookmark_data = version_bookmark_data(v), .operation = v->kind, .rce_level = v->level};
    lgpos_t position;
    if (v->is_image_pending)
        TRY(version_log_image(c->t->store, v));
    uint64_t dbtime = database_next_dbtime(c->tree->db);
    struct page_prefix prefix = change_page_prefix(c->t, c->tree, &leaf->view, dbtime, c->line, true);
    prefix.level = v->level;
    TRY(change_log_node(c->t, c->tree, LR_UNDO, &prefix, v->rceid, &tail, &position));
    TRY(undo_bytes(&e, c->line, v));
    version_take_back(c->t, v);
    change_finish(c->t, leaf, dbtime, position);
done:
    return err;
}

JET_ERR btree_undo(struct transaction *t, struct version *v)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree = tree_of(v);
    struct leaf_change c = {.kind = LEAF_CHANGE_UNDO, .t = t, .tree = &tree, .undone = v, .target = {.key = version_key(v), .data = version_bookmark_data(v)}};
    if (version_is_lock(v)) {
        version_take_back(t, v);
        goto done;
    }
    const struct btree_cursor hint = {.page_no = v->page_no}; /* where the node was when its change was made; most are still there */
    TRY(leaf_change_run(&c, v->page_no != 0 ? &hint : NULL));
done:
    return err;
}

/* Removes the node on a latched leaf if it is flag-deleted and in nobody's sight, and forgets the version. */
static JET_ERR remove_node(struct transaction *t, const struct btree *tree, struct version *v, struct page_ref *leaf, uint32_t line)
{
    JET_ERR err = JET_errSuccess;
    const struct node_tail tail = {.data = {NULL, 0}};
    struct version_node id = {.db = v->db, .dbid = v->dbid, .root = v->root, .objid = v->objid, .is_unique = v->tree_is_unique, .key = {version_key(v), span_of(NULL, 0)},
                              .data = version_bookmark_data(v)};
    struct page_edit e = change_edit(leaf);
    lgpos_t position;
    struct node n = page_node(&leaf->view, line);
    if ((n.flags & NODE_FLAG_DELETED) == 0 || version_is_active(t->store, &id)) {
        version_cleaned(t->store, v);
        goto done;
    }
    uint64_t dbtime = database_next_dbtime(tree->db);
    struct page_prefix prefix = change_page_prefix(t, tree, &leaf->view, dbtime, line, false);
    TRY(change_log_node(t, tree, LR_DELETE, &prefix, 0, &tail, &position));
    version_cleaned(t->store, v);
    TRY(page_delete(&e, line, 1));
    change_finish(t, leaf, dbtime, position);
done:
    return err;
}

JET_ERR btree_clean(struct transaction *cleanup, struct version *v)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree = tree_of(v);
    struct page_ref leaf = {0};
    uint8_t *bookmark = NULL;
    uint32_t key_size = v->key_size, data_size = v->bookmark_data_size;
    struct leaf_place place = {0};
    struct btree_target target = {.key = version_key(v), .data = version_bookmark_data(v)};
    const struct btree_cursor hint = {.page_no = v->page_no};
    assert(cleanup->level > 0);
    TRY(leaf_change_latch(&tree, &hint, &target, &leaf, &place));
    if (!place.exact) { /* removed already */
        version_cleaned(cleanup->store, v);
        goto done;
    }
    if (page_node_count(&leaf.view) == 1 && !page_is_root(&leaf.view)) {
        bookmark = (uint8_t *)mem_alloc((size_t)key_size + data_size + 1);
        if (bookmark == NULL)
            RAISE(JET_errOutOfMemory);
        memcpy(bookmark, v->bytes, (size_t)key_size + data_size);
        /* The last node of a leaf goes with its page. What fails then is not the caller's to repeat: the deleted node stays until a later delete nearby finds it. */
        version_cleaned(cleanup->store, v);
    } else {
        TRY(remove_node(cleanup, &tree, v, &leaf, place.line));
    }
    cache_release(&leaf);
    if (bookmark != NULL) {
        JET_ERR ignored = btree_merge(cleanup, &tree, span_of(bookmark, key_size), span_of(bookmark + key_size, data_size));
        (void)ignored;
    }
done:
    mem_free(bookmark);
    cache_release(&leaf);
    return err;
}
