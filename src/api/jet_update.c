/* Changing rows: JetPrepareUpdate, JetSetColumn(s), JetUpdate, JetDelete, JetEscrowUpdate, JetGetLock (reference pages of the functions).
 *
 * A call that changes the database outside a transaction runs in one of its own, which commits as JetCommitTransaction would. */
#define ESENT_PRIVATE
#include "api/callbacks.h"

#include "cursor/update.h"
#include "engine/session.h"

/* Rows of a temporary table belong to the session: a read-only transaction does not protect them. */
static JET_ERR check_updatable(const struct session *session, const struct cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    if (cursor_is_read_only(cursor))
        RAISE(JET_errPermissionDenied);
    if (cursor_temp_table(cursor) == NULL && session_is_read_only(session))
        RAISE(JET_errTransReadOnly);
done:
    return err;
}

/* Enters the session with a cursor through which rows may be changed. *session may be set also on error. */
static JET_ERR enter_settable(JET_SESID sesid, JET_TABLEID tableid, struct session **session, struct cursor **cursor)
{
    JET_ERR err = JET_errSuccess;
    TRY(table_enter_limited(sesid, tableid, session, cursor));
    TRY(table_check_phase(*cursor, TABLE_INSERTABLE));
    TRY(check_updatable(*session, *cursor));
done:
    return err;
}

static JET_ERR enter_updatable(JET_SESID sesid, JET_TABLEID tableid, struct session **session, struct cursor **cursor)
{
    JET_ERR err = JET_errSuccess;
    TRY(table_enter(sesid, tableid, session, cursor));
    TRY(table_check_phase(*cursor, TABLE_INSERTABLE));
    TRY(check_updatable(*session, *cursor));
done:
    return err;
}

static JET_ERR in_transaction(struct session *session, const struct cursor *cursor, JET_ERR (*change)(void *context), void *context)
{
    JET_ERR err = JET_errSuccess;
    if (session_level(session) > 0 || cursor_temp_table(cursor) != NULL)
        return change(context);
    TRY(session_begin_transaction(session, 0));
    JET_ERR result = change(context);
    if (result >= 0)
        err = session_commit_transaction(session, 0, 0, NULL);
    if (result < 0 || err < 0) {
        JET_ERR back = session_level(session) > 0 ? session_rollback(session, 0) : JET_errSuccess;
        err = result < 0 ? result : err;
        err = back < 0 ? back : err;
    } else {
        err = result;
    }
done:
    return err;
}

/* --- prepare and set --- */

JET_EXPORT JET_ERR JetPrepareUpdate(JET_SESID sesid, JET_TABLEID tableid, uint32_t prep)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, TABLE_INSERTABLE));
    if (prep != JET_prepCancel && prep != JET_prepReadOnlyCopy)
        TRY(check_updatable(session, cursor));
    TRY(cursor_prepare_update(cursor, prep));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetSetColumn(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid, const void *pvData, uint32_t cbData, JET_GRBIT grbit,
                                JET_SETINFO *psetinfo)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    struct set_column set = {.column_id = columnid, .value = span_of(pvData, cbData), .options = grbit, .sequence = 1};
    TRY(enter_settable(sesid, tableid, &session, &cursor));
    if (cbData > JET_cbLVColumnMost)
        RAISE(JET_errInvalidParameter);
    if (!cursor_is_prepared(cursor))
        RAISE(JET_errUpdateNotPrepared);
    if (psetinfo != NULL) {
        if (psetinfo->cbStruct < sizeof *psetinfo)
            RAISE(JET_errInvalidParameter);
        set.offset = psetinfo->ibLongValue;
        set.sequence = psetinfo->itagSequence;
    }
    err = cursor_set_column(cursor, &set);
done:
    engine_leave_session(session);
    return err;
}

/* The warning of the last column is the answer; those before stand at their columns only. */
JET_EXPORT JET_ERR JetSetColumns(JET_SESID sesid, JET_TABLEID tableid, JET_SETCOLUMN *psetcolumn, uint32_t csetcolumn)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    TRY(enter_settable(sesid, tableid, &session, &cursor));
    if (psetcolumn == NULL && csetcolumn > 0)
        RAISE(JET_errInvalidParameter);
    if (!cursor_is_prepared(cursor))
        RAISE(JET_errUpdateNotPrepared);
    for (uint32_t i = 0; i < csetcolumn; i++)
        if (psetcolumn[i].cbData > JET_cbLVColumnMost)
            RAISE(JET_errInvalidParameter);
    for (uint32_t i = 0; i < csetcolumn && err >= 0; i++) {
        JET_SETCOLUMN *p = &psetcolumn[i];
        struct set_column set = {.column_id = p->columnid, .value = span_of(p->pvData, p->cbData), .options = p->grbit, .offset = p->ibLongValue,
                                 .sequence = p->itagSequence};
        err = cursor_set_column(cursor, &set);
        p->err = err;
    }
