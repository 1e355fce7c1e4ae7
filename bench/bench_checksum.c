/* Page checksum speed as a ratio to memcpy of the same pages, in the same run: vector code and portable code, each page size.
 * Prints one JSON line per result. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/checksum.h"

enum { SET_BYTES = 4 << 20, ROUNDS = 30 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Best of ROUNDS, so that other work on the machine does not count. */
static double best_copy(const uint8_t *from, uint8_t *to)
{
    double best = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        double started = now();
        memcpy(to, from, SET_BYTES);
        __asm__ volatile("" ::"r"(to) : "memory");
        double took = now() - started;
        best = took < best ? took : best;
    }
    return best;
}

static double best_verify(uint8_t *pages, uint32_t page_size)
{
    double best = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned bad = 0;
        double started = now();
        for (uint32_t p = 0; p < SET_BYTES / page_size; p++)
            bad += checksum_verify_page(pages + (size_t)p * page_size, page_size, p + 1, false).verdict != CHECKSUM_OK;
        double took = now() - started;
        best = took < best ? took : best;
        if (bad != 0)
            exit(1);
    }
    return best;
}

int main(void)
{
    uint8_t *pages = (uint8_t *)aligned_alloc(4096, SET_BYTES), *copy = (uint8_t *)aligned_alloc(4096, SET_BYTES);
    uint32_t state = 1;
    for (size_t i = 0; i < SET_BYTES; i++)
        pages[i] = (uint8_t)((state = state * 1664525u + 1013904223u) >> 24);
    memset(copy, 1, SET_BYTES);
    double copying = best_copy(pages, copy);
    for (uint32_t page_size = 4096; page_size <= 32768; page_size *= 2) {
        for (uint32_t p = 0; p < SET_BYTES / page_size; p++) {
            uint8_t *page = pages + (size_t)p * page_size;
            page[37] |= 0x20; /* the new checksum format flag */
            page[64] = (uint8_t)(p + 1), page[65] = (uint8_t)((p + 1) >> 8), page[66] = page[67] = 0;
            checksum_store_page(page, page_size, p + 1);
        }
        for (int portable = 0; portable <= 1; portable++) {
            checksum_force_portable(portable != 0);
            double verifying = best_verify(pages, page_size);
            printf("{\"bench\":\"checksum\",\"page_size\":%u,\"code\":\"%s\",\"gb_per_s\":%.2f,\"memcpy_gb_per_s\":%.2f,\"ratio_to_memcpy\":%.3f}\n", page_size,
                   checksum_implementation(), SET_BYTES / verifying / 1e9, SET_BYTES / copying / 1e9, copying / verifying);
        }
    }
    free(pages);
    free(copy);
    return 0;
}
