/* A tree gone through leaf by leaf, so that it keeps no pages it does not need: nodes that are deleted and in nobody's sight go for good, and leaves that are not full are put
 * together, or filled up from the leaf to their right (merge.h). For trees in use: each step is an ordinary logged change, or several, and may be the last one.
 *
 * Called by engine/defragment.c. */
#ifndef OPENESE_BTREE_TIDY_H
#define OPENESE_BTREE_TIDY_H

#include "btree/update.h"

/* How far it has come; all zero at first but for the options. */
struct btree_tidy {
    uint8_t *bookmark;        /* of the last node of the leaf seen last; BTREE_BOOKMARK_MAX bytes, owned */
    uint32_t key_size, data_size;
    bool has_begun;
    unsigned options;         /* enum btree_pack_option; set by the caller */
    uint32_t room_before;     /* free bytes of the leaf seen last */
    uint64_t leaves, nodes_removed, leaves_packed; /* packed: emptied, or with nodes moved to the left */
};
/* At most `leaves` leaves more; *is_done: the end of the tree has been reached. The tree must not be given back meanwhile: the transaction, at level >= 1, has a snapshot in which the
 * catalog names it. Nothing may be latched. */
MUST_CHECK JET_ERR btree_tidy_some(struct transaction *t, const struct btree *tree, uint32_t leaves, struct btree_tidy *state, bool *is_done);
/* Accepts a zeroed one. */
void btree_tidy_end(struct btree_tidy *state);

#endif
