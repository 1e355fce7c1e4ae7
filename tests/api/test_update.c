/* Rows inserted, replaced and deleted, and what becomes of their index entries; conflicts, transactions, permissions.
 *
 * Pages: JetPrepareUpdate, JetUpdate, JetDelete, JetEscrowUpdate, JetGetLock
 */
#include "cmocka_all.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "sample_table.h"
#include "shared_data.h"

static void an_inserted_row_is_found_through_every_index(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 3, 10, "cherry");
    insert_sample(&s, 1, 30, "banana");
    insert_sample(&s, 2, 20, "apple");
    assert_string_equal(ids_by(&s, s.table, NULL), "1 2 3");
    assert_string_equal(ids_by(&s, s.table, "by_number"), "3 2 1");
    assert_string_equal(ids_by(&s, s.table, "by_text"), "2 1 3");
    assert_string_equal(ids_by(&s, s.table, "by_tags"), "");
    sample_stop(&s);
}

static void an_update_needs_its_steps_in_order(void **state)
{
    struct sample s;
    int32_t number = 1;
    (void)state;
    sample_start(&s, 4096);
    assert_err(JetSetColumn(s.session, s.table, s.id, &number, sizeof number, 0, NULL), JET_errUpdateNotPrepared);
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    assert_err(JetPrepareUpdate(s.session, s.table, JET_prepCancel), JET_errUpdateNotPrepared);
    assert_err(JetPrepareUpdate(s.session, s.table, 77), JET_errInvalidParameter);
    assert_err(JetPrepareUpdate(s.session, s.table, JET_prepReplace), JET_errNoCurrentRecord);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    assert_err(JetPrepareUpdate(s.session, s.table, JET_prepInsert), JET_errAlreadyPrepared);
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errNullInvalid); /* id is not set */
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel));
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    assert_string_equal(ids_by(&s, s.table, NULL), "");
    sample_stop(&s);
}

static void an_update_gives_the_bookmark_of_the_row_and_does_not_move(void **state)
{
    struct sample s;
    uint8_t bookmark[300];
    uint32_t size = 0;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 5, 5, "five");
    assert_good(seek_id(&s, s.table, 5));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 9);
    assert_err(JetUpdate(s.session, s.table, bookmark, 2, &size), JET_errBufferTooSmall);
    assert_good(JetUpdate(s.session, s.table, bookmark, sizeof bookmark, &size));
    assert_int_equal(size, 5);
    assert_int_equal(get_number(&s, s.table, s.id, 0), 5);
    assert_good(JetGotoBookmark(s.session, s.table, bookmark, size));
    assert_int_equal(get_number(&s, s.table, s.id, 0), 9);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    set_number(&s, s.table, s.number, 1);
    memset(bookmark, 0, sizeof bookmark);
    assert_good(JetUpdate(s.session, s.table, bookmark, sizeof bookmark, &size));
    assert_good(JetGotoBookmark(s.session, s.table, bookmark, size));
    assert_int_equal(get_number(&s, s.table, s.number, 0), 1);
    sample_stop(&s);
}

static void a_duplicate_is_refused_and_can_be_corrected(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 1);
    set_number(&s, s.table, s.number, 10);
    set_text(&s, s.table, s.text, "b");
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errKeyDuplicate); /* of the primary key */
    set_number(&s, s.table, s.id, 2);
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errKeyDuplicate); /* of by_number: the row goes again */
    assert_good(JetSetColumn(s.session, s.table, s.number, NULL, 0, 0, NULL));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_string_equal(ids_by(&s, s.table, NULL), "1 2");
    assert_string_equal(ids_by(&s, s.table, "by_text"), "1 2");
    assert_string_equal(ids_by(&s, s.table, "by_number"), "1");
    sample_stop(&s);
}

static void a_replaced_row_moves_where_its_keys_have_changed(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    insert_sample(&s, 2, 20, "b");
    insert_sample(&s, 3, 30, "c");
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    set_text(&s, s.table, s.text, "z");
    assert_string_equal(get_text(&s, s.table, s.text, 1, 0), "a");
    assert_string_equal(get_text(&s, s.table, s.text, 1, JET_bitRetrieveCopy), "z");
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_string_equal(get_text(&s, s.table, s.text, 1, 0), "z");
    assert_string_equal(ids_by(&s, s.table, "by_text"), "2 3 1");
    assert_string_equal(ids_by(&s, s.table, "by_number"), "1 2 3");
    assert_good(seek_id(&s, s.table, 2));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    set_number(&s, s.table, s.number, 30);
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errKeyDuplicate);
    set_number(&s, s.table, s.number, 5);
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_string_equal(ids_by(&s, s.table, "by_number"), "2 1 3");
    sample_stop(&s);
}

