/* Sessions: entering and leaving, their cursors and open databases, their end (session.h, engine.h). */
#include "cursor/cursor.h"
#include "engine/local_storage.h"
#include "engine/session.h"

#include "base/assert.h"
#include "base/memory.h"
#include "engine/process.h"
#include "log/log.h"
#include "mvcc/version_store.h"
#include "txn/txn.h"

/* --- entering --- */

static inline JET_ERR session_gate(const struct instance *instance, unsigned flags)
{
    unsigned state = atomic_load(&instance->state);
    if ((state & (INSTANCE_STOPPED | INSTANCE_DISABLED | INSTANCE_TERMINATING)) == 0)
        return JET_errSuccess;
    if ((state & INSTANCE_STOPPED) != 0 && (flags & SESSION_ENTER_CLEANUP) == 0)
        return JET_errClientRequestToStopJetService;
    if ((state & INSTANCE_DISABLED) != 0)
        return instance_unavailable_error(state);
    return (state & INSTANCE_TERMINATING) != 0 ? JET_errTermInProgress : JET_errSuccess;
}

/* Somebody else is inside, or the session has just ended: which error is it? The state of the instance comes before the sharing violation
 * (section 4), and only under process.lock is it certain that the session still exists. */
static __attribute__((noinline)) JET_ERR refusal(struct handle_slot *slot, JET_SESID sesid, unsigned flags)
{
    JET_ERR err = JET_errInvalidSesid;
    process_lock();
    if (atomic_load(&slot->handle) == sesid) {
        const struct session *session = atomic_load(&slot->object);
        err = session_gate(session->instance, flags);
        if (err >= 0)
            err = JET_errSessionSharingViolation;
    }
    process_unlock();
    return err;
}

/* Inline: it is a part of every call of a client. */
static inline __attribute__((always_inline)) JET_ERR enter(JET_SESID sesid, unsigned flags, struct session **out)
{
    *out = NULL;
    struct handle_slot *slot = handle_slot_of(&process.session_handles, sesid);
    if (slot == NULL || atomic_load(&slot->handle) != sesid)
        return JET_errInvalidSesid;
    uint64_t me = thread_id(), inside = 0;
    if (!atomic_compare_exchange_strong(&slot->claim, &inside, me)) {
        struct session *session = inside == me ? atomic_load(&slot->object) : NULL;
        if (session == NULL || session->callback_depth == 0)
            return refusal(slot, sesid, flags);
        session->depth++; /* a callback calls back */
        *out = session;
        return JET_errSuccess;
    }
    if (atomic_load(&slot->handle) != sesid) {
        atomic_store(&slot->claim, 0);
        return JET_errInvalidSesid;
    }
    struct session *session = atomic_load(&slot->object);
    JET_ERR err = session_gate(session->instance, flags);
    if (err < 0) {
        atomic_store(&slot->claim, 0);
        return err;
    }
    session->depth = 1;
    *out = session;
    return JET_errSuccess;
}

JET_ERR engine_enter_session(JET_SESID sesid, unsigned flags, struct session **out) { return enter(sesid, flags, out); }

void engine_leave_session(struct session *session)
{
    if (session == NULL || --session->depth > 0)
        return;
    if (session->transaction.is_implicit)
        transaction_end_call(&session->transaction);
    if (session->instance->log != NULL && log_is_down(session->instance->log))
        instance_check_log(session->instance); /* the call that met the failing log has its error; the next one is refused */
    atomic_store_explicit(&session->slot->claim, 0, memory_order_release);
}

void engine_callback_begin(struct session *session) { session->callback_depth++; }
void engine_callback_end(struct session *session) { session->callback_depth--; }

struct instance *session_instance(struct session *session) { return session->instance; }
JET_SESID session_handle(const struct session *session) { return session->handle; }
struct transaction *session_transaction(struct session *session) { return &session->transaction; }
unsigned session_level(const struct session *session) { return session->level; }
bool session_is_read_only(const struct session *session) { return session->level > 0 && session->is_read_only; }

/* --- databases --- */

JET_ERR session_find_database(struct session *session, JET_DBID dbid, struct open_database **out)
{
    *out = NULL;
    if (dbid == 0 || dbid > INSTANCE_DATABASES_MAX || session->databases[dbid - 1].open_count == 0)
        return JET_errInvalidDatabaseId;
    *out = &session->databases[dbid - 1];
    return JET_errSuccess;
}

