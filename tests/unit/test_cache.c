/* The page cache on small files made here: finding, verifying, replacing, and many threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "cache/cache.h"
#include "fault_fs.h"
#include "os/clock.h"
#include "os/thread.h"
#include "shared_data.h"

enum { SMALL = 4096, LARGE = 32768, PAGES = 400, COST = SMALL + 500 /* of a frame, rounded up */ };

/* A leaf with one node: key of four bytes, data = the page number and a running number. */
static void make_page(uint8_t *page, uint32_t size, page_no_t page_no, uint32_t value, bool old_format)
{
    uint32_t header = page_header_size(size), line = header + 0;
    memset(page, 0, size);
    store_le64(page + 8, 77);
    store_le32(page + 24, 5);
    store_le16(page + 34, 2);
    store_le32(page + 36, PAGE_FLAG_LEAF | (old_format ? 0u : (unsigned)PAGE_FLAG_NEW_CHECKSUM));
    if (page_is_large(size))
        store_le32(page + 64, page_no);
    store_le16(page + line, 4);
    memcpy(page + line + 2, "key.", 4);
    store_le32(page + line + 6, page_no);
    store_le32(page + line + 10, value);
    store_le16(page + size - 8, 14);
    store_le16(page + 32, 14);
    store_le16(page + 28, (uint16_t)(size - header - 14 - 8));
    checksum_store_page(page, size, page_no);
}

struct fixture {
    struct fault_fs *fault;
    const char *path;
    struct os_file *file;
    struct cache *cache;
    struct cache_file *pages;
    uint32_t page_size;
    uint64_t live; /* blocks of memory before */
    /* what the observer heard */
    atomic_int repaired, failed;
    _Atomic page_no_t last_page;
    _Atomic JET_ERR last_error;
    const char *_Atomic last_why;
};

static void on_repaired(void *context, page_no_t page_no, const struct checksum_result *result)
{
    struct fixture *x = (struct fixture *)context;
    assert_int_equal(result->verdict, CHECKSUM_REPAIRED);
    atomic_fetch_add(&x->repaired, 1);
    atomic_store(&x->last_page, page_no);
}

static void on_failed(void *context, page_no_t page_no, JET_ERR error, const struct checksum_result *result, const char *why)
{
    struct fixture *x = (struct fixture *)context;
    assert_non_null(result);
    assert_non_null(why);
    atomic_fetch_add(&x->failed, 1);
    atomic_store(&x->last_page, page_no);
    atomic_store(&x->last_error, error);
    atomic_store(&x->last_why, why);
}

static void write_page(struct fixture *x, page_no_t page_no, const uint8_t *page)
{
    assert_int_equal(os_file_write(x->file, page_file_offset(page_no, x->page_size), page, x->page_size), JET_errSuccess);
}

static void change_byte(struct fixture *x, page_no_t page_no, uint32_t offset, uint8_t mask)
{
    uint8_t byte = 0;
    uint64_t at = page_file_offset(page_no, x->page_size) + offset;
    assert_int_equal(os_file_read(x->file, at, &byte, 1), JET_errSuccess);
    byte ^= mask;
    assert_int_equal(os_file_write(x->file, at, &byte, 1), JET_errSuccess);
}

static void open_cache(struct fixture *x, uint64_t bytes)
{
    const struct cache_config config = {.page_size = x->page_size, .bytes_max = bytes};
    assert_int_equal(cache_create(&config, &x->cache), JET_errSuccess);
    const struct cache_file_config file = {.file = x->file, .observer = {.page_repaired = on_repaired, .page_failed = on_failed, .context = x}};
    assert_int_equal(cache_file_attach(x->cache, &file, &x->pages), JET_errSuccess);
}

