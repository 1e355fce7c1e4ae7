/* Online backup of OpenESE beside the engines a user would pick instead, and beside cp of the same files; one JSON line per result.
 *
 * Usage: bench_backup [--engines ese,sqlite,...] [--rows N] [--rounds N] [--folder DIR] [--seconds S] [--writers N]
 *
 * Each engine loads the same rows. Then, in turn, so that what else the machine does hits all of them:
 *   backup         the engine's own online backup while nobody writes, best of REPEATS; OpenESE verifies every checksum on the way
 *   backup_socket  OpenESE alone: the same through the control socket, to a client in the same process
 *   backup_synced  OpenESE alone: the same past the page cache, each file synced
 *   backup_set     OpenESE alone: what `ese backup -o` does: page tables, SHA-256 of every file, manifest, everything synced
 *   cp             the cp command on the files of the finished backup, best of REPEATS: "of_cp" is cp's time over the backup's, by bytes
 *   cp_synced      the same and then a sync of each file, which is what the two synced backups are measured by
 *   writers        rates of threads that update rows while nobody, then while one backup after the other runs: "kept" is their ratio. The backups
 *                  run without a break, which is the worst case; their speed is told too. OpenESE: backup_synced
 *   restore        OpenESE alone: copy back and replay
 * Nothing else is synced; files are in the page cache after the first pass. Nobody's copy is compressed. LMDB and backup_synced write past the
 * page cache. "begin_s" to "end_s" tell where OpenESE's seconds went in the best run (bench_ese_phases).
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"

enum { LOAD_BATCH = 1000, UPDATE_BATCH = 10, REPEATS = 15, WRITERS_MAX = 16 };
static const uint64_t CACHE = 512ull << 20;
extern char **environ;

struct settings {
    const char *engines, *folder;
    uint64_t rows;
    int rounds, writers;
    double seconds;
};

struct bench {
    const struct settings *settings;
    const struct bench_engine *engine;
    int round;
    char live[4096], set[4096], copy[4096], socket[64];
    void *database;
};

static void report(const struct bench *b, const char *stage, uint64_t bytes, double seconds, double cpu_seconds, const char *more)
{
    printf("{\"bench\":\"%s\",\"engine\":\"%s\",\"round\":%d,\"bytes\":%llu,\"seconds\":%.4f,\"mb_s\":%.0f,\"cpu_s\":%.4f%s}\n", stage, b->engine->name, b->round, (unsigned long long)bytes, seconds,
           (double)bytes / 1e6 / seconds, cpu_seconds, more);
    fflush(stdout);
}

static void load(struct bench *b)
{
    struct bench_row row;
    struct bench_options options = {.folder = b->live, .is_new = true, .cache_bytes = CACHE};
    bench_empty_folder(b->live);
    b->database = b->engine->open(&options);
    void *thread = b->engine->thread_open(b->database);
    for (uint64_t i = 0; i < b->settings->rows; i += LOAD_BATCH) {
        b->engine->begin(thread, true);
        for (uint64_t k = i; k < i + LOAD_BATCH && k < b->settings->rows; k++) {
            bench_make_row(k, 0, &row);
            b->engine->insert(thread, &row);
        }
        b->engine->commit(thread, true);
    }
    b->engine->thread_close(thread);
    /* Everything is in its files when the copying begins. */
    b->engine->close(b->database);
    options.is_new = false;
    b->database = b->engine->open(&options);
    b->engine->thread_close(b->engine->thread_open(b->database)); /* attaches */
}

/* --- one copy --- */

enum way { WAY_BACKUP, WAY_SOCKET, WAY_SYNCED, WAY_SET };

struct timing {
    double seconds, cpu;
    struct bench_phases phases; /* OpenESE */
};

static struct timing best_of(struct timing best, struct timing one) { return best.seconds != 0 && best.seconds <= one.seconds ? best : one; }

static struct timing time_backup(const struct bench *b, enum way way)
{
    bench_empty_folder(b->set);
    double from = bench_now(), from_cpu = bench_cpu();
    switch (way) {
    case WAY_BACKUP: b->engine->backup(b->database, b->set); break;
    case WAY_SOCKET: bench_ese_backup_socket(b->socket, b->set); break;
    case WAY_SYNCED: bench_ese_backup_synced(b->database, b->set); break;
    case WAY_SET: bench_ese_backup_set(b->database, b->set); break;
    }
    return (struct timing){bench_now() - from, bench_cpu() - from_cpu, bench_ese_phases()};
}

