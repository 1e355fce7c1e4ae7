/* The dispatcher: one log record (recovery.md 6). Pages are redo_page.c's matter. */
#include "base/memory.h"
#include "recovery/internal.h"

static JET_ERR find_session(struct recovery *r, uint16_t procid, struct recovered_session **out)
{
    for (uint32_t i = 0; i < r->session_count; i++) {
        if (r->sessions[i].procid == procid) {
            *out = &r->sessions[i];
            return JET_errSuccess;
        }
    }
    if (r->session_count == r->session_room) {
        uint32_t room = r->session_room == 0 ? 64 : r->session_room * 2;
        struct recovered_session *grown = (struct recovered_session *)mem_resize(r->sessions, room * sizeof *grown);
        if (grown == NULL)
            return JET_errOutOfMemory;
        r->sessions = grown;
        r->session_room = room;
    }
    r->sessions[r->session_count] = (struct recovered_session){.procid = procid};
    *out = &r->sessions[r->session_count++];
    return JET_errSuccess;
}

static void note_transaction(struct recovery *r, uint32_t transaction)
{
    /* Numbers wrap around. */
    if ((int32_t)(transaction - r->transaction_last) > 0)
        r->transaction_last = transaction;
}

/* Begin0 .. Rollback (6.3). A session is followed from its first Begin0 on: before that, its transaction began before the checkpoint and its pages are
 * on the disk. */
static JET_ERR redo_transaction(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_session *s;
    TRY(find_session(r, record->procid, &s));
    const struct transaction_record *t = &record->transaction;
    if (record->type == LR_BEGIN0 || record->type == LR_COMMIT0 || record->type == LR_REFRESH)
        note_transaction(r, t->transaction);
    if (record->type == LR_BEGIN0) {
        s->has_begun = true;
        s->level = t->levels;
        s->changes = 0;
        goto done;
    }
    if (!s->has_begun)
        goto done;
    switch (record->type) {
    case LR_BEGIN:
        if (t->level_before != s->level)
            RAISE(JET_errLogCorrupted);
        s->level = (uint8_t)(s->level + t->levels);
        break;
    case LR_COMMIT:
        if (t->level > s->level)
            RAISE(JET_errLogCorrupted);
        s->level = t->level;
        break;
    case LR_COMMIT0:
        s->level = 0;
        s->changes = 0;
        break;
    case LR_ROLLBACK:
        if (t->levels > s->level)
            RAISE(JET_errLogCorrupted);
        s->level = (uint8_t)(s->level - t->levels);
        if (s->level == 0)
            s->changes = 0;
        break;
    default:
        break;
    }
done:
    return err;
}

static void raise_counters(struct recovered_database *d, const struct log_record *record)
{
    if (record->has_dbtime && record->dbtime != DBTIME_IN_MACRO && record->dbtime > d->header.dbtime)
        d->header.dbtime = record->dbtime;
    if (record->has_node && record->node.objid > d->header.objid_last)
        d->header.objid_last = record->node.objid;
}

static JET_ERR redo_page_record(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_session *s;
    struct recovered_database *d = recovery_find_attached(r, record->dbid);
    if (d == NULL || lgpos_normalize(r->position) <= lgpos_normalize(d->header.lgpos_attach))
        goto done;
    raise_counters(d, record);
    TRY(find_session(r, record->procid, &s));
    if (record->page.level > 0 && !s->has_begun)
        goto done;
    if ((record->page.flags & LR_FLAG_VERSIONED) != 0 && record->page.level > 0)
        s->changes++;
    if (record->type == LR_UNDO && s->changes > 0)
        s->changes--;
    if (record->type != LR_UNDO_INFO)
        TRY(recovery_redo_page(r, d, record));
done:
    return err;
}

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

static void redo_extend(struct recovery *r, const struct range_record *e)
{
    struct recovered_database *d = recovery_find_attached(r, e->dbid);
    if (d == NULL || lgpos_normalize(r->position) <= lgpos_normalize(d->header.lgpos_attach))
        return;
    if (e->page_no > d->extended_to && e->page_no <= PAGE_NO_MAX)
        d->extended_to = e->page_no;
    if (db_header_version_at_least(&d->header, 110, 240))
        d->header.lgpos_last_resize = r->position;
}

/* Truncation of a file that still has the pages is page redo's work; one that was done before is only noted. */
static JET_ERR redo_shrink(struct recovery *r, const struct range_record *s)
{
    struct recovered_database *d = recovery_find_attached(r, s->dbid);
    if (d == NULL || lgpos_normalize(r->position) <= lgpos_normalize(d->header.lgpos_attach))
        return JET_errSuccess;
    if (lgpos_normalize(d->header.lgpos_last_resize) > lgpos_normalize(r->position) || cache_file_last_page(d->db->pages) <= s->page_no)
        return JET_errSuccess;
    r->result->refused_page = s->page_no;
    r->result->refused_record = r->position;
    return error_raise(JET_errFeatureNotAvailable, __FILE__, __LINE__);
}

static void redo_reattach(struct recovery *r, const struct reattach_record *a)
{
    struct recovered_database *d = recovery_find_attached(r, a->dbid);
    if (d == NULL || !signature_equal(&d->header.db_signature, &a->db_signature))
        return;
    d->header.lgpos_reattach = r->position;
}

static JET_ERR redo_decoded(struct recovery *r, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    switch (record->type) {
    case LR_INIT:
    case LR_INIT2:
        r->session_count = 0;
        break;
    case LR_TERM:
    case LR_TERM2:
    case LR_RECOVERY_QUIT:
    case LR_RECOVERY_QUIT2:
        r->session_count = 0;
        recovery_end_databases(r, r->shutdown_mark, true);
        break;
    case LR_RECOVERY_QUIT_KEEP_ATTACHMENTS: r->session_count = 0; break;
    case LR_SHUTDOWN_MARK: r->shutdown_mark = r->position; break;
    case LR_ATTACH_DB: TRY(recovery_attach_record(r, &record->attach)); break;
    case LR_CREATE_DB: TRY(recovery_create_record(r, &record->create)); break;
    case LR_DETACH_DB: {
        struct recovered_database *d = recovery_find_attached(r, record->dbid);
        if (d != NULL)
            recovery_end_database(r, d, r->position, true);
        break;
    }
    case LR_REATTACH: redo_reattach(r, &record->reattach); break;
    case LR_SET_DB_VERSION: redo_version(r, &record->version); break;
    case LR_EXTEND_DB: redo_extend(r, &record->range); break;
    case LR_SHRINK_DB:
    case LR_SHRINK_DB2:
    case LR_SHRINK_DB3: TRY(redo_shrink(r, &record->range)); break;
    case LR_BEGIN:
    case LR_BEGIN0:
    case LR_COMMIT:
    case LR_COMMIT0:
    case LR_ROLLBACK:
    case LR_REFRESH: TRY(redo_transaction(r, record)); break;
    case LR_BEGIN_DT: RAISE(JET_errLogFileCorrupt);
    default: /* no effect: padding, traces, macros' brackets, backup notes, checks, what later versions may add */
        if (record->has_page)
            TRY(redo_page_record(r, record));
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
