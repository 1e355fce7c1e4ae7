/* The logs that a patched database needs, and what its header and the checkpoint say of them (reseed.h; recovery.md 5, 6.2, 11). */
#define ESENT_PRIVATE
#include "engine/reseed.h"

#include <string.h>

#include "base/memory.h"
#include "engine/attach.h"
#include "log/log_files.h"

/* The required generations as they are read, one after the other. */
struct chain {
    const struct reseed_stream *stream;
    struct log_listing listing;
    struct log_header first, last; /* of the range; last: of max_required */
    struct attach_info attachment; /* the oldest acceptable one; lgpos_attach 0: none met yet */
    JET_ERR attachment_error;      /* of the last header without one */
};

static JET_ERR read_generation(const struct chain *c, uint32_t generation, bool may_be_current, struct log_header *out)
{
    JET_ERR err = JET_errSuccess;
    const struct reseed_stream *s = c->stream;
    char *path = NULL;
    TRY(log_file_path(s->log_folder, s->base_name, generation, c->listing.extension, s->fs, &path));
    err = log_header_read(s->fs, path, out);
    if (err == JET_errFileNotFound && may_be_current) {
        mem_free(path);
        path = NULL;
        TRY(log_named_path(s->log_folder, s->base_name, "", c->listing.extension, &path));
        err = log_header_read(s->fs, path, out);
    }
    TRY(err);
    if (out->generation != generation)
        RAISE(JET_errLogFileCorrupt);
done:
    mem_free(path);
    return err;
}

/* An attachment of this database, not later than the one its header names, and older than the point where the logs part. */
static JET_ERR find_attachment(const struct log_header *log, const struct db_header *db, uint32_t first_diverged, struct attach_info *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t offset = 0;
    bool at_end = false, is_any = false;
    for (;;) {
        struct attach_info info;
        TRY(attach_info_decode(log->attach_list, ATTACH_LIST_SIZE, &offset, &info, &at_end));
        if (at_end)
            break;
        is_any = true;
        if (info.lgpos_attach != 0 && signature_equal(&info.db_signature, &db->db_signature) && lgpos_normalize(info.lgpos_attach) <= lgpos_normalize(db->lgpos_attach) &&
            (first_diverged == 0 || lgpos_generation(info.lgpos_attach) < first_diverged)) {
            *out = info;
            out->path = span_of(NULL, 0); /* it pointed into the header */
            goto done;
        }
    }
    RAISE(is_any ? JET_errDatabaseFailedIncrementalReseed : JET_errNoAttachmentsFailedIncrementalReseed);
done:
    return err;
}

static void look_for_attachment(struct chain *c, const struct log_header *log, const struct db_header *db, uint32_t first_diverged)
{
    if (c->attachment.lgpos_attach == 0)
        c->attachment_error = find_attachment(log, db, first_diverged, &c->attachment);
}

/* Every generation of the range is there and follows the one before. The last may be the current log; those behind are of no interest. */
static JET_ERR read_chain(struct chain *c, const struct reseed_range *range, const struct db_header *db)
{
    JET_ERR err = JET_errSuccess;
    struct log_header log;
    for (uint32_t generation = range->min_required; generation <= range->max_required; generation++) {
        err = read_generation(c, generation, generation == range->max_required, &log);
        if (err == JET_errFileNotFound)
            RAISE(JET_errLogFileCorrupt);
        TRY(err);
        if (generation == range->min_required)
            c->first = log;
        else if (!signature_equal(&log.log_signature, &c->last.log_signature))
            RAISE(JET_errBadLogSignature);
        else if (memcmp(log.previous_created.bytes, c->last.created.bytes, LOG_TIME_SIZE) != 0)
            RAISE(JET_errInvalidLogSequence);
        c->last = log;
        look_for_attachment(c, &log, db, range->first_diverged);
    }
    if (log.page_size != db->page_size)
        RAISE(JET_errPageSizeMismatch);
done:
    return err;
}

/* No generation of the range names the database as attached early enough: an older log may, and is required then. *min_required stays when none does. */
static JET_ERR search_older(struct chain *c, const struct reseed_range *range, const struct db_header *db, uint32_t *min_required)
{
    JET_ERR err = JET_errSuccess;
    struct log_header log;
    for (uint32_t generation = range->min_required - 1; generation > 0 && c->attachment.lgpos_attach == 0; generation--) {
        err = read_generation(c, generation, false, &log);
        if (err == JET_errFileNotFound)
            return JET_errSuccess;
        TRY(err);
        look_for_attachment(c, &log, db, range->first_diverged);
        if (c->attachment.lgpos_attach != 0)
            *min_required = generation;
    }
done:
    return err;
}

static JET_ERR judge_chain(struct chain *c, struct reseed_range *range, const struct db_header *db)
{
    JET_ERR err = JET_errSuccess;
    const struct reseed_stream *s = c->stream;
    uint32_t min_required = range->min_required;
    TRY(log_list(s->fs, s->log_folder, s->base_name, s->is_legacy_names, &c->listing));
    TRY(read_chain(c, range, db));
    if (c->attachment.lgpos_attach == 0 && (range->first_diverged == 0 || lgpos_generation(db->lgpos_attach) >= range->first_diverged))
        TRY(search_older(c, range, db, &min_required));
    if (min_required < range->min_required) {
        range->min_required = min_required;
        TRY(read_chain(c, range, db));
    }
    if (c->attachment.lgpos_attach == 0)
        RAISE(c->attachment_error);
    if (!signature_equal(&c->first.log_signature, &db->log_signature))
        RAISE(JET_errDatabaseFailedIncrementalReseed);
done:
    return err;
}

