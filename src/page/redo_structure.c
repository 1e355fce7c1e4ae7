/* Redo of splits, merges and page moves (recovery.md 7.5 - 7.7).
 *
 * All pages of a macro are held and judged first, then changed from the root down. A page that must receive nodes while their old page is already in a later
 * state takes them from the image in the record.
 */
#include "page/image.h"
#include "page/internal.h"
#include "page/move.h"
#include "page/redo_internal.h"
#include "page/root.h"
#include "page/structure_record.h"

enum { LEVELS_MAX = 16, MOVED_ROOT_PAGES = 3 }; /* a tree of 16 levels does not fit the page numbers */

#define DEMAND(condition)                  \
    do {                                   \
        if (!(condition))                  \
            RAISE(JET_errLogCorrupted);    \
    } while (0)

/* Pages of one macro; a page twice would be latched twice. */
struct seen_pages {
    page_no_t page_nos[LEVELS_MAX * 3];
    uint32_t count;
};

/* Notes a page number, 0 is none. */
static JET_ERR see(struct seen_pages *seen, page_no_t page_no)
{
    if (page_no == 0)
        return JET_errSuccess;
    for (uint32_t i = 0; i < seen->count; i++) {
        if (seen->page_nos[i] == page_no)
            return error_raise(JET_errLogCorrupted, __FILE__, __LINE__);
    }
    seen->page_nos[seen->count++] = page_no;
    return JET_errSuccess;
}

/* Entry `line` of an internal page leads to `child`. */
static bool leads_to(const struct page_edit *e, uint32_t line, page_no_t child)
{
    struct page_view view = page_edit_view(e);
    if (page_is_leaf(&view) || line >= page_node_count(&view))
        return false;
    struct node n = page_node(&view, line);
    return node_child(&n) == child;
}

/* --- splits --- */

struct split_level {
    struct split_record r;
    struct redo_held page, created, right;
};

static JET_ERR hold_split(const struct redo_pages *pages, struct split_level *level, struct seen_pages *seen)
{
    JET_ERR err = JET_errSuccess;
    const struct split_record *r = &level->r;
    TRY(see(seen, r->page.page_no));
    TRY(see(seen, r->new_page));
    TRY(see(seen, r->right_page));
    TRY(redo_hold(pages, r->page.page_no, r->page.dbtime, r->page.dbtime_before, &level->page));
    if (r->new_page == 0)
        goto done;
    TRY(redo_hold_new(pages, r->new_page, r->page.dbtime, &level->created));
    if (r->right_page != 0)
        TRY(redo_hold(pages, r->right_page, r->page.dbtime, r->dbtime_right_before, &level->right));
done:
    return err;
}

/* The node of the operation that caused the split, as far as its data does not depend on the page. */
static struct page_new_node leaf_node(const struct log_record *record)
{
    const struct node_tail *t = &record->tail;
    unsigned flags = (record->page.flags & LR_FLAG_VERSIONED) != 0 ? (unsigned)NODE_FLAG_VERSIONED : 0u;
    return (struct page_new_node){.key = {t->key_prefix, t->key}, .data = t->data, .flags = flags};
}

static bool operation_matches(uint8_t operation, const struct log_record *leaf)
{
    if (leaf == NULL)
        return operation == PAGE_SPLIT_NONE;
    switch (operation) {
    case PAGE_SPLIT_INSERT: return leaf->type == LR_INSERT;
    case PAGE_SPLIT_REPLACE: return leaf->type == LR_REPLACE || leaf->type == LR_REPLACE_D;
    case PAGE_SPLIT_FLAG_INSERT_AND_REPLACE: return leaf->type == LR_FLAG_INSERT_AND_REPLACE;
    default: return false;
    }
}

static void describe_split(const struct split_record *r, struct page_split *out)
{
    *out = (struct page_split){.kind = (enum page_split_kind)r->kind, .operation = (enum page_split_operation)r->operation, .line_operation = r->line_operation,
                               .line_split = r->line_split, .line_count = r->line_count, .prefix_line_new = r->prefix_line_new, .prefix_source = r->prefix_new,
                               .flags_source = r->flags_source, .flags_new = r->flags_new, .uncommitted_source = r->uncommitted_source,
                               .uncommitted_new = r->uncommitted_new, .source_page = r->page.page_no, .new_page = r->new_page, .right_page = r->right_page,
                               .objid = r->objid, .dbtime = r->page.dbtime};
}

