/* The end of a recovery (recovery.md 8 and 9): are all logs there that the databases need, undo, headers, the log for the new run. */
#include <stdio.h>

#include "recovery/internal.h"

enum { EVENT_LOST_WITH_LEAVE = 524 };

static void report_lost(struct recovery *r, const struct recovered_database *d, uint32_t last)
{
    char number[4][12];
    const uint32_t values[4] = {d->header.gen_max_committed - last, last + 1, d->header.gen_max_committed, last};
    for (int i = 0; i < 4; i++)
        snprintf(number[i], sizeof number[i], "%u", values[i]);
    EVENT_REPORT(r->config->events, EVENT_LOST_WITH_LEAVE, EVENT_WARNING, EVENT_LOGGING_RECOVERY, d->path, number[0], number[1], number[2], number[3], r->folder);
}

/* Logs that held commits of the database are gone, and the client has allowed it: its callback, or the bit of the call, only decides whether that is reported. */
static void tell_lost(struct recovery *r, const struct recovered_database *d, uint32_t last)
{
    JET_ERR condition = r->config->options.skip_lost_logs_event ? JET_errSuccess : JET_errCommittedLogFilesMissing;
    if (recovery_ask(r, (struct recovery_question){.kind = RECOVERY_CONDITION, .answer = condition, .path = d->path}) < 0)
        report_lost(r, d, last);
}

/* Section 8, steps 1 and 2. */
JET_ERR recovery_check_ranges(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    uint32_t last = r->generation.header.generation;
    bool ignores_lost = r->config != NULL && r->config->options.ignore_lost_logs, is_wanted = recovery_ends_history(r);
    bool ignores_missing = r->hard != NULL || r->config->options.ignore_missing_databases;
    for (uint32_t i = 0; i < r->database_count; i++)
        if ((r->databases[i].is_attached || r->databases[i].detached_at != 0) && r->databases[i].required_to > last)
            RAISE(is_wanted ? JET_errEndingRestoreLogTooLow : JET_errRequiredLogFilesMissing);
    for (uint32_t i = 0; i < r->database_count; i++) {
        struct recovered_database *d = &r->databases[i];
        if (!d->is_attached || d->header.gen_max_committed <= last)
            continue;
        if (!ignores_lost && !is_wanted)
            RAISE(JET_errCommittedLogFilesMissing);
        if (!is_wanted)
            tell_lost(r, d, last);
        d->header.gen_max_committed = last;
        d->header.logtime_gen_max_created = r->generation.header.created;
        if (r->result->warning == 0 && !is_wanted)
            r->result->warning = JET_wrnCommittedLogFilesLost;
    }
    for (uint32_t i = 0; i < r->database_count && !ignores_missing; i++) {
        const struct recovered_database *d = &r->databases[i];
        if (d->entry != NULL && d->entry->may_be_missing)
            continue;
        if (d->is_deferred)
            RAISE(d->is_access_denied ? JET_errAccessDenied : JET_errAttachedDatabaseMismatch);
        /* A file that is newer than the records must be explained by what the log still holds: one recovered elsewhere is not. */
        if (d->is_future && lgpos_normalize(d->header.lgpos_consistent) > lgpos_normalize(r->end))
            RAISE(JET_errAttachedDatabaseMismatch);
    }
done:
    return err;
}

JET_ERR recovery_finish(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t undo = r->last_position, shutdown = r->shutdown_mark;
    bool keeps = false;
    if (recovery_is_end(r->last_type)) { /* 8.4: everything was closed by the log itself */
        TRY(recovery_open_log(r));
        TRY(log_write_checkpoint(r->log, r->last_position, 0, false));
        goto done;
    }
    TRY(recovery_open_log(r));
    if (r->last_type != LR_SHUTDOWN_MARK) {
        TRY(recovery_note_attached(r, &keeps));
        TRY(log_append_recovery_undo(r->log, &undo));
        TRY(recovery_undo(r));
        for (uint32_t i = 0; i < r->database_count; i++)
            if (r->databases[i].is_attached)
                TRY(cache_flush_file(r->databases[i].db->pages));
        if (keeps) {
            recovery_end_sessions(r);
            err = recovery_keep_databases(r, undo);
            goto done;
        }
        TRY(log_append_shutdown(r->log, &shutdown));
    }
    recovery_end_sessions(r);
    TRY(recovery_end_databases(r, shutdown, false));
    TRY(log_append_recovery_quit(r->log, false, undo, r->redo_from, NULL));
done:
    return err;
}
