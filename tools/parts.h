/* Parts of sub-commands that `esentutl` is made of too: what they do and print, without their command lines. Nothing is written to the files read. */
#ifndef OPENESE_TOOLS_PARTS_H
#define OPENESE_TOOLS_PARTS_H

#include "check/check.h"
#include "engine/repair.h"
#include "log/log_files.h"
#include "tool.h"

/* info.c: prints the header of a file of one of the kinds. JET_errFileInvalidType when it is of another one, errors of reading it. */
enum info_kind { INFO_DATABASE = 0x1, INFO_LOG = 0x2, INFO_CHECKPOINT = 0x4, INFO_FLUSH_MAP = 0x8, INFO_ANY = 0xF };
MUST_CHECK JET_ERR info_show(const char *path, bool is_json, unsigned kinds);
/* By the mark in the header alone; a file without any (or that cannot be read) is taken for a database. */
enum info_kind info_kind_of(const char *path);

/* verify.c: checks a database with a progress bar, prints findings and a summary. Success: the check ran to its end, out->errors says what it found. */
MUST_CHECK JET_ERR verify_database(const struct command *self, const char *path, const struct check_options *options, struct check_report *out);

/* log.c: prints the records of a log, a line each, under a heading. An error also where the log is damaged; what comes before has been printed. */
MUST_CHECK JET_ERR log_print(const struct command *self, const char *path);

/* dump.c: prints every row of the database or of one table (NULL: all). *damaged: tables that could not be read to their end, told on standard error. */
MUST_CHECK JET_ERR dump_database(const struct command *self, struct database *db, const char *table, uint32_t *damaged);
/* compact.c: writes a copy of a cleanly closed database without its free space, with a progress bar. The errors of JetAttachDatabase and JetCompact; JET_errDatabaseDuplicate: the
 * target exists. */
MUST_CHECK JET_ERR compact_database(const char *source, const char *target);

/* salvage.c */
struct salvage_order {
    const char *source;
    const char *target;           /* NULL: in place, by way of `temporary` (NULL: a name beside it), the old file kept as `kept` (NULL: not) */
    const char *temporary, *kept;
    uint32_t page_size;           /* 0: found out */
    FILE *listing;                /* lost pages and tables, a line each; NULL: none */
    bool is_json, trust_bad_checksums;
};
/* Repairs with a progress bar. The errors of engine_repair. */
MUST_CHECK JET_ERR salvage_database(const struct salvage_order *order, struct repair_report *report);
/* Prints what the report says, in two lines at most. */
void salvage_summary(const char *source, const struct repair_report *report);

#endif
