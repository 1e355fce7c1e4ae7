/* Repair: what can still be read of a damaged database, in a new one that is sound (repair.c).
 *
 * The damaged file is only read. The new one has the tables, columns, object ids, keys and rows of the old; pages that do not verify lose what was on them and nothing else. Prints
 * nothing: what was found is told through the callbacks and in the report. Databases that were not closed cleanly are taken as they stand: rows of transactions that were never
 * committed may be among what is saved, and rows that only the logs hold are not. */
#ifndef OPENESE_ENGINE_REPAIR_H
#define OPENESE_ENGINE_REPAIR_H

#include "engine/session.h"

/* A page that is lost. */
struct repair_page {
    page_no_t page_no;
    JET_ERR error;     /* JET_errReadVerifyFailure, JET_errPageNotInitialized, JET_errFileIOBeyondEOF, JET_errBadPageLink: not of this tree ... */
    const char *table; /* UTF-8; NULL: no tree that was walked led there */
};
/* What became of one table. Strings live during the call. */
struct repair_table {
    const char *name;          /* UTF-8; "" when its own row in the catalog is lost. JET_errObjectNotFound: all its rows there are, unless it was deleted once and its pages are free */
    uint32_t objid;
    JET_ERR error;             /* negative: the table is not in the new database */
    uint64_t rows;             /* saved */
    uint64_t rows_lost;        /* rows that were there to see and could not be taken: damaged, or with a key another row has. What stood on lost pages is not known */
    uint64_t rows_in_conflict; /* of those: rows that a unique index, rebuilt, had no place for */
    uint32_t pages_lost;       /* leaves and internal pages that its trees lead to and that cannot be read */
    uint32_t pages_stray;      /* leaves that no readable page leads to: found by their object id. Of a table that is lost: all its leaves */
    uint64_t long_values, long_values_lost; /* saved; with a part missing */
    uint64_t columns_nulled;   /* values that were such */
    uint32_t columns_lost;     /* that its rows have and no catalog names: the rows keep them, and nobody can ask for them */
    uint32_t indexes, indexes_copied, indexes_lost; /* rebuilt; taken over because their keys cannot be made here; neither: not in the new database */
};

struct repair_options {
    /* Take pages whose checksum is wrong but whose structure holds; what they say may be wrong. */
    bool trust_bad_checksums;
    /* done of total units. A negative return ends the work with that error; the new file is gone then. Runs in the session, which may be used as by a callback. */
    JET_ERR (*progress)(void *context, uint32_t done, uint32_t total);
    void (*page)(void *context, const struct repair_page *page);
    void (*table)(void *context, const struct repair_table *table);
    void *context;             /* callbacks may be NULL */
};

struct repair_report {
    uint32_t page_size, state; /* of the old file: enum db_state; 0 when both headers are damaged */
    bool header_is_lost;       /* neither copy is good: format and page size are guesses from the pages */
    uint32_t pages, pages_blank, pages_bad, pages_trusted; /* in the old file; bad: checksum, number or structure */
    uint32_t tables, tables_lost, pages_lost, indexes_lost;
    uint64_t rows, rows_lost, long_values, long_values_lost, columns_nulled;
    uint32_t columns_lost;
    bool is_undamaged;         /* nothing was lost, and no page, tree or catalog had to be done without */
};

/* The page size of a file, from its header, or from its pages when both headers are damaged. JET_errDatabaseCorrupted: it is none. */
MUST_CHECK JET_ERR repair_page_size(struct os_fs *fs, const char *path, uint32_t *page_size);

/* Makes `target` from `source`, which must not be attached for writing by anybody. The instance has its page size (JET_errPageSizeMismatch). The session is in no transaction
 * (JET_errInTransaction). JET_errDatabaseDuplicate: target exists. JET_errCatalogCorrupted: of neither catalog enough is left to say what the tables are. Errors of opening source
 * (JET_errFileNotFound, JET_errFileAccessDenied, JET_errInvalidDatabaseVersion) and of writing. After an error target is gone again. */
MUST_CHECK JET_ERR engine_repair(struct session *session, const char *source, const char *target, const struct repair_options *options, struct repair_report *report);

/* The same in place: makes `temporary` (NULL: `path` with ".temprepair" behind it) and puts it where `path` was, atomically; the damaged file is kept as `kept`, or gone when that is NULL.
 * Owner and permissions are those of the old file in the end; before, the umask decides who may read the temporary one. JET_errFileAlreadyExists: kept exists. An error leaves `path` as it was. */
MUST_CHECK JET_ERR engine_repair_in_place(struct session *session, const char *path, const char *temporary, const char *kept, const struct repair_options *options, struct repair_report *report);

#endif
