/* Calls for ESENT's own developers, and revert snapshots where there are none (src/api/jet_diagnostics.c, jet_revert.c).
 *
 * Calls: JetGetCounter, JetResetCounter, JetTestHook, JetTracing, JetUpgradeDatabase, JetGetRBSFileInfo, JetRBSPrepareRevert, JetRBSExecuteRevert, JetRBSCancelRevert, JetGetInstanceMiscInfo */
#define ESENT_PRIVATE
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "format/checksum.h"
#include "plain_instance.h"
#include "shared_data.h"

enum { HEADER_SIZE = 8192 };

static void counters_are_gone_and_formats_are_not_upgraded(void **state)
{
    int32_t value = 5;
    (void)state;
    JET_INSTANCE instance = plain_start("counters");
    JET_SESID session = plain_session(instance);
    assert_err(JetGetCounter(session, 1, &value), JET_errFeatureNotAvailable);
    assert_err(JetResetCounter(session, 1), JET_errFeatureNotAvailable);
    assert_int_equal(value, 5);
    assert_int_equal(JetUpgradeDatabase(session, "old.edb", NULL, 0), JET_wrnNyi);
    assert_int_equal(JetUpgradeDatabaseW(session, NULL, NULL, 0), JET_wrnNyi);
    plain_stop(instance);
    assert_err(JetGetCounter(session, 1, &value), JET_errInvalidSesid);
    assert_err(JetResetCounter(session, 1), JET_errInvalidSesid);
    assert_err(JetUpgradeDatabase(session, "old.edb", NULL, 0), JET_errInvalidSesid);
}

static unsigned told_tags;
static char told_name[64];
static void tell_tag(JET_TRACETAG tag, const char *name, JET_API_PTR *word)
{
    told_tags++;
    if (tag == JET_tracetagRBS)
        snprintf(told_name, sizeof told_name, "%s", name);
    assert_int_not_equal(strlen(name), 0);
    *word = 1;
}

static void traces_are_accepted_and_their_names_told(void **state)
{
    JET_API_PTR function;
    void (*callback)(JET_TRACETAG, const char *, JET_API_PTR *) = tell_tag;
    (void)state;
    memcpy(&function, &callback, sizeof function);
    assert_err(JetTracing(JET_traceopNull, JET_tracetagAPI, 0), JET_errInvalidParameter);
    assert_err(JetTracing(JET_traceopMax, JET_tracetagAPI, 0), JET_errInvalidParameter);
    assert_good(JetTracing(JET_traceopSetGlobal, JET_tracetagNull, 1));
    assert_good(JetTracing(JET_traceopSetTag, JET_tracetagAPI, 1));
    assert_err(JetTracing(JET_traceopSetTag, JET_tracetagNull, 1), JET_errInvalidParameter);
    assert_err(JetTracing(JET_traceopSetTag, JET_tracetagMax, 1), JET_errInvalidParameter);
    assert_good(JetTracing(JET_traceopSetEmitCallback, JET_tracetagNull, 0));
    assert_err(JetTracing(JET_traceopRegisterTag, JET_tracetagRBS, 0), JET_errInvalidParameter);
    assert_good(JetTracing(JET_traceopRegisterTag, JET_tracetagRBS, function));
    assert_int_equal(told_tags, 1);
    assert_string_equal(told_name, "RBS");
    assert_err(JetTracing(JET_traceopRegisterAllTags, JET_tracetagNull, 0), JET_errInvalidParameter);
    assert_good(JetTracing(JET_traceopRegisterAllTags, JET_tracetagNull, function));
    assert_int_equal(told_tags, 1 + JET_tracetagMax - 1);
}

static void test_hooks_answer_as_a_retail_build(void **state)
{
    uint32_t injection[8] = {sizeof injection}, tick = 0, again = 0;
    (void)state;
    assert_err(JetTestHook((TESTHOOK_OP)-1, NULL), JET_errInvalidParameter);
    assert_err(JetTestHook((TESTHOOK_OP)26, NULL), JET_errInvalidParameter);
    assert_err(JetTestHook(opTestHookUnitTests, NULL), JET_errDisabledFunctionality);
    assert_err(JetTestHook(opTestHookTestInjection, NULL), JET_errInvalidParameter);
    assert_err(JetTestHook(opTestHookTestInjection, injection), JET_errTestInjectionNotSupported);
    assert_good(JetTestHook(opTestHookThrowError, (void *)(intptr_t)-1));
    assert_good(JetTestHook(opTestHookThrowAssert, NULL));
    assert_good(JetTestHook(opTestHookTraceTestMarker, (void *)(intptr_t)5));
    assert_err(JetTestHook(opTestHookTraceTestMarker, injection), JET_errInvalidParameter);
    assert_err(JetTestHook(opTestHookEvictCache, NULL), JET_errDisabledFunctionality);
    assert_good(JetTestHook(opTestHookGetEngineTickNow, &tick));
    assert_good(JetTestHook(opTestHookGetEngineTickNow, &again));
    assert_true(again - tick < 60000);
    struct live_instance live;
    live_start(&live, 4096);
    JET_API_PTR tip = live.instance, later = live.instance;
    JET_DBID dbid;
    assert_good(JetTestHook(opTestHookGetLogTip, &tip));
    assert_good(JetCreateDatabase(live.session, "tip.edb", NULL, &dbid, JET_bitDbOverwriteExisting));
    assert_good(JetTestHook(opTestHookGetLogTip, &later));
    assert_true(tip >> 32 >= 1);
    assert_true(later > tip);
    live_stop(&live);
    assert_true(JetTestHook(opTestHookGetLogTip, &later) < 0);
}

