/* Snapshot sessions: every call in every state, who may take part, what a good one leaves in the headers, truncation, time-out, termination, events (backup-and-restore 11, 12, 14).
 *
 * Pages: JetOSSnapshotAbort, JetOSSnapshotEnd, JetOSSnapshotFreeze, JetOSSnapshotGetFreezeInfo, JetOSSnapshotPrepare, JetOSSnapshotPrepareInstance,
 * JetOSSnapshotThaw, JetOSSnapshotTruncateLog, JetOSSnapshotTruncateLogInstance */
#define ESENT_PRIVATE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "database/database.h"
#include "live_instance.h"
#include "os/file.h"
#include "recorded_events.h"
#include "shared_data.h"

enum { LONG_MS = 60000, SHORT_MS = 150, LIST_BYTES = 1 << 16, BUFFER_BYTES = 1 << 20 };

static struct live_instance live;

static void set_timeout(unsigned milliseconds) { assert_good(JetSetSystemParameter(NULL, 0, JET_paramOSSnapshotTimeout, milliseconds, NULL)); }

static JET_ERR freeze(JET_OSSNAPID id)
{
    uint32_t count = 0;
    JET_INSTANCE_INFO_A *infos = NULL;
    JET_ERR err = JetOSSnapshotFreezeA(id, &count, &infos, 0);
    if (err >= 0)
        assert_good(JetFreeBuffer((char *)infos));
    return err;
}

/* --- the table --- */

enum state { UNKNOWN, PREPARED, FROZEN, TIMED_OUT, THAWED, TRUNCATED, COPY_THAWED, STATE_COUNT };
static const char *const STATE_NAMES[] = {"unknown id", "prepared", "frozen", "timed out", "thawed", "truncated", "thawed copy"};

static JET_OSSNAPID enter_state(enum state state)
{
    JET_OSSNAPID id = 0x7654321;
    set_timeout(state == TIMED_OUT ? SHORT_MS : LONG_MS);
    if (state != UNKNOWN)
        assert_good(JetOSSnapshotPrepare(&id, JET_bitContinueAfterThaw | (state == COPY_THAWED ? JET_bitCopySnapshot : 0u)));
    if (state >= FROZEN)
        assert_good(freeze(id));
    if (state == TIMED_OUT)
        usleep(4 * SHORT_MS * 1000);
    if (state >= THAWED)
        assert_good(JetOSSnapshotThaw(id, 0));
    if (state == TRUNCATED)
        assert_good(JetOSSnapshotTruncateLog(id, 0));
    return id;
}

static JET_ERR call_prepare_instance(JET_OSSNAPID id) { return JetOSSnapshotPrepareInstance(id, live.instance, 0); }
static JET_ERR call_prepare_instance_bits(JET_OSSNAPID id) { return JetOSSnapshotPrepareInstance(id, live.instance, 1); }
static JET_ERR call_freeze(JET_OSSNAPID id) { return freeze(id); }
static JET_ERR call_freeze_bits(JET_OSSNAPID id)
{
    uint32_t count;
    JET_INSTANCE_INFO_W *infos;
    return JetOSSnapshotFreezeW(id, &count, &infos, 1);
}
static JET_ERR call_freeze_null(JET_OSSNAPID id)
{
    uint32_t count;
    return JetOSSnapshotFreezeA(id, &count, NULL, 0);
}
static JET_ERR call_thaw(JET_OSSNAPID id) { return JetOSSnapshotThaw(id, 0); }
static JET_ERR call_thaw_bits(JET_OSSNAPID id) { return JetOSSnapshotThaw(id, 1); }
static JET_ERR call_truncate(JET_OSSNAPID id) { return JetOSSnapshotTruncateLog(id, JET_bitAllDatabasesSnapshot); }
static JET_ERR call_truncate_instance(JET_OSSNAPID id) { return JetOSSnapshotTruncateLogInstance(id, live.instance, 0); }
static JET_ERR call_truncate_bits(JET_OSSNAPID id) { return JetOSSnapshotTruncateLog(id, 2); }
static JET_ERR call_info(JET_OSSNAPID id)
{
    uint32_t count;
    JET_INSTANCE_INFO_W *infos;
    JET_ERR err = JetOSSnapshotGetFreezeInfoW(id, &count, &infos, 0);
    if (err >= 0)
        assert_good(JetFreeBuffer((char *)infos));
    return err;
}
static JET_ERR call_info_null(JET_OSSNAPID id)
{
    JET_INSTANCE_INFO_W *infos;
    return JetOSSnapshotGetFreezeInfoW(id, NULL, &infos, 0);
}
static JET_ERR call_end(JET_OSSNAPID id) { return JetOSSnapshotEnd(id, 0); }
static JET_ERR call_end_abort(JET_OSSNAPID id) { return JetOSSnapshotEnd(id, JET_bitAbortSnapshot); }
static JET_ERR call_end_bits(JET_OSSNAPID id) { return JetOSSnapshotEnd(id, 2); }
static JET_ERR call_abort(JET_OSSNAPID id) { return JetOSSnapshotAbort(id, 0); }
static JET_ERR call_abort_bits(JET_OSSNAPID id) { return JetOSSnapshotAbort(id, 1); }

