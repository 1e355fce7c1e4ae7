/* Instances as the client starts and ends them: JetCreateInstance, JetInit, JetTerm, JetStopService (instance-and-session 2, 6, 7, 9, 10). */
#include "backup/backup.h"
#include "engine/os_snapshot.h"
#include "engine/process.h"
#include "engine/session.h"

JET_ERR engine_create_instance(JET_INSTANCE *handle, const char *name, const char *display_name)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    if (handle == NULL)
        return JET_errInvalidParameter;
    *handle = JET_instanceNil;
    process_lock();
    if (process.mode == RUN_MODE_ONE_INSTANCE)
        RAISE(JET_errRunningInOneInstanceMode);
    TRY(instance_create(name, display_name, false, &instance));
    process.mode = RUN_MODE_MULTI_INSTANCE;
    *handle = instance->handle;
done:
    process_unlock();
    return err;
}

/* --- JetInit --- */

/* Checks 1 to 6 of section 7. Under process.lock; the instance found or made is INITIALISING. */
static JET_ERR claim_for_init(JET_INSTANCE *handle, const struct instance_start_options *options, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    bool has_handle = handle != NULL && *handle != 0 && *handle != JET_instanceNil;
    if (process.mode == RUN_MODE_MULTI_INSTANCE && handle == NULL)
        RAISE(JET_errRunningInMultiInstanceMode);
    if (process.mode == RUN_MODE_ONE_INSTANCE && process.instances != NULL)
        RAISE(JET_errAlreadyInitialized);
    TRY(options->info_error);
    if (has_handle) {
        instance = instance_of_handle(*handle);
        if (instance == NULL)
            RAISE(JET_errInvalidParameter);
        const unsigned begun = INSTANCE_INITIALISING | INSTANCE_RUNNING | INSTANCE_TERMINATING | INSTANCE_RESTORING;
        if ((atomic_load(&instance->state) & begun) != 0)
            RAISE(JET_errAlreadyInitialized);
    } else {
        if (handle != NULL)
            *handle = JET_instanceNil;
        TRY(instance_create(NULL, NULL, false, &instance));
        if (process.mode == RUN_MODE_UNSET)
            process.mode = RUN_MODE_ONE_INSTANCE;
    }
    atomic_fetch_or(&instance->state, (unsigned)INSTANCE_INITIALISING);
    *out = instance;
done:
    return err;
}

JET_ERR engine_init(JET_INSTANCE *handle, const struct instance_start_options *options)
{
    struct instance *instance = NULL;
    process_lock();
    JET_ERR err = claim_for_init(handle, options, &instance);
    process_unlock();
    if (err < 0)
        return err;

    err = options->map_error;
    if (err >= 0)
        err = instance_start(instance, options);
    process_lock();
    if (err >= 0) {
        atomic_fetch_or(&instance->state, (unsigned)INSTANCE_RUNNING);
        atomic_fetch_and(&instance->state, ~(unsigned)INSTANCE_INITIALISING);
        if (handle != NULL)
            *handle = instance->handle;
        if (instance->backup != NULL)
            backup_allow(instance->backup, true);
    } else {
        instance_unlink(instance); /* any failure from check 7 on destroys the instance */
        if (handle != NULL)
            *handle = 0;
    }
    process_unlock();
    if (err < 0)
        instance_free(instance);
    return err;
}

/* --- JetTerm --- */

/* Sections 2 and 9.1: which instance, and may it be ended? Sets TERMINATING, unless it was never started. */
static JET_ERR claim_for_term(JET_INSTANCE handle, struct instance **out, bool *was_started)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    if (process.mode == RUN_MODE_ONE_INSTANCE)
        instance = process.instances;
    else if (process.mode == RUN_MODE_MULTI_INSTANCE && handle != 0 && handle != JET_instanceNil) {
        instance = instance_of_handle(handle);
        if (instance == NULL)
            RAISE(JET_errInvalidInstance);
    }
    if (instance == NULL)
        RAISE(JET_errInvalidParameter);
    unsigned state = atomic_load(&instance->state);
    if ((state & INSTANCE_TERMINATING) != 0)
        RAISE(JET_errTermInProgress);
    if ((state & INSTANCE_RESTORING) != 0)
        RAISE(JET_errRestoreInProgress);
    if ((state & INSTANCE_INITIALISING) != 0)
        RAISE(JET_errNotInitialized);
    *was_started = (state & INSTANCE_RUNNING) != 0;
    atomic_fetch_or(&instance->state, (unsigned)INSTANCE_TERMINATING);
    *out = instance;
done:
    return err;
}

