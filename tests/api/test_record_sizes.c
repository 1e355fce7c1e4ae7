/* What records take, part by part (JetGetRecordSize3), and which tagged columns they have (JetRetrieveTaggedColumnList). */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdbool.h>
#include <string.h>

#include "sample_table.h"
#include "shared_data.h"

enum { BLOB_SIZE = 5000, NOTE_SIZE = 60, KEY_SIZE = 5 };

static uint8_t blob[BLOB_SIZE];

/* Row 1: a blob outside the record, a compressed note, three tags, a word. Row 2: nothing of these, and null instead of the default note. */
static void start(struct sample *s)
{
    static char note[NOTE_SIZE];
    sample_start(s, 4096);
    memset(note, 'n', sizeof note);
    for (uint32_t i = 0; i < BLOB_SIZE; i++)
        blob[i] = (uint8_t)(i * i >> 4);
    assert_good(JetBeginTransaction(s->session));
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
    set_number(s, s->table, s->id, 1);
    assert_good(JetSetColumn(s->session, s->table, s->blob, blob, BLOB_SIZE, JET_bitSetUncompressed, NULL));
    assert_good(JetSetColumn(s->session, s->table, s->note, note, NOTE_SIZE, JET_bitSetCompressed, NULL));
    for (int i = 0; i < 3; i++)
        assert_good(set_value(s, s->table, s->tags, "tag", 3, 0, 0, 0));
    set_number(s, s->table, s->word, 7);
    assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL));
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
    set_number(s, s->table, s->id, 2);
    assert_good(JetSetColumn(s->session, s->table, s->note, NULL, 0, 0, NULL));
    assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s->session, 0));
    assert_good(seek_id(s, s->table, 1));
}

static JET_RECSIZE3 measure(struct sample *s, JET_GRBIT grbit)
{
    JET_RECSIZE3 size;
    memset(&size, 0xEE, sizeof size);
    assert_good(JetGetRecordSize3(s->session, s->table, &size, grbit));
    return size;
}

static void sizes_tell_values_inside_the_record_from_those_outside(void **state)
{
    struct sample s;
    (void)state;
    start(&s);
    JET_RECSIZE3 size = measure(&s, 0);
    assert_int_equal(size.cbKey, KEY_SIZE);
    assert_int_equal(size.cLongValues, 1);
    assert_int_equal(size.cbLongValueData, BLOB_SIZE);
    assert_int_equal(size.cIntrinsicLongValues, 1);
    assert_int_equal(size.cbIntrinsicLongValueData, NOTE_SIZE);
    assert_true(size.cbIntrinsicLongValueDataCompressed < NOTE_SIZE);
    assert_int_equal(size.cbData - size.cbDataCompressed, NOTE_SIZE - size.cbIntrinsicLongValueDataCompressed);
    assert_int_equal(size.cTaggedColumns, 4);
    assert_int_equal(size.cMultiValues, 2);
    /* The older structures are its beginning. */
    JET_RECSIZE2 older;
    assert_good(JetGetRecordSize2(s.session, s.table, &older, 0));
    assert_memory_equal(&older, &size, sizeof older);
    /* As stored; by their plain size; not at all. */
    JET_RECSIZE3 stored = measure(&s, JET_bitRecordSizeIntrinsicPhysicalOnly), logical = measure(&s, JET_bitRecordSizeExtrinsicLogicalOnly), local = measure(&s, JET_bitRecordSizeLocal);
    assert_int_equal(stored.cbIntrinsicLongValueData, size.cbIntrinsicLongValueDataCompressed);
    assert_int_equal(stored.cbData, size.cbDataCompressed);
    assert_int_equal(logical.cbLongValueData, BLOB_SIZE);
    assert_int_equal(logical.cbLongValueDataCompressed, BLOB_SIZE);
    /* Two chunks, each with its tag, the size of its key and a key. */
    assert_int_equal(size.cbLongValueOverhead - logical.cbLongValueOverhead, 2 * (4 + 2 + KEY_SIZE));
    assert_int_equal(local.cbLongValueData + local.cbLongValueOverhead, 0);
    assert_int_equal(local.cbOverhead, size.cbOverhead);
    sample_stop(&s);
}

