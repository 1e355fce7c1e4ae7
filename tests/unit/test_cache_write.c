/* The write side of the page cache: what reaches the disk, when, and in which order. A failing disk and crashes are in
 * tests/fault/test_cache_write_faults.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/flush_map.h"
#include "os/clock.h"
#include "shared_data.h"
#include "watched_cache.h"

enum { SMALL = 4096, LARGE = 32768, PAGES = 300, COST = SMALL + 500 /* of a frame, rounded up */ };

static void change(struct watched *w, page_no_t page_no) { assert_true(watched_change(w, page_no, 0) > 0); }

static lgpos_t stamp_on_disk(const struct watched *w, page_no_t page_no)
{
    unsigned long long size;
    uint8_t *bytes = read_whole_file(w->path, &size);
    lgpos_t stamp = (page_file_offset(page_no, w->page_size) + w->page_size <= size) ? watched_stamp_in(w, bytes, page_no) : 0;
    free(bytes);
    return stamp;
}

static void a_changed_page_is_written_once_sealed_and_synced(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {2048, SMALL, LARGE};
    for (int i = 0; i < 3; i++) {
        struct watched w;
        watched_open(&w, sizes[i], 20, 2 << 20, false);
        for (unsigned round = 1; round <= 5; round++) { /* the watch sees the flush type go 1, 2, 3, 1, 2 */
            int64_t position = watched_change(&w, 7, 0);
            assert_int_equal(watched_statistics(&w).dirty, 1);
            assert_int_equal(watched_read(&w, 7), position);
            assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
            assert_int_equal(w.pages_written, round);
            assert_int_equal(w.syncs, round);
            assert_int_equal(stamp_on_disk(&w, 7), position);
            assert_int_equal(w.flush_types[7], (round - 1) % 3 + 1);
            assert_int_equal(watched_statistics(&w).dirty, 0);
        }
        assert_int_equal(cache_flush(w.cache), JET_errSuccess);
        assert_int_equal(w.pages_written, 5);
        /* A new cache goes on with the flush type that it finds in the page. */
        watched_close_cache(&w);
        watched_open_cache(&w, 2 << 20);
        change(&w, 7);
        assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
        assert_int_equal(w.flush_types[7], 3);
        watched_close(&w);
    }
}

static void a_file_without_checksums_is_written_without(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, 20, 2 << 20, false);
    watched_close_cache(&w);
    w.no_checksums = true;
    watched_open_cache(&w, 2 << 20);
    change(&w, 7);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    unsigned long long size;
    uint8_t *bytes = read_whole_file(w.path, &size);
    assert_int_equal(load_le64(bytes + 8 * SMALL), 0);
    free(bytes);
    watched_close(&w);
}

static void neighbours_become_one_write_and_the_log_is_flushed_once_for_it(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 8 << 20, false);
    for (page_no_t i = 0; i < 100; i++) /* 100 neighbours in a mixed order, and three that stand alone */
        change(&w, 20 + i * 37 % 100);
    change(&w, 1);
    change(&w, 200);
    change(&w, PAGES);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(w.pages_written, 103);
    assert_true(w.writes <= 3 + 100 / 32 + 4);
    assert_true(w.flush_calls <= w.writes);
    assert_int_equal(w.syncs, 1);
    for (page_no_t p = 20; p < 120; p++)
        assert_int_equal(w.on_disk[p], watched_read(&w, p));
    struct cache_statistics s = watched_statistics(&w);
    assert_int_equal(s.writes, w.writes);
    assert_int_equal(s.pages_written, 103);
    watched_close(&w);
}

static void the_log_is_not_asked_for_what_is_known_to_be_durable(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 8 << 20, false);
    change(&w, 10);
    change(&w, 20);
    change(&w, 5); /* the newest position stands in the first page that is written with page 20's */
    for (page_no_t p = 6; p < 10; p++)
        change(&w, p);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess); /* the run 5..10 flushes beyond page 20's position */
    assert_int_equal(w.flush_calls, 1);
    watched_close(&w);
}

