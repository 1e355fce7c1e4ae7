/* Databases made by JetCreateDatabase, their sizes, and what a crash or an error leaves of one (instance-and-session 13.2, 13.7; recovery 6.2). */
#define ESENT_PRIVATE
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

enum { STATE_DIRTY = 2, STATE_CLEAN = 3 };

static JET_INSTANCE start_with(const char *folder, uint32_t page_size, bool has_log)
{
    JET_INSTANCE instance = JET_instanceNil;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, page_size, NULL));
    assert_good(JetCreateInstance(&instance, "create"));
    plain_configure(instance, folder);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRecovery, 0, has_log ? "on" : "off"));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 128, NULL));
    assert_good(JetInit(&instance));
    return instance;
}

static JET_DBINFOMISC4 header_of(const char *path)
{
    JET_DBINFOMISC4 misc;
    assert_good(JetGetDatabaseFileInfo(path, &misc, sizeof misc, JET_DbInfoMisc));
    return misc;
}

static uint64_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static uint32_t number_of(JET_SESID session, JET_DBID dbid, uint32_t level)
{
    uint32_t number = 0;
    assert_good(JetGetDatabaseInfo(session, dbid, &number, sizeof number, level));
    return number;
}

static void a_new_database_is_open_dirty_and_clean_after_the_end(void **state)
{
    static const uint32_t sizes[] = {4096, 8192, 16384, 32768};
    (void)state;
    for (int i = 0; i < 8; i++) {
        bool has_log = i < 4;
        const char *folder = make_scratch_folder("new"), *path = text_of("%s/new.edb", folder);
        JET_INSTANCE instance = start_with(folder, sizes[i % 4], has_log);
        JET_SESID session = plain_session(instance);
        JET_DBID dbid = JET_dbidNil, again = JET_dbidNil;
        JET_TABLEID table;
        assert_good(JetCreateDatabase(session, path, NULL, &dbid, 0));
        assert_int_equal(size_of(path), 256 * (uint64_t)sizes[i % 4]); /* 254 pages and two headers */
        assert_int_equal(header_of(path).dbstate, STATE_DIRTY);
        assert_int_equal(number_of(session, dbid, JET_DbInfoSpaceOwned), 254);
        assert_int_equal(number_of(session, dbid, JET_DbInfoFilesize), 256);
        assert_good(JetOpenTable(session, dbid, "MSysObjects", NULL, 0, JET_bitTableReadOnly, &table));
        assert_good(JetMove(session, table, JET_MoveFirst, 0));
        assert_good(JetCloseTable(session, table));
        assert_good(JetOpenDatabase(session, path, NULL, &again, 0));
        assert_int_equal(again, dbid);
        plain_stop(instance);
        assert_int_equal(header_of(path).dbstate, STATE_CLEAN);
        instance = start_with(folder, sizes[i % 4], has_log);
        session = plain_session(instance);
        assert_good(JetAttachDatabase(session, path, 0));
        assert_good(JetOpenDatabase(session, path, NULL, &dbid, 0));
        assert_good(JetCloseDatabase(session, dbid, 0));
        assert_good(JetDetachDatabase(session, path));
        assert_int_equal(header_of(path).dbstate, STATE_CLEAN);
        plain_stop(instance);
    }
}

static void the_first_size_follows_the_extension_size(void **state)
{
    const char *folder = make_scratch_folder("size"), *path = text_of("%s/small.edb", folder);
    (void)state;
    JET_INSTANCE instance = start_with(folder, 4096, true);
    JET_SESID session = plain_session(instance);
    JET_DBID dbid;
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramDbExtensionSize, 16, NULL));
    assert_good(JetCreateDatabase(session, path, NULL, &dbid, 0));
    assert_int_equal(size_of(path), 48 * 4096);
    plain_stop(instance);
}

