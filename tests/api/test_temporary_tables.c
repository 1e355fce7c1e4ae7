/* Temporary tables of clients: what each option brings, in which phase which call is refused, keys of every kind, limits, and tables larger than the cache.
 *
 * Pages: JetOpenTempTable, JetOpenTempTable2, JetOpenTempTable3, JetOpenTemporaryTable, JetOpenTemporaryTable2, JetIntersectIndexes
 */
#include "cmocka_all.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "plain_instance.h"

enum { COLUMNS = 2 };

struct world {
    JET_INSTANCE instance;
    JET_SESID session;
    JET_COLUMNID ids[64];
};

static void set_up(struct world *w)
{
    w->instance = plain_start("temporary");
    w->session = plain_session(w->instance);
}

static JET_COLUMNDEF column(uint32_t type, uint32_t size, JET_GRBIT grbit) { return (JET_COLUMNDEF){.cbStruct = sizeof(JET_COLUMNDEF), .coltyp = type, .cbMax = size, .grbit = grbit}; }

/* A key of a Long, and a Text. */
static JET_ERR open_plain(struct world *w, JET_GRBIT grbit, JET_TABLEID *table)
{
    JET_COLUMNDEF columns[COLUMNS] = {column(JET_coltypLong, 0, JET_bitColumnTTKey), column(JET_coltypText, 0, 0)};
    return JetOpenTempTable(w->session, columns, COLUMNS, grbit, table, w->ids);
}

static JET_ERR put(struct world *w, JET_TABLEID table, int32_t key, const char *text)
{
    JET_ERR err = JetPrepareUpdate(w->session, table, JET_prepInsert);
    if (err < 0)
        return err;
    assert_good(JetSetColumn(w->session, table, w->ids[0], &key, sizeof key, 0, NULL));
    assert_good(JetSetColumn(w->session, table, w->ids[1], text, (uint32_t)strlen(text), 0, NULL));
    err = JetUpdate(w->session, table, NULL, 0, NULL);
    if (err < 0)
        assert_good(JetPrepareUpdate(w->session, table, JET_prepCancel));
    return err;
}

static int32_t key_here(struct world *w, JET_TABLEID table)
{
    int32_t key = -1;
    assert_good(JetRetrieveColumn(w->session, table, w->ids[0], &key, sizeof key, NULL, 0, NULL));
    return key;
}

static JET_ERR seek(struct world *w, JET_TABLEID table, int32_t key, JET_GRBIT how)
{
    assert_good(JetMakeKey(w->session, table, &key, sizeof key, JET_bitNewKey));
    return JetSeek(w->session, table, how);
}

static void rows_come_in_order_and_equal_keys_once(void **state)
{
    static const JET_GRBIT all[] = {0, JET_bitTTUnique, JET_bitTTIndexed, JET_bitTTScrollable, JET_bitTTUpdatable, JET_bitTTForwardOnly | JET_bitTTUnique, JET_bitTTIntrinsicLVsOnly,
                                    JET_bitTTIndexed | JET_bitTTScrollable | JET_bitTTUpdatable | JET_bitTTUnique};
    struct world w;
    (void)state;
    set_up(&w);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        JET_TABLEID table;
        char text[10];
        assert_good(open_plain(&w, all[i], &table));
        for (int k = 0; k < 100; k++)
            assert_good(put(&w, table, 7 * k % 50, k < 50 ? "first" : "later"));
        for (int k = 0; k < 50; k++) {
            assert_good(JetMove(w.session, table, JET_MoveNext, 0)); /* the first of these goes to the first row */
            assert_int_equal(key_here(&w, table), k);
            assert_good(JetRetrieveColumn(w.session, table, w.ids[1], text, sizeof text, NULL, 0, NULL));
            assert_memory_equal(text, "first", 5);
        }
        assert_err(JetMove(w.session, table, JET_MoveNext, 0), JET_errNoCurrentRecord);
        assert_good(JetMove(w.session, table, JET_MoveFirst, 0)); /* once more */
        assert_int_equal(key_here(&w, table), 0);
        assert_good(JetCloseTable(w.session, table));
    }
    plain_stop(w.instance);
}

