/* What the calls that read and change rows answer: each option and result their reference pages name.
 *
 * JetUpdate takes no option, and the invalid parameter on the pages of both updates is JetPrepareUpdate's; JetRetrieveColumns takes number 0 as the wish for a count, which
 * JetRetrieveColumn refuses.
 *
 * Pages: JetDelete, JetEnumerateColumns, JetEscrowUpdate, JetGetLock, JetGetRecordSize, JetGetRecordSize2, JetPrepareUpdate, JetRetrieveColumn, JetRetrieveColumns,
 * JetSetColumn, JetSetColumns, JetUpdate, JetUpdate2
 */
#include "cmocka_all.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, NO_COLUMN = 120, BAD_COLUMN = 0x12345, LARGE = 9000, ROWS_MANY = 900, UNKNOWN_BIT = 0x10000000 };

static struct sample s;
static struct sample other;     /* the same through a second session */
static JET_TABLEID read_only;   /* a cursor that may not change rows */
static uint8_t large[LARGE];

/* Row 1 with a number and text, row 2 with several tags and a long value. */
static void set_up(void)
{
    sample_start(&s, PAGE_SIZE);
    insert_sample(&s, 1, 10, "one");
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 2);
    assert_good(set_value(&s, s.table, s.tags, "x", 1, 0, 0, 0));
    assert_good(set_value(&s, s.table, s.tags, "y", 1, 0, 0, 0));
    assert_good(set_value(&s, s.table, s.blob, large, LARGE, 0, 0, 1));
    assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s.session, 0));
    other = s;
    assert_good(JetBeginSession(s.live.instance, &other.session, NULL, NULL));
    assert_good(JetOpenDatabase(other.session, text_of("%s/sample.edb", s.live.folder), NULL, &other.dbid, 0));
    assert_good(JetOpenTable(other.session, other.dbid, "Sample", NULL, 0, 0, &other.table));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, JET_bitTableReadOnly, &read_only));
}

static void tear_down(void) { sample_stop(&s); }

static void on_row(int32_t id)
{
    assert_good(seek_id(&s, s.table, id));
    assert_good(seek_id(&s, read_only, id));
    if (id != 0)
        assert_good(seek_id(&other, other.table, id));
}

static void after_the_last(void)
{
    assert_good(JetMove(s.session, s.table, JET_MoveLast, 0));
    assert_err(JetMove(s.session, s.table, JET_MoveNext, 0), JET_errNoCurrentRecord);
}

static void begin_replace(int32_t id)
{
    assert_good(seek_id(&s, s.table, id));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
}

static void cancel(void) { assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel)); }

/* --- what every call that changes a row refuses --- */

static JET_ERR delete_row(JET_TABLEID table) { return JetDelete(s.session, table); }
static JET_ERR lock_to_write(JET_TABLEID table) { return JetGetLock(s.session, table, JET_bitWriteLock); }
static JET_ERR lock_to_read(JET_TABLEID table) { return JetGetLock(s.session, table, JET_bitReadLock); }
static JET_ERR prepare(JET_TABLEID table) { return JetPrepareUpdate(s.session, table, JET_prepReplace); }
static JET_ERR add(JET_TABLEID table)
{
    int32_t one = 1;
    return JetEscrowUpdate(s.session, table, s.sum, &one, sizeof one, NULL, 0, NULL, 0);
}

static void changes_are_refused_where_the_place_the_cursor_or_another_session_forbids_them(void **state)
{
    static const struct change {
        JET_ERR (*make)(JET_TABLEID table);
        bool only_reads, needs_transaction;
    } changes[] = {{delete_row, false, false}, {lock_to_write, false, true}, {lock_to_read, true, true}, {prepare, false, false}, {add, false, true}};
    (void)state;
    set_up();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *c = &changes[i];
        on_row(1);
        if (c->needs_transaction)
            assert_err(c->make(s.table), JET_errNotInTransaction);
        assert_good(JetBeginTransaction2(s.session, JET_bitTransactionReadOnly));
        assert_err(c->make(s.table), c->only_reads ? JET_errSuccess : JET_errTransReadOnly);
        assert_good(JetRollback(s.session, 0));
        assert_good(JetBeginTransaction(s.session));
        assert_err(c->make(read_only), c->only_reads ? JET_errSuccess : JET_errPermissionDenied);
        assert_good(JetRollback(s.session, 0));
        assert_good(JetBeginTransaction(s.session));
        after_the_last();
        assert_err(c->make(s.table), JET_errNoCurrentRecord);
        on_row(1);
        assert_good(JetBeginTransaction(other.session));
        assert_good(JetGetLock(other.session, other.table, JET_bitWriteLock));
        assert_err(c->make(s.table), JET_errWriteConflict);
        assert_good(JetRollback(other.session, 0));
        assert_good(c->make(s.table));
        assert_good(JetRollback(s.session, 0));
    }
    assert_good(JetBeginTransaction(s.session));
    assert_err(JetGetLock(s.session, s.table, 0), JET_errInvalidGrbit);
    assert_err(JetGetLock(s.session, s.table, JET_bitReadLock | JET_bitWriteLock), JET_errInvalidGrbit);
    assert_good(JetCommitTransaction(s.session, 0));
    tear_down();
}

/* --- JetDelete --- */

static JET_ERR JET_API refuse(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid, JET_CBTYP cbtyp, void *argument, void *argument_2, void *context, JET_API_PTR unused)
{
    (void)sesid, (void)dbid, (void)tableid, (void)cbtyp, (void)argument, (void)argument_2, (void)context, (void)unused;
    return JET_errCallbackFailed;
}

