/* Indexes of a table: JetGetTableIndexInfo, JetGetIndexInfo (reference pages of the functions, and JET_INDEXLIST's).
 *
 * The JET_INDEXCREATE levels fill one client buffer with the structure and, behind it, all it points to. */
#define ESENT_PRIVATE
#include "api/jet_table.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "catalog/ddl.h"
#include "catalog/names.h"
#include "record/locale.h"

enum { COUNTRY_DEFAULT = 1, INDEX_ID_MAGIC = 0x58444E49 };

/* The locale id of old interfaces for a locale's name. */
static uint32_t lcid_of(const struct index *index)
{
    if (index->locale == NULL)
        return index->lcid != 0 ? index->lcid : 0x409;
    const struct locale *locale = locale_by_name(index->locale);
    return locale != NULL ? locale->id : LOCALE_ID_UNSPECIFIED;
}

static JET_GRBIT index_grbit(const struct index *x)
{
    JET_GRBIT grbit = 0;
    if (index_is_primary(x))
        grbit |= JET_bitIndexPrimary;
    if ((x->flags & INDEX_FLAG_UNIQUE) != 0)
        grbit |= JET_bitIndexUnique;
    if (x->tuple.is_tuple)
        grbit |= JET_bitIndexTuples;
    if ((x->flags & INDEX_FLAG_CROSS_PRODUCT) != 0)
        grbit |= JET_bitIndexCrossProduct;
    if ((x->flags & INDEX_FLAG_NESTED) != 0)
        grbit |= JET_bitIndexNestedTable;
    if ((x->flags & INDEX_FLAG_DOTNET_GUID) != 0)
        grbit |= JET_bitIndexDotNetGuid;
    if ((x->flags & INDEX_FLAG_NO_TRUNCATION) != 0)
        grbit |= JET_bitIndexDisallowTruncation;
    if ((x->flags & INDEX_FLAG_NO_NULL) != 0) {
        grbit |= JET_bitIndexDisallowNull;
    } else {
        if ((x->flags & INDEX_FLAG_ALLOW_ALL_NULL) == 0)
            grbit |= JET_bitIndexIgnoreNull;
        if ((x->flags & INDEX_FLAG_ALLOW_FIRST_NULL) == 0)
            grbit |= JET_bitIndexIgnoreFirstNull;
        if ((x->flags & INDEX_FLAG_ALLOW_SOME_NULL) == 0)
            grbit |= JET_bitIndexIgnoreAnyNull;
        if ((x->flags & INDEX_FLAG_NULLS_HIGH) != 0)
            grbit |= JET_bitIndexSortNullsHigh;
    }
    if ((x->flags & INDEX_FLAG_DEFERRED) != 0)
        grbit |= JET_bitIndexDeferredPopulateCreate;
    if (x->key_most > KEY_MOST_DEFAULT)
        grbit |= JET_bitIndexKeyMost;
    return grbit;
}

/* name empty: the primary index. JET_errIndexNotFound. */
static JET_ERR find_index(const struct cursor *cursor, const char *name, const struct index **out)
{
    *out = *name == 0 ? schema_primary(cursor_schema(cursor)) : schema_index_by_name(cursor_schema(cursor), name);
    return *out != NULL && cursor_temp_table(cursor) == NULL ? JET_errSuccess : error_raise(JET_errIndexNotFound, __FILE__, __LINE__);
}

/* --- the list: one row per key column of each index --- */

enum { LIST_NAME, LIST_GRBIT, LIST_KEYS, LIST_ENTRIES, LIST_PAGES, LIST_COLUMN_COUNT, LIST_COLUMN_NUMBER, LIST_COLUMN_ID, LIST_TYPE, LIST_COUNTRY, LIST_LANGUAGE, LIST_CODE_PAGE, LIST_COLLATE, LIST_COLUMN_GRBIT, LIST_COLUMN_NAME, LIST_LCMAP, LIST_COLUMNS };

