/* Nodes of one page, read inline: what page_node gives, for searches that read many nodes of a page and nothing else of it.
 *
 * Only for pages whose structure has been checked (page_view_init): no check is repeated here. Layout: database-file 4.3, 4.4; the drawing
 * is in page.c. tests/unit/test_btree.c compares both ways of reading.
 */
#ifndef OPENESE_FORMAT_NODE_READER_H
#define OPENESE_FORMAT_NODE_READER_H

#include "format/page.h"

struct node_reader {
    const uint8_t *lines, *tags; /* tags: behind the last byte of tag 0 */
    const uint8_t *prefix;       /* of compressed nodes */
    bool is_large;
};

static inline struct node_reader node_reader_of(const struct page_view *p)
{
    enum { SPLIT_BUFFER = 16 };
    struct span external = page_external_header(p);
    /* A root with compressed nodes is the root of a space tree: its prefix follows the split buffer. */
    bool after_split_buffer = page_is_root(p) && external.size >= SPLIT_BUFFER;
    return (struct node_reader){p->bytes + p->header_size, p->bytes + p->size, external.data + (after_split_buffer ? SPLIT_BUFFER : 0),
                                page_is_large(p->size)};
}

/* Where the node begins. */
static inline const uint8_t *node_reader_at(const struct node_reader *r, uint32_t line)
{
    uint32_t offset = load_le16(r->tags - 4 * ((size_t)line + 2) + 2);
    return r->lines + (offset & (r->is_large ? (uint32_t)PAGE_TAG_LARGE_MASK : (uint32_t)PAGE_TAG_SMALL_MASK));
}

static inline struct node node_reader_get(const struct node_reader *r, uint32_t line)
{
    enum { LENGTH_MASK = 0x1FFF, LARGE_MASK = 0x7FFF, FLAG_SHIFT = 13 };
    const uint8_t *tag = r->tags - 4 * ((size_t)line + 2); /* node i is tag i + 1 */
    uint32_t size_word = load_le16(tag), offset_word = load_le16(tag + 2);
    uint32_t mask = r->is_large ? LARGE_MASK : LENGTH_MASK;
    const uint8_t *at = r->lines + (offset_word & mask);
    const uint8_t *end = at + (size_word & mask);
    struct node n;
    n.flags = (r->is_large ? (uint32_t)load_le16(at) : offset_word) >> FLAG_SHIFT;
    n.prefix = span_of(r->prefix, 0);
    if ((n.flags & NODE_FLAG_COMPRESSED) != 0) {
        n.prefix.size = load_le16(at) & LENGTH_MASK;
        at += 2;
    }
    n.suffix = span_of(at + 2, load_le16(at) & LENGTH_MASK);
    at = n.suffix.data + n.suffix.size;
    n.data = span_of(at, (uint32_t)(end - at));
    return n;
}

#endif
