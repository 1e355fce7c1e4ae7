/* JetDefragment and JetDefragment2: started, stopped, what they do and leave alone; and the smaller calls of maintenance: JetDatabaseScan, JetComputeStats,
 * JetConfigureProcessForCrashDump (their reference pages).
 *
 * Pages: JetDefragment, JetDefragment2, JetDefragment3, JetComputeStats, JetConfigureProcessForCrashDump */
#define ESENT_PRIVATE
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "os/thread.h"
#include "sample_table.h"
#include "shared_data.h"
#include "sound_file.h"

enum { WAIT_MS = 20000, POLL_MS = 5, PAGE = 4096 };

/* In transactions that the version store holds with ease. */
static void next_transaction(struct sample *s, int32_t id)
{
    enum { ROWS = 200 };
    if (id % ROWS != 0)
        return;
    assert_good(JetCommitTransaction(s->session, JET_bitCommitLazyFlush));
    assert_true(JetIdle(s->session, JET_bitIdleCompact) >= 0);
    assert_good(JetBeginTransaction(s->session));
}

static void insert_rows(struct sample *s, int32_t from, int32_t to)
{
    assert_good(JetBeginTransaction(s->session));
    for (int32_t id = from; id <= to; id++) {
        insert_sample(s, id, id, text_of("some text %d", id % 50));
        next_transaction(s, id);
    }
    assert_good(JetCommitTransaction(s->session, JET_bitCommitLazyFlush));
}

/* Deletes all but every `kept`th. */
static void thin_out(struct sample *s, int32_t from, int32_t to, int32_t kept)
{
    assert_good(JetBeginTransaction(s->session));
    for (int32_t id = from; id <= to; id++) {
        next_transaction(s, id);
        if (id % kept == 0)
            continue;
        assert_good(seek_id(s, s->table, id));
        assert_good(JetDelete(s->session, s->table));
    }
    assert_good(JetCommitTransaction(s->session, JET_bitCommitLazyFlush));
    assert_true(JetIdle(s->session, JET_bitIdleCompact) >= 0);
}

static void assert_ids(struct sample *s, int32_t from, int32_t to, int32_t kept)
{
    for (int32_t id = from; id <= to; id++)
        assert_err(seek_id(s, s->table, id), id % kept == 0 ? JET_errSuccess : JET_errRecordNotFound);
}

/* Pages that are in use by the table and all that belongs to it. */
static uint32_t pages_used(struct sample *s)
{
    uint32_t space[2];
    assert_good(JetGetTableInfo(s->session, s->table, space, sizeof space, JET_TblInfoSpaceUsage));
    return space[0] - space[1];
}

static JET_ERR stop_defragment(struct sample *s, uint32_t *passes, uint32_t *seconds)
{
    return JetDefragment(s->session, s->dbid, NULL, passes, seconds, JET_bitDefragmentBatchStop);
}

static atomic_uint completed;
static atomic_uint_least64_t callback_dbid;

static JET_ERR JET_API note_completed(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *a, void *b, void *context, JET_API_PTR unused)
{
    (void)a, (void)b, (void)context, (void)unused;
    bool is_right = session != JET_sesidNil && table == JET_tableidNil && type == JET_cbtypOnlineDefragCompleted && JetBeginTransaction(session) >= 0 && JetRollback(session, 0) >= 0;
    atomic_store(&callback_dbid, dbid);
    atomic_fetch_add(&completed, is_right ? 1 : 1000);
    return JET_errSuccess;
}

static void wait_until_completed(unsigned count)
{
    for (int i = 0; i < WAIT_MS / POLL_MS && atomic_load(&completed) < count; i++)
        thread_sleep_ms(POLL_MS);
    assert_int_equal(atomic_load(&completed), count);
}

static void stop_and_verify(struct sample *s)
{
    const char *path = text_of("%s/sample.edb", s->live.folder);
    live_stop(&s->live);
    assert_int_equal(expect_sound_file(path).pages_lost, 0);
}

