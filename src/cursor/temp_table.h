/* Temporary tables: rows in memory, in key order, with the columns their maker asked for (JetOpenTempTable; also every list that an
 * information function returns).
 *
 * Rows are blocks of bytes; an array of pointers gives their order. While rows are only being inserted the array is not kept in order:
 * it is sorted, and duplicates dropped, when somebody first looks (the first row inserted of equal keys stays).
 *
 *   block:  struct temp_row | key | values' bytes
 *
 * Threads: one at a time, like the cursors on it. Memory only; nothing of it survives.
 */
#ifndef OPENESE_CURSOR_TEMP_TABLE_H
#define OPENESE_CURSOR_TEMP_TABLE_H

#include "record/key.h"

struct temp_column {
    uint32_t type, max_size, code_page;
    unsigned flags;         /* enum column_flag; COLUMN_FLAG_MULTI_VALUED makes it tagged */
    bool is_fixed, is_tagged; /* neither: the type decides */
    bool is_key, is_descending;
};

enum temp_table_option {
    TEMP_INDEXED = 0x1, TEMP_UNIQUE = 0x2, TEMP_UPDATABLE = 0x4, TEMP_SCROLLABLE = 0x8, TEMP_SORT_NULLS_HIGH = 0x10, TEMP_FORCE_MATERIALIZATION = 0x20,
    TEMP_FORWARD_ONLY = 0x40, TEMP_INTRINSIC_LVS_ONLY = 0x80, TEMP_DOTNET_GUID = 0x100
};

struct temp_table_config {
    const struct temp_column *columns;
    uint32_t column_count;
    unsigned options;                       /* enum temp_table_option */
    uint32_t page_size;                     /* limits of keys; 0 = 4096 */
    uint32_t key_most, var_seg_most;        /* 0 = default */
    const char *locale;                     /* of Unicode key columns; NULL = "en-US" unless lcid says otherwise */
    uint32_t lcid, lcmap_flags;             /* 0 = default */
    struct collation_table *weights;        /* may be NULL; the table takes them over on success */
};

struct temp_table;

/* column_ids (may be NULL): column_count ids out. JET_errInvalidColumnType, JET_errInvalidCodePage, JET_errTooManyColumns, JET_errInvalidParameter
 * (key sizes), JET_errOutOfMemory. */
MUST_CHECK JET_ERR temp_table_create(const struct temp_table_config *config, uint32_t *column_ids, struct temp_table **out);
/* One more user. */
void temp_table_retain(struct temp_table *table);
uint32_t temp_table_user_count(const struct temp_table *table);
/* The last user frees it. Accepts NULL. */
void temp_table_release(struct temp_table *table);

const struct table_schema *temp_table_schema(const struct temp_table *table);
/* How its keys are made; only for a table with key columns (schema.index_count). */
const struct key_rules *temp_table_rules(const struct temp_table *table);
unsigned temp_table_options(const struct temp_table *table);

struct temp_value {
    uint32_t column_id, sequence; /* sequence 1.. */
    struct span bytes;
};
/* Adds a row; columns not named are null. JET_errKeyDuplicate (with the rows in order, or TEMP_FORCE_MATERIALIZATION), JET_errNullKeyDisallowed,
 * JET_errFeatureNotAvailable (Unicode key without weights), JET_errColumnNotFound, JET_errOutOfMemory. */
MUST_CHECK JET_ERR temp_table_insert(struct temp_table *table, const struct temp_value *values, uint32_t count);

struct temp_row_value {
    uint32_t column_id, sequence, offset, size;
};
struct temp_row {
    uint64_t number; /* order of insertion */
    uint32_t key_size, value_count;
    /* values (sorted by column id, then sequence), key, bytes */
    struct temp_row_value values[];
};
struct span temp_row_key(const struct temp_row *row);
/* data NULL: null. */
struct span temp_row_get(const struct temp_row *row, uint32_t column_id, uint32_t sequence);
uint32_t temp_row_count(const struct temp_row *row, uint32_t column_id);

/* Rows in order; sorts when that is due. The array lives until the next insertion or removal. */
MUST_CHECK JET_ERR temp_table_rows(struct temp_table *table, struct temp_row ***rows, uint32_t *count);
/* Removes the row at a place of that array. */
void temp_table_remove(struct temp_table *table, uint32_t at);
/* Gives the row at a place of that array other values. JET_errRecordPrimaryChanged when its key would change, unless that is allowed: the row then moves, or
 * JET_errKeyDuplicate. Other errors as of temp_table_insert. */
MUST_CHECK JET_ERR temp_table_replace(struct temp_table *table, uint32_t at, const struct temp_value *values, uint32_t count, bool key_may_change);
/* Place of the first row whose key is >= key (> with `after`). */
MUST_CHECK JET_ERR temp_table_search(struct temp_table *table, struct span key, bool after, uint32_t *at);

#endif
