/* What stops a backup and what it stops: each way to terminate, JetStopService, databases made meanwhile (backup-and-restore 12). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "live_instance.h"
#include "recorded_events.h"
#include "shared_data.h"

enum { BUFFER_BYTES = 1 << 20, LIST_BYTES = 1 << 16 };

static char list[LIST_BYTES];

struct term_row {
    JET_GRBIT grbit;
    JET_ERR result;
};
static const struct term_row TERMS[] = {
    {0, JET_errBackupInProgress},
    {JET_bitTermComplete, JET_errBackupInProgress},
    {JET_bitTermAbrupt, JET_errSuccess},
    {JET_bitTermStopBackup, JET_errSuccess},
    {JET_bitTermComplete | JET_bitTermStopBackup, JET_errSuccess},
    {JET_bitTermDirty, JET_errDirtyShutdown},
    {JET_bitTermDirty | JET_bitTermStopBackup, JET_errDirtyShutdown},
};

static void each_way_to_terminate_refuses_or_aborts_a_running_backup(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < sizeof TERMS / sizeof TERMS[0]; i++) {
        struct live_instance live;
        live_start_with(&live, "windows/types-4k/basic.edb");
        events_start();
        assert_good(JetBeginExternalBackupInstance(live.instance, 0));
        JET_ERR err = JetTerm2(live.instance, TERMS[i].grbit);
        if (err != TERMS[i].result)
            fail_msg("bits %x: %d, expected %d", TERMS[i].grbit, err, TERMS[i].result);
        if (err == JET_errBackupInProgress) {
            uint32_t actual;
            assert_good(JetGetAttachInfoInstance(live.instance, list, LIST_BYTES, &actual)); /* it goes on */
            assert_int_equal(events_count(226), 0);
            assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
            assert_good(JetBeginExternalBackupInstance(live.instance, 0)); /* and others may follow */
            assert_good(JetTerm2(live.instance, JET_bitTermStopBackup));
        }
        assert_int_equal(events_count(226), 1);
        assert_int_equal(events_count(213), 0);
        events_stop();
    }
}

static JET_ERR call_begin(JET_INSTANCE i) { return JetBeginExternalBackupInstance(i, 0); }
static JET_ERR call_attach_info(JET_INSTANCE i) { uint32_t n; return JetGetAttachInfoInstance(i, list, LIST_BYTES, &n); }
static JET_ERR call_open(JET_INSTANCE i) { JET_HANDLE h; uint32_t n; return JetOpenFileInstance(i, "x", &h, &n, &n); }
static JET_ERR call_read(JET_INSTANCE i) { uint32_t n; return JetReadFileInstance(i, 0, list, 4096, &n); }
static JET_ERR call_close(JET_INSTANCE i) { return JetCloseFileInstance(i, 0); }
static JET_ERR call_log_info(JET_INSTANCE i) { uint32_t n; return JetGetLogInfoInstance(i, list, LIST_BYTES, &n); }
static JET_ERR call_truncate_info(JET_INSTANCE i) { uint32_t n; return JetGetTruncateLogInfoInstance(i, list, LIST_BYTES, &n); }
static JET_ERR call_truncate(JET_INSTANCE i) { return JetTruncateLogInstance(i); }
static JET_ERR call_end(JET_INSTANCE i) { return JetEndExternalBackupInstance(i); }
static JET_ERR call_end2(JET_INSTANCE i) { return JetEndExternalBackupInstance2(i, JET_bitBackupEndAbort); }

static void a_stopped_service_refuses_every_call_and_a_paused_one_none(void **state)
{
    (void)state;
    require_shared_data();
    JET_ERR (*const CALLS[])(JET_INSTANCE) = {call_begin, call_attach_info, call_open, call_read, call_close, call_log_info, call_truncate_info, call_truncate, call_end, call_end2};
    struct live_instance live;
    live_start_with(&live, "windows/types-4k/basic.edb");
    assert_err(JetStopServiceInstance2(live.instance, 0x100), JET_errInvalidGrbit);
    assert_good(JetStopServiceInstance2(live.instance, JET_bitStopServiceBackgroundUserTasks));
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    assert_good(JetStopServiceInstance2(live.instance, JET_bitStopServiceResume));
    assert_good(JetStopServiceInstance2(live.instance, JET_bitStopServiceAll));
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++)
        assert_err(CALLS[i](live.instance), JET_errClientRequestToStopJetService);
    assert_err(JetStopServiceInstance2(live.instance, JET_bitStopServiceResume), JET_errClientRequestToStopJetService);
    assert_good(JetStopBackupInstance(live.instance));
    events_start();
    assert_good(JetTerm2(live.instance, JET_bitTermAbrupt)); /* tears the session down */
    assert_int_equal(events_count(226), 1);
    events_stop();
}

static void a_database_made_during_a_backup_is_listed_and_blocks_truncation(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance live;
    JET_DBID dbid;
    JET_HANDLE handle;
    uint32_t actual, low, high, got;
    uint8_t *buffer = (uint8_t *)aligned_alloc(4096, BUFFER_BYTES);
    live_start_with(&live, "windows/types-4k/basic.edb");
    const char *made = text_of("%s/made.edb", live.folder);
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    assert_good(JetCreateDatabase(live.session, made, NULL, &dbid, 0));
    assert_good(JetGetAttachInfoInstance(live.instance, list, LIST_BYTES, &actual));
    assert_string_equal(list, live.database);
    assert_string_equal(list + strlen(list) + 1, made);
    assert_int_equal(actual, strlen(live.database) + strlen(made) + 3);
    assert_good(JetOpenFileInstance(live.instance, live.database, &handle, &low, &high));
    do
        assert_good(JetReadFileInstance(live.instance, handle, buffer, BUFFER_BYTES, &got));
    while (got != 0);
    assert_good(JetCloseFileInstance(live.instance, handle));
    assert_good(JetGetTruncateLogInfoInstance(live.instance, list, LIST_BYTES, &actual));
    assert_int_equal(actual, 1); /* an empty list */
    assert_int_equal(list[0], 0);
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndNormal | JET_bitBackupTruncateDone));
    assert_err(JetBeginExternalBackupInstance(live.instance, JET_bitBackupIncremental), JET_errMissingFullBackup); /* of the new one */
    free(buffer);
    live_stop(&live);
}

static int start(void **state)
{
    (void)state;
    live_configure = events_on;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_to_terminate_refuses_or_aborts_a_running_backup),
        cmocka_unit_test(a_stopped_service_refuses_every_call_and_a_paused_one_none),
        cmocka_unit_test(a_database_made_during_a_backup_is_listed_and_blocks_truncation),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
