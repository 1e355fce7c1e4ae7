/* The contents of one file of a set, as they pass (check.h): database copies, deltas, logs. */
#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"
#include "format/checksum.h"
#include "format/page.h"
#include "set/check_internal.h"
#include "set/page_table.h"

enum { PAGE_SIZE_SMALLEST = 4096, PAGE_SIZE_LARGEST = 32768, HEAD_BYTES = 2 * PAGE_SIZE_LARGEST, LOG_BYTES_MAX = 65535 * LOG_SEGMENT_SIZE };

static void tell(struct set_checker *c, bool is_error, const char *file, uint32_t page, JET_ERR error, const char *format, va_list arguments)
{
    char text[600];
    vsnprintf(text, sizeof text, format, arguments);
    struct set_finding finding = {is_error, c->label != NULL ? c->label : "", file, page, error, text};
    c->totals.errors += is_error;
    c->finding(c->context, &finding);
}

void set_checker_report(struct set_checker *c, const char *file, uint32_t page, JET_ERR error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(c, true, file, page, error, format, arguments);
    va_end(arguments);
}

void check_note(struct set_checker *c, const char *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(c, false, file, 0, JET_errSuccess, format, arguments);
    va_end(arguments);
}

JET_ERR check_table_add(struct check_table *t, const uint8_t *entry)
{
    if (t->count == t->room) {
        if (t->room > UINT32_MAX / 2)
            return JET_errOutOfMemory;
        uint32_t room = t->room != 0 ? 2 * t->room : 1024;
        uint8_t *grown = (uint8_t *)mem_resize(t->entries, (size_t)room * PAGE_TABLE_ENTRY);
        if (grown == NULL)
            return JET_errOutOfMemory;
        t->entries = grown;
        t->room = room;
    }
    memcpy(t->entries + (size_t)t->count++ * PAGE_TABLE_ENTRY, entry, PAGE_TABLE_ENTRY);
    return JET_errSuccess;
}

void check_file_release(struct check_file *f)
{
    mem_free(f->name);
    mem_free(f->table.entries);
    mem_free(f->page_numbers);
    *f = (struct check_file){.name = NULL};
}

/* The buffer keeps what has to be seen whole. Grows with what really comes, not with what is announced. */
static JET_ERR collect(struct set_checker *c, const uint8_t *bytes, size_t size)
{
    if (c->room - c->have < size) {
        size_t room = c->room != 0 ? c->room : HEAD_BYTES;
        while (room - c->have < size)
            room *= 2;
        uint8_t *grown = (uint8_t *)mem_alloc_aligned(LOG_SEGMENT_SIZE, room);
        if (grown == NULL)
            return JET_errOutOfMemory;
        if (c->have > 0)
            memcpy(grown, c->buffer, c->have);
        mem_free(c->buffer);
        c->buffer = grown;
        c->room = room;
    }
    memcpy(c->buffer + c->have, bytes, size);
    c->have += size;
    return JET_errSuccess;
}

/* --- pages --- */

static void check_page(struct set_checker *c, uint8_t *page, uint32_t page_size, uint32_t page_no)
{
    struct page_view view;
    const char *why = NULL;
    struct checksum_result result = checksum_verify_page(page, page_size, page_no, false);
    c->totals.pages++;
    if (result.verdict == CHECKSUM_ZERO)
        return;
    if (result.verdict == CHECKSUM_REPAIRED) {
        set_checker_report(c, c->file->name, page_no, JET_errReadVerifyFailure, "one wrong bit (%u)", result.repaired_bit);
        return;
    }
    if (result.verdict == CHECKSUM_BAD) {
        bool is_other = result.is_old_format && (uint32_t)result.expected == (uint32_t)result.stored;
        set_checker_report(c, c->file->name, page_no, is_other ? JET_errReadPgnoVerifyFailure : JET_errReadVerifyFailure,
                           is_other ? "carries another page number" : "wrong checksum, or a page of another number");
        return;
    }
    JET_ERR err = page_view_init(&view, page, page_size, page_no, &why);
    if (err < 0 && err != JET_errPageNotInitialized)
        set_checker_report(c, c->file->name, page_no, err, "%s", why != NULL ? why : "malformed page");
}

