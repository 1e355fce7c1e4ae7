/* What else may go on while a backup runs, and what it does to the copy (backup-and-restore 12). */
#define ESENT_PRIVATE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_client.h"
#include "cmocka_all.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, LIST_BYTES = 1 << 16, PIECE = 1 << 16, ROWS = 200, INCREMENTAL = JET_bitBackupIncremental };

static struct sample s;
static const char *database;
static char list[LIST_BYTES];

static void start_with(void (*configure)(JET_INSTANCE))
{
    live_configure = configure;
    sample_start(&s, PAGE_SIZE);
    live_configure = NULL;
    database = text_of("%s/sample.edb", s.live.folder);
    for (int32_t id = 1; id <= ROWS; id++)
        insert_sample(&s, id, id, "before");
}

static void end(void) { assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort)); }

static void get_logs(JET_LOGINFO_A *info)
{
    uint32_t actual;
    *info = (JET_LOGINFO_A){.cbSize = sizeof *info};
    assert_good(JetGetLogInfoInstance2(s.live.instance, list, sizeof list, &actual, info));
}

/* --- each call in each phase --- */

static JET_ERR attach_it(void) { return JetAttachDatabase(s.session, database, 0); }
static JET_ERR attach_missing(void) { return JetAttachDatabase(s.session, text_of("%s/absent.edb", s.live.folder), 0); }
static JET_ERR attach_2(void) { return JetAttachDatabase2(s.session, database, 0, 0); }
static JET_ERR detach(void) { return JetDetachDatabase(s.session, database); }
static JET_ERR detach_2(void) { return JetDetachDatabase2(s.session, database, 0); }
static JET_ERR detach_all(void) { return JetDetachDatabase(s.session, NULL); }
static JET_ERR create(void)
{
    static unsigned count;
    JET_DBID dbid;
    return JetCreateDatabase(s.session, text_of("%s/more%u.edb", s.live.folder, count++), NULL, &dbid, 0);
}
static JET_ERR open_database(void)
{
    JET_DBID dbid;
    JET_ERR err = JetOpenDatabase(s.session, database, NULL, &dbid, 0);
    return err < 0 ? err : JetCloseDatabase(s.session, dbid, 0);
}
static JET_ERR change_schema(void)
{
    static unsigned count;
    JET_TABLEID table;
    JET_ERR err = JetCreateTable(s.session, s.dbid, text_of("Table%u", count++), 1, 80, &table);
    return err < 0 ? err : JetCloseTable(s.session, table);
}
static JET_ERR change_row(void)
{
    static int32_t id = 10000;
    id++;
    insert_sample(&s, id, id, "row");
    return JET_errSuccess;
}
static JET_ERR grow(void)
{
    uint32_t pages, now;
    assert_good(JetGetDatabaseInfo(s.session, s.dbid, &pages, sizeof pages, JET_DbInfoFilesize));
    return JetGrowDatabase(s.session, s.dbid, pages + 64, &now);
}
static JET_ERR shrink(void)
{
    uint32_t now;
    return JetResizeDatabase(s.session, s.dbid, 64, &now, JET_bitResizeDatabaseOnlyShrink);
}
static JET_ERR begin_full(void) { return JetBeginExternalBackupInstance(s.live.instance, 0); }
static JET_ERR begin_incremental(void) { return JetBeginExternalBackupInstance(s.live.instance, INCREMENTAL); }
static JET_ERR begin_surrogate(void) { return JetBeginSurrogateBackup(s.live.instance, 1, 1, 0); }
static JET_ERR to_folder(void) { return JetBackupInstance(s.live.instance, make_scratch_folder("folder"), 0, NULL); }
static JET_ERR freeze(void)
{
    JET_OSSNAPID id;
    uint32_t count;
    JET_INSTANCE_INFO *infos;
    assert_good(JetOSSnapshotPrepare(&id, 0));
    JET_ERR err = JetOSSnapshotFreeze(id, &count, &infos, 0);
    assert_good(JetOSSnapshotAbort(id, 0));
    return err;
}
static JET_ERR terminate(void) { return JetTerm2(s.live.instance, JET_bitTermComplete); }

