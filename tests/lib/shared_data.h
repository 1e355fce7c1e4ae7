/* Where the real files are, and scratch folders for tests. */
#ifndef TESTS_LIB_SHARED_DATA_H
#define TESTS_LIB_SHARED_DATA_H

#include <stddef.h>
#include <stdint.h>

/* Folder `data` of the shared files: $OPENESE_SHARED/data, else ../shared/data beside the source tree; NULL when absent. */
const char *shared_data_dir(void);
/* In a cmocka test: returns the folder or prints "skipped: no shared data" and skips the test. */
const char *require_shared_data(void);
/* A new empty folder below $TMPDIR (default the build's test folder), removed at exit unless KEEP_TEST_FOLDERS is set. Never NULL. */
const char *make_scratch_folder(const char *name);
/* Copies a file of the data folder (relative path without .zst/.gz) to target, unpacking NAME.zst or NAME.gz. Fails the test on error. */
void copy_shared_file(const char *relative_path, const char *target);
/* A number that the environment gives a test (decimal, or 0x...), or the fallback. */
uint64_t number_from(const char *name, uint64_t fallback);
/* printf into a new string that lives until exit. */
const char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Whole file, in memory with room for one byte more; *size set; freed with free(). Fails the test on error. */
unsigned char *read_whole_file(const char *path, unsigned long long *size);
/* Writes a file anew. Fails the test on error. */
void write_whole_file(const char *path, const void *bytes, size_t size);
/* Changes sixteen bytes, not the same in each word: that would cancel out in a checksum. A second time changes them back. Fails the test on error. */
void damage_file(const char *path, uint64_t offset);

#endif
