/* Stops that end the history: replay to a generation or to a moment (struct recovery_stop).
 *
 * A soft recovery to such a stop first makes the log end there, then runs as if a crash had happened at that moment, so it can be interrupted anywhere and started again.
 * Files of the old history are only moved. The folder they go to says how far the cut has come:
 *
 *   <base>.cutting-SIGNATURE   the log is being cut: the next start finds the stop again and carries on
 *   <base>.cut-SIGNATURE       the log ends at the stop: the next start replays it to its end, which by then may lie behind undo records
 *   <base>.replaced-N          over: the folder is the user's
 *
 * A hard recovery reads the set and cuts nothing: it stops, undoes in a log of its own, and that log gives way to the new stream. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "log/log_files.h"
#include "os/path.h"
#include "recovery/internal.h"

/* --- where the stop is --- */

static uint32_t segments_until(const struct log_generation *g, int64_t time)
{
    for (uint32_t s = 1; s <= g->scan.last_segment; s++)
        if (log_time_to_unix(log_segment_time(g->image + (size_t)s * LOG_SEGMENT_SIZE)) > time)
            return s - 1;
    return UINT32_MAX;
}

static int64_t time_of(const struct log_generation *g, uint32_t last_segment)
{
    if (last_segment > g->scan.last_segment)
        last_segment = g->scan.last_segment;
    for (uint32_t s = last_segment; s > 0; s--) {
        int64_t time = log_time_to_unix(log_segment_time(g->image + (size_t)s * LOG_SEGMENT_SIZE));
        if (time != 0)
            return time;
    }
    return log_time_to_unix(g->header.created);
}

static JET_ERR read_generation(struct recovery *r, uint32_t generation, struct log_generation *out)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    bool is_current;
    TRY(recovery_archive_or_current(r, generation, &path, &is_current));
    if (path == NULL)
        RAISE(JET_errMissingLogFile);
    TRY(log_generation_read(r->fs, path, out));
done:
    mem_free(path);
    return err;
}

/* The last generation begun by the time, by the headers alone; 0: none. *is_there: a limit by number was met. */
static JET_ERR last_begun(struct recovery *r, uint32_t first, uint32_t *last, bool *is_there)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    bool is_current = false;
    *last = 0;
    *is_there = false;
    for (uint32_t generation = first; !is_current && !*is_there; generation++) {
        struct log_header header;
        mem_free(path);
        path = NULL;
        TRY(recovery_archive_or_current(r, generation, &path, &is_current));
        if (path == NULL || !os_exists(r->fs, path)) {
            if (generation <= r->listing.last)
                RAISE(JET_errMissingLogFile);
            break;
        }
        TRY(log_header_read(r->fs, path, &header));
        if (is_current && header.generation < generation)
            break; /* a cut that was interrupted: the copy of an archive that is still there */
        if (header.generation != generation)
            RAISE(JET_errMissingLogFile);
        if (r->stop->time != 0 && log_time_to_unix(header.created) > r->stop->time)
            break;
        *last = generation;
        *is_there = generation == r->stop->generation;
    }
done:
    mem_free(path);
    return err;
}

int64_t recovery_time_reached(const struct recovery *r) { return time_of(&r->generation, lgpos_segment(r->position)); }

JET_ERR recovery_locate_stop(struct recovery *r, uint32_t first)
{
    JET_ERR err = JET_errSuccess;
    struct log_generation g = {.image = NULL};
    uint32_t last;
    bool is_there;
    if (r->stop->generation != 0 && r->stop->generation < first)
        RAISE(JET_errEndingRestoreLogTooLow);
    TRY(last_begun(r, first, &last, &is_there));
    if (last == 0)
        RAISE(JET_errEndingRestoreLogTooLow);
    if (r->stop->generation != 0 && r->stop->time == 0 && !is_there)
        RAISE(JET_errMissingLogFile);
    for (;; last--) {
        TRY(read_generation(r, last, &g));
        uint32_t segment = r->stop->time != 0 ? segments_until(&g, r->stop->time) : UINT32_MAX;
        r->stop_point = (struct recovery_stop_point){last, segment, segment != 0 ? time_of(&g, segment) : 0};
        if (segment != 0)
            break;
        if (last == first)
            RAISE(JET_errEndingRestoreLogTooLow);
        log_generation_release(&g); /* it had been begun, but everything in it is later */
    }
done:
    log_generation_release(&g);
    return err;
}

