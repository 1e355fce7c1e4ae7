/* The write side of the page cache on a disk that fails, tears writes, or loses power. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "os/clock.h"
#include "shared_data.h"
#include "watched_cache.h"

enum { SMALL = 4096, PAGES = 120, COST = SMALL + 500 };

static uint64_t next_random(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *random >> 33;
}

static void change(struct watched *w, page_no_t page_no) { assert_true(watched_change(w, page_no, 0) > 0); }

/* Every page in the file is what the cache says it is. */
static void expect_file_equals_cache(struct watched *w)
{
    unsigned long long size;
    unsigned char *file = read_whole_file(w->path, &size);
    for (page_no_t p = 1; p <= cache_file_last_page(w->pages); p++) {
        lgpos_t stamp = watched_read(w, p);
        assert_true(stamp > 0);
        assert_int_equal(watched_stamp_in(w, file, p), stamp);
    }
    free(file);
}

/* Changes and flushes; returns the first error of a flush. No change can fail: the cache holds all pages. */
static JET_ERR scenario(struct watched *w, lgpos_t *last_durable)
{
    uint64_t random = 12345;
    JET_ERR first = JET_errSuccess;
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 30; i++)
            change(w, 1 + (page_no_t)next_random(&random) % PAGES);
        lgpos_t before = cache_oldest_dirty(w->cache, w->pages);
        JET_ERR err = cache_flush_file(w->pages);
        if (err == JET_errSuccess) {
            assert_int_equal(cache_oldest_dirty(w->cache, w->pages), 0);
            *last_durable = atomic_load(&w->tip);
        } else {
            lgpos_t after = cache_oldest_dirty(w->cache, w->pages);
            assert_true(after != 0 && after >= before); /* still in the way of the checkpoint */
            if (first == JET_errSuccess)
                first = err;
        }
    }
    return first;
}

static void every_write_fails_once_and_nothing_is_lost(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct watched w;
        lgpos_t last_durable = 0;
        JET_ERR error = n % 2 == 0 ? JET_errDiskFull : JET_errDiskIO;
        watched_open(&w, SMALL, PAGES, 4 << 20, false);
        fault_fs_fail(w.fault, FAULT_WRITE, n, error, false);
        JET_ERR err = scenario(&w, &last_durable);
        bool has_failed = fault_fs_has_failed(w.fault);
        if (has_failed) {
            assert_int_equal(err, error);
            assert_int_equal(w.failures, 1);
            assert_int_equal(w.last_failure, error);
            assert_int_equal(watched_statistics(&w).write_failures, 1);
        } else {
            assert_int_equal(err, JET_errSuccess);
        }
        assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
        expect_file_equals_cache(&w);
        watched_close(&w);
        if (!has_failed) {
            assert_true(n > 20);
            break;
        }
    }
}

static void every_sync_fails_once_and_its_pages_are_written_again(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct watched w;
        lgpos_t last_durable = 0;
        watched_open(&w, SMALL, PAGES, 4 << 20, false);
        fault_fs_fail(w.fault, FAULT_SYNC, n, JET_errDiskIO, false);
        JET_ERR err = scenario(&w, &last_durable);
        bool has_failed = fault_fs_has_failed(w.fault);
        assert_int_equal(err, has_failed ? JET_errDiskIO : JET_errSuccess);
        fault_fs_fail(w.fault, FAULT_SYNC, 0, JET_errSuccess, false);
        assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
        expect_file_equals_cache(&w);
        watched_close(&w);
        if (!has_failed) {
            assert_int_equal(n, 7);
            break;
        }
    }
}

static void pages_of_a_failed_sync_are_dirty_again(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 4 << 20, false);
    int64_t first = watched_change(&w, 10, 0);
    change(&w, 11);
    change(&w, 50);
    fault_fs_fail(w.fault, FAULT_SYNC, 1, JET_errDiskIO, false);
    assert_int_equal(cache_flush_file(w.pages), JET_errDiskIO);
    assert_int_equal(w.pages_written, 3);
    assert_int_equal(watched_statistics(&w).dirty, 3); /* the system may have dropped them */
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), first);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(w.pages_written, 6);
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), 0);
    watched_close(&w);
}

static void a_failed_sync_of_pages_no_longer_in_memory_is_final(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 0, false); /* 32 frames */
    int64_t first = watched_change(&w, 1, 0);
    for (int round = 0; round < 1000 && atomic_load(&w.on_disk[1]) != (lgpos_t)first; round++) {
        for (page_no_t p = 2; p <= PAGES; p++)
            (void)watched_read(&w, p);
    }
    for (page_no_t p = 2; p <= PAGES; p++)
        (void)watched_read(&w, p);
    fault_fs_fail(w.fault, FAULT_SYNC, 1, JET_errDiskFull, false);
    assert_int_equal(cache_flush_file(w.pages), JET_errDiskFull);
    change(&w, 5);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cache_flush_file(w.pages), JET_errDiskIO);
        assert_int_equal(cache_oldest_dirty(w.cache, NULL), first);
    }
    watched_close(&w);
}

