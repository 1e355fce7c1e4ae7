/* Appending and flushing (README.md, rules 1-6). */
#include "base/assert.h"
#include "base/memory.h"
#include "log/internal.h"
#include "os/thread_work.h"

/* A place in the generation, and what a record does to it. */
struct place {
    uint32_t segment, byte;
};

static uint32_t last_usable_segment(const struct log *log) { return log->sectors - 2; }
/* One byte of the last usable segment stays free, so that the end of a generation is always padding. */
static uint32_t segment_end(const struct log *log, uint32_t segment) { return segment == last_usable_segment(log) ? LOG_SEGMENT_SIZE - 1u : LOG_SEGMENT_SIZE; }

static void normalize(struct place *p)
{
    if (p->byte >= LOG_SEGMENT_SIZE) {
        p->segment++;
        p->byte = LOG_SEGMENT_HEADER;
    }
}

/* Where a record of this size begins, and in *p where it ends. False: it does not fit in this generation. */
static bool place_record(const struct log *log, struct place *p, uint32_t size, struct place *begin)
{
    uint32_t last = last_usable_segment(log);
    if (p->segment > last)
        return false;
    if (size > segment_end(log, p->segment) - p->byte && p->segment < last && LOG_SEGMENT_SIZE - p->byte < LOG_SMALLEST_ROOM) {
        p->segment++;
        p->byte = LOG_SEGMENT_HEADER;
    }
    *begin = *p;
    if (size <= segment_end(log, p->segment) - p->byte) {
        p->byte += size;
        normalize(p);
        return true;
    }
    if (p->segment == last)
        return false;
    uint32_t left = size - (LOG_SEGMENT_SIZE - p->byte - LOG_FRAGMENT_BEGIN_HEADER);
    for (uint32_t segment = p->segment + 1; segment <= last; segment++) {
        uint32_t room = segment_end(log, segment) - LOG_SEGMENT_HEADER - LOG_FRAGMENT_HEADER;
        if (left <= room) {
            p->segment = segment;
            p->byte = LOG_SEGMENT_HEADER + LOG_FRAGMENT_HEADER + left;
            normalize(p);
            return true;
        }
        if (segment == last)
            return false;
        left -= room;
    }
    return false;
}

static uint8_t *slot(struct log *log, uint32_t segment) { return log->buffer + (size_t)(segment - log->first_segment) * LOG_SEGMENT_SIZE; }

static void enter_segment(struct log *log, uint32_t segment)
{
    log->segment = segment;
    log->byte = LOG_SEGMENT_HEADER;
    log_segment_begin(slot(log, segment), lgpos_make(log->header.generation, segment, 0), LOG_TIME_AT_FLUSH);
}

static void advance(struct log *log, uint32_t bytes)
{
    log->byte += bytes;
    if (log->byte >= LOG_SEGMENT_SIZE)
        enter_segment(log, log->segment + 1);
}

static void copy_fragments(struct log *log, struct span record)
{
    uint8_t *at = slot(log, log->segment) + log->byte;
    uint32_t piece = LOG_SEGMENT_SIZE - log->byte - LOG_FRAGMENT_BEGIN_HEADER, done = piece;
    at[0] = LR_FRAGMENT_BEGIN;
    store_le32(at + 1, record.size);
    store_le16(at + 5, (uint16_t)piece);
    memcpy(at + LOG_FRAGMENT_BEGIN_HEADER, record.data, piece);
    enter_segment(log, log->segment + 1);
    while (done < record.size) {
        uint32_t room = segment_end(log, log->segment) - LOG_SEGMENT_HEADER - LOG_FRAGMENT_HEADER;
        piece = record.size - done < room ? record.size - done : room;
        at = slot(log, log->segment) + log->byte;
        at[0] = LR_FRAGMENT;
        store_le16(at + 1, (uint16_t)piece);
        memcpy(at + LOG_FRAGMENT_HEADER, record.data + done, piece);
        done += piece;
        advance(log, LOG_FRAGMENT_HEADER + piece);
    }
}

static void copy_record(struct log *log, struct span record, struct place begin)
{
    if (begin.segment != log->segment)
        enter_segment(log, begin.segment);
    if (record.size <= segment_end(log, log->segment) - log->byte) {
        memcpy(slot(log, log->segment) + log->byte, record.data, record.size);
        advance(log, record.size);
    } else {
        copy_fragments(log, record);
    }
}

