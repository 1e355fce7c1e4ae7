/* The checks of Begin, in their order (backup-and-restore 5): with everything wrong at once the first check speaks; each thing put right lets the next one speak. */
#define ESENT_PRIVATE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup.h"
#include "base/memory.h"
#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "format/log_header.h"
#include "log/internal.h"
#include "recorded_events.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, BAD_BIT = 0x80, FULL = 0, INCREMENTAL = JET_bitBackupIncremental };

/* --- the session alone, with a log and a database that is only a header --- */

static struct fault_fs *disk;
static struct log *stream;
static struct database database;
static struct backup_session *session;
static bool has_database;

static JET_ERR visit(void *context, JET_ERR (*visitor)(void *, struct database *), void *visit_context)
{
    (void)context;
    return has_database ? visitor(visit_context, &database) : JET_errSuccess;
}

static void open_stream(void)
{
    const char *folder = make_scratch_folder("log");
    disk = fault_fs_create(os_fs_posix());
    struct log_config config = {.fs = fault_fs_os(disk), .log_folder = folder, .system_folder = folder, .base_name = "edb", .is_legacy_names = true, .file_kib = 64, .page_size = PAGE_SIZE};
    assert_good(log_create(&config, NULL, &stream));
    assert_good(log_append_init(stream, NULL));
}

static void open_session(bool is_circular)
{
    struct backup_host host = {.fs = fault_fs_os(disk), .log = stream, .page_size = PAGE_SIZE, .is_circular = is_circular, .visit_databases = visit};
    assert_good(backup_session_create(&host, &session));
    backup_allow(session, true);
}

static void close_all(void)
{
    backup_session_destroy(session);
    log_close(stream);
    fault_fs_destroy(disk);
    session = NULL;
    stream = NULL;
    disk = NULL;
}

/* A failed Begin leaves nothing behind. */
static void refused(JET_GRBIT grbit, JET_ERR expected)
{
    bool was_active = backup_is_active(session);
    assert_err(backup_begin(session, grbit), expected);
    assert_int_equal(backup_is_active(session), was_active);
    assert_int_equal(backup_oldest_needed_generation(session), 0);
}

/* The disk has no room for the reserves, of which one is gone. */
static void fill_disk(void)
{
    assert_int_equal(remove(text_of("%s/edbres00001.jrs", log_folder_path(stream))), 0);
    fault_fs_fail_only(disk, ".jrs");
    fault_fs_fail(disk, FAULT_SET_SIZE, 1, JET_errDiskFull, true);
}

