/* Inside the page cache: frames, the table that finds them, and who guards what. For the files of this folder only.
 *
 *   table.c    (file, page) -> frame: partitions with one latch each
 *   frames.c   where frames come from: allocation in chunks, the free list, replacement
 *   read.c     from disk into a frame, and the verification rule 2 asks for
 *   dirty.c    which pages of a file have changed, in order of change and by the oldest change; claims of those who write
 *   write.c    from frames to the disk: copies, runs of neighbours, the log before the page
 *   writer.c   who writes when: the background thread, and the thread that needs a frame
 *   range.c    the range a backup reads, and the writes that run
 *   flush.c    the public functions of the write side: flush, sync, discard, growth
 *   cache.c    the public functions of the read side, and files
 *
 * Who guards what (README.md gives the reasons):
 *   frame->file, page_no     written by the frame's only owner while it is in no table; read under the partition's latch or the replacement
 *                            mutex or while pinned
 *   frame->next_in_bucket    partition latch
 *   frame->pins              0 -> 1 only under the partition latch; decremented by anyone
 *   bytes, error             frame->latch
 *   queue, links             replacement mutex
 *   read_tick                written by the owner before the frame enters the table
 *   is_referenced            atomic, no lock: a hint
 *   state                    changed under file->dirty_mutex; from 0 only by who holds the latch exclusive, or the replacement mutex (a failed
 *                            sync); to COPIED only by who holds it shared; to 0 only under the replacement mutex too. Read anywhere.
 *   last_change, is_new      changed under the exclusive latch
 *   flush_type, oldest, sequence, links of the dirty set, written_epoch, unsynced_oldest: file->dirty_mutex
 */
#ifndef OPENESE_CACHE_INTERNAL_H
#define OPENESE_CACHE_INTERNAL_H

#include <stdatomic.h>

#include "cache/cache.h"
#include "format/flush_map.h"
#include "os/light_latch.h"
#include "os/thread.h"

enum {
    PARTITION_COUNT = 16,
    PARTITION_BUCKETS_MIN = 16,
    CHUNK_FRAMES = CACHE_FRAMES_MIN,
    PAGE_ALIGNMENT = 4096,
    WAIT_ROUNDS = 500, /* of one millisecond, when every frame is pinned (rule 3) */
    WAIT_ROUNDS_WRITING = 5000, /* and while other threads write pages */
    READ_AHEAD_MAX = 1024, /* pages one hint may ask for */
    WRITE_BUFFER_COUNT = 3, /* writes that can be under way at once */
    WRITE_BUFFER_BYTES = 131072,
    WRITE_PAGES_MAX = WRITE_BUFFER_BYTES / PAGE_SIZE_MIN
};

/* Parked: a changed page whose turn to leave has come; it waits there for being written. */
enum frame_queue { QUEUE_NONE, QUEUE_FREE, QUEUE_COLD, QUEUE_HOT, QUEUE_PARKED, QUEUE_COUNT };

/* What has become of a changed page. 0 = as on disk.
 *
 *            mark                claim              copy                     written, not changed since
 *   0 ---------------> DIRTY ------------> +CLAIMED ------> +COPIED ---------------------------------------> 0
 *                        ^                    |   gave up      |  \-- mark: +REDIRTIED -- written ----> DIRTY (as if newly marked)
 *                        \--------------------/----------------/  write failed
 */
enum frame_state {
    FRAME_DIRTY = 1,
    FRAME_CLAIMED = 2,  /* one thread is about to write it; nobody else may */
    FRAME_COPIED = 4,   /* its bytes have been taken: changes from now on are not part of the write */
    FRAME_REDIRTIED = 8 /* there were such changes */
};

