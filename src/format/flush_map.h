/* The flush map (<database>.jfm): two bits per database page, equal to the flush type in that page's flags, to find lost writes
 * (log-files 12; data/engine/clean_4k/data.jfm).
 *
 *   file page 0      header, 8192 bytes
 *   file page n + 1  map page n: 64-byte header, then 8128 bytes of 2-bit codes for database pages n*32512 ...
 *
 * Map pages are 8192 bytes whatever the database's page size. The map is an aid: it may be deleted or rebuilt at any time; one that does
 * not match is discarded. Pure functions on buffers.
 */
#ifndef OPENESE_FORMAT_FLUSH_MAP_H
#define OPENESE_FORMAT_FLUSH_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "format/checksum.h"
#include "format/db_header.h"

enum {
    FLUSH_MAP_PAGE_SIZE = 8192,
    FLUSH_MAP_PAGE_HEADER = 64,
    FLUSH_MAP_PAGES_PER_MAP_PAGE = (FLUSH_MAP_PAGE_SIZE - FLUSH_MAP_PAGE_HEADER) * 4, /* 32512 */
    FLUSH_MAP_VERSION_MAJOR = 3
};

enum flush_map_flag { FLUSH_MAP_FLAG_CLEAN = 0x1 };

struct flush_map_header {
    uint32_t checksum;
    uint32_t version_major, version_update_major, version_update_minor; /* 3, 0, 0 */
    uint32_t flags;
    struct log_time logtime_create, logtime_attach, logtime_detach;
    uint32_t gen_min_required;
    uint32_t gen_min_required_target; /* while a full flush is under way, else 0 */
    struct log_time logtime_flush_started, logtime_flush_completed;
    struct signature db_header_flush_signature;
    struct signature flush_map_signature;
    uint32_t file_type;
};

/* A header block of FLUSH_MAP_PAGE_SIZE bytes. JET_errReadVerifyFailure: sum wrong; JET_errFileInvalidType: not a flush map;
 * JET_errFlushMapVersionUnsupported. */
MUST_CHECK JET_ERR flush_map_header_decode(const uint8_t *block, struct flush_map_header *out);
/* Writes a whole block: all bytes that are no field become zero. Version and file type are the ones we write. */
void flush_map_header_encode(const struct flush_map_header *header, uint8_t *block);
/* May the map be used with this database (12): signatures agree and its log range is not ahead of the database's. */
bool flush_map_matches(const struct flush_map_header *map, const struct db_header *db);

/* Where the code of a database page stands. */
static inline uint32_t flush_map_page_of(page_no_t page_no) { return page_no / FLUSH_MAP_PAGES_PER_MAP_PAGE; }
static inline uint64_t flush_map_file_offset(uint32_t map_page) { return ((uint64_t)map_page + 1) * FLUSH_MAP_PAGE_SIZE; }

/* A map page with every code 0 (unknown). */
void flush_map_page_init(uint8_t *block, uint32_t map_page);
/* Sum and number. JET_errReadVerifyFailure, JET_errReadPgnoVerifyFailure, JET_errPageNotInitialized (all zero). A single wrong bit is repaired
 * in the buffer. */
MUST_CHECK JET_ERR flush_map_page_verify(uint8_t *block, uint32_t map_page);
/* Stores the sum of a page about to be written; dbtime_max: highest dbtime of the pages it covers. */
void flush_map_page_seal(uint8_t *block, uint32_t map_page, uint64_t dbtime_max);
uint64_t flush_map_page_dbtime_max(const uint8_t *block);
/* Code 0..3 of a page that lies on this map page. */
unsigned flush_map_get(const uint8_t *block, page_no_t page_no);
void flush_map_set(uint8_t *block, page_no_t page_no, unsigned code);

/* The flush type in page flags, the value the map holds for the page. */
static inline unsigned flush_type_of_flags(uint32_t page_flags) { return (page_flags >> 15) & 3u; }
static inline uint32_t flags_with_flush_type(uint32_t page_flags, unsigned type) { return (page_flags & ~0x18000u) | (uint32_t)(type & 3u) << 15; }
/* The next write's type: 1 -> 2 -> 3 -> 1; unknown starts at 1. */
static inline unsigned flush_type_next(unsigned type) { return type % 3 + 1; }

#endif
