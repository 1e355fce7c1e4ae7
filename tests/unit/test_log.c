/* The log: positions, fragments, generations, group flush, failures, and what the original engine did to a real stream. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "fault_fs.h"
#include "log/log.h"
#include "os/thread.h"
#include "shared_data.h"

static struct log_config config_for(struct os_fs *fs, const char *folder)
{
    return (struct log_config){.fs = fs, .log_folder = folder, .system_folder = folder, .base_name = "edb", .is_legacy_names = true, .file_kib = 64, .page_size = 4096};
}

/* Every record of a stream's generations, in order, as "type size position". */
static unsigned walk_stream(const char *folder, uint32_t first, uint32_t tip, void (*visit)(void *context, const struct log_record_ref *ref), void *context)
{
    unsigned records = 0;
    uint64_t previous = 0;
    for (uint32_t g = first; g <= tip; g++) {
        struct log_generation generation;
        struct log_walk walk;
        struct log_record_ref ref;
        const char *path = g < tip ? text_of("%s/edb%05X.log", folder, g) : text_of("%s/edb.log", folder);
        JET_ERR err = log_generation_read(os_fs_posix(), path, &generation);
        if (err < 0)
            fail_msg("%s: %d", path, err);
        assert_int_equal(generation.scan.error, 0);
        assert_int_equal(generation.header.generation, g);
        if (g > first)
            assert_int_equal(generation.header.checksum_previous, previous);
        previous = generation.scan.checksum_all;
        log_walk_begin(&walk, generation.image, g, generation.scan.last_segment, 0);
        while ((err = log_walk_next(&walk, &ref)) >= 0) {
            if (visit != NULL)
                visit(context, &ref);
            records++;
        }
        assert_int_equal(err, JET_errNoCurrentRecord);
        log_walk_end(&walk);
        log_generation_release(&generation);
    }
    return records;
}

/* A record that carries a number and a pattern: CommitCtx of any size. */
static uint32_t make_record(uint8_t *out, uint32_t number, uint32_t payload)
{
    out[0] = LR_COMMIT_CTX;
    store_le32(out + 1, payload);
    memset(out + 5, (int)(number & 0xFF), payload);
    store_le32(out + 5 + 3, number);
    return payload + 5;
}

struct expectation {
    uint32_t next;
    lgpos_t positions[5000];
};

static void check_numbered(void *context, const struct log_record_ref *ref)
{
    struct expectation *e = (struct expectation *)context;
    if (ref->bytes.data[0] != LR_COMMIT_CTX)
        return;
    assert_int_equal(load_le32(ref->bytes.data + 8), e->next);
    assert_int_equal(lgpos_normalize(e->positions[e->next]), ref->position);
    e->next++;
}

static void records_of_every_size_come_back_in_order_over_generations(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("log");
    struct log_config config = config_for(os_fs_posix(), folder);
    struct log *log = NULL;
    static struct expectation e;
    static uint8_t record[40000];
    memset(&e, 0, sizeof e);
    assert_int_equal(log_create(&config, NULL, &log), 0);
    assert_int_equal(log_append_init(log, &e.positions[0]), 0);
    assert_int_equal(e.positions[0], lgpos_make(1, 1, 0));
    unsigned seed = 12345;
    uint32_t count = 600;
    for (uint32_t i = 0; i < count; i++) {
        seed = seed * 1103515245u + 12345u;
        uint32_t payload = 8 + (seed >> 8) % (i % 10 == 0 ? 30000u : i % 3 == 0 ? 4200u : 300u);
        assert_int_equal(log_append(log, record, make_record(record, i, payload), &e.positions[i]), 0);
        if (i % 7 == 0)
            assert_int_equal(log_flush(log, e.positions[i]), 0);
        if (i % 50 == 0)
            assert_int_equal(log_pad_segment(log), 0);
    }
    assert_int_equal(log_flush_all(log), 0);
    uint32_t tip = log_tip_generation(log);
    assert_true(tip > 5);
    log_close(log);
    walk_stream(folder, 1, tip, check_numbered, &e);
    assert_int_equal(e.next, count);
    /* The stream goes on in the next segment, never in the last one. */
    struct log_generation g;
    assert_int_equal(log_generation_read(os_fs_posix(), text_of("%s/edb.log", folder), &g), 0);
    uint32_t last = g.scan.last_segment;
    log_generation_release(&g);
    assert_int_equal(log_continue(&config, &log), 0);
    assert_int_equal(log_tip(log), lgpos_make(tip, last + 1, 40));
    log_close(log);
}

static void a_record_larger_than_buffer_or_generation_is_refused(void **state)
{
    (void)state;
    struct log_config config = config_for(os_fs_posix(), make_scratch_folder("large"));
    struct log *log = NULL;
    uint8_t *record = calloc(1, 70000);
    assert_int_equal(log_create(&config, NULL, &log), 0);
    assert_int_equal(log_append(log, record, make_record(record, 1, 69000), NULL), JET_errLogBufferTooSmall);
    assert_int_equal(log_append(log, record, make_record(record, 1, 50000), NULL), 0);
    assert_int_equal(log_flush_all(log), 0);
    log_close(log);
    free(record);
}

