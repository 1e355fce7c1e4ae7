/* Tables made, deleted and renamed: JetCreateTable, JetCreateTableColumnIndex to 5, JetDeleteTable and 2, JetRenameTable (reference pages of the functions).
 *
 * A table is opened before the transaction that made it ends, so that either there is a table with a cursor or there is neither. */
#define ESENT_PRIVATE
#include "api/jet_ddl.h"

#include "base/memory.h"

/* What the versions of JET_TABLECREATE have, in one form. */
struct table_request {
    uint8_t *structure; /* the client's, for the answers */
    size_t tableid_at, created_at;
    const void *name, *template_name, *callback;
    uint32_t pages, density, column_count, index_count, callback_types, separate_lv, chunk_most;
    uint8_t *columns, *indexes;
    JET_GRBIT grbit;
    const JET_SPACEHINTS *space_hints, *long_value_hints;
    unsigned index_version;
};

#define READ_COMMON(type, p, version)                                                                                                          \
    (struct table_request){.structure = (uint8_t *)(p), .tableid_at = offsetof(type, tableid), .created_at = offsetof(type, cCreated),          \
                           .name = (p)->szTableName, .template_name = (p)->szTemplateTableName, .pages = (p)->ulPages,                         \
                           .density = (p)->ulDensity, .columns = (uint8_t *)(p)->rgcolumncreate, .column_count = (p)->cColumns,                \
                           .indexes = (uint8_t *)(p)->rgindexcreate, .index_count = (p)->cIndexes, .grbit = (p)->grbit, .index_version = (version)}
#define READ_CALLBACK(r, p) ((r).callback = (p)->szCallback, (r).callback_types = (p)->cbtyp)
#define READ_HINTS(r, p) ((r).space_hints = (p)->pSeqSpacehints, (r).long_value_hints = (p)->pLVSpacehints, (r).separate_lv = (p)->cbSeparateLV)

struct table_making {
    struct ddl_memory memory;
    struct ddl_indexes indexes;
    struct table_definition definition;
    struct column_definition *columns;
    JET_ERR *column_errors;
    uint32_t *column_ids, created;
};

static JET_ERR read_columns(struct table_making *m, struct session *session, const struct table_request *request, enum text_form form)
{
    JET_ERR err = JET_errSuccess;
    _Static_assert(sizeof(JET_COLUMNCREATE_A) == sizeof(JET_COLUMNCREATE_W), "one layout");
    if (request->column_count == 0)
        goto done;
    if (request->columns == NULL || request->column_count > FIXED_ID_LAST + 128 + TAGGED_ID_LAST)
        RAISE(request->columns == NULL ? JET_errInvalidParameter : JET_errTooManyColumns);
    m->columns = ddl_alloc(&m->memory, request->column_count * sizeof *m->columns);
    m->column_errors = ddl_alloc(&m->memory, request->column_count * sizeof *m->column_errors);
    m->column_ids = ddl_alloc(&m->memory, request->column_count * sizeof *m->column_ids);
    if (m->columns == NULL || m->column_errors == NULL || m->column_ids == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < request->column_count; i++) {
        JET_COLUMNCREATE_A given;
        memcpy(&given, request->columns + i * sizeof given, sizeof given);
        if (given.cbStruct != sizeof given)
            RAISE(JET_errInvalidParameter);
        m->columns[i] = (struct column_definition){.type = given.coltyp, .max_size = given.cbMax, .grbit = given.grbit, .code_page = given.cp,
                                                   .id_out = &m->column_ids[i], .err_out = &m->column_errors[i],
                                                   .check_callback = ddl_check_callback, .check_context = session};
        TRY(ddl_text(&m->memory, form, given.szColumnName, &m->columns[i].name));
        m->column_errors[i] = err = ddl_column_default(&m->memory, form, given.pvDefault, given.cbDefault, &m->columns[i]);
        if (err < 0)
            goto done;
    }
done:
    return err;
}

