/* JET_paramMaxOpenTables: what counts as in use, from when until when, and who is refused when there is no more.
 *
 * Pages: JetOpenTable, JetIntersectIndexes, JetOpenTempTable, JetOpenTempTable2, JetOpenTempTable3, JetOpenTemporaryTable, JetOpenTemporaryTable2
 */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "plain_instance.h"

enum { MOST = 4, TABLES = 6, THREADS = 4, ROUNDS = 300 };

struct world {
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID dbid;
};

/* A limit of MOST: 2 * open tables + temporary tables + 2 * cached ones. */
static void set_up(struct world *w)
{
    w->instance = plain_create("open");
    assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramMaxOpenTables, 0, NULL));
    assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramMaxTemporaryTables, MOST, NULL));
    assert_good(JetSetSystemParameter(&w->instance, 0, JET_paramCachedClosedTables, 0, NULL));
    assert_good(JetInit(&w->instance));
    w->session = plain_session(w->instance);
    assert_good(JetCreateDatabase(w->session, "open.edb", NULL, &w->dbid, JET_bitDbOverwriteExisting));
}

static JET_API_PTR figure(const struct world *w, JET_RESOPER operation, JET_RESID resource)
{
    JET_API_PTR value = 0;
    assert_good(JetGetResourceParam(w->instance, operation, resource, &value));
    return value;
}

static void assert_use(const struct world *w, unsigned trees, unsigned tables, unsigned indexes)
{
    assert_int_equal(figure(w, JET_resoperCurrentUse, JET_residFCB), trees);
    assert_int_equal(figure(w, JET_resoperCurrentUse, JET_residTDB), tables);
    assert_int_equal(figure(w, JET_resoperCurrentUse, JET_residIDB), indexes);
}

static JET_ERR open_table(const struct world *w, unsigned number, JET_TABLEID *table)
{
    char name[16];
    snprintf(name, sizeof name, "t%u", number);
    return JetOpenTable(w->session, w->dbid, name, NULL, 0, 0, table);
}

static JET_TABLEID opened(const struct world *w, unsigned number)
{
    JET_TABLEID table;
    assert_good(open_table(w, number, &table));
    return table;
}

static void close_table(const struct world *w, JET_TABLEID table) { assert_good(JetCloseTable(w->session, table)); }

/* t0 to t5: columns a, b, c, long text "note", no index. */
static void make_tables(struct world *w)
{
    static const char *const names[] = {"a", "b", "c"};
    for (unsigned i = 0; i < TABLES; i++) {
        char name[16];
        JET_TABLEID table;
        JET_COLUMNDEF number = {.cbStruct = sizeof number, .coltyp = JET_coltypLong}, note = {.cbStruct = sizeof note, .coltyp = JET_coltypLongText, .cp = 1252};
        snprintf(name, sizeof name, "t%u", i);
        assert_good(JetCreateTable(w->session, w->dbid, name, 4, 80, &table));
        for (unsigned k = 0; k < 3; k++)
            assert_good(JetAddColumn(w->session, table, names[k], &number, NULL, 0, NULL));
        assert_good(JetAddColumn(w->session, table, "note", &note, NULL, 0, NULL));
        close_table(w, table);
    }
}

static JET_ERR add_index(const struct world *w, JET_TABLEID table, const char *name, const char *key, JET_GRBIT grbit)
{
    return JetCreateIndex(w->session, table, name, grbit, key, 4, 80);
}

/* A primary index and two more: 3 trees, 3 indexes. */
static JET_TABLEID indexed_table(const struct world *w)
{
    JET_TABLEID table = opened(w, 0);
    assert_good(add_index(w, table, "by_a", "+a\0", JET_bitIndexPrimary));
    assert_good(add_index(w, table, "by_b", "+b\0", 0));
    assert_good(add_index(w, table, "by_c", "+c\0", 0));
    return table;
}

