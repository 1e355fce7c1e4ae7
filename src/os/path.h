/* Paths: absolute, lexically normalized POSIX paths. */
#ifndef OPENESE_OS_PATH_H
#define OPENESE_OS_PATH_H

#include <stdbool.h>

#include "base/error.h"

/* Absolute form: current folder prefixed, "." and ".." and double separators resolved, a trailing separator kept.
 * NULL or "" is JET_errInvalidPath. *out is freed with mem_free. */
MUST_CHECK JET_ERR path_absolute(const char *path, char **out);
/* folder + "/" + name (no double separator). */
MUST_CHECK JET_ERR path_join(const char *folder, const char *name, char **out);
/* The folder part ("/" or "." when there is none), without trailing separator. */
MUST_CHECK JET_ERR path_folder(const char *path, char **out);
/* Pointer to the last component inside path. */
const char *path_file_name(const char *path);
/* The last component of a path written by Windows or POSIX: after the last '/' or '\'. Data only; never open it. */
const char *path_foreign_file_name(const char *path);

#endif
