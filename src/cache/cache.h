/* The page cache: fixed memory, pages found by (file, page number), pinned and latched while in use.
 *
 * cache rule 1: a page's bytes are read only while it is pinned and latched (shared or exclusive).
 * cache rule 2: a page enters the cache only after its checksum, page number and structure have been checked; a single flipped bit is
 *   repaired and reported to the file's observer; anything else is the precise error and the frame is not kept.
 * cache rule 3: memory is bounded by the configured maximum; when every frame is pinned, a request waits briefly, then gets
 *   JET_errOutOfBuffers.
 * cache rule 4: no cache lock is held during I/O; two readers of one absent page cause one read.
 * cache rule 5: a page never reaches the disk before the log that explains it (the write side calls flush_log given at construction).
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

struct cache_config {
    uint32_t page_size;
    uint64_t bytes_min, bytes_max; /* frames are allocated between these; at least CACHE_FRAMES_MIN frames */
};
enum { CACHE_FRAMES_MIN = 32 };
/* Memory beyond bytes_max that the cache itself takes (when bytes_max holds at least CACHE_FRAMES_MIN frames). */
enum { CACHE_BYTES_FIXED = 16384 };

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
    void *context;
};

struct cache_file_config {
    struct os_file *file;           /* stays the caller's; open until detach */
    struct cache_observer observer; /* members may be NULL */
    bool skip_checksums;            /* temporary databases carry none */
};
MUST_CHECK JET_ERR cache_file_attach(struct cache *cache, const struct cache_file_config *config, struct cache_file **out);
/* Drops the file's pages (none may be pinned). Accepts NULL. */
void cache_file_detach(struct cache_file *file);
uint32_t cache_file_page_size(const struct cache_file *file);
struct os_file *cache_file_os_file(const struct cache_file *file);
/* Last page number that lies inside the file, as found at attach or after growth. */
page_no_t cache_file_last_page(const struct cache_file *file);

enum page_latch { PAGE_LATCH_SHARED, PAGE_LATCH_EXCLUSIVE };

/* A pinned, latched page. view is valid until cache_release. */
struct page_ref {
    struct page_view view;
    struct cache_frame *frame; /* NULL = empty */
    enum page_latch latch;
};

/* Finds or reads the page, pins and latches it. Errors: JET_errFileIOBeyondEOF (past the file: page numbers come from files),
 * JET_errReadVerifyFailure, JET_errReadPgnoVerifyFailure, JET_errPageNotInitialized, JET_errDatabaseCorrupted, JET_errDiskIO,
 * JET_errOutOfBuffers, JET_errOutOfMemory. On error *out is empty. */
MUST_CHECK JET_ERR cache_get(struct cache_file *file, page_no_t page_no, enum page_latch latch, struct page_ref *out);
/* Accepts an empty ref; empties it. */
void cache_release(struct page_ref *ref);
/* A hint that pages [first, first+count) will be wanted soon. */
void cache_prefetch(struct cache_file *file, page_no_t first, uint32_t count);

/* Keeps page writes out of [first, last] while a backup reads the range from the file; returns when running writes have ended. */
void cache_range_lock(struct cache_file *file, page_no_t first, page_no_t last);
void cache_range_unlock(struct cache_file *file);

struct cache_statistics {
    uint64_t hits, misses, evictions, repaired, failed, bytes_allocated, frames, pinned;
};
void cache_get_statistics(struct cache *cache, struct cache_statistics *out);

#endif