static void a_row_is_deleted_unless_a_callback_or_the_table_says_no(void **state)
{
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    JET_COLUMNID id;
    JET_TABLEID temporary;
    JET_HANDLE callback;
    (void)state;
    set_up();
    on_row(1);
    assert_good(JetRegisterCallback(s.session, s.table, JET_cbtypBeforeDelete, refuse, NULL, &callback));
    assert_err(JetDelete(s.session, s.table), JET_errCallbackFailed);
    assert_good(JetUnregisterCallback(s.session, s.table, JET_cbtypBeforeDelete, callback));
    assert_int_equal(get_number(&s, s.table, s.id, 0), 1);
    begin_replace(1);
    assert_good(JetDelete(s.session, s.table)); /* gives the update up */
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
    assert_err(JetDelete(s.session, s.table), JET_errRecordDeleted); /* the cursor is still at its place */
    assert_good(JetMove(s.session, s.table, JET_MoveNext, 0));
    assert_int_equal(get_number(&s, s.table, s.id, 0), 2);
    assert_good(JetOpenTempTable(s.session, &column, 1, 0, &temporary, &id));
    assert_err(JetDelete(s.session, temporary), JET_errIllegalOperation);
    assert_good(JetCloseTable(s.session, temporary));
    tear_down();
}

/* --- JetEscrowUpdate --- */

static void a_counter_is_changed_by_what_fits_it(void **state)
{
    int32_t two = 2, old = -1;
    uint32_t size = 0;
    (void)state;
    set_up();
    on_row(1);
    assert_good(JetBeginTransaction(s.session));
    assert_err(JetEscrowUpdate(s.session, s.table, s.sum, &two, 3, NULL, 0, NULL, 0), JET_errInvalidBufferSize);
    assert_err(JetEscrowUpdate(s.session, s.table, s.sum, &two, sizeof two, &old, 3, &size, 0), JET_errInvalidBufferSize);
    assert_err(JetEscrowUpdate(s.session, s.table, s.number, &two, sizeof two, NULL, 0, NULL, 0), JET_errInvalidOperation);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    assert_err(JetEscrowUpdate(s.session, s.table, s.sum, &two, sizeof two, NULL, 0, NULL, 0), JET_errAlreadyPrepared);
    cancel();
    assert_good(JetEscrowUpdate(s.session, s.table, s.sum, &two, sizeof two, &old, sizeof old, &size, JET_bitEscrowNoRollback));
    assert_int_equal(old, 0);
    assert_int_equal(size, 4);
    assert_good(JetEscrowUpdate(s.session, s.table, s.sum, &two, sizeof two, &old, sizeof old, &size, 0));
    assert_int_equal(old, 2);
    assert_good(JetRollback(s.session, 0));
    assert_int_equal(get_number(&s, s.table, s.sum, 0), 2); /* the first stayed */
    tear_down();
}

/* --- sizes --- */

struct sizes {
    uint64_t data, long_values, tagged;
};

static JET_ERR get_sizes(int call, struct sizes *sizes, JET_GRBIT grbit)
{
    JET_ERR err;
    if (call == 1) {
        JET_RECSIZE size = {.cbData = sizes->data, .cbLongValueData = sizes->long_values, .cTaggedColumns = sizes->tagged};
        err = JetGetRecordSize(s.session, s.table, &size, grbit);
        *sizes = (struct sizes){size.cbData, size.cbLongValueData, size.cTaggedColumns};
    } else {
        JET_RECSIZE2 size = {.cbData = sizes->data, .cbLongValueData = sizes->long_values, .cTaggedColumns = sizes->tagged};
        err = JetGetRecordSize2(s.session, s.table, &size, grbit);
        *sizes = (struct sizes){size.cbData, size.cbLongValueData, size.cTaggedColumns};
    }
    return err;
}

static void sizes_are_of_the_row_its_copy_or_a_sum(void **state)
{
    (void)state;
    set_up();
    assert_err(JetGetRecordSize(s.session, s.table, NULL, 0), JET_errInvalidParameter);
    assert_err(JetGetRecordSize2(s.session, s.table, NULL, 0), JET_errInvalidParameter);
    for (int call = 1; call <= 2; call++) {
        struct sizes row = {0}, copy = {0}, local = {0}, sum;
        on_row(2);
        assert_good(get_sizes(call, &row, 0));
        assert_int_equal(row.long_values, LARGE);
        assert_int_equal(row.tagged, 2);
        sum = row;
        assert_good(get_sizes(call, &sum, JET_bitRecordSizeRunningTotal));
        assert_int_equal(sum.data, 2 * row.data);
        assert_int_equal(sum.long_values, 2 * LARGE);
        assert_good(get_sizes(call, &local, JET_bitRecordSizeLocal));
        assert_int_equal(local.long_values, 0);
        assert_int_equal(local.data, row.data);
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
        assert_good(set_value(&s, s.table, s.wide, large, 100, 0, 0, 1));
        assert_good(get_sizes(call, &copy, JET_bitRecordSizeInCopyBuffer));
        assert_int_equal(copy.data, row.data + 100);
        cancel();
        assert_err(get_sizes(call, &sum, UNKNOWN_BIT), JET_errInvalidGrbit);
        after_the_last();
        assert_err(get_sizes(call, &sum, 0), JET_errNoCurrentRecord);
    }
    on_row(2);
    assert_good(JetDelete(other.session, other.table));
    struct sizes gone = {0};
    assert_err(get_sizes(1, &gone, 0), JET_errRecordDeleted);
    assert_err(get_sizes(2, &gone, 0), JET_errRecordDeleted);
    tear_down();
}

