/* Receiving a shipped log while memory, files and the disk fail: a piece that failed comes again, and nothing is lost or left behind. */
#define ESENT_PRIVATE
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "fault.h"
#include "format/log_record.h"
#include "log/consume.h"
#include "log/log.h"
#include "shared_data.h"

enum { PIECES = 64, RECORD = 3000, RECORDS = 40, GENERATIONS = 3 };

/* A stream of some generations, as it was shipped. */
static struct log_piece pieces[PIECES];
static unsigned piece_count;
static const char *stream_folder;

static void keep(void *context, const struct log_piece *piece)
{
    (void)context;
    assert_true(piece_count < PIECES);
    struct log_piece *kept = &pieces[piece_count++];
    *kept = *piece;
    if (piece->size == 0)
        return;
    uint8_t *data = malloc(piece->size);
    assert_non_null(data);
    memcpy(data, piece->data, piece->size);
    kept->data = data;
}

static int record_a_stream(void **state)
{
    static uint8_t record[LR_COMMIT_CTX_FIXED + RECORD], context[RECORD];
    struct log *log = NULL;
    (void)state;
    stream_folder = make_scratch_folder("stream");
    const struct log_config config = {.fs = os_fs_posix(), .log_folder = stream_folder, .system_folder = stream_folder, .base_name = "edb", .is_legacy_names = true, .file_kib = 64,
                                      .page_size = 4096, .callbacks = {.emit = keep}};
    assert_int_equal(log_create(&config, NULL, &log), 0);
    for (int i = 0; i < RECORDS; i++) {
        memset(context, i + 1, sizeof context);
        assert_int_equal(log_append(log, record, log_record_encode_commit_context(record, 5, 0, span_of(context, sizeof context)), NULL), 0);
        if (i % 3 == 0)
            assert_int_equal(log_flush_all(log), 0);
    }
    assert_int_equal(log_flush_all(log), 0);
    assert_true(log_tip_generation(log) >= GENERATIONS);
    log_close(log);
    return 0;
}

static int forget_the_stream(void **state)
{
    (void)state;
    for (unsigned i = 0; i < piece_count; i++)
        free((void *)(uintptr_t)pieces[i].data);
    return 0;
}

static JET_ERR take(struct log_consumer *c, const struct log_piece *p, uint64_t sequence)
{
    switch (p->what) {
    case LOG_EMISSION_BEGIN: return log_consumer_begin(c);
    case LOG_EMISSION_DATA: return log_consumer_add(c, sequence, p->position, p->data, p->size);
    case LOG_EMISSION_COMPLETE: return log_consumer_complete(c, sequence, p->position);
    default: return log_consumer_end(c);
    }
}

static void assert_taken(const char *folder, uint32_t generation)
{
    unsigned long long size, taken_size;
    const char *path = text_of("%s/edb%05X.log", stream_folder, generation);
    unsigned char *bytes = read_whole_file(os_exists(os_fs_posix(), path) ? path : text_of("%s/edb.log", stream_folder), &size);
    unsigned char *taken = read_whole_file(text_of("%s/edb%05X.jsl", folder, generation), &taken_size);
    assert_int_equal(size, taken_size);
    assert_memory_equal(bytes, taken, size);
    free(bytes);
    free(taken);
}