static void setup_pages(struct fixture *x, uint32_t page_size, uint32_t page_count, uint64_t bytes)
{
    memset(x, 0, sizeof *x);
    x->page_size = page_size;
    x->live = memory_live_count();
    x->fault = fault_fs_create(os_fs_posix());
    x->path = text_of("%s/pages", make_scratch_folder("cache"));
    assert_int_equal(os_file_open(fault_fs_os(x->fault), x->path, OS_OPEN_WRITE | OS_OPEN_CREATE, &x->file), JET_errSuccess);
    assert_int_equal(os_file_set_size(x->file, (uint64_t)(page_count + 2) * page_size), JET_errSuccess);
    uint8_t *page = (uint8_t *)malloc(page_size);
    for (page_no_t i = 1; i <= page_count; i++) {
        make_page(page, page_size, i, i * 3, false);
        write_page(x, i, page);
    }
    free(page);
    fault_fs_reset_counts(x->fault);
    open_cache(x, bytes);
}

static void close_cache(struct fixture *x)
{
    struct cache_statistics s;
    cache_get_statistics(x->cache, &s);
    assert_int_equal(s.pinned, 0);
    cache_file_detach(x->pages);
    cache_destroy(x->cache);
}

static void teardown(struct fixture *x)
{
    close_cache(x);
    os_file_close(x->file);
    assert_int_equal(fault_fs_open_files(x->fault), 0);
    fault_fs_destroy(x->fault);
    assert_int_equal(memory_live_count(), x->live);
}

/* Gets the page, checks that it is the right one, releases it. */
static void touch(struct fixture *x, page_no_t page_no)
{
    struct page_ref ref;
    assert_int_equal(cache_get(x->pages, page_no, PAGE_LATCH_SHARED, &ref), JET_errSuccess);
    struct node node = page_node(&ref.view, 0);
    assert_int_equal(load_le32(node.data.data), page_no);
    assert_int_equal(ref.view.page_no, page_no);
    assert_int_equal(page_dbtime(&ref.view), 77);
    cache_release(&ref);
    assert_null(ref.frame);
    cache_release(&ref);
}

static void expect_error(struct fixture *x, page_no_t page_no, JET_ERR expected)
{
    struct page_ref ref;
    memset(&ref, 0xEE, sizeof ref);
    assert_int_equal(cache_get(x->pages, page_no, PAGE_LATCH_SHARED, &ref), expected);
    assert_null(ref.frame);
}

static struct cache_statistics statistics(struct fixture *x)
{
    struct cache_statistics s;
    cache_get_statistics(x->cache, &s);
    return s;
}

static void a_page_is_read_once_and_found_afterwards(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {SMALL, LARGE};
    for (int i = 0; i < 2; i++) {
        struct fixture x;
        setup_pages(&x, sizes[i], 10, 1 << 20);
        assert_int_equal(cache_file_page_size(x.pages), sizes[i]);
        assert_int_equal(cache_file_last_page(x.pages), 10);
        assert_ptr_equal(cache_file_os_file(x.pages), x.file);
        for (int round = 0; round < 3; round++) {
            for (page_no_t p = 1; p <= 10; p++)
                touch(&x, p);
        }
        assert_int_equal(fault_fs_count(x.fault, FAULT_READ), 10);
        struct cache_statistics s = statistics(&x);
        assert_int_equal(s.misses, 10);
        assert_int_equal(s.hits, 20);
        assert_int_equal(s.evictions, 0);
        assert_int_equal(s.failed + s.repaired, 0);
        teardown(&x);
    }
}

static void a_page_outside_the_file_is_an_error_without_a_read(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, 10, 1 << 20);
    expect_error(&x, 0, JET_errFileIOBeyondEOF);
    expect_error(&x, 11, JET_errFileIOBeyondEOF);
    expect_error(&x, UINT32_MAX, JET_errFileIOBeyondEOF);
    assert_int_equal(fault_fs_count(x.fault, FAULT_READ), 0);
    teardown(&x);
}

