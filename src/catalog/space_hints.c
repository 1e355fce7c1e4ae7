/* Space hints: what an application says about how a tree will grow, as the catalog stores it (records-and-catalog 6.6).
 *
 *   u8 version 1 | u32 density | u32 initial bytes | u32 grbit | u32 maintenance density | u32 growth % | u32 min extent bytes | u32 max extent bytes
 *
 * A table's hints begin at grbit, an index's at initial bytes, those of long values at density; trailing zeros are cut. Pure functions. */
#include "catalog/internal.h"

enum { HINTS_VERSION = 1, DENSITY_LEAST = 20, DENSITY_MOST = 100, DENSITY_DEFAULT = 80, FIELDS = 7 };
#define HINT_SCAN_FORWARD 0x10u
#define HINT_SCAN_BACKWARD 0x20u

/* Bits that mean nothing to us are refused as the original engine does. */
#define HINTS_GRBITS_KNOWN 0x3FFu

static JET_ERR round_to_pages(uint32_t bytes, uint32_t page_size, uint32_t *out)
{
    JET_ERR err = JET_errSuccess;
    if (bytes > INT32_MAX - page_size)
        RAISE(JET_errSpaceHintsInvalid);
    *out = (bytes + page_size - 1) / page_size * page_size;
done:
    return err;
}

static bool density_is_valid(uint32_t density) { return density >= DENSITY_LEAST && density <= DENSITY_MOST; }

JET_ERR space_hints_check(const struct space_hints_definition *definition, uint32_t page_size, uint32_t default_density, struct space_hints *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t initial = 0;
    *out = (struct space_hints){.density = default_density != 0 ? default_density : DENSITY_DEFAULT};
    if (definition != NULL) {
        if (definition->initial_density != 0)
            out->density = definition->initial_density;
        out->grbit = definition->grbit;
        out->maintenance_density = definition->maintenance_density;
        out->growth = definition->growth;
        TRY(round_to_pages(definition->initial_bytes, page_size, &initial));
        TRY(round_to_pages(definition->min_extent_bytes, page_size, &out->min_extent_bytes));
        TRY(round_to_pages(definition->max_extent_bytes, page_size, &out->max_extent_bytes));
        out->initial_pages = initial / page_size;
    }
    if (!density_is_valid(out->density) || (out->maintenance_density != 0 && !density_is_valid(out->maintenance_density)))
        RAISE(JET_errDensityInvalid);
    if ((out->grbit & ~HINTS_GRBITS_KNOWN) != 0)
        RAISE(JET_errInvalidGrbit);
    if ((out->grbit & HINT_SCAN_FORWARD) != 0 && (out->grbit & HINT_SCAN_BACKWARD) != 0)
        RAISE(JET_errSpaceHintsInvalid);
    if (out->max_extent_bytes != 0 && out->min_extent_bytes > out->max_extent_bytes)
        RAISE(JET_errSpaceHintsInvalid);
done:
    return err;
}

struct span space_hints_encode(const struct space_hints *hints, enum space_hints_form form, uint32_t page_size, uint8_t room[SPACE_HINTS_MOST])
{
    /* one page is the default and stored as 0 */
    const uint32_t fields[FIELDS] = {hints->density, hints->initial_pages > 1 ? hints->initial_pages * page_size : 0, hints->grbit, hints->maintenance_density,
                                     hints->growth, hints->min_extent_bytes, hints->max_extent_bytes};
    uint32_t first = form == SPACE_HINTS_TABLE ? 2 : form == SPACE_HINTS_INDEX ? 1 : 0, end = FIELDS;
    while (end > first && fields[end - 1] == 0)
        end--;
    if (end == first)
        return (struct span){NULL, 0};
    room[0] = HINTS_VERSION;
    for (uint32_t i = first; i < end; i++)
        store_le32(room + 1 + 4 * (i - first), fields[i]);
    return span_of(room, 1 + 4 * (end - first));
}

static uint32_t field(struct span encoded, uint32_t i)
{
    return encoded.size >= 1 + 4 * (i + 1) && encoded.data[0] == HINTS_VERSION ? load_le32(encoded.data + 1 + 4 * i) : 0;
}

uint32_t space_hints_initial_pages(struct span encoded, enum space_hints_form form, uint32_t page_size)
{
    uint32_t bytes = form == SPACE_HINTS_LONG_VALUES ? field(encoded, 1) : form == SPACE_HINTS_INDEX ? field(encoded, 0) : 0;
    return bytes / page_size > 1 ? bytes / page_size : 1;
}

uint32_t space_hints_density(struct span encoded) { return field(encoded, 0); }
