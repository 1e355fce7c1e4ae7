/* A new database in a scratch folder, open for changing, without an instance and without a log: the layers below engine/ put together as it does. */
#ifndef TESTS_LIB_WRITABLE_FILE_H
#define TESTS_LIB_WRITABLE_FILE_H

#include "catalog/ddl.h"
#include "txn/txn.h"

struct writable {
    const char *path;
    struct cache *cache;
    struct database *db;
    struct version_store *versions;
    struct txn_cleaner *cleaner;
    struct transaction t, other; /* two sessions */
    struct catalog *catalog;
};

/* Made with its system tables, all committed. Failures end the test. */
void make_writable(uint32_t page_size, struct writable *out);
void make_writable_without_shadow(uint32_t page_size, struct writable *out);
/* Commits nothing: open levels must be ended before. Leaves the file clean on disk. */
void close_writable(struct writable *w);
/* Cleans up, so that all space that waits for it is given back, then checks the file with check/: every page has one owner, every index agrees with its rows. *lost: pages in no use
 * that are not free either. */
void verify_writable(struct writable *w, uint64_t *lost);

#endif
