/* JetEnumerateColumns against JetRetrieveColumn on every row, its options, and the client's memory: every block it gave is given back.
 *
 * Pages: JetEnumerateColumns
 */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live_instance.h"
#include "sample_table.h"
#include "shared_data.h"

static int blocks_live, allocations_left = -1;

static void *JET_API client_realloc(void *context, void *memory, uint32_t size)
{
    (void)context;
    if (size == 0) {
        blocks_live -= memory != NULL;
        free(memory);
        return NULL;
    }
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    blocks_live += memory == NULL;
    return realloc(memory, size);
}

static void free_columns(JET_ENUMCOLUMN *columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i].err == JET_wrnColumnSingleValue) {
            client_realloc(NULL, columns[i].pvData, 0);
        } else if (columns[i].err == JET_errSuccess) {
            for (uint32_t k = 0; k < columns[i].cEnumColumnValue; k++)
                client_realloc(NULL, columns[i].rgEnumColumnValue[k].pvData, 0);
            client_realloc(NULL, columns[i].rgEnumColumnValue, 0);
        }
    }
    client_realloc(NULL, columns, 0);
}

struct fixture {
    struct live_instance live;
    JET_DBID dbid;
    JET_TABLEID table;
};

static struct fixture start(const char *database)
{
    struct fixture f;
    require_shared_data();
    live_start_with(&f.live, database);
    assert_good(JetOpenDatabase(f.live.session, f.live.database, NULL, &f.dbid, 0));
    blocks_live = 0;
    allocations_left = -1;
    return f;
}

static unsigned char room[1 << 20];

static void check_value(const struct fixture *f, JET_COLUMNID id, uint32_t itag, const void *data, uint32_t size)
{
    uint32_t actual;
    JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = itag};
    assert_good(JetRetrieveColumn(f->live.session, f->table, id, room, sizeof room, &actual, 0, &info));
    assert_int_equal(actual, size);
    assert_memory_equal(room, data, size);
}

static unsigned values_seen;

/* What is enumerated can be retrieved; what is told to be null is null; and nothing is left out. */
static void check_row(const struct fixture *f, const JET_ENUMCOLUMN *columns, uint32_t count, JET_GRBIT grbit)
{
    for (uint32_t i = 0; i < count; i++) {
        const JET_ENUMCOLUMN *c = &columns[i];
        uint32_t actual;
        if (c->err == JET_wrnColumnNull) {
            assert_err(JetRetrieveColumn(f->live.session, f->table, c->columnid, room, sizeof room, &actual, 0, NULL), JET_wrnColumnNull);
        } else if (c->err == JET_wrnColumnSingleValue) {
            assert_true((grbit & JET_bitEnumerateCompressOutput) != 0);
            check_value(f, c->columnid, 1, c->pvData, c->cbData);
        } else {
            assert_int_equal(c->err, JET_errSuccess);
            for (uint32_t k = 0; k < c->cEnumColumnValue; k++) {
                assert_int_equal(c->rgEnumColumnValue[k].err, JET_errSuccess);
                assert_int_equal(c->rgEnumColumnValue[k].itagSequence, k + 1);
                check_value(f, c->columnid, k + 1, c->rgEnumColumnValue[k].pvData, c->rgEnumColumnValue[k].cbData);
            }
            JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = c->cEnumColumnValue + 1};
            assert_err(JetRetrieveColumn(f->live.session, f->table, c->columnid, NULL, 0, &actual, 0, &info), JET_wrnColumnNull);
        }
        values_seen++;
    }
    JET_COLUMNLIST list;
    assert_good(JetGetTableColumnInfo(f->live.session, f->table, NULL, &list, sizeof list, JET_ColInfoList));
    for (JET_ERR err = JetMove(f->live.session, list.tableid, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(f->live.session, list.tableid, 1, 0)) {
        JET_COLUMNID id;
        uint32_t actual, i = 0;
        assert_good(JetRetrieveColumn(f->live.session, list.tableid, list.columnidcolumnid, &id, sizeof id, &actual, 0, NULL));
        while (i < count && columns[i].columnid != id)
            i++;
        if (i == count && JetRetrieveColumn(f->live.session, f->table, id, NULL, 0, &actual, 0, NULL) != JET_wrnColumnNull)
            fail_msg("column %u left out", id);
    }
    assert_good(JetCloseTable(f->live.session, list.tableid));
}