static JET_ERR add_index(struct list *list, const struct table_schema *s, const struct index *x, const struct catalog_statistics *counted)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < x->segment_count; i++) {
        const struct column *column = schema_column(s, x->segments[i].column_id);
        if (column == NULL || column->name == NULL)
            RAISE(JET_errCatalogCorrupted);
        TRY(list_put_text(list, LIST_NAME, x->name));
        list_put_number(list, LIST_GRBIT, index_grbit(x), 4);
        list_put_number(list, LIST_KEYS, counted->keys, 4);
        list_put_number(list, LIST_ENTRIES, counted->entries, 4);
        list_put_number(list, LIST_PAGES, counted->pages, 4);
        list_put_number(list, LIST_COLUMN_COUNT, x->segment_count, 4);
        list_put_number(list, LIST_COLUMN_NUMBER, i, 4);
        list_put_number(list, LIST_COLUMN_ID, column->id, 4);
        list_put_number(list, LIST_TYPE, column->type, 4);
        list_put_number(list, LIST_COUNTRY, COUNTRY_DEFAULT, 2);
        list_put_number(list, LIST_LANGUAGE, lcid_of(x) & 0xFFFF, 2);
        list_put_number(list, LIST_CODE_PAGE, column->code_page, 2);
        list_put_number(list, LIST_COLLATE, 0, 2);
        list_put_number(list, LIST_COLUMN_GRBIT, x->segments[i].is_descending ? JET_bitKeyDescending : JET_bitKeyAscending, 4);
        TRY(list_put_text(list, LIST_COLUMN_NAME, column->name));
        list_put_number(list, LIST_LCMAP, x->lcmap_flags, 4);
        TRY(list_add_row(list));
    }
done:
    return err;
}

static int by_name(const void *a, const void *b)
{
    return ascii_compare_nocase((*(const struct index *const *)a)->name, (*(const struct index *const *)b)->name);
}

static JET_ERR list_indexes(struct session *session, const struct cursor *cursor, enum text_form form, const char *name, void *result, uint32_t size)
{
    static const uint8_t types[LIST_COLUMNS] = {JET_coltypText, JET_coltypLong, JET_coltypLong, JET_coltypLong, JET_coltypLong, JET_coltypLong,
                                                JET_coltypLong, JET_coltypLong, JET_coltypLong, JET_coltypShort, JET_coltypShort, JET_coltypShort,
                                                JET_coltypShort, JET_coltypLong, JET_coltypText, JET_coltypLong};
    /* The member for LCMap flags came later: clients of old headers have a shorter structure. */
    const uint32_t size_old = (uint32_t)offsetof(JET_INDEXLIST, columnidLCMapFlags);
    JET_ERR err = JET_errSuccess;
    const struct table_schema *s = cursor_schema(cursor);
    const struct index **sorted = NULL;
    struct list list = {0};
    JET_TABLEID tableid;
    uint32_t count = 0;
    if (size < size_old)
        return JET_wrnBufferTruncated;
    sorted = mem_alloc_array(s->index_count, sizeof *sorted);
    if (sorted == NULL)
        RAISE(JET_errOutOfMemory);
    if (*name != 0)
        TRY(find_index(cursor, name, &sorted[count++]));
    else if (cursor_temp_table(cursor) == NULL)
        for (; count < s->index_count; count++)
            sorted[count] = &s->indexes[count];
    if (count > 0)
        qsort(sorted, count, sizeof *sorted, by_name);
    TRY(list_begin(&list, form, types, LIST_COLUMNS));
    for (uint32_t i = 0; i < count; i++) {
        struct catalog_statistics counted;
        uint32_t objid = index_is_primary(sorted[i]) ? s->objid : sorted[i]->objid;
        TRY(catalog_get_statistics(session_transaction(session), cursor_catalog(cursor), s->objid, objid, &counted));
        TRY(add_index(&list, s, sorted[i], &counted));
    }
    TRY(list_publish(&list, session, &tableid));
    const uint32_t *id = list.ids;
    JET_INDEXLIST out = {
        .cbStruct = size < sizeof out ? size_old : (uint32_t)sizeof out, .tableid = tableid, .cRecord = list.row_count, .columnidindexname = id[LIST_NAME],
        .columnidgrbitIndex = id[LIST_GRBIT], .columnidcKey = id[LIST_KEYS], .columnidcEntry = id[LIST_ENTRIES], .columnidcPage = id[LIST_PAGES],
        .columnidcColumn = id[LIST_COLUMN_COUNT], .columnidiColumn = id[LIST_COLUMN_NUMBER], .columnidcolumnid = id[LIST_COLUMN_ID],
        .columnidcoltyp = id[LIST_TYPE], .columnidCountry = id[LIST_COUNTRY], .columnidLangid = id[LIST_LANGUAGE], .columnidCp = id[LIST_CODE_PAGE],
        .columnidCollate = id[LIST_COLLATE], .columnidgrbitColumn = id[LIST_COLUMN_GRBIT], .columnidcolumnname = id[LIST_COLUMN_NAME],
        .columnidLCMapFlags = id[LIST_LCMAP]};
    memcpy(result, &out, size < sizeof out ? size_old : sizeof out);
done:
    list_end(&list);
    mem_free(sorted);
    return err;
}

