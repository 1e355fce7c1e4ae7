/* What JetSetColumn makes of values: sizes, nulls, padding, several values, long values and their options.
 *
 * Pages: JetSetColumn, JetGetRecordSize2
 */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "sample_table.h"
#include "shared_data.h"

static void begin_insert(struct sample *s, int32_t id)
{
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepInsert));
    set_number(s, s->table, s->id, id);
}

static void begin_replace(struct sample *s, int32_t id)
{
    assert_good(seek_id(s, s->table, id));
    assert_good(JetPrepareUpdate(s->session, s->table, JET_prepReplace));
}

static void finish(struct sample *s) { assert_good(JetUpdate(s->session, s->table, NULL, 0, NULL)); }

static uint8_t *pattern(uint32_t size, uint8_t seed)
{
    static uint8_t room[4][1 << 18];
    static unsigned turn;
    uint8_t *bytes = room[turn++ % 4];
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(seed + i * 31 + (i >> 8));
    return bytes;
}

static void assert_value(struct sample *s, JET_COLUMNID column, JET_GRBIT grbit, const void *bytes, uint32_t size)
{
    uint32_t actual;
    const uint8_t *value = get_bytes(s, s->table, column, grbit, &actual);
    assert_int_equal(actual, size);
    if (size > 0)
        assert_memory_equal(value, bytes, size);
}

static void fixed_columns_take_their_size_and_pad(void **state)
{
    struct sample s;
    int32_t number = 7;
    uint8_t two = 2;
    (void)state;
    sample_start(&s, 4096);
    begin_insert(&s, 1);
    assert_err(JetSetColumn(s.session, s.table, s.number, &number, 3, 0, NULL), JET_errInvalidBufferSize);
    assert_err(JetSetColumn(s.session, s.table, s.padded, "123456789", 9, 0, NULL), JET_errInvalidBufferSize);
    set_text(&s, s.table, s.padded, "abc");
    set_text(&s, s.table, s.raw, "xy");
    assert_good(JetSetColumn(s.session, s.table, s.flag, &two, 1, 0, NULL));
    assert_err(JetSetColumn(s.session, s.table, s.id, NULL, 0, 0, NULL), JET_errNullInvalid);
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_value(&s, s.padded, 0, "abc     ", 8);
    assert_value(&s, s.raw, 0, "xy\0\0\0\0", 6);
    assert_value(&s, s.flag, 0, "\xFF", 1);
    begin_replace(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.padded, NULL, 0, JET_bitSetZeroLength, NULL)); /* no such thing: null */
    finish(&s);
    assert_string_equal(get_text(&s, s.table, s.padded, 1, 0), "(null)");
    sample_stop(&s);
}

static void variable_columns_are_cut_with_a_warning(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    begin_insert(&s, 1);
    assert_err(JetSetColumn(s.session, s.table, s.text, "123456789012345678901234567890", 30, 0, NULL), JET_wrnColumnMaxTruncated);
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_string_equal(get_text(&s, s.table, s.text, 1, 0), "12345678901234567890");
    begin_replace(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.text, NULL, 0, JET_bitSetZeroLength, NULL));
    assert_string_equal(get_text(&s, s.table, s.text, 1, JET_bitRetrieveCopy), "");
    assert_good(JetSetColumn(s.session, s.table, s.text, NULL, 0, 0, NULL));
    finish(&s);
    assert_string_equal(get_text(&s, s.table, s.text, 1, 0), "(null)");
    sample_stop(&s);
}

