/* What JetOpenFile opens and what it refuses, how reads end, and what a damaged page does (backup-and-restore 7; safety of paths).
 *
 * Pages: JetOpenFileInstance, JetReadFileInstance */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup_client.h"
#include "cmocka_all.h"
#include "live_instance.h"
#include "recorded_events.h"
#include "shared_data.h"

enum { BUFFER_BYTES = 1 << 20, LIST_BYTES = 1 << 16, WIDE_MAX = 1024 };

static struct live_instance live;
static uint8_t *buffer;
static char list[LIST_BYTES];

static JET_ERR open_a(const char *path, JET_HANDLE *handle)
{
    uint32_t low, high;
    return JetOpenFileInstanceA(live.instance, path, handle, &low, &high);
}

static JET_ERR open_w(const char *path, JET_HANDLE *handle)
{
    char16_t wide[WIDE_MAX];
    uint32_t low, high;
    size_t i = 0;
    for (; path[i] != 0 && i + 1 < WIDE_MAX; i++)
        wide[i] = (unsigned char)path[i];
    wide[i] = 0;
    return JetOpenFileInstanceW(live.instance, wide, handle, &low, &high);
}

static const char *first_log(void)
{
    uint32_t actual;
    assert_good(JetGetLogInfoInstance(live.instance, list, LIST_BYTES, &actual));
    return list;
}

static void give_up(void)
{
    JET_ERR err = JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort);
    assert_true(err == JET_errSuccess || err == JET_errNoBackup);
}

/* One path in a session of its own, in both forms. */
static void assert_open(const char *path, bool in_logs, JET_ERR expected)
{
    JET_ERR (*const FORMS[])(const char *, JET_HANDLE *) = {open_a, open_w};
    for (int form = 0; form < 2; form++) {
        JET_HANDLE handle = 77;
        assert_good(JetBeginExternalBackupInstance(live.instance, 0));
        if (in_logs)
            (void)first_log();
        JET_ERR err = FORMS[form](path, &handle);
        if (err != expected)
            fail_msg("%s (%s, %s): %d, expected %d", path, form == 0 ? "A" : "W", in_logs ? "logs" : "databases", err, expected);
        assert_int_equal(handle, err >= 0 ? 0 : 77);
        give_up();
    }
}

static void a_database_is_known_by_every_spelling_of_its_path_but_not_through_a_link(void **state)
{
    (void)state;
    require_shared_data();
    const char *folder = live.folder, *link = text_of("%s/link.edb", folder);
    assert_int_equal(symlink(live.database, link), 0);
    assert_open(live.database, false, JET_errSuccess);
    assert_open(text_of("%s//basic.edb", folder), false, JET_errSuccess);
    assert_open(text_of("%s/./basic.edb", folder), false, JET_errSuccess);
    assert_open(text_of("%s/x/../basic.edb", folder), false, JET_errSuccess);
    assert_open(text_of("%s/BASIC.EDB", folder), false, JET_errDatabaseNotFound);
    assert_open(link, false, JET_errDatabaseNotFound);
    assert_open(text_of("%s/basic.edb/", folder), false, JET_errDatabaseNotFound);
    assert_open("/etc/passwd", false, JET_errDatabaseNotFound);
    assert_open("", false, JET_errInvalidParameter);
    assert_int_equal(unlink(link), 0);
}

static void logs_are_opened_only_where_the_instance_keeps_them(void **state)
{
    (void)state;
    require_shared_data();
    const char *folder = live.folder, *elsewhere = make_scratch_folder("elsewhere");
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    const char *log = text_of("%s", first_log()), *name = strrchr(log, '/') + 1;
    give_up();
    assert_int_equal(system(text_of("cp '%s' '%s/%s'", log, elsewhere, name)), 0);
    assert_open(log, true, JET_errSuccess);
    assert_open(text_of("%s//%s", folder, name), true, JET_errSuccess);
    assert_open(text_of("%s/./%s", folder, name), true, JET_errSuccess);
    assert_open(text_of("%s/../%s/%s", folder, strrchr(folder, '/') + 1, name), true, JET_errSuccess);
    assert_open(text_of("%s/%s", elsewhere, name), true, JET_errFileAccessDenied);
    assert_open(text_of("%s/EDB%s", folder, name + 3), true, JET_errMissingFileToBackup);
    assert_open(text_of("%s/edb.log", folder), true, JET_errInvalidParameter);
    assert_open(text_of("%s/edb.chk", folder), true, JET_errFileAccessDenied);
    assert_open(folder, true, JET_errFileAccessDenied);
    assert_open("/etc/passwd", true, JET_errFileAccessDenied);
    assert_open(live.database, true, JET_errInvalidBackupSequence);
    assert_open(text_of("%s/edbF0000.log", folder), true, JET_errMissingFileToBackup);
    /* a generation that is a link leads out of the folder */
    const char *foreign = text_of("%s/edbF0001.log", folder);
    assert_int_equal(symlink(text_of("%s/%s", elsewhere, name), foreign), 0);
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    (void)first_log();
    JET_HANDLE handle;
    assert_true(open_a(foreign, &handle) < 0);
    give_up();
    assert_int_equal(unlink(foreign), 0);
}