static void forward_only_keeps_equal_keys_and_refuses_what_it_cannot_do(void **state)
{
    static const JET_GRBIT against[] = {JET_bitTTIndexed, JET_bitTTUpdatable, JET_bitTTScrollable, JET_bitTTForceMaterialization, JET_bitTTErrorOnDuplicateInsertion};
    struct world w;
    JET_TABLEID table;
    (void)state;
    set_up(&w);
    assert_good(open_plain(&w, JET_bitTTForwardOnly, &table));
    for (int i = 0; i < 10; i++)
        assert_good(put(&w, table, i % 2, "x"));
    for (int i = 0; i < 10; i++) {
        assert_good(JetMove(w.session, table, JET_MoveNext, 0));
        assert_int_equal(key_here(&w, table), i / 5);
    }
    assert_err(JetMove(w.session, table, JET_MovePrevious, 0), JET_errIllegalOperation);
    assert_err(seek(&w, table, 1, JET_bitSeekEQ), JET_errIllegalOperation);
    assert_good(JetCloseTable(w.session, table));
    for (size_t i = 0; i < sizeof against / sizeof *against; i++)
        assert_err(open_plain(&w, JET_bitTTForwardOnly | against[i], &table), JET_errCannotMaterializeForwardOnlySort);
    JET_COLUMNDEF columns[2] = {column(JET_coltypLong, 0, 0), column(JET_coltypLongBinary, 0, 0)};
    assert_err(JetOpenTempTable(w.session, columns, 1, JET_bitTTForwardOnly, &table, w.ids), JET_errCannotMaterializeForwardOnlySort); /* no key */
    columns[0].grbit = JET_bitColumnTTKey;
    assert_err(JetOpenTempTable(w.session, columns, 2, JET_bitTTForwardOnly, &table, w.ids), JET_errCannotMaterializeForwardOnlySort);
    assert_good(JetOpenTempTable(w.session, columns, 2, JET_bitTTForwardOnly | JET_bitTTIntrinsicLVsOnly, &table, w.ids));
    plain_stop(w.instance);
}

/* Which calls a temporary table refuses, in each phase. */
static void check_refusals(struct world *w, JET_TABLEID table, bool is_inserting, bool is_materialized)
{
    JET_ERR read = is_inserting ? JET_errIllegalOperation : JET_errSuccess;
    JET_TABLEID copy;
    JET_RECPOS position = {.cbStruct = sizeof position};
    JET_RECSIZE size = {0};
    JET_OBJECTINFO info;
    JET_HANDLE handle;
    uint8_t bytes[300];
    uint32_t count, got;
    char name[65];
    const void *keys[1] = {"k"};
    const uint32_t sizes[1] = {1};
    assert_err(JetRetrieveColumn(w->session, table, w->ids[0], bytes, 4, &got, 0, NULL), read);
    assert_err(JetGetBookmark(w->session, table, bytes, sizeof bytes, &got), read);
    if (!is_inserting)
        assert_good(JetGotoBookmark(w->session, table, bytes, got));
    assert_err(JetGetRecordSize(w->session, table, &size, 0), read);
    assert_err(JetGetTableInfo(w->session, table, &info, sizeof info, JET_TblInfo), read);
    assert_err(JetGetCursorInfo(w->session, table, NULL, 0, 0), is_materialized ? JET_errSuccess : JET_errIllegalOperation);
    assert_err(JetDupCursor(w->session, table, &copy, 0), read);
    if (!is_inserting) {
        assert_int_equal(info.cRecord, 3);
        assert_good(JetMove(w->session, copy, JET_MoveFirst, 0));
        assert_int_equal(key_here(w, copy), 1);
        assert_good(JetCloseTable(w->session, copy));
    }
    if (!is_inserting && !is_materialized) {
        assert_err(JetPrepareUpdate(w->session, table, JET_prepInsert), JET_errIllegalOperation);
        assert_err(JetSetColumn(w->session, table, w->ids[0], bytes, 4, 0, NULL), JET_errIllegalOperation);
    }
    if (!is_materialized)
        assert_err(JetDelete(w->session, table), JET_errIllegalOperation);
    assert_err(JetGetRecordPosition(w->session, table, &position, sizeof position), JET_errIllegalOperation);
    assert_err(JetGotoPosition(w->session, table, &position), JET_errIllegalOperation);
    assert_err(JetIndexRecordCount(w->session, table, &count, 0), JET_errIllegalOperation);
    assert_err(JetSetCurrentIndex(w->session, table, NULL), JET_errIllegalOperation);
    assert_err(JetGetCurrentIndex(w->session, table, name, sizeof name), JET_errIllegalOperation);
    assert_err(JetGetSecondaryIndexBookmark(w->session, table, bytes, sizeof bytes, &got, bytes, sizeof bytes, &count, 0), JET_errIllegalOperation);
    assert_err(JetPrereadKeys(w->session, table, keys, sizes, 1, NULL, JET_bitPrereadForward), JET_errIllegalOperation);
    assert_err(JetSetTableSequential(w->session, table, 0), JET_errIllegalOperation);
    assert_err(JetGetLock(w->session, table, JET_bitReadLock), JET_errIllegalOperation);
    assert_err(JetRegisterCallback(w->session, table, JET_cbtypBeforeInsert, NULL, NULL, &handle), JET_errIllegalOperation);
    assert_err(JetSetCursorFilter(w->session, table, NULL, 0, 0), JET_errIllegalOperation);
    assert_err(JetDeleteIndex(w->session, table, "x"), JET_errIllegalOperation);
}

