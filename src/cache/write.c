/* From frames to the disk: a run of neighbouring dirty pages becomes one write.
 *
 * The order that matters, for each run:
 *   1. claim the pages              nobody else writes them, and they cannot leave memory
 *   2. copy each under its shared latch   readers go on; changes after the copy mark the page again. Just before, the images of its uncommitted
 *                                   changes are logged (before_write)
 *   3. seal the copies              flush type, checksum
 *   4. log up to the newest change  rule 5: had the page come first, a crash would leave a change that nothing explains or can undo
 *   5. register with the range lock, write, note the success
 *
 * No lock is held in 3 to 5. Dead-locks are excluded by who waits for what: a thread that holds a buffer never waits for a page latch, and one that
 * needs a frame (and may hold latches) waits for nothing here but the log and the disk. Only flushes, whose callers hold no latch, wait
 * for a latch, and then before they have a buffer.
 */
#include "base/assert.h"
#include "base/memory.h"
#include "cache/internal.h"

enum { PAGE_FLAGS_OFFSET = 36 };

/* --- buffers --- */

JET_ERR write_pool_init(struct cache *cache)
{
    JET_ERR err = JET_errSuccess;
    TRY(mutex_init(&cache->pool.mutex, RANK_LEAF));
    err = condition_init(&cache->pool.freed);
    if (err < JET_errSuccess)
        mutex_destroy(&cache->pool.mutex);
done:
    return err;
}

JET_ERR write_pool_fill(struct cache *cache)
{
    JET_ERR err = JET_errSuccess;
    struct write_pool *pool = &cache->pool;
    mutex_lock(&pool->mutex);
    if (pool->memory == NULL) {
        pool->memory = (uint8_t *)mem_alloc_aligned(PAGE_ALIGNMENT, (size_t)WRITE_BUFFER_COUNT * WRITE_BUFFER_BYTES);
        if (pool->memory == NULL)
            RAISE(JET_errOutOfMemory);
        for (unsigned i = 0; i < WRITE_BUFFER_COUNT; i++)
            pool->free[i] = pool->memory + (size_t)i * WRITE_BUFFER_BYTES;
        pool->free_count = WRITE_BUFFER_COUNT;
    }
done:
    mutex_unlock(&pool->mutex);
    return err;
}

void write_pool_destroy(struct cache *cache)
{
    assert(cache->pool.memory == NULL || cache->pool.free_count == WRITE_BUFFER_COUNT);
    mem_free(cache->pool.memory);
    condition_destroy(&cache->pool.freed);
    mutex_destroy(&cache->pool.mutex);
}

static uint8_t *take_buffer(struct write_pool *pool, bool may_wait)
{
    uint8_t *buffer = NULL;
    mutex_lock(&pool->mutex);
    while (may_wait && pool->free_count == 0)
        condition_wait(&pool->freed, &pool->mutex);
    if (pool->free_count > 0)
        buffer = pool->free[--pool->free_count];
    mutex_unlock(&pool->mutex);
    return buffer;
}

static void give_buffer(struct write_pool *pool, uint8_t *buffer)
{
    mutex_lock(&pool->mutex);
    pool->free[pool->free_count++] = buffer;
    condition_signal(&pool->freed);
    mutex_unlock(&pool->mutex);
}

/* --- a run --- */

struct run {
    struct cache_file *file;
    uint32_t page_size, slots; /* pages that fit the buffer */
    uint8_t *buffer;
    uint32_t first, end; /* slots in use: [first, end) */
    lgpos_t newest;
    struct cache_frame *frames[WRITE_PAGES_MAX];
};

static bool latch_for_copy(struct cache_frame *frame, bool may_wait)
{
    if (may_wait) {
        light_latch_shared(&frame->latch, RANK_PAGE);
        return true;
    }
    if (!light_latch_try_shared_now(&frame->latch))
        return false;
    lock_order_enter_tried(&frame->latch, RANK_PAGE);
    return true;
}

