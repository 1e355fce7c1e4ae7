/* The log: construction, run and attachment records, checkpoint, facts. */
#include "log/log.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"
#include "log/internal.h"
#include "os/clock.h"
#include "os/path.h"

enum { CREATE_FINISH_SIZE = 4, BUFFER_MIN = 16, BUFFER_MAX = 4096, RECORD_PATH_UTF16 = 8, RECORD_DETACH_PATH_UTF16 = 0x10, PROCID_NONE = 0xFFFF, CREATE_PROCID = 1 /* the original waits for ever to replay a creation that no session made */ };

/* --- construction --- */

static JET_ERR allocate(const struct log_config *config, const char *extension, uint32_t sectors, struct log **out)
{
    JET_ERR err = JET_errSuccess;
    struct log *log = (struct log *)mem_alloc(sizeof *log);
    *out = NULL;
    if (log == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(mutex_init(&log->lock, RANK_LOG));
    TRY(mutex_init(&log->checkpoint_lock, RANK_CHECKPOINT));
    TRY(condition_init(&log->changed));
    TRY(condition_init(&log->half_full));
    TRY(condition_init(&log->checkpoint_thawed));
    log->config = *config;
    log->log_folder = mem_strdup(config->log_folder);
    log->system_folder = mem_strdup(config->system_folder);
    snprintf(log->base, sizeof log->base, "%.3s", config->base_name);
    log->config.log_folder = log->log_folder;
    log->config.system_folder = log->system_folder;
    log->config.base_name = log->base;
    log->extension = extension;
    log->sectors = sectors;
    log->wanted_version = config->version.major != 0 ? config->version : LOG_VERSION_NEW_STREAM;
    log->capacity = config->buffer_segments < BUFFER_MIN ? BUFFER_MIN : config->buffer_segments;
    if (log->capacity > sectors)
        log->capacity = sectors;
    if (log->capacity > BUFFER_MAX)
        log->capacity = BUFFER_MAX;
    log->buffer = (uint8_t *)mem_alloc_aligned(LOG_SEGMENT_SIZE, (size_t)(log->capacity + 1) * LOG_SEGMENT_SIZE);
    log->io = (uint8_t *)mem_alloc_aligned(LOG_SEGMENT_SIZE, (size_t)(log->capacity + 1) * LOG_SEGMENT_SIZE);
    if (log->log_folder == NULL || log->system_folder == NULL || log->buffer == NULL || log->io == NULL)
        RAISE(JET_errOutOfMemory);
    *out = log;
    log = NULL;
done:
    log_close(log);
    return err;
}

void log_close(struct log *log)
{
    if (log == NULL)
        return;
    log_writer_stop(log);
    log_emit_end(log);
    os_file_close(log->file);
    for (uint32_t i = 0; i < log->attached_count; i++)
        mem_free(log->attached[i].path);
    mem_free(log->buffer);
    mem_free(log->io);
    mem_free(log->log_folder);
    mem_free(log->system_folder);
    mutex_destroy(&log->lock);
    mutex_destroy(&log->checkpoint_lock);
    condition_destroy(&log->changed);
    condition_destroy(&log->half_full);
    condition_destroy(&log->checkpoint_thawed);
    mem_free(log);
}

static JET_ERR write_checkpoint_file(struct log *log)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    TRY(checkpoint_path(log->system_folder, log->base, log->extension, &path));
    TRY(checkpoint_file_write(log->config.fs, path, &log->checkpoint));
    atomic_store(&log->checkpoint_on_disk, log->checkpoint.lgpos_checkpoint);
done:
    mem_free(path);
    return err;
}

