/* The course of a recovery: the decision at start, the generations one after another, what a bad one means (recovery.md 4, 5). */
#include "recovery/recovery.h"

#include <string.h>

#include "base/memory.h"
#include "os/path.h"
#include "recovery/internal.h"

enum { CACHE_BYTES = 16 << 20, CACHE_FRAMES = 64 /* an operation holds up to 48 pages */, PROGRESS_GENERATIONS = 66, EVENT_BEGINS = 300, EVENT_REPLAYED = 301, EVENT_ENDS = 302,
       EVENT_SET_TORN = 460, EVENT_TORN = 461, EVENT_TORN_REPAIRED = 462, EVENT_SET_CORRUPT = 463, EVENT_CORRUPT = 464, EVENT_SOFT_CORRUPT = 465, EVENT_SHADOW_USED = 466 };

/* A checkpoint's attachment list is used from this version on. */
static const struct log_version ATTACH_LIST_VERSION = {8, 4000, 4, 3};

/* --- generations --- */

JET_ERR recovery_archive_or_current(const struct recovery *r, uint32_t generation, char **path, bool *is_current)
{
    JET_ERR err = JET_errSuccess;
    *path = NULL;
    *is_current = false;
    if (r->hard != NULL && generation >= r->hard->gen_low && generation <= r->hard->gen_high)
        return log_file_path(r->hard->backup_folder, r->base, generation, r->hard->extension, r->fs, path);
    if (r->hard != NULL && r->hard->target_folder != NULL && generation <= r->hard->target_gen_high) {
        TRY(log_file_path(r->hard->target_folder, r->base, generation, r->hard->extension, r->fs, path));
        if (os_exists(r->fs, *path))
            goto done;
        mem_free(*path);
        *path = NULL;
    }
    TRY(log_file_path(r->folder, r->base, generation, r->extension, r->fs, path));
    if (os_exists(r->fs, *path))
        goto done;
    mem_free(*path);
    *path = NULL;
    if (r->listing.has_current) {
        *is_current = true;
        TRY(log_named_path(r->folder, r->base, "", r->extension, path));
    }
done:
    return err;
}

static bool is_in_backup_range(const struct recovery *r, uint32_t generation) { return r->hard != NULL && generation <= r->hard->gen_high; }

/* The version that the client limits logs to; minor steps are compatible. */
static JET_ERR check_version_limit(const struct recovery *r, const struct log_header *h)
{
    uint32_t limit = r->config->update_major_max;
    return limit != 0 && h->version.update_major > limit ? error_raise(JET_errEngineFormatVersionSpecifiedTooLowForLogVersion, __FILE__, __LINE__) : JET_errSuccess;
}

/* Checks a generation against the stream and, when there is one, the generation before (5). */
static JET_ERR check_chain(struct recovery *r, const struct log_generation *g)
{
    JET_ERR err = JET_errSuccess;
    const struct log_header *h = &g->header, *p = &r->generation.header;
    uint32_t page_size = r->hard != NULL ? r->hard->page_size : r->config->log.page_size;
    TRY(check_version_limit(r, h));
    if (signature_is_set(&r->log_signature) && !signature_equal(&h->log_signature, &r->log_signature))
        RAISE(JET_errBadLogSignature);
    if (h->page_size != page_size)
        RAISE(JET_errPageSizeMismatch);
    if (!r->has_generation)
        goto done;
    if (h->file_sectors != p->file_sectors)
        RAISE(JET_errLogFileSizeMismatch);
    if (h->generation != p->generation + 1 || !log_time_equal(h->previous_created, p->created))
        RAISE(JET_errInvalidLogSequence);
    if (h->version.update_minor >= LOG_MINOR_CHECKS_PREVIOUS && h->checksum_previous != r->generation.scan.checksum_all)
        RAISE(JET_errLogSequenceChecksumMismatch);
done:
    return err;
}

static JET_ERR check_creation_times(struct recovery *r)
{
    const struct log_header *h = &r->generation.header;
    for (uint32_t i = 0; i < r->database_count; i++) {
        const struct recovered_database *d = &r->databases[i];
        if (!d->is_attached || d->required_to != h->generation)
            continue;
        struct log_time t = log_time_is_set(d->header.logtime_gen_max_required) ? d->header.logtime_gen_max_required : d->header.logtime_gen_max_created;
        if (log_time_is_set(t) && !log_time_equal(t, h->created))
            return error_raise(JET_errRequiredLogFilesMissing, __FILE__, __LINE__);
    }
    return JET_errSuccess;
}

/* --- a lost or unusable generation (5.1) --- */

