/* Transaction levels of a session (instance-and-session 12): what the client may ask, who may ask it, and what levels mean for cursors. The work on data is that of txn/. */
#include <string.h>

#include "base/memory.h"
#include "engine/checkpoint.h"
#include "engine/engine.h"
#include "engine/session.h"
#include "format/log_record.h"
#include "log/log.h"
#include "mvcc/version_store.h"
#include "txn/txn.h"

JET_ERR session_check_transaction_owner(const struct session *session)
{
    uint64_t me = thread_id();
    if (session->level == 0)
        return JET_errSuccess;
    bool is_owner = session->is_bound_to_context
                        ? session->context == session->transaction_context && session->context_thread == me
                        : session->transaction_thread == me;
    return is_owner ? JET_errSuccess : JET_errSessionSharingViolation;
}

JET_ERR session_begin_transaction(struct session *session, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    if (session->level >= SESSION_LEVEL_MAX)
        RAISE(JET_errTransTooDeep);
    TRY(session_check_transaction_owner(session));
    if (session->level == 0) {
        if (session->context != SESSION_CONTEXT_NONE && session->context_thread != thread_id())
            RAISE(JET_errSessionSharingViolation);
        session->is_read_only = (grbit & JET_bitTransactionReadOnly) != 0;
        session->is_bound_to_context = session->context != SESSION_CONTEXT_NONE;
        session->transaction_context = session->context;
        session->transaction_thread = thread_id();
    }
    TRY(txn_begin(&session->transaction));
    session->level++;
done:
    return err;
}

/* Commits up to a position have been made durable in this thread, or the log is down. The client may look at its session meanwhile. */
static void tell_durable(struct session *session, lgpos_t position, JET_ERR flushed)
{
    engine_callback_begin(session);
    checkpoint_tell_client(session->instance, position, flushed < 0 ? (JET_GRBIT)JET_bitDurableCommitCallbackLogUnavailable : 0);
    engine_callback_end(session);
}

/* The commit options that speak of the log alone. */
static JET_ERR commit_log_option(struct session *session, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct log *log = session->instance->log;
    if (log == NULL)
        goto done;
    if (grbit == JET_bitForceNewLog) {
        TRY(log_roll(log));
        TRY(checkpoint_advance(session->instance));
    } else {
        bool is_old = grbit == JET_bitWaitLastLevel0Commit && session->last_commit < log_durable(log);
        TRY(grbit == JET_bitWaitAllLevel0Commit ? log_flush_all(log) : log_flush(log, session->last_commit));
        if (!is_old)
            tell_durable(session, log_durable(log), JET_errSuccess);
    }
done:
    return err;
}

/* Commits on level: cursors opened in it belong to the one outside, and what they did. */
static void lower_cursors(struct session *session)
{
    for (struct session_cursor *entry = session->cursors; entry != NULL; entry = entry->next) {
        if (entry->level > session->level)
            entry->level = session->level;
        if (entry->operations->committed != NULL)
            entry->operations->committed(entry->cursor, session->level + 1);
    }
}

/* The outermost level has been committed, with its record at `position` (0: nothing was written). */
static void note_commit(struct session *session, lgpos_t position, bool is_lazy, uint32_t durable_ms, JET_COMMIT_ID *commit_id)
{
    struct instance *instance = session->instance;
    if (position != 0) {
        session->last_commit = position;
        if (is_lazy)
            checkpoint_lazy_commit(instance, position, durable_ms);
        if (commit_id != NULL) {
            struct signature signature = log_stream_signature(instance->log);
            memcpy(&commit_id->signLog, &signature, sizeof commit_id->signLog);
            commit_id->commitId = (int64_t)position;
        }
    }
    if (!version_store_is_empty(instance->versions))
        txn_cleaner_wake(instance->cleaner);
}

/* With the bit of the call, a recovery that meets the record tells its client (JET_sntCommitCtx). */
enum { BIT_REDO_CALLBACK = 0x20 /* JET_bitCommitRedoCallback, JET_bitRollbackRedoCallback: behind ESENT_PRIVATE */ };

/* What the log shall hold besides the end of the outermost level. The engine's own transactions in the session have no part in it: it is taken away again behind the client's. */
static void set_commit_note(struct session *session, JET_GRBIT grbit)
{
    const struct session_settings *settings = &session->settings;
    if (settings->commit_record == NULL)
        return;
    enum { FLAGS_AT = LR_COMMIT_CTX_FIXED - 1 };
    settings->commit_record[FLAGS_AT] = (grbit & BIT_REDO_CALLBACK) != 0 ? COMMIT_CONTEXT_WANTS_CALL : 0;
    session->transaction.commit_note = span_of(settings->commit_record, LR_COMMIT_CTX_FIXED + settings->commit_context_size);
}