#define NO_ID JET_errOSSnapshotInvalidSnapId
#define NO_SEQ JET_errOSSnapshotInvalidSequence
#define NO_BITS JET_errInvalidGrbit
#define NO_ARG JET_errInvalidParameter

struct row {
    const char *name;
    JET_ERR (*call)(JET_OSSNAPID id);
    JET_ERR results[STATE_COUNT]; /* unknown, prepared, frozen, timed out, thawed, truncated, thawed copy */
};
static const struct row ROWS[] = {
    {"prepare instance", call_prepare_instance, {NO_ID, 0, NO_SEQ, NO_SEQ, NO_SEQ, NO_SEQ, NO_SEQ}},
    {"prepare instance with bits", call_prepare_instance_bits, {NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS}},
    {"freeze", call_freeze, {NO_ID, 0, NO_SEQ, NO_SEQ, NO_SEQ, NO_SEQ, NO_SEQ}},
    {"freeze with bits", call_freeze_bits, {NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS}},
    {"freeze without a place for the list", call_freeze_null, {NO_ARG, NO_ARG, NO_ARG, NO_ARG, NO_ARG, NO_ARG, NO_ARG}},
    {"thaw", call_thaw, {NO_ID, NO_SEQ, 0, JET_errOSSnapshotTimeOut, NO_SEQ, NO_SEQ, NO_SEQ}},
    {"thaw with bits", call_thaw_bits, {NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS}},
    {"truncate", call_truncate, {NO_ID, NO_SEQ, NO_SEQ, NO_SEQ, 0, 0, NO_SEQ}},
    {"truncate one instance", call_truncate_instance, {NO_ID, NO_SEQ, NO_SEQ, NO_SEQ, 0, 0, NO_SEQ}},
    {"truncate with bits", call_truncate_bits, {NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS}},
    {"freeze info", call_info, {NO_ID, 0, 0, 0, 0, 0, 0}},
    {"freeze info without a count", call_info_null, {NO_ARG, NO_ARG, NO_ARG, NO_ARG, NO_ARG, NO_ARG, NO_ARG}},
    {"end", call_end, {NO_ID, 0, NO_SEQ, NO_SEQ, 0, 0, 0}},
    {"end as aborted", call_end_abort, {NO_ID, 0, 0, 0, 0, 0, 0}},
    {"end with other bits", call_end_bits, {NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS}},
    {"abort", call_abort, {NO_ID, 0, 0, 0, 0, 0, 0}},
    {"abort with bits", call_abort_bits, {NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS, NO_BITS}},
};

static void each_call_in_each_state_gives_the_result_of_the_table(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t r = 0; r < sizeof ROWS / sizeof ROWS[0]; r++)
        for (int s = 0; s < STATE_COUNT; s++) {
            JET_OSSNAPID id = enter_state((enum state)s);
            JET_ERR err = ROWS[r].call(id);
            if (err != ROWS[r].results[s])
                fail_msg("%s, %s: %d, expected %d", ROWS[r].name, STATE_NAMES[s], err, ROWS[r].results[s]);
            JET_ERR last = JetOSSnapshotAbort(id, 0);
            assert_true(last == JET_errSuccess || last == JET_errOSSnapshotInvalidSnapId);
        }
    set_timeout(LONG_MS);
}

