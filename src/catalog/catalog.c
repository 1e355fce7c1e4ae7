/* Reading the catalog and keeping schemas (catalog.h).
 *
 * Keys: a row of MSysObjects is found under 7F objid 7F kind 7F id (big-endian, sign bit flipped); the tables' name index under
 * 7F FF 7F NAME 00 (upper case), whose data is the row's key. */
#include "catalog/catalog.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "catalog/build.h"
#include "catalog/names.h"

enum { BUCKETS = 256, SCHEMAS_KEPT = 512, ROW_KEY_SIZE = 13, NAME_KEY_MAX = OBJECT_NAME_MAX + 4 };

struct entry {
    struct table_schema schema; /* first: the address given out */
    struct entry *next;         /* in its bucket */
    struct entry *base;         /* of the template, referenced */
    struct arena arena;
    uint32_t references;
    bool is_forgotten; /* not in a bucket any more */
};

struct catalog {
    struct database *db;
    struct mutex lock;
    struct entry *buckets[BUCKETS];
    uint32_t entry_count;
    struct entry *self; /* MSysObjects, once it has been read */
    struct collation_table *weights;
    bool weights_were_sought;
};

static void entry_destroy(struct entry *e)
{
    schema_clear(&e->schema);
    arena_free(&e->arena);
    mem_free(e);
}

static void catalog_destroy(void *state)
{
    struct catalog *catalog = state;
    for (uint32_t i = 0; i < BUCKETS; i++)
        while (catalog->buckets[i] != NULL) {
            struct entry *next = catalog->buckets[i]->next;
            entry_destroy(catalog->buckets[i]);
            catalog->buckets[i] = next;
        }
    collation_table_close(catalog->weights);
    mutex_destroy(&catalog->lock);
    mem_free(catalog);
}

JET_ERR catalog_open(struct database *db, struct catalog **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    mutex_lock(&db->header_lock);
    if (db->catalog == NULL) {
        struct catalog *catalog = mem_alloc(sizeof *catalog);
        if (catalog == NULL)
            RAISE(JET_errOutOfMemory);
        catalog->db = db;
        if ((err = mutex_init(&catalog->lock, RANK_CATALOG)) < 0) {
            mem_free(catalog);
            goto done;
        }
        db->catalog = catalog;
        db->catalog_destroy = catalog_destroy;
    }
    *out = db->catalog;
done:
    mutex_unlock(&db->header_lock);
    return err;
}

struct database *catalog_database(struct catalog *catalog) { return catalog->db; }

const struct collation_table *catalog_weights(struct catalog *catalog)
{
    mutex_lock(&catalog->lock);
    if (!catalog->weights_were_sought) {
        catalog->weights_were_sought = true;
        if (collation_table_open(catalog->db->fs, NULL, &catalog->weights) < 0)
            catalog->weights = NULL;
    }
    const struct collation_table *weights = catalog->weights;
    mutex_unlock(&catalog->lock);
    return weights;
}

/* --- the cache --- */

static uint32_t bucket_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != 0; name++) {
        uint8_t c = (uint8_t)*name;
        hash = (hash ^ (c >= 'a' && c <= 'z' ? c - 32u : c)) * 16777619u;
    }
    return (hash ^ (hash >> 16)) % BUCKETS;
}

static void entry_unreference(struct entry *e)
{
    while (e != NULL && --e->references == 0 && e->is_forgotten) {
        struct entry *base = e->base;
        entry_destroy(e);
        e = base;
    }
}

/* Takes an entry out of its bucket; it dies with its last reference. */
static void forget(struct catalog *catalog, struct entry **link)
{
    struct entry *e = *link;
    *link = e->next;
    catalog->entry_count--;
    if (catalog->self == e)
        catalog->self = NULL;
    e->is_forgotten = true;
    e->references++;
    entry_unreference(e);
}

static void make_room(struct catalog *catalog)
{
    if (catalog->entry_count < SCHEMAS_KEPT)
        return;
    for (uint32_t i = 0; i < BUCKETS; i++)
        for (struct entry **link = &catalog->buckets[i]; *link != NULL;)
            if ((*link)->references == 0)
                forget(catalog, link);
            else
                link = &(*link)->next;
}