struct database *open_database_file(const struct open_database *db) { return db->database; }
JET_DBID open_database_id(const struct open_database *db) { return db->dbid; }
bool open_database_is_read_only(const struct open_database *db) { return db->is_read_only || db->database->is_read_only; }

/* --- cursors --- */

JET_ERR session_add_cursor(struct session *session, struct open_database *db, struct cursor *cursor, const struct cursor_operations *operations, JET_TABLEID *out)
{
    JET_ERR err = JET_errSuccess;
    struct session_cursor *entry = NULL;
    uint64_t handle = 0;
    uint32_t most = (uint32_t)instance_parameter(session->instance, JET_paramMaxCursors);
    bool is_counted = true;
    if (atomic_fetch_add(&session->instance->cursor_count, 1) >= most)
        RAISE(JET_errOutOfCursors);
    entry = mem_alloc(sizeof *entry);
    if (entry == NULL)
        RAISE(JET_errOutOfMemory);
    entry->cursor = cursor;
    entry->operations = operations;
    entry->database = db;
    entry->level = session->level;
    entry->counts_twice = false;
    entry->local_storage = JET_LSNil;
    TRY(handle_add(&process.cursor_handles, entry, session->handle, &entry->slot, &handle));
    entry->next = session->cursors;
    entry->link = &session->cursors;
    if (entry->next != NULL)
        entry->next->link = &entry->next;
    session->cursors = entry;
    session->cursor_count++;
    *out = handle;
    entry = NULL;
    is_counted = false;
done:
    mem_free(entry);
    if (is_counted)
        atomic_fetch_sub(&session->instance->cursor_count, 1);
    return err;
}

static inline JET_ERR find_entry(struct session *session, JET_TABLEID tableid, struct session_cursor **out)
{
    struct handle_slot *slot = handle_slot_of(&process.cursor_handles, tableid);
    *out = NULL;
    if (slot == NULL || atomic_load(&slot->handle) != tableid)
        return JET_errInvalidTableId;
    /* The claim is the cursor's session; a cursor of this one cannot go away while we are inside. */
    uint64_t claim = atomic_load(&slot->claim);
    if (claim != session->handle)
        return claim == ~session->handle ? JET_errIllegalOperation : JET_errSesidTableIdMismatch;
    *out = atomic_load(&slot->object);
    return *out != NULL ? JET_errSuccess : JET_errInvalidTableId;
}

/* Also a cursor that a callback has been given: its claim is the complement of its session. */
static JET_ERR find_any_entry(struct session *session, JET_TABLEID tableid, struct session_cursor **out)
{
    JET_ERR err = find_entry(session, tableid, out);
    if (err == JET_errIllegalOperation) {
        *out = atomic_load(&handle_slot_of(&process.cursor_handles, tableid)->object);
        err = JET_errSuccess;
    }
    return err;
}

void session_callback_begin(struct session *session, JET_TABLEID tableid, struct session_callback *state)
{
    struct session_cursor *entry = NULL;
    *state = (struct session_callback){.level = session->level, .outer_level = session->callback_level};
    if (find_entry(session, tableid, &entry) >= 0) {
        state->slot = entry->slot;
        atomic_store(&entry->slot->claim, ~session->handle);
    }
    session->callback_level = session->level;
    engine_callback_begin(session);
}

JET_ERR session_callback_end(struct session *session, struct session_callback *state)
{
    JET_ERR err = JET_errSuccess;
    engine_callback_end(session);
    while (session->level > state->level && err >= 0)
        err = session_rollback(session, 0);
    session->callback_level = state->outer_level;
    if (state->slot != NULL)
        atomic_store(&state->slot->claim, session->handle);
    return err;
}

JET_ERR session_find_cursor(struct session *session, JET_TABLEID tableid, struct cursor **out)
{
    struct session_cursor *entry = NULL;
    JET_ERR err = find_entry(session, tableid, &entry);
    *out = err >= 0 ? entry->cursor : NULL;
    return err;
}

