/* A thread that hashes what the caller has read while the caller goes on to write it and to read more.
 *
 * A SHA-256 cannot be divided, and takes about as long as reading, checking and writing the same bytes together: beside them it costs nothing. Jobs
 * are done in the order in which they were given. The bytes and the hash belong to the thread until the job is done; hash_thread_wait says when.
 * One caller's thread. */
#ifndef OPENESE_TOOLS_SET_HASH_THREAD_H
#define OPENESE_TOOLS_SET_HASH_THREAD_H

#include "base/error.h"
#include "base/sha256.h"

struct hash_thread;

/* JET_errOutOfMemory. A thread that the system does not give is no error: then each job is done where it is given. */
MUST_CHECK JET_ERR hash_thread_open(struct hash_thread **out);
/* Does all jobs, ends. Accepts NULL. */
void hash_thread_close(struct hash_thread *h);
/* Adds data to the hash, soon. Waits while very much is to do. Returns the number of the job, from 1 on. */
uint64_t hash_thread_add(struct hash_thread *h, struct sha256 *hash, const void *data, size_t size);
/* Until the job of this number and all before it are done; 0: at once. UINT64_MAX: all jobs. */
void hash_thread_wait(struct hash_thread *h, uint64_t job);

#endif
