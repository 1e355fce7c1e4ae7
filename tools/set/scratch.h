/* Files and folders that a run made for itself and takes away at its end. That they cannot be removed fails nothing. */
#ifndef OPENESE_TOOLS_SET_SCRATCH_H
#define OPENESE_TOOLS_SET_SCRATCH_H

#include "base/error.h"

void scratch_remove(const char *path);
/* The files and links in the folder; its folders stay. */
void scratch_empty(const char *folder);
/* A new folder of a name of its own in $TMPDIR or /tmp, for this user only. *path is freed with mem_free. JET_errFileAccessDenied. */
MUST_CHECK JET_ERR scratch_make_folder(char **path);
/* The folder with its files; stays when it holds folders. */
void scratch_remove_folder(const char *folder);

#endif
