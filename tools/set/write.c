/* Writing a set (write.h).
 *
 * Order of a run: begin, databases, logs, manifest, truncation, end. The logs that truncation deletes are in a set that is whole by then.
 * A database that cannot be read (a page that fails its checks) drops out and the others go on, where the output can take a file back.
 *
 * This thread reads, and the source checks, and writes; another one hashes what it has read (hash_thread.h). Some buffers go round between them. */
#include "set/write.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"
#include "format/db_header.h"
#include "format/log_header.h"
#include "os/clock.h"
#include "os/path.h"
#include "os/thread.h"
#include "set/delta.h"
#include "set/page_table.h"

enum { READ_BYTES = 1 << 20, BUFFER_ALIGNMENT = 4096, PAGE_SIZE_SMALLEST = 4096, PAGE_SIZE_LARGEST = 32768, BUFFERS = 4 };

struct writer {
    const struct set_write_config *config;
    struct set_write_result *result;
    struct backup_source *source;
    struct hash_thread *hasher;
    uint8_t *buffers[BUFFERS], *buffer; /* the piece at hand */
    uint64_t jobs[BUFFERS];             /* of the hash thread, the last one with that buffer */
    unsigned turn;
    uint64_t began_ns;
    bool is_in_session;
    JET_ERR first_failure; /* of a database */
};

static JET_ERR explain(struct writer *w, JET_ERR err, const char *format, ...) __attribute__((format(printf, 3, 4)));
static JET_ERR explain(struct writer *w, JET_ERR err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(w->result->why, sizeof w->result->why, format, arguments);
    va_end(arguments);
    return err;
}

/* Waits until what was read so far is within the limit. */
static void keep_rate(struct writer *w)
{
    uint64_t limit = w->config->bytes_per_second;
    if (limit == 0)
        return;
    uint64_t due_ms = (uint64_t)((double)w->result->bytes_read / (double)limit * 1000.0);
    uint64_t spent_ms = (clock_monotonic_ns() - w->began_ns) / 1000000;
    if (due_ms > spent_ms)
        thread_sleep_ms(due_ms - spent_ms);
}

/* The next buffer, when its last piece has been hashed. */
static void turn_buffer(struct writer *w)
{
    w->turn = (w->turn + 1) % BUFFERS;
    hash_thread_wait(w->hasher, w->jobs[w->turn]);
    w->buffer = w->buffers[w->turn];
}

static JET_ERR read_piece(struct writer *w, const char *name, uint64_t at, uint64_t total, uint32_t *got)
{
    /* Small pieces with a small limit: a second's worth at most, not less than the largest page allows for a first read. */
    uint64_t limit = w->config->bytes_per_second;
    uint32_t size = READ_BYTES;
    while (limit != 0 && size > limit && size > 4 * PAGE_SIZE_LARGEST)
        size /= 2;
    keep_rate(w);
    if (w->config->is_cancelled != NULL && w->config->is_cancelled(w->config->context))
        return JET_errBackupAbortByCaller;
    turn_buffer(w);
    JET_ERR err = w->source->read(w->source->context, w->buffer, size, got);
    if (err < 0)
        return err;
    w->result->bytes_read += *got;
    if (w->config->progress != NULL)
        w->config->progress(w->config->context, name, at + *got, total);
    return JET_errSuccess;
}

/* --- names --- */

static bool is_name_taken(const struct set_manifest *m, const char *name)
{
    size_t length = strlen(name);
    static const char *const ENDINGS[] = {".delta", ".pages"};
    char base[4];
    if (strncmp(name, "backup.", 7) == 0 || set_log_name(name, base) != 0)
        return true;
    for (size_t i = 0; i < 2; i++)
        if (length > 6 && strcmp(name + length - 6, ENDINGS[i]) == 0)
            return true; /* would be taken for what it is not */
    for (size_t i = 0; i < m->database_count; i++) {
        const char *other = m->databases[i].file.name;
        size_t other_length = other != NULL ? strlen(other) : 0;
        if (m->databases[i].is_delta && other_length > 6)
            other_length -= 6;
        if (other != NULL && other_length == length && strncmp(other, name, length) == 0)
            return true;
    }
    return false;
}