static void what_esentutl_appended_to_a_clean_stream_is_appended_here(void **state)
{
    (void)state;
    require_shared_data();
    const char *folder = make_scratch_folder("r4");
    for (int i = 3; i <= 9; i++) {
        const char *name = i < 9 ? text_of("SRU%05X.log", i) : "SRU.log";
        copy_shared_file(text_of("windows/srum-w10-21h1-rathbun/collected/%s", name), text_of("%s/%s", folder, name));
    }
    copy_shared_file("windows/srum-w10-21h1-rathbun/collected/SRU.chk", text_of("%s/SRU.chk", folder));
    struct log_config config = config_for(os_fs_posix(), folder);
    config.base_name = "SRU";
    struct log *log = NULL;
    lgpos_t position, shutdown, term, checkpoint;
    assert_int_equal(log_continue(&config, &log), 0);
    struct log_version version = log_stream_version(log);
    assert_int_equal(version.update_major, 60);
    assert_int_equal(version.update_minor, 140);
    assert_int_equal(log_append_init(log, &position), 0);
    assert_int_equal(position, lgpos_make(9, 8, 0));
    assert_int_equal(log_append_shutdown(log, &shutdown), 0);
    assert_int_equal(shutdown, lgpos_make(9, 8, 0x268));
    assert_int_equal(log_append_term(log, &term), 0);
    assert_int_equal(term, lgpos_make(9, 9, 0));
    assert_int_equal(log_read_checkpoint(log, &checkpoint), 0);
    assert_int_equal(checkpoint, lgpos_make(9, 9, 0));
    log_close(log);

    /* Types, sizes and positions as in the set's other half, which esentutl /r wrote on. */
    struct log_generation ours, theirs;
    struct log_walk a, b;
    struct log_record_ref x, y;
    copy_shared_file("windows/srum-w10-21h1-rathbun/after-esentutl/SRU.log", text_of("%s/theirs.log", folder));
    copy_shared_file("windows/srum-w10-21h1-rathbun/after-esentutl/SRU.chk", text_of("%s/theirs.chk", folder));
    assert_int_equal(log_generation_read(os_fs_posix(), text_of("%s/SRU.log", folder), &ours), 0);
    assert_int_equal(log_generation_read(os_fs_posix(), text_of("%s/theirs.log", folder), &theirs), 0);
    assert_int_equal(ours.scan.last_segment, theirs.scan.last_segment);
    log_walk_begin(&a, ours.image, 9, ours.scan.last_segment, 0);
    log_walk_begin(&b, theirs.image, 9, theirs.scan.last_segment, 0);
    for (;;) {
        JET_ERR p = log_walk_next(&a, &x), q = log_walk_next(&b, &y);
        if (p >= 0 && q == JET_errNoCurrentRecord) { /* only we pad behind Term2: a segment is written once */
            assert_int_equal(x.bytes.data[0], LR_NOP2);
            assert_int_equal(log_walk_next(&a, &x), JET_errNoCurrentRecord);
            break;
        }
        assert_int_equal(p, q);
        if (p < 0)
            break;
        assert_int_equal(x.position, y.position);
        assert_int_equal(x.bytes.size, y.bytes.size);
        assert_int_equal(x.bytes.data[0], y.bytes.data[0]);
        if (x.position >= lgpos_make(9, 9, 0)) { /* Term2: the same but for the time */
            assert_memory_equal(x.bytes.data, y.bytes.data, 18);
        }
    }
    struct checkpoint c, d;
    assert_int_equal(checkpoint_file_read(os_fs_posix(), text_of("%s/SRU.chk", folder), &c), 0);
    assert_int_equal(checkpoint_file_read(os_fs_posix(), text_of("%s/theirs.chk", folder), &d), 0);
    assert_int_equal(lgpos_normalize(c.lgpos_checkpoint), lgpos_normalize(d.lgpos_checkpoint));
    assert_int_equal(lgpos_normalize(c.lgpos_consistency), lgpos_normalize(d.lgpos_consistency));
    assert_int_equal(c.has_attach_list, d.has_attach_list);
    log_walk_end(&a);
    log_walk_end(&b);
    log_generation_release(&ours);
    log_generation_release(&theirs);
}

static void an_older_stream_goes_on_in_a_new_generation_of_the_wanted_version(void **state)
{
    (void)state;
    require_shared_data();
    const char *folder = make_scratch_folder("older");
    struct log_config config = config_for(os_fs_posix(), folder);
    struct log *log = NULL;
    struct log_header before, after, archive;
    lgpos_t position;
    copy_shared_file("engine/clean_4k_win10/edb.log", text_of("%s/edb.log", folder));
    assert_int_equal(log_header_read(os_fs_posix(), text_of("%s/edb.log", folder), &before), 0);
    assert_int_equal(before.version.update_major, 4);
    assert_int_equal(log_continue(&config, &log), 0);
    assert_int_equal(log_append_init(log, &position), 0);
    assert_int_equal(position, lgpos_make(before.generation + 1, 1, 0));
    log_close(log);
    assert_int_equal(log_header_read(os_fs_posix(), text_of("%s/edb.log", folder), &after), 0);
    assert_int_equal(log_version_compare(after.version, LOG_VERSION_NEW_STREAM), 0);
    assert_int_equal(after.generation, before.generation + 1);
    assert_true(log_time_equal(after.previous_created, before.created));
    assert_int_equal(log_header_read(os_fs_posix(), text_of("%s/edb%05X.log", folder, before.generation), &archive), 0);
    assert_int_equal(log_version_compare(archive.version, before.version), 0);
}