/* A level that is split. leaf: the operation of the lowest one. */
static JET_ERR redo_split_level(const struct redo_pages *pages, struct split_level *level, const struct split_record *child, const struct log_record *leaf)
{
    JET_ERR err = JET_errSuccess;
    const struct split_record *r = &level->r;
    struct page_buffer image, room;
    struct page_edit source = level->page.edit;
    bool has_source = level->page.is_due;
    uint8_t child_page[4] = {0};
    struct page_split split;
    if (!level->page.is_due && !level->created.is_due)
        goto done;
    DEMAND(r->kind <= PAGE_SPLIT_APPEND && r->operation <= PAGE_SPLIT_FLAG_INSERT_AND_REPLACE);
    describe_split(r, &split);
    if (child != NULL) {
        DEMAND(r->operation == PAGE_SPLIT_INSERT);
        store_le32(child_page, child->page.page_no);
        split.node = (struct page_new_node){.key = page_key_of(child->parent_key), .data = span_of(child_page, sizeof child_page)};
        split.has_child_split = true;
        split.child_new = child->new_page;
    } else {
        DEMAND(operation_matches(r->operation, leaf));
        if (leaf != NULL)
            split.node = leaf_node(leaf);
    }
    if (!has_source && !page_split_is_independent(&split)) { /* only the new page is due: the old one's nodes are in the record */
        if (r->image.size == 0)
            RAISE(JET_errDatabaseBufferDependenciesCorrupted);
        TRY(page_image_restore(r->image, r->image_flags, pages->page_size, r->page.page_no, image.bytes));
        source = page_edit_trusted(image.bytes, pages->page_size, r->page.page_no);
        has_source = true;
    }
    if (leaf != NULL && leaf->type != LR_INSERT) {
        struct page_view view = page_edit_view(&source);
        DEMAND(has_source && r->line_operation < page_node_count(&view));
        struct node old = page_node(&view, r->line_operation);
        TRY(redo_new_data(leaf, old.data, room.bytes, &split.node.data));
        if (level->page.is_due && pages->before_image != NULL)
            TRY(pages->before_image(pages->context, leaf, old.data));
    }
    TRY(redo_fault(page_split(&split, has_source ? &source : NULL, level->page.is_due, level->created.is_due ? &level->created.edit : NULL)));
    if (level->page.is_due)
        redo_done(&level->page, r->page.dbtime);
    if (level->created.is_due)
        redo_done(&level->created, r->page.dbtime);
done:
    return err;
}

/* A parent that only receives an entry. */
static JET_ERR redo_split_parent(struct split_level *level, const struct split_record *child)
{
    JET_ERR err = JET_errSuccess;
    const struct split_record *r = &level->r;
    if (!level->page.is_due)
        goto done;
    struct page_key key = page_key_of(child->parent_key);
    DEMAND(leads_to(&level->page.edit, r->line_operation, child->page.page_no));
    TRY(redo_fault(page_insert_separator(&level->page.edit, r->line_operation, &key, child->page.page_no, child->new_page)));
    redo_done(&level->page, r->page.dbtime);
done:
    return err;
}

static JET_ERR apply_split(const struct redo_pages *pages, struct split_level *levels, uint32_t count, const struct log_record *leaf)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < count; i++) {
        struct split_level *level = &levels[i];
        const struct split_record *child = i + 1 < count ? &levels[i + 1].r : NULL;
        DEMAND(child == NULL || child->new_page != 0);
        if (level->r.new_page == 0) {
            DEMAND(child != NULL);
            TRY(redo_split_parent(level, child));
            continue;
        }
        TRY(redo_split_level(pages, level, child, child == NULL ? leaf : NULL));
        if (level->right.is_due) {
            TRY(redo_fault(page_set_previous(&level->right.edit, level->r.new_page)));
            redo_done(&level->right, level->r.page.dbtime);
        }
    }
