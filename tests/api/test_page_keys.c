/* What the calls about search keys, ranges, counts, reading ahead and intersections answer: each option and result their reference pages name.
 *
 * Pages: JetMakeKey, JetRetrieveKey, JetSeek, JetSetIndexRange, JetIndexRecordCount, JetIndexRecordCount2, JetPrereadKeys, JetPrereadIndexRanges, JetIntersectIndexes
 */
#include "cmocka_all.h"

#include <string.h>

#include "base/memory.h"
#include "sample_table.h"
#include "shared_data.h"

enum { ROWS = 9, ROOM = 300, KEY_MOST = 255, CURSORS = 7, TEMPORARY_TABLES = 2 };

static struct sample s;

/* Rows 1 to 9; numbers are ten times the id, texts "aa", "ab", "ac", "ba" ... "cc". */
static void set_up(void)
{
    sample_start(&s, 4096);
    for (int32_t id = 1; id <= ROWS; id++)
        insert_sample(&s, id, 10 * id, text_of("%c%c", 'a' + (id - 1) / 3, 'a' + (id - 1) % 3));
}

static JET_ERR make(const void *data, uint32_t size, JET_GRBIT grbit) { return JetMakeKey(s.session, s.table, data, size, grbit); }
static void make_number(int32_t number) { assert_good(make(&number, sizeof number, JET_bitNewKey)); }
static void make_text(const char *text, JET_GRBIT grbit) { assert_good(make(text, (uint32_t)strlen(text), JET_bitNewKey | grbit)); }
static JET_ERR seek(JET_GRBIT grbit) { return JetSeek(s.session, s.table, grbit); }
static void use_index(const char *name) { assert_good(JetSetCurrentIndex(s.session, s.table, name)); }
static JET_ERR move(int32_t rows) { return JetMove(s.session, s.table, rows, 0); }
static int32_t id_here(void) { return get_number(&s, s.table, s.id, 0); }

/* An open table without a primary index, without rows. */
static JET_TABLEID bare_table(void)
{
    JET_COLUMNCREATE columns[] = {column_of("word", JET_coltypText, 40, 0)};
    JET_INDEXCREATE indexes[] = {index_of("parts", "+word\0", 7, JET_bitIndexTuples)};
    return make_table(&s, "Bare", columns, 1, indexes, 1);
}

/* --- making keys --- */

static void a_key_is_made_column_by_column_of_what_the_index_wants(void **state)
{
    static uint8_t large[3000];
    int32_t number = 5;
    (void)state;
    set_up();
    assert_err(make(&number, sizeof number, 0), JET_errKeyNotMade);
    assert_err(make(&number, 3, JET_bitNewKey), JET_errInvalidBufferSize);
    assert_err(make(&number, sizeof number, JET_bitNewKey | JET_bitPartialColumnStartLimit), JET_errInvalidGrbit); /* not of a number */
    assert_err(make(NULL, 4, JET_bitNewKey), JET_errInvalidParameter);
    assert_err(make(large, sizeof large, JET_bitNormalizedKey), JET_errInvalidParameter);
    make_number(5);
    assert_err(make(&number, sizeof number, 0), JET_errKeyIsMade);
    JET_TABLEID sample = s.table;
    s.table = bare_table();
    assert_err(make(&number, sizeof number, JET_bitNewKey), JET_errNoCurrentIndex);
    use_index("parts");
    assert_err(make("a", 1, JET_bitNewKey), JET_errIndexTuplesKeyTooSmall);
    s.table = sample;
    sample_stop(&s);
}

