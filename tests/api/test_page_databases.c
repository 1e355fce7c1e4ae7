/* The reference pages of the calls that create, attach, open, resize and describe databases: each bit, information level and result that can be provoked.
 *
 * The two forms of a call (JetAttachDatabase and JetAttachDatabase2...) answer the same to the same rows.
 *
 * Pages: JetAttachDatabase, JetAttachDatabase2, JetCloseDatabase, JetCreateDatabase, JetCreateDatabase2, JetDetachDatabase, JetDetachDatabase2, JetGetDatabaseFileInfo,
 * JetGetDatabaseInfo, JetGrowDatabase, JetOpenDatabase, JetResizeDatabase, JetSetDatabaseSize
 */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "live_instance.h"
#include "os/file.h"
#include "plain_instance.h"
#include "record/collation.h"
#include "shared_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define OTHER_SORT_ORDER "windows/ual-server2019-hyperv/{03A01CC5-91BB-4936-B685-63697785D39E}.mdb"
enum { PAGE_SIZE = 4096, DATABASES_MOST = 6, FILE_PAGES_BESIDE = 2, STATE_DIRTY = 2, STATE_CLEAN = 3 };

static struct live_instance live;
static JET_SESID s, other;
static JET_DBID d;
static const char *path;

static JET_ERR create(unsigned form, JET_SESID session, const char *name, uint32_t pages, JET_DBID *dbid, JET_GRBIT grbit)
{
    return form == 1 ? JetCreateDatabase(session, name, NULL, dbid, grbit) : JetCreateDatabase2(session, name, pages, dbid, grbit);
}

static JET_ERR attach(unsigned form, const char *name, JET_GRBIT grbit) { return form == 1 ? JetAttachDatabase(s, name, grbit) : JetAttachDatabase2(s, name, 0, grbit); }

static JET_ERR detach(unsigned form, const char *name) { return form == 1 ? JetDetachDatabase(s, name) : JetDetachDatabase2(s, name, 0); }

/* An instance with two sessions and a database that is neither attached nor open. */
static void start(void)
{
    live_start(&live, PAGE_SIZE);
    s = live.session;
    assert_good(JetBeginSession(live.instance, &other, NULL, NULL));
    path = text_of("%s/data.edb", live.folder);
    assert_good(JetCreateDatabase(s, path, NULL, &d, 0));
    assert_good(JetCloseDatabase(s, d, 0));
    assert_good(JetDetachDatabase(s, path));
}

static void stop(void) { live_stop(&live); }

static const char *in_folder(const char *name) { return text_of("%s/%s", live.folder, name); }

static JET_ERR open_and_close(JET_SESID session, JET_GRBIT grbit)
{
    JET_ERR err = JetOpenDatabase(session, path, NULL, &d, grbit);
    if (err >= 0)
        assert_good(JetCloseDatabase(session, d, 0));
    return err;
}

/* --- creation --- */

static void each_bit_of_creation_has_its_effect(void **state)
{
    JET_DBINFOMISC4 misc;
    JET_DBID dbid;
    (void)state;
    start();
    for (unsigned form = 1; form <= 2; form++) {
        const char *name = in_folder("data.edb");
        assert_err(create(form, s, name, 0, &dbid, 0), JET_errDatabaseDuplicate);
        assert_good(create(form, s, name, 0, &dbid, JET_bitDbOverwriteExisting));
        assert_good(JetGetDatabaseInfo(s, dbid, &misc, sizeof misc, JET_DbInfoMisc));
        assert_int_equal(misc.fShadowingDisabled, 0);
        assert_int_equal(misc.dbstate, STATE_DIRTY);
        assert_good(JetCloseDatabase(s, dbid, 0));
        assert_good(JetDetachDatabase(s, name));

        name = in_folder(text_of("shadow%u.edb", form));
        assert_good(create(form, s, name, 0, &dbid, JET_bitDbShadowingOff));
        assert_good(JetGetDatabaseInfo(s, dbid, &misc, sizeof misc, JET_DbInfoMisc));
        assert_int_equal(misc.fShadowingDisabled, 1);
        assert_good(JetCloseDatabase(s, dbid, 0));
        assert_good(JetDetachDatabase(s, name));

        name = in_folder(text_of("unlogged%u.edb", form)); /* a backup does not know of it */
        assert_good(create(form, s, name, 0, &dbid, JET_bitDbRecoveryOff));
        JET_INSTANCE_INFO *infos;
        uint32_t count;
        assert_good(JetGetInstanceInfo(&count, &infos));
        assert_int_equal(count, 1);
        assert_int_equal(infos[0].cDatabases, 0);
        assert_good(JetFreeBuffer((char *)infos));
        assert_good(JetCloseDatabase(s, dbid, 0));
        assert_good(JetDetachDatabase(s, name));
    }
    stop();
}