static void a_primary_key_changes_only_by_a_copy_that_deletes_the_original(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    set_number(&s, s.table, s.id, 7);
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errRecordPrimaryChanged);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel));
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsertCopyDeleteOriginal));
    set_number(&s, s.table, s.id, 7);
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_string_equal(ids_by(&s, s.table, NULL), "7");
    assert_string_equal(ids_by(&s, s.table, "by_number"), "7");
    assert_string_equal(ids_by(&s, s.table, "by_text"), "7");
    sample_stop(&s);
}

static void a_deleted_row_leaves_every_index_and_the_cursor_goes_on_from_its_place(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    for (int32_t i = 1; i <= 4; i++)
        insert_sample(&s, i, 100 - i, "same");
    assert_good(seek_id(&s, s.table, 2));
    assert_good(JetDelete(s.session, s.table));
    assert_err(JetDelete(s.session, s.table), JET_errRecordDeleted);
    assert_good(JetMove(s.session, s.table, JET_MoveNext, 0));
    assert_int_equal(get_number(&s, s.table, s.id, 0), 3);
    assert_string_equal(ids_by(&s, s.table, "by_number"), "4 3 1");
    assert_string_equal(ids_by(&s, s.table, "by_text"), "1 3 4");
    insert_sample(&s, 2, 98, "again");
    assert_string_equal(ids_by(&s, s.table, NULL), "1 2 3 4");
    assert_string_equal(ids_by(&s, s.table, "by_text"), "2 1 3 4");
    sample_stop(&s);
}

static void moving_gives_a_prepared_update_up(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 1, "a");
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    assert_good(JetDelete(s.session, s.table));
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    sample_stop(&s);
}

static void several_values_are_indexed_each(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 1);
    assert_good(set_value(&s, s.table, s.tags, "m", 1, 0, 0, 0));
    assert_good(set_value(&s, s.table, s.tags, "a", 1, 0, 0, 0));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 2);
    set_text(&s, s.table, s.tags, "f");
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_string_equal(ids_by(&s, s.table, "by_tags"), "1 2 1");
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    assert_good(set_value(&s, s.table, s.tags, NULL, 0, 0, 0, 1)); /* closes the gap */
    assert_int_equal(count_values(&s, s.table, s.tags, JET_bitRetrieveCopy), 1);
    assert_int_equal(count_values(&s, s.table, s.tags, 0), 2);
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_string_equal(ids_by(&s, s.table, "by_tags"), "1 2");
    assert_good(seek_id(&s, s.table, 1));
    assert_string_equal(get_text(&s, s.table, s.tags, 1, 0), "a");
    sample_stop(&s);
}

static void a_rollback_takes_rows_and_entries_back(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    insert_sample(&s, 2, 20, "b");
    assert_good(JetBeginTransaction(s.session));
    insert_sample(&s, 3, 30, "c");
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetDelete(s.session, s.table));
    assert_good(JetBeginTransaction(s.session));
    assert_good(seek_id(&s, s.table, 2));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    set_text(&s, s.table, s.text, "zz");
    set_number(&s, s.table, s.number, 1);
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_string_equal(ids_by(&s, s.table, "by_text"), "3 2");
    assert_good(JetRollback(s.session, 0));
    assert_string_equal(ids_by(&s, s.table, "by_text"), "2 3");
    assert_good(JetRollback(s.session, 0));
    assert_string_equal(ids_by(&s, s.table, NULL), "1 2");
    assert_string_equal(ids_by(&s, s.table, "by_text"), "1 2");
    assert_string_equal(ids_by(&s, s.table, "by_number"), "1 2");
    sample_stop(&s);
}

static void a_rollback_cancels_what_was_prepared_in_it(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    assert_good(JetRollback(s.session, 0));
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    assert_good(JetBeginTransaction(s.session));
    set_number(&s, s.table, s.id, 4);
    assert_good(JetRollback(s.session, 0));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL)); /* prepared outside: it lives */
    assert_string_equal(ids_by(&s, s.table, NULL), "4");
    sample_stop(&s);
}

