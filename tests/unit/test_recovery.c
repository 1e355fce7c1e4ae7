/* Recovery on copies of real streams: what is decided at start, which databases are taken, and every error the original engine was seen to give. */
#define ESENT_PRIVATE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "database/database.h"
#include "engine/recovery_control.h"
#include "format/checksum.h"
#include "recovery/recovery.h"
#include "shared_data.h"

static struct recovery_config config_for(const char *folder, const char *base)
{
    return (struct recovery_config){
        .log = {.fs = os_fs_posix(), .log_folder = folder, .system_folder = folder, .base_name = base, .is_legacy_names = true, .file_kib = 128, .page_size = 4096},
        .alternate_folder = folder};
}

static JET_ERR run(const struct recovery_config *config, struct recovery_result *result)
{
    JET_ERR err = recovery_run(config, result);
    log_close(result->log);
    result->log = NULL;
    return err;
}

/* --- changing files --- */

static uint8_t *load(const char *path, size_t *size)
{
    unsigned long long n;
    uint8_t *bytes = read_whole_file(path, &n);
    *size = (size_t)n;
    return bytes;
}

static void save(const char *path, uint8_t *bytes, size_t size)
{
    write_whole_file(path, bytes, size);
    free(bytes);
}

/* Changes bytes of a header block at `block`, making its checksum right again. */
static void patch_header_block(const char *path, size_t block, size_t block_size, size_t offset, const void *value, size_t n)
{
    size_t size;
    uint8_t *bytes = load(path, &size);
    memcpy(bytes + block + offset, value, n);
    store_le32(bytes + block, checksum_header(bytes + block, block_size));
    save(path, bytes, size);
}

static void patch_log(const char *path, size_t offset, const void *value, size_t n) { patch_header_block(path, 0, LOG_SEGMENT_SIZE, offset, value, n); }

static void patch_database(const char *path, size_t offset, const void *value, size_t n)
{
    patch_header_block(path, 0, 4096, offset, value, n);
    patch_header_block(path, 4096, 4096, offset, value, n);
}

static void patch_word(const char *path, void (*patch)(const char *, size_t, const void *, size_t), size_t offset, uint32_t value)
{
    uint8_t bytes[4];
    store_le32(bytes, value);
    patch(path, offset, bytes, 4);
}

/* XORs bytes, checksum or not. */
static void damage(const char *path, size_t offset, size_t n)
{
    size_t size;
    uint8_t *bytes = load(path, &size);
    for (size_t i = 0; i < n; i++)
        bytes[offset + i] ^= 0xA5;
    save(path, bytes, size);
}

static void move_checkpoint(const char *path, uint32_t generation)
{
    uint8_t position[8];
    store_le64(position, lgpos_make(generation, 1, 0));
    for (size_t copy = 0; copy < 2; copy++)
        patch_header_block(path, copy * CHECKPOINT_COPY_SIZE, CHECKPOINT_COPY_SIZE, 12, position, 8);
}

static void copy_file(const char *from, const char *to)
{
    size_t size;
    uint8_t *bytes = load(from, &size);
    save(to, bytes, size);
}

/* --- set A: crash_4k_partial: required 7-10, checkpoint 7, archives 1-9 --- */

static const char *set_a(void)
{
    const char *folder = make_scratch_folder("seta");
    for (int i = 1; i <= 9; i++)
        copy_shared_file(text_of("engine/crash_4k_partial/before/edb%05X.log", i), text_of("%s/edb%05X.log", folder, i));
    copy_shared_file("engine/crash_4k_partial/before/edb.log", text_of("%s/edb.log", folder));
    copy_shared_file("engine/crash_4k_partial/before/edb.chk", text_of("%s/edb.chk", folder));
    copy_shared_file("engine/crash_4k_partial/before/data.edb", text_of("%s/data.edb", folder));
    return folder;
}

#define ARCHIVE(n) text_of("%s/edb%05X.log", d, (unsigned)(n))
#define CURRENT text_of("%s/edb.log", d)
#define CHECKPOINT text_of("%s/edb.chk", d)
#define DATABASE text_of("%s/data.edb", d)

static void remove_archives(const char *d, int first, int last)
{
    for (int i = first; i <= last; i++)
        assert_int_equal(unlink(ARCHIVE(i)), 0);
}

struct row {
    const char *what;
    void (*change)(const char *d);
    JET_ERR expected;
    struct recovery_options options;
};

/* Runs each row on a fresh copy; with_database false: the file is absent, so that a replay that comes to its end is -1216. */
static void run_rows(const struct row *rows, size_t count, bool with_database)
{
    for (size_t i = 0; i < count; i++) {
        const char *d = set_a();
        struct recovery_config config = config_for(d, "edb");
        struct recovery_result result;
        config.options = rows[i].options;
        if (!with_database) {
            unlink(DATABASE);
            config.alternate_folder = NULL;
        }
        rows[i].change(d);
        uint64_t before = memory_live_count();
        JET_ERR err = run(&config, &result);
        if (err != rows[i].expected)
            fail_msg("%s: %d instead of %d", rows[i].what, err, rows[i].expected);
        assert_int_equal(memory_live_count(), before);
    }
}

static void c_nothing(const char *d) { (void)d; }
static void c_no_checkpoint(const char *d) { unlink(CHECKPOINT); }
static void c_checkpoint_copy_bad(const char *d) { damage(CHECKPOINT, 100, 1); }
static void c_checkpoint_bad(const char *d) { damage(CHECKPOINT, 100, 1); damage(CHECKPOINT, 4196, 1); }
static void c_checkpoint_3(const char *d) { move_checkpoint(CHECKPOINT, 3); }
static void c_checkpoint_3_missing(const char *d) { move_checkpoint(CHECKPOINT, 3); remove_archives(d, 1, 6); }
static void c_checkpoint_9(const char *d) { move_checkpoint(CHECKPOINT, 9); }
static void c_checkpoint_11(const char *d) { move_checkpoint(CHECKPOINT, 11); }
static void c_missing_1_6(const char *d) { remove_archives(d, 1, 6); }
static void c_missing_1_7(const char *d) { remove_archives(d, 1, 7); }
static void c_missing_8(const char *d) { remove_archives(d, 8, 8); }
static void c_missing_9(const char *d) { remove_archives(d, 9, 9); }
static void c_missing_current(const char *d) { unlink(CURRENT); }
static void c_missing_current_temporary(const char *d) { unlink(CURRENT); copy_file(ARCHIVE(3), text_of("%s/edbtmp.log", d)); }
static void c_renamed_current_temporary(const char *d) { rename(CURRENT, ARCHIVE(10)); copy_file(ARCHIVE(3), text_of("%s/edbtmp.log", d)); }
static void c_renamed_current(const char *d) { rename(CURRENT, ARCHIVE(10)); }
static void c_no_logs(const char *d) { remove_archives(d, 1, 9); unlink(CURRENT); unlink(CHECKPOINT); }
static void c_stray_11(const char *d) { copy_file(ARCHIVE(9), ARCHIVE(11)); }
static void c_stray_10(const char *d) { copy_file(CURRENT, ARCHIVE(10)); }

