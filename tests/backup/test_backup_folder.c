/* JetBackup to a folder (backup-and-restore 13): what stands there afterwards, what is refused, and that a failure leaves what was there.
 *
 * Pages: JetBackupInstance */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/backup.h"
#include "backup_client.h"
#include "base/memory.h"
#include "cmocka_all.h"
#include "database/database.h"
#include "engine/engine.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "recorded_events.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096 };
static const uint32_t OUTCOMES[] = {213, 214, 215, 226, 0};

static struct sample s;

#define run(...) assert_int_equal(system(text_of(__VA_ARGS__)), 0)

/* --- helpers --- */

static struct db_header header_of(const char *path)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    assert_good(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL));
    return header;
}

static const char *database(void) { return text_of("%s/sample.edb", s.live.folder); }

/* Names in a folder, sorted, with archives written as "log". */
static const char *names_in(const char *folder)
{
    char **names;
    size_t count;
    const char *text = "";
    assert_good(os_dir_list(os_fs_posix(), folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        bool is_log = strlen(names[i]) == 12 && strncmp(names[i], "edb0", 4) == 0;
        if (is_log && strlen(text) >= 3 && strcmp(text + strlen(text) - 3, "log") == 0)
            continue;
        text = text_of("%s%s%s", text, text[0] != 0 ? " " : "", is_log ? "log" : names[i]);
    }
    os_dir_list_free(names, count);
    return text;
}

static unsigned logs_in(const char *folder)
{
    char **names;
    size_t count;
    unsigned logs = 0;
    assert_good(os_dir_list(os_fs_posix(), folder, &names, &count));
    for (size_t i = 0; i < count; i++)
        logs += strlen(names[i]) == 12 && strncmp(names[i], "edb0", 4) == 0;
    os_dir_list_free(names, count);
    return logs;
}

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

/* Restores a folder backup elsewhere; the rows that come out, or the error. */
static int32_t restored_rows(const char *source)
{
    JET_INSTANCE instance = JET_instanceNil;
    const char *work = make_scratch_folder("restored");
    assert_good(JetCreateInstance(&instance, "restorer"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, work));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, work));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", work)));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    JET_ERR err = JetRestoreInstance(instance, source, work, NULL);
    assert_good(JetTerm(instance));
    return err < 0 ? err : client_sample_rows(text_of("%s/sample.edb", work));
}

static void roll_log(int times)
{
    for (int i = 0; i < times; i++) {
        uint32_t size;
        assert_good(JetBeginExternalBackupInstance(s.live.instance, 0));
        assert_good(JetGetLogInfoInstance(s.live.instance, NULL, 0, &size));
        assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort));
    }
}

/* Ends the instance and starts it again with the database attached. */
static void restart(void)
{
    const char *path = database();
    live_stop(&s.live);
    live_start_in(&s.live, s.live.folder, PAGE_SIZE);
    s.session = s.live.session;
    assert_good(JetAttachDatabase(s.session, path, 0));
}

static unsigned begins, completes;
static JET_ERR begin_result, complete_result;

static JET_ERR JET_API count_status(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    const JET_SNPROG *progress = (const JET_SNPROG *)data;
    assert_int_equal(session, JET_sesidNil);
    assert_int_equal(snp, JET_snpBackup);
    assert_int_equal(progress->cbStruct, sizeof *progress);
    assert_int_equal(progress->cunitTotal, 100);
    if (snt == JET_sntBegin) {
        begins++;
        assert_int_equal(progress->cunitDone, 0);
        return begin_result;
    }
    assert_int_equal(snt, JET_sntComplete);
    assert_int_equal(progress->cunitDone, 100);
    completes++;
    return complete_result;
}

static JET_ERR backup(const char *folder, JET_GRBIT grbit) { return JetBackupInstance(s.live.instance, folder, grbit, count_status); }

