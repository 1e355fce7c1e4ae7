/* Changes inside one page: nodes, flags, links, external header, free space (database-file 4).
 *
 * The one idea: a page is changed by the same function whether the change is new or replayed from the log, and a function either
 * leaves a page that page_check accepts or leaves the page as it was. Arguments may come from a log that nobody has vetted: line numbers,
 * lengths, prefixes and key order are checked against the page, and what does not fit is JET_errDatabaseCorrupted.
 *
 * Called by btree/ (new changes), page/redo.c (replay). No I/O, no state, no allocation; the caller holds the page for writing. A function may
 * use several page-sized buffers of stack, up to 256 KiB in move.h and redo.h. Arguments may point into the page that is changed.
 */
#ifndef OPENESE_PAGE_EDIT_H
#define OPENESE_PAGE_EDIT_H

#include "format/page.h"

/* Prefixes of up to this many shared bytes are not worth the two bytes that name them (database-file 4.4). */
enum { PAGE_PREFIX_WORTH = 2, PAGE_NODE_TAG_SIZE = 4 };

struct page_edit {
    uint8_t *bytes;
    uint32_t size;
    page_no_t page_no;
};

/* Checks a page as page_view_init does, and further that its free-space fields are true and its lines do not overlap: with that, no later change can reach
 * outside the page or spoil a neighbouring line. Errors of page_view_init. */
MUST_CHECK JET_ERR page_edit_open(struct page_edit *out, uint8_t *bytes, uint32_t size, page_no_t page_no);
/* For a page that has passed page_edit_open or page_check since it was read. */
static inline struct page_edit page_edit_trusted(uint8_t *bytes, uint32_t size, page_no_t page_no) { return (struct page_edit){bytes, size, page_no}; }
static inline struct page_view page_edit_view(const struct page_edit *e) { return page_view_trusted(e->bytes, e->size, e->page_no); }

/* --- whole pages --- */

struct page_fields {
    uint32_t flags, objid;
    uint64_t dbtime;
    page_no_t previous, next;
};
/* Makes a new page: all of it is overwritten. flags: PAGE_FLAG_NEW_CHECKSUM and _NEW_RECORD_FORMAT are added, the flush type is 0. external: content of tag 0,
 * which must be what the flags ask for (space header, split buffer, or prefix). An internal page is no valid page before its first node is inserted. */
MUST_CHECK JET_ERR page_init(struct page_edit *e, const struct page_fields *fields, struct span external);
/* A page reserved for a tree but without content: header only (recovery.md 7.3). */
void page_init_blank(struct page_edit *e, uint32_t objid, uint64_t dbtime);
/* Takes all nodes and the prefix away and marks the page free; its links and the other flags stay. A root keeps its external header. */
MUST_CHECK JET_ERR page_empty(struct page_edit *e);
/* The root of a tree that lost all other pages: no nodes, a leaf. */
MUST_CHECK JET_ERR page_empty_root(struct page_edit *e);

/* Also ends the "scrubbed" state. */
void page_set_dbtime(struct page_edit *e, uint64_t dbtime);
void page_set_objid(struct page_edit *e, uint32_t objid);
/* Leaf pages that are no roots only (others have 0, 0). */
MUST_CHECK JET_ERR page_set_links(struct page_edit *e, page_no_t previous, page_no_t next);
static inline MUST_CHECK JET_ERR page_set_previous(struct page_edit *e, page_no_t previous) { return page_set_links(e, previous, load_le32(e->bytes + 20)); }
static inline MUST_CHECK JET_ERR page_set_next(struct page_edit *e, page_no_t next) { return page_set_links(e, load_le32(e->bytes + 16), next); }
/* Replaces the page flags but the flush type. What the nodes rely on (leaf, root, space tree, non-unique) may only change on a page without nodes. */
MUST_CHECK JET_ERR page_set_flags(struct page_edit *e, uint32_t flags);

/* --- room --- */

/* Bytes of free space that are not promised to a rollback. */
uint32_t page_room(const struct page_edit *e);
/* Bytes a node takes, its tag included. prefix_size: leading key bytes left to the page prefix, 0 none. */
uint32_t page_node_cost(uint32_t key_size, uint32_t prefix_size, uint32_t data_size);
/* Bytes freed by uncommitted changes. Both keep it within the free space. */
void page_set_uncommitted_free(struct page_edit *e, uint32_t bytes);
void page_adjust_uncommitted_free(struct page_edit *e, int32_t by);
/* Moves all lines together so that the free space is in one piece. */
MUST_CHECK JET_ERR page_compact(struct page_edit *e);

