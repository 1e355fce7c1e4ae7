/* Sessions and transactions (instance-and-session 11, 12). */
#define ESENT_PRIVATE
#include "api/api.h"
#include "engine/session.h"
#include "engine/versions.h"
#include "mvcc/version_store.h"
#include "txn/txn.h"

static JET_ERR begin_session(JET_INSTANCE handle, JET_SESID *sesid)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    if (sesid == NULL)
        return JET_errInvalidParameter;
    TRY(engine_enter_instance(handle, INSTANCE_ENTER_RUNNING, &instance));
    TRY(session_create(instance, sesid));
done:
    engine_leave_instance(instance);
    return err;
}

/* User and password are ignored, as in ESENT. */
JET_EXPORT JET_ERR JetBeginSessionA(JET_INSTANCE instance, JET_SESID *psesid, const char *szUserName, const char *szPassword)
{
    (void)szUserName, (void)szPassword;
    return begin_session(instance, psesid);
}

JET_EXPORT JET_ERR JetBeginSessionW(JET_INSTANCE instance, JET_SESID *psesid, const char16_t *szUserName, const char16_t *szPassword)
{
    (void)szUserName, (void)szPassword;
    return begin_session(instance, psesid);
}

JET_EXPORT_PLAIN(JetBeginSession);

JET_EXPORT JET_ERR JetDupSession(JET_SESID sesid, JET_SESID *psesid)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    if (psesid == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(session_create(session_instance(session), psesid));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetEndSession(JET_SESID sesid, JET_GRBIT grbit)
{
    struct session *session = NULL;
    (void)grbit; /* ignored, JET_bitForceSessionClosed too */
    JET_ERR err = engine_enter_session(sesid, SESSION_ENTER_CLEANUP, &session);
    if (err < 0)
        return err;
    err = session_end(session);
    if (err < 0)
        engine_leave_session(session); /* otherwise there is nothing to leave any more */
    return err;
}

JET_EXPORT JET_ERR JetGetSessionInfo(JET_SESID sesid, void *pvResult, uint32_t cbMax, uint32_t ulInfoLevel)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, SESSION_ENTER_CLEANUP, &session));
    if (ulInfoLevel != JET_SessionInfo || pvResult == NULL)
        RAISE(JET_errInvalidParameter);
    if (cbMax < sizeof(JET_SESSIONINFO))
        RAISE(JET_errBufferTooSmall);
    JET_SESSIONINFO *info = pvResult;
    uint32_t begin = session->level > 0 ? (uint32_t)atomic_load(&session->transaction.snapshot) : UINT32_MAX;
    *info = (JET_SESSIONINFO){.ulTrxBegin0 = begin, .ulTrxLevel = session->level, .ulProcid = session->number, .ulTrxContext = session->context};
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetSetSessionContext(JET_SESID sesid, JET_API_PTR ulContext)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_set_context(session, ulContext));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetResetSessionContext(JET_SESID sesid)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, SESSION_ENTER_CLEANUP, &session));
    TRY(session_reset_context(session));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetSetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam, uint32_t cbParam)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_set_setting(session, sesparamid, pvParam, cbParam));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetSessionParameter(JET_SESID sesid, uint32_t sesparamid, void *pvParam, uint32_t cbParamMax, uint32_t *pcbParamActual)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_get_setting(session, sesparamid, pvParam, cbParamMax, pcbParamActual));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetGetVersion(JET_SESID sesid, uint32_t *pwVersion)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    if (pwVersion == NULL)
        RAISE(JET_errInvalidParameter);
    *pwVersion = ENGINE_VERSION_WORD;
done:
    engine_leave_session(session);
    return err;
}

/* JetIdle speaks of versions waiting to be cleaned up. */
static JET_ERR compact(struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    if (version_store_is_empty(instance->versions)) {
        err = JET_wrnNoIdleActivity;
        goto done;
    }
    TRY(txn_clean_now(instance->cleaner));
    if (!version_store_is_empty(instance->versions))
        err = JET_wrnRemainingVersions;
done:
    return err;
}

static bool is_half_full(struct instance *instance)
{
    struct version_store_statistics statistics;
    version_store_get_statistics(instance->versions, &statistics);
    return statistics.bytes > instance->version_bytes_max / 2;
}

JET_EXPORT JET_ERR JetIdle(JET_SESID sesid, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    switch (grbit) {
    case 0:
        if (version_store_is_empty(session->instance->versions))
            err = JET_wrnNoIdleActivity;
        else
            txn_cleaner_wake(session->instance->cleaner);
        break;
    case JET_bitIdleCompact: err = compact(session->instance); break;
    case JET_bitIdleCompact | JET_bitIdleCompactAsync:
        if (version_store_is_empty(session->instance->versions))
            err = JET_wrnNoIdleActivity;
        else
            txn_cleaner_wake(session->instance->cleaner);
        break;
    case JET_bitIdleStatus:
        if (is_half_full(session->instance))
            err = JET_wrnIdleFull;
        break;
    case JET_bitIdleAvailBuffersStatus:
    case JET_bitIdleWaitForAsyncActivity: break;
    default: RAISE(JET_errInvalidGrbit);
    }
done:
    engine_leave_session(session);
    return err;
}

/* --- transactions --- */

JET_EXPORT JET_ERR JetBeginTransaction3(JET_SESID sesid, int64_t trxid, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    (void)trxid; /* the client's own name for it, for traces */
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_begin_transaction(session, grbit));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetBeginTransaction2(JET_SESID sesid, JET_GRBIT grbit) { return JetBeginTransaction3(sesid, 0, grbit); }
JET_EXPORT JET_ERR JetBeginTransaction(JET_SESID sesid) { return JetBeginTransaction3(sesid, 0, 0); }

JET_EXPORT JET_ERR JetCommitTransaction2(JET_SESID sesid, JET_GRBIT grbit, uint32_t cmsecDurableCommit, JET_COMMIT_ID *pCommitId)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, 0, &session));
    TRY(session_commit_transaction(session, grbit, cmsecDurableCommit, pCommitId));
done:
    engine_leave_session(session);
    return err;
}

JET_EXPORT JET_ERR JetCommitTransaction(JET_SESID sesid, JET_GRBIT grbit) { return JetCommitTransaction2(sesid, grbit, 0, NULL); }

JET_EXPORT JET_ERR JetRollback(JET_SESID sesid, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, SESSION_ENTER_CLEANUP, &session));
    TRY(session_rollback(session, grbit));
done:
    engine_leave_session(session);
    return err;
}
