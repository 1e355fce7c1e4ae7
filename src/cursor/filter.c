/* Filters: comparisons that rows must meet for a move to stop on them (cursor.h).
 *
 * Numbers and bits are compared by what they are in keys, whose order is that of bytes; a null is less than every value, and every bit of it is clear. Of a multi-valued column the
 * first value counts. */
#define ESENT_PRIVATE
#include "base/memory.h"
#include "cursor/internal.h"

enum { NUMBER_MOST = 17 /* a GUID, and its prefix */, FILTER_COUNT_MOST = 4096 };

struct comparison {
    uint32_t column_id, type;
    enum cursor_relation relation;
    bool is_null;    /* compares with null */
    bool is_ordered; /* by key bytes */
    struct span value;
};

struct cursor_filter {
    struct index plain; /* of keys: ascending, nulls low; GUIDs as the primary index has them */
    uint32_t count;
    uint8_t *bytes;
    struct comparison comparisons[];
};

static JET_ERR number_key(const struct cursor_filter *filter, const struct column *column, struct span value, uint8_t *out, struct span *key)
{
    struct key_rules rules = {.index = &filter->plain};
    struct key_segment segment;
    JET_ERR err = key_segment(&rules, column, false, false, value, out, NUMBER_MOST, &segment);
    *key = span_of(out, err >= 0 ? segment.size : 0);
    return err;
}

/* --- setting --- */

static bool is_mask(enum cursor_relation relation) { return relation == CURSOR_MASK_CLEAR || relation == CURSOR_MASK_SET; }

static JET_ERR check_wish(const struct cursor_comparison *wish, const struct column *column)
{
    JET_ERR err = JET_errSuccess;
    bool is_binary = column->type == COLUMN_TYPE_BINARY, is_prefix = wish->relation == CURSOR_BEGINS_WITH;
    if (column_type_is_long(column->type) || column_type_is_text(column->type) || (column->flags & COLUMN_FLAG_USER_DEFAULT) != 0)
        RAISE(JET_errFilteredMoveNotSupported);
    if ((is_prefix || wish->is_zero_length) && !is_binary)
        RAISE(JET_errInvalidParameter);
    if (wish->value.size == 0 && (is_mask(wish->relation) || is_prefix))
        RAISE(JET_errInvalidParameter);
    if (wish->value.size != 0 && !is_binary && wish->value.size != column_type_size(column->type))
        RAISE(JET_errInvalidParameter);
    if (is_mask(wish->relation) && (is_binary || column->type == COLUMN_TYPE_BIT || column->type == COLUMN_TYPE_GUID))
        RAISE(JET_errInvalidParameter);
done:
    return err;
}

static JET_ERR add(struct cursor *c, struct cursor_filter *filter, const struct cursor_comparison *wish, uint8_t **room)
{
    JET_ERR err = JET_errSuccess;
    const struct column *column = schema_column(c->schema, wish->column_id);
    if (column == NULL)
        RAISE(JET_errColumnNotFound);
    if ((uint32_t)wish->relation > CURSOR_MASK_SET)
        RAISE(JET_errInvalidParameter);
    TRY(check_wish(wish, column));
    struct comparison *x = &filter->comparisons[filter->count];
    *x = (struct comparison){.column_id = wish->column_id, .type = column->type, .relation = wish->relation, .is_null = wish->value.size == 0 && !wish->is_zero_length};
    bool is_relative = wish->relation >= CURSOR_AT_MOST && wish->relation <= CURSOR_ABOVE;
    x->is_ordered = wish->value.size != 0 && column->type != COLUMN_TYPE_BINARY && (column->type == COLUMN_TYPE_BIT || is_relative);
    if (x->is_ordered) {
        TRY(number_key(filter, column, wish->value, *room, &x->value));
        *room += x->value.size;
    } else if (wish->value.size > 0) {
        memcpy(*room, wish->value.data, wish->value.size);
        x->value = span_of(*room, wish->value.size);
        *room += wish->value.size;
    }
    filter->count++;
done:
    return err;
}

void filter_free(struct cursor *c)
{
    if (c->filter != NULL)
        mem_free(c->filter->bytes);
    mem_free(c->filter);
    c->filter = NULL;
    c->is_filtered = false;
}