void recovery_cut_generation(const struct recovery *r, struct log_generation *g)
{
    uint32_t last = r->stop_point.last_segment;
    if (g->header.generation != r->stop_point.generation || last >= g->scan.last_segment)
        return;
    memset(g->image + (size_t)(last + 1) * LOG_SEGMENT_SIZE, 0, (size_t)(g->sectors - last - 1) * LOG_SEGMENT_SIZE);
    log_segments_scan(g->image, g->sectors, g->header.generation, &g->scan);
}

JET_ERR recovery_find_stop(const struct recovery_hard_config *hard, struct recovery_stop_point *out)
{
    JET_ERR err = JET_errSuccess;
    struct recovery *r = (struct recovery *)mem_alloc(sizeof *r);
    if (r == NULL)
        RAISE(JET_errOutOfMemory);
    *r = (struct recovery){.hard = hard, .stop = &hard->stop, .fs = hard->fs, .folder = hard->log_folder, .base = hard->base_name, .extension = hard->extension};
    if (os_exists(hard->fs, hard->log_folder))
        TRY(log_list(r->fs, r->folder, r->base, strcmp(hard->extension, ".jtx") != 0, &r->listing));
    TRY(recovery_locate_stop(r, hard->gen_low));
    *out = r->stop_point;
done:
    mem_free(r);
    return err;
}

/* --- may the databases be brought there? --- */

static JET_ERR judge_generation(struct recovery *r, const struct log_generation *g, lgpos_t start)
{
    JET_ERR err = JET_errSuccess;
    struct log_walk walk;
    struct log_record_ref ref;
    struct log_record record;
    uint32_t last = g->scan.last_segment;
    if (g->header.generation == r->stop_point.generation && r->stop_point.last_segment < last)
        last = r->stop_point.last_segment;
    log_walk_begin(&walk, g->image, g->header.generation, last, lgpos_make(g->header.generation, lgpos_segment(start), 0));
    while ((err = log_walk_next(&walk, &ref)) >= 0) {
        uint8_t type = ref.bytes.data[0];
        if (type != LR_ATTACH_DB && type != LR_CREATE_DB)
            continue;
        TRY(log_record_decode(ref.bytes, &record));
        if (type == LR_ATTACH_DB)
            TRY(recovery_judge_stop(r, record.attach.path, (record.attach.flags & RECOVERY_PATH_UTF16) != 0, &record.attach.db_signature));
        else
            TRY(recovery_judge_stop(r, record.create.path, (record.create.flags & RECOVERY_PATH_UTF16) != 0, &record.create.db_signature));
    }
done:
    log_walk_end(&walk);
    return err == JET_errNoCurrentRecord || err == JET_errLogFileCorrupt || err == JET_errLogCorrupted ? JET_errSuccess : err; /* damage is the replay's to report */
}

static JET_ERR judge_databases(struct recovery *r, uint32_t first, const struct checkpoint *checkpoint)
{
    JET_ERR err = JET_errSuccess;
    struct log_generation g = {.image = NULL};
    lgpos_t start = checkpoint != NULL ? checkpoint->lgpos_checkpoint : 0;
    for (uint32_t generation = first; generation <= r->stop_point.generation; generation++) {
        TRY(read_generation(r, generation, &g));
        r->log_signature = g.header.log_signature;
        if (generation == first && checkpoint != NULL && checkpoint->has_attach_list)
            TRY(recovery_judge_stop_list(r, checkpoint->attach_list));
        if (generation == first)
            TRY(recovery_judge_stop_list(r, g.header.attach_list));
        TRY(judge_generation(r, &g, generation == lgpos_generation(start) ? start : lgpos_make(generation, 1, 0)));
        log_generation_release(&g);
    }
done:
    log_generation_release(&g);
    return err;
}

