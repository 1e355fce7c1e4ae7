/* Rows in the trees of the catalog (internal.h, records-and-catalog 6.2, 6.8).
 *
 * One row stands in MSysObjects and in its shadow, has an entry in the index of names, a table's row also in that of table names, and its object a row of
 * MSysObjids. All of these change together, in the caller's transaction, under its versions; only a new database is filled without.
 * Called by the files of this module that change schemas. No locks of its own. */
#include "base/memory.h"
#include "btree/update.h"
#include "catalog/internal.h"
#include "os/clock.h"

enum { OBJIDS_ROOT_NEW = 29, OBJIDS_OBJID_NEW = 6, NAME_OBJID = 4, TABLES_OBJID = 5, OBJID_KEY_SIZE = 5, OBJID_ROW_MOST = 48, FORMAT_WITH_ROOT_TIME = 230 };

static JET_ERR open_trees(struct transaction *t, struct database *db, struct catalog_store *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct catalog_store){.t = t, .db = db};
    TRY(btree_open_writable(db, CATALOG_ROOT, CATALOG_OBJID, &out->objects));
    TRY(btree_open_writable(db, CATALOG_NAME_ROOT, NAME_OBJID, &out->names));
    TRY(btree_open_writable(db, CATALOG_TABLES_ROOT, TABLES_OBJID, &out->tables));
    out->has_shadow = (db->header.flags & DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED) == 0;
    if (out->has_shadow)
        TRY(btree_open_writable(db, CATALOG_SHADOW_ROOT, CATALOG_SHADOW_OBJID, &out->shadow));
    out->record = mem_alloc(db->page_size);
    out->old = mem_alloc(db->page_size);
    if (out->record == NULL || out->old == NULL)
        RAISE(JET_errOutOfMemory);
done:
    return err;
}

JET_ERR catalog_store_open(struct transaction *t, struct catalog *catalog, struct catalog_store *out)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *objids = NULL;
    TRY(open_trees(t, catalog->db, out));
    err = catalog_find_table(catalog, "MSysObjids", &objids);
    if (err == JET_errObjectNotFound) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(btree_open_writable(catalog->db, objids->root, objids->objid, &out->objids));
    out->has_objids = true;
done:
    catalog_release_table(catalog, objids);
    return err;
}

JET_ERR catalog_store_open_new(struct transaction *t, struct database *db, struct catalog_store *out)
{
    JET_ERR err = JET_errSuccess;
    TRY(open_trees(t, db, out));
    out->options = BTREE_UNVERSIONED;
    TRY(btree_open_writable(db, OBJIDS_ROOT_NEW, OBJIDS_OBJID_NEW, &out->objids));
    out->has_objids = true;
done:
    return err;
}

void catalog_store_close(struct catalog_store *store)
{
    mem_free(store->record);
    mem_free(store->old);
    store->record = store->old = NULL;
}

static JET_ERR cursor_open(struct catalog_store *store, const struct btree *tree, struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    TRY(btree_cursor_open(tree, cursor));
    btree_cursor_set_reader(cursor, store->t);
done:
    return err;
}

/* --- MSysObjids --- */

static bool has_objids_row(const struct catalog_row *row)
{
    return row->type == CATALOG_ROW_TABLE || row->type == CATALOG_ROW_LONG_VALUE || (row->type == CATALOG_ROW_INDEX && row->id != row->objid_table);
}

/* Three tagged columns: objid, objidTable, type. On large pages each has a flag byte. */
static uint32_t encode_objids_row(const struct catalog_row *row, uint32_t page_size, uint8_t out[OBJID_ROW_MOST])
{
    const uint32_t values[3] = {row->id, row->objid_table, row->type}, sizes[3] = {4, 4, 2}, flag_size = page_size > 8192 ? 1 : 0;
    static const uint8_t head[4] = {0, VARIABLE_ID_FIRST - 1, RECORD_SIZE_MIN, 0};
    uint8_t *tagged = out + sizeof head;
    uint32_t at = 3 * 4;
    memcpy(out, head, sizeof head);
    for (uint32_t i = 0; i < 3; i++) {
        uint8_t bytes[4];
        store_le32(bytes, values[i]);
        store_le16(tagged + 4 * i, (uint16_t)(TAGGED_ID_FIRST + i));
        store_le16(tagged + 4 * i + 2, (uint16_t)at);
        if (flag_size != 0)
            tagged[at] = 0;
        memcpy(tagged + at + flag_size, bytes, sizes[i]);
        at += flag_size + sizes[i];
    }
    return (uint32_t)sizeof head + at;
}

static struct span objids_key(uint32_t objid, uint8_t room[OBJID_KEY_SIZE])
{
    room[0] = 0x7F;
    store_be32(room + 1, objid ^ 0x80000000u);
    return span_of(room, OBJID_KEY_SIZE);
}

/* --- one node --- */

