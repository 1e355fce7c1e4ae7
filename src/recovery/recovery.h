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
};

/* 0 .. 100. A negative result stops and becomes the result. */
typedef JET_ERR (*recovery_progress_fn)(void *context, uint32_t percent);

struct recovery_options {
    bool ignore_missing_databases;  /* JET_bitReplayIgnoreMissingDB */
    bool without_undo;              /* JET_bitRecoveryWithoutUndo */
    bool truncate_logs_after;       /* JET_bitTruncateLogsAfterRecovery */
    bool map_entry_optional;        /* JET_bitReplayMissingMapEntryDB: databases without an entry stay at their logged path */
    bool stream_must_exist;         /* JET_bitLogStreamMustExist */
    bool ignore_lost_logs;          /* JET_bitReplayIgnoreLostLogs */
    bool keep_attached;             /* JET_bitKeepDbAttachedAtEndOfRecovery */
    bool delete_out_of_range_logs;  /* JET_paramDeleteOutOfRangeLogs */
    bool cleanup_mismatched_logs;   /* JET_paramCleanupMismatchedLogFiles (with circular logging) */
    bool allow_backup_databases;    /* do not refuse unrestored backup copies (-544) */
};

struct recovery_config {
    struct log_config log;          /* of the log that will be opened; file_kib is compared with the stream's */
    bool is_file_kib_set;           /* the client set JET_paramLogFileSize: a difference is -545; else the stream's size is adopted */
    uint64_t cache_bytes;           /* of the cache the replay makes for itself; 0: a default */
    const struct recovery_map_entry *map;
    size_t map_count;
    const char *alternate_folder;   /* JET_paramAlternateDatabaseRecoveryPath, or NULL: every database is looked for there by its file name */
    struct recovery_options options;
    const struct event_log *events;       /* may be NULL */
    recovery_progress_fn progress;  /* may be NULL */
    void *progress_context;
};

struct recovery_result {
    struct log *log;                /* open; the caller closes it */
    bool is_new_stream;
    bool was_replayed;              /* recovery was needed */
    lgpos_t redo_from, redo_to;
    uint32_t transaction_last;      /* the highest transaction number met; 0: none */
    uint32_t attached_count;        /* databases that the replay closed or ended */
    JET_ERR warning;                /* 0, JET_wrnCommittedLogFilesLost, JET_wrnCommittedLogFilesRemoved */
};

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
    const struct event_log *events;
    recovery_progress_fn progress;
    void *progress_context;
};
MUST_CHECK JET_ERR recovery_run_hard(const struct recovery_hard_config *config);

#endif