/* --- files --- */

static JET_ERR aside_path(const struct recovery *r, const char *stage, char **path)
{
    char suffix[32];
    snprintf(suffix, sizeof suffix, ".%s-%08X", stage, (unsigned)signature_random(&r->log_signature));
    return log_named_path(r->folder, r->base, suffix, "", path);
}

/* The first <base>.replaced-N that is not there. */
static JET_ERR replaced_path(const struct recovery *r, char **path)
{
    JET_ERR err = JET_errSuccess;
    for (unsigned n = 1;; n++) {
        char suffix[32];
        snprintf(suffix, sizeof suffix, ".replaced-%u", n);
        TRY(log_named_path(r->folder, r->base, suffix, "", path));
        if (!os_exists(r->fs, *path))
            break;
        mem_free(*path);
        *path = NULL;
    }
done:
    return err;
}

/* Moves a file into a folder. One that the folder has already is the original: the copy here goes. */
static JET_ERR move_into(struct recovery *r, const char *path, const char *folder)
{
    JET_ERR err = JET_errSuccess;
    char *target = NULL;
    TRY(path_join(folder, path_file_name(path), &target));
    TRY(os_exists(r->fs, target) ? os_remove(r->fs, path) : os_rename(r->fs, path, target));
done:
    mem_free(target);
    return err;
}

struct found_archives {
    uint32_t from, to; /* those wanted */
    char **paths;
    uint32_t count, room;
};

static JET_ERR note_archive(void *context, uint32_t generation, const char *path)
{
    JET_ERR err = JET_errSuccess;
    struct found_archives *f = (struct found_archives *)context;
    if (generation < f->from || generation > f->to)
        goto done;
    if (f->count == f->room) {
        uint32_t room = f->room == 0 ? 64 : f->room * 2;
        char **grown = (char **)mem_resize(f->paths, room * sizeof *grown);
        if (grown == NULL)
            RAISE(JET_errOutOfMemory);
        f->paths = grown;
        f->room = room;
    }
    if ((f->paths[f->count] = mem_strdup(path)) == NULL)
        RAISE(JET_errOutOfMemory);
    f->count++;
done:
    return err;
}

/* The highest first, so that what is left has no gap at any moment. */
static JET_ERR move_archives(struct recovery *r, const char *folder, uint32_t from, uint32_t to)
{
    JET_ERR err = JET_errSuccess;
    struct found_archives found = {.from = from, .to = to};
    TRY(log_visit_archives(r->fs, r->folder, r->base, r->extension, note_archive, &found));
    for (uint32_t i = found.count; i > 0; i--)
        TRY(move_into(r, found.paths[i - 1], folder));
done:
    for (uint32_t i = 0; i < found.count; i++)
        mem_free(found.paths[i]);
    mem_free(found.paths);
    return err;
}

static JET_ERR move_named(struct recovery *r, const char *suffix, const char *extension, const char *folder)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    TRY(log_named_path(r->folder, r->base, suffix, extension, &path));
    if (os_exists(r->fs, path))
        TRY(move_into(r, path, folder));
done:
    mem_free(path);
    return err;
}

static JET_ERR sync_folders(struct recovery *r, const char *aside)
{
    JET_ERR err = os_dir_sync(r->fs, aside);
    return err < 0 ? err : os_dir_sync(r->fs, r->folder);
}

/* A checkpoint behind the stop would be the start of the next replay. */
static JET_ERR remove_checkpoint(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    TRY(checkpoint_path(r->hard != NULL ? r->hard->system_folder : r->config->log.system_folder, r->base, r->extension, &path));
    if (os_exists(r->fs, path))
        TRY(os_remove(r->fs, path));
done:
    mem_free(path);
    return err;
}

