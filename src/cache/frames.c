/* Where frames come from: allocation, the free list, and replacement.
 *
 * Replacement, the idea: a page that has been used once is no reason to forget one that is used again and again. New pages enter the cold
 * queue, a FIFO. One that is used again some reads later is marked; when it comes to the end of the FIFO it moves to the hot queue
 * instead of leaving. The hot queue is a clock: its oldest page stays for another round if it was used since the last. While the cold
 * queue holds more than a quarter of the frames, victims come from it alone, so a scan, however long, passes through that quarter.
 * A page that a prefetch brought in is treated like any other new page.
 *
 * The table is asked last (table_remove_unpinned), under the partition's latch: only there can a pin count not rise from zero.
 */
#include "base/assert.h"
#include "base/memory.h"
#include "cache/internal.h"

uint64_t frame_cost(uint32_t page_size)
{
    /* A bucket array is at most four times as long as its entries, and while it grows the old one is there too. The allocator rounds a chunk
     * up at either end. */
    return page_size + sizeof(struct cache_frame) + 6 * sizeof(struct cache_frame *) + 2 * PAGE_ALIGNMENT / CHUNK_FRAMES;
}

/* --- queues; lock: replacement --- */

static void queue_append(struct cache *cache, enum frame_queue queue, struct cache_frame *frame)
{
    struct frame_list *list = &cache->queues[queue];
    frame->queue = queue;
    frame->next = NULL;
    frame->previous = list->last;
    if (list->last != NULL)
        list->last->next = frame;
    else
        list->first = frame;
    list->last = frame;
    list->count++;
}

static void queue_remove(struct cache *cache, struct cache_frame *frame)
{
    struct frame_list *list = &cache->queues[frame->queue];
    if (frame->queue == QUEUE_NONE)
        return;
    if (frame->previous != NULL)
        frame->previous->next = frame->next;
    else
        list->first = frame->next;
    if (frame->next != NULL)
        frame->next->previous = frame->previous;
    else
        list->last = frame->previous;
    frame->previous = frame->next = NULL;
    frame->queue = QUEUE_NONE;
    list->count--;
}

static uint64_t cold_target(const struct cache *cache) { return cache->frame_count / 4; }

/* --- slabs; lock: replacement --- */

enum { LARGE_PAGE = 2 << 20, SLAB_BYTES = 4 * LARGE_PAGE, SLAB_CHUNKS_MAX = 64, SLABS_WORTH = 64 << 20 /* a smaller limit is kept to the chunk */ };

static uint32_t chunk_bytes(const struct cache *cache) { return CHUNK_FRAMES * cache->page_size; }

static struct frame_slab *add_slab(struct cache *cache)
{
    uint32_t count = SLAB_BYTES / chunk_bytes(cache) < SLAB_CHUNKS_MAX ? SLAB_BYTES / chunk_bytes(cache) : SLAB_CHUNKS_MAX;
    size_t bytes = (size_t)count * chunk_bytes(cache);
    struct frame_slab *slab = (struct frame_slab *)mem_alloc(sizeof *slab);
    if (slab == NULL)
        return NULL;
    slab->memory = (uint8_t *)mem_alloc_uncleared(bytes + LARGE_PAGE);
    if (slab->memory == NULL) {
        mem_free(slab);
        return NULL;
    }
    slab->pages = slab->memory + (LARGE_PAGE - (uintptr_t)slab->memory % LARGE_PAGE);
    slab->free = slab->all = UINT64_MAX >> (SLAB_CHUNKS_MAX - count);
    mem_prefer_large_pages(slab->pages, bytes);
    slab->next = cache->slabs;
    cache->slabs = slab;
    return slab;
}

/* Room for a chunk's pages, which is not cleared. False without memory. */
static bool take_from_slab(struct cache *cache, struct frame_chunk *chunk)
{
    struct frame_slab *slab = cache->slabs;
    while (slab != NULL && slab->free == 0)
        slab = slab->next;
    if (slab == NULL)
        slab = add_slab(cache);
    if (slab == NULL)
        return false;
    unsigned at = (unsigned)__builtin_ctzll(slab->free);
    slab->free &= slab->free - 1;
    chunk->slab = slab;
    chunk->pages = slab->pages + (size_t)at * chunk_bytes(cache);
    return true;
}

