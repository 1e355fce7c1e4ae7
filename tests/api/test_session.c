/* Sessions and transactions: limits, sharing between threads, contexts, levels (instance-and-session 5, 11, 12).
 *
 * Pages: JetBeginSession, JetBeginTransaction, JetCommitTransaction, JetCommitTransaction2, JetDupSession, JetEndSession, JetGetSessionParameter,
 * JetGetVersion, JetIdle, JetResetSessionContext, JetRollback, JetSetSessionContext, JetSetSessionParameter */
#define ESENT_PRIVATE
#include <pthread.h>
#include <string.h>

#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

static JET_INSTANCE instance;

static int start(void **state)
{
    (void)state;
    instance = plain_start("sessions");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    plain_stop(instance);
    return 0;
}

/* Runs one call in a thread of its own and gives its answer. */
struct remote_call {
    JET_ERR (*call)(JET_SESID session);
    JET_SESID session;
    JET_ERR answer;
};

static void *run_remote(void *argument)
{
    struct remote_call *remote = argument;
    remote->answer = remote->call(remote->session);
    return NULL;
}

static JET_ERR in_another_thread(JET_ERR (*call)(JET_SESID session), JET_SESID session)
{
    struct remote_call remote = {call, session, 0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_remote, &remote), 0);
    pthread_join(thread, NULL);
    return remote.answer;
}

static JET_ERR commit(JET_SESID session) { return JetCommitTransaction(session, 0); }
static JET_ERR roll_back(JET_SESID session) { return JetRollback(session, 0); }
static JET_ERR end(JET_SESID session) { return JetEndSession(session, 0); }
static JET_ERR version(JET_SESID session)
{
    uint32_t word;
    return JetGetVersion(session, &word);
}
static JET_ERR set_begin_reset(JET_SESID session)
{
    JET_ERR err = JetSetSessionContext(session, 4711);
    if (err >= 0)
        err = JetBeginTransaction(session);
    return err >= 0 ? JetResetSessionContext(session) : err;
}

static void handles_that_are_no_sessions_are_refused(void **state)
{
    (void)state;
    JET_SESID session = plain_session(instance);
    const JET_SESID wrong[] = {0, JET_sesidNil, 1, session + 1, session + (UINT64_C(1) << 24), session ^ (UINT64_C(1) << 60), instance, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_err(JetBeginTransaction(wrong[i]), JET_errInvalidSesid);
        assert_err(JetEndSession(wrong[i], 0), JET_errInvalidSesid);
    }
    assert_good(JetEndSession(session, 0));
    assert_err(JetEndSession(session, 0), JET_errInvalidSesid);
    JET_SESID next = plain_session(instance); /* takes the same place under another handle */
    assert_true(next != session);
    assert_err(JetBeginTransaction(session), JET_errInvalidSesid);
    assert_good(JetEndSession(next, 1));
}

static void the_number_of_sessions_is_limited(void **state)
{
    JET_SESID sessions[3];
    (void)state;
    JET_INSTANCE small = plain_create("small");
    assert_good(JetSetSystemParameter(&small, 0, JET_paramMaxSessions, 2, NULL));
    assert_good(JetInit(&small));
    assert_good(JetBeginSession(small, &sessions[0], "user", "password"));
    assert_good(JetDupSession(sessions[0], &sessions[1]));
    assert_err(JetBeginSession(small, &sessions[2], NULL, NULL), JET_errOutOfSessions);
    assert_err(JetDupSession(sessions[1], &sessions[2]), JET_errOutOfSessions);
    assert_good(JetEndSession(sessions[0], 0));
    assert_good(JetBeginSessionW(small, &sessions[2], NULL, NULL));
    plain_stop(small);
    assert_err(version(sessions[2]), JET_errInvalidSesid);
}

static void the_version_is_windows_10(void **state)
{
    uint32_t word = 0;
    (void)state;
    JET_SESID session = plain_session(instance);
    assert_good(JetGetVersion(session, &word));
    assert_int_equal(word, 0xA04A6100);
    assert_err(JetGetVersion(session, NULL), JET_errInvalidParameter);
    assert_good(JetEndSession(session, 0));
}

