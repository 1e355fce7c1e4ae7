/* List of attached databases inside a log header and a checkpoint, and the parameter block both carry.
 *
 * The list stands in 2048 bytes; an entry is 64 bytes and the path; a first byte of 0 ends it, and what follows may be stale
 * (log-files 2.6). Decoded entries point into the caller's bytes. Pure functions on buffers.
 */
#ifndef OPENESE_FORMAT_ATTACH_INFO_H
#define OPENESE_FORMAT_ATTACH_INFO_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "format/lgpos.h"

enum { ATTACH_LIST_SIZE = 2048, ATTACH_INFO_FIXED_SIZE = 64, DBMS_PARAM_SIZE = 567, DBMS_PATH_SIZE = 261 };
enum attach_info_flag { ATTACH_INFO_UTF16 = 0x20, ATTACH_INFO_SPARSE = 0x40 };

struct attach_info {
    uint8_t dbid;              /* 1.. */
    uint8_t flags;             /* enum attach_info_flag */
    uint64_t dbtime;           /* at least the highest given out when the list was written */
    uint32_t objid_last;
    uint32_t size_max_pages;   /* 0 = no limit */
    lgpos_t lgpos_attach, lgpos_consistent;
    struct signature db_signature;
    struct span path;          /* with its terminating zero, UTF-16LE when ATTACH_INFO_UTF16 */
};

/* Reads the entry at *offset of a list of list_size bytes and advances *offset. *at_end is set instead at the end of the list.
 * JET_errLogCorrupted when an entry reaches past the list. */
MUST_CHECK JET_ERR attach_info_decode(const uint8_t *list, uint32_t list_size, uint32_t *offset, struct attach_info *out, bool *at_end);
/* Stores an entry at *offset and advances it, keeping a terminator behind. JET_errBufferTooSmall when it does not fit. The bytes behind the
 * terminator are left as they are: clear the list first. */
MUST_CHECK JET_ERR attach_info_encode(const struct attach_info *info, uint8_t *list, uint32_t list_size, uint32_t *offset);

/* Parameters of the engine that wrote the file (2.5). Only hints. */
struct dbms_param {
    char system_path[DBMS_PATH_SIZE], log_path[DBMS_PATH_SIZE]; /* always terminated */
    uint8_t flags;             /* bit 0: circular logging */
    uint32_t sessions, open_tables, version_pages, cursors, log_buffers, log_sectors, cache_pages;
};
void dbms_param_decode(const uint8_t *bytes, struct dbms_param *out);
void dbms_param_encode(const struct dbms_param *param, uint8_t *bytes);

#endif