static void what_may_not_be_created_is_refused_and_stays(void **state)
{
    const char *folder = make_scratch_folder("refused"), *path = text_of("%s/a.edb", folder), *other = text_of("%s/b.edb", folder);
    (void)state;
    JET_INSTANCE instance = start_with(folder, 4096, true);
    JET_SESID session = plain_session(instance);
    JET_DBID dbid = JET_dbidNil;
    assert_err(JetCreateDatabase(session, NULL, NULL, &dbid, 0), JET_errDatabaseInvalidPath);
    assert_err(JetCreateDatabase(session, "", NULL, &dbid, 0), JET_errDatabaseInvalidPath);
    assert_err(JetCreateDatabase(session, text_of("%s/no/such/folder/x.edb", folder), NULL, &dbid, 0), JET_errDatabaseInvalidPath);
    assert_err(JetCreateDatabase(session, folder, NULL, &dbid, 0), JET_errDatabaseInvalidPath);
    assert_err(JetCreateDatabase(session, path, NULL, NULL, 0), JET_errInvalidParameter);
    assert_err(JetCreateDatabase(session, path, NULL, &dbid, 0x40 /* JET_bitDbVersioningOff */), JET_errCannotDisableVersioning);
    assert_err(JetCreateDatabase2(session, path, 0xFFFFFFFF, &dbid, 0), JET_errDatabaseInvalidPages);
    assert_good(JetBeginTransaction(session));
    assert_err(JetCreateDatabase(session, path, NULL, &dbid, 0), JET_errInTransaction);
    assert_good(JetRollback(session, 0));
    assert_int_equal(access(path, F_OK), -1);
    assert_good(JetCreateDatabase(session, path, NULL, &dbid, 0));
    assert_err(JetCreateDatabase(session, path, NULL, &dbid, 0), JET_errDatabaseDuplicate);
    assert_err(JetCreateDatabase(session, path, NULL, &dbid, JET_bitDbOverwriteExisting), JET_errDatabaseDuplicate); /* attached */
    assert_err(JetAttachDatabase(session, path, 0), JET_wrnDatabaseAttached);
    FILE *file = fopen(other, "wb");
    assert_non_null(file);
    fputs("something", file);
    fclose(file);
    assert_err(JetCreateDatabase(session, other, NULL, &dbid, 0), JET_errDatabaseDuplicate);
    assert_int_equal(size_of(other), 9);
    assert_good(JetCreateDatabase(session, other, NULL, &dbid, JET_bitDbOverwriteExisting));
    for (int i = 0; i < 4; i++)
        assert_good(JetCreateDatabase(session, text_of("%s/more%d.edb", folder, i), NULL, &dbid, 0));
    assert_err(JetCreateDatabase(session, text_of("%s/seventh.edb", folder), NULL, &dbid, 0), JET_errTooManyAttachedDatabases);
    assert_int_equal(access(text_of("%s/seventh.edb", folder), F_OK), -1);
    plain_stop(instance);
}

static void folders_are_made_when_the_parameter_says_so(void **state)
{
    const char *folder = make_scratch_folder("folders"), *path = text_of("%s/one/two/x.edb", folder);
    JET_INSTANCE instance = JET_instanceNil;
    JET_DBID dbid;
    (void)state;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 4096, NULL));
    assert_good(JetCreateInstance(&instance, "folders"));
    plain_configure(instance, folder);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramCreatePathIfNotExist, 1, NULL));
    assert_good(JetInit(&instance));
    assert_good(JetCreateDatabase(plain_session(instance), path, NULL, &dbid, 0));
    plain_stop(instance);
    assert_int_equal(header_of(path).dbstate, STATE_CLEAN);
}

/* --- crashes --- */

static pid_t start_victim(const char *folder, const char *path, uint32_t rolls)
{
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        JET_INSTANCE instance = start_with(folder, 4096, true);
        JET_SESID session = plain_session(instance);
        JET_DBID dbid;
        JET_TABLEID table;
        if (JetCreateDatabase(session, path, NULL, &dbid, 0) != JET_errSuccess || JetBeginTransaction(session) != JET_errSuccess ||
            JetCreateTable(session, dbid, "made", 8, 80, &table) != JET_errSuccess || JetCommitTransaction(session, 0) != JET_errSuccess)
            _exit(1);
        for (uint32_t i = 0; i < rolls; i++)
            if (JetCommitTransaction(session, JET_bitForceNewLog) != JET_errSuccess)
                _exit(2);
        if (write(ends[1], "x", 1) != 1)
            _exit(3);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return child;
}