/* --- JET_INDEXCREATE images --- */

/* A client buffer that is filled from the front. */
struct image {
    uint8_t *at;
    size_t left;
    bool is_full;
};

static void *image_take(struct image *m, size_t size)
{
    size_t aligned = (size + 7) & ~(size_t)7;
    if (m->is_full || aligned > m->left) {
        m->is_full = true;
        return NULL;
    }
    void *result = m->at;
    memset(result, 0, aligned);
    m->at += aligned;
    m->left -= aligned;
    return result;
}

static void *image_text(struct image *m, enum text_form form, const char *text)
{
    void *room = image_take(m, text_result_size(form, text));
    if (room != NULL)
        (void)text_put(form, text, room);
    return room;
}

/* "+Column\0-Column\0\0" */
static void *image_key(struct image *m, enum text_form form, const struct table_schema *s, const struct index *x, uint32_t *size)
{
    size_t unit = form == TEXT_UTF16 ? 2 : 1, whole = unit;
    for (uint32_t i = 0; i < x->segment_count; i++) {
        const struct column *column = schema_column(s, x->segments[i].column_id);
        whole += column != NULL ? unit + text_result_size(form, column->name) : 0;
    }
    uint8_t *room = image_take(m, whole), *at = room;
    *size = (uint32_t)whole;
    for (uint32_t i = 0; room != NULL && i < x->segment_count; i++) {
        const struct column *column = schema_column(s, x->segments[i].column_id);
        if (column == NULL)
            continue;
        *at = x->segments[i].is_descending ? '-' : '+';
        at = text_put(form, column->name, at + unit);
    }
    return room;
}

static JET_CONDITIONALCOLUMN_A *image_conditions(struct image *m, enum text_form form, const struct table_schema *s, const struct index *x)
{
    JET_CONDITIONALCOLUMN_A *list = image_take(m, x->condition_count * sizeof *list);
    for (uint32_t i = 0; list != NULL && i < x->condition_count; i++) {
        const struct column *column = schema_column(s, x->conditions[i].column_id);
        list[i].cbStruct = sizeof list[i];
        list[i].szColumnName = image_text(m, form, column != NULL ? column->name : "");
        list[i].grbit = x->conditions[i].must_be_null ? JET_bitIndexColumnMustBeNull : JET_bitIndexColumnMustBeNonNull;
    }
    return list;
}

static void image_space_hints(struct image *m, const struct index *x, JET_SPACEHINTS **out)
{
    JET_SPACEHINTS *h = image_take(m, sizeof *h);
    *out = h;
    if (h == NULL)
        return;
    *h = (JET_SPACEHINTS){.cbStruct = sizeof *h, .ulInitialDensity = x->density};
    /* The stored form: a version byte, then numbers from the initial size on; zeros at its end are cut (records-and-catalog 6.6). */
    uint32_t numbers[6] = {0};
    for (uint32_t i = 0; i < 6 && x->space_hints.size >= 1 + 4 * (i + 1); i++)
        numbers[i] = load_le32(x->space_hints.data + 1 + 4 * i);
    h->cbInitial = numbers[0];
    h->grbit = numbers[1];
    h->ulMaintDensity = numbers[2];
    h->ulGrowth = numbers[3];
    h->cbMinExtent = numbers[4];
    h->cbMaxExtent = numbers[5];
}

_Static_assert(sizeof(JET_INDEXCREATE3_A) == sizeof(JET_INDEXCREATE2_A) && sizeof(JET_INDEXCREATE3_A) == sizeof(JET_INDEXCREATE3_W)
                   && offsetof(JET_INDEXCREATE3_A, pSpacehints) == offsetof(JET_INDEXCREATE2_A, pSpacehints)
                   && offsetof(JET_INDEXCREATE_A, cbKeyMost) == offsetof(JET_INDEXCREATE3_A, cbKeyMost)
                   && offsetof(JET_INDEXCREATE_A, pidxunicode) == offsetof(JET_INDEXCREATE3_A, pidxunicode),
               "one image serves all three levels and both forms");