static void pages_of_thinned_tables_are_freed(void **state)
{
    struct sample s;
    uint32_t passes = 2, zero = 0;
    (void)state;
    sample_start(&s, PAGE);
    insert_rows(&s, 1, 2000);
    thin_out(&s, 1, 2000, 40);
    uint32_t before = pages_used(&s);
    atomic_store(&completed, 0);
    assert_good(JetDefragment2(s.session, s.dbid, NULL, &passes, &zero, note_completed, JET_bitDefragmentBatchStart));
    wait_until_completed(1);
    assert_int_equal(atomic_load(&callback_dbid), s.dbid);
    if (pages_used(&s) * 2 > before)
        fail_msg("%u pages were in use, %u are", before, pages_used(&s));
    assert_ids(&s, 1, 2000, 40);
    passes = 99;
    assert_err(stop_defragment(&s, &passes, NULL), JET_wrnDefragNotRunning); /* it has ended by itself */
    assert_int_equal(passes, 0);
    stop_and_verify(&s);
}

/* Which rows are kept where every second one, at random, is deleted. */
static bool is_kept(int32_t id) { return ((uint32_t)id * 2654435761u >> 16) % 2 == 0; }

static void lose_half(struct sample *s, int32_t to)
{
    assert_good(JetBeginTransaction(s->session));
    for (int32_t id = 1; id <= to; id++) {
        next_transaction(s, id);
        if (is_kept(id))
            continue;
        assert_good(seek_id(s, s->table, id));
        assert_good(JetDelete(s->session, s->table));
    }
    assert_good(JetCommitTransaction(s->session, JET_bitCommitLazyFlush));
    assert_true(JetIdle(s->session, JET_bitIdleCompact) >= 0);
}

/* Of the rows. */
static uint32_t leaf_pages(struct sample *s)
{
    JET_OBJECTINFO info;
    assert_good(JetComputeStats(s->session, s->table));
    assert_good(JetGetTableInfo(s->session, s->table, &info, sizeof info, JET_TblInfo));
    return (uint32_t)info.cPage;
}

static uint32_t defragment(struct sample *s, uint32_t passes, JET_GRBIT grbit)
{
    atomic_store(&completed, 0);
    assert_good(JetDefragment2(s->session, s->dbid, NULL, &passes, NULL, note_completed, JET_bitDefragmentBatchStart | grbit));
    wait_until_completed(1);
    return leaf_pages(s);
}

/* No leaf is so empty that whole ones could be merged as they are: nodes must move between all of them. */
static void a_table_that_lost_half_its_rows_at_random_takes_half_the_pages(void **state)
{
    enum { LAST = 2500 };
    struct sample s;
    (void)state;
    sample_start(&s, PAGE);
    insert_rows(&s, 1, LAST);
    lose_half(&s, LAST);
    uint32_t before = leaf_pages(&s), whole_only = defragment(&s, 1, JET_bitDefragmentNoPartialMerges), after = defragment(&s, 2, 0);
    print_message("%u leaves, %u with whole leaves merged, %u packed\n", before, whole_only, after);
    assert_true(whole_only < before);
    assert_true(after < whole_only && after * 10 < before * 6);
    for (int32_t id = 1; id <= LAST; id++)
        assert_err(seek_id(&s, s.table, id), is_kept(id) ? JET_errSuccess : JET_errRecordNotFound);
    assert_int_equal(defragment(&s, 1, 0), after); /* nothing left to do */
    stop_and_verify(&s);
}

static void one_task_runs_until_it_is_stopped_and_counts_its_passes(void **state)
{
    struct sample s;
    uint32_t passes = 0, seconds = 99;
    (void)state;
    sample_start(&s, PAGE);
    insert_rows(&s, 1, 100);
    assert_err(stop_defragment(&s, NULL, NULL), JET_wrnDefragNotRunning);
    assert_good(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart));
    assert_err(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart), JET_wrnDefragAlreadyRunning);
    for (int i = 0; i < WAIT_MS / POLL_MS && passes == 0; i++) { /* it is stopped and started until a pass was done in between */
        thread_sleep_ms(10 * POLL_MS);
        assert_good(stop_defragment(&s, &passes, &seconds));
        assert_true(seconds < 60);
        assert_err(stop_defragment(&s, NULL, NULL), JET_wrnDefragNotRunning);
        assert_good(JetDefragmentW(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart));
    }
    assert_true(passes >= 1);
    assert_good(JetCloseTable(s.session, s.table));
    assert_good(JetCloseDatabase(s.session, s.dbid, 0));
    assert_good(JetDetachDatabase(s.session, NULL)); /* ends it */
    live_stop(&s.live);
}

