/* What every call answers while its instance is not started, stopped, disabled, ending or restoring, and while another thread uses the session (instance-and-session 4).
 *
 * One table of calls; each state asks them all. The arguments are good but for buffers that are not looked at: the state is tested before anything else.
 *
 * Pages: JetBackup, JetBackupInstance, JetBeginExternalBackup, JetBeginExternalBackupInstance, JetBeginSession, JetBeginTransaction, JetBeginTransaction2,
 * JetBeginTransaction3, JetCloseFile, JetCloseFileInstance, JetCommitTransaction, JetCommitTransaction2, JetCompact, JetComputeStats, JetDefragment, JetDefragment2,
 * JetDelete, JetDeleteIndex, JetDupCursor, JetDupSession, JetEndExternalBackup, JetEndExternalBackupInstance, JetEndExternalBackupInstance2, JetEndSession,
 * JetEnumerateColumns, JetEscrowUpdate, JetExternalRestore, JetExternalRestore2, JetGetAttachInfo, JetGetAttachInfoInstance, JetGetBookmark, JetGetCurrentIndex,
 * JetGetCursorInfo, JetGetLS, JetGetLock, JetGetLogInfo, JetGetLogInfoInstance, JetGetLogInfoInstance2, JetGetRecordPosition, JetGetRecordSize, JetGetRecordSize2,
 * JetGetSecondaryIndexBookmark, JetGetSystemParameter, JetGetTruncateLogInfoInstance, JetGotoBookmark, JetGotoPosition, JetGotoSecondaryIndexBookmark,
 * JetIndexRecordCount, JetIndexRecordCount2, JetIntersectIndexes, JetMakeKey, JetMove, JetOpenFile, JetOpenFileInstance, JetOpenTempTable, JetOpenTempTable2,
 * JetOpenTempTable3, JetOpenTemporaryTable, JetOpenTemporaryTable2, JetPrepareUpdate, JetReadFile, JetReadFileInstance, JetRegisterCallback, JetRenameColumn,
 * JetRenameTable, JetResetSessionContext, JetResetTableSequential, JetRestore, JetRestore2, JetRestoreInstance, JetRetrieveColumn, JetRetrieveColumns,
 * JetRetrieveKey, JetRollback, JetSeek, JetSetColumn, JetSetColumnDefaultValue, JetSetColumns, JetSetCurrentIndex, JetSetCurrentIndex2, JetSetCurrentIndex3,
 * JetSetCurrentIndex4, JetSetIndexRange, JetSetLS, JetSetSessionContext, JetSetSessionParameter, JetSetTableSequential, JetStopBackup, JetTerm, JetTerm2,
 * JetTruncateLog, JetTruncateLogInstance, JetUnregisterCallback, JetUpdate, JetUpdate2
 */
#define ESENT_PRIVATE
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmocka_all.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "plain_instance.h"
#include "sample_table.h"
#include "shared_data.h"

enum { ROOM = 4096, PAGE_SIZE = 4096 };

/* What the calls use. */
static JET_INSTANCE i;
static JET_SESID s;
static JET_DBID d;
static JET_TABLEID t, made;
static JET_COLUMNID c;
static char text[ROOM];
static uint32_t number;
static uint64_t large;
static JET_HANDLE file;
static JET_SESID session;
static JET_RECPOS place = {.cbStruct = sizeof place, .centriesLT = 0, .centriesInRange = 1, .centriesTotal = 1};
static JET_RECSIZE size;
static JET_RECSIZE2 size_2;
static JET_RECSIZE3 size_3;
static const void *references[1];
static const uint32_t reference_sizes[1];
static JET_INDEXRANGE range = {.cbStruct = sizeof range};
static int32_t counter;
static JET_RECORDLIST list = {.cbStruct = sizeof list};
static JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
static JET_OPENTEMPORARYTABLE temporary = {.cbStruct = sizeof temporary, .prgcolumndef = &column, .ccolumn = 1, .prgcolumnid = &c};
static JET_OPENTEMPORARYTABLE2 temporary_2 = {.cbStruct = sizeof temporary_2, .prgcolumndef = &column, .ccolumn = 1, .prgcolumnid = &c};
static JET_RETRIEVECOLUMN wanted;
static JET_SETCOLUMN given;
static JET_ENUMCOLUMN *columns;
static JET_LS own;
static JET_EMITDATACTX shipped = {.cbStruct = sizeof shipped, .dwVersion = 1, .grbitOperationalFlags = JET_bitShadowLogEmitFirstCall};