static void a_second_opener_is_refused_also_after_a_roll(void **state)
{
    (void)state;
    struct log_config config = config_for(os_fs_posix(), make_scratch_folder("locked"));
    struct log *log = NULL, *other = NULL;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    assert_int_equal(log_continue(&config, &other), JET_errFileAccessDenied);
    assert_int_equal(log_roll(log), 0);
    assert_int_equal(log_continue(&config, &other), JET_errFileAccessDenied);
    log_close(log);
    assert_int_equal(log_continue(&config, &other), 0);
    assert_int_equal(log_tip_generation(other), 2);
    log_close(other);
}

static void a_roll_for_backup_puts_its_record_first_in_the_new_generation(void **state)
{
    (void)state;
    struct log_config config = config_for(os_fs_posix(), make_scratch_folder("backup"));
    struct log *log = NULL;
    lgpos_t position;
    struct log_time created;
    struct backup_record record = {.phase = BACKUP_RECORD_PREPARE_LOGS, .scope = 1};
    assert_int_equal(log_create(&config, NULL, &log), 0);
    assert_int_equal(log_append_init(log, NULL), 0);
    assert_int_equal(log_roll_for_backup(log, &record, &position, &created), 0);
    assert_int_equal(position, lgpos_make(2, 1, 0));
    struct log_time now = log_generation_created(log);
    assert_true(log_time_equal(created, now));
    assert_int_equal(log_delete_generation(log, 2), JET_errInvalidParameter);
    uint32_t oldest;
    assert_int_equal(log_oldest_generation(log, &oldest), 0);
    assert_int_equal(oldest, 1);
    assert_int_equal(log_delete_generation(log, 1), 0);
    assert_int_equal(log_oldest_generation(log, &oldest), 0);
    assert_int_equal(oldest, 2);
    log_close(log);
}

static void circular_logging_reuses_generations_below_the_checkpoint(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("circular");
    struct log_config config = config_for(os_fs_posix(), folder);
    struct log *log = NULL;
    struct log_listing listing;
    static uint8_t record[4000];
    config.is_circular = true;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    for (uint32_t i = 0; i < 200; i++) {
        assert_int_equal(log_append(log, record, make_record(record, i, 3900), NULL), 0);
        if (i % 5 == 0)
            assert_int_equal(log_write_checkpoint(log, lgpos_make(log_tip_generation(log), 1, 0), 0, true), 0);
    }
    assert_int_equal(log_flush_all(log), 0);
    assert_int_equal(log_list(os_fs_posix(), folder, "edb", true, &listing), 0);
    assert_true(log_tip_generation(log) > 10);
    assert_true(listing.archive_count <= 4);
    uint32_t tip = log_tip_generation(log);
    log_close(log);
    assert_true(walk_stream(folder, listing.first, tip, NULL, NULL) > 10);
}

enum { THREADS = 8, COMMITS = 40 };
static void *commit_many(void *argument)
{
    struct log *log = (struct log *)argument;
    uint8_t record[64];
    for (uint32_t i = 0; i < COMMITS; i++) {
        lgpos_t position;
        assert_int_equal(log_append(log, record, log_record_encode_commit0(record, 1, i), &position), 0);
        assert_int_equal(log_flush(log, position), 0);
        assert_true(log_durable(log) > lgpos_normalize(position));
    }
    return NULL;
}

static void count_commits(void *context, const struct log_record_ref *ref) { *(unsigned *)context += ref->bytes.data[0] == LR_COMMIT0 ? 1u : 0u; }

static void commits_of_many_threads_share_syncs(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("group");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_for(fault_fs_os(f), folder);
    struct log *log = NULL;
    struct thread threads[THREADS];
    unsigned commits = 0;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    fault_fs_reset_counts(f);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&threads[i], commit_many, log), 0);
    for (int i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    print_message("%d commits, %llu syncs\n", THREADS * COMMITS, (unsigned long long)fault_fs_count(f, FAULT_SYNC));
    assert_true(fault_fs_count(f, FAULT_SYNC) < THREADS * COMMITS * 2);
    uint32_t tip = log_tip_generation(log);
    log_close(log);
    walk_stream(folder, 1, tip, count_commits, &commits);
    assert_int_equal(commits, THREADS * COMMITS);
    assert_int_equal(fault_fs_open_files(f), 0);
    fault_fs_destroy(f);
}

/* One lone durable commit after another: one sync each, and each in a segment of its own. */
static void a_lone_commit_costs_one_sync(void **state)
{
    (void)state;
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_for(fault_fs_os(f), make_scratch_folder("lone"));
    struct log *log = NULL;
    uint8_t record[64];
    config.file_kib = 1024;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    fault_fs_reset_counts(f);
    for (uint32_t i = 0; i < 100; i++) {
        lgpos_t position;
        assert_int_equal(log_append(log, record, make_record(record, i, 40), &position), 0);
        assert_int_equal(position, lgpos_make(1, i + 1, 0));
        assert_int_equal(log_flush(log, position), 0);
    }
    assert_int_equal(fault_fs_count(f, FAULT_SYNC), 100);
    log_close(log);
    fault_fs_destroy(f);
}

/* --- blocks written ahead of small flushes --- */

enum { AHEAD_BUFFER = 64 };

static struct log_config config_ahead(struct fault_fs *f, const char *folder)
{
    struct log_config config = config_for(fault_fs_os(f), folder);
    config.file_kib = 1024;
    config.buffer_segments = AHEAD_BUFFER;
    return config;
}