static void arguments_are_checked(void **state)
{
    struct sample s;
    int32_t number = 7;
    JET_SETINFO info = {.cbStruct = 2, .itagSequence = 1};
    (void)state;
    sample_start(&s, 4096);
    begin_insert(&s, 1);
    assert_err(JetSetColumn(s.session, s.table, 0, &number, 4, 0, NULL), JET_errBadColumnId);
    assert_err(JetSetColumn(s.session, s.table, 120, &number, 4, 0, NULL), JET_errColumnNotFound);
    assert_err(JetSetColumn(s.session, s.table, s.number, &number, 4, 0x80000000u, NULL), JET_errInvalidGrbit);
    assert_err(JetSetColumn(s.session, s.table, s.number, &number, 4, 0, &info), JET_errInvalidParameter);
    assert_err(JetSetColumn(s.session, s.table, s.tags, "a", 1, JET_bitSetUniqueMultiValues | JET_bitSetAppendLV, NULL), JET_errInvalidGrbit);
    assert_err(JetSetColumn(s.session, s.table, s.word, &number, 2, 0, NULL), JET_errInvalidBufferSize);
    assert_err(JetSetColumn(s.session, s.table, s.tags, pattern(41, 0), 41, 0, NULL), JET_errColumnTooBig);
    assert_err(JetSetColumn(s.session, s.table, s.blob, "a", 1, 0, NULL), JET_errNotInTransaction); /* long values need one */
    JET_SETCOLUMN list[] = {
        {.columnid = s.number, .pvData = &number, .cbData = 4, .itagSequence = 1},
        {.columnid = 120, .pvData = &number, .cbData = 4, .itagSequence = 1},
    };
    assert_err(JetSetColumns(s.session, s.table, list, 2), JET_errColumnNotFound);
    assert_int_equal(list[1].err, JET_errColumnNotFound);
    assert_good(JetSetColumns(s.session, s.table, list, 1));
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_int_equal(get_number(&s, s.table, s.number, 0), 7);
    sample_stop(&s);
}

static void several_values_of_a_column_can_be_held_distinct(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    begin_insert(&s, 1);
    assert_good(set_value(&s, s.table, s.tags, "one", 3, 0, 0, 0));
    assert_good(set_value(&s, s.table, s.tags, "two", 3, JET_bitSetUniqueMultiValues, 0, 0));
    assert_err(set_value(&s, s.table, s.tags, "one", 3, JET_bitSetUniqueMultiValues, 0, 0), JET_errMultiValuedDuplicate);
    assert_good(set_value(&s, s.table, s.tags, "ONE", 3, JET_bitSetUniqueMultiValues, 0, 0));
    assert_err(set_value(&s, s.table, s.tags, "TWO", 3, JET_bitSetUniqueNormalizedMultiValues, 0, 0), JET_errMultiValuedDuplicate);
    assert_good(set_value(&s, s.table, s.tags, "two", 3, JET_bitSetUniqueMultiValues, 0, 2)); /* in its own place */
    assert_good(set_value(&s, s.table, s.tags, "far", 3, 0, 0, 99));                           /* behind the last: added */
    assert_int_equal(count_values(&s, s.table, s.tags, JET_bitRetrieveCopy), 4);
    assert_string_equal(get_text(&s, s.table, s.tags, 4, JET_bitRetrieveCopy), "far");
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_int_equal(count_values(&s, s.table, s.tags, 0), 4);
    sample_stop(&s);
}

static void a_default_is_read_until_it_is_overridden_and_again_when_reverted(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_string_equal(get_text(&s, s.table, s.note, 1, 0), "none");
    begin_replace(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.note, NULL, 0, 0, NULL));
    finish(&s);
    assert_string_equal(get_text(&s, s.table, s.note, 1, 0), "(null)");
    begin_replace(&s, 1);
    set_text(&s, s.table, s.note, "mine");
    finish(&s);
    assert_string_equal(get_text(&s, s.table, s.note, 1, 0), "mine");
    begin_replace(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.note, NULL, 0, JET_bitSetRevertToDefaultValue, NULL));
    finish(&s);
    assert_string_equal(get_text(&s, s.table, s.note, 1, 0), "none");
    assert_good(JetCommitTransaction(s.session, 0));
    sample_stop(&s);
}