struct removal {
    struct recovery *r;
    uint32_t from;
};

static JET_ERR remove_archive(void *context, uint32_t generation, const char *path)
{
    struct removal *x = (struct removal *)context;
    return generation >= x->from ? os_remove(x->r->fs, path) : JET_errSuccess;
}

/* Deletes archives from a generation on, and the current log. */
static JET_ERR remove_logs(struct recovery *r, uint32_t from, bool with_current)
{
    JET_ERR err = JET_errSuccess;
    struct removal x = {r, from};
    char *current = NULL;
    TRY(log_visit_archives(r->fs, r->folder, r->base, r->extension, remove_archive, &x));
    if (with_current && r->listing.has_current) {
        TRY(log_named_path(r->folder, r->base, "", r->extension, &current));
        TRY(os_remove(r->fs, current));
        r->listing.has_current = false;
    }
    TRY(os_dir_sync(r->fs, r->folder));
done:
    mem_free(current);
    return err;
}

static bool is_corruption(JET_ERR error) { return error == JET_errLogFileCorrupt || error == JET_errLogCorrupted; }

/* Where a generation stops being usable. */
struct damage {
    lgpos_t position;
    bool is_torn; /* a write was cut short, and the segment's shadow has it whole */
};

static void report_damage(const struct recovery *r, uint32_t bad, uint32_t event, const struct damage *damage)
{
    char *path = NULL, position[LGPOS_TEXT_SIZE];
    bool is_current;
    if (recovery_archive_or_current(r, bad, &path, &is_current) >= 0 && path != NULL)
        EVENT_REPORT(r->config->events, event, EVENT_ERROR, EVENT_LOGGING_RECOVERY, path, lgpos_format(damage->position, position));
    mem_free(path);
}

/* What a start after a power cut makes good by itself: the administrator should know of the disk that needed it. */
static void report_repairs(const struct recovery *r, const struct log_generation *g, const char *path, bool is_current)
{
    const struct log_scan *scan = &g->scan;
    char position[LGPOS_TEXT_SIZE];
    uint32_t torn = scan->discard_from != 0 ? scan->discard_from : scan->error < 0 ? scan->error_segment : 0;
    if (scan->restored_segment != 0)
        EVENT_REPORT(r->config->events, EVENT_SHADOW_USED, EVENT_WARNING, EVENT_LOGGING_RECOVERY, path);
    if (torn != 0 && is_current)
        EVENT_REPORT(r->config->events, EVENT_TORN_REPAIRED, EVENT_WARNING, EVENT_LOGGING_RECOVERY, path, lgpos_format(lgpos_make(g->header.generation, torn, 0), position));
}

static JET_ERR judge_damage_of_hard(const struct recovery *r, uint32_t bad, const struct damage *damage)
{
    if (is_in_backup_range(r, bad)) {
        report_damage(r, bad, damage->is_torn ? EVENT_SET_TORN : EVENT_SET_CORRUPT, damage);
        return damage->is_torn ? JET_errLogTornWriteDuringHardRestore : JET_errLogCorruptDuringHardRestore;
    }
    report_damage(r, bad, damage->is_torn ? EVENT_TORN : EVENT_CORRUPT, damage);
    return damage->is_torn ? JET_errLogTornWriteDuringHardRecovery : JET_errLogCorruptDuringHardRecovery;
}

/* Generation `bad` cannot be used. Success: the replay ends with the one before. damage: of a corruption, else it may be NULL. */
static JET_ERR judge_lost(struct recovery *r, uint32_t bad, JET_ERR error, const struct damage *damage)
{
    JET_ERR err = JET_errSuccess;
    bool is_required = false, is_committed = false;
    if (r->hard != NULL)
        return is_corruption(error) ? judge_damage_of_hard(r, bad, damage) : error;
    if (is_corruption(error))
        report_damage(r, bad, EVENT_SOFT_CORRUPT, damage);
    if (!is_corruption(error) && error != JET_errInvalidLogSequence)
        return error;
    for (uint32_t i = 0; i < r->database_count; i++) {
        const struct recovered_database *d = &r->databases[i];
        is_required |= d->is_attached && d->required_to >= bad;
        is_committed |= d->is_attached && d->header.gen_max_committed >= bad;
    }
    if (is_required || !is_committed)
        return error;
    if (!r->config->options.ignore_lost_logs || !r->config->options.delete_out_of_range_logs || r->config->options.without_undo)
        RAISE(is_corruption(error) ? JET_errCommittedLogFileCorrupt : JET_errCommittedLogFilesMissing);
    if (bad <= r->generation.header.generation && r->has_generation && bad == r->generation.header.generation)
        RAISE(JET_errCommittedLogFileCorrupt); /* part of it has been replayed */
    TRY(remove_logs(r, bad, true));
    r->result->warning = JET_wrnCommittedLogFilesRemoved;
done:
    return err;
}

