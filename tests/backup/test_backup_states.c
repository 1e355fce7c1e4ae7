/* The state machine of a streaming backup, cell by cell (backup-and-restore 3), its gate checks, and the rules of each call's arguments.
 *
 * Pages: JetBeginExternalBackupInstance, JetCloseFileInstance, JetEndExternalBackupInstance2, JetGetAttachInfoInstance, JetGetLogInfoInstance,
 * JetGetTruncateLogInfoInstance, JetReadFileInstance, JetStopBackupInstance, JetTruncateLogInstance */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "live_instance.h"
#include "shared_data.h"

enum { BUFFER_BYTES = 1 << 20, LIST_BYTES = 1 << 16 };
#define NO_RESULT 12345

static struct live_instance live;
static uint8_t *buffer;
static char list[LIST_BYTES];

enum state { NONE, DATABASES, LOGS_FULL, LOGS_INCREMENTAL, STATE_COUNT };
static const char *const STATE_NAMES[] = {"none", "databases", "logs (full)", "logs (incremental)"};

static JET_ERR open_path(const char *path, JET_HANDLE *handle)
{
    uint32_t low, high;
    return JetOpenFileInstance(live.instance, path, handle, &low, &high);
}

static JET_ERR get_logs(void)
{
    uint32_t actual;
    return JetGetLogInfoInstance(live.instance, list, LIST_BYTES, &actual);
}

/* Reads an announced file to its end and closes it. */
static void copy_whole(const char *path)
{
    JET_HANDLE handle;
    uint32_t got, low, high;
    uint64_t total = 0;
    assert_good(JetOpenFileInstance(live.instance, path, &handle, &low, &high));
    do {
        assert_good(JetReadFileInstance(live.instance, handle, buffer, BUFFER_BYTES, &got));
        total += got;
    } while (got != 0);
    assert_int_equal(total, low);
    assert_good(JetCloseFileInstance(live.instance, handle));
}

static void copy_all_logs(void)
{
    assert_good(get_logs());
    for (const char *name = list; *name != 0; name += strlen(name) + 1)
        copy_whole(name);
}

static void run_full_backup(JET_GRBIT end)
{
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    copy_whole(live.database);
    copy_all_logs();
    assert_good(JetTruncateLogInstance(live.instance));
    assert_good(JetEndExternalBackupInstance2(live.instance, end));
}

static void enter_state(enum state state)
{
    if (state == DATABASES || state == LOGS_FULL)
        assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    if (state == LOGS_FULL)
        assert_good(get_logs());
    if (state == LOGS_INCREMENTAL) {
        assert_good(JetBeginExternalBackupInstance(live.instance, JET_bitBackupIncremental));
    }
}

static void leave_state(void)
{
    JET_ERR err = JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort);
    assert_true(err == JET_errSuccess || err == JET_errNoBackup || err == JET_errBackupAbortByServer);
}

static bool session_lives(void)
{
    uint32_t actual;
    JET_ERR err = JetGetAttachInfoInstance(live.instance, list, LIST_BYTES, &actual);
    return err != JET_errNoBackup;
}

/* --- the calls of the table --- */

static JET_ERR begin_full(void) { return JetBeginExternalBackupInstance(live.instance, 0); }
static JET_ERR begin_incremental(void) { return JetBeginExternalBackupInstance(live.instance, JET_bitBackupIncremental); }
static JET_ERR attach_info(void) { uint32_t n; return JetGetAttachInfoInstance(live.instance, list, LIST_BYTES, &n); }
static JET_ERR open_database(void) { JET_HANDLE h; return open_path(live.database, &h); }
static JET_ERR open_other(void) { JET_HANDLE h; return open_path(text_of("%s/absent00001.log", live.folder), &h); }
static JET_ERR open_empty_name(void) { JET_HANDLE h; return open_path("", &h); }
static JET_ERR read_unopened(void) { uint32_t n; return JetReadFileInstance(live.instance, 0, buffer, BUFFER_BYTES, &n); }
static JET_ERR close_unopened(void) { return JetCloseFileInstance(live.instance, 0); }
static JET_ERR log_info(void) { return get_logs(); }
static JET_ERR truncate_info(void) { uint32_t n; return JetGetTruncateLogInfoInstance(live.instance, list, LIST_BYTES, &n); }
static JET_ERR truncate_log(void) { return JetTruncateLogInstance(live.instance); }
static JET_ERR end_normal(void) { return JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndNormal); }
static JET_ERR end_abort(void) { return JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort); }