static JET_ERR read_table(struct table_making *m, struct session *session, const struct table_request *request, enum text_form form)
{
    JET_ERR err = JET_errSuccess;
    struct table_definition *d = &m->definition;
    if ((request->grbit & JET_bitTableCreateTemplateTable) != 0 && request->template_name != NULL)
        RAISE(JET_errCannotNestDDL);
    if ((request->grbit & (JET_bitTableCreateNoFixedVarColumnsInDerivedTables | JET_bitTableCreateSystemTable)) != 0)
        RAISE(JET_errInvalidGrbit);
    if (request->index_count > 0 && (request->indexes == NULL || request->columns == NULL))
        RAISE(JET_errInvalidCreateIndex);
    *d = (struct table_definition){.grbit = request->grbit, .pages = request->pages, .density = request->density, .column_count = request->column_count,
                                   .index_count = request->index_count, .callback_types = request->callback_types, .separate_lv = request->separate_lv,
                                   .lv_chunk_most = request->chunk_most, .created_out = &m->created, .check_callback = ddl_check_callback, .check_context = session};
    TRY(ddl_text(&m->memory, form, request->name, &d->name));
    TRY(ddl_text(&m->memory, form, request->template_name, &d->template_name));
    TRY(ddl_text(&m->memory, form, request->callback, &d->callback));
    TRY(ddl_space_hints(&m->memory, request->space_hints, &d->space_hints));
    TRY(ddl_space_hints(&m->memory, request->long_value_hints, &d->long_value_space_hints));
    TRY(read_columns(m, session, request, form));
    TRY(ddl_indexes_read(&m->memory, session, form, request->index_version, request->indexes, request->index_count, &m->indexes));
    d->columns = m->columns;
    d->indexes = m->indexes.definitions;
done:
    return err;
}

static void answer_columns(const struct table_making *m, const struct table_request *request, bool is_made)
{
    for (uint32_t i = 0; i < request->column_count && m->column_errors != NULL; i++) {
        uint8_t *element = request->columns + i * sizeof(JET_COLUMNCREATE_A);
        uint32_t size;
        memcpy(&size, element, sizeof size);
        if (size != sizeof(JET_COLUMNCREATE_A))
            break;
        memcpy(element + offsetof(JET_COLUMNCREATE_A, err), &m->column_errors[i], sizeof m->column_errors[i]);
        if (is_made)
            memcpy(element + offsetof(JET_COLUMNCREATE_A, columnid), &m->column_ids[i], sizeof m->column_ids[i]);
    }
}

/* Opened for the client that made it, and for nobody else until that cursor is closed; so long a fixed schema may still be completed. */
static JET_ERR open_new(struct ddl_call *call, JET_DBID dbid, const struct table_definition *definition, JET_TABLEID *tableid)
{
    JET_ERR err = JET_errSuccess;
    struct open_database *database;
    struct cursor *cursor = NULL;
    bool is_fixed = (definition->grbit & JET_bitTableCreateFixedDDL) != 0 && (definition->grbit & JET_bitTableCreateTemplateTable) == 0;
    TRY(table_open(call->session, dbid, definition->name, &database, &cursor));
    cursor_set_read_only(cursor, false);
    TRY(cursor_set_sharing(cursor, is_fixed ? CURSOR_DENY_READ | CURSOR_PERMIT_DDL : CURSOR_DENY_READ));
    struct cursor *published = cursor;
    cursor = NULL;
    TRY(table_publish(call->session, database, published, tableid));
done:
    cursor_close(cursor);
    return err;
}

static JET_ERR create_table(JET_SESID sesid, JET_DBID dbid, enum text_form form, const struct table_request *request)
{
    JET_ERR err = JET_errSuccess;
    struct ddl_call call = {.session = NULL};
    struct table_making m = {.created = 0};
    JET_TABLEID tableid = JET_tableidNil;
    bool is_constant = false; /* the client's structures may lie in memory that cannot be written */
    TRY(ddl_enter_database(sesid, dbid, &call));
    is_constant = (request->grbit & JET_bitTableCreateImmutableStructure) != 0;
    TRY(read_table(&m, call.session, request, form));
    TRY(ddl_begin(&call));
    TRY(catalog_create_table(call.transaction, call.catalog, &m.definition));
    if (!is_constant)
        TRY(open_new(&call, dbid, &m.definition, &tableid));
done:
    err = ddl_end(&call, err, false);
    if (request->structure != NULL && call.session != NULL && !is_constant) {
        if (err < 0)
            tableid = JET_tableidNil;
        memcpy(request->structure + request->tableid_at, &tableid, sizeof tableid);
        memcpy(request->structure + request->created_at, &m.created, sizeof m.created);
        answer_columns(&m, request, err >= 0);
        ddl_indexes_answer(&m.indexes);
    }
    ddl_free(&m.memory);
    return err;
}

