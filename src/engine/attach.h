/* Databases of an instance: attach, detach, open, close, and what a new log generation or the end means for them (instance-and-session 13). */
#ifndef OPENESE_ENGINE_ATTACH_H
#define OPENESE_ENGINE_ATTACH_H

#include "engine/session.h"

/* Calls of a session that the caller is inside. Paths are UTF-8. */

/* 13.2 from check 2 on: creates, attaches and opens it in the session. */
MUST_CHECK JET_ERR engine_create_database(struct session *session, const char *path, uint32_t pages_max, JET_GRBIT grbit, JET_DBID *dbid);
/* 13.3 from check 2 on. JET_wrnDatabaseAttached when it is there already. */
MUST_CHECK JET_ERR engine_attach_database(struct session *session, const char *path, uint32_t pages_max, JET_GRBIT grbit);
/* 13.6; path NULL or "": all. */
MUST_CHECK JET_ERR engine_detach_database(struct session *session, const char *path, JET_GRBIT grbit);
/* 13.4. JET_wrnFileOpenReadOnly. */
MUST_CHECK JET_ERR engine_open_database(struct session *session, const char *path, JET_GRBIT grbit, JET_DBID *dbid);
/* 13.5 */
MUST_CHECK JET_ERR engine_close_database(struct session *session, JET_DBID dbid);

/* Is the file attached by an instance of this process? */
bool engine_is_attached(uint64_t device, uint64_t inode);

/* For start.c; context is the struct instance. */
JET_ERR attach_visit_logged(void *context, JET_ERR (*visit)(void *visit_context, struct database *db), void *visit_context);
JET_ERR attach_visit_all(void *context, JET_ERR (*visit)(void *visit_context, struct database *db), void *visit_context);
bool attach_is_exclusively_open(void *context, struct database *db);
/* All changed pages of all writable databases on disk. */
MUST_CHECK JET_ERR attach_flush_all(struct instance *instance);
/* Headers of all writable databases, at the position of the shutdown mark. */
MUST_CHECK JET_ERR attach_mark_all_clean(struct instance *instance, lgpos_t position);
/* Closes the files; no session has one open. Changes that were not written are given up. */
void attach_close_all(struct instance *instance);

/* For create.c. */
struct log_time attach_time_now(void);
/* A client's path, absolute; NULL and "" are JET_errDatabaseInvalidPath. */
MUST_CHECK JET_ERR attach_path(const char *path, char **out);
bool attach_is_elsewhere(const struct instance *except, uint64_t device, uint64_t inode);
struct attachment *attach_find_identity(struct instance *instance, uint64_t device, uint64_t inode);
/* An absolute path, or another name of the same file. Under databases_lock; NULL: not attached. */
struct attachment *attach_find_path(struct instance *instance, const char *absolute);
/* A free slot, kept for the caller; NULL: none. Under databases_lock. */
struct attachment *attach_reserve(struct instance *instance);
struct database_open_config attach_open_config(struct instance *instance, const struct attachment *slot, const char *path);
/* What changing the database takes: log, versions, limits. */
struct attach_limits {
    uint32_t pages_max;       /* 0: none */
    uint32_t extension_pages; /* JET_paramDbExtensionSize */
};
void attach_make_writable(struct instance *instance, struct database *db, const struct attach_limits *limits);
void attach_report(struct instance *instance, uint32_t event, const char *path);
/* Waits until no database is being attached or created. context: the instance; not under databases_lock. */
void attach_wait_for_reserved(void *context);
enum { ATTACH_POLL_MS = 10 };
/* Opens an attached database in a session, under databases_lock (13.4). */
MUST_CHECK JET_ERR attach_open_slot(struct session *session, struct attachment *slot, JET_GRBIT grbit, bool is_single);

/* reattach.c: databases that recovery left attached (JET_bitKeepDbAttachedAtEndOfRecovery). */
/* The file takes the slot of its id, attached for recovery. Before checkpoint_start. */
MUST_CHECK JET_ERR attach_adopt(struct instance *instance, uint32_t dbid, const char *path);
/* The client attaches one: the log and the header say so. On an error it stays attached for recovery. Under databases_lock. */
MUST_CHECK JET_ERR attach_again(struct instance *instance, struct attachment *slot, const struct attach_limits *limits);

#endif