/* Each kind of limit around the texts that begin with "b", which ids 4 to 6 have. */
static void limits_stand_before_or_behind_all_they_match(void **state)
{
    static const struct limit {
        const char *text;
        JET_GRBIT grbit, relation;
        int32_t id;
    } limits[] = {
        {"b", JET_bitPartialColumnStartLimit, JET_bitSeekGE, 4}, {"b", JET_bitPartialColumnEndLimit, JET_bitSeekLE, 6},
        {"b", JET_bitSubStrLimit, JET_bitSeekLT, 6},             {"bb", JET_bitFullColumnStartLimit, JET_bitSeekGE, 5},
        {"bb", JET_bitFullColumnEndLimit, JET_bitSeekLE, 5},     {"bb", JET_bitStrLimit, JET_bitSeekLT, 5},
        {"bb", 0, JET_bitSeekEQ, 5},
    };
    uint8_t key[ROOM];
    uint32_t size;
    (void)state;
    set_up();
    use_index("by_text");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        make_text(limits[i].text, limits[i].grbit);
        assert_in_range(seek(limits[i].relation), JET_errSuccess, JET_wrnSeekNotEqual);
        assert_int_equal(id_here(), limits[i].id);
    }
    /* A key taken as it is stored. */
    assert_good(JetRetrieveKey(s.session, s.table, key, sizeof key, &size, 0));
    assert_good(move(JET_MoveFirst));
    assert_good(make(key, size, JET_bitNormalizedKey));
    assert_good(seek(JET_bitSeekEQ));
    assert_int_equal(id_here(), 5);
    /* No bytes are null, or on wish an empty text. */
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 20);
    assert_good(set_value(&s, s.table, s.text, NULL, 0, JET_bitSetZeroLength, 0, 1));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(make(NULL, 0, JET_bitNewKey));
    assert_err(seek(JET_bitSeekEQ), JET_errRecordNotFound);
    assert_good(make(NULL, 0, JET_bitNewKey | JET_bitKeyDataZeroLength));
    assert_good(seek(JET_bitSeekEQ));
    assert_int_equal(id_here(), 20);
    sample_stop(&s);
}

/* --- seeking --- */

static void a_seek_finds_what_stands_in_the_relation(void **state)
{
    static const struct relation {
        JET_GRBIT grbit;
        int32_t number;
        JET_ERR answer;
        int32_t id;
    } relations[] = {
        {JET_bitSeekEQ, 40, JET_errSuccess, 4}, {JET_bitSeekEQ, 41, JET_errRecordNotFound, 0}, {JET_bitSeekGE, 40, JET_errSuccess, 4},
        {JET_bitSeekGE, 41, JET_wrnSeekNotEqual, 5}, {JET_bitSeekGE, 91, JET_errRecordNotFound, 0}, {JET_bitSeekGT, 40, JET_errSuccess, 5},
        {JET_bitSeekGT, 90, JET_errRecordNotFound, 0}, {JET_bitSeekLE, 40, JET_errSuccess, 4}, {JET_bitSeekLE, 41, JET_wrnSeekNotEqual, 4},
        {JET_bitSeekLE, 9, JET_errRecordNotFound, 0}, {JET_bitSeekLT, 40, JET_errSuccess, 3}, {JET_bitSeekLT, 10, JET_errRecordNotFound, 0},
        {JET_bitSeekEQ | JET_bitCheckUniqueness, 40, JET_wrnUniqueKey, 4}, {JET_bitSeekEQ | JET_bitSetIndexRange, 40, JET_errSuccess, 4},
    };
    (void)state;
    set_up();
    use_index("by_number");
    assert_err(seek(JET_bitSeekEQ), JET_errKeyNotMade);
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
        make_number(relations[i].number);
        assert_err(seek(relations[i].grbit), relations[i].answer);
        if (relations[i].answer >= 0)
            assert_int_equal(id_here(), relations[i].id);
    }
    assert_err(move(JET_MoveNext), JET_errNoCurrentRecord); /* the last one set a range of one row */
    sample_stop(&s);
}

/* --- keys given back --- */

