/* Index entries follow their rows (update_internal.h; records-and-catalog 4.6, 4.7).
 *
 * The entries of a row are what key_entries says about its record. For a replaced row the keys of the old and the new record are compared, and only what differs is
 * deleted and inserted; indexes over no changed column are not looked at. Trees are opened once per cursor.
 */
#include "cursor/update_internal.h"

#include "base/memory.h"

void update_close_slots(struct cursor *c)
{
    struct pending_update *u = c->update;
    for (uint32_t i = 0; i < u->slot_count; i++)
        if (u->slots[i].is_open)
            btree_cursor_close(&u->slots[i].entry);
    mem_free(u->slots);
    u->slots = NULL;
    u->slot_count = 0;
}

static void collect_columns(struct index_slot *slot)
{
    for (uint32_t i = 0; i < slot->index->segment_count; i++)
        column_set_add(&slot->columns, slot->index->segments[i].column_id);
    for (uint32_t i = 0; i < slot->index->condition_count; i++)
        column_set_add(&slot->columns, slot->index->conditions[i].column_id);
}

JET_ERR update_fill_slots(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    memset(&u->indexed, 0, sizeof u->indexed);
    if (c->schema->index_count == 0)
        goto done;
    u->slots = mem_alloc_array(c->schema->index_count, sizeof *u->slots);
    if (u->slots == NULL)
        RAISE(JET_errOutOfMemory);
    u->slot_count = c->schema->index_count;
    for (uint32_t i = 0; i < u->slot_count; i++) {
        struct index_slot *slot = &u->slots[i];
        slot->index = &c->schema->indexes[i];
        collect_columns(slot);
        if (!index_is_primary(slot->index))
            for (unsigned w = 0; w < COLUMN_SET_WORDS; w++)
                u->indexed.words[w] |= slot->columns.words[w];
    }
    if (index_is_primary(u->slots[0].index))
        TRY(key_rules_init(&u->slots[0].rules, c->schema, u->slots[0].index, cursor_weights(c, u->slots[0].index)));
done:
    return err;
}

void update_set_reader(struct cursor *c)
{
    struct pending_update *u = c->update;
    if (u->table_entry.bookmark != NULL)
        btree_cursor_set_reader(&u->table_entry, c->transaction);
    for (uint32_t i = 0; i < u->slot_count; i++)
        if (u->slots[i].is_open)
            btree_cursor_set_reader(&u->slots[i].entry, c->transaction);
}

static JET_ERR open_slot(struct cursor *c, struct index_slot *slot)
{
    JET_ERR err = JET_errSuccess;
    if (slot->is_open)
        return err;
    TRY(key_rules_init(&slot->rules, c->schema, slot->index, cursor_weights(c, slot->index)));
    TRY(btree_open_writable(catalog_database(c->catalog), slot->index->root, slot->index->objid, &slot->tree));
    TRY(btree_cursor_open(&slot->tree, &slot->entry));
    btree_cursor_set_reader(&slot->entry, c->transaction);
    slot->is_open = true;
done:
    return err;
}

/* The keys of a record. A table without long values needs no tree for them. */
static JET_ERR open_source(struct cursor *c, const struct record_view *record, struct record_key_source *out)
{
    JET_ERR err = JET_errSuccess;
    const struct long_value_nodes *nodes = NULL;
    *out = (struct record_key_source){0};
    if (c->lv_root != 0 || c->schema->lv_root != 0)
        TRY(cursor_long_values(c, &nodes));
    record_key_source_init(out, record, nodes);
done:
    return err;
}

JET_ERR update_primary_key(struct cursor *c, const struct record_view *record, uint8_t *key, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    struct record_key_source source;
    TRY(open_source(c, record, &source));
    err = key_primary(&c->update->slots[0].rules, &source.source, key, size);
    record_key_source_close(&source);
done:
    return err;
}

/* --- one entry --- */

struct entry_job {
    struct cursor *cursor;
    struct index_slot *slot;
    struct span primary_key;
};

static JET_ERR insert_entry(void *context, struct span key)
{
    struct entry_job *job = context;
    return btree_insert(job->cursor->transaction, &job->slot->tree, &job->slot->entry, key, job->primary_key, 0);
}

