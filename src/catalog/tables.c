/* Tables deleted and renamed, and the trees of their long values (ddl.h). */
#include "base/memory.h"
#include "base/text.h"
#include "btree/extent.h"
#include "catalog/internal.h"
#include "txn/txn.h"

enum { LONG_VALUES_DENSITY = 100, SMALL_TREE_PAGES_MOST = 32 };
/* Long-value trees are made in transactions of their own, one at a time in a database: their session in the log. Sessions count up from 0, and the
 * cleanup has the two numbers below 0xFFFD. */
enum { PROCID_LONG_VALUE_TREES = 0xFF00 };

static JET_ERR find_objid(struct transaction *t, struct catalog *catalog, const char *name, uint32_t *objid)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_name checked;
    const struct table_schema *table = NULL;
    TRY(catalog_name_init(&checked, name));
    TRY(catalog_find_table_for(catalog, t, checked.text, &table));
    *objid = table->objid;
done:
    catalog_release_table(catalog, table);
    return err;
}

static JET_ERR uncount_locales(struct transaction *t, struct catalog *catalog, const struct table_schema *table)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < table->index_count; i++) {
        const struct index *x = &table->indexes[i];
        if ((x->flags & INDEX_FLAG_UNICODE_TEXT) != 0 && x->locale != NULL)
            TRY(catalog_locales_count(t, catalog, x->locale, x->sort_id, x->sort_version, -1));
    }
done:
    return err;
}

JET_ERR catalog_delete_table(struct transaction *t, struct catalog *catalog, const char *name)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct table_state *state;
    uint32_t objid;
    TRY(find_objid(t, catalog, name, &objid));
    TRY(table_change_begin(t, catalog, objid, &change));
    if ((change.table->flags & TABLE_FLAG_SYSTEM) != 0)
        RAISE(JET_errCannotDeleteSystemTable);
    if ((change.table->flags & TABLE_FLAG_TEMPLATE) != 0)
        RAISE(JET_errCannotDeleteTemplateTable);
    TRY(catalog_table_state(catalog, objid, &state));
    TRY(catalog_mark_deleted(catalog, t, state));
    if (atomic_load(&state->open_count) > 0)
        RAISE(JET_errTableInUse);
    TRY(catalog_enter_exclusive(catalog, t, state));
    TRY(uncount_locales(t, catalog, change.table));
    TRY(catalog_store_delete_all(&change.store, objid));
    TRY(catalog_note_deleted_tree(catalog, t, change.table->root, objid));
done:
    return table_change_end(&change, err);
}

JET_ERR catalog_rename_table(struct transaction *t, struct catalog *catalog, const char *name, const char *new_name)
{
    JET_ERR err = JET_errSuccess;
    struct table_change change = {.catalog = catalog};
    struct catalog_row row = {0};
    struct catalog_name to;
    const struct table_schema *other = NULL;
    uint32_t objid;
    TRY(find_objid(t, catalog, name, &objid));
    TRY(catalog_name_init(&to, new_name));
    TRY(table_change_begin(t, catalog, objid, &change));
    if ((change.table->flags & TABLE_FLAG_SYSTEM) != 0)
        RAISE(JET_errInvalidObject);
    if ((change.table->flags & TABLE_FLAG_TEMPLATE) != 0) /* derived tables name it */
        RAISE(JET_errFixedDDL);
    err = catalog_find_table_for(catalog, t, to.text, &other);
    if (err >= 0 && other->objid != objid)
        RAISE(JET_errTableDuplicate);
    TRY(err == JET_errObjectNotFound ? JET_errSuccess : err);
    TRY(catalog_store_read(&change.store, objid, CATALOG_ROW_TABLE, objid, &row));
    row.name = catalog_name_span(&to);
    err = catalog_store_replace(&change.store, &row);
    TRY(err == JET_errKeyDuplicate ? error_raise(JET_errTableDuplicate, __FILE__, __LINE__) : err);
done:
    catalog_row_free(&row);
    catalog_release_table(catalog, other);
    return table_change_end(&change, err);
}

/* --- long values --- */

/* In t's level: the tree, its row, and the note for a rollback. */
static JET_ERR make_long_value_tree(struct transaction *t, struct catalog *catalog, const struct table_schema *table, page_no_t *root, uint32_t *objid)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_store store = {0};
    struct database *db = catalog->db;
    uint32_t pages = space_hints_initial_pages(table->deferred_lv_hints, SPACE_HINTS_LONG_VALUES, db->page_size);
    uint32_t density = space_hints_density(table->deferred_lv_hints);
    TRY(catalog_store_open(t, catalog, &store));
    *objid = database_next_objid(db);
    TRY(space_create_tree(t, db, table->root, pages, pages > SMALL_TREE_PAGES_MOST, PAGE_FLAG_LONG_VALUE, *objid, 0, root));
    TRY(catalog_note_created_tree(catalog, t, *root, *objid));
    struct catalog_row row = {.objid_table = table->objid, .type = CATALOG_ROW_LONG_VALUE, .id = *objid, .type_or_root = *root,
                              .space_usage = density != 0 ? density : LONG_VALUES_DENSITY, .pages_or_locale = pages, .name = span_of("LV", 2)};
    catalog_row_stamp(db, &row);
    TRY(catalog_store_insert(&store, &row));
done:
    catalog_store_close(&store);
    return err;
}

static JET_ERR make_in_level(struct transaction *t, struct catalog *catalog, const struct table_schema *table, page_no_t *root, uint32_t *objid)
{
    JET_ERR err = JET_errSuccess;
    TRY(txn_begin(t));
    err = make_long_value_tree(t, catalog, table, root, objid);
    if (err >= 0)
        err = catalog_note_change(catalog, t, table->objid, false);
    err = catalog_end_change(t, err);
done:
    return err;
}

/* For everybody at once: others may need it before the caller commits, and the caller may roll back. */
static JET_ERR make_for_all(struct catalog *catalog, const struct table_schema *table, page_no_t *root, uint32_t *objid)
{
    JET_ERR err = JET_errSuccess;
    struct transaction own;
    bool is_open = false;
    struct database *db = catalog->db;
    memset(&own, 0, sizeof own);
    TRY(transaction_open(&own, db->versions, db->log, (uint16_t)(PROCID_LONG_VALUE_TREES + db->dbid)));
    is_open = true;
    TRY(make_in_level(&own, catalog, table, root, objid));
done:
    if (is_open)
        transaction_close(&own);
    return err;
}

JET_ERR catalog_need_long_value_tree(struct catalog *catalog, struct transaction *t, uint32_t objid_table, page_no_t *root, uint32_t *objid)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *table = NULL;
    struct table_state *state, *made = NULL;
    bool is_created;
    TRY(catalog_table_state(catalog, objid_table, &state));
    if (catalog_known_long_value_tree(catalog, objid_table, root, objid))
        goto done;
    catalog_begin_long_values(catalog);
    err = catalog_find_table_by_objid_for(catalog, t, objid_table, &table);
    if (err >= 0 && table->lv_root != 0) {
        *root = table->lv_root;
        *objid = table->lv_objid;
    } else if (err >= 0) {
        (void)catalog_has_changed(catalog, t, objid_table, &is_created);
        err = is_created ? make_in_level(t, catalog, table, root, objid) : make_for_all(catalog, table, root, objid);
        made = err >= 0 && !is_created ? state : NULL;
    }
    catalog_end_long_values(catalog, made, made != NULL ? *root : 0, made != NULL ? *objid : 0);
done:
    if (err < 0) /* what was begun has been taken back */
        *root = *objid = 0;
    catalog_release_table(catalog, table);
    return err;
}
