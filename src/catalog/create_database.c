/* The system tables of a new database (ddl.h, database-file 7, records-and-catalog 6.2).
 *
 * The catalog describes itself: the trees stand at fixed pages under fixed object ids, and the first rows written are those of MSysObjects. What is written here is
 * what the original engine writes for format 0x620.0x14; data/engine/features-empty is the measure. Nobody else can reach the database yet, so nothing is versioned. */
#include "btree/extent.h"
#include "catalog/internal.h"

enum { OBJIDS_OBJID = 6, LOCALES_OBJID = 7, OBJIDS_ROOT = 29, LOCALES_ROOT = 30, NAME_OBJID = 4, TABLES_OBJID = 5 };
enum { CODE_PAGE = 1252, LAST_COLUMN_OF_FORMAT = CATALOG_LV_CHUNK_MOST };

struct system_tree {
    page_no_t parent, root;
    uint32_t pages, objid, page_flags;
    bool multiple;
};
static const struct system_tree trees[] = {
    {1, CATALOG_ROOT, 20, CATALOG_OBJID, 0, true},
    {CATALOG_ROOT, CATALOG_NAME_ROOT, 3, NAME_OBJID, PAGE_FLAG_INDEX, true},
    {CATALOG_ROOT, CATALOG_TABLES_ROOT, 3, TABLES_OBJID, PAGE_FLAG_INDEX, true},
    {1, CATALOG_SHADOW_ROOT, 5, CATALOG_SHADOW_OBJID, 0, true},
    {1, OBJIDS_ROOT, 1, OBJIDS_OBJID, 0, false},
    {1, LOCALES_ROOT, 1, LOCALES_OBJID, 0, false},
};

struct system_table {
    const char *name;
    uint32_t objid, density, flags, pages;
    page_no_t root;
};
struct system_column {
    uint32_t objid_table;
    const char *name;
    uint32_t id, type, size, flags, offset;
    const char *default_value; /* 4 bytes */
};
struct system_index {
    uint32_t objid_table;
    const char *name;
    uint32_t objid, density, flags;
    page_no_t root;
    uint8_t segments[12];
    uint32_t segments_size;
};

static const struct system_table tables[] = {
    {"MSysObjects", CATALOG_OBJID, 80, 0xC0000000, 20, CATALOG_ROOT},
    {"MSysObjectsShadow", CATALOG_SHADOW_OBJID, 80, 0xC0000000, 5, CATALOG_SHADOW_ROOT},
    {"MSysObjids", OBJIDS_OBJID, 100, 0xC8000000, 0, OBJIDS_ROOT},
    {"MSysLocales", LOCALES_OBJID, 92, 0x88000000, 0, LOCALES_ROOT},
};
static const struct system_column columns[] = {
    {OBJIDS_OBJID, "objid", 256, COLUMN_TYPE_LONG, 4, 0, 0, NULL},
    {OBJIDS_OBJID, "objidTable", 257, COLUMN_TYPE_LONG, 4, 0, 0, NULL},
    {OBJIDS_OBJID, "type", 258, COLUMN_TYPE_SHORT, 2, 0, 0, NULL},
    {LOCALES_OBJID, "Type", 1, COLUMN_TYPE_UNSIGNED_BYTE, 1, COLUMN_FLAG_NOT_NULL, 4, NULL},
    {LOCALES_OBJID, "iValue", 2, COLUMN_TYPE_LONG, 4, COLUMN_FLAG_DEFAULT | COLUMN_FLAG_ESCROW, 5, "\0\0\0"},
    {LOCALES_OBJID, "Key", 128, COLUMN_TYPE_BINARY, 255, 0, 0, NULL},
};
static const struct system_index indexes[] = {
    {CATALOG_OBJID, "Id", CATALOG_OBJID, 80, 0x10031, CATALOG_ROOT, {0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0}, 12},
    {CATALOG_OBJID, "Name", NAME_OBJID, 80, 0x10011, CATALOG_NAME_ROOT, {0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 128, 0}, 12},
    {CATALOG_OBJID, "RootObjects", TABLES_OBJID, 80, 0x10009, CATALOG_TABLES_ROOT, {0, 0, 8, 0, 0, 0, 128, 0}, 8},
    {CATALOG_SHADOW_OBJID, "Id", CATALOG_SHADOW_OBJID, 80, 0x10031, CATALOG_SHADOW_ROOT, {0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0}, 12},
    {OBJIDS_OBJID, "primary", OBJIDS_OBJID, 100, 0x1002F, OBJIDS_ROOT, {0, 0, 0, 1}, 4},
    {LOCALES_OBJID, "KeyPrimary", LOCALES_OBJID, 92, 0x1402F, LOCALES_ROOT, {0, 0, 128, 0}, 4},
};

