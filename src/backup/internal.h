/* The backup session's state, shared by the files of this module only. */
#ifndef OPENESE_BACKUP_INTERNAL_H
#define OPENESE_BACKUP_INTERNAL_H

#include <stdatomic.h>

#include "backup/backup.h"
#include "os/thread.h"

enum backup_phase { BACKUP_PHASE_NONE, BACKUP_PHASE_DATABASES, BACKUP_PHASE_LOGS };
enum backup_result { BACKUP_RESULT_SUCCESS, BACKUP_RESULT_CALLER_ABORT, BACKUP_RESULT_SERVER_ABORT, BACKUP_RESULT_FAILED };

/* One database's part in the session. */
struct backup_participant {
    struct database *db;
    bool is_copied;            /* its stream was read to the end */
    struct backup_info copied; /* mark and generations as in the trailer it got */
};

struct backup_scrub;

/* The one open file. */
struct backup_stream {
    bool is_open;
    bool is_database;
    char *path;
    uint64_t size, bytes_read;
    /* database */
    struct database *db;
    uint8_t *header_page;      /* snapshot with the current-full-backup slot set */
    page_no_t page_count;      /* last page at open */
    page_no_t copied_to;       /* last page already delivered */
    bool trailer_sent;
    struct backup_info trailer;
    struct backup_scrub *scrub; /* NULL: none runs */
    /* log or other file */
    struct os_file *file;
    uint32_t generation;       /* 0 = not a log */
};

/* The instance's part in an OS snapshot: a session of another kind, in which nothing is read through us. Participants, ranges and mark are those of the session. */
struct backup_snapshot {
    bool is_active, is_frozen;
    uint32_t truncate_end; /* truncation removes what is before; 0: nothing, or it has been done */
};

struct backup_session {
    struct backup_host host;
    struct mutex lock;
    atomic_bool is_active, stop_requested, is_allowed;
    atomic_bool holds_creation;        /* a snapshot is being taken */
    atomic_bool is_surrogate;          /* active, but of a replica: nothing is read here */
    atomic_uint_least32_t oldest_needed, turn;

    enum backup_phase phase;
    bool is_full;
    int32_t record_type;               /* of the log's backup records, enum backup_type */
    uint32_t stamp_type;               /* of the header slots: BACKUP_TYPE_NORMAL or BACKUP_TYPE_OS_SNAPSHOT */
    bool is_folder_run;                /* begun by backup_to_folder */
    uint64_t runner;                   /* thread of a folder run, whose calls alone go through; 0: everybody's do */
    bool skips_stamps;                 /* JET_bitBackupNoDbHeaderUpdate */
    bool is_log_prepared, is_truncated;
    uint32_t copy_first, copy_end;     /* generations the set needs: first .. end-1 */
    uint32_t delete_first, delete_end; /* generations truncation removes */
    struct backup_info mark;           /* of a full backup: set at Begin; of an incremental: the prepare record */
    struct backup_stream stream;
    struct backup_participant *participants;
    size_t participant_count;
    uint8_t *copied_generations;       /* one byte for each generation of copy_first .. copy_end-1 */
    struct backup_snapshot snapshot;
};

/* session.c */
/* Scope field of the backup record in the log (log-files 9.8, Backup2). */
enum { BACKUP_SCOPE_FULL = 1, BACKUP_SCOPE_INCREMENTAL = 2, BACKUP_SCOPE_COPY = 5, BACKUP_SCOPE_DIFFERENTIAL = 6 };
struct backup_kind {
    bool is_incremental, is_surrogate, is_folder_run;
};
/* Those of the checks below that not every run has. Without room on the log's disk logs can still be deleted. */
enum backup_check { BACKUP_CHECK_CIRCULAR = 1, BACKUP_CHECK_ROOM = 2 };
/* Section 5, checks 1 to 8, with grbit against the allowed bits. Caller holds the lock. */
MUST_CHECK JET_ERR backup_check_begin(struct backup_session *s, JET_GRBIT grbit, JET_GRBIT allowed, unsigned checks);
/* All variables to those of a session that begins. Caller holds the lock. */
void backup_start(struct backup_session *s, const struct backup_kind *kind);
/* Section 5, check 9: every database has had a full backup of the type now wanted. */
MUST_CHECK JET_ERR backup_check_full_backups(struct backup_session *s);
MUST_CHECK JET_ERR backup_add_all_participants(struct backup_session *s);
void backup_reset(struct backup_session *s);
struct log_time backup_now(void);
void backup_report_begin(struct backup_session *s);
/* turn: ends that backup only, another one is JET_errNoBackup and goes on; 0: whichever runs. */
MUST_CHECK JET_ERR backup_end_kind(struct backup_session *s, JET_GRBIT grbit, bool of_surrogate, uint32_t turn);
/* Ends a folder run that failed, unless somebody has ended it. */
void backup_give_up(struct backup_session *s, JET_ERR error);
MUST_CHECK JET_ERR backup_begin_run(struct backup_session *s, JET_GRBIT grbit, bool is_folder_run);
/* The checks every call makes once the lock is held: (a) a session runs, (b) no stop was asked. */
MUST_CHECK JET_ERR backup_check_running(struct backup_session *s);
struct backup_participant *backup_participant_find(struct backup_session *s, const struct database *db);
MUST_CHECK JET_ERR backup_participant_add(struct backup_session *s, struct database *db);
void backup_participant_remove(struct backup_session *s, const struct database *db);
/* Ends the session, whatever its state: closes the open file, stamps headers when it was a success, logs the outcome. */
void backup_finish(struct backup_session *s, enum backup_result result, JET_ERR error, bool is_truncated);
void backup_log_record(struct backup_session *s, uint8_t phase, uint8_t scope, uint8_t dbid, const struct backup_info *info);

/* Puts what the session has done into the header of each participant, and a record of it into the log (section 11). The first error. */
MUST_CHECK JET_ERR backup_stamp_participants(struct backup_session *s, bool is_truncated);
void backup_report_not_stamped(struct backup_session *s, JET_ERR error);

/* loglist.c */
/* A visit, context: the session. The logs on disk begin at s->delete_first: JET_errMissingFileToBackup (event 459) when a database's last backup ended before the one ahead of it. */
MUST_CHECK JET_ERR backup_check_no_gap(void *context, struct database *db);
/* Removes generations delete_first .. delete_end-1, with record and events (section 10). */
MUST_CHECK JET_ERR backup_delete_range(struct backup_session *s);
/* JetBackup without a folder: deletes the logs before the checkpoint. */
MUST_CHECK JET_ERR backup_truncate_without_copy(struct backup_session *s, JET_GRBIT grbit);

/* stream.c */
void backup_stream_close(struct backup_session *s);

/* scrub.c: the open database's pages are wiped of what was deleted, behind the reading of its stream */
/* Does nothing unless the host asks for it. JET_errOutOfMemory. */
MUST_CHECK JET_ERR backup_scrub_begin(struct backup_session *s);
/* These pages have been delivered. */
void backup_scrub_pages(struct backup_session *s, page_no_t first, uint32_t count);
/* All have. */
void backup_scrub_end(struct backup_session *s);
/* Without end: frees it. Accepts NULL. */
void backup_scrub_close(struct backup_scrub *scrub);

#endif