static int start(void **state)
{
    (void)state;
    live_configure = events_on;
    events_start();
    sample_start(&s, PAGE_SIZE);
    last_id = 0;
    begins = completes = 0;
    begin_result = complete_result = 0;
    add_rows(20);
    events_clear();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    live_configure = NULL;
    if (s.live.instance != JET_instanceNil)
        live_stop(&s.live);
    events_stop();
    return 0;
}

/* --- a full backup --- */

static void a_full_backup_fills_an_empty_folder_and_can_be_restored(void **state)
{
    (void)state;
    const char *target = make_scratch_folder("target");
    run("mkdir '%s/temp' && touch '%s/temp/left'", target, target); /* of a run that died */
    roll_log(4);
    restart(); /* now the checkpoint is at the end */
    unsigned logs = logs_in(s.live.folder);
    events_clear();
    assert_good(backup(target, 0));
    assert_string_equal(names_in(target), "log sample.edb sample.pat");
    struct stat info;
    assert_int_equal(stat(text_of("%s/sample.pat", target), &info), 0);
    assert_int_equal(info.st_size, 0);
    assert_int_equal(begins, 1);
    assert_int_equal(completes, 1);
    assert_string_equal(events_text(OUTCOMES, 0), "213 I()");
    struct db_header header = header_of(database());
    assert_true(header.backup_full_previous.gen_low != 0);
    assert_int_equal(header.backup_full_previous_type, BACKUP_TYPE_NORMAL);
    assert_int_equal(header.backup_copy_previous.gen_low, 0); /* it truncates: no copy */
    assert_true(logs_in(s.live.folder) < logs);
    assert_int_equal(restored_rows(target), 20);
}

static void an_incremental_backup_adds_its_logs(void **state)
{
    (void)state;
    const char *target = make_scratch_folder("target");
    assert_good(backup(target, 0));
    add_rows(10);
    unsigned logs = logs_in(target);
    begins = completes = 0;
    assert_good(backup(target, JET_bitBackupIncremental));
    assert_int_equal(begins + completes, 0); /* the callback is for full runs */
    assert_true(logs_in(target) > logs);
    assert_string_equal(names_in(target), "log sample.edb sample.pat");
    assert_true(header_of(database()).backup_incremental_previous.gen_low != 0);
    assert_int_equal(restored_rows(target), 30);
}

static void an_atomic_backup_keeps_the_set_before_until_it_is_complete(void **state)
{
    (void)state;
    const char *target = make_scratch_folder("target");
    assert_good(backup(target, JET_bitBackupAtomic));
    assert_string_equal(names_in(target), "new");
    assert_string_equal(names_in(text_of("%s/new", target)), "log sample.edb sample.pat");
    assert_int_equal(restored_rows(target), 20);
    add_rows(10);
    assert_good(backup(target, JET_bitBackupIncremental | JET_bitBackupAtomic));
    assert_string_equal(names_in(target), "old");
    assert_int_equal(restored_rows(target), 30);
    add_rows(10);
    assert_good(backup(target, JET_bitBackupIncremental | JET_bitBackupAtomic));
    assert_int_equal(restored_rows(target), 40);
    add_rows(10);
    assert_good(backup(target, JET_bitBackupAtomic));
    assert_string_equal(names_in(target), "new");
    assert_int_equal(restored_rows(target), 50);
    add_rows(10);
    assert_good(backup(target, JET_bitBackupAtomic));
    assert_string_equal(names_in(target), "new");
    assert_int_equal(restored_rows(target), 60);
}

static void both_forms_take_a_path_and_create_it_only_when_told(void **state)
{
    (void)state;
    const char *target = make_scratch_folder("target");
    const char16_t *wide = NULL;
    char16_t buffer[512];
    const char *path = text_of("%s/a/b", target);
    for (size_t i = 0; i <= strlen(path); i++)
        buffer[i] = (char16_t)(unsigned char)path[i];
    wide = buffer;
    assert_err(backup(path, 0), JET_errInvalidPath);
    assert_err(JetBackupInstanceW(s.live.instance, wide, 0, NULL), JET_errInvalidPath);
    assert_string_equal(events_text(OUTCOMES, 0), "214 E(-1023) 214 E(-1023)");
    assert_good(JetSetSystemParameter(&s.live.instance, 0, JET_paramCreatePathIfNotExist, 1, NULL));
    assert_good(JetBackupInstanceW(s.live.instance, wide, 0, NULL));
    assert_string_equal(names_in(path), "log sample.edb sample.pat");
    assert_int_equal(restored_rows(path), 20);
}