static void prepare_checks_its_arguments(void **state)
{
    (void)state;
    require_shared_data();
    JET_OSSNAPID id = 0;
    assert_err(JetOSSnapshotPrepare(&id, 0x10), JET_errInvalidGrbit);
    assert_err(JetOSSnapshotPrepare(NULL, 0), JET_errInvalidParameter);
    assert_err(JetSnapshotStartA(live.instance, NULL, 0), JET_wrnNyi);
    assert_err(JetSnapshotStartW(live.instance, NULL, 0), JET_wrnNyi);
    assert_err(JetSnapshotStop(live.instance, 0), JET_wrnNyi);
}

static void without_continue_the_thaw_ends_the_session(void **state)
{
    (void)state;
    require_shared_data();
    JET_OSSNAPID id;
    assert_good(JetOSSnapshotPrepare(&id, JET_bitCopySnapshot));
    assert_good(freeze(id));
    assert_good(JetOSSnapshotThaw(id, 0));
    assert_err(JetOSSnapshotEnd(id, 0), JET_errOSSnapshotInvalidSnapId);
    set_timeout(SHORT_MS);
    assert_good(JetOSSnapshotPrepare(&id, JET_bitCopySnapshot));
    assert_good(freeze(id));
    usleep(4 * SHORT_MS * 1000);
    assert_err(JetOSSnapshotThaw(id, 0), JET_errOSSnapshotTimeOut);
    assert_err(JetOSSnapshotThaw(id, 0), JET_errOSSnapshotInvalidSnapId);
    set_timeout(LONG_MS);
}

/* --- who takes part --- */

static uint32_t taking_part(JET_OSSNAPID id)
{
    uint32_t count = 0;
    JET_INSTANCE_INFO_A *infos;
    assert_good(JetOSSnapshotGetFreezeInfoA(id, &count, &infos, 0));
    assert_good(JetFreeBuffer((char *)infos));
    return count;
}

static void instances_are_bound_by_prepare_or_named_one_by_one(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance other;
    JET_OSSNAPID all, second, named;
    live_start_with(&other, "windows/types-4k/multi.edb");
    assert_good(JetOSSnapshotPrepare(&all, 0));
    assert_int_equal(taking_part(all), 2);
    assert_good(JetOSSnapshotPrepare(&second, 0)); /* nobody is left for it */
    assert_int_equal(taking_part(second), 0);
    assert_err(JetOSSnapshotPrepareInstance(second, other.instance, 0), JET_errOSSnapshotNotAllowed);
    assert_good(JetOSSnapshotPrepareInstance(all, other.instance, 0)); /* narrows */
    assert_int_equal(taking_part(all), 1);
    assert_err(JetOSSnapshotPrepareInstance(all, other.instance, 0), JET_errOSSnapshotNotAllowed);
    assert_good(JetOSSnapshotPrepareInstance(second, live.instance, 0));
    assert_good(freeze(all)); /* two sessions at once */
    assert_good(freeze(second));
    assert_good(JetOSSnapshotAbort(all, 0));
    assert_good(JetOSSnapshotAbort(second, 0));
    assert_good(JetOSSnapshotPrepare(&named, JET_bitExplicitPrepare));
    assert_int_equal(taking_part(named), 0);
    assert_good(JetOSSnapshotPrepareInstance(named, live.instance, 0));
    assert_good(JetOSSnapshotPrepareInstance(named, other.instance, 0));
    assert_int_equal(taking_part(named), 2);
    assert_err(JetOSSnapshotPrepareInstance(named, (JET_INSTANCE)0x1234567, 0), JET_errInvalidInstance);
    live_stop(&other); /* a prepared instance may go */
    assert_int_equal(taking_part(named), 1);
    assert_good(JetOSSnapshotEnd(named, 0));
}

static void an_instance_in_a_backup_is_not_frozen_and_the_other_way_round(void **state)
{
    (void)state;
    require_shared_data();
    JET_OSSNAPID id;
    uint32_t actual;
    static char list[LIST_BYTES];
    assert_good(JetOSSnapshotPrepare(&id, 0));
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    assert_err(freeze(id), JET_errOSSnapshotNotAllowed);
    assert_err(JetOSSnapshotPrepareInstance(id, live.instance, 0), JET_errOSSnapshotNotAllowed);
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
    assert_good(JetOSSnapshotAbort(id, 0));
    id = enter_state(FROZEN);
    assert_err(JetBeginExternalBackupInstance(live.instance, 0), JET_errBackupInProgress);
    assert_err(JetGetAttachInfoInstance(live.instance, list, LIST_BYTES, &actual), JET_errNoBackup);
    assert_err(JetEndExternalBackupInstance(live.instance), JET_errNoBackup);
    assert_err(JetDetachDatabase(live.session, live.database), JET_errBackupInProgress);
    assert_good(JetOSSnapshotThaw(id, 0)); /* and until the end */
    assert_err(JetBeginExternalBackupInstance(live.instance, 0), JET_errBackupInProgress);
    assert_err(JetDetachDatabase(live.session, live.database), JET_errBackupInProgress);
    assert_err(JetAttachDatabase(live.session, live.database, 0), JET_errBackupInProgress);
    assert_err(JetTerm2(live.instance, JET_bitTermComplete), JET_errBackupInProgress);
    assert_good(JetOSSnapshotEnd(id, 0));
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
}

