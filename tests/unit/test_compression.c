/* Compression schemes: streams of known form, damaged streams, and what the compressor makes is what the decompressor undoes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "format/compression.h"

static struct span text_span(const char *text) { return span_of(text, (uint32_t)strlen(text)); }

static void seven_bit_ascii_is_expanded(void **state)
{
    (void)state;
    /* 'A' = 0x41, 'B' = 0x42: 14 bits, 6 of them in the last byte */
    const uint8_t stored[] = {1 << 3 | 5, 0x41, 0x21};
    uint8_t out[8];
    uint32_t size, written;
    assert_int_equal(compression_plain_size(span_of(stored, 3), &size), JET_errSuccess);
    assert_int_equal(size, 2);
    assert_int_equal(compression_expand(span_of(stored, 3), out, sizeof out, &written), JET_errSuccess);
    assert_int_equal(written, 2);
    assert_memory_equal(out, "AB", 2);
}

static void seven_bit_unicode_is_widened_and_cut_at_the_capacity(void **state)
{
    (void)state;
    const uint8_t stored[] = {2 << 3 | 5, 0x41, 0x21};
    uint8_t out[4] = {9, 9, 9, 9};
    uint32_t size, written;
    assert_int_equal(compression_plain_size(span_of(stored, 3), &size), JET_errSuccess);
    assert_int_equal(size, 4);
    assert_int_equal(compression_expand(span_of(stored, 3), out, 3, &written), JET_errSuccess);
    assert_int_equal(written, 3);
    assert_memory_equal(out, "A\0B\x09", 4);
}

static void xpress_copies_literals_and_overlapping_matches(void **state)
{
    (void)state;
    /* "abc" then a match of distance 3, length 3 + 7 + 15 + 2 = 27: nibble 15, byte 2 */
    const uint8_t stored[] = {3 << 3, 30, 0, 0xFF, 0xFF, 0xFF, 0x1F, 'a', 'b', 'c', 2 << 3 | 7, 0, 0x0F, 2};
    uint8_t out[30];
    uint32_t written;
    assert_int_equal(compression_expand(span_of(stored, sizeof stored), out, sizeof out, &written), JET_errSuccess);
    assert_int_equal(written, 30);
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(out[i], "abc"[i % 3]);
}

static void lz4_blocks_are_expanded(void **state)
{
    (void)state;
    /* 3 literals, match of 4 + 5 at distance 3, then 1 literal */
    const uint8_t stored[] = {7 << 3, 13, 0, 0x35, 'a', 'b', 'c', 3, 0, 0x10, 'z'};
    uint8_t out[13];
    uint32_t written;
    assert_int_equal(compression_expand(span_of(stored, sizeof stored), out, sizeof out, &written), JET_errSuccess);
    assert_memory_equal(out, "abcabcabcabcz", 13);
}

static void a_stream_that_ends_early_or_reaches_before_its_start_fails(void **state)
{
    (void)state;
    const uint8_t early[] = {3 << 3, 30, 0, 0, 0, 0, 0, 'a', 'b'}, before[] = {3 << 3, 30, 0, 0, 0, 0, 0x80, 0, 0};
    const uint8_t too_long[] = {3 << 3, 4, 0, 0, 0, 0, 0x40, 'a', 1, 0};
    uint8_t out[64];
    uint32_t written;
    assert_int_equal(compression_expand(span_of(early, sizeof early), out, sizeof out, &written), JET_errDecompressionFailed);
    assert_int_equal(compression_expand(span_of(before, sizeof before), out, sizeof out, &written), JET_errDecompressionFailed);
    assert_int_equal(compression_expand(span_of(too_long, sizeof too_long), out, sizeof out, &written), JET_errDecompressionFailed);
    /* what is damaged behind the wanted bytes does not matter */
    assert_int_equal(compression_expand(span_of(early, sizeof early), out, 2, &written), JET_errSuccess);
    assert_int_equal(written, 2);
}

