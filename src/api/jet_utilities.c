/* JetDBUtilities, the entry point of the offline tools (published engine source: JetDBUtilitiesEx, ErrIsamDBUtilities).
 *
 * The one idea: the library works and judges, and prints nothing. What ESENT writes to the console is the business of the tools here (`ese`, `esentutl`), which read files by themselves;
 * results reach the caller as the call's error, and progress through the callback in pfnCallback. An operation that is nothing but console text in ESENT opens and checks the file all the same.
 */
#define ESENT_PRIVATE
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/text_arguments.h"
#include "base/memory.h"
#include "check/check.h"
#include "engine/engine.h"
#include "engine/process.h"
#include "engine/repair.h"
#include "engine/shrink.h"
#include "log/log_files.h"
#include "os/thread.h"

_Static_assert(sizeof(JET_DBUTIL_A) == sizeof(JET_DBUTIL_W) && sizeof(JET_DBUTIL_W) == 136, "one layout");

/* The arguments in UTF-8. */
struct utility {
    JET_SESID sesid;
    DBUTIL_OP operation;
    JET_GRBIT grbit;
    char *path, *target; /* szDatabase, szTable */
    JET_PFNSTATUS status;
};

static JET_ERR tell(const struct utility *u, JET_SNP snp, JET_SNT snt, void *data) { return u->status != NULL ? u->status(u->sesid, snp, snt, data) : JET_errSuccess; }

/* *is_attached: by this call, which has to detach the file again. A caller's own attachment stays as it is. */
static JET_ERR attach(const struct utility *u, JET_GRBIT grbit, bool *is_attached)
{
    JET_ERR err = JetAttachDatabaseA(u->sesid, u->path, grbit);
    *is_attached = err >= 0 && err != JET_wrnDatabaseAttached;
    return err;
}

static JET_ERR detach(const struct utility *u, bool is_attached, JET_ERR err)
{
    JET_ERR back = is_attached ? JetDetachDatabaseA(u->sesid, u->path) : JET_errSuccess;
    return err >= 0 && back < 0 ? back : err;
}

/* --- integrity and repair --- */

/* Work inside a session, which the caller's function may use. */
struct work {
    const struct utility *utility;
    struct session *session;
};

static JET_ERR tell_progress(const struct work *work, uint32_t done, uint32_t total)
{
    JET_SNPROG progress = {.cbStruct = sizeof progress, .cunitDone = done, .cunitTotal = total};
    engine_callback_begin(work->session);
    JET_ERR err = tell(work->utility, JET_snpRepair, JET_sntProgress, &progress);
    engine_callback_end(work->session);
    return err;
}

static JET_ERR tell_check_progress(void *context, uint64_t done, uint64_t total, const char *object)
{
    (void)object;
    return tell_progress(context, (uint32_t)done, (uint32_t)total);
}

static JET_ERR tell_repair_progress(void *context, uint32_t done, uint32_t total) { return tell_progress(context, done, total); }

/* The database is attached and open. */
static JET_ERR check_open(const struct utility *u, JET_DBID dbid)
{
    JET_ERR err = JET_errSuccess;
    struct open_database *db;
    struct check_report report = {0};
    struct work work = {.utility = u};
    const struct check_callbacks callbacks = {.progress = tell_check_progress, .context = &work};
    TRY(engine_enter_session(u->sesid, 0, &work.session));
    TRY(session_find_database(work.session, dbid, &db));
    TRY(check_database(open_database_file(db), NULL, &callbacks, &report));
    if (report.errors > 0)
        RAISE(JET_errDatabaseCorrupted);
done:
    engine_leave_session(work.session);
    return err;
}

static JET_ERR check_integrity(const struct utility *u)
{
    JET_ERR err = JET_errSuccess, back;
    JET_DBID dbid = JET_dbidNil;
    bool is_attached = false;
    TRY(tell(u, JET_snpRepair, JET_sntBegin, NULL));
    TRY(attach(u, JET_bitDbReadOnly, &is_attached));
    TRY(JetOpenDatabaseA(u->sesid, u->path, NULL, &dbid, JET_bitDbReadOnly));
    TRY(check_open(u, dbid));
    TRY(tell(u, JET_snpRepair, JET_sntComplete, NULL));
done:
    if (dbid != JET_dbidNil && (back = JetCloseDatabase(u->sesid, dbid, 0)) < 0 && err >= 0)
        err = back;
    return detach(u, is_attached, err);
}

