/* Records of splits, merges, moves and new trees (structure_record.h). Offsets: log-files 9.4 - 9.7. */
#include "page/structure_record.h"

static JET_ERR corrupt(void) { return error_raise(JET_errLogCorrupted, __FILE__, __LINE__); }

/* Is it one of type `type` with at least its fixed part? */
static bool is_record(const struct log_record *record, uint8_t type, uint32_t fixed) { return record->type == type && record->bytes.size >= fixed; }

/* Cuts `size` bytes off the front of the tail. */
static bool take(struct span *tail, uint32_t size, struct span *out)
{
    if (size > tail->size)
        return false;
    *out = span_of(tail->data, size);
    *tail = span_of(tail->data + size, tail->size - size);
    return true;
}

static struct span tail_of(const struct log_record *record, uint32_t fixed) { return span_of(record->bytes.data + fixed, record->bytes.size - fixed); }

JET_ERR split_record_decode(const struct log_record *record, struct split_record *out)
{
    const uint8_t *p = record->bytes.data;
    memset(out, 0, sizeof *out);
    if (!is_record(record, LR_SPLIT2, SPLIT_RECORD_FIXED))
        return corrupt();
    *out = (struct split_record){.page = record->page, .new_page = load_le32(p + 32), .right_page = load_le32(p + 36), .dbtime_right_before = load_le64(p + 40),
                                 .parent_page = load_le32(p + 48), .dbtime_parent_before = load_le64(p + 52), .root = load_le32(p + 60), .objid = load_le32(p + 64),
                                 .kind = p[68], .operation = p[69], .line_operation = load_le16(p + 70), .line_split = load_le16(p + 72), .line_count = load_le16(p + 74),
                                 .flags_new = load_le32(p + 76), .flags_source = load_le32(p + 80), .uncommitted_source = load_le16(p + 84),
                                 .uncommitted_new = load_le16(p + 86), .prefix_line_source = (int32_t)load_le32(p + 88), .prefix_line_new = (int32_t)load_le32(p + 92),
                                 .image_flags = load_le32(p + 102)};
    struct span tail = tail_of(record, SPLIT_RECORD_FIXED);
    bool is_good = take(&tail, load_le16(p + 100), &out->parent_key) && take(&tail, load_le16(p + 96), &out->prefix_old) &&
                   take(&tail, load_le16(p + 98), &out->prefix_new) && take(&tail, load_le32(p + 106), &out->image) && tail.size == 0;
    return is_good ? JET_errSuccess : corrupt();
}

JET_ERR merge_record_decode(const struct log_record *record, struct merge_record *out)
{
    const uint8_t *p = record->bytes.data;
    memset(out, 0, sizeof *out);
    if (!is_record(record, LR_MERGE2, MERGE_RECORD_FIXED))
        return corrupt();
    *out = (struct merge_record){.page = record->page, .right_page = load_le32(p + 32), .dbtime_right_before = load_le64(p + 36), .left_page = load_le32(p + 44),
                                 .dbtime_left_before = load_le64(p + 48), .parent_page = load_le32(p + 56), .dbtime_parent_before = load_le64(p + 60),
                                 .root = load_le32(p + 68), .objid = load_le32(p + 72), .bytes_moved = load_le16(p + 76), .bytes_moved_max = load_le16(p + 78),
                                 .uncommitted_target = load_le16(p + 80), .line_merge = load_le16(p + 82), .flags = p[84], .kind = p[85], .image_flags = load_le32(p + 88)};
    struct span tail = tail_of(record, MERGE_RECORD_FIXED);
    bool is_good = take(&tail, load_le16(p + 86), &out->separator) && take(&tail, load_le32(p + 92), &out->image) && tail.size == 0;
    return is_good ? JET_errSuccess : corrupt();
}

