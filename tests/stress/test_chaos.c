/* Threads make calls at random, most of them sensible and some with handles that are closed, foreign or invented: whatever they are answered must stand on the call's reference page
 * (tests/pages/pages.tsv) or be one of the general errors below, and at the end the database is sound. What the calls do is tested elsewhere; this is about what they do to one another.
 *
 * A short run only prints what a page does not name: which answers meet is chance, and a page that forgets one is no reason to stop everybody. A run of a minute or more fails by it.
 *
 * OPENESE_CHAOS_SECONDS: how long (3); OPENESE_CHAOS_THREADS: how many (8); OPENESE_SEED.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmocka_all.h"
#include "os/clock.h"
#include "page_builder.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, CURSORS = 4, THREADS_MOST = 32, ROOM = 2048, ODD_ONE_IN = 24, NAMES = 6, FINDINGS_MOST = 200, JUDGED_SECONDS = 60 };

struct worker {
    uint64_t random;
    unsigned number;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID cursors[CURSORS];
    JET_TABLEID t;             /* of this call */
    JET_SESID s;
    unsigned level;
    uint64_t calls, refused;
    char buffer[ROOM];
    uint32_t size, number_out;
};

static struct sample sample;
static const char *database_path, *other_paths[2], *set_path;
static struct worker workers[THREADS_MOST];
static unsigned worker_count;
static atomic_bool is_over;

static uint32_t below(struct worker *w, uint32_t limit) { return test_random_below(&w->random, limit); }
static JET_COLUMNID a_column(struct worker *w)
{
    const JET_COLUMNID all[] = {sample.id, sample.number, sample.text, sample.padded, sample.raw, sample.tags, sample.flag, sample.sum, sample.version, sample.word, sample.blob,
                                sample.small, sample.note, sample.wide, 4711};
    return all[below(w, sizeof all / sizeof all[0])];
}
static const char *an_index(struct worker *w)
{
    const char *const all[] = {NULL, "primary", "by_number", "by_text", "by_tags", "by_blob", "absent", "chaos"};
    return all[below(w, sizeof all / sizeof all[0])];
}
static const char *a_table_name(struct worker *w)
{
    static const char *const all[NAMES] = {"Sample", "Sample", "One", "Two", "Three", "absent"};
    return all[below(w, NAMES)];
}
static JET_GRBIT one_of(struct worker *w, const JET_GRBIT *bits, uint32_t count) { return bits[below(w, count)]; }
#define ONE_OF(w, ...) one_of(w, (const JET_GRBIT[]){__VA_ARGS__}, sizeof((const JET_GRBIT[]){__VA_ARGS__}) / sizeof(JET_GRBIT))

/* --- the calls --- */

