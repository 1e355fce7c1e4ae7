/* SHA-256 (FIPS 180-4), for comparing large outputs with recorded digests in tests. */
#ifndef TESTS_LIB_SHA256_H
#define TESTS_LIB_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct test_sha256 {
    uint32_t state[8];
    uint64_t size;
    uint8_t block[64];
};
void test_sha256_begin(struct test_sha256 *s);
void test_sha256_add(struct test_sha256 *s, const void *data, size_t size);
/* Lower-case hexadecimal, closed by 0. */
void test_sha256_end(struct test_sha256 *s, char hex[65]);

#endif
