/* Columns of a table: JetGetTableColumnInfo, JetGetColumnInfo (reference pages of the functions, and JET_COLUMNLIST's). */
#define ESENT_PRIVATE
#include "api/jet_table.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "catalog/names.h"

enum { COUNTRY_DEFAULT = 1, LANGUAGE_DEFAULT = 1033 };
#define COLUMN_LEVEL_BITS (JET_ColInfoGrbitNonDerivedColumnsOnly | JET_ColInfoGrbitMinimalInfo | JET_ColInfoGrbitSortByColumnid)

static JET_GRBIT column_grbit(const struct column *c, bool is_read_only)
{
    static const struct {
        uint32_t flag;
        JET_GRBIT grbit;
    } pairs[] = {
        {COLUMN_FLAG_NOT_NULL, JET_bitColumnNotNULL},           {COLUMN_FLAG_AUTOINCREMENT, JET_bitColumnAutoincrement},
        {COLUMN_FLAG_VERSION, JET_bitColumnVersion},            {COLUMN_FLAG_MULTI_VALUED, JET_bitColumnMultiValued},
        {COLUMN_FLAG_ESCROW, JET_bitColumnEscrowUpdate},        {COLUMN_FLAG_FINALIZE, JET_bitColumnFinalize},
        {COLUMN_FLAG_DELETE_ON_ZERO, JET_bitColumnDeleteOnZero}, {COLUMN_FLAG_USER_DEFAULT, JET_bitColumnUserDefinedDefault},
        {COLUMN_FLAG_COMPRESSED, JET_bitColumnCompressed},      {COLUMN_FLAG_ENCRYPTED, JET_bitColumnEncrypted},
    };
    JET_GRBIT grbit = column_is_fixed(c->id) ? JET_bitColumnFixed : column_is_tagged(c->id) ? JET_bitColumnTagged : 0;
    if (!is_read_only)
        grbit |= JET_bitColumnUpdatable;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if ((c->flags & pairs[i].flag) != 0)
            grbit |= pairs[i].grbit;
    return grbit;
}

static JET_ERR find_column(const struct cursor *cursor, enum text_form form, const void *name_or_id, bool by_id, const struct column **out)
{
    JET_ERR err = JET_errSuccess;
    char *name = NULL, checked[OBJECT_NAME_UTF8_MAX];
    *out = NULL;
    if (name_or_id == NULL)
        RAISE(JET_errInvalidParameter);
    if (by_id) {
        *out = schema_column(cursor_schema(cursor), load_le32(name_or_id));
    } else {
        TRY(text_argument(form, name_or_id, &name));
        TRY(name_check(name, checked));
        *out = schema_column_by_name(cursor_schema(cursor), checked);
    }
    if (*out == NULL)
        RAISE(JET_errColumnNotFound);
done:
    mem_free(name);
    return err;
}

static void put_definition(const struct cursor *cursor, const struct column *c, JET_COLUMNDEF *out)
{
    *out = (JET_COLUMNDEF){.cbStruct = sizeof *out, .columnid = c->id, .coltyp = c->type, .wCountry = COUNTRY_DEFAULT, .langid = LANGUAGE_DEFAULT,
                           .cp = (uint16_t)c->code_page, .cbMax = c->max_size, .grbit = column_grbit(c, cursor_is_read_only(cursor))};
}

/* JET_COLUMNBASE: as the definition, with the names of table and column where it was defined first. */
static JET_ERR put_base(const struct cursor *cursor, const struct column *c, enum text_form form, void *result, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *s = cursor_schema(cursor);
    const char *table = (c->id & COLUMN_ID_TEMPLATE_BIT) != 0 && s->template_name != NULL ? s->template_name : s->name;
    JET_COLUMNDEF def;
    put_definition(cursor, c, &def);
    if (form == TEXT_UTF16) {
        JET_COLUMNBASE_W *base = result;
        if (size < sizeof *base)
            RAISE(JET_errInvalidParameter);
        *base = (JET_COLUMNBASE_W){.cbStruct = sizeof *base, .columnid = def.columnid, .coltyp = def.coltyp, .wCountry = def.wCountry,
                                   .langid = def.langid, .cp = def.cp, .cbMax = def.cbMax, .grbit = def.grbit};
        TRY(text_result(form, table != NULL ? table : "", base->szBaseTableName, sizeof base->szBaseTableName));
        TRY(text_result(form, c->name != NULL ? c->name : "", base->szBaseColumnName, sizeof base->szBaseColumnName));
    } else {
        JET_COLUMNBASE_A *base = result;
        if (size < sizeof *base)
            RAISE(JET_errInvalidParameter);
        *base = (JET_COLUMNBASE_A){.cbStruct = sizeof *base, .columnid = def.columnid, .coltyp = def.coltyp, .wCountry = def.wCountry,
                                   .langid = def.langid, .cp = def.cp, .cbMax = def.cbMax, .grbit = def.grbit};
        TRY(text_result(form, table != NULL ? table : "", base->szBaseTableName, sizeof base->szBaseTableName));
        TRY(text_result(form, c->name != NULL ? c->name : "", base->szBaseColumnName, sizeof base->szBaseColumnName));
    }
done:
    return err;
}

