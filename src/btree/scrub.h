/* Pages wiped of what they no longer say: the change itself, and its log record (log-files 9.4, Scrub). Which bytes may go is the caller's to judge.
 *
 * Called by backup/scrub.c with the page latched exclusive and a transaction at level >= 1. A wiped page has a new dbtime, so whoever keeps copies or places of it looks again, and
 * is marked PAGE_FLAG_SCRUBBED until the next change. Nothing is changed when an error is returned: those of transaction_log, JET_errOutOfMemory, JET_errDatabaseCorrupted.
 */
#ifndef OPENESE_BTREE_SCRUB_H
#define OPENESE_BTREE_SCRUB_H

#include "btree/update.h"

/* A page in use of the tree: operations of enum page_scrub_operation, one for each node. What is overwritten must be in nobody's sight: no version of it may be needed. */
MUST_CHECK JET_ERR btree_scrub_page(struct transaction *t, const struct btree *tree, struct page_ref *page, struct span operations);
/* Removes a node that is flag-deleted and in nobody's sight, as the cleanup of its version would; it is not the only one of the leaf. */
MUST_CHECK JET_ERR btree_remove_deleted_node(struct transaction *t, const struct btree *tree, struct page_ref *page, uint32_t line);
/* A page that no tree has: all of it but the header, and of a root the external header. */
MUST_CHECK JET_ERR btree_scrub_unused_page(struct transaction *t, struct database *db, struct page_ref *page);

#endif
