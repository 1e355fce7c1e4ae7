/* External backup: the session an instance offers for streaming its databases and logs while they are in use, and restore.
 *
 * One session per instance (struct backup_session), made when the instance starts. Every call takes the session's lock, so that a client
 * that calls from several threads is serialised; only backup_stop and backup_is_active are lock-free. What the session needs from above (the
 * list of databases, the event sink) it gets through struct backup_host. Behaviour: backup-and-restore spec, cited in the code by section.
 */
#ifndef OPENESE_BACKUP_BACKUP_H
#define OPENESE_BACKUP_BACKUP_H

#include "base/error.h"
#include "database/database.h"
#include "log/log.h"
#include "os/event.h"

struct backup_session;

/* What the instance supplies. All pointers outlive the session. */
struct backup_host {
    void *context;
    struct os_fs *fs;
    struct log *log;             /* NULL when logging is off */
    uint32_t page_size;
    bool is_circular;
    bool skips_page_checks;      /* JET_paramDisableVerifications bit 0: only checksums are verified */
    uint32_t retry_delay_ms;     /* before the first retry of pages that fail their checks, growing with each; 0 = 100 ms */
    bool scrubs;                 /* JET_paramZeroDatabaseDuringBackup: what was deleted is wiped from the pages of a database behind the reading of its stream */
    const struct event_log *events; /* may be NULL */
    /* Calls visit for each attached and logged database, in ascending dbid, with attach and detach held out. Stops at a negative result and
     * returns it. */
    JET_ERR (*visit_databases)(void *context, JET_ERR (*visit)(void *visit_context, struct database *db), void *visit_context);
    /* The same for all databases whose files the instance has open, also those that no backup takes: not logged, read-only, or left attached by recovery. */
    JET_ERR (*visit_attached)(void *context, JET_ERR (*visit)(void *visit_context, struct database *db), void *visit_context);
    /* Moves the checkpoint as far as it goes without writing pages, so that a full backup needs few logs. May be NULL. */
    JET_ERR (*advance_checkpoint)(void *context);
    /* Removes the versions nobody needs, for a scrub. May be NULL. */
    JET_ERR (*clean_versions)(void *context);
    /* Returns when no database is being created or attached. None begins while backup_holds_creation. May be NULL. */
    void (*wait_for_creation)(void *context);
    /* Some session has opened it exclusively. */
    bool (*is_exclusively_open)(void *context, struct database *db);
};

enum backup_limits {
    BACKUP_READ_ALIGNMENT = 4096, /* of the buffer given to backup_read_file */
    BACKUP_RETRIES = 17           /* of a page range that fails its checks */
};

MUST_CHECK JET_ERR backup_session_create(const struct backup_host *host, struct backup_session **out);
/* For tests, which have real damage to show and no time to wait for its repair. No backup runs. */
void backup_set_retry_delay(struct backup_session *s, uint32_t milliseconds);
/* Ends a running backup as aborted by the server (event 226). Accepts NULL. */
void backup_session_destroy(struct backup_session *session);

/* Section 5. grbit: JET_bitBackupIncremental or 0. */
MUST_CHECK JET_ERR backup_begin(struct backup_session *session, JET_GRBIT grbit);

/* List results: *list is a new block of NUL-terminated UTF-8 paths and one more NUL; *size counts all NULs. Freed with mem_free. */
MUST_CHECK JET_ERR backup_get_attach_info(struct backup_session *session, char **list, uint32_t *size);
struct backup_log_range {
    uint32_t gen_low, gen_high;
    char base_name[4];
};
/* range may be NULL. The first call of these two rolls the log (section 9). */
MUST_CHECK JET_ERR backup_get_log_info(struct backup_session *session, char **list, uint32_t *size, struct backup_log_range *range);
MUST_CHECK JET_ERR backup_get_truncate_info(struct backup_session *session, char **list, uint32_t *size);

