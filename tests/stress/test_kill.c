/* A running engine is killed (SIGKILL) at a random moment, again and again in one folder; each time the next start must find every durable transaction.
 *
 * The child writes the number of each transaction to a pipe when its durable commit has returned; the parent replays the choices of the seed
 * and compares. OPENESE_KILLS sets the number (default 40; the long lane takes 200), OPENESE_SEED the seed.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "live_instance.h"
#include "shared_data.h"
#include "workload.h"

enum { THREADS = 3, TRANSACTIONS = 3000 };

struct note {
    uint32_t thread, k;
};

static void tell(void *context, uint32_t thread, uint32_t k)
{
    const struct note note = {thread, k};
    if (write(*(const int *)context, &note, sizeof note) != (ssize_t)sizeof note)
        _exit(3);
}

static struct workload_config config_of(const char *folder, uint64_t seed, uint32_t round)
{
    static const uint32_t page_sizes[] = {4096, 8192, 32768};
    return (struct workload_config){.folder = folder, .page_size = page_sizes[round % 3], .threads = THREADS, .transactions = TRANSACTIONS, .seed = seed, .log_kib = 256, .is_circular = round % 2 == 1};
}

_Noreturn static void child(const struct workload_config *config)
{
    struct workload *w = workload_create(config);
    JET_ERR err = workload_setup(w);
    if (err >= JET_errSuccess)
        err = workload_run(w);
    _exit(err < JET_errSuccess ? 4 : 0);
}

static void kill_once(uint64_t seed, uint32_t round, uint64_t *rows)
{
    int ends[2], status = 0;
    uint32_t durable[THREADS] = {0};
    const char *folder = make_scratch_folder("kill");
    struct workload_config config = config_of(folder, seed, round);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        config.committed = tell;
        config.context = &ends[1];
        child(&config);
    }
    close(ends[1]);
    /* The setup has gone through when the first transaction is reported. */
    struct note note;
    uint32_t wanted = 1 + (uint32_t)(seed % 97) * 3, seen = 0;
    while (seen < wanted && read(ends[0], &note, sizeof note) == (ssize_t)sizeof note) {
        assert_true(note.thread < THREADS);
        durable[note.thread] = note.k;
        seen++;
    }
    kill(pid, SIGKILL);
    while (read(ends[0], &note, sizeof note) == (ssize_t)sizeof note)
        durable[note.thread] = note.k;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status))
        fail_msg("the child ended by itself with status %d", WEXITSTATUS(status));
    struct workload *w = workload_create(&config);
    /* Behind the last durable one there may be lazy ones, and rolled back tries. */
    workload_assume(w, durable, 40);
    JET_ERR err = workload_check(w, folder, UINT64_MAX, rows);
    if (err < JET_errSuccess)
        fail_msg("round %u: recovery in %s ends with %d", round, folder, (int)err);
    assert_int_equal(system(text_of("'%s' verify '%s' > '%s/verify.txt' 2>&1 || { cat '%s/verify.txt' >&2; false; }", getenv("ESE_TOOL"), workload_database(folder), folder, folder)), 0);
    workload_destroy(w);
    (void)!system(text_of("rm -rf '%s'", folder));
}

static void a_killed_process_leaves_every_durable_transaction(void **state)
{
    (void)state;
    const uint64_t kills = number_from("OPENESE_KILLS", 40), seed = number_from("OPENESE_SEED", (uint64_t)time(NULL));
    uint64_t rows = 0, all = 0;
    printf("seed %llu, %llu kills\n", (unsigned long long)seed, (unsigned long long)kills);
    fflush(stdout);
    for (uint32_t i = 0; i < kills; i++, all += rows)
        kill_once(seed + i * 7919u, i, &rows);
    printf("%llu kills, %llu rows compared\n", (unsigned long long)kills, (unsigned long long)all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_killed_process_leaves_every_durable_transaction)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
