/* What a reader sees while others change the leaves he has copied, and while he changes them himself; seeks past the root while the tree grows and shrinks. */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sample_table.h"
#include "shared_data.h"

enum { ROWS = 400 };

/* A second session on the sample's table. */
struct other {
    JET_SESID session;
    JET_TABLEID table;
};

static struct other open_other(struct sample *s)
{
    struct other o;
    JET_DBID dbid;
    assert_good(JetBeginSession(s->live.instance, &o.session, NULL, NULL));
    assert_good(JetOpenDatabase(o.session, text_of("%s/sample.edb", s->live.folder), NULL, &dbid, 0));
    assert_good(JetOpenTable(o.session, dbid, "Sample", NULL, 0, 0, &o.table));
    return o;
}

static void insert_row(JET_SESID session, JET_TABLEID table, const struct sample *s, int32_t id, int32_t number)
{
    assert_good(JetPrepareUpdate(session, table, JET_prepInsert));
    assert_good(JetSetColumn(session, table, s->id, &id, sizeof id, 0, NULL));
    assert_good(JetSetColumn(session, table, s->number, &number, sizeof number, 0, NULL));
    assert_good(JetUpdate(session, table, NULL, 0, NULL));
}

static JET_ERR seek_row(JET_SESID session, JET_TABLEID table, int32_t id)
{
    assert_good(JetMakeKey(session, table, &id, sizeof id, JET_bitNewKey));
    return JetSeek(session, table, JET_bitSeekEQ);
}

static void replace_row(JET_SESID session, JET_TABLEID table, const struct sample *s, int32_t id, int32_t number)
{
    assert_good(seek_row(session, table, id));
    assert_good(JetPrepareUpdate(session, table, JET_prepReplace));
    assert_good(JetSetColumn(session, table, s->number, &number, sizeof number, 0, NULL));
    assert_good(JetUpdate(session, table, NULL, 0, NULL));
}

static void delete_row(JET_SESID session, JET_TABLEID table, int32_t id)
{
    assert_good(seek_row(session, table, id));
    assert_good(JetDelete(session, table));
}

static int32_t read_number(JET_SESID session, JET_TABLEID table, JET_COLUMNID column)
{
    int32_t value = -1;
    uint32_t actual;
    assert_good(JetRetrieveColumn(session, table, column, &value, sizeof value, &actual, 0, NULL));
    assert_int_equal(actual, sizeof value);
    return value;
}

/* Even ids from 2 to 2 * ROWS; number = 10 * id. */
static void start_full(struct sample *s)
{
    sample_start(s, 4096);
    assert_good(JetBeginTransaction(s->session));
    for (int32_t i = 1; i <= ROWS; i++)
        insert_row(s->session, s->table, s, 2 * i, 20 * i);
    assert_good(JetCommitTransaction(s->session, 0));
}

static void expect_next(struct sample *s, int32_t id, int32_t number)
{
    int32_t values[2] = {-1, -1};
    JET_RETRIEVECOLUMN get[2] = {{.columnid = s->id, .pvData = &values[0], .cbData = 4, .itagSequence = 1}, {.columnid = s->number, .pvData = &values[1], .cbData = 4, .itagSequence = 1}};
    assert_good(JetMove(s->session, s->table, JET_MoveNext, 0));
    assert_good(JetRetrieveColumns(s->session, s->table, get, 2));
    assert_int_equal(values[0], id);
    assert_int_equal(values[1], number);
    assert_int_equal(read_number(s->session, s->table, s->number), number);
}

/* Where in the scan of the first session the changes come: before leaves are copied, and behind. */
static const int32_t places[] = {1, 2, 20, ROWS / 2, ROWS - 3};

