/* Changes of one node (update.h): insert, replace, delete, delta, lock, and the root's external header.
 *
 * Each finds the leaf, judges the node under the exclusive latch (conflicts, then duplicates or absence, then room), prepares its versions, logs, and only then
 * changes bytes with the functions that redo uses. What needs room and does not find it goes to split.c.
 *
 * Room: what a replace frees must be there for the rollback, so it is counted in the page's uncommitted-free field until nobody can need it. Only the sum is on the
 * page. It is made true again when a change does not fit beside it, and a rollback that finds too little room splits the page (undo.c).
 */
#include "btree/leaf_change.h"

#include "base/memory.h"
#include "btree/merge.h"
#include "log/log.h"

enum { TAG_COUNT_MAX = 0xFFF, DELTA64_UPDATE_MAJOR = 60, OWN_VERSIONS_MAX = 256, NODE_OVERHEAD = 12 /* of a node alone on a page that is no root: two tags, two sizes */ };

JET_ERR btree_open_writable(struct database *db, page_no_t root, uint32_t objid, struct btree *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct btree){0};
    if (db->is_read_only)
        RAISE(JET_errDatabaseFileReadOnly);
    TRY(btree_open(db->pages, root, objid, out));
    out->db = db;
done:
    return err;
}

/* --- finding the leaf --- */

/* Does a leaf cover the target for certain? Between its own nodes always; beyond them only at the tree's ends. */
static bool covers(const struct page_view *page, const struct leaf_place *place)
{
    uint32_t count = page_node_count(page);
    if (page_is_root(page) || place->exact)
        return true;
    return count > 0 && (place->line > 0 ? place->line < count || page_next(page) == 0 : page_previous(page) == 0);
}

JET_ERR leaf_change_latch(const struct btree *tree, const struct btree_cursor *cursor, const struct btree_target *target, struct page_ref *out, struct leaf_place *place)
{
    JET_ERR err = JET_errSuccess;
    change_wait_for_thaw(tree);
    /* A failure here means only that the hint is of no use. */
    if (cursor != NULL && cursor->page_no != 0 && cache_get(tree->file, cursor->page_no, PAGE_LATCH_EXCLUSIVE, out) >= 0) {
        if (btree_is_leaf_of(tree, &out->view)) {
            *place = leaf_place_of(tree, &out->view, target);
            if (covers(&out->view, place))
                return JET_errSuccess;
        }
        cache_release(out);
    }
    TRY(btree_descend_to_write(tree, target, out));
    *place = leaf_place_of(tree, &out->view, target);
done:
    return err;
}

/* --- judging --- */

static JET_ERR check_conflict(const struct leaf_change *c, enum version_conflict_rule rule)
{
    struct version_node node = leaf_change_node(c);
    if ((c->options & BTREE_LATEST) != 0)
        rule = VERSION_CONFLICT_LATEST;
    return version_check_conflict_as(c->t->store, c->t, &node, rule);
}

/* What this transaction's own replaces of the node have freed. Versions are looked at from the newest on, not without end. */
static uint32_t own_reserve(const struct leaf_change *c)
{
    int64_t sum = 0;
    uint32_t seen = 0;
    struct span data = c->tree->is_unique ? span_of(NULL, 0) : c->target.data;
    for (const struct version *v = c->t->last; v != NULL && seen < OWN_VERSIONS_MAX; v = v->previous, seen++) {
        if (v->kind == VERSION_KIND_REPLACE && v->root == c->tree->root && v->db == c->tree->db && span_equal(version_key(v), c->target.key) &&
            span_equal(version_bookmark_data(v), data))
            sum += v->reserved;
    }
    return sum > 0 ? (uint32_t)sum : 0;
}

/* Makes the sum of promised bytes true if that can be seen: nobody's change of another node can be taken back any more. */
static void refresh_reserve(const struct leaf_change *c, struct page_edit *e, uint32_t own)
{
    struct page_view view = page_edit_view(e);
    struct version_node id = leaf_change_node(c);
    bool others = false;
    for (uint32_t i = 0; i < page_node_count(&view) && !others; i++) {
        struct node n = page_node(&view, i);
        if ((n.flags & NODE_FLAG_VERSIONED) == 0 || (i == c->line && c->type != LR_INSERT))
            continue;
        id.key = (struct page_key_span){n.prefix, n.suffix};
        id.data = n.data;
        others = version_is_active(c->t->store, &id);
        if (!others) {
            JET_ERR err = page_change_node_flags(e, i, 0, NODE_FLAG_VERSIONED);
            assert(err >= 0);
            (void)err;
        }
    }
    if (!others)
        page_set_uncommitted_free(e, own);
}

