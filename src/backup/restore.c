/* Restore of an external backup (restore.h).
 *
 * First everything that can be wrong with the set is looked at: each generation's header and the chain between them, the logs already in the
 * working folder, each database's header and trailer. Only then is the trailer merged into the header (from here on the copy is a
 * dirty database whose required range is the set's), and the logs are replayed. */
#include "backup/restore.h"

#include <stdio.h>
#include <string.h>

#include "backup/restore_existing.h"
#include "base/memory.h"
#include "database/database.h"
#include "format/log_header.h"
#include "format/patch_header.h"
#include "log/log.h"
#include "os/path.h"
#include "recovery/recovery.h"

enum { EVENT_RESTORE_BEGINS = 204, EVENT_RESTORE_ENDS = 205, EVENT_PATCH_MISMATCH = 430, EVENT_START_TOO_HIGH = 431, EVENT_END_TOO_LOW = 432,
       EVENT_NOT_CONTIGUOUS = 434, EVENT_BAD_SIGNATURE = 433, EVENT_RESTORE_FAILED = 454, EVENT_ENTRY_UNUSABLE = 553 };

struct restore {
    const struct restore_config *config;
    const char *extension;      /* of the set's logs */
    struct log_header last;     /* header of the set's last generation */
    bool has_last;
    struct log_link *links;     /* of the set's generations so far */
    size_t link_count;
    uint32_t page_size;
    bool has_stop;
    struct recovery_stop_point stop; /* where it lies */
};

static void report(const struct restore *r, uint32_t id, enum event_level level, const char *a, const char *b)
{
    const char *parameters[] = {a, b};
    event_report(r->config->events, id, level, EVENT_LOGGING_RECOVERY, parameters, b != NULL ? 2 : 1);
}

/* --- the set's logs --- */

static JET_ERR find_extension(struct restore *r)
{
    static const char *const EXTENSIONS[] = {".log", ".jtx"};
    for (size_t i = 0; i < 2; i++) {
        char *path = NULL;
        JET_ERR err = log_file_path(r->config->backup_folder, r->config->base_name, r->config->gen_low, EXTENSIONS[i], r->config->fs, &path);
        bool is_there = err >= 0 && os_exists(r->config->fs, path);
        mem_free(path);
        if (err < 0)
            return err;
        if (is_there) {
            r->extension = EXTENSIONS[i];
            return JET_errSuccess;
        }
    }
    return JET_errFileNotFound;
}

/* The header must follow that of the generation before: same stream, creation stamps linked. */
static JET_ERR check_follows(struct restore *r, const struct log_header *h, uint32_t generation, const char *path)
{
    if (h->generation != generation)
        return JET_errLogGenerationMismatch;
    if (!r->has_last)
        return JET_errSuccess;
    if (!signature_equal(&h->log_signature, &r->last.log_signature)) {
        report(r, EVENT_BAD_SIGNATURE, EVENT_ERROR, path, NULL);
        return JET_errBadLogSignature;
    }
    if (!log_time_equal(h->previous_created, r->last.created)) {
        report(r, EVENT_NOT_CONTIGUOUS, EVENT_ERROR, path, NULL);
        return JET_errGivenLogFileIsNotContiguous;
    }
    return JET_errSuccess;
}

static JET_ERR check_generation(struct restore *r, uint32_t generation)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    struct log_header header;
    bool has_header = false;
    TRY(log_file_path(r->config->backup_folder, r->config->base_name, generation, r->extension, r->config->fs, &path));
    TRY(log_header_read(r->config->fs, path, &header));
    has_header = true;
    TRY(check_follows(r, &header, generation, path));
    if (r->has_last)
        log_header_release(&r->last);
    r->last = header;
    r->has_last = true;
    r->links[r->link_count++] = (struct log_link){header.generation, header.created, header.previous_created};
    has_header = false;
done:
    if (has_header)
        log_header_release(&header);
    mem_free(path);
    return err;
}

