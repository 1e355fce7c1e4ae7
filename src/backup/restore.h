/* Restore of an external backup: checks of the set, merging of the trailers into the headers, then hard recovery (backup-and-restore 15.1). */
#ifndef OPENESE_BACKUP_RESTORE_H
#define OPENESE_BACKUP_RESTORE_H

#include "base/error.h"
#include "os/event.h"
#include "os/file.h"

enum { RESTORE_MAP_MAX = 14 };

struct restore_map_entry {
    const char *old_path; /* as the logs name it: data, never opened */
    const char *new_path; /* where the copy from the set stands now */
};

struct restore_config {
    struct os_fs *fs;
    const char *checkpoint_folder, *log_folder; /* working folders: new log stream and checkpoint; created if absent */
    const char *backup_folder;                  /* the set's logs; only read */
    const char *base_name;
    uint32_t gen_low, gen_high;
    const struct restore_map_entry *map;
    size_t map_count;
    const struct event_log *events; /* may be NULL */
    /* Percent done, 0..100; a negative return stops the restore and is returned. May be NULL. */
    JET_ERR (*progress)(void *context, uint32_t percent);
    void *progress_context;
    uint64_t cache_bytes;
};

/* Leaves the mapped databases clean, with the trailer cut off and no backup slot set. On failure the database files must be copied from the
 * set again, unless the checks failed before anything was changed (all but damaged segments). Errors: section 15.1. */
MUST_CHECK JET_ERR restore_external(const struct restore_config *config);

#endif
