/* Changing trees: nodes inserted, replaced, deleted, with versions and log records; pages split when they are full (recovery 7.4, 7.5, log-files 9.4, 9.5).
 *
 * Every function: finds and latches the leaf exclusive, checks for write conflicts, prepares the version, appends the log record, changes the page with the function
 * of page/ that redo uses too, publishes the version, marks the page, lets go. Nothing is changed when an error is returned. The tree must be of a writable
 * database (btree_open_writable), the transaction at level >= 1. Errors of all: JET_errWriteConflict, JET_errVersionStoreOutOfMemory, JET_errOutOfMemory, those of the log,
 * the cache and of space (JET_errOutOfDatabaseSpace, JET_errDiskFull).
 */
#ifndef OPENESE_BTREE_UPDATE_H
#define OPENESE_BTREE_UPDATE_H

#include "btree/btree.h"
#include "database/database.h"
#include "mvcc/version_store.h"

enum btree_update_option {
    BTREE_UNVERSIONED = 0x1, /* no version: seen by all at once and not taken back (space trees, trees nobody else can reach yet) */
    BTREE_APPEND_HINT = 0x2, /* the key probably stands behind all others */
    BTREE_LATEST = 0x4       /* no conflict with changes committed after the snapshot (system counters) */
};

/* Like btree_open, for a tree that will be changed. */
MUST_CHECK JET_ERR btree_open_writable(struct database *db, page_no_t root, uint32_t objid, struct btree *out);

/* A new node. In a unique tree an equal key that the transaction can see, or that somebody has inserted uncommitted, is JET_errKeyDuplicate or JET_errWriteConflict as the original decides; in others
 * an equal bookmark is JET_errMultiValuedIndexViolation... the callers avoid it: JET_errKeyDuplicate. cursor (may be NULL, of this tree): a hint where the leaf is, and is put on the new node. */
MUST_CHECK JET_ERR btree_insert(struct transaction *t, const struct btree *tree, struct btree_cursor *cursor, struct span key, struct span data, unsigned options);
/* The cursor stands on the node (JET_errNoCurrentRecord, JET_errRecordDeleted). */
MUST_CHECK JET_ERR btree_replace(struct transaction *t, struct btree_cursor *cursor, struct span data, unsigned options);
/* Marks it deleted; cleanup removes it. With BTREE_UNVERSIONED it is removed for good at once. The cursor keeps its place. */
MUST_CHECK JET_ERR btree_delete(struct transaction *t, struct btree_cursor *cursor, unsigned options);
/* Adds to the 4 or 8 bytes at offset of its data. Changes of others do not conflict unless they are no deltas. options: 0 or BTREE_UNVERSIONED. *old: what the page had before, the uncommitted
 * deltas of others too (may be NULL). */
MUST_CHECK JET_ERR btree_add_delta(struct transaction *t, struct btree_cursor *cursor, uint32_t offset, uint32_t width, int64_t delta, unsigned options, int64_t *old);
/* Nobody else may change the node until the transaction ends (JetGetLock). is_shared: others may lock it so too. Nothing is logged. */
MUST_CHECK JET_ERR btree_lock_node(struct transaction *t, struct btree_cursor *cursor, bool is_shared);
/* JET_errWriteConflict: another transaction has changed or locked the node and not committed (JetGetCursorInfo). Nothing is changed. */
MUST_CHECK JET_ERR btree_test_conflict(const struct transaction *t, struct btree_cursor *cursor);
/* Replaces the root page's external header (space header, autoincrement mark). */
MUST_CHECK JET_ERR btree_set_root_header(struct transaction *t, const struct btree *tree, struct span external);

/* --- for txn/ --- */
/* Changes the node back, with an Undo record, and takes the version out (version_take_back). t is the version's transaction. */
MUST_CHECK JET_ERR btree_undo(struct transaction *t, struct version *v);
/* The version is a delete, or an insert that was undone, and nobody can see the node: removes it for good; when its page has no node left the page is taken out of the tree
 * (merge.h). Ends with version_cleaned for versions of the store. A node that has come back to life stays. */
MUST_CHECK JET_ERR btree_clean(struct transaction *cleanup, struct version *v);

#endif
