/* Checksums on plain buffers: the definition word by word, both implementations, repair of every bit, refusal of two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "format/checksum.h"
#include "format/page.h"

static uint64_t random_state = 0x9E3779B97F4A7C15u;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void fill_random(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(next_random() >> 32);
}

/* A page of the new checksum format with random content. */
static void make_page(uint8_t *page, uint32_t size, uint32_t page_no)
{
    fill_random(page, size);
    store_le32(page + 36, load_le32(page + 36) | PAGE_FLAG_NEW_CHECKSUM);
    checksum_store_page(page, size, page_no);
}

/* The ECC half as log-files 5.2 states it: by numbering every bit of the block. */
static uint32_t ecc_by_bits(const uint8_t *block, size_t size, bool skip_first)
{
    uint32_t low = 0, high = 0, mask = (uint32_t)size * 8 - 1;
    for (uint32_t k = skip_first ? 64 : 0; k < size * 8; k++)
        if ((block[k / 8] >> (k % 8) & 1) != 0) {
            low ^= k;
            high ^= ~k & mask;
        }
    return high << 16 | low;
}

static void ecc_sum_is_the_xor_of_the_numbers_of_all_set_bits(void **state)
{
    (void)state;
    uint8_t block[8192];
    for (int round = 0; round < 8; round++)
        for (size_t size = 8; size <= sizeof block; size *= 2)
            for (int skip = 0; skip < 2; skip++) {
                fill_random(block, size);
                uint32_t xor = 77;
                for (size_t i = skip ? 8 : 0; i < size; i += 4)
                    xor ^= load_le32(block + i);
                uint64_t sum = checksum_ecc(block, size, 77, skip != 0);
                assert_int_equal((uint32_t)sum, xor);
                assert_int_equal((uint32_t)(sum >> 32), ecc_by_bits(block, size, skip != 0));
            }
}

static void portable_and_vector_code_agree(void **state)
{
    (void)state;
    uint8_t room[8192 + 16];
    for (int round = 0; round < 400; round++)
        for (size_t size = 256; size <= 8192; size *= 2) {
            uint8_t *block = room + next_random() % 16; /* any alignment */
            fill_random(block, size);
            uint64_t vector_sum = checksum_ecc(block, size, (uint32_t)round, round % 2 != 0);
            checksum_force_portable(true);
            assert_string_equal(checksum_implementation(), "portable");
            uint64_t portable_sum = checksum_ecc(block, size, (uint32_t)round, round % 2 != 0);
            checksum_force_portable(false);
            assert_true(vector_sum == portable_sum);
        }
    print_message("compared with %s\n", checksum_implementation());
}

static void header_sum_is_seed_xor_all_words_but_the_first(void **state)
{
    (void)state;
    uint8_t block[32768];
    for (size_t size = 8; size <= sizeof block; size += size < 200 ? 4 : size) {
        fill_random(block, size);
        uint32_t sum = 0x89ABCDEFu;
        for (size_t i = 4; i < size; i += 4)
            sum ^= load_le32(block + i);
        assert_int_equal(checksum_header(block, size), sum);
        assert_false(checksum_header_is_valid(block, size) && load_le32(block) != sum);
        store_le32(block, sum);
        assert_true(checksum_header_is_valid(block, size));
        block[size - 1] ^= 0x10;
        assert_false(checksum_header_is_valid(block, size));
    }
}

/* May this bit be repaired? Not in the sum itself, not the bit that names the format. */
static bool is_repairable(uint32_t bit) { return bit >= 64 && bit != 36 * 8 + 13; }