static JET_ERR remove_archive(void *context, uint32_t generation, const char *path)
{
    const struct recovery *r = (const struct recovery *)context;
    (void)generation;
    return os_remove(r->fs, path);
}

/* --- the cut --- */

/* Writes the generation as the current log, whole or not at all. */
static JET_ERR install_current(struct recovery *r, const struct log_generation *g)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    char *temporary = NULL, *current = NULL;
    TRY(log_named_path(r->folder, r->base, "tmp", r->extension, &temporary));
    TRY(log_named_path(r->folder, r->base, "", r->extension, &current));
    TRY(os_file_open(r->fs, temporary, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_TRUNCATE | OS_OPEN_LOCK_EXCLUSIVE, &file));
    TRY(os_file_write(file, 0, g->image, (size_t)g->sectors * LOG_SEGMENT_SIZE));
    TRY(os_file_sync(file));
    TRY(os_rename(r->fs, temporary, current));
    TRY(os_dir_sync(r->fs, r->folder));
done:
    os_file_close(file);
    mem_free(temporary);
    mem_free(current);
    return err;
}

/* The stop's generation becomes an archive, so that the cut copy can take the name of the current log, and what is later leaves. */
static JET_ERR clear_the_way(struct recovery *r, const char *aside, uint32_t generation)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL, *archive = NULL;
    bool is_current;
    TRY(recovery_archive_or_current(r, generation, &path, &is_current));
    if (path != NULL && is_current) {
        TRY(log_file_path(r->folder, r->base, generation, r->extension, r->fs, &archive));
        TRY(os_rename(r->fs, path, archive));
    } else {
        TRY(move_named(r, "", r->extension, aside));
    }
    TRY(move_archives(r, aside, generation + 1, UINT32_MAX));
    TRY(sync_folders(r, aside));
done:
    mem_free(path);
    mem_free(archive);
    return err;
}

static JET_ERR cut_files(struct recovery *r, const char *aside, lgpos_t checkpoint)
{
    JET_ERR err = JET_errSuccess;
    struct log_generation g = {.image = NULL};
    uint32_t generation = r->stop_point.generation, last = r->stop_point.last_segment;
    TRY(read_generation(r, generation, &g));
    recovery_cut_generation(r, &g);
    if (g.scan.error < 0)
        RAISE(g.scan.error); /* damage before the stop */
    TRY(clear_the_way(r, aside, generation));
    TRY(install_current(r, &g));
    TRY(move_archives(r, aside, generation, generation));
    if (lgpos_generation(checkpoint) > generation || (lgpos_generation(checkpoint) == generation && lgpos_segment(checkpoint) > last))
        TRY(remove_checkpoint(r));
    TRY(sync_folders(r, aside));
done:
    log_generation_release(&g);
    return err;
}

static JET_ERR learn_signature(struct recovery *r, uint32_t generation)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    struct log_header header;
    bool is_current;
    TRY(recovery_archive_or_current(r, generation, &path, &is_current));
    if (path == NULL)
        RAISE(JET_errMissingLogFile);
    TRY(log_header_read(r->fs, path, &header));
    r->log_signature = header.log_signature;
done:
    mem_free(path);
    return err;
}

JET_ERR recovery_cut_history(struct recovery *r, uint32_t lowest, const struct checkpoint *checkpoint)
{
    JET_ERR err = JET_errSuccess;
    char *cutting = NULL, *cut = NULL;
    uint32_t first = checkpoint != NULL ? lgpos_generation(checkpoint->lgpos_checkpoint) : lowest;
    TRY(learn_signature(r, lowest));
    TRY(aside_path(r, "cut", &cut));
    if (os_exists(r->fs, cut))
        goto done;
    err = recovery_locate_stop(r, first);
    if (err == JET_errEndingRestoreLogTooLow && lowest < first) { /* files that are older than the checkpoint, or none, may still be brought there */
        first = lowest;
        err = recovery_locate_stop(r, first);
    }
    TRY(err);
    if (first < (checkpoint != NULL ? lgpos_generation(checkpoint->lgpos_checkpoint) : 0))
        TRY(judge_databases(r, first, NULL));
    else
        TRY(judge_databases(r, first, checkpoint));
    TRY(aside_path(r, "cutting", &cutting));
    TRY(os_dir_create(r->fs, cutting));
    TRY(cut_files(r, cutting, checkpoint != NULL ? checkpoint->lgpos_checkpoint : 0));
    TRY(os_rename(r->fs, cutting, cut));
    TRY(os_dir_sync(r->fs, r->folder));
    TRY(log_list(r->fs, r->folder, r->base, r->config->log.is_legacy_names, &r->listing));
done:
    mem_free(cutting);
    mem_free(cut);
    return err;
}