struct cache_frame {
    /* What a hit looks at stands in the first 64 bytes. */
    struct light_latch latch;
    atomic_uint pins;
    atomic_uint is_referenced;
    struct cache_file *file;
    page_no_t page_no;
    JET_ERR error; /* of the read; such a frame is out of the table, and the last one to unpin it frees it */
    uint8_t *bytes;
    struct cache_frame *next_in_bucket;
    uint64_t read_tick;      /* cache->tick when the page came in */
    atomic_uint state;       /* of enum frame_state */
    bool is_new;             /* made by cache_get_new, not marked dirty yet: what is on disk is unknown */
    uint8_t flush_type;      /* of the page on disk: the next write carries the next one */
    /* replacement */
    enum frame_queue queue;
    struct cache_frame *previous, *next;
    /* the write side */
    _Atomic lgpos_t last_change; /* newest log position that must be durable before the page is written */
    _Atomic lgpos_t oldest;  /* of changes not on disk; 0 = none known. Key of the heap */
    lgpos_t redirty_oldest;  /* of those made since the copy */
    uint64_t sequence, redirty_sequence; /* order of the list */
    struct cache_frame *dirty_previous, *dirty_next;
    struct cache_frame *heap_child, *heap_next, *heap_previous;
    uint64_t written_epoch;  /* file->epoch at the last write; 0 = none */
    lgpos_t unsynced_oldest; /* of what that write contained, and earlier ones of it that are not synced */
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct cache_frame, queue) <= 64, "a hit touches one cache line of the frame");

/* Large caches have the pages of many chunks side by side, in memory that the system can map in large pages. */
struct frame_slab {
    struct frame_slab *next;
    uint8_t *memory, *pages; /* pages: the first aligned place in memory */
    uint64_t free;           /* a bit per chunk it has room for, as far as that is free */
    uint64_t all;            /* `free` when it has no chunk */
};

/* Frames are allocated and given back in chunks. */
struct frame_chunk {
    struct frame_chunk *next;
    struct frame_slab *slab; /* whose part the pages are; NULL: `memory` is the chunk's own */
    uint8_t *memory, *pages; /* pages: the first aligned place in memory */
    struct cache_frame frames[CHUNK_FRAMES];
};

struct frame_list {
    struct cache_frame *first, *last;
    uint64_t count;
};

/* One cache line, which is all that a look-up writes to but the frame. */
struct partition {
    struct light_latch latch; /* RANK_CACHE_PARTITION; always taken exclusive, for moments */
    struct cache_frame **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t entry_count;
    uint64_t hits, misses;
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct partition) == 64, "threads that look up pages pass one cache line to each other");

static inline void partition_lock(struct partition *p) { light_latch_exclusive(&p->latch, RANK_CACHE_PARTITION); }
static inline void partition_unlock(struct partition *p) { light_latch_unlock_exclusive(&p->latch); }

/* Buffers for copies of pages about to be written. */
struct write_pool {
    struct mutex mutex; /* RANK_LEAF */
    struct condition freed;
    uint8_t *memory; /* NULL until the first writable file is attached */
    uint8_t *free[WRITE_BUFFER_COUNT];
    unsigned free_count;
};

struct background_writer {
    struct mutex mutex; /* RANK_LEAF */
    struct condition wake;
    struct thread thread;
    atomic_bool is_started, is_wanted;
    bool is_stopping;
};

struct cache {
    uint32_t page_size;
    struct cache_log log;
    struct mutex replacement; /* RANK_CACHE; guards the members down to the mark */
    struct cache_file *files;
    struct frame_chunk *chunks;
    struct frame_slab *slabs;
    uint64_t frame_count, frames_max;
    struct frame_list queues[QUEUE_COUNT];
    uint64_t evictions;
    /* ---- end of what replacement guards */
    atomic_uint_fast64_t tick; /* pages read so far: the clock of replacement */
    atomic_uint_fast64_t touch_window; /* see frame_touch */
    atomic_uint_fast64_t repaired, failed;
    atomic_uint_fast64_t table_bytes;
    atomic_uint file_count;
    atomic_uint frozen_files; /* by cache_file_announce_freeze */
    atomic_uint_fast64_t dirty_count; /* frames whose state is not 0 */
    atomic_uint_fast64_t dirty_high, dirty_low; /* above high the background writer begins, at low it ends */
    atomic_uint_fast64_t writes, pages_written, write_failures;
    _Atomic lgpos_t durable; /* the log is known to be durable up to here */
    struct write_pool pool;
    struct background_writer writer;
    struct partition partitions[PARTITION_COUNT];
};

