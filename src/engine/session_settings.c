/* Session context and session parameters (instance-and-session 5, 11). */
#include <string.h>

#include "base/memory.h"
#include "engine/session.h"
#include "format/log_record.h"

/* Numbers of parameters that the public header keeps behind ESENT_PRIVATE. */
enum { SETTING_COMMIT_CONTEXT = 4098, SETTING_COMMIT_CONTEXT_MOST = 4096 };

JET_ERR session_set_context(struct session *session, JET_API_PTR context)
{
    JET_ERR err = JET_errSuccess;
    if (context == SESSION_CONTEXT_NONE || context == ~(JET_API_PTR)0)
        RAISE(JET_errInvalidParameter);
    if (session->context != SESSION_CONTEXT_NONE)
        RAISE(JET_errSessionContextAlreadySet);
    session->context = context;
    session->context_thread = thread_id();
done:
    return err;
}

JET_ERR session_reset_context(struct session *session)
{
    if (session->context == SESSION_CONTEXT_NONE || session->context_thread != thread_id())
        return JET_errSessionContextNotSetByThisThread;
    session->context = SESSION_CONTEXT_NONE;
    session->context_thread = 0;
    return JET_errSuccess;
}

static JET_ERR set_commit_context(struct session *session, const void *value, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    struct session_settings *settings = &session->settings;
    uint8_t *record = NULL;
    if (size > SETTING_COMMIT_CONTEXT_MOST)
        RAISE(JET_errInvalidBufferSize);
    if (size > 0 && (record = mem_alloc(LR_COMMIT_CTX_FIXED + (size_t)size)) == NULL)
        RAISE(JET_errOutOfMemory);
    if (size > 0)
        (void)log_record_encode_commit_context(record, session->transaction.procid, 0, span_of(value, size));
    mem_free(settings->commit_record);
    settings->commit_record = record;
    settings->commit_context_size = size;
done:
    return err;
}

JET_ERR session_set_setting(struct session *session, uint32_t id, const void *value, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    struct session_settings *settings = &session->settings;
    void *target = NULL;
    uint32_t target_size = sizeof(uint32_t);
    if (value == NULL && size != 0)
        RAISE(JET_errInvalidParameter);
    switch (id) {
    case JET_sesparamCommitDefault: target = &settings->commit_default; break;
    case JET_sesparamCorrelationID: target = &settings->correlation_id; break;
    case JET_sesparamOperationContext: target = &settings->operation_context, target_size = sizeof settings->operation_context; break;
    case JET_sesparamTransactionLevel: RAISE(JET_errFeatureNotAvailable);
    case SETTING_COMMIT_CONTEXT: err = set_commit_context(session, value, size); goto done;
    default: RAISE(id > JET_sesparamOperationContext && id < JET_sesparamMaxValueInvalid ? JET_errFeatureNotAvailable : JET_errInvalidSesparamId);
    }
    if (size != target_size)
        RAISE(JET_errInvalidBufferSize);
    memcpy(target, value, size);
done:
    return err;
}

JET_ERR session_get_setting(struct session *session, uint32_t id, void *value, uint32_t size, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    const struct session_settings *settings = &session->settings;
    const void *source = NULL;
    uint32_t source_size = sizeof(uint32_t);
    uint32_t level = session->level;
    if (value == NULL && actual == NULL)
        RAISE(JET_errInvalidParameter);
    switch (id) {
    case JET_sesparamCommitDefault: source = &settings->commit_default; break;
    case JET_sesparamTransactionLevel: source = &level; break;
    case JET_sesparamCorrelationID: source = &settings->correlation_id; break;
    case JET_sesparamOperationContext: source = &settings->operation_context, source_size = sizeof settings->operation_context; break;
    case SETTING_COMMIT_CONTEXT:
        source = settings->commit_record != NULL ? settings->commit_record + LR_COMMIT_CTX_FIXED : NULL;
        source_size = settings->commit_context_size;
        break;
    default: RAISE(id > JET_sesparamOperationContext && id < JET_sesparamMaxValueInvalid ? JET_errFeatureNotAvailable : JET_errInvalidSesparamId);
    }
    if (actual != NULL)
        *actual = source_size;
    if (value == NULL)
        goto done;
    if (id == SETTING_COMMIT_CONTEXT ? size < source_size : size != source_size)
        RAISE(id == SETTING_COMMIT_CONTEXT ? JET_errBufferTooSmall : JET_errInvalidBufferSize);
    if (source_size > 0)
        memcpy(value, source, source_size);
done:
    return err;
}