static void each_kind_of_damage_has_its_error_and_is_reported(void **state)
{
    (void)state;
    struct fixture x;
    uint8_t page[SMALL];
    setup_pages(&x, SMALL, 10, 1 << 20);
    memset(page, 0, sizeof page);
    write_page(&x, 2, page);
    change_byte(&x, 3, 100, 0xFF);
    make_page(page, SMALL, 4, 12, false); /* right sum, wrong structure: a line outside the page */
    store_le16(page + SMALL - 8, 4000);
    store_le16(page + SMALL - 6, 3000);
    checksum_store_page(page, SMALL, 4);
    write_page(&x, 4, page);
    make_page(page, SMALL, 9, 12, true); /* sound old-format page of another number */
    write_page(&x, 5, page);
    make_page(page, SMALL, 9, 12, false); /* the same in the new format: the number is in the sum */
    write_page(&x, 6, page);
    make_page(page, SMALL, 7, 12, true);
    write_page(&x, 7, page);
    static const struct {
        page_no_t page_no;
        JET_ERR error;
    } cases[] = {{2, JET_errPageNotInitialized}, {3, JET_errReadVerifyFailure}, {4, JET_errDatabaseCorrupted}, {5, JET_errReadPgnoVerifyFailure}, {6, JET_errReadVerifyFailure}};
    for (int i = 0; i < 5; i++) {
        expect_error(&x, cases[i].page_no, cases[i].error);
        assert_int_equal(x.last_page, cases[i].page_no);
        assert_int_equal(x.last_error, cases[i].error);
        assert_int_equal(x.failed, i + 1);
    }
    touch(&x, 7);
    assert_int_equal(statistics(&x).failed, 5);
    /* A failed page is not kept: when the disk has the right one, it is read. */
    make_page(page, SMALL, 3, 9, false);
    write_page(&x, 3, page);
    touch(&x, 3);
    teardown(&x);
}

static void a_large_page_of_another_number_is_refused(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, LARGE, 4, 4 << 20);
    uint8_t *page = (uint8_t *)malloc(LARGE);
    make_page(page, LARGE, 3, 1, false);
    store_le32(page + 64, 99);
    checksum_store_page(page, LARGE, 3);
    write_page(&x, 3, page);
    free(page);
    expect_error(&x, 3, JET_errReadPgnoVerifyFailure);
    teardown(&x);
}

static void a_single_wrong_bit_is_repaired_and_reported(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, 10, 1 << 20);
    change_byte(&x, 5, 46, 0x10); /* inside the node's data */
    touch(&x, 5);
    touch(&x, 5);
    assert_int_equal(x.repaired, 1);
    assert_int_equal(x.last_page, 5);
    assert_int_equal(statistics(&x).repaired, 1);
    teardown(&x);
}

static void a_file_without_checksums_is_checked_for_structure_only(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, 10, 1 << 20);
    cache_file_detach(x.pages);
    const struct cache_file_config file = {.file = x.file, .skip_checksums = true};
    assert_int_equal(cache_file_attach(x.cache, &file, &x.pages), JET_errSuccess);
    change_byte(&x, 5, 1, 0xFF);
    touch(&x, 5);
    change_byte(&x, 6, 34, 0xFF);
    expect_error(&x, 6, JET_errDatabaseCorrupted);
    teardown(&x);
}

/* Bytes in use as the allocator counts them; 0 where a sanitizer has replaced it. */
static uint64_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}

static void memory_stays_within_the_limit(void **state)
{
    (void)state;
    struct fixture x;
    const uint64_t limit = 100 * COST;
    const uint64_t before = heap_bytes();
    setup_pages(&x, SMALL, PAGES, limit);
    for (int round = 0; round < 3; round++) {
        for (page_no_t p = 1; p <= PAGES; p++) {
            touch(&x, p);
            assert_true(statistics(&x).bytes_allocated <= limit + CACHE_BYTES_FIXED);
        }
    }
    struct cache_statistics s = statistics(&x);
    assert_true(s.frames >= 64 && s.frames * SMALL <= limit);
    if (heap_bytes() != 0) /* what the allocator says, the file's bookkeeping of the test included */
        assert_true(heap_bytes() - before <= limit + CACHE_BYTES_FIXED + 8192);
    assert_int_equal(s.evictions, s.misses - s.frames);
    assert_int_equal(s.hits + s.misses, 3 * PAGES);
    teardown(&x);
}

