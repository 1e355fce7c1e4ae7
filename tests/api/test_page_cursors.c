/* What the calls that open, place and move cursors answer: each option and result their reference pages name.
 *
 * JetSetCurrentIndex takes no option, number or id, JetSetCurrentIndex2 no number or id, JetSetCurrentIndex3 no id: their pages list the results for those all the same.
 * A wrong size of JET_INDEXID was an invalid parameter up to Windows XP, since then it is an invalid id.
 *
 * Pages: JetCloseTable, JetDupCursor, JetGetBookmark, JetGetCurrentIndex, JetGetCursorInfo, JetGetLS, JetSetLS, JetGetRecordPosition, JetGetSecondaryIndexBookmark,
 * JetGotoBookmark, JetGotoPosition, JetGotoSecondaryIndexBookmark, JetMove, JetSetTableSequential, JetResetTableSequential, JetSetCurrentIndex, JetSetCurrentIndex2,
 * JetSetCurrentIndex3, JetSetCurrentIndex4, JetSetCursorFilter
 */
#include "cmocka_all.h"

#include <string.h>

#include "sample_table.h"
#include "shared_data.h"

enum { CURSORS = 12, ROOM = 300 };

static struct sample s;
static JET_SESID other; /* a second session, and its cursor on the table */
static JET_TABLEID others;
static uint8_t key[ROOM], bookmark[ROOM];
static uint32_t key_size, bookmark_size;

/* Rows 1 to 3 with numbers 10 to 30; row 2 has the tags "x" and "y", row 3 no number. */
static void set_up(void)
{
    JET_DBID dbid;
    sample_start(&s, 4096);
    insert_sample(&s, 1, 10, "one");
    insert_sample(&s, 2, 20, "two");
    assert_good(seek_id(&s, s.table, 2));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    assert_good(set_value(&s, s.table, s.tags, "x", 1, 0, 0, 0));
    assert_good(set_value(&s, s.table, s.tags, "y", 1, 0, 0, 0));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 3);
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(JetBeginSession(s.live.instance, &other, NULL, NULL));
    assert_good(JetOpenDatabase(other, text_of("%s/sample.edb", s.live.folder), NULL, &dbid, 0));
    assert_good(JetOpenTable(other, dbid, "Sample", NULL, 0, 0, &others));
}

static void other_seeks(int32_t id)
{
    assert_good(JetMakeKey(other, others, &id, sizeof id, JET_bitNewKey));
    assert_good(JetSeek(other, others, JET_bitSeekEQ));
}

static void other_deletes(int32_t id)
{
    other_seeks(id);
    assert_good(JetDelete(other, others));
}

static void stand_after_the_last(void)
{
    assert_good(JetMove(s.session, s.table, JET_MoveLast, 0));
    assert_err(JetMove(s.session, s.table, JET_MoveNext, 0), JET_errNoCurrentRecord);
}

static int32_t id_here(void) { return get_number(&s, s.table, s.id, 0); }

/* --- opening and closing --- */

static void allow_few_cursors(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxCursors, CURSORS, NULL)); }

static void cursors_are_copied_until_there_are_too_many_and_closed_once(void **state)
{
    JET_TABLEID copies[CURSORS], one_more;
    uint32_t count = 0;
    JET_ERR err = JET_errSuccess;
    (void)state;
    live_configure = allow_few_cursors;
    sample_start(&s, 4096);
    live_configure = NULL;
    while (count < CURSORS && (err = JetDupCursor(s.session, s.table, &copies[count], 0)) >= 0)
        count++;
    assert_err(err, JET_errOutOfCursors);
    assert_int_equal(count, CURSORS - 1);
    assert_good(JetCloseTable(s.session, copies[0]));
    assert_err(JetCloseTable(s.session, copies[0]), JET_errInvalidTableId);
    assert_good(JetDupCursor(s.session, s.table, &one_more, 0));
    assert_good(JetCloseTable(s.session, one_more));
    while (count > 1)
        assert_good(JetCloseTable(s.session, copies[--count]));
    sample_stop(&s);
}

/* --- bookmarks --- */

