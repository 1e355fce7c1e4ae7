/* Names, listing and reading of a stream's files (log_files.h). */
#include "log/log_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "format/checksum.h"
#include "os/path.h"

static const char *const EXTENSIONS[] = {".log", ".jtx"};
enum { FIVE_DIGITS_MAX = 0xFFFFF, BASE_LENGTH = 3 };

static bool is_base(const char *name, const char *base)
{
    char head[BASE_LENGTH + 1] = {0}, wanted[BASE_LENGTH + 1] = {0};
    memcpy(head, name, strnlen(name, BASE_LENGTH));
    memcpy(wanted, base, strnlen(base, BASE_LENGTH));
    return strlen(head) == BASE_LENGTH && ascii_compare_nocase(head, wanted) == 0;
}

/* Value of `digits` hexadecimal characters, 0 when one is not. */
static uint32_t hexadecimal(const char *text, size_t digits)
{
    uint32_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = text[i];
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A' + 10);
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a' + 10);
        else
            return 0;
        value = value << 4 | digit;
    }
    return value;
}

uint32_t log_name_generation(const char *file_name, const char *base, const char *extension)
{
    size_t length = strlen(file_name), tail = strlen(extension);
    if (!is_base(file_name, base) || length < BASE_LENGTH + tail || ascii_compare_nocase(file_name + length - tail, extension) != 0)
        return 0;
    size_t digits = length - BASE_LENGTH - tail;
    if (digits != 5 && digits != 8)
        return 0;
    uint32_t generation = hexadecimal(file_name + BASE_LENGTH, digits);
    return generation <= LOG_GENERATION_MAX ? generation : 0;
}

JET_ERR log_named_path(const char *folder, const char *base, const char *suffix, const char *extension, char **path)
{
    char name[32];
    snprintf(name, sizeof name, "%.3s%.12s%.5s", base, suffix, extension);
    return path_join(folder, name, path);
}

JET_ERR log_file_path(const char *folder, const char *base, uint32_t generation, const char *extension, struct os_fs *fs, char **path)
{
    JET_ERR err = JET_errSuccess;
    char five[12], eight[12];
    char *other = NULL;
    bool prefers_five = generation <= FIVE_DIGITS_MAX && strcmp(extension, ".log") == 0;
    *path = NULL;
    snprintf(five, sizeof five, "%05X", generation);
    snprintf(eight, sizeof eight, "%08X", generation);
    TRY(log_named_path(folder, base, prefers_five ? five : eight, extension, path));
    if (generation <= FIVE_DIGITS_MAX && !os_exists(fs, *path)) {
        TRY(log_named_path(folder, base, prefers_five ? eight : five, extension, &other));
        if (os_exists(fs, other)) {
            mem_free(*path);
            *path = other;
            other = NULL;
        }
    }
done:
    mem_free(other);
    if (err < 0) {
        mem_free(*path);
        *path = NULL;
    }
    return err;
}

static bool is_name(const char *name, const char *base, const char *suffix, const char *extension)
{
    return is_base(name, base) && strncmp(name + BASE_LENGTH, suffix, strlen(suffix)) == 0 && ascii_compare_nocase(name + BASE_LENGTH + strlen(suffix), extension) == 0;
}

static void list_with(char **names, size_t count, const char *base, const char *extension, struct log_listing *out)
{
    *out = (struct log_listing){.extension = extension};
    for (size_t i = 0; i < count; i++) {
        uint32_t generation = log_name_generation(names[i], base, extension);
        if (generation != 0) {
            out->archive_count++;
            if (out->first == 0 || generation < out->first)
                out->first = generation;
            if (generation > out->last)
                out->last = generation;
        }
        out->has_current |= is_name(names[i], base, "", extension);
        out->has_temporary |= is_name(names[i], base, "tmp", extension);
    }
}

JET_ERR log_list(struct os_fs *fs, const char *folder, const char *base, bool is_legacy_names, struct log_listing *out)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL;
    size_t count = 0;
    struct log_listing preferred, other;
    int first = is_legacy_names ? 0 : 1;
    TRY(os_dir_list(fs, folder, &names, &count));
    list_with(names, count, base, EXTENSIONS[first], &preferred);
    list_with(names, count, base, EXTENSIONS[1 - first], &other);
    bool has_preferred = preferred.has_current || preferred.has_temporary, has_other = other.has_current || other.has_temporary;
    *out = has_preferred || (!has_other && (preferred.archive_count > 0 || other.archive_count == 0)) ? preferred : other;
done:
    os_dir_list_free(names, count);
    return err;
}

struct archive {
    uint32_t generation;
    const char *name;
};

static int compare_archives(const void *a, const void *b)
{
    uint32_t x = ((const struct archive *)a)->generation, y = ((const struct archive *)b)->generation;
    return (x > y) - (x < y);
}

JET_ERR log_visit_archives(struct os_fs *fs, const char *folder, const char *base, const char *extension,
                           JET_ERR (*visit)(void *context, uint32_t generation, const char *path), void *context)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL, *path = NULL;
    size_t count = 0, found = 0;
    struct archive *archives = NULL;
    TRY(os_dir_list(fs, folder, &names, &count));
    archives = (struct archive *)mem_alloc_array(count + 1, sizeof *archives);
    if (archives == NULL)
        RAISE(JET_errOutOfMemory);
    for (size_t i = 0; i < count; i++) {
        uint32_t generation = log_name_generation(names[i], base, extension);
        if (generation != 0)
            archives[found++] = (struct archive){generation, names[i]};
    }
    if (found > 0)
        qsort(archives, found, sizeof *archives, compare_archives);
    for (size_t i = 0; i < found; i++) {
        TRY(path_join(folder, archives[i].name, &path));
        TRY(visit(context, archives[i].generation, path));
        mem_free(path);
        path = NULL;
    }
