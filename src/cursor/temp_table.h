/* Temporary tables: rows in key order, with the columns their maker asked for (JetOpenTempTable; also every list that an information function returns).
 *
 * While rows are only being inserted they go to a sorter (temp_sorter.h). Reading them from the first to the last merges what that has; as soon as somebody wants more than
 * that - a step back, a key, a change - they are brought in order once and kept so (temp_chunks.h). Either way memory is limited where there is a place to spill to. How the
 * table is used decides, its options do not; those only say what a client may do and what happens to equal keys (temp_table_allows).
 *
 * Of rows with equal keys the first inserted stays, and the others vanish when the table is read; or their insertion fails at once, in a table that is materialized.
 *
 * Threads: one at a time, like the cursors on it. Nothing of it survives.
 */
#ifndef OPENESE_CURSOR_TEMP_TABLE_H
#define OPENESE_CURSOR_TEMP_TABLE_H

#include "cursor/temp_row.h"
#include "os/file.h"
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
    /* Where rows go that do not fit in memory_most bytes: to a file beside spill_path, which has no name while it is used. NULL: they stay in memory. */
    struct os_fs *fs;
    const char *spill_path;                 /* copied */
    size_t memory_most;                     /* 0 = default */
    /* Called with released_context when the last user has left; may be NULL. */
    void (*released)(void *context);
    void *released_context;
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
/* Has it been materialized from the start? Others are sorts at first. */
bool temp_table_began_materialized(const struct temp_table *table);

/* What a client may do with a table depends on where it is in its life (reference page of JetOpenTempTable): rows are inserted; then the first move ends that and they are
 * read; or it is materialized, from the start or by that move, and may be changed and read at any time. */
enum temp_phase { TEMP_INSERTING, TEMP_READING, TEMP_MATERIALIZED };
enum temp_phase temp_table_phase(const struct temp_table *table);
/* What the first move does to the phase. */
void temp_table_end_insertion(struct temp_table *table);

struct temp_value {
    uint32_t column_id, sequence; /* sequence 1.., without gaps */
    struct span bytes;
};
/* Adds a row; columns not named are null. JET_errKeyDuplicate (a materialized table), JET_errNullKeyDisallowed, JET_errFeatureNotAvailable (Unicode key without weights),
 * JET_errColumnNotFound, JET_errOutOfMemory, JET_errDiskFull and other errors of the spill file. */
MUST_CHECK JET_ERR temp_table_insert(struct temp_table *table, const struct temp_value *values, uint32_t count);
/* Rows inserted and not removed; those with equal keys may still be counted. */
uint64_t temp_table_insert_count(const struct temp_table *table);

/* The functions below may read and write the spill file: besides their own errors they have those of temp_table_insert, and JET_errDatabaseCorrupted (that file was changed by
 * somebody). A row lives until the next call. */

/* Row number `at` in order. JET_errNoCurrentRecord: there are not so many. */
MUST_CHECK JET_ERR temp_table_row(struct temp_table *table, uint32_t at, const struct temp_row **row);
MUST_CHECK JET_ERR temp_table_count(struct temp_table *table, uint32_t *count);
/* Removes a row. */
MUST_CHECK JET_ERR temp_table_remove(struct temp_table *table, uint32_t at);
/* Gives a row other values. JET_errRecordPrimaryChanged when its key would change, unless that is allowed: the row then moves, or JET_errKeyDuplicate. */
MUST_CHECK JET_ERR temp_table_replace(struct temp_table *table, uint32_t at, const struct temp_value *values, uint32_t count, bool key_may_change);
/* Place of the first row whose key is >= key (> with `after`). */
MUST_CHECK JET_ERR temp_table_search(struct temp_table *table, struct span key, bool after, uint32_t *at);

#endif