static void a_bookmark_is_asked_for_on_a_record_with_room_for_it(void **state)
{
    uint8_t small[2];
    (void)state;
    set_up();
    assert_good(seek_id(&s, s.table, 2));
    assert_good(JetGetBookmark(s.session, s.table, bookmark, ROOM, &bookmark_size));
    assert_int_equal(bookmark_size, 5);
    assert_err(JetGetBookmark(s.session, s.table, small, sizeof small, &key_size), JET_errBufferTooSmall);
    assert_int_equal(key_size, 5);
    assert_memory_equal(small, bookmark, sizeof small);
    stand_after_the_last();
    assert_err(JetGetBookmark(s.session, s.table, bookmark, ROOM, &bookmark_size), JET_errNoCurrentRecord);
    sample_stop(&s);
}

static void a_bookmark_leads_to_the_row_or_says_why_not(void **state)
{
    (void)state;
    set_up();
    assert_good(seek_id(&s, s.table, 3));
    assert_good(JetGetBookmark(s.session, s.table, bookmark, ROOM, &bookmark_size));
    assert_good(seek_id(&s, s.table, 1));
    assert_err(JetGotoBookmark(s.session, s.table, bookmark, 0), JET_errInvalidBookmark);
    assert_err(JetGotoBookmark(s.session, s.table, NULL, bookmark_size), JET_errInvalidBookmark);
    assert_int_equal(id_here(), 1);
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_number"));
    assert_err(JetGotoBookmark(s.session, s.table, bookmark, bookmark_size), JET_errNoCurrentRecord); /* its number is null: no entry */
    assert_good(JetSetCurrentIndex(s.session, s.table, NULL));
    assert_good(JetGotoBookmark(s.session, s.table, bookmark, bookmark_size));
    assert_int_equal(id_here(), 3);
    other_deletes(3);
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_err(JetGotoBookmark(s.session, s.table, bookmark, bookmark_size), JET_errRecordDeleted);
    assert_int_equal(id_here(), 1);
    sample_stop(&s);
}

static JET_ERR get_secondary(uint32_t key_room, uint32_t bookmark_room)
{
    return JetGetSecondaryIndexBookmark(s.session, s.table, key, key_room, &key_size, bookmark, bookmark_room, &bookmark_size, 0);
}

static void a_secondary_bookmark_needs_an_index_a_record_and_room(void **state)
{
    (void)state;
    set_up();
    assert_good(seek_id(&s, s.table, 2));
    assert_err(get_secondary(ROOM, ROOM), JET_errNoCurrentIndex);
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_text"));
    assert_good(JetMove(s.session, s.table, JET_MoveLast, 0));
    assert_good(get_secondary(ROOM, ROOM));
    uint32_t whole_key = key_size, whole_bookmark = bookmark_size;
    assert_err(get_secondary(whole_key - 1, ROOM), JET_errBufferTooSmall);
    assert_err(get_secondary(ROOM, whole_bookmark - 1), JET_errBufferTooSmall);
    assert_int_equal(key_size, whole_key);
    assert_int_equal(bookmark_size, whole_bookmark);
    stand_after_the_last();
    assert_err(get_secondary(ROOM, ROOM), JET_errNoCurrentRecord);
    sample_stop(&s);
}

static JET_ERR go_to_secondary(JET_GRBIT grbit) { return JetGotoSecondaryIndexBookmark(s.session, s.table, key, key_size, bookmark, bookmark_size, grbit); }

