/* A damaged database file as pages (repair_internal.h).
 *
 * Every page is read once, in order, and judged alone: its checksum (a single wrong bit is mended), its structure, its number. What is kept of it is its state, and of leaves the object
 * id; leaves are then listed by object id, so that those of one tree are found even when nothing leads to them. A good page is read again, and its structure checked again, whenever
 * it is wanted: the file is somebody else's. */
#include <stdlib.h>

#include "base/memory.h"
#include "database/database.h"
#include "engine/repair_internal.h"

enum { PAGES_TRIED = 256, FORMAT_WITH_LID64 = 110, FORMAT_WITH_LID64_MINOR = 240, FORMAT_WITH_RESERVED_TAGS = 290, FORMAT_WITH_RESERVED_TAGS_MINOR = 600, TAG_STATE_RESERVED = 0x7000 };

/* --- the header, or a guess --- */

static JET_ERR count_good_pages(struct os_file *file, uint64_t file_size, uint32_t page_size, uint8_t *bytes, uint32_t *good)
{
    JET_ERR err = JET_errSuccess;
    uint64_t pages = file_size / page_size;
    *good = 0;
    if (pages <= DB_HEADER_PAGES)
        goto done;
    pages -= DB_HEADER_PAGES;
    uint64_t step = pages / PAGES_TRIED + 1;
    for (uint64_t page_no = 1; page_no <= pages && page_no <= PAGE_NO_MAX; page_no += step) {
        if (os_file_read(file, page_file_offset((page_no_t)page_no, page_size), bytes, page_size) < 0)
            continue;
        enum checksum_verdict verdict = checksum_verify_page(bytes, page_size, (uint32_t)page_no, false).verdict;
        *good += verdict == CHECKSUM_OK;
    }
done:
    return err;
}

/* The size whose pages verify. Smaller pages than the true ones never do, since sums cover whole pages. */
static JET_ERR guess_page_size(struct os_file *file, uint32_t *page_size)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    uint32_t most = 0;
    uint8_t *bytes = mem_alloc(PAGE_SIZE_MAX);
    *page_size = 0;
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_info(file, &info));
    for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
        uint32_t good;
        TRY(count_good_pages(file, info.size, size, bytes, &good));
        if (good > most) {
            most = good;
            *page_size = size;
        }
    }
    if (most == 0)
        RAISE(JET_errDatabaseCorrupted);
done:
    mem_free(bytes);
    return err;
}

/* Of a database whose header is lost: what every version since Windows 8 reads. The scan raises the format where pages show that it was a later one. */
static struct db_header unknown_header(uint32_t page_size)
{
    return (struct db_header){.version_major = DB_VERSION_MAJOR, .update_major = DB_UPDATE_MAJOR_BASE, .created_version_major = DB_VERSION_MAJOR, .created_update_major = DB_UPDATE_MAJOR_BASE,
                              .sort_version = DB_SORT_VERSION_LOCALES, .page_size = page_size, .file_type = FILE_TYPE_DATABASE};
}

/* Is it the header that is damaged, and not the file that cannot be read? */
static bool is_header_damage(JET_ERR err) { return err == JET_errDatabaseCorrupted || err == JET_errDiskIO || err == JET_errFileIOBeyondEOF; }

static JET_ERR find_page_size(struct os_fs *fs, const char *path, struct os_file *file, struct repair_file *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size;
    bool used_shadow;
    err = database_read_header(fs, path, &out->header, &size, &used_shadow, NULL);
    if (err >= 0) {
        TRY(database_check_format(&out->header));
        out->has_header = true;
        out->page_size = size;
        goto done;
    }
    if (!is_header_damage(err))
        goto done;
    TRY(guess_page_size(file, &out->page_size));
    out->header = unknown_header(out->page_size);
done:
    return err;
}

JET_ERR repair_page_size(struct os_fs *fs, const char *path, uint32_t *page_size)
{
    JET_ERR err = JET_errSuccess;
    struct repair_file f = {.file = NULL};
    TRY(os_file_open(fs, path, OS_OPEN_READ, &f.file));
    TRY(find_page_size(fs, path, f.file, &f));
done:
    *page_size = f.page_size;
    os_file_close(f.file);
    return err;
}

