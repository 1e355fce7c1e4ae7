/* Indexes made and deleted: JetCreateIndex, JetCreateIndex2 to 4, JetDeleteIndex (reference pages of the functions). */
#define ESENT_PRIVATE
#include "api/jet_ddl.h"

#include "base/text.h"
#include "catalog/names.h"

static JET_ERR create_indexes(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, unsigned version, void *elements, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct ddl_call call = {.session = NULL};
    struct ddl_memory memory = {.first = NULL};
    struct ddl_indexes indexes = {.count = 0};
    struct cursor *cursor;
    TRY(ddl_enter_cursor(sesid, tableid, &call, &cursor));
    TRY(ddl_indexes_read(&memory, call.session, form, version, elements, count, &indexes));
    if (count == 0)
        goto done;
    unsigned sharing = cursor_sharing(cursor);
    if (indexes.has_unversioned && (sharing & CURSOR_DENY_READ) == 0 && session_level(call.session) > 0)
        RAISE(JET_errInTransaction);
    for (uint32_t i = 0; i < count; i++)
        indexes.definitions[i].is_permitted = (sharing & CURSOR_PERMIT_DDL) != 0;
    TRY(ddl_begin(&call));
    err = catalog_create_indexes(call.transaction, call.catalog, cursor_schema(cursor)->objid, indexes.definitions, count);
done:
    err = ddl_end(&call, err, indexes.is_lazy);
    ddl_indexes_answer(&indexes);
    ddl_free(&memory);
    return err;
}

static JET_ERR create_one(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, const void *name, JET_GRBIT grbit, const void *key, uint32_t key_size, uint32_t density)
{
    JET_INDEXCREATE_A x = {.cbStruct = sizeof x, .szIndexName = (char *)(uintptr_t)name, .szKey = (char *)(uintptr_t)key, .cbKey = key_size, .grbit = grbit,
                           .ulDensity = density, .cbKeyMost = KEY_MOST_DEFAULT};
    return create_indexes(sesid, tableid, form, 1, &x, 1);
}

JET_EXPORT JET_ERR JetCreateIndexA(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName, JET_GRBIT grbit, const char *szKey, uint32_t cbKey, uint32_t lDensity)
{
    return create_one(sesid, tableid, TEXT_UTF8, szIndexName, grbit, szKey, cbKey, lDensity);
}

JET_EXPORT JET_ERR JetCreateIndexW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szIndexName, JET_GRBIT grbit, const char16_t *szKey, uint32_t cbKey, uint32_t lDensity)
{
    return create_one(sesid, tableid, TEXT_UTF16, szIndexName, grbit, szKey, cbKey, lDensity);
}

JET_EXPORT_PLAIN(JetCreateIndex);

JET_EXPORT JET_ERR JetCreateIndex2A(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE_A *pindexcreate, uint32_t cIndexCreate)
{
    return create_indexes(sesid, tableid, TEXT_UTF8, 1, pindexcreate, cIndexCreate);
}

JET_EXPORT JET_ERR JetCreateIndex2W(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE_W *pindexcreate, uint32_t cIndexCreate)
{
    return create_indexes(sesid, tableid, TEXT_UTF16, 1, pindexcreate, cIndexCreate);
}

JET_EXPORT_PLAIN(JetCreateIndex2);

JET_EXPORT JET_ERR JetCreateIndex3A(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE2_A *pindexcreate, uint32_t cIndexCreate)
{
    return create_indexes(sesid, tableid, TEXT_UTF8, 2, pindexcreate, cIndexCreate);
}

JET_EXPORT JET_ERR JetCreateIndex3W(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE2_W *pindexcreate, uint32_t cIndexCreate)
{
    return create_indexes(sesid, tableid, TEXT_UTF16, 2, pindexcreate, cIndexCreate);
}

JET_EXPORT JET_ERR JetCreateIndex4A(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE3_A *pindexcreate, uint32_t cIndexCreate)
{
    return create_indexes(sesid, tableid, TEXT_UTF8, 3, pindexcreate, cIndexCreate);
}

JET_EXPORT JET_ERR JetCreateIndex4W(JET_SESID sesid, JET_TABLEID tableid, JET_INDEXCREATE3_W *pindexcreate, uint32_t cIndexCreate)
{
    return create_indexes(sesid, tableid, TEXT_UTF16, 3, pindexcreate, cIndexCreate);
}

static JET_ERR delete_index(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, const void *text)
{
    JET_ERR err = JET_errSuccess;
    struct ddl_call call = {.session = NULL};
    struct ddl_memory memory = {.first = NULL};
    struct cursor *cursor;
    const char *name;
    char checked[OBJECT_NAME_UTF8_MAX];
    TRY(ddl_enter_cursor(sesid, tableid, &call, &cursor));
    TRY(ddl_text(&memory, form, text, &name));
    TRY(name_check(name, checked));
    TRY(ddl_begin(&call));
    TRY(cursor_refresh(cursor));
    const struct index *index = schema_index_by_name(cursor_schema(cursor), checked);
    if (index != NULL && !index_is_primary(index) && cursor_index_is_in_use(cursor, index->objid))
        RAISE(JET_errIndexInUse);
    err = catalog_delete_index(call.transaction, call.catalog, cursor_schema(cursor)->objid, checked);
done:
    err = ddl_end(&call, err, false);
    ddl_free(&memory);
    return err;
}

JET_EXPORT JET_ERR JetDeleteIndexA(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName) { return delete_index(sesid, tableid, TEXT_UTF8, szIndexName); }

JET_EXPORT JET_ERR JetDeleteIndexW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szIndexName) { return delete_index(sesid, tableid, TEXT_UTF16, szIndexName); }

JET_EXPORT_PLAIN(JetDeleteIndex);
