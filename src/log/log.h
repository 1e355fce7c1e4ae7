/* The log of an instance: one stream of generations that is appended to.
 *
 * Records go into a buffer of segments under one lock, so that positions, and whatever the caller assigns with them, have one order. A flush
 * writes everything that is in the buffer and syncs once for all who wait; meanwhile others append (src/log/README.md has the rules).
 * A generation that is full becomes an archive and the prepared next file becomes the current log.
 *
 * recovery/ opens it (log_create, log_continue); engine/, txn/ and backup/ append and flush. Threads: every function from any thread, but close.
 * Once a write or sync has failed the log is down: every later call that would write returns JET_errLogWriteFail (the first one the precise
 * error, e.g. JET_errLogDiskFull).
 */
#ifndef OPENESE_LOG_LOG_H
#define OPENESE_LOG_LOG_H

#include "format/checkpoint.h"
#include "format/log_record.h"
#include "log/log_files.h"
#include "os/file.h"

struct log;

/* A piece of the log for who wants it elsewhere. */
enum log_emission {
    LOG_EMISSION_BEGIN,    /* the log has been opened; the current generation follows whole */
    LOG_EMISSION_DATA,     /* segments: data is what the file has at position, whole segments, durable */
    LOG_EMISSION_COMPLETE, /* position's generation has got all it will get */
    LOG_EMISSION_END       /* the log is being closed */
};
struct log_piece {
    enum log_emission what;
    uint64_t sequence;     /* 0 for BEGIN, then one more each time; END has a number of its own */
    struct log_time time;  /* now */
    lgpos_t position;      /* of DATA and COMPLETE */
    const uint8_t *data;   /* valid during the call; NULL but for DATA */
    uint32_t size;
};

struct log_callbacks {
    void *context;
    /* A new current generation exists. Called by the thread whose append or roll made it, after all log locks are released and before
     * that call returns: the headers' committed (and, before a page of it is written, required) generation must be raised. May be NULL. */
    void (*new_generation)(void *context, uint32_t generation, struct log_time created);
    /* Brings dbtime and objid_last of an entry of the attachment list up to date. Called under the log lock: it may only read atomics. May be NULL. */
    void (*refresh_attach_info)(void *context, struct attach_info *info);
    /* Circular logging keeps generations from this one on (backup_oldest_needed_generation); 0 = no limit. Under the log lock. May be NULL. */
    uint32_t (*oldest_needed_generation)(void *context);
    /* Shipping: called for one piece after another, by whoever flushes, rolls, opens or closes the log. The caller holds no lock of the log, but it may hold whatever else is held across a
     * flush, and it holds up everybody who waits for the flush. May be NULL: nothing is shipped. */
    void (*emit)(void *context, const struct log_piece *piece);
};

struct log_config {
    struct os_fs *fs;
    const char *log_folder, *system_folder; /* existing folders; copied */
    const char *base_name;                  /* 3 characters */
    bool is_legacy_names;                   /* .log/.chk and 5-digit archives (JET_bitEightDotThreeSoftCompat); else .jtx/.jcp and 8 digits */
    uint32_t file_kib;                      /* JET_paramLogFileSize: of a new stream; a continued one keeps its size */
    uint32_t buffer_segments;               /* JET_paramLogBuffers in sectors; raised to 16, cut to the file size */
    uint32_t page_size;
    bool is_circular;
    bool is_aggressive_rollover;            /* 10 reserve files instead of 2 */
    struct log_version version;             /* to write; major 0: LOG_VERSION_NEW_STREAM. An older stream goes on in a new generation, a newer one keeps its version */
    uint32_t max_sessions, max_open_tables, max_version_pages, max_cursors; /* recorded in Init2; no effect */
    uint32_t checkpoint_too_deep;           /* JET_paramCheckpointTooDeep: generations between checkpoint and tip; 0: no limit. Changes are then JET_errCheckpointDepthTooDeep */
    struct log_callbacks callbacks;
};

/* --- life: called by recovery/ and, for closing, by engine/ --- */

/* A new current log in a folder that holds none. previous NULL: a new stream, generation 1 with a random signature and a first checkpoint (1,1,0).
 * Otherwise the generation after `previous` of the same stream (its archive may stand elsewhere), and no checkpoint is written. Reserve files are
 * made. JET_errFileAccessDenied: another process has the log. */
