/* The backup session's life: begin, attach list, end with its verdict and header stamps, stop, termination
 * (backup-and-restore 3, 5, 6, 11, 12). */
#define ESENT_PRIVATE
#include <stdio.h>
#include <string.h>

#include "backup/internal.h"
#include "base/memory.h"
#include "format/log_record.h"
#include "os/clock.h"

enum { EVENT_MISSING_FULL = 206, EVENT_FULL_BEGINS = 210, EVENT_INCREMENTAL_BEGINS = 211, EVENT_SUCCEEDED = 213, EVENT_FAILED = 214,
       EVENT_CALLER_ABORTED = 215, EVENT_NOT_STAMPED = 219, EVENT_SERVER_ABORTED = 226 };

JET_ERR backup_session_create(const struct backup_host *host, struct backup_session **out)
{
    JET_ERR err = JET_errSuccess;
    struct backup_session *s = (struct backup_session *)mem_alloc(sizeof *s);
    if (s == NULL)
        return JET_errOutOfMemory;
    s->host = *host;
    TRY(mutex_init(&s->lock, RANK_BACKUP));
    *out = s;
    s = NULL;
done:
    mem_free(s);
    return err;
}

void backup_set_retry_delay(struct backup_session *s, uint32_t milliseconds) { s->host.retry_delay_ms = milliseconds; }

void backup_session_destroy(struct backup_session *s)
{
    if (s == NULL)
        return;
    backup_terminate(s);
    mutex_destroy(&s->lock);
    mem_free(s);
}

/* --- participants --- */

struct backup_participant *backup_participant_find(struct backup_session *s, const struct database *db)
{
    for (size_t i = 0; i < s->participant_count; i++)
        if (s->participants[i].db == db)
            return &s->participants[i];
    return NULL;
}

JET_ERR backup_participant_add(struct backup_session *s, struct database *db)
{
    struct backup_participant *part = backup_participant_find(s, db);
    if (part == NULL) {
        struct backup_participant *grown = (struct backup_participant *)mem_resize(s->participants, (s->participant_count + 1) * sizeof *grown);
        if (grown == NULL)
            return JET_errOutOfMemory;
        s->participants = grown;
        part = &grown[s->participant_count++];
    }
    *part = (struct backup_participant){.db = db};
    return JET_errSuccess;
}

void backup_participant_remove(struct backup_session *s, const struct database *db)
{
    struct backup_participant *part = backup_participant_find(s, db);
    if (part != NULL)
        *part = s->participants[--s->participant_count];
}

static JET_ERR add_participant(void *context, struct database *db)
{
    return backup_participant_add((struct backup_session *)context, db);
}

/* --- begin --- */

static void report_number(struct backup_session *s, uint32_t id, enum event_level level, JET_ERR error)
{
    char number[16];
    snprintf(number, sizeof number, "%d", (int)error);
    EVENT_REPORT(s->host.events, id, level, EVENT_LOGGING_RECOVERY, number);
}

void backup_log_record(struct backup_session *s, uint8_t phase, uint8_t scope, uint8_t dbid, const struct backup_info *info)
{
    /* These records let replicas and recovery repeat the stamps. The backup does not depend on them: that one cannot be written is met again by
     * the next call that needs the log. */
    struct backup_record record = {.phase = phase, .type = s->record_type, .scope = scope, .dbid = dbid};
    if (info != NULL)
        record.info = *info;
    JET_ERR ignored = log_append_backup_record(s->host.log, &record, NULL);
    (void)ignored;
}

static JET_ERR check_has_full_backup(void *context, struct database *db)
{
    struct backup_session *s = (struct backup_session *)context;
    mutex_lock(&db->header_lock);
    bool qualifies = db->header.backup_full_previous.gen_low != 0 && db->header.backup_full_previous_type == s->stamp_type;
    mutex_unlock(&db->header_lock);
    if (qualifies)
        return JET_errSuccess;
    EVENT_REPORT(s->host.events, EVENT_MISSING_FULL, EVENT_ERROR, EVENT_LOGGING_RECOVERY, db->path);
    return JET_errMissingFullBackup;
}

