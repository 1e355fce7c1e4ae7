/* Definitions changed in place, as JetConvertDDL does (ddl.h): the catalog says something else from now on, and no row is touched. As in the original engine it is the caller who answers for rows
 * that the new definition does not fit. A definition that would keep the table itself from being opened is refused: there would be no way back. */
#include <stdio.h>

#include "base/text.h"
#include "catalog/internal.h"
#include "catalog/names.h"
#include "txn/txn.h"

enum { SHORT_SIZE_MOST = 255, DENSITY_LEAST = 20, DENSITY_MOST = 100, CALLBACK_DATA_MOST = 1024, OLD_SEGMENT_SIZE = 2 };

/* The row of a column that the table itself defines. */
static JET_ERR begin_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, struct table_change *change, struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_name checked;
    TRY(table_change_begin(t, catalog, objid_table, change));
    if ((change->table->flags & TABLE_FLAG_SYSTEM) != 0)
        RAISE(JET_errInvalidObject);
    TRY(catalog_name_init(&checked, name));
    const struct column *column = schema_column_by_name(change->table, checked.text);
    bool is_inherited = column != NULL && change->table->template_name != NULL && (column->id & COLUMN_ID_TEMPLATE_BIT) != 0;
    if (column == NULL || is_inherited)
        RAISE(JET_errColumnNotFound);
    TRY(catalog_store_read(&change->store, objid_table, CATALOG_ROW_COLUMN, column->id & ~COLUMN_ID_TEMPLATE_BIT, row));
done:
    return err;
}

static JET_ERR end_column(struct table_change *change, struct catalog_row *row, JET_ERR err)
{
    catalog_row_free(row);
    return table_change_end(change, err == JET_errRecordNotFound ? JET_errColumnNotFound : err);
}

static bool is_in_a_key(const struct table_schema *table, uint32_t column_id)
{
    for (uint32_t i = 0; i < table->index_count; i++)
        for (uint32_t k = 0; k < table->indexes[i].segment_count; k++)
            if (table->indexes[i].segments[k].column_id == column_id)
                return true;
    return false;
}

/* What no column may be that is defined as encrypted (define_column.c, define_index.c): its values would stay plain, or its rows could not be written. */
static JET_ERR check_encrypted(const struct table_schema *table, const char *name, uint32_t type, uint32_t flags)
{
    JET_ERR err = JET_errSuccess;
    const struct column *column = schema_column_by_name(table, name);
    if ((flags & COLUMN_FLAG_ENCRYPTED) == 0 || column == NULL)
        goto done;
    if (!column_type_is_long((uint8_t)type) || (flags & COLUMN_FLAG_MULTI_VALUED) != 0)
        RAISE(JET_errColumnCannotBeEncrypted);
    if (is_in_a_key(table, column->id))
        RAISE(JET_errCannotIndexOnEncryptedColumn);
done:
    return err;
}

/* Reads the table back as it has become. */
static JET_ERR check_table(const struct table_change *change)
{
    const struct table_schema *table = NULL;
    JET_ERR err = catalog_find_table_by_objid_for(change->catalog, change->t, change->table->objid, &table);
    catalog_release_table(change->catalog, table);
    return err == JET_errCatalogCorrupted ? error_raise(JET_errInvalidColumnType, __FILE__, __LINE__) : err;
}

JET_ERR catalog_convert_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, uint32_t type, uint32_t flags)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    if (type == COLUMN_TYPE_NIL || type >= COLUMN_TYPE_COUNT)
        RAISE(JET_errInvalidColumnType);
    TRY(begin_column(t, catalog, objid_table, name, &change, &row));
    TRY(check_encrypted(change.table, name, type, flags));
    row.type_or_root = type;
    row.flags = flags;
    TRY(catalog_store_replace(&change.store, &row));
    TRY(check_table(&change));
done:
    return end_column(&change, &row, err);
}

JET_ERR catalog_increase_size(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    TRY(begin_column(t, catalog, objid_table, name, &change, &row));
    bool is_long = column_type_is_long((uint8_t)row.type_or_root), is_short = row.type_or_root == COLUMN_TYPE_BINARY || row.type_or_root == COLUMN_TYPE_TEXT;
    if ((!is_long && !is_short) || (is_short && (column_is_fixed(row.id) || size > SHORT_SIZE_MOST)) || size > INT32_MAX)
        RAISE(JET_errInvalidParameter);
    if (size > 0 && (row.space_usage > size || row.space_usage == 0))
        RAISE(JET_errInvalidParameter);
    row.space_usage = size;
    TRY(catalog_store_replace(&change.store, &row));
done:
    return end_column(&change, &row, err);
}