static void a_page_beyond_the_waypoint_stays_and_the_flush_says_so(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 8 << 20, false);
    change(&w, 10);
    change(&w, 11);
    atomic_store(&w.waypoint, atomic_load(&w.tip));
    int64_t held = watched_change(&w, 11, 0);
    change(&w, 12);
    atomic_store(&w.first_breach, NULL);
    assert_int_equal(cache_flush_file(w.pages), CACHE_ERROR_PAGES_HELD);
    assert_int_equal(w.pages_written, 1);
    assert_int_equal(w.syncs, 1);
    assert_int_equal(watched_statistics(&w).dirty, 2);
    assert_true(cache_oldest_dirty(w.cache, NULL) < (lgpos_t)held); /* its first change is older than the one that holds it */
    atomic_store(&w.waypoint, atomic_load(&w.tip));
    assert_int_equal(cache_flush(w.cache), JET_errSuccess);
    assert_int_equal(w.pages_written, 3);
    assert_int_equal(cache_oldest_dirty(w.cache, NULL), 0);
    watched_close(&w);
}

static void images_are_logged_and_durable_before_their_pages(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, 20, 2 << 20, false);
    for (page_no_t p = 5; p <= 9; p++)
        change(&w, p);
    atomic_store(&w.image_is_due[5], true); /* 5 is the page the run begins with, 7 joins it */
    atomic_store(&w.image_is_due[7], true);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess); /* the watch looks at each page */
    assert_int_equal(w.images, 2);
    assert_int_equal(w.pages_written, 5);
    assert_int_equal(w.durable, w.tip);
    change(&w, 7);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(w.images, 2);
    watched_close(&w);
}

static void a_page_whose_image_cannot_be_logged_stays_changed(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, 20, 2 << 20, false);
    change(&w, 3);
    atomic_store(&w.image_is_due[3], true);
    atomic_store(&w.image_error, JET_errLogWriteFail);
    assert_int_equal(cache_flush_file(w.pages), JET_errLogWriteFail);
    assert_int_equal(w.pages_written, 0);
    assert_int_equal(w.failures, 1);
    assert_int_equal(watched_statistics(&w).dirty, 1);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(w.images, 1);
    /* As a neighbour it is left out of the write, and has its own turn afterwards. */
    change(&w, 10);
    change(&w, 11);
    atomic_store(&w.image_is_due[11], true);
    atomic_store(&w.image_error, JET_errLogWriteFail);
    unsigned writes = w.writes;
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(w.writes, writes + 2);
    assert_int_equal(w.failures, 1);
    assert_int_equal(watched_statistics(&w).dirty, 0);
    assert_int_equal(w.images, 2);
    watched_close(&w);
}

static void an_image_beyond_the_waypoint_holds_its_page_and_is_logged_once(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, 20, 2 << 20, false);
    change(&w, 4);
    atomic_store(&w.waypoint, atomic_load(&w.tip)); /* the change may be written, what is appended from now on may not */
    atomic_store(&w.image_is_due[4], true);
    assert_int_equal(cache_flush_file(w.pages), CACHE_ERROR_PAGES_HELD);
    assert_int_equal(cache_flush_file(w.pages), CACHE_ERROR_PAGES_HELD);
    assert_int_equal(w.images, 1);
    assert_int_equal(w.pages_written, 0);
    atomic_store(&w.waypoint, atomic_load(&w.tip));
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(w.images, 1);
    assert_int_equal(w.pages_written, 1);
    watched_close(&w);
}

static void old_changes_are_written_in_steps_that_wait_for_nobody(void **state)
{
    (void)state;
    struct watched w;
    bool has_more = true;
    watched_open(&w, SMALL, 200, 4 << 20, false);
    for (page_no_t p = 2; p <= 120; p += 2) /* every other page: each is a run of its own */
        change(&w, p);
    lgpos_t middle = atomic_load(&w.tip);
    for (page_no_t p = 122; p <= 180; p += 2)
        change(&w, p);
    assert_int_equal(cache_write_older(w.pages, middle + 1, 10, &has_more), JET_errSuccess);
    assert_true(has_more);
    assert_int_equal(w.pages_written, 10);
    struct page_ref busy = {0};
    assert_int_equal(cache_get(w.pages, 118, PAGE_LATCH_EXCLUSIVE, &busy), JET_errSuccess);
    while (has_more)
        assert_int_equal(cache_write_older(w.pages, middle + 1, 10, &has_more), JET_errSuccess);
    assert_int_equal(w.pages_written, 59); /* all old ones but the one that is latched */
    assert_int_equal(w.syncs, 0);
    cache_release(&busy);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    watched_close(&w);
}

