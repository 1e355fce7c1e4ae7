/* Restores inside a process (restore.h). An external restore runs as a private instance named Restore0001, Restore0002, ... so that the limits and path
 * collisions of instances hold for it, and the run mode becomes multi-instance; a folder restore runs in the client's own instance, or in one named
 * Restore. */
#include "engine/restore.h"

#include <stdio.h>
#include <string.h>

#include "backup/folder_restore.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/instance.h"
#include "engine/process.h"
#include "log/log.h"
#include "os/path.h"

enum { RESTORES_MAX = 9999, CACHE_BYTES = 16 << 20, RECORD_HEAD = 3, EVENT_RESTORE_FAILED = 454 };

/* --- the target --- */

static bool is_known(const struct instance *i)
{
    const unsigned begun = INSTANCE_INITIALISING | INSTANCE_RUNNING | INSTANCE_TERMINATING | INSTANCE_RESTORING;
    return !i->is_restore && (atomic_load(&i->state) & begun) != 0;
}

/* A running instance by its name; the log folder, absolute, stands for it when only folders were given. */
static struct instance *find_target(const char *name, const char *log_folder)
{
    for (struct instance *i = process.instances; i != NULL; i = i->next) {
        if (!is_known(i))
            continue;
        if (name != NULL && i->name != NULL && strcmp(i->name, name) == 0)
            return i;
        if (log_folder != NULL && i->log_folder != NULL && strcmp(i->log_folder, log_folder) == 0)
            return i;
    }
    return NULL;
}

/* Under process.lock. *out: the running target, counted in use until engine_leave_instance; NULL when there is none. */
static JET_ERR claim_target(const struct engine_restore *request, const char *target_log_folder, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    struct instance *target = find_target(request->target_name, target_log_folder);
    *out = NULL;
    if (target == NULL) {
        if (request->target_name != NULL)
            RAISE(JET_errBadRestoreTargetInstance);
        goto done;
    }
    if (strcmp(params_text(&target->params, JET_paramBaseName), request->base_name) != 0)
        RAISE(JET_errBadRestoreTargetInstance);
    TRY(instance_gate(target));
    atomic_fetch_add(&target->users, 1);
    *out = target;
done:
    return err;
}

/* Notes the restore in the target's log and finishes its current generation: *last and those before may be replayed; 0 when the target's logs are not
 * to be had, as circular logging deletes them. */
static JET_ERR roll_target(struct instance *target, const char *working_folder, uint32_t *last)
{
    JET_ERR err = JET_errSuccess;
    size_t length = strlen(working_folder);
    uint8_t *record = NULL;
    *last = 0;
    if (target->log == NULL || log_is_circular(target->log))
        goto done;
    if (length > UINT8_MAX)
        length = UINT8_MAX;
    record = (uint8_t *)mem_alloc(RECORD_HEAD + length);
    if (record == NULL)
        RAISE(JET_errOutOfMemory);
    record[0] = LR_EXT_RESTORE2;
    store_le16(record + 1, (uint16_t)length);
    memcpy(record + RECORD_HEAD, working_folder, length);
    TRY(log_append(target->log, record, (uint32_t)(RECORD_HEAD + length), NULL));
    TRY(log_roll(target->log));
    *last = log_tip_generation(target->log) - 1;
done:
    mem_free(record);
    return err;
}

/* --- the private instance of an external restore --- */