static void start_decisions_and_missing_files_give_the_observed_results(void **state)
{
    (void)state;
    require_shared_data();
    static const struct row ROWS[] = {
        {"checkpoint to 3, logs 1-6 missing", c_checkpoint_3_missing, JET_errMissingLogFile, {0}},
        {"checkpoint to 9", c_checkpoint_9, JET_errRequiredLogFilesMissing, {0}},
        {"checkpoint to 11", c_checkpoint_11, JET_errMissingLogFile, {0}},
        {"logs 1-7 missing", c_missing_1_7, JET_errMissingLogFile, {0}},
        {"current log missing", c_missing_current, JET_errMissingLogFile, {0}},
        {"current log renamed to an archive", c_renamed_current, JET_errMissingLogFile, {0}},
        {"all logs missing, stream must exist", c_no_logs, JET_errMissingLogFile, {.stream_must_exist = true}},
        {"all logs missing", c_no_logs, JET_errSuccess, {0}},
    };
    run_rows(ROWS, sizeof ROWS / sizeof *ROWS, true);
    /* The same set without its database: a replay that finds the log good ends with the missing database. */
    static const struct row LOG_ROWS[] = {
        {"untouched", c_nothing, JET_errAttachedDatabaseMismatch, {0}},
        {"untouched, missing databases ignored", c_nothing, JET_errSuccess, {.ignore_missing_databases = true}},
        {"checkpoint missing", c_no_checkpoint, JET_errAttachedDatabaseMismatch, {0}},
        {"both checkpoint copies bad", c_checkpoint_bad, JET_errAttachedDatabaseMismatch, {0}},
        {"current log lost, a temporary one there: the database would say -543", c_missing_current_temporary, JET_errAttachedDatabaseMismatch, {0}},
        {"checkpoint copy 1 bad", c_checkpoint_copy_bad, JET_errAttachedDatabaseMismatch, {0}},
        {"checkpoint to 3", c_checkpoint_3, JET_errAttachedDatabaseMismatch, {0}},
        {"logs 1-6 missing", c_missing_1_6, JET_errAttachedDatabaseMismatch, {0}},
        {"log 8 missing", c_missing_8, JET_errInvalidLogSequence, {0}},
        {"log 9 missing", c_missing_9, JET_errInvalidLogSequence, {0}},
        {"current renamed to an archive beside a temporary log", c_renamed_current_temporary, JET_errSuccess, {.ignore_missing_databases = true}},
        {"stray archive 11", c_stray_11, JET_errAttachedDatabaseMismatch, {0}},
        {"archive 10 beside current 10", c_stray_10, JET_errInvalidLogSequence, {0}},
        {"stray archive 10, deletion allowed", c_stray_10, JET_errAttachedDatabaseMismatch, {.delete_out_of_range_logs = true}},
    };
    run_rows(LOG_ROWS, sizeof LOG_ROWS / sizeof *LOG_ROWS, false);
}

static void c_9_checksum(const char *d) { damage(ARCHIVE(9), 100, 1); }
static void c_current_checksum(const char *d) { damage(CURRENT, 100, 1); }
static void c_9_is_8(const char *d) { copy_file(ARCHIVE(8), ARCHIVE(9)); }
static void c_9_signature(const char *d) { patch_word(ARCHIVE(9), patch_log, 44, 12345); }
static void c_current_signature(const char *d) { patch_word(CURRENT, patch_log, 44, 12345); }
static void c_9_type(const char *d) { patch_word(ARCHIVE(9), patch_log, 667, 1); }
static void c_current_type(const char *d) { patch_word(CURRENT, patch_log, 667, 1); }
static void c_9_major(const char *d) { patch_word(ARCHIVE(9), patch_log, 32, 9); }
static void c_9_update_major(const char *d) { patch_word(ARCHIVE(9), patch_log, 40, 131); }
static void c_9_update_minor(const char *d) { patch_word(ARCHIVE(9), patch_log, 648, 281); }
static void c_current_update_minor(const char *d) { patch_word(CURRENT, patch_log, 648, 281); }
static void c_9_previous(const char *d) { patch_word(ARCHIVE(9), patch_log, 24, 77); }
static void c_9_created(const char *d) { patch_word(ARCHIVE(9), patch_log, 16, 77); }
static void c_9_chain(const char *d) { patch_word(ARCHIVE(9), patch_log, 653, 77); }
static void c_current_chain(const char *d) { patch_word(CURRENT, patch_log, 653, 77); }
static void c_9_page_size(const char *d) { uint8_t v[2] = {0, 0x20}; patch_log(ARCHIVE(9), 14, v, 2); }
static void c_9_half(const char *d) { assert_int_equal(truncate(ARCHIVE(9), 65536), 0); }
static void c_9_longer(const char *d) { assert_int_equal(truncate(ARCHIVE(9), 131072 + 4096), 0); }
static void c_9_empty(const char *d) { assert_int_equal(truncate(ARCHIVE(9), 0), 0); }
static void c_current_empty(const char *d) { assert_int_equal(truncate(CURRENT, 0), 0); }
static void c_current_half(const char *d) { assert_int_equal(truncate(CURRENT, 65536), 0); }

static void bad_headers_give_the_observed_errors(void **state)
{
    (void)state;
    require_shared_data();
    static const struct row ROWS[] = {
        {"9 checksum", c_9_checksum, JET_errLogFileCorrupt, {0}},
        {"current checksum", c_current_checksum, JET_errLogFileCorrupt, {0}},
        {"8 in place of 9", c_9_is_8, JET_errInvalidLogSequence, {0}},
        {"9 signature", c_9_signature, JET_errBadLogSignature, {0}},
        {"current signature", c_current_signature, JET_errBadLogSignature, {0}},
        {"9 file type", c_9_type, JET_errFileInvalidType, {0}},
        {"current file type", c_current_type, JET_errFileInvalidType, {0}},
        {"9 major 9", c_9_major, JET_errBadLogVersion, {0}},
        {"9 update major higher", c_9_update_major, JET_errBadLogVersion, {0}},
        {"9 update minor higher", c_9_update_minor, JET_errBadLogVersion, {0}},
        {"current update minor higher", c_current_update_minor, JET_errBadLogVersion, {0}},
        {"9 previous creation", c_9_previous, JET_errInvalidLogSequence, {0}},
        {"9 creation", c_9_created, JET_errInvalidLogSequence, {0}},
        {"9 checksum of 8", c_9_chain, JET_errLogSequenceChecksumMismatch, {0}},
        {"current checksum of 9", c_current_chain, JET_errLogSequenceChecksumMismatch, {0}},
        {"9 page size", c_9_page_size, JET_errPageSizeMismatch, {0}},
        {"9 cut to half", c_9_half, JET_errLogFileSizeMismatch, {0}},
        {"9 one sector longer", c_9_longer, JET_errLogFileSizeMismatch, {0}},
        {"9 empty", c_9_empty, JET_errFileIOBeyondEOF, {0}},
        {"current empty", c_current_empty, JET_errFileIOBeyondEOF, {0}},
        {"current cut to half", c_current_half, JET_errLogFileSizeMismatch, {0}},
    };
    run_rows(ROWS, sizeof ROWS / sizeof *ROWS, false);
}

