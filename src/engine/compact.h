/* JetCompact: a copy of a database without its free space (compact.c; compact_copy.c copies). */
#ifndef OPENESE_ENGINE_COMPACT_H
#define OPENESE_ENGINE_COMPACT_H

#include "engine/session.h"

/* What happened to one table, its indexes and long values included where not said otherwise. */
struct compact_table {
    const char *name;             /* UTF-8 */
    uint32_t indexes;             /* secondary ones */
    uint32_t pages_owned, pages_available; /* in the source */
    uint64_t rows, row_bytes;     /* of the table's own tree */
    uint64_t long_value_bytes;    /* of data stored outside rows */
    uint32_t pages, long_value_pages; /* of the table's own tree, of its long values, in the copy */
};

struct compact_options {
    /* Pages of the source that have been copied, and all that are in use. Called in the session, which may be used by it as by a callback. A negative return ends the copy. May be NULL. */
    JET_ERR (*progress)(void *context, uint32_t done, uint32_t total);
    /* Each table when it has been copied. May be NULL. */
    JET_ERR (*table)(void *context, const struct compact_table *table);
    void *context;
};

struct compact_report {
    uint32_t source_pages, source_available, pages; /* of both files */
};

/* source must be attached, and open by nobody; target is made: JET_errDatabaseDuplicate when it exists. After an error it is gone again. Errors: JET_errInTransaction,
 * JET_errDatabaseNotFound, JET_errDatabaseInUse, those of reading (damage ends the copy) and writing, and of the callback. */
MUST_CHECK JET_ERR engine_compact(struct session *session, const char *source, const char *target, const struct compact_options *options, struct compact_report *report);

/* --- compact_copy.c --- */

/* One tree that the catalog names. */
struct compact_tree {
    uint32_t objid_table, objid;
    uint16_t type;                /* enum catalog_row_type */
    page_no_t root, new_root;
    uint32_t page_flags;          /* kind of tree */
    struct space_header header;   /* of its root */
    uint32_t reserve;             /* bytes to stay free on a leaf */
    uint32_t hint;                /* pages a table is to begin with */
    uint32_t owned, available;    /* in the source; of a table with all that belongs to it */
    uint32_t pages;               /* needed */
    uint64_t nodes, bytes;
};
struct compaction {
    struct session *session;
    const struct compact_options *options;
    struct compact_report *report;
    struct database *source, *target;
    struct transaction transaction; /* reads the source, fills the target */
    struct compact_tree *trees;     /* in order of the catalog: owned */
    uint32_t count, room;
    uint32_t units_done, units_total;
};
/* Lists and measures the trees of the source. *pages: what the copy will take. The transaction is at level 1. */
MUST_CHECK JET_ERR compact_measure(struct compaction *c, uint32_t *pages);
/* Fills the target, which has `pages` empty pages, in the same transaction. */
MUST_CHECK JET_ERR compact_copy(struct compaction *c, uint32_t pages);
void compact_release(struct compaction *c);

#endif