/* The database's own name where that is free and UTF-8 without control characters; else a number goes before its extension. */
static void choose_name(const struct set_manifest *m, const char *path, char *name, size_t size)
{
    char plain[200];
    snprintf(plain, sizeof plain, "%.199s", path_file_name(path));
    for (char *c = plain; *c != 0; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '\\' || (unsigned char)*c >= 0x80)
            *c = '_';
    snprintf(name, size, "%s", plain);
    const char *dot = strrchr(plain, '.');
    int stem = dot != NULL && dot != plain ? (int)(dot - plain) : (int)strlen(plain);
    for (unsigned i = 2; is_name_taken(m, name); i++)
        snprintf(name, size, "%.*s-%u%s", stem, plain, i, strcmp(plain + stem, ".delta") == 0 || strcmp(plain + stem, ".pages") == 0 ? "" : plain + stem);
}

/* --- a database --- */

struct copy {
    struct writer *w;
    struct set_database *entry;
    struct set_stream *out, *table;
    struct page_table_reader *before; /* of the parent; NULL: a whole copy */
    struct sha256 image;              /* of the stream, for a delta; a copy's own hash is the same */
    uint64_t at, total;               /* of the stream */
    uint32_t page_size;
    char name[256], table_name[264], out_name[264];
};

static uint32_t find_page_size(const uint8_t *bytes, uint32_t size)
{
    for (uint32_t page_size = PAGE_SIZE_SMALLEST; page_size <= PAGE_SIZE_LARGEST && page_size <= size; page_size *= 2)
        if (db_header_is_valid(bytes, page_size))
            return page_size;
    return 0;
}

static JET_ERR open_delta(struct copy *c)
{
    JET_ERR err = JET_errSuccess;
    uint8_t header[DELTA_HEADER];
    char *path = NULL;
    const struct set_database *base = manifest_find_database(c->w->config->parent, &c->entry->signature);
    if (base == NULL || base->table.name == NULL) {
        err = explain(c->w, JET_errMissingFullBackup, "the parent set has no page table of %s: make a full backup first", c->name);
        goto done;
    }
    TRY(path_join(c->w->config->parent_folder, base->table.name, &path));
    err = page_table_open(path, c->page_size, &c->before);
    if (err < 0) {
        err = explain(c->w, err, "cannot use the page table %s", path);
        goto done;
    }
    c->entry->is_delta = true;
    snprintf(c->out_name, sizeof c->out_name, "%s.delta", c->name);
    TRY(set_stream_create(c->w->config->output, c->out_name, SET_SIZE_UNKNOWN, &c->out));
    delta_header(c->page_size, c->entry->page_count, base->image_sha256, header);
    TRY(set_stream_write(c->out, header, sizeof header));
done:
    mem_free(path);
    return err;
}

/* With the first bytes of the stream in the buffer. */
static JET_ERR open_streams(struct copy *c, uint32_t got)
{
    JET_ERR err = JET_errSuccess;
    struct db_header header;
    uint8_t head[PAGE_TABLE_HEADER];
    struct set_manifest *m = &c->w->result->manifest;
    c->page_size = find_page_size(c->w->buffer, got);
    if (c->page_size == 0 || (m->page_size != 0 && m->page_size != c->page_size) || c->total < 3ull * c->page_size || c->total % c->page_size != 0)
        RAISE(JET_errDatabaseCorrupted);
    m->page_size = c->page_size;
    TRY(db_header_decode(c->w->buffer, c->page_size, &header));
    c->entry->signature = header.db_signature;
    c->entry->page_count = (uint32_t)(c->total / c->page_size - 3);
    c->entry->image_size = c->total;
    if (c->w->config->kind == SET_KIND_PAGES) {
        TRY(open_delta(c));
    } else {
        snprintf(c->out_name, sizeof c->out_name, "%s", c->name);
        TRY(set_stream_create(c->w->config->output, c->out_name, c->total, &c->out));
    }
    snprintf(c->table_name, sizeof c->table_name, "%s.pages", c->name);
    TRY(set_stream_create(c->w->config->output, c->table_name, SET_SIZE_UNKNOWN, &c->table));
    page_table_header(c->page_size, c->entry->page_count, head);
    TRY(set_stream_write(c->table, head, sizeof head));
done:
    return err;
}