static void check_every_bit(uint32_t size)
{
    uint8_t *page = (uint8_t *)malloc(size), *damaged = (uint8_t *)malloc(size);
    assert_non_null(page);
    assert_non_null(damaged);
    make_page(page, size, 4711);
    memcpy(damaged, page, size);
    assert_int_equal(checksum_verify_page(damaged, size, 4711, true).verdict, CHECKSUM_OK);
    for (uint32_t bit = 0; bit < size * 8; bit++) {
        damaged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct checksum_result seen = checksum_verify_page(damaged, size, 4711, false);
        assert_int_equal(seen.verdict, is_repairable(bit) ? CHECKSUM_REPAIRED : CHECKSUM_BAD);
        assert_memory_not_equal(damaged, page, size); /* verify-only changes nothing */
        struct checksum_result result = checksum_verify_page(damaged, size, 4711, true);
        assert_int_equal(result.verdict, seen.verdict);
        if (is_repairable(bit)) {
            assert_int_equal(result.repaired_bit, bit);
            assert_int_equal(seen.repaired_bit, bit);
            assert_true(memcmp(damaged, page, size) == 0);
        } else {
            assert_true(result.expected != result.stored);
            damaged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    free(page);
    free(damaged);
}

static void every_single_wrong_bit_of_a_4k_page_is_repaired(void **state)
{
    (void)state;
    check_every_bit(4096);
}

static void every_single_wrong_bit_of_other_page_sizes_is_repaired(void **state)
{
    (void)state;
    check_every_bit(2048);
    check_every_bit(8192);
    check_every_bit(16384);
    check_every_bit(32768);
}

static void two_wrong_bits_are_never_repaired(void **state)
{
    (void)state;
    uint8_t page[8192], damaged[8192];
    for (uint32_t size = 2048; size <= sizeof page; size *= 2) {
        make_page(page, size, 9);
        for (int round = 0; round < 4000; round++) {
            uint32_t a = (uint32_t)(next_random() % (size * 8)), b = (uint32_t)(next_random() % (size * 8));
            if (round % 4 == 0) /* the same bit of two words: the column sum does not see it */
                b = (uint32_t)((a + 32 * (1 + next_random() % (size / 4 - 1))) % (size * 8));
            if (a == b)
                continue;
            memcpy(damaged, page, size);
            damaged[a / 8] ^= (uint8_t)(1u << a % 8);
            damaged[b / 8] ^= (uint8_t)(1u << b % 8);
            uint8_t before[8192];
            memcpy(before, damaged, size);
            assert_int_equal(checksum_verify_page(damaged, size, 9, true).verdict, CHECKSUM_BAD);
            assert_true(memcmp(before, damaged, size) == 0);
        }
    }
}

static void each_block_of_a_large_page_repairs_its_own_bit(void **state)
{
    (void)state;
    static uint8_t page[32768], damaged[32768];
    make_page(page, sizeof page, 3);
    memcpy(damaged, page, sizeof page);
    for (uint32_t block = 0; block < 4; block++)
        damaged[block * 8192 + 1000 + block] ^= 4;
    assert_int_equal(checksum_verify_page(damaged, sizeof page, 3, false).verdict, CHECKSUM_REPAIRED);
    assert_int_equal(checksum_verify_page(damaged, sizeof page, 3, true).verdict, CHECKSUM_REPAIRED);
    assert_true(memcmp(page, damaged, sizeof page) == 0);
    damaged[9000] ^= 1;
    damaged[9001] ^= 1;
    assert_int_equal(checksum_verify_page(damaged, sizeof page, 3, true).verdict, CHECKSUM_BAD);
}

static void a_page_at_another_place_is_bad(void **state)
{
    (void)state;
    static uint8_t page[32768];
    for (uint32_t size = 2048; size <= sizeof page; size *= 2) {
        make_page(page, size, 100);
        assert_int_equal(checksum_verify_page(page, size, 101, true).verdict, CHECKSUM_BAD);
        assert_int_equal(checksum_verify_page(page, size, 100, true).verdict, CHECKSUM_OK);
    }
}

static void an_all_zero_page_is_zero(void **state)
{
    (void)state;
    static uint8_t page[32768];
    for (uint32_t size = 2048; size <= sizeof page; size *= 2)
        assert_int_equal(checksum_verify_page(page, size, 5, true).verdict, CHECKSUM_ZERO);
    assert_int_equal(checksum_verify_block(page, 4096, 5, true).verdict, CHECKSUM_ZERO);
    page[4000] = 1;
    assert_int_equal(checksum_verify_page(page, 4096, 5, true).verdict, CHECKSUM_BAD);
}

static void the_old_format_is_verified_and_not_repaired(void **state)
{
    (void)state;
    uint8_t page[4096];
    fill_random(page, sizeof page);
    store_le32(page + 36, PAGE_FLAG_LEAF);
    checksum_store_page(page, sizeof page, 12);
    assert_int_equal(load_le32(page + 4), 12);
    assert_int_equal(load_le32(page), checksum_header(page, sizeof page));
    struct checksum_result result = checksum_verify_page(page, sizeof page, 12, true);
    assert_true(result.is_old_format);
    assert_int_equal(result.verdict, CHECKSUM_OK);
    assert_int_equal(checksum_verify_page(page, sizeof page, 13, true).verdict, CHECKSUM_BAD);
    page[2000] ^= 8;
    result = checksum_verify_page(page, sizeof page, 12, true);
    assert_int_equal(result.verdict, CHECKSUM_BAD);
    assert_true(result.is_old_format);
}

static void log_segments_and_map_pages_repair_one_bit(void **state)
{
    (void)state;
    uint8_t block[8192], good[8192];
    for (size_t size = 4096; size <= sizeof block; size *= 2) {
        fill_random(block, size);
        store_le64(block, checksum_ecc(block, size, 17, true));
        memcpy(good, block, size);
        assert_int_equal(checksum_verify_block(block, size, 17, true).verdict, CHECKSUM_OK);
        assert_int_equal(checksum_verify_block(block, size, 18, true).verdict, CHECKSUM_BAD);
        for (uint32_t bit = 64; bit < size * 8; bit += 7) {
            block[bit / 8] ^= (uint8_t)(1u << bit % 8);
            struct checksum_result result = checksum_verify_block(block, size, 17, true);
            assert_int_equal(result.verdict, CHECKSUM_REPAIRED);
            assert_int_equal(result.repaired_bit, bit);
            assert_true(memcmp(block, good, size) == 0);
        }
        block[100] ^= 3;
        assert_int_equal(checksum_verify_block(block, size, 17, true).verdict, CHECKSUM_BAD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecc_sum_is_the_xor_of_the_numbers_of_all_set_bits),
        cmocka_unit_test(portable_and_vector_code_agree),
        cmocka_unit_test(header_sum_is_seed_xor_all_words_but_the_first),
        cmocka_unit_test(every_single_wrong_bit_of_a_4k_page_is_repaired),
        cmocka_unit_test(every_single_wrong_bit_of_other_page_sizes_is_repaired),
        cmocka_unit_test(two_wrong_bits_are_never_repaired),
        cmocka_unit_test(each_block_of_a_large_page_repairs_its_own_bit),
        cmocka_unit_test(a_page_at_another_place_is_bad),
        cmocka_unit_test(an_all_zero_page_is_zero),
        cmocka_unit_test(the_old_format_is_verified_and_not_repaired),
        cmocka_unit_test(log_segments_and_map_pages_repair_one_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
