/* Starting and stopping the parts of an instance: paths, cache, log with recovery, backup (instance-and-session 7 to 9, recovery.md 2). */
#include <stdio.h>
#include <string.h>

#include "backup/backup.h"
#include "base/memory.h"
#include "base/text.h"
#include "engine/attach.h"
#include "engine/checkpoint.h"
#include "engine/instance.h"
#include "engine/instance_info.h"
#include "engine/process.h"
#include "engine/recovery_control.h"
#include "engine/ship_log.h"
#include "engine/versions.h"
#include "log/log.h"
#include "mvcc/version_store.h"
#include "os/clock.h"
#include "os/path.h"
#include "recovery/recovery.h"
#include "txn/txn.h"

/* Start and stop own the parameters: nobody else changes what they read. */
static uintptr_t number_of(const struct instance *instance, uint32_t id) { return params_number(&instance->params, id); }
static bool flag_of(const struct instance *instance, uint32_t id) { return number_of(instance, id) != 0; }

/* --- checks 10 to 13 --- */

static JET_ERR check_settings(const struct instance *instance, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    enum { SECTOR_KIB = 4 };
    bool cleans_up = flag_of(instance, JET_paramCleanupMismatchedLogFiles);
    if (number_of(instance, JET_paramLogFileSize) % SECTOR_KIB != 0)
        RAISE(JET_errInvalidSettings);
    if (cleans_up && (!flag_of(instance, JET_paramCircularLog) || (grbit & JET_bitKeepDbAttachedAtEndOfRecovery) != 0))
        RAISE(JET_errInvalidSettings);
done:
    return err;
}

/* A folder parameter, absolute and without trailing separator. */
static JET_ERR folder_of(const struct instance *instance, uint32_t id, char **out)
{
    const char *text = params_text(&instance->params, id);
    JET_ERR err = path_absolute(text[0] != 0 ? text : ".", out);
    if (err >= 0) {
        size_t length = strlen(*out);
        while (length > 1 && (*out)[length - 1] == '/')
            (*out)[--length] = 0;
    }
    return err;
}

/* The temporary database lies below the system folder unless its path is absolute; a folder gets the default file name. */
static JET_ERR temp_path_of(const struct instance *instance, char **out)
{
    JET_ERR err = JET_errSuccess;
    const char *text = params_text(&instance->params, JET_paramTempPath);
    char *joined = NULL, *absolute = NULL;
    *out = NULL;
    if (text[0] == '/')
        TRY(path_absolute(text, &absolute));
    else {
        TRY(path_join(instance->system_folder, text[0] != 0 ? text : "tmp.edb", &joined));
        TRY(path_absolute(joined, &absolute));
    }
    if (absolute[strlen(absolute) - 1] == '/')
        TRY(path_join(absolute, "tmp.edb", out));
    else {
        *out = absolute;
        absolute = NULL;
    }
done:
    mem_free(joined);
    mem_free(absolute);
    return err;
}

JET_ERR instance_resolve_paths(struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    TRY(folder_of(instance, JET_paramSystemPath, &instance->system_folder));
    TRY(folder_of(instance, JET_paramLogFilePath, &instance->log_folder));
    TRY(temp_path_of(instance, &instance->temp_path));
done:
    return err;
}

static bool same_place(const char *a, const char *b)
{
    struct os_file_info one, other;
    if (strcmp(a, b) == 0)
        return true;
    return os_stat(process_fs(), a, &one) >= 0 && os_stat(process_fs(), b, &other) >= 0 && one.device == other.device && one.inode == other.inode;
}