/* In an index that is not populated yet the entry may be missing, or belong to another row. */
static JET_ERR delete_entry(void *context, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct entry_job *job = context;
    struct btree_cursor *entry = &job->slot->entry;
    bool is_deferred = (job->slot->index->flags & INDEX_FLAG_DEFERRED) != 0;
    struct node node;
    err = btree_seek_bookmark(entry, key, job->primary_key);
    if (err == JET_errRecordDeleted || err == JET_errRecordNotFound || err == JET_errNoCurrentRecord) {
        if (is_deferred)
            return JET_errSuccess;
        RAISE(JET_errSecondaryIndexCorrupted);
    }
    TRY(err);
    if (job->slot->tree.is_unique) {
        TRY(btree_cursor_get(entry, &node));
        bool is_ours = span_equal(node.data, job->primary_key);
        btree_cursor_release(entry);
        if (!is_ours && is_deferred)
            goto done;
        if (!is_ours)
            RAISE(JET_errSecondaryIndexCorrupted);
    }
    TRY(btree_delete(job->cursor->transaction, entry, 0));
done:
    return err;
}

static JET_ERR change_entries(struct cursor *c, const struct record_view *record, struct span primary_key, JET_ERR (*change)(void *context, struct span key))
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct record_key_source source = {0};
    uint32_t first = schema_primary(c->schema) != NULL ? 1 : 0;
    if (u->slot_count == first)
        return err;
    TRY(open_source(c, record, &source));
    for (uint32_t i = first; i < u->slot_count; i++) {
        struct entry_job job = {c, &u->slots[i], primary_key};
        TRY(open_slot(c, &u->slots[i]));
        TRY(key_entries(&u->slots[i].rules, &source.source, change, &job));
    }
done:
    record_key_source_close(&source);
    return err;
}

JET_ERR update_insert_entries(struct cursor *c, const struct record_view *record, struct span primary_key)
{
    return change_entries(c, record, primary_key, insert_entry);
}

JET_ERR update_delete_entries(struct cursor *c, const struct record_view *record, struct span primary_key)
{
    return change_entries(c, record, primary_key, delete_entry);
}

/* --- the difference of two rows --- */

/* Keys one after the other as { u16 size, bytes }, in key order, as key_entries gives them. */
static JET_ERR keep_key(void *context, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct value_buffer *keys = context;
    uint64_t needed = (uint64_t)keys->size + 2 + key.size;
    if (needed > keys->capacity) {
        if (needed > UINT32_MAX / 2)
            RAISE(JET_errOutOfMemory);
        TRY(value_buffer_reserve(keys, (uint32_t)(needed < 512 ? 1024 : 2 * needed)));
    }
    store_le16(keys->data + keys->size, (uint16_t)key.size);
    if (key.size > 0)
        memcpy(keys->data + keys->size + 2, key.data, key.size);
    keys->size = (uint32_t)needed;
done:
    return err;
}

static bool key_at(const struct value_buffer *keys, uint32_t at, struct span *key)
{
    if (at >= keys->size)
        return false;
    *key = span_of(keys->data + at + 2, load_le16(keys->data + at));
    return true;
}

/* Calls change for every key of `from` that is not in `other`. */
static JET_ERR change_missing(const struct value_buffer *from, const struct value_buffer *other, JET_ERR (*change)(void *context, struct span key), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct span key, against;
    for (uint32_t at = 0, j = 0; key_at(from, at, &key); at += 2 + key.size) {
        int order = 1;
        while (key_at(other, j, &against)) {
            order = span_compare(against, key);
            if (order >= 0)
                break;
            j += 2 + against.size;
            order = 1;
        }
        if (order != 0)
            TRY(change(context, key));
    }
done:
    return err;
}

JET_ERR update_replace_entries(struct cursor *c, const struct record_view *before, const struct record_view *after, struct span primary_key)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct record_key_source old_source = {0}, new_source = {0};
    if (!column_set_meets(&u->indexed, &u->changed))
        return err;
    TRY(open_source(c, before, &old_source));
    TRY(open_source(c, after, &new_source));
    for (uint32_t i = schema_primary(c->schema) != NULL ? 1 : 0; i < u->slot_count; i++) {
        struct index_slot *slot = &u->slots[i];
        struct entry_job job = {c, slot, primary_key};
        if (!column_set_meets(&slot->columns, &u->changed))
            continue;
        TRY(open_slot(c, slot));
        u->old_keys.size = u->new_keys.size = 0;
        TRY(key_entries(&slot->rules, &old_source.source, keep_key, &u->old_keys));
        TRY(key_entries(&slot->rules, &new_source.source, keep_key, &u->new_keys));
        TRY(change_missing(&u->old_keys, &u->new_keys, delete_entry, &job));
        TRY(change_missing(&u->new_keys, &u->old_keys, insert_entry, &job));
    }
done:
    record_key_source_close(&old_source);
    record_key_source_close(&new_source);
    return err;
}