static void give_back_to_slab(struct cache *cache, struct frame_chunk *chunk)
{
    struct frame_slab *slab = chunk->slab, **link = &cache->slabs;
    slab->free |= UINT64_C(1) << (size_t)(chunk->pages - slab->pages) / chunk_bytes(cache);
    mem_forget_content(chunk->pages, chunk_bytes(cache));
    if (slab->free != slab->all)
        return;
    while (*link != slab)
        link = &(*link)->next;
    *link = slab->next;
    mem_free(slab->memory);
    mem_free(slab);
}

/* --- chunks; lock: replacement --- */

static bool take_memory(struct cache *cache, struct frame_chunk *chunk)
{
    if (cache->frames_max * cache->page_size >= SLABS_WORTH)
        return take_from_slab(cache, chunk);
    /* Aligned by hand: memory from mem_alloc is zero without being touched, so that a frame costs a page of memory only when it is used. */
    chunk->memory = (uint8_t *)mem_alloc((size_t)chunk_bytes(cache) + PAGE_ALIGNMENT);
    if (chunk->memory == NULL)
        return false;
    chunk->pages = chunk->memory + (PAGE_ALIGNMENT - (uintptr_t)chunk->memory % PAGE_ALIGNMENT);
    return true;
}

static bool add_chunk(struct cache *cache)
{
    struct frame_chunk *chunk = (struct frame_chunk *)mem_alloc_aligned(_Alignof(struct frame_chunk), sizeof *chunk);
    if (chunk == NULL)
        return false;
    if (!take_memory(cache, chunk)) {
        mem_free(chunk);
        return false;
    }
    for (int i = 0; i < CHUNK_FRAMES; i++) {
        chunk->frames[i].bytes = chunk->pages + (size_t)i * cache->page_size;
        queue_append(cache, QUEUE_FREE, &chunk->frames[i]);
    }
    chunk->next = cache->chunks;
    cache->chunks = chunk;
    cache->frame_count += CHUNK_FRAMES;
    return true;
}

static void free_chunk(struct cache *cache, struct frame_chunk *chunk)
{
    if (chunk->slab != NULL)
        give_back_to_slab(cache, chunk);
    mem_free(chunk->memory);
    mem_free(chunk);
}

static bool is_pinned(const struct cache_frame *frame) { return atomic_load_explicit(&frame->pins, memory_order_relaxed) != 0; }
static bool is_dirty(const struct cache_frame *frame) { return atomic_load_explicit(&frame->state, memory_order_relaxed) != 0; }

/* Takes an unpinned clean page out of table and queue. */
static bool evict(struct cache *cache, struct cache_frame *frame)
{
    if (is_pinned(frame) || is_dirty(frame) || !table_remove_unpinned(frame))
        return false;
    dirty_note_eviction(frame);
    queue_remove(cache, frame);
    return true;
}

/* A page whose turn to leave has come and that must be written first waits where it is no longer in the way. */
static bool park_if_dirty(struct cache *cache, struct cache_frame *frame)
{
    if (is_pinned(frame) || !is_dirty(frame))
        return false;
    queue_remove(cache, frame);
    queue_append(cache, QUEUE_PARKED, frame);
    writer_wake(cache);
    return true;
}

/* Empties the chunk as far as nothing in it is pinned. True when all its frames are free (and in the free queue). */
static bool empty_chunk(struct cache *cache, struct frame_chunk *chunk)
{
    bool is_empty = true;
    for (int i = 0; i < CHUNK_FRAMES; i++) {
        struct cache_frame *frame = &chunk->frames[i];
        if (frame->queue == QUEUE_FREE)
            continue;
        if (frame->queue != QUEUE_NONE && evict(cache, frame)) {
            queue_append(cache, QUEUE_FREE, frame);
            continue;
        }
        is_empty = false;
        if (frame->queue != QUEUE_NONE)
            (void)park_if_dirty(cache, frame);
    }
    return is_empty;
}