/* Under process.lock: makes it, or says why not. */
static JET_ERR claim(const struct engine_restore *request, struct instance **out)
{
    JET_ERR err = JET_errInstanceNameInUse;
    char *name = NULL;
    size_t size = (request->target_name != NULL ? strlen(request->target_name) : 0) + sizeof " - Restore0001";
    name = (char *)mem_alloc(size);
    if (name == NULL)
        RAISE(JET_errOutOfMemory);
    for (unsigned n = 1; err == JET_errInstanceNameInUse && n <= RESTORES_MAX; n++) {
        if (request->target_name != NULL)
            snprintf(name, size, "%s - Restore%04u", request->target_name, n);
        else
            snprintf(name, size, "Restore%04u", n);
        err = instance_create(name, NULL, true, out);
    }
    if (err < 0)
        goto done;
    process.mode = RUN_MODE_MULTI_INSTANCE;
    atomic_fetch_or(&(*out)->state, (unsigned)(INSTANCE_RUNNING | INSTANCE_RESTORING));
done:
    mem_free(name);
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

/* What the working folders and the target are. */
struct place {
    char *system_folder, *log_folder; /* NULL: not usable */
    char *target_log_folder;
    uint32_t target_last;
};

/* An absolute path without trailing separator; NULL stays NULL, and so does what cannot be one. */
static JET_ERR folder_path(const char *text, char **out)
{
    *out = NULL;
    if (text == NULL)
        return JET_errSuccess;
    JET_ERR err = path_absolute(text, out);
    if (err < 0 && err != JET_errOutOfMemory)
        return JET_errSuccess;
    for (size_t length = err >= 0 ? strlen(*out) : 0; length > 1 && (*out)[length - 1] == '/'; length--)
        (*out)[length - 1] = 0;
    return err;
}

static JET_ERR run(struct instance *instance, const struct engine_restore *request, const struct place *place)
{
    struct restore_config config = {
        .fs = process_fs(),
        .checkpoint_folder = place->system_folder,
        .log_folder = place->log_folder,
        .backup_folder = request->backup_folder,
        .base_name = request->base_name,
        .gen_low = request->gen_low,
        .gen_high = request->gen_high,
        .map = request->map,
        .map_count = (size_t)request->map_count,
        .target_folder = place->target_last != 0 ? place->target_log_folder : NULL,
        .target_gen_high = place->target_last,
        .deletes_out_of_range = params_number(&instance->params, JET_paramDeleteOutOfRangeLogs) != 0,
        .events = instance_events(instance),
        .progress = request->progress,
        .progress_context = request->progress_context,
        .cache_bytes = CACHE_BYTES,
        .stop = request->stop,
    };
    return restore_external(&config, request->reached);
}

/* Checks 7 to 9, then the restore. */
static JET_ERR run_in(struct instance *instance, const struct engine_restore *request, const struct place *place)
{
    JET_ERR err = JET_errSuccess;
    char number[16];
    if (place->log_folder != NULL && place->system_folder != NULL) {
        process_lock();
        err = claim_folders(instance, place->system_folder, place->log_folder);
        process_unlock();
        TRY(err);
    }
    if (request->map_count < 0 || request->map_count > RESTORE_MAP_MAX || (request->map_count > 0 && request->map == NULL))
        RAISE(JET_errInvalidParameter);
    if (place->log_folder == NULL || place->system_folder == NULL || request->backup_folder == NULL) {
        snprintf(number, sizeof number, "%d", JET_errFileNotFound);
        EVENT_REPORT(instance_events(instance), EVENT_RESTORE_FAILED, EVENT_ERROR, EVENT_LOGGING_RECOVERY, number);
        RAISE(JET_errFileNotFound);
    }
    err = run(instance, request, place);
done:
    return err;
}

JET_ERR engine_external_restore(const struct engine_restore *request)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL, *target = NULL;
    struct place place = {NULL, NULL, NULL, 0};
    bool was_running;
    if ((request->target_log_folder == NULL) != (request->target_checkpoint_folder == NULL) ||
        (request->target_name != NULL && request->target_log_folder != NULL))
        return JET_errInvalidParameter;
    TRY(folder_path(request->target_log_folder, &place.target_log_folder));
    process_lock();
    err = process.mode == RUN_MODE_ONE_INSTANCE ? JET_errRunningInOneInstanceMode : claim_target(request, place.target_log_folder, &target);
    if (err >= 0)
        err = claim(request, &instance);
    if (err >= 0)
        instance_start_events(instance);
    process_unlock();
    TRY(err);
    was_running = target != NULL;
    bool is_elsewhere = !was_running && request->target_log_folder != NULL; /* folders of an instance that does not run: they are the working folders */
    TRY(folder_path(is_elsewhere ? request->target_checkpoint_folder : request->checkpoint_folder, &place.system_folder));
    TRY(folder_path(is_elsewhere ? request->target_log_folder : request->log_folder, &place.log_folder));
    if (was_running) {
        mem_free(place.target_log_folder);
        place.target_log_folder = mem_strdup(target->log_folder);
        if (place.target_log_folder == NULL)
            RAISE(JET_errOutOfMemory);
        TRY(roll_target(target, place.log_folder != NULL ? place.log_folder : "", &place.target_last));
        engine_leave_instance(target); /* it may end while its logs are read */
        target = NULL;
    }
    err = run_in(instance, request, &place);
    if (err == JET_errSuccess && was_running)
        err = JET_wrnTargetInstanceRunning;
done:
    engine_leave_instance(target);
    if (instance != NULL) {
        process_lock();
        instance_unlink(instance);
        process_unlock();
        instance_free(instance);
    }
    mem_free(place.system_folder);
    mem_free(place.log_folder);
    mem_free(place.target_log_folder);
    return err;
}

