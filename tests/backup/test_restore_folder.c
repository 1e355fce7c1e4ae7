/* JetRestoreInstance, JetRestore, JetRestore2 of a folder backup (backup-and-restore 15.2), and what protects a copy that was not restored (15.3).
 *
 * Pages: JetRestoreInstance */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_client.h"
#include "cmocka_all.h"
#include "recorded_events.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096 };
#define run(...) assert_int_equal(system(text_of(__VA_ARGS__)), 0)

static struct sample s;
static int32_t last_id;

static void add_rows(int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        last_id++;
        assert_good(JetBeginTransaction(s.session));
        insert_sample(&s, last_id, last_id, "row");
        assert_good(JetCommitTransaction(s.session, 0));
    }
}

/* A created instance whose logs and checkpoint are in a folder. */
static JET_INSTANCE create_in(const char *folder)
{
    JET_INSTANCE instance = JET_instanceNil;
    assert_good(JetCreateInstance(&instance, "restorer"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    return instance;
}

static JET_ERR restore_in(const char *work, const char *source, const char *destination, JET_PFNSTATUS status)
{
    JET_INSTANCE instance = create_in(work);
    JET_ERR err = JetRestoreInstance(instance, source, destination, status);
    assert_good(JetTerm(instance));
    return err;
}

static const char *target; /* a full backup of 20 rows, in the folder itself */

static int start(void **state)
{
    (void)state;
    events_start();
    sample_start(&s, PAGE_SIZE);
    last_id = 0;
    add_rows(20);
    target = make_scratch_folder("target");
    assert_good(JetBackupInstance(s.live.instance, target, 0, NULL));
    return 0;
}

static int finish(void **state)
{
    (void)state;
    if (s.live.instance != JET_instanceNil)
        live_stop(&s.live);
    events_stop();
    return 0;
}

static unsigned snt_count[8];

static JET_ERR JET_API count_progress(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    assert_int_equal(session, JET_sesidNil);
    assert_int_equal(snp, JET_snpRestore);
    assert_int_equal(((const JET_SNPROG *)data)->cunitTotal, 100);
    assert_true(snt < 8);
    snt_count[snt]++;
    assert_good(JetConfigureProcessForCrashDump(JET_bitDumpMaximum)); /* passes by instances that have no pages */
    return JET_errSuccess;
}

static void the_set_of_the_original_engine_is_restored(void **state)
{
    (void)state;
    require_shared_data();
    const char *set = make_scratch_folder("jetbackup"), *work = make_scratch_folder("work");
    run("mkdir '%s/new'", set);
    copy_shared_file("engine/backup_4k/jetbackup/new/data.edb", text_of("%s/new/data.edb", set));
    copy_shared_file("engine/backup_4k/jetbackup/new/data.pat", text_of("%s/new/data.pat", set));
    copy_shared_file("engine/backup_4k/jetbackup/new/edb0000D.log", text_of("%s/new/edb0000D.log", set));
    for (int g = 7; g <= 12; g++)
        copy_shared_file(text_of("engine/backup_4k/incr%d/edb%05X.log", g <= 10 ? 1 : 2, g), text_of("%s/new/edb%05X.log", set, g));
    memset(snt_count, 0, sizeof snt_count);
    assert_good(restore_in(work, set, work, count_progress));
    assert_int_equal(snt_count[JET_sntBegin], 1);
    assert_int_equal(snt_count[JET_sntComplete], 1);

    /* The rows that the live database had (at_incr2.json counts them): nothing was written between. */
    JET_INSTANCE instance = create_in(work);
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    uint32_t count = 0;
    assert_good(JetInit(&instance)); /* goes on with the log that the restore left */
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    assert_good(JetAttachDatabase(session, text_of("%s/data.edb", work), 0));
    assert_good(JetOpenDatabase(session, text_of("%s/data.edb", work), NULL, &dbid, 0));
    assert_good(JetOpenTable(session, dbid, "W", NULL, 0, 0, &table));
    assert_good(JetIndexRecordCount(session, table, &count, 0));
    assert_good(JetTerm2(instance, JET_bitTermComplete));
    unsigned expected = 0;
    const char *json = text_of("%s/at.json", work);
    copy_shared_file("engine/backup_4k/at_incr2.json", json);
    FILE *pipe = popen(text_of("grep -c '^{\"t\":\"W\",\"bm\"' '%s'", json), "r");
    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%u", &expected), 1);
    pclose(pipe);
    assert_true(expected > 0);
    assert_int_equal(count, expected);
}

static void databases_go_back_to_where_they_were_or_to_a_folder(void **state)
{
    (void)state;
    const char *path = text_of("%s/sample.edb", s.live.folder), *elsewhere = make_scratch_folder("elsewhere"), *wide_work = make_scratch_folder("wide");
    static const uint32_t LOOKED_AT[] = {204, 205, 454, 0};
    live_stop(&s.live);
    s.live.instance = JET_instanceNil;
    run("printf damaged > '%s'", path);
    assert_good(restore_in(make_scratch_folder("work"), target, NULL, NULL)); /* another stream's folder: only the set's logs */
    assert_int_equal(client_sample_rows(path), 20);
    events_clear();
    const char *work = make_scratch_folder("work");
    assert_good(restore_in(work, target, elsewhere, NULL));
    assert_int_equal(client_sample_rows(text_of("%s/sample.edb", elsewhere)), 20);
    assert_string_equal(events_text(LOOKED_AT, 0), text_of("204 I(%s|%s) 205 I()", target, work));
    assert_int_equal(access(text_of("%s/edb.log", work), F_OK), 0);
    char16_t wide[2][512];
    for (size_t i = 0; i <= strlen(target); i++)
        wide[0][i] = (char16_t)(unsigned char)target[i];
    for (size_t i = 0; i <= strlen(elsewhere); i++)
        wide[1][i] = (char16_t)(unsigned char)elsewhere[i];
    JET_INSTANCE instance = create_in(wide_work);
    assert_good(JetRestoreInstanceW(instance, wide[0], wide[1], NULL));
    assert_good(JetInit(&instance)); /* still not started, and starts */
    assert_good(JetTerm2(instance, JET_bitTermComplete));
}

static void logs_in_the_instances_folder_go_on_behind_the_set(void **state)
{
    (void)state;
    const char *path = text_of("%s/sample.edb", s.live.folder);
    add_rows(15);
    live_stop(&s.live);
    s.live.instance = JET_instanceNil;
    run("rm '%s'", path);
    assert_good(restore_in(s.live.folder, target, NULL, NULL));
    assert_int_equal(client_sample_rows(path), 35);
}

struct refusal {
    const char *what, *command; /* in a copy of the set */
    JET_ERR expected;
};

static void what_is_wrong_with_a_set_is_said_before_anything_changes(void **state)
{
    (void)state;
    static const struct refusal CASES[] = {
        {"no logs at all", "rm *.log", JET_errFileNotFound},
        {"nothing", "rm *", JET_errFileNotFound},
        {"no markers", "rm *.pat", JET_errPatchFileMissing},
        {"a marker without its database", "touch lost.pat", JET_errFileNotFound},
        {"trailer cut off", "truncate -s -4096 sample.edb", JET_errBadPatchPage},
        {"not a database", "truncate -s 0 sample.edb && truncate -s 65536 sample.edb", JET_errDatabaseCorrupted},
        {"a log damaged", "for f in edb0*.log; do printf xxxx | dd of=$f bs=1 seek=200 conv=notrunc status=none; done", JET_errLogFileCorrupt},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *set = make_scratch_folder("set"), *work = make_scratch_folder("work"), *elsewhere = make_scratch_folder("elsewhere");
        run("cp '%s'/* '%s' && cd '%s' && %s", target, set, set, CASES[i].command);
        run("printf before > '%s/sample.edb'", elsewhere);
        events_clear();
        JET_ERR err = restore_in(work, set, elsewhere, NULL);
        assert_int_equal(events_count(454), 1);
        assert_int_equal(events_count(205), 1);
        if (err != CASES[i].expected)
            fail_msg("%s: %d, expected %d", CASES[i].what, err, CASES[i].expected);
        run("test \"$(cat '%s/sample.edb')\" = before", elsewhere);
    }
    const char *work = make_scratch_folder("work");
    assert_err(restore_in(work, text_of("%s/none", target), work, NULL), JET_errFileNotFound);
    assert_err(restore_in(work, NULL, work, NULL), JET_errInvalidParameter);
    assert_err(restore_in(work, "", work, NULL), JET_errInvalidParameter);
    assert_err(restore_in(work, target, target, NULL), JET_errInvalidPath); /* onto itself */
    assert_good(restore_in(make_scratch_folder("work"), target, work, NULL)); /* the set is unharmed */
}

static void only_an_instance_that_does_not_run_can_be_restored(void **state)
{
    (void)state;
    const char *work = make_scratch_folder("work");
    assert_err(JetRestoreInstance(s.live.instance, target, work, NULL), JET_errAlreadyInitialized);
    assert_err(JetRestoreInstance((JET_INSTANCE)0x123456, target, work, NULL), JET_errInvalidInstance);
    assert_err(JetRestore(target, NULL), JET_errRunningInMultiInstanceMode);
    assert_err(JetRestore2(target, work, NULL), JET_errRunningInMultiInstanceMode);
    assert_err(JetRestoreW(u"x", NULL), JET_errRunningInMultiInstanceMode);
    assert_err(JetRestore2W(u"x", u"y", NULL), JET_errRunningInMultiInstanceMode);
    JET_INSTANCE instance = create_in(s.live.folder);
    assert_err(JetRestoreInstance(instance, target, work, NULL), JET_errTempPathInUse); /* looked at first */
    assert_good(JetTerm(instance));
}

static JET_INSTANCE restoring;
static JET_ERR term_result, init_result;

static JET_ERR JET_API call_back(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session, (void)snp, (void)data;
    if (snt == JET_sntBegin) {
        JET_INSTANCE same = restoring;
        term_result = JetTerm(restoring);
        init_result = JetInit(&same);
    }
    return JET_errSuccess;
}

static void the_instance_is_busy_meanwhile(void **state)
{
    (void)state;
    const char *work = make_scratch_folder("work");
    restoring = create_in(work);
    assert_good(JetRestoreInstance(restoring, target, work, call_back));
    assert_int_equal(term_result, JET_errRestoreInProgress);
    assert_int_equal(init_result, JET_errAlreadyInitialized);
    assert_good(JetTerm(restoring));
}

static void a_null_handle_takes_a_private_instance(void **state)
{
    (void)state;
    const char *elsewhere = make_scratch_folder("elsewhere"), *work = make_scratch_folder("work");
    live_stop(&s.live);
    s.live.instance = JET_instanceNil;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramSystemPath, 0, work));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFilePath, 0, work));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", work)));
    assert_good(JetRestoreInstance(0, target, elsewhere, NULL));
    assert_int_equal(client_sample_rows(text_of("%s/sample.edb", elsewhere)), 20);
}

