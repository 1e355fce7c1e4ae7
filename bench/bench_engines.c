/* The same work on OpenESE and on the engines a user would pick instead; one JSON line per result.
 *
 * Usage: bench_engines [--engines ese,sqlite,...] [--stages load,lookup,...] [--rows N] [--rounds N] [--folder DIR] [--seconds S]
 *
 * Engines are interleaved within a round, so that what else the machine does hits all of them. Each line has wall time, CPU time of the process per operation, and a sync
 * probe (median of 4 KiB overwrite + fdatasync in microseconds, taken just before): durable rates without it mean nothing.
 * Stages: load, load_index, load_durable, lookup, lookup_batch, lookup_2, scan, mix, durable_1, durable_8, recovery, size (with the loads).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

enum { BATCH = 1000, RECOVERY_BATCH = 10 };
static const uint64_t CACHE = 512ull << 20;

struct settings {
    const char *engines, *stages, *folder;
    uint64_t rows, small_rows;
    int rounds;
    double seconds;
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sync_probe(const char *folder)
{
    char path[4096];
    static uint8_t block[4096];
    double each[31];
    snprintf(path, sizeof path, "%s/probe", folder);
    int fd = open(path, O_CREAT | O_RDWR, 0644);
    if (fd < 0 || ftruncate(fd, 64 * 4096) != 0)
        bench_fail("bench", path, errno);
    for (int i = 0; i < 64; i++)
        if (pwrite(fd, block, sizeof block, i * 4096) < 0)
            bench_fail("bench", path, errno);
    fsync(fd);
    for (int i = 0; i < 31; i++) {
        double from = bench_now();
        if (pwrite(fd, block, sizeof block, i * 4096) < 0 || fdatasync(fd) != 0)
            bench_fail("bench", path, errno);
        each[i] = bench_now() - from;
    }
    close(fd);
    unlink(path);
    qsort(each, 31, sizeof *each, compare_doubles);
    return each[15] * 1e6;
}

/* --- stages --- */

struct bench {
    const struct settings *settings;
    const struct bench_engine *engine;
    int round;
    char folder[4096];
};

static void report(const struct bench *b, const char *stage, uint64_t operations, double seconds, double cpu_seconds, double probe, uint64_t bytes)
{
    printf("{\"bench\":\"%s\",\"engine\":\"%s\",\"round\":%d,\"operations\":%llu,\"seconds\":%.4f,\"rate\":%.0f,\"cpu_us\":%.3f,\"sync_us\":%.0f,\"bytes\":%llu}\n", stage, b->engine->name, b->round,
           (unsigned long long)operations, seconds, (double)operations / seconds, cpu_seconds * 1e6 / (double)operations, probe, (unsigned long long)bytes);
    fflush(stdout);
}

static void load(const struct bench *b, const char *stage, uint64_t rows, bool with_index, bool is_durable)
{
    struct bench_row row;
    bench_empty_folder(b->folder);
    double probe = sync_probe(b->folder), from = bench_now(), from_cpu = bench_cpu();
    struct bench_options options = {.folder = b->folder, .is_new = true, .with_index = with_index, .is_durable = is_durable, .cache_bytes = CACHE};
    void *engine = b->engine->open(&options), *thread = b->engine->thread_open(engine);
    for (uint64_t i = 0; i < rows; i += BATCH) {
        b->engine->begin(thread, true);
        for (uint64_t k = i; k < i + BATCH && k < rows; k++) {
            bench_make_row(k, 0, &row);
            b->engine->insert(thread, &row);
        }
        b->engine->commit(thread, true);
    }
    double seconds = bench_now() - from, used = bench_cpu() - from_cpu;
    b->engine->thread_close(thread);
    b->engine->close(engine);
    report(b, stage, rows, seconds, used, probe, bench_data_bytes(b->folder));
}

struct crew {
    const struct bench *bench;
    void *engine;
    atomic_bool is_over;
    double warm;
    int kind; /* 'l' lookup own txn, 'b' lookup batch, 'm' mix, 'd' durable insert */
    uint64_t rows;
    atomic_uint_fast64_t next_row, done;
    pthread_barrier_t start;
};

struct member {
    struct crew *crew;
    int number;
};

static void one_lookup(const struct bench_engine *e, void *thread, uint64_t i)
{
    struct bench_row want, row;
    bench_make_row(i, 0, &want);
    if (!e->lookup(thread, want.key, &row))
        bench_fail(e->name, "a row is missing", (long)i);
}