/* Check 12, under process.lock: does an instance that has started, or is about to, live in the same places? */
JET_ERR instance_check_paths(struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    const char *base = params_text(&instance->params, JET_paramBaseName);
    bool has_temp = number_of(instance, JET_paramMaxTemporaryTables) > 0;
    for (const struct instance *other = process.instances; other != NULL; other = other->next) {
        if (other == instance || !other->is_started)
            continue;
        bool same_base = strcmp(base, params_text(&other->params, JET_paramBaseName)) == 0;
        if (has_temp && instance->temp_path != NULL && other->temp_path != NULL && number_of(other, JET_paramMaxTemporaryTables) > 0 && same_place(instance->temp_path, other->temp_path))
            RAISE(JET_errTempPathInUse);
        if (same_base && same_place(instance->system_folder, other->system_folder))
            RAISE(JET_errSystemPathInUse);
        if (same_base && instance->is_logging && other->is_logging && same_place(instance->log_folder, other->log_folder))
            RAISE(JET_errLogFilePathInUse);
    }
    instance->is_started = true; /* from here on others collide with it */
done:
    return err;
}

static JET_ERR check_folder(const struct instance *instance, const char *folder)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    if (os_stat(instance->fs, folder, &info) >= 0) {
        if (!info.is_directory)
            RAISE(JET_errInvalidPath);
    } else if (flag_of(instance, JET_paramCreatePathIfNotExist)) {
        TRY(os_dir_create(instance->fs, folder));
    } else {
        RAISE(JET_errInvalidPath);
    }
done:
    return err;
}

JET_ERR instance_check_folders(const struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    char *temp_folder = NULL;
    TRY(check_folder(instance, instance->system_folder));
    if (instance->is_logging)
        TRY(check_folder(instance, instance->log_folder));
    if (number_of(instance, JET_paramMaxTemporaryTables) > 0) {
        TRY(path_folder(instance->temp_path, &temp_folder));
        TRY(check_folder(instance, temp_folder));
    }
done:
    mem_free(temp_folder);
    return err;
}

/* --- events --- */

void instance_start_events(struct instance *instance)
{
    const char *name = instance->display_name != NULL ? instance->display_name : instance->name;
    struct event_sink callback = event_callback_sink(instance);
    event_log_init(&instance->events, params_text(&instance->params, JET_paramEventSource), name, flag_of(instance, JET_paramNoInformationEvent),
                   (uint32_t)number_of(instance, JET_paramEventLoggingLevel), event_sink_system(), &callback);
}

enum lifecycle_event { EVENT_STARTING = 102, EVENT_STOPPED = 103, EVENT_STOPPED_WITH_ERROR = 104, EVENT_STARTED = 105 };
enum { EVENT_CLEANUP_FAILED = 628 };

static void report(const struct instance *instance, enum lifecycle_event id, const char *third)
{
    char number[16], version[32], seconds[32];
    snprintf(number, sizeof number, "%u", instance->number);
    snprintf(version, sizeof version, "%02d.%02d.%d", ENGINE_VERSION_MAJOR, ENGINE_VERSION_MINOR, ENGINE_VERSION_BUILD);
    snprintf(seconds, sizeof seconds, "%.3f s", (double)(clock_monotonic_ns() - instance->started_ns) / 1e9);
    enum event_level level = id == EVENT_STOPPED_WITH_ERROR ? EVENT_ERROR : EVENT_INFORMATION;
    if (id == EVENT_STARTING)
        EVENT_REPORT(&instance->events, id, level, EVENT_GENERAL, version, number, third);
    else if (id == EVENT_STARTED)
        EVENT_REPORT(&instance->events, id, level, EVENT_GENERAL, number, seconds);
    else if (id == EVENT_STOPPED)
        EVENT_REPORT(&instance->events, id, level, EVENT_GENERAL, number, seconds, third);
    else
        EVENT_REPORT(&instance->events, id, level, EVENT_GENERAL, number, third, seconds);
}

/* --- log --- */

enum { PARAM_CHECKPOINT_TOO_DEEP = 154, PARAM_AGGRESSIVE_ROLLOVER = 157, PARAM_EMIT_LOG = 173, PARAM_EMIT_LOG_CONTEXT = 174 }; /* behind ESENT_PRIVATE */

static uint32_t oldest_needed_generation(void *context)
{
    const struct instance *instance = context;
    return instance->backup != NULL ? backup_oldest_needed_generation(instance->backup) : 0;
}

