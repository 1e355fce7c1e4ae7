/* JetInit3 on crashed sets of the original engine: every option of recovery that a client can give, and what its callback hears.
 *
 * Pages: JetInit3 */
#define ESENT_PRIVATE
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cmocka_all.h"
#include "format/checksum.h"
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
static uint32_t last_percent, progress_calls;
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
        progress_calls++;
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
    last_percent = progress_calls = 0;
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
    assert_in_range(last_percent, 76, 100); /* in the last of four generations */
    assert_true(progress_calls > 20);       /* by bytes, not by generations */
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

static void logs_of_a_higher_version_than_the_client_wants_are_refused(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack(); /* 8.4000.130 */
    JET_INSTANCE instance = create_in(s.logs);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEngineFormatVersion, JET_efvExchange2016Cu1Rtm, NULL));
    assert_err(JetInit(&instance), JET_errEngineFormatVersionSpecifiedTooLowForLogVersion);
    const JET_API_PTR good[] = {JET_efvOptionallyUniqueIndices, JET_efvAllowHigherPersistedFormat | JET_efvExchange2016Cu1Rtm};
    for (size_t i = 0; i < 2; i++) {
        s = unpack();
        instance = create_in(s.logs);
        assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, s.data));
        assert_good(JetSetSystemParameter(&instance, 0, JET_paramEngineFormatVersion, good[i], NULL));
        assert_good(JetInit(&instance));
        assert_good(JetTerm2(instance, JET_bitTermComplete));
    }
}

static void a_log_of_a_version_unknown_to_us_is_refused_whatever_the_client_wants_ignored(void **state)
{
    enum { HEADER = 4096, UPDATE_MAJOR = 40, UNKNOWN = 131 };
    (void)state;
    require_shared_data();
    for (int ignores = 0; ignores < 2; ignores++) {
        struct set s = unpack();
        unsigned long long size;
        unsigned char *bytes = read_whole_file(text_of("%s/edb.log", s.logs), &size);
        store_le32(bytes + UPDATE_MAJOR, UNKNOWN);
        store_le32(bytes, checksum_header(bytes, HEADER));
        write_whole_file(text_of("%s/edb.log", s.logs), bytes, (size_t)size);
        free(bytes);
        JET_INSTANCE instance = create_in(s.logs);
        assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, s.data));
        assert_good(JetSetSystemParameter(&instance, 0, JET_paramIgnoreLogVersion, (JET_API_PTR)ignores, NULL));
        assert_err(JetInit(&instance), JET_errBadLogVersion);
    }
}

/* --- recovery control --- */

/* What the client of JetInit4 was asked, in order, and how it answers one of the questions. */
static char asked[256];
static struct {
    JET_SNT snt;
    JET_ERR error;
} wanted_answer;

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
    va_list arguments;
    size_t length = strlen(asked);
    va_start(arguments, format);
    vsnprintf(asked + length, sizeof asked - length, format, arguments);
    va_end(arguments);
}

static JET_ERR control(JET_SNP snp, JET_SNT snt, void *data, void *context)
{
    const JET_RECOVERYCONTROL *c = (const JET_RECOVERYCONTROL *)data;
    assert_ptr_equal(context, asked);
    if (snp != JET_snpRecoveryControl) {
        assert_int_equal(snp, JET_snpRestore);
        return JET_errSuccess;
    }
    assert_int_equal(c->cbStruct, sizeof *c);
    assert_int_equal(c->sntUnion, snt);
    if (snt == JET_sntOpenLog) {
        assert_non_null(c->OpenLog.wszLogFile);
        note("open%u:%u%s ", c->OpenLog.eReason, c->OpenLog.lGenNext, c->OpenLog.fCurrentLog ? "c" : "");
    } else if (snt == JET_sntMissingLog)
        note("missing%u:%u%s ", c->MissingLog.eNextAction, c->MissingLog.lGenMissing, c->MissingLog.fCurrentLog ? "c" : "");
    else if (snt == JET_sntBeginUndo) {
        assert_int_equal(c->BeginUndo.cdbinfomisc, 1);
        assert_int_equal(c->BeginUndo.rgdbinfomisc[0].dbstate, STATE_DIRTY);
        note("undo ");
    } else if (snt == JET_sntNotificationEvent)
        note("event%u ", c->NotificationEvent.EventID);
    else if (snt == JET_sntAttachedDb) {
        assert_non_null(c->AttachedDb.wszDbPath);
        note("attached ");
    } else if (snt == JET_sntCommitCtx)
        note("context%u:%.*s ", c->CommitCtx.fCallbackType, (int)c->CommitCtx.cbCommitCtx, (const char *)c->CommitCtx.pbCommitCtx);
    else
        note(snt == JET_sntOpenCheckpoint ? "checkpoint " : snt == JET_sntDetachingDb ? "detaching " : snt == JET_sntSignalErrorCondition ? "condition " : "? ");
    return snt == wanted_answer.snt ? wanted_answer.error : c->errDefault;
}

