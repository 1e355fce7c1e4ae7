/* The reference pages of the calls that open, describe and detach databases: each bit, information level and result that can be provoked.
 *
 * Pages: JetDetachDatabase, JetDetachDatabase2, JetGetDatabaseInfo, JetOpenDatabase
 */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <string.h>
#include <sys/stat.h>

#include "live_instance.h"
#include "shared_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
enum { PAGE_SIZE = 4096, FILE_PAGES_BESIDE = 2, STATE_DIRTY = 2 };

static struct live_instance live;
static JET_SESID s, other;
static JET_DBID d;
static const char *path;

/* An instance with two sessions and a database that is neither attached nor open. */
static void start(void)
{
    live_start(&live, PAGE_SIZE);
    s = live.session;
    assert_good(JetBeginSession(live.instance, &other, NULL, NULL));
    path = live_make_database(&live, "data.edb");
}

static void stop(void) { live_stop(&live); }

static const char *in_folder(const char *name) { return text_of("%s/%s", live.folder, name); }

static JET_ERR detach(unsigned form, const char *name) { return form == 1 ? JetDetachDatabase(s, name) : JetDetachDatabase2(s, name, 0); }

static JET_ERR open_and_close(JET_SESID session, JET_GRBIT grbit)
{
    JET_ERR err = JetOpenDatabase(session, path, NULL, &d, grbit);
    if (err >= 0)
        assert_good(JetCloseDatabase(session, d, 0));
    return err;
}

/* --- detaching --- */

static void detaching_is_refused(void **state)
{
    (void)state;
    start();
    assert_good(JetAttachDatabase(s, path, 0));
    assert_err(JetDetachDatabase2(s, path, JET_bitForceDetach), JET_errForceDetachNotAllowed);
    assert_err(JetDetachDatabase2(s, path, JET_bitForceCloseAndDetach), JET_errForceDetachNotAllowed);
    for (unsigned form = 1; form <= 2; form++) {
        assert_err(detach(form, in_folder("absent.edb")), JET_errDatabaseNotFound);
        assert_good(JetOpenDatabase(other, path, NULL, &d, 0));
        assert_err(detach(form, path), JET_errDatabaseInUse);
        assert_good(JetCloseDatabase(other, d, 0));
        assert_good(JetBeginTransaction(s));
        assert_err(detach(form, path), JET_errInTransaction);
        assert_good(JetRollback(s, 0));
    }
    stop();
}

static void a_backup_keeps_the_databases_it_copies(void **state)
{
    (void)state;
    start();
    const char *second = in_folder("second.edb");
    assert_good(JetCreateDatabase(s, second, NULL, &d, 0));
    assert_good(JetCloseDatabase(s, d, 0));
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    for (unsigned form = 1; form <= 2; form++)
        assert_err(detach(form, second), JET_errBackupInProgress);
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
    stop();
}

/* --- opening --- */

static void a_database_is_opened_with_each_bit(void **state)
{
    static const JET_GRBIT bits[] = {0, JET_bitDbReadOnly, JET_bitDbExclusive, JET_bitDbDeleteCorruptIndexes, JET_bitDbDeleteUnicodeIndexes, JET_bitDbUpgrade,
                                     JET_bitDbEnableBackgroundMaintenance, JET_bitDbPurgeCacheOnAttach};
    (void)state;
    start();
    assert_good(JetAttachDatabase(s, path, 0));
    for (unsigned i = 0; i < COUNT(bits); i++) {
        JET_TABLEID table;
        JET_DBID dbid;
        uint32_t options;
        assert_good(JetOpenDatabase(s, path, NULL, &dbid, bits[i]));
        assert_good(JetGetDatabaseInfo(s, dbid, &options, sizeof options, JET_DbInfoOptions));
        assert_int_equal(options, bits[i] & JET_bitDbExclusive);
        assert_err(open_and_close(other, 0), bits[i] == JET_bitDbExclusive ? JET_errDatabaseLocked : JET_errSuccess);
        assert_err(open_and_close(other, JET_bitDbExclusive), bits[i] == JET_bitDbExclusive ? JET_errDatabaseLocked : JET_errDatabaseInUse);
        assert_err(JetCreateTable(s, dbid, text_of("T%u", i), 1, 80, &table), bits[i] == JET_bitDbReadOnly ? JET_errPermissionDenied : JET_errSuccess);
        assert_good(JetCloseDatabase(s, dbid, 0));
        assert_err(JetCloseDatabase(s, dbid, 0), JET_errInvalidDatabaseId);
    }
    assert_good(JetDetachDatabase(s, path));
    assert_good(JetAttachDatabase(s, path, JET_bitDbReadOnly));
    assert_err(open_and_close(s, 0), JET_wrnFileOpenReadOnly);
    assert_good(open_and_close(s, JET_bitDbReadOnly));
    assert_good(JetDetachDatabase(s, path));
    assert_err(open_and_close(s, 0), JET_errDatabaseNotFound);
    assert_err(JetOpenDatabase(s, "", NULL, &d, 0), JET_errDatabaseInvalidPath);
    assert_err(JetCloseDatabase(s, JET_dbidNil, 0), JET_errInvalidDatabaseId);
    stop();
}