/* Deletes the node with this key; one that is not there is no error: a damaged index must not keep a table from being deleted. */
static JET_ERR delete_key(struct catalog_store *store, const struct btree *tree, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    TRY(cursor_open(store, tree, &cursor));
    err = btree_seek(&cursor, key, BTREE_SEEK_EQ);
    if (err >= 0)
        err = btree_delete(store->t, &cursor, store->options);
    if (err == JET_errRecordNotFound)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR replace_key(struct catalog_store *store, const struct btree *tree, struct span key, struct span data)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    TRY(cursor_open(store, tree, &cursor));
    TRY(btree_seek(&cursor, key, BTREE_SEEK_EQ));
    TRY(btree_replace(store->t, &cursor, data, store->options));
done:
    btree_cursor_close(&cursor);
    return err;
}

/* --- rows --- */

static JET_ERR insert_names(struct catalog_store *store, const struct catalog_row *row, struct span key)
{
    JET_ERR err = JET_errSuccess;
    uint8_t room[CATALOG_NAME_KEY_MOST];
    TRY(btree_insert(store->t, &store->names, NULL, span_of(room, catalog_row_name_key(row->objid_table, row->type, row->name, room)), key, store->options));
    if (row->type == CATALOG_ROW_TABLE)
        TRY(btree_insert(store->t, &store->tables, NULL, span_of(room, catalog_table_name_key(row->name, room)), key, store->options));
done:
    return err;
}

static JET_ERR delete_names(struct catalog_store *store, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    uint8_t room[CATALOG_NAME_KEY_MOST];
    TRY(delete_key(store, &store->names, span_of(room, catalog_row_name_key(row->objid_table, row->type, row->name, room))));
    if (row->type == CATALOG_ROW_TABLE)
        TRY(delete_key(store, &store->tables, span_of(room, catalog_table_name_key(row->name, room))));
done:
    return err;
}

JET_ERR catalog_store_insert(struct catalog_store *store, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key_room[CATALOG_KEY_SIZE], objid_room[OBJID_KEY_SIZE], objid_row[OBJID_ROW_MOST];
    struct span key = span_of(key_room, catalog_row_key(row->objid_table, row->type, row->id, key_room));
    uint32_t size;
    TRY(catalog_row_encode(row, store->db->page_size, store->record, store->db->page_size, &size));
    TRY(insert_names(store, row, key));
    TRY(btree_insert(store->t, &store->objects, NULL, key, span_of(store->record, size), store->options));
    if (store->has_shadow)
        TRY(btree_insert(store->t, &store->shadow, NULL, key, span_of(store->record, size), store->options));
    if (store->has_objids && has_objids_row(row))
        TRY(btree_insert(store->t, &store->objids, NULL, objids_key(row->id, objid_room), span_of(objid_row, encode_objids_row(row, store->db->page_size, objid_row)),
                         store->options | BTREE_APPEND_HINT));
done:
    return err;
}

static JET_ERR copy_node(struct btree_cursor *cursor, uint32_t room, uint8_t *out, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    TRY(btree_cursor_get(cursor, &node));
    *size = node.data.size;
    if (node.data.size <= room)
        memcpy(out, node.data.data, node.data.size);
    else
        err = error_raise(JET_errCatalogCorrupted, __FILE__, __LINE__);
done:
    btree_cursor_release(cursor);
    return err;
}

JET_ERR catalog_store_read(struct catalog_store *store, uint32_t objid_table, uint32_t type, uint32_t id, struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    uint8_t key[CATALOG_KEY_SIZE];
    uint32_t size;
    *row = (struct catalog_row){0};
    TRY(cursor_open(store, &store->objects, &cursor));
    TRY(btree_seek(&cursor, span_of(key, catalog_row_key(objid_table, type, id, key)), BTREE_SEEK_EQ));
    TRY(copy_node(&cursor, store->db->page_size, store->old, &size));
    store->old_size = size;
    TRY(catalog_row_decode(span_of(store->old, size), store->db->page_size, NULL, row));
done:
    btree_cursor_close(&cursor);
    return err;
}

JET_ERR catalog_store_replace(struct catalog_store *store, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row old = {0};
    struct record_view view;
    struct column_value name;
    uint32_t size, count;
    uint8_t room[CATALOG_KEY_SIZE];
    struct span key = span_of(room, catalog_row_key(row->objid_table, row->type, row->id, room));
    TRY(catalog_row_encode(row, store->db->page_size, store->record, store->db->page_size, &size));
    /* The row as it was is still in store->old; its name tells which entries go. */
    TRY(record_view_init(&view, span_of(store->old, store->old_size), store->db->page_size));
    const struct column *columns = catalog_columns(&count);
    for (uint32_t i = 0; i < count; i++)
        if (columns[i].id == VARIABLE_ID_FIRST) {
            TRY(record_column(&view, &columns[i], 1, &name));
            old.name = name.bytes;
        }
    old.objid_table = row->objid_table;
    old.type = row->type;
    if (!span_equal(old.name, row->name)) {
        TRY(delete_names(store, &old));
        TRY(insert_names(store, row, key));
    }
    TRY(replace_key(store, &store->objects, key, span_of(store->record, size)));
    if (store->has_shadow) {
        err = replace_key(store, &store->shadow, key, span_of(store->record, size));
        TRY(err == JET_errRecordNotFound ? btree_insert(store->t, &store->shadow, NULL, key, span_of(store->record, size), store->options) : err);
    }
done:
    return err;
}