static void the_limit_is_made_of_three_parameters(void **state)
{
    struct world w;
    (void)state;
    w.instance = plain_start("usual");
    assert_int_equal(figure(&w, JET_resoperMaxUse, JET_residFCB), 2 * 300 + 20 + 2 * 64);
    assert_int_equal(figure(&w, JET_resoperMaxUse, JET_residTDB), 748);
    assert_int_equal(figure(&w, JET_resoperMaxUse, JET_residIDB), 748);
    plain_stop(w.instance);
    w.instance = plain_create("many");
    assert_good(JetSetSystemParameter(&w.instance, 0, JET_paramMaxOpenTables, INT32_MAX, NULL));
    assert_good(JetInit(&w.instance));
    assert_int_equal(figure(&w, JET_resoperMaxUse, JET_residFCB), INT32_MAX);
    plain_stop(w.instance);
}

static void a_table_too_many_is_refused_until_another_is_closed(void **state)
{
    struct world w;
    JET_TABLEID tables[MOST], second, more;
    (void)state;
    set_up(&w);
    make_tables(&w);
    assert_use(&w, 0, 0, 0);
    for (unsigned i = 0; i < MOST; i++)
        tables[i] = opened(&w, i);
    assert_use(&w, 4, 4, 0);
    assert_err(open_table(&w, 4, &more), JET_errTooManyOpenTables);
    assert_err(JetCreateTable(w.session, w.dbid, "new", 4, 80, &more), JET_errTooManyOpenTables);
    assert_good(JetOpenTable(w.session, w.dbid, "MSysObjects", NULL, 0, JET_bitTableReadOnly, &second)); /* the catalog is always in use */
    close_table(&w, second);
    second = opened(&w, 0); /* has been paid for */
    assert_good(JetDupCursor(w.session, tables[0], &more, 0));
    assert_use(&w, 4, 4, 0);
    close_table(&w, tables[0]);
    close_table(&w, more);
    assert_err(open_table(&w, 4, &more), JET_errTooManyOpenTables);
    close_table(&w, second);
    more = opened(&w, 4);
    close_table(&w, more);
    assert_err(JetOpenTable(w.session, w.dbid, "new", NULL, 0, 0, &more), JET_errObjectNotFound);
    assert_use(&w, 3, 3, 0);
    plain_stop(w.instance);
}

static void an_index_counts_from_when_it_is_made_until_its_deletion_commits(void **state)
{
    struct world w;
    (void)state;
    set_up(&w);
    make_tables(&w);
    JET_TABLEID table = indexed_table(&w);
    assert_use(&w, 3, 1, 3);
    assert_good(JetBeginTransaction(w.session));
    assert_good(add_index(&w, table, "again", "-b\0", 0));
    assert_use(&w, 4, 1, 4);
    assert_err(add_index(&w, table, "third", "-c\0", 0), JET_errTooManyOpenTables);
    assert_use(&w, 4, 1, 4);
    assert_good(JetRollback(w.session, 0));
    assert_use(&w, 3, 1, 3);
    assert_good(JetBeginTransaction(w.session));
    assert_good(JetDeleteIndex(w.session, table, "by_c"));
    assert_use(&w, 3, 1, 3);
    assert_good(JetCommitTransaction(w.session, 0));
    assert_use(&w, 2, 1, 2);
    for (unsigned i = 0; i < 3 * MOST; i++) { /* making and deleting is not a matter of how often */
        assert_good(add_index(&w, table, "by_c", "+c\0", 0));
        assert_good(JetDeleteIndex(w.session, table, "by_c"));
    }
    assert_use(&w, 2, 1, 2);
    assert_good(JetBeginTransaction(w.session)); /* the deletion ends when the table has been closed and opened since */
    assert_good(JetDeleteIndex(w.session, table, "by_b"));
    close_table(&w, table);
    table = opened(&w, 0);
    assert_use(&w, 1, 1, 1);
    assert_good(JetCommitTransaction(w.session, 0));
    assert_use(&w, 1, 1, 1);
    close_table(&w, table);
    assert_use(&w, 0, 0, 0);
    plain_stop(w.instance);
}

static JET_ERR put_note(const struct world *w, JET_TABLEID table)
{
    JET_COLUMNDEF note = {.cbStruct = sizeof note};
    assert_good(JetGetTableColumnInfo(w->session, table, "note", &note, sizeof note, JET_ColInfo));
    assert_good(JetPrepareUpdate(w->session, table, JET_prepInsert));
    JET_ERR err = JetSetColumn(w->session, table, note.columnid, "long enough", 11, JET_bitSetSeparateLV, NULL);
    return err >= 0 ? JetUpdate(w->session, table, NULL, 0, NULL) : err;
}

