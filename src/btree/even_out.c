/* Nodes that move to a neighbour so that a full leaf need not be split (recovery 7.6, log-files 9.6: partial merges).
 *
 * The one idea: a leaf that has no room for a change looks at the leaves on both sides under the same parent before it is split. Where one of them has room worth the
 * record, the nodes nearest to it move there until both are equally full, and the entry of the left one of the two in the parent gets a new bound. So pages are split only
 * where the whole neighbourhood is full, and what a split leaves half empty is filled up from both sides.
 *
 * It is not done where keys ascend: there splits leave full pages anyway, and what would move to the left would be followed by as much again.
 *
 * When a tree is packed (merge.c), leaves are filled from the right neighbour in the same way, as far as it goes.
 *
 * Called by split.c and merge.c with the structure of the tree locked and nothing latched. Latches as in merge.c: the parent, then the two leaves from left to right.
 */
#include "btree/leaf_change.h"
#include "page/move.h"
#include "page/structure_record.h"

enum {
    TAG_COUNT_MAX = 0xFFF,
    WORTH_SHARE = 16, WORTH_NODES = 4, /* a neighbour counts that has a sixteenth of a page free, and room for four nodes as large as the leaf's: a record holds a whole page */
    NODES_MIN = 3 * WORTH_NODES,       /* leaves of fewer nodes are too coarse to be evened out */
    FILL_SHARE = 8, FILL_RESERVE_SHARE = 16 /* a leaf is filled up that has an eighth free, beside the sixteenth that stays free */
};

struct evening {
    struct leaf_change *c;
    const struct btree_path *path;
    uint32_t level, line;          /* of the parent; of the entry whose bound changes */
    page_no_t page_no, other_no;
    bool to_right;
    struct page_ref parent, leaf, other;
    uint32_t first, count;         /* lines that move */
    uint32_t moved_bytes, promised_bytes;
    uint32_t separator_size;
    uint8_t *separator;            /* room for BTREE_BOOKMARK_MAX bytes */
};

static void let_go(struct evening *v)
{
    cache_release(&v->other);
    cache_release(&v->leaf);
    cache_release(&v->parent);
}

/* --- which neighbour --- */

/* The least free bytes that make a neighbour of a full leaf with so many nodes worth a record. */
static uint32_t worthwhile_room(const struct btree *tree, uint32_t nodes)
{
    uint32_t size = cache_file_page_size(tree->file), area = size - page_header_size(size), share = area / WORTH_SHARE, large = area / nodes * WORTH_NODES;
    return share > large ? share : large;
}

/* The neighbour with more room. other_no 0: none has enough. */
static JET_ERR choose_neighbour(struct evening *v)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    const struct btree *tree = v->c->tree;
    const page_no_t *neighbours = v->path->neighbours;
    uint32_t most = worthwhile_room(tree, v->path->leaf_nodes);
    for (int side = 0; side < 2; side++) {
        if (neighbours[side] == 0)
            continue;
        if (neighbours[side] == v->page_no || neighbours[side] == tree->root)
            RAISE(JET_errBadParentPageLink);
        TRY(cache_get(tree->file, neighbours[side], PAGE_LATCH_SHARED, &ref));
        uint32_t promised = page_uncommitted_free_bytes(&ref.view), room = page_free_bytes(&ref.view);
        if (btree_is_leaf_of(tree, &ref.view) && room > most + promised) {
            most = room - promised;
            v->other_no = neighbours[side];
            v->to_right = side == 1;
        }
        cache_release(&ref);
    }
done:
    cache_release(&ref);
    return err;
}

static JET_ERR latch_one(struct evening *v, page_no_t page_no, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    TRY(cache_get(v->c->tree->file, page_no, PAGE_LATCH_EXCLUSIVE, out));
    if (!btree_is_leaf_of(v->c->tree, &out->view))
        RAISE(JET_errBadParentPageLink);
done:
    return err;
}

