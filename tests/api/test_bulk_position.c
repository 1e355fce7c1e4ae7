/* Keys with wildcards, ranges in both directions, counts with limits, positions as fractions, and reading ahead: each compared with the list of rows that the test made.
 *
 * Pages: JetMakeKey, JetSeek, JetSetIndexRange, JetIndexRecordCount, JetIndexRecordCount2, JetGetRecordPosition, JetGotoPosition, JetPrereadKeys, JetPrereadIndexRanges, JetGetThreadStats
 */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample_table.h"

enum { WORDS = 27, NUMBERS = 20, ROWS = WORDS * NUMBERS };

/* Words of one to three letters of a, b, c, and numbers below 20: a row for each pair, by index "pair" of both and index "down", where the word descends. */
struct fixture {
    struct sample s;
    JET_TABLEID table;
    JET_COLUMNID word, number, blob;
};

/* In order: "a" "aa" "aaa" ... is left out for plainness; three letters each. */
static void word_of(int i, char out[4]) { snprintf(out, 4, "%c%c%c", 'a' + i / 9, 'a' + i / 3 % 3, 'a' + i % 3); }

static void set_up(struct fixture *f)
{
    sample_start(&f->s, 4096);
    JET_COLUMNCREATE columns[3] = {column_of("word", JET_coltypText, 20, 0), column_of("number", JET_coltypLong, 0, 0), column_of("blob", JET_coltypLongBinary, 0, 0)};
    JET_INDEXCREATE indexes[3] = {index_of("pair", "+word\0+number\0", sizeof "+word\0+number\0", JET_bitIndexPrimary | JET_bitIndexUnique),
                                  index_of("down", "-word\0+number\0", sizeof "-word\0+number\0", 0), index_of("by_number", "+number\0", sizeof "+number\0", 0)};
    f->table = make_table(&f->s, "Pairs", columns, 3, indexes, 3);
    f->word = columns[0].columnid;
    f->number = columns[1].columnid;
    f->blob = columns[2].columnid;
    assert_good(JetBeginTransaction(f->s.session));
    for (int i = 0; i < ROWS; i++) {
        int k = i * 77 % ROWS; /* all of them, not in order: 77 has no factor of 540 */
        static uint8_t large[9000];
        char word[4];
        word_of(k / NUMBERS, word);
        memset(large, k, sizeof large);
        assert_good(JetPrepareUpdate(f->s.session, f->table, JET_prepInsert));
        assert_good(JetSetColumn(f->s.session, f->table, f->word, word, 3, 0, NULL));
        set_number(&f->s, f->table, f->number, k % NUMBERS);
        if (k % 20 == 0)
            assert_good(JetSetColumn(f->s.session, f->table, f->blob, large, sizeof large, 0, NULL));
        assert_good(JetUpdate(f->s.session, f->table, NULL, 0, NULL));
    }
    assert_good(JetCommitTransaction(f->s.session, 0));
}

/* Number of the current row in the order of index "pair". */
static int place(struct fixture *f)
{
    char word[4] = "";
    assert_good(JetRetrieveColumn(f->s.session, f->table, f->word, word, 3, NULL, 0, NULL));
    return ((word[0] - 'a') * 9 + (word[1] - 'a') * 3 + word[2] - 'a') * NUMBERS + get_number(&f->s, f->table, f->number, 0);
}

static void make_word_key(struct fixture *f, const char *word, JET_GRBIT grbit) { assert_good(JetMakeKey(f->s.session, f->table, word, (uint32_t)strlen(word), JET_bitNewKey | grbit)); }

static void make_pair_key(struct fixture *f, int at)
{
    char word[4];
    int32_t number = at % NUMBERS;
    word_of(at / NUMBERS, word);
    make_word_key(f, word, 0);
    assert_good(JetMakeKey(f->s.session, f->table, &number, sizeof number, 0));
}

/* First and last row (in the order of "pair") whose word begins with the text, or is it. */
static void extent(const char *text, bool whole, int *first, int *last)
{
    *first = ROWS;
    *last = -1;
    for (int i = 0; i < ROWS; i++) {
        char word[4];
        word_of(i / NUMBERS, word);
        if (strncmp(word, text, whole ? 4 : strlen(text)) != 0)
            continue;
        *first = i < *first ? i : *first;
        *last = i;
    }
}