/* By text: "one" 1, "two" 2 (3 has none, and stands before them). */
static void a_secondary_bookmark_leads_to_its_entry_or_on_wish_to_where_it_was(void **state)
{
    (void)state;
    set_up();
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_text"));
    assert_good(JetMove(s.session, s.table, 1, 0));
    assert_int_equal(id_here(), 1);
    assert_good(get_secondary(ROOM, ROOM));
    assert_good(JetMove(s.session, s.table, JET_MoveLast, 0));
    assert_good(go_to_secondary(0));
    assert_int_equal(id_here(), 1);
    assert_err(JetGotoSecondaryIndexBookmark(s.session, s.table, NULL, 0, bookmark, bookmark_size, 0), JET_errInvalidBookmark);
    assert_err(JetGotoSecondaryIndexBookmark(s.session, s.table, key, 0, bookmark, bookmark_size, 0), JET_errInvalidBookmark);
    assert_err(JetGotoSecondaryIndexBookmark(s.session, s.table, key, key_size, NULL, 0, 0), JET_errInvalidBookmark); /* equal keys may be many */
    other_deletes(1);
    assert_good(JetMove(s.session, s.table, JET_MoveLast, 0));
    assert_err(go_to_secondary(0), JET_errRecordDeleted);
    assert_int_equal(id_here(), 2); /* where it was */
    assert_err(go_to_secondary(JET_bitBookmarkPermitVirtualCurrency), JET_errRecordDeleted);
    assert_good(JetMove(s.session, s.table, JET_MovePrevious, 0));
    assert_int_equal(id_here(), 3);
    assert_err(go_to_secondary(JET_bitBookmarkPermitVirtualCurrency), JET_errRecordDeleted);
    assert_good(JetMove(s.session, s.table, JET_MoveNext, 0));
    assert_int_equal(id_here(), 2);
    assert_good(JetSetCurrentIndex(s.session, s.table, NULL));
    assert_err(go_to_secondary(0), JET_errNoCurrentIndex);
    sample_stop(&s);
}

/* --- positions --- */

static void positions_need_records_and_structures_of_their_size(void **state)
{
    JET_RECPOS position = {.cbStruct = sizeof position};
    (void)state;
    set_up();
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetGetRecordPosition(s.session, s.table, &position, sizeof position));
    assert_int_equal(position.centriesInRange, 1);
    assert_err(JetGetRecordPosition(s.session, s.table, &position, sizeof position - 1), JET_errInvalidParameter);
    stand_after_the_last();
    assert_err(JetGetRecordPosition(s.session, s.table, &position, sizeof position), JET_errNoCurrentRecord);
    position = (JET_RECPOS){.cbStruct = sizeof position, .centriesLT = 2, .centriesTotal = 2};
    assert_good(JetGotoPosition(s.session, s.table, &position));
    assert_int_equal(id_here(), 3);
    position.centriesLT = 3;
    assert_err(JetGotoPosition(s.session, s.table, &position), JET_errInvalidParameter);
    position = (JET_RECPOS){.cbStruct = sizeof position - 1, .centriesTotal = 2};
    assert_err(JetGotoPosition(s.session, s.table, &position), JET_errInvalidParameter);
    position.cbStruct = sizeof position;
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_blob")); /* no row has one */
    assert_err(JetGotoPosition(s.session, s.table, &position), JET_errRecordNotFound);
    sample_stop(&s);
}

/* --- moves and hints --- */

static void a_move_finds_an_entry_another_key_or_neither(void **state)
{
    (void)state;
    set_up();
    insert_sample(&s, 4, 40, "one");
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_text")); /* 3, then 1 and 4 under one key, then 2 */
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_good(JetMove(s.session, s.table, JET_MoveNext, JET_bitMoveKeyNE));
    assert_int_equal(id_here(), 1);
    assert_good(JetMove(s.session, s.table, JET_MoveNext, JET_bitMoveKeyNE));
    assert_int_equal(id_here(), 2);
    assert_err(JetMove(s.session, s.table, JET_MoveNext, JET_bitMoveKeyNE), JET_errNoCurrentRecord);
    assert_err(JetMove(s.session, s.table, 0, 0), JET_errNoCurrentRecord);
    assert_good(seek_id(&s, s.table, 2));
    other_deletes(2);
    assert_err(JetMove(s.session, s.table, 0, 0), JET_errRecordDeleted);
    assert_good(JetMove(s.session, s.table, JET_MoveNext, 0));
    assert_int_equal(id_here(), 3);
    sample_stop(&s);
}

static void a_scan_can_be_announced_in_any_words(void **state)
{
    static const JET_GRBIT hints[] = {0, JET_bitPrereadForward, JET_bitPrereadBackward, JET_bitPrereadForward | JET_bitPrereadFirstPage,
                                      JET_bitPrereadForward | JET_bitPrereadNormalizedKey};
    (void)state;
    set_up();
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        assert_good(JetSetTableSequential(s.session, s.table, hints[i]));
        assert_string_equal(ids_by(&s, s.table, NULL), "1 2 3");
        assert_good(JetResetTableSequential(s.session, s.table, 0));
    }
    sample_stop(&s);
}