done:
    return err;
}

static JET_ERR redo_split(const struct redo_pages *pages, const struct log_record *records, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct split_level levels[LEVELS_MAX];
    struct seen_pages seen = {.count = 0};
    const struct log_record *leaf = NULL;
    uint32_t held = 0;
    memset(levels, 0, sizeof levels);
    for (uint32_t i = 0; i < count; i++) {
        if (records[i].type != LR_SPLIT2) {
            DEMAND(leaf == NULL && records[i].has_node);
            leaf = &records[i];
            continue;
        }
        DEMAND(held < LEVELS_MAX);
        struct split_level *level = &levels[held++];
        TRY(split_record_decode(&records[i], &level->r));
        TRY(hold_split(pages, level, &seen));
    }
    TRY(apply_split(pages, levels, held, leaf));
done:
    while (held > 0) {
        struct split_level *level = &levels[--held];
        redo_let_go(pages, &level->right);
        redo_let_go(pages, &level->created);
        redo_let_go(pages, &level->page);
    }
    return err;
}

/* --- merges --- */

struct merge_level {
    struct merge_record r;
    struct redo_held page, left, right;
};

static bool moves_right(const struct merge_record *r) { return r->kind == MERGE_FULL_RIGHT || r->kind == MERGE_PARTIAL_RIGHT; }
static bool moves_left(const struct merge_record *r) { return r->kind == MERGE_FULL_LEFT || r->kind == MERGE_PARTIAL_LEFT; }
static bool is_partial(const struct merge_record *r) { return r->kind == MERGE_PARTIAL_RIGHT || r->kind == MERGE_PARTIAL_LEFT; }

static JET_ERR hold_merge(const struct redo_pages *pages, struct merge_level *level, struct seen_pages *seen)
{
    JET_ERR err = JET_errSuccess;
    const struct merge_record *r = &level->r;
    TRY(see(seen, r->page.page_no));
    TRY(see(seen, r->left_page));
    TRY(see(seen, r->right_page));
    TRY(redo_hold(pages, r->page.page_no, r->page.dbtime, r->page.dbtime_before, &level->page));
    if (r->left_page != 0)
        TRY(redo_hold(pages, r->left_page, r->page.dbtime, r->dbtime_left_before, &level->left));
    if (r->right_page != 0)
        TRY(redo_hold(pages, r->right_page, r->page.dbtime, r->dbtime_right_before, &level->right));
done:
    return err;
}

/* Nodes of the merged page that move: to the right page those from line_merge on, to the left page those up to it. */
static JET_ERR moved_range(const struct merge_record *r, const struct page_edit *page, uint32_t *first, uint32_t *count)
{
    JET_ERR err = JET_errSuccess;
    struct page_view view = page_edit_view(page);
    uint32_t nodes = page_node_count(&view);
    DEMAND(r->line_merge < nodes);
    *first = moves_right(r) ? r->line_merge : 0;
    *count = moves_right(r) ? nodes - r->line_merge : r->line_merge + 1u;
done:
    return err;
}

static JET_ERR move_merged_nodes(const struct redo_pages *pages, struct merge_level *level)
{
    JET_ERR err = JET_errSuccess;
    const struct merge_record *r = &level->r;
    struct redo_held *target = moves_right(r) ? &level->right : &level->left;
    struct page_buffer image;
    struct page_edit source = level->page.edit;
    uint32_t first = 0, count = 0;
    if (target->is_due) {
        if (!level->page.is_due) {
            if (r->image.size == 0)
                RAISE(JET_errDatabaseBufferDependenciesCorrupted);
            TRY(page_image_restore(r->image, r->image_flags, pages->page_size, r->page.page_no, image.bytes));
            source = page_edit_trusted(image.bytes, pages->page_size, r->page.page_no);
        }
        TRY(moved_range(r, &source, &first, &count));
        TRY(redo_fault(page_copy_nodes(&source, first, count, &target->edit, moves_right(r) ? PAGE_AT_FRONT : PAGE_AT_END, r->uncommitted_target)));
    }
    if (is_partial(r) && level->page.is_due) {
        TRY(moved_range(r, &level->page.edit, &first, &count));
        TRY(redo_fault(page_delete(&level->page.edit, first, count)));
    }
done:
    return err;
}

