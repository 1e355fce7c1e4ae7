/* JetInit3 on crashed sets of the original engine: every option of recovery that a client can give, and what its callback hears. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "live_instance.h"
#include "shared_data.h"

enum { STATE_DIRTY = 2, STATE_CLEAN = 3, GENERATIONS = 9, LOG_KIB = 128 };
static const char LOGGED[] = "C:\\db\\crash_4k_partial\\data.edb";

/* crash_4k_partial: checkpoint in 7, archives 1 to 9, edb.log is 10. The database goes to a folder of its own. */
struct set {
    const char *logs, *data;
};

static struct set unpack(void)
{
    struct set s = {make_scratch_folder("logs"), make_scratch_folder("data")};
    for (int i = 1; i <= GENERATIONS; i++)
        copy_shared_file(text_of("engine/crash_4k_partial/before/edb%05X.log", i), text_of("%s/edb%05X.log", s.logs, i));
    copy_shared_file("engine/crash_4k_partial/before/edb.log", text_of("%s/edb.log", s.logs));
    copy_shared_file("engine/crash_4k_partial/before/edb.chk", text_of("%s/edb.chk", s.logs));
    copy_shared_file("engine/crash_4k_partial/before/data.edb", text_of("%s/data.edb", s.data));
    return s;
}

static JET_INSTANCE create_in(const char *folder)
{
    static unsigned count;
    JET_INSTANCE instance = JET_instanceNil;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramDatabasePageSize, 4096, NULL));
    assert_good(JetCreateInstance(&instance, text_of("recovery %u", count++)));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxTemporaryTables, 0, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    return instance;
}

static uint32_t state_of(const struct set *s)
{
    JET_DBINFOMISC info;
    assert_good(JetGetDatabaseFileInfoA(text_of("%s/data.edb", s->data), &info, sizeof info, JET_DbInfoMisc));
    return info.dbstate;
}

/* What the callback heard, in order: B begin, P progress, C complete, F fail. */
static char heard[64];
static uint32_t last_percent;
static JET_ERR answer;
static JET_ERR listen(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session;
    assert_int_equal(snp, JET_snpRestore);
    char letter = snt == JET_sntBegin ? 'B' : snt == JET_sntProgress ? 'P' : snt == JET_sntComplete ? 'C' : 'F';
    if (snt == JET_sntProgress) {
        const JET_SNPROG *progress = (const JET_SNPROG *)data;
        assert_int_equal(progress->cunitTotal, 100);
        assert_in_range(progress->cunitDone, last_percent, 100);
        last_percent = progress->cunitDone;
    }
    size_t length = strlen(heard);
    if (length + 1 < sizeof heard && (letter != 'P' || length == 0 || heard[length - 1] != 'P'))
        heard[length] = letter;
    return letter == 'P' ? answer : JET_errSuccess;
}

struct start {
    const char *alternate;
    bool has_map;
    JET_LGPOS stop;
    bool deletes_out_of_range;
    JET_GRBIT grbit;
};

/* JetInit3, and JetTerm when it went well. */
static JET_ERR start(const struct set *s, const struct start *how)
{
    JET_INSTANCE instance = create_in(s->logs);
    JET_RSTMAP_A map = {(char *)(uintptr_t)LOGGED, (char *)(uintptr_t)text_of("%s/data.edb", s->data)};
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .rgrstmap = how->has_map ? &map : NULL, .crstmap = how->has_map ? 1 : 0, .lgposStop = how->stop, .pfnStatus = listen};
    memset(heard, 0, sizeof heard);
    last_percent = 0;
    if (how->alternate != NULL)
        assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, how->alternate));
    if (how->deletes_out_of_range)
        assert_good(JetSetSystemParameter(&instance, 0, JET_paramDeleteOutOfRangeLogs, 1, NULL));
    JET_ERR err = JetInit3A(&instance, &info, how->grbit);
    if (err >= 0)
        assert_good(JetTerm2(instance, JET_bitTermComplete));
    return err;
}

static void a_database_is_found_by_the_map_or_in_the_alternate_folder(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    assert_good(start(&s, &(struct start){.has_map = true}));
    assert_string_equal(heard, "BPC");
    assert_int_equal(last_percent <= 100 && last_percent > 0, 1);
    assert_int_equal(state_of(&s), STATE_CLEAN);

    s = unpack();
    assert_good(start(&s, &(struct start){.alternate = s.data}));
    assert_int_equal(state_of(&s), STATE_CLEAN);

    s = unpack();
    assert_err(start(&s, &(struct start){.has_map = false}), JET_errAttachedDatabaseMismatch);
    assert_string_equal(heard, "BPF");
    assert_int_equal(state_of(&s), STATE_DIRTY);
    assert_good(start(&s, &(struct start){.grbit = JET_bitReplayIgnoreMissingDB}));
    assert_int_equal(state_of(&s), STATE_DIRTY);
}

