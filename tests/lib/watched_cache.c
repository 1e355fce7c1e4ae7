/* The watched cache (watched_cache.h). */
#include "watched_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "format/flush_map.h"
#include "shared_data.h"

struct watched_file {
    struct os_file base;
    struct os_file *under;
};

enum { STAMP_IN_DATA = 4, DATA_SIZE = 600 };

static struct watched *watch_of(struct os_file *file) { return (struct watched *)file->fs->state; }
static struct os_file *under_of(struct os_file *file) { return ((struct watched_file *)(void *)file)->under; }

static void breach(struct watched *w, const char *what)
{
    if (atomic_fetch_add(&w->breaches, 1) == 0)
        atomic_store(&w->first_breach, what);
}

/* --- pages --- */

void watched_fill(uint8_t *page, uint32_t page_size, page_no_t page_no, lgpos_t stamp, bool seal)
{
    uint32_t header = page_header_size(page_size), line_size = 2 + 4 + DATA_SIZE;
    uint8_t *line = page + header;
    memset(page, 0, page_size);
    store_le64(page + 8, stamp);
    store_le32(page + 24, 5);
    store_le16(page + 34, 2);
    store_le32(page + 36, PAGE_FLAG_LEAF | PAGE_FLAG_NEW_CHECKSUM);
    if (page_is_large(page_size))
        store_le32(page + 64, page_no);
    store_le16(line, 4);
    memcpy(line + 2, "key.", 4);
    memset(line + 6, (int)(stamp * 31 & 0xFF), DATA_SIZE);
    store_le32(line + 6, page_no);
    store_le64(line + 6 + STAMP_IN_DATA, stamp);
    store_le16(page + page_size - 8, (uint16_t)line_size);
    store_le16(page + 32, (uint16_t)line_size);
    store_le16(page + 28, (uint16_t)(page_size - header - line_size - 8));
    if (seal)
        checksum_store_page(page, page_size, page_no);
}

lgpos_t watched_stamp(const struct page_view *view)
{
    if (page_node_count(view) != 1)
        return 0;
    struct node node = page_node(view, 0);
    lgpos_t stamp = load_le64(node.data.data + STAMP_IN_DATA);
    if (node.data.size != DATA_SIZE || load_le32(node.data.data) != view->page_no || page_dbtime(view) != stamp)
        return 0;
    for (uint32_t i = STAMP_IN_DATA + 8; i < DATA_SIZE; i++) {
        if (node.data.data[i] != (stamp * 31 & 0xFF))
            return 0;
    }
    return stamp;
}

/* Of a page as on disk: 0 = wrong, UINT64_MAX = never written. */
static lgpos_t stamp_of_bytes(const uint8_t *bytes, uint32_t page_size, page_no_t page_no, bool no_checksums)
{
    struct page_view view;
    uint8_t *copy = (uint8_t *)malloc(page_size);
    lgpos_t stamp = 0;
    memcpy(copy, bytes, page_size);
    if (is_all_zero(copy, page_size))
        stamp = UINT64_MAX;
    else if ((no_checksums || checksum_verify_page(copy, page_size, page_no, false).verdict == CHECKSUM_OK) &&
             page_view_init(&view, copy, page_size, page_no, NULL) == JET_errSuccess)
        stamp = watched_stamp(&view);
    free(copy);
    return stamp;
}

lgpos_t watched_stamp_in(const struct watched *w, const uint8_t *file_bytes, page_no_t page_no)
{
    return stamp_of_bytes(file_bytes + page_file_offset(page_no, w->page_size), w->page_size, page_no, w->no_checksums);
}

/* --- the watch --- */

