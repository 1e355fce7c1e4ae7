/* Moves that pass over rows (reference page of JetSetCursorFilter): each comparison, nulls, several at once, ends and ranges, and what is refused.
 *
 * Pages: JetSetCursorFilter
 */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <stdio.h>
#include <string.h>

#include "live_instance.h"
#include "sample_table.h"
#include "shared_data.h"

static struct sample s;

/* Rows 1 to 9: number = (id - 5) * 10, of rows 3 and 6 null; wide = as many bytes of 'x' as id, of row 4 null, of row 5 empty. */
static void set_up(void)
{
    sample_start(&s, 4096);
    assert_good(JetBeginTransaction(s.session));
    for (int32_t id = 1; id <= 9; id++) {
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
        set_number(&s, s.table, s.id, id);
        if (id != 3 && id != 6)
            set_number(&s, s.table, s.number, (id - 5) * 10);
        if (id != 4)
            assert_good(set_value(&s, s.table, s.wide, "xxxxxxxxx", id == 5 ? 0 : (uint32_t)id, id == 5 ? JET_bitSetZeroLength : 0, 0, 1));
        uint8_t flag = id % 2 == 0 ? 0xFF : 0;
        assert_good(set_value(&s, s.table, s.flag, &flag, 1, 0, 0, 1));
        assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    }
    assert_good(JetCommitTransaction(s.session, 0));
}

static JET_INDEX_COLUMN where(JET_COLUMNID column, JET_RELOP relation, const void *value, uint32_t size)
{
    return (JET_INDEX_COLUMN){.columnid = column, .relop = relation, .pv = (void *)(uintptr_t)value, .cb = size};
}

/* The rows met by moves forward, and the same ones by moves backward. */
static const char *found(void)
{
    static char forward[64];
    char backward[64] = "";
    forward[0] = 0;
    for (JET_ERR err = JetMove(s.session, s.table, JET_MoveFirst, 0); err != JET_errNoCurrentRecord; err = JetMove(s.session, s.table, JET_MoveNext, 0)) {
        assert_good(err);
        size_t size = strlen(forward);
        snprintf(forward + size, sizeof forward - size, "%d", get_number(&s, s.table, s.id, 0));
    }
    for (JET_ERR err = JetMove(s.session, s.table, JET_MoveLast, 0); err != JET_errNoCurrentRecord; err = JetMove(s.session, s.table, JET_MovePrevious, 0)) {
        assert_good(err);
        char one[96];
        snprintf(one, sizeof one, "%d%s", get_number(&s, s.table, s.id, 0), backward);
        assert_true(strlen(one) < sizeof backward);
        memcpy(backward, one, strlen(one) + 1);
    }
    assert_string_equal(forward, backward);
    return forward;
}

static void expect_one(JET_COLUMNID column, JET_RELOP relation, const void *value, uint32_t size, const char *rows)
{
    JET_INDEX_COLUMN filter = where(column, relation, value, size);
    assert_good(JetSetCursorFilter(s.session, s.table, &filter, 1, 0));
    assert_string_equal(found(), rows);
}

static void each_comparison_of_numbers_finds_its_rows(void **state)
{
    int32_t minus = -10, zero = 0;
    (void)state;
    set_up();
    expect_one(s.number, JET_relopEquals, &minus, 4, "4");
    expect_one(s.number, JET_relopNotEquals, &minus, 4, "12356789"); /* null is not -10 */
    expect_one(s.number, JET_relopLessThan, &zero, 4, "12346");      /* null is less */
    expect_one(s.number, JET_relopLessThanOrEqual, &zero, 4, "123456");
    expect_one(s.number, JET_relopGreaterThan, &minus, 4, "5789");
    expect_one(s.number, JET_relopGreaterThanOrEqual, &minus, 4, "45789");
    uint32_t mask = 8; /* 10 = 1010, 30 = 11110, 40 = 101000; -40 = ..11011000, -30 = ..11100010, -10 = ..11110110 */
    expect_one(s.number, JET_relopBitmaskNotEqualsZero, &mask, 4, "189");
    expect_one(s.number, JET_relopBitmaskEqualsZero, &mask, 4, "234567");
    assert_good(JetSetCursorFilter(s.session, s.table, NULL, 0, 0));
    assert_string_equal(found(), "123456789");
    sample_stop(&s);
}

