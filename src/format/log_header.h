/* Header of a log generation: sector 0 of the file (log-files 4). Pure functions on 4096 bytes.
 *
 * A struct log_header is a plain value; the attachment list is kept as its bytes and read with attach_info_decode.
 */
#ifndef OPENESE_FORMAT_LOG_HEADER_H
#define OPENESE_FORMAT_LOG_HEADER_H

#include "format/attach_info.h"

enum {
    LOG_SEGMENT_SIZE = 4096,
    LOG_SECTORS_MIN = 4,                   /* header, one segment, and room for shadows */
    LOG_GENERATION_MAX = 0x7FFFFA00,       /* 1 */
    LOG_GENERATION_MAX_RUNNING = 0x7FFFF800
};
enum log_header_flag { LOG_FLAG_FROM_RESERVE = 1, LOG_FLAG_CIRCULAR = 2, LOG_FLAG_CIRCULAR_HISTORY = 4 };

struct log_version {
    uint32_t major, minor, update_major, update_minor;
};
static inline int log_version_compare(struct log_version a, struct log_version b)
{
    uint64_t x = (uint64_t)a.update_major << 32 | a.update_minor, y = (uint64_t)b.update_major << 32 | b.update_minor;
    return a.major != b.major ? (a.major > b.major) - (a.major < b.major) : (x > y) - (x < y);
}
/* What a new stream is written as (log-files 10), and the newest that is read. */
#define LOG_VERSION_NEW_STREAM ((struct log_version){8, 4000, 5, 16})
#define LOG_VERSION_NEWEST ((struct log_version){8, 4000, 130, 280})
/* From this version on each attach is followed by SetDbVersion. */
#define LOG_VERSION_SET_DB_VERSION ((struct log_version){8, 4000, 6, 20})
/* From this version on roots may move. */
#define LOG_VERSION_ROOT_MOVE ((struct log_version){8, 4000, 50, 120})
/* From this unified minor on checksum_previous is checked. */
enum { LOG_MINOR_CHECKS_PREVIOUS = 13 };

enum { LOG_HEADER_MARK = 0x6B4C /* "Lk" */, LOG_HEADER_MARK_OFFSET = 665 };

struct log_header {
    uint32_t checksum;
    uint32_t generation;
    uint16_t sector_size, header_sectors, file_sectors;
    uint32_t page_size;                    /* decoded: never 0 (0 on disk means 4096) */
    struct log_time created, previous_created;
    struct log_version version;
    struct signature log_signature;
    struct dbms_param parameters;
    uint8_t flags;                         /* enum log_header_flag */
    lgpos_t checkpoint;                    /* informational */
    uint8_t sector_size_mismatch;
    uint64_t checksum_previous;            /* XOR of the segment checksums of the generation before; 0 in generation 1 */
    uint32_t engine_version;               /* diagnostic */
    uint16_t writer_mark;          /* LOG_HEADER_MARK: its segments are marked (log_segment.h); zero in files of other engines */
    uint32_t file_type;
    uint8_t attach_list[ATTACH_LIST_SIZE];
};

/* Decodes without judging anything: every 4096 bytes are safe. */
void log_header_decode(const uint8_t *bytes, struct log_header *out);
/* The checks of recovery.md 4.1 that need the header alone, in their order: checksum (JET_errLogFileCorrupt), file type (JET_errFileInvalidType),
 * version (JET_errBadLogVersion), sector size and sector counts against file_size (JET_errLogFileSizeMismatch, JET_errLogFileCorrupt).
 * file_size 0: not checked. */
MUST_CHECK JET_ERR log_header_check(const uint8_t *bytes, uint64_t file_size);
/* Fills all 4096 bytes and the checksum (header->checksum is ignored). */
void log_header_encode(const struct log_header *header, uint8_t *bytes);
/* A value holds nothing; this forgets it. */
static inline void log_header_release(struct log_header *header) { memset(header, 0, sizeof *header); }

#endif
