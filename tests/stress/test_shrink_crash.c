/* The power goes at every kind of moment while the end of a file is moved and cut off at attach; what the disk may hold then is recovered: all rows and index entries are as they were, the database is
 * without fault, and it can be shrunk on. Images are built as in test_crash_matrix.c.
 *
 * OPENESE_SHRINK_IMAGES sets the number of images (default 10), OPENESE_SEED the seed, OPENESE_KEEP_IMAGES a folder into which unrecovered ones are copied.
 */
#define ESENT_PRIVATE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "shared_data.h"
#include "shrinkable.h"
#include "sound_file.h"

enum { PAGE = 4096, EARLY = 1200, LATE = 800, LAST = 60, OPTIONS = JET_bitShrinkDatabaseEofOnAttach };

static const char *start_folder; /* the database is where the instance starts, not where its logs say */
static bool has_last;            /* table "Last", whose roots move, in a stream that knows of it */
static uint64_t last_digest;

static void configure(JET_INSTANCE instance)
{
    shrinkable_stream_folder(start_folder);
    if (has_last)
        shrinkable_configure_stream(instance);
    else
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

static bool has_same_rows(struct sample *s, uint64_t digest)
{
    struct sample last;
    bool is_same = shrinkable_digest(s) == digest;
    if (has_last) {
        shrinkable_open_last(s, &last);
        is_same = is_same && shrinkable_digest(&last) == last_digest;
        assert_good(JetCloseTable(s->session, last.table));
    }
    return is_same;
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
    if (!has_same_rows(&s, digest))
        fail_msg("rows differ, image %llu after %zu events", (unsigned long long)k, events);
    live_stop(&s.live);
    (void)expect_sound_file(path);
    (void)!system(text_of("rm -rf '%s'", folder));
}

/* --- the recovery's own cut --- */

static uint32_t cuts_seen;

/* Before each change of the database's size in a recovery that has ShrinkDB in its required range, and leaves the cut to the end of it. */
static void see_cut(void *context, enum fault_operation operation, const char *path, uint64_t offset, size_t size)
{
    enum { STATE_OFFSET = 52 };
    uint8_t header[64];
    (void)context, (void)offset, (void)size;
    if (operation != FAULT_SET_SIZE || strstr(path, "sample.edb") == NULL)
        return;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, sizeof header, file), sizeof header);
    fclose(file);
    assert_int_equal(load_le32(header + STATE_OFFSET), DB_STATE_CLEAN);
    cuts_seen++;
}

/* The last moment before the file is cut for the first time: ShrinkDB is durable, and the header asks for it. */
static size_t before_first_cut(const struct fault_fs *f, size_t from, size_t to)
{
    for (size_t i = from + 1; i < to; i++) {
        enum fault_event before = fault_fs_event_kind(f, i - 1);
        if (fault_fs_event_kind(f, i) == FAULT_EVENT_SET_SIZE && before != FAULT_EVENT_CREATE && before != FAULT_EVENT_SET_SIZE)
            return i;
    }
    fail_msg("the file has not been cut");
    return 0;
}

/* A second power cut between the recovery's cut and its clean header would leave records that name pages which are no more. */
static void check_order_of_recovery(const struct fault_fs *f, size_t from, size_t to, uint64_t digest)
{
    const char *folder = make_scratch_folder("order");
    struct fault_fs *watched = fault_fs_create(os_fs_posix());
    struct sample s;
    fault_fs_build_image(f, before_first_cut(f, from, to), FAULT_IMAGE_KEEP_ALL, 0, folder);
    fault_fs_set_hook(watched, see_cut, NULL);
    process_set_fs(fault_fs_os(watched));
    start_again(&s, folder);
    assert_true(cuts_seen > 0);
    fault_fs_set_hook(watched, NULL, NULL);
    shrinkable_attach(&s, text_of("%s/sample.edb", folder), 0, -1, 0, NULL);
    assert_true(has_same_rows(&s, digest));
    live_stop(&s.live);
    process_set_fs(NULL);
    fault_fs_destroy(watched);
}

static void start_filled(struct sample *s)
{
    if (has_last) {
        struct sample last;
        shrinkable_start_in_new_stream(s);
        shrinkable_fill_with_roots_last(s, EARLY, LAST, &last);
        last_digest = shrinkable_digest(&last);
        assert_good(JetCloseTable(s->session, last.table));
        return;
    }
    live_configure = shrinkable_configure;
    sample_start(s, PAGE);
    live_configure = NULL;
    shrinkable_fill(s, EARLY, LATE);
}

static void crash_while_shrinking(uint64_t images)
{
    const uint64_t seed = number_from("OPENESE_SEED", (uint64_t)time(NULL));
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct sample s;
    uint32_t before, after;
    printf("seed %llu, %llu images\n", (unsigned long long)seed, (unsigned long long)images);
    fflush(stdout);
    process_set_fs(fault_fs_os(f));
    start_filled(&s);
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
    assert_true(has_same_rows(&s, digest));
    live_stop(&s.live);
    process_set_fs(NULL);
    assert_true(to > from + 20);
    check_order_of_recovery(f, from, to, digest);
    srand((unsigned)seed);
    for (uint64_t k = 0; k < images; k++) {
        size_t events = from + (size_t)((double)(to - from) * ((double)k + (double)(rand() % 1000) / 1000) / (double)images);
        check_image(f, events, k, seed, digest);
    }
    fault_fs_destroy(f);
}

static void a_crash_while_a_file_is_shortened_loses_nothing(void **state)
{
    (void)state;
    has_last = false;
    crash_while_shrinking(number_from("OPENESE_SHRINK_IMAGES", 10));
}

static void a_crash_while_roots_move_loses_nothing(void **state)
{
    (void)state;
    require_shared_data();
    has_last = true;
    crash_while_shrinking(number_from("OPENESE_SHRINK_IMAGES", 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_crash_while_a_file_is_shortened_loses_nothing), cmocka_unit_test(a_crash_while_roots_move_loses_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