static JET_ERR counted_begin(struct worker *w, JET_ERR err)
{
    w->level += err >= 0;
    return err;
}
static JET_ERR counted_end(struct worker *w, JET_ERR err)
{
    w->level -= err >= 0 && w->level > 0;
    return err;
}
static JET_ERR opened(struct worker *w, JET_ERR err, JET_TABLEID table)
{
    uint32_t at = below(w, CURSORS);
    if (err < 0)
        return err;
    (void)JetCloseTable(w->session, w->cursors[at]);
    w->cursors[at] = table;
    return err;
}
static JET_ERR open_temporary(struct worker *w)
{
    JET_COLUMNDEF columns[2] = {{.cbStruct = sizeof columns[0], .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey}, {.cbStruct = sizeof columns[1], .coltyp = JET_coltypLongBinary}};
    JET_COLUMNID ids[2];
    JET_TABLEID table = 0;
    JET_ERR err = JetOpenTempTable(w->session, columns, 2, ONE_OF(w, 0, JET_bitTTIndexed, JET_bitTTUpdatable, JET_bitTTScrollable, JET_bitTTUnique, JET_bitTTForwardOnly), &table, ids);
    return opened(w, err, table);
}
static JET_ERR open_table(struct worker *w)
{
    JET_TABLEID table = 0;
    JET_ERR err = JetOpenTable(w->session, w->dbid, a_table_name(w), NULL, 0, ONE_OF(w, 0, 0, JET_bitTableReadOnly, JET_bitTableUpdatable, JET_bitTableSequential), &table);
    return opened(w, err, table);
}
static JET_ERR duplicate(struct worker *w)
{
    JET_TABLEID table = 0;
    JET_ERR err = JetDupCursor(w->session, w->t, &table, 0);
    return opened(w, err, table);
}
static JET_ERR set_column(struct worker *w)
{
    uint32_t size = below(w, 4) == 0 ? below(w, ROOM) : 4;
    memset(w->buffer, (int)below(w, 256), sizeof w->buffer);
    return JetSetColumn(w->s, w->t, a_column(w), w->buffer, size, ONE_OF(w, 0, 0, JET_bitSetAppendLV, JET_bitSetOverwriteLV, JET_bitSetSizeLV, JET_bitSetZeroLength, JET_bitSetUniqueMultiValues), NULL);
}
static void *give_memory(void *context, void *memory, uint32_t bytes)
{
    (void)context;
    if (bytes != 0)
        return realloc(memory, bytes);
    free(memory);
    return NULL;
}
static JET_ERR enumerate(struct worker *w)
{
    uint32_t count = 0;
    JET_ENUMCOLUMN *columns = NULL;
    JET_ERR err = JetEnumerateColumns(w->s, w->t, 0, NULL, &count, &columns, give_memory, NULL, ROOM, ONE_OF(w, 0, JET_bitEnumerateCompressOutput, JET_bitEnumeratePresenceOnly));
    for (uint32_t i = 0; i < count && err >= 0 && columns != NULL; i++) {
        if (columns[i].err == JET_wrnColumnSingleValue) {
            free(columns[i].pvData);
            continue;
        }
        for (uint32_t k = 0; k < columns[i].cEnumColumnValue && columns[i].rgEnumColumnValue != NULL; k++)
            free(columns[i].rgEnumColumnValue[k].pvData);
        free(columns[i].rgEnumColumnValue);
    }
    free(columns);
    return err;
}
static JET_ERR retrieve_many(struct worker *w)
{
    JET_RETRIEVECOLUMN columns[3];
    memset(columns, 0, sizeof columns);
    for (int i = 0; i < 3; i++)
        columns[i] = (JET_RETRIEVECOLUMN){.columnid = a_column(w), .pvData = w->buffer + i * 512, .cbData = 512, .itagSequence = 1};
    return JetRetrieveColumns(w->s, w->t, columns, 3);
}
static JET_ERR create_table(struct worker *w)
{
    JET_TABLEID table = 0;
    JET_ERR err = JetCreateTable(w->session, w->dbid, a_table_name(w), 1, 90, &table);
    return opened(w, err, table);
}
static JET_ERR add_column(struct worker *w)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong, .grbit = ONE_OF(w, 0, JET_bitColumnTagged, JET_bitColumnFixed)};
    JET_COLUMNID id;
    char name[32];
    snprintf(name, sizeof name, "column%u", below(w, 5));
    return JetAddColumn(w->s, w->t, name, &definition, NULL, 0, &id);
}
static JET_ERR position(struct worker *w)
{
    JET_RECPOS place = {.cbStruct = sizeof place, .centriesLT = below(w, 10), .centriesInRange = 1, .centriesTotal = 10};
    return JetGotoPosition(w->s, w->t, &place);
}
static JET_ERR get_position(struct worker *w)
{
    JET_RECPOS place = {.cbStruct = sizeof place};
    return JetGetRecordPosition(w->s, w->t, &place, sizeof place);
}
static JET_ERR another_database(struct worker *w, bool is_created)
{
    JET_DBID dbid;
    const char *path = other_paths[below(w, 2)];
    return is_created ? JetCreateDatabase(w->session, path, NULL, &dbid, 0) : JetAttachDatabase(w->session, path, 0);
}
static JET_ERR detach(struct worker *w) { return JetDetachDatabase(w->session, other_paths[below(w, 2)]); }
/* Backups: one session of the instance, whose steps the threads make in any order. */
static _Atomic JET_HANDLE open_file;
static JET_ERR open_backup_file(struct worker *w)
{
    JET_HANDLE file;
    uint32_t low, high;
    JET_ERR err = JetOpenFileInstance(sample.live.instance, below(w, 8) == 0 ? "absent" : database_path, &file, &low, &high);
    if (err >= 0)
        atomic_store(&open_file, file);
    return err;
}
/* Snapshots: one session of all, too. */
static _Atomic JET_OSSNAPID snapshot;
static JET_ERR prepare_snapshot(struct worker *w)
{
    JET_OSSNAPID made = 0;
    JET_ERR err = JetOSSnapshotPrepare(&made, ONE_OF(w, 0, JET_bitIncrementalSnapshot));
    if (err >= 0) /* one that nobody ends stays for ever */
        (void)JetOSSnapshotAbort(atomic_exchange(&snapshot, made), 0);
    return err;
}
static JET_ERR freeze(void)
{
    uint32_t count;
    JET_INSTANCE_INFO *infos = NULL;
    JET_ERR err = JetOSSnapshotFreeze(atomic_load(&snapshot), &count, &infos, 0);
    if (err >= 0)
        (void)JetFreeBuffer((char *)infos);
    return err;
}
static JET_ERR list_instances(void)
{
    uint32_t count;
    JET_INSTANCE_INFO *infos = NULL;
    JET_ERR err = JetGetInstanceInfo(&count, &infos);
    if (err >= 0)
        (void)JetFreeBuffer((char *)infos);
    return err;
}
static JET_ERR duplicate_session(struct worker *w)
{
    JET_SESID other = 0;
    JET_ERR err = JetDupSession(w->s, &other);
    if (err >= 0)
        err = JetEndSession(other, 0);
    return err;
}
static JET_ERR set_many(struct worker *w)
{
    JET_SETCOLUMN columns[2] = {{.columnid = sample.word, .pvData = w->buffer, .cbData = 4, .itagSequence = 1},
                                {.columnid = sample.blob, .pvData = w->buffer, .cbData = below(w, ROOM), .itagSequence = 1}};
    return JetSetColumns(w->s, w->t, columns, 2);
}
static JET_ERR create_index_2(struct worker *w)
{
    JET_INDEXCREATE index = index_of("chaos", "+number\0", 9, 0);
    return JetCreateIndex2(w->s, w->t, &index, 1);
}
static JET_ERR filter(struct worker *w)
{
    JET_INDEX_COLUMN column = {.columnid = sample.number, .relop = JET_relopGreaterThan, .pv = (int32_t[]){5}, .cb = 4};
    return JetSetCursorFilter(w->s, w->t, &column, below(w, 2), 0);
}
static JET_ERR intersect(struct worker *w)
{
    JET_INDEXRANGE ranges[2] = {{.cbStruct = sizeof ranges[0], .tableid = w->cursors[0], .grbit = JET_bitRecordInIndex},
                                {.cbStruct = sizeof ranges[1], .tableid = w->cursors[1], .grbit = JET_bitRecordInIndex}};
    JET_RECORDLIST list = {.cbStruct = sizeof list};
    JET_ERR err = JetIntersectIndexes(w->session, ranges, 2, &list, 0);
    if (err >= 0)
        (void)JetCloseTable(w->session, list.tableid);
    return err;
}
static JET_ERR preread(struct worker *w)
{
    const void *keys[2] = {w->buffer, w->buffer};
    const uint32_t sizes[2] = {4, 5};
    int32_t done = 0;
    return JetPrereadKeys(w->s, w->t, keys, sizes, 2, &done, JET_bitPrereadForward);
}
static JET_ERR open_temporary_3(struct worker *w)
{
    JET_COLUMNDEF columns[2] = {{.cbStruct = sizeof columns[0], .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey}, {.cbStruct = sizeof columns[1], .coltyp = JET_coltypLongBinary}};
    JET_COLUMNID ids[2];
    JET_OPENTEMPORARYTABLE open = {.cbStruct = sizeof open, .prgcolumndef = columns, .ccolumn = 2, .prgcolumnid = ids, .grbit = ONE_OF(w, 0, JET_bitTTSortNullsHigh, JET_bitTTUpdatable)};
    JET_ERR err = JetOpenTemporaryTable(w->session, &open);
    return opened(w, err, open.tableid);
}
static JET_ERR renew_session(struct worker *w)
{
    JET_ERR err = JetEndSession(w->session, 0);
    if (err < 0)
        return err;
    w->level = 0;
    memset(w->cursors, 0, sizeof w->cursors);
    do
        err = JetBeginSession(sample.live.instance, &w->session, NULL, NULL);
    while (err == JET_errOutOfSessions && !atomic_load(&is_over));
    if (err >= 0)
        err = JetOpenDatabase(w->session, database_path, NULL, &w->dbid, 0);
    return err;
}