/* --- the list --- */

enum { LIST_ORDER, LIST_NAME, LIST_ID, LIST_TYPE, LIST_COUNTRY, LIST_LANGUAGE, LIST_CODE_PAGE, LIST_COLLATE, LIST_SIZE, LIST_GRBIT, LIST_DEFAULT, LIST_BASE_TABLE, LIST_BASE_COLUMN, LIST_COLUMNS };

static int by_name(const void *a, const void *b)
{
    return ascii_compare_nocase((*(const struct column *const *)a)->name, (*(const struct column *const *)b)->name);
}

static int by_id(const void *a, const void *b)
{
    uint32_t x = (*(const struct column *const *)a)->id, y = (*(const struct column *const *)b)->id;
    return (x > y) - (x < y);
}

static JET_ERR add_row(struct list *list, const struct cursor *cursor, const struct column *c, JET_GRBIT bits)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *s = cursor_schema(cursor);
    if ((bits & JET_ColInfoGrbitSortByColumnid) != 0)
        list_put_number(list, LIST_ORDER, c->id, 4);
    TRY(list_put_text(list, LIST_NAME, c->name));
    list_put_number(list, LIST_ID, c->id, 4);
    if ((bits & JET_ColInfoGrbitMinimalInfo) == 0) {
        const char *table = (c->id & COLUMN_ID_TEMPLATE_BIT) != 0 && s->template_name != NULL ? s->template_name : s->name;
        list_put_number(list, LIST_TYPE, c->type, 4);
        list_put_number(list, LIST_COUNTRY, COUNTRY_DEFAULT, 2);
        list_put_number(list, LIST_LANGUAGE, LANGUAGE_DEFAULT, 2);
        list_put_number(list, LIST_CODE_PAGE, c->code_page, 2);
        list_put_number(list, LIST_COLLATE, 0, 2);
        list_put_number(list, LIST_SIZE, c->max_size, 4);
        list_put_number(list, LIST_GRBIT, column_grbit(c, cursor_is_read_only(cursor)), 4);
        list_put_bytes(list, LIST_DEFAULT, c->default_value.size > 0 ? c->default_value : (struct span){NULL, 0});
        TRY(list_put_text(list, LIST_BASE_TABLE, table != NULL ? table : ""));
        TRY(list_put_text(list, LIST_BASE_COLUMN, c->name));
    }
    TRY(list_add_row(list));
done:
    return err;
}

static JET_ERR list_columns(struct session *session, const struct cursor *cursor, enum text_form form, void *result, uint32_t size, JET_GRBIT bits,
                            bool is_compact)
{
    static const uint8_t types[LIST_COLUMNS] = {JET_coltypLong, JET_coltypText, JET_coltypLong, JET_coltypLong, JET_coltypShort, JET_coltypShort, JET_coltypShort,
                                                JET_coltypShort, JET_coltypLong, JET_coltypLong, JET_coltypLongBinary, JET_coltypText, JET_coltypText};
    JET_ERR err = JET_errSuccess;
    const struct table_schema *s = cursor_schema(cursor);
    const struct column **sorted = NULL;
    struct list list = {0};
    uint32_t count = 0;
    JET_TABLEID tableid;
    if (size < sizeof(JET_COLUMNLIST))
        RAISE(JET_errInvalidParameter);
    sorted = mem_alloc_array(s->column_count, sizeof *sorted);
    if (sorted == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < s->column_count; i++)
        if (s->columns[i].type != COLUMN_TYPE_NIL && s->columns[i].name != NULL
            && ((bits & JET_ColInfoGrbitNonDerivedColumnsOnly) == 0 || (s->columns[i].id & COLUMN_ID_TEMPLATE_BIT) == 0)
            && !(is_compact && (s->columns[i].flags & COLUMN_FLAG_PRIMARY_PLACEHOLDER) != 0))
            sorted[count++] = &s->columns[i];
    if (!is_compact && count > 0)
        qsort(sorted, count, sizeof *sorted, (bits & JET_ColInfoGrbitSortByColumnid) != 0 ? by_id : by_name);
    TRY(list_begin(&list, form, types, LIST_COLUMNS));
    for (uint32_t i = 0; i < count; i++)
        TRY(add_row(&list, cursor, sorted[i], bits));
    TRY(list_publish(&list, session, &tableid));
    const uint32_t *id = list.ids;
    *(JET_COLUMNLIST *)result = (JET_COLUMNLIST){
        .cbStruct = sizeof(JET_COLUMNLIST), .tableid = tableid, .cRecord = list.row_count, .columnidPresentationOrder = id[LIST_ORDER],
        .columnidcolumnname = id[LIST_NAME], .columnidcolumnid = id[LIST_ID], .columnidcoltyp = id[LIST_TYPE], .columnidCountry = id[LIST_COUNTRY],
        .columnidLangid = id[LIST_LANGUAGE], .columnidCp = id[LIST_CODE_PAGE], .columnidCollate = id[LIST_COLLATE], .columnidcbMax = id[LIST_SIZE],
        .columnidgrbit = id[LIST_GRBIT], .columnidDefault = id[LIST_DEFAULT], .columnidBaseTableName = id[LIST_BASE_TABLE],
        .columnidBaseColumnName = id[LIST_BASE_COLUMN], .columnidDefinitionName = id[LIST_NAME]};
done:
    list_end(&list);
    mem_free(sorted);
    return err;
}