/* Is there room for the growth? */
static void judge_room(struct leaf_change *c, struct page_edit *e)
{
    struct page_view view = page_edit_view(e);
    uint32_t promised = page_uncommitted_free_bytes(&view);
    c->from_reserve = 0;
    c->fits = c->type != LR_INSERT || view.tag_count < TAG_COUNT_MAX - 1;
    if (!c->fits || c->growth <= 0)
        return;
    if (c->kind == LEAF_CHANGE_UNDO) { /* it is for them that room was kept */
        c->fits = c->growth <= page_free_bytes(&view);
        return;
    }
    int64_t room = page_room(e);
    if (c->growth > room && promised > 0 && c->growth <= room + promised) {
        uint32_t own = c->type == LR_INSERT || c->type == LR_FLAG_INSERT ? 0 : own_reserve(c);
        refresh_reserve(c, e, own);
        room = page_room(e);
        if (c->growth > room && c->growth <= room + own)
            c->from_reserve = (uint32_t)(c->growth - room);
    }
    c->fits = c->growth <= room + c->from_reserve;
}

static JET_ERR judge_insert(struct leaf_change *c, const struct page_edit *e, bool exact)
{
    JET_ERR err = JET_errSuccess;
    struct page_view view = page_edit_view(e);
    if (!exact) {
        struct page_key key = page_key_of(c->target.key);
        c->type = LR_INSERT;
        c->prefix_size = page_common_prefix(e, &key);
        c->growth = page_node_cost(c->target.key.size, c->prefix_size, c->data.size);
        goto done;
    }
    struct node n = page_node(&view, c->line);
    if (leaf_change_is_versioned(c) && (n.flags & NODE_FLAG_VERSIONED) != 0 && check_conflict(c, VERSION_CONFLICT_CHANGE) < 0)
        RAISE(JET_errKeyDuplicate); /* whoever inserts hears of a duplicate, not of a conflict */
    if ((n.flags & NODE_FLAG_DELETED) == 0)
        RAISE(JET_errKeyDuplicate);
    c->old_data = n.data;
    c->type = c->tree->is_unique ? LR_FLAG_INSERT_AND_REPLACE : LR_FLAG_INSERT;
    c->growth = c->tree->is_unique ? (int64_t)c->data.size - n.data.size : 0;
done:
    return err;
}

/* The node of a replace or an undo. */
static JET_ERR judge_existing(struct leaf_change *c, const struct page_edit *e, bool exact)
{
    JET_ERR err = JET_errSuccess;
    struct page_view view = page_edit_view(e);
    if (!exact)
        RAISE(JET_errRecordDeleted);
    struct node n = page_node(&view, c->line);
    c->old_data = n.data;
    if (c->kind == LEAF_CHANGE_UNDO) {
        c->type = LR_UNDO;
        c->growth = c->undone->kind == VERSION_KIND_REPLACE ? (int64_t)c->undone->image_size - n.data.size : 0;
        goto done;
    }
    if (leaf_change_is_versioned(c) && (n.flags & NODE_FLAG_VERSIONED) != 0)
        TRY(check_conflict(c, VERSION_CONFLICT_CHANGE));
    if ((n.flags & NODE_FLAG_DELETED) != 0)
        RAISE(JET_errRecordDeleted);
    c->type = LR_REPLACE;
    c->growth = (int64_t)c->data.size - n.data.size;
done:
    return err;
}

JET_ERR leaf_change_judge(struct leaf_change *c, struct page_ref *leaf, struct leaf_place place)
{
    JET_ERR err = JET_errSuccess;
    struct page_edit e = change_edit(leaf);
    c->line = place.line;
    c->prefix_size = 0;
    c->old_data = span_of(NULL, 0);
    if (c->kind == LEAF_CHANGE_INSERT)
        TRY(judge_insert(c, &e, place.exact));
    else
        TRY(judge_existing(c, &e, place.exact));
    judge_room(c, &e);
done:
    return err;
}