/* --- replay --- */

/* (G, 0, 0) stands for the end of generation G. */
static bool is_behind(lgpos_t position, lgpos_t stop)
{
    return (uint32_t)stop == 0 ? lgpos_generation(position) > lgpos_generation(stop) : lgpos_normalize(position) > lgpos_normalize(stop);
}

/* The present generation is the one in which the replay is to stop? */
static bool is_at_stop(const struct recovery *r)
{
    uint32_t generation = r->has_generation ? r->generation.header.generation : 0;
    return (r->stop_point.generation != 0 && generation >= r->stop_point.generation) ||
           (recovery_has_stop_position(r) && generation >= lgpos_generation(r->stop->position));
}

/* Tells how much of the logs is replayed, in bytes: at the start of each generation, and in between when there are so few of them that a part of one can be seen. */
static JET_ERR report_progress(struct recovery *r, uint32_t segment)
{
    recovery_progress_fn progress = r->hard != NULL ? r->hard->progress : r->config->progress;
    void *context = r->hard != NULL ? r->hard->progress_context : r->config->progress_context;
    const struct log_header *h = &r->generation.header;
    uint32_t at = h->generation, first = lgpos_generation(r->redo_from), last = r->listing.last + r->listing.has_current;
    bool is_start = segment == 0;
    r->progress_segment = segment;
    if (progress == NULL)
        return JET_errSuccess;
    if (last < at)
        last = at;
    if (r->hard != NULL && r->hard->gen_high > last)
        last = r->hard->gen_high;
    if (r->stop_point.generation != 0)
        last = r->stop_point.generation;
    else if (recovery_has_stop_position(r) && lgpos_generation(r->stop->position) < last)
        last = lgpos_generation(r->stop->position);
    uint64_t total = ((uint64_t)last - first + 1) * h->file_sectors, done = ((uint64_t)at - first) * h->file_sectors + segment;
    uint32_t percent = total == 0 || done >= total ? 100 : (uint32_t)(done * 100 / total);
    if (!is_start && (last - first + 1 > PROGRESS_GENERATIONS || percent == r->percent))
        return JET_errSuccess;
    r->percent = percent;
    return progress(context, percent);
}

static JET_ERR replay_generation(struct recovery *r, lgpos_t start)
{
    JET_ERR err = JET_errSuccess;
    struct log_walk walk;
    lgpos_t from = lgpos_normalize(start);
    /* The walk needs a place where a record or a fragment begins: the start of the segment. */
    log_walk_begin(&walk, r->generation.image, r->generation.header.generation, r->generation.scan.last_segment,
                   lgpos_make(r->generation.header.generation, lgpos_segment(start), 0));
    for (;;) {
        struct log_record_ref ref;
        err = log_walk_next(&walk, &ref);
        r->end = ref.end != 0 ? ref.end : r->end;
        if (err == JET_errNoCurrentRecord) {
            err = JET_errSuccess;
            break;
        }
        if (err == JET_errLogCorrupted) /* of the framing; the number is kept for what a record says */
            err = JET_errLogFileCorrupt;
        if (err < 0)
            break;
        if (ref.position < from)
            continue;
        if (recovery_has_stop_position(r) && is_behind(ref.position, r->stop->position))
            break;
        r->position = ref.position;
        err = recovery_redo_record(r, ref.bytes);
        if (err >= 0 && lgpos_segment(ref.position) != r->progress_segment)
            err = report_progress(r, lgpos_segment(ref.position));
        if (err < 0)
            break;
    }
    log_walk_end(&walk);
    return err;
}

/* A torn first write at the very end of the last log: nothing of it was acknowledged. Only where no database needs the generation. */
static bool may_ignore_torn_tail(const struct recovery *r, const struct log_generation *g, bool is_current)
{
    for (uint32_t i = 0; i < r->database_count; i++)
        if (r->databases[i].is_attached && r->databases[i].required_to >= g->header.generation)
            return false;
    return is_current && g->scan.is_torn_tail;
}

/* Are the segments of the next generation good enough to replay it? *at_end: no, and the replay ends before it. In a backup set nothing is made good: its generations were closed, so
 * all of it had been on the disk; behind a set, only in the current log. */
