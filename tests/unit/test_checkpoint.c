/* The checkpoint pair, the attachment list, and what the end of a log may look like on the disk (recovery.md 4.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/checksum.h"
#include "log/log.h"
#include "shared_data.h"

static void change_byte(const char *path, long offset)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    int c = fgetc(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    fputc(c ^ 0xFF, f);
    fclose(f);
}

static void either_copy_of_a_checkpoint_serves(void **state)
{
    (void)state;
    const char *path = text_of("%s/edb.chk", make_scratch_folder("checkpoint"));
    struct checkpoint c = {.lgpos_checkpoint = lgpos_make(7, 3, 0), .has_attach_list = true}, back;
    c.attach_list[0] = 1;
    assert_int_equal(checkpoint_file_read(os_fs_posix(), path, &back), JET_errFileNotFound);
    assert_int_equal(checkpoint_file_write(os_fs_posix(), path, &c), 0);
    assert_int_equal(checkpoint_file_read(os_fs_posix(), path, &back), 0);
    assert_int_equal(back.lgpos_checkpoint, c.lgpos_checkpoint);
    assert_true(back.has_attach_list);
    change_byte(path, 100);
    assert_int_equal(checkpoint_file_read(os_fs_posix(), path, &back), 0);
    assert_int_equal(back.lgpos_checkpoint, c.lgpos_checkpoint);
    change_byte(path, 4196);
    assert_int_equal(checkpoint_file_read(os_fs_posix(), path, &back), JET_errCheckpointCorrupt);
}

static void an_attachment_list_comes_back_and_a_torn_one_is_refused(void **state)
{
    (void)state;
    static uint8_t list[ATTACH_LIST_SIZE];
    struct attach_info first = {.dbid = 1, .flags = ATTACH_INFO_UTF16, .dbtime = 99, .path = span_of("a\0b\0\0\0", 6)}, second = {.dbid = 2, .objid_last = 5, .path = span_of("x", 2)}, out;
    uint32_t offset = 0, at = 0;
    bool at_end;
    memset(list, 0xEE, sizeof list);
    assert_int_equal(attach_info_encode(&first, list, sizeof list, &offset), 0);
    assert_int_equal(attach_info_encode(&second, list, sizeof list, &offset), 0);
    assert_int_equal(attach_info_decode(list, sizeof list, &at, &out, &at_end), 0);
    assert_int_equal(out.dbtime, 99);
    assert_true(span_equal(out.path, first.path));
    assert_int_equal(attach_info_decode(list, sizeof list, &at, &out, &at_end), 0);
    assert_int_equal(out.dbid, 2);
    assert_int_equal(attach_info_decode(list, sizeof list, &at, &out, &at_end), 0);
    assert_true(at_end);
    at = 0;
    assert_int_equal(attach_info_decode(list, 60, &at, &out, &at_end), JET_errLogCorrupted);
    assert_int_equal(attach_info_decode(list, 66, &at, &out, &at_end), JET_errLogCorrupted);
    offset = sizeof list - 64;
    assert_int_equal(attach_info_encode(&first, list, sizeof list, &offset), JET_errBufferTooSmall);
}

/* A generation of 16 sectors: segments 1 .. 3, the last one partly filled, its shadow in 4. */
enum { SECTORS = 16, GENERATION = 5 };
static void make_image(uint8_t *image)
{
    struct log_time now = log_time_from_unix(1000, 0);
    memset(image, 0, SECTORS * LOG_SEGMENT_SIZE);
    for (uint32_t i = 1; i <= 3; i++) {
        uint8_t *s = image + i * LOG_SEGMENT_SIZE;
        log_segment_begin(s, lgpos_make(GENERATION, i, 0), now);
        s[40] = LR_NOP2;
        store_le32(s + 41, i < 3 ? LOG_SEGMENT_SIZE - 45 : 200);
        log_segment_seal(s, i);
    }
    memcpy(image + 4 * LOG_SEGMENT_SIZE, image + 3 * LOG_SEGMENT_SIZE, LOG_SEGMENT_SIZE);
}