/* --- versions and record --- */

JET_ERR leaf_change_prepare(struct leaf_change *c)
{
    JET_ERR err = JET_errSuccess;
    struct version_node node = leaf_change_node(c);
    c->insert = c->replace = NULL;
    if (!leaf_change_is_versioned(c))
        goto done;
    if (c->type != LR_REPLACE) /* the insert first: it must be undone last */
        TRY(version_prepare(c->t, VERSION_KIND_INSERT, &node, span_of(NULL, 0), &c->insert));
    if (c->type == LR_REPLACE || c->type == LR_FLAG_INSERT_AND_REPLACE)
        TRY(version_prepare(c->t, VERSION_KIND_REPLACE, &node, c->old_data, &c->replace));
done:
    if (err < 0)
        leaf_change_discard(c);
    return err;
}

void leaf_change_discard(struct leaf_change *c)
{
    version_discard(c->t->store, c->replace);
    version_discard(c->t->store, c->insert);
    c->insert = c->replace = NULL;
}

void leaf_change_publish(struct leaf_change *c, page_no_t page_no, bool is_image_logged)
{
    if (!change_is_logged(c->t, c->tree))
        page_no = 0;
    if (c->insert != NULL)
        version_publish(c->t, c->insert, page_no);
    if (c->replace != NULL)
        version_publish(c->t, c->replace, is_image_logged ? 0 : page_no);
    c->insert = c->replace = NULL;
}

struct node_tail leaf_change_tail(const struct leaf_change *c, bool in_macro)
{
    struct node_tail tail = {.data = c->data};
    struct span key = c->target.key;
    if (c->type == LR_REPLACE) {
        tail.old_size = (uint16_t)c->old_data.size;
        tail.new_size = (uint16_t)c->data.size;
        return tail;
    }
    uint32_t prefix_size = in_macro ? 0 : c->prefix_size;
    tail.key_prefix = span_of(key.data, prefix_size);
    tail.key = span_of(key.data + prefix_size, key.size - prefix_size);
    tail.rceid_replace = c->replace != NULL ? c->replace->rceid : 0;
    return tail;
}

/* The bytes. Cannot fail: everything has been checked; a refusal means a page that is not what it was when it was read. */
static JET_ERR change_bytes(const struct leaf_change *c, struct page_edit *e)
{
    JET_ERR err = JET_errSuccess;
    unsigned versioned = leaf_change_is_versioned(c) ? (unsigned)NODE_FLAG_VERSIONED : 0u;
    struct page_new_node node = {.key = page_key_of(c->target.key), .prefix_size = c->prefix_size, .data = c->data, .flags = versioned};
    switch (c->type) {
    case LR_INSERT: TRY(page_insert_in_order(e, c->line, &node)); break;
    case LR_FLAG_INSERT: TRY(page_change_node_flags(e, c->line, versioned, NODE_FLAG_DELETED)); break;
    default:
        if (c->from_reserve > 0)
            page_adjust_uncommitted_free(e, -(int32_t)c->from_reserve);
        TRY(page_replace_data(e, c->line, c->data));
        if (c->replace != NULL && c->replace->reserved > 0)
            page_adjust_uncommitted_free(e, c->replace->reserved);
        TRY(page_change_node_flags(e, c->line, versioned, c->type == LR_FLAG_INSERT_AND_REPLACE ? NODE_FLAG_DELETED : 0));
        break;
    }
done:
    assert(err >= 0);
    return err;
}

JET_ERR leaf_change_apply(struct leaf_change *c, struct page_ref *leaf)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t position;
    struct page_edit e = change_edit(leaf);
    assert(c->fits);
    TRY(leaf_change_prepare(c));
    if (c->replace != NULL)
        c->replace->reserved = c->growth < 0 ? (int32_t)-c->growth : -(int32_t)c->from_reserve;
    uint64_t dbtime = database_next_dbtime(c->tree->db);
    struct page_prefix prefix = change_page_prefix(c->t, c->tree, &leaf->view, dbtime, c->line, leaf_change_is_versioned(c));
    struct node_tail tail = leaf_change_tail(c, false);
    uint32_t rceid = c->insert != NULL ? c->insert->rceid : c->replace != NULL ? c->replace->rceid : 0;
    TRY(change_log_node(c->t, c->tree, c->type, &prefix, rceid, &tail, &position));
    TRY(change_bytes(c, &e));
    leaf_change_publish(c, leaf->view.page_no, false);
    change_finish(c->t, leaf, dbtime, position);
    c->page_no = leaf->view.page_no;
    c->line_after = c->line;
    c->dbtime_after = dbtime;