static void no_passes_and_no_time_end_it(void **state)
{
    struct sample s;
    uint32_t passes = 0, seconds = 1;
    (void)state;
    sample_start(&s, PAGE);
    atomic_store(&completed, 0);
    assert_good(JetDefragment2(s.session, s.dbid, NULL, &passes, NULL, note_completed, JET_bitDefragmentBatchStart));
    wait_until_completed(1);
    assert_good(JetDefragment2(s.session, s.dbid, NULL, NULL, &seconds, note_completed, JET_bitDefragmentBatchStart | JET_bitDefragmentAvailSpaceTreesOnly));
    wait_until_completed(2);
    stop_and_verify(&s);
}

static void one_table_is_done_in_the_background(void **state)
{
    struct sample s;
    uint32_t passes = 5, seconds = 5;
    (void)state;
    sample_start(&s, PAGE);
    insert_rows(&s, 1, 2000);
    thin_out(&s, 1, 2000, 40);
    uint32_t before = pages_used(&s);
    JET_ERR err = JET_wrnDefragAlreadyRunning;
    assert_err(JetDefragment2(s.session, s.dbid, "Sample", &passes, &seconds, note_completed, JET_bitDefragmentBTree), JET_errInvalidParameter);
    assert_int_equal(passes + seconds, 0);
    assert_err(JetDefragment2(s.session, s.dbid, NULL, NULL, NULL, NULL, JET_bitDefragmentBTree), JET_errInvalidName);
    assert_err(JetDefragment2(s.session, s.dbid, "Nothing", NULL, NULL, NULL, JET_bitDefragmentBTree), JET_errObjectNotFound);
    assert_err(JetDefragment2(s.session, s.dbid, "Sample", NULL, NULL, NULL, JET_bitDefragmentBTree | JET_bitDefragmentBatchStart), JET_errInvalidGrbit);
    assert_good(JetDefragment2W(s.session, s.dbid, u"Sample", NULL, NULL, NULL, JET_bitDefragmentBTree));
    for (int i = 0; i < WAIT_MS / POLL_MS && pages_used(&s) * 2 > before; i++)
        thread_sleep_ms(POLL_MS);
    assert_true(pages_used(&s) * 2 <= before);
    for (int i = 0; i < WAIT_MS / POLL_MS && err == JET_wrnDefragAlreadyRunning; i++) { /* the whole database, once */
        err = JetDefragment2(s.session, s.dbid, NULL, NULL, NULL, NULL, JET_bitDefragmentBTreeBatch | JET_bitDefragmentBatchStart);
        thread_sleep_ms(POLL_MS);
    }
    assert_good(err);
    assert_err(JetDefragment2(s.session, s.dbid, NULL, &passes, NULL, NULL, JET_bitDefragmentBTreeBatch | JET_bitDefragmentBatchStart), JET_errInvalidParameter);
    assert_err(JetDefragment2(s.session, s.dbid, "Sample", NULL, NULL, NULL, JET_bitDefragmentBTreeBatch | JET_bitDefragmentBatchStart), JET_errInvalidParameter);
    assert_err(JetDefragment2(s.session, s.dbid, NULL, NULL, NULL, NULL, JET_bitDefragmentBTreeBatch), JET_errInvalidGrbit);
    stop_and_verify(&s);
}