enum after { LIVES, ENDS, EITHER };

struct cell {
    JET_ERR err;
    enum after after;
};
struct row {
    const char *name;
    JET_ERR (*call)(void);
    struct cell cells[STATE_COUNT];
};

#define NO {JET_errNoBackup, EITHER}
static const struct row ROWS[] = {
    {"begin full", begin_full, {{0, LIVES}, {JET_errBackupInProgress, LIVES}, {JET_errBackupInProgress, LIVES}, {JET_errBackupInProgress, LIVES}}},
    {"begin incremental", begin_incremental,
     {{0, LIVES}, {JET_errBackupInProgress, LIVES}, {JET_errBackupInProgress, LIVES}, {JET_errBackupInProgress, LIVES}}},
    {"attach info", attach_info, {NO, {0, LIVES}, {0, LIVES}, {JET_errInvalidBackupSequence, LIVES}}},
    {"open database", open_database,
     {NO, {0, LIVES}, {JET_errInvalidBackupSequence, ENDS}, {JET_errInvalidBackupSequence, ENDS}}},
    {"open a missing file", open_other,
     {NO, {JET_errDatabaseNotFound, LIVES}, {JET_errInvalidParameter, ENDS}, {JET_errInvalidParameter, ENDS}}},
    {"open an empty name", open_empty_name,
     {NO, {JET_errInvalidParameter, LIVES}, {JET_errInvalidParameter, LIVES}, {JET_errInvalidParameter, LIVES}}},
    {"read a handle never opened", read_unopened,
     {NO, {JET_errInvalidParameter, LIVES}, {JET_errInvalidParameter, LIVES}, {JET_errInvalidParameter, LIVES}}},
    {"close a handle never opened", close_unopened,
     {NO, {JET_errInvalidParameter, LIVES}, {JET_errInvalidParameter, LIVES}, {JET_errInvalidParameter, LIVES}}},
    {"log info", log_info, {NO, {0, LIVES}, {0, LIVES}, {0, LIVES}}},
    {"truncate info", truncate_info, {NO, {0, LIVES}, {0, LIVES}, {0, LIVES}}},
    {"truncate", truncate_log,
     {NO, {JET_errInvalidBackupSequence, LIVES}, {JET_errLogFileNotCopied, LIVES}, {JET_errInvalidBackupSequence, LIVES}}},
    {"end normal", end_normal, {NO, {JET_errBackupAbortByCaller, ENDS}, {0, ENDS}, {0, ENDS}}},
    {"end abort", end_abort, {NO, {0, ENDS}, {0, ENDS}, {0, ENDS}}},
};

static void each_call_in_each_state_gives_the_result_of_the_table(void **state)
{
    (void)state;
    require_shared_data();
    run_full_backup(JET_bitBackupEndNormal); /* incremental runs need one */
    for (size_t r = 0; r < sizeof ROWS / sizeof ROWS[0]; r++)
        for (int s = 0; s < STATE_COUNT; s++) {
            enter_state((enum state)s);
            JET_ERR err = ROWS[r].call();
            if (err != ROWS[r].cells[s].err)
                fail_msg("%s in state %s: %d, expected %d", ROWS[r].name, STATE_NAMES[s], err, ROWS[r].cells[s].err);
            if (ROWS[r].cells[s].after != EITHER && session_lives() != (ROWS[r].cells[s].after == LIVES))
                fail_msg("%s in state %s: the session %s", ROWS[r].name, STATE_NAMES[s], session_lives() ? "lives on" : "has ended");
            leave_state();
        }
}

static void after_a_stop_only_close_and_end_work(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t r = 0; r < sizeof ROWS / sizeof ROWS[0]; r++) {
        if (ROWS[r].call == close_unopened || ROWS[r].call == begin_full || ROWS[r].call == begin_incremental)
            continue;
        enter_state(DATABASES);
        assert_good(JetStopBackupInstance(live.instance));
        assert_err(ROWS[r].call(), JET_errBackupAbortByServer);
        leave_state();
    }
    enter_state(DATABASES);
    JET_HANDLE handle;
    assert_good(open_path(live.database, &handle));
    assert_good(JetStopBackupInstance(live.instance));
    assert_err(begin_full(), JET_errBackupInProgress);
    assert_good(JetCloseFileInstance(live.instance, handle));
    assert_err(end_normal(), JET_errBackupAbortByServer);
    assert_err(end_normal(), JET_errNoBackup);
}