/* --- the header --- */

/* A backup that holds logs of the range may hold logs that have been replaced since. */
static void forget_backup(struct backup_info *info, uint32_t *type, uint32_t min_required)
{
    if (info->gen_high < min_required)
        return;
    memset(info, 0, sizeof *info);
    if (type != NULL)
        *type = 0;
}

static void forget_backups(struct db_header *h, uint32_t min_required)
{
    forget_backup(&h->backup_full_previous, &h->backup_full_previous_type, min_required);
    forget_backup(&h->backup_incremental_previous, &h->backup_incremental_previous_type, min_required);
    forget_backup(&h->backup_full_current, NULL, min_required);
    forget_backup(&h->backup_snapshot_current, NULL, min_required);
    forget_backup(&h->backup_copy_previous, &h->backup_copy_previous_type, min_required);
    forget_backup(&h->backup_differential_previous, &h->backup_differential_previous_type, min_required);
}

static void settle_header(const struct chain *c, const struct reseed_range *range, struct db_header *h)
{
    enum { KEEPS_REQUIRED_TIME = 150 }; /* update-major from which offset 672 is used */
    const struct log_time unset = {{0}};
    db_header_set_state(h, DB_STATE_DIRTY_AND_PATCHED);
    h->gen_min_required = h->gen_min_consistent = range->min_required;
    h->gen_max_required = h->gen_max_committed = range->max_required;
    h->logtime_gen_max_created = c->last.created;
    h->logtime_gen_max_required = db_header_version_at_least(h, KEEPS_REQUIRED_TIME, 0) ? c->last.created : unset;
    if (range->first_diverged != 0 && h->lgpos_last_resize != 0 && range->first_diverged <= lgpos_generation(h->lgpos_last_resize))
        h->lgpos_last_resize = lgpos_make(range->first_diverged, 0, 0);
    h->gen_recovering = 0;
    if (lgpos_normalize(c->attachment.lgpos_attach) <= lgpos_normalize(h->lgpos_attach)) {
        h->logtime_attach = h->logtime_consistent = attach_time_now();
        h->lgpos_attach = c->attachment.lgpos_attach;
        h->lgpos_consistent = c->attachment.lgpos_consistent;
    }
    forget_backups(h, range->min_required);
}

/* --- the checkpoint --- */

/* Back to the first generation, with the attachments of its header. */
static JET_ERR settle_checkpoint(const struct chain *c, const struct reseed_range *range)
{
    JET_ERR err = JET_errSuccess;
    const struct reseed_stream *s = c->stream;
    char *path = NULL;
    struct checkpoint checkpoint;
    TRY(checkpoint_path(s->system_folder, s->base_name, c->listing.extension, &path));
    err = checkpoint_file_read(s->fs, path, &checkpoint);
    if (err == JET_errFileNotFound || err == JET_errCheckpointCorrupt) {
        memset(&checkpoint, 0, sizeof checkpoint);
        checkpoint.log_signature = c->first.log_signature;
        err = JET_errSuccess;
    }
    TRY(err);
    if (!signature_equal(&checkpoint.log_signature, &c->first.log_signature))
        RAISE(JET_errBadCheckpointSignature);
    checkpoint.lgpos_checkpoint = checkpoint.lgpos_consistency = lgpos_make(range->min_required, 1, 0);
    if (lgpos_generation(checkpoint.lgpos_full_backup_checkpoint) >= range->min_required)
        checkpoint.lgpos_full_backup_checkpoint = 0;
    if (lgpos_generation(checkpoint.full_backup) >= range->min_required) {
        checkpoint.full_backup = 0;
        checkpoint.full_backup_time = (struct log_time){{0}};
    }
    if (lgpos_generation(checkpoint.incremental_backup) >= range->min_required) {
        checkpoint.incremental_backup = 0;
        checkpoint.incremental_backup_time = (struct log_time){{0}};
    }
    checkpoint.parameters = c->first.parameters;
    checkpoint.has_attach_list = true;
    memcpy(checkpoint.attach_list, c->first.attach_list, ATTACH_LIST_SIZE);
    TRY(checkpoint_file_write(s->fs, path, &checkpoint));
done:
    mem_free(path);
    return err;
}

/* The checkpoint is written before the header: when power goes in between, the header still keeps everybody from the file, and the call can be made again. */
JET_ERR reseed_settle_logs(const struct reseed_stream *stream, const struct reseed_range *asked, struct db_header *header)
{
    JET_ERR err = JET_errSuccess;
    struct reseed_range range = *asked;
    struct chain *c = (struct chain *)mem_alloc(sizeof *c);
    if (c == NULL)
        RAISE(JET_errOutOfMemory);
    c->stream = stream;
    TRY(judge_chain(c, &range, header));
    TRY(settle_checkpoint(c, &range));
    settle_header(c, &range, header);
done:
    mem_free(c);
    return err;
}
