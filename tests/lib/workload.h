/* A random workload over the public API that knows what must be in the database: for tests that cut the power, kill, starve or back up a running engine.
 *
 * Each thread has rows of its own (table "rows<i>": key, sort value with an index, bytes, long value) and one counter row in a common table, which every
 * transaction of the thread sets to its number k. So the rows a recovered database shows tell by themselves which state they claim to be: the counter says k, and the
 * model, replayed to k, says what the rows must be. k must lie between the last transaction whose durable commit had returned, and the last one whose commit had been called.
 * Thread 0 also creates and deletes tables and indexes. All choices follow from the seed.
 */
#ifndef TESTS_LIB_WORKLOAD_H
#define TESTS_LIB_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "esent.h"

struct workload_config {
    const char *folder;         /* database, logs, checkpoint */
    uint32_t page_size;
    uint32_t threads;           /* 1..8 */
    uint32_t transactions;      /* of each thread, at most */
    uint64_t seed;
    uint32_t cache_pages;       /* 0: 128 */
    uint32_t log_kib;           /* 0: 128 */
    uint32_t version_pages;     /* 0: the default, which many threads can fill */
    bool is_circular, without_ddl, always_durable;
    bool goes_on;               /* a transaction that meets an error is rolled back, and the next one tried; ends at a rollback that fails */
    /* A clock of the test's own: read before each commit is called, and after it has returned. NULL: counts commits. */
    uint64_t (*now)(void *context);
    /* A durable commit of transaction k of a thread has returned. May be NULL. */
    void (*committed)(void *context, uint32_t thread, uint32_t k);
    void *context;
};

struct workload;
struct workload *workload_create(const struct workload_config *config);
void workload_destroy(struct workload *w);
/* Starts an instance in the folder, creates the database and the tables. */
JET_ERR workload_setup(struct workload *w);
/* Starts an instance in the folder of a database that workload_setup made; the threads attach it. */
JET_ERR workload_start(struct workload *w);
/* Runs the threads until each has done its transactions, workload_stop is called, or an error comes: the first one that is no write conflict is returned. */
JET_ERR workload_run(struct workload *w);
void workload_stop(struct workload *w);
/* The next run ends when each thread has done so many transactions in all; no more than the config's. */
void workload_limit(struct workload *w, uint32_t transactions);
/* Transactions that have been committed (also lazily), and transactions that met an error, of all threads. The last such error: 0 when there was none. */
uint32_t workload_committed(const struct workload *w);
uint32_t workload_failures(const struct workload *w, JET_ERR *last);
/* Ends the instance. */
JET_ERR workload_finish(struct workload *w, bool is_abrupt);
JET_INSTANCE workload_instance(const struct workload *w);
/* Path of the database below a folder (static text of the calling thread). */
const char *workload_database(const char *folder);

/* Recovers the folder (a copy, or the workload's own after its end) and compares everything with the model at `moment` of the clock (UINT64_MAX: now). Fails the test, naming what differs, or
 * returns the error of the recovery. The instance is ended cleanly. rows: rows compared (may be NULL). */
JET_ERR workload_check(struct workload *w, const char *folder, uint64_t moment, uint64_t *rows);
/* The same for a copy that was taken while the threads work (they may go on meanwhile): what was durable at `settled` must be there, what was begun after `latest` must not. */
JET_ERR workload_check_between(struct workload *w, const char *folder, uint64_t settled, uint64_t latest, uint64_t *rows);
/* For a test whose process died: nothing is known but the durable transactions of each thread; up to `most` may be there. Replays the choices of the seed without touching an engine. */
void workload_assume(struct workload *w, const uint32_t *durable, uint32_t most);

#endif
