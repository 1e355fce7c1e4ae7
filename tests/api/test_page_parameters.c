/* Every result that the reference pages of the system parameters name, and those of the calls that need no session: error information, statistics of a thread, buffers (instance-and-session
 * 14, 15). Defaults, ranges and lifetimes of parameters are in test_parameters.c.
 *
 * Pages: JetGetSystemParameter, JetSetSystemParameter, JetGetErrorInfoW, JetGetThreadStats, JetFreeBuffer, JetTerm2
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "plain_instance.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, NO_PARAMETER = 5000, SIZE_1 = 77, SIZE_2 = 88 };
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static JET_INSTANCE instance;
static JET_SESID session;

static JET_ERR set(void)
{
    static JET_API_PTR value = SIZE_1;
    value = value == SIZE_1 ? SIZE_2 : SIZE_1; /* the present value is accepted in every state */
    return JetSetSystemParameter(&instance, 0, JET_paramDbExtensionSize, value, NULL);
}
static JET_ERR get(void)
{
    JET_API_PTR value;
    return JetGetSystemParameter(instance, 0, JET_paramDbExtensionSize, &value, NULL, 0);
}
/* The one parameter that a session has for itself. */
static JET_ERR set_of_session(void) { return JetSetSystemParameter(&instance, session, JET_paramCommitDefault, JET_bitCommitLazyFlush, NULL); }
static JET_ERR get_of_session(void)
{
    JET_API_PTR value;
    return JetGetSystemParameter(instance, session, JET_paramCommitDefault, &value, NULL, 0);
}

static JET_ERR (*const BOTH[])(void) = {set, get};
static JET_ERR (*const OF_SESSION[])(void) = {set_of_session, get_of_session};

static void ask(JET_ERR expected)
{
    for (size_t i = 0; i < COUNT(BOTH); i++)
        assert_err(BOTH[i](), expected);
}

static void ask_of_session(JET_ERR expected)
{
    for (size_t i = 0; i < COUNT(OF_SESSION); i++)
        assert_err(OF_SESSION[i](), expected);
}

/* --- states of the instance --- */

/* Parameters are what an instance has before it is started: where other calls say JET_errNotInitialized, these work, and also when its service has been stopped
 * (JET_errClientRequestToStopJetService). Only what is asked of a session needs a sound instance. */
static void parameters_are_there_before_the_start_and_after_the_stop(void **state)
{
    struct instance *inside = NULL;
    (void)state;
    instance = plain_create("early");
    JET_SESID none;
    assert_err(JetBeginSession(instance, &none, NULL, NULL), JET_errNotInitialized);
    ask(JET_errSuccess);
    assert_good(JetInit(&instance));
    session = plain_session(instance);
    ask(JET_errSuccess);
    ask_of_session(JET_errSuccess);
    assert_good(JetStopServiceInstance(instance));
    assert_err(JetBeginTransaction(session), JET_errClientRequestToStopJetService);
    ask(JET_errSuccess);
    ask_of_session(JET_errSuccess);
    assert_good(engine_enter_instance(instance, INSTANCE_ENTER_HANDLE_ONLY, &inside));
    instance_disable(inside, JET_errLogWriteFail, __FILE__, __LINE__);
    engine_leave_instance(inside);
    ask(JET_errSuccess);
    ask_of_session(JET_errInstanceUnavailable);
    (void)JetTerm2(instance, JET_bitTermAbrupt);
}

static JET_ERR begin_answer, set_answer, get_answer, term_answer;

static JET_ERR note_answers(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid, JET_CBTYP cbtyp, void *a, void *b, void *context, JET_API_PTR unused)
{
    JET_SESID none;
    (void)sesid, (void)dbid, (void)tableid, (void)cbtyp, (void)a, (void)b, (void)context, (void)unused;
    begin_answer = JetBeginSession(instance, &none, NULL, NULL);
    set_answer = set();
    get_answer = get();
    term_answer = JetTerm2(instance, JET_bitTermComplete);
    return JET_errSuccess;
}

static void while_it_starts_none_is_read_or_written(void **state)
{
    (void)state;
    instance = plain_create("starting");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRuntimeCallback, (JET_API_PTR)(uintptr_t)&note_answers, NULL));
    JET_INSTANCE started = instance;
    assert_good(JetInit(&started));
    assert_int_equal(begin_answer, JET_errNotInitialized);
    assert_int_equal(set_answer, JET_errInitInProgress);
    assert_int_equal(get_answer, JET_errInitInProgress);
    assert_int_equal(term_answer, JET_errNotInitialized);
    plain_stop(started);
}

