/* Columns of tables that exist: JetAddColumn, JetDeleteColumn and 2, JetRenameColumn, JetSetColumnDefaultValue (reference pages of the functions). */
#define ESENT_PRIVATE
#include "api/jet_ddl.h"

#include "catalog/names.h"

/* --- JetAddColumn --- */

static JET_ERR add_column(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, const void *name, const JET_COLUMNDEF *given, const void *value, uint32_t size,
                          JET_COLUMNID *column_id)
{
    JET_ERR err = JET_errSuccess;
    struct ddl_call call = {.session = NULL};
    struct ddl_memory memory = {.first = NULL};
    struct cursor *cursor;
    uint32_t id = 0;
    TRY(ddl_enter_cursor(sesid, tableid, &call, &cursor));
    if (given == NULL || given->cbStruct < sizeof *given || (value == NULL && size > 0))
        RAISE(JET_errInvalidParameter);
    unsigned sharing = cursor_sharing(cursor);
    if ((given->grbit & JET_bitColumnUnversioned) != 0 && (sharing & CURSOR_DENY_READ) == 0 && session_level(call.session) > 0)
        RAISE(JET_errInTransaction);
    struct column_definition definition = {.type = given->coltyp, .max_size = given->cbMax, .grbit = given->grbit, .code_page = given->cp, .id_out = &id,
                                           .is_permitted = (sharing & CURSOR_PERMIT_DDL) != 0, .is_shared = !cursor_session_denies_read(cursor),
                                           .check_callback = ddl_check_callback, .check_context = call.session};
    TRY(ddl_text(&memory, form, name, &definition.name));
    TRY(ddl_column_default(&memory, form, value, size, &definition));
    TRY(ddl_begin(&call));
    err = catalog_add_column(call.transaction, call.catalog, cursor_schema(cursor)->objid, &definition); /* the warning about the size passes through */
done:
    err = ddl_end(&call, err, false);
    if (err >= 0 && column_id != NULL)
        *column_id = id;
    ddl_free(&memory);
    return err;
}

JET_EXPORT JET_ERR JetAddColumnA(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName, const JET_COLUMNDEF *pcolumndef, const void *pvDefault, uint32_t cbDefault,
                                 JET_COLUMNID *pcolumnid)
{
    return add_column(sesid, tableid, TEXT_UTF8, szColumnName, pcolumndef, pvDefault, cbDefault, pcolumnid);
}

JET_EXPORT JET_ERR JetAddColumnW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szColumnName, const JET_COLUMNDEF *pcolumndef, const void *pvDefault, uint32_t cbDefault,
                                 JET_COLUMNID *pcolumnid)
{
    return add_column(sesid, tableid, TEXT_UTF16, szColumnName, pcolumndef, pvDefault, cbDefault, pcolumnid);
}

JET_EXPORT_PLAIN(JetAddColumn);

/* --- JetDeleteColumn --- */

static JET_ERR delete_column(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, const void *text, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct ddl_call call = {.session = NULL};
    struct ddl_memory memory = {.first = NULL};
    struct cursor *cursor;
    const char *name;
    TRY(ddl_enter_cursor(sesid, tableid, &call, &cursor));
    if ((grbit & ~(JET_GRBIT)JET_bitDeleteColumnIgnoreTemplateColumns) != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(ddl_text(&memory, form, text, &name));
    TRY(ddl_begin(&call));
    err = catalog_delete_column(call.transaction, call.catalog, cursor_schema(cursor)->objid, name, (grbit & JET_bitDeleteColumnIgnoreTemplateColumns) != 0);
done:
    err = ddl_end(&call, err, false);
    ddl_free(&memory);
    return err;
}

JET_EXPORT JET_ERR JetDeleteColumnA(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName) { return delete_column(sesid, tableid, TEXT_UTF8, szColumnName, 0); }

JET_EXPORT JET_ERR JetDeleteColumnW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szColumnName) { return delete_column(sesid, tableid, TEXT_UTF16, szColumnName, 0); }

JET_EXPORT_PLAIN(JetDeleteColumn);

