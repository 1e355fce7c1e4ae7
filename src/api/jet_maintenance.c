/* Maintenance of databases: JetCompact, JetDefragment, JetDatabaseScan, JetComputeStats; what a core dump contains. */
#define ESENT_PRIVATE
#include "api/api.h"
#include "api/jet_table.h"
#include "api/text_arguments.h"
#include "base/memory.h"
#include "engine/compact_statistics.h"
#include "engine/defragment.h"
#include "engine/process.h"
#include "engine/scan.h"
#include "engine/statistics.h"

/* --- JetCompact --- */

struct compact_call {
    JET_SESID sesid;
    JET_PFNSTATUS status;
    struct compact_statistics statistics;
};

static JET_ERR tell_compact_progress(void *context, uint32_t done, uint32_t total)
{
    struct compact_call *call = context;
    JET_SNPROG progress = {.cbStruct = sizeof progress, .cunitDone = done, .cunitTotal = total};
    return call->status(call->sesid, JET_snpCompact, JET_sntProgress, &progress);
}

static JET_ERR note_compact_table(void *context, const struct compact_table *table)
{
    struct compact_call *call = context;
    return compact_statistics_table(&call->statistics, table);
}

/* The first and the last call; the error of the work comes before that of the callback. */
static JET_ERR tell_compact_status(struct session *session, const struct compact_call *call, JET_SNT kind, JET_ERR err)
{
    if (call->status == NULL)
        return err;
    engine_callback_begin(session);
    JET_ERR told = call->status(call->sesid, JET_snpCompact, kind, NULL);
    engine_callback_end(session);
    return err >= 0 && told < 0 ? told : err;
}

static JET_ERR run_compact(struct session *session, struct compact_call *call, const char *source, const char *target, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    bool has_statistics = (grbit & JET_bitCompactStats) != 0;
    const struct compact_options options = {.progress = call->status != NULL ? tell_compact_progress : NULL, .table = has_statistics ? note_compact_table : NULL, .context = call};
    struct compact_report report;
    if (has_statistics)
        TRY(compact_statistics_begin(session, source, &call->statistics));
    TRY(engine_compact(session, source, target, &options, &report));
    if (has_statistics)
        TRY(compact_statistics_end(&call->statistics, session, &report));
done:
    compact_statistics_close(&call->statistics);
    return err;
}

static JET_ERR compact(enum text_form form, JET_SESID sesid, const void *source, const void *target, JET_PFNSTATUS status, const void *convert, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct compact_call call = {.sesid = sesid, .status = status};
    char *source_text = NULL, *target_text = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    if (convert != NULL)
        RAISE(JET_errFeatureNotAvailable);
    if (session_level(session) > 0)
        RAISE(JET_errInTransaction);
    TRY(text_argument(form, source, &source_text));
    TRY(text_argument(form, target, &target_text));
    TRY(tell_compact_status(session, &call, JET_sntBegin, JET_errSuccess));
    err = run_compact(session, &call, source_text, target_text, grbit);
    err = tell_compact_status(session, &call, err < 0 ? JET_sntFail : JET_sntComplete, err);
done:
    engine_leave_session(session);
    mem_free(source_text);
    mem_free(target_text);
    return err;
}

JET_EXPORT JET_ERR JetCompactA(JET_SESID sesid, const char *szDatabaseSrc, const char *szDatabaseDest, JET_PFNSTATUS pfnStatus, JET_CONVERT_A *pconvert, JET_GRBIT grbit)
{
    return compact(TEXT_UTF8, sesid, szDatabaseSrc, szDatabaseDest, pfnStatus, pconvert, grbit);
}

JET_EXPORT JET_ERR JetCompactW(JET_SESID sesid, const char16_t *szDatabaseSrc, const char16_t *szDatabaseDest, JET_PFNSTATUS pfnStatus, JET_CONVERT_W *pconvert, JET_GRBIT grbit)
{
    return compact(TEXT_UTF16, sesid, szDatabaseSrc, szDatabaseDest, pfnStatus, pconvert, grbit);
}

JET_EXPORT_PLAIN(JetCompact);

/* --- JetDefragment --- */

static JET_ERR defragment(enum text_form form, JET_SESID sesid, JET_DBID dbid, const void *table, uint32_t *passes, uint32_t *seconds, JET_CALLBACK callback, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *db = NULL;
    char *name = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_find_database(session, dbid, &db));
    TRY(text_argument(form, table, &name));
    const struct defragment_request request = {.table = name, .passes = passes, .seconds = seconds, .callback = callback, .grbit = grbit};
    err = engine_defragment(session, db, &request);
done:
    engine_leave_session(session);
    mem_free(name);
    return err;
}

JET_EXPORT JET_ERR JetDefragmentA(JET_SESID sesid, JET_DBID dbid, const char *szTableName, uint32_t *pcPasses, uint32_t *pcSeconds, JET_GRBIT grbit)
{
    return defragment(TEXT_UTF8, sesid, dbid, szTableName, pcPasses, pcSeconds, NULL, grbit);
}

