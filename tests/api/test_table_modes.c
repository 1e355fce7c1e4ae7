/* Tables kept from other sessions (reference pages of JetOpenTable, JetCreateTable, JetDeleteTable, JetDeleteIndex, JetSetColumnDefaultValue): who is let in, who is refused, and when
 * a lock ends. */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <string.h>

#include "live_instance.h"
#include "sample_table.h"
#include "shared_data.h"

struct two {
    struct sample s;
    JET_SESID mine, other;
    JET_DBID dbid;
};

static void set_up(struct two *t)
{
    JET_DBID dbid;
    sample_start(&t->s, 4096);
    t->mine = t->s.session;
    t->dbid = t->s.dbid;
    assert_good(JetCloseTable(t->mine, t->s.table));
    assert_good(JetBeginSession(t->s.live.instance, &t->other, NULL, NULL));
    assert_good(JetOpenDatabase(t->other, text_of("%s/sample.edb", t->s.live.folder), NULL, &dbid, 0));
}

static void tear_down(struct two *t)
{
    assert_good(JetEndSession(t->other, 0));
    assert_good(JetOpenTable(t->mine, t->dbid, "Sample", NULL, 0, 0, &t->s.table));
    sample_stop(&t->s);
}

static JET_ERR open_in(struct two *t, JET_SESID session, JET_GRBIT grbit, JET_TABLEID *table) { return JetOpenTable(session, t->dbid, "Sample", NULL, 0, grbit, table); }

static void expect(struct two *t, JET_SESID session, JET_GRBIT grbit, JET_ERR answer)
{
    JET_TABLEID table;
    assert_err(open_in(t, session, grbit, &table), answer);
    if (answer >= 0)
        assert_good(JetCloseTable(session, table));
}

static void modes_that_contradict_each_other_are_refused(void **state)
{
    struct two t;
    (void)state;
    set_up(&t);
    const JET_GRBIT refused[] = {JET_bitTableReadOnly | JET_bitTableUpdatable, JET_bitTablePermitDDL, JET_bitTablePermitDDL | JET_bitTableDenyWrite,
                                 JET_bitTableDenyRead | JET_bitTableReadOnly, JET_bitTableDelete | JET_bitTableDenyRead, JET_bitTableCreate};
    for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++)
        expect(&t, t.mine, refused[i], JET_errInvalidGrbit);
    const JET_GRBIT taken[] = {0, JET_bitTableReadOnly, JET_bitTableUpdatable, JET_bitTableNoCache | JET_bitTablePreread, JET_bitTableSequential | JET_bitTableOpportuneRead,
                               JET_bitTableDenyWrite | JET_bitTableReadOnly, JET_bitTableDenyRead | JET_bitTableDenyWrite, JET_bitTablePermitDDL | JET_bitTableDenyRead};
    for (unsigned i = 0; i < sizeof taken / sizeof taken[0]; i++)
        expect(&t, t.mine, taken[i], JET_errSuccess);
    tear_down(&t);
}

static void a_lock_against_reading_keeps_every_other_session_out_until_its_cursor_is_closed(void **state)
{
    struct two t;
    JET_TABLEID lock, copy;
    (void)state;
    set_up(&t);
    assert_good(open_in(&t, t.mine, JET_bitTableDenyRead, &lock));
    expect(&t, t.other, 0, JET_errTableLocked);
    expect(&t, t.other, JET_bitTableReadOnly, JET_errTableLocked);
    expect(&t, t.other, JET_bitTableDenyRead, JET_errTableLocked);
    expect(&t, t.mine, 0, JET_errSuccess);
    expect(&t, t.mine, JET_bitTableDenyRead, JET_errSuccess);
    assert_good(JetDupCursor(t.mine, lock, &copy, 0));
    assert_good(JetCloseTable(t.mine, lock)); /* the copy has not got the lock */
    expect(&t, t.other, 0, JET_errSuccess);
    assert_good(JetCloseTable(t.mine, copy));
    assert_good(JetBeginTransaction(t.mine));
    assert_good(open_in(&t, t.mine, JET_bitTableDenyRead, &lock));
    expect(&t, t.other, 0, JET_errTableLocked);
    assert_good(JetRollback(t.mine, 0)); /* closes what was opened in it */
    expect(&t, t.other, 0, JET_errSuccess);
    tear_down(&t);
}

static void a_lock_against_reading_is_not_given_while_others_have_the_table_open(void **state)
{
    struct two t;
    JET_TABLEID reader;
    (void)state;
    set_up(&t);
    assert_good(open_in(&t, t.other, JET_bitTableReadOnly, &reader));
    expect(&t, t.mine, JET_bitTableDenyRead, JET_errTableInUse);
    expect(&t, t.mine, JET_bitTableDenyWrite, JET_errSuccess); /* it reads only */
    assert_good(JetCloseTable(t.other, reader));
    expect(&t, t.mine, JET_bitTableDenyRead, JET_errSuccess);
    tear_down(&t);
}

