/* Calls for ESENT's own developers: debug counters, traces, test hooks, and the upgrade of old formats. Each answers as a retail build of ESENT (published engine source: jetapi.cxx), with or
 * without anything behind it. */
#define ESENT_PRIVATE
#include <string.h>

#include "api/api.h"
#include "api/text_arguments.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "log/log.h"
#include "os/clock.h"

enum { NS_PER_MS = 1000000 };

/* A call of a session that has one answer. */
static JET_ERR answer(JET_SESID sesid, JET_ERR what)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    err = what;
done:
    engine_leave_session(session);
    return err;
}

/* --- counters, which ESENT has lost --- */

JET_EXPORT JET_ERR JetGetCounter(JET_SESID sesid, int32_t CounterType, int32_t *plValue)
{
    (void)CounterType, (void)plValue;
    return answer(sesid, JET_errFeatureNotAvailable);
}

JET_EXPORT JET_ERR JetResetCounter(JET_SESID sesid, int32_t CounterType)
{
    (void)CounterType;
    return answer(sesid, JET_errFeatureNotAvailable);
}

/* --- formats that ESENT does not know any more --- */

JET_EXPORT JET_ERR JetUpgradeDatabaseA(JET_SESID sesid, const char *szDbFileName, const char *szSLVFileName, JET_GRBIT grbit)
{
    (void)szDbFileName, (void)szSLVFileName, (void)grbit;
    return answer(sesid, JET_wrnNyi);
}

JET_EXPORT JET_ERR JetUpgradeDatabaseW(JET_SESID sesid, const char16_t *szDbFileName, const char16_t *szSLVFileName, JET_GRBIT grbit)
{
    (void)szDbFileName, (void)szSLVFileName, (void)grbit;
    return answer(sesid, JET_wrnNyi);
}

JET_EXPORT_PLAIN(JetUpgradeDatabase);

/* --- traces --- */

static const char *const trace_names[JET_tracetagMax] = {
    "", "Information", "Errors", "Asserts", "API", "InitTerm", "BufferManager", "BufferManagerHashedLatches", "IO", "Memory", "VersionStore", "VersionStoreOOM", "VersionCleanup", "Catalog",
    "DDLRead", "DDLWrite", "DMLRead", "DMLWrite", "DMLConflicts", "Instances", "Databases", "Sessions", "Cursors", "CursorNavigation", "CursorPageRefs", "Btree", "Space", "FCBs", "Transactions",
    "Logging", "Recovery", "Backup", "Restore", "OLD", "Eventlog", "BufferManagerMaintTasks", "SpaceManagement", "SpaceInternal", "IOQueue", "DiskVolumeManagement", "Callbacks", "IOProblems",
    "Upgrade", "RecoveryValidation", "BufferManagerBufferCacheState", "BufferManagerBufferDirtyState", "TimerQueue", "SortPerf", "OLDRegistration", "OLDWork", "SysInitTerm",
    "VersionAndStagingChecks", "File", "FlushFileBuffers", "CheckpointUpdate", "Diagnostics", "BlockCache", "RBS", "RBSCleaner", "BlockCacheOperations"};

/* The word that the client gives back belongs to traces of the tag, of which there are none. */
static void register_tag(JET_API_PTR callback, unsigned tag)
{
    JET_API_PTR word = 0;
    JET_PFNTRACEREGISTER function;
    memcpy(&function, &callback, sizeof function);
    function((JET_TRACETAG)tag, trace_names[tag], &word);
}

JET_EXPORT JET_ERR JetTracing(JET_TRACEOP traceop, JET_TRACETAG tracetag, JET_API_PTR ul)
{
    JET_ERR err = JET_errSuccess;
    unsigned tag = (unsigned)tracetag;
    bool is_tag = tag > JET_tracetagNull && tag < JET_tracetagMax;
    switch ((unsigned)traceop) {
    case JET_traceopSetGlobal:
    case JET_traceopSetAllTags:
    case JET_traceopSetMessagePrefix:
    case JET_traceopSetEmitCallback:
    case JET_traceopSetThreadidFilter:
    case JET_traceopSetDbidFilter:
        break;
    case JET_traceopSetTag:
        if (!is_tag)
            RAISE(JET_errInvalidParameter);
        break;
    case JET_traceopRegisterTag:
        if (!is_tag || ul == 0)
            RAISE(JET_errInvalidParameter);
        register_tag(ul, tag);
        break;
    case JET_traceopRegisterAllTags:
        if (ul == 0)
            RAISE(JET_errInvalidParameter);
        for (tag = JET_tracetagNull + 1; tag < JET_tracetagMax; tag++)
            register_tag(ul, tag);
        break;
    default:
        RAISE(JET_errInvalidParameter);
    }
done:
    return err;
}

/* --- test hooks --- */

/* Arguments begin with their size. */
static JET_ERR check_size(const void *argument, uint32_t size)
{
    return argument != NULL && load_le32(argument) == size ? JET_errSuccess : JET_errInvalidParameter;
}

/* *place: the instance; then where its log ends. */
static JET_ERR log_end(void *place)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    if (place == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(engine_enter_instance(load_le64(place), INSTANCE_ENTER_RUNNING, &instance));
    store_le64(place, instance_log(instance) != NULL ? log_tip(instance_log(instance)) : 0);
done:
    engine_leave_instance(instance);
    return err;
}

JET_EXPORT JET_ERR JetTestHook(TESTHOOK_OP opcode, void *pv)
{
    enum { INJECTION_SIZE = 32, MARKER_SIZE = 24, MARKER_NUMBERS = 65536 };
    JET_ERR err = JET_errSuccess;
    switch ((unsigned)opcode) {
    case opTestHookTestInjection:
        TRY(check_size(pv, INJECTION_SIZE));
        RAISE(JET_errTestInjectionNotSupported);
    case opTestHookSetNegativeTesting:
    case opTestHookResetNegativeTesting:
    case opTestHookThrowError:
    case opTestHookThrowAssert:
    case opTestHookEnforceContextFail:
    case opTestHookEnableAutoIncDeprecated:
    case opTestHookSetErrorTrap:
        break; /* code of debug builds */
    case opTestHookTraceTestMarker:
        if ((uintptr_t)pv >= MARKER_NUMBERS)
            TRY(check_size(pv, MARKER_SIZE));
        break;
    case opTestHookGetEngineTickNow:
        if (pv == NULL)
            RAISE(JET_errInvalidParameter);
        store_le32(pv, (uint32_t)(clock_monotonic_ns() / NS_PER_MS));
        break;
    case opTestHookGetLogTip:
        TRY(log_end(pv));
        break;
    case opTestHookUnitTests:
    case opTestHookUnitTests2:
    case opTestHookCacheQuery: /* as in ESENT; the others reach into parts that are made differently here */
    case opTestHookHookNtQueryInformationProcess:
    case opTestHookHookNtQuerySystemInformation:
    case opTestHookHookGlobalMemoryStatus:
    case opTestHookGetBFLowMemoryCallback:
    case opTestHookGetCheckpointDepth:
    case opTestHookGetOLD2Status:
    case opTestHookSetEngineTickTime:
    case opTestHookEvictCache:
    case opTestHookCorrupt:
    case opTestHookGetTablePgnoFDP:
    case opTestHookAlterDatabaseFileHeader:
    case opTestHookBlockCacheTestEnabled:
        RAISE(JET_errDisabledFunctionality);
    default:
        RAISE(JET_errInvalidParameter);
    }
done:
    return err;
}
