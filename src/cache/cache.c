/* The page cache's public functions (cache.h): limits, files, getting and releasing pages, statistics; those of the write side are in flush.c.
 * README.md tells the protocol. */
#include "cache/cache.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cache/internal.h"
#include "os/clock.h"
#include "os/thread_work.h"

/* --- the cache --- */

/* The limit in frames: whole chunks, at least one, with all that a frame costs counted. */
static JET_ERR frame_limit(uint32_t page_size, uint64_t bytes_min, uint64_t bytes_max, uint64_t *frames_max)
{
    uint64_t chunks_max = bytes_max / (frame_cost(page_size) * CHUNK_FRAMES);
    if (bytes_min > bytes_max)
        return error_raise(JET_errInvalidParameter, __FILE__, __LINE__);
    *frames_max = (chunks_max > 0 ? chunks_max : 1) * CHUNK_FRAMES;
    return JET_errSuccess;
}

/* What cache_create has made, in order; destroy_parts takes the first `count` apart again. */
enum { PART_REPLACEMENT = 1, PART_POOL, PART_WRITER };

static void destroy_parts(struct cache *cache, int count)
{
    if (count >= PART_WRITER)
        writer_destroy(cache); /* first: the thread uses the rest */
    frames_destroy(cache);
    table_destroy(cache);
    if (count >= PART_POOL)
        write_pool_destroy(cache);
    if (count >= PART_REPLACEMENT)
        mutex_destroy(&cache->replacement);
    mem_free(cache);
}

JET_ERR cache_create(const struct cache_config *config, struct cache **out)
{
    JET_ERR err = JET_errSuccess;
    uint64_t frames_max = 0;
    struct cache *cache = NULL;
    int parts = 0;
    *out = NULL;
    if (!page_size_is_legal(config->page_size))
        RAISE(JET_errInvalidParameter);
    TRY(frame_limit(config->page_size, config->bytes_min, config->bytes_max, &frames_max));
    cache = (struct cache *)mem_alloc_aligned(_Alignof(struct cache), sizeof *cache);
    if (cache == NULL)
        RAISE(JET_errOutOfMemory);
    cache->page_size = config->page_size;
    cache->log = config->log;
    TRY(mutex_init(&cache->replacement, RANK_CACHE));
    parts = PART_REPLACEMENT;
    TRY(write_pool_init(cache));
    parts = PART_POOL;
    TRY(writer_init(cache));
    parts = PART_WRITER;
    TRY(table_init(cache));
    TRY(frames_set_limits(cache, frames_max));
    *out = cache;
    return JET_errSuccess;
done:
    if (cache != NULL)
        destroy_parts(cache, parts);
    return err;
}

void cache_destroy(struct cache *cache)
{
    if (cache == NULL)
        return;
    assert(atomic_load(&cache->file_count) == 0);
    destroy_parts(cache, PART_WRITER);
}

JET_ERR cache_resize(struct cache *cache, uint64_t bytes_min, uint64_t bytes_max)
{
    JET_ERR err = JET_errSuccess;
    uint64_t frames_max = 0;
    TRY(frame_limit(cache->page_size, bytes_min, bytes_max, &frames_max));
    TRY(frames_set_limits(cache, frames_max));
done:
    return err;
}

void cache_get_statistics(struct cache *cache, struct cache_statistics *out)
{
    *out = (struct cache_statistics){.repaired = atomic_load(&cache->repaired), .failed = atomic_load(&cache->failed)};
    out->dirty = atomic_load(&cache->dirty_count);
    out->writes = atomic_load(&cache->writes);
    out->pages_written = atomic_load(&cache->pages_written);
    out->write_failures = atomic_load(&cache->write_failures);
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
        partition_lock(p);
        out->hits += p->hits;
        out->misses += p->misses;
        partition_unlock(p);
    }
    mutex_lock(&cache->pool.mutex);
    out->bytes_allocated = cache->pool.memory == NULL ? 0 : WRITE_BUFFER_COUNT * WRITE_BUFFER_BYTES;
    mutex_unlock(&cache->pool.mutex);
    out->bytes_allocated += sizeof *cache + atomic_load(&cache->table_bytes)
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