static void one_at_a_time(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramOneDatabasePerSession, 1, NULL)); }

static void a_session_may_be_kept_to_one_database(void **state)
{
    (void)state;
    live_configure = one_at_a_time;
    start();
    live_configure = NULL;
    const char *second = in_folder("second.edb");
    assert_good(JetCreateDatabase(other, second, NULL, &d, 0));
    assert_good(JetAttachDatabase(s, path, 0));
    assert_good(JetOpenDatabase(s, path, NULL, &d, 0));
    assert_err(JetOpenDatabase(s, second, NULL, &d, 0), JET_errOneDatabasePerSession);
    stop();
}

/* --- information --- */

static void each_level_tells_about_an_open_database(void **state)
{
    const struct {
        uint32_t level, value;
        JET_ERR wrong_size;
    } rows[] = {
        {JET_DbInfoCountry, 1, JET_errInvalidBufferSize},      {JET_DbInfoLCID, 1033, JET_errInvalidBufferSize},    {JET_DbInfoLangid, 1033, JET_errInvalidBufferSize},
        {JET_DbInfoCp, 1252, JET_errInvalidBufferSize},        {JET_DbInfoCollate, 0, JET_errInvalidBufferSize},    {JET_DbInfoOptions, 0, JET_errInvalidBufferSize},
        {JET_DbInfoTransactions, 7, JET_errInvalidBufferSize}, {JET_DbInfoVersion, 0x620, JET_errInvalidBufferSize}, {JET_DbInfoPageSize, PAGE_SIZE, JET_errBufferTooSmall},
    };
    char text[1024];
    uint32_t number, owned, available, pages;
    struct stat file;
    JET_DBINFOMISC misc;
    (void)state;
    start();
    assert_good(JetAttachDatabase(s, path, 0));
    assert_good(JetOpenDatabase(s, path, NULL, &d, 0));
    for (unsigned i = 0; i < COUNT(rows); i++) {
        number = UINT32_MAX;
        assert_good(JetGetDatabaseInfo(s, d, &number, sizeof number, rows[i].level));
        assert_int_equal(number, rows[i].value);
        assert_err(JetGetDatabaseInfo(s, d, &number, 3, rows[i].level), rows[i].wrong_size);
    }
    assert_good(JetGetDatabaseInfo(s, d, text, sizeof text, JET_DbInfoFilename));
    assert_string_equal(text, path);
    assert_err(JetGetDatabaseInfo(s, d, text, (uint32_t)strlen(path), JET_DbInfoFilename), JET_errBufferTooSmall);
    assert_good(JetGetDatabaseInfo(s, d, text, sizeof text, JET_DbInfoConnect));
    assert_string_equal(text, "");
    assert_int_equal(stat(path, &file), 0);
    assert_good(JetGetDatabaseInfo(s, d, &pages, sizeof pages, JET_DbInfoFilesize));
    assert_int_equal(pages, file.st_size / PAGE_SIZE);
    assert_good(JetGetDatabaseInfo(s, d, &owned, sizeof owned, JET_DbInfoSpaceOwned));
    assert_int_equal(owned, pages - FILE_PAGES_BESIDE);
    assert_good(JetGetDatabaseInfo(s, d, &available, sizeof available, JET_DbInfoSpaceAvailable));
    assert_true(available > 0 && available < owned);
    assert_good(JetGetDatabaseInfo(s, d, &misc, sizeof misc, JET_DbInfoMisc));
    assert_int_equal(misc.ulVersion, 0x620);
    assert_int_equal(misc.dbstate, STATE_DIRTY);
    assert_err(JetGetDatabaseInfo(s, d, &misc, sizeof misc - 1, JET_DbInfoMisc), JET_errInvalidBufferSize);
    assert_err(JetGetDatabaseInfo(s, d, &number, sizeof number, JET_DbInfoIsam), JET_errFeatureNotAvailable);
    assert_err(JetGetDatabaseInfo(s, d, NULL, sizeof number, JET_DbInfoCp), JET_errInvalidParameter);
    assert_err(JetGetDatabaseInfo(s, d, &number, sizeof number, 99), JET_errInvalidParameter);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detaching_is_refused),
        cmocka_unit_test(a_backup_keeps_the_databases_it_copies),
        cmocka_unit_test(a_database_is_opened_with_each_bit),
        cmocka_unit_test(a_session_may_be_kept_to_one_database),
        cmocka_unit_test(each_level_tells_about_an_open_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
