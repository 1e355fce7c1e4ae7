/* The power goes at every kind of moment while the end of a file is moved and cut off at attach; what the disk may hold then is recovered: all rows and index entries are as they were, the database is
 * without fault, and it can be shrunk on. Images are built as in test_crash_matrix.c.
 *
 * OPENESE_SHRINK_IMAGES sets the number of images (default 10), OPENESE_SEED the seed, OPENESE_KEEP_IMAGES a folder into which unrecovered ones are copied.
 */
#define ESENT_PRIVATE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "check/check.h"
#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "opened_file.h"
#include "shared_data.h"
#include "shrinkable.h"

enum { PAGE = 4096, EARLY = 1200, LATE = 800, OPTIONS = JET_bitShrinkDatabaseEofOnAttach };

static const char *start_folder; /* the database is where the instance starts, not where its logs say */

static void configure(JET_INSTANCE instance)
{
    shrinkable_configure(instance);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, start_folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramCheckpointDepthMax, 64 * 1024, NULL)); /* pages are written meanwhile */
}

static void start_again(struct sample *s, const char *folder)
{
    *s = (struct sample){.dbid = 0};
    start_folder = folder;
    live_configure = configure;
    live_start_in(&s->live, folder, PAGE);
    live_configure = NULL;
}

static void verify_file(const char *path)
{
    struct opened file;
    struct check_report report;
    assert_good(open_file(path, &file));
    assert_good(check_database(file.db, NULL, NULL, &report));
    assert_int_equal(report.errors, 0);
    close_file(&file);
}

static void check_image(const struct fault_fs *f, size_t events, uint64_t k, uint64_t seed, uint64_t digest)
{
    const char *folder = make_scratch_folder("image"), *keep = getenv("OPENESE_KEEP_IMAGES"), *path = text_of("%s/sample.edb", folder);
    struct sample s;
    fault_fs_build_image(f, events, (enum fault_image)(k % 3), seed + k, folder);
    if (keep != NULL)
        (void)!system(text_of("cp -r '%s' '%s/%llu'", folder, keep, (unsigned long long)k));
    start_again(&s, folder);
    shrinkable_attach(&s, path, k % 2 == 0 ? 0 : OPTIONS, -1, 0, NULL);
    if (shrinkable_digest(&s) != digest)
        fail_msg("rows differ, image %llu after %zu events", (unsigned long long)k, events);
    live_stop(&s.live);
    verify_file(path);
    (void)!system(text_of("rm -rf '%s'", folder));
}

static void a_crash_while_a_file_is_shortened_loses_nothing(void **state)
{
    const uint64_t images = number_from("OPENESE_SHRINK_IMAGES", 10), seed = number_from("OPENESE_SEED", (uint64_t)time(NULL));
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct sample s;
    uint32_t before, after;
    (void)state;
    printf("seed %llu, %llu images\n", (unsigned long long)seed, (unsigned long long)images);
    fflush(stdout);
    process_set_fs(fault_fs_os(f));
    live_configure = shrinkable_configure;
    sample_start(&s, PAGE);
    live_configure = NULL;
    shrinkable_fill(&s, EARLY, LATE);
    uint64_t digest = shrinkable_digest(&s);
    assert_good(JetGetDatabaseInfo(s.session, s.dbid, &before, sizeof before, JET_DbInfoFilesize));
    const char *folder = s.live.folder;
    live_stop(&s.live);
    fault_fs_record(f, folder);
    fault_fs_set_tear_unit_of(f, "sample.edb", PAGE);
    start_again(&s, folder);
    size_t from = fault_fs_event_count(f);
    shrinkable_attach(&s, text_of("%s/sample.edb", folder), OPTIONS, -1, 0, &after);
    size_t to = fault_fs_event_count(f);
    assert_true(after * 10 < before * 9);
    assert_true(shrinkable_digest(&s) == digest);
    live_stop(&s.live);
    process_set_fs(NULL);
    assert_true(to > from + 20);
    srand((unsigned)seed);
    for (uint64_t k = 0; k < images; k++) {
        size_t events = from + (size_t)((double)(to - from) * ((double)k + (double)(rand() % 1000) / 1000) / (double)images);
        check_image(f, events, k, seed, digest);
    }
    fault_fs_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_crash_while_a_file_is_shortened_loses_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
