/* Moving along indexes: JetMove, ranges, counts, positions, bookmarks, choice of index. What must come out follows from walking the index once
 * from its first to its last entry.
 *
 * Pages: JetMove, JetSetIndexRange, JetGetBookmark, JetGotoBookmark, JetGetRecordPosition, JetGotoPosition
 */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live_instance.h"
#include "shared_data.h"

enum { ENTRIES_MAX = 2000, KEY_MAX = 300 };

struct entry {
    unsigned char key[KEY_MAX], bookmark[KEY_MAX];
    uint32_t key_size, bookmark_size;
};

struct fixture {
    struct live_instance live;
    JET_DBID dbid;
    JET_TABLEID table;
    struct entry *entries;
    uint32_t count;
};

static void read_entry(struct fixture *f, struct entry *e)
{
    assert_good(JetRetrieveKey(f->live.session, f->table, e->key, sizeof e->key, &e->key_size, 0));
    assert_good(JetGetBookmark(f->live.session, f->table, e->bookmark, sizeof e->bookmark, &e->bookmark_size));
}

/* Walks the current index. */
static void walk(struct fixture *f)
{
    f->count = 0;
    for (JET_ERR err = JetMove(f->live.session, f->table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(f->live.session, f->table, 1, 0)) {
        assert_true(f->count < ENTRIES_MAX);
        read_entry(f, &f->entries[f->count++]);
    }
}

static struct fixture *start(const char *table, const char *index)
{
    static struct fixture f;
    require_shared_data();
    memset(&f, 0, sizeof f);
    live_start_with(&f.live, "engine/clean_4k/data.edb");
    assert_good(JetOpenDatabase(f.live.session, f.live.database, NULL, &f.dbid, 0));
    assert_good(JetOpenTable(f.live.session, f.dbid, table, NULL, 0, 0, &f.table));
    assert_good(JetSetCurrentIndex(f.live.session, f.table, index));
    f.entries = calloc(ENTRIES_MAX, sizeof *f.entries);
    assert_non_null(f.entries);
    walk(&f);
    return &f;
}

static void stop(struct fixture *f)
{
    free(f->entries);
    live_stop(&f->live);
}

static void is_on(struct fixture *f, uint32_t at)
{
    struct entry e;
    read_entry(f, &e);
    assert_int_equal(e.key_size, f->entries[at].key_size);
    assert_memory_equal(e.key, f->entries[at].key, e.key_size);
    assert_int_equal(e.bookmark_size, f->entries[at].bookmark_size);
    assert_memory_equal(e.bookmark, f->entries[at].bookmark, e.bookmark_size);
}

static JET_ERR move(struct fixture *f, int32_t rows) { return JetMove(f->live.session, f->table, rows, 0); }

static int same_key(const struct entry *a, const struct entry *b) { return a->key_size == b->key_size && memcmp(a->key, b->key, a->key_size) == 0; }

static const char *const INDEXES[] = {"", "ix_bit", "ix_cur_desc", "ix_date", "ix_vbin_u"};

static void a_new_cursor_stands_on_the_first_row(void **state)
{
    (void)state;
    struct fixture *f = start("AllTypes", "");
    JET_TABLEID copy;
    assert_good(JetDupCursor(f->live.session, f->table, &copy, 0));
    JET_TABLEID first = f->table;
    f->table = copy;
    is_on(f, 0);
    assert_good(move(f, 1));
    is_on(f, 1);
    assert_good(JetCloseTable(f->live.session, copy));
    assert_err(JetMove(f->live.session, copy, 1, 0), JET_errInvalidTableId);
    f->table = first;
    stop(f);
}

static void moves_by_any_number_agree_with_a_walk(void **state)
{
    (void)state;
    srand(20261);
    for (size_t i = 0; i < sizeof INDEXES / sizeof *INDEXES; i++) {
        struct fixture *f = start("AllTypes", INDEXES[i]);
        assert_true(f->count > 50);
        assert_good(move(f, JET_MoveFirst));
        int64_t at = 0; /* -1 before the first, count after the last */
        for (int n = 0; n < 600; n++) {
            int32_t step = rand() % 41 - 20;
            if (rand() % 40 == 0) {
                step = rand() % 2 == 0 ? JET_MoveFirst : JET_MoveLast;
                at = step == JET_MoveFirst ? 0 : f->count - 1;
            } else if (step != 0) {
                at += step;
                at = at < -1 ? -1 : at > f->count ? f->count : at;
            }
            JET_ERR err = move(f, step);
            assert_err(err, at >= 0 && at < f->count ? JET_errSuccess : JET_errNoCurrentRecord);
            if (err == JET_errSuccess)
                is_on(f, (uint32_t)at);
            else
                assert_err(JetGetBookmark(f->live.session, f->table, NULL, 0, NULL), JET_errNoCurrentRecord);
        }
        stop(f);
    }
}

static void moves_over_equal_keys_stand_on_the_next_other_key(void **state)
{
    (void)state;
    struct fixture *f = start("AllTypes", "ix_date");
    uint32_t at = 0, keys = 0;
    assert_good(move(f, JET_MoveFirst));
    for (;;) {
        uint32_t next = at + 1;
        while (next < f->count && same_key(&f->entries[at], &f->entries[next]))
            next++;
        JET_ERR err = JetMove(f->live.session, f->table, 1, JET_bitMoveKeyNE);
        assert_err(err, next < f->count ? JET_errSuccess : JET_errNoCurrentRecord);
        keys++;
        if (err < 0)
            break;
        is_on(f, at = next);
    }
    /* And back: on the last entry of the key before. */
    assert_good(move(f, JET_MoveLast));
    for (at = f->count - 1;;) {
        int64_t next = (int64_t)at - 1;
        while (next >= 0 && same_key(&f->entries[at], &f->entries[next]))
            next--;
        JET_ERR err = JetMove(f->live.session, f->table, -1, JET_bitMoveKeyNE);
        assert_err(err, next >= 0 ? JET_errSuccess : JET_errNoCurrentRecord);
        keys--;
        if (err < 0)
            break;
        is_on(f, at = (uint32_t)next);
    }
    assert_int_equal(keys, 0);
    stop(f);
}

static void set_key(struct fixture *f, uint32_t at)
{
    assert_good(JetMakeKey(f->live.session, f->table, f->entries[at].key, f->entries[at].key_size, JET_bitNormalizedKey));
}

static void ranges_end_moves_in_their_direction_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof INDEXES / sizeof *INDEXES; i++) {
        struct fixture *f = start("AllTypes", INDEXES[i]);
        uint32_t from = 10, limit = 30;
        uint64_t count;
        for (int inclusive = 0; inclusive < 2; inclusive++) {
            /* Upwards: entries with key < (or <=) the limit's. */
            uint32_t end = from;
            while (end < f->count) {
                const struct entry *e = &f->entries[end], *l = &f->entries[limit];
                uint32_t common = e->key_size < l->key_size ? e->key_size : l->key_size;
                int order = memcmp(e->key, l->key, common);
                order = order != 0 ? order : (e->key_size > l->key_size) - (e->key_size < l->key_size);
                if (order > 0 || (order == 0 && !inclusive))
                    break;
                end++;
            }
            assert_good(move(f, JET_MoveFirst));
            assert_good(move(f, (int32_t)from));
            set_key(f, limit);
            assert_good(JetSetIndexRange(f->live.session, f->table, JET_bitRangeUpperLimit | (inclusive ? JET_bitRangeInclusive : 0)));
            uint32_t count32;
            assert_good(JetIndexRecordCount(f->live.session, f->table, &count32, 0));
            assert_int_equal(count32, end - from);
            assert_good(JetIndexRecordCount2(f->live.session, f->table, &count, 3));
            assert_int_equal(count, end - from < 3 ? end - from : 3);
            is_on(f, from);
            for (uint32_t at = from + 1; at < end; at++) {
                assert_good(move(f, 1));
                is_on(f, at);
            }
            assert_err(move(f, 1), JET_errNoCurrentRecord);
            assert_err(move(f, 1), JET_errNoCurrentRecord);
            assert_good(move(f, -1)); /* the range is gone, the cursor was after the last */
            is_on(f, f->count - 1);
        }
        /* The other direction is free. */
        assert_good(move(f, JET_MoveFirst));
        assert_good(move(f, 10));
        set_key(f, limit);
        assert_good(JetSetIndexRange(f->live.session, f->table, JET_bitRangeUpperLimit));
        assert_good(move(f, -5));
        is_on(f, 5);
        /* Lower limit. */
        assert_good(move(f, JET_MoveLast));
        set_key(f, f->count - 4);
        assert_good(JetSetIndexRange(f->live.session, f->table, JET_bitRangeInclusive));
        while (move(f, -1) == JET_errSuccess)
            ;
        assert_good(move(f, 1));
        is_on(f, 0);
        /* Removing. */
        assert_err(JetSetIndexRange(f->live.session, f->table, JET_bitRangeRemove), JET_errInvalidOperation);
        set_key(f, limit);
        assert_good(JetSetIndexRange(f->live.session, f->table, JET_bitRangeUpperLimit));
        assert_good(JetSetIndexRange(f->live.session, f->table, JET_bitRangeRemove));
        assert_good(move(f, (int32_t)limit + 5));
        is_on(f, limit + 5);
        /* Nothing inside. */
        set_key(f, 2);
        assert_err(JetSetIndexRange(f->live.session, f->table, JET_bitRangeUpperLimit), JET_errNoCurrentRecord);
        /* No key. */
        assert_good(move(f, JET_MoveFirst));
        assert_err(JetSetIndexRange(f->live.session, f->table, JET_bitRangeUpperLimit), JET_errKeyNotMade);
        /* Instant: only the test. */
        set_key(f, limit);
        assert_good(JetSetIndexRange(f->live.session, f->table, JET_bitRangeUpperLimit | JET_bitRangeInstantDuration));
        assert_good(move(f, (int32_t)limit + 5));
        stop(f);
    }
}

