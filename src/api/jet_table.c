/* Opening and closing tables and temporary tables (reference pages of JetOpenTable, JetCloseTable, JetDupCursor, JetOpenTempTable...). */
#define ESENT_PRIVATE
#include "api/jet_table.h"

#include "base/memory.h"
#include "catalog/ddl.h"
#include "catalog/names.h"
#include "cursor/update.h"
#include "record/collation.h"
#include "record/locale.h"
#include "engine/index_check.h"
#include "engine/text_order.h"

static void close_cursor(struct cursor *cursor) { cursor_close(cursor); }

static void roll_cursor_back(struct cursor *cursor, unsigned level)
{
    cursor_rolled_back(cursor, level);
    if (cursor_move_level(cursor) >= level && level > 0) {
        cursor_before_first(cursor);
        cursor_set_move_level(cursor, level - 1);
    }
}

static void commit_cursor(struct cursor *cursor, unsigned level)
{
    cursor_committed(cursor, level);
    if (cursor_move_level(cursor) >= level)
        cursor_set_move_level(cursor, level - 1);
}

static const struct cursor_operations operations = {close_cursor, roll_cursor_back, commit_cursor};

JET_ERR table_publish(struct session *session, struct open_database *database, struct cursor *cursor, JET_TABLEID *tableid)
{
    JET_ERR err = session_add_cursor(session, database, cursor, &operations, tableid);
    if (err < 0)
        cursor_close(cursor);
    else
        table_moved(session, cursor);
    return err;
}

JET_ERR table_open(struct session *session, JET_DBID dbid, const char *name, struct open_database **database, struct cursor **cursor)
{
    JET_ERR err = JET_errSuccess;
    struct catalog *catalog = NULL;
    struct transaction *transaction = session_transaction(session);
    const struct table_schema *schema = NULL;
    char checked[OBJECT_NAME_UTF8_MAX];
    *cursor = NULL;
    TRY(session_find_database(session, dbid, database));
    TRY(name_check(name, checked));
    TRY(catalog_open(open_database_file(*database), &catalog));
    transaction_begin_call(transaction);
    TRY(catalog_find_table_for(catalog, transaction, checked, &schema));
    TRY(cursor_open_schema(catalog, schema, cursor));
    cursor_set_transaction(*cursor, transaction);
    cursor_set_compress_minimum(*cursor, (uint32_t)instance_parameter(session_instance(session), JET_paramMinDataForXpress));
done:
    if (schema != NULL)
        catalog_release_table(catalog, schema);
    return err;
}

JET_ERR table_claim(struct session *session, JET_DBID dbid, const char *name, struct cursor **cursor)
{
    JET_ERR err = JET_errSuccess;
    struct open_database *database;
    TRY(table_open(session, dbid, name, &database, cursor));
    err = cursor_set_sharing(*cursor, CURSOR_DENY_READ);
    if (err < 0) {
        cursor_close(*cursor);
        *cursor = NULL;
    }
done:
    return err;
}

/* --- JetOpenTable, JetCloseTable, JetDupCursor --- */

/* The hints about caching and reading ahead change nothing: how pages are kept and read ahead follows from how they are used. */
static bool modes_agree(JET_GRBIT grbit)
{
    bool reads_only = (grbit & JET_bitTableReadOnly) != 0, denies_read = (grbit & JET_bitTableDenyRead) != 0, permits = (grbit & JET_bitTablePermitDDL) != 0;
    if ((grbit & (JET_bitTableDelete | JET_bitTableCreate)) != 0 || (reads_only && (grbit & JET_bitTableUpdatable) != 0))
        return false;
    return permits ? denies_read : !(denies_read && reads_only);
}

static unsigned sharing_of(JET_GRBIT grbit)
{
    return ((grbit & JET_bitTableDenyWrite) != 0 ? CURSOR_DENY_WRITE : 0u) | ((grbit & JET_bitTableDenyRead) != 0 ? CURSOR_DENY_READ : 0u)
         | ((grbit & JET_bitTablePermitDDL) != 0 ? CURSOR_PERMIT_DDL : 0u);
}