static JET_ERR write_run(struct copy *c, uint32_t first, uint32_t count, const uint8_t *pages)
{
    JET_ERR err = JET_errSuccess;
    uint8_t run[DELTA_RUN_HEADER];
    delta_run(first, count, run);
    TRY(set_stream_write(c->out, run, sizeof run));
    TRY(set_stream_write(c->out, pages, (size_t)count * c->page_size));
    c->w->result->pages_stored += count;
done:
    return err;
}

/* Stores the pages of a piece of the stream that differ from the parent's; first: number of the first one. */
static JET_ERR write_changed(struct copy *c, uint32_t first, uint32_t count, const uint8_t *pages)
{
    JET_ERR err = JET_errSuccess;
    uint32_t run = 0; /* pages of the run that ends before page i */
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *before = page_table_next(c->before);
        TRY(page_table_error(c->before));
        if (before == NULL || memcmp(before, page_table_entry(pages + (size_t)i * c->page_size), PAGE_TABLE_ENTRY) != 0) {
            run++;
        } else if (run != 0) {
            TRY(write_run(c, first + i - run, run, pages + (size_t)(i - run) * c->page_size));
            run = 0;
        }
    }
    if (run != 0)
        TRY(write_run(c, first + count - run, run, pages + (size_t)(count - run) * c->page_size));
done:
    return err;
}

/* The data pages of a piece: their table entries, and for a delta the changed ones. */
static JET_ERR write_data_pages(struct copy *c, uint32_t first, uint32_t count, const uint8_t *pages)
{
    JET_ERR err = JET_errSuccess;
    uint8_t entries[READ_BYTES / PAGE_SIZE_SMALLEST * PAGE_TABLE_ENTRY];
    for (uint32_t i = 0; i < count; i++)
        memcpy(entries + (size_t)i * PAGE_TABLE_ENTRY, page_table_entry(pages + (size_t)i * c->page_size), PAGE_TABLE_ENTRY);
    TRY(set_stream_write(c->table, entries, (size_t)count * PAGE_TABLE_ENTRY));
    c->w->result->pages += count;
    if (c->before != NULL)
        TRY(write_changed(c, first, count, pages));
done:
    return err;
}

/* One piece of the stream, whole pages, at c->at. */
static JET_ERR write_piece(struct copy *c, uint32_t got)
{
    JET_ERR err = JET_errSuccess;
    const uint8_t *bytes = c->w->buffer;
    uint64_t index = c->at / c->page_size, last = c->total / c->page_size - 1; /* pages of the stream; the last is the trailer */
    uint32_t pages = got / c->page_size;
    if (got % c->page_size != 0 || c->at + got > c->total)
        RAISE(JET_errInternalError);
    if (c->before != NULL) {
        c->w->jobs[c->w->turn] = hash_thread_add(c->w->hasher, &c->image, bytes, got);
    } else {
        TRY(set_stream_write_kept(c->out, bytes, got, &c->w->jobs[c->w->turn]));
        c->w->result->pages_stored += pages;
    }
    uint32_t heads = index >= 2 ? 0 : 2 - (uint32_t)index;
    heads = heads < pages ? heads : pages;
    uint32_t tail = index + pages > last ? 1 : 0;
    if (c->before != NULL && heads != 0)
        TRY(set_stream_write(c->out, bytes, (size_t)heads * c->page_size));
    if (pages > heads + tail)
        TRY(write_data_pages(c, (uint32_t)(index + heads) - 1, pages - heads - tail, bytes + (size_t)heads * c->page_size));
    if (c->before != NULL && tail != 0) {
        uint8_t end[DELTA_RUN_HEADER];
        delta_run(0, 0, end);
        TRY(set_stream_write(c->out, end, sizeof end));
        TRY(set_stream_write(c->out, bytes + (size_t)(pages - 1) * c->page_size, c->page_size));
    }
    c->at += got;
done:
    return err;
}