static void creation_is_refused(void **state)
{
    JET_DBID dbid, most[DATABASES_MOST];
    (void)state;
    start();
    JET_INSTANCE instance = plain_start("elsewhere");
    JET_SESID session = plain_session(instance);
    assert_good(JetAttachDatabase(s, path, 0));
    for (unsigned form = 1; form <= 2; form++) {
        assert_err(create(form, s, NULL, 0, &dbid, 0), JET_errDatabaseInvalidPath);
        assert_err(create(form, s, in_folder("nowhere/x.edb"), 0, &dbid, 0), JET_errDatabaseInvalidPath);
        assert_err(create(form, s, path, 0, &dbid, JET_bitDbOverwriteExisting), JET_errDatabaseDuplicate); /* attached */
        assert_err(create(form, session, path, 0, &dbid, JET_bitDbOverwriteExisting), JET_errDatabaseSharingViolation);
        assert_good(JetBeginTransaction(s));
        assert_err(create(form, s, in_folder("x.edb"), 0, &dbid, 0), JET_errInTransaction);
        assert_good(JetRollback(s, 0));
        assert_true(dbid == JET_dbidNil);
    }
    assert_err(create(2, s, in_folder("x.edb"), 0x7FFFFFFF, &dbid, 0), JET_errDatabaseInvalidPages);
    assert_good(JetDetachDatabase(s, path));
    for (unsigned i = 0; i < DATABASES_MOST; i++)
        assert_good(create(1 + i % 2, s, in_folder(text_of("many%u.edb", i)), 0, &most[i], JET_bitDbRecoveryOff));
    for (unsigned form = 1; form <= 2; form++)
        assert_err(create(form, s, in_folder("x.edb"), 0, &dbid, 0), JET_errTooManyAttachedDatabases);
    plain_stop(instance);
    stop();
}

/* --- attaching and detaching --- */

static void a_database_is_attached_with_each_bit(void **state)
{
    static const struct {
        JET_GRBIT grbit;
        JET_ERR opened; /* by another session, to be written */
    } rows[] = {
        {0, JET_errSuccess}, {JET_bitDbReadOnly, JET_wrnFileOpenReadOnly}, {JET_bitDbExclusive, JET_errDatabaseLocked}, {JET_bitDbUpgrade, JET_errSuccess},
        {JET_bitDbDeleteCorruptIndexes, JET_errSuccess}, {JET_bitDbDeleteUnicodeIndexes, JET_errSuccess}, {JET_bitDbEnableBackgroundMaintenance, JET_errSuccess},
        {JET_bitDbPurgeCacheOnAttach, JET_errSuccess},
    };
    (void)state;
    start();
    for (unsigned form = 1; form <= 2; form++) {
        for (unsigned i = 0; i < COUNT(rows); i++) {
            assert_good(attach(form, path, rows[i].grbit));
            assert_err(attach(form, path, rows[i].grbit), JET_wrnDatabaseAttached);
            assert_err(open_and_close(other, 0), rows[i].opened);
            assert_good(detach(form, path));
        }
    }
    stop();
}

/* The superuser may write to every file; somebody else, who may not, is let into the folder. */
static void set_privileges(bool are_back)
{
    static bool is_superuser;
    enum { SOMEBODY = 65534 };
    if (!are_back) {
        is_superuser = geteuid() == 0;
        assert_int_equal(chmod(live.folder, 0755), 0);
        assert_int_equal(chmod(text_of("%s/..", live.folder), 0755), 0);
    }
    if (is_superuser)
        assert_int_equal(seteuid(are_back ? 0 : SOMEBODY), 0);
}

