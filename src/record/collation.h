/* Collation: UTF-16 text to binary sort keys, as Windows' LCMapStringEx makes them (records-and-catalog 4.4).
 *
 *   primary weights | 01 | diacritic weights | 01 | case weights | 01 | extra | 01 | special (punctuation) | 00
 *
 * The weights come from a table file in the form of Wine's sortdefault.nls, looked for at $OPENESE_SORTDEFAULT (not in programs with other rights than their caller's), then at
 * /usr/share/wine/nls/sortdefault.nls. The file is read once, checked whole and never changes. Without it ICU can stand in (icu_orders.h): its keys sort by the
 * rules of language too, but are not Windows', and an index made of them says so by its sort id and version. Of one table, and the collations made from it, any number of
 * threads may make keys. Without either, Unicode keys are JET_errFeatureNotAvailable; everything else of an index still works.
 * With COLLATION_UPPERCASE the key is no sort key: the text in upper case, each unit most significant byte first, and a zero unit.
 * This is the only place that knows which weights are in use. Called by key.c; opened by the engine. No locks but that of icu_orders.h.
 */
#ifndef OPENESE_RECORD_COLLATION_H
#define OPENESE_RECORD_COLLATION_H

#include "base/bytes.h"
#include "base/error.h"
#include "os/file.h"

enum collation_flag { /* LCMapStringEx flags, as stored in the catalog's LCMapFlags */
    COLLATION_IGNORE_CASE = 0x1, COLLATION_IGNORE_NON_SPACE = 0x2, COLLATION_IGNORE_SYMBOLS = 0x4, COLLATION_DIGITS_AS_NUMBERS = 0x8,
    COLLATION_LINGUISTIC_IGNORE_CASE = 0x10, COLLATION_LINGUISTIC_IGNORE_DIACRITIC = 0x20, COLLATION_UPPERCASE = 0x200,
    COLLATION_SORT_KEY = 0x400, COLLATION_BYTE_REVERSED = 0x800, COLLATION_STRING_SORT = 0x1000, COLLATION_IGNORE_KANA = 0x10000, COLLATION_IGNORE_WIDTH = 0x20000,
    COLLATION_LINGUISTIC_CASING = 0x8000000
};
#define COLLATION_FLAGS_DEFAULT 0x00030401u

struct collation_table; /* the weights, or what stands in for them */
struct icu_order;

/* What keys are to be made with here: Windows' weights from the places above, else ICU. JET_errFeatureNotAvailable: neither is there (*out NULL). JET_errOutOfMemory. */
MUST_CHECK JET_ERR collation_table_find(struct os_fs *fs, struct collation_table **out);
/* ICU, through its module. JET_errFeatureNotAvailable: there is none. JET_errOutOfMemory. */
MUST_CHECK JET_ERR collation_table_of_icu(struct collation_table **out);
/* "ICU 72.1" when that stands in for Windows' weights; NULL when they are there. Lives as long as the table. */
const char *collation_table_stand_in(const struct collation_table *table);

/* Reads and checks the table of Windows' weights. path NULL: the places above. JET_errFeatureNotAvailable when there is none (and *out NULL),
 * JET_errFileCorruption-class errors are reported as JET_errFeatureNotAvailable too: a damaged table is no table. JET_errOutOfMemory. */
MUST_CHECK JET_ERR collation_table_open(struct os_fs *fs, const char *path, struct collation_table **out);
/* From bytes in memory (copied). */
MUST_CHECK JET_ERR collation_table_from_bytes(struct span bytes, struct collation_table **out);
/* Accepts NULL. No collation made from it may be in use. */
void collation_table_close(struct collation_table *table);
/* Version of Windows' weights in the form of the catalog's (NLS version << 32 | defined version). Of ICU each locale has one: collation_current. */
uint64_t collation_table_version(const struct collation_table *table);
/* The sort order a locale has with these weights: what an index made now is stamped with. locale NULL: en-US. JET_errFeatureNotAvailable: table is NULL, or ICU
 * has no order for the locale. JET_errInvalidLanguageId: no such locale. */
MUST_CHECK JET_ERR collation_current(const struct collation_table *table, const char *locale, uint8_t sort_id[16], uint64_t *version);
/* The flags an application may ask for (JET_errInvalidLCMapStringFlags otherwise). uppercase_allowed: LCMAP_UPPERCASE alone is, too (formats from update 50 on). */
MUST_CHECK JET_ERR collation_check_flags(uint32_t flags, bool uppercase_allowed);

/* What an index that was built with another sort order is worth. */
enum collation_state {
    COLLATION_GOOD,        /* its keys are those of today */
    COLLATION_OUT_OF_DATE, /* they are not promised to be, but new ones can be made that fit */
    COLLATION_UNUSABLE     /* they cannot be made */
};
enum collation_state collation_state_of(const struct collation_table *table, const char *locale, const uint8_t sort_id[16], uint64_t sort_version, uint32_t flags);
/* Do the orders agree, as far as the original engine knows? */
bool collation_versions_agree(uint64_t created, uint64_t current);

/* The rules of one index: a small value that points into its table. */
struct collation {
    const struct collation_table *table;
    uint32_t flags;
    uint32_t sort; /* entry of the table's sort ids */
    const struct icu_order *icu; /* owned by the table; NULL with Windows' weights */
};
/* locale: BCP-47 name such as "en-US", or NULL or "" (then lcid; 0 = invariant). sort_id: 16 bytes as stored in the catalog, or NULL or all zero
 * (then the locale decides). sort_version: what the index was built with, 0 = unknown. table NULL, flags that no keys are made for, or a table of
 * another major version: JET_errFeatureNotAvailable. With ICU so is any index that was not stamped with just the order that ICU has now. A locale not known: JET_errInvalidLanguageId. */
MUST_CHECK JET_ERR collation_open(const struct collation_table *table, const char *locale, uint32_t lcid, const uint8_t *sort_id,
                                  uint64_t sort_version, uint32_t flags, struct collation *out);

/* The sort key of text (UTF-16LE bytes, need not be aligned; an odd last byte is dropped), cut at room. *size = bytes written,
 * *is_cut (may be NULL) = there was more. JET_errOutOfMemory. */
MUST_CHECK JET_ERR collation_sort_key(const struct collation *collation, struct span text, uint8_t *out, uint32_t room, uint32_t *size,
                                      bool *is_cut);

#endif
