/* A database file with one tree that can be changed, without an instance: cache, log, version store, space and cleaner are the real ones, the log is real
 * files in a scratch folder. And the same database made again from its log alone, with the functions that recovery uses, to compare. */
#ifndef TESTS_LIB_LIVE_TREE_H
#define TESTS_LIB_LIVE_TREE_H

#include "btree/extent.h"
#include "btree/update.h"
#include "cache/cache.h"
#include "database/database.h"
#include "log/log.h"
#include "txn/txn.h"

struct live_tree {
    const char *folder;
    struct cache *cache;
    struct log *log;
    struct version_store *store;
    struct txn_cleaner *cleaner;
    struct database *db;
    struct transaction t; /* procid 1 */
    struct btree tree;
    uint64_t seed; /* of random numbers */
};
struct live_tree_config {
    uint32_t page_size;
    bool is_unique, is_unlogged;
    uint64_t cache_bytes; /* 0: enough for everything */
    uint64_t seed;        /* 0: from the environment TEST_SEED, else the clock; printed */
};
void live_tree_open(struct live_tree *l, const struct live_tree_config *config);
void live_tree_close(struct live_tree *l);
/* Below `below`. */
uint32_t live_tree_random(struct live_tree *l, uint32_t below);
/* A transaction of another session. */
void live_tree_session(struct live_tree *l, struct transaction *out, uint16_t procid);
/* Walks the whole tree: every page with page_check, links, separators, depth. Fails the test on a fault. Returns the number of pages. */
uint32_t live_tree_check(struct live_tree *l, const struct btree *tree);
/* Replays the log over an empty file and compares every page. Nothing may be changed meanwhile. keep_seed: 0: from empty pages; else a random part of the pages has
 * reached the file already in its last state. */
void live_tree_replay(struct live_tree *l, uint64_t keep_seed);

#endif