static void a_scan_shows_its_snapshot_whatever_others_commit_ahead_of_it_and_behind(void **state)
{
    (void)state;
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        struct sample s;
        start_full(&s);
        struct other o = open_other(&s);
        assert_good(JetBeginTransaction(s.session));
        assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
        for (int32_t i = 2; i <= places[p]; i++)
            expect_next(&s, 2 * i, 20 * i);
        assert_good(JetBeginTransaction(o.session));
        for (int32_t i = 1; i <= ROWS; i++) {
            if (i % 3 == 0)
                delete_row(o.session, o.table, 2 * i);
            else if (i % 3 == 1)
                replace_row(o.session, o.table, &s, 2 * i, -i);
            insert_row(o.session, o.table, &s, 2 * i + 1, -100000 - i); /* splits the leaves too */
        }
        if (p % 2 == 0)
            assert_good(JetCommitTransaction(o.session, 0));
        for (int32_t i = places[p] + 1; i <= ROWS; i++)
            expect_next(&s, 2 * i, 20 * i);
        assert_int_equal(JetMove(s.session, s.table, JET_MoveNext, 0), JET_errNoCurrentRecord);
        for (int32_t i = ROWS; i >= 1; i--) { /* and back */
            assert_good(JetMove(s.session, s.table, JET_MovePrevious, 0));
            assert_int_equal(read_number(s.session, s.table, s.number), 20 * i);
        }
        assert_good(JetCommitTransaction(s.session, 0));
        if (p % 2 != 0)
            assert_good(JetRollback(o.session, 0));
        bool is_changed = p % 2 == 0;
        assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
        int32_t rows = 1;
        while (JetMove(s.session, s.table, JET_MoveNext, 0) == JET_errSuccess)
            rows++;
        assert_int_equal(rows, is_changed ? ROWS + ROWS - ROWS / 3 : ROWS);
        assert_good(JetEndSession(o.session, 0));
        sample_stop(&s);
    }
}

static void a_scan_sees_its_own_changes_ahead_of_it_at_once_and_no_longer_when_they_are_rolled_back(void **state)
{
    (void)state;
    struct sample s;
    JET_TABLEID second;
    start_full(&s);
    assert_good(JetDupCursor(s.session, s.table, &second, 0));
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    for (int32_t i = 2; i <= 10; i++)
        expect_next(&s, 2 * i, 20 * i);
    replace_row(s.session, second, &s, 20, 1234); /* where the scan stands */
    assert_int_equal(read_number(s.session, s.table, s.number), 1234);
    replace_row(s.session, second, &s, 22, 77);
    delete_row(s.session, second, 24);
    insert_row(s.session, second, &s, 27, 88);
    expect_next(&s, 22, 77);
    expect_next(&s, 26, 260);
    expect_next(&s, 27, 88);
    expect_next(&s, 28, 280);
    for (int32_t i = 15; i <= 30; i++)
        expect_next(&s, 2 * i, 20 * i);
    assert_good(JetBeginTransaction(s.session));
    replace_row(s.session, second, &s, 62, 99);
    delete_row(s.session, second, 60);
    assert_int_equal(JetRetrieveColumn(s.session, s.table, s.id, NULL, 0, NULL, 0, NULL), JET_errRecordDeleted);
    expect_next(&s, 62, 99);
    assert_good(JetMove(s.session, s.table, JET_MoveNext, 0));
    assert_good(JetRollback(s.session, 0));
    assert_good(seek_row(s.session, s.table, 58));
    for (int32_t i = 30; i <= 50; i++)
        expect_next(&s, 2 * i, 20 * i);
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(seek_row(s.session, s.table, 20));
    assert_int_equal(read_number(s.session, s.table, s.number), 1234);
    sample_stop(&s);
}

static void outside_a_transaction_every_call_sees_what_is_committed_by_then(void **state)
{
    (void)state;
    struct sample s;
    start_full(&s);
    struct other o = open_other(&s);
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    for (int32_t i = 2; i <= 40; i++) {
        expect_next(&s, 2 * i, 20 * i);
        assert_good(JetBeginTransaction(o.session));
        replace_row(o.session, o.table, &s, 2 * i, -i);
        assert_int_equal(read_number(s.session, s.table, s.number), 20 * i);
        assert_good(JetCommitTransaction(o.session, 0));
        assert_int_equal(read_number(s.session, s.table, s.number), -i);
    }
    assert_good(JetBeginTransaction(o.session));
    delete_row(o.session, o.table, 80);
    delete_row(o.session, o.table, 82);
    assert_good(JetCommitTransaction(o.session, 0));
    assert_int_equal(JetRetrieveColumn(s.session, s.table, s.id, NULL, 0, NULL, 0, NULL), JET_errRecordDeleted);
    expect_next(&s, 84, 840);
    assert_good(JetEndSession(o.session, 0));
    sample_stop(&s);
}