JET_ERR session_commit_transaction(struct session *session, JET_GRBIT grbit, uint32_t durable_ms, JET_COMMIT_ID *commit_id)
{
    JET_ERR err = JET_errSuccess;
    const JET_GRBIT alone = JET_bitWaitLastLevel0Commit | JET_bitWaitAllLevel0Commit | JET_bitForceNewLog;
    lgpos_t position = 0;
    if (commit_id != NULL)
        memset(commit_id, 0, sizeof *commit_id);
    if ((grbit & ~(alone | JET_bitCommitLazyFlush | BIT_REDO_CALLBACK)) != 0)
        RAISE(JET_errInvalidGrbit);
    if ((grbit & alone) != 0) {
        if ((grbit & (grbit - 1)) != 0)
            RAISE(JET_errInvalidGrbit);
        TRY(commit_log_option(session, grbit));
        goto done;
    }
    if (session->level <= session->callback_level) /* none, or none of the callback's own */
        RAISE(JET_errNotInTransaction);
    bool is_lazy = ((grbit | session->settings.commit_default) & JET_bitCommitLazyFlush) != 0;
    if (durable_ms != 0 && !is_lazy)
        RAISE(JET_errInvalidParameter);
    TRY(session_check_transaction_owner(session));
    set_commit_note(session, grbit);
    err = txn_commit(&session->transaction, is_lazy, &position);
    session->transaction.commit_note = span_of(NULL, 0);
    if (session->transaction.level < session->level) { /* also when only the flush failed: then it is committed here, and the log is down */
        session->level = session->transaction.level;
        lower_cursors(session);
        if (session->level == 0)
            note_commit(session, position, is_lazy, durable_ms, commit_id);
        if (session->level == 0 && position != 0 && !is_lazy)
            tell_durable(session, position, err);
    }
    TRY(err);
done:
    return err;
}

/* Tables opened in the level go before what they show does. */
static void close_cursors_of_level(struct session *session, unsigned level)
{
    for (struct session_cursor *entry = session->cursors, *next; entry != NULL; entry = next) {
        next = entry->next;
        struct cursor *cursor = NULL;
        const struct cursor_operations *operations = entry->operations;
        if (entry->level >= level && session_remove_cursor(session, atomic_load(&entry->slot->handle), &cursor) >= 0)
            operations->close(cursor);
    }
}

static JET_ERR roll_back_level(struct session *session, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    unsigned level = session->level;
    close_cursors_of_level(session, level);
    set_commit_note(session, grbit);
    err = txn_rollback(&session->transaction);
    session->transaction.commit_note = span_of(NULL, 0);
    if (err < 0) { /* changes that can neither stay nor go: nobody may build upon them */
        instance_check_log(session->instance);
        instance_disable(session->instance, err, __FILE__, __LINE__);
        RAISE(JET_errRollbackError);
    }
    session->level = level - 1;
    for (struct session_cursor *entry = session->cursors, *next; entry != NULL; entry = next) {
        next = entry->next;
        if (entry->operations->rolled_back != NULL)
            entry->operations->rolled_back(entry->cursor, level);
    }
    if (session->level == 0 && !version_store_is_empty(session->instance->versions))
        txn_cleaner_wake(session->instance->cleaner);
done:
    return err;
}

JET_ERR session_rollback(struct session *session, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    if ((grbit & ~(JET_GRBIT)(JET_bitRollbackAll | BIT_REDO_CALLBACK)) != 0)
        RAISE(JET_errInvalidGrbit);
    if (session->level <= session->callback_level) /* none, or none of the callback's own */
        RAISE(JET_errNotInTransaction);
    TRY(session_check_transaction_owner(session));
    do {
        TRY(roll_back_level(session, grbit));
    } while (session->level > session->callback_level && (grbit & JET_bitRollbackAll) != 0);
done:
    return err;
}

void session_abandon_transaction(struct session *session)
{
    struct transaction *t = &session->transaction;
    JET_ERR err = JET_errSuccess;
    while (t->level > 0 && err >= 0)
        err = txn_rollback(t);
    if (t->level == 0)
        return;
    /* The changes can neither stay nor go. Pages keep them, and none is written any more: recovery takes back what got there before. */
    instance_check_log(session->instance);
    instance_disable(session->instance, err, __FILE__, __LINE__);
    struct version_store *store = t->store;
    struct log *log = t->log;
    uint16_t procid = t->procid;
    transaction_close(t);
    err = transaction_open(t, store, log, procid);
    if (err < 0)
        instance_disable(session->instance, err, __FILE__, __LINE__);
    session->level = 0;
}
