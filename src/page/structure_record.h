/* Log records that change several pages, in decoded form (log-files 9.4 - 9.7): Split2, Merge2, PageMove, CreateSEFDP, CreateMEFDP, ConvertFDP2, EmptyTree.
 *
 * They complete format/log_record.h, which decodes their common prefix and has checked that the lengths add up. Spans point into the record.
 * Encoders write the same layouts; used by btree/. Errors: JET_errLogCorrupted. */
#ifndef OPENESE_PAGE_STRUCTURE_RECORD_H
#define OPENESE_PAGE_STRUCTURE_RECORD_H

#include "format/log_record.h"

struct split_record {
    struct page_prefix page;
    page_no_t new_page, right_page;   /* 0: none */
    uint64_t dbtime_right_before;
    page_no_t parent_page;
    uint64_t dbtime_parent_before;
    page_no_t root;
    uint32_t objid;
    uint8_t kind, operation;          /* enum page_split_kind, page_split_operation */
    uint16_t line_operation, line_split, line_count;
    uint32_t flags_new, flags_source;
    uint16_t uncommitted_source, uncommitted_new;
    int32_t prefix_line_source, prefix_line_new;
    struct span parent_key, prefix_old, prefix_new;
    uint32_t image_flags;
    struct span image;
};

enum merge_record_flag { MERGE_KEY_CHANGES = 1, MERGE_NODE_DELETED = 2, MERGE_PAGE_EMPTIED = 4 };
enum merge_record_kind { MERGE_NONE = 0, MERGE_EMPTY_PAGE = 1, MERGE_FULL_RIGHT = 2, MERGE_PARTIAL_RIGHT = 3, MERGE_EMPTY_TREE = 4, MERGE_FULL_LEFT = 5,
                         MERGE_PARTIAL_LEFT = 6 };
struct merge_record {
    struct page_prefix page;
    page_no_t right_page, left_page, parent_page;
    uint64_t dbtime_right_before, dbtime_left_before, dbtime_parent_before;
    page_no_t root;
    uint32_t objid;
    uint16_t bytes_moved, bytes_moved_max, uncommitted_target, line_merge;
    uint8_t flags, kind;
    struct span separator;
    uint32_t image_flags;
    struct span image;
};

#define DBTIME_ABSENT (UINT64_MAX - 1) /* of neighbours a moved page does not have */
enum page_move_kind { PAGE_MOVE_PLAIN = 0, PAGE_MOVE_ROOT = 1, PAGE_MOVE_OWNED_ROOT = 2, PAGE_MOVE_AVAILABLE_ROOT = 4 };
struct page_move_record {
    struct page_prefix page;
    page_no_t target_page, left_page, right_page, parent_page;
    uint64_t dbtime_left_before, dbtime_right_before, dbtime_parent_before;
    page_no_t root;
    uint32_t objid;
    int32_t parent_line;
    uint32_t kind;
    struct span header, trailer;
};

/* CreateSEFDP, CreateMEFDP (owned_root, available_root) and ConvertFDP2 (all). */
struct tree_record {
    struct page_prefix page;
    uint32_t objid;
    page_no_t owned_root, available_root, parent;
    page_no_t secondary_first;
    uint32_t pages, secondary_pages, free_map, flags;
};

enum { EMPTY_PAGE_ENTRY_SIZE = 16 };
struct emptied_page {
    uint64_t dbtime_before;
    page_no_t page_no;
    uint32_t flags;
};

MUST_CHECK JET_ERR split_record_decode(const struct log_record *record, struct split_record *out);
MUST_CHECK JET_ERR merge_record_decode(const struct log_record *record, struct merge_record *out);
MUST_CHECK JET_ERR page_move_record_decode(const struct log_record *record, struct page_move_record *out);
MUST_CHECK JET_ERR tree_record_decode(const struct log_record *record, struct tree_record *out);
/* Entries of an EmptyTree record. */
MUST_CHECK JET_ERR empty_tree_count(const struct log_record *record, uint32_t *count);
struct emptied_page empty_tree_entry(const struct log_record *record, uint32_t i);

enum { SPLIT_RECORD_FIXED = 110, MERGE_RECORD_FIXED = 96, PAGE_MOVE_RECORD_FIXED = 96, CREATE_SE_RECORD_SIZE = 48, CREATE_ME_RECORD_SIZE = 56,
       CONVERT_RECORD_SIZE = 68 };
/* Write a record (fixed size + the spans); return its size. The image of a split or merge comes last, and may stand at its place already. */
uint32_t split_record_encode(uint8_t *out, const struct split_record *record);
uint32_t merge_record_encode(uint8_t *out, const struct merge_record *record);
uint32_t page_move_record_encode(uint8_t *out, const struct page_move_record *record);
/* type: LR_CREATE_SE_FDP, LR_CREATE_ME_FDP or LR_CONVERT_FDP2. */
uint32_t tree_record_encode(uint8_t *out, uint8_t type, const struct tree_record *record);

#endif