static void shrink_to_limit(struct cache *cache)
{
    struct frame_chunk **at = &cache->chunks;
    while (cache->frame_count > cache->frames_max && *at != NULL) {
        struct frame_chunk *chunk = *at;
        if (!empty_chunk(cache, chunk)) {
            at = &chunk->next;
            continue;
        }
        for (int i = 0; i < CHUNK_FRAMES; i++)
            queue_remove(cache, &chunk->frames[i]);
        *at = chunk->next;
        cache->frame_count -= CHUNK_FRAMES;
        free_chunk(cache, chunk);
    }
}

/* --- replacement; lock: replacement --- */

static struct cache_frame *evict_cold(struct cache *cache)
{
    for (uint64_t left = cache->queues[QUEUE_COLD].count; left > 0; left--) {
        struct cache_frame *frame = cache->queues[QUEUE_COLD].first;
        bool has_earned_it = atomic_exchange_explicit(&frame->is_referenced, 0, memory_order_relaxed) != 0;
        if (!has_earned_it && evict(cache, frame))
            return frame;
        if (!has_earned_it && park_if_dirty(cache, frame))
            continue;
        queue_remove(cache, frame);
        queue_append(cache, has_earned_it ? QUEUE_HOT : QUEUE_COLD, frame); /* pinned ones have another turn */
    }
    return NULL;
}

static struct cache_frame *evict_hot(struct cache *cache)
{
    /* Two rounds: the first may only take marks away. */
    for (uint64_t left = 2 * cache->queues[QUEUE_HOT].count; left > 0 && cache->queues[QUEUE_HOT].count > 0; left--) {
        struct cache_frame *frame = cache->queues[QUEUE_HOT].first;
        bool has_earned_it = atomic_exchange_explicit(&frame->is_referenced, 0, memory_order_relaxed) != 0;
        if (!has_earned_it && evict(cache, frame))
            return frame;
        if (!has_earned_it && park_if_dirty(cache, frame))
            continue;
        queue_remove(cache, frame);
        queue_append(cache, QUEUE_HOT, frame);
    }
    return NULL;
}

static struct cache_frame *evict_one(struct cache *cache)
{
    struct cache_frame *frame = NULL;
    if (cache->queues[QUEUE_COLD].count > cold_target(cache))
        frame = evict_cold(cache);
    if (frame == NULL)
        frame = evict_hot(cache);
    if (frame == NULL)
        frame = evict_cold(cache);
    if (frame == NULL) /* what the line above has made hot */
        frame = evict_hot(cache);
    if (frame != NULL)
        cache->evictions++;
    return frame;
}

/* While a file is frozen nothing dirty can leave. Readers get frames beyond the limit then; those go back when the first frame is wanted after the thaw. */
static uint64_t frozen_limit(const struct cache *cache)
{
    enum { FROZEN_FRAMES_MOST = 16384 };
    uint64_t half = cache->frames_max / 2;
    return cache->frames_max + (half < CHUNK_FRAMES ? CHUNK_FRAMES : half > FROZEN_FRAMES_MOST ? (uint64_t)FROZEN_FRAMES_MOST : half);
}

static struct cache_frame *take_free(struct cache *cache, uint64_t limit, bool *out_of_memory)
{
    if (cache->queues[QUEUE_FREE].first == NULL && cache->frame_count < limit)
        *out_of_memory = !add_chunk(cache);
    struct cache_frame *frame = cache->queues[QUEUE_FREE].first;
    if (frame != NULL)
        queue_remove(cache, frame);
    return frame;
}