struct tail_case {
    const char *what;
    uint32_t garbage[2], zero[2]; /* sectors; 0 = none */
    uint32_t flip;                /* sector with one wrong bit */
    uint32_t expected_last;
    bool is_error, is_restored;
};

static void every_end_of_a_log_reads_as_the_original_engine_reads_it(void **state)
{
    (void)state;
    static uint8_t image[SECTORS * LOG_SEGMENT_SIZE];
    static const struct tail_case CASES[] = {
        {"whole", {0}, {0}, 0, 3, false, false},
        {"last segment torn, shadow good", {3}, {0}, 0, 3, false, true},
        {"last segment zero, shadow good: zero wins", {0}, {3}, 0, 2, false, false},
        {"both zero", {0}, {3, 4}, 0, 2, false, false},
        {"last segment torn, shadow zero", {3}, {4}, 0, 2, true, false},
        {"both torn", {3, 4}, {0}, 0, 2, true, false},
        {"shadow zero", {0}, {4}, 0, 3, false, false},
        {"shadow garbage", {4}, {0}, 0, 3, true, false},
        {"garbage behind the end", {9}, {0}, 0, 3, true, false},
        {"garbage in the last sector", {15}, {0}, 0, 3, false, false},
        {"middle segment zero", {0}, {2}, 0, 1, true, false},
        {"middle segment torn", {2}, {0}, 0, 1, true, false},
        {"one bit in the middle", {0}, {0}, 2, 3, false, false},
        {"one bit in the last", {0}, {0}, 3, 3, false, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct tail_case *c = &CASES[i];
        struct log_scan scan;
        make_image(image);
        for (int k = 0; k < 2; k++) {
            if (c->garbage[k] != 0)
                memset(image + c->garbage[k] * LOG_SEGMENT_SIZE + 100, 0x5A, 700);
            if (c->zero[k] != 0)
                memset(image + c->zero[k] * LOG_SEGMENT_SIZE, 0, LOG_SEGMENT_SIZE);
        }
        if (c->flip != 0)
            image[c->flip * LOG_SEGMENT_SIZE + 333] ^= 4;
        log_segments_scan(image, SECTORS, GENERATION, &scan);
        if (scan.last_segment != c->expected_last || (scan.error < 0) != c->is_error || (scan.restored_segment != 0) != c->is_restored)
            fail_msg("%s: last %u, error %d, restored %u", c->what, scan.last_segment, scan.error, scan.restored_segment);
        if (c->flip != 0) {
            static uint8_t whole[SECTORS * LOG_SEGMENT_SIZE];
            make_image(whole);
            assert_int_equal(scan.repaired_bits, 1);
            assert_memory_equal(whole + c->flip * LOG_SEGMENT_SIZE, image + c->flip * LOG_SEGMENT_SIZE, LOG_SEGMENT_SIZE);
        }
    }
}

static void an_older_generations_segments_end_the_data_and_a_newer_ones_do_not(void **state)
{
    (void)state;
    static uint8_t image[SECTORS * LOG_SEGMENT_SIZE];
    struct log_scan scan;
    for (int newer = 0; newer < 2; newer++) {
        make_image(image);
        uint8_t *s = image + 6 * LOG_SEGMENT_SIZE;
        log_segment_begin(s, lgpos_make(newer ? GENERATION + 1 : GENERATION - 1, 6, 0), log_time_from_unix(1, 0));
        log_segment_seal(s, 6);
        log_segments_scan(image, SECTORS, GENERATION, &scan);
        assert_int_equal(scan.error, newer ? JET_errLogFileCorrupt : 0);
    }
}

/* Places a record across segments 1 and 2 and drops its second half, as a crash would. */
static void a_record_that_was_never_completed_is_dropped_where_recovery_went_on(void **state)
{
    (void)state;
    static uint8_t image[SECTORS * LOG_SEGMENT_SIZE];
    struct log_walk walk;
    struct log_record_ref ref;
    for (int marked = 0; marked < 3; marked++) {
        memset(image, 0, sizeof image);
        uint8_t *one = image + LOG_SEGMENT_SIZE, *two = image + 2 * LOG_SEGMENT_SIZE;
        one[40] = LR_SHUTDOWN_MARK;
        one[41] = LR_FRAGMENT_BEGIN;
        store_le32(one + 42, 9000);
        store_le16(one + 46, LOG_SEGMENT_SIZE - 48);
        memset(one + 48, LR_TRACE, LOG_SEGMENT_SIZE - 48);
        if (marked > 0)
            two[40] = marked == 1 ? LR_RECOVERY_UNDO2 : LR_SHUTDOWN_MARK;
        log_walk_begin(&walk, image, GENERATION, marked > 0 ? 2 : 1, 0);
        assert_int_equal(log_walk_next(&walk, &ref), 0);
        JET_ERR err = log_walk_next(&walk, &ref);
        if (marked == 0) {
            assert_int_equal(err, JET_errNoCurrentRecord);
            assert_true(walk.ends_torn);
            assert_int_equal(walk.torn_position, lgpos_make(GENERATION, 1, 41));
        } else if (marked == 1) {
            assert_int_equal(err, 0);
            assert_int_equal(ref.bytes.data[0], LR_RECOVERY_UNDO2);
        } else {
            assert_int_equal(err, JET_errLogCorrupted);
        }
        log_walk_end(&walk);
    }
}

static void what_is_encoded_decodes_to_the_same(void **state)
{
    (void)state;
    static uint8_t out[1024];
    struct log_record r;
    struct signature signature = signature_make(7, log_time_from_unix(5, 6));
    struct attach_record attach = {.procid = 3, .dbid = 2, .size_max_pages = 9, .lgpos_consistent = 77, .db_signature = signature, .log_signature = signature, .flags = 8, .path = span_of("p\0\0\0", 4)};
    assert_int_equal(log_record_decode(span_of(out, log_record_encode_attach(out, &attach)), &r), 0);
    assert_int_equal(r.type, LR_ATTACH_DB);
    assert_int_equal(r.attach.lgpos_consistent, 77);
    assert_true(span_equal(r.attach.path, attach.path));
    struct create_record create = {.dbid = 4, .grbit = 5, .db_signature = signature, .flags = 8, .version = 2, .update = 0, .path = span_of("c\0\0\0", 4)};
    assert_int_equal(log_record_decode(span_of(out, log_record_encode_create(out, &create)), &r), 0);
    assert_int_equal(r.create.version, 2);
    assert_true(span_equal(r.create.path, create.path));
    struct detach_record detach = {.procid = 1, .dbid = 6, .flags = 0x10, .path = span_of("d\0\0\0", 4)};
    assert_int_equal(log_record_decode(span_of(out, log_record_encode_detach(out, &detach)), &r), 0);
    assert_true(span_equal(r.detach.path, detach.path));
    assert_int_equal(log_record_decode(span_of(out, log_record_encode_extend(out, 3, 500)), &r), 0);
    assert_int_equal(r.range.page_no, 500);
    struct backup_record backup = {.phase = 4, .scope = 1, .dbid = 1, .info = {.mark = 5, .gen_low = 6, .gen_high = 7}};
    assert_int_equal(log_record_decode(span_of(out, log_record_encode_backup2(out, &backup)), &r), 0);
    assert_int_equal(r.backup.info.gen_high, 7);
    assert_int_equal(log_record_decode(span_of(out, LR_BACKUP2_FIXED - 1), &r), JET_errLogCorrupted);
    out[0] = 40;
    assert_int_equal(log_record_decode(span_of(out, 100), &r), JET_errLogFileCorrupt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(either_copy_of_a_checkpoint_serves),
        cmocka_unit_test(an_attachment_list_comes_back_and_a_torn_one_is_refused),
        cmocka_unit_test(every_end_of_a_log_reads_as_the_original_engine_reads_it),
        cmocka_unit_test(an_older_generations_segments_end_the_data_and_a_newer_ones_do_not),
        cmocka_unit_test(a_record_that_was_never_completed_is_dropped_where_recovery_went_on),
        cmocka_unit_test(what_is_encoded_decodes_to_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
