/* Log positions, log times and signatures: the three small types shared by database, log and checkpoint files.
 *
 * lgpos, 8 bytes (database-file 2.1): u16 byte in segment, u16 segment, u32 generation; as one little-endian u64 it sorts by
 * (generation, segment, byte), so it is carried as that integer. A record that starts a segment stands at byte 40, but the
 * positions written for it may say byte 0: lgpos_normalize makes both equal (log-files 2.1).
 */
#ifndef OPENESE_FORMAT_LGPOS_H
#define OPENESE_FORMAT_LGPOS_H

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

typedef uint64_t lgpos_t;
typedef uint32_t page_no_t;

enum { LGPOS_SIZE = 8, LOG_TIME_SIZE = 8, SIGNATURE_SIZE = 28, LGPOS_TEXT_SIZE = 32 };

static inline lgpos_t lgpos_make(uint32_t generation, uint32_t segment, uint32_t byte)
{
    return (uint64_t)generation << 32 | (uint64_t)(segment & 0xFFFF) << 16 | (byte & 0xFFFF);
}
static inline uint32_t lgpos_generation(lgpos_t p) { return (uint32_t)(p >> 32); }
static inline uint32_t lgpos_segment(lgpos_t p) { return (uint32_t)(p >> 16) & 0xFFFF; }
static inline uint32_t lgpos_byte(lgpos_t p) { return (uint32_t)p & 0xFFFF; }
/* Byte 0 of a segment means its first record, which stands at byte 40. */
static inline lgpos_t lgpos_normalize(lgpos_t p) { return lgpos_byte(p) == 0 ? p + 40 : p; }
/* "generation:segment:byte", all hexadecimal, as the ground-truth files write it. text has LGPOS_TEXT_SIZE bytes. */
static inline const char *lgpos_format(lgpos_t p, char *text)
{
    snprintf(text, LGPOS_TEXT_SIZE, "%X:%X:%X", (unsigned)lgpos_generation(p), (unsigned)lgpos_segment(p), (unsigned)lgpos_byte(p));
    return text;
}

/* Log time, 8 bytes (database-file 2.1): seconds, minutes, hours, day 1-31, month 1-12, year - 1900, then flag and millisecond bits.
 * Kept as its bytes: equality is byte equality, zero means not set. */
struct log_time {
    uint8_t bytes[LOG_TIME_SIZE];
};
static inline bool log_time_is_set(struct log_time t) { return !is_all_zero(t.bytes, LOG_TIME_SIZE); }
static inline bool log_time_equal(struct log_time a, struct log_time b) { return memcmp(a.bytes, b.bytes, LOG_TIME_SIZE) == 0; }
static inline bool log_time_is_utc(struct log_time t) { return (t.bytes[6] & 1) != 0; }
static inline unsigned log_time_milliseconds(struct log_time t) { return (unsigned)(t.bytes[6] >> 1) | ((unsigned)(t.bytes[7] >> 1) & 7u) << 7; }
/* From Unix time; always UTC. */
struct log_time log_time_from_unix(int64_t seconds, unsigned milliseconds);
/* Seconds since 1970, rounded down, taking the time as UTC: a local time has no zone in the file. 0 when not set or no valid date. */
int64_t log_time_to_unix(struct log_time t);
/* "2021-06-13 04:32:31.123 UTC"; "" when not set. size >= 40. */
const char *log_time_format(struct log_time t, char *text, size_t size);

/* Identity of a database or of a log stream: u32 random, log time of creation, 16 bytes computer name (zero). */
struct signature {
    uint8_t bytes[SIGNATURE_SIZE];
};
static inline bool signature_equal(const struct signature *a, const struct signature *b) { return memcmp(a->bytes, b->bytes, SIGNATURE_SIZE) == 0; }
static inline bool signature_is_set(const struct signature *s) { return !is_all_zero(s->bytes, SIGNATURE_SIZE); }
static inline uint32_t signature_random(const struct signature *s) { return load_le32(s->bytes); }
static inline struct log_time signature_time(const struct signature *s)
{
    struct log_time t;
    memcpy(t.bytes, s->bytes + 4, LOG_TIME_SIZE);
    return t;
}
struct signature signature_make(uint32_t random, struct log_time created);

#endif
