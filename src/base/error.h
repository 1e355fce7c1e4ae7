/* Errors: the return convention, the two control macros, and the table of numbers.
 *
 * Every fallible function returns JET_ERR: negative = error, 0 = success, positive = warning with the
 * operation done. A function that acquires anything has one label `done:` that releases it in reverse
 * order; TRY and RAISE jump forward to it with the error in the local `err`.
 *
 *     JET_ERR err = JET_errSuccess;
 *     TRY(first(...));             // jumps to done when negative; keeps a warning out of err
 *     if (bad) RAISE(JET_errDatabaseCorrupted);
 * done:
 *     release(...);
 *     return err;
 */
#ifndef OPENESE_BASE_ERROR_H
#define OPENESE_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "esent.h"

#define MUST_CHECK __attribute__((warn_unused_result))

/* The origin of every error passes here; a debugger breaks on it, and OPENESE_TRACE_ERRORS=1 in the environment
 * makes it print file and line. Returns code. */
JET_ERR error_raise(JET_ERR code, const char *file, int line);

#define RAISE(code)                                            \
    do {                                                       \
        err = error_raise((code), __FILE__, __LINE__);         \
        goto done;                                             \
    } while (0)

/* Runs expr; on an error jumps to done with err set; a warning is dropped (err stays 0).
 * Where a warning must pass through, write err = expr; if (err < 0) goto done; instead. */
#define TRY(expr)                                              \
    do {                                                       \
        err = (expr);                                          \
        if (err < 0)                                           \
            goto done;                                         \
        err = JET_errSuccess;                                  \
    } while (0)

enum error_class {
    ERROR_CLASS_Unknown, ERROR_CLASS_State, ERROR_CLASS_Operation, ERROR_CLASS_Fatal, ERROR_CLASS_IO, ERROR_CLASS_Resource,
    ERROR_CLASS_Memory, ERROR_CLASS_Quota, ERROR_CLASS_Disk, ERROR_CLASS_Data, ERROR_CLASS_Corruption,
    ERROR_CLASS_Inconsistent, ERROR_CLASS_Fragmentation, ERROR_CLASS_Api, ERROR_CLASS_Usage, ERROR_CLASS_Obsolete
};

struct error_info {
    const char *name;
    JET_ERR code;
    enum error_class class_of;
    const char *text;
    bool is_public;
};

/* The entry for a number, or NULL when the number is unknown. Aliases share a number; the first is given. */
const struct error_info *error_lookup(JET_ERR code);
/* The constant's name, "unknown error" when there is none. Never NULL. */
const char *error_name(JET_ERR code);
/* Iterates the table: i from 0; NULL past the end. */
const struct error_info *error_table_at(size_t i);

#endif
