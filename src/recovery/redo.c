/* The dispatcher: one log record (recovery.md 6). Pages are redo_page.c's matter, sessions sessions.c's. */
#include "base/memory.h"
#include "recovery/internal.h"

static void raise_counters(struct recovered_database *d, const struct log_record *record)
{
    if (record->has_dbtime && record->dbtime != DBTIME_IN_MACRO && record->dbtime > d->header.dbtime)
        d->header.dbtime = record->dbtime;
    if (record->has_node && record->node.objid > d->header.objid_last)
        d->header.objid_last = record->node.objid;
}

/* Trees are made with object ids that stand in no node prefix. */
static void raise_objid(struct recovered_database *d, const struct log_record *record)
{
    bool is_tree = record->type == LR_CREATE_SE_FDP || record->type == LR_CREATE_ME_FDP;
    uint32_t objid = is_tree ? load_le32(record->bytes.data + 32) : 0;
    if (objid > d->header.objid_last)
        d->header.objid_last = objid;
}

/* A record that is not replayed: the database is not attached, or newer, or the transaction began before the start. */
static JET_ERR observe_alone(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_session *s;
    const struct recovered_database *d = NULL;
    if (!recovery_is_observed(r) || !record->has_node)
        goto done;
    for (uint32_t i = 0; i < r->database_count; i++)
        if (r->databases[i].dbid == record->dbid)
            d = &r->databases[i];
    TRY(recovery_find_session(r, record->procid, &s));
    TRY(recovery_observe_node(r, d, s, record, NULL, NULL, NULL));
done:
    return err;
}

static JET_ERR redo_page_record(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_session *s;
    struct recovered_database *d = recovery_find_attached(r, record->dbid);
    bool is_collected = false;
    if (recovery_ignores_record(r, d)) {
        err = observe_alone(r, record);
        goto done;
    }
    raise_counters(d, record);
    raise_objid(d, record);
    TRY(recovery_find_session(r, record->procid, &s));
    if (record->type != LR_UNDO_INFO)
        TRY(recovery_collect(s, record, &is_collected));
    if (!is_collected && record->page.level > 0 && !s->has_begun)
        TRY(observe_alone(r, record));
    if (is_collected || (record->page.level > 0 && !s->has_begun))
        goto done;
    if (record->type == LR_UNDO_INFO)
        TRY(versions_undo_info(s, record));
    else if (record->has_page)
        TRY(recovery_redo_page(r, d, s, record));
done:
    return err;
}

/* --- files --- */

static void redo_version(struct recovery *r, const struct version_record *v)
{
    struct recovered_database *d = recovery_find_attached(r, v->dbid);
    if (d == NULL || v->major != d->header.version_major)
        return;
    if (v->update_major > d->header.update_major || (v->update_major == d->header.update_major && v->update_minor > d->header.update_minor)) {
        d->header.update_major = v->update_major;
        d->header.update_minor = v->update_minor;
    }
}

static void redo_reattach(struct recovery *r, const struct reattach_record *a)
{
    struct recovered_database *d = recovery_find_attached(r, a->dbid);
    if (d == NULL || !signature_equal(&d->header.db_signature, &a->db_signature))
        return;
    d->header.lgpos_reattach = r->position;
}

static void redo_create_finish(struct recovery *r, uint32_t dbid)
{
    struct recovered_database *d = recovery_find_attached(r, dbid);
    if (d == NULL || d->header.state != DB_STATE_JUST_CREATED)
        return;
    d->header.state = DB_STATE_DIRTY;
    d->header_generation = 0; /* say so on disk before the next change */
}

static void redo_trim(struct recovery *r, const struct range_record *t)
{
    struct recovered_database *d = recovery_find_attached(r, t->dbid);
    if (recovery_ignores_record(r, d) || t->count == 0)
        return;
    uint64_t last = (uint64_t)t->page_no + t->count - 1;
    doubts_remove(&d->doubts, t->page_no, last > UINT32_MAX ? UINT32_MAX : (page_no_t)last);
}