static void enumeration_agrees_with_retrieval_on_every_row(void **state)
{
    static const char *const tables[][2] = {
        {"engine/clean_4k/data.edb", "AllTypes"}, {"engine/clean_4k/data.edb", "Counters"}, {"engine/clean_4k/data.edb", "Derived1"},
        {"engine/clean_16k/data.edb", "LongVals"}, {"engine/clean_4k/data.edb", "MSysObjects"}, {"windows/types-4k/default.edb", "default"},
        {"windows/types-4k/multi.edb", "multi"}};
    static const JET_GRBIT grbits[] = {0, JET_bitEnumerateCompressOutput};
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct fixture f = start(tables[i][0]);
        assert_good(JetOpenTable(f.live.session, f.dbid, tables[i][1], NULL, 0, 0, &f.table));
        int rows = 0;
        for (JET_ERR err = JetMove(f.live.session, f.table, JET_MoveFirst, 0); err == JET_errSuccess && rows < 40; err = JetMove(f.live.session, f.table, 1, 0)) {
            JET_ENUMCOLUMN *columns;
            uint32_t count;
            JET_GRBIT grbit = grbits[rows++ % 2];
            assert_good(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, UINT32_MAX, grbit));
            check_row(&f, columns, count, grbit);
            free_columns(columns, count);
            assert_int_equal(blocks_live, 0);
        }
        assert_true(rows > 0);
        live_stop(&f.live);
    }
    assert_true(values_seen > 1000);
}

static void options_choose_what_is_told(void **state)
{
    (void)state;
    struct fixture f = start("engine/clean_4k/data.edb");
    JET_ENUMCOLUMN *columns;
    uint32_t count, all, own = 0;
    assert_good(JetOpenTable(f.live.session, f.dbid, "AllTypes", NULL, 0, 0, &f.table));
    assert_good(JetMove(f.live.session, f.table, 3, 0));
    assert_good(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &all, &columns, client_realloc, NULL, UINT32_MAX, JET_bitEnumeratePresenceOnly));
    for (uint32_t i = 0; i < all; i++) {
        assert_true(columns[i].err == JET_wrnColumnPresent || columns[i].err == JET_wrnColumnNull);
        own += columns[i].columnid >= 256;
    }
    free_columns(columns, all);
    assert_good(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, UINT32_MAX, JET_bitEnumerateTaggedOnly));
    assert_int_equal(count, own);
    for (uint32_t i = 0; i < count; i++)
        assert_true(columns[i].columnid >= 256);
    free_columns(columns, count);
    /* Long values outside the record are cut to what is wanted, or left out. */
    assert_good(JetCloseTable(f.live.session, f.table));
    assert_good(JetOpenTable(f.live.session, f.dbid, "LongVals", NULL, 0, 0, &f.table));
    unsigned cut = 0, left_out = 0;
    for (JET_ERR err = JetMove(f.live.session, f.table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(f.live.session, f.table, 1, 0)) {
        assert_good(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, 10, 0));
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t k = 0; columns[i].err == JET_errSuccess && k < columns[i].cEnumColumnValue; k++)
                if (columns[i].rgEnumColumnValue[k].err == JET_wrnColumnTruncated) {
                    assert_int_equal(columns[i].rgEnumColumnValue[k].cbData, 10);
                    cut++;
                }
        free_columns(columns, count);
        assert_good(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, UINT32_MAX, JET_bitEnumerateInRecordOnly));
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t k = 0; columns[i].err == JET_errSuccess && k < columns[i].cEnumColumnValue; k++)
                left_out += columns[i].rgEnumColumnValue[k].err == JET_wrnColumnNotInRecord;
        free_columns(columns, count);
    }
    assert_true(cut > 0 && cut == left_out);
    assert_int_equal(blocks_live, 0);
    live_stop(&f.live);
}