done:
    if (err < 0)
        leaf_change_discard(c);
    return err;
}

JET_ERR leaf_change_run(struct leaf_change *c, const struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref leaf = {0};
    struct leaf_place place = {0};
    assert(c->t->level > 0);
    TRY(leaf_change_latch(c->tree, cursor, &c->target, &leaf, &place));
    TRY(leaf_change_judge(c, &leaf, place));
    if (c->fits) {
        TRY(c->kind == LEAF_CHANGE_UNDO ? leaf_change_apply_undo(c, &leaf) : leaf_change_apply(c, &leaf));
    } else {
        cache_release(&leaf);
        TRY(split_and_change(c));
    }
done:
    cache_release(&leaf);
    return err;
}

/* --- insert, replace --- */

/* Can every page hold this node alone? Also one of which the node's whole key is the prefix, which takes a second size; the longest rows leave room for it
 * (records-and-catalog 2: the limit is the same). */
static JET_ERR check_sizes(const struct btree *tree, struct span key, struct span data)
{
    JET_ERR err = JET_errSuccess;
    uint32_t page_size = cache_file_page_size(tree->file);
    if (key.size > BTREE_KEY_MAX || (!tree->is_unique && data.size > BTREE_KEY_MAX))
        RAISE(JET_errKeyTooBig);
    if (data.size == 0)
        RAISE(JET_errInvalidParameter);
    if (data.size > page_size || key.size + data.size + NODE_OVERHEAD > page_size - page_header_size(page_size))
        RAISE(JET_errRecordTooBig);
done:
    return err;
}

static void note_place(struct btree_cursor *cursor, page_no_t page_no, uint32_t line, uint64_t dbtime)
{
    cursor->page_no = page_no;
    cursor->line = line;
    cursor->dbtime = dbtime;
    cursor->copy.kind = BTREE_COPY_NONE;
}

static void settle_on_new_node(struct btree_cursor *cursor, const struct leaf_change *c)
{
    struct span key = c->target.key, data = c->tree->is_unique ? span_of(c->data.data, 0) : c->data;
    memmove(cursor->bookmark, key.data, key.size);
    if (data.size > 0)
        memmove(cursor->bookmark + key.size, data.data, data.size);
    cursor->key_size = key.size;
    cursor->data_size = data.size;
    cursor->position = BTREE_ON_NODE;
    cursor->sequential_moves = 0;
    note_place(cursor, c->page_no, c->line_after, c->dbtime_after);
}

JET_ERR btree_insert_with(const struct btree_page_source *source, struct transaction *t, const struct btree *tree, struct btree_cursor *cursor, struct span key,
                          struct span data, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    struct leaf_change c = {.kind = LEAF_CHANGE_INSERT, .t = t, .tree = tree, .source = source, .target = {.key = key, .data = data}, .data = data, .options = options};
    assert(cursor == NULL || cursor->ref.frame == NULL);
    TRY(check_sizes(tree, key, data));
    /* In no order, the leaf of the last insert is the wrong one nearly always, and looking costs a third of the descent. */
    TRY(leaf_change_run(&c, cursor != NULL && cursor->inserts_nearby ? cursor : NULL));
    if (cursor != NULL) {
        cursor->inserts_nearby = cursor->page_no == c.page_no;
        settle_on_new_node(cursor, &c);
    }
done:
    return err;
}

JET_ERR btree_insert(struct transaction *t, const struct btree *tree, struct btree_cursor *cursor, struct span key, struct span data, unsigned options)
{
    return btree_insert_with(NULL, t, tree, cursor, key, data, options);
}