static void one_file_is_open_at_a_time(void **state)
{
    (void)state;
    require_shared_data();
    JET_HANDLE first, second;
    enter_state(DATABASES);
    assert_good(open_path(live.database, &first));
    assert_err(open_path(live.database, &second), JET_errOutOfMemory);
    assert_err(log_info(), JET_errInvalidBackupSequence);
    assert_err(truncate_info(), JET_errInvalidBackupSequence);
    assert_err(truncate_log(), JET_errInvalidBackupSequence);
    assert_good(JetCloseFileInstance(live.instance, first));
    assert_err(JetCloseFileInstance(live.instance, first), JET_errInvalidParameter);
    leave_state();
}

static void reads_check_buffer_and_size(void **state)
{
    (void)state;
    require_shared_data();
    JET_HANDLE handle;
    uint32_t got = NO_RESULT, page = live.page_size;
    enter_state(DATABASES);
    assert_good(open_path(live.database, &handle));
    assert_err(JetReadFileInstance(live.instance, handle, buffer + 1, 4 * page, &got), JET_errInvalidParameter);
    assert_err(JetReadFileInstance(live.instance, handle, NULL, 4 * page, &got), JET_errInvalidParameter);
    assert_err(JetReadFileInstance(live.instance, handle, buffer, 4 * page, NULL), JET_errInvalidParameter);
    assert_err(JetReadFileInstance(live.instance, handle, buffer, 4 * page + 1, &got), JET_errInvalidParameter);
    assert_err(JetReadFileInstance(live.instance, handle, buffer, 0, &got), JET_errInvalidParameter);
    assert_err(JetReadFileInstance(live.instance, handle, buffer, 2 * page, &got), JET_errInvalidParameter);
    assert_err(JetReadFileInstance(live.instance, handle + 7, buffer, 4 * page, &got), JET_errInvalidParameter);
    assert_int_equal(got, NO_RESULT);
    assert_good(JetReadFileInstance(live.instance, handle, buffer, 3 * page, &got));
    assert_int_equal(got, 3 * page);
    assert_memory_equal(buffer, buffer + page, page); /* both header copies */
    assert_good(JetReadFileInstance(live.instance, handle, buffer, page, &got));
    assert_int_equal(got, page);
    do {
        assert_good(JetReadFileInstance(live.instance, handle, buffer, BUFFER_BYTES, &got));
    } while (got != 0);
    assert_good(JetReadFileInstance(live.instance, handle, buffer, BUFFER_BYTES, &got));
    assert_int_equal(got, 0);
    assert_good(JetCloseFileInstance(live.instance, handle));
    leave_state();
}

static void wrong_option_bits_are_refused(void **state)
{
    (void)state;
    require_shared_data();
    static const JET_GRBIT BAD_BEGIN[] = {2, 4, 8, 0x10, 0x80, 0x80000000u};
    for (size_t i = 0; i < sizeof BAD_BEGIN / sizeof BAD_BEGIN[0]; i++)
        assert_err(JetBeginExternalBackupInstance(live.instance, BAD_BEGIN[i]), JET_errInvalidGrbit);
    static const JET_GRBIT BAD_END[] = {0, JET_bitBackupEndNormal | JET_bitBackupEndAbort, JET_bitBackupTruncateDone};
    for (size_t i = 0; i < sizeof BAD_END / sizeof BAD_END[0]; i++) {
        assert_err(JetEndExternalBackupInstance2(live.instance, BAD_END[i]), JET_errInvalidParameter);
        enter_state(DATABASES);
        assert_err(JetEndExternalBackupInstance2(live.instance, BAD_END[i]), JET_errInvalidParameter);
        assert_true(session_lives());
        leave_state();
    }
}