static uint64_t one_step(struct crew *c, void *thread, uint64_t *state)
{
    const struct bench_engine *e = c->bench->engine;
    struct bench_row row;
    *state = bench_mix(*state);
    switch (c->kind) {
    case 'l':
        e->begin(thread, false);
        one_lookup(e, thread, *state % c->rows);
        e->commit(thread, false);
        return 1;
    case 'b':
        e->begin(thread, false);
        for (int i = 0; i < BATCH; i++) {
            *state = bench_mix(*state);
            one_lookup(e, thread, *state % c->rows);
        }
        e->commit(thread, false);
        return BATCH;
    case 'm':
        if ((*state & 1) != 0) {
            e->begin(thread, false);
            one_lookup(e, thread, (*state >> 1) % c->rows);
            e->commit(thread, false);
        } else {
            bench_make_row((*state >> 1) % c->rows, *state, &row);
            e->begin(thread, true);
            e->update(thread, &row);
            e->commit(thread, true);
        }
        return 1;
    default:
        bench_make_row(atomic_fetch_add(&c->next_row, 1), 0, &row);
        e->begin(thread, true);
        e->insert(thread, &row);
        e->commit(thread, true);
        return 1;
    }
}

static void *crew_work(void *argument)
{
    struct member *m = (struct member *)argument;
    struct crew *c = m->crew;
    void *thread = c->bench->engine->thread_open(c->engine);
    uint64_t state = bench_mix((uint64_t)m->number + 77), count = 0;
    double until = bench_now() + c->warm;
    while (bench_now() < until)
        one_step(c, thread, &state);
    pthread_barrier_wait(&c->start);
    while (!atomic_load_explicit(&c->is_over, memory_order_relaxed))
        count += one_step(c, thread, &state);
    atomic_fetch_add(&c->done, count);
    pthread_barrier_wait(&c->start);
    c->bench->engine->thread_close(thread);
    return NULL;
}

static void timed(const struct bench *b, const char *stage, void *engine, int kind, int threads, uint64_t rows, double warm)
{
    struct crew c = {.bench = b, .engine = engine, .kind = kind, .rows = rows, .warm = warm};
    struct member members[16];
    pthread_t ids[16];
    atomic_init(&c.next_row, 1000000000u + (uint64_t)threads * 100000000u);
    double probe = sync_probe(b->folder);
    pthread_barrier_init(&c.start, NULL, (unsigned)threads + 1);
    for (int i = 0; i < threads; i++) {
        members[i] = (struct member){&c, i};
        pthread_create(&ids[i], NULL, crew_work, &members[i]);
    }
    pthread_barrier_wait(&c.start);
    double from = bench_now(), from_cpu = bench_cpu();
    usleep((useconds_t)(b->settings->seconds * 1e6));
    atomic_store(&c.is_over, true);
    pthread_barrier_wait(&c.start);
    report(b, stage, atomic_load(&c.done), bench_now() - from, bench_cpu() - from_cpu, probe, 0);
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
}

static void scan(const struct bench *b, void *engine, uint64_t rows)
{
    void *thread = b->engine->thread_open(engine);
    double best = 1e9, best_cpu = 1e9;
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++) {
        b->engine->begin(thread, false);
        double from = bench_now(), from_cpu = bench_cpu();
        uint64_t seen = b->engine->scan(thread, &sum);
        double seconds = bench_now() - from, used = bench_cpu() - from_cpu;
        b->engine->commit(thread, false);
        if (seen < rows)
            bench_fail(b->engine->name, "rows are missing", (long)(rows - seen));
        best = seconds < best ? seconds : best;
        best_cpu = used < best_cpu ? used : best_cpu;
    }
    b->engine->thread_close(thread);
    report(b, "scan", rows, best, best_cpu, 0, 0);
}

/* The loaded database of 1 M rows serves the reading stages and the mix. */
static void cached_stages(const struct bench *b)
{
    const char *stages = b->settings->stages;
    uint64_t rows = b->settings->rows;
    struct bench_options options = {.folder = b->folder, .cache_bytes = CACHE};
    void *engine = b->engine->open(&options);
    if (bench_wants(stages, "scan") || bench_wants(stages, "lookup"))
        scan(b, engine, rows);
    if (bench_wants(stages, "lookup"))
        timed(b, "lookup", engine, 'l', 1, rows, 0.5);
    if (bench_wants(stages, "lookup_batch"))
        timed(b, "lookup_batch", engine, 'b', 1, rows, 0.3);
    if (bench_wants(stages, "lookup_2"))
        timed(b, "lookup_2", engine, 'l', 2, rows, 0.3);
    if (bench_wants(stages, "mix"))
        timed(b, "mix", engine, 'm', 1, rows, 0.3);
    if (bench_wants(stages, "mix_2"))
        timed(b, "mix_2", engine, 'm', 2, rows, 0.3);
    b->engine->close(engine);
}