static void a_created_database_is_there_after_a_crash_also_without_its_file(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const char *folder = make_scratch_folder("crash"), *path = text_of("%s/c.edb", folder);
        int status;
        pid_t child = start_victim(folder, path, (uint32_t)(i / 2) * 2);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(header_of(path).dbstate, STATE_DIRTY);
        if (i % 2 == 1) { /* the log alone: everything is made again */
            assert_int_equal(unlink(path), 0);
            assert_int_equal(unlink(text_of("%s/edb.chk", folder)), 0);
        }
        JET_INSTANCE instance = start_with(folder, 4096, true);
        JET_SESID session = plain_session(instance);
        JET_DBID dbid;
        JET_TABLEID table;
        assert_int_equal(header_of(path).dbstate, STATE_CLEAN);
        assert_good(JetAttachDatabase(session, path, 0));
        assert_good(JetOpenDatabase(session, path, NULL, &dbid, 0));
        assert_good(JetOpenTable(session, dbid, "made", NULL, 0, 0, &table));
        plain_stop(instance);
    }
}

/* Grows a database, frees most of it, cuts the file, and goes on; `way` says how far. The pages of a table that is there again come last. */
static JET_ERR shrink_and_use(JET_SESID session, JET_DBID dbid, int way)
{
    uint8_t value[200] = {1};
    JET_TABLEID table;
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypBinary, .cbMax = 255};
    JET_COLUMNID id;
    uint32_t actual = 0;
    JET_ERR err = JET_errSuccess;
    for (int round = 0; round < 2 && err >= 0; round++) {
        const char *name = round == 0 ? "gone" : "kept";
        if (JetCreateTable(session, dbid, name, 8, 80, &table) < 0 || JetAddColumn(session, table, "v", &column, NULL, 0, &id) < 0)
            return JET_errInternalError;
        for (int i = 0; i < 3000 && err >= 0; i++)
            if (JetBeginTransaction(session) < 0 || JetPrepareUpdate(session, table, JET_prepInsert) < 0 || JetSetColumn(session, table, id, value, sizeof value, 0, NULL) < 0 ||
                JetUpdate(session, table, NULL, 0, NULL) < 0 || JetCommitTransaction(session, JET_bitCommitLazyFlush) < 0)
                return JET_errInternalError;
        err = JetCloseTable(session, table);
        if (round == 1 || err < 0)
            return err;
        if (JetDeleteTable(session, dbid, name) < 0 || JetIdle(session, JET_bitIdleCompact) < 0)
            return JET_errInternalError;
        uint32_t before = number_of(session, dbid, JET_DbInfoFilesize);
        err = JetResizeDatabase(session, dbid, 80, &actual, 0);
        if (err < 0 || number_of(session, dbid, JET_DbInfoFilesize) != actual + 2 || actual + 2 >= before / 2)
            return JET_errInternalError;
        if (way == 0)
            return err;
    }
    return err;
}

static pid_t start_shrinking(const char *folder, const char *path, int way)
{
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        assert_good(JetSetSystemParameter(NULL, 0, JET_paramDbExtensionSize, 16, NULL));
        assert_good(JetSetSystemParameter(NULL, 0, JET_paramEnableShrinkDatabase, JET_bitShrinkDatabaseOn, NULL));
        JET_INSTANCE instance = start_with(folder, 4096, true);
        JET_SESID session = plain_session(instance);
        JET_DBID dbid;
        if (JetCreateDatabase(session, path, NULL, &dbid, 0) != JET_errSuccess || shrink_and_use(session, dbid, way) < 0 || JetCommitTransaction(session, JET_bitWaitAllLevel0Commit) < 0)
            _exit(1);
        if (write(ends[1], "x", 1) != 1)
            _exit(3);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return child;
}

