/* Where exported rows go. */
#ifndef OPENESE_TOOLS_EXPORT_SINK_H
#define OPENESE_TOOLS_EXPORT_SINK_H

#include "export_value.h"

struct export_sink {
    JET_ERR (*begin_table)(struct export_sink *sink, const struct table_schema *table);
    JET_ERR (*begin_row)(struct export_sink *sink, const struct table_schema *table);
    /* Value `sequence` of `count` of a column; columns come in schema order, nulls not at all. */
    JET_ERR (*value)(struct export_sink *sink, const struct column *column, uint32_t sequence, uint32_t count, const struct export_value *value);
    JET_ERR (*end_row)(struct export_sink *sink, const struct table_schema *table);
    JET_ERR (*end_table)(struct export_sink *sink, const struct table_schema *table);
    /* Frees the sink; is_complete false: the walk failed. */
    JET_ERR (*close)(struct export_sink *sink, bool is_complete);
};

/* Files folder/TABLE.csv, folder/TABLE.jsonl; folder/NAME.sqlite. Existing files are replaced. */
MUST_CHECK JET_ERR export_sink_csv(const char *folder, struct export_sink **out);
MUST_CHECK JET_ERR export_sink_jsonl(const char *folder, struct export_sink **out);
/* JET_errFeatureNotAvailable when built without SQLite. */
MUST_CHECK JET_ERR export_sink_sqlite(const char *folder, const char *name, struct export_sink **out);

#endif