static void the_oldest_change_is_that_of_all_pages_not_yet_durable(void **state)
{
    (void)state;
    struct watched w;
    lgpos_t oldest[PAGES + 1] = {0}; /* of dirty pages, as a model */
    uint64_t random = (uint64_t)clock_monotonic_ns() | 1;
    print_message("seed %llu\n", (unsigned long long)random);
    watched_open(&w, SMALL, PAGES, 8 << 20, false);
    for (int step = 0; step < 4000; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        page_no_t p = 1 + (page_no_t)(random >> 33) % PAGES;
        lgpos_t tip = atomic_load(&w.tip), begin = tip > 400 ? tip - (random >> 20) % 400 : 1;
        if (step % 100 != 99) {
            assert_true(watched_change(&w, p, begin) > 0);
            if (oldest[p] == 0 || begin < oldest[p])
                oldest[p] = begin;
        } else {
            lgpos_t limit = step % 700 == 699 ? UINT64_MAX : tip - 300;
            assert_int_equal(limit == UINT64_MAX ? cache_flush_file(w.pages) : cache_flush_older(w.pages, limit), JET_errSuccess);
            for (p = 1; p <= PAGES; p++) { /* neighbours may have gone with them */
                if (oldest[p] != 0 && atomic_load(&w.on_disk[p]) == watched_read(&w, p))
                    oldest[p] = 0;
                assert_true(oldest[p] == 0 || oldest[p] >= limit);
            }
        }
        lgpos_t least = 0;
        for (p = 1; p <= PAGES; p++)
            least = oldest[p] != 0 && (least == 0 || oldest[p] < least) ? oldest[p] : least;
        assert_int_equal(cache_oldest_dirty(w.cache, w.pages), least);
        assert_int_equal(cache_oldest_dirty(w.cache, NULL), least);
    }
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), 0);
    watched_close(&w);
}

static void what_was_written_but_not_synced_still_counts(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 0, false); /* 32 frames */
    int64_t first = watched_change(&w, 1, 0);
    for (page_no_t p = 2; p <= 200; p++)
        (void)watched_read(&w, p); /* pushes page 1 out, so it has been written */
    while (atomic_load(&w.on_disk[1]) != (lgpos_t)first) {
        for (page_no_t p = 2; p <= 200; p++)
            (void)watched_read(&w, p);
    }
    assert_int_equal(w.syncs, 0);
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), first);
    assert_int_equal(cache_file_sync(w.pages), JET_errSuccess);
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), 0);
    watched_close(&w);
}

static void changes_without_a_log_hold_no_checkpoint(void **state)
{
    (void)state;
    struct watched w;
    struct page_ref ref;
    watched_open(&w, SMALL, PAGES, 8 << 20, false);
    assert_int_equal(cache_get(w.pages, 3, PAGE_LATCH_EXCLUSIVE, &ref), JET_errSuccess);
    watched_fill(page_ref_bytes(&ref), SMALL, 3, 1, false);
    cache_mark_dirty(&ref, 0, 0);
    cache_release(&ref);
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), 0);
    assert_int_equal(cache_flush_older(w.pages, 5), JET_errSuccess); /* of unknown age: goes with the old ones */
    assert_int_equal(w.pages_written, 1);
    assert_int_equal(w.flush_calls, 0);
    watched_close(&w);
}

struct flusher {
    struct watched *w;
    struct thread thread;
    JET_ERR result;
    atomic_bool has_ended;
};

static void *flush(void *argument)
{
    struct flusher *f = (struct flusher *)argument;
    f->result = cache_flush_file(f->w->pages);
    atomic_store(&f->has_ended, true);
    return NULL;
}

static void start_flush(struct flusher *f, struct watched *w)
{
    f->w = w;
    f->result = 1;
    atomic_store(&f->has_ended, false);
    assert_int_equal(thread_start(&f->thread, flush, f), JET_errSuccess);
}

static void a_page_is_read_and_changed_while_it_is_being_written(void **state)
{
    (void)state;
    struct watched w;
    struct flusher first, second;
    watched_open(&w, SMALL, PAGES, 8 << 20, false);
    int64_t old_position = watched_change(&w, 50, 0);
    watched_shut_gate(&w);
    start_flush(&first, &w);
    watched_wait_at_gate(&w, 1);
    assert_int_equal(watched_read(&w, 50), old_position);
    int64_t new_position = watched_change(&w, 50, 0);
    assert_int_equal(watched_read(&w, 50), new_position);
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), old_position);
    /* A flush that begins now must not believe that the running write is enough. */
    start_flush(&second, &w);
    thread_sleep_ms(20);
    assert_false(atomic_load(&second.has_ended));
    watched_open_gate(&w);
    thread_join(&first.thread);
    thread_join(&second.thread);
    assert_int_equal(first.result, JET_errSuccess);
    assert_int_equal(second.result, JET_errSuccess);
    assert_int_equal(w.pages_written, 2);
    assert_int_equal(w.on_disk[50], new_position);
    assert_int_equal(stamp_on_disk(&w, 50), new_position);
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), 0);
    watched_close(&w);
}

