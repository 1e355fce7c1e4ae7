/* Recovery: what happens to logs and databases when an instance starts, and the replay part of a restore.
 *
 * recovery_run decides (recovery.md 4), replays from the checkpoint, ends what was left open, and hands back the open log, positioned for the new
 * run's log_append_init. Databases it touched are closed again, clean. On an error nothing is deleted that the caller has not allowed.
 * Called by engine/ (JetInit) and backup/ (restore) and by `ese recover`, before any other thread uses the stream. See README.md.
 */
#ifndef OPENESE_RECOVERY_RECOVERY_H
#define OPENESE_RECOVERY_RECOVERY_H

#include "cache/cache.h"
#include "log/log.h"
#include "os/event.h"

struct recovery_map_entry {
    const char *old_path; /* as logged; compared without case, '\' and '/' alike */
    const char *new_path;
    bool may_be_missing;   /* JET_bitRestoreMapIgnoreWhenMissing: as options.ignore_missing_databases, for this one */
    bool must_exist;       /* JET_bitRestoreMapFailWhenMissing: JET_errAttachedDatabaseMismatch at the record, not at the end of the log */
    JET_ERR refusal;       /* an error that meeting the database is; JET_errSuccess: none */
    bool is_overwritten;   /* JET_bitRestoreMapOverwriteOnCreate: a CreateDB replaces another file, as if it had been asked to */
};

/* What a replay meets, for who wants to know what transactions did (`ese log --rows`): changes of nodes in the order of the log, with as much as record and page say. Key and
 * old data of a replaced or deleted node stand in the page only, so they are known when the page is as old as the record expects. The spans live during the call. */
enum recovery_change_kind { RECOVERY_BEGIN, RECOVERY_COMMIT, RECOVERY_ROLLBACK, RECOVERY_INSERT, RECOVERY_REPLACE, RECOVERY_DELETE, RECOVERY_DELTA, RECOVERY_UNDO };
struct recovery_change {
    enum recovery_change_kind kind;
    lgpos_t position;
    int64_t time;            /* of the segment; 0 unknown */
    uint16_t session;
    uint32_t transaction;    /* 0: none, or not known */
    uint8_t level;
    bool is_open_at_end;     /* a rollback by this recovery */
    /* node changes: */
    const char *database;    /* as the log names it; NULL unknown */
    uint32_t objid;
    page_no_t page_no;
    bool has_key, has_before, has_after;
    struct span key, before, after;
    enum recovery_change_kind undone; /* RECOVERY_UNDO: what it takes back; after is then what is there again */
    int64_t delta;           /* RECOVERY_DELTA: added at offset */
    uint16_t offset;
};
/* A negative result stops and becomes the result. */
typedef JET_ERR (*recovery_change_fn)(void *context, const struct recovery_change *change);

/* 0 .. 100. A negative result stops and becomes the result. */
typedef JET_ERR (*recovery_progress_fn)(void *context, uint32_t percent);

/* Where the replay ends before the end of the log. A zero field does not limit.
 *
 * To a generation: its last record is the last one replayed. To a time T (seconds since 1970 UTC), the last moment whose commits are wanted: of the generations begun at
 * T or before, all but the last one whole, and of that one the segments before the first whose time is later than T (in whole seconds). Our log stamps segments with the
 * time of their flush, so the commits acknowledged by the end of second T are in and those begun later are not; other engines' segments carry the time they were begun, so a
 * segment that was filled across T is taken whole. Times without the UTC mark are taken as they stand.
 *
 * Both end the history there: what was open is rolled back, the databases end clean, the old logs are set aside in a folder <base>.replaced-N beside (never deleted), and a
 * new stream begins, so that nothing later than the stop is ever replayed. JET_errEndingRestoreLogTooLow: a database holds later changes, or may; nothing is changed then.
 * JET_errMissingLogFile: the generation is not there.
 *
 * To a position (JET_RSTINFO, which see): redo ends with the record at that position, or with generation G for (G, 0, 0); no undo, no new stream; the result is
 * JET_errRecoveredWithoutUndo, and another recovery goes on from there. */
struct recovery_stop {
    uint32_t generation;
    int64_t time;
    lgpos_t position; /* not together with the others */
};

