/* Extensions of OpenESE that ESENT does not have. Names begin with Jetx, types with JETX_; conventions (widths, strings, errors) are those of
 * esent.h. */
#ifndef OPENESE_ESENT_EXT_H
#define OPENESE_ESENT_EXT_H

#include "esent.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Events ---- */

/* How serious an event is. */
#define JETX_eventInformation 0
#define JETX_eventWarning 1
#define JETX_eventError 2

/* One event, as ESENT writes it to the event log of Windows: the same numbers, the same parameters. Texts are UTF-8; all of it is valid during
 * the call only. */
typedef struct {
    uint32_t cbSize;      /* size of this structure */
    uint32_t ulProcess;   /* process id */
    uint32_t ulEvent;     /* number of the event, e.g. 213: the backup succeeded */
    uint32_t ulLevel;     /* JETX_event... */
    uint32_t ulCategory;  /* 1 general, 2 page cache, 3 logging and recovery, 4 space, 8 corruption, 13 zeroing, 16 snapshots */
    uint32_t cParameters; /* elements of rgszParameters */
    const char *szSource;   /* JET_paramEventSource, or "" */
    const char *szInstance; /* display name or name of the instance, or "" */
    const char *const *rgszParameters; /* what the text of the event has for %1, %2, ... */
} JETX_EVENT;

/* Is told an event; pvContext is what JetxSetEventCallback was given. */
typedef void(JET_API *JETX_PFNEVENT)(const JETX_EVENT *pEvent, void *pvContext);

/* Has the events of an instance given to pfn too, beside the system's log; NULL takes the callback away. JET_paramNoInformationEvent and
 * JET_paramEventLoggingLevel suppress events for it as well. With JET_instanceNil it is the callback of every instance that has none of its own, and
 * of restores. May be called from the creation of the instance on; it stays until the instance is gone.
 * pfn is called by the thread that the event happens to, possibly by several at once, and must not call the engine. When JetxSetEventCallback
 * returns, the callback before it is not running any more.
 * JET_errInvalidInstance, JET_errInvalidParameter: no such instance. */
JET_ERR JET_API JetxSetEventCallback(JET_INSTANCE instance, JETX_PFNEVENT pfn, void *pvContext);

/* ---- Control socket: backup of a live database from another process ---- */

/* How long a client may keep the socket. A zero field is the default. */
typedef struct {
    uint32_t cbSize;         /* size of this structure */
    uint32_t cmsecStall;     /* ms for a request or a reply to pass whole, and for a client outside of a backup to ask for something; 30000 */
    uint32_t cmsecIdle;      /* ms for a client inside a backup to ask for something; 600000 */
    JET_GRBIT grbit;         /* reserved: 0 */
} JETX_CONTROLOPTIONS;

/* Starts to serve backups of the instance on a Unix socket, so that `ese backup --socket` copies its databases while they are in use.
 *
 * szPath (UTF-8) names the socket file. It has mode 0600 (less what the umask takes) from its first moment. A socket that a process left
 * which is gone is replaced; anything else at the path, a socket that somebody serves included, stays and is JET_errFileAccessDenied.
 * One thread of the library's own serves; the program's signal handlers do not run in it. Only processes of the same effective user, or root,
 * are served, one at a time; a second one is told JET_errTooManyActiveUsers. What a client can do is what JetBeginExternalBackupInstance ...
 * JetEndExternalBackupInstance2 offer: no call changes data, and only files of the backup can be read. A client that hangs (options) or
 * vanishes is cut off and its backup aborted. One backup of an instance runs at a time, whoever began it; a client cannot touch one that it did
 * not begin. JetStopBackupInstance stops a client's backup as any other; JetTerm without JET_bitTermStopBackup fails with
 * JET_errBackupInProgress while one runs. Serving ends with JetxStopControl or with the instance. A child made by fork does not serve.
 *
 * - JET_errInvalidParameter: no path, or longer than a socket address takes (107 bytes); a wrong cbSize or grbit
 * - JET_errAlreadyInitialized: the instance serves already
 * - JET_errFileAccessDenied, JET_errInvalidPath (no such folder), JET_errDiskFull: the socket cannot be made
 * - JET_errOutOfFileHandles, JET_errOutOfMemory, JET_errOutOfThreads
 * - the states of an instance as with JetBeginExternalBackupInstance, JET_errNotInitialized among them */
JET_ERR JET_API JetxServeControl(JET_INSTANCE instance, const char *szPath);
JET_ERR JET_API JetxServeControl2(JET_INSTANCE instance, const char *szPath, const JETX_CONTROLOPTIONS *pOptions);

/* Stops serving: a running client's backup is aborted, the thread has ended and the socket file is gone when it returns. Not to be called
 * from a callback of the library. JET_errNotInitialized: the instance does not serve; JET_errInvalidInstance, JET_errInvalidParameter. */
JET_ERR JET_API JetxStopControl(JET_INSTANCE instance);

/* ---- Restore to a point in time ---- */

/* Where a restore ends. A zero field does not limit. */
typedef struct {
    uint32_t cbSize;         /* size of this structure */
    uint32_t ulGenStop;      /* the last log generation to replay */
    int64_t timeStop;        /* seconds since 1970-01-01 UTC: the last moment whose commits are wanted */
    JET_GRBIT grbit;         /* reserved: 0 */
} JETX_RESTOREOPTIONS;

/* What a restore reached. */
typedef struct {
    uint32_t cbSize;         /* size of this structure, set by the caller */
    uint32_t ulGenReached;   /* generation of the last record replayed */
    int64_t timeReached;     /* its time, seconds since 1970-01-01 UTC, to the accuracy that the log has; 0 unknown */
} JETX_RESTORERESULT;

/* JetExternalRestore2 that stops at a chosen generation or moment: transactions that had not committed there are rolled back. The stop may not
 * lie before the end of the backup itself (JET_errEndingRestoreLogTooLow): a copy is consistent from there on only. pOptions and pResult may be
 * NULL. The result is clean, begins a log stream of its own and can be attached. With a stop szLogPath is another folder than szBackupLogPath
 * (JET_errInvalidParameter), and logs that stand in it, which are replayed as far as the stop, move to a folder <base>.replaced-N there. A generation
 * that is not there is JET_errMissingLogFile. Otherwise as JetExternalRestore2. */
JET_ERR JET_API JetxExternalRestore(const char *szCheckpointFilePath, const char *szLogPath, const JET_RSTMAP_A *rgrstmap, int32_t crstmap,
                                    const char *szBackupLogPath, const JET_LOGINFO_A *pLogInfo, const JETX_RESTOREOPTIONS *pOptions,
                                    JETX_RESTORERESULT *pResult, JET_PFNSTATUS pfn);

#ifdef __cplusplus
}
#endif

#endif