JET_ERR recovery_set_logs_aside(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    char *aside = NULL;
    if (!r->listing.has_current && r->listing.archive_count == 0)
        goto done;
    TRY(replaced_path(r, &aside));
    TRY(os_dir_create(r->fs, aside));
    TRY(move_archives(r, aside, 0, UINT32_MAX));
    TRY(move_named(r, "", r->extension, aside));
    TRY(sync_folders(r, aside));
    r->listing = (struct log_listing){.extension = r->extension};
done:
    mem_free(aside);
    return err;
}

/* --- the new stream --- */

/* The cut has made an archive of the current log: in the folder of the old logs it gets its name back. */
static JET_ERR name_current(struct recovery *r, const char *folder, uint32_t newest)
{
    JET_ERR err = JET_errSuccess;
    char *current = NULL, *archive = NULL;
    TRY(log_named_path(folder, r->base, "", r->extension, &current));
    TRY(log_file_path(folder, r->base, newest, r->extension, r->fs, &archive));
    if (!os_exists(r->fs, current) && os_exists(r->fs, archive))
        TRY(os_rename(r->fs, archive, current));
done:
    mem_free(current);
    mem_free(archive);
    return err;
}

/* Soft recovery: of the files in the folder the archives before the stop are the user's; what is left is the cut copy and our own end of it. */
static JET_ERR keep_old_archives(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    char *cut = NULL, *replaced = NULL, **names = NULL;
    size_t count = 0;
    uint32_t oldest_replaced = UINT32_MAX, newest_replaced = 0;
    TRY(aside_path(r, "cut", &cut));
    if (!os_exists(r->fs, cut))
        goto done;
    TRY(os_dir_list(r->fs, cut, &names, &count));
    for (size_t i = 0; i < count; i++) {
        uint32_t generation = log_name_generation(names[i], r->base, r->extension);
        if (generation != 0 && generation < oldest_replaced)
            oldest_replaced = generation;
        if (generation > newest_replaced)
            newest_replaced = generation;
    }
    if (oldest_replaced > 1)
        TRY(move_archives(r, cut, 0, oldest_replaced - 1));
    TRY(name_current(r, cut, newest_replaced));
    TRY(replaced_path(r, &replaced));
    TRY(os_rename(r->fs, cut, replaced));
    TRY(sync_folders(r, replaced));
done:
    os_dir_list_free(names, count);
    mem_free(cut);
    mem_free(replaced);
    return err;
}

JET_ERR recovery_begin_new_stream(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    struct log_config config = r->config->log;
    char *current = NULL;
    config.file_kib = log_file_size_kib(r->log);
    config.is_legacy_names = strcmp(r->extension, ".log") == 0;
    log_close(r->log);
    r->log = NULL;
    if (r->hard == NULL)
        TRY(keep_old_archives(r));
    TRY(log_visit_archives(r->fs, r->folder, r->base, r->extension, remove_archive, r));
    TRY(log_named_path(r->folder, r->base, "", r->extension, &current));
    TRY(os_remove(r->fs, current)); /* last: until then the clean end of the old stream is to be seen */
    TRY(remove_checkpoint(r));
    TRY(log_create(&config, NULL, &r->log));
    r->result->is_new_stream = true;
done:
    mem_free(current);
    return err;
}