static void a_filter_is_for_the_primary_index(void **state)
{
    int32_t fifteen = 15;
    (void)state;
    set_up();
    JET_INDEX_COLUMN filter = {.columnid = s.number, .relop = JET_relopGreaterThan, .pv = &fifteen, .cb = sizeof fifteen};
    assert_good(JetSetCurrentIndex(s.session, s.table, "by_text"));
    assert_err(JetSetCursorFilter(s.session, s.table, &filter, 1, 0), JET_errFilteredMoveNotSupported);
    assert_good(JetSetCurrentIndex(s.session, s.table, NULL));
    assert_good(JetSetCursorFilter(s.session, s.table, &filter, 1, 0));
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    assert_int_equal(id_here(), 2);
    assert_err(JetMove(s.session, s.table, JET_MoveNext, 0), JET_errNoCurrentRecord); /* a null is less than any number */
    sample_stop(&s);
}

/* --- the current index --- */

static void the_name_of_the_index_is_cut_to_the_room(void **state)
{
    char name[80];
    (void)state;
    set_up();
    assert_good(JetSetCurrentIndex(s.session, s.table, "BY_TEXT"));
    assert_good(JetGetCurrentIndex(s.session, s.table, name, sizeof name));
    assert_string_equal(name, "by_text");
    assert_good(JetGetCurrentIndex(s.session, s.table, name, 4)); /* all releases do so without a warning */
    assert_string_equal(name, "by_");
    sample_stop(&s);
}

/* The four calls, with what they do not take left out. */
static JET_ERR choose(int call, const char *name, JET_INDEXID *id, JET_GRBIT grbit, uint32_t sequence)
{
    switch (call) {
    case 1:
        return JetSetCurrentIndex(s.session, s.table, name);
    case 2:
        return JetSetCurrentIndex2(s.session, s.table, name, grbit);
    case 3:
        return JetSetCurrentIndex3(s.session, s.table, name, grbit, sequence);
    default:
        return JetSetCurrentIndex4(s.session, s.table, name, id, grbit, sequence);
    }
}

static void an_index_is_chosen_at_its_first_entry_or_at_the_rows(void **state)
{
    (void)state;
    set_up();
    for (int call = 1; call <= 4; call++) {
        assert_good(seek_id(&s, s.table, 2));
        assert_good(choose(call, "by_number", NULL, JET_bitMoveFirst, 1));
        assert_int_equal(id_here(), 1);
        assert_err(choose(call, "bad!", NULL, 0, 1), JET_errInvalidName);
        assert_err(choose(call, "absent", NULL, 0, 1), JET_errIndexNotFound);
        if (call == 1)
            continue;
        assert_good(seek_id(&s, s.table, 2));
        assert_good(choose(call, "by_number", NULL, JET_bitNoMove, 1));
        assert_int_equal(id_here(), 2);
        assert_good(seek_id(&s, s.table, 3));
        assert_err(choose(call, "by_number", NULL, JET_bitNoMove, 1), JET_errNoCurrentRecord); /* null: no entry */
        if (call == 2)
            continue;
        assert_good(seek_id(&s, s.table, 2));
        assert_good(choose(call, "by_tags", NULL, JET_bitNoMove, 2));
        assert_good(JetRetrieveKey(s.session, s.table, key, ROOM, &key_size, 0));
        key[key_size] = 0;
        assert_good(seek_id(&s, s.table, 2));
        assert_err(choose(call, "by_tags", NULL, JET_bitNoMove, 3), JET_errBadItagSequence);
    }
    sample_stop(&s);
}

static void the_id_of_an_index_must_be_of_this_table_and_whole(void **state)
{
    JET_INDEXID id, bad;
    (void)state;
    set_up();
    assert_good(JetGetTableIndexInfo(s.session, s.table, "by_number", &id, sizeof id, JET_IdxInfoIndexId));
    assert_good(choose(4, NULL, &id, JET_bitMoveFirst, 1));
    assert_int_equal(id_here(), 1);
    bad = id;
    bad.cbStruct--;
    assert_err(choose(4, NULL, &bad, 0, 1), JET_errInvalidIndexId);
    for (size_t i = 0; i < sizeof id.rgbIndexId; i++) {
        bad = id;
        bad.rgbIndexId[i] ^= 0x40;
        JET_ERR err = choose(4, NULL, &bad, 0, 1);
        assert_true(err == JET_errInvalidIndexId || (err == JET_errSuccess && i >= 12)); /* the last four bytes mean nothing */
    }
    assert_good(choose(4, NULL, NULL, 0, 1));
    assert_good(JetDeleteIndex(s.session, s.table, "by_number"));
    assert_err(choose(4, NULL, &id, 0, 1), JET_errInvalidIndexId);
    sample_stop(&s);
}