/* --- 15.3 --- */

static void a_copy_is_not_used_before_it_is_restored(void **state)
{
    (void)state;
    const char *work = make_scratch_folder("work");
    live_configure = events_on;
    struct live_instance other;
    live_start(&other, PAGE_SIZE);
    live_configure = NULL;
    events_clear();
    assert_err(JetAttachDatabase(other.session, text_of("%s/sample.edb", target), 0), JET_errSoftRecoveryOnBackupDatabase);
    assert_string_equal(events_text((const uint32_t[]){619, 0}, 1), "619 E(sample.edb)");
    live_stop(&other);

    /* Soft recovery of the set's own logs onto it. */
    run("cp '%s'/* '%s'", target, work);
    JET_INSTANCE instance = create_in(work);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, work));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEventLoggingLevel, JET_EventLoggingLevelMax, NULL));
    run("cd '%s' && mv \"$(ls edb0*.log | tail -1)\" edb.log", work);
    events_clear();
    assert_err(JetInit(&instance), JET_errSoftRecoveryOnBackupDatabase);
    assert_string_equal(events_text((const uint32_t[]){619, 0}, 1), "619 E(sample.edb)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_set_of_the_original_engine_is_restored, start, finish),
        cmocka_unit_test_setup_teardown(databases_go_back_to_where_they_were_or_to_a_folder, start, finish),
        cmocka_unit_test_setup_teardown(logs_in_the_instances_folder_go_on_behind_the_set, start, finish),
        cmocka_unit_test_setup_teardown(what_is_wrong_with_a_set_is_said_before_anything_changes, start, finish),
        cmocka_unit_test_setup_teardown(only_an_instance_that_does_not_run_can_be_restored, start, finish),
        cmocka_unit_test_setup_teardown(the_instance_is_busy_meanwhile, start, finish),
        cmocka_unit_test_setup_teardown(a_null_handle_takes_a_private_instance, start, finish),
        cmocka_unit_test_setup_teardown(a_copy_is_not_used_before_it_is_restored, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