/* Bytes as the model says, through every option, in the record and outside it. */
static void parts_of_long_values_are_changed_as_asked(void **state)
{
    static const uint32_t sizes[] = {3, 900, 1024, 5000, 100000};
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint32_t size = sizes[i], half = size / 2;
        uint8_t *model = calloc(1, 2 * size + 100);
        assert_non_null(model);
        assert_good(JetBeginTransaction(s.session));
        begin_insert(&s, (int32_t)i);
        memcpy(model, pattern(size, 1), size);
        assert_good(JetSetColumn(s.session, s.table, s.blob, model, size, 0, NULL));
        assert_value(&s, s.blob, JET_bitRetrieveCopy, model, size);
        finish(&s);
        begin_replace(&s, (int32_t)i);
        memcpy(model + size, pattern(50, 9), 50);
        assert_good(set_value(&s, s.table, s.blob, model + size, 50, JET_bitSetAppendLV, 0, 1));
        memcpy(model + half, "HERE", 4);
        assert_good(set_value(&s, s.table, s.blob, "HERE", 4, JET_bitSetOverwriteLV, half, 1));
        assert_err(set_value(&s, s.table, s.blob, "x", 1, JET_bitSetOverwriteLV, size + 51 > half + 4 ? size + 60 : half + 70, 1), JET_errColumnNoChunk);
        finish(&s);
        uint32_t now = size + 50 > half + 4 ? size + 50 : half + 4;
        assert_value(&s, s.blob, 0, model, now);
        begin_replace(&s, (int32_t)i);
        assert_good(set_value(&s, s.table, s.blob, NULL, now + 30, JET_bitSetSizeLV, 0, 1));
        memset(model + now, 0, 30);
        finish(&s);
        assert_value(&s, s.blob, 0, model, now + 30);
        begin_replace(&s, (int32_t)i);
        assert_good(set_value(&s, s.table, s.blob, NULL, half + 1, JET_bitSetSizeLV, 0, 1));
        finish(&s);
        assert_value(&s, s.blob, 0, model, half + 1);
        begin_replace(&s, (int32_t)i);
        assert_good(set_value(&s, s.table, s.blob, "end", 3, JET_bitSetOverwriteLV | JET_bitSetSizeLV, 1, 1));
        memcpy(model + 1, "end", 3);
        finish(&s);
        assert_value(&s, s.blob, 0, model, 4);
        assert_good(JetCommitTransaction(s.session, 0));
        assert_value(&s, s.blob, 0, model, 4);
        free(model);
    }
    assert_string_equal(ids_by(&s, s.table, "by_blob"), "0 1 2 3 4");
    sample_stop(&s);
}

static void a_long_column_keeps_its_limit(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_err(JetSetColumn(s.session, s.table, s.small, pattern(5001, 0), 5001, 0, NULL), JET_errColumnTooBig);
    assert_good(JetSetColumn(s.session, s.table, s.small, pattern(5000, 0), 5000, 0, NULL));
    assert_err(set_value(&s, s.table, s.small, "x", 1, JET_bitSetAppendLV, 0, 1), JET_errColumnTooBig);
    assert_err(set_value(&s, s.table, s.small, NULL, 5001, JET_bitSetSizeLV, 0, 1), JET_errColumnTooBig);
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_value(&s, s.small, 0, pattern(5000, 0), 5000);
    assert_good(JetCommitTransaction(s.session, 0));
    sample_stop(&s);
}

static void a_cancelled_update_leaves_long_values_as_they_were(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.small, pattern(3000, 1), 3000, 0, NULL));
    finish(&s);
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(JetBeginTransaction(s.session));
    begin_replace(&s, 1);
    assert_good(set_value(&s, s.table, s.small, "more", 4, JET_bitSetAppendLV, 0, 1));
    assert_good(set_value(&s, s.table, s.small, "less", 4, JET_bitSetOverwriteLV, 10, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel));
    assert_value(&s, s.small, 0, pattern(3000, 1), 3000);
    begin_replace(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.small, "short", 5, 0, NULL));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel));
    assert_value(&s, s.small, 0, pattern(3000, 1), 3000);
    assert_good(JetCommitTransaction(s.session, 0));
    assert_value(&s, s.small, 0, pattern(3000, 1), 3000);
    sample_stop(&s);
}