static void wishes_are_answered_in_their_order(void **state)
{
    (void)state;
    struct fixture f = start("windows/types-4k/multi.edb");
    JET_ENUMCOLUMN *columns;
    uint32_t count, itags[] = {2, 0, 1, 900};
    assert_good(JetOpenTable(f.live.session, f.dbid, "multi", NULL, 0, 0, &f.table));
    /* A column with several values. */
    assert_good(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, UINT32_MAX, 0));
    JET_COLUMNID multi = 0;
    for (uint32_t i = 0; i < count; i++)
        if (columns[i].err == JET_errSuccess && columns[i].cEnumColumnValue > 1)
            multi = columns[i].columnid;
    free_columns(columns, count);
    assert_int_not_equal(multi, 0);
    JET_ENUMCOLUMNID wishes[] = {{multi, 4, itags}, {0, 0, NULL}, {multi, 0, NULL}};
    assert_good(JetEnumerateColumns(f.live.session, f.table, 3, wishes, &count, &columns, client_realloc, NULL, UINT32_MAX, 0));
    assert_int_equal(count, 3);
    assert_int_equal(columns[0].cEnumColumnValue, 4);
    check_value(&f, multi, 2, columns[0].rgEnumColumnValue[0].pvData, columns[0].rgEnumColumnValue[0].cbData);
    assert_int_equal(columns[0].rgEnumColumnValue[1].err, JET_wrnColumnSkipped);
    check_value(&f, multi, 1, columns[0].rgEnumColumnValue[2].pvData, columns[0].rgEnumColumnValue[2].cbData);
    assert_int_equal(columns[0].rgEnumColumnValue[3].err, JET_wrnColumnNull);
    assert_int_equal(columns[1].err, JET_wrnColumnSkipped);
    assert_int_equal(columns[2].columnid, multi);
    free_columns(columns, count);
    /* Bad ones spoil only their own places. */
    JET_ENUMCOLUMNID bad[] = {{multi, 0, NULL}, {60000, 0, NULL}, {0x12345, 0, NULL}};
    assert_err(JetEnumerateColumns(f.live.session, f.table, 3, bad, &count, &columns, client_realloc, NULL, UINT32_MAX, 0), JET_errColumnNotFound);
    assert_int_equal(count, 3);
    assert_int_equal(columns[0].err, JET_errSuccess);
    assert_int_equal(columns[1].err, JET_errColumnNotFound);
    assert_int_equal(columns[2].err, JET_errBadColumnId);
    free_columns(columns, count);
    assert_err(JetEnumerateColumns(f.live.session, f.table, 1, wishes, &count, &columns, client_realloc, NULL, UINT32_MAX, JET_bitEnumerateTaggedOnly),
               JET_errInvalidGrbit);
    assert_err(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, UINT32_MAX, 0x80000000), JET_errInvalidGrbit);
    assert_err(JetEnumerateColumns(f.live.session, f.table, 0, NULL, NULL, &columns, client_realloc, NULL, UINT32_MAX, 0), JET_errInvalidParameter);
    assert_err(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, NULL, NULL, UINT32_MAX, 0), JET_errInvalidParameter);
    assert_int_equal(blocks_live, 0);
    live_stop(&f.live);
}

static void when_the_client_has_no_memory_everything_is_given_back(void **state)
{
    (void)state;
    struct fixture f = start("windows/types-4k/multi.edb");
    JET_ENUMCOLUMN *columns;
    uint32_t count;
    assert_good(JetOpenTable(f.live.session, f.dbid, "multi", NULL, 0, 0, &f.table));
    JET_ERR err = JET_errOutOfMemory;
    for (int n = 0; err == JET_errOutOfMemory; n++) {
        allocations_left = n;
        err = JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, UINT32_MAX, 0);
        if (err < 0) {
            assert_int_equal(blocks_live, 0);
            assert_null(columns);
            assert_int_equal(count, 0);
        }
    }
    assert_good(err);
    allocations_left = -1;
    free_columns(columns, count);
    live_stop(&f.live);
}

/* ESENT computes no default here: a table that has one can be enumerated without the defaults only. */
static void computed_defaults_are_refused_unless_left_out(void **state)
{
    (void)state;
    struct fixture f = start("engine/features-catalog-4k/callbacks.edb");
    JET_ENUMCOLUMN *columns;
    JET_ENUMCOLUMNID wish = {1, 0, NULL};
    uint32_t count;
    assert_good(JetOpenTable(f.live.session, f.dbid, "UDD", NULL, 0, 0, &f.table)); /* has no rows */
    assert_err(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, UINT32_MAX, 0), JET_errCallbackFailed);
    assert_err(JetEnumerateColumns(f.live.session, f.table, 1, &wish, &count, &columns, client_realloc, NULL, UINT32_MAX, 0), JET_errCallbackFailed);
    assert_err(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, UINT32_MAX, JET_bitEnumerateIgnoreUserDefinedDefault),
               JET_errNoCurrentRecord);
    assert_err(JetEnumerateColumns(f.live.session, f.table, 1, &wish, &count, &columns, client_realloc, NULL, UINT32_MAX, JET_bitEnumerateIgnoreDefault), JET_errNoCurrentRecord);
    assert_err(JetEnumerateColumns(f.live.session, f.table, 0, NULL, &count, &columns, client_realloc, NULL, UINT32_MAX, JET_bitEnumerateLocal), JET_errInvalidGrbit);
    assert_good(JetCloseTable(f.live.session, f.table));
    live_stop(&f.live);
}

static struct sample sample;
static JET_TABLEID other_cursor;
static bool is_changed;