/* --- preparing --- */

static void a_row_is_prepared_once_and_cancelled_once(void **state)
{
    (void)state;
    set_up();
    on_row(1);
    assert_err(JetPrepareUpdate(s.session, s.table, JET_prepCancel), JET_errUpdateNotPrepared);
    assert_err(JetPrepareUpdate(s.session, s.table, 77), JET_errInvalidParameter);
    assert_err(JetPrepareUpdate(s.session, s.table, JET_prepInsertCopy), JET_errNotInTransaction); /* long values are shared in one */
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplaceNoLock));
    assert_err(JetPrepareUpdate(s.session, s.table, JET_prepInsert), JET_errAlreadyPrepared);
    cancel();
    assert_err(JetPrepareUpdate(s.session, s.table, JET_prepCancel), JET_errUpdateNotPrepared);
    tear_down();
}

static JET_ERR cancel_the_update(void) { return JetPrepareUpdate(s.session, s.table, JET_prepCancel); }
static JET_ERR delete_instead(void) { return JetDelete(s.session, s.table); }

/* Long values are changed at once: what was done has to be undone, for which memory is wanted. */
static void a_prepared_row_that_cannot_be_taken_back_is_given_up(void **state)
{
    static JET_ERR (*const ways[])(void) = {cancel_the_update, delete_instead};
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        uint32_t size;
        set_up();
        assert_good(JetBeginTransaction(s.session));
        begin_replace(2);
        assert_good(set_value(&s, s.table, s.blob, "more", 4, JET_bitSetOverwriteLV, 5000, 1));
        memory_fail_at(1, 1);
        JET_ERR err = ways[i]();
        memory_fail_at(0, 0);
        assert_err(err, JET_errRollbackError);
        assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errUpdateNotPrepared);
        assert_good(JetRollback(s.session, 0)); /* takes the rest back */
        on_row(2);
        const uint8_t *bytes = get_bytes(&s, s.table, s.blob, 0, &size);
        assert_int_equal(size, LARGE);
        assert_memory_equal(bytes, large, LARGE);
        tear_down();
    }
}

/* --- setting columns --- */

static JET_ERR set(int call, JET_COLUMNID column, const void *data, uint32_t size, JET_GRBIT grbit, uint32_t offset, uint32_t sequence)
{
    if (call == 1)
        return set_value(&s, s.table, column, data, size, grbit, offset, sequence);
    JET_SETCOLUMN one = {.columnid = column, .pvData = data, .cbData = size, .grbit = grbit, .ibLongValue = offset, .itagSequence = sequence, .err = 1};
    JET_ERR err = JetSetColumns(s.session, s.table, &one, 1);
    if (one.err != 1)
        assert_int_equal(one.err, err);
    return err;
}

static void what_a_column_cannot_take_is_refused(void **state)
{
    int32_t number = 7;
    (void)state;
    set_up();
    const struct refusal {
        JET_COLUMNID column;
        uint32_t size, sequence;
        JET_GRBIT grbit;
        JET_ERR answer;
    } refusals[] = {
        {BAD_COLUMN, 4, 1, 0, JET_errBadColumnId},
        {NO_COLUMN, 4, 1, 0, JET_errColumnNotFound},
        {s.small, 5001, 1, 0, JET_errColumnTooBig},
        {s.number, 3, 1, 0, JET_errInvalidBufferSize},
        {s.version, 4, 1, 0, JET_errInvalidColumnType},
        {s.number, 4, 1, UNKNOWN_BIT, JET_errInvalidGrbit},
        {s.tags, 4, 1, JET_bitSetUniqueMultiValues | JET_bitSetAppendLV, JET_errInvalidGrbit},
        {s.blob, LARGE, 1, JET_bitSetContiguousLV, JET_errInvalidGrbit},
        {s.id, 0, 1, 0, JET_errNullInvalid},
        {s.id, 0, 1, 0, JET_errColumnIllegalNull}, /* another name of it */
        {s.text, 30, 1, 0, JET_wrnColumnMaxTruncated},
    };
    for (int call = 1; call <= 2; call++) {
        on_row(1);
        assert_err(set(call, s.number, &number, sizeof number, 0, 0, 1), JET_errUpdateNotPrepared);
        begin_replace(1);
        assert_err(set(call, s.blob, "a", 1, 0, 0, 1), JET_errNotInTransaction);
        cancel();
        assert_good(JetBeginTransaction(s.session));
        begin_replace(2); /* the tags are "x" and "y" */
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
            JET_ERR err = set(call, refusals[i].column, large, refusals[i].size, refusals[i].grbit, 0, refusals[i].sequence);
            if (err != refusals[i].answer)
                fail_msg("call %d, row %zu: %d, expected %d", call, i, err, refusals[i].answer);
        }
        assert_err(set(call, s.tags, "y", 1, JET_bitSetUniqueMultiValues, 0, 0), JET_errMultiValuedDuplicate);
        assert_good(set(call, s.tags, "Y", 1, JET_bitSetUniqueMultiValues, 0, 0));
        assert_err(set(call, s.tags, "X", 1, JET_bitSetUniqueNormalizedMultiValues, 0, 0), JET_errMultiValuedDuplicate);
        JET_ERR err = JET_errSuccess;
        for (int i = 0; i < 100 && err >= 0; i++)
            err = set(call, s.wide, large, 255, 0, 0, 0);
        assert_err(err, JET_errRecordTooBig);
        assert_good(JetRollback(s.session, 0));
    }
    JET_SETINFO info = {.cbStruct = sizeof info - 1, .itagSequence = 1};
    JET_SETCOLUMN endless = {.columnid = s.blob, .pvData = large, .cbData = UINT32_MAX, .itagSequence = 1};
    begin_replace(1);
    assert_err(JetSetColumn(s.session, s.table, s.number, &number, sizeof number, 0, &info), JET_errInvalidParameter);
    assert_err(JetSetColumns(s.session, s.table, &endless, 1), JET_errInvalidParameter);
    assert_err(JetSetColumns(s.session, s.table, NULL, 1), JET_errInvalidParameter);
    cancel();
    tear_down();
}