static void a_cancel_does_not_touch_what_another_cursor_did_meanwhile(void **state)
{
    struct sample s;
    JET_TABLEID second;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetDupCursor(s.session, s.table, &second, 0));
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.small, pattern(3000, 1), 3000, 0, NULL));
    assert_good(JetPrepareUpdate(s.session, second, JET_prepInsert));
    set_number(&s, second, s.id, 2);
    assert_good(JetSetColumn(s.session, second, s.small, pattern(2000, 2), 2000, 0, NULL));
    assert_good(JetUpdate(s.session, second, NULL, 0, NULL));
    assert_good(set_value(&s, s.table, s.small, pattern(100, 1), 100, JET_bitSetAppendLV, 0, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel));
    assert_string_equal(ids_by(&s, s.table, NULL), "2");
    assert_good(seek_id(&s, s.table, 2));
    assert_value(&s, s.small, 0, pattern(2000, 2), 2000);
    assert_good(JetCommitTransaction(s.session, 0));
    assert_value(&s, s.small, 0, pattern(2000, 2), 2000);
    sample_stop(&s);
}

static void a_copied_row_shares_its_long_values_until_one_is_changed(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.small, pattern(4000, 1), 4000, 0, NULL));
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsertCopy));
    set_number(&s, s.table, s.id, 2);
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsertCopy));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel));
    begin_replace(&s, 2);
    assert_good(set_value(&s, s.table, s.small, "tail", 4, JET_bitSetAppendLV, 0, 1));
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_value(&s, s.small, 0, pattern(4000, 1), 4000);
    assert_good(JetDelete(s.session, s.table));
    assert_good(seek_id(&s, s.table, 2));
    uint32_t size;
    const uint8_t *bytes = get_bytes(&s, s.table, s.small, 0, &size);
    assert_int_equal(size, 4004);
    assert_memory_equal(bytes, pattern(4000, 1), 4000);
    assert_memory_equal(bytes + 4000, "tail", 4);
    assert_good(JetCommitTransaction(s.session, 0));
    sample_stop(&s);
}

static void a_row_that_gets_too_big_sends_long_values_away(void **state)
{
    struct sample s;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.blob, pattern(1000, 1), 1000, 0, NULL));
    assert_good(JetSetColumn(s.session, s.table, s.small, pattern(1000, 2), 1000, 0, NULL));
    assert_good(JetSetColumn(s.session, s.table, s.note, pattern(1000, 3), 1000, 0, NULL));
    JET_ERR err = JET_errSuccess;
    uint32_t count = 0;
    while (err == JET_errSuccess && count < 100) {
        err = set_value(&s, s.table, s.wide, pattern(250, (uint8_t)count), 250, 0, 0, 0);
        count += err == JET_errSuccess;
    }
    assert_err(err, JET_errRecordTooBig);
    assert_true(count >= 13); /* far more than fits beside the long values */
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_value(&s, s.blob, 0, pattern(1000, 1), 1000);
    assert_value(&s, s.small, 0, pattern(1000, 2), 1000);
    assert_value(&s, s.note, 0, pattern(1000, 3), 1000);
    assert_int_equal(count_values(&s, s.table, s.wide, 0), count);
    assert_good(JetCommitTransaction(s.session, 0));
    sample_stop(&s);
}