static JET_ERR put_image(const struct cursor *cursor, const struct index *x, enum text_form form, uint32_t level, void *result, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *s = cursor_schema(cursor);
    struct image m = {result, size, false};
    uint32_t struct_size = level == JET_IdxInfoCreateIndex ? (uint32_t)sizeof(JET_INDEXCREATE_A) : (uint32_t)sizeof(JET_INDEXCREATE3_A);
    JET_INDEXCREATE3_A head = {.cbStruct = struct_size, .grbit = index_grbit(x) | JET_bitIndexUnicode, .ulDensity = x->density, .cbKeyMost = x->key_most};
    JET_INDEXCREATE3_A *out = image_take(&m, struct_size);
    if (level != JET_IdxInfoCreateIndex)
        image_space_hints(&m, x, &head.pSpacehints);
    head.szIndexName = image_text(&m, form, x->name);
    head.szKey = image_key(&m, form, s, x, &head.cbKey);
    if (level == JET_IdxInfoCreateIndex3) {
        JET_UNICODEINDEX2 *unicode = image_take(&m, sizeof *unicode);
        head.pidxunicode = unicode;
        if (unicode != NULL) {
            unicode->dwMapFlags = x->lcmap_flags;
            unicode->szLocaleName = image_text(&m, TEXT_UTF16, x->locale != NULL ? x->locale : "");
        }
    } else {
        JET_UNICODEINDEX *unicode = image_take(&m, sizeof *unicode);
        head.pidxunicode = (JET_UNICODEINDEX2 *)(void *)unicode;
        if (unicode != NULL)
            *unicode = (JET_UNICODEINDEX){lcid_of(x), x->lcmap_flags};
    }
    if (x->tuple.is_tuple) {
        head.grbit |= JET_bitIndexTupleLimits;
        head.ptuplelimits = image_take(&m, sizeof *head.ptuplelimits);
        if (head.ptuplelimits != NULL)
            *head.ptuplelimits = (JET_TUPLELIMITS){x->tuple.length_min, x->tuple.length_max, x->tuple.index_max, x->tuple.increment, x->tuple.start};
    } else {
        head.cbVarSegMac = x->var_seg_most;
    }
    if (x->condition_count > 0) {
        head.rgconditionalcolumn = image_conditions(&m, form, s, x);
        head.cConditionalColumn = x->condition_count;
    }
    if (m.is_full)
        RAISE(JET_errBufferTooSmall);
    memcpy(out, &head, struct_size);
done:
    return err;
}

/* --- levels --- */

static JET_ERR put_number(void *result, uint32_t size, uint32_t value, uint32_t wanted)
{
    JET_ERR err = JET_errSuccess;
    if (size < wanted)
        RAISE(JET_errInvalidBufferSize);
    if (wanted == 2 || size == 2)
        store_le16(result, (uint16_t)value);
    else
        store_le32(result, value);
done:
    return err;
}

static JET_ERR put_index_space(const struct cursor *cursor, const struct index *x, bool available, void *result, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    uint32_t owned, free_pages;
    TRY(space_count(catalog_database(cursor_catalog(cursor))->pages, x->root, &owned, &free_pages));
    TRY(put_number(result, size, available ? free_pages : owned, 4));
done:
    return err;
}

static JET_ERR put_index_id(const struct cursor *cursor, const struct index *x, void *result, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    JET_INDEXID *id = result;
    if (size < sizeof *id)
        RAISE(JET_errInvalidBufferSize);
    memset(id, 0, sizeof *id);
    id->cbStruct = sizeof *id;
    store_le32(id->rgbIndexId, INDEX_ID_MAGIC);
    store_le32(id->rgbIndexId + 4, x->objid);
    store_le32(id->rgbIndexId + 8, cursor_schema(cursor)->objid);
done:
    return err;
}

