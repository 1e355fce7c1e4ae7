/* See memory_fs.h. */
#include "memory_fs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "os/path.h"

struct open_file {
    struct os_file base;
    struct memory_file *file;
};

/* The cache writes pages from threads of its own. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct memory_fs *fs_of(struct os_fs *os) { return (struct memory_fs *)os->state; }
static struct memory_file *file_of(struct os_file *f) { return ((struct open_file *)(void *)f)->file; }

static struct memory_file *find(struct memory_fs *m, const char *path)
{
    const char *name = path_file_name(path);
    for (unsigned i = 0; i < MEMORY_FS_FILES; i++)
        if (*name != 0 && strcmp(m->files[i].name, name) == 0)
            return &m->files[i];
    return NULL;
}

static JET_ERR resize(struct memory_fs *m, struct memory_file *f, uint64_t size)
{
    uint64_t others = 0;
    for (unsigned i = 0; i < MEMORY_FS_FILES; i++)
        others += &m->files[i] != f ? m->files[i].room : 0;
    if (size > m->bytes_max || others + size > m->bytes_max)
        return JET_errDiskFull;
    if (size > f->room) {
        uint8_t *more = (uint8_t *)realloc(f->bytes, (size_t)size);
        if (more == NULL)
            return JET_errDiskFull;
        f->bytes = more;
        f->room = size;
    }
    if (size > f->size)
        memset(f->bytes + f->size, 0, (size_t)(size - f->size));
    f->size = size;
    return JET_errSuccess;
}

static void drop(struct memory_file *f)
{
    free(f->bytes);
    *f = (struct memory_file){0};
}

static JET_ERR create(struct memory_fs *m, const char *path, struct memory_file **out)
{
    const char *name = path_file_name(path);
    if (*name == 0 || strlen(name) >= MEMORY_FS_NAME)
        return JET_errInvalidPath;
    for (unsigned i = 0; i < MEMORY_FS_FILES; i++)
        if (m->files[i].name[0] == 0) {
            *out = &m->files[i];
            memcpy((*out)->name, name, strlen(name) + 1);
            return JET_errSuccess;
        }
    return JET_errDiskFull;
}

struct memory_file *memory_fs_make(struct memory_fs *m, const char *name, uint64_t size)
{
    struct memory_file *f = find(m, name);
    if (f == NULL && create(m, name, &f) != JET_errSuccess)
        return NULL;
    return f->size >= size || resize(m, f, size) == JET_errSuccess ? f : NULL;
}

/* --- what the library calls --- */

static JET_ERR do_open(struct os_fs *os, const char *path, unsigned flags, struct os_file **out)
{
    struct memory_fs *m = fs_of(os);
    struct memory_file *f = find(m, path);
    *out = NULL;
    if (f == NULL && (flags & OS_OPEN_CREATE) == 0)
        return JET_errFileNotFound;
    if (f != NULL && (flags & OS_OPEN_MUST_CREATE) != 0)
        return JET_errFileAlreadyExists;
    JET_ERR err = f == NULL ? create(m, path, &f) : JET_errSuccess;
    if (err != JET_errSuccess)
        return err;
    if ((flags & OS_OPEN_TRUNCATE) != 0)
        f->size = 0;
    struct open_file *o = (struct open_file *)mem_alloc(sizeof *o);
    if (o == NULL)
        return JET_errOutOfMemory;
    o->base.fs = os;
    o->file = f;
    m->open_files++;
    *out = &o->base;
    return JET_errSuccess;
}

static void memory_close(struct os_file *f)
{
    pthread_mutex_lock(&lock);
    fs_of(f->fs)->open_files--;
    pthread_mutex_unlock(&lock);
    mem_free(f);
}

static JET_ERR do_read(struct os_file *f, uint64_t offset, void *buffer, size_t size)
{
    const struct memory_file *file = file_of(f);
    if (!range_within(offset, size, file->size))
        return JET_errFileIOBeyondEOF;
    memcpy(buffer, file->bytes + offset, size);
    return JET_errSuccess;
}

static JET_ERR do_write(struct os_file *f, uint64_t offset, const void *buffer, size_t size)
{
    struct memory_file *file = file_of(f);
    JET_ERR err = offset > UINT64_MAX - size ? JET_errDiskFull : offset + size > file->size ? resize(fs_of(f->fs), file, offset + size) : JET_errSuccess;
    if (err == JET_errSuccess)
        memcpy(file->bytes + offset, buffer, size);
    return err;
}

static JET_ERR memory_sync(struct os_file *f)
{
    (void)f;
    return JET_errSuccess;
}

static JET_ERR do_info(struct os_file *f, struct os_file_info *out)
{
    const struct memory_file *file = file_of(f);
    *out = (struct os_file_info){.size = file->size, .size_on_disk = file->size, .inode = (uint64_t)(uintptr_t)file};
    return JET_errSuccess;
}

static JET_ERR do_set_size(struct os_file *f, uint64_t size) { return resize(fs_of(f->fs), file_of(f), size); }

static JET_ERR memory_prefetch(struct os_file *f, uint64_t offset, size_t size)
{
    (void)f;
    (void)offset;
    (void)size;
    return JET_errSuccess;
}

