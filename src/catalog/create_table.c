/* Making tables (ddl.h; records-and-catalog 6.7, 6.8).
 *
 * The table's row and its columns' rows first; the schema is then read back through the transaction, and the indexes are defined against it, as they would be for
 * a table that exists. A new table has no records, so nothing is built. */
#include "base/memory.h"
#include "btree/extent.h"
#include "catalog/internal.h"
#include "txn/txn.h"

enum { SMALL_TREE_PAGES_MOST = 32 /* what one free map holds (database-file 6.2) */, SEQUENCE_KEY_SIZE = 4 };

struct table_plan {
    struct transaction *t;
    struct catalog *catalog;
    struct catalog_store store;
    const struct table_definition *definition;
    struct catalog_name name, template_name;
    const struct table_schema *base;   /* the template, or NULL */
    const struct table_schema *schema; /* of the table, once its columns are there */
    struct space_hints hints;
    uint32_t objid, created;
    page_no_t root;
    struct new_column column;
    struct new_index index;
};

static const struct index_definition *primary_of(const struct table_definition *d)
{
    for (uint32_t i = 0; i < d->index_count; i++)
        if ((d->indexes[i].grbit & JET_bitIndexPrimary) != 0)
            return &d->indexes[i];
    return NULL;
}

/* What is to be checked before anything is written. */
static JET_ERR check_definition(struct table_plan *p)
{
    JET_ERR err = JET_errSuccess;
    const struct table_definition *d = p->definition;
    const uint32_t known = JET_bitTableCreateFixedDDL | JET_bitTableCreateTemplateTable | JET_bitTableCreateNoFixedVarColumnsInDerivedTables
        | JET_bitTableCreateImmutableStructure;
    TRY(catalog_name_init(&p->name, d->name));
    if ((d->grbit & ~known) != 0 || (d->grbit & JET_bitTableCreateNoFixedVarColumnsInDerivedTables) != 0)
        RAISE(JET_errInvalidGrbit);
    if ((d->grbit & JET_bitTableCreateTemplateTable) != 0 && d->template_name != NULL)
        RAISE(JET_errCannotNestDDL);
    if (d->index_count > 0 && d->column_count == 0 && d->template_name == NULL)
        RAISE(JET_errInvalidCreateIndex);
    if (d->template_name != NULL) {
        TRY(catalog_name_init(&p->template_name, d->template_name));
        TRY(catalog_find_table_for(p->catalog, p->t, p->template_name.text, &p->base));
        if ((p->base->flags & TABLE_FLAG_TEMPLATE) == 0)
            RAISE(JET_errDDLNotInheritable);
    }
done:
    return err;
}

/* How many pages the table asks for, together with the indexes made with it; and the hints of its primary index or its own. */
static JET_ERR plan_space(struct table_plan *p)
{
    JET_ERR err = JET_errSuccess;
    const struct table_definition *d = p->definition;
    const struct index_definition *primary = primary_of(d);
    uint32_t page_size = catalog_database(p->catalog)->page_size, pages = 0;
    struct space_hints hints;
    for (uint32_t i = 0; i < d->index_count; i++) {
        TRY(space_hints_check(d->indexes[i].space_hints, page_size, 0, &hints));
        pages += hints.initial_pages > 1 ? hints.initial_pages : 1;
    }
    if (primary != NULL && d->space_hints != NULL)
        RAISE(JET_errSpaceHintsInvalid);
    if (primary != NULL) {
        uint32_t density = primary->density != 0 ? primary->density : d->density;
        TRY(space_hints_check(primary->space_hints, page_size, primary->space_hints != NULL ? 0 : density, &p->hints));
    } else {
        TRY(space_hints_check(d->space_hints, page_size, d->density, &p->hints));
        pages += p->hints.initial_pages > 1 ? p->hints.initial_pages : 1;
    }
    if (d->long_value_space_hints != NULL)
        TRY(space_hints_check(d->long_value_space_hints, page_size, 0, &hints));
    if (pages < d->pages)
        pages = d->pages;
    if (pages > p->hints.initial_pages)
        p->hints.initial_pages = pages;
    if (p->hints.initial_pages <= 1)
        p->hints.initial_pages = 0;
done:
    return err;
}

