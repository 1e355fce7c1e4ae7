/* Instances: states and what each refuses, paths, stop service, end, information (instance-and-session 3, 4, 7, 9, 10, 15).
 *
 * Pages: JetCreateInstance, JetGetErrorInfoW, JetGetInstanceInfo, JetInit, JetInit3, JetStopServiceInstance, JetStopServiceInstance2, JetTerm2 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

static int count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void a_created_instance_only_takes_parameters(void **state)
{
    JET_SESID session;
    JET_API_PTR value;
    JET_SIGNATURE signature;
    (void)state;
    JET_INSTANCE instance = plain_create("created");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxSessions, 5, NULL));
    assert_good(JetGetSystemParameter(instance, 0, JET_paramMaxSessions, &value, NULL, 0));
    assert_err(JetBeginSession(instance, &session, NULL, NULL), JET_errNotInitialized);
    assert_err(JetGetInstanceMiscInfo(instance, &signature, sizeof signature, JET_InstanceMiscInfoLogSignature), JET_errNotInitialized);
    assert_good(JetStopServiceInstance(instance)); /* sets the flag, touches nothing */
    assert_err(JetBeginSession(instance, &session, NULL, NULL), JET_errClientRequestToStopJetService); /* tested before the rest */
    assert_good(JetTerm2(instance, 0));
    assert_err(JetTerm2(instance, 0), JET_errInvalidParameter); /* the last one: nothing to address */
}

static void a_running_instance_is_not_started_again(void **state)
{
    JET_SESID session;
    (void)state;
    JET_INSTANCE instance = plain_start("running");
    assert_err(JetInit(&instance), JET_errAlreadyInitialized);
    assert_true(instance != 0);
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramMaxSessions, 5, NULL), JET_errAlreadyInitialized);
    plain_stop(instance);
    assert_err(JetBeginTransaction(session), JET_errInvalidSesid);
}

static void a_stopped_instance_lets_clients_clean_up_only(void **state)
{
    JET_SESID session, another;
    (void)state;
    JET_INSTANCE instance = plain_start("stopped");
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    assert_good(JetBeginSession(instance, &another, NULL, NULL));
    assert_good(JetBeginTransaction(session));
    assert_err(JetStopServiceInstance2(instance, 1), JET_errInvalidGrbit);
    assert_err(JetStopServiceInstance2(instance, 8), JET_errInvalidGrbit);
    assert_good(JetStopServiceInstance2(instance, JET_bitStopServiceQuiesceCaches));
    assert_good(JetStopServiceInstance2(instance, JET_bitStopServiceResume | JET_bitStopServiceQuiesceCaches));
    assert_good(JetStopServiceInstance2(instance, JET_bitStopServiceResume));
    assert_good(JetStopServiceInstance(instance));
    assert_good(JetStopServiceInstance(instance));
    assert_err(JetStopServiceInstance2(instance, JET_bitStopServiceResume), JET_errClientRequestToStopJetService);
    assert_err(JetBeginTransaction(another), JET_errClientRequestToStopJetService);
    assert_err(JetCommitTransaction(session, 0), JET_errClientRequestToStopJetService);
    assert_err(JetBeginSession(instance, &another, NULL, NULL), JET_errClientRequestToStopJetService);
    assert_good(JetRollback(session, 0));
    assert_good(JetEndSession(session, 0));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramDbExtensionSize, 7, NULL));
    plain_stop(instance);
}

static void an_open_transaction_keeps_an_instance_alive(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_start("busy");
    JET_SESID session = plain_session(instance);
    assert_good(JetBeginTransaction(session));
    assert_err(JetTerm2(instance, JET_bitTermComplete), JET_errTooManyActiveUsers);
    assert_err(JetTerm2(instance, JET_bitTermAbrupt), JET_errTooManyActiveUsers);
    assert_good(JetBeginTransaction(session)); /* it stays usable */
    assert_err(JetTerm2(instance, JET_bitTermDirty), JET_errDirtyShutdown);
    assert_err(JetRollback(session, 0), JET_errInvalidSesid);
}

static void without_logging_no_file_is_left_behind(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("empty");
    JET_INSTANCE instance = plain_create("tidy");
    plain_configure(instance, folder);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxTemporaryTables, 0, NULL));
    assert_good(JetInit(&instance));
    JET_SESID session = plain_session(instance);
    assert_good(JetEndSession(session, 0));
    plain_stop(instance);
    assert_int_equal(count_files(folder), 0);
}

