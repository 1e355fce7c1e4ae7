/* Every bit and result that the reference pages of streaming and folder backup name, for the form without an instance as for the one with a handle: in one-instance mode both find the
 * only instance, so each table is gone through once for each form (backup-and-restore 2 to 10, 13). States that all calls share are in tests/api/test_states_of_calls.c.
 *
 * Pages: JetBackup, JetBackupInstance, JetBeginExternalBackup, JetBeginExternalBackupInstance, JetCloseFile, JetCloseFileInstance, JetEndExternalBackup,
 * JetEndExternalBackupInstance, JetEndExternalBackupInstance2, JetGetAttachInfo, JetGetAttachInfoInstance, JetGetLogInfo, JetGetLogInfoInstance, JetGetLogInfoInstance2,
 * JetGetTruncateLogInfoInstance, JetOpenFile, JetOpenFileInstance, JetReadFile, JetReadFileInstance, JetStopBackup, JetStopBackupInstance, JetTruncateLog,
 * JetTruncateLogInstance
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/backup.h"
#include "base/memory.h"
#include "cmocka_all.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "log/internal.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, LIST_BYTES = 1 << 14, BUFFER_BYTES = 1 << 18, ROWS_OF_SAMPLE = 20, BAD_HANDLE = 77, LOG_BLOCK = 4096, NO_DELAY_MS = 1 };
enum { SNAPSHOT = JET_bitBackupSnapshot, ATOMIC = JET_bitBackupAtomic, INCREMENTAL = JET_bitBackupIncremental, FULL = 0 };
#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static struct sample s;
static bool has_handle; /* which form of a call is asked */
static const char *database;
static uint8_t *buffer;
static char list[LIST_BYTES];
static uint32_t low, high;
static JET_HANDLE handle;

/* --- one call, in both forms --- */

#define FORM(function, ...) (has_handle ? function##Instance(s.live.instance, __VA_ARGS__) : function(__VA_ARGS__))
static JET_ERR begin(JET_GRBIT grbit) { return FORM(JetBeginExternalBackup, grbit); }
static JET_ERR begin_full(void) { return begin(FULL); }
static JET_ERR attach_info(void) { return FORM(JetGetAttachInfo, list, LIST_BYTES, &low); }
static JET_ERR log_info(void) { return FORM(JetGetLogInfo, list, LIST_BYTES, &low); }
static JET_ERR log_info_2(void)
{
    JET_LOGINFO_A info = {.cbSize = sizeof info};
    return JetGetLogInfoInstance2(s.live.instance, list, LIST_BYTES, &low, &info);
}
static JET_ERR truncate_info(void) { return JetGetTruncateLogInfoInstance(s.live.instance, list, LIST_BYTES, &low); }
static JET_ERR open_path(const char *path) { return FORM(JetOpenFile, path, &handle, &low, &high); }
static JET_ERR open_database(void) { return open_path(database); }
static JET_ERR open_nothing(void) { return open_path(""); }
static JET_ERR open_foreign(void) { return open_path("/etc/passwd"); }
static JET_ERR open_missing(void) { return open_path(text_of("%s/edbF0000.log", s.live.folder)); }
static JET_ERR read_into(JET_HANDLE file) { return FORM(JetReadFile, file, buffer, BUFFER_BYTES, &low); }
static JET_ERR read_unopened(void) { return read_into(BAD_HANDLE); }
static JET_ERR read_opened(void) { return read_into(handle); }
static JET_ERR close_unopened(void) { return FORM(JetCloseFile, BAD_HANDLE); }
static JET_ERR close_opened(void) { return FORM(JetCloseFile, handle); }
static JET_ERR truncate_log(void) { return has_handle ? JetTruncateLogInstance(s.live.instance) : JetTruncateLog(); }
static JET_ERR end(void) { return has_handle ? JetEndExternalBackupInstance(s.live.instance) : JetEndExternalBackup(); }
static JET_ERR end_normal(void) { return JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndNormal); }
static JET_ERR end_aborted(void) { return JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort); }
static JET_ERR end_truncated(void) { return JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndNormal | JET_bitBackupTruncateDone); }
static JET_ERR stop(void) { return has_handle ? JetStopBackupInstance(s.live.instance) : JetStopBackup(); }
static JET_ERR folder_backup(const char *folder, JET_GRBIT grbit)
{
    return has_handle ? JetBackupInstance(s.live.instance, folder, grbit, NULL) : JetBackup(folder, grbit, NULL);
}

