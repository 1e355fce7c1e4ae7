/* A page cache over a file whose every write is watched, with a log that is only a number.
 *
 * Pages are leaves with one node that holds the page's number and the log position of its last change ("stamp"). The watch stands between the cache
 * and the (fault) file system, and looks at each page about to reach the disk: checksum right, number right, flush type the next one, stamp not
 * beyond what the log has made durable (cache rule 5), page not in the range a backup is reading. A breach is remembered, not asserted,
 * because it may happen in another thread: watched_close fails the test then.
 */
#ifndef TESTS_LIB_WATCHED_CACHE_H
#define TESTS_LIB_WATCHED_CACHE_H

#include <stdatomic.h>

#include "cache/cache.h"
#include "fault_fs.h"
#include "os/thread.h"

enum { WATCHED_PAGES_MAX = 4096 };

struct watched {
    struct os_fs fs; /* the watch's */
    struct fault_fs *fault;
    const char *folder, *path;
    struct os_file *file;
    struct cache *cache;
    struct cache_file *pages;
    uint32_t page_size;
    bool no_checksums;
    uint64_t live; /* blocks of memory before */

    /* the log */
    _Atomic lgpos_t tip, durable, waypoint; /* waypoint 0: none */
    atomic_uint flush_calls;
    _Atomic JET_ERR flush_error; /* of the next flush_log */
    atomic_bool image_is_due[WATCHED_PAGES_MAX]; /* set by the test: the page holds an uncommitted change whose image is not logged */
    _Atomic lgpos_t image_at[WATCHED_PAGES_MAX]; /* where it was logged */
    _Atomic JET_ERR image_error; /* of the next before_write with an image due */
    atomic_uint images;

    /* what the watch has seen */
    atomic_uint breaches;
    const char *_Atomic first_breach;
    atomic_uint writes, pages_written, syncs, failures; /* failures: told to the observer */
    _Atomic JET_ERR last_failure;
    atomic_uint_fast64_t shut_range; /* first << 32 | last, in one word: both belong to the same lock */
    atomic_uchar flush_types[WATCHED_PAGES_MAX]; /* of the last good write; 0xFF = not known */
    _Atomic lgpos_t on_disk[WATCHED_PAGES_MAX];

    /* the gate: while shut, writes wait (before they reach the disk) */
    struct mutex gate;
    struct condition gate_moved;
    bool gate_is_shut;
    unsigned waiting;

    /* one entry per event of the recording: what was durable in the log then */
    struct mutex order; /* writes, syncs and sizes one after another, so that event numbers are known */
    lgpos_t *durable_at;
    size_t durable_count;
};

/* Makes a file of page_count pages with stamp 1, and opens a cache of `bytes` on it. record: with fault_fs_record. */
void watched_open(struct watched *w, uint32_t page_size, page_no_t page_count, uint64_t bytes, bool record);
/* Flushes nothing: detaches and closes, and fails if the watch saw a breach or memory leaked. */
void watched_close(struct watched *w);
/* The cache alone: closed and opened again on the same file. */
void watched_close_cache(struct watched *w);
void watched_open_cache(struct watched *w, uint64_t bytes);

/* A position of the log for a new record. */
lgpos_t watched_append(struct watched *w);
/* Fills a whole page; seal computes the checksum too. */
void watched_fill(uint8_t *page, uint32_t page_size, page_no_t page_no, lgpos_t stamp, bool seal);
lgpos_t watched_stamp(const struct page_view *view);
/* Appends a record, and changes the page to carry its position; oldest 0: the record's own. Returns the position, or an error (negative). */
int64_t watched_change(struct watched *w, page_no_t page_no, lgpos_t oldest);
/* The stamp of a page through the cache; 0 on an error. */
lgpos_t watched_read(struct watched *w, page_no_t page_no);
/* The stamp of a page in a file on disk; 0 when its checksum is wrong, UINT64_MAX when it has never been written. */
lgpos_t watched_stamp_in(const struct watched *w, const uint8_t *file_bytes, page_no_t page_no);
struct cache_statistics watched_statistics(struct watched *w);

/* From here on a write of one of these pages is a breach; 0, 0 ends it. */
static inline void watched_shut_range(struct watched *w, page_no_t first, page_no_t last) { atomic_store(&w->shut_range, (uint64_t)first << 32 | last); }

void watched_shut_gate(struct watched *w);
void watched_open_gate(struct watched *w);
/* Waits until `count` writes stand before the gate. */
void watched_wait_at_gate(struct watched *w, unsigned count);

#endif