static JET_ERR redo_merge_leaf(const struct redo_pages *pages, struct merge_level *level)
{
    JET_ERR err = JET_errSuccess;
    const struct merge_record *r = &level->r;
    DEMAND(r->kind != MERGE_NONE && r->kind <= MERGE_PARTIAL_LEFT);
    if (r->kind == MERGE_EMPTY_TREE) /* no engine has been seen to write it */
        RAISE(JET_errFeatureNotAvailable);
    if (moves_right(r) || moves_left(r)) {
        DEMAND((moves_right(r) ? r->right_page : r->left_page) != 0);
        TRY(move_merged_nodes(pages, level));
    }
    if (!is_partial(r)) {
        if (level->left.is_due)
            TRY(redo_fault(page_set_next(&level->left.edit, r->right_page)));
        if (level->right.is_due)
            TRY(redo_fault(page_set_previous(&level->right.edit, r->left_page)));
    }
    if ((r->flags & MERGE_PAGE_EMPTIED) != 0 && level->page.is_due)
        TRY(redo_fault(page_empty(&level->page.edit)));
done:
    return err;
}

/* An internal page of the path. child: the record below; leaf: the lowest one. */
static JET_ERR redo_merge_parent(struct merge_level *level, const struct merge_record *child, const struct merge_record *leaf)
{
    JET_ERR err = JET_errSuccess;
    const struct merge_record *r = &level->r;
    struct page_edit *e = &level->page.edit;
    uint32_t line = r->page.line;
    bool key_changes = (r->flags & MERGE_KEY_CHANGES) != 0;
    if (!level->page.is_due)
        goto done;
    if ((r->flags & MERGE_PAGE_EMPTIED) != 0) {
        TRY(redo_fault(page_empty(e)));
        goto done;
    }
    if ((r->flags & (MERGE_KEY_CHANGES | MERGE_NODE_DELETED)) == 0)
        goto done;
    DEMAND(leads_to(e, line, child->page.page_no));
    if ((r->flags & MERGE_NODE_DELETED) != 0) {
        TRY(redo_fault(key_changes ? page_join_left_child(e, line, leaf->left_page) : page_remove_child(e, line)));
    } else {
        struct page_key key = page_key_of(leaf->separator);
        DEMAND(leaf->kind != MERGE_PARTIAL_LEFT || line > 0);
        TRY(redo_fault(page_replace_key(e, leaf->kind == MERGE_PARTIAL_LEFT ? line - 1 : line, &key)));
    }
done:
    return err;
}

static void finish_merge_level(struct merge_level *level)
{
    struct redo_held *held[] = {&level->page, &level->left, &level->right};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        if (held[i]->is_due)
            redo_done(held[i], level->r.page.dbtime);
    }
}

static JET_ERR redo_merge(const struct redo_pages *pages, const struct log_record *records, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct merge_level levels[LEVELS_MAX];
    struct seen_pages seen = {.count = 0};
    uint32_t held = 0;
    memset(levels, 0, sizeof levels);
    for (uint32_t i = 0; i < count; i++) {
        DEMAND(records[i].type == LR_MERGE2 && held < LEVELS_MAX);
        struct merge_level *level = &levels[held++];
        TRY(merge_record_decode(&records[i], &level->r));
        TRY(hold_merge(pages, level, &seen));
    }
    for (uint32_t i = 0; i < held; i++) {
        if (i + 1 < held)
            TRY(redo_merge_parent(&levels[i], &levels[i + 1].r, &levels[held - 1].r));
        else
            TRY(redo_merge_leaf(pages, &levels[i]));
        finish_merge_level(&levels[i]);
        if ((levels[i].r.flags & MERGE_PAGE_EMPTIED) != 0)
            redo_settled(pages, levels[i].r.page.page_no);
    }
done:
    while (held > 0) {
        struct merge_level *level = &levels[--held];
        redo_let_go(pages, &level->right);
        redo_let_go(pages, &level->left);
        redo_let_go(pages, &level->page);
    }
    return err;
}