/* --- the only instance of the process --- */

static const char *recovery = "on";
static bool is_circular;

static void start_in(const char *folder)
{
    JET_INSTANCE instance = 0;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, PAGE_SIZE, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFileSize, 64, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramEventLoggingLevel, 0, NULL));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramRecovery, 0, recovery));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramCircularLog, is_circular, NULL));
    assert_good(JetInit(&instance));
    s.live = (struct live_instance){.folder = folder, .page_size = PAGE_SIZE, .instance = instance};
    assert_good(JetBeginSession(instance, &s.live.session, NULL, NULL));
    s.session = s.live.session;
}

static int start(void **state)
{
    (void)state;
    buffer = (uint8_t *)aligned_alloc(PAGE_SIZE, BUFFER_BYTES);
    start_in(make_scratch_folder("only"));
    sample_create(&s);
    database = text_of("%s/sample.edb", s.live.folder);
    for (int32_t id = 1; id <= ROWS_OF_SAMPLE; id++)
        insert_sample(&s, id, id, "row");
    return 0;
}

/* Everything comes to the disk, and the instance goes on. */
static void restart(void)
{
    live_stop(&s.live);
    start_in(s.live.folder);
    assert_good(JetAttachDatabase(s.session, database, 0));
}

static int finish(void **state)
{
    (void)state;
    live_stop(&s.live);
    free(buffer);
    recovery = "on";
    is_circular = false;
    return 0;
}

/* --- states --- */

static void in_no_backup(void) {}
static void in_databases(void) { assert_good(begin(FULL)); }
static void in_logs(void)
{
    assert_good(begin(FULL));
    assert_good(log_info());
}
static void in_incremental(void) { assert_good(begin(INCREMENTAL)); }
static void with_open_file(void)
{
    assert_good(begin(FULL));
    assert_good(open_database());
}
static void after_a_stop(void)
{
    assert_good(begin(FULL));
    assert_good(stop());
}
static void after_everything_was_read(void)
{
    assert_good(begin(FULL));
    assert_good(open_database());
    do
        assert_good(read_opened());
    while (low > 0);
    assert_good(close_opened());
    assert_good(log_info());
}

static void leave(void)
{
    JET_ERR err = end_aborted();
    assert_true(err == JET_errSuccess || err == JET_errNoBackup || err == JET_errBackupAbortByServer);
}

struct row {
    const char *name;
    void (*enter)(void);
    JET_ERR (*call)(void);
    JET_ERR expected;
};

static void walk(const struct row *rows, size_t count)
{
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        for (size_t i = 0; i < count; i++) {
            rows[i].enter();
            JET_ERR err = rows[i].call();
            if (err != rows[i].expected)
                fail_msg("%s (%s): %d, expected %d", rows[i].name, has_handle ? "with a handle" : "without", err, rows[i].expected);
            leave();
        }
    }
}