static void a_database_that_was_cut_recovers_with_and_without_its_file(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const char *folder = make_scratch_folder("cut"), *path = text_of("%s/c.edb", folder);
        int status;
        pid_t child = start_shrinking(folder, path, i / 2);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (i % 2 == 1) {
            assert_int_equal(unlink(path), 0);
            unlink(text_of("%s/edb.chk", folder));
        }
        JET_INSTANCE instance = start_with(folder, 4096, true);
        JET_SESID session = plain_session(instance);
        JET_DBID dbid;
        JET_TABLEID table;
        uint32_t count = 0;
        assert_good(JetAttachDatabase(session, path, 0));
        assert_good(JetOpenDatabase(session, path, NULL, &dbid, 0));
        assert_err(JetOpenTable(session, dbid, "gone", NULL, 0, 0, &table), JET_errObjectNotFound);
        if (i / 2 == 1) {
            assert_good(JetOpenTable(session, dbid, "kept", NULL, 0, 0, &table));
            assert_good(JetIndexRecordCount(session, table, &count, 0));
            assert_int_equal(count, 3000);
        }
        assert_int_equal(size_of(path) / 4096, number_of(session, dbid, JET_DbInfoFilesize));
        assert_int_equal(number_of(session, dbid, JET_DbInfoFilesize), number_of(session, dbid, JET_DbInfoSpaceOwned) + 2);
        plain_stop(instance);
        const char *tool = getenv("ESE_TOOL");
        if (tool != NULL)
            assert_int_equal(system(text_of("'%s' verify '%s' >/dev/null", tool, path)), 0);
    }
}

/* --- logging off --- */

static void a_database_without_recovery_is_not_in_the_log(void **state)
{
    const char *folder = make_scratch_folder("off"), *path = text_of("%s/off.edb", folder);
    (void)state;
    JET_INSTANCE instance = start_with(folder, 4096, true);
    JET_SESID session = plain_session(instance);
    JET_DBID dbid;
    JET_TABLEID table;
    assert_good(JetCreateDatabase(session, path, NULL, &dbid, JET_bitDbRecoveryOff));
    assert_int_equal(header_of(path).genCommitted, 0);
    assert_good(JetCreateTable(session, dbid, "t", 4, 80, &table));
    assert_good(JetCloseTable(session, table));
    plain_stop(instance);
    assert_int_equal(header_of(path).dbstate, STATE_CLEAN);
    instance = start_with(folder, 4096, true);
    session = plain_session(instance);
    assert_good(JetAttachDatabase(session, path, JET_bitDbRecoveryOff));
    assert_good(JetOpenDatabase(session, path, NULL, &dbid, 0));
    assert_good(JetOpenTable(session, dbid, "t", NULL, 0, 0, &table));
    plain_stop(instance);
}

/* --- size --- */

