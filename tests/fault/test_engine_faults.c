/* A running engine whose disk fails: what the client hears, and that nothing committed is lost (instance-and-session 3, 12; recovery 12). */
#define ESENT_PRIVATE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "os/thread.h"
#include "plain_instance.h"
#include "shared_data.h"

enum { LOG_KIB = 64, ROWS_MANY = 5000 };

struct engine {
    const char *folder, *path;
    struct fault_fs *disk;
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID value;
};

static void start_instance(struct engine *e)
{
    static unsigned count;
    e->instance = JET_instanceNil;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 4096, NULL));
    assert_good(JetCreateInstance(&e->instance, text_of("faults %u", count++)));
    plain_configure(e->instance, e->folder);
    assert_good(JetSetSystemParameter(&e->instance, 0, JET_paramRecovery, 0, "on"));
    assert_good(JetSetSystemParameter(&e->instance, 0, JET_paramLogFileSize, LOG_KIB, NULL));
    assert_good(JetInit(&e->instance));
    e->session = plain_session(e->instance);
}

static void set_up(struct engine *e, const char *name)
{
    JET_COLUMNDEF value = {.cbStruct = sizeof value, .coltyp = JET_coltypLongBinary};
    memset(e, 0, sizeof *e);
    e->folder = make_scratch_folder(name);
    e->path = text_of("%s/data.edb", e->folder);
    e->disk = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(e->disk));
    start_instance(e);
    assert_good(JetCreateDatabase(e->session, e->path, NULL, &e->dbid, 0));
    assert_good(JetCreateTable(e->session, e->dbid, "rows", 16, 80, &e->table));
    assert_good(JetAddColumn(e->session, e->table, "value", &value, NULL, 0, &e->value));
}

static void tear_down(struct engine *e)
{
    process_set_fs(NULL);
    assert_int_equal(fault_fs_open_files(e->disk), 0);
    fault_fs_destroy(e->disk);
}

/* One row in a durable transaction of its own. */
static JET_ERR insert(struct engine *e)
{
    static const uint8_t bytes[900] = {1};
    JET_ERR err = JetBeginTransaction(e->session);
    if (err < 0)
        return err;
    err = JetPrepareUpdate(e->session, e->table, JET_prepInsert);
    if (err >= 0)
        err = JetSetColumn(e->session, e->table, e->value, bytes, sizeof bytes, JET_bitSetIntrinsicLV, NULL);
    if (err >= 0)
        err = JetUpdate(e->session, e->table, NULL, 0, NULL);
    if (err >= 0)
        err = JetCommitTransaction(e->session, 0);
    return err;
}

static uint32_t count_after_restart(struct engine *e)
{
    uint32_t count = 0;
    start_instance(e);
    assert_good(JetAttachDatabase(e->session, e->path, 0));
    assert_good(JetOpenDatabase(e->session, e->path, NULL, &e->dbid, 0));
    assert_good(JetOpenTable(e->session, e->dbid, "rows", NULL, 0, 0, &e->table));
    JET_ERR err = JetMove(e->session, e->table, JET_MoveFirst, 0);
    for (; err >= 0; err = JetMove(e->session, e->table, JET_MoveNext, 0))
        count++;
    assert_int_equal(err, JET_errNoCurrentRecord);
    plain_stop(e->instance);
    return count;
}

static void a_full_log_disk_stops_the_instance_and_loses_nothing(void **state)
{
    struct engine e;
    uint32_t rows = 0;
    JET_ERR err = JET_errSuccess;
    (void)state;
    set_up(&e, "logfull");
    fault_fs_fail_only(e.disk, "edbtmp");
    fault_fs_fail(e.disk, FAULT_SET_SIZE, 1, JET_errDiskFull, true);
    for (; rows < ROWS_MANY && err >= 0; rows += err >= 0)
        err = insert(&e);
    assert_true(rows > 10); /* the reserves */
    assert_err(err, JET_errLogDiskFull);
    assert_err(JetBeginTransaction(e.session), JET_errInstanceUnavailableDueToFatalLogDiskFull);
    assert_err(JetRollback(e.session, 0), JET_errInstanceUnavailableDueToFatalLogDiskFull);
    (void)JetTerm2(e.instance, JET_bitTermComplete);
    fault_fs_fail(e.disk, FAULT_SET_SIZE, 0, 0, false);
    assert_int_equal(count_after_restart(&e), rows);
    tear_down(&e);
}

