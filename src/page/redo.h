/* Redo of page operations: a decoded log record becomes changes of pages (recovery.md 7).
 *
 * The one idea: each page an operation touches is judged on its own by the dbtime rule and changed by the same functions that normal operation uses.
 * Where pages come from is the caller's: it supplies writable buffers through struct redo_pages. No I/O, no state between calls.
 *
 * Called by recovery/ for every record of an attached database: redo_record for records outside macros, redo_macro for the collected members of one.
 * Sessions, levels and the version store are recovery's. What is in a page and what in the record is untrusted: JET_errLogCorrupted where a record cannot be
 * applied to the page it names, errors of page_edit_open for damaged pages.
 */
#ifndef OPENESE_PAGE_REDO_H
#define OPENESE_PAGE_REDO_H

#include "format/log_record.h"
#include "page/edit.h"

/* What an Undo record takes back, as the version store knows it. */
struct redo_undone {
    struct span data;        /* replace: the data before */
    int32_t reserved;        /* replace: the entry's cbDelta */
    int64_t delta;           /* delta: what was added (it is subtracted now) */
    uint16_t offset;
};

struct redo_pages {
    void *context;
    uint32_t page_size;
    /* The generation lies in the database's required range, or its state is 7: pages may be newer than the log, absent, or zero. */
    bool in_required_range;

    /* A page that should exist: *bytes is its content, writable, held until `release`. Its checksum has been verified. May return an all-zero page.
     * JET_errPageNotInitialized and JET_errFileIOBeyondEOF lead to `cannot_judge`, other errors end the redo. */
    JET_ERR (*get)(void *context, page_no_t page_no, uint8_t **bytes);
    /* A page that is about to be built: its present content if that can be read and in_required_range, else zeroes. */
    JET_ERR (*get_new)(void *context, page_no_t page_no, uint8_t **bytes);
    /* Has a page that `get` gave been changed here since it was read? Then it is sound, and not examined again: that would cost more than the change. May be NULL. */
    bool (*is_sound)(void *context, page_no_t page_no);
    /* Ends a get or get_new. changed: the page is to be written some day. */
    void (*release)(void *context, page_no_t page_no, uint8_t *bytes, bool changed);
    /* In the required range: a page that is missing (JET_errPageNotInitialized, JET_errFileIOBeyondEOF) or too old (JET_errDbTimeTooOld). 0: noted,
     * the page is left out of the operation. An error ends the redo. May be NULL: the fault ends the redo. */
    JET_ERR (*cannot_judge)(void *context, page_no_t page_no, JET_ERR fault);
    /* A page has been built anew or freed: earlier doubts about it are void. May be NULL. */
    void (*settled)(void *context, page_no_t page_no);
    /* Called before a Replace, ReplaceD, FlagInsertAndReplaceData or FlagDelete is done to a page (not when the page has it already): the data of the
     * node as it was. May be NULL. */
    JET_ERR (*before_image)(void *context, const struct log_record *record, struct span old_data);
    /* Asked when an Undo of a replace or delta must be done to a page. JET_errLogCorrupted when it is not known. */
    JET_ERR (*undone)(void *context, const struct log_record *record, struct redo_undone *out);
};

/* A record outside a macro: Insert .. Undo, EmptyTree, Scrub, NewPage, CreateSEFDP, CreateMEFDP, ConvertFDP2, PageMove. Others do nothing. */
MUST_CHECK JET_ERR redo_record(const struct redo_pages *pages, const struct log_record *record);
/* The members of a macro in the order logged, without MacroBegin and MacroCommit: a split, a merge, or a root move. */
MUST_CHECK JET_ERR redo_macro(const struct redo_pages *pages, const struct log_record *records, uint32_t count);

#endif