JET_ERR repair_file_open(struct os_fs *fs, const char *path, uint32_t page_size, struct repair_file *out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    *out = (struct repair_file){.file = NULL};
    TRY(os_file_open(fs, path, OS_OPEN_READ | OS_OPEN_LOCK_SHARED, &out->file));
    TRY(find_page_size(fs, path, out->file, out));
    if (page_size != 0 && out->page_size != page_size)
        RAISE(JET_errPageSizeMismatch);
    TRY(os_file_info(out->file, &info));
    uint64_t pages = info.size / out->page_size;
    if (pages <= DB_HEADER_PAGES || pages - DB_HEADER_PAGES > PAGE_NO_MAX)
        RAISE(pages <= DB_HEADER_PAGES ? JET_errFileIOBeyondEOF : JET_errDatabaseCorrupted);
    out->last_page = (page_no_t)(pages - DB_HEADER_PAGES);
    out->states = mem_alloc_array(out->last_page, sizeof *out->states);
    out->visited = mem_alloc(out->last_page / 8 + 1);
    out->leads = mem_alloc(out->last_page / 8 + 1);
    out->objids = mem_alloc_array(out->last_page, sizeof *out->objids);
    out->leaves = mem_alloc_array(out->last_page, sizeof *out->leaves);
    if (out->states == NULL || out->visited == NULL || out->leads == NULL || out->objids == NULL || out->leaves == NULL)
        RAISE(JET_errOutOfMemory);
done:
    return err;
}

void repair_file_close(struct repair_file *f)
{
    mem_free(f->states);
    mem_free(f->visited);
    mem_free(f->leads);
    mem_free(f->objids);
    mem_free(f->leaves);
    os_file_close(f->file);
    *f = (struct repair_file){.file = NULL};
}

/* --- the scan --- */

static enum repair_page_state judge(const struct repair_file *f, page_no_t page_no, uint8_t *bytes)
{
    const char *why;
    if (os_file_read(f->file, page_file_offset(page_no, f->page_size), bytes, f->page_size) < 0)
        return REPAIR_PAGE_UNREADABLE;
    enum checksum_verdict verdict = checksum_verify_page(bytes, f->page_size, page_no, true).verdict;
    if (verdict == CHECKSUM_ZERO)
        return REPAIR_PAGE_BLANK;
    bool holds = page_check(bytes, f->page_size, page_no, &why) >= 0;
    if (verdict == CHECKSUM_BAD)
        return holds && f->trust_bad_checksums ? REPAIR_PAGE_TRUSTED : REPAIR_PAGE_BAD_SUM;
    if (holds)
        return REPAIR_PAGE_GOOD;
    return (load_le32(bytes + 36) & PAGE_FLAG_PREINITIALIZED) != 0 ? REPAIR_PAGE_BLANK : REPAIR_PAGE_BAD_STRUCTURE;
}

/* Signs of formats later than the one that is assumed of a file without header: new records are made as the format says, so it must not be older than what is there. */
static void note_format(struct repair_file *f, const struct page_view *p)
{
    uint32_t update_major = 0, update_minor = 0;
    if (f->has_header)
        return;
    if ((load_le16(p->bytes + PAGE_TAG_STATE_OFFSET) & TAG_STATE_RESERVED) != 0) {
        update_major = FORMAT_WITH_RESERVED_TAGS;
        update_minor = FORMAT_WITH_RESERVED_TAGS_MINOR;
    } else if ((page_flags(p) & PAGE_FLAG_LONG_VALUE) != 0 && page_is_leaf(p) && (page_flags(p) & PAGE_FLAG_SPACE_TREE) == 0 && page_node_count(p) > 0) {
        struct node n = page_node(p, 0);
        uint8_t first = n.prefix.size > 0 ? n.prefix.data[0] : n.suffix.size > 0 ? n.suffix.data[0] : 0;
        if ((first & 0x80) != 0) { /* a 64-bit id */
            update_major = FORMAT_WITH_LID64;
            update_minor = FORMAT_WITH_LID64_MINOR;
        }
    }
    if (update_major > f->header.update_major) {
        f->header.update_major = update_major;
        f->header.update_minor = update_minor;
    }
}

