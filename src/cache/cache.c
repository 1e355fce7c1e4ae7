/* The page cache's public functions (cache.h): limits, files, getting and releasing pages, range lock, statistics. README.md tells the
 * protocol. */
#include "cache/cache.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cache/internal.h"

/* --- the cache --- */

/* Limits in frames: whole chunks, at least one, with all that a frame costs counted. */
static JET_ERR frame_limits(uint32_t page_size, uint64_t bytes_min, uint64_t bytes_max, uint64_t *frames_min, uint64_t *frames_max)
{
    uint64_t per_chunk = frame_cost(page_size) * CHUNK_FRAMES;
    if (bytes_min > bytes_max)
        return error_raise(JET_errInvalidParameter, __FILE__, __LINE__);
    uint64_t chunks_max = bytes_max / per_chunk, chunks_min = bytes_min / per_chunk;
    *frames_max = (chunks_max > 0 ? chunks_max : 1) * CHUNK_FRAMES;
    *frames_min = (chunks_min > 0 ? chunks_min : 1) * CHUNK_FRAMES;
    return JET_errSuccess;
}

JET_ERR cache_create(const struct cache_config *config, struct cache **out)
{
    JET_ERR err = JET_errSuccess;
    uint64_t frames_min = 0, frames_max = 0;
    struct cache *cache = NULL;
    bool has_mutex = false;
    *out = NULL;
    if (!page_size_is_legal(config->page_size))
        RAISE(JET_errInvalidParameter);
    TRY(frame_limits(config->page_size, config->bytes_min, config->bytes_max, &frames_min, &frames_max));
    cache = (struct cache *)mem_alloc_aligned(_Alignof(struct cache), sizeof *cache);
    if (cache == NULL)
        RAISE(JET_errOutOfMemory);
    cache->page_size = config->page_size;
    TRY(mutex_init(&cache->replacement, RANK_CACHE));
    has_mutex = true;
    TRY(table_init(cache));
    TRY(frames_set_limits(cache, frames_min, frames_max));
    *out = cache;
    return JET_errSuccess;
done:
    if (cache != NULL) {
        frames_destroy(cache);
        table_destroy(cache);
        if (has_mutex)
            mutex_destroy(&cache->replacement);
        mem_free(cache);
    }
    return err;
}

void cache_destroy(struct cache *cache)
{
    if (cache == NULL)
        return;
    assert(atomic_load(&cache->file_count) == 0);
    frames_destroy(cache);
    table_destroy(cache);
    mutex_destroy(&cache->replacement);
    mem_free(cache);
}

JET_ERR cache_resize(struct cache *cache, uint64_t bytes_min, uint64_t bytes_max)
{
    JET_ERR err = JET_errSuccess;
    uint64_t frames_min = 0, frames_max = 0;
    TRY(frame_limits(cache->page_size, bytes_min, bytes_max, &frames_min, &frames_max));
    TRY(frames_set_limits(cache, frames_min, frames_max));
done:
    return err;
}

void cache_get_statistics(struct cache *cache, struct cache_statistics *out)
{
    *out = (struct cache_statistics){.repaired = atomic_load(&cache->repaired), .failed = atomic_load(&cache->failed)};
    mutex_lock(&cache->replacement);
    out->evictions = cache->evictions;
    out->frames = cache->frame_count;
    for (const struct frame_chunk *chunk = cache->chunks; chunk != NULL; chunk = chunk->next) {
        for (int i = 0; i < CHUNK_FRAMES; i++)
            out->pinned += chunk->frames[i].queue != QUEUE_FREE && atomic_load(&chunk->frames[i].pins) != 0;
    }
    mutex_unlock(&cache->replacement);
    for (int i = 0; i < PARTITION_COUNT; i++) {
        struct partition *p = &cache->partitions[i];
        mutex_lock(&p->mutex);
        out->hits += p->hits;
        out->misses += p->misses;
        mutex_unlock(&p->mutex);
    }
    out->bytes_allocated = sizeof *cache + atomic_load(&cache->table_bytes)
        + out->frames / CHUNK_FRAMES * (sizeof(struct frame_chunk) + (uint64_t)CHUNK_FRAMES * cache->page_size);
}

/* --- files --- */

/* The last whole page; 0 when there is none. */
static page_no_t last_page_of(uint64_t size, uint32_t page_size)
{
    uint64_t blocks = size / page_size;
    if (blocks < 3) /* two headers and page 1 */
        return 0;
    return blocks - 2 > PAGE_NO_MAX ? PAGE_NO_MAX : (page_no_t)(blocks - 2);
}

JET_ERR cache_file_attach(struct cache *cache, const struct cache_file_config *config, struct cache_file **out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    bool has_mutex = false;
    struct cache_file *file = (struct cache_file *)mem_alloc(sizeof *file);
    *out = NULL;
    if (file == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_info(config->file, &info));
    TRY(mutex_init(&file->range_mutex, RANK_BACKUP_RANGE));
    has_mutex = true;
    TRY(condition_init(&file->range_free));
    file->cache = cache;
    file->file = config->file;
    file->observer = config->observer;
    file->skip_checksums = config->skip_checksums;
    file->last_page = last_page_of(info.size, cache->page_size);
    atomic_fetch_add(&cache->file_count, 1);
    *out = file;
    return JET_errSuccess;
done:
    if (has_mutex)
        mutex_destroy(&file->range_mutex);
    mem_free(file);
    return err;
}

