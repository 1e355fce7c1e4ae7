/* Copies made with plain reads while an instance is frozen under writers: nothing moves on disk, reads go on, commits wait, and each copy recovers to the moment of the
 * freeze (backup-and-restore 14). */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "live_instance.h"
#include "shared_data.h"
#include "workload.h"

enum { THREADS = 4, ROUNDS = 3, FILES_MAX = 512, HOLD_MS = 250, TIMEOUT_MS = 15000 };

static atomic_uint_least64_t ticks;
static uint64_t next_tick(void *context)
{
    (void)context;
    return atomic_fetch_add(&ticks, 1) + 1;
}

static atomic_uint commits;
static void count_commit(void *context, uint32_t thread, uint32_t k)
{
    (void)context, (void)thread, (void)k;
    atomic_fetch_add(&commits, 1);
}

static void *run_writers(void *context)
{
    return (void *)(intptr_t)workload_run(context);
}

/* --- what stands in a folder --- */

struct listing {
    size_t count;
    struct {
        char name[256];
        uint64_t size, sum;
    } files[FILES_MAX];
};

static uint64_t sum_of(const unsigned char *bytes, uint64_t size)
{
    uint64_t sum = 14695981039346656037u;
    for (uint64_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    return sum;
}

static int compare_names(const void *a, const void *b) { return strcmp(a, b); }

static void read_folder(const char *folder, struct listing *out)
{
    DIR *directory = opendir(folder);
    out->count = 0;
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (entry->d_name[0] == '.' || strstr(entry->d_name, "tmp") != NULL || strstr(entry->d_name, "temp") != NULL)
            continue;
        assert_true(out->count < FILES_MAX);
        unsigned long long size;
        unsigned char *bytes = read_whole_file(text_of("%s/%s", folder, entry->d_name), &size);
        snprintf(out->files[out->count].name, sizeof out->files[0].name, "%s", entry->d_name);
        out->files[out->count].size = size;
        out->files[out->count++].sum = sum_of(bytes, size);
        free(bytes);
    }
    closedir(directory);
    qsort(out->files, out->count, sizeof out->files[0], compare_names);
}

static void assert_same_files(const struct listing *a, const struct listing *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->files[i].name, b->files[i].name);
        if (a->files[i].size != b->files[i].size || a->files[i].sum != b->files[i].sum)
            fail_msg("%s has changed while it was frozen", a->files[i].name);
    }
}

/* --- one round --- */

/* A full scan of one table in a session of its own. */
static uint32_t scan(JET_INSTANCE instance, const char *database)
{
    JET_SESID session;
    JET_DBID dbid;
    JET_TABLEID table;
    uint32_t rows = 0;
    assert_good(JetBeginSession(instance, &session, NULL, NULL));
    assert_good(JetOpenDatabase(session, database, NULL, &dbid, JET_bitDbReadOnly));
    assert_good(JetBeginTransaction2(session, JET_bitTransactionReadOnly));
    assert_good(JetOpenTable(session, dbid, "rows1", NULL, 0, JET_bitTableReadOnly, &table));
    for (JET_ERR err = JetMove(session, table, JET_MoveFirst, 0); err >= 0; err = JetMove(session, table, JET_MoveNext, 0))
        rows++;
    assert_good(JetCloseTable(session, table));
    assert_good(JetCommitTransaction(session, 0));
    assert_good(JetCloseDatabase(session, dbid, 0));
    assert_good(JetEndSession(session, 0));
    return rows;
}

static void take_snapshot(struct workload *w, const char *folder, const char *copy, JET_GRBIT grbit, bool only_archives, uint64_t *moment)
{
    static struct listing before, after;
    JET_OSSNAPID id;
    uint32_t count;
    JET_INSTANCE_INFO_A *infos;
    assert_good(JetOSSnapshotPrepare(&id, grbit));
    assert_good(JetOSSnapshotFreezeA(id, &count, &infos, 0));
    assert_int_equal(count, 1);
    assert_int_equal(infos->cDatabases, 1);
    assert_string_equal(infos->szDatabaseFileName[0], workload_database(folder));
    assert_good(JetFreeBuffer((char *)infos));
    *moment = next_tick(NULL);
    read_folder(folder, &before);
    uint32_t committed = atomic_load(&commits);
    usleep(HOLD_MS * 500);
    (void)scan(workload_instance(w), workload_database(folder));
    assert_int_equal(system(text_of("cp '%s'/* '%s'", folder, copy)), 0);
    usleep(HOLD_MS * 500);
    assert_in_range(atomic_load(&commits), committed, committed + THREADS); /* commits wait; what was durable before may be counted late, once in each thread */
    read_folder(folder, &after);
    assert_same_files(&before, &after);
    assert_good(JetOSSnapshotThaw(id, 0));
    if (only_archives) /* the generations before the roll, and the databases, are all there is to a set */
        assert_int_equal(system(text_of("cd '%s' && rm -f edbtmp.log && mv \"$(ls edb?????.log | grep -v tmp | tail -1)\" edb.log", copy)), 0);
}

static void snapshot_under_load(bool is_circular, bool only_archives)
{
    const char *folder = make_scratch_folder("frozen");
    struct workload_config config = {.folder = folder, .page_size = 4096, .threads = THREADS, .transactions = 1000000, .seed = 77, .is_circular = is_circular,
                                     .always_durable = true, .log_kib = 256, .now = next_tick, .committed = count_commit};
    struct workload *w = workload_create(&config);
    assert_good(JetSetSystemParameter(NULL, 0, JET_paramOSSnapshotTimeout, TIMEOUT_MS, NULL));
    pthread_t writers;
    const char *copies[ROUNDS];
    uint64_t moments[ROUNDS];
    void *result;
    assert_good(workload_setup(w));
    assert_int_equal(pthread_create(&writers, NULL, run_writers, w), 0);
    for (int i = 0; i < ROUNDS; i++) {
        usleep(400000);
        uint32_t before = atomic_load(&commits);
        copies[i] = make_scratch_folder("copy");
        take_snapshot(w, folder, copies[i], JET_bitCopySnapshot, only_archives, &moments[i]);
        for (int tries = 0; tries < 100 && atomic_load(&commits) == before; tries++)
            usleep(20000);
        assert_true(atomic_load(&commits) > before); /* the writers go on */
    }
    workload_stop(w);
    pthread_join(writers, &result);
    assert_int_equal((JET_ERR)(intptr_t)result, JET_errSuccess);
    assert_good(workload_finish(w, false));
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t rows = 0;
        assert_good(workload_check(w, copies[i], moments[i], &rows));
        assert_true(rows > 0);
    }
    workload_destroy(w);
}

static void a_copy_of_a_frozen_folder_recovers_to_the_moment_of_the_freeze(void **state)
{
    (void)state;
    snapshot_under_load(false, false);
}

static void the_databases_and_the_finished_generations_alone_are_consistent(void **state)
{
    (void)state;
    snapshot_under_load(false, true);
}

static void circular_logging_stands_still_too(void **state)
{
    (void)state;
    snapshot_under_load(true, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_of_a_frozen_folder_recovers_to_the_moment_of_the_freeze),
        cmocka_unit_test(the_databases_and_the_finished_generations_alone_are_consistent),
        cmocka_unit_test(circular_logging_stands_still_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
