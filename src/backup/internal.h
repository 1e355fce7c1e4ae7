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
    /* log or other file */
    struct os_file *file;
    uint32_t generation;       /* 0 = not a log */
};

struct backup_session {
    struct backup_host host;
    struct mutex lock;
    atomic_bool is_active, stop_requested, is_allowed;
    atomic_uint_least32_t oldest_needed;

    enum backup_phase phase;
    bool is_full;
    bool is_log_prepared, is_truncated;
    uint32_t copy_first, copy_end;     /* generations the set needs: first .. end-1 */
    uint32_t delete_first, delete_end; /* generations truncation removes */
    struct backup_info mark;           /* of a full backup: set at Begin; of an incremental: the prepare record */
    struct backup_stream stream;
    struct backup_participant *participants;
    size_t participant_count;
    uint8_t *copied_generations;       /* one byte for each generation of copy_first .. copy_end-1 */
};

/* session.c */
/* The checks every call makes once the lock is held: (a) a session runs, (b) no stop was asked. */
MUST_CHECK JET_ERR backup_check_running(struct backup_session *s);
struct backup_participant *backup_participant_find(struct backup_session *s, const struct database *db);
MUST_CHECK JET_ERR backup_participant_add(struct backup_session *s, struct database *db);
void backup_participant_remove(struct backup_session *s, const struct database *db);
/* Ends the session, whatever its state: closes the open file, stamps headers when it was a success, logs the outcome. */
void backup_finish(struct backup_session *s, enum backup_result result, JET_ERR error, bool is_truncated);
void backup_log_record(struct backup_session *s, uint8_t phase, uint8_t scope, uint8_t dbid, const struct backup_info *info);

/* stream.c */
void backup_stream_close(struct backup_session *s);

#endif
