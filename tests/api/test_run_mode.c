/* The run mode of the process: unset, one instance, many (instance-and-session 2, 6). */
#include <stdlib.h>

#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

/* Defaults for an instance that JetInit itself makes. */
static int set_defaults(void **state)
{
    const char *folder = make_scratch_folder("legacy");
    (void)state;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramRecovery, 0, "off"));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramEventLoggingLevel, 0, NULL));
    return 0;
}

static void unset_mode_has_nothing_to_address(void **state)
{
    JET_SESID session;
    (void)state;
    assert_err(JetStopService(), JET_errInvalidParameter);
    assert_err(JetStopServiceInstance(12345), JET_errInvalidParameter);
    assert_err(JetTerm(0), JET_errInvalidParameter);
    assert_err(JetTerm(0x0100000001000001), JET_errInvalidParameter);
    assert_err(JetBeginSession(0, &session, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetBeginTransaction(0x0200000001000001), JET_errInvalidSesid);
}

static void legacy_init_needs_no_handle(void **state)
{
    JET_SESID session;
    JET_INSTANCE created = 0;
    (void)state;
    assert_good(JetInit(NULL));
    assert_err(JetInit(NULL), JET_errAlreadyInitialized);
    assert_err(JetCreateInstance(&created, "x"), JET_errRunningInOneInstanceMode);
    assert_true(created == JET_instanceNil);
    assert_err(JetEnableMultiInstance(NULL, 0, NULL), JET_errRunningInOneInstanceMode);
    assert_good(JetBeginSession(0, &session, NULL, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDbExtensionSize, 123, NULL));
    assert_good(JetEndSession(session, 0));
    assert_good(JetBeginSession(98765, &session, NULL, NULL)); /* the argument is ignored */
    assert_good(JetStopService());
    assert_good(JetTerm(0));
    JET_API_PTR value = 0;
    assert_good(JetGetSystemParameter(0, 0, JET_paramDbExtensionSize, &value, NULL, 0));
    assert_int_equal(value, 256); /* it was the instance's */
    assert_err(JetTerm(0), JET_errInvalidParameter);
}

static void legacy_init_gives_a_handle_where_there_is_room(void **state)
{
    JET_INSTANCE instance = 0;
    (void)state;
    assert_good(JetInit(&instance));
    assert_true(instance != 0 && instance != JET_instanceNil);
    assert_good(JetTerm(instance));
    instance = JET_instanceNil;
    assert_good(JetInit(&instance));
    assert_good(JetTerm(instance));
    assert_err(JetTerm(instance), JET_errInvalidParameter);
}

static void a_created_instance_makes_the_mode_multi(void **state)
{
    JET_INSTANCE instance = 0, nameless = 0, second = 0;
    JET_SESID session;
    (void)state;
    instance = plain_create("first");
    assert_err(JetInit(NULL), JET_errRunningInMultiInstanceMode);
    assert_err(JetStopService(), JET_errRunningInMultiInstanceMode);
    assert_err(JetBeginSession(0, &session, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetBeginSession(JET_instanceNil, &session, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetBeginSession(instance + 1, &session, NULL, NULL), JET_errInvalidInstance);
    assert_err(JetBeginSession(instance, &session, NULL, NULL), JET_errNotInitialized);
    assert_good(JetInit(&nameless));
    assert_err(JetInit(&second), JET_errInstanceNameInUse);
    assert_true(second == JET_instanceNil);
    assert_good(JetTerm(nameless));
    assert_err(JetTerm(nameless), JET_errInvalidInstance);
    assert_good(JetTerm(instance));
    assert_good(JetInit(NULL)); /* unset again: legacy works */
    assert_good(JetTerm(0));
}

static void names_and_numbers_of_instances_are_limited(void **state)
{
    JET_INSTANCE a = 0, b = 0;
    (void)state;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramMaxInstances, 2, NULL));
    assert_err(JetCreateInstance(NULL, "a"), JET_errInvalidParameter);
    assert_good(JetCreateInstance(&a, "a"));
    assert_err(JetCreateInstance(&b, "a"), JET_errInstanceNameInUse);
    assert_good(JetCreateInstanceW(&b, u"A"));
    JET_INSTANCE c = 0;
    assert_err(JetCreateInstance(&c, "c"), JET_errTooManyInstances);
    assert_true(c == JET_instanceNil);
    assert_err(JetSetSystemParameter(NULL, 0, JET_paramMaxInstances, 3, NULL), JET_errAlreadyInitialized);
    assert_good(JetTerm(a));
    assert_good(JetTerm(b));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramMaxInstances, 16, NULL));
}

static void a_failed_init_frees_the_instance_and_the_mode(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_create("doomed"), old = instance;
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, "/nonexistent/folder/"));
    assert_err(JetInit(&instance), JET_errInvalidPath);
    assert_true(instance == 0);
    assert_err(JetTerm(old), JET_errInvalidParameter); /* nothing is left: the mode is unset */
    assert_err(JetInit(&old), JET_errInvalidParameter);
    assert_good(JetInit(NULL));
    assert_good(JetTerm(0));
}

static void enable_multi_instance_sets_once_then_compares(void **state)
{
    JET_SETSYSPARAM settings[] = {
        {.paramid = JET_paramMaxSessions, .lParam = 21},
        {.paramid = JET_paramEventSource, .sz = "app"},
        {.paramid = 185, .lParam = 1},
    };
    uint32_t done = 99;
    JET_API_PTR value = 0;
    (void)state;
    assert_err(JetEnableMultiInstance(NULL, 1, &done), JET_errInvalidParameter);
    assert_err(JetEnableMultiInstance(settings, 3, &done), JET_errInvalidParameter);
    assert_int_equal(done, 2);
    assert_good(settings[1].err);
    assert_err(settings[2].err, JET_errInvalidParameter);
    assert_good(JetEnableMultiInstance(settings, 2, &done));
    assert_int_equal(done, 2);
    assert_err(JetEnableMultiInstance(settings, 2, &done), JET_errSystemParamsAlreadySet);
    settings[0].lParam = 22;
    assert_err(JetEnableMultiInstance(settings, 2, &done), JET_errSystemParameterConflict);
    assert_good(JetGetSystemParameter(0, 0, JET_paramMaxSessions, &value, NULL, 0));
    assert_int_equal(value, 21);
    assert_err(JetInit(NULL), JET_errRunningInMultiInstanceMode);
    JET_INSTANCE instance = plain_create("multi");
    assert_good(JetTerm(instance)); /* the last one: back to unset */
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramMaxSessions, 16, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramEventSource, 0, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unset_mode_has_nothing_to_address),
        cmocka_unit_test(legacy_init_needs_no_handle),
        cmocka_unit_test(legacy_init_gives_a_handle_where_there_is_room),
        cmocka_unit_test(a_created_instance_makes_the_mode_multi),
        cmocka_unit_test(names_and_numbers_of_instances_are_limited),
        cmocka_unit_test(a_failed_init_frees_the_instance_and_the_mode),
        cmocka_unit_test(enable_multi_instance_sets_once_then_compares),
    };
    return cmocka_run_group_tests(tests, set_defaults, NULL);
}
