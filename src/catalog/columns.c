/* Columns of tables that exist: added, deleted, renamed, given another default (ddl.h; records-and-catalog 6.4).
 *
 * Records are not touched: one that does not reach a new column reads its default, and a deleted column stays as a placeholder. The exception is an
 * autoincrement column added to a table with records, which are numbered in the order of the primary index. */
#include <stdio.h>

#include "base/text.h"
#include "btree/update.h"
#include "catalog/internal.h"
#include "record/build.h"

/* A column of the table itself; those of its template: JET_errFixedInheritedDDL. */
static JET_ERR find_own_column(const struct table_change *change, const char *name, bool ignore_template, const struct column **out)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *table = change->table;
    struct catalog_name checked;
    bool is_derived = table->template_name != NULL, is_inherited = false;
    TRY(catalog_name_init(&checked, name));
    *out = NULL;
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct column *c = &table->columns[i];
        if (c->type == COLUMN_TYPE_NIL || ascii_compare_nocase(c->name, checked.text) != 0)
            continue;
        if (is_derived && (c->id & COLUMN_ID_TEMPLATE_BIT) != 0)
            is_inherited = true;
        else
            *out = c;
    }
    if (is_inherited && !ignore_template)
        RAISE(JET_errFixedInheritedDDL);
    if (*out == NULL)
        RAISE(JET_errColumnNotFound);
done:
    return err;
}

/* --- adding --- */

/* Is there a node in the table, seen or not? */
static JET_ERR check_empty(const struct table_change *change, bool *is_empty)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    TRY(btree_open_writable(change->catalog->db, change->table->root, change->table->objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    err = btree_first(&cursor);
    *is_empty = err == JET_errNoCurrentRecord || err == JET_errRecordNotFound;
    if (*is_empty)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR number_record(const struct table_change *change, struct btree_cursor *cursor, const struct table_schema *table, const struct column *column, uint64_t number)
{
    JET_ERR err = JET_errSuccess;
    struct record_builder *builder = NULL;
    struct node node;
    struct span bytes;
    uint8_t value[8];
    uint32_t page_size = change->catalog->db->page_size;
    TRY(btree_cursor_get(cursor, &node));
    err = record_builder_load(table, page_size, node.data, &builder);
    btree_cursor_release(cursor);
    TRY(err);
    store_le64(value, number);
    const struct column_value set = {.bytes = span_of(value, column->max_size)};
    TRY(record_builder_set(builder, column, 1, &set));
    TRY(record_builder_bytes(builder, &bytes));
    if (bytes.size > record_size_most(table, page_size))
        RAISE(JET_errRecordTooBig);
    TRY(btree_replace(change->t, cursor, bytes, 0));
done:
    record_builder_free(builder);
    return err;
}

/* Numbers the records there are, in primary order from 1. */
static JET_ERR number_records(const struct table_change *change, uint32_t column_id)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *table = NULL;
    struct btree tree;
    struct btree_cursor cursor = {0};
    uint64_t number = 1;
    TRY(catalog_find_table_by_objid_for(change->catalog, change->t, change->table->objid, &table));
    const struct column *column = schema_column(table, column_id);
    if (column == NULL)
        RAISE(JET_errColumnNotFound);
    TRY(btree_open_writable(change->catalog->db, table->root, table->objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    btree_cursor_set_reader(&cursor, change->t);
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor))
        TRY(number_record(change, &cursor, table, column, number++));
    if (err == JET_errNoCurrentRecord || err == JET_errRecordNotFound)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    catalog_release_table(change->catalog, table);
    return err;
}

static JET_ERR add_maintained(const struct table_change *change, uint32_t flags, uint32_t column_id)
{
    JET_ERR err = JET_errSuccess;
    struct table_state *state;
    bool is_empty;
    TRY(catalog_table_state(change->catalog, change->table->objid, &state));
    TRY(catalog_enter_exclusive(change->catalog, change->t, state));
    TRY(check_empty(change, &is_empty));
    if ((flags & COLUMN_FLAG_ESCROW) != 0 && !is_empty)
        RAISE(JET_errTableNotEmpty);
    if ((flags & COLUMN_FLAG_AUTOINCREMENT) != 0 && !is_empty)
        TRY(number_records(change, column_id));
    if ((flags & COLUMN_FLAG_AUTOINCREMENT) != 0)
        atomic_store(&state->next_autoincrement, 0);
done:
    return err;
}

JET_ERR catalog_add_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const struct column_definition *definition)
{
    JET_ERR err = JET_errSuccess, warning = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct column_plan plan;
    struct new_column column;
    TRY(table_change_begin(t, catalog, objid_table, &change));
    bool is_template = (change.table->flags & TABLE_FLAG_TEMPLATE) != 0;
    if (!is_template || !definition->is_permitted)
        TRY(catalog_check_changeable(change.table, definition->is_permitted));
    const struct index *primary = schema_primary(change.table);
    column_plan_init(&plan, change.table, false);
    plan.record_most = record_size_limit(catalog->db->page_size, primary != NULL ? primary->key_most : 4);
    plan.update_major = catalog->db->header.update_major;
    warning = column_define(&plan, definition, &column);
    TRY(warning);
    if (is_template && !column_is_tagged(column.row.id)) /* its place would be that of a derived table's own */
        RAISE(JET_errFixedDDL);
    if (schema_column_by_name(change.table, column.name.text) != NULL)
        RAISE(JET_errColumnDuplicate);
    if (definition->callback != NULL && definition->check_callback != NULL)
        TRY(definition->check_callback(definition->check_context, definition->callback));
    column.row.objid_table = objid_table;
    err = catalog_store_insert(&change.store, &column.row);
    TRY(err == JET_errKeyDuplicate ? error_raise(JET_errColumnDuplicate, __FILE__, __LINE__) : err);
    if ((column.row.flags & (COLUMN_FLAG_ESCROW | COLUMN_FLAG_AUTOINCREMENT)) != 0)
        TRY(add_maintained(&change, column.row.flags, column.id));
    if (definition->id_out != NULL)
        *definition->id_out = column.id;
done:
    err = table_change_end(&change, err);
    if (err >= 0)
        err = warning;
    if (definition->err_out != NULL)
        *definition->err_out = err;
    return err;
}

