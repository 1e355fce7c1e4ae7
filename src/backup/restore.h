/* Restore of an external backup: checks of the set, merging of the trailers into the headers, then hard recovery (backup-and-restore 15.1). */
#ifndef OPENESE_BACKUP_RESTORE_H
#define OPENESE_BACKUP_RESTORE_H

#include "base/error.h"
#include "os/event.h"
#include "os/file.h"
#include "recovery/recovery.h"

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
    /* Logs of a running instance of the same stream: generations behind the set, up to target_gen_high, are taken from its folder. NULL: none. */
    const char *target_folder;
    uint32_t target_gen_high;
    bool deletes_out_of_range; /* JET_paramDeleteOutOfRangeLogs: a current log in the working folder that ends before the set is deleted */
    /* Called when the replay meets a database that the map does not name: puts its copy in place and tells where, as new memory; NULL: it is passed over.
     * The copy is then checked and merged as those of the map. May be NULL. */
    JET_ERR (*fetch)(void *context, const char *logged_path, char **path);
    void *fetch_context;
    const char *const *copies; /* what fetch can put in place: checked before anything is changed */
    size_t copy_count;
    uint32_t page_size;        /* the set must have it (JET_errPageSizeMismatch); 0: any */
    const struct event_log *events; /* may be NULL */
    /* Percent done: 0 when the replay begins, 100 when all is done; a negative return stops the restore and is returned. May be NULL. */
    JET_ERR (*progress)(void *context, uint32_t percent);
    void *progress_context;
    uint64_t cache_bytes;
    struct recovery_stop stop; /* generation or time: where the restore ends; not before the end of the backup (JET_errEndingRestoreLogTooLow) */
};

/* Leaves the mapped databases clean, with the trailer cut off and no backup slot set. On failure the database files must be copied from the
 * set again, unless the checks failed before anything was changed (all but damaged segments). Errors: section 15.1. reached: may be NULL. */
MUST_CHECK JET_ERR restore_external(const struct restore_config *config, struct recovery_reached *reached);

#endif
