/* esentutl: the switches of Windows' ESENTUTL.EXE on what `ese` is made of. This file reads the command line and says how it ended; the modes are in esentutl_modes.c.
 *
 * As on Windows, a switch begins with '/' or '-', case does not matter, a value stands in the same argument or in the next, and files are changed where they are. What Windows does not
 * have to decide: whether "/data/x.edb" is a path or a switch (is_path). The last line, "Operation completed ..." or "Operation terminated with error ...", is there for scripts. */
#include "esentutl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "os/clock.h"
#include "os/file.h"
#include "visible.h"

enum { EXIT_WRONG_LINE = 255 };

const struct command ESENTUTL = {"esentutl", NULL, NULL, NULL};

enum takes { FLAG, VALUE, VALUE_OR_NOT, MAPPED };
struct switch_spec {
    char letter;
    enum takes takes;
};
struct mode {
    char letter;
    const char *what;             /* the positional argument, for complaints */
    struct switch_spec switches[14]; /* ended by a zeroed one */
    JET_ERR (*run)(const struct esentutl_run *run);
};

static const struct mode MODES[] = {
    {'r', "base name of the logs",
     {{'l', VALUE}, {'s', VALUE}, {'d', VALUE_OR_NOT}, {'i', FLAG}, {'a', FLAG}, {'n', MAPPED}, {'u', VALUE_OR_NOT}, {'t', FLAG}, {'c', FLAG}, {'v', FLAG}, {'k', VALUE}, {'p', VALUE}},
     esentutl_recover},
    {'g', "database", {{'t', VALUE}, {'f', VALUE}, {'v', FLAG}}, esentutl_integrity},
    {'k', "file", {{'e', FLAG}, {'i', FLAG}, {'t', VALUE}}, esentutl_checksum},
    {'m', "file", {{'v', FLAG}, {'t', VALUE}}, esentutl_show},
    {'y', "source file", {{'d', VALUE}}, esentutl_copy},
    {'d', "database", {{'t', VALUE}, {'b', VALUE}, {'p', FLAG}, {'v', FLAG}}, esentutl_defragment},
    {'p', "database", {{'t', VALUE}, {'s', VALUE}, {'f', VALUE}, {'b', VALUE}, {'g', FLAG}, {'v', FLAG}}, esentutl_repair},
};
enum { MODE_COUNT = sizeof MODES / sizeof MODES[0] };

static const char HELP[] =
    "usage: esentutl MODE FILE [SWITCHES]\n\n"
    "Looks after ESE (ESENT) databases and their logs, with the switches of the Windows program.\n"
    "Files are changed in place. A switch begins with / or -; case does not matter; its value\n"
    "follows at once or as the next argument. An argument such as /data/x.edb is a path.\n\n"
    "  /r BASE   recover: bring the databases of the log stream BASE (edb, SRU, ...) to a\n"
    "            clean state\n"
    "              /l DIR     the logs are in DIR (default: the current folder)\n"
    "              /s DIR     the checkpoint is in DIR (default: where the logs are)\n"
    "              /d [DIR]   the databases are in DIR (without DIR: in the current folder)\n"
    "              /n NEW[:OLD]  the database logged as OLD is NEW; repeatable; without OLD the\n"
    "                         one whose identity NEW has. /n* : others where the logs say\n"
    "              /i         go on without databases that are missing\n"
    "              /a         go on when logs are lost that hold later commits only\n"
    "              /u[GEN]    redo only, as far as the end or generation GEN (decimal)\n"
    "              /t         delete logs that are not needed any more\n"
    "  /g DB     integrity: check every page, tree, long value and index\n"
    "  /k FILE   checksums of a database, a log, a stream of logs (by base name), a checkpoint\n"
    "            or a flush map;  /e: not of a database's pages\n"
    "  /m[h|k|l|p|m|s|n] FILE   show: header of a database (h, also without letter), checkpoint\n"
    "            (k), log or stream of logs (l; /v: the records too), flush map (p), tables,\n"
    "            columns and indexes (m), space (s), rows (n);  /t TABLE: with m, s, n\n"
    "  /y FILE   copy;  /d FILE: target (default: the same name in the current folder)\n"
    "  /d DB     defragment: write DB anew without its free space\n"
    "              /b FILE    keep the old one as FILE\n"
    "              /t FILE    name of the new one while it is made (default: DB.tempdfrg)\n"
    "              /p         leave it there and DB as it is\n"
    "  /p DB     repair: write DB anew with everything that can still be read of it; asks first\n"
    "            on a terminal, not with /o\n"
    "              /t FILE    name of the new one while it is made (default: DB.temprepair)\n"
    "              /b FILE    keep the damaged one as FILE\n"
    "              /f NAME    list lost pages and tables in NAME.integ.raw\n"
    "              /g         check first, and leave a sound database as it is\n"
    "              /s FILE    without effect (streaming files are no more)\n\n"
    "Everywhere: /2 /4 /8 /16 /32 page size in KiB (default: found out); /o: asks nothing.\n"
    "Exit status: 0 good; 255 a wrong command line; otherwise the low byte of the error\n"
    "number, which the last line of the output names in full.\n";

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "/?") == 0 || strcmp(argument, "-?") == 0;
}

/* "/x..." is a switch with its value, unless it can only be a path: its first component is longer than a switch, or it is there. */
static bool is_path(const char *argument)
{
    if (argument[0] != '/')
        return argument[0] != '-' || argument[1] == 0;
    if (argument[1] == 0 || argument[1] == '/')
        return true;
    if (argument[2] == 0 || argument[2] == ':')
        return false;
    const char *second = strchr(argument + 1, '/');
    return (second != NULL && second > argument + 2) || os_exists(os_fs_posix(), argument);
}

