/* Databases of an instance: attach, open, close, detach, what the header says, information (instance-and-session 13). */
#define ESENT_PRIVATE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

#define CLEAN_4K "engine/clean_4k/data.edb"
#define CLEAN_8K "engine/clean_8k/data.edb"

enum { STATE_DIRTY = 2, STATE_CLEAN = 3 };

/* A copy of the clean 4 KiB database in a new folder. */
static const char *new_database(void)
{
    const char *path = text_of("%s/data.edb", make_scratch_folder("database"));
    require_shared_data();
    copy_shared_file(CLEAN_4K, path);
    return path;
}

static JET_DBINFOMISC4 header_of(const char *path)
{
    JET_DBINFOMISC4 misc;
    assert_good(JetGetDatabaseFileInfo(path, &misc, sizeof misc, JET_DbInfoMisc));
    return misc;
}

struct fixture {
    JET_INSTANCE instance;
    JET_SESID session;
};

/* With and without logging: the rules are the same. */
static bool is_logging;

static struct fixture start(void)
{
    struct fixture f;
    f.instance = plain_create(text_of("attach %d", is_logging));
    assert_good(JetSetSystemParameter(&f.instance, 0, JET_paramLogFileSize, 64, NULL));
    if (is_logging)
        assert_good(JetSetSystemParameter(&f.instance, 0, JET_paramRecovery, 0, "on"));
    assert_good(JetInit(&f.instance));
    f.session = plain_session(f.instance);
    return f;
}

