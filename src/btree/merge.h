/* Pages that leave a tree: empty ones, and half-empty ones whose nodes fit into the right neighbour (recovery 7.6, log-files 9.6). */
#ifndef OPENESE_BTREE_MERGE_H
#define OPENESE_BTREE_MERGE_H

#include "btree/update.h"

/* The leaf on which this bookmark is, or would be: if it has no nodes it is taken out of the tree and freed, if it is nearly empty its nodes move to its right neighbour. Nothing to do is no error.
 * Nothing may be latched. */
MUST_CHECK JET_ERR btree_merge(struct transaction *t, const struct btree *tree, struct span key, struct span data);

#endif