JET_ERR page_move_record_decode(const struct log_record *record, struct page_move_record *out)
{
    const uint8_t *p = record->bytes.data;
    memset(out, 0, sizeof *out);
    if (!is_record(record, LR_PAGE_MOVE, PAGE_MOVE_RECORD_FIXED))
        return corrupt();
    *out = (struct page_move_record){.page = record->page, .target_page = load_le32(p + 32), .left_page = load_le32(p + 36), .right_page = load_le32(p + 40),
                                     .parent_page = load_le32(p + 44), .dbtime_left_before = load_le64(p + 48), .dbtime_right_before = load_le64(p + 56),
                                     .dbtime_parent_before = load_le64(p + 64), .root = load_le32(p + 72), .objid = load_le32(p + 76),
                                     .parent_line = (int32_t)load_le32(p + 80), .kind = load_le32(p + 84)};
    struct span tail = tail_of(record, PAGE_MOVE_RECORD_FIXED);
    bool is_good = take(&tail, load_le32(p + 88), &out->header) && take(&tail, load_le32(p + 92), &out->trailer) && tail.size == 0;
    return is_good ? JET_errSuccess : corrupt();
}

JET_ERR tree_record_decode(const struct log_record *record, struct tree_record *out)
{
    const uint8_t *p = record->bytes.data;
    memset(out, 0, sizeof *out);
    if (is_record(record, LR_CREATE_SE_FDP, CREATE_SE_RECORD_SIZE))
        *out = (struct tree_record){.objid = load_le32(p + 32), .parent = load_le32(p + 36), .pages = load_le32(p + 40), .flags = load_le32(p + 44)};
    else if (is_record(record, LR_CREATE_ME_FDP, CREATE_ME_RECORD_SIZE))
        *out = (struct tree_record){.objid = load_le32(p + 32), .owned_root = load_le32(p + 36), .available_root = load_le32(p + 40), .parent = load_le32(p + 44),
                                    .pages = load_le32(p + 48), .flags = load_le32(p + 52)};
    else if (is_record(record, LR_CONVERT_FDP2, CONVERT_RECORD_SIZE))
        *out = (struct tree_record){.objid = load_le32(p + 32), .owned_root = load_le32(p + 36), .available_root = load_le32(p + 40), .parent = load_le32(p + 44),
                                    .secondary_first = load_le32(p + 48), .pages = load_le32(p + 52), .secondary_pages = load_le32(p + 56),
                                    .free_map = load_le32(p + 60), .flags = load_le32(p + 64)};
    else
        return corrupt();
    out->page = record->page;
    return JET_errSuccess;
}

enum { EMPTY_TREE_FIXED = 46 };

JET_ERR empty_tree_count(const struct log_record *record, uint32_t *count)
{
    *count = 0;
    if (!is_record(record, LR_EMPTY_TREE, EMPTY_TREE_FIXED) || (record->bytes.size - EMPTY_TREE_FIXED) % EMPTY_PAGE_ENTRY_SIZE != 0)
        return corrupt();
    *count = (record->bytes.size - EMPTY_TREE_FIXED) / EMPTY_PAGE_ENTRY_SIZE;
    return JET_errSuccess;
}

struct emptied_page empty_tree_entry(const struct log_record *record, uint32_t i)
{
    const uint8_t *p = record->bytes.data + EMPTY_TREE_FIXED + (size_t)EMPTY_PAGE_ENTRY_SIZE * i;
    return (struct emptied_page){load_le64(p), load_le32(p + 8), load_le32(p + 12)};
}

/* --- encoding --- */

static void put_page_prefix(uint8_t *p, uint8_t type, const struct page_prefix *page)
{
    p[0] = type;
    store_le16(p + 1, page->procid);
    p[3] = page->dbid;
    store_le32(p + 4, page->page_no);
    store_le64(p + 8, page->dbtime);
    store_le64(p + 16, page->dbtime_before);
    store_le32(p + 24, page->transaction);
    p[28] = page->level;
    store_le16(p + 29, page->line);
    p[31] = page->flags;
}

static uint8_t *put_span(uint8_t *p, struct span bytes)
{
    if (bytes.size > 0 && bytes.data != p) /* an image may have been made at its place */
        memcpy(p, bytes.data, bytes.size);
    return p + bytes.size;
}

