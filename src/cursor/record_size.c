/* How big a row is, part by part, as JetGetRecordSize tells it (cursor.h).
 *
 * overhead: the page's tag (4), the key's length (2), the record header (4), the key, null bitmap, variable offsets, tagged entries and
 * their flag bytes, the ids of separated values. data: the values' own bytes, uncompressed. */
#include "base/memory.h"
#include "cursor/internal.h"

enum { ROW_OVERHEAD = 4 + 2 + RECORD_SIZE_MIN, TAGGED_ENTRY = 4, FLAG_BYTE = 1, LONG_VALUE_NODE_OVERHEAD = 4 + 2, LONG_VALUE_ROOT_DATA = 8 };

/* A separated value: its root and chunks in the tree. */
static JET_ERR add_separated(struct cursor *c, const struct column_value *value, struct cursor_record_size *t)
{
    JET_ERR err = JET_errSuccess;
    const struct long_value_nodes *nodes;
    struct long_value_info info;
    uint32_t chunks;
    uint64_t stored;
    TRY(cursor_long_values(c, &nodes));
    TRY(long_value_stored(nodes, value->lid, &info, &chunks, &stored));
    uint32_t lid_size = (value->lid & LID64_BIT) != 0 ? LID64_SIZE : LID32_SIZE;
    t->long_value_data += info.size;
    t->long_value_data_compressed += stored;
    t->long_value_overhead += LONG_VALUE_NODE_OVERHEAD + lid_size + LONG_VALUE_ROOT_DATA + (uint64_t)chunks * (LONG_VALUE_NODE_OVERHEAD + lid_size + 4);
done:
    return err;
}

static JET_ERR add_tagged(struct cursor *c, const struct tagged_entry *entry, bool is_local, struct cursor_record_size *t)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count, plain = 0;
    TRY(record_tagged_count(entry, &count));
    t->tagged_columns++;
    t->overhead += TAGGED_ENTRY + (entry->flags != 0 ? (uint64_t)FLAG_BYTE : 0);
    if (count > 1)
        t->multi_values += count - 1;
    if ((entry->flags & TAGGED_COMPRESSED) != 0)
        t->compressed_columns++;
    uint32_t stored = 0;
    for (uint32_t i = 1; i <= count; i++) {
        struct column_value value;
        TRY(record_tagged_value(entry, i, &value));
        stored += value.bytes.size;
        if ((value.flags & COLUMN_VALUE_SEPARATED) != 0) {
            t->long_values++;
            t->overhead += (value.lid & LID64_BIT) != 0 ? LID64_SIZE : LID32_SIZE;
            if (stored > 0 && value.bytes.size > 0)
                stored -= value.bytes.size;
            if (!is_local)
                TRY(add_separated(c, &value, t));
            plain += (value.lid & LID64_BIT) != 0 ? LID64_SIZE : LID32_SIZE;
            continue;
        }
        uint32_t written, total;
        TRY(column_value_read(&value, 0, NULL, 0, &written, &total));
        t->data += total;
        t->data_compressed += value.bytes.size;
    }
    /* What is left of the entry are the offsets of its values. */
    if (count > 1 && entry->data.size > stored + plain)
        t->overhead += entry->data.size - stored - plain;
done:
    return err;
}

static JET_ERR add_record(struct cursor *c, struct span bytes, uint32_t key_size, bool is_local, struct cursor_record_size *t)
{
    JET_ERR err = JET_errSuccess;
    struct record_view view;
    TRY(record_view_init(&view, bytes, c->schema->page_size));
    uint32_t variables = view.variable_last - (VARIABLE_ID_FIRST - 1), bitmap = view.variable_table - view.null_bitmap;
    uint64_t user = (view.null_bitmap - RECORD_SIZE_MIN) + (uint64_t)(view.tagged - view.variable_data);
    t->overhead += ROW_OVERHEAD + key_size + bitmap + 2ull * variables;
    t->data += user;
    t->data_compressed += user;
    t->non_tagged_columns += view.fixed_last + variables;
    for (uint32_t i = 0; i < view.tagged_count; i++) {
        struct tagged_entry entry;
        TRY(record_tagged_at(&view, i, &entry));
        TRY(add_tagged(c, &entry, is_local, t));
    }
done:
    return err;
}

JET_ERR cursor_get_record_size(struct cursor *c, unsigned options, struct cursor_record_size *total)
{
    JET_ERR err = JET_errSuccess;
    struct row row;
    uint8_t *copy = NULL;
    TRY(row_latch_copy(c, (options & CURSOR_SIZE_COPY) != 0 && c->temp == NULL, &row));
    if (row.temp != NULL) {
        total->overhead += ROW_OVERHEAD + row.temp->key_size;
        for (uint32_t i = 0; i < row.temp->value_count; i++) {
            uint32_t bytes = temp_row_value_at(row.temp, i).size;
            total->data += bytes;
            total->data_compressed += bytes;
            if (column_is_tagged(row.temp->values[i].column_id))
                total->tagged_columns++;
            else
                total->non_tagged_columns++;
        }
        goto done;
    }
    /* Long values are looked up after the page has been released. */
    uint32_t size = row.record.bytes.size, key_size = row.primary_key.size;
    copy = mem_copy(row.record.bytes.data, size);
    row_release(c);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(add_record(c, span_of(copy, size), key_size, (options & CURSOR_SIZE_LOCAL) != 0, total));
done:
    mem_free(copy);
    return err;
}
