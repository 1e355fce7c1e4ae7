/* One instance: its state, its parts, and how they start and stop (instance-and-session 3, 6 to 10).
 *
 * Locks: `state` is changed under process.lock and read without; `lock` (RANK_INSTANCE) guards params and the list of sessions;
 * `databases_lock` (RANK_DATABASES) guards the attachments and which session has them open. The parts (cache, log, backup) are made by
 * instance_start before the state becomes RUNNING and freed by instance_stop after the last call has left.
 */
#ifndef OPENESE_ENGINE_INSTANCE_H
#define OPENESE_ENGINE_INSTANCE_H

#include <stdatomic.h>

#include "cache/cache.h"
#include "catalog/schema_use.h"
#include "database/database.h"
#include "engine/checkpoint.h"
#include "engine/engine.h"
#include "engine/event_callback.h"
#include "engine/maintenance.h"
#include "engine/page_patch.h"
#include "engine/params.h"
#include "engine/service.h"
#include "log/consume.h"
#include "os/event.h"
#include "os/thread.h"

struct log;
struct backup_session;
struct version_store;
struct txn_cleaner;

/* Bits of instance->state; none set = CREATED. */
enum instance_state {
    INSTANCE_INITIALISING = 0x1,
    INSTANCE_RUNNING = 0x2,
    INSTANCE_TERMINATING = 0x4,
    INSTANCE_RESTORING = 0x8,
    INSTANCE_STOPPED = 0x10,
    INSTANCE_DISABLED = 0x20,
    INSTANCE_DISABLED_LOG_FULL = 0x40 /* with DISABLED: the log's disk was full */
};

enum { INSTANCE_DATABASES_MAX = CHECKPOINT_DATABASES_MAX, INSTANCE_PROCID_WORDS = 512 /* JET_paramMaxSessions is at most 30000 */ };

/* A slot of the attached databases; dbid = index + 1. */
struct attachment {
    struct database *database; /* NULL = free */
    uint32_t open_count;       /* by how many sessions */
    struct session *exclusive; /* which of them has it alone */
    bool is_reserved;          /* being attached or created */
    bool is_lent;              /* its dbid is used by a file that is not attached: the copy that JetCompact writes */
    bool is_for_recovery;      /* left attached by recovery: nobody can open it before JetAttachDatabase */
    uint64_t device, inode;    /* identity of the file */
};

struct instance {
    struct instance *next;      /* process.instances */
    JET_INSTANCE handle;
    struct handle_slot *slot;
    uint32_t number;            /* counts the instances the process has made; for events */
    char *name, *display_name;  /* NULL when not given */
    bool is_restore;            /* a private instance of a restore: not addressed by clients */

    atomic_uint state, users;   /* users: instance calls inside */
    _Atomic(JET_ERR) disable_reason;
    atomic_uint stopped_services; /* JetStopServiceInstance2 */
    atomic_uint cursor_count;
    atomic_uint_least64_t callback_thread; /* inside a recovery callback: may set parameters */

    struct mutex lock;
    struct params params;
    struct session *sessions;
    uint32_t session_count;
    struct mutex words_lock;
    struct table_word *table_words; /* engine/local_storage.c, under words_lock */
    atomic_uint table_word_count;
    atomic_uint temporary_count; /* of clients' temporary tables */
    struct schema_use schema_use; /* of tables that clients have open; the limit is set by start */
    uint64_t procids[INSTANCE_PROCID_WORDS]; /* bit n: a session has number n */

    /* Set by start */
    struct os_fs *fs;
    uint32_t page_size;
    char *system_folder, *log_folder, *temp_path;
    bool is_logging, is_started;
    struct event_log events;
    atomic_bool has_noted_stand_in; /* engine/text_order.h */
    struct event_callback event_callback; /* lives as long as the instance */
    struct cache *cache;
    struct log *log;
    struct version_store *versions;
    uint64_t version_bytes_max;
    struct txn_cleaner *cleaner;
    struct checkpoint_worker checkpoint;
    struct backup_session *backup;
    uint64_t started_ns;

    atomic_uint_least64_t emit_thread;    /* inside the callback that ships the log */
    uintptr_t emit_log, emit_log_context; /* a JET_PFNEMITLOGDATA, 0: the client does not want the log; what it is given. Set by start */
    struct log_consumer consumer;         /* open while the instance is started: engine/ship_log.c */
    struct page_patches patches;
    struct reseed *reseeds;     /* engine/reseed.c, under reseeds_lock */
    struct mutex reseeds_lock;  /* RANK_BACKUP: one call on an unattached database at a time */

    struct instance_service service;
    struct maintenance maintenance;

    struct mutex databases_lock; /* through instance_lock_databases */
    atomic_uint_least64_t databases_owner;
    struct attachment attachments[INSTANCE_DATABASES_MAX];
};

/* Under process.lock: instance-and-session 6, checks 3 to 5. The new instance is CREATED, in the list, with the defaults copied. name may be
 * NULL. JET_errTooManyInstances, JET_errInstanceNameInUse, JET_errOutOfMemory. */
