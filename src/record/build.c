/* Records put together: fixed and variable columns, and the whole record (build.h; layout: records-and-catalog 2).
 *
 * What Windows does and is kept here to the byte: a new record is the table's default record; extending a record copies the defaults of the columns passed over, the
 * column itself included; new fixed space is filled with 0x2A; a null leaves the bytes of a fixed column alone; unused bits of the null bitmap are 1. */
#include "record/build.h"

#include "base/memory.h"
#include "format/page.h"
#include "record/build_internal.h"

enum { PART_COUNT = 5, SLOTS_FIRST = 16 };
#define NOT_NULL_UNKNOWN UINT32_MAX /* the list could not be made: all columns are looked at */

static const uint8_t empty_record[RECORD_SIZE_MIN] = {0, VARIABLE_ID_FIRST - 1, RECORD_SIZE_MIN, 0};

static bool has_default(const struct column *column)
{
    return column->type != COLUMN_TYPE_NIL && (column->flags & COLUMN_FLAG_USER_DEFAULT) == 0 && column->default_value.data != NULL;
}

static bool may_not_be_null(const struct column *column) { return column->type != COLUMN_TYPE_NIL && (column->flags & COLUMN_FLAG_NOT_NULL) != 0; }

static const struct column *column_at(const struct record_builder *b, uint32_t at) { return at < b->schema->column_count ? &b->schema->columns[at] : NULL; }

static bool is_null_bit(const struct record_builder *b, uint32_t id) { return (b->nulls[(id - 1) / 8] >> ((id - 1) % 8) & 1) != 0; }
static void set_null_bit(struct record_builder *b, uint32_t id) { b->nulls[(id - 1) / 8] |= (uint8_t)(1u << ((id - 1) % 8)); }
static void clear_null_bit(struct record_builder *b, uint32_t id) { b->nulls[(id - 1) / 8] &= (uint8_t) ~(1u << ((id - 1) % 8)); }

/* --- size of a record --- */

/* The longest key over columns whose size is known; 0 when one's is not. */
static uint32_t primary_key_size(const struct table_schema *schema, const struct index *primary)
{
    bool has_segment_limit = primary->var_seg_most != primary->key_most;
    uint32_t size = 0;
    for (uint32_t i = 0; i < primary->segment_count; i++) {
        const struct column *column = schema_column(schema, primary->segments[i].column_id);
        uint32_t type_size = column != NULL ? column_type_size(column->type) : 0, segment;
        if (column == NULL)
            return 0;
        if (type_size != 0) {
            segment = 1 + type_size;
        } else {
            bool is_sized = column_is_fixed(column->id) && column->type == COLUMN_TYPE_BINARY;
            segment = is_sized ? 1 + column->max_size : primary->var_seg_most;
            if (!is_sized && !has_segment_limit)
                return 0;
            if (has_segment_limit && segment > primary->var_seg_most)
                segment = primary->var_seg_most;
        }
        size += segment;
    }
    return size;
}

uint32_t record_size_most(const struct table_schema *schema, uint32_t page_size)
{
    const struct index *primary = schema_primary(schema);
    if (primary == NULL)
        return record_size_limit(page_size, 4);
    uint32_t known = primary_key_size(schema, primary);
    return record_size_limit(page_size, known != 0 && known < primary->key_most ? known : primary->key_most);
}

/* --- fixed columns --- */

/* Makes the record reach the fixed column `id`. */
static JET_ERR extend_fixed(struct record_builder *b, const struct column *column)
{
    JET_ERR err = JET_errSuccess;
    uint32_t id = column->id & 0xFFFF, size = column->offset - RECORD_SIZE_MIN + column->max_size;
    if (column->offset < RECORD_SIZE_MIN + b->fixed_size || !range_within(column->offset, column->max_size, b->page_size))
        RAISE(JET_errDatabaseCorrupted);
    if (!builder_fits(b, size - b->fixed_size + (id + 7) / 8 - (b->fixed_last + 7) / 8, 0))
        RAISE(JET_errRecordTooBig);
    for (uint32_t passed = b->fixed_last + 1; passed <= id; passed++) {
        const struct column *c = column_at(b, b->schema->fixed_index[passed]);
        if (c != NULL && has_default(c) && (c->default_value.size != c->max_size || c->offset < RECORD_SIZE_MIN + b->fixed_size || !range_within(c->offset, c->max_size, RECORD_SIZE_MIN + size)))
            RAISE(JET_errDatabaseCorrupted);
    }
    memset(b->fixed + b->fixed_size, RECORD_FILL, size - b->fixed_size);
    for (uint32_t passed = b->fixed_last + 1; passed <= id; passed++) {
        const struct column *c = column_at(b, b->schema->fixed_index[passed]);
        set_null_bit(b, passed);
        if (c != NULL && has_default(c)) {
            clear_null_bit(b, passed);
            memcpy(b->fixed + c->offset - RECORD_SIZE_MIN, c->default_value.data, c->max_size);
        }
    }
    b->fixed_last = id;
    b->fixed_size = size;
done:
    return err;
}

