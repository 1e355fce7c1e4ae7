/* Reading the catalog and keeping schemas (catalog.h).
 *
 * Keys: a row of MSysObjects is found under 7F objid 7F kind 7F id (big-endian, sign bit flipped); the tables' name index under
 * 7F FF 7F NAME 00 (upper case), whose data is the row's key.
 *
 * The cache holds what is committed; rows are read for it through a snapshot taken for that, so that nobody sees changes in progress. The transaction
 * that has changed a table reads that table's rows through itself each time, past the cache. */
#include "catalog/catalog.h"

#include "base/memory.h"
#include "base/text.h"
#include "catalog/internal.h"
#include "catalog/names.h"

enum { BUCKETS = CATALOG_BUCKETS, SCHEMAS_KEPT = 512, NAME_KEY_MAX = OBJECT_NAME_MAX + 4 };

/* What a look-up sees: what the transaction sees, or what is committed now. */
struct view {
    struct transaction *reader; /* NULL: pages as they are */
    struct transaction own;
};

static void entry_destroy(struct catalog_entry *e)
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
            struct catalog_entry *next = catalog->buckets[i]->next;
            entry_destroy(catalog->buckets[i]);
            catalog->buckets[i] = next;
        }
    catalog_shared_close(catalog->shared);
    collation_table_close(catalog->weights);
    mutex_destroy(&catalog->lock);
    mem_free(catalog);
}

static JET_ERR catalog_make(struct database *db, struct catalog **out)
{
    JET_ERR err = JET_errSuccess;
    struct catalog *catalog = mem_alloc(sizeof *catalog);
    bool has_lock = false;
    if (catalog == NULL)
        RAISE(JET_errOutOfMemory);
    catalog->db = db;
    TRY(mutex_init(&catalog->lock, RANK_CATALOG));
    has_lock = true;
    TRY(catalog_shared_create(catalog, &catalog->shared));
    *out = catalog;
    catalog = NULL;
done:
    if (catalog != NULL && has_lock)
        mutex_destroy(&catalog->lock);
    mem_free(catalog);
    return err;
}

JET_ERR catalog_open(struct database *db, struct catalog **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    mutex_lock(&db->header_lock);
    if (db->catalog == NULL) {
        struct catalog *catalog = NULL;
        TRY(catalog_make(db, &catalog));
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
        if (collation_table_find(catalog->db->fs, &catalog->weights) < 0)
            catalog->weights = NULL;
        const char *stand_in = catalog->weights != NULL ? collation_table_stand_in(catalog->weights) : NULL;
        if (stand_in != NULL && catalog->db->stand_in_used != NULL)
            catalog->db->stand_in_used(catalog->db->stand_in_context, stand_in);
    }
    const struct collation_table *weights = catalog->weights;
    mutex_unlock(&catalog->lock);
    return weights;
}

static JET_ERR view_begin(struct catalog *catalog, struct transaction *t, struct view *view)
{
    JET_ERR err = JET_errSuccess;
    memset(view, 0, sizeof *view);
    view->reader = t;
    if (t != NULL || catalog->db->versions == NULL)
        goto done;
    TRY(transaction_open(&view->own, catalog->db->versions, NULL, PROCID_NONE));
    transaction_begin_call(&view->own);
    view->reader = &view->own;
done:
    return err;
}

