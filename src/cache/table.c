/* The page table: (file, page number) -> frame. Hash chains in 16 partitions, each with its own latch, so that lookups of different
 * pages seldom meet; a partition's bucket array grows with its entries, and stays as it is when there is no memory to grow it. */
#include "base/assert.h"
#include "base/memory.h"
#include "cache/internal.h"

static uint64_t hash_of(const struct cache_file *file, page_no_t page_no)
{
    uint64_t z = (uint64_t)(uintptr_t)file ^ (uint64_t)page_no * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 32) * UINT64_C(0xBF58476D1CE4E5B9);
    return z ^ z >> 29;
}

static struct partition *partition_of(struct cache *cache, uint64_t hash) { return &cache->partitions[hash >> 60]; }

_Static_assert(PARTITION_COUNT == 16, "the top four bits of the hash choose the partition");

static struct cache_frame **bucket_of(struct partition *p, uint64_t hash) { return &p->buckets[hash & (p->bucket_count - 1)]; }

/* Replaces the bucket array. Lock on entry: the partition's mutex, or nobody else knows the cache. */
static bool resize(struct cache *cache, struct partition *p, uint32_t bucket_count)
{
    struct cache_frame **old = p->buckets;
    uint32_t old_count = p->bucket_count;
    struct cache_frame **buckets = (struct cache_frame **)mem_alloc_array(bucket_count, sizeof *buckets);
    if (buckets == NULL)
        return false;
    p->buckets = buckets;
    p->bucket_count = bucket_count;
    for (uint32_t i = 0; i < old_count; i++) {
        for (struct cache_frame *frame = old[i], *next; frame != NULL; frame = next) {
            next = frame->next_in_bucket;
            struct cache_frame **bucket = bucket_of(p, hash_of(frame->file, frame->page_no));
            frame->next_in_bucket = *bucket;
            *bucket = frame;
        }
    }
    atomic_fetch_add(&cache->table_bytes, (uint64_t)bucket_count * sizeof *buckets);
    atomic_fetch_sub(&cache->table_bytes, (uint64_t)old_count * sizeof *buckets);
    mem_free(old);
    return true;
}

JET_ERR table_init(struct cache *cache)
{
    JET_ERR err = JET_errSuccess;
    for (int i = 0; i < PARTITION_COUNT; i++) {
        struct partition *p = &cache->partitions[i];
        if (!resize(cache, p, PARTITION_BUCKETS_MIN))
            RAISE(JET_errOutOfMemory);
    }
done:
    return err;
}

void table_destroy(struct cache *cache)
{
    for (int i = 0; i < PARTITION_COUNT; i++) {
        struct partition *p = &cache->partitions[i];
        if (p->buckets == NULL)
            continue;
        assert(p->entry_count == 0);
        mem_free(p->buckets);
    }
}

static struct cache_frame *find_in(struct partition *p, uint64_t hash, const struct cache_file *file, page_no_t page_no)
{
    struct cache_frame *frame = *bucket_of(p, hash);
    while (frame != NULL && (frame->page_no != page_no || frame->file != file))
        frame = frame->next_in_bucket;
    return frame;
}

struct cache_frame *table_find(struct cache_file *file, page_no_t page_no)
{
    uint64_t hash = hash_of(file, page_no);
    struct partition *p = partition_of(file->cache, hash);
    partition_lock(p);
    struct cache_frame *frame = find_in(p, hash, file, page_no);
    if (frame != NULL) {
        atomic_fetch_add_explicit(&frame->pins, 1, memory_order_relaxed);
        p->hits++;
    }
    partition_unlock(p);
    return frame;
}

struct cache_frame *table_insert(struct cache_frame *frame)
{
    uint64_t hash = hash_of(frame->file, frame->page_no);
    struct cache *cache = frame->file->cache;
    struct partition *p = partition_of(cache, hash);
    partition_lock(p);
    struct cache_frame *there = find_in(p, hash, frame->file, frame->page_no);
    if (there != NULL) {
        atomic_fetch_add_explicit(&there->pins, 1, memory_order_relaxed);
        p->hits++;
    } else {
        if (p->entry_count >= p->bucket_count / 2 && p->bucket_count < UINT32_C(1) << 30) /* half empty: each foreign frame in a bucket is a miss of the processor's cache */
            (void)resize(cache, p, p->bucket_count * 2);
        struct cache_frame **bucket = bucket_of(p, hash);
        frame->next_in_bucket = *bucket;
        *bucket = frame;
        p->entry_count++;
        p->misses++;
        there = frame;
    }
    partition_unlock(p);
    return there;
}

