/* A row of a temporary table: one block of bytes, the same in memory and in a spill file.
 *
 *   struct temp_row | struct temp_row_value * value_count, by column and then in the order of the values | key | the values' bytes | up to 8
 *
 * Made and ordered by temp_table.c; temp_sorter.c and temp_chunks.c carry it about. A row out of a file is checked by temp_row_is_sound before anything of it is used.
 */
#ifndef OPENESE_CURSOR_TEMP_ROW_H
#define OPENESE_CURSOR_TEMP_ROW_H

#include <stdbool.h>

#include "base/bytes.h"

struct temp_row_value {
    uint32_t column_id, end; /* of its bytes, counted from the start of the row; they begin where those of the value before end */
};
struct temp_row {
    uint64_t number;    /* order of insertion */
    uint32_t size;      /* of the whole block, a multiple of 8 */
    uint16_t key_size, value_count;
    struct temp_row_value values[];
};

enum { TEMP_ROW_SIZE_MAX = INT32_MAX - 7, TEMP_ROW_VALUES_MAX = UINT16_MAX };

static inline uint32_t temp_row_round(uint32_t size) { return (size + 7) & ~7u; }
static inline uint32_t temp_row_key_offset(const struct temp_row *row) { return (uint32_t)(sizeof *row + row->value_count * sizeof *row->values); }
static inline struct span temp_row_key(const struct temp_row *row) { return span_of((const uint8_t *)row + temp_row_key_offset(row), row->key_size); }

/* Value i < value_count of all. */
static inline struct span temp_row_value_at(const struct temp_row *row, uint32_t i)
{
    uint32_t start = i > 0 ? row->values[i - 1].end : temp_row_key_offset(row) + row->key_size;
    return span_of((const uint8_t *)row + start, row->values[i].end - start);
}

/* Value `sequence` (1..) of a column; data NULL: null. */
static inline struct span temp_row_get(const struct temp_row *row, uint32_t column_id, uint32_t sequence)
{
    for (uint32_t i = 0; i < row->value_count; i++)
        if (row->values[i].column_id == column_id && --sequence == 0)
            return temp_row_value_at(row, i);
    return (struct span){NULL, 0};
}

static inline uint32_t temp_row_count(const struct temp_row *row, uint32_t column_id)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < row->value_count; i++)
        n += row->values[i].column_id == column_id;
    return n;
}

/* The first bytes of a key as a number that compares as they do: most comparisons need no more. */
static inline uint64_t temp_key_prefix(struct span key)
{
    uint8_t bytes[8] = {0};
    if (key.size >= sizeof bytes)
        return load_be64(key.data);
    if (key.size > 0)
        memcpy(bytes, key.data, key.size);
    return load_be64(bytes);
}

/* Do all parts of the row lie within its size, and that within room bytes? */
bool temp_row_is_sound(const struct temp_row *row, size_t room);

#endif