static void durable_stages(const struct bench *b)
{
    bench_empty_folder(b->folder);
    struct bench_options options = {.folder = b->folder, .is_new = true, .is_durable = true, .cache_bytes = CACHE};
    void *engine = b->engine->open(&options);
    if (bench_wants(b->settings->stages, "durable_1"))
        timed(b, "durable_1", engine, 'd', 1, 0, 0.2);
    if (bench_wants(b->settings->stages, "durable_8"))
        timed(b, "durable_8", engine, 'd', 8, 0, 0.2);
    b->engine->close(engine);
}

/* A child loads in small lazy transactions without a checkpoint and is killed; then the opening to the first row read is timed. */
static void recovery(const struct bench *b)
{
    struct bench_options options = {.folder = b->folder, .is_new = true, .cache_bytes = CACHE, .keep_log = true};
    struct bench_row row;
    uint64_t rows = b->settings->small_rows, sum = 0;
    bench_empty_folder(b->folder);
    double probe = sync_probe(b->folder);
    pid_t pid = fork();
    if (pid == 0) {
        void *engine = b->engine->open(&options), *thread = b->engine->thread_open(engine);
        for (uint64_t i = 0; i < rows; i += RECOVERY_BATCH) {
            b->engine->begin(thread, true);
            for (uint64_t k = i; k < i + RECOVERY_BATCH; k++) {
                bench_make_row(k, 0, &row);
                b->engine->insert(thread, &row);
            }
            b->engine->commit(thread, true);
        }
        kill(getpid(), SIGKILL);
    }
    int status;
    waitpid(pid, &status, 0);
    if (!WIFSIGNALED(status))
        bench_fail(b->engine->name, "the child for recovery ended early", status);
    options.is_new = false;
    double from = bench_now(), from_cpu = bench_cpu();
    void *engine = b->engine->open(&options), *thread = b->engine->thread_open(engine);
    b->engine->begin(thread, false);
    one_lookup(b->engine, thread, 0);
    double seconds = bench_now() - from, used = bench_cpu() - from_cpu;
    uint64_t found = b->engine->scan(thread, &sum);
    b->engine->commit(thread, false);
    b->engine->thread_close(thread);
    b->engine->close(engine);
    report(b, "recovery", found, seconds, used, probe, 0);
}

static void run_engine(const struct bench *b)
{
    const char *stages = b->settings->stages;
    if (bench_wants(stages, "load_index"))
        load(b, "load_index", b->settings->small_rows, true, false);
    if (bench_wants(stages, "load_durable"))
        load(b, "load_durable", b->settings->small_rows, false, true);
    bool reads = bench_wants(stages, "scan") || bench_wants(stages, "lookup") || bench_wants(stages, "lookup_batch") || bench_wants(stages, "lookup_2") || bench_wants(stages, "mix") || bench_wants(stages, "mix_2");
    if (bench_wants(stages, "load") || reads)
        load(b, "load", b->settings->rows, false, false);
    if (reads)
        cached_stages(b);
    if (bench_wants(stages, "durable_1") || bench_wants(stages, "durable_8"))
        durable_stages(b);
    if (bench_wants(stages, "recovery"))
        recovery(b);
}

int main(int argc, char **argv)
{
    struct settings s = {.stages = "load,load_index,load_durable,lookup,lookup_batch,lookup_2,scan,mix,mix_2,durable_1,durable_8,recovery", .folder = "/tmp/openese-bench", .rows = 1000000, .small_rows = 300000,
                         .rounds = 1, .seconds = 2};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--engines") == 0)
            s.engines = argv[i + 1];
        else if (strcmp(argv[i], "--stages") == 0)
            s.stages = argv[i + 1];
        else if (strcmp(argv[i], "--folder") == 0)
            s.folder = argv[i + 1];
        else if (strcmp(argv[i], "--rows") == 0)
            s.rows = strtoull(argv[i + 1], NULL, 0);
        else if (strcmp(argv[i], "--small-rows") == 0)
            s.small_rows = strtoull(argv[i + 1], NULL, 0);
        else if (strcmp(argv[i], "--rounds") == 0)
            s.rounds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--seconds") == 0)
            s.seconds = atof(argv[i + 1]);
        else
            bench_fail("bench", argv[i], 0);
    }
    for (int round = 0; round < s.rounds; round++)
        for (const struct bench_engine *const *each = bench_engines; *each != NULL; each++) {
            struct bench b = {.settings = &s, .engine = *each, .round = round};
            if (s.engines != NULL && !bench_wants(s.engines, (*each)->name))
                continue;
            snprintf(b.folder, sizeof b.folder, "%s", s.folder);
            /* A process of its own: no engine pays for another's memory, and one that fails does not end the others. */
            fflush(stdout);
            pid_t pid = fork();
            if (pid == 0) {
                run_engine(&b);
                exit(0);
            }
            int status;
            waitpid(pid, &status, 0);
            if (status != 0)
                fprintf(stderr, "%s: failed in round %d\n", (*each)->name, round);
        }
    bench_empty_folder(s.folder);
    return 0;
}