/* The locks of a file; all or none. */
static JET_ERR init_locks(struct cache_file *file)
{
    JET_ERR err = JET_errSuccess;
    int made = 0;
    TRY(mutex_init(&file->range_mutex, RANK_BACKUP_RANGE));
    made = 1;
    TRY(condition_init(&file->range_free));
    made = 2;
    TRY(mutex_init(&file->dirty_mutex, RANK_LEAF));
    made = 3;
    TRY(condition_init(&file->dirty_changed));
    return JET_errSuccess;
done:
    if (made >= 3)
        mutex_destroy(&file->dirty_mutex);
    if (made >= 2)
        condition_destroy(&file->range_free);
    if (made >= 1)
        mutex_destroy(&file->range_mutex);
    return err;
}

static void destroy_locks(struct cache_file *file)
{
    condition_destroy(&file->dirty_changed);
    mutex_destroy(&file->dirty_mutex);
    condition_destroy(&file->range_free);
    mutex_destroy(&file->range_mutex);
}

JET_ERR cache_file_attach(struct cache *cache, const struct cache_file_config *config, struct cache_file **out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    struct cache_file *file = (struct cache_file *)mem_alloc(sizeof *file);
    *out = NULL;
    if (file == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_info(config->file, &info));
    if (!config->is_read_only)
        TRY(write_pool_fill(cache));
    file->cache = cache;
    file->file = config->file;
    file->observer = config->observer;
    file->context = config->context;
    file->skip_checksums = config->skip_checksums;
    file->is_read_only = config->is_read_only;
    file->epoch = 1;
    atomic_store(&file->last_page, last_page_of(info.size, cache->page_size));
    TRY(init_locks(file));
    mutex_lock(&cache->replacement);
    if (cache->files == NULL)
        atomic_store(&cache->durable, 0); /* another log may have begun since the last file left */
    file->next = cache->files;
    cache->files = file;
    mutex_unlock(&cache->replacement);
    atomic_fetch_add(&cache->file_count, 1);
    *out = file;
    return JET_errSuccess;
done:
    mem_free(file);
    return err;
}

/* Nobody finds the file any more, and those who have found it have ended. */
static void unlist_file(struct cache_file *file)
{
    struct cache *cache = file->cache;
    mutex_lock(&cache->replacement);
    struct cache_file **at = &cache->files;
    while (*at != file)
        at = &(*at)->next;
    *at = file->next;
    mutex_unlock(&cache->replacement);
    mutex_lock(&file->dirty_mutex);
    while (file->holds > 0)
        condition_wait(&file->dirty_changed, &file->dirty_mutex);
    assert_always(file->dirty_first == NULL); /* changes that were neither written nor given up: a commit would be lost */
    mutex_unlock(&file->dirty_mutex);
}

void cache_file_detach(struct cache_file *file)
{
    if (file == NULL)
        return;
    unlist_file(file);
    cache_file_discard(file);
    atomic_fetch_sub(&file->cache->file_count, 1);
    destroy_locks(file);
    mem_free(file);
}

void *cache_file_context(const struct cache_file *file)
{
    return file->context;
}

uint32_t cache_file_page_size(const struct cache_file *file) { return file->cache->page_size; }
struct os_file *cache_file_os_file(const struct cache_file *file) { return file->file; }
page_no_t cache_file_last_page(const struct cache_file *file) { return atomic_load_explicit(&file->last_page, memory_order_relaxed); }

/* --- pages --- */

/* The frame of a page that could not be read is out of the table; whoever unpins it last puts it back among the free ones. */
static void unpin_failed(struct cache *cache, struct cache_frame *frame)
{
    if (atomic_fetch_sub(&frame->pins, 1) == 1)
        frames_give_back(cache, frame);
}

/* Enters a fresh frame for the page in the table, pinned and latched exclusive; or, when another thread was faster, pins the frame that is
 * there. */
