/* Integrity check of a database: what JetDBUtilities' verify, the command-line checker and the tests ask.
 *
 * The idea: every page of the file must have exactly one reason to exist. The check walks the space and the data trees of every object the
 * catalog names, sets a bit for each page on the way, and in the end compares the bits: a page has to be owned by one object and be either
 * a page of its trees or free. On the way each page, tree, long value and index is checked against its own rules (README.md lists them).
 *
 * The database must be quiet: attached read-only, or without running transactions. Nothing is changed.
 * Hostile files: memory is one byte per database page (bitmaps) and fixed buffers; no page is descended into twice, nothing recurses, every
 * loop is bounded by the pages of the file.
 * Called by engine/ and the command-line tools. Takes page latches one at a time, through cache/ and btree/.
 */
#ifndef OPENESE_CHECK_CHECK_H
#define OPENESE_CHECK_CHECK_H

#include "database/database.h"
#include "record/collation.h"

enum check_severity {
    CHECK_NOTE,    /* worth knowing, nothing is wrong: leaked pages, damaged pages that no object owns */
    CHECK_WARNING, /* no data is wrong: e.g. reference counts that are too high */
    CHECK_ERROR    /* damage */
};

/* One finding. All text lives only during the call. */
struct check_finding {
    enum check_severity severity;
    JET_ERR error;
    const char *file;   /* path of the database */
    page_no_t page_no;  /* 0 when it concerns no single page */
    uint32_t objid;     /* 0 when it concerns no object */
    const char *table;  /* "" when outside a table */
    const char *object; /* index name, "LV", "owned space" ...; "" for the table itself */
    const char *text;
};

struct check_callbacks {
    /* done of total units (pages); object: what is being checked. A negative return ends the check with that error. */
    JET_ERR (*progress)(void *context, uint64_t done, uint64_t total, const char *object);
    void (*finding)(void *context, const struct check_finding *finding);
    void *context;
};

struct check_options {
    bool only_pages;       /* the page pass alone: checksum and number of every page, whoever owns it; no tree is read */
    bool skip_page_pass;   /* do not read the whole file: pages that no tree reaches stay unread */
    bool skip_records;     /* do not read rows: no check of long-value references and of secondary indexes */
    bool skip_indexes;     /* do not rebuild the secondary indexes from the rows */
    uint32_t findings_max; /* findings passed on; later ones are only counted. 0 = 1000 */
    const struct collation_table *weights; /* for Unicode indexes; NULL: their entries are counted, not compared */
};

struct check_report {
    uint32_t state;                   /* enum db_state of the header. A database that is not clean may lack what its logs hold: its findings
                                       * are findings about this file, and recovery may mend them */
    uint32_t errors, warnings, notes; /* findings */
    JET_ERR first_error;              /* of the first finding of severity error; 0 when there is none */
    uint64_t pages;                   /* in the file, without the header pages */
    uint64_t pages_owned, pages_used, pages_available, pages_lost;
    uint64_t pages_blank, pages_bad, pages_repairable, pages_unowned_bad; /* from the page pass; bad includes unowned_bad */
    uint32_t tables, indexes, long_value_trees;
    uint64_t records, index_entries, long_values, nodes_deleted;
    uint32_t indexes_compared, indexes_counted; /* against the rows: entry by entry, by number only */
};

/* Checks the database. Success means the check ran to its end: report->errors says whether it is sound. Negative: it could not run on
 * (JET_errOutOfMemory, JET_errDiskIO, JET_errOutOfBuffers, what progress returned); the report holds what was found until then.
 * options and callbacks may be NULL; members of callbacks too. */
MUST_CHECK JET_ERR check_database(struct database *db, const struct check_options *options, const struct check_callbacks *callbacks,
                                  struct check_report *out);

#endif
