/* The catalog of a damaged database, and that of its repaired copy (repair_internal.h; records-and-catalog 6).
 *
 * A row is taken from MSysObjects, or from its shadow where the catalog has lost it. Rows that cannot be of use are left out at once: of tables whose own row is lost, with object ids
 * that another tree has. Every tree that is left gets a root in the new file, its row is told so, and the rows go into both catalogs and their indexes by name. Long values of the
 * catalog itself (space hints of more than a thousand bytes) are not carried over: a row that has one loses the hint. */
#include <stdlib.h>

#include "base/memory.h"
#include "btree/extent.h"
#include "catalog/names.h"
#include "catalog/row.h"
#include "engine/repair_internal.h"

enum {
    SYSTEM_ROOT = 1, NAME_OBJID = 4, TABLES_OBJID = 5, CATALOG_PAGES = 20, CATALOG_INDEX_PAGES = 3, SHADOW_PAGES = 5,
    ROW_ROOT_OFFSET = 14, ROW_FIXED_LEAST = 4, CATALOG_BYTES_MOST = 1 << 30
};

static bool is_own(const struct repair_row *row) { return row->objid_table == CATALOG_OBJID || row->objid_table == CATALOG_SHADOW_OBJID; }
static bool is_primary(const struct repair_row *row) { return row->type == CATALOG_ROW_INDEX && row->id == row->objid_table; }
/* Does the row name a tree of its own? */
static bool has_tree(const struct repair_row *row)
{
    return row->type == CATALOG_ROW_TABLE || row->type == CATALOG_ROW_LONG_VALUE || (row->type == CATALOG_ROW_INDEX && !is_primary(row));
}
static int compare_keys(const struct repair_row *a, const struct repair_row *b) { return memcmp(a->key, b->key, sizeof a->key); }

/* --- reading --- */

struct row_list {
    struct repair_row *rows;
    uint32_t count, room;
    uint64_t bytes;
};

static void free_rows(struct repair_row *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        mem_free(rows[i].record);
    mem_free(rows);
}

/* A record as it will stand in the new catalog. JET_errCatalogCorrupted: it is no row. */
static JET_ERR make_row(uint32_t page_size, struct span key, struct span record, struct repair_row *out)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row row = {0};
    struct record_view view;
    struct tagged_entry entry;
    uint8_t own_key[CATALOG_KEY_SIZE];
    *out = (struct repair_row){.record = NULL};
    TRY(catalog_row_decode(record, page_size, NULL, &row));
    TRY(record_view_init(&view, record, page_size));
    if (key.size != sizeof own_key || catalog_row_key(row.objid_table, row.type, row.id, own_key) != sizeof own_key || memcmp(own_key, key.data, sizeof own_key) != 0)
        RAISE(JET_errCatalogCorrupted);
    if (row.type < CATALOG_ROW_TABLE || row.type > CATALOG_ROW_CALLBACK || row.name.size == 0 || row.name.size > OBJECT_NAME_MAX || view.fixed_last < ROW_FIXED_LEAST)
        RAISE(JET_errCatalogCorrupted);
    bool has_long_value = false;
    for (uint32_t i = 0; i < view.tagged_count; i++) {
        TRY(record_tagged_at(&view, i, &entry));
        has_long_value = has_long_value || (entry.flags & TAGGED_SEPARATED) != 0;
    }
    out->record = mem_alloc(page_size);
    if (out->record == NULL)
        RAISE(JET_errOutOfMemory);
    if (has_long_value) {
        row.tagged = span_of(NULL, 0);
        TRY(catalog_row_encode(&row, page_size, out->record, page_size, &out->size));
    } else {
        out->size = record.size;
        memcpy(out->record, record.data, record.size);
    }
    uint8_t *fitted = mem_resize(out->record, out->size);
    out->record = fitted != NULL ? fitted : out->record;
    memcpy(out->key, own_key, sizeof own_key);
    out->objid_table = row.objid_table;
    out->type = row.type;
    out->id = row.id;
    out->flags = row.flags;
    out->density = row.space_usage;
    out->root = row.type_or_root;
done:
    if (err < 0) {
        mem_free(out->record);
        out->record = NULL;
    }
    catalog_row_free(&row);
    return err;
}

