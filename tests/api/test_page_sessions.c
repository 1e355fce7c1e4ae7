/* Every bit and result that the reference pages of sessions and transactions name (instance-and-session 5, 11, 12). States that all calls share are in test_states_of_calls.c.
 *
 * Pages: JetBeginSession, JetDupSession, JetEndSession, JetGetSessionParameter, JetResetSessionContext, JetSetSessionContext, JetSetSessionParameter, JetBeginTransaction,
 * JetBeginTransaction2, JetBeginTransaction3, JetCommitTransaction, JetCommitTransaction2, JetRollback, JetGetVersion, JetIdle
 */
#define ESENT_PRIVATE
#include <string.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "plain_instance.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, SESSIONS_MOST = 4, LEVELS_MOST = 7, UNKNOWN_BIT = 0x40, UNKNOWN_IDLE_BIT = 0x1000, MARK = 0xAB };
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static struct sample s;

static int start(void **state)
{
    (void)state;
    sample_start(&s, PAGE_SIZE);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sample_stop(&s);
    return 0;
}

/* --- sessions --- */

static JET_SESID first;
static JET_ERR begin_session(JET_INSTANCE instance, JET_SESID *session) { return JetBeginSession(instance, session, NULL, NULL); }
static JET_ERR dup_session(JET_INSTANCE instance, JET_SESID *session)
{
    (void)instance;
    return JetDupSession(first, session);
}
static JET_ERR (*const BEGIN[])(JET_INSTANCE instance, JET_SESID *session) = {begin_session, dup_session};

static void sessions_are_begun_until_there_are_too_many_or_no_memory(void **state)
{
    (void)state;
    for (size_t form = 0; form < COUNT(BEGIN); form++) {
        JET_SESID sessions[SESSIONS_MOST], more;
        JET_INSTANCE instance = plain_create("few");
        unsigned refused = 0;
        assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxSessions, SESSIONS_MOST, NULL));
        assert_good(JetInit(&instance));
        first = plain_session(instance);
        assert_err(BEGIN[form](instance, NULL), JET_errInvalidParameter);
        for (uint64_t n = 1;; n++) {
            memory_fail_at(n, 0);
            JET_ERR err = BEGIN[form](instance, &more);
            bool has_failed = memory_fail_left() == 0;
            memory_fail_at(0, 0);
            if (err >= 0)
                assert_good(JetEndSession(more, 0));
            if (!has_failed)
                break;
            assert_err(err, JET_errOutOfMemory);
            refused++;
        }
        assert_true(refused > 0);
        for (int n = 1; n < SESSIONS_MOST; n++)
            assert_good(BEGIN[form](instance, &sessions[n]));
        assert_err(BEGIN[form](instance, &more), JET_errOutOfSessions);
        assert_good(JetEndSession(sessions[1], 0));
        assert_good(BEGIN[form](instance, &sessions[1]));
        plain_stop(instance);
    }
}

static void a_session_with_a_context_is_in_use(void **state)
{
    (void)state;
    JET_SESID session = plain_session(s.live.instance);
    assert_err(JetSetSessionContext(session, 0), JET_errInvalidParameter);
    assert_err(JetSetSessionContext(session, ~(JET_API_PTR)0), JET_errInvalidParameter);
    assert_err(JetResetSessionContext(session), JET_errSessionContextNotSetByThisThread);
    assert_good(JetSetSessionContext(session, 4711));
    assert_err(JetSetSessionContext(session, 4712), JET_errSessionContextAlreadySet);
    assert_err(JetEndSession(session, 0), JET_errSessionInUse);
    assert_good(JetResetSessionContext(session));
    assert_good(JetEndSession(session, 0));
    assert_err(JetEndSession(session, 0), JET_errInvalidSesid);
}