/* So many lone commits of so many segments each; returns the writes they have cost. */
static uint64_t writes_of_commits(struct fault_fs *f, struct log *log, uint32_t commits, uint32_t segments)
{
    static uint8_t record[AHEAD_BUFFER * 4096];
    uint64_t before = fault_fs_count(f, FAULT_WRITE);
    for (uint32_t i = 0; i < commits; i++) {
        lgpos_t position;
        assert_int_equal(log_append(log, record, make_record(record, i, segments * 4096 - 2000), &position), 0);
        assert_int_equal(log_flush(log, position), 0);
    }
    return fault_fs_count(f, FAULT_WRITE) - before;
}

static void small_flushes_write_blocks_ahead_seldom_and_large_ones_never(void **state)
{
    enum { SMALL = 150, LARGE = 5, LARGE_SEGMENTS = 12 };
    (void)state;
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_ahead(f, make_scratch_folder("ahead-small"));
    struct log *log = NULL;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    assert_int_equal(writes_of_commits(f, log, LARGE, LARGE_SEGMENTS), LARGE);
    uint64_t writes = writes_of_commits(f, log, SMALL, 1); /* 2, 4, 8, 16, 32, 64 and what is left */
    assert_true(writes > SMALL && writes <= SMALL + 7);
    assert_int_equal(log_tip_generation(log), 1);
    log_close(log);
    fault_fs_destroy(f);
}

static void a_failed_write_ahead_of_the_data_costs_nothing(void **state)
{
    (void)state;
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    const char *folder = make_scratch_folder("ahead-refused");
    struct log_config config = config_ahead(f, folder);
    struct log *log = NULL;
    unsigned records;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    fault_fs_fail(f, FAULT_WRITE, 2, JET_errDiskFull, false);
    assert_true(writes_of_commits(f, log, 10, 1) > 10);
    assert_true(fault_fs_has_failed(f));
    assert_false(log_is_down(log));
    log_close(log);
    records = walk_stream(folder, 1, 1, NULL, NULL);
    assert_true(records >= 10);
    fault_fs_destroy(f);
}

/* Their blocks have been written, and what stands in them must not be blanked: a power cut could leave half a stale segment behind the data. */
static void a_file_used_again_is_not_blanked_not_even_after_a_start(void **state)
{
    enum { MORE_COMMITS = 60 };
    (void)state;
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_ahead(f, make_scratch_folder("ahead-again"));
    struct log *log = NULL;
    config.is_circular = true;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    while (log_tip_generation(log) < 3)
        (void)writes_of_commits(f, log, 1, 1);
    assert_int_equal(log_write_checkpoint(log, log_tip(log), 0, false), 0);
    while (log_tip_generation(log) < 4)
        (void)writes_of_commits(f, log, 1, 1);
    assert_int_equal(writes_of_commits(f, log, MORE_COMMITS, 1), MORE_COMMITS);
    log_close(log);
    assert_int_equal(log_continue(&config, &log), 0);
    assert_int_equal(writes_of_commits(f, log, MORE_COMMITS, 1), MORE_COMMITS);
    assert_int_equal(log_tip_generation(log), 4);
    log_close(log);
    fault_fs_destroy(f);
}

/* Nor is a reserve, of which only the size has been looked at. */
static void what_stands_in_a_reserve_is_not_blanked(void **state)
{
    enum { RESERVE_COMMITS = 20 };
    (void)state;
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_ahead(f, make_scratch_folder("ahead-reserve"));
    struct log *log = NULL;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    fault_fs_fail(f, FAULT_SET_SIZE, 1, JET_errDiskFull, true);
    assert_int_equal(log_roll(log), 0);
    assert_int_equal(writes_of_commits(f, log, RESERVE_COMMITS, 1), RESERVE_COMMITS);
    log_close(log);
    fault_fs_destroy(f);
}

/* Nobody asks for a flush, and the buffer never fills up; over several generations every record is there, whoever wrote it. */
static void a_large_buffer_is_written_by_the_log_itself_when_it_is_half_full(void **state)
{
    enum { LARGE_SEGMENTS = 128, PAYLOAD = 3000, BEYOND_HALF = 100, RECORDS = 2000, WAIT_MS = 20000 };
    (void)state;
    const char *folder = make_scratch_folder("ahead");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_for(fault_fs_os(f), folder);
    struct log *log = NULL;
    static struct expectation expected;
    uint8_t record[PAYLOAD + 5];
    expected.next = 0;
    config.file_kib = 2048;
    config.buffer_segments = LARGE_SEGMENTS;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    fault_fs_reset_counts(f);
    for (uint32_t i = 0; i < BEYOND_HALF; i++)
        assert_int_equal(log_append(log, record, make_record(record, i, PAYLOAD), &expected.positions[i]), 0);
    for (int i = 0; i < WAIT_MS && log_durable(log) <= lgpos_make(1, LARGE_SEGMENTS / 4, 0); i++)
        thread_sleep_ms(1);
    assert_true(log_durable(log) > lgpos_make(1, LARGE_SEGMENTS / 4, 0));
    assert_true(fault_fs_count(f, FAULT_SYNC) >= 1 && fault_fs_count(f, FAULT_SYNC) <= 2);
    for (uint32_t i = BEYOND_HALF; i < RECORDS; i++)
        assert_int_equal(log_append(log, record, make_record(record, i, PAYLOAD), &expected.positions[i]), 0);
    assert_int_equal(log_flush_all(log), 0);
    uint32_t tip = log_tip_generation(log);
    assert_true(tip > 2);
    log_close(log);
    walk_stream(folder, 1, tip, check_numbered, &expected);
    assert_int_equal(expected.next, RECORDS);
    assert_int_equal(fault_fs_open_files(f), 0);
    fault_fs_destroy(f);
}