JET_ERR cursor_set_filter(struct cursor *c, const struct cursor_comparison *wishes, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    size_t size = 0;
    filter_free(c);
    if (c->temp != NULL || c->index != NULL)
        RAISE(JET_errFilteredMoveNotSupported);
    if (count == 0)
        goto done;
    if (count > FILTER_COUNT_MOST)
        RAISE(JET_errInvalidParameter);
    TRY(cursor_refresh(c));
    for (uint32_t i = 0; i < count; i++)
        size += (size_t)wishes[i].value.size + NUMBER_MOST;
    struct cursor_filter *filter = c->filter = mem_alloc(sizeof *filter + count * sizeof filter->comparisons[0]);
    if (filter == NULL || (filter->bytes = mem_alloc(size)) == NULL)
        RAISE(JET_errOutOfMemory);
    const struct index *primary = schema_primary(c->schema);
    filter->plain.flags = primary != NULL ? primary->flags & INDEX_FLAG_DOTNET_GUID : 0;
    uint8_t *room = filter->bytes;
    for (uint32_t i = 0; i < count; i++)
        TRY(add(c, filter, &wishes[i], &room));
    c->is_filtered = true;
done:
    if (err < 0)
        filter_free(c);
    return err;
}

/* --- looking --- */

static bool null_meets(const struct comparison *x)
{
    switch (x->relation) {
    case CURSOR_EQUALS:
    case CURSOR_AT_LEAST:
        return x->is_null;
    case CURSOR_DIFFERS:
    case CURSOR_BELOW:
        return !x->is_null;
    case CURSOR_AT_MOST:
    case CURSOR_MASK_CLEAR:
        return true;
    default:
        return false;
    }
}

static bool has_bits(struct span value, struct span mask)
{
    bool found = false;
    for (uint32_t i = 0; i < value.size && i < mask.size; i++)
        found |= (value.data[i] & mask.data[i]) != 0;
    return found;
}

static bool value_meets(const struct comparison *x, struct span value)
{
    switch (x->relation) {
    case CURSOR_EQUALS:
        return !x->is_null && span_equal(value, x->value);
    case CURSOR_BEGINS_WITH:
        return value.size >= x->value.size && span_equal(span_of(value.data, x->value.size), x->value);
    case CURSOR_DIFFERS:
        return x->is_null || !span_equal(value, x->value);
    case CURSOR_AT_MOST:
        return !x->is_null && span_compare(value, x->value) <= 0;
    case CURSOR_BELOW:
        return span_compare(value, x->value) < 0;
    case CURSOR_AT_LEAST:
        return span_compare(value, x->value) >= 0;
    case CURSOR_ABOVE:
        return x->is_null || span_compare(value, x->value) > 0;
    case CURSOR_MASK_CLEAR:
        return !has_bits(value, x->value);
    default:
        return has_bits(value, x->value);
    }
}

/* A column that has been deleted since, or whose value is not in the record, cannot be judged. */
static JET_ERR meets(const struct cursor_filter *filter, const struct row *row, const struct comparison *x, bool *result)
{
    JET_ERR err = JET_errSuccess;
    const struct column *column = schema_column(row->schema, x->column_id);
    struct column_value value;
    uint8_t key[NUMBER_MOST];
    if (column == NULL || column->type != x->type)
        RAISE(JET_errFilteredMoveNotSupported);
    TRY(row_value(row, column, 1, &value));
    if ((value.flags & COLUMN_VALUE_NULL) != 0) {
        *result = null_meets(x);
        goto done;
    }
    if ((value.flags & ~(uint32_t)COLUMN_VALUE_DEFAULT) != 0)
        RAISE(JET_errFilteredMoveNotSupported);
    if (x->is_ordered)
        TRY(number_key(filter, column, value.bytes, key, &value.bytes));
    *result = value_meets(x, value.bytes);
done:
    return err;
}

JET_ERR filter_check(struct cursor *c, bool *result)
{
    JET_ERR err = JET_errSuccess;
    struct row row;
    *result = true;
    TRY(row_latch(c, &row));
    for (uint32_t i = 0; i < c->filter->count && *result && err >= 0; i++)
        err = meets(c->filter, &row, &c->filter->comparisons[i], result);
    row_release(c);
done:
    return err;
}