static JET_ERR add_row(struct row_list *list, const struct repair_row *row)
{
    JET_ERR err = JET_errSuccess;
    if (list->count == list->room) {
        uint32_t room = list->room == 0 ? 256 : 2 * list->room;
        struct repair_row *more = mem_resize(list->rows, (size_t)room * sizeof *more);
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        list->rows = more;
        list->room = room;
    }
    list->bytes += sizeof *row + row->size;
    if (list->bytes > CATALOG_BYTES_MOST)
        RAISE(JET_errOutOfMemory);
    list->rows[list->count++] = *row;
done:
    return err;
}

/* *is_whole: false when rows may be missing. */
static JET_ERR read_one(struct repair *r, page_no_t root, uint32_t objid, struct row_list *out, bool *is_whole)
{
    JET_ERR err = JET_errSuccess;
    const struct repair_losses losses = {repair_tell_page, r};
    struct repair_tree tree = {.root = 0};
    struct repair_nodes *nodes = NULL;
    struct span key, data;
    TRY(repair_tree_walk(&r->file, root, objid, 0, &losses, &tree));
    *is_whole = tree.is_whole;
    TRY(repair_nodes_open(&tree, &nodes));
    while ((err = repair_nodes_next(nodes, &key, &data)) >= 0) {
        struct repair_row row;
        err = make_row(r->file.page_size, key, data, &row);
        if (err == JET_errOutOfMemory)
            goto done;
        if (err < 0) {
            *is_whole = false;
            continue;
        }
        err = add_row(out, &row);
        if (err < 0) {
            mem_free(row.record);
            goto done;
        }
    }
    err = err == JET_errNoCurrentRecord ? JET_errSuccess : err;
done:
    repair_nodes_close(nodes);
    repair_tree_free(&tree);
    return err;
}

/* Both in order of keys: a row that only the second has is taken over, a row of both is freed there. */
static JET_ERR merge(struct row_list *rows, struct row_list *shadow, struct row_list *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t i = 0, k = 0;
    while (i < rows->count || k < shadow->count) {
        int order = i == rows->count ? 1 : k == shadow->count ? -1 : compare_keys(&rows->rows[i], &shadow->rows[k]);
        struct repair_row *from = order <= 0 ? &rows->rows[i] : &shadow->rows[k];
        TRY(add_row(out, from));
        from->record = NULL;
        i += order <= 0;
        k += order >= 0;
    }
done:
    return err;
}

/* --- what of it makes sense --- */

uint32_t repair_catalog_end(const struct repair *r, uint32_t first)
{
    uint32_t i = first + 1;
    while (i < r->row_count && r->rows[i].objid_table == r->rows[first].objid_table)
        i++;
    return i;
}

struct repair_row *repair_catalog_tree(const struct repair *r, uint32_t first, uint32_t objid)
{
    uint32_t end = repair_catalog_end(r, first);
    for (uint32_t i = first; i < end; i++)
        if (!r->rows[i].is_dropped && r->rows[i].id == objid && has_tree(&r->rows[i]))
            return &r->rows[i];
    return NULL;
}

/* Rows of a table whose own row is lost say nothing that could be used. */
static void drop_without_table(struct repair *r)
{
    for (uint32_t first = 0, end; first < r->row_count; first = end) {
        end = repair_catalog_end(r, first);
        const struct repair_row *table = &r->rows[first];
        if (table->type == CATALOG_ROW_TABLE && table->id == table->objid_table && (end == first + 1 || r->rows[first + 1].type != CATALOG_ROW_TABLE))
            continue;
        for (uint32_t i = first; i < end; i++)
            r->rows[i].is_dropped = true;
        repair_tell_lost(r, "", table->objid_table, JET_errCatalogCorrupted);
    }
}

static int compare_objids(const void *a, const void *b)
{
    const struct repair_row *x = *(const struct repair_row *const *)a, *y = *(const struct repair_row *const *)b;
    return x->id != y->id ? (x->id < y->id ? -1 : 1) : (x > y) - (x < y);
}

