/* The events of backup and restore (backup-and-restore 16): each with its number, level and parameters, as the callback of JetxSetEventCallback gets them; what suppresses
 * them; surrogate backups and sections, whose outcomes they tell (14, 7). */
#define ESENT_PRIVATE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup_client.h"
#include "cmocka_all.h"
#include "database/database.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "recorded_events.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, PIECE = 1 << 19 };
#define run(...) assert_int_equal(system(text_of(__VA_ARGS__)), 0)

static struct sample s;
static uint8_t *buffer;
static char list[1 << 16];
static uint32_t size;

static const char *database(void) { return text_of("%s/sample.edb", s.live.folder); }
static JET_INSTANCE instance(void) { return s.live.instance; }

static struct db_header header_now(void)
{
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    assert_good(database_read_header(os_fs_posix(), database(), &header, &page_size, &used_shadow, NULL));
    return header;
}

static int start(void **state)
{
    (void)state;
    events_start();
    live_configure = events_on;
    sample_start(&s, PAGE_SIZE);
    live_configure = NULL;
    insert_sample(&s, 1, 1, "row");
    buffer = (uint8_t *)aligned_alloc(4096, PIECE);
    events_clear();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    if (s.live.instance != JET_instanceNil)
        live_stop(&s.live);
    process_set_fs(NULL);
    events_stop();
    free(buffer);
    return 0;
}

/* --- one row each: what is done, and all that is said --- */

static void begin_full(void) { assert_good(JetBeginExternalBackupInstance(instance(), 0)); }
static void abort_it(void) { assert_good(JetEndExternalBackupInstance2(instance(), JET_bitBackupEndAbort)); }
static void get_logs(void) { assert_good(JetGetLogInfoInstance(instance(), list, sizeof list, &size)); }

static void full_run(void)
{
    struct backup_set set;
    client_backup(instance(), 0, 1, make_scratch_folder("set"), &set);
}
static void incremental_without_full(void) { assert_err(JetBeginExternalBackupInstance(instance(), JET_bitBackupIncremental), JET_errMissingFullBackup); }
static void given_up(void)
{
    begin_full();
    abort_it();
}
static void ended_in_mid_sequence(void)
{
    begin_full();
    assert_err(JetEndExternalBackupInstance(instance()), JET_errBackupAbortByCaller);
}
static void stopped(void)
{
    begin_full();
    assert_good(JetStopBackupInstance(instance()));
    assert_err(JetEndExternalBackupInstance(instance()), JET_errBackupAbortByServer);
}
static void not_attached(void)
{
    JET_HANDLE handle;
    uint32_t high;
    begin_full();
    assert_err(JetOpenFileInstance(instance(), "/none.edb", &handle, &size, &high), JET_errDatabaseNotFound);
    abort_it();
}
static void closed_early(void)
{
    JET_HANDLE handle;
    uint32_t high, got;
    begin_full();
    assert_good(JetOpenFileInstance(instance(), database(), &handle, &size, &high));
    assert_good(JetReadFileInstance(instance(), handle, buffer, 3 * PAGE_SIZE, &got));
    assert_good(JetCloseFileInstance(instance(), handle));
    abort_it();
}
static void missing_log(void)
{
    JET_HANDLE handle;
    uint32_t high;
    begin_full();
    get_logs();
    assert_err(JetOpenFileInstance(instance(), text_of("%s/edbFFFFF.log", s.live.folder), &handle, &size, &high), JET_errMissingFileToBackup);
}
static void damaged_log(void)
{
    begin_full();
    get_logs();
    run("printf 'Damaged!' | dd of='%s' bs=1 seek=%u conv=notrunc status=none", list, 4096 + 500);
    assert_err(client_copy_file(instance(), list, make_scratch_folder("set"), PIECE), JET_errLogReadVerifyFailure);
}
static void truncation_refused(void)
{
    begin_full();
    get_logs();
    assert_err(JetTruncateLogInstance(instance()), JET_errLogFileNotCopied);
    abort_it();
}
static void wrong_end(void)
{
    assert_good(JetBeginSurrogateBackup(instance(), 1, 1, 0));
    assert_err(JetEndExternalBackupInstance(instance()), JET_errSurrogateBackupInProgress);
    begin_full();
    assert_err(JetEndSurrogateBackup(instance(), JET_bitBackupEndNormal), JET_errBackupInProgress);
}
static void surrogate(void)
{
    assert_good(JetBeginSurrogateBackup(instance(), 1, 1, 0));
    assert_good(JetEndSurrogateBackup(instance(), JET_bitBackupEndNormal));
}

