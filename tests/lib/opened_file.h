/* A database file opened read-only with its catalog, without an instance. */
#ifndef TESTS_LIB_OPENED_FILE_H
#define TESTS_LIB_OPENED_FILE_H

#include "catalog/catalog.h"

struct opened {
    struct cache *cache;
    struct database *db;
    struct catalog *catalog;
};

/* close_file is right after an error too. */
JET_ERR open_file(const char *path, struct opened *out);
void close_file(struct opened *o);

#endif
