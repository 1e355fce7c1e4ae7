/* The bits and results that the reference pages of snapshots name. Each call in each state is in test_os_snapshot_states.c; here is each name of a page: the call that shows it, or, where
 * ESENT never gives it, the call of which the page says so and what it answers instead (backup-and-restore 12).
 *
 * Pages: JetOSSnapshotAbort, JetOSSnapshotEnd, JetOSSnapshotFreeze, JetOSSnapshotGetFreezeInfo, JetOSSnapshotPrepare, JetOSSnapshotPrepareInstance, JetOSSnapshotThaw,
 * JetOSSnapshotTruncateLog, JetOSSnapshotTruncateLogInstance
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, LONG_MS = 60000, SHORT_MS = 20, NOBODY = 0x7654321, WAITS_MAX = 60000 };
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static struct sample s;
static JET_OSSNAPID id;
static uint32_t count;
static JET_INSTANCE_INFO_A *infos;

static void set_timeout(unsigned milliseconds) { assert_good(JetSetSystemParameter(NULL, 0, JET_paramOSSnapshotTimeout, milliseconds, NULL)); }

static JET_ERR freeze(void)
{
    JET_ERR err = JetOSSnapshotFreezeA(id, &count, &infos, 0);
    if (err >= 0)
        assert_good(JetFreeBuffer((char *)infos));
    return err;
}

static JET_ERR info(void)
{
    JET_ERR err = JetOSSnapshotGetFreezeInfoA(id, &count, &infos, 0);
    if (err >= 0)
        assert_good(JetFreeBuffer((char *)infos));
    return err;
}

/* --- states --- */

static void unknown(void) { id = NOBODY; }
static void prepared(void) { assert_good(JetOSSnapshotPrepare(&id, JET_bitContinueAfterThaw)); }
static void frozen(void)
{
    prepared();
    assert_good(freeze());
}
static void thawed(void)
{
    frozen();
    assert_good(JetOSSnapshotThaw(id, 0));
}
static void thawed_copy(void)
{
    assert_good(JetOSSnapshotPrepare(&id, JET_bitContinueAfterThaw | JET_bitCopySnapshot));
    assert_good(freeze());
    assert_good(JetOSSnapshotThaw(id, 0));
}
static void timed_out(void)
{
    set_timeout(SHORT_MS);
    frozen();
    for (int i = 0; i < WAITS_MAX && JetBeginExternalBackupInstance(s.live.instance, 0) != JET_errSuccess; i++)
        usleep(1000); /* until the freeze is over, a backup is refused */
    assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort));
    set_timeout(LONG_MS);
}
static void in_a_backup(void)
{
    prepared();
    assert_good(JetBeginExternalBackupInstance(s.live.instance, 0));
}
static void ended(void)
{
    prepared();
    assert_good(JetOSSnapshotEnd(id, 0));
}

/* --- calls --- */

static JET_ERR prepare_nowhere(void) { return JetOSSnapshotPrepare(NULL, 0); }
static JET_ERR prepare_second(void)
{
    JET_OSSNAPID second;
    JET_ERR err = JetOSSnapshotPrepare(&second, 0);
    assert_good(JetOSSnapshotAbort(second, 0));
    return err;
}
static JET_ERR prepare_instance(void) { return JetOSSnapshotPrepareInstance(id, s.live.instance, 0); }
static JET_ERR prepare_no_instance(void) { return JetOSSnapshotPrepareInstance(id, 0, 0); }
static JET_ERR freeze_nowhere(void) { return JetOSSnapshotFreezeA(id, NULL, &infos, 0); }
static JET_ERR info_nowhere(void) { return JetOSSnapshotGetFreezeInfoA(id, &count, NULL, 0); }
static JET_ERR thaw(void) { return JetOSSnapshotThaw(id, 0); }
static JET_ERR thaw_bits(void) { return JetOSSnapshotThaw(id, 1); }
static JET_ERR stop(void) { return JetOSSnapshotAbort(id, 0); }
static JET_ERR stop_bits(void) { return JetOSSnapshotAbort(id, 1); }
static JET_ERR end(void) { return JetOSSnapshotEnd(id, 0); }
static JET_ERR end_bits(void) { return JetOSSnapshotEnd(id, JET_bitAbortSnapshot | 2); }
static JET_ERR end_aborted(void) { return JetOSSnapshotEnd(id, JET_bitAbortSnapshot); }
static JET_ERR truncate_log(void) { return JetOSSnapshotTruncateLog(id, JET_bitAllDatabasesSnapshot); }
static JET_ERR truncate_bits(void) { return JetOSSnapshotTruncateLog(id, JET_bitAllDatabasesSnapshot | 2); }
static JET_ERR truncate_instance(void) { return JetOSSnapshotTruncateLogInstance(id, s.live.instance, JET_bitAllDatabasesSnapshot); }
static JET_ERR truncate_instance_bits(void) { return JetOSSnapshotTruncateLogInstance(id, s.live.instance, JET_bitAllDatabasesSnapshot | 2); }

