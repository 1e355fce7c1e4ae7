/* The one open file of a backup session: database streams and log streams (backup-and-restore 7 and 8).
 *
 * A database stream is: header copy twice, pages 1..m as they are in the file, one trailer page. The header copy is taken before the size is read:
 * so the generations it names cover updates to pages that extend the file in between. Page ranges are read with page writes to that range
 * locked out and checked before they are handed over; nothing that fails its checks reaches the client. */
#include "backup/internal.h"

#include <string.h>

#include "base/memory.h"
#include "format/checksum.h"
#include "format/log_segment.h"
#include "format/patch_header.h"
#include "os/clock.h"
#include "os/path.h"

enum { HEADER_PAGES = 2, TRAILER_PAGES = 1, LOG_SECTOR = 4096, EVENT_DATABASE_FAILED = 217, EVENT_OTHER_FILE_FAILED = 218, EVENT_COPY_BEGINS = 220,
       EVENT_COPY_ENDS = 221, EVENT_CLOSED_EARLY = 222, EVENT_FILE_MISSING = 459, EVENT_PAGE_FAILED = 474, EVENT_READ_AFTER_RETRY = 493 };

static void report(struct backup_session *s, uint32_t id, enum event_level level, const char *a, const char *b, const char *c)
{
    const char *parameters[] = {a, b, c};
    event_report(s->host.events, id, level, EVENT_LOGGING_RECOVERY, parameters, c != NULL ? 3 : b != NULL ? 2 : 1);
}

static const char *number_text(char *text, size_t size, long long value)
{
    snprintf(text, size, "%lld", value);
    return text;
}

static const char *size_text(char *text, size_t size, uint64_t bytes)
{
    if (bytes > 1u << 20)
        snprintf(text, size, "%llu Mb", (unsigned long long)(bytes >> 20));
    else
        snprintf(text, size, "%llu Kb", (unsigned long long)(bytes >> 10));
    return text;
}

void backup_stream_close(struct backup_session *s)
{
    struct backup_stream *f = &s->stream;
    os_file_close(f->file);
    backup_scrub_close(f->scrub);
    mem_free(f->header_page);
    mem_free(f->path);
    memset(f, 0, sizeof *f);
}

/* --- open --- */

struct find_context {
    const char *path;
    struct database *found;
};

static JET_ERR match_path(void *context, struct database *db)
{
    struct find_context *find = (struct find_context *)context;
    if (strcmp(db->path, find->path) == 0)
        find->found = db;
    return JET_errSuccess;
}

static JET_ERR find_database(struct backup_session *s, const char *path, struct database **out)
{
    struct find_context find = {path, NULL};
    JET_ERR err = s->host.visit_databases(s->host.context, match_path, &find);
    *out = find.found;
    return err;
}

static JET_ERR open_database(struct backup_session *s, struct database *db, uint64_t offset)
{
    JET_ERR err = JET_errSuccess;
    struct backup_stream *f = &s->stream;
    char size[32];

    if (s->host.is_exclusively_open != NULL && s->host.is_exclusively_open(s->host.context, db))
        RAISE(JET_errDatabaseLocked);
    f->header_page = (uint8_t *)mem_alloc(db->page_size);
    if (f->header_page == NULL)
        RAISE(JET_errOutOfMemory);
    mutex_lock(&db->header_lock);
    struct db_header header = db->header;
    memcpy(f->header_page, db->header_page, db->page_size);
    mutex_unlock(&db->header_lock);
    header.backup_full_current = s->mark;
    header.backup_full_current.gen_low = s->copy_first;
    header.backup_full_current.gen_high = 0;
    db_header_encode(&header, f->header_page, db->page_size);

    f->db = db;
    f->is_database = true;
    f->page_count = db->last_owned_page;
    f->size = ((uint64_t)f->page_count + HEADER_PAGES + TRAILER_PAGES) * db->page_size;
    if (offset > 0) {
        if (offset >= f->size)
            RAISE(JET_errInvalidParameter);
        f->copied_to = (page_no_t)(offset / db->page_size - HEADER_PAGES);
        f->size -= offset;
    }
    TRY(backup_participant_add(s, db));
    report(s, EVENT_COPY_BEGINS, EVENT_INFORMATION, db->path, size_text(size, sizeof size, f->size), NULL);
done:
    return err;
}

