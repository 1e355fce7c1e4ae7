/* Databases as text, for tools and tests: columns and rows, one line each, fields separated by tabs.
 *
 *   rows     table, primary key in hex, then id=VALUE for every column that is not null, by id as the API gives it (bit 31 set for a template's
 *            column in a derived table), id[n]=VALUE for several values. A value is
 *            its bytes in hex, or #LENGTH:SHA256 above 256 bytes; ~ before it marks a column default that is not in the record;
 *            the word encrypted stands for one that only a key opens
 *   columns  table, id, name, type, size, flags, code page (text only), default in hex
 *
 * Backslash, tab, CR and LF in names are written \\ \t \r \n. Flag-deleted nodes are not listed.
 */
#ifndef OPENESE_CURSOR_ROW_DUMP_H
#define OPENESE_CURSOR_ROW_DUMP_H

#include "cursor/cursor.h"

/* Where lines go, without their line ends. A negative return stops the dump and is returned. */
struct dump_sink {
    JET_ERR (*line)(void *context, const char *text, size_t size);
    void *context;
};

MUST_CHECK JET_ERR dump_rows(struct catalog *catalog, const struct table_schema *table, const struct dump_sink *sink);
MUST_CHECK JET_ERR dump_columns(const struct table_schema *table, const struct dump_sink *sink);
/* Calls visit with key and data of every entry of a secondary index; key and data live during the call. */
MUST_CHECK JET_ERR dump_index_entries(struct catalog *catalog, const struct table_schema *table, const struct index *index,
                                      JET_ERR (*visit)(void *context, struct span key, struct span data), void *context);

#endif
