/* Rows changed through a cursor, from inside: memory that fails, levels that come and go while a row is prepared, schemas that grow. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "catalog/ddl.h"
#include "cursor/update_internal.h"
#include "engine/session.h"
#include "plain_instance.h"
#include "sample_table.h"
#include "shared_data.h"

static void begin_insert(struct sample *s, int32_t id)
{
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
    set_number(s, s->table, s->id, id);
}

static void fill(uint8_t *bytes, uint32_t size, uint8_t seed)
{
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(seed + i * 7);
}

/* --- memory --- */

/* One row changed in every way, in a transaction of its own; the first error ends it. */
static JET_ERR change_row(struct sample *s, int32_t id)
{
    static const JET_GRBIT append = JET_bitSetAppendLV;
    uint8_t bytes[3000];
    JET_SETINFO add = {.cbStruct = sizeof add, .itagSequence = 0};
    JET_ERR err = JetBeginTransaction(s->session);
    assert_true(err >= 0);
    fill(bytes, sizeof bytes, 3);
    if ((err = JetPrepareUpdate(s->session, s->table, JET_prepInsert)) < 0 || (err = JetSetColumn(s->session, s->table, s->id, &id, sizeof id, 0, NULL)) < 0
        || (err = JetSetColumn(s->session, s->table, s->text, "memory", 6, 0, NULL)) < 0 || (err = JetSetColumn(s->session, s->table, s->tags, "a", 1, 0, &add)) < 0
        || (err = JetSetColumn(s->session, s->table, s->tags, "b", 1, 0, &add)) < 0 || (err = JetSetColumn(s->session, s->table, s->blob, bytes, sizeof bytes, 0, NULL)) < 0
        || (err = JetUpdate(s->session, s->table, NULL, 0, NULL)) < 0 || (err = JetMakeKey(s->session, s->table, &id, sizeof id, JET_bitNewKey)) < 0
        || (err = JetSeek(s->session, s->table, JET_bitSeekEQ)) < 0 || (err = JetPrepareUpdate(s->session, s->table, JET_prepReplace)) < 0
        || (err = JetSetColumn(s->session, s->table, s->blob, bytes, 1000, append, NULL)) < 0 || (err = JetSetColumn(s->session, s->table, s->text, "loss", 4, 0, NULL)) < 0
        || (err = JetUpdate(s->session, s->table, NULL, 0, NULL)) < 0)
        goto done;
    err = JetDelete(s->session, s->table);
done:
    memory_fail_at(0, 0);
    if (err < 0)
        assert_good(JetRollback(s->session, 0));
    else
        assert_good(JetCommitTransaction(s->session, 0));
    return err;
}

static void a_change_that_runs_out_of_memory_leaves_nothing_behind(void **state)
{
    struct sample s = {0};
    (void)state;
    /* Without a log: one that cannot go on would end the instance. */
    s.live.folder = make_scratch_folder("memory");
    s.live.instance = plain_start("memory");
    s.live.session = plain_session(s.live.instance);
    sample_create(&s);
    insert_sample(&s, 1, 1, "stays");
    assert_good(change_row(&s, 5)); /* opens what stays open */
    uint32_t failures = 0, successes = 0;
    for (uint64_t nth = 1; nth < 400 && successes < 5; nth++) { /* one success may mean that a thread in the background has met the failure */
        memory_fail_at(nth, 0);
        JET_ERR err = change_row(&s, 5);
        successes = err == JET_errSuccess ? successes + 1 : 0;
        if (err == JET_errSuccess)
            continue;
        assert_true(err == JET_errOutOfMemory || err == JET_errVersionStoreOutOfMemory);
        failures++;
        assert_string_equal(ids_by(&s, s.table, "by_text"), "1");
        assert_string_equal(ids_by(&s, s.table, "by_tags"), "");
        assert_good(JetSetCurrentIndex(s.session, s.table, NULL));
    }
    assert_true(failures > 10);
    assert_good(change_row(&s, 6));
    sample_stop(&s);
}

/* --- levels --- */

static void long_values_written_in_an_inner_level_are_taken_back_by_a_cancel_after_its_commit(void **state)
{
    struct sample s;
    uint8_t bytes[3000];
    uint32_t size;
    (void)state;
    sample_start(&s, 4096);
    fill(bytes, sizeof bytes, 1);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.small, bytes, sizeof bytes, 0, NULL));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(JetBeginTransaction(s.session));
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    assert_good(JetBeginTransaction(s.session));
    assert_good(set_value(&s, s.table, s.small, "x", 1, JET_bitSetAppendLV, 0, 1));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(set_value(&s, s.table, s.small, "y", 1, JET_bitSetAppendLV, 0, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel));
    const uint8_t *now = get_bytes(&s, s.table, s.small, 0, &size);
    assert_int_equal(size, sizeof bytes);
    assert_memory_equal(now, bytes, sizeof bytes);
    assert_good(JetCommitTransaction(s.session, 0));
    sample_stop(&s);
}