static void attaching_is_refused(void **state)
{
    (void)state;
    start();
    JET_INSTANCE instance = plain_start("elsewhere");
    JET_SESID session = plain_session(instance);
    const char *most[DATABASES_MOST];
    for (unsigned i = 0; i < DATABASES_MOST; i++) {
        most[i] = in_folder(text_of("many%u.edb", i));
        assert_good(JetCreateDatabase(s, most[i], NULL, &d, JET_bitDbRecoveryOff));
    }
    for (unsigned form = 1; form <= 2; form++)
        assert_err(attach(form, path, 0), JET_errTooManyAttachedDatabases);
    for (unsigned i = 0; i < DATABASES_MOST; i++) {
        assert_good(JetOpenDatabase(s, most[i], NULL, &d, 0));
        assert_good(JetCloseDatabase(s, d, 0));
        assert_good(JetCloseDatabase(s, d, 0));
        assert_good(JetDetachDatabase(s, most[i]));
    }
    for (unsigned form = 1; form <= 2; form++) {
        assert_err(attach(form, "", 0), JET_errDatabaseInvalidPath);
        assert_err(attach(form, NULL, 0), JET_errDatabaseInvalidPath);
        assert_err(attach(form, in_folder("absent.edb"), 0), JET_errFileNotFound);
        assert_good(JetAttachDatabase(session, path, 0));
        assert_err(attach(form, path, 0), JET_errDatabaseSharingViolation);
        assert_good(JetDetachDatabase(session, path));
        assert_int_equal(chmod(path, 0444), 0);
        set_privileges(false);
        JET_ERR err = attach(form, path, 0);
        set_privileges(true);
        assert_err(err, JET_errDatabaseFileReadOnly);
        assert_good(attach(form, path, JET_bitDbReadOnly));
        assert_good(detach(form, path));
        assert_int_equal(chmod(path, 0644), 0);
        int file = open(path, O_RDWR | O_CLOEXEC); /* as another process would have it */
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        assert_int_equal(fcntl(file, F_OFD_SETLK, &lock), 0);
        assert_err(attach(form, path, 0), JET_errFileAccessDenied);
        assert_int_equal(close(file), 0);
    }
    plain_stop(instance);
    stop();
}

/* A database of a Windows with another sort order. Needs the shared files, and sort weights to compare with. */
static void indexes_of_another_sort_order_are_refused_or_deleted(void **state)
{
    struct collation_table *weights;
    (void)state;
    require_shared_data();
    if (collation_table_open(os_fs_posix(), NULL, &weights) < 0)
        skip();
    collation_table_close(weights);
    const char *file = text_of("%s/access.mdb", make_scratch_folder("order"));
    copy_shared_file(OTHER_SORT_ORDER, file);
    live_start(&live, page_size_of(file));
    s = live.session;
    assert_good(JetSetSystemParameter(&live.instance, s, JET_paramEnableIndexChecking, JET_IndexCheckingOn, NULL));
    for (unsigned form = 1; form <= 2; form++) {
        copy_shared_file(OTHER_SORT_ORDER, file);
        assert_err(attach(form, file, 0), JET_errSecondaryIndexCorrupted);
        assert_err(attach(form, file, JET_bitDbDeleteCorruptIndexes), JET_wrnCorruptIndexDeleted);
        assert_good(detach(form, file));
        assert_good(attach(form, file, 0));
        assert_good(detach(form, file));
        copy_shared_file(OTHER_SORT_ORDER, file);
        assert_good(attach(form, file, JET_bitDbDeleteUnicodeIndexes));
        assert_good(detach(form, file));
    }
    stop();
}

static void a_backup_keeps_the_databases_as_they_are(void **state)
{
    (void)state;
    start();
    const char *second = in_folder("second.edb");
    assert_good(JetCreateDatabase(s, second, NULL, &d, 0));
    assert_good(JetCloseDatabase(s, d, 0));
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    for (unsigned form = 1; form <= 2; form++) {
        assert_err(attach(form, path, 0), JET_errBackupInProgress);
        assert_err(detach(form, second), JET_errBackupInProgress);
    }
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
    stop();
}

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