static void fill_log_config(struct instance *instance, struct log_config *config)
{
    instance->emit_log = number_of(instance, PARAM_EMIT_LOG);
    instance->emit_log_context = number_of(instance, PARAM_EMIT_LOG_CONTEXT);
    *config = (struct log_config){
        .fs = instance->fs,
        .log_folder = instance->log_folder,
        .system_folder = instance->system_folder,
        .base_name = params_text(&instance->params, JET_paramBaseName),
        .is_legacy_names = (number_of(instance, JET_paramLegacyFileNames) & JET_bitEightDotThreeSoftCompat) != 0,
        .file_kib = (uint32_t)number_of(instance, JET_paramLogFileSize),
        .buffer_segments = (uint32_t)number_of(instance, JET_paramLogBuffers) / (LOG_SEGMENT_SIZE / 512),
        .page_size = instance->page_size,
        .is_circular = flag_of(instance, JET_paramCircularLog),
        .max_sessions = (uint32_t)number_of(instance, JET_paramMaxSessions),
        .max_open_tables = (uint32_t)number_of(instance, JET_paramMaxOpenTables),
        .max_version_pages = (uint32_t)number_of(instance, JET_paramMaxVerPages),
        .max_cursors = (uint32_t)number_of(instance, JET_paramMaxCursors),
        .checkpoint_too_deep = (uint32_t)number_of(instance, PARAM_CHECKPOINT_TOO_DEEP),
        .is_aggressive_rollover = flag_of(instance, PARAM_AGGRESSIVE_ROLLOVER),
        .callbacks = {.context = instance, .new_generation = checkpoint_new_generation, .refresh_attach_info = checkpoint_refresh_attach_info,
                      .oldest_needed_generation = oldest_needed_generation, .emit = instance->emit_log != 0 ? ship_log_emit : NULL},
    };
}

/* What carries progress from recovery to the client's callback. */
struct progress {
    struct instance *instance;
    const struct instance_start_options *options;
    bool has_begun;
};

static JET_ERR call_client(struct progress *progress, JET_SNT snt, uint32_t percent)
{
    JET_SNPROG data = {sizeof data, percent, 100};
    atomic_store(&progress->instance->callback_thread, thread_id());
    JET_ERR err = progress->options->progress(progress->options->progress_context, JET_snpRestore, snt, snt == JET_sntProgress ? &data : NULL);
    atomic_store(&progress->instance->callback_thread, 0);
    return err < 0 ? err : JET_errSuccess;
}

static JET_ERR recovery_progress(void *context, uint32_t percent)
{
    struct progress *progress = context;
    JET_ERR err = JET_errSuccess;
    if (!progress->has_begun) {
        progress->has_begun = true;
        TRY(call_client(progress, JET_sntBegin, 0));
    }
    TRY(call_client(progress, JET_sntProgress, percent));
done:
    return err;
}

/* The client's callback may set parameters, as in a progress call. */
static JET_ERR ask_client(void *context, const struct recovery_question *question)
{
    struct progress *progress = context;
    atomic_store(&progress->instance->callback_thread, thread_id());
    JET_ERR err = recovery_control_call(progress->instance->handle, question, progress->options->progress, progress->options->progress_context);
    atomic_store(&progress->instance->callback_thread, 0);
    return err;
}

static void give_page(void *context, const struct recovery_page_request *request)
{
    struct progress *progress = context;
    atomic_store(&progress->instance->callback_thread, thread_id());
    recovery_control_give_page(progress->instance->handle, request, progress->options->progress, progress->options->progress_context);
    atomic_store(&progress->instance->callback_thread, 0);
}

/* A stream that another process has open must not be replayed: that process holds its current log locked. What one that was killed has written, and how it named its files, may be in memory only:
 * before pages are changed by it, or it is shipped, it has to be on the disk. */