static JET_ERR start_asking(const struct set *s, JET_GRBIT grbit)
{
    JET_INSTANCE instance = create_in(s->logs);
    JET_RSTINFO2_A info = {.cbStruct = sizeof info, .pfnCallback = control, .pvCallbackContext = asked};
    memset(asked, 0, sizeof asked);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, s->data));
    JET_ERR err = JetInit4A(&instance, &info, grbit);
    if (err >= 0)
        assert_good(JetTerm2(instance, JET_bitTermComplete));
    return err;
}

static void a_client_of_init4_is_asked_at_every_step_when_it_wants_to(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    assert_good(start_asking(&s, 0));
    assert_string_equal(asked, "");
    s = unpack();
    assert_good(start_asking(&s, JET_bitExternalRecoveryControl));
    assert_string_equal(asked, "open1:0c checkpoint open2:7 attached event301 open2:8 event301 open2:9 event301 missing3:10 open2:0c event301 undo open3:0c detaching open4:0c event302 ");
    assert_int_equal(state_of(&s), STATE_CLEAN);
    assert_good(start_asking(&s, JET_bitExternalRecoveryControl));
    assert_string_equal(asked, "open1:0c open4:0c ");
    struct set empty = {make_scratch_folder("logs"), s.data};
    assert_err(start_asking(&empty, JET_bitExternalRecoveryControl | JET_bitLogStreamMustExist), JET_errMissingLogFile);
    assert_string_equal(asked, "open1:0c missing5:0 ");
}

static JET_ERR start_mapped_with(const struct set *s, JET_GRBIT entry_bits, JET_GRBIT grbit, JET_SETDBPARAM *parameters, uint32_t count)
{
    JET_INSTANCE instance = create_in(s->logs);
    JET_RSTMAP2_A map = {.cbStruct = sizeof map, .szDatabaseName = (char *)(uintptr_t)LOGGED, .szNewDatabaseName = (char *)(uintptr_t)text_of("%s/data.edb", s->data), .grbit = entry_bits,
                         .rgsetdbparam = parameters, .csetdbparam = count};
    JET_RSTINFO2_A info = {.cbStruct = sizeof info, .rgrstmap = &map, .crstmap = 1};
    JET_ERR err = JetInit4A(&instance, &info, grbit);
    if (err >= 0)
        assert_good(JetTerm2(instance, JET_bitTermComplete));
    return err;
}

static JET_ERR start_mapped(const struct set *s, JET_GRBIT entry_bits, JET_GRBIT grbit) { return start_mapped_with(s, entry_bits, grbit, NULL, 0); }

static void an_entry_of_init4s_map_says_what_a_missing_or_foreign_file_means(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    assert_err(start_mapped(&s, 8, 0), JET_errInvalidGrbit);
    assert_int_equal(unlink(text_of("%s/data.edb", s.data)), 0);
    assert_err(start_mapped(&s, 0, 0), JET_errAttachedDatabaseMismatch);
    assert_err(start_mapped(&s, JET_bitRestoreMapFailWhenMissing, JET_bitReplayIgnoreMissingDB), JET_errAttachedDatabaseMismatch);
    assert_good(start_mapped(&s, JET_bitRestoreMapIgnoreWhenMissing, 0));

    s = unpack(); /* redone from its creation, where another database has the name */
    assert_int_equal(unlink(text_of("%s/edb.chk", s.logs)), 0);
    copy_shared_file("engine/clean_4k/data.edb", text_of("%s/data.edb", s.data));
    assert_err(start_mapped(&s, 0, 0), JET_errAttachedDatabaseMismatch);
    assert_good(start_mapped(&s, JET_bitRestoreMapOverwriteOnCreate, 0));
    assert_int_equal(state_of(&s), STATE_CLEAN);
}

