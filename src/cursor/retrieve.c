/* Column values (cursor.h): the path of JetRetrieveColumn.
 *
 * A value in the record is copied straight from the latched page to the caller's buffer, without any allocation. A separated value is read
 * after the page has been released: its id is all that is needed. */
#define ESENT_PRIVATE
#include "catalog/ddl.h"
#include "cursor/column_reference.h"
#include "cursor/internal.h"

enum { KEY_VALUE_ROOM = 2048 };

bool cursor_has_lasting_values(const struct cursor *c) { return c->temp == NULL && !cursor_is_prepared(c); }

static JET_ERR deliver_reference(struct cursor *c, const struct column *column, uint32_t sequence, uint64_t lid, struct retrieve *r)
{
    JET_ERR err = JET_errSuccess;
    uint8_t reference[COLUMN_REFERENCE_SIZE_MAX];
    TRY(cursor_make_reference(c, column, sequence, lid, btree_cursor_key(&c->table_entry), reference, &r->actual));
    copy_few(r->buffer, reference, r->actual < r->room ? r->actual : r->room);
    err = r->actual > r->room ? JET_wrnBufferTruncated : JET_wrnColumnReference;
done:
    row_release(c);
    return err;
}

/* Copies value `sequence` of the column out; the latch is gone afterwards (releasing it twice does no harm). */
static JET_ERR deliver(struct cursor *c, const struct column *column, uint32_t sequence, const struct column_value *value, struct retrieve *r)
{
    JET_ERR err = JET_errSuccess;
    uint32_t offset = column_type_is_long(column->type) ? r->offset : 0, written = 0, total = 0;
    r->next_tagged = column->id;
    TRY(encryption_check(c, column));
    if ((value->flags & COLUMN_VALUE_NULL) != 0) {
        r->actual = 0;
        err = JET_wrnColumnNull;
        goto done;
    }
    if ((value->flags & COLUMN_VALUE_SEPARATED) != 0 && (r->options & CURSOR_RETRIEVE_AS_REFERENCE) != 0)
        return deliver_reference(c, column, sequence, value->lid, r);
    if ((value->flags & COLUMN_VALUE_SEPARATED) != 0) {
        struct column_value copy = *value;
        const struct long_value_nodes *nodes;
        row_release(c);
        TRY(cursor_long_values(c, &nodes));
        err = column_value_fetch(nodes, &copy, offset, r->buffer, r->room, &written, &total);
    } else {
        struct column_value plain = *value;
        TRY(encryption_open_value(c, &plain));
        err = column_value_read(&plain, offset, r->buffer, r->room, &written, &total);
    }
    if (err < 0)
        goto done;
    err = JET_errSuccess;
    /* The value of an escrow column may change under the reader, so it is given whole or not at all. */
    if ((column->flags & COLUMN_FLAG_ESCROW) != 0 && r->room < total)
        RAISE(JET_errInvalidBufferSize);
    r->actual = offset < total ? total - offset : 0;
    if (r->actual > r->room)
        err = JET_wrnBufferTruncated;
done:
    row_release(c);
    return err;
}

JET_ERR cursor_find_column(const struct cursor *c, uint32_t column_id, const struct column **out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t id = column_id & ~COLUMN_ID_TEMPLATE_BIT;
    *out = NULL;
    if (id < FIXED_ID_FIRST || id > TAGGED_ID_LAST)
        RAISE(JET_errBadColumnId);
    *out = schema_column(c->schema, column_id);
    if (*out == NULL)
        RAISE(JET_errColumnNotFound);
done:
    return err;
}

/* --- all tagged values as one sequence (column id 0) --- */

/* Value `wanted` (1..) of all tagged values of the row; *found false: there are only *seen. */
static JET_ERR tagged_value_at(const struct row *row, uint32_t wanted, bool with_nulls, uint32_t *seen, const struct column **column,
                               struct column_value *value, bool *found)
{
    JET_ERR err = JET_errSuccess;
    *seen = 0;
    *found = false;
    if (row->draft != NULL) /* of a temporary table: one column at a time */
        goto done;
    if (row->temp != NULL) {
        for (uint32_t i = 0; i < row->temp->value_count; i++) {
            uint32_t id = row->temp->values[i].column_id;
            if (!column_is_tagged(id) || ++*seen != wanted)
                continue;
            *column = schema_column(row->schema, id);
            *value = (struct column_value){.bytes = temp_row_value_at(row->temp, i)};
            *found = *column != NULL;
            break;
        }
        goto done;
    }
    for (uint32_t i = 0; i < row->record.tagged_count; i++) {
        struct tagged_entry entry;
        uint32_t count;
        TRY(record_tagged_at(&row->record, i, &entry));
        const struct column *here = schema_column(row->schema, entry.id);
        if (here == NULL) /* deleted */
            continue;
        TRY(record_tagged_count(&entry, &count));
        if (count == 0 && with_nulls)
            count = 1;
        if (wanted > *seen && wanted - *seen <= count) {
            TRY(record_tagged_value(&entry, wanted - *seen, value));
            *column = here;
            *found = true;
            break;
        }
        *seen += count;
    }
done:
    return err;
}

