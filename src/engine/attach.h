/* Databases of an instance: attach, detach, open, close, and what a new log generation or the end means for them (instance-and-session 13). */
#ifndef OPENESE_ENGINE_ATTACH_H
#define OPENESE_ENGINE_ATTACH_H

#include "engine/session.h"

/* Calls of a session that the caller is inside. Paths are UTF-8. */

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
void attach_new_generation(void *context, uint32_t generation, struct log_time created);
JET_ERR attach_visit_logged(void *context, JET_ERR (*visit)(void *visit_context, struct database *db), void *visit_context);
bool attach_is_exclusively_open(void *context, struct database *db);
/* Headers of all writable databases, at the position of the shutdown mark. */
MUST_CHECK JET_ERR attach_mark_all_clean(struct instance *instance, lgpos_t position);
/* Closes the files; no session has one open. */
void attach_close_all(struct instance *instance);

#endif
