/* From one generation to the next: the temporary log, the reserves, renames (README.md, rules 7-9; recovery.md 12). */
#include <stdio.h>

#include "base/memory.h"
#include "log/internal.h"
#include "os/clock.h"
#include "os/path.h"

enum { RESERVES = 2, RESERVES_AGGRESSIVE = 10 };

struct log_time log_now(void)
{
    int64_t seconds;
    unsigned milliseconds;
    clock_now(&seconds, &milliseconds);
    return log_time_from_unix(seconds, milliseconds);
}

void log_fill_parameters(const struct log *log, struct dbms_param *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->system_path, sizeof out->system_path, "%s", log->system_folder);
    snprintf(out->log_path, sizeof out->log_path, "%s", log->log_folder);
    out->flags = log->config.is_circular ? 1 : 0;
    out->sessions = log->config.max_sessions;
    out->open_tables = log->config.max_open_tables;
    out->version_pages = log->config.max_version_pages;
    out->cursors = log->config.max_cursors;
    out->log_buffers = log->capacity;
    out->log_sectors = log->sectors;
}

uint32_t log_encode_attach_list(struct log *log, uint8_t *list, lgpos_t before)
{
    uint32_t offset = 0, count = 0;
    memset(list, 0, ATTACH_LIST_SIZE);
    for (uint32_t i = 0; i < log->attached_count; i++) {
        struct attach_info *info = &log->attached[i].info;
        if (before != 0 && lgpos_normalize(info->lgpos_attach) >= lgpos_normalize(before))
            continue; /* its AttachDB will be met by who starts there */
        if (log->config.callbacks.refresh_attach_info != NULL)
            log->config.callbacks.refresh_attach_info(log->config.callbacks.context, info);
        if (attach_info_encode(info, list, ATTACH_LIST_SIZE, &offset) >= 0)
            count++;
    }
    return count;
}

static uint64_t file_bytes(const struct log *log) { return (uint64_t)log->sectors * LOG_SEGMENT_SIZE; }

/* --- reserve files --- */

static uint32_t reserve_quota(const struct log *log) { return log->config.is_aggressive_rollover ? RESERVES_AGGRESSIVE : RESERVES; }

static JET_ERR reserve_path(const struct log *log, uint32_t number, char **path)
{
    char suffix[16];
    snprintf(suffix, sizeof suffix, "res%05X", number);
    return log_named_path(log->log_folder, log->base, suffix, ".jrs", path);
}

static JET_ERR make_file(struct log *log, const char *path, struct os_file **out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    TRY(os_file_open(log->config.fs, path, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_LOCK_EXCLUSIVE, &file));
    TRY(os_file_set_size(file, 0)); /* only after the lock: somebody else's current log must not be cut */
    TRY(os_file_set_size(file, file_bytes(log)));
    *out = file;
    file = NULL;
done:
    if (file != NULL) {
        os_file_close(file); /* it is cut and grown again at the next try */
    }
    return err;
}

/* Makes those that are missing; the first error. */
static JET_ERR prepare_reserves(struct log *log)
{
    JET_ERR first_error = JET_errSuccess;
    for (uint32_t i = 1; i <= reserve_quota(log); i++) {
        char *path = NULL;
        struct os_file *file = NULL;
        struct os_file_info info;
        JET_ERR err = reserve_path(log, i, &path);
        if (err < 0)
            return err;
        bool is_right = os_stat(log->config.fs, path, &info) >= 0 && info.size == file_bytes(log);
        if (!is_right)
            err = make_file(log, path, &file);
        os_file_close(file);
        mem_free(path);
        if (err < 0 && first_error >= 0)
            first_error = err;
    }
    return first_error;
}

void log_prepare_reserves(struct log *log)
{
    JET_ERR ignored = prepare_reserves(log); /* without reserves the log works until the disk is full */
    (void)ignored;
}

