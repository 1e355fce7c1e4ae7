/* Opening, closing and doubling cursors; ranges as a whole: intersection and reading ahead. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>
#include <uchar.h>

#include "live_instance.h"
#include "shared_data.h"

struct fixture {
    struct live_instance live;
    JET_DBID dbid;
};

static struct fixture start(void)
{
    struct fixture f;
    require_shared_data();
    live_start_with(&f.live, "engine/clean_4k/data.edb");
    assert_good(JetOpenDatabase(f.live.session, f.live.database, NULL, &f.dbid, 0));
    return f;
}

static void tables_open_by_name_in_both_forms(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID table;
    assert_good(JetOpenTable(f.live.session, f.dbid, "AllTypes", NULL, 0, 0, &table));
    assert_good(JetCloseTable(f.live.session, table));
    assert_good(JetOpenTableW(f.live.session, f.dbid, u"alltypes", NULL, 0, JET_bitTableReadOnly, &table));
    assert_good(JetCloseTable(f.live.session, table));
    assert_good(JetOpenTable(f.live.session, f.dbid, "MSysObjects", NULL, 0, JET_bitTableReadOnly, &table));
    assert_good(JetMove(f.live.session, table, JET_MoveLast, 0));
    assert_err(JetOpenTable(f.live.session, f.dbid, "none", NULL, 0, 0, &table), JET_errObjectNotFound);
    assert_err(JetOpenTable(f.live.session, f.dbid, "a.b", NULL, 0, 0, &table), JET_errInvalidName);
    assert_err(JetOpenTable(f.live.session, f.dbid, NULL, NULL, 0, 0, &table), JET_errInvalidName);
    assert_err(JetOpenTable(f.live.session, f.dbid + 5, "AllTypes", NULL, 0, 0, &table), JET_errInvalidDatabaseId);
    assert_err(JetOpenTable(f.live.session, f.dbid, "AllTypes", NULL, 0, 0, NULL), JET_errInvalidParameter);
    live_stop(&f.live);
}

static void handles_that_are_no_cursors_of_the_session_are_refused(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID table, copy;
    JET_SESID other;
    uint32_t size;
    assert_good(JetOpenTable(f.live.session, f.dbid, "AllTypes", NULL, 0, 0, &table));
    assert_good(JetBeginSession(f.live.instance, &other, NULL, NULL));
    assert_err(JetMove(other, table, 1, 0), JET_errSesidTableIdMismatch);
    assert_err(JetMove(f.live.session, JET_tableidNil, 1, 0), JET_errInvalidTableId);
    assert_err(JetMove(f.live.session, 0, 1, 0), JET_errInvalidTableId);
    assert_err(JetMove(f.live.session, (JET_TABLEID)&f, 1, 0), JET_errInvalidTableId);
    assert_err(JetMove(0, table, 1, 0), JET_errInvalidSesid);
    assert_good(JetDupCursor(f.live.session, table, &copy, 0));
    assert_good(JetCloseTable(f.live.session, table));
    assert_err(JetCloseTable(f.live.session, table), JET_errInvalidTableId);
    assert_err(JetRetrieveColumn(f.live.session, table, 1, NULL, 0, &size, 0, NULL), JET_errInvalidTableId);
    assert_good(JetMove(f.live.session, copy, 1, 0));
    assert_good(JetEndSession(other, 0));
    live_stop(&f.live); /* closes the copy */
}

static void arguments_of_retrieve_column_are_checked(void **state)
{
    (void)state;
    struct fixture f = start();
    JET_TABLEID table;
    JET_COLUMNDEF def;
    uint32_t size;
    unsigned char room[8];
    assert_good(JetOpenTable(f.live.session, f.dbid, "AllTypes", NULL, 0, 0, &table));
    assert_good(JetGetTableColumnInfo(f.live.session, table, "Id", &def, sizeof def, JET_ColInfo));
    assert_good(JetRetrieveColumn(f.live.session, table, def.columnid, room, 4, NULL, 0, NULL));
    assert_err(JetRetrieveColumn(f.live.session, table, def.columnid, room, 2, &size, 0, NULL), JET_wrnBufferTruncated);
    assert_int_equal(size, 4);
    assert_err(JetRetrieveColumn(f.live.session, table, def.columnid, NULL, 0, &size, 0, NULL), JET_wrnBufferTruncated);
    assert_int_equal(size, 4);
    assert_err(JetRetrieveColumn(f.live.session, table, 99, room, 4, &size, 0, NULL), JET_errColumnNotFound);
    assert_err(JetRetrieveColumn(f.live.session, table, 0x7FFFFFFF, room, 4, &size, 0, NULL), JET_errBadColumnId);
    assert_err(JetRetrieveColumn(f.live.session, table, def.columnid, room, 4, &size, 0x40000000, NULL), JET_errInvalidGrbit);
    assert_err(JetRetrieveColumn(f.live.session, table, def.columnid, room, 4, &size, JET_bitRetrieveFromIndex | JET_bitRetrieveFromPrimaryBookmark, NULL),
               JET_errInvalidGrbit);
    JET_RETINFO info = {.cbStruct = 4, .itagSequence = 1};
    assert_err(JetRetrieveColumn(f.live.session, table, def.columnid, room, 4, &size, 0, &info), JET_errInvalidParameter);
    info = (JET_RETINFO){.cbStruct = sizeof info, .itagSequence = 0};
    assert_err(JetRetrieveColumn(f.live.session, table, def.columnid, room, 4, &size, 0, &info), JET_errBadItagSequence);
    assert_err(JetMove(f.live.session, table, -1, 0), JET_errNoCurrentRecord);
    assert_err(JetRetrieveColumn(f.live.session, table, def.columnid, room, 4, &size, 0, NULL), JET_errNoCurrentRecord);
    live_stop(&f.live);
}