/* What the checkpoint file says is kept, so that it never moves backwards; a foreign or bad one counts as none. */
static void adopt_checkpoint(struct log *log)
{
    char *path = NULL;
    struct checkpoint *found = (struct checkpoint *)mem_alloc(sizeof *found);
    if (found != NULL && checkpoint_path(log->system_folder, log->base, log->extension, &path) >= 0 && checkpoint_file_read(log->config.fs, path, found) >= 0 &&
        signature_equal(&found->log_signature, &log->header.log_signature))
        log->checkpoint = *found;
    atomic_store(&log->checkpoint_on_disk, log->checkpoint.lgpos_checkpoint);
    mem_free(found);
    mem_free(path);
    log->checkpoint.log_signature = log->header.log_signature;
    log_fill_parameters(log, &log->checkpoint.parameters);
}

static void fill_first_header(struct log *log, const struct log_generation *previous, struct log_header *header)
{
    memset(header, 0, sizeof *header);
    header->sector_size = LOG_SEGMENT_SIZE;
    header->header_sectors = 1;
    header->file_sectors = (uint16_t)log->sectors;
    header->page_size = log->config.page_size;
    header->created = log_now();
    header->version = log->wanted_version;
    header->file_type = FILE_TYPE_LOG;
    header->writer_mark = LOG_HEADER_MARK;
    header->flags = log->config.is_circular ? LOG_FLAG_CIRCULAR | LOG_FLAG_CIRCULAR_HISTORY : 0;
    if (previous == NULL) {
        header->generation = 1;
        header->log_signature = signature_make(random_u32(), header->created);
        header->checkpoint = lgpos_make(1, 1, 0);
    } else {
        header->generation = previous->header.generation + 1;
        header->log_signature = previous->header.log_signature;
        header->previous_created = previous->header.created;
        header->checksum_previous = previous->scan.checksum_all;
        header->flags = (uint8_t)(header->flags | (previous->header.flags & LOG_FLAG_CIRCULAR_HISTORY));
        if (log_version_compare(previous->header.version, header->version) > 0)
            header->version = previous->header.version;
    }
    log_fill_parameters(log, &header->parameters);
}

static JET_ERR check_no_current(struct log *log)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    TRY(log_named_path(log->log_folder, log->base, "", log->extension, &path));
    if (os_exists(log->config.fs, path))
        RAISE(JET_errFileAlreadyExists);
done:
    mem_free(path);
    return err;
}

JET_ERR log_create(const struct log_config *config, const struct log_generation *previous, struct log **out)
{
    JET_ERR err = JET_errSuccess;
    struct log *log = NULL;
    struct log_header *header = (struct log_header *)mem_alloc(sizeof *header);
    uint64_t sectors = previous != NULL ? previous->header.file_sectors : (uint64_t)config->file_kib * 1024 / LOG_SEGMENT_SIZE;
    *out = NULL;
    if (header == NULL)
        RAISE(JET_errOutOfMemory);
    if (sectors < LOG_SECTORS_MIN || sectors > UINT16_MAX)
        RAISE(JET_errInvalidParameter);
    if (previous != NULL && previous->header.generation >= LOG_GENERATION_MAX)
        RAISE(JET_errLogSequenceEnd);
    TRY(allocate(config, config->is_legacy_names ? ".log" : ".jtx", (uint32_t)sectors, &log));
    TRY(check_no_current(log));
    fill_first_header(log, previous, header);
    TRY(log_make_first_file(log, header));
    log->announced_generation = log->header.generation;
    log->stream_signature = log->header.log_signature;
    log_prepare_reserves(log);
    if (previous == NULL) {
        log->checkpoint.log_signature = log->header.log_signature;
        log_fill_parameters(log, &log->checkpoint.parameters);
        log->checkpoint.lgpos_checkpoint = log->checkpoint.lgpos_consistency = lgpos_make(1, 1, 0);
        TRY(write_checkpoint_file(log));
    } else {
        adopt_checkpoint(log);
    }
    log_emit_begin(log, NULL, 0);
    TRY(log_writer_start(log));
    *out = log;
    log = NULL;
done:
    log_close(log);
    mem_free(header);
    return err;
}

/* Makes blank what a flush that was never acknowledged has left, so that it does not stand behind the end of the data: from discard_from to the end of the file, or the
 * damaged sectors of a first write that was cut short. */