/* --- nodes --- */

/* A key in two pieces, as nodes and log records have it. */
struct page_key {
    struct span head, tail;
};
static inline struct page_key page_key_of(struct span key) { return (struct page_key){key, span_of(key.data, 0)}; }
static inline struct page_key page_key_of_node(const struct node *n) { return (struct page_key){n->prefix, n->suffix}; }
static inline uint32_t page_key_size(const struct page_key *k) { return k->head.size + k->tail.size; }
/* Unsigned byte order; <0, 0, >0. */
int page_key_compare(const struct page_key *a, const struct page_key *b);

/* Leading bytes of the key that a node on this page would leave to the page prefix: 0 unless more than PAGE_PREFIX_WORTH. */
uint32_t page_common_prefix(const struct page_edit *e, const struct page_key *key);
/* The key bytes nodes may share: tag 0 of a non-root page; after the split buffer on a space tree's root. */
struct span page_key_prefix(const struct page_view *p);

struct page_new_node {
    struct page_key key;
    uint32_t prefix_size; /* of the key, left to the page prefix */
    struct span data;     /* at least one byte; a page number on internal pages */
    unsigned flags;       /* NODE_FLAG_VERSIONED, NODE_FLAG_DELETED; compression follows from prefix_size */
};
/* line: 0 .. node count. The node must stand in order there and fit. */
MUST_CHECK JET_ERR page_insert(struct page_edit *e, uint32_t line, const struct page_new_node *node);
/* The same where the order is known: the line has been found by a search of this page, or the nodes come one after the other from another. */
MUST_CHECK JET_ERR page_insert_in_order(struct page_edit *e, uint32_t line, const struct page_new_node *node);
/* With the prefix_size of page_common_prefix. */
MUST_CHECK JET_ERR page_insert_compressed(struct page_edit *e, uint32_t line, const struct page_new_node *node);
MUST_CHECK JET_ERR page_replace_data(struct page_edit *e, uint32_t line, struct span data);
/* Key of an entry of an internal page; the child stays. */
MUST_CHECK JET_ERR page_replace_key(struct page_edit *e, uint32_t line, const struct page_key *key);
/* set, clear: NODE_FLAG_VERSIONED, NODE_FLAG_DELETED. */
MUST_CHECK JET_ERR page_change_node_flags(struct page_edit *e, uint32_t line, unsigned set, unsigned clear);
/* Removes nodes for good. An internal page keeps at least one. */
MUST_CHECK JET_ERR page_delete(struct page_edit *e, uint32_t line, uint32_t count);
/* Adds to the 4 or 8 bytes at offset of the node's data, with wrap-around. */
MUST_CHECK JET_ERR page_add_to_data(struct page_edit *e, uint32_t line, uint32_t offset, uint32_t width, int64_t delta);

/* --- wiping (log-files 9.4, Scrub) --- */

enum page_scrub_operation {
    PAGE_SCRUB_LEAVE = 0,
    PAGE_SCRUB_DELETED_DATA = 1, /* overwrite a deleted node's data */
    PAGE_SCRUB_LONG_VALUE = 2    /* overwrite a long-value chunk so that it still names itself wiped */
};
/* One operation byte per node, of internal pages only PAGE_SCRUB_LEAVE. Those that overwrite clear the versioned flag too. Then the unused bytes are overwritten. */
MUST_CHECK JET_ERR page_scrub(struct page_edit *e, struct span operations);
/* A page in nobody's use: nodes removed, all else overwritten. An internal page has no nodes then, which only the scrubbed flag makes valid. */
MUST_CHECK JET_ERR page_scrub_unused(struct page_edit *e);
/* After page_set_dbtime: the page is as page_scrub or page_scrub_unused left it. */
void page_mark_scrubbed(struct page_edit *e);

/* --- external header --- */

/* Replaces tag 0. Nodes that use the old prefix must find the same bytes in the new one. */
MUST_CHECK JET_ERR page_set_external_header(struct page_edit *e, struct span external);
/* Another prefix: every node is encoded anew against it. Root pages have none. */
MUST_CHECK JET_ERR page_set_prefix(struct page_edit *e, struct span prefix);

#endif