static void a_lock_against_writing_leaves_readers_alone_and_is_held_by_one_cursor(void **state)
{
    struct two t;
    JET_TABLEID lock, reader, writer;
    (void)state;
    set_up(&t);
    assert_good(open_in(&t, t.mine, JET_bitTableDenyWrite, &lock));
    expect(&t, t.other, 0, JET_errTableLocked);
    assert_good(open_in(&t, t.other, JET_bitTableReadOnly, &reader));
    assert_err(JetPrepareUpdate(t.other, reader, JET_prepInsert), JET_errPermissionDenied);
    expect(&t, t.other, JET_bitTableDenyWrite | JET_bitTableReadOnly, JET_errTableInUse);
    expect(&t, t.mine, JET_bitTableDenyWrite, JET_errTableInUse);
    expect(&t, t.mine, 0, JET_errSuccess); /* the session that locks may write */
    assert_good(JetCloseTable(t.mine, lock));
    assert_good(open_in(&t, t.other, 0, &writer));
    expect(&t, t.mine, JET_bitTableDenyWrite, JET_errTableInUse);
    assert_good(JetCloseTable(t.other, writer));
    assert_good(JetCloseTable(t.other, reader));
    tear_down(&t);
}

static void a_new_table_is_its_makers_alone_until_the_cursor_is_closed(void **state)
{
    struct two t;
    JET_TABLEID made, table;
    (void)state;
    set_up(&t);
    assert_good(JetCreateTable(t.mine, t.dbid, "Fresh", 0, 0, &made));
    assert_err(JetOpenTable(t.other, t.dbid, "Fresh", NULL, 0, 0, &table), JET_errTableLocked);
    assert_good(JetOpenTable(t.mine, t.dbid, "Fresh", NULL, 0, 0, &table));
    assert_good(JetCloseTable(t.mine, made));
    assert_good(JetOpenTable(t.other, t.dbid, "Fresh", NULL, 0, 0, &made));
    assert_good(JetCloseTable(t.mine, table));
    assert_good(JetCloseTable(t.other, made));
    tear_down(&t);
}

static void a_fixed_schema_is_changed_by_its_maker_and_by_who_asks_for_it_alone(void **state)
{
    struct two t;
    JET_TABLEID table;
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong};
    JET_TABLECREATE_A create = {.cbStruct = sizeof create, .szTableName = (char *)(uintptr_t)"Fixed", .grbit = JET_bitTableCreateFixedDDL};
    (void)state;
    set_up(&t);
    assert_good(JetCreateTableColumnIndexA(t.mine, t.dbid, &create));
    assert_good(JetAddColumn(t.mine, create.tableid, "first", &column, NULL, 0, NULL));
    assert_good(JetCloseTable(t.mine, create.tableid));
    assert_good(JetOpenTable(t.mine, t.dbid, "Fixed", NULL, 0, JET_bitTableDenyRead, &table));
    assert_err(JetAddColumn(t.mine, table, "second", &column, NULL, 0, NULL), JET_errFixedDDL);
    assert_err(JetCreateIndex(t.mine, table, "index", 0, "+first\0", 8, 0), JET_errFixedDDL);
    assert_good(JetCloseTable(t.mine, table));
    assert_good(JetOpenTable(t.mine, t.dbid, "Fixed", NULL, 0, JET_bitTableDenyRead | JET_bitTablePermitDDL, &table));
    assert_good(JetAddColumn(t.mine, table, "second", &column, NULL, 0, NULL));
    assert_good(JetCreateIndex(t.mine, table, "index", 0, "+first\0", 8, 0));
    assert_err(JetDeleteIndex(t.mine, table, "index"), JET_errFixedDDL); /* additions only */
    assert_err(JetDeleteColumn(t.mine, table, "second"), JET_errFixedDDL);
    assert_good(JetCloseTable(t.mine, table));
    tear_down(&t);
}

static void changing_a_fixed_schema_waits_for_no_writer(void **state)
{
    struct two t;
    JET_TABLEID table;
    (void)state;
    set_up(&t);
    assert_good(open_in(&t, t.mine, 0, &t.s.table));
    assert_good(JetBeginTransaction(t.mine));
    insert_sample(&t.s, 1, 1, "one");
    assert_err(open_in(&t, t.mine, JET_bitTableDenyRead | JET_bitTablePermitDDL, &table), JET_errTableInUse);
    assert_good(JetCommitTransaction(t.mine, 0));
    expect(&t, t.mine, JET_bitTableDenyRead | JET_bitTablePermitDDL, JET_errSuccess);
    assert_good(JetCloseTable(t.mine, t.s.table));
    tear_down(&t);
}

