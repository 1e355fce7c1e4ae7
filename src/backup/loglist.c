/* Which generations a backup needs and which it may delete: the log roll, the two lists, truncation (backup-and-restore 9 and 10). */
#include <stdio.h>
#include <string.h>

#include "backup/internal.h"
#include "base/memory.h"
#include "format/log_record.h"

enum { EVENT_LOG_COPY_BEGINS = 223, EVENT_TRUNCATED = 224, EVENT_NOTHING_TO_TRUNCATE = 225, EVENT_LOGS_MISSING = 227, EVENT_FILE_MISSING = 459,
       EVENT_TRUNCATION_REFUSED = 520 };

static void report_range(struct backup_session *s, uint32_t id, uint32_t first, uint32_t end)
{
    char *first_path = NULL, *last_path = NULL;
    if (event_is_wanted(s->host.events, EVENT_INFORMATION) && log_archive_path(s->host.log, first, &first_path) >= 0 &&
        log_archive_path(s->host.log, end - 1, &last_path) >= 0)
        EVENT_REPORT(s->host.events, id, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, first_path, last_path);
    mem_free(first_path);
    mem_free(last_path);
}

/* --- the range of the session --- */

/* Incremental: the logs on disk must begin no later than right behind the last full or incremental of each database. */
JET_ERR backup_check_no_gap(void *context, struct database *db)
{
    struct backup_session *s = (struct backup_session *)context;
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    mutex_lock(&db->header_lock);
    uint32_t full = db->header.backup_full_previous.gen_high, incremental = db->header.backup_incremental_previous.gen_high;
    mutex_unlock(&db->header_lock);
    uint32_t covered = full > incremental ? full : incremental;
    if (s->delete_first > covered + 1) {
        if (log_archive_path(s->host.log, covered + 1, &path) >= 0)
            EVENT_REPORT(s->host.events, EVENT_FILE_MISSING, EVENT_ERROR, EVENT_LOGGING_RECOVERY, path);
        err = JET_errMissingFileToBackup;
    }
    mem_free(path);
    return err;
}

/* Full: a database that this run did not copy still needs its logs since its own last full backup; one never backed up needs all. */
static JET_ERR limit_truncation(void *context, struct database *db)
{
    struct backup_session *s = (struct backup_session *)context;
    const struct backup_participant *part = backup_participant_find(s, db);
    if (part != NULL && part->is_copied)
        return JET_errSuccess;
    mutex_lock(&db->header_lock);
    uint32_t needed = db->header.backup_full_previous.gen_high;
    mutex_unlock(&db->header_lock);
    if (needed < s->delete_end)
        s->delete_end = needed;
    return JET_errSuccess;
}

static JET_ERR roll_log(struct backup_session *s)
{
    struct backup_record record = {.phase = BACKUP_RECORD_PREPARE_LOGS, .type = s->record_type, .scope = s->is_full ? BACKUP_SCOPE_FULL : BACKUP_SCOPE_INCREMENTAL};
    lgpos_t position = 0;
    struct log_time created;
    JET_ERR err = log_roll_for_backup(s->host.log, &record, &position, &created);
    if (err < 0)
        return err;
    s->copy_end = lgpos_generation(position);
    if (!s->is_full) {
        s->mark.mark = lgpos_make(s->copy_end, 1, 0); /* the prepare record opens the new generation */
        s->mark.time = created;
    }
    return JET_errSuccess;
}

/* Fixes the ranges, once per session. */
static JET_ERR prepare(struct backup_session *s)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t checkpoint;
    if (s->is_log_prepared)
        return JET_errSuccess;
    if (s->copy_end == 0)
        TRY(roll_log(s));
    TRY(log_oldest_generation(s->host.log, &s->delete_first));
    if (!s->is_full) {
        TRY(s->host.visit_databases(s->host.context, backup_check_no_gap, s));
        s->copy_first = s->delete_first;
        atomic_store(&s->oldest_needed, s->copy_first);
    }
    TRY(log_read_checkpoint(s->host.log, &checkpoint));
    s->delete_end = lgpos_generation(checkpoint) < s->copy_end ? lgpos_generation(checkpoint) : s->copy_end;
    if (s->is_full) {
        TRY(s->host.visit_databases(s->host.context, limit_truncation, s));
        if (s->delete_first > s->delete_end)
            s->delete_first = s->delete_end;
    }
    if (s->copy_first >= s->copy_end)
        RAISE(JET_errInternalError);
    s->copied_generations = (uint8_t *)mem_alloc(s->copy_end - s->copy_first);
    if (s->copied_generations == NULL)
        RAISE(JET_errOutOfMemory);
    s->is_log_prepared = true;
    s->phase = BACKUP_PHASE_LOGS;
    report_range(s, EVENT_LOG_COPY_BEGINS, s->copy_first, s->copy_end);
done:
    return err;
}

/* --- the lists --- */

