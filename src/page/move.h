/* Nodes that move from page to page: splits and merges (recovery.md 7.5, 7.6). Same conditions as edit.h; both new changes and redo come here.
 *
 * A split is described by the list L of the page's nodes with the operation that caused the split already done: the inserted node at its place, or the
 * replaced data. L[0 .. line_split-1] stays (or, vertical, nothing does), the rest goes to the new page. Every node is encoded against the
 * prefix of the page it comes to stand on.
 */
#ifndef OPENESE_PAGE_MOVE_H
#define OPENESE_PAGE_MOVE_H

#include "page/edit.h"

enum page_split_kind { PAGE_SPLIT_VERTICAL = 0, PAGE_SPLIT_RIGHT = 1, PAGE_SPLIT_APPEND = 2 };
enum page_split_operation { PAGE_SPLIT_NONE = 0, PAGE_SPLIT_INSERT = 1, PAGE_SPLIT_REPLACE = 2, PAGE_SPLIT_FLAG_INSERT_AND_REPLACE = 3 };

struct page_split {
    enum page_split_kind kind;
    enum page_split_operation operation;
    uint32_t line_operation, line_split, line_count; /* in L */
    int32_t prefix_line_new;      /* line relative to line_split whose key becomes the new page's prefix, -1 none */
    struct span prefix_source;    /* prefix the source page gets; unused for append and vertical */
    uint32_t flags_source, flags_new;
    uint16_t uncommitted_source, uncommitted_new; /* leaves only */
    page_no_t source_page, new_page, right_page;  /* right_page: 0 none */
    uint32_t objid;
    uint64_t dbtime;              /* for the new page */
    struct page_new_node node;    /* of the operation: key and data (replace: data), flags: VERSIONED or 0 */
    bool has_child_split;         /* internal level: the entry behind the operation's gets this child */
    page_no_t child_new;
};

/* May the new page be built without the old content of the source? Only if the inserted node is alone on it. */
bool page_split_is_independent(const struct page_split *split);

/* Does the split. source: the page before it (NULL when it need not change and page_split_is_independent). change_source: the source is to be changed too;
 * created: NULL when the new page need not be built; its bytes are overwritten. Both pages change or none.
 * The right page's back link is the caller's: page_set_previous. */
MUST_CHECK JET_ERR page_split(const struct page_split *split, struct page_edit *source, bool change_source, struct page_edit *created);

/* Parent of a page that was split without being split itself: inserts (key -> child) before the entry of `line`, which then points to child_new. */
MUST_CHECK JET_ERR page_insert_separator(struct page_edit *parent, uint32_t line, const struct page_key *key, page_no_t child, page_no_t child_new);

enum page_side { PAGE_AT_FRONT, PAGE_AT_END };
/* Copies nodes of source to the front or end of target, leaving out deleted ones, in order; target's uncommitted-free count becomes the given. */
MUST_CHECK JET_ERR page_copy_nodes(const struct page_edit *source, uint32_t line, uint32_t count, struct page_edit *target, enum page_side side, uint16_t uncommitted);
/* Room the copy takes on the target, in bytes. */
uint32_t page_copy_cost(const struct page_edit *source, uint32_t line, uint32_t count, const struct page_edit *target);

/* What a merge below does to an entry of an internal page (line: the entry of the page that is merged away). */
MUST_CHECK JET_ERR page_set_child(struct page_edit *e, uint32_t line, page_no_t child);
/* Takes the entry away; if it was the last with the empty key, the new last one gets the empty key. */
MUST_CHECK JET_ERR page_remove_child(struct page_edit *e, uint32_t line);
/* Full left merge: the entry now leads to the left page, whose own entry before it goes. */
MUST_CHECK JET_ERR page_join_left_child(struct page_edit *e, uint32_t line, page_no_t left);

#endif
