/* The engine's face towards api/: from a client's handle to an object that is safe to use, and back out again.
 *
 * Every entry point of api/ has the same shape:
 *
 *     struct session *session = NULL;
 *     TRY(engine_enter_session(sesid, 0, &session));       // gate checks, the session is now owned by this thread
 *     TRY(session_find_cursor(session, tableid, &cursor));
 *     TRY(cursor_move(cursor, ...));
 * done:
 *     engine_leave_session(session);                       // accepts NULL
 *     return err;
 *
 * Handles are tags into registries (engine/handles.h); a stale or invented one is an error code, never a crash.
 * Between enter and leave no other thread is inside the session, and JetTerm of the instance waits. A callback that the client gave may call
 * the API with the same session from the same thread between engine_callback_begin and engine_callback_end only.
 * Behaviour: instance-and-session 3, 4, 5.
 */
#ifndef OPENESE_ENGINE_ENGINE_H
#define OPENESE_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "database/database.h"

struct instance;      /* engine/instance.h */
struct session;       /* engine/session.h */
struct open_database; /* engine/session.h */
struct cursor;        /* belongs to cursor/; the engine only keeps it */
struct transaction;   /* mvcc/transaction.h */

/* --- sessions --- */

enum session_enter_flags {
    SESSION_ENTER_CLEANUP = 0x1, /* allowed after JetStopService: JetRollback, JetCloseTable, JetEndSession, JetCloseDatabase, ... */
};

/* The gate of a session call, in the order of instance-and-session 4: JET_errInvalidSesid, JET_errClientRequestToStopJetService,
 * JET_errInstanceUnavailable(DueToFatalLogDiskFull), JET_errTermInProgress, JET_errSessionSharingViolation. On success *out is owned by the
 * calling thread until engine_leave_session. On error *out is NULL. */
MUST_CHECK JET_ERR engine_enter_session(JET_SESID sesid, unsigned flags, struct session **out);
/* Accepts NULL. */
void engine_leave_session(struct session *session);
/* engine_enter_session and session_find_cursor in one, and the snapshot of a call outside a transaction: the beginning of every call on a table. Errors of both;
 * then nobody is inside and *out is NULL. */
MUST_CHECK JET_ERR engine_enter_cursor(JET_SESID sesid, JET_TABLEID tableid, struct session **out, struct cursor **cursor);

/* The same for the calls that a callback may make with the cursor it has been given; the others are answered JET_errIllegalOperation then. */
MUST_CHECK JET_ERR engine_enter_limited_cursor(JET_SESID sesid, JET_TABLEID tableid, struct session **out, struct cursor **cursor);

/* Around a call into the client from inside a session call: lets it call back with the same session. */
void engine_callback_begin(struct session *session);
void engine_callback_end(struct session *session);

struct instance *session_instance(struct session *session);
JET_SESID session_handle(const struct session *session);
/* 0 outside a transaction, up to 7. */
unsigned session_level(const struct session *session);
/* The session's transaction, for cursors, catalog and trees: its level is the session's. A call that reads outside a transaction calls
 * transaction_begin_call; engine_leave_session ends that snapshot. */
struct transaction *session_transaction(struct session *session);
/* Would a change be refused because the transaction was begun read-only? (JET_errTransReadOnly) */
bool session_is_read_only(const struct session *session);

/* --- databases open in the session --- */

/* JET_errInvalidDatabaseId when the session has not opened it. */
MUST_CHECK JET_ERR session_find_database(struct session *session, JET_DBID dbid, struct open_database **out);
/* The attached file behind it, and its id. */
struct database *open_database_file(const struct open_database *db);
JET_DBID open_database_id(const struct open_database *db);
/* Was it opened (or attached) so that nothing may be changed through it? */
bool open_database_is_read_only(const struct open_database *db);

/* --- cursors of the session --- */

/* What the engine asks of a cursor it keeps. close is required, the others may be NULL. */
struct cursor_operations {
    /* Frees the cursor: JetCloseDatabase and JetEndSession close those left open, JetRollback those opened in the level. */
    void (*close)(struct cursor *cursor);
    /* Level `level` was rolled back (the session is now at level - 1): a cursor that moved in it goes before the first entry, a prepared
     * update of it is cancelled. */
    void (*rolled_back)(struct cursor *cursor, unsigned level);
    /* Level `level` was committed: what the cursor did in it belongs to level - 1. */
    void (*committed)(struct cursor *cursor, unsigned level);
};

/* Hands a cursor to the session; *out is its JET_TABLEID. db is the database it reads, NULL for a temporary table. operations must live for
 * ever. On success the session owns the cursor until session_remove_cursor. JET_errOutOfCursors (JET_paramMaxCursors), JET_errOutOfMemory:
 * the cursor stays the caller's. */
MUST_CHECK JET_ERR session_add_cursor(struct session *session, struct open_database *db, struct cursor *cursor,
                                      const struct cursor_operations *operations, JET_TABLEID *out);
