/* Log records: type numbers, sizes, and their decoded form (log-files 8 and 9). Pure functions.
 *
 * record_size is driven by one table (log_record.c): fixed size, and where the lengths of the variable parts stand. A reader never guesses:
 * an unknown type is corrupt. log_record_decode checks the size, so that the tail spans are inside the record.
 */
#ifndef OPENESE_FORMAT_LOG_RECORD_H
#define OPENESE_FORMAT_LOG_RECORD_H

#include "format/attach_info.h"
#include "format/db_header.h"
#include "format/log_header.h"

enum log_record_type {
    LR_NOP = 0, LR_INIT = 1, LR_TERM = 2, LR_MS = 3, LR_END = 4, LR_BEGIN = 5, LR_COMMIT = 6, LR_ROLLBACK = 7, LR_BEGIN0 = 8, LR_COMMIT0 = 9,
    LR_REFRESH = 10, LR_MACRO_BEGIN = 11, LR_MACRO_COMMIT = 12, LR_MACRO_ABORT = 13, LR_CREATE_DB = 14, LR_ATTACH_DB = 15, LR_DETACH_DB = 16,
    LR_RECOVERY_UNDO = 17, LR_RECOVERY_QUIT = 18, LR_FULL_BACKUP = 19, LR_INCREMENTAL_BACKUP = 20, LR_JET_OP = 21, LR_TRACE = 22,
    LR_SHUTDOWN_MARK = 23, LR_CREATE_ME_FDP = 24, LR_CREATE_SE_FDP = 25, LR_CONVERT_FDP_OLD = 26, LR_SPLIT_OLD = 27, LR_MERGE_OLD = 28, LR_INSERT = 29,
    LR_FLAG_INSERT = 30, LR_FLAG_INSERT_AND_REPLACE = 31, LR_FLAG_DELETE = 32, LR_REPLACE = 33, LR_REPLACE_D = 34, LR_DELETE = 35, LR_UNDO_INFO = 36,
    LR_DELTA = 37, LR_SET_EXTERNAL_HEADER = 38, LR_UNDO = 39, LR_EXT_RESTORE = 45, LR_BACKUP = 46, LR_EMPTY_TREE = 48, LR_INIT2 = 49, LR_TERM2 = 50,
    LR_RECOVERY_UNDO2 = 51, LR_RECOVERY_QUIT2 = 52, LR_BEGIN_DT = 53, LR_PREP_COMMIT = 54, LR_PREP_ROLLBACK = 55, LR_FORCE_WRITE_LOG = 57,
    LR_CONVERT_FDP2 = 58, LR_EXT_RESTORE2 = 59, LR_BACKUP2 = 60, LR_FORCE_LOG_ROLLOVER = 61, LR_SPLIT2 = 62, LR_MERGE2 = 63, LR_SCRUB = 64,
    LR_PAGE_MOVE = 65, LR_PAGE_PATCH_REQUEST = 66, LR_MACRO_INFO = 67, LR_EXTEND_DB = 68, LR_COMMIT_CTX = 69, LR_SCAN_CHECK = 70, LR_NOP2 = 71,
    LR_REATTACH = 72, LR_MACRO_INFO2 = 73, LR_FREE_FDP = 74, LR_FRAGMENT_BEGIN = 76, LR_FRAGMENT = 77, LR_SHRINK_DB = 78, LR_CREATE_DB_FINISH = 79,
    LR_RECOVERY_QUIT_KEEP_ATTACHMENTS = 80, LR_TRIM_DB = 81, LR_SET_DB_VERSION = 92, LR_DELTA64 = 93, LR_SHRINK_DB2 = 94, LR_NEW_PAGE = 95,
    LR_ROOT_PAGE_MOVE = 96, LR_SIGNAL_ATTACH_DB = 97, LR_SCAN_CHECK2 = 98, LR_SHRINK_DB3 = 99, LR_EXTENT_FREED = 100, LR_EXTENT_FREED2 = 101,
    LR_TYPE_COUNT = 102
};

/* Name for people; "unknown" for undefined types. */
const char *log_record_name(uint8_t type);

/* Bytes of the record that starts at data, of which at most `room` may be used. JET_errLogFileCorrupt: unknown or dead type; JET_errLogCorrupted:
 * reaches past room. */
MUST_CHECK JET_ERR log_record_size(const uint8_t *data, uint32_t room, uint32_t *size);

/* What stands at the beginning of every record that changes one page (8). */
struct page_prefix {
    uint16_t procid;
    uint8_t dbid;
    page_no_t page_no;
    uint64_t dbtime, dbtime_before; /* before: all ones where an enclosing macro says it */
    uint32_t transaction;
    uint8_t level;
    uint16_t line;
    uint8_t flags;
};
enum page_prefix_flag { LR_FLAG_VERSIONED = 1, LR_FLAG_UNIQUE = 4, LR_FLAG_SPACE_TREE = 8, LR_FLAG_CONCURRENT_INDEX = 0x10, LR_FLAG_SYSTEM_TASK = 0x20 };
#define DBTIME_IN_MACRO UINT64_MAX