static void bookmarks_lead_back_to_their_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof INDEXES / sizeof *INDEXES; i++) {
        struct fixture *f = start("AllTypes", INDEXES[i]);
        unsigned char key[KEY_MAX], primary[KEY_MAX];
        uint32_t key_size, primary_size;
        for (uint32_t at = 0; at < f->count; at += 7) {
            assert_good(move(f, JET_MoveLast));
            assert_good(JetGotoBookmark(f->live.session, f->table, f->entries[at].bookmark, f->entries[at].bookmark_size));
            is_on(f, at);
            if (*INDEXES[i] == 0) {
                assert_err(JetGetSecondaryIndexBookmark(f->live.session, f->table, key, sizeof key, &key_size, primary, sizeof primary, &primary_size, 0),
                           JET_errNoCurrentIndex);
                continue;
            }
            assert_good(JetGetSecondaryIndexBookmark(f->live.session, f->table, key, sizeof key, &key_size, primary, sizeof primary, &primary_size, 0));
            assert_good(move(f, JET_MoveFirst));
            assert_good(JetGotoSecondaryIndexBookmark(f->live.session, f->table, key, key_size, primary, primary_size, 0));
            is_on(f, at);
        }
        unsigned char nowhere[] = {0x7F, 0x01, 0x02};
        uint32_t size;
        assert_good(move(f, JET_MoveFirst));
        assert_err(JetGotoBookmark(f->live.session, f->table, nowhere, sizeof nowhere), JET_errRecordDeleted);
        is_on(f, 0);
        assert_err(JetGotoBookmark(f->live.session, f->table, NULL, 0), JET_errInvalidBookmark);
        assert_err(JetGetBookmark(f->live.session, f->table, nowhere, 1, &size), JET_errBufferTooSmall);
        assert_int_equal(size, f->entries[0].bookmark_size);
        stop(f);
    }
}