static void a_key_is_given_back_of_the_entry_or_as_it_was_made(void **state)
{
    uint8_t key[ROOM], made[ROOM], few[2] = {0};
    uint32_t size, made_size;
    (void)state;
    set_up();
    assert_good(move(2));
    assert_good(JetRetrieveKey(s.session, s.table, key, sizeof key, &size, 0));
    assert_int_equal(size, 5);
    assert_err(JetRetrieveKey(s.session, s.table, few, sizeof few, &size, 0), JET_wrnBufferTruncated);
    assert_int_equal(size, 5);
    assert_memory_equal(few, key, sizeof few);
    assert_err(JetRetrieveKey(s.session, s.table, made, sizeof made, &made_size, JET_bitRetrieveCopy), JET_errKeyNotMade);
    make_number(3);
    assert_good(JetRetrieveKey(s.session, s.table, made, sizeof made, &made_size, JET_bitRetrieveCopy));
    assert_int_equal(made_size, size);
    assert_memory_equal(made, key, size);
    assert_good(JetRetrieveKey(s.session, s.table, few, sizeof few, &made_size, JET_bitRetrieveCopy)); /* cut, and not told */
    assert_int_equal(made_size, size);
    assert_good(move(JET_MoveLast));
    assert_err(move(JET_MoveNext), JET_errNoCurrentRecord);
    assert_err(JetRetrieveKey(s.session, s.table, key, sizeof key, &size, 0), JET_errNoCurrentRecord);
    sample_stop(&s);
}

/* --- ranges and counts --- */

static JET_ERR set_range(JET_GRBIT grbit) { return JetSetIndexRange(s.session, s.table, grbit); }

static uint32_t count(uint32_t most)
{
    uint32_t rows = 0;
    uint64_t rows_too = 0;
    assert_good(JetIndexRecordCount(s.session, s.table, &rows, most));
    assert_good(JetIndexRecordCount2(s.session, s.table, &rows_too, most));
    assert_int_equal(rows, rows_too);
    return rows;
}

static void a_range_limits_one_direction_until_it_is_removed(void **state)
{
    static const struct range {
        JET_GRBIT grbit;
        int32_t limit;
        uint32_t rows;
    } ranges[] = {
        {JET_bitRangeUpperLimit, 7, 2}, {JET_bitRangeUpperLimit | JET_bitRangeInclusive, 7, 3}, {0, 3, 2}, {JET_bitRangeInclusive, 3, 3},
        {JET_bitRangeUpperLimit | JET_bitRangeInstantDuration, 7, 5},
    };
    (void)state;
    set_up();
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        assert_good(seek_id(&s, s.table, 5));
        assert_err(set_range(JET_bitRangeUpperLimit), JET_errKeyNotMade);
        make_number(ranges[i].limit);
        assert_good(set_range(ranges[i].grbit));
        assert_int_equal(count(0), ranges[i].rows);
        assert_int_equal(count(2), 2);
        if ((ranges[i].grbit & JET_bitRangeInstantDuration) == 0)
            assert_good(set_range(JET_bitRangeRemove));
        assert_err(set_range(JET_bitRangeRemove), JET_errInvalidOperation);
        assert_int_equal(count(0), 5);
    }
    make_number(4);
    assert_err(set_range(JET_bitRangeUpperLimit), JET_errNoCurrentRecord); /* 5 is not below 4 */
    uint32_t rows;
    uint64_t rows_too;
    assert_err(JetIndexRecordCount(s.session, s.table, &rows, 0), JET_errNoCurrentRecord);
    assert_err(JetIndexRecordCount2(s.session, s.table, &rows_too, 0), JET_errNoCurrentRecord);
    JET_TABLEID sample = s.table;
    s.table = bare_table();
    assert_err(set_range(JET_bitRangeUpperLimit), JET_errNoCurrentIndex);
    assert_int_equal(count(0), 0); /* an empty index that nobody has moved on */
    assert_err(move(JET_MoveFirst), JET_errNoCurrentRecord);
    assert_err(JetIndexRecordCount(s.session, s.table, &rows, 0), JET_errNoCurrentRecord);
    s.table = sample;
    sample_stop(&s);
}

/* --- reading ahead --- */

