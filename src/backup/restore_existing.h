/* The logs that stand where a restore rolls forward: do they continue the set? For restore.c only. */
#ifndef OPENESE_BACKUP_RESTORE_EXISTING_H
#define OPENESE_BACKUP_RESTORE_EXISTING_H

#include "backup/restore.h"
#include "format/log_header.h"

/* What links a generation to its neighbours. */
struct log_link {
    uint32_t generation;
    struct log_time created, previous_created;
};

struct restore_chain {
    const struct restore_config *config;
    const char *extension;
    struct signature log_signature;
    const struct log_link *set; /* gen_low .. gen_high */
    size_t set_count;
};

/* backup-and-restore 15.1, phase 0, step 3: logs of the target's folder up to target_gen_high, or of the working folder, the current log included.
 * JET_errExistingLogFileHasBadSignature (event 457), JET_errExistingLogFileIsNotContiguous (458), JET_errMissingCurrentLogFiles (450),
 * JET_errMissingRestoreLogFiles (435), or what is wrong with a header. */
MUST_CHECK JET_ERR restore_check_existing(const struct restore_chain *chain);

#endif
