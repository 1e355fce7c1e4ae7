/* A small backup client over the public calls: streams a whole backup of an instance into a folder. */
#ifndef TESTS_LIB_BACKUP_CLIENT_H
#define TESTS_LIB_BACKUP_CLIENT_H

#include <stdint.h>

#include "esent.h"

struct backup_set {
    const char *folder;
    uint32_t gen_low, gen_high;
};

/* One announced file into folder/its name, `piece` bytes a read (a multiple of the page size). Returns the first error. */
JET_ERR client_copy_file(JET_INSTANCE instance, const char *path, const char *folder, uint32_t piece);
/* Begin, databases (full), logs, optionally truncation, End. Fails the test on error. */
void client_backup(JET_INSTANCE instance, JET_GRBIT begin, int truncate, const char *folder, struct backup_set *set);
/* JetExternalRestore2 of one database: set's copy `name` is copied to target first. Returns its result. */
JET_ERR client_restore(const struct backup_set *set, const char *name, const char *target);
/* Pages that fail their checks are read again almost at once: damage on purpose need not be waited for. */
void client_hurry_retries(JET_INSTANCE instance);
/* The number of rows of table Sample (sample_table.h) in a clean database: attaches it read-only; the ids must be 1, 2, 3 and so on. */
int32_t client_sample_rows(const char *path);

#endif