static void database_parameters_of_init4s_map_are_judged_where_the_replay_meets_the_database(void **state)
{
    static const struct { uint32_t id, value, size; JET_ERR expected; } CASES[] = {
        {JET_dbparamMaxValueInvalid, 0, 4, JET_errInvalidDbparamId}, {JET_dbparamCachePriority, 1001, 4, JET_errInvalidParameter},
        {JET_dbparamShrinkDatabaseOptions, 0x20, 4, JET_errInvalidGrbit}, {JET_dbparamCachePriority, 500, 2, JET_errInvalidBufferSize},
        {JET_dbparamShrinkDatabaseSizeLimit, 0x80000000, 2, 0}, /* not looked at before the attach */
        {JET_dbparamCachePriority, 500, 4, 0}, {JET_dbparamShrinkDatabaseOptions, JET_bitShrinkDatabaseEofOnAttach, 4, 0}};
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct set s = unpack();
        uint32_t value = CASES[i].value;
        JET_SETDBPARAM parameter = {CASES[i].id, &value, CASES[i].size};
        assert_err(start_mapped_with(&s, 0, 0, &parameter, 1), CASES[i].expected);
        assert_int_equal(state_of(&s), CASES[i].expected == 0 ? STATE_CLEAN : STATE_DIRTY);
        if (i == 0) {
            assert_err(start_mapped_with(&s, 0, 0, NULL, 1), JET_errInvalidParameter);
            assert_good(start_mapped(&s, 0, 0));
            assert_good(start_mapped_with(&s, 0, 0, &parameter, 1)); /* nothing is replayed any more */
        }
    }
}

static void what_the_client_of_init4_answers_is_done(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    wanted_answer.snt = JET_sntBeginUndo;
    wanted_answer.error = JET_errRecoveredWithoutUndo;
    assert_err(start_asking(&s, JET_bitExternalRecoveryControl), JET_errRecoveredWithoutUndo);
    assert_int_equal(state_of(&s), STATE_DIRTY);
    wanted_answer.error = JET_errSuccess; /* against the bit of the call */
    assert_good(start_asking(&s, JET_bitExternalRecoveryControl | JET_bitRecoveryWithoutUndo));
    assert_int_equal(state_of(&s), STATE_CLEAN);

    s = unpack();
    wanted_answer.snt = JET_sntOpenLog;
    wanted_answer.error = JET_errOutOfMemory;
    assert_err(start_asking(&s, JET_bitExternalRecoveryControl), JET_errOutOfMemory);
    wanted_answer.snt = JET_sntAttachedDb;
    assert_err(start_asking(&s, JET_bitExternalRecoveryControl), JET_errOutOfMemory);
    wanted_answer.snt = JET_sntOpenCheckpoint; /* the replay begins with the first log then, which made the database */
    wanted_answer.error = JET_errFileNotFound;
    assert_good(start_asking(&s, JET_bitExternalRecoveryControl));
    assert_non_null(strstr(asked, "checkpoint open2:1 "));
    wanted_answer.snt = 0;

    s = unpack();
    assert_int_equal(rename(text_of("%s/edb.log", s.logs), text_of("%s/edb0000A.log", s.logs)), 0);
    assert_err(start_asking(&s, JET_bitExternalRecoveryControl), JET_errMissingLogFile);
    assert_string_equal(asked, "open1:0c missing2:11c ");
    assert_good(start_asking(&s, JET_bitExternalRecoveryControl | JET_bitAllowMissingCurrentLog));
    assert_non_null(strstr(asked, "missing4:11c undo "));
    assert_int_equal(state_of(&s), STATE_CLEAN);
}

static void change_in_transaction(JET_SESID session, JET_TABLEID table, JET_COLUMNID column, const char *context)
{
    uint32_t value = 1;
    assert_good(JetSetSessionParameter(session, JET_sesparamCommitGenericContext, (void *)(uintptr_t)context, (uint32_t)strlen(context)));
    assert_good(JetBeginTransaction(session));
    assert_good(JetPrepareUpdate(session, table, JET_prepInsert));
    assert_good(JetSetColumn(session, table, column, &value, sizeof value, 0, NULL));
    assert_good(JetUpdate(session, table, NULL, 0, NULL));
}