static void reseal(const char *path, uint32_t segment, void (*edit)(uint8_t *segment))
{
    size_t size;
    uint8_t *bytes = load(path, &size);
    edit(bytes + (size_t)segment * LOG_SEGMENT_SIZE);
    log_segment_seal(bytes + (size_t)segment * LOG_SEGMENT_SIZE, segment);
    save(path, bytes, size);
}
static void zero_range(const char *path, uint32_t segment, uint32_t count)
{
    size_t size;
    uint8_t *bytes = load(path, &size);
    memset(bytes + (size_t)segment * LOG_SEGMENT_SIZE, 0, (size_t)count * LOG_SEGMENT_SIZE);
    save(path, bytes, size);
}
static uint32_t last_segment_of(const char *path)
{
    struct log_generation g;
    assert_int_equal(log_generation_read(os_fs_posix(), path, &g), 0);
    uint32_t last = g.scan.last_segment;
    log_generation_release(&g);
    return last;
}
static void e_unknown_type(uint8_t *segment) { segment[40] = 150; }
static void flip_bit(const char *path, size_t offset)
{
    size_t size;
    uint8_t *bytes = load(path, &size);
    bytes[offset] ^= 0x10;
    save(path, bytes, size);
}
static void c_9_bit(const char *d) { flip_bit(ARCHIVE(9), 5 * 4096 + 777); }
static void c_current_bit(const char *d) { flip_bit(CURRENT, 4096 + 777); }
static void c_9_bytes(const char *d) { damage(ARCHIVE(9), 5 * 4096 + 777, 20); }
static void c_current_bytes(const char *d) { damage(CURRENT, 2 * 4096 + 777, 20); }
static void c_9_middle_zero(const char *d) { zero_range(ARCHIVE(9), 5, 1); }
static void c_current_middle_zero(const char *d) { zero_range(CURRENT, 2, 1); }
static void c_9_end_zero(const char *d) { uint32_t last = last_segment_of(ARCHIVE(9)); zero_range(ARCHIVE(9), last - 1, 3); }
static void c_current_all_zero(const char *d) { zero_range(CURRENT, 1, 31); }
static void c_9_foreign_segment(const char *d)
{
    size_t a, b;
    uint8_t *eight = load(ARCHIVE(8), &a), *nine = load(ARCHIVE(9), &b);
    memcpy(nine + 5 * 4096, eight + 5 * 4096, 4096);
    free(eight);
    save(ARCHIVE(9), nine, b);
}
static void c_current_garbage_behind(const char *d)
{
    uint32_t last = last_segment_of(CURRENT);
    damage(CURRENT, (size_t)(last + 3) * 4096, 4096);
}
static void c_current_garbage_in_last_sector(const char *d) { damage(CURRENT, (size_t)31 * 4096, 4096); }
static void c_current_stale_behind(const char *d)
{
    uint32_t last = last_segment_of(CURRENT);
    size_t a, b;
    uint8_t *nine = load(ARCHIVE(9), &a), *current = load(CURRENT, &b);
    memcpy(current + (size_t)(last + 2) * 4096, nine + (size_t)(last + 2) * 4096, 4096);
    free(nine);
    save(CURRENT, current, b);
}
static void c_unknown_type(const char *d) { reseal(CURRENT, 2, e_unknown_type); }
static void c_damage_in_3(const char *d) { damage(ARCHIVE(3), 5 * 4096 + 777, 20); }
static void c_damage_in_3_no_checkpoint(const char *d) { damage(ARCHIVE(3), 5 * 4096 + 777, 20); unlink(CHECKPOINT); }

static void bad_segments_give_the_observed_errors(void **state)
{
    (void)state;
    require_shared_data();
    static const struct row ROWS[] = {
        {"one bit in 9", c_9_bit, JET_errAttachedDatabaseMismatch, {0}},
        {"one bit in current", c_current_bit, JET_errAttachedDatabaseMismatch, {0}},
        {"20 bytes in 9", c_9_bytes, JET_errLogFileCorrupt, {0}},
        {"20 bytes in current", c_current_bytes, JET_errLogFileCorrupt, {0}},
        {"middle of 9 zero", c_9_middle_zero, JET_errLogFileCorrupt, {0}},
        {"middle of current zero", c_current_middle_zero, JET_errLogFileCorrupt, {0}},
        {"segment of 8 in 9: stale, then valid ones", c_9_foreign_segment, JET_errLogFileCorrupt, {0}},
        {"end of 9 zero", c_9_end_zero, JET_errLogSequenceChecksumMismatch, {0}},
        {"current all zero", c_current_all_zero, JET_errAttachedDatabaseMismatch, {0}},
        {"garbage behind the end", c_current_garbage_behind, JET_errLogFileCorrupt, {0}},
        {"garbage in the last sector", c_current_garbage_in_last_sector, JET_errAttachedDatabaseMismatch, {0}},
        {"stale segments behind the end", c_current_stale_behind, JET_errAttachedDatabaseMismatch, {0}},
        {"unknown record type", c_unknown_type, JET_errLogFileCorrupt, {0}},
        {"damage before the checkpoint", c_damage_in_3, JET_errAttachedDatabaseMismatch, {0}},
        {"damage in 3, no checkpoint", c_damage_in_3_no_checkpoint, JET_errLogFileCorrupt, {0}},
    };
    run_rows(ROWS, sizeof ROWS / sizeof *ROWS, false);
}

static void d_missing(const char *d) { unlink(DATABASE); }
static void d_signature(const char *d) { patch_word(DATABASE, patch_database, 24, 1); }
static void d_log_signature(const char *d) { patch_word(DATABASE, patch_database, 108, 1); }
static void d_recovered(const char *d) { copy_shared_file("engine/crash_4k_partial/after/data.edb", DATABASE); }
static void d_later_attach(const char *d) { uint8_t v[8]; store_le64(v, lgpos_make(9, 1, 40)); patch_database(DATABASE, 88, v, 0); patch_database(DATABASE, 80, v, 8); }
static void d_state_1(const char *d) { patch_word(DATABASE, patch_database, 52, 1); }
static void d_state_4(const char *d) { patch_word(DATABASE, patch_database, 52, 4); }
static void d_state_5(const char *d) { patch_word(DATABASE, patch_database, 52, 5); }
static void d_state_6(const char *d) { patch_word(DATABASE, patch_database, 52, 6); }
static void d_state_8(const char *d) { patch_word(DATABASE, patch_database, 52, 8); }
static void d_state_9(const char *d) { patch_word(DATABASE, patch_database, 52, 9); }
static void d_required_5(const char *d) { patch_word(DATABASE, patch_database, 296, 5); }
static void d_backup(const char *d) { patch_word(DATABASE, patch_database, 184 + 16, 3); }
static void d_both_bad(const char *d) { damage(DATABASE, 700, 1); damage(DATABASE, 4096 + 700, 1); }
static void d_empty(const char *d) { assert_int_equal(truncate(DATABASE, 0), 0); }
static void d_version(const char *d) { patch_word(DATABASE, patch_database, 8, 0x630); }