static void separation_and_compression_can_be_asked_for(void **state)
{
    static const char text[] = "seven bits are enough for this text, seven bits are enough for this text, seven bits are enough for this text";
    struct sample s;
    JET_RECSIZE2 size;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.blob, "four", 4, JET_bitSetSeparateLV, NULL)); /* too short for it */
    assert_good(JetSetColumn(s.session, s.table, s.small, "longer", 6, JET_bitSetSeparateLV, NULL));
    assert_good(JetSetColumn(s.session, s.table, s.note, text, sizeof text - 1, JET_bitSetCompressed, NULL));
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetGetRecordSize2(s.session, s.table, &size, 0));
    assert_int_equal(size.cLongValues, 1);
    assert_int_equal(size.cCompressedColumns, 1);
    assert_value(&s, s.blob, 0, "four", 4);
    assert_value(&s, s.small, 0, "longer", 6);
    assert_value(&s, s.note, 0, text, sizeof text - 1);
    begin_replace(&s, 1);
    assert_good(set_value(&s, s.table, s.note, "!", 1, JET_bitSetAppendLV | JET_bitSetUncompressed, 0, 1));
    finish(&s);
    assert_good(JetGetRecordSize2(s.session, s.table, &size, 0));
    assert_int_equal(size.cCompressedColumns, 0);
    uint32_t length;
    const uint8_t *longer = get_bytes(&s, s.table, s.note, 0, &length);
    assert_int_equal(length, sizeof text);
    assert_memory_equal(longer, text, sizeof text - 1);
    assert_int_equal(longer[length - 1], '!');
    assert_good(JetCommitTransaction(s.session, 0));
    sample_stop(&s);
}

static void separated_values_count_what_they_take(void **state)
{
    static uint8_t zeros[20000];
    struct sample s;
    JET_RECSIZE2 plain, packed, local;
    (void)state;
    sample_start(&s, 4096);
    assert_good(JetBeginTransaction(s.session));
    begin_insert(&s, 1);
    assert_good(JetSetColumn(s.session, s.table, s.blob, zeros, sizeof zeros, JET_bitSetUncompressed, NULL));
    finish(&s);
    begin_insert(&s, 2);
    assert_good(JetSetColumn(s.session, s.table, s.blob, zeros, sizeof zeros, JET_bitSetCompressed, NULL));
    finish(&s);
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetGetRecordSize2(s.session, s.table, &plain, 0));
    assert_int_equal(plain.cbLongValueData, sizeof zeros);
    assert_int_equal(plain.cbLongValueDataCompressed, sizeof zeros);
    assert_good(seek_id(&s, s.table, 2));
    assert_good(JetGetRecordSize2(s.session, s.table, &packed, 0));
    assert_int_equal(packed.cbLongValueData, sizeof zeros);
    assert_true(packed.cbLongValueDataCompressed > 0 && packed.cbLongValueDataCompressed < sizeof zeros / 4);
    assert_int_equal(packed.cbLongValueOverhead, plain.cbLongValueOverhead);
    assert_good(JetGetRecordSize2(s.session, s.table, &local, JET_bitRecordSizeLocal));
    assert_int_equal(local.cbLongValueData, 0);
    assert_int_equal(local.cbLongValueDataCompressed, 0);
    assert_int_equal(local.cLongValues, 1);
    assert_good(JetCommitTransaction(s.session, 0));
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separated_values_count_what_they_take),
        cmocka_unit_test(fixed_columns_take_their_size_and_pad),
        cmocka_unit_test(variable_columns_are_cut_with_a_warning),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(several_values_of_a_column_can_be_held_distinct),
        cmocka_unit_test(a_default_is_read_until_it_is_overridden_and_again_when_reverted),
        cmocka_unit_test(parts_of_long_values_are_changed_as_asked),
        cmocka_unit_test(a_long_column_keeps_its_limit),
        cmocka_unit_test(a_cancelled_update_leaves_long_values_as_they_were),
        cmocka_unit_test(a_cancel_does_not_touch_what_another_cursor_did_meanwhile),
        cmocka_unit_test(a_copied_row_shares_its_long_values_until_one_is_changed),
        cmocka_unit_test(a_row_that_gets_too_big_sends_long_values_away),
        cmocka_unit_test(separation_and_compression_can_be_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
