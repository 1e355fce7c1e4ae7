/* Files of a log stream by name and as bytes: naming, listing, reading a whole generation, the checkpoint pair (log-files 1, recovery.md 4).
 *
 * Used by log.c, recovery/, backup/ and tools; no locks, no state. base: the three characters; extension: ".log" or ".jtx".
 */
#ifndef OPENESE_LOG_LOG_FILES_H
#define OPENESE_LOG_LOG_FILES_H

#include "format/checkpoint.h"
#include "format/log_header.h"
#include "format/log_segment.h"
#include "os/file.h"

/* Generation in an archive's file name (5 or 8 hexadecimal digits), 0 when the name is not one of the stream. */
uint32_t log_name_generation(const char *file_name, const char *base, const char *extension);
/* Path of an archive: the existing one of its two spellings, else the spelling that would be written (5 digits up to 0xFFFFF with ".log"). Freed with
 * mem_free. */
MUST_CHECK JET_ERR log_file_path(const char *folder, const char *base, uint32_t generation, const char *extension, struct os_fs *fs, char **path);
/* folder/<base><suffix><extension>, e.g. "" the current log, "tmp" the next one. */
MUST_CHECK JET_ERR log_named_path(const char *folder, const char *base, const char *suffix, const char *extension, char **path);

struct log_listing {
    const char *extension;      /* static text; found, or the default */
    bool has_current, has_temporary;
    uint32_t first, last;       /* archives; 0 = none */
    uint32_t archive_count;
};
/* What a folder holds of a stream. A missing folder is JET_errInvalidPath. The extension is the one of a current or temporary log found, trying the
 * default first, then the other; else of archives. */
MUST_CHECK JET_ERR log_list(struct os_fs *fs, const char *folder, const char *base, bool is_legacy_names, struct log_listing *out);
/* Calls visit for each archive, ascending. Stops at a negative result and returns it. */
MUST_CHECK JET_ERR log_visit_archives(struct os_fs *fs, const char *folder, const char *base, const char *extension,
                                      JET_ERR (*visit)(void *context, uint32_t generation, const char *path), void *context);

/* Reads and checks a header as recovery.md 4.1: JET_errFileIOBeyondEOF (shorter than a header), JET_errLogFileCorrupt, JET_errFileInvalidType,
 * JET_errBadLogVersion, JET_errLogFileSizeMismatch. */
MUST_CHECK JET_ERR log_header_read(struct os_fs *fs, const char *path, struct log_header *header);

/* The same without a look at the size of the file: what the header says of itself. */
MUST_CHECK JET_ERR log_header_read_alone(struct os_fs *fs, const char *path, struct log_header *header);

/* A whole generation in memory, segments scanned and repaired. */
struct log_generation {
    struct log_header header;
    struct log_scan scan;
    uint8_t *image;
    uint32_t sectors;
};
/* Header errors as log_header_read; damage in segments is in out->scan.error. Nothing is written: a segment taken from its shadow is only repaired in
 * memory (log_generation_restore writes it). */
MUST_CHECK JET_ERR log_generation_read(struct os_fs *fs, const char *path, struct log_generation *out);
MUST_CHECK JET_ERR log_generation_restore(struct os_fs *fs, const char *path, const struct log_generation *generation);
/* Accepts an empty one. */
void log_generation_release(struct log_generation *generation);

/* The checkpoint file: first good copy. JET_errFileNotFound, JET_errCheckpointCorrupt (both bad), JET_errFileInvalidType. */
MUST_CHECK JET_ERR checkpoint_file_read(struct os_fs *fs, const char *path, struct checkpoint *out);
/* First copy, sync, second copy, sync; created if absent. */
MUST_CHECK JET_ERR checkpoint_file_write(struct os_fs *fs, const char *path, const struct checkpoint *checkpoint);
MUST_CHECK JET_ERR checkpoint_path(const char *folder, const char *base, const char *log_extension, char **path);

#endif
