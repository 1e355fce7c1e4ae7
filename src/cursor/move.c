/* Moves, index ranges, counting, positions (cursor.h).
 *
 * A range has one limit, the search key at the time it was set, and works in one direction: an upper limit stops moves forward, a lower one
 * moves backward. A move that meets the limit leaves the cursor after the last (before the first) entry and ends the range. */
#include "cursor/internal.h"

void cursor_before_first(struct cursor *c)
{
    c->first_is_due = c->row_is_due = false;
    c->temp_position = ROW_BEFORE_FIRST;
    if (c->temp == NULL) {
        btree_before_first(&c->table_entry);
        if (c->index != NULL)
            btree_before_first(&c->index_entry);
    }
}

void cursor_after_last(struct cursor *c)
{
    c->first_is_due = c->row_is_due = false;
    c->temp_position = ROW_AFTER_LAST;
    if (c->temp == NULL) {
        btree_after_last(&c->table_entry);
        if (c->index != NULL)
            btree_after_last(&c->index_entry);
    }
}

static bool in_range(const struct cursor *c, struct span key)
{
    int order = span_compare(key, search_key_bytes(&c->key));
    if (order == 0)
        return (c->range & CURSOR_RANGE_INCLUSIVE) != 0;
    return (c->range & CURSOR_RANGE_UPPER) != 0 ? order < 0 : order > 0;
}

/* The entry just reached, against the range of that direction. */
static JET_ERR check_range(struct cursor *c, bool forward)
{
    JET_ERR err = JET_errSuccess;
    struct span key;
    if (!c->has_range || forward != ((c->range & CURSOR_RANGE_UPPER) != 0))
        goto done;
    TRY(navigate_key(c, &key));
    if (in_range(c, key))
        goto done;
    c->has_range = false;
    if (forward)
        cursor_after_last(c);
    else
        cursor_before_first(c);
    err = JET_errNoCurrentRecord; /* an answer, not a fault */
done:
    return err;
}

static JET_ERR step(struct cursor *c, bool forward)
{
    JET_ERR err = forward ? navigate_next(c) : navigate_previous(c);
    return err < 0 ? err : check_range(c, forward);
}

/* On to the next key, over all entries of the current one. */
static JET_ERR step_over_key(struct cursor *c, bool forward)
{
    JET_ERR err = JET_errSuccess;
    struct span key;
    uint8_t before[BTREE_KEY_MAX];
    err = navigate_key(c, &key);
    if (err < 0)
        return step(c, forward); /* from an end, or between entries: any entry is another key */
    uint32_t size = key.size < sizeof before ? key.size : (uint32_t)sizeof before;
    memcpy(before, key.data, size);
    err = navigate_seek(c, span_of(before, size), forward ? BTREE_SEEK_GT : BTREE_SEEK_LT);
    if (err == JET_errRecordNotFound) {
        if (forward)
            cursor_after_last(c);
        else
            cursor_before_first(c);
        err = JET_errNoCurrentRecord;
    }
    return err < 0 ? err : check_range(c, forward);
}

/* On from the entry just reached over those that the filter rejects. */
static JET_ERR pass_rejected(struct cursor *c, bool forward)
{
    JET_ERR err = JET_errSuccess;
    bool is_met = !c->is_filtered;
    while (!is_met) {
        TRY(filter_check(c, &is_met));
        if (!is_met)
            TRY(step(c, forward));
    }
done:
    return err;
}

JET_ERR cursor_move(struct cursor *c, int32_t rows, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    if (rows == 0 && c->is_filtered)
        RAISE(JET_errFilteredMoveNotSupported);
    TRY(update_drop(c));
    if (rows == CURSOR_MOVE_FIRST || rows == CURSOR_MOVE_LAST) {
        c->has_range = false;
        cursor_reset_key(c);
        TRY(rows == CURSOR_MOVE_FIRST ? navigate_first(c) : navigate_last(c));
        return pass_rejected(c, rows == CURSOR_MOVE_FIRST);
    }
    if (rows == 0)
        return navigate_test(c);
    bool forward = rows > 0, over_keys = (options & CURSOR_MOVE_KEY_NE) != 0;
    for (int64_t left = forward ? rows : -(int64_t)rows; left > 0; left--) {
        TRY(over_keys ? step_over_key(c, forward) : step(c, forward));
        TRY(pass_rejected(c, forward));
    }
done:
    return err;
}

bool cursor_step_on(struct cursor *c, unsigned level, JET_ERR *result)
{
    if (c->temp != NULL || (c->first_is_due | c->is_filtered) || c->has_range || (c->update != NULL && cursor_is_prepared(c)))
        return false;
    c->move_level = level;
    c->row_is_due = c->index != NULL;
    *result = btree_next(current_entry(c));
    return true;
}

