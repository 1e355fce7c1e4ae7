/* The database header: one page, kept twice at the start of the file (database-file 2).
 *
 * The fixed part is 748 bytes and is decoded whole; the rest of the page is zero today and belongs to later formats. Encoding therefore
 * goes into an existing page image and changes only the bytes of known fields, then recomputes the checksum. One table of
 * (offset, kind, member) in db_header.c drives both directions, so that they cannot disagree.
 *
 * Pure functions on buffers; reading and writing the pair is database/'s work.
 */
#ifndef OPENESE_FORMAT_DB_HEADER_H
#define OPENESE_FORMAT_DB_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "format/lgpos.h"

enum {
    DB_HEADER_SIZE = 748,
    DB_HEADER_PAGES = 2, /* primary and shadow copy before page 1 */
    DB_VERSION_MAJOR = 0x620,
    DB_UPDATE_MAJOR_BASE = 0x14 /* Windows 8 .. 10 1809: what we write (database-file 8) */
};

#define DB_HEADER_MAGIC 0x89ABCDEFu

/* File types at offset 667 of every header page. */
enum file_type {
    FILE_TYPE_DATABASE = 1,
    FILE_TYPE_LOG = 3,
    FILE_TYPE_CHECKPOINT = 4,
    FILE_TYPE_TEMP_DATABASE = 5,
    FILE_TYPE_FLUSH_MAP = 7,
    FILE_TYPE_SNAPSHOT = 10
};

/* database-file 2.3 */
enum db_state {
    DB_STATE_JUST_CREATED = 1,
    DB_STATE_DIRTY = 2,
    DB_STATE_CLEAN = 3,
    DB_STATE_BEING_CONVERTED = 4,
    DB_STATE_FORCE_DETACH = 5,
    DB_STATE_INCREMENTAL_RESEED = 6,
    DB_STATE_DIRTY_AND_PATCHED = 7,
    DB_STATE_REVERT_IN_PROGRESS = 8
};

/* Type of a previous backup (offsets 356, 360, 468, 472). */
enum backup_type { BACKUP_TYPE_NORMAL = 0, BACKUP_TYPE_OS_SNAPSHOT = 1, BACKUP_TYPE_SNAPSHOT = 2, BACKUP_TYPE_SURROGATE = 3 };

/* Flag bits of the word at 208. */
enum db_header_flag {
    DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED = 0x1,
    DB_HEADER_FLAG_UPGRADE_IN_PROGRESS = 0x2
};

/* sort_version when MSysLocales is in use */
#define DB_SORT_VERSION_LOCALES UINT64_MAX

enum { BACKUP_INFO_SIZE = 24 };
/* One backup: its mark in the log, and the generations of the set. gen_high is 0 while it runs. */
struct backup_info {
    lgpos_t mark;
    struct log_time time;
    uint32_t gen_low, gen_high;
};

/* An event counter: since the last repair or so, when last, before. */
struct event_counter {
    uint32_t count;
    struct log_time last;
    uint32_t count_old;
};

struct db_header {
    uint32_t checksum;
    uint32_t magic;
    uint32_t version_major;  /* 0x620 */
    uint32_t attributes;
    uint64_t dbtime;         /* last given out; >= dbtime of every page */
    struct signature db_signature;
    uint32_t state;          /* enum db_state */
    lgpos_t lgpos_consistent;
    struct log_time logtime_consistent, logtime_attach;
    lgpos_t lgpos_attach;
    struct log_time logtime_detach;
    lgpos_t lgpos_detach;
    uint32_t dbid;
    struct signature log_signature;
    struct backup_info backup_full_previous, backup_incremental_previous, backup_full_current;
    uint32_t flags;
    uint32_t objid_last;     /* highest object id given out */
    uint32_t os_major, os_minor, os_build, os_service_pack;
    uint32_t update_major;
    uint32_t page_size;      /* decoded: never 0 (0 on disk means 4096) */
    uint32_t repair_count;
    struct log_time logtime_repair;
    uint64_t dbtime_last_scrub;
    struct log_time logtime_scrub;
    uint32_t gen_min_required; /* first generation recovery needs; 0 when clean */
    uint32_t gen_max_required; /* last generation that must exist */
    uint32_t upgrade_old_pages, upgrade_free_pages, upgrade_space_map_pages;
    struct backup_info backup_snapshot_current;
    uint32_t created_version_major, created_update_major;
    struct log_time logtime_gen_max_created; /* creation time of generation gen_max_committed */
    uint32_t backup_full_previous_type, backup_incremental_previous_type;
    uint32_t repair_count_old;
    struct event_counter ecc_fixed, ecc_failed, bad_checksums;
    uint32_t gen_max_committed;
    struct backup_info backup_copy_previous, backup_differential_previous;
    uint32_t backup_copy_previous_type, backup_differential_previous_type;
    struct event_counter reseeds, patches;
    uint64_t sort_version;
    struct log_time logtime_scan_finished, logtime_scan_started;
    uint32_t scan_contiguous_page;
    uint32_t gen_recovering;
    uint32_t extend_count;
    struct log_time logtime_extend;
    uint32_t shrink_count;
    struct log_time logtime_shrink;
    struct log_time logtime_reattach;
    lgpos_t lgpos_reattach;
    uint32_t trim_count;
    struct signature header_flush_signature;    /* new on every header write */
    struct signature flush_map_signature;       /* copy of the flush map's own */
    uint32_t gen_min_consistent;
    uint32_t update_minor;
    uint32_t engine_version_max;                /* highest engine format version that attached; diagnostic */
    uint32_t scan_highest_page;
    lgpos_t lgpos_last_resize;
    uint32_t file_type;      /* enum file_type */
    struct log_time logtime_gen_max_required;
    uint32_t gen_min_consistent_before_redo, gen_min_required_before_redo;
    struct signature revert_signature;
    uint32_t revert_count;
    struct log_time logtime_revert_from, logtime_revert_to;
    uint32_t revert_pages;
    lgpos_t lgpos_commit_before_revert;
};

/* Is this block a database header of exactly this page size: header sum, magic, and page size field (0 = 4096) equal to size.
 * size must be a legal page size; any bytes are safe. */
bool db_header_is_valid(const uint8_t *page, uint32_t size);

/* Decodes a header page that is_valid accepted (or any DB_HEADER_SIZE bytes: every value is taken as it stands).
 * JET_errDatabaseCorrupted when db_header_is_valid says no; *out is then zero. */
MUST_CHECK JET_ERR db_header_decode(const uint8_t *page, uint32_t page_size, struct db_header *out);

/* Stores every field into page (page_size bytes; bytes that are no known field stay as they are; start a new header from zeros),
 * then the checksum. header->checksum is ignored; magic is written as DB_HEADER_MAGIC, the page size as page_size. */
void db_header_encode(const struct db_header *header, uint8_t *page, uint32_t page_size);

/* Sets the state with what must change with it: any state but dirty clears the before-redo generations; clean clears all
 * generations and their times (2.3). */
void db_header_set_state(struct db_header *header, enum db_state state);

/* "JustCreated", "DirtyShutdown", "CleanShutdown", ...; "Unknown" for other values. */
const char *db_state_name(uint32_t state);

/* (major, update major, update minor) >= the given update; the major must be 0x620. */
bool db_header_version_at_least(const struct db_header *header, uint32_t update_major, uint32_t update_minor);

/* The 24-byte backup_info record, also used in trailers. */
struct backup_info backup_info_decode(const uint8_t *bytes);
void backup_info_encode(const struct backup_info *info, uint8_t *bytes);

#endif