static JET_ERR retrieve_any_tagged(struct cursor *c, struct retrieve *r)
{
    JET_ERR err = JET_errSuccess;
    struct row row;
    struct column_value value;
    const struct column *column;
    uint32_t seen;
    bool found;
    TRY(row_latch_copy(c, (r->options & CURSOR_RETRIEVE_COPY) != 0, &row));
    err = tagged_value_at(&row, r->sequence, (r->options & CURSOR_RETRIEVE_NULL) != 0, &seen, &column, &value, &found);
    if (err >= 0 && found)
        return deliver(c, column, r->sequence - seen, &value, r);
    row_release(c);
    if (err >= 0) {
        r->actual = 0;
        r->next_tagged = 0;
        err = JET_wrnColumnNull;
    }
done:
    return err;
}

/* --- from the index --- */

static bool index_has_column(const struct cursor *c, const struct index *index, const struct column *column)
{
    for (uint32_t i = 0; i < index->segment_count; i++)
        if (schema_column(c->schema, index->segments[i].column_id) == column)
            return true;
    return false;
}

/* The value that the current entry, or its bookmark, holds. *is_done false: the row has to be read; r->sequence is then the value in question. */
static JET_ERR retrieve_from_key(struct cursor *c, const struct column *column, struct retrieve *r, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    bool from_bookmark = (r->options & CURSOR_RETRIEVE_FROM_BOOKMARK) != 0, is_null, found = false;
    const struct index *index = from_bookmark ? schema_primary(c->schema) : c->index;
    uint8_t bytes[KEY_VALUE_ROOM];
    struct span key;
    uint32_t size;
    *is_done = false;
    if (c->temp != NULL)
        goto done;
    if (c->index == NULL) { /* the bookmark is the key here; without a record that is said first */
        index = schema_primary(c->schema);
        TRY(navigate_test(c));
        if (index == NULL)
            goto done;
    }
    if (index == NULL || !index_has_column(c, index, column))
        RAISE(JET_errColumnNotFound);
    if (index->tuple.is_tuple && (r->options & CURSOR_RETRIEVE_TUPLE) == 0 && schema_column(c->schema, index->segments[0].column_id) == column)
        RAISE(JET_errIndexTuplesCannotRetrieveFromIndex);
    TRY(from_bookmark ? navigate_primary_key(c, &key) : navigate_key(c, &key));
    TRY(value_from_key(c->schema, index, key, column, bytes, sizeof bytes, &size, &is_null, &found));
    if (!found) {
        if (!from_bookmark && (column->flags & COLUMN_FLAG_MULTI_VALUED) != 0 && column == index_multi_column(c->schema, index))
            TRY(entry_sequence(c, &r->sequence));
        goto done;
    }
    *is_done = true;
    r->next_tagged = column->id;
    if (is_null) {
        r->actual = 0;
        err = JET_wrnColumnNull;
        goto done;
    }
    uint32_t offset = column_type_is_long(column->type) && r->offset < size ? r->offset : column_type_is_long(column->type) ? (r->offset == 0 ? 0 : size) : 0;
    r->actual = size - offset;
    uint32_t part = r->actual < r->room ? r->actual : r->room;
    if (part > 0)
        memcpy(r->buffer, bytes + offset, part);
    if (r->actual > r->room)
        err = JET_wrnBufferTruncated;
done:
    return err;
}

bool cursor_knows_row(struct cursor *c)
{
    struct btree_cursor *entry = &c->table_entry;
    if (c->temp != NULL || c->first_is_due || c->row_is_due || entry->position != BTREE_ON_NODE || !btree_copy_is_current(entry)
        || (c->generation != catalog_generation(c->catalog) && cursor_refresh(c) < 0))
        return false;
    if (!entry->copy.is_known)
        entry->copy.is_known = record_view_init(&c->row_view, entry->copy.data, c->schema->page_size) >= 0;
    return entry->copy.is_known;
}

/* A default, or a tagged value that stands in the record as it is. */
static __attribute__((noinline)) bool other_known_value(const struct cursor *c, const struct column *column, struct span *out)
{
    struct column_value value;
    if (record_column(&c->row_view, column, 1, &value) < 0 || (value.flags & ~(unsigned)(COLUMN_VALUE_DEFAULT | COLUMN_VALUE_NULL)) != 0)
        return false;
    *out = (value.flags & COLUMN_VALUE_NULL) != 0 ? span_of(NULL, 0) : value.bytes;
    return true;
}

