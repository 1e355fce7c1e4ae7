/* A writing engine whose memory, disk or space gives out at the Nth request, for N = 1, 2, 3 ...
 *
 * The random workload with a model runs in a fresh copy of one database. Each time the calls must return a documented error, the end of the instance must leave no
 * memory and no open file, and after the fault the next start must find every durable transaction, nothing else, and a clean database. A failed
 * allocation is one request's misfortune: the client rolls back and the same instance goes on to the end of the workload.
 *
 * Small N are all taken, then steps grow; OPENESE_FAULT_ALL=1 takes every N. OPENESE_SEED sets the seed, OPENESE_FAULT_ONE ("write:3") takes that run alone,
 * OPENESE_FAULT_SHOW tells what each run met.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "engine/process.h"
#include "fault.h"
#include "live_instance.h"
#include "os/thread.h"
#include "shared_data.h"
#include "workload.h"

enum { PAGE = 4096, TRANSACTIONS = 14, ALL_BELOW = 12, LONGEST_RUN_S = 60, SHORTAGE_MS = 900 };

struct scene {
    const char *model, *folder; /* kept as it was; worked in */
    struct fault_fs *disk;
    uint64_t seed, runs, struck;
    uint32_t threads;
    bool is_circular;
    struct workload *left; /* whose database the model folder holds, when it was left in the middle of its work */
};

static void run_command(const char *command)
{
    if (system(command) != 0)
        fail_msg("%s failed", command);
}

static void copy_folder(const char *from, const char *to)
{
    char command[9000];
    snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
    run_command(command);
}

static void verify(const char *folder)
{
    char command[9000];
    const char *tool = getenv("ESE_TOOL");
    assert_non_null(tool);
    snprintf(command, sizeof command, "'%s' verify '%s' > '%s/verify.txt' 2>&1 || { cat '%s/verify.txt' >&2; false; }", tool, workload_database(folder), folder, folder);
    run_command(command);
}

static struct workload_config config_of(const struct scene *s, bool goes_on)
{
    return (struct workload_config){.folder = s->folder, .page_size = PAGE, .threads = s->threads, .transactions = TRANSACTIONS, .seed = s->seed, .cache_pages = 96, .log_kib = 64,
                                    .is_circular = s->is_circular, .goes_on = goes_on};
}

static void scene_open(struct scene *s)
{
    *s = (struct scene){.seed = number_from("OPENESE_SEED", 7), .threads = 1};
    s->model = make_scratch_folder("model");
    s->folder = make_scratch_folder("faults");
    s->disk = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(s->disk));
}

static void scene_close(struct scene *s, uint64_t least)
{
    process_set_fs(NULL);
    fault_fs_destroy(s->disk);
    if (getenv("OPENESE_FAULT_ONE") == NULL)
        assert_true(s->struck >= least);
    printf("%llu runs, %llu met the fault\n", (unsigned long long)s->runs, (unsigned long long)s->struck);
    fflush(stdout);
}

/* The errors a client may hear of a fault. */
static bool is_documented(const struct fault *fault, JET_ERR err)
{
    static const JET_ERR log_errors[] = {JET_errLogWriteFail, JET_errInstanceUnavailable, JET_errRollbackError};
    if (err >= JET_errSuccess || err == fault->error)
        return true;
    if (fault->is_memory)
        return false;
    for (size_t i = 0; i < sizeof log_errors / sizeof log_errors[0]; i++)
        if (err == log_errors[i])
            return true;
    if (fault->operation != FAULT_READ && err == JET_errOutOfBuffers) /* pages that cannot be written fill the cache */
        return true;
    if (fault->error == JET_errDiskFull)
        return err == JET_errLogDiskFull || err == JET_errInstanceUnavailableDueToFatalLogDiskFull || err == JET_errDiskIO;
    return fault->operation == FAULT_READ && err == JET_errLogReadVerifyFailure;
}

static void expect_documented(const struct fault *fault, uint64_t n, const char *what, JET_ERR err)
{
    if (!is_documented(fault, err))
        fail_msg("%s %llu: %s returns %d", fault->name, (unsigned long long)n, what, (int)err);
}