static JET_ERR check_logs(struct restore *r)
{
    JET_ERR err = JET_errSuccess;
    const struct restore_config *c = r->config;
    if (c->gen_low == 0 && c->gen_high == 0)
        RAISE(JET_errInvalidPath);
    if (c->gen_low > c->gen_high)
        RAISE(JET_errInternalError);
    TRY(find_extension(r));
    /* All must be there before any is judged: a missing one is the more useful word. */
    for (uint64_t g = c->gen_low; g <= c->gen_high; g++) {
        char *path = NULL;
        TRY(log_file_path(c->backup_folder, c->base_name, (uint32_t)g, r->extension, c->fs, &path));
        bool is_there = os_exists(c->fs, path);
        mem_free(path);
        if (!is_there)
            RAISE(JET_errFileNotFound);
    }
    r->links = (struct log_link *)mem_alloc_array((size_t)(c->gen_high - c->gen_low) + 1, sizeof *r->links);
    if (r->links == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint64_t g = c->gen_low; g <= c->gen_high; g++)
        TRY(check_generation(r, (uint32_t)g));
    r->page_size = r->last.page_size;
    if (c->page_size != 0 && c->page_size != r->page_size)
        RAISE(JET_errPageSizeMismatch);
done:
    return err;
}

/* The current log of the working folder is older than the set's end, and its generation is not in its place: the replay cannot go past it. */
static JET_ERR delete_stray_current(struct restore *r)
{
    JET_ERR err = JET_errSuccess;
    const struct restore_config *c = r->config;
    char *path = NULL;
    struct log_header header;
    bool has_header = false;
    TRY(log_named_path(c->log_folder, c->base_name, "", r->extension, &path));
    if (!os_exists(c->fs, path))
        goto done;
    TRY(log_header_read(c->fs, path, &header));
    has_header = true;
    if (header.generation <= c->gen_high)
        TRY(os_remove(c->fs, path));
done:
    if (has_header)
        log_header_release(&header);
    mem_free(path);
    return err;
}

static JET_ERR check_existing_logs(struct restore *r)
{
    JET_ERR err = JET_errSuccess;
    const struct restore_chain chain = {r->config, r->extension, r->last.log_signature, r->links, r->link_count};
    if (r->config->deletes_out_of_range)
        TRY(delete_stray_current(r));
    TRY(restore_check_existing(&chain));
done:
    return err;
}

/* --- the set's databases --- */

static JET_ERR check_range(struct restore *r, const struct db_header *h, const struct patch_header *trailer)
{
    char number[16];
    snprintf(number, sizeof number, "%u", h->backup_full_current.gen_low);
    if (h->backup_full_current.gen_low < r->config->gen_low) {
        report(r, EVENT_START_TOO_HIGH, EVENT_ERROR, number, NULL);
        return JET_errStartingRestoreLogTooHigh;
    }
    bool is_before_end = r->has_stop && (trailer->backup.gen_high > r->stop.generation ||
                                         (trailer->backup.gen_high == r->stop.generation && r->stop.last_segment != UINT32_MAX));
    if (trailer->backup.gen_high > r->config->gen_high || is_before_end) {
        snprintf(number, sizeof number, "%u", trailer->backup.gen_high);
        report(r, EVENT_END_TOO_LOW, EVENT_ERROR, number, NULL);
        return JET_errEndingRestoreLogTooLow;
    }
    return JET_errSuccess;
}

/* Puts what the trailer says into the header pair and blanks the trailer page, so that it reads as free space. The trailer goes last: until then
 * a crash leaves a copy that can be merged again. */
