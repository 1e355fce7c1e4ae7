/* A checkpoint copy from anywhere: decoded, its list read, and encoded again to a copy that decodes alike. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/checkpoint.h"
#include "format/checksum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[CHECKPOINT_COPY_SIZE], again[CHECKPOINT_COPY_SIZE];
    struct checkpoint c, d;
    struct attach_info info;
    uint32_t offset = 0;
    bool at_end = false;
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, data, size < sizeof bytes ? size : sizeof bytes);
    if (checkpoint_decode(bytes, &c) < 0) {
        store_le32(bytes, checksum_header(bytes, sizeof bytes));
        if (checkpoint_decode(bytes, &c) < 0)
            return 0;
    }
    while (!at_end && attach_info_decode(c.attach_list, ATTACH_LIST_SIZE, &offset, &info, &at_end) >= 0)
        ;
    checkpoint_encode(&c, again);
    if (checkpoint_decode(again, &d) < 0 || d.lgpos_checkpoint != c.lgpos_checkpoint || memcmp(d.attach_list, c.attach_list, ATTACH_LIST_SIZE) != 0)
        abort();
    return 0;
}