static void *terminate(void *answer)
{
    *(JET_ERR *)answer = JetTerm2(instance, JET_bitTermComplete);
    return NULL;
}

static void while_it_ends_none_is_read_or_written(void **state)
{
    pthread_t thread;
    JET_ERR answer = 1;
    JET_SESID another;
    struct session *inside = NULL;
    (void)state;
    JET_INSTANCE keep = plain_create("keep"); /* so that the process stays in its mode */
    instance = plain_start("ending");
    session = plain_session(instance);
    JET_SESID held = plain_session(instance);
    assert_good(engine_enter_session(held, 0, &inside)); /* JetTerm waits for it */
    assert_int_equal(pthread_create(&thread, NULL, terminate, &answer), 0);
    while (JetBeginSession(instance, &another, NULL, NULL) != JET_errTermInProgress)
        (void)JetEndSession(another, 0);
    ask(JET_errTermInProgress);
    ask_of_session(JET_errTermInProgress);
    engine_leave_session(inside);
    pthread_join(thread, NULL);
    assert_good(answer);
    ask(JET_errInvalidInstance);
    ask_of_session(JET_errInvalidSesid);
    assert_good(JetTerm(keep));
}

static unsigned asked;

static JET_ERR ask_in_the_middle(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)sesid, (void)snp, (void)snt, (void)data;
    asked++;
    ask(JET_errRestoreInProgress);
    return JET_errSuccess;
}

static void while_it_restores_none_is_read_or_written(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, PAGE_SIZE);
    const char *set_folder = make_scratch_folder("set"), *folder = make_scratch_folder("restored");
    assert_good(JetBackupInstance(s.live.instance, set_folder, 0, NULL));
    sample_stop(&s);
    instance = JET_instanceNil;
    assert_good(JetCreateInstance(&instance, "restorer"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetRestoreInstance(instance, set_folder, folder, ask_in_the_middle));
    assert_true(asked > 0);
    ask(JET_errSuccess);
    assert_good(JetTerm(instance));
}

/* --- arguments --- */

static void what_is_set_must_make_sense(void **state)
{
    static const struct {
        uint32_t id;
        JET_API_PTR number;
        const char *text;
        JET_ERR expected;
    } ROWS[] = {
        {NO_PARAMETER, 1, NULL, JET_errInvalidParameter},
        {JET_paramKeyMost, 1, NULL, JET_errInvalidParameter}, /* only read */
        {JET_paramBaseName, 0, "longer", JET_errInvalidParameter},
        {JET_paramBaseName, 0, NULL, JET_errInvalidParameter},
        {JET_paramLogFileSize, 1, NULL, JET_errInvalidParameter},
        {JET_paramSystemPath, 0, "relative", JET_errInvalidPath}, /* below a folder that is not there any more */
        {JET_paramTempPath, 0, "relative", JET_errInvalidPath},
        {JET_paramMaxSessions, 7, NULL, JET_errAlreadyInitialized},
        {JET_paramLogFilePath, 0, "/", JET_errAlreadyInitialized},
        {JET_paramDatabasePageSize, 8192, NULL, JET_errAlreadyInitialized},
    };
    (void)state;
    const char *gone = make_scratch_folder("gone");
    int back = open(".", O_RDONLY | O_DIRECTORY);
    instance = plain_create("arguments");
    assert_int_equal(chdir(gone), 0);
    assert_int_equal(rmdir(gone), 0);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        bool is_late = ROWS[i].expected == JET_errAlreadyInitialized;
        JET_INSTANCE running = is_late ? plain_start("running") : instance;
        JET_ERR err = JetSetSystemParameter(&running, 0, ROWS[i].id, ROWS[i].number, ROWS[i].text);
        if (err != ROWS[i].expected)
            fail_msg("row %zu: %d, expected %d", i, err, ROWS[i].expected);
        if (is_late)
            plain_stop(running);
    }
    assert_int_equal(fchdir(back), 0);
    close(back);
    assert_int_equal(mkdir(gone, 0700), 0);
    assert_good(JetTerm(instance));
}

