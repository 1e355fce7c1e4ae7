/* A transaction as the storage layers see it: whose changes are mine, what I may see, and where my log records begin.
 *
 * One struct transaction belongs to each session (and to each background worker) and is reused for one transaction after another. Levels nest;
 * the snapshot is taken at the outermost begin. Numbers count in steps of 4 in one 64-bit sequence of the version store; the log has their low
 * 32 bits (log-files 8). A change committed with number c is seen by a snapshot s when c <= s; one's own changes are always seen.
 *
 * Begin records are deferred: nothing is logged before the first change; then Begin0 (or Begin) with all levels not logged yet goes in front of the
 * change's record in one append (log-files 9.1). Every page change, of space trees too, is logged through transaction_log, so that
 * no page record stands outside a Begin0 (recovery 6.3), and marks its page with transaction_oldest, the place of that Begin0.
 *
 * Threads: one at a time uses a transaction, but for the atomics, which others read (oldest snapshot, checkpoint).
 */
#ifndef OPENESE_MVCC_TRANSACTION_H
#define OPENESE_MVCC_TRANSACTION_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/error.h"
#include "format/lgpos.h"

struct log;
struct version;
struct version_store;

/* The client has levels 1 to 7 (engine/session.h); calls take inner ones above. */
enum { TRANSACTION_LEVEL_MAX = 10, PROCID_NONE = 0xFFFF, PROCID_CLEANUP = 0xFFFC, PROCID_SCRUB = 0xFFFA };

struct transaction {
    struct version_store *store;
    struct transaction *next, *previous;    /* of the store's transactions; under its lock */
    struct log *log;                        /* NULL: nothing is logged */
    uint16_t procid;
    unsigned level;                         /* 0: none open */
    unsigned logged_level;                  /* levels whose begin is in the log */
    uint64_t number;                        /* trxBegin0: given with the first logged change, 0 before */
    atomic_uint_least64_t snapshot;         /* 0: none; else every commit number up to it is seen */
    bool is_implicit;                       /* the snapshot is for one call outside a transaction */
    atomic_uint_least64_t begin0;           /* lgpos of Begin0 or a bound below it, 0: nothing logged. The checkpoint may not pass it */
    lgpos_t last_change;                    /* newest record */
    struct version *first, *last;           /* changes that can still be taken back, oldest first */
    struct version_slab *slab;              /* memory for the next ones */
    uint32_t action_count;                  /* of them: VERSION_KIND_ACTION */
    uint64_t begun_ns;
    struct span commit_note;                /* a record that goes into the log behind Commit0, or the rollback to level 0, when that is logged; the caller's */
    uint64_t changes;                       /* pages changed so far, changes taken back too; never goes back. Who keeps a copy of what the transaction sees compares it */
};

/* Joins the store. log NULL: nothing is logged. JET_errOutOfMemory. */
MUST_CHECK JET_ERR transaction_open(struct transaction *t, struct version_store *store, struct log *log, uint16_t procid);
/* Accepts a zeroed transaction. An open level (a rollback that failed) is given up as it is, without a change taken back: only when the instance goes down. */
void transaction_close(struct transaction *t);

/* Sees from now on what is committed now. No lock. Called by txn/ at the outermost begin. */
void transaction_take_snapshot(struct transaction *t);
/* For reading outside a transaction: takes a snapshot if there is none; transaction_end_call gives an implicit one back. No-ops inside a transaction. */
void transaction_begin_call(struct transaction *t);
void transaction_end_call(struct transaction *t);

/* Appends the records of one change (all in one generation), preceded by what is due of Begin0 and Begin. *position: what the pages'
 * last_change must be: the first record's, because an append becomes durable as a whole. With log NULL: position 0. Level 0 is a programming error.
 * Errors of log_append_many; JET_errTransactionTooLong when Begin0 lies half as far back as the checkpoint may (then only what ends the transaction goes on). Nothing was appended then. */
MUST_CHECK JET_ERR transaction_log(struct transaction *t, const struct span *records, uint32_t count, lgpos_t *position);
/* For cache_mark_dirty after transaction_log: the place of Begin0 (0 when nothing is logged). */
static inline lgpos_t transaction_oldest(const struct transaction *t) { return (lgpos_t)atomic_load_explicit(&t->begin0, memory_order_relaxed); }
/* trxBegin0 as records have it: valid after transaction_need_number. */
static inline uint32_t transaction_number(const struct transaction *t) { return (uint32_t)t->number; }
/* Gives the transaction its number, if it has none: before records are encoded. */
void transaction_need_number(struct transaction *t);

#endif