static JET_ERR set_fixed(struct record_builder *b, const struct column *column, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    uint32_t id = column->id & 0xFFFF;
    bool is_null = (value->flags & COLUMN_VALUE_NULL) != 0;
    if (!is_null && value->bytes.size != column->max_size)
        RAISE(JET_errInvalidBufferSize);
    if (id > b->fixed_last)
        TRY(extend_fixed(b, column));
    else if (column->offset < RECORD_SIZE_MIN || !range_within(column->offset, column->max_size, RECORD_SIZE_MIN + b->fixed_size))
        RAISE(JET_errDatabaseCorrupted);
    if (is_null) {
        set_null_bit(b, id);
        goto done;
    }
    clear_null_bit(b, id);
    uint8_t *at = b->fixed + column->offset - RECORD_SIZE_MIN;
    memcpy(at, value->bytes.data, column->max_size);
    if (column->type == COLUMN_TYPE_BIT)
        *at = *at != 0 ? 0xFF : 0;
done:
    return err;
}

/* --- variable columns --- */

static uint32_t variable_end(const struct record_builder *b, uint32_t i) { return b->ends[i] & ~(uint32_t)BUILD_VARIABLE_NULL; }

/* Makes the record reach the variable column `id`, which becomes null. */
static void extend_variable(struct record_builder *b, uint32_t id)
{
    for (uint32_t passed = b->variable_last + 1; passed <= id; passed++) {
        uint32_t i = passed - VARIABLE_ID_FIRST, end = variable_end(b, i);
        const struct column *c = column_at(b, b->schema->variable_index[i]);
        if (passed < id && c != NULL && has_default(c)) {
            if (c->default_value.size > 0)
                memcpy(b->variable + end, c->default_value.data, c->default_value.size);
            b->ends[i + 1] = (uint16_t)(end + c->default_value.size);
        } else {
            b->ends[i + 1] = (uint16_t)(end | BUILD_VARIABLE_NULL);
        }
    }
    b->variable_last = id;
}

static JET_ERR set_variable(struct record_builder *b, const struct column *column, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    uint32_t id = column->id & 0xFFFF, i = id - VARIABLE_ID_FIRST;
    bool is_null = (value->flags & COLUMN_VALUE_NULL) != 0;
    uint32_t size = is_null ? 0 : value->bytes.size, old_size = 0, grown = size;
    if (size > 255 || (column->max_size != 0 && size > column->max_size))
        RAISE(JET_errColumnTooBig);
    if (id <= b->variable_last)
        old_size = variable_end(b, i + 1) - variable_end(b, i);
    for (uint32_t passed = b->variable_last + 1; passed <= id; passed++) {
        const struct column *c = column_at(b, b->schema->variable_index[passed - VARIABLE_ID_FIRST]);
        grown += 2 + (passed < id && c != NULL && has_default(c) ? c->default_value.size : 0);
    }
    if (!builder_fits(b, grown, old_size))
        RAISE(JET_errRecordTooBig);
    if (id > b->variable_last)
        extend_variable(b, id);
    uint32_t start = variable_end(b, i), end = variable_end(b, i + 1), all = builder_variable_size(b);
    if (size != end - start)
        memmove(b->variable + start + size, b->variable + end, all - end);
    if (size > 0)
        memcpy(b->variable + start, value->bytes.data, size);
    for (uint32_t later = i + 1; size != old_size && later <= b->variable_last - (VARIABLE_ID_FIRST - 1); later++)
        b->ends[later] = (uint16_t)(b->ends[later] + size - old_size);
    b->ends[i + 1] = (uint16_t)((start + size) | (is_null ? BUILD_VARIABLE_NULL : 0));
done:
    return err;
}

