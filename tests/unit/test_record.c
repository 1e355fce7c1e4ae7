/* Records built by hand: every form of fixed, variable and tagged column on small and large pages, and records that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "record/long_value.h"
#include "record/record.h"

enum { SMALL = 4096, LARGE = 16384 };

static const struct column long_column = {.id = 1, .type = COLUMN_TYPE_LONG, .offset = 4};
static const struct column text_column = {.id = 129, .type = COLUMN_TYPE_TEXT};
static struct column tagged(uint32_t id) { return (struct column){.id = id, .type = COLUMN_TYPE_LONG_BINARY, .flags = COLUMN_FLAG_MULTI_VALUED}; }

static struct record_view view(struct span bytes, uint32_t page_size)
{
    struct record_view r;
    assert_int_equal(record_view_init(&r, bytes, page_size), JET_errSuccess);
    return r;
}

static struct column_value value_of(const struct record_view *r, const struct column *c, uint32_t sequence)
{
    struct column_value v;
    assert_int_equal(record_column(r, c, sequence, &v), JET_errSuccess);
    return v;
}

static void assert_bytes(const struct column_value *v, const char *text)
{
    assert_int_equal(v->flags & COLUMN_VALUE_NULL, 0);
    assert_int_equal(v->bytes.size, strlen(text));
    assert_memory_equal(v->bytes.data, text, v->bytes.size);
}

static void the_smallest_record_has_no_columns(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 0x7F, 4, 0};
    struct record_view r = view(span_of(bytes, 4), SMALL);
    assert_true((value_of(&r, &long_column, 1).flags & COLUMN_VALUE_NULL) != 0);
    assert_int_equal(r.tagged_count, 0);
}

static void fixed_and_variable_columns_are_found_null_or_default(void **state)
{
    (void)state;
    /* fixed 1 = 0x11223344, fixed 2 null; variable 128 null, 129 = "hi", 130 = "" */
    const uint8_t bytes[] = {2, 130, 11, 0, 0x44, 0x33, 0x22, 0x11, 0x2A, 0x2A, 0xFE, 0, 0x80, 2, 0, 2, 0, 'h', 'i'};
    struct record_view r = view(span_of(bytes, sizeof bytes), SMALL);
    struct column null_fixed = {.id = 2, .type = COLUMN_TYPE_SHORT, .offset = 8}, absent = {.id = 3, .type = COLUMN_TYPE_BIT, .offset = 10};
    struct column null_variable = {.id = 128, .type = COLUMN_TYPE_TEXT}, empty = {.id = 130, .type = COLUMN_TYPE_TEXT};
    struct column_value v = value_of(&r, &long_column, 1);
    assert_int_equal(load_le32(v.bytes.data), 0x11223344);
    assert_int_equal(value_of(&r, &null_fixed, 1).flags, COLUMN_VALUE_NULL);
    assert_int_equal(value_of(&r, &absent, 1).flags, COLUMN_VALUE_NULL);
    absent.default_value = span_of("\xFF", 1);
    assert_int_equal(value_of(&r, &absent, 1).flags, COLUMN_VALUE_DEFAULT);
    null_variable.default_value = span_of("x", 1); /* the record reaches the column: null stays null */
    assert_int_equal(value_of(&r, &null_variable, 1).flags, COLUMN_VALUE_NULL);
    v = value_of(&r, &text_column, 1);
    assert_bytes(&v, "hi");
    v = value_of(&r, &empty, 1);
    assert_bytes(&v, "");
    assert_int_equal(value_of(&r, &text_column, 2).flags, COLUMN_VALUE_NULL);
}

static void a_fixed_column_past_the_fixed_data_is_corruption(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 127, 9, 0, 1, 2, 3, 4, 0xFE};
    struct record_view r = view(span_of(bytes, sizeof bytes), SMALL);
    struct column wrong = {.id = 1, .type = COLUMN_TYPE_LONG_LONG, .offset = 4};
    struct column_value v;
    assert_int_equal(record_column(&r, &wrong, 1, &v), JET_errDatabaseCorrupted);
}