/* Ends a stream with the hash of what was written to it. */
static JET_ERR finish_hashed(struct set_stream **stream, bool with_hash, struct set_file *file)
{
    JET_ERR err = JET_errSuccess;
    if (with_hash) {
        struct sha256 so_far = (*stream)->hash;
        uint8_t digest[SHA256_SIZE];
        sha256_finish(&so_far, digest);
        TRY(set_stream_write(*stream, digest, sizeof digest));
    }
    struct set_stream *done_with = *stream;
    *stream = NULL;
    TRY(set_stream_finish(done_with, file));
done:
    return err;
}

static JET_ERR copy_stream(struct copy *c)
{
    JET_ERR err = JET_errSuccess;
    uint32_t got = 0;
    for (;;) {
        err = read_piece(c->w, c->name, c->at, c->total, &got);
        if (err < 0) {
            uint64_t page = c->page_size != 0 ? c->at / c->page_size : 0;
            err = explain(c->w, err, "cannot read %s (at page %llu of %u)", c->name, (unsigned long long)(page > 2 ? page - 1 : 1), c->entry->page_count);
            goto done;
        }
        if (got == 0)
            break;
        if (c->at == 0)
            TRY(open_streams(c, got));
        TRY(write_piece(c, got));
    }
    if (c->at != c->total || c->total == 0)
        RAISE(JET_errInternalError);
    TRY(finish_hashed(&c->out, c->before != NULL, &c->entry->file));
    if (c->before != NULL) {
        hash_thread_wait(c->w->hasher, UINT64_MAX);
        sha256_finish(&c->image, c->entry->image_sha256);
    } else {
        memcpy(c->entry->image_sha256, c->entry->file.sha256, SHA256_SIZE);
    }
    TRY(finish_hashed(&c->table, true, &c->entry->table));
    c->w->result->files++;
done:
    return err;
}

static void forget_database(struct set_manifest *m)
{
    struct set_database *last = &m->databases[m->database_count - 1];
    set_file_release(&last->file);
    set_file_release(&last->table);
    mem_free(last->original_path);
    memset(last, 0, sizeof *last);
    m->database_count--;
}

static JET_ERR copy_database(struct writer *w, const char *path)
{
    JET_ERR err = JET_errSuccess;
    bool is_open = false;
    struct set_manifest *m = &w->result->manifest;
    struct copy c = {.w = w};
    choose_name(m, path, c.name, sizeof c.name);
    c.entry = manifest_add_database(m);
    if (c.entry == NULL || (c.entry->original_path = mem_strdup(path)) == NULL)
        RAISE(JET_errOutOfMemory);
    sha256_init(&c.image);
    TRY(w->source->open(w->source->context, path, &c.total));
    is_open = true;
    TRY(copy_stream(&c));
done:
    hash_thread_wait(w->hasher, UINT64_MAX); /* one may be at c.image */
    page_table_close(c.before);
    set_stream_discard(c.out);
    set_stream_discard(c.table);
    if (is_open) {
        JET_ERR closed = w->source->close(w->source->context);
        if (err >= 0 && closed < 0)
            err = closed;
    }
    if (err < 0) {
        if (w->result->why[0] == 0)
            (void)explain(w, err, "cannot copy %s", path);
        if (c.entry != NULL)
            forget_database(m);
    }
    return err;
}

/* Errors after which there is no sense in trying the next database. */
static bool ends_backup(JET_ERR err)
{
    return err == JET_errNoBackup || err == JET_errBackupAbortByServer || err == JET_errBackupAbortByCaller ||
           err == JET_errDiskFull || err == JET_errOutOfMemory || err == JET_errMissingFullBackup || err == JET_errTermInProgress || err == JET_errInstanceUnavailable;
}