/* --- columns of any kind --- */

JET_ERR record_builder_set(struct record_builder *b, const struct column *column, uint32_t sequence, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    if (column->type == COLUMN_TYPE_NIL)
        RAISE(JET_errColumnNotFound);
    if ((value->flags & COLUMN_VALUE_NULL) != 0 && (column->flags & COLUMN_FLAG_NOT_NULL) != 0)
        RAISE(JET_errNullInvalid);
    if (column_is_tagged(column->id))
        TRY(builder_set_tagged(b, column, sequence, value));
    else if ((value->flags & (COLUMN_VALUE_SEPARATED | COLUMN_VALUE_COMPRESSED | COLUMN_VALUE_ENCRYPTED)) != 0)
        RAISE(JET_errInvalidParameter);
    else if (column_is_variable(column->id))
        TRY(set_variable(b, column, value));
    else if (column_is_fixed(column->id))
        TRY(set_fixed(b, column, value));
    else
        RAISE(JET_errColumnNotFound);
    b->is_put_together = false;
done:
    return err;
}

JET_ERR record_builder_revert(struct record_builder *b, const struct column *column)
{
    JET_ERR err = JET_errSuccess;
    uint32_t id = column->id & 0xFFFF;
    if (column->type == COLUMN_TYPE_NIL)
        RAISE(JET_errColumnNotFound);
    b->is_put_together = false;
    if (column_is_tagged(id)) {
        builder_remove_tagged(b, column);
    } else if (id <= (column_is_variable(id) ? b->variable_last : b->fixed_last)) {
        struct column_value value = {.flags = COLUMN_VALUE_NULL};
        if (has_default(column))
            value = (struct column_value){.bytes = column->default_value};
        TRY(record_builder_set(b, column, 1, &value));
    }
done:
    return err;
}

/* The record says nothing about the column. */
static JET_ERR get_default(const struct column *column, uint32_t sequence, struct column_value *out)
{
    JET_ERR err = JET_errSuccess;
    struct record_view empty;
    TRY(record_view_init(&empty, span_of(empty_record, sizeof empty_record), 4096));
    TRY(record_column(&empty, column, sequence, out));
done:
    return err;
}

JET_ERR record_builder_get(const struct record_builder *b, const struct column *column, uint32_t sequence, struct column_value *out)
{
    JET_ERR err = JET_errSuccess;
    struct tagged_entry entry;
    uint32_t id = column->id & 0xFFFF;
    *out = (struct column_value){.flags = COLUMN_VALUE_NULL};
    if (column->type == COLUMN_TYPE_NIL)
        goto done;
    if (column_is_tagged(id)) {
        if (builder_tagged_entry(b, column, &entry))
            TRY(record_tagged_value(&entry, sequence, out));
        else
            TRY(get_default(column, sequence, out));
    } else if (id > (column_is_variable(id) ? b->variable_last : b->fixed_last)) {
        TRY(get_default(column, sequence, out));
    } else if (sequence != 1 || id == 0) {
        goto done;
    } else if (column_is_variable(id)) {
        uint32_t i = id - VARIABLE_ID_FIRST, start = variable_end(b, i);
        if ((b->ends[i + 1] & BUILD_VARIABLE_NULL) == 0)
            *out = (struct column_value){.bytes = span_of(b->variable + start, b->ends[i + 1] - start)};
    } else if (!is_null_bit(b, id)) {
        if (column->offset < RECORD_SIZE_MIN || !range_within(column->offset, column->max_size, RECORD_SIZE_MIN + b->fixed_size))
            RAISE(JET_errDatabaseCorrupted);
        *out = (struct column_value){.bytes = span_of(b->fixed + column->offset - RECORD_SIZE_MIN, column->max_size)};
    }
done:
    return err;
}

