/* Time and randomness, behind function pointers so that tests can fix both. */
#ifndef OPENESE_OS_CLOCK_H
#define OPENESE_OS_CLOCK_H

#include <stdint.h>

/* Wall clock: seconds and milliseconds since 1970 UTC. */
void clock_now(int64_t *seconds, unsigned *milliseconds);
/* Monotonic nanoseconds. */
uint64_t clock_monotonic_ns(void);
/* Unpredictable 32 bits (signatures). */
uint32_t random_u32(void);
/* Test hook: fixes the wall clock (seconds; -1 = real) and seeds random_u32 (0 = real). */
void clock_fix_for_test(int64_t seconds, uint64_t random_seed);

#endif
