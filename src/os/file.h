/* Files: the one door to the file system.
 *
 * All I/O of the library goes through a table of functions (struct os_fs_ops), so that a test can stand between the engine and the
 * disk: record, fail, tear, reorder or drop any write, or cut the power at any sync. os_fs_posix() is the real one.
 *
 * Durability rule: data is durable after os_file_sync; a created, renamed or removed name is durable after os_dir_sync of its folder.
 * Locking: an open that asks for a lock takes an OFD lock on the whole file; a second opener (same or other process) gets
 * JET_errFileAccessDenied.
 * Errors: JET_errFileNotFound, JET_errInvalidPath (folder missing), JET_errFileAccessDenied (permission, lock),
 * JET_errFileAlreadyExists, JET_errDiskFull, JET_errDiskIO, JET_errFileIOBeyondEOF (read past the end), JET_errOutOfMemory,
 * JET_errTooManyOpenFiles... A short read or write is completed or reported, never passed on.
 * Threads: an os_file may be used by any number of threads at once.
 */
#ifndef OPENESE_OS_FILE_H
#define OPENESE_OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum os_open_flags {
    OS_OPEN_READ = 0x1,
    OS_OPEN_WRITE = 0x2,          /* implies read */
    OS_OPEN_CREATE = 0x4,         /* create if absent */
    OS_OPEN_MUST_CREATE = 0x8,    /* with CREATE: fail with JET_errFileAlreadyExists if it exists */
    OS_OPEN_TRUNCATE = 0x10,
    OS_OPEN_LOCK_SHARED = 0x20,   /* others may hold shared locks too */
    OS_OPEN_LOCK_EXCLUSIVE = 0x40,
    OS_OPEN_NO_FOLLOW = 0x80      /* the last path component must not be a symbolic link: JET_errFileAccessDenied */
};

struct os_fs;   /* a file system: table of functions and its state */
struct os_file; /* an open file */

struct os_file_info {
    uint64_t size;
    uint64_t size_on_disk;
    bool is_directory;
    bool is_read_only; /* no write permission for this process */
    uint64_t device, inode; /* identity of the file */
};

/* What an implementation supplies. Every function gets the fs or file it was called on. */
struct os_fs_ops {
    JET_ERR (*open)(struct os_fs *fs, const char *path, unsigned flags, struct os_file **out);
    void (*close)(struct os_file *file);
    JET_ERR (*read)(struct os_file *file, uint64_t offset, void *buffer, size_t size);
    JET_ERR (*write)(struct os_file *file, uint64_t offset, const void *buffer, size_t size);
    JET_ERR (*sync)(struct os_file *file);
    JET_ERR (*info)(struct os_file *file, struct os_file_info *out);
    JET_ERR (*set_size)(struct os_file *file, uint64_t size); /* grow: allocated and zero; shrink: cut */
    JET_ERR (*prefetch)(struct os_file *file, uint64_t offset, size_t size); /* a hint; never fails the caller */
    void (*write_back)(struct os_file *file, uint64_t offset, size_t size); /* a hint; may be NULL */
    JET_ERR (*stat)(struct os_fs *fs, const char *path, struct os_file_info *out);
    JET_ERR (*remove)(struct os_fs *fs, const char *path);
    JET_ERR (*rename)(struct os_fs *fs, const char *from, const char *to); /* replaces an existing target */
    JET_ERR (*dir_sync)(struct os_fs *fs, const char *path);
    JET_ERR (*dir_create)(struct os_fs *fs, const char *path); /* with parents; success if it exists */
    JET_ERR (*dir_remove)(struct os_fs *fs, const char *path); /* empty folder */
    JET_ERR (*dir_list)(struct os_fs *fs, const char *path, char ***names, size_t *count); /* names sorted; free with os_dir_list_free */
};

struct os_fs {
    const struct os_fs_ops *ops;
    void *state;
};

struct os_file {
    struct os_fs *fs;
};

struct os_fs *os_fs_posix(void);

static inline MUST_CHECK JET_ERR os_file_open(struct os_fs *fs, const char *path, unsigned flags, struct os_file **out) { return fs->ops->open(fs, path, flags, out); }
/* Accepts NULL. */
void os_file_close(struct os_file *file);
static inline MUST_CHECK JET_ERR os_file_read(struct os_file *f, uint64_t offset, void *buffer, size_t size) { return f->fs->ops->read(f, offset, buffer, size); }
static inline MUST_CHECK JET_ERR os_file_write(struct os_file *f, uint64_t offset, const void *buffer, size_t size) { return f->fs->ops->write(f, offset, buffer, size); }
static inline MUST_CHECK JET_ERR os_file_sync(struct os_file *f) { return f->fs->ops->sync(f); }
static inline MUST_CHECK JET_ERR os_file_info(struct os_file *f, struct os_file_info *out) { return f->fs->ops->info(f, out); }
static inline MUST_CHECK JET_ERR os_file_set_size(struct os_file *f, uint64_t size) { return f->fs->ops->set_size(f, size); }
static inline void os_file_prefetch(struct os_file *f, uint64_t offset, size_t size) { (void)f->fs->ops->prefetch(f, offset, size); }
/* Hint: what was written there will be synced soon, so the disk may begin now. */
static inline void os_file_write_back(struct os_file *f, uint64_t offset, size_t size)
{
    if (f->fs->ops->write_back != NULL)
        f->fs->ops->write_back(f, offset, size);
}
static inline MUST_CHECK JET_ERR os_stat(struct os_fs *fs, const char *path, struct os_file_info *out) { return fs->ops->stat(fs, path, out); }
static inline MUST_CHECK JET_ERR os_remove(struct os_fs *fs, const char *path) { return fs->ops->remove(fs, path); }
static inline MUST_CHECK JET_ERR os_rename(struct os_fs *fs, const char *from, const char *to) { return fs->ops->rename(fs, from, to); }
static inline MUST_CHECK JET_ERR os_dir_sync(struct os_fs *fs, const char *path) { return fs->ops->dir_sync(fs, path); }
static inline MUST_CHECK JET_ERR os_dir_create(struct os_fs *fs, const char *path) { return fs->ops->dir_create(fs, path); }
static inline MUST_CHECK JET_ERR os_dir_remove(struct os_fs *fs, const char *path) { return fs->ops->dir_remove(fs, path); }
static inline MUST_CHECK JET_ERR os_dir_list(struct os_fs *fs, const char *path, char ***names, size_t *count) { return fs->ops->dir_list(fs, path, names, count); }
void os_dir_list_free(char **names, size_t count);
/* Does the path name an existing file or folder? Errors count as no. */
bool os_exists(struct os_fs *fs, const char *path);

#endif
