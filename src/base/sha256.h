/* SHA-256 (FIPS 180-4): names large values in dumps, which tests compare with recorded digests, and the files of backup sets. Pure functions of
 * their arguments. */
#ifndef OPENESE_BASE_SHA256_H
#define OPENESE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32 };

struct sha256 {
    uint32_t state[8];
    uint64_t size;
    uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t size);
/* s can be used again only after sha256_init. */
void sha256_finish(struct sha256 *s, uint8_t out[SHA256_SIZE]);

#endif