static void what_may_not_be_changed_is_refused(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, PAGE);
    const char *path = text_of("%s/sample.edb", s.live.folder);
    assert_err(JetDefragment(s.session, s.dbid + 1, NULL, NULL, NULL, JET_bitDefragmentBatchStart), JET_errInvalidDatabaseId);
    assert_err(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, 0), JET_errInvalidGrbit);
    assert_err(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart | JET_bitDefragmentBatchStop), JET_errInvalidGrbit);
    assert_err(JetDefragment3(s.session, path, NULL, NULL, NULL, NULL, NULL, 0), JET_errInvalidParameter);
    assert_err(JetDefragment3W(s.session, u"x", NULL, NULL, NULL, NULL, NULL, 0), JET_errInvalidParameter);
    assert_good(JetBeginTransaction2(s.session, JET_bitTransactionReadOnly));
    assert_err(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart), JET_errTransReadOnly);
    assert_good(JetRollback(s.session, 0));
    assert_good(JetSetSystemParameter(&s.live.instance, 0, JET_paramEnableOnlineDefrag, JET_OnlineDefragDisable, NULL));
    assert_good(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart));
    assert_good(stop_defragment(&s, NULL, NULL)); /* switched off: nothing is started, and nothing missed */
    assert_good(JetSetSystemParameter(&s.live.instance, 0, JET_paramEnableOnlineDefrag, JET_OnlineDefragAllOBSOLETE, NULL));
    assert_err(stop_defragment(&s, NULL, NULL), JET_wrnDefragNotRunning);
    assert_good(JetCloseTable(s.session, s.table));
    assert_good(JetCloseDatabase(s.session, s.dbid, 0));
    assert_good(JetDetachDatabase(s.session, path));
    assert_good(JetAttachDatabase(s.session, path, JET_bitDbReadOnly));
    assert_int_equal(JetOpenDatabase(s.session, path, NULL, &s.dbid, JET_bitDbReadOnly), JET_errSuccess);
    assert_err(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart), JET_errDatabaseFileReadOnly);
    live_stop(&s.live);
}

/* Two writers and a client that makes and deletes tables, all the while. */
struct writer {
    JET_INSTANCE instance;
    const char *path;
    int32_t first;
    struct thread thread;
    JET_ERR result;
};

enum { ROUNDS = 6, ROUND_ROWS = 150 };

static JET_ERR write_round(JET_SESID session, JET_TABLEID table, JET_COLUMNID id, int32_t first)
{
    JET_ERR err = JetBeginTransaction(session);
    for (int32_t i = 0; err >= 0 && i < ROUND_ROWS; i++) {
        int32_t value = first + i;
        err = JetPrepareUpdate(session, table, JET_prepInsert);
        if (err >= 0)
            err = JetSetColumn(session, table, id, &value, sizeof value, 0, NULL);
        if (err >= 0)
            err = JetUpdate(session, table, NULL, 0, NULL);
    }
    if (err >= 0)
        err = JetCommitTransaction(session, JET_bitCommitLazyFlush);
    if (err >= 0)
        err = JetBeginTransaction(session);
    for (int32_t i = 0; err >= 0 && i < ROUND_ROWS; i++) {
        int32_t value = first + i;
        if (i % 20 == 0)
            continue;
        err = JetMakeKey(session, table, &value, sizeof value, JET_bitNewKey);
        if (err >= 0)
            err = JetSeek(session, table, JET_bitSeekEQ);
        if (err >= 0)
            err = JetDelete(session, table);
    }
    return err >= 0 ? JetCommitTransaction(session, JET_bitCommitLazyFlush) : err;
}

static void *write_rows(void *argument)
{
    struct writer *w = argument;
    JET_SESID session = JET_sesidNil;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNDEF column;
    JET_ERR err = JetBeginSession(w->instance, &session, NULL, NULL);
    if (err >= 0)
        err = JetOpenDatabase(session, w->path, NULL, &dbid, 0);
    if (err >= 0)
        err = JetOpenTable(session, dbid, "Sample", NULL, 0, 0, &table);
    if (err >= 0)
        err = JetGetTableColumnInfo(session, table, "id", &column, sizeof column, JET_ColInfo);
    for (int round = 0; err >= 0 && round < ROUNDS; round++)
        err = write_round(session, table, column.columnid, w->first + round * ROUND_ROWS);
    if (session != JET_sesidNil && err >= 0)
        err = JetEndSession(session, 0);
    w->result = err;
    return NULL;
}