static void transactions_nest_seven_deep(void **state)
{
    (void)state;
    JET_SESID session = plain_session(instance);
    uint32_t level = 99, size = 0;
    assert_err(JetCommitTransaction(session, 0), JET_errNotInTransaction);
    assert_err(JetRollback(session, 0), JET_errNotInTransaction);
    for (int i = 0; i < 7; i++)
        assert_good(JetBeginTransaction2(session, i == 0 ? JET_bitTransactionReadOnly : 0x800));
    assert_err(JetBeginTransaction3(session, 1234, 0), JET_errTransTooDeep);
    assert_good(JetGetSessionParameter(session, JET_sesparamTransactionLevel, &level, sizeof level, &size));
    assert_int_equal(level, 7);
    assert_int_equal(size, 4);
    assert_good(JetCommitTransaction(session, JET_bitCommitLazyFlush));
    assert_good(JetRollback(session, 0));
    assert_good(JetGetSessionParameter(session, JET_sesparamTransactionLevel, &level, sizeof level, NULL));
    assert_int_equal(level, 5);
    assert_err(JetRollback(session, 2), JET_errInvalidGrbit);
    assert_good(JetRollback(session, JET_bitRollbackAll));
    assert_err(JetRollback(session, JET_bitRollbackAll), JET_errNotInTransaction);
    assert_good(JetEndSession(session, 0));
}

static void commit_options_that_must_be_alone_are(void **state)
{
    JET_COMMIT_ID id;
    (void)state;
    JET_SESID session = plain_session(instance);
    memset(&id, 0xEE, sizeof id);
    assert_good(JetCommitTransaction(session, JET_bitWaitLastLevel0Commit));
    assert_good(JetCommitTransaction(session, JET_bitWaitAllLevel0Commit));
    assert_good(JetCommitTransaction(session, JET_bitForceNewLog));
    assert_good(JetBeginTransaction(session));
    assert_err(JetCommitTransaction(session, JET_bitWaitLastLevel0Commit | JET_bitCommitLazyFlush), JET_errInvalidGrbit);
    assert_err(JetCommitTransaction(session, JET_bitWaitLastLevel0Commit | JET_bitWaitAllLevel0Commit), JET_errInvalidGrbit);
    assert_err(JetCommitTransaction(session, 0x40), JET_errInvalidGrbit);
    assert_err(JetCommitTransaction2(session, 0, 10, &id), JET_errInvalidParameter);
    assert_good(JetCommitTransaction2(session, JET_bitCommitLazyFlush, 10, &id));
    assert_int_equal(id.commitId, 0); /* nothing was logged */
    assert_good(JetEndSession(session, 0));
}

static void the_session_default_makes_a_commit_lazy(void **state)
{
    uint32_t lazy = JET_bitCommitLazyFlush;
    (void)state;
    JET_SESID session = plain_session(instance);
    assert_err(JetSetSessionParameter(session, JET_sesparamCommitDefault, &lazy, 3), JET_errInvalidBufferSize);
    assert_good(JetSetSessionParameter(session, JET_sesparamCommitDefault, &lazy, sizeof lazy));
    assert_good(JetBeginTransaction(session));
    assert_good(JetCommitTransaction2(session, 0, 10, NULL));
    assert_good(JetEndSession(session, 0));
}

static void session_parameters_have_sizes(void **state)
{
    enum { GENERIC_CONTEXT = 4098 };
    JET_OPERATIONCONTEXT context = {1, 2, 3, 4, 5}, back = {0};
    char text[8];
    uint32_t size = 0, number = 7;
    (void)state;
    JET_SESID session = plain_session(instance);
    assert_err(JetSetSessionParameter(session, 4000, &number, 4), JET_errInvalidSesparamId);
    assert_err(JetSetSessionParameter(session, JET_sesparamTransactionLevel, &number, 4), JET_errFeatureNotAvailable);
    assert_err(JetSetSessionParameter(session, JET_sesparamCorrelationID, NULL, 4), JET_errInvalidParameter);
    assert_good(JetSetSessionParameter(session, JET_sesparamCorrelationID, &number, 4));
    assert_good(JetSetSessionParameter(session, JET_sesparamOperationContext, &context, sizeof context));
    assert_good(JetGetSessionParameter(session, JET_sesparamOperationContext, &back, sizeof back, NULL));
    assert_memory_equal(&back, &context, sizeof back);
    assert_good(JetSetSessionParameter(session, GENERIC_CONTEXT, (char *)(uintptr_t) "abcdef", 6));
    assert_err(JetGetSessionParameter(session, GENERIC_CONTEXT, NULL, 0, NULL), JET_errInvalidParameter);
    assert_good(JetGetSessionParameter(session, GENERIC_CONTEXT, NULL, 0, &size));
    assert_int_equal(size, 6);
    assert_err(JetGetSessionParameter(session, GENERIC_CONTEXT, text, 5, NULL), JET_errBufferTooSmall);
    assert_good(JetGetSessionParameter(session, GENERIC_CONTEXT, text, 8, &size));
    assert_memory_equal(text, "abcdef", 6);
    assert_good(JetEndSession(session, 0));
}