/* Nothing is allocated on the way out: with no memory at all a session ends, and what it did is taken back. */
static void a_session_ends_without_memory(void **state)
{
    (void)state;
    JET_SESID session = plain_session(s.live.instance);
    assert_good(JetBeginTransaction(session));
    memory_fail_at(1, 1);
    JET_ERR err = JetEndSession(session, 0);
    memory_fail_at(0, 0);
    assert_good(err);
}

/* --- parameters of a session --- */

static void session_parameters_have_their_own_errors(void **state)
{
    static uint32_t number = JET_bitCommitLazyFlush;
    static JET_OPERATIONCONTEXT context = {.ulUserID = MARK};
    static const struct {
        uint32_t id;
        void *value;
        uint32_t size;
        JET_ERR set, get;
    } ROWS[] = {
        {JET_sesparamCommitDefault, &number, sizeof number, JET_errSuccess, JET_errSuccess},
        {JET_sesparamCommitDefault, &number, sizeof number - 1, JET_errInvalidBufferSize, JET_errInvalidBufferSize},
        {JET_sesparamTransactionLevel, &number, sizeof number, JET_errFeatureNotAvailable, JET_errSuccess},
        {JET_sesparamCorrelationID, &number, sizeof number, JET_errSuccess, JET_errSuccess},
        {JET_sesparamCorrelationID, NULL, sizeof number, JET_errInvalidParameter, JET_errSuccess},
        {JET_sesparamOperationContext, &context, sizeof context, JET_errSuccess, JET_errSuccess},
        {0, &number, sizeof number, JET_errInvalidSesparamId, JET_errInvalidSesparamId},
        {JET_paramIndexTuplesLengthMin, &number, sizeof number, JET_errInvalidSesparamId, JET_errInvalidSesparamId}, /* no system parameter is one of a session */
        {JET_paramSystemPath, &number, sizeof number, JET_errInvalidSesparamId, JET_errInvalidSesparamId},
        {JET_paramMaxSessions, &number, sizeof number, JET_errInvalidSesparamId, JET_errInvalidSesparamId},
    };
    (void)state;
    JET_SESID session = plain_session(s.live.instance);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        uint8_t room[sizeof context];
        uint32_t actual = 0;
        JET_ERR err = JetSetSessionParameter(session, ROWS[i].id, ROWS[i].value, ROWS[i].size);
        if (err != ROWS[i].set)
            fail_msg("set, row %zu: %d, expected %d", i, err, ROWS[i].set);
        err = JetGetSessionParameter(session, ROWS[i].id, room, ROWS[i].size, &actual);
        if (err != ROWS[i].get)
            fail_msg("get, row %zu: %d, expected %d", i, err, ROWS[i].get);
        if (ROWS[i].set == JET_errSuccess)
            assert_memory_equal(room, ROWS[i].value, ROWS[i].size);
        if (ROWS[i].get == JET_errSuccess)
            assert_int_equal(actual, ROWS[i].size);
    }
    assert_err(JetGetSessionParameter(session, JET_sesparamCommitDefault, NULL, 0, NULL), JET_errInvalidParameter);
    assert_good(JetEndSession(session, 0));
    assert_err(JetSetSessionParameter(session, JET_sesparamCommitDefault, &number, sizeof number), JET_errInvalidSesid);
    assert_err(JetGetSessionParameter(session, JET_sesparamCommitDefault, &number, sizeof number, NULL), JET_errInvalidSesid);
}

static void the_version_needs_a_place(void **state)
{
    uint32_t version = 0;
    (void)state;
    assert_err(JetGetVersion(s.session, NULL), JET_errInvalidParameter);
    assert_good(JetGetVersion(s.session, &version));
    assert_int_equal(version, 0xA04A6100);
}

/* --- transactions --- */

static JET_ERR begin_1(JET_GRBIT grbit)
{
    (void)grbit;
    return JetBeginTransaction(s.session);
}
static JET_ERR begin_2(JET_GRBIT grbit) { return JetBeginTransaction2(s.session, grbit); }
static JET_ERR begin_3(JET_GRBIT grbit) { return JetBeginTransaction3(s.session, 4711, grbit); }
static JET_ERR (*const BEGIN_TRANSACTION[])(JET_GRBIT grbit) = {begin_1, begin_2, begin_3};

