/* ese log --rows: what the transactions of a log stream did to rows. */
#ifndef OPENESE_TOOLS_LOG_ROWS_H
#define OPENESE_TOOLS_LOG_ROWS_H

#include "format/lgpos.h"
#include "tool.h"

struct log_rows_options {
    const char *folder; /* logs and databases; only read */
    const char *base;   /* NULL: found out */
    const char *table;  /* NULL: all */
    page_no_t page;     /* 0: all */
    lgpos_t since;
    bool is_json;
};
/* Exit status. */
int log_rows(const struct command *self, const struct log_rows_options *options);

#endif
