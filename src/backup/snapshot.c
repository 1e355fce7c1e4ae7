/* Freezing one instance (snapshot.h).
 *
 * Order of freezing: headers, log, pages. Headers first, so that they do not name the generation that the roll begins: what stands on disk is then explained by the
 * finished generations alone. Pages last: one that is being written may wait for the log. Thawing may take any order, because none of the three waits for another. */
#include "backup/snapshot.h"

#include "backup/internal.h"
#include "format/log_record.h"

JET_ERR backup_snapshot_check(struct backup_session *s)
{
    if (s->host.log == NULL)
        return JET_errLoggingDisabled;
    return backup_is_active(s) || !atomic_load(&s->is_allowed) ? JET_errOSSnapshotNotAllowed : JET_errSuccess;
}

JET_ERR backup_snapshot_begin(struct backup_session *s)
{
    mutex_lock(&s->lock);
    JET_ERR err = backup_snapshot_check(s);
    if (err >= 0) {
        backup_start(s, &(struct backup_kind){.is_incremental = false});
        s->snapshot.is_active = true;
        s->record_type = BACKUP_TYPE_OS_SNAPSHOT;
        s->stamp_type = BACKUP_TYPE_OS_SNAPSHOT;
        backup_log_record(s, BACKUP_RECORD_BEGIN, 0, 0, NULL);
    }
    mutex_unlock(&s->lock);
    return err;
}

/* Which generations the snapshot holds, and which it makes superfluous. The log stands. */
static JET_ERR find_range(struct backup_session *s)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t checkpoint;
    TRY(log_read_checkpoint(s->host.log, &checkpoint));
    s->copy_first = lgpos_generation(checkpoint);
    if (!s->is_full) {
        TRY(log_oldest_generation(s->host.log, &s->delete_first));
        TRY(s->host.visit_databases(s->host.context, backup_check_no_gap, s));
        s->copy_first = s->delete_first;
    }
    s->snapshot.truncate_end = lgpos_generation(checkpoint) < s->copy_end ? lgpos_generation(checkpoint) : s->copy_end;
    atomic_store(&s->oldest_needed, s->copy_first);
done:
    return err;
}

static JET_ERR freeze_log(struct backup_session *s)
{
    struct backup_record record = {.phase = BACKUP_RECORD_PREPARE_LOGS, .type = s->record_type, .scope = s->is_full ? BACKUP_SCOPE_FULL : BACKUP_SCOPE_INCREMENTAL};
    struct log_time created;
    lgpos_t position = 0;
    bool roll = !s->host.is_circular;
    JET_ERR err = log_freeze(s->host.log, &record, roll, &position, &created);
    if (err < 0)
        return err;
    s->copy_end = lgpos_generation(position) + (roll ? 0 : 1);
    s->mark.mark = roll ? lgpos_make(lgpos_generation(position), 1, 0) : position;
    s->mark.time = roll ? created : backup_now();
    return JET_errSuccess;
}

bool backup_holds_creation(const struct backup_session *s) { return s != NULL && atomic_load(&s->holds_creation); }

/* What comes before the log stops, and its undoing. */
static void hold(struct backup_session *s)
{
    for (size_t i = 0; i < s->participant_count; i++) {
        database_freeze_header(s->participants[i].db);
        cache_file_announce_freeze(s->participants[i].db->pages);
    }
}

static void let_go(struct backup_session *s)
{
    for (size_t i = 0; i < s->participant_count; i++) {
        cache_file_unannounce_freeze(s->participants[i].db->pages);
        database_thaw_header(s->participants[i].db);
    }
}

static void thaw(struct backup_session *s)
{
    atomic_store(&s->holds_creation, false);
    if (!s->snapshot.is_frozen)
        return;
    for (size_t i = 0; i < s->participant_count; i++)
        cache_file_thaw(s->participants[i].db->pages);
    log_thaw(s->host.log);
    let_go(s);
    s->snapshot.is_frozen = false;
}

JET_ERR backup_snapshot_freeze(struct backup_session *s, bool is_incremental)
{
    JET_ERR err = JET_errSuccess;
    bool is_held = false;
    mutex_lock(&s->lock);
    s->is_full = !is_incremental;
    if (log_is_down(s->host.log))
        RAISE(JET_errLogWriteFail);
    if (is_incremental && s->host.is_circular)
        RAISE(JET_errInvalidBackup);
    atomic_store(&s->holds_creation, true);
    if (s->host.wait_for_creation != NULL)
        s->host.wait_for_creation(s->host.context);
    /* Waits for a running detach; later ones see that a backup is active. */
    TRY(backup_add_all_participants(s));
    if (is_incremental)
        TRY(backup_check_full_backups(s));
    if (s->host.advance_checkpoint != NULL)
        TRY(s->host.advance_checkpoint(s->host.context)); /* the less of the log is before it, the faster the copy is recovered */
    hold(s);
    is_held = true;
    TRY(freeze_log(s));
    for (size_t i = 0; i < s->participant_count; i++)
        cache_file_freeze(s->participants[i].db->pages);
    s->snapshot.is_frozen = true;
    TRY(find_range(s));
done:
    if (err < 0 && is_held && !s->snapshot.is_frozen)
        let_go(s);
    if (err < 0)
        thaw(s);
    mutex_unlock(&s->lock);
    return err;
}

void backup_snapshot_thaw(struct backup_session *s)
{
    mutex_lock(&s->lock);
    thaw(s);
    mutex_unlock(&s->lock);
}

JET_ERR backup_snapshot_truncate(struct backup_session *s, bool all_databases)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&s->lock);
    uint32_t end = s->snapshot.truncate_end;
    if (end == 0)
        goto done;
    s->delete_first = s->delete_end = 0;
    if (all_databases && !s->host.is_circular) {
        TRY(log_oldest_generation(s->host.log, &s->delete_first));
        if (s->delete_first > end)
            RAISE(JET_errRequiredLogFilesMissing);
        s->delete_end = end;
    }
    err = backup_delete_range(s);
done:
    s->snapshot.truncate_end = 0;
    mutex_unlock(&s->lock);
    return err;
}

void backup_snapshot_end(struct backup_session *s, bool is_success, bool is_copy)
{
    mutex_lock(&s->lock);
    thaw(s);
    JET_ERR stamped = is_success ? backup_stamp_participants(s, !is_copy) : JET_errSuccess;
    if (stamped < 0)
        backup_report_not_stamped(s, stamped);
    if (!is_success)
        backup_log_record(s, BACKUP_RECORD_ABORT, 0, 0, NULL);
    backup_log_record(s, BACKUP_RECORD_STOP, 0, 0, NULL);
    backup_reset(s);
    mutex_unlock(&s->lock);
}
