/* What has been counted of tables and indexes, kept in their catalog rows (ddl.h). Column Stats, 20 bytes:
 *
 *   +0 entries, +4 different keys, +8 leaf pages: u32 each    +12 when: days since 1899-12-30, a double
 *
 * A table's row has the numbers of its rows, an index's those of its entries. */
#include "catalog/internal.h"
#include "txn/txn.h"

enum { STATISTICS_SIZE = 20 };

static uint32_t row_type(uint32_t objid_table, uint32_t objid) { return objid == objid_table ? CATALOG_ROW_TABLE : CATALOG_ROW_INDEX; }

JET_ERR catalog_set_statistics(struct transaction *t, struct catalog *catalog, uint32_t objid_table, uint32_t objid, const struct catalog_statistics *statistics)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_store store = {0};
    struct catalog_row row = {0};
    uint8_t bytes[STATISTICS_SIZE];
    bool has_begun = false;
    store_le32(bytes, statistics->entries);
    store_le32(bytes + 4, statistics->keys);
    store_le32(bytes + 8, statistics->pages);
    memcpy(bytes + 12, &statistics->when, sizeof statistics->when);
    TRY(txn_begin(t));
    has_begun = true;
    TRY(catalog_store_open(t, catalog, &store));
    TRY(catalog_store_read(&store, objid_table, row_type(objid_table, objid), objid, &row));
    row.stats = span_of(bytes, sizeof bytes);
    TRY(catalog_store_replace(&store, &row));
done:
    catalog_row_free(&row);
    catalog_store_close(&store);
    return has_begun ? catalog_end_change(t, err) : err;
}

JET_ERR catalog_get_statistics(struct transaction *t, struct catalog *catalog, uint32_t objid_table, uint32_t objid, struct catalog_statistics *out)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct catalog_row row = {0};
    struct node node;
    uint8_t key[CATALOG_KEY_SIZE];
    struct database *db = catalog_database(catalog);
    *out = (struct catalog_statistics){0};
    TRY(btree_open(db->pages, CATALOG_ROOT, CATALOG_OBJID, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    btree_cursor_set_reader(&cursor, t);
    err = btree_seek(&cursor, span_of(key, catalog_row_key(objid_table, row_type(objid_table, objid), objid, key)), BTREE_SEEK_EQ);
    if (err == JET_errRecordNotFound) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(btree_cursor_get(&cursor, &node));
    TRY(catalog_row_decode(node.data, db->page_size, NULL, &row));
    if (row.stats.size < STATISTICS_SIZE)
        goto done;
    out->entries = load_le32(row.stats.data);
    out->keys = load_le32(row.stats.data + 4);
    out->pages = load_le32(row.stats.data + 8);
    memcpy(&out->when, row.stats.data + 12, sizeof out->when);
done:
    catalog_row_free(&row);
    btree_cursor_release(&cursor);
    btree_cursor_close(&cursor);
    return err;
}
