/* A cursor's copy of what its reader sees: of one node, or of a whole leaf (README rules 17, 18).
 *
 * The idea: what a snapshot shows never changes, but by the reader's own changes. So a node that has been looked at once need not be latched again for
 * every column of its row, and a scan copies each leaf as it arrives there and then moves without touching anything that other threads use.
 * Called by cursor.c. No locks; the page that is copied is latched.
 */
#include "base/memory.h"
#include "btree/internal.h"
#include "format/node_reader.h"

enum {
    NODE_BYTES_MAX = 1024,  /* longer data is read from the page each time: it is rarely read whole, or twice */
    LEAF_AFTER_MOVES = 4,   /* who moves so often in one direction is likely to go on */
    LEAF_AFTER_MOST = 64,
    AHEAD_LINE = 64,
    AHEAD_LINES = 4,        /* of the next leaf per move: 256 bytes, more than most rows */
    LEAF_USES_MIN = 4       /* a copy of a leaf that served fewer moves did not pay */
};

void btree_copy_free(struct btree_cursor *cursor)
{
    mem_free(cursor->copy.bytes);
    cursor->copy = (struct btree_copy){.kind = BTREE_COPY_NONE};
}

void btree_copy_check(struct btree_cursor *cursor)
{
    struct btree_copy *copy = &cursor->copy;
    if (copy->kind == BTREE_COPY_NONE || btree_copy_is_current(cursor))
        return;
    if (copy->kind == BTREE_COPY_LEAF) { /* others commit often, or the reader changes what it reads: less often then */
        bool has_paid = copy->uses >= LEAF_USES_MIN;
        copy->moves_wanted = has_paid ? LEAF_AFTER_MOVES : copy->moves_wanted < LEAF_AFTER_MOST ? 2 * copy->moves_wanted : LEAF_AFTER_MOST;
        cursor->moves = 0;
    }
    copy->kind = BTREE_COPY_NONE;
}

/* Is the page itself what the reader sees? The latch keeps new versions away; those that were dropped are seen by everybody. */
static bool page_is_sight(const struct btree_cursor *cursor, const struct page_view *page)
{
    if (version_store_is_empty(cursor->reader->store))
        return true;
    struct node_reader reader = node_reader_of(page);
    for (uint32_t i = 0, count = page_node_count(page); i < count; i++)
        if ((node_reader_get(&reader, i).flags & NODE_FLAG_VERSIONED) != 0)
            return false;
    return true;
}

/* A scan has each leaf fetched from memory while it goes through the one before, a little with every move. */
static void find_next_leaf(struct btree_cursor *cursor, const struct page_view *page)
{
    page_no_t next = cursor->moves_backward ? page_previous(page) : page_next(page);
    cursor->copy.ahead = next != 0 ? cache_whereabouts(cursor->tree->file, next) : 0;
    cursor->copy.ahead_end = cursor->copy.ahead != 0 ? cursor->copy.ahead + page->size : 0;
}

static inline void fetch_ahead(struct btree_copy *copy)
{
    for (unsigned i = 0; i < AHEAD_LINES && copy->ahead < copy->ahead_end; i++, copy->ahead += AHEAD_LINE)
        __builtin_prefetch((const void *)copy->ahead);
}

