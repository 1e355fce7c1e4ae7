/* Locale ids of the older interfaces, and the names that stand for them in the catalog. */
#ifndef OPENESE_API_LOCALE_IDS_H
#define OPENESE_API_LOCALE_IDS_H

#include <stdint.h>

enum { LOCALE_ID_INVARIANT = 0x7F, LOCALE_ID_UNSPECIFIED = 0x1000 };

/* NULL when there is no such locale. */
const char *locale_name_of_id(uint32_t id);
/* LOCALE_ID_UNSPECIFIED for a name that has no number. Upper and lower case are the same. */
uint32_t locale_id_of_name(const char *name);

#endif
