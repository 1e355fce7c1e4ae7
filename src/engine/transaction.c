/* Transaction levels of a session (instance-and-session 12).
 *
 * No call changes data yet, so that a commit has nothing to log and a rollback nothing to undo: levels, their owners and what they mean for
 * cursors are kept here, and the log is touched only by the commit options that speak of it alone.
 */
#include <string.h>

#include "engine/session.h"
#include "log/log.h"

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
    session->level++;
done:
    return err;
}

/* The commit options that speak of the log alone. */
static JET_ERR commit_log_option(struct session *session, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct log *log = session->instance->log;
    if (log == NULL)
        goto done;
    if (grbit == JET_bitForceNewLog)
        TRY(log_roll(log));
    else if (grbit == JET_bitWaitAllLevel0Commit)
        TRY(log_flush_all(log));
    else
        TRY(log_flush(log, session->last_commit));
done:
    return err;
}

JET_ERR session_commit_transaction(struct session *session, JET_GRBIT grbit, uint32_t durable_ms, JET_COMMIT_ID *commit_id)
{
    JET_ERR err = JET_errSuccess;
    const JET_GRBIT alone = JET_bitWaitLastLevel0Commit | JET_bitWaitAllLevel0Commit | JET_bitForceNewLog;
    if (commit_id != NULL)
        memset(commit_id, 0, sizeof *commit_id);
    if ((grbit & ~(alone | JET_bitCommitLazyFlush)) != 0)
        RAISE(JET_errInvalidGrbit);
    if ((grbit & alone) != 0) {
        if ((grbit & (grbit - 1)) != 0)
            RAISE(JET_errInvalidGrbit);
        TRY(commit_log_option(session, grbit));
        goto done;
    }
    if (session->level == 0)
        RAISE(JET_errNotInTransaction);
    bool is_lazy = ((grbit | session->settings.commit_default) & JET_bitCommitLazyFlush) != 0;
    if (durable_ms != 0 && !is_lazy)
        RAISE(JET_errInvalidParameter);
    TRY(session_check_transaction_owner(session));
    session->level--;
    for (struct session_cursor *entry = session->cursors; entry != NULL; entry = entry->next) {
        if (entry->level > session->level)
            entry->level = session->level;
    }
done:
    return err;
}

static void roll_back_level(struct session *session)
{
    unsigned level = session->level;
    session->level--;
    for (struct session_cursor *entry = session->cursors, *next; entry != NULL; entry = next) {
        next = entry->next;
        if (entry->level >= level) {
            const struct cursor_operations *operations = entry->operations;
            struct cursor *cursor = NULL;
            if (session_remove_cursor(session, atomic_load(&entry->slot->handle), &cursor) >= 0)
                operations->close(cursor);
        } else if (entry->operations->rolled_back != NULL) {
            entry->operations->rolled_back(entry->cursor, level);
        }
    }
}

JET_ERR session_rollback(struct session *session, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    if ((grbit & ~(JET_GRBIT)JET_bitRollbackAll) != 0)
        RAISE(JET_errInvalidGrbit);
    if (session->level == 0)
        RAISE(JET_errNotInTransaction);
    TRY(session_check_transaction_owner(session));
    do {
        roll_back_level(session);
    } while (session->level > 0 && (grbit & JET_bitRollbackAll) != 0);
done:
    return err;
}
