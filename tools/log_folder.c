/* Finding the logs of a stream (log_folder.h). */
#include "log_folder.h"

#include <stdlib.h>

#include "base/memory.h"
#include "os/path.h"

enum { CURRENT_NAME = 7, ARCHIVE_NAME = 12, ARCHIVE_NAME_LONG = 15 };

/* Base name and extension of a log's file name; generation 0 for a current log. False for other files. */
static bool parse_name(const char *name, char *base, const char **extension, uint32_t *generation)
{
    size_t length = strlen(name);
    if (length != CURRENT_NAME && length != ARCHIVE_NAME && length != ARCHIVE_NAME_LONG)
        return false;
    *extension = strcmp(name + length - 4, ".log") == 0 ? ".log" : strcmp(name + length - 4, ".jtx") == 0 ? ".jtx" : NULL;
    if (*extension == NULL)
        return false;
    memcpy(base, name, 3);
    base[3] = 0;
    *generation = length == CURRENT_NAME ? 0 : log_name_generation(name, base, *extension);
    return length == CURRENT_NAME || *generation != 0;
}

static JET_ERR choose_stream(const char *folder, char **names, size_t count, const char *wanted, struct log_folder *out)
{
    JET_ERR err = JET_errSuccess;
    for (size_t i = 0; i < count; i++) {
        char base[4], *path = NULL;
        const char *extension;
        uint32_t generation;
        struct log_header header;
        if (!parse_name(names[i], base, &extension, &generation) || (wanted != NULL && strcmp(base, wanted) != 0))
            continue;
        TRY(path_join(folder, names[i], &path));
        bool is_readable = log_header_read(os_fs_posix(), path, &header) >= 0;
        mem_free(path);
        bool is_newer = is_readable && (!out->has_header || header.generation > out->header.generation);
        if (!is_newer && out->extension != NULL)
            continue;
        memcpy(out->base, base, sizeof base);
        out->extension = extension;
        if (is_readable) {
            out->header = header;
            out->has_header = true;
        }
    }
done:
    return err;
}

static int by_generation(const void *a, const void *b)
{
    const struct log_file *x = (const struct log_file *)a, *y = (const struct log_file *)b;
    if (x->is_current != y->is_current)
        return x->is_current ? 1 : -1;
    return (x->generation > y->generation) - (x->generation < y->generation);
}

JET_ERR log_folder_read(const char *folder, const char *base, struct log_folder *out)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL;
    size_t count = 0;
    *out = (struct log_folder){.count = 0};
    TRY(os_dir_list(os_fs_posix(), folder, &names, &count));
    TRY(choose_stream(folder, names, count, base, out));
    out->files = (struct log_file *)mem_alloc_array(count + 1, sizeof *out->files);
    if (out->files == NULL)
        RAISE(JET_errOutOfMemory);
    for (size_t i = 0; i < count; i++) {
        char its_base[4];
        const char *extension;
        struct log_file file = {.path = NULL};
        if (!parse_name(names[i], its_base, &extension, &file.generation) || strcmp(its_base, out->base) != 0 || strcmp(extension, out->extension) != 0)
            continue;
        TRY(path_join(folder, names[i], &file.path));
        file.name = path_file_name(file.path);
        file.is_current = file.generation == 0;
        file.error = log_header_read(os_fs_posix(), file.path, &file.header);
        if (file.error >= 0 && file.is_current)
            file.generation = file.header.generation;
        out->files[out->count++] = file;
    }
    if (out->count > 0)
        qsort(out->files, out->count, sizeof *out->files, by_generation);
done:
    os_dir_list_free(names, count);
    if (err < 0)
        log_folder_release(out);
    return err;
}

void log_folder_release(struct log_folder *f)
{
    for (size_t i = 0; i < f->count; i++)
        mem_free(f->files[i].path);
    mem_free(f->files);
    *f = (struct log_folder){.count = 0};
}