static const struct row {
    const char *what;
    JET_ERR (*call)(void);
    JET_ERR local, surrogate; /* what it says while such a backup is active */
} ROWS_OF_12[] = {
    {"attach", attach_it, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"attach of a missing file", attach_missing, JET_errFileNotFound, JET_errFileNotFound},
    {"attach 2", attach_2, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"detach", detach, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"detach 2", detach_2, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"detach all", detach_all, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"open", open_database, JET_wrnFileOpenReadOnly /* any success */, JET_wrnFileOpenReadOnly},
    {"create a table", change_schema, JET_errSuccess, JET_errSuccess},
    {"change a row", change_row, JET_errSuccess, JET_errSuccess},
    {"grow", grow, JET_errSuccess, JET_errSuccess},
    {"shrink", shrink, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"begin full", begin_full, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"begin incremental", begin_incremental, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"begin surrogate", begin_surrogate, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"backup to a folder", to_folder, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
    {"freeze", freeze, JET_errOSSnapshotNotAllowed, JET_errOSSnapshotNotAllowed},
    {"terminate", terminate, JET_errBackupInProgress, JET_errSurrogateBackupInProgress},
};

static void set_shrink(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnableShrinkDatabase, JET_bitShrinkDatabaseOn, NULL)); }

enum phase { DATABASES, LOGS, LOGS_INCREMENTAL, SURROGATE, PHASES };

static void enter(enum phase phase)
{
    JET_LOGINFO_A info;
    assert_good(phase == SURROGATE ? begin_surrogate() : phase == LOGS_INCREMENTAL ? begin_incremental() : begin_full());
    if (phase == LOGS)
        get_logs(&info);
}

static void leave(enum phase phase)
{
    if (phase == SURROGATE)
        assert_good(JetEndSurrogateBackup(s.live.instance, JET_bitBackupEndAbort));
    else
        end();
}

static void each_call_in_each_phase_is_refused_or_works_as_the_table_says(void **state)
{
    (void)state;
    struct backup_set set;
    start_with(set_shrink);
    client_backup(s.live.instance, 0, 1, make_scratch_folder("set"), &set);
    for (int phase = 0; phase < PHASES; phase++)
        for (size_t i = 0; i < sizeof ROWS_OF_12 / sizeof ROWS_OF_12[0]; i++) {
            const struct row *row = &ROWS_OF_12[i];
            enter((enum phase)phase);
            JET_ERR err = row->call(), expected = phase == SURROGATE ? row->surrogate : row->local;
            if (expected > 0 ? err < 0 : err != expected)
                fail_msg("%s in phase %d: %d, expected %d", row->what, phase, err, expected);
            leave((enum phase)phase); /* the session has survived it */
        }
    for (int phase = 0; phase < PHASES; phase++) { /* a database that was never backed up makes the next incremental run impossible */
        if (phase == LOGS_INCREMENTAL)
            client_backup(s.live.instance, 0, 1, make_scratch_folder("set"), &set); /* of those that were created too */
        enter((enum phase)phase);
        assert_good(create());
        leave((enum phase)phase);
    }
    live_stop(&s.live);
}

/* --- changes between the copying of the database and the log list are in the set --- */

static void verify(const char *path)
{
    const char *tool = getenv("ESE_TOOL");
    if (tool != NULL)
        assert_int_equal(system(text_of("'%s' verify -q '%s' > /dev/null", tool, path)), 0);
}

static void add_rows(void)
{
    static uint8_t blob[5000];
    memset(blob, 'b', sizeof blob);
    for (int32_t id = ROWS + 1; id <= 3 * ROWS; id++) {
        assert_good(JetBeginTransaction(s.session));
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
        set_number(&s, s.table, s.id, id);
        set_number(&s, s.table, s.number, id);
        assert_good(set_value(&s, s.table, s.blob, blob, sizeof blob, 0, 0, 1));
        assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
        assert_good(JetCommitTransaction(s.session, 0));
    }
}

static void build_index(void)
{
    assert_good(JetCloseTable(s.session, s.table)); /* an index of a table others use is refused */
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, JET_bitTableDenyRead, &s.table));
    assert_good(JetCreateIndex(s.session, s.table, "late", 0, "+number\0-id\0", 13, 80));
    assert_good(JetCloseTable(s.session, s.table));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &s.table));
}

static void grow_file(void) { assert_good(grow()); }
static void grow_by_rows_and_build(void)
{
    add_rows();
    build_index();
}
static void drop_index(void) { assert_good(JetDeleteIndex(s.session, s.table, "by_text")); }
static void set_circular(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramCircularLog, 1, NULL)); }

