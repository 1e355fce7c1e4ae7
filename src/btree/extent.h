/* Space: who owns which pages, where new ones come from (database-file 6). The changing side of space.c.
 *
 * Page 1 owns the file; tables take extents from it, indexes and long-value trees from their table. All of it is serialised by db->space_lock (RANK_SPACE), taken while no page is
 * latched. Space-tree changes are logged, not versioned, and not taken back by a rollback: an extent handed out and not used by a crash is lost to verify as
 * "owned, neither used nor free", nothing worse. All need a writable database and a transaction at level >= 1.
 */
#ifndef OPENESE_BTREE_EXTENT_H
#define OPENESE_BTREE_EXTENT_H

#include "btree/update.h"

/* Pages 1 to 3 of a new database of `pages` pages (the file has them already; ExtendDB is logged by the caller). */
MUST_CHECK JET_ERR space_create_root(struct transaction *t, struct database *db, uint32_t pages);
/* A new tree below the tree with root `parent` (1 for tables): takes `pages` (>= 1) for its first extent from the parent and makes its root page. page_flags: PAGE_FLAG_INDEX, _LONG_VALUE, _NON_UNIQUE.
 * multiple: with extent trees from the start (then pages >= 3). fixed_root: the root must be this page (creation of the catalog), 0 anywhere. */
MUST_CHECK JET_ERR space_create_tree(struct transaction *t, struct database *db, page_no_t parent, uint32_t pages, bool multiple, uint32_t page_flags, uint32_t objid, page_no_t fixed_root,
                                     page_no_t *root);
/* One page for the tree, near the page `near` where possible. */
MUST_CHECK JET_ERR space_allocate(struct transaction *t, const struct btree *tree, page_no_t near, page_no_t *page_no);
/* A page of the tree that is in no use any more (marked empty, or never used). Extents that became free as a whole go back to the parent. */
MUST_CHECK JET_ERR space_free(struct transaction *t, const struct btree *tree, page_no_t page_no);
/* A deletion of a tree over several calls: all zero at first. The extents are kept in memory, since once the first has gone back the trees that list them may be overwritten. */
struct space_deletion {
    struct space_gift { struct extent extent; page_no_t to; } *gifts; /* still to be given back, to the tree with this root */
    uint32_t count, room;
    page_no_t parent;       /* while the extents are listed: who gets them */
    bool is_listed;
};
/* All pages of a tree nobody uses any more go back to its parent, those of `parent`'s child trees with it when the tree is a table (its children lie in its extents).
 * After an error the same call, with the same `deletion`, goes on with what is left; the trees above it must not have been deleted meanwhile. */
MUST_CHECK JET_ERR space_delete_tree(struct transaction *t, struct database *db, page_no_t root, uint32_t objid, struct space_deletion *deletion);
/* Ends it. What is still left stays "owned, neither used nor free". Accepts an empty one. */
void space_deletion_release(struct space_deletion *deletion);
/* Makes the database at least `pages` long (JetGrowDatabase, JetSetDatabaseSize): file, ExtendDB, extent of page 1. *now: its length. */
MUST_CHECK JET_ERR space_grow(struct transaction *t, struct database *db, uint32_t pages, uint32_t *now);
/* Gives up free pages at the end of the file (JetResizeDatabase): whole owned extents, as long as `pages` pages stay. ShrinkDB is durable then; the file itself is cut with space_cut_file,
 * before which the header on disk must name the log's present generation: recovery looks for pages behind the end otherwise.
 * JET_wrnShrinkNotPossible: it is still longer than that. */
MUST_CHECK JET_ERR space_shrink(struct transaction *t, struct database *db, uint32_t pages, uint32_t *now);
/* Cuts the file behind the last page the database owns. JET_errDatabaseInUse: somebody holds a page there; the file is cut later. */
MUST_CHECK JET_ERR space_cut_file(struct database *db);

/* --- clearing the end of the file (engine/shrink.c) --- */

/* The last extent of page 1. */
MUST_CHECK JET_ERR space_last_extent(struct transaction *t, struct database *db, struct extent *out);
/* From now on pages from `page_no` on are not handed out, and the file does not grow: JET_errOutOfDatabaseSpace. 0: as always. For who has the database alone. */
void space_set_limit(struct database *db, page_no_t page_no);

#endif
