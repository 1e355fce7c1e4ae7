/* Filling an empty tree from nodes in order: pages are built from left to right, each as full as it may be, and the levels above them on the way.
 *
 * For trees that nobody else can reach yet, in a database whose changes are not logged: nothing is versioned or logged, and after an error the tree is no tree. Without a tree
 * the pages are only counted; both ways give the same number, so that a tree can be given the room it will need in one piece.
 * Called by engine/compact.c. Latches one page at a time. Memory: the nodes of one page for each level.
 */
#ifndef OPENESE_BTREE_LOAD_H
#define OPENESE_BTREE_LOAD_H

#include "btree/extent.h"

struct btree_loader_config {
    struct transaction *t;      /* at level >= 1; used with `tree` only */
    const struct btree *tree;   /* empty; its pages come from its own space. NULL: only count */
    uint32_t page_size;
    uint32_t root_header_size;  /* of the root's external header */
    uint32_t reserve;           /* bytes that stay free on leaves where a node more would fit (density) */
    bool is_unique;
};
struct btree_loader;
/* JET_errOutOfMemory. */
MUST_CHECK JET_ERR btree_loader_create(const struct btree_loader_config *config, struct btree_loader **out);
/* The next node; key and data are copied. JET_errDatabaseCorrupted: it does not stand behind the one before, or no page holds it. Errors of space and cache. */
MUST_CHECK JET_ERR btree_loader_add(struct btree_loader *loader, struct span key, struct span data);
/* Writes what is left. *pages: pages of the tree, its root among them. */
MUST_CHECK JET_ERR btree_loader_finish(struct btree_loader *loader, uint32_t *pages);
/* Accepts NULL. */
void btree_loader_destroy(struct btree_loader *loader);

/* The tree gets an extent of at least `pages` pages from its parent at once, all available. Transaction at level >= 1. */
MUST_CHECK JET_ERR space_reserve(struct transaction *t, const struct btree *tree, uint32_t pages);

#endif