JET_ERR record_builder_count(const struct record_builder *b, const struct column *column, uint32_t *count)
{
    JET_ERR err = JET_errSuccess;
    struct tagged_entry entry;
    struct column_value value;
    *count = 0;
    if (column->type != COLUMN_TYPE_NIL && column_is_tagged(column->id) && builder_tagged_entry(b, column, &entry)) {
        TRY(record_tagged_count(&entry, count));
        goto done;
    }
    TRY(record_builder_get(b, column, 1, &value));
    *count = (value.flags & COLUMN_VALUE_NULL) != 0 ? 0 : 1;
done:
    return err;
}

JET_ERR record_builder_check_nulls(const struct record_builder *b)
{
    JET_ERR err = JET_errSuccess;
    struct column_value value;
    uint32_t count = b->not_null_count == NOT_NULL_UNKNOWN ? b->schema->column_count : b->not_null_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct column *column = &b->schema->columns[b->not_null_count == NOT_NULL_UNKNOWN ? i : b->not_null[i]];
        if (!may_not_be_null(column))
            continue;
        TRY(record_builder_get(b, column, 1, &value));
        if ((value.flags & COLUMN_VALUE_NULL) != 0)
            RAISE(JET_errNullInvalid);
    }
done:
    return err;
}

/* --- the whole record --- */

uint32_t record_builder_size(const struct record_builder *b) { return builder_size(b); }

JET_ERR record_builder_bytes(struct record_builder *b, struct span *out)
{
    uint32_t bitmap_size = (b->fixed_last + 7) / 8, variable_count = b->variable_last - (VARIABLE_ID_FIRST - 1), variable_size = builder_variable_size(b);
    if (!b->is_put_together) {
        uint8_t *p = b->whole;
        p[0] = (uint8_t)b->fixed_last;
        p[1] = (uint8_t)b->variable_last;
        store_le16(p + 2, (uint16_t)(RECORD_SIZE_MIN + b->fixed_size + bitmap_size));
        p += RECORD_SIZE_MIN;
        memcpy(p, b->fixed, b->fixed_size);
        p += b->fixed_size;
        memcpy(p, b->nulls, bitmap_size);
        p += bitmap_size;
        for (uint32_t i = 0; i < variable_count; i++)
            store_le16(p + 2 * i, b->ends[i + 1]);
        p += 2 * variable_count;
        memcpy(p, b->variable, variable_size);
        builder_put_tagged(b, p + variable_size);
        b->is_put_together = true;
    }
    *out = span_of(b->whole, builder_size(b));
    return JET_errSuccess;
}

JET_ERR record_builder_reset_from(struct record_builder *b, struct span record)
{
    JET_ERR err = JET_errSuccess;
    struct record_view view;
    TRY(record_view_init(&view, record, b->page_size));
    if (record.size > b->page_size)
        RAISE(JET_errDatabaseCorrupted);
    uint32_t bitmap_size = (view.fixed_last + 7) / 8, variable_count = view.variable_last - (VARIABLE_ID_FIRST - 1);
    b->is_put_together = false;
    b->fixed_last = view.fixed_last;
    b->fixed_size = view.null_bitmap - RECORD_SIZE_MIN;
    memcpy(b->fixed, record.data + RECORD_SIZE_MIN, b->fixed_size);
    memset(b->nulls, 0xFF, sizeof b->nulls);
    memcpy(b->nulls, record.data + view.null_bitmap, bitmap_size);
    b->variable_last = view.variable_last;
    for (uint32_t i = 0; i < variable_count; i++)
        b->ends[i + 1] = load_le16(record.data + view.variable_table + 2 * i);
    memcpy(b->variable, record.data + view.variable_data, view.tagged - view.variable_data);
    TRY(builder_load_tagged(b, &view));
done:
    return err;
}

/* The record that new ones start as: reaches up to the last fixed and the last variable column that has a default. */
static JET_ERR make_defaults(struct record_builder *b)
{
    JET_ERR err = JET_errSuccess;
    const struct column *fixed = NULL, *variable = NULL;
    struct span record;
    TRY(record_builder_reset_from(b, span_of(empty_record, sizeof empty_record)));
    for (uint32_t i = 0; i < b->schema->tagged_first; i++) {
        const struct column *c = &b->schema->columns[i];
        if (has_default(c) && column_is_fixed(c->id))
            fixed = c;
        else if (has_default(c) && column_is_variable(c->id))
            variable = c;
    }
    if (fixed != NULL)
        TRY(extend_fixed(b, fixed));
    if (variable != NULL) {
        struct column_value value = {.bytes = variable->default_value};
        TRY(set_variable(b, variable, &value));
    }
    TRY(record_builder_bytes(b, &record));
    void *copy = mem_copy(record.data, record.size);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    b->defaults = span_of(copy, record.size);
done:
    return err;
}