/* --- a folder backup --- */

/* Under process.lock: the client's instance, not started, or a private one. */
static JET_ERR claim_for_folder(const struct engine_folder_restore *request, struct instance **out)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    bool has_instance = request->has_handle && request->handle != 0 && request->handle != JET_instanceNil;
    if (!request->has_handle && process.mode == RUN_MODE_MULTI_INSTANCE)
        RAISE(JET_errRunningInMultiInstanceMode);
    if (process.mode == RUN_MODE_ONE_INSTANCE) {
        instance = process.instances;
    } else if (has_instance) {
        instance = instance_of_handle(request->handle);
        if (instance == NULL)
            RAISE(process.mode == RUN_MODE_UNSET ? JET_errInvalidParameter : JET_errInvalidInstance);
    }
    if (instance == NULL) {
        TRY(instance_create("Restore", NULL, true, &instance));
        process.mode = request->has_handle ? RUN_MODE_MULTI_INSTANCE : RUN_MODE_ONE_INSTANCE;
    } else if (is_known(instance) || instance->is_restore) {
        RAISE(JET_errAlreadyInitialized);
    }
    atomic_fetch_or(&instance->state, (unsigned)(INSTANCE_RUNNING | INSTANCE_RESTORING));
    *out = instance;
done:
    return err;
}

/* Under process.lock: as if the instance had never been used. */
static void forget_folders(struct instance *instance)
{
    instance->is_started = false;
    mem_free(instance->system_folder);
    mem_free(instance->log_folder);
    mem_free(instance->temp_path);
    instance->system_folder = instance->log_folder = instance->temp_path = NULL;
}

static JET_ERR run_folder(struct instance *instance, const struct engine_folder_restore *request)
{
    const struct folder_restore_config config = {
        .base =
            {
                .fs = process_fs(),
                .checkpoint_folder = instance->system_folder,
                .log_folder = instance->log_folder,
                .base_name = params_text(&instance->params, JET_paramBaseName),
                .deletes_out_of_range = params_number(&instance->params, JET_paramDeleteOutOfRangeLogs) != 0,
                .page_size = (uint32_t)process_parameter(JET_paramDatabasePageSize),
                .events = instance_events(instance),
                .progress = request->progress,
                .progress_context = request->progress_context,
                .cache_bytes = CACHE_BYTES,
            },
        .source = request->source,
        .destination = request->destination,
    };
    return restore_from_folder(&config);
}

JET_ERR engine_folder_restore(const struct engine_folder_restore *request)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = NULL;
    process_lock();
    err = claim_for_folder(request, &instance);
    if (err >= 0) {
        instance_start_events(instance);
        instance->is_logging = true;
        instance->fs = process_fs();
        err = instance_resolve_paths(instance);
        if (err >= 0)
            err = instance_check_paths(instance);
    }
    process_unlock();
    if (err >= 0)
        err = instance_check_folders(instance);
    if (err >= 0)
        err = run_folder(instance, request);
    if (instance == NULL)
        return err;
    process_lock();
    forget_folders(instance);
    atomic_fetch_and(&instance->state, ~(unsigned)(INSTANCE_RUNNING | INSTANCE_RESTORING));
    bool is_private = instance->is_restore;
    if (is_private)
        instance_unlink(instance);
    process_unlock();
    if (is_private)
        instance_free(instance);
    return err;
}
