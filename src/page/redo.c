/* Redo of records outside macros, and the dbtime rule (redo.h; recovery.md 7.1 - 7.4). */
#include "page/image.h"
#include "page/internal.h"
#include "page/redo_internal.h"
#include "page/root.h"
#include "page/structure_record.h"

/* --- pages of an operation --- */

JET_ERR redo_fault(JET_ERR err) { return err == JET_errDatabaseCorrupted ? error_raise(JET_errLogCorrupted, __FILE__, __LINE__) : err; }

void redo_settled(const struct redo_pages *pages, page_no_t page_no)
{
    if (pages->settled != NULL)
        pages->settled(pages->context, page_no);
}

void redo_let_go(const struct redo_pages *pages, struct redo_held *held)
{
    if (held->bytes != NULL)
        pages->release(pages->context, held->edit.page_no, held->bytes, held->is_changed);
    memset(held, 0, sizeof *held);
}

void redo_done(struct redo_held *held, uint64_t after)
{
    page_set_dbtime(&held->edit, after);
    held->is_changed = true;
}

static JET_ERR doubt(const struct redo_pages *pages, page_no_t page_no, JET_ERR fault)
{
    if (!pages->in_required_range || pages->cannot_judge == NULL)
        return error_raise(fault, __FILE__, __LINE__);
    return pages->cannot_judge(pages->context, page_no, fault);
}

/* The rule itself. *fault is what stands against doing or leaving it. */
static bool judge(const struct redo_pages *pages, uint64_t present, uint64_t after, uint64_t before, JET_ERR *fault)
{
    *fault = JET_errSuccess;
    if (present >= after) {
        if (!pages->in_required_range)
            *fault = JET_errDbTimeBeyondMaxRequired;
        return false;
    }
    if (present == before)
        return true;
    *fault = present < before ? JET_errDbTimeTooOld : JET_errDbTimeTooNew;
    return false;
}

JET_ERR redo_hold(const struct redo_pages *pages, page_no_t page_no, uint64_t after, uint64_t before, struct redo_held *out)
{
    JET_ERR err = JET_errSuccess, fault;
    memset(out, 0, sizeof *out);
    if (page_no == 0 || page_no > PAGE_NO_MAX)
        RAISE(JET_errLogCorrupted);
    out->edit.page_no = page_no;
    err = pages->get(pages->context, page_no, &out->bytes);
    if (err < 0)
        out->bytes = NULL;
    else if (is_all_zero(out->bytes, pages->page_size))
        err = JET_errPageNotInitialized;
    if (err == JET_errPageNotInitialized || err == JET_errFileIOBeyondEOF)
        err = doubt(pages, page_no, err);
    else if (err >= 0) {
        out->is_due = judge(pages, load_le64(out->bytes + PAGE_DBTIME_OFFSET), after, before, &fault);
        if (fault == JET_errDbTimeTooOld)
            err = doubt(pages, page_no, fault);
        else if (fault != JET_errSuccess)
            RAISE(fault);
    }
    TRY(err);
    if (out->is_due && pages->is_sound != NULL && pages->is_sound(pages->context, page_no))
        out->edit = page_edit_trusted(out->bytes, pages->page_size, page_no);
    else if (out->is_due)
        TRY(page_edit_open(&out->edit, out->bytes, pages->page_size, page_no));
done:
    if (err < 0)
        redo_let_go(pages, out);
    return err;
}

JET_ERR redo_hold_new(const struct redo_pages *pages, page_no_t page_no, uint64_t after, struct redo_held *out)
{
    JET_ERR err = JET_errSuccess;
    struct page_view view;
    memset(out, 0, sizeof *out);
    if (page_no == 0 || page_no > PAGE_NO_MAX)
        RAISE(JET_errLogCorrupted);
    TRY(pages->get_new(pages->context, page_no, &out->bytes));
    out->edit = page_edit_trusted(out->bytes, pages->page_size, page_no);
    bool is_readable = pages->in_required_range && page_view_init(&view, out->bytes, pages->page_size, page_no, NULL) >= 0;
    out->is_due = !is_readable || page_dbtime(&view) < after;
    if (out->is_due)
        redo_settled(pages, page_no);
done:
    return err;
}

/* --- nodes --- */

static bool is_versioned(const struct log_record *record) { return (record->page.flags & LR_FLAG_VERSIONED) != 0; }
static unsigned versioned_flag(const struct log_record *record) { return is_versioned(record) ? (unsigned)NODE_FLAG_VERSIONED : 0u; }