static const struct {
    const char *name;
    void (*enter)(void);
    JET_ERR (*call)(void);
    JET_ERR named, answered; /* by the page; by the engine */
} ROWS[] = {
    {"prepare without a place for the id", unknown, prepare_nowhere, JET_errInvalidParameter, JET_errInvalidParameter},
    {"prepare beside another", prepared, prepare_second, JET_errOSSnapshotInvalidSequence, JET_errSuccess}, /* there may be several, none of which shares an instance */
    {"prepare an instance, unknown id", unknown, prepare_instance, JET_errOSSnapshotInvalidSnapId, JET_errOSSnapshotInvalidSnapId},
    {"prepare an instance, frozen", frozen, prepare_instance, JET_errOSSnapshotInvalidSequence, JET_errOSSnapshotInvalidSequence},
    {"prepare no instance", prepared, prepare_no_instance, JET_errInvalidParameter, JET_errInvalidParameter},
    {"freeze without a place for the count", prepared, freeze_nowhere, JET_errInvalidParameter, JET_errInvalidParameter},
    {"freeze, unknown id", unknown, freeze, JET_errOSSnapshotInvalidSnapId, JET_errOSSnapshotInvalidSnapId},
    {"freeze twice", frozen, freeze, JET_errOSSnapshotInvalidSequence, JET_errOSSnapshotInvalidSequence},
    {"freeze in a backup", in_a_backup, freeze, JET_errOSSnapshotNotAllowed, JET_errOSSnapshotNotAllowed},
    {"info without a place for the list", prepared, info_nowhere, JET_errInvalidParameter, JET_errInvalidParameter},
    {"info, unknown id", unknown, info, JET_errOSSnapshotInvalidSnapId, JET_errOSSnapshotInvalidSnapId},
    {"info after the end", ended, info, JET_errOSSnapshotInvalidSequence, JET_errOSSnapshotInvalidSnapId}, /* who has ended is unknown */
    {"thaw, unknown id", unknown, thaw, JET_errOSSnapshotInvalidSnapId, JET_errOSSnapshotInvalidSnapId},
    {"thaw with bits", frozen, thaw_bits, JET_errInvalidParameter, JET_errInvalidGrbit},
    {"thaw too late", timed_out, thaw, JET_errOSSnapshotTimeOut, JET_errOSSnapshotTimeOut},
    {"end, unknown id", unknown, end, JET_errOSSnapshotInvalidSnapId, JET_errOSSnapshotInvalidSnapId},
    {"end with bits", prepared, end_bits, JET_errInvalidGrbit, JET_errInvalidGrbit},
    {"end, frozen", frozen, end, JET_errOSSnapshotInvalidSequence, JET_errOSSnapshotInvalidSequence},
    {"end as aborted", frozen, end_aborted, JET_errSuccess, JET_errSuccess},
    {"end too late", timed_out, end, JET_errOSSnapshotTimeOut, JET_errOSSnapshotInvalidSequence}, /* the thaw says so */
    {"abort, unknown id", unknown, stop, JET_errOSSnapshotInvalidSnapId, JET_errOSSnapshotInvalidSnapId},
    {"abort with bits", prepared, stop_bits, JET_errInvalidParameter, JET_errInvalidGrbit},
    {"abort", frozen, stop, JET_errSuccess, JET_errSuccess},
    {"truncate", thawed, truncate_log, JET_errSuccess, JET_errSuccess},
    {"truncate with bits", thawed, truncate_bits, JET_errInvalidGrbit, JET_errInvalidGrbit},
    {"truncate after a copy", thawed_copy, truncate_log, JET_errOSSnapshotInvalidSequence, JET_errOSSnapshotInvalidSequence},
    {"truncate too late", timed_out, truncate_log, JET_errOSSnapshotInvalidSequence, JET_errOSSnapshotInvalidSequence},
    {"truncate an instance", thawed, truncate_instance, JET_errSuccess, JET_errSuccess},
    {"truncate an instance with bits", thawed, truncate_instance_bits, JET_errInvalidGrbit, JET_errInvalidGrbit},
    {"truncate an instance after a copy", thawed_copy, truncate_instance, JET_errOSSnapshotInvalidSequence, JET_errOSSnapshotInvalidSequence},
};