static JET_ERR make_tree(struct table_plan *p)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = catalog_database(p->catalog);
    uint32_t pages = p->hints.initial_pages > 1 ? p->hints.initial_pages : 1;
    p->objid = database_next_objid(db);
    TRY(catalog_note_change(p->catalog, p->t, p->objid, true));
    TRY(space_create_tree(p->t, db, 1, pages, pages > SMALL_TREE_PAGES_MOST, 0, p->objid, 0, &p->root));
    TRY(catalog_note_created_tree(p->catalog, p->t, p->root, p->objid));
done:
    return err;
}

static JET_ERR add_table_row(struct table_plan *p)
{
    JET_ERR err = JET_errSuccess;
    const struct table_definition *d = p->definition;
    struct database *db = catalog_database(p->catalog);
    uint8_t hints_room[SPACE_HINTS_MOST], lv_hints_room[SPACE_HINTS_MOST], separate[4];
    struct catalog_row row = {.objid_table = p->objid, .type = CATALOG_ROW_TABLE, .id = p->objid, .type_or_root = p->root, .space_usage = p->hints.density,
                              .pages_or_locale = p->hints.initial_pages, .name = catalog_name_span(&p->name)};
    catalog_row_set(&row, CATALOG_ROOT_FLAG);
    if ((d->grbit & JET_bitTableCreateTemplateTable) != 0)
        row.flags = TABLE_FLAG_TEMPLATE | TABLE_FLAG_FIXED_DDL;
    else if ((d->grbit & JET_bitTableCreateFixedDDL) != 0)
        row.flags = TABLE_FLAG_FIXED_DDL;
    if (p->base != NULL) {
        row.flags |= TABLE_FLAG_DERIVED;
        row.template_name = catalog_name_span(&p->template_name);
    }
    if (d->lv_chunk_most != 0) {
        row.lv_chunk_most = d->lv_chunk_most;
        catalog_row_set(&row, CATALOG_LV_CHUNK_MOST);
    }
    if (d->separate_lv != 0) {
        store_le32(separate, d->separate_lv);
        row.separate_lv = span_of(separate, sizeof separate);
    }
    row.space_hints = space_hints_encode(&p->hints, SPACE_HINTS_TABLE, db->page_size, hints_room);
    if (d->long_value_space_hints != NULL) {
        struct space_hints hints;
        TRY(space_hints_check(d->long_value_space_hints, db->page_size, 0, &hints));
        row.deferred_lv_hints = space_hints_encode(&hints, SPACE_HINTS_LONG_VALUES, db->page_size, lv_hints_room);
    }
    catalog_row_stamp(db, &row);
    err = catalog_store_insert(&p->store, &row);
    if (err == JET_errKeyDuplicate)
        err = error_raise(JET_errTableDuplicate, __FILE__, __LINE__);
done:
    return err;
}

/* The largest record the columns must fit into. */
static uint32_t record_most(const struct table_plan *p)
{
    const struct index_definition *primary = primary_of(p->definition);
    const struct index *inherited = p->base != NULL ? schema_primary(p->base) : NULL;
    uint32_t key_most = inherited != NULL ? inherited->key_most : SEQUENCE_KEY_SIZE;
    if (primary != NULL)
        key_most = (primary->grbit & JET_bitIndexKeyMost) != 0 && primary->key_most != 0 ? primary->key_most : KEY_MOST_DEFAULT;
    return record_size_limit(catalog_database(p->catalog)->page_size, key_most);
}

static JET_ERR add_columns(struct table_plan *p)
{
    JET_ERR err = JET_errSuccess;
    const struct table_definition *d = p->definition;
    struct column_plan plan;
    column_plan_init(&plan, p->base, true);
    plan.is_template = (d->grbit & JET_bitTableCreateTemplateTable) != 0;
    plan.record_most = record_most(p);
    plan.update_major = catalog_database(p->catalog)->header.update_major;
    for (uint32_t i = 0; i < d->column_count; i++) {
        const struct column_definition *c = &d->columns[i];
        JET_ERR warning = column_define(&plan, c, &p->column);
        if (warning >= 0 && p->base != NULL && schema_column_by_name(p->base, p->column.name.text) != NULL)
            warning = error_raise(JET_errColumnDuplicate, __FILE__, __LINE__);
        if (warning >= 0 && c->callback != NULL && c->check_callback != NULL && (err = c->check_callback(c->check_context, c->callback)) < 0)
            warning = err;
        if (warning >= 0) {
            p->column.row.objid_table = p->objid;
            err = catalog_store_insert(&p->store, &p->column.row);
            if (err < 0)
                warning = err == JET_errKeyDuplicate ? error_raise(JET_errColumnDuplicate, __FILE__, __LINE__) : err;
        }
        if (c->err_out != NULL)
            *c->err_out = warning;
        TRY(warning);
        if (c->id_out != NULL)
            *c->id_out = p->column.id;
        p->created++;
    }
done:
    return err;
}