static void a_commit_hands_what_was_prepared_and_where_the_cursor_moved_to_the_outer_level(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    for (unsigned depth = 2; depth <= 6; depth++) {
        for (unsigned i = 0; i < depth; i++)
            assert_good(JetBeginTransaction(s.session));
        assert_good(seek_id(&s, s.table, 1));
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
        assert_good(JetCommitTransaction(s.session, 0));
        assert_good(JetBeginTransaction(s.session));
        assert_good(JetRollback(s.session, 0)); /* another transaction of the same depth */
        set_number(&s, s.table, s.number, (int32_t)(100 + depth));
        assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
        assert_int_equal(get_number(&s, s.table, s.number, 0), 100 + depth); /* still on the row */
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
        assert_good(JetRollback(s.session, 0)); /* the level they have come to */
        assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
        assert_err(JetRetrieveColumn(s.session, s.table, s.number, NULL, 0, NULL, 0, NULL), JET_errNoCurrentRecord);
        if (depth > 2)
            assert_good(JetRollback(s.session, JET_bitRollbackAll));
    }
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    assert_good(JetCommitTransaction(s.session, 0));
    set_number(&s, s.table, s.id, 1);
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errKeyDuplicate); /* in a transaction of its own, which is rolled back */
    set_number(&s, s.table, s.id, 2);
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_string_equal(ids_by(&s, s.table, NULL), "1 2");
    sample_stop(&s);
}

struct other {
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
};

static struct other other_session(struct sample *s)
{
    struct other o;
    assert_good(JetBeginSession(s->live.instance, &o.session, NULL, NULL));
    assert_good(JetOpenDatabase(o.session, text_of("%s/sample.edb", s->live.folder), NULL, &o.dbid, 0));
    assert_good(JetOpenTable(o.session, o.dbid, "Sample", NULL, 0, 0, &o.table));
    return o;
}

/* The sample as the other session sees it. */
static struct sample through(const struct sample *s, struct other o)
{
    struct sample copy = *s;
    copy.session = o.session;
    copy.dbid = o.dbid;
    copy.table = o.table;
    return copy;
}