/* What is read from each page is what was read at first, whichever slab its frame is in. */
static void a_large_cache_keeps_its_pages_in_slabs_and_gives_them_back(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, PAGES, 64 << 20);
    for (int round = 0; round < 3; round++) {
        for (page_no_t p = 1; p <= PAGES; p++)
            touch(&x, p);
        assert_true(statistics(&x).frames >= PAGES);
        /* Some chunks leave a slab that stays, and their room is used again. */
        assert_int_equal(cache_resize(x.cache, 0, 70 * COST), JET_errSuccess);
        assert_int_equal(statistics(&x).frames, 64);
        for (page_no_t p = 1; p <= PAGES; p++)
            touch(&x, p);
        assert_int_equal(statistics(&x).frames, 64);
        assert_int_equal(cache_resize(x.cache, 0, (uint64_t)64 << 20), JET_errSuccess);
    }
    teardown(&x);
}

static void frames_are_allocated_as_they_are_needed(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, PAGES, 16 << 20);
    assert_int_equal(statistics(&x).frames, CACHE_FRAMES_MIN);
    for (page_no_t p = 1; p <= 100; p++)
        touch(&x, p);
    assert_int_equal(statistics(&x).frames, 128);
    /* Shrinking drops pages; a higher minimum allocates nothing before it is needed. */
    assert_int_equal(cache_resize(x.cache, 0, 40 * SMALL), JET_errSuccess);
    assert_int_equal(statistics(&x).frames, CACHE_FRAMES_MIN);
    touch(&x, 100);
    assert_int_equal(cache_resize(x.cache, 1 << 20, 16 << 20), JET_errSuccess);
    assert_int_equal(statistics(&x).frames, CACHE_FRAMES_MIN);
    assert_int_equal(cache_resize(x.cache, 2, 1), JET_errInvalidParameter);
    for (page_no_t p = 1; p <= PAGES; p++)
        touch(&x, p);
    teardown(&x);
}

static void shrinking_keeps_what_is_pinned(void **state)
{
    (void)state;
    struct fixture x;
    struct page_ref refs[4];
    setup_pages(&x, SMALL, PAGES, 16 << 20);
    for (page_no_t p = 1; p <= 200; p++)
        touch(&x, p);
    for (page_no_t i = 0; i < 4; i++)
        assert_int_equal(cache_get(x.pages, 1 + i * 60, PAGE_LATCH_SHARED, &refs[i]), JET_errSuccess);
    assert_int_equal(cache_resize(x.cache, 0, 0), JET_errSuccess);
    assert_int_equal(statistics(&x).pinned, 4);
    for (page_no_t i = 0; i < 4; i++) {
        assert_int_equal(load_le32(page_node(&refs[i].view, 0).data.data), 1 + i * 60);
        cache_release(&refs[i]);
    }
    touch(&x, 300);
    assert_int_equal(statistics(&x).frames, CACHE_FRAMES_MIN);
    teardown(&x);
}

static void when_every_frame_is_pinned_a_request_is_refused(void **state)
{
    (void)state;
    struct fixture x;
    struct page_ref refs[CACHE_FRAMES_MIN];
    setup_pages(&x, SMALL, PAGES, 0);
    for (int i = 0; i < CACHE_FRAMES_MIN; i++)
        assert_int_equal(cache_get(x.pages, (page_no_t)i + 1, PAGE_LATCH_SHARED, &refs[i]), JET_errSuccess);
    uint64_t before = clock_monotonic_ns();
    expect_error(&x, 200, JET_errOutOfBuffers);
    assert_true(clock_monotonic_ns() - before > 100000000u); /* it has waited */
    touch(&x, 7); /* what is there is found all the same */
    cache_release(&refs[5]);
    touch(&x, 200);
    for (int i = 0; i < CACHE_FRAMES_MIN; i++)
        cache_release(&refs[i]);
    teardown(&x);
}