static void *no_memory(void *context, void *memory, uint32_t bytes)
{
    (void)context, (void)memory, (void)bytes;
    return NULL;
}

static JET_ERR callback(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid, JET_CBTYP cbtyp, void *a, void *b, void *context, JET_API_PTR unused)
{
    (void)sesid, (void)dbid, (void)tableid, (void)cbtyp, (void)a, (void)b, (void)context, (void)unused;
    return JET_errSuccess;
}

#define CALLS(X) \
    X(BeginTransaction, OPEN, (s)) X(BeginTransaction2, OPEN, (s, 0)) X(BeginTransaction3, OPEN, (s, 1, 0)) \
    X(CommitTransaction, CLEANUP_UNLESS_SHARED, (s, 0)) X(CommitTransaction2, CLEANUP_UNLESS_SHARED, (s, 0, 0, NULL)) X(Rollback, CLEANUP, (s, 0)) \
    X(EndSession, CLEANUP, (s, 0)) X(DupSession, OPEN, (s, &session)) X(SetSessionParameter, OPEN, (s, JET_sesparamCommitDefault, &number, sizeof number)) \
    X(CompactA, OPEN, (s, "a", "b", NULL, NULL, 0)) X(ComputeStats, OPEN, (s, t)) X(DefragmentA, OPEN, (s, d, NULL, NULL, NULL, JET_bitDefragmentBatchStop)) \
    X(Defragment2A, OPEN, (s, d, NULL, NULL, NULL, NULL, JET_bitDefragmentBatchStop)) X(Delete, OPEN, (s, t)) X(DeleteIndexA, OPEN, (s, t, "absent")) \
    X(DupCursor, OPEN, (s, t, &made, 0)) X(EnumerateColumns, OPEN, (s, t, 0, NULL, &number, &columns, no_memory, NULL, 0, 0)) \
    X(EscrowUpdate, OPEN, (s, t, c, &number, sizeof number, NULL, 0, NULL, 0)) X(GetBookmark, OPEN, (s, t, text, ROOM, &number)) \
    X(GetDatabasePages, OPEN, (s, d, 1, 1, NULL, 0, &number, 0)) X(OnlinePatchDatabasePage, OPEN, (s, d, 1, NULL, 0, NULL, 0, 0)) \
    X(GetCurrentIndexA, OPEN, (s, t, text, ROOM)) X(GetCursorInfo, OPEN, (s, t, NULL, 0, 0)) X(GetLS, OPEN, (s, t, &own, 0)) X(GetLock, OPEN, (s, t, JET_bitReadLock)) \
    X(GetRecordPosition, OPEN, (s, t, &place, sizeof place)) X(GetRecordSize, OPEN, (s, t, &size, 0)) X(GetRecordSize2, OPEN, (s, t, &size_2, 0)) \
    X(GetRecordSize3, OPEN, (s, t, &size_3, 0)) X(RetrieveTaggedColumnList, OPEN, (s, t, &number, NULL, 0, 0, 0)) \
    X(StreamRecords, OPEN, (s, t, 0, NULL, text, ROOM, &number, JET_bitStreamForward)) \
    X(RetrieveColumnByReference, OPEN, (s, t, text, 1, 0, text, ROOM, &number, 0)) X(PrereadColumnsByReference, OPEN, (s, t, references, reference_sizes, 0, 0, 1, &number, 0)) \
    X(GetSecondaryIndexBookmark, OPEN, (s, t, text, ROOM, &number, text, ROOM, &number, 0)) X(GotoBookmark, OPEN, (s, t, text, 1)) X(GotoPosition, OPEN, (s, t, &place)) \
    X(GotoSecondaryIndexBookmark, OPEN, (s, t, text, 1, text, 1, 0)) X(IndexRecordCount, OPEN, (s, t, &number, 1)) X(IndexRecordCount2, OPEN, (s, t, &large, 1)) \
    X(IntersectIndexes, OPEN, (s, &range, 1, &list, 0)) X(MakeKey, OPEN, (s, t, &number, sizeof number, JET_bitNewKey)) X(Move, OPEN, (s, t, JET_MoveFirst, 0)) \
    X(OpenTempTable, OPEN, (s, &column, 1, 0, &made, &c)) X(OpenTempTable2, OPEN, (s, &column, 1, 0, 0, &made, &c)) X(OpenTempTable3, OPEN, (s, &column, 1, NULL, 0, &made, &c)) \
    X(OpenTemporaryTable, OPEN, (s, &temporary)) X(OpenTemporaryTable2, OPEN, (s, &temporary_2)) X(PrepareUpdate, OPEN, (s, t, JET_prepInsert)) \
    X(GetCounter, OPEN, (s, 1, &counter)) X(ResetCounter, OPEN, (s, 1)) X(SetTableInfoA, OPEN, (s, t, NULL, 0, JET_TblInfoEncryptionKey)) \
    X(ConvertDDLA, OPEN, (s, d, opDDLConvNull, NULL, 0)) X(UpgradeDatabaseA, OPEN, (s, "a", NULL, 0)) \
    X(RegisterCallback, OPEN, (s, t, JET_cbtypBeforeInsert, callback, NULL, &file)) X(UnregisterCallback, OPEN, (s, t, JET_cbtypBeforeInsert, file)) \
    X(RenameColumnA, OPEN, (s, t, "a", "b", 0)) X(RenameTableA, OPEN, (s, d, "a", "b")) X(ResetTableSequential, OPEN, (s, t, 0)) X(SetTableSequential, OPEN, (s, t, 0)) \
    X(RetrieveColumn, OPEN, (s, t, c, text, ROOM, &number, 0, NULL)) X(RetrieveColumns, OPEN, (s, t, &wanted, 1)) X(RetrieveKey, OPEN, (s, t, text, ROOM, &number, 0)) \
    X(Seek, OPEN, (s, t, JET_bitSeekEQ)) X(SetColumn, OPEN, (s, t, c, &number, sizeof number, 0, NULL)) X(SetColumns, OPEN, (s, t, &given, 1)) \
    X(SetColumnDefaultValueA, OPEN, (s, d, "a", "b", NULL, 0, 0)) X(SetCurrentIndexA, OPEN, (s, t, NULL)) X(SetCurrentIndex2A, OPEN, (s, t, NULL, 0)) \
    X(SetCurrentIndex3A, OPEN, (s, t, NULL, 0, 1)) X(SetCurrentIndex4A, OPEN, (s, t, NULL, NULL, 0, 1)) X(SetIndexRange, OPEN, (s, t, 0)) X(SetLS, OPEN, (s, t, 1, 0)) \
    X(Update, OPEN, (s, t, NULL, 0, NULL)) X(Update2, OPEN, (s, t, NULL, 0, NULL, 0)) X(SetSessionContext, CONTEXT, (s, 4711)) X(ResetSessionContext, CONTEXT, (s)) \
    X(BackupInstanceA, INSTANCE, (i, NULL, 0, NULL)) X(BeginExternalBackupInstance, INSTANCE, (i, 0)) X(BeginSession, INSTANCE, (i, &session, NULL, NULL)) \
    X(CloseFileInstance, INSTANCE, (i, file)) X(EndExternalBackupInstance, INSTANCE, (i)) X(EndExternalBackupInstance2, INSTANCE, (i, JET_bitBackupEndNormal)) \
    X(GetAttachInfoInstanceA, INSTANCE, (i, text, ROOM, &number)) X(GetLogInfoInstanceA, INSTANCE, (i, text, ROOM, &number)) \
    X(GetLogInfoInstance2A, INSTANCE, (i, text, ROOM, &number, NULL)) X(GetTruncateLogInfoInstanceA, INSTANCE, (i, text, ROOM, &number)) \
    X(OpenFileInstanceA, INSTANCE, (i, "a", &file, &number, &number)) X(ReadFileInstance, INSTANCE, (i, file, text, ROOM, &number)) X(TruncateLogInstance, INSTANCE, (i)) \
    X(ConsumeLogData, INSTANCE, (i, &shipped, NULL, 0, 0)) \
    X(BackupA, ONLY, (NULL, 0, NULL)) X(BeginExternalBackup, ONLY, (0)) X(CloseFile, ONLY, (file)) X(EndExternalBackup, ONLY, ()) \
    X(GetAttachInfoA, ONLY, (text, ROOM, &number)) X(GetLogInfoA, ONLY, (text, ROOM, &number)) X(OpenFileA, ONLY, ("a", &file, &number, &number)) \
    X(ReadFile, ONLY, (file, text, ROOM, &number)) X(TruncateLog, ONLY, ())

