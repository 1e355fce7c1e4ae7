/* Restores as the engine sees them: run mode, target instance, the instance that holds the working folders. */
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
    struct recovery_stop stop;         /* none when zero */
    struct recovery_reached *reached;  /* out; may be NULL */
};

/* backup-and-restore 15.1, checks 2 and 4 to 9, then restore_external. */
MUST_CHECK JET_ERR engine_external_restore(const struct engine_restore *request);

/* Of a folder that JetBackup wrote (15.2). */
struct engine_folder_restore {
    bool has_handle;     /* JetRestoreInstance; else the forms of one-instance mode */
    JET_INSTANCE handle; /* 0 and JET_instanceNil: a private instance */
    const char *source, *destination; /* UTF-8; destination may be NULL */
    JET_ERR (*progress)(void *context, uint32_t percent);
    void *progress_context;
};

/* The instance is created and not started (JET_errAlreadyInitialized), and is so again afterwards; while it runs, it is RESTORING. */
MUST_CHECK JET_ERR engine_folder_restore(const struct engine_folder_restore *request);

#endif