static JET_ERR enter_frame(struct cache_file *file, page_no_t page_no, struct cache_frame **out, bool *is_latched)
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
    *is_latched = *out == frame;
    if (!*is_latched) {
        light_latch_unlock_exclusive(&frame->latch);
        atomic_store_explicit(&frame->pins, 0, memory_order_relaxed);
        frames_give_back(file->cache, frame);
    }
done:
    return err;
}

/* A frame that is in no queue has no page: nobody will find it again, and those who have found it get the error. Gives up latch and pin. */
static void fail_frame(struct cache *cache, struct cache_frame *frame, JET_ERR error)
{
    frame->error = error;
    table_remove(frame);
    light_latch_unlock_exclusive(&frame->latch);
    unpin_failed(cache, frame);
}

/* Brings an absent page in. *out: the page's frame, pinned; *is_latched: it was read here and its latch is held exclusive. Otherwise
 * another thread was faster, and the frame is found as if it had been in the table. */
static JET_ERR bring_in(struct cache_file *file, page_no_t page_no, struct cache_frame **out, bool *is_latched)
{
    JET_ERR err = JET_errSuccess;
    TRY(enter_frame(file, page_no, out, is_latched));
    if (!*is_latched)
        return JET_errSuccess;
    uint64_t started = clock_monotonic_ns();
    struct read_result result = read_page(*out);
    thread_work.pages_read++;
    thread_work.misses++;
    thread_work.miss_ns += clock_monotonic_ns() - started;
    if (result.error >= JET_errSuccess && frames_enter(file->cache, *out))
        return JET_errSuccess;
    bool is_cut = result.error >= JET_errSuccess; /* the file ends before the page now */
    err = is_cut ? error_raise(JET_errFileIOBeyondEOF, __FILE__, __LINE__) : result.error;
    fail_frame(file->cache, *out, err);
    if (!is_cut)
        read_report_failure(file, page_no, &result);
done:
    return err;
}

static inline void take_latch(struct cache_frame *frame, enum page_latch latch)
{
    if (latch == PAGE_LATCH_EXCLUSIVE)
        light_latch_exclusive(&frame->latch, RANK_PAGE);
    else
        light_latch_shared(&frame->latch, RANK_PAGE);
}

static inline void give_latch(struct cache_frame *frame, enum page_latch latch)
{
    if (latch == PAGE_LATCH_EXCLUSIVE)
        light_latch_unlock_exclusive(&frame->latch);
    else
        light_latch_unlock_shared(&frame->latch);
}

/* Has the frame that was found, and latched since, a page that is still in the file? */
static inline bool is_usable(const struct cache_file *file, const struct cache_frame *frame)
{
    return frame->error == JET_errSuccess && frame->page_no <= cache_file_last_page(file);
}

/* Gives up latch and pin of a frame that is not usable, and says why it is not. */
static JET_ERR refuse_found(struct cache_file *file, struct cache_frame *frame, enum page_latch latch)
{
    JET_ERR error = frame->error;
    give_latch(frame, latch);
    if (error != JET_errSuccess) { /* we waited for a read, and it failed */
        unpin_failed(file->cache, frame);
        return error;
    }
    atomic_fetch_sub_explicit(&frame->pins, 1, memory_order_release);
    return error_raise(JET_errFileIOBeyondEOF, __FILE__, __LINE__);
}

static inline void fill_ref(struct page_ref *out, const struct cache_file *file, struct cache_frame *frame, enum page_latch latch)
{
    out->view = page_view_trusted(frame->bytes, file->cache->page_size, frame->page_no);
    out->frame = frame;
    out->latch = latch;
    thread_work.pages_referenced++;
}

