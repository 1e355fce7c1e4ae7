/* Which pages of a file differ from the disk, and who is writing them (enum frame_state in internal.h draws the life of such a page).
 *
 * Each file keeps its dirty frames twice: in a list by the order in which they became dirty, so that a flush has an end (what became dirty
 * after it began stands behind its limit), and in a pairing heap by the oldest log position, so that a checkpoint learns the oldest of all
 * without looking at each. A frame stays in both while it is being written; only a write that succeeded takes it out, so a failed one
 * has nothing to restore.
 *
 * The list and the heap are links inside the frames: making a page dirty allocates nothing and cannot fail.
 *
 * Written is not durable: what a write contained counts as missing until a sync that began after it has succeeded (rule 7).
 */
#include "base/assert.h"
#include "cache/internal.h"

/* --- the heap; lock: dirty_mutex --- */

static lgpos_t key_of(const struct cache_frame *frame) { return atomic_load_explicit(&frame->oldest, memory_order_relaxed); }

static struct cache_frame *heap_meld(struct cache_frame *a, struct cache_frame *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    if (key_of(b) < key_of(a)) {
        struct cache_frame *swap = a;
        a = b;
        b = swap;
    }
    b->heap_previous = a;
    b->heap_next = a->heap_child;
    if (b->heap_next != NULL)
        b->heap_next->heap_previous = b;
    a->heap_child = b;
    return a;
}

/* Melds a chain of siblings into one heap: in pairs from the left, then from the right. */
static struct cache_frame *heap_meld_chain(struct cache_frame *first)
{
    struct cache_frame *pairs = NULL, *heap = NULL;
    while (first != NULL) {
        struct cache_frame *a = first, *b = a->heap_next;
        first = b != NULL ? b->heap_next : NULL;
        a->heap_next = a->heap_previous = NULL;
        if (b != NULL)
            b->heap_next = b->heap_previous = NULL;
        a = heap_meld(a, b);
        a->heap_next = pairs;
        pairs = a;
    }
    while (pairs != NULL) {
        struct cache_frame *next = pairs->heap_next;
        pairs->heap_next = pairs->heap_previous = NULL;
        heap = heap_meld(heap, pairs);
        pairs = next;
    }
    return heap;
}

static void heap_insert(struct cache_file *file, struct cache_frame *frame)
{
    if (key_of(frame) != 0)
        file->heap = heap_meld(file->heap, frame);
}

static void heap_remove(struct cache_file *file, struct cache_frame *frame)
{
    if (key_of(frame) == 0)
        return;
    struct cache_frame *children = heap_meld_chain(frame->heap_child);
    if (file->heap == frame) {
        file->heap = children;
    } else {
        struct cache_frame *before = frame->heap_previous;
        if (before->heap_child == frame)
            before->heap_child = frame->heap_next;
        else
            before->heap_next = frame->heap_next;
        if (frame->heap_next != NULL)
            frame->heap_next->heap_previous = before;
        file->heap = heap_meld(file->heap, children);
    }
    frame->heap_child = frame->heap_next = frame->heap_previous = NULL;
}

static void set_oldest(struct cache_file *file, struct cache_frame *frame, lgpos_t oldest)
{
    if (oldest == key_of(frame))
        return;
    heap_remove(file, frame);
    atomic_store_explicit(&frame->oldest, oldest, memory_order_relaxed);
    heap_insert(file, frame);
}

/* --- the list; lock: dirty_mutex --- */

/* Nearly always at the end. */
static void list_insert(struct cache_file *file, struct cache_frame *frame, uint64_t sequence)
{
    struct cache_frame *before = file->dirty_last;
    while (before != NULL && before->sequence > sequence)
        before = before->dirty_previous;
    frame->sequence = sequence;
    frame->dirty_previous = before;
    frame->dirty_next = before == NULL ? file->dirty_first : before->dirty_next;
    if (before == NULL)
        file->dirty_first = frame;
    else
        before->dirty_next = frame;
    if (frame->dirty_next == NULL)
        file->dirty_last = frame;
    else
        frame->dirty_next->dirty_previous = frame;
}

static void list_remove(struct cache_file *file, struct cache_frame *frame)
{
    if (frame->dirty_previous != NULL)
        frame->dirty_previous->dirty_next = frame->dirty_next;
    else
        file->dirty_first = frame->dirty_next;
    if (frame->dirty_next != NULL)
        frame->dirty_next->dirty_previous = frame->dirty_previous;
    else
        file->dirty_last = frame->dirty_previous;
    frame->dirty_previous = frame->dirty_next = NULL;
}

