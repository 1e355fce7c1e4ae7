/* The reference pages of the calls that create databases and set their size: each bit, and each result that can be provoked.
 *
 * The two forms of creation answer the same to the same rows.
 *
 * Pages: JetCreateDatabase, JetCreateDatabase2, JetGrowDatabase, JetResizeDatabase, JetSetDatabaseSize
 */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "live_instance.h"
#include "os/file.h"
#include "plain_instance.h"
#include "shared_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
enum { PAGE_SIZE = 4096, DATABASES_MOST = 6, STATE_DIRTY = 2 };

static struct live_instance live;
static JET_SESID s;
static JET_DBID d;
static const char *path;

/* An instance with a database that is neither attached nor open. */
static void start(void)
{
    live_start(&live, PAGE_SIZE);
    s = live.session;
    path = live_make_database(&live, "data.edb");
}

static void stop(void) { live_stop(&live); }

static const char *in_folder(const char *name) { return text_of("%s/%s", live.folder, name); }

static JET_ERR create(unsigned form, JET_SESID session, const char *name, uint32_t pages, JET_DBID *dbid, JET_GRBIT grbit)
{
    return form == 1 ? JetCreateDatabase(session, name, NULL, dbid, grbit) : JetCreateDatabase2(session, name, pages, dbid, grbit);
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

/* Another thread may be the one that asks first: so more than one attempt. */
static void lack_of_memory_is_told(void **state)
{
    enum { ATTEMPTS = 5 };
    uint32_t now;
    (void)state;
    start();
    for (unsigned form = 1; form <= 3; form++) {
        JET_ERR err = JET_errSuccess;
        for (unsigned i = 0; i < ATTEMPTS && err >= 0; i++) {
            JET_DBID dbid;
            const char *name = in_folder(text_of("memory%u-%u.edb", form, i));
            memory_fail_at(1, 0);
            err = form == 3 ? JetSetDatabaseSize(s, path, 300, &now) : create(form, s, name, 0, &dbid, 0);
            memory_fail_at(0, 0);
        }
        assert_err(err, JET_errOutOfMemory);
    }
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_of_creation_has_its_effect),
        cmocka_unit_test(creation_is_refused),
        cmocka_unit_test(a_database_grows_and_shrinks_as_its_bits_say),
        cmocka_unit_test(a_full_or_failing_disk_is_told),
        cmocka_unit_test(the_size_of_a_file_is_set_only_when_it_is_clean),
        cmocka_unit_test(lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