static int sync_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)where;
    int file = kind == FTW_F ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        fdatasync(file);
        close(file);
    }
    return 0;
}

static struct timing time_cp(const struct bench *b, bool with_sync)
{
    char *arguments[] = {"cp", "-r", (char *)(uintptr_t)b->set, (char *)(uintptr_t)b->copy, NULL};
    pid_t pid;
    struct rusage usage;
    int status = -1;
    bench_empty_folder(b->copy);
    rmdir(b->copy);
    double from = bench_now();
    if (posix_spawnp(&pid, "cp", NULL, NULL, arguments, environ) != 0 || wait4(pid, &status, 0, &usage) != pid || status != 0)
        bench_fail("bench", "cp", status);
    if (with_sync)
        nftw(b->copy, sync_one, 8, FTW_PHYS);
    double used = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
    return (struct timing){bench_now() - from, used, {0}};
}

static void report_copy(const struct bench *b, const char *stage, uint64_t bytes, struct timing own, struct timing cp)
{
    char more[200];
    const struct bench_phases *p = &own.phases;
    int length = snprintf(more, sizeof more, ",\"of_cp\":%.3f", cp.seconds / own.seconds);
    if (p->begin != 0)
        snprintf(more + length, sizeof more - (size_t)length, ",\"begin_s\":%.4f,\"read_s\":%.4f,\"wait_s\":%.4f,\"logs_s\":%.4f,\"end_s\":%.4f", p->begin, p->read, p->wait, p->logs, p->end);
    report(b, stage, bytes, own.seconds, own.cpu, more);
}

/* The ways of OpenESE alone, and back. */
static void copies_of_ese(const struct bench *b, struct timing cp)
{
    struct timing socket = {0}, synced = {0}, set = {0}, cp_synced = {0}, set_cp = {0};
    uint64_t bytes = bench_all_bytes(b->set), set_bytes = 0;
    for (int i = 0; i < REPEATS; i++) {
        set = best_of(set, time_backup(b, WAY_SET));
        set_cp = best_of(set_cp, time_cp(b, true));
        set_bytes = bench_all_bytes(b->set);
        socket = best_of(socket, time_backup(b, WAY_SOCKET));
        synced = best_of(synced, time_backup(b, WAY_SYNCED));
        cp_synced = best_of(cp_synced, time_cp(b, true));
    }
    set.phases = (struct bench_phases){0};
    report_copy(b, "backup_socket", bytes, socket, cp);
    report_copy(b, "backup_synced", bytes, synced, cp_synced);
    report_copy(b, "backup_set", set_bytes, set, set_cp);
    report(b, "cp_synced", bytes, cp_synced.seconds, cp_synced.cpu, "");
    bench_empty_folder(b->copy);
    double from = bench_now(), from_cpu = bench_cpu();
    bench_ese_restore(b->set, b->copy);
    report(b, "restore", bytes, bench_now() - from, bench_cpu() - from_cpu, "");
}

static void copies(const struct bench *b)
{
    struct timing own = {0}, cp = {0};
    for (int i = 0; i < REPEATS; i++) {
        own = best_of(own, time_backup(b, WAY_BACKUP));
        cp = best_of(cp, time_cp(b, false));
    }
    uint64_t bytes = bench_all_bytes(b->set);
    report_copy(b, "backup", bytes, own, cp);
    report(b, "cp", bytes, cp.seconds, cp.cpu, "");
    if (b->engine == &bench_ese)
        copies_of_ese(b, cp);
}

/* --- writers meanwhile --- */

struct crew {
    const struct bench *bench;
    atomic_bool is_over;
    atomic_uint_fast64_t done;
};

static void *write_rows(void *argument)
{
    struct crew *c = (struct crew *)argument;
    const struct bench_engine *e = c->bench->engine;
    static atomic_uint_fast64_t numbers;
    uint64_t state = bench_mix(atomic_fetch_add(&numbers, 1));
    struct bench_row row;
    void *thread = e->thread_open(c->bench->database);
    while (!atomic_load(&c->is_over)) {
        e->begin(thread, true);
        for (int i = 0; i < UPDATE_BATCH; i++) {
            state = bench_mix(state);
            bench_make_row(state % c->bench->settings->rows, state, &row);
            e->update(thread, &row);
        }
        e->commit(thread, true);
        atomic_fetch_add(&c->done, UPDATE_BATCH);
    }
    e->thread_close(thread);
    return NULL;
}