static void it_runs_beside_writers_and_deleted_tables(void **state)
{
    struct sample s;
    struct writer writers[2];
    (void)state;
    sample_start(&s, PAGE);
    assert_good(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart));
    for (int i = 0; i < 2; i++) {
        writers[i] = (struct writer){.instance = s.live.instance, .path = text_of("%s/sample.edb", s.live.folder), .first = 100000 * (i + 1)};
        assert_good(thread_start(&writers[i].thread, write_rows, &writers[i]));
    }
    for (int round = 0; round < 8; round++) {
        JET_COLUMNCREATE columns[] = {column_of("n", JET_coltypLong, 0, 0)};
        JET_TABLEID table = make_table(&s, "Passing", columns, 1, NULL, 0);
        for (int i = 0; i < 50; i++) {
            assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
            assert_good(JetUpdate(s.session, table, NULL, 0, NULL));
        }
        assert_good(JetCloseTable(s.session, table));
        assert_good(JetDeleteTable(s.session, s.dbid, "Passing"));
        assert_err(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart), JET_wrnDefragAlreadyRunning);
        if (round % 3 == 2) { /* otherwise it might sleep after an idle pass */
            assert_good(stop_defragment(&s, NULL, NULL));
            assert_good(JetDefragment(s.session, s.dbid, NULL, NULL, NULL, JET_bitDefragmentBatchStart));
        }
    }
    for (int i = 0; i < 2; i++) {
        thread_join(&writers[i].thread);
        assert_good(writers[i].result);
        for (int32_t k = 0; k < ROUNDS * ROUND_ROWS; k++)
            assert_err(seek_id(&s, s.table, writers[i].first + k), k % ROUND_ROWS % 20 == 0 ? JET_errSuccess : JET_errRecordNotFound);
    }
    stop_and_verify(&s); /* the end of the instance ends it */
}

/* --- JetDatabaseScan --- */

static atomic_uint scanned_pages;

static JET_ERR JET_API note_scanned(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *seconds, void *pages, void *context, JET_API_PTR unused)
{
    (void)session, (void)dbid, (void)table, (void)context, (void)unused, (void)seconds;
    if (type == JET_cbtypScanCompleted)
        atomic_store(&scanned_pages, *(uint32_t *)pages);
    return JET_errSuccess;
}

static void a_scan_reads_every_page_and_can_be_stopped(void **state)
{
    struct sample s;
    uint32_t seconds = 0, pages = 0;
    (void)state;
    sample_start(&s, PAGE);
    insert_rows(&s, 1, 300);
    assert_good(JetGetDatabaseInfo(s.session, s.dbid, &pages, sizeof pages, JET_DbInfoSpaceOwned));
    atomic_store(&scanned_pages, 0);
    assert_err(JetDatabaseScan(s.session, s.dbid, NULL, 0, NULL, 0), JET_errInvalidGrbit);
    assert_err(JetDatabaseScan(s.session, s.dbid, NULL, 0, NULL, JET_bitDatabaseScanBatchStart | JET_bitDatabaseScanBatchStop), JET_errInvalidGrbit);
    assert_err(JetDatabaseScan(s.session, s.dbid, NULL, 0, note_scanned, JET_bitDatabaseScanBatchStartContinuous), JET_errInvalidParameter);
    assert_good(JetDatabaseScan(s.session, s.dbid, &seconds, 0, note_scanned, JET_bitDatabaseScanBatchStart));
    for (int i = 0; i < WAIT_MS / POLL_MS && atomic_load(&scanned_pages) == 0; i++)
        thread_sleep_ms(POLL_MS);
    assert_true(atomic_load(&scanned_pages) >= pages);
    assert_good(JetDatabaseScan(s.session, s.dbid, NULL, 0, NULL, JET_bitDatabaseScanBatchStop));
    assert_good(JetDatabaseScan(s.session, s.dbid, NULL, 0, NULL, JET_bitDatabaseScanBatchStartContinuous));
    assert_err(JetDatabaseScan(s.session, s.dbid, NULL, 0, NULL, JET_bitDatabaseScanBatchStart), JET_errDatabaseAlreadyRunningMaintenance);
    seconds = 99;
    assert_good(JetDatabaseScan(s.session, s.dbid, &seconds, 0, NULL, JET_bitDatabaseScanBatchStop));
    assert_true(seconds < 60);
    stop_and_verify(&s);
}