static void two_sessions_that_change_a_row_conflict(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    struct sample o = through(&s, other_session(&s));
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetBeginTransaction(o.session));
    assert_good(seek_id(&s, s.table, 1));
    assert_good(seek_id(&o, o.table, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    assert_err(JetPrepareUpdate(o.session, o.table, JET_prepReplace), JET_errWriteConflict); /* locked */
    assert_good(JetPrepareUpdate(o.session, o.table, JET_prepReplaceNoLock));
    set_text(&s, s.table, s.text, "s");
    set_text(&o, o.table, o.text, "o");
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_err(JetUpdate(o.session, o.table, NULL, 0, NULL), JET_errWriteConflict);
    assert_err(JetDelete(o.session, o.table), JET_errWriteConflict);
    assert_string_equal(get_text(&o, o.table, o.text, 1, 0), "a"); /* its snapshot */
    assert_good(JetCommitTransaction(s.session, 0));
    assert_err(JetGetLock(o.session, o.table, JET_bitWriteLock), JET_errWriteConflict); /* changed after the snapshot */
    assert_good(JetRollback(o.session, 0));
    assert_string_equal(ids_by(&o, o.table, "by_text"), "1");
    assert_good(seek_id(&o, o.table, 1));
    assert_string_equal(get_text(&o, o.table, o.text, 1, 0), "s");
    sample_stop(&s);
}

static void an_update_outside_transactions_sees_that_the_row_has_changed(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    struct sample o = through(&s, other_session(&s));
    assert_good(seek_id(&s, s.table, 1));
    assert_good(seek_id(&o, o.table, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    assert_good(JetPrepareUpdate(o.session, o.table, JET_prepReplace));
    set_text(&s, s.table, s.text, "s");
    set_text(&o, o.table, o.text, "o");
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_err(JetUpdate(o.session, o.table, NULL, 0, NULL), JET_errWriteConflict);
    assert_good(JetPrepareUpdate(o.session, o.table, JET_prepCancel));
    assert_string_equal(get_text(&o, o.table, o.text, 1, 0), "s");
    sample_stop(&s);
}

static void escrow_updates_of_two_sessions_do_not_conflict(void **state)
{
    struct sample s;
    int32_t four = 4, three = 3, old = -1;
    uint32_t size;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    struct sample o = through(&s, other_session(&s));
    assert_good(seek_id(&s, s.table, 1));
    assert_good(seek_id(&o, o.table, 1));
    assert_err(JetEscrowUpdate(s.session, s.table, s.sum, &four, sizeof four, NULL, 0, NULL, 0), JET_errNotInTransaction);
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetBeginTransaction(o.session));
    assert_err(JetEscrowUpdate(s.session, s.table, s.number, &four, sizeof four, NULL, 0, NULL, 0), JET_errInvalidOperation);
    assert_err(JetEscrowUpdate(s.session, s.table, s.sum, &four, 2, NULL, 0, NULL, 0), JET_errInvalidBufferSize);
    assert_good(JetEscrowUpdate(s.session, s.table, s.sum, &four, sizeof four, &old, sizeof old, &size, 0));
    assert_int_equal(old, 0);
    assert_int_equal(size, 4);
    assert_good(JetEscrowUpdate(o.session, o.table, o.sum, &three, sizeof three, NULL, 0, NULL, 0));
    assert_int_equal(get_number(&s, s.table, s.sum, 0), 4);
    assert_int_equal(get_number(&o, o.table, o.sum, 0), 3);
    assert_err(JetPrepareUpdate(o.session, o.table, JET_prepReplace), JET_errWriteConflict);
    assert_good(JetRollback(o.session, 0));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_int_equal(get_number(&s, s.table, s.sum, 0), 4);
    assert_int_equal(get_number(&o, o.table, o.sum, 0), 4);
    sample_stop(&s);
}

static void an_escrow_update_without_rollback_stays(void **state)
{
    struct sample s;
    int32_t four = 4, ten = 10;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    struct sample o = through(&s, other_session(&s));
    assert_good(seek_id(&s, s.table, 1));
    assert_good(seek_id(&o, o.table, 1));
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetBeginTransaction(o.session));
    assert_err(JetEscrowUpdate(s.session, s.table, s.sum, &four, sizeof four, NULL, 0, NULL, 2), JET_errInvalidGrbit);
    assert_good(JetEscrowUpdate(s.session, s.table, s.sum, &four, sizeof four, NULL, 0, NULL, 0));
    assert_good(JetEscrowUpdate(s.session, s.table, s.sum, &ten, sizeof ten, NULL, 0, NULL, JET_bitEscrowNoRollback));
    assert_good(JetRollback(o.session, 0));
    assert_int_equal(get_number(&o, o.table, o.sum, 0), 10); /* for who looks from now on, and not the other one */
    assert_good(JetBeginTransaction(o.session));
    assert_good(JetRollback(s.session, 0));
    assert_good(JetRollback(o.session, 0));
    assert_int_equal(get_number(&s, s.table, s.sum, 0), 10);
    /* Nor is it undone after a crash: what was logged before a flush stays. */
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetEscrowUpdate(s.session, s.table, s.sum, &ten, sizeof ten, NULL, 0, NULL, JET_bitEscrowNoRollback));
    assert_good(JetEscrowUpdate(s.session, s.table, s.sum, &four, sizeof four, NULL, 0, NULL, 0));
    assert_good(JetCommitTransaction(o.session, JET_bitWaitAllLevel0Commit));
    insert_sample(&o, 2, 20, "b");
    const char *folder = s.live.folder;
    assert_err(JetTerm2(s.live.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    live_start_in(&s.live, folder, 4096);
    s.session = s.live.session;
    assert_good(JetAttachDatabase(s.session, text_of("%s/sample.edb", folder), 0));
    assert_good(JetOpenDatabase(s.session, text_of("%s/sample.edb", folder), NULL, &s.dbid, 0));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &s.table));
    assert_good(seek_id(&s, s.table, 1));
    assert_int_equal(get_number(&s, s.table, s.sum, 0), 20);
    sample_stop(&s);
}

