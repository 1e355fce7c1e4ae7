/* The write side's public functions (cache.h): changing pages, flush, sync, discard, growth and truncation. */
#include "base/assert.h"
#include "cache/internal.h"
#include "os/thread_work.h"

/* --- changing pages --- */

uint8_t *page_ref_bytes(struct page_ref *ref)
{
    assert(ref->frame != NULL && ref->latch == PAGE_LATCH_EXCLUSIVE);
    return ref->frame->bytes;
}

bool cache_is_dirty(const struct page_ref *ref) { return atomic_load_explicit(&ref->frame->state, memory_order_relaxed) != 0; }

void cache_mark_dirty(struct page_ref *ref, lgpos_t last_change, lgpos_t oldest)
{
    struct cache_frame *frame = ref->frame;
    assert_always(frame != NULL && ref->latch == PAGE_LATCH_EXCLUSIVE && !frame->file->is_read_only);
    frame->is_new = false;
    if (cache_is_dirty(ref))
        thread_work.pages_dirtied_again++;
    else
        thread_work.pages_dirtied++;
    dirty_mark(frame, last_change, oldest);
    ref->view = page_view_trusted(frame->bytes, frame->file->cache->page_size, frame->page_no);
}

/* --- flush --- */

static uint64_t claims_ended(struct cache_file *file, uint64_t *sequence)
{
    mutex_lock(&file->dirty_mutex);
    uint64_t ended = file->claims_ended;
    if (sequence != NULL)
        *sequence = file->sequence;
    mutex_unlock(&file->dirty_mutex);
    return ended;
}

static void wait_for_claims(struct cache_file *file, uint64_t ended_before)
{
    mutex_lock(&file->dirty_mutex);
    while (file->claims_ended == ended_before)
        condition_wait(&file->dirty_changed, &file->dirty_mutex);
    mutex_unlock(&file->dirty_mutex);
}

/* One pass over what is dirty and within the limit. */
static JET_ERR flush_pass(struct cache_file *file, uint64_t limit, lgpos_t older_than, bool *met_claimed, bool *met_held)
{
    JET_ERR err = JET_errSuccess;
    uint64_t resume = 0;
    struct cache_frame *frame;
    while ((frame = dirty_claim_next(file, &resume, limit, older_than, met_claimed)) != NULL) {
        enum write_result result = write_around(frame, true, &err);
        if (result == WRITE_FAILED)
            goto done;
        *met_held |= result == WRITE_HELD;
    }
done:
    return err;
}

static JET_ERR flush_pages(struct cache_file *file, lgpos_t older_than, bool *is_held)
{
    JET_ERR err = JET_errSuccess;
    uint64_t limit;
    (void)claims_ended(file, &limit);
    for (bool met_claimed = true; met_claimed;) {
        uint64_t ended = claims_ended(file, NULL);
        met_claimed = *is_held = false;
        TRY(flush_pass(file, limit, older_than, &met_claimed, is_held));
        /* What another thread is writing is not known to be written: its write may fail. */
        if (met_claimed)
            wait_for_claims(file, ended);
    }
done:
    return err;
}

JET_ERR cache_flush_older(struct cache_file *file, lgpos_t position)
{
    JET_ERR err = JET_errSuccess;
    bool is_held = false;
    if (file->is_read_only)
        return JET_errSuccess;
    TRY(flush_pages(file, position, &is_held));
    TRY(cache_file_sync(file));
    if (is_held)
        RAISE(CACHE_ERROR_PAGES_HELD);
done:
    return err;
}

JET_ERR cache_write_older(struct cache_file *file, lgpos_t position, uint32_t pages_max, bool *has_more)
{
    JET_ERR err = JET_errSuccess;
    uint64_t resume = 0, limit, before = atomic_load_explicit(&file->cache->pages_written, memory_order_relaxed), written = 0;
    bool met_claimed = false, is_any = false;
    struct cache_frame *frame = NULL;
    *has_more = false;
    if (file->is_read_only)
        return JET_errSuccess;
    (void)claims_ended(file, &limit);
    while (written < pages_max && (frame = dirty_claim_next(file, &resume, limit, position, &met_claimed)) != NULL) {
        enum write_result result = write_around(frame, false, &err);
        if (result == WRITE_FAILED)
            goto done;
        is_any |= result == WRITE_DONE;
        written = atomic_load_explicit(&file->cache->pages_written, memory_order_relaxed) - before; /* of all threads: near enough */
    }
    *has_more = frame != NULL && is_any;
done:
    return err;
}

JET_ERR cache_flush_file(struct cache_file *file) { return cache_flush_older(file, UINT64_MAX); }

JET_ERR cache_flush_page(struct cache_file *file, page_no_t page_no)
{
    JET_ERR err = JET_errSuccess;
    struct cache_frame *frame = table_claim_dirty(file, page_no);
    enum write_result result = frame != NULL ? write_around(frame, true, &err) : WRITE_BUSY;
    if (result == WRITE_FAILED)
        return err;
    if (result == WRITE_HELD)
        return error_raise(CACHE_ERROR_PAGES_HELD, __FILE__, __LINE__);
    /* Written already, or being written by another thread, whose write may fail: the whole file tells. */
    return result == WRITE_DONE ? cache_file_sync(file) : cache_flush_file(file);
}

JET_ERR cache_flush(struct cache *cache)
{
    JET_ERR first = JET_errSuccess;
    for (struct cache_file *file = writer_next_file(cache, NULL); file != NULL; file = writer_next_file(cache, file)) {
        JET_ERR err = cache_flush_file(file);
        if (first == JET_errSuccess)
            first = err;
    }
    return first;
}