/* Which generation does this path name? Only archived logs of this stream, where the stream keeps them, may be opened; a link there is not
 * followed. */
static JET_ERR judge_log_path(struct backup_session *s, const char *path, uint32_t *generation)
{
    JET_ERR err = JET_errSuccess;
    char *archive = NULL, *archive_absolute = NULL;
    const char *name = path_file_name(path), *extension = strrchr(name, '.');
    *generation = log_archive_generation(s->host.log, name);
    if (*generation != 0) {
        TRY(log_archive_path(s->host.log, *generation, &archive));
        TRY(path_absolute(archive, &archive_absolute));
        if (strcmp(path, archive_absolute) == 0)
            goto done;
    } else if (extension != NULL && strcmp(extension, log_extension(s->host.log)) == 0) {
        RAISE(JET_errInvalidParameter);
    }
    RAISE(os_exists(s->host.fs, path) ? JET_errFileAccessDenied : JET_errMissingFileToBackup);
done:
    mem_free(archive);
    mem_free(archive_absolute);
    return err;
}

static JET_ERR open_log(struct backup_session *s, const char *path)
{
    JET_ERR err = JET_errSuccess;
    struct backup_stream *f = &s->stream;
    struct os_file_info info;
    TRY(judge_log_path(s, path, &f->generation));
    err = os_file_open(s->host.fs, path, OS_OPEN_READ | OS_OPEN_NO_FOLLOW, &f->file);
    if (err == JET_errFileNotFound || err == JET_errInvalidPath)
        RAISE(JET_errMissingFileToBackup);
    TRY(err);
    TRY(os_file_info(f->file, &info));
    f->size = info.size;
done:
    if (err == JET_errMissingFileToBackup)
        report(s, EVENT_FILE_MISSING, EVENT_ERROR, path, NULL, NULL);
    return err;
}

static void database_failed(struct backup_session *s, struct database *db, const char *path, JET_ERR error)
{
    char number[16];
    if (db != NULL)
        backup_participant_remove(s, db);
    report(s, EVENT_DATABASE_FAILED, EVENT_ERROR, number_text(number, sizeof number, error), path, NULL);
}

/* Opens what absolute names. */
static JET_ERR open_by_path(struct backup_session *s, const char *absolute, uint64_t offset)
{
    struct database *db = NULL;
    JET_ERR err = find_database(s, absolute, &db);
    if (err < 0)
        return err;
    if (s->phase == BACKUP_PHASE_LOGS)
        return db != NULL ? JET_errInvalidBackupSequence : offset != 0 ? JET_errInvalidParameter : open_log(s, absolute);
    err = db != NULL ? open_database(s, db, offset) : JET_errDatabaseNotFound;
    if (err < 0)
        database_failed(s, db, absolute, err);
    return err;
}

JET_ERR backup_open_file(struct backup_session *s, const char *path, JET_HANDLE *handle, uint64_t *size)
{
    return backup_open_section(s, path, 0, handle, size);
}