/* Data of the node a record names; JET_errLogCorrupted when there is none. */
static JET_ERR data_at(const struct page_edit *e, uint32_t line, struct span *out)
{
    struct page_view view = page_edit_view(e);
    if (line >= page_node_count(&view))
        return error_raise(JET_errLogCorrupted, __FILE__, __LINE__);
    struct node n = page_node(&view, line);
    *out = n.data;
    return JET_errSuccess;
}

JET_ERR redo_new_data(const struct log_record *record, struct span old, uint8_t *room, struct span *out)
{
    JET_ERR err = JET_errSuccess;
    const struct node_tail *t = &record->tail;
    *out = t->data;
    if (record->type == LR_REPLACE_D) {
        if (t->new_size > PAGE_SIZE_MAX)
            RAISE(JET_errLogCorrupted);
        TRY(page_difference_apply(old, t->data, t->operation != 0, room, t->new_size));
        *out = span_of(room, t->new_size);
    } else if (record->type == LR_REPLACE && t->data.size != t->new_size) {
        RAISE(JET_errLogCorrupted);
    }
done:
    return err;
}

static JET_ERR tell_before_image(const struct redo_pages *pages, const struct log_record *record, struct span old)
{
    return pages->before_image != NULL ? pages->before_image(pages->context, record, old) : JET_errSuccess;
}

static JET_ERR replace_data(const struct redo_pages *pages, const struct log_record *record, struct page_edit *e)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer room;
    struct span old, data;
    uint32_t line = record->page.line;
    TRY(data_at(e, line, &old));
    TRY(redo_new_data(record, old, room.bytes, &data));
    TRY(tell_before_image(pages, record, old));
    TRY(page_replace_data(e, line, data));
    TRY(page_change_node_flags(e, line, versioned_flag(record), record->type == LR_FLAG_INSERT_AND_REPLACE ? NODE_FLAG_DELETED : 0));
done:
    return err;
}

static JET_ERR flag_delete(const struct redo_pages *pages, const struct log_record *record, struct page_edit *e)
{
    JET_ERR err = JET_errSuccess;
    struct span old;
    TRY(data_at(e, record->page.line, &old));
    TRY(tell_before_image(pages, record, old));
    TRY(page_change_node_flags(e, record->page.line, NODE_FLAG_DELETED | versioned_flag(record), 0));
done:
    return err;
}

static JET_ERR insert(const struct log_record *record, struct page_edit *e)
{
    const struct node_tail *t = &record->tail;
    struct page_new_node node = {.key = {t->key_prefix, t->key}, .prefix_size = t->key_prefix.size, .data = t->data, .flags = versioned_flag(record)};
    return page_insert(e, record->page.line, &node);
}

/* Compensation: the opposite of what the version entry stands for. */
static JET_ERR undo(const struct redo_pages *pages, const struct log_record *record, struct page_edit *e)
{
    enum { UNDO_INSERT = 1, UNDO_REPLACE = 2, UNDO_FLAG_DELETE = 3, UNDO_DELTA = 4, UNDO_DELTA64 = 9 };
    JET_ERR err = JET_errSuccess;
    struct redo_undone undone = {.offset = 0};
    unsigned operation = record->tail.operation;
    uint32_t line = record->page.line;
    switch (operation) {
    case UNDO_INSERT: TRY(page_change_node_flags(e, line, NODE_FLAG_DELETED, 0)); break;
    case UNDO_FLAG_DELETE: TRY(page_change_node_flags(e, line, 0, NODE_FLAG_DELETED)); break;
    case UNDO_REPLACE:
    case UNDO_DELTA:
    case UNDO_DELTA64:
        if (pages->undone == NULL)
            RAISE(JET_errLogCorrupted);
        TRY(pages->undone(pages->context, record, &undone));
        if (operation != UNDO_REPLACE) {
            TRY(page_add_to_data(e, line, undone.offset, operation == UNDO_DELTA ? 4 : 8, (int64_t)(0 - (uint64_t)undone.delta)));
            break;
        }
        if (undone.reserved > 0)
            page_adjust_uncommitted_free(e, -undone.reserved);
        TRY(page_replace_data(e, line, undone.data));
        if (undone.reserved < 0)
            page_adjust_uncommitted_free(e, undone.reserved == INT32_MIN ? INT32_MAX : -undone.reserved);
        break;
    default: RAISE(JET_errLogCorrupted);
    }
done:
    return err;
}