/* --- JetCreateTable --- */

static JET_ERR create_plain(JET_SESID sesid, JET_DBID dbid, enum text_form form, const void *name, uint32_t pages, uint32_t density, JET_TABLEID *tableid)
{
    JET_TABLECREATE_A x = {.cbStruct = sizeof x, .szTableName = (char *)(uintptr_t)name, .ulPages = pages, .ulDensity = density, .tableid = JET_tableidNil};
    if (tableid == NULL)
        return JET_errInvalidParameter;
    struct table_request request = READ_COMMON(JET_TABLECREATE_A, &x, 1);
    JET_ERR err = create_table(sesid, dbid, form, &request);
    *tableid = x.tableid;
    return err;
}

JET_EXPORT JET_ERR JetCreateTableA(JET_SESID sesid, JET_DBID dbid, const char *szTableName, uint32_t lPages, uint32_t lDensity, JET_TABLEID *ptableid)
{
    return create_plain(sesid, dbid, TEXT_UTF8, szTableName, lPages, lDensity, ptableid);
}

JET_EXPORT JET_ERR JetCreateTableW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName, uint32_t lPages, uint32_t lDensity, JET_TABLEID *ptableid)
{
    return create_plain(sesid, dbid, TEXT_UTF16, szTableName, lPages, lDensity, ptableid);
}

JET_EXPORT_PLAIN(JetCreateTable);

/* --- JetCreateTableColumnIndex --- */

