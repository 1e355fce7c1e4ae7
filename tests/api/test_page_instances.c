/* Every bit, level and result that the reference pages of instances name: how they are made, started, stopped and ended, and what is told of them (instance-and-session 2 to 10, 15).
 * States that all calls share are in test_states_of_calls.c, the options of recovery with real sets in test_recovery_options.c.
 *
 * Pages: JetCreateInstance, JetCreateInstance2, JetEnableMultiInstance, JetGetInstanceInfo, JetGetInstanceMiscInfo, JetInit, JetInit2, JetInit3, JetStopService,
 * JetStopServiceInstance, JetStopServiceInstance2, JetTerm, JetTerm2
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "format/db_header.h"
#include "log/log_files.h"
#include "plain_instance.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, MANY_ROWS = 60, INSTANCES_MOST = 3 };
#define run(...) assert_int_equal(system(text_of(__VA_ARGS__)), 0)
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* The only instance of the process, without a log. */
static JET_INSTANCE start_only(void)
{
    JET_INSTANCE only = 0;
    plain_configure(JET_instanceNil, make_scratch_folder("only"));
    assert_good(JetInit(&only));
    return only;
}

static void stop_only(JET_INSTANCE only)
{
    assert_good(JetTerm(only));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramRecovery, 0, "on")); /* what was set for it is the default of the next ones */
}

/* --- JetCreateInstance --- */

static JET_ERR create_1(JET_INSTANCE *instance, const char *name) { return JetCreateInstance(instance, name); }
static JET_ERR create_2(JET_INSTANCE *instance, const char *name) { return JetCreateInstance2(instance, name, "shown", 0); }
static JET_ERR (*const CREATE[])(JET_INSTANCE *instance, const char *name) = {create_1, create_2};

static void instances_are_made_until_there_are_too_many(void **state)
{
    (void)state;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramMaxInstances, INSTANCES_MOST, NULL));
    for (size_t form = 0; form < COUNT(CREATE); form++) {
        JET_INSTANCE made[INSTANCES_MOST], more;
        assert_err(CREATE[form](NULL, "nowhere"), JET_errInvalidParameter);
        for (int n = 0; n < INSTANCES_MOST; n++) {
            assert_good(CREATE[form](&made[n], text_of("number %d", n)));
            if (n == 0)
                assert_err(CREATE[form](&more, "number 0"), JET_errInstanceNameInUse);
        }
        assert_err(CREATE[form](&more, "one more"), JET_errTooManyInstances);
        for (int n = 0; n < INSTANCES_MOST; n++)
            assert_good(JetTerm(made[n]));
        JET_INSTANCE only = start_only();
        assert_err(CREATE[form](&more, "beside"), JET_errRunningInOneInstanceMode);
        stop_only(only);
    }
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramMaxInstances, 16, NULL));
}

/* --- JetEnableMultiInstance --- */

static JET_SETSYSPARAM_A setting(uint32_t id, JET_API_PTR number, const char *text) { return (JET_SETSYSPARAM_A){.paramid = id, .lParam = number, .sz = text}; }

static void settings_of_all_instances_are_made_at_once(void **state)
{
    uint32_t made = 77;
    const char *gone = make_scratch_folder("gone");
    (void)state;
    int back = open(".", O_RDONLY | O_DIRECTORY);
    assert_int_equal(chdir(gone), 0);
    assert_int_equal(rmdir(gone), 0);
    JET_SETSYSPARAM_A paths[] = {setting(JET_paramMaxCursors, 77, NULL), setting(JET_paramSystemPath, 0, "relative")};
    assert_err(JetEnableMultiInstanceA(paths, 2, &made), JET_errInvalidPath); /* below a folder that is not there any more */
    assert_int_equal(fchdir(back), 0);
    close(back);
    run("mkdir '%s'", gone);
    assert_int_equal(made, 1);
    assert_int_equal(paths[1].err, JET_errInvalidPath);
    JET_INSTANCE only = start_only();
    assert_err(JetEnableMultiInstanceA(NULL, 0, NULL), JET_errRunningInOneInstanceMode);
    stop_only(only);
    JET_SETSYSPARAM_A settings[] = {setting(JET_paramMaxCursors, 1024, NULL)};
    assert_good(JetEnableMultiInstanceA(settings, 1, &made));
    assert_int_equal(made, 1);
    assert_err(JetEnableMultiInstanceA(settings, 1, &made), JET_errSystemParamsAlreadySet);
    assert_err(JetEnableMultiInstanceA(NULL, 0, NULL), JET_errSystemParamsAlreadySet);
}

