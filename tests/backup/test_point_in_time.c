/* Stops before the end of the log: restore and recovery to a second or a generation, with rows that say when they were committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backup_client.h"
#include "base/memory.h"
#include "database/database.h"
#include "esent_ext.h"
#include "fault_fs.h"
#include "os/clock.h"
#include "recovery/recovery.h"
#include "sample_table.h"
#include "shared_data.h"

enum { ROWS_BEFORE = 10, ROWS = 60, PAGE_SIZE = 4096, OPEN_FROM = 20, OPEN_TO = 40, OPEN_ROW = 1000 };
#define START INT64_C(1700000000)

/* What happened, in seconds after START: row i is committed in second i; a transaction that inserts row OPEN_ROW and changes row 1 lasts from OPEN_FROM to OPEN_TO; the full
 * backup is made in second ROWS_BEFORE; the incremental one after the last row. Generations are 64 KiB, and each commit takes a segment at least: five or so. */
struct history {
    const char *set;   /* folder with the full backup and all logs */
    const char *early; /* the instance's folder as it was at the full backup, with all later logs */
    uint32_t gen_low, gen_high, gen_backup;
};

static void commit_row(struct sample *s, int32_t id)
{
    assert_good(JetBeginTransaction(s->session));
    insert_sample(s, id, id, "row");
    assert_good(JetCommitTransaction(s->session, 0));
}

static void change_text(JET_SESID session, JET_TABLEID table, const struct sample *s, int32_t id, const char *text)
{
    assert_good(JetMakeKey(session, table, &id, sizeof id, JET_bitNewKey));
    assert_good(JetSeek(session, table, JET_bitSeekEQ));
    assert_good(JetPrepareUpdate(session, table, JET_prepReplace));
    assert_good(JetSetColumn(session, table, s->text, text, (uint32_t)strlen(text), 0, NULL));
    assert_good(JetUpdate(session, table, NULL, 0, NULL));
}

#define run(...) assert_int_equal(system(text_of(__VA_ARGS__)), 0)

static void make_history(struct history *h)
{
    struct sample s;
    struct backup_set full, incremental;
    JET_SESID other;
    JET_DBID dbid;
    JET_TABLEID table = 0;
    h->set = make_scratch_folder("set");
    h->early = make_scratch_folder("early");
    clock_fix_for_test(START, 0);
    sample_start(&s, PAGE_SIZE);
    assert_good(JetBeginSession(s.live.instance, &other, NULL, NULL));
    assert_good(JetOpenDatabase(other, text_of("%s/sample.edb", s.live.folder), NULL, &dbid, 0));
    for (int32_t i = 1; i <= ROWS; i++) {
        clock_fix_for_test(START + i, 0);
        commit_row(&s, i);
        if (i == ROWS_BEFORE) {
            run("cp -p '%s'/edb*.log '%s'", s.live.folder, h->early);
            client_backup(s.live.instance, 0, 1, h->set, &full);
            run("cp -p '%s'/* '%s'", s.live.folder, h->early);
        }
        if (i == OPEN_FROM) {
            assert_good(JetBeginTransaction(other));
            assert_good(JetOpenTable(other, dbid, "Sample", NULL, 0, 0, &table));
            change_text(other, table, &s, 1, "changed");
            int32_t id = OPEN_ROW;
            assert_good(JetPrepareUpdate(other, table, JET_prepInsert));
            assert_good(JetSetColumn(other, table, s.id, &id, sizeof id, 0, NULL));
            assert_good(JetUpdate(other, table, NULL, 0, NULL));
        }
        if (i == OPEN_TO)
            assert_good(JetCommitTransaction(other, 0));
    }
    client_backup(s.live.instance, JET_bitBackupIncremental, 0, h->set, &incremental);
    run("cp -p '%s'/edb0*.log '%s'", s.live.folder, h->early);
    run("cp -p '%s'/edb.log '%s'", s.live.folder, h->early);
    h->gen_low = full.gen_low;
    h->gen_backup = full.gen_high;
    h->gen_high = incremental.gen_high;
    assert_true(h->gen_high > h->gen_backup + 2);
    live_stop(&s.live);
    clock_fix_for_test(-1, 0);
}