static JET_ERR judge_scan(struct recovery *r, uint32_t wanted, const struct log_generation *next, bool is_current, bool *at_end)
{
    const struct log_scan *scan = &next->scan;
    bool is_in_set = is_in_backup_range(r, wanted);
    uint32_t torn = is_in_set || (r->hard != NULL && !is_current) ? scan->restored_segment : 0, cut = is_in_set ? scan->discard_from : 0;
    const struct damage damage = {lgpos_make(wanted, torn != 0 ? torn : cut != 0 ? cut : scan->error_segment, 0), torn != 0};
    JET_ERR error = torn != 0 || cut != 0 ? JET_errLogFileCorrupt : scan->error;
    if (error >= 0 || (torn == 0 && cut == 0 && may_ignore_torn_tail(r, next, is_current)))
        return JET_errSuccess;
    if (r->hard == NULL && !r->has_generation) {
        report_damage(r, wanted, EVENT_SOFT_CORRUPT, &damage);
        return error;
    }
    error = judge_lost(r, wanted, error, &damage);
    *at_end = error >= 0;
    return error;
}

/* The generation after the present one becomes the present one. *at_end: there is none. */
static JET_ERR open_next(struct recovery *r, uint32_t wanted, bool *at_end)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    struct log_generation next = {.image = NULL};
    bool is_current;
    *at_end = r->has_generation && (r->is_current || is_at_stop(r));
    if (*at_end)
        goto done;
    TRY(recovery_archive_or_current(r, wanted, &path, &is_current));
    if (path == NULL) {
        if (r->has_generation)
            TRY(recovery_ask_about_missing(r, RECOVERY_MISSING_GO_ON_TO_UNDO, wanted, true, JET_errSuccess));
        *at_end = true;
        goto done;
    }
    if (is_current)
        TRY(recovery_ask_about_missing(r, RECOVERY_MISSING_TRY_CURRENT, wanted, false, JET_errSuccess));
    TRY(recovery_ask_to_open(r, RECOVERY_OPEN_FOR_REDO, is_current ? 0 : wanted, is_current, JET_errSuccess));
    TRY(log_generation_read(r->fs, path, &next));
    recovery_cut_generation(r, &next);
    if (!r->has_generation && is_current && next.header.generation != wanted && next.header.generation != wanted + 1)
        RAISE(JET_errMissingLogFile);
    err = check_chain(r, &next);
    if (err < 0) {
        err = judge_lost(r, wanted, err, NULL);
        *at_end = err >= 0;
        goto done;
    }
    TRY(judge_scan(r, wanted, &next, is_current, at_end));
    if (*at_end)
        goto done;
    report_repairs(r, &next, path, is_current);
    log_generation_release(&r->generation);
    r->generation = next;
    next.image = NULL;
    r->has_generation = true;
    r->is_current = is_current;
    r->log_signature = r->generation.header.log_signature;
done:
    log_generation_release(&next);
    mem_free(path);
    return err;
}

static void report_unless_silenced(struct recovery *r, uint32_t event, const char *parameter)
{
    if (recovery_ask(r, (struct recovery_question){.kind = RECOVERY_EVENT, .event = event}) >= 0)
        recovery_report(r, event, parameter);
}

static JET_ERR report_replayed(struct recovery *r, uint32_t generation)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    bool is_current;
    if (!event_is_wanted(r->config->events, EVENT_INFORMATION) && r->config->ask == NULL)
        goto done;
    TRY(recovery_archive_or_current(r, generation, &path, &is_current));
    report_unless_silenced(r, EVENT_REPLAYED, path);
done:
    mem_free(path);
    return err;
}

/* From here on the database is an ordinary one, whose replay begins where it was attached last: what was changed before must be in the file. */
static JET_ERR end_patched_range(struct recovered_database *d)
{
    JET_ERR err = JET_errSuccess;
    uint32_t attached = lgpos_generation(d->header.lgpos_attach);
    if (attached > d->header.gen_min_required) {
        TRY(cache_flush_file(d->db->pages));
        d->header.gen_min_required = d->header.gen_min_consistent = attached;
    }
    d->header.state = DB_STATE_DIRTY;
done:
    return err;
}

/* Pages that could not be judged in the required range must have been explained by its end (7.2). */
static JET_ERR settle_doubts(struct recovery *r, uint32_t next_generation)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < r->database_count; i++) {
        struct recovered_database *d = &r->databases[i];
        bool is_whole = next_generation != UINT32_MAX || r->generation.header.generation >= d->required_to;
        if ((!d->is_attached && d->detached_at == 0) || next_generation <= d->required_to)
            continue;
        if (d->doubts.count > 0 && is_whole)
            RAISE(doubts_first_fault(&d->doubts));
        if (d->detached_at != 0 && is_whole)
            TRY(recovery_end_patched(r, d));
        else if (d->is_attached && d->header.state == DB_STATE_DIRTY_AND_PATCHED)
            TRY(end_patched_range(d));
    }
