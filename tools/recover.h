/* What the parts of `ese recover` share. */
#ifndef OPENESE_TOOLS_RECOVER_H
#define OPENESE_TOOLS_RECOVER_H

#include "log_folder.h"
#include "recovery/recovery.h"
#include "tool.h"

struct recover_options {
    const char *folder;       /* logs */
    const char *system_folder; /* checkpoint; NULL: folder */
    const char *database_folder; /* NULL: where the map or, when they are absolute here, the logs say */
    const char *base;         /* NULL: found out */
    bool allow_lost_logs, no_undo, ignore_missing, is_json;
    const struct recovery_map_entry *map; /* without database_folder */
    size_t map_count;
    bool only_mapped;         /* databases without an entry are not looked for where the logs say */
    bool truncate_logs;
    bool is_evidence;         /* a copy made to be looked at: what a set of archives, or a backup's copy of a database, has is taken as it is */
    struct recovery_stop stop;
};

/* --dry-run: what is there, what a recovery would do, what stands against it. Nothing is written. EXIT_FINDINGS when it would fail. */
int recover_plan(const struct command *self, const struct recover_options *options, const struct log_folder *logs);

/* Copies a file. JET_errFileAlreadyExists; on another error the target is gone again. */
MUST_CHECK JET_ERR recover_copy_file(const char *from, const char *to);
/* Copies the files of a folder (not its sub-folders), or only its databases, into another. Exit status. */
int recover_copy_files(const struct command *self, const char *from, const char *to, bool only_databases);
bool recover_is_database(const char *folder, const char *name);
/* Recovers options->folder in place, and closes the log with an empty run. change: see recovery.h; may be NULL. */
MUST_CHECK JET_ERR recover_replay(const struct recover_options *options, const struct log_folder *logs, recovery_change_fn change, void *change_context,
                                  struct recovery_result *result);
/* What it did, for people. err: as recover_replay gave it. */
void recover_report(const struct recover_options *options, const struct recovery_result *result, JET_ERR err);
/* The state of each database of a folder, as lines or as members of a JSON list. */
void recover_report_databases(const char *folder, bool is_json);
/* Reads the log at position i and judges it by itself and after the one before it in the row (has_previous: that one is good). *sum: checksum of the one before; then of this one.
 * The caller releases *g, whatever the result. */
MUST_CHECK JET_ERR recover_judge_log(const struct log_folder *logs, size_t i, struct log_generation *g, uint64_t *sum, bool has_previous);

#endif