void backup_reset(struct backup_session *s)
{
    backup_stream_close(s);
    mem_free(s->participants);
    mem_free(s->copied_generations);
    s->participants = NULL;
    s->copied_generations = NULL;
    s->participant_count = 0;
    s->phase = BACKUP_PHASE_NONE;
    s->is_full = s->is_log_prepared = s->is_truncated = s->is_folder_run = s->skips_stamps = false;
    s->runner = 0;
    s->record_type = BACKUP_TYPE_NORMAL;
    s->stamp_type = BACKUP_TYPE_NORMAL;
    s->copy_first = s->copy_end = s->delete_first = s->delete_end = 0;
    memset(&s->mark, 0, sizeof s->mark);
    atomic_store(&s->oldest_needed, 0);
    atomic_store(&s->stop_requested, false);
    atomic_store(&s->is_active, false);
    atomic_store(&s->is_surrogate, false);
    memset(&s->snapshot, 0, sizeof s->snapshot);
}

struct log_time backup_now(void)
{
    int64_t seconds;
    unsigned milliseconds;
    clock_now(&seconds, &milliseconds);
    return log_time_from_unix(seconds, milliseconds);
}

JET_ERR backup_check_full_backups(struct backup_session *s) { return s->host.visit_databases(s->host.context, check_has_full_backup, s); }
JET_ERR backup_add_all_participants(struct backup_session *s) { return s->host.visit_databases(s->host.context, add_participant, s); }

void backup_report_begin(struct backup_session *s)
{
    event_report(s->host.events, s->is_full ? EVENT_FULL_BEGINS : EVENT_INCREMENTAL_BEGINS, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, NULL, 0);
}

static JET_ERR begin_incremental(struct backup_session *s)
{
    JET_ERR err = JET_errSuccess;
    TRY(backup_check_full_backups(s));
    TRY(backup_add_all_participants(s));
    s->phase = BACKUP_PHASE_LOGS;
    backup_report_begin(s);
done:
    return err;
}

static JET_ERR ignore_database(void *context, struct database *db)
{
    (void)context;
    (void)db;
    return JET_errSuccess;
}

static JET_ERR begin_full(struct backup_session *s)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t checkpoint;
    /* Waits for a running attach or detach: later ones see the active flag. */
    TRY(s->host.visit_databases(s->host.context, ignore_database, NULL));
    s->phase = BACKUP_PHASE_DATABASES;
    s->mark.mark = log_tip(s->host.log);
    s->mark.time = backup_now();
    backup_report_begin(s);
    if (s->host.advance_checkpoint != NULL)
        TRY(s->host.advance_checkpoint(s->host.context));
    TRY(log_read_checkpoint(s->host.log, &checkpoint));
    s->copy_first = lgpos_generation(checkpoint);
    atomic_store(&s->oldest_needed, s->copy_first);
done:
    return err;
}

JET_ERR backup_check_begin(struct backup_session *s, JET_GRBIT grbit, JET_GRBIT allowed, unsigned checks)
{
    JET_ERR err = JET_errSuccess;
    if (!atomic_load(&s->is_allowed))
        RAISE(JET_errBackupNotAllowedYet);
    if (s->host.log == NULL)
        RAISE(JET_errLoggingDisabled);
    if (log_is_down(s->host.log))
        RAISE(JET_errLogWriteFail);
    if ((grbit & ~allowed) != 0)
        RAISE(JET_errInvalidGrbit);
    if ((checks & BACKUP_CHECK_CIRCULAR) != 0 && s->host.is_circular)
        RAISE(JET_errInvalidBackup);
    if ((checks & BACKUP_CHECK_ROOM) != 0)
        TRY(log_check_room(s->host.log));
    TRY(backup_check_idle(s));
done:
    return err;
}

