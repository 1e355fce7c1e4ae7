/* Which set of values a parameter call means, and the parameters that are computed (instance-and-session 14, backup-and-restore 2). */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/instance.h"
#include "engine/process.h"
#include "engine/session.h"

/* Numbers the public header keeps behind ESENT_PRIVATE. */
enum { PARAM_TRANSACTION_LEVEL = 38, PARAM_RECOVERY_CURRENT_LOG = 79, PARAM_RECORD_SIZE_MOST = 213 };

static bool is_given(JET_API_PTR handle) { return handle != 0 && handle != ~(JET_API_PTR)0; }

/* Under process.lock: NULL = the process's defaults. */
static JET_ERR find_target(JET_INSTANCE handle, JET_SESID sesid, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    if (process.mode == RUN_MODE_ONE_INSTANCE) {
        *out = process.instances;
    } else if (process.mode == RUN_MODE_MULTI_INSTANCE && is_given(sesid)) {
        struct handle_slot *slot = handle_slot_of(&process.session_handles, sesid);
        if (slot == NULL || atomic_load(&slot->handle) != sesid)
            RAISE(JET_errInvalidSesid);
        *out = ((const struct session *)atomic_load(&slot->object))->instance;
    } else if (process.mode == RUN_MODE_MULTI_INSTANCE && is_given(handle)) {
        *out = instance_of_handle(handle);
        if (*out == NULL)
            RAISE(JET_errInvalidInstance);
    }
    if (*out != NULL) {
        unsigned state = atomic_load(&(*out)->state);
        if ((state & INSTANCE_TERMINATING) != 0)
            RAISE(JET_errTermInProgress);
        if ((state & INSTANCE_RESTORING) != 0)
            RAISE(JET_errRestoreInProgress);
        if ((state & INSTANCE_INITIALISING) != 0 && atomic_load(&(*out)->callback_thread) != thread_id())
            RAISE(JET_errInitInProgress);
    }
done:
    return err;
}

/* The caches follow the global limits. Under process.lock. */
static void resize_caches(void)
{
    uint64_t pages_min = params_number(&process.params, JET_paramCacheSizeMin);
    uint64_t pages_max = params_number(&process.params, JET_paramCacheSizeMax);
    for (struct instance *instance = process.instances; instance != NULL; instance = instance->next) {
        uint64_t bytes_min = 0, bytes_max = 0;
        if ((atomic_load(&instance->state) & (INSTANCE_RUNNING | INSTANCE_TERMINATING)) != INSTANCE_RUNNING || instance->cache == NULL)
            continue;
        instance_cache_limits(pages_min, pages_max, instance->page_size, &bytes_min, &bytes_max);
        /* A cache that cannot follow keeps its size: setting a limit never fails for it. */
        if (cache_resize(instance->cache, bytes_min, bytes_max) < 0)
            continue;
    }
}

/* JET_paramCommitDefault of one session. */
static JET_ERR set_session_commit_default(JET_SESID sesid, uintptr_t number)
{
    JET_ERR err = JET_errSuccess;
    struct session *session = NULL;
    TRY(engine_enter_session(sesid, SESSION_ENTER_CLEANUP, &session));
    if ((number & ~(uintptr_t)JET_bitCommitLazyFlush) != 0)
        RAISE(JET_errInvalidParameter);
    session->settings.commit_default = (uint32_t)number;
done:
    engine_leave_session(session);
    return err;
}

static bool has_databases(struct instance *instance)
{
    bool found = false;
    instance_lock_databases(instance);
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++)
        found = found || instance->attachments[i].database != NULL;
    instance_unlock_databases(instance);
    return found;
}

JET_ERR engine_set_parameter(const JET_INSTANCE *handle, JET_SESID sesid, uint32_t id, uintptr_t number, const void *text)
{
    JET_ERR err = JET_errSuccess;
    struct instance *target = NULL;
    const struct param_info *info = param_find(id);
    if (id == JET_paramCommitDefault && is_given(sesid))
        return set_session_commit_default(sesid, number);
    process_lock();
    TRY(find_target(handle != NULL ? *handle : 0, sesid, &target));
    if (info == NULL)
        RAISE(JET_errInvalidParameter);
    struct param_state state = {.mode_is_set = process.mode != RUN_MODE_UNSET};
    if (info->scope == PARAM_GLOBAL || target == NULL) {
        /* The default of an instance parameter may change at any time; only later instances see it. */
        TRY(params_set(&process.params, info, state, number, text));
        if (id == JET_paramCacheSizeMin || id == JET_paramCacheSizeMax)
            resize_caches();
    } else {
        state.is_initialised = (atomic_load(&target->state) & (INSTANCE_RUNNING | INSTANCE_INITIALISING)) != 0;
        state.has_databases = state.is_initialised && has_databases(target);
        mutex_lock(&target->lock);
        err = params_set(&target->params, info, state, number, text);
        mutex_unlock(&target->lock);
    }
done:
    process_unlock();
    return err;
}

/* --- reading --- */

