/* DFRGINFO.TXT: what JetCompact with JET_bitCompactStats tells of each table, and of the whole. */
#ifndef OPENESE_ENGINE_COMPACT_STATISTICS_H
#define OPENESE_ENGINE_COMPACT_STATISTICS_H

#include "engine/compact.h"

struct compact_statistics {
    struct os_file *file; /* NULL: closed */
    uint64_t size, begun_ns;
};
/* Makes the file in the current folder, or overwrites it. */
MUST_CHECK JET_ERR compact_statistics_begin(struct session *session, const char *source, struct compact_statistics *out);
MUST_CHECK JET_ERR compact_statistics_table(struct compact_statistics *s, const struct compact_table *table);
/* The summary, of a copy that is complete. */
MUST_CHECK JET_ERR compact_statistics_end(struct compact_statistics *s, const struct session *session, const struct compact_report *report);
/* Accepts a zeroed one. */
void compact_statistics_close(struct compact_statistics *s);

#endif