static struct cache_frame *take_now(struct cache *cache, bool *out_of_memory)
{
    bool is_frozen = atomic_load(&cache->frozen_files) != 0;
    if (cache->frame_count > cache->frames_max && !is_frozen)
        shrink_to_limit(cache);
    struct cache_frame *frame = take_free(cache, cache->frames_max, out_of_memory);
    if (frame == NULL)
        frame = evict_one(cache);
    if (frame == NULL && is_frozen)
        frame = take_free(cache, frozen_limit(cache), out_of_memory);
    return frame;
}

JET_ERR frames_take(struct cache *cache, struct cache_frame **out)
{
    JET_ERR err = JET_errSuccess, write_error = JET_errSuccess;
    bool out_of_memory = false;
    *out = NULL;
    /* While others are writing there is hope, on a slow disk too: then the wait is longer. Pages that may not, or cannot, be written give none. */
    int patience = WAIT_ROUNDS;
    for (int round = 0; round < patience; round++) {
        mutex_lock(&cache->replacement);
        *out = take_now(cache, &out_of_memory);
        mutex_unlock(&cache->replacement);
        if (*out != NULL)
            break;
        bool is_frozen = atomic_load(&cache->frozen_files) != 0;
        enum write_result written = is_frozen ? WRITE_BUSY : writer_help(cache, &write_error); /* nothing clean: write something */
        patience = written == WRITE_BUSY ? WAIT_ROUNDS_WRITING : WAIT_ROUNDS;
        if (written != WRITE_DONE)
            thread_sleep_ms(1);
        if (is_frozen)
            round = -1; /* it will be thawed, and then there is hope again */
    }
    if (*out == NULL)
        RAISE(write_error != JET_errSuccess ? write_error : out_of_memory ? JET_errOutOfMemory : JET_errOutOfBuffers);
    (*out)->error = JET_errSuccess;
    (*out)->is_new = false;
    (*out)->flush_type = 0;
    (*out)->written_epoch = 0;
    (*out)->unsynced_oldest = 0;
    atomic_store_explicit(&(*out)->last_change, 0, memory_order_relaxed);
    (*out)->read_tick = atomic_fetch_add_explicit(&cache->tick, 1, memory_order_relaxed);
    atomic_store_explicit(&(*out)->is_referenced, 0, memory_order_relaxed);
    atomic_store_explicit(&(*out)->pins, 1, memory_order_relaxed);
done:
    return err;
}

void frames_give_back(struct cache *cache, struct cache_frame *frame)
{
    mutex_lock(&cache->replacement);
    frame->file = NULL;
    queue_append(cache, QUEUE_FREE, frame);
    mutex_unlock(&cache->replacement);
}

bool frames_enter(struct cache *cache, struct cache_frame *frame)
{
    mutex_lock(&cache->replacement);
    /* Here and nowhere else: a truncation sets the end first and then, under this mutex, drops what it finds in the queues. */
    bool is_inside = frame->page_no <= cache_file_last_page(frame->file);
    if (is_inside)
        queue_append(cache, QUEUE_COLD, frame);
    mutex_unlock(&cache->replacement);
    return is_inside;
}

void frames_leave(struct cache *cache, struct cache_frame *frame)
{
    mutex_lock(&cache->replacement);
    queue_remove(cache, frame);
    mutex_unlock(&cache->replacement);
}

void frames_unpark(struct cache *cache, struct cache_frame *frame)
{
    if (frame->queue != QUEUE_PARKED)
        return;
    struct frame_list *cold = &cache->queues[QUEUE_COLD];
    queue_remove(cache, frame);
    frame->queue = QUEUE_COLD;
    frame->next = cold->first;
    if (cold->first != NULL)
        cold->first->previous = frame;
    else
        cold->last = frame;
    cold->first = frame;
    cold->count++;
}

struct cache_frame *frames_claim_parked(struct cache *cache)
{
    struct cache_frame *claimed = NULL;
    mutex_lock(&cache->replacement);
    for (uint64_t left = cache->queues[QUEUE_PARKED].count; left > 0 && claimed == NULL; left--) {
        struct cache_frame *frame = cache->queues[QUEUE_PARKED].first;
        queue_remove(cache, frame);
        queue_append(cache, QUEUE_PARKED, frame);
        if (dirty_try_claim(frame)) {
            file_hold(frame->file);
            claimed = frame;
        }
    }
    mutex_unlock(&cache->replacement);
    return claimed;
}