/* Updates a second over at least `seconds`; with_backups: until the backup that runs then has ended. */
static double rate(const struct bench *b, struct crew *c, double seconds, bool with_backups, struct timing *spent, unsigned *backups)
{
    uint64_t before = atomic_load(&c->done);
    double from = bench_now();
    while (bench_now() - from < seconds) {
        if (!with_backups) {
            usleep(10000);
            continue;
        }
        struct timing one = time_backup(b, b->engine == &bench_ese ? WAY_SYNCED : WAY_BACKUP);
        spent->seconds += one.seconds;
        ++*backups;
    }
    return (double)(atomic_load(&c->done) - before) / (bench_now() - from);
}

/* Before, during and after in turns, since the machine's own pace changes. */
static void writers(const struct bench *b)
{
    struct crew crew = {.bench = b};
    pthread_t threads[WRITERS_MAX];
    struct timing spent = {0, 0};
    unsigned backups = 0;
    double alone = 0, beside = 0, part = b->settings->seconds / 4;
    char more[160];
    for (int i = 0; i < b->settings->writers; i++)
        if (pthread_create(&threads[i], NULL, write_rows, &crew) != 0)
            bench_fail("bench", "pthread_create", errno);
    usleep(300000);
    for (int turn = 0; turn < 4; turn++) {
        alone += rate(b, &crew, part, false, NULL, NULL) / 4;
        beside += rate(b, &crew, part, true, &spent, &backups) / 4;
    }
    atomic_store(&crew.is_over, true);
    for (int i = 0; i < b->settings->writers; i++)
        pthread_join(threads[i], NULL);
    snprintf(more, sizeof more, ",\"writers\":%d,\"alone_s\":%.0f,\"beside_s\":%.0f,\"kept\":%.3f", b->settings->writers, alone, beside, beside / alone);
    report(b, "writers", bench_all_bytes(b->set) * backups, spent.seconds, 0, more);
}

static void run_engine(struct bench *b)
{
    load(b);
    if (b->engine == &bench_ese)
        bench_ese_serve(b->database, b->socket);
    copies(b);
    writers(b);
    b->engine->close(b->database);
    bench_empty_folder(b->live);
    bench_empty_folder(b->set);
    bench_empty_folder(b->copy);
}

int main(int argc, char **argv)
{
    struct settings s = {.folder = "/tmp/openese-bench-backup", .rows = 2000000, .rounds = 1, .writers = 1, .seconds = 8};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--engines") == 0)
            s.engines = argv[i + 1];
        else if (strcmp(argv[i], "--folder") == 0)
            s.folder = argv[i + 1];
        else if (strcmp(argv[i], "--rows") == 0)
            s.rows = strtoull(argv[i + 1], NULL, 0);
        else if (strcmp(argv[i], "--rounds") == 0)
            s.rounds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--seconds") == 0)
            s.seconds = atof(argv[i + 1]);
        else if (strcmp(argv[i], "--writers") == 0 && atoi(argv[i + 1]) <= WRITERS_MAX)
            s.writers = atoi(argv[i + 1]);
        else
            bench_fail("bench", argv[i], 0);
    }
    bench_empty_folder(s.folder);
    for (int round = 0; round < s.rounds; round++)
        for (const struct bench_engine *const *each = bench_engines; *each != NULL; each++) {
            struct bench b = {.settings = &s, .engine = *each, .round = round};
            if ((s.engines != NULL && !bench_wants(s.engines, (*each)->name)) || (*each)->backup == NULL)
                continue;
            snprintf(b.live, sizeof b.live, "%s/live", s.folder);
            snprintf(b.set, sizeof b.set, "%s/set", s.folder);
            snprintf(b.copy, sizeof b.copy, "%s/copy", s.folder);
            snprintf(b.socket, sizeof b.socket, "/tmp/openese-bench-%d", (int)getpid());
            /* A process of its own: no engine pays for another's memory, and one that fails does not end the others. */
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
    return rmdir(s.folder);
}