static void each_check_speaks_when_those_before_it_are_content(void **state)
{
    (void)state;
    open_stream();
    assert_good(mutex_init(&database.header_lock, RANK_DATABASE_HEADER));
    database.path = (char *)(uintptr_t)"nowhere.edb";
    open_session(true);
    uint32_t generation = stream->header.generation;
    backup_allow(session, false);
    fill_disk();
    stream->header.generation = LOG_GENERATION_MAX_RUNNING;
    has_database = true;
    refused(INCREMENTAL | BAD_BIT, JET_errBackupNotAllowedYet);
    backup_allow(session, true);
    refused(INCREMENTAL | BAD_BIT, JET_errInvalidGrbit);
    refused(INCREMENTAL, JET_errInvalidBackup);
    refused(FULL, JET_errLogDiskFull);
    backup_session_destroy(session);
    open_session(false);
    refused(INCREMENTAL, JET_errLogDiskFull);
    fault_fs_fail(disk, FAULT_SET_SIZE, 0, 0, false);
    refused(INCREMENTAL, JET_errLogSequenceEnd);
    assert_true(os_exists(os_fs_posix(), text_of("%s/edbres00001.jrs", log_folder_path(stream)))); /* the check has made it again */
    stream->header.generation = generation;
    refused(INCREMENTAL, JET_errMissingFullBackup);
    database.header.backup_full_previous.gen_low = 1;
    database.header.backup_full_previous_type = BACKUP_TYPE_OS_SNAPSHOT; /* of another kind */
    refused(INCREMENTAL, JET_errMissingFullBackup);
    database.header.backup_full_previous_type = BACKUP_TYPE_NORMAL;
    lgpos_t checkpoint = stream->checkpoint.lgpos_checkpoint;
    stream->checkpoint.lgpos_checkpoint = 0;
    refused(FULL, JET_errCheckpointFileNotFound);
    stream->checkpoint.lgpos_checkpoint = checkpoint;
    uint64_t allocations = 0;
    for (JET_ERR err = JET_errOutOfMemory; err != JET_errSuccess; allocations++) {
        memory_fail_at(allocations + 1, 0);
        err = backup_begin(session, INCREMENTAL);
        bool has_failed = memory_fail_left() == 0;
        memory_fail_at(0, 0);
        if (has_failed && err != JET_errSuccess) /* the log's record of the begin may be missing */
            assert_err(err, JET_errOutOfMemory);
        assert_int_equal(backup_is_active(session), err == JET_errSuccess);
    }
    assert_true(allocations > 1);
    /* one is active: the checks before that one still come first */
    refused(BAD_BIT, JET_errInvalidGrbit);
    fill_disk();
    refused(FULL, JET_errLogDiskFull);
    fault_fs_fail(disk, FAULT_SET_SIZE, 0, 0, false);
    refused(FULL, JET_errBackupInProgress);
    refused(INCREMENTAL, JET_errBackupInProgress);
    assert_good(backup_end(session, JET_bitBackupEndAbort));
    assert_good(backup_begin_surrogate(session, 1, 1, 0));
    refused(FULL, JET_errSurrogateBackupInProgress);
    refused(INCREMENTAL, JET_errSurrogateBackupInProgress);
    close_all();
    mutex_destroy(&database.header_lock);
    has_database = false;
}

static void a_log_that_is_down_speaks_before_the_bits(void **state)
{
    (void)state;
    open_stream();
    open_session(false);
    fault_fs_fail(disk, FAULT_WRITE, 1, JET_errDiskIO, true);
    assert_true(log_roll(stream) < 0);
    assert_true(log_is_down(stream));
    refused(BAD_BIT, JET_errLogWriteFail);
    refused(FULL, JET_errLogWriteFail);
    close_all();
}

static void without_a_log_there_is_no_backup(void **state)
{
    (void)state;
    disk = fault_fs_create(os_fs_posix());
    open_session(false);
    refused(BAD_BIT, JET_errLoggingDisabled);
    refused(INCREMENTAL, JET_errLoggingDisabled);
    close_all();
}

/* --- what a client meets --- */

static void set_logging_off(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, "off")); }
static void set_circular(JET_INSTANCE instance)
{
    events_on(instance);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramCircularLog, 1, NULL));
}

static const struct row {
    const char *what;
    void (*configure)(JET_INSTANCE);
    JET_GRBIT grbit;
    JET_ERR expected;
    const char *events;
} ROWS[] = {
    {"logging off, full", set_logging_off, FULL, JET_errLoggingDisabled, ""},
    {"logging off, bits nobody knows", set_logging_off, BAD_BIT, JET_errLoggingDisabled, ""},
    {"logging off, incremental", set_logging_off, INCREMENTAL, JET_errLoggingDisabled, ""},
    {"circular, incremental", set_circular, INCREMENTAL, JET_errInvalidBackup, ""},
    {"circular, incremental and a bad bit", set_circular, INCREMENTAL | BAD_BIT, JET_errInvalidGrbit, ""},
    {"circular, full", set_circular, FULL, JET_errSuccess, "210 I()"},
    {"atomic", events_on, JET_bitBackupAtomic, JET_errInvalidGrbit, ""},
    {"snapshot", events_on, JET_bitBackupSnapshot, JET_errInvalidGrbit, ""},
    {"incremental without a full one", events_on, INCREMENTAL, JET_errMissingFullBackup, "206 E(sample.edb)"},
    {"full", events_on, FULL, JET_errSuccess, "210 I()"},
};

