/* Writes a backup set: one session of a source (source.h) into an output (output.h), with its manifest. */
#ifndef OPENESE_TOOLS_SET_WRITE_H
#define OPENESE_TOOLS_SET_WRITE_H

#include "set/manifest.h"
#include "set/output.h"
#include "set/source.h"

struct set_write_config {
    struct backup_source *source;
    struct set_output *output;
    enum set_kind kind;
    /* What the set builds on. A set of pages compares with its page tables (parent_folder/NAME.pages) and needs one with images; an incremental or
     * differential one is checked to continue its generations before anything is truncated. NULL: not known. */
    const struct set_manifest *parent;
    const char *parent_folder;
    const char *parent_path; /* goes into the manifest */
    uint64_t bytes_per_second; /* most that is read from the source; 0 = no limit */
    /* done and total bytes of a file being read. May be NULL. */
    void (*progress)(void *context, const char *file, uint64_t done, uint64_t total);
    /* A database could not be copied; the set goes on without it. */
    void (*database_failed)(void *context, JET_ERR error, const char *text);
    /* Asked between reads; true ends the backup with JET_errBackupAbortByCaller. May be NULL. */
    bool (*is_cancelled)(void *context);
    void *context;
};

struct set_write_result {
    struct set_manifest manifest;
    uint64_t bytes_read;    /* from the source */
    uint64_t files;
    uint64_t pages, pages_stored;
    uint32_t databases_failed;
    bool is_complete;       /* the manifest stands, whatever came later */
    char why[600];          /* with an error: what could not be done */
};

/* On an error the session has been ended as aborted and the output has no manifest, unless is_complete: then the set is whole, but the source
 * could not truncate its logs or stamp its headers. The result is the caller's in either case (set_write_release). */
MUST_CHECK JET_ERR set_write(const struct set_write_config *config, struct set_write_result *result);
void set_write_release(struct set_write_result *result);

#endif