static void databases_that_do_not_fit_give_the_observed_errors(void **state)
{
    (void)state;
    require_shared_data();
    static const struct row ROWS[] = {
        {"missing", d_missing, JET_errAttachedDatabaseMismatch, {0}},
        {"database signature", d_signature, JET_errAttachedDatabaseMismatch, {0}},
        {"log signature", d_log_signature, JET_errAttachedDatabaseMismatch, {0}},
        {"recovered copy with the old logs", d_recovered, JET_errAttachedDatabaseMismatch, {0}},
        {"attached later", d_later_attach, JET_errAttachedDatabaseMismatch, {0}},
        {"state 1", d_state_1, JET_errAttachedDatabaseMismatch, {0}},
        {"state 4", d_state_4, JET_errDatabaseCorrupted, {0}},
        {"state 5", d_state_5, JET_errDatabaseCorrupted, {0}},
        {"state 9", d_state_9, JET_errDatabaseCorrupted, {0}},
        {"state 6", d_state_6, DATABASE_ERROR_INCOMPLETE_RESEED, {0}},
        {"state 8", d_state_8, DATABASE_ERROR_INCOMPLETE_REVERT, {0}},
        {"required from 5", d_required_5, JET_errRequiredLogFilesMissing, {0}},
        {"backup copy", d_backup, JET_errSoftRecoveryOnBackupDatabase, {0}},
        {"both header copies bad", d_both_bad, JET_errReadVerifyFailure, {0}},
        {"empty", d_empty, JET_errReadVerifyFailure, {0}},
        {"newer version", d_version, JET_errInvalidDatabaseVersion, {0}},
    };
    run_rows(ROWS, sizeof ROWS / sizeof *ROWS, true);
}

/* --- the set whole: what the original engine gave on the same changes (recovery.md 16) --- */

static void d_one_header_bad(const char *d) { damage(DATABASE, 700, 1); }
static void d_state_7(const char *d) { patch_word(DATABASE, patch_database, 52, 7); }
static void d_required_12(const char *d) { patch_word(DATABASE, patch_database, 416, 12); patch_word(DATABASE, patch_database, 300, 12); }
static void d_committed_12(const char *d) { patch_word(DATABASE, patch_database, 416, 12); }
static void d_min_required_0(const char *d) { patch_word(DATABASE, patch_database, 296, 0); }
static void d_min_required_9(const char *d) { patch_word(DATABASE, patch_database, 296, 9); }
static void d_required_time(const char *d) { patch_word(DATABASE, patch_database, 672, 77); }
static void d_created_time(const char *d) { uint8_t zero[8] = {0}; patch_database(DATABASE, 672, zero, 8); patch_word(DATABASE, patch_database, 348, 77); }
static void d_cut(const char *d) { assert_int_equal(truncate(DATABASE, 65536), 0); }
static void d_no_database_no_checkpoint(const char *d) { unlink(DATABASE); unlink(CHECKPOINT); }

/* A page that the replay must change: there before, and another one after. */
static page_no_t page_that_needs_redo(const char *d)
{
    size_t before_size, after_size;
    const char *reference = text_of("%s/reference", make_scratch_folder("needs"));
    copy_shared_file("engine/crash_4k_partial/after/data.edb", reference);
    uint8_t *before = load(DATABASE, &before_size), *after = load(reference, &after_size);
    page_no_t found = 0;
    for (page_no_t p = 40; found == 0 && page_file_offset(p + 1, 4096) <= before_size && page_file_offset(p + 1, 4096) <= after_size; p++) {
        size_t at = (size_t)page_file_offset(p, 4096);
        if (load_le64(before + at + 8) != 0 && load_le64(before + at + 8) != load_le64(after + at + 8))
            found = p;
    }
    free(before);
    free(after);
    assert_true(found != 0);
    return found;
}

static void p_bit(const char *d) { flip_bit(DATABASE, (size_t)page_file_offset(page_that_needs_redo(d), 4096) + 1000); }
static void p_bytes(const char *d) { damage(DATABASE, (size_t)page_file_offset(page_that_needs_redo(d), 4096) + 1000, 20); }
static void p_zero(const char *d)
{
    size_t size, at = (size_t)page_file_offset(page_that_needs_redo(d), 4096);
    uint8_t *bytes = load(DATABASE, &size);
    memset(bytes + at, 0, 4096);
    save(DATABASE, bytes, size);
}
static void change_dbtime(const char *d, uint64_t by)
{
    page_no_t page_no = page_that_needs_redo(d);
    size_t size, at = (size_t)page_file_offset(page_no, 4096);
    uint8_t *bytes = load(DATABASE, &size);
    store_le64(bytes + at + 8, load_le64(bytes + at + 8) + by);
    checksum_store_page(bytes + at, 4096, page_no);
    save(DATABASE, bytes, size);
}
static void p_newer(const char *d) { change_dbtime(d, 1); }
static void p_older(const char *d) { change_dbtime(d, UINT64_MAX); }