/* Trees are told apart by object id: of two with the same the first in the catalog stays. The catalog's own are known. */
static JET_ERR drop_ambiguous(struct repair *r)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count = 0;
    struct repair_row **trees = mem_alloc_array(r->row_count + 1, sizeof *trees);
    if (trees == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < r->row_count; i++) {
        struct repair_row *row = &r->rows[i];
        if (row->is_dropped || !has_tree(row))
            continue;
        if (is_own(row)) {
            bool is_known = row->type == CATALOG_ROW_TABLE || (row->type == CATALOG_ROW_INDEX && row->objid_table == CATALOG_OBJID && (row->id == NAME_OBJID || row->id == TABLES_OBJID));
            row->is_dropped = !is_known;
        } else if (row->id < REPAIR_FIRST_OBJID) {
            row->is_dropped = true;
        } else {
            trees[count++] = row;
        }
    }
    qsort(trees, count, sizeof *trees, compare_objids);
    for (uint32_t i = 1; i < count; i++)
        if (trees[i]->id == trees[i - 1]->id) {
            trees[i]->is_dropped = true;
            r->is_damaged = true;
            if (trees[i]->type == CATALOG_ROW_TABLE)
                for (struct repair_row *row = trees[i]; row < r->rows + r->row_count && row->objid_table == trees[i]->objid_table; row++)
                    row->is_dropped = true;
        }
done:
    mem_free(trees);
    return err;
}

/* The catalog describes itself; nothing can be done without these rows. */
static JET_ERR check_own(const struct repair *r)
{
    bool has_catalog = false, has_names = false, has_tables = false;
    for (uint32_t i = 0; i < r->row_count && is_own(&r->rows[i]); i++) {
        const struct repair_row *row = &r->rows[i];
        if (row->is_dropped || row->objid_table != CATALOG_OBJID)
            continue;
        has_catalog = has_catalog || row->type == CATALOG_ROW_TABLE;
        has_names = has_names || (row->type == CATALOG_ROW_INDEX && row->id == NAME_OBJID);
        has_tables = has_tables || (row->type == CATALOG_ROW_INDEX && row->id == TABLES_OBJID);
    }
    return has_catalog && has_names && has_tables ? JET_errSuccess : error_raise(JET_errCatalogCorrupted, __FILE__, __LINE__);
}

static bool has_shadow(const struct repair *r) { return (r->file.header.flags & DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED) == 0; }

JET_ERR repair_catalog_read(struct repair *r)
{
    JET_ERR err = JET_errSuccess;
    struct row_list rows = {.rows = NULL}, shadow = {.rows = NULL}, all = {.rows = NULL};
    bool is_whole, shadow_is_whole = false;
    r->table_name = "MSysObjects";
    TRY(read_one(r, CATALOG_ROOT, CATALOG_OBJID, &rows, &is_whole));
    if (has_shadow(r)) {
        r->table_name = "MSysObjectsShadow";
        TRY(read_one(r, CATALOG_SHADOW_ROOT, CATALOG_SHADOW_OBJID, &shadow, &shadow_is_whole));
        if (rows.count != shadow.count)
            r->is_damaged = true;
    }
    r->table_name = NULL;
    r->is_damaged = r->is_damaged || !is_whole || (has_shadow(r) && !shadow_is_whole);
    r->catalogs_have_gaps = !is_whole && !shadow_is_whole;
    TRY(merge(&rows, &shadow, &all));
    r->rows = all.rows;
    r->row_count = all.count;
    all = (struct row_list){.rows = NULL};
    drop_without_table(r);
    TRY(drop_ambiguous(r));
    TRY(check_own(r));
done:
    free_rows(rows.rows, rows.count);
    free_rows(shadow.rows, shadow.count);
    free_rows(all.rows, all.count);
    return err;
}

void repair_catalog_free(struct repair *r)
{
    free_rows(r->rows, r->row_count);
    r->rows = NULL;
    r->row_count = 0;
}

/* --- writing --- */

static uint32_t page_flags_of(const struct repair_row *row)
{
    if (row->type == CATALOG_ROW_TABLE)
        return 0;
    if (row->type == CATALOG_ROW_LONG_VALUE)
        return PAGE_FLAG_LONG_VALUE;
    bool is_unique = (row->flags & INDEX_FLAG_UNIQUE) != 0 && (row->flags & INDEX_FLAG_OPTIONALLY_UNIQUE) == 0;
    return PAGE_FLAG_INDEX | (is_unique ? 0u : (uint32_t)PAGE_FLAG_NON_UNIQUE);
}