static void sizes_add_up_and_unknown_bits_are_refused(void **state)
{
    struct sample s;
    (void)state;
    start(&s);
    JET_RECSIZE3 once = measure(&s, 0), twice = once;
    assert_good(JetGetRecordSize3(s.session, s.table, &twice, JET_bitRecordSizeRunningTotal));
    assert_int_equal(twice.cbData, 2 * once.cbData);
    assert_int_equal(twice.cbKey, 2 * once.cbKey);
    assert_int_equal(twice.cbIntrinsicLongValueDataCompressed, 2 * once.cbIntrinsicLongValueDataCompressed);
    assert_err(JetGetRecordSize3(s.session, s.table, &twice, JET_bitRecordSizeIncludeDefaultValues), JET_errInvalidGrbit);
    assert_err(JetGetRecordSize3(s.session, s.table, &twice, JET_bitRecordSizeSecondaryIndexKeyOnly), JET_errInvalidGrbit);
    assert_err(JetGetRecordSize3(s.session, s.table, NULL, 0), JET_errInvalidParameter);
    sample_stop(&s);
}

static void a_row_of_a_temporary_table_is_measured_as_the_record_it_would_be(void **state)
{
    static const struct {
        JET_GRBIT grbit;
        uint32_t key;
    } kinds[] = {{JET_bitTTIntrinsicLVsOnly, KEY_SIZE}, {JET_bitTTIntrinsicLVsOnly | JET_bitTTForceMaterialization, KEY_SIZE}, {JET_bitTTIntrinsicLVsOnly | JET_bitTTUpdatable, 4}};
    struct sample s;
    JET_COLUMNDEF columns[] = {
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypShort},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypBinary, .cbMax = 50},
        {.cbStruct = sizeof columns[0], .coltyp = JET_coltypLongBinary},
    };
    JET_COLUMNID ids[4];
    int32_t key = 1;
    (void)state;
    sample_start(&s, 4096);
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        JET_TABLEID table;
        JET_RECSIZE3 size;
        assert_good(JetOpenTempTable(s.session, columns, 4, kinds[i].grbit, &table, ids));
        assert_good(JetBeginTransaction(s.session));
        assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
        assert_good(JetSetColumn(s.session, table, ids[0], &key, sizeof key, 0, NULL));
        assert_good(JetSetColumn(s.session, table, ids[1], &key, 2, 0, NULL));
        assert_good(JetSetColumn(s.session, table, ids[2], blob, 10, 0, NULL));
        assert_good(JetSetColumn(s.session, table, ids[3], blob, 1500, 0, NULL));
        assert_good(JetUpdate(s.session, table, NULL, 0, NULL));
        assert_good(JetCommitTransaction(s.session, 0));
        assert_good(JetMove(s.session, table, JET_MoveFirst, 0));
        assert_good(JetGetRecordSize3(s.session, table, &size, 0));
        assert_int_equal(size.cbData, 4 + 2 + 10 + 1500);
        assert_int_equal(size.cbKey, kinds[i].key);
        /* Tag, size of the key, header, key; null bits, one variable offset, one tagged entry with its flags. */
        assert_int_equal(size.cbOverhead, 4 + 2 + 4 + kinds[i].key + 1 + 2 + 4 + 1);
        assert_int_equal(size.cNonTaggedColumns, 3);
        assert_int_equal(size.cTaggedColumns, 1);
        assert_int_equal(size.cLongValues, 0);
        assert_int_equal(size.cIntrinsicLongValues, 1);
        assert_int_equal(size.cbIntrinsicLongValueData, 1500);
        assert_good(JetCloseTable(s.session, table));
    }
    sample_stop(&s);
}

/* --- tagged columns --- */

static JET_RETRIEVEMULTIVALUECOUNT found[8];

static uint32_t list(struct sample *s, uint32_t room, JET_COLUMNID first, JET_GRBIT grbit)
{
    uint32_t count = 4711;
    memset(found, 0xEE, sizeof found);
    assert_good(JetRetrieveTaggedColumnList(s->session, s->table, &count, found, room, first, grbit));
    return count;
}