static void tagged_columns_of_a_small_page_are_found(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 0x7F, 4, 0,
                             /* 256 plain "ab"; 257 two values "x","yz"; 258 explicit null; 259 LID32 7 */
                             0x00, 1, 16, 0, 0x01, 1, 18, 0x40, 0x02, 1, 23, 0x20, 0x03, 1, 23, 0x40,
                             'a', 'b', 0x18, 1, 'x', 'y', 'z', 0x05, 7, 0, 0, 0};
    struct record_view r = view(span_of(bytes, sizeof bytes), SMALL);
    struct column c = tagged(256);
    uint32_t count;
    struct column_value v = value_of(&r, &c, 1);
    assert_bytes(&v, "ab");
    c = tagged(257);
    assert_int_equal(record_column_count(&r, &c, &count), JET_errSuccess);
    assert_int_equal(count, 2);
    v = value_of(&r, &c, 1);
    assert_bytes(&v, "x");
    v = value_of(&r, &c, 2);
    assert_bytes(&v, "yz");
    assert_int_equal(value_of(&r, &c, 3).flags, COLUMN_VALUE_NULL);
    c = tagged(258);
    c.default_value = span_of("d", 1);
    assert_int_equal(value_of(&r, &c, 1).flags, COLUMN_VALUE_NULL);
    c = tagged(259);
    v = value_of(&r, &c, 1);
    assert_int_equal(v.flags, COLUMN_VALUE_SEPARATED);
    assert_true(v.lid == 7);
    c = tagged(260);
    assert_int_equal(value_of(&r, &c, 1).flags, COLUMN_VALUE_NULL);
    c.default_value = span_of("d", 1);
    v = value_of(&r, &c, 1);
    assert_bytes(&v, "d");
    assert_int_equal(v.flags, COLUMN_VALUE_DEFAULT);
}

static void tagged_columns_of_a_large_page_carry_null_in_the_flag_byte(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 0x7F, 4, 0,
                             /* 256 long null; 257 general multi-value: "p", LID64, "qr" */
                             0x00, 1, 8, 0, 0x01, 1, 9, 0,
                             0x21, 0x09, 6, 0, 7, 0x80, 15, 0, 'p', 1, 0, 0, 0x80, 0, 0, 0, 0x80, 'q', 'r'};
    struct record_view r = view(span_of(bytes, sizeof bytes), LARGE);
    struct column c = tagged(256);
    assert_int_equal(value_of(&r, &c, 1).flags, COLUMN_VALUE_NULL);
    c = tagged(257);
    struct column_value v = value_of(&r, &c, 1);
    assert_bytes(&v, "p");
    v = value_of(&r, &c, 2);
    assert_int_equal(v.flags, COLUMN_VALUE_SEPARATED);
    assert_true(v.lid == 0x8000000080000001ull);
    v = value_of(&r, &c, 3);
    assert_bytes(&v, "qr");
}

static void template_columns_are_told_apart_by_the_derived_bit(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0, 0x7F, 4, 0, 0x00, 1, 8, 0x80, 0x00, 1, 9, 0, 't', 'o'};
    struct record_view r = view(span_of(bytes, sizeof bytes), SMALL);
    struct column own = {.id = 256, .type = COLUMN_TYPE_BINARY};
    struct column inherited = {.id = 256 | COLUMN_ID_TEMPLATE_BIT, .type = COLUMN_TYPE_BINARY, .flags = COLUMN_FLAG_TEMPLATE};
    struct column_value v = value_of(&r, &own, 1);
    assert_bytes(&v, "o");
    v = value_of(&r, &inherited, 1);
    assert_bytes(&v, "t");
    struct tagged_entry entry;
    assert_int_equal(record_tagged_at(&r, 0, &entry), JET_errSuccess);
    assert_int_equal(entry.id, 256 | COLUMN_ID_TEMPLATE_BIT);
    assert_int_equal(record_tagged_at(&r, 2, &entry), JET_errColumnNotFound);
}

static void only_the_first_value_is_compressed_and_reads_from_any_offset(void **state)
{
    (void)state;
    /* 7-bit ASCII "AB" compressed, then "CD" plain */
    const uint8_t bytes[] = {0, 0x7F, 4, 0, 0x00, 1, 4, 0x40, 0x0B, 4, 0, 7, 0, 0x0D, 0x41, 0x21, 'C', 'D'};
    struct record_view r = view(span_of(bytes, sizeof bytes), SMALL);
    struct column c = tagged(256);
    struct column_value first = value_of(&r, &c, 1), second = value_of(&r, &c, 2);
    uint8_t out[8];
    uint32_t written, total;
    assert_int_equal(first.flags, COLUMN_VALUE_COMPRESSED);
    assert_int_equal(column_value_read(&first, 0, out, sizeof out, &written, &total), JET_errSuccess);
    assert_int_equal(written, 2);
    assert_memory_equal(out, "AB", 2);
    assert_int_equal(column_value_read(&first, 1, out, sizeof out, &written, &total), JET_errSuccess);
    assert_int_equal(written, 1);
    assert_int_equal(out[0], 'B');
    assert_int_equal(total, 2);
    assert_int_equal(column_value_read(&first, 5, out, sizeof out, &written, &total), JET_errSuccess);
    assert_int_equal(written, 0);
    assert_bytes(&second, "CD");
    memory_fail_at(1, 0);
    assert_int_equal(column_value_read(&first, 1, out, sizeof out, &written, &total), JET_errOutOfMemory);
    memory_fail_at(0, 0);
}