static JET_ERR make_own_trees(struct repair *r)
{
    JET_ERR err = JET_errSuccess;
    page_no_t root;
    TRY(space_create_tree(&r->transaction, r->db, SYSTEM_ROOT, CATALOG_PAGES, true, 0, CATALOG_OBJID, CATALOG_ROOT, &root));
    TRY(space_create_tree(&r->transaction, r->db, CATALOG_ROOT, CATALOG_INDEX_PAGES, true, PAGE_FLAG_INDEX, NAME_OBJID, CATALOG_NAME_ROOT, &root));
    TRY(space_create_tree(&r->transaction, r->db, CATALOG_ROOT, CATALOG_INDEX_PAGES, true, PAGE_FLAG_INDEX, TABLES_OBJID, CATALOG_TABLES_ROOT, &root));
    if (has_shadow(r))
        TRY(space_create_tree(&r->transaction, r->db, SYSTEM_ROOT, SHADOW_PAGES, true, 0, CATALOG_SHADOW_OBJID, CATALOG_SHADOW_ROOT, &root));
done:
    return err;
}

static page_no_t own_root(const struct repair_row *row)
{
    if (row->type == CATALOG_ROW_INDEX && row->id == NAME_OBJID)
        return CATALOG_NAME_ROOT;
    if (row->type == CATALOG_ROW_INDEX && row->id == TABLES_OBJID)
        return CATALOG_TABLES_ROOT;
    return row->objid_table == CATALOG_OBJID ? (page_no_t)CATALOG_ROOT : (page_no_t)CATALOG_SHADOW_ROOT;
}

/* Roots of all trees: those of a table's indexes and long values in its own space. */
static JET_ERR make_trees(struct repair *r)
{
    JET_ERR err = JET_errSuccess;
    page_no_t table_root = 0;
    for (uint32_t i = 0; i < r->row_count; i++) {
        struct repair_row *row = &r->rows[i];
        if (row->is_dropped)
            continue;
        if (is_own(row))
            row->new_root = own_root(row);
        else if (is_primary(row))
            row->new_root = table_root;
        else if (has_tree(row))
            TRY(space_create_tree(&r->transaction, r->db, row->type == CATALOG_ROW_TABLE ? (page_no_t)SYSTEM_ROOT : table_root, 1, false, page_flags_of(row), row->id, 0, &row->new_root));
        if (row->type == CATALOG_ROW_TABLE)
            table_root = row->new_root;
        if (row->type == CATALOG_ROW_TABLE || row->type == CATALOG_ROW_INDEX || row->type == CATALOG_ROW_LONG_VALUE)
            store_le32(row->record + ROW_ROOT_OFFSET, row->new_root);
    }
done:
    return err;
}

struct catalog_trees {
    struct btree objects, shadow, names, tables;
};

static JET_ERR open_trees(struct repair *r, struct catalog_trees *out)
{
    JET_ERR err = JET_errSuccess;
    TRY(btree_open_writable(r->db, CATALOG_ROOT, CATALOG_OBJID, &out->objects));
    TRY(btree_open_writable(r->db, CATALOG_NAME_ROOT, NAME_OBJID, &out->names));
    TRY(btree_open_writable(r->db, CATALOG_TABLES_ROOT, TABLES_OBJID, &out->tables));
    if (has_shadow(r))
        TRY(btree_open_writable(r->db, CATALOG_SHADOW_ROOT, CATALOG_SHADOW_OBJID, &out->shadow));
done:
    return err;
}

static JET_ERR name_of(const struct repair *r, const struct repair_row *row, uint8_t name[OBJECT_NAME_MAX], uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row decoded = {0};
    TRY(catalog_row_decode(span_of(row->record, row->size), r->file.page_size, NULL, &decoded));
    memcpy(name, decoded.name.data, decoded.name.size); /* make_row has looked at the length */
    *size = decoded.name.size;
done:
    catalog_row_free(&decoded);
    return err;
}

void repair_catalog_name(const struct repair *r, const struct repair_row *row, char name[REPAIR_NAME_ROOM])
{
    uint8_t bytes[OBJECT_NAME_MAX];
    uint32_t size;
    name[0] = 0;
    if (name_of(r, row, bytes, &size) >= 0)
        name_from_1252(span_of(bytes, size), name);
}