struct log_generation;
MUST_CHECK JET_ERR log_create(const struct log_config *config, const struct log_generation *previous, struct log **out);
/* Goes on with the current log in the folder, at the segment after its last one. With no current log the highest archive is followed by a new generation.
 * Header and size errors as recovery.md 4.1. */
MUST_CHECK JET_ERR log_continue(const struct log_config *config, struct log **out);
/* Releases everything without writing a byte (what is not flushed is lost). Accepts NULL. */
void log_close(struct log *log);

/* --- appending --- */

/* Appends records as they are, one after another in one generation. *position: of the first, with byte 0 when it opens a segment. JET_errLogBufferTooSmall,
 * JET_errLogWriteFail, JET_errLogDiskFull, JET_errLogSequenceEnd, JET_errCheckpointDepthTooDeep. */
MUST_CHECK JET_ERR log_append_many(struct log *log, const struct span *records, uint32_t count, lgpos_t *position);
MUST_CHECK JET_ERR log_append(struct log *log, const void *record, uint32_t size, lgpos_t *position);

/* Run and attachment records. These fill in what the log knows (its signature, times, positions). Positions may be NULL. */

/* Init2 as first record of a segment: opens a run. */
MUST_CHECK JET_ERR log_append_init(struct log *log, lgpos_t *position);
/* AttachDB, and the database joins the attachment list. path: UTF-8. Afterwards: log_pad_segment, log_flush_all, then the header may say dirty; then
 * log_append_database_version. The list has room for 2048 bytes: JET_errTooManyAttachedDatabases. */
struct log_attach {
    uint8_t dbid;
    const char *path;
    lgpos_t lgpos_consistent;      /* header's */
    uint64_t dbtime;
    uint32_t objid_last, size_max_pages;
    struct signature db_signature;
};
MUST_CHECK JET_ERR log_append_attach(struct log *log, const struct log_attach *attach, lgpos_t *position);
/* The database joins the list, without a record: recovery met its attachment, at lgpos_attach, in the log. Errors as above. */
MUST_CHECK JET_ERR log_note_attached(struct log *log, const struct log_attach *attach, lgpos_t lgpos_attach);
/* ReAttach of a database that recovery left attached. */
MUST_CHECK JET_ERR log_append_reattach(struct log *log, const struct log_attach *attach, lgpos_t lgpos_attach, lgpos_t *position);
/* CreateDB; the database joins the list. version, update: those of the format to create. */
MUST_CHECK JET_ERR log_append_create(struct log *log, const struct log_attach *attach, JET_GRBIT grbit, uint16_t version, uint16_t update, lgpos_t *position);
/* CreateDBFinish: the database's creation is complete. */
MUST_CHECK JET_ERR log_append_create_finish(struct log *log, uint8_t dbid, lgpos_t *position);
/* DetachDB (not written for databases that end with the run); leaves the list. */
MUST_CHECK JET_ERR log_append_detach(struct log *log, uint8_t dbid, const char *path, lgpos_t *position);
/* SetDbVersion when the stream's version has it (>= 8.4000.6.20); otherwise nothing is written and *position is 0. */
MUST_CHECK JET_ERR log_append_database_version(struct log *log, uint8_t dbid, uint32_t major, uint32_t update_major, uint32_t update_minor, lgpos_t *position);
MUST_CHECK JET_ERR log_append_extend(struct log *log, uint8_t dbid, page_no_t last_page, lgpos_t *position);
MUST_CHECK JET_ERR log_append_backup_record(struct log *log, const struct backup_record *record, lgpos_t *position);

/* Fills the current segment with one NOP2 (NOPs where that has no room); nothing when the segment is empty. */
MUST_CHECK JET_ERR log_pad_segment(struct log *log);
/* A clean end, step 1: ShutDownMark, padding, flush. *position is what the database headers are marked clean with. */
MUST_CHECK JET_ERR log_append_shutdown(struct log *log, lgpos_t *position);
/* Step 2, when the headers are clean: Term2 (of the run opened by log_append_init), flush, checkpoint at Term2 without attachment list. The log stays
 * open for log_close, or for another run. */
MUST_CHECK JET_ERR log_append_term(struct log *log, lgpos_t *position);
/* The ends of a recovery: RecoveryUndo2 at the start of a segment, and RecoveryQuit2 {undo position, redo_from}, padded, flushed, checkpoint at it. With keep_attachments: record 80, and the
 * checkpoint stays: the caller moves it with log_write_checkpoint when the headers allow it. */
