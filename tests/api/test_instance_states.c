/* States of an instance that a client meets only for a moment, or after a fatal error (instance-and-session 3, 4). */
#include <pthread.h>
#include <string.h>

#include "cmocka_all.h"
#include "engine/engine.h"
#include "plain_instance.h"
#include "shared_data.h"

/* What calls answer while the instance starts: the runtime callback is tried in the middle of JetInit. */
static JET_INSTANCE starting;
static JET_ERR set_answer, get_answer, begin_answer, term_answer, init_answer, stop_answer;

static JET_ERR call_back(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid, JET_CBTYP cbtyp, void *a, void *b, void *context, JET_API_PTR unused)
{
    JET_INSTANCE again = starting;
    JET_SESID session;
    JET_API_PTR value;
    (void)sesid, (void)dbid, (void)tableid, (void)cbtyp, (void)a, (void)b, (void)context, (void)unused;
    set_answer = JetSetSystemParameter(&starting, 0, JET_paramDbExtensionSize, 77, NULL);
    get_answer = JetGetSystemParameter(starting, 0, JET_paramDbExtensionSize, &value, NULL, 0);
    begin_answer = JetBeginSession(starting, &session, NULL, NULL);
    term_answer = JetTerm(starting);
    init_answer = JetInit(&again);
    stop_answer = JetStopServiceInstance2(starting, JET_bitStopServiceQuiesceCaches);
    return JET_errSuccess;
}

static void an_instance_that_starts_refuses_all_but_stop(void **state)
{
    (void)state;
    starting = plain_create("starting");
    JET_INSTANCE instance = starting;
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRuntimeCallback, (JET_API_PTR)(uintptr_t)&call_back, NULL));
    assert_good(JetInit(&instance));
    assert_err(set_answer, JET_errInitInProgress);
    assert_err(get_answer, JET_errInitInProgress);
    assert_err(begin_answer, JET_errNotInitialized);
    assert_err(term_answer, JET_errNotInitialized);
    assert_err(init_answer, JET_errAlreadyInitialized);
    assert_err(stop_answer, JET_errSuccess);
    plain_stop(instance);
}

static void run_disabled(JET_ERR reason, JET_ERR expected)
{
    JET_SESID session, another;
    JET_API_PTR value;
    JET_SIGNATURE signature;
    struct instance *inside = NULL;
    JET_INSTANCE instance = plain_start("disabled");
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    assert_good(JetBeginTransaction(session));
    assert_good(engine_enter_instance(instance, 0, &inside));
    instance_disable(inside, reason, __FILE__, __LINE__);
    instance_disable(inside, JET_errDiskIO, __FILE__, __LINE__); /* the first reason stays */
    engine_leave_instance(inside);
    assert_err(JetBeginSession(instance, &another, NULL, NULL), expected);
    assert_err(JetBeginTransaction(session), expected);
    assert_err(JetRollback(session, 0), expected);
    assert_err(JetEndSession(session, 0), expected);
    assert_err(JetGetInstanceMiscInfo(instance, &signature, sizeof signature, JET_InstanceMiscInfoLogSignature), expected);
    assert_err(JetInit(&instance), JET_errAlreadyInitialized);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramDbExtensionSize, 77, NULL));
    assert_good(JetGetSystemParameter(instance, 0, JET_paramDbExtensionSize, &value, NULL, 0));
    assert_good(JetStopServiceInstance(instance));
    assert_err(JetBeginTransaction(session), JET_errClientRequestToStopJetService); /* STOPPED is tested first */
    assert_err(JetRollback(session, 0), expected);
    assert_good(JetTerm2(instance, JET_bitTermComplete)); /* an open transaction does not keep it */
    assert_err(JetBeginTransaction(session), JET_errInvalidSesid);
}

static void a_fatal_error_disables_the_instance_until_it_ends(void **state)
{
    (void)state;
    run_disabled(JET_errLogWriteFail, JET_errInstanceUnavailable);
    run_disabled(JET_errLogDiskFull, JET_errInstanceUnavailableDueToFatalLogDiskFull);
}

/* A thread inside a session call, which JetTerm must wait for. */
static JET_SESID held;
static struct session *held_session;

static void *terminate(void *argument)
{
    *(JET_ERR *)argument = JetTerm2(starting, JET_bitTermComplete);
    return NULL;
}

