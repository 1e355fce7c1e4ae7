/* SHA-256 (sha256.h). The constants are the first 32 bits of the fractional parts of the square (state) and cube (rounds) roots of the
 * first primes; they are computed here by integer roots instead of being listed. */
#include "sha256.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

/* floor(2^32 * frac(p^(1/degree))): the largest r with r^degree <= p * 2^(32*degree), less its whole part. */
static uint32_t root_fraction(uint32_t prime, int degree)
{
    uint64_t root = 0;
    for (int bit = 36; bit >= 0; bit--) {
        uint64_t r = root | 1ull << bit;
        unsigned __int128 square = (unsigned __int128)r * r;
        /* r < 2^37: the cube has less than 111 bits */
        unsigned __int128 power = degree == 2 ? square : square * r;
        if (power <= (unsigned __int128)prime << (32 * degree))
            root = r;
    }
    return (uint32_t)root;
}

static uint32_t next_prime(uint32_t p)
{
    for (p++;; p++) {
        uint32_t d = 2;
        while (d * d <= p && p % d != 0)
            d++;
        if (d * d > p)
            return p;
    }
}

static uint32_t rounds[64];

void test_sha256_begin(struct test_sha256 *s)
{
    uint32_t prime = 2;
    memset(s, 0, sizeof *s);
    for (int i = 0; i < 64; i++, prime = next_prime(prime)) {
        if (i < 8)
            s->state[i] = root_fraction(prime, 2);
        if (rounds[i] == 0)
            rounds[i] = root_fraction(prime, 3);
    }
}

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void add_block(struct test_sha256 *s, const uint8_t *block)
{
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = load_be32(block + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    memcpy(v, s->state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t one = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + rounds[i] + w[i];
        uint32_t two = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += one;
        v[0] = one + two;
    }
    for (int i = 0; i < 8; i++)
        s->state[i] += v[i];
}

void test_sha256_add(struct test_sha256 *s, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    while (size > 0) {
        size_t used = s->size % 64, part = 64 - used < size ? 64 - used : size;
        memcpy(s->block + used, bytes, part);
        s->size += part;
        bytes += part;
        size -= part;
        if (s->size % 64 == 0)
            add_block(s, s->block);
    }
}

void test_sha256_end(struct test_sha256 *s, char hex[65])
{
    static const uint8_t padding[64] = {0x80};
    uint8_t length[8];
    uint64_t bits = s->size * 8;
    store_be64(length, bits);
    test_sha256_add(s, padding, (119 - s->size % 64) % 64 + 1);
    test_sha256_add(s, length, sizeof length);
    for (int i = 0; i < 8; i++)
        snprintf(hex + 8 * i, 9, "%08x", s->state[i]);
}