static void a_failed_log_flush_keeps_the_page_from_the_disk(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 4 << 20, false);
    change(&w, 10);
    atomic_store(&w.flush_error, JET_errLogWriteFail);
    assert_int_equal(cache_flush_file(w.pages), JET_errLogWriteFail);
    assert_int_equal(w.writes, 0);
    assert_int_equal(w.failures, 1);
    assert_int_equal(w.last_failure, JET_errLogWriteFail);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    expect_file_equals_cache(&w);
    watched_close(&w);
}

static void a_torn_write_is_repaired_by_the_next_one(void **state)
{
    (void)state;
    for (size_t torn = 512; torn < 4 * SMALL; torn += SMALL) { /* what differs between two states lies in the first 700 bytes */
        struct watched w;
        watched_open(&w, SMALL, PAGES, 4 << 20, false);
        for (page_no_t p = 10; p < 14; p++)
            change(&w, p);
        fault_fs_fail_torn(w.fault, 1, JET_errDiskIO, torn);
        assert_int_equal(cache_flush_file(w.pages), JET_errDiskIO);
        unsigned long long size;
        unsigned char *file = read_whole_file(w.path, &size);
        page_no_t hit = 10 + (page_no_t)(torn / SMALL);
        assert_int_equal(watched_stamp_in(&w, file, hit), 0); /* broken on disk, */
        free(file);
        for (page_no_t p = 10; p < 14; p++)
            assert_true(watched_read(&w, p) > 1); /* sound in memory */
        assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
        expect_file_equals_cache(&w);
        watched_close(&w);
    }
}

static void a_dead_disk_gives_its_error_to_who_needs_a_frame(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 0, false); /* 32 frames */
    fault_fs_fail(w.fault, FAULT_WRITE, 1, JET_errDiskFull, true);
    page_no_t p = 1;
    int64_t result = 1;
    while (result > 0 && p <= PAGES)
        result = watched_change(&w, p++, 0);
    assert_int_equal(result, JET_errDiskFull);
    assert_int_equal(p - 2, 32); /* every frame is dirty */
    assert_true(w.failures > 0);
    fault_fs_fail(w.fault, FAULT_WRITE, 0, JET_errSuccess, false); /* somebody makes room */
    for (p = 1; p <= PAGES; p++)
        change(&w, p);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    expect_file_equals_cache(&w);
    watched_close(&w);
}

static void a_failed_change_of_size_changes_nothing(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 4 << 20, false);
    fault_fs_fail(w.fault, FAULT_SET_SIZE, 1, JET_errDiskFull, false);
    assert_int_equal(cache_file_grow(w.pages, PAGES + 50), JET_errDiskFull);
    assert_int_equal(cache_file_last_page(w.pages), PAGES);
    fault_fs_fail(w.fault, FAULT_SET_SIZE, 1, JET_errDiskIO, false);
    assert_int_equal(cache_file_truncate(w.pages, 50), JET_errDiskIO);
    assert_int_equal(cache_file_last_page(w.pages), PAGES);
    assert_int_equal(watched_read(&w, PAGES), 1);
    assert_int_equal(cache_file_truncate(w.pages, 50), JET_errSuccess);
    assert_int_equal(cache_file_last_page(w.pages), 50);
    watched_close(&w);
}

/* --- power cuts --- */

enum { CRASH_MARKS = 200, CRASH_CHANGES = 1200 };

/* What is known of the run, to judge the images by. */
struct history {
    struct {
        page_no_t page_no;
        lgpos_t position;
    } changes[CRASH_CHANGES];
    size_t change_count;
    struct {
        size_t events;  /* the recording had so many when */
        lgpos_t oldest; /* the cache gave this answer (the tip, when nothing was dirty) */
    } marks[CRASH_MARKS];
    size_t mark_count;
};

static void mark(struct watched *w, struct history *h)
{
    /* Everything below what a checkpoint could be now: asked before the count, so that the answer is good at that event already. */
    assert_true(h->mark_count < CRASH_MARKS);
    lgpos_t tip = atomic_load(&w->tip) + 1, oldest = cache_oldest_dirty(w->cache, w->pages);
    h->marks[h->mark_count].oldest = oldest != 0 ? oldest : tip;
    h->marks[h->mark_count++].events = fault_fs_event_count(w->fault);
}