/* --- refusals --- */

struct refusal {
    const char *what;
    JET_GRBIT grbit;
    const char *content; /* made in the target before */
    JET_ERR expected;
};

static void what_a_folder_must_not_hold_is_refused(void **state)
{
    (void)state;
    static const struct refusal CASES[] = {
        {"a file", 0, "touch file", JET_errBackupDirectoryNotEmpty},
        {"a folder", 0, "mkdir folder", JET_errBackupDirectoryNotEmpty},
        {"an atomic set", 0, "mkdir new", JET_errBackupDirectoryNotEmpty},
        {"incremental beside new", JET_bitBackupIncremental, "mkdir new", JET_errBackupDirectoryNotEmpty},
        {"incremental beside old", JET_bitBackupIncremental, "mkdir old", JET_errBackupDirectoryNotEmpty},
        {"incremental, atomic, nothing to add to", JET_bitBackupIncremental | JET_bitBackupAtomic, "true", JET_errMissingFullBackup},
        {"a folder in temp", 0, "mkdir -p temp/deep", JET_errDeleteBackupFileFail},
        {"a folder in old", JET_bitBackupAtomic, "mkdir -p new old/deep", JET_errDeleteBackupFileFail},
        {"temp is a file", 0, "touch temp", JET_errInvalidPath},
    };
    assert_good(backup(make_scratch_folder("full"), 0)); /* incremental runs need one */
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *target = make_scratch_folder("target");
        run("cd '%s' && %s", target, CASES[i].content);
        const char *before = names_in(target);
        struct db_header header = header_of(database());
        JET_ERR err = backup(target, CASES[i].grbit);
        if (err != CASES[i].expected)
            fail_msg("%s: %d, expected %d", CASES[i].what, err, CASES[i].expected);
        if (strchr(before, 't') == NULL) /* temp and old are cleaned before anything is found wrong */
            assert_string_equal(names_in(target), before);
        assert_int_equal(header_of(database()).backup_full_previous.mark, header.backup_full_previous.mark);
    }
    assert_err(backup(text_of("%s/sample.edb", s.live.folder), 0), JET_errInvalidPath); /* no folder */
    assert_err(backup(s.live.folder, JET_bitBackupIncremental), JET_errInvalidPath); /* the logs would be deleted with the backup */
}

static void the_checks_come_in_their_order(void **state)
{
    (void)state;
    static const JET_GRBIT UNKNOWN[] = {2, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x80000000u, JET_bitBackupAtomic | 8};
    const char *target = make_scratch_folder("target");
    for (size_t i = 0; i < sizeof UNKNOWN / sizeof *UNKNOWN; i++) {
        assert_err(backup(target, UNKNOWN[i]), JET_errInvalidGrbit);
        assert_err(JetBackupInstanceW(s.live.instance, NULL, UNKNOWN[i], NULL), JET_errInvalidGrbit);
    }
    assert_err(backup(target, JET_bitBackupIncremental), JET_errMissingFullBackup);
    assert_int_equal(events_count(206), 1);
    assert_err(JetBackup(target, 0, NULL), JET_errRunningInMultiInstanceMode);
    assert_err(JetBackupW(u"x", 0, NULL), JET_errRunningInMultiInstanceMode);
    assert_err(JetBackupInstance(0, target, 0, NULL), JET_errInvalidParameter);
    assert_err(JetBackupInstance((JET_INSTANCE)0x123456, target, 0, NULL), JET_errInvalidInstance);
    assert_good(JetBeginExternalBackupInstance(s.live.instance, 0));
    assert_err(backup(target, 0), JET_errBackupInProgress);
    assert_err(backup(NULL, 0), JET_errBackupInProgress);
    assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort));
    assert_good(backup(target, 0));
    assert_good(JetStopServiceInstance(s.live.instance));
    assert_err(backup(target, 0), JET_errClientRequestToStopJetService);
    assert_good(JetTerm2(s.live.instance, JET_bitTermAbrupt));
    s.live.instance = JET_instanceNil;
}