MUST_CHECK JET_ERR instance_create(const char *name, const char *display_name, bool is_restore, struct instance **out);
/* Under process.lock: takes it out of the list (the mode goes back to unset with the last one). Then no call can enter it any more. */
void instance_unlink(struct instance *instance);
/* Waits for the calls inside, then frees everything. Without process.lock; the instance was unlinked and its parts stopped. */
void instance_free(struct instance *instance);

/* databases_lock, with its owner noted: a new log generation may be announced to the very thread that attaches or detaches. */
void instance_lock_databases(struct instance *instance);
void instance_unlock_databases(struct instance *instance);
bool instance_owns_databases(const struct instance *instance);

/* Under process.lock: the live instance of a handle, or NULL. */
struct instance *instance_of_handle(JET_INSTANCE handle);

/* The gate of instance calls (section 4) after the handle. */
MUST_CHECK JET_ERR instance_gate(const struct instance *instance);
/* A log that is down has made the instance useless: disables it. */
void instance_check_log(struct instance *instance);
/* Error for a DISABLED instance. */
JET_ERR instance_unavailable_error(unsigned state);

/* Limits of an instance's cache from the two parameters, held within the machine's memory. */
void instance_cache_limits(uint64_t pages_min, uint64_t pages_max, uint32_t page_size, uint64_t *bytes_min, uint64_t *bytes_max);
/* Generation now written; 0 when logging is off. */
uint32_t instance_log_generation(const struct instance *instance);

/* engine/start.c */
/* The folders and the temporary database's path from the parameters, absolute. */
MUST_CHECK JET_ERR instance_resolve_paths(struct instance *instance);
/* Makes instance->events from the parameters. */
void instance_start_events(struct instance *instance);
/* A database's new place in recovery. */
struct database_mapping {
    const char *name, *new_name;
    JET_GRBIT grbit; /* JET_bitRestoreMap... */
    JET_ERR parameter_error; /* what is wrong with its database parameters: raised where the replay meets the database */
};
struct instance_start_options {
    JET_GRBIT grbit;
    JET_ERR info_error; /* what the api found wrong with the restore information: raised at check 3 of section 7 ... */
    JET_ERR map_error;  /* ... and at checks 7 and 8 */
    const struct database_mapping *mappings;
    size_t mapping_count;
    uint64_t stop_position; /* lgpos: redo ends with the record there, and the start with JET_errRecoveredWithoutUndo; 0: none */
    /* Progress of recovery, as the client's callback gets it; an error ends the start. May be NULL. */
    JET_ERR (*progress)(void *context, JET_SNP snp, JET_SNT snt, void *data);
    bool hears_page_requests; /* the same function is given pages that the log asks for (JET_snpExternalAutoHealing), with JET_paramEnableExternalAutoHealing */
    bool asks_client; /* the same function is asked what recovery is to do (JET_snpRecoveryControl) */
    void *progress_context;
};
/* Checks 10 to 16 of section 7, recovery included. The state is INITIALISING. On error everything made is undone. */
MUST_CHECK JET_ERR instance_start(struct instance *instance, const struct instance_start_options *options);
/* Check 12, under process.lock, the folders being set: JET_errTempPathInUse, JET_errSystemPathInUse, JET_errLogFilePathInUse. On success others
 * collide with this one. */
MUST_CHECK JET_ERR instance_check_paths(struct instance *instance);
/* Are the folders there? Those missing are made where JET_paramCreatePathIfNotExist says so; otherwise JET_errInvalidPath. */
MUST_CHECK JET_ERR instance_check_folders(const struct instance *instance);
/* Steps 8 to 10 of section 9: everything instance_start made is closed. is_clean false leaves the databases dirty. Returns the first error. */
MUST_CHECK JET_ERR instance_stop(struct instance *instance, bool is_clean);

/* engine/lifecycle.c: the client's calls, text as UTF-8 */
MUST_CHECK JET_ERR engine_create_instance(JET_INSTANCE *handle, const char *name, const char *display_name);
MUST_CHECK JET_ERR engine_init(JET_INSTANCE *handle, const struct instance_start_options *options);
MUST_CHECK JET_ERR engine_term(JET_INSTANCE handle, JET_GRBIT grbit);
MUST_CHECK JET_ERR engine_stop_service(JET_INSTANCE handle, bool has_handle, JET_GRBIT grbit);

/* engine/parameter_access.c: text is UTF-8; JET_paramUnicodeIndexDefault takes and gives a JET_UNICODEINDEX. */
MUST_CHECK JET_ERR engine_set_parameter(const JET_INSTANCE *handle, JET_SESID sesid, uint32_t id, uintptr_t number, const void *text);
/* *text_out is NULL for parameters that are numbers, else for mem_free. *number is read for JET_paramErrorToString. */
MUST_CHECK JET_ERR engine_get_parameter(JET_INSTANCE handle, JET_SESID sesid, uint32_t id, uintptr_t *number, char **text_out);
struct engine_setting {
    uint32_t id;
    uintptr_t number;
    const char *text;
    JET_ERR *err; /* set for each one looked at */
};
MUST_CHECK JET_ERR engine_enable_multi_instance(const struct engine_setting *settings, uint32_t count, uint32_t *succeeded);

#endif