static void each_phase_refuses_what_it_must(void **state)
{
    static const JET_GRBIT all[] = {JET_bitTTScrollable, JET_bitTTUpdatable | JET_bitTTIndexed, JET_bitTTForceMaterialization};
    struct world w;
    (void)state;
    set_up(&w);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        JET_TABLEID table;
        assert_good(open_plain(&w, all[i], &table));
        for (int k = 3; k > 0; k--)
            assert_good(put(&w, table, k, "row"));
        if (i < 2) {
            check_refusals(&w, table, true, false);
            assert_good(JetMove(w.session, table, i == 0 ? 0 : JET_MoveLast, 0)); /* no number of rows: the first */
            assert_int_equal(key_here(&w, table), i == 0 ? 1 : 3);
        } else {
            assert_err(JetMove(w.session, table, 0, 0), JET_errNoCurrentRecord); /* a real table: before its first row */
            assert_good(seek(&w, table, 2, JET_bitSeekEQ));
        }
        check_refusals(&w, table, false, i > 0);
        assert_good(JetCloseTable(w.session, table));
    }
    plain_stop(w.instance);
}

static void an_updatable_table_can_be_changed_while_it_is_read(void **state)
{
    struct world w;
    JET_TABLEID table;
    (void)state;
    set_up(&w);
    assert_good(open_plain(&w, JET_bitTTUpdatable | JET_bitTTIndexed | JET_bitTTScrollable, &table));
    for (int k = 0; k < 10; k++)
        assert_good(put(&w, table, 10 * k, "row"));
    assert_good(seek(&w, table, 45, JET_bitSeekGE) == JET_wrnSeekNotEqual ? JET_errSuccess : JET_errInternalError);
    assert_int_equal(key_here(&w, table), 50);
    assert_good(JetPrepareUpdate(w.session, table, JET_prepReplace));
    assert_good(JetSetColumn(w.session, table, w.ids[1], "new", 3, 0, NULL));
    assert_good(JetUpdate(w.session, table, NULL, 0, NULL));
    assert_good(put(&w, table, 45, "between"));
    assert_err(put(&w, table, 45, "again"), JET_errKeyDuplicate);
    assert_int_equal(key_here(&w, table), 50);
    assert_good(JetMove(w.session, table, JET_MovePrevious, 0));
    assert_int_equal(key_here(&w, table), 45);
    assert_good(JetDelete(w.session, table));
    assert_good(JetMove(w.session, table, JET_MoveNext, 0));
    assert_int_equal(key_here(&w, table), 50);
    int32_t limit = 70;
    assert_good(JetMakeKey(w.session, table, &limit, sizeof limit, JET_bitNewKey));
    assert_good(JetSetIndexRange(w.session, table, JET_bitRangeUpperLimit));
    assert_good(JetMove(w.session, table, JET_MoveNext, 0));
    assert_int_equal(key_here(&w, table), 60);
    assert_err(JetMove(w.session, table, JET_MoveNext, 0), JET_errNoCurrentRecord);
    plain_stop(w.instance);
}