static void keys_to_read_ahead_are_sorted_and_of_possible_size(void **state)
{
    uint8_t keys[ROWS][ROOM];
    const void *pointers[ROWS];
    uint32_t sizes[ROWS];
    int32_t done = 0;
    (void)state;
    set_up();
    for (int i = 0; i < ROWS; i++) {
        assert_good(move(i == 0 ? JET_MoveFirst : JET_MoveNext));
        assert_good(JetRetrieveKey(s.session, s.table, keys[i], ROOM, &sizes[i], 0));
        pointers[i] = keys[i];
    }
    assert_good(JetPrereadKeys(s.session, s.table, pointers, sizes, ROWS, &done, JET_bitPrereadForward));
    assert_int_equal(done, ROWS);
    assert_good(JetPrereadKeys(s.session, s.table, pointers, sizes, 1, &done, JET_bitPrereadBackward));
    assert_err(JetPrereadKeys(s.session, s.table, pointers, sizes, ROWS, &done, JET_bitPrereadBackward), JET_errInvalidParameter); /* they ascend */
    assert_err(JetPrereadKeys(s.session, s.table, pointers, sizes, ROWS, &done, JET_bitPrereadForward | JET_bitPrereadBackward), JET_errInvalidGrbit);
    assert_err(JetPrereadKeys(s.session, s.table, pointers, sizes, ROWS, &done, 0), JET_errInvalidGrbit);
    assert_err(JetPrereadKeys(s.session, s.table, NULL, sizes, ROWS, &done, JET_bitPrereadForward), JET_errInvalidParameter);
    assert_err(JetPrereadKeys(s.session, s.table, pointers, NULL, ROWS, &done, JET_bitPrereadForward), JET_errInvalidParameter);
    assert_err(JetPrereadKeys(s.session, s.table, pointers, sizes, 0, &done, JET_bitPrereadForward), JET_errInvalidParameter);
    sizes[0] = 0;
    assert_err(JetPrereadKeys(s.session, s.table, pointers, sizes, ROWS, &done, JET_bitPrereadForward), JET_errInvalidBufferSize);
    sizes[0] = KEY_MOST + 1;
    assert_err(JetPrereadKeys(s.session, s.table, pointers, sizes, ROWS, &done, JET_bitPrereadForward), JET_errInvalidBufferSize);
    sample_stop(&s);
}

static void ranges_are_read_ahead_in_each_of_the_ways(void **state)
{
    static const JET_GRBIT ways[] = {JET_bitPrereadForward, JET_bitPrereadBackward, JET_bitPrereadForward | JET_bitPrereadFirstPage};
    int32_t two = 2, eight = 8;
    uint8_t key[ROOM];
    uint32_t size, done;
    (void)state;
    set_up();
    JET_INDEX_COLUMN start = {.columnid = s.id, .relop = JET_relopGreaterThanOrEqual, .pv = &two, .cb = sizeof two};
    JET_INDEX_COLUMN end = {.columnid = s.id, .relop = JET_relopLessThanOrEqual, .pv = &eight, .cb = sizeof eight};
    JET_INDEX_RANGE range = {&start, 1, &end, 1};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        done = 0;
        assert_good(JetPrereadIndexRanges(s.session, s.table, &range, 1, &done, &s.blob, 1, ways[i]));
        assert_int_equal(done, 1);
    }
    assert_good(move(JET_MoveFirst));
    assert_good(JetRetrieveKey(s.session, s.table, key, sizeof key, &size, 0));
    JET_INDEX_COLUMN stored = {.columnid = s.id, .pv = key, .cb = size};
    JET_INDEX_RANGE of_key = {&stored, 1, NULL, 0};
    assert_good(JetPrereadIndexRanges(s.session, s.table, &of_key, 1, &done, NULL, 0, JET_bitPrereadForward | JET_bitPrereadNormalizedKey));
    assert_err(JetPrereadIndexRanges(s.session, s.table, &of_key, 1, &done, NULL, 0, JET_bitPrereadForward), JET_errInvalidBufferSize); /* no number */
    sample_stop(&s);
}

/* --- intersections --- */

static void allow_little(JET_INSTANCE instance)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxCursors, CURSORS, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxTemporaryTables, TEMPORARY_TABLES, NULL));
}