static void unlink_frame(struct partition *p, uint64_t hash, struct cache_frame *frame)
{
    struct cache_frame **at = bucket_of(p, hash);
    while (*at != frame)
        at = &(*at)->next_in_bucket;
    *at = frame->next_in_bucket;
    frame->next_in_bucket = NULL;
    p->entry_count--;
}

void table_remove(struct cache_frame *frame)
{
    uint64_t hash = hash_of(frame->file, frame->page_no);
    struct partition *p = partition_of(frame->file->cache, hash);
    partition_lock(p);
    unlink_frame(p, hash, frame);
    partition_unlock(p);
}

bool table_remove_unpinned(struct cache_frame *frame)
{
    uint64_t hash = hash_of(frame->file, frame->page_no);
    struct partition *p = partition_of(frame->file->cache, hash);
    partition_lock(p);
    /* Acquire: what the last reader did with the bytes is over before they are overwritten. */
    bool is_free = atomic_load_explicit(&frame->pins, memory_order_acquire) == 0 && atomic_load_explicit(&frame->state, memory_order_relaxed) == 0;
    if (is_free)
        unlink_frame(p, hash, frame);
    partition_unlock(p);
    return is_free;
}

struct cache_frame *table_claim_dirty(struct cache_file *file, page_no_t page_no)
{
    uint64_t hash = hash_of(file, page_no);
    struct partition *p = partition_of(file->cache, hash);
    partition_lock(p);
    struct cache_frame *frame = find_in(p, hash, file, page_no);
    if (frame != NULL && (atomic_load_explicit(&frame->state, memory_order_relaxed) != FRAME_DIRTY || !dirty_try_claim(frame)))
        frame = NULL;
    partition_unlock(p);
    return frame;
}

bool table_contains(struct cache_file *file, page_no_t page_no)
{
    uint64_t hash = hash_of(file, page_no);
    struct partition *p = partition_of(file->cache, hash);
    partition_lock(p);
    bool is_there = find_in(p, hash, file, page_no) != NULL;
    partition_unlock(p);
    return is_there;
}

uintptr_t table_whereabouts(struct cache_file *file, page_no_t page_no)
{
    uint64_t hash = hash_of(file, page_no);
    struct partition *p = partition_of(file->cache, hash);
    partition_lock(p);
    const struct cache_frame *frame = find_in(p, hash, file, page_no);
    uintptr_t bytes = frame != NULL ? (uintptr_t)frame->bytes : 0;
    partition_unlock(p);
    return bytes;
}

/* In rounds, each of which asks for what the next one looks at. */
uint32_t table_peek(struct cache_file *file, const page_no_t *page_no, uint32_t count)
{
    struct partition *p;
    uint64_t hash[CACHE_PEEK_MAX];
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        hash[i] = hash_of(file, page_no[i]);
        p = partition_of(file->cache, hash[i]);
        partition_lock(p);
        __builtin_prefetch(bucket_of(p, hash[i]));
        partition_unlock(p);
    }
    for (uint32_t i = 0; i < count; i++) {
        p = partition_of(file->cache, hash[i]);
        partition_lock(p);
        __builtin_prefetch(*bucket_of(p, hash[i]));
        partition_unlock(p);
    }
    for (uint32_t i = 0; i < count; i++) {
        p = partition_of(file->cache, hash[i]);
        partition_lock(p);
        const struct cache_frame *frame = find_in(p, hash[i], file, page_no[i]);
        if (frame != NULL) {
            found |= UINT32_C(1) << i;
            __builtin_prefetch(frame->bytes);
            __builtin_prefetch(frame->bytes + file->cache->page_size - 64);
        }
        partition_unlock(p);
    }
    return found;
}

void table_shrink(struct cache *cache)
{
    for (int i = 0; i < PARTITION_COUNT; i++) {
        struct partition *p = &cache->partitions[i];
        partition_lock(p);
        uint32_t fitting = PARTITION_BUCKETS_MIN;
        while (fitting / 2 < p->entry_count)
            fitting *= 2;
        if (fitting < p->bucket_count)
            (void)resize(cache, p, fitting);
        partition_unlock(p);
    }
}
