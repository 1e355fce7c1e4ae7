/* The page cache: fixed memory, pages found by (file, page number), pinned and latched while in use.
 *
 * cache rule 1: a page's bytes are read only while it is pinned and latched (shared or exclusive).
 * cache rule 2: a page enters the cache only after its checksum, page number and structure have been checked; a single flipped bit is
 *   repaired and reported to the file's observer; anything else is the precise error and the frame is not kept.
 * cache rule 3: memory is bounded by the configured maximum, while a file is frozen by half as much again; when every frame is pinned, a request
 *   waits briefly, then gets JET_errOutOfBuffers.
 * cache rule 4: no cache lock is held during I/O; two readers of one absent page cause one read.
 * cache rule 5: a page never reaches the disk before the log that explains it (the write side calls flush_log given at construction).
 * cache rule 6: a changed page leaves memory only after it has been written; a failed write changes nothing in memory.
 * cache rule 7: what cache_oldest_dirty names is everything that may be missing in the file if power goes now: changed pages, pages written but
 *   not synced, and pages a failed sync has lost.
 * Threads: every function may be called from any thread. Page latches are taken in tree order by the callers (btree/README.md).
 */
#ifndef OPENESE_CACHE_CACHE_H
#define OPENESE_CACHE_CACHE_H

#include "base/error.h"
#include "format/checksum.h"
#include "format/page.h"
#include "os/file.h"

struct cache;
struct cache_file;
struct cache_frame;

/* What the cache asks before it writes. All may be NULL (no log; no limit). They are called without cache locks, from any thread, also from
 * one inside cache_get that needs a frame and may hold page latches: they take only locks of higher rank than RANK_PAGE and must not use the
 * cache. flush_log returns when the log is durable up to and including the record at `position`; on an error the page is not written.
 * may_write is asked with the page latched: may a page whose newest change is at `position` be written yet (the waypoint, recovery 10.1)? */
struct cache_log {
    /* Asked with the page latched, before its bytes are copied for writing: appends to the log what must be in it before the page may be on disk (images of
     * uncommitted changes, recovery 10.2), and raises *position to the last such record. On an error the page is not written. May be NULL. */
    JET_ERR (*before_write)(void *context, void *file_context, page_no_t page_no, lgpos_t *position);
    JET_ERR (*flush_log)(void *context, lgpos_t position);
    bool (*may_write)(void *context, void *file_context, lgpos_t position);
    void *context;
};

struct cache_config {
    uint32_t page_size;
    uint64_t bytes_min, bytes_max; /* frames come as they are needed, up to bytes_max, and at least CACHE_FRAMES_MIN; below bytes_min there is nothing to give back */
    struct cache_log log;
};
enum { CACHE_FRAMES_MIN = 32 };
/* Memory beyond bytes_max that the cache itself takes (when bytes_max holds at least CACHE_FRAMES_MIN frames), most of it buffers for writing. */
enum { CACHE_BYTES_FIXED = 24576 + 3 * 131072 };
/* A flush could not write pages that the waypoint holds back. */
enum { CACHE_ERROR_PAGES_HELD = -264 };

MUST_CHECK JET_ERR cache_create(const struct cache_config *config, struct cache **out);
/* All files must be detached. Accepts NULL. */
void cache_destroy(struct cache *cache);
/* Changes the limits at run time; shrinking drops unpinned pages. */
MUST_CHECK JET_ERR cache_resize(struct cache *cache, uint64_t bytes_min, uint64_t bytes_max);

/* Told about every page that did not verify cleanly on read. Called without cache locks, but in the reading thread, which may hold page
 * latches: an observer takes only locks of higher rank than RANK_PAGE. result is all zero when the read itself failed. */
struct cache_observer {
    void (*page_repaired)(void *context, page_no_t page_no, const struct checksum_result *result);
    void (*page_failed)(void *context, page_no_t page_no, JET_ERR error, const struct checksum_result *result, const char *why);
    /* Pages [first, first+count) could not be written; they stay dirty. In the writing thread, which may be inside cache_get. */
    void (*write_failed)(void *context, page_no_t first, uint32_t count, JET_ERR error);
    /* With page_failed, for who must know the file: file_context is that of struct cache_file_config. */
    void (*page_lost)(void *context, void *file_context, page_no_t page_no, JET_ERR error);
    void *context;
};

