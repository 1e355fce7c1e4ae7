/* How big a row is, part by part, as JetGetRecordSize tells it (cursor.h).
 *
 * overhead: the page's tag (4), the key's length (2), the record header (4), the key, null bitmap, variable offsets, tagged entries and
 * their flag bytes, the ids of separated values. data: the values' own bytes, uncompressed.
 * The key of a chunk of a separated value is counted with the size of the row's key, not its own: so the original engine answers. */
#include "base/memory.h"
#include "cursor/internal.h"

enum { ROW_OVERHEAD = 4 + 2 + RECORD_SIZE_MIN, TAGGED_ENTRY = 4, FLAG_BYTE = 1, LONG_VALUE_NODE_OVERHEAD = 4 + 2, LONG_VALUE_ROOT_DATA = 8 };

struct sizing {
    struct cursor *cursor;
    unsigned options; /* enum cursor_size_option */
    struct cursor_record_size *total;
    uint32_t key_size; /* of the row */
};

static uint32_t lid_size(uint64_t lid) { return (lid & LID64_BIT) != 0 ? LID64_SIZE : LID32_SIZE; }

/* A separated value: its root and chunks in the tree. */
static JET_ERR add_separated(const struct sizing *s, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    struct cursor_record_size *t = s->total;
    const struct long_value_nodes *nodes;
    struct long_value_info info;
    uint32_t chunks = 0;
    uint64_t stored;
    TRY(cursor_long_values(s->cursor, &nodes));
    if ((s->options & CURSOR_SIZE_SEPARATED_LOGICAL) != 0) {
        TRY(long_value_info(nodes, lid, &info));
        stored = info.size;
    } else {
        TRY(long_value_stored(nodes, lid, &info, &chunks, &stored));
    }
    t->long_value_data += info.size;
    t->long_value_data_compressed += stored;
    t->long_value_overhead += LONG_VALUE_NODE_OVERHEAD + lid_size(lid) + LONG_VALUE_ROOT_DATA + (uint64_t)chunks * (LONG_VALUE_NODE_OVERHEAD + s->key_size);
done:
    return err;
}

/* A value in the record. */
static void add_own(struct cursor_record_size *t, bool is_long, uint32_t plain, uint32_t stored)
{
    t->data += plain;
    t->data_compressed += stored;
    if (is_long) {
        t->own_long_data += plain;
        t->own_long_data_compressed += stored;
        t->own_long_values++;
    }
}

static JET_ERR add_tagged(const struct sizing *s, const struct tagged_entry *entry)
{
    JET_ERR err = JET_errSuccess;
    struct cursor_record_size *t = s->total;
    uint32_t count, values_size = 0; /* in the entry */
    TRY(record_tagged_count(entry, &count));
    t->tagged_columns++;
    t->overhead += TAGGED_ENTRY + (entry->flags != 0 && !entry->is_null ? (uint64_t)FLAG_BYTE : 0);
    if (count > 1)
        t->multi_values += count - 1;
    if ((entry->flags & TAGGED_COMPRESSED) != 0)
        t->compressed_columns++;
    for (uint32_t i = 1; i <= count; i++) {
        struct column_value value;
        TRY(record_tagged_value(entry, i, &value));
        if ((value.flags & COLUMN_VALUE_SEPARATED) != 0) {
            t->long_values++;
            t->overhead += lid_size(value.lid);
            values_size += lid_size(value.lid);
            if ((s->options & CURSOR_SIZE_LOCAL) == 0)
                TRY(add_separated(s, value.lid));
            continue;
        }
        uint32_t written, plain = value.bytes.size;
        if ((s->options & CURSOR_SIZE_RECORD_STORED) == 0 && (value.flags & COLUMN_VALUE_ENCRYPTED) == 0)
            TRY(column_value_read(&value, 0, NULL, 0, &written, &plain));
        values_size += value.bytes.size;
        add_own(t, (entry->flags & TAGGED_LONG) != 0, plain, value.bytes.size);
    }
    /* What is left of the entry are the offsets of its values. */
    if (count > 1 && entry->data.size > values_size)
        t->overhead += entry->data.size - values_size;
done:
    return err;
}