struct cache_file {
    struct cache *cache;
    _Atomic page_no_t last_page;
    bool skip_checksums, is_read_only;
    struct os_file *file;
    struct cache_observer observer;
    void *context;
    struct cache_file *next; /* replacement mutex */
    struct mutex range_mutex; /* RANK_BACKUP_RANGE; guards down to the mark */
    struct condition range_free;
    bool range_is_locked;
    page_no_t range_first, range_last;
    struct running_write *running;
    /* ---- */
    struct mutex dirty_mutex; /* RANK_LEAF; guards what follows */
    struct condition dirty_changed; /* a claim, a sync or a hold has ended */
    struct cache_frame *dirty_first, *dirty_last; /* by sequence: the order in which pages became dirty */
    struct cache_frame *heap; /* least `oldest` at the root */
    uint64_t sequence;
    uint64_t claims_ended; /* counts them, for those who wait */
    unsigned holds; /* threads that write pages of the file without owning it: it is not detached meanwhile */
    bool is_syncing;
    uint64_t epoch;        /* counts syncs begun, from 1: a write belongs to the epoch in which it ended */
    uint64_t synced_epoch; /* writes of this and earlier epochs are durable */
    uint64_t evicted_first, evicted_last; /* epochs between which pages were evicted before they were synced; 0 = none */
    lgpos_t unsynced_oldest, syncing_oldest; /* of changes written in the present epoch; in the one being synced */
    bool has_lost_writes;  /* a sync failed, and pages it should have covered are no longer in memory */
    lgpos_t lost_oldest;
};

/* A write under way, in the list of its file while it touches the disk. */
struct running_write {
    page_no_t first, last;
    struct running_write *next;
};

static inline lgpos_t oldest_of(lgpos_t a, lgpos_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }

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
/* Takes it out if nobody has it pinned and it is as on disk; false otherwise. Lock on entry: replacement. */
bool table_remove_unpinned(struct cache_frame *frame);
bool table_contains(struct cache_file *file, page_no_t page_no);
/* cache_whereabouts. */
uintptr_t table_whereabouts(struct cache_file *file, page_no_t page_no);
/* cache_peek; count is at most CACHE_PEEK_MAX. */
uint32_t table_peek(struct cache_file *file, const page_no_t *page_no, uint32_t count);
/* The frame of the page if it is dirty and nobody has claimed it: claims it. NULL otherwise. */
struct cache_frame *table_claim_dirty(struct cache_file *file, page_no_t page_no);
/* Fits the tables to the number of their entries, after a shrink. */
void table_shrink(struct cache *cache);

/* --- frames.c --- */

/* Bytes of memory one frame costs, its share of the tables at their fullest included. */
uint64_t frame_cost(uint32_t page_size);
/* A frame in no queue and no table, pinned once by the caller, latch free. JET_errOutOfBuffers, JET_errOutOfMemory. */
MUST_CHECK JET_ERR frames_take(struct cache *cache, struct cache_frame **out);
/* Gives back a frame that is in no table, unpinned. */
void frames_give_back(struct cache *cache, struct cache_frame *frame);
/* The frame holds its page: it joins the replacement queues. False, and it does not, when the file has been cut before the page meanwhile. */
bool frames_enter(struct cache *cache, struct cache_frame *frame);
/* Takes a frame out of the queues that its only owner gives up. */
void frames_leave(struct cache *cache, struct cache_frame *frame);
/* The page is as on disk again: if it was waiting for that, it is the next to leave. Lock on entry: replacement. */
void frames_unpark(struct cache *cache, struct cache_frame *frame);
/* A claimed parked page, its file held, or NULL. Each parked page has its turn. */
struct cache_frame *frames_claim_parked(struct cache *cache);
/* Sets the limit; frees what is above it and not pinned. Frames come as they are needed, the first ones at once. */
MUST_CHECK JET_ERR frames_set_limits(struct cache *cache, uint64_t frames_max);
/* Drops the pages of a file that come after `last`, changed ones too. Those that are pinned or being written stay: their numbers are
 * returned. */