static void a_rollback_of_an_inner_level_spares_a_row_that_had_no_part_in_it(void **state)
{
    struct sample s;
    uint8_t bytes[3000];
    uint32_t size;
    (void)state;
    sample_start(&s, 4096);
    fill(bytes, sizeof bytes, 1);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.small, bytes, sizeof bytes, 0, NULL));
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetRollback(s.session, 0));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(seek_id(&s, s.table, 1));
    (void)get_bytes(&s, s.table, s.small, 0, &size);
    assert_int_equal(size, sizeof bytes);
    /* Part of the value is rolled back: the row cannot be finished any more. */
    begin_insert(&s, 2);
    assert_good(JetSetColumn(s.session, s.table, s.small, bytes, sizeof bytes, 0, NULL));
    assert_good(JetBeginTransaction(s.session));
    assert_good(set_value(&s, s.table, s.small, "more", 4, JET_bitSetAppendLV, 0, 1));
    assert_good(JetRollback(s.session, 0));
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    assert_good(JetCommitTransaction(s.session, 0));
    sample_stop(&s);
}

static void a_row_whose_long_values_were_committed_without_it_is_given_up(void **state)
{
    struct sample s;
    uint8_t bytes[3000];
    (void)state;
    sample_start(&s, 4096);
    fill(bytes, sizeof bytes, 1);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.small, bytes, sizeof bytes, 0, NULL));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(JetBeginTransaction(s.session));
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    assert_good(JetCommitTransaction(s.session, 0));
    assert_string_equal(ids_by(&s, s.table, NULL), "");
    sample_stop(&s); /* no long value without a row is left: verified there */
}

static void closing_a_cursor_gives_its_prepared_row_up(void **state)
{
    struct sample s;
    uint8_t bytes[3000];
    (void)state;
    sample_start(&s, 4096);
    fill(bytes, sizeof bytes, 1);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.small, bytes, sizeof bytes, 0, NULL));
    assert_good(JetCloseTable(s.session, s.table));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &s.table));
    assert_string_equal(ids_by(&s, s.table, NULL), "");
    /* And a cursor of the level that is rolled back. */
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &s.table));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.small, bytes, sizeof bytes, 0, NULL));
    assert_good(JetRollback(s.session, 0));
    sample_stop(&s);
}

/* --- schemas --- */

static void add_column(struct sample *s, const char *name, uint32_t type)
{
    struct session *session;
    struct open_database *database;
    struct catalog *catalog;
    const struct table_schema *schema;
    assert_good(JetBeginTransaction(s->session));
    assert_good(engine_enter_session(s->session, 0, &session));
    assert_good(session_find_database(session, s->dbid, &database));
    assert_good(catalog_open(open_database_file(database), &catalog));
    assert_good(catalog_find_table(catalog, "Sample", &schema));
    struct column_definition definition = {.name = name, .type = type};
    assert_good(catalog_add_column(session_transaction(session), catalog, schema->objid, &definition));
    catalog_release_table(catalog, schema);
    engine_leave_session(session);
    assert_good(JetCommitTransaction(s->session, 0));
}

static void a_column_added_while_a_row_is_prepared_can_be_set_in_it(void **state)
{
    struct sample s;
    JET_COLUMNDEF added;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 1, "old");
    begin_insert(&s, 2);
    add_column(&s, "later", JET_coltypLong);
    JET_TABLEID second;
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &second));
    assert_good(JetGetTableColumnInfo(s.session, second, "later", &added, sizeof added, JET_ColInfo));
    set_number(&s, s.table, added.columnid, 77);
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(seek_id(&s, s.table, 2));
    assert_int_equal(get_number(&s, s.table, added.columnid, 0), 77);
    assert_good(seek_id(&s, s.table, 1));
    int32_t none;
    assert_err(JetRetrieveColumn(s.session, s.table, added.columnid, &none, sizeof none, NULL, 0, NULL), JET_wrnColumnNull);
    sample_stop(&s);
}

static void sets_of_columns_never_miss_one(void **state)
{
    struct column_set set = {{0}}, other = {{0}};
    (void)state;
    column_set_add(&set, 5);
    column_set_add(&set, 200);
    column_set_add(&set, 60000);
    assert_true(column_set_has(&set, 5) && column_set_has(&set, 200) && column_set_has(&set, 60000));
    assert_false(column_set_has(&set, 6) || column_set_has(&set, 256));
    column_set_add(&other, 6);
    assert_false(column_set_meets(&set, &other));
    column_set_add(&other, 60000);
    assert_true(column_set_meets(&set, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_that_runs_out_of_memory_leaves_nothing_behind),
        cmocka_unit_test(long_values_written_in_an_inner_level_are_taken_back_by_a_cancel_after_its_commit),
        cmocka_unit_test(a_rollback_of_an_inner_level_spares_a_row_that_had_no_part_in_it),
        cmocka_unit_test(a_row_whose_long_values_were_committed_without_it_is_given_up),
        cmocka_unit_test(closing_a_cursor_gives_its_prepared_row_up),
        cmocka_unit_test(a_column_added_while_a_row_is_prepared_can_be_set_in_it),
        cmocka_unit_test(sets_of_columns_never_miss_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