/* One of the two header pages. */
static void take_header(struct set_checker *c, const uint8_t *page, unsigned which)
{
    struct check_file *f = c->file;
    struct db_header header;
    if (!db_header_is_valid(page, f->page_size) || db_header_decode(page, f->page_size, &header) < 0) {
        set_checker_report(c, f->name, 0, JET_errReadVerifyFailure, "header copy %u is damaged", which + 1);
        return;
    }
    if (f->has_header && memcmp(&header, &f->header, sizeof header) != 0)
        set_checker_report(c, f->name, 0, JET_errDatabaseCorrupted, "the two header copies differ");
    f->header = header;
    f->has_header = true;
}

static void take_trailer(struct set_checker *c, const uint8_t *page)
{
    struct check_file *f = c->file;
    f->has_trailer = patch_header_decode(page, f->page_size, &f->trailer) >= 0;
    if (!f->has_trailer)
        set_checker_report(c, f->name, 0, JET_errBadPatchPage, "the trailer is damaged: the copy is not complete");
}

/* --- copies --- */

/* Page size by the primary header, or by the shadow when that is damaged. */
static uint32_t find_page_size(const uint8_t *bytes, size_t size)
{
    for (uint32_t page_size = PAGE_SIZE_SMALLEST; page_size <= PAGE_SIZE_LARGEST && page_size <= size; page_size *= 2)
        if (db_header_is_valid(bytes, page_size) || (2 * (size_t)page_size <= size && db_header_is_valid(bytes + page_size, page_size)))
            return page_size;
    return 0;
}

/* Page `index` of the stream: headers, data pages, trailer. */
static JET_ERR take_copy_page(struct set_checker *c, uint8_t *page, uint64_t index)
{
    struct check_file *f = c->file;
    uint64_t last = c->announced / f->page_size - 1;
    if (index < 2) {
        take_header(c, page, (unsigned)index);
    } else if (index < last) {
        check_page(c, page, f->page_size, (uint32_t)index - 1);
        return check_table_add(&f->table, page_table_entry(page));
    } else if (index == last) {
        take_trailer(c, page);
    }
    return JET_errSuccess;
}

/* Takes the whole pages of the buffer; `first` is the stream's page it begins with. */
static JET_ERR take_copy_pages(struct set_checker *c, uint64_t first)
{
    JET_ERR err = JET_errSuccess;
    uint32_t page_size = c->file->page_size;
    size_t used = 0;
    for (; c->have - used >= page_size; used += page_size)
        TRY(take_copy_page(c, c->buffer + used, first++));
    memmove(c->buffer, c->buffer + used, c->have - used);
    c->have -= used;
done:
    return err;
}

/* With enough of the file in the buffer to know what it is. */
static void recognise_copy(struct set_checker *c)
{
    struct check_file *f = c->file;
    f->page_size = find_page_size(c->buffer, c->have);
    if (f->page_size == 0) {
        c->is_given_up = true; /* no copy, or both headers are gone: judged at the end of the set */
        return;
    }
    f->kind = CHECK_COPY;
    if (c->announced % f->page_size != 0 || c->announced < 3ull * f->page_size || c->announced / f->page_size > UINT32_MAX) {
        set_checker_report(c, f->name, 0, JET_errBadPatchPage, "its size is not that of a copy: cut off");
        c->is_given_up = true;
        return;
    }
    f->page_count = (uint32_t)(c->announced / f->page_size - 3);
}

static JET_ERR copy_data(struct set_checker *c, const uint8_t *bytes, size_t size)
{
    JET_ERR err = JET_errSuccess;
    uint64_t at = c->at; /* of bytes */
    while (size > 0 && !c->is_given_up) {
        bool is_head = c->file->page_size == 0;
        size_t piece = is_head ? HEAD_BYTES - c->have : 32 * (size_t)PAGE_SIZE_LARGEST;
        piece = piece < size ? piece : size;
        TRY(collect(c, bytes, piece));
        bytes += piece;
        size -= piece;
        at += piece;
        if (is_head && (c->have >= HEAD_BYTES || at == c->announced))
            recognise_copy(c);
        if (c->file->page_size != 0 && !c->is_given_up)
            TRY(take_copy_pages(c, (at - c->have) / c->file->page_size));
    }
done:
    return err;
}

/* --- deltas --- */

