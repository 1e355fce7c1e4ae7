/* Life of a cursor, and its current index (cursor.h). */
#define ESENT_PRIVATE
#include "base/memory.h"
#include "cursor/update_internal.h"

/* --- life --- */

JET_ERR cursor_open_schema(struct catalog *catalog, const struct table_schema *schema, struct cursor **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    struct cursor *c = mem_alloc_aligned(_Alignof(struct cursor), sizeof *c);
    if (c == NULL)
        RAISE(JET_errOutOfMemory);
    c->catalog = catalog;
    c->generation = catalog_generation(catalog);
    c->compress_minimum = COMPRESS_MINIMUM_DEFAULT;
    c->schema = catalog_retain_table(catalog, schema);
    TRY(sharing_enter(c));
    TRY(btree_open(catalog_database(catalog)->pages, schema->root, schema->objid, &c->table_tree));
    TRY(btree_cursor_open(&c->table_tree, &c->table_entry));
    c->first_is_due = true;
    c->is_updatable = true;
    *out = c;
    c = NULL;
done:
    cursor_close(c);
    return err;
}

JET_ERR cursor_open(struct catalog *catalog, const char *table_name, struct cursor **out)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *schema = NULL;
    *out = NULL;
    TRY(catalog_find_table(catalog, table_name, &schema));
    TRY(cursor_open_schema(catalog, schema, out));
done:
    catalog_release_table(catalog, schema);
    return err;
}

JET_ERR cursor_open_temporary(struct temp_table *table, struct cursor **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    struct cursor *c = mem_alloc_aligned(_Alignof(struct cursor), sizeof *c);
    if (c == NULL)
        RAISE(JET_errOutOfMemory);
    c->temp = table;
    c->schema = temp_table_schema(table);
    c->first_is_due = true;
    c->is_updatable = true;
    *out = c;
done:
    return err;
}

JET_ERR cursor_duplicate(struct cursor *from, struct cursor **out)
{
    if (from->temp == NULL) {
        JET_ERR opened = cursor_open_schema(from->catalog, from->schema, out);
        if (opened >= 0) {
            (*out)->generation = from->generation;
            (*out)->compress_minimum = from->compress_minimum;
            cursor_set_transaction(*out, from->transaction);
        }
        return opened;
    }
    JET_ERR err = cursor_open_temporary(from->temp, out);
    if (err >= 0)
        temp_table_retain(from->temp);
    return err;
}

static void close_index(struct cursor *c)
{
    btree_cursor_close(&c->index_entry);
    c->index_entry = (struct btree_cursor){0};
    c->index = NULL;
    atomic_store_explicit(&c->current_objid, 0, memory_order_release);
    c->row_is_due = false;
}

void cursor_close(struct cursor *c)
{
    if (c == NULL)
        return;
    cursor_cancel_update(c);
    update_close(c);
    filter_free(c);
    long_value_tree_close(&c->long_values);
    encryption_forget(c);
    close_index(c);
    btree_cursor_close(&c->table_entry);
    sharing_leave(c);
    if (c->temp != NULL)
        temp_table_release(c->temp);
    else
        catalog_release_table(c->catalog, c->schema);
    mem_free(c);
}

const struct table_schema *cursor_schema(const struct cursor *c) { return c->schema; }
struct catalog *cursor_catalog(const struct cursor *c) { return c->catalog; }
struct temp_table *cursor_temp_table(const struct cursor *c) { return c->temp; }
bool cursor_is_last_of_temporary(const struct cursor *c) { return c->temp != NULL && temp_table_user_count(c->temp) == 1; }
void cursor_set_move_level(struct cursor *c, unsigned level) { c->move_level = level; }
unsigned cursor_move_level(const struct cursor *c) { return c->move_level; }
void cursor_set_read_only(struct cursor *c, bool is_read_only) { c->is_updatable = !is_read_only; }
bool cursor_is_read_only(const struct cursor *c) { return !c->is_updatable; }
bool cursor_is_on_secondary(const struct cursor *c) { return c->index != NULL; }
const struct index *cursor_index(const struct cursor *c) { return c->index != NULL ? c->index : schema_primary(c->schema); }