static void a_duplicate_is_told_at_once_where_that_is_asked_for_or_the_table_is_a_real_one(void **state)
{
    struct world w;
    JET_TABLEID table;
    (void)state;
    set_up(&w);
    assert_good(open_plain(&w, JET_bitTTErrorOnDuplicateInsertion, &table));
    assert_good(put(&w, table, 1, "a"));
    assert_err(put(&w, table, 1, "b"), JET_errKeyDuplicate);
    /* Long values that may stand outside their rows need a real table. */
    JET_COLUMNDEF columns[2] = {column(JET_coltypLong, 0, JET_bitColumnTTKey), column(JET_coltypLongText, 0, 0)};
    assert_good(JetOpenTempTable(w.session, columns, 2, 0, &table, w.ids));
    assert_good(put(&w, table, 1, "a"));
    assert_err(put(&w, table, 1, "b"), JET_errKeyDuplicate);
    assert_good(JetOpenTempTable(w.session, columns, 2, JET_bitTTIntrinsicLVsOnly, &table, w.ids));
    assert_good(put(&w, table, 1, "a"));
    assert_good(put(&w, table, 1, "b"));
    plain_stop(w.instance);
}

static void keys_may_descend_and_have_nulls_at_either_end(void **state)
{
    struct world w;
    (void)state;
    set_up(&w);
    for (int high = 0; high < 2; high++) {
        JET_TABLEID table;
        JET_COLUMNDEF columns[2] = {column(JET_coltypShort, 0, JET_bitColumnTTKey), column(JET_coltypLong, 0, JET_bitColumnTTKey | JET_bitColumnTTDescending)};
        assert_good(JetOpenTempTable(w.session, columns, 2, high ? JET_bitTTSortNullsHigh : 0, &table, w.ids));
        for (int i = 0; i < 4; i++) {
            int16_t first = (int16_t)(i / 2);
            int32_t second = i;
            assert_good(JetPrepareUpdate(w.session, table, JET_prepInsert));
            if (first > 0)
                assert_good(JetSetColumn(w.session, table, w.ids[0], &first, sizeof first, 0, NULL));
            assert_good(JetSetColumn(w.session, table, w.ids[1], &second, sizeof second, 0, NULL));
            assert_good(JetUpdate(w.session, table, NULL, 0, NULL));
        }
        static const int32_t wanted[2][4] = {{1, 0, 3, 2}, {3, 2, 1, 0}};
        for (int i = 0; i < 4; i++) {
            int32_t second;
            assert_good(JetMove(w.session, table, JET_MoveNext, 0));
            assert_good(JetRetrieveColumn(w.session, table, w.ids[1], &second, sizeof second, NULL, 0, NULL));
            assert_int_equal(second, wanted[high][i]);
        }
        assert_good(JetCloseTable(w.session, table));
    }
    plain_stop(w.instance);
}

static void guids_sort_in_either_order(void **state)
{
    static const uint8_t a[16] = {1, 0, 0, 0, [15] = 2}, b[16] = {2, 0, 0, 0, [15] = 1};
    struct world w;
    (void)state;
    set_up(&w);
    for (int dotnet = 0; dotnet < 2; dotnet++) {
        JET_TABLEID table;
        uint8_t got[16];
        JET_COLUMNDEF guid = column(JET_coltypGUID, 0, JET_bitColumnTTKey);
        assert_good(JetOpenTempTable(w.session, &guid, 1, dotnet ? JET_bitTTDotNetGuid : 0, &table, w.ids));
        for (int i = 0; i < 2; i++) {
            assert_good(JetPrepareUpdate(w.session, table, JET_prepInsert));
            assert_good(JetSetColumn(w.session, table, w.ids[0], i == 0 ? a : b, 16, 0, NULL));
            assert_good(JetUpdate(w.session, table, NULL, 0, NULL));
        }
        assert_good(JetMove(w.session, table, JET_MoveFirst, 0));
        assert_good(JetRetrieveColumn(w.session, table, w.ids[0], got, sizeof got, NULL, 0, NULL));
        assert_memory_equal(got, dotnet ? a : b, 16); /* the last bytes decide, or the first */
        assert_good(JetCloseTable(w.session, table));
    }
    plain_stop(w.instance);
}