static void changes_after_the_copy_stay_dirty_with_their_own_age(void **state)
{
    (void)state;
    struct watched w;
    struct flusher first;
    watched_open(&w, SMALL, PAGES, 8 << 20, false);
    change(&w, 50);
    watched_shut_gate(&w);
    start_flush(&first, &w);
    watched_wait_at_gate(&w, 1);
    int64_t new_position = watched_change(&w, 50, 0);
    change(&w, 50);
    change(&w, 51); /* became dirty after the flush began */
    watched_open_gate(&w);
    thread_join(&first.thread);
    assert_int_equal(watched_statistics(&w).dirty, 2);
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), new_position);
    cache_file_discard(w.pages);
    watched_close(&w);
}

static void a_page_held_exclusive_is_written_after_its_release(void **state)
{
    (void)state;
    struct watched w;
    struct flusher flusher;
    struct page_ref ref;
    watched_open(&w, SMALL, PAGES, 8 << 20, false);
    change(&w, 50);
    change(&w, 51);
    assert_int_equal(cache_get(w.pages, 50, PAGE_LATCH_EXCLUSIVE, &ref), JET_errSuccess);
    memset(page_ref_bytes(&ref) + 8, 0xAA, 2000); /* in the middle of a change */
    start_flush(&flusher, &w);
    thread_sleep_ms(20);
    assert_false(atomic_load(&flusher.has_ended));
    lgpos_t position = watched_append(&w);
    watched_fill(page_ref_bytes(&ref), SMALL, 50, position, false);
    cache_mark_dirty(&ref, position, position);
    assert_int_equal(watched_stamp(&ref.view), position);
    cache_release(&ref);
    thread_join(&flusher.thread);
    assert_int_equal(flusher.result, JET_errSuccess);
    assert_int_equal(w.on_disk[50], position);
    watched_close(&w);
}

static void eviction_takes_clean_pages_while_writes_are_stuck(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 100 * COST, false); /* 96 frames */
    watched_shut_gate(&w);
    for (page_no_t p = 1; p <= 90; p++) /* nearly all dirty, and the background writer stands at the gate */
        change(&w, p);
    watched_wait_at_gate(&w, 1);
    for (page_no_t p = 91; p <= PAGES; p++)
        assert_int_equal(watched_read(&w, p), 1);
    for (page_no_t p = 1; p <= 90; p++)
        assert_true(watched_read(&w, p) > 1); /* still here */
    assert_int_equal(w.writes, 0);
    watched_open_gate(&w);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    for (page_no_t p = 1; p <= 90; p++)
        assert_int_equal(atomic_load(&w.on_disk[p]), watched_read(&w, p));
    watched_close(&w);
}

static void a_cache_full_of_changes_makes_room_by_writing(void **state)
{
    (void)state;
    struct watched w;
    const uint64_t limit = 100 * COST;
    watched_open(&w, SMALL, 1000, limit, false);
    for (int round = 0; round < 3; round++) {
        for (page_no_t p = 1; p <= 1000; p++) {
            change(&w, 1 + p * 617 % 1000);
            assert_true(watched_statistics(&w).bytes_allocated <= limit + CACHE_BYTES_FIXED);
        }
    }
    assert_true(w.pages_written >= 2900);
    assert_int_equal(w.syncs, 0);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    for (page_no_t p = 1; p <= 1000; p++)
        assert_int_equal(atomic_load(&w.on_disk[p]), watched_read(&w, p));
    watched_close(&w);
}

static void the_background_writer_keeps_half_of_the_frames_clean(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 200 * COST, false); /* 192 frames */
    for (page_no_t p = 1; p <= 90; p++)
        change(&w, p);
    thread_sleep_ms(20);
    assert_int_equal(w.writes, 0); /* less than half: no hurry */
    for (page_no_t p = 91; p <= 180; p++)
        change(&w, p);
    for (int i = 0; i < 2000 && watched_statistics(&w).dirty > 96; i++)
        thread_sleep_ms(1);
    assert_true(watched_statistics(&w).dirty <= 96);
    assert_true(w.writes > 0);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    watched_close(&w);
}