done:
    return err;
}

static JET_ERR replay_all(struct recovery *r, uint32_t first, lgpos_t start, const struct checkpoint *checkpoint)
{
    JET_ERR err = JET_errSuccess;
    bool at_end = false, is_stopped = false;
    TRY(open_next(r, first, &at_end));
    if (at_end)
        RAISE(JET_errMissingLogFile);
    const struct log_header *h = &r->generation.header;
    bool is_exact = checkpoint != NULL && checkpoint->has_attach_list && log_version_compare(h->version, ATTACH_LIST_VERSION) >= 0 && h->generation == lgpos_generation(start);
    if (!is_exact)
        start = lgpos_make(h->generation, 1, 0);
    r->redo_from = r->result->redo_from = start;
    if (r->hard == NULL)
        TRY(recovery_scan_open(r, h->generation, start));
    recovery_report(r, EVENT_BEGINS, NULL);
    TRY(recovery_attach_list(r, is_exact ? checkpoint->attach_list : h->attach_list, start));
    for (;;) {
        uint32_t generation = r->generation.header.generation;
        TRY(check_creation_times(r));
        TRY(report_progress(r, 0));
        err = replay_generation(r, start);
        if (err < 0) {
            err = is_corruption(err) ? judge_lost(r, generation, err, &(struct damage){.position = r->position}) : err;
            goto done;
        }
        TRY(report_replayed(r, generation));
        TRY(check_creation_times(r)); /* of databases that this generation attached */
        TRY(open_next(r, generation + 1, &at_end));
        is_stopped = at_end && recovery_has_stop_position(r) && is_at_stop(r);
        if (is_stopped)
            break; /* what is missing, or cannot be judged yet, stands behind */
        TRY(settle_doubts(r, at_end ? UINT32_MAX : r->generation.header.generation));
        if (at_end)
            break;
        start = lgpos_make(r->generation.header.generation, 1, 0);
    }
    r->result->redo_to = r->position;
    r->result->time_reached = recovery_time_reached(r);
    if (!is_stopped)
        TRY(recovery_check_ranges(r));
done:
    return err;
}

/* --- start --- */

static JET_ERR flush_log(void *context, lgpos_t position)
{
    struct recovery *r = (struct recovery *)context;
    return r->log != NULL ? log_flush(r->log, position) : JET_errSuccess;
}

/* Of its own: the replay's pages obey the replay's log. */
static JET_ERR make_cache(struct recovery *r, uint32_t page_size, uint64_t bytes)
{
    uint64_t least = (uint64_t)page_size * CACHE_FRAMES;
    if (bytes < least)
        bytes = least;
    struct cache_config config = {.page_size = page_size, .bytes_min = least, .bytes_max = bytes, .log = {.flush_log = flush_log, .context = r}};
    return cache_create(&config, &r->cache);
}

JET_ERR recovery_open_log(struct recovery *r)
{
    if (r->log != NULL)
        return JET_errSuccess;
    if (r->hard == NULL || (r->is_current && r->stop_point.generation == 0))
        return log_continue(&r->config->log, &r->log);
    /* The set's last generation stands in the backup folder: the stream goes on behind it, here. */
    return log_create(&r->config->log, &r->generation, &r->log);
}

void recovery_report(const struct recovery *r, uint32_t event, const char *parameter)
{
    const char *parameters[] = {parameter};
    event_report(r->config->events, event, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, parameters, parameter != NULL ? 1 : 0);
}

static void release(struct recovery *r)
{
    recovery_end_sessions(r);
    recovery_release_databases(r);
    cache_destroy(r->cache);
    log_generation_release(&r->generation);
    mem_free(r->sessions);
    mem_free(r->open_transactions);
}

/* What the last record of a generation is; LR_NOP when there is none. Damage is met, and reported, by the replay (4.2). */
static JET_ERR find_last_record(const struct log_generation *g, uint8_t *type, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    struct log_walk walk;
    struct log_record_ref ref;
    *type = LR_NOP;
    log_walk_begin(&walk, g->image, g->header.generation, g->scan.last_segment, 0);
    while ((err = log_walk_next(&walk, &ref)) >= 0) {
        if (ref.bytes.data[0] != LR_NOP2) {
            *type = ref.bytes.data[0];
            *position = ref.position;
        }
    }
    log_walk_end(&walk);
    if (err == JET_errOutOfMemory)
        return err;
    if (err != JET_errNoCurrentRecord || g->scan.error < 0)
        *type = LR_NOP;
    return JET_errSuccess;
}