static JET_ERR do_stat(struct os_fs *os, const char *path, struct os_file_info *out)
{
    const struct memory_file *f = find(fs_of(os), path);
    if (f == NULL)
        return JET_errFileNotFound;
    *out = (struct os_file_info){.size = f->size, .size_on_disk = f->size, .inode = (uint64_t)(uintptr_t)f};
    return JET_errSuccess;
}

static JET_ERR do_remove(struct os_fs *os, const char *path)
{
    struct memory_file *f = find(fs_of(os), path);
    if (f == NULL)
        return JET_errFileNotFound;
    drop(f);
    return JET_errSuccess;
}

static JET_ERR do_rename(struct os_fs *os, const char *from, const char *to)
{
    struct memory_file *f = find(fs_of(os), from), *old = find(fs_of(os), to);
    const char *name = path_file_name(to);
    if (f == NULL)
        return JET_errFileNotFound;
    if (*name == 0 || strlen(name) >= MEMORY_FS_NAME)
        return JET_errInvalidPath;
    if (old != NULL && old != f)
        drop(old);
    memcpy(f->name, name, strlen(name) + 1);
    return JET_errSuccess;
}

static JET_ERR memory_folder(struct os_fs *os, const char *path)
{
    (void)os;
    (void)path;
    return JET_errSuccess;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static JET_ERR do_dir_list(struct os_fs *os, const char *path, char ***names, size_t *count)
{
    const struct memory_fs *m = fs_of(os);
    (void)path;
    *count = 0;
    *names = (char **)mem_alloc_array(MEMORY_FS_FILES, sizeof **names);
    for (unsigned i = 0; *names != NULL && i < MEMORY_FS_FILES; i++)
        if (m->files[i].name[0] != 0 && ((*names)[*count] = mem_strdup(m->files[i].name)) != NULL)
            ++*count;
    if (*names == NULL)
        return JET_errOutOfMemory;
    qsort(*names, *count, sizeof **names, compare_names);
    return JET_errSuccess;
}

/* --- the same, one at a time --- */

static JET_ERR memory_open(struct os_fs *os, const char *path, unsigned flags, struct os_file **out)
{
    pthread_mutex_lock(&lock);
    JET_ERR err = do_open(os, path, flags, out);
    pthread_mutex_unlock(&lock);
    return err;
}

static JET_ERR memory_read(struct os_file *f, uint64_t offset, void *buffer, size_t size)
{
    pthread_mutex_lock(&lock);
    JET_ERR err = do_read(f, offset, buffer, size);
    pthread_mutex_unlock(&lock);
    return err;
}

static JET_ERR memory_write(struct os_file *f, uint64_t offset, const void *buffer, size_t size)
{
    pthread_mutex_lock(&lock);
    JET_ERR err = do_write(f, offset, buffer, size);
    pthread_mutex_unlock(&lock);
    return err;
}

static JET_ERR memory_set_size(struct os_file *f, uint64_t size)
{
    pthread_mutex_lock(&lock);
    JET_ERR err = do_set_size(f, size);
    pthread_mutex_unlock(&lock);
    return err;
}

static JET_ERR memory_info(struct os_file *f, struct os_file_info *out)
{
    pthread_mutex_lock(&lock);
    JET_ERR err = do_info(f, out);
    pthread_mutex_unlock(&lock);
    return err;
}

static JET_ERR memory_stat(struct os_fs *os, const char *path, struct os_file_info *out)
{
    pthread_mutex_lock(&lock);
    JET_ERR err = do_stat(os, path, out);
    pthread_mutex_unlock(&lock);
    return err;
}

static JET_ERR memory_remove(struct os_fs *os, const char *path)
{
    pthread_mutex_lock(&lock);
    JET_ERR err = do_remove(os, path);
    pthread_mutex_unlock(&lock);
    return err;
}

static JET_ERR memory_rename(struct os_fs *os, const char *from, const char *to)
{
    pthread_mutex_lock(&lock);
    JET_ERR err = do_rename(os, from, to);
    pthread_mutex_unlock(&lock);
    return err;
}

static JET_ERR memory_dir_list(struct os_fs *os, const char *path, char ***names, size_t *count)
{
    pthread_mutex_lock(&lock);
    JET_ERR err = do_dir_list(os, path, names, count);
    pthread_mutex_unlock(&lock);
    return err;
}

static const struct os_fs_ops memory_ops = {
    .open = memory_open,     .close = memory_close,       .read = memory_read,         .write = memory_write,         .sync = memory_sync,
    .info = memory_info,     .set_size = memory_set_size, .prefetch = memory_prefetch, .stat = memory_stat,           .remove = memory_remove,
    .rename = memory_rename, .dir_sync = memory_folder,   .dir_create = memory_folder, .dir_remove = memory_folder, .dir_list = memory_dir_list,
};

void memory_fs_init(struct memory_fs *m, uint64_t bytes_max)
{
    *m = (struct memory_fs){.bytes_max = bytes_max};
    m->os.ops = &memory_ops;
    m->os.state = m;
}

void memory_fs_release(struct memory_fs *m)
{
    for (unsigned i = 0; i < MEMORY_FS_FILES; i++)
        drop(&m->files[i]);
}