/* What a client that wants to is asked on the way (JET_snpRecoveryControl). */
enum recovery_question_kind { /* the numbers of JET_snt... */
    RECOVERY_OPEN_LOG = 1001,
    RECOVERY_OPEN_CHECKPOINT = 1002, /* an error: the replay starts at the lowest generation */
    RECOVERY_MISSING_LOG = 1004,
    RECOVERY_BEGIN_UNDO = 1005,      /* JET_errRecoveredWithoutUndo ends the recovery there */
    RECOVERY_EVENT = 1006,           /* an error: it is not reported */
    RECOVERY_CONDITION = 1007,       /* `answer` is what is wrong; a success lets it pass */
    RECOVERY_ATTACHED = 1008,
    RECOVERY_DETACHING = 1009,
    RECOVERY_COMMIT_CONTEXT = 1010
};
enum recovery_open_reason { RECOVERY_OPEN_TO_CHECK = 1, RECOVERY_OPEN_FOR_REDO, RECOVERY_OPEN_FOR_UNDO, RECOVERY_OPEN_FOR_RUN };
enum recovery_missing_log { RECOVERY_MISSING_GO_ON_TO_REDO = 2, RECOVERY_MISSING_TRY_CURRENT, RECOVERY_MISSING_GO_ON_TO_UNDO, RECOVERY_MISSING_NEW_STREAM };
/* A context logged with a commit or a rollback that is over, and one whose client wants to be called before and after the commit. */
enum recovery_commit_context { RECOVERY_CONTEXT_ENDED = 1, RECOVERY_CONTEXT_BEFORE_COMMIT, RECOVERY_CONTEXT_AFTER_COMMIT };
struct recovery_question {
    enum recovery_question_kind kind;
    JET_ERR answer;                 /* what happens when nobody is asked */
    uint32_t generation;            /* of a log; 0: the current one, or none */
    bool is_current;
    uint8_t detail;                 /* recovery_open_reason, recovery_missing_log, recovery_commit_context */
    uint32_t event;
    const char *path;               /* of the log or the database; may be NULL */
    struct span context;            /* RECOVERY_COMMIT_CONTEXT */
    const struct db_header **headers; /* of the databases attached now */
    uint32_t header_count;
};
/* A negative answer stops and becomes the result, but for what is said above. */
typedef JET_ERR (*recovery_question_fn)(void *context, const struct recovery_question *question);

/* A page that the writer of the log asks for, as this copy of the database has it at that record, ready to be written. All of it lives during the call. */
struct recovery_page_request {
    const char *path, *log_path;
    uint32_t dbid, page_size;
    const struct db_header *header;
    page_no_t page_no;
    uint64_t dbtime; /* of the request */
    const struct signature *log_signature;
    const uint8_t *image;
};
typedef void (*recovery_page_request_fn)(void *context, const struct recovery_page_request *request);

struct recovery_options {
    bool ignore_missing_databases;  /* JET_bitReplayIgnoreMissingDB */
    bool without_undo;              /* JET_bitRecoveryWithoutUndo */
    bool truncate_logs_after;       /* JET_bitTruncateLogsAfterRecovery */
    bool map_entry_optional;        /* JET_bitReplayMissingMapEntryDB: databases without an entry stay at their logged path */
    bool stream_must_exist;         /* JET_bitLogStreamMustExist */
    bool ignore_lost_logs;          /* JET_bitReplayIgnoreLostLogs */
    bool keep_attached;             /* JET_bitKeepDbAttachedAtEndOfRecovery: without effect where the log itself ends clean, or its size is not the one wanted (-545) */
    uint32_t keep_dbid_max;         /* with it: the caller has no place for databases of higher ids; when there is one, nothing is kept */
    bool delete_out_of_range_logs;  /* JET_paramDeleteOutOfRangeLogs */
    bool cleanup_mismatched_logs;   /* JET_paramCleanupMismatchedLogFiles (with circular logging) */
    bool allow_backup_databases;    /* do not refuse unrestored backup copies (-544) */
    bool skip_lost_logs_event;      /* JET_bitSkipLostLogsEvent: logs lost with the client's leave are not reported */
    bool allow_missing_current;     /* archives without a current log are replayed (-528) */
};