JET_ERR catalog_set_column_callback(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, const char *callback, struct span data)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    if (callback == NULL || callback[0] == 0 || strlen(callback) > SHORT_SIZE_MOST || data.size > CALLBACK_DATA_MOST)
        RAISE(JET_errInvalidParameter);
    TRY(begin_column(t, catalog, objid_table, name, &change, &row));
    row.template_name = span_of(callback, (uint32_t)strlen(callback));
    row.callback_data = data;
    row.flags |= COLUMN_FLAG_USER_DEFAULT | COLUMN_FLAG_DEFAULT;
    row.tagged = (struct span){NULL, 0};
    TRY(catalog_store_replace(&change.store, &row));
done:
    return end_column(&change, &row, err);
}

JET_ERR catalog_add_callback(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *callback, uint32_t types)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    if (callback == NULL || callback[0] == 0 || strlen(callback) > SHORT_SIZE_MOST || types == 0)
        RAISE(JET_errInvalidParameter);
    TRY(table_change_begin(t, catalog, objid_table, &change));
    if ((change.table->flags & TABLE_FLAG_SYSTEM) != 0)
        RAISE(JET_errInvalidObject);
    const struct catalog_row row = {.objid_table = objid_table, .type = CATALOG_ROW_CALLBACK, .id = CATALOG_ROW_CALLBACK, .flags = types, .name = span_of("CB", 2),
                                    .template_name = span_of(callback, (uint32_t)strlen(callback))};
    TRY(catalog_store_insert(&change.store, &row));
done:
    return table_change_end(&change, err);
}

JET_ERR catalog_set_density(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *index_name, uint32_t density)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    struct catalog_name checked;
    const struct index *index = NULL;
    if (density < DENSITY_LEAST || density > DENSITY_MOST)
        RAISE(JET_errDensityInvalid);
    TRY(table_change_begin(t, catalog, objid_table, &change));
    if ((change.table->flags & TABLE_FLAG_SYSTEM) != 0)
        RAISE(JET_errInvalidObject);
    if (index_name != NULL) {
        TRY(catalog_name_init(&checked, index_name));
        index = schema_index_by_name(change.table, checked.text);
        if (index == NULL)
            RAISE(JET_errIndexNotFound);
    } else {
        index = schema_primary(change.table);
    }
    /* Without a name: the primary index, or the rows of a table that has none. */
    TRY(index != NULL ? catalog_store_read(&change.store, objid_table, CATALOG_ROW_INDEX, index->objid, &row) : catalog_store_read(&change.store, objid_table, CATALOG_ROW_TABLE, objid_table, &row));
    row.space_usage = density;
    TRY(catalog_store_replace(&change.store, &row));
done:
    catalog_row_free(&row);
    return table_change_end(&change, err == JET_errRecordNotFound ? JET_errIndexNotFound : err);
}

/* --- conditions of all indexes --- */

struct added_condition {
    const struct column *column;
    bool must_be_null;
};

static bool has_condition(const struct index *index, const struct added_condition *earlier, uint32_t count, uint32_t column_id)
{
    for (uint32_t i = 0; i < index->condition_count; i++)
        if (index->conditions[i].column_id == column_id)
            return true;
    for (uint32_t i = 0; i < count; i++)
        if (earlier[i].column->id == column_id)
            return true;
    return false;
}

/* Those about columns that the index has no condition for; in the form that its row is in. */
static JET_ERR add_to_index(struct table_change *change, const struct index *index, const struct added_condition *conditions, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row row = {0};
    uint8_t bytes[INDEX_SEGMENT_SIZE * INDEX_CONDITIONS_MAX];
    bool is_old = (index->flags & INDEX_FLAG_LONG_SEGMENTS) == 0;
    uint32_t width = is_old ? OLD_SEGMENT_SIZE : INDEX_SEGMENT_SIZE;
    TRY(catalog_store_read(&change->store, change->table->objid, CATALOG_ROW_INDEX, index->objid, &row));
    uint32_t size = row.conditions.size;
    if (size != width * index->condition_count)
        RAISE(JET_errCatalogCorrupted);
    if (size > 0)
        memcpy(bytes, row.conditions.data, size);
    for (uint32_t i = 0; i < count; i++) {
        const struct added_condition *x = &conditions[i];
        if (has_condition(index, conditions, i, x->column->id))
            continue;
        if (size == width * INDEX_CONDITIONS_MAX)
            RAISE(JET_errInvalidParameter);
        uint32_t id = x->column->id & 0xFFFF;
        if (is_old)
            store_le16(bytes + size, (uint16_t)(x->must_be_null ? 0 - id : id));
        else
            index_put_condition(bytes + size, x->column, x->must_be_null);
        size += width;
    }
    if (size == row.conditions.size)
        goto done;
    row.conditions = span_of(bytes, size);
    TRY(catalog_store_replace(&change->store, &row));
done:
    catalog_row_free(&row);
    return err;
}