/* --- indexes --- */

static JET_ERR make_index_tree(struct table_plan *p, struct catalog_row *row, uint32_t pages)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = catalog_database(p->catalog);
    bool is_unique = (row->flags & INDEX_FLAG_UNIQUE) != 0 && (row->flags & INDEX_FLAG_OPTIONALLY_UNIQUE) == 0;
    if ((row->flags & INDEX_FLAG_PRIMARY) != 0) {
        row->id = p->objid;
        row->type_or_root = p->root;
        goto done;
    }
    row->id = database_next_objid(db);
    /* No note of it: it goes with the table, in whose space it lies. */
    TRY(space_create_tree(p->t, db, p->root, pages > 1 ? pages : 1, pages > SMALL_TREE_PAGES_MOST, PAGE_FLAG_INDEX | (is_unique ? 0u : (unsigned)PAGE_FLAG_NON_UNIQUE), row->id, 0,
                          &row->type_or_root));
done:
    return err;
}

/* A row of the template's index, for the derived table. */
static JET_ERR inherit_index(struct table_plan *p, struct catalog_store *templates, const struct index *index)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row row;
    uint8_t hints_room[SPACE_HINTS_MOST];
    uint32_t page_size = catalog_database(p->catalog)->page_size, pages;
    TRY(catalog_store_read(templates, p->base->objid, CATALOG_ROW_INDEX, index->objid, &row));
    pages = space_hints_initial_pages(row.space_hints, SPACE_HINTS_INDEX, page_size);
    if (index_is_primary(index) && p->base->initial_pages > pages)
        pages = p->base->initial_pages;
    struct space_hints hints = {.density = row.space_usage, .initial_pages = pages};
    row.objid_table = p->objid;
    row.flags = (row.flags & ~(uint32_t)INDEX_FLAG_TEMPLATE) | INDEX_FLAG_DERIVED;
    row.lcmap_flags = (row.flags & INDEX_FLAG_UNICODE_TEXT) != 0 ? row.lcmap_flags : 0;
    row.present &= ~(1u << CATALOG_LAST_SET_TIME);
    if (index_is_primary(index) && !catalog_row_has(&row, CATALOG_KEY_MOST) && index_exact_key_size(p->base, index) != 0) {
        row.key_most = index_exact_key_size(p->base, index);
        catalog_row_set(&row, CATALOG_KEY_MOST);
    }
    row.tagged = (struct span){NULL, 0};
    row.space_hints = space_hints_encode(&hints, SPACE_HINTS_INDEX, page_size, hints_room);
    TRY(make_index_tree(p, &row, pages));
    catalog_row_stamp(catalog_database(p->catalog), &row);
    TRY(catalog_store_insert(&p->store, &row));
    if (row.version.size >= 8 && row.sort_id.size >= 16 && index->locale != NULL)
        TRY(catalog_locales_count(p->t, p->catalog, index->locale, row.sort_id.data, load_le64(row.version.data), 1));
done:
    catalog_row_free(&row);
    return err;
}

/* The primary index first, then the others, the last made before the first. */
static JET_ERR inherit_indexes(struct table_plan *p)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_store templates = {0};
    if (p->base == NULL)
        goto done;
    TRY(catalog_store_open(p->t, p->catalog, &templates));
    const struct index *primary = schema_primary(p->base);
    if (primary != NULL)
        TRY(inherit_index(p, &templates, primary));
    for (uint32_t i = p->base->index_count; i > 0; i--)
        if (!index_is_primary(&p->base->indexes[i - 1]))
            TRY(inherit_index(p, &templates, &p->base->indexes[i - 1]));
