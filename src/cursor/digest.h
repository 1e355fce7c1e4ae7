/* SHA-256 (FIPS 180-4), to name long values in dumps. Pure function. */
#ifndef OPENESE_CURSOR_DIGEST_H
#define OPENESE_CURSOR_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest {
    uint32_t state[8];
    uint64_t size;
    uint8_t block[64];
};
void digest_init(struct digest *s);
void digest_add(struct digest *s, const void *data, size_t size);
void digest_finish(struct digest *s, uint8_t out[32]);

#endif
