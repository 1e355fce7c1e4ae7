/* ese: one command for ESE databases, with sub-commands. This file only chooses the sub-command, or the other program by the name it was called with. */
#include <string.h>
#include <strings.h>

#include "os/path.h"
#include "tool.h"

static const struct command *const COMMANDS[] = {
    &COMMAND_INFO, &COMMAND_VERIFY, &COMMAND_DUMP, &COMMAND_EXPORT, &COMMAND_BACKUP, &COMMAND_VERIFY_BACKUP, &COMMAND_RESTORE, &COMMAND_RECOVER,
    &COMMAND_LOG, &COMMAND_COMPACT, &COMMAND_SALVAGE,
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

static void print_help(FILE *out)
{
    fputs("usage: ese COMMAND [OPTIONS] ...\n\nReads, checks, backs up and restores ESE (ESENT) databases.\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-13s %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
    fputs("\nese COMMAND --help tells more. Exit status: 0 good, 1 an error or findings, 2 a wrong command line.\n", out);
}

int main(int argc, char **argv)
{
    if (argc > 0 && strcasecmp(path_file_name(argv[0]), "esentutl") == 0)
        return esentutl_main(argc, argv);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_GOOD;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("ese 0.1.0");
        return EXIT_GOOD;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], COMMANDS[i]->name) == 0) {
            int status = COMMANDS[i]->run(COMMANDS[i], argc - 2, argv + 2);
            return fflush(stdout) != 0 && status == EXIT_GOOD ? EXIT_ERROR : status;
        }
    fprintf(stderr, "ese: unknown command %s (see ese --help)\n", argv[1]);
    return EXIT_USAGE;
}
