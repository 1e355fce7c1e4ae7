/* A database opened read-only by a tool, whatever its state, without an instance: nothing is written, locked shared. */
#ifndef OPENESE_TOOLS_OPEN_DATABASE_H
#define OPENESE_TOOLS_OPEN_DATABASE_H

#include "database/database.h"
#include "tool.h"

struct tool_database {
    struct cache *cache;
    struct database *database;
    const struct command *command; /* who opened it */
    uint32_t failed_pages;         /* told on standard error */
};

/* Opens path with a page cache of cache_bytes (0 = the default of 32 MiB). A database that was not closed cleanly is opened too, with a word on
 * standard error. On failure says why and returns an exit status other than EXIT_GOOD. observer NULL: pages that
 * fail or were repaired are told on standard error, with their number. out must stay where it is until it is closed. */
int tool_database_open(const struct command *self, const char *path, uint64_t cache_bytes, const struct cache_observer *observer, struct tool_database *out);
/* The same without a word on failure or about the state: the error itself. */
MUST_CHECK JET_ERR tool_database_try(const struct command *self, const char *path, uint64_t cache_bytes, const struct cache_observer *observer, struct tool_database *out);
/* Accepts a zeroed struct. */
void tool_database_close(struct tool_database *db);
/* --cache MIB: bytes of the option's value; false when it is no number from 1 to 65536. NULL gives 0. */
bool tool_cache_bytes(const char *value, uint64_t *bytes);

#endif