static void run_for_crash(struct watched *w, struct history *h, uint64_t random)
{
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 60; i++) {
            page_no_t page_no = 1 + (page_no_t)next_random(&random) % PAGES;
            int64_t position = watched_change(w, page_no, 0);
            assert_true(position > 0 && h->change_count < CRASH_CHANGES);
            h->changes[h->change_count].page_no = page_no;
            h->changes[h->change_count++].position = (lgpos_t)position;
            if (i % 20 == 0)
                mark(w, h);
        }
        if (round % 3 == 0)
            assert_int_equal(cache_file_sync(w->pages), JET_errSuccess);
        else if (round % 3 == 1)
            assert_int_equal(cache_flush_older(w->pages, atomic_load(&w->tip) - 200), JET_errSuccess);
        else
            assert_int_equal(cache_flush_file(w->pages), JET_errSuccess);
        mark(w, h);
    }
}

static bool is_a_state(const struct history *h, page_no_t page_no, lgpos_t stamp)
{
    bool found = stamp == 1;
    for (size_t i = 0; i < h->change_count; i++)
        found |= h->changes[i].page_no == page_no && h->changes[i].position == stamp;
    return found;
}

/* The state the page must have reached when replay begins at `from`. */
static lgpos_t last_before(const struct history *h, page_no_t page_no, lgpos_t from)
{
    lgpos_t last = 1;
    for (size_t i = 0; i < h->change_count; i++) {
        if (h->changes[i].page_no == page_no && h->changes[i].position < from)
            last = h->changes[i].position;
    }
    return last;
}

static void judge_image(const struct watched *w, const struct history *h, size_t events, enum fault_image mode, uint64_t seed, unsigned *torn)
{
    const char *target = make_scratch_folder("image");
    fault_fs_build_image(w->fault, events, mode, seed, target);
    unsigned long long size;
    unsigned char *file = read_whole_file(text_of("%s/pages", target), &size);
    lgpos_t durable = events == 0 ? 1 : w->durable_at[events], from = 0;
    for (size_t i = 0; i < h->mark_count && h->marks[i].events <= events; i++)
        from = h->marks[i].oldest;
    assert_int_equal(size, (PAGES + 2) * SMALL);
    for (page_no_t p = 1; p <= PAGES; p++) {
        lgpos_t stamp = watched_stamp_in(w, file, p);
        if (stamp == 0 && mode == FAULT_IMAGE_RANDOM) { /* torn, and known to be by its checksum; only a page not yet durable can be */
            (*torn)++;
            continue;
        }
        if (!is_a_state(h, p, stamp) || stamp > durable || stamp < last_before(h, p, from))
            fail_msg("after %zu events, mode %d: page %u has state %llu; durable %llu, replay from %llu needs %llu", events, (int)mode, p, (unsigned long long)stamp,
                     (unsigned long long)durable, (unsigned long long)from, (unsigned long long)last_before(h, p, from));
    }
    free(file);
}

static void after_a_power_cut_each_page_is_whole_explained_by_the_log_and_new_enough(void **state)
{
    (void)state;
    static struct history history;
    struct watched w;
    unsigned torn = 0, images = 0;
    uint64_t seed = clock_monotonic_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    memset(&history, 0, sizeof history);
    watched_open(&w, SMALL, PAGES, 70 * COST, true); /* 64 frames: evictions write between the flushes */
    run_for_crash(&w, &history, seed);
    cache_file_discard(w.pages); /* power is gone */
    size_t events = fault_fs_event_count(w.fault);
    assert_true(events > 40);
    for (size_t n = 0; n <= events; n++) {
        judge_image(&w, &history, n, FAULT_IMAGE_KEEP_ALL, 0, &torn);
        judge_image(&w, &history, n, FAULT_IMAGE_DROP_ALL, 0, &torn);
        judge_image(&w, &history, n, FAULT_IMAGE_RANDOM, seed + n, &torn);
        images += 3;
    }
    print_message("%u images of %zu events, %u torn pages found by their checksums\n", images, events, torn);
    watched_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_write_fails_once_and_nothing_is_lost),
        cmocka_unit_test(every_sync_fails_once_and_its_pages_are_written_again),
        cmocka_unit_test(pages_of_a_failed_sync_are_dirty_again),
        cmocka_unit_test(a_failed_sync_of_pages_no_longer_in_memory_is_final),
        cmocka_unit_test(a_failed_log_flush_keeps_the_page_from_the_disk),
        cmocka_unit_test(a_torn_write_is_repaired_by_the_next_one),
        cmocka_unit_test(a_dead_disk_gives_its_error_to_who_needs_a_frame),
        cmocka_unit_test(a_failed_change_of_size_changes_nothing),
        cmocka_unit_test(after_a_power_cut_each_page_is_whole_explained_by_the_log_and_new_enough),
    };
    return cmocka_run_group_tests_name("cache_write_faults", tests, NULL, NULL);
}
