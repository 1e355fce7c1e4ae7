/* Replacing pages of a database that is not attached (JetBeginDatabaseIncrementalReseed, JetPatchDatabasePages, JetEndDatabaseIncrementalReseed).
 *
 * The one idea: pages of different moments make a database again when all logs from the oldest moment to the newest are replayed over them. Until the caller has said which logs these are, the header's
 * state (6) keeps the file from being attached or recovered; afterwards (7) the recovery knows that pages may be older or newer than they seem.
 *
 * From begin to end the instance holds the file open and locked. Locks: instance->reseeds_lock over each call. Paths are UTF-8; the caller is inside the instance, which need not have been started. */
#ifndef OPENESE_ENGINE_RESEED_H
#define OPENESE_ENGINE_RESEED_H

#include "database/header_pair.h"
#include "engine/instance.h"

enum { RESEEDS_MAX = 7 };

/* A database under way. */
struct reseed {
    struct reseed *next;
    char *path; /* absolute */
    struct os_file *file;
    struct header_pair pair;
    uint32_t patched;
    page_no_t first_patched, last_patched;
    uint64_t begun_ns;
};

struct reseed_patch {
    page_no_t first;
    uint32_t count;
    const uint8_t *pages;
    uint32_t size;
    JET_GRBIT grbit;
};
/* Generations as the caller of JetEndDatabaseIncrementalReseed names them. */
struct reseed_range {
    uint32_t min_required, first_diverged, max_required;
};

MUST_CHECK JET_ERR engine_reseed_begin(struct instance *instance, const char *path, JET_GRBIT grbit);
MUST_CHECK JET_ERR engine_reseed_patch(struct instance *instance, const char *path, const struct reseed_patch *patch);
MUST_CHECK JET_ERR engine_reseed_end(struct instance *instance, const char *path, const struct reseed_range *range, JET_GRBIT grbit);
/* Gives up what is under way; the files stay as they are. */
void reseed_close_all(struct instance *instance);

/* reseed_logs.c: are the logs there, as one chain, and what must header and checkpoint say? Changes `header` and the checkpoint file; on an error
 * neither. JET_errLogFileCorrupt (a generation is missing, or is another), JET_errBadLogSignature, JET_errInvalidLogSequence, JET_errDatabaseFailedIncrementalReseed,
 * JET_errNoAttachmentsFailedIncrementalReseed, JET_errBadCheckpointSignature, JET_errFileInvalidType, those of reading logs. */
struct reseed_stream {
    struct os_fs *fs;
    char *log_folder, *system_folder, *base_name;
    bool is_legacy_names;
};
MUST_CHECK JET_ERR reseed_settle_logs(const struct reseed_stream *stream, const struct reseed_range *range, struct db_header *header);

#endif
