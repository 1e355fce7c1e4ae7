/* The real and generated streams with a known end: laid out in a folder, replayed, and compared with what the original engine made of them.
 *
 * Rows and index entries are compared as dumped text, pages by dbtime, links, object id and structural flags. Failures end the test (cmocka). */
#ifndef TESTS_LIB_REPLAY_SETS_H
#define TESTS_LIB_REPLAY_SETS_H

#include "database/database.h"
#include "recovery/recovery.h"

struct dumped_text {
    char *bytes;
    size_t size, room;
    uint64_t lines;
};
/* Prints the first line that differs. */
bool dumped_text_equal(const char *what, const struct dumped_text *a, const struct dumped_text *b);

struct replayed_database {
    struct cache *cache;
    struct database *db;
    struct dumped_text rows, entries;
};
/* Read only, with everything in it. */
void replayed_open(const char *path, struct replayed_database *out);
void replayed_close(struct replayed_database *c);
uint32_t replayed_state(const char *path);
/* The check finds no error; gives its warnings, and the pages in nobody's use. */
uint32_t replayed_warnings(const char *path, bool print, uint64_t *lost);

struct pages_compared {
    unsigned compared, different, same_bytes;
};
/* or_newer: a page may also be of a later state. */
void replayed_compare_pages(const char *path, const char *reference, uint32_t page_size, bool or_newer, struct pages_compared *out);
/* Pages that have the dbtime they had before, and those of them whose bytes are others. */
unsigned replayed_count_untouched(const char *path, const char *before, uint32_t page_size, unsigned *changed);

struct replay_set {
    const char *what, *logs, *base, *database, *checkpoint; /* relative; database NULL: from the logs alone */
    const char *file_name;
    const char *reference;
    uint32_t page_size;
};
enum { REPLAY_WINDOWS_COUNT = 4, REPLAY_CRASH_COUNT = 3 };
extern const struct replay_set REPLAY_WINDOWS[REPLAY_WINDOWS_COUNT], REPLAY_CRASHES[REPLAY_CRASH_COUNT];

/* The files of a folder of the data whose names end so, .gz and .zst taken off. */
void copy_shared_files(const char *relative, const char *suffix, const char *folder);
/* A new folder with the set. */
const char *replay_lay_out(const struct replay_set *s);
struct recovery_config replay_config(const struct replay_set *s, const char *folder);
/* Recovers and closes the log; nothing may leak. */
JET_ERR replay_run(const struct recovery_config *config, struct recovery_result *result);

#endif