static void a_table_is_deleted_when_nobody_has_it_open_and_opened_by_nobody_then(void **state)
{
    struct two t;
    JET_TABLEID table;
    (void)state;
    set_up(&t);
    assert_good(open_in(&t, t.other, JET_bitTableDenyRead, &table));
    assert_err(JetDeleteTable(t.mine, t.dbid, "Sample"), JET_errTableLocked);
    assert_good(JetCloseTable(t.other, table));
    assert_good(open_in(&t, t.other, JET_bitTableReadOnly, &table));
    assert_err(JetDeleteTable(t.mine, t.dbid, "Sample"), JET_errTableInUse);
    assert_good(JetCloseTable(t.other, table));
    assert_good(open_in(&t, t.mine, 0, &table));
    assert_err(JetDeleteTable(t.mine, t.dbid, "Sample"), JET_errTableInUse); /* this session's cursors too */
    assert_good(JetCloseTable(t.mine, table));

    assert_good(JetBeginTransaction(t.mine));
    assert_good(JetDeleteTable(t.mine, t.dbid, "Sample"));
    expect(&t, t.mine, 0, JET_errObjectNotFound);
    expect(&t, t.other, 0, JET_errTableLocked);
    assert_good(JetRollback(t.mine, 0));
    expect(&t, t.other, 0, JET_errSuccess);

    JET_TABLEID made;
    assert_good(JetCreateTable(t.mine, t.dbid, "Gone", 0, 0, &made));
    assert_good(JetCloseTable(t.mine, made));
    assert_good(JetDeleteTable(t.mine, t.dbid, "Gone"));
    assert_err(JetOpenTable(t.other, t.dbid, "Gone", NULL, 0, 0, &table), JET_errObjectNotFound);
    tear_down(&t);
}

static void an_index_that_is_current_in_any_cursor_is_not_deleted(void **state)
{
    struct two t;
    JET_TABLEID mine, others;
    (void)state;
    set_up(&t);
    assert_good(open_in(&t, t.mine, 0, &mine));
    assert_good(open_in(&t, t.other, 0, &others));
    assert_good(JetSetCurrentIndex(t.other, others, "by_text"));
    assert_err(JetDeleteIndex(t.mine, mine, "by_text"), JET_errIndexInUse);
    assert_good(JetSetCurrentIndex(t.other, others, "by_number"));
    assert_good(JetDeleteIndex(t.mine, mine, "by_text"));
    assert_good(JetCloseTable(t.other, others));
    assert_good(JetCloseTable(t.mine, mine));
    tear_down(&t);
}

static void a_default_is_changed_only_while_no_other_session_looks(void **state)
{
    struct two t;
    JET_TABLEID table;
    (void)state;
    set_up(&t);
    assert_good(open_in(&t, t.other, JET_bitTableReadOnly, &table));
    assert_err(JetSetColumnDefaultValue(t.mine, t.dbid, "Sample", "note", "other", 5, 0), JET_errTableInUse);
    assert_good(JetCloseTable(t.other, table));
    assert_good(open_in(&t, t.other, JET_bitTableDenyRead, &table));
    assert_err(JetSetColumnDefaultValue(t.mine, t.dbid, "Sample", "note", "other", 5, 0), JET_errTableLocked);
    assert_good(JetCloseTable(t.other, table));
    assert_good(open_in(&t, t.mine, 0, &table));
    assert_good(JetSetColumnDefaultValue(t.mine, t.dbid, "Sample", "note", "other", 5, 0));
    assert_good(JetCloseTable(t.mine, table));
    tear_down(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_lock_against_reading_keeps_every_other_session_out_until_its_cursor_is_closed),
        cmocka_unit_test(a_lock_against_reading_is_not_given_while_others_have_the_table_open),
        cmocka_unit_test(a_lock_against_writing_leaves_readers_alone_and_is_held_by_one_cursor),
        cmocka_unit_test(a_new_table_is_its_makers_alone_until_the_cursor_is_closed),
        cmocka_unit_test(a_fixed_schema_is_changed_by_its_maker_and_by_who_asks_for_it_alone),
        cmocka_unit_test(changing_a_fixed_schema_waits_for_no_writer),
        cmocka_unit_test(a_table_is_deleted_when_nobody_has_it_open_and_opened_by_nobody_then),
        cmocka_unit_test(an_index_that_is_current_in_any_cursor_is_not_deleted),
        cmocka_unit_test(a_default_is_changed_only_while_no_other_session_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