static void a_transaction_belongs_to_its_thread(void **state)
{
    (void)state;
    JET_SESID session = plain_session(instance);
    assert_good(in_another_thread(version, session)); /* outside a transaction any thread may */
    assert_good(JetBeginTransaction(session));
    assert_err(in_another_thread(JetBeginTransaction, session), JET_errSessionSharingViolation);
    assert_err(in_another_thread(commit, session), JET_errSessionSharingViolation);
    assert_err(in_another_thread(roll_back, session), JET_errSessionSharingViolation);
    assert_err(in_another_thread(end, session), JET_errSessionSharingViolation);
    assert_good(JetSetSessionContext(session, 4711));
    assert_err(in_another_thread(JetResetSessionContext, session), JET_errSessionContextNotSetByThisThread);
    assert_err(in_another_thread(commit, session), JET_errSessionSharingViolation); /* a context set later does not unbind it */
    assert_good(JetCommitTransaction(session, 0));
    assert_err(JetEndSession(session, 0), JET_errSessionInUse);
    assert_good(JetResetSessionContext(session));
    assert_good(JetEndSession(session, 0));
}

static void a_context_carries_a_transaction_between_threads(void **state)
{
    (void)state;
    JET_SESID session = plain_session(instance);
    assert_err(JetSetSessionContext(session, 0), JET_errInvalidParameter);
    assert_err(JetSetSessionContext(session, ~(JET_API_PTR)0), JET_errInvalidParameter);
    assert_err(JetResetSessionContext(session), JET_errSessionContextNotSetByThisThread);
    assert_good(in_another_thread(set_begin_reset, session));
    assert_err(JetCommitTransaction(session, 0), JET_errSessionSharingViolation); /* no context set */
    assert_good(JetSetSessionContext(session, 1));
    assert_err(JetSetSessionContext(session, 2), JET_errSessionContextAlreadySet);
    assert_err(JetCommitTransaction(session, 0), JET_errSessionSharingViolation); /* another context */
    assert_good(JetResetSessionContext(session));
    assert_good(JetSetSessionContext(session, 4711));
    assert_good(JetCommitTransaction(session, 0));
    assert_err(JetEndSession(session, 0), JET_errSessionInUse);
    assert_good(JetResetSessionContext(session));
    assert_good(JetEndSession(session, 0));
}

/* Threads that use one session without asking each other: each call succeeds or is refused, and none is lost. */
struct contender {
    JET_SESID session;
    int succeeded, refused, other;
};

static void *contend(void *argument)
{
    struct contender *c = argument;
    uint32_t word;
    for (int i = 0; i < 20000; i++) {
        JET_ERR err = JetGetVersion(c->session, &word);
        c->succeeded += err == JET_errSuccess;
        c->refused += err == JET_errSessionSharingViolation;
        c->other += err != JET_errSuccess && err != JET_errSessionSharingViolation;
    }
    return NULL;
}

