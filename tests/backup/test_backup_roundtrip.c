/* Real databases are attached, streamed, detached, restored elsewhere: the file keeps every page but its headers, the copy has every page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backup_client.h"
#include "database/database.h"
#include "format/patch_header.h"
#include "live_instance.h"
#include "shared_data.h"

static struct db_header header_of(const char *path)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    assert_good(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL));
    return header;
}

/* The copy inside the set: state, current slot, both header copies, pages as in the file, trailer. */
static void check_stream(const char *copy, const uint8_t *before, unsigned long long before_size, uint32_t page_size, const struct backup_set *set)
{
    unsigned long long size;
    uint8_t *bytes = read_whole_file(copy, &size);
    struct db_header header = header_of(copy);
    struct patch_header trailer;
    assert_int_equal(size % page_size, 0);
    assert_true(size >= 4ull * page_size && size <= before_size + page_size);
    assert_memory_equal(bytes, bytes + page_size, page_size);
    assert_memory_equal(bytes + 2 * page_size, before + 2 * page_size, size - 3ull * page_size);
    assert_int_equal(header.state, DB_STATE_DIRTY);
    assert_int_equal(header.backup_full_current.gen_low, set->gen_low);
    assert_int_equal(header.backup_full_current.gen_high, 0);
    assert_good(patch_header_decode(bytes + size - page_size, page_size, &trailer));
    assert_good(patch_header_check(&trailer, &header));
    assert_true(trailer.backup.gen_high >= header.gen_max_committed);
    free(bytes);
}

/* After detach only the two header pages may differ (and a tail that no tree owns may be cut off). */
static void check_source_unchanged(const char *path, const uint8_t *before, unsigned long long before_size, uint32_t page_size)
{
    unsigned long long size;
    uint8_t *bytes = read_whole_file(path, &size);
    struct db_header header = header_of(path);
    assert_int_equal(size, before_size);
    assert_memory_equal(bytes + 2 * page_size, before + 2 * page_size, size - 2ull * page_size);
    assert_memory_equal(bytes, bytes + page_size, page_size);
    assert_int_equal(header.state, DB_STATE_CLEAN);
    assert_true(header.backup_full_previous.gen_low != 0);
    assert_int_equal(header.backup_incremental_previous.gen_low, 0);
    assert_int_equal(header.gen_min_required, 0);
    free(bytes);
}

static void check_restored(const char *path, const uint8_t *before, uint32_t page_size)
{
    unsigned long long size;
    uint8_t *bytes = read_whole_file(path, &size);
    struct db_header header = header_of(path);
    assert_memory_equal(bytes + 2 * page_size, before + 2 * page_size, size - 2ull * page_size);
    assert_int_equal(header.state, DB_STATE_CLEAN);
    assert_int_equal(header.backup_full_current.gen_low, 0);
    assert_int_equal(header.backup_full_previous.gen_low, 0);
    free(bytes);
}

static void round_trip(const char *relative)
{
    struct live_instance live;
    struct backup_set set;
    unsigned long long before_size;
    const char *name = strrchr(relative, '/') + 1;
    const char *set_folder = make_scratch_folder("set"), *target = make_scratch_folder("restored"), *pristine = text_of("%s/pristine", make_scratch_folder("file"));

    print_message("%s\n", relative);
    copy_shared_file(relative, pristine);
    uint8_t *before = read_whole_file(pristine, &before_size);
    live_start_with(&live, relative);
    client_backup(live.instance, 0, 1, set_folder, &set);
    check_stream(text_of("%s/%s", set_folder, name), before, before_size, live.page_size, &set);
    live_stop(&live);
    check_source_unchanged(live.database, before, before_size, live.page_size);

    assert_good(client_restore(&set, name, target));
    check_restored(text_of("%s/%s", target, name), before, live.page_size);

    /* and it can be attached */
    struct live_instance again;
    live_start(&again, live.page_size);
    assert_good(JetAttachDatabase(again.session, text_of("%s/%s", target, name), 0));
    live_stop(&again);
    free(before);
}

static void every_clean_database_survives_backup_and_restore(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; CLEAN_DATABASES[i] != NULL; i++)
        round_trip(CLEAN_DATABASES[i]);
}

