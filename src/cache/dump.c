/* What of the frames a core dump contains (cache.h). The system forgets it with the memory: a chunk that is allocated later is dumped whole. */
#include "base/memory.h"
#include "cache/internal.h"

/* lock: replacement */
static bool is_wanted(const struct cache_frame *frame, unsigned what)
{
    if ((what & CACHE_DUMP_DIRTY) != 0 && atomic_load_explicit(&frame->state, memory_order_relaxed) != 0)
        return true;
    if ((what & CACHE_DUMP_CACHED) != 0 && frame->queue != QUEUE_FREE && frame->queue != QUEUE_NONE)
        return true;
    return (what & CACHE_DUMP_UNSETTLED) != 0 && frame->queue == QUEUE_NONE;
}

void cache_set_dumped(struct cache *cache, unsigned what)
{
    mutex_lock(&cache->replacement);
    for (struct frame_chunk *chunk = cache->chunks; chunk != NULL; chunk = chunk->next) {
        mem_set_dumped(chunk->pages, (size_t)CHUNK_FRAMES * cache->page_size, what == CACHE_DUMP_ALL);
        for (int i = 0; i < CHUNK_FRAMES && what != CACHE_DUMP_ALL; i++)
            if (is_wanted(&chunk->frames[i], what))
                mem_set_dumped(chunk->frames[i].bytes, cache->page_size, true);
    }
    mutex_unlock(&cache->replacement);
}
