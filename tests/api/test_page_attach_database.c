/* The reference pages of the calls that attach and close databases and tell about their files: each bit, information level and result that can be provoked.
 *
 * The two forms of attaching answer the same to the same rows.
 *
 * Pages: JetAttachDatabase, JetAttachDatabase2, JetCloseDatabase, JetGetDatabaseFileInfo
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

#include "base/bytes.h"
#include "live_instance.h"
#include "os/file.h"
#include "plain_instance.h"
#include "record/collation.h"
#include "shared_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define OTHER_SORT_ORDER "windows/ual-server2019-hyperv/{03A01CC5-91BB-4936-B685-63697785D39E}.mdb"
enum { PAGE_SIZE = 4096, DATABASES_MOST = 6, STATE_CLEAN = 3 };

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

static JET_ERR attach(unsigned form, const char *name, JET_GRBIT grbit) { return form == 1 ? JetAttachDatabase(s, name, grbit) : JetAttachDatabase2(s, name, 0, grbit); }

static JET_ERR open_and_close(JET_SESID session, JET_GRBIT grbit)
{
    JET_ERR err = JetOpenDatabase(session, path, NULL, &d, grbit);
    if (err >= 0)
        assert_good(JetCloseDatabase(session, d, 0));
    return err;
}

/* --- attaching --- */

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
            assert_good(JetDetachDatabase(s, path));
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
        assert_good(JetDetachDatabase(s, path));
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
    if (collation_table_open(os_fs_posix(), NULL, &weights) < 0) {
        print_message("skipped: no sort weights (Debian package libwine)\n");
        skip();
    }
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
        assert_good(JetDetachDatabase(s, file));
        assert_good(attach(form, file, 0));
        assert_good(JetDetachDatabase(s, file));
        copy_shared_file(OTHER_SORT_ORDER, file);
        assert_good(attach(form, file, JET_bitDbDeleteUnicodeIndexes));
        assert_good(JetDetachDatabase(s, file));
    }
    stop();
}

/* The weights that are installed, under another version. */
static const char *weights_of_another_version(void)
{
    enum { POINTER_AT = 12, OTHER = 1 };
    const char *installed = getenv("OPENESE_SORTDEFAULT"), *changed = text_of("%s/weights.nls", make_scratch_folder("weights"));
    unsigned long long size;
    unsigned char *bytes = read_whole_file(installed != NULL ? installed : "/usr/share/wine/nls/sortdefault.nls", &size);
    bytes[load_le32(bytes + POINTER_AT) + 2] ^= OTHER;
    FILE *file = fopen(changed, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(bytes);
    return changed;
}

/* A table with a row, whose primary index is over UTF-16 text. */
static void make_unicode_table(void)
{
    const JET_COLUMNDEF text = {.cbStruct = sizeof text, .coltyp = JET_coltypText, .cp = 1200};
    JET_COLUMNID id;
    JET_TABLEID table;
    assert_good(JetCreateTable(s, d, "Words", 1, 80, &table));
    assert_good(JetAddColumn(s, table, "word", &text, NULL, 0, &id));
    assert_good(JetCreateIndex(s, table, "primary", JET_bitIndexPrimary, "+word\0", 7, 80));
    assert_good(JetPrepareUpdate(s, table, JET_prepInsert));
    assert_good(JetSetColumn(s, table, id, u"word", 8, 0, NULL));
    assert_good(JetUpdate(s, table, NULL, 0, NULL));
    assert_good(JetCloseTable(s, table));
}

static void a_primary_index_of_another_sort_order_cannot_be_deleted(void **state)
{
    struct collation_table *weights;
    (void)state;
    if (collation_table_open(os_fs_posix(), NULL, &weights) < 0) {
        print_message("skipped: no sort weights (Debian package libwine)\n");
        skip();
    }
    collation_table_close(weights);
    const char *installed = getenv("OPENESE_SORTDEFAULT");
    assert_int_equal(setenv("OPENESE_SORTDEFAULT", weights_of_another_version(), 1), 0);
    start();
    assert_good(JetAttachDatabase(s, path, 0));
    assert_good(JetOpenDatabase(s, path, NULL, &d, 0));
    make_unicode_table();
    assert_good(JetCloseDatabase(s, d, 0));
    assert_good(JetDetachDatabase(s, path));
    assert_int_equal(installed != NULL ? setenv("OPENESE_SORTDEFAULT", installed, 1) : unsetenv("OPENESE_SORTDEFAULT"), 0);
    assert_good(JetSetSystemParameter(&live.instance, s, JET_paramEnableIndexChecking, JET_IndexCheckingOn, NULL));
    for (unsigned form = 1; form <= 2; form++) {
        assert_err(attach(form, path, 0), JET_errPrimaryIndexCorrupted);
        assert_err(attach(form, path, JET_bitDbDeleteCorruptIndexes), JET_errPrimaryIndexCorrupted);
        assert_good(attach(form, path, JET_bitDbReadOnly));
        assert_good(JetDetachDatabase(s, path));
    }
    stop();
}

static void a_backup_keeps_new_databases_out(void **state)
{
    (void)state;
    start();
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    for (unsigned form = 1; form <= 2; form++)
        assert_err(attach(form, path, 0), JET_errBackupInProgress);
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
    stop();
}

/* --- closing --- */

static void a_database_is_closed_once_for_each_opening(void **state)
{
    (void)state;
    start();
    assert_good(JetAttachDatabase(s, path, 0));
    assert_good(JetOpenDatabase(s, path, NULL, &d, 0));
    assert_good(JetOpenDatabase(s, path, NULL, &d, 0));
    assert_good(JetCloseDatabase(s, d, 0));
    assert_good(JetCloseDatabase(s, d, 0));
    const JET_DBID refused[] = {d, 0, JET_dbidNil, 77}; /* attached, but not open any more; never a number of a database */
    for (unsigned i = 0; i < COUNT(refused); i++)
        assert_err(JetCloseDatabase(s, refused[i], 0), JET_errInvalidDatabaseId);
    stop();
}

/* --- information --- */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_is_attached_with_each_bit),
        cmocka_unit_test(attaching_is_refused),
        cmocka_unit_test(indexes_of_another_sort_order_are_refused_or_deleted),
        cmocka_unit_test(a_primary_index_of_another_sort_order_cannot_be_deleted),
        cmocka_unit_test(a_backup_keeps_new_databases_out),
        cmocka_unit_test(a_database_is_closed_once_for_each_opening),
        cmocka_unit_test(each_level_tells_about_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
