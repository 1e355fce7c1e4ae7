/* The objects: the file's own space, then every table with its indexes and long values, in the order of the catalog's rows.
 *
 * The idea: rows of one table stand together (table row, columns, indexes, long values), so the catalog is read once, and each object is
 * checked when its row comes by. The stack of owners (check_space.c) has the file at the bottom, the table at hand above it, and one index or
 * long-value tree above that. The catalog's cursor holds nothing between rows.
 */
#include "check/internal.h"

#include "catalog/row.h"

enum { FILE_ROOT = 1, FILE_OBJID = 1 };

struct object_scan {
    struct check *check;
    bool has_table;
    page_no_t table_root;
    uint32_t table_objid;
    struct table_contents contents;
    struct check_digest catalog_rows, shadow_rows; /* rows of MSysObjects and of its shadow */
    uint32_t last_objid;
};

/* A name from the catalog for findings: printable ASCII, the rest as '?'. */
static void set_name(char *room, struct span name)
{
    uint32_t size = name.size < CHECK_NAME_SIZE - 1 ? name.size : CHECK_NAME_SIZE - 1;
    for (uint32_t i = 0; i < size; i++)
        room[i] = name.data[i] >= 0x20 && name.data[i] < 0x7F ? (char)name.data[i] : '?';
    room[size] = 0;
}

static void set_object(struct check *c, const char *name, uint32_t objid)
{
    set_name(c->object, span_of(name, (uint32_t)strlen(name)));
    c->objid = objid;
}

/* The header of a database in use is written seldom, so only a clean one can be held to its last object id. */
static void check_objid(struct check *c)
{
    if (c->is_clean && c->objid > c->db->header.objid_last)
        check_report_finding(c, CHECK_ERROR, JET_errCatalogCorrupted, 0, "object id %u is above the highest given out, %u", c->objid,
                             c->db->header.objid_last);
}

/* Makes the object the owner at a level and reads its space. */
static JET_ERR enter_owner(struct check *c, enum level level, page_no_t root, uint32_t objid, page_no_t parent, enum tree_kind kind)
{
    c->level = level;
    c->owners[level].root = root;
    c->owners[level].objid = objid;
    return check_space_begin(c, parent, kind);
}