/* Attached in a new instance: rows 1 to `second`, and the long transaction's work when it had ended by then. */
static void check_rows(const char *database, int32_t second, bool checks_transaction)
{
    struct live_instance live;
    struct sample s = {0};
    char text[16] = "";
    uint32_t size;
    JET_COLUMNDEF column;
    live_start(&live, PAGE_SIZE);
    assert_good(JetAttachDatabase(live.session, database, 0));
    assert_good(JetOpenDatabase(live.session, database, NULL, &s.dbid, 0));
    assert_good(JetOpenTable(live.session, s.dbid, "Sample", NULL, 0, 0, &s.table));
    assert_good(JetGetTableColumnInfo(live.session, s.table, "id", &column, sizeof column, JET_ColInfo));
    s.id = column.columnid;
    assert_good(JetGetTableColumnInfo(live.session, s.table, "text", &column, sizeof column, JET_ColInfo));
    s.text = column.columnid;
    int32_t expected = 1;
    bool has_open_row = false;
    for (JET_ERR err = JetMove(live.session, s.table, JET_MoveFirst, 0); err >= 0; err = JetMove(live.session, s.table, JET_MoveNext, 0)) {
        int32_t id;
        assert_good(JetRetrieveColumn(live.session, s.table, s.id, &id, sizeof id, NULL, 0, NULL));
        if (id == OPEN_ROW) {
            has_open_row = true;
            continue;
        }
        assert_int_equal(id, expected);
        expected++;
    }
    assert_int_equal(expected - 1, second);
    if (checks_transaction) {
        assert_int_equal(has_open_row, second >= OPEN_TO);
        assert_good(JetMove(live.session, s.table, JET_MoveFirst, 0));
        assert_good(JetRetrieveColumn(live.session, s.table, s.text, text, sizeof text - 1, &size, 0, NULL));
        assert_string_equal(text, second >= OPEN_TO ? "changed" : "row");
    }
    live_stop(&live);
    assert_int_equal(system(text_of("'%s' verify '%s' > /dev/null", getenv("ESE_TOOL"), database)), 0);
}

/* --- restore --- */

static JET_ERR restore_to(const struct history *h, const char *target, uint32_t generation, int64_t time, JETX_RESTORERESULT *result)
{
    const char *copy = text_of("%s/sample.edb", target);
    run("cp '%s' '%s'", text_of("%s/sample.edb", h->set), copy);
    JET_RSTMAP_A map = {(char *)(uintptr_t)"/nowhere/sample.edb", (char *)(uintptr_t)copy};
    JET_LOGINFO_A info = {.cbSize = sizeof info, .ulGenLow = h->gen_low, .ulGenHigh = h->gen_high, .szBaseName = "edb"};
    JETX_RESTOREOPTIONS options = {.cbSize = sizeof options, .ulGenStop = generation, .timeStop = time};
    *result = (JETX_RESTORERESULT){.cbSize = sizeof *result};
    return JetxExternalRestore(target, target, &map, 1, h->set, &info, &options, result, NULL);
}

static void a_restore_holds_what_was_committed_by_the_chosen_second(void **state)
{
    (void)state;
    static const int32_t SECONDS[] = {ROWS_BEFORE + 1, 15, OPEN_FROM, 25, OPEN_TO - 1, OPEN_TO, 50, ROWS};
    struct history h;
    make_history(&h);
    for (size_t i = 0; i < sizeof SECONDS / sizeof SECONDS[0]; i++) {
        const char *target = make_scratch_folder("restored");
        JETX_RESTORERESULT result;
        assert_good(restore_to(&h, target, 0, START + SECONDS[i], &result));
        assert_int_equal(result.timeReached, START + SECONDS[i]);
        assert_true(result.ulGenReached > h.gen_backup && result.ulGenReached <= h.gen_high);
        check_rows(text_of("%s/sample.edb", target), SECONDS[i], true);
    }
}