done:
    mem_free(path);
    mem_free(archives);
    os_dir_list_free(names, count);
    return err;
}

/* --- reading --- */

static JET_ERR read_header_bytes(struct os_file *file, uint64_t size, bool checks_size, uint8_t *bytes, struct log_header *header)
{
    JET_ERR err = JET_errSuccess;
    if (size < LOG_SEGMENT_SIZE)
        RAISE(JET_errFileIOBeyondEOF);
    TRY(os_file_read(file, 0, bytes, LOG_SEGMENT_SIZE));
    TRY(log_header_check(bytes, checks_size ? size : 0));
    log_header_decode(bytes, header);
done:
    return err;
}

static JET_ERR read_header(struct os_fs *fs, const char *path, bool checks_size, struct log_header *header)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    struct os_file_info info;
    uint8_t *bytes = (uint8_t *)mem_alloc(LOG_SEGMENT_SIZE);
    memset(header, 0, sizeof *header);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(fs, path, OS_OPEN_READ, &file));
    TRY(os_file_info(file, &info));
    TRY(read_header_bytes(file, info.size, checks_size, bytes, header));
done:
    os_file_close(file);
    mem_free(bytes);
    return err;
}

JET_ERR log_header_read(struct os_fs *fs, const char *path, struct log_header *header) { return read_header(fs, path, true, header); }
JET_ERR log_header_read_alone(struct os_fs *fs, const char *path, struct log_header *header) { return read_header(fs, path, false, header); }

JET_ERR log_generation_read(struct os_fs *fs, const char *path, struct log_generation *out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    struct os_file_info info;
    memset(out, 0, sizeof *out);
    out->image = (uint8_t *)mem_alloc(LOG_SEGMENT_SIZE);
    if (out->image == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(fs, path, OS_OPEN_READ, &file));
    TRY(os_file_info(file, &info));
    TRY(read_header_bytes(file, info.size, true, out->image, &out->header));
    out->sectors = out->header.file_sectors; /* the size of the file has been compared with it */
    mem_free(out->image);
    out->image = (uint8_t *)mem_alloc_aligned(LOG_SEGMENT_SIZE, (size_t)out->sectors * LOG_SEGMENT_SIZE);
    if (out->image == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_read(file, 0, out->image, (size_t)out->sectors * LOG_SEGMENT_SIZE));
    log_segments_scan(out->image, out->sectors, out->header.generation, &out->scan);
done:
    os_file_close(file);
    if (err < 0)
        log_generation_release(out);
    return err;
}

JET_ERR log_generation_restore(struct os_fs *fs, const char *path, const struct log_generation *generation)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    uint64_t offset = (uint64_t)generation->scan.restored_segment * LOG_SEGMENT_SIZE;
    if (generation->scan.restored_segment == 0)
        return JET_errSuccess;
    TRY(os_file_open(fs, path, OS_OPEN_WRITE, &file));
    TRY(os_file_write(file, offset, generation->image + offset, LOG_SEGMENT_SIZE));
    TRY(os_file_sync(file));
done:
    os_file_close(file);
    return err;
}

void log_generation_release(struct log_generation *generation)
{
    mem_free(generation->image);
    generation->image = NULL;
}

/* --- checkpoint file --- */

JET_ERR checkpoint_path(const char *folder, const char *base, const char *log_extension, char **path)
{
    return log_named_path(folder, base, "", strcmp(log_extension, ".jtx") == 0 ? ".jcp" : ".chk", path);
}

JET_ERR checkpoint_file_read(struct os_fs *fs, const char *path, struct checkpoint *out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    struct os_file_info info;
    uint8_t *bytes = (uint8_t *)mem_alloc(CHECKPOINT_COPY_SIZE);
    memset(out, 0, sizeof *out);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_open(fs, path, OS_OPEN_READ, &file));
    TRY(os_file_info(file, &info));
    err = JET_errCheckpointCorrupt;
    for (uint64_t copy = 0; copy < 2 && err < 0; copy++) {
        if (info.size < (copy + 1) * CHECKPOINT_COPY_SIZE)
            RAISE(JET_errCheckpointCorrupt);
        TRY(os_file_read(file, copy * CHECKPOINT_COPY_SIZE, bytes, CHECKPOINT_COPY_SIZE));
        err = checkpoint_decode(bytes, out);
    }
done:
    os_file_close(file);
    mem_free(bytes);
    return err;
}

JET_ERR checkpoint_file_write(struct os_fs *fs, const char *path, const struct checkpoint *checkpoint)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *file = NULL;
    uint8_t *bytes = (uint8_t *)mem_alloc(CHECKPOINT_COPY_SIZE);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    checkpoint_encode(checkpoint, bytes);
    TRY(os_file_open(fs, path, OS_OPEN_WRITE | OS_OPEN_CREATE, &file));
    /* One copy is good at every moment: the second is written when the first is on the disk. */
    TRY(os_file_write(file, 0, bytes, CHECKPOINT_COPY_SIZE));
    TRY(os_file_sync(file));
    TRY(os_file_write(file, CHECKPOINT_COPY_SIZE, bytes, CHECKPOINT_COPY_SIZE));
    TRY(os_file_sync(file));
done:
    os_file_close(file);
    mem_free(bytes);
    return err;
}
