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
 *
 * A row that is decoded, changed and encoded again keeps what was not changed byte for byte: the long columns are carried over as they stand (`tagged`), and
 * which of the fixed columns 8 to 13 have a value is kept (`present`), since null and 0 are not the same there.
 */
#ifndef OPENESE_CATALOG_ROW_H
#define OPENESE_CATALOG_ROW_H

#include "record/long_value.h"
#include "record/record.h"

enum catalog_row_type { CATALOG_ROW_TABLE = 1, CATALOG_ROW_COLUMN = 2, CATALOG_ROW_INDEX = 3, CATALOG_ROW_LONG_VALUE = 4, CATALOG_ROW_CALLBACK = 5 };

/* The fixed columns that may be null; bit 1 << id of catalog_row.present says that one has a value. */
enum catalog_fixed_column {
    CATALOG_ROOT_FLAG = 8, CATALOG_RECORD_OFFSET = 9, CATALOG_LCMAP_FLAGS = 10, CATALOG_KEY_MOST = 11, CATALOG_LV_CHUNK_MOST = 12, CATALOG_LAST_SET_TIME = 13
};

/* Spans point into the record the row was decoded from, or into the buffers. data NULL = null. */
struct catalog_row {
    uint32_t objid_table, type, id, type_or_root, space_usage, flags, pages_or_locale;
    uint32_t present;        /* of enum catalog_fixed_column */
    uint32_t record_offset;  /* 0 = null */
    uint32_t lcmap_flags;    /* 0 when null */
    uint32_t key_most;       /* 0 = null */
    uint32_t lv_chunk_most;  /* 0 = null */
    uint64_t last_set_time;
    struct span name, stats, template_name, default_value, key_segments, var_seg_mac, conditions, tuple_limits, version, sort_id;
    struct span callback_data, separate_lv, space_hints, deferred_lv_hints, locale;
    struct span tagged;      /* the tagged part as it stands in the record; NULL: made from the long columns above when the row is encoded */
    struct value_buffer buffers[5]; /* of the long columns */
};
static inline void catalog_row_set(struct catalog_row *row, enum catalog_fixed_column id) { row->present |= 1u << id; }
static inline bool catalog_row_has(const struct catalog_row *row, enum catalog_fixed_column id) { return (row->present & (1u << id)) != 0; }

/* The fixed description of MSysObjects' own columns, in order of id. */
const struct column *catalog_columns(uint32_t *count);

/* Decodes a record of MSysObjects. nodes: the catalog's long values, or NULL (a long column kept outside the row is then taken for null). The bytes must outlive the row. catalog_row_free accepts a
 * zeroed row and must be called also after an error. JET_errCatalogCorrupted. */
MUST_CHECK JET_ERR catalog_row_decode(struct span record, uint32_t page_size, const struct long_value_nodes *nodes, struct catalog_row *out);
void catalog_row_free(struct catalog_row *row);

/* Puts a record together as the original engine does: fixed and variable columns up to the last that has a value (row_encode.c). JET_errRecordTooBig when
 * `room` does not hold it, JET_errInvalidParameter for a long column of 0x4000 bytes or more. */
MUST_CHECK JET_ERR catalog_row_encode(const struct catalog_row *row, uint32_t page_size, uint8_t *out, uint32_t room, uint32_t *size);

/* Keys of a row (records-and-catalog 6.2): in MSysObjects and its shadow; in the index of all names; and, of a table row, in the index of table names. */
enum { CATALOG_KEY_SIZE = 5 + 3 + 5, CATALOG_NAME_KEY_MOST = 5 + 3 + 2 + 255, CATALOG_TABLE_KEY_MOST = 2 + 2 + 255 };
uint32_t catalog_row_key(uint32_t objid_table, uint32_t type, uint32_t id, uint8_t out[CATALOG_KEY_SIZE]);
uint32_t catalog_row_name_key(uint32_t objid_table, uint32_t type, struct span name, uint8_t out[CATALOG_NAME_KEY_MOST]);
uint32_t catalog_table_name_key(struct span name, uint8_t out[CATALOG_TABLE_KEY_MOST]);

#endif
