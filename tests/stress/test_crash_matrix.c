/* The power goes at every kind of moment of a random workload; what the disk may hold then is recovered and compared with the model.
 *
 * The workload runs over a file system that records every write and sync. Then images are built of what a disk could hold after the first N
 * changes: everything written, only what was synced, or a random part of the rest, in any order, with log writes torn at 512 bytes. Each image is
 * recovered by the engine itself: every transaction whose durable commit had returned must be there whole, nothing else, and the integrity check must be clean.
 * A page of the database is taken to be written whole or not at all, as the format does (docs/format).
 *
 * OPENESE_CRASH_IMAGES sets the number of images (default 240), OPENESE_SEED the seed; OPENESE_CRASH_KEEP (with KEEP_TEST_FOLDERS) keeps the images.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "live_instance.h"
#include "shared_data.h"
#include "workload.h"

static uint64_t event_clock(void *context)
{
    return fault_fs_event_count((const struct fault_fs *)context);
}

static void remove_folder(const char *folder)
{
    if (system(text_of("rm -rf '%s'", folder)) != 0)
        fail_msg("cannot remove %s", folder);
}

static void verify(const char *folder)
{
    const char *tool = getenv("ESE_TOOL");
    assert_non_null(tool);
    if (system(text_of("'%s' verify '%s' > '%s/verify.txt' 2>&1", tool, workload_database(folder), folder)) != 0) {
        (void)!system(text_of("cat '%s/verify.txt' >&2", folder));
        fail_msg("ese verify found damage in %s", folder);
    }
}

struct tally {
    uint64_t images, rows;
};

static void check_image(struct workload *w, const struct fault_fs *f, size_t events, enum fault_image mode, uint64_t seed, struct tally *tally)
{
    static const char *const names[] = {"everything written", "only what was synced", "a random part"};
    const char *folder = make_scratch_folder("image");
    uint64_t rows = 0;
    fault_fs_build_image(f, events, mode, seed, folder);
    if (getenv("OPENESE_CRASH_KEEP") != NULL) { /* and as it was before the recovery */
        (void)!system(text_of("cp -r '%s' '%s-before'", folder, folder));
        printf("image %s: %zu events, %s, seed %llu\n", folder, events, names[mode], (unsigned long long)seed);
    }
    JET_ERR err = workload_check(w, folder, events, &rows);
    if (err < JET_errSuccess)
        fail_msg("image after %zu events (%s, seed %llu): recovery ends with %d", events, names[mode], (unsigned long long)seed, (int)err);
    verify(folder);
    tally->images++;
    tally->rows += rows;
    if (getenv("OPENESE_CRASH_KEEP") == NULL)
        remove_folder(folder);
}

struct scenario {
    const char *name;
    uint32_t page_size, threads, transactions, cache_pages, log_kib;
    bool is_circular;
};

static void run_scenario(const struct scenario *s, uint64_t images, uint64_t seed, struct tally *tally)
{
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    const char *folder = make_scratch_folder("work");
    const struct workload_config config = {.folder = folder, .page_size = s->page_size, .threads = s->threads, .transactions = s->transactions, .seed = seed,
                                           .cache_pages = s->cache_pages, .log_kib = s->log_kib, .is_circular = s->is_circular, .now = event_clock, .context = f};
    struct workload *w = workload_create(&config);
    process_set_fs(fault_fs_os(f));
    assert_good(workload_setup(w));
    assert_good(workload_finish(w, false));
    fault_fs_record(f, folder);
    fault_fs_set_tear_unit_of(f, "work.edb", s->page_size);
    assert_good(workload_start(w));
    size_t from = fault_fs_event_count(f);
    assert_good(workload_run(w));
    size_t to = fault_fs_event_count(f);
    assert_good(workload_finish(w, false));
    process_set_fs(NULL);
    assert_true(to > from);
    srand((unsigned)seed);
    for (uint64_t i = 0; i < images; i++) {
        /* Evenly over the run, each a random step further. */
        size_t events = from + (size_t)((double)(to - from) * ((double)i + (double)(rand() % 1000) / 1000) / (double)images);
        check_image(w, f, events, (enum fault_image)(i % 3), seed + i, tally);
    }
    workload_destroy(w);
    fault_fs_destroy(f);
}

static void every_image_of_a_crash_recovers_to_what_was_committed(void **state)
{
    (void)state;
    static const struct scenario scenarios[] = {
        {"one thread, 4 KiB", 4096, 1, 60, 96, 128, false},
        {"four threads, 4 KiB, circular logs", 4096, 4, 40, 96, 64, true},
        {"three threads, 8 KiB", 8192, 3, 30, 96, 256, false},
        {"two threads, 16 KiB", 16384, 2, 30, 96, 512, true},
        {"two threads, 32 KiB", 32768, 2, 30, 96, 1024, false},
    };
    const uint64_t images = number_from("OPENESE_CRASH_IMAGES", 240), seed = number_from("OPENESE_SEED", (uint64_t)time(NULL));
    struct tally tally = {0, 0};
    const size_t count = sizeof scenarios / sizeof scenarios[0];
    const char *only = getenv("OPENESE_CRASH_ONLY");
    printf("seed %llu, %llu images\n", (unsigned long long)seed, (unsigned long long)images);
    for (size_t i = 0; i < count; i++) {
        if (only != NULL && (size_t)atoi(only) != i)
            continue;
        printf("%s\n", scenarios[i].name);
        fflush(stdout);
        /* Long lanes take new workloads every so often: one workload's images alone would all be of one history. */
        for (uint64_t left = images / count, round = 0; left > 0; round++) {
            uint64_t now = left < 60 ? left : 60;
            run_scenario(&scenarios[i], now, seed * 131 + i * 17 + round, &tally);
            left -= now;
        }
    }
    printf("%llu images recovered, %llu rows compared\n", (unsigned long long)tally.images, (unsigned long long)tally.rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_image_of_a_crash_recovers_to_what_was_committed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
