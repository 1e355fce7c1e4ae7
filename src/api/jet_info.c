/* What there is: JetGetObjectInfo, JetGetTableInfo (reference pages of the functions). Counts of records and pages are those that JetComputeStats
 * found last, 0 before. */
#define ESENT_PRIVATE
#include "api/jet_table.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "catalog/ddl.h"
#include "catalog/names.h"

#define OBJECT_CONTAINER "Tables"

static JET_GRBIT table_abilities(bool is_read_only)
{
    return JET_bitTableInfoBookmark | JET_bitTableInfoRollback | (is_read_only ? 0u : JET_bitTableInfoUpdatable);
}

/* --- JetGetObjectInfo --- */

static JET_ERR get_one_object(struct session *session, JET_DBID dbid, const char *name, void *result, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    struct open_database *database;
    struct catalog *catalog;
    const struct table_schema *table = NULL;
    struct catalog_statistics counted;
    char checked[OBJECT_NAME_UTF8_MAX];
    if (result == NULL || size < sizeof(JET_OBJECTINFO))
        RAISE(result == NULL ? JET_errInvalidParameter : JET_errBufferTooSmall);
    TRY(name_check(name, checked));
    TRY(session_find_database(session, dbid, &database));
    TRY(catalog_open(open_database_file(database), &catalog));
    TRY(catalog_find_table(catalog, checked, &table));
    transaction_begin_call(session_transaction(session));
    TRY(catalog_get_statistics(session_transaction(session), catalog, table->objid, table->objid, &counted));
    *(JET_OBJECTINFO *)result = (JET_OBJECTINFO){.cbStruct = sizeof(JET_OBJECTINFO), .objtyp = JET_objtypTable, .flags = table->flags, .cRecord = counted.entries, .cPage = counted.pages,
                                                 .grbit = table_abilities(open_database_is_read_only(database))};
done:
    if (table != NULL)
        catalog_release_table(catalog, table);
    return err;
}

struct object_names {
    struct object_name {
        char name[OBJECT_NAME_UTF8_MAX];
        uint32_t flags;
    } *items;
    uint32_t count, capacity;
};

