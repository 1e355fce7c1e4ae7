/* The end of a recovery (recovery.md 8 and 9): are all logs there that the databases need, undo, headers, the log for the new run. */
#include "base/memory.h"
#include "os/clock.h"
#include "recovery/internal.h"

static struct log_time now(void)
{
    int64_t seconds;
    unsigned milliseconds;
    clock_now(&seconds, &milliseconds);
    return log_time_from_unix(seconds, milliseconds);
}

/* Section 8, steps 1 and 2. */
JET_ERR recovery_check_ranges(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    uint32_t last = r->generation.header.generation;
    bool ignores_lost = r->config != NULL && r->config->options.ignore_lost_logs;
    bool ignores_missing = r->hard != NULL || r->config->options.ignore_missing_databases;
    for (uint32_t i = 0; i < r->database_count; i++)
        if (r->databases[i].is_attached && r->databases[i].header.gen_max_required > last)
            RAISE(JET_errRequiredLogFilesMissing);
    for (uint32_t i = 0; i < r->database_count; i++) {
        struct recovered_database *d = &r->databases[i];
        if (!d->is_attached || d->header.gen_max_committed <= last)
            continue;
        if (!ignores_lost)
            RAISE(JET_errCommittedLogFilesMissing);
        d->header.gen_max_committed = last;
        d->header.logtime_gen_max_created = r->generation.header.created;
        if (r->result->warning == 0)
            r->result->warning = JET_wrnCommittedLogFilesLost;
    }
    for (uint32_t i = 0; i < r->database_count && !ignores_missing; i++) {
        const struct recovered_database *d = &r->databases[i];
        if (d->is_deferred)
            RAISE(d->is_access_denied ? JET_errAccessDenied : JET_errAttachedDatabaseMismatch);
        /* A file that is newer than the records must be explained by what the log still holds: one recovered elsewhere is not. */
        if (d->is_future && lgpos_normalize(d->header.lgpos_consistent) > lgpos_normalize(r->end))
            RAISE(JET_errAttachedDatabaseMismatch);
    }
done:
    return err;
}

/* A transaction that is open at the end and has changed something must be undone through the trees: not yet. */
static JET_ERR check_nothing_to_undo(struct recovery *r)
{
    for (uint32_t i = 0; i < r->session_count; i++) {
        if (r->sessions[i].level > 0 && r->sessions[i].changes > 0) {
            r->result->refused_record = r->last_position;
            return error_raise(JET_errFeatureNotAvailable, __FILE__, __LINE__);
        }
    }
    return JET_errSuccess;
}

static JET_ERR end_sessions(struct recovery *r, struct log *log)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < r->session_count; i++) {
        uint8_t record[4] = {LR_ROLLBACK};
        if (r->sessions[i].level == 0)
            continue;
        store_le16(record + 1, r->sessions[i].procid);
        record[3] = r->sessions[i].level;
        TRY(log_append(log, record, sizeof record, NULL));
        r->last_type = LR_ROLLBACK;
    }
done:
    return err;
}

/* After a restore: the copy is an ordinary database again. */
static void forget_backups(struct db_header *h)
{
    memset(&h->backup_full_current, 0, sizeof h->backup_full_current);
    memset(&h->backup_full_previous, 0, sizeof h->backup_full_previous);
    memset(&h->backup_incremental_previous, 0, sizeof h->backup_incremental_previous);
    memset(&h->backup_copy_previous, 0, sizeof h->backup_copy_previous);
    memset(&h->backup_differential_previous, 0, sizeof h->backup_differential_previous);
}

static JET_ERR write_database(struct recovery *r, struct recovered_database *d)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = d->db;
    struct os_file_info info;
    if (db == NULL || !d->is_changed)
        return JET_errSuccess;
    if (d->extended_to != 0) {
        uint64_t needed = page_file_offset(d->extended_to, d->page_size) + d->page_size;
        TRY(os_file_info(db->file, &info));
        if (info.size < needed)
            TRY(os_file_set_size(db->file, needed));
    }
    TRY(os_file_sync(db->file));
    if (r->hard != NULL)
        forget_backups(&d->header);
    if (d->was_closed_by_redo)
        d->header.gen_recovering = r->generation.header.generation;
    mutex_lock(&db->header_lock);
    db->header = d->header;
    mutex_unlock(&db->header_lock);
    TRY(database_mark_clean(db, d->header.lgpos_consistent, now()));
    d->is_changed = false;
done:
    return err;
}

static JET_ERR write_databases(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < r->database_count; i++) {
        if (r->databases[i].is_changed)
            r->result->attached_count++;
        TRY(write_database(r, &r->databases[i]));
    }
done:
    return err;
}

static JET_ERR open_log(struct recovery *r, struct log **log)
{
    if (r->hard == NULL || r->is_current)
        return log_continue(&r->config->log, log);
    /* The set's last generation stands in the backup folder: the stream goes on behind it, here. */
    return log_create(&r->config->log, &r->generation, log);
}

JET_ERR recovery_finish(struct recovery *r, struct log **log)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t undo = 0, shutdown = r->shutdown_mark;
    TRY(check_nothing_to_undo(r));
    if (recovery_is_end(r->last_type)) { /* 8.4: everything was closed by the log itself */
        TRY(write_databases(r));
        TRY(open_log(r, log));
        TRY(log_write_checkpoint(*log, r->last_position, 0, false));
        goto done;
    }
    TRY(open_log(r, log));
    undo = r->last_position;
    if (r->last_type != LR_SHUTDOWN_MARK) {
        TRY(log_append_recovery_undo(*log, &undo));
        TRY(end_sessions(r, *log));
        TRY(log_append_shutdown(*log, &shutdown));
    }
    recovery_end_databases(r, shutdown, false);
    TRY(write_databases(r));
    TRY(log_append_recovery_quit(*log, false, undo, r->redo_from, NULL));
done:
    return err;
}
