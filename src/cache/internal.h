/* Inside the page cache: frames, the table that finds them, and who guards what. For the files of this folder only.
 *
 *   table.c    (file, page) -> frame: partitions with one mutex each
 *   frames.c   where frames come from: allocation in chunks, the free list, replacement
 *   read.c     from disk into a frame, and the verification rule 2 asks for
 *   cache.c    the public functions
 *
 * Who guards what (README.md gives the reasons):
 *   frame->file, page_no     written by the frame's only owner while it is in no table; read under the partition's mutex or the replacement
 *                            mutex or while pinned
 *   frame->next_in_bucket    partition mutex
 *   frame->pins              0 -> 1 only under the partition mutex; decremented by anyone
 *   bytes, error             frame->latch
 *   queue, links             replacement mutex
 *   read_tick                written by the owner before the frame enters the table
 *   is_referenced            atomic, no lock: a hint
 */
#ifndef OPENESE_CACHE_INTERNAL_H
#define OPENESE_CACHE_INTERNAL_H

#include <stdatomic.h>

#include "cache/cache.h"
#include "os/light_latch.h"
#include "os/thread.h"

enum {
    PARTITION_COUNT = 16,
    PARTITION_BUCKETS_MIN = 16,
    CHUNK_FRAMES = CACHE_FRAMES_MIN,
    PAGE_ALIGNMENT = 4096,
    WAIT_ROUNDS = 500, /* of one millisecond, when every frame is pinned (rule 3) */
    READ_AHEAD_MAX = 1024 /* pages one hint may ask for */
};

enum frame_queue { QUEUE_NONE, QUEUE_FREE, QUEUE_COLD, QUEUE_HOT, QUEUE_COUNT };

struct cache_frame {
    struct light_latch latch;
    atomic_uint pins;
    atomic_uint is_referenced;
    struct cache_file *file;
    page_no_t page_no;
    JET_ERR error; /* of the read; such a frame is out of the table, and the last one to unpin it frees it */
    uint8_t *bytes;
    struct cache_frame *next_in_bucket;
    struct cache_frame *previous, *next;
    uint64_t read_tick; /* cache->tick when the page came in */
    enum frame_queue queue;
} __attribute__((aligned(64)));

/* Frames are allocated and given back in chunks. */
struct frame_chunk {
    struct frame_chunk *next;
    uint8_t *pages;
    struct cache_frame frames[CHUNK_FRAMES];
};

struct frame_list {
    struct cache_frame *first, *last;
    uint64_t count;
};

struct partition {
    struct mutex mutex;
    struct cache_frame **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t entry_count;
    uint64_t hits, misses;
} __attribute__((aligned(64)));

struct cache {
    uint32_t page_size;
    struct mutex replacement; /* RANK_CACHE; guards the members down to the mark */
    struct frame_chunk *chunks;
    uint64_t frame_count, frames_max;
    struct frame_list queues[QUEUE_COUNT];
    uint64_t evictions;
    /* ---- end of what replacement guards */
    atomic_uint_fast64_t tick; /* pages read so far: the clock of replacement */
    atomic_uint_fast64_t touch_window; /* see frame_touch */
    atomic_uint_fast64_t repaired, failed;
    atomic_uint_fast64_t table_bytes;
    atomic_uint file_count;
    struct partition partitions[PARTITION_COUNT];
};

struct cache_file {
    struct cache *cache;
    struct os_file *file;
    struct cache_observer observer;
    page_no_t last_page;
    bool skip_checksums;
    struct mutex range_mutex; /* RANK_BACKUP_RANGE */
    struct condition range_free;
    bool range_is_locked;
    page_no_t range_first, range_last;
};

/* --- table.c --- */

MUST_CHECK JET_ERR table_init(struct cache *cache);
void table_destroy(struct cache *cache);
/* The frame of the page, pinned, or NULL. */
struct cache_frame *table_find(struct cache_file *file, page_no_t page_no);
/* Enters the frame (owned by the caller, file and page_no set, pinned once). If the page is there already, pins and returns that frame
 * instead, and the caller's stays its own. */
struct cache_frame *table_insert(struct cache_frame *frame);
/* Takes the frame out of the table, whatever its pins: after a failed read. */
void table_remove(struct cache_frame *frame);
/* Takes it out if nobody has it pinned; false otherwise. Lock on entry: replacement. */
bool table_remove_unpinned(struct cache_frame *frame);
bool table_contains(struct cache_file *file, page_no_t page_no);
/* Fits the tables to the number of their entries, after a shrink. */
void table_shrink(struct cache *cache);

/* --- frames.c --- */

/* Bytes of memory one frame costs, its share of the tables at their fullest included. */
uint64_t frame_cost(uint32_t page_size);
/* A frame in no queue and no table, pinned once by the caller, latch free. JET_errOutOfBuffers, JET_errOutOfMemory. */
MUST_CHECK JET_ERR frames_take(struct cache *cache, struct cache_frame **out);
/* Gives back a frame that is in no table, unpinned. */
void frames_give_back(struct cache *cache, struct cache_frame *frame);
/* A page has been read into the frame: it joins the replacement queues. */
void frames_enter(struct cache *cache, struct cache_frame *frame);
/* Sets the limits; frees what is above them and not pinned, allocates what is below. */
MUST_CHECK JET_ERR frames_set_limits(struct cache *cache, uint64_t frames_min, uint64_t frames_max);
/* Drops all pages of a file; none may be pinned. */
void frames_drop_file(struct cache *cache, const struct cache_file *file);
void frames_destroy(struct cache *cache);
/* A page was used: it has earned a place among the hot ones if its first use lies some reads back (one visit of a scan touches a page
 * many times in a row, which counts as one). No lock. */
void frame_touch(struct cache *cache, struct cache_frame *frame);

/* --- read.c --- */

/* Reads the frame's page and verifies it. Lock on entry and exit: the frame's latch, exclusive. Tells the observer about a repair; a
 * failure is told with read_report_failure after the latch is free. */
struct read_result {
    JET_ERR error;
    struct checksum_result checksum;
    const char *why; /* static text */
};
struct read_result read_page(struct cache_frame *frame);
void read_report_failure(struct cache_file *file, page_no_t page_no, const struct read_result *result);

#endif