done:
    engine_leave_session(session);
    return err;
}

/* --- update and delete --- */

struct update_call {
    struct callback_call callback; /* first */
    struct cursor *cursor;
    JET_GRBIT grbit;
    uint8_t *bookmark;
    uint32_t room, *actual;
};

static JET_ERR write_row(void *context)
{
    const struct update_call *call = context;
    return cursor_update(call->cursor, call->grbit, call->bookmark, call->room, call->actual);
}

static JET_ERR run_update(void *context)
{
    const struct update_call *call = context;
    switch (cursor_update_kind(call->cursor)) {
    case CURSOR_UPDATE_INSERT:
        return callbacks_around(&call->callback, JET_cbtypBeforeInsert, JET_cbtypAfterInsert, write_row, context);
    case CURSOR_UPDATE_MOVE:
        return callbacks_around(&call->callback, JET_cbtypBeforeDelete | JET_cbtypBeforeInsert, JET_cbtypAfterDelete | JET_cbtypAfterInsert, write_row, context);
    case CURSOR_UPDATE_REPLACE:
        return callbacks_around(&call->callback, JET_cbtypBeforeReplace, JET_cbtypAfterReplace, write_row, context);
    default:
        return write_row(context); /* says what is wrong */
    }
}

JET_EXPORT JET_ERR JetUpdate2(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark, uint32_t *pcbActual, const JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    struct update_call call = {.grbit = grbit, .bookmark = pvBookmark, .room = cbBookmark, .actual = pcbActual};
    TRY(enter_updatable(sesid, tableid, &session, &cursor));
    if ((grbit & ~(JET_GRBIT)(JET_bitUpdateCheckESE97Compatibility | JET_bitUpdateNoVersion)) != 0)
        RAISE(JET_errInvalidGrbit);
    if (!cursor_is_prepared(cursor))
        RAISE(JET_errUpdateNotPrepared);
    call.cursor = cursor;
    call.callback = (struct callback_call){session, sesid, tableid, cursor};
    err = in_transaction(session, cursor, run_update, &call);
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetUpdate(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark, uint32_t cbBookmark, uint32_t *pcbActual)
{
    return JetUpdate2(sesid, tableid, pvBookmark, cbBookmark, pcbActual, 0);
}

static JET_ERR delete_row(void *context) { return cursor_delete_row(((const struct callback_call *)context)->cursor); }

static JET_ERR run_delete(void *context) { return callbacks_around(context, JET_cbtypBeforeDelete, JET_cbtypAfterDelete, delete_row, context); }

JET_EXPORT JET_ERR JetDelete(JET_SESID sesid, JET_TABLEID tableid)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    TRY(enter_updatable(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, TABLE_MATERIALIZED));
    struct callback_call call = {session, sesid, tableid, cursor};
    TRY(in_transaction(session, cursor, run_delete, &call));
    table_moved(session, cursor);
done:
    engine_leave_session(session);
    return err;
}

/* --- escrow, lock --- */

JET_EXPORT JET_ERR JetEscrowUpdate(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid, void *pv, uint32_t cbMax, void *pvOld, uint32_t cbOldMax,
                                   uint32_t *pcbOldActual, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    struct escrow_update escrow = {.column_id = columnid, .width = cbMax, .options = grbit};
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, TABLE_INSERTABLE));
    if (session_level(session) == 0)
        RAISE(JET_errNotInTransaction);
    TRY(check_updatable(session, cursor));
    if (pv == NULL)
        RAISE(JET_errInvalidParameter);
    if ((grbit & ~(JET_GRBIT)JET_bitEscrowNoRollback) != 0)
        RAISE(JET_errInvalidGrbit);
    if ((cbMax != 4 && cbMax != 8) || (pvOld != NULL && cbOldMax != 0 && cbOldMax < cbMax))
        RAISE(JET_errInvalidBufferSize);
    escrow.delta = cbMax == 8 ? (int64_t)load_le64(pv) : (int32_t)load_le32(pv);
    TRY(cursor_escrow_update(cursor, &escrow));
    if (pvOld != NULL && cbOldMax >= cbMax)
        memcpy(pvOld, &escrow.old, cbMax);
    if (pcbOldActual != NULL)
        *pcbOldActual = cbMax;
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetLock(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if (grbit != JET_bitReadLock && grbit != JET_bitWriteLock)
        RAISE(JET_errInvalidGrbit);
    if (session_level(session) == 0)
        RAISE(JET_errNotInTransaction);
    if (grbit == JET_bitWriteLock)
        TRY(check_updatable(session, cursor));
    TRY(cursor_get_lock(cursor, grbit));
done:
    engine_leave_session(session);
    return err;
}