static JET_ERR claim_log(const struct log_config *config)
{
    JET_ERR err = JET_errSuccess;
    struct log_listing listing;
    struct os_file *file = NULL;
    char *path = NULL;
    TRY(log_list(config->fs, config->log_folder, config->base_name, config->is_legacy_names, &listing));
    if (!listing.has_current)
        goto done;
    TRY(log_named_path(config->log_folder, config->base_name, "", listing.extension, &path));
    TRY(os_file_open(config->fs, path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, &file));
    TRY(os_file_sync(file));
    TRY(os_dir_sync(config->fs, config->log_folder));
done:
    os_file_close(file);
    mem_free(path);
    return err;
}

/* Recovery has a cache of its own before the instance has one; a page of it that is met again costs no read and no write. */
static uint64_t recovery_cache_bytes(uint32_t page_size)
{
    enum { RECOVERY_BYTES_MIN = 16 << 20, RECOVERY_BYTES_MAX = 256 << 20 };
    uint64_t least, most;
    instance_cache_limits(process_parameter(JET_paramCacheSizeMin), process_parameter(JET_paramCacheSizeMax), page_size, &least, &most);
    return most < RECOVERY_BYTES_MIN ? (uint64_t)RECOVERY_BYTES_MIN : most > RECOVERY_BYTES_MAX ? (uint64_t)RECOVERY_BYTES_MAX : most;
}

/* JET_paramEngineFormatVersion as a limit of log versions (log-files 10); 0: none. What is asked for below what our own streams have is taken as that. */
static uint32_t log_update_major_max(const struct instance *instance)
{
    enum { PARAM_ENGINE_FORMAT_VERSION = 194, SPECIAL_FORMATS = 0x40000000 /* the engine's own, or whatever is there */ };
    static const struct {
        uint32_t format, update_major;
    } STEPS[] = {{0, 5},     {8940, 6},  {8980, 7},  {9040, 20}, {9100, 30},  {9120, 40},  {9140, 50},  {9160, 60},
                 {9320, 70}, {9340, 80}, {9360, 90}, {9420, 100}, {9480, 110}, {9500, 120}, {9580, 130}};
    uintptr_t format = number_of(instance, PARAM_ENGINE_FORMAT_VERSION);
    uint32_t result = 0;
    for (size_t i = 0; format < SPECIAL_FORMATS && i < sizeof STEPS / sizeof *STEPS; i++)
        if (format >= STEPS[i].format)
            result = STEPS[i].update_major;
    return result;
}

enum { BIT_ALLOW_MISSING_CURRENT_LOG = 0x100, BIT_ALLOW_SOFT_RECOVERY_ON_BACKUP = 0x200, BIT_SKIP_LOST_LOGS_EVENT = 0x400 }; /* JET_bit..., behind ESENT_PRIVATE */

static struct recovery_map_entry map_entry_of(const struct database_mapping *m)
{
    enum { IGNORE_WHEN_MISSING = 1, FAIL_WHEN_MISSING = 2, OVERWRITE_ON_CREATE = 4 }; /* JET_bitRestoreMap..., behind ESENT_PRIVATE */
    return (struct recovery_map_entry){.old_path = m->name, .new_path = m->new_name, .may_be_missing = (m->grbit & IGNORE_WHEN_MISSING) != 0,
                                       .must_exist = (m->grbit & FAIL_WHEN_MISSING) != 0, .is_overwritten = (m->grbit & OVERWRITE_ON_CREATE) != 0, .refusal = m->parameter_error};
}