static void nulls_and_empty_values_are_told_apart(void **state)
{
    (void)state;
    set_up();
    expect_one(s.number, JET_relopEquals, NULL, 0, "36");
    expect_one(s.number, JET_relopNotEquals, NULL, 0, "1245789");
    expect_one(s.number, JET_relopLessThan, NULL, 0, "");
    expect_one(s.number, JET_relopLessThanOrEqual, NULL, 0, "36");
    expect_one(s.number, JET_relopGreaterThan, NULL, 0, "1245789");
    expect_one(s.number, JET_relopGreaterThanOrEqual, NULL, 0, "123456789");
    expect_one(s.wide, JET_relopEquals, NULL, 0, "4");
    JET_INDEX_COLUMN empty = where(s.wide, JET_relopEquals, NULL, 0);
    empty.grbit = JET_bitZeroLength;
    assert_good(JetSetCursorFilter(s.session, s.table, &empty, 1, 0));
    assert_string_equal(found(), "5");
    empty.relop = JET_relopNotEquals;
    assert_good(JetSetCursorFilter(s.session, s.table, &empty, 1, 0));
    assert_string_equal(found(), "12346789");
    sample_stop(&s);
}

static void bytes_are_compared_as_they_are_and_bits_as_truth(void **state)
{
    uint8_t one = 1;
    (void)state;
    set_up();
    expect_one(s.wide, JET_relopPrefixEquals, "xxxxxx", 6, "6789");
    expect_one(s.wide, JET_relopEquals, "xxx", 3, "3");
    expect_one(s.wide, JET_relopLessThan, "xxx", 3, "1245");
    expect_one(s.wide, JET_relopGreaterThanOrEqual, "xxxxxxxx", 8, "89");
    expect_one(s.flag, JET_relopEquals, &one, 1, "2468"); /* every bit set, or one: true */
    sample_stop(&s);
}

static void several_comparisons_must_all_be_met_and_steps_count_only_what_is_met(void **state)
{
    int32_t low = -30, high = 30;
    uint8_t one = 1;
    (void)state;
    set_up();
    JET_INDEX_COLUMN filter[] = {where(s.number, JET_relopGreaterThan, &low, 4), where(s.number, JET_relopLessThan, &high, 4), where(s.flag, JET_relopNotEquals, &one, 1)};
    assert_good(JetSetCursorFilter(s.session, s.table, filter, 3, 0));
    low = high = 0; /* the values have been copied */
    assert_string_equal(found(), "57");
    assert_good(JetSetCursorFilter(s.session, s.table, filter + 2, 1, 0));
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_good(JetMove(s.session, s.table, 3, 0));
    assert_int_equal(get_number(&s, s.table, s.id, 0), 7);
    assert_good(JetMove(s.session, s.table, -2, 0));
    assert_int_equal(get_number(&s, s.table, s.id, 0), 3);
    assert_err(JetMove(s.session, s.table, 4, 0), JET_errNoCurrentRecord);
    uint32_t count;
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_good(JetIndexRecordCount(s.session, s.table, &count, 0));
    assert_int_equal(count, 9); /* counts do not look at it */
    int32_t four = 4;
    assert_good(JetMakeKey(s.session, s.table, &four, sizeof four, JET_bitNewKey));
    assert_good(JetSeek(s.session, s.table, JET_bitSeekEQ)); /* nor do seeks */
    JET_RECPOS position = {.cbStruct = sizeof position, .centriesTotal = 1};
    assert_err(JetMove(s.session, s.table, 0, 0), JET_errFilteredMoveNotSupported);
    assert_err(JetGotoPosition(s.session, s.table, &position), JET_errFilteredMoveNotSupported);
    assert_err(JetSetCurrentIndex(s.session, s.table, NULL), JET_errFilteredMoveNotSupported);
    assert_int_equal(get_number(&s, s.table, s.id, 0), 4); /* not moved */
    sample_stop(&s);
}

