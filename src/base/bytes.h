/* Integers in byte buffers, by offset and byte order; spans of bytes; rounding and bits.
 *
 * On-disk structures are never overlaid by C structs: each field is loaded from its offset with these. */
#ifndef OPENESE_BASE_BYTES_H
#define OPENESE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes somebody else owns. */
struct span {
    const uint8_t *data;
    uint32_t size;
};

static inline struct span span_of(const void *data, uint32_t size) { return (struct span){(const uint8_t *)data, size}; }

/* Unsigned byte order, a prefix sorts first: the order of every key in the format. <0, 0, >0. */
static inline int span_compare(struct span a, struct span b)
{
    uint32_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static inline bool span_equal(struct span a, struct span b) { return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0); }

static inline uint16_t load_le16(const void *p) { uint16_t v; memcpy(&v, p, sizeof v); return v; }
static inline uint32_t load_le32(const void *p) { uint32_t v; memcpy(&v, p, sizeof v); return v; }
static inline uint64_t load_le64(const void *p) { uint64_t v; memcpy(&v, p, sizeof v); return v; }
static inline uint16_t load_be16(const void *p) { return __builtin_bswap16(load_le16(p)); }
static inline uint32_t load_be32(const void *p) { return __builtin_bswap32(load_le32(p)); }
static inline uint64_t load_be64(const void *p) { return __builtin_bswap64(load_le64(p)); }
static inline void store_le16(void *p, uint16_t v) { memcpy(p, &v, sizeof v); }
static inline void store_le32(void *p, uint32_t v) { memcpy(p, &v, sizeof v); }
static inline void store_le64(void *p, uint64_t v) { memcpy(p, &v, sizeof v); }
static inline void store_be16(void *p, uint16_t v) { store_le16(p, __builtin_bswap16(v)); }
static inline void store_be32(void *p, uint32_t v) { store_le32(p, __builtin_bswap32(v)); }
static inline void store_be64(void *p, uint64_t v) { store_le64(p, __builtin_bswap64(v)); }

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the load_le family assumes a little-endian machine");

/* memcpy for bytes of which there are usually few. They do not overlap. */
static inline void copy_few(void *to, const void *from, size_t size)
{
    if (size > 32 || size < 4) {
        if (size > 0)
            memcpy(to, from, size);
    } else if (size > 16) {
        uint8_t first[16], last[16];
        memcpy(first, from, sizeof first);
        memcpy(last, (const uint8_t *)from + size - sizeof last, sizeof last);
        memcpy(to, first, sizeof first);
        memcpy((uint8_t *)to + size - sizeof last, last, sizeof last);
    } else if (size >= 8) { /* two halves that may share bytes */
        uint64_t first = load_le64(from), last = load_le64((const uint8_t *)from + size - 8);
        store_le64(to, first);
        store_le64((uint8_t *)to + size - 8, last);
    } else {
        uint32_t first = load_le32(from), last = load_le32((const uint8_t *)from + size - 4);
        store_le32(to, first);
        store_le32((uint8_t *)to + size - 4, last);
    }
}

static inline bool is_all_zero(const void *p, size_t size)
{
    const uint8_t *b = (const uint8_t *)p;
    return size == 0 || (b[0] == 0 && memcmp(b, b + 1, size - 1) == 0);
}

/* offset + size <= limit without overflow. */
static inline bool range_within(uint64_t offset, uint64_t size, uint64_t limit) { return offset <= limit && size <= limit - offset; }

#endif