/* The thread's failure is everybody's: the next append is refused. */
static void a_failed_write_ahead_takes_the_log_down(void **state)
{
    enum { LARGE_SEGMENTS = 128, PAYLOAD = 3000, RECORDS = 20000 };
    (void)state;
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_for(fault_fs_os(f), make_scratch_folder("ahead-fails"));
    struct log *log = NULL;
    uint8_t record[PAYLOAD + 5];
    JET_ERR err = JET_errSuccess;
    config.file_kib = 2048;
    config.buffer_segments = LARGE_SEGMENTS;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    fault_fs_fail(f, FAULT_SYNC, 1, JET_errDiskIO, true);
    for (uint32_t i = 0; i < RECORDS && err >= 0; i++)
        err = log_append(log, record, make_record(record, i, PAYLOAD), NULL);
    assert_int_equal(err, JET_errLogWriteFail);
    assert_true(log_is_down(log));
    log_close(log);
    fault_fs_destroy(f);
}

enum { MARK_SECTORS = 16, MARK_GENERATION = 7 };

/* Segments 1-2 of one flush, 3 of another, 4-7 of a third. */
static void make_marked_image(uint8_t *image)
{
    static const uint32_t first_of[] = {0, 1, 1, 3, 4, 4, 4, 4};
    memset(image, 0, MARK_SECTORS * LOG_SEGMENT_SIZE);
    for (uint32_t i = 1; i <= 7; i++) {
        uint8_t *segment = image + i * LOG_SEGMENT_SIZE;
        log_segment_begin(segment, lgpos_make(MARK_GENERATION, i, 0), log_time_from_unix(1, 0));
        log_segment_mark(segment, first_of[i]);
        log_segment_seal(segment, i);
    }
}

static void what_a_power_cut_leaves_of_a_flush_ends_the_data_and_is_no_damage(void **state)
{
    (void)state;
    static const struct {
        uint32_t hole, torn, last, discard;
        uint32_t second_hole;
        JET_ERR error;
    } cases[] = {
        {0, 0, 7, 0, 0, 0},
        {5, 0, 4, 5, 0, 0},                     /* of the last flush: never acknowledged */
        {4, 6, 3, 4, 0, 0},
        {0, 7, 6, 7, 0, 0},                     /* its last segment is torn, nothing behind it */
        {0, 5, 4, 5, 0, 0},
        {5, 6, 4, 5, 7, 0},                     /* one lost, one torn, the rest lost */
        {3, 0, 2, 0, 0, JET_errLogFileCorrupt}, /* before a later flush: it had been on the disk */
        {0, 2, 1, 0, 0, JET_errLogFileCorrupt},
    };
    uint8_t *image = malloc(MARK_SECTORS * LOG_SEGMENT_SIZE);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct log_scan scan;
        make_marked_image(image);
        if (cases[i].hole != 0)
            memset(image + cases[i].hole * LOG_SEGMENT_SIZE, 0, LOG_SEGMENT_SIZE);
        if (cases[i].torn != 0)
            for (uint32_t k = 512; k < 1536; k++)
                image[cases[i].torn * LOG_SEGMENT_SIZE + k] = (uint8_t)(k * 7 + k / 13);
        if (cases[i].second_hole != 0)
            memset(image + cases[i].second_hole * LOG_SEGMENT_SIZE, 0, LOG_SEGMENT_SIZE);
        log_segments_scan(image, MARK_SECTORS, MARK_GENERATION, &scan);
        assert_int_equal(scan.error, cases[i].error);
        assert_int_equal(scan.last_segment, cases[i].last);
        assert_int_equal(scan.discard_from, cases[i].discard);
    }
    free(image);
}

static void a_checkpoint_too_far_behind_stops_changes_but_not_the_end(void **state)
{
    (void)state;
    static uint8_t record[4000];
    struct log_config config = config_for(os_fs_posix(), make_scratch_folder("deep"));
    struct log *log = NULL;
    config.checkpoint_too_deep = 40;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < 2000 && err >= 0; i++)
        err = log_append(log, record, make_record(record, i, 3900), NULL);
    assert_int_equal(err, JET_errCheckpointDepthTooDeep);
    assert_false(log_is_down(log));
    assert_int_equal(log_tip_generation(log), 1 + (40 - 16) + 1);
    /* Nor is a rollback with a client's context refused, which would disable the instance. */
    static const uint8_t ROLLBACK[] = {LR_ROLLBACK, 5, 0, 1};
    const struct span end[] = {span_of(ROLLBACK, sizeof ROLLBACK), span_of(record, log_record_encode_commit_context(record, 5, 0, span_of("why", 3)))};
    assert_int_equal(log_append_many(log, end, 2, NULL), 0);
    assert_int_equal(log_append_shutdown(log, NULL), 0); /* a clean end is still possible */
    /* With the checkpoint moved things go on. */
    assert_int_equal(log_write_checkpoint(log, log_tip(log), 0, false), 0);
    assert_int_equal(log_append(log, record, make_record(record, 1, 3900), NULL), 0);
    log_close(log);
}

