/* A new file in the place of an old one, which stays whole until the new one is there (repair, esentutl /d).
 *
 * A crash at any point leaves under `path` the old file or the new one, whole; only on a file system without hard links, and when the old one is to be kept, there is a moment in which
 * `path` is absent, and both files are there under the other two names. Other hard links of the old file go on to name that. No locks. */
#ifndef OPENESE_ENGINE_REPLACE_FILE_H
#define OPENESE_ENGINE_REPLACE_FILE_H

#include "os/file.h"

/* Owner and permissions of `from` for `to`. JET_errFileAccessDenied: this process may not. */
MUST_CHECK JET_ERR replace_file_rights(const char *from, const char *to);
/* Puts `made` where `path` is, which is kept as `kept`, or gone when that is NULL. All are files of one file system, and `made` is on disk already. JET_errFileAlreadyExists: there is a
 * file `kept`. After an error `path` is as it was; where that fails too, it is under the name `kept`. */
MUST_CHECK JET_ERR replace_file(struct os_fs *fs, const char *made, const char *path, const char *kept);

#endif