/* Walks the tree of the object at hand; digest (may be NULL) collects its entries. */
static JET_ERR walk_tree(struct check *c, page_no_t root, uint32_t objid, enum tree_kind kind, struct check_digest *digest)
{
    JET_ERR err = JET_errSuccess;
    struct node n;
    bool at_end = false;
    uint8_t *key = mem_alloc(BTREE_KEY_MAX);
    if (key == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(tree_walk_begin(c->walk, root, objid, kind));
    for (;;) {
        TRY(tree_walk_next(c->walk, &n, &at_end));
        if (at_end)
            break;
        if (node_key_size(&n) > BTREE_KEY_MAX)
            check_report_finding(c, CHECK_ERROR, JET_errNodeCorrupted, c->walk->levels[c->walk->depth - 1].view.page_no, "key is too long");
        else if (digest != NULL)
            check_digest_add(digest, span_of(key, node_copy_key(&n, key)), n.data);
    }
done:
    mem_free(key);
    return err;
}

/* --- one table --- */

static JET_ERR end_table(struct object_scan *scan)
{
    JET_ERR err = JET_errSuccess;
    struct check *c = scan->check;
    if (!scan->has_table)
        return JET_errSuccess;
    scan->has_table = false;
    c->level = LEVEL_TABLE;
    set_object(c, "", scan->table_objid);
    if (!c->options.skip_records && scan->contents.schema != NULL && scan->contents.is_table_sound)
        TRY(check_records(c, &scan->contents));
done:
    table_contents_end(&scan->contents);
    set_object(c, "", scan->table_objid);
    check_space_end(c);
    c->level = LEVEL_FILE;
    c->table[0] = 0;
    c->objid = 0;
    return err;
}

static JET_ERR begin_table(struct object_scan *scan, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct check *c = scan->check;
    struct check_digest *digest = row->id == CATALOG_OBJID ? &scan->catalog_rows : row->id == CATALOG_SHADOW_OBJID ? &scan->shadow_rows : NULL;
    set_name(c->table, row->name);
    set_object(c, "", row->id);
    if (row->id != row->objid_table)
        check_report_finding(c, CHECK_ERROR, JET_errCatalogCorrupted, 0, "table has object id %u, but owner %u", row->id, row->objid_table);
    check_objid(c);
    scan->has_table = true;
    scan->table_root = row->type_or_root;
    scan->table_objid = row->id;
    c->report->tables++;
    TRY(enter_owner(c, LEVEL_TABLE, row->type_or_root, row->id, FILE_ROOT, TREE_TABLE));
    TRY(walk_tree(c, row->type_or_root, row->id, TREE_TABLE, digest));
    c->report->records += c->walk->nodes;
    bool is_sound = c->walk->is_complete;
    TRY(table_contents_begin(c, &scan->contents, row->id));
    scan->contents.is_table_sound = is_sound;
done:
    return err;
}

static void check_uniqueness(struct check *c, const struct catalog_row *row)
{
    bool is_unique_row = (row->flags & INDEX_FLAG_UNIQUE) != 0 && (row->flags & INDEX_FLAG_OPTIONALLY_UNIQUE) == 0;
    bool is_unique_tree = (c->walk->root_flags & PAGE_FLAG_NON_UNIQUE) == 0;
    if (c->walk->is_complete && is_unique_row != is_unique_tree)
        check_report_finding(c, CHECK_ERROR, JET_errSecondaryIndexCorrupted, row->type_or_root, "catalog and root page disagree about unique keys");
}

static JET_ERR check_child(struct object_scan *scan, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct check *c = scan->check;
    bool is_index = row->type == CATALOG_ROW_INDEX;
    if (!scan->has_table || row->objid_table != scan->table_objid) {
        check_report_finding(c, CHECK_ERROR, JET_errCatalogCorrupted, 0, "catalog row of object %u has no table (owner %u)", row->id, row->objid_table);
        goto done;
    }
    if (is_index && (row->flags & INDEX_FLAG_PRIMARY) != 0) {
        if (row->id != scan->table_objid || row->type_or_root != scan->table_root)
            check_report_finding(c, CHECK_ERROR, JET_errCatalogCorrupted, 0, "primary index has object id %u and root page %u, its table %u and %u", row->id,
                                 row->type_or_root, scan->table_objid, scan->table_root);
        goto done;
    }
    set_name(c->object, row->name);
    c->objid = row->id;
    check_objid(c);
    enum tree_kind kind = is_index ? TREE_INDEX : TREE_LONG_VALUES;
    struct check_digest digest = {.count = 0};
    uint32_t position = is_index ? table_contents_index(&scan->contents, row->id) : UINT32_MAX;
    TRY(enter_owner(c, LEVEL_CHILD, row->type_or_root, row->id, scan->table_root, kind));
    TRY(walk_tree(c, row->type_or_root, row->id, kind, &digest));
    if (is_index) {
        c->report->indexes++;
        c->report->index_entries += digest.count;
        check_uniqueness(c, row);
        if (c->walk->is_complete && position != UINT32_MAX)
            scan->contents.entries[position] = digest;
    } else {
        c->report->long_value_trees++;
        scan->contents.are_long_values_sound = c->walk->is_complete;
        if (c->walk->is_complete && scan->contents.schema != NULL)
            TRY(check_long_values(c, &scan->contents));
    }
    check_space_end(c);
done:
    c->level = scan->has_table ? LEVEL_TABLE : LEVEL_FILE;
    set_object(c, "", scan->table_objid);
    return err;
}

/* --- the catalog --- */

static JET_ERR check_row(struct object_scan *scan, struct span record)
{
    JET_ERR err = JET_errSuccess;
    struct check *c = scan->check;
    struct catalog_row row;
    err = catalog_row_decode(record, c->page_size, NULL, &row);
    if (err < 0) {
        if (!check_is_finding(err))
            goto done;
        check_report_finding(c, CHECK_ERROR, err, 0, "catalog row cannot be read");
        err = JET_errSuccess;
        goto done;
    }
    if (row.type == CATALOG_ROW_TABLE) {
        TRY(end_table(scan));
        TRY(begin_table(scan, &row));
    } else if (row.type == CATALOG_ROW_INDEX || row.type == CATALOG_ROW_LONG_VALUE) {
        TRY(check_child(scan, &row));
    }
done:
    catalog_row_free(&row);
    return err;
}

static JET_ERR scan_catalog(struct object_scan *scan)
{
    JET_ERR err = JET_errSuccess;
    struct check *c = scan->check;
    struct btree tree;
    struct btree_cursor cursor = {.tree = NULL};
    struct node n;
    uint8_t *record = mem_alloc(c->page_size);
    if (record == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(btree_open(c->file, CATALOG_ROOT, CATALOG_OBJID, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        TRY(btree_cursor_get(&cursor, &n));
        struct span bytes = span_of(record, n.data.size);
        memcpy(record, n.data.data, n.data.size); /* the row's object is walked with no page held */
        btree_cursor_release(&cursor);
        TRY(check_row(scan, bytes));
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    mem_free(record);
    return err;
}

JET_ERR check_objects(struct check *c)
{
    JET_ERR err = JET_errSuccess, end_error;
    struct object_scan scan = {.check = c};
    TRY(enter_owner(c, LEVEL_FILE, FILE_ROOT, FILE_OBJID, 0, TREE_TABLE));
    TRY(walk_tree(c, FILE_ROOT, FILE_OBJID, TREE_TABLE, NULL));
    if (c->walk->nodes != 0)
        check_report_finding(c, CHECK_ERROR, JET_errDatabaseCorrupted, FILE_ROOT, "root of the file has nodes");
    err = scan_catalog(&scan);
    if (err < 0 && check_is_finding(err)) {
        check_report_finding(c, CHECK_ERROR, JET_errCatalogCorrupted, CATALOG_ROOT, "catalog cannot be read to its end (%d)", (int)err);
        err = JET_errSuccess;
    }
    end_error = end_table(&scan);
    if (err >= 0)
        err = end_error;
    if (err < 0)
        goto done;
    bool is_shadow_kept = (c->db->header.flags & DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED) == 0;
    if (is_shadow_kept && !check_digest_equal(&scan.catalog_rows, &scan.shadow_rows))
        check_report_finding(c, CHECK_ERROR, JET_errCatalogCorrupted, CATALOG_SHADOW_ROOT, "the catalog and its shadow differ: %llu and %llu rows",
                             (unsigned long long)scan.catalog_rows.count, (unsigned long long)scan.shadow_rows.count);
    c->level = LEVEL_FILE;
    c->objid = FILE_OBJID;
    check_space_end(c);
done:
    table_contents_end(&scan.contents);
    return err;
}