static unsigned state_of(const struct cache_frame *frame) { return atomic_load_explicit(&frame->state, memory_order_relaxed); }
static void set_state(struct cache_frame *frame, unsigned state) { atomic_store_explicit(&frame->state, state, memory_order_relaxed); }

static void enter(struct cache_file *file, struct cache_frame *frame, lgpos_t oldest)
{
    atomic_store_explicit(&frame->oldest, oldest, memory_order_relaxed);
    set_state(frame, FRAME_DIRTY);
    list_insert(file, frame, ++file->sequence);
    heap_insert(file, frame);
    atomic_fetch_add_explicit(&file->cache->dirty_count, 1, memory_order_relaxed);
}

static void leave(struct cache_file *file, struct cache_frame *frame)
{
    list_remove(file, frame);
    set_oldest(file, frame, 0);
    set_state(frame, 0);
    atomic_fetch_sub_explicit(&file->cache->dirty_count, 1, memory_order_relaxed);
}

/* --- marking --- */

void dirty_mark(struct cache_frame *frame, lgpos_t last_change, lgpos_t oldest)
{
    struct cache_file *file = frame->file;
    if (last_change > atomic_load_explicit(&frame->last_change, memory_order_relaxed))
        atomic_store_explicit(&frame->last_change, last_change, memory_order_relaxed);
    /* The usual case, without a lock: changed before, and not copied since. A copy needs the latch we hold, so the coming one includes this
     * change. A copied page may be clean any moment: below. */
    if ((state_of(frame) & (FRAME_DIRTY | FRAME_COPIED)) == FRAME_DIRTY && (oldest == 0 || (key_of(frame) != 0 && key_of(frame) <= oldest)))
        return;
    bool is_first = false;
    mutex_lock(&file->dirty_mutex);
    unsigned state = state_of(frame);
    if (state == 0) {
        enter(file, frame, oldest);
        is_first = true;
    } else if ((state & FRAME_COPIED) != 0) {
        if ((state & FRAME_REDIRTIED) == 0)
            frame->redirty_sequence = ++file->sequence;
        frame->redirty_oldest = (state & FRAME_REDIRTIED) != 0 ? oldest_of(frame->redirty_oldest, oldest) : oldest;
        set_state(frame, state | FRAME_REDIRTIED);
    } else {
        set_oldest(file, frame, oldest_of(key_of(frame), oldest));
    }
    mutex_unlock(&file->dirty_mutex);
    if (!is_first)
        return;
    struct cache *cache = file->cache;
    if (!atomic_load_explicit(&cache->writer.is_started, memory_order_relaxed))
        writer_start(cache);
    if (atomic_load_explicit(&cache->dirty_count, memory_order_relaxed) > atomic_load_explicit(&cache->dirty_high, memory_order_relaxed))
        writer_wake(cache);
}

/* --- claims --- */

bool dirty_try_claim(struct cache_frame *frame)
{
    struct cache_file *file = frame->file;
    mutex_lock(&file->dirty_mutex);
    bool is_claimed = state_of(frame) == FRAME_DIRTY;
    if (is_claimed)
        set_state(frame, FRAME_DIRTY | FRAME_CLAIMED);
    mutex_unlock(&file->dirty_mutex);
    return is_claimed;
}

struct cache_frame *dirty_claim_next(struct cache_file *file, uint64_t *resume, uint64_t limit, lgpos_t older_than, bool *met_claimed)
{
    mutex_lock(&file->dirty_mutex);
    struct cache_frame *frame = file->dirty_first;
    for (; frame != NULL && frame->sequence <= limit; frame = frame->dirty_next) {
        if (frame->sequence <= *resume)
            continue;
        *resume = frame->sequence;
        /* A page of unknown age is as old as any. */
        if (key_of(frame) >= older_than && older_than != UINT64_MAX)
            continue;
        if (state_of(frame) == FRAME_DIRTY) {
            set_state(frame, FRAME_DIRTY | FRAME_CLAIMED);
            break;
        }
        *met_claimed = true;
    }
    if (frame != NULL && frame->sequence > limit)
        frame = NULL;
    mutex_unlock(&file->dirty_mutex);
    return frame;
}

