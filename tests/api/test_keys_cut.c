/* Column values out of keys that were cut, by cbVarSegMac or by the most bytes of a key: JetRetrieveColumn with JET_bitRetrieveFromIndex and JetStreamRecords on an index tell what the row
 * has, or that they do not have it. */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "sample_table.h"

enum { LENGTHS = 24, ROWS = 4 * (LENGTHS + 1), LONG_FIRST = 210, LONG_LAST = 255, FIXED_SIZE = 6 };

static struct sample s;
static JET_TABLEID table;
static JET_COLUMNID bytes, text, fixed, number, tail;

/* Numbers whose key bytes look like the end of a group, or like one with more to come; text whose last byte that fits may become a zero. */
static void insert(uint32_t length, uint32_t turn)
{
    uint8_t value[LONG_LAST];
    int64_t n = (int64_t)(turn % 2 == 0 ? turn % 11 : 0x0909090909090900u + turn % 11);
    for (uint32_t i = 0; i < length; i++)
        value[i] = i % 3 == 2 ? ' ' : (uint8_t)('a' + (i + turn) % 8);
    assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
    assert_good(set_value(&s, table, bytes, value, length, length == 0 ? JET_bitSetZeroLength : 0, 0, 1));
    assert_good(set_value(&s, table, text, value, length, length == 0 ? JET_bitSetZeroLength : 0, 0, 1));
    if (turn % 5 != 0)
        assert_good(JetSetColumn(s.session, table, fixed, value, FIXED_SIZE, 0, NULL));
    assert_good(JetSetColumn(s.session, table, number, &n, sizeof n, 0, NULL));
    assert_good(set_value(&s, table, tail, value, length, length == 0 ? JET_bitSetZeroLength : 0, 0, 1));
    assert_good(JetUpdate(s.session, table, NULL, 0, NULL));
}

static void start(uint32_t first, uint32_t last)
{
    memset(&s, 0, sizeof s);
    sample_start(&s, 4096);
    JET_COLUMNCREATE columns[] = {
        column_of("bytes", JET_coltypBinary, 255, 0), column_of("text", JET_coltypText, 255, 0), column_of("fixed", JET_coltypBinary, FIXED_SIZE, JET_bitColumnFixed),
        column_of("number", JET_coltypLongLong, 0, 0), column_of("tail", JET_coltypLongBinary, 0, 0)};
    columns[1].cp = 1252;
    table = make_table(&s, "Cut", columns, 5, NULL, 0);
    JET_COLUMNID *ids[] = {&bytes, &text, &fixed, &number, &tail};
    for (size_t i = 0; i < 5; i++) {
        JET_COLUMNDEF definition;
        assert_good(JetGetTableColumnInfo(s.session, table, columns[i].szColumnName, &definition, sizeof definition, JET_ColInfo));
        *ids[i] = definition.columnid;
    }
    assert_good(JetBeginTransaction(s.session));
    for (uint32_t length = first; length <= last; length++)
        for (uint32_t turn = 0; turn < 4; turn++)
            insert(length, length + 3 * turn);
    assert_good(JetCommitTransaction(s.session, 0));
}

static void stop(void)
{
    assert_good(JetCloseTable(s.session, table));
    sample_stop(&s);
}

static JET_ERR get(JET_COLUMNID column, JET_GRBIT grbit, uint8_t *out, uint32_t *size)
{
    *size = 0;
    return JetRetrieveColumn(s.session, table, column, out, LONG_LAST, size, grbit, NULL);
}

static void check_entry(JET_COLUMNID column, unsigned *from_stream)
{
    uint8_t row[LONG_LAST], key[LONG_LAST], stream[1000];
    uint32_t row_size, key_size, record, sequence, at, actual;
    JET_COLUMNID found;
    JET_ERR expected = get(column, 0, row, &row_size);
    assert_err(get(column, JET_bitRetrieveFromIndex, key, &key_size), expected);
    assert_int_equal(key_size, row_size);
    assert_memory_equal(key, row, row_size);
    assert_true(JetStreamRecords(s.session, table, 1, &column, stream, sizeof stream, &actual, JET_bitStreamForward) >= 0);
    JET_ERR err = JetRetrieveColumnFromRecordStream(stream, actual, &record, &found, &sequence, &at, &key_size);
    if (err == JET_wrnColumnNotInRecord)
        return;
    assert_err(err, expected);
    assert_int_equal(key_size, row_size);
    assert_memory_equal(stream + at, row, row_size);
    ++*from_stream;
}

/* Every column of every entry, by the index that is current. Returns how many values came out of streams. */
static unsigned check_index(const JET_COLUMNID *columns, uint32_t count)
{
    uint8_t bookmark[300];
    uint32_t size;
    unsigned from_stream = 0;
    JET_ERR err;
    for (err = JetMove(s.session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(s.session, table, JET_MoveNext, 0)) {
        uint8_t secondary[300];
        uint32_t secondary_size;
        assert_good(JetGetSecondaryIndexBookmark(s.session, table, secondary, sizeof secondary, &secondary_size, bookmark, sizeof bookmark, &size, 0));
        for (uint32_t i = 0; i < count; i++) {
            check_entry(columns[i], &from_stream);
            assert_good(JetGotoSecondaryIndexBookmark(s.session, table, secondary, secondary_size, bookmark, size, 0));
        }
    }
    assert_err(err, JET_errNoCurrentRecord);
    return from_stream;
}

static unsigned check_keys(const char *key, uint32_t key_size, uint32_t limit, const JET_COLUMNID *columns, uint32_t count)
{
    JET_INDEXCREATE index = index_of("cut", key, key_size, 0);
    index.cbVarSegMac = limit;
    assert_good(JetCreateIndex2(s.session, table, &index, 1));
    assert_good(JetSetCurrentIndex(s.session, table, "cut"));
    unsigned from_stream = check_index(columns, count);
    assert_good(JetSetCurrentIndex(s.session, table, NULL));
    assert_good(JetDeleteIndex(s.session, table, "cut"));
    return from_stream;
}

static void values_of_short_segments_are_those_of_the_row(void **state)
{
    (void)state;
    start(0, LENGTHS);
    static const uint32_t limits[] = {1, 5, 9, 10, 11, 14, 18, 19, 20}; /* in and between groups of nine bytes and their prefix */
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint32_t limit = limits[i];
        check_keys("+bytes\0+number\0", 16, limit, (JET_COLUMNID[]){bytes, number}, 2);
        check_keys("-text\0+fixed\0-number\0", 22, limit, (JET_COLUMNID[]){text, fixed, number}, 3);
        assert_true(check_keys("-bytes\0+fixed\0+tail\0+number\0", 29, limit, (JET_COLUMNID[]){number, fixed, tail, bytes}, 4) > ROWS);
    }
    stop();
}

static void values_of_full_keys_are_those_of_the_row(void **state)
{
    (void)state;
    start(LONG_FIRST, LONG_LAST);
    check_keys("+bytes\0+number\0", 16, 0, (JET_COLUMNID[]){bytes, number}, 2);
    check_keys("+text\0-number\0", 15, 0, (JET_COLUMNID[]){text, number}, 2);
    check_keys("-bytes\0+fixed\0+number\0", 23, 0, (JET_COLUMNID[]){number, fixed, bytes}, 3);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_short_segments_are_those_of_the_row),
        cmocka_unit_test(values_of_full_keys_are_those_of_the_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