static void a_scan_does_not_push_out_the_pages_in_use(void **state)
{
    (void)state;
    struct fixture x;
    enum { HOT = 40 };
    setup_pages(&x, SMALL, 4000, 100 * COST); /* 96 frames */
    for (int round = 0; round < 20; round++) {
        for (page_no_t p = 1; p <= HOT; p++)
            touch(&x, p);
        for (page_no_t p = 0; p < 20; p++)
            touch(&x, 100 + (page_no_t)round * 20 + p);
    }
    for (page_no_t p = 1000; p <= 4000; p++) { /* each page touched as a cursor does, record by record */
        for (int i = 0; i < 5; i++)
            touch(&x, p);
    }
    fault_fs_reset_counts(x.fault);
    for (page_no_t p = 1; p <= HOT; p++)
        touch(&x, p);
    assert_int_equal(fault_fs_count(x.fault, FAULT_READ), 0);
    teardown(&x);
}

static void an_exclusive_latch_keeps_others_out(void **state)
{
    (void)state;
    struct fixture x;
    struct page_ref ref;
    setup_pages(&x, SMALL, 10, 1 << 20);
    for (int i = 0; i < 2; i++) { /* read from disk, then found */
        assert_int_equal(cache_get(x.pages, 3, PAGE_LATCH_EXCLUSIVE, &ref), JET_errSuccess);
        assert_int_equal(ref.latch, PAGE_LATCH_EXCLUSIVE);
        cache_release(&ref);
    }
    touch(&x, 3);
    teardown(&x);
}

struct gate {
    struct mutex mutex;
    struct condition condition;
    bool is_open;
    atomic_int readers;
};

static void hold_read(void *context, enum fault_operation operation, const char *path, uint64_t offset, size_t size)
{
    struct gate *gate = (struct gate *)context;
    (void)path, (void)offset, (void)size;
    if (operation != FAULT_READ)
        return;
    atomic_fetch_add(&gate->readers, 1);
    mutex_lock(&gate->mutex);
    while (!gate->is_open)
        condition_wait(&gate->condition, &gate->mutex);
    mutex_unlock(&gate->mutex);
}

struct getter {
    struct fixture *x;
    page_no_t page_no;
    JET_ERR result;
};

static void *get_page(void *argument)
{
    struct getter *g = (struct getter *)argument;
    struct page_ref ref;
    g->result = cache_get(g->x->pages, g->page_no, g->page_no % 2 == 0 ? PAGE_LATCH_SHARED : PAGE_LATCH_EXCLUSIVE, &ref);
    cache_release(&ref);
    return NULL;
}

static void readers_of_one_absent_page_share_one_read_and_its_error(void **state)
{
    (void)state;
    enum { GETTERS = 4 };
    struct fixture x;
    struct gate gate = {.is_open = false};
    assert_int_equal(mutex_init(&gate.mutex, RANK_LEAF), JET_errSuccess);
    assert_int_equal(condition_init(&gate.condition), JET_errSuccess);
    setup_pages(&x, SMALL, 10, 1 << 20);
    change_byte(&x, 5, 100, 0xFF);
    for (page_no_t page_no = 4; page_no <= 5; page_no++) {
        struct thread threads[GETTERS];
        struct getter getters[GETTERS];
        gate.is_open = false;
        atomic_store(&gate.readers, 0);
        fault_fs_reset_counts(x.fault);
        fault_fs_set_hook(x.fault, hold_read, &gate);
        for (int i = 0; i < GETTERS; i++) {
            getters[i] = (struct getter){&x, page_no, 1};
            assert_int_equal(thread_start(&threads[i], get_page, &getters[i]), JET_errSuccess);
        }
        while (statistics(&x).hits + statistics(&x).misses < GETTERS * (page_no - 3)) /* all have found or entered the frame */
            thread_sleep_ms(1);
        assert_int_equal(atomic_load(&gate.readers), 1);
        mutex_lock(&gate.mutex);
        gate.is_open = true;
        condition_broadcast(&gate.condition);
        mutex_unlock(&gate.mutex);
        for (int i = 0; i < GETTERS; i++) {
            thread_join(&threads[i]);
            assert_int_equal(getters[i].result, page_no == 4 ? JET_errSuccess : JET_errReadVerifyFailure);
        }
        fault_fs_set_hook(x.fault, NULL, NULL);
        assert_int_equal(fault_fs_count(x.fault, FAULT_READ), 1);
    }
    assert_int_equal(x.failed, 1);
    teardown(&x);
    mutex_destroy(&gate.mutex);
    condition_destroy(&gate.condition);
}

