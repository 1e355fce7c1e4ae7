/* A folder of logs, database and checkpoint from anywhere, recovered in memory: no input may crash, hang, leak or take memory without bound.
 *
 * The input is a folder with the empty parts left out (fuzz/pack_replay.py makes it of a real one):
 *
 *   input := options(1) page size(1: 0 2 KiB .. 4 32 KiB) sectors of a log file(1) chunk*
 *   chunk := kind(1) file(1) number(2) head size(2) tail size(2) head tail        all little-endian
 *     kind 0: sector `number` of the log of generation `file` (0: the current log), 1: page `number` of the database, counted from the start of the file,
 *     2: copy `number` of the checkpoint, 3: the file name of the database (head)
 *   A block begins with head, ends with tail, and is zero between.
 *
 * Checksums are made right, as the fuzzer does not find them, unless the options say otherwise. A replay that succeeds leaves a stream in
 * which nothing is to be done. $FUZZ_PRINT prints the results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "format/checksum.h"
#include "format/log_segment.h"
#include "memory_fs.h"
#include "recovery/recovery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHUNK_HEADER = 8, SECTORS_MAX = 64, PAGES_MAX = 512, BYTES_MAX = 48 << 20, CACHE_FRAMES = 64 };
enum { CHUNK_LOG, CHUNK_PAGE, CHUNK_CHECKPOINT, CHUNK_NAME };
enum { OPTION_WITHOUT_UNDO = 1, OPTION_LOST_LOGS = 2, OPTION_NO_CHECKPOINT = 4, OPTION_NO_DATABASE = 8, OPTION_MISSING_DATABASES = 16, OPTION_BAD_CHECKSUMS = 32, OPTION_KEEP_ATTACHED = 64,
       OPTION_ROOMY_CACHE = 128 };
#define DATABASE "data.edb"

struct folder {
    struct memory_fs fs;
    uint32_t page_size, sectors;
    char database[MEMORY_FS_NAME];
    bool has_generation[256];
};

static void log_name(unsigned generation, char *name)
{
    if (generation == 0)
        snprintf(name, MEMORY_FS_NAME, "edb.log");
    else
        snprintf(name, MEMORY_FS_NAME, "edb%05X.log", generation);
}

static void place(struct folder *f, const char *name, uint64_t at, uint32_t block, const uint8_t *bytes, uint32_t head, uint32_t tail)
{
    struct memory_file *file = memory_fs_make(&f->fs, name, at + block);
    if (file == NULL || head > block || tail > block - head)
        return;
    memset(file->bytes + at, 0, block);
    memcpy(file->bytes + at, bytes, head);
    memcpy(file->bytes + at + block - tail, bytes + head, tail);
}

static void take_name(struct folder *f, const uint8_t *bytes, uint32_t size)
{
    if (size == 0 || size >= MEMORY_FS_NAME)
        return;
    for (uint32_t i = 0; i < size; i++)
        if (bytes[i] <= ' ' || bytes[i] > '~' || bytes[i] == '/' || bytes[i] == '\\')
            return;
    memcpy(f->database, bytes, size);
    f->database[size] = 0;
}

static void unpack(struct folder *f, const uint8_t *data, size_t size)
{
    char name[MEMORY_FS_NAME];
    while (size >= CHUNK_HEADER) {
        uint32_t kind = data[0], generation = data[1], number = load_le16(data + 2), head = load_le16(data + 4), tail = load_le16(data + 6);
        data += CHUNK_HEADER;
        size -= CHUNK_HEADER;
        if (head + tail > size)
            return;
        if (kind == CHUNK_LOG && number < f->sectors) {
            log_name(generation, name);
            f->has_generation[generation] |= memory_fs_make(&f->fs, name, (uint64_t)f->sectors * LOG_SEGMENT_SIZE) != NULL;
            place(f, name, (uint64_t)number * LOG_SEGMENT_SIZE, LOG_SEGMENT_SIZE, data, head, tail);
        } else if (kind == CHUNK_PAGE && number < PAGES_MAX) {
            place(f, f->database, (uint64_t)number * f->page_size, f->page_size, data, head, tail);
        } else if (kind == CHUNK_CHECKPOINT && number < 2) {
            place(f, "edb.chk", (uint64_t)number * LOG_SEGMENT_SIZE, LOG_SEGMENT_SIZE, data, head, tail);
        } else if (kind == CHUNK_NAME) {
            take_name(f, data, head);
        }
        data += head + tail;
        size -= head + tail;
    }
}

static void seal_header(uint8_t *block, uint32_t size) { store_le32(block, checksum_header(block, size)); }

static void seal_log(struct memory_file *file, uint32_t sectors, uint64_t *checksum_all)
{
    enum { CHECKSUM_PREVIOUS_AT = 653 };
    struct log_header header;
    struct log_scan scan;
    store_le64(file->bytes + CHECKSUM_PREVIOUS_AT, *checksum_all);
    seal_header(file->bytes, LOG_SEGMENT_SIZE);
    for (uint32_t i = 1; i < sectors; i++)
        if (!is_all_zero(file->bytes + (size_t)i * LOG_SEGMENT_SIZE, LOG_SEGMENT_SIZE))
            log_segment_seal(file->bytes + (size_t)i * LOG_SEGMENT_SIZE, i);
    log_header_decode(file->bytes, &header);
    log_segments_scan(file->bytes, sectors, header.generation, &scan);
    *checksum_all = scan.checksum_all;
}

static void seal(struct folder *f)
{
    char name[MEMORY_FS_NAME];
    uint64_t checksum_all = 0;
    for (unsigned g = 1; g <= 256; g++) { /* the current log comes last */
        if (!f->has_generation[g % 256])
            continue;
        log_name(g % 256, name);
        seal_log(memory_fs_make(&f->fs, name, 0), f->sectors, &checksum_all);
    }
    struct memory_file *database = memory_fs_make(&f->fs, f->database, 0), *checkpoint = memory_fs_make(&f->fs, "edb.chk", 0);
    for (uint32_t i = 0; database != NULL && (uint64_t)(i + 1) * f->page_size <= database->size; i++) {
        uint8_t *page = database->bytes + (size_t)i * f->page_size;
        if (i < 2)
            seal_header(page, f->page_size);
        else if (!is_all_zero(page, f->page_size))
            checksum_store_page(page, f->page_size, i - 1);
    }
    for (uint32_t i = 0; checkpoint != NULL && (uint64_t)(i + 1) * LOG_SEGMENT_SIZE <= checkpoint->size; i++)
        seal_header(checkpoint->bytes + (size_t)i * LOG_SEGMENT_SIZE, LOG_SEGMENT_SIZE);
}

