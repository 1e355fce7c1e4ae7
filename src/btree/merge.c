/* Pages that leave a tree (recovery 7.6, log-files 9.6): the leaf that has lost its last node, with the internal pages that led to it alone, and the nearly empty leaf
 * whose nodes fit into its right neighbour; or, where a tree is packed, every leaf whose nodes fit there.
 *
 * The one idea: the structure lock of the tree keeps splits and other merges out, so the way from the root to the leaf and its neighbours is read first and stays true; then
 * exactly the pages that change are latched (down, then left to right), and what other writers may have done to the leaf meanwhile is looked at again. What is not worth
 * doing, or has no room, is left: a leaf without nodes is no damage.
 *
 * An entry of the parent goes with the page. Its range falls to the entry on its right, or, when it was the last one, to the entry on its left; then the bound of
 * that page becomes lower, and with it the separators above that repeat it. When nothing of the tree is left but one chain of pages, they all go and the root becomes an empty
 * leaf (EmptyTree).
 *
 * Packing also fills leaves from their right neighbours (even_out.c): so of many half empty leaves half as many full ones become, though no two of them fit into one page.
 *
 * Called by undo.c, for leaves that the cleanup of versions has emptied, and by tidy.c. Locks: structure lock, page latches; the space lock for the freed pages, when both are given back.
 */
#include "btree/merge.h"

#include "base/memory.h"
#include "btree/extent_internal.h"
#include "btree/leaf_change.h"
#include "page/image.h"
#include "page/move.h"

enum {
    MOVED_SHARE = 4,   /* nodes move while they fill at most a quarter of their page ... */
    RESERVE_SHARE = 8, /* ... and an eighth of the right page stays free */
    PACKED_RESERVE_SHARE = 16 /* packing leaves less */
};

struct merging {
    struct transaction *t;
    const struct btree *tree;
    bool packs;                       /* however full the leaf is */
    struct btree_path path;
    page_no_t left_no, right_no;
    enum merge_record_kind kind;
    uint8_t flags[BTREE_DEPTH_MAX];   /* what happens to the internal page of a level */
    uint32_t top;                     /* uppermost level that changes */
    struct page_ref level[BTREE_DEPTH_MAX + 1]; /* level[path.depth]: the leaf */
    struct page_ref left, right;
    uint8_t *separator;               /* new bound of the pages with MERGE_KEY_CHANGES */
    uint32_t separator_size;
    uint32_t moved_bytes, promised_bytes;
    struct change_macro macro;
};

static uint32_t leaf_level(const struct merging *m) { return m->path.depth; }
static struct page_ref *leaf_of(struct merging *m) { return &m->level[m->path.depth]; }

static void let_go(struct merging *m)
{
    cache_release(&m->right);
    cache_release(leaf_of(m));
    cache_release(&m->left);
    for (uint32_t i = m->path.depth; i-- > 0;)
        cache_release(&m->level[i]);
    change_macro_free(&m->macro);
    mem_free(m->separator);
}

/* --- what to do --- */

static bool is_nearly_empty(const struct page_view *page)
{
    uint32_t area = page->size - page->header_size;
    return area - page_free_bytes(page) <= area / MOVED_SHARE;
}

static bool node_is_dead(const struct btree *tree, const struct node *n)
{
    struct database *db = tree->db;
    struct version_node node = {.db = db, .dbid = (uint8_t)db->dbid, .root = tree->root, .objid = tree->objid, .is_unique = tree->is_unique, .key = {n->prefix, n->suffix}, .data = n->data};
    return (n->flags & NODE_FLAG_DELETED) != 0 && db->versions != NULL && !version_is_active(db->versions, &node);
}

/* Has the leaf nothing but nodes that are deleted and in nobody's sight? The last node of a leaf is never deleted alone: it goes with its page, as a tree has no empty leaves
 * but its root (the original's integrity check asks for that). */
static bool leaf_is_dead(const struct btree *tree, const struct page_view *page)
{
    for (uint32_t i = 0; i < page_node_count(page); i++) {
        struct node n = page_node(page, i);
        if (!node_is_dead(tree, &n))
            return false;
    }
    return true;
}

