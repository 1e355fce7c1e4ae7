/* Record streams (record_stream.h): rows packed while the cursor moves over them, and values taken out again.
 *
 * A row is put into the buffer under its page's latch; `actual` moves on only when the row is whole, so that a row that does not fit leaves no trace. */
#define ESENT_PRIVATE
#include "cursor/record_stream.h"

#include "base/memory.h"
#include "cursor/column_reference.h"
#include "cursor/internal.h"

enum { VERSION = 1, HEADER_SIZE = 21, HEADER_SIZE_AT = 1, NEXT_AT = 5, RECORD_AT = 9, COLUMN_AT = 13, SEQUENCE_AT = 17 };
enum { VALUE_SIZE = 9, VALUE_COLUMN_AT = 1, VALUE_SIZE_AT = 5 };
enum value_flag { VALUE_IS_ODD = 0x1, VALUE_NOT_THERE = 0x2, VALUE_IS_REFERENCE = 0x4, VALUE_IS_NULL = 0x8 };
/* A table with fewer column ids tells of all its columns in every record; a larger one only of those a record, or the default record, reaches. */
enum { ALWAYS_LISTED_BELOW = 100 };

/* --- reading --- */

JET_ERR record_stream_next(uint8_t *stream, uint32_t size, struct stream_value *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct stream_value){0};
    if (stream == NULL || size < HEADER_SIZE || stream[0] != VERSION || load_le32(stream + HEADER_SIZE_AT) != HEADER_SIZE)
        RAISE(JET_errInvalidParameter);
    uint32_t at = load_le32(stream + NEXT_AT);
    if (at < HEADER_SIZE || at > size)
        RAISE(JET_errInvalidParameter);
    if (at == size) {
        err = JET_wrnNoMoreRecords;
        goto done;
    }
    if (size - at < VALUE_SIZE)
        RAISE(JET_errInvalidParameter);
    const uint8_t *value = stream + at;
    uint32_t data_size = load_le32(value + VALUE_SIZE_AT);
    if (data_size > size - at - VALUE_SIZE)
        RAISE(JET_errInvalidParameter);
    uint32_t record = load_le32(stream + RECORD_AT), column_id = load_le32(value + VALUE_COLUMN_AT);
    bool is_new = (record & 1) != (uint32_t)(value[0] & VALUE_IS_ODD);
    *out = (struct stream_value){.record = record + (is_new ? 1 : 0), .column_id = column_id, .sequence = 1, .offset = at + VALUE_SIZE, .size = data_size};
    if (!is_new && load_le32(stream + COLUMN_AT) == column_id)
        out->sequence = load_le32(stream + SEQUENCE_AT) + 1;
    store_le32(stream + NEXT_AT, at + VALUE_SIZE + data_size);
    store_le32(stream + RECORD_AT, out->record);
    store_le32(stream + COLUMN_AT, column_id);
    store_le32(stream + SEQUENCE_AT, out->sequence);
    if ((value[0] & VALUE_IS_NULL) != 0)
        err = JET_wrnColumnNull;
    else if ((value[0] & VALUE_IS_REFERENCE) != 0)
        err = JET_wrnColumnReference;
    else if ((value[0] & VALUE_NOT_THERE) != 0)
        err = JET_wrnColumnNotInRecord;
done:
    return err;
}

/* --- writing --- */

/* One column in the plan of a stream; from a secondary index: which of the two keys of an entry may have it. */
struct planned {
    uint32_t column_id;
    bool is_in_entry, is_in_primary;
};

struct stream {
    struct cursor *cursor;
    struct stream_request *request;
    uint32_t size;     /* with the record being packed */
    uint32_t records;
    bool is_full;
    struct planned *plan; /* NULL: what each record has */
    uint32_t plan_count;
};

/* Room for a value of data_size bytes, with its head written; NULL when it does not fit: the stream is then full. */
static uint8_t *put_head(struct stream *s, uint32_t column_id, unsigned flags, uint32_t data_size)
{
    struct stream_request *r = s->request;
    if (s->is_full || data_size > r->room - s->size || VALUE_SIZE > r->room - s->size - data_size) {
        s->is_full = true;
        return NULL;
    }
    uint8_t *out = r->buffer + s->size;
    out[0] = (uint8_t)(flags | ((s->records & 1) != 0 ? (unsigned)VALUE_IS_ODD : 0));
    store_le32(out + VALUE_COLUMN_AT, column_id);
    store_le32(out + VALUE_SIZE_AT, data_size);
    s->size += VALUE_SIZE + data_size;
    return out + VALUE_SIZE;
}