/* One of the two end bits must be there; what else is there is not looked at. */
static void bits_that_an_end_does_not_know_are_ignored(void **state)
{
    (void)state;
    require_shared_data();
    enter_state(DATABASES);
    assert_err(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndNormal | 0x3038), JET_errBackupAbortByCaller);
    assert_err(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndNormal | 0x3038), JET_errNoBackup);
    enter_state(DATABASES);
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort | 0x80000000u));
    run_full_backup(JET_bitBackupEndNormal | 0x3038);
}

static void an_incremental_backup_needs_a_full_one_first(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance fresh;
    live_start_with(&fresh, "windows/catroot-w10/catdb");
    assert_err(JetBeginExternalBackupInstance(fresh.instance, JET_bitBackupIncremental), JET_errMissingFullBackup);
    assert_err(JetEndExternalBackupInstance(fresh.instance), JET_errNoBackup);
    live_stop(&fresh);
}

static void attach_detach_and_complete_termination_wait_for_the_backup(void **state)
{
    (void)state;
    require_shared_data();
    enter_state(DATABASES);
    assert_err(JetDetachDatabase(live.session, live.database), JET_errBackupInProgress);
    assert_err(JetDetachDatabase(live.session, NULL), JET_errBackupInProgress);
    assert_err(JetAttachDatabase(live.session, live.database, 0), JET_errBackupInProgress);
    assert_err(JetAttachDatabase(live.session, text_of("%s/absent.edb", live.folder), 0), JET_errFileNotFound);
    assert_err(JetTerm2(live.instance, JET_bitTermComplete), JET_errBackupInProgress);
    assert_true(session_lives());
    leave_state();
    enter_state(DATABASES); /* the refused termination left backups allowed */
    leave_state();
}

static void files_that_are_not_the_instances_are_refused(void **state)
{
    (void)state;
    require_shared_data();
    JET_HANDLE handle;
    enter_state(LOGS_FULL);
    assert_err(open_path("/etc/passwd", &handle), JET_errFileAccessDenied);
    assert_false(session_lives());
    enter_state(LOGS_FULL);
    assert_err(open_path(text_of("%s/edb.log", live.folder), &handle), JET_errInvalidParameter); /* the current log has no generation in its name */
    leave_state();
    enter_state(LOGS_FULL);
    assert_err(open_path(text_of("%s/edbFFFFF.log", live.folder), &handle), JET_errMissingFileToBackup);
    leave_state();
}

static void lists_follow_the_rules_of_their_form(void **state)
{
    (void)state;
    require_shared_data();
    uint32_t actual = NO_RESULT;
    size_t length = strlen(live.database);
    char16_t wide[1024];
    enter_state(DATABASES);
    assert_good(JetGetAttachInfoInstanceA(live.instance, NULL, 0, &actual));
    assert_int_equal(actual, length + 2);
    memset(list, 'x', sizeof list);
    actual = NO_RESULT;
    assert_err(JetGetAttachInfoInstanceA(live.instance, list, (uint32_t)length + 1, &actual), JET_errBufferTooSmall);
    assert_int_equal(actual, NO_RESULT);
    assert_good(JetGetAttachInfoInstanceA(live.instance, list, (uint32_t)length + 2, &actual));
    assert_string_equal(list, live.database);
    assert_int_equal(list[length + 1], 0);
    assert_good(JetGetAttachInfoInstanceW(live.instance, NULL, 0, &actual));
    assert_int_equal(actual, 2 * (length + 2));
    wide[2] = 'x';
    assert_good(JetGetAttachInfoInstanceW(live.instance, wide, 4, &actual));
    assert_int_equal(actual, 2 * (length + 2));
    assert_int_equal(wide[2], 'x');
    assert_int_equal(wide[1], (unsigned char)live.database[1]);

    assert_good(JetGetLogInfoInstanceW(live.instance, NULL, 0, &actual));
    uint32_t whole = actual;
    assert_good(JetGetLogInfoInstanceW(live.instance, wide, 6, &actual));
    assert_int_equal(actual, 6);
    assert_good(JetGetLogInfoInstanceA(live.instance, list, LIST_BYTES, &actual));
    assert_int_equal(actual * 2, whole);
    JET_LOGINFO_A info = {.cbSize = sizeof info};
    assert_good(JetGetLogInfoInstance2A(live.instance, list, LIST_BYTES, &actual, &info));
    assert_string_equal(info.szBaseName, "edb");
    assert_true(info.ulGenLow >= 1 && info.ulGenHigh >= info.ulGenLow);
    info.cbSize--;
    assert_err(JetGetLogInfoInstance2A(live.instance, list, LIST_BYTES, &actual, &info), JET_errInvalidParameter);
    leave_state();
}