/* The way to the leaf, and what could be done there. MERGE_NONE: nothing. */
static JET_ERR choose(struct merging *m, const struct btree_target *target)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref leaf = {.frame = NULL};
    m->kind = MERGE_NONE;
    TRY(btree_read_path(m->tree, target, &m->path));
    if (m->path.depth == 0)
        goto done;
    TRY(cache_get(m->tree->file, m->path.page_nos[m->path.depth], PAGE_LATCH_SHARED, &leaf));
    m->left_no = page_previous(&leaf.view);
    m->right_no = page_next(&leaf.view);
    if (leaf_is_dead(m->tree, &leaf.view))
        m->kind = MERGE_EMPTY_PAGE;
    else if ((m->packs || is_nearly_empty(&leaf.view)) && m->right_no != 0 && m->path.lines[m->path.depth - 1] + 1 < m->path.counts[m->path.depth - 1])
        m->kind = MERGE_FULL_RIGHT;
done:
    cache_release(&leaf);
    return err;
}

/* Levels whose page goes, loses an entry, or gets another bound. The internal pages cannot change while the structure is locked, but are read again when latched. */
static void plan_levels(struct merging *m)
{
    uint32_t level = m->path.depth;
    while (level > 0 && m->path.counts[level - 1] == 1)
        m->flags[--level] = MERGE_PAGE_EMPTIED;
    if (level == 0) { /* nothing of the tree would be left */
        m->kind = MERGE_EMPTY_TREE;
        m->top = 0;
        return;
    }
    m->flags[--level] = MERGE_NODE_DELETED;
    m->top = level;
}

/* --- latching --- */

static JET_ERR latch_internal(struct merging *m, uint32_t from)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = from; i < m->path.depth; i++) {
        struct page_ref *ref = &m->level[i];
        TRY(cache_get(m->tree->file, m->path.page_nos[i], PAGE_LATCH_EXCLUSIVE, ref));
        uint32_t line = m->path.lines[i];
        bool is_sound = !page_is_leaf(&ref->view) && page_objid(&ref->view) == m->tree->objid && page_node_count(&ref->view) == m->path.counts[i];
        if (is_sound) {
            struct node entry = page_node(&ref->view, line);
            is_sound = node_child(&entry) == m->path.page_nos[i + 1];
        }
        if (!is_sound)
            RAISE(JET_errDatabaseCorrupted);
    }
done:
    return err;
}

static bool is_neighbour(const struct merging *m, page_no_t page_no)
{
    for (uint32_t i = 0; i <= m->path.depth; i++) {
        if (m->path.page_nos[i] == page_no)
            return false;
    }
    return true;
}

static JET_ERR latch_leaves(struct merging *m)
{
    JET_ERR err = JET_errSuccess;
    page_no_t here = m->path.page_nos[m->path.depth];
    if ((m->left_no != 0 && !is_neighbour(m, m->left_no)) || (m->right_no != 0 && (!is_neighbour(m, m->right_no) || m->right_no == m->left_no)))
        RAISE(JET_errBadPageLink);
    if (m->left_no != 0) {
        TRY(cache_get(m->tree->file, m->left_no, PAGE_LATCH_EXCLUSIVE, &m->left));
        if (!btree_is_leaf_of(m->tree, &m->left.view) || page_next(&m->left.view) != here)
            RAISE(JET_errBadPageLink);
    }
    TRY(cache_get(m->tree->file, here, PAGE_LATCH_EXCLUSIVE, leaf_of(m)));
    if (!btree_is_leaf_of(m->tree, &leaf_of(m)->view) || page_previous(&leaf_of(m)->view) != m->left_no || page_next(&leaf_of(m)->view) != m->right_no)
        RAISE(JET_errBadPageLink);
    if (m->right_no != 0) {
        TRY(cache_get(m->tree->file, m->right_no, PAGE_LATCH_EXCLUSIVE, &m->right));
        if (!btree_is_leaf_of(m->tree, &m->right.view) || page_previous(&m->right.view) != here)
            RAISE(JET_errBadPageLink);
    }
done:
    return err;
}

