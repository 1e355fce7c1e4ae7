/* The secondary indexes of a repaired table (repair_internal.h).
 *
 * They are made anew from the rows that were saved. A row that a unique index has no place for, or whose key may not be, is taken out again, with its entries in the indexes that are made
 * already. Some keys cannot be made here: text in an order of Windows whose weights are not there, values that an application computes. Such an index is taken over node for node if
 * its tree is whole and the database was closed cleanly, less the entries of rows that are not there; so is every index over Unicode text, since the machine
 * that will use it may order it otherwise than this one. An index that can neither be made nor taken over is left out of the new database: applications that know it make it again. */
#include <stdlib.h>

#include "base/memory.h"
#include "btree/update.h"
#include "catalog/ddl.h"
#include "catalog/row.h"
#include "engine/repair_internal.h"
#include "record/key.h"

enum { REFUSED_BYTES_MOST = 256 << 20 };

/* Primary keys of rows to be taken out, one behind the other: u16 size, key. */
struct refused {
    uint8_t *bytes;
    uint32_t used, room;
};

static JET_ERR refuse(void *context, struct span key, JET_ERR error)
{
    JET_ERR err = JET_errSuccess;
    struct refused *list = context;
    (void)error;
    uint32_t size = key.size + (uint32_t)sizeof(uint16_t);
    if (size > list->room - list->used) {
        uint32_t room = 2 * (list->room + size);
        uint8_t *more = room <= REFUSED_BYTES_MOST ? mem_resize(list->bytes, room) : NULL;
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        list->bytes = more;
        list->room = room;
    }
    store_le16(list->bytes + list->used, (uint16_t)key.size);
    copy_few(list->bytes + list->used + sizeof(uint16_t), key.data, key.size);
    list->used += size;
done:
    return err;
}

/* --- taking a row out --- */

struct removal {
    struct table_work *table;
    const struct btree *tree; /* of an index */
    struct span primary_key;
};

/* The entry of this row, which another row may have in its place. */
static JET_ERR remove_entry(void *context, struct span key)
{
    JET_ERR err = JET_errSuccess;
    const struct removal *m = context;
    struct btree_cursor cursor = {0};
    struct node node;
    TRY(btree_cursor_open(m->tree, &cursor));
    err = btree_seek_bookmark(&cursor, key, m->primary_key);
    if (err == JET_errRecordDeleted) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(btree_cursor_get(&cursor, &node));
    bool is_its_own = span_equal(node.data, m->primary_key);
    btree_cursor_release(&cursor);
    if (is_its_own)
        TRY(btree_delete(&m->table->r->transaction, &cursor, BTREE_UNVERSIONED));
done:
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR remove_entries(struct table_work *w, const struct index *index, struct span primary_key, struct span record, const struct long_value_nodes *nodes)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct key_rules rules;
    struct record_view view;
    struct record_key_source source = {0};
    struct removal removal = {w, &tree, primary_key};
    TRY(btree_open_writable(w->r->db, index->root, index->objid, &tree));
    TRY(key_rules_init(&rules, w->schema, index, catalog_weights(w->r->catalog)));
    TRY(record_view_init(&view, record, w->r->file.page_size));
    record_key_source_init(&source, &view, nodes);
    err = key_entries(&rules, &source.source, remove_entry, &removal);
    if (err == JET_errNullKeyDisallowed || err == JET_errKeyTruncated) /* then it has none */
        err = JET_errSuccess;
done:
    record_key_source_close(&source);
    return err;
}

