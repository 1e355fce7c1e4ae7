/* Who writes when.
 *
 * The background thread keeps frames clean ahead of need: it writes the parked pages (those whose turn to leave came while they were dirty),
 * and, when more than half of the frames are dirty, the pages that became dirty first, until three eighths are. A thread that needs a
 * frame takes a clean one as long as there is any; when all are dirty or pinned, it writes a run of parked pages itself (writer_help).
 *
 * After an error the thread rests for a moment: the pages stay dirty, and whoever flushes gets the error of his own attempt.
 */
#include "base/assert.h"
#include "cache/internal.h"

enum { REST_AFTER_ERROR_MS = 100, REST_WITHOUT_PROGRESS_MS = 5 };

static bool is_above(const struct cache *cache, const atomic_uint_fast64_t *mark)
{
    return atomic_load_explicit(&cache->dirty_count, memory_order_relaxed) > atomic_load_explicit(mark, memory_order_relaxed);
}

static bool is_stopping(struct cache *cache)
{
    mutex_lock(&cache->writer.mutex);
    bool stops = cache->writer.is_stopping;
    mutex_unlock(&cache->writer.mutex);
    return stops;
}

/* What one round of the thread came to. */
struct round {
    uint64_t written; /* runs */
    JET_ERR error;
};

static bool write_one(struct cache_frame *frame, struct round *round)
{
    JET_ERR error = JET_errSuccess;
    enum write_result result = write_around(frame, false, &error);
    round->written += result == WRITE_DONE;
    if (result == WRITE_FAILED)
        round->error = error;
    return result != WRITE_FAILED;
}

static uint64_t parked_count(struct cache *cache)
{
    mutex_lock(&cache->replacement);
    uint64_t count = cache->queues[QUEUE_PARKED].count;
    mutex_unlock(&cache->replacement);
    return count;
}

static void write_parked(struct cache *cache, struct round *round)
{
    for (uint64_t left = parked_count(cache); left > 0 && round->error == JET_errSuccess && !is_stopping(cache); left--) {
        struct cache_frame *frame = frames_claim_parked(cache);
        if (frame == NULL)
            break;
        struct cache_file *file = frame->file;
        write_one(frame, round);
        file_release(file);
    }
}

struct cache_file *writer_next_file(struct cache *cache, struct cache_file *file)
{
    mutex_lock(&cache->replacement);
    struct cache_file *next = file == NULL ? cache->files : file->next;
    if (next != NULL)
        file_hold(next);
    mutex_unlock(&cache->replacement);
    if (file != NULL)
        file_release(file);
    return next;
}

static void write_oldest(struct cache *cache, struct round *round)
{
    for (struct cache_file *file = writer_next_file(cache, NULL); file != NULL; file = writer_next_file(cache, file)) {
        uint64_t resume = 0;
        while (round->error == JET_errSuccess && is_above(cache, &cache->dirty_low) && !is_stopping(cache)) {
            bool met_claimed = false;
            struct cache_frame *frame = dirty_claim_next(file, &resume, UINT64_MAX, UINT64_MAX, &met_claimed);
            if (frame == NULL)
                break;
            write_one(frame, round);
        }
    }
}

static struct round run_round(struct cache *cache)
{
    struct round round = {0, JET_errSuccess};
    bool is_above_high = is_above(cache, &cache->dirty_high);
    write_parked(cache, &round);
    if (is_above_high)
        write_oldest(cache, &round);
    return round;
}

static void *run_writer(void *argument)
{
    struct cache *cache = (struct cache *)argument;
    struct background_writer *writer = &cache->writer;
    mutex_lock(&writer->mutex);
    while (!writer->is_stopping) {
        if (!atomic_load(&writer->is_wanted)) {
            condition_wait(&writer->wake, &writer->mutex);
            continue;
        }
        atomic_store(&writer->is_wanted, false);
        mutex_unlock(&writer->mutex);
        struct round round = run_round(cache);
        bool has_more = is_above(cache, &cache->dirty_high) || parked_count(cache) > 0;
        mutex_lock(&writer->mutex);
        if (has_more) {
            atomic_store(&writer->is_wanted, true);
            if (!writer->is_stopping && (round.written == 0 || round.error != JET_errSuccess))
                (void)condition_wait_for(&writer->wake, &writer->mutex, round.error != JET_errSuccess ? REST_AFTER_ERROR_MS : REST_WITHOUT_PROGRESS_MS);
        }
    }
    mutex_unlock(&writer->mutex);
    return NULL;
}

JET_ERR writer_init(struct cache *cache)
{
    JET_ERR err = JET_errSuccess;
    TRY(mutex_init(&cache->writer.mutex, RANK_LEAF));
    err = condition_init(&cache->writer.wake);
    if (err < JET_errSuccess)
        mutex_destroy(&cache->writer.mutex);
done:
    return err;
}

void writer_destroy(struct cache *cache)
{
    struct background_writer *writer = &cache->writer;
    mutex_lock(&writer->mutex);
    writer->is_stopping = true;
    condition_broadcast(&writer->wake);
    mutex_unlock(&writer->mutex);
    thread_join(&writer->thread);
    condition_destroy(&writer->wake);
    mutex_destroy(&writer->mutex);
}

void writer_start(struct cache *cache)
{
    struct background_writer *writer = &cache->writer;
    mutex_lock(&writer->mutex);
    /* Without a thread, the threads that need frames write; the next page tries again. */
    if (!atomic_load(&writer->is_started) && thread_start(&writer->thread, run_writer, cache) == JET_errSuccess)
        atomic_store(&writer->is_started, true);
    mutex_unlock(&writer->mutex);
}

void writer_wake(struct cache *cache)
{
    struct background_writer *writer = &cache->writer;
    if (atomic_load_explicit(&writer->is_wanted, memory_order_relaxed))
        return;
    mutex_lock(&writer->mutex);
    atomic_store(&writer->is_wanted, true);
    condition_signal(&writer->wake);
    mutex_unlock(&writer->mutex);
}

enum write_result writer_help(struct cache *cache, JET_ERR *error)
{
    enum write_result result = WRITE_BUSY;
    for (uint64_t left = parked_count(cache); left > 0 && result != WRITE_DONE && result != WRITE_FAILED; left--) {
        struct cache_frame *frame = frames_claim_parked(cache);
        if (frame == NULL)
            break;
        struct cache_file *file = frame->file;
        result = write_around(frame, false, error);
        file_release(file);
    }
    return result;
}
