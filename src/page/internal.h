/* Lines of a page: tags and bytes, below the level of nodes. For the files of page/ only. */
#ifndef OPENESE_PAGE_INTERNAL_H
#define OPENESE_PAGE_INTERNAL_H

#include "page/edit.h"

enum {
    PAGE_DBTIME_OFFSET = 8,
    PAGE_PREVIOUS_OFFSET = 16,
    PAGE_NEXT_OFFSET = 20,
    PAGE_OBJID_OFFSET = 24,
    PAGE_FREE_OFFSET = 28,
    PAGE_UNCOMMITTED_OFFSET = 30,
    PAGE_FIRST_FREE_OFFSET = 32,
    PAGE_FLAGS_OFFSET = 36,
    PAGE_NUMBER_OFFSET = 64, /* large pages */
    PAGE_TAG_COUNT_MAX = 0xFFF,
    NODE_LENGTH_MAX = 0x1FFF
};

/* A buffer for one page. */
struct page_buffer {
    uint8_t bytes[PAGE_SIZE_MAX];
};

uint32_t lines_count(const struct page_edit *e);
/* NULL, or what is wrong with the free-space fields and the places of lines. */
const char *lines_fault(const struct page_edit *e);
/* Header and tag 0 (empty) of an empty page. */
void lines_init(struct page_edit *e);
/* Inserts a line before tag `tag`, or at the end. bytes: outside the page. false when there is no room. flags: node flags, 0 for tag 0. */
bool lines_insert(struct page_edit *e, uint32_t tag, struct span bytes, unsigned flags);
/* Gives a line other bytes (outside the page). false when there is no room; nothing is changed then. */
bool lines_replace(struct page_edit *e, uint32_t tag, struct span bytes, unsigned flags);
void lines_set_flags(struct page_edit *e, uint32_t tag, unsigned flags);
void lines_remove(struct page_edit *e, uint32_t tag, uint32_t count);
/* false when the lines do not fit one page, which only overlapping lines do not. */
bool lines_compact(struct page_edit *e);

/* Writes a node as its line stands in the page (but the flags of small pages). Returns its size; room: node cost. */
uint32_t node_encode(uint8_t *out, const struct page_new_node *node);

#endif
