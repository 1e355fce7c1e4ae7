/* Read-ahead: a cursor that walks along the leaves has the following ones read before it gets there.
 *
 * The parent of the leaves knows their page numbers. After a few steps in one direction the parent is looked up once per batch, so a batch
 * of BATCH leaves costs one short descent; the next batch is due half-way through the last, which keeps the disk busy while the scan runs.
 * A batch ends at its parent's border; the first step into the next parent's leaves starts the next one.
 * Called by cursor.c with nothing latched (README rule 6). A hint only: every failure is ignored.
 */
#include "btree/internal.h"

enum { STEPS_BEFORE_START = 2, BATCH = 32, RENEW_AFTER = BATCH / 2 };

/* Runs of neighbouring page numbers, handed to the cache one by one. */
struct run {
    struct cache_file *file;
    page_no_t first;
    uint32_t count;
};

static void run_flush(struct run *run)
{
    if (run->count > 0)
        cache_prefetch(run->file, run->first, run->count);
    run->count = 0;
}

static void run_add(struct run *run, page_no_t page_no)
{
    if (page_no == 0 || page_no > cache_file_last_page(run->file))
        return;
    if (run->count > 0 && page_no == run->first + run->count) {
        run->count++;
    } else if (run->count > 0 && page_no + 1 == run->first) {
        run->first = page_no;
        run->count++;
    } else {
        run_flush(run);
        run->first = page_no;
        run->count = 1;
    }
}

/* Asks for the leaves that follow `line` on a parent, and says on which of them the next batch is due. A parent of which fewer than half a
 * batch is left was asked for to its end. */
static page_no_t prefetch_children(struct cache_file *file, const struct page_view *parent, uint32_t line, bool backward,
                                   bool is_first_batch)
{
    uint32_t left = backward ? line : page_node_count(parent) - 1 - line;
    uint32_t asked_before = is_first_batch ? 0 : RENEW_AFTER, count = 0;
    page_no_t due_at = 0, wanted[BATCH];
    struct run run = {.file = file};
    for (uint32_t step = 1; step <= left && step <= BATCH; step++) {
        struct node entry = page_node(parent, backward ? line - step : line + step);
        if (entry.data.size != sizeof(uint32_t))
            break;
        if (step > asked_before)
            wanted[count++] = node_child(&entry);
        if (step <= RENEW_AFTER)
            due_at = node_child(&entry);
    }
    uint32_t here = cache_peek(file, wanted, count);
    for (uint32_t i = 0; i < count; i++)
        if ((here >> i & 1) == 0)
            run_add(&run, wanted[i]);
    run_flush(&run);
    return due_at;
}

_Static_assert((int)BATCH <= (int)CACHE_PEEK_MAX, "a batch is looked for at once");

void btree_read_ahead(struct btree_cursor *cursor, bool backward)
{
    if (cursor->moves_backward != backward) {
        cursor->moves_backward = backward;
        cursor->sequential_moves = 0;
        cursor->prefetched_to = 0;
    }
    if (++cursor->sequential_moves <= STEPS_BEFORE_START)
        return;
    /* A leaf without nodes is passed without a stop, so the one that was waited for may never come. */
    bool is_overdue = cursor->sequential_moves > STEPS_BEFORE_START + BATCH;
    if (cursor->prefetched_to != 0 && cursor->prefetched_to != cursor->page_no && !is_overdue)
        return;
    struct page_ref parent = {0};
    struct btree_route route = {.way = BTREE_TO_TARGET, .target = btree_cursor_target(cursor), .stop_above_leaf = true};
    bool is_first_batch = cursor->prefetched_to == 0 || is_overdue;
    cursor->sequential_moves = STEPS_BEFORE_START;
    if (btree_descend(cursor->tree, &route, &parent) < 0)
        return;
    if (route.depth > 0)
        cursor->prefetched_to =
            prefetch_children(cursor->tree->file, &parent.view, route.level[route.depth - 1].line, backward, is_first_batch);
    cache_release(&parent);
}