static JET_ERR add_record(const struct sizing *s, struct span bytes)
{
    JET_ERR err = JET_errSuccess;
    struct cursor_record_size *t = s->total;
    struct record_view view;
    TRY(record_view_init(&view, bytes, s->cursor->schema->page_size));
    uint32_t variables = view.variable_last - (VARIABLE_ID_FIRST - 1), bitmap = view.variable_table - view.null_bitmap;
    uint64_t user = (view.null_bitmap - RECORD_SIZE_MIN) + (uint64_t)(view.tagged - view.variable_data);
    t->overhead += ROW_OVERHEAD + s->key_size + bitmap + 2ull * variables;
    t->key += s->key_size;
    t->data += user;
    t->data_compressed += user;
    t->non_tagged_columns += view.fixed_last + variables;
    for (uint32_t i = 0; i < view.tagged_count; i++) {
        struct tagged_entry entry;
        TRY(record_tagged_at(&view, i, &entry));
        TRY(add_tagged(s, &entry));
    }
done:
    return err;
}

/* --- temporary tables: what the record would be --- */

/* The values of a tagged column: one after the other, with an offset each if there are several; two that are not long need one byte for both. */
static void add_temporary_tagged(struct cursor_record_size *t, const struct column *column, const struct temp_row *row, uint32_t page_size)
{
    enum { LARGE_PAGE = 16384, OFFSET_SIZE = 2 };
    uint32_t count = temp_row_count(row, column->id);
    bool is_long = column_type_is_long(column->type), is_pair = count == 2 && !is_long && page_size < LARGE_PAGE;
    if (count == 0)
        return;
    t->tagged_columns++;
    t->multi_values += count - 1;
    t->overhead += TAGGED_ENTRY + (is_long || count > 1 ? (uint64_t)FLAG_BYTE : 0) + (count == 1 ? 0 : is_pair ? 1 : (uint64_t)count * OFFSET_SIZE);
    for (uint32_t i = 1; i <= count; i++) {
        uint32_t size = temp_row_get(row, column->id, i).size;
        add_own(t, is_long, size, size);
    }
}

/* A sort that becomes a table to be changed, and not to be sought in, numbers its rows instead of giving them keys. */
static uint32_t temporary_key_size(const struct cursor *c, const struct temp_row *row)
{
    bool is_numbered = (temp_table_options(c->temp) & (TEMP_UPDATABLE | TEMP_INDEXED)) == TEMP_UPDATABLE && !temp_table_began_materialized(c->temp);
    return is_numbered ? (uint32_t)sizeof(uint32_t) : row->key_size;
}

static void add_temporary(struct cursor_record_size *t, const struct cursor *c, const struct temp_row *row)
{
    const struct table_schema *schema = c->schema;
    uint32_t fixed_last = 0, variable_last = VARIABLE_ID_FIRST - 1, user = 0;
    for (uint32_t i = 0; i < row->value_count; i++) {
        uint32_t id = row->values[i].column_id & 0xFFFF;
        if (column_is_fixed(id) && id > fixed_last)
            fixed_last = id;
        if (column_is_variable(id)) {
            user += temp_row_value_at(row, i).size;
            variable_last = id > variable_last ? id : variable_last;
        }
    }
    for (uint32_t i = 0; i < schema->column_count; i++) {
        const struct column *column = &schema->columns[i];
        uint32_t size = column_type_size(column->type);
        if (column_is_tagged(column->id))
            add_temporary_tagged(t, column, row, schema->page_size);
        else if (column_is_fixed(column->id) && (column->id & 0xFFFF) <= fixed_last)
            user += size != 0 ? size : column->max_size;
    }
    uint32_t variables = variable_last - (VARIABLE_ID_FIRST - 1);
    uint32_t key_size = temporary_key_size(c, row);
    t->overhead += ROW_OVERHEAD + key_size + (fixed_last + 7) / 8 + 2ull * variables;
    t->key += key_size;
    t->data += user;
    t->data_compressed += user;
    t->non_tagged_columns += fixed_last + variables;
}

JET_ERR cursor_get_record_size(struct cursor *c, unsigned options, struct cursor_record_size *total)
{
    JET_ERR err = JET_errSuccess;
    struct sizing sizing = {.cursor = c, .options = options, .total = total};
    struct row row;
    uint8_t *copy = NULL;
    TRY(row_latch_copy(c, (options & CURSOR_SIZE_COPY) != 0 && c->temp == NULL, &row));
    if (row.temp != NULL) {
        add_temporary(total, c, row.temp);
        goto done;
    }
    /* Long values are looked up after the page has been released. */
    uint32_t size = row.record.bytes.size;
    sizing.key_size = row.primary_key.size;
    copy = mem_copy(row.record.bytes.data, size);
    row_release(c);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(add_record(&sizing, span_of(copy, size)));
done:
    mem_free(copy);
    return err;
}
