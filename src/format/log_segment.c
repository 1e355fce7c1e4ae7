/* Segments and the record walk (log_segment.h). Classification: log-files 6.2; fragments and padding: 7. */
#include "format/log_segment.h"

#include "base/memory.h"
#include "format/checksum.h"
#include "format/log_record.h"

static bool is_good(uint8_t *sector, uint32_t number, bool *repaired)
{
    struct checksum_result result = checksum_verify_block(sector, LOG_SEGMENT_SIZE, number, true);
    if (result.verdict == CHECKSUM_REPAIRED)
        *repaired = true;
    return result.verdict == CHECKSUM_OK || result.verdict == CHECKSUM_REPAIRED;
}

enum log_sector_kind log_sector_classify(uint8_t *sector, uint32_t number, uint32_t generation, bool *repaired)
{
    *repaired = false;
    if (is_all_zero(sector, LOG_SEGMENT_SIZE))
        return LOG_SECTOR_EMPTY;
    if (is_good(sector, number, repaired)) {
        lgpos_t position = load_le64(sector + 8), expected = lgpos_make(generation, number, 0);
        return position == expected ? LOG_SECTOR_VALID : position < expected ? LOG_SECTOR_STALE : LOG_SECTOR_MISPLACED;
    }
    if (number > 1 && checksum_verify_block(sector, LOG_SEGMENT_SIZE, number - 1, false).verdict == CHECKSUM_OK)
        return LOG_SECTOR_SHADOW;
    return LOG_SECTOR_DAMAGED;
}

/* Sector `number` is bad: the next one may be its shadow. */
static bool restore_from_shadow(uint8_t *image, uint32_t number, uint32_t generation)
{
    uint8_t *next = image + (size_t)(number + 1) * LOG_SEGMENT_SIZE;
    if (is_all_zero(next, LOG_SEGMENT_SIZE) || checksum_verify_block(next, LOG_SEGMENT_SIZE, number, false).verdict != CHECKSUM_OK ||
        load_le64(next + 8) != lgpos_make(generation, number, 0))
        return false;
    memcpy(image + (size_t)number * LOG_SEGMENT_SIZE, next, LOG_SEGMENT_SIZE);
    return true;
}

void log_segment_mark(uint8_t *segment, uint32_t flush_first)
{
    store_le32(segment + 24, LOG_SEGMENT_MARK);
    store_le32(segment + 28, flush_first);
}

/* First segment of the flush that wrote a valid segment; 0: its writer does not say. */
static uint32_t flush_first_of(const uint8_t *sector)
{
    return load_le32(sector + 24) == LOG_SEGMENT_MARK ? load_le32(sector + 28) : 0;
}

/* Does sector i, which holds no valid segment, belong to a flush that was never acknowledged? */
static bool is_unacknowledged(uint8_t *image, uint32_t sectors, uint32_t i, uint32_t generation, enum log_sector_kind kind)
{
    bool is_marked = i > 1 ? flush_first_of(image + (size_t)(i - 1) * LOG_SEGMENT_SIZE) != 0 : load_le16(image + LOG_HEADER_MARK_OFFSET) == LOG_HEADER_MARK;
    bool has_later = false, is_torn = kind == LOG_SECTOR_DAMAGED;
    for (uint32_t k = i + 1; k + 1 < sectors; k++) {
        bool repaired;
        uint8_t *sector = image + (size_t)k * LOG_SEGMENT_SIZE;
        enum log_sector_kind later = log_sector_classify(sector, k, generation, &repaired);
        is_torn = is_torn || later == LOG_SECTOR_DAMAGED;
        if (later != LOG_SECTOR_VALID)
            continue;
        uint32_t first = flush_first_of(sector);
        if (first == 0 || first > i)
            return false;
        has_later = true;
    }
    return has_later || (is_marked && is_torn);
}

/* Is sector i perhaps a first write that was cut short? Then its copy beside it may be torn as well, and nothing newer stands behind. */
static bool only_old_sectors_follow(uint8_t *image, uint32_t sectors, uint32_t i, uint32_t generation)
{
    for (uint32_t k = i + 1; k + 1 < sectors; k++) {
        bool repaired;
        enum log_sector_kind kind = log_sector_classify(image + (size_t)k * LOG_SEGMENT_SIZE, k, generation, &repaired);
        if (kind != LOG_SECTOR_EMPTY && kind != LOG_SECTOR_STALE && !(kind == LOG_SECTOR_DAMAGED && k == i + 1))
            return false;
    }
    return true;
}