static JET_ERR collect_name(void *context, const struct catalog_table *table)
{
    JET_ERR err = JET_errSuccess;
    struct object_names *names = context;
    if (table->schema == NULL) /* damaged: it cannot be opened either */
        goto done;
    if (names->count == names->capacity) {
        uint32_t capacity = names->capacity == 0 ? 32 : names->capacity * 2;
        struct object_name *bigger = mem_resize(names->items, capacity * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        names->items = bigger;
        names->capacity = capacity;
    }
    struct object_name *item = &names->items[names->count];
    if (strlen(table->name) >= sizeof item->name)
        goto done;
    strcpy(item->name, table->name);
    item->flags = table->schema->flags;
    names->count++;
done:
    return err;
}

static int compare_names(const void *a, const void *b) { return ascii_compare_nocase(((const struct object_name *)a)->name, ((const struct object_name *)b)->name); }

static JET_ERR list_objects(struct session *session, JET_DBID dbid, JET_OBJTYP objtyp, enum text_form form, void *result, uint32_t size)
{
    static const uint8_t types[] = {JET_coltypText, JET_coltypText, JET_coltypLong, JET_coltypDateTime, JET_coltypDateTime,
                                    JET_coltypLong, JET_coltypLong, JET_coltypLong, JET_coltypLong};
    JET_ERR err = JET_errSuccess;
    struct open_database *database;
    struct catalog *catalog;
    struct object_names names = {0};
    struct list list = {0};
    JET_TABLEID tableid;
    if (result == NULL || size < sizeof(JET_OBJECTLIST))
        RAISE(result == NULL ? JET_errInvalidParameter : JET_errBufferTooSmall);
    TRY(session_find_database(session, dbid, &database));
    TRY(catalog_open(open_database_file(database), &catalog));
    TRY(list_begin(&list, form, types, sizeof types));
    if (objtyp == JET_objtypNil || objtyp == JET_objtypTable)
        TRY(catalog_visit_tables(catalog, collect_name, &names));
    if (names.count > 0)
        qsort(names.items, names.count, sizeof *names.items, compare_names);
    for (uint32_t i = 0; i < names.count; i++) {
        TRY(list_put_text(&list, 0, OBJECT_CONTAINER));
        TRY(list_put_text(&list, 1, names.items[i].name));
        list_put_number(&list, 2, JET_objtypTable, 4);
        list_put_number(&list, 5, table_abilities(open_database_is_read_only(database)), 4);
        list_put_number(&list, 6, names.items[i].flags, 4);
        list_put_number(&list, 7, 0, 4);
        list_put_number(&list, 8, 0, 4);
        TRY(list_add_row(&list));
    }
    TRY(list_publish(&list, session, &tableid));
    const uint32_t *id = list.ids;
    *(JET_OBJECTLIST *)result = (JET_OBJECTLIST){
        .cbStruct = sizeof(JET_OBJECTLIST), .tableid = tableid, .cRecord = list.row_count, .columnidcontainername = id[0], .columnidobjectname = id[1],
        .columnidobjtyp = id[2], .columniddtCreate = id[3], .columniddtUpdate = id[4], .columnidgrbit = id[5], .columnidflags = id[6],
        .columnidcRecord = id[7], .columnidcPage = id[8]};
done:
    list_end(&list);
    mem_free(names.items);
    return err;
}

static JET_ERR get_object_info(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp, enum text_form form, const void *text, void *result, uint32_t size,
                               uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    char *name = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    switch (level) {
    case JET_ObjInfo:
    case JET_ObjInfoNoStats:
        TRY(text_argument(form, text, &name));
        TRY(get_one_object(session, dbid, name, result, size));
        break;
    case JET_ObjInfoList:
    case JET_ObjInfoListNoStats:
        TRY(list_objects(session, dbid, objtyp, form, result, size));
        break;
    case JET_ObjInfoSysTabCursor:
    case JET_ObjInfoListACM:
    case JET_ObjInfoSysTabReadOnly:
    case JET_ObjInfoRulesLoaded:
        RAISE(JET_errFeatureNotAvailable);
    default:
        RAISE(JET_errInvalidParameter);
    }
done:
    mem_free(name);
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetObjectInfoA(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp, const char *szContainerName, const char *szObjectName,
                                     void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    (void)szContainerName;
    return get_object_info(sesid, dbid, objtyp, TEXT_UTF8, szObjectName, pvResult, cbMax, InfoLevel);
}

JET_EXPORT JET_ERR JetGetObjectInfoW(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp, const char16_t *szContainerName, const char16_t *szObjectName,
                                     void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    (void)szContainerName;
    return get_object_info(sesid, dbid, objtyp, TEXT_UTF16, szObjectName, pvResult, cbMax, InfoLevel);
}

JET_EXPORT_PLAIN(JetGetObjectInfo);

/* --- JetGetTableInfo --- */

static JET_ERR put_numbers(void *result, uint32_t size, uint32_t first, const uint32_t *second)
{
    JET_ERR err = JET_errSuccess;
    uint32_t wanted = second != NULL ? 8 : 4;
    if (size < wanted)
        RAISE(JET_errBufferTooSmall);
    store_le32(result, first);
    if (second != NULL)
        store_le32((uint8_t *)result + 4, *second);
done:
    return err;
}

static JET_ERR put_space(const struct cursor *cursor, bool long_values, bool available, void *result, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *table = cursor_schema(cursor);
    struct cache_file *file = catalog_database(cursor_catalog(cursor))->pages;
    uint32_t owned = 0, free_pages = 0, sum = 0;
    if (long_values) {
        if (table->lv_root != 0)
            TRY(space_count(file, table->lv_root, &owned, &free_pages));
        sum = available ? free_pages : owned;
    } else {
        /* The table owns what its indexes and long values use; what is free is kept by each tree. */
        TRY(space_count(file, table->root, &owned, &free_pages));
        sum = available ? free_pages : owned;
        for (uint32_t i = 0; available && i < table->index_count; i++) {
            if (index_is_primary(&table->indexes[i]))
                continue;
            TRY(space_count(file, table->indexes[i].root, &owned, &free_pages));
            sum += free_pages;
        }
        if (available && table->lv_root != 0) {
            TRY(space_count(file, table->lv_root, &owned, &free_pages));
            sum += free_pages;
        }
    }
    TRY(put_numbers(result, size, sum, NULL));
done:
    return err;
}

static JET_ERR put_table_info(struct session *session, JET_TABLEID tableid, struct cursor *cursor, enum text_form form, void *result, uint32_t size,
                              uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *table = cursor_schema(cursor);
    bool is_temporary = cursor_temp_table(cursor) != NULL;
    struct catalog_statistics counted;
    uint32_t owned, free_pages;
    if (is_temporary) {
        /* What is known without reading it all: rows that another will take the place of may still be counted. */
        uint64_t rows = temp_table_insert_count(cursor_temp_table(cursor));
        TRY(table_check_phase(cursor, TABLE_READABLE));
        if (level != JET_TblInfo)
            RAISE(JET_errInvalidOperation);
        if (size < sizeof(JET_OBJECTINFO))
            RAISE(JET_errInvalidParameter);
        *(JET_OBJECTINFO *)result = (JET_OBJECTINFO){.cbStruct = sizeof(JET_OBJECTINFO), .objtyp = JET_objtypTable, .cRecord = rows < UINT32_MAX ? (uint32_t)rows : UINT32_MAX};
        goto done;
    }
    switch (level) {
    case JET_TblInfo:
        if (size < sizeof(JET_OBJECTINFO))
            RAISE(JET_errBufferTooSmall);
        TRY(catalog_get_statistics(session_transaction(session), cursor_catalog(cursor), table->objid, table->objid, &counted));
        *(JET_OBJECTINFO *)result = (JET_OBJECTINFO){.cbStruct = sizeof(JET_OBJECTINFO), .objtyp = JET_objtypTable, .flags = table->flags, .cRecord = counted.entries, .cPage = counted.pages,
                                                     .grbit = table_abilities(cursor_is_read_only(cursor))};
        break;
    case JET_TblInfoName:
    case JET_TblInfoMostMany:
        TRY(text_result(form, table->name, result, size));
        break;
    case JET_TblInfoTemplateTableName:
        if (size <= JET_cbNameMost)
            RAISE(JET_errBufferTooSmall);
        TRY(text_result(form, table->template_name != NULL ? table->template_name : "", result, size));
        break;
    case JET_TblInfoDbid: {
        JET_DBID dbid = open_database_id(session_cursor_database(session, tableid));
        if (size >= 8)
            TRY(put_numbers(result, size, dbid, &dbid));
        else
            TRY(put_numbers(result, size, dbid, NULL));
        break;
    }
    case JET_TblInfoSpaceAlloc:
        TRY(put_numbers(result, size, table->initial_pages, &table->density));
        break;
    case JET_TblInfoSpaceUsage:
        TRY(space_count(catalog_database(cursor_catalog(cursor))->pages, table->root, &owned, &free_pages));
        TRY(put_numbers(result, size, owned, &free_pages));
        break;
    case JET_TblInfoSpaceOwned:
    case JET_TblInfoSpaceAvailable:
        TRY(put_space(cursor, false, level == JET_TblInfoSpaceAvailable, result, size));
        break;
    case JET_TblInfoSpaceOwnedLV:
    case JET_TblInfoSpaceAvailableLV:
        TRY(put_space(cursor, true, level == JET_TblInfoSpaceAvailableLV, result, size));
        break;
    case JET_TblInfoEncryptionKey: {
        struct span key = cursor_encryption_key(cursor);
        if (size < key.size)
            RAISE(JET_errBufferTooSmall);
        copy_few(result, key.data, key.size);
        break;
    }
    case JET_TblInfoRvt:
        RAISE(JET_errQueryNotSupported);
    case JET_TblInfoOLC:
    case JET_TblInfoResetOLC:
    case JET_TblInfoDumpTable:
        RAISE(JET_errFeatureNotAvailable);
    default:
        RAISE(JET_errInvalidParameter);
    }
done:
    return err;
}

static JET_ERR get_table_info(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, void *result, uint32_t size, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(cursor_refresh(cursor));
    if (result == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(put_table_info(session, tableid, cursor, form, result, size, level));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetTableInfoA(JET_SESID sesid, JET_TABLEID tableid, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return get_table_info(sesid, tableid, TEXT_UTF8, pvResult, cbMax, InfoLevel);
}

JET_EXPORT JET_ERR JetGetTableInfoW(JET_SESID sesid, JET_TABLEID tableid, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return get_table_info(sesid, tableid, TEXT_UTF16, pvResult, cbMax, InfoLevel);
}

JET_EXPORT_PLAIN(JetGetTableInfo);