static JET_ERR merge_trailer(struct restore *r, struct os_file *file, struct db_header *h, const struct patch_header *trailer, uint8_t *page, uint64_t trailer_offset)
{
    JET_ERR err = JET_errSuccess;
    static const struct log_time NOT_SET;
    h->backup_full_current.gen_high = r->config->gen_high;
    /* Up to a stop only what the copy itself needs is required. */
    h->gen_max_required = h->gen_max_committed = r->has_stop ? trailer->backup.gen_high : r->config->gen_high;
    h->logtime_gen_max_created = h->logtime_gen_max_required = NOT_SET;
    db_header_encode(h, page, r->page_size);
    TRY(os_file_write(file, 0, page, r->page_size));
    TRY(os_file_sync(file));
    TRY(os_file_write(file, r->page_size, page, r->page_size));
    TRY(os_file_sync(file));
    memset(page, 0, r->page_size);
    TRY(os_file_write(file, trailer_offset, page, r->page_size));
    TRY(os_file_sync(file));
done:
    return err;
}

/* Checks one copy; with do_merge also makes it a dirty database that needs the set's generations. */
static JET_ERR prepare_database(struct restore *r, const char *path, bool do_merge)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    struct os_file_info info;
    struct db_header header;
    struct patch_header trailer;
    uint8_t *header_page = NULL, *page = NULL;
    uint32_t page_size;
    bool used_shadow;

    err = database_read_header(r->config->fs, path, &header, &page_size, &used_shadow, &header_page);
    if (err == JET_errReadVerifyFailure || err == JET_errFileIOBeyondEOF)
        RAISE(JET_errDatabaseCorrupted);
    TRY(err);
    if (header.backup_full_current.gen_low == 0)
        RAISE(JET_errRestoreOfNonBackupDatabase);
    if (page_size != r->page_size)
        RAISE(JET_errPageSizeMismatch);
    if (header.backup_full_current.gen_high != 0)
        goto done; /* merged before: the replay was interrupted */
    page = (uint8_t *)mem_alloc(page_size);
    if (page == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(r->config->fs, path, do_merge ? OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE : OS_OPEN_READ, &file));
    TRY(os_file_info(file, &info));
    if (info.size < 3ull * page_size || info.size % page_size != 0)
        RAISE(JET_errBadPatchPage);
    TRY(os_file_read(file, info.size - page_size, page, page_size));
    if (patch_header_decode(page, page_size, &trailer) < 0)
        RAISE(JET_errBadPatchPage);
    err = patch_header_check(&trailer, &header);
    if (err < 0) {
        report(r, EVENT_PATCH_MISMATCH, EVENT_ERROR, path, NULL);
        goto done;
    }
    TRY(check_range(r, &header, &trailer));
    if (do_merge)
        TRY(merge_trailer(r, file, &header, &trailer, header_page, info.size - page_size));
done:
    os_file_close(file);
    mem_free(header_page);
    mem_free(page);
    return err;
}

static JET_ERR prepare_entry(struct restore *r, const char *path, bool do_merge)
{
    JET_ERR err = prepare_database(r, path, do_merge);
    char number[16];
    if (err < 0) {
        snprintf(number, sizeof number, "%d", (int)err);
        report(r, EVENT_ENTRY_UNUSABLE, EVENT_ERROR, path, number);
    }
    return err;
}

static JET_ERR prepare_databases(struct restore *r)
{
    JET_ERR err = JET_errSuccess;
    for (size_t i = 0; i < r->config->copy_count; i++)
        TRY(prepare_entry(r, r->config->copies[i], false));
    for (int merge = 0; merge <= 1; merge++) /* nothing is changed unless every copy is good */
        for (size_t i = 0; i < r->config->map_count; i++)
            TRY(prepare_entry(r, r->config->map[i].new_path, merge == 1));
done:
    return err;
}

/* --- replay --- */

/* A database that the map does not name: its copy is put in place now, and becomes what those of the map are already. */
static JET_ERR locate(void *context, const char *logged_path, char **path)
{
    struct restore *r = (struct restore *)context;
    JET_ERR err = r->config->fetch(r->config->fetch_context, logged_path, path);
    if (err >= 0 && *path != NULL)
        err = prepare_entry(r, *path, true);
    return err;
}