static void a_failed_read_surfaces_and_can_be_tried_again(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, 10, 1 << 20);
    fault_fs_fail(x.fault, FAULT_READ, 1, JET_errDiskIO, false);
    expect_error(&x, 5, JET_errDiskIO);
    assert_int_equal(x.last_error, JET_errDiskIO);
    assert_string_equal(x.last_why, "read");
    touch(&x, 5);
    assert_int_equal(os_file_set_size(x.file, 5 * SMALL), JET_errSuccess); /* cut behind our back */
    expect_error(&x, 9, JET_errFileIOBeyondEOF);
    touch(&x, 5);
    teardown(&x);
}

static void lack_of_memory_leaks_nothing(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, 200, 1 << 20);
    uint64_t live = memory_live_count();
    bool created = false;
    for (uint64_t n = 1; !created; n++) {
        struct cache *cache = NULL;
        struct cache_file *file = NULL;
        const struct cache_config config = {.page_size = SMALL, .bytes_max = 1 << 20};
        const struct cache_file_config file_config = {.file = x.file};
        memory_fail_at(n, 0);
        JET_ERR err = cache_create(&config, &cache);
        if (err == JET_errSuccess)
            err = cache_file_attach(cache, &file_config, &file);
        memory_fail_at(0, 0);
        created = err == JET_errSuccess;
        if (!created)
            assert_int_equal(err, JET_errOutOfMemory);
        cache_file_detach(file);
        cache_destroy(cache);
        assert_int_equal(memory_live_count(), live);
        assert_true(n < 100);
    }
    /* While the cache cannot grow it makes do with what it has. */
    memory_fail_at(1, 1);
    for (page_no_t p = 1; p <= 200; p++)
        touch(&x, p);
    memory_fail_at(0, 0);
    assert_int_equal(statistics(&x).frames, CACHE_FRAMES_MIN);
    for (page_no_t p = 1; p <= 200; p++)
        touch(&x, p);
    assert_true(statistics(&x).frames > CACHE_FRAMES_MIN);
    teardown(&x);
}

static void detaching_a_file_drops_its_pages_only(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, 10, 1 << 20);
    struct cache_file *other = NULL;
    const struct cache_file_config config = {.file = x.file};
    assert_int_equal(cache_file_attach(x.cache, &config, &other), JET_errSuccess);
    struct page_ref ref;
    touch(&x, 4);
    assert_int_equal(cache_get(other, 4, PAGE_LATCH_SHARED, &ref), JET_errSuccess);
    cache_release(&ref);
    assert_int_equal(fault_fs_count(x.fault, FAULT_READ), 2); /* two files, though one on disk */
    cache_file_detach(other);
    touch(&x, 4);
    assert_int_equal(fault_fs_count(x.fault, FAULT_READ), 2);
    cache_file_detach(NULL);
    teardown(&x);
}

static void prefetch_is_a_hint_for_what_is_absent_and_inside_the_file(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, 50, 1 << 20);
    cache_prefetch(x.pages, 0, 10);
    cache_prefetch(x.pages, 60, 10);
    cache_prefetch(x.pages, 45, UINT32_MAX);
    cache_prefetch(x.pages, 1, 0);
    touch(&x, 10);
    cache_prefetch(x.pages, 10, 1);
    for (page_no_t p = 1; p <= 50; p++)
        touch(&x, p);
    teardown(&x);
}

