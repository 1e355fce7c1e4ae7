/* Locks and threads: exclusion, waiting, time-outs, and the debug check of lock order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/light_latch.h"
#include "os/thread.h"

enum { THREADS = 4, ROUNDS = 20000 };

struct shared {
    struct mutex mutex;
    struct latch latch;
    struct light_latch light;
    struct condition condition;
    long by_mutex, by_latch[2], by_light[2];
    int started;
    atomic_int wrong;
};

static void *count_under_locks(void *argument)
{
    struct shared *s = (struct shared *)argument;
    for (int i = 0; i < ROUNDS; i++) {
        mutex_lock(&s->mutex);
        s->by_mutex++;
        mutex_unlock(&s->mutex);
        if (i % 4 == 0) {
            latch_exclusive(&s->latch);
            s->by_latch[0]++;
            s->by_latch[1]++;
            latch_unlock_exclusive(&s->latch);
            light_latch_exclusive(&s->light, RANK_PAGE);
            s->by_light[0]++;
            s->by_light[1]++;
            light_latch_unlock_exclusive(&s->light);
        } else {
            latch_shared(&s->latch);
            if (s->by_latch[0] != s->by_latch[1])
                atomic_fetch_add(&s->wrong, 1);
            latch_unlock_shared(&s->latch);
            light_latch_shared(&s->light, RANK_PAGE);
            if (s->by_light[0] != s->by_light[1])
                atomic_fetch_add(&s->wrong, 1);
            light_latch_unlock_shared(&s->light);
        }
    }
    return NULL;
}

static void init(struct shared *s)
{
    *s = (struct shared){.started = 0};
    assert_int_equal(mutex_init(&s->mutex, RANK_LEAF), JET_errSuccess);
    assert_int_equal(latch_init(&s->latch, RANK_CACHE), JET_errSuccess);
    assert_int_equal(condition_init(&s->condition), JET_errSuccess);
}

static void destroy(struct shared *s)
{
    mutex_destroy(&s->mutex);
    latch_destroy(&s->latch);
    condition_destroy(&s->condition);
}

static void locks_exclude(void **state)
{
    (void)state;
    static struct shared s;
    struct thread threads[THREADS];
    init(&s);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&threads[i], count_under_locks, &s), JET_errSuccess);
    for (int i = 0; i < THREADS; i++)
        thread_join(&threads[i]);
    assert_int_equal(s.by_mutex, THREADS * ROUNDS);
    assert_int_equal(s.by_latch[0], THREADS * ROUNDS / 4);
    assert_int_equal(s.by_light[0], THREADS * ROUNDS / 4);
    assert_int_equal(s.by_light[1], THREADS * ROUNDS / 4);
    assert_int_equal(atomic_load(&s.wrong), 0);
    assert_int_equal(atomic_load(&s.light.state), 0);
    destroy(&s);
}

static void *hold_exclusive(void *argument)
{
    struct shared *s = (struct shared *)argument;
    light_latch_exclusive(&s->light, RANK_PAGE);
    mutex_lock(&s->mutex);
    s->started = 1;
    condition_signal(&s->condition);
    mutex_unlock(&s->mutex);
    thread_sleep_ms(50);
    s->by_light[0] = 7;
    light_latch_unlock_exclusive(&s->light);
    return NULL;
}

static void a_reader_sleeps_until_the_writer_is_done(void **state)
{
    (void)state;
    static struct shared s;
    struct thread thread;
    init(&s);
    assert_int_equal(thread_start(&thread, hold_exclusive, &s), JET_errSuccess);
    mutex_lock(&s.mutex);
    while (s.started == 0)
        condition_wait(&s.condition, &s.mutex);
    mutex_unlock(&s.mutex);
    assert_false(light_latch_try_exclusive(&s.light, RANK_PAGE));
    light_latch_shared(&s.light, RANK_PAGE);
    assert_int_equal(s.by_light[0], 7);
    light_latch_unlock_shared(&s.light);
    assert_true(light_latch_try_exclusive(&s.light, RANK_PAGE));
    light_latch_unlock_exclusive(&s.light);
    thread_join(&thread);
    thread_join(&thread); /* a joined thread may be joined again */
    destroy(&s);
}

static void *try_as_reader(void *argument)
{
    struct shared *s = (struct shared *)argument;
    light_latch_shared(&s->light, RANK_PAGE);
    s->started = light_latch_try_exclusive(&s->light, RANK_PAGE) ? 2 : 1;
    light_latch_unlock_shared(&s->light);
    return NULL;
}