static void columns_of_every_type_keep_their_values(void **state)
{
    static const uint32_t types[] = {JET_coltypBit, JET_coltypUnsignedByte, JET_coltypShort, JET_coltypLong, JET_coltypCurrency, JET_coltypIEEESingle, JET_coltypIEEEDouble, JET_coltypDateTime,
                                     JET_coltypBinary, JET_coltypText, JET_coltypLongBinary, JET_coltypLongText, JET_coltypUnsignedLong, JET_coltypLongLong, JET_coltypGUID, JET_coltypUnsignedShort};
    static const uint32_t sizes[] = {1, 1, 2, 4, 8, 4, 8, 8, 20, 20, 9000, 9000, 4, 8, 16, 2};
    enum { TYPES = sizeof types / sizeof *types };
    /* All but fixed and tagged means nothing here. */
    const JET_GRBIT ignored = JET_bitColumnNotNULL | JET_bitColumnVersion | JET_bitColumnAutoincrement | JET_bitColumnUpdatable | JET_bitColumnMultiValued | JET_bitColumnEscrowUpdate
                            | JET_bitColumnUnversioned | JET_bitColumnMaybeNull | JET_bitColumnFinalize | JET_bitColumnUserDefinedDefault | JET_bitColumnDeleteOnZero | JET_bitColumnCompressed;
    struct world w;
    JET_TABLEID table;
    static uint8_t data[9000 + TYPES], got[9000];
    JET_COLUMNDEF columns[TYPES];
    uint32_t size;
    (void)state;
    set_up(&w);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i % 13 == 0 ? 1 : i);
    for (int variant = 0; variant < 3; variant++) {
        for (int i = 0; i < TYPES; i++)
            columns[i] = column(types[i], 0, variant == 0 ? ignored : variant == 1 ? JET_bitColumnTagged : 0);
        if (variant == 2)
            columns[9] = column(JET_coltypText, 20, JET_bitColumnFixed);
        assert_good(JetOpenTempTable(w.session, columns, TYPES, 0, &table, w.ids));
        assert_good(JetPrepareUpdate(w.session, table, JET_prepInsert));
        for (int i = 1; i < TYPES; i++)
            assert_good(JetSetColumn(w.session, table, w.ids[i], data + i, sizes[i], 0, NULL));
        assert_good(JetUpdate(w.session, table, NULL, 0, NULL));
        assert_good(JetMove(w.session, table, JET_MoveFirst, 0));
        assert_err(JetRetrieveColumn(w.session, table, w.ids[0], got, sizeof got, &size, 0, NULL), JET_wrnColumnNull);
        for (int i = 1; i < TYPES; i++) {
            assert_good(JetRetrieveColumn(w.session, table, w.ids[i], got, sizeof got, &size, 0, NULL));
            assert_int_equal(size, sizes[i]);
            assert_memory_equal(got, data + i, size);
        }
        assert_good(JetCloseTable(w.session, table));
    }
    plain_stop(w.instance);
}

