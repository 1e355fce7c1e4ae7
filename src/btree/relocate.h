/* Pages that get another number: a leaf or an internal page moves to a free page of its tree as it is (log-files 9.7, recovery 7.7).
 *
 * Called by engine/shrink.c, to clear the end of the file. */
#ifndef OPENESE_BTREE_RELOCATE_H
#define OPENESE_BTREE_RELOCATE_H

#include "btree/update.h"

/* Moves the page, if it is one of this tree below its root, to one nearer to the beginning of the file, and frees it. *moved false: it is no such page, or there is no lower one; nothing has changed.
 * What is on the page decides nothing: it must be found on the way from the root. The tree may be in use. A transaction at level >= 1; nothing may be latched.
 * JET_errOutOfDatabaseSpace and other errors of space_allocate. */
MUST_CHECK JET_ERR btree_move_page(struct transaction *t, const struct btree *tree, page_no_t page_no, bool *moved);
/* The same for a page of one of the extent trees of the tree with this root. */
MUST_CHECK JET_ERR space_move_page(struct transaction *t, struct database *db, page_no_t root, page_no_t page_no, bool *moved);

#endif