/* Whose the call is: of a session (CLEANUP: allowed after JetStopService), of an instance, of the only instance. */
enum kind { OPEN, CLEANUP, CLEANUP_UNLESS_SHARED, CONTEXT, INSTANCE, ONLY };

struct call {
    const char *name;
    enum kind kind;
    JET_ERR (*make)(void);
};
#define DEFINE(name, kind, arguments) \
    static JET_ERR make_##name(void) { return Jet##name arguments; }
#define ROW(name, kind, arguments) {"Jet" #name, kind, make_##name},
CALLS(DEFINE)
static const struct call calls[] = {CALLS(ROW)};
enum { CALL_COUNT = sizeof calls / sizeof calls[0] };

/* How many calls of the kinds do not answer that? */
static int ask_quietly(unsigned kinds, JET_ERR expected)
{
    int wrong = 0;
    for (int n = 0; n < CALL_COUNT; n++) {
        JET_ERR err = (kinds & 1u << calls[n].kind) != 0 ? calls[n].make() : expected;
        if (err != expected)
            print_message("%s: %d, expected %d\n", calls[n].name, err, expected);
        wrong += err != expected;
    }
    return wrong;
}

static void ask(unsigned kinds, JET_ERR expected) { assert_int_equal(ask_quietly(kinds, expected), 0); }
#define KIND(kind) (1u << (kind))
#define SESSION_KINDS (KIND(OPEN) | KIND(CLEANUP) | KIND(CLEANUP_UNLESS_SHARED))