JET_ERR redo_change_node(const struct redo_pages *pages, const struct log_record *record, struct page_edit *e)
{
    JET_ERR err = JET_errSuccess;
    const struct node_tail *t = &record->tail;
    uint32_t line = record->page.line;
    switch (record->type) {
    case LR_INSERT: TRY(insert(record, e)); break;
    case LR_FLAG_INSERT: TRY(page_change_node_flags(e, line, versioned_flag(record), NODE_FLAG_DELETED)); break;
    case LR_FLAG_INSERT_AND_REPLACE:
    case LR_REPLACE:
    case LR_REPLACE_D: TRY(replace_data(pages, record, e)); break;
    case LR_FLAG_DELETE: TRY(flag_delete(pages, record, e)); break;
    case LR_DELETE: TRY(page_delete(e, line, 1)); break;
    case LR_DELTA: TRY(page_add_to_data(e, line, t->offset, 4, t->delta)); goto flag;
    case LR_DELTA64: TRY(page_add_to_data(e, line, t->offset, 8, t->delta)); goto flag;
    case LR_SET_EXTERNAL_HEADER: TRY(page_set_external_header(e, t->data)); break;
    case LR_UNDO: TRY(undo(pages, record, e)); break;
    default: RAISE(JET_errLogCorrupted);
    }
    goto done;
flag:
    TRY(page_change_node_flags(e, line, versioned_flag(record), 0));
done:
    return redo_fault(err);
}

static JET_ERR redo_node(const struct redo_pages *pages, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct redo_held page = {0};
    TRY(redo_hold(pages, record->page.page_no, record->page.dbtime, record->page.dbtime_before, &page));
    if (page.is_due) {
        TRY(redo_change_node(pages, record, &page.edit));
        redo_done(&page, record->page.dbtime);
    }
done:
    redo_let_go(pages, &page);
    return err;
}

/* --- new pages and trees --- */

static JET_ERR redo_new_page(const struct redo_pages *pages, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct redo_held page = {0};
    TRY(redo_hold_new(pages, record->page.page_no, record->page.dbtime, &page));
    if (page.is_due) {
        page_init_blank(&page.edit, record->node.objid, record->page.dbtime);
        page.is_changed = true;
    }
done:
    redo_let_go(pages, &page);
    return err;
}

/* The kind of tree, of all that the record says of page flags. */
static struct page_new_tree new_tree(const struct tree_record *r)
{
    return (struct page_new_tree){.flags = r->flags & (PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE | PAGE_FLAG_NON_UNIQUE), .objid = r->objid, .dbtime = r->page.dbtime,
                                  .parent = r->parent, .pages = r->pages, .is_unique = (r->page.flags & LR_FLAG_UNIQUE) != 0};
}

/* Builds one root of a space tree if that must be done. */
static JET_ERR redo_extents(const struct redo_pages *pages, page_no_t page_no, const struct page_new_tree *tree, const struct page_extent *extents, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct redo_held page = {0};
    TRY(redo_hold_new(pages, page_no, tree->dbtime, &page));
    if (page.is_due) {
        TRY(redo_fault(page_build_extents(&page.edit, tree, extents, count)));
        page.is_changed = true;
    }
done:
    redo_let_go(pages, &page);
    return err;
}

static bool extent_is_sound(page_no_t first, uint32_t count) { return first != 0 && count != 0 && (uint64_t)first + count - 1 <= PAGE_NO_MAX; }

static JET_ERR redo_create_tree(const struct redo_pages *pages, const struct log_record *record)
{
    enum { SPACE_TREE_PAGES = 3 };
    JET_ERR err = JET_errSuccess;
    struct redo_held page = {0};
    struct tree_record r;
    bool has_space_trees = record->type == LR_CREATE_ME_FDP;
    TRY(tree_record_decode(record, &r));
    struct page_new_tree tree = new_tree(&r);
    if (!extent_is_sound(r.page.page_no, r.pages) ||
        (has_space_trees && (r.pages < SPACE_TREE_PAGES || r.owned_root != r.page.page_no + 1 || r.available_root != r.owned_root + 1)))
        RAISE(JET_errLogCorrupted);
    TRY(redo_hold_new(pages, r.page.page_no, r.page.dbtime, &page));
    if (page.is_due) {
        TRY(redo_fault(has_space_trees ? page_build_root(&page.edit, &tree, r.owned_root) : page_build_small_root(&page.edit, &tree)));
        page.is_changed = true;
    }
    if (has_space_trees) {
        struct page_extent extent = {r.page.page_no + r.pages - 1, r.pages};
        TRY(redo_extents(pages, r.owned_root, &tree, &extent, 1));
        extent.count -= SPACE_TREE_PAGES;
        TRY(redo_extents(pages, r.available_root, &tree, &extent, 1));
    }
done:
    redo_let_go(pages, &page);
    return err;
}

