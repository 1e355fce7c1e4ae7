/* Record streams and column references as bytes: their layout, and that no damage to them makes the readers look outside or go on for ever. Run under the address sanitizer, each case
 * stands in memory of exactly its size. */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "cursor/column_reference.h"
#include "cursor/record_stream.h"

/* Two records: column 1 with "ab", column 300 with two values, the second a reference; then column 1 null. */
static const uint8_t sample_stream[] = {
    1, 21, 0, 0, 0, 21, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, /* header */
    0, 1, 0, 0, 0, 2, 0, 0, 0, 'a', 'b',
    0, 0x2C, 1, 0, 0, 1, 0, 0, 0, 'c',
    4, 0x2C, 1, 0, 0, 3, 0, 0, 0, 'r', 'e', 'f',
    9, 1, 0, 0, 0, 0, 0, 0, 0,
};

static uint8_t *exact_copy(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    return copy;
}

static void a_stream_is_read_value_by_value(void **state)
{
    static const struct {
        JET_ERR status;
        struct stream_value value;
    } expected[] = {
        {JET_errSuccess, {0, 1, 1, 30, 2}},
        {JET_errSuccess, {0, 300, 1, 41, 1}},
        {JET_wrnColumnReference, {0, 300, 2, 51, 3}},
        {JET_wrnColumnNull, {1, 1, 1, 63, 0}},
    };
    uint8_t *stream = exact_copy(sample_stream, sizeof sample_stream);
    struct stream_value value;
    (void)state;
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(record_stream_next(stream, sizeof sample_stream, &value), expected[i].status);
        assert_memory_equal(&value, &expected[i].value, sizeof value);
    }
    for (int again = 0; again < 2; again++)
        assert_int_equal(record_stream_next(stream, sizeof sample_stream, &value), JET_wrnNoMoreRecords);
    free(stream);
}

/* Reads to the end or the first error. */
static void read_all(uint8_t *stream, uint32_t size)
{
    struct stream_value value;
    uint32_t steps = 0;
    JET_ERR err;
    while ((err = record_stream_next(stream, size, &value)) >= 0 && err != JET_wrnNoMoreRecords) {
        assert_true(value.offset <= size && value.size <= size - value.offset);
        volatile uint8_t sum = 0;
        for (uint32_t i = 0; i < value.size; i++)
            sum = (uint8_t)(sum + stream[value.offset + i]);
        assert_true(++steps <= size);
    }
    assert_true(err == JET_wrnNoMoreRecords || err == JET_errInvalidParameter);
}

static uint32_t random_next(uint32_t *state) { return *state = *state * 1664525 + 1013904223; }

static void no_damage_to_a_stream_leads_outside(void **state)
{
    uint32_t random = 4711;
    (void)state;
    for (uint32_t size = 0; size <= sizeof sample_stream; size++) {
        uint8_t *stream = exact_copy(sample_stream, size);
        read_all(stream, size);
        free(stream);
    }
    for (int round = 0; round < 20000; round++) {
        uint32_t size = round % 3 != 0 ? (uint32_t)sizeof sample_stream : random_next(&random) % (uint32_t)sizeof sample_stream;
        uint8_t *stream = exact_copy(sample_stream, size);
        for (uint32_t n = 1 + random_next(&random) % 4; n > 0 && size > 0; n--) {
            static const uint8_t favourites[] = {0, 1, 20, 21, 22, 0x7F, 0x80, 0xFE, 0xFF};
            uint32_t pick = random_next(&random) >> 8;
            stream[(random_next(&random) >> 8) % size] = pick % 2 == 0 ? (uint8_t)(pick >> 1) : favourites[pick / 2 % sizeof favourites];
        }
        read_all(stream, size);
        free(stream);
    }
    uint8_t *stream = exact_copy(sample_stream, sizeof sample_stream);
    for (uint32_t start = 0; start <= sizeof sample_stream + 40; start++) { /* a place to read on that is no value's */
        store_le32(stream + 5, start);
        read_all(stream, sizeof sample_stream);
    }
    store_le32(stream + 5, UINT32_MAX);
    read_all(stream, sizeof sample_stream);
    free(stream);
}

static const uint8_t signature[COLUMN_REFERENCE_SIGNATURE_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void references_have_one_form_for_short_and_one_for_long_ids(void **state)
{
    static const uint8_t short_form[] = {1, 2, 0, 3, 7, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x7F, 0x80, 'C', 'o', 'l'};
    static const uint8_t long_form[] = {2, 2, 0, 3, 7, 0, 0, 0, 1, 0, 0, 0x80, 0, 0, 0, 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x7F, 0x80, 'C', 'o', 'l'};
    struct column_reference reference = {.lid = 0x11223344, .sequence = 7, .signature = span_of(signature, sizeof signature), .primary_key = span_of("\x7F\x80", 2),
                                         .column_name = span_of("Col", 3)},
                            back;
    uint8_t out[COLUMN_REFERENCE_SIZE_MAX];
    (void)state;
    assert_int_equal(column_reference_encode(&reference, false, out), sizeof short_form);
    assert_memory_equal(out, short_form, sizeof short_form);
    assert_int_equal(column_reference_decode(span_of(short_form, sizeof short_form), &back), JET_errSuccess);
    assert_true(back.lid == reference.lid && back.sequence == 7 && span_equal(back.signature, reference.signature));
    assert_true(span_equal(back.primary_key, reference.primary_key) && span_equal(back.column_name, reference.column_name));
    reference.lid = 0x8000000080000001;
    assert_int_equal(column_reference_encode(&reference, true, out), sizeof long_form);
    assert_memory_equal(out, long_form, sizeof long_form);
    assert_int_equal(column_reference_decode(span_of(long_form, sizeof long_form), &back), JET_errSuccess);
    assert_true(back.lid == reference.lid && span_equal(back.column_name, reference.column_name));
}

static void no_damage_to_a_reference_leads_outside(void **state)
{
    struct column_reference reference = {.lid = 5, .sequence = 1, .signature = span_of(signature, sizeof signature), .primary_key = span_of("key", 3),
                                         .column_name = span_of("column", 6)};
    uint8_t good[2][COLUMN_REFERENCE_SIZE_MAX];
    uint32_t sizes[2] = {column_reference_encode(&reference, false, good[0]), column_reference_encode(&reference, true, good[1])}, random = 42, decoded = 0;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint32_t size = round % 4 != 0 ? sizes[round % 2] : (random_next(&random) >> 8) % (sizes[round % 2] + 1);
        uint8_t *bytes = exact_copy(good[round % 2], size);
        for (uint32_t n = 1 + (random_next(&random) >> 8) % 3; n > 0 && size > 0; n--)
            bytes[(random_next(&random) >> 8) % size] = (uint8_t)(random_next(&random) >> 8);
        struct column_reference back;
        JET_ERR err = column_reference_decode(span_of(bytes, size), &back);
        assert_true(err == JET_errSuccess || err == JET_errInvalidColumnReference);
        if (err >= 0) {
            assert_true(back.lid != 0 && back.sequence != 0 && back.primary_key.size > 0 && back.column_name.size > 0);
            assert_ptr_equal(back.primary_key.data + back.primary_key.size, back.column_name.data);
            assert_ptr_equal(back.column_name.data + back.column_name.size, bytes + size);
            decoded++;
        }
        free(bytes);
    }
    assert_true(decoded > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_read_value_by_value),
        cmocka_unit_test(no_damage_to_a_stream_leads_outside),
        cmocka_unit_test(references_have_one_form_for_short_and_one_for_long_ids),
        cmocka_unit_test(no_damage_to_a_reference_leads_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
