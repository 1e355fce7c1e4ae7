/* Rows deleted, locked, and added to without conflict (update.h; the reference pages of JetDelete, JetGetLock, JetEscrowUpdate). */
#define ESENT_PRIVATE
#include "cursor/update_internal.h"

#include "base/memory.h"
#include "txn/txn.h"

/* --- delete --- */

/* The record first, which finds conflicts; then its entries, then what it holds of long values: their bytes make the keys of entries. */
static JET_ERR delete_row(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct record_view view;
    struct node node;
    uint8_t key[BTREE_KEY_MAX];
    TRY(btree_cursor_get(&c->table_entry, &node));
    err = value_buffer_reserve(&u->original, node.data.size + 1);
    if (err >= 0) {
        memcpy(u->original.data, node.data.data, node.data.size);
        u->original.size = node.data.size;
    }
    btree_cursor_release(&c->table_entry);
    TRY(err);
    TRY(record_view_init(&view, span_of(u->original.data, u->original.size), c->schema->page_size));
    struct span here = btree_cursor_key(&c->table_entry);
    if (here.size > sizeof key)
        RAISE(JET_errDatabaseCorrupted);
    memcpy(key, here.data, here.size);
    TRY(btree_delete(c->transaction, &c->table_entry, 0));
    TRY(update_delete_entries(c, &view, span_of(key, here.size)));
    TRY(update_release_record(c, &view));
done:
    return err;
}

JET_ERR cursor_delete_row(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = c->transaction;
    bool is_begun = false;
    if (cursor_is_prepared(c)) {
        if (c->update->deletes_original)
            RAISE(JET_errAlreadyPrepared);
        TRY(update_cancel(c));
    }
    if (c->temp != NULL)
        return temp_delete(c);
    if (t == NULL || t->level == 0)
        RAISE(JET_errNotInTransaction);
    TRY(cursor_refresh(c));
    TRY(update_open(c));
    TRY(navigate_row(c));
    TRY(update_enter(c));
    TRY(txn_begin(t));
    is_begun = true;
    TRY(delete_row(c));
    TRY(txn_commit(t, true, NULL));
    is_begun = false;
done:
    if (is_begun) {
        JET_ERR back = txn_rollback(t);
        err = back < 0 ? back : err;
    }
    return err;
}

/* --- lock --- */

JET_ERR cursor_get_lock(struct cursor *c, uint32_t options)
{
    JET_ERR err = JET_errSuccess;
    if (options != JET_bitReadLock && options != JET_bitWriteLock)
        RAISE(JET_errInvalidGrbit);
    if (c->temp != NULL)
        return navigate_test(c);
    if (c->transaction == NULL || c->transaction->level == 0)
        RAISE(JET_errNotInTransaction);
    TRY(update_open(c));
    TRY(navigate_row(c));
    TRY(update_enter(c));
    TRY(btree_lock_node(c->transaction, &c->table_entry, options == JET_bitReadLock));
done:
    return err;
}

JET_ERR cursor_test_conflict(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    TRY(navigate_test(c));
    if (c->temp != NULL || c->transaction == NULL)
        goto done;
    TRY(navigate_row(c));
    TRY(btree_test_conflict(c->transaction, &c->table_entry));
done:
    return err;
}

/* --- escrow --- */

/* A row whose counter was brought to zero: looked at again when everybody sees the change. */
struct zero_check {
    struct catalog *catalog;
    uint32_t objid, column_id;
    uint32_t key_size;
    uint8_t key[];
};

static JET_ERR column_number(struct cursor *c, const struct column *column, int64_t *number)
{
    JET_ERR err = JET_errSuccess;
    struct row row;
    struct column_value value;
    *number = 0;
    TRY(row_latch(c, &row));
    err = row_value(&row, column, 1, &value);
    if (err >= 0 && (value.flags & COLUMN_VALUE_NULL) == 0)
        *number = value.bytes.size == 8 ? (int64_t)load_le64(value.bytes.data) : (int32_t)load_le32(value.bytes.data);
    row_release(c);
done:
    return err;
}