static void read_locks_are_shared_and_keep_writers_away(void **state)
{
    struct sample s;
    int32_t four = 4;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    struct sample o = through(&s, other_session(&s));
    assert_good(seek_id(&s, s.table, 1));
    assert_good(seek_id(&o, o.table, 1));
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetBeginTransaction(o.session));
    assert_good(JetGetLock(s.session, s.table, JET_bitReadLock));
    assert_good(JetGetLock(o.session, o.table, JET_bitReadLock));
    assert_good(JetGetLock(s.session, s.table, JET_bitReadLock));
    assert_err(JetGetLock(s.session, s.table, JET_bitWriteLock), JET_errWriteConflict); /* the other reads */
    assert_err(JetGetLock(o.session, o.table, JET_bitWriteLock), JET_errWriteConflict);
    assert_err(JetPrepareUpdate(s.session, s.table, JET_prepReplace), JET_errWriteConflict);
    assert_err(JetDelete(o.session, o.table), JET_errWriteConflict);
    assert_err(JetEscrowUpdate(s.session, s.table, s.sum, &four, sizeof four, NULL, 0, NULL, 0), JET_errWriteConflict);
    assert_good(JetRollback(o.session, 0));
    assert_good(JetGetLock(s.session, s.table, JET_bitWriteLock)); /* its own read lock is none against it */
    assert_good(JetBeginTransaction(o.session));
    assert_err(JetGetLock(o.session, o.table, JET_bitReadLock), JET_errWriteConflict);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    set_text(&s, s.table, s.text, "s");
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_err(JetGetLock(o.session, o.table, JET_bitReadLock), JET_errWriteConflict); /* changed after its snapshot */
    assert_good(JetRollback(o.session, 0));
    /* Reads that were locked and committed conflict with the changes of those who began before. */
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetBeginTransaction(o.session));
    assert_good(JetGetLock(o.session, o.table, JET_bitReadLock));
    assert_good(JetCommitTransaction(o.session, 0));
    assert_good(JetGetLock(s.session, s.table, JET_bitReadLock));
    assert_err(JetGetLock(s.session, s.table, JET_bitWriteLock), JET_errWriteConflict);
    assert_good(JetRollback(s.session, 0));
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetGetLock(s.session, s.table, JET_bitWriteLock));
    assert_good(JetRollback(s.session, 0));
    sample_stop(&s);
}

static void a_version_column_counts_replacements(void **state)
{
    struct sample s;
    int32_t number = 5;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    assert_good(seek_id(&s, s.table, 1));
    assert_int_equal(get_number(&s, s.table, s.version, 0), 0);
    for (int32_t i = 1; i <= 3; i++) {
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
        assert_err(JetSetColumn(s.session, s.table, s.version, &number, sizeof number, 0, NULL), JET_errInvalidColumnType);
        set_number(&s, s.table, s.number, i);
        assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
        assert_int_equal(get_number(&s, s.table, s.version, 0), i);
    }
    sample_stop(&s);
}

static void autoincrement_numbers_are_given_when_an_insert_is_prepared(void **state)
{
    struct sample s;
    int32_t number = 5;
    (void)state;
    sample_start(&s, 4096);
    JET_COLUMNCREATE columns[] = {column_of("a", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnAutoincrement), column_of("b", JET_coltypLong, 0, JET_bitColumnFixed)};
    JET_TABLEID table = make_table(&s, "Counted", columns, 2, NULL, 0);
    JET_COLUMNDEF a, b;
    assert_good(JetGetTableColumnInfo(s.session, table, "a", &a, sizeof a, JET_ColInfo));
    assert_good(JetGetTableColumnInfo(s.session, table, "b", &b, sizeof b, JET_ColInfo));
    assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
    assert_int_equal(get_number(&s, table, a.columnid, JET_bitRetrieveCopy), 1);
    assert_err(JetSetColumn(s.session, table, a.columnid, &number, sizeof number, 0, NULL), JET_errInvalidColumnType);
    assert_good(JetUpdate(s.session, table, NULL, 0, NULL));
    assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
    assert_good(JetPrepareUpdate(s.session, table, JET_prepCancel)); /* 2 is lost */
    assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
    set_number(&s, table, b.columnid, 33);
    assert_good(JetUpdate(s.session, table, NULL, 0, NULL));
    assert_good(JetMove(s.session, table, JET_MoveLast, 0)); /* rows without a primary index stand in order of insertion */
    assert_int_equal(get_number(&s, table, a.columnid, 0), 3);
    assert_int_equal(get_number(&s, table, b.columnid, 0), 33);
    assert_good(JetMove(s.session, table, JET_MoveFirst, 0));
    assert_int_equal(get_number(&s, table, a.columnid, 0), 1);
    sample_stop(&s);
}