static void keys_with_wildcards_find_both_ends_of_what_they_match(void **state)
{
    static const char *const texts[] = {"a", "ab", "abc", "b", "bb", "bca", "c", "cc", "ccc"};
    struct fixture f;
    (void)state;
    set_up(&f);
    for (int down = 0; down < 2; down++) {
        assert_good(JetSetCurrentIndex(f.s.session, f.table, down ? "down" : NULL));
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            int first, last;
            extent(texts[i], false, &first, &last);
            /* Of "down" the words come in the other order, the numbers of each do not. */
            int begin = down ? last - (NUMBERS - 1) : first, end = down ? first + NUMBERS - 1 : last;
            make_word_key(&f, texts[i], JET_bitPartialColumnStartLimit);
            assert_in_range(JetSeek(f.s.session, f.table, JET_bitSeekGE), JET_errSuccess, JET_wrnSeekNotEqual);
            assert_int_equal(place(&f), begin);
            make_word_key(&f, texts[i], JET_bitPartialColumnEndLimit);
            assert_in_range(JetSeek(f.s.session, f.table, JET_bitSeekLE), JET_errSuccess, JET_wrnSeekNotEqual);
            assert_int_equal(place(&f), end);
            make_word_key(&f, texts[i], JET_bitSubStrLimit);
            assert_in_range(JetSeek(f.s.session, f.table, JET_bitSeekLE), JET_errSuccess, JET_wrnSeekNotEqual);
            assert_int_equal(place(&f), end);
            if (strlen(texts[i]) < 3)
                continue;
            make_word_key(&f, texts[i], JET_bitFullColumnStartLimit);
            assert_in_range(JetSeek(f.s.session, f.table, JET_bitSeekGE), JET_errSuccess, JET_wrnSeekNotEqual);
            assert_int_equal(place(&f), begin);
            make_word_key(&f, texts[i], JET_bitFullColumnEndLimit);
            assert_in_range(JetSeek(f.s.session, f.table, JET_bitSeekLE), JET_errSuccess, JET_wrnSeekNotEqual);
            assert_int_equal(place(&f), end);
            make_word_key(&f, texts[i], JET_bitStrLimit);
            assert_in_range(JetSeek(f.s.session, f.table, JET_bitSeekLT), JET_errSuccess, JET_wrnSeekNotEqual);
            assert_int_equal(place(&f), end);
        }
    }
    sample_stop(&f.s);
}

static void wildcards_are_refused_where_they_mean_nothing(void **state)
{
    static const JET_GRBIT one_of[] = {JET_bitPartialColumnStartLimit, JET_bitPartialColumnEndLimit, JET_bitFullColumnStartLimit, JET_bitFullColumnEndLimit};
    struct fixture f;
    int32_t number = 3;
    (void)state;
    set_up(&f);
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < i; k++)
            assert_err(JetMakeKey(f.s.session, f.table, "ab", 2, JET_bitNewKey | one_of[i] | one_of[k]), JET_errInvalidGrbit);
        assert_err(JetMakeKey(f.s.session, f.table, "ab", 2, JET_bitNewKey | one_of[i] | JET_bitStrLimit), JET_errInvalidGrbit);
        assert_err(JetMakeKey(f.s.session, f.table, "ab", 2, JET_bitNewKey | one_of[i] | JET_bitSubStrLimit), JET_errInvalidGrbit);
        make_word_key(&f, "abc", one_of[i]);
        assert_err(JetMakeKey(f.s.session, f.table, &number, sizeof number, 0), JET_errKeyIsMade);
    }
    make_word_key(&f, "abc", 0);
    assert_err(JetMakeKey(f.s.session, f.table, &number, sizeof number, JET_bitPartialColumnEndLimit), JET_errInvalidGrbit);
    assert_err(JetMakeKey(f.s.session, f.table, &number, 3, 0), JET_errInvalidBufferSize);
    assert_good(JetMakeKey(f.s.session, f.table, &number, sizeof number, 0));
    assert_err(JetMakeKey(f.s.session, f.table, &number, sizeof number, 0), JET_errKeyIsMade);
    assert_good(JetSeek(f.s.session, f.table, JET_bitSeekEQ));
    assert_err(JetMakeKey(f.s.session, f.table, &number, sizeof number, 0), JET_errKeyNotMade);
    assert_err(JetSeek(f.s.session, f.table, JET_bitSeekEQ), JET_errKeyNotMade);
    make_pair_key(&f, 7);
    assert_err(JetSeek(f.s.session, f.table, JET_bitSeekEQ | JET_bitCheckUniqueness), JET_wrnUniqueKey);
    sample_stop(&f.s);
}