uint32_t split_record_encode(uint8_t *p, const struct split_record *r)
{
    put_page_prefix(p, LR_SPLIT2, &r->page);
    store_le32(p + 32, r->new_page);
    store_le32(p + 36, r->right_page);
    store_le64(p + 40, r->dbtime_right_before);
    store_le32(p + 48, r->parent_page);
    store_le64(p + 52, r->dbtime_parent_before);
    store_le32(p + 60, r->root);
    store_le32(p + 64, r->objid);
    p[68] = r->kind;
    p[69] = r->operation;
    store_le16(p + 70, r->line_operation);
    store_le16(p + 72, r->line_split);
    store_le16(p + 74, r->line_count);
    store_le32(p + 76, r->flags_new);
    store_le32(p + 80, r->flags_source);
    store_le16(p + 84, r->uncommitted_source);
    store_le16(p + 86, r->uncommitted_new);
    store_le32(p + 88, (uint32_t)r->prefix_line_source);
    store_le32(p + 92, (uint32_t)r->prefix_line_new);
    store_le16(p + 96, (uint16_t)r->prefix_old.size);
    store_le16(p + 98, (uint16_t)r->prefix_new.size);
    store_le16(p + 100, (uint16_t)r->parent_key.size);
    store_le32(p + 102, r->image_flags);
    store_le32(p + 106, r->image.size);
    uint8_t *end = put_span(put_span(put_span(put_span(p + SPLIT_RECORD_FIXED, r->parent_key), r->prefix_old), r->prefix_new), r->image);
    return (uint32_t)(end - p);
}

uint32_t merge_record_encode(uint8_t *p, const struct merge_record *r)
{
    put_page_prefix(p, LR_MERGE2, &r->page);
    store_le32(p + 32, r->right_page);
    store_le64(p + 36, r->dbtime_right_before);
    store_le32(p + 44, r->left_page);
    store_le64(p + 48, r->dbtime_left_before);
    store_le32(p + 56, r->parent_page);
    store_le64(p + 60, r->dbtime_parent_before);
    store_le32(p + 68, r->root);
    store_le32(p + 72, r->objid);
    store_le16(p + 76, r->bytes_moved);
    store_le16(p + 78, r->bytes_moved_max);
    store_le16(p + 80, r->uncommitted_target);
    store_le16(p + 82, r->line_merge);
    p[84] = r->flags;
    p[85] = r->kind;
    store_le16(p + 86, (uint16_t)r->separator.size);
    store_le32(p + 88, r->image_flags);
    store_le32(p + 92, r->image.size);
    return (uint32_t)(put_span(put_span(p + MERGE_RECORD_FIXED, r->separator), r->image) - p);
}

uint32_t page_move_record_encode(uint8_t *p, const struct page_move_record *r)
{
    put_page_prefix(p, LR_PAGE_MOVE, &r->page);
    store_le32(p + 32, r->target_page);
    store_le32(p + 36, r->left_page);
    store_le32(p + 40, r->right_page);
    store_le32(p + 44, r->parent_page);
    store_le64(p + 48, r->dbtime_left_before);
    store_le64(p + 56, r->dbtime_right_before);
    store_le64(p + 64, r->dbtime_parent_before);
    store_le32(p + 72, r->root);
    store_le32(p + 76, r->objid);
    store_le32(p + 80, (uint32_t)r->parent_line);
    store_le32(p + 84, r->kind);
    store_le32(p + 88, r->header.size);
    store_le32(p + 92, r->trailer.size);
    return (uint32_t)(put_span(put_span(p + PAGE_MOVE_RECORD_FIXED, r->header), r->trailer) - p);
}

uint32_t tree_record_encode(uint8_t *p, uint8_t type, const struct tree_record *r)
{
    put_page_prefix(p, type, &r->page);
    store_le32(p + 32, r->objid);
    if (type == LR_CREATE_SE_FDP) {
        store_le32(p + 36, r->parent);
        store_le32(p + 40, r->pages);
        store_le32(p + 44, r->flags);
        return CREATE_SE_RECORD_SIZE;
    }
    store_le32(p + 36, r->owned_root);
    store_le32(p + 40, r->available_root);
    store_le32(p + 44, r->parent);
    if (type == LR_CREATE_ME_FDP) {
        store_le32(p + 48, r->pages);
        store_le32(p + 52, r->flags);
        return CREATE_ME_RECORD_SIZE;
    }
    store_le32(p + 48, r->secondary_first);
    store_le32(p + 52, r->pages);
    store_le32(p + 56, r->secondary_pages);
    store_le32(p + 60, r->free_map);
    store_le32(p + 64, r->flags);
    return CONVERT_RECORD_SIZE;
}