#define SAME_LAYOUT(n)                                                                                                                                      \
    _Static_assert(sizeof(JET_TABLECREATE##n##_A) == sizeof(JET_TABLECREATE##n##_W) && offsetof(JET_TABLECREATE##n##_A, cCreated) == offsetof(JET_TABLECREATE##n##_W, cCreated), \
                   "one layout")
SAME_LAYOUT();
SAME_LAYOUT(2);
SAME_LAYOUT(3);
SAME_LAYOUT(4);
SAME_LAYOUT(5);

/* Version n in both forms, whose structures differ in nothing but what their texts are made of. */
#define CREATE_TABLE_FORMS(n, index_version, READ_MORE)                                                                                                          \
    static JET_ERR create##n(JET_SESID sesid, JET_DBID dbid, enum text_form form, JET_TABLECREATE##n##_A *p)                                                     \
    {                                                                                                                                                        \
        if (p == NULL || p->cbStruct != sizeof *p)                                                                                                           \
            return JET_errInvalidParameter;                                                                                                                  \
        struct table_request request = READ_COMMON(JET_TABLECREATE##n##_A, p, index_version);                                                                \
        READ_MORE(request, p);                                                                                                                               \
        return create_table(sesid, dbid, form, &request);                                                                                                    \
    }                                                                                                                                                        \
    JET_EXPORT JET_ERR JetCreateTableColumnIndex##n##A(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE##n##_A *ptablecreate)                                 \
    {                                                                                                                                                        \
        return create##n(sesid, dbid, TEXT_UTF8, ptablecreate);                                                                                              \
    }                                                                                                                                                        \
    JET_EXPORT JET_ERR JetCreateTableColumnIndex##n##W(JET_SESID sesid, JET_DBID dbid, JET_TABLECREATE##n##_W *ptablecreate)                                 \
    {                                                                                                                                                        \
        return create##n(sesid, dbid, TEXT_UTF16, (JET_TABLECREATE##n##_A *)(void *)ptablecreate);                                                           \
    }

#define READ_NO_MORE(r, p) ((void)0)
#define READ_CALLBACK_AND_HINTS(r, p) (READ_CALLBACK(r, p), READ_HINTS(r, p))
#define READ_ALL(r, p) (READ_CALLBACK_AND_HINTS(r, p), (r).chunk_most = (p)->cbLVChunkMax)

CREATE_TABLE_FORMS(, 1, READ_NO_MORE)
JET_EXPORT_PLAIN(JetCreateTableColumnIndex);
CREATE_TABLE_FORMS(2, 1, READ_CALLBACK)
JET_EXPORT_PLAIN(JetCreateTableColumnIndex2);
CREATE_TABLE_FORMS(3, 2, READ_CALLBACK_AND_HINTS)
CREATE_TABLE_FORMS(4, 3, READ_CALLBACK_AND_HINTS)
CREATE_TABLE_FORMS(5, 3, READ_ALL)

/* --- JetDeleteTable --- */

static JET_ERR delete_table(JET_SESID sesid, JET_DBID dbid, enum text_form form, const void *text, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct ddl_call call = {.session = NULL};
    struct ddl_memory memory = {.first = NULL};
    struct cursor *claim = NULL;
    const char *name;
    TRY(ddl_enter_database(sesid, dbid, &call));
    /* both bits are about snapshots to go back to, which are not kept */
    if ((grbit & ~(JET_GRBIT)(JET_bitNonRevertableTableDelete | JET_bitRevertableTableDeleteIfTooSoon)) != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(ddl_text(&memory, form, text, &name));
    TRY(ddl_begin(&call));
    err = table_claim(call.session, dbid, name, &claim);
    cursor_close(claim); /* it was for this error alone: the catalog finds all others itself, cursors of this session too */
    TRY(err == JET_errTableLocked ? err : JET_errSuccess);
    err = catalog_delete_table(call.transaction, call.catalog, name);
done:
    err = ddl_end(&call, err, false);
    ddl_free(&memory);
    return err;
}

JET_EXPORT JET_ERR JetDeleteTableA(JET_SESID sesid, JET_DBID dbid, const char *szTableName) { return delete_table(sesid, dbid, TEXT_UTF8, szTableName, 0); }

JET_EXPORT JET_ERR JetDeleteTableW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName) { return delete_table(sesid, dbid, TEXT_UTF16, szTableName, 0); }

JET_EXPORT_PLAIN(JetDeleteTable);

JET_EXPORT JET_ERR JetDeleteTable2A(JET_SESID sesid, JET_DBID dbid, const char *szTableName, JET_GRBIT grbit) { return delete_table(sesid, dbid, TEXT_UTF8, szTableName, grbit); }

JET_EXPORT JET_ERR JetDeleteTable2W(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName, JET_GRBIT grbit)
{
    return delete_table(sesid, dbid, TEXT_UTF16, szTableName, grbit);
}

JET_EXPORT_PLAIN(JetDeleteTable2);

/* --- JetRenameTable --- */

static JET_ERR rename_table(JET_SESID sesid, JET_DBID dbid, enum text_form form, const void *text, const void *new_text)
{
    JET_ERR err = JET_errSuccess;
    struct ddl_call call = {.session = NULL};
    struct ddl_memory memory = {.first = NULL};
    const char *name, *new_name;
    TRY(ddl_enter_database(sesid, dbid, &call));
    if (text == NULL || new_text == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(ddl_text(&memory, form, text, &name));
    TRY(ddl_text(&memory, form, new_text, &new_name));
    TRY(ddl_begin(&call));
    err = catalog_rename_table(call.transaction, call.catalog, name, new_name);
done:
    err = ddl_end(&call, err, false);
    ddl_free(&memory);
    return err;
}

JET_EXPORT JET_ERR JetRenameTableA(JET_SESID sesid, JET_DBID dbid, const char *szName, const char *szNameNew) { return rename_table(sesid, dbid, TEXT_UTF8, szName, szNameNew); }

JET_EXPORT JET_ERR JetRenameTableW(JET_SESID sesid, JET_DBID dbid, const char16_t *szName, const char16_t *szNameNew)
{
    return rename_table(sesid, dbid, TEXT_UTF16, szName, szNameNew);
}

JET_EXPORT_PLAIN(JetRenameTable);
