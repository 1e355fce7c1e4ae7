/* See logical_sum.h. A rotating sum over the header without what may differ, then over each line and its flags (offsets: database-file 4.1, 4.3). */
#include "format/logical_sum.h"

#include "base/bytes.h"
#include "format/page.h"

enum {
    HEADER_CHECKSUM = 0, HEADER_FREE = 28, HEADER_FREE_END = 34, /* two free counts and the first free offset */
    HEADER_FLAGS = 36, HEADER_MORE_CHECKSUMS = 40, HEADER_MORE_CHECKSUMS_END = 64, HEADER_RESERVED = 68,
    RESERVED_TAGS_SHIFT = 12, RESERVED_TAGS_MASK = 7,
    FLAG_FDP_DELETE = 0x40000,
    TAG_SIZE = 4, LENGTH_SIZE = 2, NODE_FLAGS_SHIFT = 13, ROTATION = 6
};

static uint64_t add(uint64_t sum, uint64_t value) { return (sum << ROTATION | sum >> (64 - ROTATION)) + value; }

static uint64_t add_bytes(uint64_t sum, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        sum = add(sum, bytes[i]);
    return sum;
}

static uint64_t sum_of_header(const uint8_t *bytes, uint32_t size)
{
    uint8_t header[PAGE_HEADER_LARGE];
    uint32_t header_size = page_header_size(size);
    memcpy(header, bytes, header_size);
    memset(header + HEADER_CHECKSUM, 0, 8);
    memset(header + HEADER_FREE, 0, HEADER_FREE_END - HEADER_FREE);
    /* One reserved tag is what older formats mean by none. */
    uint16_t tags = load_le16(header + PAGE_TAG_STATE_OFFSET);
    if ((tags >> RESERVED_TAGS_SHIFT & RESERVED_TAGS_MASK) <= 1)
        tags &= PAGE_TAG_COUNT_MASK;
    store_le16(header + PAGE_TAG_STATE_OFFSET, (uint16_t)(tags & (RESERVED_TAGS_MASK << RESERVED_TAGS_SHIFT | PAGE_TAG_COUNT_MASK)));
    store_le32(header + HEADER_FLAGS, load_le32(header + HEADER_FLAGS) & ~(uint32_t)(PAGE_FLAG_FLUSH_TYPE | PAGE_FLAG_NEW_CHECKSUM | FLAG_FDP_DELETE));
    if (page_is_large(size)) {
        memset(header + HEADER_MORE_CHECKSUMS, 0, HEADER_MORE_CHECKSUMS_END - HEADER_MORE_CHECKSUMS);
        memset(header + HEADER_RESERVED, 0, PAGE_HEADER_LARGE - HEADER_RESERVED);
    }
    return add_bytes(0, header, header_size);
}

/* A line of the page, and the flags that stand in its tag or in its first word. */
static uint64_t add_line(uint64_t sum, const uint8_t *bytes, uint32_t size, uint32_t tag)
{
    const uint8_t *at = bytes + size - (tag + 1) * TAG_SIZE;
    uint32_t header_size = page_header_size(size), mask = page_is_large(size) ? PAGE_TAG_LARGE_MASK : PAGE_TAG_SMALL_MASK;
    uint32_t length = load_le16(at) & mask, offset = load_le16(at + 2) & mask;
    if (length >= LENGTH_SIZE && offset + length > size - header_size)
        return sum;
    const uint8_t *line = bytes + header_size + offset;
    uint32_t flags = !page_is_large(size) ? load_le16(at + 2) >> NODE_FLAGS_SHIFT : length >= LENGTH_SIZE ? load_le16(line) >> NODE_FLAGS_SHIFT : 0;
    if (length >= LENGTH_SIZE && (flags & NODE_FLAG_DELETED) == 0) {
        uint8_t length_bytes[LENGTH_SIZE];
        store_le16(length_bytes, (uint16_t)length);
        sum = add_bytes(add_bytes(sum, length_bytes, LENGTH_SIZE), line + LENGTH_SIZE, length - LENGTH_SIZE);
    }
    return add(sum, flags & ~(uint32_t)NODE_FLAG_VERSIONED);
}

uint64_t page_logical_sum(const uint8_t *bytes, uint32_t size)
{
    uint64_t sum = sum_of_header(bytes, size);
    uint32_t tags = load_le16(bytes + PAGE_TAG_STATE_OFFSET) & PAGE_TAG_COUNT_MASK, room = (size - page_header_size(size)) / TAG_SIZE;
    for (uint32_t i = 0; i < tags && i < room; i++)
        sum = add_line(sum, bytes, size, i);
    return sum;
}
