/* Rows changed through a cursor: prepare, set columns, update, delete (the reference pages of JetPrepareUpdate, JetSetColumn, JetUpdate2, JetDelete, JetEscrowUpdate, JetGetLock).
 *
 * A prepared update holds a record builder; nothing is changed before cursor_update, which writes the row and every index entry that differs in one inner transaction level.
 * Long values are the exception: they are written into the long-value tree while columns are set, in a level that a cancel takes back. Option values are those of the JET_bit constants.
 * All need a session transaction (cursor_set_transaction); outside one the api layer runs each call in its own.
 */
#ifndef OPENESE_CURSOR_UPDATE_H
#define OPENESE_CURSOR_UPDATE_H

#include "cursor/cursor.h"
#include "mvcc/transaction.h"

/* The transaction through which the cursor reads and writes: that of its session. NULL: pages as they are, no changes. */
void cursor_set_transaction(struct cursor *cursor, struct transaction *t);
struct transaction *cursor_transaction(const struct cursor *cursor);
/* Size from which XPRESS is tried on values of compressed columns (JET_paramMinDataForXpress); 1024 at first. */
void cursor_set_compress_minimum(struct cursor *cursor, uint32_t bytes);

/* option: JET_prepInsert .. JET_prepInsertCopyReplaceOriginal, JET_prepCancel. JET_errAlreadyPrepared, JET_errUpdateNotPrepared, JET_errWriteConflict, JET_errNoCurrentRecord, JET_errRecordDeleted. */
MUST_CHECK JET_ERR cursor_prepare_update(struct cursor *cursor, uint32_t option);
enum cursor_update_kind { CURSOR_UPDATE_NONE, CURSOR_UPDATE_INSERT, CURSOR_UPDATE_MOVE /* inserts a copy, deletes the original */, CURSOR_UPDATE_REPLACE };
/* What cursor_update would do to the table. */
enum cursor_update_kind cursor_update_kind(const struct cursor *cursor);
bool cursor_is_prepared(const struct cursor *cursor);

struct set_column {
    uint32_t column_id;
    struct span value;       /* data NULL with size 0: null (unless ZERO_LENGTH) */
    uint32_t options;        /* JET_bitSet... */
    uint32_t offset;         /* ibLongValue */
    uint32_t sequence;       /* itagSequence: 0 adds a value */
};
/* All errors and warnings of JetSetColumn's page. */
MUST_CHECK JET_ERR cursor_set_column(struct cursor *cursor, const struct set_column *set);
/* Writes the prepared row. bookmark: where it stands (may have room 0). options: JET_bitUpdateCheckESE97Compatibility, JET_bitUpdateNoVersion. The cursor does not move: after
 * JET_prepInsertCopyDeleteOriginal it stands where the original was. JET_errUpdateNotPrepared, JET_errKeyDuplicate, JET_errNullKeyDisallowed, JET_errNullInvalid, JET_errRecordTooBig, JET_errRecordPrimaryChanged, JET_errMultiValuedIndexViolation, JET_errWriteConflict. */
MUST_CHECK JET_ERR cursor_update(struct cursor *cursor, uint32_t options, uint8_t *bookmark, uint32_t room, uint32_t *actual);
void cursor_cancel_update(struct cursor *cursor);
MUST_CHECK JET_ERR cursor_delete_row(struct cursor *cursor);
struct escrow_update { uint32_t column_id; int64_t delta; uint32_t width; bool has_old; int64_t old; uint32_t options; };
MUST_CHECK JET_ERR cursor_escrow_update(struct cursor *cursor, struct escrow_update *update);
/* options: JET_bitReadLock, JET_bitWriteLock. JET_errNotInTransaction. */
MUST_CHECK JET_ERR cursor_get_lock(struct cursor *cursor, uint32_t options);
/* Stands the cursor on a row that no other session has changed or locked, uncommitted? JET_errNoCurrentRecord, JET_errRecordDeleted, JET_errWriteConflict. */
MUST_CHECK JET_ERR cursor_test_conflict(struct cursor *cursor);
/* Level `level` of the transaction was rolled back: a prepared update begun in it is cancelled. Called by cursor_operations.rolled_back. */
void cursor_rolled_back(struct cursor *cursor, unsigned level);
/* Level `level` was committed: a prepared update begun in it is one of level - 1. Called by cursor_operations.committed. */
void cursor_committed(struct cursor *cursor, unsigned level);

#endif
