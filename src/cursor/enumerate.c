/* What is in a row: the path of JetEnumerateColumns (cursor.h).
 *
 * Without wishes the columns come in the order of ids: fixed, variable, tagged; those of the template table before all others. A fixed or variable column that the record reaches but
 * leaves null is listed as JET_wrnColumnNull; so is one below the last column that has a default. Tagged columns are listed when the record
 * has an entry, or the column a default.
 * The record is copied first, and the schema held: values may be long, and the memory comes from the caller's own function, which must not run under a latch and may look at the row
 * by the same cursor. */
#define ESENT_PRIVATE
#include "base/memory.h"
#include "cursor/column_reference.h"
#include "cursor/internal.h"

struct enumeration {
    struct cursor *cursor;
    struct row row;
    const struct long_value_nodes *nodes;
    uint32_t most;
    unsigned options;
    void *(*allocate)(void *context, void *memory, uint32_t size);
    void *context;
    struct enumerated_column *columns;
    uint32_t count, capacity;
};

static JET_ERR take_memory(struct enumeration *e, uint64_t size, uint8_t **out)
{
    JET_ERR err = JET_errSuccess;
    *out = size <= UINT32_MAX ? e->allocate(e->context, NULL, (uint32_t)(size == 0 ? 1 : size)) : NULL;
    if (*out == NULL)
        RAISE(JET_errOutOfMemory);
done:
    return err;
}

static void free_column(struct enumeration *e, struct enumerated_column *column)
{
    if (column->status == JET_errSuccess)
        for (uint32_t i = 0; column->values != NULL && i < column->count; i++)
            if (column->values[i].data != NULL)
                (void)e->allocate(e->context, column->values[i].data, 0);
    if (column->data != NULL)
        (void)e->allocate(e->context, column->data, 0);
}

static void free_all(struct enumeration *e)
{
    for (uint32_t i = 0; i < e->count; i++)
        free_column(e, &e->columns[i]);
    if (e->columns != NULL)
        (void)e->allocate(e->context, e->columns, 0);
    e->columns = NULL;
    e->count = 0;
}

static JET_ERR append(struct enumeration *e, struct enumerated_column **out)
{
    JET_ERR err = JET_errSuccess;
    if (e->count == e->capacity) {
        uint64_t capacity = e->capacity == 0 ? 16 : 2ull * e->capacity, size = capacity * sizeof *e->columns;
        struct enumerated_column *bigger = size <= UINT32_MAX ? e->allocate(e->context, e->columns, (uint32_t)size) : NULL;
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        e->columns = bigger;
        e->capacity = (uint32_t)capacity;
    }
    *out = &e->columns[e->count++];
    **out = (struct enumerated_column){0};
done:
    return err;
}

static JET_ERR refer(struct enumeration *e, const struct column *column, uint32_t sequence, uint64_t lid, uint32_t *size, uint8_t **data)
{
    JET_ERR err = JET_errSuccess;
    uint8_t reference[COLUMN_REFERENCE_SIZE_MAX];
    TRY(cursor_make_reference(e->cursor, column, sequence, lid, e->row.primary_key, reference, size));
    TRY(take_memory(e, *size, data));
    memcpy(*data, reference, *size);
done:
    return err;
}

/* The bytes of value `sequence` of a column. *status: 0 or JET_wrnColumnTruncated, JET_wrnColumnNotInRecord, JET_wrnColumnReference. */
static JET_ERR fetch(struct enumeration *e, const struct column *column, uint32_t sequence, const struct column_value *value, JET_ERR *status, uint32_t *size,
                     uint8_t **data)
{
    JET_ERR err = JET_errSuccess;
    bool is_separated = (value->flags & COLUMN_VALUE_SEPARATED) != 0;
    uint32_t total = 0, written = 0;
    *status = JET_errSuccess;
    if (is_separated && (e->options & CURSOR_ENUMERATE_IN_RECORD_ONLY) != 0) {
        *status = JET_wrnColumnNotInRecord;
        goto done;
    }
    if (is_separated && (e->options & CURSOR_ENUMERATE_AS_REFERENCE) != 0) {
        TRY(refer(e, column, sequence, value->lid, size, data));
        *status = JET_wrnColumnReference;
        goto done;
    }
    struct column_value plain = *value;
    TRY(encryption_open_value(e->cursor, &plain));
    TRY(column_value_fetch(e->nodes, &plain, 0, NULL, 0, &written, &total));
    uint32_t part = is_separated && total > e->most ? e->most : total;
    TRY(take_memory(e, part, data));
    plain = *value;
    TRY(encryption_open_value(e->cursor, &plain)); /* the caller's function may have had the cursor open another */
    TRY(column_value_fetch(e->nodes, &plain, 0, *data, part, &written, &total));
    *size = written;
    if (written < total)
        *status = JET_wrnColumnTruncated;
done:
    return err;
}

static bool is_default(const struct column_value *value) { return (value->flags & (COLUMN_VALUE_DEFAULT | COLUMN_VALUE_USER_DEFAULT)) != 0; }