JET_ERR engine_enter_cursor(JET_SESID sesid, JET_TABLEID tableid, struct session **out, struct cursor **cursor)
{
    struct session_cursor *entry;
    JET_ERR err = enter(sesid, 0, out);
    *cursor = NULL;
    if (err < 0)
        return err;
    err = find_entry(*out, tableid, &entry);
    if (err < 0) {
        engine_leave_session(*out);
        *out = NULL;
        return err;
    }
    *cursor = entry->cursor;
    if ((*out)->level == 0)
        transaction_begin_call(&(*out)->transaction);
    return JET_errSuccess;
}

JET_ERR engine_enter_limited_cursor(JET_SESID sesid, JET_TABLEID tableid, struct session **out, struct cursor **cursor)
{
    struct session_cursor *entry;
    JET_ERR err = engine_enter_cursor(sesid, tableid, out, cursor);
    if (err != JET_errIllegalOperation)
        return err;
    err = enter(sesid, 0, out);
    if (err >= 0)
        err = find_any_entry(*out, tableid, &entry);
    if (err >= 0)
        *cursor = entry->cursor;
    else if (*out != NULL) {
        engine_leave_session(*out);
        *out = NULL;
    }
    return err;
}

/* Out of the list and the registry; the cursor itself lives on. */
static struct cursor *detach_entry(struct session *session, struct session_cursor *entry)
{
    struct cursor *cursor = entry->cursor;
    *entry->link = entry->next;
    if (entry->next != NULL)
        entry->next->link = entry->link;
    handle_remove(&process.cursor_handles, entry->slot);
    session->cursor_count--;
    atomic_fetch_sub(&session->instance->cursor_count, entry->counts_twice ? 2 : 1);
    JET_LS word = entry->local_storage;
    bool is_temporary = entry->database == NULL;
    mem_free(entry);
    local_storage_tell(session->instance, JET_cbtypFreeCursorLS, word);
    if (is_temporary && atomic_load(&session->instance->table_word_count) > 0 && cursor_is_last_of_temporary(cursor))
        local_storage_release(session->instance, cursor_temp_table(cursor));
    return cursor;
}

JET_ERR session_remove_cursor(struct session *session, JET_TABLEID tableid, struct cursor **out)
{
    struct session_cursor *entry = NULL;
    JET_ERR err = find_entry(session, tableid, &entry);
    *out = err >= 0 ? detach_entry(session, entry) : NULL;
    return err;
}

JET_ERR session_count_index(struct session *session, JET_TABLEID tableid, bool is_secondary)
{
    JET_ERR err = JET_errSuccess;
    struct session_cursor *entry;
    struct instance *instance = session->instance;
    TRY(find_entry(session, tableid, &entry));
    if (entry->counts_twice == is_secondary)
        goto done;
    if (!is_secondary) {
        atomic_fetch_sub(&instance->cursor_count, 1);
    } else if (atomic_fetch_add(&instance->cursor_count, 1) >= (uint32_t)instance_parameter(instance, JET_paramMaxCursors)) {
        atomic_fetch_sub(&instance->cursor_count, 1);
        RAISE(JET_errOutOfCursors);
    }
    entry->counts_twice = is_secondary;
done:
    return err;
}

struct open_database *session_cursor_database(struct session *session, JET_TABLEID tableid)
{
    struct session_cursor *entry = NULL;
    return find_any_entry(session, tableid, &entry) >= 0 ? entry->database : NULL;
}

JET_LS *session_cursor_local_storage(struct session *session, JET_TABLEID tableid)
{
    struct session_cursor *entry = NULL;
    return find_any_entry(session, tableid, &entry) >= 0 ? &entry->local_storage : NULL;
}

uint32_t session_cursor_count(const struct session *session) { return session->cursor_count; }

static void close_entry(struct session *session, struct session_cursor *entry)
{
    const struct cursor_operations *operations = entry->operations;
    operations->close(detach_entry(session, entry));
}

void session_close_cursors(struct session *session, const struct open_database *db)
{
    for (struct session_cursor *entry = session->cursors, *next; entry != NULL; entry = next) {
        next = entry->next;
        if (db == NULL || entry->database == db)
            close_entry(session, entry);
    }
}

/* --- begin and end --- */