static void view_end(struct view *view)
{
    if (view->reader != &view->own)
        return;
    transaction_end_call(&view->own);
    transaction_close(&view->own);
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

static void entry_unreference(struct catalog_entry *e)
{
    while (e != NULL && --e->references == 0 && e->is_forgotten) {
        struct catalog_entry *base = e->base;
        entry_destroy(e);
        e = base;
    }
}

/* Takes an entry out of its buckets; it dies with its last reference. */
static void forget(struct catalog *catalog, struct catalog_entry **link)
{
    struct catalog_entry *e = *link;
    struct catalog_entry **by_objid = &catalog->objid_buckets[e->schema.objid % BUCKETS];
    while (*by_objid != e)
        by_objid = &(*by_objid)->next_objid;
    *by_objid = e->next_objid;
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
        for (struct catalog_entry **link = &catalog->buckets[i]; *link != NULL;)
            if ((*link)->references == 0)
                forget(catalog, link);
            else
                link = &(*link)->next;
}

static struct catalog_entry *cached_by_name(struct catalog *catalog, const char *name)
{
    for (struct catalog_entry *e = catalog->buckets[bucket_of(name)]; e != NULL; e = e->next)
        if (ascii_compare_nocase(e->schema.name, name) == 0)
            return e;
    return NULL;
}

static struct catalog_entry *cached_by_objid(struct catalog *catalog, uint32_t objid)
{
    for (struct catalog_entry *e = catalog->objid_buckets[objid % BUCKETS]; e != NULL; e = e->next_objid)
        if (e->schema.objid == objid)
            return e;
    return NULL;
}

static void insert(struct catalog *catalog, struct catalog_entry *e)
{
    uint32_t bucket = bucket_of(e->schema.name), objid_bucket = e->schema.objid % BUCKETS;
    make_room(catalog);
    e->next = catalog->buckets[bucket];
    catalog->buckets[bucket] = e;
    e->next_objid = catalog->objid_buckets[objid_bucket];
    catalog->objid_buckets[objid_bucket] = e;
    catalog->entry_count++;
    if (e->schema.objid == CATALOG_OBJID)
        catalog->self = e;
}

/* An entry, and those derived from it, whose schemas hold copies of its columns. */
static void forget_with_derived(struct catalog *catalog, struct catalog_entry *wanted)
{
    for (uint32_t i = 0; i < BUCKETS; i++)
        for (struct catalog_entry **link = &catalog->buckets[i]; *link != NULL;)
            if ((*link)->base == wanted)
                forget(catalog, link);
            else
                link = &(*link)->next;
    for (struct catalog_entry **link = &catalog->buckets[bucket_of(wanted->schema.name)]; *link != NULL; link = &(*link)->next)
        if (*link == wanted) {
            forget(catalog, link);
            break;
        }
}

/* Drops what transactions that have committed since have changed. */
static void catch_up(struct catalog *catalog)
{
    struct forgotten_objid *list = catalog_take_forgotten(catalog);
    while (list != NULL) {
        struct forgotten_objid *next = list->next;
        struct catalog_entry *e = cached_by_objid(catalog, list->objid);
        if (e != NULL)
            forget_with_derived(catalog, e);
        mem_free(list);
        list = next;
    }
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

static JET_ERR collect_rows(struct catalog *catalog, const struct view *view, uint32_t objid, struct schema_builder *builder)
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
    btree_cursor_set_reader(&cursor, view->reader);
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

static JET_ERR find_by_name(struct catalog *catalog, const struct view *view, const char *name, bool is_template, struct catalog_entry **out);
static JET_ERR objid_from_name_index(struct catalog *catalog, const struct view *view, const char *name, uint32_t *objid);
static JET_ERR load_private(struct catalog *catalog, const struct view *view, uint32_t objid, bool is_template, struct catalog_entry **out);

/* The template of a derived table. private: read through the view, past the cache, and referenced for the caller. */
static JET_ERR find_template(struct catalog *catalog, const struct view *view, const char *name, bool is_private, struct catalog_entry **out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t objid;
    if (is_private) {
        TRY(objid_from_name_index(catalog, view, name, &objid));
        TRY(load_private(catalog, view, objid, true, out));
    } else {
        TRY(find_by_name(catalog, view, name, true, out));
    }
done:
    return err == JET_errObjectNotFound ? error_raise(JET_errCatalogCorrupted, __FILE__, __LINE__) : err;
}

/* Makes the entry of a table from its rows, outside the cache. is_template: it is wanted as the template of another, and must not be derived itself. */
static JET_ERR build_entry(struct catalog *catalog, const struct view *view, uint32_t objid, bool is_template, bool is_private, struct catalog_entry **out)
{
    JET_ERR err = JET_errSuccess;
    struct schema_builder builder = {.page_size = catalog->db->page_size};
    struct catalog_entry *e = NULL, *base = NULL;
    TRY(collect_rows(catalog, view, objid, &builder));
    if (builder.schema.lv_root == 0)
        (void)catalog_known_long_value_tree(catalog, objid, &builder.schema.lv_root, &builder.schema.lv_objid);
    if (builder.schema.template_name != NULL && (builder.schema.flags & TABLE_FLAG_DERIVED) != 0) {
        if (is_template)
            RAISE(JET_errCatalogCorrupted);
        TRY(find_template(catalog, view, builder.schema.template_name, is_private, &base));
    } else if (builder.schema.template_name != NULL) {
        builder.schema.template_name = NULL;
    } else if ((builder.schema.flags & TABLE_FLAG_DERIVED) != 0) {
        RAISE(JET_errCatalogCorrupted);
    }
    e = mem_alloc(sizeof *e);
    if (e == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(schema_builder_finish(&builder, base != NULL ? &base->schema : NULL, &e->schema, &e->arena));
    if (base != NULL && !is_private)
        base->references++;
    e->base = base;
    base = NULL;
    *out = e;
    e = NULL;
done:
    if (is_private)
        entry_unreference(base);
    if (e != NULL)
        entry_destroy(e);
    schema_builder_free(&builder);
    return err;
}

/* Loads a table that is not in the cache. */
static JET_ERR load(struct catalog *catalog, const struct view *view, uint32_t objid, bool is_template, struct catalog_entry **out)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_entry *self;
    /* The catalog's own rows first: they tell where its long values are. */
    if (objid != CATALOG_OBJID && catalog->self == NULL)
        TRY(load(catalog, view, CATALOG_OBJID, false, &self));
    TRY(build_entry(catalog, view, objid, is_template, false, out));
    insert(catalog, *out);
done:
    return err;
}

/* Loads a table for one user alone: with one reference, and gone with it. */
static JET_ERR load_private(struct catalog *catalog, const struct view *view, uint32_t objid, bool is_template, struct catalog_entry **out)
{
    JET_ERR err = JET_errSuccess;
    TRY(build_entry(catalog, view, objid, is_template, true, out));
    (*out)->references = 1;
    (*out)->is_forgotten = true;
done:
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

static JET_ERR objid_from_name_index(struct catalog *catalog, const struct view *view, const char *name, uint32_t *objid)
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
    btree_cursor_set_reader(&cursor, view->reader);
    TRY(btree_seek(&cursor, span_of(key, name_key(bytes, size, key)), BTREE_SEEK_EQ));
    TRY(btree_cursor_get(&cursor, &node));
    TRY(objid_of_key(node.data, objid));
done:
    btree_cursor_release(&cursor);
    btree_cursor_close(&cursor);
    return err == JET_errRecordNotFound ? JET_errObjectNotFound : err;
}

/* The object id of the first table with an id >= *objid. JET_errObjectNotFound at the end. */
static JET_ERR next_objid(struct catalog *catalog, const struct view *view, uint32_t *objid)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    uint8_t prefix[5];
    uint32_t found = 0;
    TRY(btree_open(catalog->db->pages, CATALOG_ROOT, CATALOG_OBJID, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    btree_cursor_set_reader(&cursor, view->reader);
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
static JET_ERR find_by_scan(struct catalog *catalog, const struct view *view, const char *name, bool is_template, struct catalog_entry **out)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t objid = 0; objid < INT32_MAX; objid++) {
        TRY(next_objid(catalog, view, &objid));
        struct catalog_entry *e = cached_by_objid(catalog, objid);
        if (e == NULL && (err = load(catalog, view, objid, is_template, &e)) < 0) {
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

static JET_ERR find_by_name(struct catalog *catalog, const struct view *view, const char *name, bool is_template, struct catalog_entry **out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t objid;
    *out = cached_by_name(catalog, name);
    if (*out != NULL) {
        if (is_template && (*out)->base != NULL)
            RAISE(JET_errCatalogCorrupted);
        goto done;
    }
    err = objid_from_name_index(catalog, view, name, &objid);
    if (err == JET_errObjectNotFound || err == JET_errOutOfMemory)
        goto done;
    if (err < 0) {
        TRY(find_by_scan(catalog, view, name, is_template, out));
        goto done;
    }
    TRY(load(catalog, view, objid, is_template, out));
    if (ascii_compare_nocase((*out)->schema.name, name) != 0)
        RAISE(JET_errCatalogCorrupted);
done:
    return err;
}

/* A view of what is committed is taken only when rows must be read. */
static JET_ERR find_committed(struct catalog *catalog, const char *name, uint32_t objid, struct catalog_entry **out)
{
    JET_ERR err = JET_errSuccess;
    struct view view;
    catch_up(catalog);
    *out = name != NULL ? cached_by_name(catalog, name) : cached_by_objid(catalog, objid);
    if (*out != NULL)
        goto done;
    TRY(view_begin(catalog, NULL, &view));
    err = name != NULL ? find_by_name(catalog, &view, name, false, out) : load(catalog, &view, objid, false, out);
    view_end(&view);
done:
    return err;
}

/* What the transaction itself has changed is read through it. */
static JET_ERR find_own(struct catalog *catalog, struct transaction *t, const char *name, uint32_t objid, struct catalog_entry **out)
{
    JET_ERR err = JET_errSuccess;
    struct view view;
    bool is_created;
    *out = NULL;
    TRY(view_begin(catalog, t, &view));
    err = name != NULL ? objid_from_name_index(catalog, &view, name, &objid) : JET_errSuccess;
    if (err >= 0 && catalog_has_changed(catalog, t, objid, &is_created))
        TRY(load_private(catalog, &view, objid, false, out));
    else if (err == JET_errObjectNotFound)
        err = JET_errSuccess;
done:
    return err;
}

/* name NULL: by object id. */
static JET_ERR find(struct catalog *catalog, struct transaction *t, const char *name, uint32_t objid, const struct table_schema **out)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_entry *e = NULL;
    bool is_created, has_changes = t != NULL && catalog_has_changes(catalog, t);
    *out = NULL;
    mutex_lock(&catalog->lock);
    if (has_changes && (name != NULL || catalog_has_changed(catalog, t, objid, &is_created)))
        TRY(find_own(catalog, t, name, objid, &e));
    if (e == NULL) {
        TRY(find_committed(catalog, name, objid, &e));
        /* It has been deleted or renamed by the transaction itself: the cache does not know yet. */
        if (has_changes && catalog_has_changed(catalog, t, e->schema.objid, &is_created))
            RAISE(JET_errObjectNotFound);
        e->references++;
    }
    *out = &e->schema;
done:
    mutex_unlock(&catalog->lock);
    return err;
}

JET_ERR catalog_find_table(struct catalog *catalog, const char *name, const struct table_schema **out) { return find(catalog, NULL, name, 0, out); }

JET_ERR catalog_find_table_by_objid(struct catalog *catalog, uint32_t objid, const struct table_schema **out) { return find(catalog, NULL, NULL, objid, out); }

JET_ERR catalog_find_table_for(struct catalog *catalog, struct transaction *t, const char *name, const struct table_schema **out)
{
    return find(catalog, t, name, 0, out);
}

JET_ERR catalog_find_table_by_objid_for(struct catalog *catalog, struct transaction *t, uint32_t objid, const struct table_schema **out)
{
    return find(catalog, t, NULL, objid, out);
}

static struct catalog_entry *entry_of(const struct table_schema *schema) { return (struct catalog_entry *)(uintptr_t)schema; }

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

void catalog_forget_table(struct catalog *catalog, const char *name)
{
    mutex_lock(&catalog->lock);
    struct catalog_entry *wanted = cached_by_name(catalog, name);
    if (wanted != NULL)
        forget_with_derived(catalog, wanted);
    mutex_unlock(&catalog->lock);
}

void catalog_forget_all(struct catalog *catalog)
{
    mutex_lock(&catalog->lock);
    for (uint32_t i = 0; i < BUCKETS; i++)
        while (catalog->buckets[i] != NULL)
            forget(catalog, &catalog->buckets[i]);
    mutex_unlock(&catalog->lock);
}

JET_ERR catalog_visit_tables_for(struct catalog *catalog, struct transaction *t, JET_ERR (*visit)(void *context, const struct catalog_table *table), void *context)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t objid = 0; objid < INT32_MAX; objid++) {
        struct view view;
        TRY(view_begin(catalog, t, &view));
        err = next_objid(catalog, &view, &objid);
        view_end(&view);
        if (err == JET_errObjectNotFound) {
            err = JET_errSuccess;
            break;
        }
        TRY(err);
        struct catalog_table table = {.objid = objid};
        table.error = catalog_find_table_by_objid_for(catalog, t, objid, &table.schema);
        table.name = table.schema != NULL ? table.schema->name : NULL;
        JET_ERR visited = visit(context, &table);
        catalog_release_table(catalog, table.schema);
        TRY(visited);
    }
done:
    return err;
}

JET_ERR catalog_visit_tables(struct catalog *catalog, JET_ERR (*visit)(void *context, const struct catalog_table *table), void *context)
{
    return catalog_visit_tables_for(catalog, NULL, visit, context);
}