static void schemes_are_refused_by_name(void **state)
{
    (void)state;
    uint8_t stored[20] = {0}, out[64];
    uint32_t written;
    static const struct { uint8_t scheme; JET_ERR error; } cases[] = {{0, JET_errDecompressionFailed}, {4, JET_errDecompressionFailed},
        {5, JET_errFeatureNotAvailable}, {6, JET_errFeatureNotAvailable}, {8, JET_errDecompressionFailed}, {31, JET_errDecompressionFailed}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stored[0] = (uint8_t)(cases[i].scheme << 3);
        assert_int_equal(compression_expand(span_of(stored, sizeof stored), out, sizeof out, &written), cases[i].error);
        assert_int_equal(written, 0);
    }
    assert_int_equal(compression_expand(span_of(stored, 0), out, sizeof out, &written), JET_errDecompressionFailed);
    stored[0] = 1 << 3;
    assert_int_equal(compression_expand(span_of(stored, 1), out, sizeof out, &written), JET_errDecompressionFailed);
}

static void check_round_trip(struct span plain, uint32_t min_for_xpress, bool must_shrink)
{
    uint8_t *room = (uint8_t *)malloc(plain.size + 1), *back = (uint8_t *)malloc(plain.size + 1);
    uint32_t size, written;
    assert_non_null(room);
    assert_non_null(back);
    assert_int_equal(compression_shrink(plain, min_for_xpress, room, &size), JET_errSuccess);
    assert_true(size < plain.size || plain.size == 0);
    if (must_shrink)
        assert_true(size > 0);
    if (size > 0) {
        assert_int_equal(compression_expand(span_of(room, size), back, plain.size, &written), JET_errSuccess);
        assert_int_equal(written, plain.size);
        assert_memory_equal(back, plain.data, plain.size);
    }
    free(room);
    free(back);
}

static void what_is_compressed_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[65535];
    uint32_t seed = 1;
    check_round_trip(text_span("0123456789abcdef"), 1024, true); /* 16 bytes to 15 */
    check_round_trip(text_span("0123456"), 1024, false);
    check_round_trip(span_of("a\0b\0c\0", 6), 1024, true); /* 6 bytes to 4 */
    check_round_trip(span_of(NULL, 0), 0, false);
    for (unsigned size = 1; size < sizeof bytes; size = size * 3 + 1) {
        for (unsigned kind = 0; kind < 4; kind++) {
            for (unsigned i = 0; i < size; i++) {
                seed = seed * 1103515245 + 12345;
                bytes[i] = (uint8_t)(kind == 0 ? 'x' : kind == 1 ? (i / 7) % 50 : kind == 2 ? (seed >> 16) % 3 : seed >> 16);
            }
            check_round_trip(span_of(bytes, size), 0, size > 40 && kind < 3);
        }
    }
}

static void a_sixteen_byte_ascii_text_becomes_fifteen_bytes(void **state)
{
    (void)state;
    uint8_t room[16];
    uint32_t size;
    assert_int_equal(compression_shrink(text_span("0123456789abcdef"), 1024, room, &size), JET_errSuccess);
    assert_int_equal(size, 15);
    assert_int_equal(compression_scheme(span_of(room, size)), COMPRESSION_7BIT_ASCII);
}

static void failing_allocations_are_reported_and_leak_nothing(void **state)
{
    (void)state;
    uint8_t plain[4096] = {0}, room[4096];
    uint32_t size;
    uint64_t before = memory_live_count();
    for (unsigned nth = 1; nth <= 2; nth++) {
        memory_fail_at(nth, 0);
        assert_int_equal(compression_shrink(span_of(plain, sizeof plain), 0, room, &size), JET_errOutOfMemory);
        memory_fail_at(0, 0);
        assert_true(memory_live_count() == before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seven_bit_ascii_is_expanded),
        cmocka_unit_test(seven_bit_unicode_is_widened_and_cut_at_the_capacity),
        cmocka_unit_test(xpress_copies_literals_and_overlapping_matches),
        cmocka_unit_test(lz4_blocks_are_expanded),
        cmocka_unit_test(a_stream_that_ends_early_or_reaches_before_its_start_fails),
        cmocka_unit_test(schemes_are_refused_by_name),
        cmocka_unit_test(what_is_compressed_comes_back),
        cmocka_unit_test(a_sixteen_byte_ascii_text_becomes_fifteen_bytes),
        cmocka_unit_test(failing_allocations_are_reported_and_leak_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