struct node_prefix {
    uint32_t rceid;
    page_no_t root;
    uint32_t objid;
};

struct init_record { struct dbms_param parameters; struct log_time time; bool has_time; };
struct term_record { lgpos_t position, redo_from; bool is_hard; struct log_time time; bool has_time; };
struct attach_record {
    uint16_t procid;
    uint8_t dbid;
    uint32_t size_max_pages;
    lgpos_t lgpos_consistent;
    struct signature db_signature, log_signature;
    uint8_t flags;            /* 8: UTF-16 path, 0x10: sparse */
    struct span path;
};
struct create_record {
    uint16_t procid;
    uint8_t dbid;
    uint32_t grbit, size_max_pages;
    struct signature db_signature;
    uint8_t flags;            /* 4: version words, 8: UTF-16 path, 0x10: sparse */
    uint16_t version, update; /* 1.0 when absent */
    struct span path;
};
struct detach_record { uint16_t procid; uint8_t dbid; uint8_t flags; struct span path; }; /* 0x10: UTF-16 path */
struct reattach_record { uint8_t dbid; lgpos_t lgpos_attach, lgpos_consistent; struct signature db_signature; };
struct version_record { uint8_t dbid; uint32_t major, update_major, update_minor; };
struct range_record { uint8_t dbid; page_no_t page_no; uint32_t count; uint64_t dbtime; uint8_t flags; }; /* extend, shrink, trim, extent freed */
struct transaction_record { uint16_t procid; uint8_t level_before, levels, level; uint32_t transaction; };
/* As from 8.4000.4.8 and 5.2 on; before, the context began where the flags are. */
enum commit_context_flag { COMMIT_CONTEXT_WANTS_CALL = 1, COMMIT_CONTEXT_IS_CUSTOMER_DATA = 2, COMMIT_CONTEXT_WANTS_CALLS_AROUND = 4 };
struct commit_context_record { uint8_t flags; struct span context; };
struct macro_record { uint16_t procid; uint64_t dbtime; };
enum backup_record_phase { BACKUP_RECORD_BEGIN = 1, BACKUP_RECORD_PREPARE_LOGS = 2, BACKUP_RECORD_TRUNCATE_LOGS = 3, BACKUP_RECORD_UPDATE_HEADERS = 4,
                           BACKUP_RECORD_ABORT = 5, BACKUP_RECORD_STOP = 6 };
struct backup_record {
    uint8_t phase;            /* enum backup_record_phase */
    int32_t type;
    uint8_t scope;            /* 1 full, 2 incremental, 5 copy, 6 differential */
    uint8_t dbid;
    struct backup_info info;
    struct span path;
};

/* Tail of the node operations: which parts exist depends on the type. */
struct node_tail {
    struct span key_prefix, key, data; /* key: suffix, or bookmark key */
    struct span bookmark_data;
    uint16_t old_size, new_size, operation;
    uint32_t rceid_replace;
    uint8_t rce_level;
    int64_t delta;
    uint16_t offset;
};

struct log_record {
    uint8_t type;
    uint32_t size;
    struct span bytes;            /* the whole record */
    bool has_page, has_node;
    struct page_prefix page;      /* has_page; also NewPage, ScanCheck2 and the like as far as they say */
    struct node_prefix node;      /* has_node */
    bool has_dbid;
    uint8_t dbid;
    bool has_session;
    uint16_t procid;
    bool has_dbtime;              /* page.dbtime, or that of a macro or of a file operation */
    uint64_t dbtime;
    union {
        struct init_record init;          /* Init, Init2 */
        struct term_record term;          /* Term, Term2, RecoveryQuit* */
        struct log_time time;             /* RecoveryUndo2 */
        struct attach_record attach;
        struct create_record create;
        struct detach_record detach;
        struct reattach_record reattach;
        struct version_record version;
        struct range_record range;        /* ExtendDB, ShrinkDB*, TrimDB, ExtentFreed* */
        struct transaction_record transaction; /* Begin, Begin0, Commit, Commit0, Rollback, Refresh */
        struct macro_record macro;
        struct commit_context_record commit_context; /* CommitCtx */
        struct backup_record backup;
        struct node_tail tail;
        uint32_t filler;                  /* NOP2: payload bytes */
    };
};

/* Decodes a whole record. Errors as log_record_size, and JET_errLogCorrupted when the size is not exactly that of `bytes`. */
MUST_CHECK JET_ERR log_record_decode(struct span bytes, struct log_record *out);

