/* Roots that get another number: the root of a tree and those of its two extent trees move together (log-files 9.7, recovery 7.7).
 *
 * Called by engine/shrink.c, for who has the database alone: whoever has kept the number of the root finds an empty page there. */
#ifndef OPENESE_BTREE_ROOT_MOVE_H
#define OPENESE_BTREE_ROOT_MOVE_H

#include "btree/update.h"

enum { ROOT_MOVE_CHILDREN_MAX = 40, ROOT_MOVE_ROWS_MAX = 4 };

/* A node of a catalog that names the root: four bytes at this offset of its data. */
struct root_move_row {
    struct btree tree;
    page_no_t page_no;
    uint32_t line, offset;
};
struct root_move_child {
    page_no_t root;
    uint32_t objid;
};
struct root_move {
    page_no_t root;
    uint32_t objid;
    struct root_move_child children[ROOT_MOVE_CHILDREN_MAX]; /* trees that have their space from this one */
    uint32_t child_count;
    struct root_move_row rows[ROOT_MOVE_ROWS_MAX];           /* at least one */
    uint32_t row_count;
};

/* Is the log, if there is one, of a version whose readers know such a move? */
bool space_may_move_roots(const struct transaction *t, const struct database *db);
/* Moves the three pages to free ones of the tree, which come from its parent if need be, and frees them; a small tree gets extent trees first. One macro says all but the freeing: after a crash
 * in between the old pages are owned, and neither used nor free. *moved_to: the new root, also with an error of the freeing; 0: nothing has moved, as the children do not name this root, or on
 * an error. A transaction at level >= 1; nothing may be latched. JET_errOutOfDatabaseSpace and others of space_allocate, JET_errDatabaseCorrupted. */
MUST_CHECK JET_ERR space_move_root(struct transaction *t, struct database *db, const struct root_move *move, page_no_t *moved_to);
/* To be logged after the last of them, for those who read from a passive copy (SignalAttachDb). */
MUST_CHECK JET_ERR space_signal_moved_roots(struct transaction *t, const struct database *db);

#endif