void cursor_set_transaction(struct cursor *c, struct transaction *t)
{
    c->transaction = t;
    if (c->temp != NULL)
        return;
    btree_cursor_set_reader(&c->table_entry, t);
    if (c->index != NULL)
        btree_cursor_set_reader(&c->index_entry, t);
    if (c->long_values.is_open)
        btree_cursor_set_reader(&c->long_values.cursor, t);
    if (c->update != NULL)
        update_set_reader(c);
}

struct transaction *cursor_transaction(const struct cursor *c) { return c->transaction; }
void cursor_set_compress_minimum(struct cursor *c, uint32_t bytes) { c->compress_minimum = bytes; }

/* The long-value tree may have been made after the schema was read. The schema itself stays: the call in the middle of which we are holds pointers into it. */
static JET_ERR find_long_value_root(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *newer = NULL;
    if (c->generation == catalog_generation(c->catalog))
        return JET_errSuccess;
    err = catalog_find_table_by_objid_for(c->catalog, c->transaction, c->schema->objid, &newer);
    if (err == JET_errObjectNotFound) /* deleted, in a transaction that has not ended */
        return JET_errSuccess;
    TRY(err);
    c->lv_root = newer->lv_root;
    c->lv_objid = newer->lv_objid;
done:
    catalog_release_table(c->catalog, newer);
    return err;
}

static JET_ERR open_long_values(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct cache_file *pages = catalog_database(c->catalog)->pages;
    if (c->schema->lv_root == 0 && c->lv_root == 0)
        TRY(find_long_value_root(c));
    if (c->schema->lv_root != 0 || c->lv_root != 0)
        TRY(catalog_use_long_values(c->catalog, c->state));
    if (c->schema->lv_root == 0 && c->lv_root != 0) {
        struct table_schema newer = *c->schema;
        newer.lv_root = c->lv_root;
        newer.lv_objid = c->lv_objid;
        TRY(long_value_tree_open(pages, &newer, &c->long_values));
    } else {
        TRY(long_value_tree_open(pages, c->schema, &c->long_values));
    }
    if (c->long_values.is_open)
        btree_cursor_set_reader(&c->long_values.cursor, c->transaction);
done:
    return err;
}

JET_ERR cursor_long_values(struct cursor *c, const struct long_value_nodes **nodes)
{
    JET_ERR err = JET_errSuccess;
    *nodes = NULL;
    if (c->temp != NULL)
        goto done;
    if (!c->long_values.is_open)
        TRY(open_long_values(c));
    c->long_values.nodes.key = c->encryption;
    *nodes = &c->long_values.nodes;
done:
    return err;
}

const struct collation_table *cursor_weights(struct cursor *c, const struct index *index)
{
    for (uint32_t i = 0; c->catalog != NULL && i < index->segment_count; i++) {
        const struct column *column = schema_column(c->schema, index->segments[i].column_id);
        if (column != NULL && column_type_is_text(column->type) && column->code_page == 1200)
            return catalog_weights(c->catalog);
    }
    return NULL;
}

JET_ERR cursor_rules(struct cursor *c, const struct key_rules **rules)
{
    JET_ERR err = JET_errSuccess;
    const struct index *index = cursor_index(c);
    *rules = NULL;
    if (index == NULL)
        RAISE(JET_errNoCurrentIndex);
    if (!c->has_rules) {
        if (c->temp != NULL)
            c->rules = *temp_table_rules(c->temp);
        else
            TRY(key_rules_init(&c->rules, c->schema, index, cursor_weights(c, index)));
        c->has_rules = true;
    }
    *rules = &c->rules;
done:
    return err;
}

void cursor_forget_range(struct cursor *c) { c->has_range = false; }
void cursor_reset_key(struct cursor *c) { search_key_reset(&c->key); }

/* --- the schema --- */

/* The same index in another schema object; NULL when it has gone. */
static const struct index *same_index(const struct table_schema *schema, const struct index *index)
{
    for (uint32_t i = 0; i < schema->index_count; i++)
        if (schema->indexes[i].objid == index->objid && !index_is_primary(&schema->indexes[i]))
            return &schema->indexes[i];
    return NULL;
}

