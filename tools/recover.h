/* What the parts of `ese recover` share. */
#ifndef OPENESE_TOOLS_RECOVER_H
#define OPENESE_TOOLS_RECOVER_H

#include "log_folder.h"
#include "recovery/recovery.h"
#include "tool.h"

struct recover_options {
    const char *folder;       /* logs, checkpoint and, unless there is another place for them, databases */
    const char *database_folder;
    const char *base;         /* NULL: found out */
    bool allow_lost_logs, no_undo, ignore_missing, is_json;
    struct recovery_stop stop;
};

/* --dry-run: what is there, what a recovery would do, what stands against it. Nothing is written. EXIT_FINDINGS when it would fail. */
int recover_plan(const struct command *self, const struct recover_options *options, const struct log_folder *logs);

/* Copies the files of a folder (not its sub-folders), or only its databases, into another. Exit status. */
int recover_copy_files(const struct command *self, const char *from, const char *to, bool only_databases);
bool recover_is_database(const char *folder, const char *name);
/* Recovers options->folder in place, and closes the log with an empty run. change: see recovery.h; may be NULL. */
MUST_CHECK JET_ERR recover_replay(const struct recover_options *options, const struct log_folder *logs, recovery_change_fn change, void *change_context,
                                  struct recovery_result *result);

#endif