/* Lock on entry: the frame's latch, so that the position is of the bytes that will be copied. */
static bool may_write_now(const struct cache_file *file, const struct cache_frame *frame)
{
    const struct cache_log *log = &file->cache->log;
    lgpos_t position = atomic_load_explicit(&frame->last_change, memory_order_relaxed);
    return position == 0 || log->may_write == NULL || log->may_write(log->context, file->context, position);
}

/* What must be in the log before the page is on disk: appended now, for the bytes that will be copied. The position counts as the page's newest change, also
 * if this write comes to nothing: the records stay, and the next write must find them durable. Lock on entry: the frame's latch, and the claim is the caller's. */
static JET_ERR prepare_log(const struct cache_file *file, struct cache_frame *frame)
{
    JET_ERR err = JET_errSuccess;
    const struct cache_log *log = &file->cache->log;
    lgpos_t before = atomic_load_explicit(&frame->last_change, memory_order_relaxed), position = before;
    if (log->before_write == NULL)
        goto done;
    err = log->before_write(log->context, file->context, frame->page_no, &position);
    if (position > before) /* of those that succeeded, after an error too */
        atomic_store_explicit(&frame->last_change, position, memory_order_relaxed);
done:
    return err;
}

/* WRITE_DONE: the page may be copied. The waypoint is asked first, so that a page that is held back is not logged again and again, and once more for what was logged. Lock on
 * entry: the frame's latch. */
static enum write_result make_ready(const struct cache_file *file, struct cache_frame *frame, JET_ERR *error)
{
    if (!may_write_now(file, frame))
        return WRITE_HELD;
    lgpos_t before = atomic_load_explicit(&frame->last_change, memory_order_relaxed);
    *error = prepare_log(file, frame);
    if (*error < JET_errSuccess)
        return WRITE_FAILED;
    return atomic_load_explicit(&frame->last_change, memory_order_relaxed) == before || may_write_now(file, frame) ? WRITE_DONE : WRITE_HELD;
}

/* Lock on entry: the frame's latch, shared. */
static void copy_into(struct run *run, struct cache_frame *frame, uint32_t slot)
{
    lgpos_t position = atomic_load_explicit(&frame->last_change, memory_order_relaxed);
    memcpy(run->buffer + (size_t)slot * run->page_size, frame->bytes, run->page_size);
    dirty_note_copy(frame);
    run->frames[slot] = frame;
    if (position > run->newest)
        run->newest = position;
}

/* A neighbour joins without waiting for anything, or not at all. */
static bool add_neighbour(struct run *run, struct cache_frame *frame, uint32_t slot)
{
    bool is_added = false;
    if (latch_for_copy(frame, false)) {
        JET_ERR ignored = JET_errSuccess; /* met again when it is the page's own turn */
        is_added = make_ready(run->file, frame, &ignored) == WRITE_DONE;
        if (is_added)
            copy_into(run, frame, slot);
        light_latch_unlock_shared(&frame->latch);
    }
    if (!is_added)
        dirty_unclaim(frame);
    return is_added;
}

/* Copies the anchor and as many dirty pages directly before and after it as fit. The claims of all are then the run's. */
static enum write_result fill_run(struct run *run, struct cache_frame *anchor, bool may_wait, JET_ERR *error)
{
    struct cache_frame *before[WRITE_PAGES_MAX];
    uint32_t count = 0;
    if (!latch_for_copy(anchor, may_wait))
        return WRITE_BUSY;
    enum write_result ready = make_ready(run->file, anchor, error);
    if (ready != WRITE_DONE) {
        light_latch_unlock_shared(&anchor->latch);
        return ready;
    }
    run->buffer = take_buffer(&run->file->cache->pool, may_wait);
    if (run->buffer == NULL) {
        light_latch_unlock_shared(&anchor->latch);
        return WRITE_BUSY;
    }
    /* The pages before are counted first: they say at which slot the anchor stands. */
    while (count < run->slots - 1 && anchor->page_no > count + 1 && (before[count] = table_claim_dirty(run->file, anchor->page_no - count - 1)) != NULL)
        count++;
    copy_into(run, anchor, count);
    light_latch_unlock_shared(&anchor->latch);
    run->first = count;
    run->end = count + 1;
    for (uint32_t i = 0; i < count; i++) {
        if (run->first == count - i && add_neighbour(run, before[i], count - i - 1))
            run->first--;
        else if (run->first != count - i)
            dirty_unclaim(before[i]); /* not adjoining any more */
    }
    for (struct cache_frame *after; run->end < run->slots; run->end++) {
        after = table_claim_dirty(run->file, anchor->page_no + (run->end - count));
        if (after == NULL || !add_neighbour(run, after, run->end))
            break;
    }
    return WRITE_DONE;
}