/* JET_errInvalidTableId (closed, garbage, nil), JET_errSesidTableIdMismatch (another session's). */
MUST_CHECK JET_ERR session_find_cursor(struct session *session, JET_TABLEID tableid, struct cursor **out);
/* Takes a cursor found before out of the session without closing it: the caller closes it. The tableid is invalid from now on. Same errors. */
MUST_CHECK JET_ERR session_remove_cursor(struct session *session, JET_TABLEID tableid, struct cursor **out);
/* The database a cursor was added with (NULL for a temporary table); NULL also for a tableid that session_find_cursor would refuse. */
struct open_database *session_cursor_database(struct session *session, JET_TABLEID tableid);
/* The cursor has been given another index. On a secondary one it counts twice against JET_paramMaxCursors, since there ESENT has a cursor for the index beside that for the
 * table. JET_errOutOfCursors: it must leave the index again. */
MUST_CHECK JET_ERR session_count_index(struct session *session, JET_TABLEID tableid, bool is_secondary);
/* The word behind JetSetLS / JetGetLS of a cursor, JET_LSNil at first; NULL for a tableid that session_find_cursor would refuse. */
JET_LS *session_cursor_local_storage(struct session *session, JET_TABLEID tableid);
/* Number of cursors now open in the session, temporary ones too. */
uint32_t session_cursor_count(const struct session *session);

/* --- instances --- */

enum instance_enter_flags {
    INSTANCE_ENTER_RUNNING = 0,      /* the full gate: only a started instance that is not stopped, failed, terminating or restoring */
    INSTANCE_ENTER_HANDLE_ONLY = 0x1 /* only the handle is checked: JetStopService*, JetStopBackup* */
};

/* The gate of an instance call: handle by run mode (instance-and-session 2), then section 4. In one-instance mode the handle is ignored. On
 * success the instance is counted in use until engine_leave_instance, and JetTerm waits. */
MUST_CHECK JET_ERR engine_enter_instance(JET_INSTANCE handle, unsigned flags, struct instance **out);
/* The same for calls without an instance argument (JetBackup, JetStopService...): the one instance of one-instance mode;
 * JET_errRunningInMultiInstanceMode, JET_errInvalidParameter when nothing has been started. */
MUST_CHECK JET_ERR engine_enter_only_instance(unsigned flags, struct instance **out);
/* engine_enter_instance for what a client calls from the callback that ships a log, where the thread may hold any lock: none with a rank is taken. From the callback of this very instance the gate
 * is open, as it ships while it starts and ends. */
MUST_CHECK JET_ERR engine_enter_instance_from_callback(JET_INSTANCE handle, struct instance **out);
/* For a long call that is inside: may it go on? The gate again, so that it makes way for JetTerm and JetStopService. */
MUST_CHECK JET_ERR engine_check_instance(const struct instance *instance);
/* Accepts NULL. */
void engine_leave_instance(struct instance *instance);

/* Where files are, and how. */
struct os_fs *instance_fs(const struct instance *instance);
struct cache *instance_cache(const struct instance *instance);
uint32_t instance_page_size(const struct instance *instance);
/* Path of the temporary database, absolute; lives as long as the instance runs. */
const char *instance_temp_path(const struct instance *instance);
/* Bytes that the cache may grow to. */
uint64_t instance_cache_most(struct instance *instance);
/* Counts a client's temporary table, and its index when it has key columns, until *release is called with the instance. JET_errTooManySorts (JET_paramMaxTemporaryTables),
 * JET_errTooManyOpenTables, JET_errTooManyOpenIndexes (JET_paramMaxOpenTables). */
MUST_CHECK JET_ERR instance_claim_temporary(struct instance *instance, bool has_index, void (**release)(void *instance));
/* NULL when JET_paramRecovery is off. */
struct log *instance_log(const struct instance *instance);
struct event_log *instance_events(struct instance *instance);
/* NULL until the instance has started. */
struct backup_session *instance_backup(struct instance *instance);
/* A number or text of the instance (or of the process when the parameter is global), as JetGetSystemParameter would give it. Text is a copy
 * for mem_free. Unknown ids are a programming error (assert) and give 0 / "". */
intptr_t instance_parameter(struct instance *instance, uint32_t id);
MUST_CHECK JET_ERR instance_parameter_text(struct instance *instance, uint32_t id, char **out);

/* A fatal error: the first one stays. From now on every call but the parameter calls and JetTerm is refused. */
void instance_disable(struct instance *instance, JET_ERR reason, const char *file, int line);

/* --- buffers that JetFreeBuffer frees --- */

/* A zeroed block which JetFreeBuffer, given the same address, will free. NULL when memory is short. */
void *engine_buffer_alloc(size_t size);
/* Foreign addresses and NULL are ignored. */
void engine_buffer_free(void *buffer);

#endif