static void where_no_snapshot_was_taken_none_can_be_reverted_to(void **state)
{
    JET_LOGTIME time = {0}, actual;
    JET_RBSREVERTINFOMISC done;
    JET_RBSINFOMISC info, before;
    (void)state;
    JET_INSTANCE instance = plain_create("revert");
    assert_err(JetSetSystemParameter(&instance, 0, JET_paramEnableRBS, 1, NULL), JET_errFeatureNotAvailable);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnableRBS, 0, NULL));
    assert_good(JetRBSCancelRevert(instance));
    assert_err(JetRBSPrepareRevert(instance, time, 0, 0, &actual), JET_errRBSRCInvalidRBS);
    assert_err(JetRBSExecuteRevert(instance, 0, &done), JET_errInvalidParameter);
    assert_good(JetInit(&instance));
    assert_good(JetRBSCancelRevert(instance));
    assert_err(JetRBSPrepareRevert(instance, time, 0, 0, &actual), JET_errRBSRCInvalidRBS);
    memset(&info, 0x55, sizeof info);
    before = info;
    assert_good(JetGetInstanceMiscInfo(instance, &info, sizeof info, JET_InstanceMiscInfoRBS));
    assert_memory_equal(&info, &before, sizeof info);
    assert_err(JetGetInstanceMiscInfo(instance, &info, sizeof info - 1, JET_InstanceMiscInfoRBS), JET_errBufferTooSmall);
    plain_stop(instance);
    assert_true(JetRBSCancelRevert(instance) < 0);
    assert_true(JetRBSPrepareRevert(instance, time, 0, 0, &actual) < 0);
    assert_true(JetRBSExecuteRevert(instance, 0, &done) < 0);
}

static void write_file(const char *path, const uint8_t *first, const uint8_t *second)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(first, HEADER_SIZE, 1, f), 1);
    assert_int_equal(fwrite(second, HEADER_SIZE, 1, f), 1);
    assert_int_equal(fclose(f), 0);
}

static void headers_of_snapshots_are_read(void **state)
{
    static uint8_t header[HEADER_SIZE], bad[HEADER_SIZE];
    JET_RBSINFOMISC info;
    (void)state;
    JET_INSTANCE instance = plain_start("snapshots"); /* its folder is where the test is then */
    memset(header + 100, 0xAB, 500);
    store_le32(header + 4, 77);
    memcpy(header + 8, "\x01\x02\x03\x04\x05\x7E\x01\x00", 8);
    memcpy(header + 16, "\x06\x07\x08\x09\x0A\x7D\x01\x00", 8);
    store_le32(header + 24, 1);
    store_le32(header + 28, 5);
    store_le64(header + 32, 0x123456789A);
    store_le32(header + 667, 10);
    store_le32(header, checksum_header(header, HEADER_SIZE));
    memcpy(bad, header, HEADER_SIZE);
    bad[50] ^= 1;
    for (int i = 0; i < 2; i++) {
        write_file("snapshot.rbs", i == 0 ? header : bad, i == 0 ? bad : header);
        memset(&info, 0x55, sizeof info);
        assert_good(i == 0 ? JetGetRBSFileInfoA("snapshot.rbs", &info, sizeof info, JET_RBSFileInfoMisc) : JetGetRBSFileInfoW(u"snapshot.rbs", &info, sizeof info, JET_RBSFileInfoMisc));
        assert_int_equal(info.lRBSGeneration, 77);
        assert_int_equal(info.ulMajor, 1);
        assert_int_equal(info.ulMinor, 5);
        assert_int_equal(info.cbLogicalFileSize, 0x123456789A);
        assert_memory_equal(&info.logtimeCreate, header + 8, 8);
        assert_memory_equal(&info.logtimeCreatePrevRBS, header + 16, 8);
    }
    assert_err(JetGetRBSFileInfoA("snapshot.rbs", &info, sizeof info - 1, JET_RBSFileInfoMisc), JET_errInvalidBufferSize);
    assert_err(JetGetRBSFileInfoA("snapshot.rbs", &info, sizeof info + 1, JET_RBSFileInfoMisc), JET_errInvalidBufferSize);
    assert_good(JetGetRBSFileInfoA("snapshot.rbs", &info, sizeof info, 1));
    write_file("snapshot.rbs", bad, bad);
    assert_err(JetGetRBSFileInfoA("snapshot.rbs", &info, sizeof info, JET_RBSFileInfoMisc), JET_errReadVerifyFailure);
    assert_err(JetGetRBSFileInfoA("nowhere.rbs", &info, sizeof info, JET_RBSFileInfoMisc), JET_errFileNotFound);
    assert_err(JetGetRBSFileInfoA(NULL, &info, sizeof info, JET_RBSFileInfoMisc), JET_errFileAccessDenied);
    FILE *f = fopen("snapshot.rbs", "wb"); /* too short for a header */
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    assert_err(JetGetRBSFileInfoA("snapshot.rbs", &info, sizeof info, JET_RBSFileInfoMisc), JET_errReadVerifyFailure);
    plain_stop(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_gone_and_formats_are_not_upgraded),
        cmocka_unit_test(traces_are_accepted_and_their_names_told),
        cmocka_unit_test(test_hooks_answer_as_a_retail_build),
        cmocka_unit_test(where_no_snapshot_was_taken_none_can_be_reverted_to),
        cmocka_unit_test(headers_of_snapshots_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