static JET_ERR check_on_node(const struct btree_cursor *cursor)
{
    assert(cursor->ref.frame == NULL);
    return cursor->position == BTREE_ON_NODE ? JET_errSuccess : error_raise(JET_errNoCurrentRecord, __FILE__, __LINE__);
}

JET_ERR btree_replace_with(const struct btree_page_source *source, struct transaction *t, struct btree_cursor *cursor, struct span data, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    struct leaf_change c = {.kind = LEAF_CHANGE_REPLACE, .t = t, .tree = cursor->tree, .source = source, .target = btree_cursor_target(cursor), .data = data, .options = options};
    TRY(check_on_node(cursor));
    if (!cursor->tree->is_unique) /* there data is part of what names the node */
        RAISE(JET_errInvalidParameter);
    TRY(check_sizes(cursor->tree, c.target.key, data));
    TRY(leaf_change_run(&c, cursor));
    note_place(cursor, c.page_no, c.line_after, c.dbtime_after);
done:
    return err;
}

JET_ERR btree_replace(struct transaction *t, struct btree_cursor *cursor, struct span data, unsigned options) { return btree_replace_with(NULL, t, cursor, data, options); }

/* --- changes that need no room --- */

/* The cursor's node, latched exclusive; conflicts checked, and that it is there. */
static JET_ERR latch_node(const struct leaf_change *c, const struct btree_cursor *cursor, enum version_conflict_rule rule, struct page_ref *leaf, uint32_t *line, struct node *node)
{
    JET_ERR err = JET_errSuccess;
    struct leaf_place place = {0};
    TRY(check_on_node(cursor));
    TRY(leaf_change_latch(c->tree, cursor, &c->target, leaf, &place));
    *line = place.line;
    if (!place.exact)
        RAISE(JET_errRecordDeleted);
    *node = page_node(&leaf->view, *line);
    if (leaf_change_is_versioned(c) && (node->flags & NODE_FLAG_VERSIONED) != 0)
        TRY(check_conflict(c, rule));
    if ((node->flags & NODE_FLAG_DELETED) != 0)
        RAISE(JET_errRecordDeleted);
done:
    if (err < 0)
        cache_release(leaf);
    return err;
}

static struct leaf_change change_at_cursor(struct transaction *t, const struct btree_cursor *cursor, unsigned options)
{
    return (struct leaf_change){.kind = LEAF_CHANGE_REPLACE, .t = t, .tree = cursor->tree, .target = btree_cursor_target(cursor), .options = options};
}

JET_ERR btree_delete(struct transaction *t, struct btree_cursor *cursor, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    struct leaf_change c = change_at_cursor(t, cursor, options);
    struct page_ref leaf = {0};
    struct version *v = NULL;
    struct node node;
    uint32_t line;
    lgpos_t position;
    bool is_versioned = leaf_change_is_versioned(&c);
    const struct node_tail tail = {.data = {NULL, 0}};
    assert(t->level > 0);
    TRY(latch_node(&c, cursor, VERSION_CONFLICT_CHANGE, &leaf, &line, &node));
    struct page_edit e = change_edit(&leaf);
    struct version_node id = leaf_change_node(&c);
    if (is_versioned)
        TRY(version_prepare(t, VERSION_KIND_DELETE, &id, span_of(NULL, 0), &v));
    uint64_t dbtime = database_next_dbtime(c.tree->db);
    struct page_prefix prefix = change_page_prefix(t, c.tree, &leaf.view, dbtime, line, is_versioned);
    TRY(change_log_node(t, c.tree, is_versioned ? LR_FLAG_DELETE : LR_DELETE, &prefix, v != NULL ? v->rceid : 0, &tail, &position));
    TRY(is_versioned ? page_change_node_flags(&e, line, NODE_FLAG_DELETED | NODE_FLAG_VERSIONED, 0) : page_delete(&e, line, 1));
    if (v != NULL)
        version_publish(t, v, change_is_logged(t, c.tree) ? leaf.view.page_no : 0);
    v = NULL;
    change_finish(t, &leaf, dbtime, position);
    note_place(cursor, is_versioned ? leaf.view.page_no : 0, line, dbtime);
    bool is_emptied = page_node_count(&leaf.view) == 0 && !page_is_root(&leaf.view) && !c.tree->is_space_tree;
    cache_release(&leaf);
    if (is_emptied) /* space trees see to their pages themselves */
        TRY(btree_merge(t, c.tree, c.target.key, c.target.data));
done:
    version_discard(t->store, v);
    cache_release(&leaf);
    return err;
}

