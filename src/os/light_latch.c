/* The waiting half of the light latch: spin a little, then sleep on the state word (futex). See light_latch.h.
 *
 * No wake is lost: a sleeper counts itself before the kernel compares the state with what it last saw, and whoever frees the latch changes
 * the state before it looks at the count. If the state came back to the compared value in between, somebody holds the latch again and
 * will look at the count in turn. */
#include "os/light_latch.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPIN_ROUNDS = 64 };

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void sleep_while(struct light_latch *l, unsigned state)
{
    atomic_fetch_add(&l->sleepers, 1);
    syscall(SYS_futex, &l->state, FUTEX_WAIT_PRIVATE, state, NULL, NULL, 0);
    atomic_fetch_sub(&l->sleepers, 1);
}

void light_latch_wake(struct light_latch *l)
{
    syscall(SYS_futex, &l->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void light_latch_shared_slow(struct light_latch *l)
{
    for (unsigned round = 0;; round++) {
        unsigned state = atomic_load_explicit(&l->state, memory_order_relaxed);
        if ((state & (LIGHT_LATCH_WRITER | LIGHT_LATCH_WRITER_WAITS)) == 0) {
            if (atomic_compare_exchange_weak_explicit(&l->state, &state, state + 1, memory_order_acquire, memory_order_relaxed))
                return;
        } else if (round < SPIN_ROUNDS) {
            pause_briefly();
        } else {
            sleep_while(l, state);
        }
    }
}

void light_latch_exclusive_slow(struct light_latch *l)
{
    for (unsigned round = 0;; round++) {
        unsigned state = atomic_load_explicit(&l->state, memory_order_relaxed);
        if ((state & ~(unsigned)LIGHT_LATCH_WRITER_WAITS) == 0) {
            /* Clears the waiting mark of all writers: the others set it again when they wake. */
            if (atomic_compare_exchange_weak_explicit(&l->state, &state, LIGHT_LATCH_WRITER, memory_order_acquire, memory_order_relaxed))
                return;
        } else if (round < SPIN_ROUNDS) {
            pause_briefly();
        } else if ((state & LIGHT_LATCH_WRITER_WAITS) != 0
                   || atomic_compare_exchange_weak_explicit(&l->state, &state, state | LIGHT_LATCH_WRITER_WAITS, memory_order_relaxed, memory_order_relaxed)) {
            sleep_while(l, state | LIGHT_LATCH_WRITER_WAITS);
        }
    }
}
