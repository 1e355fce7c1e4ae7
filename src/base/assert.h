/* Asserts: `assert` states what the programmer guarantees (debug builds); assert_always the few things whose breach
 * would write a wrong page or lose a commit. Bad bytes from a file are data, never an assert. */
#ifndef OPENESE_BASE_ASSERT_H
#define OPENESE_BASE_ASSERT_H

#include <assert.h>

void assert_failed(const char *condition, const char *file, int line) __attribute__((noreturn));

#define assert_always(condition) ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__))

#endif