/* Does the stream end clean, with the checkpoint at its last record (section 4)? */
static JET_ERR is_clean_stream(struct recovery *r, const struct checkpoint *checkpoint, bool *is_clean)
{
    JET_ERR err = JET_errSuccess;
    struct log_generation current = {.image = NULL};
    char *path = NULL;
    uint8_t type;
    lgpos_t position = 0;
    *is_clean = false;
    TRY(log_named_path(r->folder, r->base, "", r->extension, &path));
    TRY(log_generation_read(r->fs, path, &current));
    TRY(check_version_limit(r, &current.header));
    if (current.header.page_size != r->config->log.page_size)
        RAISE(JET_errPageSizeMismatch);
    if (r->config->options.delete_out_of_range_logs)
        TRY(remove_logs(r, current.header.generation, false));
    TRY(find_last_record(&current, &type, &position));
    *is_clean = recovery_is_end(type) && checkpoint != NULL && signature_equal(&checkpoint->log_signature, &current.header.log_signature) &&
                lgpos_normalize(checkpoint->lgpos_checkpoint) == lgpos_normalize(position);
    if (*is_clean) /* else the replay reports them */
        report_repairs(r, &current, path, true);
    r->last_position = position;
done:
    log_generation_release(&current);
    mem_free(path);
    return err;
}

static JET_ERR read_checkpoint(struct recovery *r, struct checkpoint *out, bool *has_checkpoint)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    TRY(checkpoint_path(r->config->log.system_folder, r->base, r->extension, &path));
    err = checkpoint_file_read(r->fs, path, out);
    *has_checkpoint = err >= 0;
    if (err == JET_errOutOfMemory)
        goto done;
    err = JET_errSuccess; /* an unusable one counts as none: the replay starts at the lowest generation */
done:
    mem_free(path);
    return err;
}

/* The checkpoint belongs to this stream? The first log that exists tells. */
static bool is_of_stream(struct recovery *r, const struct checkpoint *checkpoint)
{
    char *path = NULL;
    struct log_header header;
    bool is_same = true, is_current;
    uint32_t first = r->listing.archive_count > 0 ? r->listing.first : 0;
    if (recovery_archive_or_current(r, first, &path, &is_current) >= 0 && path != NULL && log_header_read(r->fs, path, &header) >= 0)
        is_same = signature_equal(&header.log_signature, &checkpoint->log_signature);
    mem_free(path);
    return is_same;
}

static JET_ERR start_new_stream(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    TRY(recovery_ask_about_missing(r, RECOVERY_MISSING_NEW_STREAM, 0, false, r->config->options.stream_must_exist ? JET_errMissingLogFile : JET_errSuccess));
    r->result->is_new_stream = true;
    TRY(log_create(&r->config->log, NULL, &r->log));
done:
    return err;
}

static JET_ERR lowest_generation(struct recovery *r, uint32_t *generation)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    struct log_header header;
    *generation = r->listing.first;
    if (r->listing.archive_count > 0)
        return JET_errSuccess;
    TRY(log_named_path(r->folder, r->base, "", r->extension, &path));
    TRY(log_header_read(r->fs, path, &header));
    *generation = header.generation;
done:
    mem_free(path);
    return err;
}

/* After success: sizes, truncation (instance-and-session 8). */
static JET_ERR settle(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    const struct recovery_config *c = r->config;
    struct log **log = &r->log;
    if (recovery_ends_history(r))
        TRY(recovery_begin_new_stream(r));
    if (c->is_file_kib_set && log_file_size_kib(*log) != c->log.file_kib) {
        if (!c->options.cleanup_mismatched_logs || !c->log.is_circular)
            RAISE(JET_errLogFileSizeMismatchDatabasesConsistent);
        log_close(*log);
        *log = NULL;
        r->listing.has_current = true;
        TRY(remove_logs(r, 0, true));
        TRY(log_create(&c->log, NULL, log));
        r->result->is_new_stream = true;
    } else if (c->options.truncate_logs_after && r->result->was_replayed) {
        uint32_t oldest;
        lgpos_t checkpoint;
        TRY(log_oldest_generation(*log, &oldest));
        TRY(log_read_checkpoint(*log, &checkpoint));
        for (uint32_t g = oldest; g < lgpos_generation(checkpoint); g++)
            if (log_delete_generation(*log, g) < 0)
                continue; /* a gap: nothing there to delete */
    }
done:
    return err;
}