static void put_bytes(struct stream *s, uint32_t column_id, unsigned flags, struct span bytes)
{
    uint8_t *out = put_head(s, column_id, flags, bytes.size);
    if (out != NULL && bytes.size > 0)
        memcpy(out, bytes.data, bytes.size);
}

static JET_ERR put_separated(struct stream *s, const struct row *row, uint32_t column_id, const struct column *column, uint32_t sequence, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    uint8_t reference[COLUMN_REFERENCE_SIZE_MAX];
    uint32_t size;
    if (!s->request->with_references) {
        put_bytes(s, column_id, VALUE_NOT_THERE, span_of(NULL, 0));
        goto done;
    }
    TRY(cursor_make_reference(s->cursor, column, sequence, lid, row->primary_key, reference, &size));
    put_bytes(s, column_id, VALUE_IS_REFERENCE, span_of(reference, size));
done:
    return err;
}

/* All values of a column of the latched row; a column that has been deleted since the plan was made is null. */
static JET_ERR put_column(struct stream *s, const struct row *row, uint32_t column_id)
{
    JET_ERR err = JET_errSuccess;
    const struct column *column = schema_column(row->schema, column_id);
    uint32_t count = 0, written, total;
    if (column != NULL) {
        TRY(encryption_check(s->cursor, column));
        TRY(row_value_count(row, column, &count));
    }
    if (count == 0)
        put_bytes(s, column_id, VALUE_IS_NULL, span_of(NULL, 0));
    for (uint32_t sequence = 1; sequence <= count && !s->is_full; sequence++) {
        struct column_value value;
        TRY(row_value(row, column, sequence, &value));
        if ((value.flags & COLUMN_VALUE_SEPARATED) != 0) {
            TRY(put_separated(s, row, column_id, column, sequence, value.lid));
            continue;
        }
        if ((value.flags & COLUMN_VALUE_NULL) != 0) {
            put_bytes(s, column_id, VALUE_IS_NULL, span_of(NULL, 0));
            continue;
        }
        TRY(encryption_open_value(s->cursor, &value));
        TRY(column_value_read(&value, 0, NULL, 0, &written, &total));
        uint8_t *out = put_head(s, column_id, 0, total);
        if (out != NULL)
            TRY(column_value_read(&value, 0, out, total, &written, &total));
    }
done:
    return err;
}

/* The columns that this record, or the defaults, have: those of the template table first. */
static JET_ERR put_listed_columns(struct stream *s, const struct row *row)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *schema = row->schema;
    struct row_reach reach;
    row_find_reach(row, true, &reach);
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < schema->column_count && !s->is_full; i++) {
            const struct column *column = &schema->columns[i];
            if (((column->id & COLUMN_ID_TEMPLATE_BIT) != 0) == (pass == 0) && row_lists_column(row, &reach, column))
                TRY(put_column(s, row, column->id));
        }
done:
    return err;
}

static JET_ERR put_row(struct stream *s)
{
    JET_ERR err = JET_errSuccess;
    struct row row;
    TRY(row_latch(s->cursor, &row));
    if (s->plan == NULL)
        err = put_listed_columns(s, &row);
    for (uint32_t i = 0; i < s->plan_count && err >= 0 && !s->is_full; i++)
        err = put_column(s, &row, s->plan[i].column_id);
    row_release(s->cursor);
done:
    return err;
}

/* Does a key that long hold all that went into it? */
static bool key_is_whole(const struct index *index, struct span key)
{
    return index->key_most < KEY_MOST_DEFAULT || (index->flags & INDEX_FLAG_NO_TRUNCATION) != 0 || key.size < index->key_most;
}