static void check_page(struct watched *w, const uint8_t *bytes, page_no_t page_no)
{
    lgpos_t stamp = stamp_of_bytes(bytes, w->page_size, page_no, w->no_checksums);
    if (stamp == 0 || stamp == UINT64_MAX)
        breach(w, "a page that is not whole was written");
    else if (stamp > atomic_load(&w->durable))
        breach(w, "a page was written before its log");
    if (atomic_load(&w->waypoint) != 0 && stamp > atomic_load(&w->waypoint))
        breach(w, "a page was written beyond the waypoint");
    if (atomic_load(&w->image_is_due[page_no]) || atomic_load(&w->image_at[page_no]) > atomic_load(&w->durable))
        breach(w, "a page was written before the image of its uncommitted change");
    if (atomic_load(&w->waypoint) != 0 && atomic_load(&w->image_at[page_no]) > atomic_load(&w->waypoint))
        breach(w, "a page was written whose image is beyond the waypoint");
    uint64_t shut = atomic_load(&w->shut_range);
    if (page_no >= shut >> 32 && page_no <= (shut & UINT32_MAX))
        breach(w, "a page was written inside the locked range");
    unsigned before = atomic_load(&w->flush_types[page_no]), now = flush_type_of_flags(load_le32(bytes + 36));
    if (before != 0xFF && now != flush_type_next(before))
        breach(w, "the flush type is not the next one");
}

static void pass_gate(struct watched *w)
{
    mutex_lock(&w->gate);
    w->waiting++;
    condition_broadcast(&w->gate_moved);
    while (w->gate_is_shut)
        condition_wait(&w->gate_moved, &w->gate);
    w->waiting--;
    mutex_unlock(&w->gate);
}

/* After an operation below: what the log had made durable when this event was recorded. Lock: order. */
static void note_event(struct watched *w, lgpos_t durable)
{
    if (w->durable_at == NULL)
        return;
    size_t count = fault_fs_event_count(w->fault);
    while (w->durable_count <= count && w->durable_count < 100000)
        w->durable_at[w->durable_count++] = durable;
}

static JET_ERR watch_write(struct os_file *file, uint64_t offset, const void *buffer, size_t size)
{
    struct watched *w = watch_of(file);
    const uint8_t *bytes = (const uint8_t *)buffer;
    page_no_t first = (page_no_t)(offset / w->page_size) - 1;
    uint32_t count = (uint32_t)(size / w->page_size);
    if (offset % w->page_size != 0 || size % w->page_size != 0 || first == 0 || count == 0 || first + count > WATCHED_PAGES_MAX) {
        breach(w, "a write is not of whole pages");
        return JET_errDiskIO;
    }
    pass_gate(w);
    for (uint32_t i = 0; i < count; i++)
        check_page(w, bytes + (size_t)i * w->page_size, first + i);
    mutex_lock(&w->order);
    lgpos_t durable = atomic_load(&w->durable);
    JET_ERR err = os_file_write(under_of(file), offset, buffer, size);
    note_event(w, durable);
    mutex_unlock(&w->order);
    for (uint32_t i = 0; err == JET_errSuccess && i < count; i++) {
        const uint8_t *page = bytes + (size_t)i * w->page_size;
        atomic_store(&w->flush_types[first + i], (unsigned char)flush_type_of_flags(load_le32(page + 36)));
        atomic_store(&w->on_disk[first + i], stamp_of_bytes(page, w->page_size, first + i, w->no_checksums));
    }
    atomic_fetch_add(&w->writes, 1);
    atomic_fetch_add(&w->pages_written, count);
    return err;
}

static JET_ERR watch_sync(struct os_file *file)
{
    struct watched *w = watch_of(file);
    mutex_lock(&w->order);
    lgpos_t durable = atomic_load(&w->durable);
    JET_ERR err = os_file_sync(under_of(file));
    note_event(w, durable);
    mutex_unlock(&w->order);
    atomic_fetch_add(&w->syncs, 1);
    return err;
}

static JET_ERR watch_set_size(struct os_file *file, uint64_t size)
{
    struct watched *w = watch_of(file);
    mutex_lock(&w->order);
    lgpos_t durable = atomic_load(&w->durable);
    JET_ERR err = os_file_set_size(under_of(file), size);
    note_event(w, durable);
    mutex_unlock(&w->order);
    return err;
}