static void is_now(JET_COLUMNID column, const void *expected, uint32_t expected_size)
{
    uint32_t size;
    const uint8_t *bytes = get_bytes(&s, s.table, column, JET_bitRetrieveCopy, &size);
    assert_int_equal(size, expected_size);
    if (expected_size != UINT32_MAX && expected_size > 0)
        assert_memory_equal(bytes, expected, expected_size);
}

static JET_RECSIZE2 size_of_copy(void)
{
    JET_RECSIZE2 size;
    assert_good(JetGetRecordSize2(s.session, s.table, &size, JET_bitRecordSizeInCopyBuffer));
    return size;
}

static void options_say_how_a_value_is_set_and_kept(void **state)
{
    static uint8_t zeros[2000];
    (void)state;
    set_up();
    for (int call = 1; call <= 2; call++) {
        assert_good(JetBeginTransaction(s.session));
        begin_replace(1);
        assert_good(set(call, s.small, "abc", 3, 0, 0, 1));
        assert_good(set(call, s.small, "de", 2, JET_bitSetAppendLV, 0, 1));
        is_now(s.small, "abcde", 5);
        assert_good(set(call, s.small, "XY", 2, JET_bitSetOverwriteLV, 1, 1));
        is_now(s.small, "aXYde", 5);
        assert_good(set(call, s.small, NULL, 2, JET_bitSetSizeLV, 0, 1));
        is_now(s.small, "aX", 2);
        assert_good(set(call, s.small, NULL, 4, JET_bitSetSizeLV, 0, 1));
        is_now(s.small, "aX\0\0", 4);
        assert_good(set(call, s.small, "new", 3, JET_bitSetOverwriteLV | JET_bitSetSizeLV, 0, 1));
        is_now(s.small, "new", 3);
        assert_good(set(call, s.small, NULL, 0, JET_bitSetZeroLength, 0, 1));
        is_now(s.small, "", 0);
        assert_good(set(call, s.small, NULL, 0, 0, 0, 1));
        is_now(s.small, NULL, UINT32_MAX);
        assert_good(set(call, s.note, "mine", 4, 0, 0, 1));
        assert_good(set(call, s.note, NULL, 0, JET_bitSetRevertToDefaultValue, 0, 1));
        is_now(s.note, "none", 4);
        assert_int_equal(size_of_copy().cLongValues, 0);
        assert_good(set(call, s.small, "separated", 9, JET_bitSetSeparateLV, 0, 1));
        assert_int_equal(size_of_copy().cLongValues, 1);
        assert_good(set(call, s.small, zeros, 1024, JET_bitSetIntrinsicLV, 0, 1));
        assert_int_equal(size_of_copy().cLongValues, 0);
        assert_good(set(call, s.small, zeros, sizeof zeros, JET_bitSetSeparateLV | JET_bitSetUncompressed, 0, 1));
        assert_int_equal(size_of_copy().cbLongValueDataCompressed, sizeof zeros);
        assert_good(set(call, s.small, zeros, sizeof zeros, JET_bitSetSeparateLV | JET_bitSetCompressed, 0, 1));
        assert_true(size_of_copy().cbLongValueDataCompressed < sizeof zeros);
        assert_err(set(call, s.blob, large, PAGE_SIZE - 1, JET_bitSetSeparateLV | JET_bitSetContiguousLV, 0, 1), JET_errInvalidBufferSize);
        assert_good(set(call, s.blob, large, LARGE, JET_bitSetSeparateLV | JET_bitSetContiguousLV, 0, 1));
        is_now(s.blob, large, LARGE);
        assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
        assert_good(JetRollback(s.session, 0));
    }
    tear_down();
}

/* --- JetUpdate --- */

/* Written by JetUpdate, or by JetUpdate2 with an option that changes nothing here. */
static JET_ERR update(int call, void *bookmark, uint32_t room, uint32_t *size)
{
    return call == 1 ? JetUpdate(s.session, s.table, bookmark, room, size) : JetUpdate2(s.session, s.table, bookmark, room, size, JET_bitUpdateCheckESE97Compatibility);
}

/* Inserts into another table; what must go wrong is set aside. */
static void insert_wrong(int call, JET_TABLEID table, JET_COLUMNID column, const void *data, uint32_t size, JET_ERR answer)
{
    JET_TABLEID sample = s.table;
    s.table = table;
    assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
    if (size > 0)
        assert_good(JetSetColumn(s.session, table, column, data, size, 0, NULL));
    assert_err(update(call, NULL, 0, NULL), answer);
    cancel(); /* it was still prepared */
    s.table = sample;
}

