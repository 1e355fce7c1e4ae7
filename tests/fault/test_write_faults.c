/* A writing engine whose memory, disk or space gives out at the Nth request, for N = 1, 2, 3 ...
 *
 * The random workload with a model runs in a fresh copy of one database. Each time the calls must return a documented error, the end of the instance must leave no
 * memory and no open file, and after the fault the next start must find every durable transaction, nothing else, and a clean database. A failed
 * allocation is one request's misfortune: the client rolls back and the same instance goes on to the end of the workload.
 *
 * Small N are all taken, then steps grow; OPENESE_FAULT_ALL=1 takes every N. OPENESE_SEED sets the seed, OPENESE_FAULT_ONE ("write:3") takes that run alone,
 * OPENESE_FAULT_SHOW tells what each run met.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "live_instance.h"
#include "shared_data.h"
#include "workload.h"

enum { PAGE = 4096, TRANSACTIONS = 14, ALL_BELOW = 24, LONGEST_RUN_S = 60 };

struct scene {
    const char *model, *folder; /* kept as it was; worked in */
    struct fault_fs *disk;
    uint64_t seed, runs, struck;
};

/* What fails, and how. */
struct fault {
    const char *name;
    bool is_memory, is_sticky;
    enum fault_operation operation;
    JET_ERR error;
    const char *only; /* files */
};

static uint64_t number_from(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 0) : fallback;
}

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
    return (struct workload_config){.folder = s->folder, .page_size = PAGE, .threads = 1, .transactions = TRANSACTIONS, .seed = s->seed, .cache_pages = 96, .log_kib = 64, .goes_on = goes_on};
}

static void scene_open(struct scene *s)
{
    *s = (struct scene){.seed = number_from("OPENESE_SEED", 7)};
    s->model = make_scratch_folder("model");
    s->folder = make_scratch_folder("faults");
    s->disk = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(s->disk));
}

static void scene_close(struct scene *s)
{
    process_set_fs(NULL);
    fault_fs_destroy(s->disk);
    printf("%llu runs, %llu met the fault\n", (unsigned long long)s->runs, (unsigned long long)s->struck);
    fflush(stdout);
}

static void arm(const struct scene *s, const struct fault *fault, uint64_t n)
{
    fault_fs_fail_only(s->disk, fault->only);
    if (fault->is_memory)
        memory_fail_at(n, 0);
    else
        fault_fs_fail(s->disk, fault->operation, n, fault->error, fault->is_sticky);
}

/* Has it struck? */
static bool disarm(const struct scene *s, const struct fault *fault)
{
    bool has_struck = fault->is_memory ? memory_fail_left() == 0 : fault_fs_has_failed(s->disk);
    memory_fail_at(0, 0);
    fault_fs_fail(s->disk, FAULT_ANY, 0, JET_errSuccess, false);
    fault_fs_fail_only(s->disk, NULL);
    return has_struck;
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

/* A run with a fault at N, and what is found afterwards. Whether the fault struck. */
static bool run_with_fault(struct scene *s, const struct fault *fault, uint64_t n)
{
    const struct workload_config config = config_of(s, fault->is_memory || fault->operation == FAULT_READ);
    JET_ERR failure = JET_errSuccess;
    alarm(LONGEST_RUN_S); /* a hang ends the test */
    copy_folder(s->model, s->folder);
    struct workload *w = workload_create(&config);
    uint64_t live = memory_live_count();
    arm(s, fault, n);
    JET_ERR started = workload_start(w), ran = JET_errSuccess, ended = JET_errSuccess;
    if (started >= JET_errSuccess) {
        ran = workload_run(w);
        ended = workload_finish(w, false);
    }
    bool has_struck = disarm(s, fault);
    (void)workload_failures(w, &failure);
    if (getenv("OPENESE_FAULT_SHOW") != NULL) {
        printf("%s %llu: start %d, run %d, rolled back for %d, end %d, %u committed\n", fault->name, (unsigned long long)n, (int)started, (int)ran, (int)failure, (int)ended, workload_committed(w));
        fflush(stdout);
    }
    expect_documented(fault, n, "the start", started);
    expect_documented(fault, n, "the workload", ran);
    expect_documented(fault, n, "a call", failure);
    expect_documented(fault, n, "the end", ended);
    expect_nothing_left(s, fault, n, live);
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

/* Every N until the fault no longer strikes. */
static void run_all(struct scene *s, const struct fault *fault, unsigned steps_per_doubling)
{
    const bool is_all = number_from("OPENESE_FAULT_ALL", 0) != 0;
    const char *one = getenv("OPENESE_FAULT_ONE");
    uint64_t n = 1;
    if (one != NULL) {
        size_t length = strlen(fault->name);
        if (strncmp(one, fault->name, length) == 0 && one[length] == ':')
            (void)run_with_fault(s, fault, strtoull(one + length + 1, NULL, 0));
        return;
    }
    while (run_with_fault(s, fault, n))
        n += is_all || n < ALL_BELOW ? 1 : 1 + n / steps_per_doubling;
    assert_true(n > 3);
}

static void run_faults(const struct fault *faults, size_t count, unsigned steps_per_doubling)
{
    struct scene s;
    scene_open(&s);
    make_model(&s);
    for (size_t i = 0; i < count; i++)
        run_all(&s, &faults[i], steps_per_doubling);
    scene_close(&s);
}

static void a_failed_allocation_costs_one_transaction_at_most(void **state)
{
    static const struct fault fault = {.name = "allocation", .is_memory = true, .error = JET_errOutOfMemory};
    (void)state;
    run_faults(&fault, 1, 24);
}

static void a_failed_write_sync_or_set_size_loses_nothing(void **state)
{
    static const struct fault faults[] = {{.name = "write", .operation = FAULT_WRITE, .error = JET_errDiskIO},
                                          {.name = "sync", .operation = FAULT_SYNC, .error = JET_errDiskIO},
                                          {.name = "set size", .operation = FAULT_SET_SIZE, .error = JET_errDiskIO}};
    (void)state;
    run_faults(faults, 3, 8);
}

static void a_failed_read_costs_one_transaction_at_most(void **state)
{
    static const struct fault fault = {.name = "read", .operation = FAULT_READ, .error = JET_errDiskIO};
    (void)state;
    run_faults(&fault, 1, 8);
}

static void a_full_disk_loses_nothing(void **state)
{
    static const struct fault faults[] = {{.name = "no space to write", .operation = FAULT_WRITE, .error = JET_errDiskFull, .is_sticky = true},
                                          {.name = "no space to grow", .operation = FAULT_SET_SIZE, .error = JET_errDiskFull, .is_sticky = true}};
    (void)state;
    run_faults(faults, 2, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_costs_one_transaction_at_most),
        cmocka_unit_test(a_failed_write_sync_or_set_size_loses_nothing),
        cmocka_unit_test(a_failed_read_costs_one_transaction_at_most),
        cmocka_unit_test(a_full_disk_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