static const struct mode *mode_of(char letter)
{
    for (size_t i = 0; i < MODE_COUNT; i++)
        if (MODES[i].letter == letter)
            return &MODES[i];
    return NULL;
}

/* --- parsing --- */

static bool complain(const char *what, const char *argument)
{
    fprintf(stderr, "esentutl: %s %s (esentutl /? tells more)\n", what, VISIBLE(argument));
    return false;
}

/* Page sizes, and what every mode accepts without an effect. False: none of these. */
static bool parse_common(struct esentutl_run *run, const char *text)
{
    char *end;
    if (isdigit((unsigned char)text[0])) {
        unsigned long kib = strtoul(text, &end, 10);
        bool is_size = *end == 0 && (kib == 2 || kib == 4 || kib == 8 || kib == 16 || kib == 32);
        if (is_size)
            run->page_size = (uint32_t)kib << 10;
        return is_size;
    }
    if (strcasecmp(text, "o") == 0)
        run->is_quiet = true;
    return strcasecmp(text, "o") == 0 || text[0] == '!';
}

static bool parse_switch(struct esentutl_run *run, const struct mode *mode, int argc, char **argv, int *at)
{
    const char *argument = argv[*at], *value = argument + 2;
    if (parse_common(run, argument + 1))
        return true;
    char letter = (char)tolower((unsigned char)argument[1]);
    const struct switch_spec *spec = mode->switches;
    while (spec->letter != 0 && spec->letter != letter)
        spec++;
    if (spec->letter == 0)
        return complain("unknown switch", argument);
    if (spec->takes == FLAG) {
        run->values[letter - 'a'] = "";
        return true;
    }
    if (*value == 0 && letter != 'u' && *at + 1 < argc) {
        const char *next = argv[*at + 1];
        bool is_plain = argument[0] == '-' && spec->takes != VALUE_OR_NOT && next[0] == '/'; /* who writes switches with '-' means a path */
        if (is_plain || is_path(next))
            value = argv[++*at];
    }
    while (*value == ':')
        value++;
    if (*value == 0 && spec->takes != VALUE_OR_NOT)
        return complain("a value is missing after", argument);
    if (spec->takes == MAPPED) {
        if (run->mapped_count == ESENTUTL_MAPPED_MAX)
            return complain("too many databases at", argument);
        run->mapped[run->mapped_count++] = value;
        return true;
    }
    if (run->values[letter - 'a'] != NULL)
        return complain("given twice:", argument);
    run->values[letter - 'a'] = value;
    return true;
}

static bool parse(struct esentutl_run *run, const struct mode **mode, int argc, char **argv)
{
    if (argc < 2 || (argv[1][0] != '/' && argv[1][0] != '-'))
        return complain("no mode", argc < 2 ? "given" : argv[1]);
    run->mode = (char)tolower((unsigned char)argv[1][1]);
    *mode = mode_of(run->mode);
    if (*mode == NULL)
        return complain("unknown mode", argv[1]);
    const char *rest = argv[1] + 2;
    if (run->mode == 'm') {
        run->view = *rest == 0 ? 'h' : (char)tolower((unsigned char)*rest++);
        if (strchr("hklpmsn", run->view) == NULL || *rest != 0)
            return complain("unknown mode", argv[1]);
    }
    if (*rest != 0)
        run->source = rest;
    for (int i = 2; i < argc; i++) {
        if (!is_path(argv[i])) {
            if (!parse_switch(run, *mode, argc, argv, &i))
                return false;
        } else if (run->source != NULL) {
            return complain("one too many:", argv[i]);
        } else {
            run->source = argv[i];
        }
    }
    return true;
}

/* --- the end --- */

/* A process has eight bits for it: the low byte of the number, as a process that returned it would have. */
static int exit_status(JET_ERR err)
{
    if (err >= 0)
        return EXIT_GOOD;
    int low = (int)((uint32_t)err & 0xFF);
    return low != 0 ? low : EXIT_ERROR;
}

static void print_end(JET_ERR err, uint64_t started_ns)
{
    const struct error_info *info = error_lookup(err);
    double seconds = (double)(clock_monotonic_ns() - started_ns) / 1e9;
    if (err == JET_errSuccess)
        printf("\nOperation completed successfully in %.3f seconds.\n", seconds);
    else
        printf("\nOperation %s %d (%s, %s) after %.3f seconds.\n", err > 0 ? "completed successfully with" : "terminated with error", (int)err, error_name(err),
               info != NULL ? info->text : "unknown", seconds);
}

int esentutl_main(int argc, char **argv)
{
    struct esentutl_run run = {.mode = 0};
    const struct mode *mode = NULL;
    for (int i = 1; i < argc; i++)
        if (is_help(argv[i])) {
            fputs(HELP, stdout);
            return EXIT_GOOD;
        }
    if (!parse(&run, &mode, argc, argv))
        return EXIT_WRONG_LINE;
    uint64_t started_ns = clock_monotonic_ns();
    JET_ERR err;
    if (run.source == NULL) {
        fprintf(stderr, "esentutl: the %s is missing (esentutl /? tells more)\n", mode->what);
        err = JET_errInvalidParameter;
    } else {
        err = mode->run(&run);
        const char *hint = err < 0 && run.mode != 'r' ? tool_path_hint(JET_errSuccess, run.source, false) : ""; /* the error may be about another file */
        if (hint[0] != 0)
            (void)tool_error(&ESENTUTL, JET_errSuccess, "%s%s", run.source, hint);
    }
    print_end(err, started_ns);
    return fflush(stdout) != 0 && err >= 0 ? EXIT_ERROR : exit_status(err);
}
