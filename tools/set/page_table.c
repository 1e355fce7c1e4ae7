/* Page tables (page_table.h). */
#include "set/page_table.h"

#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "os/file.h"

static const char MAGIC[8] = {'E', 'S', 'E', 'P', 'A', 'G', 'E', 'S'};
enum { BUFFER_ENTRIES = 4096 };

struct page_table_reader {
    struct os_file *file;
    uint32_t page_count;
    uint64_t next; /* index of the next entry */
    uint32_t buffered, taken;
    JET_ERR error;
    uint8_t buffer[BUFFER_ENTRIES * PAGE_TABLE_ENTRY];
};

void page_table_header(uint32_t page_size, uint32_t page_count, uint8_t *out)
{
    memset(out, 0, PAGE_TABLE_HEADER);
    memcpy(out, MAGIC, sizeof MAGIC);
    store_le32(out + 8, PAGE_TABLE_VERSION);
    store_le32(out + 12, page_size);
    store_le32(out + 16, page_count);
}

static JET_ERR check_hash(struct page_table_reader *t, uint64_t size)
{
    JET_ERR err = JET_errSuccess;
    struct sha256 hash;
    uint8_t found[SHA256_SIZE], stored[SHA256_SIZE];
    sha256_init(&hash);
    for (uint64_t at = 0; at < size - SHA256_SIZE;) {
        uint64_t left = size - SHA256_SIZE - at;
        size_t piece = left < sizeof t->buffer ? (size_t)left : sizeof t->buffer;
        TRY(os_file_read(t->file, at, t->buffer, piece));
        sha256_add(&hash, t->buffer, piece);
        at += piece;
    }
    sha256_finish(&hash, found);
    TRY(os_file_read(t->file, size - SHA256_SIZE, stored, SHA256_SIZE));
    if (memcmp(found, stored, SHA256_SIZE) != 0)
        RAISE(JET_errDatabaseCorrupted);
done:
    return err;
}

JET_ERR page_table_open(const char *path, uint32_t page_size, struct page_table_reader **out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    uint8_t expected[PAGE_TABLE_HEADER];
    struct page_table_reader *t = (struct page_table_reader *)mem_alloc(sizeof *t);
    *out = NULL;
    if (t == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(os_fs_posix(), path, OS_OPEN_READ | OS_OPEN_NO_FOLLOW, &t->file));
    TRY(os_file_info(t->file, &info));
    if (info.is_directory || info.size < page_table_size(0))
        RAISE(JET_errDatabaseCorrupted);
    TRY(os_file_read(t->file, 0, t->buffer, PAGE_TABLE_HEADER));
    t->page_count = load_le32(t->buffer + 16);
    page_table_header(page_size, t->page_count, expected);
    if (memcmp(t->buffer, expected, PAGE_TABLE_HEADER) != 0 || info.size != page_table_size(t->page_count))
        RAISE(JET_errDatabaseCorrupted);
    TRY(check_hash(t, info.size));
    *out = t;
    t = NULL;
done:
    page_table_close(t);
    return err;
}

uint32_t page_table_count(const struct page_table_reader *t) { return t->page_count; }

const uint8_t *page_table_next(struct page_table_reader *t)
{
    if (t->taken == t->buffered) {
        uint64_t left = t->page_count - t->next;
        uint32_t piece = left < BUFFER_ENTRIES ? (uint32_t)left : BUFFER_ENTRIES;
        if (piece == 0 || t->error < 0)
            return NULL;
        t->error = os_file_read(t->file, PAGE_TABLE_HEADER + t->next * PAGE_TABLE_ENTRY, t->buffer, (size_t)piece * PAGE_TABLE_ENTRY);
        if (t->error < 0)
            return NULL;
        t->next += piece;
        t->buffered = piece;
        t->taken = 0;
    }
    return t->buffer + (size_t)t->taken++ * PAGE_TABLE_ENTRY;
}

JET_ERR page_table_error(const struct page_table_reader *t) { return t->error; }

void page_table_close(struct page_table_reader *t)
{
    if (t == NULL)
        return;
    os_file_close(t->file);
    mem_free(t);
}
