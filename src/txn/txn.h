/* Transactions: begin, commit, roll back, and the cleaning up of versions nobody needs (instance-and-session 12, recovery 6.3, 9).
 *
 * mvcc/ stores and judges versions; btree/ changes nodes back; here is the order of things. Called by engine/ (sessions), cursor/ and catalog/ (inner levels), and by the
 * worker of this module. Errors of the log and the trees pass through.
 */
#ifndef OPENESE_TXN_TXN_H
#define OPENESE_TXN_TXN_H

#include "btree/update.h"
#include "mvcc/version_store.h"

/* One level more. JET_errTransTooDeep beyond TRANSACTION_LEVEL_MAX. */
MUST_CHECK JET_ERR txn_begin(struct transaction *t);
/* Ends one level. The outermost one appends Commit0 and, unless lazy, waits until it is durable. *position: of Commit0, 0 when nothing was logged (may be NULL).
 * After an error of the flush the transaction is committed in memory and the log is down. */
MUST_CHECK JET_ERR txn_commit(struct transaction *t, bool is_lazy, lgpos_t *position);
/* Takes back one level: every node as it was before, newest change first, each with its Undo record, then Rollback. JET_errRollbackError (and the instance must stop) when
 * a change cannot be taken back. */
MUST_CHECK JET_ERR txn_rollback(struct transaction *t);

/* The worker that cleans versions: one thread per store. It hears of commits by itself; wake: something may be there to do, soon. No lock unless it is idle. */
struct txn_cleaner;
struct txn_cleaner_config {
    struct version_store *store;
    struct log *log;
    void (*failed)(void *context, JET_ERR error, const char *why); /* reported, the cleaner goes on; may be NULL */
    void *context;
};
MUST_CHECK JET_ERR txn_cleaner_start(const struct txn_cleaner_config *config, struct txn_cleaner **out);
/* Stops the thread; accepts NULL. */
void txn_cleaner_stop(struct txn_cleaner *cleaner);
void txn_cleaner_wake(struct txn_cleaner *cleaner);
/* Cleans all that can be cleaned now, in the calling thread (which holds no latch and is in no transaction). For detach, JetIdle, JetTerm. */
MUST_CHECK JET_ERR txn_clean_now(struct txn_cleaner *cleaner);
/* Waits until no version of the database is left, or `milliseconds` have passed (JET_errDatabaseInUse). */
MUST_CHECK JET_ERR txn_clean_database(struct txn_cleaner *cleaner, struct database *db, uint64_t milliseconds);

#endif
