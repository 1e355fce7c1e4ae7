/* Shared by redo.c and redo_structure.c. */
#ifndef OPENESE_PAGE_REDO_INTERNAL_H
#define OPENESE_PAGE_REDO_INTERNAL_H

#include "page/redo.h"

/* One page of an operation. Zero-initialised = none; redo_let_go accepts that. */
struct redo_held {
    uint8_t *bytes;          /* NULL: not held */
    struct page_edit edit;
    bool is_due;             /* the operation must be done to it */
    bool is_changed;         /* it has been */
};

/* Gets an existing page and judges it: is_due when its dbtime is `before`. page_no 0 or absent: nothing is held. */
MUST_CHECK JET_ERR redo_hold(const struct redo_pages *pages, page_no_t page_no, uint64_t after, uint64_t before, struct redo_held *out);
/* Gets a page that the operation builds. is_due: it must be built; its bytes are then anything. */
MUST_CHECK JET_ERR redo_hold_new(const struct redo_pages *pages, page_no_t page_no, uint64_t after, struct redo_held *out);
/* Marks the page changed and gives it its new dbtime. */
void redo_done(struct redo_held *held, uint64_t after);
void redo_let_go(const struct redo_pages *pages, struct redo_held *held);
void redo_settled(const struct redo_pages *pages, page_no_t page_no);
/* A change that a sound page refuses is the log's fault. */
JET_ERR redo_fault(JET_ERR err);

/* The change of a single-page node record to a page that is due. */
MUST_CHECK JET_ERR redo_change_node(const struct redo_pages *pages, const struct log_record *record, struct page_edit *e);
/* New data of a Replace, ReplaceD or FlagInsertAndReplaceData for a node that has `old`. room: PAGE_SIZE_MAX bytes that *out may point to. */
MUST_CHECK JET_ERR redo_new_data(const struct log_record *record, struct span old, uint8_t *room, struct span *out);

/* PageMove outside a macro. */
MUST_CHECK JET_ERR redo_page_move(const struct redo_pages *pages, const struct log_record *record);

#endif