/* Back to an instance that nothing holds. */
static void leave(void)
{
    JET_ERR err = JetOSSnapshotAbort(id, 0);
    assert_true(err == JET_errSuccess || err == JET_errOSSnapshotInvalidSnapId);
    err = JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort);
    assert_true(err == JET_errSuccess || err == JET_errNoBackup);
}

static void each_result_that_the_pages_name(void **state)
{
    unsigned differing = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        ROWS[i].enter();
        JET_ERR err = ROWS[i].call();
        if (err != ROWS[i].answered)
            fail_msg("%s: %d, expected %d", ROWS[i].name, err, ROWS[i].answered);
        differing += ROWS[i].named != ROWS[i].answered;
        leave();
    }
    assert_int_equal(differing, 5);
}

static void each_bit_of_prepare(void **state)
{
    (void)state;
    assert_good(JetOSSnapshotPrepare(&id, JET_bitIncrementalSnapshot));
    assert_err(freeze(), JET_errMissingFullBackup);
    leave();
    assert_good(JetOSSnapshotPrepare(&id, JET_bitCopySnapshot));
    assert_good(freeze());
    assert_good(thaw());
    assert_err(end(), JET_errOSSnapshotInvalidSnapId); /* without JET_bitContinueAfterThaw the thaw has ended it */
    thawed();
    assert_good(end());
    assert_good(JetOSSnapshotPrepare(&id, JET_bitExplicitPrepare));
    assert_good(info());
    assert_int_equal(count, 0);
    assert_good(prepare_instance());
    assert_good(info());
    assert_int_equal(count, 1);
    leave();
}

static void without_memory_nothing_is_frozen_or_listed(void **state)
{
    static JET_ERR (*const CALLS[])(void) = {freeze, info};
    (void)state;
    for (size_t i = 0; i < COUNT(CALLS); i++) {
        unsigned refused = 0;
        for (uint64_t n = 1;; n++) {
            prepared();
            memory_fail_at(n, 0);
            JET_ERR err = CALLS[i]();
            bool has_failed = memory_fail_left() == 0;
            memory_fail_at(0, 0);
            leave();
            if (!has_failed)
                break;
            refused += err == JET_errOutOfMemory;
        }
        assert_true(refused > 0);
    }
}

/* A stack for which there is no room in the address space: no thread starts that does not bring its own size. */
static void without_a_thread_for_the_time_out_nothing_is_frozen(void **state)
{
    pthread_attr_t usual, huge;
    (void)state;
    assert_int_equal(pthread_getattr_default_np(&usual), 0);
    assert_int_equal(pthread_attr_init(&huge), 0);
    assert_int_equal(pthread_attr_setstacksize(&huge, (size_t)1 << 60), 0);
    prepared();
    assert_int_equal(pthread_setattr_default_np(&huge), 0);
    JET_ERR err = freeze();
    assert_int_equal(pthread_setattr_default_np(&usual), 0);
    assert_err(err, JET_errOutOfThreads);
    leave();
    insert_sample(&s, 1, 1, "goes on");
    pthread_attr_destroy(&usual);
    pthread_attr_destroy(&huge);
}

static int start(void **state)
{
    (void)state;
    sample_start(&s, PAGE_SIZE);
    set_timeout(LONG_MS);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    sample_stop(&s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_result_that_the_pages_name, start, finish),
        cmocka_unit_test_setup_teardown(each_bit_of_prepare, start, finish),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_frozen_or_listed, start, finish),
        cmocka_unit_test_setup_teardown(without_a_thread_for_the_time_out_nothing_is_frozen, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