static JET_ERR redo_convert_tree(const struct redo_pages *pages, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct redo_held page = {0};
    struct tree_record r;
    struct page_extent owned[2], available[SPACE_EXTENTS_MAX];
    TRY(tree_record_decode(record, &r));
    struct page_new_tree tree = new_tree(&r);
    if (!extent_is_sound(r.page.page_no, r.pages) || !extent_is_sound(r.secondary_first, r.secondary_pages) || r.secondary_pages < 2 ||
        r.owned_root != r.secondary_first || r.available_root != r.owned_root + 1)
        RAISE(JET_errLogCorrupted);
    struct page_extent secondary = {r.secondary_first + r.secondary_pages - 1, r.secondary_pages};
    TRY(redo_extents(pages, r.owned_root, &tree, owned, page_converted_owned(r.page.page_no, r.pages, secondary, owned)));
    TRY(redo_extents(pages, r.available_root, &tree, available, page_converted_available(r.page.page_no, r.pages, r.free_map, secondary, available)));
    TRY(redo_hold(pages, r.page.page_no, r.page.dbtime, r.page.dbtime_before, &page));
    if (page.is_due) {
        struct space_header header = {.primary_pages = r.pages, .parent = r.parent, .free_map_or_owned_root = r.owned_root,
                                      .flags = SPACE_FLAG_MULTIPLE_EXTENTS | (tree.is_unique ? 0u : (uint32_t)SPACE_FLAG_NON_UNIQUE)};
        TRY(redo_fault(page_set_space_header(&page.edit, &header)));
        redo_done(&page, r.page.dbtime);
    }
done:
    redo_let_go(pages, &page);
    return err;
}

/* --- trees that are emptied, scrubbing --- */

static JET_ERR redo_empty_tree(const struct redo_pages *pages, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct redo_held page = {0};
    uint32_t count;
    TRY(empty_tree_count(record, &count));
    for (uint32_t i = 0; i < count; i++) {
        struct emptied_page entry = empty_tree_entry(record, i);
        TRY(redo_hold(pages, entry.page_no, record->page.dbtime, entry.dbtime_before, &page));
        if (page.is_due) {
            TRY(redo_fault(page_empty(&page.edit)));
            redo_done(&page, record->page.dbtime);
        }
        redo_let_go(pages, &page);
        redo_settled(pages, entry.page_no);
    }
    TRY(redo_hold(pages, record->page.page_no, record->page.dbtime, record->page.dbtime_before, &page));
    if (page.is_due) {
        TRY(redo_fault(page_empty_root(&page.edit)));
        redo_done(&page, record->page.dbtime);
    }
done:
    redo_let_go(pages, &page);
    return err;
}

static JET_ERR redo_scrub(const struct redo_pages *pages, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct redo_held page = {0};
    const uint8_t *p = record->bytes.data;
    if (record->bytes.size < LR_SCRUB_FIXED)
        RAISE(JET_errLogCorrupted);
    struct span operations = span_of(p + LR_SCRUB_FIXED, record->bytes.size - LR_SCRUB_FIXED);
    bool is_unused = (load_le32(p + 44) & LR_SCRUB_UNUSED_PAGE) != 0;
    if (!is_unused && load_le32(p + 48) > operations.size)
        RAISE(JET_errLogCorrupted);
    operations.size = is_unused ? 0 : load_le32(p + 48);
    TRY(redo_hold(pages, record->page.page_no, record->page.dbtime, record->page.dbtime_before, &page));
    if (page.is_due) {
        TRY(redo_fault(is_unused ? page_scrub_unused(&page.edit) : page_scrub(&page.edit, operations)));
        redo_done(&page, record->page.dbtime);
        page_mark_scrubbed(&page.edit);
    }
done:
    redo_let_go(pages, &page);
    return err;
}

JET_ERR redo_record(const struct redo_pages *pages, const struct log_record *record)
{
    switch (record->type) {
    case LR_INSERT:
    case LR_FLAG_INSERT:
    case LR_FLAG_INSERT_AND_REPLACE:
    case LR_REPLACE:
    case LR_REPLACE_D:
    case LR_FLAG_DELETE:
    case LR_DELETE:
    case LR_DELTA:
    case LR_DELTA64:
    case LR_SET_EXTERNAL_HEADER:
    case LR_UNDO: return redo_node(pages, record);
    case LR_NEW_PAGE: return redo_new_page(pages, record);
    case LR_CREATE_SE_FDP:
    case LR_CREATE_ME_FDP: return redo_create_tree(pages, record);
    case LR_CONVERT_FDP2: return redo_convert_tree(pages, record);
    case LR_EMPTY_TREE: return redo_empty_tree(pages, record);
    case LR_SCRUB: return redo_scrub(pages, record);
    case LR_PAGE_MOVE: return redo_page_move(pages, record);
    case LR_SPLIT2:
    case LR_MERGE2: return error_raise(JET_errLogCorrupted, __FILE__, __LINE__); /* only inside macros */
    default: return JET_errSuccess;
    }
}