static const struct row ROWS[] = {
    {"attach info outside", in_no_backup, attach_info, JET_errNoBackup},
    {"log info outside", in_no_backup, log_info, JET_errNoBackup},
    {"log info 2 outside", in_no_backup, log_info_2, JET_errNoBackup},
    {"truncate info outside", in_no_backup, truncate_info, JET_errNoBackup},
    {"open outside", in_no_backup, open_database, JET_errNoBackup},
    {"read outside", in_no_backup, read_unopened, JET_errNoBackup},
    {"close outside", in_no_backup, close_unopened, JET_errNoBackup},
    {"truncate outside", in_no_backup, truncate_log, JET_errNoBackup},
    {"end outside", in_no_backup, end, JET_errNoBackup},
    {"end 2 outside", in_no_backup, end_normal, JET_errNoBackup},
    {"end 2, aborted, outside", in_no_backup, end_aborted, JET_errNoBackup},

    {"attach info, stopped", after_a_stop, attach_info, JET_errBackupAbortByServer},
    {"log info, stopped", after_a_stop, log_info, JET_errBackupAbortByServer},
    {"log info 2, stopped", after_a_stop, log_info_2, JET_errBackupAbortByServer},
    {"truncate info, stopped", after_a_stop, truncate_info, JET_errBackupAbortByServer},
    {"open, stopped", after_a_stop, open_database, JET_errBackupAbortByServer},
    {"read, stopped", after_a_stop, read_unopened, JET_errBackupAbortByServer},
    {"truncate, stopped", after_a_stop, truncate_log, JET_errBackupAbortByServer},
    {"end, stopped", after_a_stop, end, JET_errBackupAbortByServer},
    {"end 2, stopped", after_a_stop, end_normal, JET_errBackupAbortByServer},

    {"attach info of an incremental one", in_incremental, attach_info, JET_errInvalidBackupSequence},
    {"log info beside an open file", with_open_file, log_info, JET_errInvalidBackupSequence},
    {"log info 2 beside an open file", with_open_file, log_info_2, JET_errInvalidBackupSequence},
    {"truncate info beside an open file", with_open_file, truncate_info, JET_errInvalidBackupSequence},
    {"truncate beside an open file", with_open_file, truncate_log, JET_errInvalidBackupSequence},
    {"a database after the list of logs", in_logs, open_database, JET_errInvalidBackupSequence},
    {"a database in an incremental one", in_incremental, open_database, JET_errInvalidBackupSequence},

    {"a second file", with_open_file, open_database, JET_errOutOfMemory},
    {"a file without a name", in_databases, open_nothing, JET_errInvalidParameter},
    {"a file of somebody else", in_logs, open_foreign, JET_errFileAccessDenied},
    {"a log that is not there", in_logs, open_missing, JET_errMissingFileToBackup},
    {"read what is not open", with_open_file, read_unopened, JET_errInvalidParameter},
    {"close what is not open", with_open_file, close_unopened, JET_errInvalidParameter},
    {"close", with_open_file, close_opened, JET_errSuccess},

    {"begin in a full one", in_databases, begin_full, JET_errBackupInProgress},
    {"begin in an incremental one", in_incremental, begin_full, JET_errBackupInProgress},
    {"end in the middle", in_databases, end, JET_errBackupAbortByCaller},
    {"end 2 in the middle", in_databases, end_normal, JET_errBackupAbortByCaller},
    {"end 2 in the middle, said", in_databases, end_aborted, JET_errSuccess},
    {"end", after_everything_was_read, end, JET_errSuccess},
    {"end 2", after_everything_was_read, end_normal, JET_errSuccess},
    {"end 2, truncated", after_everything_was_read, end_truncated, JET_errSuccess},
};

static void each_result_of_the_streaming_calls_comes_in_both_forms(void **state)
{
    (void)state;
    assert_good(JetBackup(make_scratch_folder("full"), FULL, NULL)); /* incremental ones need one */
    walk(ROWS, COUNT(ROWS));
}

/* The folder is where a path begins that does not begin with a slash. */
static void a_relative_path_needs_a_current_folder(void **state)
{
    (void)state;
    const char *gone = make_scratch_folder("gone");
    int back = open(".", O_RDONLY | O_DIRECTORY);
    assert_true(back >= 0);
    assert_int_equal(chdir(gone), 0);
    assert_int_equal(rmdir(gone), 0);
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        in_databases();
        assert_err(open_path("sample.edb"), JET_errInvalidPath);
        leave();
    }
    assert_int_equal(fchdir(back), 0);
    close(back);
    assert_int_equal(mkdir(gone, 0700), 0);
}

/* --- begin --- */

static struct instance *inside; /* entered, for what no client can do to it */

static void enter(void) { assert_good(engine_enter_instance(s.live.instance, 0, &inside)); }