/* The databases stay dirty; the error that says so. */
static JET_ERR end_without_undo(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    bool is_open = recovery_has_stop_position(r);
    for (uint32_t i = 0; i < r->database_count; i++) {
        const struct recovered_database *d = &r->databases[i];
        is_open |= d->is_attached;
        if (d->is_attached)
            TRY(cache_flush_file(d->db->pages));
    }
    RAISE(is_open ? JET_errRecoveredWithoutUndo : JET_errRecoveredWithoutUndoDatabasesConsistent);
done:
    return err;
}

static JET_ERR check_stop(const struct recovery *r)
{
    const struct recovery_options *o = &r->config->options;
    bool has_position = recovery_has_stop_position(r), ends_history = recovery_ends_history(r);
    if (has_position && (ends_history || lgpos_generation(r->stop->position) == 0 || o->delete_out_of_range_logs))
        return JET_errInvalidParameter;
    return ends_history && (o->without_undo || o->keep_attached) ? JET_errInvalidParameter : JET_errSuccess;
}

/* A new generation takes the higher one of each of both words, its own and the stream's. That of a stream whose minor word is above ours and whose major word is below would be a version that
 * nobody reads: the databases are recovered, and the stream ends. */
static JET_ERR check_continuation(const struct recovery *r)
{
    struct log_version v = r->generation.header.version;
    bool is_mixed = v.update_major < LOG_VERSION_NEWEST.update_major && v.update_minor > LOG_VERSION_NEWEST.update_minor;
    return is_mixed ? error_raise(JET_errBadLogVersion, __FILE__, __LINE__) : JET_errSuccess;
}

static JET_ERR run_soft(struct recovery *r, struct checkpoint *checkpoint)
{
    JET_ERR err = JET_errSuccess;
    const struct recovery_options *o = &r->config->options;
    bool has_checkpoint = false, is_clean = false;
    uint32_t first;
    TRY(check_stop(r));
    TRY(log_list(r->fs, r->folder, r->base, r->config->log.is_legacy_names, &r->listing));
    r->extension = r->listing.extension;
    TRY(recovery_ask_to_open(r, RECOVERY_OPEN_TO_CHECK, 0, true, JET_errSuccess));
    if (!r->listing.has_current && r->listing.archive_count == 0) {
        TRY(start_new_stream(r));
        goto done;
    }
    if (!r->listing.has_current) {
        bool is_good = o->allow_missing_current || r->listing.has_temporary || o->ignore_lost_logs || o->without_undo || recovery_ends_history(r);
        TRY(recovery_ask_about_missing(r, RECOVERY_MISSING_GO_ON_TO_REDO, r->listing.last + 1, true, is_good ? JET_errSuccess : JET_errMissingLogFile));
    }
    TRY(read_checkpoint(r, checkpoint, &has_checkpoint));
    if (recovery_ends_history(r)) {
        TRY(lowest_generation(r, &first));
        TRY(recovery_cut_history(r, first, has_checkpoint && is_of_stream(r, checkpoint) ? checkpoint : NULL));
        TRY(read_checkpoint(r, checkpoint, &has_checkpoint));
    }
    if (r->listing.has_current)
        TRY(is_clean_stream(r, has_checkpoint ? checkpoint : NULL, &is_clean));
    if (is_clean) {
        TRY(recovery_ask_to_open(r, RECOVERY_OPEN_FOR_RUN, 0, true, o->without_undo ? JET_errRecoveredWithoutUndoDatabasesConsistent : JET_errSuccess));
        TRY(recovery_open_log(r));
        TRY(settle(r));
        goto done;
    }
    if (recovery_ask(r, (struct recovery_question){.kind = RECOVERY_OPEN_CHECKPOINT}) < 0)
        has_checkpoint = false;
    if (has_checkpoint)
        has_checkpoint = is_of_stream(r, checkpoint);
    if (has_checkpoint)
        r->log_signature = checkpoint->log_signature;
    TRY(lowest_generation(r, &first));
    TRY(make_cache(r, r->config->log.page_size, r->config->cache_bytes != 0 ? r->config->cache_bytes : CACHE_BYTES));
    r->result->was_replayed = true;
    if (has_checkpoint)
        first = lgpos_generation(checkpoint->lgpos_checkpoint);
    if (recovery_has_stop_position(r) && first > lgpos_generation(r->stop->position))
        RAISE(JET_errRecoveredWithoutUndo); /* there already */
    TRY(replay_all(r, first, has_checkpoint ? checkpoint->lgpos_checkpoint : 0, has_checkpoint ? checkpoint : NULL));
    bool has_undo = !(recovery_has_stop_position(r) && is_at_stop(r));
    if (has_undo)
        TRY(recovery_ask_for_undo(r, &has_undo));
    if (!has_undo)
        TRY(end_without_undo(r)); /* never a success */
    TRY(recovery_finish(r));
    TRY(check_continuation(r));
    TRY(recovery_ask_to_open(r, RECOVERY_OPEN_FOR_RUN, 0, true, JET_errSuccess));
    TRY(settle(r));
    report_unless_silenced(r, EVENT_ENDS, NULL);
done:
    return err;
}