void backup_start(struct backup_session *s, const struct backup_kind *kind)
{
    backup_reset(s);
    atomic_fetch_add(&s->turn, 1);
    atomic_store(&s->is_surrogate, kind->is_surrogate); /* before is_active: who sees that sees this */
    atomic_store(&s->is_active, true);
    s->is_full = !kind->is_incremental;
    s->is_folder_run = kind->is_folder_run;
    s->runner = kind->is_folder_run ? thread_id() : 0;
    s->record_type = kind->is_surrogate ? BACKUP_TYPE_SURROGATE : BACKUP_TYPE_NORMAL;
    s->stamp_type = kind->is_surrogate ? BACKUP_TYPE_OS_SNAPSHOT : BACKUP_TYPE_NORMAL;
}

JET_ERR backup_begin(struct backup_session *s, JET_GRBIT grbit) { return backup_begin_run(s, grbit, false); }

JET_ERR backup_begin_run(struct backup_session *s, JET_GRBIT grbit, bool is_folder_run)
{
    JET_ERR err = JET_errSuccess;
    bool is_incremental = (grbit & JET_bitBackupIncremental) != 0, is_ours = false;
    mutex_lock(&s->lock);
    TRY(backup_check_begin(s, grbit, JET_bitBackupIncremental, is_incremental ? BACKUP_CHECK_CIRCULAR | BACKUP_CHECK_ROOM : BACKUP_CHECK_ROOM));
    backup_start(s, &(struct backup_kind){.is_incremental = is_incremental, .is_folder_run = is_folder_run});
    is_ours = true;
    TRY(is_incremental ? begin_incremental(s) : begin_full(s));
    backup_log_record(s, BACKUP_RECORD_BEGIN, is_incremental ? BACKUP_SCOPE_INCREMENTAL : BACKUP_SCOPE_FULL, 0,
                      &(struct backup_info){.mark = s->mark.mark, .time = s->is_full ? s->mark.time : backup_now()});
done:
    if (err < 0 && is_ours)
        backup_reset(s);
    mutex_unlock(&s->lock);
    return err;
}

/* A backup into a folder is one call: what another thread ends or reads of it would make the set wrong, or fail without a reason its caller could see. */
static bool is_of_another_call(const struct backup_session *s) { return s->runner != 0 && s->runner != thread_id(); }

JET_ERR backup_check_running(struct backup_session *s)
{
    if (!atomic_load(&s->is_active) || atomic_load(&s->is_surrogate) || s->snapshot.is_active || is_of_another_call(s))
        return JET_errNoBackup;
    return atomic_load(&s->stop_requested) ? JET_errBackupAbortByServer : JET_errSuccess;
}

/* --- attach list --- */

struct path_list {
    char *text;
    uint32_t size;
};

static JET_ERR append_path(void *context, struct database *db)
{
    struct path_list *list = (struct path_list *)context;
    size_t length = strlen(db->path) + 1;
    char *grown = (char *)mem_resize(list->text, list->size + length + 1);
    if (grown == NULL)
        return JET_errOutOfMemory;
    memcpy(grown + list->size, db->path, length);
    list->text = grown;
    list->size += (uint32_t)length;
    return JET_errSuccess;
}

JET_ERR backup_get_attach_info(struct backup_session *s, char **out, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    struct path_list list = {NULL, 0};
    mutex_lock(&s->lock);
    TRY(backup_check_running(s));
    if (!s->is_full)
        RAISE(JET_errInvalidBackupSequence);
    list.text = (char *)mem_alloc(1);
    err = list.text == NULL ? JET_errOutOfMemory : s->host.visit_databases(s->host.context, append_path, &list);
    if (err < 0) {
        backup_finish(s, BACKUP_RESULT_FAILED, err, false);
        goto done;
    }
    list.text[list.size++] = 0;
    *out = list.text;
    *size = list.size;
    list.text = NULL;
done:
    mutex_unlock(&s->lock);
    mem_free(list.text);
    return err;
}

/* --- end --- */

static bool slot_is_newer(const struct backup_info *slot, const struct backup_info *stamp)
{
    return slot->gen_low != 0 && slot->mark > stamp->mark;
}

