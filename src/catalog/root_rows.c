/* Rows of the catalogs that name the root of a tree (root_rows.h). They are found, not changed: that is part of the move itself. */
#include "catalog/root_rows.h"

#include "base/bytes.h"
#include "catalog/internal.h"

enum { ROOT_COLUMN = 4 }; /* ColtypOrPgnoFDP */

static uint32_t root_offset(void)
{
    uint32_t count;
    const struct column *columns = catalog_columns(&count);
    uint32_t i = 0;
    while (columns[i].id != ROOT_COLUMN)
        i++;
    return columns[i].offset;
}

/* *found false: there is no such row, or it names another root. */
static JET_ERR find_row(const struct btree *tree, struct span key, struct root_move *move, bool *exists, bool *found)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    struct node node;
    *exists = *found = false;
    TRY(btree_cursor_open(tree, &cursor));
    err = btree_seek(&cursor, key, BTREE_SEEK_EQ);
    if (err == JET_errRecordNotFound) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(btree_cursor_get(&cursor, &node));
    *exists = true;
    uint32_t offset = root_offset();
    *found = !btree_cursor_is_copied(&cursor) && range_within(offset, sizeof(uint32_t), node.data.size) && load_le32(node.data.data + offset) == move->root && move->row_count < ROOT_MOVE_ROWS_MAX;
    if (*found)
        move->rows[move->row_count++] = (struct root_move_row){.tree = *tree, .page_no = cursor.ref.view.page_no, .line = cursor.line, .offset = offset};
done:
    btree_cursor_release(&cursor);
    btree_cursor_close(&cursor);
    return err;
}

/* The rows of one catalog. */
static JET_ERR find_rows(const struct btree *tree, uint32_t objid_table, uint32_t type, struct root_move *move, bool *agrees)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key[CATALOG_KEY_SIZE];
    bool exists;
    TRY(find_row(tree, span_of(key, catalog_row_key(objid_table, type, move->objid, key)), move, &exists, agrees));
    if (*agrees && type == CATALOG_ROW_TABLE) {
        bool found;
        TRY(find_row(tree, span_of(key, catalog_row_key(objid_table, CATALOG_ROW_INDEX, objid_table, key)), move, &exists, &found));
        *agrees = found || !exists;
    }
done:
    return err;
}

JET_ERR catalog_find_root_rows(struct database *db, uint32_t objid_table, uint32_t type, struct root_move *move)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    bool agrees = false;
    move->row_count = 0;
    TRY(btree_open_writable(db, CATALOG_ROOT, CATALOG_OBJID, &tree));
    TRY(find_rows(&tree, objid_table, type, move, &agrees));
    if (agrees && (db->header.flags & DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED) == 0) {
        TRY(btree_open_writable(db, CATALOG_SHADOW_ROOT, CATALOG_SHADOW_OBJID, &tree));
        TRY(find_rows(&tree, objid_table, type, move, &agrees));
    }
    if (!agrees)
        move->row_count = 0;
done:
    return err;
}

void catalog_forget_roots(struct database *db)
{
    mutex_lock(&db->header_lock);
    struct catalog *catalog = db->catalog;
    mutex_unlock(&db->header_lock);
    if (catalog == NULL)
        return;
    catalog_forget_all(catalog);
    catalog_forget_long_value_trees(catalog);
}
