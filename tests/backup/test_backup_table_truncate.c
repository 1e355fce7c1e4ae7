/* What JetTruncateLog needs, what it deletes, and what it never does (backup-and-restore 10). */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_client.h"
#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "recorded_events.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, LIST_BYTES = 1 << 14, PIECE = 1 << 16, LOGS = 6 };

static struct fault_fs *disk;
static struct sample s;
static const char *database;
static char list[LIST_BYTES], gone[LIST_BYTES];
static uint32_t size;
static const uint32_t TRUNCATION[] = {224, 225, 227, 520, 0};

static uint32_t generation_of(const char *path) { return (uint32_t)strtoul(strrchr(path, '/') + 4, NULL, 16); }
static const char *log_path(uint32_t generation) { return text_of("%s/edb%05X.log", s.live.folder, generation); }
static bool exists(uint32_t generation) { return access(log_path(generation), F_OK) == 0; }
static uint32_t list_count(const char *names)
{
    uint32_t count = 0;
    for (; *names != 0; names += strlen(names) + 1)
        count++;
    return count;
}

/* Finishes the running generation. */
static void roll(void)
{
    struct backup_set set;
    static int32_t id = 1000;
    insert_sample(&s, id, id, "row");
    id++;
    client_backup(s.live.instance, 0, 0, make_scratch_folder("roll"), &set);
}

/* A fresh instance whose checkpoint stands behind several finished logs: they are truncated once a full backup has been taken. */
static int start(void **state)
{
    (void)state;
    disk = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(disk));
    live_configure = events_on;
    sample_start(&s, PAGE_SIZE);
    for (int i = 0; i < LOGS; i++)
        roll();
    database = text_of("%s/sample.edb", s.live.folder);
    live_stop(&s.live); /* the checkpoint comes to the end */
    live_start_in(&s.live, s.live.folder, PAGE_SIZE);
    live_configure = NULL;
    s.session = s.live.session;
    assert_good(JetAttachDatabase(s.session, database, 0));
    assert_good(JetOpenDatabase(s.session, database, NULL, &s.dbid, 0));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &s.table));
    events_start();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    events_stop();
    fault_fs_fail(disk, FAULT_REMOVE, 0, 0, false);
    if (s.live.instance != JET_instanceNil)
        live_stop(&s.live);
    process_set_fs(NULL);
    fault_fs_destroy(disk);
    return 0;
}

static void begin(void) { assert_good(JetBeginExternalBackupInstance(s.live.instance, 0)); }
static void copy_database(void) { assert_good(client_copy_file(s.live.instance, database, make_scratch_folder("set"), PIECE)); }
static void get_logs(void)
{
    assert_good(JetGetLogInfoInstance(s.live.instance, list, sizeof list, &size));
    assert_good(JetGetTruncateLogInfoInstance(s.live.instance, gone, sizeof gone, &size));
    events_clear();
}
static void copy_logs(void)
{
    for (const char *name = list; *name != 0; name += strlen(name) + 1)
        assert_good(client_copy_file(s.live.instance, name, make_scratch_folder("set"), PIECE));
}
static void end(void) { assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort)); }
static JET_ERR truncate_log(void) { return JetTruncateLogInstance(s.live.instance); }
/* A full run, and no truncation: the previous full backup that lets logs go. */
static void full_before(void)
{
    begin();
    copy_database();
    get_logs();
    assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndNormal | JET_bitBackupTruncateDone));
}
/* Up to the point where everything is read. */
static void whole_run(void)
{
    begin();
    copy_database();
    get_logs();
    assert_true(list_count(gone) >= LOGS - 1);
    copy_logs();
    events_clear();
}

/* --- preconditions, in order --- */

