/* Numbers that a table gives out: autoincrement columns, and the keys of rows where there is no primary index (records-and-catalog 2.2, 4.7; database-file 4.5).
 *
 * Counters live in the table's shared state and are found from the table at first use. They only go up, whatever becomes of the row.
 * Tables of newer formats keep the highest autoincrement number reserved in their root page: numbers are then reserved there in growing batches before they
 * are used, and counting goes on behind the last batch when the table is opened again.
 */
#include "cursor/update_internal.h"

#include "page/root.h"
#include "txn/txn.h"

enum { SEQUENCE_KEY_SIZE = 4, AUTOINCREMENT_BATCH_MAX = 1 << 16, AUTOINCREMENT_MOST = 0x7FFFFF00 /* of 4 bytes */ };

/* --- keys of rows without a primary index --- */

/* The last key of the tree as it stands, uncommitted rows included: read without a snapshot. */
static JET_ERR last_sequence(struct cursor *c, uint64_t *last)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor end = {0};
    *last = 0;
    TRY(btree_cursor_open(&c->table_tree, &end));
    err = btree_last(&end);
    if (err == JET_errNoCurrentRecord) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    struct span key = btree_cursor_key(&end);
    if (key.size != SEQUENCE_KEY_SIZE)
        RAISE(JET_errDatabaseCorrupted);
    *last = load_be32(key.data);
done:
    btree_cursor_close(&end);
    return err;
}

JET_ERR next_sequence_key(struct cursor *c, uint8_t key[4])
{
    JET_ERR err = JET_errSuccess;
    struct table_state *state = c->state;
    uint64_t last;
    if (atomic_load(&state->next_sequence) == 0) {
        mutex_lock(&state->lock);
        if (atomic_load(&state->next_sequence) == 0) {
            err = last_sequence(c, &last);
            if (err >= 0)
                atomic_store(&state->next_sequence, last + 1);
        }
        mutex_unlock(&state->lock);
        TRY(err);
    }
    uint64_t number = atomic_fetch_add(&state->next_sequence, 1);
    if (number > UINT32_MAX)
        RAISE(JET_errOutOfSequentialIndexValues);
    store_be32(key, (uint32_t)number);
done:
    return err;
}

/* --- autoincrement --- */

static uint64_t number_of(struct span bytes) { return bytes.size == 8 ? load_le64(bytes.data) : bytes.size == 4 ? load_le32(bytes.data) : 0; }

/* The autoincrement value of the row under the cursor; 0 for null. */
static JET_ERR number_at(struct cursor *c, struct btree_cursor *row, uint64_t *number)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    struct record_view record;
    struct column_value value = {.flags = COLUMN_VALUE_NULL};
    TRY(btree_cursor_get(row, &node));
    err = record_view_init(&record, node.data, c->schema->page_size);
    if (err >= 0)
        err = record_column(&record, c->update->autoincrement, 1, &value);
    *number = err >= 0 && (value.flags & COLUMN_VALUE_NULL) == 0 ? number_of(value.bytes) : 0;
    btree_cursor_release(row);
done:
    return err;
}

/* Does the primary index have the column as its first key column? Then the highest number stands at an end of the table. */
static bool is_in_key_order(const struct cursor *c, bool *is_descending)
{
    const struct index *primary = schema_primary(c->schema);
    if (primary == NULL || schema_column(c->schema, primary->segments[0].column_id) != c->update->autoincrement)
        return false;
    *is_descending = primary->segments[0].is_descending;
    return true;
}

/* The highest value in the table as it stands, uncommitted rows included. */
static JET_ERR highest_autoincrement(struct cursor *c, uint64_t *highest)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor row = {0};
    bool is_descending = false;
    uint64_t number;
    *highest = 0;
    TRY(btree_cursor_open(&c->table_tree, &row));
    if (is_in_key_order(c, &is_descending)) {
        err = is_descending ? btree_first(&row) : btree_last(&row);
        if (err >= 0)
            err = number_at(c, &row, highest);
    } else {
        for (err = btree_first(&row); err >= 0; err = btree_next(&row)) {
            TRY(number_at(c, &row, &number));
            if (number > *highest)
                *highest = number;
        }
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&row);
    return err;
}

/* Reserves numbers up to `number` or more in the root page. The state's lock is held, so that batches follow one another. */
static JET_ERR reserve_batch(struct cursor *c, uint64_t number, struct space_header *header)
{
    JET_ERR err = JET_errSuccess;
    uint8_t bytes[SPACE_HEADER_SIZE_MAX];
    struct transaction *t = c->transaction;
    bool is_begun = false;
    while (header->autoincrement < number) {
        uint64_t batch = header->autoincrement + 2;
        header->autoincrement += batch < AUTOINCREMENT_BATCH_MAX ? batch : AUTOINCREMENT_BATCH_MAX;
    }
    TRY(txn_begin(t));
    is_begun = true;
    TRY(btree_set_root_header(t, &c->update->table_tree, span_of(bytes, space_header_encode(header, bytes))));
    TRY(txn_commit(t, true, NULL));
    is_begun = false;
    c->update->autoincrement_reserved = header->autoincrement;
done:
    if (is_begun) {
        JET_ERR back = txn_rollback(t);
        err = back < 0 ? back : err;
    }
    return err;
}

/* Under the state's lock: the counter's first value, and batches of tables that keep them. */
static JET_ERR prepare_number(struct cursor *c, struct table_state *state)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header;
    uint64_t highest, next = atomic_load(&state->next_autoincrement);
    bool is_first = next == 0; /* else others may be counting on */
    TRY(space_header_read(catalog_database(c->catalog)->pages, c->schema->root, &header));
    if (is_first) {
        if (header.has_autoincrement)
            highest = header.autoincrement;
        else
            TRY(highest_autoincrement(c, &highest));
        next = highest + 1;
    }
    if (header.has_autoincrement && next > header.autoincrement)
        TRY(reserve_batch(c, next, &header));
    c->update->autoincrement_reserved = header.has_autoincrement ? header.autoincrement : UINT64_MAX;
    if (is_first)
        atomic_store(&state->next_autoincrement, next);
done:
    return err;
}

JET_ERR next_autoincrement(struct cursor *c, uint64_t *value)
{
    JET_ERR err = JET_errSuccess;
    struct table_state *state = c->state;
    uint64_t most = c->update->autoincrement->max_size == 8 ? INT64_MAX : AUTOINCREMENT_MOST, next = atomic_load(&state->next_autoincrement);
    for (;;) {
        if (next == 0 || next > c->update->autoincrement_reserved) {
            mutex_lock(&state->lock);
            err = prepare_number(c, state);
            mutex_unlock(&state->lock);
            TRY(err);
            next = atomic_load(&state->next_autoincrement);
            continue;
        }
        if (next > most)
            RAISE(JET_errOutOfAutoincrementValues);
        if (atomic_compare_exchange_weak(&state->next_autoincrement, &next, next + 1))
            break;
    }
    *value = next;
done:
    return err;
}