/* --- durability --- */

/* The pages that the sync should have made durable are dirty again, before what was known of them is forgotten. */
static void note_failed_sync(struct cache_file *file, uint64_t epoch)
{
    frames_redirty_unsynced(file->cache, file, epoch);
    mutex_lock(&file->dirty_mutex);
    if (file->evicted_first != 0 && file->evicted_first <= epoch) {
        file->has_lost_writes = true;
        file->lost_oldest = oldest_of(file->lost_oldest, file->syncing_oldest);
    }
    mutex_unlock(&file->dirty_mutex);
}

JET_ERR cache_file_sync(struct cache_file *file)
{
    JET_ERR err = JET_errSuccess;
    if (file->is_read_only)
        return JET_errSuccess;
    mutex_lock(&file->dirty_mutex);
    while (file->is_syncing)
        condition_wait(&file->dirty_changed, &file->dirty_mutex);
    file->is_syncing = true;
    uint64_t epoch = file->epoch++;
    file->syncing_oldest = file->unsynced_oldest;
    file->unsynced_oldest = 0;
    bool has_lost_writes = file->has_lost_writes;
    mutex_unlock(&file->dirty_mutex);
    err = os_file_sync(file->file);
    if (err < JET_errSuccess)
        note_failed_sync(file, epoch);
    else if (has_lost_writes) /* the system forgets that it has lost writes once it has told */
        err = error_raise(JET_errDiskIO, __FILE__, __LINE__);
    mutex_lock(&file->dirty_mutex);
    file->is_syncing = false;
    file->synced_epoch = epoch;
    file->syncing_oldest = 0;
    if (file->evicted_last <= epoch)
        file->evicted_first = file->evicted_last = 0;
    else if (file->evicted_first != 0 && file->evicted_first <= epoch)
        file->evicted_first = epoch + 1;
    condition_broadcast(&file->dirty_changed);
    mutex_unlock(&file->dirty_mutex);
    return err;
}

static lgpos_t oldest_in(struct cache_file *file)
{
    mutex_lock(&file->dirty_mutex);
    lgpos_t oldest = file->heap != NULL ? atomic_load_explicit(&file->heap->oldest, memory_order_relaxed) : 0;
    oldest = oldest_of(oldest, file->unsynced_oldest);
    oldest = oldest_of(oldest, file->syncing_oldest);
    oldest = oldest_of(oldest, file->lost_oldest);
    mutex_unlock(&file->dirty_mutex);
    return oldest;
}

lgpos_t cache_oldest_dirty(struct cache *cache, struct cache_file *file)
{
    if (file != NULL)
        return oldest_in(file);
    lgpos_t oldest = 0;
    mutex_lock(&cache->replacement);
    for (file = cache->files; file != NULL; file = file->next)
        oldest = oldest_of(oldest, oldest_in(file));
    mutex_unlock(&cache->replacement);
    return oldest;
}

/* --- dropping pages --- */

/* Drops the pages after `last`, waiting for those being written; pinned ones are only passing by. */
static void drop_pages(struct cache_file *file, page_no_t last)
{
    for (;;) {
        uint64_t ended = claims_ended(file, NULL);
        struct frames_left left = frames_drop(file->cache, file, last);
        if (left.claimed > 0)
            wait_for_claims(file, ended);
        else if (left.pinned > 0)
            thread_sleep_ms(1);
        else
            return;
    }
}

void cache_file_discard(struct cache_file *file)
{
    assert_always(frames_count_pinned(file->cache, file, 0) == 0); /* a pin left behind would point into a page of another file later */
    drop_pages(file, 0);
}

/* --- the size of the file --- */

/* The pages between the old end and the new one change at once: it is a write to them, which a range lock holds back. */
static JET_ERR set_size(struct cache_file *file, page_no_t first, page_no_t last, page_no_t new_last)
{
    struct running_write change = {.first = first, .last = last};
    (void)range_enter(file, &change, true);
    JET_ERR err = os_file_set_size(file->file, page_file_offset(new_last, file->cache->page_size) + file->cache->page_size);
    range_leave(file, &change);
    return err;
}

JET_ERR cache_file_grow(struct cache_file *file, page_no_t last_page)
{
    JET_ERR err = JET_errSuccess;
    if (file->is_read_only)
        RAISE(JET_errDatabaseFileReadOnly);
    if (last_page > PAGE_NO_MAX)
        RAISE(JET_errInvalidParameter);
    if (last_page <= cache_file_last_page(file))
        return JET_errSuccess;
    TRY(set_size(file, cache_file_last_page(file) + 1, last_page, last_page));
    atomic_store(&file->last_page, last_page);
done:
    return err;
}

JET_ERR cache_file_truncate(struct cache_file *file, page_no_t last_page)
{
    JET_ERR err = JET_errSuccess;
    page_no_t before = cache_file_last_page(file);
    if (file->is_read_only)
        RAISE(JET_errDatabaseFileReadOnly);
    if (last_page == 0)
        RAISE(JET_errInvalidParameter);
    if (last_page >= before)
        return JET_errSuccess;
    atomic_store(&file->last_page, last_page); /* from here on nobody gets a page behind it */
    for (int round = 0; frames_count_pinned(file->cache, file, last_page) > 0; round++) {
        if (round == WAIT_ROUNDS) {
            atomic_store(&file->last_page, before);
            RAISE(JET_errDatabaseInUse);
        }
        thread_sleep_ms(1);
    }
    drop_pages(file, last_page);
    err = set_size(file, last_page + 1, before, last_page);
    if (err < JET_errSuccess)
        atomic_store(&file->last_page, before);
done:
    return err;
}