static void each_stage_of_a_file_is_an_event_and_a_log_is_read_by_its_rules(void **state)
{
    (void)state;
    require_shared_data();
    static const uint32_t COPIES[] = {220, 221, 222, 0};
    JET_HANDLE handle;
    uint32_t low, high, got, page = live.page_size;
    events_start();
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    assert_good(JetOpenFileInstance(live.instance, live.database, &handle, &low, &high));
    const char *size = low > 1u << 20 ? text_of("%u Mb", low >> 20) : text_of("%u Kb", low >> 10);
    assert_good(JetReadFileInstance(live.instance, handle, buffer, 4 * page, &got));
    assert_good(JetCloseFileInstance(live.instance, handle));
    assert_string_equal(events_text(COPIES, 0), text_of("220 I(%s|%s) 222 I(%s|%u|%u)", live.database, size, live.database, 4 * page, low));
    events_clear();
    assert_good(JetOpenFileInstance(live.instance, live.database, &handle, &low, &high)); /* once more, to the end */
    do
        assert_good(JetReadFileInstance(live.instance, handle, buffer, BUFFER_BYTES, &got));
    while (got != 0);
    assert_good(JetCloseFileInstance(live.instance, handle));
    assert_string_equal(events_text(COPIES, 0), text_of("220 I(%s|%s) 221 I(%s)", live.database, size, live.database));
    const char *log = first_log();
    assert_good(JetOpenFileInstance(live.instance, log, &handle, &low, &high));
    assert_err(JetReadFileInstance(live.instance, handle, buffer, page, &got), JET_errInvalidParameter); /* the first read takes two pages */
    assert_good(JetReadFileInstance(live.instance, handle, buffer, 2 * page, &got));
    assert_int_equal(got, 2 * page);
    assert_good(JetReadFileInstance(live.instance, handle, buffer, page, &got));
    assert_int_equal(got, page);
    assert_good(JetCloseFileInstance(live.instance, handle));
    assert_err(JetTruncateLogInstance(live.instance), JET_errLogFileNotCopied); /* closed early */
    assert_int_equal(events_count(520), 1);
    give_up();
    events_stop();
}

static void a_damaged_page_ends_its_databases_part_and_is_named(void **state)
{
    (void)state;
    require_shared_data();
    enum { BAD_PAGE = 3 };
    struct live_instance broken;
    JET_HANDLE handle;
    uint32_t low, high, got;
    uint8_t old[16], damage[16];
    live_start_with(&broken, "windows/types-4k/multi.edb");
    client_hurry_retries(broken.instance);
    int file = open(broken.database, O_RDWR);
    off_t place = (off_t)(BAD_PAGE + 1) * broken.page_size + 600;
    assert_true(file >= 0);
    assert_int_equal(pread(file, old, sizeof old, place), sizeof old);
    for (size_t i = 0; i < sizeof damage; i++)
        damage[i] = (uint8_t)(old[i] ^ (i * 13 + 1)); /* not the same in each word: that would cancel out */
    assert_int_equal(pwrite(file, damage, sizeof damage, place), sizeof damage);
    events_start();
    assert_good(JetBeginExternalBackupInstance(broken.instance, 0));
    assert_good(JetOpenFileInstance(broken.instance, broken.database, &handle, &low, &high));
    memset(buffer, 0xEE, 8 * broken.page_size);
    assert_err(JetReadFileInstance(broken.instance, handle, buffer, 8 * broken.page_size, &got), JET_errReadVerifyFailure);
    assert_string_equal(events_parameter(474, 0), text_of("%d", BAD_PAGE));
    assert_string_equal(events_parameter(474, 2), broken.database);
    assert_string_equal(events_parameter(217, 0), text_of("%d", JET_errReadVerifyFailure));
    assert_string_equal(events_parameter(217, 1), broken.database);
    assert_err(JetCloseFileInstance(broken.instance, handle), JET_errInvalidParameter); /* closed already; the session lives */
    assert_int_equal(pwrite(file, old, sizeof old, place), sizeof old);
    assert_good(JetOpenFileInstance(broken.instance, broken.database, &handle, &low, &high));
    assert_good(JetReadFileInstance(broken.instance, handle, buffer, 8 * broken.page_size, &got));
    assert_good(JetCloseFileInstance(broken.instance, handle));
    assert_good(JetEndExternalBackupInstance2(broken.instance, JET_bitBackupEndAbort));
    events_stop();
    close(file);
    live_stop(&broken);
}

static int start(void **state)
{
    (void)state;
    if (shared_data_dir() == NULL)
        return 0;
    live_configure = events_on;
    buffer = (uint8_t *)aligned_alloc(4096, BUFFER_BYTES);
    live_start_with(&live, "windows/types-4k/basic.edb");
    return 0;
}

static int finish(void **state)
{
    (void)state;
    if (buffer != NULL)
        live_stop(&live);
    free(buffer);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_is_known_by_every_spelling_of_its_path_but_not_through_a_link),
        cmocka_unit_test(logs_are_opened_only_where_the_instance_keeps_them),
        cmocka_unit_test(each_stage_of_a_file_is_an_event_and_a_log_is_read_by_its_rules),
        cmocka_unit_test(a_damaged_page_ends_its_databases_part_and_is_named),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