static struct sample sample;

static void start(void)
{
    sample_start(&sample, PAGE_SIZE);
    i = sample.live.instance, s = sample.session, d = sample.dbid, t = sample.table, c = sample.number;
    assert_good(JetBeginTransaction(s));
    insert_sample(&sample, 1, 1, "row");
    assert_good(JetCommitTransaction(s, 0));
    assert_good(JetMove(s, t, JET_MoveFirst, 0));
}

static void unknown_handles_are_named_before_any_state(void **state)
{
    (void)state;
    i = 0x1234567, s = 0x7654321;
    ask(SESSION_KINDS | KIND(CONTEXT), JET_errInvalidSesid);
    JET_INSTANCE keep = plain_create("keep");
    ask(KIND(INSTANCE), JET_errInvalidInstance);
    ask(KIND(ONLY), JET_errRunningInMultiInstanceMode);
    assert_good(JetTerm(keep));
}

static void an_instance_that_was_not_started_is_not_initialized(void **state)
{
    (void)state;
    i = plain_create("waiting");
    ask(KIND(INSTANCE), JET_errNotInitialized);
    assert_good(JetTerm(i));
}

static void a_disabled_instance_is_unavailable(void **state)
{
    struct instance *inside = NULL;
    (void)state;
    start();
    assert_good(engine_enter_instance(i, 0, &inside));
    instance_disable(inside, JET_errLogWriteFail, __FILE__, __LINE__);
    engine_leave_instance(inside);
    ask(SESSION_KINDS | KIND(INSTANCE), JET_errInstanceUnavailable);
    (void)JetTerm2(i, JET_bitTermAbrupt);
}

static void a_stopped_instance_says_who_wanted_it(void **state)
{
    (void)state;
    start();
    assert_good(JetStopServiceInstance(i));
    ask(KIND(OPEN) | KIND(INSTANCE), JET_errClientRequestToStopJetService);
    sample_stop(&sample);
}

/* --- two threads --- */

static void *ask_from_elsewhere(void *wrong)
{
    *(int *)wrong = ask_quietly(SESSION_KINDS | KIND(CONTEXT), JET_errSessionSharingViolation);
    return NULL;
}