static void seal(struct run *run)
{
    for (uint32_t slot = run->first; slot < run->end; slot++) {
        uint8_t *page = run->buffer + (size_t)slot * run->page_size;
        const struct cache_frame *frame = run->frames[slot];
        store_le32(page + PAGE_FLAGS_OFFSET, flags_with_flush_type(load_le32(page + PAGE_FLAGS_OFFSET), flush_type_next(frame->flush_type)));
        if (!run->file->skip_checksums)
            checksum_store_page(page, run->page_size, frame->page_no);
    }
}

/* Rule 5. */
static JET_ERR flush_log(struct cache *cache, lgpos_t newest)
{
    JET_ERR err = JET_errSuccess;
    if (newest == 0 || cache->log.flush_log == NULL || newest <= atomic_load_explicit(&cache->durable, memory_order_relaxed))
        return JET_errSuccess;
    TRY(cache->log.flush_log(cache->log.context, newest));
    lgpos_t known = atomic_load_explicit(&cache->durable, memory_order_relaxed);
    while (known < newest && !atomic_compare_exchange_weak_explicit(&cache->durable, &known, newest, memory_order_relaxed, memory_order_relaxed))
        ;
done:
    return err;
}

static void unclaim_run(struct run *run)
{
    for (uint32_t slot = run->first; slot < run->end; slot++)
        dirty_unclaim(run->frames[slot]);
}

static void note_failure(struct cache_file *file, page_no_t first, uint32_t count, JET_ERR error)
{
    atomic_fetch_add_explicit(&file->cache->write_failures, 1, memory_order_relaxed);
    if (file->observer.write_failed != NULL)
        file->observer.write_failed(file->observer.context, first, count, error);
}

static enum write_result send_run(struct run *run, bool may_wait, JET_ERR *error)
{
    JET_ERR err = JET_errSuccess;
    struct cache_file *file = run->file;
    struct cache *cache = file->cache;
    uint32_t count = run->end - run->first;
    struct running_write write = {.first = run->frames[run->first]->page_no};
    write.last = write.first + count - 1;
    seal(run);
    TRY(flush_log(cache, run->newest));
    if (!range_enter(file, &write, may_wait)) {
        unclaim_run(run);
        return WRITE_BUSY;
    }
    err = os_file_write(file->file, page_file_offset(write.first, run->page_size), run->buffer + (size_t)run->first * run->page_size,
                        (size_t)count * run->page_size);
    range_leave(file, &write);
    if (err < JET_errSuccess)
        goto done;
    dirty_written(file, run->frames + run->first, count);
    atomic_fetch_add_explicit(&cache->writes, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cache->pages_written, count, memory_order_relaxed);
    return WRITE_DONE;
done:
    unclaim_run(run);
    note_failure(file, write.first, count, err);
    *error = err;
    return WRITE_FAILED;
}

enum write_result write_around(struct cache_frame *anchor, bool may_wait, JET_ERR *error)
{
    struct cache_file *file = anchor->file;
    struct run run;
    run.file = file;
    run.page_size = file->cache->page_size;
    run.slots = WRITE_BUFFER_BYTES / run.page_size;
    run.buffer = NULL;
    run.newest = 0;
    enum write_result result = fill_run(&run, anchor, may_wait, error);
    if (result != WRITE_DONE) {
        page_no_t page_no = anchor->page_no;
        dirty_unclaim(anchor);
        if (result == WRITE_FAILED)
            note_failure(file, page_no, 1, *error);
        return result;
    }
    result = send_run(&run, may_wait, error);
    give_buffer(&file->cache->pool, run.buffer);
    return result;
}