static JET_ERR blank_unacknowledged(struct os_file *file, const struct log_generation *g)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *zeros = NULL;
    uint32_t first = g->scan.discard_from != 0 ? g->scan.discard_from : g->scan.error_segment;
    uint32_t count = g->scan.discard_from != 0 ? g->sectors - first : 2;
    if (g->scan.discard_from == 0 && g->scan.error >= 0)
        return JET_errSuccess;
    zeros = (uint8_t *)mem_alloc((size_t)count * LOG_SEGMENT_SIZE);
    if (zeros == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_write(file, (uint64_t)first * LOG_SEGMENT_SIZE, zeros, (size_t)count * LOG_SEGMENT_SIZE));
    TRY(os_file_sync(file));
done:
    mem_free(zeros);
    return err;
}

/* Where the blank end of a file begins: stale segments of a file used again are never blanked, which a power cut could leave half done. */
static uint32_t blank_from(const struct log_generation *g)
{
    uint32_t first = g->sectors;
    while (first > 1 && is_all_zero(g->image + (size_t)(first - 1) * LOG_SEGMENT_SIZE, LOG_SEGMENT_SIZE))
        first--;
    return first;
}

static void continue_generation(struct log *log, const struct log_generation *g)
{
    log->header = g->header;
    log_start_generation(log);
    log->written_until = blank_from(g);
    log->segment = log->first_segment = g->scan.last_segment + 1;
    log->checksum_all = g->scan.checksum_all;
    log_segment_begin(log->buffer, lgpos_make(log->header.generation, log->segment, 0), LOG_TIME_AT_FLUSH);
    atomic_store(&log->durable, log_next_position(log));
    log->must_roll = log_version_compare(log->wanted_version, log->header.version) > 0 &&
                     log->wanted_version.update_minor >= log->header.version.update_minor;
    if (!log->must_roll)
        log->wanted_version = log->header.version;
}

JET_ERR log_continue(const struct log_config *config, struct log **out)
{
    JET_ERR err = JET_errSuccess;
    struct log *log = NULL;
    struct log_listing listing;
    struct log_generation generation = {.image = NULL};
    struct os_file *file = NULL;
    char *path = NULL;
    *out = NULL;
    TRY(log_list(config->fs, config->log_folder, config->base_name, config->is_legacy_names, &listing));
    if (!listing.has_current && listing.archive_count == 0)
        RAISE(JET_errFileNotFound);
    if (listing.has_current)
        TRY(log_named_path(config->log_folder, config->base_name, "", listing.extension, &path));
    else
        TRY(log_file_path(config->log_folder, config->base_name, listing.last, listing.extension, config->fs, &path));
    TRY(os_file_open(config->fs, path, OS_OPEN_WRITE | OS_OPEN_LOCK_EXCLUSIVE, &file)); /* before anything is read: nobody else may write */
    TRY(log_generation_read(config->fs, path, &generation));
    if (generation.scan.error < 0 && !generation.scan.is_torn_tail)
        RAISE(generation.scan.error);
    if (generation.header.page_size != config->page_size)
        RAISE(JET_errPageSizeMismatch);
    TRY(log_generation_restore(config->fs, path, &generation));
    TRY(allocate(config, listing.extension, generation.sectors, &log));
    if (listing.has_current) {
        TRY(blank_unacknowledged(file, &generation));
        log->file = file;
        file = NULL;
        continue_generation(log, &generation);
    } else {
        struct log_header *header = (struct log_header *)mem_alloc(sizeof *header);
        if (header == NULL)
            RAISE(JET_errOutOfMemory);
        fill_first_header(log, &generation, header);
        err = log_make_first_file(log, header);
        mem_free(header);
        if (err < 0)
            goto done;
    }
    log->announced_generation = log->header.generation;
    log->stream_signature = log->header.log_signature;
    adopt_checkpoint(log);
    log_prepare_reserves(log);
    log_emit_begin(log, listing.has_current ? generation.image : NULL, generation.scan.last_segment + 1);
    TRY(log_writer_start(log));
    *out = log;
    log = NULL;
done:
    os_file_close(file);
    log_generation_release(&generation);
    log_close(log);
    mem_free(path);
    return err;
}