/* Formats without Delta64 change eight bytes by a replace, which conflicts with those of others. */
static JET_ERR replace_number(struct leaf_change *c, struct page_ref *leaf, uint32_t line, uint32_t offset, int64_t delta)
{
    JET_ERR err = JET_errSuccess;
    struct node node = page_node(&leaf->view, line);
    uint8_t *data = (uint8_t *)mem_copy(node.data.data, node.data.size);
    if (data == NULL)
        RAISE(JET_errOutOfMemory);
    store_le64(data + offset, load_le64(data + offset) + (uint64_t)delta);
    c->data = span_of(data, node.data.size);
    TRY(leaf_change_judge(c, leaf, (struct leaf_place){line, true}));
    TRY(leaf_change_apply(c, leaf));
done:
    mem_free(data);
    return err;
}

static JET_ERR log_and_add_delta(struct leaf_change *c, struct page_ref *leaf, uint32_t line, uint32_t offset, uint32_t width, int64_t delta)
{
    JET_ERR err = JET_errSuccess;
    struct version *v = NULL;
    struct version_node id = leaf_change_node(c);
    struct page_edit e = change_edit(leaf);
    bool is_versioned = leaf_change_is_versioned(c);
    lgpos_t position;
    if (is_versioned) {
        TRY(version_prepare(c->t, width == 4 ? VERSION_KIND_DELTA : VERSION_KIND_DELTA64, &id, span_of(NULL, 0), &v));
        v->offset = (uint16_t)offset;
        v->delta = delta;
    }
    struct node_tail tail = {.key = c->target.key, .bookmark_data = c->tree->is_unique ? span_of(NULL, 0) : c->target.data, .delta = delta, .offset = (uint16_t)offset};
    uint64_t dbtime = database_next_dbtime(c->tree->db);
    struct page_prefix prefix = change_page_prefix(c->t, c->tree, &leaf->view, dbtime, line, is_versioned);
    TRY(change_log_node(c->t, c->tree, width == 4 ? LR_DELTA : LR_DELTA64, &prefix, v != NULL ? v->rceid : 0, &tail, &position));
    TRY(page_add_to_data(&e, line, offset, width, delta));
    TRY(page_change_node_flags(&e, line, is_versioned ? (unsigned)NODE_FLAG_VERSIONED : 0u, 0));
    if (v != NULL)
        version_publish(c->t, v, change_is_logged(c->t, c->tree) ? leaf->view.page_no : 0);
    v = NULL;
    change_finish(c->t, leaf, dbtime, position);
    c->dbtime_after = dbtime;
done:
    version_discard(c->t->store, v);
    return err;
}

JET_ERR btree_add_delta(struct transaction *t, struct btree_cursor *cursor, uint32_t offset, uint32_t width, int64_t delta, unsigned options, int64_t *old)
{
    JET_ERR err = JET_errSuccess;
    struct leaf_change c = change_at_cursor(t, cursor, 0);
    struct page_ref leaf = {0};
    struct node node;
    uint32_t line;
    assert(t->level > 0);
    if ((width != 4 && width != 8) || (width == 4 && (delta > INT32_MAX || delta < INT32_MIN)) || !cursor->tree->is_unique)
        RAISE(JET_errInvalidParameter);
    bool is_delta = width == 4 || c.tree->db->log == NULL || db_header_version_at_least(&c.tree->db->header, DELTA64_UPDATE_MAJOR, 0);
    TRY(latch_node(&c, cursor, is_delta ? VERSION_CONFLICT_DELTA : VERSION_CONFLICT_CHANGE, &leaf, &line, &node));
    if (!range_within(offset, width, node.data.size))
        RAISE(JET_errInvalidParameter);
    if (old != NULL) {
        const uint8_t *at = node.data.data + offset;
        *old = width == 8 ? (int64_t)load_le64(at) : (int32_t)load_le32(at);
    }
    c.options = options; /* not before: whoever may put the whole node back is a conflict for an unversioned delta too */
    if (is_delta)
        TRY(log_and_add_delta(&c, &leaf, line, offset, width, delta));
    else
        TRY(replace_number(&c, &leaf, line, offset, delta));
    if (!leaf_change_is_versioned(&c))
        version_store_renew_snapshots(t->store);
    note_place(cursor, leaf.view.page_no, line, c.dbtime_after);
done:
    cache_release(&leaf);
    return err;
}

