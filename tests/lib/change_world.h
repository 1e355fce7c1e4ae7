/* A database without an engine, for tests of what changes pages: a file in a scratch folder, a cache, a log, a version store, one transaction. Afterwards the log is
 * replayed with the functions of page/redo.h on other copies of the pages, and the outcome compared byte by byte. Failures end the test (cmocka). */
#ifndef TESTS_LIB_CHANGE_WORLD_H
#define TESTS_LIB_CHANGE_WORLD_H

#include "btree/btree.h"
#include "btree/extent.h"
#include "database/database.h"
#include "log/log.h"
#include "mvcc/transaction.h"
#include "mvcc/version_store.h"

struct world {
    const char *folder;
    struct os_file *file;
    struct cache *cache;
    struct log *log;
    struct version_store *versions;
    struct transaction t;
    struct database *db;
    uint64_t live;
};

/* A file of `pages` zero pages; the transaction is at level 1. */
void world_open(struct world *w, uint32_t page_size, uint32_t pages, uint32_t extension_pages);
/* The same with the database file on a given file system. */
void world_open_on(struct world *w, struct os_fs *fs, uint32_t page_size, uint32_t pages, uint32_t extension_pages);
/* Closes all of it; memory must be as before. */
void world_close(struct world *w);

/* All pages of the file as they are now (checksum and flush type blanked); 1-based: page 1 at offset 0. Freed with free(). */
struct world_pages {
    uint8_t *bytes;
    uint32_t count;
};
struct world_pages world_snapshot(struct world *w);

/* Replays the whole log three times: on a blank file; on the final pages, which it must leave alone; on a mix of the given earlier snapshots (pages at random from them or blank),
 * as a crash leaves it. Each must give the present pages. */
void world_check_replay(struct world *w, const struct world_pages *earlier, unsigned earlier_count, uint64_t *random);

/* A crash: the file as the first `records` records of the log make it out of nothing. world_records: how many there are; macros (may be NULL): the numbers of records up to
 * and with the end of each macro, freed with free(). */
struct world_macros {
    uint64_t *ends;
    uint32_t count;
    uint32_t moved_left, moved_right; /* of them: partial merges */
};
uint64_t world_records(struct world *w, struct world_macros *macros);
struct world_pages world_replay_prefix(struct world *w, uint64_t records);
/* Another file with these pages, and its cache. */
struct world_copy {
    struct os_file *file;
    struct cache *cache;
    struct cache_file *pages;
};
void world_copy_open(struct world_copy *copy, const struct world *w, const struct world_pages *pages);
void world_copy_close(struct world_copy *copy);

/* Every page passes page_check. */
void world_check_pages(struct world *w);

#endif