/* --- deleting --- */

static bool is_in_an_index(const struct table_schema *table, const struct column *column)
{
    for (uint32_t i = 0; i < table->index_count; i++) {
        const struct index *x = &table->indexes[i];
        for (uint32_t k = 0; k < x->segment_count; k++)
            if (x->segments[k].column_id == column->id)
                return true;
        for (uint32_t k = 0; k < x->condition_count; k++)
            if (x->conditions[k].column_id == column->id)
                return true;
    }
    return false;
}

/* The row stays, without a type and under a name that nobody asks for: records may still hold the column. */
JET_ERR catalog_delete_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, bool ignore_template)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    const struct column *column;
    char stub[64];
    TRY(table_change_begin(t, catalog, objid_table, &change));
    TRY(catalog_check_changeable(change.table, false));
    TRY(find_own_column(&change, name, ignore_template, &column));
    if (is_in_an_index(change.table, column))
        RAISE(JET_errColumnInUse);
    uint32_t id = column->id & ~COLUMN_ID_TEMPLATE_BIT;
    TRY(catalog_store_read(&change.store, objid_table, CATALOG_ROW_COLUMN, id, &row));
    row.type_or_root = COLUMN_TYPE_NIL;
    snprintf(stub, sizeof stub, "JetStub_%u_%u", objid_table, id);
    row.name = span_of(stub, (uint32_t)strlen(stub));
    TRY(catalog_store_replace(&change.store, &row));
done:
    catalog_row_free(&row);
    return table_change_end(&change, err == JET_errRecordNotFound ? JET_errColumnNotFound : err);
}