static void each_precondition_in_its_order(void **state)
{
    (void)state;
    JET_HANDLE handle;
    uint32_t low, high;
    assert_err(truncate_log(), JET_errNoBackup);
    begin();
    assert_err(truncate_log(), JET_errInvalidBackupSequence); /* no list yet */
    assert_good(JetOpenFileInstance(s.live.instance, database, &handle, &low, &high));
    assert_err(truncate_log(), JET_errInvalidBackupSequence);
    assert_good(JetCloseFileInstance(s.live.instance, handle));
    get_logs();
    assert_err(truncate_log(), JET_errLogFileNotCopied);
    assert_string_equal(events_text(TRUNCATION, 1), "520 W()");
    assert_good(JetOpenFileInstance(s.live.instance, list, &handle, &low, &high));
    assert_err(truncate_log(), JET_errInvalidBackupSequence); /* the open file comes before what is missing */
    assert_good(JetStopBackupInstance(s.live.instance));
    assert_err(truncate_log(), JET_errBackupAbortByServer); /* and the stop before the open file */
    assert_good(JetCloseFileInstance(s.live.instance, handle));
    assert_err(truncate_log(), JET_errBackupAbortByServer);
    assert_err(JetEndExternalBackupInstance(s.live.instance), JET_errBackupAbortByServer);
    assert_err(truncate_log(), JET_errNoBackup);
}

static void reading_one_log_twice_does_not_stand_for_two(void **state)
{
    (void)state;
    begin();
    copy_database();
    for (int32_t id = 1; id <= 800; id++) /* some logs full */
        insert_sample(&s, id, id, "twenty bytes of text");
    get_logs();
    uint32_t count = list_count(list);
    assert_true(count > 2);
    for (uint32_t i = 0; i < count + 3; i++)
        assert_good(client_copy_file(s.live.instance, list, make_scratch_folder("set"), PIECE));
    assert_err(truncate_log(), JET_errLogFileNotCopied);
    assert_string_equal(events_text(TRUNCATION, 1), "520 W()");
    copy_logs();
    assert_good(truncate_log());
    end();
}

/* --- what goes --- */

static void the_announced_range_goes_and_nothing_else(void **state)
{
    (void)state;
    whole_run();
    uint32_t first = generation_of(gone), count = list_count(gone), last = first + count - 1;
    assert_good(truncate_log());
    assert_string_equal(events_text(TRUNCATION, 1), text_of("224 I(edb%05X.log|edb%05X.log)", first, last));
    for (uint32_t g = first; g <= last; g++)
        assert_false(exists(g));
    for (uint32_t g = last + 1; g <= generation_of(list) + list_count(list) - 1; g++) /* from the checkpoint on */
        assert_true(exists(g));
    assert_int_equal(access(text_of("%s/edb.log", s.live.folder), F_OK), 0);
    /* once more: the same range, now missing */
    events_clear();
    assert_good(truncate_log());
    assert_int_equal(events_count(227), 1);
    assert_string_equal(events_parameter(227, 0), text_of("%u", count));
    assert_good(JetEndExternalBackupInstance(s.live.instance));
}

static void logs_that_are_missing_are_counted_and_the_others_go(void **state)
{
    (void)state;
    whole_run();
    uint32_t first = generation_of(gone), count = list_count(gone);
    assert_int_equal(unlink(log_path(first)), 0);
    assert_int_equal(unlink(log_path(first + 2)), 0);
    assert_good(truncate_log());
    assert_string_equal(events_text(TRUNCATION, 1), text_of("224 I(edb%05X.log|edb%05X.log) 227 W(2)", first, first + count - 1));
    for (uint32_t g = first; g < first + count; g++)
        assert_false(exists(g));
    end();
}

static void an_error_stops_it_and_leaves_an_unbroken_rest(void **state)
{
    (void)state;
    whole_run();
    uint32_t first = generation_of(gone), count = list_count(gone);
    fault_fs_fail_only(disk, ".log");
    fault_fs_fail(disk, FAULT_REMOVE, 3, JET_errFileAccessDenied, false);
    assert_err(truncate_log(), JET_errFileAccessDenied);
    for (uint32_t g = first; g < first + count; g++)
        assert_int_equal(exists(g), g >= first + 2);
    assert_int_equal(events_count(214), 0); /* the session lives */
    assert_good(truncate_log());
    for (uint32_t g = first; g < first + count; g++)
        assert_false(exists(g));
    assert_good(JetEndExternalBackupInstance(s.live.instance));
    assert_int_equal(events_count(213), 1);
}