JET_ERR backup_open_section(struct backup_session *s, const char *path, uint64_t offset, JET_HANDLE *handle, uint64_t *size)
{
    JET_ERR err = JET_errSuccess;
    char *absolute = NULL;
    mutex_lock(&s->lock);
    TRY(backup_check_running(s));
    if (path == NULL || path[0] == 0 || handle == NULL || size == NULL)
        RAISE(JET_errInvalidParameter);
    if (offset != 0 && (offset % s->host.page_size != 0 || offset / s->host.page_size < HEADER_PAGES + 1))
        RAISE(JET_errInvalidParameter);
    if (s->stream.is_open)
        RAISE(JET_errOutOfMemory); /* the one slot is taken; the state stays as it is */
    err = path_absolute(path, &absolute);
    if (err >= 0)
        err = open_by_path(s, absolute, offset);
    if (err < 0) {
        backup_stream_close(s);
        if (s->phase == BACKUP_PHASE_LOGS) /* whatever it was, a set without this log is none (section 3) */
            backup_finish(s, BACKUP_RESULT_FAILED, err, false);
        goto done;
    }
    s->stream.is_open = true;
    s->stream.path = absolute;
    absolute = NULL;
    *handle = 0;
    *size = s->stream.size;
done:
    mutex_unlock(&s->lock);
    mem_free(absolute);
    return err;
}

/* --- read: databases --- */

static JET_ERR verify_page(struct backup_session *s, uint8_t *page, uint32_t page_size, page_no_t page_no)
{
    struct checksum_result result = checksum_verify_page(page, page_size, page_no, true);
    if (result.verdict == CHECKSUM_ZERO)
        return JET_errSuccess; /* never initialised: free space */
    if (result.verdict == CHECKSUM_BAD)
        return JET_errReadVerifyFailure;
    if (s->host.skips_page_checks)
        return JET_errSuccess;
    struct page_view view;
    const char *why;
    JET_ERR err = page_view_init(&view, page, page_size, page_no, &why);
    return err == JET_errPageNotInitialized ? JET_errSuccess : err;
}

/* *bad: the page that failed its checks; 0 when the read itself failed. */
static JET_ERR read_pages_once(struct backup_session *s, page_no_t first, uint32_t count, uint8_t *buffer, page_no_t *bad)
{
    struct database *db = s->stream.db;
    JET_ERR err = os_file_read(db->file, page_file_offset(first, db->page_size), buffer, (size_t)count * db->page_size);
    *bad = 0;
    for (uint32_t i = 0; err >= 0 && i < count; i++) {
        err = verify_page(s, buffer + (size_t)i * db->page_size, db->page_size, first + i);
        *bad = err < 0 ? first + i : 0;
    }
    return err;
}

static void report_bad_page(struct backup_session *s, page_no_t page_no, JET_ERR error)
{
    char page[16], number[16];
    EVENT_REPORT(s->host.events, EVENT_PAGE_FAILED, EVENT_ERROR, EVENT_DATABASE_CORRUPTION, number_text(page, sizeof page, page_no),
                 number_text(number, sizeof number, error), s->stream.path);
}

static void report_retries(struct backup_session *s, page_no_t first, uint32_t count, unsigned failures, uint64_t started_ns)
{
    char offset[24], length[24], times[24], seconds[24];
    const char *parameters[] = {s->stream.path,
                                number_text(offset, sizeof offset, (long long)page_file_offset(first, s->stream.db->page_size)),
                                number_text(length, sizeof length, (long long)count * s->stream.db->page_size),
                                number_text(times, sizeof times, failures),
                                number_text(seconds, sizeof seconds, (long long)((clock_monotonic_ns() - started_ns) / 1000000000u))};
    event_report(s->host.events, EVENT_READ_AFTER_RETRY, EVENT_ERROR, EVENT_LOGGING_RECOVERY, parameters, 5);
}

/* Pages [first, first+count) into buffer, checked. Writes to the range wait meanwhile, so a bad page can only be a write that was running
 * below us (another host of the same disk) or real damage: worth some retries, then final. */