static void ranges_hold_in_both_directions(void **state)
{
    struct fixture f;
    (void)state;
    set_up(&f);
    for (int bits = 0; bits < 8; bits++) {
        bool upper = (bits & 1) != 0, inclusive = (bits & 2) != 0, instant = (bits & 4) != 0;
        for (int distance = 0; distance < 30; distance += 1 + distance / 3) {
            int start = 250, limit = upper ? start + distance : start - distance, rows = distance + inclusive;
            JET_GRBIT grbit = (upper ? JET_bitRangeUpperLimit : 0) | (inclusive ? JET_bitRangeInclusive : 0) | (instant ? JET_bitRangeInstantDuration : 0);
            make_pair_key(&f, start);
            assert_good(JetSeek(f.s.session, f.table, JET_bitSeekEQ));
            make_pair_key(&f, limit);
            assert_err(JetSetIndexRange(f.s.session, f.table, grbit), rows > 0 ? JET_errSuccess : JET_errNoCurrentRecord);
            if (rows == 0)
                continue;
            uint32_t count;
            uint64_t count2;
            assert_good(JetIndexRecordCount(f.s.session, f.table, &count, 7));
            assert_int_equal(count, instant || rows > 7 ? 7 : rows);
            assert_good(JetIndexRecordCount2(f.s.session, f.table, &count2, 0));
            assert_int_equal(count2, instant ? ROWS - start : rows);
            assert_int_equal(place(&f), start); /* counting moves nothing */
            for (int i = 1; i < rows; i++) {
                assert_good(JetMove(f.s.session, f.table, upper ? JET_MoveNext : JET_MovePrevious, 0));
                assert_int_equal(place(&f), upper ? start + i : start - i);
            }
            assert_err(JetMove(f.s.session, f.table, upper ? JET_MoveNext : JET_MovePrevious, 0), instant ? JET_errSuccess : JET_errNoCurrentRecord);
        }
    }
    make_pair_key(&f, 9);
    assert_good(JetSeek(f.s.session, f.table, JET_bitSeekEQ));
    assert_err(JetSetIndexRange(f.s.session, f.table, JET_bitRangeUpperLimit), JET_errKeyNotMade);
    assert_err(JetSetIndexRange(f.s.session, f.table, JET_bitRangeRemove), JET_errInvalidOperation); /* there is none */
    make_pair_key(&f, 10);
    assert_good(JetSetIndexRange(f.s.session, f.table, JET_bitRangeUpperLimit));
    assert_good(JetSetIndexRange(f.s.session, f.table, JET_bitRangeRemove));
    assert_good(JetMove(f.s.session, f.table, 2, 0));
    assert_int_equal(place(&f), 11);
    sample_stop(&f.s);
}

/* Positions are estimated from the pages on the way down, so they are right to some part of the index. */
static void positions_are_right_to_a_tenth_of_the_index(void **state)
{
    struct fixture f;
    (void)state;
    set_up(&f);
    for (int at = 0; at < ROWS; at += 45) {
        JET_RECPOS position = {.cbStruct = sizeof position};
        make_pair_key(&f, at);
        assert_good(JetSeek(f.s.session, f.table, JET_bitSeekEQ));
        assert_good(JetGetRecordPosition(f.s.session, f.table, &position, sizeof position));
        assert_true(position.centriesTotal > 0 && position.centriesLT <= position.centriesTotal);
        int found = (int)((uint64_t)position.centriesLT * ROWS / position.centriesTotal);
        assert_true(abs(found - at) <= ROWS / 10);
        assert_good(JetGotoPosition(f.s.session, f.table, &position));
        assert_true(abs(place(&f) - at) <= ROWS / 10);
    }
    JET_RECPOS ends = {.cbStruct = sizeof ends, .centriesLT = 0, .centriesTotal = 100};
    assert_good(JetGotoPosition(f.s.session, f.table, &ends));
    assert_int_equal(place(&f), 0);
    ends.centriesLT = 100;
    assert_good(JetGotoPosition(f.s.session, f.table, &ends));
    assert_int_equal(place(&f), ROWS - 1);
    ends.centriesLT = 101;
    assert_err(JetGotoPosition(f.s.session, f.table, &ends), JET_errInvalidParameter);
    ends.cbStruct = 3;
    assert_err(JetGotoPosition(f.s.session, f.table, &ends), JET_errInvalidParameter);
    assert_err(JetGetRecordPosition(f.s.session, f.table, &ends, sizeof ends - 1), JET_errInvalidParameter);
    assert_err(JetMove(f.s.session, f.table, JET_MoveLast, 0), JET_errSuccess);
    assert_err(JetMove(f.s.session, f.table, JET_MoveNext, 0), JET_errNoCurrentRecord);
    assert_err(JetGetRecordPosition(f.s.session, f.table, &ends, sizeof ends), JET_errNoCurrentRecord);
    uint32_t count;
    assert_err(JetIndexRecordCount(f.s.session, f.table, &count, 0), JET_errNoCurrentRecord);
    sample_stop(&f.s);
}