static JET_ERR recover(struct folder *f, const struct recovery_config *config, bool *was_replayed)
{
    struct recovery_result result = {0};
    uint64_t live = memory_live_count();
    JET_ERR err = recovery_run(config, &result);
    if (err < 0 && result.log != NULL)
        abort();
    log_close(result.log);
    *was_replayed = result.was_replayed;
    if (memory_live_count() != live || f->fs.open_files != 0)
        abort();
    return err;
}

static void remove_file(struct folder *f, const char *name)
{
    if (os_remove(&f->fs.os, name) < 0)
        return; /* was not there */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct folder f;
    enum { HEADER = 3, SECTORS_MIN = 8 };
    bool was_replayed = false, again = false;
    if (size < HEADER || data[1] > 4)
        return 0;
    unsigned options = data[0];
    f = (struct folder){.page_size = 2048u << data[1], .sectors = data[2], .database = DATABASE};
    if (f.sectors < SECTORS_MIN || f.sectors > SECTORS_MAX)
        return 0;
    memory_fs_init(&f.fs, BYTES_MAX);
    unpack(&f, data + HEADER, size - HEADER);
    if ((options & OPTION_BAD_CHECKSUMS) == 0)
        seal(&f);
    if ((options & OPTION_NO_CHECKPOINT) != 0)
        remove_file(&f, "edb.chk");
    if ((options & OPTION_NO_DATABASE) != 0)
        remove_file(&f, f.database);
    struct recovery_config config = {
        .log = {.fs = &f.fs.os, .log_folder = "/m", .system_folder = "/m", .base_name = "edb", .is_legacy_names = true, .file_kib = f.sectors * 4, .page_size = f.page_size},
        .alternate_folder = "/m",
        .cache_bytes = (options & OPTION_ROOMY_CACHE) != 0 ? 0 : (uint64_t)CACHE_FRAMES * f.page_size,
        .options = {.without_undo = (options & OPTION_WITHOUT_UNDO) != 0, .ignore_lost_logs = (options & OPTION_LOST_LOGS) != 0,
                    .ignore_missing_databases = (options & OPTION_MISSING_DATABASES) != 0, .keep_attached = (options & OPTION_KEEP_ATTACHED) != 0}};
    JET_ERR err = recover(&f, &config, &was_replayed);
    if (getenv("FUZZ_PRINT") != NULL)
        fprintf(stderr, "recovery: %d%s\n", (int)err, was_replayed ? ", replayed" : "");
    config.options = (struct recovery_options){0};
    JET_ERR second = recover(&f, &config, &again);
    if (getenv("FUZZ_PRINT") != NULL)
        fprintf(stderr, "again: %d%s\n", (int)second, again ? ", replayed" : "");
    /* A stream that was begun or only looked at has no end yet: its first records are the caller's. */
    if (err == 0 && (options & OPTION_KEEP_ATTACHED) == 0 && (second < 0 || (was_replayed && again)))
        abort();
    memory_fs_release(&f.fs);
    return 0;
}