static void a_failing_log_stops_the_instance_and_loses_nothing(void **state)
{
    static const enum fault_operation kinds[] = {FAULT_WRITE, FAULT_SYNC};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct engine e;
        uint32_t rows = 0;
        JET_ERR err = JET_errSuccess;
        set_up(&e, "logfails");
        for (; rows < 20; rows++)
            assert_good(insert(&e));
        fault_fs_fail_only(e.disk, ".log"); /* the current log keeps the name it was made under */
        fault_fs_fail(e.disk, kinds[i], 3, JET_errDiskIO, true);
        for (; rows < ROWS_MANY && err >= 0; rows += err >= 0)
            err = insert(&e);
        assert_err(err, JET_errLogWriteFail);
        assert_err(JetBeginTransaction(e.session), JET_errInstanceUnavailable);
        (void)JetTerm2(e.instance, JET_bitTermComplete);
        fault_fs_fail(e.disk, kinds[i], 0, 0, false);
        uint32_t found = count_after_restart(&e);
        assert_in_range(found, rows, rows + 1); /* the one whose commit failed may have reached the disk */
        tear_down(&e);
    }
}

static void a_database_that_cannot_be_written_stays_whole_in_the_log(void **state)
{
    struct engine e;
    (void)state;
    set_up(&e, "dbfails");
    fault_fs_fail_only(e.disk, "data.edb");
    fault_fs_fail(e.disk, FAULT_WRITE, 1, JET_errDiskIO, true);
    for (int i = 0; i < 200; i++) /* also over new generations, whose headers cannot be written */
        assert_good(insert(&e));
    assert_good(JetCloseTable(e.session, e.table));
    assert_good(JetCloseDatabase(e.session, e.dbid, 0));
    assert_err(JetDetachDatabase(e.session, e.path), JET_errDiskIO);
    fault_fs_fail(e.disk, FAULT_WRITE, 0, 0, false);
    assert_good(JetDetachDatabase(e.session, e.path)); /* the next try writes it all */
    plain_stop(e.instance);
    assert_int_equal(count_after_restart(&e), 200);
    /* The end itself fails: recovery makes it good. */
    start_instance(&e);
    assert_good(JetAttachDatabase(e.session, e.path, 0));
    assert_good(JetOpenDatabase(e.session, e.path, NULL, &e.dbid, 0));
    assert_good(JetOpenTable(e.session, e.dbid, "rows", NULL, 0, 0, &e.table));
    for (int i = 0; i < 50; i++)
        assert_good(insert(&e));
    fault_fs_fail(e.disk, FAULT_WRITE, 1, JET_errDiskIO, true);
    assert_err(JetTerm2(e.instance, JET_bitTermComplete), JET_errDiskIO);
    fault_fs_fail(e.disk, FAULT_WRITE, 0, 0, false);
    assert_int_equal(count_after_restart(&e), 250);
    tear_down(&e);
}

/* Each operation on the new file fails once: an error, no file, and the same call again makes it. */
static void a_creation_that_fails_leaves_nothing(void **state)
{
    static const enum fault_operation kinds[] = {FAULT_OPEN, FAULT_SET_SIZE, FAULT_WRITE, FAULT_SYNC, FAULT_READ};
    struct engine e;
    (void)state;
    set_up(&e, "create");
    const char *path = text_of("%s/other.edb", e.folder);
    fault_fs_fail_only(e.disk, "other.edb");
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        bool has_failed = true;
        for (uint64_t nth = 1; has_failed; nth++) {
            JET_DBID dbid = JET_dbidNil;
            fault_fs_fail(e.disk, kinds[kind], nth, kinds[kind] == FAULT_SET_SIZE ? JET_errDiskFull : JET_errDiskIO, false);
            JET_ERR err = JetCreateDatabase(e.session, path, NULL, &dbid, 0);
            has_failed = fault_fs_has_failed(e.disk);
            fault_fs_fail(e.disk, kinds[kind], 0, 0, false);
            if (err < 0) {
                assert_true(has_failed);
                assert_int_equal(access(path, F_OK), -1);
                assert_good(JetCreateDatabase(e.session, path, NULL, &dbid, 0));
            }
            assert_good(JetCloseDatabase(e.session, dbid, 0));
            assert_good(JetDetachDatabase(e.session, path));
            assert_int_equal(unlink(path), 0);
        }
    }
    assert_good(insert(&e));
    plain_stop(e.instance);
    tear_down(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_log_disk_stops_the_instance_and_loses_nothing),
        cmocka_unit_test(a_failing_log_stops_the_instance_and_loses_nothing),
        cmocka_unit_test(a_database_that_cannot_be_written_stays_whole_in_the_log),
        cmocka_unit_test(a_creation_that_fails_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