struct cache_file_config {
    struct os_file *file;           /* stays the caller's; open until detach */
    struct cache_observer observer; /* members may be NULL */
    bool skip_checksums;            /* temporary databases carry none */
    bool is_read_only;              /* exclusive latches and new pages are JET_errDatabaseFileReadOnly */
    void *context;                  /* for cache_log, and cache_file_context: the struct database, or NULL */
};
MUST_CHECK JET_ERR cache_file_attach(struct cache *cache, const struct cache_file_config *config, struct cache_file **out);
/* Drops the file's pages (none may be pinned). Changed ones are refused (the program stops): flush or discard them before. Accepts NULL. */
void cache_file_detach(struct cache_file *file);
void *cache_file_context(const struct cache_file *file);
uint32_t cache_file_page_size(const struct cache_file *file);
struct os_file *cache_file_os_file(const struct cache_file *file);
/* Last page number that lies inside the file, as found at attach or after growth. Lock-free. */
page_no_t cache_file_last_page(const struct cache_file *file);

enum page_latch { PAGE_LATCH_SHARED, PAGE_LATCH_EXCLUSIVE };

/* A pinned, latched page. view is valid until cache_release. */
struct page_ref {
    struct page_view view;
    struct cache_frame *frame; /* NULL = empty */
    enum page_latch latch;
};

/* Finds or reads the page, pins and latches it. JET_errDatabaseFileReadOnly: exclusive in a read-only file. Other errors: JET_errFileIOBeyondEOF (past the file: page numbers come from files),
 * JET_errReadVerifyFailure, JET_errReadPgnoVerifyFailure, JET_errPageNotInitialized, JET_errDatabaseCorrupted, JET_errDiskIO,
 * JET_errOutOfBuffers, JET_errOutOfMemory. On error *out is empty. */
MUST_CHECK JET_ERR cache_get(struct cache_file *file, page_no_t page_no, enum page_latch latch, struct page_ref *out);
/* Accepts an empty ref; empties it. */
void cache_release(struct page_ref *ref);
/* Which of these pages are in memory, bit i for page_no[i]: a guess, others come and go. What a look at them begins with is on its way into the processor's cache
 * afterwards: whoever gets page after page waits for memory at each, but here for all of them at once. At most CACHE_PEEK_MAX pages. */
enum { CACHE_PEEK_MAX = 32 };
uint32_t cache_peek(struct cache_file *file, const page_no_t *page_no, uint32_t count);
/* The address of a page's bytes if it is in memory, else 0: to have the processor fetch them ahead of time, never to be read. It may mean something else any moment. */
uintptr_t cache_whereabouts(struct cache_file *file, page_no_t page_no);
/* A hint that pages [first, first+count) will be wanted soon. */
void cache_prefetch(struct cache_file *file, page_no_t first, uint32_t count);

/* --- changing pages ---
 *
 * Get the page exclusive, write its log record, change the bytes, mark, release. The page is not written before it is released. A change whose
 * log record belongs to no transaction is marked before the record is written too (last_change 0, oldest = the log's tip), so that
 * a checkpoint taken in between does not pass it.
 */

/* The page, pinned and latched exclusive, without reading it: for pages about to be initialised. If it is in memory its bytes are as they were,
 * else zero (the view has no nodes). A page that was not in memory and is released without having been marked dirty is forgotten. page_no must
 * lie inside the file (cache_file_grow). Errors: JET_errFileIOBeyondEOF, JET_errDatabaseFileReadOnly, JET_errOutOfBuffers,
 * JET_errOutOfMemory. */
MUST_CHECK JET_ERR cache_get_new(struct cache_file *file, page_no_t page_no, struct page_ref *out);
/* Writable bytes of a page held exclusive. Whoever changes them keeps the structure sound, and marks the page. The checksum and the flush type in
 * the page are not kept up to date; they are stored at write time. */
uint8_t *page_ref_bytes(struct page_ref *ref);
/* The page (held exclusive) has changed: refreshes the view. last_change: position of the newest log record on it (0: none), that must be durable
 * before it is written; oldest: what the checkpoint may not pass until it has been (0: nothing), the start of the oldest transaction
 * that changed it. Both accumulate over calls until the page is written. */
void cache_mark_dirty(struct page_ref *ref, lgpos_t last_change, lgpos_t oldest);
/* Has the page changes that are not written yet? Held exclusive; it may be written meanwhile. */
bool cache_is_dirty(const struct page_ref *ref);