enum { THREADS = 4, ROWS_PER_THREAD = 300 };

struct inserter {
    struct sample *s;
    JET_COLUMNID column;
};

static void *insert_rows(void *context)
{
    const struct inserter *job = context;
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_ERR err = JetBeginSession(job->s->live.instance, &session, NULL, NULL);
    if (err >= 0)
        err = JetOpenDatabase(session, job->s->live.database, NULL, &dbid, 0);
    if (err >= 0)
        err = JetOpenTable(session, dbid, "Counted", NULL, 0, 0, &table);
    for (int32_t i = 0; err >= 0 && i < ROWS_PER_THREAD; i++) {
        err = JetBeginTransaction(session);
        if (err >= 0 && (err = JetPrepareUpdate(session, table, JET_prepInsert)) >= 0 && (err = JetSetColumn(session, table, job->column, &i, sizeof i, 0, NULL)) >= 0)
            err = JetUpdate(session, table, NULL, 0, NULL);
        if (err >= 0)
            err = i % 7 == 0 ? JetRollback(session, 0) : JetCommitTransaction(session, JET_bitCommitLazyFlush);
    }
    if (err >= 0)
        err = JetEndSession(session, 0);
    return (void *)(intptr_t)err;
}

static void sessions_that_insert_at_once_get_numbers_of_their_own(void **state)
{
    static uint8_t seen[THREADS * ROWS_PER_THREAD + 1];
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    s.live.database = text_of("%s/sample.edb", s.live.folder);
    JET_COLUMNCREATE columns[] = {column_of("a", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnAutoincrement), column_of("b", JET_coltypLong, 0, JET_bitColumnFixed)};
    JET_TABLEID table = make_table(&s, "Counted", columns, 2, NULL, 0);
    JET_COLUMNDEF a, b;
    assert_good(JetGetTableColumnInfo(s.session, table, "a", &a, sizeof a, JET_ColInfo));
    assert_good(JetGetTableColumnInfo(s.session, table, "b", &b, sizeof b, JET_ColInfo));
    pthread_t threads[THREADS];
    struct inserter job = {&s, b.columnid};
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, insert_rows, &job), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_err((JET_ERR)(intptr_t)result, JET_errSuccess);
    }
    unsigned rows = 0;
    for (JET_ERR err = JetMove(s.session, table, JET_MoveFirst, 0); err != JET_errNoCurrentRecord; err = JetMove(s.session, table, JET_MoveNext, 0)) {
        assert_err(err, JET_errSuccess);
        int32_t number = get_number(&s, table, a.columnid, 0);
        assert_in_range(number, 1, THREADS * ROWS_PER_THREAD);
        assert_int_equal(seen[number], 0);
        seen[number] = 1;
        rows++;
    }
    assert_int_equal(rows, THREADS * (ROWS_PER_THREAD - (ROWS_PER_THREAD + 6) / 7));
    sample_stop(&s);
}

static void a_row_whose_counter_reaches_zero_goes_if_its_column_says_so(void **state)
{
    static const int32_t one = 1, minus_one = -1;
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    JET_COLUMNCREATE columns[] = {column_of("count", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnEscrowUpdate | JET_bitColumnDeleteOnZero)};
    columns[0].pvDefault = (void *)(uintptr_t)&one;
    columns[0].cbDefault = sizeof one;
    JET_TABLEID table = make_table(&s, "References", columns, 1, NULL, 0);
    JET_COLUMNDEF count;
    assert_good(JetGetTableColumnInfo(s.session, table, "count", &count, sizeof count, JET_ColInfo));
    for (int i = 0; i < 2; i++) {
        assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
        assert_good(JetUpdate(s.session, table, NULL, 0, NULL));
    }
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetMove(s.session, table, JET_MoveFirst, 0));
    assert_good(JetEscrowUpdate(s.session, table, count.columnid, (void *)(uintptr_t)&minus_one, sizeof minus_one, NULL, 0, NULL, 0));
    assert_good(JetMove(s.session, table, JET_MoveNext, 0));
    assert_good(JetEscrowUpdate(s.session, table, count.columnid, (void *)(uintptr_t)&minus_one, sizeof minus_one, NULL, 0, NULL, 0));
    assert_good(JetEscrowUpdate(s.session, table, count.columnid, (void *)(uintptr_t)&one, sizeof one, NULL, 0, NULL, 0)); /* and up again */
    assert_good(JetCommitTransaction(s.session, 0));
    uint32_t rows = 0;
    for (int i = 0; i < 200 && rows != 1; i++) { /* soon, not at once */
        struct timespec pause = {0, 10000000};
        (void)JetIdle(s.session, 0);
        nanosleep(&pause, NULL);
        rows = 0;
        for (JET_ERR err = JetMove(s.session, table, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(s.session, table, JET_MoveNext, 0))
            rows++;
    }
    assert_int_equal(rows, 1);
    assert_good(JetMove(s.session, table, JET_MoveFirst, 0));
    assert_int_equal(get_number(&s, table, count.columnid, 0), 1);
    sample_stop(&s);
}