static JET_ERR take_delta_part(void *context, struct delta_parser *parser, enum delta_part part, uint32_t page_no, const uint8_t *bytes)
{
    struct set_checker *c = (struct set_checker *)context;
    struct check_file *f = c->file;
    if (part == DELTA_PART_TRAILER) {
        take_trailer(c, bytes);
        return JET_errSuccess;
    }
    if (part == DELTA_PART_HEADERS) {
        f->page_count = parser->page_count;
        memcpy(f->base_sha256, parser->base_sha256, SHA256_SIZE);
        take_header(c, bytes, 0);
        take_header(c, bytes + f->page_size, 1);
        return JET_errSuccess;
    }
    memcpy(c->buffer, bytes, f->page_size);
    check_page(c, c->buffer, f->page_size, page_no);
    uint32_t room = f->table.room;
    JET_ERR err = check_table_add(&f->table, page_table_entry(bytes));
    if (err < 0)
        return err;
    if (room != f->table.room) {
        uint32_t *grown = (uint32_t *)mem_resize(f->page_numbers, f->table.room * sizeof *grown);
        if (grown == NULL)
            return JET_errOutOfMemory;
        f->page_numbers = grown;
    }
    f->page_numbers[f->table.count - 1] = page_no;
    return JET_errSuccess;
}

/* The first bytes tell the page size, and with it what the parser expects. */
static JET_ERR begin_delta(struct set_checker *c)
{
    JET_ERR err = JET_errSuccess;
    uint32_t page_size = load_le32(c->buffer + 12);
    uint8_t head[DELTA_HEADER];
    static const uint8_t ROOM[PAGE_SIZE_LARGEST];
    if (page_size < PAGE_SIZE_SMALLEST || page_size > PAGE_SIZE_LARGEST || (page_size & (page_size - 1)) != 0) {
        set_checker_report(c, c->file->name, 0, JET_errDatabaseCorrupted, "not a delta");
        c->is_given_up = true;
        return JET_errSuccess;
    }
    c->file->page_size = page_size;
    memcpy(head, c->buffer, sizeof head);
    c->have = 0;
    TRY(collect(c, ROOM, sizeof ROOM)); /* the buffer takes pages from here on */
    TRY(delta_parser_begin(&c->delta, page_size, take_delta_part, c));
    c->has_delta = true;
    err = delta_parser_add(&c->delta, head, sizeof head);
done:
    return err;
}

static JET_ERR delta_data(struct set_checker *c, const uint8_t *bytes, size_t size)
{
    JET_ERR err = JET_errSuccess;
    if (!c->has_delta) {
        size_t piece = DELTA_HEADER - c->have < size ? DELTA_HEADER - c->have : size;
        TRY(collect(c, bytes, piece));
        bytes += piece;
        size -= piece;
        if (c->have == DELTA_HEADER)
            err = begin_delta(c);
    }
    if (err >= 0 && c->has_delta && size > 0)
        err = delta_parser_add(&c->delta, bytes, size);
done:
    if (err < 0 && err != JET_errOutOfMemory) {
        set_checker_report(c, c->file->name, 0, err, "the delta is damaged");
        c->is_given_up = true;
        err = JET_errSuccess;
    }
    return err;
}

/* --- logs --- */

static void check_segments(struct set_checker *c, const struct log_header *header)
{
    struct log_scan scan;
    struct check_file *f = c->file;
    log_segments_scan(c->buffer, header->file_sectors, header->generation, &scan);
    c->totals.segments += scan.last_segment;
    f->log.checksum_all = scan.checksum_all;
    if (scan.error < 0)
        set_checker_report(c, f->name, 0, scan.error, "segment %u is damaged", scan.error_segment);
    if (scan.repaired_bits != 0)
        check_note(c, f->name, "%u segment(s) with one wrong bit, which a restore corrects", scan.repaired_bits);
    if (scan.restored_segment != 0)
        check_note(c, f->name, "segment %u is taken from its shadow", scan.restored_segment);
    if (scan.discard_from != 0)
        check_note(c, f->name, "what follows segment %u was never acknowledged", scan.discard_from - 1);
}