static JET_ERR watch_read(struct os_file *file, uint64_t offset, void *buffer, size_t size) { return os_file_read(under_of(file), offset, buffer, size); }
static JET_ERR watch_info(struct os_file *file, struct os_file_info *out) { return os_file_info(under_of(file), out); }
static JET_ERR watch_prefetch(struct os_file *file, uint64_t offset, size_t size)
{
    os_file_prefetch(under_of(file), offset, size);
    return JET_errSuccess;
}
static void watch_close(struct os_file *file)
{
    os_file_close(under_of(file));
    free(file);
}

static const struct os_fs_ops watch_ops = {
    .close = watch_close,
    .read = watch_read,
    .write = watch_write,
    .sync = watch_sync,
    .info = watch_info,
    .set_size = watch_set_size,
    .prefetch = watch_prefetch,
};

/* --- the log --- */

lgpos_t watched_append(struct watched *w) { return atomic_fetch_add(&w->tip, 8) + 8; }

static JET_ERR flush_log(void *context, lgpos_t position)
{
    struct watched *w = (struct watched *)context;
    JET_ERR err = atomic_exchange(&w->flush_error, JET_errSuccess);
    atomic_fetch_add(&w->flush_calls, 1);
    if (err != JET_errSuccess)
        return err;
    if (position > atomic_load(&w->tip))
        breach(w, "the log was asked for a position that was never written");
    lgpos_t known = atomic_load(&w->durable);
    while (known < position && !atomic_compare_exchange_weak(&w->durable, &known, position))
        ;
    return JET_errSuccess;
}

static JET_ERR before_write(void *context, void *file_context, page_no_t page_no, lgpos_t *position)
{
    struct watched *w = (struct watched *)context;
    if (file_context != w)
        breach(w, "the file's context is not passed on");
    if (page_no >= WATCHED_PAGES_MAX || !atomic_load(&w->image_is_due[page_no]))
        return JET_errSuccess;
    JET_ERR err = atomic_exchange(&w->image_error, JET_errSuccess);
    if (err != JET_errSuccess)
        return err;
    *position = watched_append(w);
    atomic_store(&w->image_at[page_no], *position);
    atomic_store(&w->image_is_due[page_no], false);
    atomic_fetch_add(&w->images, 1);
    return JET_errSuccess;
}

static bool may_write(void *context, void *file_context, lgpos_t position)
{
    struct watched *w = (struct watched *)context;
    if (file_context != w)
        breach(w, "the file's context is not passed on");
    lgpos_t waypoint = atomic_load(&w->waypoint);
    return waypoint == 0 || position <= waypoint;
}

static void write_failed(void *context, page_no_t first, uint32_t count, JET_ERR error)
{
    struct watched *w = (struct watched *)context;
    if (first == 0 || count == 0)
        breach(w, "a failure without pages was reported");
    atomic_fetch_add(&w->failures, 1);
    atomic_store(&w->last_failure, error);
}

/* --- open and close --- */

void watched_open_cache(struct watched *w, uint64_t bytes)
{
    const struct cache_config config = {.page_size = w->page_size, .bytes_max = bytes, .log = {.before_write = before_write, .flush_log = flush_log, .may_write = may_write, .context = w}};
    const struct cache_file_config file = {.file = w->file, .observer = {.write_failed = write_failed, .context = w}, .skip_checksums = w->no_checksums, .context = w};
    assert_int_equal(cache_create(&config, &w->cache), JET_errSuccess);
    assert_int_equal(cache_file_attach(w->cache, &file, &w->pages), JET_errSuccess);
}

void watched_close_cache(struct watched *w)
{
    cache_file_detach(w->pages);
    cache_destroy(w->cache);
}