static void a_session_that_another_thread_uses_is_shared(void **state)
{
    pthread_t thread;
    struct session *inside = NULL;
    int wrong = -1;
    (void)state;
    start();
    assert_good(engine_enter_session(s, 0, &inside)); /* as a call that takes long */
    assert_int_equal(pthread_create(&thread, NULL, ask_from_elsewhere, &wrong), 0);
    pthread_join(thread, NULL);
    engine_leave_session(inside);
    assert_int_equal(wrong, 0);
    sample_stop(&sample);
}

static void *terminate(void *argument)
{
    *(JET_ERR *)argument = JetTerm2(i, JET_bitTermComplete);
    return NULL;
}

static void an_instance_that_ends_says_so(void **state)
{
    pthread_t thread;
    JET_ERR answer = 1;
    struct session *inside = NULL;
    (void)state;
    start();
    JET_SESID held = plain_session(i), other;
    assert_good(engine_enter_session(held, 0, &inside)); /* JetTerm waits for it */
    assert_int_equal(pthread_create(&thread, NULL, terminate, &answer), 0);
    while (JetBeginSession(i, &other, NULL, NULL) != JET_errTermInProgress)
        (void)JetEndSession(other, 0);
    ask(SESSION_KINDS | KIND(INSTANCE), JET_errTermInProgress);
    assert_err(JetTerm(i), JET_errTermInProgress);
    assert_err(JetTerm2(i, 0), JET_errTermInProgress);
    engine_leave_session(inside);
    pthread_join(thread, NULL);
    assert_good(answer);
}

/* --- while a database waits to be detached --- */

static const char *leaving;
static atomic_bool has_left;

static void *detach(void *answer)
{
    *(JET_ERR *)answer = JetDetachDatabase(session, leaving);
    atomic_store(&has_left, true);
    return NULL;
}

/* The detach waits for a snapshot that still needs what has been changed in the database. */
static void a_detach_that_waits_keeps_nobody_else_out(void **state)
{
    pthread_t thread;
    JET_ERR answer = 1;
    JET_DBID dbid, other_dbid;
    JET_TABLEID table;
    struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
    (void)state;
    start();
    leaving = text_of("%s/leaving.edb", sample.live.folder);
    assert_good(JetCreateDatabase(s, leaving, NULL, &dbid, 0));
    assert_good(JetCreateTable(s, dbid, "t", 1, 90, &table));
    JET_SESID reader = plain_session(i);
    session = plain_session(i);
    assert_good(JetBeginTransaction(reader));
    assert_good(JetOpenDatabase(reader, text_of("%s/sample.edb", sample.live.folder), NULL, &other_dbid, 0));
    assert_good(JetOpenTable(reader, other_dbid, "Sample", NULL, 0, 0, &made));
    assert_good(JetMove(reader, made, JET_MoveFirst, 0));
    assert_good(JetBeginTransaction(s));
    assert_good(JetPrepareUpdate(s, table, JET_prepInsert));
    assert_good(JetUpdate(s, table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s, 0));
    assert_good(JetCloseTable(s, table));
    assert_good(JetCloseDatabase(s, dbid, 0));
    atomic_store(&has_left, false);
    assert_int_equal(pthread_create(&thread, NULL, detach, &answer), 0);
    nanosleep(&pause, NULL);
    JET_ERR attached = JetCreateDatabase(s, text_of("%s/coming.edb", sample.live.folder), NULL, &dbid, 0);
    bool is_waiting = !atomic_load(&has_left);
    assert_good(JetRollback(reader, 0));
    pthread_join(thread, NULL);
    assert_good(attached);
    assert_true(is_waiting);
    assert_good(answer);
    sample_stop(&sample);
}

/* --- while it restores --- */

static int asked;
static const char *set; /* a folder backup */

static JET_ERR ask_in_the_middle(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *data)
{
    JET_API_PTR value;
    (void)sesid, (void)snp, (void)data;
    if (snt != JET_sntBegin || asked++ > 0)
        return JET_errSuccess;
    ask(KIND(INSTANCE), JET_errRestoreInProgress);
    assert_err(JetTerm(i), JET_errRestoreInProgress);
    assert_err(JetTerm2(i, 0), JET_errRestoreInProgress);
    assert_err(JetGetSystemParameter(i, 0, JET_paramMaxSessions, &value, NULL, 0), JET_errRestoreInProgress);
    return JET_errSuccess;
}