static void a_downgraded_latch_lets_readers_in_and_keeps_writers_out(void **state)
{
    (void)state;
    static struct shared s;
    struct thread thread;
    init(&s);
    light_latch_exclusive(&s.light, RANK_PAGE);
    assert_int_equal(thread_start(&thread, try_as_reader, &s), JET_errSuccess);
    thread_sleep_ms(20);
    assert_int_equal(atomic_load(&s.light.state) & ~(unsigned)LIGHT_LATCH_WRITER, 0); /* it waits */
    light_latch_downgrade(&s.light);
    thread_join(&thread);
    assert_int_equal(s.started, 1);
    assert_int_equal(atomic_load(&s.light.state), 1);
    assert_false(light_latch_try_exclusive(&s.light, RANK_PAGE));
    light_latch_unlock_shared(&s.light);
    destroy(&s);
}

static void a_wait_times_out(void **state)
{
    (void)state;
    static struct shared s;
    init(&s);
    uint64_t before = clock_monotonic_ns();
    mutex_lock(&s.mutex);
    assert_false(condition_wait_for(&s.condition, &s.mutex, 30));
    mutex_unlock(&s.mutex);
    assert_true(clock_monotonic_ns() - before >= 29000000u);
    destroy(&s);
}

static void *take_mutex(void *argument)
{
    struct shared *s = (struct shared *)argument;
    s->started = mutex_try_lock(&s->mutex);
    if (s->started)
        mutex_unlock(&s->mutex);
    return NULL;
}

static void a_try_does_not_wait(void **state)
{
    (void)state;
    static struct shared s;
    struct thread thread;
    init(&s);
    mutex_lock(&s.mutex);
    assert_int_equal(thread_start(&thread, take_mutex, &s), JET_errSuccess);
    thread_join(&thread);
    assert_int_equal(s.started, 0);
    mutex_unlock(&s.mutex);
    assert_int_equal(thread_start(&thread, take_mutex, &s), JET_errSuccess);
    thread_join(&thread);
    assert_int_equal(s.started, 1);
    assert_true(latch_try_exclusive(&s.latch));
    latch_unlock_exclusive(&s.latch);
    assert_int_not_equal(thread_id(), 0);
    destroy(&s);
}

#ifndef NDEBUG
enum breach { IN_ORDER, DESCENDING, SAME_RANK, SAME_RANK_PAGES, RELEASE_UNHELD, WAIT_UNDER_HIGHER, TRY_DESCENDING };

static void commit_breach(enum breach what)
{
    static struct shared low, high; /* mutex RANK_LEAF, latch RANK_CACHE */
    init(&low);
    init(&high);
    switch (what) {
    case IN_ORDER:
        latch_shared(&low.latch);
        mutex_lock(&low.mutex);
        latch_unlock_shared(&low.latch); /* order of release is free */
        mutex_unlock(&low.mutex);
        break;
    case DESCENDING:
        mutex_lock(&low.mutex);
        latch_shared(&low.latch);
        break;
    case SAME_RANK:
        latch_shared(&low.latch);
        latch_shared(&high.latch);
        break;
    case SAME_RANK_PAGES:
        light_latch_shared(&low.light, RANK_PAGE);
        light_latch_shared(&high.light, RANK_PAGE);
        light_latch_unlock_shared(&low.light);
        light_latch_unlock_shared(&high.light);
        break;
    case RELEASE_UNHELD:
        lock_order_leave(&low);
        break;
    case WAIT_UNDER_HIGHER:
        low.mutex.rank = RANK_PAGE;
        mutex_lock(&low.mutex);
        latch_shared(&low.latch);
        (void)condition_wait_for(&low.condition, &low.mutex, 1);
        break;
    case TRY_DESCENDING:
        mutex_lock(&low.mutex);
        if (!latch_try_exclusive(&low.latch))
            _exit(1);
        latch_unlock_exclusive(&low.latch);
        mutex_unlock(&low.mutex);
        break;
    }
}

static int status_of(enum breach what)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        commit_breach(what);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void locking_out_of_order_aborts(void **state)
{
    (void)state;
    assert_int_equal(status_of(IN_ORDER), 0);
    assert_int_equal(status_of(SAME_RANK_PAGES), 0);
    assert_int_equal(status_of(TRY_DESCENDING), 0);
    assert_int_equal(status_of(DESCENDING), -SIGABRT);
    assert_int_equal(status_of(SAME_RANK), -SIGABRT);
    assert_int_equal(status_of(RELEASE_UNHELD), -SIGABRT);
    assert_int_equal(status_of(WAIT_UNDER_HIGHER), -SIGABRT);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locks_exclude),
        cmocka_unit_test(a_reader_sleeps_until_the_writer_is_done),
        cmocka_unit_test(a_downgraded_latch_lets_readers_in_and_keeps_writers_out),
        cmocka_unit_test(a_wait_times_out),
        cmocka_unit_test(a_try_does_not_wait),
#ifndef NDEBUG
        cmocka_unit_test(locking_out_of_order_aborts),
#endif
    };
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