static JET_ERR latch(struct evening *v)
{
    JET_ERR err = JET_errSuccess;
    uint32_t line = v->path->lines[v->level];
    TRY(cache_get(v->c->tree->file, v->path->page_nos[v->level], PAGE_LATCH_EXCLUSIVE, &v->parent));
    if (page_is_leaf(&v->parent.view) || page_node_count(&v->parent.view) != v->path->counts[v->level])
        RAISE(JET_errDatabaseCorrupted);
    v->line = v->to_right ? line : line - 1;
    if (!v->to_right)
        TRY(latch_one(v, v->other_no, &v->other));
    TRY(latch_one(v, v->page_no, &v->leaf));
    if (v->to_right)
        TRY(latch_one(v, v->other_no, &v->other));
    const struct page_view *left = v->to_right ? &v->leaf.view : &v->other.view, *right = v->to_right ? &v->other.view : &v->leaf.view;
    if (page_next(left) != right->page_no || page_previous(right) != left->page_no)
        RAISE(JET_errBadPageLink);
done:
    return err;
}

/* --- how many nodes --- */

/* Is the change possible afterwards, wherever the new bound puts it? About: on the other leaf less of the key may be in the prefix. */
static bool leaves_room(struct evening *v, uint32_t nodes, uint32_t freed, uint32_t taken)
{
    const struct leaf_change *c = v->c;
    struct page_edit leaf = change_edit(&v->leaf), other = change_edit(&v->other);
    uint32_t bound = v->to_right ? nodes - v->count : v->count; /* lines before it are left of the new bound */
    bool is_insert = c->type == LR_INSERT;
    bool may_stay = v->to_right ? c->line < bound || (is_insert && c->line == bound) : c->line >= bound;
    bool may_move = v->to_right ? c->line >= bound : c->line < bound || (is_insert && c->line == bound);
    return (!may_stay || c->growth <= (int64_t)page_room(&leaf) + freed) && (!may_move || c->growth + taken + v->promised_bytes <= (int64_t)page_room(&other));
}

/* The lines that make both leaves equally full. False: it cannot be done. */
static bool choose_lines(struct evening *v)
{
    struct page_edit leaf = change_edit(&v->leaf), other = change_edit(&v->other);
    uint32_t nodes = page_node_count(&v->leaf.view), freed = 0, taken = 0, have = page_room(&leaf), spare = page_room(&other);
    struct node_reader reader = node_reader_of(&v->leaf.view);
    if (nodes < NODES_MIN || spare <= worthwhile_room(v->c->tree, nodes) || spare <= have) /* it has been filled meanwhile */
        return false;
    v->promised_bytes = page_uncommitted_free_bytes(&v->leaf.view);
    for (v->count = 0; v->count + 1 < nodes && have + 2 * freed < spare;) {
        struct node n = node_reader_get(&reader, v->to_right ? nodes - 1 - v->count : v->count);
        struct page_key key = page_key_of_node(&n);
        if ((n.flags & NODE_FLAG_DELETED) != 0) /* merges leave those behind, and somebody may need it */
            return false;
        freed += page_node_cost(page_key_size(&key), n.prefix.size, n.data.size);
        taken += page_node_cost(page_key_size(&key), page_common_prefix(&other, &key), n.data.size);
        v->count++;
    }
    v->first = v->to_right ? nodes - v->count : 0;
    v->moved_bytes = taken;
    return v->count > 0 && taken + v->promised_bytes <= spare && v->other.view.tag_count + v->count < TAG_COUNT_MAX - 1 && leaves_room(v, nodes, freed, taken);
}

static struct split_item item_at(const struct page_view *page, uint32_t line)
{
    struct node n = page_node(page, line);
    return (struct split_item){.key = page_key_of_node(&n), .data = n.data};
}

/* The new bound; false: the parent has no room for it. */
static bool choose_bound(struct evening *v)
{
    uint32_t line = v->to_right ? v->first : v->count; /* first line to the right of it */
    struct split_item left = item_at(&v->leaf.view, line - 1), right = item_at(&v->leaf.view, line);
    struct page_edit parent = change_edit(&v->parent);
    v->separator_size = split_separator(&left, &right, v->c->tree->is_unique, v->separator);
    return v->separator_size > 0 && page_room(&parent) >= page_node_cost(v->separator_size, 0, sizeof(uint32_t));
}

