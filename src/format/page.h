/* A database page as bytes: header, tag array, nodes, prefix keys, space header (database-file 4).
 *
 *   +0           page header: 40 bytes, 80 on 16 and 32 KiB pages
 *   +header      lines, growing upward
 *   ...
 *   size-4*n     tag array, growing downward: tag i at size - 4*(i+1)
 *
 * page_view_init checks everything that later accessors rely on (tag count, every tag's range, node lengths), so they cannot read
 * outside the page. Views are cheap values over bytes that the caller keeps latched. Nothing here does I/O or keeps state.
 */
#ifndef OPENESE_FORMAT_PAGE_H
#define OPENESE_FORMAT_PAGE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "format/lgpos.h"

enum {
    PAGE_SIZE_MIN = 2048,
    PAGE_SIZE_MAX = 32768,
    PAGE_HEADER_SMALL = 40,
    PAGE_HEADER_LARGE = 80,
    PAGE_TAG_STATE_OFFSET = 34,
    PAGE_TAG_COUNT_MASK = 0xFFF,
    PAGE_TAG_SMALL_MASK = 0x1FFF, /* of a tag's size and offset */
    PAGE_TAG_LARGE_MASK = 0x7FFF,
    PAGE_NO_MAX = 0x7FEFFFFF
};

/* Page flags (database-file 4.2). */
enum page_flag {
    PAGE_FLAG_ROOT = 0x1,
    PAGE_FLAG_LEAF = 0x2,
    PAGE_FLAG_PARENT_OF_LEAF = 0x4,
    PAGE_FLAG_EMPTY = 0x8,
    PAGE_FLAG_SPACE_TREE = 0x20,
    PAGE_FLAG_INDEX = 0x40,
    PAGE_FLAG_LONG_VALUE = 0x80,
    PAGE_FLAG_NON_UNIQUE = 0x400,
    PAGE_FLAG_NEW_RECORD_FORMAT = 0x800,
    PAGE_FLAG_NEW_CHECKSUM = 0x2000,
    PAGE_FLAG_SCRUBBED = 0x4000,
    PAGE_FLAG_FLUSH_TYPE = 0x18000,
    PAGE_FLAG_PREINITIALIZED = 0x20000
};

enum node_flag { NODE_FLAG_VERSIONED = 1, NODE_FLAG_DELETED = 2, NODE_FLAG_COMPRESSED = 4 };

static inline bool page_size_is_legal(uint32_t size) { return size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && (size & (size - 1)) == 0; }
static inline bool page_is_large(uint32_t size) { return size > 8192; }
static inline uint32_t page_header_size(uint32_t size) { return page_is_large(size) ? PAGE_HEADER_LARGE : PAGE_HEADER_SMALL; }
/* Byte offset of a page in the file: two header pages stand before page 1. */
static inline uint64_t page_file_offset(page_no_t page_no, uint32_t size) { return ((uint64_t)page_no + 1) * size; }

struct page_view {
    const uint8_t *bytes;
    uint32_t size;
    page_no_t page_no;
    uint16_t tag_count; /* including tag 0, the external header */
    uint16_t header_size;
};

/* Header fields. */
static inline uint64_t page_dbtime(const struct page_view *p) { return load_le64(p->bytes + 8); }
static inline page_no_t page_previous(const struct page_view *p) { return load_le32(p->bytes + 16); }
static inline page_no_t page_next(const struct page_view *p) { return load_le32(p->bytes + 20); }
static inline uint32_t page_objid(const struct page_view *p) { return load_le32(p->bytes + 24); }
static inline uint16_t page_free_bytes(const struct page_view *p) { return load_le16(p->bytes + 28); }
static inline uint16_t page_uncommitted_free_bytes(const struct page_view *p) { return load_le16(p->bytes + 30); }
static inline uint16_t page_first_free_offset(const struct page_view *p) { return load_le16(p->bytes + 32); }
static inline uint32_t page_flags(const struct page_view *p) { return load_le32(p->bytes + 36); }
static inline bool page_is_leaf(const struct page_view *p) { return (page_flags(p) & PAGE_FLAG_LEAF) != 0; }
static inline bool page_is_root(const struct page_view *p) { return (page_flags(p) & PAGE_FLAG_ROOT) != 0; }
/* Nodes of the page, without the external header. */
static inline uint32_t page_node_count(const struct page_view *p) { return p->tag_count == 0 ? 0u : p->tag_count - 1u; }

