/* What the calling thread has made the engine do, since it began: JetGetThreadStats tells it.
 *
 * One set of counters per thread, written by that thread alone and read by nobody else: a count costs one addition, and no lock. They stand in thread-local storage (thread.c)
 * because the work is counted deep below, by the cache and the log, which know neither session nor thread; and because they belong to no instance.
 */
#ifndef OPENESE_OS_THREAD_WORK_H
#define OPENESE_OS_THREAD_WORK_H

#include <stdint.h>

struct thread_work {
    uint32_t pages_referenced, pages_read, pages_read_ahead;
    uint32_t pages_dirtied, pages_dirtied_again;    /* had no unwritten changes; had some */
    uint32_t log_records, log_bytes;
    uint32_t misses;                                /* waits for a page to be read */
    uint64_t miss_ns;
    uint32_t long_values_read, long_value_misses;   /* long values outside their records; the misses among them */
    uint64_t long_value_miss_ns;
};

extern _Thread_local struct thread_work thread_work __attribute__((tls_model("initial-exec")));

#endif
