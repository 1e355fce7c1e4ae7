/* Instances: making, finding, entering and freeing them; what others ask of one (instance.h, engine.h). */
#include "engine/instance.h"

#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "engine/process.h"
#include "engine/reseed.h"
#include "log/log.h"

/* --- making and freeing --- */

static bool same_name(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void instance_release(struct instance *instance)
{
    if (instance == NULL)
        return;
    reseed_close_all(instance);
    event_callback_destroy(&instance->event_callback);
    maintenance_destroy(&instance->maintenance);
    log_consumer_destroy(&instance->consumer);
    page_patches_destroy(&instance->patches);
    mutex_destroy(&instance->reseeds_lock);
    mutex_destroy(&instance->words_lock);
    mutex_destroy(&instance->databases_lock);
    mutex_destroy(&instance->lock);
    params_clear(&instance->params);
    mem_free(instance->system_folder);
    mem_free(instance->log_folder);
    mem_free(instance->temp_path);
    mem_free(instance->name);
    mem_free(instance->display_name);
    mem_free(instance);
}

static JET_ERR instance_build(const char *name, const char *display_name, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = mem_alloc(sizeof *instance);
    bool has_lock = false, has_databases_lock = false, has_words_lock = false, has_callback = false, has_reseeds_lock = false, has_patches = false, has_consumer = false;
    if (instance == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(mutex_init(&instance->lock, RANK_INSTANCE));
    has_lock = true;
    TRY(mutex_init(&instance->databases_lock, RANK_DATABASES));
    has_databases_lock = true;
    TRY(mutex_init(&instance->words_lock, RANK_LEAF));
    has_words_lock = true;
    TRY(mutex_init(&instance->reseeds_lock, RANK_BACKUP));
    has_reseeds_lock = true;
    TRY(page_patches_init(&instance->patches));
    has_patches = true;
    TRY(event_callback_init(&instance->event_callback));
    has_callback = true;
    TRY(log_consumer_init(&instance->consumer));
    has_consumer = true;
    TRY(maintenance_init(&instance->maintenance));
    if (name != NULL && (instance->name = mem_strdup(name)) == NULL)
        RAISE(JET_errOutOfMemory);
    if (display_name != NULL && (instance->display_name = mem_strdup(display_name)) == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(params_copy(&process.params, &instance->params));
    *out = instance;
    return JET_errSuccess;
done:
    if (instance != NULL) {
        maintenance_destroy(&instance->maintenance);
        if (has_consumer)
            log_consumer_destroy(&instance->consumer);
        if (has_callback)
            event_callback_destroy(&instance->event_callback);
        if (has_patches)
            page_patches_destroy(&instance->patches);
        if (has_reseeds_lock)
            mutex_destroy(&instance->reseeds_lock);
        if (has_words_lock)
            mutex_destroy(&instance->words_lock);
        if (has_databases_lock)
            mutex_destroy(&instance->databases_lock);
        if (has_lock)
            mutex_destroy(&instance->lock);
        mem_free(instance->name);
        mem_free(instance->display_name);
        mem_free(instance);
    }
    return err;
}

JET_ERR instance_create(const char *name, const char *display_name, bool is_restore, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    uint64_t handle = 0;
    uintptr_t most = process.mode == RUN_MODE_ONE_INSTANCE ? 1 : params_number(&process.params, JET_paramMaxInstances);
    if (process.instance_count >= most)
        RAISE(JET_errTooManyInstances);
    for (const struct instance *other = process.instances; other != NULL; other = other->next) {
        if (same_name(other->name, name))
            RAISE(JET_errInstanceNameInUse);
    }
    TRY(instance_build(name, display_name, &instance));
    instance->is_restore = is_restore;
    TRY(handle_add(&process.instance_handles, instance, 0, &instance->slot, &handle));
    instance->handle = handle;
    instance->number = process.instances_made++;
    instance->next = process.instances;
    process.instances = instance;
    process.instance_count++;
    *out = instance;
    instance = NULL;
done:
    instance_release(instance);
    return err;
}

void instance_unlink(struct instance *instance)
{
    for (struct instance **link = &process.instances; *link != NULL; link = &(*link)->next) {
        if (*link == instance) {
            *link = instance->next;
            handle_remove(&process.instance_handles, instance->slot);
            process.instance_count--;
            break;
        }
    }
    if (process.instance_count == 0)
        process.mode = RUN_MODE_UNSET;
}

void instance_free(struct instance *instance)
{
    while (atomic_load(&process.entering) != 0 || atomic_load(&instance->users) != 0) /* in this order: who was entering is a user now */
        thread_sleep_ms(1);
    instance_release(instance);
}

struct instance *instance_of_handle(JET_INSTANCE handle)
{
    struct handle_slot *slot = handle_slot_of(&process.instance_handles, handle);
    struct instance *instance = slot != NULL && atomic_load(&slot->handle) == handle ? atomic_load(&slot->object) : NULL;
    return instance != NULL && !instance->is_restore ? instance : NULL;
}

void instance_lock_databases(struct instance *instance)
{
    mutex_lock(&instance->databases_lock);
    atomic_store(&instance->databases_owner, thread_id());
}

void instance_unlock_databases(struct instance *instance)
{
    atomic_store(&instance->databases_owner, 0);
    mutex_unlock(&instance->databases_lock);
}

bool instance_owns_databases(const struct instance *instance) { return atomic_load(&instance->databases_owner) == thread_id(); }

/* --- entering --- */

JET_ERR instance_unavailable_error(unsigned state)
{
    return (state & INSTANCE_DISABLED_LOG_FULL) != 0 ? JET_errInstanceUnavailableDueToFatalLogDiskFull : JET_errInstanceUnavailable;
}

JET_ERR instance_gate(const struct instance *instance)
{
    unsigned state = atomic_load(&instance->state);
    if ((state & INSTANCE_STOPPED) != 0)
        return JET_errClientRequestToStopJetService;
    if ((state & INSTANCE_DISABLED) != 0)
        return instance_unavailable_error(state);
    if ((state & INSTANCE_TERMINATING) != 0)
        return JET_errTermInProgress;
    if ((state & INSTANCE_RESTORING) != 0)
        return JET_errRestoreInProgress;
    return (state & (INSTANCE_INITIALISING | INSTANCE_RUNNING)) == INSTANCE_RUNNING ? JET_errSuccess : JET_errNotInitialized;
}

/* Under process.lock, with the instance found. */
static JET_ERR enter_found(struct instance *instance, unsigned flags, struct instance **out)
{
    JET_ERR err = (flags & INSTANCE_ENTER_HANDLE_ONLY) != 0 ? JET_errSuccess : instance_gate(instance);
    if (err < 0)
        return err;
    atomic_fetch_add(&instance->users, 1);
    *out = instance;
    return JET_errSuccess;
}

JET_ERR engine_enter_instance(JET_INSTANCE handle, unsigned flags, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    *out = NULL;
    process_lock();
    if (process.mode == RUN_MODE_ONE_INSTANCE)
        instance = process.instances;
    else if (process.mode == RUN_MODE_MULTI_INSTANCE && handle != 0 && handle != JET_instanceNil) {
        instance = instance_of_handle(handle);
        if (instance == NULL)
            RAISE(JET_errInvalidInstance);
    }
    if (instance == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(enter_found(instance, flags, out));
done:
    process_unlock();
    return err;
}

JET_ERR engine_enter_only_instance(unsigned flags, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    process_lock();
    if (process.mode == RUN_MODE_MULTI_INSTANCE)
        RAISE(JET_errRunningInMultiInstanceMode);
    if (process.mode == RUN_MODE_UNSET || process.instances == NULL)
        RAISE(JET_errInvalidParameter);
    TRY(enter_found(process.instances, flags, out));
done:
    process_unlock();
    return err;
}

static bool find_any(void *found, struct handle_slot *slot)
{
    struct instance *instance = atomic_load(&slot->object);
    *(struct instance **)found = instance;
    return instance == NULL;
}

JET_ERR engine_enter_instance_from_callback(JET_INSTANCE handle, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    *out = NULL;
    atomic_fetch_add(&process.entering, 1); /* from here on an instance that can be found is not freed */
    enum run_mode mode = process.mode;
    if (mode == RUN_MODE_ONE_INSTANCE)
        handle_visit(&process.instance_handles, find_any, &instance);
    else if (mode == RUN_MODE_MULTI_INSTANCE && handle != 0 && handle != JET_instanceNil) {
        instance = instance_of_handle(handle);
        if (instance == NULL)
            RAISE(JET_errInvalidInstance);
    }
    if (instance == NULL)
        RAISE(JET_errInvalidParameter);
    atomic_fetch_add(&instance->users, 1); /* before the state is read: JetTerm sets it and then waits for users */
    if (atomic_load(&instance->emit_thread) != thread_id())
        err = instance_gate(instance);
    if (err < 0)
        atomic_fetch_sub(&instance->users, 1);
    else
        *out = instance;
done:
    atomic_fetch_sub(&process.entering, 1);
    return err;
}

JET_ERR engine_check_instance(const struct instance *instance) { return instance_gate(instance); }

void engine_leave_instance(struct instance *instance)
{
    if (instance != NULL)
        atomic_fetch_sub(&instance->users, 1);
}

/* --- what others ask --- */

struct os_fs *instance_fs(const struct instance *instance) { return instance->fs; }
struct cache *instance_cache(const struct instance *instance) { return instance->cache; }
uint32_t instance_page_size(const struct instance *instance) { return instance->page_size; }
const char *instance_temp_path(const struct instance *instance) { return instance->temp_path; }

uint64_t instance_cache_most(struct instance *instance)
{
    uint64_t least, most;
    instance_cache_limits((uint64_t)instance_parameter(instance, JET_paramCacheSizeMin), (uint64_t)instance_parameter(instance, JET_paramCacheSizeMax), instance->page_size, &least, &most);
    return most;
}

static const struct schema_amounts temporary_amounts[2] = {{.tables = 1}, {.tables = 1, .indexes = 1}};

static void release_temporary(struct instance *instance, bool has_index)
{
    schema_use_release(&instance->schema_use, temporary_amounts[has_index]);
    atomic_fetch_sub(&instance->temporary_count, 1);
}

static void release_without_index(void *instance) { release_temporary(instance, false); }
static void release_with_index(void *instance) { release_temporary(instance, true); }

JET_ERR instance_claim_temporary(struct instance *instance, bool has_index, void (**release)(void *instance))
{
    JET_ERR err = JET_errSuccess;
    if (atomic_fetch_add(&instance->temporary_count, 1) >= (uint64_t)instance_parameter(instance, JET_paramMaxTemporaryTables))
        RAISE(JET_errTooManySorts);
    TRY(schema_use_claim(&instance->schema_use, temporary_amounts[has_index]));
    *release = has_index ? release_with_index : release_without_index;
done:
    if (err < 0)
        atomic_fetch_sub(&instance->temporary_count, 1);
    return err;
}

struct log *instance_log(const struct instance *instance) { return instance->log; }
struct event_log *instance_events(struct instance *instance) { return &instance->events; }
struct backup_session *instance_backup(struct instance *instance) { return instance->backup; }

intptr_t instance_parameter(struct instance *instance, uint32_t id)
{
    const struct param_info *info = param_find(id);
    assert_always(info != NULL);
    if (info->scope == PARAM_GLOBAL)
        return (intptr_t)process_parameter(id);
    mutex_lock(&instance->lock);
    intptr_t number = (intptr_t)params_number(&instance->params, id);
    mutex_unlock(&instance->lock);
    return number;
}

JET_ERR instance_parameter_text(struct instance *instance, uint32_t id, char **out)
{
    const struct param_info *info = param_find(id);
    assert_always(info != NULL);
    struct mutex *lock = info->scope == PARAM_GLOBAL ? &process.lock : &instance->lock;
    mutex_lock(lock);
    *out = mem_strdup(params_text(info->scope == PARAM_GLOBAL ? &process.params : &instance->params, id));
    mutex_unlock(lock);
    return *out != NULL ? JET_errSuccess : JET_errOutOfMemory;
}

void instance_disable(struct instance *instance, JET_ERR reason, const char *file, int line)
{
    JET_ERR none = JET_errSuccess;
    if (!atomic_compare_exchange_strong(&instance->disable_reason, &none, error_raise(reason, file, line)))
        return;
    atomic_fetch_or(&instance->state, (unsigned)INSTANCE_DISABLED | (reason == JET_errLogDiskFull ? (unsigned)INSTANCE_DISABLED_LOG_FULL : 0u));
}

void instance_check_log(struct instance *instance)
{
    if (instance->log != NULL && log_is_down(instance->log))
        instance_disable(instance, log_down_reason(instance->log), __FILE__, __LINE__);
}

void instance_cache_limits(uint64_t pages_min, uint64_t pages_max, uint32_t page_size, uint64_t *bytes_min, uint64_t *bytes_max)
{
    /* The default maximum means "as much as there is": half the machine's memory is what one instance gets of it. */
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    uint64_t memory = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / 2 : UINT64_C(1) << 30;
    *bytes_max = pages_max < memory / page_size ? pages_max * page_size : memory;
    *bytes_min = pages_min < *bytes_max / page_size ? pages_min * page_size : *bytes_max;
}