static void a_row_that_breaks_a_rule_is_not_written_and_stays_prepared(void **state)
{
    (void)state;
    set_up();
    JET_COLUMNCREATE columns[] = {column_of("value", JET_coltypLongText, 0, 0)};
    JET_INDEXCREATE indexes[] = {index_of("by_value", "+value\0", 8, JET_bitIndexDisallowNull | JET_bitIndexDisallowTruncation)};
    JET_TABLEID strict = make_table(&s, "Strict", columns, 1, indexes, 1);
    JET_COLUMNDEF definition;
    assert_good(JetGetTableColumnInfo(s.session, strict, "value", &definition, sizeof definition, JET_ColInfo));
    uint8_t bookmark[300];
    uint32_t size = 0;
    for (int call = 1; call <= 2; call++) {
        int32_t id = 1, number = 10;
        assert_err(update(call, NULL, 0, NULL), JET_errUpdateNotPrepared);
        insert_wrong(call, s.table, s.number, &number, sizeof number, JET_errNullInvalid); /* no id */
        insert_wrong(call, s.table, s.id, &id, sizeof id, JET_errKeyDuplicate);
        insert_wrong(call, strict, definition.columnid, NULL, 0, JET_errNullKeyDisallowed);
        assert_good(JetBeginTransaction(s.session));
        memset(large, 'a', LARGE);
        insert_wrong(call, strict, definition.columnid, large, 600, JET_errKeyTruncated);
        assert_good(JetCommitTransaction(s.session, 0));
        begin_replace(1);
        set_number(&s, s.table, s.id, 5);
        assert_err(update(call, NULL, 0, NULL), JET_errRecordPrimaryChanged);
        set_number(&s, s.table, s.id, 1);
        assert_good(update(call, NULL, 0, NULL));
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
        set_number(&s, s.table, s.id, 5);
        assert_err(update(call, bookmark, 2, &size), JET_errBufferTooSmall);
        assert_good(update(call, bookmark, sizeof bookmark, &size));
        assert_int_equal(size, 5);
        assert_good(JetGotoBookmark(s.session, s.table, bookmark, size));
        assert_good(JetDelete(s.session, s.table));
        on_row(1);
        assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplaceNoLock));
        set_number(&s, s.table, s.number, 11);
        assert_good(JetBeginTransaction(other.session));
        assert_good(JetGetLock(other.session, other.table, JET_bitWriteLock));
        assert_err(update(call, NULL, 0, NULL), JET_errWriteConflict);
        assert_good(JetRollback(other.session, 0));
        assert_good(JetBeginTransaction2(s.session, JET_bitTransactionReadOnly));
        assert_err(update(call, NULL, 0, NULL), JET_errTransReadOnly);
        assert_good(JetCommitTransaction(s.session, 0));
        cancel();
    }
    assert_err(JetUpdate2(s.session, s.table, NULL, 0, NULL, UNKNOWN_BIT), JET_errInvalidGrbit);
    tear_down();
}

/* Values of one row that give one key share its entry; only another row can collide with it. */
static void equal_values_of_a_row_share_their_entry(void **state)
{
    uint32_t count;
    (void)state;
    set_up();
    JET_COLUMNCREATE several[] = {column_of("values", JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnMultiValued)};
    JET_INDEXCREATE indexes[] = {index_of("each", "+values\0", 9, JET_bitIndexUnique)};
    JET_TABLEID table = make_table(&s, "Several", several, 1, indexes, 1);
    JET_COLUMNDEF definition;
    assert_good(JetGetTableColumnInfo(s.session, table, "values", &definition, sizeof definition, JET_ColInfo));
    for (int call = 1; call <= 2; call++) {
        int32_t value = 7;
        assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
        for (int i = 0; i < 3; i++)
            assert_good(set_value(&s, table, definition.columnid, &value, sizeof value, 0, 0, 0));
        JET_TABLEID sample = s.table;
        s.table = table;
        assert_err(update(call, NULL, 0, NULL), call == 1 ? JET_errSuccess : JET_errKeyDuplicate);
        s.table = sample;
    }
    assert_good(JetPrepareUpdate(s.session, table, JET_prepCancel));
    assert_good(JetSetCurrentIndex(s.session, table, "each"));
    assert_good(JetIndexRecordCount(s.session, table, &count, 0));
    assert_int_equal(count, 1);
    tear_down();
}

/* Values of many instances take more room in the old format. */
static void a_row_can_be_held_to_the_old_size(void **state)
{
    JET_ERR err = JET_errSuccess;
    uint8_t byte = 0;
    (void)state;
    set_up();
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 3);
    for (int i = 0; i < 1000 && err >= 0; i++, byte++)
        err = set_value(&s, s.table, s.wide, &byte, 1, 0, 0, 0);
    assert_good(err);
    assert_err(JetUpdate2(s.session, s.table, NULL, 0, NULL, JET_bitUpdateCheckESE97Compatibility), JET_errRecordTooBigForBackwardCompatibility);
    assert_good(JetUpdate2(s.session, s.table, NULL, 0, NULL, 0));
    assert_good(JetRollback(s.session, 0));
    tear_down();
}

/* --- resources --- */

static void allow_few_versions(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxVerPages, 2, NULL)); }

static JET_ERR insert_next(void)
{
    static int32_t id = 1000;
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, id++);
    return JetUpdate(s.session, s.table, NULL, 0, NULL);
}

static JET_ERR delete_next(void)
{
    assert_good(JetMove(s.session, s.table, JET_MoveNext, 0));
    return JetDelete(s.session, s.table);
}

static JET_ERR set_again(void) { return set_value(&s, s.table, s.blob, large, LARGE, JET_bitSetSeparateLV, 0, 1); }