static void instances_do_not_share_places(void **state)
{
    (void)state;
    const char *shared = make_scratch_folder("shared"), *own = make_scratch_folder("own");
    JET_INSTANCE first = plain_create("first"), second = plain_create("second");
    plain_configure(first, shared);
    assert_good(JetInit(&first));
    plain_configure(second, own);
    assert_good(JetSetSystemParameter(&second, 0, JET_paramTempPath, 0, text_of("%s/../%s/temp.edb", shared, strrchr(shared, '/') + 1)));
    assert_err(JetInit(&second), JET_errTempPathInUse);
    second = plain_create("second");
    plain_configure(second, own);
    assert_good(JetSetSystemParameter(&second, 0, JET_paramSystemPath, 0, text_of("%s/", shared)));
    assert_err(JetInit(&second), JET_errSystemPathInUse);
    second = plain_create("second");
    plain_configure(second, shared);
    assert_good(JetSetSystemParameter(&second, 0, JET_paramMaxTemporaryTables, 0, NULL));
    assert_good(JetSetSystemParameter(&second, 0, JET_paramBaseName, 0, "two"));
    assert_good(JetInit(&second));
    plain_stop(second);
    plain_stop(first);
}

static void missing_folders_are_made_on_request(void **state)
{
    (void)state;
    const char *folder = text_of("%s/not/yet", make_scratch_folder("create"));
    JET_INSTANCE instance = plain_create("create");
    plain_configure(instance, folder);
    assert_err(JetInit(&instance), JET_errInvalidPath);
    instance = plain_create("create");
    plain_configure(instance, folder);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramCreatePathIfNotExist, 1, NULL));
    assert_good(JetInit(&instance));
    assert_int_equal(access(folder, F_OK), 0);
    plain_stop(instance);
}

static void contradictory_settings_are_refused(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_create("settings");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 65, NULL));
    assert_err(JetInit(&instance), JET_errInvalidSettings);
    instance = plain_create("settings");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramCleanupMismatchedLogFiles, 1, NULL));
    assert_err(JetInit(&instance), JET_errInvalidSettings);
}

static void restore_information_is_checked(void **state)
{
    JET_RSTINFO_A info = {.cbStruct = sizeof info - 1};
    JET_RSTMAP_A map = {(char *)(uintptr_t) "old.edb", (char *)(uintptr_t) ""};
    (void)state;
    JET_INSTANCE instance = plain_create("restore"), kept = instance;
    assert_err(JetInit3A(&instance, &info, 0), JET_errInvalidParameter);
    assert_true(instance == kept); /* an early check leaves the instance alone */
    info.cbStruct = sizeof info;
    info.crstmap = 15;
    assert_err(JetInit3A(&instance, &info, 0), JET_errInvalidParameter);
    assert_true(instance == 0); /* a later one destroys it */
    instance = plain_create("restore");
    info.crstmap = 1;
    info.rgrstmap = &map;
    assert_err(JetInit3A(&instance, &info, 0), JET_errDatabaseInvalidName);
    assert_true(instance == 0);
}

static JET_ERR probe_answer;
static int probe_calls;
static JET_ERR probe(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid, JET_CBTYP cbtyp, void *a, void *b, void *context, JET_API_PTR unused)
{
    (void)a, (void)b, (void)context, (void)unused;
    assert_true(sesid == JET_sesidNil && dbid == JET_dbidNil && tableid == JET_tableidNil && cbtyp == JET_cbtypNull);
    probe_calls++;
    return probe_answer;
}

static void a_runtime_callback_is_tried_at_start(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_create("callback");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRuntimeCallback, (JET_API_PTR)(uintptr_t)&probe, NULL));
    assert_good(JetInit(&instance));
    assert_int_equal(probe_calls, 1);
    plain_stop(instance);
    probe_answer = JET_errCallbackFailed;
    instance = plain_create("callback");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRuntimeCallback, (JET_API_PTR)(uintptr_t)&probe, NULL));
    assert_err(JetInit(&instance), JET_errCallbackFailed);
}

static void the_list_of_instances_is_one_buffer(void **state)
{
    uint32_t count = 99;
    JET_INSTANCE_INFO_A *narrow = (void *)1;
    JET_INSTANCE_INFO_W *wide = NULL;
    (void)state;
    assert_err(JetGetInstanceInfo(NULL, &narrow), JET_errInvalidParameter);
    assert_good(JetGetInstanceInfo(&count, &narrow));
    assert_int_equal(count, 0);
    assert_null(narrow);
    assert_good(JetFreeBuffer(NULL));
    JET_INSTANCE a = plain_start("alpha"), b = plain_create("b\xC3\xA9ta");
    assert_good(JetGetInstanceInfo(&count, &narrow));
    assert_int_equal(count, 2);
    assert_true(narrow[0].hInstanceId == b && narrow[1].hInstanceId == a);
    assert_string_equal(narrow[1].szInstanceName, "alpha");
    assert_int_equal(narrow[1].cDatabases, 0);
    assert_good(JetGetInstanceInfoW(&count, &wide));
    assert_memory_equal(wide[0].szInstanceName, u"b\u00e9ta", 10);
    assert_good(JetFreeBuffer((char *)narrow));
    assert_good(JetFreeBuffer((char *)wide));
    assert_good(JetFreeBuffer((char *)&count)); /* a foreign address is not touched */
    plain_stop(a);
    assert_good(JetTerm(b));
}