static void a_range_ends_where_it_ends_with_a_filter_too(void **state)
{
    int32_t seven = 7;
    uint8_t one = 1;
    (void)state;
    set_up();
    JET_INDEX_COLUMN filter = where(s.flag, JET_relopEquals, &one, 1);
    assert_good(seek_id(&s, s.table, 2));
    assert_good(JetMakeKey(s.session, s.table, &seven, 4, JET_bitNewKey));
    assert_good(JetSetIndexRange(s.session, s.table, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    assert_good(JetSetCursorFilter(s.session, s.table, &filter, 1, 0));
    assert_good(JetMove(s.session, s.table, JET_MoveNext, 0));
    assert_good(JetMove(s.session, s.table, JET_MoveNext, 0));
    assert_int_equal(get_number(&s, s.table, s.id, 0), 6);
    assert_err(JetMove(s.session, s.table, JET_MoveNext, 0), JET_errNoCurrentRecord);
    sample_stop(&s);
}

static void refuse(JET_INDEX_COLUMN filter, JET_ERR answer)
{
    JET_INDEX_COLUMN none = where(s.number, JET_relopEquals, NULL, 0);
    assert_good(JetSetCursorFilter(s.session, s.table, &none, 1, 0));
    assert_err(JetSetCursorFilter(s.session, s.table, &filter, 1, 0), answer);
    assert_string_equal(found(), "123456789"); /* the one before is gone */
}

static void what_cannot_be_compared_is_refused_and_leaves_no_filter(void **state)
{
    uint64_t value = 0;
    JET_INDEX_COLUMN filter = where(s.number, JET_relopEquals, &value, 4);
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    JET_COLUMNID id;
    JET_TABLEID temporary;
    (void)state;
    set_up();
    refuse(where(s.text, JET_relopEquals, "one", 3), JET_errFilteredMoveNotSupported);
    refuse(where(s.blob, JET_relopEquals, "one", 3), JET_errFilteredMoveNotSupported);
    refuse(where(s.number, JET_relopEquals, &value, 8), JET_errInvalidParameter);
    refuse(where(s.number, JET_relopPrefixEquals, &value, 4), JET_errInvalidParameter);
    refuse(where(s.number, JET_relopBitmaskEqualsZero, NULL, 0), JET_errInvalidParameter);
    refuse(where(s.flag, JET_relopBitmaskEqualsZero, &value, 1), JET_errInvalidParameter);
    refuse(where(s.wide, JET_relopPrefixEquals, NULL, 0), JET_errInvalidParameter);
    refuse(where(s.number, JET_relopEquals, &value, 0), JET_errInvalidParameter);
    refuse(where(s.number, JET_relopEquals, NULL, 4), JET_errInvalidParameter);
    refuse(where(s.number, (JET_RELOP)99, &value, 4), JET_errInvalidParameter);
    refuse(where(0x7000, JET_relopEquals, &value, 4), JET_errColumnNotFound);
    filter.columnid = s.number;
    filter.grbit = JET_bitKeyDescending;
    refuse(filter, JET_errInvalidParameter);
    filter.grbit = 0;
    assert_err(JetSetCursorFilter(s.session, s.table, &filter, 1, 1), JET_errInvalidGrbit);
    assert_err(JetSetCursorFilter(s.session, s.table, NULL, 1, 0), JET_errInvalidParameter);
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_number"));
    assert_err(JetSetCursorFilter(s.session, s.table, &filter, 1, 0), JET_errFilteredMoveNotSupported);
    assert_good(JetOpenTempTable(s.session, &column, 1, JET_bitTTIndexed, &temporary, &id));
    filter.columnid = id;
    assert_err(JetSetCursorFilter(s.session, temporary, &filter, 1, 0), JET_errIllegalOperation);
    assert_good(JetCloseTable(s.session, temporary));
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_comparison_of_numbers_finds_its_rows),
        cmocka_unit_test(nulls_and_empty_values_are_told_apart),
        cmocka_unit_test(bytes_are_compared_as_they_are_and_bits_as_truth),
        cmocka_unit_test(several_comparisons_must_all_be_met_and_steps_count_only_what_is_met),
        cmocka_unit_test(a_range_ends_where_it_ends_with_a_filter_too),
        cmocka_unit_test(what_cannot_be_compared_is_refused_and_leaves_no_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