static void damaged_records_are_refused(void **state)
{
    (void)state;
    static const struct { uint8_t bytes[16]; uint32_t size; } cases[] = {
        {{0, 0x7F, 4}, 3},                                             /* shorter than a header */
        {{128, 0x7F, 8, 0, 0, 0, 0, 0}, 8},                            /* no such fixed id */
        {{0, 126, 4, 0}, 4},                                           /* no such variable id */
        {{1, 0x7F, 4, 0}, 4},                                          /* no room for the null bitmap */
        {{0, 0x7F, 5, 0}, 4},                                          /* offset table past the end */
        {{0, 129, 4, 0, 2, 0, 1, 0, 'a', 'b'}, 10},                    /* end offsets descend */
        {{0, 128, 4, 0, 5, 0, 'a'}, 7},                                /* variable data past the end */
        {{0, 0x7F, 4, 0, 1, 1}, 6},                                    /* half a tagged entry */
        {{0, 0x7F, 4, 0, 1, 1, 0, 0}, 8},                              /* no entries */
        {{0, 0x7F, 4, 0, 1, 1, 6, 0, 0, 0}, 10},                       /* first offset inside an entry */
        {{0, 0x7F, 4, 0, 1, 1, 8, 0, 1, 1, 8, 0}, 12},                 /* the same column twice */
        {{0, 0x7F, 4, 0, 2, 1, 8, 0, 1, 1, 8, 0}, 12},                 /* not sorted */
        {{0, 0x7F, 4, 0, 1, 1, 8, 0, 2, 1, 9, 0}, 12},                 /* data past the end */
        {{0, 0x7F, 4, 0, 1, 1, 4, 0x40}, 8},                           /* flag byte promised, none there */
        {{0, 0x7F, 4, 0, 1, 0, 4, 0}, 8},                              /* id of a fixed column */
    };
    struct record_view r;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (record_view_init(&r, span_of(cases[i].bytes, cases[i].size), SMALL) != JET_errDatabaseCorrupted)
            fail_msg("case %u was accepted", i);
}

static void damaged_multi_values_are_refused(void **state)
{
    (void)state;
    static const struct { uint8_t bytes[16]; uint32_t size; } cases[] = {
        {{0, 0x7F, 4, 0, 1, 1, 4, 0x40, 0x09, 3, 0, 'a'}, 12},         /* odd first offset */
        {{0, 0x7F, 4, 0, 1, 1, 4, 0x40, 0x09, 9, 0, 'a'}, 12},         /* past the end */
        {{0, 0x7F, 4, 0, 1, 1, 4, 0x40, 0x09}, 9},                     /* no offsets */
        {{0, 0x7F, 4, 0, 1, 1, 4, 0x40, 0x18, 2, 'a'}, 11},            /* first value longer than the data */
        {{0, 0x7F, 4, 0, 1, 1, 4, 0x40, 0x05, 1, 2, 3}, 12},           /* a LID of three bytes */
        {{0, 0x7F, 4, 0, 1, 1, 4, 0x40, 0x05, 1, 2, 3, 0x80}, 13},     /* a LID32 with the bit of the others */
        {{0, 0x7F, 4, 0, 1, 1, 4, 0x40, 0x09, 4, 0, 3, 0, 'a'}, 14},   /* second offset before the first */
    };
    struct column c = tagged(257);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct record_view r = view(span_of(cases[i].bytes, cases[i].size), SMALL);
        struct column_value v;
        if (record_column(&r, &c, 1, &v) != JET_errDatabaseCorrupted)
            fail_msg("case %u was accepted", i);
    }
}

static void record_limits_are_those_of_the_original_engine(void **state)
{
    (void)state;
    assert_int_equal(record_size_limit(4096, 5), 3791);
    assert_int_equal(record_size_limit(4096, 255), 3789);
    assert_int_equal(record_size_limit(8192, 500), 7640);
    assert_int_equal(record_size_limit(16384, 4), 16288);
    assert_int_equal(record_size_limit(32768, 255), 32421);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_record_has_no_columns),
        cmocka_unit_test(fixed_and_variable_columns_are_found_null_or_default),
        cmocka_unit_test(a_fixed_column_past_the_fixed_data_is_corruption),
        cmocka_unit_test(tagged_columns_of_a_small_page_are_found),
        cmocka_unit_test(tagged_columns_of_a_large_page_carry_null_in_the_flag_byte),
        cmocka_unit_test(template_columns_are_told_apart_by_the_derived_bit),
        cmocka_unit_test(only_the_first_value_is_compressed_and_reads_from_any_offset),
        cmocka_unit_test(damaged_records_are_refused),
        cmocka_unit_test(damaged_multi_values_are_refused),
        cmocka_unit_test(record_limits_are_those_of_the_original_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
