/* Root pages of new trees: the space header and the first contents of the extent trees (database-file 4.5, 6; log-files CreateSEFDP, CreateMEFDP, ConvertFDP2).
 *
 * Called by btree/ when it creates a tree, and by page/redo.c for the same records. Same conditions as edit.h. */
#ifndef OPENESE_PAGE_ROOT_H
#define OPENESE_PAGE_ROOT_H

#include "page/edit.h"

enum { SPACE_HEADER_SIZE_MAX = 25, SPACE_FREE_MAP_PAGES = 32, SPACE_SPLIT_BUFFER = 16, SPACE_EXTENTS_MAX = SPACE_FREE_MAP_PAGES / 2 + 2 };

/* 16 bytes, or 25 with the autoincrement mark. Returns the size. */
uint32_t space_header_encode(const struct space_header *header, uint8_t out[SPACE_HEADER_SIZE_MAX]);

struct page_extent {
    page_no_t last;
    uint32_t count;
};

/* A new tree that owns `pages` pages from its root on, no space trees. flags: kind of tree (page flags), root and leaf are added. */
struct page_new_tree {
    uint32_t flags, objid;
    uint64_t dbtime;
    page_no_t parent;
    uint32_t pages;       /* of the primary extent */
    bool is_unique;
};
MUST_CHECK JET_ERR page_build_small_root(struct page_edit *e, const struct page_new_tree *tree);
/* With space trees: the owned tree's root at owned_root, the available one behind it. */
MUST_CHECK JET_ERR page_build_root(struct page_edit *e, const struct page_new_tree *tree, page_no_t owned_root);
/* A root of a space tree with the given extents, in ascending order of their last pages; those of count 0 are left out. */
MUST_CHECK JET_ERR page_build_extents(struct page_edit *e, const struct page_new_tree *tree, const struct page_extent *extents, uint32_t count);

/* Free runs of a small tree, as conversion makes them extents: ascending. free_map: bit i = page root+1+i. Returns their number. */
uint32_t page_small_tree_extents(page_no_t root, uint32_t pages, uint32_t free_map, struct page_extent out[SPACE_EXTENTS_MAX]);
/* Content of the space trees' roots after a small tree took a secondary extent whose first two pages are these roots. Ascending; returns the number.
 * Extents that cannot be are found by page_build_extents. */
uint32_t page_converted_owned(page_no_t root, uint32_t pages, struct page_extent secondary, struct page_extent out[2]);
uint32_t page_converted_available(page_no_t root, uint32_t pages, uint32_t free_map, struct page_extent secondary, struct page_extent out[SPACE_EXTENTS_MAX]);
/* Rewrites the space header of a root; an autoincrement mark stays as it is. */
MUST_CHECK JET_ERR page_set_space_header(struct page_edit *e, const struct space_header *header);

#endif