MUST_CHECK JET_ERR log_append_recovery_undo(struct log *log, lgpos_t *position);
MUST_CHECK JET_ERR log_append_recovery_quit(struct log *log, bool keep_attachments, lgpos_t undo_position, lgpos_t redo_from, lgpos_t *position);

/* --- durability --- */

/* Returns when the record at position is durable. Position 0: at once. */
MUST_CHECK JET_ERR log_flush(struct log *log, lgpos_t position);
MUST_CHECK JET_ERR log_flush_all(struct log *log);
/* Everything before this is durable. Lock-free. */
lgpos_t log_durable(const struct log *log);
/* Closes the current generation (which gets at least one segment of data) and starts the next. */
MUST_CHECK JET_ERR log_roll(struct log *log);
/* The same with a Backup2 record as first one of the new generation; *position: of the record, *created: of the generation. Flushed. */
MUST_CHECK JET_ERR log_roll_for_backup(struct log *log, const struct backup_record *record, lgpos_t *position, struct log_time *created);

/* --- standing still (OS snapshots, backup-and-restore 14) --- */

/* From its return to log_thaw no file of the log changes: not the current log, no archive is made, renamed or removed by it, and the checkpoint file stays. Records are appended to the buffer
 * while it has room; flushes, rolls and checkpoints wait. Everything before is durable. roll: a new generation begins with the record, and holds nothing else on disk; otherwise the record is
 * the last one on disk. *position: of the record, *created: of its generation. The errors of a roll; the log is not frozen then. Once at a time. */
MUST_CHECK JET_ERR log_freeze(struct log *log, const struct backup_record *record, bool roll, lgpos_t *position, struct log_time *created);
/* Accepts a log that is not frozen. */
void log_thaw(struct log *log);
/* Waits while the log is frozen and its buffer is half full, or the generation nearly, so that a change begun now, with page latches held, finds room. Costs one atomic load otherwise. */
void log_wait_for_thaw(struct log *log);

/* --- checkpoint --- */

/* Writes the checkpoint file: redo starts at position, databases are consistent up to consistency (0: position); with_attachments: databases attached before
 * position and still attached belong to it. Never moves backwards (an older position is ignored). Databases and their headers have been flushed before. */
MUST_CHECK JET_ERR log_write_checkpoint(struct log *log, lgpos_t position, lgpos_t consistency, bool with_attachments);
/* The last one written. */
MUST_CHECK JET_ERR log_read_checkpoint(struct log *log, lgpos_t *position);

/* Can the log go on for a while? Makes reserve files that are missing. JET_errLogDiskFull: the disk has no room even for those. JET_errLogSequenceEnd: this is the last
 * generation there can be. JET_errOutOfMemory. */
MUST_CHECK JET_ERR log_check_room(struct log *log);

/* --- facts --- */

bool log_is_down(const struct log *log);
/* The error that brought it down: JET_errLogWriteFail, JET_errLogDiskFull, JET_errLogSequenceEnd; 0 when it is up. */
JET_ERR log_down_reason(const struct log *log);
/* Where the next record goes. */
lgpos_t log_tip(struct log *log);
uint32_t log_tip_generation(struct log *log);
/* JET_paramCheckpointTooDeep as configured, 0: no limit. */
uint32_t log_depth_limit(const struct log *log);
struct log_time log_generation_created(struct log *log); /* of the current generation */
struct signature log_stream_signature(const struct log *log);
struct log_version log_stream_version(struct log *log);
bool log_is_circular(const struct log *log);
uint32_t log_file_size_kib(const struct log *log); /* of the stream's files */
const char *log_folder_path(const struct log *log);
const char *log_system_folder_path(const struct log *log);
const char *log_base_name(const struct log *log);
const char *log_extension(const struct log *log);  /* ".log" or ".jtx" */

/* --- generations on disk --- */

/* Lowest generation in the folder, the current one included. */
MUST_CHECK JET_ERR log_oldest_generation(struct log *log, uint32_t *generation);
/* Path of an archive (whether or not it exists); freed with mem_free. */
MUST_CHECK JET_ERR log_archive_path(struct log *log, uint32_t generation, char **path);
/* Generation an archive's file name says, 0 when it is no archive of this stream. */
uint32_t log_archive_generation(struct log *log, const char *file_name);
/* Removes an archive (JET_errFileNotFound); the current generation is refused with JET_errInvalidParameter. */
MUST_CHECK JET_ERR log_delete_generation(struct log *log, uint32_t generation);

#endif