static void shrinking_writes_what_is_in_the_way(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, PAGES, 300 * COST, false);
    for (page_no_t p = 1; p <= 100; p++)
        change(&w, p);
    for (page_no_t p = 101; p <= 250; p++)
        (void)watched_read(&w, p);
    assert_int_equal(cache_resize(w.cache, 0, 0), JET_errSuccess);
    for (int i = 0; i < 2000 && watched_statistics(&w).frames > CACHE_FRAMES_MIN; i++) {
        (void)watched_read(&w, 251 + (page_no_t)i % 40);
        thread_sleep_ms(1);
    }
    assert_int_equal(watched_statistics(&w).frames, CACHE_FRAMES_MIN);
    for (page_no_t p = 1; p <= 100; p++)
        assert_true(watched_read(&w, p) > 1);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    watched_close(&w);
}

static void a_new_page_is_not_read_and_forgotten_unless_changed(void **state)
{
    (void)state;
    struct watched w;
    struct page_ref ref;
    watched_open(&w, SMALL, 20, 1 << 20, false);
    assert_int_equal(cache_get_new(w.pages, 21, &ref), JET_errFileIOBeyondEOF);
    assert_int_equal(cache_get_new(w.pages, 0, &ref), JET_errFileIOBeyondEOF);
    assert_int_equal(cache_file_grow(w.pages, 40), JET_errSuccess);
    assert_int_equal(cache_file_last_page(w.pages), 40);
    fault_fs_reset_counts(w.fault);
    assert_int_equal(cache_get_new(w.pages, 30, &ref), JET_errSuccess);
    assert_int_equal(ref.latch, PAGE_LATCH_EXCLUSIVE);
    assert_int_equal(page_node_count(&ref.view), 0);
    assert_true(is_all_zero(page_ref_bytes(&ref), SMALL));
    memset(page_ref_bytes(&ref), 0xEE, SMALL); /* and thinks better of it */
    cache_release(&ref);
    assert_int_equal(fault_fs_count(w.fault, FAULT_READ), 0);
    assert_int_equal(cache_get(w.pages, 30, PAGE_LATCH_SHARED, &ref), JET_errPageNotInitialized); /* as the disk has it */
    assert_int_equal(cache_get_new(w.pages, 30, &ref), JET_errSuccess);
    lgpos_t position = watched_append(&w);
    watched_fill(page_ref_bytes(&ref), SMALL, 30, position, false);
    cache_mark_dirty(&ref, position, position);
    assert_int_equal(watched_stamp(&ref.view), position); /* the view is of the changed page */
    cache_release(&ref);
    assert_int_equal(watched_read(&w, 30), position);
    assert_int_equal(fault_fs_count(w.fault, FAULT_READ), 1);
    /* One that is in memory is as it was. */
    assert_int_equal(cache_get_new(w.pages, 30, &ref), JET_errSuccess);
    assert_int_equal(watched_stamp(&ref.view), position);
    cache_release(&ref);
    assert_int_equal(watched_read(&w, 30), position);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(stamp_on_disk(&w, 30), position);
    watched_close(&w);
}

static void a_file_grows_and_is_cut(void **state)
{
    (void)state;
    struct watched w;
    struct page_ref ref;
    struct os_file_info info;
    watched_open(&w, SMALL, 50, 1 << 20, false);
    assert_int_equal(cache_file_grow(w.pages, 30), JET_errSuccess); /* never shorter */
    assert_int_equal(cache_file_last_page(w.pages), 50);
    for (page_no_t p = 1; p <= 50; p++)
        change(&w, p);
    assert_int_equal(cache_get(w.pages, 45, PAGE_LATCH_SHARED, &ref), JET_errSuccess);
    assert_int_equal(cache_file_truncate(w.pages, 20), JET_errDatabaseInUse);
    assert_int_equal(cache_file_last_page(w.pages), 50);
    assert_int_equal(watched_statistics(&w).dirty, 50);
    cache_release(&ref);
    assert_int_equal(cache_file_truncate(w.pages, 20), JET_errSuccess);
    assert_int_equal(cache_file_last_page(w.pages), 20);
    assert_int_equal(watched_statistics(&w).dirty, 20);
    assert_int_equal(os_file_info(w.file, &info), JET_errSuccess);
    assert_int_equal(info.size, 22 * SMALL);
    assert_int_equal(cache_get(w.pages, 21, PAGE_LATCH_SHARED, &ref), JET_errFileIOBeyondEOF);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(w.pages_written, 20);
    /* When it grows again there is nothing of the old pages. */
    assert_int_equal(cache_file_grow(w.pages, 60), JET_errSuccess);
    assert_int_equal(cache_get(w.pages, 30, PAGE_LATCH_SHARED, &ref), JET_errPageNotInitialized);
    assert_int_equal(os_file_info(w.file, &info), JET_errSuccess);
    assert_int_equal(info.size, 62 * SMALL);
    assert_int_equal(cache_file_truncate(w.pages, 0), JET_errInvalidParameter);
    assert_int_equal(cache_file_grow(w.pages, PAGE_NO_MAX + 1u), JET_errInvalidParameter);
    watched_close(&w);
}