static void values_from_an_index_equal_those_of_the_row(void **state)
{
    static const char *const pairs[][2] = {{"ix_bit", "fULong"}, {"ix_bit", "fLongLong"}, {"ix_cur_desc", "fCurrency"}, {"ix_date", "fDateTime"},
                                           {"ix_guid", "fGuid"}, {"ix_late", "fGuid"}, {"ix_multi", "fDouble"}, {"ix_multi", "vBin"}, {"ix_vbin_u", "Id"},
                                           {"ix_vbin_u", "vBin2"}, {"ix_long", "fLong"}};
    (void)state;
    struct fixture f = start();
    JET_TABLEID table;
    assert_good(JetOpenTable(f.live.session, f.dbid, "AllTypes", NULL, 0, 0, &table));
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        JET_COLUMNDEF def;
        unsigned rows = 0;
        assert_good(JetGetTableColumnInfo(f.live.session, table, pairs[i][1], &def, sizeof def, JET_ColInfo));
        assert_good(JetSetCurrentIndex(f.live.session, table, pairs[i][0]));
        for (JET_ERR err = JetMove(f.live.session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(f.live.session, table, 1, 0)) {
            unsigned char a[300], b[300], id[8], id_too[8];
            uint32_t a_size, b_size, id_size;
            JET_ERR first = JetRetrieveColumn(f.live.session, table, def.columnid, a, sizeof a, &a_size, JET_bitRetrieveFromIndex, NULL);
            JET_ERR second = JetRetrieveColumn(f.live.session, table, def.columnid, b, sizeof b, &b_size, 0, NULL);
            assert_err(first, second);
            assert_int_equal(a_size, b_size);
            assert_memory_equal(a, b, a_size);
            assert_good(JetRetrieveColumn(f.live.session, table, 1, id, sizeof id, &id_size, JET_bitRetrieveFromPrimaryBookmark, NULL));
            assert_good(JetRetrieveColumn(f.live.session, table, 1, id_too, sizeof id_too, &id_size, 0, NULL));
            assert_memory_equal(id, id_too, id_size);
            rows++;
        }
        assert_true(rows > 50);
    }
    live_stop(&f.live);
}

enum { ROWS_MAX = 500, KEY_MAX = 300 };

struct bookmark {
    unsigned char bytes[KEY_MAX];
    uint32_t size;
};

static uint32_t walk(const struct fixture *f, JET_TABLEID table, struct bookmark *rows)
{
    uint32_t n = 0;
    do {
        assert_true(n < ROWS_MAX);
        assert_good(JetGetBookmark(f->live.session, table, rows[n].bytes, KEY_MAX, &rows[n].size));
        n++;
    } while (JetMove(f->live.session, table, 1, 0) == JET_errSuccess);
    return n;
}