static void a_database_grows_in_steps_and_not_beyond_its_limit(void **state)
{
    const char *folder = make_scratch_folder("grow"), *path = text_of("%s/g.edb", folder);
    uint32_t actual = 0, most = 1;
    (void)state;
    JET_INSTANCE instance = start_with(folder, 4096, true);
    JET_SESID session = plain_session(instance);
    JET_DBID dbid;
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramDbExtensionSize, 16, NULL));
    assert_good(JetCreateDatabase(session, path, NULL, &dbid, 0)); /* 46 pages */
    assert_err(JetGrowDatabase(session, 77, 100, &actual), JET_errInvalidDatabaseId);
    assert_err(JetGrowDatabase(session, dbid, 100, NULL), JET_errInvalidParameter);
    assert_err(JetResizeDatabase(session, dbid, 100, &actual, 3), JET_errInvalidGrbit);
    assert_good(JetGrowDatabase(session, dbid, 10, &actual));
    assert_int_equal(actual, 46);
    assert_good(JetResizeDatabase(session, dbid, 100, &actual, JET_bitResizeDatabaseOnlyShrink));
    assert_int_equal(actual, 46);
    assert_err(JetResizeDatabase(session, dbid, 40, &actual, 0), JET_errFeatureNotAvailable); /* shrinking is off */
    assert_good(JetGrowDatabase(session, dbid, 100, &actual));
    assert_true(actual >= 100);
    assert_int_equal(size_of(path), (actual + 2) * (uint64_t)4096);
    assert_int_equal(number_of(session, dbid, JET_DbInfoSpaceOwned), actual);
    assert_good(JetGetMaxDatabaseSize(session, dbid, &most, 0));
    assert_int_equal(most, 0);
    assert_good(JetSetMaxDatabaseSize(session, dbid, 120, 0));
    assert_good(JetGetMaxDatabaseSize(session, dbid, &most, 0));
    assert_int_equal(most, 120);
    assert_err(JetGrowDatabase(session, dbid, 2000, &actual), JET_errOutOfDatabaseSpace);
    plain_stop(instance);
    /* Closed: the file alone. */
    instance = start_with(folder, 4096, true);
    session = plain_session(instance);
    assert_err(JetSetDatabaseSize(session, "", 400, &actual), JET_errDatabaseInvalidPath);
    assert_err(JetSetDatabaseSize(session, path, 31, &actual), JET_errInvalidParameter);
    assert_err(JetSetDatabaseSize(session, text_of("%s/none.edb", folder), 400, &actual), JET_errFileNotFound);
    assert_good(JetSetDatabaseSize(session, path, 400, &actual));
    assert_int_equal(actual, 400);
    assert_int_equal(size_of(path), 402 * 4096);
    assert_good(JetSetDatabaseSize(session, path, 100, &actual));
    assert_int_equal(actual, 400);
    assert_good(JetAttachDatabase(session, path, 0));
    assert_err(JetSetDatabaseSize(session, path, 500, &actual), JET_errFileAccessDenied);
    plain_stop(instance);
}

static void a_database_is_created_with_parameters(void **state)
{
    const char *folder = make_scratch_folder("with");
    uint32_t most = 0, text = 0;
    JET_SETDBPARAM limit = {.dbparamid = JET_dbparamDbSizeMaxPages, .pvParam = &(uint32_t){500}, .cbParam = sizeof(uint32_t)};
    JET_DBID dbid = JET_dbidNil;
    (void)state;
    JET_INSTANCE instance = start_with(folder, 4096, true);
    JET_SESID session = plain_session(instance);
    assert_good(JetCreateDatabase3(session, text_of("%s/a.edb", folder), &dbid, &limit, 1, 0));
    assert_good(JetGetMaxDatabaseSize(session, dbid, &most, 0));
    assert_int_equal(most, 500);
    assert_good(JetCloseDatabase(session, dbid, 0));
    assert_err(JetCreateDatabase3(session, text_of("%s/b.edb", folder), NULL, &limit, 1, 0), JET_errInvalidParameter);
    limit.cbParam = 1;
    assert_err(JetCreateDatabase3(session, text_of("%s/b.edb", folder), &dbid, &limit, 1, 0), JET_errInvalidBufferSize);
    limit = (JET_SETDBPARAM){.dbparamid = 9999, .pvParam = &text, .cbParam = sizeof text};
    assert_err(JetCreateDatabase3(session, text_of("%s/b.edb", folder), &dbid, &limit, 1, 0), JET_errInvalidDbparamId);
    assert_int_equal(size_of(text_of("%s/b.edb", folder)), 0);
    plain_stop(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_database_is_open_dirty_and_clean_after_the_end),
        cmocka_unit_test(the_first_size_follows_the_extension_size),
        cmocka_unit_test(what_may_not_be_created_is_refused_and_stays),
        cmocka_unit_test(folders_are_made_when_the_parameter_says_so),
        cmocka_unit_test(a_created_database_is_there_after_a_crash_also_without_its_file),
        cmocka_unit_test(a_database_that_was_cut_recovers_with_and_without_its_file),
        cmocka_unit_test(a_database_without_recovery_is_not_in_the_log),
        cmocka_unit_test(a_database_is_created_with_parameters),
        cmocka_unit_test(a_database_grows_in_steps_and_not_beyond_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