static void *cut(void *argument)
{
    struct flusher *f = (struct flusher *)argument;
    f->result = cache_file_truncate(f->w->pages, 10);
    atomic_store(&f->has_ended, true);
    return NULL;
}

static void a_cut_waits_for_a_write_behind_the_new_end(void **state)
{
    (void)state;
    struct watched w;
    struct flusher flusher, cutter = {.w = &w};
    struct os_file_info info;
    watched_open(&w, SMALL, 50, 1 << 20, false);
    change(&w, 50);
    watched_shut_gate(&w);
    start_flush(&flusher, &w);
    watched_wait_at_gate(&w, 1);
    /* Were it not to wait, the write would make the file long again. */
    assert_int_equal(thread_start(&cutter.thread, cut, &cutter), JET_errSuccess);
    thread_sleep_ms(20);
    assert_false(atomic_load(&cutter.has_ended));
    watched_open_gate(&w);
    thread_join(&cutter.thread);
    thread_join(&flusher.thread);
    assert_int_equal(cutter.result, JET_errSuccess);
    assert_int_equal(os_file_info(w.file, &info), JET_errSuccess);
    assert_int_equal(info.size, 12 * SMALL);
    watched_close(&w);
}

static void a_read_only_file_refuses_changes(void **state)
{
    (void)state;
    struct watched w;
    struct page_ref ref;
    watched_open(&w, SMALL, 20, 1 << 20, false);
    cache_file_detach(w.pages);
    const struct cache_file_config config = {.file = w.file, .is_read_only = true};
    assert_int_equal(cache_file_attach(w.cache, &config, &w.pages), JET_errSuccess);
    assert_int_equal(cache_get(w.pages, 3, PAGE_LATCH_EXCLUSIVE, &ref), JET_errDatabaseFileReadOnly);
    assert_null(ref.frame);
    assert_int_equal(cache_get_new(w.pages, 3, &ref), JET_errDatabaseFileReadOnly);
    assert_null(ref.frame);
    assert_int_equal(watched_read(&w, 3), 1);
    assert_int_equal(cache_file_grow(w.pages, 30), JET_errDatabaseFileReadOnly);
    assert_int_equal(cache_file_truncate(w.pages, 10), JET_errDatabaseFileReadOnly);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    assert_int_equal(w.syncs, 0);
    watched_close(&w);
}

static void discarded_changes_are_gone_and_the_disk_counts(void **state)
{
    (void)state;
    struct watched w;
    watched_open(&w, SMALL, 20, 1 << 20, false);
    change(&w, 3);
    change(&w, 4);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    int64_t kept = watched_change(&w, 5, 0);
    assert_int_equal(cache_flush_file(w.pages), JET_errSuccess);
    change(&w, 5);
    change(&w, 6);
    cache_file_discard(w.pages);
    assert_int_equal(cache_oldest_dirty(w.cache, w.pages), 0);
    assert_int_equal(watched_statistics(&w).dirty, 0);
    assert_int_equal(watched_read(&w, 5), kept);
    assert_int_equal(watched_read(&w, 6), 1);
    watched_close(&w);
}

/* --- the range a backup reads --- */

static void *lock_range(void *argument)
{
    struct flusher *f = (struct flusher *)argument;
    cache_range_lock(f->w->pages, 40, 60);
    atomic_store(&f->has_ended, true);
    return NULL;
}

static void a_range_lock_waits_for_running_writes_and_keeps_out_new_ones(void **state)
{
    (void)state;
    struct watched w;
    struct flusher first, second, locker = {.w = &w};
    watched_open(&w, SMALL, PAGES, 8 << 20, false);
    change(&w, 50);
    watched_shut_gate(&w);
    start_flush(&first, &w);
    watched_wait_at_gate(&w, 1);
    assert_int_equal(thread_start(&locker.thread, lock_range, &locker), JET_errSuccess);
    thread_sleep_ms(20);
    assert_false(atomic_load(&locker.has_ended));
    watched_open_gate(&w);
    thread_join(&locker.thread);
    thread_join(&first.thread);
    watched_shut_range(&w, 40, 60);
    change(&w, 10);
    change(&w, 60);
    change(&w, 61); /* outside, but it goes with its neighbour */
    start_flush(&second, &w);
    while (atomic_load(&w.on_disk[10]) == 1) /* others are written meanwhile */
        thread_sleep_ms(1);
    thread_sleep_ms(20);
    assert_false(atomic_load(&second.has_ended));
    watched_shut_range(&w, 0, 0);
    cache_range_unlock(w.pages);
    thread_join(&second.thread);
    assert_int_equal(second.result, JET_errSuccess);
    assert_int_equal(w.on_disk[60], watched_read(&w, 60));
    watched_close(&w);
}