JET_EXPORT JET_ERR JetDefragmentW(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName, uint32_t *pcPasses, uint32_t *pcSeconds, JET_GRBIT grbit)
{
    return defragment(TEXT_UTF16, sesid, dbid, szTableName, pcPasses, pcSeconds, NULL, grbit);
}

JET_EXPORT_PLAIN(JetDefragment);

JET_EXPORT JET_ERR JetDefragment2A(JET_SESID sesid, JET_DBID dbid, const char *szTableName, uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, JET_GRBIT grbit)
{
    return defragment(TEXT_UTF8, sesid, dbid, szTableName, pcPasses, pcSeconds, callback, grbit);
}

JET_EXPORT JET_ERR JetDefragment2W(JET_SESID sesid, JET_DBID dbid, const char16_t *szTableName, uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, JET_GRBIT grbit)
{
    return defragment(TEXT_UTF16, sesid, dbid, szTableName, pcPasses, pcSeconds, callback, grbit);
}

JET_EXPORT_PLAIN(JetDefragment2);

/* Reserved: ESENT answers so whatever it is given. */
JET_EXPORT JET_ERR JetDefragment3A(JET_SESID sesid, const char *szDatabaseName, const char *szTableName, uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, void *pvContext,
                                   JET_GRBIT grbit)
{
    (void)sesid, (void)szDatabaseName, (void)szTableName, (void)pcPasses, (void)pcSeconds, (void)callback, (void)pvContext, (void)grbit;
    return error_raise(JET_errInvalidParameter, __FILE__, __LINE__);
}

JET_EXPORT JET_ERR JetDefragment3W(JET_SESID sesid, const char16_t *szDatabaseName, const char16_t *szTableName, uint32_t *pcPasses, uint32_t *pcSeconds, JET_CALLBACK callback, void *pvContext,
                                   JET_GRBIT grbit)
{
    (void)szDatabaseName, (void)szTableName;
    return JetDefragment3A(sesid, NULL, NULL, pcPasses, pcSeconds, callback, pvContext, grbit);
}

JET_EXPORT_PLAIN(JetDefragment3);

/* --- JetDatabaseScan --- */

JET_EXPORT JET_ERR JetDatabaseScan(JET_SESID sesid, JET_DBID dbid, uint32_t *pcSecondsMax, uint32_t cmsecSleep, JET_CALLBACK pfnCallback, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct open_database *db = NULL;
    const struct scan_request request = {.seconds = pcSecondsMax, .sleep_ms = cmsecSleep, .callback = pfnCallback, .grbit = grbit};
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_find_database(session, dbid, &db));
    err = engine_scan(session, db, &request);
done:
    engine_leave_session(session);
    return err;
}

/* --- JetComputeStats --- */

JET_EXPORT JET_ERR JetComputeStats(JET_SESID sesid, JET_TABLEID tableid)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    struct cursor *cursor = NULL;
    TRY(table_enter(sesid, tableid, &session, &cursor));
    TRY(table_check_phase(cursor, 0));
    err = engine_compute_statistics(session, session_cursor_database(session, tableid), cursor_schema(cursor));
done:
    engine_leave_session(session);
    return err;
}

/* --- JetConfigureProcessForCrashDump --- */

/* Caches live as long as their instance runs, and no instance stops running while the lock of the process is held. */
static void set_dumped(unsigned what)
{
    process_lock();
    for (struct instance *i = process.instances; i != NULL; i = i->next) {
        unsigned state = atomic_load(&i->state);
        if ((state & INSTANCE_RUNNING) != 0 && (state & (INSTANCE_TERMINATING | INSTANCE_INITIALISING)) == 0 && i->cache != NULL) /* a restore runs without one */
            cache_set_dumped(i->cache, what);
    }
    process_unlock();
}

JET_EXPORT JET_ERR JetConfigureProcessForCrashDump(JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    const JET_GRBIT all = JET_bitDumpMaximum | JET_bitDumpCacheMaximum;
    const JET_GRBIT known = all | JET_bitDumpMinimum | JET_bitDumpCacheMinimum | JET_bitDumpCacheIncludeDirtyPages | JET_bitDumpCacheIncludeCachedPages | JET_bitDumpCacheIncludeCorruptedPages |
                            JET_bitDumpCacheNoDecommit;
    if (grbit == 0 || (grbit & ~known) != 0)
        RAISE(JET_errInvalidGrbit);
    if ((grbit & all) != 0)
        set_dumped(CACHE_DUMP_ALL);
    else
        set_dumped(((grbit & JET_bitDumpCacheIncludeDirtyPages) != 0 ? CACHE_DUMP_DIRTY : 0u) | ((grbit & JET_bitDumpCacheIncludeCachedPages) != 0 ? CACHE_DUMP_CACHED : 0u) |
                   ((grbit & JET_bitDumpCacheIncludeCorruptedPages) != 0 ? CACHE_DUMP_UNSETTLED : 0u));
done:
    return err;
}