JET_ERR cursor_set_range(struct cursor *c, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    struct span key;
    if ((options & CURSOR_RANGE_REMOVE) != 0) {
        if (!c->has_range)
            RAISE(JET_errInvalidOperation);
        c->has_range = false;
        goto done;
    }
    if (cursor_index(c) == NULL)
        RAISE(JET_errNoCurrentIndex);
    if (!c->key.is_prepared)
        RAISE(JET_errKeyNotMade);
    c->range = options & (CURSOR_RANGE_INCLUSIVE | CURSOR_RANGE_UPPER);
    bool forward = (c->range & CURSOR_RANGE_UPPER) != 0;
    c->has_range = true;
    err = navigate_key(c, &key);
    if (err >= 0)
        err = check_range(c, forward);
    /* The key is used up, but its bytes stay as the limit. */
    c->key.is_prepared = false;
    c->key.columns = 0;
    if (err < 0 || (options & CURSOR_RANGE_INSTANT) != 0)
        c->has_range = false;
done:
    return err;
}

/* --- counting --- */

/* Where the cursor stands, so that it can go on from there after looking around. */
struct place {
    bool row_was_due;
    enum row_position temp_position;
    uint32_t temp_at;
    struct btree_cursor entry;
};

static JET_ERR save_place(struct cursor *c, struct place *p)
{
    *p = (struct place){.row_was_due = c->row_is_due, .temp_position = c->temp_position, .temp_at = c->temp_at};
    return c->temp == NULL ? btree_cursor_copy(current_entry(c), &p->entry) : JET_errSuccess;
}

static void restore_place(struct cursor *c, struct place *p)
{
    c->row_is_due = p->row_was_due;
    c->temp_position = p->temp_position;
    c->temp_at = p->temp_at;
    if (c->temp == NULL) {
        btree_cursor_close(current_entry(c));
        *current_entry(c) = p->entry;
    }
}

/* Walks from the current entry to the end of the range, and comes back. most 0: no limit. */
static JET_ERR walk_range(struct cursor *c, uint64_t most, JET_ERR (*visit)(void *context, struct span primary_key), void *context, uint64_t *count)
{
    JET_ERR err = JET_errSuccess;
    struct place place;
    bool is_saved = false, had_range = c->has_range;
    bool forward = !c->has_range || (c->range & CURSOR_RANGE_UPPER) != 0;
    *count = 0;
    TRY(navigate_test(c));
    TRY(save_place(c, &place));
    is_saved = true;
    while (err >= 0) {
        ++*count;
        if (visit != NULL) {
            struct span key;
            TRY(navigate_primary_key(c, &key));
            TRY(visit(context, key));
        }
        if (most != 0 && *count >= most)
            break;
        err = step(c, forward);
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    if (is_saved) {
        restore_place(c, &place);
        c->has_range = had_range;
    }
    return err;
}

JET_ERR cursor_count_entries(struct cursor *c, uint64_t most, uint64_t *count)
{
    bool is_new = c->first_is_due;
    JET_ERR err = walk_range(c, most, NULL, NULL, count);
    if (err == JET_errNoCurrentRecord && is_new) { /* an empty index: that is none, as long as nobody has moved */
        c->first_is_due = true;
        err = JET_errSuccess;
    }
    return err;
}

JET_ERR cursor_visit_entries(struct cursor *c, JET_ERR (*visit)(void *context, struct span primary_key), void *context)
{
    uint64_t count;
    return walk_range(c, 0, visit, context, &count);
}

/* --- positions --- */

JET_ERR cursor_get_position(struct cursor *c, uint32_t *entries_before, uint32_t *entries_total)
{
    JET_ERR err = JET_errSuccess;
    TRY(navigate_test(c));
    if (c->temp != NULL) {
        TRY(temp_table_count(c->temp, entries_total));
        *entries_before = c->temp_at;
        goto done;
    }
    TRY(btree_position_estimate(current_entry(c), entries_before, entries_total));
done:
    return err;
}

JET_ERR cursor_goto_position(struct cursor *c, uint32_t entries_before, uint32_t entries_total)
{
    JET_ERR err = JET_errSuccess;
    if (c->is_filtered)
        RAISE(JET_errFilteredMoveNotSupported);
    cursor_forget_range(c);
    cursor_reset_key(c);
    TRY(update_drop(c));
    if (c->temp != NULL) {
        uint32_t count;
        TRY(temp_table_count(c->temp, &count));
        if (count == 0)
            RAISE(JET_errRecordNotFound);
        uint64_t at = entries_total == 0 ? 0 : (uint64_t)entries_before * count / entries_total;
        c->first_is_due = false;
        c->temp_at = at < count ? (uint32_t)at : count - 1;
        c->temp_position = ROW_ON;
        goto done;
    }
    c->first_is_due = false;
    c->row_is_due = c->index != NULL;
    err = btree_goto_fraction(current_entry(c), entries_before, entries_total);
    if (err == JET_errNoCurrentRecord)
        err = JET_errRecordNotFound;
    if (err < 0)
        cursor_before_first(c);
done:
    return err;
}
