/* Allocation: zeroed, counted, and made to fail on demand.
 *
 * Every allocation of the library goes through here so that a test can fail the Nth one (memory_fail_at) and see
 * afterwards that nothing leaked (memory_live_count). */
#ifndef OPENESE_BASE_MEMORY_H
#define OPENESE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Zeroed memory of size bytes (size 0 gives a valid pointer). NULL on failure: callers RAISE(JET_errOutOfMemory). */
void *mem_alloc(size_t size) __attribute__((malloc));
/* The same, not cleared: for what is overwritten at once. */
void *mem_alloc_uncleared(size_t size) __attribute__((malloc));
/* count * size with overflow check. */
void *mem_alloc_array(size_t count, size_t size) __attribute__((malloc));
/* Like realloc: the grown part is NOT zeroed; on NULL the old block stays valid. */
void *mem_resize(void *p, size_t size);
/* Page-aligned, zeroed, for page buffers; freed by mem_free. */
void *mem_alloc_aligned(size_t alignment, size_t size);
void mem_free(void *p);
/* A range that is used at random: the processor finds it with fewer look-ups when the system maps it in large pages (of 2 MiB, where a range has whole ones). Only advice. */
void mem_prefer_large_pages(void *p, size_t size);
/* What the range of whole system pages holds is not needed any more: the system may have the memory until it is written again. */
void mem_forget_content(void *p, size_t size);
/* Shall a core dump of the process contain the pages of the system that the range touches? They do at first. */
void mem_set_dumped(void *p, size_t size, bool is_dumped);
char *mem_strdup(const char *text);
void *mem_copy(const void *data, size_t size);

/* Test hook: the Nth allocation from now (1 = next) fails, and every one after it when sticky. 0 switches off. */
void memory_fail_at(uint64_t nth, int sticky);
/* Allocations until the one that fails; 0 when none is set, or it has failed. */
uint64_t memory_fail_left(void);
/* Number of blocks allocated and not freed. */
uint64_t memory_live_count(void);

#endif