static void an_instance_that_ends_refuses_and_waits(void **state)
{
    pthread_t thread;
    JET_ERR answer = 1;
    JET_SESID session, other;
    JET_API_PTR value;
    (void)state;
    JET_INSTANCE keep = plain_create("keep"); /* so that the mode stays */
    starting = plain_start("ending");
    held = plain_session(starting);
    other = plain_session(starting);
    assert_good(engine_enter_session(held, 0, &held_session)); /* as a call that takes long */
    assert_int_equal(pthread_create(&thread, NULL, terminate, &answer), 0);
    JET_ERR err;
    while ((err = JetBeginSession(starting, &session, NULL, NULL)) == JET_errSuccess) {
        err = JetEndSession(session, 0); /* JetTerm may come in between */
        assert_true(err == JET_errSuccess || err == JET_errTermInProgress);
    }
    assert_err(err, JET_errTermInProgress);
    assert_err(JetBeginTransaction(other), JET_errTermInProgress);
    assert_err(JetBeginTransaction(other + 1), JET_errInvalidSesid);
    assert_err(JetTerm(starting), JET_errTermInProgress);
    assert_err(JetInit(&starting), JET_errAlreadyInitialized);
    assert_err(JetGetSystemParameter(starting, 0, JET_paramMaxSessions, &value, NULL, 0), JET_errTermInProgress);
    assert_int_equal(answer, 1); /* still waiting */
    engine_leave_session(held_session);
    pthread_join(thread, NULL);
    assert_err(answer, JET_errSuccess);
    assert_err(JetBeginTransaction(other), JET_errInvalidSesid);
    assert_err(JetTerm(starting), JET_errInvalidInstance);
    assert_good(JetTerm(keep));
}

static JET_ERR begin_inside_callback(void)
{
    engine_callback_begin(held_session);
    JET_ERR err = JetBeginTransaction(held);
    if (err >= 0)
        err = JetRollback(held, 0);
    if (err >= 0 && JetEndSession(held, 0) != JET_errSessionInUse)
        err = JET_errInternalError;
    engine_callback_end(held_session);
    return err;
}

static void a_callback_may_use_the_session_that_calls_it(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_start("nested");
    held = plain_session(instance);
    assert_good(engine_enter_session(held, 0, &held_session));
    assert_err(JetBeginTransaction(held), JET_errSessionSharingViolation); /* not inside a callback */
    assert_good(begin_inside_callback());
    engine_leave_session(held_session);
    assert_good(JetBeginTransaction(held));
    assert_good(JetEndSession(held, 0));
    plain_stop(instance);
}

/* --- cursors as the engine keeps them --- */

struct cursor {
    int closed, rolled_back, committed;
};
static void close_cursor(struct cursor *cursor) { cursor->closed++; }
static void roll_back_cursor(struct cursor *cursor, unsigned level) { cursor->rolled_back = (int)level; }
static void commit_cursor(struct cursor *cursor, unsigned level) { cursor->committed = (int)level; }
static const struct cursor_operations OPERATIONS = {close_cursor, roll_back_cursor, commit_cursor};

static void cursors_follow_their_session(void **state)
{
    struct cursor cursors[4] = {{0, 0, 0}}, *found = NULL;
    JET_TABLEID ids[4];
    struct session *session = NULL, *other = NULL;
    (void)state;
    JET_INSTANCE instance = plain_create("cursors");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxCursors, 3, NULL));
    assert_good(JetInit(&instance));
    JET_SESID sesid = plain_session(instance), other_sesid = plain_session(instance);
    assert_good(engine_enter_session(sesid, 0, &session));
    assert_good(session_add_cursor(session, NULL, &cursors[0], &OPERATIONS, &ids[0]));
    engine_leave_session(session);
    assert_good(JetBeginTransaction(sesid));
    assert_good(engine_enter_session(sesid, 0, &session));
    assert_good(session_add_cursor(session, NULL, &cursors[1], &OPERATIONS, &ids[1]));
    assert_good(session_add_cursor(session, NULL, &cursors[2], &OPERATIONS, &ids[2]));
    assert_err(session_add_cursor(session, NULL, &cursors[3], &OPERATIONS, &ids[3]), JET_errOutOfCursors);
    assert_good(session_find_cursor(session, ids[1], &found));
    assert_ptr_equal(found, &cursors[1]);
    assert_err(session_find_cursor(session, ids[1] + 1000, &found), JET_errInvalidTableId);
    assert_good(session_remove_cursor(session, ids[2], &found));
    assert_ptr_equal(found, &cursors[2]);
    assert_err(session_find_cursor(session, ids[2], &found), JET_errInvalidTableId);
    engine_leave_session(session);
    assert_good(engine_enter_session(other_sesid, 0, &other));
    assert_err(session_find_cursor(other, ids[1], &found), JET_errSesidTableIdMismatch);
    engine_leave_session(other);
    assert_good(JetRollback(sesid, 0)); /* closes what the level opened, tells the others */
    assert_int_equal(cursors[1].closed, 1);
    assert_int_equal(cursors[0].closed, 0);
    assert_int_equal(cursors[0].rolled_back, 1);
    assert_good(JetBeginTransaction(sesid));
    assert_good(JetCommitTransaction(sesid, 0));
    assert_int_equal(cursors[0].committed, 1);
    assert_good(JetEndSession(sesid, 0));
    assert_int_equal(cursors[0].closed, 1);
    assert_int_equal(cursors[2].closed, 0);
    plain_stop(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_that_starts_refuses_all_but_stop),
        cmocka_unit_test(a_fatal_error_disables_the_instance_until_it_ends),
        cmocka_unit_test(an_instance_that_ends_refuses_and_waits),
        cmocka_unit_test(a_callback_may_use_the_session_that_calls_it),
        cmocka_unit_test(cursors_follow_their_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