/* Numbers from 30 on, and texts from "ba" on: rows 4 to 9. */
static void an_intersection_is_made_of_ranges_on_different_indexes(void **state)
{
    int32_t thirty = 30;
    JET_TABLEID second, copies[2];
    JET_RECORDLIST list = {.cbStruct = sizeof list};
    (void)state;
    live_configure = allow_little;
    set_up();
    live_configure = NULL;
    assert_good(JetDupCursor(s.session, s.table, &second, 0));
    use_index("by_number");
    assert_good(make(&thirty, sizeof thirty, JET_bitNewKey));
    assert_in_range(seek(JET_bitSeekGE), JET_errSuccess, JET_wrnSeekNotEqual);
    assert_good(make(&thirty, sizeof thirty, JET_bitNewKey | JET_bitStrLimit));
    assert_good(JetSetCurrentIndex(s.session, second, "by_text"));
    assert_good(JetMakeKey(s.session, second, "ba", 2, JET_bitNewKey));
    assert_good(JetSeek(s.session, second, JET_bitSeekGE));
    JET_INDEXRANGE ranges[2] = {{sizeof *ranges, s.table, JET_bitRecordInIndex}, {sizeof *ranges, second, JET_bitRecordInIndex}};
    JET_ERR err = JET_errOutOfMemory;
    for (uint64_t nth = 1; err == JET_errOutOfMemory; nth++) { /* each allocation once, until none is left */
        memory_fail_at(nth, 0);
        err = JetIntersectIndexes(s.session, ranges, 2, &list, 0);
        assert_true(nth > 1 || err == JET_errOutOfMemory);
    }
    memory_fail_at(0, 0);
    assert_good(err);
    assert_int_equal(list.cRecord, 6);
    JET_RECORDLIST second_list = list, other = list;
    assert_good(JetIntersectIndexes(s.session, ranges, 2, &second_list, 0));
    assert_err(JetIntersectIndexes(s.session, ranges, 2, &other, 0), JET_errTooManySorts);
    assert_good(JetCloseTable(s.session, second_list.tableid));
    for (int i = 0; i < 2; i++) /* two cursors on indexes count twice, the list once: with these there are as many as there may be */
        assert_good(JetDupCursor(s.session, s.table, &copies[i], 0));
    assert_err(JetIntersectIndexes(s.session, ranges, 2, &other, 0), JET_errOutOfCursors);
    assert_good(JetCloseTable(s.session, list.tableid));
    assert_good(JetIntersectIndexes(s.session, ranges, 2, &list, 0));
    assert_good(JetCloseTable(s.session, list.tableid));
    assert_err(JetIntersectIndexes(0x1234, ranges, 2, &other, 0), JET_errInvalidSesid);
    assert_err(JetIntersectIndexes(s.session, ranges, 0, &other, 0), JET_errInvalidParameter);
    assert_err(JetIntersectIndexes(s.session, NULL, 2, &other, 0), JET_errInvalidParameter);
    ranges[1].grbit = 0;
    assert_err(JetIntersectIndexes(s.session, ranges, 2, &other, 0), JET_errInvalidGrbit);
    ranges[1] = ranges[0];
    assert_err(JetIntersectIndexes(s.session, ranges, 2, &other, 0), JET_errInvalidParameter); /* the same cursor */
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_made_column_by_column_of_what_the_index_wants),
        cmocka_unit_test(limits_stand_before_or_behind_all_they_match),
        cmocka_unit_test(a_seek_finds_what_stands_in_the_relation),
        cmocka_unit_test(a_key_is_given_back_of_the_entry_or_as_it_was_made),
        cmocka_unit_test(a_range_limits_one_direction_until_it_is_removed),
        cmocka_unit_test(keys_to_read_ahead_are_sorted_and_of_possible_size),
        cmocka_unit_test(ranges_are_read_ahead_in_each_of_the_ways),
        cmocka_unit_test(an_intersection_is_made_of_ranges_on_different_indexes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