static atomic_bool is_copying;

static JET_ERR JET_API linger(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    enum { LINGER_MS = 300 };
    (void)session, (void)snp, (void)data;
    if (snt == JET_sntBegin) {
        atomic_store(&is_copying, true);
        thread_sleep_ms(LINGER_MS);
    }
    return JET_errSuccess;
}

/* Inside a call for a while, which JetTerm waits for. */
static void *stay_inside(void *argument)
{
    const struct sample *s = argument;
    JET_SESID session;
    assert_good(JetBeginSession(s->live.instance, &session, NULL, NULL));
    assert_err(JetCompact(session, "none.edb", "copy.edb", linger, NULL, 0), JET_errDatabaseNotFound);
    return NULL;
}

static void a_task_outlives_an_end_of_the_instance_that_is_refused(void **state)
{
    enum { SLEEP_MS = 20 };
    struct sample s;
    struct thread thread;
    (void)state;
    sample_start(&s, PAGE);
    insert_rows(&s, 1, 10);
    atomic_store(&is_copying, false);
    atomic_store(&scanned_pages, 0);
    assert_good(JetDatabaseScan(s.session, s.dbid, NULL, SLEEP_MS, note_scanned, JET_bitDatabaseScanBatchStart));
    assert_good(JetBeginTransaction(s.session));
    assert_good(thread_start(&thread, stay_inside, &s));
    while (!atomic_load(&is_copying))
        thread_sleep_ms(POLL_MS);
    assert_err(JetTerm(s.live.instance), JET_errTooManyActiveUsers);
    thread_join(&thread);
    assert_good(JetRollback(s.session, 0));
    for (int i = 0; i < WAIT_MS / POLL_MS && atomic_load(&scanned_pages) == 0; i++)
        thread_sleep_ms(POLL_MS);
    assert_true(atomic_load(&scanned_pages) > 0); /* to the last page */
    stop_and_verify(&s);
}

/* --- JetComputeStats --- */

static void computed_statistics_are_found_in_the_lists(void **state)
{
    struct sample s;
    JET_OBJECTINFO info;
    JET_INDEXLIST list;
    (void)state;
    sample_start(&s, PAGE);
    insert_rows(&s, 1, 500);
    assert_good(JetGetTableInfo(s.session, s.table, &info, sizeof info, JET_TblInfo));
    assert_int_equal(info.cRecord, 0); /* never counted */
    assert_good(JetComputeStats(s.session, s.table));
    assert_good(JetGetTableInfo(s.session, s.table, &info, sizeof info, JET_TblInfo));
    assert_int_equal(info.cRecord, 500);
    assert_true(info.cPage > 1 && info.cPage < 500);
    insert_rows(&s, 501, 600);
    assert_good(JetGetTableInfo(s.session, s.table, &info, sizeof info, JET_TblInfo));
    assert_int_equal(info.cRecord, 500); /* as counted */
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetComputeStats(s.session, s.table));
    assert_good(JetRollback(s.session, 0));
    assert_good(JetGetTableInfo(s.session, s.table, &info, sizeof info, JET_TblInfo));
    assert_int_equal(info.cRecord, 500); /* rolled back */
    assert_good(JetGetTableIndexInfo(s.session, s.table, "by_text", &list, sizeof list, JET_IdxInfo));
    uint32_t numbers[3];
    const JET_COLUMNID columns[] = {list.columnidcEntry, list.columnidcKey, list.columnidcPage};
    for (int i = 0; i < 3; i++)
        assert_good(JetRetrieveColumn(s.session, list.tableid, columns[i], &numbers[i], sizeof numbers[i], NULL, 0, NULL));
    assert_int_equal(numbers[0], 500);
    assert_int_equal(numbers[1], 50);
    assert_true(numbers[2] >= 1 && numbers[2] < 100);
    assert_good(JetCloseTable(s.session, list.tableid));
    assert_good(JetBeginTransaction2(s.session, JET_bitTransactionReadOnly));
    assert_err(JetComputeStats(s.session, s.table), JET_errTransReadOnly);
    assert_good(JetRollback(s.session, 0));
    stop_and_verify(&s);
}