static void bad_definitions_are_refused(void **state)
{
    struct world w;
    JET_TABLEID table;
    JET_COLUMNID many[300];
    (void)state;
    set_up(&w);
    JET_COLUMNDEF one = column(JET_coltypText, 0, JET_bitColumnTTKey), all[300];
    assert_err(JetOpenTempTable(w.session, &one, 1, 0, NULL, w.ids), JET_errInvalidParameter);
    assert_err(JetOpenTempTable(0, &one, 1, 0, &table, w.ids), JET_errInvalidSesid);
    one.cp = 437;
    assert_err(JetOpenTempTable(w.session, &one, 1, 0, &table, w.ids), JET_errInvalidCodePage);
    one.cp = 1200;
    assert_err(JetOpenTempTable2(w.session, &one, 1, 0x3FFFF, 0, &table, w.ids), JET_errInvalidLanguageId);
    JET_UNICODEINDEX unicode = {.lcid = 0x3FFFF};
    assert_err(JetOpenTempTable3(w.session, &one, 1, &unicode, 0, &table, w.ids), JET_errInvalidLanguageId);
    unicode = (JET_UNICODEINDEX){.lcid = 1033, .dwMapFlags = 0x40000000};
    assert_err(JetOpenTempTable3(w.session, &one, 1, &unicode, 0, &table, w.ids), JET_errInvalidLCMapStringFlags);
    one.coltyp = 77;
    assert_err(JetOpenTempTable(w.session, &one, 1, 0, &table, w.ids), JET_errInvalidColumnType);
    for (int i = 0; i < 300; i++)
        all[i] = column(JET_coltypLong, 0, 0);
    assert_err(JetOpenTempTable(w.session, all, 300, 0, &table, many), JET_errTooManyColumns);
    plain_stop(w.instance);
}

static void structures_carry_key_sizes_and_locales(void **state)
{
    struct world w;
    JET_COLUMNID id;
    (void)state;
    set_up(&w);
    JET_COLUMNDEF text = column(JET_coltypText, 255, JET_bitColumnTTKey);
    JET_OPENTEMPORARYTABLE open = {.cbStruct = sizeof open, .prgcolumndef = &text, .ccolumn = 1, .prgcolumnid = &id, .grbit = JET_bitTTIndexed};
    assert_good(JetOpenTemporaryTable(w.session, &open));
    assert_good(JetCloseTable(w.session, open.tableid));
    open.cbStruct--;
    assert_err(JetOpenTemporaryTable(w.session, &open), JET_errInvalidParameter);
    open.cbStruct++;
    open.cbKeyMost = 254; /* less than there always is */
    assert_err(JetOpenTemporaryTable(w.session, &open), JET_errInvalidParameter);
    open.cbKeyMost = 100000;
    assert_err(JetOpenTemporaryTable(w.session, &open), JET_errInvalidParameter);
    open.cbKeyMost = 0;
    open.cbVarSegMac = 256;
    assert_err(JetOpenTemporaryTable(w.session, &open), JET_errInvalidParameter);
    open.cbKeyMost = 400;
    assert_good(JetOpenTemporaryTable(w.session, &open));
    assert_good(JetCloseTable(w.session, open.tableid));
    /* A segment of 10 bytes: texts that differ behind it are equal. */
    open.cbVarSegMac = 10;
    open.grbit = JET_bitTTErrorOnDuplicateInsertion;
    assert_good(JetOpenTemporaryTable(w.session, &open));
    for (int i = 0; i < 2; i++) {
        assert_good(JetPrepareUpdate(w.session, open.tableid, JET_prepInsert));
        assert_good(JetSetColumn(w.session, open.tableid, id, i == 0 ? "0123456789abc" : "0123456789xyz", 13, 0, NULL));
        assert_err(JetUpdate(w.session, open.tableid, NULL, 0, NULL), i == 0 ? JET_errSuccess : JET_errKeyDuplicate);
    }
    text.cp = 1200;
    JET_UNICODEINDEX2 unicode = {.szLocaleName = (char16_t *)u"xx-nowhere"};
    JET_OPENTEMPORARYTABLE2 open2 = {.cbStruct = sizeof open2, .prgcolumndef = &text, .ccolumn = 1, .prgcolumnid = &id, .pidxunicode = &unicode};
    assert_err(JetOpenTemporaryTable2(w.session, &open2), JET_errInvalidLanguageId);
    unicode = (JET_UNICODEINDEX2){.szLocaleName = (char16_t *)u"de-DE", .dwMapFlags = 0x40000000};
    assert_err(JetOpenTemporaryTable2(w.session, &open2), JET_errInvalidLCMapStringFlags);
    unicode.dwMapFlags = 0;
    assert_good(JetOpenTemporaryTable2(w.session, &open2));
    plain_stop(w.instance);
}