static void expect_nothing_left(const struct scene *s, const struct fault *fault, uint64_t n, uint64_t live)
{
    if (fault_fs_open_files(s->disk) != 0 || memory_live_count() != live)
        fail_msg("%s %llu: %llu files are open, %lld blocks leaked", fault->name, (unsigned long long)n, (unsigned long long)fault_fs_open_files(s->disk), (long long)(memory_live_count() - live));
}

__attribute__((format(printf, 3, 4))) static void show(const struct fault *fault, uint64_t n, const char *format, ...)
{
    va_list arguments;
    if (getenv("OPENESE_FAULT_SHOW") == NULL)
        return;
    printf("%s %llu: ", fault->name, (unsigned long long)n);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

/* A run with a fault at N, and what is found afterwards. Whether the fault struck. */
static bool run_with_fault(struct scene *s, const struct fault *fault, uint64_t n)
{
    const struct workload_config config = config_of(s, true);
    JET_ERR failure = JET_errSuccess;
    alarm(LONGEST_RUN_S); /* a hang ends the test */
    copy_folder(s->model, s->folder);
    struct workload *w = workload_create(&config);
    uint64_t live = memory_live_count();
    fault_arm(s->disk, fault, n);
    JET_ERR started = workload_start(w), ran = JET_errSuccess, ended = JET_errSuccess;
    if (started >= JET_errSuccess) {
        ran = workload_run(w);
        ended = workload_finish(w, false);
    }
    bool has_struck = fault_disarm(s->disk, fault);
    uint32_t failures = workload_failures(w, &failure);
    show(fault, n, "start %d, run %d, %u rolled back, for %d, end %d, %u committed", (int)started, (int)ran, failures, (int)failure, (int)ended, workload_committed(w));
    expect_documented(fault, n, "the start", started);
    expect_documented(fault, n, "the workload", ran);
    expect_documented(fault, n, "a call", failure);
    expect_documented(fault, n, "the end", ended);
    expect_nothing_left(s, fault, n, live);
    if (fault->is_memory && (failures > 1 || (failures == 1 && (ran < JET_errSuccess || ended < JET_errSuccess))))
        fail_msg("%s %llu: one failure costs more than one transaction", fault->name, (unsigned long long)n);
    if (!has_struck && (started < JET_errSuccess || ran < JET_errSuccess || ended < JET_errSuccess))
        fail_msg("%s %llu: %d, %d, %d without a fault", fault->name, (unsigned long long)n, (int)started, (int)ran, (int)ended);
    JET_ERR err = workload_check(w, s->folder, UINT64_MAX, NULL);
    if (err < JET_errSuccess)
        fail_msg("%s %llu: the restart returns %d", fault->name, (unsigned long long)n, (int)err);
    expect_nothing_left(s, fault, n, live);
    verify(s->folder);
    workload_destroy(w);
    alarm(0);
    s->runs++;
    s->struck += has_struck;
    return has_struck;
}

static void make_model(struct scene *s)
{
    struct workload_config config = config_of(s, false);
    config.folder = s->model;
    struct workload *w = workload_create(&config);
    assert_good(workload_setup(w));
    assert_good(workload_finish(w, false));
    workload_destroy(w);
}

/* The same while a database is made: afterwards it is whole if every call has succeeded; else the instance starts, and makes it. */
static bool make_with_fault(struct scene *s, const struct fault *fault, uint64_t n)
{
    const struct workload_config config = config_of(s, true);
    alarm(LONGEST_RUN_S);
    run_command(text_of("rm -rf '%s' && mkdir '%s'", s->folder, s->folder));
    struct workload *w = workload_create(&config);
    uint64_t live = memory_live_count();
    fault_arm(s->disk, fault, n);
    JET_ERR made = workload_setup(w), ended = workload_finish(w, false);
    bool has_struck = fault_disarm(s->disk, fault);
    show(fault, n, "making %d, end %d", (int)made, (int)ended);
    expect_documented(fault, n, "the making", made);
    expect_documented(fault, n, "the end", ended);
    expect_nothing_left(s, fault, n, live);
    assert_true(has_struck || (made >= JET_errSuccess && ended >= JET_errSuccess));
    if (made < JET_errSuccess) {
        assert_good(workload_start(w));
        assert_good(workload_finish(w, false));
        if (access(workload_database(s->folder), F_OK) == 0) /* one that recovery began, or has finished: the calls after the creation had failed */
            assert_int_equal(unlink(workload_database(s->folder)), 0);
        assert_good(workload_setup(w));
        assert_good(workload_finish(w, false));
    }
    JET_ERR err = workload_check(w, s->folder, UINT64_MAX, NULL);
    if (err < JET_errSuccess)
        fail_msg("%s %llu: the restart returns %d", fault->name, (unsigned long long)n, (int)err);
    expect_nothing_left(s, fault, n, live);
    verify(s->folder);
    workload_destroy(w);
    alarm(0);
    s->runs++;
    s->struck += has_struck;
    return has_struck;
}

/* The same while a database is recovered that was left in the middle of its work. */
static bool recover_with_fault(struct scene *s, const struct fault *fault, uint64_t n)
{
    struct workload *w = s->left;
    alarm(LONGEST_RUN_S);
    copy_folder(s->model, s->folder);
    uint64_t live = memory_live_count();
    bool has_struck = false;
    for (uint64_t at = n; at > 0; at = at == n ? n / 2 : 0) { /* the recovery after it is not let through either */
        fault_arm(s->disk, fault, at);
        JET_ERR started = workload_start(w), ended = started >= JET_errSuccess ? workload_finish(w, false) : JET_errSuccess;
        has_struck |= fault_disarm(s->disk, fault) && at == n;
        show(fault, at, "recovery %d, end %d", (int)started, (int)ended);
        expect_documented(fault, at, "the recovery", started);
        expect_documented(fault, at, "the end", ended);
        expect_nothing_left(s, fault, at, live);
    }
    JET_ERR err = workload_check(w, s->folder, UINT64_MAX, NULL);
    if (err < JET_errSuccess)
        fail_msg("%s %llu: the recovery after it returns %d", fault->name, (unsigned long long)n, (int)err);
    expect_nothing_left(s, fault, n, live);
    verify(s->folder);
    alarm(0);
    s->runs++;
    s->struck += has_struck;
    return has_struck;
}

typedef bool (*faulty_run)(struct scene *s, const struct fault *fault, uint64_t n);

/* Every N until the fault no longer strikes. */
static void run_all(struct scene *s, faulty_run run, const struct fault *fault, unsigned steps_per_doubling)
{
    const bool is_all = number_from("OPENESE_FAULT_ALL", 0) != 0;
    const char *one = getenv("OPENESE_FAULT_ONE");
    uint64_t n = 1;
    if (one != NULL) {
        size_t length = strlen(fault->name);
        if (strncmp(one, fault->name, length) == 0 && one[length] == ':')
            (void)run(s, fault, strtoull(one + length + 1, NULL, 0));
        return;
    }
    while (run(s, fault, n))
        n += is_all || n < ALL_BELOW ? 1 : 1 + n / steps_per_doubling;
}

/* Leaves a database as a killed process would: from one moment on nothing reaches the disk. */
static void make_left(struct scene *s)
{
    struct workload_config config = config_of(s, true);
    run_command(text_of("rm -rf '%s'", s->model));
    const char *working = s->folder;
    s->left = workload_create(&config);
    assert_good(workload_setup(s->left));
    assert_good(workload_finish(s->left, false));
    assert_good(workload_start(s->left));
    fault_fs_fail_only(s->disk, "/edb"); /* the log's files, so that the workload meets it */
    fault_fs_fail(s->disk, FAULT_WRITE, 14, JET_errDiskIO, true);
    assert_true(workload_run(s->left) < JET_errSuccess);
    (void)workload_finish(s->left, false);
    fault_fs_fail(s->disk, FAULT_ANY, 0, JET_errSuccess, false);
    fault_fs_fail_only(s->disk, NULL);
    copy_folder(working, s->model);
    assert_true(workload_committed(s->left) > 0);
}

static void run_faults(const struct fault *faults, size_t count, unsigned steps_per_doubling)
{
    struct scene s;
    scene_open(&s);
    make_model(&s);
    for (size_t i = 0; i < count; i++)
        run_all(&s, run_with_fault, &faults[i], steps_per_doubling);
    scene_close(&s, 10);
}

static void a_failed_allocation_costs_one_transaction_at_most(void **state)
{
    static const struct fault fault = {.name = "allocation", .is_memory = true, .error = JET_errOutOfMemory};
    (void)state;
    run_faults(&fault, 1, 12);
}

static void a_failed_write_sync_set_size_or_open_loses_nothing(void **state)
{
    static const struct fault faults[] = {{.name = "open", .operation = FAULT_OPEN, .error = JET_errOutOfFileHandles},
                                          {.name = "write", .operation = FAULT_WRITE, .error = JET_errDiskIO},
                                          {.name = "sync", .operation = FAULT_SYNC, .error = JET_errDiskIO},
                                          {.name = "set size", .operation = FAULT_SET_SIZE, .error = JET_errDiskIO}};
    (void)state;
    run_faults(faults, sizeof faults / sizeof faults[0], 6);
}

static void a_failed_read_costs_one_transaction_at_most(void **state)
{
    static const struct fault fault = {.name = "read", .operation = FAULT_READ, .error = JET_errDiskIO};
    (void)state;
    run_faults(&fault, 1, 5);
}

static void a_full_disk_loses_nothing(void **state)
{
    static const struct fault faults[] = {{.name = "no space to write", .operation = FAULT_WRITE, .error = JET_errDiskFull, .is_sticky = true},
                                          {.name = "no space to grow", .operation = FAULT_SET_SIZE, .error = JET_errDiskFull, .is_sticky = true}};
    (void)state;
    run_faults(faults, 2, 6);
}

static void a_fault_while_a_database_is_made_leaves_none_or_a_good_one(void **state)
{
    static const struct fault faults[] = {{.name = "making: allocation", .is_memory = true, .error = JET_errOutOfMemory},
                                          {.name = "making: write", .operation = FAULT_WRITE, .error = JET_errDiskIO},
                                          {.name = "making: sync", .operation = FAULT_SYNC, .error = JET_errDiskIO},
                                          {.name = "making: read", .operation = FAULT_READ, .error = JET_errDiskIO},
                                          {.name = "making: no space to write", .operation = FAULT_WRITE, .error = JET_errDiskFull, .is_sticky = true},
                                          {.name = "making: no space to grow", .operation = FAULT_SET_SIZE, .error = JET_errDiskFull, .is_sticky = true}};
    struct scene s;
    (void)state;
    scene_open(&s);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        run_all(&s, make_with_fault, &faults[i], 5);
    scene_close(&s, 10);
}

static void a_fault_while_recovering_is_made_good_by_the_next_recovery(void **state)
{
    static const struct fault faults[] = {{.name = "recovery: allocation", .is_memory = true, .error = JET_errOutOfMemory},
                                          {.name = "recovery: write", .operation = FAULT_WRITE, .error = JET_errDiskIO},
                                          {.name = "recovery: sync", .operation = FAULT_SYNC, .error = JET_errDiskIO},
                                          {.name = "recovery: read", .operation = FAULT_READ, .error = JET_errDiskIO},
                                          {.name = "recovery: no space to write", .operation = FAULT_WRITE, .error = JET_errDiskFull, .is_sticky = true},
                                          {.name = "recovery: no space to grow", .operation = FAULT_SET_SIZE, .error = JET_errDiskFull, .is_sticky = true}};
    struct scene s;
    (void)state;
    scene_open(&s);
    make_left(&s);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        run_all(&s, recover_with_fault, &faults[i], 4);
    workload_destroy(s.left);
    scene_close(&s, 10);
}

static void faults_meet_several_threads(void **state)
{
    static const struct fault faults[] = {{.name = "threads: allocation", .is_memory = true, .error = JET_errOutOfMemory},
                                          {.name = "threads: write", .operation = FAULT_WRITE, .error = JET_errDiskIO},
                                          {.name = "threads: sync", .operation = FAULT_SYNC, .error = JET_errDiskIO},
                                          {.name = "threads: no space to write", .operation = FAULT_WRITE, .error = JET_errDiskFull, .is_sticky = true},
                                          {.name = "threads: no space to grow", .operation = FAULT_SET_SIZE, .error = JET_errDiskFull, .is_sticky = true}};
    struct scene s;
    (void)state;
    scene_open(&s);
    s.threads = 3;
    s.is_circular = true;
    make_model(&s);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        run_all(&s, run_with_fault, &faults[i], 2);
    scene_close(&s, 10);
}

/* The log has room, the database has not: calls that need pages fail, others go on, in the same instance. */
static void a_database_that_cannot_grow_is_worked_in_until_there_is_space(void **state)
{
    struct scene s;
    JET_ERR failure;
    (void)state;
    scene_open(&s);
    make_model(&s);
    copy_folder(s.model, s.folder);
    const struct workload_config config = config_of(&s, true);
    struct workload *w = workload_create(&config);
    assert_good(workload_start(w));
    fault_fs_fail_only(s.disk, "work.edb");
    fault_fs_fail(s.disk, FAULT_SET_SIZE, 1, JET_errDiskFull, true);
    assert_good(workload_run(w)); /* every rollback worked */
    uint32_t failures = workload_failures(w, &failure), committed = workload_committed(w);
    assert_true(failures > 0);
    assert_int_equal(failure, JET_errDiskFull);
    assert_true(committed > 0);
    fault_fs_fail(s.disk, FAULT_SET_SIZE, 0, JET_errSuccess, false);
    assert_good(workload_run(w)); /* the same instance goes on */
    assert_int_equal(workload_failures(w, &failure), failures);
    assert_int_equal(workload_committed(w), TRANSACTIONS);
    assert_good(workload_finish(w, false));
    assert_good(workload_check(w, s.folder, UINT64_MAX, NULL));
    verify(s.folder);
    workload_destroy(w);
    scene_close(&s, 0);
}

static void *end_shortage(void *argument)
{
    const struct scene *s = (const struct scene *)argument;
    while (!fault_fs_has_failed(s->disk))
        thread_sleep_ms(1);
    thread_sleep_ms(SHORTAGE_MS);
    fault_fs_fail(s->disk, FAULT_OPEN, 0, JET_errSuccess, false);
    return NULL;
}

/* A log that finds no handle for its next file, for longer than it waits, costs a transaction, and the same instance goes on. */
static void a_log_without_file_handles_is_worked_in_when_there_are_some_again(void **state)
{
    struct scene s;
    struct thread ender = {.is_started = false};
    JET_ERR failure = JET_errSuccess;
    (void)state;
    scene_open(&s);
    make_model(&s);
    copy_folder(s.model, s.folder);
    const struct workload_config config = config_of(&s, true);
    struct workload *w = workload_create(&config);
    assert_good(workload_start(w));
    fault_fs_fail_only(s.disk, "edbtmp");
    fault_fs_fail(s.disk, FAULT_OPEN, 1, JET_errOutOfFileHandles, true);
    assert_good(thread_start(&ender, end_shortage, &s));
    assert_good(workload_run(w));
    thread_join(&ender);
    uint32_t failures = workload_failures(w, &failure);
    assert_true(failures <= 1);
    if (failures > 0)
        assert_int_equal(failure, JET_errOutOfFileHandles);
    assert_int_equal(workload_committed(w), TRANSACTIONS); /* the client has tried again */
    assert_good(workload_finish(w, false));
    assert_good(workload_check(w, s.folder, UINT64_MAX, NULL));
    verify(s.folder);
    workload_destroy(w);
    scene_close(&s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_costs_one_transaction_at_most),
        cmocka_unit_test(a_failed_write_sync_set_size_or_open_loses_nothing),
        cmocka_unit_test(a_failed_read_costs_one_transaction_at_most),
        cmocka_unit_test(a_full_disk_loses_nothing),
        cmocka_unit_test(faults_meet_several_threads),
        cmocka_unit_test(a_database_that_cannot_grow_is_worked_in_until_there_is_space),
        cmocka_unit_test(a_log_without_file_handles_is_worked_in_when_there_are_some_again),
        cmocka_unit_test(a_fault_while_a_database_is_made_leaves_none_or_a_good_one),
        cmocka_unit_test(a_fault_while_recovering_is_made_good_by_the_next_recovery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
