/* A life of an instance with every allocation failing once: an error or success, never a leak, and the process is as before. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

static const char *folder, *database;

/* Ends with the first error; whatever was started is ended with memory available again. */
static JET_ERR one_life(uint64_t failing, bool has_log)
{
    JET_INSTANCE instance = JET_instanceNil;
    JET_SESID session = JET_sesidNil;
    JET_DBID dbid = JET_dbidNil;
    JET_INSTANCE_INFO *infos = NULL;
    uint32_t count = 0;
    memory_fail_at(failing, 0);
    JET_ERR err = JetCreateInstance2(&instance, "memory", "display", 0);
    if (err >= 0)
        err = JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, has_log ? "on" : "off");
    if (err >= 0)
        err = JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, folder);
    if (err >= 0)
        err = JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, folder);
    if (err >= 0)
        err = JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 64, NULL);
    if (err >= 0)
        err = JetSetSystemParameter(&instance, 0, JET_paramEventLoggingLevel, 0, NULL);
    if (err >= 0 && has_log)
        err = JetSetSystemParameter(&instance, 0, JET_paramCircularLog, 1, NULL);
    if (err >= 0) {
        err = JetInit(&instance);
        if (err < 0)
            assert_true(instance == 0);
    }
    if (err >= 0)
        err = JetBeginSession(instance, &session, NULL, NULL);
    if (err >= 0)
        err = JetAttachDatabase(session, database, 0);
    if (err >= 0)
        err = JetOpenDatabase(session, database, NULL, &dbid, 0);
    if (err >= 0) {
        err = JetGetInstanceInfo(&count, &infos);
        JetFreeBuffer((char *)infos);
    }
    if (err >= 0)
        err = JetCloseDatabase(session, dbid, 0);
    if (err >= 0)
        err = JetDetachDatabase(session, database);
    memory_fail_at(0, 0);
    if (instance != 0 && instance != JET_instanceNil)
        assert_good(JetTerm2(instance, JET_bitTermComplete));
    return err;
}

static void run_all(bool has_log)
{
    uint64_t failures = 0;
    folder = make_scratch_folder("memory");
    database = text_of("%s/data.edb", folder);
    require_shared_data();
    copy_shared_file("engine/clean_4k/data.edb", database);
    assert_good(one_life(0, has_log));
    uint64_t before = memory_live_count();
    for (uint64_t n = 1; n < 100000; n++) {
        JET_ERR err = one_life(n, has_log);
        if (memory_live_count() != before)
            fail_msg("allocation %d: %d blocks are left (error %d)", (int)n, (int)(memory_live_count() - before), (int)err);
        if (err == JET_errSuccess && one_life(n + 1, has_log) == JET_errSuccess && one_life(n + 10, has_log) == JET_errSuccess)
            break;
        if (err != JET_errSuccess) {
            failures++;
            if (err != JET_errOutOfMemory && err != JET_errOutOfBuffers)
                print_message("allocation %d: %s\n", (int)n, error_name(err));
        }
        assert_good(one_life(0, has_log)); /* nothing is broken */
    }
    assert_true(failures > 10);
}

static void without_a_log_nothing_leaks(void **state)
{
    (void)state;
    run_all(false);
}

static void with_a_log_nothing_leaks(void **state)
{
    (void)state;
    run_all(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_log_nothing_leaks),
        cmocka_unit_test(with_a_log_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