struct recovery_config {
    struct log_config log;          /* of the log that will be opened; file_kib is compared with the stream's */
    bool is_file_kib_set;           /* the client set JET_paramLogFileSize: a difference is -545; else the stream's size is adopted */
    uint32_t update_major_max;      /* JET_paramEngineFormatVersion: of the versions of logs (8.4000.x); a higher one is JET_errEngineFormatVersionSpecifiedTooLowForLogVersion. 0: no limit */
    uint64_t cache_bytes;           /* of the cache the replay makes for itself; 0: a default */
    const struct recovery_map_entry *map;
    size_t map_count;
    const char *alternate_folder;   /* JET_paramAlternateDatabaseRecoveryPath, or NULL: every database is looked for there by its file name */
    struct recovery_options options;
    struct recovery_stop stop;
    const struct event_log *events;       /* may be NULL */
    recovery_progress_fn progress;  /* may be NULL */
    void *progress_context;
    recovery_question_fn ask;       /* may be NULL */
    void *ask_context;
    recovery_change_fn change;      /* may be NULL */
    void *change_context;
    recovery_page_request_fn page_request; /* may be NULL */
    void *page_request_context;
};

struct recovery_result {
    struct log *log;                /* open; the caller closes it */
    bool is_new_stream;
    bool was_replayed;              /* recovery was needed */
    lgpos_t redo_from, redo_to;
    int64_t time_reached;           /* of the segment of redo_to, as the log has it; 0 unknown */
    uint32_t transaction_last;      /* the highest transaction number met; 0: none */
    uint32_t kept_changes;          /* of open transactions: could not be taken back, as the log with what was before is lost */
    uint32_t attached_count;        /* databases that the replay closed or ended */
    JET_ERR warning;                /* 0, JET_wrnCommittedLogFilesLost, JET_wrnCommittedLogFilesRemoved */
    /* options.keep_attached: databases that stay on the log's list of attachments. Their pages are on disk, their headers say dirty; the files are closed, and the caller opens them. */
    struct recovery_kept {
        uint8_t dbid;
        char *path;
    } *kept;
    uint32_t kept_count;
};
/* Frees what a result holds but for the log. */
void recovery_release_result(struct recovery_result *result);

/* Errors: recovery.md 16, instance-and-session 8. On an error result->log is NULL. The databases then stay dirty; pages and headers may have advanced, and
 * another recovery goes on from there. */
MUST_CHECK JET_ERR recovery_run(const struct recovery_config *config, struct recovery_result *result);

/* Replay of a restored backup set: generations gen_low..gen_high of backup_folder, then those of log_folder that follow, onto the databases of the map (headers
 * already merged with their trailers). Ends with clean databases and, in log_folder and system_folder, a new current log and a checkpoint. */
struct recovery_hard_config {
    struct os_fs *fs;
    const char *backup_folder, *log_folder, *system_folder, *base_name, *extension;
    uint32_t gen_low, gen_high;
    uint32_t page_size;
    uint64_t cache_bytes;
    const struct recovery_map_entry *map;
    size_t map_count;
    const char *target_folder;   /* of a running instance of the stream: generations behind gen_high, up to target_gen_high, are looked for here first. May be NULL */
    uint32_t target_gen_high;
    /* Where a database is that the map does not name, as new memory; *path NULL: nowhere. May be NULL. */
    JET_ERR (*locate)(void *context, const char *logged_path, char **path);
    void *locate_context;
    const struct event_log *events;
    recovery_progress_fn progress;
    void *progress_context;
    struct recovery_stop stop;      /* generation or time. log_folder is then not backup_folder: logs that stand in it are set aside */
};
/* What a replay reached. */
struct recovery_reached {
    uint32_t generation;
    int64_t time; /* 0 unknown */
};
MUST_CHECK JET_ERR recovery_run_hard(const struct recovery_hard_config *config, struct recovery_reached *reached);
/* Where the stop of a hard recovery lies, without replaying anything. Errors: struct recovery_stop, and those of log headers. */
struct recovery_stop_point {
    uint32_t generation;    /* the last one of which something is replayed */
    uint32_t last_segment;  /* in it; UINT32_MAX: all of it */
    int64_t time;           /* of that segment; 0 unknown */
};
MUST_CHECK JET_ERR recovery_find_stop(const struct recovery_hard_config *config, struct recovery_stop_point *out);

#endif