static void the_list_is_one_block_in_both_forms(void **state)
{
    (void)state;
    require_shared_data();
    JET_OSSNAPID id;
    uint32_t count;
    JET_INSTANCE_INFO_A *infos;
    JET_INSTANCE_INFO_W *wide;
    assert_good(JetOSSnapshotPrepare(&id, JET_bitCopySnapshot));
    assert_good(JetOSSnapshotFreezeA(id, &count, &infos, 0));
    assert_int_equal(count, 1);
    assert_int_equal(infos->hInstanceId, live.instance);
    assert_int_equal(infos->cDatabases, 1);
    assert_string_equal(infos->szDatabaseFileName[0], live.database);
    assert_good(JetOSSnapshotGetFreezeInfoW(id, &count, &wide, 0));
    for (size_t i = 0; i <= strlen(live.database); i++)
        assert_int_equal(wide->szDatabaseFileName[0][i], (unsigned char)live.database[i]);
    assert_good(JetFreeBuffer((char *)wide));
    assert_good(JetFreeBuffer((char *)infos));
    assert_good(JetOSSnapshotAbort(id, 0));
}

/* --- what it leaves --- */

static struct db_header header_of(const char *path)
{
    struct db_header header;
    uint32_t size;
    bool used_shadow;
    assert_good(database_read_header(os_fs_posix(), path, &header, &size, &used_shadow, NULL));
    return header;
}

static void run_snapshot(JET_GRBIT grbit, bool truncates)
{
    JET_OSSNAPID id;
    assert_good(JetOSSnapshotPrepare(&id, grbit | JET_bitContinueAfterThaw));
    assert_good(freeze(id));
    assert_good(JetOSSnapshotThaw(id, 0));
    if (truncates)
        assert_good(JetOSSnapshotTruncateLog(id, JET_bitAllDatabasesSnapshot));
    assert_good(JetOSSnapshotEnd(id, 0));
}

static void a_good_snapshot_stamps_the_headers(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance fresh;
    JET_OSSNAPID id;
    live_start_with(&fresh, "windows/types-4k/basic.edb");
    assert_good(JetOSSnapshotPrepare(&id, JET_bitIncrementalSnapshot | JET_bitExplicitPrepare));
    assert_good(JetOSSnapshotPrepareInstance(id, fresh.instance, 0));
    assert_err(freeze(id), JET_errMissingFullBackup);
    assert_good(JetOSSnapshotAbort(id, 0));

    run_snapshot(JET_bitCopySnapshot, false);
    struct db_header copy = header_of(fresh.database);
    assert_int_equal(copy.backup_copy_previous_type, 1);
    assert_true(copy.backup_copy_previous.gen_low != 0 && copy.backup_copy_previous.gen_high >= copy.backup_copy_previous.gen_low);
    assert_int_equal(copy.backup_copy_previous.mark, lgpos_make(copy.backup_copy_previous.gen_high + 1, 1, 0));
    assert_int_equal(copy.backup_full_previous.gen_low, 0);

    run_snapshot(0, false);
    struct db_header full = header_of(fresh.database);
    assert_int_equal(full.backup_full_previous_type, 1);
    assert_true(full.backup_full_previous.gen_high > copy.backup_copy_previous.gen_high);
    assert_int_equal(full.backup_incremental_previous.gen_low, 0);
    assert_err(JetBeginExternalBackupInstance(fresh.instance, JET_bitBackupIncremental), JET_errMissingFullBackup); /* of another kind */

    run_snapshot(JET_bitIncrementalSnapshot | JET_bitCopySnapshot, false);
    struct db_header differential = header_of(fresh.database);
    assert_int_equal(differential.backup_differential_previous_type, 1);
    assert_true(differential.backup_differential_previous.gen_high > full.backup_full_previous.gen_high);
    assert_int_equal(differential.backup_incremental_previous.gen_low, 0);

    run_snapshot(JET_bitIncrementalSnapshot, true);
    struct db_header incremental = header_of(fresh.database);
    assert_int_equal(incremental.backup_incremental_previous_type, 1);
    assert_true(incremental.backup_incremental_previous.gen_high > differential.backup_differential_previous.gen_high);
    assert_int_equal(incremental.backup_full_previous.gen_high, full.backup_full_previous.gen_high);

    run_snapshot(0, true); /* another full one begins anew */
    struct db_header again = header_of(fresh.database);
    assert_int_equal(again.backup_incremental_previous.gen_low, 0);
    assert_int_equal(again.backup_differential_previous.gen_low, 0);
    assert_true(again.backup_full_previous.gen_high > incremental.backup_incremental_previous.gen_high);

    assert_good(JetOSSnapshotPrepare(&id, JET_bitContinueAfterThaw)); /* an aborted one leaves nothing */
    assert_good(freeze(id));
    assert_good(JetOSSnapshotAbort(id, 0));
    struct db_header aborted = header_of(fresh.database);
    assert_int_equal(aborted.backup_full_previous.gen_high, again.backup_full_previous.gen_high);
    live_stop(&fresh);
}

