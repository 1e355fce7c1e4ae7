/* The real file system behind os/file.h: POSIX calls, OFD locks, and one mapping of errno to JET errors.
 *
 * The idea: every call completes or says precisely why not. Interrupted and short transfers are continued here; a read that meets the end
 * of the file is an error (page numbers come from files, so the caller may well ask for what is not there).
 * Locks are OFD locks on the whole file: they belong to the open file, so a second open conflicts in the same process too, and they go
 * with the last descriptor. A file is truncated only after its lock is held: whoever loses the race must not have destroyed anything.
 * State: none beyond the open descriptor, so any number of threads may use a file at once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "os/file.h"
#include "os/path.h"

struct posix_file {
    struct os_file base;
    int descriptor;
};

static struct posix_file *posix_file_of(struct os_file *file) { return (struct posix_file *)(void *)file; }

static JET_ERR error_of_errno(int number)
{
    switch (number) {
    case ENOENT: return JET_errFileNotFound;
    case ENOTDIR:
    case ENAMETOOLONG: return JET_errInvalidPath;
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
    case EISDIR:
    case EBUSY:
    case ETXTBSY:
    case EAGAIN:
    case ENOLCK:
    case EXDEV:
    case ENXIO:
    case ENOTEMPTY: return JET_errFileAccessDenied;
    case EEXIST: return JET_errFileAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return JET_errDiskFull;
    case EMFILE:
    case ENFILE: return JET_errOutOfFileHandles;
    case ENOMEM: return JET_errOutOfMemory;
    default: return JET_errDiskIO;
    }
}

/* A missing file and a missing folder are told apart: ENOENT says only that some part of the path is not there. */
static JET_ERR error_of_path(int number, const char *path)
{
    char *folder = NULL;
    struct stat info;
    JET_ERR code = error_of_errno(number);
    if (number == ENOENT && path_folder(path, &folder) == JET_errSuccess) {
        if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
            code = JET_errInvalidPath;
    }
    mem_free(folder);
    return code;
}

static JET_ERR lock_whole_file(int descriptor, unsigned flags)
{
    if ((flags & (OS_OPEN_LOCK_SHARED | OS_OPEN_LOCK_EXCLUSIVE)) == 0)
        return JET_errSuccess;
    struct flock lock;
    memset(&lock, 0, sizeof lock); /* start 0, length 0: all of it, whatever it grows to; l_pid must be 0 */
    lock.l_type = (flags & OS_OPEN_LOCK_EXCLUSIVE) != 0 ? F_WRLCK : F_RDLCK;
    lock.l_whence = SEEK_SET;
    int result;
    do
        result = fcntl(descriptor, F_OFD_SETLK, &lock);
    while (result != 0 && errno == EINTR);
    /* A file system that cannot lock is refused like a lock held by another: without the lock two writers could meet. */
    return result == 0 ? JET_errSuccess : JET_errFileAccessDenied;
}

static int open_mode(unsigned flags)
{
    /* O_NONBLOCK matters only for what is refused right after: opening a named pipe must not hang. */
    int mode = O_CLOEXEC | O_NOCTTY | O_NONBLOCK | ((flags & OS_OPEN_WRITE) != 0 ? O_RDWR : O_RDONLY);
    if ((flags & OS_OPEN_CREATE) != 0)
        mode |= O_CREAT;
    if ((flags & OS_OPEN_MUST_CREATE) != 0)
        mode |= O_EXCL;
    if ((flags & OS_OPEN_NO_FOLLOW) != 0)
        mode |= O_NOFOLLOW;
    return mode;
}

static JET_ERR posix_open(struct os_fs *fs, const char *path, unsigned flags, struct os_file **out)
{
    JET_ERR err = JET_errSuccess;
    int descriptor = -1;
    struct stat info;
    *out = NULL;
    assert((flags & OS_OPEN_LOCK_EXCLUSIVE) == 0 || (flags & OS_OPEN_WRITE) != 0);

    struct posix_file *file = (struct posix_file *)mem_alloc(sizeof *file);
    if (file == NULL)
        RAISE(JET_errOutOfMemory);
    do
        descriptor = open(path, open_mode(flags), 0666);
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0)
        RAISE(error_of_path(errno, path));
    if (fstat(descriptor, &info) != 0)
        RAISE(error_of_errno(errno));
    if (!S_ISREG(info.st_mode))
        RAISE(JET_errFileAccessDenied);
    TRY(lock_whole_file(descriptor, flags));
    if ((flags & OS_OPEN_TRUNCATE) != 0 && ftruncate(descriptor, 0) != 0)
        RAISE(error_of_errno(errno));
    file->base.fs = fs;
    file->descriptor = descriptor;
    *out = &file->base;
    return JET_errSuccess;
done:
    if (descriptor >= 0)
        close(descriptor);
    mem_free(file);
    return err;
}