void log_segments_scan(uint8_t *image, uint32_t sectors, uint32_t generation, struct log_scan *scan)
{
    bool at_end = false;
    memset(scan, 0, sizeof *scan);
    for (uint32_t i = 1; i + 1 < sectors; i++) {
        uint8_t *sector = image + (size_t)i * LOG_SEGMENT_SIZE;
        bool repaired = false, is_corrupt = false;
        enum log_sector_kind kind = log_sector_classify(sector, i, generation, &repaired);
        if (kind == LOG_SECTOR_DAMAGED && !at_end && restore_from_shadow(image, i, generation)) {
            kind = LOG_SECTOR_VALID;
            scan->restored_segment = i;
        }
        if (kind != LOG_SECTOR_VALID && !at_end && is_unacknowledged(image, sectors, i, generation, kind)) {
            scan->discard_from = i;
            return;
        }
        switch (kind) {
        case LOG_SECTOR_VALID:
            is_corrupt = at_end;
            if (!at_end) {
                scan->last_segment = i;
                scan->checksum_all ^= load_le64(sector);
                scan->repaired_bits += repaired ? 1u : 0u;
            }
            break;
        case LOG_SECTOR_SHADOW:
        case LOG_SECTOR_STALE:
        case LOG_SECTOR_EMPTY:
            at_end = true;
            break;
        case LOG_SECTOR_MISPLACED:
        case LOG_SECTOR_DAMAGED:
            is_corrupt = true;
            break;
        }
        if (is_corrupt) {
            scan->error = error_raise(JET_errLogFileCorrupt, __FILE__, __LINE__);
            scan->error_segment = i;
            scan->is_torn_tail = kind == LOG_SECTOR_DAMAGED && !at_end && only_old_sectors_follow(image, sectors, i, generation);
            return;
        }
    }
}

void log_segment_begin(uint8_t *segment, lgpos_t position, struct log_time now)
{
    memset(segment, 0, LOG_SEGMENT_SIZE);
    store_le64(segment + 8, position);
    memcpy(segment + 16, now.bytes, LOG_TIME_SIZE);
    store_le32(segment + 36, LOG_SEGMENT_FLAGS);
}

struct log_time log_segment_time(const uint8_t *segment)
{
    struct log_time time;
    memcpy(time.bytes, segment + 16, LOG_TIME_SIZE);
    return time;
}

void log_segment_stamp(uint8_t *segment, struct log_time time) { memcpy(segment + 16, time.bytes, LOG_TIME_SIZE); }

uint64_t log_segment_seal(uint8_t *segment, uint32_t number)
{
    uint64_t sum = checksum_ecc(segment, LOG_SEGMENT_SIZE, number, true);
    store_le64(segment, sum);
    return sum;
}

/* --- the walk --- */

void log_walk_begin(struct log_walk *walk, const uint8_t *image, uint32_t generation, uint32_t last_segment, lgpos_t start)
{
    memset(walk, 0, sizeof *walk);
    walk->image = image;
    walk->generation = generation;
    walk->last_segment = last_segment;
    walk->segment = start == 0 ? 1 : lgpos_segment(start);
    walk->byte = start == 0 ? LOG_SEGMENT_HEADER : lgpos_byte(lgpos_normalize(start));
    if (walk->segment == 0)
        walk->segment = 1;
    if (walk->byte < LOG_SEGMENT_HEADER)
        walk->byte = LOG_SEGMENT_HEADER;
    walk->is_start = true;
}

void log_walk_end(struct log_walk *walk)
{
    mem_free(walk->joined);
    walk->joined = NULL;
}

static const uint8_t *here(const struct log_walk *walk) { return walk->image + (size_t)walk->segment * LOG_SEGMENT_SIZE + walk->byte; }
static lgpos_t position_of(const struct log_walk *walk) { return lgpos_make(walk->generation, walk->segment, walk->byte); }

/* Skips NOPs and segment ends; false at the end of the data. */
static bool skip_padding(struct log_walk *walk, uint32_t *padding)
{
    for (;;) {
        if (walk->segment > walk->last_segment)
            return false;
        if (walk->byte >= LOG_SEGMENT_SIZE) {
            walk->segment++;
            walk->byte = LOG_SEGMENT_HEADER;
        } else if (*here(walk) == LR_NOP) {
            walk->byte++;
            ++*padding;
        } else {
            return true;
        }
    }
}

