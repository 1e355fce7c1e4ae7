/* Figures and limits of internal resources (src/engine/resources.h).
 *
 * Calls: JetGetResourceParam, JetSetResourceParam */
#define ESENT_PRIVATE
#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

enum { NO_LIMIT = INT32_MAX, SYSTEM_SESSIONS = 69, SYSTEM_BUCKETS = 2 };

static JET_API_PTR value_of(JET_INSTANCE instance, JET_RESOPER operation, JET_RESID resource)
{
    JET_API_PTR value = 0xDEAD;
    assert_good(JetGetResourceParam(instance, operation, resource, &value));
    return value;
}

static void what_is_no_resource_or_figure_is_refused(void **state)
{
    JET_API_PTR value = 0xDEAD;
    (void)state;
    assert_err(JetGetResourceParam(0, JET_resoperSize, JET_residNull, &value), JET_errInvalidParameter);
    assert_err(JetGetResourceParam(0, JET_resoperSize, JET_residMax, &value), JET_errInvalidParameter);
    assert_err(JetGetResourceParam(0, JET_resoperNull, JET_residFCB, &value), JET_errInvalidParameter);
    assert_err(JetGetResourceParam(0, JET_resoperMax, JET_residFCB, &value), JET_errInvalidParameter);
    assert_err(JetGetResourceParam(0, JET_resoperEnableMaxUse, JET_residFCB, &value), JET_errInvalidParameter);
    assert_err(JetGetResourceParam(0, JET_resoperSize, JET_residFCB, NULL), JET_errInvalidParameter);
    assert_err(JetSetResourceParam(0, JET_resoperMaxUse, JET_residMax, 5), JET_errInvalidParameter);
}

static void the_process_has_defaults_that_can_be_set_before_an_instance_is_made(void **state)
{
    JET_API_PTR value;
    (void)state;
    assert_err(JetGetResourceParam(0, JET_resoperCurrentUse, JET_residFUCB, &value), JET_errNotInitialized);
    assert_int_equal(value_of(0, JET_resoperMaxUse, JET_residFUCB), NO_LIMIT);
    assert_int_equal(value_of(0, JET_resoperSize, JET_residFUCB), 512);
    assert_int_equal(value_of(0, JET_resoperObjectsPerChunk, JET_residFUCB), 127);
    assert_int_equal(value_of(0, JET_resoperObjectsPerChunk, JET_residLRUKHIST), 1638);
    assert_int_equal(value_of(0, JET_resoperObjectsPerChunk, JET_residPAGE), 60);
    assert_int_equal(value_of(0, JET_resoperSize, JET_residPAGE), 4096);
    assert_int_equal(value_of(0, JET_resoperTag, JET_residPIB) & 0xFFFFFF, 'P' | 'I' << 8 | 'B' << 16);
    assert_err(JetSetResourceParam(0, JET_resoperSize, JET_residFCB, 100), JET_errInvalidParameter);
    assert_err(JetSetResourceParam(0, JET_resoperTag, JET_residFCB, 0), JET_errInvalidParameter);
    assert_err(JetSetResourceParam(0, JET_resoperCurrentUse, JET_residFCB, 10), JET_errInvalidParameter);
    assert_err(JetSetResourceParam(0, JET_resoperAlign, JET_residFCB, 3), JET_errInvalidParameter);
    assert_err(JetSetResourceParam(0, JET_resoperMaxUse, JET_residFCB, (JET_API_PTR)NO_LIMIT + 1), JET_errInvalidParameter);
    assert_good(JetSetResourceParam(0, JET_resoperMinUse, JET_residFCB, 10));
    assert_int_equal(value_of(0, JET_resoperMinUse, JET_residFCB), 10);
    assert_good(JetSetResourceParam(0, JET_resoperChunkSize, JET_residFCB, 65537));
    assert_int_equal(value_of(0, JET_resoperChunkSize, JET_residFCB), 131072);
    assert_good(JetSetResourceParam(0, JET_resoperSize, JET_residVERBUCKET, 65536));
    assert_int_equal(value_of(0, JET_resoperSize, JET_residVERBUCKET), 65504);
    assert_good(JetGetSystemParameter(0, 0, JET_paramVerPageSize, &value, NULL, 0));
    assert_int_equal(value, 65536);
    assert_good(JetSetResourceParam(0, JET_resoperMaxUse, JET_residAll, 300));
    assert_int_equal(value_of(0, JET_resoperMaxUse, JET_residKEY), 300);
    assert_int_equal(value_of(0, JET_resoperMaxUse, JET_residPAGE), NO_LIMIT);
    assert_err(JetSetResourceParam(0, JET_resoperMaxUse, JET_residAll, (JET_API_PTR)-1), JET_errInvalidParameter);
    assert_int_equal(value_of(0, JET_resoperMaxUse, JET_residFCB), 300);
}