/* --- bounds --- */

/* The last entry of an internal page goes, and it is not the tree's last: the entry before it is the new bound, and so it says wherever the old bound stands above. Levels
 * above the deleted entry are latched here, before the lower ones. *has_room: false when some page could not take the new key. */
static JET_ERR plan_bounds(struct merging *m)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL}, above = {.frame = NULL};
    uint32_t level = m->top, line = m->path.lines[level];
    uint8_t *old = NULL;
    if (line == 0 || line + 1 < m->path.counts[level])
        goto done;
    TRY(cache_get(m->tree->file, m->path.page_nos[level], PAGE_LATCH_SHARED, &ref));
    if (page_node_count(&ref.view) != m->path.counts[level])
        RAISE(JET_errDatabaseCorrupted);
    struct node gone = page_node(&ref.view, line), bound = page_node(&ref.view, line - 1);
    uint32_t old_size = node_key_size(&gone);
    if (old_size == 0) {
        /* The entry before it becomes the one without bound. Its page must not have a last entry with a bound, then: so only leaves go from the right edge of the tree. An empty
         * one that is the last of its branch stays until it is the last of the tree. */
        if (level + 1 < m->path.depth)
            m->kind = MERGE_NONE;
        goto done;
    }
    old = mem_alloc(old_size);
    m->separator_size = node_key_size(&bound);
    m->separator = mem_alloc(m->separator_size);
    if (old == NULL || m->separator == NULL)
        RAISE(JET_errOutOfMemory);
    node_copy_key(&gone, old);
    node_copy_key(&bound, m->separator);
    cache_release(&ref);
    while (level > 0) {
        level--;
        TRY(cache_get(m->tree->file, m->path.page_nos[level], PAGE_LATCH_SHARED, &above));
        if (page_node_count(&above.view) != m->path.counts[level])
            RAISE(JET_errDatabaseCorrupted);
        struct node entry = page_node(&above.view, m->path.lines[level]);
        bool repeats = node_key_size(&entry) > 0 && node_compare_key(&entry, span_of(old, old_size)) == 0;
        bool fits = page_free_bytes(&above.view) >= m->separator_size + PAGE_NODE_TAG_SIZE;
        cache_release(&above);
        if (!repeats)
            break;
        if (!fits) { /* an empty leaf more is the lesser evil */
            m->kind = MERGE_NONE;
            break;
        }
        m->flags[level] = MERGE_KEY_CHANGES;
        m->top = level;
        if (m->path.lines[level] + 1 < m->path.counts[level])
            break;
    }
done:
    cache_release(&above);
    cache_release(&ref);
    mem_free(old);
    return err;
}

/* --- moving nodes --- */

/* May the nodes of the leaf go to the right page? Deleted ones are not moved, so nobody may need them any more. */
static bool nodes_may_move(struct merging *m)
{
    const struct page_view *page = &leaf_of(m)->view;
    for (uint32_t i = 0; i < page_node_count(page); i++) {
        struct node n = page_node(page, i);
        if ((n.flags & NODE_FLAG_DELETED) != 0 && !node_is_dead(m->tree, &n))
            return false;
    }
    struct page_edit source = change_edit(leaf_of(m)), target = change_edit(&m->right);
    uint32_t promised = page_uncommitted_free_bytes(page), area = page->size - page->header_size;
    m->moved_bytes = page_copy_cost(&source, 0, page_node_count(page), &target);
    m->promised_bytes = promised + page_uncommitted_free_bytes(&m->right.view);
    uint32_t reserve = area / (m->packs ? (uint32_t)PACKED_RESERVE_SHARE : (uint32_t)RESERVE_SHARE);
    return m->moved_bytes + promised + reserve <= page_room(&target) && m->promised_bytes <= UINT16_MAX;
}

/* --- the log --- */