/* --- information --- */

static void the_list_of_instances_needs_its_arguments_and_memory(void **state)
{
    uint32_t count = 0;
    JET_INSTANCE_INFO *infos = NULL;
    unsigned refused = 0;
    (void)state;
    JET_INSTANCE instance = plain_start("listed");
    assert_err(JetGetInstanceInfo(NULL, &infos), JET_errInvalidParameter);
    assert_err(JetGetInstanceInfo(&count, NULL), JET_errInvalidParameter);
    for (uint64_t n = 1;; n++) {
        memory_fail_at(n, 0);
        JET_ERR err = JetGetInstanceInfo(&count, &infos);
        bool has_failed = memory_fail_left() == 0;
        memory_fail_at(0, 0);
        if (!has_failed)
            break;
        assert_err(err, JET_errOutOfMemory);
        refused++;
    }
    assert_true(refused > 0);
    assert_int_equal(count, 1);
    assert_string_equal(infos->szInstanceName, "listed");
    assert_good(JetFreeBuffer((char *)infos));
    plain_stop(instance);
}

static void the_signature_of_the_log_is_told(void **state)
{
    struct live_instance live;
    JET_SIGNATURE signature, nothing;
    (void)state;
    memset(&signature, 0, sizeof signature);
    memset(&nothing, 0, sizeof nothing);
    live_start(&live, PAGE_SIZE);
    assert_err(JetGetInstanceMiscInfo(live.instance, &signature, sizeof signature - 1, JET_InstanceMiscInfoLogSignature), JET_errBufferTooSmall);
    assert_err(JetGetInstanceMiscInfo(live.instance, NULL, sizeof signature, JET_InstanceMiscInfoLogSignature), JET_errInvalidParameter);
    assert_err(JetGetInstanceMiscInfo(live.instance, &signature, sizeof signature, 77), JET_errInvalidParameter);
    assert_memory_equal(&signature, &nothing, sizeof signature);
    assert_good(JetGetInstanceMiscInfo(live.instance, &signature, sizeof signature, JET_InstanceMiscInfoLogSignature));
    assert_memory_not_equal(&signature, &nothing, sizeof signature);
    live_stop(&live);
}

/* --- JetInit --- */

static const char *folder, *pristine, *database;

/* A folder as a crash leaves it: some archives, a current log, a database whose last changes are in the logs only. */
static void make_dirty_folder(void)
{
    struct sample s;
    sample_start(&s, PAGE_SIZE);
    folder = s.live.folder;
    database = text_of("%s/sample.edb", folder);
    struct sample holder = s; /* keeps the checkpoint where it is: every log from here on is needed */
    holder.session = plain_session(s.live.instance);
    assert_good(JetOpenDatabase(holder.session, database, NULL, &holder.dbid, 0));
    assert_good(JetOpenTable(holder.session, holder.dbid, "Sample", NULL, 0, 0, &holder.table));
    assert_good(JetBeginTransaction(holder.session));
    insert_sample(&holder, MANY_ROWS + 1, MANY_ROWS + 1, "never committed");
    for (int32_t id = 1; id <= MANY_ROWS; id++)
        insert_sample(&s, id, id, "a row with text");
    assert_good(JetCommitTransaction(s.session, JET_bitForceNewLog)); /* the last log has commits of which no page tells */
    insert_sample(&s, MANY_ROWS + 2, MANY_ROWS + 2, "in the last log only");
    pristine = make_scratch_folder("pristine");
    run("cp '%s'/* '%s'", folder, pristine); /* as if the power went */
    assert_err(JetTerm2(s.live.instance, JET_bitTermDirty), JET_errDirtyShutdown);
}

static void lay_out(void) { run("rm -f '%s'/* && cp '%s'/* '%s'", folder, pristine, folder); }