static const struct {
    const char *what;
    void (*act)(void);
    const char *said; /* SIZE: as event 220 says, BYTES: as the call said */
} ROWS[] = {
    {"incremental without full", incremental_without_full, "206 E(sample.edb)"},
    {"given up", given_up, "210 I() 215 E()"},
    {"ended in mid-sequence", ended_in_mid_sequence, "210 I() 215 E()"},
    {"stopped", stopped, "210 I() 226 E()"},
    {"not attached", not_attached, "210 I() 217 E(-1203|none.edb) 215 E()"},
    {"closed early", closed_early, "210 I() 220 I(sample.edb|SIZE) 222 I(sample.edb|12288|BYTES) 215 E()"},
    {"missing log", missing_log, "210 I() 223 I(edb00001.log|edb00002.log) 459 E(edbFFFFF.log) 214 E(-569)"},
    {"truncation refused", truncation_refused, "210 I() 223 I(edb00001.log|edb00003.log) 520 W() 215 E()"},
    {"full run", full_run,
     "210 I() 220 I(sample.edb|SIZE) 221 I(sample.edb) 223 I(edb00001.log|edb00004.log) 225 I() 213 I()"},
    {"surrogate", surrogate, "210 I() 213 I()"},
    {"wrong end", wrong_end, "210 I() 214 E(-617) 210 I() 214 E(-505)"},
    {"damaged log", damaged_log, "210 I() 223 I(edb00001.log|edb00005.log) 218 E(-612|edb00001.log) 214 E(-612)"},
};

/* Puts in what only the run knows. */
static const char *fill_in(const char *said)
{
    const char *announced = events_parameter(220, 1), *at;
    while ((at = strstr(said, "SIZE")) != NULL)
        said = text_of("%.*s%s%s", (int)(at - said), said, announced, at + 4);
    while ((at = strstr(said, "BYTES")) != NULL)
        said = text_of("%.*s%u%s", (int)(at - said), said, size, at + 5);
    return said;
}

static void each_step_says_what_it_must(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        events_clear();
        ROWS[i].act();
        const char *expected = fill_in(ROWS[i].said);
        if (strcmp(events_text(NULL, 1), expected) != 0)
            fail_msg("%s: %s\nexpected %s", ROWS[i].what, events_text(NULL, 1), expected);
    }
}

static void a_run_that_truncates_names_the_logs(void **state)
{
    (void)state;
    full_run();
    full_run();
    const char *path = database();
    live_stop(&s.live); /* the checkpoint comes to the end */
    live_configure = events_on;
    live_start_in(&s.live, s.live.folder, PAGE_SIZE);
    live_configure = NULL;
    s.session = s.live.session;
    assert_good(JetAttachDatabase(s.session, path, 0));
    events_clear();
    begin_full();
    assert_good(client_copy_file(instance(), path, make_scratch_folder("set"), PIECE));
    get_logs();
    for (const char *name = list; *name != 0; name += strlen(name) + 1)
        assert_good(client_copy_file(instance(), name, make_scratch_folder("set"), PIECE));
    static char gone[1 << 12];
    assert_good(JetGetTruncateLogInfoInstance(instance(), gone, sizeof gone, &size));
    assert_true(gone[0] != 0);
    const char *first = strrchr(gone, '/') + 1;
    run("rm '%s'", gone); /* one of them has vanished */
    assert_good(JetTruncateLogInstance(instance()));
    assert_good(JetEndExternalBackupInstance(instance()));
    assert_string_equal(strrchr(events_parameter(224, 0), '/') + 1, first);
    assert_string_equal(events_text((const uint32_t[]){227, 213, 214, 225, 0}, 1), "227 W(1) 213 I()");
}

