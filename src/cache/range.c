/* The range of a file that a backup is reading, against the writes that run: neither begins where the other is.
 *
 * A writer registers its pages while it touches the disk. The range is set first, which keeps new writes out, then the running ones in it are
 * waited for. Reads of pages are not concerned. Lock: range_mutex, above page latches, held for moments only. */
#include "base/assert.h"
#include "cache/internal.h"

static bool overlap(page_no_t a_first, page_no_t a_last, page_no_t b_first, page_no_t b_last) { return a_first <= b_last && b_first <= a_last; }

static bool is_shut(const struct cache_file *file, const struct running_write *write)
{
    return file->range_is_locked && overlap(write->first, write->last, file->range_first, file->range_last);
}

bool range_enter(struct cache_file *file, struct running_write *write, bool may_wait)
{
    mutex_lock(&file->range_mutex);
    while (may_wait && is_shut(file, write))
        condition_wait(&file->range_free, &file->range_mutex);
    bool is_open = !is_shut(file, write);
    if (is_open) {
        write->next = file->running;
        file->running = write;
    }
    mutex_unlock(&file->range_mutex);
    return is_open;
}

void range_leave(struct cache_file *file, struct running_write *write)
{
    mutex_lock(&file->range_mutex);
    struct running_write **at = &file->running;
    while (*at != write)
        at = &(*at)->next;
    *at = write->next;
    if (file->range_is_locked)
        condition_broadcast(&file->range_free);
    mutex_unlock(&file->range_mutex);
}

static bool has_running_write(const struct cache_file *file, page_no_t first, page_no_t last)
{
    for (const struct running_write *write = file->running; write != NULL; write = write->next) {
        if (overlap(write->first, write->last, first, last))
            return true;
    }
    return false;
}

void cache_range_lock(struct cache_file *file, page_no_t first, page_no_t last)
{
    mutex_lock(&file->range_mutex);
    while (file->range_is_locked)
        condition_wait(&file->range_free, &file->range_mutex);
    file->range_is_locked = true;
    file->range_first = first;
    file->range_last = last;
    while (has_running_write(file, first, last))
        condition_wait(&file->range_free, &file->range_mutex);
    mutex_unlock(&file->range_mutex);
}

void cache_file_announce_freeze(struct cache_file *file) { atomic_fetch_add(&file->cache->frozen_files, 1); }
void cache_file_freeze(struct cache_file *file) { cache_range_lock(file, 1, PAGE_NO_MAX); }
void cache_file_thaw(struct cache_file *file) { cache_range_unlock(file); }
void cache_file_unannounce_freeze(struct cache_file *file) { atomic_fetch_sub(&file->cache->frozen_files, 1); }

void cache_wait_for_thaw(const struct cache_file *file)
{
    const struct cache *cache = file->cache;
    while (atomic_load_explicit(&cache->frozen_files, memory_order_relaxed) != 0 &&
           atomic_load_explicit(&cache->dirty_count, memory_order_relaxed) > atomic_load_explicit(&cache->dirty_high, memory_order_relaxed))
        thread_sleep_ms(1);
}

void cache_range_unlock(struct cache_file *file)
{
    mutex_lock(&file->range_mutex);
    assert(file->range_is_locked);
    file->range_is_locked = false;
    condition_broadcast(&file->range_free);
    mutex_unlock(&file->range_mutex);
}