/* --- opening and closing --- */

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

static void each_level_tells_about_a_file(void **state)
{
    static const uint32_t only_of_open[] = {JET_DbInfoCollate, JET_DbInfoConnect, JET_DbInfoCountry, JET_DbInfoCp, JET_DbInfoIsam};
    uint32_t number;
    uint64_t size;
    struct stat file;
    JET_DBINFOMISC misc;
    JET_DBINFOUPGRADE upgrade;
    (void)state;
    start();
    for (unsigned i = 0; i < COUNT(only_of_open); i++)
        assert_err(JetGetDatabaseFileInfo(path, &number, sizeof number, only_of_open[i]), JET_errInvalidParameter);
    assert_int_equal(stat(path, &file), 0);
    assert_good(JetGetDatabaseFileInfo(path, &size, sizeof size, JET_DbInfoFilesize));
    assert_int_equal(size, file.st_size);
    assert_err(JetGetDatabaseFileInfo(path, &size, 4, JET_DbInfoFilesize), JET_errInvalidBufferSize);
    assert_good(JetGetDatabaseFileInfo(path, &number, sizeof number, JET_DbInfoPageSize));
    assert_int_equal(number, PAGE_SIZE);
    assert_err(JetGetDatabaseFileInfo(path, &number, 3, JET_DbInfoPageSize), JET_errInvalidBufferSize);
    assert_good(JetGetDatabaseFileInfo(path, &number, sizeof number, JET_DbInfoFileType));
    assert_int_equal(number, JET_filetypeDatabase);
    assert_good(JetGetDatabaseFileInfo(path, &number, sizeof number, JET_DbInfoDBInUse));
    assert_int_equal(number, 0);
    assert_good(JetAttachDatabase(s, path, 0));
    assert_good(JetGetDatabaseFileInfo(path, &number, sizeof number, JET_DbInfoDBInUse));
    assert_int_equal(number, 1);
    assert_good(JetDetachDatabase(s, path));
    assert_good(JetGetDatabaseFileInfo(path, &misc, sizeof misc, JET_DbInfoMisc));
    assert_int_equal(misc.dbstate, STATE_CLEAN);
    assert_int_equal(misc.cbPageSize, PAGE_SIZE);
    assert_err(JetGetDatabaseFileInfo(path, &misc, 1, JET_DbInfoMisc), JET_errInvalidBufferSize);
    assert_good(JetGetDatabaseFileInfo(path, &upgrade, sizeof upgrade, JET_DbInfoUpgrade));
    assert_int_equal(upgrade.cbFilesizeLow, file.st_size);
    assert_int_equal(upgrade.fUpgradable, 1);
    assert_int_equal(upgrade.fAlreadyUpgraded, 1);
    assert_err(JetGetDatabaseFileInfo(path, &upgrade, 4, JET_DbInfoUpgrade), JET_errInvalidBufferSize);
    assert_err(JetGetDatabaseFileInfo(path, NULL, 4, JET_DbInfoMisc), JET_errInvalidParameter);
    stop();
}

/* --- size --- */

static void may_shrink(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnableShrinkDatabase, 1, NULL)); }

static void a_database_grows_and_shrinks_as_its_bits_say(void **state)
{
    uint32_t before, now, first;
    (void)state;
    live_configure = may_shrink;
    start();
    live_configure = NULL;
    assert_good(JetAttachDatabase(s, path, 0));
    assert_good(JetOpenDatabase(s, path, NULL, &d, 0));
    assert_good(JetGetDatabaseInfo(s, d, &first, sizeof first, JET_DbInfoSpaceOwned));
    assert_good(JetGrowDatabase(s, d, first + 10, &before));
    assert_true(before >= first + 10);
    assert_good(JetResizeDatabase(s, d, before - 10, &now, JET_bitResizeDatabaseOnlyGrow));
    assert_int_equal(now, before);
    assert_good(JetResizeDatabase(s, d, before + 10, &now, JET_bitResizeDatabaseOnlyShrink));
    assert_int_equal(now, before);
    assert_good(JetResizeDatabase(s, d, first, &now, JET_bitResizeDatabaseOnlyShrink)); /* by what it has grown: extents go as a whole */
    assert_int_equal(now, first);
    before = now;
    /* the numbers of other calls' bits */
    assert_good(JetResizeDatabase(s, d, before, &now, JET_bitStopServiceAll));
    assert_good(JetResizeDatabase(s, d, before + 10, &now, JET_bitStopServiceBackgroundUserTasks)); /* only shrink */
    assert_int_equal(now, before);
    assert_err(JetResizeDatabase(s, d, before, &now, JET_bitStopServiceQuiesceCaches), JET_errInvalidGrbit);
    assert_err(JetResizeDatabase(s, d, before, &now, JET_bitStopServiceResume), JET_errInvalidGrbit);
    stop();
}