static JET_INSTANCE create_there(void)
{
    JET_INSTANCE instance = JET_instanceNil;
    assert_good(JetCreateInstance(&instance, "recovering"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 64, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    return instance;
}

static int other = -1; /* of somebody else, who has the database */

static void intact(void) {}
static void no_database(void) { run("rm '%s'", database); }
static void no_logs(void) { run("rm '%s'/*.log '%s'/edb.chk", folder, folder); }
static void no_current_log(void) { run("rm '%s/edb.log'", folder); }

/* No page on the disk is newer than the last archive: the current log has commits, of which the header knows, but nothing that a page needs. */
static void no_log_of_commits(void)
{
    unsigned long long size;
    struct db_header header;
    struct log_header current;
    unsigned char *bytes = read_whole_file(database, &size);
    assert_good(log_header_read(os_fs_posix(), text_of("%s/edb.log", folder), &current));
    assert_good(db_header_decode(bytes, PAGE_SIZE, &header));
    header.gen_max_required = header.gen_max_committed - 1;
    header.logtime_gen_max_required = current.previous_created;
    log_header_release(&current);
    db_header_encode(&header, bytes, PAGE_SIZE);
    int file = open(database, O_WRONLY);
    assert_int_equal(pwrite(file, bytes, PAGE_SIZE, 0), PAGE_SIZE);
    assert_int_equal(pwrite(file, bytes, PAGE_SIZE, PAGE_SIZE), PAGE_SIZE);
    close(file);
    free(bytes);
    no_current_log();
}

static void no_middle_log(void) { run("rm '%s/edb00002.log'", folder); }
static void bad_checkpoint(void) { damage_file(text_of("%s/edb.chk", folder), 100), damage_file(text_of("%s/edb.chk", folder), 4196); }
static void bad_log_header(void) { damage_file(text_of("%s/edb00002.log", folder), 200); }
static void bad_pages(void)
{
    unsigned long long size;
    unsigned char *bytes = read_whole_file(database, &size);
    for (unsigned long long at = 2 * PAGE_SIZE; at < size; at += PAGE_SIZE)
        if (bytes[at] != 0)
            damage_file(database, at + 600);
    free(bytes);
}
static void database_taken(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    other = open(database, O_RDWR);
    assert_true(other >= 0);
    assert_int_equal(fcntl(other, F_OFD_SETLK, &lock), 0);
}

struct start {
    const char *name;
    void (*prepare)(void);
    JET_GRBIT grbit;
    JET_ERR named, answered; /* by the page; by the engine */
    bool (*check)(JET_INSTANCE instance);
};

static bool archives_are_gone(JET_INSTANCE instance)
{
    (void)instance;
    return access(text_of("%s/edb00001.log", folder), F_OK) != 0;
}
static bool archives_stay(JET_INSTANCE instance)
{
    (void)instance;
    return access(text_of("%s/edb00001.log", folder), F_OK) == 0;
}
static bool is_kept_attached(JET_INSTANCE instance)
{
    JET_DBID dbid;
    return JetOpenDatabase(plain_session(instance), database, NULL, &dbid, 0) == JET_errDatabaseAttachedForRecovery;
}
static bool is_not_attached(JET_INSTANCE instance)
{
    JET_DBID dbid;
    return JetOpenDatabase(plain_session(instance), database, NULL, &dbid, 0) == JET_errDatabaseNotFound;
}

static const struct start STARTS[] = {
    {"as it is", intact, 0, JET_errSuccess, JET_errSuccess, archives_stay},
    {"as it is, and the client attaches", intact, 0, JET_wrnDatabaseAttached, JET_errSuccess, is_not_attached}, /* since Windows XP no database stays attached */
    {"reserved bit", intact, JET_bitCreateSFSVolumeIfNotExist, JET_errSuccess, JET_errSuccess, archives_stay},
    {"no database", no_database, 0, JET_errAttachedDatabaseMismatch, JET_errAttachedDatabaseMismatch, NULL},
    {"no database, which is ignored", no_database, JET_bitReplayIgnoreMissingDB, JET_errSuccess, JET_errSuccess, NULL},
    {"redo only", intact, JET_bitRecoveryWithoutUndo, JET_errSuccess, JET_errRecoveredWithoutUndo, NULL},
    {"truncation", intact, JET_bitTruncateLogsAfterRecovery, JET_errSuccess, JET_errSuccess, archives_are_gone},
    {"databases where they were", intact, JET_bitReplayMissingMapEntryDB, JET_errSuccess, JET_errSuccess, NULL},
    {"no logs, of which there must be some", no_logs, JET_bitLogStreamMustExist, JET_errMissingLogFile, JET_errMissingLogFile, NULL},
    {"no current log", no_current_log, 0, JET_errMissingLogFile, JET_errMissingLogFile, NULL},
    {"no log of the last commits", no_log_of_commits, 0, JET_errMissingLogFile, JET_errMissingLogFile, NULL},
    {"no log of the last commits, which is ignored", no_log_of_commits, JET_bitReplayIgnoreLostLogs, JET_errSuccess, JET_wrnCommittedLogFilesLost, NULL},
    {"a log between is missing", no_middle_log, 0, JET_errInvalidLogSequence, JET_errInvalidLogSequence, NULL},
    {"the header of a log is damaged", bad_log_header, 0, JET_errLogFileCorrupt, JET_errLogFileCorrupt, NULL},
    {"the pages are damaged", bad_pages, 0, JET_errReadVerifyFailure, JET_errReadVerifyFailure, NULL},
    {"the checkpoint is damaged", bad_checkpoint, 0, JET_errCheckpointCorrupt, JET_errSuccess, NULL}, /* the logs tell all */
    {"somebody has the database", database_taken, 0, JET_errDatabaseSharingViolation, JET_errFileAccessDenied, NULL}, /* the other answer is for a database of another instance */
    {"databases stay", intact, JET_bitKeepDbAttachedAtEndOfRecovery, JET_errSuccess, JET_errSuccess, is_kept_attached},
};

static JET_ERR init_1(JET_INSTANCE *instance, JET_GRBIT grbit)
{
    (void)grbit;
    return JetInit(instance);
}
static JET_ERR init_2(JET_INSTANCE *instance, JET_GRBIT grbit) { return JetInit2(instance, grbit); }
static JET_ERR init_3(JET_INSTANCE *instance, JET_GRBIT grbit) { return JetInit3A(instance, NULL, grbit); }
static JET_ERR (*const INIT[])(JET_INSTANCE *instance, JET_GRBIT grbit) = {init_1, init_2, init_3};

static void each_start_answers_as_its_folder_is_and_its_bits_say(void **state)
{
    int wrong = 0;
    (void)state;
    make_dirty_folder();
    for (size_t form = 0; form < COUNT(INIT); form++)
        for (size_t i = 0; i < COUNT(STARTS); i++) {
            if (form == 0 && STARTS[i].grbit != 0)
                continue;
            lay_out();
            STARTS[i].prepare();
            JET_INSTANCE instance = create_there();
            JET_ERR err = INIT[form](&instance, STARTS[i].grbit);
            bool is_good = err == STARTS[i].answered && (STARTS[i].check == NULL || STARTS[i].check(instance));
            if (!is_good)
                print_message("%s (form %zu): %d, expected %d\n", STARTS[i].name, form, err, STARTS[i].answered);
            wrong += !is_good;
            if (err >= 0)
                assert_good(JetTerm2(instance, JET_bitTermComplete));
            if (other >= 0)
                close(other);
            other = -1;
        }
    assert_int_equal(wrong, 0);
}

static void a_map_leaves_out_what_it_does_not_name_unless_it_is_told(void **state)
{
    JET_RSTMAP_A map = {(char *)(uintptr_t)"/nowhere/absent.edb", (char *)(uintptr_t)"/nowhere/absent.edb"};
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .rgrstmap = &map, .crstmap = 1};
    (void)state;
    for (int told = 0; told < 2; told++) {
        JET_DBINFOMISC misc;
        lay_out();
        JET_INSTANCE instance = create_there();
        assert_err(JetInit3A(&instance, &info, told ? JET_bitReplayMissingMapEntryDB : 0), told ? JET_errSuccess : JET_errAttachedDatabaseMismatch);
        if (told)
            assert_good(JetTerm2(instance, JET_bitTermComplete));
        assert_good(JetGetDatabaseFileInfoA(database, &misc, sizeof misc, JET_DbInfoMisc));
        assert_int_equal(misc.dbstate, told ? JET_dbstateCleanShutdown : JET_dbstateDirtyShutdown);
    }
}

/* --- JetStopService --- */

static void each_service_is_stopped_and_resumed(void **state)
{
    static const struct {
        JET_GRBIT grbit;
        JET_ERR answer, transaction; /* what JetBeginTransaction says then */
    } STEPS[] = {
        {JET_bitStopServiceBackgroundUserTasks, JET_errSuccess, JET_errSuccess},
        {JET_bitStopServiceQuiesceCaches, JET_errSuccess, JET_errSuccess},
        {JET_bitStopServiceBackgroundUserTasks | JET_bitStopServiceResume, JET_errSuccess, JET_errSuccess},
        {JET_bitStopServiceResume, JET_errSuccess, JET_errSuccess},
        {JET_bitStopServiceAll, JET_errSuccess, JET_errClientRequestToStopJetService},
        {JET_bitStopServiceAll | JET_bitStopServiceResume, JET_errClientRequestToStopJetService, JET_errClientRequestToStopJetService},
    };
    (void)state;
    JET_INSTANCE instance = plain_start("stopping"), gone = plain_create("gone");
    JET_SESID session = plain_session(instance);
    assert_err(JetStopService(), JET_errRunningInMultiInstanceMode);
    assert_err(JetStopServiceInstance(0), JET_errInvalidParameter);
    assert_err(JetStopServiceInstance(JET_instanceNil), JET_errInvalidParameter);
    assert_good(JetTerm(gone));
    assert_err(JetStopServiceInstance(gone), JET_errInvalidInstance); /* one that is not there any more */
    for (size_t i = 0; i < COUNT(STEPS); i++) {
        assert_err(JetStopServiceInstance2(instance, STEPS[i].grbit), STEPS[i].answer);
        assert_err(JetBeginTransaction(session), STEPS[i].transaction);
        (void)JetRollback(session, 0);
    }
    plain_stop(instance);
}

/* --- JetTerm --- */

static JET_ERR term_1(JET_INSTANCE instance, JET_GRBIT grbit)
{
    (void)grbit;
    return JetTerm(instance);
}
static JET_ERR term_2(JET_INSTANCE instance, JET_GRBIT grbit) { return JetTerm2(instance, grbit); }

static void backup_runs(struct live_instance *live) { assert_good(JetBeginExternalBackupInstance(live->instance, 0)); }
static void transaction_is_open(struct live_instance *live) { assert_good(JetBeginTransaction(live->session)); }
static void nothing_is_open(struct live_instance *live) { (void)live; }

static const struct {
    const char *name;
    void (*prepare)(struct live_instance *live);
    JET_ERR (*end)(JET_INSTANCE instance, JET_GRBIT grbit);
    JET_GRBIT grbit;
    JET_ERR expected;
} ENDS[] = {
    {"complete", nothing_is_open, term_2, JET_bitTermComplete, JET_errSuccess},
    {"abrupt", nothing_is_open, term_2, JET_bitTermAbrupt, JET_errSuccess},
    {"dirty", nothing_is_open, term_2, JET_bitTermDirty, JET_errDirtyShutdown},
    {"JetTerm", nothing_is_open, term_1, 0, JET_errSuccess},
    {"complete in a backup", backup_runs, term_2, JET_bitTermComplete, JET_errBackupInProgress},
    {"no bits in a backup", backup_runs, term_2, 0, JET_errBackupInProgress},
    {"complete, and the backup is stopped", backup_runs, term_2, JET_bitTermComplete | JET_bitTermStopBackup, JET_errSuccess},
    {"abrupt in a backup", backup_runs, term_2, JET_bitTermAbrupt, JET_errSuccess}, /* which includes the other bit */
    {"JetTerm in a backup", backup_runs, term_1, 0, JET_errSuccess},                /* it is abrupt */
    {"complete in a transaction", transaction_is_open, term_2, JET_bitTermComplete, JET_errTooManyActiveUsers},
    {"abrupt in a transaction", transaction_is_open, term_2, JET_bitTermAbrupt, JET_errTooManyActiveUsers},
    {"JetTerm in a transaction", transaction_is_open, term_1, 0, JET_errTooManyActiveUsers},
    {"dirty in a transaction", transaction_is_open, term_2, JET_bitTermDirty, JET_errDirtyShutdown},
};

static void each_end_refuses_or_ends(void **state)
{
    (void)state;
    assert_err(JetTerm(0), JET_errInvalidParameter);
    assert_err(JetTerm2(0, JET_bitTermComplete), JET_errInvalidParameter);
    for (size_t i = 0; i < COUNT(ENDS); i++) {
        struct live_instance live;
        live_start(&live, PAGE_SIZE);
        ENDS[i].prepare(&live);
        JET_ERR err = ENDS[i].end(live.instance, ENDS[i].grbit);
        if (err != ENDS[i].expected)
            fail_msg("%s: %d, expected %d", ENDS[i].name, err, ENDS[i].expected);
        if (err == JET_errBackupInProgress || err == JET_errTooManyActiveUsers) /* it goes on as if nothing had been said */
            assert_err(JetTerm2(live.instance, JET_bitTermDirty | JET_bitTermStopBackup), JET_errDirtyShutdown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_are_made_until_there_are_too_many),
        cmocka_unit_test(settings_of_all_instances_are_made_at_once),
        cmocka_unit_test(the_list_of_instances_needs_its_arguments_and_memory),
        cmocka_unit_test(the_signature_of_the_log_is_told),
        cmocka_unit_test(each_start_answers_as_its_folder_is_and_its_bits_say),
        cmocka_unit_test(a_map_leaves_out_what_it_does_not_name_unless_it_is_told), /* of the same folder */
        cmocka_unit_test(each_service_is_stopped_and_resumed),
        cmocka_unit_test(each_end_refuses_or_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