/* A cursor on the index whose range holds the second third of it. */
static JET_TABLEID open_range(const struct fixture *f, const char *index, uint32_t from, uint32_t to)
{
    JET_TABLEID table;
    unsigned char key[KEY_MAX];
    uint32_t size;
    assert_good(JetOpenTable(f->live.session, f->dbid, "AllTypes", NULL, 0, 0, &table));
    assert_good(JetSetCurrentIndex(f->live.session, table, index));
    assert_good(JetMove(f->live.session, table, (int32_t)to, 0));
    assert_good(JetRetrieveKey(f->live.session, table, key, sizeof key, &size, 0));
    assert_good(JetMove(f->live.session, table, (int32_t)from - (int32_t)to, 0));
    assert_good(JetMakeKey(f->live.session, table, key, size, JET_bitNormalizedKey));
    assert_good(JetSetIndexRange(f->live.session, table, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    return table;
}

static void ranges_intersect_to_the_rows_they_share(void **state)
{
    static struct bookmark first[ROWS_MAX], second[ROWS_MAX];
    (void)state;
    struct fixture f = start();
    JET_TABLEID a = open_range(&f, "ix_guid", 20, 90), b = open_range(&f, "ix_multi", 10, 80);
    JET_INDEXRANGE ranges[] = {{sizeof *ranges, a, JET_bitRecordInIndex}, {sizeof *ranges, b, JET_bitRecordInIndex}};
    JET_RECORDLIST list = {.cbStruct = sizeof list};
    assert_good(JetIntersectIndexes(f.live.session, ranges, 2, &list, 0));
    uint32_t first_count = walk(&f, a, first), second_count = walk(&f, b, second), shared = 0, listed = 0;
    for (uint32_t i = 0; i < first_count; i++)
        for (uint32_t k = 0; k < second_count; k++)
            shared += first[i].size == second[k].size && memcmp(first[i].bytes, second[k].bytes, first[i].size) == 0;
    assert_true(shared > 0 && shared < first_count);
    assert_int_equal(list.cRecord, shared);
    struct bookmark last = {.size = 0};
    for (JET_ERR err = JetMove(f.live.session, list.tableid, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(f.live.session, list.tableid, 1, 0)) {
        struct bookmark row;
        uint32_t i = 0, k = 0;
        assert_good(JetRetrieveColumn(f.live.session, list.tableid, list.columnidBookmark, row.bytes, KEY_MAX, &row.size, 0, NULL));
        while (i < first_count && (first[i].size != row.size || memcmp(first[i].bytes, row.bytes, row.size) != 0))
            i++;
        while (k < second_count && (second[k].size != row.size || memcmp(second[k].bytes, row.bytes, row.size) != 0))
            k++;
        assert_true(i < first_count && k < second_count);
        assert_true(listed == 0 || memcmp(last.bytes, row.bytes, row.size) < 0);
        last = row;
        listed++;
    }
    assert_int_equal(listed, shared);
    ranges[1].grbit = 0;
    assert_err(JetIntersectIndexes(f.live.session, ranges, 2, &list, 0), JET_errInvalidGrbit);
    ranges[1] = ranges[0];
    assert_err(JetIntersectIndexes(f.live.session, ranges, 2, &list, 0), JET_errInvalidParameter);
    live_stop(&f.live);
}

static void keys_are_read_ahead_in_their_order(void **state)
{
    (void)state;
    struct fixture f = start();
    static struct bookmark rows[ROWS_MAX];
    const void *keys[ROWS_MAX];
    uint32_t sizes[ROWS_MAX], ranges_read;
    int32_t read;
    JET_TABLEID table;
    assert_good(JetOpenTable(f.live.session, f.dbid, "AllTypes", NULL, 0, 0, &table));
    uint32_t count = walk(&f, table, rows);
    for (uint32_t i = 0; i < count; i++) {
        keys[i] = rows[i].bytes;
        sizes[i] = rows[i].size;
    }
    assert_good(JetPrereadKeys(f.live.session, table, keys, sizes, (int32_t)count, &read, JET_bitPrereadForward));
    assert_true(read > 0 && read <= (int32_t)count);
    assert_err(JetPrereadKeys(f.live.session, table, keys, sizes, (int32_t)count, &read, JET_bitPrereadBackward), JET_errInvalidParameter);
    assert_err(JetPrereadKeys(f.live.session, table, keys, sizes, (int32_t)count, &read, 0), JET_errInvalidGrbit);
    sizes[0] = 0;
    assert_err(JetPrereadKeys(f.live.session, table, keys, sizes, (int32_t)count, &read, JET_bitPrereadForward), JET_errInvalidBufferSize);
    int32_t low = 3;
    JET_INDEX_COLUMN column = {.columnid = 1, .relop = JET_relopEquals, .pv = &low, .cb = sizeof low};
    JET_INDEX_RANGE range = {.rgStartColumns = &column, .cStartColumns = 1};
    assert_good(JetPrereadIndexRanges(f.live.session, table, &range, 1, &ranges_read, NULL, 0, JET_bitPrereadForward));
    assert_int_equal(ranges_read, 1);
    assert_err(JetPrereadIndexRanges(f.live.session, table, NULL, 1, &ranges_read, NULL, 0, JET_bitPrereadForward), JET_errInvalidParameter);
    live_stop(&f.live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_open_by_name_in_both_forms),
        cmocka_unit_test(handles_that_are_no_cursors_of_the_session_are_refused),
        cmocka_unit_test(arguments_of_retrieve_column_are_checked),
        cmocka_unit_test(values_from_an_index_equal_those_of_the_row),
        cmocka_unit_test(ranges_intersect_to_the_rows_they_share),
        cmocka_unit_test(keys_are_read_ahead_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
