/* Databases that stay attached when the recovery ends (JET_bitKeepDbAttachedAtEndOfRecovery; recovery.md 2, 9.7).
 *
 * The log then has no clean end: RecoveryQuitKeepAttachments says that undo is complete, and whoever replays from there begins with the list of
 * attachments. So the order is: pages on disk, the record, headers that require nothing before the undo, the checkpoint at RecoveryUndo2. Not at the last record: a stream
 * that ends where its checkpoint is counts as clean for the original, which would not look at the databases. */
#include "base/memory.h"
#include "recovery/internal.h"

static bool is_keeping(const struct recovery *r)
{
    const struct recovery_config *c = r->config;
    if (r->hard != NULL || !c->options.keep_attached || (c->is_file_kib_set && log_file_size_kib(r->log) != c->log.file_kib))
        return false;
    for (uint32_t i = 0; i < r->database_count; i++)
        if (r->databases[i].is_attached && r->databases[i].dbid > c->options.keep_dbid_max)
            return false;
    return true;
}

JET_ERR recovery_note_attached(struct recovery *r, bool *keeps)
{
    JET_ERR err = JET_errSuccess;
    *keeps = is_keeping(r);
    for (uint32_t i = 0; i < r->database_count; i++) {
        const struct recovered_database *d = &r->databases[i];
        const struct db_header *h = &d->header;
        if (!d->is_attached || h->state == DB_STATE_JUST_CREATED) /* that one will not outlive the recovery */
            continue;
        const struct log_attach attach = {.dbid = (uint8_t)d->dbid, .path = d->path, .lgpos_consistent = h->lgpos_consistent, .dbtime = h->dbtime,
                                          .objid_last = h->objid_last, .db_signature = h->db_signature};
        err = log_note_attached(r->log, &attach, h->lgpos_attach);
        if (err == JET_errTooManyAttachedDatabases) { /* longer paths than the logged ones: a list that misses some is good for ending clean only */
            *keeps = false;
            err = JET_errSuccess;
        }
        TRY(err);
    }
done:
    return err;
}

static JET_ERR require_from(struct recovery *r, struct recovered_database *d, uint32_t generation)
{
    struct db_header *h = &d->header;
    h->gen_recovering = 0;
    h->gen_min_required = h->gen_min_consistent = generation;
    h->gen_max_required = h->gen_max_committed = log_tip_generation(r->log);
    h->logtime_gen_max_required = h->logtime_gen_max_created = log_generation_created(r->log);
    return recovery_write_header(d);
}

static JET_ERR add_kept(struct recovery_result *result, const struct recovered_database *d)
{
    char *path = mem_strdup(d->path);
    if (path == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    result->kept[result->kept_count++] = (struct recovery_kept){(uint8_t)d->dbid, path};
    return JET_errSuccess;
}

JET_ERR recovery_keep_databases(struct recovery *r, lgpos_t undo)
{
    JET_ERR err = JET_errSuccess;
    r->result->kept = (struct recovery_kept *)mem_alloc_array(r->database_count, sizeof *r->result->kept);
    if (r->result->kept == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < r->database_count; i++) {
        struct recovered_database *d = &r->databases[i];
        if (d->is_attached && d->header.state == DB_STATE_JUST_CREATED)
            recovery_remove_unfinished(r, d);
        if (d->is_attached)
            TRY(recovery_complete_database(r, d));
        if (d->is_attached)
            TRY(cache_file_sync(d->db->pages));
    }
    TRY(log_append_recovery_quit(r->log, true, undo, r->redo_from, NULL));
    for (uint32_t i = 0; i < r->database_count; i++) {
        struct recovered_database *d = &r->databases[i];
        if (!d->is_attached)
            continue;
        TRY(require_from(r, d, lgpos_generation(undo)));
        TRY(add_kept(r->result, d));
        r->result->attached_count++;
    }
    TRY(log_write_checkpoint(r->log, undo, 0, true));
    for (uint32_t i = 0; i < r->database_count; i++) {
        if (r->databases[i].is_attached)
            TRY(recovery_cut_to_owned_end(&r->databases[i]));
    }
done:
    return err;
}

void recovery_release_result(struct recovery_result *result)
{
    for (uint32_t i = 0; i < result->kept_count; i++)
        mem_free(result->kept[i].path);
    mem_free(result->kept);
    result->kept = NULL;
    result->kept_count = 0;
}
