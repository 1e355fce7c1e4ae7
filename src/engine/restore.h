/* JetExternalRestore as the engine sees it: run mode, target instance, the private instance that holds the working folders. */
#ifndef OPENESE_ENGINE_RESTORE_H
#define OPENESE_ENGINE_RESTORE_H

#include "backup/restore.h"
#include "base/error.h"

/* All text is UTF-8; NULL where the client gave none. */
struct engine_restore {
    const char *checkpoint_folder, *log_folder, *backup_folder, *base_name;
    const struct restore_map_entry *map;
    int32_t map_count;
    uint32_t gen_low, gen_high;
    const char *target_name, *target_log_folder, *target_checkpoint_folder;
    /* Percent, 0 to 100; a negative result stops. May be NULL. */
    JET_ERR (*progress)(void *context, uint32_t percent);
    void *progress_context;
};

/* backup-and-restore 15.1, checks 2 and 4 to 9, then restore_external. */
MUST_CHECK JET_ERR engine_external_restore(const struct engine_restore *request);

#endif