JET_ERR cursor_reload_schema(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *newer = NULL;
    uint64_t generation = catalog_generation(c->catalog);
    err = catalog_find_table_by_objid_for(c->catalog, c->transaction, c->schema->objid, &newer);
    if (err == JET_errObjectNotFound) { /* deleted, in a transaction that has not ended: the rows are as they were */
        c->generation = generation;
        return JET_errSuccess;
    }
    TRY(err);
    const struct index *index = c->index != NULL ? same_index(newer, c->index) : NULL;
    if (newer != c->schema && (c->index == NULL || index != NULL)) {
        const struct table_schema *older = c->schema;
        update_forget_schema(c);
        if (c->update != NULL && c->update->builder != NULL) {
            record_builder_set_schema(c->update->builder, newer);
            c->update->builder_schema = newer;
        }
        c->schema = newer;
        c->index = index;
        c->has_rules = false;
        newer = older;
    }
    c->generation = generation;
done:
    catalog_release_table(c->catalog, newer);
    return err;
}

JET_ERR cursor_refresh(struct cursor *c)
{
    return c->catalog == NULL || c->generation == catalog_generation(c->catalog) ? JET_errSuccess : cursor_reload_schema(c);
}

/* --- the current index --- */

static JET_ERR find_index(struct cursor *c, const char *name, uint32_t objid, const struct index **out)
{
    *out = NULL;
    if (objid != 0) {
        for (uint32_t i = 0; i < c->schema->index_count; i++)
            if (c->schema->indexes[i].objid == objid)
                *out = &c->schema->indexes[i];
        return *out != NULL ? JET_errSuccess : error_raise(JET_errInvalidIndexId, __FILE__, __LINE__);
    }
    if (name == NULL || *name == 0)
        return JET_errSuccess;
    *out = c->temp == NULL ? schema_index_by_name(c->schema, name) : NULL;
    return *out != NULL ? JET_errSuccess : error_raise(JET_errIndexNotFound, __FILE__, __LINE__);
}

static JET_ERR open_index(struct cursor *c, const struct index *index)
{
    JET_ERR err = JET_errSuccess;
    close_index(c);
    c->has_rules = false;
    cursor_forget_range(c);
    cursor_reset_key(c);
    if (index == NULL)
        goto done;
    TRY(btree_open(catalog_database(c->catalog)->pages, index->root, index->objid, &c->index_tree));
    TRY(btree_cursor_open(&c->index_tree, &c->index_entry));
    btree_cursor_set_reader(&c->index_entry, c->transaction);
    c->index = index;
    atomic_store(&c->current_objid, index->objid);
done:
    return err;
}

JET_ERR cursor_set_index(struct cursor *c, const char *name, uint32_t objid, unsigned options, uint32_t itag_sequence)
{
    JET_ERR err = JET_errSuccess;
    const struct index *wanted;
    uint8_t bookmark[BTREE_KEY_MAX];
    uint32_t size = 0;
    bool stays = (options & CURSOR_INDEX_NO_MOVE) != 0;
    if (c->is_filtered) /* it cannot go over to another index */
        RAISE(JET_errFilteredMoveNotSupported);
    TRY(update_drop(c));
    TRY(cursor_refresh(c));
    TRY(find_index(c, name, objid, &wanted));
    if (wanted != NULL && index_is_primary(wanted))
        wanted = NULL;
    if (wanted != NULL && (wanted->flags & INDEX_FLAG_DEFERRED) != 0)
        RAISE(JET_errCantUseDeferredPopulateIndex); /* its entries say nothing about the rows yet */
    if (wanted == c->index)
        goto done;
    if (stays)
        TRY(cursor_get_bookmark(c, bookmark, sizeof bookmark, &size));
    TRY(open_index(c, wanted));
    if (stays)
        TRY(cursor_goto_bookmark(c, span_of(bookmark, size), itag_sequence == 0 ? 1 : itag_sequence));
    else
        c->first_is_due = true;
done:
    return err;
}