static void contexts_of_a_session_reach_the_client_of_the_recovery_that_meets_them(void **state)
{
    struct live_instance live;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID column;
    JET_COLUMNDEF number = {.cbStruct = sizeof number, .coltyp = JET_coltypLong};
    (void)state;
    live_start(&live, 4096);
    assert_good(JetCreateDatabase(live.session, text_of("%s/contexts.edb", live.folder), NULL, &dbid, 0));
    assert_good(JetCreateTable(live.session, dbid, "t", 0, 0, &table));
    assert_good(JetAddColumn(live.session, table, "n", &number, NULL, 0, &column));
    change_in_transaction(live.session, table, column, "told");
    assert_good(JetCommitTransaction(live.session, JET_bitCommitRedoCallback));
    change_in_transaction(live.session, table, column, "kept");
    assert_good(JetCommitTransaction(live.session, 0));
    change_in_transaction(live.session, table, column, "taken back");
    assert_good(JetRollback(live.session, JET_bitRollbackRedoCallback));
    assert_good(JetBeginTransaction(live.session)); /* reads only: nothing of it is in the log */
    assert_good(JetCommitTransaction(live.session, JET_bitCommitRedoCallback));
    assert_good(JetCreateTable(live.session, dbid, "u", 0, 0, &table)); /* a transaction of the engine's own */
    assert_err(JetTerm2(live.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    struct set s = {live.folder, live.folder};
    assert_good(start_asking(&s, JET_bitExternalRecoveryControl));
    const char *told = strstr(asked, "context");
    assert_non_null(told);
    assert_memory_equal(told, "context1:told context1:taken back ", 34);
    assert_null(strstr(told + 34, "context"));
}

/* --- databases that stay attached --- */

/* The set, recovered with JET_bitKeepDbAttachedAtEndOfRecovery; the instance runs. */
static JET_INSTANCE start_keeping(const struct set *s)
{
    JET_INSTANCE instance = create_in(s->logs);
    JET_RSTMAP_A map = {(char *)(uintptr_t)LOGGED, (char *)(uintptr_t)text_of("%s/data.edb", s->data)};
    JET_RSTINFO_A info = {.cbStruct = sizeof info, .rgrstmap = &map, .crstmap = 1};
    assert_good(JetInit3A(&instance, &info, JET_bitKeepDbAttachedAtEndOfRecovery));
    return instance;
}

/* Everything but the header pages is as an ordinary recovery leaves it. */
static void expect_recovered(const struct set *s)
{
    enum { HEADERS = 2 * 4096 };
    struct set plain = unpack();
    unsigned long long size, plain_size;
    assert_good(start(&plain, &(struct start){.has_map = true}));
    unsigned char *bytes = read_whole_file(text_of("%s/data.edb", s->data), &size), *wanted = read_whole_file(text_of("%s/data.edb", plain.data), &plain_size);
    assert_int_equal(size, plain_size);
    assert_memory_equal(bytes + HEADERS, wanted + HEADERS, size - HEADERS);
    free(bytes);
    free(wanted);
    assert_int_equal(state_of(s), STATE_CLEAN);
}

static void a_database_left_attached_is_the_clients_after_attach_database_only(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    const char *path = text_of("%s/data.edb", s.data);
    JET_INSTANCE instance = start_keeping(&s);
    JET_SESID session;
    JET_DBID dbid;
    JET_DBINFOMISC7 info;
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    assert_err(JetOpenDatabase(session, path, NULL, &dbid, 0), JET_errDatabaseAttachedForRecovery);
    uint32_t count = 0;
    JET_INSTANCE_INFO_A *list = NULL;
    assert_good(JetGetInstanceInfoA(&count, &list));
    assert_int_equal(count, 1);
    assert_int_equal(list[0].cDatabases, 0);
    assert_good(JetFreeBuffer((char *)list));
    assert_good(JetAttachDatabase(session, path, 0));
    assert_err(JetAttachDatabase(session, path, 0), JET_wrnDatabaseAttached);
    assert_good(JetOpenDatabase(session, path, NULL, &dbid, 0));
    assert_good(JetGetDatabaseInfo(session, dbid, &info, sizeof info, JET_DbInfoMisc));
    assert_true(info.lgposLastReAttach.lGeneration >= 10);
    JET_TABLEID table;
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong};
    JET_COLUMNID id;
    assert_good(JetCreateTable(session, dbid, "since", 1, 100, &table));
    assert_good(JetAddColumn(session, table, "n", &column, NULL, 0, &id));
    assert_good(JetCloseTable(session, table));
    assert_err(JetTerm2(instance, JET_bitTermDirty), JET_errDirtyShutdown);
    assert_int_equal(state_of(&s), STATE_DIRTY);

    instance = create_in(s.logs); /* the log names the database where it is now */
    assert_good(JetInit(&instance));
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    assert_good(JetAttachDatabase(session, path, 0));
    assert_good(JetOpenDatabase(session, path, NULL, &dbid, 0));
    assert_good(JetOpenTable(session, dbid, "since", NULL, 0, 0, &table));
    assert_good(JetTerm2(instance, JET_bitTermComplete));
    assert_int_equal(state_of(&s), STATE_CLEAN);
}

static void a_database_left_attached_that_nobody_attaches_is_closed_clean(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    JET_INSTANCE instance = start_keeping(&s);
    assert_int_equal(access(text_of("%s/data.edb", s.data), F_OK), 0);
    assert_good(JetTerm2(instance, JET_bitTermComplete));
    expect_recovered(&s);
    assert_err(start(&s, &(struct start){.has_map = true, .grbit = JET_bitRecoveryWithoutUndo}), JET_errRecoveredWithoutUndoDatabasesConsistent);
}

static void a_database_left_attached_needs_only_the_last_log_after_a_crash(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    assert_err(JetTerm2(start_keeping(&s), JET_bitTermDirty), JET_errDirtyShutdown);
    assert_int_equal(state_of(&s), STATE_DIRTY);
    for (int i = 1; i <= GENERATIONS; i++)
        assert_int_equal(unlink(text_of("%s/edb%05X.log", s.logs, i)), 0);
    assert_err(JetTerm2(start_keeping(&s), JET_bitTermDirty), JET_errDirtyShutdown); /* and again */
    JET_INSTANCE instance = create_in(s.logs);
    assert_good(JetInit(&instance));
    assert_good(JetTerm2(instance, JET_bitTermComplete));
    expect_recovered(&s);
}

static void a_database_left_attached_can_be_detached(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    JET_INSTANCE instance = start_keeping(&s);
    JET_SESID session;
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    assert_good(JetDetachDatabase(session, text_of("%s/data.edb", s.data)));
    assert_int_equal(state_of(&s), STATE_CLEAN);
    assert_good(JetTerm2(instance, JET_bitTermComplete));
    expect_recovered(&s);
}

static void nothing_stays_attached_when_the_logs_do_not_have_the_size_wanted(void **state)
{
    (void)state;
    require_shared_data();
    struct set s = unpack();
    JET_INSTANCE instance = create_in(s.logs);
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, s.data));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 2 * LOG_KIB, NULL));
    assert_err(JetInit2(&instance, JET_bitKeepDbAttachedAtEndOfRecovery), JET_errLogFileSizeMismatchDatabasesConsistent);
    expect_recovered(&s);
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
        cmocka_unit_test(logs_of_a_higher_version_than_the_client_wants_are_refused),
        cmocka_unit_test(a_log_of_a_version_unknown_to_us_is_refused_whatever_the_client_wants_ignored),
        cmocka_unit_test(a_client_of_init4_is_asked_at_every_step_when_it_wants_to),
        cmocka_unit_test(an_entry_of_init4s_map_says_what_a_missing_or_foreign_file_means),
        cmocka_unit_test(database_parameters_of_init4s_map_are_judged_where_the_replay_meets_the_database),
        cmocka_unit_test(what_the_client_of_init4_answers_is_done),
        cmocka_unit_test(contexts_of_a_session_reach_the_client_of_the_recovery_that_meets_them),
        cmocka_unit_test(a_database_left_attached_is_the_clients_after_attach_database_only),
        cmocka_unit_test(a_database_left_attached_that_nobody_attaches_is_closed_clean),
        cmocka_unit_test(a_database_left_attached_needs_only_the_last_log_after_a_crash),
        cmocka_unit_test(a_database_left_attached_can_be_detached),
        cmocka_unit_test(nothing_stays_attached_when_the_logs_do_not_have_the_size_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
