/* The logs of one stream in a folder, as tools look at them: found out without knowing base name, extension or page size. Nothing is written. */
#ifndef OPENESE_TOOLS_LOG_FOLDER_H
#define OPENESE_TOOLS_LOG_FOLDER_H

#include "log/log_files.h"

struct log_file {
    char *path;
    const char *name;     /* in path */
    uint32_t generation;  /* as the header says; of an unreadable archive as the name says, of an unreadable current log 0 */
    bool is_current;
    JET_ERR error;        /* of the header; it is filled when 0 */
    struct log_header header;
};
struct log_folder {
    char base[4];
    const char *extension;
    struct log_file *files; /* ascending generation; the current log last */
    size_t count;
    struct log_header header; /* of the newest readable one */
    bool has_header;
};
/* base NULL: that of the newest readable log. A folder without logs gives count 0. JET_errInvalidPath, JET_errOutOfMemory. */
MUST_CHECK JET_ERR log_folder_read(const char *folder, const char *base, struct log_folder *out);
/* Accepts a zeroed one. */
void log_folder_release(struct log_folder *f);

#endif