static void a_restore_ends_with_the_chosen_generation(void **state)
{
    (void)state;
    struct history h;
    make_history(&h);
    int64_t before = 0;
    for (uint32_t g = h.gen_backup; g <= h.gen_high; g++) {
        const char *target = make_scratch_folder("restored");
        JETX_RESTORERESULT result;
        assert_good(restore_to(&h, target, g, 0, &result));
        assert_int_equal(result.ulGenReached, g);
        assert_true(result.timeReached > before);
        before = result.timeReached;
        check_rows(text_of("%s/sample.edb", target), (int32_t)(result.timeReached - START), false);
    }
}

static void a_stop_before_the_end_of_the_backup_is_refused_before_anything_is_changed(void **state)
{
    (void)state;
    struct history h;
    make_history(&h);
    const char *target = make_scratch_folder("restored");
    JETX_RESTORERESULT result;
    unsigned long long size, size_after;
    uint8_t *before = read_whole_file(text_of("%s/sample.edb", h.set), &size);
    assert_err(restore_to(&h, target, 0, START + ROWS_BEFORE - 1, &result), JET_errEndingRestoreLogTooLow);
    assert_err(restore_to(&h, target, 0, START - 100, &result), JET_errEndingRestoreLogTooLow);
    if (h.gen_backup > 1)
        assert_err(restore_to(&h, target, h.gen_backup - 1, 0, &result), JET_errEndingRestoreLogTooLow);
    assert_err(restore_to(&h, target, h.gen_high + 1, 0, &result), JET_errMissingLogFile);
    uint8_t *after = read_whole_file(text_of("%s/sample.edb", target), &size_after);
    assert_int_equal(size, size_after);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
}

static void what_comes_later_than_the_stop_is_never_replayed(void **state)
{
    (void)state;
    struct history h;
    make_history(&h);
    const char *target = make_scratch_folder("restored");
    const char *database = text_of("%s/sample.edb", target);
    JETX_RESTORERESULT result;
    /* Logs of the old stream, with what came later, stand in the folder that the restored instance will use. */
    run("cp '%s'/edb0*.log '%s'", h.early, target);
    run("cp '%s'/edb.log '%s'", h.early, target);
    assert_good(restore_to(&h, target, 0, START + 25, &result));
    assert_int_equal(access(text_of("%s/edb.replaced-1/edb.log", target), F_OK), 0);
    struct live_instance live;
    live_start_in(&live, target, PAGE_SIZE);
    assert_good(JetAttachDatabase(live.session, database, 0));
    live_stop(&live);
    check_rows(database, 25, true);
}

static void arguments_of_a_stop_are_checked(void **state)
{
    (void)state;
    struct history h;
    make_history(&h);
    JET_LOGINFO_A info = {.cbSize = sizeof info, .ulGenLow = h.gen_low, .ulGenHigh = h.gen_high, .szBaseName = "edb"};
    JETX_RESTOREOPTIONS options = {.cbSize = sizeof options, .ulGenStop = h.gen_high};
    JETX_RESTORERESULT result = {.cbSize = sizeof result - 1};
    const char *target = make_scratch_folder("restored");
    assert_err(JetxExternalRestore(target, target, NULL, 0, h.set, &info, &options, &result, NULL), JET_errInvalidParameter);
    options.cbSize--;
    assert_err(JetxExternalRestore(target, target, NULL, 0, h.set, &info, &options, NULL, NULL), JET_errInvalidParameter);
    options = (JETX_RESTOREOPTIONS){.cbSize = sizeof options, .grbit = 1};
    assert_err(JetxExternalRestore(target, target, NULL, 0, h.set, &info, &options, NULL, NULL), JET_errInvalidParameter);
    options = (JETX_RESTOREOPTIONS){.cbSize = sizeof options, .timeStop = -1};
    assert_err(JetxExternalRestore(target, target, NULL, 0, h.set, &info, &options, NULL, NULL), JET_errInvalidParameter);
    assert_err(JetxExternalRestore(target, target, NULL, 0, h.set, NULL, NULL, NULL, NULL), JET_errInvalidParameter);
    options = (JETX_RESTOREOPTIONS){.cbSize = sizeof options, .ulGenStop = h.gen_high};
    assert_err(JetxExternalRestore(h.set, h.set, NULL, 0, h.set, &info, &options, NULL, NULL), JET_errInvalidParameter); /* the set is only read */
}

