/* Names and numbers of locales, and the sort order of each (records-and-catalog 4.4).
 *
 * An index row names its locale ("en-US"; "" is the invariant one), old interfaces and formats number it (LCID). What Windows stores besides, the id of the sort order,
 * follows from the locale: most share one order. A fixed table (locales.def). Called by collation.c, catalog/, api/. No locks. */
#ifndef OPENESE_RECORD_LOCALE_H
#define OPENESE_RECORD_LOCALE_H

#include <stdint.h>

enum { LOCALE_ID_INVARIANT = 0x7F, LOCALE_ID_UNSPECIFIED = 0x1000, SORT_ID_SIZE = 16, SORT_ID_TEXT = 37 };

struct locale {
    const char *name;
    uint32_t id;   /* LCID; LOCALE_ID_UNSPECIFIED for one without a number */
    uint32_t sort; /* which sort order: the first part of its id */
};

/* By name, upper and lower case being the same; a neutral name ("de") is a locale of its own. NULL: there is no such locale. */
const struct locale *locale_by_name(const char *name);
/* By LCID: neutral ids stand for their usual country, the ids of a user's or a system's default for en-US. NULL: there is no such locale, or more than one. */
const struct locale *locale_by_id(uint32_t id);
/* The id of a sort order as the catalog stores it. */
void locale_sort_id(uint32_t sort, uint8_t out[SORT_ID_SIZE]);
/* As text, "00000001-57ee-1e5c-00b4-d0000bb1e11e". */
void locale_sort_id_format(const uint8_t id[SORT_ID_SIZE], char out[SORT_ID_TEXT]);

#endif