static void a_whole_crashed_set_gives_the_observed_results(void **state)
{
    (void)state;
    require_shared_data();
    const struct recovery_options none = {0}, ignore = {.ignore_lost_logs = true}, both = {.ignore_lost_logs = true, .delete_out_of_range_logs = true};
    const struct recovery_options remove_only = {.delete_out_of_range_logs = true}, no_undo = {.without_undo = true}, truncate_after = {.truncate_logs_after = true};
    const struct row rows[] = {
        {"untouched", c_nothing, 0, none},
        {"checkpoint missing", c_no_checkpoint, 0, none},
        {"checkpoint copy 1 bad", c_checkpoint_copy_bad, 0, none},
        {"checkpoint bad", c_checkpoint_bad, 0, none},
        {"checkpoint to 3", c_checkpoint_3, 0, none},
        {"logs 1-6 missing", c_missing_1_6, 0, none},
        {"log 8 missing", c_missing_8, JET_errInvalidLogSequence, none},
        {"log 9 missing", c_missing_9, JET_errInvalidLogSequence, none},
        {"log 8 missing, without undo", c_missing_8, JET_errInvalidLogSequence, no_undo},
        {"current lost, a temporary one there", c_missing_current_temporary, JET_errRequiredLogFilesMissing, none},
        {"current renamed, a temporary one there", c_renamed_current_temporary, 0, none},
        {"stray archive 11", c_stray_11, 0, none},
        {"archive 10 beside current 10", c_stray_10, JET_errInvalidLogSequence, none},
        {"stray archives, deletion allowed", c_stray_10, 0, remove_only},
        {"9 one bit", c_9_bit, 0, none},
        {"current one bit", c_current_bit, 0, none},
        {"9 bytes", c_9_bytes, JET_errLogFileCorrupt, both},
        {"9 end zeroed", c_9_end_zero, JET_errLogSequenceChecksumMismatch, none},
        {"garbage in the last sector", c_current_garbage_in_last_sector, 0, none},
        {"damage in 3", c_damage_in_3, 0, none},
        {"damage in 3, no checkpoint", c_damage_in_3_no_checkpoint, JET_errLogFileCorrupt, none},
        {"without undo", c_nothing, JET_errRecoveredWithoutUndo, no_undo},
        {"truncated afterwards", c_nothing, 0, truncate_after},
        {"current missing, ignored", c_missing_current, JET_errRequiredLogFilesMissing, ignore},
        {"database and checkpoint missing", d_no_database_no_checkpoint, 0, none},
        {"one header copy bad", d_one_header_bad, 0, none},
        {"state 7", d_state_7, 0, none},
        {"required 12", d_required_12, JET_errRequiredLogFilesMissing, ignore},
        {"committed 12", d_committed_12, JET_errCommittedLogFilesMissing, none},
        {"committed 12, ignored", d_committed_12, JET_wrnCommittedLogFilesLost, ignore},
        {"required from 0", d_min_required_0, 0, none},
        {"required from 9", d_min_required_9, 0, none},
        {"time of the required log", d_required_time, JET_errRequiredLogFilesMissing, none},
        {"time of the created log", d_created_time, JET_errRequiredLogFilesMissing, none},
        {"file cut", d_cut, JET_errFileIOBeyondEOF, none},
        {"page with one wrong bit", p_bit, 0, none},
        {"page damaged", p_bytes, JET_errReadVerifyFailure, none},
        {"page zero", p_zero, JET_errPageNotInitialized, none},
        {"page newer", p_newer, JET_errDbTimeTooNew, none},
        {"page older", p_older, JET_errDbTimeTooOld, none},
    };
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *d = set_a();
        struct recovery_config config = config_for(d, "edb");
        struct recovery_result result;
        struct db_header header;
        uint32_t page_size;
        bool used_shadow;
        config.options = rows[i].options;
        rows[i].change(d);
        uint64_t before = memory_live_count();
        JET_ERR err = run(&config, &result), outcome = err == 0 ? result.warning : err;
        assert_int_equal(memory_live_count(), before);
        if (outcome != rows[i].expected)
            print_message("%s: %d instead of %d\n", rows[i].what, outcome, rows[i].expected);
        assert_int_equal(database_read_header(os_fs_posix(), DATABASE, &header, &page_size, &used_shadow, NULL), 0);
        if ((header.state == DB_STATE_CLEAN) != (err == 0))
            print_message("%s: state %u after %d\n", rows[i].what, header.state, outcome);
        failed += outcome != rows[i].expected || (header.state == DB_STATE_CLEAN) != (err == 0);
    }
    assert_int_equal(failed, 0);
}

/* --- the committed range, on the belkasoft set: attached in 51, current log 52 --- */

static const char *set_r2(void)
{
    const char *d = make_scratch_folder("r2");
    static const char *const FILES[] = {"SRU0004E.log", "SRU0004F.log", "SRU00050.log", "SRU00051.log", "SRU.log", "SRU.chk", "SRUDB.dat"};
    for (size_t i = 0; i < 7; i++)
        copy_shared_file(text_of("windows/srum-w10-1809-belkasoft/dirty/%s", FILES[i]), text_of("%s/%s", d, FILES[i]));
    return d;
}

#define R2_DATABASE text_of("%s/SRUDB.dat", d)
#define R2_CURRENT text_of("%s/SRU.log", d)
static void r_nothing(const char *d) { (void)d; }
static void r_committed_52(const char *d) { patch_word(R2_DATABASE, patch_database, 416, 0x52); }
static void r_committed_54(const char *d) { patch_word(R2_DATABASE, patch_database, 416, 0x54); }
static void r_required_54(const char *d) { r_committed_54(d); patch_word(R2_DATABASE, patch_database, 300, 0x54); }
static void r_time(const char *d) { patch_word(R2_DATABASE, patch_database, 348, 77); patch_word(R2_DATABASE, patch_database, 672, 77); }
static void r_current_missing(const char *d) { r_committed_52(d); unlink(R2_CURRENT); }
static void r_current_previous(const char *d) { r_committed_52(d); patch_word(R2_CURRENT, patch_log, 24, 77); }
static void r_current_header(const char *d) { r_committed_52(d); patch_word(R2_CURRENT, patch_log, 44, 77); }
static void r_current_damaged(const char *d) { r_committed_52(d); damage(R2_CURRENT, 6 * 4096 + 100, 200); }
static void r_51_damaged(const char *d) { damage(text_of("%s/SRU00051.log", d), 0xA * 4096 + 100, 20); }

static void lost_logs_of_the_committed_range_need_the_clients_leave(void **state)
{
    (void)state;
    require_shared_data();
    const struct recovery_options none = {0}, ignore = {.ignore_lost_logs = true}, both = {.ignore_lost_logs = true, .delete_out_of_range_logs = true};
    const struct recovery_options remove_only = {.delete_out_of_range_logs = true}, no_undo = {.without_undo = true}, truncate_after = {.truncate_logs_after = true};
    const struct row rows[] = {
        {"untouched", r_nothing, JET_errSuccess, none},
        {"without undo", r_nothing, JET_errRecoveredWithoutUndo, no_undo},
        {"truncated afterwards", r_nothing, JET_errSuccess, truncate_after},
        {"committed 54", r_committed_54, JET_errCommittedLogFilesMissing, none},
        {"committed 54, ignored", r_committed_54, JET_wrnCommittedLogFilesLost, ignore},
        {"required 54", r_required_54, JET_errRequiredLogFilesMissing, ignore},
        {"creation time of the required log", r_time, JET_errRequiredLogFilesMissing, none},
        {"current missing", r_current_missing, JET_errMissingLogFile, none},
        {"current missing, ignored", r_current_missing, JET_wrnCommittedLogFilesLost, ignore},
        {"current missing, without undo", r_current_missing, JET_errCommittedLogFilesMissing, no_undo},
        {"current out of sequence", r_current_previous, JET_errCommittedLogFilesMissing, none},
        {"current out of sequence, ignored", r_current_previous, JET_errCommittedLogFilesMissing, ignore},
        {"current out of sequence, deletion alone", r_current_previous, JET_errCommittedLogFilesMissing, remove_only},
        {"current out of sequence, both", r_current_previous, JET_wrnCommittedLogFilesRemoved, both},
        {"current foreign", r_current_header, JET_errBadLogSignature, both},
        {"current damaged", r_current_damaged, JET_errCommittedLogFileCorrupt, none},
        {"current damaged, both", r_current_damaged, JET_wrnCommittedLogFilesRemoved, both},
        {"required log damaged", r_51_damaged, JET_errLogFileCorrupt, both},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *d = set_r2();
        struct recovery_config config = config_for(d, "SRU");
        struct recovery_result result;
        struct db_header header;
        uint32_t page_size;
        bool used_shadow;
        config.options = rows[i].options;
        rows[i].change(d);
        JET_ERR err = run(&config, &result);
        JET_ERR outcome = err == 0 ? result.warning : err;
        if (outcome != rows[i].expected)
            fail_msg("%s: %d instead of %d", rows[i].what, outcome, rows[i].expected);
        assert_int_equal(database_read_header(os_fs_posix(), R2_DATABASE, &header, &page_size, &used_shadow, NULL), 0);
        if ((header.state == DB_STATE_CLEAN) != (err == 0))
            fail_msg("%s: state %u after %d", rows[i].what, header.state, outcome);
        if (rows[i].options.truncate_logs_after)
            assert_false(os_exists(os_fs_posix(), text_of("%s/SRU00051.log", d)));
        if (err == 0) { /* and the stream that was left starts again, clean */
            config.options = none;
            assert_int_equal(recovery_run(&config, &result), 0);
            assert_int_equal(log_append_init(result.log, NULL), 0);
            log_close(result.log);
        }
    }
}