/* Is the default hidden by the options? */
static bool is_hidden(const struct enumeration *e, const struct column_value *value)
{
    return ((e->options & CURSOR_ENUMERATE_IGNORE_DEFAULT) != 0 && is_default(value))
        || ((e->options & CURSOR_ENUMERATE_IGNORE_USER_DEFAULT) != 0 && (value->flags & COLUMN_VALUE_USER_DEFAULT) != 0);
}

/* Does the record say nothing of the column, so that it has its default, which is not told? */
static bool is_left_to_default(const struct enumeration *e, const struct column *column)
{
    struct row_reach reach;
    if ((e->options & CURSOR_ENUMERATE_IGNORE_DEFAULT) == 0)
        return false;
    row_find_reach(&e->row, false, &reach);
    return !row_lists_column(&e->row, &reach, column);
}

static JET_ERR fill_value(struct enumeration *e, const struct column *column, uint32_t sequence, struct enumerated_value *out)
{
    JET_ERR err = JET_errSuccess;
    struct column_value value;
    out->sequence = sequence;
    if (sequence == 0) {
        out->status = JET_wrnColumnSkipped;
        goto done;
    }
    TRY(row_value(&e->row, column, sequence, &value));
    if ((value.flags & COLUMN_VALUE_NULL) != 0 || is_hidden(e, &value))
        out->status = is_left_to_default(e, column) ? JET_wrnColumnDefault : JET_wrnColumnNull;
    else if ((e->options & CURSOR_ENUMERATE_PRESENCE_ONLY) != 0)
        out->status = JET_wrnColumnPresent;
    else
        TRY(fetch(e, column, sequence, &value, &out->status, &out->size, &out->data));
done:
    return err;
}

static JET_ERR fill_values(struct enumeration *e, const struct column *column, uint32_t count, const uint32_t *sequences, struct enumerated_column *out)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *memory;
    TRY(take_memory(e, (uint64_t)count * sizeof *out->values, &memory));
    memset(memory, 0, count * sizeof *out->values);
    out->values = (struct enumerated_value *)(void *)memory;
    out->count = count;
    for (uint32_t i = 0; i < count; i++)
        TRY(fill_value(e, column, sequences != NULL ? sequences[i] : i + 1, &out->values[i]));
done:
    return err;
}

/* All values of one column. */
static JET_ERR fill_column(struct enumeration *e, const struct column *column, struct enumerated_column *out)
{
    JET_ERR err = JET_errSuccess;
    struct column_value first;
    uint32_t count;
    out->column_id = column->id;
    TRY(row_value_count(&e->row, column, &count));
    TRY(row_value(&e->row, column, 1, &first));
    if (count == 0 || (first.flags & COLUMN_VALUE_NULL) != 0 || is_hidden(e, &first)) {
        out->status = is_left_to_default(e, column) ? JET_wrnColumnDefault : JET_wrnColumnNull;
        goto done;
    }
    if ((e->options & CURSOR_ENUMERATE_PRESENCE_ONLY) != 0) {
        out->status = JET_wrnColumnPresent;
        goto done;
    }
    if (encryption_check(e->cursor, column) < 0) {
        out->status = JET_errColumnNoEncryptionKey;
        goto done;
    }
    if (count == 1 && (e->options & CURSOR_ENUMERATE_COMPRESS) != 0 && (first.flags & COLUMN_VALUE_SEPARATED) == 0 && !column_is_encrypted(column)) {
        JET_ERR status;
        out->status = JET_wrnColumnSingleValue;
        TRY(fetch(e, column, 1, &first, &status, &out->count, &out->data));
        goto done;
    }
    TRY(fill_values(e, column, count, NULL, out));
done:
    return err;
}

JET_ERR check_computed_defaults(const struct table_schema *s, unsigned options)
{
    if ((options & (CURSOR_ENUMERATE_IGNORE_DEFAULT | CURSOR_ENUMERATE_IGNORE_USER_DEFAULT)) != 0)
        return JET_errSuccess;
    for (uint32_t i = 0; i < s->column_count; i++)
        if ((s->columns[i].flags & COLUMN_FLAG_USER_DEFAULT) != 0 && s->columns[i].type != COLUMN_TYPE_NIL)
            return error_raise(JET_errCallbackFailed, __FILE__, __LINE__);
    return JET_errSuccess;
}

void row_find_reach(const struct row *row, bool with_defaults, struct row_reach *out)
{
    const struct table_schema *s = row->schema;
    out->fixed = row->temp != NULL ? s->fixed_last : row->record.fixed_last;
    out->variable = row->temp != NULL ? s->variable_last : row->record.variable_last;
    out->with_defaults = with_defaults;
    for (uint32_t i = 0; with_defaults && i < s->tagged_first; i++) {
        uint32_t id = s->columns[i].id & 0xFFFF, *reach = column_is_fixed(id) ? &out->fixed : &out->variable;
        if (s->columns[i].type != COLUMN_TYPE_NIL && s->columns[i].default_value.data != NULL && id > *reach)
            *reach = id;
    }
}

