/* What each kind of run, and each end, leaves in the database header (backup-and-restore 11, stamping and outcome). */
#define ESENT_PRIVATE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup_client.h"
#include "cmocka_all.h"
#include "database/database.h"
#include "log/log.h"
#include "recorded_events.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, LIST_BYTES = 1 << 14, PIECE = 1 << 16, INCREMENTAL = JET_bitBackupIncremental };
enum slot { FULL_PREVIOUS, INCREMENTAL_PREVIOUS, COPY_PREVIOUS, DIFFERENTIAL_PREVIOUS, SNAPSHOT_CURRENT, FULL_CURRENT, SLOTS, NONE = SLOTS };

static struct sample s;
static const char *database;

struct slots {
    struct backup_info info[SLOTS];
    uint32_t type[SLOTS];
};

static struct db_header header_now(void)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    assert_good(database_read_header(os_fs_posix(), database, &header, &page_size, &used_shadow, NULL));
    return header;
}

static struct slots slots_now(void)
{
    struct db_header h = header_now();
    return (struct slots){
        .info = {h.backup_full_previous, h.backup_incremental_previous, h.backup_copy_previous, h.backup_differential_previous, h.backup_snapshot_current, h.backup_full_current},
        .type = {h.backup_full_previous_type, h.backup_incremental_previous_type, h.backup_copy_previous_type, h.backup_differential_previous_type, 0, 0},
    };
}

static bool is_empty(const struct backup_info *info) { return info->mark == 0 && info->gen_low == 0 && info->gen_high == 0; }

/* One run, read whole. */
struct run {
    JET_GRBIT begin, end;
    bool truncates, skips_database;
};
static struct {
    uint32_t low, high, tip_at_begin;
} seen;

static JET_ERR do_run(const struct run *run)
{
    static char list[LIST_BYTES];
    static int32_t id;
    uint32_t actual;
    JET_LOGINFO_A info = {.cbSize = sizeof info};
    const char *folder = make_scratch_folder("set");
    id++;
    insert_sample(&s, id, id, "row");
    seen.tip_at_begin = header_now().gen_max_committed;
    assert_good(JetBeginExternalBackupInstance(s.live.instance, run->begin));
    if (run->begin == 0 && !run->skips_database)
        assert_good(client_copy_file(s.live.instance, database, folder, PIECE));
    assert_good(JetGetLogInfoInstance2(s.live.instance, list, sizeof list, &actual, &info));
    for (const char *name = list; *name != 0; name += strlen(name) + 1)
        assert_good(client_copy_file(s.live.instance, name, folder, PIECE));
    if (run->truncates)
        assert_good(JetTruncateLogInstance(s.live.instance));
    seen.low = info.ulGenLow;
    seen.high = info.ulGenHigh;
    return JetEndExternalBackupInstance2(s.live.instance, run->end);
}

/* Rows of the table, run one after the other on one database: which slot is written, which are cleared; the others stay byte for byte. */
static const struct row {
    const char *what;
    struct run run;
    enum slot written;
    bool clears_incrementals;
} ROWS[] = {
    {"copy", {0, JET_bitBackupEndNormal, false, false}, COPY_PREVIOUS, false},
    {"full, database not read", {0, JET_bitBackupEndNormal, true, true}, NONE, false},
    {"full", {0, JET_bitBackupEndNormal, true, false}, FULL_PREVIOUS, true},
    {"differential", {INCREMENTAL, JET_bitBackupEndNormal, false, false}, DIFFERENTIAL_PREVIOUS, false},
    {"incremental", {INCREMENTAL, JET_bitBackupEndNormal, true, false}, INCREMENTAL_PREVIOUS, false},
    {"incremental by TruncateDone", {INCREMENTAL, JET_bitBackupEndNormal | JET_bitBackupTruncateDone, false, false}, INCREMENTAL_PREVIOUS, false},
    {"second differential", {INCREMENTAL, JET_bitBackupEndNormal, false, false}, DIFFERENTIAL_PREVIOUS, false},
    {"second copy", {0, JET_bitBackupEndNormal, false, false}, COPY_PREVIOUS, false},
    {"incremental given up", {INCREMENTAL, JET_bitBackupEndAbort, true, false}, NONE, false},
    {"full given up", {0, JET_bitBackupEndAbort | JET_bitBackupTruncateDone, true, false}, NONE, false},
    {"full without header update", {0, JET_bitBackupEndNormal | JET_bitBackupNoDbHeaderUpdate, true, false}, NONE, false},
    {"full by TruncateDone", {0, JET_bitBackupEndNormal | JET_bitBackupTruncateDone, false, false}, FULL_PREVIOUS, true},
    {"full by both, and bits nobody knows", {0, JET_bitBackupEndNormal | JET_bitBackupTruncateDone | 0x8000, true, false}, FULL_PREVIOUS, true},
};

