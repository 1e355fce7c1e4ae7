/* Transactions that the log leaves open, found before the replay begins.
 *
 * The replay may write pages that hold an uncommitted replace or deletion. If it is interrupted after that, the next one finds the change on the page and
 * the data before nowhere, unless the log has an UndoInfo. A running engine sees to that (recovery.md 10.2); the replay has to do the same, and only for
 * transactions that will have to be undone. Which those are is found by walking the log's transaction records once; UndoInfo then goes to the end of the
 * log, where the next replay meets it with the session still at its level. */
#include "base/memory.h"
#include "recovery/internal.h"

static void remove_open(struct recovery *r, uint16_t procid)
{
    for (uint32_t i = 0; i < r->open_count; i++) {
        if (r->open_transactions[i].procid == procid) {
            r->open_transactions[i] = r->open_transactions[--r->open_count];
            return;
        }
    }
}

static JET_ERR add_open(struct recovery *r, uint16_t procid, uint32_t transaction)
{
    remove_open(r, procid);
    if (r->open_count == r->open_room) {
        uint32_t room = r->open_room == 0 ? 16 : r->open_room * 2;
        struct open_transaction *grown = (struct open_transaction *)mem_resize(r->open_transactions, room * sizeof *grown);
        if (grown == NULL)
            return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
        r->open_transactions = grown;
        r->open_room = room;
    }
    r->open_transactions[r->open_count++] = (struct open_transaction){procid, transaction};
    return JET_errSuccess;
}

static JET_ERR note(struct recovery *r, struct span bytes)
{
    JET_ERR err = JET_errSuccess;
    struct log_record record;
    switch (bytes.data[0]) {
    case LR_BEGIN0:
        TRY(log_record_decode(bytes, &record));
        TRY(add_open(r, record.procid, record.transaction.transaction));
        break;
    case LR_COMMIT0:
        TRY(log_record_decode(bytes, &record));
        remove_open(r, record.procid);
        break;
    case LR_INIT:
    case LR_INIT2:
    case LR_TERM:
    case LR_TERM2:
    case LR_RECOVERY_QUIT:
    case LR_RECOVERY_QUIT2:
    case LR_RECOVERY_QUIT_KEEP_ATTACHMENTS: r->open_count = 0; break;
    default: break; /* a rollback to level 0 leaves nothing to undo: its session has no entries then */
    }
done:
    return err;
}

static JET_ERR scan_generation(struct recovery *r, const struct log_generation *g, lgpos_t start)
{
    JET_ERR err = JET_errSuccess;
    struct log_walk walk;
    struct log_record_ref ref;
    log_walk_begin(&walk, g->image, g->header.generation, g->scan.last_segment, lgpos_make(g->header.generation, lgpos_segment(start), 0));
    while ((err = log_walk_next(&walk, &ref)) >= 0) {
        err = note(r, ref.bytes);
        if (err < 0)
            break;
    }
    log_walk_end(&walk);
    return err == JET_errNoCurrentRecord ? JET_errSuccess : err;
}

/* A log with faults is judged by the replay; here it only means that nothing may be appended early. */
JET_ERR recovery_scan_open(struct recovery *r, uint32_t first, lgpos_t start)
{
    JET_ERR err = JET_errSuccess;
    bool is_current = false;
    lgpos_t from = lgpos_normalize(start);
    for (uint32_t generation = first; err >= 0 && !is_current; generation++) {
        struct log_generation g = {.image = NULL};
        char *path = NULL;
        err = recovery_archive_or_current(r, generation, &path, &is_current);
        if (err >= 0 && path == NULL)
            err = JET_errMissingLogFile;
        if (err >= 0)
            err = log_generation_read(r->fs, path, &g);
        if (err >= 0 && (g.scan.error < 0 || (generation != first && g.header.generation != generation)))
            err = JET_errLogFileCorrupt;
        if (err >= 0)
            err = scan_generation(r, &g, generation == lgpos_generation(start) ? from : lgpos_make(generation, 1, 0));
        log_generation_release(&g);
        mem_free(path);
    }
    if (err < 0)
        r->open_count = 0;
    return recovery_is_passing(err) ? err : JET_errSuccess;
}

bool recovery_is_open_at_end(const struct recovery *r, uint16_t procid, uint32_t transaction)
{
    for (uint32_t i = 0; i < r->open_count; i++)
        if (r->open_transactions[i].procid == procid && r->open_transactions[i].transaction == transaction)
            return true;
    return false;
}

JET_ERR recovery_log_undo_info(struct recovery *r, const struct recovered_session *s, struct version_entry *e, page_no_t page_no, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *record = NULL;
    if (e->is_logged)
        goto done;
    record = (uint8_t *)mem_alloc((size_t)UNDO_INFO_FIXED + e->key_size + e->bookmark_data_size + e->data_size);
    if (record == NULL)
        RAISE(JET_errOutOfMemory);
    uint32_t size = versions_encode_undo_info(e, s->procid, page_no, record);
    TRY(recovery_open_log(r));
    TRY(log_append(r->log, record, size, position));
    e->is_logged = true;
done:
    mem_free(record);
    return err;
}