/* In place, by way of a file beside it. */
static JET_ERR repair(const struct utility *u)
{
    JET_ERR err = JET_errSuccess;
    struct work work = {.utility = u};
    struct repair_report report;
    const struct repair_options options = {.progress = tell_repair_progress, .context = &work};
    if ((u->grbit & JET_bitDBUtilOptionDontRepair) != 0)
        return check_integrity(u);
    TRY(tell(u, JET_snpRepair, JET_sntBegin, NULL));
    TRY(engine_enter_session(u->sesid, 0, &work.session));
    TRY(engine_repair_in_place(work.session, u->path, NULL, NULL, &options, &report));
    engine_leave_session(work.session);
    work.session = NULL;
    TRY(tell(u, JET_snpRepair, JET_sntComplete, NULL));
    err = report.is_undamaged ? JET_errSuccess : JET_wrnDatabaseRepaired;
done:
    engine_leave_session(work.session);
    return err;
}

/* --- copies and sizes --- */

/* In ESENT the source is attached and detached by the call. */
static JET_ERR defragment(const struct utility *u)
{
    JET_ERR err = JET_errSuccess;
    bool is_attached = false;
    if (u->target == NULL)
        RAISE(JET_errDatabaseInvalidName);
    TRY(attach(u, JET_bitDbReadOnly, &is_attached));
    TRY(JetCompactA(u->sesid, u->path, u->target, u->status, NULL, u->grbit));
done:
    return detach(u, is_attached, err);
}

static JET_ERR trim(const struct utility *u)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    bool is_attached = false;
    TRY(attach(u, 0, &is_attached));
    TRY(engine_enter_session(u->sesid, 0, &session));
    err = engine_shrink_attached(session, u->path, &(struct shrink_request){.options = JET_bitShrinkDatabaseEofOnAttach, .quota_ms = -1});
done:
    engine_leave_session(session);
    return detach(u, is_attached, err);
}

/* ESENT attaches the file before it says that it has no such check. */
static JET_ERR refuse_attached(const struct utility *u)
{
    JET_ERR err = JET_errSuccess;
    bool is_attached = false;
    TRY(attach(u, JET_bitDbReadOnly, &is_attached));
    TRY(detach(u, is_attached, JET_errSuccess));
    RAISE(JET_errFeatureNotAvailable);
done:
    return err;
}

/* --- files read and checked --- */

static JET_ERR check_header(const struct utility *u)
{
    uint32_t page_size;
    return JetGetDatabaseFileInfoA(u->path, &page_size, sizeof page_size, JET_DbInfoPageSize);
}

static JET_ERR check_checkpoint(const struct utility *u)
{
    struct checkpoint checkpoint;
    JET_ERR err = checkpoint_file_read(process_fs(), u->path, &checkpoint);
    return err == JET_errFileNotFound ? JET_errCheckpointFileNotFound : err;
}

static JET_ERR check_log(const struct utility *u)
{
    JET_ERR err = JET_errSuccess;
    struct log_generation log = {.image = NULL};
    TRY(log_generation_read(process_fs(), u->path, &log));
    err = log.scan.error;
done:
    log_generation_release(&log);
    return err;
}

static JET_ERR check_snapshot(const struct utility *u)
{
    JET_RBSINFOMISC info;
    JET_ERR err = JetGetRBSFileInfoA(u->path, &info, sizeof info, JET_RBSFileInfoMisc);
    return err == JET_errReadVerifyFailure ? JET_errRBSHeaderCorrupt : err;
}

/* --- the call --- */

static bool needs_path(DBUTIL_OP operation)
{
    return operation != opDBUTILEDBDump && operation != opDBUTILDumpPageUsage && operation != opDBUTILChecksumLogFromMemory && operation != opDBUTILDumpSpaceCategory
        && operation != opDBUTILEstimateRootSpaceLeak;
}