JET_ERR record_builder_reset(struct record_builder *b)
{
    JET_ERR err = JET_errSuccess;
    if (b->defaults.data == NULL)
        TRY(make_defaults(b)); /* and that is the record now */
    else
        TRY(record_builder_reset_from(b, b->defaults));
done:
    return err;
}

static JET_ERR list_not_null(struct record_builder *b)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count = 0;
    mem_free(b->not_null);
    b->not_null = NULL;
    b->not_null_count = 0;
    for (uint32_t i = 0; i < b->schema->column_count; i++)
        count += may_not_be_null(&b->schema->columns[i]) ? 1 : 0;
    if (count > 0 && (b->not_null = (uint32_t *)mem_alloc_array(count, sizeof *b->not_null)) == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; b->not_null_count < count; i++)
        if (may_not_be_null(&b->schema->columns[i]))
            b->not_null[b->not_null_count++] = i;
done:
    return err;
}

static JET_ERR allocate(const struct table_schema *schema, uint32_t page_size, struct record_builder **out)
{
    JET_ERR err = JET_errSuccess;
    struct record_builder *b = NULL;
    *out = NULL;
    if (page_size < PAGE_SIZE_MIN || page_size > PAGE_SIZE_MAX)
        RAISE(JET_errInvalidParameter);
    b = (struct record_builder *)mem_alloc(sizeof *b + PART_COUNT * (size_t)page_size);
    if (b == NULL)
        RAISE(JET_errOutOfMemory);
    uint8_t *room = (uint8_t *)(b + 1);
    b->fixed = room;
    b->variable = room + page_size;
    b->tagged = room + 2 * (size_t)page_size;
    b->scratch = room + 3 * (size_t)page_size;
    b->whole = room + 4 * (size_t)page_size;
    b->schema = schema;
    b->page_size = page_size;
    b->is_large_page = page_size > 8192;
    b->size_most = record_size_most(schema, page_size);
    b->variable_last = VARIABLE_ID_FIRST - 1;
    b->slots = (struct tagged_slot *)mem_alloc_array(SLOTS_FIRST, sizeof *b->slots);
    if (b->slots == NULL)
        RAISE(JET_errOutOfMemory);
    b->slot_capacity = SLOTS_FIRST;
    TRY(list_not_null(b));
    *out = b;
    b = NULL;
done:
    record_builder_free(b);
    return err;
}

JET_ERR record_builder_create(const struct table_schema *schema, uint32_t page_size, struct record_builder **out)
{
    JET_ERR err = JET_errSuccess;
    TRY(allocate(schema, page_size, out));
    TRY(record_builder_reset(*out));
done:
    if (err < 0) {
        record_builder_free(*out);
        *out = NULL;
    }
    return err;
}

JET_ERR record_builder_load(const struct table_schema *schema, uint32_t page_size, struct span record, struct record_builder **out)
{
    JET_ERR err = JET_errSuccess;
    TRY(allocate(schema, page_size, out));
    TRY(record_builder_reset_from(*out, record));
done:
    if (err < 0) {
        record_builder_free(*out);
        *out = NULL;
    }
    return err;
}

void record_builder_set_schema(struct record_builder *b, const struct table_schema *schema)
{
    b->schema = schema;
    b->size_most = record_size_most(schema, b->page_size);
    mem_free((void *)(uintptr_t)b->defaults.data);
    b->defaults = span_of(NULL, 0); /* made again when they are needed */
    if (list_not_null(b) < 0)
        b->not_null_count = NOT_NULL_UNKNOWN;
}

void record_builder_free(struct record_builder *b)
{
    if (b == NULL)
        return;
    mem_free(b->slots);
    mem_free((void *)(uintptr_t)b->defaults.data);
    mem_free(b->not_null);
    mem_free(b);
}