static void what_may_not_be_changed_is_refused(void **state)
{
    struct sample s;
    JET_TABLEID table;
    (void)state;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "a");
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, JET_bitTableReadOnly, &table));
    assert_err(JetPrepareUpdate(s.session, table, JET_prepInsert), JET_errPermissionDenied);
    assert_err(JetDelete(s.session, table), JET_errPermissionDenied);
    assert_good(JetBeginTransaction2(s.session, JET_bitTransactionReadOnly));
    assert_err(JetPrepareUpdate(s.session, s.table, JET_prepInsert), JET_errTransReadOnly);
    assert_err(JetDelete(s.session, s.table), JET_errTransReadOnly);
    assert_err(JetGetLock(s.session, s.table, JET_bitWriteLock), JET_errTransReadOnly);
    assert_good(JetRollback(s.session, 0));
    assert_err(JetGetLock(s.session, s.table, JET_bitWriteLock), JET_errNotInTransaction);
    assert_err(JetGetLock(s.session, s.table, 0), JET_errInvalidGrbit);
    sample_stop(&s);
}

static void a_table_can_be_kept_from_other_sessions(void **state)
{
    struct sample s;
    JET_TABLEID mine, others;
    (void)state;
    sample_start(&s, 4096);
    struct sample o = through(&s, other_session(&s));
    assert_err(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, JET_bitTableDenyRead, &mine), JET_errTableInUse);
    assert_err(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, JET_bitTableDenyWrite, &mine), JET_errTableInUse);
    assert_good(JetCloseTable(o.session, o.table));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, JET_bitTableDenyWrite, &mine));
    assert_err(JetOpenTable(o.session, o.dbid, "Sample", NULL, 0, 0, &others), JET_errTableLocked);
    assert_good(JetOpenTable(o.session, o.dbid, "Sample", NULL, 0, JET_bitTableReadOnly, &others));
    assert_good(JetCloseTable(o.session, others));
    assert_good(JetCloseTable(s.session, mine));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, JET_bitTableDenyRead, &mine));
    assert_err(JetOpenTable(o.session, o.dbid, "Sample", NULL, 0, JET_bitTableReadOnly, &others), JET_errTableLocked);
    assert_good(JetCloseTable(s.session, mine));
    assert_good(JetOpenTable(o.session, o.dbid, "Sample", NULL, 0, 0, &others));
    sample_stop(&s);
}

static void changes_are_there_after_a_restart(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 8192);
    for (int32_t i = 0; i < 500; i++)
        insert_sample(&s, i, 1000 - i, "some text");
    for (int32_t i = 0; i < 500; i += 3) {
        assert_good(seek_id(&s, s.table, i));
        assert_good(JetDelete(s.session, s.table));
    }
    const char *folder = s.live.folder;
    sample_stop(&s);
    live_start_in(&s.live, folder, 8192);
    s.session = s.live.session;
    assert_good(JetAttachDatabase(s.session, text_of("%s/sample.edb", folder), 0));
    assert_good(JetOpenDatabase(s.session, text_of("%s/sample.edb", folder), NULL, &s.dbid, 0));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &s.table));
    uint32_t count;
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_good(JetIndexRecordCount(s.session, s.table, &count, 0));
    assert_int_equal(count, 333);
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_number"));
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_good(JetIndexRecordCount(s.session, s.table, &count, 0));
    assert_int_equal(count, 333);
    sample_stop(&s);
}