JET_ERR log_check_room(struct log *log)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&log->lock);
    while (log->is_rolling) /* it may be taking a reserve */
        condition_wait(&log->changed, &log->lock);
    bool is_last = log->header.generation >= LOG_GENERATION_MAX_RUNNING;
    log->is_rolling = true;
    mutex_unlock(&log->lock);
    err = prepare_reserves(log);
    mutex_lock(&log->lock);
    log->is_rolling = false;
    condition_broadcast(&log->changed);
    mutex_unlock(&log->lock);
    if (err == JET_errOutOfMemory)
        return err;
    if (err == JET_errDiskFull || err == JET_errLogDiskFull)
        return error_raise(JET_errLogDiskFull, __FILE__, __LINE__);
    return is_last ? error_raise(JET_errLogSequenceEnd, __FILE__, __LINE__) : JET_errSuccess;
}

static JET_ERR take_reserve(struct log *log, const char *temporary)
{
    for (uint32_t i = reserve_quota(log); i >= 1; i--) {
        char *path = NULL;
        struct os_file_info info;
        JET_ERR err = reserve_path(log, i, &path);
        if (err < 0)
            return err;
        if (os_stat(log->config.fs, path, &info) >= 0 && info.size == file_bytes(log))
            err = os_rename(log->config.fs, path, temporary);
        else
            err = JET_errFileNotFound;
        mem_free(path);
        if (err >= 0)
            return JET_errSuccess;
    }
    return JET_errLogDiskFull;
}

/* --- circular logging --- */

struct oldest {
    uint32_t generation;
    char *path;
};

static JET_ERR note_oldest(void *context, uint32_t generation, const char *path)
{
    struct oldest *o = (struct oldest *)context;
    if (o->generation == 0) {
        o->generation = generation;
        o->path = mem_strdup(path);
    }
    return o->path == NULL ? JET_errOutOfMemory : JET_errSuccess;
}

/* Generations below this may go. */
static uint32_t circular_limit(const struct log *log)
{
    uint32_t limit = lgpos_generation(atomic_load(&log->checkpoint_on_disk)), needed = 0;
    if (log->config.callbacks.oldest_needed_generation != NULL)
        needed = log->config.callbacks.oldest_needed_generation(log->config.callbacks.context);
    return needed != 0 && needed < limit ? needed : limit;
}

static bool recycle_oldest(struct log *log, const char *temporary)
{
    struct oldest oldest = {0, NULL};
    struct os_file_info info;
    bool done = false;
    if (log->config.is_circular && log_visit_archives(log->config.fs, log->log_folder, log->base, log->extension, note_oldest, &oldest) >= 0 &&
        oldest.generation != 0 && oldest.generation < circular_limit(log) && os_stat(log->config.fs, oldest.path, &info) >= 0 && info.size == file_bytes(log))
        done = os_rename(log->config.fs, oldest.path, temporary) >= 0;
    mem_free(oldest.path);
    return done;
}

struct drop {
    struct log *log;
    uint32_t below;
};

static JET_ERR drop_archive(void *context, uint32_t generation, const char *path)
{
    struct drop *d = (struct drop *)context;
    return generation < d->below ? os_remove(d->log->config.fs, path) : JET_errSuccess;
}

static void drop_old_archives(struct log *log)
{
    uint32_t limit = circular_limit(log);
    struct drop drop = {log, limit > 2 ? limit - 2 : 0};
    if (log->config.is_circular && drop.below > 0 &&
        log_visit_archives(log->config.fs, log->log_folder, log->base, log->extension, drop_archive, &drop) < 0) {
        /* What could not be removed is tried again at the next roll. */
    }
}

/* --- files of a generation --- */

/* The temporary log, of full size, open and locked. *written_until: see struct log. */
static JET_ERR open_temporary(struct log *log, const char *path, struct os_file **out, uint8_t *flags, uint32_t *written_until)
{
    JET_ERR err = JET_errSuccess;
    *written_until = 1;
    if (recycle_oldest(log, path)) { /* keeps its old segments: they read as stale */
        *written_until = log->sectors;
        return os_file_open(log->config.fs, path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, out);
    }
    err = make_file(log, path, out);
    if (err != JET_errDiskFull && err != JET_errLogDiskFull)
        return err;
    TRY(take_reserve(log, path));
    *written_until = log->sectors; /* only its size is known: the original's may hold anything (log-files 1) */
    TRY(os_file_open(log->config.fs, path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, out));
    *flags |= LOG_FLAG_FROM_RESERVE;
done:
    return err;
}