/* Encoders: they write into room of the given sizes and return the size of the record. */
enum { LR_INIT2_SIZE = 576, LR_TERM2_SIZE = 26, LR_ATTACH_FIXED = 75, LR_DETACH_FIXED = 7, LR_CREATE_FIXED = 43, LR_REATTACH_SIZE = 50, LR_SET_VERSION_SIZE = 14,
       LR_EXTEND_SIZE = 10, LR_SHRINK_SIZE = 10, LR_RECOVERY_UNDO2_SIZE = 9, LR_BACKUP2_FIXED = 35, LR_BEGIN0_SIZE = 8, LR_COMMIT0_SIZE = 8, LR_NOP2_FIXED = 5,
       LR_PAGE_PATCH_REQUEST_SIZE = 46, LR_COMMIT_CTX_FIXED = 8 };
uint32_t log_record_encode_init2(uint8_t *out, const struct dbms_param *parameters, struct log_time now);
/* type: LR_TERM2, LR_RECOVERY_QUIT2 or LR_RECOVERY_QUIT_KEEP_ATTACHMENTS. */
uint32_t log_record_encode_term2(uint8_t *out, uint8_t type, lgpos_t position, lgpos_t redo_from, bool is_hard, struct log_time now);
/* LR_ATTACH_FIXED + path size. */
uint32_t log_record_encode_attach(uint8_t *out, const struct attach_record *record);
uint32_t log_record_encode_detach(uint8_t *out, const struct detach_record *record);
/* LR_CREATE_FIXED + 4 + path size. */
uint32_t log_record_encode_create(uint8_t *out, const struct create_record *record);
uint32_t log_record_encode_create_finish(uint8_t *out, uint16_t procid, uint8_t dbid);
uint32_t log_record_encode_reattach(uint8_t *out, const struct reattach_record *record);
uint32_t log_record_encode_set_version(uint8_t *out, const struct version_record *record);
uint32_t log_record_encode_extend(uint8_t *out, uint8_t dbid, page_no_t last_page);
/* PagePatchRequest: a page that could not be read is asked for. */
uint32_t log_record_encode_patch_request(uint8_t *out, uint8_t dbid, page_no_t page_no, uint64_t dbtime);
/* ShrinkDB: the file ends with last_page, `count` pages shorter. */
uint32_t log_record_encode_shrink(uint8_t *out, uint8_t dbid, page_no_t last_page, uint32_t count);
uint32_t log_record_encode_recovery_undo2(uint8_t *out, struct log_time now);
uint32_t log_record_encode_backup2(uint8_t *out, const struct backup_record *record);
uint32_t log_record_encode_begin0(uint8_t *out, uint16_t procid, uint8_t levels, uint32_t transaction);
uint32_t log_record_encode_commit0(uint8_t *out, uint16_t procid, uint32_t transaction);
/* LR_COMMIT_CTX_FIXED + the context's size. flags: enum commit_context_flag. */
uint32_t log_record_encode_commit_context(uint8_t *out, uint16_t procid, uint8_t flags, struct span context);

/* A node operation: LR_INSERT, _FLAG_INSERT, _FLAG_INSERT_AND_REPLACE, _FLAG_DELETE, _REPLACE, _DELETE, _DELTA, _DELTA64, _SET_EXTERNAL_HEADER or _UNDO. tail: as it is decoded;
 * only in an Insert key_prefix and key differ in meaning, elsewhere both together are the key. */
uint32_t log_record_node_size(uint8_t type, const struct node_tail *tail);
uint32_t log_record_encode_node(uint8_t *out, uint8_t type, const struct page_prefix *page, const struct node_prefix *node, const struct node_tail *tail);
/* A page wiped (log-files 9.4): of a page in use one operation for each node, of others none. LR_SCRUB_FIXED + operations. */
enum { LR_SCRUB_FIXED = 54, LR_SCRUB_UNUSED_PAGE = 1 };
uint32_t log_record_encode_scrub(uint8_t *out, const struct page_prefix *page, const struct node_prefix *node, bool is_unused, struct span operations);
/* First member of the macro of a root that moves (log-files 9.7). */
enum { LR_ROOT_PAGE_MOVE_SIZE = 16 };
uint32_t log_record_encode_root_page_move(uint8_t *out, uint8_t dbid, uint32_t objid, uint16_t procid, uint64_t dbtime);
/* LR_MACRO_BEGIN, LR_MACRO_COMMIT or LR_MACRO_ABORT. */
enum { LR_MACRO_SIZE = 11, LR_MACRO_INFO2_FIXED = 10 };
uint32_t log_record_encode_macro(uint8_t *out, uint8_t type, uint16_t procid, uint64_t dbtime);
/* MacroInfo, MacroInfo2 for other databases than 1. At most LR_MACRO_INFO2_FIXED + 4 * count bytes. */
uint32_t log_record_encode_macro_info(uint8_t *out, uint8_t dbid, const page_no_t *page_nos, uint32_t count);

#endif