/* Recovery from a checkpoint too far back would never end (instance-and-session 14, parameter 154): no more changes, but what ends transactions and the run goes on
 * for a while. */
static JET_ERR check_depth(const struct log *log, const struct span *records, uint32_t count)
{
    enum { DEPTH_RESERVE = 16, DEPTH_RESERVE_AT_END = 8 };
    uint32_t limit = log->config.checkpoint_too_deep, first = lgpos_generation(atomic_load(&log->checkpoint_on_disk));
    uint8_t type = records[count - 1].data[0];
    if (type == LR_COMMIT_CTX && count > 1) /* goes with the end of a transaction, and would keep it from ending */
        type = records[count - 2].data[0];
    if (limit <= DEPTH_RESERVE || log->header.generation - first <= limit - DEPTH_RESERVE || type == LR_INIT2)
        return JET_errSuccess;
    switch (type) {
    case LR_COMMIT0:
    case LR_ROLLBACK:
    case LR_UNDO:
    case LR_UNDO_INFO:
    case LR_SHUTDOWN_MARK:
    case LR_TERM2:
    case LR_TRACE:
    case LR_NOP:
    case LR_NOP2:
    case LR_RECOVERY_UNDO2:
    case LR_RECOVERY_QUIT2:
    case LR_RECOVERY_QUIT_KEEP_ATTACHMENTS:
    case LR_MACRO_ABORT:
    case LR_DETACH_DB:
        if (log->header.generation - first <= limit - DEPTH_RESERVE_AT_END)
            return JET_errSuccess;
        break;
    default: break;
    }
    return error_raise(JET_errCheckpointDepthTooDeep, __FILE__, __LINE__);
}

JET_ERR log_append_locked(struct log *log, const struct span *records, uint32_t count, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    TRY(check_depth(log, records, count));
    for (;;) {
        struct place end = {log->segment, log->byte}, begin, first = {0, 0};
        bool fits = true;
        if (log->down < 0)
            RAISE(JET_errLogWriteFail);
        if (log->is_rolling) {
            condition_wait(&log->changed, &log->lock);
            continue;
        }
        for (uint32_t i = 0; i < count && fits; i++) {
            fits = place_record(log, &end, records[i].size, &begin);
            if (i == 0)
                first = begin;
        }
        if (!fits || log->must_roll) {
            if (!fits && log->segment == 1 && log->byte == LOG_SEGMENT_HEADER)
                RAISE(JET_errLogBufferTooSmall); /* larger than a whole generation */
            TRY(log_roll_locked(log));
            continue;
        }
        if (log->is_frozen)
            log_make_room_frozen(log, end.segment - log->first_segment + 1);
        if (end.segment - log->segment + 1 > log->capacity)
            RAISE(JET_errLogBufferTooSmall);
        if (end.segment - log->first_segment + 1 > log->capacity) {
            if (log->is_busy || log->is_frozen) { /* not in log_flush_locked: a log that stands still meanwhile makes room instead */
                condition_wait(&log->changed, &log->lock);
                continue;
            }
            TRY(log_flush_locked(log, log_next_position(log)));
            continue;
        }
        struct place at = {log->segment, log->byte};
        for (uint32_t i = 0; i < count; i++) {
            (void)place_record(log, &at, records[i].size, &begin);
            copy_record(log, records[i], begin);
            assert_always(log->segment == at.segment && log->byte == at.byte);
        }
        log->is_dirty = true;
        if (position != NULL)
            *position = lgpos_make(log->header.generation, first.segment, first.byte == LOG_SEGMENT_HEADER ? 0 : first.byte);
        break;
    }
done:
    return err;
}

/* Fills what is begun of the current segment, so that the next record begins another. */
static void pad_current(struct log *log)
{
    if (log->byte == LOG_SEGMENT_HEADER || log->segment > last_usable_segment(log))
        return;
    uint32_t room = segment_end(log, log->segment) - log->byte;
    if (room >= LR_NOP2_FIXED) {
        uint8_t *at = slot(log, log->segment) + log->byte;
        at[0] = LR_NOP2;
        store_le32(at + 1, room - LR_NOP2_FIXED);
    }
    /* The buffer has room for one segment more than a record may end in. */
    enter_segment(log, log->segment + 1);
    log->is_dirty = true;
}

