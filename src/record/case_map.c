/* Upper case (case_map.h). */
#include "record/case_map.h"

enum {
    HEADER_UNITS = 2, PAGES = 256, HIGH_PAGES = 1024, SURROGATE_HIGH = 0xD800, SURROGATE_LOW = 0xDC00, SURROGATE_END = 0xE000, SURROGATE_BITS = 10,
    PLANE_1 = 0x10000, CHARACTER_MOST = 0x10FFFF
};

static uint32_t value_at(const struct case_map *map, uint32_t i) { return i < map->count ? load_le16(map->units + 2 * (size_t)i) : 0; }

void case_map_init(struct case_map *map, struct span bytes)
{
    *map = (struct case_map){.units = NULL};
    uint32_t count = bytes.size / 2;
    if (count < HEADER_UNITS + PAGES || load_le16(bytes.data + 2) < HEADER_UNITS + PAGES || load_le16(bytes.data + 2) > count - HEADER_UNITS)
        return;
    map->units = bytes.data + 2 * HEADER_UNITS;
    map->count = load_le16(bytes.data + 2); /* of the map alone: a place past it belongs to the other */
}

static bool has_high_planes(const struct case_map *map) { return value_at(map, 0) >= PAGES + HIGH_PAGES; }

static uint16_t upper_unit(const struct case_map *map, uint32_t unit)
{
    return (uint16_t)(unit + value_at(map, value_at(map, value_at(map, unit >> 8) + (unit >> 4 & 0xF)) + (unit & 0xF)));
}

static uint32_t upper_pair(const struct case_map *map, uint32_t high, uint32_t low)
{
    uint32_t at = value_at(map, value_at(map, PAGES + high) + (low >> 5)) + 2 * (low & 0x1F);
    uint32_t character = PLANE_1 + (high << SURROGATE_BITS) + low, upper = character + (value_at(map, at) | value_at(map, at + 1) << 16);
    return upper <= CHARACTER_MOST ? upper : character;
}

uint32_t case_map_upper(const struct case_map *map, struct span text, uint32_t at, uint16_t out[2], uint32_t *taken)
{
    uint32_t unit = load_le16(text.data + 2 * (size_t)at), next = at + 1 < text.size / 2 ? load_le16(text.data + 2 * (size_t)at + 2) : 0;
    *taken = 1;
    if (!has_high_planes(map) || unit < SURROGATE_HIGH || unit >= SURROGATE_LOW || next < SURROGATE_LOW || next >= SURROGATE_END) {
        out[0] = upper_unit(map, unit);
        return 1;
    }
    *taken = 2;
    uint32_t upper = upper_pair(map, unit - SURROGATE_HIGH, next - SURROGATE_LOW);
    if (upper < PLANE_1) {
        out[0] = (uint16_t)upper;
        return 1;
    }
    upper -= PLANE_1;
    out[0] = (uint16_t)(SURROGATE_HIGH + (upper >> SURROGATE_BITS));
    out[1] = (uint16_t)(SURROGATE_LOW + (upper & ((1 << SURROGATE_BITS) - 1)));
    return 2;
}