static void full_incremental_and_copy_runs_stamp_their_slots(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance live;
    struct backup_set copy, full, differential, incremental;
    live_start_with(&live, "windows/types-4k/basic.edb");
    client_backup(live.instance, 0, 0, make_scratch_folder("copy"), &copy);
    struct db_header header = header_of(live.database);
    assert_int_equal(header.backup_copy_previous.gen_high, copy.gen_high);
    assert_int_equal(header.backup_full_previous.gen_low, 0);
    assert_err(JetBeginExternalBackupInstance(live.instance, JET_bitBackupIncremental), JET_errMissingFullBackup);

    client_backup(live.instance, 0, 1, make_scratch_folder("full"), &full);
    header = header_of(live.database);
    assert_int_equal(header.backup_full_previous.gen_low, full.gen_low);
    assert_int_equal(header.backup_full_previous.gen_high, full.gen_high);
    assert_int_equal(header.backup_copy_previous.gen_high, copy.gen_high);
    assert_true(lgpos_generation(header.backup_full_previous.mark) >= full.gen_low && lgpos_generation(header.backup_full_previous.mark) <= full.gen_high);

    client_backup(live.instance, JET_bitBackupIncremental, 0, make_scratch_folder("differential"), &differential);
    header = header_of(live.database);
    assert_int_equal(header.backup_differential_previous.gen_high, differential.gen_high);
    assert_int_equal(header.backup_incremental_previous.gen_low, 0);

    client_backup(live.instance, JET_bitBackupIncremental, 1, make_scratch_folder("incremental"), &incremental);
    header = header_of(live.database);
    assert_int_equal(header.backup_incremental_previous.gen_high, incremental.gen_high);
    assert_int_equal(header.backup_incremental_previous.mark, lgpos_make(incremental.gen_high + 1, 1, 0));
    assert_int_equal(header.backup_differential_previous.gen_high, differential.gen_high);

    client_backup(live.instance, 0, 1, make_scratch_folder("full"), &full);
    header = header_of(live.database);
    assert_int_equal(header.backup_full_previous.gen_high, full.gen_high);
    assert_int_equal(header.backup_incremental_previous.gen_low, 0);
    assert_int_equal(header.backup_differential_previous.gen_low, 0);
    live_stop(&live);
}

static void a_backup_copy_cannot_be_attached_before_it_is_restored(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance live;
    struct backup_set set;
    const char *folder = make_scratch_folder("set");
    live_start_with(&live, "windows/types-4k/basic.edb");
    client_backup(live.instance, 0, 1, folder, &set);
    assert_err(JetAttachDatabase(live.session, text_of("%s/basic.edb", folder), 0), JET_errSoftRecoveryOnBackupDatabase);
    live_stop(&live);
}

static void damage_to_the_set_is_found_before_anything_changes(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance live;
    struct backup_set set;
    const char *folder = make_scratch_folder("set");
    live_start_with(&live, "windows/types-4k/basic.edb");
    client_backup(live.instance, 0, 1, folder, &set);
    live_stop(&live);

    struct backup_set wrong = set;
    wrong.gen_high = set.gen_high + 1;
    assert_err(client_restore(&wrong, "basic.edb", make_scratch_folder("r")), JET_errFileNotFound);
    wrong = (struct backup_set){folder, 0, 0};
    assert_err(client_restore(&wrong, "basic.edb", make_scratch_folder("r")), JET_errInvalidPath);

    const char *trailer_cut = make_scratch_folder("cut");
    if (system(text_of("cp '%s'/* '%s' && truncate -s -4096 '%s/basic.edb'", folder, trailer_cut, trailer_cut)) != 0)
        fail();
    wrong = set;
    wrong.folder = trailer_cut;
    assert_err(client_restore(&wrong, "basic.edb", make_scratch_folder("r")), JET_errBadPatchPage);

    const char *not_a_copy = make_scratch_folder("plain");
    if (system(text_of("cp '%s'/* '%s' && cp '%s' '%s/basic.edb'", folder, not_a_copy, live.database, not_a_copy)) != 0)
        fail();
    wrong.folder = not_a_copy;
    assert_err(client_restore(&wrong, "basic.edb", make_scratch_folder("r")), JET_errRestoreOfNonBackupDatabase);

    const char *bad_log = make_scratch_folder("badlog");
    if (system(text_of("cp '%s'/* '%s' && printf x | dd of='%s/edb%05X.log' bs=1 seek=100 conv=notrunc status=none", folder, bad_log, bad_log, set.gen_low)) != 0)
        fail();
    wrong.folder = bad_log;
    assert_err(client_restore(&wrong, "basic.edb", make_scratch_folder("r")), JET_errLogFileCorrupt);
}

static void a_damaged_page_ends_that_database_and_never_reaches_the_set(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance live;
    uint32_t actual;
    static char list[4096];
    live_start_with(&live, "windows/catroot-w10/catdb");
    client_hurry_retries(live.instance);
    if (system(text_of("printf 'Damaged!' | dd of='%s' bs=1 seek=%u conv=notrunc status=none", live.database, 6 * 4096 + 500)) != 0)
        fail();
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    assert_err(client_copy_file(live.instance, live.database, make_scratch_folder("set"), 1 << 20), JET_errReadVerifyFailure);
    assert_good(JetGetAttachInfoInstance(live.instance, list, sizeof list, &actual)); /* the session lives on */
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
    live_stop(&live);
}