/* --- moves --- */

/* Builds the moved page from the image in the record. */
static JET_ERR build_moved(const struct redo_pages *pages, const struct page_move_record *r, struct redo_held *target)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer image;
    TRY(page_image_join(r->header, r->trailer, pages->page_size, r->target_page, image.bytes));
    memcpy(target->bytes, image.bytes, pages->page_size);
    redo_done(target, r->page.dbtime);
done:
    return err;
}

/* Gets a page that may be absent. */
static JET_ERR hold_neighbour(const struct redo_pages *pages, page_no_t page_no, uint64_t after, uint64_t before, struct redo_held *out)
{
    memset(out, 0, sizeof *out);
    return page_no != 0 ? redo_hold(pages, page_no, after, before, out) : JET_errSuccess;
}

JET_ERR redo_page_move(const struct redo_pages *pages, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct page_move_record r;
    struct redo_held source = {0}, target = {0}, left = {0}, right = {0}, parent = {0};
    TRY(page_move_record_decode(record, &r));
    const page_no_t all[] = {r.page.page_no, r.target_page, r.left_page, r.right_page, r.parent_page};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (size_t j = 0; j < i; j++)
            DEMAND(all[i] == 0 || all[i] != all[j]);
    }
    DEMAND(r.kind == PAGE_MOVE_PLAIN && r.parent_page != 0 && r.parent_line >= 0);
    TRY(redo_hold_new(pages, r.target_page, r.page.dbtime, &target));
    TRY(redo_hold(pages, r.page.page_no, r.page.dbtime, r.page.dbtime_before, &source));
    TRY(redo_hold(pages, r.parent_page, r.page.dbtime, r.dbtime_parent_before, &parent));
    TRY(hold_neighbour(pages, r.left_page, r.page.dbtime, r.dbtime_left_before, &left));
    TRY(hold_neighbour(pages, r.right_page, r.page.dbtime, r.dbtime_right_before, &right));
    if (target.is_due)
        TRY(build_moved(pages, &r, &target));
    if (parent.is_due) {
        DEMAND(leads_to(&parent.edit, (uint32_t)r.parent_line, r.page.page_no));
        TRY(redo_fault(page_set_child(&parent.edit, (uint32_t)r.parent_line, r.target_page)));
        redo_done(&parent, r.page.dbtime);
    }
    if (left.is_due) {
        TRY(redo_fault(page_set_next(&left.edit, r.target_page)));
        redo_done(&left, r.page.dbtime);
    }
    if (right.is_due) {
        TRY(redo_fault(page_set_previous(&right.edit, r.target_page)));
        redo_done(&right, r.page.dbtime);
    }
    if (source.is_due) {
        TRY(redo_fault(page_empty(&source.edit)));
        redo_done(&source, r.page.dbtime);
    }
    redo_settled(pages, r.page.page_no);
done:
    redo_let_go(pages, &right);
    redo_let_go(pages, &left);
    redo_let_go(pages, &parent);
    redo_let_go(pages, &source);
    redo_let_go(pages, &target);
    return err;
}

/* One root of the tree that moves. new_owned_root: where the owned tree's root goes, for the tree's own root. */
static JET_ERR redo_move_root(const struct redo_pages *pages, const struct page_move_record *r, page_no_t new_owned_root)
{
    JET_ERR err = JET_errSuccess;
    struct redo_held source = {0}, target = {0};
    struct space_header header;
    DEMAND(r->target_page != r->page.page_no);
    TRY(redo_hold_new(pages, r->target_page, r->page.dbtime, &target));
    TRY(redo_hold(pages, r->page.page_no, r->page.dbtime, r->page.dbtime_before, &source));
    if (target.is_due) {
        TRY(build_moved(pages, r, &target));
        if (r->kind == PAGE_MOVE_ROOT && new_owned_root != 0) {
            struct page_view view = page_edit_view(&target.edit);
            TRY(redo_fault(space_header_decode(page_external_header(&view), &header)));
            header.free_map_or_owned_root = new_owned_root;
            TRY(redo_fault(page_set_space_header(&target.edit, &header)));
        }
    }
    if (source.is_due) {
        TRY(redo_fault(page_empty(&source.edit)));
        redo_done(&source, r->page.dbtime);
    }
    redo_settled(pages, r->page.page_no);
done:
    redo_let_go(pages, &source);
    redo_let_go(pages, &target);
    return err;
}