/* An index takes a second cursor. */
static void an_index_is_not_chosen_with_the_last_cursor(void **state)
{
    JET_TABLEID copies[CURSORS];
    (void)state;
    live_configure = allow_few_cursors;
    sample_start(&s, 4096);
    live_configure = NULL;
    insert_sample(&s, 1, 10, "one");
    for (int i = 1; i < CURSORS; i++)
        assert_good(JetDupCursor(s.session, s.table, &copies[i], 0));
    for (int call = 1; call <= 4; call++) {
        char name[80];
        assert_err(choose(call, "by_number", NULL, JET_bitMoveFirst, 1), JET_errOutOfCursors);
        assert_good(JetGetCurrentIndex(s.session, s.table, name, sizeof name));
        assert_string_equal(name, "primary");
        assert_good(choose(call, "primary", NULL, JET_bitMoveFirst, 1));
        assert_good(JetCloseTable(s.session, copies[1]));
        assert_good(choose(call, "by_number", NULL, JET_bitMoveFirst, 1));
        assert_good(choose(call, "by_text", NULL, JET_bitMoveFirst, 1));
        assert_err(JetDupCursor(s.session, s.table, &copies[1], 0), JET_errOutOfCursors);
        assert_good(choose(call, NULL, NULL, JET_bitMoveFirst, 1));
        assert_good(JetDupCursor(s.session, s.table, &copies[1], 0));
    }
    sample_stop(&s);
}

/* --- what others do --- */

static void a_row_in_other_hands_is_told(void **state)
{
    int32_t one = 1;
    (void)state;
    set_up();
    assert_err(JetGetCursorInfo(s.session, s.table, key, 1, 0), JET_errInvalidParameter);
    assert_err(JetGetCursorInfo(s.session, s.table, NULL, 0, 1), JET_errInvalidParameter);
    stand_after_the_last();
    assert_err(JetGetCursorInfo(s.session, s.table, NULL, 0, 0), JET_errNoCurrentRecord);
    for (int on_secondary = 0; on_secondary < 2; on_secondary++)
        for (int kind = 0; kind < 4; kind++) {
            assert_good(seek_id(&s, s.table, 2));
            if (on_secondary != 0)
                assert_good(JetSetCurrentIndex2(s.session, s.table, "by_number", JET_bitNoMove));
            other_seeks(2);
            assert_good(JetBeginTransaction(s.session));
            assert_good(JetBeginTransaction(other));
            assert_good(JetGetCursorInfo(s.session, s.table, NULL, 0, 0));
            if (kind == 0) {
                assert_good(JetPrepareUpdate(other, others, JET_prepReplace)); /* its lock is enough */
            } else if (kind == 1) {
                assert_good(JetDelete(other, others));
            } else if (kind == 2) {
                assert_good(JetEscrowUpdate(other, others, s.sum, &one, sizeof one, NULL, 0, NULL, 0));
            } else {
                assert_good(JetGetLock(other, others, JET_bitReadLock));
            }
            assert_err(JetGetCursorInfo(s.session, s.table, NULL, 0, 0), JET_errWriteConflict);
            if (kind != 1)
                assert_good(JetGetCursorInfo(other, others, NULL, 0, 0)); /* its own */
            assert_good(JetRollback(other, 0));
            assert_good(JetGetCursorInfo(s.session, s.table, NULL, 0, 0));
            assert_good(JetCommitTransaction(s.session, 0));
        }
    sample_stop(&s);
}

/* --- words at cursors and tables --- */

static unsigned words_freed;