static void the_bits_of_begin(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        assert_err(begin(ATOMIC), JET_errInvalidGrbit);
        assert_err(begin(SNAPSHOT), JET_errInvalidGrbit);
        assert_err(begin(INCREMENTAL), JET_errMissingFullBackup);
        assert_err(folder_backup(make_scratch_folder("snapshot"), SNAPSHOT), JET_errInvalidGrbit);
        assert_err(folder_backup(make_scratch_folder("incremental"), INCREMENTAL), JET_errMissingFullBackup);
    }
    for (int form = 0; form < 2; form++) {
        const char *folder = make_scratch_folder("atomic");
        has_handle = form == 1;
        assert_good(folder_backup(folder, ATOMIC));
        assert_good(folder_backup(folder, ATOMIC | INCREMENTAL));
        assert_int_equal(access(text_of("%s/old/sample.edb", folder), F_OK), 0);
        assert_good(begin(INCREMENTAL));
        assert_err(folder_backup(folder, FULL), JET_errBackupInProgress);
        leave();
        assert_err(folder_backup(text_of("%s/none", folder), FULL), JET_errInvalidPath);
        assert_err(folder_backup(folder, FULL), JET_errBackupDirectoryNotEmpty);
    }
}

static void no_backup_begins_while_the_instance_does_not_allow_one(void **state)
{
    (void)state;
    enter();
    backup_allow(inside->backup, false); /* as in the middle of the start and of the end */
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        assert_err(begin(FULL), JET_errBackupNotAllowedYet);
        assert_err(folder_backup(s.live.folder, FULL), JET_errBackupNotAllowedYet);
    }
    backup_allow(inside->backup, true);
    engine_leave_instance(inside);
}

static void without_memory_no_backup_begins(void **state)
{
    (void)state;
    for (int form = 0; form < 2; form++) {
        unsigned refused = 0;
        has_handle = form == 1;
        assert_good(folder_backup(make_scratch_folder("full"), FULL));
        for (uint64_t n = 1;; n++) {
            memory_fail_at(n, 0);
            JET_ERR err = begin(INCREMENTAL);
            bool has_failed = memory_fail_left() == 0;
            memory_fail_at(0, 0);
            leave();
            if (err == JET_errOutOfMemory)
                refused++;
            else
                assert_good(err);
            if (!has_failed)
                break;
        }
        assert_true(refused > 0);
    }
}

static void a_log_that_cannot_be_written_ends_all_backups(void **state)
{
    (void)state;
    struct fault_fs *disk = fault_fs_create(os_fs_posix());
    live_stop(&s.live);
    process_set_fs(fault_fs_os(disk));
    start_in(make_scratch_folder("down"));
    enter();
    fault_fs_fail(disk, FAULT_WRITE, 1, JET_errDiskIO, true);
    assert_true(log_roll(inside->log) < 0);
    assert_true(log_is_down(inside->log));
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        assert_err(begin(FULL), JET_errLogWriteFail);
        assert_err(folder_backup(s.live.folder, FULL), JET_errLogWriteFail);
    }
    engine_leave_instance(inside);
    (void)JetTerm2(s.live.instance, JET_bitTermAbrupt);
    fault_fs_fail(disk, FAULT_WRITE, 0, 0, false);
    process_set_fs(NULL);
    fault_fs_destroy(disk);
    start_in(make_scratch_folder("next"));
}

/* A stream that has no position to begin with: no checkpoint was ever written, and none is now. */
static void without_a_checkpoint_no_full_backup_begins(void **state)
{
    (void)state;
    live_stop(&s.live);
    start_in(make_scratch_folder("fresh"));
    enter();
    mutex_lock(&inside->log->checkpoint_lock);
    lgpos_t position = inside->log->checkpoint.lgpos_checkpoint;
    inside->log->checkpoint.lgpos_checkpoint = 0;
    mutex_unlock(&inside->log->checkpoint_lock);
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        assert_err(begin(FULL), JET_errCheckpointFileNotFound);
    }
    mutex_lock(&inside->log->checkpoint_lock);
    inside->log->checkpoint.lgpos_checkpoint = position;
    mutex_unlock(&inside->log->checkpoint_lock);
    engine_leave_instance(inside);
}