static void reads_that_fail_say_so_and_so_do_headers_that_cannot_be_stamped(void **state)
{
    (void)state;
    live_stop(&s.live);
    struct fault_fs *fault = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(fault));
    live_configure = events_on;
    sample_start(&s, PAGE_SIZE);
    live_configure = NULL;
    fault_fs_fail_only(fault, "sample.edb");
    events_clear();
    begin_full();
    fault_fs_fail(fault, FAULT_READ, 1, JET_errDiskIO, false);
    assert_good(client_copy_file(instance(), database(), make_scratch_folder("set"), PIECE));
    assert_int_equal(events_count(493), 1);
    assert_string_equal(strrchr(events_parameter(493, 0), '/'), "/sample.edb");
    assert_string_equal(events_parameter(493, 1), "8192"); /* offset of page 1 */
    assert_int_equal(atoi(events_parameter(493, 2)) % PAGE_SIZE, 0);
    assert_string_equal(events_parameter(493, 3), "1");
    assert_string_equal(events_parameter(493, 4), "0");
    get_logs();
    fault_fs_fail(fault, FAULT_WRITE, 1, JET_errDiskIO, true);
    assert_good(JetEndExternalBackupInstance(instance())); /* the set is good */
    fault_fs_fail(fault, FAULT_WRITE, 0, 0, false);
    assert_string_equal(events_text((const uint32_t[]){213, 214, 219, 0}, 0), "213 I() 219 W(-1022)");
    assert_good(JetTerm2(instance(), JET_bitTermAbrupt));
    s.live.instance = JET_instanceNil;
    process_set_fs(NULL);
    fault_fs_destroy(fault);
}

/* --- the callback itself --- */

static void count_call(const JETX_EVENT *event, void *context)
{
    assert_int_equal(event->cbSize, sizeof *event);
    assert_int_equal(event->ulCategory, event->ulEvent < 200 || event->ulEvent > 1000 ? 1 : 3);
    assert_string_equal(event->szSource, "the source");
    ++*(unsigned *)context;
}

static void configure_source(JET_INSTANCE i)
{
    events_on(i);
    assert_good(JetSetSystemParameter(&i, 0, JET_paramEventSource, 0, "the source"));
}

static unsigned own_calls;
static void configure_own_callback(JET_INSTANCE i)
{
    configure_source(i);
    assert_good(JetxSetEventCallback(i, count_call, &own_calls));
}
static void configure_no_information(JET_INSTANCE i)
{
    events_on(i);
    assert_good(JetSetSystemParameter(&i, 0, JET_paramNoInformationEvent, 1, NULL));
}
static void configure_off(JET_INSTANCE i) { assert_good(JetSetSystemParameter(&i, 0, JET_paramEventLoggingLevel, 0, NULL)); }

static void run_given_up_in(void (*configure)(JET_INSTANCE), bool takes_callback_away)
{
    struct live_instance live;
    live_configure = configure;
    live_start(&live, PAGE_SIZE);
    live_configure = NULL;
    events_clear();
    if (takes_callback_away)
        assert_good(JetxSetEventCallback(live.instance, NULL, NULL));
    assert_good(JetBeginExternalBackupInstance(live.instance, 0));
    assert_good(JetEndExternalBackupInstance2(live.instance, JET_bitBackupEndAbort));
    live_stop(&live);
}

static void an_instances_own_callback_comes_before_the_common_one(void **state)
{
    (void)state;
    own_calls = 0;
    run_given_up_in(configure_own_callback, false);
    assert_true(own_calls >= 4); /* of the start, too */
    assert_string_equal(events_text(NULL, 0), "");
    own_calls = 0;
    run_given_up_in(configure_own_callback, true);
    assert_true(events_count(210) == 1 && events_count(215) == 1);
    assert_err(JetxSetEventCallback((JET_INSTANCE)0x123456, count_call, NULL), JET_errInvalidInstance);
}

static void parameters_suppress_events(void **state)
{
    (void)state;
    run_given_up_in(configure_no_information, false);
    assert_string_equal(events_text((const uint32_t[]){210, 215, 0}, 0), "215 E()");
    run_given_up_in(configure_off, false);
    assert_string_equal(events_text(NULL, 0), "");
}

/* --- surrogate backups (14) --- */

