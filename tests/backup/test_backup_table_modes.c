/* How backup calls find their instance: no run mode yet, one-instance mode, A and W (backup-and-restore 2). The refusals of multi-instance mode are in
 * test_backup_states.c. */
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "live_instance.h"
#include "shared_data.h"

enum { LIST_BYTES = 1 << 16, BUFFER_BYTES = 1 << 20 };
#define ANY_HANDLE ((JET_INSTANCE)0x1234567)

static char list[LIST_BYTES];
static char16_t wide[LIST_BYTES / 2];
static uint8_t *buffer;
static uint32_t number;
static JET_HANDLE handle;

static JET_ERR begin(void) { return JetBeginExternalBackup(0); }
static JET_ERR attach_info_a(void) { return JetGetAttachInfoA(list, LIST_BYTES, &number); }
static JET_ERR attach_info_w(void) { return JetGetAttachInfoW(wide, sizeof wide, &number); }
static JET_ERR open_a(void) { return JetOpenFileA("/absent", &handle, &number, &number); }
static JET_ERR open_w(void) { return JetOpenFileW(u"/absent", &handle, &number, &number); }
static JET_ERR read_it(void) { return JetReadFile(0, buffer, BUFFER_BYTES, &number); }
static JET_ERR close_it(void) { return JetCloseFile(0); }
static JET_ERR log_info_a(void) { return JetGetLogInfoA(list, LIST_BYTES, &number); }
static JET_ERR log_info_w(void) { return JetGetLogInfoW(wide, sizeof wide, &number); }
static JET_ERR truncate(void) { return JetTruncateLog(); }
static JET_ERR end(void) { return JetEndExternalBackup(); }
static JET_ERR stop(void) { return JetStopBackup(); }
static JET_ERR begin_instance(void) { return JetBeginExternalBackupInstance(ANY_HANDLE, 0); }
static JET_ERR end_instance(void) { return JetEndExternalBackupInstance(ANY_HANDLE); }
static JET_ERR end_instance_2(void) { return JetEndExternalBackupInstance2(ANY_HANDLE, JET_bitBackupEndAbort); }
static JET_ERR stop_instance(void) { return JetStopBackupInstance(ANY_HANDLE); }

static JET_ERR (*const CALLS[])(void) = {begin, attach_info_a, attach_info_w, open_a, open_w, read_it, close_it, log_info_a, log_info_w, truncate, end, stop,
                                         begin_instance, end_instance, end_instance_2, stop_instance};

static void without_an_instance_every_form_is_an_invalid_parameter(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++)
        if (CALLS[i]() != JET_errInvalidParameter)
            fail_msg("call %zu: %d", i, CALLS[i]());
}

static void start_only_instance(JET_INSTANCE *instance, JET_SESID *session, const char *folder)
{
    JET_DBID dbid;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFileSize, 64, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramEventLoggingLevel, 0, NULL));
    *instance = 0;
    assert_good(JetInit(instance));
    assert_good(JetBeginSession(*instance, session, NULL, NULL));
    assert_good(JetCreateDatabase(*session, text_of("%s/only.edb", folder), NULL, &dbid, 0));
}

static void the_only_instance_is_found_with_any_handle_and_with_none(void **state)
{
    (void)state;
    JET_INSTANCE instance;
    JET_SESID session;
    const char *folder = make_scratch_folder("only"), *path = text_of("%s/only.edb", folder);
    uint32_t low, high;
    start_only_instance(&instance, &session, folder);
    for (int with_handle = 0; with_handle < 2; with_handle++) {
        assert_good(with_handle ? JetBeginExternalBackupInstance(ANY_HANDLE, 0) : JetBeginExternalBackup(0));
        assert_err(with_handle ? begin() : begin_instance(), JET_errBackupInProgress);
        assert_good(with_handle ? JetGetAttachInfoInstanceA(ANY_HANDLE, list, LIST_BYTES, &number) : attach_info_a());
        assert_string_equal(list, path);
        assert_int_equal(number, strlen(path) + 2);
        assert_good(with_handle ? JetGetAttachInfoInstanceW(ANY_HANDLE, wide, sizeof wide, &number) : attach_info_w());
        assert_int_equal(number, 2 * (strlen(path) + 2));
        assert_good(with_handle ? JetOpenFileInstance(ANY_HANDLE, path, &handle, &low, &high) : JetOpenFile(path, &handle, &low, &high));
        do
            assert_good(with_handle ? JetReadFileInstance(ANY_HANDLE, handle, buffer, BUFFER_BYTES, &number) : JetReadFile(handle, buffer, BUFFER_BYTES, &number));
        while (number != 0);
        assert_good(with_handle ? JetCloseFileInstance(ANY_HANDLE, handle) : JetCloseFile(handle));
        assert_good(with_handle ? JetGetLogInfoInstanceW(ANY_HANDLE, wide, sizeof wide, &number) : log_info_w());
        assert_good(with_handle ? JetGetLogInfoInstanceA(ANY_HANDLE, list, LIST_BYTES, &number) : log_info_a());
        assert_err(with_handle ? JetTruncateLogInstance(ANY_HANDLE) : JetTruncateLog(), JET_errLogFileNotCopied);
        assert_good(with_handle ? JetEndExternalBackupInstance(ANY_HANDLE) : JetEndExternalBackup());
        assert_err(with_handle ? end() : end_instance(), JET_errNoBackup);
    }
    assert_good(JetBeginExternalBackup(0));
    assert_good(stop());
    assert_err(end(), JET_errBackupAbortByServer);
    assert_good(JetTerm2(instance, JET_bitTermComplete));
    without_an_instance_every_form_is_an_invalid_parameter(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_instance_every_form_is_an_invalid_parameter),
        cmocka_unit_test(the_only_instance_is_found_with_any_handle_and_with_none),
    };
    buffer = (uint8_t *)aligned_alloc(4096, BUFFER_BYTES);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(buffer);
    return failed;
}
