/* Begin, commit, rollback: the order of things at both ends of a level.
 *
 * Only levels that have changed something are in the log, each with its begin in front of the first change (mvcc/transaction.c); so a commit or rollback of an
 * unlogged level logs nothing, and a transaction that only reads costs a snapshot and nothing else. */
#include "txn/txn.h"

#include "base/assert.h"
#include "log/log.h"
#include "os/clock.h"
#include "os/thread.h"

enum { LEVEL_RECORD_SIZE = 4, CROWD_WAITS_MAX = 10, MEMORY_WAITS_MAX = 8 };

JET_ERR txn_begin(struct transaction *t)
{
    JET_ERR err = JET_errSuccess;
    if (t->level == TRANSACTION_LEVEL_MAX)
        RAISE(JET_errTransTooDeep);
    if (t->level == 0) {
        transaction_take_snapshot(t);
        t->begun_ns = clock_monotonic_ns();
    }
    t->level++;
done:
    return err;
}

/* Commit and Rollback records: how many levels are left, or how many are rolled back. note: a record behind it, may be empty. */
static JET_ERR log_level(struct transaction *t, uint8_t type, unsigned level, struct span note)
{
    uint8_t record[LEVEL_RECORD_SIZE] = {type};
    lgpos_t position;
    store_le16(record + 1, t->procid);
    record[3] = (uint8_t)level;
    const struct span records[] = {span_of(record, sizeof record), note};
    JET_ERR err = log_append_many(t->log, records, note.size > 0 ? 2 : 1, &position);
    if (err >= 0)
        t->last_change = position;
    return err;
}

static JET_ERR commit_inner(struct transaction *t)
{
    JET_ERR err = JET_errSuccess;
    if (t->logged_level == t->level) {
        TRY(log_level(t, LR_COMMIT, t->level - 1, span_of(NULL, 0)));
        t->logged_level--;
    }
    version_lower_level(t, t->level);
    t->level--;
done:
    return err;
}

static JET_ERR append_commit0(void *context, uint32_t number, lgpos_t *position)
{
    const struct transaction *t = (const struct transaction *)context;
    uint8_t record[LR_COMMIT0_SIZE];
    const struct span records[] = {span_of(record, log_record_encode_commit0(record, t->procid, number)), t->commit_note};
    return log_append_many(t->log, records, t->commit_note.size > 0 ? 2 : 1, position);
}

/* Who fills the store faster than it is emptied waits a little, as long as waiting helps. */
static void yield_to_cleanup(struct version_store *store)
{
    struct version_store_statistics before, now;
    if (!version_store_is_crowded(store))
        return;
    version_store_get_statistics(store, &now);
    for (unsigned i = 0; i < CROWD_WAITS_MAX && version_store_is_crowded(store); i++) {
        before = now;
        thread_sleep_ms(1);
        version_store_get_statistics(store, &now);
        if (now.cleaned == before.cleaned)
            break;
    }
}

JET_ERR txn_commit(struct transaction *t, bool is_lazy, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t at = 0;
    assert(t->level > 0);
    if (position != NULL)
        *position = 0;
    if (t->level > 1)
        return commit_inner(t);
    bool has_changed = t->first != NULL;
    if (t->logged_level > 0) /* the store's lock, which those who begin need, is held while the record is appended */
        log_wait_for_thaw(t->log);
    TRY(version_store_commit(t, t->logged_level > 0 ? append_commit0 : NULL, t, &at));
    transaction_end(t);
    if (position != NULL)
        *position = at;
    if (!is_lazy && at != 0)
        err = log_flush(t->log, at);
    if (has_changed && t->procid != PROCID_CLEANUP)
        yield_to_cleanup(t->store);
done:
    return err;
}

static JET_ERR take_back_level(struct transaction *t)
{
    JET_ERR err = JET_errSuccess;
    for (struct version *v; (v = version_newest(t, t->level - 1)) != NULL;) {
        if (version_is_lock(v) || v->kind == VERSION_KIND_ACTION)
            version_take_back(t, v);
        else
            TRY(btree_undo(t, v));
    }
    if (t->logged_level == t->level) {
        TRY(log_level(t, LR_ROLLBACK, 1, t->level == 1 ? t->commit_note : span_of(NULL, 0)));
        t->logged_level--;
    }
done:
    return err;
}

JET_ERR txn_rollback(struct transaction *t)
{
    JET_ERR err = JET_errSuccess, failure;
    assert(t->level > 0);
    /* A rollback that fails costs the instance: memory, or a file handle for the next log file, that is short for a moment is waited for. What was undone before stays undone. */
    for (unsigned tries = 0; ((failure = take_back_level(t)) == JET_errOutOfMemory || failure == JET_errOutOfFileHandles) && tries < MEMORY_WAITS_MAX; tries++)
        thread_sleep_ms(1u << tries);
    if (failure < 0)
        RAISE(JET_errRollbackError);
    if (--t->level == 0)
        transaction_end(t);
done:
    return err;
}
