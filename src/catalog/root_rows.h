/* Rows of the catalogs that name the root of a tree, for who moves it (engine/shrink.c). */
#ifndef OPENESE_CATALOG_ROOT_ROWS_H
#define OPENESE_CATALOG_ROOT_ROWS_H

#include "btree/root_move.h"

/* Fills move->rows for the tree move->objid of a table, whose row is of this type (CATALOG_ROW_TABLE: with that of its primary index, if it has one), from MSysObjects and the shadow.
 * Nothing may be latched, and the catalogs must not change before the rows are used. move->row_count 0: the catalogs do not agree on the root. */
MUST_CHECK JET_ERR catalog_find_root_rows(struct database *db, uint32_t objid_table, uint32_t type, struct root_move *move);
/* Roots have moved: what is kept of all tables is read again. Nobody may have a table open. */
void catalog_forget_roots(struct database *db);

#endif