/* Puts the outcome into the header: which slot, and what it clears (section 11). Caller holds header_lock. */
static void stamp_header(struct db_header *h, bool is_full, bool is_truncated, uint32_t backup_type, const struct backup_info *stamp)
{
    static const struct backup_info NONE;
    struct backup_info *slot = is_full ? (is_truncated ? &h->backup_full_previous : &h->backup_copy_previous)
                                       : (is_truncated ? &h->backup_incremental_previous : &h->backup_differential_previous);
    uint32_t *type = is_full ? (is_truncated ? &h->backup_full_previous_type : &h->backup_copy_previous_type)
                             : (is_truncated ? &h->backup_incremental_previous_type : &h->backup_differential_previous_type);
    if (slot_is_newer(slot, stamp))
        return;
    *slot = *stamp;
    *type = backup_type;
    if (is_full && is_truncated) {
        h->backup_incremental_previous = h->backup_differential_previous = NONE;
        h->backup_incremental_previous_type = h->backup_differential_previous_type = 0;
    }
    if (is_truncated && backup_type == BACKUP_TYPE_NORMAL)
        h->backup_snapshot_current = NONE;
}

void backup_report_not_stamped(struct backup_session *s, JET_ERR error) { report_number(s, EVENT_NOT_STAMPED, EVENT_WARNING, error); }

JET_ERR backup_stamp_participants(struct backup_session *s, bool is_truncated)
{
    JET_ERR first_error = JET_errSuccess;
    uint8_t scope = s->is_full ? (is_truncated ? BACKUP_SCOPE_FULL : BACKUP_SCOPE_COPY) : (is_truncated ? BACKUP_SCOPE_INCREMENTAL : BACKUP_SCOPE_DIFFERENTIAL);
    for (size_t i = 0; i < s->participant_count; i++) {
        struct backup_participant *part = &s->participants[i];
        bool is_local_full = s->is_full && !atomic_load(&s->is_surrogate) && !s->snapshot.is_active;
        if (is_local_full && !part->is_copied)
            continue;
        struct backup_info stamp = is_local_full ? part->copied : s->mark;
        stamp.gen_low = s->copy_first;
        stamp.gen_high = s->copy_end - 1;
        backup_log_record(s, BACKUP_RECORD_UPDATE_HEADERS, scope, (uint8_t)part->db->dbid, &stamp);
        mutex_lock(&part->db->header_lock);
        stamp_header(&part->db->header, s->is_full, is_truncated, s->stamp_type, &stamp);
        JET_ERR err = database_write_header(part->db);
        mutex_unlock(&part->db->header_lock);
        if (err < 0 && first_error >= 0)
            first_error = err;
    }
    return first_error;
}

void backup_finish(struct backup_session *s, enum backup_result result, JET_ERR error, bool is_truncated)
{
    backup_stream_close(s);
    if (result == BACKUP_RESULT_SUCCESS) {
        /* An incremental run that never asked for its logs ends well, as in the original, but has nothing to stamp. */
        JET_ERR stamped = s->is_log_prepared && !s->skips_stamps ? backup_stamp_participants(s, is_truncated) : JET_errSuccess;
        event_report(s->host.events, EVENT_SUCCEEDED, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, NULL, 0);
        if (stamped < 0)
            backup_report_not_stamped(s, stamped);
    } else {
        backup_log_record(s, BACKUP_RECORD_ABORT, 0, 0, NULL);
        if (result == BACKUP_RESULT_FAILED)
            report_number(s, EVENT_FAILED, EVENT_ERROR, error);
        else
            event_report(s->host.events, result == BACKUP_RESULT_CALLER_ABORT ? EVENT_CALLER_ABORTED : EVENT_SERVER_ABORTED, EVENT_ERROR,
                         EVENT_LOGGING_RECOVERY, NULL, 0);
    }
    backup_log_record(s, BACKUP_RECORD_STOP, 0, 0, NULL);
    backup_reset(s);
}

void backup_give_up(struct backup_session *s, JET_ERR error)
{
    mutex_lock(&s->lock);
    if (atomic_load(&s->is_active) && s->is_folder_run)
        backup_finish(s, atomic_load(&s->stop_requested) ? BACKUP_RESULT_SERVER_ABORT : BACKUP_RESULT_FAILED, error, false);
    mutex_unlock(&s->lock);
}