static void check(const JET_RETRIEVEMULTIVALUECOUNT *entry, JET_COLUMNID column, unsigned values, bool is_long, bool is_null_override)
{
    assert_int_equal(entry->columnid, column);
    assert_int_equal(entry->cMultiValues, values);
    assert_int_equal(entry->fLongValue, is_long);
    assert_int_equal(entry->fNullOverride, is_null_override);
    assert_int_equal(entry->fDerived, 0);
    assert_int_equal(entry->usFlags >> 4, 0);
}

static void tagged_columns_are_listed_with_their_number_of_values(void **state)
{
    struct sample s;
    uint32_t count;
    (void)state;
    start(&s);
    assert_int_equal(list(&s, sizeof found, 0, 0), 4);
    check(&found[0], s.tags, 3, false, false);
    check(&found[1], s.word, 1, false, false);
    check(&found[2], s.blob, 1, true, false);
    check(&found[3], s.note, 1, true, false);
    assert_int_equal(list(&s, sizeof found, s.blob, 0), 2);
    assert_int_equal(found[0].columnid, s.blob);
    assert_int_equal(list(&s, 2 * sizeof found[0] + 1, 0, 0), 2);
    assert_int_equal(found[2].columnid, 0xEEEEEEEE);
    assert_int_equal(list(&s, sizeof found[0] - 1, 0, 0), 0);
    assert_int_equal(found[0].columnid, 0xEEEEEEEE);
    assert_good(JetRetrieveTaggedColumnList(s.session, s.table, &count, NULL, 0, 0, 0));
    assert_int_equal(count, 4);
    assert_err(JetRetrieveTaggedColumnList(s.session, s.table, NULL, NULL, 0, 0, 0), JET_errInvalidParameter);
    sample_stop(&s);
}

static void defaults_and_nulls_against_them_are_listed(void **state)
{
    struct sample s;
    (void)state;
    start(&s);
    assert_good(seek_id(&s, s.table, 2));
    assert_int_equal(list(&s, sizeof found, 0, 0), 1);
    check(&found[0], s.note, 0, false, true);
    assert_good(JetBeginTransaction(s.session));
    insert_sample(&s, 3, 3, "three");
    assert_good(seek_id(&s, s.table, 3));
    assert_int_equal(list(&s, sizeof found, 0, 0), 1);
    check(&found[0], s.note, 1, true, false);
    assert_int_equal(list(&s, sizeof found, 0, JET_bitRetrieveIgnoreDefault), 0);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    set_number(&s, s.table, s.word, 9);
    assert_int_equal(list(&s, sizeof found, 0, JET_bitRetrieveCopy | JET_bitRetrieveIgnoreDefault), 1);
    assert_int_equal(list(&s, sizeof found, 0, JET_bitRetrieveIgnoreDefault), 0);
    assert_good(JetRollback(s.session, 0));
    sample_stop(&s);
}

static void temporary_tables_have_no_such_list(void **state)
{
    struct sample s;
    JET_TABLEID table;
    JET_COLUMNID id;
    uint32_t count;
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    (void)state;
    sample_start(&s, 4096);
    for (JET_GRBIT grbit = 0; grbit <= JET_bitTTForceMaterialization; grbit += JET_bitTTForceMaterialization) {
        assert_good(JetOpenTempTable(s.session, &column, 1, grbit, &table, &id));
        assert_err(JetRetrieveTaggedColumnList(s.session, table, &count, found, sizeof found, 0, 0), JET_errIllegalOperation);
    }
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_tell_values_inside_the_record_from_those_outside),
        cmocka_unit_test(sizes_add_up_and_unknown_bits_are_refused),
        cmocka_unit_test(a_row_of_a_temporary_table_is_measured_as_the_record_it_would_be),
        cmocka_unit_test(tagged_columns_are_listed_with_their_number_of_values),
        cmocka_unit_test(defaults_and_nulls_against_them_are_listed),
        cmocka_unit_test(temporary_tables_have_no_such_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
