/* Mutexes, conditions, latches and threads over pthreads, and the debug-build check of lock order (docs/locking.md).
 *
 * The check: each thread keeps the locks it holds. Taking one (waiting for it if need be) whose rank is not above the highest held is a
 * possible deadlock, so the program stops there and names both ranks. A try never waits, so it may break the order; it is recorded all
 * the same. */
#include "os/thread.h"
#include "os/thread_work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"

#ifndef NDEBUG

enum { HELD_MAX = 128 };

static _Thread_local struct {
    const void *lock[HELD_MAX];
    int rank[HELD_MAX];
    int count;
} held;

static void order_broken(const char *what, int rank, int highest)
{
    fprintf(stderr, "lock order: %s (rank %d, highest held %d)\n", what, rank, highest);
    abort();
}

static int highest_held(void)
{
    int highest = 0;
    for (int i = 0; i < held.count; i++)
        highest = held.rank[i] > highest ? held.rank[i] : highest;
    return highest;
}

void lock_order_enter_tried(const void *lock, int rank)
{
    if (held.count == HELD_MAX)
        order_broken("too many locks held", rank, highest_held());
    held.lock[held.count] = lock;
    held.rank[held.count++] = rank;
}

void lock_order_enter(const void *lock, int rank)
{
    int highest = highest_held();
    if (rank < highest || (rank == highest && rank != RANK_PAGE))
        order_broken("taken out of order", rank, highest);
    lock_order_enter_tried(lock, rank);
}

void lock_order_leave(const void *lock)
{
    for (int i = held.count - 1; i >= 0; i--) {
        if (held.lock[i] == lock) {
            held.count--;
            memmove(&held.lock[i], &held.lock[i + 1], (size_t)(held.count - i) * sizeof held.lock[0]);
            memmove(&held.rank[i], &held.rank[i + 1], (size_t)(held.count - i) * sizeof held.rank[0]);
            return;
        }
    }
    order_broken("released but not held", 0, highest_held());
}

/* Waiting gives the mutex back and takes it again: in order only if nothing of a higher rank is held meanwhile. */
static void check_wait(const struct mutex *m)
{
    int highest = highest_held();
    if (m->rank < highest)
        order_broken("waiting while holding a lock of higher rank", m->rank, highest);
}

#else
static inline void check_wait(const struct mutex *m) { (void)m; }
#endif

/* pthread operations on initialised objects fail only by misuse. */
static void must_succeed(int result) { assert_always(result == 0); }

JET_ERR mutex_init(struct mutex *m, enum lock_rank rank)
{
    m->rank = (int)rank;
    return pthread_mutex_init(&m->handle, NULL) == 0 ? JET_errSuccess : JET_errOutOfMemory;
}

void mutex_destroy(struct mutex *m) { must_succeed(pthread_mutex_destroy(&m->handle)); }

void mutex_lock(struct mutex *m)
{
    lock_order_enter(m, m->rank);
    must_succeed(pthread_mutex_lock(&m->handle));
}

bool mutex_try_lock(struct mutex *m)
{
    if (pthread_mutex_trylock(&m->handle) != 0)
        return false;
    lock_order_enter_tried(m, m->rank);
    return true;
}

void mutex_unlock(struct mutex *m)
{
    lock_order_leave(m);
    must_succeed(pthread_mutex_unlock(&m->handle));
}

JET_ERR condition_init(struct condition *c)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return JET_errOutOfMemory;
    /* Time-outs must not move with the wall clock. */
    int result = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (result == 0)
        result = pthread_cond_init(&c->handle, &attributes);
    pthread_condattr_destroy(&attributes);
    return result == 0 ? JET_errSuccess : JET_errOutOfMemory;
}

void condition_destroy(struct condition *c) { must_succeed(pthread_cond_destroy(&c->handle)); }

void condition_wait(struct condition *c, struct mutex *m)
{
    check_wait(m);
    must_succeed(pthread_cond_wait(&c->handle, &m->handle));
}

bool condition_wait_for(struct condition *c, struct mutex *m, uint64_t milliseconds)
{
    struct timespec until;
    check_wait(m);
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (milliseconds > UINT32_MAX)
        milliseconds = UINT32_MAX; /* 49 days: keeps the sum below in range */
    until.tv_sec += (time_t)(milliseconds / 1000);
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    int result = pthread_cond_timedwait(&c->handle, &m->handle, &until);
    assert_always(result == 0 || result == ETIMEDOUT);
    return result == 0;
}

void condition_signal(struct condition *c) { must_succeed(pthread_cond_signal(&c->handle)); }
void condition_broadcast(struct condition *c) { must_succeed(pthread_cond_broadcast(&c->handle)); }

JET_ERR latch_init(struct latch *l, enum lock_rank rank)
{
    pthread_rwlockattr_t attributes;
    l->rank = (int)rank;
    if (pthread_rwlockattr_init(&attributes) != 0)
        return JET_errOutOfMemory;
    /* A stream of readers must not starve a writer. */
    int result = pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    if (result == 0)
        result = pthread_rwlock_init(&l->handle, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    return result == 0 ? JET_errSuccess : JET_errOutOfMemory;
}

void latch_destroy(struct latch *l) { must_succeed(pthread_rwlock_destroy(&l->handle)); }

void latch_shared(struct latch *l)
{
    lock_order_enter(l, l->rank);
    must_succeed(pthread_rwlock_rdlock(&l->handle));
}

void latch_exclusive(struct latch *l)
{
    lock_order_enter(l, l->rank);
    must_succeed(pthread_rwlock_wrlock(&l->handle));
}

bool latch_try_exclusive(struct latch *l)
{
    if (pthread_rwlock_trywrlock(&l->handle) != 0)
        return false;
    lock_order_enter_tried(l, l->rank);
    return true;
}

void latch_unlock_shared(struct latch *l)
{
    lock_order_leave(l);
    must_succeed(pthread_rwlock_unlock(&l->handle));
}

void latch_unlock_exclusive(struct latch *l)
{
    lock_order_leave(l);
    must_succeed(pthread_rwlock_unlock(&l->handle));
}

JET_ERR thread_start(struct thread *t, void *(*run)(void *), void *argument)
{
    t->is_started = pthread_create(&t->handle, NULL, run, argument) == 0;
    return t->is_started ? JET_errSuccess : JET_errOutOfThreads;
}

void thread_join(struct thread *t)
{
    if (!t->is_started)
        return;
    must_succeed(pthread_join(t->handle, NULL));
    t->is_started = false;
}

_Thread_local uint64_t thread_number;
_Thread_local struct thread_work thread_work;

/* The kernel's number, asked for once per thread. */
uint64_t thread_id_first(void)
{
    thread_number = (uint64_t)syscall(SYS_gettid);
    return thread_number;
}

void thread_sleep_ms(uint64_t milliseconds)
{
    struct timespec left = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}