JET_ERR merge_add_record(struct change_macro *macro, struct merge_record *r, const struct page_edit *imaged)
{
    JET_ERR err = JET_errSuccess;
    uint32_t image_at = MERGE_RECORD_FIXED + r->separator.size, image_size = 0;
    uint8_t *room;
    TRY(change_macro_room(macro, image_at + (imaged != NULL ? imaged->size : 0), &room));
    if (imaged != NULL)
        TRY(page_image_before(imaged, r->page.dbtime, room + image_at, &image_size, &r->image_flags));
    r->image = span_of(room + image_at, image_size);
    change_macro_added(macro, merge_record_encode(room, r));
    change_macro_page(macro, r->page.page_no);
    change_macro_page(macro, r->left_page);
    change_macro_page(macro, r->right_page);
done:
    return err;
}

static uint64_t dbtime_or_none(const struct page_ref *ref) { return ref->frame != NULL ? page_dbtime(&ref->view) : DBTIME_IN_MACRO; }

/* Records from the uppermost page down; each names the one above. */
static JET_ERR log_merge(struct merging *m, uint64_t dbtime, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    const struct btree *tree = m->tree;
    struct merge_record r = {.dbtime_right_before = DBTIME_IN_MACRO, .dbtime_left_before = DBTIME_IN_MACRO, .dbtime_parent_before = DBTIME_IN_MACRO, .root = tree->root,
                             .objid = tree->objid};
    for (uint32_t i = m->top; i < m->path.depth; i++) {
        r.page = change_page_prefix(m->t, tree, &m->level[i].view, dbtime, m->path.lines[i], false);
        r.flags = m->flags[i];
        TRY(merge_add_record(&m->macro, &r, NULL));
        r.parent_page = r.page.page_no;
        r.dbtime_parent_before = r.page.dbtime_before;
    }
    r.page = change_page_prefix(m->t, tree, &leaf_of(m)->view, dbtime, 0, false);
    r.flags = MERGE_PAGE_EMPTIED;
    r.kind = (uint8_t)m->kind;
    r.left_page = m->left_no;
    r.right_page = m->right_no;
    r.dbtime_left_before = dbtime_or_none(&m->left);
    r.dbtime_right_before = dbtime_or_none(&m->right);
    r.separator = span_of(m->separator, m->separator_size);
    if (m->kind == MERGE_FULL_RIGHT) {
        r.bytes_moved = (uint16_t)m->moved_bytes;
        r.bytes_moved_max = (uint16_t)(m->moved_bytes + page_uncommitted_free_bytes(&leaf_of(m)->view));
        r.uncommitted_target = (uint16_t)m->promised_bytes;
    }
    struct page_edit leaf = change_edit(leaf_of(m));
    TRY(merge_add_record(&m->macro, &r, m->kind == MERGE_FULL_RIGHT ? &leaf : NULL));
    TRY(change_macro_log(&m->macro, m->t, tree, dbtime, position));
done:
    return err;
}

static JET_ERR log_empty_tree(struct merging *m, uint64_t dbtime, lgpos_t *position)
{
    enum { FIXED = 46, NODE_PREFIX = 44 };
    JET_ERR err = JET_errSuccess;
    uint8_t record[FIXED + BTREE_DEPTH_MAX * EMPTY_PAGE_ENTRY_SIZE];
    uint32_t list_size = m->path.depth * EMPTY_PAGE_ENTRY_SIZE;
    struct page_prefix page = change_page_prefix(m->t, m->tree, &m->level[0].view, dbtime, 0, false);
    struct node_prefix node = change_node_prefix(m->tree, 0);
    struct node_tail tail = {.operation = 0};
    log_record_encode_node(record, LR_EMPTY_TREE, &page, &node, &tail);
    store_le16(record + NODE_PREFIX, (uint16_t)list_size);
    for (uint32_t i = 0; i < m->path.depth; i++) {
        const struct page_view *below = &m->level[i + 1].view;
        uint8_t *entry = record + FIXED + (size_t)i * EMPTY_PAGE_ENTRY_SIZE;
        store_le64(entry, page_dbtime(below));
        store_le32(entry + 8, below->page_no);
        store_le32(entry + 12, page_flags(below));
    }
    TRY(space_log(m->t, m->tree->db, record, FIXED + list_size, position));
done:
    return err;
}