static void checks_come_in_their_order(void **state)
{
    const char *path = new_database();
    const char *folder = make_scratch_folder("broken");
    (void)state;
    struct fixture f = start();
    assert_good(JetBeginTransaction(f.session));
    assert_err(JetAttachDatabase(f.session, NULL, 0), JET_errInTransaction);
    assert_err(JetDetachDatabase2(f.session, NULL, 0), JET_errInTransaction);
    assert_good(JetRollback(f.session, 0));
    JET_SETDBPARAM parameter = {.dbparamid = 1};
    assert_err(JetAttachDatabase3(f.session, path, &parameter, 1, 0), JET_errInvalidDbparamId);
    assert_err(JetAttachDatabase3(f.session, path, NULL, 1, 0), JET_errInvalidParameter);
    assert_err(JetAttachDatabase(f.session, NULL, JET_bitDbVersioningOff), JET_errCannotDisableVersioning);
    assert_err(JetAttachDatabase(f.session, NULL, 0), JET_errDatabaseInvalidPath);
    assert_err(JetAttachDatabase(f.session, "", 0), JET_errDatabaseInvalidPath);
    assert_err(JetAttachDatabase(f.session, "/nowhere/x", JET_bitDbReadOnly | JET_bitDbDeleteUnicodeIndexes), JET_errInvalidGrbit);
    assert_err(JetAttachDatabase(f.session, text_of("%s/absent", folder), 0), JET_errFileNotFound);
    assert_err(JetAttachDatabase(f.session, folder, 0), JET_errDatabaseInvalidPath);
    FILE *file = fopen(text_of("%s/text", folder), "w");
    for (int i = 0; i < 20000; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_true(JetAttachDatabase(f.session, text_of("%s/text", folder), 0) < 0);
    copy_shared_file(CLEAN_8K, text_of("%s/8k", folder));
    assert_err(JetAttachDatabase(f.session, text_of("%s/8k", folder), 0), JET_errPageSizeMismatch);
    assert_int_equal(header_of(text_of("%s/8k", folder)).dbstate, STATE_CLEAN);
    assert_err(JetDetachDatabase(f.session, path), JET_errDatabaseNotFound);
    assert_err(JetDetachDatabase2(f.session, path, JET_bitForceDetach), JET_errForceDetachNotAllowed);
    assert_good(JetDetachDatabase(f.session, NULL));
    plain_stop(f.instance);
}

static void the_header_is_dirty_while_attached(void **state)
{
    const char *path = new_database();
    (void)state;
    struct fixture f = start();
    JET_SIGNATURE log = {0};
    assert_good(JetAttachDatabase(f.session, path, 0));
    assert_int_equal(header_of(path).dbstate, STATE_DIRTY);
    assert_good(JetGetInstanceMiscInfo(f.instance, &log, sizeof log, JET_InstanceMiscInfoLogSignature));
    JET_DBINFOMISC4 header = header_of(path);
    assert_memory_equal(&header.signLog, &log, sizeof log);
    assert_int_equal(header_of(path).genMinRequired != 0, is_logging);
    assert_err(JetAttachDatabase(f.session, path, JET_bitDbReadOnly), JET_wrnDatabaseAttached);
    assert_good(JetDetachDatabase(f.session, path));
    assert_int_equal(header_of(path).dbstate, STATE_CLEAN);
    assert_int_equal(header_of(path).genMinRequired, 0);
    assert_good(JetAttachDatabase(f.session, path, 0));
    plain_stop(f.instance); /* the end detaches too */
    assert_int_equal(header_of(path).dbstate, STATE_CLEAN);
    f = start();
    assert_good(JetAttachDatabase(f.session, path, 0));
    assert_err(JetTerm2(f.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    assert_int_equal(header_of(path).dbstate, STATE_DIRTY);
    f = start();
    assert_err(JetAttachDatabase(f.session, path, 0), JET_errDatabaseDirtyShutdown);
    assert_err(JetAttachDatabase(f.session, path, JET_bitDbReadOnly), JET_errDatabaseDirtyShutdown);
    plain_stop(f.instance);
}

static void a_read_only_attach_changes_no_byte(void **state)
{
    const char *path = new_database();
    unsigned long long size = 0, size_after = 0;
    JET_DBID dbid = JET_dbidNil;
    (void)state;
    unsigned char *before = read_whole_file(path, &size);
    struct fixture f = start();
    assert_good(JetAttachDatabase(f.session, path, JET_bitDbReadOnly));
    assert_err(JetOpenDatabase(f.session, path, NULL, &dbid, 0), JET_wrnFileOpenReadOnly);
    assert_good(JetOpenDatabase(f.session, path, NULL, &dbid, JET_bitDbReadOnly));
    assert_good(JetCloseDatabase(f.session, dbid, 0));
    assert_good(JetCloseDatabase(f.session, dbid, 0));
    assert_good(JetDetachDatabase(f.session, path));
    assert_good(JetAttachDatabase(f.session, path, JET_bitDbReadOnly));
    plain_stop(f.instance);
    unsigned char *after = read_whole_file(path, &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
}

static void a_file_belongs_to_one_instance(void **state)
{
    const char *path = new_database();
    uint32_t in_use = 99;
    (void)state;
    struct fixture f = start();
    JET_INSTANCE other = plain_start("other");
    JET_SESID session = plain_session(other);
    assert_good(JetGetDatabaseFileInfo(path, &in_use, sizeof in_use, JET_DbInfoDBInUse));
    assert_int_equal(in_use, 0);
    assert_good(JetAttachDatabase(f.session, path, JET_bitDbReadOnly));
    assert_good(JetGetDatabaseFileInfo(path, &in_use, sizeof in_use, JET_DbInfoDBInUse));
    assert_int_equal(in_use, 1);
    assert_err(JetAttachDatabase(session, path, JET_bitDbReadOnly), JET_errDatabaseSharingViolation);
    assert_good(JetDetachDatabase(f.session, path));
    assert_good(JetAttachDatabase(session, path, 0));
    const char *link_path = text_of("%s.link", path);
    assert_int_equal(link(path, link_path), 0); /* another name for the same file */
    assert_err(JetAttachDatabase(f.session, link_path, 0), JET_errDatabaseSharingViolation);
    plain_stop(other);
    plain_stop(f.instance);
}

/* In the child: attaches when the byte has come; the exit status is 0 for the error expected. */
static void attach_in_child(int pipe_end, const char *path, const char *folder)
{
    JET_INSTANCE instance = JET_instanceNil;
    JET_SESID session;
    char byte;
    if (read(pipe_end, &byte, 1) != 1 || JetCreateInstance(&instance, "child") != 0)
        _exit(1);
    plain_configure(instance, folder);
    if (JetInit(&instance) != 0 || JetBeginSession(instance, &session, NULL, NULL) != 0)
        _exit(2);
    if (JetAttachDatabase(session, path, 0) != JET_errFileAccessDenied || JetAttachDatabase(session, path, JET_bitDbReadOnly) != JET_errFileAccessDenied)
        _exit(3);
    _exit(JetTerm(instance) == 0 ? 0 : 4);
}

static void another_process_is_kept_out(void **state)
{
    const char *path = new_database(), *folder = make_scratch_folder("child");
    int ends[2], status = 0;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[1]); /* so that it sees the end of a parent that failed */
        attach_in_child(ends[0], path, folder);
    }
    struct fixture f = start();
    assert_good(JetAttachDatabase(f.session, path, 0));
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(ends[0]);
    close(ends[1]);
    plain_stop(f.instance);
}

static void opening_counts_by_session(void **state)
{
    const char *path = new_database(), *second_path = new_database();
    JET_DBID dbid = JET_dbidNil, again = JET_dbidNil, second = JET_dbidNil;
    (void)state;
    struct fixture f = start();
    JET_SESID other = plain_session(f.instance);
    assert_err(JetOpenDatabase(f.session, path, NULL, &dbid, 0), JET_errDatabaseNotFound);
    assert_err(JetOpenDatabase(f.session, NULL, NULL, &dbid, 0), JET_errDatabaseInvalidPath);
    assert_true(dbid == JET_dbidNil);
    assert_good(JetAttachDatabase(f.session, path, 0));
    assert_good(JetAttachDatabase(f.session, second_path, 0));
    assert_good(JetOpenDatabase(f.session, path, "ignored", &dbid, 0));
    assert_good(JetOpenDatabase(f.session, path, NULL, &again, 0));
    assert_int_equal(dbid, again);
    assert_err(JetCloseDatabase(other, dbid, 0), JET_errInvalidDatabaseId);
    assert_err(JetCloseDatabase(f.session, 0, 0), JET_errInvalidDatabaseId);
    assert_err(JetCloseDatabase(f.session, JET_dbidNil, 0), JET_errInvalidDatabaseId);
    assert_err(JetOpenDatabase(other, path, NULL, &again, JET_bitDbExclusive), JET_errDatabaseInUse);
    assert_good(JetOpenDatabase(f.session, second_path, NULL, &second, JET_bitDbExclusive));
    assert_true(second != dbid);
    assert_err(JetOpenDatabase(other, second_path, NULL, &again, 0), JET_errDatabaseLocked);
    assert_good(JetCloseDatabase(f.session, second, 0));
    assert_good(JetOpenDatabase(other, second_path, NULL, &again, 0));
    assert_err(JetDetachDatabase(f.session, second_path), JET_errDatabaseInUse);
    assert_err(JetDetachDatabase(f.session, ""), JET_errDatabaseInUse);
    assert_good(JetEndSession(other, 0)); /* closes what it had open */
    assert_good(JetDetachDatabase(f.session, second_path));
    assert_good(JetCloseDatabase(f.session, dbid, 0));
    assert_err(JetDetachDatabase(f.session, path), JET_errDatabaseInUse);
    assert_good(JetCloseDatabase(f.session, dbid, 0x55));
    assert_err(JetCloseDatabase(f.session, dbid, 0), JET_errInvalidDatabaseId);
    assert_good(JetDetachDatabase(f.session, path));
    plain_stop(f.instance);
}

static void one_database_per_session_is_enforced_on_request(void **state)
{
    const char *first = new_database(), *second = new_database();
    JET_DBID dbid;
    (void)state;
    JET_INSTANCE instance = plain_create("single");
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramOneDatabasePerSession, 1, NULL));
    assert_good(JetInit(&instance));
    JET_SESID session = plain_session(instance);
    assert_good(JetAttachDatabase(session, first, 0));
    assert_good(JetAttachDatabase(session, second, 0));
    assert_good(JetOpenDatabase(session, first, NULL, &dbid, 0));
    assert_good(JetOpenDatabase(session, first, NULL, &dbid, 0));
    assert_err(JetOpenDatabase(session, second, NULL, &dbid, 0), JET_errOneDatabasePerSession);
    plain_stop(instance);
}