/* The reader's cursor seeks so often that it goes past the root; the tree grows to several times its size and shrinks again meanwhile. */
static void seeks_find_what_is_there_while_the_tree_grows_and_shrinks(void **state)
{
    (void)state;
    enum { IDS = 12000, STEPS = 40 };
    static bool is_there[IDS];
    struct sample s;
    uint32_t random = 12345;
    memset(is_there, 0, sizeof is_there);
    sample_start(&s, 4096);
    struct other o = open_other(&s);
    for (int step = 0; step < STEPS; step++) {
        assert_good(JetBeginTransaction(o.session));
        for (int i = 0; i < IDS / 15; i++) {
            random = random * 1664525u + 1013904223u;
            int32_t id = (int32_t)((random >> 8) % IDS);
            if (step >= STEPS / 2)
                id = (step - STEPS / 2) * (IDS / (STEPS / 2)) + i % (IDS / (STEPS / 2)); /* range after range, so that leaves become empty */
            if (step < STEPS / 2 && !is_there[id])
                insert_row(o.session, o.table, &s, id, id);
            else if (step >= STEPS / 2 && is_there[id])
                delete_row(o.session, o.table, id);
            is_there[id] = step < STEPS / 2;
        }
        assert_good(JetCommitTransaction(o.session, 0));
        if (step % 4 == 3)
            (void)JetIdle(o.session, JET_bitIdleCompact);
        for (int i = 0; i < 600; i++) {
            random = random * 1664525u + 1013904223u;
            int32_t id = (int32_t)((random >> 8) % IDS);
            assert_int_equal(seek_row(s.session, s.table, id), is_there[id] ? JET_errSuccess : JET_errRecordNotFound);
            if (is_there[id])
                assert_int_equal(read_number(s.session, s.table, s.number), id);
        }
    }
    assert_good(JetEndSession(o.session, 0));
    sample_stop(&s);
}

/* Columns of every kind, in rows that have them, have not, have them empty, or were made before there was such a column. */
enum { KINDS = 7, KIND_ROWS = 64 };

static JET_COLUMNID add_column(struct sample *s, const char *name, JET_COLTYP type, uint32_t size, JET_GRBIT grbit, const char *value)
{
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = type, .cbMax = size, .grbit = grbit, .cp = 1252};
    JET_COLUMNID id;
    assert_good(JetAddColumn(s->session, s->table, name, &definition, value, value != NULL ? (uint32_t)strlen(value) : 0, &id));
    return id;
}

static uint32_t make_kinds(struct sample *s, JET_COLUMNID *ids)
{
    uint32_t count = 0;
    ids[count++] = s->id;
    ids[count++] = s->number;
    ids[count++] = add_column(s, "fixed", JET_coltypBinary, 20, JET_bitColumnFixed, NULL);
    ids[count++] = add_column(s, "variable", JET_coltypText, 60, 0, NULL);
    ids[count++] = add_column(s, "with_default", JET_coltypText, 60, 0, "as it was");
    ids[count++] = add_column(s, "tagged", JET_coltypBinary, 0, JET_bitColumnTagged, NULL);
    ids[count++] = add_column(s, "long", JET_coltypLongText, 0, 0, NULL);
    return count;
}