/* Is some thread inside one of the instance's sessions? */
static bool has_thread_inside(struct instance *instance)
{
    bool found = false;
    mutex_lock(&instance->lock);
    for (struct session *session = instance->sessions; session != NULL && !found; session = session->next)
        found = atomic_load(&session->slot->claim) != 0;
    mutex_unlock(&instance->lock);
    return found;
}

static bool has_open_transaction(struct instance *instance)
{
    bool found = false;
    mutex_lock(&instance->lock);
    for (struct session *session = instance->sessions; session != NULL; session = session->next)
        found = found || session->level > 0;
    mutex_unlock(&instance->lock);
    return found;
}

static void destroy_sessions(struct instance *instance)
{
    while (instance->sessions != NULL)
        session_destroy(instance->sessions);
}

/* Steps 4 to 9. On an error the instance stays usable. */
static JET_ERR prepare_term(struct instance *instance, JET_GRBIT grbit, bool must_ask)
{
    JET_ERR err = JET_errSuccess;
    /* TERMINATING keeps new calls out; those inside are waited for. Sessions first: their calls may make instance calls. */
    while (has_thread_inside(instance) || atomic_load(&instance->users) != 0)
        thread_sleep_ms(1);
    if (instance->backup != NULL) {
        backup_allow(instance->backup, false);
        bool stops_backup = (grbit & (JET_bitTermAbrupt | JET_bitTermStopBackup)) != 0 || !must_ask;
        os_snapshot_release(instance, stops_backup);
        if (stops_backup)
            backup_terminate(instance->backup);
        else
            TRY(backup_check_idle(instance->backup));
    }
    if (must_ask && has_open_transaction(instance))
        RAISE(JET_errTooManyActiveUsers);
done:
    if (err < 0 && instance->backup != NULL)
        backup_allow(instance->backup, true);
    return err;
}

JET_ERR engine_term(JET_INSTANCE handle, JET_GRBIT grbit)
{
    struct instance *instance = NULL;
    bool was_started = false;
    process_lock();
    JET_ERR err = claim_for_term(handle, &instance, &was_started);
    process_unlock();
    if (err < 0)
        return err;

    if (was_started) {
        bool is_dirty = (grbit & JET_bitTermDirty) != 0;
        bool is_disabled = (atomic_load(&instance->state) & INSTANCE_DISABLED) != 0;
        err = prepare_term(instance, grbit, !is_dirty && !is_disabled);
        if (err < 0) {
            process_lock();
            atomic_fetch_and(&instance->state, ~(unsigned)INSTANCE_TERMINATING);
            process_unlock();
            return err;
        }
        instance_service_end(instance, JET_errTermInProgress);
        maintenance_end_all(instance);
        destroy_sessions(instance);
        is_disabled = (atomic_load(&instance->state) & INSTANCE_DISABLED) != 0; /* also by a rollback that failed just now */
        err = instance_stop(instance, !is_dirty && !is_disabled);
        if (err >= 0 && is_dirty)
            err = JET_errDirtyShutdown;
    }
    process_lock();
    instance_unlink(instance);
    process_unlock();
    instance_free(instance);
    return err;
}

/* --- JetStopService --- */

enum { CHECKPOINT_DEPTH_STOPPED = 16384 };

static JET_ERR stop_everything(struct instance *instance)
{
    mutex_lock(&instance->lock);
    params_replace_number(&instance->params, JET_paramCheckpointDepthMax, CHECKPOINT_DEPTH_STOPPED);
    mutex_unlock(&instance->lock);
    atomic_fetch_or(&instance->state, (unsigned)INSTANCE_STOPPED);
    maintenance_end_all(instance);
    return JET_errSuccess;
}

JET_ERR engine_stop_service(JET_INSTANCE handle, bool has_handle, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    const JET_GRBIT services = JET_bitStopServiceBackgroundUserTasks | JET_bitStopServiceQuiesceCaches;
    TRY(has_handle ? engine_enter_instance(handle, INSTANCE_ENTER_HANDLE_ONLY, &instance)
                   : engine_enter_only_instance(INSTANCE_ENTER_HANDLE_ONLY, &instance));
    if ((grbit & ~(services | (JET_GRBIT)JET_bitStopServiceResume)) != 0)
        RAISE(JET_errInvalidGrbit);
    if (grbit == JET_bitStopServiceAll) {
        TRY(stop_everything(instance));
    } else if ((grbit & JET_bitStopServiceResume) == 0) {
        atomic_fetch_or(&instance->stopped_services, grbit);
    } else {
        JET_GRBIT resumed = grbit & services;
        if (resumed == 0 && (atomic_load(&instance->state) & INSTANCE_STOPPED) != 0)
            RAISE(JET_errClientRequestToStopJetService);
        atomic_fetch_and(&instance->stopped_services, ~(resumed != 0 ? resumed : services));
    }
done:
    engine_leave_instance(instance);
    return err;
}