static void transactions_are_seven_deep_and_taken_back_at_once(void **state)
{
    (void)state;
    for (size_t form = 0; form < COUNT(BEGIN_TRANSACTION); form++) {
        for (int level = 0; level < LEVELS_MOST; level++)
            assert_good(BEGIN_TRANSACTION[form](0));
        assert_err(BEGIN_TRANSACTION[form](0), JET_errTransTooDeep);
        assert_err(JetRollback(s.session, UNKNOWN_BIT), JET_errInvalidGrbit);
        assert_good(JetRollback(s.session, 0));
        assert_good(JetRollback(s.session, JET_bitRollbackAll));
        assert_err(JetRollback(s.session, 0), JET_errNotInTransaction);
        assert_err(JetRollback(s.session, JET_bitRollbackAll), JET_errNotInTransaction);
    }
}

static void nothing_is_changed_in_a_transaction_that_only_reads(void **state)
{
    static JET_ERR (*const FORMS[])(JET_GRBIT grbit) = {begin_2, begin_3};
    (void)state;
    for (size_t form = 0; form < COUNT(FORMS); form++) {
        assert_good(FORMS[form](JET_bitTransactionReadOnly));
        assert_err(JetPrepareUpdate(s.session, s.table, JET_prepInsert), JET_errTransReadOnly);
        assert_good(FORMS[form](0)); /* nor in one inside it */
        assert_err(JetPrepareUpdate(s.session, s.table, JET_prepInsert), JET_errTransReadOnly);
        assert_good(JetRollback(s.session, JET_bitRollbackAll));
        assert_good(FORMS[form](0));
        assert_good(FORMS[form](JET_bitTransactionReadOnly)); /* the outermost one decides */
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel));
        assert_good(JetRollback(s.session, JET_bitRollbackAll));
    }
}

static JET_ERR commit_1(JET_GRBIT grbit) { return JetCommitTransaction(s.session, grbit); }
static JET_ERR commit_2(JET_GRBIT grbit)
{
    JET_COMMIT_ID id;
    return JetCommitTransaction2(s.session, grbit, 0, &id);
}
static JET_ERR (*const COMMIT[])(JET_GRBIT grbit) = {commit_1, commit_2};

static uint32_t generation(void)
{
    JET_CHECKPOINTINFO info;
    assert_good(JetGetInstanceMiscInfo(s.live.instance, &info, sizeof info, JET_InstanceMiscInfoCheckpoint));
    return info.genMax;
}

static void each_bit_of_a_commit(void **state)
{
    static const struct {
        bool is_inside; /* a transaction */
        JET_GRBIT grbit;
        JET_ERR expected;
    } ROWS[] = {
        {false, 0, JET_errNotInTransaction},
        {false, JET_bitCommitLazyFlush, JET_errNotInTransaction},
        {true, 0, JET_errSuccess},
        {true, JET_bitCommitLazyFlush, JET_errSuccess},
        {false, JET_bitWaitLastLevel0Commit, JET_errSuccess},
        {false, JET_bitWaitAllLevel0Commit, JET_errSuccess},
        {false, JET_bitForceNewLog, JET_errSuccess},
        {false, JET_bitWaitLastLevel0Commit | JET_bitCommitLazyFlush, JET_errInvalidGrbit},
        {false, JET_bitWaitAllLevel0Commit | JET_bitWaitLastLevel0Commit, JET_errInvalidGrbit},
        {false, UNKNOWN_BIT, JET_errInvalidGrbit},
    };
    int32_t id = 1;
    (void)state;
    for (size_t form = 0; form < COUNT(COMMIT); form++)
        for (size_t i = 0; i < COUNT(ROWS); i++) {
            uint32_t before = generation();
            if (ROWS[i].is_inside) {
                assert_good(JetBeginTransaction(s.session));
                insert_sample(&s, id, id, "committed");
                id++;
            }
            JET_ERR err = COMMIT[form](ROWS[i].grbit);
            if (err != ROWS[i].expected)
                fail_msg("row %zu (form %zu): %d, expected %d", i, form, err, ROWS[i].expected);
            if (ROWS[i].grbit == JET_bitForceNewLog)
                assert_true(generation() > before);
        }
    assert_err(JetRollback(s.session, 0), JET_errNotInTransaction);
    assert_int_equal(id, 5);
}