static bool log_exists(const char *folder, uint32_t generation) { return access(text_of("%s/edb%05X.log", folder, generation), F_OK) == 0; }

static void truncation_removes_what_is_before_the_checkpoint_of_the_freeze(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance fresh;
    JET_OSSNAPID id;
    live_start_with(&fresh, "windows/types-4k/basic.edb");
    run_snapshot(0, false);
    run_snapshot(0, false);
    uint32_t high = header_of(fresh.database).backup_full_previous.gen_high;
    assert_true(log_exists(fresh.folder, 1) && log_exists(fresh.folder, high));
    assert_good(JetOSSnapshotPrepare(&id, JET_bitContinueAfterThaw));
    events_start();
    assert_good(freeze(id));
    assert_good(JetOSSnapshotThaw(id, 0));
    assert_good(JetOSSnapshotTruncateLogInstance(id, fresh.instance, 0)); /* not all databases were saved */
    assert_int_equal(events_count(225), 1);
    assert_true(log_exists(fresh.folder, 1));
    assert_good(JetOSSnapshotEnd(id, 0));
    assert_good(JetOSSnapshotPrepare(&id, JET_bitContinueAfterThaw));
    assert_good(freeze(id));
    assert_good(JetOSSnapshotThaw(id, 0));
    assert_good(JetOSSnapshotTruncateLogInstance(id, fresh.instance, JET_bitAllDatabasesSnapshot));
    assert_int_equal(events_count(224), 1);
    assert_false(log_exists(fresh.folder, 1));
    assert_good(JetOSSnapshotEnd(id, 0));
    struct db_header header = header_of(fresh.database);
    for (uint32_t generation = header.backup_full_previous.gen_low; generation <= header.backup_full_previous.gen_high; generation++)
        assert_true(log_exists(fresh.folder, generation));
    events_stop();
    live_stop(&fresh);
}

/* --- events --- */

static void assert_events(const char *expected)
{
    static const uint32_t SNAPSHOTS[] = {2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010, 0};
    assert_string_equal(events_text(SNAPSHOTS, 0), expected);
}