static void peek_tells_which_pages_are_in_memory_and_reads_none(void **state)
{
    (void)state;
    struct fixture x;
    setup_pages(&x, SMALL, 50, 1 << 20);
    const page_no_t some[] = {3, 4, 0, 50, 3, 51, UINT32_MAX};
    assert_int_equal(cache_peek(x.pages, some, 7), 0);
    touch(&x, 3);
    touch(&x, 50);
    unsigned reads = (unsigned)fault_fs_count(x.fault, FAULT_READ);
    assert_int_equal(cache_peek(x.pages, some, 7), 0x19);
    assert_int_equal(cache_peek(x.pages, some, 1), 0x1);
    assert_int_equal(cache_peek(x.pages, some, 0), 0);
    page_no_t many[CACHE_PEEK_MAX + 8];
    for (uint32_t i = 0; i < CACHE_PEEK_MAX + 8; i++)
        many[i] = 50;
    assert_int_equal(cache_peek(x.pages, many, CACHE_PEEK_MAX + 8), UINT32_MAX);
    assert_int_equal(cache_whereabouts(x.pages, 4), 0);
    assert_int_equal(cache_whereabouts(x.pages, UINT32_MAX), 0);
    assert_int_equal(fault_fs_count(x.fault, FAULT_READ), reads);
    struct page_ref ref;
    assert_int_equal(cache_get(x.pages, 50, PAGE_LATCH_SHARED, &ref), JET_errSuccess);
    assert_true(cache_whereabouts(x.pages, 50) == (uintptr_t)ref.view.bytes);
    cache_release(&ref);
    teardown(&x);
}

static void *lock_range(void *argument)
{
    struct fixture *x = (struct fixture *)argument;
    cache_range_lock(x->pages, 5, 6);
    atomic_fetch_add(&x->repaired, 1);
    cache_range_unlock(x->pages);
    return NULL;
}

static void one_range_is_locked_at_a_time(void **state)
{
    (void)state;
    struct fixture x;
    struct thread thread;
    setup_pages(&x, SMALL, 10, 1 << 20);
    cache_range_lock(x.pages, 1, 4);
    touch(&x, 2); /* readers do not mind */
    assert_int_equal(thread_start(&thread, lock_range, &x), JET_errSuccess);
    thread_sleep_ms(20);
    assert_int_equal(x.repaired, 0);
    cache_range_unlock(x.pages);
    thread_join(&thread);
    assert_int_equal(x.repaired, 1);
    teardown(&x);
}

enum { STRESS_THREADS = 4, STRESS_ROUNDS = 20000 };

static JET_ERR expected_of(page_no_t page_no)
{
    return page_no % 97 == 0 ? JET_errReadVerifyFailure : page_no % 89 == 0 ? JET_errPageNotInitialized : JET_errSuccess;
}

struct stress {
    struct fixture *x;
    uint64_t seed;
    uint64_t wrong, done;
};

static void *stress_reader(void *argument)
{
    struct stress *s = (struct stress *)argument;
    uint64_t random = s->seed;
    for (int i = 0; i < STRESS_ROUNDS; i++) {
        struct page_ref ref, second;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        page_no_t page_no = 1 + (page_no_t)(random >> 33) % PAGES;
        bool is_writer = (random >> 20 & 15) == 0;
        JET_ERR err = cache_get(s->x->pages, page_no, is_writer ? PAGE_LATCH_EXCLUSIVE : PAGE_LATCH_SHARED, &ref);
        s->done++;
        s->wrong += err != expected_of(page_no);
        if (err != JET_errSuccess)
            continue;
        s->wrong += load_le32(page_node(&ref.view, 0).data.data) != page_no;
        if (!is_writer && page_no < PAGES && (random & 3) == 0) { /* two at once, in order of page number */
            err = cache_get(s->x->pages, page_no + 1, PAGE_LATCH_SHARED, &second);
            s->wrong += err != expected_of(page_no + 1);
            if (err == JET_errSuccess)
                s->wrong += load_le32(page_node(&second.view, 0).data.data) != page_no + 1;
            cache_release(&second);
        }
        if (i % 64 == 0)
            cache_prefetch(s->x->pages, page_no, 8);
        if (i % 16 == 1)
            s->wrong += (cache_peek(s->x->pages, &page_no, 1) & 1) == 0; /* it is held */
        cache_release(&ref);
    }
    return NULL;
}