/* A shortage that ends by itself: of file handles, of memory. */
static bool is_shortage(JET_ERR err) { return err == JET_errOutOfFileHandles || err == JET_errOutOfMemory; }

/* Waits, each time twice as long, about half a second in all. False: that was long enough. */
static bool wait_more(unsigned *milliseconds)
{
    enum { LONGEST_MS = 256 };
    if (*milliseconds > LONGEST_MS)
        return false;
    thread_sleep_ms(*milliseconds);
    *milliseconds *= 2;
    return true;
}

/* A shortage can only have met the opening of the folder: a sync that failed is a failed sync. */
static JET_ERR sync_folder(struct log *log)
{
    JET_ERR err;
    unsigned pause = 1;
    do
        err = os_dir_sync(log->config.fs, log->log_folder);
    while (is_shortage(err) && wait_more(&pause));
    return err;
}

/* The new file is complete and locked before it takes the name; the old one stays open and locked until then. So a second process finds a locked
 * file at every moment: the current log, or between the renames the archive and the temporary log. *is_begun: the file has been written, and names have been changed, or may have;
 * before, the attempt may be repeated. */
static JET_ERR install_file(struct log *log, struct log_header *header, const char *archive, bool *is_begun)
{
    JET_ERR err = JET_errSuccess;
    char *temporary = NULL, *current = NULL;
    uint8_t *bytes = (uint8_t *)mem_alloc(LOG_SEGMENT_SIZE);
    struct os_file *file = NULL;
    uint32_t written_until;
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(log_named_path(log->log_folder, log->base, "tmp", log->extension, &temporary));
    TRY(log_named_path(log->log_folder, log->base, "", log->extension, &current));
    TRY(open_temporary(log, temporary, &file, &header->flags, &written_until));
    log_header_encode(header, bytes);
    *is_begun = true;
    TRY(os_file_write(file, 0, bytes, LOG_SEGMENT_SIZE));
    TRY(os_file_sync(file));
    if (archive != NULL)
        TRY(os_rename(log->config.fs, current, archive));
    TRY(os_rename(log->config.fs, temporary, current));
    TRY(sync_folder(log));
    os_file_close(log->file);
    log->file = file;
    log->written_until = written_until;
    file = NULL;
done:
    os_file_close(file);
    mem_free(temporary);
    mem_free(current);
    mem_free(bytes);
    return err;
}

/* What prevents the file from being made may be gone in a moment, and the log would be down for ever. */
static JET_ERR install_next_file(struct log *log, struct log_header *header, const char *archive, bool *is_begun)
{
    JET_ERR err;
    unsigned pause = 1;
    do
        err = install_file(log, header, archive, is_begun);
    while (err < 0 && !*is_begun && (is_shortage(err) || err == JET_errDiskIO) && wait_more(&pause));
    return err;
}

JET_ERR log_make_first_file(struct log *log, const struct log_header *header)
{
    bool is_begun = false;
    log->header = *header;
    JET_ERR err = install_file(log, &log->header, NULL, &is_begun);
    log_start_generation(log);
    return err;
}

void log_start_generation(struct log *log)
{
    log->segment = log->first_segment = 1;
    log->byte = LOG_SEGMENT_HEADER;
    log->checksum_all = 0;
    log->is_dirty = false;
    log_segment_begin(log->buffer, lgpos_make(log->header.generation, 1, 0), LOG_TIME_AT_FLUSH);
    atomic_store(&log->durable, log_next_position(log));
}

static JET_ERR next_header(struct log *log, struct log_header *next)
{
    *next = log->header;
    if (log->header.generation >= LOG_GENERATION_MAX_RUNNING)
        return error_raise(JET_errLogSequenceEnd, __FILE__, __LINE__);
    next->generation = log->header.generation + 1;
    next->previous_created = log->header.created;
    next->created = log_now();
    next->writer_mark = LOG_HEADER_MARK;
    if (log_version_compare(log->wanted_version, log->header.version) > 0) {
        /* An update minor must not fall where the major rises (10). */
        if (log->wanted_version.update_minor < log->header.version.update_minor)
            return error_raise(JET_errBadLogVersion, __FILE__, __LINE__);
        next->version = log->wanted_version;
        next->engine_version = 0;
    }
    next->flags = (uint8_t)((log->header.flags & LOG_FLAG_CIRCULAR_HISTORY) | (log->config.is_circular ? LOG_FLAG_CIRCULAR | LOG_FLAG_CIRCULAR_HISTORY : 0));
    next->checkpoint = atomic_load(&log->checkpoint_on_disk);
    log_fill_parameters(log, &next->parameters);
    (void)log_encode_attach_list(log, next->attach_list, 0);
    return JET_errSuccess;
}