static void the_tree_of_long_values_counts_when_it_is_used(void **state)
{
    struct world w;
    JET_TABLEID tables[MOST];
    (void)state;
    set_up(&w);
    make_tables(&w);
    for (unsigned i = 0; i < MOST; i++)
        tables[i] = opened(&w, i);
    assert_good(JetBeginTransaction(w.session));
    assert_err(put_note(&w, tables[0]), JET_errTooManyOpenTables);
    assert_good(JetPrepareUpdate(w.session, tables[0], JET_prepCancel));
    close_table(&w, tables[3]);
    assert_good(put_note(&w, tables[0]));
    assert_good(put_note(&w, tables[0]));
    assert_use(&w, 4, 3, 0);
    assert_good(JetCommitTransaction(w.session, 0));
    close_table(&w, tables[0]);
    tables[0] = opened(&w, 0);
    assert_use(&w, 3, 3, 0); /* not looked at yet */
    plain_stop(w.instance);
}

/* Each way of opening a temporary table: one column, a key or not. */
static JET_ERR open_temporary(const struct world *w, unsigned way, bool has_key, JET_TABLEID *table)
{
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = has_key ? JET_bitColumnTTKey : 0};
    JET_COLUMNID id;
    JET_OPENTEMPORARYTABLE first = {.cbStruct = sizeof first, .prgcolumndef = &column, .ccolumn = 1, .prgcolumnid = &id};
    JET_OPENTEMPORARYTABLE2 second = {.cbStruct = sizeof second, .prgcolumndef = &column, .ccolumn = 1, .prgcolumnid = &id};
    JET_ERR err;
    switch (way) {
    case 0: return JetOpenTempTable(w->session, &column, 1, 0, table, &id);
    case 1: return JetOpenTempTable2(w->session, &column, 1, 1033, 0, table, &id);
    case 2: return JetOpenTempTable3(w->session, &column, 1, NULL, 0, table, &id);
    case 3:
        err = JetOpenTemporaryTable(w->session, &first);
        *table = first.tableid;
        return err;
    default:
        err = JetOpenTemporaryTable2(w->session, &second);
        *table = second.tableid;
        return err;
    }
}

static void temporary_tables_share_the_limits_of_definitions(void **state)
{
    struct world w;
    JET_TABLEID tables[MOST], temporary;
    (void)state;
    set_up(&w);
    make_tables(&w);
    for (unsigned i = 0; i < MOST; i++)
        tables[i] = opened(&w, i + 1);
    for (unsigned way = 0; way < 5; way++)
        assert_err(open_temporary(&w, way, false, &temporary), JET_errTooManyOpenTables);
    for (unsigned i = 0; i < MOST; i++)
        close_table(&w, tables[i]);
    JET_TABLEID indexed = indexed_table(&w);
    assert_good(add_index(&w, indexed, "again", "-b\0", 0));
    for (unsigned way = 0; way < 5; way++) {
        assert_err(open_temporary(&w, way, true, &temporary), JET_errTooManyOpenIndexes);
        assert_good(open_temporary(&w, way, false, &temporary));
        assert_use(&w, 4, 2, 4);
        close_table(&w, temporary);
    }
    assert_good(JetDeleteIndex(w.session, indexed, "again"));
    assert_good(open_temporary(&w, 0, true, &temporary));
    assert_use(&w, 3, 2, 4);
    close_table(&w, temporary);
    assert_use(&w, 3, 1, 3);
    plain_stop(w.instance);
}

static void put_range(const struct world *w, JET_TABLEID table, const char *index)
{
    int32_t one = 1;
    assert_good(JetSetCurrentIndex(w->session, table, index));
    assert_good(JetMakeKey(w->session, table, &one, sizeof one, JET_bitNewKey));
    assert_good(JetSeek(w->session, table, JET_bitSeekEQ));
    assert_good(JetMakeKey(w->session, table, &one, sizeof one, JET_bitNewKey));
    assert_good(JetSetIndexRange(w->session, table, JET_bitRangeInclusive | JET_bitRangeUpperLimit));
}

