/* Shipping: who wants the log elsewhere is handed each piece of it (log.h, log_callbacks.emit; README.md, "Shipping").
 *
 * The one idea: a piece is handed over after its sync and before anybody is told that it is durable. What has been acknowledged has therefore been shipped, and nothing is shipped that a
 * crash could take back. What a crash kept from being shipped is made good by the next start, which begins with the whole current generation.
 * Called by log.c, write.c and roll.c; by the thread that is busy, or while the log has one thread only, so the numbers need no lock.
 */
#include "log/internal.h"

/* The last piece of a stream has this number, however many came before. */
#define SEQUENCE_OF_END UINT64_C(0xFFFFFFFFFFFFFFF0)

static void emit(struct log *log, enum log_emission what, uint64_t sequence, lgpos_t position, const uint8_t *data, uint32_t segments)
{
    const struct log_piece piece = {what, sequence, log_now(), position, data, segments * LOG_SEGMENT_SIZE};
    log->config.callbacks.emit(log->config.callbacks.context, &piece);
}

void log_emit_segments(struct log *log, uint32_t first, const uint8_t *segments, uint32_t count)
{
    emit(log, LOG_EMISSION_DATA, log->emitted++, lgpos_make(log->header.generation, first, 0), segments, count);
}

void log_emit_begin(struct log *log, const uint8_t *image, uint32_t segments)
{
    if (log->config.callbacks.emit == NULL)
        return;
    log->is_emitting = true;
    emit(log, LOG_EMISSION_BEGIN, 0, 0, NULL, 0);
    log->emitted = 1;
    if (image == NULL) { /* nothing but the header; io is free before the first record */
        log_header_encode(&log->header, log->io);
        image = log->io;
        segments = 1;
    }
    log_emit_segments(log, 0, image, segments);
}

void log_emit_next_generation(struct log *log, const struct log_header *next)
{
    emit(log, LOG_EMISSION_COMPLETE, log->emitted++, lgpos_make(log->header.generation, 0, 0), NULL, 0);
    log_header_encode(next, log->io);
    emit(log, LOG_EMISSION_DATA, log->emitted++, lgpos_make(next->generation, 0, 0), log->io, 1);
}

void log_emit_end(struct log *log)
{
    if (log->is_emitting)
        emit(log, LOG_EMISSION_END, SEQUENCE_OF_END, 0, NULL, 0);
    log->is_emitting = false;
}
