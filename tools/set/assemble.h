/* From a chain of sets to what JetExternalRestore takes: whole copies of the databases, and one folder with all logs. */
#ifndef OPENESE_TOOLS_SET_ASSEMBLE_H
#define OPENESE_TOOLS_SET_ASSEMBLE_H

#include "set/set.h"

struct assemble_progress {
    void (*update)(void *context, const char *file, uint64_t done, uint64_t total); /* may be NULL */
    void *context;
};

/* Makes target, which must not exist, the image of a database of the chain's last images: the copy at the bottom, changed by each delta above it.
 * Hashes that the manifests give are checked on the way (JET_errReadVerifyFailure: a file of a set is damaged). A copy in an unpacked archive is
 * moved. Adds what was written to *bytes. why (why_size bytes) explains an error; target is removed then. */
MUST_CHECK JET_ERR assemble_database(struct set_chain *chain, const struct set_database *database, const char *target,
                                     const struct assemble_progress *progress, uint64_t *bytes, char *why, size_t why_size);

/* Puts the logs set_chain_low .. set_chain_high into folder, which is created: as symbolic links, where the file system has them, else as
 * copies. JET_errFileNotFound with the generation when no set has one. */
MUST_CHECK JET_ERR assemble_logs(const struct set_chain *chain, const char *folder, char *why, size_t why_size);

/* Copies a file; hash may be NULL. target must not exist. */
MUST_CHECK JET_ERR assemble_copy(const char *from, const char *to, struct sha256 *hash, const struct assemble_progress *progress, uint64_t *bytes);

#endif