static JET_ERR put_index_info(struct session *session, const struct cursor *cursor, enum text_form form, const char *name, void *result, uint32_t size,
                              uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *s = cursor_schema(cursor);
    const struct index *x;
    switch (level) {
    case JET_IdxInfo:
    case JET_IdxInfoList:
        return list_indexes(session, cursor, form, level == JET_IdxInfoList ? "" : name, result, size);
    case JET_IdxInfoCount: /* the clustered index counts, defined or not */
        return put_number(result, size, s->index_count + (schema_primary(s) == NULL), 4);
    case JET_IdxInfoSysTabCursor:
    case JET_IdxInfoOLC:
    case JET_IdxInfoResetOLC:
        RAISE(JET_errFeatureNotAvailable);
    default:
        break;
    }
    TRY(find_index(cursor, name, &x));
    switch (level) {
    case JET_IdxInfoSpaceAlloc:
        TRY(put_number(result, size, x->density, 4));
        break;
    case JET_IdxInfoLCID: /* two bytes: JET_IdxInfoLangid */
        TRY(put_number(result, size, lcid_of(x), 2 == size ? 2 : 4));
        break;
    case JET_IdxInfoVarSegMac:
        TRY(put_number(result, size, x->var_seg_most, 2));
        break;
    case JET_IdxInfoKeyMost:
        TRY(put_number(result, size, x->key_most, 2));
        break;
    case JET_IdxInfoIndexId:
        TRY(put_index_id(cursor, x, result, size));
        break;
    case JET_IdxInfoCreateIndex:
    case JET_IdxInfoCreateIndex2:
    case JET_IdxInfoCreateIndex3:
        TRY(put_image(cursor, x, form, level, result, size));
        break;
    case JET_IdxInfoLocaleName: /* always UTF-16 */
        TRY(text_result(TEXT_UTF16, x->locale != NULL ? x->locale : "", result, size));
        break;
    case JET_IdxInfoSpaceOwned:
    case JET_IdxInfoSpaceAvailable:
        TRY(put_index_space(cursor, x, level == JET_IdxInfoSpaceAvailable, result, size));
        break;
    default:
        RAISE(JET_errInvalidParameter);
    }
done:
    return err;
}

static JET_ERR checked_index_info(struct session *session, const struct cursor *cursor, enum text_form form, const void *text, void *result,
                                  uint32_t size, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    char *name = NULL, checked[OBJECT_NAME_UTF8_MAX] = "";
    if (result == NULL)
        RAISE(JET_errInvalidParameter);
    if (level != JET_IdxInfoList && level != JET_IdxInfoCount && text != NULL && !text_length_is_zero(form, text)) {
        TRY(text_argument(form, text, &name));
        TRY(name_check(name, checked));
    }
    err = put_index_info(session, cursor, form, checked, result, size, level);
done:
    mem_free(name);
    return err;
}

static JET_ERR table_index_info(JET_SESID sesid, JET_TABLEID tableid, enum text_form form, const void *name, void *result, uint32_t size, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor;
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    TRY(cursor_refresh(cursor));
    err = checked_index_info(session, cursor, form, name, result, size, level);
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetTableIndexInfoA(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName, void *pvResult, uint32_t cbResult, uint32_t InfoLevel)
{
    return table_index_info(sesid, tableid, TEXT_UTF8, szIndexName, pvResult, cbResult, InfoLevel);
}

JET_EXPORT JET_ERR JetGetTableIndexInfoW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szIndexName, void *pvResult, uint32_t cbResult,
                                         uint32_t InfoLevel)
{
    return table_index_info(sesid, tableid, TEXT_UTF16, szIndexName, pvResult, cbResult, InfoLevel);
}

JET_EXPORT_PLAIN(JetGetTableIndexInfo);

static JET_ERR index_info(JET_SESID sesid, JET_DBID dbid, enum text_form form, const void *table, const void *index_name, void *result, uint32_t size,
                          uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *database;
    struct cursor *cursor = NULL;
    char *name = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(text_argument(form, table, &name));
    TRY(table_open(session, dbid, name, &database, &cursor));
    err = checked_index_info(session, cursor, form, index_name, result, size, level);
done:
    cursor_close(cursor);
    mem_free(name);
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetIndexInfoA(JET_SESID sesid, JET_DBID dbid, const char *szTableName, const char *szIndexName, void *pvResult, uint32_t cbResult,
                                    uint32_t InfoLevel)
{
    return index_info(sesid, dbid, TEXT_UTF8, szTableName, szIndexName, pvResult, cbResult, InfoLevel);
}

JET_EXPORT JET_ERR JetGetIndexInfoW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName, const char16_t *szIndexName, void *pvResult,
                                    uint32_t cbResult, uint32_t InfoLevel)
{
    return index_info(sesid, dbid, TEXT_UTF16, szTableName, szIndexName, pvResult, cbResult, InfoLevel);
}

JET_EXPORT_PLAIN(JetGetIndexInfo);