static uint32_t count_attached(const char *folder)
{
    struct checkpoint *checkpoint = malloc(sizeof *checkpoint);
    uint32_t offset = 0, count = 0;
    bool at_end = false;
    struct attach_info info;
    char *path = NULL;
    assert_int_equal(checkpoint_path(folder, "edb", ".log", &path), 0);
    assert_int_equal(checkpoint_file_read(os_fs_posix(), path, checkpoint), 0);
    while (attach_info_decode(checkpoint->attach_list, ATTACH_LIST_SIZE, &offset, &info, &at_end) >= 0 && !at_end)
        count++;
    mem_free(path);
    free(checkpoint);
    return count;
}

static void a_checkpoint_lists_what_was_attached_before_it(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("list");
    struct log_config config = config_for(os_fs_posix(), folder);
    struct log *log = NULL;
    lgpos_t first = 0, second = 0;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    assert_int_equal(log_append_init(log, NULL), 0);
    assert_int_equal(log_append_attach(log, &(struct log_attach){.dbid = 1, .path = "/a.edb"}, &first), 0);
    assert_int_equal(log_append_attach(log, &(struct log_attach){.dbid = 2, .path = "/b.edb"}, &second), 0);
    assert_int_equal(log_flush_all(log), 0);
    assert_int_equal(log_write_checkpoint(log, first, 0, true), 0);
    assert_int_equal(count_attached(folder), 0); /* who starts there meets the record */
    assert_int_equal(log_write_checkpoint(log, second, 0, true), 0);
    assert_int_equal(count_attached(folder), 1);
    assert_int_equal(log_write_checkpoint(log, log_tip(log), 0, true), 0);
    assert_int_equal(count_attached(folder), 2);
    log_close(log);
}

static void a_failed_sync_takes_the_log_down(void **state)
{
    (void)state;
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_for(fault_fs_os(f), make_scratch_folder("down"));
    struct log *log = NULL;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    assert_int_equal(log_append_init(log, NULL), 0);
    fault_fs_fail(f, FAULT_SYNC, 1, JET_errDiskIO, false);
    assert_int_equal(log_flush_all(log), JET_errLogWriteFail);
    assert_true(log_is_down(log));
    assert_int_equal(log_down_reason(log), JET_errLogWriteFail);
    assert_int_equal(log_append_init(log, NULL), JET_errLogWriteFail);
    assert_int_equal(log_flush_all(log), JET_errLogWriteFail);
    assert_int_equal(log_write_checkpoint(log, lgpos_make(1, 1, 0), 0, false), JET_errLogWriteFail);
    log_close(log);
    fault_fs_destroy(f);
}

static void a_full_disk_uses_the_reserves_and_then_takes_the_log_down(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("full");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_for(fault_fs_os(f), folder);
    struct log *log = NULL;
    struct log_header header;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    fault_fs_fail(f, FAULT_SET_SIZE, 1, JET_errDiskFull, true);
    assert_int_equal(log_roll(log), 0);
    assert_int_equal(log_header_read(os_fs_posix(), text_of("%s/edb.log", folder), &header), 0);
    assert_true((header.flags & LOG_FLAG_FROM_RESERVE) != 0);
    assert_int_equal(log_roll(log), 0);
    assert_int_equal(log_roll(log), JET_errLogDiskFull);
    assert_int_equal(log_roll(log), JET_errLogWriteFail);
    log_close(log);
    fault_fs_destroy(f);
}

/* Nothing has been promised yet: the roll waits a moment, and a log that still finds no handle says so and stays up. A disk that does not answer is another matter. */
static void a_roll_waits_for_file_handles_and_can_be_repeated(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("handles");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_for(fault_fs_os(f), folder);
    struct log *log = NULL;
    lgpos_t position;
    uint8_t record[64];
    assert_int_equal(log_create(&config, NULL, &log), 0);
    fault_fs_fail(f, FAULT_OPEN, 1, JET_errOutOfFileHandles, false);
    assert_int_equal(log_roll(log), 0);
    fault_fs_fail(f, FAULT_OPEN, 1, JET_errDiskIO, false);
    assert_int_equal(log_roll(log), 0);
    fault_fs_fail(f, FAULT_DIR_SYNC, 1, JET_errOutOfFileHandles, false);
    assert_int_equal(log_roll(log), 0);
    assert_true(fault_fs_has_failed(f));
    assert_int_equal(log_tip_generation(log), 4);
    fault_fs_fail(f, FAULT_OPEN, 1, JET_errOutOfFileHandles, true);
    assert_int_equal(log_roll(log), JET_errOutOfFileHandles);
    assert_false(log_is_down(log));
    assert_int_equal(log_append(log, record, make_record(record, 1, 40), &position), 0); /* this generation still has room */
    assert_int_equal(log_flush(log, position), 0);
    assert_int_equal(log_tip_generation(log), 4);
    fault_fs_fail(f, FAULT_OPEN, 0, JET_errSuccess, false);
    assert_int_equal(log_roll(log), 0);
    assert_int_equal(log_append(log, record, make_record(record, 2, 40), &position), 0);
    assert_int_equal(log_flush_all(log), 0);
    fault_fs_fail(f, FAULT_OPEN, 1, JET_errDiskIO, true);
    assert_int_equal(log_roll(log), JET_errLogWriteFail);
    assert_true(log_is_down(log));
    log_close(log);
    assert_true(walk_stream(folder, 1, 5, NULL, NULL) >= 2);
    assert_int_equal(fault_fs_open_files(f), 0);
    fault_fs_destroy(f);
}