static void the_number_of_tables_is_limited(void **state)
{
    struct world w;
    JET_TABLEID tables[21], copy;
    (void)state;
    set_up(&w);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 20; i++) /* the default of JET_paramMaxTemporaryTables */
            assert_good(open_plain(&w, JET_bitTTForceMaterialization, &tables[i]));
        assert_err(open_plain(&w, 0, &tables[20]), JET_errTooManySorts);
        assert_good(JetDupCursor(w.session, tables[0], &copy, 0)); /* no table more */
        assert_good(JetCloseTable(w.session, tables[0]));
        assert_err(open_plain(&w, 0, &tables[20]), JET_errTooManySorts);
        assert_good(JetCloseTable(w.session, copy));
        assert_good(open_plain(&w, 0, &tables[0]));
        for (int i = 0; i < 20; i++)
            assert_good(JetCloseTable(w.session, tables[i]));
    }
    plain_stop(w.instance);
}

/* --- every form --- */

static JET_COLUMNDEF form_columns[COLUMNS];
static JET_COLUMNID form_ids[COLUMNS];

static JET_ERR form_1(JET_SESID session, JET_TABLEID *table) { return JetOpenTempTable(session, form_columns, COLUMNS, 0, table, form_ids); }
static JET_ERR form_2(JET_SESID session, JET_TABLEID *table) { return JetOpenTempTable2(session, form_columns, COLUMNS, 0, 0, table, form_ids); }
static JET_ERR form_3(JET_SESID session, JET_TABLEID *table) { return JetOpenTempTable3(session, form_columns, COLUMNS, NULL, 0, table, form_ids); }

static JET_ERR form_structure(JET_SESID session, JET_TABLEID *table)
{
    JET_OPENTEMPORARYTABLE open = {.cbStruct = sizeof open, .prgcolumndef = form_columns, .ccolumn = COLUMNS, .prgcolumnid = form_ids};
    JET_ERR err = JetOpenTemporaryTable(session, &open);
    *table = open.tableid;
    return err;
}

static JET_ERR form_structure_2(JET_SESID session, JET_TABLEID *table)
{
    JET_OPENTEMPORARYTABLE2 open = {.cbStruct = sizeof open, .prgcolumndef = form_columns, .ccolumn = COLUMNS, .prgcolumnid = form_ids};
    JET_ERR err = JetOpenTemporaryTable2(session, &open);
    *table = open.tableid;
    return err;
}

static JET_ERR (*const forms[])(JET_SESID session, JET_TABLEID *table) = {form_1, form_2, form_3, form_structure, form_structure_2};

static void each_form_tells_a_shortage_of_cursors_or_memory(void **state)
{
    struct world w = {0};
    enum { CURSORS = 16 };
    JET_TABLEID tables[CURSORS + 1];
    (void)state;
    form_columns[0] = column(JET_coltypLong, 0, JET_bitColumnTTKey);
    form_columns[1] = column(JET_coltypText, 0, 0);
    w.instance = plain_create("short");
    assert_good(JetSetSystemParameter(&w.instance, 0, JET_paramMaxCursors, CURSORS, NULL));
    assert_good(JetSetSystemParameter(&w.instance, 0, JET_paramMaxTemporaryTables, 2 * CURSORS, NULL));
    assert_good(JetInit(&w.instance));
    w.session = plain_session(w.instance);
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
        int opened = 0, starved = 0;
        JET_ERR err;
        while ((err = forms[f](w.session, &tables[opened])) == JET_errSuccess && opened < CURSORS)
            opened++;
        assert_err(err, JET_errOutOfCursors);
        while (opened > 0)
            assert_good(JetCloseTable(w.session, tables[--opened]));
        for (uint64_t n = 1; n < 100 && opened == 0; n++) {
            memory_fail_at(n, 0);
            err = forms[f](w.session, &tables[0]);
            memory_fail_at(0, 0);
            assert_true(err == JET_errSuccess || err == JET_errOutOfMemory);
            starved += err == JET_errOutOfMemory;
            opened = err == JET_errSuccess;
        }
        assert_true(opened == 1 && starved > 0);
        assert_good(JetCloseTable(w.session, tables[0]));
    }
    plain_stop(w.instance);
}

