/* A running instance with one attached database, for black-box tests of the public calls. */
#ifndef TESTS_LIB_LIVE_INSTANCE_H
#define TESTS_LIB_LIVE_INSTANCE_H

#include "esent.h"

struct live_instance {
    const char *folder;   /* logs and checkpoint */
    const char *database; /* path of the attached copy; NULL when none */
    uint32_t page_size;
    JET_INSTANCE instance;
    JET_SESID session;
};

/* Databases of the shared data that are clean and can be attached read/write: set-relative paths, NULL at the end. */
extern const char *const CLEAN_DATABASES[];

/* Called before JetInit of each instance that is started from now on, to set more parameters. NULL, as at first: nothing. */
extern void (*live_configure)(JET_INSTANCE instance);

/* Starts an instance in a new scratch folder with small logs (64 KiB); fails the test on error. */
void live_start(struct live_instance *live, uint32_t page_size);
/* The same in a folder that is there already. */
void live_start_in(struct live_instance *live, const char *folder, uint32_t page_size);
/* Copies a shared database into the instance's folder, starts an instance of its page size there and attaches it. */
void live_start_with(struct live_instance *live, const char *shared_database);
/* A new database of that name in the folder, neither attached nor open any more: its path. */
const char *live_make_database(struct live_instance *live, const char *name);
/* Ends it cleanly; fails the test on error. */
void live_stop(struct live_instance *live);
/* Page size of a database file. */
uint32_t page_size_of(const char *path);
/* Asserts err == expected, naming both. */
void assert_err_at(JET_ERR err, JET_ERR expected, const char *expression, const char *file, int line);
#define assert_err(expression, expected) assert_err_at((expression), (expected), #expression, __FILE__, __LINE__)
#define assert_good(expression) assert_err((expression), JET_errSuccess)

#endif
