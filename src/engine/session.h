/* One session: who is inside it, its transaction levels, its open databases and cursors (instance-and-session 5, 11, 12).
 *
 * Everything is used by the thread that is inside the session (engine_enter_session) and needs no lock, except the list links, which belong to
 * instance->lock, and the open counts, which belong to instance->databases_lock. The claim of the session's handle slot names the thread inside.
 */
#ifndef OPENESE_ENGINE_SESSION_H
#define OPENESE_ENGINE_SESSION_H

#include "engine/handles.h"
#include "engine/instance.h"
#include "format/lgpos.h"
#include "mvcc/transaction.h"

enum { SESSION_LEVEL_MAX = 7, SESSION_CONTEXT_NONE = 0 };

struct open_database {
    struct session *session;
    struct attachment *attachment;
    struct database *database;
    JET_DBID dbid;
    uint32_t open_count; /* by this session */
    bool is_exclusive, is_read_only;
};

/* A cursor as the session keeps it. */
struct session_cursor {
    struct session_cursor *next, **link; /* newest first */
    struct handle_slot *slot;
    struct cursor *cursor;
    const struct cursor_operations *operations;
    struct open_database *database; /* NULL: temporary table */
    unsigned level;                 /* transaction level that opened it */
    bool counts_twice;              /* against JET_paramMaxCursors: it is on a secondary index */
    JET_LS local_storage;
};

/* Values of JetSetSessionParameter. */
struct session_settings {
    uint32_t commit_default;
    uint8_t *commit_record; /* CommitCtx with JET_sesparamCommitGenericContext; NULL: none */
    uint32_t commit_context_size;
    JET_OPERATIONCONTEXT operation_context;
    uint32_t correlation_id;
};

/* Cache lines of its own: other threads' sessions must not share one with it. */
struct session {
    _Alignas(64) struct session *next; /* instance->sessions, under instance->lock */
    struct instance *instance;
    JET_SESID handle;
    struct handle_slot *slot;
    uint32_t number;         /* from 1; of no other session now; procid of its log records */
    unsigned depth;          /* calls of the owning thread, one inside the other through callbacks */
    unsigned callback_depth;
    unsigned callback_level; /* levels that a callback may not end: open when it was called */

    struct transaction transaction;
    unsigned level;           /* the client's: that of the transaction between calls */
    bool is_read_only;
    bool is_bound_to_context; /* of the open transaction: else to the thread */
    JET_API_PTR transaction_context;
    uint64_t transaction_thread;
    lgpos_t last_commit;      /* of the last outermost commit that was logged */

    JET_API_PTR context;      /* JetSetSessionContext */
    uint64_t context_thread;

    struct session_settings settings;
    struct open_database databases[INSTANCE_DATABASES_MAX]; /* by dbid - 1; open_count 0 = not open */
    struct session_cursor *cursors;
    uint32_t cursor_count;
};

/* JET_errOutOfSessions, JET_errOutOfMemory. The caller is inside the instance. */
MUST_CHECK JET_ERR session_create(struct instance *instance, JET_SESID *handle);
/* JetEndSession: rolls back, closes everything; the caller is inside the session, which is freed on success (do not leave it). Errors leave it usable. */
MUST_CHECK JET_ERR session_end(struct session *session);
/* The instance terminates: closes everything; a transaction left open is given up. No thread is inside any session. */
void session_destroy(struct session *session);
/* Around a callback that gets a cursor of the session: till its end the cursor is found by engine_enter_limited_cursor alone, and the levels now open stay open. */
struct session_callback {
    struct handle_slot *slot; /* NULL: the cursor was limited before, by a callback around this one */
    unsigned level, outer_level;
};
void session_callback_begin(struct session *session, JET_TABLEID tableid, struct session_callback *state);
/* Rolls back the levels that the callback has left open: JET_errRollbackError and the like. */
MUST_CHECK JET_ERR session_callback_end(struct session *session, struct session_callback *state);
/* Closes the cursors on db (NULL: all). */
void session_close_cursors(struct session *session, const struct open_database *db);

/* engine/transaction.c: instance-and-session 12. */
MUST_CHECK JET_ERR session_begin_transaction(struct session *session, JET_GRBIT grbit);
MUST_CHECK JET_ERR session_commit_transaction(struct session *session, JET_GRBIT grbit, uint32_t durable_ms, JET_COMMIT_ID *commit_id);
MUST_CHECK JET_ERR session_rollback(struct session *session, JET_GRBIT grbit);
/* The instance ends dirty: what is open is rolled back if the log still takes it, else it is left to recovery. */
void session_abandon_transaction(struct session *session);
/* Does the open transaction belong to the thread and context that calls? JET_errSessionSharingViolation. */
MUST_CHECK JET_ERR session_check_transaction_owner(const struct session *session);

/* engine/session_settings.c: instance-and-session 5 and 11. */
MUST_CHECK JET_ERR session_set_context(struct session *session, JET_API_PTR context);
MUST_CHECK JET_ERR session_reset_context(struct session *session);
MUST_CHECK JET_ERR session_set_setting(struct session *session, uint32_t id, const void *value, uint32_t size);
MUST_CHECK JET_ERR session_get_setting(struct session *session, uint32_t id, void *value, uint32_t size, uint32_t *actual);

#endif