static JET_ERR error_text(uintptr_t *number, char **out)
{
    const struct error_info *info = error_lookup((JET_ERR)*number);
    const char *name = info != NULL ? info->name : "Unknown Error", *text = info != NULL ? info->text : "Unknown Error";
    size_t size = strlen(name) + strlen(text) + 3;
    *out = mem_alloc(size);
    if (*out == NULL)
        return JET_errOutOfMemory;
    snprintf(*out, size, "%s, %s", name, text);
    return JET_errSuccess;
}

/* Frames of all caches, in pages. Under process.lock. */
static uintptr_t cache_size_now(void)
{
    uintptr_t frames = 0;
    for (struct instance *instance = process.instances; instance != NULL; instance = instance->next) {
        struct cache_statistics statistics = {0};
        if ((atomic_load(&instance->state) & (INSTANCE_RUNNING | INSTANCE_TERMINATING)) != INSTANCE_RUNNING || instance->cache == NULL)
            continue;
        cache_get_statistics(instance->cache, &statistics);
        frames += statistics.frames;
    }
    return frames;
}

/* Under process.lock. False: not computed, look in the values. */
static bool computed_number(struct instance *target, uint32_t id, uintptr_t *number)
{
    uint32_t page_size = (uint32_t)params_number(&process.params, JET_paramDatabasePageSize);
    if (target != NULL && target->page_size != 0)
        page_size = target->page_size;
    switch (id) {
    case JET_paramCacheSize: *number = cache_size_now(); return true;
    case JET_paramKeyMost: *number = params_key_most(page_size); return true;
    case JET_paramLVChunkSizeMost: *number = params_long_value_chunk(page_size); return true;
    case PARAM_RECORD_SIZE_MOST: *number = params_record_most(page_size); return true;
    case PARAM_RECOVERY_CURRENT_LOG: *number = target != NULL ? instance_log_generation(target) : 0; return true;
    default: return false;
    }
}

static JET_ERR get_session_number(JET_SESID sesid, uint32_t id, uintptr_t *number)
{
    struct session *session = NULL;
    JET_ERR err = engine_enter_session(sesid, SESSION_ENTER_CLEANUP, &session);
    if (err >= 0)
        *number = id == PARAM_TRANSACTION_LEVEL ? session->level : session->settings.commit_default;
    engine_leave_session(session);
    return err;
}

JET_ERR engine_get_parameter(JET_INSTANCE handle, JET_SESID sesid, uint32_t id, uintptr_t *number, char **text_out)
{
    JET_ERR err = JET_errSuccess;
    struct instance *target = NULL;
    const struct param_info *info = param_find(id);
    *text_out = NULL;
    if (id == JET_paramErrorToString)
        return error_text(number, text_out);
    if (id == PARAM_TRANSACTION_LEVEL || (id == JET_paramCommitDefault && is_given(sesid)))
        return get_session_number(sesid, id, number);
    process_lock();
    TRY(find_target(handle, sesid, &target));
    if (info == NULL || (info->kind == PARAM_STRUCT && id != JET_paramUnicodeIndexDefault))
        RAISE(JET_errInvalidParameter);
    if (computed_number(target, id, number))
        goto done;
    struct params *params = info->scope == PARAM_GLOBAL || target == NULL ? &process.params : &target->params;
    if (target != NULL)
        mutex_lock(&target->lock);
    if (param_is_text(info))
        *text_out = mem_strdup(params_text(params, id));
    else
        *number = params_number(params, id);
    if (target != NULL)
        mutex_unlock(&target->lock);
    if (param_is_text(info) && *text_out == NULL)
        RAISE(JET_errOutOfMemory);
done:
    process_unlock();
    return err;
}

/* --- JetEnableMultiInstance --- */

/* Under process.lock: has the process this very value, set by somebody? */
static bool is_equal(const struct engine_setting *setting)
{
    const struct param_info *info = param_find(setting->id);
    if (info == NULL || !params_is_set(&process.params, setting->id))
        return false;
    if (param_is_text(info))
        return setting->text != NULL && strcmp(params_text(&process.params, setting->id), setting->text) == 0;
    return params_number(&process.params, setting->id) == setting->number;
}

JET_ERR engine_enable_multi_instance(const struct engine_setting *settings, uint32_t count, uint32_t *succeeded)
{
    JET_ERR err = JET_errSuccess;
    uint32_t done_count = 0;
    process_lock();
    if (process.mode == RUN_MODE_ONE_INSTANCE)
        RAISE(JET_errRunningInOneInstanceMode);
    if (count > 0 && settings == NULL)
        RAISE(JET_errInvalidParameter);
    if (process.mode == RUN_MODE_MULTI_INSTANCE) {
        for (uint32_t i = 0; i < count; i++) {
            if (!is_equal(&settings[i]))
                RAISE(JET_errSystemParameterConflict);
        }
        RAISE(JET_errSystemParamsAlreadySet);
    }
    for (; done_count < count; done_count++) {
        const struct engine_setting *setting = &settings[done_count];
        const struct param_info *info = param_find(setting->id);
        *setting->err = info == NULL ? JET_errInvalidParameter
                                     : params_set(&process.params, info, (struct param_state){0}, setting->number, setting->text);
        TRY(*setting->err);
    }
    process.mode = RUN_MODE_MULTI_INSTANCE;
done:
    process_unlock();
    if (succeeded != NULL)
        *succeeded = done_count;
    return err;
}
