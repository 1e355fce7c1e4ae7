/* A thread that hashes (hash_thread.h). Lock: RANK_LEAF, not held while the thread hashes. */
#include "set/hash_thread.h"

#include "base/memory.h"
#include "os/thread.h"

enum { JOBS_WAITING_MAX = 16 };

struct hash_job {
    struct sha256 *hash;
    const void *data;
    size_t size;
};

struct hash_thread {
    struct mutex lock;
    struct condition turned;
    struct thread thread;
    bool has_thread, is_over;
    uint64_t given, done; /* jobs so far */
    struct hash_job jobs[JOBS_WAITING_MAX];
};

static void *work(void *argument)
{
    struct hash_thread *h = (struct hash_thread *)argument;
    mutex_lock(&h->lock);
    for (;;) {
        while (h->given == h->done && !h->is_over)
            condition_wait(&h->turned, &h->lock);
        if (h->given == h->done)
            break;
        struct hash_job job = h->jobs[h->done % JOBS_WAITING_MAX];
        mutex_unlock(&h->lock);
        sha256_add(job.hash, job.data, job.size);
        mutex_lock(&h->lock);
        h->done++;
        condition_broadcast(&h->turned);
    }
    mutex_unlock(&h->lock);
    return NULL;
}

JET_ERR hash_thread_open(struct hash_thread **out)
{
    JET_ERR err = JET_errSuccess;
    struct hash_thread *h = (struct hash_thread *)mem_alloc(sizeof *h);
    *out = NULL;
    if (h == NULL)
        return JET_errOutOfMemory;
    TRY(mutex_init(&h->lock, RANK_LEAF));
    err = condition_init(&h->turned);
    if (err < 0) {
        mutex_destroy(&h->lock);
        goto done;
    }
    h->has_thread = thread_start(&h->thread, work, h) >= 0;
    *out = h;
    h = NULL;
done:
    mem_free(h);
    return err;
}

void hash_thread_close(struct hash_thread *h)
{
    if (h == NULL)
        return;
    mutex_lock(&h->lock);
    h->is_over = true;
    condition_broadcast(&h->turned);
    mutex_unlock(&h->lock);
    if (h->has_thread)
        thread_join(&h->thread);
    condition_destroy(&h->turned);
    mutex_destroy(&h->lock);
    mem_free(h);
}

uint64_t hash_thread_add(struct hash_thread *h, struct sha256 *hash, const void *data, size_t size)
{
    mutex_lock(&h->lock);
    while (h->given - h->done == JOBS_WAITING_MAX)
        condition_wait(&h->turned, &h->lock);
    uint64_t job = h->given + 1;
    if (h->has_thread) {
        h->jobs[h->given % JOBS_WAITING_MAX] = (struct hash_job){hash, data, size};
        condition_broadcast(&h->turned);
    } else {
        sha256_add(hash, data, size);
        h->done++;
    }
    h->given = job;
    mutex_unlock(&h->lock);
    return job;
}

void hash_thread_wait(struct hash_thread *h, uint64_t job)
{
    mutex_lock(&h->lock);
    uint64_t wanted = job < h->given ? job : h->given;
    while (h->done < wanted)
        condition_wait(&h->turned, &h->lock);
    mutex_unlock(&h->lock);
}
