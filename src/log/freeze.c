/* A log that stands still while somebody copies its folder (log.h, log_freeze).
 *
 * The one idea: who writes takes is_busy first, and nobody gets it while is_frozen is set; freezing sets it while it holds the lock and nobody is busy, so at a
 * moment when no write is half done. The checkpoint file has a flag of its own under its own lock. Called by backup/.
 */
#include "base/memory.h"
#include "log/internal.h"

static bool is_empty(const struct log *log) { return log->segment == 1 && log->byte == LOG_SEGMENT_HEADER; }

/* Makes everything durable and returns with the lock held, nobody busy, so that is_frozen may be set. */
static JET_ERR flush_and_keep_lock(struct log *log, struct span record, bool roll, lgpos_t *position, struct log_time *created)
{
    JET_ERR err = JET_errSuccess;
    static const uint8_t FILLER[LR_NOP2_FIXED] = {LR_NOP2};
    struct span filler = span_of(FILLER, sizeof FILLER);
    mutex_lock(&log->lock);
    /* Those who hold page latches when the log stands still need room for what they append: a generation nearly full would keep them, and their readers, until the
     * thaw. */
    if (!roll && log->sectors - log->segment < log->sectors / 2)
        TRY(log_roll_locked(log));
    uint32_t before = log->header.generation;
    /* Somebody else's roll will do as long as nothing has been appended since. */
    while (roll && (log->header.generation == before || !is_empty(log))) {
        if (is_empty(log)) { /* a closed generation has data */
            TRY(log_append_locked(log, &filler, 1, NULL));
            TRY(log_pad_locked(log));
        }
        TRY(log_roll_locked(log));
    }
    TRY(log_append_locked(log, &record, 1, position));
    *created = log->header.created;
    TRY(log_flush_locked(log, log_next_position(log)));
    while (log->is_busy || log->is_rolling) /* never after a roll: the lock was held since */
        condition_wait(&log->changed, &log->lock);
    if (log->down < 0)
        RAISE(JET_errLogWriteFail);
done:
    return err;
}

JET_ERR log_freeze(struct log *log, const struct backup_record *record, bool roll, lgpos_t *position, struct log_time *created)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *bytes = (uint8_t *)mem_alloc(LR_BACKUP2_FIXED + record->path.size);
    if (bytes == NULL)
        return JET_errOutOfMemory;
    mutex_lock(&log->checkpoint_lock); /* no checkpoint is being written, and none begins before the log stands */
    err = flush_and_keep_lock(log, span_of(bytes, log_record_encode_backup2(bytes, record)), roll, position, created);
    if (err >= 0) {
        log->is_frozen = log->is_checkpoint_frozen = true;
        atomic_store(&log->is_room_scarce, true);
    }
    mutex_unlock(&log->lock);
    mutex_unlock(&log->checkpoint_lock);
    log_announce(log);
    mem_free(bytes);
    return err;
}

void log_make_room_frozen(struct log *log, uint32_t segments)
{
    uint32_t capacity = log->capacity * 2 > segments ? log->capacity * 2 : segments;
    if (segments <= log->capacity)
        return;
    if (capacity > log->sectors)
        capacity = log->sectors;
    size_t size = (size_t)(capacity + 1) * LOG_SEGMENT_SIZE;
    uint8_t *buffer = (uint8_t *)mem_alloc_aligned(LOG_SEGMENT_SIZE, size), *io = (uint8_t *)mem_alloc_aligned(LOG_SEGMENT_SIZE, size);
    if (buffer != NULL && io != NULL) { /* nobody writes: io is free too */
        memcpy(buffer, log->buffer, (size_t)(log->segment - log->first_segment + 1) * LOG_SEGMENT_SIZE);
        mem_free(log->buffer);
        mem_free(log->io);
        log->buffer = buffer;
        log->io = io;
        log->capacity = capacity;
        buffer = io = NULL;
    }
    mem_free(buffer);
    mem_free(io);
}

void log_thaw(struct log *log)
{
    mutex_lock(&log->checkpoint_lock);
    mutex_lock(&log->lock);
    log->is_frozen = log->is_checkpoint_frozen = false;
    atomic_store(&log->is_room_scarce, false);
    condition_broadcast(&log->changed);
    mutex_unlock(&log->lock);
    condition_broadcast(&log->checkpoint_thawed);
    mutex_unlock(&log->checkpoint_lock);
}

/* For those who wait with page latches until there is room: how much would they find? */
static bool is_room_low(const struct log *log)
{
    return log->segment - log->first_segment >= log->capacity / 2 || log->sectors - log->segment < log->sectors / 4;
}

void log_wait_for_thaw(struct log *log)
{
    if (!atomic_load_explicit(&log->is_room_scarce, memory_order_relaxed))
        return;
    mutex_lock(&log->lock);
    while (log->is_frozen && log->down >= 0 && is_room_low(log))
        condition_wait(&log->changed, &log->lock);
    mutex_unlock(&log->lock);
}