/* name, arguments: calls that need nothing else. */
#define PLAIN_CALLS(X) \
    X(Idle, (w->s, 0)) X(SetSessionContext, (w->s, w->number + 1)) X(ResetSessionContext, (w->s)) \
    X(Move, (w->s, w->t, (int32_t)ONE_OF(w, 1, (JET_GRBIT)-1, 3, (JET_GRBIT)JET_MoveFirst, (JET_GRBIT)JET_MoveLast), ONE_OF(w, 0, 0, JET_bitMoveKeyNE))) \
    X(MakeKey, (w->s, w->t, (int32_t[]){(int32_t)below(w, 100)}, 4, ONE_OF(w, JET_bitNewKey, JET_bitNewKey, 0, JET_bitNewKey | JET_bitStrLimit, JET_bitNormalizedKey))) \
    X(Seek, (w->s, w->t, ONE_OF(w, JET_bitSeekEQ, JET_bitSeekGE, JET_bitSeekLT, JET_bitSeekGE | JET_bitSetIndexRange, 0))) \
    X(SetIndexRange, (w->s, w->t, ONE_OF(w, JET_bitRangeInclusive, JET_bitRangeUpperLimit, JET_bitRangeInstantDuration | JET_bitRangeUpperLimit, JET_bitRangeRemove))) \
    X(SetCurrentIndex, (w->s, w->t, an_index(w))) X(SetCurrentIndex2, (w->s, w->t, an_index(w), ONE_OF(w, JET_bitMoveFirst, JET_bitNoMove))) \
    X(GetCurrentIndex, (w->s, w->t, w->buffer, 64)) X(GetBookmark, (w->s, w->t, w->buffer, ROOM, &w->size)) \
    X(GotoBookmark, (w->s, w->t, w->buffer, w->size > 0 && w->size < ROOM ? w->size : 1)) \
    X(GetSecondaryIndexBookmark, (w->s, w->t, w->buffer, 512, &w->number_out, w->buffer + 512, 512, &w->size, 0)) \
    X(IndexRecordCount, (w->s, w->t, &w->number_out, 10)) X(RetrieveKey, (w->s, w->t, w->buffer, ROOM, &w->number_out, ONE_OF(w, 0, JET_bitRetrieveCopy))) \
    X(RetrieveColumn, (w->s, w->t, a_column(w), w->buffer, ROOM, &w->number_out, ONE_OF(w, 0, JET_bitRetrieveCopy, JET_bitRetrieveFromIndex, JET_bitRetrieveTag), NULL)) \
    X(GetRecordSize, (w->s, w->t, (JET_RECSIZE *)(void *)w->buffer, ONE_OF(w, 0, JET_bitRecordSizeInCopyBuffer))) \
    X(GetCursorInfo, (w->s, w->t, NULL, 0, 0)) X(GetLock, (w->s, w->t, ONE_OF(w, JET_bitReadLock, JET_bitWriteLock))) \
    X(PrepareUpdate, (w->s, w->t, ONE_OF(w, JET_prepInsert, JET_prepReplace, JET_prepInsertCopy, JET_prepCancel, JET_prepReplaceNoLock))) \
    X(Update, (w->s, w->t, w->buffer, ROOM, &w->size)) X(Update2, (w->s, w->t, NULL, 0, NULL, 0)) X(Delete, (w->s, w->t)) \
    X(EscrowUpdate, (w->s, w->t, sample.sum, (int32_t[]){1}, 4, NULL, 0, NULL, 0)) \
    X(SetLS, (w->s, w->t, below(w, 3) + 1, ONE_OF(w, JET_bitLSTable, JET_bitLSCursor, JET_bitLSReset))) X(GetLS, (w->s, w->t, (JET_LS *)(void *)w->buffer, ONE_OF(w, JET_bitLSTable, JET_bitLSCursor))) \
    X(SetTableSequential, (w->s, w->t, 0)) X(ResetTableSequential, (w->s, w->t, 0)) X(CloseTable, (w->s, w->t)) \
    X(GetTableInfo, (w->s, w->t, w->buffer, ROOM, ONE_OF(w, JET_TblInfoName, JET_TblInfoDbid, JET_TblInfoSpaceUsage))) \
    X(GetTableColumnInfo, (w->s, w->t, "number", w->buffer, sizeof(JET_COLUMNDEF), JET_ColInfo)) \
    X(GetTableIndexInfo, (w->s, w->t, "by_text", w->buffer, 4, JET_IdxInfoKeyMost)) X(GetObjectInfo, (w->s, w->dbid, JET_objtypTable, NULL, a_table_name(w), w->buffer, sizeof(JET_OBJECTINFO), JET_ObjInfo)) \
    X(GetDatabaseInfo, (w->s, w->dbid, w->buffer, 4, ONE_OF(w, JET_DbInfoSpaceOwned, JET_DbInfoSpaceAvailable, JET_DbInfoPageSize))) \
    X(DeleteTable, (w->s, w->dbid, below(w, 4) == 0 ? a_table_name(w) : "absent")) X(RenameTable, (w->s, w->dbid, a_table_name(w), "Three")) \
    X(CreateIndex, (w->s, w->t, "chaos", 0, "+number\0", 9, 90)) X(DeleteIndex, (w->s, w->t, "chaos")) X(DeleteColumn, (w->s, w->t, "column1")) \
    X(RenameColumn, (w->s, w->t, "column2", "column3", 0)) X(CloseDatabase, (w->s, w->dbid, 0)) X(ResizeDatabase, (w->s, w->dbid, 300 + below(w, 300), &w->number_out, 0)) \
    X(GetInstanceMiscInfo, (sample.live.instance, w->buffer, sizeof(JET_SIGNATURE), JET_InstanceMiscInfoLogSignature)) \
    X(GetSystemParameter, (sample.live.instance, w->s, JET_paramMaxSessions, (JET_API_PTR[]){0}, w->buffer, ROOM)) \
    X(SetSystemParameter, ((JET_INSTANCE[]){sample.live.instance}, w->s, JET_paramDbExtensionSize, 8 + below(w, 64), NULL)) \
    X(BeginExternalBackupInstance, (sample.live.instance, ONE_OF(w, 0, JET_bitBackupIncremental))) X(GetAttachInfoInstance, (sample.live.instance, w->buffer, ROOM, &w->number_out)) \
    X(ReadFileInstance, (sample.live.instance, atomic_load(&open_file), w->buffer, ROOM, &w->number_out)) X(CloseFileInstance, (sample.live.instance, atomic_load(&open_file))) \
    X(GetLogInfoInstance, (sample.live.instance, w->buffer, ROOM, &w->number_out)) X(TruncateLogInstance, (sample.live.instance)) \
    X(StopBackupInstance, (sample.live.instance)) X(EndExternalBackupInstance2, (sample.live.instance, ONE_OF(w, JET_bitBackupEndNormal, JET_bitBackupEndAbort))) \
    X(GetRecordSize2, (w->s, w->t, (JET_RECSIZE2 *)(void *)w->buffer, 0)) X(IndexRecordCount2, (w->s, w->t, (uint64_t[]){0}, 10)) \
    X(SetCurrentIndex3, (w->s, w->t, an_index(w), ONE_OF(w, JET_bitMoveFirst, JET_bitNoMove), below(w, 3))) X(SetCurrentIndex4, (w->s, w->t, an_index(w), NULL, JET_bitMoveFirst, 1)) \
    X(GotoSecondaryIndexBookmark, (w->s, w->t, w->buffer, 5, w->buffer + 512, 5, ONE_OF(w, 0, JET_bitBookmarkPermitVirtualCurrency))) \
    X(GetTruncateLogInfoInstance, (sample.live.instance, w->buffer, ROOM, &w->number_out)) X(GetColumnInfo, (w->s, w->dbid, "Sample", "text", w->buffer, sizeof(JET_COLUMNDEF), JET_ColInfo)) \
    X(GetIndexInfo, (w->s, w->dbid, "Sample", "by_text", w->buffer, 4, JET_IdxInfoKeyMost)) X(GetDatabaseFileInfo, (other_paths[0], w->buffer, ROOM, JET_DbInfoMisc)) \
    X(GetVersion, (w->s, &w->number_out)) X(ComputeStats, (w->s, w->t)) X(GetSessionParameter, (w->s, JET_sesparamCommitDefault, w->buffer, 4, &w->number_out)) \
    X(SetSessionParameter, (w->s, JET_sesparamCommitDefault, (JET_GRBIT[]){JET_bitCommitLazyFlush}, sizeof(JET_GRBIT))) X(DeleteColumn2, (w->s, w->t, "column4", 0)) \
    X(SetColumnDefaultValue, (w->s, w->dbid, "Sample", "word", (int32_t[]){7}, 4, 0)) X(GrowDatabase, (w->s, w->dbid, 300 + below(w, 100), &w->number_out)) \
    X(BackupInstance, (sample.live.instance, set_path, JET_bitBackupAtomic, NULL)) X(GetErrorInfoW, ((JET_ERR[]){JET_errDiskFull}, w->buffer, sizeof(JET_ERRINFOBASIC), JET_ErrorInfoSpecificErr, 0)) \
    X(GetThreadStats, (w->buffer, sizeof(JET_THREADSTATS))) X(Defragment, (w->s, w->dbid, NULL, NULL, NULL, ONE_OF(w, JET_bitDefragmentBatchStart, JET_bitDefragmentBatchStop))) \
    X(OSSnapshotThaw, (atomic_load(&snapshot), 0)) X(OSSnapshotAbort, (atomic_load(&snapshot), 0)) X(OSSnapshotEnd, (atomic_load(&snapshot), 0)) X(OSSnapshotTruncateLog, (atomic_load(&snapshot), 0)) \
    X(Defragment2, (w->s, w->dbid, NULL, NULL, NULL, NULL, ONE_OF(w, JET_bitDefragmentBatchStart, JET_bitDefragmentBatchStop)))