static JET_ERR open_table(JET_SESID sesid, JET_DBID dbid, enum text_form form, const void *text, JET_GRBIT grbit, JET_TABLEID *tableid)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *database;
    struct cursor *cursor = NULL;
    char *name = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    if (tableid == NULL)
        RAISE(JET_errInvalidParameter);
    *tableid = JET_tableidNil;
    TRY(text_argument(form, text, &name));
    if (!modes_agree(grbit))
        RAISE(JET_errInvalidGrbit);
    TRY(table_open(session, dbid, name, &database, &cursor));
    cursor_set_read_only(cursor, (grbit & JET_bitTableReadOnly) != 0 || open_database_is_read_only(database));
    TRY(cursor_set_sharing(cursor, sharing_of(grbit)));
    JET_ERR warning = index_check_opened(session, open_database_file(database), cursor_schema(cursor), (grbit & JET_bitTableReadOnly) != 0, (grbit & JET_bitTableAllowOutOfDate) != 0);
    TRY(warning);
    struct cursor *published = cursor;
    cursor = NULL;
    TRY(table_publish(session, database, published, tableid));
    err = warning;
done:
    cursor_close(cursor);
    mem_free(name);
    engine_leave_session(session);
    return err;
}

/* The parameters block is reserved and ignored, as in ESENT. */
JET_EXPORT JET_ERR JetOpenTableA(JET_SESID sesid, JET_DBID dbid, const char *szTableName, const void *pvParameters, uint32_t cbParameters,
                                 JET_GRBIT grbit, JET_TABLEID *ptableid)
{
    (void)pvParameters, (void)cbParameters;
    return open_table(sesid, dbid, TEXT_UTF8, szTableName, grbit, ptableid);
}

JET_EXPORT JET_ERR JetOpenTableW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName, const void *pvParameters, uint32_t cbParameters,
                                 JET_GRBIT grbit, JET_TABLEID *ptableid)
{
    (void)pvParameters, (void)cbParameters;
    return open_table(sesid, dbid, TEXT_UTF16, szTableName, grbit, ptableid);
}

JET_EXPORT_PLAIN(JetOpenTable);

JET_EXPORT JET_ERR JetCloseTable(JET_SESID sesid, JET_TABLEID tableid)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor = NULL;
    TRY(engine_enter_session(sesid, SESSION_ENTER_CLEANUP, &session));
    TRY(session_remove_cursor(session, tableid, &cursor));
    cursor_close(cursor);
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetDupCursor(JET_SESID sesid, JET_TABLEID tableid, JET_TABLEID *ptableid, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor, *copy = NULL;
    (void)grbit;
    TRY(table_enter_limited(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, TABLE_READABLE));
    if (ptableid == NULL)
        RAISE(JET_errInvalidParameter);
    *ptableid = JET_tableidNil;
    TRY(cursor_duplicate(cursor, &copy));
    cursor_set_read_only(copy, cursor_is_read_only(cursor));
    err = cursor_set_sharing(copy, 0);
    if (err < 0) {
        cursor_close(copy);
        goto done;
    }
    TRY(table_publish(session, session_cursor_database(session, tableid), copy, ptableid));
done:
    engine_leave_session(session);
    return err;
}

