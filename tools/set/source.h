/* Where the files of a backup come from: an instance of this process, or another process behind its control socket.
 *
 * The calls follow one backup session of the streaming API (begin, list, open, read, close, log list, truncate, end); what writes a set
 * (set/write.h) sees only this table and so does not know whose databases it copies. Calls come from one thread; one file is open at a time. */
#ifndef OPENESE_TOOLS_SET_SOURCE_H
#define OPENESE_TOOLS_SET_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "esent.h"

struct backup_source {
    void *context;
    JET_ERR (*begin)(void *context, bool is_incremental);
    /* New blocks of NUL-terminated UTF-8 paths and one more NUL; the caller frees them with mem_free. */
    JET_ERR (*list_databases)(void *context, char **list);
    JET_ERR (*list_logs)(void *context, char **list, JET_LOGINFO_A *range);
    JET_ERR (*open)(void *context, const char *path, uint64_t *size);
    /* buffer: aligned to 4096 bytes; size: a multiple of the page size, at least 3 pages. *got == 0: end of the file. */
    JET_ERR (*read)(void *context, void *buffer, uint32_t size, uint32_t *got);
    JET_ERR (*close)(void *context);
    JET_ERR (*truncate)(void *context);
    JET_ERR (*end)(void *context, JET_GRBIT grbit);
    /* Ends what still runs as aborted, gives everything back. */
    void (*release)(void *context);
};

/* An instance of this process. It stays the caller's. */
MUST_CHECK JET_ERR backup_source_from_instance(JET_INSTANCE instance, struct backup_source *source);
/* The process that serves PATH with JetxServeControl. */
MUST_CHECK JET_ERR backup_source_from_socket(const char *path, struct backup_source *source);

#endif