static void many_threads_read_random_pages_some_damaged(void **state)
{
    (void)state;
    struct fixture x;
    struct thread threads[STRESS_THREADS];
    struct stress stress[STRESS_THREADS];
    setup_pages(&x, SMALL, PAGES, 0);
    uint8_t zero[SMALL] = {0};
    for (page_no_t p = 1; p <= PAGES; p++) {
        if (expected_of(p) == JET_errReadVerifyFailure)
            change_byte(&x, p, 60, 0x55);
        if (expected_of(p) == JET_errPageNotInitialized)
            write_page(&x, p, zero);
    }
    assert_int_equal(cache_resize(x.cache, 0, 70 * COST), JET_errSuccess);
    for (int i = 0; i < STRESS_THREADS; i++) {
        stress[i] = (struct stress){&x, (uint64_t)i * 7919 + 11, 0, 0};
        assert_int_equal(thread_start(&threads[i], stress_reader, &stress[i]), JET_errSuccess);
    }
    for (int i = 0; i < 40; i++) { /* the limits move meanwhile */
        assert_int_equal(cache_resize(x.cache, 0, (uint64_t)(i % 2 == 0 ? 40 : 150) * COST), JET_errSuccess);
        thread_sleep_ms(2);
    }
    for (int i = 0; i < STRESS_THREADS; i++) {
        thread_join(&threads[i]);
        assert_int_equal(stress[i].done, STRESS_ROUNDS);
        assert_int_equal(stress[i].wrong, 0);
    }
    struct cache_statistics s = statistics(&x);
    assert_true(s.failed > 0);
    assert_int_equal(s.failed, (uint64_t)x.failed);
    assert_true(s.evictions > 0);
    assert_true(s.frames <= 160);
    teardown(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_read_once_and_found_afterwards),
        cmocka_unit_test(a_page_outside_the_file_is_an_error_without_a_read),
        cmocka_unit_test(each_kind_of_damage_has_its_error_and_is_reported),
        cmocka_unit_test(a_large_page_of_another_number_is_refused),
        cmocka_unit_test(a_single_wrong_bit_is_repaired_and_reported),
        cmocka_unit_test(a_file_without_checksums_is_checked_for_structure_only),
        cmocka_unit_test(memory_stays_within_the_limit),
        cmocka_unit_test(a_large_cache_keeps_its_pages_in_slabs_and_gives_them_back),
        cmocka_unit_test(frames_are_allocated_as_they_are_needed),
        cmocka_unit_test(shrinking_keeps_what_is_pinned),
        cmocka_unit_test(when_every_frame_is_pinned_a_request_is_refused),
        cmocka_unit_test(a_scan_does_not_push_out_the_pages_in_use),
        cmocka_unit_test(an_exclusive_latch_keeps_others_out),
        cmocka_unit_test(readers_of_one_absent_page_share_one_read_and_its_error),
        cmocka_unit_test(a_failed_read_surfaces_and_can_be_tried_again),
        cmocka_unit_test(lack_of_memory_leaks_nothing),
        cmocka_unit_test(detaching_a_file_drops_its_pages_only),
        cmocka_unit_test(prefetch_is_a_hint_for_what_is_absent_and_inside_the_file),
        cmocka_unit_test(peek_tells_which_pages_are_in_memory_and_reads_none),
        cmocka_unit_test(one_range_is_locked_at_a_time),
        cmocka_unit_test(many_threads_read_random_pages_some_damaged),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