static JET_ERR make_list(struct backup_session *s, uint32_t first, uint32_t end, char **out, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    char *list = (char *)mem_alloc(1), *path = NULL;
    uint32_t used = 0;
    if (list == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t generation = first; generation < end; generation++) {
        TRY(log_archive_path(s->host.log, generation, &path));
        uint32_t length = (uint32_t)strlen(path) + 1;
        char *grown = (char *)mem_resize(list, used + length + 1);
        if (grown == NULL)
            RAISE(JET_errOutOfMemory);
        list = grown;
        memcpy(list + used, path, length);
        used += length;
        mem_free(path);
        path = NULL;
    }
    list[used++] = 0;
    *out = list;
    *size = used;
    list = NULL;
done:
    mem_free(path);
    mem_free(list);
    return err;
}

static JET_ERR get_list(struct backup_session *s, bool of_truncation, char **list, uint32_t *size, struct backup_log_range *range)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&s->lock);
    TRY(backup_check_running(s));
    if (s->stream.is_open)
        RAISE(JET_errInvalidBackupSequence);
    TRY(prepare(s));
    err = of_truncation ? make_list(s, s->delete_first, s->delete_end, list, size) : make_list(s, s->copy_first, s->copy_end, list, size);
    if (err < 0) {
        backup_finish(s, BACKUP_RESULT_FAILED, err, false);
        goto done;
    }
    if (range != NULL) {
        range->gen_low = s->copy_first;
        range->gen_high = s->copy_end - 1;
        snprintf(range->base_name, sizeof range->base_name, "%.3s", log_base_name(s->host.log));
    }
done:
    mutex_unlock(&s->lock);
    return err;
}

JET_ERR backup_get_log_info(struct backup_session *s, char **list, uint32_t *size, struct backup_log_range *range)
{
    return get_list(s, false, list, size, range);
}

JET_ERR backup_get_truncate_info(struct backup_session *s, char **list, uint32_t *size)
{
    return get_list(s, true, list, size, NULL);
}

/* --- truncation --- */

static JET_ERR delete_generations(struct backup_session *s, uint32_t *missing)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t generation = s->delete_first; generation < s->delete_end; generation++) {
        err = log_delete_generation(s->host.log, generation);
        if (err == JET_errFileNotFound)
            ++*missing;
        else if (err < 0)
            return err; /* what is left is contiguous up to the tip */
    }
    return JET_errSuccess;
}

JET_ERR backup_delete_range(struct backup_session *s)
{
    JET_ERR err = JET_errSuccess;
    uint32_t missing = 0;
    char number[16];
    backup_log_record(s, BACKUP_RECORD_TRUNCATE_LOGS, s->is_full ? BACKUP_SCOPE_FULL : BACKUP_SCOPE_INCREMENTAL, 0,
                      &(struct backup_info){.gen_low = s->delete_first, .gen_high = s->delete_end});
    if (s->delete_first >= s->delete_end) {
        event_report(s->host.events, EVENT_NOTHING_TO_TRUNCATE, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, NULL, 0);
        return JET_errSuccess;
    }
    report_range(s, EVENT_TRUNCATED, s->delete_first, s->delete_end);
    err = delete_generations(s, &missing);
    if (missing > 0) {
        snprintf(number, sizeof number, "%u", missing);
        EVENT_REPORT(s->host.events, EVENT_LOGS_MISSING, EVENT_WARNING, EVENT_LOGGING_RECOVERY, number);
    }
    return err;
}

JET_ERR backup_truncate_without_copy(struct backup_session *s, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t checkpoint;
    bool is_incremental = (grbit & JET_bitBackupIncremental) != 0;
    mutex_lock(&s->lock);
    TRY(backup_check_begin(s, grbit, JET_bitBackupIncremental, is_incremental ? BACKUP_CHECK_CIRCULAR : 0));
    if (s->host.advance_checkpoint != NULL)
        TRY(s->host.advance_checkpoint(s->host.context));
    TRY(log_read_checkpoint(s->host.log, &checkpoint));
    TRY(log_oldest_generation(s->host.log, &s->delete_first));
    s->is_full = !is_incremental;
    /* Circular logging deletes by itself. */
    s->delete_end = s->host.is_circular ? 0 : lgpos_generation(checkpoint);
    err = backup_delete_range(s);
    backup_reset(s);
done:
    mutex_unlock(&s->lock);
    return err;
}

JET_ERR backup_truncate_log(struct backup_session *s)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&s->lock);
    TRY(backup_check_running(s));
    if (s->stream.is_open || !s->is_log_prepared)
        RAISE(JET_errInvalidBackupSequence);
    if (memchr(s->copied_generations, 0, s->copy_end - s->copy_first) != NULL) {
        event_report(s->host.events, EVENT_TRUNCATION_REFUSED, EVENT_WARNING, EVENT_LOGGING_RECOVERY, NULL, 0);
        RAISE(JET_errLogFileNotCopied);
    }
    s->is_truncated = true;
    err = backup_delete_range(s);
done:
    mutex_unlock(&s->lock);
    return err;
}