static void errors_have_categories(void **state)
{
    JET_ERRINFOBASIC_W info;
    JET_ERR number = JET_errOutOfMemory, unknown = -31999;
    (void)state;
    memset(&info, 0xEE, sizeof info);
    assert_good(JetGetErrorInfoW(&number, &info, sizeof info, JET_ErrorInfoSpecificErr, 0));
    assert_int_equal(info.cbStruct, sizeof info);
    assert_int_equal(info.errValue, JET_errOutOfMemory);
    assert_int_equal(info.errcatMostSpecific, JET_errcatMemory);
    assert_int_equal(info.rgCategoricalHierarchy[0], JET_errcatError);
    assert_int_equal(info.rgCategoricalHierarchy[1], JET_errcatOperation);
    assert_int_equal(info.rgCategoricalHierarchy[2], JET_errcatResource);
    assert_int_equal(info.rgCategoricalHierarchy[3], JET_errcatMemory);
    assert_int_equal(info.rgCategoricalHierarchy[4], 0);
    assert_int_equal(info.lSourceLine, 0);
    assert_int_equal(info.rgszSourceFile[0], 0);
    assert_err(JetGetErrorInfoW(&number, &info, sizeof info - 1, JET_ErrorInfoSpecificErr, 0), JET_errInvalidBufferSize);
    assert_err(JetGetErrorInfoW(&number, &info, sizeof info, 2, 0), JET_errInvalidParameter);
    assert_err(JetGetErrorInfoW(&number, &info, sizeof info, JET_ErrorInfoSpecificErr, 1), JET_errInvalidParameter);
    assert_err(JetGetErrorInfoW(NULL, &info, sizeof info, JET_ErrorInfoSpecificErr, 0), JET_errInvalidParameter);
    assert_err(JetGetErrorInfoW(&unknown, &info, sizeof info, JET_ErrorInfoSpecificErr, 0), JET_errInvalidParameter);
}

static void thread_statistics_come_in_sizes(void **state)
{
    JET_THREADSTATS2 stats;
    (void)state;
    memset(&stats, 0xEE, sizeof stats);
    assert_good(JetGetThreadStats(&stats, sizeof stats));
    assert_int_equal(stats.cbStruct, 48);
    assert_good(JetGetThreadStats(&stats, sizeof(JET_THREADSTATS)));
    assert_int_equal(stats.cbStruct, 32);
    assert_err(JetGetThreadStats(&stats, 31), JET_errBufferTooSmall);
    assert_err(JetGetThreadStats(NULL, 32), JET_errInvalidParameter);
}

/* Threads that use an instance while it ends: every answer is success or one of the documented refusals. */
struct user {
    JET_INSTANCE instance;
    int unexpected;
};

static void *use_until_refused(void *argument)
{
    struct user *user = argument;
    for (;;) {
        JET_SESID session;
        JET_ERR err = JetBeginSession(user->instance, &session, NULL, NULL);
        if (err == JET_errTermInProgress || err == JET_errInvalidInstance || err == JET_errInvalidParameter)
            return NULL;
        if (err == JET_errOutOfSessions)
            continue;
        if (err == JET_errSuccess)
            err = JetEndSession(session, 0);
        if (err == JET_errTermInProgress || err == JET_errInvalidSesid)
            return NULL;
        if (err != JET_errSuccess) {
            user->unexpected = err;
            return NULL;
        }
    }
}

static void ending_waits_for_the_calls_inside(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        JET_INSTANCE keep = plain_create("keep");
        struct user user = {plain_start("ending"), 0};
        pthread_t threads[3];
        for (int i = 0; i < 3; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, use_until_refused, &user), 0);
        usleep(1000);
        assert_good(JetTerm2(user.instance, JET_bitTermComplete));
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(user.unexpected, 0);
        assert_good(JetTerm(keep));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_created_instance_only_takes_parameters),
        cmocka_unit_test(a_running_instance_is_not_started_again),
        cmocka_unit_test(a_stopped_instance_lets_clients_clean_up_only),
        cmocka_unit_test(an_open_transaction_keeps_an_instance_alive),
        cmocka_unit_test(without_logging_no_file_is_left_behind),
        cmocka_unit_test(instances_do_not_share_places),
        cmocka_unit_test(missing_folders_are_made_on_request),
        cmocka_unit_test(contradictory_settings_are_refused),
        cmocka_unit_test(restore_information_is_checked),
        cmocka_unit_test(a_runtime_callback_is_tried_at_start),
        cmocka_unit_test(the_list_of_instances_is_one_buffer),
        cmocka_unit_test(errors_have_categories),
        cmocka_unit_test(thread_statistics_come_in_sizes),
        cmocka_unit_test(ending_waits_for_the_calls_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