JET_ERR log_pad_locked(struct log *log)
{
    JET_ERR err = JET_errSuccess;
    while (log->is_rolling && log->down >= 0)
        condition_wait(&log->changed, &log->lock);
    if (log->down < 0)
        RAISE(JET_errLogWriteFail);
    pad_current(log);
done:
    return err;
}

JET_ERR log_fail(struct log *log, JET_ERR error)
{
    if (log->down >= 0) {
        log->down = error_raise(error == JET_errDiskFull || error == JET_errLogDiskFull ? JET_errLogDiskFull
                                : error == JET_errLogSequenceEnd || error == JET_errOutOfMemory ? error : JET_errLogWriteFail, __FILE__, __LINE__);
        atomic_store(&log->down_reason, log->down);
        atomic_store(&log->is_down, true);
        condition_broadcast(&log->changed);
        return log->down;
    }
    return JET_errLogWriteFail;
}

static JET_ERR write_segments(struct log *log, uint32_t first, const uint8_t *segments, uint32_t count)
{
    return count == 0 ? JET_errSuccess : os_file_write(log->file, (uint64_t)first * LOG_SEGMENT_SIZE, segments, (size_t)count * LOG_SEGMENT_SIZE);
}

/* Writes blank segments behind a small flush that has reached blocks the file system has only reserved. Turning such blocks into written ones is a change of the file system's
 * own books, which each sync then waits for; so it is done for many commits at once, by the sync of one of them. What stands there reads as zeros before, after and in between, and
 * a failure changes nothing: the sync tells of a bad disk, and a full one refuses the next write. Busy, without the lock; io is free behind what is being flushed. */
static void write_ahead(struct log *log, uint32_t first, uint32_t count)
{
    enum { SMALL_FLUSH = 8, AHEAD_FIRST = 2, AHEAD_MAX = 64 };
    uint32_t end = first + count, limit = log->sectors - 1;
    if (end <= log->written_until)
        return;
    log->written_until = end;
    if (count > SMALL_FLUSH) { /* such writes pay for their own blocks */
        log->ahead = 0;
        return;
    }
    log->ahead = log->ahead == 0 ? AHEAD_FIRST : log->ahead < AHEAD_MAX ? log->ahead * 2 : AHEAD_MAX;
    uint32_t room = log->capacity + 1 - count, blank = log->ahead < room ? log->ahead : room;
    uint8_t *zeros = log->io + (size_t)count * LOG_SEGMENT_SIZE;
    if (end >= limit)
        return;
    if (blank > limit - end)
        blank = limit - end;
    memset(zeros, 0, (size_t)blank * LOG_SEGMENT_SIZE);
    if (write_segments(log, end, zeros, blank) >= 0)
        log->written_until = end + blank;
}

JET_ERR log_write_buffer(struct log *log)
{
    JET_ERR err = JET_errSuccess;
    /* A segment is written once: the next record goes behind it. So a flush is one write and one sync, and nothing acknowledged is ever touched again. */
    bool was_dirty = log->is_dirty;
    pad_current(log);
    uint32_t first = log->first_segment, count = log->segment - first;
    lgpos_t end = log_next_position(log);
    if (count > 0) {
        /* Appenders have the other buffer from here on; the segment begun, which holds its header only, goes there. */
        uint8_t *full = log->buffer;
        memcpy(log->io, slot(log, log->segment), LOG_SEGMENT_SIZE);
        log->buffer = log->io;
        log->io = full;
    }
    log->first_segment = log->segment;
    log->is_dirty = false;
    mutex_unlock(&log->lock);
    /* Taken before the write: what was acknowledged by a moment stands in segments no later than it (recovery to a point in time). */
    struct log_time now = log_now();
    for (uint32_t i = 0; i < count; i++) {
        log_segment_stamp(log->io + (size_t)i * LOG_SEGMENT_SIZE, now);
        log_segment_mark(log->io + (size_t)i * LOG_SEGMENT_SIZE, first);
        log->checksum_all ^= log_segment_seal(log->io + (size_t)i * LOG_SEGMENT_SIZE, first + i);
    }
    if (was_dirty && count > 0)
        err = write_segments(log, first, log->io, count);
    if (was_dirty && count > 0 && err >= 0) {
        write_ahead(log, first, count);
        err = os_file_sync(log->file);
        if (err >= 0 && log->config.callbacks.emit != NULL)
            log_emit_segments(log, first, log->io, count);
    }
    mutex_lock(&log->lock);
    if (err < 0)
        return log_fail(log, err);
    atomic_store(&log->durable, end);
    return JET_errSuccess;
}

