/* One column value as other tools want it: number, text or bytes by column type. */
#ifndef OPENESE_TOOLS_EXPORT_VALUE_H
#define OPENESE_TOOLS_EXPORT_VALUE_H

#include "base/error.h"
#include "record/schema.h"
#include "tool.h"

enum export_kind { EXPORT_INTEGER, EXPORT_UNSIGNED, EXPORT_REAL, EXPORT_TEXT, EXPORT_BYTES };

struct export_value {
    enum export_kind kind;
    int64_t integer;
    uint64_t unsigned_integer;
    double real;
    char *text;        /* UTF-8, owned */
    struct span bytes; /* the caller's */
};

/* How a column's values come out. */
enum export_kind export_kind_of(const struct column *column);
/* JET_errOutOfMemory. A value whose size does not fit its type comes out as bytes. */
MUST_CHECK JET_ERR export_value_make(const struct column *column, struct span bytes, struct export_value *out);
void export_value_release(struct export_value *value);
/* As a JSON value; bytes as a hexadecimal string. */
void export_value_json(FILE *out, const struct export_value *value);
/* As a CSV cell (RFC 4180). */
void export_value_csv(FILE *out, const struct export_value *value);

#endif