/* --- reading ahead --- */

static JET_THREADSTATS3 work_so_far(void)
{
    JET_THREADSTATS3 stats;
    assert_good(JetGetThreadStats(&stats, sizeof stats));
    return stats;
}

/* The database again, with nothing of it in the cache. */
static void forget_pages(struct fixture *f)
{
    char path[4400];
    snprintf(path, sizeof path, "%s/sample.edb", f->s.live.folder);
    assert_good(JetCloseTable(f->s.session, f->table));
    assert_good(JetCloseTable(f->s.session, f->s.table));
    assert_good(JetCloseDatabase(f->s.session, f->s.dbid, 0));
    assert_good(JetDetachDatabase(f->s.session, path));
    assert_good(JetAttachDatabase(f->s.session, path, 0));
    assert_good(JetOpenDatabase(f->s.session, path, NULL, &f->s.dbid, 0));
    assert_good(JetOpenTable(f->s.session, f->s.dbid, "Pairs", NULL, 0, 0, &f->table));
    assert_good(JetOpenTable(f->s.session, f->s.dbid, "Sample", NULL, 0, 0, &f->s.table));
}

/* Rows from..to with their long values: how many pages that takes from the disk. */
static uint32_t pages_to_read(struct fixture *f, int from, int to)
{
    static uint8_t large[9000];
    JET_THREADSTATS3 before = work_so_far();
    make_pair_key(f, from);
    assert_good(JetSeek(f->s.session, f->table, JET_bitSeekEQ));
    for (int at = from; at <= to; at++) {
        uint32_t size;
        JET_ERR err = JetRetrieveColumn(f->s.session, f->table, f->blob, large, sizeof large, &size, 0, NULL);
        assert_int_equal(err, at % 20 == 0 ? JET_errSuccess : JET_wrnColumnNull);
        assert_int_equal(place(f), at);
        assert_good(JetMove(f->s.session, f->table, JET_MoveNext, 0));
    }
    return work_so_far().cPageRead - before.cPageRead;
}

static void a_range_read_ahead_needs_the_disk_no_more(void **state)
{
    struct fixture f;
    (void)state;
    set_up(&f);
    for (int variant = 0; variant < 4; variant++) {
        JET_GRBIT direction = variant % 2 == 0 ? JET_bitPrereadForward : JET_bitPrereadBackward;
        JET_INDEX_COLUMN start = {.columnid = f.word, .relop = JET_relopGreaterThanOrEqual, .pv = (void *)"abb", .cb = 3}, end = {.columnid = f.word, .relop = JET_relopLessThanOrEqual, .pv = (void *)"bab", .cb = 3};
        JET_INDEX_RANGE range = {&start, 1, &end, 1};
        int from = 4 * NUMBERS, to = 10 * NUMBERS + NUMBERS - 1; /* words 4 "abb" to 10 "bab" */
        uint32_t ranges = 0, without;
        forget_pages(&f);
        without = pages_to_read(&f, from, to);
        assert_true(without > 15); /* seven long values of three pages each, and the rows */
        forget_pages(&f);
        assert_good(JetPrereadIndexRanges(f.s.session, f.table, &range, 1, &ranges, variant < 2 ? &f.blob : NULL, variant < 2 ? 1 : 0, direction));
        assert_int_equal(ranges, 1);
        uint32_t with = pages_to_read(&f, from, to);
        if (variant < 2)
            assert_in_range(with, 0, 2); /* the row after the last, where the walk ends */
        else
            assert_true(with < without && with > 10); /* the long values */
    }
    sample_stop(&f.s);
}