JET_ERR btree_lock_node(struct transaction *t, struct btree_cursor *cursor, bool is_shared)
{
    JET_ERR err = JET_errSuccess;
    struct leaf_change c = change_at_cursor(t, cursor, 0);
    struct page_ref leaf = {0};
    struct version *v = NULL;
    struct node node;
    uint32_t line;
    assert(t->level > 0);
    TRY(latch_node(&c, cursor, is_shared ? VERSION_CONFLICT_READ_LOCK : VERSION_CONFLICT_CHANGE, &leaf, &line, &node));
    struct version_node id = leaf_change_node(&c);
    TRY(version_prepare(t, is_shared ? VERSION_KIND_READ_LOCK : VERSION_KIND_LOCK, &id, span_of(NULL, 0), &v));
    if ((node.flags & NODE_FLAG_VERSIONED) == 0) {
        struct page_edit e = change_edit(&leaf);
        TRY(page_change_node_flags(&e, line, NODE_FLAG_VERSIONED, 0));
        cache_mark_dirty(&leaf, 0, 0); /* so that the flag is not lost with the frame; it needs no log record */
    }
    version_publish(t, v, 0);
    v = NULL;
done:
    version_discard(t->store, v);
    cache_release(&leaf);
    return err;
}

JET_ERR btree_test_conflict(const struct transaction *t, struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    TRY(btree_cursor_get(cursor, &node));
    if (cursor->tree->db != NULL) { /* else nobody can have changed it */
        struct leaf_change c = {.tree = cursor->tree, .target = btree_cursor_target(cursor)};
        struct version_node id = leaf_change_node(&c);
        err = version_check_conflict_as(t->store, t, &id, VERSION_CONFLICT_UNCOMMITTED);
    }
    btree_cursor_release(cursor);
done:
    return err;
}

/* --- the root's external header --- */

/* *missing: bytes of room the root lacks; 0: done. */
static JET_ERR try_set_root_header(struct transaction *t, const struct btree *tree, struct span external, uint32_t *missing)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref root = {0};
    lgpos_t position;
    uint8_t *before = NULL;
    struct node_tail tail = {.data = external};
    *missing = 0;
    TRY(btree_get_root(tree, PAGE_LATCH_EXCLUSIVE, &root));
    struct page_edit e = change_edit(&root);
    uint32_t old_size = page_external_header(&root.view).size;
    if (external.size > old_size && external.size - old_size > page_room(&e)) {
        *missing = external.size - old_size;
        goto done;
    }
    /* Whether the header is one that this root may have shows when it is set: so that comes first, and is taken back if it cannot be logged. */
    before = (uint8_t *)mem_copy(e.bytes, e.size);
    if (before == NULL)
        RAISE(JET_errOutOfMemory);
    uint64_t dbtime = database_next_dbtime(tree->db);
    struct page_prefix prefix = change_page_prefix(t, tree, &root.view, dbtime, 0, false);
    TRY(page_set_external_header(&e, external));
    err = change_log_node(t, tree, LR_SET_EXTERNAL_HEADER, &prefix, 0, &tail, &position);
    if (err < 0) {
        memcpy(e.bytes, before, e.size);
        goto done;
    }
    change_finish(t, &root, dbtime, position);
done:
    mem_free(before);
    cache_release(&root);
    return err;
}

JET_ERR btree_set_root_header(struct transaction *t, const struct btree *tree, struct span external)
{
    JET_ERR err = JET_errSuccess;
    uint32_t missing;
    assert(t->level > 0);
    if (external.size == 0 || external.size > cache_file_page_size(tree->file) / 4)
        RAISE(JET_errInvalidParameter);
    TRY(try_set_root_header(t, tree, external, &missing));
    while (missing > 0) {
        TRY(split_root_for(t, tree, NULL, missing));
        TRY(try_set_root_header(t, tree, external, &missing));
    }
done:
    return err;
}