static void an_instance_that_restores_says_so(void **state)
{
    (void)state;
    start();
    set = make_scratch_folder("set");
    assert_good(JetBackupInstance(i, set, 0, NULL));
    sample_stop(&sample);
    const char *folder = make_scratch_folder("restored");
    i = JET_instanceNil;
    assert_good(JetCreateInstance(&i, "restorer"));
    assert_good(JetSetSystemParameter(&i, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(&i, 0, JET_paramLogFilePath, 0, folder));
    asked = 0;
    assert_good(JetRestoreInstance(i, set, folder, ask_in_the_middle));
    assert_true(asked > 0);
    assert_good(JetTerm(i));
}

/* --- one instance in the process --- */

static JET_ERR ask_while_it_starts(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid, JET_CBTYP cbtyp, void *a, void *b, void *context, JET_API_PTR unused)
{
    (void)sesid, (void)dbid, (void)tableid, (void)cbtyp, (void)a, (void)b, (void)context, (void)unused;
    asked++;
    ask(KIND(ONLY) | KIND(INSTANCE), JET_errNotInitialized);
    return JET_errSuccess;
}

static void the_only_instance_answers_for_its_state(void **state)
{
    pthread_t thread;
    JET_ERR answer = 1;
    struct instance *inside = NULL;
    struct session *used = NULL;
    JET_INSTANCE only = 0, second;
    JET_SESID other;
    (void)state;
    plain_configure(JET_instanceNil, make_scratch_folder("only"));
    asked = 0;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramRuntimeCallback, (JET_API_PTR)(uintptr_t)&ask_while_it_starts, NULL));
    assert_good(JetInit(&only));
    assert_true(asked > 0);
    i = only;
    assert_err(JetCreateInstance(&second, "second"), JET_errRunningInOneInstanceMode);
    assert_err(JetCreateInstance2(&second, "second", NULL, 0), JET_errRunningInOneInstanceMode);
    assert_good(engine_enter_session(plain_session(only), 0, &used)); /* JetTerm waits for it */
    assert_int_equal(pthread_create(&thread, NULL, terminate, &answer), 0);
    while (JetBeginSession(only, &other, NULL, NULL) != JET_errTermInProgress)
        (void)JetEndSession(other, 0);
    ask(KIND(ONLY) | KIND(INSTANCE), JET_errTermInProgress);
    engine_leave_session(used);
    pthread_join(thread, NULL);
    assert_good(answer);

    only = 0;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramRuntimeCallback, 0, NULL));
    assert_good(JetInit(&only));
    assert_good(engine_enter_instance(only, 0, &inside));
    instance_disable(inside, JET_errLogWriteFail, __FILE__, __LINE__);
    engine_leave_instance(inside);
    ask(KIND(ONLY), JET_errInstanceUnavailable);
    assert_good(JetStopService());
    ask(KIND(ONLY), JET_errClientRequestToStopJetService); /* this is tested first */
    (void)JetTerm2(only, JET_bitTermAbrupt);
}

static JET_ERR ask_the_only_one(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)sesid, (void)snp, (void)data;
    if (snt == JET_sntBegin && asked++ == 0)
        ask(KIND(ONLY) | KIND(INSTANCE), JET_errRestoreInProgress);
    return JET_errSuccess;
}

static void the_only_instance_that_restores_says_so(void **state)
{
    (void)state;
    const char *folder = make_scratch_folder("only");
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramLogFilePath, 0, folder));
    asked = 0;
    assert_good(JetRestore2(set, folder, ask_the_only_one));
    assert_true(asked > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_handles_are_named_before_any_state),
        cmocka_unit_test(an_instance_that_was_not_started_is_not_initialized),
        cmocka_unit_test(a_disabled_instance_is_unavailable),
        cmocka_unit_test(a_stopped_instance_says_who_wanted_it),
        cmocka_unit_test(a_session_that_another_thread_uses_is_shared),
        cmocka_unit_test(an_instance_that_ends_says_so),
        cmocka_unit_test(a_detach_that_waits_keeps_nobody_else_out),
        cmocka_unit_test(an_instance_that_restores_says_so),
        cmocka_unit_test(the_only_instance_answers_for_its_state), /* the last ones: what they configure stays the default of the process */
        cmocka_unit_test(the_only_instance_that_restores_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
