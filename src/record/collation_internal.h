/* The table of weights as collation.c has checked it, for collation_key.c, which reads it. Private to these two. */
#ifndef OPENESE_RECORD_COLLATION_INTERNAL_H
#define OPENESE_RECORD_COLLATION_INTERNAL_H

#include "record/case_map.h"
#include "record/collation.h"

enum { SORT_ENTRY_SIZE = 36, COMPRESSION_ENTRY_SIZE = 24, COMPRESSION_LENGTHS = 8 };
enum { SORT_THREE_BYTE_WEIGHTS = 0x1, SORT_REVERSE_DIACRITICS = 0x10, SORT_DOUBLE_COMPRESSION = 0x20, SORT_INVERSE_CASING = 0x40 };
#define NO_COMPRESSION 0xFFFFFFFFu

struct collation_table {
    struct icu_orders *icu; /* not NULL: nothing else is */
    uint8_t *bytes;
    uint32_t size;
    const uint8_t *weights;
    uint32_t weight_count;
    uint32_t version;
    const uint8_t *sorts;
    uint32_t sort_count;
    const uint8_t *expansions;
    uint32_t expansion_count;
    const uint8_t *compressions;
    uint32_t compression_count;
    const uint8_t *compression_data;
    uint32_t compression_units; /* u16 behind compression_data */
    const uint8_t *letters; /* of Hangul (hangul.h), or NULL */
    struct case_map upper;
};

/* Units of an entry of `length` characters: these, padded to an even number, and the weight. */
static inline uint32_t compression_entry_units(uint32_t length) { return length + (length & 1) + 2; }

static inline const uint8_t *sort_entry(const struct collation *c) { return c->table->sorts + c->sort * SORT_ENTRY_SIZE; }

/* collation_sort_key, for Windows' weights: a sort key, or upper case. */
MUST_CHECK JET_ERR weights_sort_key(const struct collation *collation, struct span text, uint8_t *out, uint32_t room, uint32_t *size, bool *is_cut);
void weights_upper_case_key(const struct collation *collation, struct span text, uint8_t *out, uint32_t room, uint32_t *size, bool *is_cut);

#endif
