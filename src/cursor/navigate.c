/* Single steps on the current index, and the way from an index entry to its row (internal.h).
 *
 * An entry of a secondary index holds the primary key of its row as data. Moving along such an index touches only the index; the row is
 * sought when a column, or anything else of it, is wanted (row_is_due). */
#include "cursor/update_internal.h"

JET_ERR navigate_settle(struct cursor *c)
{
    if (!c->first_is_due)
        return JET_errSuccess;
    return navigate_first(c);
}

/* --- temporary tables --- */

static JET_ERR temp_stand(struct cursor *c, uint32_t at)
{
    const struct temp_row *row;
    JET_ERR err = temp_table_row(c->temp, at, &row);
    if (err < 0 && err != JET_errNoCurrentRecord)
        return err;
    c->temp_at = at;
    c->temp_position = err >= 0 ? ROW_ON : ROW_AFTER_LAST;
    return err;
}

static JET_ERR temp_last(struct cursor *c)
{
    uint32_t count;
    JET_ERR err = temp_table_count(c->temp, &count);
    if (err < 0)
        return err;
    if (count == 0) {
        c->temp_position = ROW_BEFORE_FIRST;
        return JET_errNoCurrentRecord;
    }
    return temp_stand(c, count - 1);
}

static JET_ERR temp_step(struct cursor *c, bool forward)
{
    if (forward)
        return c->temp_position == ROW_BEFORE_FIRST ? temp_stand(c, 0)
             : c->temp_position == ROW_AFTER_LAST   ? JET_errNoCurrentRecord
                                                    : temp_stand(c, c->temp_at + (c->temp_position == ROW_ON));
    if (c->temp_position == ROW_AFTER_LAST)
        return temp_last(c);
    if (c->temp_position == ROW_BEFORE_FIRST || c->temp_at == 0) {
        c->temp_position = ROW_BEFORE_FIRST;
        return JET_errNoCurrentRecord;
    }
    return temp_stand(c, c->temp_at - 1);
}

static JET_ERR temp_seek(struct cursor *c, struct span key, enum btree_seek how)
{
    JET_ERR err = JET_errSuccess;
    const struct temp_row *row;
    uint32_t count, at;
    bool after = how == BTREE_SEEK_GT || how == BTREE_SEEK_LE, backward = how == BTREE_SEEK_LE || how == BTREE_SEEK_LT;
    TRY(temp_table_search(c->temp, key, after, &at));
    TRY(temp_table_count(c->temp, &count));
    if (backward) {
        c->temp_position = ROW_BEFORE_FIRST;
        if (at == 0)
            RAISE(JET_errRecordNotFound);
        at--;
    } else {
        c->temp_at = at;
        c->temp_position = at == count ? ROW_AFTER_LAST : ROW_BETWEEN;
        if (at == count)
            RAISE(JET_errRecordNotFound);
        if (how == BTREE_SEEK_EQ) {
            TRY(temp_table_row(c->temp, at, &row));
            if (!span_equal(temp_row_key(row), key))
                RAISE(JET_errRecordNotFound);
        }
    }
    TRY(temp_stand(c, at));
done:
    return err;
}

static JET_ERR temp_row_here(struct cursor *c, const struct temp_row **row)
{
    return c->temp_position == ROW_ON ? temp_table_row(c->temp, c->temp_at, row) : JET_errNoCurrentRecord;
}

/* --- both kinds --- */

static void moved(struct cursor *c)
{
    c->first_is_due = false;
    c->row_is_due = c->index != NULL;
}

JET_ERR navigate_first(struct cursor *c)
{
    moved(c);
    return c->temp != NULL ? temp_stand(c, 0) : btree_first(current_entry(c));
}

JET_ERR navigate_last(struct cursor *c)
{
    moved(c);
    return c->temp != NULL ? temp_last(c) : btree_last(current_entry(c));
}

JET_ERR navigate_next(struct cursor *c)
{
    if (c->first_is_due) {
        JET_ERR err = navigate_first(c);
        if (err < 0)
            return err;
    }
    moved(c);
    return c->temp != NULL ? temp_step(c, true) : btree_next(current_entry(c));
}

JET_ERR navigate_previous(struct cursor *c)
{
    if (c->first_is_due) {
        JET_ERR err = navigate_first(c);
        if (err < 0)
            return err;
    }
    moved(c);
    return c->temp != NULL ? temp_step(c, false) : btree_previous(current_entry(c));
}

JET_ERR navigate_seek(struct cursor *c, struct span key, enum btree_seek how)
{
    moved(c);
    return c->temp != NULL ? temp_seek(c, key, how) : btree_seek(current_entry(c), key, how);
}