static void make_file(struct watched *w, page_no_t page_count)
{
    uint8_t *bytes = (uint8_t *)calloc(page_count + 2, w->page_size);
    FILE *file = fopen(w->path, "wb");
    assert_non_null(file);
    for (page_no_t p = 1; p <= page_count; p++) {
        watched_fill(bytes + page_file_offset(p, w->page_size), w->page_size, p, 1, true);
        atomic_store(&w->on_disk[p], 1);
    }
    assert_int_equal(fwrite(bytes, w->page_size, page_count + 2, file), page_count + 2);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

void watched_open(struct watched *w, uint32_t page_size, page_no_t page_count, uint64_t bytes, bool record)
{
    memset(w, 0, sizeof *w);
    assert_true(page_count < WATCHED_PAGES_MAX);
    w->page_size = page_size;
    w->live = memory_live_count();
    w->folder = make_scratch_folder("watched");
    w->path = text_of("%s/pages", w->folder);
    w->fault = fault_fs_create(os_fs_posix());
    w->fs = (struct os_fs){&watch_ops, w};
    atomic_store(&w->tip, 1);
    atomic_store(&w->durable, 1);
    assert_int_equal(mutex_init(&w->gate, RANK_LEAF), JET_errSuccess);
    assert_int_equal(mutex_init(&w->order, RANK_LEAF), JET_errSuccess);
    assert_int_equal(condition_init(&w->gate_moved), JET_errSuccess);
    make_file(w, page_count);
    if (record) {
        fault_fs_record(w->fault, w->folder);
        w->durable_at = (lgpos_t *)calloc(100000, sizeof *w->durable_at);
    }
    struct watched_file *file = (struct watched_file *)calloc(1, sizeof *file);
    file->base.fs = &w->fs;
    assert_int_equal(os_file_open(fault_fs_os(w->fault), w->path, OS_OPEN_WRITE, &file->under), JET_errSuccess);
    w->file = &file->base;
    watched_open_cache(w, bytes);
}

void watched_close(struct watched *w)
{
    watched_close_cache(w);
    os_file_close(w->file);
    assert_int_equal(fault_fs_open_files(w->fault), 0);
    fault_fs_destroy(w->fault);
    free(w->durable_at);
    mutex_destroy(&w->gate);
    mutex_destroy(&w->order);
    condition_destroy(&w->gate_moved);
    assert_int_equal(memory_live_count(), w->live);
    if (atomic_load(&w->breaches) != 0)
        fail_msg("%u breaches, the first: %s", atomic_load(&w->breaches), atomic_load(&w->first_breach));
}

/* --- use --- */

int64_t watched_change(struct watched *w, page_no_t page_no, lgpos_t oldest)
{
    struct page_ref ref;
    JET_ERR err = cache_get(w->pages, page_no, PAGE_LATCH_EXCLUSIVE, &ref);
    if (err < JET_errSuccess)
        return err;
    lgpos_t position = watched_append(w);
    watched_fill(page_ref_bytes(&ref), w->page_size, page_no, position, false);
    cache_mark_dirty(&ref, position, oldest != 0 ? oldest : position);
    cache_release(&ref);
    return (int64_t)position;
}

lgpos_t watched_read(struct watched *w, page_no_t page_no)
{
    struct page_ref ref;
    if (cache_get(w->pages, page_no, PAGE_LATCH_SHARED, &ref) < JET_errSuccess)
        return 0;
    lgpos_t stamp = watched_stamp(&ref.view);
    cache_release(&ref);
    return stamp;
}

struct cache_statistics watched_statistics(struct watched *w)
{
    struct cache_statistics s;
    cache_get_statistics(w->cache, &s);
    return s;
}

void watched_shut_gate(struct watched *w)
{
    mutex_lock(&w->gate);
    w->gate_is_shut = true;
    mutex_unlock(&w->gate);
}

void watched_open_gate(struct watched *w)
{
    mutex_lock(&w->gate);
    w->gate_is_shut = false;
    condition_broadcast(&w->gate_moved);
    mutex_unlock(&w->gate);
}

void watched_wait_at_gate(struct watched *w, unsigned count)
{
    mutex_lock(&w->gate);
    while (w->waiting < count)
        condition_wait(&w->gate_moved, &w->gate);
    mutex_unlock(&w->gate);
}