static void configure_circular(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramCircularLog, 1, NULL)); }
static void configure_unlogged(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "off")); }

static void circular_and_no_logging_have_their_refusals(void **state)
{
    (void)state;
    struct live_instance other;
    live_configure = configure_circular;
    live_start(&other, PAGE_SIZE);
    const char *target = make_scratch_folder("circular");
    assert_err(JetBackupInstance(other.instance, target, JET_bitBackupIncremental, NULL), JET_errInvalidBackup);
    assert_err(JetBackupInstance(other.instance, NULL, JET_bitBackupIncremental, NULL), JET_errInvalidBackup);
    assert_good(JetBackupInstance(other.instance, NULL, 0, NULL));
    assert_good(JetBackupInstance(other.instance, target, JET_bitBackupAtomic, NULL));
    live_stop(&other);
    live_configure = configure_unlogged;
    live_start(&other, PAGE_SIZE);
    assert_err(JetBackupInstance(other.instance, target, 0, NULL), JET_errLoggingDisabled);
    assert_err(JetBackupInstance(other.instance, NULL, 0, NULL), JET_errLoggingDisabled);
    live_stop(&other);
}

static void without_a_path_the_logs_before_the_checkpoint_are_deleted(void **state)
{
    (void)state;
    static const uint32_t TRUNCATION[] = {224, 225, 0};
    for (int form = 0; form < 3; form++) {
        roll_log(3);
        restart();
        unsigned before = logs_in(s.live.folder);
        assert_true(before >= 3);
        events_clear();
        assert_good(form == 0   ? JetBackupInstanceA(s.live.instance, NULL, 0, count_status)
                    : form == 1 ? JetBackupInstanceA(s.live.instance, "", 0, count_status)
                                : JetBackupInstanceW(s.live.instance, NULL, 0, count_status));
        assert_int_equal(begins + completes, 0);
        assert_true(logs_in(s.live.folder) < before);
        assert_int_equal(strncmp(events_text(TRUNCATION, 1), "224 I(edb0", 10), 0);
        assert_int_equal(header_of(database()).backup_full_previous.gen_low, 0); /* no backup: nothing is stamped */
        events_clear();
        assert_good(JetBackupInstanceA(s.live.instance, NULL, 0, NULL));
        assert_string_equal(events_text(TRUNCATION, 1), "225 I()");
    }
}

/* --- failures --- */

static void a_damaged_page_fails_the_whole_run(void **state)
{
    (void)state;
    struct live_instance live;
    require_shared_data();
    live_start_with(&live, "windows/catroot-w10/catdb");
    client_hurry_retries(live.instance);
    const char *target = make_scratch_folder("target"), *atomic = make_scratch_folder("atomic");
    assert_good(JetBackupInstance(live.instance, atomic, JET_bitBackupAtomic, NULL));
    const char *log_count = text_of("%u", logs_in(live.folder));
    struct db_header header = header_of(live.database);
    run("printf 'Damaged!' | dd of='%s' bs=1 seek=%u conv=notrunc status=none", live.database, 6 * 4096 + 500);
    events_clear();
    assert_err(JetBackupInstance(live.instance, target, 0, count_status), JET_errReadVerifyFailure);
    assert_string_equal(events_text(OUTCOMES, 0), "214 E(-1018)");
    assert_int_equal(begins, 1);
    assert_int_equal(completes, 0);
    assert_string_equal(names_in(target), "");
    assert_err(JetBackupInstance(live.instance, atomic, JET_bitBackupAtomic, NULL), JET_errReadVerifyFailure);
    assert_string_equal(names_in(atomic), "old");
    assert_string_equal(names_in(text_of("%s/old", atomic)), "catdb catdb.pat log");
    assert_int_equal(header_of(live.database).backup_full_previous.mark, header.backup_full_previous.mark);
    assert_true(logs_in(live.folder) >= (unsigned)atoi(log_count));
    live_stop(&live);
}

