/* Callbacks of tables (reference pages of JET_CALLBACK, JET_CBTYP, JetRegisterCallback, JetUnregisterCallback, JET_USERDEFINEDDEFAULT).
 *
 * Callbacks run between the calls into cursor/, in the thread that changes the row, with nothing locked. While one runs, the cursor it gets refuses every call but those that look at
 * the row or set columns, and the levels that were open stay open, so that the change finds everything as it was. */
#define ESENT_PRIVATE
#include "api/callbacks.h"

#include "catalog/ddl.h"
#include "engine/callback_library.h"
#include "engine/session.h"

static JET_ERR call_client(const struct callback_call *call, JET_CALLBACK function, JET_CBTYP type, void *first, void *second, void *context, JET_API_PTR last)
{
    struct session *session = call->session;
    const struct open_database *database = session_cursor_database(session, call->tableid);
    JET_DBID dbid = database != NULL ? open_database_id(database) : JET_dbidNil;
    struct session_callback state;
    session_callback_begin(session, call->tableid, &state);
    JET_ERR err = function(call->sesid, dbid, call->tableid, type, first, second, context, last);
    JET_ERR ended = session_callback_end(session, &state);
    return ended < 0 ? ended : err;
}

static JET_ERR run_registered(const struct callback_call *call, const struct table_callback *first, JET_CBTYP type)
{
    JET_ERR err = JET_errSuccess;
    for (const struct table_callback *c = first; c != NULL; c = c->next) {
        JET_CBTYP matching = atomic_load(&c->types) & type;
        if (matching != 0)
            TRY(call_client(call, (JET_CALLBACK)c->function, matching, NULL, NULL, c->context, 0));
    }
done:
    return err;
}

/* The registered ones first, those of the template behind the table's, then those of the schema, in the same order. The first error is the answer. */
static JET_ERR run(const struct callback_call *call, JET_CBTYP type)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session_instance(call->session);
    const struct table_schema *schema = NULL;
    TRY(run_registered(call, cursor_callbacks(call->cursor), type));
    TRY(run_registered(call, cursor_template_callbacks(call->cursor), type));
    if (instance_parameter(instance, JET_paramDisableCallbacks) != 0)
        goto done;
    if (cursor_schema(call->cursor)->callback_count > 0)
        schema = catalog_retain_table(cursor_catalog(call->cursor), cursor_schema(call->cursor)); /* a function that looks at the row may give the cursor a newer one */
    for (uint32_t i = 0; schema != NULL && i < schema->callback_count; i++) {
        JET_CBTYP matching = schema->callbacks[i].types & type;
        JET_CALLBACK function;
        if (matching == 0)
            continue;
        TRY(callback_resolve(instance, schema->callbacks[i].name, &function));
        TRY(call_client(call, function, matching, NULL, NULL, NULL, 0));
    }
done:
    catalog_release_table(cursor_catalog(call->cursor), schema);
    return err;
}

JET_ERR callbacks_around(const struct callback_call *call, JET_CBTYP before, JET_CBTYP after, JET_ERR (*change)(void *context), void *context)
{
    JET_ERR err = JET_errSuccess, result = JET_errSuccess;
    if (!cursor_has_callbacks(call->cursor))
        return change(context);
    TRY(session_begin_transaction(call->session, 0));
    for (JET_CBTYP bit = 1; bit != 0 && bit <= before && err >= 0; bit <<= 1)
        if ((before & bit) != 0)
            err = run(call, bit);
    if (err >= 0)
        err = result = change(context);
    if (err >= 0)
        err = session_commit_transaction(call->session, 0, 0, NULL);
    if (err < 0) {
        JET_ERR back = session_rollback(call->session, 0);
        TRY(back < 0 ? back : err);
    }
    for (JET_CBTYP bit = 1; bit != 0 && bit <= after; bit <<= 1)
        if ((after & bit) != 0) {
            JET_ERR ignored = run(call, bit);
            (void)ignored;
        }
    err = result;
done:
    return err;
}

JET_ERR callbacks_compute(const struct callback_call *call, JET_COLUMNID column_id, void *buffer, uint32_t room, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    JET_CALLBACK function;
    uint32_t size = room;
    const struct table_schema *schema = NULL;
    const struct column *column = schema_column(cursor_schema(call->cursor), column_id);
    if (column == NULL || column->callback == NULL || instance_parameter(session_instance(call->session), JET_paramDisableCallbacks) != 0)
        RAISE(JET_errCallbackNotResolved);
    TRY(callback_resolve(session_instance(call->session), column->callback, &function));
    schema = catalog_retain_table(cursor_catalog(call->cursor), cursor_schema(call->cursor)); /* the function is given bytes of it */
    err = call_client(call, function, JET_cbtypUserDefinedDefaultValue, buffer, &size, (void *)(uintptr_t)column->callback_data.data, column_id);
    if (err >= 0)
        *actual = size;
    if (err == JET_errSuccess && size > room)
        err = JET_wrnBufferTruncated;
done:
    catalog_release_table(cursor_catalog(call->cursor), schema);
    return err;
}

/* --- registration --- */

JET_EXPORT JET_ERR JetRegisterCallback(JET_SESID sesid, JET_TABLEID tableid, JET_CBTYP cbtyp, JET_CALLBACK pCallback, void *pvContext, JET_HANDLE *phCallbackId)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    uint64_t id;
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if (cbtyp == JET_cbtypNull || pCallback == NULL || phCallbackId == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(cursor_add_callback(cursor, (void (*)(void))pCallback, pvContext, cbtyp, &id));
    *phCallbackId = (JET_HANDLE)id;
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetUnregisterCallback(JET_SESID sesid, JET_TABLEID tableid, JET_CBTYP cbtyp, JET_HANDLE hCallbackId)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    (void)cbtyp; /* all of a registration ends, as in ESENT */
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    if (!cursor_remove_callback(cursor, (uint64_t)hCallbackId))
        err = JET_wrnCallbackNotRegistered;
done:
    engine_leave_session(session);
    return err;
}