bool row_lists_column(const struct row *row, const struct row_reach *reach, const struct column *column)
{
    uint32_t id = column->id & 0xFFFF, at;
    if (column->type == COLUMN_TYPE_NIL)
        return false;
    if (!column_is_tagged(id))
        return id <= (column_is_fixed(id) ? reach->fixed : reach->variable);
    return (row->temp != NULL ? temp_row_count(row->temp, column->id) > 0 : record_tagged_find(&row->record, record_tagged_id(column), &at))
        || (reach->with_defaults && column->default_value.data != NULL);
}

static JET_ERR enumerate_all(struct enumeration *e)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *s = e->row.schema;
    struct row_reach reach;
    row_find_reach(&e->row, (e->options & CURSOR_ENUMERATE_IGNORE_DEFAULT) == 0, &reach);
    for (uint32_t n = 0; n < 2 * s->column_count; n++) {
        bool is_template_turn = n < s->column_count;
        const struct column *column = &s->columns[is_template_turn ? n : n - s->column_count];
        struct enumerated_column *out = NULL;
        if (((column->id & COLUMN_ID_TEMPLATE_BIT) != 0) != is_template_turn)
            continue;
        if (!row_lists_column(&e->row, &reach, column) || ((e->options & CURSOR_ENUMERATE_TAGGED_ONLY) != 0 && !column_is_tagged(column->id)))
            continue;
        TRY(append(e, &out));
        TRY(fill_column(e, column, out));
    }
done:
    return err;
}

static JET_ERR enumerate_wishes(struct enumeration *e, const struct enumerate_wish *wishes, uint32_t count, JET_ERR *first_bad)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < count; i++) {
        const struct enumerate_wish *wish = &wishes[i];
        struct enumerated_column *out = NULL;
        uint32_t id = wish->column_id & ~COLUMN_ID_TEMPLATE_BIT;
        TRY(append(e, &out));
        out->column_id = wish->column_id;
        if (wish->column_id == 0) {
            out->status = JET_wrnColumnSkipped;
            continue;
        }
        const struct column *column = id >= FIXED_ID_FIRST && id <= TAGGED_ID_LAST ? schema_column(e->row.schema, wish->column_id) : NULL;
        if (column == NULL) {
            out->status = id >= FIXED_ID_FIRST && id <= TAGGED_ID_LAST ? JET_errColumnNotFound : JET_errBadColumnId;
            if (*first_bad == JET_errSuccess)
                *first_bad = out->status;
            continue;
        }
        if (wish->sequence_count == 0)
            TRY(fill_column(e, column, out));
        else if (encryption_check(e->cursor, column) < 0)
            out->status = JET_errColumnNoEncryptionKey;
        else
            TRY(fill_values(e, column, wish->sequence_count, wish->sequences, out));
        out->column_id = wish->column_id;
    }
done:
    return err;
}

JET_ERR cursor_enumerate(struct cursor *c, const struct enumerate_wish *wishes, uint32_t wish_count, uint32_t most, unsigned options,
                         void *(*allocate)(void *context, void *memory, uint32_t size), void *context, struct enumerated_column **columns,
                         uint32_t *count)
{
    JET_ERR err = JET_errSuccess, first_bad = JET_errSuccess;
    struct enumeration e = {.cursor = c, .most = most, .options = options, .allocate = allocate, .context = context};
    const struct table_schema *held = NULL;
    uint8_t *copy = NULL;
    bool is_complete = false;
    *columns = NULL;
    *count = 0;
    if (wish_count > 0 && (options & CURSOR_ENUMERATE_TAGGED_ONLY) != 0)
        RAISE(JET_errInvalidGrbit);
    if ((options & CURSOR_ENUMERATE_AS_REFERENCE) != 0 && ((options & CURSOR_ENUMERATE_IN_RECORD_ONLY) != 0 || !cursor_has_lasting_values(c)))
        RAISE(JET_errInvalidGrbit);
    TRY(cursor_refresh(c));
    TRY(check_computed_defaults(c->schema, options));
    TRY(row_latch_copy(c, (options & CURSOR_ENUMERATE_COPY) != 0 && c->temp == NULL, &e.row));
    if (e.row.temp == NULL) {
        uint32_t size = e.row.record.bytes.size;
        copy = mem_copy(e.row.record.bytes.data, size);
        row_release(c);
        if (copy == NULL)
            RAISE(JET_errOutOfMemory);
        TRY(record_view_init(&e.row.record, span_of(copy, size), c->schema->page_size));
        TRY(cursor_long_values(c, &e.nodes));
        held = catalog_retain_table(c->catalog, e.row.schema);
    }
    TRY(wish_count == 0 ? enumerate_all(&e) : enumerate_wishes(&e, wishes, wish_count, &first_bad));
    *columns = e.columns;
    *count = e.count;
    is_complete = true;
    err = first_bad;
done:
    if (!is_complete)
        free_all(&e);
    if (held != NULL)
        catalog_release_table(c->catalog, held);
    mem_free(copy);
    return err;
}