JET_ERR log_flush_locked(struct log *log, lgpos_t until)
{
    JET_ERR err = JET_errSuccess;
    while (atomic_load(&log->durable) < until) {
        if (log->down < 0)
            RAISE(JET_errLogWriteFail);
        if (log->is_busy || log->is_frozen) {
            condition_wait(&log->changed, &log->lock);
            continue;
        }
        log->is_busy = true;
        err = log_write_buffer(log);
        log->is_busy = false;
        condition_broadcast(&log->changed);
        TRY(err);
    }
done:
    return err;
}

/* --- writing ahead --- */

/* Without it whoever fills the buffer waits for the disk. Lock on entry: lock. */
static void call_writer(struct log *log)
{
    if (log->writer.is_started && !log->is_busy && !log->is_writer_wanted && log->segment - log->first_segment >= log->capacity / 2) {
        log->is_writer_wanted = true;
        condition_signal(&log->half_full);
    }
}

static void *run_writer(void *argument)
{
    struct log *log = (struct log *)argument;
    mutex_lock(&log->lock);
    for (;;) {
        while (!log->is_writer_wanted && !log->is_closing)
            condition_wait(&log->half_full, &log->lock);
        if (log->is_closing)
            break;
        /* A failure takes the log down, and whoever comes next is told. */
        if (!log->is_rolling && !log->is_busy && log->down >= 0 && log_flush_locked(log, log_next_position(log)) < 0)
            assert(log->down < 0);
        log->is_writer_wanted = false;
    }
    mutex_unlock(&log->lock);
    return NULL;
}

JET_ERR log_writer_start(struct log *log)
{
    return log->capacity < LOG_WRITER_SEGMENTS ? JET_errSuccess : thread_start(&log->writer, run_writer, log);
}

void log_writer_stop(struct log *log)
{
    if (!log->writer.is_started)
        return;
    mutex_lock(&log->lock);
    log->is_closing = true;
    condition_signal(&log->half_full);
    mutex_unlock(&log->lock);
    thread_join(&log->writer);
}

/* --- the public face --- */

JET_ERR log_append_many(struct log *log, const struct span *records, uint32_t count, lgpos_t *position)
{
    mutex_lock(&log->lock);
    JET_ERR err = log_append_locked(log, records, count, position);
    thread_work.log_records += count;
    for (uint32_t i = 0; i < count; i++)
        thread_work.log_bytes += records[i].size;
    call_writer(log);
    bool is_new = log->header.generation != log->announced_generation;
    mutex_unlock(&log->lock);
    if (is_new)
        log_announce(log);
    return err;
}

JET_ERR log_append(struct log *log, const void *record, uint32_t size, lgpos_t *position)
{
    struct span one = span_of(record, size);
    return log_append_many(log, &one, 1, position);
}

JET_ERR log_pad_segment(struct log *log)
{
    mutex_lock(&log->lock);
    JET_ERR err = log_pad_locked(log);
    mutex_unlock(&log->lock);
    return err;
}

JET_ERR log_flush(struct log *log, lgpos_t position)
{
    /* A record at byte 40 may be given as byte 0; it is durable when its last byte, so at least one byte more, is. */
    lgpos_t until = position == 0 ? 0 : lgpos_normalize(position) + 1;
    if (atomic_load(&log->durable) >= until)
        return JET_errSuccess;
    mutex_lock(&log->lock);
    /* A position from beyond the tip would wait for ever. */
    if (until > log_next_position(log))
        until = log_next_position(log);
    JET_ERR err = log_flush_locked(log, until);
    mutex_unlock(&log->lock);
    return err;
}

JET_ERR log_flush_all(struct log *log)
{
    mutex_lock(&log->lock);
    JET_ERR err = log->down < 0 ? JET_errLogWriteFail : log_flush_locked(log, log_next_position(log));
    mutex_unlock(&log->lock);
    return err;
}

lgpos_t log_durable(const struct log *log) { return atomic_load(&((struct log *)(uintptr_t)log)->durable); }

lgpos_t log_tip(struct log *log)
{
    mutex_lock(&log->lock);
    lgpos_t tip = log_next_position(log);
    mutex_unlock(&log->lock);
    return tip;
}
