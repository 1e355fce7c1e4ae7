/* A log file from anywhere: header, segments, every record, attachment list. No input may crash, hang or read outside. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/log_record.h"
#include "format/log_segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fuzzer does not find checksums: each segment is made valid for its place unless its first byte says otherwise. */
static void make_valid(uint8_t *image, uint32_t sectors, uint32_t generation)
{
    for (uint32_t i = 1; i < sectors; i++) {
        uint8_t *s = image + (size_t)i * LOG_SEGMENT_SIZE;
        if ((s[0] & 3) == 0)
            continue;
        store_le64(s + 8, lgpos_make(generation, i, 0));
        log_segment_seal(s, i);
    }
}

static void walk(const uint8_t *image, uint32_t generation, const struct log_scan *scan, lgpos_t start)
{
    struct log_walk w;
    struct log_record_ref ref;
    struct log_record record;
    lgpos_t last = 0;
    log_walk_begin(&w, image, generation, scan->last_segment, start);
    while (log_walk_next(&w, &ref) >= 0) {
        if (ref.position <= last)
            abort(); /* positions rise, so the walk ends */
        last = ref.position;
        if (log_record_decode(ref.bytes, &record) >= 0 && record.size != ref.bytes.size)
            abort();
    }
    log_walk_end(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t sectors = (uint32_t)(size / LOG_SEGMENT_SIZE);
    struct log_header header;
    struct log_scan scan;
    struct attach_info info;
    uint32_t offset = 0;
    bool at_end = false;
    if (sectors < LOG_SECTORS_MIN || sectors > 64)
        return 0;
    uint8_t *image = (uint8_t *)malloc((size_t)sectors * LOG_SEGMENT_SIZE);
    if (image == NULL)
        return 0;
    memcpy(image, data, (size_t)sectors * LOG_SEGMENT_SIZE);
    int verdict = log_header_check(image, size);
    log_header_decode(image, &header);
    if (verdict >= 0 && header.file_sectors != sectors)
        abort();
    while (!at_end && attach_info_decode(header.attach_list, ATTACH_LIST_SIZE, &offset, &info, &at_end) >= 0)
        ;
    log_segments_scan(image, sectors, header.generation, &scan);
    walk(image, header.generation, &scan, 0);
    make_valid(image, sectors, header.generation);
    log_segments_scan(image, sectors, header.generation, &scan);
    walk(image, header.generation, &scan, 0);
    walk(image, header.generation, &scan, header.checkpoint);
    free(image);
    return 0;
}