void dirty_note_copy(struct cache_frame *frame)
{
    struct cache_file *file = frame->file;
    mutex_lock(&file->dirty_mutex);
    assert((state_of(frame) & FRAME_CLAIMED) != 0);
    set_state(frame, state_of(frame) | FRAME_COPIED);
    mutex_unlock(&file->dirty_mutex);
}

void dirty_unclaim(struct cache_frame *frame)
{
    struct cache_file *file = frame->file;
    mutex_lock(&file->dirty_mutex);
    if ((state_of(frame) & FRAME_REDIRTIED) != 0)
        set_oldest(file, frame, oldest_of(key_of(frame), frame->redirty_oldest));
    set_state(frame, FRAME_DIRTY);
    file->claims_ended++;
    condition_broadcast(&file->dirty_changed);
    mutex_unlock(&file->dirty_mutex);
}

/* What the write contained is on its way to the disk, and counts as missing until synced. Lock: dirty_mutex. */
static void note_write(struct cache_file *file, struct cache_frame *frame)
{
    lgpos_t contained = key_of(frame);
    if (frame->written_epoch > file->synced_epoch)
        contained = oldest_of(contained, frame->unsynced_oldest);
    frame->unsynced_oldest = contained;
    frame->written_epoch = file->epoch;
    file->unsynced_oldest = oldest_of(file->unsynced_oldest, contained);
    frame->flush_type = (uint8_t)flush_type_next(frame->flush_type);
}

void dirty_written(struct cache_file *file, struct cache_frame *const *frames, uint32_t count)
{
    struct cache *cache = file->cache;
    mutex_lock(&cache->replacement);
    mutex_lock(&file->dirty_mutex);
    for (uint32_t i = 0; i < count; i++) {
        struct cache_frame *frame = frames[i];
        note_write(file, frame);
        if ((state_of(frame) & FRAME_REDIRTIED) != 0) { /* dirty since then: a flush that began in between must find it */
            list_remove(file, frame);
            list_insert(file, frame, frame->redirty_sequence);
            set_oldest(file, frame, frame->redirty_oldest);
            set_state(frame, FRAME_DIRTY);
        } else {
            leave(file, frame);
            frames_unpark(cache, frame);
        }
    }
    file->claims_ended += count;
    condition_broadcast(&file->dirty_changed);
    mutex_unlock(&file->dirty_mutex);
    mutex_unlock(&cache->replacement);
}

bool dirty_forget(struct cache_frame *frame)
{
    struct cache_file *file = frame->file;
    mutex_lock(&file->dirty_mutex);
    bool is_claimed = (state_of(frame) & FRAME_CLAIMED) != 0;
    if (!is_claimed) {
        if (state_of(frame) != 0)
            leave(file, frame);
        frame->written_epoch = 0; /* nobody wants to know whether it arrived */
    }
    mutex_unlock(&file->dirty_mutex);
    return !is_claimed;
}

/* --- durability --- */

void dirty_again(struct cache_frame *frame, uint64_t epoch)
{
    struct cache_file *file = frame->file;
    mutex_lock(&file->dirty_mutex);
    if (frame->written_epoch <= file->synced_epoch || frame->written_epoch > epoch) {
        mutex_unlock(&file->dirty_mutex);
        return;
    }
    if (state_of(frame) == 0)
        enter(file, frame, frame->unsynced_oldest);
    else
        set_oldest(file, frame, oldest_of(key_of(frame), frame->unsynced_oldest));
    frame->written_epoch = 0;
    frame->unsynced_oldest = 0;
    mutex_unlock(&file->dirty_mutex);
}

void dirty_note_eviction(struct cache_frame *frame)
{
    struct cache_file *file = frame->file;
    uint64_t epoch = frame->written_epoch; /* the frame is clean and nobody else's: it does not change */
    if (epoch == 0)
        return;
    mutex_lock(&file->dirty_mutex);
    if (epoch > file->synced_epoch) {
        if (file->evicted_first == 0 || epoch < file->evicted_first)
            file->evicted_first = epoch;
        if (epoch > file->evicted_last)
            file->evicted_last = epoch;
    }
    mutex_unlock(&file->dirty_mutex);
}

/* --- holds --- */

void file_hold(struct cache_file *file)
{
    mutex_lock(&file->dirty_mutex);
    file->holds++;
    mutex_unlock(&file->dirty_mutex);
}

void file_release(struct cache_file *file)
{
    mutex_lock(&file->dirty_mutex);
    if (--file->holds == 0)
        condition_broadcast(&file->dirty_changed);
    mutex_unlock(&file->dirty_mutex); /* the last look at the file */
}
