/* Compressed values: any bytes expand within their declared size or fail; a prefix agrees with the whole; what is compressed comes back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/compression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expand(struct span stored)
{
    uint32_t plain_size, written, part_written;
    if (compression_plain_size(stored, &plain_size) < 0 || plain_size > 1 << 20)
        return;
    uint8_t *whole = (uint8_t *)malloc(plain_size + 1u), *part = (uint8_t *)malloc(plain_size / 2 + 1u);
    if (whole == NULL || part == NULL)
        abort();
    JET_ERR err = compression_expand(stored, whole, plain_size, &written);
    if (err >= 0 && written != plain_size)
        abort();
    JET_ERR part_err = compression_expand(stored, part, plain_size / 2, &part_written);
    if (err >= 0 && (part_err < 0 || part_written != plain_size / 2 || memcmp(part, whole, part_written) != 0))
        abort();
    free(part);
    free(whole);
}

static void round_trip(struct span plain)
{
    uint32_t stored_size, written;
    uint8_t *stored = (uint8_t *)malloc(plain.size + 1u), *back = (uint8_t *)malloc(plain.size + 1u);
    if (stored == NULL || back == NULL)
        abort();
    if (compression_shrink(plain, 0, stored, &stored_size) >= 0 && stored_size > 0) {
        if (stored_size >= plain.size || compression_expand(span_of(stored, stored_size), back, plain.size, &written) < 0 ||
            written != plain.size || memcmp(back, plain.data, plain.size) != 0)
            abort();
    }
    free(back);
    free(stored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 16)
        return 0;
    expand(span_of(data, (uint32_t)size));
    round_trip(span_of(data + 1, (uint32_t)size - 1));
    return 0;
}