/* After a crash at any moment every record whose flush had returned is there, and the stream can be continued. */
static void crash_everywhere(uint32_t large, uint32_t records, enum fault_image last_mode)
{
    const char *folder = make_scratch_folder("crash");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_for(fault_fs_os(f), folder);
    struct log *log = NULL;
    static uint8_t record[8000];
    enum { RECORDS = 400 };
    static size_t events_at[RECORDS];
    static lgpos_t positions[RECORDS];
    fault_fs_record(f, folder);
    assert_int_equal(log_create(&config, NULL, &log), 0);
    for (uint32_t i = 0; i < records; i++) {
        assert_int_equal(log_append(log, record, make_record(record, i, i % 4 == 0 ? large : 100u), &positions[i]), 0);
        assert_int_equal(log_flush(log, positions[i]), 0);
        events_at[i] = fault_fs_event_count(f);
    }
    log_close(log);
    size_t total = fault_fs_event_count(f);
    assert_true(lgpos_generation(positions[records - 1]) >= 2);
    for (size_t events = events_at[0]; events <= total; events += 3) { /* writes and syncs alternate: every third meets all places */
        for (int mode = FAULT_IMAGE_KEEP_ALL; mode <= (int)last_mode; mode++) {
            const char *image = make_scratch_folder("image");
            struct log_config again = config_for(os_fs_posix(), image);
            struct log *reopened = NULL;
            fault_fs_build_image(f, events, (enum fault_image)mode, events * 7 + 1, image);
            JET_ERR err = log_continue(&again, &reopened);
            if (err < 0)
                fail_msg("after %zu events, mode %d: %d", events, mode, err);
            lgpos_t tip = log_tip(reopened);
            for (uint32_t i = 0; i < records; i++)
                if (events_at[i] <= events && lgpos_normalize(positions[i]) >= tip)
                    fail_msg("after %zu events, mode %d: record %u is lost", events, mode, i);
            log_close(reopened);
        }
    }
    fault_fs_destroy(f);
}

static void what_was_flushed_survives_a_crash_at_every_event(void **state)
{
    (void)state;
    crash_everywhere(5000, 50, FAULT_IMAGE_DROP_ALL);
}

/* Sectors of 512 bytes kept or lost at random: no flush here writes two new segments, see README, limits. */
static void what_was_flushed_survives_torn_segments(void **state)
{
    (void)state;
    crash_everywhere(400, 340, FAULT_IMAGE_RANDOM);
}

/* --- a log that stands still --- */

enum { STILL_RECORDS = 60, STILL_PAYLOAD = 3000, STILL_SYNC_MS = 200, STILL_WAIT_MS = 5000 };

struct still_appender {
    struct log *log;
    struct expectation *expected;
    atomic_bool is_armed, may_begin, is_done;
    JET_ERR err;
};

/* The first sync once armed lasts, and is when the appender begins. */
static void hold_sync(void *context, enum fault_operation operation, const char *path, uint64_t offset, size_t size)
{
    struct still_appender *a = (struct still_appender *)context;
    (void)path, (void)offset, (void)size;
    if (operation != FAULT_SYNC || !atomic_exchange(&a->is_armed, false))
        return;
    atomic_store(&a->may_begin, true);
    thread_sleep_ms(STILL_SYNC_MS);
}

static void *append_many(void *argument)
{
    struct still_appender *a = (struct still_appender *)argument;
    uint8_t record[STILL_PAYLOAD + 5];
    while (!atomic_load(&a->may_begin))
        thread_sleep_ms(1);
    for (uint32_t i = 0; i < STILL_RECORDS && a->err >= 0; i++)
        a->err = log_append(a->log, record, make_record(record, i, STILL_PAYLOAD), &a->expected->positions[i]);
    atomic_store(&a->is_done, true);
    return NULL;
}

/* Who appends may hold page latches. One that found the buffer full while the freeze itself was writing used to wait for the thaw, and readers with it. */
static void an_append_that_waited_for_room_when_the_log_froze_goes_on(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("still");
    struct fault_fs *f = fault_fs_create(os_fs_posix());
    struct log_config config = config_for(fault_fs_os(f), folder);
    static struct expectation expected;
    struct still_appender a = {.expected = &expected};
    struct backup_record record = {.phase = BACKUP_RECORD_PREPARE_LOGS, .scope = 1};
    lgpos_t position;
    struct log_time created;
    pthread_t thread;
    expected.next = 0;
    config.file_kib = 1024;
    config.buffer_segments = 16;
    assert_int_equal(log_create(&config, NULL, &a.log), 0);
    assert_int_equal(log_append_init(a.log, NULL), 0);
    assert_int_equal(log_flush_all(a.log), 0);
    fault_fs_set_hook(f, hold_sync, &a);
    assert_int_equal(pthread_create(&thread, NULL, append_many, &a), 0);
    atomic_store(&a.is_armed, true);
    assert_int_equal(log_freeze(a.log, &record, false, &position, &created), 0);
    assert_true(atomic_load(&a.may_begin));
    for (int i = 0; i < STILL_WAIT_MS && !atomic_load(&a.is_done); i++)
        thread_sleep_ms(1);
    bool was_done = atomic_load(&a.is_done);
    lgpos_t durable = log_durable(a.log);
    log_thaw(a.log);
    pthread_join(thread, NULL);
    assert_true(was_done);
    assert_int_equal(a.err, 0);
    assert_true(durable <= lgpos_normalize(expected.positions[STILL_RECORDS - 1])); /* and nothing was written meanwhile */
    assert_int_equal(log_flush_all(a.log), 0);
    uint32_t tip = log_tip_generation(a.log);
    log_close(a.log);
    walk_stream(folder, 1, tip, check_numbered, &expected);
    assert_int_equal(expected.next, STILL_RECORDS);
    fault_fs_destroy(f);
}