static void the_result_of_an_intersection_shares_them_too(void **state)
{
    struct world w;
    JET_TABLEID second, temporary[MOST - 1];
    JET_RECORDLIST list = {.cbStruct = sizeof list};
    (void)state;
    set_up(&w);
    make_tables(&w);
    JET_TABLEID table = indexed_table(&w);
    assert_good(JetPrepareUpdate(w.session, table, JET_prepInsert));
    for (unsigned i = 0; i < 3; i++) {
        JET_COLUMNDEF column = {.cbStruct = sizeof column};
        int32_t one = 1;
        assert_good(JetGetTableColumnInfo(w.session, table, (const char *[]){"a", "b", "c"}[i], &column, sizeof column, JET_ColInfo));
        assert_good(JetSetColumn(w.session, table, column.columnid, &one, sizeof one, 0, NULL));
    }
    assert_good(JetUpdate(w.session, table, NULL, 0, NULL));
    assert_good(JetDupCursor(w.session, table, &second, 0));
    put_range(&w, table, "by_b");
    put_range(&w, second, "by_c");
    JET_INDEXRANGE ranges[2] = {{sizeof *ranges, table, JET_bitRecordInIndex}, {sizeof *ranges, second, JET_bitRecordInIndex}};
    for (unsigned i = 0; i < MOST - 1; i++)
        assert_good(open_temporary(&w, 0, false, &temporary[i]));
    assert_err(JetIntersectIndexes(w.session, ranges, 2, &list, 0), JET_errTooManyOpenTables);
    close_table(&w, temporary[0]);
    assert_good(JetIntersectIndexes(w.session, ranges, 2, &list, 0));
    assert_int_equal(list.cRecord, 1);
    close_table(&w, list.tableid);
    assert_good(open_temporary(&w, 0, true, &temporary[0]));
    assert_err(JetIntersectIndexes(w.session, ranges, 2, &list, 0), JET_errTooManyOpenTables);
    close_table(&w, temporary[1]);
    assert_err(JetIntersectIndexes(w.session, ranges, 2, &list, 0), JET_errTooManyOpenIndexes);
    plain_stop(w.instance);
}

/* --- threads --- */

static void *open_and_close(void *context)
{
    struct world w = *(struct world *)context;
    JET_TABLEID tables[2];
    w.session = plain_session(w.instance);
    assert_good(JetOpenDatabase(w.session, "open.edb", NULL, &w.dbid, 0));
    for (unsigned round = 0; round < ROUNDS; round++) {
        JET_ERR errors[2];
        for (unsigned i = 0; i < 2; i++) {
            errors[i] = open_table(&w, (round * (i + 1) + (unsigned)w.session) % TABLES, &tables[i]);
            assert_true(errors[i] >= 0 || errors[i] == JET_errTooManyOpenTables);
        }
        assert_true(figure(&w, JET_resoperCurrentUse, JET_residFCB) <= MOST);
        for (unsigned i = 0; i < 2; i++)
            if (errors[i] >= 0)
                close_table(&w, tables[i]);
    }
    assert_good(JetEndSession(w.session, 0));
    return NULL;
}

static void many_threads_that_open_and_close_keep_the_count_right(void **state)
{
    struct world w;
    pthread_t threads[THREADS];
    (void)state;
    set_up(&w);
    make_tables(&w);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, &w), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_use(&w, 0, 0, 0);
    for (unsigned i = 0; i < MOST; i++)
        (void)opened(&w, i);
    assert_use(&w, 4, 4, 0);
    plain_stop(w.instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_is_made_of_three_parameters),
        cmocka_unit_test(a_table_too_many_is_refused_until_another_is_closed),
        cmocka_unit_test(an_index_counts_from_when_it_is_made_until_its_deletion_commits),
        cmocka_unit_test(the_tree_of_long_values_counts_when_it_is_used),
        cmocka_unit_test(temporary_tables_share_the_limits_of_definitions),
        cmocka_unit_test(the_result_of_an_intersection_shares_them_too),
        cmocka_unit_test(many_threads_that_open_and_close_keep_the_count_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