/* One reference less on each long value of the row; the last takes the value with it. */
static JET_ERR release_value(struct table_work *w, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct node node;
    struct long_value_key decoded;
    uint8_t key[LONG_VALUE_KEY_MAX], head[16];
    TRY(btree_open_writable(w->r->db, w->schema->lv_root, w->schema->lv_objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    TRY(btree_seek(&cursor, span_of(key, long_value_root_key(lid, key)), BTREE_SEEK_EQ));
    TRY(btree_cursor_get(&cursor, &node));
    uint32_t size = node.data.size, references = size >= 4 ? load_le32(node.data.data) : 0;
    if (size <= sizeof head)
        memcpy(head, node.data.data, size);
    btree_cursor_release(&cursor);
    if (size > sizeof head || references == 0)
        RAISE(JET_errLVCorrupted);
    store_le32(head, references - 1);
    if (references > 1) {
        TRY(btree_replace(&w->r->transaction, &cursor, span_of(head, size), BTREE_UNVERSIONED));
        goto done;
    }
    w->told.long_values--;
    do {
        TRY(btree_delete(&w->r->transaction, &cursor, BTREE_UNVERSIONED));
        err = btree_seek(&cursor, span_of(key, long_value_root_key(lid, key)), BTREE_SEEK_GE);
    } while (err >= 0 && long_value_key_decode(btree_cursor_key(&cursor), &decoded) >= 0 && decoded.lid == lid);
    if (err == JET_errRecordNotFound || err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR release_values(struct table_work *w, struct span record)
{
    JET_ERR err = JET_errSuccess;
    struct record_view view;
    TRY(record_view_init(&view, record, w->r->file.page_size));
    for (uint32_t i = 0; i < view.tagged_count; i++) {
        struct tagged_entry entry;
        uint32_t count;
        TRY(record_tagged_at(&view, i, &entry));
        TRY(record_tagged_count(&entry, &count));
        for (uint32_t sequence = 1; sequence <= count; sequence++) {
            struct column_value value;
            TRY(record_tagged_value(&entry, sequence, &value));
            if ((value.flags & (COLUMN_VALUE_NULL | COLUMN_VALUE_SEPARATED)) == COLUMN_VALUE_SEPARATED)
                TRY(release_value(w, value.lid));
        }
    }
done:
    return err;
}

/* made: how many of the rebuilt indexes, in `indexes`, may have entries of it. A row that has gone already is nothing to do. */
static JET_ERR remove_row(struct table_work *w, const struct index *const *indexes, uint32_t made, struct span key, uint8_t *record)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct long_value_tree *values = mem_alloc(sizeof *values);
    struct node node;
    if (values == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(btree_open_writable(w->r->db, w->schema->root, w->schema->objid, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    err = btree_seek(&cursor, key, BTREE_SEEK_EQ);
    if (err == JET_errRecordNotFound) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    TRY(btree_cursor_get(&cursor, &node));
    uint32_t size = node.data.size;
    memcpy(record, node.data.data, size);
    btree_cursor_release(&cursor);
    TRY(long_value_tree_open(w->r->db->pages, w->schema, values));
    for (uint32_t i = 0; i < made; i++)
        TRY(remove_entries(w, indexes[i], key, span_of(record, size), values->is_open ? &values->nodes : NULL));
    long_value_tree_close(values);
    TRY(btree_delete(&w->r->transaction, &cursor, BTREE_UNVERSIONED));
    TRY(release_values(w, span_of(record, size)));
    w->told.rows--;
    w->told.rows_lost++;
    w->told.rows_in_conflict++;
done:
    if (values != NULL)
        long_value_tree_close(values);
    mem_free(values);
    btree_cursor_close(&cursor);
    return err;
}

static JET_ERR remove_refused(struct table_work *w, const struct index *const *indexes, uint32_t made, const struct refused *list)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *record = mem_alloc(w->r->file.page_size);
    if (record == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t at = 0; at < list->used;) {
        uint32_t size = load_le16(list->bytes + at);
        TRY(remove_row(w, indexes, made, span_of(list->bytes + at + sizeof(uint16_t), size), record));
        at += (uint32_t)sizeof(uint16_t) + size;
    }
done:
    mem_free(record);
    return err;
}

/* --- making --- */

bool repair_index_has_columns(const struct table_schema *schema, const struct index *index)
{
    for (uint32_t i = 0; i < index->segment_count; i++)
        if (schema_column(schema, index->segments[i].column_id) == NULL)
            return false;
    for (uint32_t i = 0; i < index->condition_count; i++)
        if (schema_column(schema, index->conditions[i].column_id) == NULL)
            return false;
    return true;
}

static bool can_be_made(const struct table_work *w, const struct index *index)
{
    struct key_rules rules;
    if ((index->flags & INDEX_FLAG_DEFERRED) != 0 || key_rules_init(&rules, w->schema, index, catalog_weights(w->r->catalog)) < 0 || key_rules_lack_collation(&rules))
        return false;
    for (uint32_t i = 0; i < index->segment_count; i++) {
        const struct column *column = schema_column(w->schema, index->segments[i].column_id);
        if (column == NULL || (column->flags & (COLUMN_FLAG_USER_DEFAULT | COLUMN_FLAG_ENCRYPTED)) != 0)
            return false;
    }
    return true;
}

static JET_ERR drop_index(struct table_work *w, const struct index *index)
{
    JET_ERR err = JET_errSuccess;
    struct repair_row *row = repair_catalog_tree(w->r, w->first, index->objid);
    if (row != NULL)
        TRY(repair_catalog_drop(w->r, row));
    w->told.indexes_lost++;
    w->r->is_damaged = true;
done:
    return err;
}

/* Errors that say that this key cannot be made here, whatever the table is like. */
static bool cannot_be_made(JET_ERR err)
{
    return err == JET_errFeatureNotAvailable || err == JET_errCallbackNotResolved || err == JET_errDecompressionFailed || err == JET_errLVCorrupted || err == JET_errIndexInvalidDef;
}

/* *is_made: false when it is gone. */
static JET_ERR make_index(struct table_work *w, const struct index *const *made, uint32_t made_count, const struct index *index, bool *is_made)
{
    JET_ERR err = JET_errSuccess;
    struct refused refused = {.bytes = NULL};
    const struct index_conflicts conflicts = {refuse, &refused};
    *is_made = false;
    err = catalog_fill_index(&w->r->transaction, w->r->catalog, w->schema, index->objid, &conflicts);
    if (cannot_be_made(err)) {
        TRY(drop_index(w, index));
        goto done;
    }
    TRY(err);
    *is_made = true;
    w->told.indexes++;
    if (refused.used > 0) {
        w->r->is_damaged = true;
        TRY(remove_refused(w, made, made_count, &refused)); /* the new one is the last of `made` */
    }
done:
    mem_free(refused.bytes);
    return err;
}

/* --- taking over --- */

struct take_over {
    struct btree_cursor rows;
};

static JET_ERR accept_entry(void *context, struct span key, struct span *data, bool *is_taken)
{
    struct take_over *t = context;
    (void)key;
    if (data->size > BTREE_KEY_MAX) {
        *is_taken = false;
        return JET_errSuccess;
    }
    JET_ERR err = btree_seek(&t->rows, *data, BTREE_SEEK_EQ);
    *is_taken = err >= 0;
    return err == JET_errRecordNotFound ? JET_errSuccess : err;
}

/* Its tree in the old file, whose lost pages are told of also when it is made anew. *is_usable: it is whole, and says what the rows say. */
static JET_ERR find_old_tree(struct table_work *w, const struct index *index, struct repair_tree *old, bool *is_usable)
{
    JET_ERR err = JET_errSuccess;
    const struct repair_file *f = &w->r->file;
    const struct repair_losses losses = {repair_tell_page, w->r};
    const struct repair_row *row = repair_catalog_tree(w->r, w->first, index->objid);
    bool was_closed = !f->has_header || f->header.state == DB_STATE_CLEAN; /* else pages of the tree may be older than those of the rows, or newer */
    if (row == NULL)
        goto done;
    TRY(repair_tree_walk(&w->r->file, row->root, row->id, PAGE_FLAG_INDEX, &losses, old));
    w->told.pages_lost += old->pages_lost;
    if (!old->is_whole)
        w->r->is_damaged = true;
    *is_usable = old->is_whole && old->is_unique == index_is_unique(index) && was_closed && w->told.columns_nulled == 0;
done:
    return err;
}

static JET_ERR take_over_index(struct table_work *w, const struct index *index, const struct repair_tree *old)
{
    JET_ERR err = JET_errSuccess;
    struct take_over t = {.rows = {0}};
    struct btree rows;
    uint64_t lost = 0;
    TRY(btree_open(w->r->db->pages, w->schema->root, w->schema->objid, &rows));
    TRY(btree_cursor_open(&rows, &t.rows));
    TRY(repair_fill(w->r, old, index->root, 0, accept_entry, &t, &lost));
    w->told.indexes_copied++;
done:
    btree_cursor_close(&t.rows);
    return err;
}

static JET_ERR make_or_drop(struct table_work *w, const struct index *index, const struct index **made, uint32_t *made_count)
{
    JET_ERR err = JET_errSuccess;
    bool is_made = false;
    if (can_be_made(w, index)) {
        made[*made_count] = index;
        TRY(make_index(w, made, *made_count + 1, index, &is_made));
        *made_count += is_made;
    } else {
        TRY(drop_index(w, index));
    }
done:
    return err;
}

static bool is_better_taken_over(const struct table_work *w, const struct index *index) { return (index->flags & INDEX_FLAG_UNICODE_TEXT) != 0 || !can_be_made(w, index); }

/* Makes all that are not left to be taken over: their trees are in `old`. */
static JET_ERR make_indexes(struct table_work *w, struct repair_tree *old, const struct index **made)
{
    JET_ERR err = JET_errSuccess;
    uint32_t made_count = 0;
    for (uint32_t i = 0; i < w->schema->index_count; i++) {
        const struct index *index = &w->schema->indexes[i];
        bool is_usable = false;
        if (index_is_primary(index))
            continue;
        if (!repair_index_has_columns(w->schema, index)) {
            TRY(drop_index(w, index));
            continue;
        }
        TRY(find_old_tree(w, index, &old[i], &is_usable));
        if (is_usable && is_better_taken_over(w, index))
            continue;
        repair_tree_free(&old[i]);
        TRY(make_or_drop(w, index, made, &made_count));
    }
done:
    return err;
}

JET_ERR repair_indexes(struct table_work *w)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count = w->schema->index_count;
    const struct index **made = mem_alloc_array(count + 1, sizeof *made);
    struct repair_tree *old = mem_alloc_array(count + 1, sizeof *old);
    if (made == NULL || old == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(make_indexes(w, old, made));
    for (uint32_t i = 0; i < count; i++) /* behind the others, which may have taken rows out */
        if (old[i].file != NULL)
            TRY(take_over_index(w, &w->schema->indexes[i], &old[i]));
done:
    for (uint32_t i = 0; old != NULL && i < count; i++)
        repair_tree_free(&old[i]);
    mem_free(old);
    mem_free(made);
    return err;
}