/* Otherwise the first who appends with a page latched would wait for a new generation, which a log that stands still does not begin. */
static void a_freeze_without_a_roll_leaves_room_in_the_generation(void **state)
{
    enum { PAYLOAD = 3000, FILLING = 14, MORE = 6 };
    (void)state;
    const char *folder = make_scratch_folder("room");
    struct log_config config = config_for(os_fs_posix(), folder);
    static struct expectation expected;
    struct log *log = NULL;
    struct backup_record record = {.phase = BACKUP_RECORD_PREPARE_LOGS, .scope = 1};
    lgpos_t position;
    struct log_time created;
    uint8_t bytes[PAYLOAD + 5];
    uint32_t count = 0;
    expected.next = 0;
    assert_int_equal(log_create(&config, NULL, &log), 0);
    for (; count < FILLING; count++)
        assert_int_equal(log_append(log, bytes, make_record(bytes, count, PAYLOAD), &expected.positions[count]), 0);
    assert_int_equal(log_tip_generation(log), 1);
    assert_int_equal(log_freeze(log, &record, false, &position, &created), 0);
    uint32_t frozen_in = log_tip_generation(log);
    for (int i = 0; i < MORE; i++, count++) /* would not return */
        assert_int_equal(log_append(log, bytes, make_record(bytes, count, PAYLOAD), &expected.positions[count]), 0);
    assert_int_equal(log_tip_generation(log), frozen_in);
    log_thaw(log);
    assert_int_equal(log_flush_all(log), 0);
    uint32_t tip = log_tip_generation(log);
    log_close(log);
    walk_stream(folder, 1, tip, check_numbered, &expected);
    assert_int_equal(expected.next, count);
}

static void no_allocation_failure_leaks_or_lies(void **state)
{
    (void)state;
    uint64_t before = memory_live_count();
    for (uint64_t n = 1; n < 60; n++) {
        struct log_config config = config_for(os_fs_posix(), make_scratch_folder("memory"));
        struct log *log = NULL;
        memory_fail_at(n, 0);
        JET_ERR err = log_create(&config, NULL, &log);
        if (err >= 0)
            err = log_append_init(log, NULL);
        if (err >= 0)
            err = log_roll(log);
        memory_fail_at(0, 0);
        log_close(log);
        assert_true(err == 0 || err == JET_errOutOfMemory);
        assert_int_equal(memory_live_count(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_of_every_size_come_back_in_order_over_generations),
        cmocka_unit_test(a_record_larger_than_buffer_or_generation_is_refused),
        cmocka_unit_test(what_esentutl_appended_to_a_clean_stream_is_appended_here),
        cmocka_unit_test(an_older_stream_goes_on_in_a_new_generation_of_the_wanted_version),
        cmocka_unit_test(a_second_opener_is_refused_also_after_a_roll),
        cmocka_unit_test(a_roll_for_backup_puts_its_record_first_in_the_new_generation),
        cmocka_unit_test(circular_logging_reuses_generations_below_the_checkpoint),
        cmocka_unit_test(commits_of_many_threads_share_syncs),
        cmocka_unit_test(a_lone_commit_costs_one_sync),
        cmocka_unit_test(small_flushes_write_blocks_ahead_seldom_and_large_ones_never),
        cmocka_unit_test(a_failed_write_ahead_of_the_data_costs_nothing),
        cmocka_unit_test(a_file_used_again_is_not_blanked_not_even_after_a_start),
        cmocka_unit_test(what_stands_in_a_reserve_is_not_blanked),
        cmocka_unit_test(a_large_buffer_is_written_by_the_log_itself_when_it_is_half_full),
        cmocka_unit_test(a_failed_write_ahead_takes_the_log_down),
        cmocka_unit_test(what_a_power_cut_leaves_of_a_flush_ends_the_data_and_is_no_damage),
        cmocka_unit_test(a_checkpoint_too_far_behind_stops_changes_but_not_the_end),
        cmocka_unit_test(a_checkpoint_lists_what_was_attached_before_it),
        cmocka_unit_test(a_failed_sync_takes_the_log_down),
        cmocka_unit_test(a_full_disk_uses_the_reserves_and_then_takes_the_log_down),
        cmocka_unit_test(a_roll_waits_for_file_handles_and_can_be_repeated),
        cmocka_unit_test(what_was_flushed_survives_a_crash_at_every_event),
        cmocka_unit_test(what_was_flushed_survives_torn_segments),
        cmocka_unit_test(an_append_that_waited_for_room_when_the_log_froze_goes_on),
        cmocka_unit_test(a_freeze_without_a_roll_leaves_room_in_the_generation),
        cmocka_unit_test(no_allocation_failure_leaks_or_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