static void a_full_or_failing_disk_is_told(void **state)
{
    static const JET_ERR errors[] = {JET_errDiskFull, JET_errDiskIO};
    uint32_t before, now;
    (void)state;
    struct fault_fs *disk = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(disk));
    start();
    for (unsigned i = 0; i < COUNT(errors); i++) {
        fault_fs_fail(disk, FAULT_SET_SIZE, 1, errors[i], false);
        assert_err(JetSetDatabaseSize(s, path, 400, &now), errors[i]);
    }
    assert_good(JetAttachDatabase(s, path, 0));
    assert_good(JetOpenDatabase(s, path, NULL, &d, 0));
    assert_good(JetGetDatabaseInfo(s, d, &before, sizeof before, JET_DbInfoSpaceOwned));
    for (unsigned i = 0; i < COUNT(errors); i++) {
        fault_fs_fail_only(disk, "data.edb");
        fault_fs_fail(disk, FAULT_SET_SIZE, 1, errors[i], false);
        assert_err(JetGrowDatabase(s, d, before + 1000, &now), errors[i]);
        fault_fs_fail(disk, FAULT_SET_SIZE, 1, errors[i], false);
        assert_err(JetResizeDatabase(s, d, before + 1000, &now, 0), errors[i]);
    }
    assert_good(JetGrowDatabase(s, d, before + 1000, &now));
    assert_true(now >= before + 1000);
    stop();
    process_set_fs(NULL);
    fault_fs_destroy(disk);
}

static void the_size_of_a_file_is_set_only_when_it_is_clean(void **state)
{
    uint32_t now;
    (void)state;
    start();
    assert_good(JetSetDatabaseSize(s, path, 300, &now));
    assert_int_equal(now, 300);
    assert_err(JetSetDatabaseSize(s, "", 300, &now), JET_errDatabaseInvalidPath);
    assert_err(JetSetDatabaseSize(s, path, 1, &now), JET_errInvalidParameter);
    assert_err(JetSetDatabaseSize(s, path, 300, NULL), JET_errInvalidParameter);
    const char *copy = in_folder("copy.edb"); /* of a database that is attached */
    unsigned long long size;
    assert_good(JetAttachDatabase(s, path, 0));
    unsigned char *bytes = read_whole_file(path, &size);
    FILE *file = fopen(copy, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(bytes);
    assert_int_equal(JET_errDatabaseInconsistent, JET_errDatabaseDirtyShutdown); /* two names of one number */
    assert_err(JetSetDatabaseSize(s, copy, 400, &now), JET_errDatabaseDirtyShutdown);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_of_creation_has_its_effect),
        cmocka_unit_test(creation_is_refused),
        cmocka_unit_test(a_database_is_attached_with_each_bit),
        cmocka_unit_test(attaching_is_refused),
        cmocka_unit_test(indexes_of_another_sort_order_are_refused_or_deleted),
        cmocka_unit_test(a_backup_keeps_the_databases_as_they_are),
        cmocka_unit_test(detaching_is_refused),
        cmocka_unit_test(a_database_is_opened_with_each_bit),
        cmocka_unit_test(a_session_may_be_kept_to_one_database),
        cmocka_unit_test(each_level_tells_about_an_open_database),
        cmocka_unit_test(each_level_tells_about_a_file),
        cmocka_unit_test(a_database_grows_and_shrinks_as_its_bits_say),
        cmocka_unit_test(a_full_or_failing_disk_is_told),
        cmocka_unit_test(the_size_of_a_file_is_set_only_when_it_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