/* name, function, and what the call of the page is named when several rows make it. */
#define OWN_CALLS(X) \
    X(BeginTransaction, counted_begin(w, JetBeginTransaction(w->session))) X(BeginTransaction2, counted_begin(w, JetBeginTransaction2(w->session, ONE_OF(w, 0, JET_bitTransactionReadOnly)))) \
    X(CommitTransaction, counted_end(w, JetCommitTransaction(w->session, ONE_OF(w, 0, JET_bitCommitLazyFlush, JET_bitCommitLazyFlush)))) \
    X(Rollback, counted_end(w, JetRollback(w->session, 0))) X(OpenTable, open_table(w)) X(OpenTempTable, open_temporary(w)) X(DupCursor, duplicate(w)) \
    X(SetColumn, set_column(w)) X(EnumerateColumns, enumerate(w)) X(RetrieveColumns, retrieve_many(w)) X(CreateTable, create_table(w)) X(AddColumn, add_column(w)) \
    X(GotoPosition, position(w)) X(GetRecordPosition, get_position(w)) X(CreateDatabase, another_database(w, true)) X(AttachDatabase, another_database(w, false)) \
    X(DetachDatabase, detach(w)) X(OpenFileInstance, open_backup_file(w)) X(OSSnapshotPrepare, prepare_snapshot(w)) X(OSSnapshotFreeze, ((void)w, freeze())) \
    X(GetInstanceInfo, ((void)w, list_instances())) X(DupSession, duplicate_session(w)) X(SetColumns, set_many(w)) X(CreateIndex2, create_index_2(w)) X(SetCursorFilter, filter(w)) \
    X(IntersectIndexes, intersect(w)) X(PrereadKeys, preread(w)) X(OpenTemporaryTable, open_temporary_3(w)) \
    X(BeginTransaction3, counted_begin(w, JetBeginTransaction3(w->session, 1, 0))) X(CommitTransaction2, counted_end(w, JetCommitTransaction2(w->session, JET_bitCommitLazyFlush, 0, NULL))) \
    X(EndSession, renew_session(w))