struct frames_left {
    uint64_t pinned, claimed;
};
struct frames_left frames_drop(struct cache *cache, const struct cache_file *file, page_no_t last);
/* How many are pinned. */
uint64_t frames_count_pinned(struct cache *cache, const struct cache_file *file, page_no_t last);
/* The sync of a file's `epoch` has failed: every page written in it and not since counts as dirty again. */
void frames_redirty_unsynced(struct cache *cache, struct cache_file *file, uint64_t epoch);
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


/* --- dirty.c --- */

/* Lock on entry: the frame's latch, exclusive. */
void dirty_mark(struct cache_frame *frame, lgpos_t last_change, lgpos_t oldest);
/* Claims the frame for writing if it is dirty and unclaimed. The caller makes sure that the frame keeps its page meanwhile (replacement or
 * partition latch). */
bool dirty_try_claim(struct cache_frame *frame);
/* Claims the first page after *resume in the list (and moves *resume there) whose sequence is at most limit and whose oldest change is older than
 * older_than. NULL when there is none; *met_claimed is set when claimed ones were passed over. */
struct cache_frame *dirty_claim_next(struct cache_file *file, uint64_t *resume, uint64_t limit, lgpos_t older_than, bool *met_claimed);
/* The bytes have been taken. Lock on entry: the frame's latch, shared; the claim is the caller's. */
void dirty_note_copy(struct cache_frame *frame);
/* Ends a claim; what was copied was not written. */
void dirty_unclaim(struct cache_frame *frame);
/* Ends the claims of a run that has been written. */
void dirty_written(struct cache_file *file, struct cache_frame *const *frames, uint32_t count);
/* The frame will be dropped with its changes. False when it is claimed. Lock on entry: replacement; nobody has it pinned. */
bool dirty_forget(struct cache_frame *frame);
/* The sync of `epoch` failed: if the page's last write was in it, the page is dirty again. Lock on entry: replacement. */
void dirty_again(struct cache_frame *frame, uint64_t epoch);
/* A clean page leaves memory: if its last write is not synced, the file takes note. Lock on entry: replacement. */
void dirty_note_eviction(struct cache_frame *frame);
/* Keeps the file attached. Lock on entry of file_hold: replacement. */
void file_hold(struct cache_file *file);
void file_release(struct cache_file *file);

/* --- write.c --- */

MUST_CHECK JET_ERR write_pool_init(struct cache *cache);
MUST_CHECK JET_ERR write_pool_fill(struct cache *cache); /* allocates the buffers, once */
void write_pool_destroy(struct cache *cache);
enum write_result {
    WRITE_DONE,
    WRITE_BUSY,  /* somebody has the page, the range, or all buffers */
    WRITE_HELD,  /* not yet: the waypoint */
    WRITE_FAILED
};
/* Writes a claimed page with its dirty neighbours, and ends the claim. may_wait: waits for latch, buffer and range; the caller holds no page
 * latch then. *error: with WRITE_FAILED; the observer has been told. */
enum write_result write_around(struct cache_frame *anchor, bool may_wait, JET_ERR *error);

/* --- writer.c --- */

MUST_CHECK JET_ERR writer_init(struct cache *cache);
/* Stops the thread. */
void writer_destroy(struct cache *cache);
/* The first page has become dirty: starts the thread. */
void writer_start(struct cache *cache);
/* There is something to do. */
void writer_wake(struct cache *cache);
/* The file after `file` in the list, held, or NULL; the hold of `file` ends. NULL begins. */
struct cache_file *writer_next_file(struct cache *cache, struct cache_file *file);
/* Writes one run of parked pages, by the thread that needs a frame. WRITE_BUSY when nothing could be written. */
enum write_result writer_help(struct cache *cache, JET_ERR *error);

/* --- range.c --- */

/* Registers a write of pages [write->first, write->last]. False when a backup is reading there and may_wait is not set. */
bool range_enter(struct cache_file *file, struct running_write *write, bool may_wait);
void range_leave(struct cache_file *file, struct running_write *write);

#endif