static JET_ERR join(struct log_walk *walk, const uint8_t *bytes, uint32_t size)
{
    if (walk->joined_size + size > walk->joined_room) {
        uint32_t room = (walk->joined_size + size) * 2;
        uint8_t *grown = (uint8_t *)mem_resize(walk->joined, room);
        if (grown == NULL)
            return JET_errOutOfMemory;
        walk->joined = grown;
        walk->joined_room = room;
    }
    memcpy(walk->joined + walk->joined_size, bytes, size);
    walk->joined_size += size;
    return JET_errSuccess;
}

/* May the record at the walk's place follow a torn one: does it show that recovery went on here? */
static bool marks_abandoned(const struct log_walk *walk)
{
    const uint8_t *p = here(walk);
    uint32_t room = LOG_SEGMENT_SIZE - walk->byte;
    if (walk->byte != LOG_SEGMENT_HEADER)
        return false;
    return p[0] == LR_RECOVERY_UNDO || p[0] == LR_RECOVERY_UNDO2 || p[0] == LR_UNDO_INFO ||
           (p[0] == LR_FRAGMENT_BEGIN && room > LOG_FRAGMENT_BEGIN_HEADER && p[LOG_FRAGMENT_BEGIN_HEADER] == LR_UNDO_INFO);
}

/* At a FragmentBegin: joins the pieces. *abandoned: it was never completed; the walk stands behind it. */
static JET_ERR join_fragments(struct log_walk *walk, bool *abandoned)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t position = position_of(walk);
    uint32_t total = load_le32(here(walk) + 1), piece = load_le16(here(walk) + 5);
    *abandoned = false;
    if (piece == 0 || piece >= total || LOG_FRAGMENT_BEGIN_HEADER + piece > LOG_SEGMENT_SIZE - walk->byte)
        RAISE(JET_errLogCorrupted);
    walk->joined_size = 0;
    TRY(join(walk, here(walk) + LOG_FRAGMENT_BEGIN_HEADER, piece));
    walk->byte += LOG_FRAGMENT_BEGIN_HEADER + piece;
    while (walk->joined_size < total) {
        uint32_t padding = 0;
        if (!skip_padding(walk, &padding)) {
            walk->ends_torn = true;
            walk->torn_position = position;
            *abandoned = true;
            goto done;
        }
        if (*here(walk) != LR_FRAGMENT) {
            uint32_t size;
            TRY(log_record_size(here(walk), LOG_SEGMENT_SIZE - walk->byte, &size)); /* an unknown type is the more precise word */
            if (!marks_abandoned(walk))
                RAISE(JET_errLogCorrupted);
            *abandoned = true;
            goto done;
        }
        uint32_t room = LOG_SEGMENT_SIZE - walk->byte;
        piece = room >= LOG_FRAGMENT_HEADER ? load_le16(here(walk) + 1) : 0;
        if (piece == 0 || LOG_FRAGMENT_HEADER + piece > room || piece > total - walk->joined_size)
            RAISE(JET_errLogCorrupted);
        TRY(join(walk, here(walk) + LOG_FRAGMENT_HEADER, piece));
        walk->byte += LOG_FRAGMENT_HEADER + piece;
    }
done:
    return err;
}

JET_ERR log_walk_next(struct log_walk *walk, struct log_record_ref *out)
{
    JET_ERR err = JET_errSuccess;
    memset(out, 0, sizeof *out);
    for (;;) {
        uint32_t size = 0;
        if (!skip_padding(walk, &out->padding)) {
            out->end = position_of(walk);
            return JET_errNoCurrentRecord;
        }
        out->position = position_of(walk);
        TRY(log_record_size(here(walk), LOG_SEGMENT_SIZE - walk->byte, &size));
        if (*here(walk) == LR_FRAGMENT) {
            if (!walk->is_start)
                RAISE(JET_errLogCorrupted);
            walk->byte += size;
            continue;
        }
        walk->is_start = false;
        if (*here(walk) == LR_FRAGMENT_BEGIN) {
            bool abandoned;
            uint32_t whole = 0;
            TRY(join_fragments(walk, &abandoned));
            if (abandoned)
                continue;
            out->bytes = span_of(walk->joined, walk->joined_size);
            TRY(log_record_size(out->bytes.data, out->bytes.size, &whole));
            if (whole != out->bytes.size || *out->bytes.data == LR_FRAGMENT || *out->bytes.data == LR_FRAGMENT_BEGIN)
                RAISE(JET_errLogCorrupted);
        } else {
            out->bytes = span_of(here(walk), size);
            walk->byte += size;
        }
        out->end = position_of(walk);
        return JET_errSuccess;
    }
done:
    return err;
}