static void rolling_back_closes_tables_opened_inside(void **state)
{
    struct world w;
    JET_TABLEID outside, inside;
    (void)state;
    set_up(&w);
    assert_good(open_plain(&w, JET_bitTTIndexed, &outside));
    assert_good(JetBeginTransaction(w.session));
    assert_good(open_plain(&w, JET_bitTTIndexed, &inside));
    assert_good(put(&w, outside, 1, "stays")); /* temporary tables have no versions */
    assert_good(JetRollback(w.session, 0));
    assert_err(JetMove(w.session, inside, JET_MoveFirst, 0), JET_errInvalidTableId);
    assert_good(JetMove(w.session, outside, JET_MoveFirst, 0));
    plain_stop(w.instance);
}

/* More than the memory that a cache of 1 MiB leaves; OPENESE_SORT_ROWS makes it more. */
static void a_table_larger_than_the_cache_is_sorted_and_sought_in(void **state)
{
    static const JET_GRBIT all[] = {JET_bitTTUnique, JET_bitTTScrollable | JET_bitTTIndexed, JET_bitTTErrorOnDuplicateInsertion};
    struct world w;
    const char *text = getenv("OPENESE_SORT_ROWS");
    int32_t rows = text != NULL ? atoi(text) : 20000;
    char filler[101];
    (void)state;
    memset(filler, 'x', 100);
    filler[100] = 0;
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramCacheSizeMax, 256, NULL));
    set_up(&w);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        JET_TABLEID table;
        assert_good(open_plain(&w, all[i], &table));
        for (int32_t k = 0; k < rows; k++)
            assert_good(put(&w, table, (int32_t)((int64_t)k * 7919 % rows), filler)); /* rows is no multiple of that prime */
        assert_good(JetMove(w.session, table, JET_MoveFirst, 0));
        for (int32_t k = 0; k < rows; k++) {
            assert_int_equal(key_here(&w, table), k);
            assert_err(JetMove(w.session, table, JET_MoveNext, 0), k + 1 < rows ? JET_errSuccess : JET_errNoCurrentRecord);
        }
        for (int32_t k = 0; i > 0 && k < 500; k++) {
            int32_t key = (int32_t)((int64_t)k * 104729 % rows);
            assert_good(seek(&w, table, key, JET_bitSeekEQ));
            assert_int_equal(key_here(&w, table), key);
            assert_err(JetMove(w.session, table, JET_MovePrevious, 0), key > 0 ? JET_errSuccess : JET_errNoCurrentRecord);
        }
        assert_good(JetCloseTable(w.session, table));
    }
    plain_stop(w.instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_order_and_equal_keys_once),
        cmocka_unit_test(forward_only_keeps_equal_keys_and_refuses_what_it_cannot_do),
        cmocka_unit_test(each_phase_refuses_what_it_must),
        cmocka_unit_test(an_updatable_table_can_be_changed_while_it_is_read),
        cmocka_unit_test(a_duplicate_is_told_at_once_where_that_is_asked_for_or_the_table_is_a_real_one),
        cmocka_unit_test(keys_may_descend_and_have_nulls_at_either_end),
        cmocka_unit_test(guids_sort_in_either_order),
        cmocka_unit_test(columns_of_every_type_keep_their_values),
        cmocka_unit_test(bad_definitions_are_refused),
        cmocka_unit_test(structures_carry_key_sizes_and_locales),
        cmocka_unit_test(the_number_of_tables_is_limited),
        cmocka_unit_test(each_form_tells_a_shortage_of_cursors_or_memory),
        cmocka_unit_test(rolling_back_closes_tables_opened_inside),
        cmocka_unit_test(a_table_larger_than_the_cache_is_sorted_and_sought_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
