/* Reading ahead of what will be asked for (cursor.h): single keys, and ranges of an index with the long values of their rows.
 *
 * Pages are brought into the cache by walking the trees with cursors of their own; the trees read ahead of such a walk themselves. It is a hint: what cannot be read is left to
 * whoever reads it. */
#include "cursor/internal.h"

#include "base/memory.h"
#include "os/thread_work.h"

enum { VALUE_BUFFER = 1 << 15 };

JET_ERR cursor_read_ahead(struct cursor *c, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor other = {0};
    if (c->temp != NULL)
        goto done;
    TRY(btree_cursor_open(current_entry(c)->tree, &other));
    err = btree_seek(&other, key, BTREE_SEEK_GE);
    if (err == JET_errRecordNotFound || err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&other);
    return err;
}

struct walk {
    struct cursor *cursor;
    const struct cursor_read_range *range;
    struct btree_cursor entry, row; /* row: only where the index is not the table itself */
    uint32_t started;               /* pages referenced before */
    uint8_t *buffer;
};

static uint32_t pages_used(const struct walk *w) { return thread_work.pages_referenced - w->started; }

/* Does an entry's key lie within the end that the walk goes towards? The end may be the beginning of keys: those all belong to it. */
static bool is_inside(const struct walk *w, struct span key)
{
    struct span end = w->range->is_backward ? w->range->low : w->range->high;
    struct span begin = span_of(key.data, key.size < end.size ? key.size : end.size);
    int order = span_compare(begin, end);
    return w->range->is_backward ? order >= 0 : order <= 0;
}

static JET_ERR read_value(struct walk *w, const struct long_value_nodes *nodes, uint64_t lid)
{
    JET_ERR err = JET_errSuccess;
    uint32_t written = 0, capacity = w->range->only_first_page ? 1 : VALUE_BUFFER;
    for (uint32_t offset = 0; pages_used(w) < w->range->pages_most; offset += written) {
        TRY(long_value_read(nodes, lid, offset, w->buffer, capacity, &written, NULL));
        if (written < VALUE_BUFFER)
            break;
    }
done:
    return err;
}

/* Where the row keeps its values of the columns that are wanted. */
static JET_ERR read_long_values(struct walk *w, struct btree_cursor *entry)
{
    JET_ERR err = JET_errSuccess;
    const struct long_value_nodes *nodes;
    for (uint32_t i = 0; i < w->range->column_count; i++) {
        const struct column *column = schema_column(w->cursor->schema, w->range->columns[i]);
        if (column == NULL)
            RAISE(JET_errColumnNotFound);
        for (uint32_t sequence = 1;; sequence++) {
            struct node node;
            struct record_view record;
            struct column_value value = {.flags = COLUMN_VALUE_NULL};
            TRY(btree_cursor_get(entry, &node));
            err = record_view_init(&record, node.data, w->cursor->schema->page_size);
            if (err >= 0)
                err = record_column(&record, column, sequence, &value);
            btree_cursor_release(entry);
            TRY(err);
            if ((value.flags & COLUMN_VALUE_NULL) != 0)
                break;
            if ((value.flags & COLUMN_VALUE_SEPARATED) == 0)
                continue;
            TRY(cursor_long_values(w->cursor, &nodes));
            TRY(read_value(w, nodes, value.lid));
        }
    }
done:
    return err;
}

static JET_ERR read_row(struct walk *w)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    uint8_t key[BTREE_KEY_MAX];
    if (w->range->column_count == 0)
        goto done;
    if (w->cursor->index == NULL) {
        TRY(read_long_values(w, &w->entry));
        goto done;
    }
    TRY(btree_cursor_get(&w->entry, &node));
    uint32_t size = node.data.size < sizeof key ? node.data.size : (uint32_t)sizeof key;
    memcpy(key, node.data.data, size);
    btree_cursor_release(&w->entry);
    TRY(btree_seek_bookmark(&w->row, span_of(key, size), (struct span){NULL, 0}));
    TRY(read_long_values(w, &w->row));
done:
    return err;
}

static JET_ERR walk_range(struct walk *w)
{
    JET_ERR err = JET_errSuccess;
    bool backward = w->range->is_backward;
    /* Keys that begin with the end of the range belong to it, and are above it: backward the walk begins after all of them. */
    uint8_t above[BTREE_KEY_MAX + 1];
    struct span high = w->range->high;
    if (backward && high.size < sizeof above) {
        memcpy(above, high.data, high.size);
        memset(above + high.size, 0xFF, sizeof above - high.size);
        high = span_of(above, BTREE_KEY_MAX);
    }
    err = btree_seek(&w->entry, backward ? high : w->range->low, backward ? BTREE_SEEK_LE : BTREE_SEEK_GE);
    while (err >= 0 && is_inside(w, btree_cursor_key(&w->entry)) && pages_used(w) < w->range->pages_most) {
        TRY(read_row(w));
        err = backward ? btree_previous(&w->entry) : btree_next(&w->entry);
    }
    if (err == JET_errRecordNotFound || err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    return err;
}

JET_ERR cursor_read_range_ahead(struct cursor *c, const struct cursor_read_range *range, uint32_t *pages)
{
    JET_ERR err = JET_errSuccess;
    struct walk w = {.cursor = c, .range = range, .started = thread_work.pages_referenced};
    *pages = 0;
    TRY(cursor_refresh(c));
    for (uint32_t i = 0; i < range->column_count; i++)
        if (schema_column(c->schema, range->columns[i]) == NULL)
            RAISE(JET_errColumnNotFound);
    w.buffer = mem_alloc_uncleared(VALUE_BUFFER);
    if (w.buffer == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(btree_cursor_open(current_entry(c)->tree, &w.entry));
    if (c->index != NULL)
        TRY(btree_cursor_open(c->table_entry.tree, &w.row));
    btree_cursor_set_reader(&w.entry, c->transaction);
    if (c->index != NULL)
        btree_cursor_set_reader(&w.row, c->transaction);
    err = walk_range(&w);
    if (err < 0 && err != JET_errOutOfMemory) /* told to whoever reads what this could not */
        err = JET_errSuccess;
    *pages = pages_used(&w);
done:
    btree_cursor_close(&w.entry);
    btree_cursor_close(&w.row);
    mem_free(w.buffer);
    return err;
}

JET_ERR read_values_ahead(struct cursor *c, const uint64_t *lids, uint32_t count, bool only_first_page, uint32_t pages_most, uint32_t *done)
{
    JET_ERR err = JET_errSuccess;
    const struct cursor_read_range range = {.only_first_page = only_first_page, .pages_most = pages_most};
    struct walk w = {.cursor = c, .range = &range, .started = thread_work.pages_referenced};
    const struct long_value_nodes *nodes;
    *done = 0;
    TRY(cursor_long_values(c, &nodes));
    w.buffer = mem_alloc_uncleared(VALUE_BUFFER);
    if (w.buffer == NULL)
        RAISE(JET_errOutOfMemory);
    for (; *done < count && pages_used(&w) < pages_most; ++*done) {
        err = read_value(&w, nodes, lids[*done]);
        if (err == JET_errOutOfMemory)
            goto done;
        err = JET_errSuccess; /* told to whoever reads what this could not */
    }
done:
    mem_free(w.buffer);
    return err;
}