static JET_ERR JET_API runtime(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid, JET_CBTYP cbtyp, void *argument, void *argument_2, void *context, JET_API_PTR unused)
{
    (void)sesid, (void)dbid, (void)tableid, (void)argument, (void)argument_2, (void)context, (void)unused;
    words_freed += cbtyp == JET_cbtypFreeCursorLS || cbtyp == JET_cbtypFreeTableLS;
    return JET_errSuccess;
}

static void set_runtime_callback(JET_INSTANCE instance)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramRuntimeCallback, (JET_API_PTR)(uintptr_t)runtime, NULL));
}

static void a_word_is_kept_at_the_cursor_or_at_the_table(void **state)
{
    static const JET_GRBIT places[] = {0, JET_bitLSCursor, JET_bitLSTable};
    JET_LS word = 0;
    (void)state;
    set_up();
    assert_err(JetSetLS(s.session, s.table, 7, 0), JET_errLSCallbackNotSpecified);
    sample_stop(&s);

    live_configure = set_runtime_callback;
    set_up();
    live_configure = NULL;
    assert_err(JetSetLS(s.session, s.table, 7, JET_bitLSCursor | JET_bitLSTable), JET_errInvalidGrbit);
    assert_err(JetGetLS(s.session, s.table, &word, JET_bitLSCursor | JET_bitLSTable), JET_errInvalidGrbit);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_err(JetGetLS(s.session, s.table, &word, places[i]), JET_errLSNotSet);
        assert_good(JetSetLS(s.session, s.table, 7, places[i]));
        assert_err(JetSetLS(s.session, s.table, 8, places[i]), JET_errLSAlreadySet);
        assert_good(JetGetLS(s.session, s.table, &word, places[i]));
        assert_int_equal(word, 7);
        if (places[i] == JET_bitLSTable) {
            assert_good(JetGetLS(other, others, &word, JET_bitLSTable));
            assert_int_equal(word, 7);
        } else {
            assert_err(JetGetLS(other, others, &word, places[i]), JET_errLSNotSet);
        }
        assert_good(JetGetLS(s.session, s.table, &word, places[i] | JET_bitLSReset));
        assert_int_equal(word, 7);
        assert_good(JetGetLS(s.session, s.table, &word, places[i] | JET_bitLSReset)); /* nothing left, and no error */
        assert_true(word == JET_LSNil);
        assert_good(JetSetLS(s.session, s.table, 9, places[i]));
        assert_good(JetSetLS(s.session, s.table, 0, places[i] | JET_bitLSReset));
        assert_err(JetGetLS(s.session, s.table, &word, places[i]), JET_errLSNotSet);
    }
    assert_int_equal(words_freed, 0); /* the client took them back itself */
    assert_good(JetSetLS(other, others, 7, JET_bitLSCursor));
    assert_good(JetSetLS(other, others, 8, JET_bitLSTable));
    assert_good(JetCloseTable(other, others));
    assert_int_equal(words_freed, 1); /* the cursor's; the table's stays while the table is known */
    sample_stop(&s);
    assert_int_equal(words_freed, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursors_are_copied_until_there_are_too_many_and_closed_once),
        cmocka_unit_test(a_bookmark_is_asked_for_on_a_record_with_room_for_it),
        cmocka_unit_test(a_bookmark_leads_to_the_row_or_says_why_not),
        cmocka_unit_test(a_secondary_bookmark_needs_an_index_a_record_and_room),
        cmocka_unit_test(a_secondary_bookmark_leads_to_its_entry_or_on_wish_to_where_it_was),
        cmocka_unit_test(positions_need_records_and_structures_of_their_size),
        cmocka_unit_test(a_move_finds_an_entry_another_key_or_neither),
        cmocka_unit_test(a_scan_can_be_announced_in_any_words),
        cmocka_unit_test(a_filter_is_for_the_primary_index),
        cmocka_unit_test(the_name_of_the_index_is_cut_to_the_room),
        cmocka_unit_test(an_index_is_chosen_at_its_first_entry_or_at_the_rows),
        cmocka_unit_test(the_id_of_an_index_must_be_of_this_table_and_whole),
        cmocka_unit_test(an_index_is_not_chosen_with_the_last_cursor),
        cmocka_unit_test(a_row_in_other_hands_is_told),
        cmocka_unit_test(a_word_is_kept_at_the_cursor_or_at_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
