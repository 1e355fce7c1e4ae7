/*
 * esent.h - the public interface of the Extensible Storage Engine, for C (C11) and C++ (C++11) on Linux.
 *
 * This is the whole interface in one file, and its manual: every function says what it does, what each
 * argument means and who owns the memory, which option bits it takes and which errors it returns. Names,
 * numbers and structure layouts are ESENT's, so a program written for Windows' esent.h compiles, and a client
 * that binds the entry points by symbol and offset finds what it expects on a 64-bit target.
 *
 * Widths
 *   What ESENT declares as "unsigned long" is uint32_t, "long" is int32_t. JET_INSTANCE, JET_SESID,
 *   JET_TABLEID, JET_HANDLE, JET_LS, JET_OSSNAPID and JET_API_PTR are as wide as a pointer; JET_DBID,
 *   JET_COLUMNID, JET_GRBIT and every count or size are 32 bits. The names start with what they count:
 *   cb = bytes, cch = characters, c = elements, cpg = database pages, cmsec = milliseconds.
 *
 * Strings
 *   A function NameA takes and returns UTF-8 (char), NameW takes and returns UTF-16LE (char16_t). The plain
 *   Name is the A form; with JET_UNICODE defined before inclusion it is the W form. All three are exported.
 *   Structures follow the same rule (JET_COLUMNCREATE_A, JET_COLUMNCREATE_W, JET_COLUMNCREATE). Strings end
 *   with a zero; "double-zero lists" hold several strings and end with an additional zero. Sizes of string
 *   buffers are in bytes, also for the W forms. Paths are POSIX paths.
 *
 * Results
 *   Every function returns a JET_ERR: negative = error, nothing was done unless the text says otherwise;
 *   zero = success; positive = warning, the call did its work and has something to report. Output arguments
 *   are defined after success and after a warning. JetGetErrorInfoW classifies a number, and reading
 *   JET_paramErrorToString turns it into text.
 *
 * Errors of the instance's state
 *   Nearly every call can be refused because of the state of its instance. Functions below refer to these
 *   without naming them again:
 *   - JET_errNotInitialized: the instance was created but JetInit has not run, or is still running.
 *   - JET_errTermInProgress: JetTerm is shutting the instance down.
 *   - JET_errRestoreInProgress: the instance is restoring a backup.
 *   - JET_errClientRequestToStopJetService: JetStopService was called; only calls that release things pass.
 *   - JET_errInstanceUnavailable (or JET_errInstanceUnavailableDueToFatalLogDiskFull): a fatal failure, such
 *     as a log that cannot be written, disabled the instance; shut it down and initialise it again.
 *
 * Errors of handles
 *   Handles are checked before anything else: JET_errInvalidInstance, JET_errInvalidSesid,
 *   JET_errInvalidDatabaseId, JET_errInvalidTableId, JET_errSesidTableIdMismatch (the cursor belongs to
 *   another session). A session used by two threads at the same time, or a transaction continued by a thread
 *   that did not begin it (see JetSetSessionContext), is JET_errSessionSharingViolation. Memory that runs
 *   out is JET_errOutOfMemory. These are not repeated at every function.
 *
 * Memory
 *   The caller owns every argument; the engine keeps no pointer to one after the call, except callback
 *   functions and their contexts. What the engine allocates for the caller (JetGetInstanceInfo,
 *   JetOSSnapshotFreeze, JetOSSnapshotGetFreezeInfo) is one block released with JetFreeBuffer;
 *   JetEnumerateColumns allocates with the caller's own function. A buffer that is too small gives
 *   JET_wrnBufferTruncated with the beginning of the data, or JET_errBufferTooSmall, as each function says,
 *   and the needed size in the pcbActual argument.
 *
 * Threads
 *   Different sessions may be used by different threads at the same time. One session, with its cursors and
 *   transactions, belongs to one thread at a time. Callbacks run on whatever engine or caller thread meets
 *   the event and must not wait for another session.
 *
 * Versions
 *   "Since" names the Windows release that introduced a function. Structures that begin with cbStruct carry
 *   their version in it. "Source" names where a fact comes from: the public reference page, the project's
 *   specification of a subject, or the published engine source.
 *
 * ESENT_PRIVATE, defined before inclusion, adds what ESENT exports without documenting it.
 */
#ifndef ESENT_H
#define ESENT_H

#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <uchar.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Words of the Windows header for its calling convention; empty here. */
#define JET_API
#define JET_NODSAPI

/** Newest interface level that this header declares: Windows 10. Nothing is left out for lower values. */
#ifndef JET_VERSION
#define JET_VERSION 0x0A00
#endif

/* Lets anonymous structures and narrow bit-fields pass strict compilers. */
#if defined(__GNUC__)
#define ESENT_EXTENSION __extension__
#else
#define ESENT_EXTENSION
#endif

/* ==============================================================================================
 * Basic types
 * ============================================================================================ */

/** Result of every call: negative error, zero success, positive warning. */
typedef int32_t JET_ERR;
/** Unsigned integer as wide as a pointer. */
typedef uintptr_t JET_API_PTR;
/** A file opened for streaming backup, or a registered callback. */
typedef JET_API_PTR JET_HANDLE;
/** An instance: one set of databases with one log stream. */
typedef JET_API_PTR JET_INSTANCE;
/** A session: the scope of transactions and cursors. */
typedef JET_API_PTR JET_SESID;
/** A cursor on a table or a temporary table. */
typedef JET_API_PTR JET_TABLEID;
/** One caller-owned word attached to a cursor or a table (JetSetLS). */
typedef JET_API_PTR JET_LS;
/** A snapshot session (JetOSSnapshotPrepare). */
typedef JET_API_PTR JET_OSSNAPID;
/** A column of a table. */
typedef uint32_t JET_COLUMNID;
/** An attached database, as seen by a session. */
typedef uint32_t JET_DBID;
/** Kind of object, JET_objtyp constants. */
typedef uint32_t JET_OBJTYP;
/** Column type, JET_coltyp constants. */
typedef uint32_t JET_COLTYP;
/** A set of option bits. */
typedef uint32_t JET_GRBIT;
/** Status notification: which process reports, JET_snp constants. */
typedef uint32_t JET_SNP;
/** Status notification: what is reported, JET_snt constants. */
typedef uint32_t JET_SNT;
/** A set of callback types, JET_cbtyp constants. */
typedef uint32_t JET_CBTYP;
/** Date and time as days since 30 December 1899, fraction = time of day (JET_coltypDateTime). */
typedef double JET_DATESERIAL;

typedef char *JET_PSTR;             /**< Zero-terminated UTF-8 string. */
typedef const char *JET_PCSTR;      /**< Zero-terminated UTF-8 string, not changed. */
typedef char16_t *JET_PWSTR;        /**< Zero-terminated UTF-16LE string. */
typedef const char16_t *JET_PCWSTR; /**< Zero-terminated UTF-16LE string, not changed. */

/** Progress of a long operation; see JET_snp and JET_snt constants for what pv points at. */
typedef JET_ERR(JET_API *JET_PFNSTATUS)(JET_SESID sesid, JET_SNP snp, JET_SNT snt, void *pv);
/** Table and cursor callback (JetRegisterCallback, JetDefragment2, JET_paramRuntimeCallback). */
typedef JET_ERR(JET_API *JET_CALLBACK)(JET_SESID sesid, JET_DBID dbid, JET_TABLEID tableid, JET_CBTYP cbtyp,
    void *pvArg1, void *pvArg2, void *pvContext, JET_API_PTR ulUnused);
/** Allocator of JetEnumerateColumns: pv NULL allocates cb bytes, cb 0 frees pv, else pv is resized. */
typedef void *(JET_API *JET_PFNREALLOC)(void *pvContext, void *pv, uint32_t cb);

/* ==============================================================================================
 * Constants
 *
 * Bit values are JET_GRBIT unless said otherwise. A bit that a function does not list is not looked
 * at by it, except where the function names JET_errInvalidGrbit.
 * ============================================================================================ */

/* ---- Handles and identifiers that mean "none" ---- */

/** No instance. */
#define JET_instanceNil (~(JET_INSTANCE)0)
/** No session. */
#define JET_sesidNil (~(JET_SESID)0)
/** No cursor. */
#define JET_tableidNil (~(JET_TABLEID)0)
/** No database. */
#define JET_dbidNil ((JET_DBID)0xFFFFFFFF)
/** No column. */
#define JET_columnidNil (~(JET_COLUMNID)0)
/** No option bits. */
#define JET_bitNil ((JET_GRBIT)0)
/** No caller storage. */
#define JET_LSNil (~(JET_LS)0)

/* ---- Limits ----
 * Sizes are bytes. Names are limited to 64 characters; the byte limits double for UTF-16LE.
 */

/** Longest name of a table, column or index. */
#ifdef JET_UNICODE
#define JET_cbNameMost 128
#else
#define JET_cbNameMost 64
#endif
/** Longest dotted sequence of names. */
#ifdef JET_UNICODE
#define JET_cbFullNameMost 510
#else
#define JET_cbFullNameMost 255
#endif
/** Characters in the prefix of log and checkpoint file names (JET_paramBaseName). */
#define JET_BASE_NAME_LENGTH 3
/** Characters of a computer name kept in a JET_SIGNATURE. */
#define JET_MAX_COMPUTERNAME_LENGTH 15
/** Largest value of a fixed or variable column that is not a long value. */
#define JET_cbColumnMost 255
/** Largest long value (JET_coltypLongBinary, JET_coltypLongText). */
#define JET_cbLVColumnMost 0x7FFFFFFF
/** Largest default value of a long-value column. */
#define JET_cbLVDefaultValueMost 255
/** Bytes of a page that a chunk of a long value cannot use; see JET_paramLVChunkSizeMost. */
#define JET_cbColumnLVPageOverhead 82
/** Largest key with the default limit; JET_paramKeyMost gives the limit in force. */
#define JET_cbKeyMost 255
/** Smallest value to which an index may limit its keys (JET_bitIndexKeyMost). */
#define JET_cbKeyMostMin 255
/** Largest key with 2 KiB pages. */
#define JET_cbKeyMost2KBytePage 500
/** Largest key with 4 KiB pages. */
#define JET_cbKeyMost4KBytePage 1000
/** Largest key with 8 KiB pages. */
#define JET_cbKeyMost8KBytePage 2000
/** Largest key with 16 KiB pages. */
#define JET_cbKeyMost16KBytePage JET_cbKeyMost8KBytePage
/** Largest key with 32 KiB pages. */
#define JET_cbKeyMost32KBytePage JET_cbKeyMost8KBytePage
/** Largest key with any page size. */
#define JET_cbKeyMostMost JET_cbKeyMost32KBytePage
/** Largest search key: one byte more than a stored key, for limits built by JetMakeKey. */
#define JET_cbLimitKeyMost 256
/** Largest primary key with the default limit. */
#define JET_cbPrimaryKeyMost 255
/** Largest secondary key with the default limit. */
#define JET_cbSecondaryKeyMost 255
/** Largest bookmark with the default key limit. */
#define JET_cbBookmarkMost 256
/** Largest bookmark with any page size. */
#define JET_cbBookmarkMostMost JET_cbKeyMostMost
/** Most columns in a key. */
#define JET_ccolKeyMost 16
/** Most columns in a table. */
#define JET_ccolMost 0x0000fee0
/** Most fixed columns in a table. */
#define JET_ccolFixedMost 0x0000007f
/** Most variable columns in a table. */
#define JET_ccolVarMost 0x00000080
/** Most tagged columns in a table. */
#define JET_ccolTaggedMost (JET_ccolMost - 0x000000ff)
/** Columns in the temporary table described by JET_OBJECTLIST. */
#define cObjectInfoCols 9
/** Columns in the temporary table described by JET_COLUMNLIST. */
#define cColumnInfoCols 14
/** Columns in the temporary table described by JET_INDEXLIST. */
#define cIndexInfoCols 15

/* ---- JetInit2, JetInit3: recovery options ---- */

/** Reserved: accepted and without effect. */
#define JET_bitCreateSFSVolumeIfNotExist 0x00000002
/** A database file named in the log but absent is left out instead of failing recovery. */
#define JET_bitReplayIgnoreMissingDB 0x00000004
/**
 * Redo the log and stop: databases stay dirty, the instance is freed and the call returns
 * JET_errRecoveredWithoutUndo or JET_errRecoveredWithoutUndoDatabasesConsistent. A later JetInit
 * finishes the work.
 */
#define JET_bitRecoveryWithoutUndo 0x00000008
/** After a successful recovery delete every log before the current one. */
#define JET_bitTruncateLogsAfterRecovery 0x00000010
/** A database that the restore map does not mention is recovered where the log says it is. */
#define JET_bitReplayMissingMapEntryDB 0x00000020
/** Fail with JET_errMissingLogFile instead of starting a new log stream in an empty log folder. */
#define JET_bitLogStreamMustExist 0x00000040
/**
 * Accept that logs with committed transactions are gone as long as no log that the databases need
 * is; reported by JET_wrnCommittedLogFilesLost or JET_wrnCommittedLogFilesRemoved.
 */
#define JET_bitReplayIgnoreLostLogs 0x00000080
/** Keep recovered databases attached for a quick JetAttachDatabase instead of closing them. */
#define JET_bitKeepDbAttachedAtEndOfRecovery 0x00001000

/* ---- JetTerm2: how to shut down ---- */

/** Clean shutdown: deferred clean-up is finished, databases are closed in a consistent state. */
#define JET_bitTermComplete 0x00000001
/**
 * Clean databases, but deferred work (such as space of deleted records) is left for later. Aborts a
 * backup.
 */
#define JET_bitTermAbrupt 0x00000002
/** Abort a running backup instead of failing with JET_errBackupInProgress. */
#define JET_bitTermStopBackup 0x00000004
/**
 * Stop as fast as possible and leave the databases dirty; the next JetInit recovers them. Returns
 * JET_errDirtyShutdown.
 */
#define JET_bitTermDirty 0x00000008

/* ---- JetStopServiceInstance2: what to stop ---- */

/** Stop background work, drain the caches and refuse new work. */
#define JET_bitStopServiceAll 0x00000000
/** Pause maintenance that callers asked for, such as defragmentation. */
#define JET_bitStopServiceBackgroundUserTasks 0x00000002
/**
 * Write out dirty pages and clean old versions in the background, so that a following shutdown is
 * short.
 */
#define JET_bitStopServiceQuiesceCaches 0x00000004
/** Take back the named services; alone, take back everything that can be. */
#define JET_bitStopServiceResume 0x80000000

/* ---- JetIdle ---- */

/** Reserved; JetIdle refuses it with JET_errInvalidGrbit. */
#define JET_bitIdleFlushBuffers 0x00000001
/** Start a clean-up of old record versions. */
#define JET_bitIdleCompact 0x00000002
/** Only ask whether the version store is well filled: JET_wrnIdleFull if so. */
#define JET_bitIdleStatus 0x00000004

/* ---- Databases: create, attach, open ---- */

/** Attach or open for reading only. */
#define JET_bitDbReadOnly 0x00000001
/** Only this session may have the database open. */
#define JET_bitDbExclusive 0x00000002
/** At attach, delete indexes over text whose sort order no longer matches the collation in use. */
#define JET_bitDbDeleteCorruptIndexes 0x00000010
/** At attach, delete every index over Unicode text. */
#define JET_bitDbDeleteUnicodeIndexes 0x00000400
/** Obsolete: upgrade an old file format at attach. */
#define JET_bitDbUpgrade 0x00000200
/** At attach, start the background scan that verifies page checksums and scrubs deleted data. */
#define JET_bitDbEnableBackgroundMaintenance 0x00000800
/** Drop cached pages of the file that an earlier attachment left in memory. */
#define JET_bitDbPurgeCacheOnAttach 0x00001000
/**
 * Create or attach without logging: the file is in no backup, and after a crash it must be made
 * anew.
 */
#define JET_bitDbRecoveryOff 0x00000008
/** Do not keep the shadow copy of the catalog. */
#define JET_bitDbShadowingOff 0x00000080
/** Replace an existing file instead of failing with JET_errDatabaseDuplicate. */
#define JET_bitDbOverwriteExisting 0x00000200
/** Not supported by JetDetachDatabase2: JET_errForceDetachNotAllowed. */
#define JET_bitForceDetach 0x00000001
/** Not supported by JetDetachDatabase2: JET_errForceDetachNotAllowed. */
#define JET_bitForceCloseAndDetach (0x00000002 | JET_bitForceDetach)
/** JetResizeDatabase: do nothing when the file is larger already. */
#define JET_bitResizeDatabaseOnlyGrow 0x00000001
/** JetResizeDatabase: do nothing when the file is smaller already. */
#define JET_bitResizeDatabaseOnlyShrink 0x00000002

/* ---- Database states and file types ---- */

/** The file was created and not yet used. */
#define JET_dbstateJustCreated 1
/** Not closed properly: logs must be replayed before use. */
#define JET_dbstateDirtyShutdown 2
/** Closed properly; can be attached without logs. */
#define JET_dbstateCleanShutdown 3
/** A format upgrade was interrupted. */
#define JET_dbstateBeingConverted 4
/** Detached by force; needs restore or repair. */
#define JET_dbstateForceDetach 5
/** Not a file of the engine. */
#define JET_filetypeUnknown 0
/** A database. */
#define JET_filetypeDatabase 1
/** A transaction log. */
#define JET_filetypeLog 3
/** A checkpoint. */
#define JET_filetypeCheckpoint 4
/** A temporary database. */
#define JET_filetypeTempDatabase 5
/** A page flush map. */
#define JET_filetypeFlushMap 7

/* ---- Information levels of JetGetDatabaseInfo and JetGetDatabaseFileInfo ----
 * Sizes are those of the result buffer.
 */

/** Absolute path, string. */
#define JET_DbInfoFilename 0
/** Connect string, always empty. */
#define JET_DbInfoConnect 1
/** Country code, uint32_t, always 1. */
#define JET_DbInfoCountry 2
/** Default locale id, uint32_t. */
#define JET_DbInfoLCID 3
/** Older name of JET_DbInfoLCID. */
#define JET_DbInfoLangid 3
/** Code page, uint32_t, always 1252. */
#define JET_DbInfoCp 4
/** Collation, uint32_t, always 0. */
#define JET_DbInfoCollate 5
/** JET_bitDbExclusive when this session holds the database exclusively, uint32_t. */
#define JET_DbInfoOptions 6
/** Deepest transaction level, uint32_t. */
#define JET_DbInfoTransactions 7
/** Format version the engine writes, uint32_t. */
#define JET_DbInfoVersion 8
/** Not supported: JET_errFeatureNotAvailable. */
#define JET_DbInfoIsam 9
/**
 * File size: uint32_t in pages, header pages included (open database), or uint64_t in bytes (file).
 */
#define JET_DbInfoFilesize 10
/** Pages owned by the database, uint32_t. */
#define JET_DbInfoSpaceOwned 11
/** Pages free inside the file, uint32_t. */
#define JET_DbInfoSpaceAvailable 12
/** JET_DBINFOUPGRADE. */
#define JET_DbInfoUpgrade 13
/** Header data: JET_DBINFOMISC or a later version, chosen by the size of the buffer. */
#define JET_DbInfoMisc 14
/** File only: whether this process has it open, uint32_t. */
#define JET_DbInfoDBInUse 15
/** Page size in bytes, uint32_t. */
#define JET_DbInfoPageSize 17
/** JET_filetype constant, uint32_t; file only. */
#define JET_DbInfoFileType 19
/** Allocated size: uint32_t in pages (open database), or uint64_t in bytes (file). */
#define JET_DbInfoFilesizeOnDisk 21

/* ---- JetGetInstanceMiscInfo ---- */

/** JET_SIGNATURE of the log stream. */
#define JET_InstanceMiscInfoLogSignature 0U
/** Revert snapshot data. */
#define JET_InstanceMiscInfoRBS 2U

/* ---- Transactions ---- */

/** The transaction may not change anything: JET_errTransReadOnly. */
#define JET_bitTransactionReadOnly 0x00000001
/**
 * Do not wait until the commit is on disk; a crash may lose the transaction but never part of it.
 */
#define JET_bitCommitLazyFlush 0x00000001
/** Commit nothing; wait until the previous outermost commit of this session is on disk. */
#define JET_bitWaitLastLevel0Commit 0x00000002
/** Commit nothing; wait until every outermost commit of the instance so far is on disk. */
#define JET_bitWaitAllLevel0Commit 0x00000008
/** Afterwards start a new log file. */
#define JET_bitForceNewLog 0x00000010
/** Undo every level, not only the innermost. */
#define JET_bitRollbackAll 0x00000001
/** The log can no longer be written: commits reported as pending will not become durable. */
#define JET_bitDurableCommitCallbackLogUnavailable 0x00000001

/* ---- Session parameters ----
 * Ids for JetSetSessionParameter and JetGetSessionParameter.
 */

/** Commit options used where a commit gives none; uint32_t of commit bits. */
#define JET_sesparamCommitDefault 4097
/**
 * Bytes, up to 4096, that the log gets with every outermost commit or rollback of the session that
 * has changed something. A recovery that replays it tells its client (JET_sntCommitCtx) when the
 * commit or rollback was given JET_bitCommitRedoCallback or JET_bitRollbackRedoCallback.
 */
#define JET_sesparamCommitGenericContext 4098
/** Current transaction level, uint32_t; read only. */
#define JET_sesparamTransactionLevel 4099
/** JET_OPERATIONCONTEXT, passed on to traces. */
#define JET_sesparamOperationContext 4100
/** Number that ties traces to a caller's request, uint32_t. */
#define JET_sesparamCorrelationID 4101
/** First id after the valid ones. */
#define JET_sesparamMaxValueInvalid 4111

/* ---- Tables ---- */

/** Nobody else may open the table for writing. */
#define JET_bitTableDenyWrite 0x00000001
/** Nobody else may open the table at all. */
#define JET_bitTableDenyRead 0x00000002
/** The cursor cannot change records. */
#define JET_bitTableReadOnly 0x00000004
/** The cursor can change records (the default). */
#define JET_bitTableUpdatable 0x00000008
/** With JET_bitTableDenyRead: allow schema changes of a table created with fixed schema. */
#define JET_bitTablePermitDDL 0x00000010
/** Do not keep pages of the table in the cache for long. */
#define JET_bitTableNoCache 0x00000020
/** Read the table ahead when it is small. */
#define JET_bitTablePreread 0x00000040
/** Read ahead opportunistically. */
#define JET_bitTableOpportuneRead 0x00000080
/** The table will be scanned; read ahead aggressively. */
#define JET_bitTableSequential 0x00008000
/** Bits that hold the statistics class. */
#define JET_bitTableClassMask 0x001F0000
/** No statistics class. */
#define JET_bitTableClassNone 0x00000000
/** Statistics class 1. */
#define JET_bitTableClass1 0x00010000
/** Statistics class 2. */
#define JET_bitTableClass2 0x00020000
/** Statistics class 3. */
#define JET_bitTableClass3 0x00030000
/** Statistics class 4. */
#define JET_bitTableClass4 0x00040000
/** Statistics class 5. */
#define JET_bitTableClass5 0x00050000
/** Statistics class 6. */
#define JET_bitTableClass6 0x00060000
/** Statistics class 7. */
#define JET_bitTableClass7 0x00070000
/** Statistics class 8. */
#define JET_bitTableClass8 0x00080000
/** Statistics class 9. */
#define JET_bitTableClass9 0x00090000
/** Statistics class 10. */
#define JET_bitTableClass10 0x000A0000
/** Statistics class 11. */
#define JET_bitTableClass11 0x000B0000
/** Statistics class 12. */
#define JET_bitTableClass12 0x000C0000
/** Statistics class 13. */
#define JET_bitTableClass13 0x000D0000
/** Statistics class 14. */
#define JET_bitTableClass14 0x000E0000
/** Statistics class 15. */
#define JET_bitTableClass15 0x000F0000
/** The schema cannot change after creation; faster to open. */
#define JET_bitTableCreateFixedDDL 0x00000001
/** The table is a template from which others inherit columns and indexes; implies fixed schema. */
#define JET_bitTableCreateTemplateTable 0x00000002
/** Tables derived from this template cannot add fixed or variable columns. */
#define JET_bitTableCreateNoFixedVarColumnsInDerivedTables 0x00000004
/** The caller promises never to change columns or indexes afterwards. */
#define JET_bitTableCreateImmutableStructure 0x00000008
/** In JET_OBJECTINFO.grbit: records can be changed. */
#define JET_bitTableInfoUpdatable 0x00000001
/** In JET_OBJECTINFO.grbit: records have bookmarks. */
#define JET_bitTableInfoBookmark 0x00000002
/** In JET_OBJECTINFO.grbit: changes can be rolled back. */
#define JET_bitTableInfoRollback 0x00000004
/** In JET_OBJECTINFO.flags: a table of the engine. */
#define JET_bitObjectSystem 0x80000000
/** In JET_OBJECTINFO.flags: the schema is fixed. */
#define JET_bitObjectTableFixedDDL 0x40000000
/** In JET_OBJECTINFO.flags: a template. */
#define JET_bitObjectTableTemplate 0x20000000
/** In JET_OBJECTINFO.flags: derived from a template. */
#define JET_bitObjectTableDerived 0x10000000
/** In JET_OBJECTINFO.flags: a template that reserves fixed and variable columns for itself. */
#define JET_bitObjectTableNoFixedVarColumnsInDerivedTables 0x04000000
/** No object type. */
#define JET_objtypNil 0
/** A table. */
#define JET_objtypTable 1

/* ---- Information levels of JetGetObjectInfo ---- */

/** JET_OBJECTINFO of one table, with record and page counts. */
#define JET_ObjInfo 0U
/** JET_OBJECTLIST of all tables, counts not computed. */
#define JET_ObjInfoListNoStats 1U
/** JET_OBJECTLIST of all tables. */
#define JET_ObjInfoList 2U
/** Obsolete. */
#define JET_ObjInfoSysTabCursor 3U
/** Obsolete. */
#define JET_ObjInfoListACM 4U
/** JET_OBJECTINFO of one table, counts not computed. */
#define JET_ObjInfoNoStats 5U
/** Obsolete. */
#define JET_ObjInfoSysTabReadOnly 6U
/** Obsolete. */
#define JET_ObjInfoRulesLoaded 7U
/** First level after the valid ones. */
#define JET_ObjInfoMax 8U

/* ---- Information levels of JetGetTableInfo ---- */

/** JET_OBJECTINFO. */
#define JET_TblInfo 0U
/** Table name, string. */
#define JET_TblInfoName 1U
/** JET_DBID of the database. */
#define JET_TblInfoDbid 2U
/** Obsolete. */
#define JET_TblInfoMostMany 3U
/** Obsolete. */
#define JET_TblInfoRvt 4U
/** Obsolete. */
#define JET_TblInfoOLC 5U
/** Obsolete. */
#define JET_TblInfoResetOLC 6U
/** Owned and available extents of the table, an array of uint32_t. */
#define JET_TblInfoSpaceUsage 7U
/** Obsolete. */
#define JET_TblInfoDumpTable 8U
/** Two uint32_t: pages and density given at creation. */
#define JET_TblInfoSpaceAlloc 9U
/** Pages owned by the table, uint32_t. */
#define JET_TblInfoSpaceOwned 10U
/** Pages of the table that are free, uint32_t. */
#define JET_TblInfoSpaceAvailable 11U
/** Name of the template, or an empty string. */
#define JET_TblInfoTemplateTableName 12U
/** Pages owned by the long values, uint32_t. */
#define JET_TblInfoSpaceOwnedLV 17U
/** Free pages of the long values, uint32_t. */
#define JET_TblInfoSpaceAvailableLV 18U

/* ---- Column types ---- */

/** Not a type. */
#define JET_coltypNil 0
/** True, false or null; one byte, 0 or 0xFF. */
#define JET_coltypBit 1
/** 8-bit unsigned integer. */
#define JET_coltypUnsignedByte 2
/** 16-bit signed integer. */
#define JET_coltypShort 3
/** 32-bit signed integer. */
#define JET_coltypLong 4
/** 64-bit signed integer. */
#define JET_coltypCurrency 5
/** 32-bit floating point. */
#define JET_coltypIEEESingle 6
/** 64-bit floating point. */
#define JET_coltypIEEEDouble 7
/** 64-bit floating point holding a JET_DATESERIAL. */
#define JET_coltypDateTime 8
/** Up to 255 bytes. */
#define JET_coltypBinary 9
/** Up to 255 bytes of text in the column's code page. */
#define JET_coltypText 10
/** Up to 2 GiB of bytes. */
#define JET_coltypLongBinary 11
/** Up to 2 GiB of text. */
#define JET_coltypLongText 12
/** Obsolete streaming file value. */
#define JET_coltypSLV 13
/** 32-bit unsigned integer. */
#define JET_coltypUnsignedLong 14
/** 64-bit signed integer. */
#define JET_coltypLongLong 15
/** 16-byte identifier. */
#define JET_coltypGUID 16
/** 16-bit unsigned integer. */
#define JET_coltypUnsignedShort 17
/** 64-bit unsigned integer. */
#define JET_coltypUnsignedLongLong 18
/** First number after the types. */
#define JET_coltypMax 19

/* ---- Column options ----
 * For JET_COLUMNDEF.grbit and JET_COLUMNCREATE.grbit.
 */

/** Always takes its full size in the record. */
#define JET_bitColumnFixed 0x00000001
/** Takes no space while it has no value. */
#define JET_bitColumnTagged 0x00000002
/** Must have a value: otherwise JET_errNullInvalid. */
#define JET_bitColumnNotNULL 0x00000004
/** Counts the changes of its record (32-bit integers only). */
#define JET_bitColumnVersion 0x00000008
/** Gets the next number when a record is inserted; cannot be set. */
#define JET_bitColumnAutoincrement 0x00000010
/** Only reported, never given. */
#define JET_bitColumnUpdatable 0x00000020
/** In a temporary table: part of the sort key. */
#define JET_bitColumnTTKey 0x00000040
/** In a temporary table: sorts descending. */
#define JET_bitColumnTTDescending 0x00000080
/** May hold several values; tagged columns only. */
#define JET_bitColumnMultiValued 0x00000400
/** Can be changed by JetEscrowUpdate; fixed 32-bit columns with a default value. */
#define JET_bitColumnEscrowUpdate 0x00000800
/**
 * Add the column at once for everybody; not allowed in a transaction, and others adding the same
 * name fail.
 */
#define JET_bitColumnUnversioned 0x00001000
/** Null is allowed although a default value exists, so readers must expect it. */
#define JET_bitColumnMaybeNull 0x00002000
/** Obsolete: call back when an escrow column reaches zero. */
#define JET_bitColumnFinalize 0x00004000
/** The default value comes from a callback (JET_USERDEFINEDDEFAULT). */
#define JET_bitColumnUserDefinedDefault 0x00008000
/** Delete the record when this escrow column reaches zero. */
#define JET_bitColumnDeleteOnZero 0x00020000
/** Long values of the column are compressed when that saves space. */
#define JET_bitColumnCompressed 0x00080000
/** JetDeleteColumn2: delete the derived table's own column, not the template's. */
#define JET_bitDeleteColumnIgnoreTemplateColumns 0x00000001

/* ---- Information levels of JetGetColumnInfo and JetGetTableColumnInfo ---- */

/** JET_COLUMNDEF of the named column. */
#define JET_ColInfo 0U
/** JET_COLUMNLIST of all columns, in name order. */
#define JET_ColInfoList 1U
/** Obsolete. */
#define JET_ColInfoSysTabCursor 3U
/** JET_COLUMNBASE of the named column. */
#define JET_ColInfoBase 4U
/** JET_COLUMNLIST of all columns, with the least detail. */
#define JET_ColInfoListCompact 5U
/** JET_COLUMNDEF; the name argument points at a JET_COLUMNID instead. */
#define JET_ColInfoByColid 6U
/** JET_COLUMNLIST sorted by column id. */
#define JET_ColInfoListSortColumnid 7U
/** JET_COLUMNBASE; the name argument points at a JET_COLUMNID instead. */
#define JET_ColInfoBaseByColid 8U
/** Added to a list level: leave out columns of the template. */
#define JET_ColInfoGrbitNonDerivedColumnsOnly 0x80000000
/** Added to a list level: fill in only name and id. */
#define JET_ColInfoGrbitMinimalInfo 0x40000000
/** Added to a list level: sort by column id. */
#define JET_ColInfoGrbitSortByColumnid 0x20000000

/* ---- Index options ----
 * For JetCreateIndex and JET_INDEXCREATE.grbit.
 */

/** No two records may have the same key: JET_errKeyDuplicate. */
#define JET_bitIndexUnique 0x00000001
/** The primary index: records are stored in its order. One for each table. */
#define JET_bitIndexPrimary 0x00000002
/** No key column may be null: JET_errNullKeyDisallowed. */
#define JET_bitIndexDisallowNull 0x00000004
/** Records whose key columns are all null are left out. */
#define JET_bitIndexIgnoreNull 0x00000008
/** Records with a null in any key column are left out. */
#define JET_bitIndexIgnoreAnyNull 0x00000020
/** Records with a null in the first key column are left out. */
#define JET_bitIndexIgnoreFirstNull 0x00000040
/** Do not wait until the creation is on disk. */
#define JET_bitIndexLazyFlush 0x00000080
/** Do not read existing records; allowed when all of them would be left out anyway. */
#define JET_bitIndexEmpty 0x00000100
/** Create at once for everybody: not rolled back, and exclusive while it runs. */
#define JET_bitIndexUnversioned 0x00000200
/** Nulls sort after values instead of before. */
#define JET_bitIndexSortNullsHigh 0x00000400
/** The collation is given by a structure instead of an LCID alone. */
#define JET_bitIndexUnicode 0x00000800
/** Index substrings of the first column. */
#define JET_bitIndexTuples 0x00001000
/** JET_TUPLELIMITS gives the sizes of the substrings. */
#define JET_bitIndexTupleLimits 0x00002000
/** One entry for every combination of the values of multi-valued columns. */
#define JET_bitIndexCrossProduct 0x00004000
/** cbKeyMost of the structure limits the key. */
#define JET_bitIndexKeyMost 0x00008000
/** Refuse keys that do not fit: JET_errKeyTruncated. */
#define JET_bitIndexDisallowTruncation 0x00010000
/** One entry for each set of values with the same number in all multi-valued columns. */
#define JET_bitIndexNestedTable 0x00020000
/** JET_coltypGUID columns sort in the order of the .NET type. */
#define JET_bitIndexDotNetGuid 0x00040000
/** Nothing is written to the structure, not its err either: it may lie in constant memory. */
#define JET_bitIndexImmutableStructure 0x00080000
/** JET_CONDITIONALCOLUMN: only records in which the column is null are indexed. */
#define JET_bitIndexColumnMustBeNull 0x00000001
/** JET_CONDITIONALCOLUMN: only records in which the column has a value are indexed. */
#define JET_bitIndexColumnMustBeNonNull 0x00000002
/** In a key description or JET_INDEX_COLUMN: ascending. */
#define JET_bitKeyAscending 0x00000000
/** In a key description or JET_INDEX_COLUMN: descending. */
#define JET_bitKeyDescending 0x00000001

/* ---- Information levels of JetGetIndexInfo and JetGetTableIndexInfo ---- */

/** JET_INDEXLIST of one index, or of all. */
#define JET_IdxInfo 0U
/** Same as JET_IdxInfo. */
#define JET_IdxInfoList 1U
/** Obsolete. */
#define JET_IdxInfoSysTabCursor 2U
/** Obsolete. */
#define JET_IdxInfoOLC 3U
/** Obsolete. */
#define JET_IdxInfoResetOLC 4U
/** Density of the index, uint32_t. */
#define JET_IdxInfoSpaceAlloc 5U
/** Locale id, uint32_t. */
#define JET_IdxInfoLCID 6U
/** Older name of JET_IdxInfoLCID; uint16_t result. */
#define JET_IdxInfoLangid 6U
/** Number of indexes of the table, uint32_t. */
#define JET_IdxInfoCount 7U
/** Longest part of a column in the key, uint16_t. */
#define JET_IdxInfoVarSegMac 8U
/** JET_INDEXID, for JetSetCurrentIndex4. */
#define JET_IdxInfoIndexId 9U
/** Key limit in bytes, uint16_t. */
#define JET_IdxInfoKeyMost 10U
/** JET_INDEXCREATE that would create the index again, with its strings behind it in the buffer. */
#define JET_IdxInfoCreateIndex 11U
/** JET_INDEXCREATE2, likewise. */
#define JET_IdxInfoCreateIndex2 12U
/** JET_INDEXCREATE3, likewise. */
#define JET_IdxInfoCreateIndex3 13U
/** Locale name, string. */
#define JET_IdxInfoLocaleName 14U
/** Identifier of the collation version. */
#define JET_IdxInfoSortId 17U
/** Pages owned by the index, uint32_t. */
#define JET_IdxInfoSpaceOwned 18U
/** Free pages of the index, uint32_t. */
#define JET_IdxInfoSpaceAvailable 19U

/* ---- Cursors: moving and selecting an index ---- */

/** JetMove: go to the first entry. */
#define JET_MoveFirst (-2147483647 - 1)
/** JetMove: one entry back. */
#define JET_MovePrevious (-1)
/** JetMove: one entry on. */
#define JET_MoveNext 1
/** JetMove: go to the last entry. */
#define JET_MoveLast 0x7fffffff
/** JetMove: skip entries with the same key. */
#define JET_bitMoveKeyNE 0x00000001
/** JetSetCurrentIndex2: go to the first entry of the new index (the default). */
#define JET_bitMoveFirst 0x00000000
/** JetSetCurrentIndex2: stay on the same record. */
#define JET_bitNoMove 0x00000002
/**
 * JetGotoSecondaryIndexBookmark: when the entry is gone, stay where it was and report
 * JET_errRecordDeleted.
 */
#define JET_bitBookmarkPermitVirtualCurrency 0x00000001
/** Obsolete. */
#define JET_bitRecordInIndex 0x00000001
/** Obsolete. */
#define JET_bitRecordNotInIndex 0x00000002
/** JetGetLS, JetSetLS: remove the storage. */
#define JET_bitLSReset 0x00000001
/** The storage belongs to the cursor. */
#define JET_bitLSCursor 0x00000002
/** The storage belongs to the table, for all cursors of the instance. */
#define JET_bitLSTable 0x00000004

/* ---- Keys, seeks, ranges ---- */

/** JetMakeKey: start a new key. */
#define JET_bitNewKey 0x00000001
/** JetMakeKey: the key is a limit that also matches every longer column value list. */
#define JET_bitStrLimit 0x00000002
/** JetMakeKey: the key is a limit that also matches every text that begins with this one. */
#define JET_bitSubStrLimit 0x00000004
/** JetMakeKey: the data is a complete key, from JetRetrieveKey. */
#define JET_bitNormalizedKey 0x00000008
/** JetMakeKey: the value has zero length, as opposed to null. */
#define JET_bitKeyDataZeroLength 0x00000010
/** JetMakeKey: lower limit, all following columns are open. */
#define JET_bitFullColumnStartLimit 0x00000100
/** JetMakeKey: upper limit, all following columns are open. */
#define JET_bitFullColumnEndLimit 0x00000200
/** JetMakeKey: lower limit, a prefix of this column. */
#define JET_bitPartialColumnStartLimit 0x00000400
/** JetMakeKey: upper limit, a prefix of this column. */
#define JET_bitPartialColumnEndLimit 0x00000800
/** Find an entry equal to the key. */
#define JET_bitSeekEQ 0x00000001
/** Find the last entry below the key. */
#define JET_bitSeekLT 0x00000002
/** Find the last entry equal to or below the key. */
#define JET_bitSeekLE 0x00000004
/** Find the first entry equal to or above the key. */
#define JET_bitSeekGE 0x00000008
/** Find the first entry above the key. */
#define JET_bitSeekGT 0x00000010
/** With JET_bitSeekEQ: limit the cursor to entries with this key. */
#define JET_bitSetIndexRange 0x00000020
/** With JET_bitSeekEQ: JET_wrnUniqueKey if it is the only entry with this key. */
#define JET_bitCheckUniqueness 0x00000040
/** JetSetIndexRange: the limit itself belongs to the range. */
#define JET_bitRangeInclusive 0x00000001
/** JetSetIndexRange: the key limits moves forwards; otherwise moves backwards. */
#define JET_bitRangeUpperLimit 0x00000002
/** JetSetIndexRange: only test whether the range has an entry, and drop it again. */
#define JET_bitRangeInstantDuration 0x00000004
/** JetSetIndexRange: remove the range. */
#define JET_bitRangeRemove 0x00000008
/** Reading will go forwards. */
#define JET_bitPrereadForward 0x00000001
/** Reading will go backwards. */
#define JET_bitPrereadBackward 0x00000002
/** Read ahead only the first page of each range. */
#define JET_bitPrereadFirstPage 0x00000004
/** The ranges hold complete keys in their first column. */
#define JET_bitPrereadNormalizedKey 0x00000008

/* ---- Locks and updates ---- */

/** JetGetLock: keep others from changing the record. */
#define JET_bitReadLock 0x00000001
/** JetGetLock: as if the record had been changed. */
#define JET_bitWriteLock 0x00000002
/** Start a new record. */
#define JET_prepInsert 0
/** Start changing the current record; takes its write lock. */
#define JET_prepReplace 2
/** Forget the update. */
#define JET_prepCancel 3
/** Start changing the current record; the conflict is found at JetUpdate. */
#define JET_prepReplaceNoLock 4
/** Start a new record with the values of the current one. */
#define JET_prepInsertCopy 5
/** As JET_prepInsertCopy, and delete the current record at JetUpdate. */
#define JET_prepInsertCopyDeleteOriginal 7
/**
 * As JET_prepInsertCopyDeleteOriginal, for changing the primary key and keeping the autoincrement
 * value.
 */
#define JET_prepInsertCopyReplaceOriginal 9
/** JetUpdate2: fail when the record has more multi-values than Windows 2000 could hold. */
#define JET_bitUpdateCheckESE97Compatibility 0x00000001
/** JetEscrowUpdate: the change stays even if the transaction is rolled back. */
#define JET_bitEscrowNoRollback 0x0001

/* ---- Setting and retrieving columns ---- */

/** Append to the long value. */
#define JET_bitSetAppendLV 0x00000001
/** Overwrite part of the long value, from ibLongValue on. */
#define JET_bitSetOverwriteLV 0x00000004
/** Set the size of the long value to cbData, padding with zeros or cutting. */
#define JET_bitSetSizeLV 0x00000008
/** Zero bytes mean an empty value instead of null. */
#define JET_bitSetZeroLength 0x00000020
/** Store the long value outside the record. */
#define JET_bitSetSeparateLV 0x00000040
/** Store the long value inside the record or fail. */
#define JET_bitSetIntrinsicLV 0x00000400
/** Refuse a value that the column holds already. */
#define JET_bitSetUniqueMultiValues 0x00000080
/** Refuse a value that sorts equal to one the column holds. */
#define JET_bitSetUniqueNormalizedMultiValues 0x00000100
/** Go back to the default value. */
#define JET_bitSetRevertToDefaultValue 0x00000200
/** Do not compress this value. */
#define JET_bitSetUncompressed 0x00010000
/** Compress this value if that saves space. */
#define JET_bitSetCompressed 0x00020000
/** Store a new long value in consecutive pages. */
#define JET_bitSetContiguousLV 0x00040000
/** Read the record being updated instead of the stored one. */
#define JET_bitRetrieveCopy 0x00000001
/** Take the value from the index entry where possible. */
#define JET_bitRetrieveFromIndex 0x00000002
/** Take the value from the bookmark in the secondary entry where possible. */
#define JET_bitRetrieveFromPrimaryBookmark 0x00000004
/** Return the number of the value instead of the value. */
#define JET_bitRetrieveTag 0x00000008
/** Report null values too, when walking tagged columns. */
#define JET_bitRetrieveNull 0x00000010
/** Report a default value as null. */
#define JET_bitRetrieveIgnoreDefault 0x00000020
/** With JET_bitRetrieveFromIndex: the value is the indexed substring. */
#define JET_bitRetrieveTuple 0x00000800
/** JET_INDEX_COLUMN: the value has zero length, as opposed to null. */
#define JET_bitZeroLength 0x00000001
/** Read the record being updated. */
#define JET_bitEnumerateCopy JET_bitRetrieveCopy
/** Leave out columns that have their default value. */
#define JET_bitEnumerateIgnoreDefault JET_bitRetrieveIgnoreDefault
/** Only say which columns have values. */
#define JET_bitEnumeratePresenceOnly 0x00020000
/** Only tagged columns. */
#define JET_bitEnumerateTaggedOnly 0x00040000
/** Report a single value in the column's own structure (JET_wrnColumnSingleValue). */
#define JET_bitEnumerateCompressOutput 0x00080000
/** Leave out defaults that come from callbacks. */
#define JET_bitEnumerateIgnoreUserDefinedDefault 0x00100000
/** Leave out values stored outside the record. */
#define JET_bitEnumerateInRecordOnly 0x00200000
/** Measure the record being updated. */
#define JET_bitRecordSizeInCopyBuffer 0x00000001
/** Add to the numbers in the structure instead of replacing them. */
#define JET_bitRecordSizeRunningTotal 0x00000002
/** Leave out long values stored outside the record. */
#define JET_bitRecordSizeLocal 0x00000004

/* ---- Temporary tables ---- */

/** Needs seeks, not only moves. */
#define JET_bitTTIndexed 0x00000001
/** Drop records with a key that is there already. */
#define JET_bitTTUnique 0x00000002
/** Records can be changed after insertion. */
#define JET_bitTTUpdatable 0x00000004
/** Can be moved in both directions. */
#define JET_bitTTScrollable 0x00000008
/** Nulls sort after values. */
#define JET_bitTTSortNullsHigh 0x00000010
/** Build a real table at once instead of a sort. */
#define JET_bitTTForceMaterialization 0x00000020
/** Same bit: duplicates are reported at insertion. */
#define JET_bitTTErrorOnDuplicateInsertion JET_bitTTForceMaterialization
/**
 * Use only the quick implementation that is read once and forwards, or fail with
 * JET_errCannotMaterializeForwardOnlySort; duplicate keys are then possible.
 */
#define JET_bitTTForwardOnly 0x00000040
/** Long values must fit into the record. */
#define JET_bitTTIntrinsicLVsOnly 0x00000080
/** JET_coltypGUID columns sort in the order of the .NET type. */
#define JET_bitTTDotNetGuid 0x00000100

/* ---- Space hints ----
 * For JET_SPACEHINTS.grbit.
 */

/**
 * Take new space from the tree above in the hierarchy, step by step, instead of from the database
 * at once.
 */
#define JET_bitSpaceHintsUtilizeParentSpace 0x00000001
/** Records are appended at the end of the index. */
#define JET_bitCreateHintAppendSequential 0x00000002
/** Records are inserted in order at one or several points of the index. */
#define JET_bitCreateHintHotpointSequential 0x00000004
/** Reserved. */
#define JET_bitRetrieveHintReserve1 0x00000008
/** Scans go forwards. */
#define JET_bitRetrieveHintTableScanForward 0x00000010
/** Scans go backwards. */
#define JET_bitRetrieveHintTableScanBackward 0x00000020
/** Reserved. */
#define JET_bitRetrieveHintReserve2 0x00000040
/** Reserved. */
#define JET_bitRetrieveHintReserve3 0x00000080
/** Records are deleted in order. */
#define JET_bitDeleteHintTableSequential 0x00000100

/* ---- Callback types ---- */

/** No callback. */
#define JET_cbtypNull 0x00000000
/** An escrow column reached zero. */
#define JET_cbtypFinalize 0x00000001
/** Before a record is inserted. */
#define JET_cbtypBeforeInsert 0x00000002
/** After a record was inserted. */
#define JET_cbtypAfterInsert 0x00000004
/** Before a record is changed. */
#define JET_cbtypBeforeReplace 0x00000008
/** After a record was changed. */
#define JET_cbtypAfterReplace 0x00000010
/** Before a record is deleted. */
#define JET_cbtypBeforeDelete 0x00000020
/** After a record was deleted. */
#define JET_cbtypAfterDelete 0x00000040
/** The default value of a column is needed. */
#define JET_cbtypUserDefinedDefaultValue 0x00000080
/** Online defragmentation finished. */
#define JET_cbtypOnlineDefragCompleted 0x00000100
/** Caller storage of a cursor is let go. */
#define JET_cbtypFreeCursorLS 0x00000200
/** Caller storage of a table is let go. */
#define JET_cbtypFreeTableLS 0x00000400

/* ---- Status notifications ---- */

/** A database is repaired. */
#define JET_snpRepair 2
/** A database is compacted. */
#define JET_snpCompact 4
/** Logs are replayed. */
#define JET_snpRestore 8
/** A backup is made. */
#define JET_snpBackup 9
/** A database is upgraded. */
#define JET_snpUpgrade 10
/** A database is zeroed out. */
#define JET_snpScrub 11
/** Records are converted. */
#define JET_snpUpgradeRecordFormat 12
/** Progress; pv points at a JET_SNPROG. */
#define JET_sntProgress 0
/** The operation failed. */
#define JET_sntFail 3
/** The operation begins. */
#define JET_sntBegin 5
/** The operation is complete. */
#define JET_sntComplete 6
/** What the operation will need. */
#define JET_sntRequirements 7

/* ---- Backup and snapshots ---- */

/** Only the logs since the last full backup. */
#define JET_bitBackupIncremental 0x00000001
/**
 * Into a folder: the new backup replaces the old one only when complete, keeping one previous copy
 * until then.
 */
#define JET_bitBackupAtomic 0x00000004
/** Reserved. */
#define JET_bitBackupSnapshot 0x00000010
/** Everything was copied; headers are updated. */
#define JET_bitBackupEndNormal 0x0001
/** The backup was given up; headers stay as they were. */
#define JET_bitBackupEndAbort 0x0002
/** Let the headers count the backup as complete although the truncation of logs did not finish. */
#define JET_bitBackupTruncateDone 0x0100
/** Only logs are saved. */
#define JET_bitIncrementalSnapshot 0x00000001
/** A copy that does not count as a backup: headers and logs stay. */
#define JET_bitCopySnapshot 0x00000002
/** Keep the snapshot session open after the thaw, for log truncation. */
#define JET_bitContinueAfterThaw 0x00000004
/** Only instances named by JetOSSnapshotPrepareInstance take part. */
#define JET_bitExplicitPrepare 0x00000008
/** All attached databases were saved, so logs may go. */
#define JET_bitAllDatabasesSnapshot 0x00000001
/** JetOSSnapshotEnd: the snapshot failed. */
#define JET_bitAbortSnapshot 0x00000001

/* ---- Maintenance ---- */

/** Start defragmenting in the background. */
#define JET_bitDefragmentBatchStart 0x00000001
/** Stop defragmenting. */
#define JET_bitDefragmentBatchStop 0x00000002
/** Only the trees of free space. */
#define JET_bitDefragmentAvailSpaceTreesOnly 0x00000040
/** Only merges that free a whole page. */
#define JET_bitDefragmentNoPartialMerges 0x00000080
/** Defragment one table's trees. */
#define JET_bitDefragmentBTree 0x00000100
/** Write statistics of the compaction. */
#define JET_bitCompactStats 0x00000020
/** Salvage: skip damaged parts of the source instead of failing. */
#define JET_bitCompactRepair 0x00000040
/** JET_paramEnableShrinkDatabase: files never shrink. */
#define JET_bitShrinkDatabaseOff 0x0
/** JET_paramEnableShrinkDatabase: JetResizeDatabase may shrink. */
#define JET_bitShrinkDatabaseOn 0x1
/** JET_paramEnableShrinkDatabase: also shrink as pages at the end become free. */
#define JET_bitShrinkDatabaseRealtime 0x2
/** Older name of JET_bitShrinkDatabaseOn. */
#define JET_bitShrinkDatabaseTrim 0x1
/** JET_paramEnableOnlineDefrag: nothing is defragmented. */
#define JET_OnlineDefragDisable 0x0000
/** JET_paramEnableOnlineDefrag: older name for everything. */
#define JET_OnlineDefragAllOBSOLETE 0x0001
/** JET_paramEnableOnlineDefrag: databases. */
#define JET_OnlineDefragDatabases 0x0002
/** JET_paramEnableOnlineDefrag: trees of free space. */
#define JET_OnlineDefragSpaceTrees 0x0004
/** JET_paramEnableOnlineDefrag: everything. */
#define JET_OnlineDefragAll 0xffff

/* ---- Values of parameters ---- */

/** JET_paramEventLoggingLevel: no events. */
#define JET_EventLoggingDisable 0
/** JET_paramEventLoggingLevel: only what needs action. */
#define JET_EventLoggingLevelMin 1
/** JET_paramEventLoggingLevel: few. */
#define JET_EventLoggingLevelLow 25
/** JET_paramEventLoggingLevel: some. */
#define JET_EventLoggingLevelMedium 50
/** JET_paramEventLoggingLevel: most. */
#define JET_EventLoggingLevelHigh 75
/** JET_paramEventLoggingLevel: all. */
#define JET_EventLoggingLevelMax 100
/** JET_paramIOPriority: normal. */
#define JET_IOPriorityNormal 0x0
/** JET_paramIOPriority: background. */
#define JET_IOPriorityLow 0x1
/** JET_paramConfiguration: the built-in defaults. */
#define JET_configDefault 0x0001
/** JET_paramConfiguration: quotas of sessions, cursors and tables at their maxima. */
#define JET_configRemoveQuotas 0x0002
/** JET_paramConfiguration: small files. */
#define JET_configLowDiskFootprint 0x0004
/** JET_paramConfiguration: moderate files. */
#define JET_configMediumDiskFootprint 0x0008
/** JET_paramConfiguration: small cache. */
#define JET_configLowMemory 0x0010
/** JET_paramConfiguration: cache that grows and shrinks moderately. */
#define JET_configDynamicMediumMemory 0x0020
/** JET_paramConfiguration: few wake-ups. */
#define JET_configLowPower 0x0040
/** JET_paramConfiguration: for solid-state disks. */
#define JET_configSSDProfileIO 0x0080
/** JET_paramConfiguration: no events, no counters. */
#define JET_configRunSilent 0x0100
/** JET_paramConfiguration: as much memory as helps. */
#define JET_configUnthrottledMemory 0x0200
/** JET_paramConfiguration: many threads. */
#define JET_configHighConcurrencyScaling 0x0400
/** JET_paramLegacyFileNames: .chk and .log extensions instead of .jcp and .jtx. */
#define JET_bitESE98FileNames 0x00000001
/** JET_paramLegacyFileNames: log names of eight characters while generations permit. */
#define JET_bitEightDotThreeSoftCompat 0x00000002
/** JET_paramHungIOActions: report I/O that does not return. */
#define JET_bitHungIOEvent 0x00000001
/** JET_paramExceptionAction: dialogue box; no meaning on Linux. */
#define JET_ExceptionMsgBox 0x0001
/** JET_paramExceptionAction: let exceptions pass. */
#define JET_ExceptionNone 0x0002
/** JET_paramExceptionAction: end the process at once. */
#define JET_ExceptionFailFast 0x0004
/** JET_paramEnableSqm: off. */
#define JET_sqmDisable 0
/** JET_paramEnableSqm: on. */
#define JET_sqmEnable 1
/** JET_paramEnableSqm: as the system decides. */
#define JET_sqmFromCEIP 2
/** Configuration store: name of the value that controls reading. */
#define JET_wszConfigStoreReadControl u"CsReadControl"
/** JET_wszConfigStoreReadControl: usual behaviour. */
#define JET_bitConfigStoreReadControlDefault 0x0
/** JET_wszConfigStoreReadControl: wait with reading until the bit is gone. */
#define JET_bitConfigStoreReadControlInhibitRead 0x1
/** JET_wszConfigStoreReadControl: do not use the store. */
#define JET_bitConfigStoreReadControlDisableAll 0x2
/** Configuration store: folder of values used as defaults. */
#define JET_wszConfigStoreRelPathSysParamDefault u"SysParamDefault"
/** Configuration store: folder of values that win over the program's. */
#define JET_wszConfigStoreRelPathSysParamOverride u"SysParamOverride"

/* ---- Error information and crash dumps ---- */

/** JetGetErrorInfoW: classify one error number. */
#define JET_ErrorInfoSpecificErr 1U
/** Include the least; same as the smallest cache option. */
#define JET_bitDumpMinimum 0x00000001
/** Include everything. */
#define JET_bitDumpMaximum 0x00000002
/** The least of the page cache. */
#define JET_bitDumpCacheMinimum 0x00000004
/** All of the page cache. */
#define JET_bitDumpCacheMaximum 0x00000008
/** Pages that were changed. */
#define JET_bitDumpCacheIncludeDirtyPages 0x00000010
/** Pages with data. */
#define JET_bitDumpCacheIncludeCachedPages 0x00000020
/** Pages found damaged. */
#define JET_bitDumpCacheIncludeCorruptedPages 0x00000040
/** Do not give memory back while preparing. */
#define JET_bitDumpCacheNoDecommit 0x00000080

/* ==============================================================================================
 * System parameters
 *
 * Ids for JetSetSystemParameter and JetGetSystemParameter. Each entry gives the type, the default,
 * the range, whose value it is (global: one for the process; instance; session) and when it may be
 * set. String ranges count characters. "Advanced" parameters are ignored, with success, while
 * JET_paramEnableAdvanced is off. "Ignored" parameters are stored and read back but change nothing.
 * ============================================================================================ */

/**
 * Folder of the checkpoint file. Made absolute when set; read back with its trailing separator if
 * it was given one.
 * Type string(folder); default "./"; range 0 to 246; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramSystemPath 0

/**
 * Path of the temporary database; with a trailing separator, the folder for "tmp.edb". Two
 * instances cannot share one.
 * Type string(path); default "tmp.edb"; range 0 to 247; scope instance; settable before JetInit of
 * the instance.
 */
#define JET_paramTempPath 1

/**
 * Folder of the transaction logs. Best on another disk than the databases.
 * Type string(folder); default "./"; range 0 to 246; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramLogFilePath 2

/**
 * Three characters that begin the names of log and checkpoint files ("edb" gives edb.log,
 * edb00001.log, edb.chk). Logs are found only with the base name they were written with.
 * Type string; default "edb"; range 3 to 3; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramBaseName 3

/**
 * Name of the application in event records.
 * Type string; default ""; range 0 to 259; scope instance; settable before JetInit of the instance.
 */
#define JET_paramEventSource 4

/**
 * Most sessions of the instance: JET_errOutOfSessions beyond.
 * Type int; default 16; range 0 to 30000; scope instance; settable before JetInit of the instance.
 * Notes: advanced, low-memory profile default 30000.
 */
#define JET_paramMaxSessions 5

/**
 * How many tables may be in use at a time. As in ESENT the limit is 2 * this + JET_paramMaxTemporaryTables
 * + 2 * JET_paramCachedClosedTables, taken when the instance starts, of each of three things: trees
 * (a table with cursors open, however many, takes one, one for each secondary index, one for its long
 * values once they are used) and definitions of tables: JET_errTooManyOpenTables beyond; definitions
 * of indexes: JET_errTooManyOpenIndexes. Temporary tables take definitions only; system tables and
 * closed tables take nothing.
 * Type int; default 300; range 0 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced, low-memory profile default 2147483647.
 */
#define JET_paramMaxOpenTables 6

/**
 * Ignored; old soft limit for open tables.
 * Type int; default 0; range 0 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramPreferredMaxOpenTables 7

/**
 * Most cursors open at a time: JET_errOutOfCursors beyond.
 * Type int; default 1024; range 0 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced, low-memory profile default 2147483647.
 */
#define JET_paramMaxCursors 8

/**
 * Size limit of the version store, in version pages (JET_paramVerPageSize):
 * JET_errVersionStoreOutOfMemory beyond, usually because of a long transaction.
 * Type int; default 64; range 1 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced, low-memory profile default 2147483647.
 */
#define JET_paramMaxVerPages 9

/**
 * Most temporary tables open at a time; 0: no temporary database is made and temporary tables are
 * refused.
 * Type int; default 20; range 0 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced, low-memory profile default 2147483647.
 */
#define JET_paramMaxTemporaryTables 10

/**
 * Size of each log file in KiB. An existing stream keeps its size.
 * Type int; default 5120; range 64 to 32768; scope instance; settable before JetInit of the
 * instance.
 * Notes: low-memory profile default 64.
 */
#define JET_paramLogFileSize 11

/**
 * Memory for log records not yet written, in sectors of 512 bytes. Small values make transactions
 * wait.
 * Type int; default 126; range 1 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced, low-memory profile default 1.
 */
#define JET_paramLogBuffers 12

/**
 * Ignored; flush delay.
 * Type int; default 0; range 0 to 2147483647; scope instance; settable any time.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramWaitLogFlush 13

/**
 * Ignored; checkpoint interval.
 * Type int; default 1024; range 0 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramLogCheckpointPeriod 14

/**
 * Ignored; waiter count triggering a flush.
 * Type int; default 3; range 0 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramLogWaitingUserMax 15

/**
 * Commit bits used where a commit gives none; only JET_bitCommitLazyFlush has an effect. With a
 * session, that session's default.
 * Type grbit; default 0; range 0 to all bits; scope instance or session; settable any time.
 */
#define JET_paramCommitDefault 16

/**
 * Delete logs as soon as the checkpoint has passed them. No incremental backups then, and recovery
 * only from a crash.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 */
#define JET_paramCircularLog 17

/**
 * Pages by which a database file grows at a time.
 * Type int; default 256; range 1 to 2147483647; scope instance; settable any time.
 * Notes: advanced, low-memory profile default 16.
 */
#define JET_paramDbExtensionSize 18

/**
 * Initial size of the temporary database in pages.
 * Type int; default 0; range 0 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced, low-memory profile default 14.
 */
#define JET_paramPageTempDBMin 19

/**
 * Largest extent treated as a fragment.
 * Type int; default 8; range 0 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced.
 */
#define JET_paramPageFragment 20

/**
 * Ignored; batch I/O buffers.
 * Type int; default 256; range 0 to unlimited; scope global; settable any time.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramBatchIOBufferMax 22

/**
 * Most pages in the page cache of the process.
 * Type int; default 2000000000; range 1 to unlimited; scope global; settable any time.
 * Notes: advanced, low-memory profile default 16.
 */
#define JET_paramCacheSizeMax 23

/**
 * Bytes of log between the checkpoint and the end of the log that the engine tries to keep to:
 * smaller means faster recovery and more writing.
 * Type int; default 20971520; range 0 to unlimited; scope instance; settable any time.
 * Notes: low-memory profile default 65536.
 */
#define JET_paramCheckpointDepthMax 24

/**
 * Window in microseconds that merges page touches.
 * Type int; default 128000; range 0 to unlimited; scope global; settable before the first instance
 * is created (mode not set).
 * Notes: advanced.
 */
#define JET_paramLRUKCorrInterval 25

/**
 * Page history records kept.
 * Type int; default 100000; range 0 to unlimited; scope global; settable before the first instance
 * is created (mode not set).
 * Notes: advanced, low-memory profile default 10.
 */
#define JET_paramLRUKHistoryMax 26

/**
 * K value of the replacement policy.
 * Type int; default 2; range 1 to 2; scope global; settable before the first instance is created
 * (mode not set).
 * Notes: advanced.
 */
#define JET_paramLRUKPolicy 27

/**
 * Seconds after which a page is always evictable.
 * Type int; default 100; range 1 to unlimited; scope global; settable before the first instance is
 * created (mode not set).
 * Notes: advanced.
 */
#define JET_paramLRUKTimeout 28

/**
 * Ignored.
 * Type int; default 0; range 0 to unlimited; scope global; settable before the first instance is
 * created (mode not set).
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramLRUKTrxCorrInterval 29

/**
 * Most I/O requests in flight for one disk.
 * Type int; default 1024; range 0 to 65536; scope global; settable before the first instance is
 * created (mode not set).
 * Notes: advanced, low-memory profile default 16.
 */
#define JET_paramOutstandingIOMax 30

/**
 * Free buffer level that starts eviction.
 * Type int; default 20000000; range 0 to unlimited; scope global; settable any time.
 * Notes: advanced, low-memory profile default 1.
 */
#define JET_paramStartFlushThreshold 31

/**
 * Free buffer level that stops eviction.
 * Type int; default 40000000; range 0 to unlimited; scope global; settable any time.
 * Notes: advanced, low-memory profile default 2.
 */
#define JET_paramStopFlushThreshold 32

/**
 * "on": changes are logged and JetInit recovers; "off": no logs, so a crash may destroy databases;
 * "repair": as "on" (ESENT's restore passes over some errors then). Must be set before JetInit.
 * Type string; default "on"; range 0 to 259; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramRecovery 34

/**
 * Which parts online defrag may process.
 * Type grbit; default 0xffff; range 0 to 0xffff; scope instance; settable any time.
 */
#define JET_paramEnableOnlineDefrag 35

/**
 * Pages in the page cache now; setting it fixes the size, 0 lets it vary again.
 * Type int; default computed; range any; scope global; settable any time.
 * Notes: advanced.
 */
#define JET_paramCacheSize 41

/**
 * Ignored; report old format instead of corruption.
 * Type bool; default 1; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: ignored, accepted but unused.
 */
#define JET_paramCheckFormatWhenOpenFail 44

/**
 * At attach, check that text indexes were built with the collation in use, JET_INDEXCHECKING.
 * Type int; default 1; range 0 to 2; scope instance; settable any time.
 */
#define JET_paramEnableIndexChecking 45

/**
 * Version temp table updates so they roll back.
 * Type bool; default 1; range 0 to 1; scope instance; settable before JetInit of the instance.
 */
#define JET_paramEnableTempTableVersioning 46

/**
 * Ignored; skip log version check.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: ignored, accepted but unused.
 */
#define JET_paramIgnoreLogVersion 47

/**
 * Ignored; once deleted logs of an older format at JetInit.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: ignored, accepted but unused.
 */
#define JET_paramDeleteOldLogs 48

/**
 * Event source registration key.
 * Type string; default ""; range 0 to 259; scope instance; settable before JetInit of the instance.
 */
#define JET_paramEventSourceKey 49

/**
 * Report errors and warnings only.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: low-memory profile default 1.
 */
#define JET_paramNoInformationEvent 50

/**
 * How much is reported, JET_EventLoggingLevel constants.
 * Type int; default 100; range 0 to 100; scope instance; settable before JetInit of the instance.
 */
#define JET_paramEventLoggingLevel 51

/**
 * At JetInit or restore, delete logs that do not belong to the stream.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 */
#define JET_paramDeleteOutOfRangeLogs 52

/**
 * Milliseconds for which opening a file that is in use is tried again.
 * Type int; default 10000; range 0 to unlimited; scope global; settable any time.
 */
#define JET_paramAccessDeniedRetryPeriod 53

/**
 * Repair out-of-date Unicode index entries.
 * Type bool; default 1; range 0 to 1; scope instance; settable any time.
 */
#define JET_paramEnableIndexCleanup 54

/**
 * Fewest pages in the page cache of the process; equal to the maximum for a fixed size.
 * Type int; default 1; range 1 to unlimited; scope global; settable any time.
 * Notes: advanced, low-memory profile default 16.
 */
#define JET_paramCacheSizeMin 60

/**
 * Size of the version store, in version pages, above which clean-up hurries.
 * Type int; default 58; range 1 to 2147483647; scope instance; settable any time.
 * Notes: advanced, low-memory profile default 2147483647.
 */
#define JET_paramPreferredVerPages 63

/**
 * Page size in bytes: 4096, 8192, 16384 or 32768 (2048 only to read old files). One value for the
 * process, fixed by the first instance.
 * Type int(power of two); default 4096; range 4096 to 32768; scope global; settable before the
 * first instance is created (mode not set).
 */
#define JET_paramDatabasePageSize 64

/**
 * Do not call table callbacks; for tools that repair.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 */
#define JET_paramDisableCallbacks 65

/**
 * Prepare the next log in the background.
 * Type bool; default 1; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramLogFileCreateAsynch 69

/**
 * Read only: turns the error number in the integer into "name, sentence".
 * Type struct; default computed; range any; scope global; settable never (read only).
 */
#define JET_paramErrorToString 70

/**
 * Zero deleted data in the live database while a backup reads it: deleted records, long values without references, free
 * bytes and free pages. Events 706 and 707 tell of it.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 */
#define JET_paramZeroDatabaseDuringBackup 71

/**
 * Address of a JET_UNICODEINDEX with the collation of text indexes that name none.
 * Type struct; default computed; range any; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramUnicodeIndexDefault 72

/**
 * Address of a JET_CALLBACK for JetSetLS; called once with JET_cbtypNull to test it.
 * Type callback; default 0; range 0 to unlimited; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramRuntimeCallback 73

/**
 * At JetInit, replace clean logs of another size by new ones.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 */
#define JET_paramCleanupMismatchedLogFiles 77

/**
 * How eagerly converted records are flushed.
 * Type grbit; default 1; range 0 to 3; scope global; settable any time.
 * Notes: advanced.
 */
#define JET_paramRecordUpgradeDirtyLevel 78

/**
 * Version pages kept allocated for the process.
 * Type int; default 64; range 1 to 2147483647; scope global; settable before the first instance is
 * created (mode not set).
 * Notes: advanced, low-memory profile default 1.
 */
#define JET_paramGlobalMinVerPages 81

/**
 * Milliseconds after which a frozen snapshot thaws by itself.
 * Type int; default 70000; range 0 to 2147483647; scope global; settable any time.
 */
#define JET_paramOSSnapshotTimeout 82

/**
 * What happens on an unexpected exception in the engine, JET_Exception constants.
 * Type int; default 0x4 (fail fast); range 0 to unlimited; scope global; settable any time.
 */
#define JET_paramExceptionAction 98

/**
 * Bytes of events cached until the service is up.
 * Type int; default 0; range 0 to 2147483647; scope global; settable before the first instance is
 * created (mode not set).
 */
#define JET_paramEventLogCache 99

/**
 * Create missing folders of the paths above and of databases.
 * Type bool; default 0; range 0 to 1; scope instance; settable any time.
 */
#define JET_paramCreatePathIfNotExist 100

/**
 * Page latch hint cache bytes.
 * Type int; default 262144; range 0 to 2147483647; scope global; settable before the first instance
 * is created (mode not set).
 * Notes: advanced, low-memory profile default 32.
 */
#define JET_paramPageHintCacheSize 101

/**
 * A session may have one database open: JET_errOneDatabasePerSession beyond.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 */
#define JET_paramOneDatabasePerSession 102

/**
 * Most instances of the process.
 * Type int; default 16; range 1 to 10240; scope global; settable before the first instance is
 * created (mode not set).
 */
#define JET_paramMaxInstances 104

/**
 * Cleanup task queue length before tasks are dropped.
 * Type int; default 4; range 1 to 127; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramVersionStoreTaskQueueMax 105

/**
 * No performance counters.
 * Type bool; default 0 if perfmon is built in else 1; range 0 to 1; scope global; settable before
 * the first instance is created (mode not set).
 * Notes: low-memory profile default 1.
 */
#define JET_paramDisablePerfmon 107

/**
 * Default length of the shortest substring in a tuple index, characters.
 * Type int; default 3; range 2 to 255; scope instance; settable before JetInit of the instance.
 */
#define JET_paramIndexTuplesLengthMin 110

/**
 * Default length of the longest substring in a tuple index, characters.
 * Type int; default 10; range 2 to 255; scope instance; settable before JetInit of the instance.
 */
#define JET_paramIndexTuplesLengthMax 111

/**
 * Default number of characters that a tuple index looks at.
 * Type int; default 32767; range 1 to 32767; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramIndexTuplesToIndexMax 112

/**
 * Folder in which recovery looks for databases instead of where the log says.
 * Type string(folder); default ""; range 0 to 246; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramAlternateDatabaseRecoveryPath 113

/**
 * How many closed table schemas stay cached. What it was when the instance started is part of the limit
 * that JET_paramMaxOpenTables describes.
 * Type int; default 64; range 0 to 2147483647; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramCachedClosedTables 125

/**
 * Use the OS file cache for engine files.
 * Type bool; default 0; range 0 to 1; scope global; settable before the first instance is created
 * (mode not set).
 * Notes: advanced, low-memory profile default 1.
 */
#define JET_paramEnableFileCache 126

/**
 * Map database files instead of copying pages.
 * Type bool; default 0; range 0 to 1; scope global; settable before the first instance is created
 * (mode not set).
 * Notes: advanced, low-memory profile default 1.
 */
#define JET_paramEnableViewCache 127

/**
 * Bytes of a page of the version store.
 * Type int(power of two); default 32768 (64-bit); range 1024 to 65536; scope global; settable
 * before the first instance is created (mode not set).
 * Notes: advanced, low-memory profile default 8192.
 */
#define JET_paramVerPageSize 128

/**
 * Sets many parameters at once to fit a purpose, JET_config bits; set it before others.
 * Type int; default JET_configDefault; range 0 to all JET_config bits; scope instance; settable
 * before JetInit of the instance.
 * Notes: low-memory profile default JET_configDefault | JET_configLowMemory.
 */
#define JET_paramConfiguration 129

/**
 * Whether parameters marked "advanced" can be set; while off, setting them succeeds without effect.
 * Type bool; default 1; range 0 to 1; scope instance; settable any time.
 */
#define JET_paramEnableAdvanced 130

/**
 * Highest supported column type (read only).
 * Type int; default JET_coltypMax; range any; scope global; settable never (read only).
 * Notes: read only.
 */
#define JET_paramMaxColtyp 131

/**
 * Step between tuples.
 * Type int; default 1; range 0 to 32767; scope instance; settable before JetInit of the instance.
 */
#define JET_paramIndexTupleIncrement 132

/**
 * Offset of the first tuple.
 * Type int; default 0; range 0 to 32767; scope instance; settable any time.
 */
#define JET_paramIndexTupleStart 133

/**
 * Read only: largest key in bytes with the present page size.
 * Type int; default computed; range any; scope instance; settable never (read only).
 */
#define JET_paramKeyMost 134

/**
 * Limit of pending checkpoint writes.
 * Type int; default 1; range 1 to 1024; scope global; settable any time.
 * Notes: advanced.
 */
#define JET_paramCheckpointIOMax 135

/**
 * Names of log and checkpoint files, JET_bitESE98FileNames and JET_bitEightDotThreeSoftCompat.
 * Type grbit; default 0x3 (ESE98FileNames|EightDotThreeSoftCompat); range 0 to 255; scope instance;
 * settable before JetInit of the instance.
 */
#define JET_paramLegacyFileNames 136

/**
 * Display name of table class 1 in performance counters.
 * Type string; default "TableClass1"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass1Name 137

/**
 * Display name of table class 2 in performance counters.
 * Type string; default "TableClass2"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass2Name 138

/**
 * Display name of table class 3 in performance counters.
 * Type string; default "TableClass3"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass3Name 139

/**
 * Display name of table class 4 in performance counters.
 * Type string; default "TableClass4"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass4Name 140

/**
 * Display name of table class 5 in performance counters.
 * Type string; default "TableClass5"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass5Name 141

/**
 * Display name of table class 6 in performance counters.
 * Type string; default "TableClass6"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass6Name 142

/**
 * Display name of table class 7 in performance counters.
 * Type string; default "TableClass7"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass7Name 143

/**
 * Display name of table class 8 in performance counters.
 * Type string; default "TableClass8"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass8Name 144

/**
 * Display name of table class 9 in performance counters.
 * Type string; default "TableClass9"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass9Name 145

/**
 * Display name of table class 10 in performance counters.
 * Type string; default "TableClass10"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass10Name 146

/**
 * Display name of table class 11 in performance counters.
 * Type string; default "TableClass11"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass11Name 147

/**
 * Display name of table class 12 in performance counters.
 * Type string; default "TableClass12"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass12Name 148

/**
 * Display name of table class 13 in performance counters.
 * Type string; default "TableClass13"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass13Name 149

/**
 * Display name of table class 14 in performance counters.
 * Type string; default "TableClass14"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass14Name 150

/**
 * Display name of table class 15 in performance counters.
 * Type string; default "TableClass15"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass15Name 151

/**
 * I/O priority bits of the instance.
 * Type int; default 0; range 0 to 7; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramIOPriority 152

/**
 * Log generations by which page writes trail the end of the log: pages changed by the newest logs
 * are not written yet, so that losing those logs costs transactions but no database.
 * Type int; default 0; range 0 to 1023; scope instance; settable before JetInit of the instance.
 */
#define JET_paramWaypointLatency 153

/**
 * Whether callbacks named in the schema are loaded and called.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 */
#define JET_paramEnablePersistedCallbacks 156

/**
 * Defragment tables with scan hints when they are scattered.
 * Type bool; default 1; range 0 to 1; scope instance; settable any time.
 */
#define JET_paramDefragmentSequentialBTrees 160

/**
 * How often tree density is checked.
 * Type int; default 10; range 0 to unlimited; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramDefragmentSequentialBTreesDensityCheckFrequency 161

/**
 * Time slice of throttled tasks in ms.
 * Type int; default 100; range 1 to 10000; scope global; settable before the first instance is
 * created (mode not set).
 */
#define JET_paramIOThrottlingTimeQuanta 162

/**
 * Read only: bytes of a long value that one page holds.
 * Type int; default computed from page size; range any; scope global; settable never (read only).
 * Notes: read only.
 */
#define JET_paramLVChunkSizeMost 163

/**
 * Most bytes read in one request by joining neighbours.
 * Type int; default 524288; range 0 to 10485760; scope global; settable before the first instance
 * is created (mode not set).
 * Notes: advanced.
 */
#define JET_paramMaxCoalesceReadSize 164

/**
 * Most bytes written in one request by joining neighbours.
 * Type int; default 524288; range 0 to 10485760; scope global; settable before the first instance
 * is created (mode not set).
 * Notes: advanced.
 */
#define JET_paramMaxCoalesceWriteSize 165

/**
 * Most bytes of unwanted data read to join two requests.
 * Type int; default 524288; range 0 to 10485760; scope global; settable before the first instance
 * is created (mode not set).
 * Notes: advanced.
 */
#define JET_paramMaxCoalesceReadGapSize 166

/**
 * Most bytes of unchanged pages written to join two requests.
 * Type int; default 524288; range 0 to 10485760; scope global; settable before the first instance
 * is created (mode not set).
 * Notes: advanced.
 */
#define JET_paramMaxCoalesceWriteGapSize 167

/**
 * Check the pages of databases while logs are replayed.
 * Type int; default 0; range 0 to 2; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramEnableDBScanInRecovery 169

/**
 * Ms pause of the checksum scan.
 * Type int; default 20; range 0 to 60000; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramDbScanThrottle 170

/**
 * Shortest scan cycle.
 * Type int; default 86400; range 0 to 1814400; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced.
 */
#define JET_paramDbScanIntervalMinSec 171

/**
 * Longest scan cycle.
 * Type int; default 604800; range 1 to 1576800000; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced.
 */
#define JET_paramDbScanIntervalMaxSec 172

/**
 * Priority, 0 to 1000, of the pages that the instance or session reads.
 * Type int; default 100; range 0 to 1000; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramCachePriority 177

/**
 * Percent of version store one transaction may use.
 * Type int; default 100; range 1 to 100; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramMaxTransactionSize 178

/**
 * Outstanding preread I/Os.
 * Type int; default 8; range 0 to 256; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramPrereadIOMax 179

/**
 * Serialise scans on one disk.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramEnableDBScanSerialization 180

/**
 * Ms until an I/O counts as hung.
 * Type int; default 30000; range 11000 to 1800000; scope global; settable before the first instance
 * is created (mode not set).
 * Notes: advanced.
 */
#define JET_paramHungIOThreshold 181

/**
 * What to do with hung I/Os.
 * Type int; default 0x1; range 0 to 0x1f; scope global; settable before the first instance is
 * created (mode not set).
 * Notes: advanced.
 */
#define JET_paramHungIOActions 182

/**
 * Bytes before Xpress compression is tried.
 * Type int; default 1024; range 0 to 2147483647; scope global; settable before the first instance
 * is created (mode not set).
 * Notes: advanced.
 */
#define JET_paramMinDataForXpress 183

/**
 * Whether files may become smaller, JET_bitShrinkDatabase bits.
 * Type grbit; default 0; range 0 to 0xffff; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramEnableShrinkDatabase 184

/**
 * Name of the process in event records.
 * Type string; default ""; range 0 to 64; scope global; settable before the first instance is
 * created (mode not set).
 */
#define JET_paramProcessFriendlyName 186

/**
 * Address of a JET_PFNDURABLECOMMITCALLBACK that hears which lazy commits are on disk.
 * Type callback; default 0; range 0 to unlimited; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced.
 */
#define JET_paramDurableCommitCallback 187

/**
 * Ignored.
 * Type int; default 1; range 0 to 2; scope instance; settable before JetInit of the instance.
 * Notes: ignored, accepted but unused.
 */
#define JET_paramEnableSqm 188

/**
 * External store with parameter overrides.
 * Type string; default computed; range any; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramConfigStoreSpec 189

/**
 * Flush file buffers instead of write-through.
 * Type bool; default 1; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramUseFlushForWriteDurability 214

/**
 * Keep revert snapshots. OpenESE writes none: 1 is refused with JET_errFeatureNotAvailable.
 * Type bool; default 0; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramEnableRBS 215

/**
 * Revert snapshot folder.
 * Type string(folder); default "./"; range 0 to 246; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramRBSFilePath 216

/**
 * Counter refresh in ms.
 * Type int; default 100; range 0 to 86400000; scope global; settable before the first instance is
 * created (mode not set).
 */
#define JET_paramPerfmonRefreshInterval 217

/**
 * Use the block cache.
 * Type bool; default 0; range 0 to 1; scope global; settable before the first instance is created
 * (mode not set).
 * Notes: advanced.
 */
#define JET_paramEnableBlockCache 218

/**
 * Allow files to leave the block cache.
 * Type bool; default 0; range 0 to 1; scope global; settable before the first instance is created
 * (mode not set).
 * Notes: advanced.
 */
#define JET_paramEnableBlockCacheDetach 220

/** First id after the valid ones; changes when parameters are added. */
#define JET_paramMaxValueInvalid 221

/* ==============================================================================================
 * Errors and warnings
 *
 * Negative values are errors, positive values are warnings (the call did its work). The class in
 * brackets is the JET_ERRCAT category that JetGetErrorInfoW reports.
 * ============================================================================================ */

/** Call completed, nothing to report. [State] */
#define JET_errSuccess 0
/** Feature placeholder: not implemented (negative value despite the wrn prefix). [Usage] */
#define JET_wrnNyi (-1)
/** Test fault-injector forced a failure. [Unknown] */
#define JET_errRfsFailure (-100)
/** Fault injector used before being armed. [Unknown] */
#define JET_errRfsNotArmed (-101)
/** Closing an OS file failed. [Unknown] */
#define JET_errFileClose (-102)
/** A worker thread could not be created. [Memory] */
#define JET_errOutOfThreads (-103)
/** I/O queue saturated. [Resource] */
#define JET_errTooManyIO (-105)
/** Queued background task could not run. [Resource] */
#define JET_errTaskDropped (-106)
/** Unexpected engine-internal failure. [Operation] */
#define JET_errInternalError (-107)
/** Feature compiled out of the reduced engine build. [Usage] */
#define JET_errDisabledFunctionality (-112)
/** An OS facility the call needs cannot be loaded. [Fatal] */
#define JET_errUnloadableOSFunctionality (-113)
/** Cache page-ordering dependencies are inconsistent. [Corruption] */
#define JET_errDatabaseBufferDependenciesCorrupted (-255)
/** Version store still holds entries that cannot be purged yet. [State] */
#define JET_wrnRemainingVersions 321
/** Redo met a version entry that already exists. [Corruption] */
#define JET_errPreviousVersion (-322)
/** Iteration hit a page edge. [Unknown] */
#define JET_errPageBoundary (-323)
/** Iteration hit a key edge. [Unknown] */
#define JET_errKeyBoundary (-324)
/** Sibling page link does not match: b-tree damage. [Corruption] */
#define JET_errBadPageLink (-327)
/** Bookmark points at nothing in the database. [Unknown] */
#define JET_errBadBookmark (-328)
/** An operating system call failed. [Operation] */
#define JET_errNTSystemCallFailed (-334)
/** Parent-to-child page link wrong: b-tree damage. [Corruption] */
#define JET_errBadParentPageLink (-338)
/** Free-extent cache disagrees with its tree. [Unknown] */
#define JET_errSPAvailExtCacheOutOfSync (-340)
/** Available-extent tree damaged. [Corruption] */
#define JET_errSPAvailExtCorrupted (-341)
/** No memory for a free-extent cache entry. [Unknown] */
#define JET_errSPAvailExtCacheOutOfMemory (-342)
/** Owned-extent tree damaged. [Corruption] */
#define JET_errSPOwnExtCorrupted (-343)
/** A page carries a dbtime newer than the database counter. [Corruption] */
#define JET_errDbTimeCorrupted (-344)
/** Seek on a non-unique index matched exactly one entry. [State] */
#define JET_wrnUniqueKey 345
/** Index forbids truncation and the key was too long. [State] */
#define JET_errKeyTruncated (-346)
/** Pages lost to the space trees; only an offline defrag recovers them. [State] */
#define JET_errDatabaseLeakInSpace (-348)
/** Search reached an empty page where entries must exist. [Corruption] */
#define JET_errBadEmptyPage (-351)
/** Entry skipped by a move filter (reject). [State] */
#define wrnBTNotVisibleRejected 352
/** Entry skipped by a move filter (accumulate). [State] */
#define wrnBTNotVisibleAccumulated 353
/** Page has fewer lines than the operation addresses. [Corruption] */
#define JET_errBadLineCount (-354)
/** Page tag array has an impossible offset, size or count. [Corruption] */
#define JET_errPageTagCorrupted (-357)
/** Node key sizes exceed the node. [Corruption] */
#define JET_errNodeCorrupted (-358)
/** Column value lives in the long-value tree. [State] */
#define JET_wrnSeparateLongValue 406
/** Alias of JET_wrnSeekNotEqual. [State] */
#define JET_wrnRecordFoundGreater 1039
/** Alias of JET_wrnSeekNotEqual. [State] */
#define JET_wrnRecordFoundLess 1039
/** Alias of JET_errNullInvalid. [Usage] */
#define JET_errColumnIllegalNull (-1504)
/** Key longer than the limit. [Unknown] */
#define JET_errKeyTooBig (-408)
/** Value must stay in the record but separation was asked for. [Usage] */
#define JET_errCannotSeparateIntrinsicLV (-416)
/** Operation not possible on a value stored out of record. [State] */
#define JET_errSeparatedLongValue (-421)
/** LV preread asked for a column that can never be separated. [Usage] */
#define JET_errMustBeSeparateLongValue (-423)
/** LV preread not possible while on a secondary index. [Usage] */
#define JET_errInvalidPreread (-424)
/** Log record cannot be replayed. [Unknown] */
#define JET_errInvalidLoggedOperation (-500)
/** Log file damaged. [Corruption] */
#define JET_errLogFileCorrupt (-501)
/** Backup directory argument missing. [Usage] */
#define JET_errNoBackupDirectory (-503)
/** Target directory of a backup contains foreign files. [Usage] */
#define JET_errBackupDirectoryNotEmpty (-504)
/** A local backup or snapshot is already active, or the call is refused while one is. [State] */
#define JET_errBackupInProgress (-505)
/** Instance is busy with a restore. [State] */
#define JET_errRestoreInProgress (-506)
/** Log holding the checkpoint is absent. [Corruption] */
#define JET_errMissingPreviousLogFile (-509)
/** Log writing has failed and logging is down. [IO] */
#define JET_errLogWriteFail (-510)
/** Logging attempted after recovery failed. [Fatal] */
#define JET_errLogDisabledDueToRecoveryFailure (-511)
/** Logging attempted in the redo phase. [State] */
#define JET_errCannotLogDuringRecoveryRedo (-512)
/** Generation in the file name differs from the header. [Inconsistent] */
#define JET_errLogGenerationMismatch (-513)
/** Log format version unsupported. [Inconsistent] */
#define JET_errBadLogVersion (-514)
/** Creation stamp chain between consecutive logs is broken. [Corruption] */
#define JET_errInvalidLogSequence (-515)
/** Operation needs logging but recovery/logging is off. [Usage] */
#define JET_errLoggingDisabled (-516)
/** Log record larger than buffer or log file. [Usage] */
#define JET_errLogBufferTooSmall (-517)
/** Last usable log generation number reached. [Fragmentation] */
#define JET_errLogSequenceEnd (-519)
/** No streaming backup is active. [State] */
#define JET_errNoBackup (-520)
/** Backup call in wrong order or with files still open. [Usage] */
#define JET_errInvalidBackupSequence (-521)
/** Instance not ready for backup (initialising, recovering, terminating). [State] */
#define JET_errBackupNotAllowedYet (-523)
/** Stale backup file could not be removed. [IO] */
#define JET_errDeleteBackupFileFail (-524)
/** Temporary backup directory could not be created. [IO] */
#define JET_errMakeBackupDirectoryFail (-525)
/** Incremental backup impossible with circular logging. [Usage] */
#define JET_errInvalidBackup (-526)
/** Restore finished in repair mode with errors ignored. [State] */
#define JET_errRecoveredWithErrors (-527)
/** Current or needed log file is absent. [Corruption] */
#define JET_errMissingLogFile (-528)
/** Log volume out of space. [Disk] */
#define JET_errLogDiskFull (-529)
/** Log signature differs from the expected set. [Inconsistent] */
#define JET_errBadLogSignature (-530)
/** Database signature mismatch. [Unknown] */
#define JET_errBadDbSignature (-531)
/** Checkpoint signature mismatch. [Inconsistent] */
#define JET_errBadCheckpointSignature (-532)
/** Checkpoint file missing or unreadable. [Corruption] */
#define JET_errCheckpointCorrupt (-533)
/** Patch file lacks a page needed by redo. [Unknown] */
#define JET_errMissingPatchPage (-534)
/** Backup trailer/patch page fails its checksum. [Inconsistent] */
#define JET_errBadPatchPage (-535)
/** Log reading stopped unexpectedly during redo. [Corruption] */
#define JET_errRedoAbruptEnded (-536)
/** Reserved: signature of a streaming file. [Obsolete] */
#define JET_errBadSLVSignature (-537)
/** Backup set has no patch (.pat) file. [Unknown] */
#define JET_errPatchFileMissing (-538)
/** Database belongs to another log set. [Inconsistent] */
#define JET_errDatabaseLogSetMismatch (-539)
/** Streaming file does not pair with database. [Unknown] */
#define JET_errDatabaseStreamingFileMismatch (-540)
/** Existing logs are of a different size than configured. [Usage] */
#define JET_errLogFileSizeMismatch (-541)
/** Checkpoint file absent. [Inconsistent] */
#define JET_errCheckpointFileNotFound (-542)
/** Logs needed to make a database consistent are absent. [Inconsistent] */
#define JET_errRequiredLogFilesMissing (-543)
/** Database is an unrestored backup copy; use hard recovery. [Usage] */
#define JET_errSoftRecoveryOnBackupDatabase (-544)
/** Databases recovered, but log size setting differs. [State] */
#define JET_errLogFileSizeMismatchDatabasesConsistent (-545)
/** Log sector size differs from the volume. [Fragmentation] */
#define JET_errLogSectorSizeMismatch (-546)
/** Databases recovered, but log sector size differs. [State] */
#define JET_errLogSectorSizeMismatchDatabasesConsistent (-547)
/** Databases recovered, but generation numbers exhausted. [Fragmentation] */
#define JET_errLogSequenceEndDatabasesConsistent (-548)
/** Streaming data was not logged and cannot be replayed. [Unknown] */
#define JET_errStreamingDataNotLogged (-549)
/** Database not cleanly shut down; run recovery. [Inconsistent] */
#define JET_errDatabaseDirtyShutdown (-550)
/** Alias of JET_errDatabaseDirtyShutdown. [Inconsistent] */
#define JET_errDatabaseInconsistent (-550)
/** Last-consistent marker differs from the log. [Inconsistent] */
#define JET_errConsistentTimeMismatch (-551)
/** Backup trailer does not belong to this database/log set. [Unknown] */
#define JET_errDatabasePatchFileMismatch (-552)
/** Last supplied restore log is older than the backup needs. [Inconsistent] */
#define JET_errEndingRestoreLogTooLow (-553)
/** First supplied restore log is newer than the backup needs. [Inconsistent] */
#define JET_errStartingRestoreLogTooHigh (-554)
/** Log in the backup set has another signature. [Inconsistent] */
#define JET_errGivenLogFileHasBadSignature (-555)
/** Log in the backup set does not follow its predecessor. [Inconsistent] */
#define JET_errGivenLogFileIsNotContiguous (-556)
/** Restore logs missing. [Inconsistent] */
#define JET_errMissingRestoreLogFiles (-557)
/** (obsolete) existing log signature differs. [Unknown] */
#define JET_wrnExistingLogFileHasBadSignature 558
/** (obsolete) existing log does not follow. [Unknown] */
#define JET_wrnExistingLogFileIsNotContiguous 559
/** Incremental asked for without a prior full backup of same type. [State] */
#define JET_errMissingFullBackup (-560)
/** Backup database size not page-aligned. [Unknown] */
#define JET_errBadBackupDatabaseSize (-561)
/** Database already in current format. [State] */
#define JET_errDatabaseAlreadyUpgraded (-562)
/** Format conversion was interrupted. [State] */
#define JET_errDatabaseIncompleteUpgrade (-563)
/** Internal: skip record. [Unknown] */
#define JET_wrnSkipThisRecord 564
/** Roll-forward logs have a gap. [Inconsistent] */
#define JET_errMissingCurrentLogFiles (-565)
/** Page older than redo expects: lost write or missing redo. [Corruption] */
#define JET_errDbTimeTooOld (-566)
/** Page newer than redo expects. [Corruption] */
#define JET_errDbTimeTooNew (-567)
/** A log or patch file due for backup is not on disk. [Inconsistent] */
#define JET_errMissingFileToBackup (-569)
/** Torn write inside a backup-set log. [Corruption] */
#define JET_errLogTornWriteDuringHardRestore (-570)
/** Torn write in a roll-forward log outside the backup set. [Corruption] */
#define JET_errLogTornWriteDuringHardRecovery (-571)
/** Corruption inside a backup-set log. [Corruption] */
#define JET_errLogCorruptDuringHardRestore (-573)
/** Corruption in a roll-forward log outside the backup set. [Corruption] */
#define JET_errLogCorruptDuringHardRecovery (-574)
/** Turn logging off before upgrading. [Unknown] */
#define JET_errMustDisableLoggingForDbUpgrade (-575)
/** Target instance unknown or uses other logs. [Usage] */
#define JET_errBadRestoreTargetInstance (-577)
/** Restore done; target instance is alive. [State] */
#define JET_wrnTargetInstanceRunning 578
/** Redo complete, undo skipped on request; databases dirty. [State] */
#define JET_errRecoveredWithoutUndo (-579)
/** Databases stem from different snapshots. [Unknown] */
#define JET_errDatabasesNotFromSameSnapshot (-580)
/** Soft recovery attempted on a snapshot database. [Unknown] */
#define JET_errSoftRecoveryOnSnapshot (-581)
/** Committed log tail is missing: durable data would be lost. [Corruption] */
#define JET_errCommittedLogFilesMissing (-582)
/** Physical sector size unsupported. [Fatal] */
#define JET_errSectorSizeNotSupported (-583)
/** Undo was to be skipped but everything was already consistent. [State] */
#define JET_errRecoveredWithoutUndoDatabasesConsistent (-584)
/** Committed logs absent, database still consistent. [State] */
#define JET_wrnCommittedLogFilesLost 585
/** Committed log damaged. [Corruption] */
#define JET_errCommittedLogFileCorrupt (-586)
/** Committed but unusable logs were removed, database consistent. [State] */
#define JET_wrnCommittedLogFilesRemoved 587
/** Client signal: init ended after undo. [State] */
#define JET_wrnFinishWithUndo 588
/** Chained log checksum broken between two logs. [Corruption] */
#define JET_errLogSequenceChecksumMismatch (-590)
/** Repair fixed corruption. [State] */
#define JET_wrnDatabaseRepaired 595
/** Page initialised state differs between nodes. [Corruption] */
#define JET_errPageInitializedMismatch (-596)
/** Buffer too small for Unicode mapping. [State] */
#define JET_errUnicodeTranslationBufferTooSmall (-601)
/** Unicode key mapping failed. [Operation] */
#define JET_errUnicodeTranslationFail (-602)
/** No Unicode normaliser available. [Usage] */
#define JET_errUnicodeNormalizationNotSupported (-603)
/** Locale cannot be validated. [Operation] */
#define JET_errUnicodeLanguageValidationFailure (-604)
/** Log already in the log directory belongs to another set. [Inconsistent] */
#define JET_errExistingLogFileHasBadSignature (-610)
/** Log already in the log directory does not continue the backup logs. [Inconsistent] */
#define JET_errExistingLogFileIsNotContiguous (-611)
/** Log checksum failure while reading for backup. [Corruption] */
#define JET_errLogReadVerifyFailure (-612)
/** Reserved: checksum of a streaming file. [Obsolete] */
#define JET_errSLVReadVerifyFailure (-613)
/** Too many generations between checkpoint and tip. [Quota] */
#define JET_errCheckpointDepthTooDeep (-614)
/** Hard recovery given a database that is not a backup copy. [Usage] */
#define JET_errRestoreOfNonBackupDatabase (-615)
/** Truncation refused: not all needed logs were read. [Usage] */
#define JET_errLogFileNotCopied (-616)
/** Transaction spans too many generations. [Quota] */
#define JET_errTransactionTooLong (-618)
/** Requested format version is below the supported range. [Usage] */
#define JET_errEngineFormatVersionNoLongerSupportedTooLow (-619)
/** Requested format version is above the supported range. [Usage] */
#define JET_errEngineFormatVersionNotYetImplementedTooHigh (-620)
/** Feature needs a higher format version setting. [Usage] */
#define JET_errEngineFormatVersionParamTooLowForRequestedFeature (-621)
/** Logs are newer than the allowed format version. [State] */
#define JET_errEngineFormatVersionSpecifiedTooLowForLogVersion (-622)
/** Database is newer than the allowed format version. [State] */
#define JET_errEngineFormatVersionSpecifiedTooLowForDatabaseVersion (-623)
/** Page newer than redo though outside required range. [Corruption] */
#define JET_errDbTimeBeyondMaxRequired (-625)
/** Log record cannot apply to current database state. [Corruption] */
#define JET_errLogOperationInconsistentWithDatabase (-626)
/** Server side stopped the backup (JetStopBackup or JetTerm). [Operation] */
#define JET_errBackupAbortByServer (-801)
/** Unknown or conflicting option bits. [Usage] */
#define JET_errInvalidGrbit (-900)
/** Instance is shutting down. [Operation] */
#define JET_errTermInProgress (-1000)
/** API not supported here. [Usage] */
#define JET_errFeatureNotAvailable (-1001)
/** Malformed object name. [Usage] */
#define JET_errInvalidName (-1002)
/** Bad argument. [Usage] */
#define JET_errInvalidParameter (-1003)
/** Column value is NULL. [State] */
#define JET_wrnColumnNull 1004
/** Data cut to fit the buffer. [State] */
#define JET_wrnBufferTruncated 1006
/** Database is already attached. [State] */
#define JET_wrnDatabaseAttached 1007
/** File is read-only but write access was asked for. [Usage] */
#define JET_errDatabaseFileReadOnly (-1008)
/** Sort spilled to disk. [Memory] */
#define JET_wrnSortOverflow 1009
/** Bad dbid. [Usage] */
#define JET_errInvalidDatabaseId (-1010)
/** Memory allocation failed. [Memory] */
#define JET_errOutOfMemory (-1011)
/** Database size limit reached. [Quota] */
#define JET_errOutOfDatabaseSpace (-1012)
/** Cursor limit reached. [Memory] */
#define JET_errOutOfCursors (-1013)
/** No page buffer available. [Memory] */
#define JET_errOutOfBuffers (-1014)
/** Index count limit reached. [Usage] */
#define JET_errTooManyIndexes (-1015)
/** Too many columns in one index. [Usage] */
#define JET_errTooManyKeys (-1016)
/** Record was deleted. [State] */
#define JET_errRecordDeleted (-1017)
/** Page checksum mismatch. [Corruption] */
#define JET_errReadVerifyFailure (-1018)
/** Page read is blank. [Corruption] */
#define JET_errPageNotInitialized (-1019)
/** File handle limit reached. [Memory] */
#define JET_errOutOfFileHandles (-1020)
/** OS reported a CRC error. [Corruption] */
#define JET_errDiskReadVerificationFailure (-1021)
/** I/O error. [IO] */
#define JET_errDiskIO (-1022)
/** Path malformed or not found. [Usage] */
#define JET_errInvalidPath (-1023)
/** System path bad. [Usage] */
#define JET_errInvalidSystemPath (-1024)
/** Log directory bad. [Usage] */
#define JET_errInvalidLogDirectory (-1025)
/** Record over the size limit. [State] */
#define JET_errRecordTooBig (-1026)
/** Open database limit reached. [Unknown] */
#define JET_errTooManyOpenDatabases (-1027)
/** File is not a usable database. [Usage] */
#define JET_errInvalidDatabase (-1028)
/** Engine or instance not initialised. [Usage] */
#define JET_errNotInitialized (-1029)
/** Engine or instance already initialised. [Usage] */
#define JET_errAlreadyInitialized (-1030)
/** Initialisation is running. [Operation] */
#define JET_errInitInProgress (-1031)
/** File locked or access denied. [IO] */
#define JET_errFileAccessDenied (-1032)
/** Result buffer too small. [State] */
#define JET_errBufferTooSmall (-1038)
/** Seek landed on a non-equal key. [State] */
#define JET_wrnSeekNotEqual 1039
/** Column limit reached. [Usage] */
#define JET_errTooManyColumns (-1040)
/** Container still has objects. [Unknown] */
#define JET_errContainerNotEmpty (-1043)
/** File name bad. [Unknown] */
#define JET_errInvalidFilename (-1044)
/** Bookmark bad. [Usage] */
#define JET_errInvalidBookmark (-1045)
/** Column is part of an index. [Usage] */
#define JET_errColumnInUse (-1046)
/** Buffer size does not match the type. [State] */
#define JET_errInvalidBufferSize (-1047)
/** Column cannot be written. [Usage] */
#define JET_errColumnNotUpdatable (-1048)
/** Index is busy. [State] */
#define JET_errIndexInUse (-1051)
/** Links unsupported. [Unknown] */
#define JET_errLinkNotSupported (-1052)
/** Index rejects null keys. [Usage] */
#define JET_errNullKeyDisallowed (-1053)
/** Needs an open transaction. [Usage] */
#define JET_errNotInTransaction (-1054)
/** No extra error information. [Unknown] */
#define JET_wrnNoErrorInfo 1055
/** Session must roll back before anything else. [Usage] */
#define JET_errMustRollback (-1057)
/** Idle call had nothing to do. [Usage] */
#define JET_wrnNoIdleActivity 1058
/** Active transactions block clean shutdown. [Usage] */
#define JET_errTooManyActiveUsers (-1059)
/** Bad country code. [Unknown] */
#define JET_errInvalidCountry (-1061)
/** Bad language id. [Usage] */
#define JET_errInvalidLanguageId (-1062)
/** Bad code page. [Usage] */
#define JET_errInvalidCodePage (-1063)
/** Bad locale mapping flags. [Usage] */
#define JET_errInvalidLCMapStringFlags (-1064)
/** Version entry exceeds bucket. [Usage] */
#define JET_errVersionStoreEntryTooBig (-1065)
/** Version store full and cleanup did not finish. [Usage] */
#define JET_errVersionStoreOutOfMemoryAndCleanupTimedOut (-1066)
/** No write lock at level 0. [Unknown] */
#define JET_wrnNoWriteLock 1067
/** Column was set to NULL. [State] */
#define JET_wrnColumnSetNull 1068
/** Version store full. [Quota] */
#define JET_errVersionStoreOutOfMemory (-1069)
/** Column type cannot be indexed. [Usage] */
#define JET_errCannotIndex (-1071)
/** Record still exists. [Operation] */
#define JET_errRecordNotDeleted (-1072)
/** Internal pool limit. [Memory] */
#define JET_errTooManyMempoolEntries (-1073)
/** Object ids exhausted. [Fragmentation] */
#define JET_errOutOfObjectIDs (-1074)
/** Long-value ids exhausted. [Fragmentation] */
#define JET_errOutOfLongValueIDs (-1075)
/** Auto-increment exhausted. [Fragmentation] */
#define JET_errOutOfAutoincrementValues (-1076)
/** Dbtime counter exhausted. [Fragmentation] */
#define JET_errOutOfDbtimeValues (-1077)
/** Sequential index counter exhausted. [Fragmentation] */
#define JET_errOutOfSequentialIndexValues (-1078)
/** Multi-instance call in legacy single-instance mode. [Usage] */
#define JET_errRunningInOneInstanceMode (-1080)
/** Legacy implicit-instance call in multi-instance mode. [Usage] */
#define JET_errRunningInMultiInstanceMode (-1081)
/** Global parameters were set earlier. [State] */
#define JET_errSystemParamsAlreadySet (-1082)
/** Another instance uses this system path. [Usage] */
#define JET_errSystemPathInUse (-1083)
/** Another instance uses this log path. [Usage] */
#define JET_errLogFilePathInUse (-1084)
/** Another instance uses this temp path. [Usage] */
#define JET_errTempPathInUse (-1085)
/** Instance name taken. [Usage] */
#define JET_errInstanceNameInUse (-1086)
/** Global parameters set earlier to different values. [Usage] */
#define JET_errSystemParameterConflict (-1087)
/** Instance disabled after a fatal error. [Fatal] */
#define JET_errInstanceUnavailable (-1090)
/** Database disabled after a fatal error. [Unknown] */
#define JET_errDatabaseUnavailable (-1091)
/** Instance disabled because log disk filled. [Fatal] */
#define JET_errInstanceUnavailableDueToFatalLogDiskFull (-1092)
/** Unknown session parameter. [Usage] */
#define JET_errInvalidSesparamId (-1093)
/** Count exceeds 32 bits. [State] */
#define JET_errTooManyRecords (-1094)
/** Unknown database parameter. [Usage] */
#define JET_errInvalidDbparamId (-1095)
/** Session limit reached. [Memory] */
#define JET_errOutOfSessions (-1101)
/** Another session holds the write lock. [State] */
#define JET_errWriteConflict (-1102)
/** Transaction nesting limit reached. [Usage] */
#define JET_errTransTooDeep (-1103)
/** Bad session handle. [Usage] */
#define JET_errInvalidSesid (-1104)
/** Update while the primary index is uncommitted. [State] */
#define JET_errWriteConflictPrimaryIndex (-1105)
/** Not allowed inside a transaction. [Usage] */
#define JET_errInTransaction (-1108)
/** Must roll back first. [Unknown] */
#define JET_errRollbackRequired (-1109)
/** Write in a read-only transaction. [Usage] */
#define JET_errTransReadOnly (-1110)
/** Same session updates a record through two cursors. [Usage] */
#define JET_errSessionWriteConflict (-1111)
/** Record would not fit in the older format. [State] */
#define JET_errRecordTooBigForBackwardCompatibility (-1112)
/** Options clash with forward-only temp table. [Usage] */
#define JET_errCannotMaterializeForwardOnlySort (-1113)
/** Cursor belongs to another session. [Usage] */
#define JET_errSesidTableIdMismatch (-1114)
/** Bad instance handle. [Usage] */
#define JET_errInvalidInstance (-1115)
/** Instance closed, databases intentionally left dirty. [State] */
#define JET_errDirtyShutdown (-1116)
/** Page read carries another page number. [Corruption] */
#define JET_errReadPgnoVerifyFailure (-1118)
/** Page read misses an earlier write. [Corruption] */
#define JET_errReadLostFlushVerifyFailure (-1119)
/** File system reports corruption. [Corruption] */
#define JET_errFileSystemCorruption (-1121)
/** No free space at file end to release. [State] */
#define JET_wrnShrinkNotPossible 1122
/** Pages read in recovery have unexpected state. [Corruption] */
#define JET_errRecoveryVerifyFailure (-1123)
/** Cursor filter not possible here. [Usage] */
#define JET_errFilteredMoveNotSupported (-1124)
/** Database file or attachment already exists. [Usage] */
#define JET_errDatabaseDuplicate (-1201)
/** Database is open or pinned. [Usage] */
#define JET_errDatabaseInUse (-1202)
/** Database not attached or not opened. [Usage] */
#define JET_errDatabaseNotFound (-1203)
/** Bad database name. [Usage] */
#define JET_errDatabaseInvalidName (-1204)
/** Bad page count. [Usage] */
#define JET_errDatabaseInvalidPages (-1205)
/** Header or file not a valid database. [Corruption] */
#define JET_errDatabaseCorrupted (-1206)
/** Opened exclusively by another session. [Usage] */
#define JET_errDatabaseLocked (-1207)
/** Versioning cannot be turned off. [Usage] */
#define JET_errCannotDisableVersioning (-1208)
/** Format not understood by this engine. [Inconsistent] */
#define JET_errInvalidDatabaseVersion (-1209)
/** Very old format 200. [Unknown] */
#define JET_errDatabase200Format (-1210)
/** Very old format 400. [Unknown] */
#define JET_errDatabase400Format (-1211)
/** Very old format 500. [Unknown] */
#define JET_errDatabase500Format (-1212)
/** File page size differs from configured one. [Inconsistent] */
#define JET_errPageSizeMismatch (-1213)
/** Instance limit reached. [Quota] */
#define JET_errTooManyInstances (-1214)
/** Another instance has the database. [Usage] */
#define JET_errDatabaseSharingViolation (-1215)
/** Recovery could not account for an attached database. [Inconsistent] */
#define JET_errAttachedDatabaseMismatch (-1216)
/** Database path bad. [Usage] */
#define JET_errDatabaseInvalidPath (-1217)
/** Dbid already assigned. [Unknown] */
#define JET_errDatabaseIdInUse (-1218)
/** Forced detach unsupported. [Usage] */
#define JET_errForceDetachNotAllowed (-1219)
/** Catalog damaged. [Corruption] */
#define JET_errCatalogCorrupted (-1220)
/** Attach left half done. [Usage] */
#define JET_errPartiallyAttachedDB (-1221)
/** Same signature already attached. [Usage] */
#define JET_errDatabaseSignInUse (-1222)
/** Damaged and repair not permitted. [Usage] */
#define JET_errDatabaseCorruptedNoRepair (-1224)
/** Replayed create was made by an incompatible version. [Inconsistent] */
#define JET_errInvalidCreateDbVersion (-1225)
/** Recovery has not advanced far enough to open it. [Usage] */
#define JET_errDatabaseNotReady (-1230)
/** Attached by recovery only; attach explicitly first. [Usage] */
#define JET_errDatabaseAttachedForRecovery (-1231)
/** Recovery cannot number transactions yet. [State] */
#define JET_errTransactionsNotReadyDuringRecovery (-1232)
/** Opened table has no rows. [Unknown] */
#define JET_wrnTableEmpty 1301
/** Table locked exclusively. [Usage] */
#define JET_errTableLocked (-1302)
/** Table name exists. [State] */
#define JET_errTableDuplicate (-1303)
/** Table busy. [State] */
#define JET_errTableInUse (-1304)
/** No such table or object. [State] */
#define JET_errObjectNotFound (-1305)
/** Density out of range. [Usage] */
#define JET_errDensityInvalid (-1307)
/** Table has rows. [Usage] */
#define JET_errTableNotEmpty (-1308)
/** Bad cursor handle. [Usage] */
#define JET_errInvalidTableId (-1310)
/** Table limit reached. [Quota] */
#define JET_errTooManyOpenTables (-1311)
/** Not supported on this table. [Usage] */
#define JET_errIllegalOperation (-1312)
/** Table limit reached, cleanup timed out. [Usage] */
#define JET_errTooManyOpenTablesAndCleanupTimedOut (-1313)
/** Object name exists. [Unknown] */
#define JET_errObjectDuplicate (-1314)
/** Object unsuitable. [Unknown] */
#define JET_errInvalidObject (-1316)
/** Close temp tables instead of deleting. [Usage] */
#define JET_errCannotDeleteTempTable (-1317)
/** System tables cannot be deleted. [Usage] */
#define JET_errCannotDeleteSystemTable (-1318)
/** Template tables cannot be deleted. [Usage] */
#define JET_errCannotDeleteTemplateTable (-1319)
/** Needs exclusive table access. [Usage] */
#define JET_errExclusiveTableLockRequired (-1322)
/** Table schema is frozen. [Usage] */
#define JET_errFixedDDL (-1323)
/** Inherited part of schema is frozen. [Usage] */
#define JET_errFixedInheritedDDL (-1324)
/** Nested hierarchical schema unsupported. [Usage] */
#define JET_errCannotNestDDL (-1325)
/** Base is not a template table. [Usage] */
#define JET_errDDLNotInheritable (-1326)
/** System still has the table open. [State] */
#define JET_wrnTableInUseBySystem 1327
/** Inconsistent system parameters. [Usage] */
#define JET_errInvalidSettings (-1328)
/** Service stop was requested. [Operation] */
#define JET_errClientRequestToStopJetService (-1329)
/** Template forbids new fixed/variable columns. [Unknown] */
#define JET_errCannotAddFixedVarColumnToDerivedTable (-1330)
/** Index build failed. [Unknown] */
#define JET_errIndexCantBuild (-1401)
/** Table already has a primary index. [Usage] */
#define JET_errIndexHasPrimary (-1402)
/** Index name exists. [Usage] */
#define JET_errIndexDuplicate (-1403)
/** No such index. [State] */
#define JET_errIndexNotFound (-1404)
/** Primary index cannot be deleted. [Usage] */
#define JET_errIndexMustStay (-1405)
/** Bad index definition. [Usage] */
#define JET_errIndexInvalidDef (-1406)
/** Bad index creation arguments. [Usage] */
#define JET_errInvalidCreateIndex (-1409)
/** Index descriptor limit. [Memory] */
#define JET_errTooManyOpenIndexes (-1410)
/** Multi-values of one record collide in index. [Usage] */
#define JET_errMultiValuedIndexViolation (-1411)
/** Built index disagrees with primary. [Corruption] */
#define JET_errIndexBuildCorrupted (-1412)
/** Primary index damaged or out of date. [Corruption] */
#define JET_errPrimaryIndexCorrupted (-1413)
/** Secondary index damaged or out of date. [Corruption] */
#define JET_errSecondaryIndexCorrupted (-1414)
/** Outdated index was removed. [State] */
#define JET_wrnCorruptIndexDeleted 1415
/** Bad index id. [Usage] */
#define JET_errInvalidIndexId (-1416)
/** Primary index built with other sort version. [Corruption] */
#define JET_wrnPrimaryIndexOutOfDate 1417
/** Secondary index built with other sort version. [Corruption] */
#define JET_wrnSecondaryIndexOutOfDate 1418
/** Tuple index must be secondary. [Usage] */
#define JET_errIndexTuplesSecondaryIndexOnly (-1430)
/** Too many columns in tuple index. [Usage] */
#define JET_errIndexTuplesTooManyColumns (-1431)
/** Alias of JET_errIndexTuplesTooManyColumns. [Usage] */
#define JET_errIndexTuplesOneColumnOnly (-1431)
/** Tuple index cannot be unique. [Usage] */
#define JET_errIndexTuplesNonUniqueOnly (-1432)
/** Tuple index needs text/binary column. [Usage] */
#define JET_errIndexTuplesTextBinaryColumnsOnly (-1433)
/** Alias of JET_errIndexTuplesTextBinaryColumnsOnly. [Usage] */
#define JET_errIndexTuplesTextColumnsOnly (-1433)
/** Tuple index cannot set cbVarSegMac. [Usage] */
#define JET_errIndexTuplesVarSegMacNotAllowed (-1434)
/** Tuple length limits out of range. [Usage] */
#define JET_errIndexTuplesInvalidLimits (-1435)
/** Cannot read column from tuple index. [Usage] */
#define JET_errIndexTuplesCannotRetrieveFromIndex (-1436)
/** Key shorter than minimum tuple. [Usage] */
#define JET_errIndexTuplesKeyTooSmall (-1437)
/** LV chunk size unsupported. [Usage] */
#define JET_errInvalidLVChunkSize (-1438)
/** Column type not encryptable. [Usage] */
#define JET_errColumnCannotBeEncrypted (-1439)
/** Encrypted column cannot be indexed. [Usage] */
#define JET_errCannotIndexOnEncryptedColumn (-1440)
/** Column is long. [Unknown] */
#define JET_errColumnLong (-1501)
/** Offset beyond long value. [Usage] */
#define JET_errColumnNoChunk (-1502)
/** No room in the record. [Usage] */
#define JET_errColumnDoesNotFit (-1503)
/** NULL not permitted. [Usage] */
#define JET_errNullInvalid (-1504)
/** Column indexed; cannot drop. [Unknown] */
#define JET_errColumnIndexed (-1505)
/** Value over column maximum. [Usage] */
#define JET_errColumnTooBig (-1506)
/** No such column. [Usage] */
#define JET_errColumnNotFound (-1507)
/** Column name exists. [Usage] */
#define JET_errColumnDuplicate (-1508)
/** Multi-valued needs a tagged column. [Usage] */
#define JET_errMultiValuedColumnMustBeTagged (-1509)
/** Second version/auto-increment column. [Usage] */
#define JET_errColumnRedundant (-1510)
/** Bad column type. [Usage] */
#define JET_errInvalidColumnType (-1511)
/** Maximum length reduced. [Usage] */
#define JET_wrnColumnMaxTruncated 1512
/** Tagged columns cannot be NOT NULL. [Unknown] */
#define JET_errTaggedNotNULL (-1514)
/** Needs a current index. [Usage] */
#define JET_errNoCurrentIndex (-1515)
/** Key already complete. [Usage] */
#define JET_errKeyIsMade (-1516)
/** Bad columnid. [Usage] */
#define JET_errBadColumnId (-1517)
/** No such multi-value. [State] */
#define JET_errBadItagSequence (-1518)
/** Column belongs to a relationship. [Unknown] */
#define JET_errColumnInRelationship (-1519)
/** Shared long value was split for this record. [State] */
#define JET_wrnCopyLongValue 1520
/** Auto-increment/version cannot be tagged. [Usage] */
#define JET_errCannotBeTagged (-1521)
/** Default value too large. [Usage] */
#define JET_errDefaultValueTooBig (-1524)
/** Duplicate among unique multi-values. [State] */
#define JET_errMultiValuedDuplicate (-1525)
/** Long-value tree damaged. [Corruption] */
#define JET_errLVCorrupted (-1526)
/** Duplicate multi-values after normalising and cutting. [State] */
#define JET_errMultiValuedDuplicateAfterTruncation (-1528)
/** Derived table column damaged. [Corruption] */
#define JET_errDerivedColumnCorruption (-1529)
/** Column cannot be a placeholder. [Usage] */
#define JET_errInvalidPlaceholderColumn (-1530)
/** Value omitted: id/itag was null in request. [State] */
#define JET_wrnColumnSkipped 1531
/** Value omitted: not derivable locally. [State] */
#define JET_wrnColumnNotLocal 1532
/** More values exist than requested. [State] */
#define JET_wrnColumnMoreTags 1533
/** Enumerated value cut to limit. [State] */
#define JET_wrnColumnTruncated 1534
/** Values exist, not returned as asked. [State] */
#define JET_wrnColumnPresent 1535
/** Single value returned compressed. [State] */
#define JET_wrnColumnSingleValue 1536
/** Value omitted: equals default. [State] */
#define JET_wrnColumnDefault 1537
/** Column type not compressible. [Usage] */
#define JET_errColumnCannotBeCompressed (-1538)
/** Value not in the record data. [State] */
#define JET_wrnColumnNotInRecord 1539
/** Encryption key missing. [Usage] */
#define JET_errColumnNoEncryptionKey (-1540)
/** Value returned as reference. [State] */
#define JET_wrnColumnReference 1541
/** No matching record. [State] */
#define JET_errRecordNotFound (-1601)
/** No copy buffer. [Usage] */
#define JET_errRecordNoCopy (-1602)
/** Cursor not on a record. [State] */
#define JET_errNoCurrentRecord (-1603)
/** Primary key change refused. [Usage] */
#define JET_errRecordPrimaryChanged (-1604)
/** Unique key exists. [State] */
#define JET_errKeyDuplicate (-1605)
/** An update is already prepared. [Usage] */
#define JET_errAlreadyPrepared (-1607)
/** No search key made. [Usage] */
#define JET_errKeyNotMade (-1608)
/** No update prepared. [Usage] */
#define JET_errUpdateNotPrepared (-1609)
/** Data changed since read. [Unknown] */
#define JET_wrnDataHasChanged 1610
/** Data changed; aborted. [Unknown] */
#define JET_errDataHasChanged (-1611)
/** Moved to another key. [Unknown] */
#define JET_wrnKeyChanged 1618
/** Language not installed. [Unknown] */
#define JET_errLanguageNotSupported (-1619)
/** Decompression failed. [Corruption] */
#define JET_errDecompressionFailed (-1620)
/** Unversioned update only on uncommitted table. [Usage] */
#define JET_errUpdateMustVersion (-1621)
/** Decryption failed. [Corruption] */
#define JET_errDecryptionFailed (-1622)
/** Only first multi-value can be encrypted. [Usage] */
#define JET_errEncryptionBadItag (-1623)
/** Explicit auto-increment value too high. [Usage] */
#define JET_errSetAutoIncrementTooHigh (-1624)
/** Auto-increment must be set explicitly. [Usage] */
#define JET_errAutoIncrementNotSet (-1625)
/** Sort limit reached. [Memory] */
#define JET_errTooManySorts (-1701)
/** Not valid on a sort. [Unknown] */
#define JET_errInvalidOnSort (-1702)
/** Temp file cannot open. [Unknown] */
#define JET_errTempFileOpenError (-1803)
/** Attachment limit reached. [Usage] */
#define JET_errTooManyAttachedDatabases (-1805)
/** Disk full. [Disk] */
#define JET_errDiskFull (-1808)
/** Permission denied. [Usage] */
#define JET_errPermissionDenied (-1809)
/** File not found. [State] */
#define JET_errFileNotFound (-1811)
/** File kind unexpected. [Inconsistent] */
#define JET_errFileInvalidType (-1812)
/** Opened read-only. [State] */
#define JET_wrnFileOpenReadOnly 1813
/** File exists. [Inconsistent] */
#define JET_errFileAlreadyExists (-1814)
/** Restore must precede init. [Usage] */
#define JET_errAfterInitialization (-1850)
/** Logs not interpretable. [Corruption] */
#define JET_errLogCorrupted (-1852)
/** Operation invalid now. [Usage] */
#define JET_errInvalidOperation (-1906)
/** Access denied. [Unknown] */
#define JET_errAccessDenied (-1907)
/** Idle queue or cache busy. [Quota] */
#define JET_wrnIdleFull 1908
/** Endless split. [Unknown] */
#define JET_errTooManySplits (-1909)
/** Session used by two threads, or transaction moved between threads. [Usage] */
#define JET_errSessionSharingViolation (-1910)
/** Required library entry missing. [Usage] */
#define JET_errEntryPointNotFound (-1911)
/** Session context already set. [Usage] */
#define JET_errSessionContextAlreadySet (-1912)
/** Context belongs to another thread. [Usage] */
#define JET_errSessionContextNotSetByThisThread (-1913)
/** Session busy, cannot end. [Usage] */
#define JET_errSessionInUse (-1914)
/** Record conversion failed. [Corruption] */
#define JET_errRecordFormatConversionFailed (-1915)
/** Second database open in one session refused. [Usage] */
#define JET_errOneDatabasePerSession (-1916)
/** Rollback failed; session unusable. [Fatal] */
#define JET_errRollbackError (-1917)
/** Flush map format unsupported. [Usage] */
#define JET_errFlushMapVersionUnsupported (-1918)
/** Flush map belongs to another database. [Usage] */
#define JET_errFlushMapDatabaseMismatch (-1919)
/** Flush map cannot be rebuilt. [State] */
#define JET_errFlushMapUnrecoverable (-1920)
/** Online defrag already active. [State] */
#define JET_wrnDefragAlreadyRunning 2000
/** Online defrag not active. [State] */
#define JET_wrnDefragNotRunning 2001
/** Maintenance already active. [Usage] */
#define JET_errDatabaseAlreadyRunningMaintenance (-2004)
/** Callback was not registered. [State] */
#define JET_wrnCallbackNotRegistered 2100
/** Callback returned failure. [State] */
#define JET_errCallbackFailed (-2101)
/** Callback not found. [Usage] */
#define JET_errCallbackNotResolved (-2102)
/** Space hints invalid. [Usage] */
#define JET_errSpaceHintsInvalid (-2103)
/** Snapshot call out of order. [Usage] */
#define JET_errOSSnapshotInvalidSequence (-2401)
/** Freeze exceeded its timeout. [Operation] */
#define JET_errOSSnapshotTimeOut (-2402)
/** Backup or recovery blocks the snapshot. [State] */
#define JET_errOSSnapshotNotAllowed (-2403)
/** Unknown snapshot id. [Usage] */
#define JET_errOSSnapshotInvalidSnapId (-2404)
/** Local storage needs a callback. [Usage] */
#define JET_errLSCallbackNotSpecified (-3000)
/** Local storage already set. [Usage] */
#define JET_errLSAlreadySet (-3001)
/** Local storage not set. [State] */
#define JET_errLSNotSet (-3002)
/** I/O hit a sparse region. [Unknown] */
#define JET_errFileIOSparse (-4000)
/** Read past end of file. [Corruption] */
#define JET_errFileIOBeyondEOF (-4001)
/** Callback verdict: abort I/O. [Unknown] */
#define JET_errFileIOAbort (-4002)
/** Callback verdict: retry I/O. [Unknown] */
#define JET_errFileIORetry (-4003)
/** Callback verdict: fail I/O. [Unknown] */
#define JET_errFileIOFail (-4004)
/** Compressed files unsupported. [Usage] */
#define JET_errFileCompressed (-4005)
/** First value reserved for client codes. [Usage] */
#define JET_errClientSpaceBegin (-10000)
/** Last value reserved for client codes. [Usage] */
#define JET_errClientSpaceEnd (-11999)
/** A backup was ended by its caller before it was complete. [Operation] */
#define JET_errBackupAbortByCaller (-800)
/** The name of JET_errBackupAbortByCaller in the published engine source. */
#define errBackupAbortByCaller (-800)

/* ==============================================================================================
 * Structures
 *
 * Every structure that starts with cbStruct is versioned by it: the caller stores sizeof of the
 * version it uses, and the engine reads and writes no further. Layouts are those of 64-bit Windows;
 * padding is natural except where stated.
 * ============================================================================================ */

/* ---- Progress and results ---- */

/** Progress of a long operation: cunitDone of cunitTotal units. */
typedef struct JET_SNPROG {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t cunitDone; /**< units done so far */
    uint32_t cunitTotal; /**< units in all */
} JET_SNPROG;

/** Classes of errors; each class below another one is a special case of it. */
typedef enum JET_ERRCAT {
    JET_errcatUnknown = 0, /**< not classified */
    JET_errcatError = 1, /**< any error */
    JET_errcatOperation = 2, /**< the operation could not be done now; may work later */
    JET_errcatFatal = 3, /**< the process or instance cannot go on */
    JET_errcatIO = 4, /**< a disk or file failed */
    JET_errcatResource = 5, /**< something ran out */
    JET_errcatMemory = 6, /**< memory ran out */
    JET_errcatQuota = 7, /**< a configured limit was reached */
    JET_errcatDisk = 8, /**< disk space ran out */
    JET_errcatData = 9, /**< the data is at fault */
    JET_errcatCorruption = 10, /**< stored data is damaged */
    JET_errcatInconsistent = 11, /**< files do not fit together */
    JET_errcatFragmentation = 12, /**< an internal limit that defragmentation cures */
    JET_errcatApi = 13, /**< the call is at fault */
    JET_errcatUsage = 14, /**< the caller made a mistake */
    JET_errcatState = 15, /**< the call does not fit the present state */
    JET_errcatObsolete = 16, /**< kept for old programs */
    JET_errcatMax = 17, /**< number of classes */
} JET_ERRCAT;

/** What JetGetErrorInfoW says about an error number. */
typedef struct JET_ERRINFOBASIC_W {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_ERR errValue; /**< in: the error to classify */
    JET_ERRCAT errcatMostSpecific; /**< most specific class */
    /** classes from general to specific, JET_ERRCAT values, 0-terminated */
    uint8_t rgCategoricalHierarchy[8];
    uint32_t lSourceLine; /**< line in the engine's source, 0 if unknown */
    char16_t rgszSourceFile[64]; /**< file in the engine's source, empty if unknown */
} JET_ERRINFOBASIC_W;

/** Only the UTF-16LE form exists. */
typedef JET_ERRINFOBASIC_W JET_ERRINFOBASIC;

/* ---- Positions, times, identities ---- */

/** A position in the log stream: generation, sector in the file, byte in the sector. 8 bytes. */
typedef struct JET_LGPOS {
    uint16_t ib; /**< byte in the sector */
    uint16_t isec; /**< sector in the file */
    int32_t lGeneration; /**< log generation */
} JET_LGPOS;

/** A point in time as log files store it, to the millisecond. All zero: not set. */
ESENT_EXTENSION typedef struct JET_LOGTIME {
    char bSeconds; /**< 0-59 */
    char bMinutes; /**< 0-59 */
    char bHours; /**< 0-23 */
    char bDay; /**< 1-31 */
    char bMonth; /**< 1-12 */
    char bYear; /**< years since 1900 */
    union {
        char bFiller1; /**< both fields below as one byte */
        struct {
            uint8_t fTimeIsUTC : 1; /**< time is UTC, not local */
            uint8_t bMillisecondsLow : 7; /**< low 7 bits of the milliseconds */
        };
    };
    union {
        char bFiller2; /**< the fields below as one byte */
        struct {
            uint8_t fReserved : 1; /**< 0 */
            uint8_t bMillisecondsHigh : 3; /**< high 3 bits of the milliseconds */
            uint8_t fUnused : 4; /**< 0 */
        };
    };
} JET_LOGTIME;

/** A JET_LOGTIME of a backup, which also tells whether it was a snapshot. */
ESENT_EXTENSION typedef struct JET_BKLOGTIME {
    char bSeconds; /**< 0-59 */
    char bMinutes; /**< 0-59 */
    char bHours; /**< 0-23 */
    char bDay; /**< 1-31 */
    char bMonth; /**< 1-12 */
    char bYear; /**< years since 1900 */
    union {
        char bFiller1; /**< both fields below as one byte */
        struct {
            uint8_t fTimeIsUTC : 1; /**< time is UTC, not local */
            uint8_t bMillisecondsLow : 7; /**< low 7 bits of the milliseconds */
        };
    };
    union {
        char bFiller2; /**< the fields below as one byte */
        struct {
            uint8_t fOSSnapshot : 1; /**< the backup was a snapshot */
            uint8_t bMillisecondsHigh : 3; /**< high 3 bits of the milliseconds */
            uint8_t fReserved : 4; /**< 0 */
        };
    };
} JET_BKLOGTIME;

/** Identity of a database or a log stream: random number, creation time, computer. */
typedef struct JET_SIGNATURE {
    uint32_t ulRandom; /**< random number */
    JET_LOGTIME logtimeCreate; /**< creation time */
    char szComputerName[JET_MAX_COMPUTERNAME_LENGTH + 1]; /**< computer, zero-terminated */
} JET_SIGNATURE;

/** One backup recorded in a database header. All zero: none. */
typedef struct JET_BKINFO {
    JET_LGPOS lgposMark; /**< where the backup began */
    union {
        JET_LOGTIME logtimeMark; /**< when */
        JET_BKLOGTIME bklogtimeMark; /**< when, and how */
    };
    uint32_t genLow; /**< first log of the backup, 0 if none */
    uint32_t genHigh; /**< last log of the backup, 0 if none */
} JET_BKINFO;

/** Identity of an outermost commit; comparable within one log stream. */
typedef struct JET_COMMIT_ID {
    JET_SIGNATURE signLog; /**< log stream */
    int32_t reserved; /**< 0 */
    int64_t commitId; /**< number of the commit in the stream */
} JET_COMMIT_ID;

/** Caller context carried into traces (JET_sesparamOperationContext). */
typedef struct JET_OPERATIONCONTEXT {
    uint32_t ulUserID; /**< caller's number */
    uint8_t nOperationID; /**< caller's number */
    uint8_t nOperationType; /**< caller's number */
    uint8_t nClientType; /**< caller's number */
    uint8_t fFlags; /**< caller's bits */
} JET_OPERATIONCONTEXT;

/* ---- Instances, parameters, recovery ---- */

/** One parameter for JetEnableMultiInstance. (UTF-8 strings.) */
typedef struct JET_SETSYSPARAM_A {
    uint32_t paramid; /**< JET_param constant */
    JET_API_PTR lParam; /**< integer value */
    const char *sz; /**< string value, NULL if none */
    JET_ERR err; /**< out: result for this parameter */
} JET_SETSYSPARAM_A;

/** One parameter for JetEnableMultiInstance. (UTF-16LE strings; fields as in the _A form.) */
typedef struct JET_SETSYSPARAM_W {
    uint32_t paramid;
    JET_API_PTR lParam;
    const char16_t *sz;
    JET_ERR err;
} JET_SETSYSPARAM_W;

#ifdef JET_UNICODE
typedef JET_SETSYSPARAM_W JET_SETSYSPARAM;
#else
typedef JET_SETSYSPARAM_A JET_SETSYSPARAM;
#endif

/**
 * One running instance and its databases. (UTF-8 strings.)
 * The array, its strings and its lists are one block; release the array with JetFreeBuffer.
 */
typedef struct JET_INSTANCE_INFO_A {
    JET_INSTANCE hInstanceId; /**< instance */
    char *szInstanceName; /**< its name, NULL if it has none */
    JET_API_PTR cDatabases; /**< elements of the lists */
    char **szDatabaseFileName; /**< paths of the databases */
    char **szDatabaseDisplayName; /**< display names, may be NULL */
    char **szDatabaseSLVFileName_Obsolete; /**< NULL */
} JET_INSTANCE_INFO_A;

/** One running instance and its databases. (UTF-16LE strings; fields as in the _A form.) */
typedef struct JET_INSTANCE_INFO_W {
    JET_INSTANCE hInstanceId;
    char16_t *szInstanceName;
    JET_API_PTR cDatabases;
    char16_t **szDatabaseFileName;
    char16_t **szDatabaseDisplayName;
    char16_t **szDatabaseSLVFileName_Obsolete;
} JET_INSTANCE_INFO_W;

#ifdef JET_UNICODE
typedef JET_INSTANCE_INFO_W JET_INSTANCE_INFO;
#else
typedef JET_INSTANCE_INFO_A JET_INSTANCE_INFO;
#endif

/** Where a database is now that the log knows by another path. (UTF-8 strings.) */
typedef struct JET_RSTMAP_A {
    char *szDatabaseName; /**< path that the log knows */
    char *szNewDatabaseName; /**< path to use */
} JET_RSTMAP_A;

/**
 * Where a database is now that the log knows by another path. (UTF-16LE strings; fields as in the
 * _A form.)
 */
typedef struct JET_RSTMAP_W {
    char16_t *szDatabaseName;
    char16_t *szNewDatabaseName;
} JET_RSTMAP_W;

#ifdef JET_UNICODE
typedef JET_RSTMAP_W JET_RSTMAP;
#else
typedef JET_RSTMAP_A JET_RSTMAP;
#endif

/** Options of JetInit3: path map, stop position, progress callback. (UTF-8 strings.) */
typedef struct JET_RSTINFO_A {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_RSTMAP_A *rgrstmap; /**< path map, crstmap elements */
    int32_t crstmap; /**< elements of rgrstmap, 0 to 14 */
    JET_LGPOS lgposStop; /**< stop after this position; all zero: recover to the end */
    JET_LOGTIME logtimeStop; /**< stop after this time; all zero: recover to the end */
    JET_PFNSTATUS pfnStatus; /**< progress callback, may be NULL */
} JET_RSTINFO_A;

/**
 * Options of JetInit3: path map, stop position, progress callback. (UTF-16LE strings; fields as in
 * the _A form.)
 */
typedef struct JET_RSTINFO_W {
    uint32_t cbStruct;
    JET_RSTMAP_W *rgrstmap;
    int32_t crstmap;
    JET_LGPOS lgposStop;
    JET_LOGTIME logtimeStop;
    JET_PFNSTATUS pfnStatus;
} JET_RSTINFO_W;

#ifdef JET_UNICODE
typedef JET_RSTINFO_W JET_RSTINFO;
#else
typedef JET_RSTINFO_A JET_RSTINFO;
#endif

/**
 * Range of logs of a backup. (UTF-8 strings.)
 * cbSize is sizeof the structure.
 */
typedef struct JET_LOGINFO_A {
    uint32_t cbSize; /**< sizeof this structure */
    uint32_t ulGenLow; /**< first log generation */
    uint32_t ulGenHigh; /**< last log generation */
    char szBaseName[JET_BASE_NAME_LENGTH + 1]; /**< prefix of the log file names */
} JET_LOGINFO_A;

/** Range of logs of a backup. (UTF-16LE strings; fields as in the _A form.) */
typedef struct JET_LOGINFO_W {
    uint32_t cbSize;
    uint32_t ulGenLow;
    uint32_t ulGenHigh;
    char16_t szBaseName[JET_BASE_NAME_LENGTH + 1];
} JET_LOGINFO_W;

#ifdef JET_UNICODE
typedef JET_LOGINFO_W JET_LOGINFO;
#else
typedef JET_LOGINFO_A JET_LOGINFO;
#endif

/** Work that the calling thread has caused since it started. 32 bytes. */
typedef struct JET_THREADSTATS {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t cPageReferenced; /**< pages looked at */
    uint32_t cPageRead; /**< pages read from disk */
    uint32_t cPagePreread; /**< pages read ahead */
    uint32_t cPageDirtied; /**< clean pages changed */
    uint32_t cPageRedirtied; /**< dirty pages changed again */
    uint32_t cLogRecord; /**< log records written */
    uint32_t cbLogRecord; /**< bytes of log records */
} JET_THREADSTATS;

/** JET_THREADSTATS with cache misses. 48 bytes. */
typedef struct JET_THREADSTATS2 {
    uint32_t cbStruct;
    uint32_t cPageReferenced;
    uint32_t cPageRead;
    uint32_t cPagePreread;
    uint32_t cPageDirtied;
    uint32_t cPageRedirtied;
    uint32_t cLogRecord;
    uint32_t cbLogRecord;
    uint64_t cusecPageCacheMiss; /**< microseconds spent waiting for pages */
    uint32_t cPageCacheMiss; /**< times a page was waited for */
} JET_THREADSTATS2;

/** JET_THREADSTATS2 with reads of separated long values. */
typedef struct JET_THREADSTATS3 {
    uint32_t cbStruct;
    uint32_t cPageReferenced;
    uint32_t cPageRead;
    uint32_t cPagePreread;
    uint32_t cPageDirtied;
    uint32_t cPageRedirtied;
    uint32_t cLogRecord;
    uint32_t cbLogRecord;
    uint64_t cusecPageCacheMiss;
    uint32_t cPageCacheMiss;
    uint32_t cSeparatedLongValueRead; /**< long values read from outside their record */
    uint64_t cusecLongValuePageCacheMiss; /**< microseconds spent waiting for pages of long values */
    uint32_t cLongValuePageCacheMiss; /**< times a page of a long value was waited for */
} JET_THREADSTATS3;

/* ---- Databases ---- */

/** What the header of a database says (JET_DbInfoMisc). 216 bytes. */
typedef struct JET_DBINFOMISC {
    uint32_t ulVersion; /**< format version */
    uint32_t ulUpdate; /**< format update */
    JET_SIGNATURE signDb; /**< identity of the database */
    uint32_t dbstate; /**< JET_dbstate constant */
    JET_LGPOS lgposConsistent; /**< position of the last clean close */
    JET_LOGTIME logtimeConsistent; /**< time of the last clean close */
    JET_LOGTIME logtimeAttach; /**< last attach */
    JET_LGPOS lgposAttach; /**< last attach */
    JET_LOGTIME logtimeDetach; /**< last detach */
    JET_LGPOS lgposDetach; /**< last detach */
    JET_SIGNATURE signLog; /**< log stream of the database */
    JET_BKINFO bkinfoFullPrev; /**< last full backup */
    JET_BKINFO bkinfoIncPrev; /**< last incremental backup */
    JET_BKINFO bkinfoFullCur; /**< full backup under way */
    uint32_t fShadowingDisabled; /**< no shadow catalog */
    uint32_t fUpgradeDb; /**< upgrade under way */
    uint32_t dwMajorVersion; /**< operating system that attached last */
    uint32_t dwMinorVersion; /**< operating system that attached last */
    uint32_t dwBuildNumber; /**< operating system that attached last */
    int32_t lSPNumber; /**< operating system that attached last */
    uint32_t cbPageSize; /**< page size in bytes */
} JET_DBINFOMISC;

/** JET_DBINFOMISC with required logs and counters of repairs and checksum faults. */
typedef struct JET_DBINFOMISC2 {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired; /**< first log needed to become clean, 0 if none */
    uint32_t genMaxRequired; /**< last log needed to become clean, 0 if none */
    JET_LOGTIME logtimeGenMaxCreate; /**< creation time of that log */
    uint32_t ulRepairCount; /**< repairs */
    JET_LOGTIME logtimeRepair; /**< last repair */
    uint32_t ulRepairCountOld; /**< repairs before the last defragmentation */
    uint32_t ulECCFixSuccess; /**< bit faults corrected */
    JET_LOGTIME logtimeECCFixSuccess; /**< last correction */
    uint32_t ulECCFixSuccessOld; /**< corrections before the last repair */
    uint32_t ulECCFixFail; /**< bit faults that could not be corrected */
    JET_LOGTIME logtimeECCFixFail; /**< last such fault */
    uint32_t ulECCFixFailOld; /**< such faults before the last repair */
    uint32_t ulBadChecksum; /**< pages with a wrong checksum */
    JET_LOGTIME logtimeBadChecksum; /**< last such page */
    uint32_t ulBadChecksumOld; /**< such pages before the last repair */
} JET_DBINFOMISC2;

/** JET_DBINFOMISC2 with the newest committed log. */
typedef struct JET_DBINFOMISC3 {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
    uint32_t genCommitted; /**< newest log with committed transactions */
} JET_DBINFOMISC3;

/** JET_DBINFOMISC3 with copy and differential backups. 348 bytes. */
typedef struct JET_DBINFOMISC4 {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
    uint32_t genCommitted;
    JET_BKINFO bkinfoCopyPrev; /**< last copy backup */
    JET_BKINFO bkinfoDiffPrev; /**< last differential backup */
} JET_DBINFOMISC4;

/** What an upgrade of a database file would take (JET_DbInfoUpgrade). */
ESENT_EXTENSION typedef struct JET_DBINFOUPGRADE {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t cbFilesizeLow; /**< file size, low half */
    uint32_t cbFilesizeHigh; /**< file size, high half */
    uint32_t cbFreeSpaceRequiredLow; /**< space needed, low half */
    uint32_t cbFreeSpaceRequiredHigh; /**< space needed, high half */
    uint32_t csecToUpgrade; /**< estimated seconds */
    union {
        uint32_t ulFlags; /**< the flags below as one number */
        struct {
            uint32_t fUpgradable : 1; /**< can be upgraded */
            uint32_t fAlreadyUpgraded : 1; /**< needs no upgrade */
        };
    };
} JET_DBINFOUPGRADE;

/** Obsolete argument of JetCompact; pass NULL. (UTF-8 strings.) */
ESENT_EXTENSION typedef struct tagCONVERT_A {
    char *szOldDll; /**< not used */
    union {
        uint32_t fFlags; /**< not used */
        struct {
            uint32_t fSchemaChangesOnly : 1; /**< not used */
        };
    };
} JET_CONVERT_A;

/** Obsolete argument of JetCompact; pass NULL. (UTF-16LE strings; fields as in the _A form.) */
ESENT_EXTENSION typedef struct tagCONVERT_W {
    char16_t *szOldDll;
    union {
        uint32_t fFlags;
        struct {
            uint32_t fSchemaChangesOnly : 1;
        };
    };
} JET_CONVERT_W;

#ifdef JET_UNICODE
typedef JET_CONVERT_W JET_CONVERT;
#else
typedef JET_CONVERT_A JET_CONVERT;
#endif

/* ---- Tables, columns, indexes: definitions ---- */

/** Definition of a column. 28 bytes. */
typedef struct JET_COLUMNDEF {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_COLUMNID columnid; /**< out: column */
    JET_COLTYP coltyp; /**< JET_coltyp constant */
    uint16_t wCountry; /**< reserved, 0 */
    uint16_t langid; /**< reserved, 0 */
    uint16_t cp; /**< code page of text: 1252 (ASCII) or 1200 (Unicode) */
    uint16_t wCollate; /**< reserved, 0 */
    uint32_t cbMax; /**< largest value in bytes, 0: the type's own limit */
    JET_GRBIT grbit; /**< JET_bitColumn bits */
} JET_COLUMNDEF;

/** A column to be created with its table. 56 bytes. (UTF-8 strings.) */
typedef struct tag_JET_COLUMNCREATE_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szColumnName; /**< column name */
    JET_COLTYP coltyp; /**< JET_coltyp constant */
    uint32_t cbMax; /**< largest value in bytes, 0: the type's own limit */
    JET_GRBIT grbit; /**< JET_bitColumn bits */
    void *pvDefault; /**< default value, NULL if none */
    uint32_t cbDefault; /**< bytes of pvDefault */
    uint32_t cp; /**< code page of text: 1252 (ASCII) or 1200 (Unicode) */
    JET_COLUMNID columnid; /**< out: column */
    JET_ERR err; /**< out: result for this column */
} JET_COLUMNCREATE_A;

/**
 * A column to be created with its table. 56 bytes. (UTF-16LE strings; fields as in the _A form.)
 */
typedef struct tag_JET_COLUMNCREATE_W {
    uint32_t cbStruct;
    char16_t *szColumnName;
    JET_COLTYP coltyp;
    uint32_t cbMax;
    JET_GRBIT grbit;
    void *pvDefault;
    uint32_t cbDefault;
    uint32_t cp;
    JET_COLUMNID columnid;
    JET_ERR err;
} JET_COLUMNCREATE_W;

#ifdef JET_UNICODE
typedef JET_COLUMNCREATE_W JET_COLUMNCREATE;
#else
typedef JET_COLUMNCREATE_A JET_COLUMNCREATE;
#endif

/**
 * Default value that a callback computes; given as the default of a column with
 * JET_bitColumnUserDefinedDefault. (UTF-8 strings.)
 */
typedef struct tag_JET_USERDEFINEDDEFAULT_A {
    char *szCallback; /**< "module!function", see JET_paramEnablePersistedCallbacks */
    uint8_t *pbUserData; /**< passed to the callback */
    uint32_t cbUserData; /**< bytes of pbUserData */
    char *szDependantColumns; /**< columns the value depends on: double-zero list, or NULL */
} JET_USERDEFINEDDEFAULT_A;

/**
 * Default value that a callback computes; given as the default of a column with
 * JET_bitColumnUserDefinedDefault. (UTF-16LE strings; fields as in the _A form.)
 */
typedef struct tag_JET_USERDEFINEDDEFAULT_W {
    char16_t *szCallback;
    uint8_t *pbUserData;
    uint32_t cbUserData;
    char16_t *szDependantColumns;
} JET_USERDEFINEDDEFAULT_W;

#ifdef JET_UNICODE
typedef JET_USERDEFINEDDEFAULT_W JET_USERDEFINEDDEFAULT;
#else
typedef JET_USERDEFINEDDEFAULT_A JET_USERDEFINEDDEFAULT;
#endif

/** Condition on a column that decides whether a record is in an index. (UTF-8 strings.) */
typedef struct tagJET_CONDITIONALCOLUMN_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szColumnName; /**< column name */
    JET_GRBIT grbit; /**< JET_bitIndexColumnMustBeNull or ...MustBeNonNull */
} JET_CONDITIONALCOLUMN_A;

/**
 * Condition on a column that decides whether a record is in an index. (UTF-16LE strings; fields as
 * in the _A form.)
 */
typedef struct tagJET_CONDITIONALCOLUMN_W {
    uint32_t cbStruct;
    char16_t *szColumnName;
    JET_GRBIT grbit;
} JET_CONDITIONALCOLUMN_W;

#ifdef JET_UNICODE
typedef JET_CONDITIONALCOLUMN_W JET_CONDITIONALCOLUMN;
#else
typedef JET_CONDITIONALCOLUMN_A JET_CONDITIONALCOLUMN;
#endif

/**
 * Collation of an index by locale id. Sort keys are those of Windows where its weights are installed; elsewhere ICU makes them,
 * under a sort id of its own (docs/porting.md), and refuses some flags with JET_errFeatureNotAvailable, as it all does without ICU.
 */
typedef struct tagJET_UNICODEINDEX {
    uint32_t lcid; /**< locale id */
    uint32_t dwMapFlags; /**< LCMapString flags of the sort key */
} JET_UNICODEINDEX;

/** Collation of an index by locale name. Whose sort keys: see JET_UNICODEINDEX. */
typedef struct tagJET_UNICODEINDEX2 {
    char16_t *szLocaleName; /**< locale name such as "en-US" */
    uint32_t dwMapFlags; /**< LCMapString flags of the sort key */
} JET_UNICODEINDEX2;

/** Sizes of the substrings of a JET_bitIndexTuples index, in characters; zero takes the default. */
typedef struct tagJET_TUPLELIMITS {
    uint32_t chLengthMin; /**< shortest substring indexed */
    uint32_t chLengthMax; /**< longest substring indexed */
    uint32_t chToIndexMax; /**< characters of the column looked at */
    uint32_t cchIncrement; /**< step between substrings */
    uint32_t ichStart; /**< first character looked at */
} JET_TUPLELIMITS;

/** How a tree is expected to grow; sizes in bytes, densities in percent. */
typedef struct tagJET_SPACEHINTS {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t ulInitialDensity; /**< fill of pages at creation in percent */
    uint32_t cbInitial; /**< bytes allocated at creation */
    JET_GRBIT grbit; /**< JET_bitSpaceHints, JET_bitCreateHint, ... bits */
    uint32_t ulMaintDensity; /**< defragment when pages are filled less than this, percent; 0: never */
    uint32_t ulGrowth; /**< size of the next extent in percent of the last one */
    uint32_t cbMinExtent; /**< smallest extent */
    uint32_t cbMaxExtent; /**< largest extent */
} JET_SPACEHINTS;

/**
 * JET_INDEXCREATE without cbKeyMost: the 72-byte form of the interface before Vista, still accepted
 *   by its cbStruct. (UTF-8 strings.)
 */
typedef struct tagJET_INDEXCREATEOLD_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szIndexName; /**< index name */
    char *szKey; /**< "+a", "-b" for ascending a, descending b: double-zero list */
    uint32_t cbKey; /**< bytes of szKey with both zeros */
    JET_GRBIT grbit; /**< JET_bitIndex bits */
    uint32_t ulDensity; /**< fill of pages at creation in percent, 0: default */
    union {
        uint32_t lcid; /**< locale id; without JET_bitIndexUnicode */
        JET_UNICODEINDEX *pidxunicode; /**< collation; with JET_bitIndexUnicode */
    };
    union {
        uint32_t cbVarSegMac; /**< most bytes of one column in the key, 0: no limit */
        JET_TUPLELIMITS *ptuplelimits; /**< with JET_bitIndexTupleLimits */
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn; /**< conditions, all must hold */
    uint32_t cConditionalColumn; /**< elements of rgconditionalcolumn */
    JET_ERR err; /**< out: result for this index */
} JET_INDEXCREATEOLD_A;

/**
 * JET_INDEXCREATE without cbKeyMost: the 72-byte form of the interface before Vista, still accepted
 *   by its cbStruct. (UTF-16LE strings; fields as in the _A form.)
 */
typedef struct tagJET_INDEXCREATEOLD_W {
    uint32_t cbStruct;
    char16_t *szIndexName;
    char16_t *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    union {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
} JET_INDEXCREATEOLD_W;

#ifdef JET_UNICODE
typedef JET_INDEXCREATEOLD_W JET_INDEXCREATEOLD;
#else
typedef JET_INDEXCREATEOLD_A JET_INDEXCREATEOLD;
#endif

/** An index to be created. 80 bytes. (UTF-8 strings.) */
typedef struct tagJET_INDEXCREATE_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szIndexName; /**< index name */
    char *szKey; /**< "+a", "-b" for ascending a, descending b: double-zero list */
    uint32_t cbKey; /**< bytes of szKey with both zeros */
    JET_GRBIT grbit; /**< JET_bitIndex bits */
    uint32_t ulDensity; /**< fill of pages at creation in percent, 0: default */
    union {
        uint32_t lcid; /**< locale id; without JET_bitIndexUnicode */
        JET_UNICODEINDEX *pidxunicode; /**< collation; with JET_bitIndexUnicode */
    };
    union {
        uint32_t cbVarSegMac; /**< most bytes of one column in the key, 0: no limit */
        JET_TUPLELIMITS *ptuplelimits; /**< with JET_bitIndexTupleLimits */
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn; /**< conditions, all must hold */
    uint32_t cConditionalColumn; /**< elements of rgconditionalcolumn */
    JET_ERR err; /**< out: result for this index */
    uint32_t cbKeyMost; /**< most bytes of the key; with JET_bitIndexKeyMost */
} JET_INDEXCREATE_A;

/** An index to be created. 80 bytes. (UTF-16LE strings; fields as in the _A form.) */
typedef struct tagJET_INDEXCREATE_W {
    uint32_t cbStruct;
    char16_t *szIndexName;
    char16_t *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    union {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
} JET_INDEXCREATE_W;

#ifdef JET_UNICODE
typedef JET_INDEXCREATE_W JET_INDEXCREATE;
#else
typedef JET_INDEXCREATE_A JET_INDEXCREATE;
#endif

/** JET_INDEXCREATE with space hints. 88 bytes. (UTF-8 strings.) */
typedef struct tagJET_INDEXCREATE2_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szIndexName; /**< index name */
    char *szKey; /**< "+a", "-b" for ascending a, descending b: double-zero list */
    uint32_t cbKey; /**< bytes of szKey with both zeros */
    JET_GRBIT grbit; /**< JET_bitIndex bits */
    uint32_t ulDensity; /**< fill of pages at creation in percent, 0: default */
    union {
        uint32_t lcid; /**< locale id; without JET_bitIndexUnicode */
        JET_UNICODEINDEX *pidxunicode; /**< collation; with JET_bitIndexUnicode */
    };
    union {
        uint32_t cbVarSegMac; /**< most bytes of one column in the key, 0: no limit */
        JET_TUPLELIMITS *ptuplelimits; /**< with JET_bitIndexTupleLimits */
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn; /**< conditions, all must hold */
    uint32_t cConditionalColumn; /**< elements of rgconditionalcolumn */
    JET_ERR err; /**< out: result for this index */
    uint32_t cbKeyMost; /**< most bytes of the key; with JET_bitIndexKeyMost */
    JET_SPACEHINTS *pSpacehints; /**< may be NULL */
} JET_INDEXCREATE2_A;

/** JET_INDEXCREATE with space hints. 88 bytes. (UTF-16LE strings; fields as in the _A form.) */
typedef struct tagJET_INDEXCREATE2_W {
    uint32_t cbStruct;
    char16_t *szIndexName;
    char16_t *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    union {
        uint32_t lcid;
        JET_UNICODEINDEX *pidxunicode;
    };
    union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE2_W;

#ifdef JET_UNICODE
typedef JET_INDEXCREATE2_W JET_INDEXCREATE2;
#else
typedef JET_INDEXCREATE2_A JET_INDEXCREATE2;
#endif

/** JET_INDEXCREATE2 with the collation given by locale name. 88 bytes. (UTF-8 strings.) */
typedef struct tagJET_INDEXCREATE3_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szIndexName; /**< index name */
    char *szKey; /**< "+a", "-b" for ascending a, descending b: double-zero list */
    uint32_t cbKey; /**< bytes of szKey with both zeros */
    JET_GRBIT grbit; /**< JET_bitIndex bits */
    uint32_t ulDensity; /**< fill of pages at creation in percent, 0: default */
    JET_UNICODEINDEX2 *pidxunicode; /**< collation; with JET_bitIndexUnicode */
    union {
        uint32_t cbVarSegMac; /**< most bytes of one column in the key, 0: no limit */
        JET_TUPLELIMITS *ptuplelimits; /**< with JET_bitIndexTupleLimits */
    };
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn; /**< conditions, all must hold */
    uint32_t cConditionalColumn; /**< elements of rgconditionalcolumn */
    JET_ERR err; /**< out: result for this index */
    uint32_t cbKeyMost; /**< most bytes of the key; with JET_bitIndexKeyMost */
    JET_SPACEHINTS *pSpacehints; /**< may be NULL */
} JET_INDEXCREATE3_A;

/**
 * JET_INDEXCREATE2 with the collation given by locale name. 88 bytes. (UTF-16LE strings; fields as
 *   in the _A form.)
 */
typedef struct tagJET_INDEXCREATE3_W {
    uint32_t cbStruct;
    char16_t *szIndexName;
    char16_t *szKey;
    uint32_t cbKey;
    JET_GRBIT grbit;
    uint32_t ulDensity;
    JET_UNICODEINDEX2 *pidxunicode;
    union {
        uint32_t cbVarSegMac;
        JET_TUPLELIMITS *ptuplelimits;
    };
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
    JET_ERR err;
    uint32_t cbKeyMost;
    JET_SPACEHINTS *pSpacehints;
} JET_INDEXCREATE3_W;

#ifdef JET_UNICODE
typedef JET_INDEXCREATE3_W JET_INDEXCREATE3;
#else
typedef JET_INDEXCREATE3_A JET_INDEXCREATE3;
#endif

/** A table to be created with its columns and indexes. (UTF-8 strings.) */
typedef struct tagJET_TABLECREATE_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szTableName; /**< table name */
    char *szTemplateTableName; /**< template to derive from, or NULL */
    uint32_t ulPages; /**< pages allocated at creation */
    uint32_t ulDensity; /**< fill of pages in percent, 0: default */
    JET_COLUMNCREATE_A *rgcolumncreate; /**< columns */
    uint32_t cColumns; /**< elements of rgcolumncreate */
    JET_INDEXCREATE_A *rgindexcreate; /**< indexes; the whole array has elements of one version */
    uint32_t cIndexes; /**< elements of rgindexcreate */
    JET_GRBIT grbit; /**< JET_bitTableCreate bits */
    JET_TABLEID tableid; /**< out: cursor on the new table */
    uint32_t cCreated; /**< out: objects created (table, columns, indexes) */
} JET_TABLECREATE_A;

/**
 * A table to be created with its columns and indexes. (UTF-16LE strings; fields as in the _A form.)
 */
typedef struct tagJET_TABLECREATE_W {
    uint32_t cbStruct;
    char16_t *szTableName;
    char16_t *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_W *rgindexcreate;
    uint32_t cIndexes;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE_W;

#ifdef JET_UNICODE
typedef JET_TABLECREATE_W JET_TABLECREATE;
#else
typedef JET_TABLECREATE_A JET_TABLECREATE;
#endif

/** JET_TABLECREATE with a callback. 96 bytes. (UTF-8 strings.) */
typedef struct tagJET_TABLECREATE2_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szTableName; /**< table name */
    char *szTemplateTableName; /**< template to derive from, or NULL */
    uint32_t ulPages; /**< pages allocated at creation */
    uint32_t ulDensity; /**< fill of pages in percent, 0: default */
    JET_COLUMNCREATE_A *rgcolumncreate; /**< columns */
    uint32_t cColumns; /**< elements of rgcolumncreate */
    JET_INDEXCREATE_A *rgindexcreate; /**< indexes; the whole array has elements of one version */
    uint32_t cIndexes; /**< elements of rgindexcreate */
    char *szCallback; /**< "module!function" called for changes of the table, or NULL */
    JET_CBTYP cbtyp; /**< JET_cbtyp constant */
    JET_GRBIT grbit; /**< JET_bitTableCreate bits */
    JET_TABLEID tableid; /**< out: cursor on the new table */
    uint32_t cCreated; /**< out: objects created (table, columns, indexes) */
} JET_TABLECREATE2_A;

/** JET_TABLECREATE with a callback. 96 bytes. (UTF-16LE strings; fields as in the _A form.) */
typedef struct tagJET_TABLECREATE2_W {
    uint32_t cbStruct;
    char16_t *szTableName;
    char16_t *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE_W *rgindexcreate;
    uint32_t cIndexes;
    char16_t *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE2_W;

#ifdef JET_UNICODE
typedef JET_TABLECREATE2_W JET_TABLECREATE2;
#else
typedef JET_TABLECREATE2_A JET_TABLECREATE2;
#endif

/** JET_TABLECREATE2 with space hints and JET_INDEXCREATE2 indexes. 120 bytes. (UTF-8 strings.) */
typedef struct tagJET_TABLECREATE3_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szTableName; /**< table name */
    char *szTemplateTableName; /**< template to derive from, or NULL */
    uint32_t ulPages; /**< pages allocated at creation */
    uint32_t ulDensity; /**< fill of pages in percent, 0: default */
    JET_COLUMNCREATE_A *rgcolumncreate; /**< columns */
    uint32_t cColumns; /**< elements of rgcolumncreate */
    JET_INDEXCREATE2_A *rgindexcreate; /**< indexes; the whole array has elements of one version */
    uint32_t cIndexes; /**< elements of rgindexcreate */
    char *szCallback; /**< "module!function" called for changes of the table, or NULL */
    JET_CBTYP cbtyp; /**< JET_cbtyp constant */
    JET_GRBIT grbit; /**< JET_bitTableCreate bits */
    JET_SPACEHINTS *pSeqSpacehints; /**< hints for the records, may be NULL */
    JET_SPACEHINTS *pLVSpacehints; /**< hints for the long values, may be NULL */
    uint32_t cbSeparateLV; /**< size above which long values leave the record, 0: default */
    JET_TABLEID tableid; /**< out: cursor on the new table */
    uint32_t cCreated; /**< out: objects created (table, columns, indexes) */
} JET_TABLECREATE3_A;

/**
 * JET_TABLECREATE2 with space hints and JET_INDEXCREATE2 indexes. 120 bytes. (UTF-16LE strings;
 *   fields as in the _A form.)
 */
typedef struct tagJET_TABLECREATE3_W {
    uint32_t cbStruct;
    char16_t *szTableName;
    char16_t *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE2_W *rgindexcreate;
    uint32_t cIndexes;
    char16_t *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE3_W;

#ifdef JET_UNICODE
typedef JET_TABLECREATE3_W JET_TABLECREATE3;
#else
typedef JET_TABLECREATE3_A JET_TABLECREATE3;
#endif

/** JET_TABLECREATE3 with JET_INDEXCREATE3 indexes. 120 bytes. (UTF-8 strings.) */
typedef struct tagJET_TABLECREATE4_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szTableName; /**< table name */
    char *szTemplateTableName; /**< template to derive from, or NULL */
    uint32_t ulPages; /**< pages allocated at creation */
    uint32_t ulDensity; /**< fill of pages in percent, 0: default */
    JET_COLUMNCREATE_A *rgcolumncreate; /**< columns */
    uint32_t cColumns; /**< elements of rgcolumncreate */
    JET_INDEXCREATE3_A *rgindexcreate; /**< indexes; the whole array has elements of one version */
    uint32_t cIndexes; /**< elements of rgindexcreate */
    char *szCallback; /**< "module!function" called for changes of the table, or NULL */
    JET_CBTYP cbtyp; /**< JET_cbtyp constant */
    JET_GRBIT grbit; /**< JET_bitTableCreate bits */
    JET_SPACEHINTS *pSeqSpacehints; /**< hints for the records, may be NULL */
    JET_SPACEHINTS *pLVSpacehints; /**< hints for the long values, may be NULL */
    uint32_t cbSeparateLV; /**< size above which long values leave the record, 0: default */
    JET_TABLEID tableid; /**< out: cursor on the new table */
    uint32_t cCreated; /**< out: objects created (table, columns, indexes) */
} JET_TABLECREATE4_A;

/**
 * JET_TABLECREATE3 with JET_INDEXCREATE3 indexes. 120 bytes. (UTF-16LE strings; fields as in the _A
 *   form.)
 */
typedef struct tagJET_TABLECREATE4_W {
    uint32_t cbStruct;
    char16_t *szTableName;
    char16_t *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE3_W *rgindexcreate;
    uint32_t cIndexes;
    char16_t *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE4_W;

#ifdef JET_UNICODE
typedef JET_TABLECREATE4_W JET_TABLECREATE4;
#else
typedef JET_TABLECREATE4_A JET_TABLECREATE4;
#endif

/** A temporary table to be created, collation by locale id. 64 bytes. */
typedef struct tagJET_OPENTEMPORARYTABLE {
    uint32_t cbStruct; /**< sizeof this structure */
    const JET_COLUMNDEF *prgcolumndef; /**< columns */
    uint32_t ccolumn; /**< elements of prgcolumndef */
    JET_UNICODEINDEX *pidxunicode; /**< collation of text keys, NULL: default */
    JET_GRBIT grbit; /**< JET_bitTT bits */
    JET_COLUMNID *prgcolumnid; /**< out: column ids, ccolumn elements */
    uint32_t cbKeyMost; /**< most bytes of the key, 0: default */
    uint32_t cbVarSegMac; /**< most bytes of one column in the key, 0: default */
    JET_TABLEID tableid; /**< out: cursor */
} JET_OPENTEMPORARYTABLE;

/** A temporary table to be created, collation by locale name. 64 bytes. */
typedef struct tagJET_OPENTEMPORARYTABLE2 {
    uint32_t cbStruct; /**< sizeof this structure */
    const JET_COLUMNDEF *prgcolumndef; /**< columns */
    uint32_t ccolumn; /**< elements of prgcolumndef */
    JET_UNICODEINDEX2 *pidxunicode; /**< collation of text keys, NULL: default */
    JET_GRBIT grbit; /**< JET_bitTT bits */
    JET_COLUMNID *prgcolumnid; /**< out: column ids, ccolumn elements */
    uint32_t cbKeyMost; /**< most bytes of the key, 0: default */
    uint32_t cbVarSegMac; /**< most bytes of one column in the key, 0: default */
    JET_TABLEID tableid; /**< out: cursor */
} JET_OPENTEMPORARYTABLE2;

/* ---- Tables, columns, indexes: information ---- */

/**
 * Opaque identity of an index (JET_IdxInfoIndexId); valid while the index exists. 20 bytes, aligned
 * to 4.
 */
typedef struct tagJET_INDEXID {
    uint32_t cbStruct; /**< sizeof this structure */
    uint8_t rgbIndexId[16]; /**< opaque */
} JET_INDEXID;

/** Definition of a column and where it comes from. (UTF-8 strings.) */
typedef struct JET_COLUMNBASE_A {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_COLUMNID columnid; /**< column */
    JET_COLTYP coltyp; /**< JET_coltyp constant */
    uint16_t wCountry; /**< reserved, 0 */
    uint16_t langid; /**< reserved, 0 */
    uint16_t cp; /**< code page of text: 1252 (ASCII) or 1200 (Unicode) */
    uint16_t wFiller; /**< reserved, 0 */
    uint32_t cbMax; /**< largest value in bytes, 0: the type's own limit */
    JET_GRBIT grbit; /**< JET_bitColumn bits */
    char szBaseTableName[256]; /**< table that defines the column */
    char szBaseColumnName[256]; /**< its name there */
} JET_COLUMNBASE_A;

/** Definition of a column and where it comes from. (UTF-16LE strings; fields as in the _A form.) */
typedef struct JET_COLUMNBASE_W {
    uint32_t cbStruct;
    JET_COLUMNID columnid;
    JET_COLTYP coltyp;
    uint16_t wCountry;
    uint16_t langid;
    uint16_t cp;
    uint16_t wFiller;
    uint32_t cbMax;
    JET_GRBIT grbit;
    char16_t szBaseTableName[256];
    char16_t szBaseColumnName[256];
} JET_COLUMNBASE_W;

#ifdef JET_UNICODE
typedef JET_COLUMNBASE_W JET_COLUMNBASE;
#else
typedef JET_COLUMNBASE_A JET_COLUMNBASE;
#endif

/** Facts about a table. */
typedef struct JET_OBJECTINFO {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_OBJTYP objtyp; /**< JET_objtyp constant */
    JET_DATESERIAL dtCreate; /**< not used */
    JET_DATESERIAL dtUpdate; /**< not used */
    JET_GRBIT grbit; /**< JET_bitTableInfo bits */
    uint32_t flags; /**< JET_bitObject bits */
    uint32_t cRecord; /**< records, 0 if not computed */
    uint32_t cPage; /**< pages, 0 if not computed */
} JET_OBJECTINFO;

/**
 * A temporary table with one record for each table: its cursor and the columns to read.
 * The caller closes tableid with JetCloseTable.
 */
typedef struct JET_OBJECTLIST {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_TABLEID tableid; /**< cursor */
    uint32_t cRecord; /**< records in the table */
    JET_COLUMNID columnidcontainername; /**< container name */
    JET_COLUMNID columnidobjectname; /**< table name */
    JET_COLUMNID columnidobjtyp; /**< object type */
    JET_COLUMNID columniddtCreate; /**< not used */
    JET_COLUMNID columniddtUpdate; /**< not used */
    JET_COLUMNID columnidgrbit; /**< option bits */
    JET_COLUMNID columnidflags; /**< flags */
    JET_COLUMNID columnidcRecord; /**< records */
    JET_COLUMNID columnidcPage; /**< pages */
} JET_OBJECTLIST;

/**
 * A temporary table with one record for each column: its cursor and the columns to read.
 * The caller closes tableid with JetCloseTable.
 */
typedef struct JET_COLUMNLIST {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_TABLEID tableid; /**< cursor */
    uint32_t cRecord; /**< records in the table */
    JET_COLUMNID columnidPresentationOrder; /**< position */
    JET_COLUMNID columnidcolumnname; /**< column name */
    JET_COLUMNID columnidcolumnid; /**< column id */
    JET_COLUMNID columnidcoltyp; /**< column type */
    JET_COLUMNID columnidCountry; /**< country */
    JET_COLUMNID columnidLangid; /**< locale */
    JET_COLUMNID columnidCp; /**< code page */
    JET_COLUMNID columnidCollate; /**< collation */
    JET_COLUMNID columnidcbMax; /**< size limit */
    JET_COLUMNID columnidgrbit; /**< option bits */
    JET_COLUMNID columnidDefault; /**< default value */
    JET_COLUMNID columnidBaseTableName; /**< table that defines the column */
    JET_COLUMNID columnidBaseColumnName; /**< its name there */
    JET_COLUMNID columnidDefinitionName; /**< its definition */
} JET_COLUMNLIST;

/**
 * A temporary table with one record for each column of each index: its cursor and the columns to
 * read.
 * The caller closes tableid with JetCloseTable.
 */
typedef struct JET_INDEXLIST {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_TABLEID tableid; /**< cursor */
    uint32_t cRecord; /**< records in the table */
    JET_COLUMNID columnidindexname; /**< index name */
    JET_COLUMNID columnidgrbitIndex; /**< index options */
    JET_COLUMNID columnidcKey; /**< distinct keys */
    JET_COLUMNID columnidcEntry; /**< entries */
    JET_COLUMNID columnidcPage; /**< pages */
    JET_COLUMNID columnidcColumn; /**< columns of the key */
    JET_COLUMNID columnidiColumn; /**< number of this column in the key */
    JET_COLUMNID columnidcolumnid; /**< column id */
    JET_COLUMNID columnidcoltyp; /**< column type */
    JET_COLUMNID columnidCountry; /**< country */
    JET_COLUMNID columnidLangid; /**< locale */
    JET_COLUMNID columnidCp; /**< code page */
    JET_COLUMNID columnidCollate; /**< collation */
    JET_COLUMNID columnidgrbitColumn; /**< order of this column */
    JET_COLUMNID columnidcolumnname; /**< column name */
    JET_COLUMNID columnidLCMapFlags; /**< LCMapString flags */
} JET_INDEXLIST;

/**
 * A temporary table of bookmarks (JetIntersectIndexes).
 * The caller closes tableid with JetCloseTable.
 */
typedef struct JET_RECORDLIST {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_TABLEID tableid; /**< cursor */
    uint32_t cRecord; /**< records in the table */
    JET_COLUMNID columnidBookmark; /**< bookmark */
} JET_RECORDLIST;

/* ---- Records and positions ---- */

/** Which part of which value to retrieve, and which column it came from. */
typedef struct JET_RETINFO {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t ibLongValue; /**< first byte of the part, in bytes */
    uint32_t itagSequence; /**< number of the value, from 1 */
    JET_COLUMNID columnidNextTagged; /**< out: column of the value */
} JET_RETINFO;

/** Which part of which value to set. */
typedef struct JET_SETINFO {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t ibLongValue; /**< first byte of the part, in bytes */
    uint32_t itagSequence; /**< number of the value, from 1; 0: add a value */
} JET_SETINFO;

/** One column for JetSetColumns. 40 bytes. */
typedef struct JET_SETCOLUMN {
    JET_COLUMNID columnid; /**< column */
    const void *pvData; /**< value */
    uint32_t cbData; /**< bytes of pvData */
    JET_GRBIT grbit; /**< JET_bitSet bits */
    uint32_t ibLongValue; /**< first byte of the part, in bytes */
    uint32_t itagSequence; /**< number of the value, from 1; 0: add a value */
    JET_ERR err; /**< out: result for this column */
} JET_SETCOLUMN;

/** One column for JetRetrieveColumns. 48 bytes. */
typedef struct JET_RETRIEVECOLUMN {
    JET_COLUMNID columnid; /**< column */
    void *pvData; /**< buffer */
    uint32_t cbData; /**< bytes of pvData */
    uint32_t cbActual; /**< out: bytes of the value from ibLongValue on */
    JET_GRBIT grbit; /**< JET_bitRetrieve bits */
    uint32_t ibLongValue; /**< first byte of the part, in bytes */
    uint32_t itagSequence; /**< number of the value, from 1; 0: the count of values is returned here */
    JET_COLUMNID columnidNextTagged; /**< out: column of the value */
    JET_ERR err; /**< out: result for this column */
} JET_RETRIEVECOLUMN;

/** One column wanted from JetEnumerateColumns. */
typedef struct JET_ENUMCOLUMNID {
    JET_COLUMNID columnid; /**< column */
    uint32_t ctagSequence; /**< elements of rgtagSequence, 0: all values */
    uint32_t *rgtagSequence; /**< numbers of the values wanted */
} JET_ENUMCOLUMNID;

/** One value that JetEnumerateColumns found; pvData is allocated with the caller's function. */
typedef struct JET_ENUMCOLUMNVALUE {
    uint32_t itagSequence; /**< number of the value, from 1 */
    JET_ERR err; /**< result for this value */
    uint32_t cbData; /**< bytes of pvData */
    void *pvData; /**< value */
} JET_ENUMCOLUMNVALUE;

/**
 * One column that JetEnumerateColumns found.
 * When err is JET_wrnColumnSingleValue the second view holds the only value, otherwise the first
 * view lists the values. 24 bytes.
 */
ESENT_EXTENSION typedef struct JET_ENUMCOLUMN {
    JET_COLUMNID columnid; /**< column */
    JET_ERR err; /**< result for this column */
    union {
        struct {
            uint32_t cEnumColumnValue; /**< elements of rgEnumColumnValue */
            JET_ENUMCOLUMNVALUE *rgEnumColumnValue; /**< values */
        };
        struct {
            uint32_t cbData; /**< bytes of pvData */
            void *pvData; /**< value */
        };
    };
} JET_ENUMCOLUMN;

/** Measure of a record, in bytes and counts. */
typedef struct JET_RECSIZE {
    uint64_t cbData; /**< bytes of column data in the record */
    uint64_t cbLongValueData; /**< bytes of long values outside the record */
    uint64_t cbOverhead; /**< bytes of headers and keys in the record */
    uint64_t cbLongValueOverhead; /**< bytes of overhead of long values */
    uint64_t cNonTaggedColumns; /**< fixed and variable columns with a value */
    uint64_t cTaggedColumns; /**< tagged columns with a value */
    uint64_t cLongValues; /**< long values outside the record */
    uint64_t cMultiValues; /**< values beyond the first of each column */
} JET_RECSIZE;

/** JET_RECSIZE with compressed sizes. */
typedef struct JET_RECSIZE2 {
    uint64_t cbData;
    uint64_t cbLongValueData;
    uint64_t cbOverhead;
    uint64_t cbLongValueOverhead;
    uint64_t cNonTaggedColumns;
    uint64_t cTaggedColumns;
    uint64_t cLongValues;
    uint64_t cMultiValues;
    uint64_t cCompressedColumns; /**< compressed values */
    uint64_t cbDataCompressed; /**< cbData as stored */
    uint64_t cbLongValueDataCompressed; /**< cbLongValueData as stored */
} JET_RECSIZE2;

/** Position of a cursor as a fraction of its index: centriesLT of centriesTotal. */
typedef struct JET_RECPOS {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t centriesLT; /**< entries before the position */
    uint32_t centriesInRange; /**< entries with the same key */
    uint32_t centriesTotal; /**< entries in all */
} JET_RECPOS;

/** JET_RECPOS with 64-bit counts. */
typedef struct JET_RECPOS2 {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t centriesLTDeprecated; /**< as in JET_RECPOS */
    uint32_t centriesInRangeDeprecated; /**< as in JET_RECPOS */
    uint32_t centriesTotalDeprecated; /**< as in JET_RECPOS */
    uint64_t centriesLT; /**< entries before the position */
    uint64_t centriesTotal; /**< entries in all */
} JET_RECPOS2;

/** One cursor with an index range, for JetIntersectIndexes. */
typedef struct JET_INDEXRANGE {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_TABLEID tableid; /**< cursor with an index range */
    JET_GRBIT grbit; /**< JET_bitRecordInIndex */
} JET_INDEXRANGE;

/** How JET_INDEX_COLUMN compares. */
typedef enum JET_RELOP {
    JET_relopEquals = 0, /**< column = value */
    JET_relopPrefixEquals = 1, /**< column begins with value */
    JET_relopNotEquals = 2, /**< column <> value */
    JET_relopLessThanOrEqual = 3, /**< column <= value */
    JET_relopLessThan = 4, /**< column < value */
    JET_relopGreaterThanOrEqual = 5, /**< column >= value */
    JET_relopGreaterThan = 6, /**< column > value */
    JET_relopBitmaskEqualsZero = 7, /**< (column & value) = 0 */
    JET_relopBitmaskNotEqualsZero = 8, /**< (column & value) <> 0 */
} JET_RELOP;

/** A comparison with one column. */
typedef struct JET_INDEX_COLUMN {
    JET_COLUMNID columnid; /**< column */
    JET_RELOP relop; /**< comparison */
    void *pv; /**< value */
    uint32_t cb; /**< bytes of pv */
    JET_GRBIT grbit; /**< JET_bitZeroLength, JET_bitKeyDescending */
} JET_INDEX_COLUMN;

/** A range of an index, by its first and last columns. */
typedef struct JET_INDEX_RANGE {
    JET_INDEX_COLUMN *rgStartColumns; /**< values where the range begins */
    uint32_t cStartColumns; /**< elements of rgStartColumns */
    JET_INDEX_COLUMN *rgEndColumns; /**< values where the range ends */
    uint32_t cEndColumns; /**< elements of rgEndColumns */
} JET_INDEX_RANGE;

/**
 * Called when the outermost commits up to *pCommitIdSeen are on disk (parameter
 * JET_paramDurableCommitCallback). grbit: JET_bitDurableCommitCallbackLogUnavailable or 0.
 */
typedef JET_ERR(JET_API *JET_PFNDURABLECOMMITCALLBACK)(JET_INSTANCE instance, JET_COMMIT_ID *pCommitIdSeen,
    JET_GRBIT grbit);

/** Values of JET_paramEnableIndexChecking. */
typedef enum JET_INDEXCHECKING {
    JET_IndexCheckingOff = 0, /**< no check */
    JET_IndexCheckingOn = 1, /**< check at attach */
    JET_IndexCheckingDeferToOpenTable = 2, /**< check when a table is opened */
    JET_IndexCheckingMax = 3, /**< number of values */
} JET_INDEXCHECKING;

/* ==============================================================================================
 * Instances
 *
 * An instance is one set of databases with one log stream, one checkpoint and one system folder. A
 * process runs either in one-instance mode, where the single instance needs no handle (entered by
 * JetInit without JetCreateInstance, and by JetRestore), or in multi-instance mode (entered by
 * JetCreateInstance and JetEnableMultiInstance). The mode is given up when the last instance is
 * gone.
 * ============================================================================================ */

/**
 * Reserves an instance that JetInit will start, and puts the process into multi-instance mode. The
 * new instance takes a copy of the global parameters; set the ones of its own with
 * JetSetSystemParameter before JetInit. The same as JetCreateInstance2 without a display name.
 *
 * @param pinstance out: the instance, JET_instanceNil on failure
 * @param szInstanceName name, unique in the process, or NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errInstanceNameInUse: a live instance has this name; no name counts as a name
 * - JET_errInvalidParameter: pinstance is NULL
 * - JET_errRunningInOneInstanceMode: the process is in one-instance mode
 * - JET_errTooManyInstances: JET_paramMaxInstances is reached
 * - JET_errOutOfMemory: no memory for the instance
 *
 * Since: Windows XP.
 * Source: reference page; instance-and-session spec 6.
 */
#ifdef JET_UNICODE
#define JetCreateInstance JetCreateInstanceW
#else
JET_ERR JET_API JetCreateInstance(JET_INSTANCE *pinstance, const char *szInstanceName);
#endif
/** JetCreateInstance with UTF-8 strings. */
JET_ERR JET_API JetCreateInstanceA(JET_INSTANCE *pinstance, const char *szInstanceName);
/** JetCreateInstance with UTF-16LE strings. */
JET_ERR JET_API JetCreateInstanceW(JET_INSTANCE *pinstance, const char16_t *szInstanceName);

/**
 * JetCreateInstance with a display name that events and lists show.
 *
 * @param pinstance out: the instance, JET_instanceNil on failure
 * @param szInstanceName name, unique in the process, or NULL
 * @param szDisplayName name for events, or NULL
 * @param grbit reserved, not looked at
 *
 * Returns JET_errSuccess, or:
 * - JET_errInstanceNameInUse: a live instance has this name; no name counts as a name
 * - JET_errInvalidParameter: pinstance is NULL
 * - JET_errRunningInOneInstanceMode: the process is in one-instance mode
 * - JET_errTooManyInstances: JET_paramMaxInstances is reached
 * - JET_errOutOfMemory: no memory for the instance
 *
 * Since: Windows XP.
 * Source: reference page; instance-and-session spec 6.
 */
#ifdef JET_UNICODE
#define JetCreateInstance2 JetCreateInstance2W
#else
JET_ERR JET_API JetCreateInstance2(JET_INSTANCE *pinstance, const char *szInstanceName,
    const char *szDisplayName, JET_GRBIT grbit);
#endif
/** JetCreateInstance2 with UTF-8 strings. */
JET_ERR JET_API JetCreateInstance2A(JET_INSTANCE *pinstance, const char *szInstanceName,
    const char *szDisplayName, JET_GRBIT grbit);
/** JetCreateInstance2 with UTF-16LE strings. */
JET_ERR JET_API JetCreateInstance2W(JET_INSTANCE *pinstance, const char16_t *szInstanceName,
    const char16_t *szDisplayName, JET_GRBIT grbit);

/**
 * Enters multi-instance mode and sets global parameters in one step, so that parts of a process
 * that do not know of each other can agree on them. The first caller sets them; later callers only
 * find out whether theirs are the same.
 *
 * @param psetsysparam parameters, set in order; the err field of each is written; may be NULL
 * @param csetsysparam elements of psetsysparam
 * @param pcsetsucceed out: parameters set; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidPath: a path parameter is not usable
 * - JET_errRunningInOneInstanceMode: the process is in one-instance mode
 * - JET_errSystemParamsAlreadySet: multi-instance mode is on and all values agree
 * - JET_errSystemParameterConflict: multi-instance mode is on and a value differs or was never set
 * - JET_errInvalidParameter: a count without an array
 *
 * Since: Windows XP.
 * Source: reference page; instance-and-session spec 6.
 */
#ifdef JET_UNICODE
#define JetEnableMultiInstance JetEnableMultiInstanceW
#else
JET_ERR JET_API JetEnableMultiInstance(JET_SETSYSPARAM_A *psetsysparam, uint32_t csetsysparam,
    uint32_t *pcsetsucceed);
#endif
/** JetEnableMultiInstance with UTF-8 strings. */
JET_ERR JET_API JetEnableMultiInstanceA(JET_SETSYSPARAM_A *psetsysparam, uint32_t csetsysparam,
    uint32_t *pcsetsucceed);
/** JetEnableMultiInstance with UTF-16LE strings. */
JET_ERR JET_API JetEnableMultiInstanceW(JET_SETSYSPARAM_W *psetsysparam, uint32_t csetsysparam,
    uint32_t *pcsetsucceed);

/**
 * Starts an instance: checks its folders, opens or begins the log stream, replays logs that a crash
 * left, and makes the instance ready for sessions. The same as JetInit2 without options.
 *
 * With a pointer to 0 or JET_instanceNil, or with NULL, an instance is created first: in
 * one-instance mode the only one, in multi-instance mode a nameless one. When it fails after its
 * first checks, the instance is freed and the handle set to 0; JetTerm must not be called then.
 *
 * Recovery reads every log from the checkpoint on, redoes it and undoes what was not committed;
 * databases are detached and clean afterwards. With JET_paramRecovery "off" no log is read or
 * written.
 *
 * @param pinstance in/out: the instance; NULL is allowed only in one-instance mode
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnDatabaseAttached: database is already attached
 * - JET_errAttachedDatabaseMismatch: a database that the log names was not found or is another one
 * - JET_errCheckpointCorrupt: the checkpoint is damaged and cannot be rebuilt
 * - JET_errDatabaseSharingViolation: a database is open in another instance or process
 * - JET_errInvalidLogSequence: the logs do not belong together
 * - JET_errLogFileCorrupt: a log is damaged
 * - JET_errMissingLogFile: a log in the middle of the stream is absent
 * - JET_errReadVerifyFailure: a page that recovery needs is damaged
 * - JET_errAlreadyInitialized: the instance runs already, or one-instance mode has its instance
 * - JET_errRunningInMultiInstanceMode: pinstance is NULL in multi-instance mode
 * - JET_errInvalidParameter: not an instance
 * - JET_errTooManyInstances: JET_paramMaxInstances is reached
 * - JET_errInstanceNameInUse: there is a nameless instance already
 * - JET_errInvalidPath: a folder does not exist (see JET_paramCreatePathIfNotExist)
 * - JET_errSystemPathInUse: another instance uses the system folder and base name
 * - JET_errLogFilePathInUse: another instance logs into the log folder
 * - JET_errTempPathInUse: another instance has the temporary database
 * - JET_errInvalidSettings: parameters contradict each other, such as a log size that is no
 *   multiple of the sector size
 * - JET_errLogFileSizeMismatch: logs of different sizes in one stream
 * - JET_errLogFileSizeMismatchDatabasesConsistent: the logs have another size than
 *   JET_paramLogFileSize, databases are clean
 * - JET_errMissingPreviousLogFile: a log before the first one found is needed
 * - JET_errRequiredLogFilesMissing: a database needs logs that are absent
 * - JET_errCommittedLogFilesMissing: committed transactions are in logs that are absent
 * - JET_errLogCorruptDuringHardRestore: a log is damaged
 * - JET_errFileAccessDenied: a file of the instance is in use or forbidden
 * - JET_errLogWriteFail: the log cannot be written
 * - JET_errDiskFull: no disk space
 * - JET_errOutOfMemory: no memory for the cache or other resources
 * Source: reference page; instance-and-session spec 7 and 8; recovery spec.
 */
JET_ERR JET_API JetInit(JET_INSTANCE *pinstance);

/**
 * JetInit with options. The same as JetInit3 without a path map, with
 * JET_bitReplayMissingMapEntryDB added.
 *
 * @param pinstance in/out: the instance; NULL is allowed only in one-instance mode
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitCreateSFSVolumeIfNotExist: reserved: accepted and without effect
 * - JET_bitReplayIgnoreMissingDB: a database file named in the log but absent is left out instead
 *   of failing recovery
 * - JET_bitRecoveryWithoutUndo: redo the log and stop: databases stay dirty, the instance is freed
 *   and the call returns JET_errRecoveredWithoutUndo or
 *   JET_errRecoveredWithoutUndoDatabasesConsistent
 * - JET_bitTruncateLogsAfterRecovery: after a successful recovery delete every log before the
 *   current one
 * - JET_bitReplayMissingMapEntryDB: a database that the restore map does not mention is recovered
 *   where the log says it is
 * - JET_bitReplayIgnoreLostLogs: accept that logs with committed transactions are gone as long as
 *   no log that the databases need is; reported by JET_wrnCommittedLogFilesLost or
 *   JET_wrnCommittedLogFilesRemoved
 * - JET_bitLogStreamMustExist: fail with JET_errMissingLogFile instead of starting a new log
 *   stream in an empty log folder
 * - JET_bitKeepDbAttachedAtEndOfRecovery: keep recovered databases attached for a quick
 *   JetAttachDatabase instead of closing them
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnCommittedLogFilesLost: JET_bitReplayIgnoreLostLogs: committed transactions were lost
 * - JET_wrnCommittedLogFilesRemoved: JET_bitReplayIgnoreLostLogs: and later logs were deleted
 * - JET_errAttachedDatabaseMismatch: a database that the log names was not found or is another one
 * - JET_errMissingLogFile: JET_bitLogStreamMustExist and there is no log; the current log is missing
 * - JET_errRecoveredWithoutUndo: JET_bitRecoveryWithoutUndo: redo is done, databases are dirty, the
 *   instance is gone
 * - JET_errRecoveredWithoutUndoDatabasesConsistent: JET_bitRecoveryWithoutUndo: redo is done and
 *   nothing needed undo
 * - JET_errInvalidSettings: options contradict parameters
 * - JET_errAlreadyInitialized: the instance runs already; and all errors of JetInit
 *
 * Since: Windows XP.
 * Source: reference page; instance-and-session spec 7 and 8; recovery spec.
 */
JET_ERR JET_API JetInit2(JET_INSTANCE *pinstance, JET_GRBIT grbit);

/**
 * JetInit with options, a map of moved databases and a position at which to stop.
 *
 * A database that the log names is looked for by signature among the mapped files, then by path or
 * the end of its path. One without an entry is left out unless JET_bitReplayMissingMapEntryDB is
 * given. With a stop position, redo ends there, as with JET_bitRecoveryWithoutUndo.
 *
 * @param pinstance in/out: the instance; NULL is allowed only in one-instance mode
 * @param prstInfo path map, stop position and progress callback, or NULL; not kept
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitCreateSFSVolumeIfNotExist: reserved: accepted and without effect
 * - JET_bitReplayIgnoreMissingDB: a database file named in the log but absent is left out instead
 *   of failing recovery
 * - JET_bitRecoveryWithoutUndo: redo the log and stop: databases stay dirty, the instance is freed
 *   and the call returns JET_errRecoveredWithoutUndo or
 *   JET_errRecoveredWithoutUndoDatabasesConsistent
 * - JET_bitTruncateLogsAfterRecovery: after a successful recovery delete every log before the
 *   current one
 * - JET_bitReplayMissingMapEntryDB: a database that the restore map does not mention is recovered
 *   where the log says it is
 * - JET_bitReplayIgnoreLostLogs: accept that logs with committed transactions are gone as long as
 *   no log that the databases need is; reported by JET_wrnCommittedLogFilesLost or
 *   JET_wrnCommittedLogFilesRemoved
 * - JET_bitLogStreamMustExist: fail with JET_errMissingLogFile instead of starting a new log
 *   stream in an empty log folder
 * - JET_bitKeepDbAttachedAtEndOfRecovery: keep recovered databases attached for a quick
 *   JetAttachDatabase instead of closing them
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnCommittedLogFilesLost: JET_bitReplayIgnoreLostLogs: committed transactions were lost
 * - JET_wrnCommittedLogFilesRemoved: JET_bitReplayIgnoreLostLogs: and later logs were deleted
 * - JET_errAttachedDatabaseMismatch: a database that the log names was not found or is another one
 * - JET_errInvalidParameter: wrong cbStruct; more than 14 map entries; a count without an array; a
 *   stop position with generation 0
 * - JET_errDatabaseInvalidName: a map entry without a new path
 * - JET_errMissingLogFile: JET_bitLogStreamMustExist and there is no log; the current log is missing
 * - JET_errRecoveredWithoutUndo: redo is done, databases are dirty, the instance is gone
 * - JET_errRecoveredWithoutUndoDatabasesConsistent: redo is done and nothing needed undo
 * - JET_errInvalidSettings: options contradict parameters
 * - JET_errAlreadyInitialized: the instance runs already; and all errors of JetInit
 *
 * Since: Windows Vista.
 * Source: reference page; instance-and-session spec 7 and 8; recovery spec.
 */
#ifdef JET_UNICODE
#define JetInit3 JetInit3W
#else
JET_ERR JET_API JetInit3(JET_INSTANCE *pinstance, JET_RSTINFO_A *prstInfo, JET_GRBIT grbit);
#endif
/** JetInit3 with UTF-8 strings. */
JET_ERR JET_API JetInit3A(JET_INSTANCE *pinstance, JET_RSTINFO_A *prstInfo, JET_GRBIT grbit);
/** JetInit3 with UTF-16LE strings. */
JET_ERR JET_API JetInit3W(JET_INSTANCE *pinstance, JET_RSTINFO_W *prstInfo, JET_GRBIT grbit);

/**
 * Shuts an instance down and frees it; the same as JetTerm2 with JET_bitTermAbrupt. It waits for
 * calls in progress, aborts a backup, writes everything to disk and closes the databases clean.
 * Sessions and cursors still open need not be closed first. An instance that was created but not
 * started is simply freed.
 *
 * @param instance instance
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: not an instance
 * - JET_errTooManyActiveUsers: a session has an open transaction; the instance stays usable
 * - JET_errInvalidInstance: a stale handle
 * - JET_errDatabaseCorrupted: and other errors of the last writes: the instance is freed, the next
 *   JetInit recovers
 * - JET_errNotInitialized: engine or instance not initialised
 * - JET_errRestoreInProgress: instance is busy with a restore
 * - JET_errTermInProgress: instance is shutting down
 * Source: reference page; instance-and-session spec 9.
 */
JET_ERR JET_API JetTerm(JET_INSTANCE instance);

/**
 * Shuts an instance down and frees it. After an error other than JET_errTooManyActiveUsers and
 * JET_errBackupInProgress the instance is gone and the next JetInit recovers its databases.
 *
 * @param instance instance
 * @param grbit how to shut down; 0 is the same as JET_bitTermComplete
 *
 * Bits:
 * - JET_bitTermComplete: clean shutdown: deferred clean-up is finished, databases are closed in a
 *   consistent state
 * - JET_bitTermAbrupt: clean databases, but deferred work (such as space of deleted records) is
 *   left for later
 * - JET_bitTermStopBackup: abort a running backup instead of failing with JET_errBackupInProgress
 * - JET_bitTermDirty: stop as fast as possible and leave the databases dirty; the next JetInit
 *   recovers them
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupInProgress: a backup runs, and neither JET_bitTermAbrupt nor JET_bitTermStopBackup
 *   was given; the instance stays usable
 * - JET_errInvalidParameter: not an instance
 * - JET_errTooManyActiveUsers: a session has an open transaction, without JET_bitTermDirty; the
 *   instance stays usable
 * - JET_errInvalidInstance: a stale handle
 * - JET_errSurrogateBackupInProgress: the same, for a surrogate backup
 * - JET_errDirtyShutdown: JET_bitTermDirty did what it should
 * - JET_errNotInitialized: engine or instance not initialised
 * - JET_errRestoreInProgress: instance is busy with a restore
 * - JET_errTermInProgress: instance is shutting down
 * Source: reference page; instance-and-session spec 9.
 */
JET_ERR JET_API JetTerm2(JET_INSTANCE instance, JET_GRBIT grbit);

/**
 * Makes the only instance of a process in one-instance mode refuse new work; see
 * JetStopServiceInstance.
 *
 * Returns JET_errSuccess, or:
 * - JET_errRunningInMultiInstanceMode: the process is in multi-instance mode
 * - JET_errInvalidParameter: there is no instance
 * Source: reference page; instance-and-session spec 10.
 */
JET_ERR JET_API JetStopService(void);

/**
 * Makes an instance refuse new work before it is shut down. Background work halts, caches are
 * drained, calls in progress finish or give up with JET_errClientRequestToStopJetService; only
 * calls that close and roll back are served. It lasts until JetTerm and does not abort a backup.
 * Calling it twice does no harm.
 *
 * @param instance instance
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: not an instance
 *
 * Since: Windows XP.
 * Source: reference page; instance-and-session spec 10.
 */
JET_ERR JET_API JetStopServiceInstance(JET_INSTANCE instance);

/**
 * Stops, quiesces or resumes chosen services of an instance.
 *
 * @param instance instance
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitStopServiceAll: stop background work, drain the caches and refuse new work
 * - JET_bitStopServiceBackgroundUserTasks: pause maintenance that callers asked for, such as
 *   defragmentation
 * - JET_bitStopServiceQuiesceCaches: write out dirty pages and clean old versions in the
 *   background, so that a following shutdown is short
 * - JET_bitStopServiceResume: take back the named services; alone, take back everything that can be
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: not an instance
 * - JET_errInvalidGrbit: unknown bits, or bits that exclude each other
 * - JET_errClientRequestToStopJetService: JET_bitStopServiceResume after JET_bitStopServiceAll,
 *   which cannot be taken back
 *
 * Since: Windows 8.
 * Source: reference page; instance-and-session spec 10.
 */
JET_ERR JET_API JetStopServiceInstance2(JET_INSTANCE instance, JET_GRBIT grbit);

/**
 * Lists the instances of the process, also those not started yet, with the databases that each has
 * attached and logs. Without instances the count is 0 and the array NULL.
 *
 * @param pcInstanceInfo out: elements of the array
 * @param paInstanceInfo out: array in one block; the caller releases it with JetFreeBuffer
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: an output pointer is NULL
 * - the errors of handles and memory, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; instance-and-session spec 15.
 */
#ifdef JET_UNICODE
#define JetGetInstanceInfo JetGetInstanceInfoW
#else
JET_ERR JET_API JetGetInstanceInfo(uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_A **paInstanceInfo);
#endif
/** JetGetInstanceInfo with UTF-8 strings. */
JET_ERR JET_API JetGetInstanceInfoA(uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_A **paInstanceInfo);
/** JetGetInstanceInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetInstanceInfoW(uint32_t *pcInstanceInfo, JET_INSTANCE_INFO_W **paInstanceInfo);

/**
 * Returns a fact about an instance.
 *
 * @param instance instance
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbMax bytes of the buffer
 * @param InfoLevel JET_InstanceMiscInfo constant
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: cbMax is smaller than the structure
 * - JET_errInvalidParameter: unknown level
 *
 * Since: Windows Vista.
 * Source: reference page; instance-and-session spec 15.
 */
JET_ERR JET_API JetGetInstanceMiscInfo(JET_INSTANCE instance, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);

/* ==============================================================================================
 * System parameters
 *
 * Parameters are set globally (for instances created later), for one instance, or for one session.
 * Most instance parameters are fixed once JetInit has run.
 * ============================================================================================ */

/**
 * Sets one parameter, globally, for an instance or for a session. The list of parameters in this
 * file says which value (integer or string) each takes, its range, whose it is and when it can be
 * set.
 *
 * Target: a session if sesid is given, else the instance if pinstance is given, else the global
 * default that instances created later inherit; global parameters always have one value for the
 * process. In one-instance mode the instance argument is not needed. Setting a value that is in
 * force already succeeds in any state. Parameters marked "advanced" are ignored, with success,
 * while JET_paramEnableAdvanced is off.
 *
 * @param pinstance address of the instance, or NULL for the global value
 * @param sesid session, or 0 / JET_sesidNil
 * @param paramid JET_param constant
 * @param lParam integer value, or a callback's address
 * @param szParam string value, copied; NULL if the parameter is an integer
 *
 * Returns JET_errSuccess, or:
 * - JET_errAlreadyInitialized: the parameter is fixed once the instance (or, for some global ones,
 *   any instance) runs
 * - JET_errInitInProgress: the instance is starting
 * - JET_errInvalidParameter: unknown parameter, read-only parameter, value out of range, string too
 *   long
 * - JET_errInvalidPath: a folder or file cannot be made absolute
 * - JET_errInvalidSesid: not a session
 * - JET_errInvalidInstance: not an instance
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 14.
 */
#ifdef JET_UNICODE
#define JetSetSystemParameter JetSetSystemParameterW
#else
JET_ERR JET_API JetSetSystemParameter(JET_INSTANCE *pinstance, JET_SESID sesid, uint32_t paramid,
    JET_API_PTR lParam, const char *szParam);
#endif
/** JetSetSystemParameter with UTF-8 strings. */
JET_ERR JET_API JetSetSystemParameterA(JET_INSTANCE *pinstance, JET_SESID sesid, uint32_t paramid,
    JET_API_PTR lParam, const char *szParam);
/** JetSetSystemParameter with UTF-16LE strings. */
JET_ERR JET_API JetSetSystemParameterW(JET_INSTANCE *pinstance, JET_SESID sesid, uint32_t paramid,
    JET_API_PTR lParam, const char16_t *szParam);

/**
 * Reads one parameter. Paths come back absolute.
 *
 * For JET_paramErrorToString, *plParam holds the error number on entry and the string returned is
 * its name and a sentence about it.
 *
 * @param instance instance, or 0 for the global value
 * @param sesid session, or 0 / JET_sesidNil
 * @param paramid JET_param constant
 * @param plParam in/out: integer value; NULL if the parameter is a string
 * @param szParam buffer for a string; NULL if the parameter is an integer
 * @param cbMax bytes of szParam
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnBufferTruncated: data cut to fit the buffer
 * - JET_errInitInProgress: the instance is starting
 * - JET_errInvalidParameter: unknown parameter, or no place for its kind of value
 * - JET_errInvalidSesid: not a session
 * - JET_errInvalidInstance: not an instance
 * - JET_errBufferTooSmall: szParam is too small
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 14.
 */
#ifdef JET_UNICODE
#define JetGetSystemParameter JetGetSystemParameterW
#else
JET_ERR JET_API JetGetSystemParameter(JET_INSTANCE instance, JET_SESID sesid, uint32_t paramid,
    JET_API_PTR *plParam, char *szParam, uint32_t cbMax);
#endif
/** JetGetSystemParameter with UTF-8 strings. */
JET_ERR JET_API JetGetSystemParameterA(JET_INSTANCE instance, JET_SESID sesid, uint32_t paramid,
    JET_API_PTR *plParam, char *szParam, uint32_t cbMax);
/** JetGetSystemParameter with UTF-16LE strings. */
JET_ERR JET_API JetGetSystemParameterW(JET_INSTANCE instance, JET_SESID sesid, uint32_t paramid,
    JET_API_PTR *plParam, char16_t *szParam, uint32_t cbMax);

/* ==============================================================================================
 * Sessions
 *
 * A session is the scope of transactions and cursors, and is used by one thread at a time.
 * ============================================================================================ */

/**
 * Opens a session. It inherits the commit default of its instance.
 *
 * @param instance instance; 0 in one-instance mode
 * @param psesid out: session, to be closed with JetEndSession
 * @param szUserName reserved, ignored; may be NULL
 * @param szPassword reserved, ignored; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: no such instance
 * - JET_errOutOfSessions: JET_paramMaxSessions is reached
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 11.
 */
#ifdef JET_UNICODE
#define JetBeginSession JetBeginSessionW
#else
JET_ERR JET_API JetBeginSession(JET_INSTANCE instance, JET_SESID *psesid, const char *szUserName,
    const char *szPassword);
#endif
/** JetBeginSession with UTF-8 strings. */
JET_ERR JET_API JetBeginSessionA(JET_INSTANCE instance, JET_SESID *psesid, const char *szUserName,
    const char *szPassword);
/** JetBeginSession with UTF-16LE strings. */
JET_ERR JET_API JetBeginSessionW(JET_INSTANCE instance, JET_SESID *psesid,
    const char16_t *szUserName, const char16_t *szPassword);

/**
 * Opens another session in the same instance; nothing else is taken over.
 *
 * @param sesid session
 * @param psesid out: session
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: bad argument
 * - JET_errOutOfSessions: JET_paramMaxSessions is reached
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 11.
 */
JET_ERR JET_API JetDupSession(JET_SESID sesid, JET_SESID *psesid);

/**
 * Closes a session: rolls back its transactions, closes its cursors, temporary tables and
 * databases. Call it from the thread that uses the session.
 *
 * @param sesid session
 * @param grbit reserved, not looked at
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidSesid: not a session, or closed already
 * - JET_errSessionInUse: a session context is set
 * - JET_errSessionSharingViolation: the transaction belongs to another thread; the session stays
 *   usable
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 11.
 */
JET_ERR JET_API JetEndSession(JET_SESID sesid, JET_GRBIT grbit);

/**
 * Binds a session to a context instead of a thread, so that a transaction begun now may be
 * continued by whichever thread sets the same context. The thread that set it resets it before
 * another thread goes on.
 *
 * @param sesid session
 * @param ulContext caller's word, not 0 and not all ones
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: the context is 0 or all ones
 * - JET_errSessionContextAlreadySet: a context is set
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 5.
 */
JET_ERR JET_API JetSetSessionContext(JET_SESID sesid, JET_API_PTR ulContext);

/**
 * Takes the context of JetSetSessionContext away again.
 *
 * @param sesid session
 *
 * Returns JET_errSuccess, or:
 * - JET_errSessionContextNotSetByThisThread: no context is set, or another thread set it
 * - JET_errInstanceUnavailable: instance disabled after a fatal error
 * - JET_errNotInitialized: engine or instance not initialised
 * - JET_errRestoreInProgress: instance is busy with a restore
 * - JET_errTermInProgress: instance is shutting down
 * Source: reference page; instance-and-session spec 5.
 */
JET_ERR JET_API JetResetSessionContext(JET_SESID sesid);

/**
 * Sets a parameter of one session.
 *
 * @param sesid session
 * @param sesparamid JET_sesparam constant
 * @param pvParam value, copied; may be NULL
 * @param cbParam bytes of pvParam
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: no value although cbParam is not 0
 * - JET_errInvalidSesparamId: unknown parameter
 * - JET_errInvalidBufferSize: the value has the wrong size
 * - JET_errFeatureNotAvailable: the parameter is read-only
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows 8.
 * Source: reference page; instance-and-session spec 11.
 */
JET_ERR JET_API JetSetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam,
    uint32_t cbParam);

/**
 * Reads a parameter of one session.
 *
 * @param sesid session
 * @param sesparamid JET_sesparam constant
 * @param pvParam buffer, or NULL to learn the size
 * @param cbParamMax bytes of the buffer
 * @param pcbParamActual out: bytes of the value; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidSesparamId: unknown parameter
 * - JET_errInvalidBufferSize: the buffer does not have the size of the value
 * - JET_errBufferTooSmall: the buffer is too small for a value of variable size
 * - JET_errInvalidParameter: neither a buffer nor a place for the size
 *
 * Since: Windows 8.
 * Source: reference page; instance-and-session spec 11.
 */
JET_ERR JET_API JetGetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam,
    uint32_t cbParamMax, uint32_t *pcbParamActual);

/* ==============================================================================================
 * Transactions
 *
 * Snapshot isolation: a transaction sees the data as of its first JetBeginTransaction. A record
 * changed by somebody else since then gives JET_errWriteConflict at once, and the caller rolls
 * back. Nested levels, up to 7, are save points. Every change needs a transaction.
 * ============================================================================================ */

/**
 * Begins a transaction, or a save point inside one. The same as JetBeginTransaction2 without
 * options.
 *
 * @param sesid session
 *
 * Returns JET_errSuccess, or:
 * - JET_errSessionSharingViolation: another thread began the transaction
 * - JET_errTransTooDeep: seven levels are open
 * - JET_errRollbackError: an earlier rollback failed
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 12.1.
 */
JET_ERR JET_API JetBeginTransaction(JET_SESID sesid);

/**
 * Begins a transaction, or a save point inside one, with options. JET_bitTransactionReadOnly counts
 * at the outermost level only and holds for all levels inside. Unknown bits are dropped.
 *
 * @param sesid session
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitTransactionReadOnly: the transaction may not change anything: JET_errTransReadOnly
 *
 * Returns JET_errSuccess, or:
 * - JET_errSessionSharingViolation: another thread began the transaction
 * - JET_errTransTooDeep: seven levels are open
 * - JET_errRollbackError: an earlier rollback failed
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 12.1.
 */
JET_ERR JET_API JetBeginTransaction2(JET_SESID sesid, JET_GRBIT grbit);

/**
 * JetBeginTransaction2 with a number that traces show.
 *
 * @param sesid session
 * @param trxid caller's number of the transaction, for traces
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitTransactionReadOnly: the transaction may not change anything: JET_errTransReadOnly
 *
 * Returns JET_errSuccess, or:
 * - JET_errSessionSharingViolation: another thread began the transaction
 * - JET_errTransTooDeep: seven levels are open
 * - JET_errRollbackError: an earlier rollback failed
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows 8.
 * Source: reference page; instance-and-session spec 12.1.
 */
JET_ERR JET_API JetBeginTransaction3(JET_SESID sesid, int64_t trxid, JET_GRBIT grbit);

/**
 * Commits the innermost level. At the outermost level the changes become visible to transactions
 * that begin later, and the call returns when they are on disk, unless JET_bitCommitLazyFlush or
 * the session's or instance's commit default says not to wait. A session that changed nothing never
 * waits.
 *
 * JET_bitWaitLastLevel0Commit, JET_bitWaitAllLevel0Commit and JET_bitForceNewLog commit nothing;
 * each must stand alone and is allowed outside a transaction.
 *
 * @param sesid session
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitCommitLazyFlush: do not wait until the commit is on disk; a crash may lose the
 *   transaction but never part of it
 * - JET_bitWaitAllLevel0Commit: commit nothing; wait until every outermost commit of the instance
 *   so far is on disk
 * - JET_bitWaitLastLevel0Commit: commit nothing; wait until the previous outermost commit of this
 *   session is on disk
 * - JET_bitForceNewLog: afterwards start a new log file
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: unknown bits, or a bit that must stand alone does not
 * - JET_errNotInTransaction: no transaction is open
 * - JET_errSessionSharingViolation: another thread began the transaction
 * - JET_errMustRollback: only JetRollback is possible now
 * - JET_errLogWriteFail: the log cannot be written; the transaction is still open
 * - JET_errDiskFull: no space for the log
 * - JET_errLogDiskFull: no space for the log
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 12.2.
 */
JET_ERR JET_API JetCommitTransaction(JET_SESID sesid, JET_GRBIT grbit);

/**
 * JetCommitTransaction that can promise a lazy commit's durability within a time, and that returns
 * its identity. JET_paramDurableCommitCallback reports which commits have become durable.
 *
 * @param sesid session
 * @param grbit option bits, below
 * @param cmsecDurableCommit milliseconds within which a lazy commit becomes durable, 0 for no
 *     promise
 * @param pCommitId out: identity, filled only at the outermost level when something was changed,
 *     else zero; may be NULL
 *
 * Bits:
 * - JET_bitCommitLazyFlush: do not wait until the commit is on disk; a crash may lose the
 *   transaction but never part of it
 * - JET_bitWaitAllLevel0Commit: commit nothing; wait until every outermost commit of the instance
 *   so far is on disk
 * - JET_bitWaitLastLevel0Commit: commit nothing; wait until the previous outermost commit of this
 *   session is on disk
 * - JET_bitForceNewLog: afterwards start a new log file
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: unknown bits, or a bit that must stand alone does not
 * - JET_errNotInTransaction: no transaction is open
 * - JET_errSessionSharingViolation: another thread began the transaction
 * - JET_errInvalidParameter: cmsecDurableCommit is given but the commit is not lazy
 * - JET_errMustRollback: only JetRollback is possible now
 * - JET_errLogWriteFail: the log cannot be written; the transaction is still open
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows 8.
 * Source: reference page; instance-and-session spec 12.2.
 */
JET_ERR JET_API JetCommitTransaction2(JET_SESID sesid, JET_GRBIT grbit, uint32_t cmsecDurableCommit,
    JET_COMMIT_ID *pCommitId);

/**
 * Undoes the innermost level, or all levels. Cursors and temporary tables opened in it are closed,
 * prepared updates cancelled, cursors that moved in it stand before the first entry.
 *
 * @param sesid session
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitRollbackAll: undo every level, not only the innermost
 *
 * Returns JET_errSuccess, or:
 * - JET_errNotInTransaction: no transaction is open
 * - JET_errRollbackError: the undo failed; the instance is disabled and recovers at its next start
 * - JET_errSessionSharingViolation: another thread began the transaction
 * - JET_errInvalidGrbit: bits other than JET_bitRollbackAll
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; instance-and-session spec 12.3.
 */
JET_ERR JET_API JetRollback(JET_SESID sesid, JET_GRBIT grbit);

/* ==============================================================================================
 * Databases
 *
 * A database is attached to an instance, then opened by sessions. An instance holds up to six.
 * Names of files are compared without regard to case in the engine's records.
 * ============================================================================================ */

/**
 * Creates a database file, attaches it and opens it in the session. Allowed while a backup runs. On
 * failure the partial file is deleted.
 *
 * @param sesid session
 * @param szFilename path of the database file
 * @param szConnect reserved, ignored; may be NULL
 * @param pdbid out: the database, open in this session
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDbOverwriteExisting: replace an existing file instead of failing with
 *   JET_errDatabaseDuplicate
 * - JET_bitDbRecoveryOff: create or attach without logging: the file is in no backup, and after a
 *   crash it must be made anew
 * - JET_bitDbShadowingOff: do not keep the shadow copy of the catalog
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnDatabaseAttached: database is already attached
 * - JET_wrnFileOpenReadOnly: opened read-only
 * - JET_errDatabaseDuplicate: the file exists, without JET_bitDbOverwriteExisting, or is attached
 *   here
 * - JET_errDatabaseInUse: database is open or pinned
 * - JET_errDatabaseInvalidPages: bad page count
 * - JET_errDatabaseInvalidPath: no path, or its folder does not exist (see
 *   JET_paramCreatePathIfNotExist)
 * - JET_errDatabaseLocked: opened exclusively by another session
 * - JET_errDatabaseNotFound: database not attached or not opened
 * - JET_errDatabaseSharingViolation: another instance has it attached
 * - JET_errInTransaction: the session has an open transaction
 * - JET_errInvalidDatabase: file is not a usable database
 * - JET_errOneDatabasePerSession: second database open in one session refused
 * - JET_errTooManyAttachedDatabases: six databases are attached
 * - JET_errDiskFull: no space
 * - JET_errLogWriteFail: the log cannot be written
 * - the errors of handles and memory, listed at the top of this file
 * Source: reference page; instance-and-session spec 13.2.
 */
#ifdef JET_UNICODE
#define JetCreateDatabase JetCreateDatabaseW
#else
JET_ERR JET_API JetCreateDatabase(JET_SESID sesid, const char *szFilename, const char *szConnect,
    JET_DBID *pdbid, JET_GRBIT grbit);
#endif
/** JetCreateDatabase with UTF-8 strings. */
JET_ERR JET_API JetCreateDatabaseA(JET_SESID sesid, const char *szFilename, const char *szConnect,
    JET_DBID *pdbid, JET_GRBIT grbit);
/** JetCreateDatabase with UTF-16LE strings. */
JET_ERR JET_API JetCreateDatabaseW(JET_SESID sesid, const char16_t *szFilename,
    const char16_t *szConnect, JET_DBID *pdbid, JET_GRBIT grbit);

/**
 * JetCreateDatabase with a limit on the size of the file; growing beyond it fails with
 * JET_errOutOfDatabaseSpace.
 *
 * @param sesid session
 * @param szFilename path of the database file
 * @param cpgDatabaseSizeMax most pages the database may have, 0 for no limit
 * @param pdbid out: the database, open in this session
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDbOverwriteExisting: replace an existing file instead of failing with
 *   JET_errDatabaseDuplicate
 * - JET_bitDbRecoveryOff: create or attach without logging: the file is in no backup, and after a
 *   crash it must be made anew
 * - JET_bitDbShadowingOff: do not keep the shadow copy of the catalog
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnDatabaseAttached: database is already attached
 * - JET_wrnFileOpenReadOnly: opened read-only
 * - JET_errDatabaseDuplicate: the file exists, without JET_bitDbOverwriteExisting, or is attached
 *   here
 * - JET_errDatabaseInUse: database is open or pinned
 * - JET_errDatabaseInvalidPages: bad page count
 * - JET_errDatabaseInvalidPath: no path, or its folder does not exist (see
 *   JET_paramCreatePathIfNotExist)
 * - JET_errDatabaseLocked: opened exclusively by another session
 * - JET_errDatabaseNotFound: database not attached or not opened
 * - JET_errDatabaseSharingViolation: another instance has it attached
 * - JET_errInTransaction: the session has an open transaction
 * - JET_errInvalidDatabase: file is not a usable database
 * - JET_errOneDatabasePerSession: second database open in one session refused
 * - JET_errTooManyAttachedDatabases: six databases are attached
 * - the errors of handles and memory, listed at the top of this file
 * Source: reference page; instance-and-session spec 13.2.
 */
#ifdef JET_UNICODE
#define JetCreateDatabase2 JetCreateDatabase2W
#else
JET_ERR JET_API JetCreateDatabase2(JET_SESID sesid, const char *szFilename,
    uint32_t cpgDatabaseSizeMax, JET_DBID *pdbid, JET_GRBIT grbit);
#endif
/** JetCreateDatabase2 with UTF-8 strings. */
JET_ERR JET_API JetCreateDatabase2A(JET_SESID sesid, const char *szFilename,
    uint32_t cpgDatabaseSizeMax, JET_DBID *pdbid, JET_GRBIT grbit);
/** JetCreateDatabase2 with UTF-16LE strings. */
JET_ERR JET_API JetCreateDatabase2W(JET_SESID sesid, const char16_t *szFilename,
    uint32_t cpgDatabaseSizeMax, JET_DBID *pdbid, JET_GRBIT grbit);

/**
 * Makes an existing database file usable in the instance. It must have been closed properly or
 * recovered by JetInit. Attached for writing, its header says "dirty" until it is detached; for
 * reading only, nothing is written.
 *
 * @param sesid session
 * @param szFilename path of the database file
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDbDeleteCorruptIndexes: at attach, delete indexes over text whose sort order no longer
 *   matches the collation in use
 * - JET_bitDbDeleteUnicodeIndexes: at attach, delete every index over Unicode text
 * - JET_bitDbUpgrade: obsolete: upgrade an old file format at attach
 * - JET_bitDbReadOnly: attach or open for reading only
 * - JET_bitDbExclusive: only this session may have the database open
 * - JET_bitDbEnableBackgroundMaintenance: at attach, start the background scan that verifies page
 *   checksums and scrubs deleted data
 * - JET_bitDbPurgeCacheOnAttach: drop cached pages of the file that an earlier attachment left in
 *   memory
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnDatabaseAttached: it is attached here already; nothing changed
 * - JET_wrnCorruptIndexDeleted: JET_bitDbDeleteCorruptIndexes deleted indexes; rebuild them
 * - JET_errBackupInProgress: a backup runs
 * - JET_errDatabaseFileReadOnly: the file cannot be written, without JET_bitDbReadOnly
 * - JET_errDatabaseInUse: database is open or pinned
 * - JET_errDatabaseInvalidPath: no path, or not a usable one
 * - JET_errDatabaseSharingViolation: another instance has it attached
 * - JET_errFileAccessDenied: another process has it open, or it is forbidden
 * - JET_errFileNotFound: no such file
 * - JET_errPrimaryIndexCorrupted: a primary index over text was built with another collation
 * - JET_errSecondaryIndexCorrupted: a text index was built with another collation
 * - JET_errTooManyAttachedDatabases: six databases are attached
 * - JET_errInTransaction: the session has an open transaction
 * - JET_errDatabaseDirtyShutdown: not closed properly: recover it with its logs
 * - JET_errSoftRecoveryOnBackupDatabase: a copy out of a backup: restore it first
 * - JET_errReadVerifyFailure: neither copy of the header is intact
 * - JET_errDatabaseCorrupted: the header makes no sense
 * - JET_errInvalidDatabaseVersion: the format is too old or too new
 * - JET_errPageSizeMismatch: its page size is not JET_paramDatabasePageSize
 * - JET_errConsistentTimeMismatch: it was closed later than the log stream knows
 * - JET_errInvalidGrbit: JET_bitDbDeleteUnicodeIndexes with JET_bitDbReadOnly
 * - JET_errLogWriteFail: the log cannot be written
 * Source: reference page; instance-and-session spec 13.3.
 */
#ifdef JET_UNICODE
#define JetAttachDatabase JetAttachDatabaseW
#else
JET_ERR JET_API JetAttachDatabase(JET_SESID sesid, const char *szFilename, JET_GRBIT grbit);
#endif
/** JetAttachDatabase with UTF-8 strings. */
JET_ERR JET_API JetAttachDatabaseA(JET_SESID sesid, const char *szFilename, JET_GRBIT grbit);
/** JetAttachDatabase with UTF-16LE strings. */
JET_ERR JET_API JetAttachDatabaseW(JET_SESID sesid, const char16_t *szFilename, JET_GRBIT grbit);

/**
 * JetAttachDatabase with a limit on the size of the file.
 *
 * @param sesid session
 * @param szFilename path of the database file
 * @param cpgDatabaseSizeMax most pages the database may have, 0 for no limit
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDbDeleteCorruptIndexes: at attach, delete indexes over text whose sort order no longer
 *   matches the collation in use
 * - JET_bitDbDeleteUnicodeIndexes: at attach, delete every index over Unicode text
 * - JET_bitDbReadOnly: attach or open for reading only
 * - JET_bitDbUpgrade: obsolete: upgrade an old file format at attach
 * - JET_bitDbExclusive: only this session may have the database open
 * - JET_bitDbEnableBackgroundMaintenance: at attach, start the background scan that verifies page
 *   checksums and scrubs deleted data
 * - JET_bitDbPurgeCacheOnAttach: drop cached pages of the file that an earlier attachment left in
 *   memory
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnDatabaseAttached: it is attached here already; nothing changed
 * - JET_errBackupInProgress: a local backup or snapshot is already active, or the call is refused
 *   while one is
 * - JET_errDatabaseFileReadOnly: file is read-only but write access was asked for
 * - JET_errDatabaseInUse: database is open or pinned
 * - JET_errDatabaseInvalidPath: database path bad
 * - JET_errDatabaseSharingViolation: another instance has the database
 * - JET_errFileNotFound: no such file; and all other results of JetAttachDatabase
 * - JET_errPrimaryIndexCorrupted: primary index damaged or out of date
 * - JET_errSecondaryIndexCorrupted: secondary index damaged or out of date
 * - JET_errTooManyAttachedDatabases: attachment limit reached
 * - JET_errDatabaseDirtyShutdown: not closed properly: recover it with its logs
 * Source: reference page; instance-and-session spec 13.3.
 */
#ifdef JET_UNICODE
#define JetAttachDatabase2 JetAttachDatabase2W
#else
JET_ERR JET_API JetAttachDatabase2(JET_SESID sesid, const char *szFilename,
    uint32_t cpgDatabaseSizeMax, JET_GRBIT grbit);
#endif
/** JetAttachDatabase2 with UTF-8 strings. */
JET_ERR JET_API JetAttachDatabase2A(JET_SESID sesid, const char *szFilename,
    uint32_t cpgDatabaseSizeMax, JET_GRBIT grbit);
/** JetAttachDatabase2 with UTF-16LE strings. */
JET_ERR JET_API JetAttachDatabase2W(JET_SESID sesid, const char16_t *szFilename,
    uint32_t cpgDatabaseSizeMax, JET_GRBIT grbit);

/**
 * Opens an attached database in a session. All sessions get the same number for it; each must close
 * it as often as it opened it.
 *
 * @param sesid session
 * @param szFilename path of the database file
 * @param szConnect reserved, ignored; may be NULL
 * @param pdbid out: database
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDbExclusive: only this session may have the database open
 * - JET_bitDbReadOnly: attach or open for reading only
 * - JET_bitDbDeleteCorruptIndexes: at attach, delete indexes over text whose sort order no longer
 *   matches the collation in use
 * - JET_bitDbDeleteUnicodeIndexes: at attach, delete every index over Unicode text
 * - JET_bitDbUpgrade: obsolete: upgrade an old file format at attach
 * - JET_bitDbEnableBackgroundMaintenance: at attach, start the background scan that verifies page
 *   checksums and scrubs deleted data
 * - JET_bitDbPurgeCacheOnAttach: drop cached pages of the file that an earlier attachment left in
 *   memory
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnFileOpenReadOnly: it is attached for reading only, and JET_bitDbReadOnly was not given
 * - JET_errDatabaseInUse: JET_bitDbExclusive while another session has it open
 * - JET_errDatabaseInvalidPath: no path, or not a usable one
 * - JET_errDatabaseLocked: another session has it open exclusively
 * - JET_errDatabaseNotFound: it is not attached
 * - JET_errInvalidDatabase: the temporary database
 * - JET_errOneDatabasePerSession: JET_paramOneDatabasePerSession is on and the session has one open
 * - JET_errDatabaseAttachedForRecovery: kept by JET_bitKeepDbAttachedAtEndOfRecovery: attach it
 *   first
 * Source: reference page; instance-and-session spec 13.4.
 */
#ifdef JET_UNICODE
#define JetOpenDatabase JetOpenDatabaseW
#else
JET_ERR JET_API JetOpenDatabase(JET_SESID sesid, const char *szFilename, const char *szConnect,
    JET_DBID *pdbid, JET_GRBIT grbit);
#endif
/** JetOpenDatabase with UTF-8 strings. */
JET_ERR JET_API JetOpenDatabaseA(JET_SESID sesid, const char *szFilename, const char *szConnect,
    JET_DBID *pdbid, JET_GRBIT grbit);
/** JetOpenDatabase with UTF-16LE strings. */
JET_ERR JET_API JetOpenDatabaseW(JET_SESID sesid, const char16_t *szFilename,
    const char16_t *szConnect, JET_DBID *pdbid, JET_GRBIT grbit);

/**
 * Closes a database in a session. The last close closes the session's cursors on it.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param grbit reserved, not looked at
 *
 * Returns JET_errSuccess, or:
 * - JET_errDatabaseNotFound: database not attached or not opened
 * - JET_errInvalidDatabaseId: not open in this session
 * Source: reference page; instance-and-session spec 13.5.
 */
JET_ERR JET_API JetCloseDatabase(JET_SESID sesid, JET_DBID dbid, JET_GRBIT grbit);

/**
 * Closes the file of a database, clean, and forgets it; or of all databases.
 *
 * @param sesid session
 * @param szFilename path, or NULL or "" for all databases of the instance
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupInProgress: a backup runs
 * - JET_errDatabaseInUse: a session has it open
 * - JET_errDatabaseNotFound: it is not attached
 * - JET_errInTransaction: the session has an open transaction
 * Source: reference page; instance-and-session spec 13.6.
 */
#ifdef JET_UNICODE
#define JetDetachDatabase JetDetachDatabaseW
#else
JET_ERR JET_API JetDetachDatabase(JET_SESID sesid, const char *szFilename);
#endif
/** JetDetachDatabase with UTF-8 strings. */
JET_ERR JET_API JetDetachDatabaseA(JET_SESID sesid, const char *szFilename);
/** JetDetachDatabase with UTF-16LE strings. */
JET_ERR JET_API JetDetachDatabaseW(JET_SESID sesid, const char16_t *szFilename);

/**
 * JetDetachDatabase with options, none of which is supported.
 *
 * @param sesid session
 * @param szFilename path, or NULL or "" for all databases of the instance
 * @param grbit 0
 *
 * Bits:
 * - JET_bitForceDetach: refused
 * - JET_bitForceCloseAndDetach: refused
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupInProgress: a backup runs
 * - JET_errDatabaseInUse: a session has it open
 * - JET_errDatabaseNotFound: it is not attached
 * - JET_errForceDetachNotAllowed: any of the bits
 * - JET_errInTransaction: the session has an open transaction
 *
 * Since: Windows XP.
 * Source: reference page; instance-and-session spec 13.6.
 */
#ifdef JET_UNICODE
#define JetDetachDatabase2 JetDetachDatabase2W
#else
JET_ERR JET_API JetDetachDatabase2(JET_SESID sesid, const char *szFilename, JET_GRBIT grbit);
#endif
/** JetDetachDatabase2 with UTF-8 strings. */
JET_ERR JET_API JetDetachDatabase2A(JET_SESID sesid, const char *szFilename, JET_GRBIT grbit);
/** JetDetachDatabase2 with UTF-16LE strings. */
JET_ERR JET_API JetDetachDatabase2W(JET_SESID sesid, const char16_t *szFilename, JET_GRBIT grbit);

/**
 * Returns a fact about an open database.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbMax bytes of the buffer
 * @param InfoLevel JET_DbInfo constant; it says what pvResult must be
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: the path does not fit
 * - JET_errFeatureNotAvailable: JET_DbInfoIsam
 * - JET_errInvalidBufferSize: cbMax is not the size of the result
 * - JET_errInvalidParameter: unknown level
 * Source: reference page; instance-and-session spec 13.7.
 */
#ifdef JET_UNICODE
#define JetGetDatabaseInfo JetGetDatabaseInfoW
#else
JET_ERR JET_API JetGetDatabaseInfo(JET_SESID sesid, JET_DBID dbid, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
#endif
/** JetGetDatabaseInfo with UTF-8 strings. */
JET_ERR JET_API JetGetDatabaseInfoA(JET_SESID sesid, JET_DBID dbid, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
/** JetGetDatabaseInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetDatabaseInfoW(JET_SESID sesid, JET_DBID dbid, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);

/**
 * Returns a fact about a database file that need not be attached. No instance is needed.
 *
 * @param szDatabaseName path of the database file
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbMax bytes of the buffer
 * @param InfoLevel JET_DbInfoFilesize, FilesizeOnDisk (uint64_t, bytes), Upgrade, Misc, PageSize,
 *     FileType or DBInUse
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: result buffer too small
 * - JET_errFeatureNotAvailable: API not supported here
 * - JET_errInvalidBufferSize: cbMax is not the size of the result
 * - JET_errInvalidParameter: another level
 * - JET_errFileNotFound: no such file
 * - JET_errFileInvalidType: JET_DbInfoMisc of something else than a database
 * Source: reference page; instance-and-session spec 13.7.
 */
#ifdef JET_UNICODE
#define JetGetDatabaseFileInfo JetGetDatabaseFileInfoW
#else
JET_ERR JET_API JetGetDatabaseFileInfo(const char *szDatabaseName, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
#endif
/** JetGetDatabaseFileInfo with UTF-8 strings. */
JET_ERR JET_API JetGetDatabaseFileInfoA(const char *szDatabaseName, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
/** JetGetDatabaseFileInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetDatabaseFileInfoW(const char16_t *szDatabaseName, void *pvResult,
    uint32_t cbMax, uint32_t InfoLevel);

/**
 * Enlarges the file of a database that is clean and not attached. It never shrinks one.
 *
 * @param sesid session
 * @param szDatabaseName path of the database file
 * @param cpg wanted pages, at least 32
 * @param pcpgReal out: pages the file has now
 *
 * Returns JET_errSuccess, or:
 * - JET_errDatabaseInvalidPath: no path
 * - JET_errDiskFull: disk full
 * - JET_errInvalidParameter: fewer than 32 pages
 * - JET_errDatabaseDirtyShutdown: not closed properly
 * - JET_errFileAccessDenied: the file is in use
 * - the errors of handles and memory, listed at the top of this file
 * Source: reference page; instance-and-session spec 13.7.
 */
#ifdef JET_UNICODE
#define JetSetDatabaseSize JetSetDatabaseSizeW
#else
JET_ERR JET_API JetSetDatabaseSize(JET_SESID sesid, const char *szDatabaseName, uint32_t cpg,
    uint32_t *pcpgReal);
#endif
/** JetSetDatabaseSize with UTF-8 strings. */
JET_ERR JET_API JetSetDatabaseSizeA(JET_SESID sesid, const char *szDatabaseName, uint32_t cpg,
    uint32_t *pcpgReal);
/** JetSetDatabaseSize with UTF-16LE strings. */
JET_ERR JET_API JetSetDatabaseSizeW(JET_SESID sesid, const char16_t *szDatabaseName, uint32_t cpg,
    uint32_t *pcpgReal);

/**
 * Enlarges the file of an open database: JetResizeDatabase with JET_bitResizeDatabaseOnlyGrow.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param cpg wanted pages
 * @param pcpgReal out: pages the file has now
 *
 * Returns JET_errSuccess, or:
 * - JET_errDiskFull: disk full
 * - JET_errDiskIO: I/O error
 * Source: reference page; instance-and-session spec 13.7.
 */
JET_ERR JET_API JetGrowDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpg, uint32_t *pcpgReal);

/**
 * Enlarges or shrinks the file of an open database. Growing goes by steps of
 * JET_paramDbExtensionSize, so the result may be larger; shrinking goes as far as free pages at the
 * end allow.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param cpgTarget wanted pages
 * @param pcpgActual out: pages the file has now
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitResizeDatabaseOnlyGrow: do nothing when the file is larger already
 * - JET_bitResizeDatabaseOnlyShrink: do nothing when the file is smaller already
 *
 * Returns JET_errSuccess, or:
 * - JET_errDiskFull: no space
 * - JET_errDiskIO: I/O error
 * - JET_errFeatureNotAvailable: shrinking while JET_paramEnableShrinkDatabase is off
 * - JET_errInvalidGrbit: both bits, or unknown ones
 *
 * Since: Windows 8.
 * Source: reference page; instance-and-session spec 13.7.
 */
JET_ERR JET_API JetResizeDatabase(JET_SESID sesid, JET_DBID dbid, uint32_t cpgTarget,
    uint32_t *pcpgActual, JET_GRBIT grbit);

/* ==============================================================================================
 * Tables
 *
 * A table is a primary index with the records and any number of secondary indexes.
 * ============================================================================================ */

/**
 * Creates a table without columns and opens a cursor on it that denies access to everybody else
 * (JET_bitTableDenyRead). The same as JetCreateTableColumnIndex2 without columns and indexes.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szTableName table
 * @param lPages pages to allocate at creation
 * @param lDensity fill of pages in percent, 20 to 100, or 0 for the default
 * @param ptableid out: cursor
 *
 * Returns JET_errSuccess, or:
 * - JET_errCallbackNotResolved: callback not found
 * - JET_errCannotIndex: column type cannot be indexed
 * - JET_errCannotNestDDL: nested hierarchical schema unsupported
 * - JET_errColumnDuplicate: column name exists
 * - JET_errColumnNotFound: no such column
 * - JET_errColumnRedundant: second version/auto-increment column
 * - JET_errDensityInvalid: density out of range
 * - JET_errDDLNotInheritable: base is not a template table
 * - JET_errIndexDuplicate: index name exists
 * - JET_errIndexHasPrimary: table already has a primary index
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errIndexTuplesInvalidLimits: tuple length limits out of range
 * - JET_errIndexTuplesNonUniqueOnly: tuple index cannot be unique
 * - JET_errIndexTuplesOneColumnOnly: alias of JET_errIndexTuplesTooManyColumns
 * - JET_errIndexTuplesSecondaryIndexOnly: tuple index must be secondary
 * - JET_errIndexTuplesVarSegMacNotAllowed: tuple index cannot set cbVarSegMac
 * - JET_errIndexTuplesTextColumnsOnly: alias of JET_errIndexTuplesTextBinaryColumnsOnly
 * - JET_errInTransaction: not allowed inside a transaction
 * - JET_errInvalidCodePage: bad code page
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidCreateIndex: bad index creation arguments
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidParameter: bad argument
 * - JET_errRecordTooBig: record over the size limit
 * - JET_errTableDuplicate: the name is taken
 * - JET_errTooManyColumns: column limit reached
 * - JET_errUnicodeTranslationFail: Unicode key mapping failed
 * - JET_errInvalidName: not a legal name
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetCreateTable JetCreateTableW
#else
JET_ERR JET_API JetCreateTable(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    uint32_t lPages, uint32_t lDensity, JET_TABLEID *ptableid);
#endif
/** JetCreateTable with UTF-8 strings. */
JET_ERR JET_API JetCreateTableA(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    uint32_t lPages, uint32_t lDensity, JET_TABLEID *ptableid);
/** JetCreateTable with UTF-16LE strings. */
JET_ERR JET_API JetCreateTableW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName,
    uint32_t lPages, uint32_t lDensity, JET_TABLEID *ptableid);

/**
 * Creates a table with its columns and indexes in one step; all or nothing. The err field of each
 * column and index says what happened to it.
 * The cursor it gives has the table to itself, as that of JetCreateTable.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param ptablecreate in/out: description; tableid, cCreated and the err fields are written
 *
 * Returns JET_errSuccess, or:
 * - JET_errCallbackNotResolved: callback not found
 * - JET_errCannotIndex: column type cannot be indexed
 * - JET_errCannotNestDDL: nested hierarchical schema unsupported
 * - JET_errColumnDuplicate: column name exists
 * - JET_errColumnNotFound: no such column
 * - JET_errColumnRedundant: second version/auto-increment column
 * - JET_errDensityInvalid: density out of range
 * - JET_errDDLNotInheritable: base is not a template table
 * - JET_errIndexDuplicate: index name exists
 * - JET_errIndexHasPrimary: table already has a primary index
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errIndexTuplesInvalidLimits: tuple length limits out of range
 * - JET_errIndexTuplesNonUniqueOnly: tuple index cannot be unique
 * - JET_errIndexTuplesOneColumnOnly: alias of JET_errIndexTuplesTooManyColumns
 * - JET_errIndexTuplesSecondaryIndexOnly: tuple index must be secondary
 * - JET_errIndexTuplesTextColumnsOnly: alias of JET_errIndexTuplesTextBinaryColumnsOnly
 * - JET_errIndexTuplesVarSegMacNotAllowed: tuple index cannot set cbVarSegMac
 * - JET_errInTransaction: not allowed inside a transaction
 * - JET_errInvalidCodePage: bad code page
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidCreateIndex: bad index creation arguments
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidParameter: bad argument
 * - JET_errRecordTooBig: record over the size limit
 * - JET_errTableDuplicate: table name exists
 * - JET_errTooManyColumns: column limit reached
 * - JET_errUnicodeTranslationFail: Unicode key mapping failed
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetCreateTableColumnIndex JetCreateTableColumnIndexW
#else
JET_ERR JET_API JetCreateTableColumnIndex(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE_A *ptablecreate);
#endif
/** JetCreateTableColumnIndex with UTF-8 strings. */
JET_ERR JET_API JetCreateTableColumnIndexA(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE_A *ptablecreate);
/** JetCreateTableColumnIndex with UTF-16LE strings. */
JET_ERR JET_API JetCreateTableColumnIndexW(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE_W *ptablecreate);

/**
 * JetCreateTableColumnIndex with a callback for changes of the table.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param ptablecreate in/out: description; tableid, cCreated and the err fields are written
 *
 * Returns JET_errSuccess, or:
 * - JET_errCallbackNotResolved: callback not found
 * - JET_errCannotIndex: column type cannot be indexed
 * - JET_errCannotNestDDL: nested hierarchical schema unsupported
 * - JET_errColumnDuplicate: column name exists
 * - JET_errColumnNotFound: no such column
 * - JET_errColumnRedundant: second version/auto-increment column
 * - JET_errDensityInvalid: density out of range
 * - JET_errDDLNotInheritable: base is not a template table
 * - JET_errIndexDuplicate: index name exists
 * - JET_errIndexHasPrimary: table already has a primary index
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errIndexTuplesInvalidLimits: tuple length limits out of range
 * - JET_errIndexTuplesNonUniqueOnly: tuple index cannot be unique
 * - JET_errIndexTuplesOneColumnOnly: alias of JET_errIndexTuplesTooManyColumns
 * - JET_errIndexTuplesSecondaryIndexOnly: tuple index must be secondary
 * - JET_errIndexTuplesTextColumnsOnly: alias of JET_errIndexTuplesTextBinaryColumnsOnly
 * - JET_errIndexTuplesVarSegMacNotAllowed: tuple index cannot set cbVarSegMac
 * - JET_errInTransaction: not allowed inside a transaction
 * - JET_errInvalidCodePage: bad code page
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidCreateIndex: bad index creation arguments
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidParameter: bad argument
 * - JET_errRecordTooBig: record over the size limit
 * - JET_errTableDuplicate: table name exists
 * - JET_errTooManyColumns: column limit reached
 * - JET_errUnicodeTranslationFail: Unicode key mapping failed
 *
 * Since: Windows XP.
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetCreateTableColumnIndex2 JetCreateTableColumnIndex2W
#else
JET_ERR JET_API JetCreateTableColumnIndex2(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE2_A *ptablecreate);
#endif
/** JetCreateTableColumnIndex2 with UTF-8 strings. */
JET_ERR JET_API JetCreateTableColumnIndex2A(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE2_A *ptablecreate);
/** JetCreateTableColumnIndex2 with UTF-16LE strings. */
JET_ERR JET_API JetCreateTableColumnIndex2W(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE2_W *ptablecreate);

/**
 * JetCreateTableColumnIndex2 with space hints.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param ptablecreate in/out: description; tableid, cCreated and the err fields are written
 *
 * Returns JET_errSuccess, or:
 * - JET_errCallbackNotResolved: callback not found
 * - JET_errCannotIndex: column type cannot be indexed
 * - JET_errCannotNestDDL: nested hierarchical schema unsupported
 * - JET_errColumnDuplicate: column name exists
 * - JET_errColumnNotFound: no such column
 * - JET_errColumnRedundant: second version/auto-increment column
 * - JET_errDensityInvalid: density out of range
 * - JET_errDDLNotInheritable: base is not a template table
 * - JET_errIndexDuplicate: index name exists
 * - JET_errIndexHasPrimary: table already has a primary index
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errIndexTuplesInvalidLimits: tuple length limits out of range
 * - JET_errIndexTuplesNonUniqueOnly: tuple index cannot be unique
 * - JET_errIndexTuplesOneColumnOnly: alias of JET_errIndexTuplesTooManyColumns
 * - JET_errIndexTuplesSecondaryIndexOnly: tuple index must be secondary
 * - JET_errIndexTuplesTextColumnsOnly: alias of JET_errIndexTuplesTextBinaryColumnsOnly
 * - JET_errIndexTuplesVarSegMacNotAllowed: tuple index cannot set cbVarSegMac
 * - JET_errInTransaction: not allowed inside a transaction
 * - JET_errInvalidCodePage: bad code page
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidCreateIndex: bad index creation arguments
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidParameter: bad argument
 * - JET_errRecordTooBig: record over the size limit
 * - JET_errTableDuplicate: table name exists
 * - JET_errTooManyColumns: column limit reached
 * - JET_errUnicodeTranslationFail: Unicode key mapping failed
 * - JET_errSpaceHintsInvalid: space hints invalid
 *
 * Since: Windows 7.
 * Source: reference page.
 */
JET_ERR JET_API JetCreateTableColumnIndex3A(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE3_A *ptablecreate);
JET_ERR JET_API JetCreateTableColumnIndex3W(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE3_W *ptablecreate);
#ifdef JET_UNICODE
#define JetCreateTableColumnIndex3 JetCreateTableColumnIndex3W
#else
#define JetCreateTableColumnIndex3 JetCreateTableColumnIndex3A
#endif

/**
 * JetCreateTableColumnIndex3 with collations given by locale name.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param ptablecreate in/out: description; tableid, cCreated and the err fields are written
 *
 * Returns JET_errSuccess, or:
 * - JET_errCallbackNotResolved: callback not found
 * - JET_errCannotIndex: column type cannot be indexed
 * - JET_errCannotNestDDL: nested hierarchical schema unsupported
 * - JET_errColumnDuplicate: column name exists
 * - JET_errColumnNotFound: no such column
 * - JET_errColumnRedundant: second version/auto-increment column
 * - JET_errDDLNotInheritable: base is not a template table
 * - JET_errDensityInvalid: density out of range
 * - JET_errInTransaction: not allowed inside a transaction
 * - JET_errIndexDuplicate: index name exists
 * - JET_errIndexHasPrimary: table already has a primary index
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errIndexTuplesInvalidLimits: tuple length limits out of range
 * - JET_errIndexTuplesNonUniqueOnly: tuple index cannot be unique
 * - JET_errIndexTuplesOneColumnOnly: alias of JET_errIndexTuplesTooManyColumns
 * - JET_errIndexTuplesSecondaryIndexOnly: tuple index must be secondary
 * - JET_errIndexTuplesTextColumnsOnly: alias of JET_errIndexTuplesTextBinaryColumnsOnly
 * - JET_errIndexTuplesVarSegMacNotAllowed: tuple index cannot set cbVarSegMac
 * - JET_errInvalidCodePage: bad code page
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidCreateIndex: bad index creation arguments
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidParameter: bad argument
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errRecordTooBig: record over the size limit
 * - JET_errSpaceHintsInvalid: space hints invalid
 * - JET_errTableDuplicate: table name exists
 * - JET_errTooManyColumns: column limit reached
 * - JET_errUnicodeTranslationFail: Unicode key mapping failed
 *
 * Since: Windows 8.
 * Source: reference page.
 */
JET_ERR JET_API JetCreateTableColumnIndex4A(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE4_A *ptablecreate);
JET_ERR JET_API JetCreateTableColumnIndex4W(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE4_W *ptablecreate);
#ifdef JET_UNICODE
#define JetCreateTableColumnIndex4 JetCreateTableColumnIndex4W
#else
#define JetCreateTableColumnIndex4 JetCreateTableColumnIndex4A
#endif

/**
 * Opens a cursor on a table. It stands on the first record of the primary index.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szTableName table
 * @param pvParameters reserved, NULL
 * @param cbParameters reserved, 0
 * @param grbit option bits, below
 * @param ptableid out: cursor, to be closed with JetCloseTable
 *
 * Bits:
 * - JET_bitTableDenyRead: nobody else may open the table at all
 * - JET_bitTableDenyWrite: nobody else may open the table for writing
 * - JET_bitTableNoCache: do not keep pages of the table in the cache for long
 * - JET_bitTablePermitDDL: with JET_bitTableDenyRead: allow schema changes of a table created with
 *   fixed schema
 * - JET_bitTablePreread: read the table ahead when it is small
 * - JET_bitTableReadOnly: the cursor cannot change records
 * - JET_bitTableSequential: the table will be scanned; read ahead aggressively
 * - JET_bitTableUpdatable: the cursor can change records (the default)
 * - JET_bitTableOpportuneRead: read ahead opportunistically
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnTableInUseBySystem: the table is open, but maintenance works on it
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidName: malformed object name
 * - JET_errObjectNotFound: no such table
 * - JET_errOutOfCursors: JET_paramMaxCursors is reached
 * - JET_errTableInUse: JET_bitTableDenyRead or JET_bitTableDenyWrite while others use the table
 * - JET_errTableLocked: another session denies the access
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * - the errors of handles and memory, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetOpenTable JetOpenTableW
#else
JET_ERR JET_API JetOpenTable(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    const void *pvParameters, uint32_t cbParameters, JET_GRBIT grbit, JET_TABLEID *ptableid);
#endif
/** JetOpenTable with UTF-8 strings. */
JET_ERR JET_API JetOpenTableA(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    const void *pvParameters, uint32_t cbParameters, JET_GRBIT grbit, JET_TABLEID *ptableid);
/** JetOpenTable with UTF-16LE strings. */
JET_ERR JET_API JetOpenTableW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName,
    const void *pvParameters, uint32_t cbParameters, JET_GRBIT grbit, JET_TABLEID *ptableid);

/**
 * Deletes a table with its indexes and records.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szTableName table
 *
 * Returns JET_errSuccess, or:
 * - JET_errTableInUse: a cursor is open on it, of this session or another
 * - JET_errTableLocked: another session denies the access
 * - JET_errCannotDeleteTemplateTable: tables are derived from it
 * - JET_errObjectNotFound: no such table
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetDeleteTable JetDeleteTableW
#else
JET_ERR JET_API JetDeleteTable(JET_SESID sesid, JET_DBID dbid, const char *szTableName);
#endif
/** JetDeleteTable with UTF-8 strings. */
JET_ERR JET_API JetDeleteTableA(JET_SESID sesid, JET_DBID dbid, const char *szTableName);
/** JetDeleteTable with UTF-16LE strings. */
JET_ERR JET_API JetDeleteTableW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName);

/**
 * Gives a table another name. Nobody else may have it open.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szName present name
 * @param szNameNew new name
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidDatabase: file is not a usable database
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: bad argument
 * - JET_errObjectNotFound: no such table
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errTableDuplicate: the new name is taken
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetRenameTable JetRenameTableW
#else
JET_ERR JET_API JetRenameTable(JET_SESID sesid, JET_DBID dbid, const char *szName,
    const char *szNameNew);
#endif
/** JetRenameTable with UTF-8 strings. */
JET_ERR JET_API JetRenameTableA(JET_SESID sesid, JET_DBID dbid, const char *szName,
    const char *szNameNew);
/** JetRenameTable with UTF-16LE strings. */
JET_ERR JET_API JetRenameTableW(JET_SESID sesid, JET_DBID dbid, const char16_t *szName,
    const char16_t *szNameNew);

/**
 * Returns a fact about the table of a cursor.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbMax bytes of the buffer
 * @param InfoLevel JET_TblInfo constant; it says what pvResult must be
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: the name does not fit
 * - JET_errFeatureNotAvailable: an obsolete level
 * - JET_errInvalidBufferSize: cbMax is not the size of the result
 * - JET_errInvalidOperation: the fact does not exist for a temporary table
 * - JET_errObjectNotFound: no such table or object
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetGetTableInfo JetGetTableInfoW
#else
JET_ERR JET_API JetGetTableInfo(JET_SESID sesid, JET_TABLEID tableid, void *pvResult,
    uint32_t cbMax, uint32_t InfoLevel);
#endif
/** JetGetTableInfo with UTF-8 strings. */
JET_ERR JET_API JetGetTableInfoA(JET_SESID sesid, JET_TABLEID tableid, void *pvResult,
    uint32_t cbMax, uint32_t InfoLevel);
/** JetGetTableInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetTableInfoW(JET_SESID sesid, JET_TABLEID tableid, void *pvResult,
    uint32_t cbMax, uint32_t InfoLevel);

/**
 * Returns facts about a table, or a list of the tables of a database.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param objtyp JET_objtypTable or JET_objtypNil
 * @param szContainerName reserved, NULL
 * @param szObjectName table, or NULL for the list levels
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbMax bytes of the buffer
 * @param InfoLevel JET_ObjInfo constant; the list levels return a temporary table that the caller
 *     closes
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: result buffer too small
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: unknown level, or a type other than tables
 * - JET_errObjectNotFound: no such table
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetGetObjectInfo JetGetObjectInfoW
#else
JET_ERR JET_API JetGetObjectInfo(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp,
    const char *szContainerName, const char *szObjectName, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
#endif
/** JetGetObjectInfo with UTF-8 strings. */
JET_ERR JET_API JetGetObjectInfoA(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp,
    const char *szContainerName, const char *szObjectName, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
/** JetGetObjectInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetObjectInfoW(JET_SESID sesid, JET_DBID dbid, JET_OBJTYP objtyp,
    const char16_t *szContainerName, const char16_t *szObjectName, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);

/* ==============================================================================================
 * Columns
 *
 * A record has fixed, variable and tagged columns; tagged ones may hold several values, numbered
 * from 1.
 * ============================================================================================ */

/**
 * Adds a column to a table. Existing records are not rewritten: they have the default value. The
 * column is part of the transaction unless JET_bitColumnUnversioned is given.
 *
 * With JET_bitColumnUserDefinedDefault the default value is a JET_USERDEFINEDDEFAULT structure.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szColumnName column
 * @param pcolumndef definition; columnid, wCountry, langid and wCollate are not looked at
 * @param pvDefault default value, copied, or NULL
 * @param cbDefault bytes of pvDefault
 * @param pcolumnid out: column id; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnColumnMaxTruncated: maximum length reduced
 * - JET_errFixedDDL: the table's schema is fixed
 * - JET_errInvalidParameter: bad argument
 * - JET_errInTransaction: JET_bitColumnUnversioned inside a transaction
 * - JET_errColumnDuplicate: the name is taken
 * - JET_errTableNotEmpty: table has rows
 * - JET_errRecordTooBig: fixed columns would not fit a record
 * - JET_errTooManyColumns: no more columns of this kind
 * - JET_errColumnRedundant: a second autoincrement or version column
 * - JET_errCallbackNotResolved: callback not found
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidColumnType: unknown type
 * - JET_errInvalidCodePage: text in a code page other than 1252 and 1200
 * - JET_errInvalidGrbit: bits that exclude each other, or do not suit the type
 * - JET_errMultiValuedColumnMustBeTagged: multi-valued needs a tagged column
 * - JET_errCannotBeTagged: auto-increment/version cannot be tagged
 * - JET_errExclusiveTableLockRequired: an autoincrement or escrow column, and no cursor of the
 *   session denies reading (JET_bitTableDenyRead, or the cursor that made the table)
 * - JET_errCannotNestDDL: the table is being changed by a callback
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetAddColumn JetAddColumnW
#else
JET_ERR JET_API JetAddColumn(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName,
    const JET_COLUMNDEF *pcolumndef, const void *pvDefault, uint32_t cbDefault,
    JET_COLUMNID *pcolumnid);
#endif
/** JetAddColumn with UTF-8 strings. */
JET_ERR JET_API JetAddColumnA(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName,
    const JET_COLUMNDEF *pcolumndef, const void *pvDefault, uint32_t cbDefault,
    JET_COLUMNID *pcolumnid);
/** JetAddColumn with UTF-16LE strings. */
JET_ERR JET_API JetAddColumnW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szColumnName,
    const JET_COLUMNDEF *pcolumndef, const void *pvDefault, uint32_t cbDefault,
    JET_COLUMNID *pcolumnid);

/**
 * Deletes a column. No index may use it. The same as JetDeleteColumn2 without options.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szColumnName column
 *
 * Returns JET_errSuccess, or:
 * - JET_errColumnInUse: an index uses it
 * - JET_errFixedDDL: the table's schema is fixed
 * - JET_errFixedInheritedDDL: the column belongs to the template
 * - JET_errInvalidName: malformed object name
 * - JET_errPermissionDenied: permission denied
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errColumnNotFound: no such column
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetDeleteColumn JetDeleteColumnW
#else
JET_ERR JET_API JetDeleteColumn(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName);
#endif
/** JetDeleteColumn with UTF-8 strings. */
JET_ERR JET_API JetDeleteColumnA(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName);
/** JetDeleteColumn with UTF-16LE strings. */
JET_ERR JET_API JetDeleteColumnW(JET_SESID sesid, JET_TABLEID tableid,
    const char16_t *szColumnName);

/**
 * Deletes a column. No index may use it.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szColumnName column
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDeleteColumnIgnoreTemplateColumns: delete the derived table's own column, not the
 *   template's
 *
 * Returns JET_errSuccess, or:
 * - JET_errColumnInUse: an index uses it
 * - JET_errFixedDDL: the table's schema is fixed
 * - JET_errFixedInheritedDDL: the column belongs to the template
 * - JET_errInvalidName: malformed object name
 * - JET_errPermissionDenied: permission denied
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errColumnNotFound: no such column
 *
 * Since: Windows XP.
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetDeleteColumn2 JetDeleteColumn2W
#else
JET_ERR JET_API JetDeleteColumn2(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName,
    JET_GRBIT grbit);
#endif
/** JetDeleteColumn2 with UTF-8 strings. */
JET_ERR JET_API JetDeleteColumn2A(JET_SESID sesid, JET_TABLEID tableid, const char *szColumnName,
    JET_GRBIT grbit);
/** JetDeleteColumn2 with UTF-16LE strings. */
JET_ERR JET_API JetDeleteColumn2W(JET_SESID sesid, JET_TABLEID tableid,
    const char16_t *szColumnName, JET_GRBIT grbit);

/**
 * Gives a column another name. Not inside a transaction.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szName present name
 * @param szNameNew new name
 * @param grbit 0, or JET_bitColumnRenameConvertToPrimaryIndexPlaceholder: the column, the first of several of the primary index, is one that applications do not
 * know of from now on: keys are made without a value of it
 *
 * Returns JET_errSuccess, or:
 * - JET_errColumnNotFound: no such column
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: bad argument
 * - JET_errInTransaction: not allowed inside a transaction
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errInvalidPlaceholderColumn: not a fixed JET_coltypBit column that begins the primary index, or the only one of it
 * - JET_errInvalidGrbit: another option
 * - JET_errColumnDuplicate: the new name is taken
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetRenameColumn JetRenameColumnW
#else
JET_ERR JET_API JetRenameColumn(JET_SESID sesid, JET_TABLEID tableid, const char *szName,
    const char *szNameNew, JET_GRBIT grbit);
#endif
/** JetRenameColumn with UTF-8 strings. */
JET_ERR JET_API JetRenameColumnA(JET_SESID sesid, JET_TABLEID tableid, const char *szName,
    const char *szNameNew, JET_GRBIT grbit);
/** JetRenameColumn with UTF-16LE strings. */
JET_ERR JET_API JetRenameColumnW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szName,
    const char16_t *szNameNew, JET_GRBIT grbit);

/**
 * Changes the default value of a column, also for records that have none of their own. The table
 * must not be open.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szTableName table
 * @param szColumnName column
 * @param pvData new default value
 * @param cbData bytes of pvData
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errColumnCannotBeEncrypted: the column is encrypted, and its default would not be
 * - JET_errColumnInUse: a key depends on the column
 * - JET_errColumnNotFound: no such column
 * - JET_errInvalidName: malformed object name
 * - JET_errNullInvalid: the column needs a value
 * - JET_errObjectNotFound: no such table or object
 * - JET_errTableInUse: another session has the table open
 * - JET_errTableLocked: another session denies the access
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errWriteConflict: another session holds the write lock
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetSetColumnDefaultValue JetSetColumnDefaultValueW
#else
JET_ERR JET_API JetSetColumnDefaultValue(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    const char *szColumnName, const void *pvData, uint32_t cbData, JET_GRBIT grbit);
#endif
/** JetSetColumnDefaultValue with UTF-8 strings. */
JET_ERR JET_API JetSetColumnDefaultValueA(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    const char *szColumnName, const void *pvData, uint32_t cbData, JET_GRBIT grbit);
/** JetSetColumnDefaultValue with UTF-16LE strings. */
JET_ERR JET_API JetSetColumnDefaultValueW(JET_SESID sesid, JET_DBID dbid,
    const char16_t *szTableName, const char16_t *szColumnName, const void *pvData, uint32_t cbData,
    JET_GRBIT grbit);

/**
 * Returns the definition of a column, or a list of all columns, of the table of a cursor.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szColumnName column; address of a JET_COLUMNID for the ...ByColid levels; NULL or "" for
 *     the list levels
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbMax bytes of the buffer
 * @param InfoLevel JET_ColInfo constant; the list levels return a temporary table that the caller
 *     closes
 *
 * Returns JET_errSuccess, or:
 * - JET_errColumnNotFound: no such column
 * - JET_errFeatureNotAvailable: API not supported here
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: unknown level, or cbMax is too small
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetGetTableColumnInfo JetGetTableColumnInfoW
#else
JET_ERR JET_API JetGetTableColumnInfo(JET_SESID sesid, JET_TABLEID tableid,
    const char *szColumnName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel);
#endif
/** JetGetTableColumnInfo with UTF-8 strings. */
JET_ERR JET_API JetGetTableColumnInfoA(JET_SESID sesid, JET_TABLEID tableid,
    const char *szColumnName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel);
/** JetGetTableColumnInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetTableColumnInfoW(JET_SESID sesid, JET_TABLEID tableid,
    const char16_t *szColumnName, void *pvResult, uint32_t cbMax, uint32_t InfoLevel);

/**
 * Returns the definition of a column, or a list of all columns, of a table given by name.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szTableName table
 * @param pColumnNameOrId column name, or address of a JET_COLUMNID for the ...ByColid levels; may
 *     be NULL
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbMax bytes of the buffer
 * @param InfoLevel JET_ColInfo constant; the list levels return a temporary table that the caller
 *     closes
 *
 * Returns JET_errSuccess, or:
 * - JET_errColumnNotFound: no such column
 * - JET_errFeatureNotAvailable: API not supported here
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: unknown level, or cbMax is too small
 * - JET_errObjectNotFound: no such table
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetGetColumnInfo JetGetColumnInfoW
#else
JET_ERR JET_API JetGetColumnInfo(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    const char *pColumnNameOrId, void *pvResult, uint32_t cbMax, uint32_t InfoLevel);
#endif
/** JetGetColumnInfo with UTF-8 strings. */
JET_ERR JET_API JetGetColumnInfoA(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    const char *pColumnNameOrId, void *pvResult, uint32_t cbMax, uint32_t InfoLevel);
/** JetGetColumnInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetColumnInfoW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName,
    const char16_t *pColumnNameOrId, void *pvResult, uint32_t cbMax, uint32_t InfoLevel);

/* ==============================================================================================
 * Indexes
 *
 * A key description is a double-zero list of column names, each with + (ascending) or -
 * (descending) before it.
 * ============================================================================================ */

/**
 * Creates an index and fills it from the existing records. The primary index can be created only
 * while the table is empty. An index over text uses the default locale; JetCreateIndex2 and later
 * give others.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szIndexName index
 * @param grbit option bits, below
 * @param szKey double-zero list of "+column" and "-column"; after it may follow a locale id (16
 *     bits) and its zero
 * @param cbKey bytes of szKey, with both zeros
 * @param lDensity fill of pages in percent, 20 to 100, or 0 for the default
 *
 * Bits:
 * - JET_bitIndexUnique: no two records may have the same key: JET_errKeyDuplicate
 * - JET_bitIndexPrimary: the primary index: records are stored in its order
 * - JET_bitIndexDisallowNull: no key column may be null: JET_errNullKeyDisallowed
 * - JET_bitIndexIgnoreNull: records whose key columns are all null are left out
 * - JET_bitIndexIgnoreAnyNull: records with a null in any key column are left out
 * - JET_bitIndexIgnoreFirstNull: records with a null in the first key column are left out
 * - JET_bitIndexLazyFlush: do not wait until the creation is on disk
 * - JET_bitIndexEmpty: do not read existing records; allowed when all of them would be left out
 *   anyway
 * - JET_bitIndexUnversioned: create at once for everybody: not rolled back, and exclusive while it
 *   runs
 * - JET_bitIndexSortNullsHigh: nulls sort after values instead of before
 * - JET_bitIndexUnicode: the collation is given by a structure instead of an LCID alone
 * - JET_bitIndexTuples: index substrings of the first column
 * - JET_bitIndexTupleLimits: JET_TUPLELIMITS gives the sizes of the substrings
 * - JET_bitIndexCrossProduct: one entry for every combination of the values of multi-valued columns
 * - JET_bitIndexKeyMost: cbKeyMost of the structure limits the key
 * - JET_bitIndexDisallowTruncation: refuse keys that do not fit: JET_errKeyTruncated
 * - JET_bitIndexNestedTable: one entry for each set of values with the same number in all
 *   multi-valued columns
 * - JET_bitIndexDotNetGuid: JET_coltypGUID columns sort in the order of the .NET type
 * - JET_bitIndexImmutableStructure: nothing is written to the structure, not its err either
 *
 * Returns JET_errSuccess, or:
 * - JET_errIndexDuplicate: the name is taken
 * - JET_errIndexHasPrimary: there is a primary index
 * - JET_errIndexInvalidDef: the key description makes no sense
 * - JET_errIndexMustStay: the index cannot be replaced
 * - JET_errColumnNotFound: a key column does not exist
 * - JET_errKeyDuplicate: existing records break JET_bitIndexUnique
 * - JET_errNullKeyDisallowed: existing records break JET_bitIndexDisallowNull
 * - JET_errInvalidGrbit: bits that exclude each other
 * - JET_errDensityInvalid: a density outside 20 to 100
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetCreateIndex JetCreateIndexW
#else
JET_ERR JET_API JetCreateIndex(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    JET_GRBIT grbit, const char *szKey, uint32_t cbKey, uint32_t lDensity);
#endif
/** JetCreateIndex with UTF-8 strings. */
JET_ERR JET_API JetCreateIndexA(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    JET_GRBIT grbit, const char *szKey, uint32_t cbKey, uint32_t lDensity);
/** JetCreateIndex with UTF-16LE strings. */
JET_ERR JET_API JetCreateIndexW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szIndexName,
    JET_GRBIT grbit, const char16_t *szKey, uint32_t cbKey, uint32_t lDensity);

/**
 * Creates several indexes, reading the table once. The err field of each says what happened to it;
 * all or nothing.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pindexcreate descriptions, JET_INDEXCREATE (or JET_INDEXCREATEOLD by its cbStruct); the
 *     err field of each is written
 * @param cIndexCreate elements of pindexcreate
 *
 * Returns JET_errSuccess, or:
 * - JET_errCannotIndex: column type cannot be indexed
 * - JET_errColumnNotFound: no such column
 * - JET_errDensityInvalid: density out of range
 * - JET_errIndexDuplicate: a name is taken
 * - JET_errIndexHasPrimary: there is a primary index
 * - JET_errIndexInvalidDef: a key description makes no sense
 * - JET_errIndexTuplesInvalidLimits: tuple length limits out of range
 * - JET_errIndexTuplesNonUniqueOnly: tuple index cannot be unique
 * - JET_errIndexTuplesOneColumnOnly: alias of JET_errIndexTuplesTooManyColumns
 * - JET_errIndexTuplesSecondaryIndexOnly: tuple index must be secondary
 * - JET_errIndexTuplesTextColumnsOnly: alias of JET_errIndexTuplesTextBinaryColumnsOnly
 * - JET_errIndexTuplesVarSegMacNotAllowed: tuple index cannot set cbVarSegMac
 * - JET_errInTransaction: not allowed inside a transaction
 * - JET_errInvalidGrbit: bits that exclude each other
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: bad argument
 * - JET_errUnicodeTranslationFail: Unicode key mapping failed
 * - JET_errKeyDuplicate: existing records break JET_bitIndexUnique
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetCreateIndex2 JetCreateIndex2W
#else
JET_ERR JET_API JetCreateIndex2(JET_SESID sesid, JET_TABLEID tableid,
    JET_INDEXCREATE_A *pindexcreate, uint32_t cIndexCreate);
#endif
/** JetCreateIndex2 with UTF-8 strings. */
JET_ERR JET_API JetCreateIndex2A(JET_SESID sesid, JET_TABLEID tableid,
    JET_INDEXCREATE_A *pindexcreate, uint32_t cIndexCreate);
/** JetCreateIndex2 with UTF-16LE strings. */
JET_ERR JET_API JetCreateIndex2W(JET_SESID sesid, JET_TABLEID tableid,
    JET_INDEXCREATE_W *pindexcreate, uint32_t cIndexCreate);

/**
 * JetCreateIndex2 with space hints.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pindexcreate descriptions; the err field of each is written
 * @param cIndexCreate elements of pindexcreate
 *
 * Returns JET_errSuccess, or:
 * - JET_errCannotIndex: column type cannot be indexed
 * - JET_errColumnNotFound: no such column
 * - JET_errDensityInvalid: density out of range
 * - JET_errIndexDuplicate: index name exists
 * - JET_errIndexHasPrimary: table already has a primary index
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errIndexTuplesInvalidLimits: tuple length limits out of range
 * - JET_errIndexTuplesNonUniqueOnly: tuple index cannot be unique
 * - JET_errIndexTuplesOneColumnOnly: alias of JET_errIndexTuplesTooManyColumns
 * - JET_errIndexTuplesSecondaryIndexOnly: tuple index must be secondary
 * - JET_errIndexTuplesTextColumnsOnly: alias of JET_errIndexTuplesTextBinaryColumnsOnly
 * - JET_errIndexTuplesVarSegMacNotAllowed: tuple index cannot set cbVarSegMac
 * - JET_errInTransaction: not allowed inside a transaction
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: bad argument
 * - JET_errUnicodeTranslationFail: Unicode key mapping failed
 * - JET_errSpaceHintsInvalid: space hints invalid
 *
 * Since: Windows 7.
 * Source: reference page.
 */
JET_ERR JET_API JetCreateIndex3A(JET_SESID sesid, JET_TABLEID tableid,
    JET_INDEXCREATE2_A *pindexcreate, uint32_t cIndexCreate);
JET_ERR JET_API JetCreateIndex3W(JET_SESID sesid, JET_TABLEID tableid,
    JET_INDEXCREATE2_W *pindexcreate, uint32_t cIndexCreate);
#ifdef JET_UNICODE
#define JetCreateIndex3 JetCreateIndex3W
#else
#define JetCreateIndex3 JetCreateIndex3A
#endif

/**
 * JetCreateIndex3 with collations given by locale name.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pindexcreate descriptions; the err field of each is written
 * @param cIndexCreate elements of pindexcreate
 *
 * Returns JET_errSuccess, or:
 * - JET_errCannotIndex: column type cannot be indexed
 * - JET_errColumnNotFound: no such column
 * - JET_errDensityInvalid: density out of range
 * - JET_errInTransaction: not allowed inside a transaction
 * - JET_errIndexDuplicate: index name exists
 * - JET_errIndexHasPrimary: table already has a primary index
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errIndexTuplesInvalidLimits: tuple length limits out of range
 * - JET_errIndexTuplesNonUniqueOnly: tuple index cannot be unique
 * - JET_errIndexTuplesOneColumnOnly: alias of JET_errIndexTuplesTooManyColumns
 * - JET_errIndexTuplesSecondaryIndexOnly: tuple index must be secondary
 * - JET_errIndexTuplesTextColumnsOnly: alias of JET_errIndexTuplesTextBinaryColumnsOnly
 * - JET_errIndexTuplesVarSegMacNotAllowed: tuple index cannot set cbVarSegMac
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: bad argument
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errSpaceHintsInvalid: space hints invalid
 * - JET_errUnicodeTranslationFail: Unicode key mapping failed
 *
 * Since: Windows 8.
 * Source: reference page.
 */
JET_ERR JET_API JetCreateIndex4A(JET_SESID sesid, JET_TABLEID tableid,
    JET_INDEXCREATE3_A *pindexcreate, uint32_t cIndexCreate);
JET_ERR JET_API JetCreateIndex4W(JET_SESID sesid, JET_TABLEID tableid,
    JET_INDEXCREATE3_W *pindexcreate, uint32_t cIndexCreate);
#ifdef JET_UNICODE
#define JetCreateIndex4 JetCreateIndex4W
#else
#define JetCreateIndex4 JetCreateIndex4A
#endif

/**
 * Deletes a secondary index.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szIndexName index
 *
 * Returns JET_errSuccess, or:
 * - JET_errFixedDDL: the table's schema is fixed
 * - JET_errFixedInheritedDDL: the index belongs to the template
 * - JET_errIndexNotFound: no such index
 * - JET_errPermissionDenied: permission denied
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errIndexMustStay: the primary index
 * - JET_errIndexInUse: a cursor follows it, of this session or another
 * - the errors of handles and memory, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetDeleteIndex JetDeleteIndexW
#else
JET_ERR JET_API JetDeleteIndex(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName);
#endif
/** JetDeleteIndex with UTF-8 strings. */
JET_ERR JET_API JetDeleteIndexA(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName);
/** JetDeleteIndex with UTF-16LE strings. */
JET_ERR JET_API JetDeleteIndexW(JET_SESID sesid, JET_TABLEID tableid, const char16_t *szIndexName);

/**
 * Returns facts about an index, or a list of the indexes, of the table of a cursor.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szIndexName index; NULL or "" for all (JET_IdxInfo) or for the primary index
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbResult bytes of the buffer
 * @param InfoLevel JET_IdxInfo constant; it says what pvResult must be
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnBufferTruncated: data cut to fit the buffer
 * - JET_errIndexNotFound: no such index
 * - JET_errBufferTooSmall: the description and its strings do not fit
 * - JET_errInvalidParameter: unknown level
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetGetTableIndexInfo JetGetTableIndexInfoW
#else
JET_ERR JET_API JetGetTableIndexInfo(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    void *pvResult, uint32_t cbResult, uint32_t InfoLevel);
#endif
/** JetGetTableIndexInfo with UTF-8 strings. */
JET_ERR JET_API JetGetTableIndexInfoA(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    void *pvResult, uint32_t cbResult, uint32_t InfoLevel);
/** JetGetTableIndexInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetTableIndexInfoW(JET_SESID sesid, JET_TABLEID tableid,
    const char16_t *szIndexName, void *pvResult, uint32_t cbResult, uint32_t InfoLevel);

/**
 * Returns facts about an index, or a list of the indexes, of a table given by name.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szTableName table
 * @param szIndexName index; NULL or "" for all (JET_IdxInfo) or for the primary index
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbResult bytes of the buffer
 * @param InfoLevel JET_IdxInfo constant; it says what pvResult must be
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnBufferTruncated: data cut to fit the buffer
 * - JET_errIndexNotFound: no such index
 * - JET_errObjectNotFound: no such table
 * - JET_errBufferTooSmall: the description and its strings do not fit
 * - JET_errInvalidParameter: unknown level
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetGetIndexInfo JetGetIndexInfoW
#else
JET_ERR JET_API JetGetIndexInfo(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    const char *szIndexName, void *pvResult, uint32_t cbResult, uint32_t InfoLevel);
#endif
/** JetGetIndexInfo with UTF-8 strings. */
JET_ERR JET_API JetGetIndexInfoA(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    const char *szIndexName, void *pvResult, uint32_t cbResult, uint32_t InfoLevel);
/** JetGetIndexInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetIndexInfoW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName,
    const char16_t *szIndexName, void *pvResult, uint32_t cbResult, uint32_t InfoLevel);

/**
 * Counts the records and leaf pages of a table, and the entries, different keys and leaf pages of each
 * of its indexes, and keeps the numbers for JetGetObjectInfo, JetGetTableInfo and the lists of
 * JetGetTableIndexInfo: in the session's transaction, and without a log flush. They stay until the
 * next call, whatever is changed meanwhile.
 *
 * @param sesid session
 * @param tableid cursor
 *
 * Returns JET_errSuccess, or:
 * - JET_errDatabaseFileReadOnly: the database is open for reading only
 * - JET_errTransReadOnly: the transaction is read-only
 * - JET_errWriteConflict: another session is changing the table's schema
 * - JET_errRollbackError: rollback failed; session unusable
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; published engine source.
 */
JET_ERR JET_API JetComputeStats(JET_SESID sesid, JET_TABLEID tableid);

/* ==============================================================================================
 * Cursors
 *
 * A cursor stands on an entry of one index, or before the first, or after the last. A new cursor
 * uses the primary index and stands on the first entry.
 * ============================================================================================ */

/**
 * Opens a second cursor on the same table, on the first record of the primary index.
 *
 * @param sesid session
 * @param tableid cursor
 * @param ptableid out: cursor
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errOutOfCursors: cursor limit reached
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetDupCursor(JET_SESID sesid, JET_TABLEID tableid, JET_TABLEID *ptableid,
    JET_GRBIT grbit);

/**
 * Closes a cursor; a temporary table vanishes with it. An update that was prepared is cancelled.
 *
 * @param sesid session
 * @param tableid cursor
 *
 * Returns JET_errSuccess.
 * Source: reference page.
 */
JET_ERR JET_API JetCloseTable(JET_SESID sesid, JET_TABLEID tableid);

/**
 * Selects the index that the cursor follows, and goes to its first entry.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szIndexName index; NULL or "" for the primary index
 *
 * Returns JET_errSuccess, or:
 * - JET_errBadItagSequence: no such multi-value
 * - JET_errInvalidIndexId: bad index id
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoCurrentRecord: cursor not on a record
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errIndexNotFound: no such index
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetSetCurrentIndex JetSetCurrentIndexW
#else
JET_ERR JET_API JetSetCurrentIndex(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName);
#endif
/** JetSetCurrentIndex with UTF-8 strings. */
JET_ERR JET_API JetSetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName);
/** JetSetCurrentIndex with UTF-16LE strings. */
JET_ERR JET_API JetSetCurrentIndexW(JET_SESID sesid, JET_TABLEID tableid,
    const char16_t *szIndexName);

/**
 * JetSetCurrentIndex that can stay on the current record.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szIndexName index; NULL or "" for the primary index
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitMoveFirst: go to the first entry of the new index (the default)
 * - JET_bitNoMove: stay on the same record
 *
 * Returns JET_errSuccess, or:
 * - JET_errBadItagSequence: no such multi-value
 * - JET_errInvalidIndexId: bad index id
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoCurrentRecord: JET_bitNoMove and the record is not in the new index
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errIndexNotFound: no such index
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetSetCurrentIndex2 JetSetCurrentIndex2W
#else
JET_ERR JET_API JetSetCurrentIndex2(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    JET_GRBIT grbit);
#endif
/** JetSetCurrentIndex2 with UTF-8 strings. */
JET_ERR JET_API JetSetCurrentIndex2A(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    JET_GRBIT grbit);
/** JetSetCurrentIndex2 with UTF-16LE strings. */
JET_ERR JET_API JetSetCurrentIndex2W(JET_SESID sesid, JET_TABLEID tableid,
    const char16_t *szIndexName, JET_GRBIT grbit);

/**
 * JetSetCurrentIndex2 that chooses one of several entries of the record by the number of its value.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szIndexName index; NULL or "" for the primary index
 * @param grbit option bits, below
 * @param itagSequence number of the value of a multi-valued key column, from 1
 *
 * Bits:
 * - JET_bitMoveFirst: go to the first entry of the new index (the default)
 * - JET_bitNoMove: stay on the same record
 *
 * Returns JET_errSuccess, or:
 * - JET_errBadItagSequence: the record has no such value
 * - JET_errInvalidIndexId: bad index id
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoCurrentRecord: cursor not on a record
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errIndexNotFound: no such index
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetSetCurrentIndex3 JetSetCurrentIndex3W
#else
JET_ERR JET_API JetSetCurrentIndex3(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    JET_GRBIT grbit, uint32_t itagSequence);
#endif
/** JetSetCurrentIndex3 with UTF-8 strings. */
JET_ERR JET_API JetSetCurrentIndex3A(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    JET_GRBIT grbit, uint32_t itagSequence);
/** JetSetCurrentIndex3 with UTF-16LE strings. */
JET_ERR JET_API JetSetCurrentIndex3W(JET_SESID sesid, JET_TABLEID tableid,
    const char16_t *szIndexName, JET_GRBIT grbit, uint32_t itagSequence);

/**
 * JetSetCurrentIndex3 that can take the index by its identity.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szIndexName index; NULL or "" for the primary index; not looked at when pindexid is given
 * @param pindexid identity of the index, faster than its name; may be NULL
 * @param grbit option bits, below
 * @param itagSequence number of the value of a multi-valued key column, from 1
 *
 * Bits:
 * - JET_bitMoveFirst: go to the first entry of the new index (the default)
 * - JET_bitNoMove: stay on the same record
 *
 * Returns JET_errSuccess, or:
 * - JET_errBadItagSequence: no such multi-value
 * - JET_errInvalidIndexId: pindexid is not the identity of an index of this table
 * - JET_errInvalidName: malformed object name
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoCurrentRecord: cursor not on a record
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errIndexNotFound: no such index
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetSetCurrentIndex4 JetSetCurrentIndex4W
#else
JET_ERR JET_API JetSetCurrentIndex4(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    JET_INDEXID *pindexid, JET_GRBIT grbit, uint32_t itagSequence);
#endif
/** JetSetCurrentIndex4 with UTF-8 strings. */
JET_ERR JET_API JetSetCurrentIndex4A(JET_SESID sesid, JET_TABLEID tableid, const char *szIndexName,
    JET_INDEXID *pindexid, JET_GRBIT grbit, uint32_t itagSequence);
/** JetSetCurrentIndex4 with UTF-16LE strings. */
JET_ERR JET_API JetSetCurrentIndex4W(JET_SESID sesid, JET_TABLEID tableid,
    const char16_t *szIndexName, JET_INDEXID *pindexid, JET_GRBIT grbit, uint32_t itagSequence);

/**
 * Returns the name of the index that the cursor follows, "" for a primary index without a name.
 *
 * @param sesid session
 * @param tableid cursor
 * @param szIndexName buffer
 * @param cbIndexName bytes of the buffer
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnBufferTruncated: data cut to fit the buffer
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetGetCurrentIndex JetGetCurrentIndexW
#else
JET_ERR JET_API JetGetCurrentIndex(JET_SESID sesid, JET_TABLEID tableid, char *szIndexName,
    uint32_t cbIndexName);
#endif
/** JetGetCurrentIndex with UTF-8 strings. */
JET_ERR JET_API JetGetCurrentIndexA(JET_SESID sesid, JET_TABLEID tableid, char *szIndexName,
    uint32_t cbIndexName);
/** JetGetCurrentIndex with UTF-16LE strings. */
JET_ERR JET_API JetGetCurrentIndexW(JET_SESID sesid, JET_TABLEID tableid, char16_t *szIndexName,
    uint32_t cbIndexName);

/**
 * Moves a cursor along its index. Moving past the end leaves it before the first or after the last
 * entry, with JET_errNoCurrentRecord. An index range ends the movement and is dropped.
 *
 * @param sesid session
 * @param tableid cursor
 * @param cRow entries to move by, or JET_MoveFirst, JET_MoveLast, JET_MoveNext, JET_MovePrevious
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitMoveKeyNE: skip entries with the same key
 *
 * Returns JET_errSuccess, or:
 * - JET_errNoCurrentRecord: there is no entry in that direction, or the range ended
 * - JET_errRecordDeleted: moving by 0: the record was deleted
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetMove(JET_SESID sesid, JET_TABLEID tableid, int32_t cRow, JET_GRBIT grbit);

/**
 * Makes JetMove skip records that do not satisfy all comparisons, on the primary index of a table. A filter
 * set before is replaced, also when the new one is refused. Counts and seeks do not look at it. While there
 * is one, JetMove by 0 rows, JetGotoPosition and JetSetCurrentIndex answer JET_errFilteredMoveNotSupported.
 *
 * A null is less than every value. Of a multi-valued column the first value counts. JET_relopPrefixEquals and
 * JET_bitZeroLength are for JET_coltypBinary, the masks for whole numbers.
 *
 * @param sesid session
 * @param tableid cursor
 * @param rgColumnFilters comparisons, copied; NULL with count 0 removes the filter
 * @param cColumnFilters elements of rgColumnFilters
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errFilteredMoveNotSupported: a secondary index or a temporary table; a column of text, of a long type
 *   or with a computed default
 * - JET_errColumnNotFound: there is no such column
 * - JET_errInvalidGrbit: grbit is not 0
 * - JET_errInvalidParameter: a comparison that the column's type does not have, a value of another size
 *
 * Since: Windows 8.
 * Source: reference page.
 */
JET_ERR JET_API JetSetCursorFilter(JET_SESID sesid, JET_TABLEID tableid,
    JET_INDEX_COLUMN *rgColumnFilters, uint32_t cColumnFilters, JET_GRBIT grbit);

/**
 * Returns the primary key of the current record, with which JetGotoBookmark finds it again.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvBookmark buffer; may be NULL
 * @param cbMax bytes of the buffer
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: the bookmark does not fit; *pcbActual says how much it needs
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetGetBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark,
    uint32_t cbMax, uint32_t *pcbActual);

/**
 * Goes to the record with this bookmark, on the index in use.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvBookmark bookmark
 * @param cbBookmark bytes of the bookmark
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidBookmark: the bookmark is empty or malformed
 * - JET_errNoCurrentRecord: the record is not in the index in use
 * - JET_errRecordDeleted: there is no such record (any more)
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetGotoBookmark(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark,
    uint32_t cbBookmark);

/**
 * Returns the key of the current entry in the secondary index and the bookmark of its record;
 * together they identify one entry.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvSecondaryKey buffer; may be NULL
 * @param cbSecondaryKeyMax bytes of the buffer
 * @param pcbSecondaryKeyActual out: bytes of the key; may be NULL
 * @param pvPrimaryBookmark buffer; may be NULL
 * @param cbPrimaryBookmarkMax bytes of the buffer
 * @param pcbPrimaryBookmarkActual out: bytes of the bookmark; may be NULL
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: one of the two does not fit; the sizes are returned
 * - JET_errNoCurrentIndex: the cursor follows the primary index
 * - JET_errNoCurrentRecord: cursor not on a record
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
JET_ERR JET_API JetGetSecondaryIndexBookmark(JET_SESID sesid, JET_TABLEID tableid,
    void *pvSecondaryKey, uint32_t cbSecondaryKeyMax, uint32_t *pcbSecondaryKeyActual,
    void *pvPrimaryBookmark, uint32_t cbPrimaryBookmarkMax, uint32_t *pcbPrimaryBookmarkActual,
    JET_GRBIT grbit);

/**
 * Goes to the entry of a secondary index that JetGetSecondaryIndexBookmark described.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvSecondaryKey key in the secondary index
 * @param cbSecondaryKey bytes of the key
 * @param pvPrimaryBookmark bookmark in the primary index; may be NULL
 * @param cbPrimaryBookmark bytes of the bookmark
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitBookmarkPermitVirtualCurrency: when the entry is gone, stay where it was and report
 *   JET_errRecordDeleted
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidBookmark: a key is empty or malformed
 * - JET_errNoCurrentIndex: the cursor follows the primary index
 * - JET_errRecordDeleted: there is no such entry (any more)
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
JET_ERR JET_API JetGotoSecondaryIndexBookmark(JET_SESID sesid, JET_TABLEID tableid,
    void *pvSecondaryKey, uint32_t cbSecondaryKey, void *pvPrimaryBookmark,
    uint32_t cbPrimaryBookmark, JET_GRBIT grbit);

/**
 * Estimates where in its index the cursor stands, as a fraction.
 *
 * @param sesid session
 * @param tableid cursor
 * @param precpos out: position
 * @param cbRecpos sizeof *precpos
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoCurrentRecord: cursor not on a record
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetGetRecordPosition(JET_SESID sesid, JET_TABLEID tableid, JET_RECPOS *precpos,
    uint32_t cbRecpos);

/**
 * Goes to roughly the entry at a fraction of the index.
 *
 * @param sesid session
 * @param tableid cursor
 * @param precpos centriesLT and centriesTotal: the fraction
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: centriesLT exceeds centriesTotal
 * - JET_errRecordNotFound: the index is empty
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetGotoPosition(JET_SESID sesid, JET_TABLEID tableid, JET_RECPOS *precpos);

/**
 * Tells whether another session has changed the current record: JET_errWriteConflict if it has.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvResult reserved, NULL
 * @param cbMax reserved, 0
 * @param InfoLevel reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - JET_errWriteConflict: an update of the record would fail
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetGetCursorInfo(JET_SESID sesid, JET_TABLEID tableid, void *pvResult,
    uint32_t cbMax, uint32_t InfoLevel);

/**
 * Returns the word that JetSetLS attached, and removes it with JET_bitLSReset.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pls out: caller's word
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitLSCursor: the storage belongs to the cursor
 * - JET_bitLSTable: the storage belongs to the table, for all cursors of the instance
 * - JET_bitLSReset: remove the storage
 *
 * Neither JET_bitLSCursor nor JET_bitLSTable: the cursor's.
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: both JET_bitLSCursor and JET_bitLSTable
 * - JET_errLSNotSet: there is none (with JET_bitLSReset: JET_LSNil and success)
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
JET_ERR JET_API JetGetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS *pls, JET_GRBIT grbit);

/**
 * Takes the announcement of JetSetTableSequential back.
 *
 * @param sesid session
 * @param tableid cursor
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
JET_ERR JET_API JetResetTableSequential(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);

/**
 * Attaches a word of the caller to a cursor or a table. JET_paramRuntimeCallback is called with
 * JET_cbtypFreeCursorLS or JET_cbtypFreeTableLS when the engine lets it go: when the cursor is closed, when
 * the database is detached or the instance ends, when the last cursor on a temporary table is closed. That
 * callback must not call the engine.
 *
 * @param sesid session
 * @param tableid cursor
 * @param ls caller's word
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitLSCursor: the storage belongs to the cursor
 * - JET_bitLSReset: remove the storage
 * - JET_bitLSTable: the storage belongs to the table, for all cursors of the instance
 *
 * Neither JET_bitLSCursor nor JET_bitLSTable: the cursor's.
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: both JET_bitLSCursor and JET_bitLSTable
 * - JET_errLSAlreadySet: there is one already
 * - JET_errLSCallbackNotSpecified: JET_paramRuntimeCallback is not set
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
JET_ERR JET_API JetSetLS(JET_SESID sesid, JET_TABLEID tableid, JET_LS ls, JET_GRBIT grbit);

/**
 * Says that the table will be scanned, so that pages are read ahead generously.
 *
 * @param sesid session
 * @param tableid cursor
 * @param grbit direction of the scan, or 0
 *
 * Bits:
 * - JET_bitPrereadForward: forwards
 * - JET_bitPrereadBackward: backwards
 *
 * Returns JET_errSuccess, or:
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
JET_ERR JET_API JetSetTableSequential(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);

/* ==============================================================================================
 * Keys, seeks and ranges
 *
 * A search key is built with JetMakeKey, column by column, and stays with the cursor until JetSeek,
 * JetSetIndexRange or another move uses or drops it.
 * ============================================================================================ */

/**
 * Adds a column value to the search key of the cursor, in the order of the index in use. The first
 * call needs JET_bitNewKey. The limit bits make a key that stands before or after all entries that
 * begin with it.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvData value in the column's type, or NULL
 * @param cbData bytes of pvData; 0 means null unless JET_bitKeyDataZeroLength
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitFullColumnEndLimit: upper limit, all following columns are open
 * - JET_bitKeyDataZeroLength: the value has zero length, as opposed to null
 * - JET_bitNewKey: start a new key
 * - JET_bitNormalizedKey: the data is a complete key, from JetRetrieveKey
 * - JET_bitPartialColumnEndLimit: upper limit, a prefix of this column
 * - JET_bitPartialColumnStartLimit: lower limit, a prefix of this column
 * - JET_bitStrLimit: the key is a limit that also matches every longer column value list
 * - JET_bitSubStrLimit: the key is a limit that also matches every text that begins with this one
 * - JET_bitFullColumnStartLimit: lower limit, all following columns are open
 *
 * Returns JET_errSuccess, or:
 * - JET_errIndexTuplesKeyTooSmall: a tuple index, and the value is shorter than its substrings
 * - JET_errInvalidBufferSize: cbData does not suit the column's type
 * - JET_errInvalidGrbit: limit bits that exclude each other
 * - JET_errInvalidParameter: bad argument
 * - JET_errKeyIsMade: the key is complete
 * - JET_errKeyNotMade: the first column without JET_bitNewKey
 * - JET_errNoCurrentIndex: the index has no columns
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetMakeKey(JET_SESID sesid, JET_TABLEID tableid, const void *pvData,
    uint32_t cbData, JET_GRBIT grbit);

/**
 * Finds an entry by the search key. Exactly one of the JET_bitSeek bits is needed; the key is used
 * up. When nothing is found the cursor stands where the entry would be.
 *
 * @param sesid session
 * @param tableid cursor
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitCheckUniqueness: with JET_bitSeekEQ: JET_wrnUniqueKey if it is the only entry with this
 *   key
 * - JET_bitSeekEQ: find an entry equal to the key
 * - JET_bitSeekGE: find the first entry equal to or above the key
 * - JET_bitSeekGT: find the first entry above the key
 * - JET_bitSeekLE: find the last entry equal to or below the key
 * - JET_bitSeekLT: find the last entry below the key
 * - JET_bitSetIndexRange: with JET_bitSeekEQ: limit the cursor to entries with this key
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnSeekNotEqual: JET_bitSeekLE or GE: found an entry that is not equal
 * - JET_wrnUniqueKey: JET_bitCheckUniqueness: the only entry with this key
 * - JET_errKeyNotMade: no search key
 * - JET_errRecordNotFound: no entry satisfies the key
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetSeek(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);

/**
 * Limits the cursor to entries from where it stands to the search key, in one direction. Moving
 * beyond the limit gives JET_errNoCurrentRecord and drops the range.
 *
 * @param sesid session
 * @param tableidSrc cursor
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitRangeInclusive: the limit itself belongs to the range
 * - JET_bitRangeInstantDuration: only test whether the range has an entry, and drop it again
 * - JET_bitRangeRemove: remove the range
 * - JET_bitRangeUpperLimit: the key limits moves forwards; otherwise moves backwards
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidOperation: JET_bitRangeRemove without a range
 * - JET_errKeyNotMade: no search key
 * - JET_errNoCurrentIndex: needs a current index
 * - JET_errNoCurrentRecord: the range is empty
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetSetIndexRange(JET_SESID sesid, JET_TABLEID tableidSrc, JET_GRBIT grbit);

/**
 * Returns the key of the current entry, or with JET_bitRetrieveCopy the search key under
 * construction.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvKey buffer, or NULL to learn the size
 * @param cbMax bytes of the buffer
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitRetrieveCopy: the search key that JetMakeKey has made so far, not the key of the current entry
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnBufferTruncated: the key does not fit; the beginning was copied (a search key is cut without this
 *   warning: compare *pcbActual)
 * - JET_errKeyNotMade: JET_bitRetrieveCopy without a search key
 * - JET_errNoCurrentRecord: cursor not on a record
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetRetrieveKey(JET_SESID sesid, JET_TABLEID tableid, void *pvKey, uint32_t cbMax,
    uint32_t *pcbActual, JET_GRBIT grbit);

/**
 * Counts entries from the cursor to the end of its range or index.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pcrec out: entries counted
 * @param crecMax stop counting here; 0 counts to the end
 *
 * An empty index has 0 entries for a cursor that has not been moved since it was opened or given the index.
 *
 * Returns JET_errSuccess, or:
 * - JET_errNoCurrentRecord: the cursor is not on an entry
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetIndexRecordCount(JET_SESID sesid, JET_TABLEID tableid, uint32_t *pcrec,
    uint32_t crecMax);

/**
 * JetIndexRecordCount with 64-bit counts.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pcrec out: entries counted
 * @param crecMax stop counting here; 0 counts to the end
 *
 * Returns JET_errSuccess, or:
 * - JET_errNoCurrentRecord: no entry to count
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: after Windows 10.
 * Source: published engine source; bound by existing clients.
 */
JET_ERR JET_API JetIndexRecordCount2(JET_SESID sesid, JET_TABLEID tableid, uint64_t *pcrec,
    uint64_t crecMax);

/**
 * Finds the records that are in all of several index ranges, into a temporary table of bookmarks
 * for JetGotoBookmark.
 *
 * @param sesid session
 * @param rgindexrange cursors of this session on the same table, each with a range on a secondary
 *     index
 * @param cindexrange elements of rgindexrange
 * @param precordlist out: temporary table of bookmarks
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidParameter: bad argument
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errTooManyOpenIndexes: the limit of JET_paramMaxOpenTables is reached
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * - JET_errTooManySorts: sort limit reached
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetIntersectIndexes(JET_SESID sesid, JET_INDEXRANGE *rgindexrange,
    uint32_t cindexrange, JET_RECORDLIST *precordlist, JET_GRBIT grbit);

/**
 * Requests the pages of records with these primary keys ahead of reading them.
 *
 * @param sesid session
 * @param tableid cursor
 * @param rgpvKeys keys, from JetRetrieveKey, in index order
 * @param rgcbKeys bytes of each key
 * @param ckeys elements of both arrays
 * @param pckeysPreread out: keys for which pages were requested; may be NULL
 * @param grbit direction
 *
 * Bits:
 * - JET_bitPrereadForward: keys ascend
 * - JET_bitPrereadBackward: keys descend
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: neither or both directions
 * - JET_errInvalidBufferSize: buffer size does not match the type
 * - JET_errInvalidParameter: keys are not in order
 *
 * Since: Windows 7.
 * Source: reference page.
 */
JET_ERR JET_API JetPrereadKeys(JET_SESID sesid, JET_TABLEID tableid, const void **rgpvKeys,
    const uint32_t *rgcbKeys, int32_t ckeys, int32_t *pckeysPreread, JET_GRBIT grbit);

/**
 * Requests the pages of index ranges, and of long values in them, ahead of reading them.
 *
 * @param sesid session
 * @param tableid cursor
 * @param rgIndexRanges ranges
 * @param cIndexRanges elements of rgIndexRanges
 * @param pcRangesPreread out: ranges for which pages were requested; may be NULL
 * @param rgcolumnidPreread long-value columns to read ahead too
 * @param ccolumnidPreread elements of rgcolumnidPreread
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitPrereadForward: reading will go forwards
 * - JET_bitPrereadBackward: reading will go backwards
 * - JET_bitPrereadFirstPage: read ahead only the first page of each long value
 * - JET_bitPrereadNormalizedKey: the ranges hold complete keys in their first column
 *
 * Both ends of a range are inclusive; a range without end columns is everything that begins with
 * its start. Reading stops after 1024 pages: the range it stops in counts, later ones do not.
 *
 * Returns JET_errSuccess, or:
 * - JET_errColumnNotFound: rgcolumnidPreread names no column
 * - JET_errIllegalOperation: a temporary table
 * - JET_errInvalidGrbit: unknown bits, or both directions
 * - JET_errInvalidParameter: no ranges; a range without start columns
 *
 * Since: Windows 8.
 * Source: reference page.
 */
JET_ERR JET_API JetPrereadIndexRanges(JET_SESID sesid, JET_TABLEID tableid,
    const JET_INDEX_RANGE *rgIndexRanges, uint32_t cIndexRanges, uint32_t *pcRangesPreread,
    const JET_COLUMNID *rgcolumnidPreread, uint32_t ccolumnidPreread, JET_GRBIT grbit);

/* ==============================================================================================
 * Records
 *
 * A record is changed in a copy: JetPrepareUpdate makes it, JetSetColumn fills it, JetUpdate stores
 * it.
 * ============================================================================================ */

/**
 * Reads a value of the current record, or with JET_bitRetrieveCopy of the record being updated.
 *
 * @param sesid session
 * @param tableid cursor
 * @param columnid column; 0 walks all tagged columns by the number in pretinfo
 * @param pvData buffer, or NULL to learn the size
 * @param cbData bytes of pvData
 * @param pcbActual out: bytes of the value from ibLongValue on; may be NULL
 * @param grbit option bits, below
 * @param pretinfo in/out: part and number of the value; may be NULL
 *
 * Bits:
 * - JET_bitRetrieveCopy: read the record being updated instead of the stored one
 * - JET_bitRetrieveFromIndex: take the value from the index entry where possible; the column must be one of
 *   the index (JET_errColumnNotFound)
 * - JET_bitRetrieveFromPrimaryBookmark: take the value from the bookmark in the secondary entry
 *   where possible; the column must be one of the primary index (JET_errColumnNotFound)
 * - JET_bitRetrieveTag: return the number of the value instead of the value
 * - JET_bitRetrieveNull: report null values too, when walking tagged columns
 * - JET_bitRetrieveIgnoreDefault: report a default value as null
 * - JET_bitRetrieveTuple: with JET_bitRetrieveFromIndex: the value is the indexed substring
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnBufferTruncated: the value does not fit; the beginning was copied
 * - JET_wrnColumnNull: the column has no value
 * - JET_errBadColumnId: not a column id
 * - JET_errBadItagSequence: itagSequence is 0 where a value number is needed
 * - JET_errColumnNotFound: no such column
 * - JET_errIndexTuplesCannotRetrieveFromIndex: a tuple index does not hold the whole value
 * - JET_errInvalidBufferSize: buffer size does not match the type
 * - JET_errInvalidParameter: bad argument
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetRetrieveColumn(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid,
    void *pvData, uint32_t cbData, uint32_t *pcbActual, JET_GRBIT grbit, JET_RETINFO *pretinfo);

/**
 * Reads several values; the err field of each structure holds its own result, and the call returns
 * the last warning or the first error. itagSequence 0 in a structure returns the number of values
 * in itagSequence.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pretrievecolumn in/out: columns wanted; may be NULL
 * @param cretrievecolumn elements of pretrievecolumn
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnBufferTruncated: a value does not fit
 * - JET_errBadItagSequence: no such multi-value
 * - JET_errBadColumnId: bad columnid
 * - JET_errColumnNotFound: no such column
 * - JET_errIndexTuplesCannotRetrieveFromIndex: cannot read column from tuple index
 * - JET_errInvalidBufferSize: buffer size does not match the type
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetRetrieveColumns(JET_SESID sesid, JET_TABLEID tableid,
    JET_RETRIEVECOLUMN *pretrievecolumn, uint32_t cretrievecolumn);

/**
 * Finds all values of all columns, or of the columns wanted, in one call. The result is a tree of
 * blocks that the caller frees with its own allocator: the array, each value array, each pvData.
 *
 * @param sesid session
 * @param tableid cursor
 * @param cEnumColumnId elements of rgEnumColumnId, 0 for all columns
 * @param rgEnumColumnId columns wanted; may be NULL
 * @param pcEnumColumn out: elements of prgEnumColumn
 * @param prgEnumColumn out: columns found; this array, each value array and each pvData were
 *     allocated with pfnRealloc
 * @param pfnRealloc allocator; while it runs it may read the row by this cursor, but not move it
 * @param pvReallocContext passed to pfnRealloc; may be NULL
 * @param cbDataMost most bytes of a long value to return
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitEnumerateCompressOutput: report a single value in the column's own structure
 *   (JET_wrnColumnSingleValue)
 * - JET_bitEnumerateCopy: read the record being updated
 * - JET_bitEnumerateIgnoreDefault: leave out columns that have their default value; of columns wanted,
 *   say so of those that the record does not mention (JET_wrnColumnDefault)
 * - JET_bitEnumerateIgnoreUserDefinedDefault: leave out defaults that come from callbacks
 * - JET_bitEnumeratePresenceOnly: only say which columns have values
 * - JET_bitEnumerateTaggedOnly: only tagged columns
 * - JET_bitEnumerateInRecordOnly: leave out values stored outside the record
 *
 * Returns JET_errSuccess, or:
 * - JET_errBadColumnId: bad columnid
 * - JET_errColumnNotFound: no such column
 * - JET_errInvalidGrbit: bits that exclude each other
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - JET_errRecordDeleted: record was deleted
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
JET_ERR JET_API JetEnumerateColumns(JET_SESID sesid, JET_TABLEID tableid, uint32_t cEnumColumnId,
    JET_ENUMCOLUMNID *rgEnumColumnId, uint32_t *pcEnumColumn, JET_ENUMCOLUMN **prgEnumColumn,
    JET_PFNREALLOC pfnRealloc, void *pvReallocContext, uint32_t cbDataMost, JET_GRBIT grbit);

/**
 * Begins, or with JET_prepCancel gives up, an update of a record: a copy that JetSetColumn changes
 * and JetUpdate stores.
 *
 * @param sesid session
 * @param tableid cursor
 * @param prep JET_prep constant
 *
 * Returns JET_errSuccess, or:
 * - JET_errAlreadyPrepared: an update is prepared
 * - JET_errInvalidParameter: unknown kind of update
 * - JET_errNotInTransaction: no transaction is open, and the update needs one
 * - JET_errRollbackError: rollback failed; session unusable
 * - JET_errUpdateNotPrepared: JET_prepCancel without one
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - JET_errWriteConflict: another transaction changed the record
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetPrepareUpdate(JET_SESID sesid, JET_TABLEID tableid, uint32_t prep);

/**
 * Sets a value in the record being updated.
 *
 * @param sesid session
 * @param tableid cursor
 * @param columnid column
 * @param pvData value, copied; NULL with cbData 0 means null
 * @param cbData bytes of pvData
 * @param grbit option bits, below
 * @param psetinfo part and number of the value; may be NULL
 *
 * Bits:
 * - JET_bitSetAppendLV: append to the long value
 * - JET_bitSetOverwriteLV: overwrite part of the long value, from ibLongValue on
 * - JET_bitSetRevertToDefaultValue: go back to the default value
 * - JET_bitSetSeparateLV: store the long value outside the record
 * - JET_bitSetSizeLV: set the size of the long value to cbData, padding with zeros or cutting
 * - JET_bitSetUniqueMultiValues: refuse a value that the column holds already
 * - JET_bitSetUniqueNormalizedMultiValues: refuse a value that sorts equal to one the column holds
 * - JET_bitSetZeroLength: zero bytes mean an empty value instead of null
 * - JET_bitSetIntrinsicLV: store the long value inside the record or fail
 * - JET_bitSetCompressed: compress this value if that saves space
 * - JET_bitSetUncompressed: do not compress this value
 * - JET_bitSetContiguousLV: store a new long value in consecutive pages
 * - JET_bitSpaceHintsUtilizeParentSpace: take new space from the tree above in the hierarchy, step
 *   by step, instead of from the database at once
 * - JET_bitCreateHintAppendSequential: records are appended at the end of the index
 * - JET_bitCreateHintHotpointSequential: records are inserted in order at one or several points of
 *   the index
 * - JET_bitRetrieveHintReserve1: reserved
 * - JET_bitRetrieveHintTableScanForward: scans go forwards
 * - JET_bitRetrieveHintTableScanBackward: scans go backwards
 * - JET_bitRetrieveHintReserve2: reserved
 * - JET_bitRetrieveHintReserve3: reserved
 * - JET_bitDeleteHintTableSequential: records are deleted in order
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnColumnMaxTruncated: the value was cut at the column's limit
 * - JET_errBadColumnId: bad columnid
 * - JET_errColumnNotFound: no such column
 * - JET_errColumnTooBig: the value exceeds the column's limit
 * - JET_errInvalidBufferSize: cbData does not suit the column's type
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidParameter: bad argument
 * - JET_errMultiValuedDuplicate: a value that must be unique is there already
 * - JET_errNotInTransaction: needs an open transaction
 * - JET_errNullInvalid: NULL not permitted
 * - JET_errColumnIllegalNull: alias of JET_errNullInvalid
 * - JET_errRecordTooBig: the record does not fit a page
 * - JET_errUpdateNotPrepared: JetPrepareUpdate was not called
 * - JET_errVersionStoreOutOfMemory: version store full
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetSetColumn(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid,
    const void *pvData, uint32_t cbData, JET_GRBIT grbit, JET_SETINFO *psetinfo);

/**
 * Sets several values; the err field of each structure holds its own result, and the call stops at
 * the first error.
 *
 * @param sesid session
 * @param tableid cursor
 * @param psetcolumn in/out: columns to set; may be NULL
 * @param csetcolumn elements of psetcolumn
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnColumnMaxTruncated: maximum length reduced
 * - JET_errBadColumnId: bad columnid
 * - JET_errColumnIllegalNull: alias of JET_errNullInvalid
 * - JET_errColumnNotFound: no such column
 * - JET_errColumnTooBig: value over column maximum
 * - JET_errInvalidBufferSize: buffer size does not match the type
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidParameter: bad argument
 * - JET_errMultiValuedDuplicate: duplicate among unique multi-values
 * - JET_errNotInTransaction: needs an open transaction
 * - JET_errNullInvalid: NULL not permitted
 * - JET_errRecordTooBig: record over the size limit
 * - JET_errUpdateNotPrepared: no update prepared
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetSetColumns(JET_SESID sesid, JET_TABLEID tableid, JET_SETCOLUMN *psetcolumn,
    uint32_t csetcolumn);

/**
 * Stores the record being updated and checks its indexes. The cursor does not move to a record that
 * was inserted; the bookmark returned leads there.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvBookmark buffer for the bookmark of the record, or NULL
 * @param cbBookmark bytes of pvBookmark
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: result buffer too small
 * - JET_errColumnIllegalNull: alias of JET_errNullInvalid
 * - JET_errDiskFull: disk full
 * - JET_errInvalidParameter: bad argument
 * - JET_errKeyDuplicate: a unique index has the key already; the update stays prepared
 * - JET_errKeyTruncated: index forbids truncation and the key was too long
 * - JET_errMultiValuedIndexViolation: multi-values of one record collide in index
 * - JET_errNullInvalid: a column with JET_bitColumnNotNULL has no value
 * - JET_errNullKeyDisallowed: a key column of an index with JET_bitIndexDisallowNull is null
 * - JET_errRecordPrimaryChanged: the primary key cannot be changed by a replace
 * - JET_errTransReadOnly: the transaction or database is read-only
 * - JET_errUpdateNotPrepared: JetPrepareUpdate was not called
 * - JET_errVersionStoreOutOfMemory: too many versions are in memory, usually because of a long
 *   transaction
 * - JET_errWriteConflict: another transaction changed the record
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetUpdate(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark,
    uint32_t cbBookmark, uint32_t *pcbActual);

/**
 * JetUpdate with options.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvBookmark buffer for the bookmark of the record, or NULL
 * @param cbBookmark bytes of pvBookmark
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitUpdateCheckESE97Compatibility: fail when the record has more multi-values than Windows
 *   2000 could hold
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: result buffer too small
 * - JET_errDiskFull: disk full
 * - JET_errInvalidParameter: bad argument
 * - JET_errKeyDuplicate: unique key exists
 * - JET_errKeyTruncated: index forbids truncation and the key was too long
 * - JET_errMultiValuedIndexViolation: multi-values of one record collide in index
 * - JET_errNullInvalid: NULL not permitted
 * - JET_errNullKeyDisallowed: index rejects null keys
 * - JET_errRecordPrimaryChanged: primary key change refused
 * - JET_errUpdateNotPrepared: no update prepared
 * - JET_errWriteConflict: another session holds the write lock
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows Server 2003.
 * Source: reference page.
 */
JET_ERR JET_API JetUpdate2(JET_SESID sesid, JET_TABLEID tableid, void *pvBookmark,
    uint32_t cbBookmark, uint32_t *pcbActual, JET_GRBIT grbit);

/**
 * Deletes the current record. The cursor stays in its place, on no record, and moves on from there.
 *
 * @param sesid session
 * @param tableid cursor
 *
 * Returns JET_errSuccess, or:
 * - JET_errCallbackFailed: callback returned failure
 * - JET_errIllegalOperation: not supported on this table
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - JET_errPermissionDenied: the cursor is read-only
 * - JET_errRollbackError: rollback failed; session unusable
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errVersionStoreOutOfMemory: version store full
 * - JET_errWriteConflict: another transaction changed the record
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetDelete(JET_SESID sesid, JET_TABLEID tableid);

/**
 * Adds to a JET_bitColumnEscrowUpdate column without a write conflict: several transactions may do
 * it at once.
 *
 * @param sesid session
 * @param tableid cursor
 * @param columnid column
 * @param pv the 32-bit signed number to add
 * @param cbMax 4
 * @param pvOld buffer for the value before the change, or NULL: the sum of everybody's changes, uncommitted ones too, not what the session would read
 * @param cbOldMax bytes of pvOld
 * @param pcbOldActual out: bytes of the old value; may be NULL
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitEscrowNoRollback: the change stays even if the transaction is rolled back
 *
 * Returns JET_errSuccess, or:
 * - JET_errAlreadyPrepared: an update is prepared
 * - JET_errInvalidBufferSize: buffer size does not match the type
 * - JET_errInvalidOperation: not an escrow column
 * - JET_errNoCurrentRecord: cursor not on a record
 * - JET_errNotInTransaction: no transaction is open
 * - JET_errPermissionDenied: permission denied
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errWriteConflict: another transaction changed the record in another way
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetEscrowUpdate(JET_SESID sesid, JET_TABLEID tableid, JET_COLUMNID columnid,
    void *pv, uint32_t cbMax, void *pvOld, uint32_t cbOldMax, uint32_t *pcbOldActual,
    JET_GRBIT grbit);

/**
 * Takes a lock on the current record, held until the transaction ends.
 *
 * @param sesid session
 * @param tableid cursor
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitReadLock: keep others from changing the record; they may take read locks too
 * - JET_bitWriteLock: as if the record had been changed
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: neither bit, or both
 * - JET_errNoCurrentRecord: cursor not on a record
 * - JET_errNotInTransaction: no transaction is open
 * - JET_errPermissionDenied: permission denied
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errWriteConflict: another transaction holds a lock that conflicts
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetGetLock(JET_SESID sesid, JET_TABLEID tableid, JET_GRBIT grbit);

/**
 * Measures the current record, or the one being updated.
 *
 * @param sesid session
 * @param tableid cursor
 * @param precsize in/out: sizes; added to with JET_bitRecordSizeRunningTotal
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitRecordSizeInCopyBuffer: measure the record being updated
 * - JET_bitRecordSizeRunningTotal: add to the numbers in the structure instead of replacing them
 * - JET_bitRecordSizeLocal: leave out long values stored outside the record
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - JET_errRecordDeleted: record was deleted
 * - JET_errInvalidParameter: bad argument
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows Vista.
 * Source: reference page.
 */
JET_ERR JET_API JetGetRecordSize(JET_SESID sesid, JET_TABLEID tableid, JET_RECSIZE *precsize,
    JET_GRBIT grbit);

/**
 * JetGetRecordSize that tells sizes before and after compression.
 *
 * @param sesid session
 * @param tableid cursor
 * @param precsize in/out: sizes; added to with JET_bitRecordSizeRunningTotal
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitRecordSizeInCopyBuffer: measure the record being updated
 * - JET_bitRecordSizeRunningTotal: add to the numbers in the structure instead of replacing them
 * - JET_bitRecordSizeLocal: leave out long values stored outside the record
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - JET_errRecordDeleted: record was deleted
 * - JET_errInvalidParameter: bad argument
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows 7.
 * Source: reference page.
 */
JET_ERR JET_API JetGetRecordSize2(JET_SESID sesid, JET_TABLEID tableid, JET_RECSIZE2 *precsize,
    JET_GRBIT grbit);

/* ==============================================================================================
 * Temporary tables
 *
 * Temporary tables live in the instance's temporary database (JET_paramTempPath), belong to one
 * session and vanish when their cursor is closed. JET_paramMaxTemporaryTables limits them.
 * ============================================================================================ */

/**
 * Creates a temporary table. Columns with JET_bitColumnTTKey form its key. Without options that
 * need a real table it is a sort: insert everything, then move through it; the first JetMove or
 * JetSeek ends the insertions.
 *
 * @param sesid session
 * @param prgcolumndef columns; those with JET_bitColumnTTKey form the key, in order
 * @param ccolumn elements of prgcolumndef
 * @param grbit JET_bitTT bits
 * @param ptableid out: cursor, to be closed with JetCloseTable
 * @param prgcolumnid out: column ids, ccolumn elements
 *
 * Bits:
 * - JET_bitColumnTTDescending: in a temporary table: sorts descending
 * - JET_bitColumnTTKey: in a temporary table: part of the sort key
 * - JET_bitTTErrorOnDuplicateInsertion: same bit: duplicates are reported at insertion
 * - JET_bitTTForceMaterialization: build a real table at once instead of a sort
 * - JET_bitTTForwardOnly: use only the quick implementation that is read once and forwards, or fail
 *   with JET_errCannotMaterializeForwardOnlySort; duplicate keys are then possible
 * - JET_bitTTIndexed: needs seeks, not only moves
 * - JET_bitTTUnique: drop records with a key that is there already
 * - JET_bitTTUpdatable: records can be changed after insertion
 * - JET_bitTTScrollable: can be moved in both directions
 * - JET_bitTTSortNullsHigh: nulls sort after values
 * - JET_bitTTIntrinsicLVsOnly: long values must fit into the record
 * - JET_bitColumnFixed: always takes its full size in the record
 * - JET_bitColumnTagged: takes no space while it has no value
 * - JET_bitColumnNotNULL: must have a value: otherwise JET_errNullInvalid
 * - JET_bitColumnVersion: counts the changes of its record (32-bit integers only)
 * - JET_bitColumnAutoincrement: gets the next number when a record is inserted; cannot be set
 * - JET_bitColumnUpdatable: only reported, never given
 * - JET_bitColumnMultiValued: may hold several values; tagged columns only
 * - JET_bitColumnEscrowUpdate: can be changed by JetEscrowUpdate; fixed 32-bit columns with a
 *   default value
 * - JET_bitColumnUnversioned: add the column at once for everybody; not allowed in a transaction,
 *   and others adding the same name fail
 * - JET_bitColumnMaybeNull: null is allowed although a default value exists, so readers must expect
 *   it
 * - JET_bitColumnFinalize: obsolete: call back when an escrow column reaches zero
 * - JET_bitColumnUserDefinedDefault: the default value comes from a callback
 *   (JET_USERDEFINEDDEFAULT)
 * - JET_bitColumnDeleteOnZero: delete the record when this escrow column reaches zero
 * - JET_bitColumnCompressed: long values of the column are compressed when that saves space
 * - JET_bitTTDotNetGuid: JET_coltypGUID columns sort in the order of the .NET type
 *
 * Of the bits of columns only JET_bitColumnFixed, JET_bitColumnTagged, JET_bitColumnTTKey and
 * JET_bitColumnTTDescending have an effect; the others are ignored.
 *
 * Returns JET_errSuccess, or:
 * - JET_errCannotMaterializeForwardOnlySort: JET_bitTTForwardOnly with what it does not allow
 * - JET_errIndexInvalidDef: the key makes no sense
 * - JET_errInvalidCodePage: text in a code page other than 1252 and 1200
 * - JET_errInvalidColumnType: unknown type
 * - JET_errInvalidLanguageId: no such locale
 * - JET_errInvalidLCMapStringFlags: bad locale mapping flags
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errTooManyColumns: too many columns
 * - JET_errTooManyOpenIndexes: the limit of JET_paramMaxOpenTables is reached
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * - JET_errTooManySorts: JET_paramMaxTemporaryTables is reached; with 0 always
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetOpenTempTable(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef,
    uint32_t ccolumn, JET_GRBIT grbit, JET_TABLEID *ptableid, JET_COLUMNID *prgcolumnid);

/**
 * JetOpenTempTable with a locale for text keys.
 *
 * @param sesid session
 * @param prgcolumndef columns; those with JET_bitColumnTTKey form the key, in order
 * @param ccolumn elements of prgcolumndef
 * @param lcid locale id for text keys
 * @param grbit JET_bitTT bits
 * @param ptableid out: cursor, to be closed with JetCloseTable
 * @param prgcolumnid out: column ids, ccolumn elements
 *
 * Bits:
 * - JET_bitColumnTTDescending: in a temporary table: sorts descending
 * - JET_bitColumnTTKey: in a temporary table: part of the sort key
 * - JET_bitTTErrorOnDuplicateInsertion: same bit: duplicates are reported at insertion
 * - JET_bitTTForceMaterialization: build a real table at once instead of a sort
 * - JET_bitTTForwardOnly: use only the quick implementation that is read once and forwards, or fail
 *   with JET_errCannotMaterializeForwardOnlySort; duplicate keys are then possible
 * - JET_bitTTIndexed: needs seeks, not only moves
 * - JET_bitTTScrollable: can be moved in both directions
 * - JET_bitTTSortNullsHigh: nulls sort after values
 * - JET_bitTTUnique: drop records with a key that is there already
 * - JET_bitTTUpdatable: records can be changed after insertion
 * - JET_bitTTIntrinsicLVsOnly: long values must fit into the record
 * - JET_bitColumnFixed: always takes its full size in the record
 * - JET_bitColumnTagged: takes no space while it has no value
 * - JET_bitColumnNotNULL: must have a value: otherwise JET_errNullInvalid
 * - JET_bitColumnVersion: counts the changes of its record (32-bit integers only)
 * - JET_bitColumnAutoincrement: gets the next number when a record is inserted; cannot be set
 * - JET_bitColumnUpdatable: only reported, never given
 * - JET_bitColumnMultiValued: may hold several values; tagged columns only
 * - JET_bitColumnEscrowUpdate: can be changed by JetEscrowUpdate; fixed 32-bit columns with a
 *   default value
 * - JET_bitColumnUnversioned: add the column at once for everybody; not allowed in a transaction,
 *   and others adding the same name fail
 * - JET_bitColumnMaybeNull: null is allowed although a default value exists, so readers must expect
 *   it
 * - JET_bitColumnFinalize: obsolete: call back when an escrow column reaches zero
 * - JET_bitColumnUserDefinedDefault: the default value comes from a callback
 *   (JET_USERDEFINEDDEFAULT)
 * - JET_bitColumnDeleteOnZero: delete the record when this escrow column reaches zero
 * - JET_bitColumnCompressed: long values of the column are compressed when that saves space
 * - JET_bitTTDotNetGuid: JET_coltypGUID columns sort in the order of the .NET type
 *
 * Of the bits of columns only JET_bitColumnFixed, JET_bitColumnTagged, JET_bitColumnTTKey and
 * JET_bitColumnTTDescending have an effect; the others are ignored.
 *
 * Returns JET_errSuccess, or:
 * - JET_errCannotMaterializeForwardOnlySort: options clash with forward-only temp table
 * - JET_errInvalidCodePage: bad code page
 * - JET_errInvalidColumnType: bad column type
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidLCMapStringFlags: bad locale mapping flags
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errTooManyColumns: column limit reached
 * - JET_errTooManyOpenIndexes: the limit of JET_paramMaxOpenTables is reached
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * - JET_errTooManySorts: sort limit reached
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetOpenTempTable2(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef,
    uint32_t ccolumn, uint32_t lcid, JET_GRBIT grbit, JET_TABLEID *ptableid,
    JET_COLUMNID *prgcolumnid);

/**
 * JetOpenTempTable with a collation for text keys.
 *
 * @param sesid session
 * @param prgcolumndef columns; those with JET_bitColumnTTKey form the key, in order
 * @param ccolumn elements of prgcolumndef
 * @param pidxunicode collation of text keys; may be NULL
 * @param grbit JET_bitTT bits
 * @param ptableid out: cursor, to be closed with JetCloseTable
 * @param prgcolumnid out: column ids, ccolumn elements
 *
 * Bits:
 * - JET_bitColumnTTDescending: in a temporary table: sorts descending
 * - JET_bitColumnTTKey: in a temporary table: part of the sort key
 * - JET_bitTTErrorOnDuplicateInsertion: same bit: duplicates are reported at insertion
 * - JET_bitTTForceMaterialization: build a real table at once instead of a sort
 * - JET_bitTTForwardOnly: use only the quick implementation that is read once and forwards, or fail
 *   with JET_errCannotMaterializeForwardOnlySort; duplicate keys are then possible
 * - JET_bitTTIndexed: needs seeks, not only moves
 * - JET_bitTTUnique: drop records with a key that is there already
 * - JET_bitTTUpdatable: records can be changed after insertion
 * - JET_bitTTScrollable: can be moved in both directions
 * - JET_bitTTSortNullsHigh: nulls sort after values
 * - JET_bitTTIntrinsicLVsOnly: long values must fit into the record
 * - JET_bitColumnFixed: always takes its full size in the record
 * - JET_bitColumnTagged: takes no space while it has no value
 * - JET_bitColumnNotNULL: must have a value: otherwise JET_errNullInvalid
 * - JET_bitColumnVersion: counts the changes of its record (32-bit integers only)
 * - JET_bitColumnAutoincrement: gets the next number when a record is inserted; cannot be set
 * - JET_bitColumnUpdatable: only reported, never given
 * - JET_bitColumnMultiValued: may hold several values; tagged columns only
 * - JET_bitColumnEscrowUpdate: can be changed by JetEscrowUpdate; fixed 32-bit columns with a
 *   default value
 * - JET_bitColumnUnversioned: add the column at once for everybody; not allowed in a transaction,
 *   and others adding the same name fail
 * - JET_bitColumnMaybeNull: null is allowed although a default value exists, so readers must expect
 *   it
 * - JET_bitColumnFinalize: obsolete: call back when an escrow column reaches zero
 * - JET_bitColumnUserDefinedDefault: the default value comes from a callback
 *   (JET_USERDEFINEDDEFAULT)
 * - JET_bitColumnDeleteOnZero: delete the record when this escrow column reaches zero
 * - JET_bitColumnCompressed: long values of the column are compressed when that saves space
 * - JET_bitTTDotNetGuid: JET_coltypGUID columns sort in the order of the .NET type
 *
 * Of the bits of columns only JET_bitColumnFixed, JET_bitColumnTagged, JET_bitColumnTTKey and
 * JET_bitColumnTTDescending have an effect; the others are ignored.
 *
 * Returns JET_errSuccess, or:
 * - JET_errCannotMaterializeForwardOnlySort: options clash with forward-only temp table
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errInvalidCodePage: bad code page
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidLCMapStringFlags: bad locale mapping flags
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errTooManyColumns: column limit reached
 * - JET_errTooManyOpenIndexes: the limit of JET_paramMaxOpenTables is reached
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * - JET_errTooManySorts: sort limit reached
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
JET_ERR JET_API JetOpenTempTable3(JET_SESID sesid, const JET_COLUMNDEF *prgcolumndef,
    uint32_t ccolumn, JET_UNICODEINDEX *pidxunicode, JET_GRBIT grbit, JET_TABLEID *ptableid,
    JET_COLUMNID *prgcolumnid);

/**
 * Creates a temporary table from a structure, with limits for the key. See JetOpenTempTable.
 *
 * @param sesid session
 * @param popentemporarytable in/out: description; tableid and the column ids are written
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: bad argument
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errTooManySorts: sort limit reached
 * - JET_errCannotMaterializeForwardOnlySort: options clash with forward-only temp table
 * - JET_errTooManyColumns: column limit reached
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * - JET_errInvalidCodePage: bad code page
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidLCMapStringFlags: bad locale mapping flags
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errTooManyOpenIndexes: the limit of JET_paramMaxOpenTables is reached
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows Vista.
 * Source: reference page.
 */
JET_ERR JET_API JetOpenTemporaryTable(JET_SESID sesid, JET_OPENTEMPORARYTABLE *popentemporarytable);

/**
 * JetOpenTemporaryTable with the collation given by locale name.
 *
 * @param sesid session
 * @param popentemporarytable in/out: description; tableid and the column ids are written
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: bad argument
 * - JET_errOutOfCursors: cursor limit reached
 * - JET_errTooManySorts: sort limit reached
 * - JET_errCannotMaterializeForwardOnlySort: options clash with forward-only temp table
 * - JET_errTooManyColumns: column limit reached
 * - JET_errTooManyOpenTables: the limit of JET_paramMaxOpenTables is reached
 * - JET_errInvalidCodePage: bad code page
 * - JET_errInvalidColumnType: bad column type
 * - JET_errInvalidLanguageId: bad language id
 * - JET_errInvalidLCMapStringFlags: bad locale mapping flags
 * - JET_errIndexInvalidDef: bad index definition
 * - JET_errTooManyOpenIndexes: the limit of JET_paramMaxOpenTables is reached
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows 8.
 * Source: reference page.
 */
JET_ERR JET_API JetOpenTemporaryTable2(JET_SESID sesid,
    JET_OPENTEMPORARYTABLE2 *popentemporarytable);

/* ==============================================================================================
 * Backup
 *
 * A streaming backup, while writers run: JetBeginExternalBackupInstance; for a full backup list the
 * databases (JetGetAttachInfoInstance) and stream each with JetOpenFileInstance,
 * JetReadFileInstance, JetCloseFileInstance; then list the logs (JetGetLogInfoInstance), stream
 * them the same way; JetTruncateLogInstance unless a copy or differential backup is wanted;
 * JetEndExternalBackupInstance2. The forms without "Instance" address the only instance in
 * one-instance mode and fail with JET_errRunningInMultiInstanceMode otherwise. One backup can run
 * in an instance at a time and one file can be open in it.
 * ============================================================================================ */

/**
 * Starts a streaming backup. With 0 a full backup begins: the databases come first, then the logs.
 * With JET_bitBackupIncremental only the logs since the last full or incremental backup are taken.
 *
 * The call waits for an attach, detach or unlogged index build in progress. It writes nothing into
 * the databases. Logs from the checkpoint on are kept until the backup ends.
 *
 * @param instance instance
 * @param grbit kind of backup
 *
 * Bits:
 * - JET_bitBackupIncremental: only logs
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupInProgress: a backup or snapshot runs
 * - JET_errBackupNotAllowedYet: the instance is starting or shutting down
 * - JET_errCheckpointCorrupt: the checkpoint cannot be read
 * - JET_errCheckpointFileNotFound: checkpoint file absent
 * - JET_errInvalidBackup: incremental with JET_paramCircularLog
 * - JET_errInvalidGrbit: any other bit, also JET_bitBackupAtomic and JET_bitBackupSnapshot
 * - JET_errLoggingDisabled: JET_paramRecovery is "off"
 * - JET_errLogWriteFail: the log cannot be written
 * - JET_errMissingFullBackup: incremental, and a database has had no full backup
 * - JET_errLogDiskFull: the log disk is nearly full
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 3 to 5.
 */
JET_ERR JET_API JetBeginExternalBackupInstance(JET_INSTANCE instance, JET_GRBIT grbit);

/**
 * Lists the databases of a full backup: the absolute paths of all that are attached and logged.
 *
 * @param instance instance
 * @param szzDatabases buffer for a double-zero list of paths, or NULL to learn the size
 * @param cbMax bytes of the buffer; all sizes are bytes, also in the W form
 * @param pcbActual out: bytes of the whole list; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: JetStopBackup was called
 * - JET_errInvalidBackupSequence: the backup is incremental
 * - JET_errNoBackup: no backup runs
 * - JET_errBufferTooSmall: the A form: the list does not fit. The W form copies what fits and
 *   succeeds
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 6.
 */
#ifdef JET_UNICODE
#define JetGetAttachInfoInstance JetGetAttachInfoInstanceW
#else
JET_ERR JET_API JetGetAttachInfoInstance(JET_INSTANCE instance, char *szzDatabases, uint32_t cbMax,
    uint32_t *pcbActual);
#endif
/** JetGetAttachInfoInstance with UTF-8 strings. */
JET_ERR JET_API JetGetAttachInfoInstanceA(JET_INSTANCE instance, char *szzDatabases, uint32_t cbMax,
    uint32_t *pcbActual);
/** JetGetAttachInfoInstance with UTF-16LE strings. */
JET_ERR JET_API JetGetAttachInfoInstanceW(JET_INSTANCE instance, char16_t *szzDatabases,
    uint32_t cbMax, uint32_t *pcbActual);

/**
 * Opens a database (in the first part of a full backup) or a log (in the second part) for
 * streaming. One file can be open at a time. The stream of a database is not the same as its file:
 * it has two copies of a header for the backup, the pages, and a trailer, and may be shorter than
 * the file.
 *
 * @param instance instance
 * @param szFileName path, as listed
 * @param phfFile out: handle, to be closed with JetCloseFileInstance
 * @param pulFileSizeLow out: stream size, low 32 bits
 * @param pulFileSizeHigh out: stream size, high 32 bits
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: JetStopBackup was called
 * - JET_errFileAccessDenied: the file cannot be opened
 * - JET_errInvalidBackupSequence: a database after the logs were listed; the backup is over
 * - JET_errInvalidPath: path malformed or not found
 * - JET_errInvalidParameter: no path, or not the name of a log of this instance
 * - JET_errMissingFileToBackup: in the second part: no such file; the backup is over
 * - JET_errNoBackup: no backup runs
 * - JET_errOutOfMemory: a file is open already
 * - JET_errDatabaseNotFound: in the first part: not an attached database; the backup goes on
 * - JET_errDatabaseLocked: another session has the database open exclusively
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 7.
 */
#ifdef JET_UNICODE
#define JetOpenFileInstance JetOpenFileInstanceW
#else
JET_ERR JET_API JetOpenFileInstance(JET_INSTANCE instance, const char *szFileName,
    JET_HANDLE *phfFile, uint32_t *pulFileSizeLow, uint32_t *pulFileSizeHigh);
#endif
/** JetOpenFileInstance with UTF-8 strings. */
JET_ERR JET_API JetOpenFileInstanceA(JET_INSTANCE instance, const char *szFileName,
    JET_HANDLE *phfFile, uint32_t *pulFileSizeLow, uint32_t *pulFileSizeHigh);
/** JetOpenFileInstance with UTF-16LE strings. */
JET_ERR JET_API JetOpenFileInstanceW(JET_INSTANCE instance, const char16_t *szFileName,
    JET_HANDLE *phfFile, uint32_t *pulFileSizeLow, uint32_t *pulFileSizeHigh);

/**
 * Reads the next bytes of the stream. Every page and log sector is verified; single-bit faults are
 * corrected. At the end it returns success and 0 bytes. A damaged page ends this database's part
 * only; a damaged log ends the backup.
 *
 * @param instance instance
 * @param hfFile file handle
 * @param pv buffer, at a multiple of the memory page size (4096)
 * @param cb bytes: a multiple of the database page size; at least 3 pages for the first read of a
 *     database, 2 of a log. 64 KiB or more is sensible
 * @param pcbActual out: bytes delivered; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: JetStopBackup was called
 * - JET_errInvalidParameter: the handle, address or size is not as described
 * - JET_errLogReadVerifyFailure: the log is damaged
 * - JET_errNoBackup: no backup runs
 * - JET_errReadVerifyFailure: a page of the database is damaged
 * - JET_errReadPgnoVerifyFailure: a page is not the one that should be there
 * - JET_errDiskIO: the disk failed
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 7 and 8.
 */
JET_ERR JET_API JetReadFileInstance(JET_INSTANCE instance, JET_HANDLE hfFile, void *pv, uint32_t cb,
    uint32_t *pcbActual);

/**
 * Closes the file being streamed. A database counts as backed up only if it was read to its end.
 *
 * @param instance instance
 * @param hfFile file handle
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: not the handle of the open file
 * - JET_errNoBackup: no backup runs
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 7.
 */
JET_ERR JET_API JetCloseFileInstance(JET_INSTANCE instance, JET_HANDLE hfFile);

/**
 * Lists the logs of the backup. The first call finishes the log in use and begins a new one, and
 * ends the part of the databases. The same as JetGetLogInfoInstance2 without a log range.
 *
 * @param instance instance
 * @param szzLogs buffer for a double-zero list of paths, or NULL to learn the size
 * @param cbMax bytes of the buffer; all sizes are bytes, also in the W form
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: JetStopBackup was called
 * - JET_errInvalidBackupSequence: a file is open
 * - JET_errNoBackup: no backup runs
 * - JET_errMissingFileToBackup: incremental: a log since the last backup is absent
 * - JET_errBufferTooSmall: the A form: the list does not fit. The W form copies what fits and
 *   succeeds
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 9.
 */
#ifdef JET_UNICODE
#define JetGetLogInfoInstance JetGetLogInfoInstanceW
#else
JET_ERR JET_API JetGetLogInfoInstance(JET_INSTANCE instance, char *szzLogs, uint32_t cbMax,
    uint32_t *pcbActual);
#endif
/** JetGetLogInfoInstance with UTF-8 strings. */
JET_ERR JET_API JetGetLogInfoInstanceA(JET_INSTANCE instance, char *szzLogs, uint32_t cbMax,
    uint32_t *pcbActual);
/** JetGetLogInfoInstance with UTF-16LE strings. */
JET_ERR JET_API JetGetLogInfoInstanceW(JET_INSTANCE instance, char16_t *szzLogs, uint32_t cbMax,
    uint32_t *pcbActual);

/**
 * JetGetLogInfoInstance that also returns the range of log generations, as JetExternalRestore2
 * needs it.
 *
 * @param instance instance
 * @param szzLogs buffer for a double-zero list of paths, or NULL to learn the size
 * @param cbMax bytes of the buffer; all sizes are bytes, also in the W form
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 * @param pLogInfo in: cbSize; out: range and base name; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: JetStopBackup was called
 * - JET_errInvalidBackupSequence: a file is open
 * - JET_errInvalidParameter: cbSize is not the size of the structure
 * - JET_errNoBackup: no backup runs
 * - JET_errMissingFileToBackup: incremental: a log since the last backup is absent
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 9.
 */
#ifdef JET_UNICODE
#define JetGetLogInfoInstance2 JetGetLogInfoInstance2W
#else
JET_ERR JET_API JetGetLogInfoInstance2(JET_INSTANCE instance, char *szzLogs, uint32_t cbMax,
    uint32_t *pcbActual, JET_LOGINFO_A *pLogInfo);
#endif
/** JetGetLogInfoInstance2 with UTF-8 strings. */
JET_ERR JET_API JetGetLogInfoInstance2A(JET_INSTANCE instance, char *szzLogs, uint32_t cbMax,
    uint32_t *pcbActual, JET_LOGINFO_A *pLogInfo);
/** JetGetLogInfoInstance2 with UTF-16LE strings. */
JET_ERR JET_API JetGetLogInfoInstance2W(JET_INSTANCE instance, char16_t *szzLogs, uint32_t cbMax,
    uint32_t *pcbActual, JET_LOGINFO_W *pLogInfo);

/**
 * Lists the logs that JetTruncateLogInstance would delete. It has the same effects as
 * JetGetLogInfoInstance.
 *
 * @param instance instance
 * @param szzLogs buffer for a double-zero list of paths, or NULL to learn the size
 * @param cbMax bytes of the buffer; all sizes are bytes, also in the W form
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: JetStopBackup was called
 * - JET_errInvalidBackupSequence: a file is open
 * - JET_errNoBackup: no backup runs
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 9.
 */
#ifdef JET_UNICODE
#define JetGetTruncateLogInfoInstance JetGetTruncateLogInfoInstanceW
#else
JET_ERR JET_API JetGetTruncateLogInfoInstance(JET_INSTANCE instance, char *szzLogs, uint32_t cbMax,
    uint32_t *pcbActual);
#endif
/** JetGetTruncateLogInfoInstance with UTF-8 strings. */
JET_ERR JET_API JetGetTruncateLogInfoInstanceA(JET_INSTANCE instance, char *szzLogs, uint32_t cbMax,
    uint32_t *pcbActual);
/** JetGetTruncateLogInfoInstance with UTF-16LE strings. */
JET_ERR JET_API JetGetTruncateLogInfoInstanceW(JET_INSTANCE instance, char16_t *szzLogs,
    uint32_t cbMax, uint32_t *pcbActual);

/**
 * Deletes the logs that this backup made unnecessary: none that the checkpoint, this backup, or a
 * database that was not backed up still needs. Without it the backup is a copy or a differential
 * one.
 *
 * @param instance instance
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: JetStopBackup was called
 * - JET_errInvalidBackupSequence: a file is open, or the logs were not listed yet
 * - JET_errNoBackup: no backup runs
 * - JET_errLogFileNotCopied: not every listed log was read to its end
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 10.
 */
JET_ERR JET_API JetTruncateLogInstance(JET_INSTANCE instance);

/**
 * Ends a streaming backup as complete: JetEndExternalBackupInstance2 with JET_bitBackupEndNormal.
 * Check the result of JetEndExternalBackupInstance2 where it matters whether the set can be
 * restored.
 *
 * @param instance instance
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: JetStopBackup was called; the set is not usable
 * - JET_errNoBackup: no backup runs
 * - JET_errBackupAbortByCaller: the logs were not listed; the set is not usable
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 11.
 */
JET_ERR JET_API JetEndExternalBackupInstance(JET_INSTANCE instance);

/**
 * Ends a streaming backup. A successful end writes into the headers of the databases that were read
 * completely what was backed up, which incremental backups build on.
 *
 * @param instance instance
 * @param grbit exactly one of the two end bits; bits that are not listed here are ignored
 *
 * Bits:
 * - JET_bitBackupEndNormal: everything was copied
 * - JET_bitBackupEndAbort: the backup is given up
 * - JET_bitBackupTruncateDone: with the first: treat as a full or incremental backup although logs
 *   were not truncated
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: JetStopBackup was called; the set is not usable
 * - JET_errNoBackup: no backup runs
 * - JET_errInvalidParameter: not exactly one end bit; the backup goes on
 * - JET_errBackupAbortByCaller: JET_bitBackupEndNormal although the logs were not listed; the set is
 *   not usable. An end with JET_bitBackupEndAbort is a success
 * - JET_errSurrogateBackupInProgress: what ran was a surrogate backup; it is over
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 11.
 */
JET_ERR JET_API JetEndExternalBackupInstance2(JET_INSTANCE instance, JET_GRBIT grbit);

/**
 * Makes the calls of a streaming backup fail with JET_errBackupAbortByServer until it is ended.
 * Closing the file and ending the backup stay possible. Any thread may call it, also without a
 * backup.
 *
 * @param instance instance
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: not an instance
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 12.
 */
JET_ERR JET_API JetStopBackupInstance(JET_INSTANCE instance);

/**
 * Makes a backup into a folder: databases and logs, then truncates the logs. For a full backup the
 * callback hears of its begin and its completion (JET_snpBackup).
 *
 * Without JET_bitBackupAtomic the folder must be empty for a full backup. With it, the folder keeps
 * "old" or "new" complete at any moment: a full backup is made beside the present one and replaces
 * it when done, an incremental one adds its logs to it.
 *
 * @param instance instance
 * @param szBackupPath folder; NULL or "" truncates logs without a backup
 * @param grbit option bits, below
 * @param pfnStatus progress callback, or NULL
 *
 * Bits:
 * - JET_bitBackupAtomic: the new backup replaces the old one only when complete, keeping one
 *   previous copy until then
 * - JET_bitBackupIncremental: only the logs since the last full backup
 * - JET_bitBackupSnapshot: reserved
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupInProgress: a backup or snapshot runs
 * - JET_errBackupNotAllowedYet: instance not ready for backup (initialising, recovering,
 *   terminating)
 * - JET_errInvalidBackup: incremental with JET_paramCircularLog
 * - JET_errInvalidGrbit: other bits
 * - JET_errInvalidParameter: bad argument
 * - JET_errInvalidPath: the folder does not exist (see JET_paramCreatePathIfNotExist)
 * - JET_errLoggingDisabled: JET_paramRecovery is "off"
 * - JET_errLogReadVerifyFailure: log checksum failure while reading for backup
 * - JET_errLogWriteFail: log writing has failed and logging is down
 * - JET_errReadVerifyFailure: a database is damaged
 * - JET_errBackupDirectoryNotEmpty: there are files in the folder
 * - JET_errMakeBackupDirectoryFail: a folder cannot be made
 * - JET_errDeleteBackupFileFail: an old file cannot be deleted
 * - JET_errMissingFullBackup: incremental, and a database has had no full backup, or the folder of
 *   an atomic backup holds none
 * - JET_errFileAlreadyExists: two databases have the same file name
 * - JET_errBackupAbortByServer: JetStopBackupInstance was called
 * - JET_errTermInProgress: JetTerm was called
 * - what the callback returned when it refused
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 13.
 */
#ifdef JET_UNICODE
#define JetBackupInstance JetBackupInstanceW
#else
JET_ERR JET_API JetBackupInstance(JET_INSTANCE instance, const char *szBackupPath, JET_GRBIT grbit,
    JET_PFNSTATUS pfnStatus);
#endif
/** JetBackupInstance with UTF-8 strings. */
JET_ERR JET_API JetBackupInstanceA(JET_INSTANCE instance, const char *szBackupPath, JET_GRBIT grbit,
    JET_PFNSTATUS pfnStatus);
/** JetBackupInstance with UTF-16LE strings. */
JET_ERR JET_API JetBackupInstanceW(JET_INSTANCE instance, const char16_t *szBackupPath,
    JET_GRBIT grbit, JET_PFNSTATUS pfnStatus);

/**
 * JetBackupInstance for the only instance of one-instance mode.
 *
 * @param szBackupPath folder; NULL or "" truncates logs without a backup
 * @param grbit option bits, below
 * @param pfnStatus progress callback, or NULL
 *
 * Bits:
 * - JET_bitBackupAtomic: the new backup replaces the old one only when complete, keeping one
 *   previous copy until then
 * - JET_bitBackupIncremental: only the logs since the last full backup
 * - JET_bitBackupSnapshot: reserved
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupInProgress: a local backup or snapshot is already active, or the call is refused
 *   while one is
 * - JET_errBackupNotAllowedYet: instance not ready for backup (initialising, recovering,
 *   terminating)
 * - JET_errInvalidBackup: incremental backup impossible with circular logging
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errInvalidParameter: bad argument
 * - JET_errInvalidPath: path malformed or not found
 * - JET_errLoggingDisabled: operation needs logging but recovery/logging is off
 * - JET_errLogReadVerifyFailure: log checksum failure while reading for backup
 * - JET_errLogWriteFail: log writing has failed and logging is down
 * - JET_errReadVerifyFailure: page checksum mismatch
 * - JET_errRunningInMultiInstanceMode: the process is in multi-instance mode
 * - JET_errBackupDirectoryNotEmpty: there are files in the folder; and all errors of
 *   JetBackupInstance
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; backup-and-restore spec 13.
 */
#ifdef JET_UNICODE
#define JetBackup JetBackupW
#else
JET_ERR JET_API JetBackup(const char *szBackupPath, JET_GRBIT grbit, JET_PFNSTATUS pfnStatus);
#endif
/** JetBackup with UTF-8 strings. */
JET_ERR JET_API JetBackupA(const char *szBackupPath, JET_GRBIT grbit, JET_PFNSTATUS pfnStatus);
/** JetBackup with UTF-16LE strings. */
JET_ERR JET_API JetBackupW(const char16_t *szBackupPath, JET_GRBIT grbit, JET_PFNSTATUS pfnStatus);

/**
 * JetBeginExternalBackupInstance for the only instance of one-instance mode.
 *
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitBackupIncremental: only logs
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupInProgress: a local backup or snapshot is already active, or the call is refused
 *   while one is
 * - JET_errBackupNotAllowedYet: instance not ready for backup (initialising, recovering,
 *   terminating)
 * - JET_errCheckpointCorrupt: checkpoint file missing or unreadable
 * - JET_errCheckpointFileNotFound: checkpoint file absent
 * - JET_errInvalidBackup: incremental backup impossible with circular logging
 * - JET_errInvalidGrbit: unknown or conflicting option bits
 * - JET_errLoggingDisabled: operation needs logging but recovery/logging is off
 * - JET_errLogWriteFail: log writing has failed and logging is down
 * - JET_errMissingFullBackup: incremental asked for without a prior full backup of same type
 * - JET_errRunningInMultiInstanceMode: the process is in multi-instance mode
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; backup-and-restore spec 5.
 */
JET_ERR JET_API JetBeginExternalBackup(JET_GRBIT grbit);

/**
 * JetCloseFileInstance for the only instance of one-instance mode.
 *
 * @param hfFile file handle
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoBackup: no streaming backup is active
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; backup-and-restore spec 7.
 */
JET_ERR JET_API JetCloseFile(JET_HANDLE hfFile);

/**
 * JetEndExternalBackupInstance for the only instance of one-instance mode.
 *
 * Returns JET_errSuccess, or:
 * - JET_errNoBackup: no streaming backup is active
 * - JET_errBackupAbortByServer: server side stopped the backup (JetStopBackup or JetTerm)
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode
 * - JET_errBackupAbortByCaller: the logs were not listed; the set is not usable
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; backup-and-restore spec 11.
 */
JET_ERR JET_API JetEndExternalBackup(void);

/**
 * JetGetAttachInfoInstance for the only instance of one-instance mode.
 *
 * @param szzDatabases buffer for a double-zero list of paths, or NULL to learn the size
 * @param cbMax bytes of the buffer
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: server side stopped the backup (JetStopBackup or JetTerm)
 * - JET_errInvalidBackupSequence: backup call in wrong order or with files still open
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoBackup: no streaming backup is active
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; backup-and-restore spec 6.
 */
#ifdef JET_UNICODE
#define JetGetAttachInfo JetGetAttachInfoW
#else
JET_ERR JET_API JetGetAttachInfo(char *szzDatabases, uint32_t cbMax, uint32_t *pcbActual);
#endif
/** JetGetAttachInfo with UTF-8 strings. */
JET_ERR JET_API JetGetAttachInfoA(char *szzDatabases, uint32_t cbMax, uint32_t *pcbActual);
/** JetGetAttachInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetAttachInfoW(char16_t *szzDatabases, uint32_t cbMax, uint32_t *pcbActual);

/**
 * JetGetLogInfoInstance for the only instance of one-instance mode.
 *
 * @param szzLogs buffer for a double-zero list of paths, or NULL to learn the size
 * @param cbMax bytes of the buffer
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: server side stopped the backup (JetStopBackup or JetTerm)
 * - JET_errInvalidBackupSequence: backup call in wrong order or with files still open
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoBackup: no streaming backup is active
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; backup-and-restore spec 9.
 */
#ifdef JET_UNICODE
#define JetGetLogInfo JetGetLogInfoW
#else
JET_ERR JET_API JetGetLogInfo(char *szzLogs, uint32_t cbMax, uint32_t *pcbActual);
#endif
/** JetGetLogInfo with UTF-8 strings. */
JET_ERR JET_API JetGetLogInfoA(char *szzLogs, uint32_t cbMax, uint32_t *pcbActual);
/** JetGetLogInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetLogInfoW(char16_t *szzLogs, uint32_t cbMax, uint32_t *pcbActual);

/**
 * JetOpenFileInstance for the only instance of one-instance mode.
 *
 * @param szFileName path, as listed
 * @param phfFile out: file handle
 * @param pulFileSizeLow out: stream size, low 32 bits
 * @param pulFileSizeHigh out: stream size, high 32 bits
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: server side stopped the backup (JetStopBackup or JetTerm)
 * - JET_errFileAccessDenied: file locked or access denied
 * - JET_errFileNotFound: file not found
 * - JET_errInvalidBackupSequence: backup call in wrong order or with files still open
 * - JET_errInvalidParameter: bad argument
 * - JET_errInvalidPath: path malformed or not found
 * - JET_errMissingFileToBackup: a log or patch file due for backup is not on disk
 * - JET_errNoBackup: no streaming backup is active
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode
 * - JET_errClientRequestToStopJetService: service stop was requested
 * - JET_errInstanceUnavailable: instance disabled after a fatal error
 * - JET_errNotInitialized: engine or instance not initialised
 * - JET_errTermInProgress: instance is shutting down
 * - the errors of handles and memory, listed at the top of this file
 * Source: reference page; backup-and-restore spec 7.
 */
#ifdef JET_UNICODE
#define JetOpenFile JetOpenFileW
#else
JET_ERR JET_API JetOpenFile(const char *szFileName, JET_HANDLE *phfFile, uint32_t *pulFileSizeLow,
    uint32_t *pulFileSizeHigh);
#endif
/** JetOpenFile with UTF-8 strings. */
JET_ERR JET_API JetOpenFileA(const char *szFileName, JET_HANDLE *phfFile, uint32_t *pulFileSizeLow,
    uint32_t *pulFileSizeHigh);
/** JetOpenFile with UTF-16LE strings. */
JET_ERR JET_API JetOpenFileW(const char16_t *szFileName, JET_HANDLE *phfFile,
    uint32_t *pulFileSizeLow, uint32_t *pulFileSizeHigh);

/**
 * JetReadFileInstance for the only instance of one-instance mode.
 *
 * @param hfFile file handle
 * @param pv buffer, at a multiple of the memory page size (4096)
 * @param cb bytes: a multiple of the database page size
 * @param pcbActual out: bytes available, also when the buffer is too small; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: server side stopped the backup (JetStopBackup or JetTerm)
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoBackup: no streaming backup is active
 * - JET_errReadVerifyFailure: page checksum mismatch
 * - JET_errLogReadVerifyFailure: log checksum failure while reading for backup
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; backup-and-restore spec 7.
 */
JET_ERR JET_API JetReadFile(JET_HANDLE hfFile, void *pv, uint32_t cb, uint32_t *pcbActual);

/**
 * JetStopBackupInstance for the only instance of one-instance mode.
 *
 * Returns JET_errSuccess, or:
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode
 * Source: reference page; backup-and-restore spec 12.
 */
JET_ERR JET_API JetStopBackup(void);

/**
 * JetTruncateLogInstance for the only instance of one-instance mode.
 *
 * Returns JET_errSuccess, or:
 * - JET_errBackupAbortByServer: server side stopped the backup (JetStopBackup or JetTerm)
 * - JET_errInvalidBackupSequence: backup call in wrong order or with files still open
 * - JET_errInvalidParameter: bad argument
 * - JET_errNoBackup: no streaming backup is active
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; backup-and-restore spec 10.
 */
JET_ERR JET_API JetTruncateLog(void);

/* ==============================================================================================
 * Restore
 *
 * Restoring replays the logs of a backup set over the copied databases ("hard recovery").
 * ============================================================================================ */

/**
 * Restores a backup made by JetBackupInstance with an instance that is created and not started.
 * Databases are copied out of the folder (or its "new" or "old") over those in place, its logs are
 * replayed, then newer ones in the log folder. The databases are clean afterwards and the instance
 * is still not started; JetInit follows.
 *
 * @param instance instance, created and not started; its system and log folders are used
 * @param szSource folder of the backup
 * @param szDest folder for the databases, or NULL for where they were
 * @param pfn progress callback, or NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errAlreadyInitialized: the instance runs
 * - JET_errExistingLogFileIsNotContiguous: a log in the log folder does not belong to those of the
 *   set, or the current log there is not the one behind all others
 * - JET_errInvalidLogSequence: the logs do not belong together
 * - JET_errInvalidParameter: bad argument
 * - JET_errInvalidPath: the system or log folder is not there (JET_paramCreatePathIfNotExist makes
 *   it), or szDest is the backup itself
 * - JET_errPageSizeMismatch: the databases have another page size than JET_paramDatabasePageSize
 * - JET_errFileNotFound: the folder holds no logs
 * - JET_errPatchFileMissing: the folder holds no list of its databases (.pat files)
 * - JET_errLogCorruptDuringHardRestore: a log of the set is damaged
 * - JET_errRequiredLogFilesMissing: a log of the set is absent
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 15.2.
 */
#ifdef JET_UNICODE
#define JetRestoreInstance JetRestoreInstanceW
#else
JET_ERR JET_API JetRestoreInstance(JET_INSTANCE instance, const char *szSource, const char *szDest,
    JET_PFNSTATUS pfn);
#endif
/** JetRestoreInstance with UTF-8 strings. */
JET_ERR JET_API JetRestoreInstanceA(JET_INSTANCE instance, const char *szSource, const char *szDest,
    JET_PFNSTATUS pfn);
/** JetRestoreInstance with UTF-16LE strings. */
JET_ERR JET_API JetRestoreInstanceW(JET_INSTANCE instance, const char16_t *szSource,
    const char16_t *szDest, JET_PFNSTATUS pfn);

/**
 * JetRestoreInstance in one-instance mode, to where the databases were.
 *
 * @param szSource folder of the backup
 * @param pfn progress callback, or NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errAlreadyInitialized: engine or instance already initialised
 * - JET_errInvalidLogSequence: creation stamp chain between consecutive logs is broken
 * - JET_errInvalidParameter: bad argument
 * - JET_errInvalidPath: path malformed or not found
 * - JET_errPageSizeMismatch: file page size differs from configured one
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode; and all
 *   errors of JetRestoreInstance
 * Source: reference page; backup-and-restore spec 15.2.
 */
#ifdef JET_UNICODE
#define JetRestore JetRestoreW
#else
JET_ERR JET_API JetRestore(const char *szSource, JET_PFNSTATUS pfn);
#endif
/** JetRestore with UTF-8 strings. */
JET_ERR JET_API JetRestoreA(const char *szSource, JET_PFNSTATUS pfn);
/** JetRestore with UTF-16LE strings. */
JET_ERR JET_API JetRestoreW(const char16_t *szSource, JET_PFNSTATUS pfn);

/**
 * JetRestoreInstance in one-instance mode.
 *
 * @param szSource folder of the backup
 * @param szDest folder for the databases, or NULL for where they were
 * @param pfn progress callback, or NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errAlreadyInitialized: engine or instance already initialised
 * - JET_errInvalidLogSequence: creation stamp chain between consecutive logs is broken
 * - JET_errInvalidParameter: bad argument
 * - JET_errInvalidPath: path malformed or not found
 * - JET_errPageSizeMismatch: file page size differs from configured one
 * - JET_errRunningInMultiInstanceMode: legacy implicit-instance call in multi-instance mode; and all
 *   errors of JetRestoreInstance
 * Source: reference page; backup-and-restore spec 15.2.
 */
#ifdef JET_UNICODE
#define JetRestore2 JetRestore2W
#else
JET_ERR JET_API JetRestore2(const char *szSource, const char *szDest, JET_PFNSTATUS pfn);
#endif
/** JetRestore2 with UTF-8 strings. */
JET_ERR JET_API JetRestore2A(const char *szSource, const char *szDest, JET_PFNSTATUS pfn);
/** JetRestore2 with UTF-16LE strings. */
JET_ERR JET_API JetRestore2W(const char16_t *szSource, const char16_t *szDest, JET_PFNSTATUS pfn);

/**
 * Replays the logs of a streamed backup over its databases, which the caller has put in their
 * places. An instance of its own does it and is gone afterwards; the databases are clean and can be
 * attached. After a failure copy the files out of the set again. The base name of the logs is
 * "edb". The same as JetExternalRestore2 with a range instead of a JET_LOGINFO and without a
 * target.
 *
 * @param szCheckpointFilePath folder for the checkpoint
 * @param szLogPath folder for new logs
 * @param rgrstmap database paths, old and new; may be NULL
 * @param crstfilemap elements of rgrstmap
 * @param szBackupLogPath folder with the logs of the backup
 * @param genLow first log of the backup
 * @param genHigh last log of the backup
 * @param pfn progress callback, or NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: the map is not usable or has more than 14 entries
 * - JET_errDatabaseCorrupted: the header of a mapped file is not one of a database
 * - JET_errFileNotFound: a log of the range or a mapped database is absent
 * - JET_errInvalidPath: path malformed or not found
 * - JET_errRestoreOfNonBackupDatabase: a mapped file is not a copy from a backup, or was restored
 *   already
 * - JET_errStartingRestoreLogTooHigh: the range begins after a log that a copy needs
 * - JET_errEndingRestoreLogTooLow: the range ends before a log that a copy needs
 * - JET_errBadRestoreTargetInstance: the target cannot receive the databases
 * - JET_errRunningInOneInstanceMode: the process is in one-instance mode
 * - JET_errBadPatchPage: the trailer of a copy is damaged or cut off
 * - JET_errDatabasePatchFileMismatch: the trailer of a copy belongs to another database or backup
 * - JET_errLogFileCorrupt: the header of a log is damaged
 * - JET_errBadLogVersion: a log has a format that is too new
 * - JET_errGivenLogFileHasBadSignature: a log of the range belongs to another stream
 * - JET_errGivenLogFileIsNotContiguous: a log of the range does not follow the one before it
 * - JET_errExistingLogFileHasBadSignature: a log in the log folder belongs to another stream
 * - JET_errExistingLogFileIsNotContiguous: a log in the log folder does not continue the range
 * - JET_errLogCorruptDuringHardRestore: a log of the range is damaged
 * - JET_errRequiredLogFilesMissing: logs that a database needs are absent
 * - JET_errTooManyInstances: JET_paramMaxInstances is reached
 * - JET_errLogFilePathInUse: a running instance logs into the log folder
 * - JET_errSystemPathInUse: a running instance uses the checkpoint folder
 * - the errors of handles and memory, listed at the top of this file
 * Source: reference page; backup-and-restore spec 15.1.
 */
#ifdef JET_UNICODE
#define JetExternalRestore JetExternalRestoreW
#else
JET_ERR JET_API JetExternalRestore(char *szCheckpointFilePath, char *szLogPath,
    JET_RSTMAP_A *rgrstmap, int32_t crstfilemap, char *szBackupLogPath, int32_t genLow,
    int32_t genHigh, JET_PFNSTATUS pfn);
#endif
/** JetExternalRestore with UTF-8 strings. */
JET_ERR JET_API JetExternalRestoreA(char *szCheckpointFilePath, char *szLogPath,
    JET_RSTMAP_A *rgrstmap, int32_t crstfilemap, char *szBackupLogPath, int32_t genLow,
    int32_t genHigh, JET_PFNSTATUS pfn);
/** JetExternalRestore with UTF-16LE strings. */
JET_ERR JET_API JetExternalRestoreW(char16_t *szCheckpointFilePath, char16_t *szLogPath,
    JET_RSTMAP_W *rgrstmap, int32_t crstfilemap, char16_t *szBackupLogPath, int32_t genLow,
    int32_t genHigh, JET_PFNSTATUS pfn);

/**
 * JetExternalRestore with base name and range as JetGetLogInfoInstance2 returned them, and
 * optionally a target instance whose logs are replayed too, so that the databases catch up with it.
 *
 * @param szCheckpointFilePath folder for the checkpoint
 * @param szLogPath folder for new logs
 * @param rgrstmap database paths, old and new; may be NULL
 * @param crstfilemap elements of rgrstmap
 * @param szBackupLogPath folder with the logs of the backup
 * @param pLogInfo log range and base name
 * @param szTargetInstanceName running instance to restore into, or NULL
 * @param szTargetInstanceLogPath its log folder; may be NULL
 * @param szTargetInstanceCheckpointPath its checkpoint folder; may be NULL
 * @param pfn progress callback, or NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnTargetInstanceRunning: the target runs; the databases were brought to its log folder's
 *   state and left for it
 * - JET_errBadRestoreTargetInstance: the target cannot receive the databases
 * - JET_errDatabaseCorrupted: the header of a mapped file is not one of a database
 * - JET_errEndingRestoreLogTooLow: the range ends before a log that a copy needs
 * - JET_errFileNotFound: a log of the range or a mapped database is absent
 * - JET_errInvalidParameter: the map or pLogInfo is not usable, or the target is named in two ways
 * - JET_errInvalidPath: path malformed or not found
 * - JET_errRestoreOfNonBackupDatabase: a mapped file is not a copy from a backup, or was restored
 *   already
 * - JET_errRunningInOneInstanceMode: the process is in one-instance mode
 * - JET_errStartingRestoreLogTooHigh: the range begins after a log that a copy needs
 * - JET_errBadPatchPage: the trailer of a copy is damaged or cut off
 * - JET_errDatabasePatchFileMismatch: the trailer of a copy belongs to another database or backup
 * - JET_errLogFileCorrupt: the header of a log is damaged
 * - JET_errBadLogVersion: a log has a format that is too new
 * - JET_errGivenLogFileHasBadSignature: a log of the range belongs to another stream
 * - JET_errGivenLogFileIsNotContiguous: a log of the range does not follow the one before it
 * - JET_errExistingLogFileHasBadSignature: a log in the log folder belongs to another stream
 * - JET_errExistingLogFileIsNotContiguous: a log in the log folder does not continue the range
 * - JET_errLogCorruptDuringHardRestore: a log of the range is damaged
 * - JET_errRequiredLogFilesMissing: logs that a database needs are absent
 * - JET_errTooManyInstances: JET_paramMaxInstances is reached
 * - JET_errLogFilePathInUse: a running instance logs into the log folder
 * - JET_errSystemPathInUse: a running instance uses the checkpoint folder
 * - the errors of handles and memory, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 15.1.
 */
#ifdef JET_UNICODE
#define JetExternalRestore2 JetExternalRestore2W
#else
JET_ERR JET_API JetExternalRestore2(char *szCheckpointFilePath, char *szLogPath,
    JET_RSTMAP_A *rgrstmap, int32_t crstfilemap, char *szBackupLogPath, JET_LOGINFO_A *pLogInfo,
    char *szTargetInstanceName, char *szTargetInstanceLogPath, char *szTargetInstanceCheckpointPath,
    JET_PFNSTATUS pfn);
#endif
/** JetExternalRestore2 with UTF-8 strings. */
JET_ERR JET_API JetExternalRestore2A(char *szCheckpointFilePath, char *szLogPath,
    JET_RSTMAP_A *rgrstmap, int32_t crstfilemap, char *szBackupLogPath, JET_LOGINFO_A *pLogInfo,
    char *szTargetInstanceName, char *szTargetInstanceLogPath, char *szTargetInstanceCheckpointPath,
    JET_PFNSTATUS pfn);
/** JetExternalRestore2 with UTF-16LE strings. */
JET_ERR JET_API JetExternalRestore2W(char16_t *szCheckpointFilePath, char16_t *szLogPath,
    JET_RSTMAP_W *rgrstmap, int32_t crstfilemap, char16_t *szBackupLogPath, JET_LOGINFO_W *pLogInfo,
    char16_t *szTargetInstanceName, char16_t *szTargetInstanceLogPath,
    char16_t *szTargetInstanceCheckpointPath, JET_PFNSTATUS pfn);

/* ==============================================================================================
 * Snapshots
 *
 * For backups by a volume snapshot: prepare, freeze, take the snapshot, thaw, optionally truncate
 * logs, end. While frozen, reads go on and commits that need the log wait;
 * JET_paramOSSnapshotTimeout thaws by itself.
 * ============================================================================================ */

/**
 * Begins a snapshot session. Unless JET_bitExplicitPrepare is given, all running instances take
 * part.
 *
 * @param psnapId out: snapshot session
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitIncrementalSnapshot: only logs are saved
 * - JET_bitCopySnapshot: a copy that does not count as a backup: headers and logs stay
 * - JET_bitContinueAfterThaw: keep the snapshot session open after the thaw, for log truncation
 * - JET_bitExplicitPrepare: only instances named by JetOSSnapshotPrepareInstance take part
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: psnapId is NULL
 * - JET_errInvalidGrbit: unknown bits
 * - JET_errNotInitialized: no instance runs
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 14.
 */
JET_ERR JET_API JetOSSnapshotPrepare(JET_OSSNAPID *psnapId, JET_GRBIT grbit);

/**
 * Adds an instance to a snapshot session. If the session was not begun with JET_bitExplicitPrepare, the first instance
 * named takes the place of all those that were bound then.
 *
 * @param snapId snapshot session
 * @param instance instance
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errOSSnapshotInvalidSequence: the session is past preparation
 * - JET_errOSSnapshotInvalidSnapId: no such session
 * - JET_errInvalidGrbit: grbit is not 0
 * - JET_errOSSnapshotNotAllowed: the instance is in a backup or in another session
 * - JET_errLoggingDisabled: the instance keeps no log
 *
 * Since: Windows Vista.
 * Source: reference page; backup-and-restore spec 14.
 */
JET_ERR JET_API JetOSSnapshotPrepareInstance(JET_OSSNAPID snapId, JET_INSTANCE instance,
    JET_GRBIT grbit);

/**
 * Holds all writes of the instances in the session, so that a snapshot of their volumes is
 * consistent, and lists them.
 *
 * @param snapId snapshot session
 * @param pcInstanceInfo out: elements of the array
 * @param paInstanceInfo out: array in one block; the caller releases it with JetFreeBuffer
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: an output pointer is NULL
 * - JET_errOSSnapshotInvalidSequence: the session is not prepared
 * - JET_errOSSnapshotNotAllowed: an instance is in a backup; nothing is frozen
 * - JET_errOSSnapshotInvalidSnapId: no such session
 * - JET_errOutOfThreads: the timer could not be started
 * - JET_errInvalidBackup: an incremental snapshot with circular logging
 * - JET_errMissingFullBackup: an incremental one of a database without a full snapshot
 * - JET_errMissingFileToBackup: an incremental one, and logs since the last snapshot are gone
 * - JET_errLogWriteFail: the log cannot be written
 *
 * After an error nothing is frozen, and the session has no instances any more.
 * - the errors of handles and memory, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 14.
 */
#ifdef JET_UNICODE
#define JetOSSnapshotFreeze JetOSSnapshotFreezeW
#else
JET_ERR JET_API JetOSSnapshotFreeze(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_A **paInstanceInfo, JET_GRBIT grbit);
#endif
/** JetOSSnapshotFreeze with UTF-8 strings. */
JET_ERR JET_API JetOSSnapshotFreezeA(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_A **paInstanceInfo, JET_GRBIT grbit);
/** JetOSSnapshotFreeze with UTF-16LE strings. */
JET_ERR JET_API JetOSSnapshotFreezeW(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_W **paInstanceInfo, JET_GRBIT grbit);

/**
 * Lists the instances and databases of a snapshot session.
 *
 * @param snapId snapshot session
 * @param pcInstanceInfo out: elements of the array
 * @param paInstanceInfo out: array in one block; the caller releases it with JetFreeBuffer
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: bad argument
 * - JET_errOSSnapshotInvalidSnapId: unknown snapshot id
 * - JET_errOSSnapshotInvalidSequence: snapshot call out of order
 * - the errors of handles and memory, listed at the top of this file
 *
 * Since: Windows Vista.
 * Source: reference page; backup-and-restore spec 14.
 */
#ifdef JET_UNICODE
#define JetOSSnapshotGetFreezeInfo JetOSSnapshotGetFreezeInfoW
#else
JET_ERR JET_API JetOSSnapshotGetFreezeInfo(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_A **paInstanceInfo, JET_GRBIT grbit);
#endif
/** JetOSSnapshotGetFreezeInfo with UTF-8 strings. */
JET_ERR JET_API JetOSSnapshotGetFreezeInfoA(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_A **paInstanceInfo, JET_GRBIT grbit);
/** JetOSSnapshotGetFreezeInfo with UTF-16LE strings. */
JET_ERR JET_API JetOSSnapshotGetFreezeInfoW(JET_OSSNAPID snapId, uint32_t *pcInstanceInfo,
    JET_INSTANCE_INFO_W **paInstanceInfo, JET_GRBIT grbit);

/**
 * Lets writes go on. Without JET_bitContinueAfterThaw the session ends.
 *
 * @param snapId snapshot session
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errOSSnapshotTimeOut: the freeze had ended by itself: the snapshot is not usable, the
 *   session is over
 * - JET_errOSSnapshotInvalidSnapId: no such session
 * - JET_errOSSnapshotInvalidSequence: the session is not frozen
 *
 * Since: Windows XP.
 * Source: reference page; backup-and-restore spec 14.
 */
JET_ERR JET_API JetOSSnapshotThaw(JET_OSSNAPID snapId, JET_GRBIT grbit);

/**
 * Deletes the logs that the snapshot made unnecessary, for all instances in the session.
 *
 * @param snapId snapshot session
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitAllDatabasesSnapshot: all attached databases were saved, so logs may go
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: unknown bits
 * - JET_errOSSnapshotInvalidSequence: not thawed, or a copy snapshot
 * - JET_errOSSnapshotInvalidSnapId: no such session
 *
 * Since: Windows Vista.
 * Source: reference page; backup-and-restore spec 14.
 */
JET_ERR JET_API JetOSSnapshotTruncateLog(JET_OSSNAPID snapId, JET_GRBIT grbit);

/**
 * Deletes the logs that the snapshot made unnecessary, for one instance in the session.
 *
 * @param snapId snapshot session
 * @param instance instance
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitAllDatabasesSnapshot: all attached databases were saved, so logs may go
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: unknown bits
 * - JET_errOSSnapshotInvalidSequence: not thawed, or a copy snapshot
 * - JET_errOSSnapshotInvalidSnapId: no such session
 *
 * Since: Windows Vista.
 * Source: reference page; backup-and-restore spec 14.
 */
JET_ERR JET_API JetOSSnapshotTruncateLogInstance(JET_OSSNAPID snapId, JET_INSTANCE instance,
    JET_GRBIT grbit);

/**
 * Ends a snapshot session; a successful one is recorded in the headers of the databases.
 *
 * @param snapId snapshot session
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitAbortSnapshot: the snapshot failed
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: unknown bits
 * - JET_errOSSnapshotInvalidSequence: frozen, without JET_bitAbortSnapshot
 * - JET_errOSSnapshotInvalidSnapId: no such session
 * - JET_errOSSnapshotTimeOut: freeze exceeded its timeout
 *
 * Since: Windows Vista.
 * Source: reference page; backup-and-restore spec 14.
 */
JET_ERR JET_API JetOSSnapshotEnd(JET_OSSNAPID snapId, JET_GRBIT grbit);

/**
 * Gives a snapshot session up; a frozen one is thawed.
 *
 * @param snapId snapshot session
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errOSSnapshotInvalidSnapId: no such session
 * - JET_errInvalidGrbit: grbit is not 0
 *
 * Since: Windows Server 2003.
 * Source: reference page; backup-and-restore spec 14.
 */
JET_ERR JET_API JetOSSnapshotAbort(JET_OSSNAPID snapId, JET_GRBIT grbit);

/* ==============================================================================================
 * Maintenance and tools
 * ============================================================================================ */

/**
 * Copies a database into a new file, packed: free space, deleted records and half-filled pages stay
 * behind. Every table, index and long value lies in one piece, its pages as full as the density of
 * the table or index asks for, unless that took more pages than the source has. Object and column
 * ids, templates, callbacks, automatic values and the format version stay as they are. The source
 * must be attached (JET_bitDbReadOnly is enough), and nobody else may have it open. The copy is
 * closed, clean and not attached; after an error it is not there.
 *
 * @param sesid session
 * @param szDatabaseSrc path of the database to read
 * @param szDatabaseDest path of the file to create
 * @param pfnStatus callback, or NULL: JET_snpCompact with JET_sntBegin; JET_sntProgress, whose units
 *     are pages in use in the source; JET_sntComplete or JET_sntFail. An error it returns ends the
 *     copy and is returned
 * @param pconvert reserved, NULL
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitCompactRepair: accepted; as in today's engine damage ends the copy all the same
 * - JET_bitCompactStats: write a line for each table, and a summary, to DFRGINFO.TXT in the current
 *   folder
 * - JET_bitCompactPreserveOriginal: accepted; the source is never changed
 *
 * Returns JET_errSuccess, or:
 * - JET_errFeatureNotAvailable: pconvert is not NULL
 * - JET_errInTransaction: the session has an open transaction
 * - JET_errDatabaseNotFound: the source is not attached
 * - JET_errDatabaseInUse: a session, the calling one too, has the source open
 * - JET_errDatabaseDuplicate: the new file exists
 * - JET_errDatabaseInvalidPath: no path, or its folder does not exist
 * - JET_errTooManyAttachedDatabases: no place for one more
 * - JET_errReadVerifyFailure, JET_errDatabaseCorrupted and others: the source is damaged
 * - JET_errDiskFull: no space
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page; published engine source.
 */
#ifdef JET_UNICODE
#define JetCompact JetCompactW
#else
JET_ERR JET_API JetCompact(JET_SESID sesid, const char *szDatabaseSrc, const char *szDatabaseDest,
    JET_PFNSTATUS pfnStatus, JET_CONVERT_A *pconvert, JET_GRBIT grbit);
#endif
/** JetCompact with UTF-8 strings. */
JET_ERR JET_API JetCompactA(JET_SESID sesid, const char *szDatabaseSrc, const char *szDatabaseDest,
    JET_PFNSTATUS pfnStatus, JET_CONVERT_A *pconvert, JET_GRBIT grbit);
/** JetCompact with UTF-16LE strings. */
JET_ERR JET_API JetCompactW(JET_SESID sesid, const char16_t *szDatabaseSrc,
    const char16_t *szDatabaseDest, JET_PFNSTATUS pfnStatus, JET_CONVERT_W *pconvert,
    JET_GRBIT grbit);

/**
 * Chooses what of the page caches of all running instances a core dump of the process contains. To be
 * called while a dump is prepared, or before: a choice holds for the memory that there is. Everything
 * else of the process is dumped as the system is set.
 *
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDumpMinimum: include the least; same as the smallest cache option
 * - JET_bitDumpMaximum: include everything
 * - JET_bitDumpCacheMinimum: the least of the page cache
 * - JET_bitDumpCacheMaximum: all of the page cache
 * - JET_bitDumpCacheIncludeDirtyPages: pages that were changed
 * - JET_bitDumpCacheIncludeCachedPages: pages with data
 * - JET_bitDumpCacheIncludeCorruptedPages: pages being read, or found damaged, that are held now
 * - JET_bitDumpCacheNoDecommit: accepted; no memory is given back here
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: no bit, or an unknown one
 * - JET_errInternalError: unexpected engine-internal failure
 *
 * Since: Windows 7.
 * Source: reference page; published engine source.
 */
JET_ERR JET_API JetConfigureProcessForCrashDump(JET_GRBIT grbit);

/**
 * Starts or stops defragmenting a database in the background, while the database is used: records
 * that were deleted, and that no transaction can see any more, go for good; pages that are empty or
 * nearly so go into their neighbours; what becomes free is there for new data, and the file stays as
 * long as it is. At most one task runs for a database; it waits while a backup runs, and ends when
 * the database is detached or the instance ends. JET_paramEnableOnlineDefrag without
 * JET_OnlineDefragDatabases and JET_OnlineDefragSpaceTrees: nothing is done, without a warning.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szTableName reserved, NULL
 * @param pcPasses start: most passes through the database; stop: passes done. NULL: no limit
 * @param pcSeconds start: most seconds, not positive for no limit; stop: seconds since the start.
 *     NULL: no limit
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDefragmentAvailSpaceTreesOnly: only the trees of free space; these are always kept in
 *   order here, so that there is nothing to do
 * - JET_bitDefragmentBatchStart: start defragmenting in the background
 * - JET_bitDefragmentBatchStop: stop defragmenting
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnDefragAlreadyRunning: JET_bitDefragmentBatchStart while it runs
 * - JET_wrnDefragNotRunning: JET_bitDefragmentBatchStop while it does not run
 * - JET_errDatabaseFileReadOnly: the database is attached for reading only
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errVersionStoreOutOfMemory: too many versions are in memory
 * - the errors of handles and of the instance's state, listed at the top of this file
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetDefragment JetDefragmentW
#else
JET_ERR JET_API JetDefragment(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    uint32_t *pcPasses, uint32_t *pcSeconds, JET_GRBIT grbit);
#endif
/** JetDefragment with UTF-8 strings. */
JET_ERR JET_API JetDefragmentA(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    uint32_t *pcPasses, uint32_t *pcSeconds, JET_GRBIT grbit);
/** JetDefragment with UTF-16LE strings. */
JET_ERR JET_API JetDefragmentW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName,
    uint32_t *pcPasses, uint32_t *pcSeconds, JET_GRBIT grbit);

/**
 * JetDefragment with a callback (JET_cbtypOnlineDefragCompleted) when it is finished: from the task's
 * thread, with the task's session; it may stop the task but not end the instance. With
 * JET_bitDefragmentBTree one pass through one table begins in the background, with
 * JET_bitDefragmentBTreeBatch and JET_bitDefragmentBatchStart one through all; both take no callback,
 * and the latter neither passes, seconds nor table.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szTableName table, with JET_bitDefragmentBTree; otherwise NULL
 * @param pcPasses in: most passes, out: passes done; NULL: no limit
 * @param pcSeconds in: most seconds, out: seconds used; NULL: no limit
 * @param callback callback, or NULL
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDefragmentAvailSpaceTreesOnly: only the trees of free space
 * - JET_bitDefragmentBatchStart: start defragmenting in the background
 * - JET_bitDefragmentBatchStop: stop defragmenting
 * - JET_bitDefragmentBTree: defragment one table's trees
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnDefragAlreadyRunning: JET_bitDefragmentBatchStart while it runs
 * - JET_wrnDefragNotRunning: JET_bitDefragmentBatchStop while it does not run
 * - JET_errDatabaseFileReadOnly: the database is attached for reading only
 * - JET_errTransReadOnly: write in a read-only transaction
 * - JET_errVersionStoreOutOfMemory: version store full
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetDefragment2 JetDefragment2W
#else
JET_ERR JET_API JetDefragment2(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, JET_GRBIT grbit);
#endif
/** JetDefragment2 with UTF-8 strings. */
JET_ERR JET_API JetDefragment2A(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, JET_GRBIT grbit);
/** JetDefragment2 with UTF-16LE strings. */
JET_ERR JET_API JetDefragment2W(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName,
    uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, JET_GRBIT grbit);

/**
 * Reserved: always JET_errInvalidParameter.
 *
 * @param sesid session
 * @param szDatabaseName path of the database file
 * @param szTableName table; may be NULL
 * @param pcPasses in: most passes, out: passes done; NULL: no limit
 * @param pcSeconds in: most seconds, out: seconds used; NULL: no limit
 * @param callback callback, or NULL
 * @param pvContext passed to the callback
 * @param grbit reserved, 0
 *
 * Returns JET_errInvalidParameter.
 *
 * Since: Windows XP.
 * Source: reference page.
 */
#ifdef JET_UNICODE
#define JetDefragment3 JetDefragment3W
#else
JET_ERR JET_API JetDefragment3(JET_SESID sesid, const char *szDatabaseName, const char *szTableName,
    uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, void *pvContext,
    JET_GRBIT grbit);
#endif
/** JetDefragment3 with UTF-8 strings. */
JET_ERR JET_API JetDefragment3A(JET_SESID sesid, const char *szDatabaseName,
    const char *szTableName, uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback,
    void *pvContext, JET_GRBIT grbit);
/** JetDefragment3 with UTF-16LE strings. */
JET_ERR JET_API JetDefragment3W(JET_SESID sesid, const char16_t *szDatabaseName,
    const char16_t *szTableName, uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback,
    void *pvContext, JET_GRBIT grbit);

/**
 * Classifies an error number: which classes of JET_ERRCAT it belongs to. No instance is needed.
 * Only the UTF-16LE form exists.
 *
 * @param pvContext address of the JET_ERR; may be NULL
 * @param pvResult out: JET_ERRINFOBASIC_W
 * @param cbMax bytes of the buffer
 * @param InfoLevel JET_ErrorInfoSpecificErr
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: unknown level, no context, grbit not 0, or a number without a class
 * - JET_errInvalidBufferSize: cbMax is smaller than the structure
 *
 * Since: Windows 8.
 * Source: reference page; instance-and-session spec 15.
 */
JET_ERR JET_API JetGetErrorInfoW(void *pvContext, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel, JET_GRBIT grbit);
#define JetGetErrorInfo JetGetErrorInfoW

/**
 * Returns counters of the work that the calling thread has caused. The version of the structure is
 * chosen by cbMax.
 *
 * @param pvResult out: JET_THREADSTATS or a later version
 * @param cbMax bytes of the buffer
 *
 * Returns JET_errSuccess, or:
 * - JET_errBufferTooSmall: result buffer too small
 *
 * Since: Windows Vista.
 * Source: reference page.
 */
JET_ERR JET_API JetGetThreadStats(void *pvResult, uint32_t cbMax);

/**
 * Returns the version of the engine: bits 31-28 major, 27-24 minor, 23-8 build, 7-0 service pack.
 * Clients switch features by the build: 6000 Vista, 7000 Windows 7, 8000 Windows 8, 9300 Windows
 * 8.1, 9900 Windows 10.
 *
 * @param sesid session
 * @param pwVersion out: version, see above
 *
 * Returns JET_errSuccess.
 * Source: reference page.
 */
JET_ERR JET_API JetGetVersion(JET_SESID sesid, uint32_t *pwVersion);

/**
 * Does a piece of idle work, or says whether there is some.
 *
 * @param sesid session
 * @param grbit what to do; 0 is the same as JET_bitIdleCompact
 *
 * Bits:
 * - JET_bitIdleCompact: start a clean-up of old record versions
 * - JET_bitIdleFlushBuffers: reserved; JetIdle refuses it with JET_errInvalidGrbit
 * - JET_bitIdleStatus: only ask whether the version store is well filled: JET_wrnIdleFull if so
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnNoIdleActivity: nothing (more) to do
 * - JET_wrnIdleFull: JET_bitIdleStatus: more than 60 % of the preferred version store is in use
 * - JET_errInvalidGrbit: JET_bitIdleFlushBuffers, or unknown bits
 * Source: reference page.
 */
JET_ERR JET_API JetIdle(JET_SESID sesid, JET_GRBIT grbit);

/* ==============================================================================================
 * Callbacks, memory, diagnostics
 * ============================================================================================ */

/**
 * Releases a block that the engine handed out (JetGetInstanceInfo, JetOSSnapshotFreeze,
 * JetOSSnapshotGetFreezeInfo). NULL is allowed. It never fails.
 *
 * @param pbBuf block handed out by the engine, or NULL
 *
 * Returns JET_errSuccess.
 *
 * Since: Windows XP.
 * Source: reference page; instance-and-session spec 15.
 */
JET_ERR JET_API JetFreeBuffer(char *pbBuf);

/**
 * Registers a callback for changes of the records of a table, whichever cursor makes them, until it
 * is unregistered, the database is detached or the instance ends.
 *
 * It is called within JetUpdate and JetDelete, by their thread. An error it returns to a JET_cbtypBefore event
 * is the answer of the call, and nothing has been changed then, by the callback neither; one returned to a
 * JET_cbtypAfter event is ignored. The cursor it is given looks at records and sets columns: other calls with it
 * are JET_errIllegalOperation (JetDupCursor gives a cursor that can do all). Levels of transactions that were open
 * when it was called cannot be ended in it.
 *
 * Callbacks of a table's definition (JET_TABLECREATE2 and later) and computed defaults (JET_USERDEFINEDDEFAULT) are
 * named "library!function". They are called only with JET_paramEnablePersistedCallbacks; without it the call that
 * would need them is JET_errCallbackFailed. The library is a bare name, found as the system's loader finds libraries;
 * one with a path in it is not loaded (JET_errCallbackNotResolved). Where there is no such library, or the name is
 * empty, the function of that name in the program itself is meant.
 *
 * @param sesid session
 * @param tableid cursor
 * @param cbtyp events wanted, JET_cbtyp bits
 * @param pCallback callback
 * @param pvContext passed to the callback; may be NULL
 * @param phCallbackId out: registration, for JetUnregisterCallback
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: no callback, no events, or nowhere to put the registration
 * - JET_errIllegalOperation: a temporary table
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
JET_ERR JET_API JetRegisterCallback(JET_SESID sesid, JET_TABLEID tableid, JET_CBTYP cbtyp,
    JET_CALLBACK pCallback, void *pvContext, JET_HANDLE *phCallbackId);

/**
 * Removes a registration of JetRegisterCallback.
 *
 * @param sesid session
 * @param tableid cursor
 * @param cbtyp events wanted, JET_cbtyp bits
 * @param hCallbackId registration
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnCallbackNotRegistered: there is no such registration
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows XP.
 * Source: reference page.
 */
JET_ERR JET_API JetUnregisterCallback(JET_SESID sesid, JET_TABLEID tableid, JET_CBTYP cbtyp,
    JET_HANDLE hCallbackId);

#ifdef ESENT_PRIVATE

/* ==============================================================================================
 * Private interface
 *
 * What follows is exported by ESENT without being part of its documented interface, and is declared
 * only when ESENT_PRIVATE is defined. It may change between versions; most of it answers
 * JET_errFeatureNotAvailable.
 * ============================================================================================ */

/* ---- Private types ---- */

typedef uint32_t JET_SNC; /**< Status notification code. */
typedef uint32_t JET_DLLID; /**< Module id of hook functions. */
typedef uint32_t JET_ENGINEFORMATVERSION; /**< Engine format version, JET_efv constants. */
typedef JET_API_PTR JET_HISTO; /**< Histogram handle. */

/* ---- Private constants ---- */

/* ---- Engine format versions ----
 * Values of JET_paramEngineFormatVersion: the first engine version that has a feature of the file
 * formats, or the last of a release (names ending in Rtm).
 */

#define JET_efvExchange55Rtm 500
#define JET_efvWindows2000Rtm 600
#define JET_efvExchange2000Rtm 1000
#define JET_efvWindowsXpRtm 1200
#define JET_efvExchange2010Rtm 5520
#define JET_efvExchange2010Sp1 5920
#define JET_efvExchange2010Sp2 6080
#define JET_efvScrubLastNodeOnEmptyPage 6960
#define JET_efvExchange2013Rtm 7020
#define JET_efvExtHdrRootFieldAutoIncStorageStagedToDebug 7060
#define JET_efvLogExtendDbLrAfterCreateDbLr 7940
#define JET_efvRollbackInsertSpaceStagedToTest 7960
#define JET_efvWindows10Rtm 8020
#define JET_efvQfeMsysLocalesGuidRefCountFixup 8023
#define JET_efvPersistedLostFlushMapStagedToDebug 8220
#define JET_efvTriStatePageFlushTypeStagedToProd 8280
#define JET_efvLogSplitMergeCompressionReleased 8400
#define JET_efvTriStatePageFlushTypeReleased 8420
#define JET_efvIrsDbidBasedMacroInfo2 8440
#define JET_efvLostFlushMapCrashResiliency 8460
#define JET_efvExchange2016Rtm 8520
#define JET_efvMsysLocalesGuidRefCountFixup 8620
#define JET_efvWindows10v2Rtm 8620
#define JET_efvEncryptedColumns 8720
#define JET_efvLoggingDeleteOfTableFcbs 8820
#define JET_efvEmptyIdxUpgradesUpdateMsysLocales 8860
#define JET_efvSupportNlsInvariantLocale 8880
#define JET_efvExchange2016Cu1Rtm 8920
#define JET_efvWindows19H1Rtm 8920
#define JET_efvSetDbVersion 8940
#define JET_efvExtHdrRootFieldAutoIncStorageReleased 8960
#define JET_efvXpress9Compression 8980
#define JET_efvUppercaseTextNormalization 9000
#define JET_efvDbscanHeaderHighestPageSeen 9020
#define JET_efvEscrow64 9040
#define JET_efvSynchronousLVCleanup 9060
#define JET_efvLid64 9080
#define JET_efvShrinkEof 9100
#define JET_efvLogNewPage 9120
#define JET_efvRootPageMove 9140
#define JET_efvScanCheck2 9160
#define JET_efvLgposLastResize 9180
#define JET_efvShelvedPages 9200
#define JET_efvShelvedPagesRevert 9220
#define JET_efvShelvedPages2 9240
#define JET_efvLogtimeGenMaxRequired 9260
#define JET_efvVariableDbHdrSignatureSnapshot 9280
#define JET_efvLowerMinReqLogGenOnRedo 9300
#define JET_efvDbTimeShrink 9320
#define JET_efvXpress10Compression 9340
#define JET_efvRevertSnapshot 9360
#define JET_efvApplyRevertSnapshot 9380
#define JET_efvExtentPageCountCache 9400
#define JET_efvLz4Compression 9420
#define JET_efvRBSNonRevertableTableDeletes 9460
#define JET_efvScanCheck2Flags 9480
#define JET_efvExtentFreed2 9500
#define JET_efvKVPStoreV2 9520
#define JET_efvIndexDeferredPopulate 9540
#define JET_efvReservedTags 9560
#define JET_efvRBSTooSoonDeletes 9580
#define JET_efvOptionallyUniqueIndices 9600
#define JET_efvUseEngineDefault 0x40000001
#define JET_efvUsePersistedFormat 0x40000002
#define JET_efvAllowHigherPersistedFormat 0x41000000

/* ---- Instances and recovery ---- */

/** Obsolete, ignored. */
#define JET_bitReplayReplicatedLogFiles 0x00000001
/** Recovery may proceed without the log that was in use last. */
#define JET_bitAllowMissingCurrentLog 0x00000100
/** Recover a copy out of a backup without restoring it. */
#define JET_bitAllowSoftRecoveryOnBackup 0x00000200
/** Do not report lost logs as an event. */
#define JET_bitSkipLostLogsEvent 0x00000400
/** Ask the callback about every decision of recovery (JET_RECOVERYCONTROL). */
#define JET_bitExternalRecoveryControl 0x00000800
/** Skip records of a database below the logs it needs. */
#define JET_bitReplayIgnoreLogRecordsBeforeMinRequiredLog 0x00002000
/** Start at the first log that the mapped databases need, without a checkpoint. */
#define JET_bitReplayInferCheckpointFromRstmapDbs 0x00004000
/** JET_RSTMAP2: leave the database out if its file is absent. */
#define JET_bitRestoreMapIgnoreWhenMissing 0x00000001
/** JET_RSTMAP2: fail if its file is absent. */
#define JET_bitRestoreMapFailWhenMissing 0x00000002
/** JET_RSTMAP2: overwrite an existing file when the log creates the database. */
#define JET_bitRestoreMapOverwriteOnCreate 0x00000004
/** JET_RECOVERYCONTROL, eReason: the stream is checked. */
#define JET_OpenLogForRecoveryCheckingAndPatching 1
/** JET_RECOVERYCONTROL, eReason: the log is redone. */
#define JET_OpenLogForRedo 2
/** JET_RECOVERYCONTROL, eReason: undo appends to it. */
#define JET_OpenLogForUndo 3
/** JET_RECOVERYCONTROL, eReason: normal work appends to it. */
#define JET_OpenLogForDo 4
/** JET_RECOVERYCONTROL, eNextAction: recovery cannot go on. */
#define JET_MissingLogMustFail 1
/** JET_RECOVERYCONTROL, eNextAction: redo goes on with the next log. */
#define JET_MissingLogContinueToRedo 2
/** JET_RECOVERYCONTROL, eNextAction: the log in use is tried. */
#define JET_MissingLogContinueTryCurrentLog 3
/** JET_RECOVERYCONTROL, eNextAction: undo begins. */
#define JET_MissingLogContinueToUndo 4
/** JET_RECOVERYCONTROL, eNextAction: a new stream is begun. */
#define JET_MissingLogCreateNewLogStream 5
/** JET_RECOVERYCONTROL, fCallbackType: commit. */
#define fCommitCtxLegacyCommitCallback 1
/** JET_RECOVERYCONTROL, fCallbackType: before the commit. */
#define fCommitCtxPreCommitCallback 2
/** JET_RECOVERYCONTROL, fCallbackType: after the commit. */
#define fCommitCtxPostCommitCallback 3
/** JetStopServiceInstance2: end logging and hand out the rest. */
#define JET_bitStopServiceStopAndEmitLog 0x00000008
/** JetGetInstanceMiscInfo: JET_CHECKPOINTINFO. */
#define JET_InstanceMiscInfoCheckpoint 1U
/** JetIdle: test use. */
#define JET_bitIdleVersionStoreTest 0x00000008
/** JetIdle: with JET_bitIdleCompact, only signal the clean-up. */
#define JET_bitIdleCompactAsync 0x00000010
/** JetIdle: JET_wrnIdleFull when the cache is short of free buffers. */
#define JET_bitIdleAvailBuffersStatus 0x00000020
/** JetIdle: wait for background work. */
#define JET_bitIdleWaitForAsyncActivity 0x00000040

/* ---- Status notifications ---- */

/** Recovery asks for a decision. */
#define JET_snpRecoveryControl 18
/** A damaged page can be patched. */
#define JET_snpExternalAutoHealing 19
/** Pages are categorised. */
#define JET_snpSpaceCategorization 20
/** A log will be opened. */
#define JET_sntOpenLog 1001
/** The checkpoint will be opened. */
#define JET_sntOpenCheckpoint 1002
/** A log is absent. */
#define JET_sntMissingLog 1004
/** Undo will begin. */
#define JET_sntBeginUndo 1005
/** An event was reported. */
#define JET_sntNotificationEvent 1006
/** An error will be returned. */
#define JET_sntSignalErrorCondition 1007
/** A database was attached. */
#define JET_sntAttachedDb 1008
/** A database will be detached. */
#define JET_sntDetachingDb 1009
/** A commit with context was met. */
#define JET_sntCommitCtx 1010
/** A page is wanted (JET_SNPATCHREQUEST). */
#define JET_sntPagePatchRequest 1101
/** A page is damaged (JET_SNCORRUPTEDPAGE). */
#define JET_sntCorruptedPage 1102

/* ---- Sessions and transactions ---- */

/** JetEndSession: ignored. */
#define JET_bitForceSessionClosed 0x00000001
/** JetGetSessionInfo: JET_SESSIONINFO. */
#define JET_SessionInfo 0U
/** JET_SESSIONINFO flag: committed. */
#define JET_bitCIMCommitted 0x00000001
/** JET_SESSIONINFO flag: changed something. */
#define JET_bitCIMDirty 0x00000002
/** JET_SESSIONINFO flag: part of an aggregate. */
#define JET_bitAggregateTransaction 0x00000008
/** Cache priority of pages the session reads, 0 to 1000. */
#define JET_sesparamCachePriority 4102
/** Name of the client component, for traces. */
#define JET_sesparamClientComponentDesc 4103
/** Name of the client action, for traces. */
#define JET_sesparamClientActionDesc 4104
/** Context of the client action, for traces. */
#define JET_sesparamClientActionContextDesc 4105
/** Activity identifier, for traces. */
#define JET_sesparamClientActivityId 4106
/** What I/O of the session is traced, JET_bitIOSessTrace bits. */
#define JET_sesparamIOSessTraceFlags 4107
/** I/O priority, JET_IOPriority constants. */
#define JET_sesparamIOPriority 4108
/** The commit context holds private data. */
#define JET_sesparamCommitContextContainsCustomerData 4109
/** Call back before a commit with context is redone. */
#define JET_sesparamCommitContextNeedPreCommitCallback 4110
/** Reads. */
#define JET_bitIOSessTraceReads 0x01
/** Writes. */
#define JET_bitIOSessTraceWrites 0x02
/** On rotating disks. */
#define JET_bitIOSessTraceHDD 0x04
/** On solid-state disks. */
#define JET_bitIOSessTraceSSD 0x08
/** Two-phase commit; not supported. */
#define JET_bitDistributedTransaction 0x00000002
/** Engine use: a transaction of recovery that writes. */
#define bitTransactionWritableDuringRecovery 0x00000004
/** Call back when the commit is redone. */
#define JET_bitCommitRedoCallback 0x00000020
/** Call back when the rollback is redone. */
#define JET_bitRollbackRedoCallback 0x00000020
/** Old value, not accepted. */
#define JET_bitCommitFlush_OLD 0x00000001
/** Old value, not accepted. */
#define JET_bitCommitLazyFlush_OLD 0x00000004
/** Old value, not accepted. */
#define JET_bitWaitLastLevel0Commit_OLD 0x00000010

/* ---- Databases ---- */

/** Older name of JET_bitDbExclusive. */
#define JET_bitDbSingleExclusive 0x00000002
/** Obsolete. */
#define JET_bitDbRebuildCorruptIndexes 0x00000020
/** Engine use. */
#define bitDbOpenForRecovery 0x00002000
/** Create without versions; needs JET_bitDbRecoveryOff. */
#define JET_bitDbVersioningOff 0x00000040
/** Obsolete. */
#define JET_bitDbCreateStreamingFile 0x00000100
/** Engine use. */
#define bitCreateDbImplicitly 0x00000400
/** Largest number that is not a database. */
#define JET_dbidNoValid ((JET_DBID)0xFFFFFFFE)
/** Obsolete. */
#define JET_DbInfoHasSLVFile_Obsolete 16
/** Obsolete. */
#define JET_DbInfoStreamingFileSpace_Obsolete 18
/** Obsolete. */
#define JET_DbInfoStreamingFileSize_Obsolete 20
/** Pages set aside by shrinking. */
#define dbInfoSpaceShelved 22
/** Pages reserved for splits. */
#define JET_DbInfoSplitBuffers 23
/** Added to a level: an older result will do. Ignored. */
#define JET_DbInfoUseCachedResult 0x40000000
/** JetGetLogFileInfo: JET_LOGINFOMISC. */
#define JET_LogInfoMisc 0
/** JetGetLogFileInfo: JET_LOGINFOMISC2. */
#define JET_LogInfoMisc2 1
/** JetGetLogFileInfo: JET_LOGINFOMISC3. */
#define JET_LogInfoMisc3 2
/** JetGetRBSFileInfo: JET_RBSINFOMISC. */
#define JET_RBSFileInfoMisc 0
/** A reseed is unfinished. */
#define JET_dbstateIncrementalReseedInProgress 6
/** Pages were patched; logs must be replayed. */
#define JET_dbstateDirtyAndPatchedShutdown 7
/** A revert is unfinished. */
#define JET_dbstateRevertInProgress 8
/** Obsolete. */
#define JET_filetypeStreamingFile 2
/** A trace log. */
#define JET_filetypeFTL 6
/** A file behind a block cache. */
#define JET_filetypeCachedFile 8
/** A block cache. */
#define JET_filetypeCachingFile 9
/** A revert snapshot. */
#define JET_filetypeSnapshot 10
/** The checkpoint of a revert. */
#define JET_filetypeRBSRevertCheckpoint 11
/** First number after the types. */
#define JET_filetypeMax 12
/** No revert. */
#define JET_revertstateNone 0
/** Pages are put back. */
#define JET_revertstateInProgress 1
/** Logs are copied. */
#define JET_revertstateCopingLogs 2
/** Snapshots are kept aside. */
#define JET_revertstateBackupSnapshot 3
/** Snapshots are removed. */
#define JET_revertstateRemoveSnapshot 4
/** Root pages are recorded. */
#define JET_revertstateCaptureRootPageRecords 5
/** Root pages are put back. */
#define JET_revertstateApplyRootPageRecords 6
/** JetRBSPrepareRevert: delete all logs afterwards. */
#define JET_bitDeleteAllExistingLogs 0x00000001
#define JET_dbparamDbSizeMaxPages 8193
#define JET_dbparamCachePriority 8194
#define JET_dbparamShrinkDatabaseOptions 8195
#define JET_dbparamShrinkDatabaseTimeQuota 8196
#define JET_dbparamShrinkDatabaseSizeLimit 8197
#define JET_dbparamLeakReclaimerEnabled 8198
#define JET_dbparamLeakReclaimerTimeQuota 8199
#define JET_dbparamMaintainExtentPageCountCache 8200
#define JET_dbparamFlight_SelfAllocSpBufReservationEnabled 8201
#define JET_dbparamMaxValueInvalid 8202
#define JET_bitShrinkDatabasePeriodically 0x8000
#define JET_bitShrinkDatabaseEofOnAttach 0x00000001
#define JET_bitShrinkDatabaseFullCategorizationOnAttach 0x00000002
#define JET_bitShrinkDatabaseDontMoveRootsOnAttach 0x00000004
#define JET_bitShrinkDatabaseDontTruncateLeakedPagesOnAttach 0x00000008
#define JET_bitShrinkDatabaseDontTruncateIndeterminatePagesOnAttach 0x00000010

/* ---- Tables, columns, indexes ---- */

/** A table of the engine. */
#define JET_bitTableCreateSystemTable 0x80000000
/** A table that the engine creates on demand. */
#define JET_bitObjectSystemDynamic (JET_bitObjectSystem|0x08000000)
/** Open although an index is built with an old collation. */
#define JET_bitTableAllowOutOfDate 0x00000100
/** Engine use. */
#define JET_bitAllowPgnoFDPLastSetTime 0x00000200
/** Forget the cached schema when closed. */
#define JET_bitTableTryPurgeOnClose 0x01000000
/** Allow changes of engine tables. */
#define JET_bitTableAllowSensitiveOperation 0x08000000
/** Engine use: opened to be deleted. */
#define JET_bitTableDelete 0x10000000
/** Engine use: opened while created. */
#define JET_bitTableCreate 0x20000000
/** Engine use. */
#define bitTableUpdatableDuringRecovery 0x40000000
#define JET_bitTableClass16 0x00100000
#define JET_bitTableClass17 0x00110000
#define JET_bitTableClass18 0x00120000
#define JET_bitTableClass19 0x00130000
#define JET_bitTableClass20 0x00140000
#define JET_bitTableClass21 0x00150000
#define JET_bitTableClass22 0x00160000
#define JET_bitTableClass23 0x00170000
#define JET_bitTableClass24 0x00180000
#define JET_bitTableClass25 0x00190000
#define JET_bitTableClass26 0x001A0000
#define JET_bitTableClass27 0x001B0000
#define JET_bitTableClass28 0x001C0000
#define JET_bitTableClass29 0x001D0000
#define JET_bitTableClass30 0x001E0000
#define JET_bitTableClass31 0x001F0000
/** JetDeleteTable2: a revert cannot bring the table back. */
#define JET_bitNonRevertableTableDelete 0x00000001
/** JetDeleteTable2: keep it revertable if it is young. */
#define JET_bitRevertableTableDeleteIfTooSoon 0x00000002
/** Size of long-value chunks, uint32_t. */
#define JET_TblInfoLVChunkMax 13U
/** Column encryption key. */
#define JET_TblInfoEncryptionKey 14U
/** Next autoincrement number, which is used up by asking. */
#define JET_TblInfoRetrieveAndReserveAutoIncrement 16U
/** Object number, uint32_t. */
#define JET_TblInfoObjectId 19U
/** Collation version of this system. */
#define JET_IdxInfoSortVersion 15U
/** Collation version the index was built with. */
#define JET_IdxInfoDefinedSortVersion 16U
/** Added to a list level: for compaction. */
#define JET_ColInfoGrbitCompacting 0x10000000
/** Catalog: a database. */
#define JET_objtypDb 2
/** Catalog: a container. */
#define JET_objtypContainer 3
/** Catalog: the long values of a table. */
#define JET_objtypLongRoot 9
/** JetRenameColumn: turn into a placeholder. */
#define JET_bitColumnRenameConvertToPrimaryIndexPlaceholder 0x00010000
/** Always a variable column. */
#define JET_bitColumnVariable 0x00040000
/** Values are encrypted. */
#define JET_bitColumnEncrypted 0x00100000
/** Older bit of a primary index. */
#define JET_bitIndexClustered40 0x00000010
/** Create without entries, to be filled later. */
#define JET_bitIndexDeferredPopulateCreate 0x00100000
/** Fill an index created without entries. */
#define JET_bitIndexDeferredPopulateProcess 0x00200000
/** Unique only where updates ask for it. */
#define JET_bitIndexOptionallyUnique 0x00400000
/** Chunk of a long value with 4 KiB pages. */
#define JET_cbColumnLVChunkMost (4096 - 82)
/** Chunk of a long value in old formats. */
#define JET_cbColumnLVChunkMost_OLD 4035
/** Largest key in old formats. */
#define JET_cbKeyMost_OLD 255
/** Most bytes of user data of a default-value callback. */
#define JET_cbCallbackUserDataMost 1024
/** Most bytes of all data of a default-value callback. */
#define JET_cbCallbackDataAllMost 4096

/* ---- Cursors and records ---- */

/** JetSetCurrentIndex2: stand before the first entry. */
#define JET_bitMoveBeforeFirst 0x00000001
/** JetGetLock: lock the key. */
#define JET_bitKeyLock 0x00000004
/** JetMakeKey: give a value for a placeholder column. */
#define JET_bitKeyOverridePrimaryIndexPlaceholder 0x00000020
/** JetMakeKey: the limit bits. */
#define JET_maskLimitOptions 0x00000f00
/** Copy the record for reading. */
#define JET_prepReadOnlyCopy 8
/** As JET_prepInsert; the caller sets the autoincrement column. */
#define JET_prepInsertMustSetAutoIncrement 10
/** JetUpdate2: no version is kept; engine tables only. */
#define JET_bitUpdateNoVersion 0x00000002
/** JetUpdate2: optionally unique indexes are unique for this update. */
#define JET_bitUpdateEnforceOptionallyUniqueIndices 0x00000004
/** Return the number of the long value. */
#define JET_bitRetrieveLongId 0x00000040
/** Return the references to the long value. */
#define JET_bitRetrieveLongValueRefCount 0x00000080
/** Return the page of the record. */
#define JET_bitRetrievePageNumber 0x00001000
/** Copy only values inside the record. */
#define JET_bitRetrieveCopyIntrinsic 0x00002000
/** Only read ahead. */
#define JET_bitRetrievePrereadOnly 0x00004000
/** Read ahead much. */
#define JET_bitRetrievePrereadMany 0x00008000
/** Return the stored size. */
#define JET_bitRetrievePhysicalSize 0x00010000
/** Return a reference to a value stored outside the record, and JET_wrnColumnReference. */
#define JET_bitRetrieveAsRefIfNotInRecord 0x00020000
/** Leave out long values stored outside the record. */
#define JET_bitEnumerateLocal 0x00010000
/** Return references to values stored outside the record. */
#define JET_bitEnumerateAsRefIfNotInRecord 0x00400000
/** JetStreamRecords: forwards. */
#define JET_bitStreamForward 0x00000001
/** JetStreamRecords: backwards. */
#define JET_bitStreamBackward 0x00000002
/** JetStreamRecords: references to values stored outside the record. */
#define JET_bitStreamColumnReferences 0x00000004
/** Count default values. */
#define JET_bitRecordSizeIncludeDefaultValues 0x00000008
/** Measure the entry of the secondary index. */
#define JET_bitRecordSizeSecondaryIndexKeyOnly 0x00000010
/** Only the stored size inside the record. */
#define JET_bitRecordSizeIntrinsicPhysicalOnly 0x00000020
/** Only the logical size outside the record. */
#define JET_bitRecordSizeExtrinsicLogicalOnly 0x00000040
/** Every range holds one key. */
#define bitPrereadSingletonRanges 0x00000010
/** Do not start defragmentation. */
#define bitPrereadDoNotDoOLD2 0x00000020
/** Skip ranges that are cached. */
#define bitPrereadSkip 0x00000040
/** Count pages above the leaves. */
#define bitIncludeNonLeafRead 0x00000080
/** Allocate exactly the sizes asked for. */
#define JET_bitSpaceHintsUtilizeExactExtents 0x00000200

/* ---- Backup and replication ---- */

/** Obsolete. */
#define JET_bitKeepOldLogs 0x00000002
/** Obsolete. */
#define JET_bitBackupFullWithAllLogs 0x00000008
/** The backup is made of a replica. */
#define JET_bitBackupSurrogate 0x00000020
/** The copy serves replication, not a backup. */
#define JET_bitInternalCopy 0x00000040
/** JetEndExternalBackupInstance2: leave the headers alone. */
#define JET_bitBackupNoDbHeaderUpdate 0x0200
/** JET_EMITDATACTX: the log has been opened; nothing else is in the call. */
#define JET_bitShadowLogEmitFirstCall 0x00000001
/** JET_EMITDATACTX: the log is being closed; nothing else is in the call. */
#define JET_bitShadowLogEmitLastCall 0x00000002
/** JET_EMITDATACTX: never sent, and refused by JetConsumeLogData with JET_errInvalidGrbit. */
#define JET_bitShadowLogEmitCancel 0x00000004
/** JET_EMITDATACTX: the call brings data of the log. */
#define JET_bitShadowLogEmitDataBuffers 0x00000008
/** JET_EMITDATACTX: the generation of lgposLogData has got all it will get. */
#define JET_bitShadowLogEmitLogComplete 0x00000010
/** Give the reseed up. */
#define JET_bitEndDatabaseIncrementalReseedCancel 0x00000001
/** Also patch revert snapshots. */
#define JET_bitBeginDatabaseIncrementalReseedPatchRBS 0x00000001
/** Expect the page beyond the end of the file. */
#define JET_bitTestUninitShrunkPageImage 0x00000001
/** The page to be patched is damaged. */
#define JET_bitPatchingCorruptPage 0x00000002
/** JetGetPageInfo: JET_PAGEINFO. */
#define JET_PageInfo 0U
/** JetGetPageInfo2: JET_PAGEINFO2. */
#define JET_PageInfo2 1U
/** Do not compute the structure checksum. */
#define JET_bitPageInfoNoStructureChecksum 0x00000001

/* ---- Maintenance ---- */

/** JetDatabaseScan: start one pass. */
#define JET_bitDatabaseScanBatchStart 0x00000010
/** JetDatabaseScan: stop. */
#define JET_bitDatabaseScanBatchStop 0x00000020
/** JetDatabaseScan: zero deleted data. */
#define JET_bitDatabaseScanZeroPages 0x00000040
/** JetDatabaseScan: start passes without end. */
#define JET_bitDatabaseScanBatchStartContinuous 0x00000080
/** The scan went on. */
#define JET_cbtypScanProgress 0x00004000
/** The scan completed a pass. */
#define JET_cbtypScanCompleted 0x00008000
/** Two-phase commit; not supported. */
#define JET_cbtypDTCQueryPreparedTransaction 0x00001000
/** Defragmentation went on. */
#define JET_cbtypOnlineDefragProgress 0x00002000
/** Defragmentation of a table did something, JET_bitOld2 bits. */
#define JET_cbtypOld2Action 0x00004000
/** Filling an index asks whether to pause. */
#define JET_cbtypIndexDeferredPopulateThrottle 0x00008000
/** Started. */
#define JET_bitOld2Start 0x00000001
/** Suspended. */
#define JET_bitOld2Suspend 0x00000002
/** Resumed. */
#define JET_bitOld2Resume 0x00000004
/** Ended. */
#define JET_bitOld2End 0x00000008
/** Defragment all registered tables. */
#define JET_bitDefragmentBTreeBatch 0x00000200
/** Keep the source under another name. */
#define JET_bitCompactPreserveOriginal 0x00000100
/** Obsolete. */
#define JET_OnlineDefragStreamingFiles 0x0008
/** Test use. */
#define JET_bitDumpUnitTest 0x80000000
/** AES with a 256-bit key. */
#define JET_EncryptionAlgorithmAes256 1

/* ---- Tool operations ----
 * Options of JET_DBUTIL.grbitOptions; their meaning depends on op.
 */

#define JET_bitDBUtilSpaceInfoBasicCatalog 0x00000001
#define JET_bitDBUtilSpaceInfoSpaceTrees 0x00000002
#define JET_bitDBUtilSpaceInfoParentOfLeaf 0x00000004
#define JET_bitDBUtilSpaceInfoFullWalk 0x00000008
#define JET_bitDBUtilFullCategorization 0x00000001
#define JET_bitDBUtilOptionAllNodes 0x00000001
#define JET_bitDBUtilOptionKeyStats 0x00000002
#define JET_bitDBUtilOptionPageDump 0x00000004
#define JET_bitDBUtilOptionStats 0x00000008
#define JET_bitDBUtilOptionSuppressConsoleOutput 0x00000010
#define JET_bitDBUtilOptionIgnoreErrors 0x00000020
#define JET_bitDBUtilOptionVerify 0x00000040
#define JET_bitDBUtilOptionReportErrors 0x00000080
#define JET_bitDBUtilOptionDontRepair 0x00000100
#define JET_bitDBUtilOptionRepairAll 0x00000200
#define JET_bitDBUtilOptionRepairIndexes 0x00000400
#define JET_bitDBUtilOptionDontBuildIndexes 0x00000800
#define JET_bitDBUtilOptionSuppressLogo 0x00008000
#define JET_bitDBUtilOptionRepairCheckOnly 0x00010000
#define JET_bitDBUtilOptionDumpLVPageUsage 0x00020000
#define JET_bitDBUtilOptionDumpLogInfoCSV 0x00040000
#define JET_bitDBUtilOptionDumpLogPermitPatching 0x00080000
#define JET_bitDBUtilOptionSkipMinLogChecksUpdateHeader 0x00100000
#define JET_bitDBUtilOptionDumpVerbose 0x10000000
#define JET_bitDBUtilOptionDumpVerboseLevel1 JET_bitDBUtilOptionDumpVerbose
#define JET_bitDBUtilOptionDumpVerboseLevel2 0x20000000
#define JET_bitDBUtilOptionDumpLogSummary 0x40000000

/* ---- Values of private parameters ---- */

#define JET_bitConfigStoreReadControlDisableSetParamRead 0x4
#define JET_bitConfigStoreReadControlDisableGlobalInitRead 0x8
#define JET_bitConfigStoreReadControlDisableInstInitRead 0x10
#define JET_bitConfigStoreReadControlDisableLiveRead 0x20
#define JET_bitConfigStorePopulateControlOff 0x00
#define JET_bitConfigStorePopulateControlOn 0x01
#define JET_wszConfigStorePopulateControl u"CsPopulateControl"
/** All JET_config bits. */
#define JET_configMask (JET_configDefault|JET_configRemoveQuotas|JET_configLowDiskFootprint|JET_configMediumDiskFootprint|JET_configLowMemory|JET_configDynamicMediumMemory|JET_configLowPower|JET_configSSDProfileIO|JET_configRunSilent|JET_configUnthrottledMemory|JET_configHighConcurrencyScaling)
/** Low priority for checkpoint writes. */
#define JET_IOPriorityLowForCheckpoint 0x2
/** Low priority for cache eviction writes. */
#define JET_IOPriorityLowForScavenge 0x4
/** Bits for the caller's class. */
#define JET_IOPriorityUserClassIdMask 0x0F000000
/** Mark as maintenance. */
#define JET_IOPriorityMarkAsMaintenance 0x40000000
/** Cancel I/O that does not return. */
#define JET_bitHungIOCancel 0x00000002
/** Stop in a debugger. */
#define JET_bitHungIODebug 0x00000004
/** End the process. */
#define JET_bitHungIOEnforce 0x00000008
/** Count it as timed out. */
#define JET_bitHungIOTimeout 0x00000010
/** Keep a flush map file. */
#define JET_bitPersistedLostFlushDetectionEnabled 0x00000001
/** Begin a new flush map. */
#define JET_bitPersistedLostFlushDetectionCreateNew 0x00000002
/** Report lost writes only at run time. */
#define JET_bitPersistedLostFlushDetectionFailOnRuntimeOnly 0x00000004
/** Replay at full speed. */
#define JET_ReplayThrottlingNone 0
/** Replay with pauses. */
#define JET_ReplayThrottlingSleep 1
#define JET_AssertExit 0x0000
#define JET_AssertBreak 0x0001
#define JET_AssertMsgBox 0x0002
#define JET_AssertStop 0x0004
#define JET_AssertSkippableMsgBox 0x0008
#define JET_AssertSkipAll 0x0010
#define JET_AssertCrash 0x0020
#define JET_AssertFailFast 0x0040
#define JET_bitStageTestEnvLocalMode 0x04
#define JET_bitStageTestEnvAlphaMode 0x10
#define JET_bitStageTestEnvBetaMode 0x40
#define JET_bitStageSelfhostLocalMode 0x0400
#define JET_bitStageSelfhostAlphaMode 0x1000
#define JET_bitStageSelfhostBetaMode 0x4000
#define JET_bitStageProdLocalMode 0x040000
#define JET_bitStageProdAlphaMode 0x100000
#define JET_bitStageProdBetaMode 0x400000

/* ---- Counters and resources ---- */

/** Pages accessed. */
#define ctAccessPage 1
/** Latch conflicts. */
#define ctLatchConflict 2
/** Splits tried again. */
#define ctSplitRetry 3
/** Sibling pages looked at. */
#define ctNeighborPageScanned 4
/** Splits. */
#define ctSplits 5
/** Bytes of a resource tag. */
#define JET_resTagSize 4

/* ---- Test hook ----
 * Options of JetTestHook.
 */

#define bitHangInjectSleep 0x40000000
#define mskHangInjectOptions (bitHangInjectSleep | 0xFFFF0000)
#define JET_bitInjectionProbabilityPct 0x00000001
#define JET_bitInjectionProbabilityCount 0x00000002
#define JET_bitInjectionProbabilityPermanent 0x00000004
#define JET_bitInjectionProbabilityFailUntil 0x00000008
#define JET_bitInjectionProbabilitySuppress 0x40000000
#define JET_bitInjectionProbabilityCleanup 0x80000000
#define JET_bitTestHookEvictDataByPgno 0x00000001
#define JET_bitTestHookCorruptDatabaseFile 0x80000000
#define JET_bitTestHookCorruptDatabasePageImage 0x40000000
#define JET_mskTestHookCorruptFileType (JET_bitTestHookCorruptDatabaseFile | JET_bitTestHookCorruptDatabasePageImage)
#define JET_bitTestHookCorruptPageChksumRand 0x00000001
#define JET_bitTestHookCorruptPageChksumSafe 0x00000002
#define JET_bitTestHookCorruptPageSingleFld 0x00000004
#define JET_bitTestHookCorruptPageRemoveNode 0x00000008
#define JET_bitTestHookCorruptPageDbtimeDelta 0x00000010
#define JET_bitTestHookCorruptNodePrefix 0x00000020
#define JET_bitTestHookCorruptNodeSuffix 0x00000040
#define JET_mskTestHookCorruptDataType (JET_bitTestHookCorruptPageChksumRand | JET_bitTestHookCorruptPageChksumSafe | JET_bitTestHookCorruptPageSingleFld | JET_bitTestHookCorruptPageRemoveNode | JET_bitTestHookCorruptPageDbtimeDelta)
#define JET_bitTestHookCorruptSizeLargerThanNode 0x00010000
#define JET_bitTestHookCorruptSizeShortWrapSmall 0x00020000
#define JET_bitTestHookCorruptSizeShortWrapLarge 0x00040000
#define JET_mskTestHookCorruptSpecific 0x00FF0000
#define JET_bitTestHookCorruptLeaveChecksum 0x01000000
#define JET_pgnoTestHookCorruptRandom 0xFFFFFFFFFFFFFFFFLL
#define JET_bitAlterDbFileHdrAddField 0x1
#define JET_ibfieldDbFileHdrMajorVersion 0x008
#define JET_ibfieldDbFileHdrUpdateMajor 0x0e8
#define JET_ibfieldDbFileHdrUpdateMinor 0x284

/* ---- Private parameters ---- */

/**
 * Ignored; read-ahead limit.
 * Type int; default unlimited; range 0 to unlimited; scope instance; settable any time.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramPageReadAheadMax 21

/**
 * Ignored; table class name.
 * Type string; default ""; range 0 to 64; scope global; settable any time.
 * Notes: ignored, accepted but unused.
 */
#define JET_paramTableClassName 33

/**
 * Same id as EnableOnlineDefrag.
 * Type grbit; default 0xffff; range 0 to 0xffff; scope instance; settable any time.
 * Notes: alias.
 */
#define JET_paramOnLineCompact 35

/**
 * Reaction to an assertion.
 * Type grbit; default 0x40 (fail fast); range 0 to 64; scope global; settable any time.
 */
#define JET_paramAssertAction 36

/**
 * Debug print routine (read only).
 * Type callback; default internal routine; range any; scope global; settable never (read only).
 * Notes: read only.
 */
#define JET_paramPrintFunction 37

/**
 * Transaction level of the session (read only, needs sesid).
 * Type int; default computed; range any; scope session; settable never (read only).
 */
#define JET_paramTransactionLevel 38

/**
 * Fault injection: I/Os before failure.
 * Type int; default 0; range 0 to 0xfffffffe; scope global; settable any time.
 */
#define JET_paramRFS2IOsPermitted 39

/**
 * Fault injection: allocations before failure.
 * Type int; default 0; range 0 to 0xfffffffe; scope global; settable any time.
 */
#define JET_paramRFS2AllocsPermitted 40

/**
 * Cache request counter (read only).
 * Type int; default 1; range any; scope global; settable never (read only).
 * Notes: read only.
 */
#define JET_paramCacheRequests 42

/**
 * Cache hit counter (read only).
 * Type int; default 1; range any; scope global; settable never (read only).
 * Notes: read only.
 */
#define JET_paramCacheHits 43

/**
 * Share of I/O to make smooth (test).
 * Type int; default 0; range 0 to 1000; scope instance; settable before JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramFlight_SmoothIoTestPermillage 55

/**
 * Extra elastic waypoint logs.
 * Type int; default 0; range 0 to 10; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramElasticWaypointLatency 56

/**
 * Clean long values synchronously.
 * Type bool; default 0; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_SynchronousLVCleanup 57

/**
 * I/O urgency during revert.
 * Type int; default 8; range 0 to 127; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSRevertIOUrgentLevel 58

/**
 * Use Xpress10 hardware compression.
 * Type bool; default 0; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_EnableXpress10Compression 59

/**
 * Ignored; failover log folder.
 * Type string(folder); default ""; range 0 to 0; scope instance; settable before JetInit of the
 * instance.
 * Notes: ignored, accepted but unused.
 */
#define JET_paramLogFileFailoverPath 61

/**
 * Ignored; seek shortcut.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: ignored, accepted but unused.
 */
#define JET_paramEnableImprovedSeekShortcut 62

/**
 * Ignored; backup read size in pages.
 * Type int; default 16; range 1 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramBackupChunkSize 66

/**
 * Ignored; parallel backup reads.
 * Type int; default 8; range 1 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramBackupOutstandingReads 67

/**
 * Table delete page limit under revert snapshot.
 * Type int; default 0; range 0 to 2147483647; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSMaxTableDeletePages 68

/**
 * Raise corruption on unexpected reverted trees.
 * Type bool; default 1; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSDbScanRaiseCorruptionRevertedFDP 74

/**
 * Allow early non-revertable deletes.
 * Type bool; default 0; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSAllowTooSoonNonRevertableDelete 75

/**
 * Ignored.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: ignored, accepted but unused.
 */
#define JET_paramEnableSortedRetrieveColumns 76

/**
 * Generation being replayed (read only).
 * Type int; default computed; range any; scope instance; settable never (read only).
 */
#define JET_paramRecoveryCurrentLogfile 79

/**
 * Seconds before a forced snapshot roll.
 * Type int; default 172800; range 0 to 2147483647; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSForceRollIntervalSec 80

/**
 * Log delete flags in scan records.
 * Type bool; default 1; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_EnableScanCheckFDPDeleteFlags 83

/**
 * I/O queue options.
 * Type int; default build dependent; range 0 to build dependent; scope instance; settable any time.
 */
#define JET_paramFlight_NewQueueOptions 84

/**
 * Background I/Os left outstanding.
 * Type int; default 2; range 0 to 1024; scope instance; settable before JetInit of the instance.
 */
#define JET_paramFlight_ConcurrentMetedOps 85

/**
 * Threshold for more background I/O.
 * Type int; default 40; range 0 to 1024; scope instance; settable before JetInit of the instance.
 */
#define JET_paramFlight_LowMetedOpsThreshold 86

/**
 * Milliseconds until a background I/O is forced.
 * Type int; default 3000; range 50 to 2147483647; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramFlight_MetedOpStarvedThreshold 87

/**
 * Revert snapshot buffers.
 * Type int; default 20; range 1 to 2147483647; scope instance; settable any time.
 */
#define JET_paramFlight_MaxRBSBuffers 88

/**
 * Archive data cut by shrink.
 * Type bool; default 1; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_EnableShrinkArchiving 89

/**
 * Allow internal-copy backup while recovering.
 * Type bool; default 0; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_EnableBackupDuringRecovery 90

/**
 * Snapshot roll interval.
 * Type int; default 43200; range 0 to 604800; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSRollIntervalSec 91

/**
 * Largest required log range for snapshots.
 * Type int; default 1000; range 0 to 10000; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSMaxRequiredRange 92

/**
 * Clean old revert snapshots.
 * Type bool; default build dependent; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSCleanupEnabled 93

/**
 * Disk level for aggressive snapshot cleanup.
 * Type int; default 100; range 0 to 2147483647; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSLowDiskSpaceThresholdGb 94

/**
 * Snapshot space when disk is low.
 * Type int; default 150; range 0 to 1000; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSMaxSpaceWhenLowDiskSpaceGb 95

/**
 * Largest snapshot time span.
 * Type int; default 604800; range 0 to 2147483647; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSMaxTimeSpanSec 96

/**
 * Minimum cleanup interval.
 * Type int; default 3600; range 0 to 2147483647; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSCleanupIntervalMinSec 97

/**
 * Ignored; fixed at 7.
 * Type int; default 7; range 7 to 7; scope global; settable before the first instance is created
 * (mode not set).
 * Notes: ignored, accepted but unused.
 */
#define JET_paramMaxDatabasesPerInstance 103

/**
 * Ignored; idle flush interval.
 * Type int; default 0; range 0 to unlimited; scope global; settable any time.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramIdleFlushTime 106

/**
 * Ignored; I/O error callback.
 * Type callback; default 0; range 0 to 0; scope global; settable before the first instance is
 * created (mode not set).
 * Notes: ignored, accepted but unused.
 */
#define JET_paramAbortRetryFailCallback 108

/**
 * Ignored; address space reserve.
 * Type int; default 0; range 0 to unlimited; scope global; settable any time.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramVAReserve 109

/**
 * Only verify the extent count cache.
 * Type bool; default 0; range 0 to 1; scope global; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_ExtentPageCountCacheVerifyOnly 114

/**
 * Record root page set time.
 * Type bool; default 1; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramFlight_EnablePgnoFDPLastSetTime 115

/**
 * Log flags in scan records.
 * Type bool; default 1; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramFlight_EnableScanCheck2Flags 116

/**
 * Log newer extent-freed record.
 * Type bool; default 1; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramFlight_EnableExtentFreed2 117

/**
 * Size of a large revertable delete.
 * Type int; default 0; range 0 to 2147483647; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSLargeRevertableDeletePages 118

/**
 * Make delete revertable if time unknown.
 * Type bool; default 0; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramFlight_RBSRevertableDeleteIfTooSoonTimeNull 119

/**
 * Ignored; memory tuning.
 * Type int; default 1280; range 0 to unlimited; scope global; settable any time.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramDBAPageAvailMin 120

/**
 * Ignored; memory tuning.
 * Type struct; default computed; range any; scope global; settable any time.
 * Notes: accepted but unused.
 */
#define JET_paramDBAPageAvailThreshold 121

/**
 * Ignored; memory tuning.
 * Type struct; default computed; range any; scope global; settable any time.
 * Notes: accepted but unused.
 */
#define JET_paramDBAK1 122

/**
 * Ignored; memory tuning.
 * Type struct; default computed; range any; scope global; settable any time.
 * Notes: accepted but unused.
 */
#define JET_paramDBAK2 123

/**
 * Ignored; scatter/gather limit.
 * Type int; default 1048576; range 0 to unlimited; scope global; settable any time.
 * Notes: ignored, accepted but unused, advanced.
 */
#define JET_paramMaxRandomIOSize 124

/**
 * Generations after which updates are refused.
 * Type int; default 65536; range 32 to 65536; scope instance; settable before JetInit of the
 * instance.
 */
#define JET_paramCheckpointTooDeep 154

/**
 * Test: skip checksum verification.
 * Type bool; default 0; range 0 to 1; scope global; settable before the first instance is created
 * (mode not set).
 */
#define JET_paramDisableBlockVerification 155

/**
 * Roll the log after attach, detach, backup and similar.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 */
#define JET_paramAggressiveLogRollover 157

/**
 * Idle seconds before a log roll.
 * Type int; default 0; range 0 to 604800; scope instance; settable before JetInit of the instance.
 */
#define JET_paramPeriodicLogRolloverLLR 158

/**
 * Ignored; page write ordering for splits.
 * Type bool; default 0; range 0 to 1; scope global; settable before the first instance is created
 * (mode not set).
 * Notes: ignored, accepted but unused.
 */
#define JET_paramUsePageDependencies 159

/**
 * Publish events to HA infrastructure.
 * Type int; default 0; range 0 to 2; scope instance; settable before JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramEnableHaPublish 168

/**
 * Callback that is given the log as it becomes durable: a JET_PFNEMITLOGDATA, where its duties are
 * described.
 * Type callback; default 0; range 0 to unlimited; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced.
 */
#define JET_paramEmitLogDataCallback 173

/**
 * What that callback gets as its last argument.
 * Type callback; default 0; range 0 to unlimited; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced.
 */
#define JET_paramEmitLogDataCallbackCtx 174

/**
 * Request page patches externally.
 * Type bool; default 0; range 0 to 1; scope instance; settable before JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramEnableExternalAutoHealing 175

/**
 * Seconds until a patch request is stale.
 * Type int; default 300; range 0 to 2147483647; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramPatchRequestTimeout 176

/**
 * Feature stage bits.
 * Type int; default 0x800000; range 0x0 to 0xffffffff; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramStageFlighting 190

/**
 * Scrub unused space.
 * Type bool; default 0; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramZeroDatabaseUnusedSpace 191

/**
 * Verification modes turned off.
 * Type bool; default 0; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramDisableVerifications 192

/**
 * Flush map mode.
 * Type int; default 0x5 (Enabled|FailOnRuntimeOnly); range 0 to 7; scope instance; settable before
 * JetInit of the instance.
 * Notes: advanced.
 */
#define JET_paramPersistedLostFlushDetection 193

/**
 * Formats that may be written, a JET_efv constant: databases and logs are upgraded no further.
 * Type int; default 0x40000001 (engine default); range 0 to 0xffffffff; scope instance; settable
 * any time while no database is attached.
 */
#define JET_paramEngineFormatVersion 194

/**
 * Slow down replay.
 * Type int; default 0; range 0 to 1; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramReplayThrottlingLevel 195

/**
 * Display name of table class 16 in performance counters.
 * Type string; default "TableClass16"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass16Name 196

/**
 * Display name of table class 17 in performance counters.
 * Type string; default "TableClass17"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass17Name 197

/**
 * Display name of table class 18 in performance counters.
 * Type string; default "TableClass18"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass18Name 198

/**
 * Display name of table class 19 in performance counters.
 * Type string; default "TableClass19"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass19Name 199

/**
 * Display name of table class 20 in performance counters.
 * Type string; default "TableClass20"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass20Name 200

/**
 * Display name of table class 21 in performance counters.
 * Type string; default "TableClass21"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass21Name 201

/**
 * Display name of table class 22 in performance counters.
 * Type string; default "TableClass22"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass22Name 202

/**
 * Display name of table class 23 in performance counters.
 * Type string; default "TableClass23"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass23Name 203

/**
 * Display name of table class 24 in performance counters.
 * Type string; default "TableClass24"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass24Name 204

/**
 * Display name of table class 25 in performance counters.
 * Type string; default "TableClass25"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass25Name 205

/**
 * Display name of table class 26 in performance counters.
 * Type string; default "TableClass26"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass26Name 206

/**
 * Display name of table class 27 in performance counters.
 * Type string; default "TableClass27"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass27Name 207

/**
 * Display name of table class 28 in performance counters.
 * Type string; default "TableClass28"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass28Name 208

/**
 * Display name of table class 29 in performance counters.
 * Type string; default "TableClass29"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass29Name 209

/**
 * Display name of table class 30 in performance counters.
 * Type string; default "TableClass30"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass30Name 210

/**
 * Display name of table class 31 in performance counters.
 * Type string; default "TableClass31"; range 1 to 64; scope global; settable before the first
 * instance is created (mode not set).
 */
#define JET_paramTableClass31Name 211

/**
 * Block cache configuration object.
 * Type pointer; default 0; range 0 to unlimited; scope instance; settable before JetInit of the
 * instance.
 * Notes: advanced.
 */
#define JET_paramBlockCacheConfiguration 212

/**
 * Largest record (read only).
 * Type int; default computed; range any; scope global; settable never (read only).
 */
#define JET_paramRecordSizeMost 213

/**
 * Rows per transaction in deferred index fill.
 * Type int; default 1000; range 1 to 2147483647; scope instance; settable any time.
 * Notes: advanced.
 */
#define JET_paramDeferredIndexPopulateRowsPerTransaction 219

/* ---- Private errors ----
 * Numbers that callers can meet only as values.
 */

/** Needed device absent. [Fatal] */
#define JET_errDeviceMissing (-114)
/** Needed device misconfigured. [Fatal] */
#define JET_errDeviceMisconfigured (-115)
/** Device did not answer in time. [Operation] */
#define JET_errDeviceTimeout (-116)
/** Device malfunction. [Operation] */
#define JET_errDeviceFailure (-118)
/** Column reference invalid. [State] */
#define JET_errInvalidColumnReference (-426)
/** Column reference outdated. [State] */
#define JET_errStaleColumnReference (-427)
/** Record stream ended. [State] */
#define JET_wrnNoMoreRecords 428
/** Decompress round-trip failed. [Corruption] */
#define JET_errCompressionIntegrityCheckFailed (-431)
/** Deferred index fill unfinished. [State] */
#define JET_wrnIndexDeferredPopulateIncomplete 432
/** Deferred index fill stopped. [State] */
#define JET_wrnIndexDeferredPopulateHalted 433
/** Deferred index fill not possible now. [State] */
#define JET_errIndexDeferredPopulateCurrentlyUnavailable (-434)
/** A surrogate backup is active. [State] */
#define JET_errSurrogateBackupInProgress (-617)
/** Query layer absent. [Usage] */
#define JET_errQueryNotSupported (-1034)
/** SQL links absent. [Unknown] */
#define JET_errSQLLinkNotSupported (-1035)
/** Unused. [Unknown] */
#define JET_errCurrencyStackOutOfMemory (-1070)
/** Prepare must target level 0. [Unknown] */
#define JET_errMustCommitDistributedTransactionToLevel0 (-1150)
/** Write after prepare. [Unknown] */
#define JET_errDistributedTransactionAlreadyPreparedToCommit (-1151)
/** Not a distributed transaction. [Unknown] */
#define JET_errNotInDistributedTransaction (-1152)
/** Commit before prepare. [Unknown] */
#define JET_errDistributedTransactionNotYetPreparedToCommit (-1153)
/** Distributed transaction must start at level 0. [Unknown] */
#define JET_errCannotNestDistributedTransactions (-1154)
/** No coordinator callback. [Unknown] */
#define JET_errDTCMissingCallback (-1160)
/** No coordinator callback in recovery. [Unknown] */
#define JET_errDTCMissingCallbackOnRecovery (-1161)
/** Coordinator callback failed. [Unknown] */
#define JET_errDTCCallbackUnexpectedError (-1162)
/** Coordinator verdict commit. [Unknown] */
#define JET_wrnDTCCommitTransaction 1163
/** Coordinator verdict rollback. [Unknown] */
#define JET_wrnDTCRollbackTransaction 1164
/** Reseed unfinished; cannot attach. [Inconsistent] */
#define JET_errDatabaseIncompleteIncrementalReseed (-1226)
/** State unfit for reseed. [Usage] */
#define JET_errDatabaseInvalidIncrementalReseed (-1227)
/** Reseed cannot complete. [State] */
#define JET_errDatabaseFailedIncrementalReseed (-1228)
/** Reseed failed: no attachments in log. [State] */
#define JET_errNoAttachmentsFailedIncrementalReseed (-1229)
/** Index not fully populated. [Usage] */
#define JET_errCantUseDeferredPopulateIndex (-1419)
/** More tagged columns remain. [Unknown] */
#define JET_wrnTaggedColumnsRemaining 1523
/** Revert snapshot file damaged. [Corruption] */
#define JET_errRBSFileCorrupt (-1921)
/** Revert snapshot header damaged. [Corruption] */
#define JET_errRBSHeaderCorrupt (-1922)
/** Revert snapshot out of step. [Inconsistent] */
#define JET_errRBSDbMismatch (-1923)
/** Revert snapshot version unsupported. [State] */
#define JET_errBadRBSVersion (-1925)
/** Revert snapshot at maximum size. [Fragmentation] */
#define JET_errOutOfRBSSpace (-1926)
/** Revert snapshot unsigned. [State] */
#define JET_errRBSInvalidSign (-1927)
/** Revert snapshot record bad. [State] */
#define JET_errRBSInvalidRecord (-1928)
/** Chain contains bad revert snapshots. [State] */
#define JET_errRBSRCInvalidRBS (-1929)
/** No revert snapshot for that time. [State] */
#define JET_errRBSRCNoRBSFound (-1930)
/** Database state blocks revert. [State] */
#define JET_errRBSRCBadDbState (-1931)
/** Logs for revert missing. [State] */
#define JET_errRBSMissingReqLogs (-1932)
/** Revert logs diverge. [State] */
#define JET_errRBSLogDivergenceFailed (-1933)
/** Revert is copying logs. [State] */
#define JET_errRBSRCCopyLogsRevertState (-1934)
/** Revert unfinished; cannot attach. [State] */
#define JET_errDatabaseIncompleteRevert (-1935)
/** Revert cancelled. [State] */
#define JET_errRBSRCRevertCancelled (-1936)
/** Format blocks revert. [State] */
#define JET_errRBSRCInvalidDbFormatVersion (-1937)
/** Cannot compare logs for revert. [State] */
#define JET_errRBSCannotDetermineDivergence (-1938)
/** Table too big to delete under revert limits. [State] */
#define JET_errRBSDeleteTableTooBig (-1941)
/** Table too new to delete non-revertably. [State] */
#define JET_errRBSDeleteTableTooSoon (-1942)
/** Tree about to be deleted. [State] */
#define JET_errRBSFDPToBeDeleted (-1943)
/** Revertable delete impossible. [State] */
#define JET_errRBSRevertableDeleteNotPossible (-1944)
/** Unexpected redelete mark. [Corruption] */
#define JET_errRBSRedeleteFDPUnexpected (-1947)
/** Revert page-delete file damaged. [Corruption] */
#define JET_errRBSRCPageFDPDeleteFileCorrupt (-1948)
/** Scan already active. [State] */
#define JET_wrnDatabaseScanAlreadyRunning 2002
/** Scan not active. [State] */
#define JET_wrnDatabaseScanNotRunning 2003
/** Leak estimate already active. [Usage] */
#define JET_errRootSpaceLeakEstimationAlreadyRunning (-2006)
/** Test injection limit. [Usage] */
#define JET_errTooManyTestInjections (-2501)
/** Test injection unsupported. [State] */
#define JET_errTestInjectionNotSupported (-2502)
/** Shipped log data out of order. [State] */
#define JET_errInvalidLogDataSequence (-2601)
/** Shipped log jumped; partial log removed. [State] */
#define JET_wrnPreviousLogFileIncomplete 2602

/* ---- Private structures ---- */

typedef enum DBUTIL_OP {
    opDBUTILConsistency = 0,
    opDBUTILDumpData = 1,
    opDBUTILDumpMetaData = 2,
    opDBUTILDumpPage = 3,
    opDBUTILDumpNode = 4,
    opDBUTILDumpTag = 5,
    opDBUTILDumpSpace = 6,
    opDBUTILSetHeaderState = 7,
    opDBUTILDumpHeader = 8,
    opDBUTILDumpLogfile = 9,
    opDBUTILDumpLogfileTrackNode = 10,
    opDBUTILDumpCheckpoint = 11,
    opDBUTILEDBDump = 12,
    opDBUTILEDBRepair = 13,
    opDBUTILMunge = 14,
    opDBUTILEDBScrub = 15,
    opDBUTILSLVMove_ObsoleteAndUnused = 16,
    opDBUTILDBConvertRecords_ObsoleteAndUnused = 17,
    opDBUTILDBDefragment = 18,
    opDBUTILDumpExchangeSLVInfo_ObsoleteAndUnused = 19,
    opDBUTILDumpUnicodeFixupTable_ObsoleteAndUnused = 20,
    opDBUTILDumpPageUsage = 21,
    opDBUTILUpdateDBHeaderFromTrailer = 22,
    opDBUTILChecksumLogFromMemory = 23,
    opDBUTILDumpFTLHeader = 24,
    opDBUTILDBTrim = 25,
    opDBUTILDumpFlushMapFile = 26,
    opDBUTILDumpSpaceCategory = 27,
    opDBUTILDumpCachedFileHeader = 28,
    opDBUTILDumpCacheFile = 29,
    opDBUTILDumpRBSHeader = 30,
    opDBUTILDumpRBSPages = 31,
    opDBUTILEstimateRootSpaceLeak = 32,
} DBUTIL_OP;

typedef enum EDBDUMP_OP {
    opEDBDumpTables = 0,
    opEDBDumpIndexes = 1,
    opEDBDumpColumns = 2,
    opEDBDumpCallbacks = 3,
    opEDBDumpPage = 4,
} EDBDUMP_OP;

/** Category of a page; a set of these bits. */
typedef uint32_t SpaceCategoryFlags;
#define spcatfNone 0x00000000
#define spcatfStrictlyLeaf 0x00000001
#define spcatfStrictlyInternal 0x00000002
#define spcatfRoot 0x00000004
#define spcatfSplitBuffer 0x00000008
#define spcatfSmallSpace 0x00000010
#define spcatfSpaceOE 0x00000020
#define spcatfSpaceAE 0x00000040
#define spcatfAvailable 0x00000080
#define spcatfIndeterminate 0x04000000
#define spcatfInconsistent 0x08000000
#define spcatfLeaked 0x10000000
#define spcatfNotOwned 0x20000000
#define spcatfNotOwnedEof 0x40000000
#define spcatfUnknown 0x80000000

typedef enum JET_TRACETAG {
    JET_tracetagNull = 0,
    JET_tracetagInformation = 1,
    JET_tracetagErrors = 2,
    JET_tracetagAsserts = 3,
    JET_tracetagAPI = 4,
    JET_tracetagInitTerm = 5,
    JET_tracetagBufferManager = 6,
    JET_tracetagBufferManagerHashedLatches = 7,
    JET_tracetagIO = 8,
    JET_tracetagMemory = 9,
    JET_tracetagVersionStore = 10,
    JET_tracetagVersionStoreOOM = 11,
    JET_tracetagVersionCleanup = 12,
    JET_tracetagCatalog = 13,
    JET_tracetagDDLRead = 14,
    JET_tracetagDDLWrite = 15,
    JET_tracetagDMLRead = 16,
    JET_tracetagDMLWrite = 17,
    JET_tracetagDMLConflicts = 18,
    JET_tracetagInstances = 19,
    JET_tracetagDatabases = 20,
    JET_tracetagSessions = 21,
    JET_tracetagCursors = 22,
    JET_tracetagCursorNavigation = 23,
    JET_tracetagCursorPageRefs = 24,
    JET_tracetagBtree = 25,
    JET_tracetagSpace = 26,
    JET_tracetagFCBs = 27,
    JET_tracetagTransactions = 28,
    JET_tracetagLogging = 29,
    JET_tracetagRecovery = 30,
    JET_tracetagBackup = 31,
    JET_tracetagRestore = 32,
    JET_tracetagOLD = 33,
    JET_tracetagEventlog = 34,
    JET_tracetagBufferManagerMaintTasks = 35,
    JET_tracetagSpaceManagement = 36,
    JET_tracetagSpaceInternal = 37,
    JET_tracetagIOQueue = 38,
    JET_tracetagDiskVolumeManagement = 39,
    JET_tracetagCallbacks = 40,
    JET_tracetagIOProblems = 41,
    JET_tracetagUpgrade = 42,
    JET_tracetagRecoveryValidation = 43,
    JET_tracetagBufferManagerBufferCacheState = 44,
    JET_tracetagBufferManagerBufferDirtyState = 45,
    JET_tracetagTimerQueue = 46,
    JET_tracetagSortPerf = 47,
    JET_tracetagOLDRegistration = 48,
    JET_tracetagOLDWork = 49,
    JET_tracetagSysInitTerm = 50,
    JET_tracetagVersionAndStagingChecks = 51,
    JET_tracetagFile = 52,
    JET_tracetagFlushFileBuffers = 53,
    JET_tracetagCheckpointUpdate = 54,
    JET_tracetagDiagnostics = 55,
    JET_tracetagBlockCache = 56,
    JET_tracetagRBS = 57,
    JET_tracetagRBSCleaner = 58,
    JET_tracetagBlockCacheOperations = 59,
    JET_tracetagMax = 60,
} JET_TRACETAG;

typedef enum JET_TRACEOP {
    JET_traceopNull = 0,
    JET_traceopSetGlobal = 1,
    JET_traceopSetTag = 2,
    JET_traceopSetAllTags = 3,
    JET_traceopSetMessagePrefix = 4,
    JET_traceopRegisterTag = 5,
    JET_traceopRegisterAllTags = 6,
    JET_traceopSetEmitCallback = 7,
    JET_traceopSetThreadidFilter = 8,
    JET_traceopSetDbidFilter = 9,
    JET_traceopMax = 10,
} JET_TRACEOP;

typedef enum JET_RESID {
    JET_residNull = 0,
    JET_residFCB = 1,
    JET_residFUCB = 2,
    JET_residTDB = 3,
    JET_residIDB = 4,
    JET_residPIB = 5,
    JET_residSCB = 6,
    JET_residVERBUCKET = 7,
    JET_residPAGE = 8,
    JET_residSPLIT = 9,
    JET_residSPLITPATH = 10,
    JET_residMERGE = 11,
    JET_residMERGEPATH = 12,
    JET_residINST = 13,
    JET_residLOG = 14,
    JET_residKEY = 15,
    JET_residBOOKMARK = 16,
    JET_residLRUKHIST = 17,
    JET_residRBSBuf = 18,
    JET_residTest = 19,
    JET_residMax = 20,
    JET_residAll = 0x0fffffff,
} JET_RESID;

typedef enum JET_RESOPER {
    JET_resoperNull = 0,
    JET_resoperTag = 1,
    JET_resoperSize = 2,
    JET_resoperAlign = 3,
    JET_resoperMinUse = 4,
    JET_resoperMaxUse = 5,
    JET_resoperObjectsPerChunk = 6,
    JET_resoperCurrentUse = 7,
    JET_resoperChunkSize = 8,
    JET_resoperLookasideEntries = 9,
    JET_resoperRFOLOffset = 10,
    JET_resoperGuard = 11,
    JET_resoperAllocTopDown = 12,
    JET_resoperPreserveFreed = 13,
    JET_resoperAllocFromHeap = 14,
    JET_resoperEnableMaxUse = 15,
    JET_resoperRCIList = 16,
    JET_resoperSectionHeader = 17,
    JET_resoperMax = 18,
} JET_RESOPER;

typedef enum JET_BTREETYPE {
    eBTreeTypeInvalid = 0,
    eBTreeTypeInternalDbRootSpace = 1,
    eBTreeTypeInternalSpaceOE = 2,
    eBTreeTypeInternalSpaceAE = 3,
    eBTreeTypeUserClusteredIndex = 4,
    eBTreeTypeInternalLongValue = 5,
    eBTreeTypeUserSecondaryIndex = 6,
    eBTreeTypeMax = 7,
} JET_BTREETYPE;

typedef enum JET_OPDDLCONV {
    opDDLConvNull = 0,
    opDDLConvAddCallback = 1,
    opDDLConvChangeColumn = 2,
    opDDLConvAddConditionalColumnsToAllIndexes = 3,
    opDDLConvAddColumnCallback = 4,
    opDDLConvIncreaseMaxColumnSize = 5,
    opDDLConvChangeIndexDensity = 6,
    opDDLConvChangeCallbackDLL = 7,
    opDDLConvMax = 8,
} JET_OPDDLCONV;

typedef enum TESTHOOK_OP {
    opTestHookUnitTests = 0,
    opTestHookTestInjection = 1,
    opTestHookHookNtQueryInformationProcess = 2,
    opTestHookHookNtQuerySystemInformation = 3,
    opTestHookHookGlobalMemoryStatus = 4,
    opTestHookSetNegativeTesting = 5,
    opTestHookResetNegativeTesting = 6,
    opTestHookThrowError = 7,
    opTestHookThrowAssert = 8,
    opTestHookUnitTests2 = 9,
    opTestHookEnforceContextFail = 10,
    opTestHookGetBFLowMemoryCallback = 11,
    opTestHookTraceTestMarker = 12,
    opTestHookGetCheckpointDepth = 13,
    opTestHookGetOLD2Status = 14,
    opTestHookGetEngineTickNow = 15,
    opTestHookSetEngineTickTime = 16,
    opTestHookCacheQuery = 17,
    opTestHookEvictCache = 18,
    opTestHookCorrupt = 19,
    opTestHookEnableAutoIncDeprecated = 20,
    opTestHookSetErrorTrap = 21,
    opTestHookGetTablePgnoFDP = 22,
    opTestHookAlterDatabaseFileHeader = 23,
    opTestHookGetLogTip = 24,
    opTestHookBlockCacheTestEnabled = 25,
} TESTHOOK_OP;

typedef JET_ERR(JET_API *JET_PFNINITCALLBACK)(JET_SNP snp, JET_SNT snt, void *pv, void *pvContext);
typedef void(JET_API *JET_SPCATCALLBACK)(uint32_t pgno, uint32_t objid, SpaceCategoryFlags spcatf,
    void *pvContext);
typedef JET_ERR(JET_API *JET_ABORTRETRYFAILCALLBACK_A)(char *szFile, uint32_t Offset, uint32_t
    OffsetHigh, uint32_t Length, JET_ERR err);
typedef JET_ERR(JET_API *JET_ABORTRETRYFAILCALLBACK_W)(char16_t *szFile, uint32_t Offset, uint32_t
    OffsetHigh, uint32_t Length, JET_ERR err);
typedef void(JET_API *JET_PFNTRACEEMIT)(JET_TRACETAG tag, const char *szPrefix, const char *szTrace,
    JET_API_PTR ul);
typedef void(JET_API *JET_PFNTRACEREGISTER)(JET_TRACETAG tag, const char *szDesc, JET_API_PTR *pul);

/** One database parameter (JET_dbparam constants). */
typedef struct tagJET_SETDBPARAM {
    uint32_t dbparamid; /**< JET_dbparam constant */
    void *pvParam; /**< address of the value */
    uint32_t cbParam; /**< bytes of pvParam */
} JET_SETDBPARAM;

/** JET_RSTMAP with database parameters and options. (UTF-8 strings.) */
typedef struct JET_RSTMAP2_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szDatabaseName; /**< path that the log knows */
    char *szNewDatabaseName; /**< path to use */
    JET_SETDBPARAM *rgsetdbparam; /**< database parameters, may be NULL */
    uint32_t csetdbparam; /**< elements of rgsetdbparam */
    JET_GRBIT grbit; /**< JET_bitRestoreMap bits */
} JET_RSTMAP2_A;

/**
 * JET_RSTMAP with database parameters and options. (UTF-16LE strings; fields as in the _A form.)
 */
typedef struct JET_RSTMAP2_W {
    uint32_t cbStruct;
    char16_t *szDatabaseName;
    char16_t *szNewDatabaseName;
    JET_SETDBPARAM *rgsetdbparam;
    uint32_t csetdbparam;
    JET_GRBIT grbit;
} JET_RSTMAP2_W;

#ifdef JET_UNICODE
typedef JET_RSTMAP2_W JET_RSTMAP2;
#else
typedef JET_RSTMAP2_A JET_RSTMAP2;
#endif

/**
 * Argument of JetDBUtilities: operation and its options; the union is chosen by op. (UTF-8
 * strings.)
 */
ESENT_EXTENSION typedef struct tagDBUTIL_A {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID tableid; /**< cursor */
    DBUTIL_OP op;
    EDBDUMP_OP edbdump;
    JET_GRBIT grbitOptions;
    union {
        struct {
            char *szDatabase;
            char *szSLV_ObsoleteAndUnused;
            char *szBackup;
            const char *szTable;
            const char *szIndex;
            char *szIntegPrefix;
            int32_t pgno;
            int32_t iline;
            int32_t lGeneration; /**< log generation */
            int32_t isec; /**< sector in the file */
            int32_t ib; /**< byte in the sector */
            int32_t cRetry;
            void *pfnCallback;
            void *pvCallback;
        };
        struct {
            char *szLog;
            char *szBase;
            void *pvBuffer;
            int32_t cbBuffer;
        } checksumlogfrommemory;
        struct {
            char *szDatabase;
            uint32_t pgnoFirst;
            uint32_t pgnoLast;
            void *pfnSpaceCatCallback;
            void *pvContext;
        } spcatOptions;
        struct {
            char *szDatabase;
            uint32_t pgnoFirst;
            uint32_t pgnoLast;
        } rbsOptions;
    };
} JET_DBUTIL_A;

/**
 * Argument of JetDBUtilities: operation and its options; the union is chosen by op. (UTF-16LE
 * strings; fields as in the _A form.)
 */
ESENT_EXTENSION typedef struct tagDBUTIL_W {
    uint32_t cbStruct;
    JET_SESID sesid;
    JET_DBID dbid;
    JET_TABLEID tableid;
    DBUTIL_OP op;
    EDBDUMP_OP edbdump;
    JET_GRBIT grbitOptions;
    union {
        struct {
            char16_t *szDatabase;
            char16_t *szSLV_ObsoleteAndUnused;
            char16_t *szBackup;
            const char16_t *szTable;
            const char16_t *szIndex;
            char16_t *szIntegPrefix;
            int32_t pgno;
            int32_t iline;
            int32_t lGeneration;
            int32_t isec;
            int32_t ib;
            int32_t cRetry;
            void *pfnCallback;
            void *pvCallback;
        };
        struct {
            char16_t *szLog;
            char16_t *szBase;
            void *pvBuffer;
            int32_t cbBuffer;
        } checksumlogfrommemory;
        struct {
            char16_t *szDatabase;
            uint32_t pgnoFirst;
            uint32_t pgnoLast;
            void *pfnSpaceCatCallback;
            void *pvContext;
        } spcatOptions;
        struct {
            char16_t *szDatabase;
            uint32_t pgnoFirst;
            uint32_t pgnoLast;
        } rbsOptions;
    };
} JET_DBUTIL_W;

#ifdef JET_UNICODE
typedef JET_DBUTIL_W JET_DBUTIL;
#else
typedef JET_DBUTIL_A JET_DBUTIL;
#endif

/** State of a session. */
typedef struct JET_SESSIONINFO {
    uint32_t ulTrxBegin0;
    uint32_t ulTrxLevel;
    uint32_t ulProcid;
    uint32_t ulFlags; /**< the flags below as one number */
    JET_API_PTR ulTrxContext;
} JET_SESSIONINFO;

/** JET_TABLECREATE4 with a size of long-value chunks. (UTF-8 strings.) */
typedef struct tagJET_TABLECREATE5_A {
    uint32_t cbStruct; /**< sizeof this structure */
    char *szTableName; /**< table name */
    char *szTemplateTableName; /**< template to derive from, or NULL */
    uint32_t ulPages; /**< pages allocated at creation */
    uint32_t ulDensity; /**< fill of pages in percent, 0: default */
    JET_COLUMNCREATE_A *rgcolumncreate; /**< columns */
    uint32_t cColumns; /**< elements of rgcolumncreate */
    JET_INDEXCREATE3_A *rgindexcreate; /**< indexes; the whole array has elements of one version */
    uint32_t cIndexes; /**< elements of rgindexcreate */
    char *szCallback; /**< "module!function" called for changes of the table, or NULL */
    JET_CBTYP cbtyp; /**< JET_cbtyp constant */
    JET_GRBIT grbit; /**< JET_bitTableCreate bits */
    JET_SPACEHINTS *pSeqSpacehints; /**< hints for the records, may be NULL */
    JET_SPACEHINTS *pLVSpacehints; /**< hints for the long values, may be NULL */
    uint32_t cbSeparateLV; /**< size above which long values leave the record, 0: default */
    uint32_t cbLVChunkMax; /**< size of long-value chunks */
    JET_TABLEID tableid; /**< out: cursor on the new table */
    uint32_t cCreated; /**< out: objects created (table, columns, indexes) */
} JET_TABLECREATE5_A;

/**
 * JET_TABLECREATE4 with a size of long-value chunks. (UTF-16LE strings; fields as in the _A form.)
 */
typedef struct tagJET_TABLECREATE5_W {
    uint32_t cbStruct;
    char16_t *szTableName;
    char16_t *szTemplateTableName;
    uint32_t ulPages;
    uint32_t ulDensity;
    JET_COLUMNCREATE_W *rgcolumncreate;
    uint32_t cColumns;
    JET_INDEXCREATE3_W *rgindexcreate;
    uint32_t cIndexes;
    char16_t *szCallback;
    JET_CBTYP cbtyp;
    JET_GRBIT grbit;
    JET_SPACEHINTS *pSeqSpacehints;
    JET_SPACEHINTS *pLVSpacehints;
    uint32_t cbSeparateLV;
    uint32_t cbLVChunkMax;
    JET_TABLEID tableid;
    uint32_t cCreated;
} JET_TABLECREATE5_W;

#ifdef JET_UNICODE
typedef JET_TABLECREATE5_W JET_TABLECREATE5;
#else
typedef JET_TABLECREATE5_A JET_TABLECREATE5;
#endif

typedef struct tagDDLADDCALLBACK_A {
    char *szTable;
    char *szCallback; /**< "module!function", see JET_paramEnablePersistedCallbacks */
    JET_CBTYP cbtyp; /**< JET_cbtyp constant */
} JET_DDLADDCALLBACK_A;

typedef struct tagDDLADDCALLBACK_W {
    char16_t *szTable;
    char16_t *szCallback;
    JET_CBTYP cbtyp;
} JET_DDLADDCALLBACK_W;

#ifdef JET_UNICODE
typedef JET_DDLADDCALLBACK_W JET_DDLADDCALLBACK;
#else
typedef JET_DDLADDCALLBACK_A JET_DDLADDCALLBACK;
#endif

typedef struct tagDDLCHANGECOLUMN_A {
    char *szTable;
    char *szColumn;
    JET_COLTYP coltypNew;
    JET_GRBIT grbitNew;
} JET_DDLCHANGECOLUMN_A;

typedef struct tagDDLCHANGECOLUMN_W {
    char16_t *szTable;
    char16_t *szColumn;
    JET_COLTYP coltypNew;
    JET_GRBIT grbitNew;
} JET_DDLCHANGECOLUMN_W;

#ifdef JET_UNICODE
typedef JET_DDLCHANGECOLUMN_W JET_DDLCHANGECOLUMN;
#else
typedef JET_DDLCHANGECOLUMN_A JET_DDLCHANGECOLUMN;
#endif

typedef struct tagDDLMAXCOLUMNSIZE_A {
    char *szTable;
    char *szColumn;
    uint32_t cbMax; /**< largest value in bytes, 0: the type's own limit */
} JET_DDLMAXCOLUMNSIZE_A;

typedef struct tagDDLMAXCOLUMNSIZE_W {
    char16_t *szTable;
    char16_t *szColumn;
    uint32_t cbMax;
} JET_DDLMAXCOLUMNSIZE_W;

#ifdef JET_UNICODE
typedef JET_DDLMAXCOLUMNSIZE_W JET_DDLMAXCOLUMNSIZE;
#else
typedef JET_DDLMAXCOLUMNSIZE_A JET_DDLMAXCOLUMNSIZE;
#endif

typedef struct tagDDLADDCONDITIONALCOLUMNSTOALLINDEXES_A {
    char *szTable;
    JET_CONDITIONALCOLUMN_A *rgconditionalcolumn; /**< conditions, all must hold */
    uint32_t cConditionalColumn; /**< elements of rgconditionalcolumn */
} JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_A;

typedef struct tagDDLADDCONDITIONALCOLUMNSTOALLINDEXES_W {
    char16_t *szTable;
    JET_CONDITIONALCOLUMN_W *rgconditionalcolumn;
    uint32_t cConditionalColumn;
} JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_W;

#ifdef JET_UNICODE
typedef JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_W JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES;
#else
typedef JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_A JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES;
#endif

typedef struct tagDDLADDCOLUMCALLBACK_A {
    char *szTable;
    char *szColumn;
    char *szCallback; /**< "module!function", see JET_paramEnablePersistedCallbacks */
    void *pvCallbackData;
    uint32_t cbCallbackData;
} JET_DDLADDCOLUMNCALLBACK_A;

typedef struct tagDDLADDCOLUMCALLBACK_W {
    char16_t *szTable;
    char16_t *szColumn;
    char16_t *szCallback;
    void *pvCallbackData;
    uint32_t cbCallbackData;
} JET_DDLADDCOLUMNCALLBACK_W;

#ifdef JET_UNICODE
typedef JET_DDLADDCOLUMNCALLBACK_W JET_DDLADDCOLUMNCALLBACK;
#else
typedef JET_DDLADDCOLUMNCALLBACK_A JET_DDLADDCOLUMNCALLBACK;
#endif

typedef struct tagDDLINDEXDENSITY_A {
    char *szTable;
    char *szIndex;
    uint32_t ulDensity;
} JET_DDLINDEXDENSITY_A;

typedef struct tagDDLINDEXDENSITY_W {
    char16_t *szTable;
    char16_t *szIndex;
    uint32_t ulDensity;
} JET_DDLINDEXDENSITY_W;

#ifdef JET_UNICODE
typedef JET_DDLINDEXDENSITY_W JET_DDLINDEXDENSITY;
#else
typedef JET_DDLINDEXDENSITY_A JET_DDLINDEXDENSITY;
#endif

typedef struct tagDDLCALLBACKDLL_A {
    char *szOldDLL;
    char *szNewDLL;
} JET_DDLCALLBACKDLL_A;

typedef struct tagDDLCALLBACKDLL_W {
    char16_t *szOldDLL;
    char16_t *szNewDLL;
} JET_DDLCALLBACKDLL_W;

#ifdef JET_UNICODE
typedef JET_DDLCALLBACKDLL_W JET_DDLCALLBACKDLL;
#else
typedef JET_DDLCALLBACKDLL_A JET_DDLCALLBACKDLL;
#endif

/** What a checkpoint file says. */
typedef struct JET_CHECKPOINTINFO {
    uint32_t genMin;
    uint32_t genMax;
    JET_LOGTIME logtimeGenMaxCreate; /**< creation time of that log */
} JET_CHECKPOINTINFO;

/** JET_DBINFOMISC4 with counters of reseeding and page patching. */
typedef struct JET_DBINFOMISC5 {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
    uint32_t genCommitted;
    JET_BKINFO bkinfoCopyPrev;
    JET_BKINFO bkinfoDiffPrev;
    uint32_t ulIncrementalReseedCount; /**< reseeds */
    JET_LOGTIME logtimeIncrementalReseed;
    uint32_t ulIncrementalReseedCountOld;
    uint32_t ulPagePatchCount; /**< pages patched */
    JET_LOGTIME logtimePagePatch;
    uint32_t ulPagePatchCountOld;
} JET_DBINFOMISC5;

/** JET_DBINFOMISC5 with the state of the checksum scan. */
typedef struct JET_DBINFOMISC6 {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
    uint32_t genCommitted;
    JET_BKINFO bkinfoCopyPrev;
    JET_BKINFO bkinfoDiffPrev;
    uint32_t ulIncrementalReseedCount;
    JET_LOGTIME logtimeIncrementalReseed;
    uint32_t ulIncrementalReseedCountOld;
    uint32_t ulPagePatchCount;
    JET_LOGTIME logtimePagePatch;
    uint32_t ulPagePatchCountOld;
    JET_LOGTIME logtimeChecksumPrev;
    JET_LOGTIME logtimeChecksumStart;
    uint32_t cpgDatabaseChecked; /**< pages checked so far */
} JET_DBINFOMISC6;

/** JET_DBINFOMISC6 with the last re-attachment. */
typedef struct JET_DBINFOMISC7 {
    uint32_t ulVersion;
    uint32_t ulUpdate;
    JET_SIGNATURE signDb;
    uint32_t dbstate;
    JET_LGPOS lgposConsistent;
    JET_LOGTIME logtimeConsistent;
    JET_LOGTIME logtimeAttach;
    JET_LGPOS lgposAttach;
    JET_LOGTIME logtimeDetach;
    JET_LGPOS lgposDetach;
    JET_SIGNATURE signLog;
    JET_BKINFO bkinfoFullPrev;
    JET_BKINFO bkinfoIncPrev;
    JET_BKINFO bkinfoFullCur;
    uint32_t fShadowingDisabled;
    uint32_t fUpgradeDb;
    uint32_t dwMajorVersion;
    uint32_t dwMinorVersion;
    uint32_t dwBuildNumber;
    int32_t lSPNumber;
    uint32_t cbPageSize;
    uint32_t genMinRequired;
    uint32_t genMaxRequired;
    JET_LOGTIME logtimeGenMaxCreate;
    uint32_t ulRepairCount;
    JET_LOGTIME logtimeRepair;
    uint32_t ulRepairCountOld;
    uint32_t ulECCFixSuccess;
    JET_LOGTIME logtimeECCFixSuccess;
    uint32_t ulECCFixSuccessOld;
    uint32_t ulECCFixFail;
    JET_LOGTIME logtimeECCFixFail;
    uint32_t ulECCFixFailOld;
    uint32_t ulBadChecksum;
    JET_LOGTIME logtimeBadChecksum;
    uint32_t ulBadChecksumOld;
    uint32_t genCommitted;
    JET_BKINFO bkinfoCopyPrev;
    JET_BKINFO bkinfoDiffPrev;
    uint32_t ulIncrementalReseedCount;
    JET_LOGTIME logtimeIncrementalReseed;
    uint32_t ulIncrementalReseedCountOld;
    uint32_t ulPagePatchCount;
    JET_LOGTIME logtimePagePatch;
    uint32_t ulPagePatchCountOld;
    JET_LOGTIME logtimeChecksumPrev;
    JET_LOGTIME logtimeChecksumStart;
    uint32_t cpgDatabaseChecked;
    JET_LOGTIME logtimeLastReAttach;
    JET_LGPOS lgposLastReAttach;
} JET_DBINFOMISC7;

/** What the header of a log file says. */
typedef struct JET_LOGINFOMISC {
    uint32_t ulGeneration;
    JET_SIGNATURE signLog; /**< log stream */
    JET_LOGTIME logtimeCreate; /**< creation time */
    JET_LOGTIME logtimePreviousGeneration;
    uint32_t ulFlags; /**< the flags below as one number */
    uint32_t ulVersionMajor;
    uint32_t ulVersionMinor;
    uint32_t ulVersionUpdate;
    uint32_t cbSectorSize;
    uint32_t cbHeader; /**< in sectors */
    uint32_t cbFile; /**< in sectors */
    uint32_t cbDatabasePageSize;
} JET_LOGINFOMISC;

typedef struct JET_LOGINFOMISC2 {
    uint32_t ulGeneration;
    JET_SIGNATURE signLog;
    JET_LOGTIME logtimeCreate;
    JET_LOGTIME logtimePreviousGeneration;
    uint32_t ulFlags;
    uint32_t ulVersionMajor;
    uint32_t ulVersionMinor;
    uint32_t ulVersionUpdate;
    uint32_t cbSectorSize;
    uint32_t cbHeader;
    uint32_t cbFile;
    uint32_t cbDatabasePageSize;
    JET_LGPOS lgposCheckpoint;
} JET_LOGINFOMISC2;

typedef struct JET_LOGINFOMISC3 {
    uint32_t ulGeneration;
    JET_SIGNATURE signLog;
    JET_LOGTIME logtimeCreate;
    JET_LOGTIME logtimePreviousGeneration;
    uint32_t ulFlags;
    uint32_t ulVersionMajor;
    uint32_t ulVersionUpdateMajor;
    uint32_t ulVersionUpdateMinor;
    uint32_t cbSectorSize;
    uint32_t cbHeader;
    uint32_t cbFile;
    uint32_t cbDatabasePageSize;
    JET_LGPOS lgposCheckpoint;
    uint32_t ulVersionMinorDeprecated;
    uint64_t checksumPrevLogAllSegments;
} JET_LOGINFOMISC3;

/**
 * A decision that recovery asks its caller for (JET_snpRecoveryControl); the union is chosen by
 * sntUnion.
 */
ESENT_EXTENSION typedef struct JET_RECOVERYCONTROL {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_ERR errDefault;
    JET_INSTANCE instance;
    JET_SNT sntUnion;
    union {
        struct {
            uint32_t cbStruct; /**< sizeof this structure */
            uint32_t lGenNext;
            uint8_t fCurrentLog : 1;
            uint8_t eReason;
            uint8_t rgbReserved[6];
            char16_t *wszLogFile;
            uint32_t cdbinfomisc;
            JET_DBINFOMISC7 *rgdbinfomisc;
        } OpenLog;
        struct {
            uint32_t cbStruct; /**< sizeof this structure */
            char16_t *wszCheckpoint;
        } OpenCheckpoint;
        struct {
            uint32_t cbStruct; /**< sizeof this structure */
            uint32_t lGenMissing;
            uint8_t fCurrentLog : 1;
            uint8_t eNextAction;
            uint8_t rgbReserved[6];
            char16_t *wszLogFile;
            uint32_t cdbinfomisc;
            JET_DBINFOMISC7 *rgdbinfomisc;
        } MissingLog;
        struct {
            uint32_t cbStruct; /**< sizeof this structure */
            uint32_t cdbinfomisc;
            JET_DBINFOMISC7 *rgdbinfomisc;
        } BeginUndo;
        struct {
            uint32_t cbStruct; /**< sizeof this structure */
            uint32_t EventID;
        } NotificationEvent;
        struct {
            uint32_t cbStruct; /**< sizeof this structure */
        } SignalErrorCondition;
        struct {
            uint32_t cbStruct; /**< sizeof this structure */
            const char16_t *wszDbPath;
        } AttachedDb;
        struct {
            uint32_t cbStruct; /**< sizeof this structure */
            const char16_t *wszDbPath;
        } DetachingDb;
        struct {
            uint32_t cbStruct; /**< sizeof this structure */
            const void *pbCommitCtx;
            uint32_t cbCommitCtx;
            uint32_t fCallbackType;
        } CommitCtx;
    };
} JET_RECOVERYCONTROL;

typedef struct JET_SNMSG {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_SNC snc;
    uint32_t ul;
    char sz[256];
} JET_SNMSG;

typedef struct JET_SNPATCHREQUEST {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t pageNumber;
    const char16_t *szLogFile;
    JET_INSTANCE instance;
    JET_DBINFOMISC7 dbinfomisc;
    const void *pvToken;
    uint32_t cbToken;
    const void *pvData; /**< value */
    uint32_t cbData; /**< bytes of pvData */
    JET_DBID dbid;
} JET_SNPATCHREQUEST;

typedef struct JET_SNCORRUPTEDPAGE {
    uint32_t cbStruct; /**< sizeof this structure */
    const char16_t *wszDatabase;
    JET_DBID dbid;
    JET_DBINFOMISC7 dbinfomisc;
    uint32_t pageNumber;
} JET_SNCORRUPTEDPAGE;

typedef struct JET_THREADSTATS4 {
    uint32_t cbStruct;
    uint32_t cPageReferenced;
    uint32_t cPageRead;
    uint32_t cPagePreread;
    uint32_t cPageDirtied;
    uint32_t cPageRedirtied;
    uint32_t cLogRecord;
    uint32_t cbLogRecord;
    uint64_t cusecPageCacheMiss;
    uint32_t cPageCacheMiss;
    uint32_t cSeparatedLongValueRead;
    uint64_t cusecLongValuePageCacheMiss;
    uint32_t cLongValuePageCacheMiss;
    uint32_t cSeparatedLongValueCreated;
    uint32_t cPageUniqueCacheHits;
    uint32_t cPageUniqueCacheRequests;
    uint32_t cDatabaseReads;
    uint32_t cSumDatabaseReadQueueDepthImpact;
    uint32_t cSumDatabaseReadQueueDepth;
    uint64_t cusecWait;
    uint32_t cWait;
    uint32_t cNodesFlagDeleted;
    uint32_t cbNodesFlagDeleted;
    uint32_t cPageTableAllocated;
    uint32_t cPageTableReleased;
    uint32_t cPageUpdateAllocated;
    uint32_t cPageUpdateReleased;
    uint32_t cPageUniqueModified;
} JET_THREADSTATS4;

/** Options of JetInit4. (UTF-8 strings.) */
typedef struct JET_RSTINFO2_A {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_RSTMAP2_A *rgrstmap; /**< path map, crstmap elements */
    int32_t crstmap; /**< elements of rgrstmap, 0 to 14 */
    JET_LGPOS lgposStop; /**< stop after this position; all zero: recover to the end */
    JET_LOGTIME logtimeStop; /**< stop after this time; all zero: recover to the end */
    JET_PFNINITCALLBACK pfnCallback;
    void *pvCallbackContext; /**< passed to pfnCallback */
} JET_RSTINFO2_A;

/** Options of JetInit4. (UTF-16LE strings; fields as in the _A form.) */
typedef struct JET_RSTINFO2_W {
    uint32_t cbStruct;
    JET_RSTMAP2_W *rgrstmap;
    int32_t crstmap;
    JET_LGPOS lgposStop;
    JET_LOGTIME logtimeStop;
    JET_PFNINITCALLBACK pfnCallback;
    void *pvCallbackContext;
} JET_RSTINFO2_W;

#ifdef JET_UNICODE
typedef JET_RSTINFO2_W JET_RSTINFO2;
#else
typedef JET_RSTINFO2_A JET_RSTINFO2;
#endif

typedef struct BTREE_STATS_BASIC_CATALOG {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_BTREETYPE eType;
    char16_t rgName[64];
    uint32_t objidFDP;
    uint32_t pgnoFDP;
    JET_SPACEHINTS *pSpaceHints;
} BTREE_STATS_BASIC_CATALOG;

typedef struct BTREE_SPACE_EXTENT_INFO {
    uint32_t iPool;
    uint32_t pgnoLast;
    uint32_t cpgExtent;
    uint32_t pgnoSpaceNode;
} BTREE_SPACE_EXTENT_INFO;

typedef struct BTREE_STATS_SPACE_TREES {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t cpgPrimary;
    uint32_t cpgLastAlloc;
    uint32_t fMultiExtent;
    uint32_t pgnoOE;
    uint32_t pgnoAE;
    uint32_t cpgOwned;
    uint32_t cpgOwnedCache;
    uint32_t cpgAvailable;
    uint32_t cpgAvailableCache;
    uint32_t cpgSpaceTreeAvailable;
    uint32_t cpgReserved;
    uint32_t cpgShelved;
    int32_t fAutoIncPresents;
    uint64_t qwAutoInc;
    uint32_t cOwnedExtents;
    BTREE_SPACE_EXTENT_INFO *prgOwnedExtents;
    uint32_t cAvailExtents;
    BTREE_SPACE_EXTENT_INFO *prgAvailExtents;
} BTREE_STATS_SPACE_TREES;

typedef struct BTREE_STATS_PAGE_SPACE {
    uint32_t cbStruct; /**< sizeof this structure */
    JET_HISTO *phistoFreeBytes;
    JET_HISTO *phistoNodeCounts;
    JET_HISTO *phistoKeySizes;
    JET_HISTO *phistoDataSizes;
    JET_HISTO *phistoKeyCompression;
    JET_HISTO *phistoResvTagSizes;
    JET_HISTO *phistoUnreclaimedBytes;
    int64_t cVersionedNodes;
} BTREE_STATS_PAGE_SPACE;

typedef struct BTREE_STATS_PARENT_OF_LEAF {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t fEmpty;
    uint32_t cpgInternal;
    uint32_t cpgData;
    uint32_t cDepth;
    JET_HISTO *phistoIOContiguousRuns;
    uint32_t cForwardScans;
    BTREE_STATS_PAGE_SPACE *pInternalPageStats;
} BTREE_STATS_PARENT_OF_LEAF;

typedef struct BTREE_STATS_LV {
    uint32_t cbStruct; /**< sizeof this structure */
    int64_t cLVRefs;
    int64_t cCorruptLVs;
    int64_t cSeparatedRootChunks;
    int64_t cPartiallyDeletedLVs;
    uint64_t lidMax;
    int32_t cbLVChunkMax; /**< size of long-value chunks */
    JET_HISTO *phistoLVSize;
    JET_HISTO *phistoLVComp;
    JET_HISTO *phistoLVRatio;
    JET_HISTO *phistoLVSeeks;
    JET_HISTO *phistoLVBytes;
    JET_HISTO *phistoLVExtraSeeks;
    JET_HISTO *phistoLVExtraBytes;
} BTREE_STATS_LV;

typedef struct BTREE_STATS {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t grbitData;
    struct _BTREE_STATS *pParent;
    BTREE_STATS_BASIC_CATALOG *pBasicCatalog;
    BTREE_STATS_SPACE_TREES *pSpaceTrees;
    BTREE_STATS_PARENT_OF_LEAF *pParentOfLeaf;
    BTREE_STATS_PAGE_SPACE *pFullWalk;
    BTREE_STATS_LV *pLvData;
    uint32_t fPgnoFDPRootDelete;
} BTREE_STATS;

typedef struct JET_RBSINFOMISC {
    int32_t lRBSGeneration;
    JET_LOGTIME logtimeCreate; /**< creation time */
    JET_LOGTIME logtimeCreatePrevRBS;
    uint32_t ulMajor;
    uint32_t ulMinor;
    uint64_t cbLogicalFileSize;
} JET_RBSINFOMISC;

typedef struct JET_RBSREVERTINFOMISC {
    int32_t lGenMinRevertStart;
    int32_t lGenMaxRevertStart;
    int32_t lGenMinRevertEnd;
    int32_t lGenMaxRevertEnd;
    JET_LOGTIME logtimeRevertFrom;
    uint64_t cSecRevert;
    uint64_t cPagesReverted;
    int32_t lGenRBSMaxApplied;
    int32_t lGenRBSMinApplied;
} JET_RBSREVERTINFOMISC;

ESENT_EXTENSION typedef struct JET_RETRIEVEMULTIVALUECOUNT {
    JET_COLUMNID columnid; /**< column */
    uint16_t cMultiValues; /**< values of the column */
    union {
        uint16_t usFlags;
        struct {
            uint16_t fLongValue : 1;
            uint16_t fDefaultValue : 1;
            uint16_t fNullOverride : 1;
            uint16_t fDerived : 1;
        };
    };
} JET_RETRIEVEMULTIVALUECOUNT;

/** State and checksums of one page. */
ESENT_EXTENSION typedef struct tagJET_PAGEINFO {
    uint32_t pgno;
    uint32_t fPageIsInitialized : 1;
    uint32_t fCorrectableError : 1;
    uint64_t checksumActual;
    uint64_t checksumExpected;
    uint64_t dbtime;
    uint64_t structureChecksum;
    uint64_t flags; /**< 0 */
} JET_PAGEINFO;

/** JET_RECSIZE2 with long values inside the record and the key. */
typedef struct JET_RECSIZE3 {
    uint64_t cbData;
    uint64_t cbLongValueData;
    uint64_t cbOverhead;
    uint64_t cbLongValueOverhead;
    uint64_t cNonTaggedColumns;
    uint64_t cTaggedColumns;
    uint64_t cLongValues;
    uint64_t cMultiValues;
    uint64_t cCompressedColumns;
    uint64_t cbDataCompressed;
    uint64_t cbLongValueDataCompressed;
    uint64_t cbIntrinsicLongValueData;
    uint64_t cbIntrinsicLongValueDataCompressed;
    uint64_t cIntrinsicLongValues;
    uint64_t cbKey; /**< bytes of the record's key */
} JET_RECSIZE3;

typedef struct tagJET_PAGEINFO2 {
    JET_PAGEINFO pageInfo;
    uint64_t rgChecksumActual[3];
    uint64_t rgChecksumExpected[3];
} JET_PAGEINFO2;

/** A piece of a log on its way (JET_PFNEMITLOGDATA, JetConsumeLogData). May be sent as it is. */
typedef struct tag_JET_EMITDATACTX {
    uint32_t cbStruct; /**< sizeof this structure */
    uint32_t dwVersion; /**< 1 */
    uint64_t qwSequenceNum; /**< 0 for the first call, then one more each; last 0xFFFFFFFFFFFFFFF0 */
    JET_GRBIT grbitOperationalFlags; /**< one of JET_bitShadowLogEmit... */
    JET_LOGTIME logtimeEmit; /**< when the piece was handed out */
    JET_LGPOS lgposLogData; /**< where data belongs: generation, sector of 4096 bytes, byte 0 */
    uint32_t cbLogData; /**< bytes of data, a multiple of 4096; 0 without data */
} JET_EMITDATACTX;

typedef JET_ERR(JET_API *JET_PFNSPACEDATA)(BTREE_STATS *pBTreeStats, JET_API_PTR pvContext);
/**
 * Receives the log of an instance piece by piece (JET_paramEmitLogDataCallback).
 *
 * The first call comes when JetInit opens the log, followed by all that the current generation
 * holds, header first, so that what a crash kept from being sent is sent then; next each flush, when
 * it is durable and before anybody who waits for it goes on; with each new generation a call that
 * completes the old one and then the new header; and the last call when JetTerm closes the log. One
 * call at a time. A commit that was acknowledged has therefore been handed over. The original hands
 * over data before it writes them, begins in the middle of a generation after a crash, and sends
 * again sectors that have become fuller.
 *
 * The call is made on whatever thread flushes, with locks held, and everybody who commits waits for
 * it. It must be short, and may call nothing of the library but JetConsumeLogData. Logs are handed
 * out by recovery in JetInit too, by restores not.
 *
 * @param instance the instance whose log it is
 * @param pEmitLogDataCtx what the piece is; valid during the call
 * @param pvLogData bytes of the log, valid during the call and not to be changed; NULL without data
 * @param cbLogData bytes of pvLogData
 * @param callbackCtx JET_paramEmitLogDataCallbackCtx
 * @return ignored
 */
typedef JET_ERR(JET_API *JET_PFNEMITLOGDATA)(JET_INSTANCE instance, JET_EMITDATACTX
    *pEmitLogDataCtx, void *pvLogData, uint32_t cbLogData, void *callbackCtx);

/* ---- Private functions: Instances ---- */

/**
 * JetInit3 with per-database options and a context-carrying callback.
 *
 * With JET_bitExternalRecoveryControl the callback is also asked what recovery is to do:
 * JET_snpRecoveryControl with a JET_RECOVERYCONTROL, before a log or the checkpoint is opened, when
 * a log is absent, before undo, before an event is reported, when an error is about to end the
 * recovery that the caller may let pass, as databases are attached and detached, and when a commit
 * with a context (JET_sesparamCommitGenericContext) is met whose client asked for that: fCallbackType
 * says whether it is over, or about to be replayed, or just was. Returning errDefault does what the
 * bits of the call say; a success goes on; an error becomes the result, with three exceptions: for
 * JET_sntOpenCheckpoint it makes the replay begin with the lowest log; for JET_sntNotificationEvent
 * it keeps the event from being reported; for JET_sntSignalErrorCondition with
 * JET_errCommittedLogFilesMissing, asked of each database that loses commits under
 * JET_bitReplayIgnoreLostLogs, it has the loss reported as an event, which a success does not.
 * JET_errRecoveredWithoutUndo to JET_sntBeginUndo ends the recovery as JET_bitRecoveryWithoutUndo
 * does. What the structure points to is valid during the call.
 *
 * Database parameters of a JET_RSTMAP2 entry: JET_dbparamCachePriority and
 * JET_dbparamShrinkDatabaseOptions are checked where the replay meets the database (errors of
 * JetAttachDatabase3); the values of others are not looked at, as in ESENT: they count when the
 * client attaches it.
 *
 * @param pinstance in/out: instance; may be NULL
 * @param prstInfo path map, stop position and callback, or NULL
 * @param grbit option bits, below
 *
 * Bits, besides those of JetInit3:
 * - JET_bitExternalRecoveryControl: ask the callback
 * - JET_bitAllowMissingCurrentLog: replay archived logs without the current one
 * - JET_bitAllowSoftRecoveryOnBackup: replay onto a backup's copy that was not restored
 * - JET_bitSkipLostLogsEvent: do not report logs lost under JET_bitReplayIgnoreLostLogs
 * - JET_bitRestoreMapIgnoreWhenMissing: JET_RSTMAP2: leave the database out if its file is absent
 * - JET_bitRestoreMapFailWhenMissing: JET_RSTMAP2: fail if its file is absent
 * - JET_bitRestoreMapOverwriteOnCreate: JET_RSTMAP2: overwrite an existing file when the log
 *   creates the database
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 6-10.
 */
#ifdef JET_UNICODE
#define JetInit4 JetInit4W
#else
JET_ERR JET_API JetInit4(JET_INSTANCE *pinstance, JET_RSTINFO2_A *prstInfo, JET_GRBIT grbit);
#endif
/** JetInit4 with UTF-8 strings. */
JET_ERR JET_API JetInit4A(JET_INSTANCE *pinstance, JET_RSTINFO2_A *prstInfo, JET_GRBIT grbit);
/** JetInit4 with UTF-16LE strings. */
JET_ERR JET_API JetInit4W(JET_INSTANCE *pinstance, JET_RSTINFO2_W *prstInfo, JET_GRBIT grbit);

/* ---- Private functions: System parameters ---- */

/**
 * Reads a figure of an internal resource: tables, cursors, sessions...
 *
 * OpenESE takes its objects from the heap and has no pools. JET_resoperMaxUse and JET_resoperCurrentUse
 * are its own limits and true numbers; sizes and the settings that shape ESENT's pools are ESENT's
 * defaults, or what has been set.
 *
 * @param instance instance whose limit or use is meant; 0: the process. The other figures are the process's.
 * @param resoper figure: a JET_resoper constant. JET_resoperTag copies four letters to pulParam.
 * @param resid resource
 * @param pulParam out: value
 *
 * Errors:
 * - JET_errInvalidParameter: no such resource or figure, pulParam is NULL
 * - JET_errNotInitialized: JET_resoperCurrentUse before an instance has started
 * - JET_errInvalidInstance: no such instance
 *
 * Since: Windows 8.1. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 14.
 */
JET_ERR JET_API JetGetResourceParam(JET_INSTANCE instance, JET_RESOPER resoper, JET_RESID resid,
    JET_API_PTR *pulParam);

/**
 * Sets a limit of an internal resource, or what shapes its pool.
 *
 * JET_resoperMaxUse of an instance sets the parameter the limit belongs to: JET_residFUCB
 * JET_paramMaxCursors, JET_residPIB JET_paramMaxSessions (69 less), JET_residSCB
 * JET_paramMaxTemporaryTables, JET_residVERBUCKET JET_paramMaxVerPages (2 less). JET_residFCB (trees
 * of tables in use), JET_residTDB and JET_residIDB (definitions of tables and indexes) are accepted, but
 * JetInit sets what JET_paramMaxOpenTables says. JET_resoperSize of JET_residPAGE and JET_residVERBUCKET are
 * JET_paramDatabasePageSize and JET_paramVerPageSize. Settings that shape a pool are kept and have no
 * effect. Nothing happens while JET_paramEnableAdvanced is off.
 *
 * @param instance instance; 0: the process, before it has any instance
 * @param resoper what to set
 * @param resid resource; JET_residAll: every one, or none on an error
 * @param ulParam value
 *
 * Errors:
 * - JET_errInvalidParameter: no such resource, or this cannot be set, or not to that value
 * - JET_errAlreadyInitialized: the process has an instance; the instance has started
 * - JET_errInvalidInstance: no such instance
 *
 * Since: Windows 8.1. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 14.
 */
JET_ERR JET_API JetSetResourceParam(JET_INSTANCE instance, JET_RESOPER resoper, JET_RESID resid,
    JET_API_PTR ulParam);

/* ---- Private functions: Sessions ---- */

/**
 * Return session state details.
 *
 * @param sesid session
 * @param pvResult out: result, a structure, number or string as InfoLevel says
 * @param cbMax bytes of the buffer
 * @param ulInfoLevel what to return
 *
 * Since: Windows Vista. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 11.
 */
JET_ERR JET_API JetGetSessionInfo(JET_SESID sesid, void *pvResult, uint32_t cbMax,
    uint32_t ulInfoLevel);

/* ---- Private functions: Transactions ---- */

/**
 * Two-phase commit step (not supported).
 *
 * @param sesid session
 * @param pvData value
 * @param cbData bytes of pvData
 * @param grbit reserved, 0
 * Source: published engine source; instance-and-session spec 12.
 */
JET_ERR JET_API JetPrepareToCommitTransaction(JET_SESID sesid, const void *pvData, uint32_t cbData,
    JET_GRBIT grbit);

/* ---- Private functions: Databases ---- */

/**
 * JetAttachDatabase with database parameters.
 *
 * Parameters, each a 32-bit value:
 * - JET_dbparamDbSizeMaxPages: most pages the database may have, 0 for no limit
 * - JET_dbparamShrinkDatabaseOptions: JET_bitShrinkDatabaseEofOnAttach makes the file shorter
 *   before the call returns (whatever JET_paramEnableShrinkDatabase says): pages in use at its end
 *   move to free ones before them, and extents that are free then are cut off. Roots of tables,
 *   indexes and long values move where logs may say so (their version is at least 8.4000.50.120, that
 *   of JET_efvRootPageMove: logs begun by an engine of that version and continued here; or the attach
 *   has JET_bitDbRecoveryOff), unless JET_bitShrinkDatabaseDontMoveRootsOnAttach is given; a small
 *   one only in a file of at least four times JET_paramDbExtensionSize. A root that stays ends it,
 *   as does a page that nothing is known of; so the other bits are taken and change nothing. Event
 *   748 says how far it came, and why it ended
 * - JET_dbparamShrinkDatabaseTimeQuota: milliseconds after which no page moves any more, up to 7
 *   days, or -1, as without it: no limit
 * - JET_dbparamShrinkDatabaseSizeLimit: pages, the two headers counted, below which it is not shrunk
 * - JET_dbparamCachePriority (0 to 1000, or all ones),
 *   JET_dbparamLeakReclaimerTimeQuota (milliseconds up to 7 days, or -1),
 *   JET_dbparamLeakReclaimerEnabled, JET_dbparamMaintainExtentPageCountCache,
 *   JET_dbparamFlight_SelfAllocSpBufReservationEnabled: checked; what they tune is not there
 *
 * @param sesid session
 * @param szFilename path of the database file
 * @param rgsetdbparam database parameters; may be NULL
 * @param csetdbparam elements of rgsetdbparam
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDbReadOnly: attach or open for reading only
 * - JET_bitDbExclusive: only this session may have the database open
 * - JET_bitDbSingleExclusive: older name of JET_bitDbExclusive
 * - JET_bitDbDeleteCorruptIndexes: at attach, delete indexes over text whose sort order no longer
 *   matches the collation in use
 * - JET_bitDbRebuildCorruptIndexes: obsolete
 * - JET_bitDbDeleteUnicodeIndexes: at attach, delete every index over Unicode text
 * - JET_bitDbUpgrade: obsolete: upgrade an old file format at attach
 * - JET_bitDbEnableBackgroundMaintenance: at attach, start the background scan that verifies page
 *   checksums and scrubs deleted data
 * - JET_bitDbPurgeCacheOnAttach: drop cached pages of the file that an earlier attachment left in
 *   memory
 * - bitDbOpenForRecovery: engine use
 *
 * Returns what JetAttachDatabase2 does, or:
 * - JET_errInvalidDbparamId: no such parameter
 * - JET_errInvalidBufferSize: a value that has not 4 bytes
 * - JET_errInvalidParameter: a value out of range, or rgsetdbparam NULL
 * - JET_errInvalidGrbit: unknown shrink options
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 13.
 */
#ifdef JET_UNICODE
#define JetAttachDatabase3 JetAttachDatabase3W
#else
JET_ERR JET_API JetAttachDatabase3(JET_SESID sesid, const char *szFilename,
    JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit);
#endif
/** JetAttachDatabase3 with UTF-8 strings. */
JET_ERR JET_API JetAttachDatabase3A(JET_SESID sesid, const char *szFilename,
    JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit);
/** JetAttachDatabase3 with UTF-16LE strings. */
JET_ERR JET_API JetAttachDatabase3W(JET_SESID sesid, const char16_t *szFilename,
    JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit);

/**
 * Removed feature; always fails.
 *
 * @param sesid session
 * @param szDbFileName path of the database file
 * @param szSLVFileName reserved, NULL
 * @param szSLVRootName reserved, NULL
 * @param cpgDatabaseSizeMax most pages the database may have, 0 for no limit
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errFeatureNotAvailable: API not supported here
 *
 * Since: Windows XP. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 13.
 */
#ifdef JET_UNICODE
#define JetAttachDatabaseWithStreaming JetAttachDatabaseWithStreamingW
#else
JET_ERR JET_API JetAttachDatabaseWithStreaming(JET_SESID sesid, const char *szDbFileName,
    const char *szSLVFileName, const char *szSLVRootName, uint32_t cpgDatabaseSizeMax,
    JET_GRBIT grbit);
#endif
/** JetAttachDatabaseWithStreaming with UTF-8 strings. */
JET_ERR JET_API JetAttachDatabaseWithStreamingA(JET_SESID sesid, const char *szDbFileName,
    const char *szSLVFileName, const char *szSLVRootName, uint32_t cpgDatabaseSizeMax,
    JET_GRBIT grbit);
/** JetAttachDatabaseWithStreaming with UTF-16LE strings. */
JET_ERR JET_API JetAttachDatabaseWithStreamingW(JET_SESID sesid, const char16_t *szDbFileName,
    const char16_t *szSLVFileName, const char16_t *szSLVRootName, uint32_t cpgDatabaseSizeMax,
    JET_GRBIT grbit);

/**
 * JetCreateDatabase with database parameters.
 *
 * @param sesid session
 * @param szFilename path of the database file
 * @param pdbid out: database
 * @param rgsetdbparam database parameters; may be NULL
 * @param csetdbparam elements of rgsetdbparam
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitDbRecoveryOff: create or attach without logging: the file is in no backup, and after a
 *   crash it must be made anew
 * - JET_bitDbVersioningOff: create without versions; needs JET_bitDbRecoveryOff
 * - JET_bitDbShadowingOff: do not keep the shadow copy of the catalog
 * - JET_bitDbCreateStreamingFile: obsolete
 * - JET_bitDbOverwriteExisting: replace an existing file instead of failing with
 *   JET_errDatabaseDuplicate
 * - bitCreateDbImplicitly: engine use
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 13.
 */
#ifdef JET_UNICODE
#define JetCreateDatabase3 JetCreateDatabase3W
#else
JET_ERR JET_API JetCreateDatabase3(JET_SESID sesid, const char *szFilename, JET_DBID *pdbid,
    JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit);
#endif
/** JetCreateDatabase3 with UTF-8 strings. */
JET_ERR JET_API JetCreateDatabase3A(JET_SESID sesid, const char *szFilename, JET_DBID *pdbid,
    JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit);
/** JetCreateDatabase3 with UTF-16LE strings. */
JET_ERR JET_API JetCreateDatabase3W(JET_SESID sesid, const char16_t *szFilename, JET_DBID *pdbid,
    JET_SETDBPARAM *rgsetdbparam, uint32_t csetdbparam, JET_GRBIT grbit);

/**
 * Removed feature; always fails.
 *
 * @param sesid session
 * @param szDbFileName path of the database file
 * @param szSLVFileName reserved, NULL
 * @param szSLVRootName reserved, NULL
 * @param cpgDatabaseSizeMax most pages the database may have, 0 for no limit
 * @param pdbid out: database
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errFeatureNotAvailable: API not supported here
 *
 * Since: Windows XP. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 13.
 */
#ifdef JET_UNICODE
#define JetCreateDatabaseWithStreaming JetCreateDatabaseWithStreamingW
#else
JET_ERR JET_API JetCreateDatabaseWithStreaming(JET_SESID sesid, const char *szDbFileName,
    const char *szSLVFileName, const char *szSLVRootName, uint32_t cpgDatabaseSizeMax,
    JET_DBID *pdbid, JET_GRBIT grbit);
#endif
/** JetCreateDatabaseWithStreaming with UTF-8 strings. */
JET_ERR JET_API JetCreateDatabaseWithStreamingA(JET_SESID sesid, const char *szDbFileName,
    const char *szSLVFileName, const char *szSLVRootName, uint32_t cpgDatabaseSizeMax,
    JET_DBID *pdbid, JET_GRBIT grbit);
/** JetCreateDatabaseWithStreaming with UTF-16LE strings. */
JET_ERR JET_API JetCreateDatabaseWithStreamingW(JET_SESID sesid, const char16_t *szDbFileName,
    const char16_t *szSLVFileName, const char16_t *szSLVRootName, uint32_t cpgDatabaseSizeMax,
    JET_DBID *pdbid, JET_GRBIT grbit);

/**
 * Read the page limit of a database.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param pcpg out: pages
 * @param grbit reserved, 0
 *
 * Since: Windows Vista. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 13.
 */
JET_ERR JET_API JetGetMaxDatabaseSize(JET_SESID sesid, JET_DBID dbid, uint32_t *pcpg,
    JET_GRBIT grbit);

/**
 * Set the page limit of a database.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param cpg number of pages
 * @param grbit reserved, 0
 *
 * Since: Windows Vista. Not documented by ESENT.
 * Source: published engine source; instance-and-session spec 13.
 */
JET_ERR JET_API JetSetMaxDatabaseSize(JET_SESID sesid, JET_DBID dbid, uint32_t cpg,
    JET_GRBIT grbit);

/* ---- Private functions: Tables ---- */

/**
 * As above with separate-LV settings.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param ptablecreate in/out: description; tableid, cCreated and the err fields are written
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetCreateTableColumnIndex5A(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE5_A *ptablecreate);
JET_ERR JET_API JetCreateTableColumnIndex5W(JET_SESID sesid, JET_DBID dbid,
    JET_TABLECREATE5_W *ptablecreate);
#ifdef JET_UNICODE
#define JetCreateTableColumnIndex5 JetCreateTableColumnIndex5W
#else
#define JetCreateTableColumnIndex5 JetCreateTableColumnIndex5A
#endif

/**
 * Delete a table with options.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param szTableName table
 * @param grbit reserved, 0
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
#ifdef JET_UNICODE
#define JetDeleteTable2 JetDeleteTable2W
#else
JET_ERR JET_API JetDeleteTable2(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    JET_GRBIT grbit);
#endif
/** JetDeleteTable2 with UTF-8 strings. */
JET_ERR JET_API JetDeleteTable2A(JET_SESID sesid, JET_DBID dbid, const char *szTableName,
    JET_GRBIT grbit);
/** JetDeleteTable2 with UTF-16LE strings. */
JET_ERR JET_API JetDeleteTable2W(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName,
    JET_GRBIT grbit);

/**
 * Changes a property of a cursor.
 *
 * JET_TblInfoEncryptionKey: the key with which the cursor reads and writes columns that have
 * JET_bitColumnEncrypted; cbParam 0 takes it away. Without a key such columns answer
 * JET_errColumnNoEncryptionKey, with another one than theirs JET_errDecryptionFailed.
 * Encrypted columns are of a long type, have one value and no default, and cannot be indexed.
 * The key goes with the cursor; JetDupCursor does not copy it. JetGetTableInfo reads it.
 * On pages of up to 8 KiB a value that fills a whole chunk (JET_paramLVChunkSizeMost) does not fit when it is
 * encrypted: JET_errRecordTooBig.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pvParam value; copied
 * @param cbParam bytes of pvParam
 * @param InfoLevel JET_TblInfoEncryptionKey
 *
 * Errors:
 * - JET_errFeatureNotAvailable: another level, or the module with the cipher (libesent-crypto.so) is not there
 * - JET_errInvalidParameter: these bytes are no key; the cursor has none then
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
#ifdef JET_UNICODE
#define JetSetTableInfo JetSetTableInfoW
#else
JET_ERR JET_API JetSetTableInfo(JET_SESID sesid, JET_TABLEID tableid, const void *pvParam,
    uint32_t cbParam, uint32_t InfoLevel);
#endif
/** JetSetTableInfo with UTF-8 strings. */
JET_ERR JET_API JetSetTableInfoA(JET_SESID sesid, JET_TABLEID tableid, const void *pvParam,
    uint32_t cbParam, uint32_t InfoLevel);
/** JetSetTableInfo with UTF-16LE strings. */
JET_ERR JET_API JetSetTableInfoW(JET_SESID sesid, JET_TABLEID tableid, const void *pvParam,
    uint32_t cbParam, uint32_t InfoLevel);

/* ---- Private functions: Keys, seeks and ranges ---- */

/**
 * Read ahead one range.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pIndexRange range
 * @param cPageCacheMin fewest pages to read ahead; at most cPageCacheMax
 * @param cPageCacheMax most pages to read ahead
 * @param grbit JET_bitPrereadForward or JET_bitPrereadBackward, with JET_bitPrereadNormalizedKey or without
 * @param pcPageCacheActual out: pages read ahead, or found in the cache; may be NULL
 *
 * Returns JET_errSuccess, or:
 * - JET_errIllegalOperation: a temporary table
 * - JET_errInvalidGrbit: unknown bits, no direction, or both
 * - JET_errInvalidParameter: no range, or numbers that contradict each other
 *
 * Since: Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetPrereadIndexRange(JET_SESID sesid, JET_TABLEID tableid,
    const JET_INDEX_RANGE *pIndexRange, uint32_t cPageCacheMin, uint32_t cPageCacheMax,
    JET_GRBIT grbit, uint32_t *pcPageCacheActual);

/**
 * Read ahead tables.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param rgszTables tables; of each the pages from its root to its first row are read
 * @param cTables elements of rgszTables
 * @param grbit reserved, 0
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: grbit is not 0
 * - JET_errInvalidParameter: rgszTables is NULL, cTables negative
 * - JET_errObjectNotFound: no such table; those before it have been read
 *
 * Since: Windows 8. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetPrereadTablesW(JET_SESID sesid, JET_DBID dbid, const char16_t **rgszTables,
    int32_t cTables, JET_GRBIT grbit);
#define JetPrereadTables JetPrereadTablesW

/* ---- Private functions: Records ---- */

/**
 * JetGetRecordSize2 that also tells of the key and of long values inside the record.
 *
 * The numbers are those that storing the record takes in an uncompressed page: the key counts in
 * full, both in cbKey and in cbOverhead. Long values inside the record count in cbData too.
 *
 * @param sesid session
 * @param tableid cursor
 * @param precsize in/out: sizes; added to with JET_bitRecordSizeRunningTotal
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitRecordSizeInCopyBuffer: measure the record being updated
 * - JET_bitRecordSizeRunningTotal: add to the numbers in the structure instead of replacing them
 * - JET_bitRecordSizeLocal: leave out long values stored outside the record
 * - JET_bitRecordSizeIntrinsicPhysicalOnly: values inside the record count with their stored size,
 *   compressed or not, which saves decompressing them
 * - JET_bitRecordSizeExtrinsicLogicalOnly: values outside the record count with their plain size,
 *   which saves reading them
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: another bit, also JET_bitRecordSizeIncludeDefaultValues and
 *   JET_bitRecordSizeSecondaryIndexKeyOnly
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - JET_errRecordDeleted: record was deleted
 * - JET_errInvalidParameter: precsize is NULL
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetGetRecordSize3(JET_SESID sesid, JET_TABLEID tableid, JET_RECSIZE3 *precsize,
    JET_GRBIT grbit);

/**
 * Reads referenced column values ahead.
 *
 * @param sesid session
 * @param tableid cursor on the table of the values; it need not be on a record
 * @param rgpvReferences references, as JetRetrieveColumn and others give them with
 *   JET_bitRetrieveAsRefIfNotInRecord
 * @param rgcbReferences bytes of each
 * @param cReferences elements of both arrays
 * @param cPageCacheMin fewest pages to read ahead; not more than cPageCacheMax
 * @param cPageCacheMax most pages to read ahead
 * @param pcReferencesPreread out: values whose pages were read; may be NULL
 * @param grbit JET_bitPrereadFirstPage: only the first page of each value; else 0
 *
 * References that have become stale are passed over.
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: an array is NULL, cPageCacheMin above cPageCacheMax, temporary table
 * - JET_errInvalidGrbit: another bit
 * - JET_errInvalidOperation: the cursor has a prepared update
 * - JET_errInvalidColumnReference: one of them is no reference; nothing was read
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetPrereadColumnsByReference(JET_SESID sesid, JET_TABLEID tableid,
    const void * const *rgpvReferences, const uint32_t *rgcbReferences, uint32_t cReferences,
    uint32_t cPageCacheMin, uint32_t cPageCacheMax, uint32_t *pcReferencesPreread, JET_GRBIT grbit);

/**
 * Reads a column value outside its record through a reference to it.
 *
 * A reference is a block of bytes that may be kept, also over restarts of the engine. It is good
 * while the value exists that it was made for: changing the value makes it stale.
 *
 * @param sesid session
 * @param tableid cursor on the table of the value; it need not be on a record and does not move
 * @param pvReference reference from JetRetrieveColumn or JetRetrieveColumns with
 *   JET_bitRetrieveAsRefIfNotInRecord, JetEnumerateColumns with JET_bitEnumerateAsRefIfNotInRecord,
 *   or JetStreamRecords with JET_bitStreamColumnReferences
 * @param cbReference bytes of pvReference
 * @param ibData first byte of the value to read
 * @param pvData out: value from ibData on; may be NULL when cbData is 0
 * @param cbData bytes of pvData
 * @param pcbActual out: bytes from ibData on, also when the buffer is too small; may be NULL when
 *   pvData is not
 * @param grbit JET_bitRetrievePhysicalSize: only *pcbActual is wanted, as the bytes that the value
 *   takes as stored; ibData, pvData and cbData are 0 then; else 0
 *
 * Returns JET_errSuccess, JET_wrnBufferTruncated, or:
 * - JET_errInvalidColumnReference: not a reference
 * - JET_errStaleColumnReference: of another database, or the column or the value is gone
 * - JET_errColumnNoEncryptionKey: the column is encrypted and the cursor has no key
 * - JET_errInvalidParameter: a buffer is missing, temporary table
 * - JET_errInvalidGrbit: another bit
 * - JET_errInvalidOperation: the cursor has a prepared update
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetRetrieveColumnByReference(JET_SESID sesid, JET_TABLEID tableid,
    const void *pvReference, uint32_t cbReference, uint32_t ibData, void *pvData, uint32_t cbData,
    uint32_t *pcbActual, JET_GRBIT grbit);

/**
 * Takes the next column value out of what JetStreamRecords has packed.
 *
 * The stream remembers how far it has been read: one thread may read it at a time. It may have been
 * stored and come back; damage is found.
 *
 * @param pvData in/out: stream
 * @param cbData bytes of it, as JetStreamRecords told
 * @param piRecord out: number of the record in the stream, from 0
 * @param pcolumnid out: column id
 * @param pitagSequence out: number of the value, from 1
 * @param pibValue out: offset of the value from pvData
 * @param pcbValue out: bytes of the value
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnColumnNull: the column has no value
 * - JET_wrnColumnReference: the value is a reference, for JetRetrieveColumnByReference
 * - JET_wrnColumnNotInRecord: there is a value, but the stream does not have it
 * - JET_wrnNoMoreRecords: all has been read; the out parameters are unchanged
 * - JET_errInvalidParameter: an argument is NULL, or these are not the bytes of a stream
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetRetrieveColumnFromRecordStream(void *pvData, uint32_t cbData, uint32_t *piRecord,
    JET_COLUMNID *pcolumnid, uint32_t *pitagSequence, uint32_t *pibValue, uint32_t *pcbValue);

/**
 * Lists the tagged columns of a record.
 *
 * @param sesid session
 * @param tableid cursor
 * @param pcColumns out: columns listed
 * @param pvData out: array of JET_RETRIEVEMULTIVALUECOUNT; NULL: columns are only counted
 * @param cbData bytes of pvData; the list ends where it is full. With pvData NULL: of as many
 *   elements as are to be counted at most, 0 for all
 * @param columnidStart tagged column to begin with; any other id: the first
 * @param grbit option bits, below; others are ignored
 *
 * Bits:
 * - JET_bitRetrieveCopy: the record being updated
 * - JET_bitRetrieveIgnoreDefault: leave out columns that only have their default value
 *
 * Of an element, cMultiValues are the values of the column (0 when it was set to null against its
 * default), fLongValue tells a long value, fNullOverride that null, fDerived a column of the
 * template table.
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: pcColumns is NULL
 * - JET_errNoCurrentRecord: the cursor is on no record
 * - JET_errRecordDeleted: record was deleted
 * - JET_errIllegalOperation: temporary table
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows 2000. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetRetrieveTaggedColumnList(JET_SESID sesid, JET_TABLEID tableid,
    uint32_t *pcColumns, void *pvData, uint32_t cbData, JET_COLUMNID columnidStart,
    JET_GRBIT grbit);

/**
 * Packs the columns of many records into a buffer, for JetRetrieveColumnFromRecordStream.
 *
 * Begins with the current record and goes on to the end of the table or index range, as long as
 * whole records fit. The cursor is then on the first record that did not fit, from where the next
 * call goes on; *pcbActual tells what was packed, and is 21 when not even one record fits. The
 * cursor's filter and index range apply, as in JetMove; a prepared update is given up.
 *
 * On a secondary index the values come from the keys alone, without a look at the records: columns
 * that no key has unchanged are told to be not in the record.
 *
 * @param sesid session
 * @param tableid cursor; not of a temporary table
 * @param ccolumnid elements of rgcolumnid
 * @param rgcolumnid columns; NULL: all, on a secondary index those of its and the primary keys
 * @param pvData out: stream
 * @param cbData bytes of pvData, 21 or more
 * @param pcbActual out: bytes of the stream; may be NULL
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitStreamForward: forwards
 * - JET_bitStreamBackward: backwards; one of both must be given
 * - JET_bitStreamColumnReferences: values outside the record are packed as references to them;
 *   without it they are told to be not in the record
 *
 * Returns JET_errSuccess (there are more records), JET_wrnNoMoreRecords, or:
 * - JET_errInvalidGrbit: no direction or both, another bit
 * - JET_errInvalidParameter: ccolumnid does not fit rgcolumnid, or a buffer is missing
 * - JET_errBufferTooSmall: cbData is less than 21
 * - JET_errBadColumnId, JET_errColumnNotFound: rgcolumnid names no column
 * - JET_errCallbackFailed: the table has columns with user-defined defaults
 * - JET_errColumnNoEncryptionKey: a column is encrypted and the cursor has no key
 * - JET_errInvalidOperation, JET_errIllegalOperation: temporary table
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetStreamRecords(JET_SESID sesid, JET_TABLEID tableid, uint32_t ccolumnid,
    const JET_COLUMNID *rgcolumnid, void *pvData, uint32_t cbData, uint32_t *pcbActual,
    JET_GRBIT grbit);

/* ---- Private functions: Backup ---- */

/**
 * Record that a replica is being backed up.
 *
 * @param instance instance
 * @param lgenFirst first log of the backup
 * @param lgenLast last log of the backup
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitBackupIncremental: only the logs since the last full backup
 * - JET_bitKeepOldLogs: obsolete
 * - JET_bitBackupAtomic: the new backup replaces the old one only when complete, keeping one
 *   previous copy until then
 * - JET_bitBackupFullWithAllLogs: obsolete
 * - JET_bitBackupSnapshot: reserved
 * - JET_bitBackupSurrogate: the backup is made of a replica
 * - JET_bitInternalCopy: the copy serves replication, not a backup
 * All but JET_bitBackupIncremental and JET_bitBackupSurrogate are refused.
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: lgenFirst is 0 or behind lgenLast, or lgenLast has not been begun
 * - JET_errInvalidGrbit: other bits
 * - JET_errInvalidBackup: JET_paramCircularLog is on
 * - JET_errMissingFullBackup: incremental, and a database had no full backup by snapshot or of a replica
 * - JET_errBackupInProgress, JET_errSurrogateBackupInProgress: another one runs
 * - JET_errBackupNotAllowedYet, JET_errLoggingDisabled, JET_errLogWriteFail as JetBeginExternalBackupInstance
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source; backup-and-restore spec 14.
 */
JET_ERR JET_API JetBeginSurrogateBackup(JET_INSTANCE instance, uint32_t lgenFirst,
    uint32_t lgenLast, JET_GRBIT grbit);

/**
 * End a surrogate backup.
 *
 * @param instance instance
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitBackupEndNormal: everything was copied; headers are updated
 * - JET_bitBackupEndAbort: the backup was given up; headers stay as they were
 * - JET_bitBackupTruncateDone: let the headers count the backup as complete although the truncation
 *   of logs did not finish
 * - JET_bitBackupNoDbHeaderUpdate: leave the headers alone
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidParameter: not exactly one of Normal and Abort
 * - JET_errNoBackup: none runs
 * - JET_errBackupInProgress: the backup that runs is no surrogate one; it is over all the same
 * - JET_errBackupAbortByServer: JetStopBackupInstance had been called
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source; backup-and-restore spec 11, 14.
 */
JET_ERR JET_API JetEndSurrogateBackup(JET_INSTANCE instance, JET_GRBIT grbit);

/**
 * Open a file for streaming from an offset.
 *
 * @param instance instance
 * @param szFile path
 * @param phFile out: file handle
 * @param iSection number of the section
 * @param cSections number of sections
 * @param ibRead byte to begin at
 * @param pulSectionSizeLow out: section size, low 32 bits
 * @param plSectionSizeHigh out: section size, high 32 bits
 *
 * Returns JET_errSuccess, or:
 * - JET_wrnNyi: more than one section
 * - JET_errInvalidParameter: ibRead is no multiple of the page size, lies before page 2 or behind the stream, or is not 0 for a log; an out-parameter is NULL
 * - the errors of JetOpenFileInstance
 * Source: published engine source; backup-and-restore spec 7.
 */
#ifdef JET_UNICODE
#define JetOpenFileSectionInstance JetOpenFileSectionInstanceW
#else
JET_ERR JET_API JetOpenFileSectionInstance(JET_INSTANCE instance, char *szFile, JET_HANDLE *phFile,
    int32_t iSection, int32_t cSections, uint64_t ibRead, uint32_t *pulSectionSizeLow,
    int32_t *plSectionSizeHigh);
#endif
/** JetOpenFileSectionInstance with UTF-8 strings. */
JET_ERR JET_API JetOpenFileSectionInstanceA(JET_INSTANCE instance, char *szFile, JET_HANDLE *phFile,
    int32_t iSection, int32_t cSections, uint64_t ibRead, uint32_t *pulSectionSizeLow,
    int32_t *plSectionSizeHigh);
/** JetOpenFileSectionInstance with UTF-16LE strings. */
JET_ERR JET_API JetOpenFileSectionInstanceW(JET_INSTANCE instance, char16_t *szFile,
    JET_HANDLE *phFile, int32_t iSection, int32_t cSections, uint64_t ibRead,
    uint32_t *pulSectionSizeLow, int32_t *plSectionSizeHigh);

/* ---- Private functions: Snapshots ---- */

/**
 * Obsolete stub.
 *
 * @param instance instance
 * @param szDatabases databases
 * @param grbit reserved, 0
 *
 * Since: Windows XP. Not documented by ESENT.
 * Source: published engine source; backup-and-restore spec.
 */
#ifdef JET_UNICODE
#define JetSnapshotStart JetSnapshotStartW
#else
JET_ERR JET_API JetSnapshotStart(JET_INSTANCE instance, char *szDatabases, JET_GRBIT grbit);
#endif
/** JetSnapshotStart with UTF-8 strings. */
JET_ERR JET_API JetSnapshotStartA(JET_INSTANCE instance, char *szDatabases, JET_GRBIT grbit);
/** JetSnapshotStart with UTF-16LE strings. */
JET_ERR JET_API JetSnapshotStartW(JET_INSTANCE instance, char16_t *szDatabases, JET_GRBIT grbit);

/**
 * Obsolete stub.
 *
 * @param instance instance
 * @param grbit reserved, 0
 *
 * Since: Windows XP. Not documented by ESENT.
 * Source: published engine source; backup-and-restore spec.
 */
JET_ERR JET_API JetSnapshotStop(JET_INSTANCE instance, JET_GRBIT grbit);

/* ---- Private functions: Maintenance and tools ---- */

/**
 * Begin to replace pages of a database that is not attached, with those of another copy of it.
 *
 * From now on the header says JET_dbstateIncrementalReseedInProgress: nobody can attach or recover the
 * file (JET_errDatabaseIncompleteIncrementalReseed) before JetEndDatabaseIncrementalReseed. The instance
 * holds the file open and locked until then, or until it ends; it need not have been started, and its
 * parameters say where the logs are. Up to seven databases at a time. A database in that state
 * already is taken up again.
 *
 * @param instance instance
 * @param szDatabase path of the database file
 * @param genFirstDivergedLog first log that differs from those of the other copy; used for revert
 *        snapshots only, which are not kept
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitBeginDatabaseIncrementalReseedPatchRBS: also patch revert snapshots; there are none
 *
 * Errors:
 * - JET_errInvalidParameter: no path; JET_errInvalidGrbit
 * - JET_errFileNotFound, JET_errFileAccessDenied: also when it is attached, or begun already
 * - JET_errDatabaseCorrupted: not a database, or both copies of its header are bad
 * - JET_errInvalidDatabaseVersion, JET_errPageSizeMismatch
 * - JET_errDatabaseInvalidIncrementalReseed: it is not dirty
 * - JET_errTooManyAttachedDatabases
 * - JET_errInitInProgress, JET_errTermInProgress, JET_errRestoreInProgress: the state of the instance
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source.
 */
#ifdef JET_UNICODE
#define JetBeginDatabaseIncrementalReseed JetBeginDatabaseIncrementalReseedW
#else
JET_ERR JET_API JetBeginDatabaseIncrementalReseed(JET_INSTANCE instance, const char *szDatabase,
    uint32_t genFirstDivergedLog, JET_GRBIT grbit);
#endif
/** JetBeginDatabaseIncrementalReseed with UTF-8 strings. */
JET_ERR JET_API JetBeginDatabaseIncrementalReseedA(JET_INSTANCE instance, const char *szDatabase,
    uint32_t genFirstDivergedLog, JET_GRBIT grbit);
/** JetBeginDatabaseIncrementalReseed with UTF-16LE strings. */
JET_ERR JET_API JetBeginDatabaseIncrementalReseedW(JET_INSTANCE instance,
    const char16_t *szDatabase, uint32_t genFirstDivergedLog, JET_GRBIT grbit);

/**
 * Takes a piece of another instance's log (JET_paramEmitLogDataCallback) and writes it into a shadow
 * log.
 *
 * Shadow logs are files <base>XXXXX.jsl in the log folder of the instance, named as its logs are.
 * They serve nobody there; copied to another folder with the extension .log they are a log stream
 * that recovers from its first generation or follows a backup. Data is written before the call
 * returns and synced when the generation is complete or the sender ends.
 *
 * Pieces must come in their order. A first call forgets the order, and what follows may continue a
 * file that is there; a header begins its generation at any time. A piece that is refused changes
 * nothing, so that it may be sent again. Checksums and positions in the data are checked, which the
 * original does not do. May be called from the callback itself, also for the instance whose log it
 * is, and by any number of threads.
 *
 * @param instance instance, started; or the sending one, in its callback
 * @param pEmitLogDataCtx what the piece is
 * @param pvLogData data of the log
 * @param cbLogData bytes of pvLogData, a multiple of 4096
 * @param grbits reserved, 0
 * @return
 * - JET_wrnPreviousLogFileIncomplete: taken; the generation before was never completed, and its
 *   file has been removed
 * - JET_errInvalidLogDataSequence: not the next piece, or more than its file holds
 * - JET_errInvalidParameter: no context, or one of another size or version; no data, parts of
 *   sectors, sequence number 0
 * - JET_errInvalidGrbit: grbits, or not exactly one of the bits that are sent
 * - JET_errLogFileCorrupt: the data is damaged, or not of the place it is sent to
 * - JET_errLogSectorSizeMismatch, JET_errFileInvalidType, JET_errBadLogVersion: a header that cannot
 *   be read here
 * - JET_errDiskFull, JET_errDiskIO, JET_errOutOfMemory, JET_errOutOfFileHandles: the piece may be sent
 *   again; but a generation whose completion failed counts as incomplete
 * - the errors of every call with an instance
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetConsumeLogData(JET_INSTANCE instance, JET_EMITDATACTX *pEmitLogDataCtx,
    void *pvLogData, uint32_t cbLogData, JET_GRBIT grbits);

/**
 * Changes a definition of a table in place. No row is looked at: the caller answers for what rows become under
 * the new definition.
 *
 * @param sesid session
 * @param dbid database, opened by this session for writing
 * @param convtyp conversion; pvData is the structure named
 *     - opDDLConvAddCallback (JET_DDLADDCALLBACK): a function for events of the table
 *     - opDDLConvChangeColumn (JET_DDLCHANGECOLUMN): type and grbits of a column
 *     - opDDLConvAddColumnCallback (JET_DDLADDCOLUMNCALLBACK): the column's default is computed by a function
 *     - opDDLConvIncreaseMaxColumnSize (JET_DDLMAXCOLUMNSIZE): of a long, or variable text or binary, column
 *     - opDDLConvChangeIndexDensity (JET_DDLINDEXDENSITY): szIndex NULL: of the table's rows
 *     - opDDLConvAddConditionalColumnsToAllIndexes (JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES): all secondary
 *       indexes of the table; an index that has a condition for the column keeps that one. Entries there are
 *       stay, those of rows written from now on follow the conditions
 *     - opDDLConvChangeCallbackDLL (JET_DDLCALLBACKDLL): functions "module!name" of all tables, for events and
 *       for defaults, whose module's name begins with szOldDLL (ASCII letters of either case), get szNewDLL
 *       as their module; all or none
 * @param pvData in: the structure
 * @param cbData its size
 *
 * Errors:
 * - JET_errInvalidParameter: another size or conversion, a size below the present one, more than 16
 *   conditions of an index, a function's name that would be longer than JET_cbNameMost or has no module
 * - JET_errInvalidColumnType: none, or one for which the column has no room in rows: the table could not be
 *   opened any more. ESENT does not look
 * - JET_errColumnCannotBeEncrypted, JET_errCannotIndexOnEncryptedColumn: JET_bitColumnEncrypted for a column
 *   that could not be made with it. ESENT does not look
 * - JET_errIndexInvalidDef (W: JET_errInvalidParameter): a condition's cbStruct; JET_errInvalidGrbit: not
 *   exactly one of JET_bitIndexColumnMustBeNull and JET_bitIndexColumnMustBeNonNull
 * - JET_errObjectNotFound, JET_errColumnNotFound, JET_errIndexNotFound: there is none of that name
 * - JET_errDensityInvalid: not 20 to 100
 * - JET_errInvalidObject: a system table
 *
 * Source: published engine source.
 */
#ifdef JET_UNICODE
#define JetConvertDDL JetConvertDDLW
#else
JET_ERR JET_API JetConvertDDL(JET_SESID sesid, JET_DBID dbid, JET_OPDDLCONV convtyp, void *pvData,
    uint32_t cbData);
#endif
/** JetConvertDDL with UTF-8 strings. */
JET_ERR JET_API JetConvertDDLA(JET_SESID sesid, JET_DBID dbid, JET_OPDDLCONV convtyp, void *pvData,
    uint32_t cbData);
/** JetConvertDDL with UTF-16LE strings. */
JET_ERR JET_API JetConvertDDLW(JET_SESID sesid, JET_DBID dbid, JET_OPDDLCONV convtyp, void *pvData,
    uint32_t cbData);

/**
 * Makes a random key for columns with JET_bitColumnEncrypted. The key is given to cursors with
 * JetSetTableInfo; no database holds it, and without it the values are lost.
 *
 * @param encryptionAlgorithm JET_EncryptionAlgorithmAes256
 * @param pvKey out: the key, 49 bytes; NULL: only their number is wanted
 * @param cbKey bytes of pvKey
 * @param pcbActual out: size of the key, also when the buffer is too small; may be NULL
 *
 * Errors:
 * - JET_errInvalidParameter: another algorithm
 * - JET_errBufferTooSmall: cbKey is less than the key's size
 * - JET_errFeatureNotAvailable: the module with the cipher (libesent-crypto.so) is not there
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetCreateEncryptionKey(uint32_t encryptionAlgorithm, void *pvKey, uint32_t cbKey,
    uint32_t *pcbActual);

/**
 * Entry point of the offline tools. The library prints nothing: what ESENT writes to the console is told by the
 * tools `ese` and `esentutl`; the answer says whether the file is sound, or the work done.
 *
 * - opDBUTILEDBRepair with JET_bitDBUtilOptionDontRepair: integrity of szDatabase; pfnCallback, a JET_PFNSTATUS,
 *   is told the progress (JET_snpRepair). Without that bit: repair of szDatabase, which is replaced by a new
 *   database of everything that can still be read of it (see `ese salvage`); JET_wrnDatabaseRepaired when anything
 *   was damaged.
 * - opDBUTILDBDefragment: JetCompact of szDatabase to szTable
 * - opDBUTILDBTrim: gives the free space at the end of szDatabase back
 * - opDBUTILDumpHeader, opDBUTILDumpCheckpoint, opDBUTILDumpLogfile, opDBUTILDumpRBSHeader: szDatabase is a file of
 *   that kind, which is read and checked
 * - opDBUTILDumpLogfileTrackNode: does nothing, as in ESENT
 *
 * @param pdbutil operation and options. sesid 0 is allowed where no database is attached or changed for the
 *     caller: then an instance is made for the call. Repair, defragmentation and trimming need a session.
 *
 * Errors:
 * - JET_errInvalidParameter: cbStruct is not the size of the structure
 * - JET_errDatabaseInvalidName: szDatabase, or the target, is missing
 * - JET_errDatabaseCorrupted: the database is damaged
 * - JET_errReadVerifyFailure, JET_errCheckpointCorrupt, JET_errLogFileCorrupt, JET_errRBSHeaderCorrupt...: so is the file
 * - JET_errCheckpointFileNotFound, JET_errFileNotFound
 * - JET_errFeatureNotAvailable: another operation
 *
 * Source: published engine source.
 */
#ifdef JET_UNICODE
#define JetDBUtilities JetDBUtilitiesW
#else
JET_ERR JET_API JetDBUtilities(JET_DBUTIL_A *pdbutil);
#endif
/** JetDBUtilities with UTF-8 strings. */
JET_ERR JET_API JetDBUtilitiesA(JET_DBUTIL_A *pdbutil);
/** JetDBUtilities with UTF-16LE strings. */
JET_ERR JET_API JetDBUtilitiesW(JET_DBUTIL_W *pdbutil);

/**
 * Starts or stops a scan of the database's file in the background: every page is read and its checksum
 * verified; damaged ones are reported as event 474. At most one scan runs for a database; it ends when
 * the database is detached or the instance ends.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param pcSecondsMax start: most seconds, 0 for no limit; stop: seconds since the start. May be NULL
 * @param cmsecSleep milliseconds between batches of 16 pages
 * @param pfnCallback JET_cbtypScanCompleted with pointers to the seconds and pages of a pass (uint32_t),
 *     or NULL
 * @param grbit one of JET_bitDatabaseScanBatchStart (one pass), JET_bitDatabaseScanBatchStartContinuous
 *     (pass after pass, with an hour between them; takes no seconds, sleep or callback),
 *     JET_bitDatabaseScanBatchStop
 *
 * Returns JET_errSuccess, or:
 * - JET_errInvalidGrbit: none or several of these, or JET_bitDatabaseScanZeroPages
 * - JET_errInvalidParameter: an argument that a continuous scan does not take
 * - JET_errDatabaseAlreadyRunningMaintenance: one runs already
 * - JET_errTransReadOnly: the transaction is read-only
 * - the errors of handles and of the instance's state, listed at the top of this file
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetDatabaseScan(JET_SESID sesid, JET_DBID dbid, uint32_t *pcSecondsMax,
    uint32_t cmsecSleep, JET_CALLBACK pfnCallback, JET_GRBIT grbit);

/**
 * End the replacing of pages: name the logs that make the database consistent.
 *
 * Header and checkpoint are set so that the next JetInit replays these logs; until the last of them has been
 * replayed the header says JET_dbstateDirtyAndPatchedShutdown. Needed are all logs from the oldest moment
 * of any page to the newest: the minimum of the file's own header and of the other copy's, and the log
 * that the other copy wrote when its last page was read. They must be in the log folder of the instance, as one
 * chain; the last one may be the current log. On an error the database stays as it is, and the
 * call may be made again.
 *
 * @param instance instance
 * @param szDatabase path of the database file, as it was begun
 * @param genMinRequired first log needed; the header's own is taken if it is lower. When no log of the range
 *        names the database as attached, an older one that does is needed too
 * @param genFirstDivergedLog first log that differs from those the database has seen; 0: none, the
 *        range that the header has is then never shortened
 * @param genMaxRequired last log needed
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitEndDatabaseIncrementalReseedCancel: give the reseed up; the three generations must be 0. The file is
 *   closed and cannot be used before another reseed
 *
 * Errors:
 * - JET_errDatabaseInvalidIncrementalReseed: not begun
 * - JET_errInvalidParameter: generations of 0, out of order; JET_errInvalidGrbit
 * - JET_errLogFileCorrupt: a log is missing, or damaged
 * - JET_errBadLogSignature, JET_errInvalidLogSequence: they are no chain
 * - JET_errDatabaseFailedIncrementalReseed: the logs are not the database's, or know it only by a later
 *   attach; JET_errNoAttachmentsFailedIncrementalReseed: they name no database
 * - JET_errBadCheckpointSignature: the checkpoint file is of another stream
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source.
 */
#ifdef JET_UNICODE
#define JetEndDatabaseIncrementalReseed JetEndDatabaseIncrementalReseedW
#else
JET_ERR JET_API JetEndDatabaseIncrementalReseed(JET_INSTANCE instance, const char *szDatabase,
    uint32_t genMinRequired, uint32_t genFirstDivergedLog, uint32_t genMaxRequired,
    JET_GRBIT grbit);
#endif
/** JetEndDatabaseIncrementalReseed with UTF-8 strings. */
JET_ERR JET_API JetEndDatabaseIncrementalReseedA(JET_INSTANCE instance, const char *szDatabase,
    uint32_t genMinRequired, uint32_t genFirstDivergedLog, uint32_t genMaxRequired,
    JET_GRBIT grbit);
/** JetEndDatabaseIncrementalReseed with UTF-16LE strings. */
JET_ERR JET_API JetEndDatabaseIncrementalReseedW(JET_INSTANCE instance, const char16_t *szDatabase,
    uint32_t genMinRequired, uint32_t genFirstDivergedLog, uint32_t genMaxRequired,
    JET_GRBIT grbit);

/**
 * Read pages of a database in use, as they stand in its file.
 *
 * The file may lack changes that are in memory only: whoever uses the pages needs the logs, too. Checksums and
 * structure are checked, a single wrong bit is corrected, blank pages are fine. Pages behind the end of the
 * file are given with a dbtime of 0xFFFFFFFFFFFFFFFD and no content.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param pgnoStart first page, at least 1
 * @param cpg number of pages; may be 0
 * @param pv buffer, aligned to 4096 bytes; may be NULL when cb is 0
 * @param cb bytes of pv
 * @param pcbActual out: bytes read, cpg times the page size
 * @param grbit reserved, 0
 *
 * Errors:
 * - JET_errInvalidDatabaseId: not open in the session
 * - JET_errInvalidParameter, JET_errBufferTooSmall, JET_errInvalidGrbit
 * - JET_errReadVerifyFailure, JET_errReadPgnoVerifyFailure, JET_errDatabaseCorrupted, JET_errDiskIO: a page
 *   is damaged; it is asked for (JetOnlinePatchDatabasePage)
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetGetDatabasePages(JET_SESID sesid, JET_DBID dbid, uint32_t pgnoStart,
    uint32_t cpg, void *pv, uint32_t cb, uint32_t *pcbActual, JET_GRBIT grbit);

/**
 * What the header of a log file says. No instance is needed, and the log may be in use.
 *
 * Only the header is read: its checksum is verified, the rest of the file may be damaged or absent.
 * cbHeader and cbFile of the structures count sectors.
 *
 * @param szLog path of the log file
 * @param pvResult out: JET_LOGINFOMISC, JET_LOGINFOMISC2 or JET_LOGINFOMISC3, as InfoLevel says
 * @param cbMax bytes of the buffer, exactly those of the structure
 * @param InfoLevel JET_LogInfoMisc, JET_LogInfoMisc2 or JET_LogInfoMisc3
 * @return
 * - JET_errFileNotFound, JET_errInvalidPath, JET_errFileAccessDenied: the file; told before anything
 *   that is wrong with the other arguments
 * - JET_errInvalidParameter: another level, no buffer
 * - JET_errInvalidBufferSize: cbMax
 * - JET_errFileIOBeyondEOF: shorter than a header
 * - JET_errLogFileCorrupt, JET_errFileInvalidType, JET_errBadLogVersion: no log, or none we read
 *
 * Since: Windows Vista. Not documented by ESENT.
 * Source: published engine source.
 */
#ifdef JET_UNICODE
#define JetGetLogFileInfo JetGetLogFileInfoW
#else
JET_ERR JET_API JetGetLogFileInfo(const char *szLog, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
#endif
/** JetGetLogFileInfo with UTF-8 strings. */
JET_ERR JET_API JetGetLogFileInfoA(const char *szLog, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
/** JetGetLogFileInfo with UTF-16LE strings. */
JET_ERR JET_API JetGetLogFileInfoW(const char16_t *szLog, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);

/**
 * Check pages in memory and say what they are.
 *
 * The page size is JET_paramDatabasePageSize; no instance is needed. A single wrong bit is corrected in the
 * memory given and told in fCorrectableError. checksumExpected is the sum in the page, checksumActual the one it
 * should have; dbtime is 0xFFFFFFFFFFFFFFFE for a blank or damaged page; structureChecksum is equal for pages
 * that say the same, whatever unused bytes they have; flags is 0. Page number 0 means the database header.
 *
 * @param pvPages pages, aligned to the page size
 * @param cbData bytes of pvPages
 * @param rgPageInfo in/out: an entry for each page, page numbers in, the rest out
 * @param cbPageInfo bytes of rgPageInfo
 * @param grbit option bits, below
 * @param ulInfoLevel JET_PageInfo
 *
 * Bits:
 * - JET_bitPageInfoNoStructureChecksum: do not compute the structure checksum
 *
 * Errors:
 * - JET_errInvalidParameter: sizes, alignment or level do not fit; JET_errInvalidGrbit
 * - JET_errReadVerifyFailure: at least one page is damaged; all entries are filled in
 *
 * Since: Windows Vista. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetGetPageInfo(void *pvPages, uint32_t cbData, JET_PAGEINFO *rgPageInfo,
    uint32_t cbPageInfo, JET_GRBIT grbit, uint32_t ulInfoLevel);

/**
 * Check pages in memory and say what they are, with the sums of all blocks.
 *
 * The page size is JET_paramDatabasePageSize; no instance is needed. A single wrong bit in a block is corrected in the
 * memory given and told in fCorrectableError. checksumExpected is the sum in the page, checksumActual the one it
 * should have; dbtime is 0xFFFFFFFFFFFFFFFE for a blank or damaged page; structureChecksum is equal for pages
 * that say the same, whatever unused bytes they have; flags is 0. Page number 0 means the database header.
 * Pages of 16 and 32 KiB have four sums: the first one in pageInfo, the others in rgChecksumActual and
 * rgChecksumExpected.
 *
 * @param pvPages pages, aligned to the page size
 * @param cbData bytes of pvPages
 * @param rgPageInfo in/out: an entry for each page, JET_PAGEINFO2 or JET_PAGEINFO; page numbers in, the rest out
 * @param cbPageInfo bytes of rgPageInfo
 * @param grbit option bits, below
 * @param ulInfoLevel JET_PageInfo2 or JET_PageInfo: the type of the entries
 *
 * Bits:
 * - JET_bitPageInfoNoStructureChecksum: do not compute the structure checksum
 *
 * Errors:
 * - JET_errInvalidParameter: sizes, alignment or level do not fit; JET_errInvalidGrbit
 * - JET_errReadVerifyFailure: at least one page is damaged; all entries are filled in
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetGetPageInfo2(void *pvPages, uint32_t cbData, void *rgPageInfo,
    uint32_t cbPageInfo, JET_GRBIT grbit, uint32_t ulInfoLevel);

/**
 * Reads the header of a revert snapshot that ESENT has written. OpenESE writes none.
 *
 * @param szRBSFileName path of the snapshot file
 * @param pvResult out: JET_RBSINFOMISC
 * @param cbMax size of that structure, exactly
 * @param InfoLevel JET_RBSFileInfoMisc; others tell nothing
 *
 * Errors:
 * - JET_errInvalidBufferSize: another cbMax
 * - JET_errReadVerifyFailure: neither copy of the header is one
 * - JET_errFileNotFound, JET_errFileAccessDenied: opening failed
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetGetRBSFileInfoA(const char *szRBSFileName, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
JET_ERR JET_API JetGetRBSFileInfoW(const char16_t *szRBSFileName, void *pvResult, uint32_t cbMax,
    uint32_t InfoLevel);
#ifdef JET_UNICODE
#define JetGetRBSFileInfo JetGetRBSFileInfoW
#else
#define JetGetRBSFileInfo JetGetRBSFileInfoA
#endif

/**
 * Put a good copy in the place of a page that is damaged, in a database in use.
 *
 * With JET_paramEnableExternalAutoHealing an instance that meets a damaged page asks for it: it logs a request, a
 * record with a dbtime of its own, and closes the log. Who replays the logs onto another copy of the
 * database is given the page as it is there at that record, with a token, by the callback of JetInit4
 * (JET_snpExternalAutoHealing, JET_sntPagePatchRequest, JET_SNPATCHREQUEST; what the callback returns is
 * ignored; a copy that cannot read the page is not called), and brings both back here. Another sound copy of the
 * page will do as well, as long as it holds all of its changes up to the request.
 *
 * The page is on disk when the call returns, with event 905. One that can be read by then, as the fault was a passing
 * one, is written as it is: the copy may lack its last change. When nothing has been asked for any more, as the
 * page has been mended or written anew meanwhile, the call does nothing and succeeds. Requests end with
 * the attachment; one that is older than JET_paramPatchRequestTimeout is made again when the page is met.
 *
 * @param sesid session
 * @param dbid database, opened by this session
 * @param pgno page
 * @param pvToken token of the request: 48 bytes
 * @param cbToken bytes of pvToken
 * @param pvData page
 * @param cbData bytes of pvData
 * @param grbit reserved, 0
 *
 * Errors:
 * - JET_errInvalidDatabaseId: not open in the session
 * - JET_errDisabledFunctionality: grbit 2, which once wrote any bytes
 * - JET_errInvalidParameter: healing is not enabled, the database is not logged, the token is none, or of another
 *   request, or the page is newer than the request
 * - JET_errBadLogSignature: the token is of another log stream
 * - JET_errInvalidBufferSize: the page has another size
 * - JET_errReadVerifyFailure, JET_errPageNotInitialized, JET_errDatabaseCorrupted: the copy is not sound
 * - JET_errDatabaseInUse: the page has changes in memory
 * - JET_errFileIOBeyondEOF: there is no such page
 *
 * Since: Windows 8. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetOnlinePatchDatabasePage(JET_SESID sesid, JET_DBID dbid, uint32_t pgno,
    const void *pvToken, uint32_t cbToken, const void *pvData, uint32_t cbData, JET_GRBIT grbit);

/**
 * Write pages into a database after JetBeginDatabaseIncrementalReseed.
 *
 * All pages are checked before the first is written; a wrong bit is not corrected. The file grows as needed. The header
 * counts the pages.
 *
 * @param instance instance
 * @param szDatabase path of the database file, as it was begun
 * @param pgnoStart first page, at least 1
 * @param cpg number of pages; 0: nothing is done
 * @param pv pages, as JetGetDatabasePages gives them
 * @param cb bytes of pv, at least cpg pages
 * @param grbit option bits, below
 *
 * Bits:
 * - JET_bitTestUninitShrunkPageImage: pv is not used; the pages are such as lie behind the end of the source
 * - JET_bitPatchingCorruptPage: the pages were damaged; event 911 tells of them
 *
 * Errors:
 * - JET_errDatabaseInvalidIncrementalReseed: not begun
 * - JET_errInvalidParameter, JET_errInvalidGrbit
 * - JET_errReadVerifyFailure, JET_errReadPgnoVerifyFailure, JET_errDatabaseCorrupted: a page is not sound
 * - JET_errDiskFull, JET_errDiskIO
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source.
 */
#ifdef JET_UNICODE
#define JetPatchDatabasePages JetPatchDatabasePagesW
#else
JET_ERR JET_API JetPatchDatabasePages(JET_INSTANCE instance, const char *szDatabase,
    uint32_t pgnoStart, uint32_t cpg, const void *pv, uint32_t cb, JET_GRBIT grbit);
#endif
/** JetPatchDatabasePages with UTF-8 strings. */
JET_ERR JET_API JetPatchDatabasePagesA(JET_INSTANCE instance, const char *szDatabase,
    uint32_t pgnoStart, uint32_t cpg, const void *pv, uint32_t cb, JET_GRBIT grbit);
/** JetPatchDatabasePages with UTF-16LE strings. */
JET_ERR JET_API JetPatchDatabasePagesW(JET_INSTANCE instance, const char16_t *szDatabase,
    uint32_t pgnoStart, uint32_t cpg, const void *pv, uint32_t cb, JET_GRBIT grbit);

/**
 * Cancels a revert. There never is one, so nothing happens.
 *
 * @param instance instance, started or not
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetRBSCancelRevert(JET_INSTANCE instance);

/**
 * Runs the revert that JetRBSPrepareRevert has prepared.
 *
 * @param instance instance, started or not
 * @param grbit reserved, 0
 * @param prbsrevertinfomisc out: what was done
 *
 * Errors:
 * - JET_errInvalidParameter: nothing has been prepared, which is always so
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetRBSExecuteRevert(JET_INSTANCE instance, JET_GRBIT grbit,
    JET_RBSREVERTINFOMISC *prbsrevertinfomisc);

/**
 * Prepares a revert of all databases to an earlier time, from revert snapshots. OpenESE writes none, so the
 * answer is that of ESENT where no snapshot was taken.
 *
 * @param instance instance, started or not
 * @param jltRevertExpected time to go back to
 * @param cpgCache pages of cache to use
 * @param grbit JET_bitDeleteAllExistingLogs
 * @param pjltRevertActual out: time that can be reached
 *
 * Errors:
 * - JET_errRBSRCInvalidRBS: there are no snapshots
 *
 * Since: after Windows 10. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetRBSPrepareRevert(JET_INSTANCE instance, JET_LOGTIME jltRevertExpected,
    int32_t cpgCache, JET_GRBIT grbit, JET_LOGTIME *pjltRevertActual);

/**
 * Lets a database that was not closed cleanly forget the last log it knows of, so that it can be
 * recovered without. The log file is only read, and stays.
 *
 * Possible for a log that is committed, but not yet required: no page of the database has a change
 * of it. What was committed in it is lost. A backup that ended with a mark in it is forgotten too.
 * A log later than any the database knows of changes nothing. The original gives the header a new
 * flush signature and keeps the flush map beside the file in step; here both stay as they are.
 *
 * @param szDatabase path of the database file, which nobody has open
 * @param szLogfile path of the log file
 * @param grbit reserved, 0
 * @return
 * - JET_errInvalidParameter: a bit, an empty path; a database that is not dirty, a log of another
 *   stream, not the last one, or one that recovery needs
 * - JET_errFileAccessDenied: the database is in use
 * - JET_errFileNotFound, the errors of JetGetLogFileInfo for the log; JET_errDatabaseCorrupted,
 *   JET_errInvalidDatabaseVersion and others for the database
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetRemoveLogfileA(const char *szDatabase, const char *szLogfile, JET_GRBIT grbit);
JET_ERR JET_API JetRemoveLogfileW(const char16_t *szDatabase, const char16_t *szLogfile,
    JET_GRBIT grbit);
#ifdef JET_UNICODE
#define JetRemoveLogfile JetRemoveLogfileW
#else
#define JetRemoveLogfile JetRemoveLogfileA
#endif

/**
 * Upgraded databases of formats before ESENT's own. Always JET_wrnNyi.
 *
 * @param sesid session
 * @param szDbFileName path of the database file, not looked at
 * @param szSLVFileName reserved, NULL
 * @param grbit reserved, 0
 *
 * Since: Windows XP. Not documented by ESENT.
 * Source: published engine source.
 */
#ifdef JET_UNICODE
#define JetUpgradeDatabase JetUpgradeDatabaseW
#else
JET_ERR JET_API JetUpgradeDatabase(JET_SESID sesid, const char *szDbFileName,
    const char *szSLVFileName, JET_GRBIT grbit);
#endif
/** JetUpgradeDatabase with UTF-8 strings. */
JET_ERR JET_API JetUpgradeDatabaseA(JET_SESID sesid, const char *szDbFileName,
    const char *szSLVFileName, JET_GRBIT grbit);
/** JetUpgradeDatabase with UTF-16LE strings. */
JET_ERR JET_API JetUpgradeDatabaseW(JET_SESID sesid, const char16_t *szDbFileName,
    const char16_t *szSLVFileName, JET_GRBIT grbit);

/* ---- Private functions: Callbacks, memory, diagnostics ---- */

/**
 * Read a debug counter. ESENT has none any more: always JET_errFeatureNotAvailable.
 *
 * @param sesid session
 * @param CounterType counter
 * @param plValue out: value
 * Source: published engine source.
 */
JET_ERR JET_API JetGetCounter(JET_SESID sesid, int32_t CounterType, int32_t *plValue);

/**
 * Zero a debug counter. ESENT has none any more: always JET_errFeatureNotAvailable.
 *
 * @param sesid session
 * @param CounterType counter
 * Source: published engine source.
 */
JET_ERR JET_API JetResetCounter(JET_SESID sesid, int32_t CounterType);

/**
 * Hooks for tests of the engine, as a retail build answers them.
 *
 * @param opcode operation. opTestHookGetEngineTickNow puts a uint32_t with milliseconds into pv;
 *     opTestHookGetLogTip takes an instance in pv and puts the JET_LGPOS behind its last log record
 *     there. Those that only debug builds heed do nothing.
 * @param pv argument of the operation
 *
 * Errors:
 * - JET_errInvalidParameter: no such operation, or the argument's cbStruct is wrong
 * - JET_errDisabledFunctionality: unit tests, and hooks into parts of ESENT that are made differently here
 * - JET_errTestInjectionNotSupported: opTestHookTestInjection
 *
 * Since: Windows 7. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetTestHook(TESTHOOK_OP opcode, void *pv);

/**
 * Controls tracing. OpenESE emits no traces: what is set has no effect, and a callback given with
 * JET_traceopRegisterTag or JET_traceopRegisterAllTags is told the names of the tags.
 *
 * @param traceop operation
 * @param tracetag trace tag
 * @param ul argument of the operation
 *
 * Errors:
 * - JET_errInvalidParameter: no such operation or tag, or no callback
 *
 * Since: Windows Vista. Not documented by ESENT.
 * Source: published engine source.
 */
JET_ERR JET_API JetTracing(JET_TRACEOP traceop, JET_TRACETAG tracetag, JET_API_PTR ul);

#endif /* ESENT_PRIVATE */

#ifdef __cplusplus
}
#endif

#endif /* ESENT_H */