/* What cannot be taken back ends the instance: nobody may build upon it. */
static void a_rollback_that_fails_is_an_error_of_its_own(void **state)
{
    struct fault_fs *disk = fault_fs_create(os_fs_posix());
    struct instance *inside = NULL;
    (void)state;
    process_set_fs(fault_fs_os(disk));
    sample_start(&s, PAGE_SIZE);
    assert_good(JetBeginTransaction(s.session));
    insert_sample(&s, 1, 1, "to be taken back");
    assert_good(engine_enter_instance(s.live.instance, 0, &inside));
    fault_fs_fail(disk, FAULT_WRITE, 1, JET_errDiskIO, true);
    assert_true(log_roll(inside->log) < 0); /* the log is down: what is taken back cannot be written to it */
    engine_leave_instance(inside);
    assert_err(JetRollback(s.session, 0), JET_errRollbackError);
    assert_err(JetBeginTransaction(s.session), JET_errInstanceUnavailable);
    (void)JetTerm2(s.live.instance, JET_bitTermAbrupt);
    fault_fs_fail(disk, FAULT_WRITE, 0, 0, false);
    process_set_fs(NULL);
    fault_fs_destroy(disk);
}

/* --- JetIdle --- */

static void idle_says_what_there_is_to_do(void **state)
{
    (void)state;
    assert_err(JetIdle(s.session, JET_bitIdleFlushBuffers), JET_errInvalidGrbit); /* where the page says JET_errInvalidParameter */
    assert_err(JetIdle(s.session, UNKNOWN_IDLE_BIT), JET_errInvalidGrbit);
    assert_good(JetIdle(s.session, JET_bitIdleStatus));
    JET_SESID reader = plain_session(s.live.instance);
    assert_good(JetBeginTransaction(reader)); /* sees the rows as they were: versions stay */
    assert_good(JetBeginTransaction(s.session));
    insert_sample(&s, 100, 100, "seen by others later");
    assert_good(JetCommitTransaction(s.session, 0));
    assert_err(JetIdle(s.session, JET_bitIdleCompact), JET_wrnRemainingVersions);
    assert_good(JetRollback(reader, 0));
    JET_ERR err = JetIdle(s.session, JET_bitIdleCompact);
    assert_true(err == JET_errSuccess || err == JET_wrnNoIdleActivity); /* the cleaner may have been quicker */
    assert_err(JetIdle(s.session, JET_bitIdleCompact), JET_wrnNoIdleActivity);
    assert_good(JetEndSession(reader, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_are_begun_until_there_are_too_many_or_no_memory),
        cmocka_unit_test_setup_teardown(a_session_with_a_context_is_in_use, start, stop),
        cmocka_unit_test_setup_teardown(a_session_ends_without_memory, start, stop),
        cmocka_unit_test_setup_teardown(session_parameters_have_their_own_errors, start, stop),
        cmocka_unit_test_setup_teardown(the_version_needs_a_place, start, stop),
        cmocka_unit_test_setup_teardown(transactions_are_seven_deep_and_taken_back_at_once, start, stop),
        cmocka_unit_test_setup_teardown(nothing_is_changed_in_a_transaction_that_only_reads, start, stop),
        cmocka_unit_test_setup_teardown(each_bit_of_a_commit, start, stop),
        cmocka_unit_test(a_rollback_that_fails_is_an_error_of_its_own),
        cmocka_unit_test_setup_teardown(idle_says_what_there_is_to_do, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
