/* Segments of a log generation and the records in them, on the bytes of the whole file (log-files 3, 5-7).
 *
 *   sector 0          header
 *   sector 1 .. N-2   segments: u64 checksum, lgpos, time, zeros, u32 flags 0x2000 @36, records from byte 40
 *   sector N-1        only ever the shadow of segment N-2
 *
 * Marked segments. A writer that writes each segment once, and lets a later flush begin behind it, says so in bytes 24-31, which are zero otherwise:
 * LOG_SEGMENT_MARK, and the number of the first segment of the flush it belongs to. A flush is acknowledged only when all of it is on the disk, so segments of one
 * flush may be written in any order and torn anywhere: a hole whose every valid successor belongs to a flush that began at or before the hole, or a
 * torn segment behind a marked one with nothing valid behind it, is the end of the data. A hole before a later flush is damage, as always.
 *
 * log_segments_scan finds the end of the data and repairs what a torn write left; log_walk_next then hands out records, putting fragments
 * together. Both work on any bytes: errors, never a fault.
 */
#ifndef OPENESE_FORMAT_LOG_SEGMENT_H
#define OPENESE_FORMAT_LOG_SEGMENT_H

#include "format/log_header.h"

enum { LOG_SEGMENT_HEADER = 40, LOG_SEGMENT_FLAGS = 0x2000, LOG_FRAGMENT_BEGIN_HEADER = 7, LOG_FRAGMENT_HEADER = 3, LOG_SMALLEST_ROOM = 32 };

enum log_sector_kind {
    LOG_SECTOR_VALID,
    LOG_SECTOR_SHADOW,   /* copy of the segment before */
    LOG_SECTOR_STALE,    /* of an older generation in a recycled file */
    LOG_SECTOR_EMPTY,    /* all zero */
    LOG_SECTOR_MISPLACED,/* good checksum, wrong position */
    LOG_SECTOR_DAMAGED
};
/* What stands in sector `number`; a single wrong bit is corrected in the buffer (*repaired). */
enum log_sector_kind log_sector_classify(uint8_t *sector, uint32_t number, uint32_t generation, bool *repaired);

struct log_scan {
    uint32_t last_segment;      /* last one with data; 0 = none */
    uint64_t checksum_all;      /* XOR of their checksums: goes into the next generation's header */
    uint32_t restored_segment;  /* taken from its shadow (the caller rewrites the file); 0 = none */
    uint32_t repaired_bits;     /* segments with one corrected bit */
    JET_ERR error;              /* 0, or JET_errLogFileCorrupt: the data up to last_segment is good, then damage follows */
    uint32_t error_segment;
    uint32_t discard_from;      /* what stands from here on was never acknowledged and is not counted; a writer blanks it first; 0 = nothing */
    bool is_torn_tail;          /* with error: the damaged segment may be a first write cut short, as nothing but blank and stale sectors follow */
};
/* Examines sectors 1 .. sectors-2 (6.2), repairing in place. image: sectors * 4096 bytes. Never fails: see scan->error. */
void log_segments_scan(uint8_t *image, uint32_t sectors, uint32_t generation, struct log_scan *scan);

enum { LOG_SEGMENT_MARK = 0x316B6C46 /* "Flk1" */ };
/* Marks a segment before it is sealed. */
void log_segment_mark(uint8_t *segment, uint32_t flush_first);

/* Starts a segment buffer: header fields but the checksum; records area zero. */
void log_segment_begin(uint8_t *segment, lgpos_t position, struct log_time now);
/* The segment's time, which may be not set. Our own segments carry the time of the flush that wrote them, other engines' the time they were begun. */
struct log_time log_segment_time(const uint8_t *segment);
void log_segment_stamp(uint8_t *segment, struct log_time time);
/* Stores and returns the checksum. */
uint64_t log_segment_seal(uint8_t *segment, uint32_t number);

/* A record as it stands in the stream. */
struct log_record_ref {
    lgpos_t position;    /* of its first byte; of the first fragment */
    lgpos_t end;         /* first byte after it */
    struct span bytes;   /* whole record, fragments joined; valid until the next call */
    uint32_t padding;    /* NOP bytes skipped before it */
};

struct log_walk {
    const uint8_t *image;
    uint32_t generation, last_segment;
    uint32_t segment, byte;
    bool is_start;         /* leading fragments of a record begun earlier are skipped */
    uint8_t *joined;       /* grows; freed by log_walk_end */
    uint32_t joined_size, joined_room;
    bool ends_torn;        /* the data ended inside a fragmented record */
    lgpos_t torn_position; /* where that record began */
};
/* Walks segments of a scanned image from `start` (lgpos 0: the beginning). */
void log_walk_begin(struct log_walk *walk, const uint8_t *image, uint32_t generation, uint32_t last_segment, lgpos_t start);
/* JET_errNoCurrentRecord at the end. JET_errLogFileCorrupt: unknown type; JET_errLogCorrupted: a record that reaches past its segment, bad
 * fragments; JET_errOutOfMemory. A record that was never completed is dropped (7). */
MUST_CHECK JET_ERR log_walk_next(struct log_walk *walk, struct log_record_ref *out);
void log_walk_end(struct log_walk *walk);

#endif