/* --- attachment list --- */

static struct log_attached *find_attached(struct log *log, uint8_t dbid)
{
    for (uint32_t i = 0; i < log->attached_count; i++)
        if (log->attached[i].info.dbid == dbid)
            return &log->attached[i];
    return NULL;
}

static void forget_attached(struct log *log, uint8_t dbid)
{
    struct log_attached *found = find_attached(log, dbid);
    if (found == NULL)
        return;
    mem_free(found->path);
    *found = log->attached[--log->attached_count];
}

static JET_ERR path_to_utf16le(const char *path, uint8_t **bytes, struct span *out)
{
    JET_ERR err = JET_errSuccess;
    char16_t *units = NULL;
    size_t count = 0;
    TRY(utf8_to_utf16(path, &units, &count));
    if ((count + 1) * 2 > UINT16_MAX)
        RAISE(JET_errInvalidPath);
    *bytes = (uint8_t *)mem_copy(units, (count + 1) * 2); /* units are little-endian in memory as in the file */
    if (*bytes == NULL)
        RAISE(JET_errOutOfMemory);
    *out = span_of(*bytes, (uint32_t)(count + 1) * 2);
done:
    mem_free(units);
    return err;
}

/* Puts the database on the list, which takes the path over; with a record, appends that in the same breath. The path is freed on an error. */
static JET_ERR append_attachment(struct log *log, const struct log_attach *attach, uint8_t *path, struct span path_span, const uint8_t *record, uint32_t size, lgpos_t lgpos_attach, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t at = 0;
    const struct span span = span_of(record, size);
    uint32_t used = 1, others = 0;
    mutex_lock(&log->lock);
    for (uint32_t i = 0; i < log->attached_count; i++) {
        if (log->attached[i].info.dbid == attach->dbid)
            continue; /* its place is taken over */
        used += ATTACH_INFO_FIXED_SIZE + log->attached[i].info.path.size;
        others++;
    }
    if (others == LOG_ATTACHED_MAX || used + ATTACH_INFO_FIXED_SIZE + path_span.size > ATTACH_LIST_SIZE)
        RAISE(JET_errTooManyAttachedDatabases);
    if (record != NULL)
        TRY(log_append_locked(log, &span, 1, &at));
    forget_attached(log, attach->dbid);
    log->attached[log->attached_count++] = (struct log_attached){
        .info = {.dbid = attach->dbid, .flags = ATTACH_INFO_UTF16, .dbtime = attach->dbtime, .objid_last = attach->objid_last,
                 .size_max_pages = attach->size_max_pages, .lgpos_attach = lgpos_attach != 0 ? lgpos_attach : at,
                 .lgpos_consistent = attach->lgpos_consistent, .db_signature = attach->db_signature, .path = path_span},
        .path = path};
    path = NULL;
    if (position != NULL)
        *position = at;
done:
    mutex_unlock(&log->lock);
    mem_free(path);
    log_announce(log);
    return err;
}

JET_ERR log_append_attach(struct log *log, const struct log_attach *attach, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *path = NULL, *record = NULL;
    struct span span;
    TRY(path_to_utf16le(attach->path, &path, &span));
    record = (uint8_t *)mem_alloc(LR_ATTACH_FIXED + span.size);
    if (record == NULL)
        RAISE(JET_errOutOfMemory);
    struct attach_record fields = {.procid = PROCID_NONE, .dbid = attach->dbid, .size_max_pages = attach->size_max_pages, .lgpos_consistent = attach->lgpos_consistent,
                                   .db_signature = attach->db_signature, .log_signature = log->stream_signature, .flags = RECORD_PATH_UTF16, .path = span};
    uint32_t size = log_record_encode_attach(record, &fields);
    err = append_attachment(log, attach, path, span, record, size, 0, position);
    path = NULL;
done:
    mem_free(path);
    mem_free(record);
    return err;
}

