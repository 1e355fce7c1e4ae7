/* What the shared data says a real file holds: finding the files, reading the tables, and digests written as the tables write them.
 * Tables are <group>/<set>/expected/<database>.<kind>.tsv: lines of fields separated by tabs; in most of them the first one names the fields. Failures
 * end the test (cmocka). */
#ifndef TESTS_LIB_EXPECTATIONS_H
#define TESTS_LIB_EXPECTATIONS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/sha256.h"

struct shared_file {
    const char *set;  /* the folder of the group */
    const char *name; /* without the suffix */
    const char *path; /* relative to the data folder, for copy_shared_file */
};
/* Calls visit for every file of <group>/<every set>/<below> (below may be "") whose name, less .zst or .gz, ends with suffix; sets and names
 * in order. With $ONLY_SET just that set, to look into a fault: counts of all sets do not hold then. Returns how many. */
unsigned visit_shared_files(const char *group, const char *below, const char *suffix, void (*visit)(void *context, const struct shared_file *file), void *context);
bool is_only_one_set(void);
/* The database that an expectation of a Windows set is about: "dirty__SRUDB.dat" is windows/<set>/dirty/SRUDB.dat. */
const char *windows_database_path(const char *set, const char *name);

struct expectations {
    char *text, *next;
};
enum { EXPECTATION_FIELDS_MAX = 16 };
/* The lines of a file of the data folder (relative, unpacked when need be), its heading passed over. false: there is no such file. */
bool expectations_open(const char *path, bool has_heading, struct expectations *out);
void expectations_close(struct expectations *e);
/* The next line, closed by 0; NULL at the end. */
char *expectations_next(struct expectations *e);
/* The next line taken apart; fields that are not there are empty. false at the end. */
bool expectations_next_fields(struct expectations *e, const char *fields[EXPECTATION_FIELDS_MAX]);

/* Lower-case hexadecimal, closed by 0. */
void sha256_finish_text(struct sha256 *s, char out[2 * SHA256_SIZE + 1]);
void sha256_text(const void *data, size_t size, char out[2 * SHA256_SIZE + 1]);
/* A node as digests of indexes take it: key and data in hexadecimal with a tab between, and a line end. */
void sha256_add_entry(struct sha256 *s, struct span key, struct span data);

#endif
