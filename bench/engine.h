/* The benchmark's view of a storage engine: one adapter per engine (engine_*.c), one driver (bench_engines.c).
 *
 * Row: key of 16 random bytes, secondary column of 8 bytes, value of 92 bytes that do not compress. Everything is fallible and nothing is expected to fail: adapters
 * stop the program with a message.
 */
#ifndef OPENESE_BENCH_ENGINE_H
#define OPENESE_BENCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_KEY = 16, BENCH_VALUE = 92 };

struct bench_row {
    uint8_t key[BENCH_KEY];
    uint64_t second;
    uint8_t value[BENCH_VALUE];
};

struct bench_options {
    const char *folder;
    bool is_new, with_index;
    bool is_durable;         /* commits wait for the disk */
    uint64_t cache_bytes;
    bool keep_log;           /* no checkpoint while it runs: for the recovery stage */
};

struct bench_engine {
    const char *name;
    void *(*open)(const struct bench_options *options);
    void (*close)(void *engine);
    /* One per thread. */
    void *(*thread_open)(void *engine);
    void (*thread_close)(void *thread);
    void (*begin)(void *thread, bool is_write);
    void (*commit)(void *thread, bool is_write);
    void (*insert)(void *thread, const struct bench_row *row);
    /* Copies the row out; false: not there. */
    bool (*lookup)(void *thread, const uint8_t *key, struct bench_row *row);
    void (*update)(void *thread, const struct bench_row *row);
    /* All rows in key order, all columns copied out; returns their number and a sum over them. */
    uint64_t (*scan)(void *thread, uint64_t *sum);
    /* Copies the open database into an empty folder by the engine's own means of online backup, while other threads may write. NULL: has none
     * that copies. */
    void (*backup)(void *engine, const char *folder);
};

extern const struct bench_engine bench_ese, bench_sqlite, bench_lmdb, bench_bdb, bench_wiredtiger, bench_rocksdb;

/* How the other ways to back up and to restore OpenESE are measured: past the page cache and synced; as `ese backup` does, with hashes and a
 * manifest, and synced; through the control socket that bench_ese_serve turns on; and back from the set that the last of these but the second made. */
void bench_ese_backup_synced(void *engine, const char *folder);
void bench_ese_backup_set(void *engine, const char *folder);
/* Where the seconds of the last backup but a set's went, in the thread that reads: begin with its syncs, reading and checking, waiting for the thread that writes,
 * the list of logs with its roll, end with its stamps. */
struct bench_phases {
    double begin, read, wait, logs, end;
};
struct bench_phases bench_ese_phases(void);
void bench_ese_serve(void *engine, const char *socket);
void bench_ese_backup_socket(const char *socket, const char *folder);
void bench_ese_restore(const char *set, const char *folder);

/* read and write, 1 MiB at a time. */
void bench_copy_file(const char *from, const char *to);

_Noreturn void bench_fail(const char *engine, const char *what, long code);

#endif