static JET_ERR delete_if_zero(void *context, struct transaction *cleanup)
{
    JET_ERR err = JET_errSuccess;
    const struct zero_check *check = context;
    const struct table_schema *schema = NULL;
    struct cursor *c = NULL;
    int64_t number;
    TRY(catalog_find_table_by_objid(check->catalog, check->objid, &schema));
    TRY(cursor_open_schema(check->catalog, schema, &c));
    cursor_set_transaction(c, cleanup);
    c->first_is_due = false;
    err = btree_seek_bookmark(&c->table_entry, span_of(check->key, check->key_size), span_of(NULL, 0));
    const struct column *column = schema_column(c->schema, check->column_id);
    if (err >= 0 && column != NULL) {
        err = column_number(c, column, &number);
        if (err >= 0 && number == 0)
            err = cursor_delete_row(c);
    }
    /* Gone already, or being changed: then it is not this update's business any more. */
    if (err == JET_errRecordDeleted || err == JET_errNoCurrentRecord || err == JET_errWriteConflict)
        err = JET_errSuccess;
done:
    cursor_close(c);
    catalog_release_table(check->catalog, schema);
    return err == JET_errObjectNotFound ? JET_errSuccess : err;
}

static const struct version_action zero_action = {.cleaned = delete_if_zero, .free = mem_free};

static JET_ERR note_zero(struct cursor *c, const struct column *column)
{
    JET_ERR err = JET_errSuccess;
    struct span key = btree_cursor_key(&c->table_entry);
    struct zero_check *check = mem_alloc(sizeof *check + key.size);
    if (check == NULL)
        RAISE(JET_errOutOfMemory);
    check->catalog = c->catalog;
    check->objid = c->schema->objid;
    check->column_id = column->id;
    check->key_size = key.size;
    memcpy(check->key, key.data, key.size);
    err = version_add_action(c->transaction, &zero_action, check);
    if (err < 0)
        mem_free(check);
done:
    return err;
}

static JET_ERR check_escrow_column(struct cursor *c, const struct escrow_update *e, const struct column **out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t id = e->column_id & ~COLUMN_ID_TEMPLATE_BIT;
    *out = NULL;
    if (id < FIXED_ID_FIRST || id > TAGGED_ID_LAST)
        RAISE(JET_errBadColumnId);
    const struct column *column = schema_column(c->schema, e->column_id);
    *out = column;
    if (column == NULL)
        RAISE(JET_errColumnNotFound);
    if (cursor_is_prepared(c))
        RAISE(JET_errAlreadyPrepared);
    if (column->max_size != e->width)
        RAISE(JET_errInvalidBufferSize);
    if (!column_is_fixed(column->id) || (column->flags & COLUMN_FLAG_ESCROW) == 0 || (e->width != 4 && e->width != 8))
        RAISE(JET_errInvalidOperation);
done:
    return err;
}

/* The place of the value in the record, and what the page has there: the sum of everybody's changes. */
static JET_ERR find_number(struct cursor *c, const struct column *column, uint32_t width, int64_t *old)
{
    JET_ERR err = JET_errSuccess;
    struct row row;
    TRY(row_latch(c, &row));
    if ((column->id & 0xFFFF) > row.record.fixed_last || !range_within(column->offset, width, row.record.null_bitmap)) {
        row_release(c);
        RAISE(JET_errInvalidOperation); /* the column is younger than the row */
    }
    const uint8_t *at = row.record.bytes.data + column->offset;
    *old = width == 8 ? (int64_t)load_le64(at) : (int32_t)load_le32(at);
    row_release(c);
done:
    return err;
}

JET_ERR cursor_escrow_update(struct cursor *c, struct escrow_update *e)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = c->transaction;
    const struct column *column = NULL;
    bool is_begun = false, stays = (e->options & JET_bitEscrowNoRollback) != 0;
    if (c->temp != NULL)
        RAISE(JET_errInvalidOperation);
    if (t == NULL || t->level == 0)
        RAISE(JET_errNotInTransaction);
    TRY(cursor_refresh(c));
    TRY(check_escrow_column(c, e, &column));
    TRY(update_open(c));
    TRY(find_number(c, column, e->width, &e->old));
    TRY(update_enter(c));
    TRY(txn_begin(t));
    is_begun = true;
    TRY(btree_add_delta(t, &c->table_entry, column->offset, e->width, e->delta, stays ? BTREE_UNVERSIONED : 0, &e->old));
    if (!stays && (column->flags & (COLUMN_FLAG_DELETE_ON_ZERO | COLUMN_FLAG_FINALIZE)) != 0 && (int64_t)((uint64_t)e->old + (uint64_t)e->delta) == 0)
        TRY(note_zero(c, column));
    TRY(txn_commit(t, true, NULL));
    is_begun = false;
    e->has_old = true;
done:
    if (is_begun) {
        JET_ERR back = txn_rollback(t);
        err = back < 0 ? back : err;
    }
    return err;
}
