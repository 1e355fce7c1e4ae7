/* A file system in memory, for fuzz targets that need more than one file: names without folders, bounded in size, no locks and no loss.
 *
 * A path is what follows its last '/': all folders are one. Growing past the bound is JET_errDiskFull. Any number of threads may use the
 * files; the two functions that make and release are for one. */
#ifndef FUZZ_MEMORY_FS_H
#define FUZZ_MEMORY_FS_H

#include "os/file.h"

enum { MEMORY_FS_FILES = 64, MEMORY_FS_NAME = 64 };

struct memory_file {
    char name[MEMORY_FS_NAME]; /* "": not in use */
    uint8_t *bytes;
    uint64_t size, room;
};

struct memory_fs {
    struct os_fs os;
    struct memory_file files[MEMORY_FS_FILES];
    uint64_t bytes_max; /* of all files together */
    unsigned open_files;
};

void memory_fs_init(struct memory_fs *m, uint64_t bytes_max);
void memory_fs_release(struct memory_fs *m);
/* The file of that name, made when it is not there, at least size bytes long. NULL: does not fit. */
struct memory_file *memory_fs_make(struct memory_fs *m, const char *name, uint64_t size);

#endif