static JET_ERR put_from_key(struct stream *s, const struct index *index, struct span key, uint32_t column_id, bool *found)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *schema = s->cursor->schema;
    uint8_t value[BTREE_KEY_MAX];
    uint32_t size;
    bool is_null;
    *found = false;
    if (index == NULL || !key_is_whole(index, key))
        goto done;
    TRY(value_from_key(schema, index, key, schema_column(schema, column_id), value, sizeof value, &size, &is_null, found));
    if (*found)
        put_bytes(s, column_id, is_null ? VALUE_IS_NULL : 0, span_of(value, is_null ? 0 : size));
done:
    return err;
}

static JET_ERR put_entry(struct stream *s)
{
    JET_ERR err = JET_errSuccess;
    struct cursor *c = s->cursor;
    struct span key, primary_key;
    TRY(navigate_primary_key(c, &primary_key));
    TRY(navigate_key(c, &key));
    for (uint32_t i = 0; i < s->plan_count && !s->is_full; i++) {
        const struct planned *p = &s->plan[i];
        bool found = false;
        if (p->is_in_entry)
            TRY(put_from_key(s, c->index, key, p->column_id, &found));
        if (!found && p->is_in_primary)
            TRY(put_from_key(s, schema_primary(c->schema), primary_key, p->column_id, &found));
        if (!found)
            put_bytes(s, p->column_id, VALUE_NOT_THERE, span_of(NULL, 0));
    }
done:
    return err;
}

/* --- the plan --- */

static JET_ERR plan_room(struct stream *s, uint32_t count)
{
    s->plan = mem_alloc((size_t)count * sizeof *s->plan + 1);
    return s->plan != NULL ? JET_errSuccess : error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
}

/* Is the limit that an index sets for each variable column less than the longest value of this one takes? So the original engine asks, which then gives none of its values from keys; one
 * without a longest value counts as within the limit. */
static bool exceeds_limit(const struct index *index, const struct column *column)
{
    enum { GROUP = 8, STORED_GROUP = 9, PREFIX = 1 };
    uint64_t most = column->max_size, stored = (most + GROUP - 1) / GROUP * STORED_GROUP;
    return column_type_size(column->type) == 0 && !column_is_fixed(column->id) && index->var_seg_most < index->key_most && index->var_seg_most < PREFIX + stored;
}

/* May the value of key column i be had from keys of the index unchanged? value_from_key tells of each key whether it can. */
static bool segment_is_readable(const struct table_schema *schema, const struct index *index, uint32_t i)
{
    const struct column *column = NULL;
    for (uint32_t k = 0; k <= i; k++) {
        column = schema_column(schema, index->segments[k].column_id);
        if (column == NULL)
            return false;
        if (column_type_is_text(column->type) && column->code_page == 1200) /* what follows a sort key cannot be found */
            return false;
    }
    bool is_part = index->tuple.is_tuple && i == 0, may_be_several = column_is_tagged(column->id) && (column->flags & COLUMN_FLAG_MULTI_VALUED) != 0;
    return !is_part && !may_be_several && !column_type_is_text(column->type) && !exceeds_limit(index, column);
}

static bool index_has_readable(const struct table_schema *schema, const struct index *index, uint32_t column_id)
{
    for (uint32_t i = 0; index != NULL && i < index->segment_count; i++)
        if (index->segments[i].column_id == column_id && segment_is_readable(schema, index, i))
            return true;
    return false;
}

static JET_ERR plan_wishes(struct stream *s)
{
    JET_ERR err = JET_errSuccess;
    const struct stream_request *r = s->request;
    struct cursor *c = s->cursor;
    TRY(plan_room(s, r->column_count));
    for (uint32_t i = 0; i < r->column_count; i++) {
        const struct column *column;
        TRY(cursor_find_column(c, r->columns[i], &column));
        struct planned *p = &s->plan[s->plan_count++];
        *p = (struct planned){.column_id = r->columns[i]};
        if (c->index != NULL) {
            p->is_in_entry = index_has_readable(c->schema, c->index, p->column_id);
            p->is_in_primary = index_has_readable(c->schema, schema_primary(c->schema), p->column_id);
        }
    }
done:
    return err;
}

static void plan_key_columns(struct stream *s, const struct index *index, bool is_primary)
{
    for (uint32_t i = 0; index != NULL && i < index->segment_count; i++) {
        bool is_readable = segment_is_readable(s->cursor->schema, index, i);
        s->plan[s->plan_count++] = (struct planned){index->segments[i].column_id, is_readable && !is_primary, is_readable && is_primary};
    }
}