static void the_callback_can_refuse(void **state)
{
    (void)state;
    const char *target = make_scratch_folder("target");
    begin_result = JET_errOutOfMemory;
    assert_err(backup(target, 0), JET_errOutOfMemory);
    assert_string_equal(names_in(target), "");
    begin_result = 0;
    complete_result = JET_errDiskIO;
    assert_err(backup(target, JET_bitBackupAtomic), JET_errDiskIO);
    assert_int_equal(header_of(database()).backup_full_previous.gen_low, 0); /* not stamped */
    complete_result = 0;
    assert_good(backup(target, JET_bitBackupAtomic));
    assert_string_equal(events_text(OUTCOMES, 0), "214 E(-1011) 214 E(-1022) 213 I()");
}

static JET_ERR JET_API stop_at_begin(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session, (void)snp, (void)data;
    return snt == JET_sntBegin ? JetStopBackupInstance(s.live.instance) : 0;
}

static void a_stop_ends_it_at_its_next_step(void **state)
{
    (void)state;
    const char *target = make_scratch_folder("target");
    assert_err(JetBackupInstance(s.live.instance, target, 0, stop_at_begin), JET_errBackupAbortByServer);
    assert_string_equal(names_in(target), "");
    assert_string_equal(events_text(OUTCOMES, 0), "226 E()");
    assert_good(backup(target, 0));
}

static void *terminate(void *context)
{
    (void)context;
    return (void *)(intptr_t)JetTerm2(s.live.instance, JET_bitTermAbrupt);
}

static pthread_t terminator;

static JET_ERR JET_API terminate_at_begin(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session, (void)snp, (void)data;
    if (snt == JET_sntBegin) {
        assert_int_equal(pthread_create(&terminator, NULL, terminate, NULL), 0);
        uint32_t size;
        while (JetGetAttachInfoInstance(s.live.instance, NULL, 0, &size) != JET_errTermInProgress)
            usleep(1000);
    }
    return 0;
}

static void a_termination_ends_it(void **state)
{
    (void)state;
    const char *target = make_scratch_folder("target");
    void *result;
    assert_err(JetBackupInstance(s.live.instance, target, 0, terminate_at_begin), JET_errTermInProgress);
    assert_int_equal(pthread_join(terminator, &result), 0);
    assert_int_equal((intptr_t)result, 0);
    assert_string_equal(names_in(target), "");
    assert_string_equal(events_text(OUTCOMES, 0), "214 E(-1000)");
    s.live.instance = JET_instanceNil;
}

static void configure_shallow(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramCheckpointDepthMax, 1 << 16, NULL)); }

/* The target's disk fails at an operation, and stays failed as after a crash. old/ or new/ is then a set that restores to what was backed up before or now.
 * Returns whether the operation was reached at all. */
static bool fail_at(struct fault_fs *fault, const char *target, JET_GRBIT grbit, uint64_t nth)
{
    assert_good(JetBackupInstance(s.live.instance, target, JET_bitBackupAtomic, NULL)); /* works after whatever went before */
    int32_t before = last_id;
    add_rows(1);
    fault_fs_fail(fault, FAULT_ANY_CHANGE, nth, JET_errDiskIO, true);
    JET_ERR err = JetBackupInstance(s.live.instance, target, grbit, NULL);
    bool has_failed = fault_fs_has_failed(fault);
    fault_fs_fail(fault, FAULT_ANY_CHANGE, 0, 0, false);
    int32_t after = restored_rows(target);
    if (has_failed ? after != before && after != last_id : err != 0 || after != last_id)
        fail_msg("grbit %u, operation %u: the backup says %d, the target restores to %d (%d before, %d now)", (unsigned)grbit, (unsigned)nth, err, after, before, last_id);
    return has_failed;
}

