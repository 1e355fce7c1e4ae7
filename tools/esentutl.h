/* Inside `esentutl`: the command line as parsed, and what its modes do. */
#ifndef OPENESE_TOOLS_ESENTUTL_H
#define OPENESE_TOOLS_ESENTUTL_H

#include "base/error.h"
#include "tool.h"

enum { ESENTUTL_MAPPED_MAX = 64 };

struct esentutl_run {
    char mode;                  /* lower case: r g k m y d p */
    char view;                  /* of /m: h k l p m s n */
    const char *source;         /* the file, or for /r the base name */
    const char *values[26];     /* of each switch by letter: NULL absent, "" without value */
    const char *mapped[ESENTUTL_MAPPED_MAX]; /* of /n, as given */
    size_t mapped_count;
    uint32_t page_size;         /* 0: found out */
    bool is_quiet;              /* /o */
};
/* Value of a switch, NULL when it was not given. */
static inline const char *esentutl_value(const struct esentutl_run *run, char letter) { return run->values[letter - 'a']; }

/* What lines on standard error begin with. */
extern const struct command ESENTUTL;

/* The modes. They print what they find; the result is the program's. */
MUST_CHECK JET_ERR esentutl_recover(const struct esentutl_run *run);
MUST_CHECK JET_ERR esentutl_integrity(const struct esentutl_run *run);
MUST_CHECK JET_ERR esentutl_checksum(const struct esentutl_run *run);
MUST_CHECK JET_ERR esentutl_show(const struct esentutl_run *run);
MUST_CHECK JET_ERR esentutl_copy(const struct esentutl_run *run);
MUST_CHECK JET_ERR esentutl_defragment(const struct esentutl_run *run);
MUST_CHECK JET_ERR esentutl_repair(const struct esentutl_run *run);

/* /mm, /ms (esentutl_catalog.c): tables, columns, indexes, or the pages that each tree owns. table NULL: all of them. */
MUST_CHECK JET_ERR esentutl_catalog(const char *path, const char *table, bool is_space);

#endif