static JET_ERR read_pages(struct backup_session *s, page_no_t first, uint32_t count, uint8_t *buffer)
{
    uint32_t delay = s->host.retry_delay_ms != 0 ? s->host.retry_delay_ms : 100;
    uint64_t started = clock_monotonic_ns();
    JET_ERR err = JET_errSuccess;
    page_no_t bad = 0;
    cache_range_lock(s->stream.db->pages, first, first + count - 1);
    for (unsigned i = 0; i < BACKUP_RETRIES; i++) {
        err = read_pages_once(s, first, count, buffer, &bad);
        if (err >= 0 && i > 0)
            report_retries(s, first, count, i, started);
        if (err >= 0 || i + 1 == BACKUP_RETRIES || atomic_load(&s->stop_requested))
            break;
        thread_sleep_ms((uint64_t)(i + 1) * delay);
    }
    cache_range_unlock(s->stream.db->pages);
    if (bad != 0)
        report_bad_page(s, bad, err);
    return err;
}

/* The generations a database of this format version tells in its trailer only since 0x620,160,360 (section 8). */
static bool has_required_range_in_trailer(const struct db_header *h)
{
    return h->update_major > 160 || (h->update_major == 160 && h->update_minor >= 360);
}

static void make_trailer(struct backup_session *s, uint8_t *page)
{
    struct backup_stream *f = &s->stream;
    struct patch_header trailer;
    memset(&trailer, 0, sizeof trailer);
    uint32_t tip = log_tip_generation(s->host.log);
    mutex_lock(&f->db->header_lock);
    const struct db_header *h = &f->db->header;
    trailer.backup = s->mark;
    trailer.backup.gen_low = s->copy_first;
    trailer.backup.gen_high = tip > h->gen_max_committed ? tip : h->gen_max_committed;
    trailer.db_signature = h->db_signature;
    trailer.log_signature = h->log_signature;
    if (has_required_range_in_trailer(h)) {
        trailer.gen_min_required = h->gen_min_required;
        trailer.gen_max_required = h->gen_max_required;
        trailer.gen_max_committed = h->gen_max_committed;
        trailer.logtime_max_required = h->logtime_gen_max_required;
        trailer.logtime_max_committed = h->logtime_gen_max_created;
    }
    mutex_unlock(&f->db->header_lock);
    f->trailer = trailer.backup;
    memset(page, 0, f->db->page_size);
    patch_header_encode(&trailer, page, f->db->page_size);
}

static JET_ERR read_database(struct backup_session *s, uint8_t *buffer, uint32_t size, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct backup_stream *f = &s->stream;
    uint32_t page_size = f->db->page_size, wanted = size / page_size;
    uint32_t header_pages = f->copied_to == 0 ? HEADER_PAGES : 0;
    if (header_pages != 0 && wanted < HEADER_PAGES + 1)
        RAISE(JET_errInvalidParameter);
    uint64_t left = (uint64_t)f->page_count - f->copied_to + header_pages;
    uint32_t delivered = wanted < left ? wanted : (uint32_t)left;
    bool has_room = delivered < wanted;
    uint32_t data_pages = delivered - header_pages;

    if (header_pages != 0)
        TRY(backup_scrub_begin(s));
    if (data_pages > 0)
        TRY(read_pages(s, f->copied_to + 1, data_pages, buffer + (size_t)header_pages * page_size));
    for (uint32_t i = 0; i < header_pages; i++)
        memcpy(buffer + (size_t)i * page_size, f->header_page, page_size);
    backup_scrub_pages(s, f->copied_to + 1, data_pages);
    f->copied_to += data_pages;
    if (f->copied_to == f->page_count)
        backup_scrub_end(s);
    if (has_room && !f->trailer_sent) {
        make_trailer(s, buffer + (size_t)delivered * page_size);
        f->trailer_sent = true;
        delivered++;
    }
    *actual = delivered * page_size;
done:
    return err;
}

/* --- read: logs --- */

