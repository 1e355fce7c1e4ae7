/* The file that rows of a temporary table go to when they are too many for memory. Its name is removed as soon as it is open: nothing is left of it, whatever happens.
 * Used by temp_sorter.c and temp_chunks.c; one thread at a time. */
#ifndef OPENESE_CURSOR_TEMP_SPILL_H
#define OPENESE_CURSOR_TEMP_SPILL_H

#include "cursor/temp_row.h"
#include "os/file.h"

struct temp_spill {
    struct os_fs *fs;       /* NULL: there is nowhere to spill to, rows stay in memory */
    const char *path;       /* of the temporary database; not owned. The file stands beside it for the moment that it has a name */
    struct os_file *file;   /* NULL: nothing spilled yet */
    uint64_t end;
};

static inline bool temp_spill_is_possible(const struct temp_spill *spill) { return spill->fs != NULL && spill->path != NULL; }
/* Opens the file unless it is open. */
MUST_CHECK JET_ERR temp_spill_open(struct temp_spill *spill);
/* Appends. */
MUST_CHECK JET_ERR temp_spill_append(struct temp_spill *spill, const void *bytes, size_t size, uint64_t *offset);
void temp_spill_close(struct temp_spill *spill);

#endif