/* Checks a page's structure (header fields, tags in range and not overlapping the tag array, each node's lengths, prefix lengths within
 * the page prefix, internal entries of exactly four bytes of data) and makes the view. An all-zero page is
 * JET_errPageNotInitialized; a large page that carries another number JET_errReadPgnoVerifyFailure; anything else wrong is
 * JET_errDatabaseCorrupted (*why, if given, says what; static text). On error *out is zero.
 * The checksum is not looked at here: the cache has done that when the page came from disk. */
MUST_CHECK JET_ERR page_view_init(struct page_view *out, const uint8_t *bytes, uint32_t size, page_no_t page_no, const char **why);
/* For a page whose structure has been checked before (e.g. by the cache when it was read): no checks. */
static inline struct page_view page_view_trusted(const uint8_t *bytes, uint32_t size, page_no_t page_no)
{
    return (struct page_view){bytes, size, page_no, (uint16_t)(load_le16(bytes + PAGE_TAG_STATE_OFFSET) & PAGE_TAG_COUNT_MASK), (uint16_t)page_header_size(size)};
}

/* Exhaustive structural check, for verify: page_view_init plus exact free space, overlap of lines, first-free offset, order of node keys,
 * links of internal pages... The first finding's text in *why. */
MUST_CHECK JET_ERR page_check(const uint8_t *bytes, uint32_t size, page_no_t page_no, const char **why);

/* Tag i: its line and its flag bits (from the tag on small pages, from the line on large ones). */
struct span page_line(const struct page_view *p, uint32_t tag, unsigned *flags);
/* The external header: tag 0. */
static inline struct span page_external_header(const struct page_view *p)
{
    const uint8_t *tag = p->bytes + p->size - 4, *lines = p->bytes + p->header_size;
    uint32_t mask = page_is_large(p->size) ? PAGE_TAG_LARGE_MASK : PAGE_TAG_SMALL_MASK, size = load_le16(tag) & mask;
    return p->tag_count == 0 || size == 0 ? span_of(lines, 0) : span_of(lines + (load_le16(tag + 2) & mask), size);
}

/* A node: its key is prefix then suffix. All point into the page. */
struct node {
    struct span prefix, suffix, data;
    unsigned flags;
};
/* line: 0 .. page_node_count-1. */
struct node page_node(const struct page_view *p, uint32_t line);
static inline uint32_t node_key_size(const struct node *n) { return n->prefix.size + n->suffix.size; }
/* Writes the whole key; room must hold node_key_size bytes. Returns its size. */
uint32_t node_copy_key(const struct node *n, uint8_t *room);
/* Compares the node's key with a key. */
int node_compare_key(const struct node *n, struct span key);
/* Compares the node's bookmark (key, then data when not unique) with (key, data). */
int node_compare_bookmark(const struct node *n, struct span key, struct span data);
/* Child page of an internal node. */
static inline page_no_t node_child(const struct node *n) { return load_le32(n->data.data); }

/* Space header of a tree's root (database-file 4.5), and the autoincrement mark some roots carry. */
struct space_header {
    uint32_t primary_pages;        /* pages of the primary extent, or last secondary size asked (flag 4) */
    page_no_t parent;
    uint32_t flags;                /* 1 multiple extents, 2 non-unique, 4 field 0 has its second meaning */
    uint32_t free_map_or_owned_root; /* flag 1 clear: map of free pages; set: root of the owned tree, available = +1 */
    bool has_autoincrement;
    uint64_t autoincrement;
};
enum space_flag { SPACE_FLAG_MULTIPLE_EXTENTS = 1, SPACE_FLAG_NON_UNIQUE = 2, SPACE_FLAG_LAST_REQUEST = 4 };
/* From a root page's external header. JET_errDatabaseCorrupted when it is not one. */
MUST_CHECK JET_ERR space_header_decode(struct span external_header, struct space_header *out);

#endif