static void an_atomic_target_is_restorable_after_a_failure_at_any_step(void **state)
{
    (void)state;
    live_stop(&s.live);
    struct fault_fs *fault = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(fault));
    live_configure = configure_shallow;
    sample_start(&s, PAGE_SIZE);
    last_id = 0;
    add_rows(10);
    const char *target = make_scratch_folder("faulty");
    fault_fs_fail_only(fault, target);
    unsigned steps = 0;
    for (uint64_t nth = 1; fail_at(fault, target, JET_bitBackupAtomic, nth); nth++)
        steps++;
    for (uint64_t nth = 1; fail_at(fault, target, JET_bitBackupAtomic | JET_bitBackupIncremental, nth); nth++)
        steps++;
    print_message("%u failures\n", steps);
    assert_true(steps > 20);
    live_stop(&s.live);
    process_set_fs(NULL);
    fault_fs_destroy(fault);
}

/* --- one-instance mode --- */

static void the_forms_without_instance_work_in_one_instance_mode(void **state)
{
    (void)state;
    live_stop(&s.live);
    const char *folder = make_scratch_folder("one"), *target = make_scratch_folder("target"), *path = text_of("%s/one.edb", folder);
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    assert_err(JetBackup(target, 0, NULL), JET_errInvalidParameter); /* nothing runs */
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFileSize, 64, NULL));
    assert_good(JetInit(NULL));
    assert_good(JetBeginSession(JET_instanceNil, &session, NULL, NULL));
    assert_good(JetCreateDatabase(session, path, NULL, &dbid, 0));
    assert_good(JetBeginTransaction(session));
    assert_good(JetCreateTable(session, dbid, "Sample", 1, 80, &table));
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong};
    JET_COLUMNID id;
    assert_good(JetAddColumn(session, table, "id", &column, NULL, 0, &id));
    assert_good(JetCommitTransaction(session, 0));
    for (int32_t i = 1; i <= 7; i++) {
        assert_good(JetPrepareUpdate(session, table, JET_prepInsert));
        assert_good(JetSetColumn(session, table, id, &i, sizeof i, 0, NULL));
        assert_good(JetUpdate(session, table, NULL, 0, NULL));
    }
    assert_good(JetBackup(target, JET_bitBackupAtomic, NULL));
    assert_err(JetRestore(target, NULL), JET_errAlreadyInitialized);
    assert_err(JetRestore2(target, folder, NULL), JET_errAlreadyInitialized);
    for (int32_t i = 8; i <= 9; i++) {
        assert_good(JetPrepareUpdate(session, table, JET_prepInsert));
        assert_good(JetSetColumn(session, table, id, &i, sizeof i, 0, NULL));
        assert_good(JetUpdate(session, table, NULL, 0, NULL));
    }
    assert_good(JetTerm(JET_instanceNil));
    /* Over the database in place, and on with the logs that are there. */
    run("rm '%s'", path);
    assert_good(JetRestore(target, NULL));
    assert_int_equal(client_sample_rows(path), 9);
    const char *elsewhere = make_scratch_folder("elsewhere");
    run("rm '%s'/edb*", folder);
    assert_good(JetRestore2(target, elsewhere, NULL));
    assert_int_equal(client_sample_rows(text_of("%s/one.edb", elsewhere)), 7);
    char16_t wide[512];
    for (size_t i = 0; i <= strlen(target); i++)
        wide[i] = (char16_t)(unsigned char)target[i];
    run("rm '%s'/edb* '%s'", folder, path);
    assert_good(JetRestoreW(wide, NULL));
    assert_int_equal(client_sample_rows(path), 7);
}