/* The own columns of a derived table come first here. */
static void plan_all_columns(struct stream *s)
{
    const struct table_schema *schema = s->cursor->schema;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < schema->column_count; i++) {
            const struct column *column = &schema->columns[i];
            if (column->type != COLUMN_TYPE_NIL && ((column->id & COLUMN_ID_TEMPLATE_BIT) != 0) == (pass == 1))
                s->plan[s->plan_count++] = (struct planned){.column_id = column->id};
        }
}

/* Column ids given out, deleted ones too; those of the template's fixed and variable columns count for either table. */
static uint32_t ids_used(const struct table_schema *schema)
{
    uint32_t last[2][3] = {{0, VARIABLE_ID_FIRST - 1, TAGGED_ID_FIRST - 1}, {0, VARIABLE_ID_FIRST - 1, TAGGED_ID_FIRST - 1}}, count = 0;
    last[0][0] = schema->fixed_last;
    last[0][1] = schema->variable_last;
    for (uint32_t i = 0; i < schema->column_count; i++) {
        uint32_t id = schema->columns[i].id, number = id & 0xFFFF;
        uint32_t *highest = &last[(id & COLUMN_ID_TEMPLATE_BIT) != 0 ? 1 : 0][column_is_fixed(id) ? 0 : column_is_variable(id) ? 1 : 2];
        *highest = number > *highest ? number : *highest;
    }
    for (int t = 0; t < 2; t++)
        count += last[t][0] + (last[t][1] - (VARIABLE_ID_FIRST - 1)) + (last[t][2] - (TAGGED_ID_FIRST - 1));
    return count;
}

static JET_ERR make_plan(struct stream *s)
{
    JET_ERR err = JET_errSuccess;
    const struct cursor *c = s->cursor;
    if (s->request->columns != NULL) {
        TRY(plan_wishes(s));
    } else if (c->index != NULL) {
        TRY(plan_room(s, 2 * INDEX_SEGMENTS_MAX));
        plan_key_columns(s, c->index, false);
        plan_key_columns(s, schema_primary(c->schema), true);
    } else if (ids_used(c->schema) < ALWAYS_LISTED_BELOW) {
        TRY(plan_room(s, c->schema->column_count));
        plan_all_columns(s);
    }
    for (uint32_t i = 0; i < s->plan_count && c->index == NULL; i++)
        TRY(encryption_check(c, schema_column(c->schema, s->plan[i].column_id)));
done:
    return err;
}

/* --- the stream --- */

static void put_header(struct stream *s)
{
    uint8_t *out = s->request->buffer;
    out[0] = VERSION;
    store_le32(out + HEADER_SIZE_AT, HEADER_SIZE);
    store_le32(out + NEXT_AT, HEADER_SIZE);
    store_le32(out + RECORD_AT, UINT32_MAX);
    store_le32(out + COLUMN_AT, UINT32_MAX);
    store_le32(out + SEQUENCE_AT, 1);
    s->request->actual = s->size = HEADER_SIZE;
}

JET_ERR cursor_stream_records(struct cursor *c, struct stream_request *r)
{
    JET_ERR err = JET_errSuccess;
    struct stream s = {.cursor = c, .request = r};
    r->actual = 0;
    TRY(cursor_refresh(c));
    if (c->index == NULL)
        TRY(check_computed_defaults(c->schema, 0));
    TRY(make_plan(&s));
    if (r->room < HEADER_SIZE)
        RAISE(JET_errBufferTooSmall);
    put_header(&s);
    /* One step back, so that the first step on reaches the record that is current now: by the moves that the client could make itself, in range and past the filter. */
    err = cursor_move(c, r->is_backward ? 1 : -1, 0);
    if (err < 0 && err != JET_errNoCurrentRecord)
        goto done;
    for (;;) {
        err = cursor_move(c, r->is_backward ? -1 : 1, 0);
        if (err == JET_errNoCurrentRecord) {
            err = JET_wrnNoMoreRecords;
            break;
        }
        TRY(err);
        TRY(c->index != NULL ? put_entry(&s) : put_row(&s));
        if (s.is_full)
            break;
        s.records++;
        r->actual = s.size;
    }
done:
    mem_free(s.plan);
    return err;
}