/* The stamp of a backup that ended while the database was attached: the header may not have been written with it. */
static void redo_backup(struct recovery *r, const struct backup_record *b)
{
    enum { SCOPE_FULL = 1, SCOPE_INCREMENTAL = 2, SCOPE_COPY = 5, SCOPE_DIFFERENTIAL = 6 };
    static const struct backup_info NONE;
    struct recovered_database *d = b->phase == BACKUP_RECORD_UPDATE_HEADERS ? recovery_find_attached(r, b->dbid) : NULL;
    if (recovery_ignores_record(r, d))
        return;
    struct db_header *h = &d->header;
    struct backup_info *slot = b->scope == SCOPE_FULL           ? &h->backup_full_previous
                               : b->scope == SCOPE_INCREMENTAL  ? &h->backup_incremental_previous
                               : b->scope == SCOPE_COPY         ? &h->backup_copy_previous
                               : b->scope == SCOPE_DIFFERENTIAL ? &h->backup_differential_previous
                                                                : NULL;
    uint32_t *type = b->scope == SCOPE_FULL          ? &h->backup_full_previous_type
                     : b->scope == SCOPE_INCREMENTAL ? &h->backup_incremental_previous_type
                     : b->scope == SCOPE_COPY        ? &h->backup_copy_previous_type
                                                     : &h->backup_differential_previous_type;
    if (slot == NULL || (slot->gen_low != 0 && slot->mark >= b->info.mark))
        return;
    *slot = b->info;
    *type = (uint32_t)b->type;
    if (b->scope == SCOPE_FULL) {
        h->backup_incremental_previous = h->backup_differential_previous = NONE;
        h->backup_incremental_previous_type = h->backup_differential_previous_type = 0;
    }
}

/* --- runs --- */

static JET_ERR redo_end_of_run(struct recovery *r)
{
    recovery_end_sessions(r);
    r->is_between_runs = true;
    return recovery_end_databases(r, r->shutdown_mark, true);
}

static JET_ERR redo_detach(struct recovery *r, uint32_t dbid)
{
    struct recovered_database *d = recovery_find_attached(r, dbid);
    return recovery_ignores_record(r, d) ? JET_errSuccess : recovery_end_database(r, d, r->position, true);
}

static JET_ERR redo_run_record(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    switch (record->type) {
    case LR_INIT:
    case LR_INIT2:
        recovery_end_sessions(r);
        r->is_between_runs = false;
        break;
    case LR_TERM:
    case LR_TERM2:
    case LR_RECOVERY_QUIT:
    case LR_RECOVERY_QUIT2: TRY(redo_end_of_run(r)); break;
    case LR_RECOVERY_QUIT_KEEP_ATTACHMENTS:
        recovery_end_sessions(r);
        r->is_between_runs = true;
        break;
    case LR_SHUTDOWN_MARK: r->shutdown_mark = r->position; break;
    default: break;
    }
done:
    return err;
}

static JET_ERR redo_decoded(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    switch (record->type) {
    case LR_ATTACH_DB: TRY(recovery_attach_record(r, &record->attach)); break;
    case LR_CREATE_DB: TRY(recovery_create_record(r, &record->create)); break;
    case LR_CREATE_DB_FINISH: redo_create_finish(r, record->dbid); break;
    case LR_DETACH_DB: TRY(redo_detach(r, record->dbid)); break;
    case LR_REATTACH: redo_reattach(r, &record->reattach); break;
    case LR_SET_DB_VERSION: redo_version(r, &record->version); break;
    case LR_EXTEND_DB: TRY(recovery_extend(r, &record->range)); break;
    case LR_SHRINK_DB:
    case LR_SHRINK_DB2:
    case LR_SHRINK_DB3: TRY(recovery_shrink(r, &record->range)); break;
    case LR_TRIM_DB: redo_trim(r, &record->range); break;
    case LR_BACKUP2: redo_backup(r, &record->backup); break;
    case LR_BEGIN:
    case LR_BEGIN0:
    case LR_COMMIT:
    case LR_COMMIT0:
    case LR_ROLLBACK:
    case LR_REFRESH: TRY(recovery_redo_transaction(r, record)); break;
    case LR_COMMIT_CTX: TRY(recovery_redo_commit_context(r, record)); break;
    case LR_MACRO_BEGIN:
    case LR_MACRO_COMMIT:
    case LR_MACRO_ABORT: TRY(recovery_redo_macro_mark(r, record)); break;
    case LR_PAGE_PATCH_REQUEST: TRY(recovery_redo_page_request(r, record)); break;
    case LR_BEGIN_DT: RAISE(JET_errLogFileCorrupt);
    case LR_CONVERT_FDP_OLD:
    case LR_SPLIT_OLD:
    case LR_MERGE_OLD: RAISE(JET_errBadLogVersion);
    case LR_ROOT_PAGE_MOVE: TRY(redo_page_record(r, record)); break;
    default: /* no effect: padding, traces, backup notes, checks, what later versions may add */
        if (record->has_page)
            TRY(redo_page_record(r, record));
        else
            TRY(redo_run_record(r, record));
        break;
    }
done:
    return err;
}

JET_ERR recovery_redo_record(struct recovery *r, struct span bytes)
{
    JET_ERR err = JET_errSuccess;
    struct log_record record;
    TRY(log_record_decode(bytes, &record));
    TRY(redo_decoded(r, &record));
    if (record.type != LR_NOP && record.type != LR_NOP2) {
        r->last_type = record.type;
        r->last_position = r->position;
    }
done:
    return err;
}