JET_ERR log_note_attached(struct log *log, const struct log_attach *attach, lgpos_t lgpos_attach)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *path = NULL;
    struct span span;
    TRY(path_to_utf16le(attach->path, &path, &span));
    err = append_attachment(log, attach, path, span, NULL, 0, lgpos_attach, NULL);
done:
    return err;
}

JET_ERR log_append_reattach(struct log *log, const struct log_attach *attach, lgpos_t lgpos_attach, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *path = NULL, record[LR_REATTACH_SIZE];
    struct span span;
    struct reattach_record fields = {.dbid = attach->dbid, .lgpos_attach = lgpos_attach, .lgpos_consistent = attach->lgpos_consistent, .db_signature = attach->db_signature};
    TRY(path_to_utf16le(attach->path, &path, &span));
    err = append_attachment(log, attach, path, span, record, log_record_encode_reattach(record, &fields), lgpos_attach, position);
done:
    return err;
}

JET_ERR log_append_create(struct log *log, const struct log_attach *attach, JET_GRBIT grbit, uint16_t version, uint16_t update, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *path = NULL, *record = NULL;
    struct span span;
    TRY(path_to_utf16le(attach->path, &path, &span));
    record = (uint8_t *)mem_alloc(LR_CREATE_FIXED + 4 + span.size);
    if (record == NULL)
        RAISE(JET_errOutOfMemory);
    struct create_record fields = {.procid = CREATE_PROCID, .dbid = attach->dbid, .grbit = grbit, .size_max_pages = attach->size_max_pages,
                                   .db_signature = attach->db_signature, .flags = RECORD_PATH_UTF16, .version = version, .update = update, .path = span};
    uint32_t size = log_record_encode_create(record, &fields);
    err = append_attachment(log, attach, path, span, record, size, 0, position);
    path = NULL;
done:
    mem_free(path);
    mem_free(record);
    return err;
}

JET_ERR log_append_create_finish(struct log *log, uint8_t dbid, lgpos_t *position)
{
    uint8_t record[CREATE_FINISH_SIZE];
    return log_append(log, record, log_record_encode_create_finish(record, CREATE_PROCID, dbid), position);
}

JET_ERR log_append_detach(struct log *log, uint8_t dbid, const char *path, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *bytes = NULL, *record = NULL;
    struct span span;
    TRY(path_to_utf16le(path, &bytes, &span));
    record = (uint8_t *)mem_alloc(LR_DETACH_FIXED + span.size);
    if (record == NULL)
        RAISE(JET_errOutOfMemory);
    struct detach_record fields = {.procid = PROCID_NONE, .dbid = dbid, .flags = RECORD_DETACH_PATH_UTF16, .path = span};
    struct span encoded = span_of(record, log_record_encode_detach(record, &fields));
    mutex_lock(&log->lock);
    err = log_append_locked(log, &encoded, 1, position);
    if (err >= 0)
        forget_attached(log, dbid);
    mutex_unlock(&log->lock);
    log_announce(log);
done:
    mem_free(bytes);
    mem_free(record);
    return err;
}

JET_ERR log_append_database_version(struct log *log, uint8_t dbid, uint32_t major, uint32_t update_major, uint32_t update_minor, lgpos_t *position)
{
    uint8_t record[LR_SET_VERSION_SIZE];
    struct version_record fields = {dbid, major, update_major, update_minor};
    if (position != NULL)
        *position = 0;
    if (log_version_compare(log_stream_version(log), LOG_VERSION_SET_DB_VERSION) < 0)
        return JET_errSuccess;
    return log_append(log, record, log_record_encode_set_version(record, &fields), position);
}

JET_ERR log_append_extend(struct log *log, uint8_t dbid, page_no_t last_page, lgpos_t *position)
{
    uint8_t record[LR_EXTEND_SIZE];
    return log_append(log, record, log_record_encode_extend(record, dbid, last_page), position);
}