/* Reading ahead is decided by how a cursor is moved; the hint changes nothing. */
static JET_ERR accept_hint(JET_SESID sesid, JET_TABLEID tableid)
{
    struct session *session = NULL;
    struct cursor *cursor;
    JET_ERR err = table_enter(sesid, tableid, &session, &cursor);
    if (err >= 0)
        err = table_check_phase(cursor, 0);
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetSetTableSequential(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    (void)grbit;
    return accept_hint(sesid, tableid);
}

JET_EXPORT JET_ERR JetResetTableSequential(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit)
{
    (void)grbit;
    return accept_hint(sesid, tableid);
}

/* --- temporary tables --- */

JET_ERR table_check_phase(const struct cursor *cursor, unsigned phases)
{
    const struct temp_table *temp = cursor_temp_table(cursor);
    if (temp == NULL || (phases & 1u << temp_table_phase(temp)) != 0)
        return JET_errSuccess;
    return error_raise(JET_errIllegalOperation, __FILE__, __LINE__);
}

JET_ERR table_check_scrollable(const struct cursor *cursor)
{
    const struct temp_table *temp = cursor_temp_table(cursor);
    if (temp == NULL || temp_table_phase(temp) != TEMP_READING || (temp_table_options(temp) & (TEMP_SCROLLABLE | TEMP_INDEXED)) != 0)
        return JET_errSuccess;
    return error_raise(JET_errIllegalOperation, __FILE__, __LINE__);
}

enum { SORT_MEMORY_LEAST = 1 << 20, SORT_MEMORY_MOST = 1 << 25 };

/* What a temporary table may be: the rules of JET_bitTTForwardOnly. */
static JET_ERR check_forward_only(JET_GRBIT grbit, const JET_COLUMNDEF *columns, uint32_t count)
{
    bool has_key = false, has_long = false;
    if ((grbit & JET_bitTTForwardOnly) == 0)
        return JET_errSuccess;
    for (uint32_t i = 0; i < count; i++) {
        has_key = has_key || (columns[i].grbit & JET_bitColumnTTKey) != 0;
        has_long = has_long || column_type_is_long(columns[i].coltyp);
    }
    if ((grbit & (JET_bitTTIndexed | JET_bitTTUpdatable | JET_bitTTScrollable | JET_bitTTForceMaterialization)) == 0 && has_key
        && (!has_long || (grbit & JET_bitTTIntrinsicLVsOnly) != 0))
        return JET_errSuccess;
    return error_raise(JET_errCannotMaterializeForwardOnlySort, __FILE__, __LINE__);
}

/* How Unicode keys are made: a locale by name or by number (NULL, 0: the default), and map flags (0: the default). */
static JET_ERR set_collation(struct temp_table_config *config, const char *name, uint32_t lcid, uint32_t flags)
{
    JET_ERR err = JET_errSuccess;
    const struct locale *locale = name != NULL ? locale_by_name(name) : lcid != 0 ? locale_by_id(lcid) : NULL;
    if (locale == NULL && (name != NULL || lcid != 0))
        RAISE(JET_errInvalidLanguageId);
    config->locale = locale != NULL ? locale->name : NULL;
    config->lcmap_flags = flags == 0 || flags == COLLATION_UPPERCASE ? flags : flags | COLLATION_SORT_KEY;
    if (flags != 0)
        TRY(collation_check_flags(config->lcmap_flags, true));
done:
    return err;
}

static JET_ERR set_collation_of(struct temp_table_config *config, const JET_UNICODEINDEX *unicode)
{
    return unicode != NULL ? set_collation(config, NULL, unicode->lcid, unicode->dwMapFlags) : JET_errSuccess;
}

static size_t sort_memory(struct instance *instance)
{
    uint64_t half = instance_cache_most(instance) / 2;
    return half < SORT_MEMORY_LEAST ? SORT_MEMORY_LEAST : half > SORT_MEMORY_MOST ? SORT_MEMORY_MOST : (size_t)half;
}

/* config carries everything but the columns. */
static JET_ERR open_temporary(JET_SESID sesid, const JET_COLUMNDEF *columns, uint32_t count, struct temp_table_config *config, JET_TABLEID *tableid,
                              JET_COLUMNID *column_ids)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct instance *instance;
    struct temp_table *table = NULL;
    struct cursor *cursor = NULL;
    struct temp_column *list = NULL;
    bool has_key = false;
    TRY(engine_enter_session(sesid, 0, &session));
    if (tableid == NULL || columns == NULL || count == 0 || column_ids == NULL || count > TAGGED_ID_LAST)
        RAISE(JET_errInvalidParameter);
    *tableid = JET_tableidNil;
    instance = session_instance(session);
    TRY(check_forward_only(config->options, columns, count));
    list = mem_alloc_array(count, sizeof *list);
    if (list == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < count; i++) {
        has_key = has_key || (columns[i].grbit & JET_bitColumnTTKey) != 0;
        list[i] = (struct temp_column){.type = columns[i].coltyp, .max_size = columns[i].cbMax, .code_page = columns[i].cp,
                                       .is_fixed = (columns[i].grbit & JET_bitColumnFixed) != 0,
                                       .is_tagged = (columns[i].grbit & JET_bitColumnTagged) != 0, .is_key = (columns[i].grbit & JET_bitColumnTTKey) != 0,
                                       .is_descending = (columns[i].grbit & JET_bitColumnTTDescending) != 0};
    }
    /* Weights only where keys need them: they are a large table. Without them the keys cannot be made, and inserting says so. */
    for (uint32_t i = 0; i < count && config->weights == NULL; i++)
        if (list[i].is_key && column_type_is_text(list[i].type) && list[i].code_page == 1200
            && text_order_open(instance, &config->weights) < 0)
            break;
    config->columns = list;
    config->column_count = count;
    config->page_size = instance_page_size(instance);
    config->fs = instance_fs(instance);
    config->spill_path = instance_temp_path(instance);
    config->memory_most = sort_memory(instance);
    TRY(instance_claim_temporary(instance, has_key, &config->released));
    config->released_context = instance;
    err = temp_table_create(config, column_ids, &table);
    if (err < 0)
        config->released(instance);
    TRY(err);
    config->weights = NULL;
    TRY(cursor_open_temporary(table, &cursor));
    table = NULL;
    cursor_set_read_only(cursor, false);
    cursor_before_first(cursor);
    TRY(table_publish(session, NULL, cursor, tableid));
done:
    temp_table_release(table);
    collation_table_close(config->weights);
    mem_free(list);
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetOpenTempTable(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef, uint32_t ccolumn, JET_GRBIT grbit, JET_TABLEID *ptableid,
                                    JET_COLUMNID *prgcolumnid)
{
    struct temp_table_config config = {.options = grbit};
    return open_temporary(sesid, prgcolumndef, ccolumn, &config, ptableid, prgcolumnid);
}

JET_EXPORT JET_ERR JetOpenTempTable2(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef, uint32_t ccolumn, uint32_t lcid, JET_GRBIT grbit,
                                     JET_TABLEID *ptableid, JET_COLUMNID *prgcolumnid)
{
    struct temp_table_config config = {.options = grbit};
    JET_ERR err = set_collation(&config, NULL, lcid, 0);
    return err < 0 ? err : open_temporary(sesid, prgcolumndef, ccolumn, &config, ptableid, prgcolumnid);
}

JET_EXPORT JET_ERR JetOpenTempTable3(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef, uint32_t ccolumn, JET_UNICODEINDEX *pidxunicode,
                                     JET_GRBIT grbit, JET_TABLEID *ptableid, JET_COLUMNID *prgcolumnid)
{
    struct temp_table_config config = {.options = grbit};
    JET_ERR err = set_collation_of(&config, pidxunicode);
    return err < 0 ? err : open_temporary(sesid, prgcolumndef, ccolumn, &config, ptableid, prgcolumnid);
}

JET_EXPORT JET_ERR JetOpenTemporaryTable(JET_SESID sesid, JET_OPENTEMPORARYTABLE *p)
{
    if (p == NULL || p->cbStruct < sizeof *p)
        return JET_errInvalidParameter;
    struct temp_table_config config = {.options = p->grbit, .key_most = p->cbKeyMost, .var_seg_most = p->cbVarSegMac};
    JET_ERR err = set_collation_of(&config, p->pidxunicode);
    return err < 0 ? err : open_temporary(sesid, p->prgcolumndef, p->ccolumn, &config, &p->tableid, p->prgcolumnid);
}

JET_EXPORT JET_ERR JetOpenTemporaryTable2(JET_SESID sesid, JET_OPENTEMPORARYTABLE2 *p)
{
    JET_ERR err = JET_errSuccess;
    char *locale = NULL;
    if (p == NULL || p->cbStruct < sizeof *p)
        RAISE(JET_errInvalidParameter);
    struct temp_table_config config = {.options = p->grbit, .key_most = p->cbKeyMost, .var_seg_most = p->cbVarSegMac};
    if (p->pidxunicode != NULL) {
        if (p->pidxunicode->szLocaleName != NULL)
            TRY(text_argument(TEXT_UTF16, p->pidxunicode->szLocaleName, &locale));
        TRY(set_collation(&config, locale, 0, p->pidxunicode->dwMapFlags));
    }
    TRY(open_temporary(sesid, p->prgcolumndef, p->ccolumn, &config, &p->tableid, p->prgcolumnid));
done:
    mem_free(locale);
    return err;
}

/* --- lists --- */

static JET_ERR begin_list(struct list *list, enum text_form form, const uint8_t *types, uint32_t count, struct instance *counted)
{
    JET_ERR err = JET_errSuccess;
    struct temp_column columns[LIST_COLUMNS_MAX] = {{0}};
    list->table = NULL;
    list->form = form;
    list->column_count = count;
    list->row_count = list->value_count = 0;
    for (uint32_t i = 0; i < count; i++)
        columns[i] = (struct temp_column){.type = types[i], .code_page = form == TEXT_UTF16 ? 1200 : 1252, .is_fixed = column_type_size(types[i]) != 0};
    struct temp_table_config config = {.columns = columns, .column_count = count, .options = TEMP_SCROLLABLE | TEMP_INDEXED};
    if (counted != NULL) {
        TRY(instance_claim_temporary(counted, true, &config.released)); /* ESENT's result has a key */
        config.released_context = counted;
    }
    err = temp_table_create(&config, list->ids, &list->table);
    if (err < 0 && counted != NULL)
        config.released(counted);
done:
    return err;
}

JET_ERR list_begin(struct list *list, enum text_form form, const uint8_t *types, uint32_t count) { return begin_list(list, form, types, count, NULL); }

JET_ERR list_begin_counted(struct list *list, struct instance *instance, enum text_form form, const uint8_t *types, uint32_t count)
{
    return begin_list(list, form, types, count, instance);
}

void list_put_bytes(struct list *list, uint32_t column, struct span bytes)
{
    if (bytes.data != NULL)
        list->values[list->value_count++] = (struct temp_value){list->ids[column], 1, bytes};
}

void list_put_number(struct list *list, uint32_t column, uint64_t value, uint32_t size)
{
    store_le64(list->room[column], value);
    list_put_bytes(list, column, span_of(list->room[column], size));
}

/* Without the closing zero, as ESENT stores it. */
JET_ERR list_put_text(struct list *list, uint32_t column, const char *text)
{
    JET_ERR err = JET_errSuccess;
    size_t size = text_result_size(list->form, text), zero = list->form == TEXT_UTF16 ? 2 : 1;
    if (size > LIST_TEXT_MAX)
        RAISE(JET_errInvalidName);
    (void)text_put(list->form, text, list->room[column]);
    list_put_bytes(list, column, span_of(list->room[column], (uint32_t)(size - zero)));
done:
    return err;
}

JET_ERR list_add_row(struct list *list)
{
    JET_ERR err = temp_table_insert(list->table, list->values, list->value_count);
    list->value_count = 0;
    if (err >= 0)
        list->row_count++;
    return err;
}

JET_ERR list_publish(struct list *list, struct session *session, JET_TABLEID *tableid)
{
    JET_ERR err = JET_errSuccess;
    struct cursor *cursor = NULL;
    temp_table_end_insertion(list->table);
    TRY(cursor_open_temporary(list->table, &cursor));
    list->table = NULL;
    cursor_set_read_only(cursor, true);
    TRY(table_publish(session, NULL, cursor, tableid));
done:
    return err;
}

void list_end(struct list *list)
{
    temp_table_release(list->table);
    list->table = NULL;
}