bool cursor_known_value(const struct cursor *c, uint32_t column_id, struct span *value, uint32_t *column_found)
{
    const struct column *column = schema_column(c->schema, column_id);
    if (column == NULL || (column->flags & (COLUMN_FLAG_ESCROW | COLUMN_FLAG_ENCRYPTED)) != 0)
        return false;
    *column_found = column->id;
    return record_own_value(&c->row_view, column, value) || other_known_value(c, column, value);
}

JET_ERR cursor_retrieve_column(struct cursor *c, struct retrieve *r)
{
    JET_ERR err = JET_errSuccess;
    const unsigned from = CURSOR_RETRIEVE_FROM_INDEX | CURSOR_RETRIEVE_FROM_BOOKMARK;
    const struct column *column;
    struct column_value value;
    struct row row;
    r->actual = 0;
    r->next_tagged = r->column_id;
    if ((r->options & from) == from || ((r->options & CURSOR_RETRIEVE_TUPLE) != 0 && (r->options & CURSOR_RETRIEVE_FROM_INDEX) == 0))
        RAISE(JET_errInvalidGrbit);
    if ((r->options & CURSOR_RETRIEVE_AS_REFERENCE) != 0 && !cursor_has_lasting_values(c))
        RAISE(JET_errInvalidGrbit);
    if (r->sequence == 0)
        RAISE(JET_errBadItagSequence);
    TRY(cursor_refresh(c));
    if (r->column_id == 0)
        return retrieve_any_tagged(c, r);
    TRY(cursor_find_column(c, r->column_id, &column));
    uint32_t sequence = r->sequence;
    bool from_copy = (r->options & CURSOR_RETRIEVE_COPY) != 0 && cursor_is_prepared(c);
    if (from_copy) {
        TRY(row_latch_copy(c, true, &row));
        err = row_value(&row, column, sequence, &value);
    } else if ((r->options & from) != 0) {
        bool is_done;
        err = retrieve_from_key(c, column, r, &is_done);
        if (err < 0 || is_done) {
            if (err >= 0 && (r->options & CURSOR_RETRIEVE_TAG) != 0) {
                JET_ERR told = entry_sequence(c, &r->sequence);
                err = told < 0 ? told : err;
            }
            return err;
        }
        err = JET_errSuccess;
        uint32_t used = r->sequence;
        if ((r->options & CURSOR_RETRIEVE_TAG) == 0)
            r->sequence = sequence;
        sequence = used;
        TRY(row_latch(c, &row));
        err = row_value(&row, column, sequence, &value);
    } else {
        if ((r->options & CURSOR_RETRIEVE_TAG) != 0 && c->index != NULL && column == index_multi_column(c->schema, c->index))
            TRY(entry_sequence(c, &r->sequence));
        sequence = r->sequence;
        TRY(row_latch(c, &row));
        err = row_value(&row, column, sequence, &value);
    }
    if (err < 0) {
        row_release(c);
        goto done;
    }
    if ((value.flags & (COLUMN_VALUE_DEFAULT | COLUMN_VALUE_USER_DEFAULT)) != 0 && (r->options & CURSOR_RETRIEVE_IGNORE_DEFAULT) != 0)
        value = (struct column_value){.flags = COLUMN_VALUE_NULL};
    return deliver(c, column, sequence, &value, r);
done:
    return err;
}

JET_ERR cursor_count_values(struct cursor *c, uint32_t column_id, unsigned options, uint32_t *count)
{
    JET_ERR err = JET_errSuccess;
    const struct column *column = NULL;
    struct column_value value;
    struct row row;
    bool found;
    *count = 0;
    TRY(cursor_refresh(c));
    if (column_id != 0)
        TRY(cursor_find_column(c, column_id, &column));
    TRY(row_latch_copy(c, (options & CURSOR_RETRIEVE_COPY) != 0, &row));
    if (column_id == 0) {
        err = tagged_value_at(&row, UINT32_MAX, (options & CURSOR_RETRIEVE_NULL) != 0, count, &column, &value, &found);
    } else {
        err = row_value_count(&row, column, count);
        if (err >= 0 && *count == 1 && (options & CURSOR_RETRIEVE_IGNORE_DEFAULT) != 0) {
            err = row_value(&row, column, 1, &value);
            if (err >= 0 && (value.flags & (COLUMN_VALUE_DEFAULT | COLUMN_VALUE_USER_DEFAULT)) != 0)
                *count = 0;
        }
    }
    row_release(c);
done:
    return err;
}