static void limits_of_an_instance_are_its_parameters(void **state)
{
    JET_API_PTR value;
    (void)state;
    JET_INSTANCE instance = plain_create("limits");
    assert_int_equal(value_of(instance, JET_resoperMaxUse, JET_residPIB), NO_LIMIT); /* before it has started */
    assert_err(JetGetResourceParam(instance, JET_resoperCurrentUse, JET_residPIB, &value), JET_errNotInitialized);
    assert_good(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residPIB, 100));
    assert_good(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residFUCB, 500));
    assert_good(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residSCB, 20));
    assert_good(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residVERBUCKET, 100));
    assert_good(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residTDB, 500));
    assert_err(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residKEY, 500), JET_errAlreadyInitialized);
    assert_err(JetSetResourceParam(instance, JET_resoperMinUse, JET_residFCB, 5), JET_errAlreadyInitialized);
    assert_err(JetSetResourceParam(instance, JET_resoperEnableMaxUse, JET_residFCB, 0), JET_errAlreadyInitialized);
    assert_good(JetGetSystemParameter(instance, 0, JET_paramMaxSessions, &value, NULL, 0));
    assert_int_equal(value, 100 - SYSTEM_SESSIONS);
    assert_good(JetGetSystemParameter(instance, 0, JET_paramMaxVerPages, &value, NULL, 0));
    assert_int_equal(value, 100 - SYSTEM_BUCKETS);
    assert_good(JetInit(&instance));
    assert_int_equal(value_of(instance, JET_resoperMaxUse, JET_residPIB), 100);
    assert_int_equal(value_of(instance, JET_resoperMaxUse, JET_residFUCB), 500);
    assert_int_equal(value_of(instance, JET_resoperMaxUse, JET_residSCB), 20);
    assert_int_equal(value_of(instance, JET_resoperMaxUse, JET_residVERBUCKET), 100);
    assert_good(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residFUCB, 500)); /* what it is already */
    assert_err(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residFUCB, 501), JET_errAlreadyInitialized);
    assert_err(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residTDB, 500), JET_errAlreadyInitialized);
    assert_err(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residAll, 200), JET_errAlreadyInitialized);
    assert_err(JetGetResourceParam(instance + 1, JET_resoperMaxUse, JET_residPIB, &value), JET_errInvalidInstance);
    plain_stop(instance);
}

static void use_follows_what_is_open(void **state)
{
    JET_TABLEID table, second;
    JET_DBID dbid;
    JET_SESID other;
    (void)state;
    JET_INSTANCE instance = plain_start("use");
    assert_int_equal(value_of(instance, JET_resoperCurrentUse, JET_residPIB), 0);
    assert_int_equal(value_of(instance, JET_resoperCurrentUse, JET_residINST), 1);
    JET_SESID session = plain_session(instance);
    assert_good(JetBeginSession(instance, &other, NULL, NULL));
    assert_int_equal(value_of(instance, JET_resoperCurrentUse, JET_residPIB), 2);
    assert_int_equal(value_of(0, JET_resoperCurrentUse, JET_residPIB), 2);
    assert_good(JetCreateDatabase(session, "use.edb", NULL, &dbid, JET_bitDbOverwriteExisting));
    JET_API_PTR tables = value_of(instance, JET_resoperCurrentUse, JET_residTDB);
    assert_good(JetCreateTable(session, dbid, "first", 4, 80, &table));
    assert_int_equal(value_of(instance, JET_resoperCurrentUse, JET_residFUCB), 1);
    assert_good(JetDupCursor(session, table, &second, 0));
    assert_int_equal(value_of(instance, JET_resoperCurrentUse, JET_residFUCB), 2);
    assert_true(value_of(instance, JET_resoperCurrentUse, JET_residTDB) > tables);
    assert_good(JetCloseTable(session, second));
    assert_int_equal(value_of(instance, JET_resoperCurrentUse, JET_residFUCB), 1);
    assert_good(JetEndSession(other, 0));
    assert_int_equal(value_of(instance, JET_resoperCurrentUse, JET_residPIB), 1);
    plain_stop(instance);
}

static void nothing_is_set_in_simple_mode(void **state)
{
    (void)state;
    JET_INSTANCE instance = plain_create("simple");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnableAdvanced, 0, NULL));
    JET_API_PTR before, after;
    assert_good(JetGetSystemParameter(instance, 0, JET_paramMaxCursors, &before, NULL, 0));
    assert_good(JetSetResourceParam(instance, JET_resoperMaxUse, JET_residFUCB, before + 5));
    assert_good(JetGetSystemParameter(instance, 0, JET_paramMaxCursors, &after, NULL, 0));
    assert_int_equal(after, before);
    plain_stop(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_resource_or_figure_is_refused),
        cmocka_unit_test(the_process_has_defaults_that_can_be_set_before_an_instance_is_made),
        cmocka_unit_test(limits_of_an_instance_are_its_parameters),
        cmocka_unit_test(use_follows_what_is_open),
        cmocka_unit_test(nothing_is_set_in_simple_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