JET_ERR catalog_store_touch(struct catalog_store *store, uint32_t objid_table)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    uint8_t key[CATALOG_KEY_SIZE];
    uint32_t size;
    TRY(cursor_open(store, &store->objects, &cursor));
    TRY(btree_seek(&cursor, span_of(key, catalog_row_key(objid_table, CATALOG_ROW_TABLE, objid_table, key)), BTREE_SEEK_EQ));
    TRY(copy_node(&cursor, store->db->page_size, store->old, &size));
    TRY(btree_replace(store->t, &cursor, span_of(store->old, size), store->options));
done:
    btree_cursor_close(&cursor);
    return err == JET_errRecordNotFound ? JET_errObjectNotFound : err;
}

static JET_ERR delete_row(struct catalog_store *store, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    uint8_t room[CATALOG_KEY_SIZE];
    struct span key = span_of(room, catalog_row_key(row->objid_table, row->type, row->id, room));
    TRY(delete_key(store, &store->objects, key));
    if (store->has_shadow)
        TRY(delete_key(store, &store->shadow, key));
    TRY(delete_names(store, row));
    if (store->has_objids && has_objids_row(row))
        TRY(delete_key(store, &store->objids, objids_key(row->id, room)));
done:
    return err;
}

JET_ERR catalog_store_delete(struct catalog_store *store, uint32_t objid_table, uint32_t type, uint32_t id)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row row;
    TRY(catalog_store_read(store, objid_table, type, id, &row));
    TRY(delete_row(store, &row));
done:
    catalog_row_free(&row);
    return err;
}

JET_ERR catalog_store_delete_all(struct catalog_store *store, uint32_t objid_table)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    struct catalog_row row = {0};
    uint8_t key[CATALOG_KEY_SIZE];
    const uint32_t prefix = OBJID_KEY_SIZE;
    catalog_row_key(objid_table, 0, 0, key);
    TRY(cursor_open(store, &store->objects, &cursor));
    for (;;) {
        uint32_t size;
        /* Each row is gone before the next is looked for, so the first of the table is always the next one. */
        err = btree_seek(&cursor, span_of(key, prefix), BTREE_SEEK_GE);
        if (err == JET_errRecordNotFound || err == JET_errNoCurrentRecord) {
            err = JET_errSuccess;
            break;
        }
        TRY(err);
        struct span found = btree_cursor_key(&cursor);
        if (found.size < prefix || memcmp(found.data, key, prefix) != 0)
            break;
        TRY(copy_node(&cursor, store->db->page_size, store->old, &size));
        TRY(catalog_row_decode(span_of(store->old, size), store->db->page_size, NULL, &row));
        TRY(delete_row(store, &row));
        catalog_row_free(&row);
    }
done:
    catalog_row_free(&row);
    btree_cursor_close(&cursor);
    return err;
}

/* Every row of MSysObjects that names an object of MSysObjids. */
static JET_ERR list_objids(struct catalog_store *store, struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row row = {0};
    uint8_t key[OBJID_KEY_SIZE], record[OBJID_ROW_MOST];
    uint32_t size;
    for (err = btree_first(cursor); err >= 0; err = btree_next(cursor)) {
        TRY(copy_node(cursor, store->db->page_size, store->old, &size));
        TRY(catalog_row_decode(span_of(store->old, size), store->db->page_size, NULL, &row));
        if (has_objids_row(&row))
            TRY(btree_insert(store->t, &store->objids, NULL, objids_key(row.id, key), span_of(record, encode_objids_row(&row, store->db->page_size, record)), BTREE_UNVERSIONED));
        catalog_row_free(&row);
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    catalog_row_free(&row);
    return err;
}

JET_ERR catalog_fill_objids(struct transaction *t, struct catalog *catalog)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_store store = {.record = NULL};
    struct btree_cursor cursor = {0};
    TRY(catalog_store_open(t, catalog, &store));
    if (!store.has_objids)
        goto done;
    TRY(btree_cursor_open(&store.objects, &cursor));
    TRY(list_objids(&store, &cursor));
done:
    btree_cursor_close(&cursor);
    catalog_store_close(&store);
    return err;
}

void catalog_row_stamp(const struct database *db, struct catalog_row *row)
{
    const int64_t seconds_1601_to_1970 = 11644473600;
    int64_t seconds;
    unsigned milliseconds;
    if (db->header.update_major < FORMAT_WITH_ROOT_TIME)
        return;
    clock_now(&seconds, &milliseconds);
    row->last_set_time = (uint64_t)(seconds + seconds_1601_to_1970) * 10000000u + milliseconds * 10000u;
    catalog_row_set(row, CATALOG_LAST_SET_TIME);
}