/* Changes the table whose row is being told, and has the cursor look at it again. */
static void *JET_API meddling_realloc(void *context, void *memory, uint32_t size)
{
    const JET_COLUMNDEF more = {.cbStruct = sizeof more, .coltyp = JET_coltypLong};
    int32_t id;
    JET_SESID another;
    JET_DBID dbid;
    JET_TABLEID table;
    char path[4096];
    if (!is_changed) {
        is_changed = true;
        assert_good(JetAddColumn(sample.session, other_cursor, "more", &more, NULL, 0, NULL));
        assert_good(JetCloseTable(sample.session, other_cursor));
        assert_good(JetRetrieveColumn(sample.session, sample.table, sample.id, &id, sizeof id, NULL, 0, NULL));
        assert_good(JetGetDatabaseInfo(sample.session, sample.dbid, path, sizeof path, JET_DbInfoFilename));
        assert_good(JetBeginSession(sample.live.instance, &another, NULL, NULL));
        assert_good(JetOpenDatabase(another, path, NULL, &dbid, 0));
        assert_good(JetOpenTable(another, dbid, "Sample", NULL, 0, 0, &table)); /* nobody else remembers how the table was */
        assert_good(JetEndSession(another, 0));
        assert_err(JetMove(sample.session, sample.table, JET_MoveNext, 0), JET_errIllegalOperation);
        assert_err(JetCloseTable(sample.session, sample.table), JET_errIllegalOperation);
    }
    return client_realloc(context, memory, size);
}

static void the_clients_memory_function_changes_nothing_under_the_row(void **state)
{
    (void)state;
    JET_ENUMCOLUMN *columns;
    uint32_t count, seen = 0;
    memset(&sample, 0, sizeof sample);
    sample_start(&sample, 4096);
    blocks_live = 0;
    allocations_left = -1;
    insert_sample(&sample, 1, 10, "one");
    insert_sample(&sample, 2, 20, "two");
    assert_good(seek_id(&sample, sample.table, 1));
    assert_good(JetDupCursor(sample.session, sample.table, &other_cursor, 0));
    assert_good(JetEnumerateColumns(sample.session, sample.table, 0, NULL, &count, &columns, meddling_realloc, NULL, UINT32_MAX, JET_bitEnumerateCompressOutput));
    assert_true(is_changed);
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i].columnid == sample.text) {
            assert_err(columns[i].err, JET_wrnColumnSingleValue);
            assert_int_equal(columns[i].cbData, 3);
            assert_memory_equal(columns[i].pvData, "one", 3);
            seen++;
        }
    }
    assert_int_equal(seen, 1);
    free_columns(columns, count);
    assert_int_equal(blocks_live, 0);
    assert_good(JetMove(sample.session, sample.table, JET_MoveNext, 0));
    sample_stop(&sample);
}

/* What a record lacks may have a default, which is not told here. */
static void columns_asked_for_whose_defaults_are_ignored_are_told_to_have_them(void **state)
{
    (void)state;
    JET_ENUMCOLUMN *columns;
    uint32_t count, first = 1;
    memset(&sample, 0, sizeof sample);
    sample_start(&sample, 4096);
    blocks_live = 0;
    allocations_left = -1;
    insert_sample(&sample, 1, 10, "one");
    assert_good(seek_id(&sample, sample.table, 1));
    JET_ENUMCOLUMNID wishes[] = {{sample.note, 0, NULL}, {sample.note, 1, &first}, {sample.text, 0, NULL}, {sample.blob, 0, NULL}, {sample.flag, 0, NULL}};
    assert_good(JetEnumerateColumns(sample.session, sample.table, 5, wishes, &count, &columns, client_realloc, NULL, UINT32_MAX, JET_bitEnumerateIgnoreDefault));
    assert_int_equal(count, 5);
    assert_int_equal(columns[0].err, JET_wrnColumnDefault);
    assert_int_equal(columns[1].err, JET_errSuccess);
    assert_int_equal(columns[1].rgEnumColumnValue[0].err, JET_wrnColumnDefault);
    assert_int_equal(columns[2].err, JET_errSuccess);
    assert_int_equal(columns[3].err, JET_wrnColumnDefault);
    assert_int_equal(columns[4].err, JET_wrnColumnNull); /* before the last fixed column of the record */
    free_columns(columns, count);
    assert_int_equal(blocks_live, 0);
    sample_stop(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enumeration_agrees_with_retrieval_on_every_row),
        cmocka_unit_test(options_choose_what_is_told),
        cmocka_unit_test(wishes_are_answered_in_their_order),
        cmocka_unit_test(when_the_client_has_no_memory_everything_is_given_back),
        cmocka_unit_test(computed_defaults_are_refused_unless_left_out),
        cmocka_unit_test(the_clients_memory_function_changes_nothing_under_the_row),
        cmocka_unit_test(columns_asked_for_whose_defaults_are_ignored_are_told_to_have_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