static void two_threads_in_one_session_exclude_each_other(void **state)
{
    pthread_t threads[2];
    struct contender contenders[2] = {{0}};
    (void)state;
    JET_SESID session = plain_session(instance);
    for (int i = 0; i < 2; i++) {
        contenders[i].session = session;
        assert_int_equal(pthread_create(&threads[i], NULL, contend, &contenders[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(contenders[i].other, 0);
        assert_int_equal(contenders[i].succeeded + contenders[i].refused, 20000);
    }
    /* One thread may be refused throughout: while the other sleeps inside a call, the session is taken. */
    assert_true(contenders[0].succeeded + contenders[1].succeeded > 0);
    assert_good(JetEndSession(session, 0));
}

/* Sessions come and go in many threads at once. */
static void *churn(void *argument)
{
    int *failures = argument;
    for (int i = 0; i < 500; i++) {
        JET_SESID session;
        JET_ERR err = JetBeginSession(instance, &session, NULL, NULL);
        if (err == JET_errSuccess && (JetBeginTransaction(session) != 0 || JetRollback(session, 0) != 0 || JetEndSession(session, 0) != 0))
            ++*failures;
        else if (err != JET_errSuccess && err != JET_errOutOfSessions)
            ++*failures;
    }
    return NULL;
}

static void sessions_come_and_go_in_parallel(void **state)
{
    pthread_t threads[4];
    int failures[4] = {0};
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, &failures[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(failures[i], 0);
    }
}

static void idle_answers_as_documented(void **state)
{
    (void)state;
    JET_SESID session = plain_session(instance);
    assert_err(JetIdle(session, 0), JET_wrnNoIdleActivity);
    assert_err(JetIdle(session, JET_bitIdleCompact), JET_wrnNoIdleActivity);
    assert_err(JetIdle(session, JET_bitIdleStatus), JET_errSuccess);
    assert_err(JetIdle(session, JET_bitIdleFlushBuffers), JET_errInvalidGrbit);
    assert_err(JetIdle(session, 0x10), JET_errInvalidGrbit);
    assert_good(JetEndSession(session, 0));
}

static void cursors_of_nowhere_are_refused(void **state)
{
    JET_LS word;
    (void)state;
    JET_SESID session = plain_session(instance);
    const JET_TABLEID wrong[] = {0, JET_tableidNil, 1, session, UINT64_C(0x0300000001000001)};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_err(JetGetLS(session, wrong[i], &word, 0), JET_errInvalidTableId);
    assert_good(JetEndSession(session, 0));
}

static void the_state_of_a_session_is_told(void **state)
{
    JET_SESSIONINFO info, later;
    JET_SESID session = plain_session(instance), other = plain_session(instance);
    (void)state;
    assert_err(JetGetSessionInfo(session, &info, sizeof info, JET_SessionInfo + 1), JET_errInvalidParameter);
    assert_err(JetGetSessionInfo(session, NULL, sizeof info, JET_SessionInfo), JET_errInvalidParameter);
    assert_err(JetGetSessionInfo(session, &info, sizeof info - 1, JET_SessionInfo), JET_errBufferTooSmall);
    assert_good(JetGetSessionInfo(session, &info, sizeof info, JET_SessionInfo));
    assert_int_equal(info.ulTrxLevel, 0);
    assert_int_equal(info.ulTrxBegin0, UINT32_MAX);
    assert_int_equal(info.ulFlags, 0);
    assert_int_equal(info.ulTrxContext, 0);
    assert_good(JetSetSessionContext(session, 77));
    assert_good(JetBeginTransaction(session));
    assert_good(JetBeginTransaction(session));
    assert_good(JetGetSessionInfo(session, &info, sizeof info, JET_SessionInfo));
    assert_int_equal(info.ulTrxLevel, 2);
    assert_int_not_equal(info.ulTrxBegin0, UINT32_MAX);
    assert_int_equal(info.ulTrxContext, 77);
    assert_good(JetGetSessionInfo(other, &later, sizeof later, JET_SessionInfo));
    assert_int_not_equal(later.ulProcid, info.ulProcid);
    assert_good(JetRollback(session, JET_bitRollbackAll));
    assert_good(JetResetSessionContext(session));
    assert_good(JetEndSession(other, 0));
    assert_good(JetEndSession(session, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles_that_are_no_sessions_are_refused),
        cmocka_unit_test(the_number_of_sessions_is_limited),
        cmocka_unit_test(the_version_is_windows_10),
        cmocka_unit_test(transactions_nest_seven_deep),
        cmocka_unit_test(commit_options_that_must_be_alone_are),
        cmocka_unit_test(the_session_default_makes_a_commit_lazy),
        cmocka_unit_test(session_parameters_have_sizes),
        cmocka_unit_test(a_transaction_belongs_to_its_thread),
        cmocka_unit_test(a_context_carries_a_transaction_between_threads),
        cmocka_unit_test(two_threads_in_one_session_exclude_each_other),
        cmocka_unit_test(sessions_come_and_go_in_parallel),
        cmocka_unit_test(the_state_of_a_session_is_told),
        cmocka_unit_test(idle_answers_as_documented),
        cmocka_unit_test(cursors_of_nowhere_are_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