/* --- renaming, defaults --- */

/* Only the first of several columns of the primary index, a fixed one of one bit, may become one that applications do not know of. */
static bool may_be_placeholder(const struct table_schema *table, const struct column *column)
{
    const struct index *primary = schema_primary(table);
    return column->type == COLUMN_TYPE_BIT && column_is_fixed(column->id & ~COLUMN_ID_TEMPLATE_BIT) && primary != NULL && primary->segment_count >= 2
        && primary->segments[0].column_id == column->id;
}

static JET_ERR rename_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, const char *new_name, bool makes_placeholder)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    struct catalog_name to;
    const struct column *column, *other;
    TRY(table_change_begin(t, catalog, objid_table, &change));
    TRY(catalog_check_changeable(change.table, false));
    TRY(find_own_column(&change, name, false, &column));
    TRY(catalog_name_init(&to, new_name));
    other = schema_column_by_name(change.table, to.text);
    if (other != NULL && other != column)
        RAISE(JET_errColumnDuplicate);
    if (makes_placeholder && !may_be_placeholder(change.table, column))
        RAISE(JET_errInvalidPlaceholderColumn);
    TRY(catalog_store_read(&change.store, objid_table, CATALOG_ROW_COLUMN, column->id & ~COLUMN_ID_TEMPLATE_BIT, &row));
    row.name = catalog_name_span(&to);
    if (makes_placeholder)
        row.flags |= COLUMN_FLAG_PRIMARY_PLACEHOLDER;
    err = catalog_store_replace(&change.store, &row);
    TRY(err == JET_errKeyDuplicate ? error_raise(JET_errColumnDuplicate, __FILE__, __LINE__) : err);
done:
    catalog_row_free(&row);
    return table_change_end(&change, err == JET_errRecordNotFound ? JET_errColumnNotFound : err);
}

JET_ERR catalog_rename_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, const char *new_name)
{
    return rename_column(t, catalog, objid_table, name, new_name, false);
}

JET_ERR catalog_make_placeholder(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, const char *new_name)
{
    return rename_column(t, catalog, objid_table, name, new_name, true);
}

JET_ERR catalog_set_default(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, struct span value)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    const struct column *column;
    TRY(table_change_begin(t, catalog, objid_table, &change));
    TRY(catalog_check_changeable(change.table, false));
    TRY(find_own_column(&change, name, true, &column)); /* what the template defines is not found, as in the original engine */
    if (is_in_an_index(change.table, column))
        RAISE(JET_errColumnInUse);
    if ((column->flags & (COLUMN_FLAG_USER_DEFAULT | COLUMN_FLAG_VERSION | COLUMN_FLAG_AUTOINCREMENT)) != 0)
        RAISE(JET_errInvalidColumnType);
    if ((column->flags & COLUMN_FLAG_ENCRYPTED) != 0) /* the catalog would hold it in plain */
        RAISE(JET_errColumnCannotBeEncrypted);
    if (value.size > 255 || (column->max_size != 0 && value.size > column->max_size))
        RAISE(JET_errDefaultValueTooBig);
    if (column_type_size(column->type) != 0 && value.size != 0 && value.size != column->max_size)
        RAISE(JET_errInvalidBufferSize);
    TRY(catalog_store_read(&change.store, objid_table, CATALOG_ROW_COLUMN, column->id & ~COLUMN_ID_TEMPLATE_BIT, &row));
    row.default_value = value.size > 0 ? value : (struct span){NULL, 0};
    row.flags = value.size > 0 ? row.flags | COLUMN_FLAG_DEFAULT : row.flags & ~(uint32_t)COLUMN_FLAG_DEFAULT;
    TRY(catalog_store_replace(&change.store, &row));
done:
    catalog_row_free(&row);
    return table_change_end(&change, err == JET_errRecordNotFound ? JET_errColumnNotFound : err);
}