/* --- doing it --- */

/* The leaf before its nodes leave it, with the dbtime of the record: redo takes it when only the neighbour is behind. */
static JET_ERR log_move(struct evening *v, uint64_t dbtime, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    const struct leaf_change *c = v->c;
    struct change_macro macro;
    struct page_edit leaf = change_edit(&v->leaf);
    macro.record_count = macro.page_count = 0;
    macro.trailing = span_of(NULL, 0);
    uint64_t other_before = page_dbtime(&v->other.view);
    struct merge_record r = {.dbtime_right_before = DBTIME_IN_MACRO, .dbtime_left_before = DBTIME_IN_MACRO, .dbtime_parent_before = DBTIME_IN_MACRO,
                             .root = c->tree->root, .objid = c->tree->objid, .flags = MERGE_KEY_CHANGES};
    if (!change_is_logged(c->t, c->tree))
        return JET_errSuccess;
    r.page = change_page_prefix(c->t, c->tree, &v->parent.view, dbtime, v->path->lines[v->level], false);
    TRY(merge_add_record(&macro, &r, NULL));
    r.parent_page = r.page.page_no;
    r.dbtime_parent_before = r.page.dbtime_before;
    r.page = change_page_prefix(c->t, c->tree, &v->leaf.view, dbtime, 0, false);
    r.flags = 0;
    r.kind = v->to_right ? MERGE_PARTIAL_RIGHT : MERGE_PARTIAL_LEFT;
    r.line_merge = (uint16_t)(v->to_right ? v->first : v->count - 1);
    r.left_page = v->to_right ? 0 : v->other_no;
    r.right_page = v->to_right ? v->other_no : 0;
    *(v->to_right ? &r.dbtime_right_before : &r.dbtime_left_before) = other_before;
    r.bytes_moved = (uint16_t)v->moved_bytes;
    r.bytes_moved_max = (uint16_t)(v->moved_bytes + v->promised_bytes);
    r.uncommitted_target = (uint16_t)(v->promised_bytes + page_uncommitted_free_bytes(&v->other.view));
    r.separator = span_of(v->separator, v->separator_size);
    TRY(merge_add_record(&macro, &r, &leaf));
    TRY(change_macro_log(&macro, c->t, c->tree, dbtime, position));
done:
    change_macro_free(&macro);
    return err;
}

static JET_ERR move_nodes(struct evening *v)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = v->c->t;
    const struct btree *tree = v->c->tree;
    lgpos_t position = 0;
    if (tree->db->versions != NULL && change_is_logged(t, tree)) /* the images of what moves name the leaf */
        TRY(version_store_log_images(tree->db->versions, (uint8_t)tree->db->dbid, v->page_no, NULL));
    uint64_t dbtime = database_next_dbtime(tree->db);
    TRY(log_move(v, dbtime, &position));
    struct page_edit parent = change_edit(&v->parent), leaf = change_edit(&v->leaf), other = change_edit(&v->other);
    struct page_key key = page_key_of(span_of(v->separator, v->separator_size));
    TRY(page_replace_key(&parent, v->line, &key));
    TRY(page_copy_nodes(&leaf, v->first, v->count, &other, v->to_right ? PAGE_AT_FRONT : PAGE_AT_END,
                        (uint16_t)(v->promised_bytes + page_uncommitted_free_bytes(&v->other.view))));
    TRY(page_delete(&leaf, v->first, v->count));
    change_finish(t, &v->parent, dbtime, position);
    change_finish(t, &v->leaf, dbtime, position);
    change_finish(t, &v->other, dbtime, position);
done:
    return err;
}