static JET_ERR start_log(struct instance *instance, const struct instance_start_options *options, JET_ERR *warning)
{
    JET_ERR err = JET_errSuccess;
    struct progress progress = {instance, options, false};
    struct recovery_map_entry *map = NULL;
    struct recovery_result result = {0};
    const char *alternate = params_text(&instance->params, JET_paramAlternateDatabaseRecoveryPath);
    map = mem_alloc_array(options->mapping_count, sizeof *map);
    if (map == NULL)
        RAISE(JET_errOutOfMemory);
    for (size_t i = 0; i < options->mapping_count; i++)
        map[i] = map_entry_of(&options->mappings[i]);
    struct recovery_config config = {
        .update_major_max = log_update_major_max(instance),
        .is_file_kib_set = params_is_set(&instance->params, JET_paramLogFileSize),
        .map = map,
        .map_count = options->mapping_count,
        .alternate_folder = alternate[0] != 0 ? alternate : NULL,
        .options = {
            .ignore_missing_databases = (options->grbit & JET_bitReplayIgnoreMissingDB) != 0,
            .without_undo = (options->grbit & JET_bitRecoveryWithoutUndo) != 0,
            .truncate_logs_after = (options->grbit & JET_bitTruncateLogsAfterRecovery) != 0,
            .map_entry_optional = options->mapping_count == 0 || (options->grbit & JET_bitReplayMissingMapEntryDB) != 0,
            .stream_must_exist = (options->grbit & JET_bitLogStreamMustExist) != 0,
            .ignore_lost_logs = (options->grbit & JET_bitReplayIgnoreLostLogs) != 0,
            .keep_attached = (options->grbit & JET_bitKeepDbAttachedAtEndOfRecovery) != 0,
            .keep_dbid_max = INSTANCE_DATABASES_MAX,
            .allow_missing_current = (options->grbit & BIT_ALLOW_MISSING_CURRENT_LOG) != 0,
            .allow_backup_databases = (options->grbit & BIT_ALLOW_SOFT_RECOVERY_ON_BACKUP) != 0,
            .skip_lost_logs_event = (options->grbit & BIT_SKIP_LOST_LOGS_EVENT) != 0,
            .delete_out_of_range_logs = flag_of(instance, JET_paramDeleteOutOfRangeLogs),
            .cleanup_mismatched_logs = flag_of(instance, JET_paramCleanupMismatchedLogFiles),
        },
        .stop = {.position = options->stop_position},
        .cache_bytes = recovery_cache_bytes(instance->page_size),
        .events = &instance->events,
        .progress = options->progress != NULL ? recovery_progress : NULL,
        .progress_context = &progress,
        .ask = options->progress != NULL && options->asks_client ? ask_client : NULL,
        .ask_context = &progress,
        .page_request = options->hears_page_requests && atomic_load(&instance->patches.is_enabled) ? give_page : NULL,
        .page_request_context = &progress,
    };
    fill_log_config(instance, &config.log);
    TRY(claim_log(&config.log));
    TRY(recovery_run(&config, &result));
    *warning = result.warning;
    instance->log = result.log;
    version_store_set_last_number(instance->versions, result.transaction_last);
    if (!config.is_file_kib_set)
        params_replace_number(&instance->params, JET_paramLogFileSize, log_file_size_kib(instance->log));
    if (progress.has_begun)
        TRY(call_client(&progress, JET_sntComplete, 100));
    TRY(log_append_init(instance->log, NULL));
    for (uint32_t i = 0; i < result.kept_count; i++)
        TRY(attach_adopt(instance, result.kept[i].dbid, result.kept[i].path));
done:
    recovery_release_result(&result);
    if (err < 0 && progress.has_begun && instance->log == NULL) {
        JET_ERR ignored = call_client(&progress, err == JET_errRecoveredWithoutUndo ? JET_sntComplete : JET_sntFail, 100); /* changes nothing any more */
        (void)ignored;
    }
    mem_free(map);
    return err;
}

/* --- start and stop --- */

/* ESENT's sum: an open table and a closed one that stays cached take two trees each, a temporary table one (published engine source). */
static void start_schema_use(struct instance *instance)
{
    uint64_t most = 2 * (uint64_t)number_of(instance, JET_paramMaxOpenTables) + number_of(instance, JET_paramMaxTemporaryTables) + 2 * (uint64_t)number_of(instance, JET_paramCachedClosedTables);
    instance->schema_use.most = most < INT32_MAX ? (uint32_t)most : INT32_MAX;
}