/* Sends everything to a consumer with one fault; false: it never struck. The sender begins anew in the middle of generation 2. */
static bool send_all(const struct fault *fault, uint64_t n)
{
    const char *folder = make_scratch_folder("replica");
    struct fault_fs *disk = fault_fs_create(os_fs_posix());
    struct log_consumer consumer;
    uint32_t incomplete = 0;
    uint64_t sequence = 0;
    bool has_struck = false, has_begun_again = false;
    assert_int_equal(log_consumer_init(&consumer), 0);
    assert_int_equal(log_consumer_open(&consumer, fault_fs_os(disk), folder, "edb", true), 0);
    fault_arm(disk, fault, n);
    for (unsigned i = 0; i < piece_count; i++) {
        const struct log_piece *p = &pieces[i];
        bool is_middle = p->what == LOG_EMISSION_DATA && lgpos_generation(p->position) == 2 && lgpos_segment(p->position) >= 4;
        for (int again = is_middle && !has_begun_again ? 0 : 1; again < 2; again++) {
            const struct log_piece begin = {.what = LOG_EMISSION_BEGIN};
            has_begun_again |= is_middle;
            if (again == 0)
                sequence = 0;
            const struct log_piece *now = again == 0 ? &begin : p;
            uint64_t number = now->what == LOG_EMISSION_BEGIN ? 0 : ++sequence;
            JET_ERR err = take(&consumer, now, number);
            if (err < 0 && !has_struck) {
                has_struck = fault_disarm(disk, fault);
                assert_int_equal(err, fault->is_memory ? JET_errOutOfMemory : fault->error);
                assert_true(has_struck);
                err = take(&consumer, now, number);
                if (now->what == LOG_EMISSION_COMPLETE) {
                    assert_int_equal(err, JET_errInvalidLogDataSequence); /* a second sync knows nothing of the first */
                    incomplete = lgpos_generation(now->position);
                    continue;
                }
            }
            bool ends_incomplete = incomplete != 0 && now->what == LOG_EMISSION_DATA && lgpos_segment(now->position) == 0 && lgpos_generation(now->position) == incomplete + 1;
            assert_int_equal(err, ends_incomplete ? JET_wrnPreviousLogFileIncomplete : JET_errSuccess);
        }
    }
    has_struck |= fault_disarm(disk, fault);
    log_consumer_destroy(&consumer);
    for (uint32_t generation = 1; generation <= GENERATIONS; generation++) {
        if (generation != incomplete)
            assert_taken(folder, generation);
        else
            assert_false(os_exists(os_fs_posix(), text_of("%s/edb%05X.jsl", folder, generation)));
    }
    assert_int_equal(fault_fs_open_files(disk), 0);
    fault_fs_destroy(disk);
    return has_struck;
}

static void a_piece_that_failed_comes_again_and_a_completion_that_failed_leaves_its_generation_incomplete(void **state)
{
    static const struct fault FAULTS[] = {{.name = "memory", .is_memory = true},
                                          {.name = "handles", .operation = FAULT_OPEN, .error = JET_errOutOfFileHandles},
                                          {.name = "reading", .operation = FAULT_READ, .error = JET_errDiskIO},
                                          {.name = "full disk", .operation = FAULT_WRITE, .error = JET_errDiskFull},
                                          {.name = "size", .operation = FAULT_SET_SIZE, .error = JET_errDiskFull},
                                          {.name = "sync", .operation = FAULT_SYNC, .error = JET_errDiskIO},
                                          {.name = "folder", .operation = FAULT_DIR_SYNC, .error = JET_errDiskIO}};
    (void)state;
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        uint64_t n = 1;
        while (send_all(&FAULTS[i], n))
            n++;
        assert_true(n > 1);
    }
}

static void a_generation_that_cannot_be_begun_leaves_no_file_and_takes_none_away(void **state)
{
    const char *folder = make_scratch_folder("replica");
    struct fault_fs *disk = fault_fs_create(os_fs_posix());
    struct log_consumer consumer;
    (void)state;
    assert_int_equal(log_consumer_init(&consumer), 0);
    assert_int_equal(log_consumer_open(&consumer, fault_fs_os(disk), folder, "edb", true), 0);
    fault_fs_fail(disk, FAULT_WRITE, 1, JET_errDiskFull, false);
    assert_int_equal(take(&consumer, &pieces[0], 0), 0);
    assert_int_equal(take(&consumer, &pieces[1], 1), JET_errDiskFull);
    assert_false(os_exists(os_fs_posix(), text_of("%s/edb00001.jsl", folder)));
    /* But one that is there already stays, whatever is wrong with the disk when its sender begins again. */
    for (int i = 0; i < 4; i++)
        assert_int_equal(take(&consumer, &pieces[i], (uint64_t)i), 0);
    unsigned long long size, size_after;
    unsigned char *before = read_whole_file(text_of("%s/edb00001.jsl", folder), &size);
    assert_int_equal(take(&consumer, &pieces[0], 0), 0);
    fault_fs_fail(disk, FAULT_READ, 1, JET_errDiskIO, false);
    assert_int_equal(take(&consumer, &pieces[1], 1), JET_errDiskIO);
    unsigned char *after = read_whole_file(text_of("%s/edb00001.jsl", folder), &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
    log_consumer_destroy(&consumer);
    fault_fs_destroy(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_that_failed_comes_again_and_a_completion_that_failed_leaves_its_generation_incomplete),
        cmocka_unit_test(a_generation_that_cannot_be_begun_leaves_no_file_and_takes_none_away),
    };
    return cmocka_run_group_tests(tests, record_a_stream, forget_the_stream);
}