/* Writes all pages that are dirty at the call, then syncs the file once. Pages that become dirty meanwhile may stay so. The first error ends
 * it: of the log flush, the write, the sync; nothing is lost by it, and a later call tries again. CACHE_ERROR_PAGES_HELD: some pages may not be
 * written yet; all others are, and synced. The caller holds no page latch. Waits for range locks. */
MUST_CHECK JET_ERR cache_flush_file(struct cache_file *file);
/* The same for pages whose oldest change is before `position`: lets the checkpoint advance up to it. */
MUST_CHECK JET_ERR cache_flush_older(struct cache_file *file, lgpos_t position);
/* Writes at most about `pages_max` of them without waiting for latches, buffers or ranges, and does not sync: for who must not block others. *has_more: there are more, and this call wrote some.
 * The error of a write. */
MUST_CHECK JET_ERR cache_write_older(struct cache_file *file, lgpos_t position, uint32_t pages_max, bool *has_more);
/* The same for one page, with dirty neighbours, and the sync. */
MUST_CHECK JET_ERR cache_flush_page(struct cache_file *file, page_no_t page_no);
/* All files; goes on after an error, the first is returned. */
MUST_CHECK JET_ERR cache_flush(struct cache *cache);
/* Makes what was written durable. After a failure the pages that should have been made durable are dirty again. If some of them are no
 * longer in memory, this and every later sync fails (JET_errDiskIO), and cache_oldest_dirty stays below them: the log must be replayed. */
MUST_CHECK JET_ERR cache_file_sync(struct cache_file *file);
/* The oldest position whose changes may be missing in the file (rule 7), 0 = none; file NULL: of all. Takes constant time per file. */
lgpos_t cache_oldest_dirty(struct cache *cache, struct cache_file *file);
/* Forgets all changes not written yet, and drops the file's pages (none may be pinned): for a database that will be recovered. */
void cache_file_discard(struct cache_file *file);

/* Makes the file end after last_page: longer with zero pages, never shorter. Errors of os_file_set_size; then nothing has changed. */
MUST_CHECK JET_ERR cache_file_grow(struct cache_file *file, page_no_t last_page);
/* Cuts the file after last_page and drops the pages behind, changed ones too. A page there that stays pinned for half a second:
 * JET_errDatabaseInUse, nothing has changed. On another error the file has its old length, and the pages behind may hold old content. */
MUST_CHECK JET_ERR cache_file_truncate(struct cache_file *file, page_no_t last_page);

/* Keeps page writes, growth and truncation out of [first, last] while a backup reads the range from the file; returns when running writes there have ended. Flushes wait
 * for the unlock, so the locking thread must not flush. One range of a file at a time. */
void cache_range_lock(struct cache_file *file, page_no_t first, page_no_t last);
void cache_range_unlock(struct cache_file *file);
/* The same for the whole file, for as long as a snapshot takes. Three steps, the first before the log stops: from announce to unannounce nobody writes a page in order to get a frame; there are more
 * frames than the limit instead, and when those are dirty too the wait for one has no end. */
void cache_file_announce_freeze(struct cache_file *file);
void cache_file_freeze(struct cache_file *file);
void cache_file_thaw(struct cache_file *file);
void cache_file_unannounce_freeze(struct cache_file *file);
/* For who is about to change pages and holds no latch: while some file is frozen, waits when half of the frames are dirty, so that readers find frames. Costs one atomic load otherwise. */
void cache_wait_for_thaw(const struct cache_file *file);

/* What a core dump of the process contains of the pages: all, or those of these kinds alone. Of memory allocated later: all. */
enum cache_dump {
    CACHE_DUMP_ALL = 0x1,
    CACHE_DUMP_DIRTY = 0x2,
    CACHE_DUMP_CACHED = 0x4,    /* pages with data */
    CACHE_DUMP_UNSETTLED = 0x8  /* pages being read, or found damaged, while somebody holds them */
};
void cache_set_dumped(struct cache *cache, unsigned what);

struct cache_statistics {
    uint64_t hits, misses, evictions, repaired, failed, bytes_allocated, frames, pinned;
    uint64_t dirty, writes, pages_written, write_failures;
};
void cache_get_statistics(struct cache *cache, struct cache_statistics *out);

#endif
