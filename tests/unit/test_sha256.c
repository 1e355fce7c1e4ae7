/* SHA-256 against the examples of FIPS 180-4, whole and in pieces of every size; hexadecimal digits. */
#include "cmocka_all.h"

#include <string.h>

#include "base/text.h"
#include "expectations.h"

static void the_examples_of_the_standard_have_their_digests(void **state)
{
    (void)state;
    static const struct {
        const char *text, *digest;
    } examples[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char digest[2 * SHA256_SIZE + 1];
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        sha256_text(examples[i].text, strlen(examples[i].text), digest);
        assert_string_equal(digest, examples[i].digest);
    }
}

static void a_million_bytes_have_their_digest_in_pieces_of_any_size(void **state)
{
    (void)state;
    static char bytes[1000000];
    memset(bytes, 'a', sizeof bytes);
    for (size_t piece = 1; piece <= sizeof bytes; piece = 3 * piece + 1) {
        struct sha256 s;
        char digest[2 * SHA256_SIZE + 1];
        sha256_init(&s);
        for (size_t at = 0; at < sizeof bytes; at += piece)
            sha256_add(&s, bytes + at, sizeof bytes - at < piece ? sizeof bytes - at : piece);
        sha256_finish_text(&s, digest);
        assert_string_equal(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

/* Where the padding takes one block and where two. */
static void every_length_around_a_block_gives_one_digest_whole_and_in_two_parts(void **state)
{
    (void)state;
    uint8_t bytes[130];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(31 * i);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        char whole[2 * SHA256_SIZE + 1], parts[2 * SHA256_SIZE + 1];
        struct sha256 s;
        sha256_text(bytes, size, whole);
        sha256_init(&s);
        sha256_add(&s, bytes, size / 2);
        sha256_add(&s, bytes + size / 2, size - size / 2);
        sha256_finish_text(&s, parts);
        assert_string_equal(whole, parts);
    }
}

/* Pieces from 4096 bytes on may take another way than small ones. */
static void large_pieces_and_small_ones_give_one_digest(void **state)
{
    (void)state;
    static uint8_t bytes[3 * 4096 + 77];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i >> 5);
    for (size_t first = 0; first < 130; first++) {
        char large[2 * SHA256_SIZE + 1], small[2 * SHA256_SIZE + 1];
        struct sha256 s;
        sha256_init(&s);
        sha256_add(&s, bytes, first);
        sha256_add(&s, bytes + first, sizeof bytes - first);
        sha256_finish_text(&s, large);
        sha256_init(&s);
        for (size_t at = 0; at < sizeof bytes; at += 1000)
            sha256_add(&s, bytes + at, sizeof bytes - at < 1000 ? sizeof bytes - at : 1000);
        sha256_finish_text(&s, small);
        assert_string_equal(large, small);
    }
}

static void bytes_become_two_lower_case_digits_each(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x7f, 0x80, 0xab, 0xff};
    char text[11] = "..........";
    hex_encode(span_of(bytes, sizeof bytes), text);
    assert_string_equal(text, "007f80abff");
    hex_encode(span_of(bytes, 0), text);
    assert_string_equal(text, "007f80abff");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_have_their_digests),
        cmocka_unit_test(a_million_bytes_have_their_digest_in_pieces_of_any_size),
        cmocka_unit_test(every_length_around_a_block_gives_one_digest_whole_and_in_two_parts),
        cmocka_unit_test(large_pieces_and_small_ones_give_one_digest),
        cmocka_unit_test(bytes_become_two_lower_case_digits_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