static void a_stop_position_ends_with_its_record_and_leaves_the_rest_for_later(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    struct start how = {.has_map = true, .stop = {.lGeneration = 8}};
    assert_err(start(&s, &how), JET_errRecoveredWithoutUndo);
    assert_string_equal(heard, "BPC");
    assert_int_equal(state_of(&s), STATE_DIRTY);
    how.stop = (JET_LGPOS){.lGeneration = 9, .isec = 4, .ib = 0};
    assert_err(start(&s, &how), JET_errRecoveredWithoutUndo);
    how.stop = (JET_LGPOS){.lGeneration = 3};
    assert_err(start(&s, &how), JET_errRecoveredWithoutUndo); /* behind the checkpoint: there already */
    how.stop = (JET_LGPOS){.isec = 4};
    assert_err(start(&s, &how), JET_errInvalidParameter);
    how.stop = (JET_LGPOS){.lGeneration = 8};
    how.deletes_out_of_range = true;
    assert_err(start(&s, &how), JET_errInvalidParameter);
    assert_good(start(&s, &(struct start){.has_map = true}));
    assert_int_equal(state_of(&s), STATE_CLEAN);
}

static void redo_only_leaves_the_database_dirty_and_can_be_followed_by_the_whole(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    assert_err(start(&s, &(struct start){.has_map = true, .grbit = JET_bitRecoveryWithoutUndo}), JET_errRecoveredWithoutUndo);
    assert_int_equal(state_of(&s), STATE_DIRTY);
    assert_good(start(&s, &(struct start){.has_map = true}));
    assert_int_equal(state_of(&s), STATE_CLEAN);
    assert_err(start(&s, &(struct start){.has_map = true, .grbit = JET_bitRecoveryWithoutUndo}), JET_errRecoveredWithoutUndoDatabasesConsistent);
}

static void archives_go_after_recovery_when_the_client_says_so(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    assert_good(start(&s, &(struct start){.has_map = true, .grbit = JET_bitTruncateLogsAfterRecovery}));
    for (int i = 1; i <= GENERATIONS; i++)
        assert_int_equal(access(text_of("%s/edb%05X.log", s.logs, i), F_OK), -1);
    s = unpack();
    assert_good(start(&s, &(struct start){.has_map = true}));
    assert_int_equal(access(text_of("%s/edb00001.log", s.logs), F_OK), 0);
}

static void a_missing_log_or_stream_is_an_error_and_the_client_hears_of_it(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    assert_int_equal(unlink(text_of("%s/edb00008.log", s.logs)), 0);
    assert_err(start(&s, &(struct start){.has_map = true}), JET_errInvalidLogSequence);
    assert_string_equal(heard, "BPF");
    struct set empty = {make_scratch_folder("logs"), s.data};
    assert_err(start(&empty, &(struct start){.has_map = true, .grbit = JET_bitLogStreamMustExist}), JET_errMissingLogFile);
    assert_string_equal(heard, "");
}

static void an_error_of_the_callback_ends_the_recovery_which_can_be_repeated(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    answer = JET_errOutOfMemory;
    JET_ERR err = start(&s, &(struct start){.has_map = true});
    answer = JET_errSuccess;
    assert_int_equal(err, JET_errOutOfMemory);
    assert_good(start(&s, &(struct start){.has_map = true}));
    assert_int_equal(state_of(&s), STATE_CLEAN);
}

static void the_log_size_is_taken_from_the_stream(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    JET_INSTANCE instance = create_in(s.logs);
    JET_API_PTR size = 0;
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, s.data));
    assert_good(JetInit(&instance));
    assert_good(JetGetSystemParameter(instance, 0, JET_paramLogFileSize, &size, NULL, 0));
    assert_int_equal(size, LOG_KIB);
    assert_good(JetTerm2(instance, JET_bitTermComplete));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_is_found_by_the_map_or_in_the_alternate_folder),
        cmocka_unit_test(a_stop_position_ends_with_its_record_and_leaves_the_rest_for_later),
        cmocka_unit_test(redo_only_leaves_the_database_dirty_and_can_be_followed_by_the_whole),
        cmocka_unit_test(archives_go_after_recovery_when_the_client_says_so),
        cmocka_unit_test(a_missing_log_or_stream_is_an_error_and_the_client_hears_of_it),
        cmocka_unit_test(an_error_of_the_callback_ends_the_recovery_which_can_be_repeated),
        cmocka_unit_test(the_log_size_is_taken_from_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