static JET_ERR copy_databases(struct writer *w)
{
    JET_ERR err = JET_errSuccess;
    char *list = NULL;
    TRY(w->source->list_databases(w->source->context, &list));
    for (const char *path = list; *path != 0; path += strlen(path) + 1) {
        err = copy_database(w, path);
        if (err >= 0)
            continue;
        if (!w->config->output->can_discard || ends_backup(err))
            goto done;
        if (w->config->database_failed != NULL)
            w->config->database_failed(w->config->context, err, w->result->why);
        w->result->why[0] = 0;
        w->first_failure = w->first_failure < 0 ? w->first_failure : err;
        w->result->databases_failed++;
        err = JET_errSuccess;
    }
    if (w->result->manifest.database_count == 0) {
        err = w->first_failure < 0 ? w->first_failure : JET_errDatabaseNotFound;
        (void)explain(w, err, "no database was copied");
    }
done:
    mem_free(list);
    return err;
}

/* --- logs --- */

static JET_ERR copy_log_bytes(struct writer *w, struct set_log *log, const char *name, uint64_t total, struct set_stream *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t got = 0;
    for (uint64_t at = 0;; at += got) {
        TRY(read_piece(w, name, at, total, &got));
        if (got > total - at || (got == 0 && at != total))
            RAISE(JET_errInternalError); /* more than was said, or less */
        if (got == 0)
            break;
        if (at == 0 && got >= LOG_SEGMENT_SIZE) {
            struct log_header header;
            log_header_decode(w->buffer, &header);
            log->signature = header.log_signature;
            log->created = header.created;
            log->previous_created = header.previous_created;
            w->result->manifest.log_size = header.file_sectors * (uint32_t)LOG_SEGMENT_SIZE;
            w->result->manifest.page_size = header.page_size;
        }
        TRY(set_stream_write_kept(out, w->buffer, got, &w->jobs[w->turn]));
    }
done:
    return err;
}

static JET_ERR copy_log(struct writer *w, const char *path)
{
    JET_ERR err = JET_errSuccess;
    bool is_open = false;
    uint64_t total = 0;
    struct set_stream *out = NULL;
    const char *name = path_file_name(path);
    char base[4];
    uint32_t generation = set_log_name(name, base);
    struct set_log *log;
    if (generation == 0)
        return JET_errSuccess; /* a patch file of old systems: nothing in it is needed */
    if ((log = manifest_add_log(&w->result->manifest)) == NULL)
        RAISE(JET_errOutOfMemory);
    log->generation = generation;
    TRY(w->source->open(w->source->context, path, &total));
    is_open = true;
    TRY(set_stream_create(w->config->output, name, total, &out));
    TRY(copy_log_bytes(w, log, name, total, out));
    struct set_stream *written = out;
    out = NULL;
    TRY(set_stream_finish(written, &log->file));
    w->result->files++;
done:
    set_stream_discard(out);
    if (is_open) {
        JET_ERR closed = w->source->close(w->source->context);
        if (err >= 0 && closed < 0)
            err = closed;
    }
    return err < 0 ? explain(w, err, "cannot copy %s", path) : err;
}

/* An incremental set must follow its parent without a gap, or truncation would delete what no set has. */
static JET_ERR check_continues(struct writer *w)
{
    const struct set_manifest *m = &w->result->manifest, *parent = w->config->parent;
    if (parent == NULL || set_kind_has_images(m->kind))
        return JET_errSuccess;
    if (m->log_count == 0 || parent->log_count == 0 || m->generation_low > parent->generation_high + 1)
        return explain(w, JET_errMissingFileToBackup, "generations %u to %u are in no set: the parent ends with %u, the logs begin with %u",
                       parent->generation_high + 1, m->generation_low - 1, parent->generation_high, m->generation_low);
    if (!signature_equal(&m->logs[0].signature, &parent->logs[0].signature))
        return explain(w, JET_errBadLogSignature, "the parent set is of another log stream");
    return JET_errSuccess;
}