static JET_ERR insert(struct repair *r, const struct btree *tree, struct span key, struct span data)
{
    return btree_insert(&r->transaction, tree, NULL, key, data, BTREE_UNVERSIONED | BTREE_APPEND_HINT);
}

/* JET_errKeyDuplicate: an object of this name is there; nothing has been put in then. */
static JET_ERR write_row(struct repair *r, const struct catalog_trees *trees, const struct repair_row *row)
{
    JET_ERR err = JET_errSuccess;
    uint8_t name[OBJECT_NAME_MAX], room[CATALOG_NAME_KEY_MOST];
    uint32_t size;
    struct span key = span_of(row->key, sizeof row->key), record = span_of(row->record, row->size);
    TRY(name_of(r, row, name, &size));
    if (row->type == CATALOG_ROW_TABLE)
        TRY(insert(r, &trees->tables, span_of(room, catalog_table_name_key(span_of(name, size), room)), key));
    TRY(insert(r, &trees->names, span_of(room, catalog_row_name_key(row->objid_table, row->type, span_of(name, size), room)), key));
    TRY(insert(r, &trees->objects, key, record));
    if (has_shadow(r))
        TRY(insert(r, &trees->shadow, key, record));
done:
    return err;
}

JET_ERR repair_catalog_write(struct repair *r)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_trees trees;
    uint32_t refused = 0; /* objid of a table whose name is taken */
    TRY(make_own_trees(r));
    TRY(make_trees(r));
    TRY(open_trees(r, &trees));
    for (uint32_t i = 0; i < r->row_count; i++) {
        struct repair_row *row = &r->rows[i];
        row->is_dropped = row->is_dropped || (refused != 0 && row->objid_table == refused);
        if (row->is_dropped)
            continue;
        err = write_row(r, &trees, row);
        if (err == JET_errKeyDuplicate) {
            row->is_dropped = true;
            r->is_damaged = true;
            if (row->type == CATALOG_ROW_TABLE)
                refused = row->objid_table;
            err = JET_errSuccess;
        }
        TRY(err);
    }
done:
    return err;
}

JET_ERR repair_catalog_add(struct repair *r, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_trees trees;
    struct repair_row added = {.objid_table = row->objid_table, .type = row->type, .id = row->id};
    added.record = mem_alloc(r->file.page_size);
    if (added.record == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(catalog_row_encode(row, r->file.page_size, added.record, r->file.page_size, &added.size));
    (void)catalog_row_key(row->objid_table, row->type, row->id, added.key);
    TRY(open_trees(r, &trees));
    err = write_row(r, &trees, &added);
    err = err == JET_errKeyDuplicate ? JET_errSuccess : err;
done:
    mem_free(added.record);
    return err;
}

/* --- taking out again --- */

static JET_ERR remove_key(struct repair *r, const struct btree *tree, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    TRY(btree_cursor_open(tree, &cursor));
    TRY(btree_seek(&cursor, key, BTREE_SEEK_EQ));
    TRY(btree_delete(&r->transaction, &cursor, BTREE_UNVERSIONED));
done:
    btree_cursor_close(&cursor);
    return err;
}

JET_ERR repair_catalog_drop(struct repair *r, struct repair_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_trees trees;
    struct space_deletion deletion = {.gifts = NULL};
    uint8_t name[OBJECT_NAME_MAX], room[CATALOG_NAME_KEY_MOST];
    uint32_t size;
    TRY(open_trees(r, &trees));
    TRY(name_of(r, row, name, &size));
    TRY(remove_key(r, &trees.objects, span_of(row->key, sizeof row->key)));
    if (has_shadow(r))
        TRY(remove_key(r, &trees.shadow, span_of(row->key, sizeof row->key)));
    TRY(remove_key(r, &trees.names, span_of(room, catalog_row_name_key(row->objid_table, row->type, span_of(name, size), room))));
    if (row->type == CATALOG_ROW_TABLE)
        TRY(remove_key(r, &trees.tables, span_of(room, catalog_table_name_key(span_of(name, size), room))));
    row->is_dropped = true;
    if (has_tree(row))
        TRY(space_delete_tree(&r->transaction, r->db, row->new_root, row->id, &deletion));
done:
    space_deletion_release(&deletion);
    return err;
}
