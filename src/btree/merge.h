/* Pages that leave a tree: empty ones, and ones with few nodes, which fit into the right neighbour (recovery 7.6, log-files 9.6). */
#ifndef OPENESE_BTREE_MERGE_H
#define OPENESE_BTREE_MERGE_H

#include "btree/update.h"

/* The leaf on which this bookmark is, or would be: if it has no nodes it is taken out of the tree and freed, if it is nearly empty its nodes move to its right neighbour. Nothing to do is no error.
 * Nothing may be latched. */
MUST_CHECK JET_ERR btree_merge(struct transaction *t, const struct btree *tree, struct span key, struct span data);

enum btree_pack_option { BTREE_PACK_WHOLE_LEAVES = 1 /* nodes move only when all of a leaf do */ };
/* The same for a tree that is packed: the nodes of the leaf move to its right neighbour whenever they fit there; otherwise its first nodes fill up the left neighbour, if that is worth it.
 * key, data: the bookmark of the leaf's last node. *changed: something was done. Nothing may be latched. */
MUST_CHECK JET_ERR btree_pack(struct transaction *t, const struct btree *tree, struct span key, struct span data, unsigned options, bool *changed);

#endif