static struct entry *cached_by_name(struct catalog *catalog, const char *name)
{
    for (struct entry *e = catalog->buckets[bucket_of(name)]; e != NULL; e = e->next)
        if (ascii_compare_nocase(e->schema.name, name) == 0)
            return e;
    return NULL;
}

static struct entry *cached_by_objid(struct catalog *catalog, uint32_t objid)
{
    for (uint32_t i = 0; i < BUCKETS; i++)
        for (struct entry *e = catalog->buckets[i]; e != NULL; e = e->next)
            if (e->schema.objid == objid)
                return e;
    return NULL;
}

/* --- reading rows --- */

/* Start of the keys of a table's rows. */
static struct span objid_prefix(uint32_t objid, uint8_t room[5])
{
    room[0] = 0x7F;
    store_be32(room + 1, objid ^ 0x80000000u);
    return span_of(room, 5);
}

static JET_ERR objid_of_key(struct span key, uint32_t *objid)
{
    if (key.size < 5 || key.data[0] != 0x7F)
        return error_raise(JET_errCatalogCorrupted, __FILE__, __LINE__);
    *objid = load_be32(key.data + 1) ^ 0x80000000u;
    return JET_errSuccess;
}

/* The long-value source of MSysObjects; without one when the catalog's own schema is not known yet (it holds no long values itself). */
static JET_ERR open_long_values(struct catalog *catalog, struct long_value_tree *tree)
{
    if (catalog->self == NULL || catalog->self->schema.lv_root == 0)
        return JET_errSuccess;
    return long_value_tree_open(catalog->db->pages, &catalog->self->schema, tree);
}