/* The change, on the leaf of the two that its place is on now. */
static JET_ERR apply(struct evening *v, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    struct leaf_change *c = v->c;
    struct node entry = page_node(&v->parent.view, btree_child_search(c->tree, &v->parent.view, &c->target));
    struct page_ref *here = node_child(&entry) == v->page_no ? &v->leaf : &v->other;
    cache_release(&v->parent);
    cache_release(here == &v->leaf ? &v->other : &v->leaf);
    TRY(leaf_change_judge(c, here, leaf_place_of(c->tree, &here->view, &c->target)));
    if (c->fits) {
        TRY(leaf_change_apply(c, here));
        *is_done = true;
    }
done:
    return err;
}

static bool is_possible(const struct leaf_change *c, const struct btree_path *path)
{
    return !c->tree->is_space_tree && c->kind != LEAF_CHANGE_UNDO && path->depth > 0 && path->leaf_nodes >= NODES_MIN;
}

JET_ERR leaf_change_even_out(struct leaf_change *c, const struct btree_path *path, bool *moved, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    uint8_t separator[BTREE_BOOKMARK_MAX];
    struct evening v = {.c = c, .path = path, .level = path->depth - 1, .page_no = path->page_nos[path->depth], .separator = separator};
    *moved = *is_done = false;
    if (!is_possible(c, path))
        return JET_errSuccess;
    TRY(choose_neighbour(&v));
    if (v.other_no == 0)
        goto done;
    TRY(latch(&v));
    TRY(leaf_change_judge(c, &v.leaf, leaf_place_of(c->tree, &v.leaf.view, &c->target)));
    bool appends = c->type == LR_INSERT && (split_is_ascending(&v.leaf.view, c->line) || (c->line == page_node_count(&v.leaf.view) && page_next(&v.leaf.view) == 0));
    if (c->fits || appends || !choose_lines(&v) || !choose_bound(&v))
        goto done;
    TRY(move_nodes(&v));
    *moved = true;
    TRY(apply(&v, is_done));
done:
    let_go(&v);
    return err;
}

/* The first lines, as many as the left neighbour takes. */
static bool choose_lines_to_fill(struct evening *v)
{
    struct page_edit other = change_edit(&v->other);
    const struct page_view *page = &v->leaf.view;
    uint32_t nodes = page_node_count(page), area = page->size - page->header_size, taken = 0;
    struct node_reader reader = node_reader_of(page);
    v->promised_bytes = page_uncommitted_free_bytes(page);
    uint32_t needed = v->promised_bytes + area / FILL_RESERVE_SHARE, spare = page_room(&other);
    if (spare < needed + area / FILL_SHARE)
        return false;
    for (v->count = 0; v->count + 1 < nodes; v->count++) {
        struct node n = node_reader_get(&reader, v->count);
        struct page_key key = page_key_of_node(&n);
        uint32_t cost = page_node_cost(page_key_size(&key), page_common_prefix(&other, &key), n.data.size);
        if ((n.flags & NODE_FLAG_DELETED) != 0 || taken + cost + needed > spare || v->other.view.tag_count + v->count + 1 >= TAG_COUNT_MAX - 1)
            break;
        taken += cost;
    }
    v->first = 0;
    v->moved_bytes = taken;
    return v->count > 0 && taken >= area / WORTH_SHARE;
}

JET_ERR leaf_fill_left(struct transaction *t, const struct btree *tree, const struct btree_path *path, bool *moved)
{
    JET_ERR err = JET_errSuccess;
    uint8_t separator[BTREE_BOOKMARK_MAX];
    struct leaf_change c = {.t = t, .tree = tree};
    struct evening v = {.c = &c, .path = path, .level = path->depth - 1, .page_no = path->page_nos[path->depth], .other_no = path->neighbours[0], .separator = separator};
    *moved = false;
    if (path->depth == 0 || v.other_no == 0)
        return JET_errSuccess;
    if (v.other_no == v.page_no || v.other_no == tree->root)
        RAISE(JET_errBadParentPageLink);
    TRY(latch(&v));
    if (!choose_lines_to_fill(&v) || !choose_bound(&v))
        goto done;
    TRY(move_nodes(&v));
    *moved = true;
done:
    let_go(&v);
    return err;
}
