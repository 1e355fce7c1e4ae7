/* The table of error numbers (error_table.def) and the trace point for their origin. */
#include "base/error.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define IS_PUBLIC true
#define IS_PRIVATE false
static const struct error_info TABLE[] = {
#define ERROR_ENTRY(name, code, class_of, text, visibility) {#name, code, ERROR_CLASS_##class_of, text, IS_##visibility},
#include "base/error_table.def"
#undef ERROR_ENTRY
};
enum { TABLE_COUNT = sizeof TABLE / sizeof TABLE[0] };

/* Asked once: errors such as "no current record" end every scan, and the environment is searched string by string. */
static bool is_traced(void)
{
    enum { UNKNOWN, NO, YES };
    static atomic_int answer;
    int known = atomic_load_explicit(&answer, memory_order_relaxed);
    if (known == UNKNOWN) {
        known = getenv("OPENESE_TRACE_ERRORS") != NULL ? YES : NO;
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known == YES;
}

JET_ERR error_raise(JET_ERR code, const char *file, int line)
{
    if (code < 0 && is_traced())
        fprintf(stderr, "%s:%d: %s (%d)\n", file, line, error_name(code), (int)code);
    return code;
}

const struct error_info *error_lookup(JET_ERR code)
{
    /* A few hundred entries, asked only when an error is shown: a linear search is enough. */
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (TABLE[i].code == code)
            return &TABLE[i];
    return NULL;
}

const char *error_name(JET_ERR code)
{
    const struct error_info *info = error_lookup(code);
    return info != NULL ? info->name : "unknown error";
}

const struct error_info *error_table_at(size_t i)
{
    return i < TABLE_COUNT ? &TABLE[i] : NULL;
}