static void what_is_read_needs_room(void **state)
{
    JET_API_PTR number = 0;
    char text[16];
    char16_t wide[16];
    (void)state;
    instance = plain_create("room");
    assert_err(JetGetSystemParameterA(instance, 0, JET_paramBaseName, NULL, text, 3), JET_errBufferTooSmall);
    assert_err(JetGetSystemParameterW(instance, 0, JET_paramBaseName, NULL, wide, 6), JET_errBufferTooSmall);
    assert_good(JetGetSystemParameterA(instance, 0, JET_paramBaseName, NULL, text, 4));
    assert_string_equal(text, "edb");
    assert_err(JetGetSystemParameterA(instance, 0, JET_paramBaseName, NULL, NULL, 4), JET_errInvalidParameter);
    assert_err(JetGetSystemParameterA(instance, 0, JET_paramMaxSessions, NULL, text, 4), JET_errInvalidParameter);
    assert_err(JetGetSystemParameterA(instance, 0, NO_PARAMETER, &number, text, 4), JET_errInvalidParameter);
    assert_err(JetGetSystemParameterA(instance + 1, 0, JET_paramMaxSessions, &number, NULL, 0), JET_errInvalidInstance);
    assert_err(JetGetSystemParameterA(instance, instance, JET_paramMaxSessions, &number, NULL, 0), JET_errInvalidSesid);
    assert_good(JetTerm(instance));
}

/* --- without a session --- */

static void errors_are_explained(void **state)
{
    JET_ERRINFOBASIC_W info;
    JET_ERR known = JET_errKeyDuplicate, unknown = -31999;
    (void)state;
    const struct {
        void *error, *result;
        uint32_t size, level;
        JET_GRBIT grbit;
        JET_ERR expected;
    } rows[] = {
        {&known, &info, sizeof info, JET_ErrorInfoSpecificErr, 0, JET_errSuccess},
        {&unknown, &info, sizeof info, JET_ErrorInfoSpecificErr, 0, JET_errInvalidParameter},
        {NULL, &info, sizeof info, JET_ErrorInfoSpecificErr, 0, JET_errInvalidParameter},
        {&known, NULL, sizeof info, JET_ErrorInfoSpecificErr, 0, JET_errInvalidParameter},
        {&known, &info, sizeof info, 77, 0, JET_errInvalidParameter},
        {&known, &info, sizeof info, JET_ErrorInfoSpecificErr, 1, JET_errInvalidParameter},
        {&known, &info, sizeof info - 1, JET_ErrorInfoSpecificErr, 0, JET_errInvalidBufferSize}, /* where the page says JET_errInvalidParameter */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        JET_ERR err = JetGetErrorInfoW(rows[i].error, rows[i].result, rows[i].size, rows[i].level, rows[i].grbit);
        if (err != rows[i].expected)
            fail_msg("row %zu: %d, expected %d", i, err, rows[i].expected);
    }
    assert_int_equal(info.errValue, JET_errKeyDuplicate);
    assert_int_equal(info.errcatMostSpecific, JET_errcatState);
}

static void statistics_of_a_thread_come_in_the_sizes_of_their_versions(void **state)
{
    static const uint32_t SIZES[] = {sizeof(JET_THREADSTATS), sizeof(JET_THREADSTATS2)};
    JET_THREADSTATS2 stats;
    (void)state;
    assert_err(JetGetThreadStats(&stats, sizeof(JET_THREADSTATS) - 1), JET_errBufferTooSmall);
    assert_err(JetGetThreadStats(&stats, 0), JET_errBufferTooSmall);
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        assert_good(JetGetThreadStats(&stats, SIZES[i]));
        assert_int_equal(stats.cbStruct, SIZES[i]);
    }
}

static void buffers_of_the_engine_are_given_back(void **state)
{
    uint32_t count;
    JET_INSTANCE_INFO *infos = NULL;
    (void)state;
    instance = plain_start("buffers");
    assert_good(JetGetInstanceInfo(&count, &infos));
    assert_non_null(infos);
    assert_good(JetFreeBuffer((char *)infos));
    assert_good(JetFreeBuffer(NULL));
    plain_stop(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_there_before_the_start_and_after_the_stop),
        cmocka_unit_test(while_it_starts_none_is_read_or_written),
        cmocka_unit_test(while_it_ends_none_is_read_or_written),
        cmocka_unit_test(while_it_restores_none_is_read_or_written),
        cmocka_unit_test(what_is_set_must_make_sense),
        cmocka_unit_test(what_is_read_needs_room),
        cmocka_unit_test(errors_are_explained),
        cmocka_unit_test(statistics_of_a_thread_come_in_the_sizes_of_their_versions),
        cmocka_unit_test(buffers_of_the_engine_are_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