static void note_page(struct repair_file *f, page_no_t page_no, const uint8_t *bytes)
{
    struct page_view p;
    const char *why;
    enum { NO_LEAF_OF_ROWS = PAGE_FLAG_SPACE_TREE | PAGE_FLAG_EMPTY };
    if (page_view_init(&p, bytes, f->page_size, page_no, &why) < 0)
        return;
    note_format(f, &p);
    if (page_objid(&p) > f->objid_last)
        f->objid_last = page_objid(&p);
    if (!page_is_leaf(&p) || (page_flags(&p) & NO_LEAF_OF_ROWS) != 0 || page_node_count(&p) == 0)
        return;
    f->objids[page_no - 1] = page_objid(&p);
    f->leaves[f->leaf_count++] = page_no;
}

static int compare_leaves(const void *a, const void *b, void *context)
{
    const uint32_t *objids = context;
    page_no_t x = *(const page_no_t *)a, y = *(const page_no_t *)b;
    uint32_t of_x = objids[x - 1], of_y = objids[y - 1];
    return of_x != of_y ? (of_x < of_y ? -1 : 1) : (x > y) - (x < y);
}

JET_ERR repair_file_scan(struct repair_file *f, JET_ERR (*progress)(void *context, page_no_t done), void *context)
{
    JET_ERR err = JET_errSuccess;
    enum { PROGRESS_PAGES = 1024 };
    uint8_t *bytes = mem_alloc(f->page_size);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    for (page_no_t page_no = 1; page_no <= f->last_page; page_no++) {
        enum repair_page_state state = judge(f, page_no, bytes);
        f->states[page_no - 1] = (uint8_t)state;
        if (state == REPAIR_PAGE_GOOD || state == REPAIR_PAGE_TRUSTED)
            note_page(f, page_no, bytes);
        if (progress != NULL && page_no % PROGRESS_PAGES == 0)
            TRY(progress(context, page_no));
    }
    if (f->leaf_count > 0)
        qsort_r(f->leaves, f->leaf_count, sizeof *f->leaves, compare_leaves, f->objids);
done:
    mem_free(bytes);
    return err;
}

uint32_t repair_file_leaves_of(const struct repair_file *f, uint32_t objid, uint32_t *first)
{
    uint32_t low = 0, high = f->leaf_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (f->objids[f->leaves[middle] - 1] < objid)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (high < f->leaf_count && f->objids[f->leaves[high] - 1] == objid)
        high++;
    return high - low;
}

/* --- one page --- */

JET_ERR repair_file_read(const struct repair_file *f, page_no_t page_no, uint8_t *bytes, struct page_view *view)
{
    JET_ERR err = JET_errSuccess;
    const char *why;
    if (page_no == 0 || page_no > f->last_page)
        return JET_errFileIOBeyondEOF;
    switch ((enum repair_page_state)f->states[page_no - 1]) {
    case REPAIR_PAGE_BLANK: return JET_errPageNotInitialized;
    case REPAIR_PAGE_BAD_SUM: return JET_errReadVerifyFailure;
    case REPAIR_PAGE_BAD_STRUCTURE: return JET_errDatabaseCorrupted;
    case REPAIR_PAGE_UNREADABLE: return JET_errDiskIO;
    case REPAIR_PAGE_GOOD:
    case REPAIR_PAGE_TRUSTED: break;
    }
    TRY(os_file_read(f->file, page_file_offset(page_no, f->page_size), bytes, f->page_size));
    if (f->states[page_no - 1] == REPAIR_PAGE_GOOD && checksum_verify_page(bytes, f->page_size, page_no, true).verdict == CHECKSUM_BAD)
        RAISE(JET_errReadVerifyFailure); /* changed since */
    TRY(page_view_init(view, bytes, f->page_size, page_no, &why));
done:
    return err;
}

void repair_file_count_rows(const struct repair_file *f, uint32_t objid, uint32_t *pages, uint64_t *rows)
{
    enum { NOT_ROWS = PAGE_FLAG_SPACE_TREE | PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE };
    struct page_view p;
    uint8_t *bytes = mem_alloc(f->page_size);
    uint32_t first, count = repair_file_leaves_of(f, objid, &first);
    *pages = 0;
    *rows = 0;
    for (uint32_t i = first; bytes != NULL && i < first + count; i++) {
        if (repair_file_read(f, f->leaves[i], bytes, &p) < 0 || (page_flags(&p) & NOT_ROWS) != 0)
            continue;
        ++*pages;
        for (uint32_t line = 0; line < page_node_count(&p); line++)
            *rows += (page_node(&p, line).flags & NODE_FLAG_DELETED) == 0;
    }
    mem_free(bytes);
}