/* Pages of a root move that several records change: judged by the first one only, as the second repeats its "before". */
struct judged_page {
    page_no_t page_no;
    bool is_due;
};
enum { JUDGED_MAX = 16 };

static JET_ERR redo_move_node(const struct redo_pages *pages, const struct log_record *record, struct judged_page *judged, uint32_t *judged_count)
{
    JET_ERR err = JET_errSuccess;
    struct redo_held page = {0};
    uint32_t i = 0;
    DEMAND(record->type == LR_SET_EXTERNAL_HEADER || record->type == LR_REPLACE || record->type == LR_REPLACE_D);
    while (i < *judged_count && judged[i].page_no != record->page.page_no)
        i++;
    if (i < *judged_count && !judged[i].is_due)
        goto done;
    TRY(redo_hold(pages, record->page.page_no, record->page.dbtime + (i < *judged_count ? 1u : 0u),
                  i < *judged_count ? record->page.dbtime : record->page.dbtime_before, &page));
    if (i == *judged_count && record->type != LR_SET_EXTERNAL_HEADER) {
        DEMAND(i < JUDGED_MAX);
        judged[(*judged_count)++] = (struct judged_page){record->page.page_no, page.is_due};
    }
    if (page.is_due) {
        TRY(redo_change_node(pages, record, &page.edit));
        redo_done(&page, record->page.dbtime);
    }
done:
    redo_let_go(pages, &page);
    return err;
}

static JET_ERR redo_root_move(const struct redo_pages *pages, const struct log_record *records, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct judged_page judged[JUDGED_MAX];
    struct page_move_record moves[MOVED_ROOT_PAGES];
    uint32_t judged_count = 0, move_count = 0;
    page_no_t new_owned_root = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (records[i].type != LR_PAGE_MOVE)
            continue;
        DEMAND(move_count < MOVED_ROOT_PAGES);
        TRY(page_move_record_decode(&records[i], &moves[move_count]));
        DEMAND(moves[move_count].kind == PAGE_MOVE_ROOT || moves[move_count].kind == PAGE_MOVE_OWNED_ROOT || moves[move_count].kind == PAGE_MOVE_AVAILABLE_ROOT);
        if (moves[move_count].kind == PAGE_MOVE_OWNED_ROOT)
            new_owned_root = moves[move_count].target_page;
        move_count++;
    }
    for (uint32_t i = 0; i < move_count; i++)
        TRY(redo_move_root(pages, &moves[i], new_owned_root));
    for (uint32_t i = 0; i < count; i++) {
        if (records[i].type != LR_PAGE_MOVE && records[i].type != LR_ROOT_PAGE_MOVE)
            TRY(redo_move_node(pages, &records[i], judged, &judged_count));
    }
done:
    return err;
}

JET_ERR redo_macro(const struct redo_pages *pages, const struct log_record *records, uint32_t count)
{
    uint32_t splits = 0, merges = 0, root_moves = 0;
    for (uint32_t i = 0; i < count; i++) {
        splits += records[i].type == LR_SPLIT2;
        merges += records[i].type == LR_MERGE2;
        root_moves += records[i].type == LR_ROOT_PAGE_MOVE;
    }
    if ((splits > 0) + (merges > 0) + (root_moves > 0) > 1 || (count > 0 && splits + merges + root_moves == 0))
        return error_raise(JET_errLogCorrupted, __FILE__, __LINE__);
    if (splits > 0)
        return redo_split(pages, records, count);
    if (merges > 0)
        return redo_merge(pages, records, count);
    return root_moves > 0 ? redo_root_move(pages, records, count) : JET_errSuccess;
}