void btree_copy_take(struct btree_cursor *cursor, const struct page_view *page, const struct node *node, bool may_take_leaf)
{
    struct btree_copy *copy = &cursor->copy;
    copy->kind = BTREE_COPY_NONE;
    copy->is_known = false;
    if (cursor->reader == NULL)
        return;
    uint64_t snapshot = atomic_load_explicit(&cursor->reader->snapshot, memory_order_relaxed);
    if (copy->moves_wanted == 0)
        copy->moves_wanted = LEAF_AFTER_MOVES;
    bool is_leaf = may_take_leaf && cursor->moves >= copy->moves_wanted && page_is_sight(cursor, page);
    if (snapshot == 0 || (!is_leaf && node->data.size > NODE_BYTES_MAX))
        return;
    if (copy->bytes == NULL && (copy->bytes = (uint8_t *)mem_alloc(page->size)) == NULL)
        return; /* then without */
    if (is_leaf) {
        memcpy(copy->bytes, page->bytes, page->size);
        const struct page_view view = page_view_trusted(copy->bytes, page->size, page->page_no);
        copy->leaf = node_reader_of(&view);
        copy->leaf_count = page_node_count(&view);
        copy->prefix_size = node->prefix.size;
        copy->data = span_of(copy->bytes + (node->data.data - page->bytes), node->data.size);
        copy->uses = 0;
        find_next_leaf(cursor, page);
    } else {
        memcpy(copy->bytes, node->data.data, node->data.size);
        copy->data = span_of(copy->bytes, node->data.size);
    }
    copy->snapshot = snapshot;
    copy->changes = cursor->reader->changes;
    copy->kind = is_leaf ? BTREE_COPY_LEAF : BTREE_COPY_NODE;
}

/* Order of the cursor's node and another one of the copy. Of the prefix both have the shorter part in common. */
static inline int compare_with(const struct btree_cursor *cursor, const struct node *there)
{
    uint32_t prefix_size = cursor->copy.prefix_size;
    const struct span suffix = span_of(cursor->bookmark + prefix_size, cursor->key_size - prefix_size);
    if (prefix_size != there->prefix.size) {
        struct btree_target target = btree_cursor_target(cursor);
        struct node node = *there; /* the caller's own stays in registers */
        return -btree_compare_node(cursor->tree, &node, &target);
    }
    if (suffix.size >= sizeof(uint64_t) && there->suffix.size >= sizeof(uint64_t)) { /* most differ there */
        uint64_t a = load_be64(suffix.data), b = load_be64(there->suffix.data);
        if (a != b)
            return a < b ? -1 : 1;
    }
    int order = span_compare(suffix, there->suffix);
    return order != 0 || cursor->tree->is_unique ? order : span_compare(span_of(cursor->bookmark + cursor->key_size, cursor->data_size), there->data);
}

/* Its bookmark becomes the cursor's. What both have of the prefix is there already. */
static inline JET_ERR name_node(struct btree_cursor *cursor, const struct node *there)
{
    JET_ERR err = JET_errSuccess;
    uint32_t key_size = node_key_size(there), data_size = cursor->tree->is_unique ? 0 : there->data.size;
    if (key_size > BTREE_KEY_MAX || data_size > BTREE_KEY_MAX)
        RAISE(JET_errDatabaseCorrupted);
    if (cursor->copy.prefix_size != there->prefix.size) {
        memcpy(cursor->bookmark, there->prefix.data, there->prefix.size);
        cursor->copy.prefix_size = there->prefix.size;
    }
    copy_few(cursor->bookmark + there->prefix.size, there->suffix.data, there->suffix.size);
    if (data_size > 0)
        copy_few(cursor->bookmark + key_size, there->data.data, data_size);
    cursor->key_size = key_size;
    cursor->data_size = data_size;
done:
    return err;
}

bool btree_copy_move(struct btree_cursor *cursor, bool forward, JET_ERR *result)
{
    JET_ERR err = JET_errSuccess;
    struct btree_copy *copy = &cursor->copy;
    uint32_t line = cursor->line;
    struct node there;
    do {
        if (forward ? line + 1 >= copy->leaf_count : line == 0)
            return false;
        line = forward ? line + 1 : line - 1;
        there = node_reader_get(&copy->leaf, line);
    } while ((there.flags & NODE_FLAG_DELETED) != 0);
    fetch_ahead(copy);
    int order = compare_with(cursor, &there);
    if (forward ? order >= 0 : order <= 0)
        RAISE(JET_errDatabaseCorrupted);
    TRY(name_node(cursor, &there));
    cursor->line = line;
    copy->data.data = there.data.data;
    copy->data.size = there.data.size;
    copy->is_known = false;
    copy->uses++;
done:
    *result = err;
    return true;
}
