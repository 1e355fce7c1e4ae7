/* Allocation with a live counter and a countdown fault. The only mutable state is the counters of the test hook. */
#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static atomic_uint_fast64_t live_count;
static atomic_uint_fast64_t fail_countdown; /* 0 = off; the allocation that takes it from 1 to 0 fails */
static atomic_int fail_sticky;

static int must_fail(void)
{
    uint_fast64_t left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    if (left == 0)
        return 0;
    while (left > 1 && !atomic_compare_exchange_weak(&fail_countdown, &left, left - 1)) {
    }
    if (left != 1)
        return 0;
    if (!atomic_load(&fail_sticky))
        atomic_store(&fail_countdown, 0);
    return 1;
}

static void *counted(void *p)
{
    if (p != NULL)
        atomic_fetch_add_explicit(&live_count, 1, memory_order_relaxed);
    return p;
}

void *mem_alloc(size_t size)
{
    return must_fail() ? NULL : counted(calloc(1, size != 0 ? size : 1));
}

void *mem_alloc_uncleared(size_t size)
{
    return must_fail() ? NULL : counted(malloc(size != 0 ? size : 1));
}

void *mem_alloc_array(size_t count, size_t size)
{
    return must_fail() ? NULL : counted(calloc(count != 0 ? count : 1, size != 0 ? size : 1));
}

void *mem_resize(void *p, size_t size)
{
    if (p == NULL)
        return mem_alloc(size);
    return must_fail() ? NULL : realloc(p, size != 0 ? size : 1);
}

void *mem_alloc_aligned(size_t alignment, size_t size)
{
    void *p = NULL;
    if (must_fail() || posix_memalign(&p, alignment, size) != 0)
        return NULL;
    memset(p, 0, size);
    return counted(p);
}

void mem_free(void *p)
{
    if (p == NULL)
        return;
    atomic_fetch_sub_explicit(&live_count, 1, memory_order_relaxed);
    free(p);
}

/* Both may fail without harm: then everything is as it was. */
void mem_prefer_large_pages(void *p, size_t size)
{
    (void)madvise(p, size, MADV_HUGEPAGE);
}

void mem_forget_content(void *p, size_t size)
{
    (void)madvise(p, size, MADV_DONTNEED);
}

void mem_set_dumped(void *p, size_t size, bool is_dumped)
{
    enum { SYSTEM_PAGE = 4096 };
    uintptr_t first = (uintptr_t)p / SYSTEM_PAGE * SYSTEM_PAGE, end = ((uintptr_t)p + size + SYSTEM_PAGE - 1) / SYSTEM_PAGE * SYSTEM_PAGE;
    (void)madvise((uint8_t *)p - ((uintptr_t)p - first), end - first, is_dumped ? MADV_DODUMP : MADV_DONTDUMP);
}

char *mem_strdup(const char *text)
{
    return (char *)mem_copy(text, strlen(text) + 1);
}

void *mem_copy(const void *data, size_t size)
{
    void *p = mem_alloc_uncleared(size);
    if (p != NULL && size != 0)
        memcpy(p, data, size);
    return p;
}

void memory_fail_at(uint64_t nth, int sticky)
{
    atomic_store(&fail_sticky, sticky);
    atomic_store(&fail_countdown, nth);
}

uint64_t memory_fail_left(void)
{
    return atomic_load(&fail_countdown);
}

uint64_t memory_live_count(void)
{
    return atomic_load(&live_count);
}