static JET_ERR prepare_the_first(void)
{
    assert_good(seek_id(&s, s.table, 1));
    return JetPrepareUpdate(s.session, s.table, JET_prepReplace);
}

/* In a transaction that stays open on success; again when the versions of those before are still in the way. */
static void begin_with(JET_ERR (*change)(void))
{
    JET_ERR err;
    for (;;) {
        assert_good(JetBeginTransaction(s.session));
        err = change();
        if (err != JET_errVersionStoreOutOfMemory)
            break;
        assert_good(JetRollback(s.session, 0));
        sched_yield();
    }
    assert_good(err);
}

/* In one transaction, until the versions take all the memory they may have. */
static void exhaust_versions(JET_ERR (*change)(void))
{
    JET_ERR err = JET_errSuccess;
    for (int i = 0; i < ROWS_MANY && err >= 0; i++)
        err = change();
    assert_err(err, JET_errVersionStoreOutOfMemory);
    assert_good(JetRollback(s.session, 0));
}

static void a_transaction_too_large_for_the_versions_is_refused(void **state)
{
    (void)state;
    live_configure = allow_few_versions;
    set_up();
    live_configure = NULL;
    for (int i = 0; i < ROWS_MANY; i++) {
        begin_with(insert_next);
        assert_good(JetCommitTransaction(s.session, JET_bitCommitLazyFlush));
    }
    assert_good(JetBeginTransaction(s.session));
    exhaust_versions(insert_next);
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetMove(s.session, s.table, JET_MoveFirst, 0));
    exhaust_versions(delete_next);
    begin_with(prepare_the_first);
    exhaust_versions(set_again);
    tear_down();
}

/* The database file may not grow any more. */
static void a_full_disk_is_told_and_what_was_written_can_be_taken_back(void **state)
{
    struct rlimit before, limit;
    struct stat file;
    JET_ERR err = JET_errSuccess;
    (void)state;
    set_up();
    assert_int_equal(stat(text_of("%s/sample.edb", s.live.folder), &file), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)file.st_size;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_good(JetBeginTransaction(s.session));
    for (int call = 1; call <= 2; call++) {
        err = JET_errSuccess;
        for (int32_t i = 0; i < 5000 && err >= 0; i++) {
            assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
            set_number(&s, s.table, s.id, 1000 * call + i);
            for (uint32_t k = 1; k <= 14; k++)
                assert_good(set_value(&s, s.table, s.wide, large, 250, 0, 0, k));
            err = call == 1 ? JetUpdate(s.session, s.table, NULL, 0, NULL) : JetUpdate2(s.session, s.table, NULL, 0, NULL, 0);
        }
        assert_err(err, JET_errDiskFull);
        cancel();
    }
    assert_good(JetRollback(s.session, 0));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_string_equal(ids_by(&s, s.table, NULL), "1 2");
    tear_down();
}

/* --- reading columns --- */

/* By JetRetrieveColumn or JetRetrieveColumns: the answer of the column. */
static JET_ERR get(int call, JET_TABLEID table, JET_COLUMNID column, void *out, uint32_t room, JET_GRBIT grbit, uint32_t *sequence)
{
    uint32_t size;
    if (call == 1) {
        JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = *sequence};
        JET_ERR err = JetRetrieveColumn(s.session, table, column, out, room, &size, grbit, &info);
        *sequence = info.itagSequence;
        return err;
    }
    JET_RETRIEVECOLUMN one = {.columnid = column, .pvData = out, .cbData = room, .grbit = grbit, .itagSequence = *sequence};
    JET_ERR err = JetRetrieveColumns(s.session, table, &one, 1);
    assert_int_equal(err, one.err == JET_wrnColumnNull ? JET_errSuccess : one.err);
    *sequence = one.itagSequence;
    return one.err;
}

static JET_ERR get_first(int call, JET_COLUMNID column, void *out, uint32_t room, JET_GRBIT grbit)
{
    uint32_t sequence = 1;
    return get(call, s.table, column, out, room, grbit, &sequence);
}

static void what_cannot_be_read_is_refused(void **state)
{
    uint8_t out[300];
    (void)state;
    set_up();
    for (int call = 1; call <= 2; call++) {
        on_row(2);
        const struct refusal {
            JET_COLUMNID column;
            uint32_t room;
            JET_GRBIT grbit;
            JET_ERR answer;
        } refusals[] = {
            {BAD_COLUMN, 4, 0, JET_errBadColumnId},
            {NO_COLUMN, 4, 0, JET_errColumnNotFound},
            {s.text, 20, JET_bitRetrieveFromIndex, JET_errColumnNotFound}, /* not in the index */
            {s.sum, 3, 0, JET_errInvalidBufferSize},
            {s.id, 4, UNKNOWN_BIT, JET_errInvalidGrbit},
            {s.id, 4, JET_bitRetrieveFromIndex | JET_bitRetrieveFromPrimaryBookmark, JET_errInvalidGrbit},
            {s.id, 4, JET_bitRetrieveTuple, JET_errInvalidGrbit},
            {s.id, 3, 0, JET_wrnBufferTruncated},
            {s.text, 20, 0, JET_wrnColumnNull},
        };
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
            assert_err(get_first(call, refusals[i].column, out, refusals[i].room, refusals[i].grbit), refusals[i].answer);
        after_the_last();
        assert_err(get_first(call, s.id, out, 4, 0), JET_errNoCurrentRecord);
    }
    on_row(2);
    JET_RETINFO info = {.cbStruct = sizeof info - 1, .itagSequence = 1};
    assert_err(JetRetrieveColumn(s.session, s.table, s.id, out, 4, NULL, 0, &info), JET_errInvalidParameter);
    info = (JET_RETINFO){.cbStruct = sizeof info};
    assert_err(JetRetrieveColumn(s.session, s.table, s.tags, out, 4, NULL, 0, &info), JET_errBadItagSequence);
    assert_err(JetRetrieveColumns(s.session, s.table, NULL, 1), JET_errInvalidParameter);
    JET_RETRIEVECOLUMN count = {.columnid = s.tags};
    assert_good(JetRetrieveColumns(s.session, s.table, &count, 1)); /* asks how many there are */
    assert_int_equal(count.itagSequence, 2);
    tear_down();
}

