/* An instance's part in an OS snapshot (backup-and-restore 14): somebody copies its files below us while nothing is written to them.
 *
 * engine/os_snapshot.c drives it, for all instances of a snapshot session: begin for each, freeze for each, thaw for each, truncation, end for each. The
 * backup session's own lock is held during each call only, so a frozen instance still answers; what keeps the files still are flags of the log, the cache and the
 * headers. While the snapshot is active attach, detach and streaming backups are refused (backup_is_active).
 */
#ifndef OPENESE_BACKUP_SNAPSHOT_H
#define OPENESE_BACKUP_SNAPSHOT_H

#include "backup/backup.h"

/* Could begin succeed now? JET_errLoggingDisabled, JET_errOSSnapshotNotAllowed (a backup or another snapshot is active, or backups are not allowed). */
MUST_CHECK JET_ERR backup_snapshot_check(struct backup_session *session);
/* The instance takes part from here on. Errors as backup_snapshot_check. */
MUST_CHECK JET_ERR backup_snapshot_begin(struct backup_session *session);
/* From its return to backup_snapshot_thaw no file of the log and no logged database changes; reads and changes in memory go on, commits wait. After begin.
 * Not circular: the log has moved to a new generation, and those before it hold all that is in the databases. JET_errLogWriteFail; incremental: JET_errInvalidBackup
 * (circular logging), JET_errMissingFullBackup, JET_errMissingFileToBackup. On an error nothing is frozen, and the caller ends the snapshot. */
MUST_CHECK JET_ERR backup_snapshot_freeze(struct backup_session *session, bool is_incremental);
/* Never waits for anything that a frozen file holds up. Accepts a session that is not frozen. */
void backup_snapshot_thaw(struct backup_session *session);
/* After thaw: removes the logs before both the snapshot's checkpoint and its end, if all databases were saved and logging is not circular; once. JET_errRequiredLogFilesMissing:
 * somebody has removed later ones. */
MUST_CHECK JET_ERR backup_snapshot_truncate(struct backup_session *session, bool all_databases);
/* Thaws what is frozen, and the instance takes part no more. is_success: the headers of the databases that were frozen are stamped (section 11; what cannot be written is event 219). */
void backup_snapshot_end(struct backup_session *session, bool is_success, bool is_copy);

#endif