static void finish_result(struct recovery *r, JET_ERR err)
{
    release(r);
    r->result->transaction_last = r->transaction_last;
    r->result->log = r->log;
    if (err < 0) {
        log_close(r->log);
        r->result->log = NULL;
        recovery_release_result(r->result);
    }
}

JET_ERR recovery_run(const struct recovery_config *config, struct recovery_result *result)
{
    JET_ERR err = JET_errSuccess;
    struct recovery *r = (struct recovery *)mem_alloc(sizeof *r);
    struct checkpoint *checkpoint = (struct checkpoint *)mem_alloc(sizeof *checkpoint);
    memset(result, 0, sizeof *result);
    if (r == NULL || checkpoint == NULL)
        RAISE(JET_errOutOfMemory);
    *r = (struct recovery){.config = config, .result = result, .fs = config->log.fs, .folder = config->log.log_folder, .base = config->log.base_name,
                           .stop = &config->stop};
    if (config->options.cleanup_mismatched_logs && !config->log.is_circular)
        err = JET_errInvalidSettings;
    else
        err = run_soft(r, checkpoint);
    finish_result(r, err);
done:
    mem_free(checkpoint);
    mem_free(r);
    return err;
}

/* With one empty run, so that nothing has to be replayed at the next start. */
static JET_ERR begin_clean_stream(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    TRY(recovery_begin_new_stream(r));
    TRY(log_append_init(r->log, NULL));
    TRY(log_append_shutdown(r->log, NULL));
    TRY(log_append_term(r->log, NULL));
done:
    return err;
}

JET_ERR recovery_run_hard(const struct recovery_hard_config *hard, struct recovery_reached *reached)
{
    JET_ERR err = JET_errSuccess;
    struct recovery_result result;
    struct recovery_config config = {.log = {.fs = hard->fs, .log_folder = hard->log_folder, .system_folder = hard->system_folder, .base_name = hard->base_name,
                                             .is_legacy_names = strcmp(hard->extension, ".jtx") != 0, .page_size = hard->page_size},
                                     .events = hard->events};
    struct recovery *r = (struct recovery *)mem_alloc(sizeof *r);
    char *path = NULL;
    memset(&result, 0, sizeof result);
    if (r == NULL)
        RAISE(JET_errOutOfMemory);
    *r = (struct recovery){.config = &config, .hard = hard, .result = &result, .fs = hard->fs, .folder = hard->log_folder, .base = hard->base_name,
                           .extension = hard->extension, .stop = &hard->stop};
    if (recovery_has_stop_position(r))
        err = JET_errInvalidParameter;
    else if (recovery_ends_history(r) && strcmp(hard->log_folder, hard->backup_folder) == 0)
        err = JET_errInvalidParameter; /* the set is only read */
    if (err >= 0)
        err = log_list(r->fs, r->folder, r->base, config.log.is_legacy_names, &r->listing);
    if (err >= 0)
        err = checkpoint_path(hard->system_folder, r->base, hard->extension, &path);
    if (err >= 0 && os_exists(hard->fs, path))
        err = os_remove(hard->fs, path); /* it says nothing about the set */
    if (err >= 0)
        err = make_cache(r, hard->page_size, hard->cache_bytes != 0 ? hard->cache_bytes : CACHE_BYTES);
    if (err >= 0 && recovery_ends_history(r))
        err = recovery_locate_stop(r, hard->gen_low);
    if (err >= 0)
        err = replay_all(r, hard->gen_low, 0, NULL);
    if (err >= 0 && recovery_ends_history(r))
        err = recovery_set_logs_aside(r);
    if (err >= 0)
        err = recovery_finish(r);
    if (err >= 0 && recovery_ends_history(r))
        err = begin_clean_stream(r);
    if (err >= 0)
        recovery_report(r, EVENT_ENDS, NULL);
    if (reached != NULL)
        *reached = (struct recovery_reached){lgpos_generation(result.redo_to), result.time_reached};
    finish_result(r, err);
    log_close(result.log);
done:
    mem_free(path);
    mem_free(r);
    return err;
}