JET_ERR log_append_backup_record(struct log *log, const struct backup_record *record, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *bytes = (uint8_t *)mem_alloc(LR_BACKUP2_FIXED + record->path.size);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(log_append(log, bytes, log_record_encode_backup2(bytes, record), position));
done:
    mem_free(bytes);
    return err;
}

/* --- runs --- */

JET_ERR log_append_init(struct log *log, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t record[LR_INIT2_SIZE];
    struct dbms_param parameters;
    struct span span;
    log_fill_parameters(log, &parameters);
    span = span_of(record, log_record_encode_init2(record, &parameters, log_now()));
    mutex_lock(&log->lock);
    TRY(log_pad_locked(log)); /* a run begins with a segment */
    TRY(log_append_locked(log, &span, 1, &log->run_position));
    if (position != NULL)
        *position = log->run_position;
done:
    mutex_unlock(&log->lock);
    log_announce(log);
    return err;
}

/* Appends, pads the segment and flushes. */
static JET_ERR append_and_close_segment(struct log *log, struct span record, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&log->lock);
    TRY(log_append_locked(log, &record, 1, position));
    TRY(log_pad_locked(log));
    TRY(log_flush_locked(log, log_next_position(log)));
done:
    mutex_unlock(&log->lock);
    log_announce(log);
    return err;
}

JET_ERR log_append_shutdown(struct log *log, lgpos_t *position)
{
    static const uint8_t RECORD[] = {LR_SHUTDOWN_MARK};
    return append_and_close_segment(log, span_of(RECORD, 1), position);
}

static JET_ERR set_checkpoint(struct log *log, lgpos_t position, lgpos_t consistency, bool with_attachments)
{
    JET_ERR err = JET_errSuccess;
    mutex_lock(&log->checkpoint_lock);
    while (log->is_checkpoint_frozen)
        condition_wait(&log->checkpoint_thawed, &log->checkpoint_lock);
    lgpos_t before = log->checkpoint.lgpos_checkpoint, consistency_before = log->checkpoint.lgpos_consistency;
    if (lgpos_normalize(position) >= lgpos_normalize(before)) {
        log->checkpoint.lgpos_checkpoint = position;
        log->checkpoint.lgpos_consistency = consistency != 0 ? consistency : position;
        memset(log->checkpoint.attach_list, 0, ATTACH_LIST_SIZE);
        log->checkpoint.has_attach_list = with_attachments;
        if (with_attachments) {
            mutex_lock(&log->lock);
            (void)log_encode_attach_list(log, log->checkpoint.attach_list, position);
            mutex_unlock(&log->lock);
        }
        err = write_checkpoint_file(log);
        if (err < 0) {
            log->checkpoint.lgpos_checkpoint = before;
            log->checkpoint.lgpos_consistency = consistency_before;
        }
    }
    mutex_unlock(&log->checkpoint_lock);
    return err;
}

static void forget_all_attached(struct log *log)
{
    mutex_lock(&log->lock);
    for (uint32_t i = 0; i < log->attached_count; i++)
        mem_free(log->attached[i].path);
    log->attached_count = 0;
    mutex_unlock(&log->lock);
}

JET_ERR log_append_term(struct log *log, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t record[LR_TERM2_SIZE];
    lgpos_t at = 0;
    TRY(log_append(log, record, log_record_encode_term2(record, LR_TERM2, log->run_position, 0, false, log_now()), &at));
    TRY(log_flush_all(log));
    forget_all_attached(log);
    TRY(set_checkpoint(log, at, at, false));
    if (position != NULL)
        *position = at;
done:
    return err;
}

JET_ERR log_append_recovery_undo(struct log *log, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t record[LR_RECOVERY_UNDO2_SIZE];
    struct span span = span_of(record, log_record_encode_recovery_undo2(record, log_now()));
    mutex_lock(&log->lock);
    TRY(log_pad_locked(log));
    TRY(log_append_locked(log, &span, 1, position));
done:
    mutex_unlock(&log->lock);
    log_announce(log);
    return err;
}