static void an_index_can_be_chosen_without_leaving_the_row(void **state)
{
    (void)state;
    struct fixture *f = start("AllTypes", "");
    for (uint32_t at = 0; at < f->count; at += 11) {
        unsigned char bookmark[KEY_MAX];
        uint32_t size;
        char name[80];
        assert_good(JetSetCurrentIndex(f->live.session, f->table, NULL));
        assert_good(JetGotoBookmark(f->live.session, f->table, f->entries[at].bookmark, f->entries[at].bookmark_size));
        assert_good(JetSetCurrentIndex2(f->live.session, f->table, "IX_BIT", JET_bitNoMove));
        assert_good(JetGetCurrentIndex(f->live.session, f->table, name, sizeof name));
        assert_string_equal(name, "ix_bit");
        assert_good(JetGetBookmark(f->live.session, f->table, bookmark, sizeof bookmark, &size));
        assert_memory_equal(bookmark, f->entries[at].bookmark, size);
        JET_INDEXID id;
        assert_good(JetGetTableIndexInfo(f->live.session, f->table, "ix_cur_desc", &id, sizeof id, JET_IdxInfoIndexId));
        assert_good(JetSetCurrentIndex4(f->live.session, f->table, NULL, &id, JET_bitNoMove, 1));
        assert_good(JetGetBookmark(f->live.session, f->table, bookmark, sizeof bookmark, &size));
        assert_memory_equal(bookmark, f->entries[at].bookmark, size);
        id.rgbIndexId[8] ^= 1;
        assert_err(JetSetCurrentIndex4(f->live.session, f->table, NULL, &id, 0, 1), JET_errInvalidIndexId);
    }
    assert_err(JetSetCurrentIndex(f->live.session, f->table, "absent"), JET_errIndexNotFound);
    assert_err(JetSetCurrentIndex(f->live.session, f->table, "bad!"), JET_errInvalidName);
    assert_good(JetSetCurrentIndex(f->live.session, f->table, "ix_bit"));
    assert_err(JetSetCurrentIndex3(f->live.session, f->table, "ix_guid", JET_bitNoMove, 2), JET_errBadItagSequence);
    stop(f);
}