/* R2: the machine stopped right after attaching: nothing to redo on pages, the header becomes clean. */
static void a_real_crash_right_after_attach_recovers_without_touching_pages(void **state)
{
    (void)state;
    require_shared_data();
    const char *d = make_scratch_folder("r2");
    static const char *const LOGS[] = {"SRU0004E.log", "SRU0004F.log", "SRU00050.log", "SRU00051.log", "SRU.log", "SRU.chk"};
    for (size_t i = 0; i < 6; i++)
        copy_shared_file(text_of("windows/srum-w10-1809-belkasoft/dirty/%s", LOGS[i]), text_of("%s/%s", d, LOGS[i]));
    const char *database = text_of("%s/SRUDB.dat", d);
    copy_shared_file("windows/srum-w10-1809-belkasoft/dirty/SRUDB.dat", database);
    size_t before_size, after_size;
    uint8_t *before = load(database, &before_size);
    struct recovery_config config = config_for(d, "SRU");
    struct recovery_result result;
    assert_int_equal(recovery_run(&config, &result), 0);
    assert_true(result.was_replayed);
    assert_int_equal(result.attached_count, 1);
    assert_int_equal(log_append_init(result.log, NULL), 0);
    lgpos_t shutdown, term;
    assert_int_equal(log_append_shutdown(result.log, &shutdown), 0);
    assert_int_equal(log_append_term(result.log, &term), 0);
    assert_int_equal(lgpos_generation(term), 0x52);
    log_close(result.log);
    uint8_t *after = load(database, &after_size);
    assert_memory_equal(before + 8192, after + 8192, after_size - 8192);
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    assert_int_equal(database_read_header(os_fs_posix(), database, &header, &page_size, &used_shadow, NULL), 0);
    assert_int_equal(header.state, DB_STATE_CLEAN);
    assert_int_equal(header.gen_min_required, 0);
    assert_int_equal(lgpos_generation(header.lgpos_consistent), 0x52);
    assert_int_equal(header.lgpos_consistent, lgpos_make(0x52, 1, 0x31));
    free(before);
    free(after);
    /* And once more: now it is a clean stream. */
    assert_int_equal(run(&config, &result), 0);
    assert_false(result.was_replayed);
}

/* R4 and its like: a clean set is only opened. */
static void clean_streams_are_opened_without_a_change(void **state)
{
    (void)state;
    require_shared_data();
    static const struct {
        const char *folder, *base, *files[12];
        uint32_t page_size;
    } SETS[] = {
        {"windows/srum-w10-21h1-rathbun/collected", "SRU", {"SRU.chk", "SRU.log", "SRU00003.log", "SRU00004.log", "SRU00005.log", "SRU00006.log", "SRU00007.log", "SRU00008.log", "SRUDB.dat"}, 4096},
        {"engine/clean_4k", "edb", {"edb.chk", "edb.log", "edb00001.log", "edb00002.log", "edb00003.log", "edb00004.log", "data.edb"}, 4096},
        {"engine/clean_8k", "edb", {"edb.chk", "edb.log", "edb00001.log", "edb00002.log", "edb00003.log", "data.edb"}, 8192},
        {"engine/clean_16k", "edb", {"edb.chk", "edb.log", "edb00001.log", "edb00002.log", "edb00003.log", "data.edb"}, 16384},
        {"engine/clean_32k", "edb", {"edb.chk", "edb.log", "edb00001.log", "edb00002.log", "edb00003.log", "data.edb"}, 32768},
        {"engine/roll_circ_4k", "edb", {"edb.chk", "edb.log", "data.edb"}, 4096},
    };
    for (size_t s = 0; s < sizeof SETS / sizeof *SETS; s++) {
        const char *d = make_scratch_folder("clean");
        const char *database = NULL;
        for (size_t i = 0; i < 12 && SETS[s].files[i] != NULL; i++) {
            const char *target = text_of("%s/%s", d, SETS[s].files[i]);
            copy_shared_file(text_of("%s/%s", SETS[s].folder, SETS[s].files[i]), target);
            database = target;
        }
        size_t before_size, after_size;
        uint8_t *before = load(database, &before_size);
        struct recovery_config config = config_for(d, SETS[s].base);
        struct recovery_result result;
        config.log.page_size = SETS[s].page_size;
        JET_ERR err = run(&config, &result);
        if (err != 0)
            fail_msg("%s: %d", SETS[s].folder, err);
        assert_false(result.was_replayed);
        /* Without its checkpoint the set is replayed, and every record found on its page already or belonging to a finished past. */
        unlink(text_of("%s/%s.chk", d, SETS[s].base));
        uint8_t *after = load(database, &after_size);
        assert_int_equal(before_size, after_size);
        assert_memory_equal(before, after, before_size);
        free(before);
        free(after);
        config.is_file_kib_set = true;
        config.log.file_kib = 1024;
        err = run(&config, &result);
        if (err != JET_errLogFileSizeMismatchDatabasesConsistent)
            fail_msg("%s without checkpoint, other log size: %d", SETS[s].folder, err);
        assert_true(result.was_replayed);
    }
}