/* A registered runtime callback is tried once with nil handles; its error ends the start. */
static JET_ERR probe_runtime_callback(const struct instance *instance)
{
    JET_CALLBACK callback = (JET_CALLBACK)number_of(instance, JET_paramRuntimeCallback);
    return callback != NULL ? callback(JET_sesidNil, JET_dbidNil, JET_tableidNil, JET_cbtypNull, NULL, NULL, NULL, 0) : JET_errSuccess;
}

static JET_ERR start_cache(struct instance *instance)
{
    struct cache_config config = {.page_size = instance->page_size};
    config.log = (struct cache_log){.before_write = checkpoint_before_write, .flush_log = checkpoint_flush_log, .may_write = checkpoint_may_write, .context = instance};
    instance_cache_limits(process_parameter(JET_paramCacheSizeMin), process_parameter(JET_paramCacheSizeMax), instance->page_size, &config.bytes_min, &config.bytes_max);
    return cache_create(&config, &instance->cache);
}

static JET_ERR start_versions(struct instance *instance)
{
    enum { VERSION_PAGE_BYTES = 32768 }; /* resource-parameters, JET_paramMaxVerPages: 32 KiB where addresses have 64 bits */
    instance->version_bytes_max = (uint64_t)number_of(instance, JET_paramMaxVerPages) * VERSION_PAGE_BYTES;
    const struct version_store_config config = {.bytes_max = instance->version_bytes_max};
    return version_store_create(&config, &instance->versions);
}

/* A version that cannot be cleaned up leaves a dead node or lost space behind, nothing worse, unless the log is down. */
static void cleanup_failed(void *context, JET_ERR error, const char *why)
{
    struct instance *instance = context;
    char number[16];
    snprintf(number, sizeof number, "%d", error);
    EVENT_REPORT(&instance->events, EVENT_CLEANUP_FAILED, EVENT_WARNING, EVENT_GENERAL, number, why != NULL ? why : "");
    instance_check_log(instance);
}

static JET_ERR start_cleaner(struct instance *instance)
{
    const struct txn_cleaner_config config = {.store = instance->versions, .log = instance->log, .failed = cleanup_failed, .context = instance};
    return txn_cleaner_start(&config, &instance->cleaner);
}

static JET_ERR advance_for_backup(void *context) { return checkpoint_advance(context); }

static JET_ERR clean_for_backup(void *context) { return txn_clean_now(((struct instance *)context)->cleaner); }

static JET_ERR start_backup(struct instance *instance)
{
    struct backup_host host = {
        .context = instance,
        .fs = instance->fs,
        .log = instance->log,
        .page_size = instance->page_size,
        .is_circular = flag_of(instance, JET_paramCircularLog),
        .skips_page_checks = (number_of(instance, 192) & 1) != 0, /* JET_paramDisableVerifications */
        .scrubs = flag_of(instance, JET_paramZeroDatabaseDuringBackup),
        .events = &instance->events,
        .visit_databases = attach_visit_logged,
        .visit_attached = attach_visit_all,
        .advance_checkpoint = advance_for_backup,
        .clean_versions = clean_for_backup,
        .wait_for_creation = attach_wait_for_reserved,
        .is_exclusively_open = attach_is_exclusively_open,
    };
    return backup_session_create(&host, &instance->backup);
}

/* Frees the parts, in whatever state they are, and writes nothing. */
static void release_parts(struct instance *instance)
{
    backup_session_destroy(instance->backup);
    instance->backup = NULL;
    txn_cleaner_stop(instance->cleaner);
    instance->cleaner = NULL;
    checkpoint_stop(instance);
    cache_destroy(instance->cache); /* its writer asks the log */
    instance->cache = NULL;
    checkpoint_release(instance);
    version_store_destroy(instance->versions);
    instance->versions = NULL;
    log_close(instance->log);
    instance->log = NULL;
    log_consumer_close(&instance->consumer); /* after the log's last word, which its client may send here */
    process_lock();
    instance->is_started = false;
    mem_free(instance->system_folder);
    mem_free(instance->log_folder);
    mem_free(instance->temp_path);
    instance->system_folder = instance->log_folder = instance->temp_path = NULL;
    process_unlock();
}

