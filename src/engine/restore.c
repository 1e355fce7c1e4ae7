/* External restore inside a process (restore.h): it runs as a private instance named Restore0001, Restore0002, ... so that the limits and
 * path collisions of instances hold for it, and the run mode becomes multi-instance. */
#include "engine/restore.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/instance.h"
#include "engine/process.h"
#include "os/path.h"

enum { RESTORES_MAX = 9999, CACHE_BYTES = 16 << 20 };

/* A running instance by its name; the log folder stands for it when only folders were given. */
static struct instance *find_target(const struct engine_restore *request)
{
    for (struct instance *i = process.instances; i != NULL; i = i->next) {
        if (i->is_restore || (atomic_load(&i->state) & INSTANCE_RUNNING) == 0)
            continue;
        if (request->target_name != NULL && i->name != NULL && strcmp(i->name, request->target_name) == 0)
            return i;
        if (request->target_log_folder != NULL && i->log_folder != NULL && strcmp(i->log_folder, request->target_log_folder) == 0)
            return i;
    }
    return NULL;
}

/* Under process.lock: makes the private instance, or says why not. */
static JET_ERR claim(const struct engine_restore *request, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    if (process.mode == RUN_MODE_ONE_INSTANCE)
        RAISE(JET_errRunningInOneInstanceMode);
    struct instance *target = find_target(request);
    if (request->target_name != NULL && target == NULL)
        RAISE(JET_errBadRestoreTargetInstance);
    if (target != NULL) {
        TRY(instance_gate(target));
        RAISE(JET_errFeatureNotAvailable); /* rolling forward with a running instance's logs */
    }
    err = JET_errInstanceNameInUse;
    for (unsigned n = 1; err == JET_errInstanceNameInUse && n <= RESTORES_MAX; n++) {
        char name[16];
        snprintf(name, sizeof name, "Restore%04u", n);
        err = instance_create(name, NULL, true, out);
    }
    if (err < 0)
        goto done;
    process.mode = RUN_MODE_MULTI_INSTANCE;
    atomic_fetch_or(&(*out)->state, (unsigned)(INSTANCE_RUNNING | INSTANCE_RESTORING));
done:
    return err;
}

/* Gives the private instance its folders and tests them against the other instances'. Under process.lock. */
static JET_ERR claim_folders(struct instance *instance, const char *system_folder, const char *log_folder)
{
    instance->system_folder = mem_strdup(system_folder);
    instance->log_folder = mem_strdup(log_folder);
    if (instance->system_folder == NULL || instance->log_folder == NULL)
        return JET_errOutOfMemory;
    instance->is_logging = true;
    return instance_check_paths(instance);
}

static JET_ERR run(struct instance *instance, const struct engine_restore *request)
{
    struct restore_config config = {
        .fs = process_fs(),
        .checkpoint_folder = instance->system_folder,
        .log_folder = instance->log_folder,
        .backup_folder = request->backup_folder,
        .base_name = request->base_name,
        .gen_low = request->gen_low,
        .gen_high = request->gen_high,
        .map = request->map,
        .map_count = (size_t)request->map_count,
        .events = instance_events(instance),
        .progress = request->progress,
        .progress_context = request->progress_context,
        .cache_bytes = CACHE_BYTES,
    };
    return restore_external(&config);
}

JET_ERR engine_external_restore(const struct engine_restore *request)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    char *system_folder = NULL, *log_folder = NULL;
    if ((request->target_log_folder == NULL) != (request->target_checkpoint_folder == NULL) ||
        (request->target_name != NULL && request->target_log_folder != NULL))
        return JET_errInvalidParameter;
    process_lock();
    err = claim(request, &instance);
    process_unlock();
    if (err < 0)
        return err;
    if (request->map_count < 0 || request->map_count > RESTORE_MAP_MAX || (request->map_count > 0 && request->map == NULL))
        RAISE(JET_errInvalidParameter);
    if (request->log_folder == NULL || request->backup_folder == NULL || request->checkpoint_folder == NULL)
        RAISE(JET_errFileNotFound);
    TRY(path_absolute(request->target_checkpoint_folder != NULL ? request->target_checkpoint_folder : request->checkpoint_folder, &system_folder));
    TRY(path_absolute(request->target_log_folder != NULL ? request->target_log_folder : request->log_folder, &log_folder));
    process_lock();
    err = claim_folders(instance, system_folder, log_folder);
    process_unlock();
    if (err >= 0)
        err = run(instance, request);
done:
    process_lock();
    instance_unlink(instance);
    process_unlock();
    instance_free(instance);
    mem_free(system_folder);
    mem_free(log_folder);
    return err;
}