/* Somebody puts a file of his own into the target while the backup runs: the callback is the moment. */
static const char *foreign_target, *foreign_name;

static JET_ERR JET_API add_foreign_file(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session, (void)snp, (void)data;
    if (snt == JET_sntBegin)
        run("echo foreign > '%s/%s'; echo foreign > '%s/another'", foreign_target, foreign_name, foreign_target);
    return JET_errSuccess;
}

static void a_failed_run_takes_back_what_it_made_and_nothing_else(void **state)
{
    (void)state;
    foreign_target = make_scratch_folder("shared");
    foreign_name = "sample.edb";
    assert_err(JetBackupInstance(s.live.instance, foreign_target, 0, add_foreign_file), JET_errFileAlreadyExists);
    assert_string_equal(names_in(foreign_target), "another sample.edb");
    run("grep -q foreign '%s/sample.edb'", foreign_target);
    run("cd '%s' && rm -f another sample.edb", foreign_target);
    assert_good(backup(foreign_target, 0));
    assert_int_equal(restored_rows(foreign_target), last_id);
}

/* --- other threads during a run --- */

static JET_ERR reached[8];
static unsigned asked;

static void *reach_into_the_run(void *argument)
{
    JET_INSTANCE instance = s.live.instance;
    static char list[4096];
    static uint8_t bytes[PAGE_SIZE];
    JET_HANDLE file = 0;
    uint32_t low, high, size;
    (void)argument;
    reached[0] = JetGetAttachInfoInstance(instance, list, sizeof list, &size);
    reached[1] = JetOpenFileInstance(instance, database(), &file, &low, &high);
    reached[2] = JetReadFileInstance(instance, file, bytes, sizeof bytes, &size);
    reached[3] = JetCloseFileInstance(instance, file);
    reached[4] = JetGetLogInfoInstance(instance, list, sizeof list, &size);
    reached[5] = JetTruncateLogInstance(instance);
    reached[6] = JetEndExternalBackupInstance(instance);
    reached[7] = JetEndExternalBackupInstance2(instance, JET_bitBackupEndAbort);
    return NULL;
}

static JET_ERR JET_API let_others_ask(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    pthread_t thread;
    (void)session, (void)snp, (void)snt, (void)data;
    assert_int_equal(pthread_create(&thread, NULL, reach_into_the_run, NULL), 0);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < sizeof reached / sizeof *reached; i++)
        assert_err(reached[i], JET_errNoBackup);
    asked++;
    return JET_errSuccess;
}

static void no_other_thread_reaches_into_a_run(void **state)
{
    (void)state;
    const char *target = make_scratch_folder("alone");
    asked = 0;
    assert_good(JetBackupInstance(s.live.instance, target, 0, let_others_ask));
    assert_true(asked >= 2);
    assert_int_equal(restored_rows(target), last_id);
}

static void a_folder_in_which_the_instance_lives_is_never_emptied(void **state)
{
    (void)state;
    static const struct {
        const char *link;
        JET_GRBIT grbit;
    } CASES[] = {{"old", JET_bitBackupAtomic}, {"new", JET_bitBackupAtomic}, {"temp", JET_bitBackupAtomic}, {"temp", 0}};
    const char *before = names_in(s.live.folder);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const char *target = make_scratch_folder("inside");
        run("ln -s '%s' '%s/%s'; mkdir -p '%s/new' 2>/dev/null || true", s.live.folder, target, CASES[i].link, target);
        assert_err(backup(target, CASES[i].grbit), JET_errInvalidPath);
        assert_string_equal(names_in(s.live.folder), before);
    }
}

