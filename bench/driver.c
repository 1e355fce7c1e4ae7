/* What the benchmark's drivers share (driver.h). */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const struct bench_engine *const bench_engines[] = {
    &bench_ese, &bench_sqlite,
#ifdef BENCH_LMDB
    &bench_lmdb,
#endif
#ifdef BENCH_BDB
    &bench_bdb,
#endif
#ifdef BENCH_WIREDTIGER
    &bench_wiredtiger,
#endif
#ifdef BENCH_ROCKSDB
    &bench_rocksdb,
#endif
    NULL};

void bench_fail(const char *engine, const char *what, long code)
{
    fprintf(stderr, "%s: %s: %ld\n", engine, what, code);
    exit(1);
}

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

uint64_t bench_mix(uint64_t z)
{
    z += 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

void bench_make_row(uint64_t i, uint64_t version, struct bench_row *row)
{
    uint64_t a = bench_mix(i), b = bench_mix(i ^ 0xABCDEF), state = bench_mix(i * 31 + version);
    memcpy(row->key, &a, 8);
    memcpy(row->key + 8, &b, 8);
    for (int k = 0; k < BENCH_KEY; k++)
        row->key[k] |= row->key[k] == 0; /* no zero bytes: some engines take the key as text */
    row->second = bench_mix(i + version) >> 8;
    for (size_t k = 0; k < BENCH_VALUE; k += 4) {
        uint64_t bits = state = bench_mix(state);
        memcpy(row->value + k, &bits, 4);
    }
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *where)
{
    (void)info, (void)flag, (void)where;
    return remove(path);
}

void bench_empty_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        bench_fail("bench", path, errno);
}

static uint64_t bytes_seen;
static bool counts_logs;
static int count_one(const char *path, const struct stat *info, int flag, struct FTW *where)
{
    const char *name = path + where->base;
    size_t length = strlen(name);
    /* Data files: not logs of any engine. */
    bool is_log = strncmp(name, "edb", 3) == 0 || strncmp(name, "log.", 4) == 0 || strncmp(name, "WiredTigerLog", 13) == 0 || strncmp(name, "WiredTigerPreplog", 17) == 0
        || strncmp(name, "WiredTigerTmplog", 16) == 0 || (length > 4 && strcmp(name + length - 4, ".log") == 0) || (length > 4 && strcmp(name + length - 4, "-wal") == 0)
        || strcmp(name, "LOG") == 0 || strcmp(name, "lock.mdb") == 0;
    if (flag == FTW_F && (counts_logs || !is_log))
        bytes_seen += (uint64_t)info->st_size;
    return 0;
}

uint64_t bench_data_bytes(const char *path)
{
    bytes_seen = 0;
    counts_logs = false;
    nftw(path, count_one, 16, FTW_PHYS);
    return bytes_seen;
}

uint64_t bench_all_bytes(const char *path)
{
    bytes_seen = 0;
    counts_logs = true;
    nftw(path, count_one, 16, FTW_PHYS);
    return bytes_seen;
}

bool bench_wants(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at != NULL && (at = strstr(at, name)) != NULL; at += length)
        if ((at == list || at[-1] == ',') && (at[length] == 0 || at[length] == ','))
            return true;
    return false;
}

void bench_copy_file(const char *from, const char *to)
{
    enum { PIECE = 1 << 20 };
    ssize_t size;
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char *buffer = (char *)malloc(PIECE);
    if (in < 0 || out < 0 || buffer == NULL)
        bench_fail("bench", from, errno);
    while ((size = read(in, buffer, PIECE)) > 0)
        if (write(out, buffer, (size_t)size) != size)
            bench_fail("bench", to, errno);
    if (size < 0)
        bench_fail("bench", from, errno);
    free(buffer);
    close(in);
    close(out);
}