/* A run of our own: attached, the log rolled some times, checkpoints taken, then the process is gone. */
static void a_database_left_attached_by_a_killed_run_becomes_clean(void **state)
{
    (void)state;
    require_shared_data();
    for (unsigned variant = 0; variant < 4; variant++) {
        const char *d = make_scratch_folder("own");
        bool rolls = (variant & 1) != 0, takes_checkpoint = (variant & 2) != 0;
        copy_shared_file("engine/clean_4k/data.edb", DATABASE);
        struct recovery_config config = config_for(d, "edb");
        struct recovery_result result;
        struct cache *cache = NULL;
        struct cache_config sizes = {.page_size = 4096, .bytes_min = 1 << 20, .bytes_max = 1 << 20};
        struct database *db = NULL;
        lgpos_t position;
        config.alternate_folder = NULL; /* our paths are absolute here */
        config.log.is_circular = rolls;
        assert_int_equal(recovery_run(&config, &result), 0);
        assert_int_equal(log_append_init(result.log, NULL), 0);
        assert_int_equal(cache_create(&sizes, &cache), 0);
        struct database_open_config open = {.fs = os_fs_posix(), .cache = cache, .path = DATABASE, .page_size = 4096, .dbid = 1};
        assert_int_equal(database_open(&open, &db), 0);
        struct log_attach attach = {.dbid = 1, .path = db->path, .lgpos_consistent = 0, .dbtime = db->header.dbtime, .objid_last = db->header.objid_last, .db_signature = db->header.db_signature};
        assert_int_equal(log_append_attach(result.log, &attach, &position), 0);
        assert_int_equal(position, lgpos_make(1, 1, 0x268));
        assert_int_equal(log_pad_segment(result.log), 0);
        assert_int_equal(log_flush_all(result.log), 0);
        struct signature signature = log_stream_signature(result.log);
        struct log_time created = log_generation_created(result.log);
        assert_int_equal(database_mark_attached(db, position, created, &signature, 1, created), 0);
        for (uint32_t g = 2; rolls && g <= 8; g++) {
            assert_int_equal(log_roll(result.log), 0);
            struct log_time now = log_generation_created(result.log);
            assert_int_equal(database_set_generations(db, takes_checkpoint ? g : 1, g, now, g, now), 0);
            if (takes_checkpoint)
                assert_int_equal(log_write_checkpoint(result.log, lgpos_make(g, 1, 0), 0, true), 0);
        }
        if (takes_checkpoint && !rolls)
            assert_int_equal(log_write_checkpoint(result.log, log_tip(result.log), 0, true), 0);
        database_close(db);
        cache_destroy(cache);
        log_close(result.log);

        JET_ERR err = recovery_run(&config, &result);
        if (err != 0)
            fail_msg("variant %u: %d", variant, err);
        assert_int_equal(result.attached_count, 1);
        struct db_header header;
        uint32_t page_size;
        bool used_shadow;
        assert_int_equal(database_read_header(os_fs_posix(), DATABASE, &header, &page_size, &used_shadow, NULL), 0);
        assert_int_equal(header.state, DB_STATE_CLEAN);
        assert_int_equal(header.lgpos_consistent, header.lgpos_detach);
        assert_true(header.lgpos_consistent < log_tip(result.log));
        assert_true(signature_equal(&header.log_signature, &signature));
        log_close(result.log);
        /* Killed again before the first record of the new run: the stream is clean. */
        assert_int_equal(run(&config, &result), 0);
        assert_false(result.was_replayed);
    }
}

/* --- what the client hears --- */

static struct {
    char text[256];
    JET_ERR answer;
} heard;