JET_ERR cache_get(struct cache_file *file, page_no_t page_no, enum page_latch latch, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    bool is_latched = false;
    out->frame = NULL;
    if (page_no == 0 || page_no > cache_file_last_page(file))
        RAISE(JET_errFileIOBeyondEOF);
    if (latch == PAGE_LATCH_EXCLUSIVE && file->is_read_only)
        RAISE(JET_errDatabaseFileReadOnly);
    struct cache_frame *frame = table_find(file, page_no);
    if (frame == NULL)
        TRY(bring_in(file, page_no, &frame, &is_latched));
    if (!is_latched) {
        /* What is looked at first: the page's header, and the tags at its end. */
        const uint8_t *bytes = frame->bytes, *end = bytes + file->cache->page_size;
        __builtin_prefetch(bytes);
        __builtin_prefetch(end - 64);
        __builtin_prefetch(end - 128);
        take_latch(frame, latch);
        if (!is_usable(file, frame)) {
            err = refuse_found(file, frame, latch);
            goto done;
        }
        frame_touch(file->cache, frame);
    } else if (latch == PAGE_LATCH_SHARED) {
        light_latch_downgrade(&frame->latch);
    }
    fill_ref(out, file, frame, latch);
done:
    return err;
}

JET_ERR cache_get_new(struct cache_file *file, page_no_t page_no, struct page_ref *out)
{
    JET_ERR err = JET_errSuccess;
    out->frame = NULL;
    if (file->is_read_only)
        RAISE(JET_errDatabaseFileReadOnly);
    for (bool is_latched = false; out->frame == NULL;) {
        if (page_no == 0 || page_no > cache_file_last_page(file))
            RAISE(JET_errFileIOBeyondEOF);
        struct cache_frame *frame = table_find(file, page_no);
        if (frame == NULL)
            TRY(enter_frame(file, page_no, &frame, &is_latched));
        if (!is_latched) {
            take_latch(frame, PAGE_LATCH_EXCLUSIVE);
            if (!is_usable(file, frame)) { /* somebody wanted to read it and found nothing there: that is no error here */
                (void)refuse_found(file, frame, PAGE_LATCH_EXCLUSIVE);
                continue;
            }
            frame_touch(file->cache, frame);
        } else {
            memset(frame->bytes, 0, file->cache->page_size);
            if (!frames_enter(file->cache, frame)) {
                fail_frame(file->cache, frame, JET_errFileIOBeyondEOF);
                RAISE(JET_errFileIOBeyondEOF);
            }
            frame->is_new = true;
        }
        fill_ref(out, file, frame, PAGE_LATCH_EXCLUSIVE);
    }
done:
    return err;
}

/* A new page of which nothing was made: what the disk has there is unknown, so nobody may find the frame. */
static void forget_new(struct cache_frame *frame)
{
    struct cache *cache = frame->file->cache;
    frames_leave(cache, frame);
    fail_frame(cache, frame, JET_errPageNotInitialized);
}

void cache_release(struct page_ref *ref)
{
    struct cache_frame *frame = ref->frame;
    if (frame == NULL)
        return;
    ref->frame = NULL;
    if (ref->latch == PAGE_LATCH_EXCLUSIVE && frame->is_new) {
        forget_new(frame);
        return;
    }
    give_latch(frame, ref->latch);
    /* Release: our reading is over before a replacement may overwrite the bytes. From here on the frame is not ours to look at. */
    atomic_fetch_sub_explicit(&frame->pins, 1, memory_order_release);
}

uint32_t cache_peek(struct cache_file *file, const page_no_t *page_no, uint32_t count)
{
    return table_peek(file, page_no, count < CACHE_PEEK_MAX ? count : CACHE_PEEK_MAX);
}

uintptr_t cache_whereabouts(struct cache_file *file, page_no_t page_no) { return table_whereabouts(file, page_no); }

void cache_prefetch(struct cache_file *file, page_no_t first, uint32_t count)
{
    const page_no_t last_page = cache_file_last_page(file);
    if (first == 0 || first > last_page || count == 0)
        return;
    if (count > READ_AHEAD_MAX)
        count = READ_AHEAD_MAX;
    if (count > last_page - first + 1)
        count = last_page - first + 1;
    /* What is here already at either end need not be asked for. */
    while (count > 0 && table_contains(file, first)) {
        first++;
        count--;
    }
    while (count > 0 && table_contains(file, first + count - 1))
        count--;
    thread_work.pages_read_ahead += count;
    if (count > 0)
        os_file_prefetch(file->file, page_file_offset(first, file->cache->page_size), (size_t)count * file->cache->page_size);
}