/* --- recovery of a folder --- */

static JET_ERR recover_on(struct os_fs *fs, const char *folder, struct recovery_stop stop, struct recovery_result *result)
{
    struct recovery_config config = {.log = {.fs = fs, .log_folder = folder, .system_folder = folder, .base_name = "edb", .is_legacy_names = true, .file_kib = 64, .page_size = PAGE_SIZE},
                                     .alternate_folder = folder,
                                     .stop = stop};
    uint64_t before = memory_live_count();
    JET_ERR err = recovery_run(&config, result);
    log_close(result->log);
    result->log = NULL;
    assert_int_equal(memory_live_count(), before);
    return err;
}

static JET_ERR recover_to(const char *folder, struct recovery_stop stop, struct recovery_result *result) { return recover_on(os_fs_posix(), folder, stop, result); }

static void a_recovery_ends_at_the_chosen_second_and_sets_later_logs_aside(void **state)
{
    (void)state;
    static const int32_t SECONDS[] = {30, OPEN_TO - 1, OPEN_TO, ROWS, ROWS + 1000};
    struct history h;
    make_history(&h);
    for (size_t i = 0; i < sizeof SECONDS / sizeof SECONDS[0]; i++) {
        const char *folder = make_scratch_folder("recovered");
        struct recovery_result result;
        run("cp -p '%s'/* '%s'", h.early, folder);
        assert_good(recover_to(folder, (struct recovery_stop){.time = START + SECONDS[i]}, &result));
        assert_true(result.is_new_stream);
        struct stat info;
        assert_int_equal(stat(text_of("%s/edb.replaced-1", folder), &info), 0);
        assert_int_equal(access(text_of("%s/edb00002.log", folder), F_OK), -1);
        /* The folder's own stream begins anew, and finds the database clean. */
        struct live_instance live;
        live_start_in(&live, folder, PAGE_SIZE);
        live_stop(&live);
        check_rows(text_of("%s/sample.edb", folder), SECONDS[i] < ROWS ? SECONDS[i] : ROWS, true);
        /* Nothing is lost: with all files back, a recovery to the end finds everything. */
        if (i == 0) {
            const char *again = make_scratch_folder("again");
            run("cp -p '%s'/* '%s'", h.early, again);
            run("rm '%s'/edb*.log '%s'/edb.chk", again, again);
            run("cp '%s'/edb.replaced-1/* '%s'", folder, again);
            assert_good(recover_to(again, (struct recovery_stop){0}, &result));
            check_rows(text_of("%s/sample.edb", again), ROWS, true);
        }
    }
}

static void a_recovery_refuses_to_go_back_behind_what_the_file_holds(void **state)
{
    (void)state;
    struct history h;
    make_history(&h);
    const char *folder = make_scratch_folder("recovered");
    struct recovery_result result;
    run("cp -p '%s'/* '%s'", h.early, folder);
    assert_err(recover_to(folder, (struct recovery_stop){.time = START + 2}, &result), JET_errEndingRestoreLogTooLow);
    assert_err(recover_to(folder, (struct recovery_stop){.generation = 1000}, &result), JET_errMissingLogFile);
    assert_err(recover_to(folder, (struct recovery_stop){.position = lgpos_make(3, 0, 0), .time = START}, &result), JET_errInvalidParameter);
    assert_int_equal(system(text_of("cd '%s' && for f in *; do cmp -s \"$f\" '%s'/\"$f\" || exit 1; done", h.early, folder)), 0);
}

static void a_recovery_from_nothing_but_logs_ends_where_it_shall(void **state)
{
    (void)state;
    struct history h;
    make_history(&h);
    const char *folder = make_scratch_folder("recovered");
    struct recovery_result result;
    run("cp '%s'/edb0*.log '%s'", h.early, folder);
    run("cp '%s'/edb.log '%s'", h.early, folder);
    assert_good(recover_to(folder, (struct recovery_stop){.generation = h.gen_backup + 1}, &result));
    assert_int_equal(lgpos_generation(result.redo_to), h.gen_backup + 1);
    check_rows(text_of("%s/sample.edb", folder), (int32_t)(result.time_reached - START), false);
}