static void hear(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void hear(const char *format, ...)
{
    size_t used = strlen(heard.text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(heard.text + used, sizeof heard.text - used, format, arguments);
    va_end(arguments);
}

/* As the client of JetInit4 gets it. */
static JET_ERR hear_control(void *context, JET_SNP snp, JET_SNT snt, void *data)
{
    const JET_RECOVERYCONTROL *c = (const JET_RECOVERYCONTROL *)data;
    (void)context;
    assert_int_equal(snp, JET_snpRecoveryControl);
    assert_int_equal(c->sntUnion, snt);
    if (snt == JET_sntCommitCtx) {
        assert_int_equal(c->CommitCtx.cbStruct, sizeof c->CommitCtx);
        hear("%u:%.*s ", c->CommitCtx.fCallbackType, (int)c->CommitCtx.cbCommitCtx, (const char *)c->CommitCtx.pbCommitCtx);
        return heard.answer;
    }
    return c->errDefault;
}

static JET_ERR hear_contexts(void *context, const struct recovery_question *q) { return recovery_control_call(JET_instanceNil, q, hear_control, context); }

static void append_context(struct log *log, uint16_t procid, unsigned flags, const char *text)
{
    uint8_t record[64];
    assert_int_equal(log_append(log, record, log_record_encode_commit_context(record, procid, (uint8_t)flags, span_of(text, (uint32_t)strlen(text))), NULL), 0);
}

static void append_begin(struct log *log, uint16_t procid, uint32_t transaction)
{
    uint8_t record[LR_BEGIN0_SIZE];
    assert_int_equal(log_append(log, record, log_record_encode_begin0(record, procid, 1, transaction), NULL), 0);
}

static void append_commit(struct log *log, uint16_t procid, uint32_t transaction)
{
    uint8_t record[LR_COMMIT0_SIZE];
    assert_int_equal(log_append(log, record, log_record_encode_commit0(record, procid, transaction), NULL), 0);
}

/* A stream whose sessions commit and roll back with contexts; its process is gone. */
static void write_contexts(const struct recovery_config *config)
{
    enum { CALL = COMMIT_CONTEXT_WANTS_CALL, AROUND = COMMIT_CONTEXT_WANTS_CALLS_AROUND };
    struct recovery_result result;
    assert_int_equal(recovery_run(config, &result), 0);
    assert_int_equal(log_append_init(result.log, NULL), 0);
    append_begin(result.log, 1, 4);
    append_begin(result.log, 2, 8);
    append_context(result.log, 1, AROUND | COMMIT_CONTEXT_IS_CUSTOMER_DATA, "one");
    append_commit(result.log, 2, 12);
    append_context(result.log, 2, CALL, "two");
    append_commit(result.log, 1, 16);
    append_begin(result.log, 1, 20);
    append_commit(result.log, 1, 24);       /* its context was that of the one before */
    append_context(result.log, 1, 0, "silent");
    append_begin(result.log, 1, 28);
    append_context(result.log, 1, AROUND, "taken back");
    const uint8_t rollback[] = {LR_ROLLBACK, 1, 0, 1};
    assert_int_equal(log_append(result.log, rollback, sizeof rollback, NULL), 0);
    append_begin(result.log, 1, 32);
    append_context(result.log, 1, AROUND, "open");
    assert_int_equal(log_flush_all(result.log), 0);
    log_close(result.log);
}

static void contexts_of_commits_are_told_as_their_clients_wanted(void **state)
{
    (void)state;
    struct recovery_result result;
    for (int refuses = 0; refuses < 2; refuses++) {
        struct recovery_config config = config_for(make_scratch_folder("contexts"), "edb");
        memset(&heard, 0, sizeof heard);
        write_contexts(&config);
        config.ask = hear_contexts;
        heard.answer = refuses ? JET_errCallbackFailed : JET_errSuccess;
        assert_int_equal(run(&config, &result), refuses ? JET_errCallbackFailed : 0);
        assert_string_equal(heard.text, refuses ? "1:two " : "1:two 2:one 3:one ");
    }
}

static JET_ERR hear_conditions(void *context, const struct recovery_question *q)
{
    (void)context;
    if (q->kind == RECOVERY_CONDITION)
        hear("%d ", (int)q->answer);
    return q->kind == RECOVERY_CONDITION && heard.answer != 0 ? JET_errSuccess : q->answer;
}

static void hear_losses(void *context, const struct event *event)
{
    (void)context;
    if (event->id != 524)
        return;
    hear("event");
    for (size_t i = 1; i + 1 < event->parameter_count; i++)
        hear(" %s", event->parameters[i]);
    hear(" ");
}

/* Set A, its database told that 11 and 12 had been committed too. */
static void logs_lost_with_the_clients_leave_are_a_condition_that_it_can_silence(void **state)
{
    static const struct {
        bool answers, skips;
        const char *heard;
    } CASES[] = {{false, false, "-582 event 2 11 12 10 "}, {true, false, "-582 "}, {false, true, "0 "}};
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *d = set_a();
        struct recovery_config config = config_for(d, "edb");
        struct recovery_result result;
        struct event_log events;
        event_log_init(&events, NULL, NULL, false, JET_EventLoggingLevelMax, (struct event_sink){hear_losses, NULL}, NULL);
        patch_word(DATABASE, patch_database, 416, 12);
        memset(&heard, 0, sizeof heard);
        heard.answer = CASES[i].answers ? 1 : 0;
        config.events = &events;
        config.ask = hear_conditions;
        config.options.ignore_lost_logs = true;
        config.options.skip_lost_logs_event = CASES[i].skips;
        assert_int_equal(run(&config, &result), 0);
        assert_int_equal(result.warning, JET_wrnCommittedLogFilesLost);
        assert_string_equal(heard.text, CASES[i].heard);
    }
}

static const char *backup_set(void)
{
    const char *d = make_scratch_folder("backup-set");
    for (int i = 1; i <= 5; i++)
        copy_shared_file(text_of("engine/backup_4k/full/edb%05X.log", i), text_of("%s/edb%05X.log", d, i));
    return d;
}

/* The logs of a backup set alone: all are read and judged; the stream goes on behind them in the working folder, the set stays as it is. */
static void a_backup_sets_logs_are_replayed_and_the_stream_goes_on_elsewhere(void **state)
{
    (void)state;
    require_shared_data();
    static const struct {
        const char *what;
        JET_ERR expected;
    } CASES[] = {{"whole", JET_errSuccess},
                 {"damaged", JET_errLogCorruptDuringHardRestore},
                 {"end zeroed", JET_errLogSequenceChecksumMismatch},
                 {"out of sequence", JET_errInvalidLogSequence},
                 {"missing", JET_errFileNotFound}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *d = backup_set(), *work = make_scratch_folder("restored");
        if (i == 1)
            damage(ARCHIVE(3), 5 * 4096 + 777, 20);
        if (i == 2)
            zero_range(ARCHIVE(3), last_segment_of(ARCHIVE(3)), 2);
        if (i == 3)
            patch_word(ARCHIVE(3), patch_log, 24, 77);
        if (i == 4)
            unlink(ARCHIVE(3));
        struct recovery_hard_config hard = {.fs = os_fs_posix(), .backup_folder = d, .log_folder = work, .system_folder = work, .base_name = "edb", .extension = ".log",
                                            .gen_low = 1, .gen_high = 5, .page_size = 4096};
        JET_ERR err = recovery_run_hard(&hard, NULL);
        if (err != CASES[i].expected)
            fail_msg("%s: %d instead of %d", CASES[i].what, err, CASES[i].expected);
        assert_false(os_exists(os_fs_posix(), text_of("%s/edb00006.log", d)));
        assert_int_equal(os_exists(os_fs_posix(), text_of("%s/edb.log", work)), err == 0);
        if (err < 0)
            continue;
        struct log_header last, next;
        struct checkpoint checkpoint;
        assert_int_equal(log_header_read(os_fs_posix(), ARCHIVE(5), &last), 0);
        assert_int_equal(log_header_read(os_fs_posix(), text_of("%s/edb.log", work), &next), 0);
        assert_int_equal(next.generation, 6);
        assert_true(signature_equal(&next.log_signature, &last.log_signature));
        assert_true(log_time_equal(next.previous_created, last.created));
        assert_int_equal(log_version_compare(next.version, last.version), 0);
        assert_int_equal(checkpoint_file_read(os_fs_posix(), text_of("%s/edb.chk", work), &checkpoint), 0);
        assert_int_equal(lgpos_generation(checkpoint.lgpos_checkpoint), 6);
        /* An instance can start on it. */
        struct recovery_config config = config_for(work, "edb");
        struct recovery_result result;
        assert_int_equal(run(&config, &result), 0);
        assert_false(result.was_replayed);
    }
}

static void a_log_without_its_database_names_it_missing_and_creates_nothing(void **state)
{
    (void)state;
    require_shared_data();
    const char *d = make_scratch_folder("logonly");
    copy_shared_file("windows/secedit-w10-logonly/edb.log", CURRENT);
    copy_shared_file("windows/secedit-w10-logonly/edb.chk", CHECKPOINT);
    struct recovery_config config = config_for(d, "edb");
    struct recovery_result result;
    assert_int_equal(run(&config, &result), JET_errAttachedDatabaseMismatch);
    assert_false(os_exists(os_fs_posix(), text_of("%s/secedit.sdb", d)));
}

static void an_empty_folder_gets_a_new_stream_that_opens_again(void **state)
{
    (void)state;
    const char *d = make_scratch_folder("new");
    struct recovery_config config = config_for(d, "edb");
    struct recovery_result result;
    lgpos_t position;
    assert_int_equal(recovery_run(&config, &result), 0);
    assert_true(result.is_new_stream);
    assert_int_equal(log_append_init(result.log, &position), 0);
    assert_int_equal(position, lgpos_make(1, 1, 0));
    log_close(result.log);
    /* Stopped without an end: replayed, and ended. */
    assert_int_equal(recovery_run(&config, &result), 0);
    assert_int_equal(log_append_init(result.log, &position), 0);
    assert_int_equal(log_append_shutdown(result.log, &position), 0);
    assert_int_equal(log_append_term(result.log, &position), 0);
    log_close(result.log);
    assert_int_equal(run(&config, &result), 0);
    assert_false(result.was_replayed);
    config.options.without_undo = true;
    assert_int_equal(run(&config, &result), JET_errRecoveredWithoutUndoDatabasesConsistent);
    config.options.without_undo = false;
    config.is_file_kib_set = true;
    config.log.file_kib = 64;
    assert_int_equal(run(&config, &result), JET_errLogFileSizeMismatchDatabasesConsistent);
    config.options.cleanup_mismatched_logs = true;
    assert_int_equal(run(&config, &result), JET_errInvalidSettings);
    config.log.is_circular = true;
    assert_int_equal(run(&config, &result), 0);
    assert_true(result.is_new_stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_decisions_and_missing_files_give_the_observed_results),
        cmocka_unit_test(bad_headers_give_the_observed_errors),
        cmocka_unit_test(bad_segments_give_the_observed_errors),
        cmocka_unit_test(databases_that_do_not_fit_give_the_observed_errors),
        cmocka_unit_test(a_whole_crashed_set_gives_the_observed_results),
        cmocka_unit_test(lost_logs_of_the_committed_range_need_the_clients_leave),
        cmocka_unit_test(a_real_crash_right_after_attach_recovers_without_touching_pages),
        cmocka_unit_test(clean_streams_are_opened_without_a_change),
        cmocka_unit_test(a_database_left_attached_by_a_killed_run_becomes_clean),
        cmocka_unit_test(contexts_of_commits_are_told_as_their_clients_wanted),
        cmocka_unit_test(logs_lost_with_the_clients_leave_are_a_condition_that_it_can_silence),
        cmocka_unit_test(a_backup_sets_logs_are_replayed_and_the_stream_goes_on_elsewhere),
        cmocka_unit_test(a_log_without_its_database_names_it_missing_and_creates_nothing),
        cmocka_unit_test(an_empty_folder_gets_a_new_stream_that_opens_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
