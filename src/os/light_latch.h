/* A reader-writer latch of eight bytes: one atomic operation to take, one to give back, the kernel only when somebody must wait.
 *
 * There is one in every page frame, and a cached lookup takes one per tree level, which is why it is not a pthread lock.
 * A waiting writer keeps new readers out, so that a stream of readers cannot starve it; readers must therefore not take the same latch twice.
 * Ranks: like any latch, checked in debug builds (os/thread.h).
 */
#ifndef OPENESE_OS_LIGHT_LATCH_H
#define OPENESE_OS_LIGHT_LATCH_H

#include <stdatomic.h>

#include "os/thread.h"

struct light_latch {
    atomic_uint state;    /* number of readers, LIGHT_LATCH_WRITER, LIGHT_LATCH_WRITER_WAITS */
    atomic_uint sleepers; /* threads inside the kernel, or about to be */
};

enum { LIGHT_LATCH_WRITER = 1 << 30, LIGHT_LATCH_WRITER_WAITS = 1 << 29 };

/* A zeroed light_latch is free and ready; there is nothing to destroy. */
void light_latch_shared_slow(struct light_latch *l);
void light_latch_exclusive_slow(struct light_latch *l);
void light_latch_wake(struct light_latch *l);

static inline bool light_latch_try_shared_now(struct light_latch *l)
{
    unsigned state = atomic_load_explicit(&l->state, memory_order_relaxed);
    return (state & (LIGHT_LATCH_WRITER | LIGHT_LATCH_WRITER_WAITS)) == 0
        && atomic_compare_exchange_strong_explicit(&l->state, &state, state + 1, memory_order_acquire, memory_order_relaxed);
}

static inline void light_latch_shared(struct light_latch *l, enum lock_rank rank)
{
    lock_order_enter(l, (int)rank);
    if (!light_latch_try_shared_now(l))
        light_latch_shared_slow(l);
}

static inline void light_latch_exclusive(struct light_latch *l, enum lock_rank rank)
{
    unsigned expected = 0;
    lock_order_enter(l, (int)rank);
    if (!atomic_compare_exchange_strong_explicit(&l->state, &expected, LIGHT_LATCH_WRITER, memory_order_acquire, memory_order_relaxed))
        light_latch_exclusive_slow(l);
}

static inline bool light_latch_try_exclusive(struct light_latch *l, enum lock_rank rank)
{
    unsigned expected = 0;
    if (!atomic_compare_exchange_strong_explicit(&l->state, &expected, LIGHT_LATCH_WRITER, memory_order_acquire, memory_order_relaxed))
        return false;
    lock_order_enter_tried(l, (int)rank);
    return true;
}

static inline void light_latch_unlock_shared(struct light_latch *l)
{
    lock_order_leave(l);
    /* Sequentially consistent, as is the sleepers load: either the sleeper sees the new state, or we see the sleeper. */
    unsigned before = atomic_fetch_sub(&l->state, 1);
    if ((before & ~(unsigned)LIGHT_LATCH_WRITER_WAITS) == 1 && atomic_load(&l->sleepers) != 0)
        light_latch_wake(l);
}

static inline void light_latch_unlock_exclusive(struct light_latch *l)
{
    lock_order_leave(l);
    atomic_fetch_and(&l->state, ~(unsigned)LIGHT_LATCH_WRITER);
    if (atomic_load(&l->sleepers) != 0)
        light_latch_wake(l);
}

/* From exclusive to shared without letting a writer in between. */
static inline void light_latch_downgrade(struct light_latch *l)
{
    atomic_fetch_sub(&l->state, (unsigned)LIGHT_LATCH_WRITER - 1u);
    if (atomic_load(&l->sleepers) != 0)
        light_latch_wake(l);
}

#endif
