/* One row of MSysObjects, decoded (records-and-catalog 6.1).
 *
 *   | id  | column          | type   | meaning by kind of row                                              |
 *   |-----|-----------------|--------|---------------------------------------------------------------------|
 *   | 1   | ObjidTable      | Long   | owning table                                                        |
 *   | 2   | Type            | Short  | 1 table, 2 column, 3 index, 4 long-value tree, 5 callback           |
 *   | 3   | Id              | Long   | object id, or column id                                             |
 *   | 4   | ColtypOrPgnoFDP | Long   | column type, or root page                                           |
 *   | 5   | SpaceUsage      | Long   | density, or size of a column                                        |
 *   | 6   | Flags           | Long   |                                                                     |
 *   | 7   | PagesOrLocale   | Long   | table: initial pages; column: code page; index: locale id (old)     |
 *   | 8.. |                 |        | see the members below; 128.. variable; 256.. long binary            |
 *
 * The catalog's own columns are the same in every file, but their RecordOffset is stored as 4 for all: it follows from the order of ids.
 */
#ifndef OPENESE_CATALOG_ROW_H
#define OPENESE_CATALOG_ROW_H

#include "record/long_value.h"
#include "record/record.h"

enum catalog_row_type { CATALOG_ROW_TABLE = 1, CATALOG_ROW_COLUMN = 2, CATALOG_ROW_INDEX = 3, CATALOG_ROW_LONG_VALUE = 4, CATALOG_ROW_CALLBACK = 5 };

/* Spans point into the record the row was decoded from, or into the buffers. data NULL = null. */
struct catalog_row {
    uint32_t objid_table, type, id, type_or_root, space_usage, flags, pages_or_locale;
    uint32_t record_offset;  /* 0 = null */
    uint32_t lcmap_flags;    /* 0 = null */
    uint32_t key_most;       /* 0 = null */
    uint32_t lv_chunk_most;  /* 0 = null */
    struct span name, template_name, default_value, key_segments, var_seg_mac, conditions, tuple_limits, version, sort_id;
    struct span separate_lv, space_hints, deferred_lv_hints, locale;
    struct value_buffer buffers[4]; /* of the last four */
};

/* The fixed description of MSysObjects' own columns, in order of id. */
const struct column *catalog_columns(uint32_t *count);

/* Decodes a record of MSysObjects. nodes: the catalog's long values, or NULL. The bytes must outlive the row. catalog_row_free accepts a
 * zeroed row and must be called also after an error. JET_errCatalogCorrupted. */
MUST_CHECK JET_ERR catalog_row_decode(struct span record, uint32_t page_size, const struct long_value_nodes *nodes, struct catalog_row *out);
void catalog_row_free(struct catalog_row *row);

#endif
