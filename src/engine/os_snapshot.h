/* OS snapshot sessions (backup-and-restore 14): any number in a process, each with the instances it freezes together; an instance belongs to at most one.
 *
 *                                      /-- time-out --> TIMED_OUT
 *   prepare -> PREPARED -- freeze --> FROZEN -- thaw --> THAWED -- truncate --> TRUNCATED
 *
 * Each state but FROZEN and TIMED_OUT can be ended, each can be aborted, and without JET_bitContinueAfterThaw the thaw is the end. What happens in an instance is backup/snapshot.h.
 *
 * Locks: process.snapshots_lock (a leaf) guards the list and the sessions, for moments only. A session that a call or the timer works on is marked busy; others wait.
 * Thawing takes neither process.lock nor any lock that a thread may hold while it waits for a frozen file. An instance in a session is not freed: its termination
 * calls os_snapshot_release first.
 */
#ifndef OPENESE_ENGINE_OS_SNAPSHOT_H
#define OPENESE_ENGINE_OS_SNAPSHOT_H

#include "engine/instance_info.h"

/* All: JET_errInvalidGrbit, JET_errOSSnapshotInvalidSnapId, JET_errOSSnapshotInvalidSequence. */

/* Binds all running instances that log and are in no other session, unless JET_bitExplicitPrepare. JET_errNotInitialized: no instance runs. */
MUST_CHECK JET_ERR os_snapshot_prepare(JET_OSSNAPID *id, JET_GRBIT grbit);
/* The first instance named replaces those that prepare has bound. The caller is inside the instance. JET_errOSSnapshotNotAllowed, JET_errLoggingDisabled. */
MUST_CHECK JET_ERR os_snapshot_prepare_instance(JET_OSSNAPID id, struct instance *instance, JET_GRBIT grbit);
/* *out: as instance_list_read gives it. JET_errOSSnapshotNotAllowed and the errors of backup_snapshot_freeze: nothing is frozen, and the instances are released;
 * JET_errOutOfThreads. */
MUST_CHECK JET_ERR os_snapshot_freeze(JET_OSSNAPID id, JET_GRBIT grbit, struct instance_list *out);
/* JET_errOSSnapshotTimeOut: it had thawed by itself. */
MUST_CHECK JET_ERR os_snapshot_thaw(JET_OSSNAPID id, JET_GRBIT grbit);
/* instance NULL: all of the session. JET_errInvalidParameter: the instance is not in the session. */
MUST_CHECK JET_ERR os_snapshot_truncate(JET_OSSNAPID id, const struct instance *instance, JET_GRBIT grbit);
/* Empty after a time-out: the instances were let go. */
MUST_CHECK JET_ERR os_snapshot_get_info(JET_OSSNAPID id, JET_GRBIT grbit, struct instance_list *out);
MUST_CHECK JET_ERR os_snapshot_end(JET_OSSNAPID id, JET_GRBIT grbit);

/* The instance terminates. One that is only prepared leaves its session at once. may_wait: waits for the thaw of a frozen one, then for the end of the session, as long as
 * JET_paramOSSnapshotTimeout says; after that the instance's part is given up (event 2007). */
void os_snapshot_release(struct instance *instance, bool may_wait);

#endif