static JET_ERR find_conditions(const struct table_schema *table, const struct condition_definition *definitions, uint32_t count, struct added_condition out[INDEX_CONDITIONS_MAX])
{
    JET_ERR err = JET_errSuccess;
    if (count > INDEX_CONDITIONS_MAX)
        RAISE(JET_errInvalidParameter);
    for (uint32_t i = 0; i < count; i++) {
        const struct condition_definition *d = &definitions[i];
        if (d->grbit != JET_bitIndexColumnMustBeNull && d->grbit != JET_bitIndexColumnMustBeNonNull)
            RAISE(JET_errInvalidGrbit);
        out[i] = (struct added_condition){.column = d->column != NULL ? schema_column_by_name(table, d->column) : NULL, .must_be_null = d->grbit == JET_bitIndexColumnMustBeNull};
        if (out[i].column == NULL)
            RAISE(JET_errColumnNotFound);
    }
done:
    return err;
}

JET_ERR catalog_add_conditions(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const struct condition_definition *definitions, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct added_condition conditions[INDEX_CONDITIONS_MAX];
    TRY(table_change_begin(t, catalog, objid_table, &change));
    if ((change.table->flags & TABLE_FLAG_SYSTEM) != 0)
        RAISE(JET_errInvalidObject);
    TRY(find_conditions(change.table, definitions, count, conditions));
    for (uint32_t i = 0; i < change.table->index_count; i++) {
        const struct index *index = &change.table->indexes[i];
        if (!index_is_primary(index) && (index->flags & INDEX_FLAG_DERIVED) == 0)
            TRY(add_to_index(&change, index, conditions, count));
    }
done:
    return table_change_end(&change, err);
}

/* --- the module of all callbacks --- */

struct module_change {
    struct transaction *t;
    struct catalog *catalog;
    const char *from, *to;
};

static bool is_of_module(const struct module_change *m, const char *callback)
{
    size_t length = strlen(m->from);
    char start[SHORT_SIZE_MOST + 1];
    if (callback == NULL || length > SHORT_SIZE_MOST || strlen(callback) < length)
        return false;
    memcpy(start, callback, length);
    start[length] = 0;
    return ascii_compare_nocase(start, m->from) == 0;
}

static JET_ERR change_module_in_row(const struct module_change *m, struct table_change *change, uint32_t type, uint32_t id, const char *callback)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row row = {0};
    char changed[JET_cbNameMost + 1];
    const char *function = strchr(callback, '!');
    if (function == NULL)
        RAISE(JET_errInvalidParameter);
    int length = snprintf(changed, sizeof changed, "%s%s", m->to, function);
    if (length < 0 || length > JET_cbNameMost)
        RAISE(JET_errInvalidParameter);
    TRY(catalog_store_read(&change->store, change->table->objid, type, id, &row));
    row.template_name = span_of(changed, (uint32_t)length);
    TRY(catalog_store_replace(&change->store, &row));
done:
    catalog_row_free(&row);
    return err == JET_errRecordNotFound ? JET_errSuccess : err; /* the template's, which is changed by itself */
}

static bool has_module(const struct module_change *m, const struct table_schema *table)
{
    for (uint32_t i = 0; i < table->column_count; i++)
        if (is_of_module(m, table->columns[i].callback))
            return true;
    for (uint32_t i = 0; i < table->callback_count; i++)
        if (is_of_module(m, table->callbacks[i].name))
            return true;
    return false;
}

static JET_ERR change_module_in_table(void *context, const struct catalog_table *found)
{
    JET_ERR err = JET_errSuccess;
    const struct module_change *m = context;
    struct table_change change = {.catalog = m->catalog};
    TRY(found->error);
    if (!has_module(m, found->schema))
        goto done;
    TRY(table_change_begin(m->t, m->catalog, found->objid, &change));
    const struct table_schema *table = change.table;
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        bool is_inherited = table->template_name != NULL && (column->id & COLUMN_ID_TEMPLATE_BIT) != 0;
        if (!is_inherited && is_of_module(m, column->callback))
            TRY(change_module_in_row(m, &change, CATALOG_ROW_COLUMN, column->id & ~COLUMN_ID_TEMPLATE_BIT, column->callback));
    }
    for (uint32_t i = 0; i < table->callback_count; i++)
        if (is_of_module(m, table->callbacks[i].name))
            TRY(change_module_in_row(m, &change, CATALOG_ROW_CALLBACK, CATALOG_ROW_CALLBACK, table->callbacks[i].name));
done:
    return table_change_end(&change, err);
}

JET_ERR catalog_change_module(struct transaction *t, struct catalog *catalog, const char *from, const char *to)
{
    JET_ERR err = JET_errSuccess;
    struct module_change m = {t, catalog, from, to};
    if (from == NULL || from[0] == 0 || to == NULL || to[0] == 0)
        return error_raise(JET_errInvalidParameter, __FILE__, __LINE__);
    TRY(txn_begin(t));
    err = catalog_end_change(t, catalog_visit_tables_for(catalog, t, change_module_in_table, &m));
done:
    return err;
}