static void check_row(const struct row *row, const struct slots *before, const struct slots *after)
{
    for (int i = 0; i < SLOTS; i++) {
        const struct backup_info *old = &before->info[i], *now = &after->info[i];
        bool is_cleared = row->clears_incrementals && (i == INCREMENTAL_PREVIOUS || i == DIFFERENTIAL_PREVIOUS);
        bool is_right = i == (int)row->written ? now->gen_low == seen.low && now->gen_high == seen.high && now->mark > old->mark && now->time.bytes[4] != 0
                        : is_cleared           ? is_empty(now)
                                               : memcmp(old, now, sizeof *now) == 0;
        if (!is_right)
            fail_msg("%s: slot %d is %llx %u-%u; the run took %u-%u", row->what, i, (unsigned long long)now->mark, now->gen_low, now->gen_high, seen.low, seen.high);
        assert_int_equal(after->type[i], BACKUP_TYPE_NORMAL);
    }
    if (row->written == NONE)
        return;
    lgpos_t mark = after->info[row->written].mark;
    if (row->run.begin == INCREMENTAL)
        assert_int_equal(mark, lgpos_make(seen.high + 1, 1, 0)); /* the record that opens the new generation */
    else
        assert_true(lgpos_generation(mark) >= seen.low && lgpos_generation(mark) <= seen.high && lgpos_generation(mark) >= seen.tip_at_begin);
}

static void each_kind_of_run_writes_its_slot_and_clears_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct slots before = slots_now();
        assert_good(do_run(&ROWS[i].run));
        struct slots after = slots_now();
        check_row(&ROWS[i], &before, &after);
    }
    struct slots kept = slots_now();
    live_stop(&s.live); /* a clean detach keeps them, and an attach in the same stream too */
    struct slots after = slots_now();
    assert_memory_equal(&kept, &after, sizeof kept);
    live_start_in(&s.live, s.live.folder, PAGE_SIZE);
    assert_good(JetAttachDatabase(s.live.session, database, 0));
    after = slots_now();
    assert_memory_equal(&kept, &after, sizeof kept);
}

/* --- recovery repeats the stamps --- */

static void a_crash_after_the_end_keeps_what_was_stamped(void **state)
{
    (void)state;
    const struct run full = {0, JET_bitBackupEndNormal | JET_bitBackupTruncateDone, false, false}, incremental = {INCREMENTAL, JET_bitBackupEndNormal, true, false};
    assert_good(do_run(&full));
    assert_good(do_run(&incremental));
    struct slots kept = slots_now();
    assert_err(JetTerm2(s.live.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    live_start_in(&s.live, s.live.folder, PAGE_SIZE);
    struct slots after = slots_now();
    assert_memory_equal(&kept, &after, sizeof kept);
    JET_ERR err = JetAttachDatabase(s.live.session, database, 0);
    assert_true(err == JET_errSuccess || err == JET_wrnDatabaseAttached);
    assert_good(JetBeginExternalBackupInstance(s.live.instance, INCREMENTAL)); /* the full one still counts */
    assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort));
}

/* --- the outcome table, with results as the reference pages have them --- */

enum phase { NOTHING, DATABASES, LOGS, LOGS_INCREMENTAL, SURROGATE };