/* Header at offset 0, then segments; each must verify with its number, or with the one before (a shadow), or be blank. */
static JET_ERR verify_log_bytes(uint8_t *buffer, uint64_t offset, uint32_t size)
{
    for (uint32_t at = 0; at + LOG_SECTOR <= size; at += LOG_SECTOR) {
        uint32_t sector = (uint32_t)((offset + at) / LOG_SECTOR);
        uint8_t *bytes = buffer + at;
        bool is_good = sector == 0 ? checksum_header_is_valid(bytes, LOG_SECTOR)
                                   : is_all_zero(bytes, LOG_SECTOR) || checksum_verify_block(bytes, LOG_SECTOR, sector, false).verdict == CHECKSUM_OK ||
                                         checksum_verify_block(bytes, LOG_SECTOR, sector - 1, false).verdict == CHECKSUM_OK ||
                                         checksum_verify_block(bytes, LOG_SECTOR, sector, true).verdict == CHECKSUM_REPAIRED;
        if (!is_good)
            return JET_errLogReadVerifyFailure;
    }
    return JET_errSuccess;
}

static JET_ERR read_log(struct backup_session *s, uint8_t *buffer, uint32_t size, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct backup_stream *f = &s->stream;
    uint64_t left = f->size - f->bytes_read;
    if (f->bytes_read == 0 && size < 2 * s->host.page_size)
        RAISE(JET_errInvalidParameter);
    uint32_t piece = size < left ? size : (uint32_t)left;
    if (piece > 0) {
        TRY(os_file_read(f->file, f->bytes_read, buffer, piece));
        TRY(verify_log_bytes(buffer, f->bytes_read, piece));
    }
    *actual = piece;
done:
    return err;
}

JET_ERR backup_read_file(struct backup_session *s, JET_HANDLE handle, void *buffer, uint32_t size, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct backup_stream *f = &s->stream;
    char number[16];
    uint32_t got = 0;
    mutex_lock(&s->lock);
    TRY(backup_check_running(s));
    if (handle != 0 || !f->is_open || buffer == NULL || actual == NULL)
        RAISE(JET_errInvalidParameter);
    if ((uintptr_t)buffer % BACKUP_READ_ALIGNMENT != 0 || size == 0 || size % s->host.page_size != 0)
        RAISE(JET_errInvalidParameter);
    err = f->is_database ? read_database(s, (uint8_t *)buffer, size, &got) : read_log(s, (uint8_t *)buffer, size, &got);
    if (err >= 0) {
        f->bytes_read += got;
        *actual = got;
    } else if (err != JET_errInvalidParameter && f->is_database) {
        database_failed(s, f->db, f->path, err);
        backup_stream_close(s);
    } else if (err != JET_errInvalidParameter) {
        report(s, EVENT_OTHER_FILE_FAILED, EVENT_ERROR, number_text(number, sizeof number, err), f->path, NULL);
        backup_finish(s, BACKUP_RESULT_FAILED, err, false);
    }
done:
    mutex_unlock(&s->lock);
    return err;
}

JET_ERR backup_close_file(struct backup_session *s, JET_HANDLE handle)
{
    JET_ERR err = JET_errSuccess;
    struct backup_stream *f = &s->stream;
    char read[24], total[24];
    mutex_lock(&s->lock);
    err = backup_check_running(s);
    if (err < 0 && err != JET_errBackupAbortByServer) /* closing is allowed after a stop */
        goto done;
    err = JET_errSuccess;
    if (handle != 0 || !f->is_open)
        RAISE(JET_errInvalidParameter);
    if (f->bytes_read != f->size) {
        report(s, EVENT_CLOSED_EARLY, EVENT_INFORMATION, f->path, number_text(read, sizeof read, (long long)f->bytes_read),
               number_text(total, sizeof total, (long long)f->size));
    } else if (f->is_database) {
        struct backup_participant *part = backup_participant_find(s, f->db);
        report(s, EVENT_COPY_ENDS, EVENT_INFORMATION, f->path, NULL, NULL);
        if (part != NULL) {
            part->is_copied = true;
            part->copied = f->trailer;
        }
    } else if (f->generation >= s->copy_first && f->generation < s->copy_end) {
        s->copied_generations[f->generation - s->copy_first] = 1;
    }
    backup_stream_close(s);
done:
    mutex_unlock(&s->lock);
    return err;
}