/* --- what never goes --- */

static void a_full_run_without_its_database_deletes_nothing_it_still_needs(void **state)
{
    (void)state;
    begin(); /* the database is never read, and has had no full backup */
    get_logs();
    assert_int_equal(gone[0], 0);
    copy_logs();
    events_clear();
    assert_good(truncate_log());
    assert_string_equal(events_text(TRUNCATION, 1), "225 I()");
    assert_true(exists(generation_of(list)));
    end();
    full_before();
    uint32_t covered = generation_of(list) + list_count(list) - 1;
    begin(); /* with one: up to what that covered */
    get_logs();
    for (const char *name = gone; *name != 0; name += strlen(name) + 1)
        assert_true(generation_of(name) <= covered);
    end();
}

static void a_database_made_meanwhile_keeps_all_logs(void **state)
{
    (void)state;
    JET_DBID dbid;
    full_before();
    begin();
    copy_database();
    assert_good(JetCreateDatabase(s.session, text_of("%s/young.edb", s.live.folder), NULL, &dbid, 0));
    get_logs();
    assert_int_equal(gone[0], 0);
    copy_logs();
    assert_good(truncate_log());
    assert_true(exists(generation_of(list)));
    assert_good(JetEndExternalBackupInstance(s.live.instance));
}

static void copies_do_not_lower_the_limit(void **state)
{
    (void)state;
    begin(); /* a copy: no truncation */
    copy_database();
    get_logs();
    copy_logs();
    assert_good(JetEndExternalBackupInstance(s.live.instance));
    begin(); /* the next run does not read the database, which has had no full backup but a copy */
    get_logs();
    assert_int_equal(gone[0], 0);
    end();
    assert_err(JetBeginExternalBackupInstance(s.live.instance, JET_bitBackupIncremental), JET_errMissingFullBackup);
}

static void nothing_behind_the_checkpoint_or_the_list_goes(void **state)
{
    (void)state;
    full_before();
    assert_good(JetBeginTransaction(s.session)); /* holds the checkpoint */
    insert_sample(&s, 5000, 5000, "open");
    JET_GRBIT kinds[] = {0, JET_bitBackupIncremental};
    for (int i = 0; i < 2; i++) {
        assert_good(JetBeginExternalBackupInstance(s.live.instance, kinds[i]));
        if (kinds[i] == 0)
            copy_database();
        get_logs();
        copy_logs();
        uint32_t end_of_list = generation_of(list) + list_count(list);
        for (const char *name = gone; *name != 0; name += strlen(name) + 1)
            assert_true(generation_of(name) < end_of_list);
        assert_good(truncate_log());
        assert_true(exists(end_of_list - 1) || list_count(gone) == list_count(list));
        assert_int_equal(access(text_of("%s/edb.log", s.live.folder), F_OK), 0);
        assert_good(JetEndExternalBackupInstance(s.live.instance));
    }
    assert_good(JetRollback(s.session, 0));
    assert_err(JetTerm2(s.live.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    live_start_in(&s.live, s.live.folder, PAGE_SIZE); /* what was kept is enough to recover */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_precondition_in_its_order, start, finish),
        cmocka_unit_test_setup_teardown(reading_one_log_twice_does_not_stand_for_two, start, finish),
        cmocka_unit_test_setup_teardown(the_announced_range_goes_and_nothing_else, start, finish),
        cmocka_unit_test_setup_teardown(logs_that_are_missing_are_counted_and_the_others_go, start, finish),
        cmocka_unit_test_setup_teardown(an_error_stops_it_and_leaves_an_unbroken_rest, start, finish),
        cmocka_unit_test_setup_teardown(a_full_run_without_its_database_deletes_nothing_it_still_needs, start, finish),
        cmocka_unit_test_setup_teardown(a_database_made_meanwhile_keeps_all_logs, start, finish),
        cmocka_unit_test_setup_teardown(copies_do_not_lower_the_limit, start, finish),
        cmocka_unit_test_setup_teardown(nothing_behind_the_checkpoint_or_the_list_goes, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