static const struct outcome {
    const char *what;
    enum phase phase;
    bool is_stopped;
    JET_GRBIT end;
    JET_ERR result;
    const char *event;
} OUTCOMES[] = {
    {"nothing active", NOTHING, false, JET_bitBackupEndNormal, JET_errNoBackup, ""},
    {"nothing active, abort", NOTHING, false, JET_bitBackupEndAbort, JET_errNoBackup, ""},
    {"nothing active, stopped", NOTHING, true, JET_bitBackupEndNormal, JET_errNoBackup, ""},
    {"normal in phase databases", DATABASES, false, JET_bitBackupEndNormal, JET_errBackupAbortByCaller, "215 E()"},
    {"normal with TruncateDone in phase databases", DATABASES, false, JET_bitBackupEndNormal | JET_bitBackupTruncateDone, JET_errBackupAbortByCaller, "215 E()"},
    {"abort in phase databases", DATABASES, false, JET_bitBackupEndAbort, JET_errSuccess, "215 E()"},
    {"normal in phase logs", LOGS, false, JET_bitBackupEndNormal, JET_errSuccess, "213 I()"},
    {"abort in phase logs", LOGS, false, JET_bitBackupEndAbort, JET_errSuccess, "215 E()"},
    {"normal, incremental", LOGS_INCREMENTAL, false, JET_bitBackupEndNormal, JET_errSuccess, "213 I()"},
    {"abort, incremental", LOGS_INCREMENTAL, false, JET_bitBackupEndAbort, JET_errSuccess, "215 E()"},
    {"normal after a stop, databases", DATABASES, true, JET_bitBackupEndNormal, JET_errBackupAbortByServer, "226 E()"},
    {"normal after a stop, logs", LOGS, true, JET_bitBackupEndNormal, JET_errBackupAbortByServer, "226 E()"},
    {"abort after a stop", LOGS, true, JET_bitBackupEndAbort, JET_errBackupAbortByServer, "215 E()"},
    {"end of a surrogate backup by the local call", SURROGATE, false, JET_bitBackupEndNormal, JET_errSurrogateBackupInProgress, "214 E(-617)"},
};

static void enter(enum phase phase)
{
    static char list[LIST_BYTES];
    uint32_t actual;
    if (phase == NOTHING)
        return;
    if (phase == SURROGATE) {
        assert_good(JetBeginSurrogateBackup(s.live.instance, 1, 1, 0));
        return;
    }
    assert_good(JetBeginExternalBackupInstance(s.live.instance, phase == LOGS_INCREMENTAL ? INCREMENTAL : 0));
    if (phase == LOGS || phase == LOGS_INCREMENTAL)
        assert_good(JetGetLogInfoInstance(s.live.instance, list, sizeof list, &actual));
}

static void each_end_has_its_result_and_exactly_one_event(void **state)
{
    (void)state;
    static const uint32_t ENDS[] = {213, 214, 215, 226, 0};
    const struct run full = {0, JET_bitBackupEndNormal | JET_bitBackupTruncateDone, false, false};
    assert_good(do_run(&full)); /* so that incremental runs are possible */
    for (size_t i = 0; i < sizeof OUTCOMES / sizeof OUTCOMES[0]; i++) {
        const struct outcome *o = &OUTCOMES[i];
        enter(o->phase);
        if (o->is_stopped)
            assert_good(JetStopBackupInstance(s.live.instance));
        events_clear();
        JET_ERR err = JetEndExternalBackupInstance2(s.live.instance, o->end);
        if (err != o->result)
            fail_msg("%s: %d, expected %d", o->what, err, o->result);
        if (strcmp(events_text(ENDS, 0), o->event) != 0)
            fail_msg("%s: events %s, expected %s", o->what, events_text(ENDS, 0), o->event);
        assert_err(JetEndExternalBackupInstance(s.live.instance), JET_errNoBackup); /* over in any case, and a stop is forgotten */
        assert_good(JetBeginExternalBackupInstance(s.live.instance, 0));
        assert_good(JetEndExternalBackupInstance2(s.live.instance, JET_bitBackupEndAbort));
    }
}

static int start(void **state)
{
    (void)state;
    live_configure = events_on;
    sample_start(&s, PAGE_SIZE);
    live_configure = NULL;
    database = text_of("%s/sample.edb", s.live.folder);
    events_start();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    events_stop();
    live_stop(&s.live);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_of_run_writes_its_slot_and_clears_what_the_table_says, start, finish),
        cmocka_unit_test_setup_teardown(a_crash_after_the_end_keeps_what_was_stamped, start, finish),
        cmocka_unit_test_setup_teardown(each_end_has_its_result_and_exactly_one_event, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