#define DEFINE_PLAIN(name, arguments) \
    static JET_ERR make_##name(struct worker *w) { (void)w; return Jet##name arguments; }
#define DEFINE_OWN(name, expression) \
    static JET_ERR make_##name(struct worker *w) { return expression; }
#define ROW(name, unused) {"Jet" #name, make_##name},
PLAIN_CALLS(DEFINE_PLAIN)
OWN_CALLS(DEFINE_OWN)
static const struct call {
    const char *name;
    JET_ERR (*make)(struct worker *);
} calls[] = {PLAIN_CALLS(ROW) OWN_CALLS(ROW)};
enum { CALL_COUNT = sizeof calls / sizeof calls[0], END_SESSION = CALL_COUNT - 1 };

/* --- what is documented --- */

static char *results_of[CALL_COUNT]; /* the page's results, a space before and behind each */

static const char *name_of_error(JET_ERR err)
{
    static _Thread_local char text[256];
    JET_API_PTR value = (JET_API_PTR)(intptr_t)err;
    if (JetGetSystemParameter(0, 0, JET_paramErrorToString, &value, text, sizeof text) < 0)
        return "?";
    char *end = strchr(text, ',');
    if (end != NULL)
        *end = 0;
    return text;
}

static void read_pages(void)
{
    static char line[1 << 14];
    FILE *file = fopen(SOURCE_FOLDER "/tests/pages/pages.tsv", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *bits = strchr(line, '\t'), *results = bits != NULL ? strchr(bits + 1, '\t') : NULL;
        if (line[0] == '#' || results == NULL)
            continue;
        *bits = 0;
        results[strcspn(results, "\n")] = 0;
        for (int i = 0; i < CALL_COUNT; i++)
            if (strcmp(calls[i].name, line) == 0)
                results_of[i] = strdup(text_of(" %s ", results + 1));
    }
    (void)fclose(file);
    for (int i = 0; i < CALL_COUNT; i++)
        if (results_of[i] == NULL)
            fail_msg("%s has no page", calls[i].name);
}