JET_ERR instance_start(struct instance *instance, const struct instance_start_options *options)
{
    JET_ERR err = JET_errSuccess, warning = JET_errSuccess;
    const char *name = instance->display_name != NULL ? instance->display_name : instance->name != NULL ? instance->name : "";
    instance->started_ns = clock_monotonic_ns();
    instance->fs = process_fs();
    instance->page_size = (uint32_t)process_parameter(JET_paramDatabasePageSize);
    instance->is_logging = ascii_compare_nocase(params_text(&instance->params, JET_paramRecovery), "off") != 0;
    page_patches_start(instance);
    start_schema_use(instance);
    instance_start_events(instance);
    report(instance, EVENT_STARTING, name);
    TRY(check_settings(instance, options->grbit));
    TRY(instance_resolve_paths(instance));
    process_lock();
    err = instance_check_paths(instance);
    process_unlock();
    if (err < 0)
        goto done;
    TRY(instance_check_folders(instance));
    TRY(probe_runtime_callback(instance));
    TRY(log_consumer_open(&instance->consumer, instance->fs, instance->log_folder, params_text(&instance->params, JET_paramBaseName),
                          (number_of(instance, JET_paramLegacyFileNames) & JET_bitEightDotThreeSoftCompat) != 0));
    TRY(start_versions(instance));
    TRY(start_cache(instance));
    if (instance->is_logging)
        TRY(start_log(instance, options, &warning));
    TRY(checkpoint_start(instance));
    TRY(start_cleaner(instance));
    TRY(start_backup(instance));
    report(instance, EVENT_STARTED, NULL);
done:
    if (err < 0) {
        checkpoint_stop(instance);
        attach_close_all(instance);
        release_parts(instance);
    }
    return err < 0 ? err : warning;
}

JET_ERR instance_stop(struct instance *instance, bool is_clean)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t position = 0;
    bool was_disabled = (atomic_load(&instance->state) & INSTANCE_DISABLED) != 0;
    instance->started_ns = clock_monotonic_ns();
    if (is_clean)
        err = txn_clean_now(instance->cleaner); /* nobody has a snapshot any more */
    txn_cleaner_stop(instance->cleaner);
    instance->cleaner = NULL;
    TRY(err);
    err = attach_flush_all(instance); /* of a dirty end: what is possible */
    checkpoint_stop(instance);
    if (is_clean) {
        TRY(err);
        /* The mark is in the log before a header says clean, and Term2 only when all of them do: a crash between is seen by the next start. */
        if (instance->log != NULL)
            TRY(log_append_shutdown(instance->log, &position));
        TRY(attach_mark_all_clean(instance, position));
        if (instance->log != NULL)
            TRY(log_append_term(instance->log, NULL));
    }
    err = JET_errSuccess;
done:
    checkpoint_stop(instance);
    attach_close_all(instance);
    if (err < 0 || was_disabled)
        report(instance, EVENT_STOPPED_WITH_ERROR, error_name(err < 0 ? err : atomic_load(&instance->disable_reason)));
    else
        report(instance, EVENT_STOPPED, is_clean ? "0" : "1");
    release_parts(instance);
    return err;
}

/* --- information --- */

uint32_t instance_log_generation(const struct instance *instance)
{
    return instance->log != NULL ? log_tip_generation(instance->log) : 0;
}

void instance_log_signature(struct instance *instance, struct signature *out)
{
    *out = instance->log != NULL ? log_stream_signature(instance->log) : (struct signature){{0}};
}

void instance_checkpoint_generations(struct instance *instance, uint32_t *first, uint32_t *last, struct log_time *last_created)
{
    lgpos_t position = 0;
    *first = *last = 0;
    *last_created = (struct log_time){{0}};
    if (instance->log == NULL)
        return;
    *last_created = log_generation_created(instance->log);
    *last = log_tip_generation(instance->log);
    *first = log_read_checkpoint(instance->log, &position) >= 0 ? lgpos_generation(position) : *last;
}