JET_ERR navigate_key(struct cursor *c, struct span *key)
{
    JET_ERR err = JET_errSuccess;
    *key = (struct span){NULL, 0};
    TRY(navigate_settle(c));
    if (c->temp != NULL) {
        const struct temp_row *row;
        TRY(temp_row_here(c, &row));
        *key = temp_row_key(row);
        goto done;
    }
    if (current_entry(c)->position != BTREE_ON_NODE)
        return JET_errNoCurrentRecord;
    *key = btree_cursor_key(current_entry(c));
done:
    return err;
}

JET_ERR navigate_test(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    TRY(navigate_settle(c));
    if (c->temp != NULL) {
        const struct temp_row *row;
        return temp_row_here(c, &row);
    }
    TRY(btree_cursor_get(current_entry(c), &node));
    btree_cursor_release(current_entry(c));
done:
    return err;
}

JET_ERR navigate_primary_key(struct cursor *c, struct span *key)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    *key = (struct span){NULL, 0};
    if (c->temp != NULL || c->index == NULL)
        return navigate_key(c, key);
    TRY(navigate_settle(c));
    TRY(btree_cursor_get(&c->index_entry, &node));
    uint32_t size = node.data.size;
    if (size == 0 || size > sizeof c->primary_key) {
        btree_cursor_release(&c->index_entry);
        RAISE(JET_errSecondaryIndexCorrupted);
    }
    memcpy(c->primary_key, node.data.data, size);
    btree_cursor_release(&c->index_entry);
    *key = span_of(c->primary_key, size);
done:
    return err;
}

JET_ERR navigate_row(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct span key;
    TRY(navigate_settle(c));
    if (c->temp != NULL || c->index == NULL || !c->row_is_due)
        goto done;
    TRY(navigate_primary_key(c, &key));
    TRY(btree_seek_bookmark(&c->table_entry, key, (struct span){NULL, 0}));
    c->row_is_due = false;
done:
    return err;
}

JET_ERR row_latch(struct cursor *c, struct row *out)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    TRY(navigate_row(c));
    out->temp = NULL;
    out->draft = NULL;
    out->schema = c->schema;
    if (c->temp != NULL) {
        TRY(temp_row_here(c, &out->temp));
        out->primary_key = temp_row_key(out->temp);
        goto done;
    }
    TRY(btree_cursor_get(&c->table_entry, &node));
    out->primary_key = btree_cursor_key(&c->table_entry);
    bool is_copied = btree_cursor_is_copied(&c->table_entry);
    if (is_copied && c->table_entry.copy.is_known) {
        out->record = c->row_view;
        goto done;
    }
    err = record_view_init(&out->record, node.data, c->schema->page_size);
    if (err < 0) {
        btree_cursor_release(&c->table_entry);
    } else if (is_copied) {
        c->row_view = out->record;
        c->table_entry.copy.is_known = true;
    }
done:
    return err;
}

JET_ERR row_latch_copy(struct cursor *c, bool copy, struct row *out)
{
    JET_ERR err = JET_errSuccess;
    struct span bytes;
    if (!copy || !cursor_is_prepared(c))
        return row_latch(c, out);
    out->temp = NULL;
    out->draft = c->temp != NULL ? c->update : NULL;
    out->schema = c->schema;
    out->primary_key = span_of(NULL, 0);
    if (c->temp == NULL) {
        TRY(record_builder_bytes(c->update->builder, &bytes));
        TRY(record_view_init(&out->record, bytes, c->schema->page_size));
    }
done:
    return err;
}

void row_release(struct cursor *c)
{
    if (c->temp == NULL)
        btree_cursor_release(&c->table_entry);
}

JET_ERR row_value(const struct row *row, const struct column *column, uint32_t sequence, struct column_value *out)
{
    if (row->draft != NULL)
        return draft_get(row->draft, column, sequence, out);
    if (row->temp == NULL)
        return record_column(&row->record, column, sequence, out);
    *out = (struct column_value){.bytes = temp_row_get(row->temp, column->id, sequence)};
    if (out->bytes.data == NULL)
        out->flags = COLUMN_VALUE_NULL;
    return JET_errSuccess;
}

JET_ERR row_value_count(const struct row *row, const struct column *column, uint32_t *count)
{
    if (row->draft != NULL) {
        *count = draft_count(row->draft, column);
        return JET_errSuccess;
    }
    if (row->temp == NULL)
        return record_column_count(&row->record, column, count);
    *count = temp_row_count(row->temp, column->id);
    return JET_errSuccess;
}