/* --- many threads against a model --- */

enum { STRESS_THREADS = 4, STRESS_ROUNDS = 6000 };

struct stress {
    struct watched *w;
    struct thread thread;
    uint64_t random;
    _Atomic lgpos_t *model; /* stamp of each page, changed under its exclusive latch */
    uint64_t wrong;
    bool is_backup;
    atomic_bool *stops;
};

static uint64_t next_random(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *random >> 33;
}

static void stress_change(struct stress *s, page_no_t page_no)
{
    struct page_ref ref;
    if (cache_get(s->w->pages, page_no, PAGE_LATCH_EXCLUSIVE, &ref) != JET_errSuccess) {
        s->wrong++;
        return;
    }
    s->wrong += watched_stamp(&ref.view) != atomic_load(&s->model[page_no]);
    for (uint64_t times = 1 + next_random(&s->random) % 2; times > 0; times--) {
        lgpos_t position = watched_append(s->w);
        watched_fill(page_ref_bytes(&ref), s->w->page_size, page_no, position, false);
        cache_mark_dirty(&ref, position, position - next_random(&s->random) % (position < 100 ? position : 100));
        atomic_store(&s->model[page_no], position);
    }
    s->wrong += watched_stamp(&ref.view) != atomic_load(&s->model[page_no]);
    cache_release(&ref);
}

static void stress_read(struct stress *s, page_no_t page_no)
{
    struct page_ref ref;
    if (cache_get(s->w->pages, page_no, PAGE_LATCH_SHARED, &ref) != JET_errSuccess) {
        s->wrong++;
        return;
    }
    s->wrong += watched_stamp(&ref.view) != atomic_load(&s->model[page_no]);
    cache_release(&ref);
}

/* While the range is locked the file's bytes in it stand still. */
static void stress_backup(struct stress *s)
{
    enum { RANGE = 16 };
    struct watched *w = s->w;
    size_t size = (size_t)RANGE * w->page_size;
    uint8_t *before = (uint8_t *)malloc(2 * size), *after = before + size;
    while (!atomic_load(s->stops)) {
        page_no_t first = 1 + (page_no_t)next_random(&s->random) % (PAGES - RANGE);
        cache_range_lock(w->pages, first, first + RANGE - 1);
        watched_shut_range(w, first, first + RANGE - 1);
        s->wrong += os_file_read(w->file, page_file_offset(first, w->page_size), before, size) != JET_errSuccess;
        thread_sleep_ms(1);
        s->wrong += os_file_read(w->file, page_file_offset(first, w->page_size), after, size) != JET_errSuccess;
        s->wrong += memcmp(before, after, size) != 0;
        watched_shut_range(w, 0, 0);
        cache_range_unlock(w->pages);
    }
    free(before);
}

static void *stress_run(void *argument)
{
    struct stress *s = (struct stress *)argument;
    if (s->is_backup) {
        stress_backup(s);
        return NULL;
    }
    for (int i = 0; i < STRESS_ROUNDS; i++) {
        page_no_t page_no = 1 + (page_no_t)next_random(&s->random) % PAGES;
        uint64_t choice = next_random(&s->random) % 100;
        if (choice < 45) {
            stress_change(s, page_no);
        } else if (choice < 98) {
            stress_read(s, page_no);
        } else if (choice == 98) {
            lgpos_t stamp = atomic_load(&s->model[page_no]);
            s->wrong += cache_flush_file(s->w->pages) != JET_errSuccess;
            s->wrong += atomic_load(&s->w->on_disk[page_no]) < stamp; /* what was there before the flush is on the disk after it */
        } else {
            lgpos_t oldest = cache_oldest_dirty(s->w->cache, s->w->pages);
            s->wrong += oldest != 0 && cache_flush_older(s->w->pages, oldest + 100) != JET_errSuccess;
            lgpos_t then = cache_oldest_dirty(s->w->cache, s->w->pages);
            s->wrong += oldest != 0 && then != 0 && then + 200 < oldest; /* marks reach at most 100 + the other threads' delay back */
        }
    }
    return NULL;
}