/* Its row in the catalog is one that the transaction does not see, and so may not change. */
static void a_table_younger_than_the_transaction_is_not_counted(void **state)
{
    struct sample s;
    JET_SESID other;
    JET_DBID dbid;
    JET_TABLEID theirs, ours;
    (void)state;
    sample_start(&s, PAGE);
    assert_good(JetBeginSession(s.live.instance, &other, NULL, NULL));
    assert_good(JetOpenDatabase(other, text_of("%s/sample.edb", s.live.folder), NULL, &dbid, 0));
    assert_good(JetBeginTransaction(s.session));
    assert_err(JetMove(s.session, s.table, JET_MoveFirst, 0), JET_errNoCurrentRecord);
    assert_good(JetCreateTable(other, dbid, "Young", 1, 90, &theirs));
    assert_good(JetCloseTable(other, theirs));
    assert_good(JetOpenTable(s.session, s.dbid, "Young", NULL, 0, 0, &ours));
    assert_err(JetComputeStats(s.session, ours), JET_errWriteConflict);
    assert_good(JetRollback(s.session, 0));
    assert_good(JetOpenTable(s.session, s.dbid, "Young", NULL, 0, 0, &ours));
    assert_good(JetComputeStats(s.session, ours));
    assert_good(JetCloseTable(s.session, ours));
    assert_good(JetEndSession(other, 0));
    stop_and_verify(&s);
}

/* --- JetConfigureProcessForCrashDump --- */

/* KiB of the process that a core dump leaves out. */
static uint64_t left_out(void)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    uint64_t size = 0, sum = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long long kib;
        if (sscanf(line, "Size: %llu kB", &kib) == 1)
            size = kib;
        if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dd") != NULL)
            sum += size;
    }
    fclose(file);
    return sum;
}

static void a_core_dump_leaves_out_what_was_not_asked_for(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 8192);
    insert_rows(&s, 1, 1000);
    uint64_t at_first = left_out();
    assert_err(JetConfigureProcessForCrashDump(0), JET_errInvalidGrbit);
    assert_err(JetConfigureProcessForCrashDump(0x10000), JET_errInvalidGrbit);
    assert_good(JetConfigureProcessForCrashDump(JET_bitDumpMinimum));
    uint64_t least = left_out();
    assert_true(least >= at_first + 256); /* a chunk of frames at least */
    assert_good(JetConfigureProcessForCrashDump(JET_bitDumpCacheMinimum | JET_bitDumpCacheIncludeCachedPages | JET_bitDumpCacheNoDecommit));
    uint64_t with_pages = left_out();
    assert_true(with_pages < least);
    assert_good(JetConfigureProcessForCrashDump(JET_bitDumpCacheIncludeDirtyPages | JET_bitDumpCacheIncludeCorruptedPages));
    assert_true(left_out() >= with_pages && left_out() <= least);
    assert_good(JetConfigureProcessForCrashDump(JET_bitDumpMaximum));
    assert_int_equal(left_out(), at_first);
    assert_good(JetConfigureProcessForCrashDump(JET_bitDumpMinimum));
    assert_good(JetConfigureProcessForCrashDump(JET_bitDumpCacheMaximum));
    assert_int_equal(left_out(), at_first);
    stop_and_verify(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_thinned_tables_are_freed),
        cmocka_unit_test(a_table_that_lost_half_its_rows_at_random_takes_half_the_pages),
        cmocka_unit_test(one_task_runs_until_it_is_stopped_and_counts_its_passes),
        cmocka_unit_test(no_passes_and_no_time_end_it),
        cmocka_unit_test(one_table_is_done_in_the_background),
        cmocka_unit_test(what_may_not_be_changed_is_refused),
        cmocka_unit_test(it_runs_beside_writers_and_deleted_tables),
        cmocka_unit_test(a_scan_reads_every_page_and_can_be_stopped),
        cmocka_unit_test(a_task_outlives_an_end_of_the_instance_that_is_refused),
        cmocka_unit_test(computed_statistics_are_found_in_the_lists),
        cmocka_unit_test(a_table_younger_than_the_transaction_is_not_counted),
        cmocka_unit_test(a_core_dump_leaves_out_what_was_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