static void options_say_where_a_value_is_read(void **state)
{
    uint8_t out[300];
    uint32_t sequence;
    (void)state;
    set_up();
    for (int call = 1; call <= 2; call++) {
        begin_replace(1);
        set_number(&s, s.table, s.number, 77);
        assert_good(get_first(call, s.number, out, 4, JET_bitRetrieveCopy));
        assert_int_equal(out[0], 77);
        assert_good(get_first(call, s.number, out, 4, 0));
        assert_int_equal(out[0], 10);
        cancel();
        assert_good(get_first(call, s.note, out, 4, 0));
        assert_err(get_first(call, s.note, out, 4, JET_bitRetrieveIgnoreDefault), JET_wrnColumnNull);
        assert_good(JetSetCurrentIndex(s.session, s.table, "by_number"));
        assert_good(get_first(call, s.number, out, 4, JET_bitRetrieveFromIndex));
        assert_int_equal(out[0], 10);
        assert_err(get_first(call, s.id, out, 4, JET_bitRetrieveFromIndex), JET_errColumnNotFound);
        assert_good(get_first(call, s.id, out, 4, JET_bitRetrieveFromPrimaryBookmark));
        assert_int_equal(out[0], 1);
        assert_err(get_first(call, s.number, out, 4, JET_bitRetrieveFromPrimaryBookmark), JET_errColumnNotFound);
        assert_good(JetSetCurrentIndex(s.session, s.table, "by_tags"));
        assert_good(JetMove(s.session, s.table, JET_MoveLast, 0)); /* the entry of the second tag */
        sequence = 1;
        assert_good(get(call, s.table, s.tags, out, 10, JET_bitRetrieveFromIndex | JET_bitRetrieveTag, &sequence));
        assert_int_equal(sequence, 2);
        assert_int_equal(out[0], 'y');
        /* The tagged values of the row, one after the other: a null that was set is one only on wish. */
        assert_good(JetBeginTransaction(s.session));
        begin_replace(1);
        assert_good(JetSetColumn(s.session, s.table, s.note, NULL, 0, 0, NULL));
        assert_good(JetUpdate(s.session, s.table, NULL, 0, NULL));
        sequence = 1;
        assert_err(get(call, s.table, 0, out, 10, 0, &sequence), JET_wrnColumnNull);
        JET_RETRIEVECOLUMN all = {.columnid = 0};
        assert_good(JetRetrieveColumns(s.session, s.table, &all, 1));
        assert_int_equal(all.itagSequence, 0);
        all = (JET_RETRIEVECOLUMN){.columnid = 0, .grbit = JET_bitRetrieveNull};
        assert_good(JetRetrieveColumns(s.session, s.table, &all, 1));
        assert_int_equal(all.itagSequence, 1);
        JET_RETINFO info = {.cbStruct = sizeof info, .itagSequence = 1};
        assert_err(JetRetrieveColumn(s.session, s.table, 0, out, 10, NULL, JET_bitRetrieveNull, &info), JET_wrnColumnNull);
        assert_int_equal(info.columnidNextTagged, s.note);
        assert_good(JetRollback(s.session, 0));
    }
    tear_down();
}

static void parts_of_text_are_read_from_their_index_on_wish_only(void **state)
{
    char out[40];
    uint32_t sequence = 1;
    (void)state;
    set_up();
    JET_COLUMNCREATE columns[] = {column_of("word", JET_coltypText, 40, 0)};
    JET_INDEXCREATE indexes[] = {index_of("parts", "+word\0", 7, JET_bitIndexTuples)};
    JET_TABLEID words = make_table(&s, "Words", columns, 1, indexes, 1);
    JET_COLUMNDEF definition;
    assert_good(JetGetTableColumnInfo(s.session, words, "word", &definition, sizeof definition, JET_ColInfo));
    assert_good(JetPrepareUpdate(s.session, words, JET_prepInsert));
    assert_good(JetSetColumn(s.session, words, definition.columnid, "wonderful", 9, 0, NULL));
    assert_good(JetUpdate(s.session, words, NULL, 0, NULL));
    assert_good(JetSetCurrentIndex(s.session, words, "parts"));
    assert_good(JetMove(s.session, words, JET_MoveFirst, 0));
    for (int call = 1; call <= 2; call++) {
        assert_err(get(call, words, definition.columnid, out, sizeof out, JET_bitRetrieveFromIndex, &sequence), JET_errIndexTuplesCannotRetrieveFromIndex);
        assert_good(get(call, words, definition.columnid, out, sizeof out, JET_bitRetrieveFromIndex | JET_bitRetrieveTuple, &sequence));
        assert_memory_equal(out, "wonderful", 9); /* the part of a text has no case any more: the whole is read */
    }
    tear_down();
}