/* Begin and completion are told once each, from here. */
static JET_ERR tell_progress(void *context, uint32_t percent)
{
    const struct restore_config *c = ((const struct restore *)context)->config;
    if (c->progress == NULL || percent == 0 || percent >= 100)
        return JET_errSuccess;
    return c->progress(c->progress_context, percent);
}

static void fill_hard(struct restore *r, struct recovery_map_entry *map, struct recovery_hard_config *hard)
{
    const struct restore_config *c = r->config;
    for (size_t i = 0; i < c->map_count; i++)
        map[i] = (struct recovery_map_entry){.old_path = c->map[i].old_path, .new_path = c->map[i].new_path};
    *hard = (struct recovery_hard_config){
        .fs = c->fs,
        .backup_folder = c->backup_folder,
        .log_folder = c->log_folder,
        .system_folder = c->checkpoint_folder,
        .base_name = c->base_name,
        .extension = r->extension,
        .gen_low = c->gen_low,
        .gen_high = c->gen_high,
        .page_size = r->page_size,
        .cache_bytes = c->cache_bytes,
        .map = map,
        .map_count = c->map_count,
        .events = c->events,
        .target_folder = c->target_folder,
        .target_gen_high = c->target_gen_high,
        .locate = c->fetch != NULL ? locate : NULL,
        .locate_context = r,
        .progress = tell_progress,
        .progress_context = r,
        .stop = c->stop,
    };
}

/* Before anything is changed: is the stop in the logs at all? */
static JET_ERR find_stop(struct restore *r, const struct recovery_hard_config *hard)
{
    r->has_stop = hard->stop.generation != 0 || hard->stop.time != 0;
    return r->has_stop ? recovery_find_stop(hard, &r->stop) : JET_errSuccess;
}

static JET_ERR replay(const struct restore_config *c, const struct recovery_hard_config *hard, struct recovery_reached *reached)
{
    JET_ERR err = JET_errSuccess;
    if (c->progress != NULL)
        TRY(c->progress(c->progress_context, 0));
    TRY(recovery_run_hard(hard, reached)); /* also cuts what no tree owns: the blanked trailer page */
    if (c->progress != NULL)
        TRY(c->progress(c->progress_context, 100));
done:
    return err;
}

static bool is_log_damage(JET_ERR err)
{
    return err == JET_errLogCorruptDuringHardRestore || err == JET_errLogTornWriteDuringHardRestore || err == JET_errLogCorruptDuringHardRecovery ||
           err == JET_errLogTornWriteDuringHardRecovery;
}

/* Damage to a log has an event of its own. */
static void report_end(const struct restore *r, JET_ERR err)
{
    char number[16];
    if (err < 0 && !is_log_damage(err)) {
        snprintf(number, sizeof number, "%d", (int)err);
        report(r, EVENT_RESTORE_FAILED, EVENT_ERROR, number, NULL);
    }
    event_report(r->config->events, EVENT_RESTORE_ENDS, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, NULL, 0);
}

JET_ERR restore_external(const struct restore_config *config, struct recovery_reached *reached)
{
    JET_ERR err = JET_errSuccess;
    struct restore r = {.config = config};
    struct recovery_map_entry map[RESTORE_MAP_MAX];
    struct recovery_hard_config hard;
    if (config->map_count > RESTORE_MAP_MAX)
        RAISE(JET_errInvalidParameter);
    TRY(check_logs(&r));
    TRY(check_existing_logs(&r));
    fill_hard(&r, map, &hard);
    TRY(find_stop(&r, &hard));
    TRY(prepare_databases(&r));
    TRY(os_dir_create(config->fs, config->log_folder));
    TRY(os_dir_create(config->fs, config->checkpoint_folder));
    report(&r, EVENT_RESTORE_BEGINS, EVENT_INFORMATION, config->backup_folder, config->log_folder);
    err = replay(config, &hard, reached);
done:
    report_end(&r, err);
    if (r.has_last)
        log_header_release(&r.last);
    mem_free(r.links);
    return err;
}