/* What any call may answer: about its handles and arguments, and about the state of transaction, session and instance. */
static bool is_general(JET_ERR err)
{
    static const JET_ERR all[] = {
        JET_errSuccess, JET_errInvalidSesid, JET_errInvalidTableId, JET_errSesidTableIdMismatch, JET_errInvalidDatabaseId, JET_errInvalidParameter, JET_errInvalidGrbit, JET_errInvalidBufferSize,
        JET_errSessionSharingViolation, JET_errWriteConflict, JET_errTransReadOnly, JET_errNotInTransaction, JET_errInTransaction, JET_errVersionStoreOutOfMemory,
        JET_errNoCurrentRecord, JET_errUpdateNotPrepared, JET_errAlreadyPrepared, JET_errPermissionDenied, JET_errIllegalOperation, JET_errObjectNotFound, JET_errColumnNotFound,
        JET_errKeyNotMade, JET_errNoCurrentIndex, JET_errTableLocked, JET_errFilteredMoveNotSupported, JET_errRecordDeleted, JET_errTransactionTooLong, JET_wrnBufferTruncated, JET_wrnColumnNull};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (err == all[i])
            return true;
    return false;
}

/* What the pages forget. */
static const struct { const char *call; JET_ERR err; } beside_the_page[] = {
    {"JetSetCurrentIndex", JET_errIndexNotFound}, {"JetSetCurrentIndex2", JET_errIndexNotFound}, {"JetIdle", JET_wrnNoIdleActivity},
    {"JetRenameTable", JET_errTableDuplicate}, {"JetUpdate", JET_errNullInvalid}, {"JetUpdate2", JET_errNullInvalid}, {"JetTruncateLogInstance", JET_errLogFileNotCopied}, {"JetResizeDatabase", JET_errFeatureNotAvailable},
    {"JetCreateIndex", JET_errIndexDuplicate}, {"JetRenameColumn", JET_errColumnDuplicate}, {"JetDeleteIndex", JET_errIndexInUse},
    {"JetOpenFileInstance", JET_errDatabaseNotFound}, {"JetGetLogInfoInstance", JET_errBufferTooSmall}, {"JetGetTruncateLogInfoInstance", JET_errBufferTooSmall},
    {"JetSetCurrentIndex3", JET_errIndexNotFound}, {"JetSetCurrentIndex4", JET_errIndexNotFound}, {"JetGetDatabaseFileInfo", JET_errFileNotFound},
    {"JetOSSnapshotTruncateLog", JET_errOSSnapshotInvalidSnapId}, {"JetOSSnapshotThaw", JET_errOSSnapshotInvalidSequence}, {"JetOSSnapshotFreeze", JET_errMissingFullBackup},
    {"JetBackupInstance", JET_errBackupAbortByServer}, {"JetBackupInstance", JET_errBackupDirectoryNotEmpty},
    {"JetSeek", JET_wrnSeekNotEqual}, {"JetEndExternalBackupInstance2", JET_errBackupAbortByCaller}, /* these two have another name too */
};

