/* Indexes of tables that exist: made and deleted (ddl.h; records-and-catalog 6.5).
 *
 * While either is in progress nobody else may change rows of the table, and those who have are waited for, so that what is on the pages is what the new index
 * must hold. An index is seen by others when its transaction commits; its tree is filled without versions, since nobody can reach it before. */
#include "base/memory.h"
#include "btree/extent.h"
#include "btree/update.h"
#include "catalog/internal.h"

enum { SMALL_TREE_PAGES_MOST = 32 };

static JET_ERR enter(const struct table_change *change)
{
    JET_ERR err = JET_errSuccess;
    struct table_state *state;
    TRY(catalog_table_state(change->catalog, change->table->objid, &state));
    TRY(catalog_enter_exclusive(change->catalog, change->t, state));
done:
    return err;
}

/* --- making --- */

static JET_ERR tree_is_empty(struct catalog *catalog, page_no_t root, uint32_t objid, bool *is_empty)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    TRY(btree_open(catalog->db->pages, root, objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    err = btree_first(&cursor);
    *is_empty = err == JET_errNoCurrentRecord || err == JET_errRecordNotFound;
    if (*is_empty)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR check_empty(const struct table_change *change)
{
    JET_ERR err = JET_errSuccess;
    bool is_empty;
    TRY(tree_is_empty(change->catalog, change->table->root, change->table->objid, &is_empty));
    if (!is_empty)
        RAISE(JET_errTableNotEmpty);
done:
    return err;
}

static JET_ERR place_primary(const struct table_change *change, struct new_index *x)
{
    JET_ERR err = JET_errSuccess;
    struct index index = {.segment_count = x->row.key_segments.size / 4};
    if (schema_primary(change->table) != NULL)
        RAISE(JET_errIndexHasPrimary);
    TRY(check_empty(change));
    for (uint32_t i = 0; i < index.segment_count; i++)
        index.segments[i].column_id = load_le16(x->row.key_segments.data + 4 * i + 2);
    if (!catalog_row_has(&x->row, CATALOG_KEY_MOST) && index_exact_key_size(change->table, &index) != 0) {
        x->row.key_most = index_exact_key_size(change->table, &index);
        catalog_row_set(&x->row, CATALOG_KEY_MOST);
    }
    x->row.id = change->table->objid;
    x->row.type_or_root = change->table->root;
done:
    return err;
}

static JET_ERR place_secondary(const struct table_change *change, struct new_index *x)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = change->catalog->db;
    uint32_t pages = x->hints.initial_pages > 1 ? x->hints.initial_pages : 1;
    uint32_t page_flags = PAGE_FLAG_INDEX | ((x->row.flags & INDEX_FLAG_UNIQUE) != 0 ? 0u : (unsigned)PAGE_FLAG_NON_UNIQUE);
    x->row.id = database_next_objid(db);
    TRY(space_create_tree(change->t, db, change->table->root, pages, pages > SMALL_TREE_PAGES_MOST, page_flags, x->row.id, 0, &x->row.type_or_root));
    TRY(catalog_note_created_tree(change->catalog, change->t, x->row.type_or_root, x->row.id));
done:
    return err;
}

static JET_ERR add_index(struct table_change *change, const struct index_definition *d, struct new_index *x)
{
    JET_ERR err = JET_errSuccess;
    TRY(index_define(change->catalog, change->table, d, change->table->density, x));
    if (schema_index_by_name(change->table, x->name.text) != NULL)
        RAISE(JET_errIndexDuplicate);
    TRY(catalog_use_new_index(change->catalog, change->t, change->table->objid, x->is_primary));
    TRY(x->is_primary ? place_primary(change, x) : place_secondary(change, x));
    catalog_row_stamp(change->catalog->db, &x->row);
    err = catalog_store_insert(&change->store, &x->row);
    TRY(err == JET_errKeyDuplicate ? error_raise(x->is_primary ? JET_errIndexHasPrimary : JET_errIndexDuplicate, __FILE__, __LINE__) : err);
    if ((x->row.flags & INDEX_FLAG_UNICODE_TEXT) != 0)
        TRY(catalog_locales_count(change->t, change->catalog, x->locale, x->sort_id, x->sort_version, 1));
done:
    return err;
}

/* The schema with the new indexes is read back, for the build to make keys with. */
static JET_ERR build(struct table_change *change, const uint32_t *objids, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *table = NULL;
    if (count == 0)
        goto done;
    TRY(catalog_find_table_by_objid_for(change->catalog, change->t, change->table->objid, &table));
    TRY(index_build(change->t, change->catalog, table, objids, count, NULL));
done:
    catalog_release_table(change->catalog, table);
    return err;
}

JET_ERR catalog_create_indexes(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const struct index_definition *definitions, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct new_index *x = mem_alloc(sizeof *x);
    uint32_t *objids = mem_alloc_array(count + 1, sizeof *objids), built = 0, current = 0;
    if (x == NULL || objids == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(table_change_begin(t, catalog, objid_table, &change));
    TRY(catalog_check_changeable(change.table, count > 0 && definitions[0].is_permitted));
    TRY(enter(&change));
    for (; current < count; current++) {
        TRY(add_index(&change, &definitions[current], x));
        if (!x->is_primary && !x->is_empty)
            objids[built++] = x->row.id;
        if (x->is_primary && current + 1 < count) { /* the others must see it */
            catalog_release_table(catalog, change.table);
            change.table = NULL;
            TRY(catalog_find_table_by_objid_for(catalog, t, objid_table, &change.table));
        }
    }
    current = count > 0 ? count - 1 : 0;
    TRY(build(&change, objids, built));
done:
    err = table_change_end(&change, err);
    for (uint32_t i = 0; i < count; i++)
        if (definitions[i].err_out != NULL)
            *definitions[i].err_out = err < 0 && i == current ? err : JET_errSuccess;
    mem_free(objids);
    mem_free(x);
    return err;
}

/* --- deleting --- */

static JET_ERR delete_index(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, bool is_forced)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_name checked;
    TRY(catalog_name_init(&checked, name));
    TRY(table_change_begin(t, catalog, objid_table, &change));
    if (!is_forced)
        TRY(catalog_check_changeable(change.table, false));
    const struct index *index = schema_index_by_name(change.table, checked.text);
    if (index == NULL)
        RAISE(JET_errIndexNotFound);
    if ((index->flags & INDEX_FLAG_DERIVED) != 0)
        RAISE(JET_errFixedInheritedDDL);
    if (index_is_primary(index))
        RAISE(JET_errIndexMustStay);
    TRY(enter(&change));
    err = catalog_store_delete(&change.store, objid_table, CATALOG_ROW_INDEX, index->objid);
    TRY(err == JET_errRecordNotFound ? error_raise(JET_errIndexNotFound, __FILE__, __LINE__) : err);
    if ((index->flags & INDEX_FLAG_UNICODE_TEXT) != 0 && index->locale != NULL)
        TRY(catalog_locales_count(t, catalog, index->locale, index->sort_id, index->sort_version, -1));
    TRY(catalog_note_deleted_tree(catalog, t, index->root, index->objid));
    TRY(catalog_note_index_deleted(catalog, t, objid_table));
done:
    return table_change_end(&change, err);
}

JET_ERR catalog_delete_index(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name)
{
    return delete_index(t, catalog, objid_table, name, false);
}

/* --- sort orders that are out of date --- */

JET_ERR catalog_drop_outdated_index(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name)
{
    return delete_index(t, catalog, objid_table, name, true);
}

JET_ERR catalog_index_is_empty(struct catalog *catalog, const struct index *index, bool *is_empty)
{
    return tree_is_empty(catalog, index->root, index->objid, is_empty);
}

JET_ERR catalog_renew_sort_order(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    uint8_t sort_id[16], version[8];
    uint64_t sort_version;
    TRY(table_change_begin(t, catalog, objid_table, &change));
    const struct index *index = schema_index_by_name(change.table, name);
    if (index == NULL)
        RAISE(JET_errIndexNotFound);
    TRY(collation_current(catalog_weights(catalog), index->locale, sort_id, &sort_version));
    TRY(enter(&change));
    TRY(catalog_store_read(&change.store, objid_table, CATALOG_ROW_INDEX, index->objid, &row));
    store_le64(version, sort_version);
    row.version = span_of(version, sizeof version);
    row.sort_id = span_of(sort_id, sizeof sort_id);
    TRY(catalog_store_replace(&change.store, &row));
    if (index->locale != NULL) {
        TRY(catalog_locales_count(t, catalog, index->locale, index->sort_id, index->sort_version, -1));
        TRY(catalog_locales_count(t, catalog, index->locale, sort_id, sort_version, 1));
    }
done:
    catalog_row_free(&row);
    return table_change_end(&change, err);
}