JET_ERR frames_set_limits(struct cache *cache, uint64_t frames_max)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&cache->replacement);
    cache->frames_max = frames_max;
    /* Half of what passes through the cold queue: a second visit within a page's stay there can be seen. */
    atomic_store_explicit(&cache->touch_window, frames_max / 8, memory_order_relaxed);
    atomic_store_explicit(&cache->dirty_high, frames_max / 2, memory_order_relaxed);
    atomic_store_explicit(&cache->dirty_low, frames_max * 3 / 8, memory_order_relaxed);
    bool shrinks = cache->frame_count > frames_max;
    if (shrinks)
        shrink_to_limit(cache);
    if (cache->frame_count == 0 && !add_chunk(cache)) /* all others come as they are needed */
        err = JET_errOutOfMemory;
    mutex_unlock(&cache->replacement);
    if (shrinks)
        table_shrink(cache);
    return err;
}

/* Is the frame a page of the file after `last` that has come in? */
static bool is_page_after(const struct cache_frame *frame, const struct cache_file *file, page_no_t last)
{
    return frame->queue != QUEUE_NONE && frame->queue != QUEUE_FREE && frame->file == file && frame->page_no > last;
}

struct frames_left frames_drop(struct cache *cache, const struct cache_file *file, page_no_t last)
{
    struct frames_left left = {0, 0};
    mutex_lock(&cache->replacement);
    for (struct frame_chunk *chunk = cache->chunks; chunk != NULL; chunk = chunk->next) {
        for (int i = 0; i < CHUNK_FRAMES; i++) {
            struct cache_frame *frame = &chunk->frames[i];
            if (!is_page_after(frame, file, last))
                continue;
            if (is_pinned(frame)) {
                left.pinned++;
            } else if (!dirty_forget(frame)) {
                left.claimed++;
            } else if (evict(cache, frame)) {
                queue_append(cache, QUEUE_FREE, frame);
            } else {
                left.pinned++;
            }
        }
    }
    mutex_unlock(&cache->replacement);
    return left;
}

uint64_t frames_count_pinned(struct cache *cache, const struct cache_file *file, page_no_t last)
{
    uint64_t count = 0;
    mutex_lock(&cache->replacement);
    for (struct frame_chunk *chunk = cache->chunks; chunk != NULL; chunk = chunk->next) {
        for (int i = 0; i < CHUNK_FRAMES; i++)
            count += is_page_after(&chunk->frames[i], file, last) && is_pinned(&chunk->frames[i]);
    }
    mutex_unlock(&cache->replacement);
    return count;
}

void frames_redirty_unsynced(struct cache *cache, struct cache_file *file, uint64_t epoch)
{
    mutex_lock(&cache->replacement);
    for (struct frame_chunk *chunk = cache->chunks; chunk != NULL; chunk = chunk->next) {
        for (int i = 0; i < CHUNK_FRAMES; i++) {
            if (is_page_after(&chunk->frames[i], file, 0))
                dirty_again(&chunk->frames[i], epoch);
        }
    }
    mutex_unlock(&cache->replacement);
}

void frames_destroy(struct cache *cache)
{
    for (struct frame_chunk *chunk = cache->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        free_chunk(cache, chunk);
    }
    cache->chunks = NULL;
}

void frame_touch(struct cache *cache, struct cache_frame *frame)
{
    if (atomic_load_explicit(&frame->is_referenced, memory_order_relaxed) != 0)
        return;
    uint64_t age = atomic_load_explicit(&cache->tick, memory_order_relaxed) - frame->read_tick;
    if (age >= atomic_load_explicit(&cache->touch_window, memory_order_relaxed))
        atomic_store_explicit(&frame->is_referenced, 1, memory_order_relaxed);
}