static void a_damaged_log_segment_ends_the_session(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance live;
    uint32_t actual;
    static char list[4096];
    live_start_with(&live, "windows/catroot-w10/catdb");
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    assert_good(JetGetLogInfoInstance(live.instance, list, sizeof list, &actual));
    if (system(text_of("printf 'Damaged!' | dd of='%s' bs=1 seek=%u conv=notrunc status=none", list, 4096 + 500)) != 0)
        fail();
    assert_err(client_copy_file(live.instance, list, make_scratch_folder("set"), 1 << 16), JET_errLogReadVerifyFailure);
    assert_err(JetGetLogInfoInstance(live.instance, list, sizeof list, &actual), JET_errNoBackup);
    live_stop(&live);
}

static void an_incremental_backup_refuses_a_gap_in_the_logs(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance live;
    struct backup_set full, first, second;
    uint32_t actual;
    static char list[4096];
    live_start_with(&live, "windows/catroot-w10/catdb");
    client_backup(live.instance, 0, 1, make_scratch_folder("full"), &full);
    client_backup(live.instance, JET_bitBackupIncremental, 0, make_scratch_folder("first"), &first);
    client_backup(live.instance, JET_bitBackupIncremental, 0, make_scratch_folder("second"), &second);
    for (uint32_t generation = 1; generation <= full.gen_high + 1; generation++)
        (void)remove(text_of("%s/edb%05X.log", live.folder, generation));
    assert_good(JetBeginExternalBackupInstance(live.instance, JET_bitBackupIncremental));
    assert_err(JetGetLogInfoInstance(live.instance, list, sizeof list, &actual), JET_errMissingFileToBackup);
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
    live_stop(&live);
}

/* Copies the one log of a set into another set's folder. */
static void lend_log(const struct backup_set *from, const struct backup_set *to)
{
    if (system(text_of("cp '%s'/edb%05X.log '%s'", from->folder, from->gen_high, to->folder)) != 0)
        fail();
}

static void a_range_of_logs_that_does_not_cover_the_copy_is_refused(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance live;
    struct backup_set before, set, after;
    live_start_with(&live, "windows/catroot-w10/catdb");
    client_backup(live.instance, 0, 0, make_scratch_folder("before"), &before);
    client_backup(live.instance, 0, 0, make_scratch_folder("set"), &set);
    client_backup(live.instance, 0, 0, make_scratch_folder("after"), &after);
    live_stop(&live);
    assert_true(before.gen_high < set.gen_low && set.gen_high < after.gen_low);
    lend_log(&before, &set);
    lend_log(&after, &set);
    struct backup_set too_high = {set.folder, after.gen_high, after.gen_high}, too_low = {set.folder, before.gen_high, before.gen_high};
    assert_err(client_restore(&too_high, "catdb", make_scratch_folder("r")), JET_errStartingRestoreLogTooHigh);
    assert_err(client_restore(&too_low, "catdb", make_scratch_folder("r")), JET_errEndingRestoreLogTooLow);
}

static void a_log_of_another_stream_in_the_working_folder_is_refused(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance live, other;
    struct backup_set set;
    const char *target = make_scratch_folder("working");
    live_start_with(&live, "windows/catroot-w10/catdb");
    client_backup(live.instance, 0, 1, make_scratch_folder("set"), &set);
    live_stop(&live);
    live_start(&other, 4096);
    live_stop(&other);
    if (system(text_of("cp '%s/edb.log' '%s'", other.folder, target)) != 0)
        fail();
    assert_err(client_restore(&set, "catdb", target), JET_errExistingLogFileHasBadSignature);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_incremental_and_copy_runs_stamp_their_slots),
        cmocka_unit_test(a_backup_copy_cannot_be_attached_before_it_is_restored),
        cmocka_unit_test(damage_to_the_set_is_found_before_anything_changes),
        cmocka_unit_test(a_damaged_page_ends_that_database_and_never_reaches_the_set),
        cmocka_unit_test(a_damaged_log_segment_ends_the_session),
        cmocka_unit_test(an_incremental_backup_refuses_a_gap_in_the_logs),
        cmocka_unit_test(a_range_of_logs_that_does_not_cover_the_copy_is_refused),
        cmocka_unit_test(a_log_of_another_stream_in_the_working_folder_is_refused),
        cmocka_unit_test(every_clean_database_survives_backup_and_restore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