static bool is_beside_the_page(int call, JET_ERR err)
{
    for (size_t i = 0; i < sizeof beside_the_page / sizeof beside_the_page[0]; i++)
        if (err == beside_the_page[i].err && strcmp(calls[call].name, beside_the_page[i].call) == 0)
            return true;
    return false;
}

static struct { int call; JET_ERR err; } findings[FINDINGS_MOST];
static unsigned finding_count;
static pthread_mutex_t findings_lock = PTHREAD_MUTEX_INITIALIZER;

static void judge(int call, JET_ERR err)
{
    char name[ROOM];
    snprintf(name, sizeof name, " %s ", name_of_error(err));
    if (is_general(err) || strstr(results_of[call], name) != NULL || is_beside_the_page(call, err))
        return;
    pthread_mutex_lock(&findings_lock);
    bool is_known = false;
    for (unsigned i = 0; i < finding_count; i++)
        is_known = is_known || (findings[i].call == call && findings[i].err == err);
    if (!is_known && finding_count < FINDINGS_MOST) {
        findings[finding_count].call = call;
        findings[finding_count++].err = err;
        print_message("%s answered %s (%d), which its page does not name\n", calls[call].name, name_of_error(err), err);
    }
    pthread_mutex_unlock(&findings_lock);
}

/* --- the threads --- */

/* Where the time goes: what waits for others shows here. */
static atomic_uint_fast64_t taken_ns[CALL_COUNT], made[CALL_COUNT];

static void print_slowest(void)
{
    for (int n = 0; n < 5; n++) {
        int most = 0;
        for (int i = 1; i < CALL_COUNT; i++)
            if (atomic_load(&taken_ns[i]) > atomic_load(&taken_ns[most]))
                most = i;
        print_message("  %s: %llu calls, %.0f ms\n", calls[most].name, (unsigned long long)atomic_load(&made[most]), (double)atomic_load(&taken_ns[most]) / 1e6);
        atomic_store(&taken_ns[most], 0);
    }
}