JET_ERR log_append_recovery_quit(struct log *log, bool keep_attachments, lgpos_t undo_position, lgpos_t redo_from, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t record[LR_TERM2_SIZE], type = keep_attachments ? LR_RECOVERY_QUIT_KEEP_ATTACHMENTS : LR_RECOVERY_QUIT2;
    lgpos_t at = 0;
    TRY(append_and_close_segment(log, span_of(record, log_record_encode_term2(record, type, undo_position, redo_from, false, log_now())), &at));
    if (!keep_attachments) {
        forget_all_attached(log);
        TRY(set_checkpoint(log, at, at, false));
    }
    if (position != NULL)
        *position = at;
done:
    return err;
}

/* --- checkpoint --- */

JET_ERR log_write_checkpoint(struct log *log, lgpos_t position, lgpos_t consistency, bool with_attachments)
{
    return log_is_down(log) ? JET_errLogWriteFail : set_checkpoint(log, position, consistency, with_attachments);
}

JET_ERR log_read_checkpoint(struct log *log, lgpos_t *position)
{
    mutex_lock(&log->checkpoint_lock);
    *position = log->checkpoint.lgpos_checkpoint;
    mutex_unlock(&log->checkpoint_lock);
    return *position != 0 ? JET_errSuccess : JET_errCheckpointFileNotFound;
}

/* --- facts --- */

JET_ERR log_down_reason(const struct log *log) { return atomic_load(&((struct log *)(uintptr_t)log)->down_reason); }
bool log_is_down(const struct log *log) { return atomic_load(&((struct log *)(uintptr_t)log)->is_down); }
struct signature log_stream_signature(const struct log *log) { return log->stream_signature; }
bool log_is_circular(const struct log *log) { return log->config.is_circular; }
uint32_t log_file_size_kib(const struct log *log) { return log->sectors * (LOG_SEGMENT_SIZE / 1024); }
const char *log_folder_path(const struct log *log) { return log->log_folder; }
const char *log_system_folder_path(const struct log *log) { return log->system_folder; }
const char *log_base_name(const struct log *log) { return log->base; }
const char *log_extension(const struct log *log) { return log->extension; }

uint32_t log_depth_limit(const struct log *log) { return log->config.checkpoint_too_deep; }
uint32_t log_tip_generation(struct log *log) { return lgpos_generation(log_tip(log)); }

struct log_time log_generation_created(struct log *log)
{
    mutex_lock(&log->lock);
    struct log_time created = log->header.created;
    mutex_unlock(&log->lock);
    return created;
}

struct log_version log_stream_version(struct log *log)
{
    mutex_lock(&log->lock);
    struct log_version version = log->must_roll ? log->wanted_version : log->header.version;
    mutex_unlock(&log->lock);
    return version;
}

/* --- generations on disk --- */

JET_ERR log_oldest_generation(struct log *log, uint32_t *generation)
{
    struct log_listing listing;
    JET_ERR err = log_list(log->config.fs, log->log_folder, log->base, strcmp(log->extension, ".log") == 0, &listing);
    uint32_t tip = log_tip_generation(log);
    *generation = err >= 0 && listing.first != 0 && listing.first < tip ? listing.first : tip;
    return err;
}

JET_ERR log_archive_path(struct log *log, uint32_t generation, char **path)
{
    return log_file_path(log->log_folder, log->base, generation, log->extension, log->config.fs, path);
}

uint32_t log_archive_generation(struct log *log, const char *file_name) { return log_name_generation(file_name, log->base, log->extension); }

JET_ERR log_delete_generation(struct log *log, uint32_t generation)
{
    JET_ERR err = JET_errSuccess;
    char *path = NULL;
    if (generation >= log_tip_generation(log))
        RAISE(JET_errInvalidParameter);
    TRY(log_archive_path(log, generation, &path));
    TRY(os_remove(log->config.fs, path));
done:
    mem_free(path);
    return err;
}
