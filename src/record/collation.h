/* Collation: UTF-16 text to binary sort keys, as Windows' LCMapStringEx makes them (records-and-catalog 4.4).
 *
 *   primary weights | 01 | diacritic weights | 01 | case weights | 01 | extra | 01 | special (punctuation) | 00
 *
 * The weights come from a table file in the form of Wine's sortdefault.nls, looked for at $OPENESE_SORTDEFAULT, then at
 * /usr/share/wine/nls/sortdefault.nls. The file is read once, checked whole and never changes: a table and the collations made from it may
 * be used by any number of threads. Without it, Unicode keys are JET_errFeatureNotAvailable; everything else of an index still works.
 * This is the only place that knows which weights are in use. Called by key.c; opened by the engine. No locks.
 */
#ifndef OPENESE_RECORD_COLLATION_H
#define OPENESE_RECORD_COLLATION_H

#include "base/bytes.h"
#include "base/error.h"
#include "os/file.h"

enum collation_flag { /* LCMapStringEx flags, as stored in the catalog's LCMapFlags */
    COLLATION_IGNORE_CASE = 0x1, COLLATION_IGNORE_NON_SPACE = 0x2, COLLATION_IGNORE_SYMBOLS = 0x4, COLLATION_DIGITS_AS_NUMBERS = 0x8,
    COLLATION_LINGUISTIC_IGNORE_CASE = 0x10, COLLATION_LINGUISTIC_IGNORE_DIACRITIC = 0x20, COLLATION_UPPERCASE = 0x200,
    COLLATION_SORT_KEY = 0x400, COLLATION_STRING_SORT = 0x1000, COLLATION_IGNORE_KANA = 0x10000, COLLATION_IGNORE_WIDTH = 0x20000,
    COLLATION_LINGUISTIC_CASING = 0x8000000
};
#define COLLATION_FLAGS_DEFAULT 0x00030401u

struct collation_table; /* the weights */

/* Reads and checks the table. path NULL: the places above. JET_errFeatureNotAvailable when there is none (and *out NULL),
 * JET_errFileCorruption-class errors are reported as JET_errFeatureNotAvailable too: a damaged table is no table. JET_errOutOfMemory. */
MUST_CHECK JET_ERR collation_table_open(struct os_fs *fs, const char *path, struct collation_table **out);
/* From bytes in memory (copied). */
MUST_CHECK JET_ERR collation_table_from_bytes(struct span bytes, struct collation_table **out);
/* Accepts NULL. No collation made from it may be in use. */
void collation_table_close(struct collation_table *table);
/* Version of the weights in the form of the catalog's (NLS version << 32 | defined version). */
uint64_t collation_table_version(const struct collation_table *table);

/* The rules of one index: a small value that points into its table. */
struct collation {
    const struct collation_table *table;
    uint32_t flags;
    uint32_t sort; /* entry of the table's sort ids */
};
/* locale: BCP-47 name such as "en-US", or NULL or "" (then lcid; 0 = invariant). sort_id: 16 bytes as stored in the catalog, or NULL or all zero
 * (then the locale decides). sort_version: what the index was built with, 0 = unknown. table NULL, flags that are not implemented, or a table of
 * another major version: JET_errFeatureNotAvailable. A locale not known: JET_errInvalidLanguageId. */
MUST_CHECK JET_ERR collation_open(const struct collation_table *table, const char *locale, uint32_t lcid, const uint8_t *sort_id,
                                  uint64_t sort_version, uint32_t flags, struct collation *out);

/* The sort key of text (UTF-16LE bytes, need not be aligned; an odd last byte is dropped), cut at room. *size = bytes written,
 * *is_cut (may be NULL) = there was more. JET_errOutOfMemory. */
MUST_CHECK JET_ERR collation_sort_key(const struct collation *collation, struct span text, uint8_t *out, uint32_t room, uint32_t *size,
                                      bool *is_cut);

#endif