static void the_first_log_list_rolls_the_log_once(void **state)
{
    (void)state;
    require_shared_data();
    JET_LOGINFO_A first = {.cbSize = sizeof first}, second = first;
    uint32_t actual;
    enter_state(DATABASES);
    assert_good(JetGetLogInfoInstance2A(live.instance, list, LIST_BYTES, &actual, &first));
    assert_good(truncate_info());
    assert_good(JetGetLogInfoInstance2A(live.instance, list, LIST_BYTES, &actual, &second));
    assert_int_equal(first.ulGenHigh, second.ulGenHigh);
    leave_state();
    enter_state(DATABASES);
    assert_good(JetGetLogInfoInstance2A(live.instance, list, LIST_BYTES, &actual, &second));
    assert_int_equal(second.ulGenHigh, first.ulGenHigh + 1);
    leave_state();
}

static void forms_without_instance_are_refused_in_multi_instance_mode(void **state)
{
    (void)state;
    require_shared_data();
    uint32_t n;
    JET_HANDLE h;
    assert_err(JetBeginExternalBackup(0), JET_errRunningInMultiInstanceMode);
    assert_err(JetGetAttachInfo(list, LIST_BYTES, &n), JET_errRunningInMultiInstanceMode);
    assert_err(JetOpenFile(live.database, &h, &n, &n), JET_errRunningInMultiInstanceMode);
    assert_err(JetReadFile(0, buffer, BUFFER_BYTES, &n), JET_errRunningInMultiInstanceMode);
    assert_err(JetCloseFile(0), JET_errRunningInMultiInstanceMode);
    assert_err(JetGetLogInfo(list, LIST_BYTES, &n), JET_errRunningInMultiInstanceMode);
    assert_err(JetTruncateLog(), JET_errRunningInMultiInstanceMode);
    assert_err(JetEndExternalBackup(), JET_errRunningInMultiInstanceMode);
    assert_err(JetStopBackup(), JET_errRunningInMultiInstanceMode);
    assert_err(JetBeginExternalBackupInstance(0, 0), JET_errInvalidParameter);
    assert_err(JetBeginExternalBackupInstance((JET_INSTANCE)0x1234567, 0), JET_errInvalidInstance);
}

static void a_stopped_service_refuses_backup_calls(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance stopped;
    live_start_with(&stopped, "windows/catroot-w10/catdb");
    assert_good(JetBeginExternalBackupInstance(stopped.instance, 0));
    assert_good(JetStopServiceInstance(stopped.instance));
    assert_err(JetEndExternalBackupInstance(stopped.instance), JET_errClientRequestToStopJetService);
    assert_good(JetStopBackupInstance(stopped.instance));
    assert_good(JetTerm2(stopped.instance, JET_bitTermAbrupt));
}

static int start(void **state)
{
    (void)state;
    if (shared_data_dir() == NULL)
        return 0;
    buffer = (uint8_t *)aligned_alloc(4096, BUFFER_BYTES);
    live_start_with(&live, "windows/types-4k/basic.edb");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    if (buffer != NULL)
        live_stop(&live);
    free(buffer);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_incremental_backup_needs_a_full_one_first),
        cmocka_unit_test(each_call_in_each_state_gives_the_result_of_the_table),
        cmocka_unit_test(after_a_stop_only_close_and_end_work),
        cmocka_unit_test(one_file_is_open_at_a_time),
        cmocka_unit_test(reads_check_buffer_and_size),
        cmocka_unit_test(wrong_option_bits_are_refused),
        cmocka_unit_test(bits_that_an_end_does_not_know_are_ignored),
        cmocka_unit_test(attach_detach_and_complete_termination_wait_for_the_backup),
        cmocka_unit_test(files_that_are_not_the_instances_are_refused),
        cmocka_unit_test(lists_follow_the_rules_of_their_form),
        cmocka_unit_test(the_first_log_list_rolls_the_log_once),
        cmocka_unit_test(forms_without_instance_are_refused_in_multi_instance_mode),
        cmocka_unit_test(a_stopped_service_refuses_backup_calls),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