static void positions_are_fractions_of_the_index(void **state)
{
    (void)state;
    struct fixture *f = start("AllTypes", "ix_bit");
    JET_RECPOS position = {.cbStruct = sizeof position};
    uint32_t last = 0;
    for (uint32_t at = 0; at < f->count; at++) {
        assert_good(at == 0 ? move(f, JET_MoveFirst) : move(f, 1));
        assert_good(JetGetRecordPosition(f->live.session, f->table, &position, sizeof position));
        assert_true(position.centriesLT >= last && position.centriesLT <= position.centriesTotal && position.centriesTotal > 0);
        last = position.centriesLT;
    }
    position = (JET_RECPOS){sizeof position, 0, 0, 100};
    assert_good(JetGotoPosition(f->live.session, f->table, &position));
    is_on(f, 0);
    position.centriesLT = 101;
    assert_err(JetGotoPosition(f->live.session, f->table, &position), JET_errInvalidParameter);
    position.cbStruct = 3;
    assert_err(JetGotoPosition(f->live.session, f->table, &position), JET_errInvalidParameter);
    stop(f);
}

static void an_empty_table_has_no_current_record(void **state)
{
    (void)state;
    struct fixture *f = start("EmptyTable", "");
    unsigned char bookmark[4] = {0};
    uint32_t count;
    assert_int_equal(f->count, 0);
    assert_err(move(f, 0), JET_errNoCurrentRecord);
    assert_err(move(f, 1), JET_errNoCurrentRecord);
    assert_err(move(f, JET_MoveLast), JET_errNoCurrentRecord);
    assert_err(JetGotoBookmark(f->live.session, f->table, bookmark, sizeof bookmark), JET_errRecordDeleted);
    assert_err(JetIndexRecordCount(f->live.session, f->table, &count, 0), JET_errNoCurrentRecord);
    assert_err(JetMakeKey(f->live.session, f->table, bookmark, 4, JET_bitNewKey), JET_errNoCurrentIndex);
    stop(f);
}

static unsigned entries_checked;

/* From the row, value by value, to the entries of one index; the entry we came from must be among them. */
static void check_entry(struct fixture *f, const char *index, JET_COLUMNID column, int is_tuple)
{
    struct entry here, there;
    JET_SESID session = f->live.session;
    uint32_t found = 0, size, from_index_size;
    unsigned char value[600], from_index[600];
    read_entry(f, &here);
    JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = 1};
    JET_ERR answer = JetRetrieveColumn(session, f->table, column, from_index, sizeof from_index, &from_index_size, JET_bitRetrieveFromIndex | JET_bitRetrieveTag, &info);
    if (is_tuple)
        assert_err(answer, JET_errIndexTuplesCannotRetrieveFromIndex);
    uint32_t told = info.itagSequence;
    assert_good(JetSetCurrentIndex2(session, f->table, NULL, JET_bitNoMove));
    assert_good(JetGetBookmark(session, f->table, there.bookmark, sizeof there.bookmark, &there.bookmark_size));
    assert_int_equal(there.bookmark_size, here.bookmark_size);
    assert_memory_equal(there.bookmark, here.bookmark, here.bookmark_size);
    for (uint32_t itag = 1; found == 0 && itag < 200; itag++) {
        JET_ERR err = JetSetCurrentIndex3(session, f->table, index, JET_bitNoMove, itag);
        if (err == JET_errBadItagSequence)
            break;
        if (err == JET_errSuccess) {
            read_entry(f, &there);
            assert_int_equal(there.bookmark_size, here.bookmark_size);
            assert_memory_equal(there.bookmark, here.bookmark, here.bookmark_size);
            if (same_key(&here, &there))
                found = itag;
        } else {
            assert_err(err, JET_errNoCurrentRecord); /* null rules keep this value out */
        }
        assert_good(JetSetCurrentIndex(session, f->table, NULL));
        assert_good(JetGotoBookmark(session, f->table, here.bookmark, here.bookmark_size));
    }
    if (!is_tuple) {
        if (found == 0)
            fail_msg("%s: no value leads back to the entry", index);
        assert_int_equal(told, found);
        info.itagSequence = found;
        assert_good(JetSetCurrentIndex(session, f->table, NULL));
        assert_good(JetGotoBookmark(session, f->table, here.bookmark, here.bookmark_size));
        assert_err(JetRetrieveColumn(session, f->table, column, value, sizeof value, &size, 0, &info), answer);
        assert_int_equal(size, from_index_size);
        if (size == 1 && from_index[0] == 0xFF && value[0] != 0)
            from_index[0] = value[0]; /* a key knows only that a bit is set */
        assert_memory_equal(value, from_index, size < sizeof value ? size : sizeof value);
    }
    assert_good(JetSetCurrentIndex(session, f->table, index));
    assert_good(JetGotoSecondaryIndexBookmark(session, f->table, here.key, here.key_size, here.bookmark, here.bookmark_size, 0));
    entries_checked++;
}