static void six_databases_fit(void **state)
{
    (void)state;
    struct fixture f = start();
    for (int i = 0; i < 6; i++)
        assert_good(JetAttachDatabase(f.session, new_database(), 0));
    const char *seventh = new_database();
    assert_err(JetAttachDatabase(f.session, seventh, 0), JET_errTooManyAttachedDatabases);
    assert_int_equal(header_of(seventh).dbstate, STATE_CLEAN);
    uint32_t count = 0;
    JET_INSTANCE_INFO *infos = NULL;
    assert_good(JetGetInstanceInfo(&count, &infos));
    assert_int_equal(count, 1);
    assert_int_equal(infos[0].cDatabases, is_logging ? 6 : 0); /* only logged ones are listed */
    assert_good(JetFreeBuffer((char *)infos));
    assert_good(JetDetachDatabase(f.session, NULL));
    assert_good(JetAttachDatabase(f.session, seventh, 0));
    plain_stop(f.instance);
}

static void information_comes_in_exact_sizes(void **state)
{
    const char *path = new_database();
    char name[1024];
    char16_t wide[1024];
    uint32_t number = 0, owned = 0, available = 0, pages = 0;
    uint64_t size = 0;
    struct stat info;
    JET_DBID dbid;
    JET_DBINFOMISC misc;
    JET_DBINFOMISC4 misc4;
    (void)state;
    struct fixture f = start();
    assert_good(JetAttachDatabase(f.session, path, 0));
    assert_err(JetGetDatabaseInfo(f.session, 1, name, sizeof name, JET_DbInfoFilename), JET_errInvalidDatabaseId);
    assert_good(JetOpenDatabase(f.session, path, NULL, &dbid, 0));
    assert_good(JetGetDatabaseInfo(f.session, dbid, name, sizeof name, JET_DbInfoFilename));
    assert_string_equal(name, path);
    assert_err(JetGetDatabaseInfo(f.session, dbid, name, (uint32_t)strlen(path), JET_DbInfoFilename), JET_errBufferTooSmall);
    assert_good(JetGetDatabaseInfoW(f.session, dbid, wide, sizeof wide, JET_DbInfoFilename));
    assert_int_equal(wide[0], '/');
    assert_good(JetGetDatabaseInfo(f.session, dbid, name, 1, JET_DbInfoConnect));
    assert_int_equal(name[0], 0);
    assert_good(JetGetDatabaseInfo(f.session, dbid, &number, 4, JET_DbInfoCountry));
    assert_int_equal(number, 1);
    assert_err(JetGetDatabaseInfo(f.session, dbid, &size, 8, JET_DbInfoCountry), JET_errInvalidBufferSize);
    assert_good(JetGetDatabaseInfo(f.session, dbid, &number, 4, JET_DbInfoLCID));
    assert_int_equal(number, 1033);
    assert_good(JetGetDatabaseInfo(f.session, dbid, &number, 4, JET_DbInfoCp));
    assert_int_equal(number, 1252);
    assert_good(JetGetDatabaseInfo(f.session, dbid, &number, 4, JET_DbInfoTransactions));
    assert_int_equal(number, 7);
    assert_good(JetGetDatabaseInfo(f.session, dbid, &number, 4, JET_DbInfoVersion));
    assert_int_equal(number, 0x620);
    assert_good(JetGetDatabaseInfo(f.session, dbid, &number, 4, JET_DbInfoPageSize));
    assert_int_equal(number, 4096);
    assert_err(JetGetDatabaseInfo(f.session, dbid, &number, 3, JET_DbInfoPageSize), JET_errBufferTooSmall);
    assert_err(JetGetDatabaseInfo(f.session, dbid, &number, 4, JET_DbInfoIsam), JET_errFeatureNotAvailable);
    assert_err(JetGetDatabaseInfo(f.session, dbid, &number, 4, 4711), JET_errInvalidParameter);
    assert_int_equal(stat(path, &info), 0);
    assert_good(JetGetDatabaseInfo(f.session, dbid, &pages, 4, JET_DbInfoFilesize | JET_DbInfoUseCachedResult));
    assert_int_equal(pages, info.st_size / 4096);
    assert_good(JetGetDatabaseInfo(f.session, dbid, &owned, 4, JET_DbInfoSpaceOwned));
    assert_good(JetGetDatabaseInfo(f.session, dbid, &available, 4, JET_DbInfoSpaceAvailable));
    assert_true(owned > 0 && owned <= pages - 2 && available < owned);
    assert_good(JetGetDatabaseInfo(f.session, dbid, &misc, sizeof misc, JET_DbInfoMisc));
    assert_good(JetGetDatabaseInfo(f.session, dbid, &misc4, sizeof misc4, JET_DbInfoMisc));
    assert_memory_equal(&misc, &misc4, sizeof misc);
    assert_int_equal(misc.cbPageSize, 4096);
    assert_err(JetGetDatabaseInfo(f.session, dbid, &misc4, 217, JET_DbInfoMisc), JET_errInvalidBufferSize);
    plain_stop(f.instance);

    assert_good(JetGetDatabaseFileInfo(path, &size, 8, JET_DbInfoFilesize));
    assert_int_equal(size, info.st_size);
    assert_err(JetGetDatabaseFileInfo(path, &size, 4, JET_DbInfoFilesize), JET_errInvalidBufferSize);
    assert_good(JetGetDatabaseFileInfo(path, &number, 4, JET_DbInfoPageSize));
    assert_int_equal(number, 4096);
    assert_good(JetGetDatabaseFileInfo(path, &number, 4, JET_DbInfoFileType));
    assert_int_equal(number, 1);
    assert_err(JetGetDatabaseFileInfo(text_of("%s.absent", path), &number, 4, JET_DbInfoFileType), JET_errFileNotFound);
    assert_err(JetGetDatabaseFileInfo(path, &number, 4, JET_DbInfoCp), JET_errInvalidParameter);
    assert_err(JetGetDatabaseFileInfo("/dev/null", &misc, sizeof misc, JET_DbInfoMisc), JET_errFileInvalidType);
}

static int with_logging(void **state)
{
    (void)state;
    is_logging = true;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_come_in_their_order),
        cmocka_unit_test(the_header_is_dirty_while_attached),
        cmocka_unit_test(a_read_only_attach_changes_no_byte),
        cmocka_unit_test(a_file_belongs_to_one_instance),
        cmocka_unit_test(another_process_is_kept_out),
        cmocka_unit_test(opening_counts_by_session),
        cmocka_unit_test(one_database_per_session_is_enforced_on_request),
        cmocka_unit_test(six_databases_fit),
        cmocka_unit_test(information_comes_in_exact_sizes),
    };
    int failed = cmocka_run_group_tests_name("without logging", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("with logging", tests, with_logging, NULL);
}