static void reading_ahead_checks_what_it_is_asked(void **state)
{
    struct fixture f;
    uint32_t ranges, pages;
    JET_COLUMNID nothing = 9999;
    (void)state;
    set_up(&f);
    JET_INDEX_COLUMN start = {.columnid = f.word, .pv = (void *)"ab", .cb = 2};
    JET_INDEX_RANGE range = {&start, 1, NULL, 0}, empty = {NULL, 0, NULL, 0};
    assert_good(JetPrereadIndexRanges(f.s.session, f.table, &range, 1, NULL, &f.blob, 1, JET_bitPrereadForward | JET_bitPrereadFirstPage));
    assert_err(JetPrereadIndexRanges(f.s.session, f.table, &range, 1, &ranges, NULL, 0, JET_bitPrereadForward | JET_bitPrereadBackward), JET_errInvalidGrbit);
    assert_err(JetPrereadIndexRanges(f.s.session, f.table, &range, 1, &ranges, NULL, 0, 0x1000), JET_errInvalidGrbit);
    assert_err(JetPrereadIndexRanges(f.s.session, f.table, &range, 0, &ranges, NULL, 0, JET_bitPrereadForward), JET_errInvalidParameter);
    assert_err(JetPrereadIndexRanges(f.s.session, f.table, &empty, 1, &ranges, NULL, 0, JET_bitPrereadForward), JET_errInvalidParameter);
    assert_err(JetPrereadIndexRanges(f.s.session, f.table, &range, 1, &ranges, &nothing, 1, JET_bitPrereadForward), JET_errColumnNotFound);
    assert_good(JetPrereadIndexRange(f.s.session, f.table, &range, 0, 4, JET_bitPrereadForward, &pages));
    assert_in_range(pages, 1, 6); /* it stops soon after the fourth */
    assert_err(JetPrereadIndexRange(f.s.session, f.table, &range, 5, 4, JET_bitPrereadForward, &pages), JET_errInvalidParameter);
    assert_err(JetPrereadIndexRange(f.s.session, f.table, NULL, 0, 4, JET_bitPrereadForward, &pages), JET_errInvalidParameter);
    assert_err(JetPrereadIndexRange(f.s.session, f.table, &range, 0, 4, 0, &pages), JET_errInvalidGrbit);
    const char16_t *tables[] = {u"Pairs", u"Sample", u"Nothing"};
    assert_good(JetPrereadTablesW(f.s.session, f.s.dbid, tables, 2, 0));
    assert_err(JetPrereadTablesW(f.s.session, f.s.dbid, tables, 3, 0), JET_errObjectNotFound);
    assert_err(JetPrereadTablesW(f.s.session, f.s.dbid, NULL, 1, 0), JET_errInvalidParameter);
    /* From a secondary index to the rows; and keys as they are stored. */
    uint8_t key[300];
    uint32_t size;
    assert_good(JetSetCurrentIndex(f.s.session, f.table, "down"));
    assert_good(JetMove(f.s.session, f.table, JET_MoveFirst, 0));
    assert_good(JetRetrieveKey(f.s.session, f.table, key, sizeof key, &size, 0));
    JET_INDEX_COLUMN stored = {.columnid = f.word, .pv = key, .cb = size};
    JET_INDEX_RANGE of_key = {&stored, 1, NULL, 0};
    assert_good(JetPrereadIndexRanges(f.s.session, f.table, &of_key, 1, &ranges, &f.blob, 1, JET_bitPrereadForward | JET_bitPrereadNormalizedKey));
    assert_int_equal(ranges, 1);
    /* A column made since the cursor last looked. */
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLongBinary};
    JET_COLUMNID added;
    JET_TABLEID other;
    assert_good(JetOpenTable(f.s.session, f.s.dbid, "Pairs", NULL, 0, 0, &other));
    assert_good(JetAddColumn(f.s.session, other, "added", &definition, NULL, 0, &added));
    assert_good(JetPrereadIndexRanges(f.s.session, f.table, &of_key, 1, &ranges, &added, 1, JET_bitPrereadForward | JET_bitPrereadNormalizedKey));
    sample_stop(&f.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_with_wildcards_find_both_ends_of_what_they_match),
        cmocka_unit_test(wildcards_are_refused_where_they_mean_nothing),
        cmocka_unit_test(ranges_hold_in_both_directions),
        cmocka_unit_test(positions_are_right_to_a_tenth_of_the_index),
        cmocka_unit_test(a_range_read_ahead_needs_the_disk_no_more),
        cmocka_unit_test(reading_ahead_checks_what_it_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