static void check_log(struct set_checker *c)
{
    struct check_file *f = c->file;
    struct log_header header;
    char base[4];
    JET_ERR err = c->have < LOG_SEGMENT_SIZE ? JET_errFileIOBeyondEOF : log_header_check(c->buffer, c->announced);
    if (err < 0) {
        set_checker_report(c, f->name, 0, err, "the header of the log is not good");
        return;
    }
    log_header_decode(c->buffer, &header);
    if (header.generation != set_log_name(f->name, base))
        set_checker_report(c, f->name, 0, JET_errLogGenerationMismatch, "holds generation %u", header.generation);
    f->log = (struct check_log){.is_readable = true,
                                .generation = header.generation,
                                .page_size = header.page_size,
                                .sectors = header.file_sectors,
                                .signature = header.log_signature,
                                .created = header.created,
                                .previous_created = header.previous_created,
                                .checksum_previous = header.checksum_previous,
                                .checks_previous = header.version.update_minor >= LOG_MINOR_CHECKS_PREVIOUS};
    check_segments(c, &header); /* the header check has compared its number of sectors with the size */
}

/* --- any file --- */

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static enum check_kind kind_by_name(const char *name)
{
    char base[4];
    return strcmp(name, MANIFEST_NAME) == 0           ? CHECK_MANIFEST
           : strcmp(name, MANIFEST_JOURNAL_NAME) == 0 ? CHECK_JOURNAL
           : ends_with(name, ".pages")                ? CHECK_TABLE
           : ends_with(name, ".delta")                ? CHECK_DELTA
           : set_log_name(name, base) != 0            ? CHECK_LOG
                                                      : CHECK_OTHER;
}

JET_ERR set_checker_begin_file(void *checker, const char *name, uint64_t size)
{
    struct set_checker *c = (struct set_checker *)checker;
    if ((c->file_count & (c->file_count - 1)) == 0) { /* room for a power of two */
        struct check_file *grown = (struct check_file *)mem_resize(c->files, (c->file_count != 0 ? 2 * c->file_count : 1) * sizeof *grown);
        if (grown == NULL)
            return JET_errOutOfMemory;
        c->files = grown;
    }
    c->file = &c->files[c->file_count];
    *c->file = (struct check_file){.name = mem_strdup(name), .kind = kind_by_name(name), .size = size};
    if (c->file->name == NULL)
        return JET_errOutOfMemory;
    c->file_count++;
    c->at = 0;
    c->announced = size;
    c->have = 0;
    c->is_given_up = false;
    uint64_t most = c->file->kind == CHECK_LOG ? LOG_BYTES_MAX : c->file->kind == CHECK_MANIFEST ? MANIFEST_BYTES_MAX : UINT64_MAX;
    if (size > most) {
        set_checker_report(c, name, 0, JET_errInvalidParameter, "is too long");
        c->is_given_up = true;
    }
    sha256_init(&c->hash);
    return JET_errSuccess;
}

JET_ERR set_checker_data(void *checker, const uint8_t *bytes, size_t size)
{
    struct set_checker *c = (struct set_checker *)checker;
    JET_ERR err = JET_errSuccess;
    sha256_add(&c->hash, bytes, size);
    if (!c->is_given_up)
        switch (c->file->kind) {
        case CHECK_OTHER:
        case CHECK_COPY: err = copy_data(c, bytes, size); break;
        case CHECK_DELTA: err = delta_data(c, bytes, size); break;
        case CHECK_LOG:
        case CHECK_MANIFEST: err = collect(c, bytes, size); break;
        default: break; /* only the hash */
        }
    c->at += size;
    return err;
}

JET_ERR set_checker_end_file(void *checker)
{
    struct set_checker *c = (struct set_checker *)checker;
    struct check_file *f = c->file;
    sha256_finish(&c->hash, f->sha256);
    c->totals.files++;
    c->totals.bytes += c->at;
    if (f->kind == CHECK_LOG && !c->is_given_up)
        check_log(c);
    if (f->kind == CHECK_DELTA && !c->is_given_up && (!c->has_delta || delta_parser_end(&c->delta) < 0))
        set_checker_report(c, f->name, 0, JET_errFileIOBeyondEOF, "the delta is cut off");
    if (f->kind == CHECK_MANIFEST && !c->is_given_up) {
        mem_free(c->manifest_text);
        c->manifest_text = (char *)mem_copy(c->buffer != NULL ? (const char *)c->buffer : "", c->have);
        c->manifest_size = c->have;
        if (c->manifest_text == NULL)
            return JET_errOutOfMemory;
    }
    delta_parser_release(&c->delta);
    c->has_delta = false;
    c->file = NULL;
    return JET_errSuccess;
}
