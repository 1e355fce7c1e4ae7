/* Restore of a folder that JetBackup wrote (backup-and-restore 15.2). */
#ifndef OPENESE_BACKUP_FOLDER_RESTORE_H
#define OPENESE_BACKUP_FOLDER_RESTORE_H

#include "backup/restore.h"

struct folder_restore_config {
    struct restore_config base; /* backup_folder, range, map, fetch and copies are filled in */
    const char *source;         /* its logs, or those of its new/, or of its old/ */
    const char *destination;    /* folder for the databases; NULL: to the paths they had */
};

/* Copies the databases out of the folder over those in place, replays its logs and those that follow in the log folder. JET_errFileNotFound: no logs in
 * any of the three folders. JET_errPatchFileMissing: no .pat files. JET_errInvalidPath: a database's own path is not one of this system and there is no
 * destination, or it would be copied onto itself. Else as restore_external. */
MUST_CHECK JET_ERR restore_from_folder(const struct folder_restore_config *config);

#endif