/* --- changing --- */

static JET_ERR change_internal(struct merging *m, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    struct page_edit e = change_edit(&m->level[level]);
    struct page_key key = page_key_of(span_of(m->separator, m->separator_size));
    switch (m->flags[level]) {
    case MERGE_PAGE_EMPTIED: TRY(page_empty(&e)); break;
    case MERGE_NODE_DELETED: TRY(page_remove_child(&e, m->path.lines[level])); break;
    default: TRY(page_replace_key(&e, m->path.lines[level], &key)); break;
    }
done:
    return err;
}

static JET_ERR change_leaves(struct merging *m)
{
    JET_ERR err = JET_errSuccess;
    struct page_edit page = change_edit(leaf_of(m));
    if (m->right_no != 0) {
        struct page_edit right = change_edit(&m->right);
        if (m->kind == MERGE_FULL_RIGHT)
            TRY(page_copy_nodes(&page, 0, page_node_count(&leaf_of(m)->view), &right, PAGE_AT_FRONT, (uint16_t)m->promised_bytes));
        TRY(page_set_previous(&right, m->left_no));
    }
    if (m->left_no != 0) {
        struct page_edit left = change_edit(&m->left);
        TRY(page_set_next(&left, m->right_no));
    }
    TRY(page_empty(&page));
done:
    return err;
}

static void finish(struct merging *m, uint64_t dbtime, lgpos_t position)
{
    for (uint32_t i = m->top; i <= m->path.depth; i++)
        change_finish(m->t, &m->level[i], dbtime, position);
    if (m->left.frame != NULL)
        change_finish(m->t, &m->left, dbtime, position);
    if (m->right.frame != NULL)
        change_finish(m->t, &m->right, dbtime, position);
}

/* The leaf goes; everything is latched. */
static JET_ERR take_out(struct merging *m)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = m->tree->db;
    lgpos_t position = 0;
    if (m->kind == MERGE_FULL_RIGHT && m->tree->db->versions != NULL && change_is_logged(m->t, m->tree)) /* their images name the page */
        TRY(version_store_log_images(db->versions, (uint8_t)db->dbid, leaf_of(m)->view.page_no, &position));
    uint64_t dbtime = database_next_dbtime(db);
    TRY(log_merge(m, dbtime, &position));
    for (uint32_t i = m->top; i < m->path.depth; i++)
        TRY(change_internal(m, i));
    TRY(change_leaves(m));
    finish(m, dbtime, position);
done:
    return err;
}

static JET_ERR empty_tree(struct merging *m)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t position = 0;
    uint64_t dbtime = database_next_dbtime(m->tree->db);
    TRY(log_empty_tree(m, dbtime, &position));
    for (uint32_t i = m->path.depth; i > 0; i--) {
        struct page_edit e = change_edit(&m->level[i]);
        TRY(page_empty(&e));
    }
    struct page_edit root = change_edit(&m->level[0]);
    TRY(page_empty_root(&root));
    finish(m, dbtime, position);
done:
    return err;
}

/* Latches, looks again, and does it. *done_it: pages have left the tree. */
static JET_ERR merge_latched(struct merging *m, bool *done_it)
{
    JET_ERR err = JET_errSuccess;
    TRY(latch_internal(m, m->top));
    TRY(latch_leaves(m));
    bool is_empty = leaf_is_dead(m->tree, &leaf_of(m)->view);
    if (m->kind == MERGE_FULL_RIGHT ? is_empty || !nodes_may_move(m) : !is_empty)
        goto done; /* another writer was here; the next cleanup looks again */
    if (m->kind == MERGE_EMPTY_TREE) {
        if (m->left_no != 0 || m->right_no != 0)
            RAISE(JET_errBadPageLink);
        TRY(empty_tree(m));
    } else {
        TRY(take_out(m));
    }
    *done_it = true;
done:
    return err;
}

