/* Definitions changed in place, as JetConvertDDL does (ddl.h): the catalog says something else from now on, and no row is touched. As in the original engine it is the caller who answers for rows
 * that the new definition does not fit. */
#include "catalog/internal.h"
#include "catalog/names.h"

enum { SHORT_SIZE_MOST = 255, DENSITY_LEAST = 20, DENSITY_MOST = 100, CALLBACK_DATA_MOST = 1024 };

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

JET_ERR catalog_convert_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, uint32_t type, uint32_t flags)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    if (type == COLUMN_TYPE_NIL || type >= COLUMN_TYPE_COUNT)
        RAISE(JET_errInvalidColumnType);
    TRY(begin_column(t, catalog, objid_table, name, &change, &row));
    row.type_or_root = type;
    row.flags = flags;
    TRY(catalog_store_replace(&change.store, &row));
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
