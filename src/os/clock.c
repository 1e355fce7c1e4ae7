/* Time and randomness. The state is that of the test hook only: one fixed time, one generator. */
#include "os/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static atomic_int_fast64_t fixed_seconds = -1;
static atomic_uint_fast64_t random_state; /* 0 = the kernel's randomness */

void clock_now(int64_t *seconds, unsigned *milliseconds)
{
    int64_t fixed = atomic_load(&fixed_seconds);
    if (fixed >= 0) {
        *seconds = fixed;
        *milliseconds = 0;
        return;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *seconds = (int64_t)now.tv_sec;
    *milliseconds = (unsigned)(now.tv_nsec / 1000000);
}

uint64_t clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* SplitMix64: a counter and a mix, so that concurrent callers need one atomic addition. */
static uint32_t seeded_random(void)
{
    uint64_t z = atomic_fetch_add(&random_state, UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ z >> 31) >> 32);
}

uint32_t random_u32(void)
{
    if (atomic_load(&random_state) != 0)
        return seeded_random();
    uint32_t value = 0;
    ssize_t got;
    do
        got = getrandom(&value, sizeof value, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof value) /* no such call on this kernel: time differs at least between runs */
        value = (uint32_t)clock_monotonic_ns() * UINT32_C(2654435761);
    return value;
}

void clock_fix_for_test(int64_t seconds, uint64_t random_seed)
{
    atomic_store(&fixed_seconds, seconds);
    atomic_store(&random_state, random_seed);
}