static JET_ERR put_column_info(struct session *session, const struct cursor *cursor, enum text_form form, const void *name_or_id, void *result,
                               uint32_t size, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    const struct column *column;
    JET_GRBIT bits = level & COLUMN_LEVEL_BITS;
    if (result == NULL)
        RAISE(JET_errInvalidParameter);
    level &= ~(uint32_t)COLUMN_LEVEL_BITS;
    switch (level) {
    case JET_ColInfo:
    case JET_ColInfoByColid:
        if (size < sizeof(JET_COLUMNDEF))
            RAISE(JET_errInvalidParameter);
        TRY(find_column(cursor, form, name_or_id, level == JET_ColInfoByColid, &column));
        put_definition(cursor, column, result);
        break;
    case JET_ColInfoBase:
    case JET_ColInfoBaseByColid:
        TRY(find_column(cursor, form, name_or_id, level == JET_ColInfoBaseByColid, &column));
        TRY(put_base(cursor, column, form, result, size));
        break;
    case JET_ColInfoList:
        TRY(list_columns(session, cursor, form, result, size, bits, false));
        break;
    case JET_ColInfoListCompact:
        TRY(list_columns(session, cursor, form, result, size, bits, true));
        break;
    case JET_ColInfoListSortColumnid:
        TRY(list_columns(session, cursor, form, result, size, bits | JET_ColInfoGrbitSortByColumnid, false));
        break;
    case JET_ColInfoSysTabCursor:
        RAISE(JET_errFeatureNotAvailable);
    default:
        RAISE(JET_errInvalidParameter);
    }
done:
    return err;
}

static JET_ERR table_column_info(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, const void *name_or_id, void *result, uint32_t size,
                                 uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    TRY(cursor_refresh(cursor));
    TRY(put_column_info(session, cursor, form, name_or_id, result, size, level));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetTableColumnInfoA(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel)
{
    return table_column_info(sesid, tableid, TEXT_UTF8, szColumnName, pvResult, cbMax, InfoLevel);
}

JET_EXPORT JET_ERR JetGetTableColumnInfoW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szColumnName, void *pvResult, uint32_t cbMax,
                                          uint32_t InfoLevel)
{
    return table_column_info(sesid, tableid, TEXT_UTF16, szColumnName, pvResult, cbMax, InfoLevel);
}

JET_EXPORT_PLAIN(JetGetTableColumnInfo);

static JET_ERR column_info(JET_SESID sesid, JET_DBID dbid, enum text_form form, const void *table, const void *name_or_id, void *result, uint32_t size,
                           uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *database;
    struct cursor *cursor = NULL;
    char *name = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    if (table == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(text_argument(form, table, &name));
    TRY(table_open(session, dbid, name, &database, &cursor));
    TRY(put_column_info(session, cursor, form, name_or_id, result, size, level));
done:
    cursor_close(cursor);
    mem_free(name);
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetColumnInfoA(JET_SESID sesid, JET_DBID dbid, const char *szTableName, const char *pColumnNameOrId, void *pvResult,
                                     uint32_t cbMax, uint32_t InfoLevel)
{
    return column_info(sesid, dbid, TEXT_UTF8, szTableName, pColumnNameOrId, pvResult, cbMax, InfoLevel);
}

JET_EXPORT JET_ERR JetGetColumnInfoW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName, const char16_t *pColumnNameOrId, void *pvResult,
                                     uint32_t cbMax, uint32_t InfoLevel)
{
    return column_info(sesid, dbid, TEXT_UTF16, szTableName, pColumnNameOrId, pvResult, cbMax, InfoLevel);
}

JET_EXPORT_PLAIN(JetGetColumnInfo);