static void rows_of_temporary_tables_are_changed_in_the_same_way(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    JET_COLUMNDEF definitions[] = {
        {.cbStruct = sizeof(JET_COLUMNDEF), .coltyp = JET_coltypLong, .grbit = JET_bitColumnFixed | JET_bitColumnTTKey},
        {.cbStruct = sizeof(JET_COLUMNDEF), .coltyp = JET_coltypLongBinary, .grbit = JET_bitColumnTagged},
    };
    JET_COLUMNID ids[2];
    JET_TABLEID table;
    uint8_t big[20000];
    memset(big, 7, sizeof big);
    assert_good(JetOpenTempTable(s.session, definitions, 2, JET_bitTTIndexed | JET_bitTTScrollable | JET_bitTTUpdatable, &table, ids));
    for (int32_t i = 3; i >= 1; i--) {
        assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
        set_number(&s, table, ids[0], i);
        assert_good(JetSetColumn(s.session, table, ids[1], big, (uint32_t)(sizeof big - (unsigned)i), 0, NULL));
        assert_int_equal(get_number(&s, table, ids[0], JET_bitRetrieveCopy), i);
        assert_good(JetUpdate(s.session, table, NULL, 0, NULL));
    }
    uint32_t size;
    assert_good(JetMove(s.session, table, JET_MoveFirst, 0));
    assert_int_equal(get_number(&s, table, ids[0], 0), 1);
    (void)get_bytes(&s, table, ids[1], 0, &size);
    assert_int_equal(size, sizeof big - 1);
    assert_good(JetPrepareUpdate(s.session, table, JET_prepReplace));
    assert_good(set_value(&s, table, ids[1], "end", 3, JET_bitSetAppendLV, 0, 1));
    assert_good(JetUpdate(s.session, table, NULL, 0, NULL));
    const uint8_t *bytes = get_bytes(&s, table, ids[1], 0, &size);
    assert_int_equal(size, sizeof big + 2);
    assert_memory_equal(bytes + size - 3, "end", 3);
    assert_good(JetDelete(s.session, table));
    assert_good(JetMove(s.session, table, JET_MoveNext, 0));
    assert_int_equal(get_number(&s, table, ids[0], 0), 2);
    assert_err(JetMove(s.session, table, -1, 0), JET_errNoCurrentRecord);
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inserted_row_is_found_through_every_index),
        cmocka_unit_test(an_update_needs_its_steps_in_order),
        cmocka_unit_test(an_update_gives_the_bookmark_of_the_row_and_does_not_move),
        cmocka_unit_test(a_duplicate_is_refused_and_can_be_corrected),
        cmocka_unit_test(a_replaced_row_moves_where_its_keys_have_changed),
        cmocka_unit_test(a_primary_key_changes_only_by_a_copy_that_deletes_the_original),
        cmocka_unit_test(a_deleted_row_leaves_every_index_and_the_cursor_goes_on_from_its_place),
        cmocka_unit_test(moving_gives_a_prepared_update_up),
        cmocka_unit_test(several_values_are_indexed_each),
        cmocka_unit_test(a_rollback_takes_rows_and_entries_back),
        cmocka_unit_test(a_rollback_cancels_what_was_prepared_in_it),
        cmocka_unit_test(a_commit_hands_what_was_prepared_and_where_the_cursor_moved_to_the_outer_level),
        cmocka_unit_test(two_sessions_that_change_a_row_conflict),
        cmocka_unit_test(an_update_outside_transactions_sees_that_the_row_has_changed),
        cmocka_unit_test(escrow_updates_of_two_sessions_do_not_conflict),
        cmocka_unit_test(an_escrow_update_without_rollback_stays),
        cmocka_unit_test(read_locks_are_shared_and_keep_writers_away),
        cmocka_unit_test(a_version_column_counts_replacements),
        cmocka_unit_test(autoincrement_numbers_are_given_when_an_insert_is_prepared),
        cmocka_unit_test(sessions_that_insert_at_once_get_numbers_of_their_own),
        cmocka_unit_test(a_row_whose_counter_reaches_zero_goes_if_its_column_says_so),
        cmocka_unit_test(what_may_not_be_changed_is_refused),
        cmocka_unit_test(a_table_can_be_kept_from_other_sessions),
        cmocka_unit_test(changes_are_there_after_a_restart),
        cmocka_unit_test(rows_of_temporary_tables_are_changed_in_the_same_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
