/* The file that JetCompact and the repair write: a database of its own, made outside the log, in a slot of the instance that keeps its dbid and nothing else.
 *
 * It says "just created" until its last page is on disk; nobody takes the unfinished one for a database. databases_lock is held only to take the slot. */
#ifndef OPENESE_ENGINE_COPY_TARGET_H
#define OPENESE_ENGINE_COPY_TARGET_H

#include "engine/attach.h"

struct copy_target {
    struct instance *instance;
    struct attachment *slot;
    char *path;
    bool has_file;
    struct database *database; /* once the file is made */
};
/* Takes a slot; nothing is made yet. copy_target_close always, also after an error. JET_errDatabaseDuplicate: there is a file; JET_errDatabaseInvalidPath, JET_errTooManyAttachedDatabases. */
MUST_CHECK JET_ERR copy_target_reserve(struct instance *instance, const char *path, struct copy_target *out);
/* Makes and opens the file, `pages` zero pages long and growing by `growth`. Its header says the format of `like`, its highest object id, and what that has been through (repairs, patches). */
MUST_CHECK JET_ERR copy_target_make(struct copy_target *target, const struct db_header *like, uint32_t objid_last, uint32_t pages, uint32_t growth);
/* Closes the file, which is gone after an error (err < 0), and gives back the slot. */
void copy_target_close(struct copy_target *target, JET_ERR err);

#endif
