/* Restore of an external backup (restore.h).
 *
 * First everything that can be wrong with the set is looked at: each generation's header and the chain between them, the logs already in the
 * working folder, each database's header and trailer. Only then is the trailer merged into the header (from here on the copy is a
 * dirty database whose required range is the set's), and the logs are replayed. */
#include "backup/restore.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "database/database.h"
#include "format/log_header.h"
#include "format/patch_header.h"
#include "log/log.h"
#include "os/path.h"
#include "recovery/recovery.h"

enum { EVENT_RESTORE_BEGINS = 204, EVENT_RESTORE_ENDS = 205, EVENT_PATCH_MISMATCH = 430, EVENT_START_TOO_HIGH = 431, EVENT_END_TOO_LOW = 432,
       EVENT_NOT_CONTIGUOUS = 434, EVENT_BAD_SIGNATURE = 433, EVENT_RESTORE_FAILED = 454, EVENT_EXISTING_SIGNATURE = 457,
       EVENT_EXISTING_SEQUENCE = 458 };

struct restore {
    const struct restore_config *config;
    const char *extension;      /* of the set's logs */
    struct log_header last;     /* header of the set's last generation */
    bool has_last;
    uint32_t page_size;
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
    for (uint64_t g = c->gen_low; g <= c->gen_high; g++)
        TRY(check_generation(r, (uint32_t)g));
    r->page_size = r->last.page_size;
done:
    return err;
}

/* Logs already in the working folder continue the set or have nothing to do here (15.1, step 3). */
static JET_ERR check_existing_log(struct restore *r, const char *path)
{
    struct log_header header;
    JET_ERR err = log_header_read(r->config->fs, path, &header);
    if (err < 0)
        return err;
    if (!signature_equal(&header.log_signature, &r->last.log_signature)) {
        report(r, EVENT_EXISTING_SIGNATURE, EVENT_WARNING, path, NULL);
        err = JET_errExistingLogFileHasBadSignature;
    } else if (header.generation == r->last.generation + 1 && !log_time_equal(header.previous_created, r->last.created)) {
        report(r, EVENT_EXISTING_SEQUENCE, EVENT_WARNING, path, NULL);
        err = JET_errExistingLogFileIsNotContiguous;
    }
    log_header_release(&header);
    return err;
}

static JET_ERR check_existing_logs(struct restore *r)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL, *path = NULL;
    size_t count = 0;
    if (strcmp(r->config->log_folder, r->config->backup_folder) == 0 || !os_exists(r->config->fs, r->config->log_folder))
        return JET_errSuccess;
    TRY(os_dir_list(r->config->fs, r->config->log_folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]);
        bool is_current = length == 7 && strcmp(names[i] + 3, r->extension) == 0;
        if (strncmp(names[i], r->config->base_name, 3) != 0 || (!is_current && log_name_generation(names[i], r->config->base_name, r->extension) == 0))
            continue;
        TRY(path_join(r->config->log_folder, names[i], &path));
        TRY(check_existing_log(r, path));
        mem_free(path);
        path = NULL;
    }
done:
    mem_free(path);
    os_dir_list_free(names, count);
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
    if (trailer->backup.gen_high > r->config->gen_high) {
        report(r, EVENT_END_TOO_LOW, EVENT_ERROR, number, NULL);
        return JET_errEndingRestoreLogTooLow;
    }
    return JET_errSuccess;
}

/* Puts what the trailer says into the header pair and blanks the trailer page, so that it reads as free space. The trailer goes last: until then
 * a crash leaves a copy that can be merged again. */
static JET_ERR merge_trailer(struct restore *r, struct os_file *file, struct db_header *h, uint8_t *page, uint64_t trailer_offset)
{
    JET_ERR err = JET_errSuccess;
    static const struct log_time NOT_SET;
    h->backup_full_current.gen_high = r->config->gen_high;
    h->gen_max_required = h->gen_max_committed = r->config->gen_high;
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
    TRY(os_file_open(r->config->fs, path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, &file));
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
        TRY(merge_trailer(r, file, &header, header_page, info.size - page_size));
done:
    os_file_close(file);
    mem_free(header_page);
    mem_free(page);
    return err;
}

static JET_ERR prepare_databases(struct restore *r)
{
    JET_ERR err = JET_errSuccess;
    for (int merge = 0; merge <= 1; merge++) /* nothing is changed unless every copy is good */
        for (size_t i = 0; i < r->config->map_count; i++)
            TRY(prepare_database(r, r->config->map[i].new_path, merge == 1));
done:
    return err;
}

/* --- replay --- */

static JET_ERR replay(struct restore *r)
{
    JET_ERR err = JET_errSuccess;
    const struct restore_config *c = r->config;
    struct recovery_map_entry map[RESTORE_MAP_MAX];
    for (size_t i = 0; i < c->map_count; i++)
        map[i] = (struct recovery_map_entry){.old_path = c->map[i].old_path, .new_path = c->map[i].new_path};
    struct recovery_hard_config hard = {
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
        .progress = c->progress,
        .progress_context = c->progress_context,
    };
    TRY(recovery_run_hard(&hard)); /* also cuts what no tree owns: the blanked trailer page */
done:
    return err;
}

JET_ERR restore_external(const struct restore_config *config)
{
    JET_ERR err = JET_errSuccess;
    char number[16];
    struct restore r = {.config = config};
    if (config->map_count > RESTORE_MAP_MAX)
        RAISE(JET_errInvalidParameter);
    TRY(check_logs(&r));
    TRY(check_existing_logs(&r));
    TRY(prepare_databases(&r));
    TRY(os_dir_create(config->fs, config->log_folder));
    TRY(os_dir_create(config->fs, config->checkpoint_folder));
    report(&r, EVENT_RESTORE_BEGINS, EVENT_INFORMATION, config->backup_folder, config->log_folder);
    err = replay(&r);
    report(&r, EVENT_RESTORE_ENDS, EVENT_INFORMATION, "", NULL);
done:
    if (err < 0) {
        snprintf(number, sizeof number, "%d", (int)err);
        report(&r, EVENT_RESTORE_FAILED, EVENT_ERROR, number, NULL);
    }
    if (r.has_last)
        log_header_release(&r.last);
    return err;
}
