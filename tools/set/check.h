/* Proves that backup sets can be restored, without restoring them and without writing anything.
 *
 * The caller feeds the sets of a chain, oldest first, each with all its files in any order, in pieces: so a folder and an archive are checked alike.
 * Contents are checked as they pass (page checksums, segments), the set when it ends (manifest, hashes, headers against trailers, the row of
 * generations), the chain as it grows (parents, page tables, generations that join). Memory: 16 bytes for each page of a database, one log. */
#ifndef OPENESE_TOOLS_SET_CHECK_H
#define OPENESE_TOOLS_SET_CHECK_H

#include "set/manifest.h"

struct set_finding {
    bool is_error;    /* false: worth knowing, no obstacle */
    const char *set;  /* label */
    const char *file; /* "" = of the whole set */
    uint32_t page;    /* 0 = none */
    JET_ERR error;    /* what a restore would say, about; 0 = none */
    const char *text;
};

struct set_check_totals {
    uint64_t sets, files, bytes, databases, logs, pages, segments, errors;
    uint32_t generation_low, generation_high; /* of the last images to the end of the chain */
};

struct set_checker;

MUST_CHECK JET_ERR set_checker_create(void (*finding)(void *context, const struct set_finding *finding), void *context, struct set_checker **out);
/* Accepts NULL. */
void set_checker_destroy(struct set_checker *checker);

/* A set begins. is_alone: nothing is known of the sets below it, and it is not judged for that. */
void set_checker_begin_set(struct set_checker *checker, const char *label, bool is_alone);
/* One file: as the functions of an archive visitor. JET_errOutOfMemory only; what is wrong with a file is a finding. */
MUST_CHECK JET_ERR set_checker_begin_file(void *checker, const char *name, uint64_t size);
MUST_CHECK JET_ERR set_checker_data(void *checker, const uint8_t *bytes, size_t size);
MUST_CHECK JET_ERR set_checker_end_file(void *checker);
/* The set is complete: everything that takes more than one file. */
MUST_CHECK JET_ERR set_checker_end_set(struct set_checker *checker);
const struct set_check_totals *set_checker_totals(const struct set_checker *checker);
/* For what the caller finds out itself. */
void set_checker_report(struct set_checker *checker, const char *file, uint32_t page, JET_ERR error, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
