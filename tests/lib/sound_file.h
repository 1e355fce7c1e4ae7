/* What `ese verify` says of a database file, in a test. */
#ifndef TESTS_LIB_SOUND_FILE_H
#define TESTS_LIB_SOUND_FILE_H

#include "check/check.h"

/* Fails the test when the check finds an error. What else it found. */
struct check_report expect_sound_file(const char *path);

#endif