static void stress(uint32_t page_size, uint64_t bytes)
{
    struct watched w;
    struct stress threads[STRESS_THREADS + 1];
    static _Atomic lgpos_t model[PAGES + 1];
    atomic_bool stops = false;
    uint64_t seed = (uint64_t)clock_monotonic_ns();
    print_message("seed %llu\n", (unsigned long long)seed);
    watched_open(&w, page_size, PAGES, bytes, false);
    for (page_no_t p = 1; p <= PAGES; p++)
        atomic_store(&model[p], 1);
    for (int i = 0; i <= STRESS_THREADS; i++) {
        threads[i] = (struct stress){.w = &w, .random = seed + (uint64_t)i * 7919, .model = model, .is_backup = i == STRESS_THREADS, .stops = &stops};
        assert_int_equal(thread_start(&threads[i].thread, stress_run, &threads[i]), JET_errSuccess);
    }
    for (int i = 0; i <= STRESS_THREADS; i++) {
        if (i == STRESS_THREADS)
            atomic_store(&stops, true);
        thread_join(&threads[i].thread);
        assert_int_equal(threads[i].wrong, 0);
    }
    assert_int_equal(cache_flush(w.cache), JET_errSuccess);
    assert_int_equal(watched_statistics(&w).dirty, 0);
    assert_int_equal(cache_oldest_dirty(w.cache, NULL), 0);
    unsigned long long size;
    uint8_t *file = read_whole_file(w.path, &size);
    for (page_no_t p = 1; p <= PAGES; p++)
        assert_int_equal(watched_stamp_in(&w, file, p), atomic_load(&model[p]));
    free(file);
    assert_int_equal(w.failures, 0);
    assert_true(watched_statistics(&w).evictions > 0);
    watched_close(&w);
}

static void four_threads_and_a_backup_agree_with_the_model(void **state)
{
    (void)state;
    stress(SMALL, 0);
    stress(SMALL, 100 * COST);
    stress(16384, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_page_is_written_once_sealed_and_synced),
        cmocka_unit_test(a_file_without_checksums_is_written_without),
        cmocka_unit_test(neighbours_become_one_write_and_the_log_is_flushed_once_for_it),
        cmocka_unit_test(the_log_is_not_asked_for_what_is_known_to_be_durable),
        cmocka_unit_test(a_page_beyond_the_waypoint_stays_and_the_flush_says_so),
        cmocka_unit_test(images_are_logged_and_durable_before_their_pages),
        cmocka_unit_test(a_page_whose_image_cannot_be_logged_stays_changed),
        cmocka_unit_test(an_image_beyond_the_waypoint_holds_its_page_and_is_logged_once),
        cmocka_unit_test(old_changes_are_written_in_steps_that_wait_for_nobody),
        cmocka_unit_test(the_oldest_change_is_that_of_all_pages_not_yet_durable),
        cmocka_unit_test(what_was_written_but_not_synced_still_counts),
        cmocka_unit_test(changes_without_a_log_hold_no_checkpoint),
        cmocka_unit_test(a_page_is_read_and_changed_while_it_is_being_written),
        cmocka_unit_test(changes_after_the_copy_stay_dirty_with_their_own_age),
        cmocka_unit_test(a_page_held_exclusive_is_written_after_its_release),
        cmocka_unit_test(eviction_takes_clean_pages_while_writes_are_stuck),
        cmocka_unit_test(a_cache_full_of_changes_makes_room_by_writing),
        cmocka_unit_test(the_background_writer_keeps_half_of_the_frames_clean),
        cmocka_unit_test(shrinking_writes_what_is_in_the_way),
        cmocka_unit_test(a_new_page_is_not_read_and_forgotten_unless_changed),
        cmocka_unit_test(a_file_grows_and_is_cut),
        cmocka_unit_test(a_cut_waits_for_a_write_behind_the_new_end),
        cmocka_unit_test(a_read_only_file_refuses_changes),
        cmocka_unit_test(discarded_changes_are_gone_and_the_disk_counts),
        cmocka_unit_test(a_range_lock_waits_for_running_writes_and_keeps_out_new_ones),
        cmocka_unit_test(four_threads_and_a_backup_agree_with_the_model),
    };
    return cmocka_run_group_tests_name("cache_write", tests, NULL, NULL);
}