static void what_the_instance_does_with_its_logs_decides(void **state)
{
    (void)state;
    live_stop(&s.live);
    is_circular = true;
    start_in(make_scratch_folder("circular"));
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        assert_err(begin(INCREMENTAL), JET_errInvalidBackup);
        assert_err(folder_backup(s.live.folder, INCREMENTAL), JET_errInvalidBackup);
    }
    live_stop(&s.live);
    is_circular = false;
    recovery = "off";
    start_in(make_scratch_folder("unlogged"));
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        assert_err(begin(FULL), JET_errLoggingDisabled);
        assert_err(folder_backup(s.live.folder, FULL), JET_errLoggingDisabled);
    }
}

/* --- damage --- */

static void a_damaged_page_or_log_is_not_backed_up(void **state)
{
    (void)state;
    enum { BAD_PAGE = 3 };
    const uint64_t in_page = (uint64_t)(BAD_PAGE + 1) * PAGE_SIZE + 600, in_log = LOG_BLOCK + 300;
    restart();
    enter();
    backup_set_retry_delay(inside->backup, NO_DELAY_MS);
    engine_leave_instance(inside);
    assert_good(JetOpenDatabase(s.session, database, NULL, &s.dbid, 0));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &s.table));
    assert_good(JetBeginTransaction(s.session)); /* holds the checkpoint: each backup needs the logs from here on */
    insert_sample(&s, ROWS_OF_SAMPLE + 1, ROWS_OF_SAMPLE + 1, "open");
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        damage_file(database, in_page);
        with_open_file();
        assert_err(read_opened(), JET_errReadVerifyFailure);
        leave();
        assert_err(folder_backup(make_scratch_folder("page"), FULL), JET_errReadVerifyFailure);
        damage_file(database, in_page);

        in_logs();
        const char *log = text_of("%s", list);
        damage_file(log, in_log);
        assert_err(open_path(log), JET_errSuccess);
        assert_err(read_opened(), JET_errLogReadVerifyFailure);
        leave();
        assert_err(folder_backup(make_scratch_folder("log"), FULL), JET_errLogReadVerifyFailure);
        damage_file(log, in_log);
        assert_good(folder_backup(make_scratch_folder("whole"), FULL));
    }
    assert_good(JetRollback(s.session, 0));
}

/* --- nobody there --- */

static const struct {
    const char *name;
    JET_ERR (*call)(void);
} WITHOUT[] = {
    {"attach info", attach_info}, {"log info", log_info}, {"log info 2", log_info_2}, {"truncate info", truncate_info}, {"open", open_database},
    {"read", read_unopened},      {"close", close_opened}, {"truncate", truncate_log}, {"end", end},                    {"end 2", end_normal},
    {"begin", begin_full},        {"stop", stop},
};

static void without_an_instance_all_are_invalid_parameters(void **state)
{
    (void)state;
    live_stop(&s.live);
    s.live.instance = (JET_INSTANCE)0x1234567;
    for (int form = 0; form < 2; form++) {
        has_handle = form == 1;
        for (size_t i = 0; i < COUNT(WITHOUT); i++) {
            JET_ERR err = WITHOUT[i].call();
            if (err != JET_errInvalidParameter)
                fail_msg("%s: %d", WITHOUT[i].name, err);
        }
        assert_err(folder_backup("/", FULL), JET_errInvalidParameter);
    }
    s.live.instance = JET_instanceNil;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_result_of_the_streaming_calls_comes_in_both_forms, start, finish),
        cmocka_unit_test_setup_teardown(a_relative_path_needs_a_current_folder, start, finish),
        cmocka_unit_test_setup_teardown(the_bits_of_begin, start, finish),
        cmocka_unit_test_setup_teardown(no_backup_begins_while_the_instance_does_not_allow_one, start, finish),
        cmocka_unit_test_setup_teardown(without_memory_no_backup_begins, start, finish),
        cmocka_unit_test_setup_teardown(a_log_that_cannot_be_written_ends_all_backups, start, finish),
        cmocka_unit_test_setup_teardown(without_a_checkpoint_no_full_backup_begins, start, finish),
        cmocka_unit_test_setup_teardown(what_the_instance_does_with_its_logs_decides, start, finish),
        cmocka_unit_test_setup_teardown(a_damaged_page_or_log_is_not_backed_up, start, finish),
        cmocka_unit_test_setup_teardown(without_an_instance_all_are_invalid_parameters, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