/* Pages that are in no use any more: the leaf, and internal pages that led only to it. */
static JET_ERR free_pages(const struct merging *m)
{
    JET_ERR err = JET_errSuccess, first_error = JET_errSuccess;
    for (uint32_t i = m->path.depth; i > 0; i--) {
        if (i < leaf_level(m) && m->kind != MERGE_EMPTY_TREE && m->flags[i] != MERGE_PAGE_EMPTIED)
            break;
        err = space_free(m->t, m->tree, m->path.page_nos[i]);
        if (err < 0 && first_error == JET_errSuccess)
            first_error = err;
    }
    return first_error;
}

/* One page; *done_it: there may be more to do at the same place. */
static JET_ERR merge_once(struct transaction *t, const struct btree *tree, const struct btree_target *target, bool packs, struct merging *m, bool *done_it)
{
    JET_ERR err = JET_errSuccess;
    struct mutex *lock = database_structure_lock(tree->db, tree->root);
    *m = (struct merging){.t = t, .tree = tree, .packs = packs};
    *done_it = false;
    change_wait_for_thaw(tree);
    mutex_lock(lock);
    TRY(choose(m, target));
    if (m->kind == MERGE_NONE)
        goto done;
    plan_levels(m);
    if (m->kind != MERGE_EMPTY_TREE)
        TRY(plan_bounds(m));
    if (m->kind != MERGE_NONE)
        TRY(merge_latched(m, done_it));
done:
    let_go(m);
    mutex_unlock(lock);
    if (*done_it && err >= 0)
        err = free_pages(m);
    return err;
}

/* *done_it: some page has left the tree. */
static JET_ERR merge(struct transaction *t, const struct btree *tree, const struct btree_target *target, bool packs, bool *done_it)
{
    JET_ERR err = JET_errSuccess;
    bool once_more = true;
    struct merging *m = mem_alloc(sizeof *m);
    *done_it = false;
    if (m == NULL)
        RAISE(JET_errOutOfMemory);
    /* The page that has taken over the range may be an empty one too: one that could not go before. */
    while (once_more) {
        TRY(merge_once(t, tree, target, packs, m, &once_more));
        *done_it = *done_it || once_more;
        once_more = once_more && m->kind == MERGE_EMPTY_PAGE;
    }
done:
    mem_free(m);
    return err;
}

JET_ERR btree_merge(struct transaction *t, const struct btree *tree, struct span key, struct span data)
{
    bool ignored;
    return tree->is_space_tree ? JET_errSuccess : merge(t, tree, &(struct btree_target){.key = key, .data = data}, false, &ignored);
}

static JET_ERR fill_left(struct transaction *t, const struct btree *tree, const struct btree_target *target, bool *moved)
{
    JET_ERR err = JET_errSuccess;
    struct btree_path path;
    struct mutex *lock = database_structure_lock(tree->db, tree->root);
    change_wait_for_thaw(tree);
    mutex_lock(lock);
    err = btree_read_path(tree, target, &path);
    if (err >= 0)
        err = leaf_fill_left(t, tree, &path, moved);
    mutex_unlock(lock);
    return err;
}

JET_ERR btree_pack(struct transaction *t, const struct btree *tree, struct span key, struct span data, unsigned options, bool *changed)
{
    JET_ERR err = JET_errSuccess;
    const struct btree_target target = {.key = key, .data = data};
    bool moved = false, done_it = false;
    *changed = false;
    if (tree->is_space_tree)
        return JET_errSuccess;
    TRY(merge(t, tree, &target, true, changed));
    if (*changed || (options & BTREE_PACK_WHOLE_LEAVES) != 0)
        goto done;
    TRY(fill_left(t, tree, &target, &moved));
    *changed = moved;
    if (moved) /* what is left of the leaf may fit to its right now */
        TRY(merge(t, tree, &target, true, &done_it));
done:
    return err;
}