static JET_ERR run(const struct utility *u)
{
    if (needs_path(u->operation) && (u->path == NULL || u->path[0] == 0))
        return JET_errDatabaseInvalidName;
    switch ((unsigned)u->operation) {
    case opDBUTILEDBRepair: return repair(u);
    case opDBUTILDBDefragment: return defragment(u);
    case opDBUTILDBTrim: return trim(u);
    case opDBUTILDumpHeader: return check_header(u);
    case opDBUTILDumpCheckpoint: return check_checkpoint(u);
    case opDBUTILDumpLogfile: return check_log(u);
    case opDBUTILDumpLogfileTrackNode: return JET_errSuccess; /* as in ESENT: nothing is left of it */
    case opDBUTILDumpRBSHeader: return check_snapshot(u);
    case opDBUTILConsistency:
    case opDBUTILDumpMetaData:
    case opDBUTILDumpSpace: return refuse_attached(u);
    default: return JET_errFeatureNotAvailable;
    }
}

/* An instance for a call without a session; *instance 0: it is gone. */
static JET_ERR begin_own_session(JET_INSTANCE *instance, JET_SESID *sesid)
{
    JET_ERR err = JET_errSuccess;
    char name[64];
    snprintf(name, sizeof name, "JetDBUtilities - %llu", (unsigned long long)thread_id());
    TRY(JetCreateInstanceA(instance, name));
    TRY(JetSetSystemParameterA(instance, 0, JET_paramRecovery, 0, "off"));
    TRY(JetSetSystemParameterA(instance, 0, JET_paramEnableOnlineDefrag, 0, NULL));
    TRY(JetSetSystemParameterA(instance, 0, JET_paramMaxTemporaryTables, 0, NULL));
    TRY(JetSetSystemParameterA(instance, 0, JET_paramNoInformationEvent, 1, NULL));
    err = JetInit(instance);
    if (err < 0)
        *instance = 0; /* a failed start has freed it */
    TRY(err);
    TRY(JetBeginSessionA(*instance, sesid, NULL, NULL));
done:
    return err;
}

static bool brings_its_session(DBUTIL_OP operation)
{
    return operation == opDBUTILEDBDump || operation == opDBUTILEDBRepair || operation == opDBUTILEDBScrub || operation == opDBUTILDBDefragment || operation == opDBUTILDBTrim
        || operation == opDBUTILDumpPageUsage;
}

static JET_ERR utilities(enum text_form form, const void *argument)
{
    JET_ERR err = JET_errSuccess;
    JET_INSTANCE instance = 0;
    struct session *session = NULL;
    struct utility u = {.sesid = 0};
    JET_DBUTIL_W given; /* the forms differ in the type of the strings only */
    if (argument == NULL)
        RAISE(JET_errInvalidParameter);
    memcpy(&given, argument, sizeof given.cbStruct);
    if (given.cbStruct != sizeof given)
        RAISE(JET_errInvalidParameter);
    memcpy(&given, argument, sizeof given);
    u = (struct utility){.sesid = given.sesid, .operation = given.op, .grbit = given.grbitOptions};
    if (needs_path(given.op)) {
        TRY(text_argument(form, given.szDatabase, &u.path));
        if (given.op != opDBUTILDumpRBSPages) {
            TRY(text_argument(form, given.szTable, &u.target));
            memcpy(&u.status, &given.pfnCallback, sizeof u.status);
        }
    }
    if (!brings_its_session(given.op) && (u.sesid == 0 || u.sesid == ~(JET_SESID)0))
        TRY(begin_own_session(&instance, &u.sesid));
    TRY(engine_enter_session(u.sesid, 0, &session)); /* the gate: the work enters by itself */
    engine_leave_session(session);
    err = run(&u);
done:
    if (instance != 0) {
        JET_ERR back = JetTerm2(instance, err < 0 ? JET_bitTermAbrupt : JET_bitTermComplete);
        err = err >= 0 && back < 0 ? back : err;
    }
    mem_free(u.path);
    mem_free(u.target);
    return err;
}

JET_EXPORT JET_ERR JetDBUtilitiesA(JET_DBUTIL_A *pdbutil) { return utilities(TEXT_UTF8, pdbutil); }

JET_EXPORT JET_ERR JetDBUtilitiesW(JET_DBUTIL_W *pdbutil) { return utilities(TEXT_UTF16, pdbutil); }

JET_EXPORT_PLAIN(JetDBUtilities);