static JET_ERR end_by_client(struct backup_session *s, JET_GRBIT grbit)
{
    bool is_abort = (grbit & JET_bitBackupEndAbort) != 0;
    if (atomic_load(&s->stop_requested)) {
        /* Any End after a stop says so (section 17, D1); the event tells who gave up first. */
        backup_finish(s, is_abort ? BACKUP_RESULT_CALLER_ABORT : BACKUP_RESULT_SERVER_ABORT, 0, false);
        return JET_errBackupAbortByServer;
    }
    if (is_abort) {
        backup_finish(s, BACKUP_RESULT_CALLER_ABORT, 0, false);
        return JET_errSuccess;
    }
    if (s->phase == BACKUP_PHASE_DATABASES) {
        backup_finish(s, BACKUP_RESULT_CALLER_ABORT, 0, false);
        return JET_errBackupAbortByCaller;
    }
    s->skips_stamps = (grbit & JET_bitBackupNoDbHeaderUpdate) != 0;
    backup_finish(s, BACKUP_RESULT_SUCCESS, 0, s->is_truncated || (grbit & JET_bitBackupTruncateDone) != 0);
    return JET_errSuccess;
}

JET_ERR backup_end_kind(struct backup_session *s, JET_GRBIT grbit, bool of_surrogate, uint32_t turn)
{
    JET_ERR err = JET_errSuccess;
    bool is_normal = (grbit & JET_bitBackupEndNormal) != 0, is_abort = (grbit & JET_bitBackupEndAbort) != 0;
    mutex_lock(&s->lock);
    if (is_normal == is_abort)
        RAISE(JET_errInvalidParameter);
    if (turn != 0 && atomic_load(&s->turn) != turn)
        RAISE(JET_errNoBackup);
    if (!atomic_load(&s->is_active) || s->snapshot.is_active) {
        atomic_store(&s->stop_requested, false);
        RAISE(JET_errNoBackup);
    }
    if (is_of_another_call(s))
        RAISE(JET_errNoBackup);
    if (atomic_load(&s->is_surrogate) != of_surrogate) {
        /* The wrong end: the session is over all the same, and the caller hears what it was (the original says success). */
        JET_ERR what = backup_check_idle(s);
        backup_finish(s, BACKUP_RESULT_FAILED, what, false);
        RAISE(what);
    }
    err = end_by_client(s, grbit);
done:
    mutex_unlock(&s->lock);
    return err;
}

JET_ERR backup_end(struct backup_session *s, JET_GRBIT grbit) { return backup_end_kind(s, grbit, false, 0); }
JET_ERR backup_end_turn(struct backup_session *s, uint32_t turn, JET_GRBIT grbit) { return backup_end_kind(s, grbit, false, turn); }

/* --- outside the session's own calls --- */

void backup_stop(struct backup_session *s)
{
    atomic_store(&s->stop_requested, true);
}

bool backup_is_active(const struct backup_session *s)
{
    return s != NULL && atomic_load(&s->is_active);
}

JET_ERR backup_check_idle(const struct backup_session *s)
{
    if (!backup_is_active(s))
        return JET_errSuccess;
    return atomic_load(&s->is_surrogate) ? JET_errSurrogateBackupInProgress : JET_errBackupInProgress;
}

uint32_t backup_turn(const struct backup_session *s) { return atomic_load(&s->turn); }

uint32_t backup_oldest_needed_generation(const struct backup_session *s)
{
    return s != NULL ? (uint32_t)atomic_load(&s->oldest_needed) : 0;
}

void backup_allow(struct backup_session *s, bool allowed)
{
    if (s != NULL)
        atomic_store(&s->is_allowed, allowed);
}

void backup_terminate(struct backup_session *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->is_allowed, false);
    atomic_store(&s->stop_requested, true); /* cuts a read short that is waiting between retries */
    mutex_lock(&s->lock);
    if (atomic_load(&s->is_active) && !s->snapshot.is_active)
        backup_finish(s, BACKUP_RESULT_SERVER_ABORT, 0, false);
    atomic_store(&s->stop_requested, false);
    mutex_unlock(&s->lock);
}