void cache_file_detach(struct cache_file *file)
{
    if (file == NULL)
        return;
    frames_drop_file(file->cache, file);
    atomic_fetch_sub(&file->cache->file_count, 1);
    condition_destroy(&file->range_free);
    mutex_destroy(&file->range_mutex);
    mem_free(file);
}

uint32_t cache_file_page_size(const struct cache_file *file) { return file->cache->page_size; }
struct os_file *cache_file_os_file(const struct cache_file *file) { return file->file; }
page_no_t cache_file_last_page(const struct cache_file *file) { return file->last_page; }

/* --- pages --- */

/* The frame of a page that could not be read is out of the table; whoever unpins it last puts it back among the free ones. */
static void unpin_failed(struct cache *cache, struct cache_frame *frame)
{
    if (atomic_fetch_sub(&frame->pins, 1) == 1)
        frames_give_back(cache, frame);
}

/* Brings an absent page in. *out: the page's frame, pinned; *is_latched: it was read here and its latch is held exclusive. Otherwise
 * another thread was faster, and the frame is found as if it had been in the table. */
static JET_ERR bring_in(struct cache_file *file, page_no_t page_no, struct cache_frame **out, bool *is_latched)
{
    JET_ERR err = JET_errSuccess;
    struct cache_frame *frame;
    *is_latched = false;
    TRY(frames_take(file->cache, &frame));
    frame->file = file;
    frame->page_no = page_no;
    /* Latched before anybody can find it, so that whoever does waits for the read (rule 4). Nobody else can hold it: no waiting. */
    bool latched = light_latch_try_exclusive(&frame->latch, RANK_PAGE);
    assert_always(latched);
    *out = table_insert(frame);
    if (*out != frame) {
        light_latch_unlock_exclusive(&frame->latch);
        atomic_store_explicit(&frame->pins, 0, memory_order_relaxed);
        frames_give_back(file->cache, frame);
        return JET_errSuccess;
    }
    struct read_result result = read_page(frame);
    if (result.error < JET_errSuccess) {
        frame->error = result.error;
        table_remove(frame);
        light_latch_unlock_exclusive(&frame->latch);
        unpin_failed(file->cache, frame);
        read_report_failure(file, page_no, &result);
        *out = NULL;
        err = result.error;
        goto done;
    }
    frames_enter(file->cache, frame);
    *is_latched = true;
done:
    return err;
}

static void take_latch(struct cache_frame *frame, enum page_latch latch)
{
    if (latch == PAGE_LATCH_EXCLUSIVE)
        light_latch_exclusive(&frame->latch, RANK_PAGE);
    else
        light_latch_shared(&frame->latch, RANK_PAGE);
}

static void give_latch(struct cache_frame *frame, enum page_latch latch)
{
    if (latch == PAGE_LATCH_EXCLUSIVE)
        light_latch_unlock_exclusive(&frame->latch);
    else
        light_latch_unlock_shared(&frame->latch);
}

JET_ERR cache_get(struct cache_file *file, page_no_t page_no, enum page_latch latch, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    bool is_latched = false;
    out->frame = NULL;
    if (page_no == 0 || page_no > file->last_page)
        RAISE(JET_errFileIOBeyondEOF);
    struct cache_frame *frame = table_find(file, page_no);
    if (frame == NULL)
        TRY(bring_in(file, page_no, &frame, &is_latched));
    if (!is_latched) {
        take_latch(frame, latch);
        if (frame->error != JET_errSuccess) { /* we waited for a read, and it failed */
            err = frame->error;
            give_latch(frame, latch);
            unpin_failed(file->cache, frame);
            goto done;
        }
        frame_touch(file->cache, frame);
    } else if (latch == PAGE_LATCH_SHARED) {
        light_latch_downgrade(&frame->latch);
    }
    out->view = page_view_trusted(frame->bytes, file->cache->page_size, page_no);
    out->frame = frame;
    out->latch = latch;
done:
    return err;
}

void cache_release(struct page_ref *ref)
{
    struct cache_frame *frame = ref->frame;
    if (frame == NULL)
        return;
    ref->frame = NULL;
    give_latch(frame, ref->latch);
    /* Release: our reading is over before a replacement may overwrite the bytes. From here on the frame is not ours to look at. */
    atomic_fetch_sub_explicit(&frame->pins, 1, memory_order_release);
}

void cache_prefetch(struct cache_file *file, page_no_t first, uint32_t count)
{
    if (first == 0 || first > file->last_page || count == 0)
        return;
    if (count > READ_AHEAD_MAX)
        count = READ_AHEAD_MAX;
    if (count > file->last_page - first + 1)
        count = file->last_page - first + 1;
    /* What is here already at either end need not be asked for. */
    while (count > 0 && table_contains(file, first)) {
        first++;
        count--;
    }
    while (count > 0 && table_contains(file, first + count - 1))
        count--;
    if (count > 0)
        os_file_prefetch(file->file, page_file_offset(first, file->cache->page_size), (size_t)count * file->cache->page_size);
}

/* --- the range a backup reads --- */

void cache_range_lock(struct cache_file *file, page_no_t first, page_no_t last)
{
    mutex_lock(&file->range_mutex);
    while (file->range_is_locked)
        condition_wait(&file->range_free, &file->range_mutex);
    file->range_is_locked = true;
    file->range_first = first;
    file->range_last = last;
    mutex_unlock(&file->range_mutex);
}

void cache_range_unlock(struct cache_file *file)
{
    mutex_lock(&file->range_mutex);
    assert(file->range_is_locked);
    file->range_is_locked = false;
    condition_broadcast(&file->range_free);
    mutex_unlock(&file->range_mutex);
}