static void each_refusal_reaches_the_client_and_a_later_begin_works(void **state)
{
    (void)state;
    static const uint32_t BEGINS[] = {206, 210, 211, 213, 214, 215, 226, 0};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct sample s;
        live_configure = ROWS[i].configure;
        sample_start(&s, PAGE_SIZE);
        events_start();
        JET_ERR err = JetBeginExternalBackupInstance(s.live.instance, ROWS[i].grbit);
        if (err != ROWS[i].expected)
            fail_msg("%s: %d, expected %d", ROWS[i].what, err, ROWS[i].expected);
        if (strcmp(events_text(BEGINS, 1), ROWS[i].events) != 0)
            fail_msg("%s: events %s", ROWS[i].what, events_text(BEGINS, 1));
        if (err >= 0)
            assert_err(JetBeginExternalBackupInstance(s.live.instance, ROWS[i].grbit), JET_errBackupInProgress);
        else
            assert_err(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort), JET_errNoBackup);
        if (err < 0 && ROWS[i].configure != set_logging_off)
            assert_good(JetBeginExternalBackupInstance(s.live.instance, FULL));
        if (ROWS[i].configure != set_logging_off)
            assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort));
        events_stop();
        live_stop(&s.live);
    }
    live_configure = NULL;
}

static void on_a_full_log_disk_none_begins_until_there_is_room(void **state)
{
    (void)state;
    struct sample s;
    disk = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(disk));
    sample_start(&s, PAGE_SIZE);
    assert_int_equal(remove(text_of("%s/edbres00002.jrs", s.live.folder)), 0); /* as after a roll that needed it */
    fault_fs_fail_only(disk, ".jrs");
    fault_fs_fail(disk, FAULT_SET_SIZE, 1, JET_errDiskFull, true);
    assert_err(JetBeginExternalBackupInstance(s.live.instance, FULL), JET_errLogDiskFull);
    assert_err(JetBeginExternalBackupInstance(s.live.instance, INCREMENTAL), JET_errLogDiskFull);
    assert_err(JetBeginExternalBackupInstance(s.live.instance, BAD_BIT), JET_errInvalidGrbit);
    insert_sample(&s, 1, 1, "works"); /* only backups are refused */
    fault_fs_fail(disk, FAULT_SET_SIZE, 0, 0, false);
    assert_good(JetBeginExternalBackupInstance(s.live.instance, FULL));
    assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort));
    live_stop(&s.live);
    process_set_fs(NULL);
    fault_fs_destroy(disk);
    disk = NULL;
}

/* Who ends the backup he began does not end the one that somebody else has begun since. */
static void an_end_of_one_backup_leaves_a_later_one_alone(void **state)
{
    (void)state;
    has_database = false;
    open_stream();
    open_session(false);
    assert_good(backup_begin(session, 0));
    uint32_t first = backup_turn(session);
    assert_good(backup_end(session, JET_bitBackupEndAbort));
    assert_good(backup_begin(session, 0));
    backup_stop(session);
    assert_err(backup_end_turn(session, first, JET_bitBackupEndAbort), JET_errNoBackup);
    assert_true(backup_is_active(session));
    assert_err(backup_end_turn(session, backup_turn(session), JET_bitBackupEndNormal), JET_errBackupAbortByServer); /* the stop was not forgotten */
    assert_false(backup_is_active(session));
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_of_one_backup_leaves_a_later_one_alone),
        cmocka_unit_test(each_check_speaks_when_those_before_it_are_content),
        cmocka_unit_test(a_log_that_is_down_speaks_before_the_bits),
        cmocka_unit_test(without_a_log_there_is_no_backup),
        cmocka_unit_test(each_refusal_reaches_the_client_and_a_later_begin_works),
        cmocka_unit_test(on_a_full_log_disk_none_begins_until_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