static void each_step_is_an_event(void **state)
{
    (void)state;
    require_shared_data();
    static const struct {
        JET_GRBIT grbit;
        uint32_t event;
    } KINDS[] = {{0, 2005}, {JET_bitIncrementalSnapshot, 2008}, {JET_bitCopySnapshot, 2009}, {JET_bitIncrementalSnapshot | JET_bitCopySnapshot, 2010}};
    struct live_instance fresh;
    JET_OSSNAPID id;
    live_start_with(&fresh, "windows/types-4k/basic.edb");
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        events_start();
        assert_good(JetOSSnapshotPrepare(&id, KINDS[i].grbit));
        const char *number = text_of("%llu", (unsigned long long)id);
        assert_events(text_of("%u I(%s)", KINDS[i].event, number));
        assert_good(freeze(id));
        assert_good(JetOSSnapshotThaw(id, 0));
        assert_events(text_of("%u I(%s) 2001 I(%s) 2003 I(%s) 2006 I(%s)", KINDS[i].event, number, number, number, number));
    }
    events_clear();
    set_timeout(SHORT_MS);
    assert_good(JetOSSnapshotPrepare(&id, 0));
    assert_good(freeze(id));
    usleep(4 * SHORT_MS * 1000);
    const char *late = text_of("%llu", (unsigned long long)id);
    assert_events(text_of("2005 I(%s) 2001 I(%s) 2004 E(%s|%d)", late, late, late, SHORT_MS));
    assert_err(JetOSSnapshotThaw(id, 0), JET_errOSSnapshotTimeOut);
    events_clear();
    set_timeout(LONG_MS);
    assert_good(JetBeginExternalBackupInstance(fresh.instance, 0));
    assert_good(JetOSSnapshotPrepare(&id, 0));
    assert_err(freeze(id), JET_errOSSnapshotNotAllowed);
    assert_string_equal(events_parameter(2002, 0), text_of("%llu", (unsigned long long)id));
    assert_string_equal(events_parameter(2002, 1), text_of("%d", JET_errOSSnapshotNotAllowed));
    assert_good(JetOSSnapshotAbort(id, 0));
    assert_good(JetEndExternalBackupInstance2(fresh.instance, JET_bitBackupEndAbort));
    assert_good(JetOSSnapshotPrepare(&id, 0));
    assert_good(JetOSSnapshotAbort(id, 0));
    assert_string_equal(events_parameter(2007, 0), text_of("%llu", (unsigned long long)id));
    events_stop();
    live_stop(&fresh);
}

/* --- termination --- */

static void an_abrupt_end_waits_for_the_session_and_then_gives_it_up(void **state)
{
    (void)state;
    require_shared_data();
    struct live_instance frozen;
    JET_OSSNAPID id;
    set_timeout(SHORT_MS);
    live_start_with(&frozen, "windows/types-4k/multi.edb");
    assert_good(JetOSSnapshotPrepare(&id, JET_bitExplicitPrepare | JET_bitContinueAfterThaw));
    assert_good(JetOSSnapshotPrepareInstance(id, frozen.instance, 0));
    assert_good(freeze(id));
    assert_good(JetTerm2(frozen.instance, JET_bitTermAbrupt)); /* after the time-out */
    assert_err(JetOSSnapshotThaw(id, 0), JET_errOSSnapshotTimeOut);
    assert_good(JetOSSnapshotAbort(id, 0));

    set_timeout(2 * SHORT_MS);
    live_start_with(&frozen, "windows/types-4k/multi.edb");
    assert_good(JetOSSnapshotPrepare(&id, JET_bitExplicitPrepare | JET_bitContinueAfterThaw));
    assert_good(JetOSSnapshotPrepareInstance(id, frozen.instance, 0));
    assert_good(freeze(id));
    assert_good(JetOSSnapshotThaw(id, 0));
    assert_good(JetTerm2(frozen.instance, JET_bitTermStopBackup)); /* nobody comes to end it */
    assert_int_equal(taking_part(id), 0);
    assert_good(JetOSSnapshotEnd(id, 0));
    set_timeout(LONG_MS);
}

static int start(void **state)
{
    (void)state;
    if (shared_data_dir() != NULL)
        live_start_with(&live, "windows/types-4k/basic.edb");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    if (shared_data_dir() != NULL)
        live_stop(&live);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_in_each_state_gives_the_result_of_the_table),
        cmocka_unit_test(prepare_checks_its_arguments),
        cmocka_unit_test(without_continue_the_thaw_ends_the_session),
        cmocka_unit_test(instances_are_bound_by_prepare_or_named_one_by_one),
        cmocka_unit_test(an_instance_in_a_backup_is_not_frozen_and_the_other_way_round),
        cmocka_unit_test(the_list_is_one_block_in_both_forms),
        cmocka_unit_test(an_abrupt_end_waits_for_the_session_and_then_gives_it_up),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(a_good_snapshot_stamps_the_headers),
        cmocka_unit_test(truncation_removes_what_is_before_the_checkpoint_of_the_freeze),
        cmocka_unit_test(each_step_is_an_event),
    };
    int failed = cmocka_run_group_tests(tests, start, finish);
    live_configure = events_on;
    return failed + cmocka_run_group_tests(alone, NULL, NULL);
}