static void a_stop_position_ends_redo_without_undo_and_another_recovery_goes_on(void **state)
{
    (void)state;
    struct history h;
    make_history(&h);
    const char *folder = make_scratch_folder("recovered");
    struct recovery_result result;
    run("cp -p '%s'/* '%s'", h.early, folder);
    assert_err(recover_to(folder, (struct recovery_stop){.position = lgpos_make(h.gen_backup + 1, 0, 0)}, &result), JET_errRecoveredWithoutUndo);
    assert_int_equal(lgpos_generation(result.redo_to), h.gen_backup + 1);
    assert_err(recover_to(folder, (struct recovery_stop){.position = lgpos_make(h.gen_backup + 2, 3, 0)}, &result), JET_errRecoveredWithoutUndo);
    assert_int_equal(result.redo_to >> 16, lgpos_make(h.gen_backup + 2, 3, 0) >> 16);
    assert_err(recover_to(folder, (struct recovery_stop){.position = 77}, &result), JET_errInvalidParameter);
    assert_good(recover_to(folder, (struct recovery_stop){0}, &result));
    check_rows(text_of("%s/sample.edb", folder), ROWS, true);
}

/* Every change of the disk may be the last one of the first try. */
static void a_recovery_to_a_second_can_be_interrupted_anywhere_and_begun_again(void **state)
{
    (void)state;
    struct history h;
    make_history(&h);
    const struct recovery_stop stop = {.time = START + 30};
    const char *reference = make_scratch_folder("reference");
    struct recovery_result result;
    run("cp -p '%s'/* '%s'", h.early, reference);
    assert_good(recover_to(reference, stop, &result));
    run("'%s' dump '%s'/sample.edb > '%s'/rows", getenv("ESE_TOOL"), reference, reference);
    bool has_failed = true;
    unsigned tries = 0;
    for (uint64_t n = 1; has_failed; n += 1 + n / 20, tries++) {
        struct fault_fs *fs = fault_fs_create(os_fs_posix());
        const char *folder = make_scratch_folder("interrupted");
        run("cp -p '%s'/* '%s'", h.early, folder);
        fault_fs_fail(fs, FAULT_ANY_CHANGE, n, JET_errDiskIO, true);
        JET_ERR first = recover_on(fault_fs_os(fs), folder, stop, &result);
        has_failed = fault_fs_has_failed(fs);
        assert_int_equal(fault_fs_open_files(fs), 0);
        fault_fs_destroy(fs);
        if (has_failed) {
            JET_ERR second = recover_to(folder, stop, &result);
            /* With everything done, the new stream there, what is asked for lies before its beginning. */
            if (second != JET_errSuccess && second != JET_errEndingRestoreLogTooLow)
                fail_msg("change %llu: %d, then %d in %s", (unsigned long long)n, (int)first, (int)second, folder);
        }
        if (system(text_of("'%s' dump '%s'/sample.edb 2>&1 | cmp - '%s'/rows", getenv("ESE_TOOL"), folder, reference)) != 0)
            fail_msg("change %llu: other rows in %s", (unsigned long long)n, folder);
        run("rm -rf '%s'", folder);
    }
    print_message("%u tries\n", tries);
    assert_true(tries > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restore_holds_what_was_committed_by_the_chosen_second),
        cmocka_unit_test(a_restore_ends_with_the_chosen_generation),
        cmocka_unit_test(a_stop_before_the_end_of_the_backup_is_refused_before_anything_is_changed),
        cmocka_unit_test(what_comes_later_than_the_stop_is_never_replayed),
        cmocka_unit_test(arguments_of_a_stop_are_checked),
        cmocka_unit_test(a_recovery_ends_at_the_chosen_second_and_sets_later_logs_aside),
        cmocka_unit_test(a_recovery_to_a_second_can_be_interrupted_anywhere_and_begun_again),
        cmocka_unit_test(a_recovery_refuses_to_go_back_behind_what_the_file_holds),
        cmocka_unit_test(a_recovery_from_nothing_but_logs_ends_where_it_shall),
        cmocka_unit_test(a_stop_position_ends_redo_without_undo_and_another_recovery_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