static struct span name_of(const char *name) { return span_of(name, (uint32_t)strlen(name)); }

static JET_ERR add_table(struct catalog_store *store, const struct system_table *table)
{
    struct catalog_row row = {.objid_table = table->objid, .type = CATALOG_ROW_TABLE, .id = table->objid, .type_or_root = table->root, .space_usage = table->density,
                              .flags = table->flags, .pages_or_locale = table->pages, .name = name_of(table->name)};
    catalog_row_set(&row, CATALOG_ROOT_FLAG);
    return catalog_store_insert(store, &row);
}

/* The catalog's own columns: all carry the code page, and the offset of the first. */
static JET_ERR add_own_columns(struct catalog_store *store, uint32_t objid)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count;
    const struct column *own = catalog_columns(&count);
    for (uint32_t i = 0; i < count; i++) {
        const struct column *c = &own[i];
        struct catalog_row row = {.objid_table = objid, .type = CATALOG_ROW_COLUMN, .id = c->id, .type_or_root = c->type, .pages_or_locale = CODE_PAGE, .name = name_of(c->name)};
        bool is_short = c->type == COLUMN_TYPE_TEXT || c->type == COLUMN_TYPE_BINARY;
        if (column_is_fixed(c->id) && c->id > LAST_COLUMN_OF_FORMAT)
            continue;
        row.space_usage = is_short ? 255 : column_type_size(c->type);
        row.flags = c->id < CATALOG_ROOT_FLAG || c->id == VARIABLE_ID_FIRST ? COLUMN_FLAG_NOT_NULL : 0;
        if (column_is_fixed(c->id)) {
            row.record_offset = RECORD_SIZE_MIN;
            catalog_row_set(&row, CATALOG_RECORD_OFFSET);
        }
        TRY(catalog_store_insert(store, &row));
    }
done:
    return err;
}

static JET_ERR add_column(struct catalog_store *store, const struct system_column *c)
{
    struct catalog_row row = {.objid_table = c->objid_table, .type = CATALOG_ROW_COLUMN, .id = c->id, .type_or_root = c->type, .space_usage = c->size, .flags = c->flags,
                              .record_offset = c->offset, .name = name_of(c->name)};
    if (c->offset != 0)
        catalog_row_set(&row, CATALOG_RECORD_OFFSET);
    if (c->default_value != NULL)
        row.default_value = span_of(c->default_value, 4);
    return catalog_store_insert(store, &row);
}

static JET_ERR add_index(struct catalog_store *store, const struct system_index *x)
{
    static const uint8_t locale[] = {'e', 0, 'n', 0, '-', 0, 'U', 0, 'S', 0};
    struct catalog_row row = {.objid_table = x->objid_table, .type = CATALOG_ROW_INDEX, .id = x->objid, .type_or_root = x->root, .space_usage = x->density, .flags = x->flags,
                              .lcmap_flags = COLLATION_FLAGS_DEFAULT, .name = name_of(x->name), .key_segments = span_of(x->segments, x->segments_size),
                              .locale = span_of(locale, sizeof locale)};
    catalog_row_set(&row, CATALOG_LCMAP_FLAGS);
    return catalog_store_insert(store, &row);
}

JET_ERR catalog_create(struct transaction *t, struct database *db)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_store store = {0};
    bool has_shadow = (db->header.flags & DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED) == 0;
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        const struct system_tree *tree = &trees[i];
        page_no_t root;
        if (tree->objid == CATALOG_SHADOW_OBJID && !has_shadow)
            continue;
        TRY(space_create_tree(t, db, tree->parent, tree->pages, tree->multiple, tree->page_flags, tree->objid, tree->root, &root));
    }
    TRY(catalog_store_open_new(t, db, &store));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (tables[i].objid != CATALOG_SHADOW_OBJID || has_shadow)
            TRY(add_table(&store, &tables[i]));
    TRY(add_own_columns(&store, CATALOG_OBJID));
    if (has_shadow)
        TRY(add_own_columns(&store, CATALOG_SHADOW_OBJID));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        TRY(add_column(&store, &columns[i]));
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++)
        if (indexes[i].objid_table != CATALOG_SHADOW_OBJID || has_shadow)
            TRY(add_index(&store, &indexes[i]));
    TRY(catalog_locales_fill(t, db, LOCALES_ROOT, LOCALES_OBJID));
    if (atomic_load(&db->objid_last) < LOCALES_OBJID)
        atomic_store(&db->objid_last, LOCALES_OBJID);
done:
    catalog_store_close(&store);
    return err;
}