static void posix_close(struct os_file *file)
{
    struct posix_file *posix = posix_file_of(file);
    close(posix->descriptor); /* nothing is lost with a failing close: what must survive has been synced */
    mem_free(posix);
}

static JET_ERR posix_read(struct os_file *file, uint64_t offset, void *buffer, size_t size)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *at = (uint8_t *)buffer;
    if (offset > INT64_MAX || size > INT64_MAX - offset)
        RAISE(JET_errFileIOBeyondEOF);
    while (size > 0) {
        ssize_t got = pread(posix_file_of(file)->descriptor, at, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            RAISE(error_of_errno(errno));
        if (got == 0)
            RAISE(JET_errFileIOBeyondEOF);
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
done:
    return err;
}

static JET_ERR posix_write(struct os_file *file, uint64_t offset, const void *buffer, size_t size)
{
    JET_ERR err = JET_errSuccess;
    const uint8_t *at = (const uint8_t *)buffer;
    if (offset > INT64_MAX || size > INT64_MAX - offset)
        RAISE(JET_errDiskFull);
    while (size > 0) {
        ssize_t put = pwrite(posix_file_of(file)->descriptor, at, size, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            RAISE(errno == EBADF ? JET_errFileAccessDenied : error_of_errno(errno));
        if (put == 0)
            RAISE(JET_errDiskFull);
        at += put;
        offset += (uint64_t)put;
        size -= (size_t)put;
    }
done:
    return err;
}

static JET_ERR posix_sync(struct os_file *file)
{
    JET_ERR err = JET_errSuccess;
    int result;
    /* fdatasync also makes a grown size durable: it leaves out only times. An error is never retried: the kernel may have dropped the
     * dirty pages with it, and a second call would claim success. */
    do
        result = fdatasync(posix_file_of(file)->descriptor);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        RAISE(error_of_errno(errno));
done:
    return err;
}

static void fill_info(const struct stat *from, bool is_read_only, struct os_file_info *out)
{
    out->size = (uint64_t)from->st_size;
    out->size_on_disk = (uint64_t)from->st_blocks * 512;
    out->is_directory = S_ISDIR(from->st_mode);
    out->is_read_only = is_read_only;
    out->device = (uint64_t)from->st_dev;
    out->inode = (uint64_t)from->st_ino;
}

static JET_ERR posix_info(struct os_file *file, struct os_file_info *out)
{
    JET_ERR err = JET_errSuccess;
    int descriptor = posix_file_of(file)->descriptor;
    struct stat info;
    bool is_read_only = false;
    if (fstat(descriptor, &info) != 0)
        RAISE(error_of_errno(errno));
    if ((fcntl(descriptor, F_GETFL) & O_ACCMODE) == O_RDONLY && faccessat(descriptor, "", W_OK, AT_EMPTY_PATH | AT_EACCESS) != 0)
        is_read_only = errno == EACCES || errno == EPERM || errno == EROFS || (info.st_mode & 0222) == 0;
    fill_info(&info, is_read_only, out);
done:
    return err;
}

/* After a disk turned out to be full half-way. If this fails too, the first error is the one to report. */
static void take_back_growth(int descriptor, off_t size)
{
    int ignored = ftruncate(descriptor, size);
    (void)ignored;
}

static JET_ERR posix_set_size(struct os_file *file, uint64_t size)
{
    JET_ERR err = JET_errSuccess;
    int descriptor = posix_file_of(file)->descriptor, result = 0;
    struct stat info;
    if (size > INT64_MAX)
        RAISE(JET_errDiskFull);
    if (fstat(descriptor, &info) != 0)
        RAISE(error_of_errno(errno));
    if ((uint64_t)info.st_size < size) {
        do
            result = posix_fallocate(descriptor, info.st_size, (off_t)size - info.st_size);
        while (result == EINTR);
        if (result == EOPNOTSUPP || result == EINVAL) /* this file system cannot reserve: a sparse tail is what it offers */
            result = ftruncate(descriptor, (off_t)size) != 0 ? errno : 0;
        else if (result != 0)
            take_back_growth(descriptor, info.st_size);
    } else if ((uint64_t)info.st_size > size) {
        result = ftruncate(descriptor, (off_t)size) != 0 ? errno : 0;
    }
    if (result != 0)
        RAISE(result == EBADF ? JET_errFileAccessDenied : error_of_errno(result));
done:
    return err;
}

static void posix_write_back(struct os_file *file, uint64_t offset, size_t size)
{
    (void)sync_file_range(posix_file_of(file)->descriptor, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE);
}

static JET_ERR posix_prefetch(struct os_file *file, uint64_t offset, size_t size)
{
    if (offset <= INT64_MAX && size <= INT64_MAX - offset)
        (void)posix_fadvise(posix_file_of(file)->descriptor, (off_t)offset, (off_t)size, POSIX_FADV_WILLNEED);
    return JET_errSuccess;
}

static JET_ERR posix_stat(struct os_fs *fs, const char *path, struct os_file_info *out)
{
    JET_ERR err = JET_errSuccess;
    struct stat info;
    (void)fs;
    if (stat(path, &info) != 0)
        RAISE(error_of_path(errno, path));
    fill_info(&info, faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0, out);
done:
    return err;
}

static JET_ERR posix_remove(struct os_fs *fs, const char *path)
{
    JET_ERR err = JET_errSuccess;
    (void)fs;
    if (unlink(path) != 0)
        RAISE(error_of_path(errno, path));
done:
    return err;
}

static JET_ERR posix_rename(struct os_fs *fs, const char *from, const char *to)
{
    JET_ERR err = JET_errSuccess;
    struct stat info;
    (void)fs;
    if (rename(from, to) != 0) {
        int number = errno;
        /* ENOENT may be about either name. */
        RAISE(error_of_path(number, number == ENOENT && lstat(from, &info) == 0 ? to : from));
    }
done:
    return err;
}

static JET_ERR posix_dir_sync(struct os_fs *fs, const char *path)
{
    JET_ERR err = JET_errSuccess;
    (void)fs;
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        RAISE(errno == ENOENT ? JET_errInvalidPath : error_of_errno(errno));
    if (fsync(descriptor) != 0 && errno != EINVAL) /* EINVAL: this file system has no separate folder sync */
        RAISE(error_of_errno(errno));
done:
    if (descriptor >= 0)
        close(descriptor);
    return err;
}

static JET_ERR make_one_folder(const char *path)
{
    struct stat info;
    if (mkdir(path, 0777) == 0)
        return JET_errSuccess;
    int number = errno;
    if (stat(path, &info) == 0)
        return S_ISDIR(info.st_mode) ? JET_errSuccess : JET_errInvalidPath;
    return error_of_errno(number);
}

static JET_ERR posix_dir_create(struct os_fs *fs, const char *path)
{
    JET_ERR err = JET_errSuccess;
    char *copy = NULL;
    (void)fs;
    if (path[0] == '\0')
        RAISE(JET_errInvalidPath);
    copy = mem_strdup(path);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    for (char *separator = strchr(copy + 1, '/'); separator != NULL; separator = strchr(separator + 1, '/')) {
        *separator = '\0';
        err = make_one_folder(copy);
        *separator = '/';
        if (err != JET_errSuccess)
            RAISE(err);
    }
    err = make_one_folder(copy);
    if (err != JET_errSuccess)
        RAISE(err);
done:
    mem_free(copy);
    return err;
}

static JET_ERR posix_dir_remove(struct os_fs *fs, const char *path)
{
    JET_ERR err = JET_errSuccess;
    (void)fs;
    if (rmdir(path) != 0)
        RAISE(error_of_path(errno, path));
done:
    return err;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static JET_ERR posix_dir_list(struct os_fs *fs, const char *path, char ***names, size_t *count)
{
    JET_ERR err = JET_errSuccess;
    char **list = NULL;
    size_t used = 0, room = 0;
    (void)fs;
    *names = NULL;
    *count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL)
        RAISE(errno == ENOENT ? JET_errInvalidPath : error_of_errno(errno));
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0)
                RAISE(error_of_errno(errno));
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (used == room) {
            room = room == 0 ? 16 : room * 2;
            char **more = (char **)mem_resize(list, room * sizeof *list);
            if (more == NULL)
                RAISE(JET_errOutOfMemory);
            list = more;
        }
        list[used] = mem_strdup(entry->d_name);
        if (list[used] == NULL)
            RAISE(JET_errOutOfMemory);
        used++;
    }
    if (used > 0)
        qsort(list, used, sizeof *list, compare_names);
    *names = list;
    *count = used;
    list = NULL;
done:
    if (list != NULL)
        os_dir_list_free(list, used);
    if (folder != NULL)
        closedir(folder);
    return err;
}

static const struct os_fs_ops posix_ops = {
    .open = posix_open,
    .close = posix_close,
    .read = posix_read,
    .write = posix_write,
    .sync = posix_sync,
    .info = posix_info,
    .set_size = posix_set_size,
    .prefetch = posix_prefetch,
    .write_back = posix_write_back,
    .stat = posix_stat,
    .remove = posix_remove,
    .rename = posix_rename,
    .dir_sync = posix_dir_sync,
    .dir_create = posix_dir_create,
    .dir_remove = posix_dir_remove,
    .dir_list = posix_dir_list,
};

struct os_fs *os_fs_posix(void)
{
    static struct os_fs posix = {&posix_ops, NULL}; /* never changed; not const because callers hold plain pointers */
    return &posix;
}

void os_file_close(struct os_file *file)
{
    if (file != NULL)
        file->fs->ops->close(file);
}

void os_dir_list_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free(names[i]);
    mem_free(names);
}

bool os_exists(struct os_fs *fs, const char *path)
{
    struct os_file_info info;
    return os_stat(fs, path, &info) == JET_errSuccess;
}