/* The thread's own session and one of its cursors, which is opened again when it has gone; sometimes neither. */
static void choose_handles(struct worker *w)
{
    JET_TABLEID *cursor = &w->cursors[below(w, CURSORS)];
    if (JetGetCursorInfo(w->session, *cursor, NULL, 0, 0) == JET_errInvalidTableId && JetOpenTable(w->session, w->dbid, "Sample", NULL, 0, 0, cursor) < 0)
        *cursor = 0;
    if (below(w, 4) == 0)
        (void)JetMove(w->session, *cursor, JET_MoveFirst, 0);
    w->s = w->session;
    w->t = *cursor;
    if (below(w, ODD_ONE_IN) == 0)
        w->t = below(w, 2) == 0 ? (JET_TABLEID)test_random(&w->random) : w->cursors[0] + 1;
    if (below(w, ODD_ONE_IN) == 0)
        w->s = (JET_SESID)test_random(&w->random);
}

/* A transaction belongs to the context it was begun in, and so goes back only there. */
static void roll_all_back(struct worker *w)
{
    if (JetRollback(w->session, JET_bitRollbackAll) == JET_errSessionSharingViolation) {
        if (JetSetSessionContext(w->session, w->number + 1) == JET_errSuccess || JetResetSessionContext(w->session) == JET_errSuccess)
            (void)JetRollback(w->session, JET_bitRollbackAll);
    }
    w->level = 0;
}

static void *work(void *argument)
{
    struct worker *w = argument;
    while (!atomic_load(&is_over)) {
        choose_handles(w);
        int call = (int)below(w, CALL_COUNT);
        if (calls[call].make == make_DetachDatabase && below(w, 16) != 0)
            continue; /* it may wait seconds for the transactions of others, and everybody for it */
        uint64_t begun = clock_monotonic_ns();
        JET_ERR err = calls[call].make(w);
        atomic_fetch_add(&taken_ns[call], clock_monotonic_ns() - begun);
        atomic_fetch_add(&made[call], 1);
        w->calls++;
        w->refused += err < 0;
        judge(call, err);
        if (w->level > 0 && below(w, 40) == 0) /* long transactions would fill the version store */
            roll_all_back(w);
    }
    roll_all_back(w);
    JET_ERR err = JetEndSession(w->session, 0);
    judge(END_SESSION, err);
    return NULL;
}

static void threads_may_call_anything_at_any_time(void **state)
{
    pthread_t threads[THREADS_MOST];
    uint64_t seconds = number_from("OPENESE_CHAOS_SECONDS", 3), seed = number_from("OPENESE_SEED", clock_monotonic_ns()), all = 0, refused = 0;
    (void)state;
    worker_count = (unsigned)number_from("OPENESE_CHAOS_THREADS", 8);
    assert_in_range(worker_count, 1, THREADS_MOST);
    print_message("seed %llu, %u threads, %llu s, %d calls\n", (unsigned long long)seed, worker_count, (unsigned long long)seconds, CALL_COUNT);
    sample_start(&sample, PAGE_SIZE);
    database_path = text_of("%s/sample.edb", sample.live.folder);
    for (int i = 0; i < 2; i++)
        other_paths[i] = text_of("%s/other%d.edb", sample.live.folder, i);
    set_path = make_scratch_folder("chaos-set");
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramOSSnapshotTimeout, 200, NULL)); /* a frozen instance keeps writers waiting */
    read_pages();
    assert_good(JetBeginTransaction(sample.session));
    for (int32_t i = 1; i <= 50; i++)
        insert_sample(&sample, i * 2, i, "row");
    assert_good(JetCommitTransaction(sample.session, 0));
    for (unsigned i = 0; i < worker_count; i++) {
        workers[i] = (struct worker){.random = seed + i, .number = i};
        assert_good(JetBeginSession(sample.live.instance, &workers[i].session, NULL, NULL));
        assert_good(JetOpenDatabase(workers[i].session, database_path, NULL, &workers[i].dbid, 0));
        assert_good(JetOpenTable(workers[i].session, workers[i].dbid, "Sample", NULL, 0, 0, &workers[i].cursors[0]));
    }
    for (unsigned i = 0; i < worker_count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    struct timespec pause = {.tv_sec = (time_t)seconds};
    nanosleep(&pause, NULL);
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < worker_count; i++) {
        pthread_join(threads[i], NULL);
        all += workers[i].calls;
        refused += workers[i].refused;
    }
    print_message("%llu calls, %llu refused\n", (unsigned long long)all, (unsigned long long)refused);
    print_slowest();
    (void)JetOSSnapshotAbort(atomic_load(&snapshot), 0);
    (void)JetStopBackupInstance(sample.live.instance);
    (void)JetEndExternalBackupInstance2(sample.live.instance, JET_bitBackupEndAbort);
    sample_stop(&sample);
    for (int i = 0; i < CALL_COUNT; i++)
        free(results_of[i]);
    if (seconds >= JUDGED_SECONDS)
        assert_int_equal(finding_count, 0);
    assert_true(all > 100 && refused < all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_may_call_anything_at_any_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