/* Log records name a session by its number: the lowest one free. Lock on entry: instance->lock. */
static JET_ERR take_number(struct instance *instance, uint32_t *number)
{
    for (uint32_t i = 0; i < INSTANCE_PROCID_WORDS; i++) {
        uint64_t free_bits = ~instance->procids[i];
        if (i == 0)
            free_bits &= ~UINT64_C(1); /* numbers begin at 1 */
        if (free_bits == 0)
            continue;
        uint32_t bit = (uint32_t)__builtin_ctzll(free_bits);
        instance->procids[i] |= UINT64_C(1) << bit;
        *number = i * 64 + bit;
        return JET_errSuccess;
    }
    return error_raise(JET_errOutOfSessions, __FILE__, __LINE__);
}

static void give_number(struct instance *instance, uint32_t number)
{
    if (number != 0)
        instance->procids[number / 64] &= ~(UINT64_C(1) << number % 64);
}

JET_ERR session_create(struct instance *instance, JET_SESID *handle)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = mem_alloc_aligned(_Alignof(struct session), sizeof *session);
    uint64_t value = 0;
    bool has_transaction = false;
    mutex_lock(&instance->lock);
    if (session == NULL)
        RAISE(JET_errOutOfMemory);
    /* A parameter of 0 still leaves one. */
    uintptr_t most = params_number(&instance->params, JET_paramMaxSessions);
    if (instance->session_count >= (most > 0 ? most : 1))
        RAISE(JET_errOutOfSessions);
    session->instance = instance;
    TRY(take_number(instance, &session->number));
    TRY(transaction_open(&session->transaction, instance->versions, instance->log, (uint16_t)session->number));
    has_transaction = true;
    session->settings.commit_default = (uint32_t)params_number(&instance->params, JET_paramCommitDefault);
    for (uint32_t i = 0; i < INSTANCE_DATABASES_MAX; i++)
        session->databases[i].session = session;
    /* Claimed until it is in the list and knows its handle. */
    TRY(handle_add(&process.session_handles, session, UINT64_MAX, &session->slot, &value));
    session->handle = value;
    session->next = instance->sessions;
    instance->sessions = session;
    instance->session_count++;
    *handle = value;
    atomic_store(&session->slot->claim, 0);
    session = NULL;
done:
    if (session != NULL) {
        if (has_transaction)
            transaction_close(&session->transaction);
        give_number(instance, session->number);
    }
    mutex_unlock(&instance->lock);
    mem_free(session);
    return err;
}

static void unlink_session(struct session *session)
{
    struct instance *instance = session->instance;
    mutex_lock(&instance->lock);
    for (struct session **link = &instance->sessions; *link != NULL; link = &(*link)->next) {
        if (*link == session) {
            *link = session->next;
            instance->session_count--;
            give_number(instance, session->number);
            break;
        }
    }
    mutex_unlock(&instance->lock);
}

static void close_databases(struct session *session)
{
    struct instance *instance = session->instance;
    instance_lock_databases(instance);
    for (uint32_t i = 0; i < INSTANCE_DATABASES_MAX; i++) {
        struct open_database *db = &session->databases[i];
        if (instance->attachments[i].exclusive == session)
            instance->attachments[i].exclusive = NULL;
        if (db->open_count > 0)
            instance->attachments[i].open_count--;
        db->open_count = 0;
    }
    instance_unlock_databases(instance);
}

void session_destroy(struct session *session)
{
    session_close_cursors(session, NULL);
    session_abandon_transaction(session);
    transaction_close(&session->transaction);
    close_databases(session);
    unlink_session(session);
    /* Whoever follows a live handle does so under process.lock: after this nobody can. The slot stays claimed until it is used again. */
    process_lock();
    atomic_store(&session->slot->claim, UINT64_MAX);
    handle_remove(&process.session_handles, session->slot);
    process_unlock();
    mem_free(session->settings.commit_record);
    mem_free(session);
}

JET_ERR session_end(struct session *session)
{
    JET_ERR err = JET_errSuccess;
    if (session->depth > 1 || session->context != SESSION_CONTEXT_NONE)
        RAISE(JET_errSessionInUse);
    if (session->level > 0)
        TRY(session_rollback(session, JET_bitRollbackAll));
    session_destroy(session);
done:
    return err;
}