/* Section 7. path: UTF-8. */
MUST_CHECK JET_ERR backup_open_file(struct backup_session *session, const char *path, JET_HANDLE *handle, uint64_t *size);
MUST_CHECK JET_ERR backup_read_file(struct backup_session *session, JET_HANDLE handle, void *buffer, uint32_t size, uint32_t *actual);
MUST_CHECK JET_ERR backup_close_file(struct backup_session *session, JET_HANDLE handle);
/* The same, for what is behind the first `offset` bytes of a database's stream, which the client has from an earlier opening in this session: a
 * multiple of the page size at page 2 or later, or 0. *size: of the rest. */
MUST_CHECK JET_ERR backup_open_section(struct backup_session *session, const char *path, uint64_t offset, JET_HANDLE *handle, uint64_t *size);

MUST_CHECK JET_ERR backup_truncate_log(struct backup_session *session);
/* Section 11; results as the reference pages say (section 17, D1): Normal in mid-sequence JET_errBackupAbortByCaller, any End after
 * backup_stop JET_errBackupAbortByServer, Abort JET_errSuccess. */
MUST_CHECK JET_ERR backup_end(struct backup_session *session, JET_GRBIT grbit);
/* The same, only when the backup that runs is the one of this turn (backup_turn); else JET_errNoBackup, and it goes on. */
MUST_CHECK JET_ERR backup_end_turn(struct backup_session *session, uint32_t turn, JET_GRBIT grbit);

/* Section 13, folder.c: a whole run into a folder. */
struct backup_folder_request {
    const char *path;  /* NULL or "": logs that no database needs for recovery are deleted, nothing is copied */
    JET_GRBIT grbit;   /* JET_bitBackupIncremental, JET_bitBackupAtomic */
    bool create_path;  /* JET_paramCreatePathIfNotExist */
    /* Asked between pieces: a negative result ends the run and is returned. May be NULL. */
    JET_ERR (*may_continue)(void *context);
    /* At the begin and the completion of a full run; a negative result fails it. May be NULL. */
    JET_ERR (*notify)(void *context, bool is_complete);
    void *context;
};
/* Everything of the instance, then truncation, then the header stamps. After a failure headers and logs are as they were; of an atomic target old/ or
 * new/ is complete. Errors: those of the calls above, and section 13. */
MUST_CHECK JET_ERR backup_to_folder(struct backup_session *session, const struct backup_folder_request *request);

/* Section 14, surrogate.c: a replica's backup is recorded here. Local calls are refused meanwhile (JET_errSurrogateBackupInProgress, JET_errNoBackup). */
MUST_CHECK JET_ERR backup_begin_surrogate(struct backup_session *session, uint32_t gen_first, uint32_t gen_last, JET_GRBIT grbit);
MUST_CHECK JET_ERR backup_end_surrogate(struct backup_session *session, JET_GRBIT grbit);

/* Asks a running backup to stop; never waits; success also without one. */
void backup_stop(struct backup_session *session);
/* Attach and detach are refused while this is true. Lock-free. */
bool backup_is_active(const struct backup_session *session);
/* With which error they are: JET_errBackupInProgress or JET_errSurrogateBackupInProgress; 0 when none is active. Lock-free. */
JET_ERR backup_check_idle(const struct backup_session *session);
/* Counts the backups begun: tells one from a later one of the same session. Lock-free. */
uint32_t backup_turn(const struct backup_session *session);
/* Generations from this one on must be kept by circular logging; 0 = no limit. Lock-free. */
uint32_t backup_oldest_needed_generation(const struct backup_session *session);
/* The creation of a database has to wait: a snapshot is being taken, and a file half made would be in it. Lock-free. */
bool backup_holds_creation(const struct backup_session *session);
/* Termination: ends a running backup as aborted by the server and refuses new ones. */
void backup_terminate(struct backup_session *session);
/* Allows or refuses new sessions (JET_errBackupNotAllowedYet): set at the end of start, cleared while the instance terminates. */
void backup_allow(struct backup_session *session, bool allowed);

#endif