static void a_surrogate_backup_is_refused_for_what_it_cannot_be(void **state)
{
    (void)state;
    static const struct {
        uint32_t first, last;
        JET_GRBIT grbit;
        JET_ERR expected;
    } CASES[] = {
        {2, 1, 0, JET_errInvalidParameter},       {1, 1000, 0, JET_errInvalidParameter},       {0, 1, 0, JET_errInvalidParameter}, {1, 1, 2, JET_errInvalidGrbit},
        {1, 1, 4, JET_errInvalidGrbit},           {1, 1, 0x40, JET_errInvalidGrbit},           {1, 1, JET_bitBackupIncremental, JET_errMissingFullBackup},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_err(JetBeginSurrogateBackup(instance(), CASES[i].first, CASES[i].last, CASES[i].grbit), CASES[i].expected);
    full_run(); /* streaming: of another type */
    assert_err(JetBeginSurrogateBackup(instance(), 1, 1, JET_bitBackupIncremental), JET_errMissingFullBackup);
    assert_err(JetEndSurrogateBackup(instance(), JET_bitBackupEndNormal), JET_errNoBackup);
}

static void while_a_surrogate_backup_runs_others_are_refused(void **state)
{
    (void)state;
    JET_HANDLE handle;
    uint32_t high;
    assert_good(JetBeginSurrogateBackup(instance(), 1, 1, 0));
    assert_err(JetBeginSurrogateBackup(instance(), 1, 1, 0), JET_errSurrogateBackupInProgress);
    assert_err(JetBeginExternalBackupInstance(instance(), 0), JET_errSurrogateBackupInProgress);
    assert_err(JetBackupInstance(instance(), make_scratch_folder("t"), 0, NULL), JET_errSurrogateBackupInProgress);
    assert_err(JetGetAttachInfoInstance(instance(), list, sizeof list, &size), JET_errNoBackup);
    assert_err(JetOpenFileInstance(instance(), database(), &handle, &size, &high), JET_errNoBackup);
    assert_err(JetReadFileInstance(instance(), 0, buffer, PIECE, &size), JET_errNoBackup);
    assert_err(JetCloseFileInstance(instance(), 0), JET_errNoBackup);
    assert_err(JetGetLogInfoInstance(instance(), list, sizeof list, &size), JET_errNoBackup);
    assert_err(JetGetTruncateLogInfoInstance(instance(), list, sizeof list, &size), JET_errNoBackup);
    assert_err(JetTruncateLogInstance(instance()), JET_errNoBackup);
    assert_err(JetDetachDatabase(s.session, database()), JET_errSurrogateBackupInProgress);
    assert_err(JetAttachDatabase(s.session, database(), 0), JET_errSurrogateBackupInProgress);
    assert_err(JetTerm2(instance(), JET_bitTermComplete), JET_errSurrogateBackupInProgress);
    static const JET_GRBIT BAD[] = {0, 3, 0x100, 0x200};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_err(JetEndSurrogateBackup(instance(), BAD[i]), JET_errInvalidParameter);
    assert_good(JetEndSurrogateBackup(instance(), JET_bitBackupEndAbort));
    assert_good(JetBeginSurrogateBackup(instance(), 1, 1, 0));
    assert_good(JetStopBackupInstance(instance()));
    assert_err(JetEndSurrogateBackup(instance(), JET_bitBackupEndNormal), JET_errBackupAbortByServer);
    assert_good(JetBeginSurrogateBackup(instance(), 1, 1, 0));
    events_clear();
    assert_good(JetTerm2(instance(), JET_bitTermAbrupt));
    assert_int_equal(events_count(226), 1);
    s.live.instance = JET_instanceNil;
}

static void a_surrogate_backup_stamps_headers_as_a_snapshot(void **state)
{
    (void)state;
    uint32_t last = 2;
    begin_full();
    get_logs(); /* generation 2 begins */
    abort_it();
    assert_good(JetBeginSurrogateBackup(instance(), 1, last, 0));
    assert_good(JetEndSurrogateBackup(instance(), JET_bitBackupEndNormal | JET_bitBackupNoDbHeaderUpdate));
    assert_int_equal(header_now().backup_copy_previous.gen_low, 0);
    assert_good(JetBeginSurrogateBackup(instance(), 1, last, 0));
    assert_good(JetEndSurrogateBackup(instance(), JET_bitBackupEndNormal));
    struct db_header h = header_now();
    assert_int_equal(h.backup_copy_previous.gen_low, 1);
    assert_int_equal(h.backup_copy_previous.gen_high, last);
    assert_int_equal(h.backup_copy_previous_type, BACKUP_TYPE_OS_SNAPSHOT);
    assert_int_equal(h.backup_full_previous.gen_low, 0);
    assert_good(JetBeginSurrogateBackup(instance(), 1, last, JET_bitBackupSurrogate));
    assert_good(JetEndSurrogateBackup(instance(), JET_bitBackupEndNormal | JET_bitBackupTruncateDone));
    h = header_now();
    assert_int_equal(h.backup_full_previous.gen_high, last);
    assert_int_equal(h.backup_full_previous_type, BACKUP_TYPE_OS_SNAPSHOT);
    assert_good(JetBeginSurrogateBackup(instance(), 2, last, JET_bitBackupIncremental));
    assert_good(JetEndSurrogateBackup(instance(), JET_bitBackupEndNormal));
    h = header_now();
    assert_int_equal(h.backup_differential_previous.gen_low, 2);
    assert_int_equal(h.backup_differential_previous_type, BACKUP_TYPE_OS_SNAPSHOT);
    assert_int_equal(h.backup_incremental_previous.gen_low, 0);
    assert_good(JetBeginSurrogateBackup(instance(), 2, last, JET_bitBackupIncremental));
    assert_good(JetEndSurrogateBackup(instance(), JET_bitBackupEndNormal | JET_bitBackupTruncateDone));
    assert_int_equal(header_now().backup_incremental_previous.gen_low, 2);
    assert_err(JetBeginExternalBackupInstance(instance(), JET_bitBackupIncremental), JET_errMissingFullBackup); /* the full one was no streaming one */
}

/* --- sections (7) --- */

static void a_section_is_the_rest_of_a_stream(void **state)
{
    (void)state;
    JET_HANDLE handle;
    uint32_t low, got, whole;
    int32_t high;
    uint8_t *all = (uint8_t *)aligned_alloc(4096, 4 << 20);
    char16_t wide[512];
    for (size_t i = 0; i <= strlen(database()); i++)
        wide[i] = (char16_t)(unsigned char)database()[i];
    char *path = (char *)(uintptr_t)database();
    begin_full();
    assert_err(JetOpenFileSectionInstance(instance(), path, &handle, 0, 2, 0, &low, &high), JET_wrnNyi);
    assert_err(JetOpenFileSectionInstance(instance(), path, &handle, 0, 1, 100, &low, &high), JET_errInvalidParameter);
    assert_err(JetOpenFileSectionInstance(instance(), path, &handle, 0, 1, 2 * PAGE_SIZE, &low, &high), JET_errInvalidParameter); /* page 1 */
    assert_err(JetOpenFileSectionInstance(instance(), path, &handle, 0, 1, 1ull << 40, &low, &high), JET_errInvalidParameter);
    assert_err(JetOpenFileSectionInstance(instance(), path, &handle, 0, 1, 0, NULL, &high), JET_errInvalidParameter);
    assert_err(JetOpenFileSectionInstance(instance(), path, &handle, 0, 1, 0, &low, NULL), JET_errInvalidParameter);
    assert_err(JetOpenFileSectionInstance(instance(), NULL, &handle, 0, 1, 0, &low, &high), JET_errInvalidParameter);
    assert_good(JetOpenFileSectionInstance(instance(), path, &handle, 0, 1, 0, &whole, &high));
    assert_int_equal(high, 0);
    assert_good(JetReadFileInstance(instance(), handle, all, 4 << 20, &got));
    assert_int_equal(got, whole);
    assert_good(JetCloseFileInstance(instance(), handle));
    assert_good(JetOpenFileSectionInstanceW(instance(), wide, &handle, 0, 1, 10 * PAGE_SIZE, &low, &high));
    assert_int_equal(low, whole - 10 * PAGE_SIZE);
    uint32_t at = 0;
    do {
        assert_good(JetReadFileInstance(instance(), handle, buffer, 2 * PAGE_SIZE, &got));
        if (at + got < low) /* all but the trailer, which tells the present */
            assert_memory_equal(buffer, all + 10 * PAGE_SIZE + at, got);
        at += got;
    } while (got > 0);
    assert_int_equal(at, low);
    events_clear();
    assert_good(JetCloseFileInstance(instance(), handle));
    assert_int_equal(events_count(221), 1); /* it was read to the end */
    get_logs();
    assert_err(JetOpenFileSectionInstance(instance(), list, &handle, 0, 1, 10 * PAGE_SIZE, &low, &high), JET_errInvalidParameter); /* a log has no sections */
    free(all);
    (void)JetEndExternalBackupInstance2(instance(), JET_bitBackupEndAbort);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_step_says_what_it_must, start, finish),
        cmocka_unit_test_setup_teardown(a_run_that_truncates_names_the_logs, start, finish),
        cmocka_unit_test_setup_teardown(reads_that_fail_say_so_and_so_do_headers_that_cannot_be_stamped, start, finish),
        cmocka_unit_test_setup_teardown(an_instances_own_callback_comes_before_the_common_one, start, finish),
        cmocka_unit_test_setup_teardown(parameters_suppress_events, start, finish),
        cmocka_unit_test_setup_teardown(a_surrogate_backup_is_refused_for_what_it_cannot_be, start, finish),
        cmocka_unit_test_setup_teardown(while_a_surrogate_backup_runs_others_are_refused, start, finish),
        cmocka_unit_test_setup_teardown(a_surrogate_backup_stamps_headers_as_a_snapshot, start, finish),
        cmocka_unit_test_setup_teardown(a_section_is_the_rest_of_a_stream, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
