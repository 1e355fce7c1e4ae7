/* Upper case as Windows' weight file has it (collation.c shows the file): a character for a character, the same in every locale.
 *
 *   | unit    | content                                                                                                                       |
 *   |---------|-------------------------------------------------------------------------------------------------------------------------------|
 *   | 0, 1    | a version; units of the map to upper case, behind which is that to lower case                                                 |
 *   | 2       | 256 places, by the high byte of a character; of 16 places each, by the next four bits; of 16 distances each, by the last four |
 *   | 2 + 256 | of a file with the high planes 1024 places, by the first surrogate; of 32 places each; of 32 distances each, u32              |
 *
 * Every place is read with its bounds checked: beyond the table is a distance of 0. Called by collation.c and collation_key.c. No locks. */
#ifndef OPENESE_RECORD_CASE_MAP_H
#define OPENESE_RECORD_CASE_MAP_H

#include "base/bytes.h"

struct case_map {
    const uint8_t *units; /* the map to upper case */
    uint32_t count;
};
/* bytes: from the start of the case maps to their end. units is NULL when there is no map. */
void case_map_init(struct case_map *map, struct span bytes);
/* The upper case of the character at unit `at` of UTF-16LE text, one unit or two, in out; *taken: units it had. Returns the units written. An unpaired surrogate is itself. */
uint32_t case_map_upper(const struct case_map *map, struct span text, uint32_t at, uint16_t out[2], uint32_t *taken);

#endif