JET_EXPORT JET_ERR JetDeleteColumn2A(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName, JET_GRBIT grbit)
{
    return delete_column(sesid, tableid, TEXT_UTF8, szColumnName, grbit);
}

JET_EXPORT JET_ERR JetDeleteColumn2W(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szColumnName, JET_GRBIT grbit)
{
    return delete_column(sesid, tableid, TEXT_UTF16, szColumnName, grbit);
}

JET_EXPORT_PLAIN(JetDeleteColumn2);

/* --- JetRenameColumn --- */

static JET_ERR rename_column(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, const void *text, const void *new_text, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct ddl_call call = {.session = NULL};
    struct ddl_memory memory = {.first = NULL};
    struct cursor *cursor;
    const char *name, *new_name;
    TRY(ddl_enter_any_cursor(sesid, tableid, &call, &cursor));
    if (text == NULL || new_text == NULL)
        RAISE(JET_errInvalidParameter);
    if (session_level(call.session) > 0)
        RAISE(JET_errInTransaction);
    if ((grbit & ~(JET_GRBIT)JET_bitColumnRenameConvertToPrimaryIndexPlaceholder) != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(ddl_text(&memory, form, text, &name));
    TRY(ddl_text(&memory, form, new_text, &new_name));
    TRY(ddl_begin(&call));
    err = (grbit != 0 ? catalog_make_placeholder : catalog_rename_column)(call.transaction, call.catalog, cursor_schema(cursor)->objid, name, new_name);
done:
    err = ddl_end(&call, err, false);
    ddl_free(&memory);
    return err;
}

JET_EXPORT JET_ERR JetRenameColumnA(JET_SESID sesid, JET_TABLEID tableid, const char *szName, const char *szNameNew, JET_GRBIT grbit)
{
    return rename_column(sesid, tableid, TEXT_UTF8, szName, szNameNew, grbit);
}

JET_EXPORT JET_ERR JetRenameColumnW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szName, const char16_t *szNameNew, JET_GRBIT grbit)
{
    return rename_column(sesid, tableid, TEXT_UTF16, szName, szNameNew, grbit);
}

JET_EXPORT_PLAIN(JetRenameColumn);

/* --- JetSetColumnDefaultValue --- */

static JET_ERR set_default(JET_SESID sesid, JET_DBID dbid, enum text_form form, const void *table_text, const void *column_text, const void *value, uint32_t size, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct ddl_call call = {.session = NULL};
    struct ddl_memory memory = {.first = NULL};
    const char *table_name, *column_name;
    char checked_column[OBJECT_NAME_UTF8_MAX];
    struct cursor *claim = NULL;
    TRY(ddl_enter_database(sesid, dbid, &call));
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(ddl_text(&memory, form, table_text, &table_name));
    TRY(ddl_text(&memory, form, column_text, &column_name));
    TRY(name_check(column_name, checked_column));
    if (value == NULL || size == 0)
        RAISE(JET_errNullInvalid);
    TRY(ddl_begin(&call));
    TRY(table_claim(call.session, dbid, table_name, &claim)); /* rows without the column change their value for everybody at once */
    err = catalog_set_default(call.transaction, call.catalog, cursor_schema(claim)->objid, checked_column, span_of(value, size));
done:
    cursor_close(claim);
    err = ddl_end(&call, err, false);
    ddl_free(&memory);
    return err;
}

JET_EXPORT JET_ERR JetSetColumnDefaultValueA(JET_SESID sesid, JET_DBID dbid, const char *szTableName, const char *szColumnName, const void *pvData, uint32_t cbData, JET_GRBIT grbit)
{
    return set_default(sesid, dbid, TEXT_UTF8, szTableName, szColumnName, pvData, cbData, grbit);
}

JET_EXPORT JET_ERR JetSetColumnDefaultValueW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName, const char16_t *szColumnName, const void *pvData, uint32_t cbData,
                                             JET_GRBIT grbit)
{
    return set_default(sesid, dbid, TEXT_UTF16, szTableName, szColumnName, pvData, cbData, grbit);
}

JET_EXPORT_PLAIN(JetSetColumnDefaultValue);