static const struct change {
    const char *what;
    void (*configure)(JET_INSTANCE);
    void (*change)(void);
    int32_t rows;
} CHANGES[] = {
    {"index build", NULL, build_index, ROWS},
    {"index build, circular logs", set_circular, build_index, ROWS},
    {"growth by rows", NULL, add_rows, 3 * ROWS},
    {"growth by rows, circular logs", set_circular, add_rows, 3 * ROWS},
    {"growth on demand", NULL, grow_file, ROWS},
    {"growth and index build", set_circular, grow_by_rows_and_build, 3 * ROWS},
    {"index deletion", NULL, drop_index, ROWS},
};

static void copy_logs(const char *folder)
{
    for (const char *name = list; *name != 0; name += strlen(name) + 1)
        assert_good(client_copy_file(s.live.instance, name, folder, PIECE));
}

static void what_changes_while_the_file_is_copied_is_in_the_restored_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        for (int is_in_the_middle = 0; is_in_the_middle < 2; is_in_the_middle++) {
            JET_LOGINFO_A info;
            JET_HANDLE handle;
            uint32_t low, high, got;
            const char *folder = make_scratch_folder("set"), *target = make_scratch_folder("target");
            uint8_t *buffer = (uint8_t *)aligned_alloc(4096, PIECE);
            start_with(CHANGES[i].configure);
            assert_good(begin_full());
            FILE *copy = fopen(text_of("%s/sample.edb", folder), "wb");
            assert_non_null(copy);
            assert_good(JetOpenFileInstance(s.live.instance, database, &handle, &low, &high));
            for (uint64_t total = 0;; total += got) {
                if (is_in_the_middle && total == PIECE)
                    CHANGES[i].change(); /* the size was announced before */
                assert_good(JetReadFileInstance(s.live.instance, handle, buffer, PIECE, &got));
                assert_int_equal(fwrite(buffer, 1, got, copy), got);
                if (got == 0) {
                    assert_int_equal(total, low);
                    break;
                }
            }
            fclose(copy);
            free(buffer);
            assert_good(JetCloseFileInstance(s.live.instance, handle));
            if (!is_in_the_middle)
                CHANGES[i].change();
            get_logs(&info);
            copy_logs(folder);
            assert_good(JetEndExternalBackupInstance(s.live.instance));
            live_stop(&s.live);
            const struct backup_set set = {folder, info.ulGenLow, info.ulGenHigh};
            JET_ERR err = client_restore(&set, "sample.edb", target);
            if (err != JET_errSuccess)
                fail_msg("%s: restore %d", CHANGES[i].what, err);
            verify(text_of("%s/sample.edb", target));
            assert_int_equal(client_sample_rows(text_of("%s/sample.edb", target)), CHANGES[i].rows);
        }
    }
}

/* --- logs --- */

static void circular_logs_the_backup_needs_stay_until_it_ends(void **state)
{
    (void)state;
    JET_LOGINFO_A info;
    start_with(set_circular);
    assert_good(begin_full());
    get_logs(&info);
    const char *first = text_of("%s", list);
    add_rows(); /* many generations */
    assert_int_equal(access(first, F_OK), 0);
    copy_logs(make_scratch_folder("set"));
    end();
    for (int32_t id = 3 * ROWS + 1; id <= 100 * ROWS && access(first, F_OK) == 0; id++)
        insert_sample(&s, id, id, "after");
    live_stop(&s.live);
    assert_int_not_equal(access(first, F_OK), 0);
}

static void a_stop_without_a_backup_is_forgotten_by_the_next_begin(void **state)
{
    (void)state;
    JET_LOGINFO_A info;
    start_with(NULL);
    assert_good(JetStopBackupInstance(s.live.instance));
    assert_good(JetStopBackupInstance(s.live.instance));
    assert_good(begin_full());
    get_logs(&info);
    assert_good(JetEndExternalBackupInstance(s.live.instance));
    live_stop(&s.live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_in_each_phase_is_refused_or_works_as_the_table_says),
        cmocka_unit_test(what_changes_while_the_file_is_copied_is_in_the_restored_one),
        cmocka_unit_test(circular_logs_the_backup_needs_stay_until_it_ends),
        cmocka_unit_test(a_stop_without_a_backup_is_forgotten_by_the_next_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