static void nor_is_that_of_a_database_which_no_backup_takes(void **state)
{
    (void)state;
    static const JET_GRBIT WAYS[] = {JET_bitDbReadOnly, JET_bitDbRecoveryOff};
    const char *target = make_scratch_folder("apart"), *folder = text_of("%s/temp", target), *path = text_of("%s/other.edb", folder);
    JET_DBID dbid;
    run("mkdir '%s'", folder);
    assert_good(JetCreateDatabase(s.session, path, NULL, &dbid, 0));
    assert_good(JetCloseDatabase(s.session, dbid, 0));
    for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
        assert_good(JetDetachDatabase(s.session, path));
        assert_good(JetAttachDatabase(s.session, path, WAYS[i]));
        assert_err(backup(target, 0), JET_errInvalidPath);
        assert_string_equal(names_in(folder), "other.edb");
    }
    assert_good(JetDetachDatabase(s.session, path));
}

/* A set without one of its logs is none: whatever kept a log from being opened, the client hears JET_errNoBackup from then on. */
static void without_memory_to_open_a_log_the_session_ends(void **state)
{
    (void)state;
    struct instance *instance = NULL;
    char *list = NULL;
    unsigned failures = 0;
    for (uint64_t nth = 1;; nth++) {
        JET_HANDLE file;
        uint64_t size = 0;
        uint32_t list_size;
        assert_good(JetBeginExternalBackupInstance(s.live.instance, 0));
        assert_good(engine_enter_instance(s.live.instance, INSTANCE_ENTER_RUNNING, &instance));
        struct backup_session *session = instance_backup(instance);
        assert_good(backup_get_log_info(session, &list, &list_size, NULL));
        memory_fail_at(nth, 0);
        JET_ERR err = backup_open_file(session, list, &file, &size);
        bool has_struck = memory_fail_left() == 0;
        memory_fail_at(0, 0);
        mem_free(list);
        engine_leave_instance(instance);
        JET_ERR ended = JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort);
        if (!has_struck) {
            assert_good(err);
            assert_good(ended);
            break;
        }
        failures++;
        assert_err(err, JET_errOutOfMemory);
        assert_err(ended, JET_errNoBackup);
    }
    assert_true(failures >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_backup_fills_an_empty_folder_and_can_be_restored, start, finish),
        cmocka_unit_test_setup_teardown(an_incremental_backup_adds_its_logs, start, finish),
        cmocka_unit_test_setup_teardown(an_atomic_backup_keeps_the_set_before_until_it_is_complete, start, finish),
        cmocka_unit_test_setup_teardown(both_forms_take_a_path_and_create_it_only_when_told, start, finish),
        cmocka_unit_test_setup_teardown(what_a_folder_must_not_hold_is_refused, start, finish),
        cmocka_unit_test_setup_teardown(a_failed_run_takes_back_what_it_made_and_nothing_else, start, finish),
        cmocka_unit_test_setup_teardown(no_other_thread_reaches_into_a_run, start, finish),
        cmocka_unit_test_setup_teardown(a_folder_in_which_the_instance_lives_is_never_emptied, start, finish),
        cmocka_unit_test_setup_teardown(nor_is_that_of_a_database_which_no_backup_takes, start, finish),
        cmocka_unit_test_setup_teardown(without_memory_to_open_a_log_the_session_ends, start, finish),
        cmocka_unit_test_setup_teardown(the_checks_come_in_their_order, start, finish),
        cmocka_unit_test_setup_teardown(circular_and_no_logging_have_their_refusals, start, finish),
        cmocka_unit_test_setup_teardown(without_a_path_the_logs_before_the_checkpoint_are_deleted, start, finish),
        cmocka_unit_test_setup_teardown(a_damaged_page_fails_the_whole_run, start, finish),
        cmocka_unit_test_setup_teardown(the_callback_can_refuse, start, finish),
        cmocka_unit_test_setup_teardown(a_stop_ends_it_at_its_next_step, start, finish),
        cmocka_unit_test_setup_teardown(a_termination_ends_it, start, finish),
        cmocka_unit_test_setup_teardown(an_atomic_target_is_restorable_after_a_failure_at_any_step, start, finish),
        cmocka_unit_test_setup_teardown(the_forms_without_instance_work_in_one_instance_mode, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