static JET_ERR collect_rows(struct catalog *catalog, uint32_t objid, struct schema_builder *builder)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct long_value_tree long_values = {0};
    struct catalog_row row = {0};
    uint8_t prefix_room[5], *copy = NULL;
    struct span prefix = objid_prefix(objid, prefix_room);
    TRY(btree_open(catalog->db->pages, CATALOG_ROOT, CATALOG_OBJID, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    TRY(open_long_values(catalog, &long_values));
    copy = mem_alloc(catalog->db->page_size);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    err = btree_seek(&cursor, prefix, BTREE_SEEK_GE);
    while (err >= 0) {
        struct span key = btree_cursor_key(&cursor);
        if (key.size < prefix.size || memcmp(key.data, prefix.data, prefix.size) != 0)
            break;
        struct node node;
        TRY(btree_cursor_get(&cursor, &node));
        uint32_t size = node.data.size;
        memcpy(copy, node.data.data, size);
        btree_cursor_release(&cursor);
        TRY(catalog_row_decode(span_of(copy, size), catalog->db->page_size, long_values.is_open ? &long_values.nodes : NULL, &row));
        if (row.objid_table != objid)
            RAISE(JET_errCatalogCorrupted);
        TRY(schema_builder_add(builder, &row));
        catalog_row_free(&row);
        err = btree_next(&cursor);
    }
    if (err == JET_errRecordNotFound || err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
    if (err < 0)
        goto done;
    err = JET_errSuccess;
    if (!builder->has_table)
        RAISE(JET_errObjectNotFound);
done:
    catalog_row_free(&row);
    mem_free(copy);
    long_value_tree_close(&long_values);
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR find_by_name(struct catalog *catalog, const char *name, bool is_template, struct entry **out);

/* Loads a table that is not in the cache. is_template: it is wanted as the template of another, and must not be derived itself. */
static JET_ERR load(struct catalog *catalog, uint32_t objid, bool is_template, struct entry **out)
{
    JET_ERR err = JET_errSuccess;
    struct schema_builder builder = {.page_size = catalog->db->page_size};
    struct entry *e = NULL, *base = NULL;
    /* The catalog's own rows first: they tell where its long values are. */
    if (objid != CATALOG_OBJID && catalog->self == NULL)
        TRY(load(catalog, CATALOG_OBJID, false, &base));
    base = NULL;
    TRY(collect_rows(catalog, objid, &builder));
    if (builder.schema.template_name != NULL && (builder.schema.flags & TABLE_FLAG_DERIVED) != 0) {
        if (is_template)
            RAISE(JET_errCatalogCorrupted);
        err = find_by_name(catalog, builder.schema.template_name, true, &base);
        if (err == JET_errObjectNotFound)
            err = error_raise(JET_errCatalogCorrupted, __FILE__, __LINE__);
        TRY(err);
    } else if (builder.schema.template_name != NULL) {
        builder.schema.template_name = NULL;
    } else if ((builder.schema.flags & TABLE_FLAG_DERIVED) != 0) {
        RAISE(JET_errCatalogCorrupted);
    }
    e = mem_alloc(sizeof *e);
    if (e == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(schema_builder_finish(&builder, base != NULL ? &base->schema : NULL, &e->schema, &e->arena));
    if (base != NULL)
        base->references++;
    e->base = base;
    make_room(catalog);
    uint32_t bucket = bucket_of(e->schema.name);
    e->next = catalog->buckets[bucket];
    catalog->buckets[bucket] = e;
    catalog->entry_count++;
    if (objid == CATALOG_OBJID)
        catalog->self = e;
    *out = e;
    e = NULL;
done:
    if (e != NULL)
        entry_destroy(e);
    schema_builder_free(&builder);
    return err;
}

/* --- finding tables --- */

static uint32_t name_key(const uint8_t *name, uint32_t size, uint8_t room[NAME_KEY_MAX])
{
    uint32_t n = 0;
    room[n++] = 0x7F;
    room[n++] = 0xFF;
    room[n++] = 0x7F;
    for (uint32_t i = 0; i < size; i++)
        room[n++] = name[i] >= 'a' && name[i] <= 'z' ? (uint8_t)(name[i] - 32) : name[i];
    room[n++] = 0;
    return n;
}

static JET_ERR objid_from_name_index(struct catalog *catalog, const char *name, uint32_t *objid)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct node node;
    uint8_t bytes[OBJECT_NAME_MAX], key[NAME_KEY_MAX];
    uint32_t size;
    err = name_to_1252(name, bytes, sizeof bytes, &size);
    if (err == JET_errInvalidName)
        err = JET_errObjectNotFound;
    TRY(err);
    TRY(btree_open(catalog->db->pages, CATALOG_TABLES_ROOT, 0, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    TRY(btree_seek(&cursor, span_of(key, name_key(bytes, size, key)), BTREE_SEEK_EQ));
    TRY(btree_cursor_get(&cursor, &node));
    TRY(objid_of_key(node.data, objid));
done:
    btree_cursor_release(&cursor);
    btree_cursor_close(&cursor);
    return err == JET_errRecordNotFound ? JET_errObjectNotFound : err;
}

/* The object id of the first table with an id >= *objid. JET_errObjectNotFound at the end. */
static JET_ERR next_objid(struct catalog *catalog, uint32_t *objid)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    uint8_t prefix[5];
    uint32_t found = 0;
    TRY(btree_open(catalog->db->pages, CATALOG_ROOT, CATALOG_OBJID, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    TRY(btree_seek(&cursor, objid_prefix(*objid, prefix), BTREE_SEEK_GE));
    TRY(objid_of_key(btree_cursor_key(&cursor), &found));
    if ((int32_t)found < (int32_t)*objid)
        RAISE(JET_errCatalogCorrupted);
    *objid = found;
done:
    btree_cursor_close(&cursor);
    return err == JET_errRecordNotFound || err == JET_errNoCurrentRecord ? JET_errObjectNotFound : err;
}

/* Without the name index: every table is looked at. */
static JET_ERR find_by_scan(struct catalog *catalog, const char *name, bool is_template, struct entry **out)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t objid = 0; objid < INT32_MAX; objid++) {
        TRY(next_objid(catalog, &objid));
        struct entry *e = cached_by_objid(catalog, objid);
        if (e == NULL && (err = load(catalog, objid, is_template, &e)) < 0) {
            if (err == JET_errOutOfMemory)
                goto done;
            continue;
        }
        if (ascii_compare_nocase(e->schema.name, name) == 0) {
            *out = e;
            err = JET_errSuccess;
            goto done;
        }
    }
    RAISE(JET_errObjectNotFound);
done:
    return err;
}

static JET_ERR find_by_name(struct catalog *catalog, const char *name, bool is_template, struct entry **out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t objid;
    *out = cached_by_name(catalog, name);
    if (*out != NULL) {
        if (is_template && (*out)->base != NULL)
            RAISE(JET_errCatalogCorrupted);
        goto done;
    }
    err = objid_from_name_index(catalog, name, &objid);
    if (err == JET_errObjectNotFound || err == JET_errOutOfMemory)
        goto done;
    if (err < 0) {
        TRY(find_by_scan(catalog, name, is_template, out));
        goto done;
    }
    TRY(load(catalog, objid, is_template, out));
    if (ascii_compare_nocase((*out)->schema.name, name) != 0)
        RAISE(JET_errCatalogCorrupted);
done:
    return err;
}

JET_ERR catalog_find_table(struct catalog *catalog, const char *name, const struct table_schema **out)
{
    struct entry *e = NULL;
    *out = NULL;
    mutex_lock(&catalog->lock);
    JET_ERR err = find_by_name(catalog, name, false, &e);
    if (err >= 0) {
        e->references++;
        *out = &e->schema;
    }
    mutex_unlock(&catalog->lock);
    return err;
}

JET_ERR catalog_find_table_by_objid(struct catalog *catalog, uint32_t objid, const struct table_schema **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    mutex_lock(&catalog->lock);
    struct entry *e = cached_by_objid(catalog, objid);
    if (e == NULL)
        err = load(catalog, objid, false, &e);
    if (err >= 0) {
        e->references++;
        *out = &e->schema;
    }
    mutex_unlock(&catalog->lock);
    return err;
}

static struct entry *entry_of(const struct table_schema *schema) { return (struct entry *)(uintptr_t)schema; }

const struct table_schema *catalog_retain_table(struct catalog *catalog, const struct table_schema *schema)
{
    mutex_lock(&catalog->lock);
    entry_of(schema)->references++;
    mutex_unlock(&catalog->lock);
    return schema;
}

void catalog_release_table(struct catalog *catalog, const struct table_schema *schema)
{
    if (schema == NULL)
        return;
    mutex_lock(&catalog->lock);
    entry_unreference(entry_of(schema));
    mutex_unlock(&catalog->lock);
}

/* Derived tables hold copies of their template's columns, so they go with it. */
void catalog_forget_table(struct catalog *catalog, const char *name)
{
    mutex_lock(&catalog->lock);
    struct entry *wanted = cached_by_name(catalog, name);
    for (uint32_t i = 0; wanted != NULL && i < BUCKETS; i++)
        for (struct entry **link = &catalog->buckets[i]; *link != NULL;)
            if ((*link)->base == wanted)
                forget(catalog, link);
            else
                link = &(*link)->next;
    for (struct entry **link = &catalog->buckets[bucket_of(name)]; wanted != NULL && *link != NULL; link = &(*link)->next)
        if (*link == wanted) {
            forget(catalog, link);
            break;
        }
    mutex_unlock(&catalog->lock);
}

JET_ERR catalog_visit_tables(struct catalog *catalog, JET_ERR (*visit)(void *context, const struct catalog_table *table), void *context)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t objid = 0; objid < INT32_MAX; objid++) {
        err = next_objid(catalog, &objid);
        if (err == JET_errObjectNotFound) {
            err = JET_errSuccess;
            break;
        }
        TRY(err);
        struct catalog_table table = {.objid = objid};
        table.error = catalog_find_table_by_objid(catalog, objid, &table.schema);
        table.name = table.schema != NULL ? table.schema->name : NULL;
        JET_ERR visited = visit(context, &table);
        catalog_release_table(catalog, table.schema);
        TRY(visited);
    }
done:
    return err;
}
