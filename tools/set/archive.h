/* A backup set as one archive: a tar stream (POSIX ustar, pax records where a size or name needs them) in zstd frames, so that `zstd -d | tar x`
 * unpacks it. The manifest is the last member. One frame for each member: a damaged archive is found out near the damage.
 *
 * What is read is untrusted: members are regular files with a name of one component; links, devices, folders, absolute names and ".." are
 * refused. */
#ifndef OPENESE_TOOLS_SET_ARCHIVE_H
#define OPENESE_TOOLS_SET_ARCHIVE_H

#include "base/error.h"

#include <stdint.h>

/* What archive_read does with the members, in their order. A negative result ends the reading and is returned. */
struct archive_visitor {
    JET_ERR (*begin)(void *context, const char *name, uint64_t size);
    JET_ERR (*data)(void *context, const uint8_t *bytes, size_t size); /* pieces of at most 1 MiB */
    JET_ERR (*end)(void *context);
    void *context;
};

/* path: a file, or "-" for standard input. JET_errInvalidParameter: not such an archive; JET_errFileIOBeyondEOF: cut off; JET_errReadVerifyFailure:
 * damaged; JET_errInvalidPath: a member that is refused. why (why_size bytes) tells. */
MUST_CHECK JET_ERR archive_read(const char *path, const struct archive_visitor *visitor, char *why, size_t why_size);

/* Unpacks into an existing empty folder; only_tables: only page tables and the manifest. An archive without manifest is one whose backup was
 * interrupted: JET_errInvalidBackup. progress may be NULL. */
MUST_CHECK JET_ERR archive_unpack(const char *path, const char *folder, bool only_tables,
                                  void (*progress)(void *context, const char *file, uint64_t done, uint64_t total), void *context, char *why,
                                  size_t why_size);

#endif
