/* What the sub-commands of `ese`, and `esentutl`, share: the command table, error lines, options, and the progress bar. */
#ifndef OPENESE_TOOLS_TOOL_H
#define OPENESE_TOOLS_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "esent.h"

enum exit_status { EXIT_GOOD = 0, EXIT_FINDINGS = 1, EXIT_ERROR = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *summary; /* one line for `ese --help` */
    const char *help;    /* the whole --help text */
    int (*run)(const struct command *self, int argc, char **argv); /* NULL: no sub-command but a program, whose name stands alone in its messages */
};

extern const struct command COMMAND_INFO, COMMAND_VERIFY, COMMAND_DUMP, COMMAND_EXPORT, COMMAND_BACKUP, COMMAND_RESTORE, COMMAND_RECOVER,
    COMMAND_VERIFY_BACKUP, COMMAND_LOG, COMMAND_COMPACT, COMMAND_SALVAGE;

/* The other program in this executable: run when its name is `esentutl`. Exit status as a process has it. */
int esentutl_main(int argc, char **argv);

/* One line on standard error: "ese verb: what: JET_errName (-123)"; err 0 leaves the number out. Returns EXIT_ERROR. */
int tool_error(const struct command *self, JET_ERR err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What stood in the way (err, 0: not known) of opening a file, or a folder where wants_folder, as far as that can be seen from outside:
 * " (it is a folder)", or "". To follow its name. */
const char *tool_path_hint(JET_ERR err, const char *path, bool wants_folder);
/* "ese verb: ", how such a line begins. */
void tool_name(FILE *out, const struct command *self);
/* The same for a wrong command line, with a hint at --help. Returns EXIT_USAGE. */
int tool_usage(const struct command *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Options: --name VALUE, --name=VALUE, -o VALUE, flags; everything else is positional; "--" ends options. An option that may be given several
 * times stands several times in the table. */
struct option_spec {
    const char *long_name;  /* without dashes */
    char short_name;        /* 0 = none */
    bool takes_value;
    const char *value;      /* out: value, or "" for a given flag; NULL when absent */
};
/* Moves positional arguments to the front of argv (from argv[0]) and sets *count. Prints help for --help/-h and returns EXIT_GOOD through
 * *status with false; a wrong option gives EXIT_USAGE. argv starts behind the command's name. */
bool tool_options(const struct command *self, int argc, char **argv, struct option_spec *options, size_t option_count, int *count, int *status);

/* A bar on standard error when that is a terminal (or force with OPENESE_PROGRESS=1); silent otherwise. */
struct progress {
    const char *label;
    uint64_t total, shown_percent, started_ns;
    bool is_shown;
};
void progress_start(struct progress *p, const char *label, uint64_t total);
void progress_update(struct progress *p, uint64_t done);
/* Clears the line. */
void progress_end(struct progress *p);

/* A bar for each of several files in turn, as the callbacks of set/ report them (context: the struct). Begin with a zeroed one. */
struct file_progress {
    struct progress bar;
    char file[256];
};
void file_progress_update(void *context, const char *file, uint64_t done, uint64_t total);

/* Bytes a second in millions since started_ns (clock_monotonic_ns). */
double megabytes_per_second(uint64_t bytes, uint64_t started_ns, double *seconds);

/* "12.3 MiB". text has 32 bytes. */
const char *format_bytes(uint64_t bytes, char *text);
/* Writes text as a JSON string with quotes; bytes that are not UTF-8 become U+FFFD. */
void print_json_string(FILE *out, const char *text);
/* Writes the bytes as hexadecimal digits. */
void print_hex(FILE *out, struct span bytes);

#endif