JET_ERR log_roll_locked(struct log *log)
{
    JET_ERR err = JET_errSuccess;
    struct log_header *next = NULL;
    char *archive = NULL;
    uint32_t from = log->header.generation;
    bool is_begun = false;
    while (log->header.generation == from && (log->is_busy || log->is_rolling || log->is_frozen) && log->down >= 0)
        condition_wait(&log->changed, &log->lock);
    if (log->down < 0)
        return JET_errLogWriteFail;
    if (log->header.generation != from)
        return JET_errSuccess; /* somebody else has done it */
    log->is_rolling = log->is_busy = true;
    next = (struct log_header *)mem_alloc(sizeof *next);
    if (next == NULL)
        RAISE(JET_errOutOfMemory);
    err = next_header(log, next);
    if (err < 0) {
        err = log_fail(log, err);
        goto done;
    }
    TRY(log_write_buffer(log));
    next->checksum_previous = log->checksum_all;
    mutex_unlock(&log->lock);
    err = log_file_path(log->log_folder, log->base, log->header.generation, log->extension, log->config.fs, &archive);
    if (err >= 0)
        err = install_next_file(log, next, archive, &is_begun);
    if (err >= 0 && log->config.callbacks.emit != NULL)
        log_emit_next_generation(log, next);
    if (err >= 0)
        drop_old_archives(log);
    mutex_lock(&log->lock);
    if (is_shortage(err) && !is_begun) /* nothing has happened yet: whoever needs the next generation tries again */
        goto done;
    if (err < 0) {
        err = log_fail(log, err);
        goto done;
    }
    log->header = *next;
    log->must_roll = false;
    log_start_generation(log);
done:
    log->is_rolling = log->is_busy = false;
    condition_broadcast(&log->changed);
    mem_free(next);
    mem_free(archive);
    return err;
}

void log_announce(struct log *log)
{
    mutex_lock(&log->lock);
    uint32_t generation = log->header.generation;
    struct log_time created = log->header.created;
    bool is_new = generation != log->announced_generation;
    log->announced_generation = generation;
    mutex_unlock(&log->lock);
    if (is_new && log->config.callbacks.new_generation != NULL)
        log->config.callbacks.new_generation(log->config.callbacks.context, generation, created);
}

static JET_ERR roll(struct log *log, const struct span *record, lgpos_t *position, struct log_time *created)
{
    JET_ERR err = JET_errSuccess;
    static const uint8_t FILLER[LR_NOP2_FIXED] = {LR_NOP2};
    struct span filler = span_of(FILLER, sizeof FILLER);
    mutex_lock(&log->lock);
    /* A closed generation has data. */
    if (log->segment == 1 && log->byte == LOG_SEGMENT_HEADER) {
        TRY(log_append_locked(log, &filler, 1, NULL));
        TRY(log_pad_locked(log));
    }
    TRY(log_roll_locked(log));
    if (record != NULL) {
        TRY(log_append_locked(log, record, 1, position));
        *created = log->header.created;
        TRY(log_flush_locked(log, log_next_position(log)));
    }
done:
    mutex_unlock(&log->lock);
    log_announce(log);
    return err;
}

JET_ERR log_roll(struct log *log) { return roll(log, NULL, NULL, NULL); }

JET_ERR log_roll_for_backup(struct log *log, const struct backup_record *record, lgpos_t *position, struct log_time *created)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *bytes = (uint8_t *)mem_alloc(LR_BACKUP2_FIXED + record->path.size);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    struct span encoded = span_of(bytes, log_record_encode_backup2(bytes, record));
    TRY(roll(log, &encoded, position, created));
done:
    mem_free(bytes);
    return err;
}