static void entries_of_several_values_are_told_apart(void **state)
{
    static const char *const tables[] = {"Multi", "Cond", "Sparse", "Tuple", "Desc", "Dup"};
    struct fixture f = {.count = 0};
    (void)state;
    require_shared_data();
    live_start_with(&f.live, "engine/features-keys-4k/keys.edb");
    JET_SESID session = f.live.session;
    assert_good(JetOpenDatabase(session, f.live.database, NULL, &f.dbid, 0));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        JET_INDEXLIST list;
        assert_good(JetOpenTable(session, f.dbid, tables[i], NULL, 0, 0, &f.table));
        assert_good(JetGetTableIndexInfo(session, f.table, NULL, &list, sizeof list, JET_IdxInfoList));
        JET_COLUMNID multi = 0;
        for (JET_ERR err = JetMove(session, list.tableid, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(session, list.tableid, 1, 0)) {
            char index[70] = "";
            JET_COLUMNID column;
            JET_COLUMNDEF def;
            uint32_t grbit, number, count, size;
            assert_good(JetRetrieveColumn(session, list.tableid, list.columnidindexname, index, sizeof index - 1, &size, 0, NULL));
            assert_good(JetRetrieveColumn(session, list.tableid, list.columnidgrbitIndex, &grbit, 4, &size, 0, NULL));
            assert_good(JetRetrieveColumn(session, list.tableid, list.columnidiColumn, &number, 4, &size, 0, NULL));
            assert_good(JetRetrieveColumn(session, list.tableid, list.columnidcColumn, &count, 4, &size, 0, NULL));
            assert_good(JetRetrieveColumn(session, list.tableid, list.columnidcolumnid, &column, 4, &size, 0, NULL));
            assert_good(JetGetTableColumnInfo(session, f.table, (const char *)&column, &def, sizeof def, JET_ColInfoByColid));
            /* The column whose value is asked for: the first multi-valued one, else the first. */
            if (number == 0)
                multi = column;
            JET_COLUMNDEF chosen;
            assert_good(JetGetTableColumnInfo(session, f.table, (const char *)&multi, &chosen, sizeof chosen, JET_ColInfoByColid));
            if ((chosen.grbit & JET_bitColumnMultiValued) == 0 && (def.grbit & JET_bitColumnMultiValued) != 0 && (grbit & JET_bitIndexTuples) == 0)
                multi = column;
            if (number + 1 < count || (grbit & (JET_bitIndexPrimary | JET_bitIndexCrossProduct)) != 0)
                continue;
            assert_good(JetSetCurrentIndex(session, f.table, index));
            int rows = 0;
            for (JET_ERR move_err = move(&f, JET_MoveFirst); move_err == JET_errSuccess && rows < 60; move_err = move(&f, 1), rows++)
                check_entry(&f, index, multi, (grbit & JET_bitIndexTuples) != 0);
        }
        assert_good(JetCloseTable(session, list.tableid));
        assert_good(JetCloseTable(session, f.table));
    }
    print_message("%u entries\n", entries_checked);
    assert_true(entries_checked > 1000);
    live_stop(&f.live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_cursor_stands_on_the_first_row),
        cmocka_unit_test(moves_by_any_number_agree_with_a_walk),
        cmocka_unit_test(moves_over_equal_keys_stand_on_the_next_other_key),
        cmocka_unit_test(ranges_end_moves_in_their_direction_only),
        cmocka_unit_test(bookmarks_lead_back_to_their_entries),
        cmocka_unit_test(an_index_can_be_chosen_without_leaving_the_row),
        cmocka_unit_test(positions_are_fractions_of_the_index),
        cmocka_unit_test(an_empty_table_has_no_current_record),
        cmocka_unit_test(entries_of_several_values_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