done:
    catalog_store_close(&templates);
    return err;
}

static JET_ERR add_index(struct table_plan *p, const struct index_definition *d, bool *has_primary)
{
    JET_ERR err = JET_errSuccess;
    struct new_index *x = &p->index;
    struct index_definition definition = *d;
    /* without hints of its own an index made with its table takes the table's density */
    if ((d->grbit & JET_bitIndexPrimary) == 0)
        definition.density = 0;
    TRY(index_define(p->catalog, p->schema, &definition, p->hints.density, x));
    if (x->is_primary && *has_primary)
        RAISE(JET_errIndexHasPrimary);
    *has_primary |= x->is_primary;
    TRY(make_index_tree(p, &x->row, x->hints.initial_pages));
    catalog_row_stamp(catalog_database(p->catalog), &x->row);
    err = catalog_store_insert(&p->store, &x->row);
    if (err == JET_errKeyDuplicate)
        err = error_raise(JET_errIndexDuplicate, __FILE__, __LINE__);
    TRY(err);
    if ((x->row.flags & INDEX_FLAG_UNICODE_TEXT) != 0)
        TRY(catalog_locales_count(p->t, p->catalog, x->locale, x->sort_id, x->sort_version, 1));
done:
    return err;
}

static JET_ERR add_indexes(struct table_plan *p)
{
    JET_ERR err = JET_errSuccess;
    const struct table_definition *d = p->definition;
    bool has_primary = p->base != NULL && schema_primary(p->base) != NULL;
    if (d->index_count == 0)
        goto done;
    TRY(catalog_find_table_by_objid_for(p->catalog, p->t, p->objid, &p->schema));
    for (uint32_t i = 0; i < d->index_count; i++) {
        err = add_index(p, &d->indexes[i], &has_primary);
        if (d->indexes[i].err_out != NULL)
            *d->indexes[i].err_out = err;
        TRY(err);
        p->created++;
    }
done:
    return err;
}

static JET_ERR add_callback(struct table_plan *p)
{
    JET_ERR err = JET_errSuccess;
    const struct table_definition *d = p->definition;
    if (d->callback == NULL)
        goto done;
    if (d->callback_types == 0 || strlen(d->callback) > 255)
        RAISE(JET_errInvalidParameter);
    if (d->check_callback != NULL)
        TRY(d->check_callback(d->check_context, d->callback));
    struct catalog_row row = {.objid_table = p->objid, .type = CATALOG_ROW_CALLBACK, .id = CATALOG_ROW_CALLBACK, .flags = d->callback_types, .name = span_of("CB", 2),
                              .template_name = span_of(d->callback, (uint32_t)strlen(d->callback))};
    TRY(catalog_store_insert(&p->store, &row));
    p->created++;
done:
    return err;
}

JET_ERR catalog_create_table(struct transaction *t, struct catalog *catalog, const struct table_definition *definition)
{
    JET_ERR err = JET_errSuccess;
    bool has_begun = false;
    struct table_plan *p = mem_alloc(sizeof *p);
    if (p == NULL)
        RAISE(JET_errOutOfMemory);
    p->t = t;
    p->catalog = catalog;
    p->definition = definition;
    TRY(check_definition(p));
    TRY(plan_space(p));
    const struct table_schema *same = NULL;
    err = catalog_find_table_for(catalog, t, p->name.text, &same);
    catalog_release_table(catalog, same);
    if (err >= 0)
        RAISE(JET_errTableDuplicate);
    TRY(err == JET_errObjectNotFound ? JET_errSuccess : err);
    TRY(txn_begin(t));
    has_begun = true;
    TRY(catalog_store_open(t, catalog, &p->store));
    TRY(make_tree(p));
    TRY(add_table_row(p));
    p->created++;
    TRY(add_columns(p));
    TRY(inherit_indexes(p));
    TRY(add_indexes(p));
    TRY(add_callback(p));
done:
    if (p != NULL) {
        catalog_release_table(catalog, p->base);
        catalog_release_table(catalog, p->schema);
        catalog_store_close(&p->store);
    }
    if (has_begun)
        err = catalog_end_change(t, err);
    if (definition->created_out != NULL)
        *definition->created_out = p != NULL ? p->created : 0;
    mem_free(p);
    return err;
}