static JET_ERR copy_logs(struct writer *w)
{
    JET_ERR err = JET_errSuccess;
    JET_LOGINFO_A range;
    char *list = NULL;
    struct set_manifest *m = &w->result->manifest;
    TRY(w->source->list_logs(w->source->context, &list, &range));
    m->generation_low = range.ulGenLow;
    m->generation_high = range.ulGenHigh;
    memcpy(m->base_name, range.szBaseName, 3);
    for (const char *path = list; *path != 0; path += strlen(path) + 1)
        TRY(copy_log(w, path));
    TRY(check_continues(w));
done:
    mem_free(list);
    return err;
}

/* --- the run --- */

static JET_ERR write_manifest(struct writer *w)
{
    JET_ERR err = JET_errSuccess;
    unsigned milliseconds;
    char *text = NULL;
    struct set_manifest *m = &w->result->manifest;
    clock_now(&m->ended, &milliseconds);
    memcpy(m->id, w->config->output->id, sizeof m->id);
    if (w->config->parent != NULL) {
        memcpy(m->parent_id, w->config->parent->id, sizeof m->parent_id);
        m->parent_path = mem_strdup(w->config->parent_path);
        if (m->parent_path == NULL)
            RAISE(JET_errOutOfMemory);
    }
    err = manifest_format(m, &text);
    if (err == JET_errBufferTooSmall)
        return explain(w, err, "%zu logs are more than one set can name: " MANIFEST_NAME " would have more than %u bytes", m->log_count, (unsigned)MANIFEST_BYTES_MAX);
    TRY(err);
    TRY(set_output_commit(w->config->output, text));
    w->result->is_complete = true;
done:
    mem_free(text);
    return err < 0 ? explain(w, err, "cannot write " MANIFEST_NAME " to %s", w->config->output->label) : err;
}

static JET_ERR run(struct writer *w)
{
    JET_ERR err = JET_errSuccess;
    enum set_kind kind = w->config->kind;
    bool truncates = kind != SET_KIND_COPY && kind != SET_KIND_DIFFERENTIAL;
    TRY(w->source->begin(w->source->context, !set_kind_has_images(kind)));
    w->is_in_session = true;
    if (set_kind_has_images(kind))
        TRY(copy_databases(w));
    TRY(copy_logs(w));
    TRY(write_manifest(w));
    if (truncates)
        TRY(w->source->truncate(w->source->context));
    w->is_in_session = false;
    TRY(w->source->end(w->source->context, JET_bitBackupEndNormal));
done:
    if (err < 0 && w->is_in_session)
        (void)w->source->end(w->source->context, JET_bitBackupEndAbort);
    return err;
}

static JET_ERR open_writer(struct writer *w)
{
    JET_ERR err = JET_errSuccess;
    for (unsigned i = 0; i < BUFFERS; i++) {
        w->buffers[i] = (uint8_t *)mem_alloc_aligned(BUFFER_ALIGNMENT, READ_BYTES);
        if (w->buffers[i] == NULL)
            RAISE(JET_errOutOfMemory);
    }
    TRY(hash_thread_open(&w->hasher));
    w->config->output->hasher = w->hasher;
done:
    return err;
}

static void close_writer(struct writer *w)
{
    w->config->output->hasher = NULL;
    hash_thread_close(w->hasher);
    for (unsigned i = 0; i < BUFFERS; i++)
        mem_free(w->buffers[i]);
}

JET_ERR set_write(const struct set_write_config *config, struct set_write_result *result)
{
    unsigned milliseconds;
    struct writer w = {.config = config, .result = result, .source = config->source, .began_ns = clock_monotonic_ns()};
    *result = (struct set_write_result){.manifest.kind = config->kind};
    clock_now(&result->manifest.begun, &milliseconds);
    JET_ERR err = open_writer(&w);
    if (err >= 0)
        err = run(&w);
    if (err < 0 && result->is_complete)
        (void)explain(&w, err, "the set is complete, but the source could not end the backup");
    else if (err == JET_errBackupAbortByCaller)
        (void)explain(&w, err, "interrupted");
    else if (err < 0 && result->why[0] == 0)
        (void)explain(&w, err, "backup failed");
    close_writer(&w);
    return err;
}

void set_write_release(struct set_write_result *result) { manifest_release(&result->manifest); }