/* --- enumerating --- */

static void *give_memory(void *context, void *memory, uint32_t size)
{
    (void)context;
    if (size > 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

static JET_ENUMCOLUMN *columns;
static uint32_t column_count;

static void forget_columns(void)
{
    for (uint32_t i = 0; columns != NULL && i < column_count; i++) {
        if (columns[i].err == JET_wrnColumnSingleValue)
            free(columns[i].pvData);
        if (columns[i].err != JET_errSuccess)
            continue;
        for (uint32_t k = 0; k < columns[i].cEnumColumnValue; k++)
            free(columns[i].rgEnumColumnValue[k].pvData);
        free(columns[i].rgEnumColumnValue);
    }
    free(columns);
    columns = NULL;
}

static JET_ERR enumerate(JET_COLUMNID *wanted, JET_GRBIT grbit)
{
    JET_ENUMCOLUMNID wish = {.columnid = wanted != NULL ? *wanted : 0};
    forget_columns();
    return JetEnumerateColumns(s.session, s.table, wanted != NULL, wanted != NULL ? &wish : NULL, &column_count, &columns, give_memory, NULL, UINT32_MAX, grbit);
}

static const JET_ENUMCOLUMN *told(JET_COLUMNID column)
{
    for (uint32_t i = 0; i < column_count; i++)
        if (columns[i].columnid == column)
            return &columns[i];
    return NULL;
}

static void options_say_what_is_enumerated(void **state)
{
    (void)state;
    set_up();
    begin_replace(2);
    set_number(&s, s.table, s.number, 5);
    assert_good(enumerate(NULL, JET_bitEnumerateCopy));
    assert_int_equal(*(int32_t *)told(s.number)->rgEnumColumnValue[0].pvData, 5);
    cancel();
    assert_good(enumerate(NULL, 0));
    assert_true(told(s.number) == NULL || told(s.number)->err == JET_wrnColumnNull);
    assert_int_equal(told(s.tags)->cEnumColumnValue, 2);
    assert_non_null(told(s.note)); /* its default */
    assert_good(enumerate(NULL, JET_bitEnumerateIgnoreDefault));
    assert_null(told(s.note));
    assert_good(enumerate(NULL, JET_bitEnumerateIgnoreUserDefinedDefault));
    assert_non_null(told(s.note)); /* that is not computed by anybody */
    assert_good(enumerate(NULL, JET_bitEnumeratePresenceOnly));
    assert_int_equal(told(s.id)->err, JET_wrnColumnPresent);
    assert_good(enumerate(NULL, JET_bitEnumerateTaggedOnly));
    assert_null(told(s.id));
    assert_non_null(told(s.tags));
    assert_good(enumerate(NULL, JET_bitEnumerateCompressOutput));
    assert_int_equal(told(s.id)->err, JET_wrnColumnSingleValue);
    assert_int_equal(told(s.tags)->err, JET_errSuccess);
    assert_good(enumerate(NULL, JET_bitEnumerateInRecordOnly));
    assert_int_equal(told(s.blob)->rgEnumColumnValue[0].err, JET_wrnColumnNotInRecord);
    forget_columns();
    tear_down();
}

static void what_cannot_be_enumerated_is_refused(void **state)
{
    JET_COLUMNID bad = BAD_COLUMN, absent = NO_COLUMN;
    (void)state;
    set_up();
    on_row(2);
    assert_err(enumerate(&bad, 0), JET_errBadColumnId);
    assert_err(enumerate(&absent, 0), JET_errColumnNotFound);
    assert_err(enumerate(&s.id, JET_bitEnumerateTaggedOnly), JET_errInvalidGrbit);
    assert_err(enumerate(NULL, UNKNOWN_BIT), JET_errInvalidGrbit);
    assert_err(JetEnumerateColumns(s.session, s.table, 0, NULL, NULL, &columns, give_memory, NULL, 0, 0), JET_errInvalidParameter);
    assert_good(JetDelete(other.session, other.table));
    assert_err(enumerate(NULL, 0), JET_errRecordDeleted);
    after_the_last();
    assert_err(enumerate(NULL, 0), JET_errNoCurrentRecord);
    forget_columns();
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_refused_where_the_place_the_cursor_or_another_session_forbids_them),
        cmocka_unit_test(a_row_is_deleted_unless_a_callback_or_the_table_says_no),
        cmocka_unit_test(a_counter_is_changed_by_what_fits_it),
        cmocka_unit_test(sizes_are_of_the_row_its_copy_or_a_sum),
        cmocka_unit_test(a_row_is_prepared_once_and_cancelled_once),
        cmocka_unit_test(a_prepared_row_that_cannot_be_taken_back_is_given_up),
        cmocka_unit_test(what_a_column_cannot_take_is_refused),
        cmocka_unit_test(options_say_how_a_value_is_set_and_kept),
        cmocka_unit_test(a_row_that_breaks_a_rule_is_not_written_and_stays_prepared),
        cmocka_unit_test(equal_values_of_a_row_share_their_entry),
        cmocka_unit_test(a_row_can_be_held_to_the_old_size),
        cmocka_unit_test(a_transaction_too_large_for_the_versions_is_refused),
        cmocka_unit_test(a_full_disk_is_told_and_what_was_written_can_be_taken_back),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(options_say_where_a_value_is_read),
        cmocka_unit_test(parts_of_text_are_read_from_their_index_on_wish_only),
        cmocka_unit_test(options_say_what_is_enumerated),
        cmocka_unit_test(what_cannot_be_enumerated_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