static void insert_kinds(struct sample *s, const JET_COLUMNID *ids, int32_t id)
{
    char text[64];
    memset(text, 'a' + id % 26, sizeof text);
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
    assert_good(JetSetColumn(s->session, s->table, ids[0], &id, sizeof id, 0, NULL));
    if (id % 3 != 0)
        assert_good(JetSetColumn(s->session, s->table, ids[1], &id, sizeof id, 0, NULL));
    for (uint32_t k = 2; k < KINDS; k++) {
        uint32_t how = ((uint32_t)id >> (k - 2)) % 4;
        uint32_t size = k == 2 ? 20 : how == 1 ? 0 : (uint32_t)id % 60;
        if (how != 0)
            assert_good(JetSetColumn(s->session, s->table, ids[k], text, size, size == 0 ? JET_bitSetZeroLength : 0, NULL));
    }
    assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL));
}

/* A row read with an option that changes nothing, so by the long way, and without. */
static void compare_ways(struct sample *s, const JET_COLUMNID *ids, uint32_t room)
{
    char values[2][KINDS][64];
    JET_RETRIEVECOLUMN get[2][KINDS];
    memset(values, 0x55, sizeof values);
    for (uint32_t way = 0; way < 2; way++) {
        for (uint32_t k = 0; k < KINDS; k++)
            get[way][k] = (JET_RETRIEVECOLUMN){.columnid = ids[k], .pvData = room > 0 ? values[way][k] : NULL, .cbData = room, .grbit = way == 0 ? JET_bitRetrieveNull : 0,
                                               .itagSequence = 1};
        JET_ERR err = JetRetrieveColumns(s->session, s->table, get[way], KINDS);
        assert_in_range(err, JET_errSuccess, JET_wrnBufferTruncated);
    }
    for (uint32_t k = 0; k < KINDS; k++) {
        char again[64];
        uint32_t actual = 0;
        memset(again, 0x55, sizeof again);
        assert_int_equal(get[0][k].err, get[1][k].err);
        assert_int_equal(get[0][k].cbActual, get[1][k].cbActual);
        assert_int_equal(get[0][k].columnidNextTagged, get[1][k].columnidNextTagged);
        assert_memory_equal(values[0][k], values[1][k], sizeof again);
        assert_int_equal(JetRetrieveColumn(s->session, s->table, ids[k], room > 0 ? again : NULL, room, &actual, 0, NULL), get[0][k].err);
        assert_int_equal(actual, get[0][k].cbActual);
        assert_memory_equal(values[0][k], again, sizeof again);
    }
}

static void every_way_to_a_column_of_a_copied_row_gives_the_same(void **state)
{
    (void)state;
    static const uint32_t rooms[] = {0, 1, 4, 9, 17, 31, 32, 33, 64};
    struct sample s;
    JET_COLUMNID ids[KINDS];
    sample_start(&s, 4096);
    insert_row(s.session, s.table, &s, 1, 1); /* ends before the columns to come */
    insert_row(s.session, s.table, &s, 2, 2);
    assert_int_equal(make_kinds(&s, ids), KINDS);
    assert_good(JetBeginTransaction(s.session));
    for (int32_t id = 3; id <= KIND_ROWS; id++)
        insert_kinds(&s, ids, id);
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(JetBeginTransaction(s.session));
    for (size_t r = 0; r < sizeof rooms / sizeof *rooms; r++) {
        int32_t rows = 0;
        for (JET_ERR err = JetMove(s.session, s.table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(s.session, s.table, JET_MoveNext, 0)) {
            compare_ways(&s, ids, rooms[r]);
            rows++;
        }
        assert_int_equal(rows, KIND_ROWS);
    }
    assert_good(JetCommitTransaction(s.session, 0));
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_shows_its_snapshot_whatever_others_commit_ahead_of_it_and_behind),
        cmocka_unit_test(a_scan_sees_its_own_changes_ahead_of_it_at_once_and_no_longer_when_they_are_rolled_back),
        cmocka_unit_test(outside_a_transaction_every_call_sees_what_is_committed_by_then),
        cmocka_unit_test(seeks_find_what_is_there_while_the_tree_grows_and_shrinks),
        cmocka_unit_test(every_way_to_a_column_of_a_copied_row_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
