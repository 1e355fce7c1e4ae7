/* Cursors: a table or one of its indexes, seen entry by entry (the reference pages of JetMove, JetSeek, JetRetrieveColumn...).
 *
 * A cursor stands on an entry of its current index: the table itself (rows in primary key order) or a secondary index, whose entries name
 * rows. The row is looked up only when it is asked for. A cursor on a temporary table is used in the same way; its rows are in memory.
 * Cursors know nothing of sessions: engine/ keeps them, api/ calls them, and so do tools directly.
 * Option values are those of the JET_bit constants; api/ asserts that they agree.
 *
 * Threads: one at a time. Nothing stays latched between calls. Errors of every function that reads: those of btree/, record/ and cache/;
 * JET_errNoCurrentRecord when the cursor stands on no entry, JET_errRecordDeleted when its entry has gone.
 */
#ifndef OPENESE_CURSOR_CURSOR_H
#define OPENESE_CURSOR_CURSOR_H

#include "catalog/catalog.h"
#include "record/key.h"

struct cursor;
struct temp_table;

/* --- life --- */

/* Opens a table by name; the cursor is to stand on the first row. JET_errObjectNotFound, JET_errOutOfMemory. */
MUST_CHECK JET_ERR cursor_open(struct catalog *catalog, const char *table_name, struct cursor **out);
/* The same with a schema from the catalog (retained by the cursor). */
MUST_CHECK JET_ERR cursor_open_schema(struct catalog *catalog, const struct table_schema *schema, struct cursor **out);
/* Opens a cursor on a temporary table and takes the table over on success. */
MUST_CHECK JET_ERR cursor_open_temporary(struct temp_table *table, struct cursor **out);
/* A second cursor on the same table, on its clustered index, to stand on the first row. */
MUST_CHECK JET_ERR cursor_duplicate(struct cursor *from, struct cursor **out);
/* Accepts NULL. */
void cursor_close(struct cursor *cursor);

const struct table_schema *cursor_schema(const struct cursor *cursor);
/* Takes the newest schema when the catalog has changed since the last look: columns and indexes added by anybody are found. The other functions do that themselves; for those who
 * read cursor_schema. */
MUST_CHECK JET_ERR cursor_refresh(struct cursor *cursor);
struct catalog *cursor_catalog(const struct cursor *cursor);         /* NULL: temporary */
struct temp_table *cursor_temp_table(const struct cursor *cursor);   /* NULL: of a database */
/* Is it a temporary table's, and no other cursor has that open? */
bool cursor_is_last_of_temporary(const struct cursor *cursor);
/* Which transaction level last moved the cursor; set by whoever keeps it. */
void cursor_set_move_level(struct cursor *cursor, unsigned level);
unsigned cursor_move_level(const struct cursor *cursor);
/* May rows be changed through it? For whoever keeps it; true at first. */
void cursor_set_read_only(struct cursor *cursor, bool is_read_only);
bool cursor_is_read_only(const struct cursor *cursor);

/* The key for values of encrypted columns (format/encryption.h); size 0: none any more, which is also the state after an error. JET_errInvalidParameter (no key), JET_errFeatureNotAvailable
 * (no cipher module), JET_errOutOfMemory. */
MUST_CHECK JET_ERR cursor_set_encryption_key(struct cursor *cursor, struct span bytes);
/* Size 0: there is none. The bytes live until another is set. */
struct span cursor_encryption_key(const struct cursor *cursor);

/* The last step of opening a cursor for a client: keeps the cursors of other sessions (other transactions) from the table, or from changing it, while this one is open;
 * CURSOR_PERMIT_DDL: a fixed schema may be changed through it. JET_errTableLocked when another session has asked for that, or is deleting the table; JET_errTableInUse when others
 * have the table open already, when anybody denies writing already, when rows have been changed by transactions that are not over, or
 * tables derived from it are in use (CURSOR_PERMIT_DDL). */
enum cursor_deny { CURSOR_DENY_WRITE = 0x1, CURSOR_DENY_READ = 0x2, CURSOR_PERMIT_DDL = 0x4 };
MUST_CHECK JET_ERR cursor_set_sharing(struct cursor *cursor, unsigned deny);
/* What was asked for with it: enum cursor_deny. */
unsigned cursor_sharing(const struct cursor *cursor);
/* Does this cursor or another of its session keep all other sessions from the table? */
bool cursor_session_denies_read(const struct cursor *cursor);
/* Is a secondary index of the cursor's table, by object id, current in any client's cursor, this one too? */
bool cursor_index_is_in_use(const struct cursor *cursor, uint32_t objid);

/* --- functions registered for the table --- */

struct table_callback;
/* Are there any, registered or in the schema? */
bool cursor_has_callbacks(const struct cursor *cursor);
/* The registered ones (catalog/ddl.h). */
const struct table_callback *cursor_callbacks(const struct cursor *cursor);
/* Those registered for the template of a derived table. */
const struct table_callback *cursor_template_callbacks(const struct cursor *cursor);
/* For all cursors on the table, until it is taken out or the database is detached. JET_errIllegalOperation (temporary), JET_errOutOfMemory. */
MUST_CHECK JET_ERR cursor_add_callback(struct cursor *cursor, void (*function)(void), void *context, uint32_t types, uint64_t *id);
/* False: there is no such registration. */
bool cursor_remove_callback(struct cursor *cursor, uint64_t id);

/* --- the current index --- */

enum cursor_index_option { CURSOR_INDEX_NO_MOVE = 0x2 };
/* name NULL or "": the clustered index. objid 0, or the index with that object id (name is ignored). itag_sequence 0 = 1.
 * Without NO_MOVE the cursor is to stand on the first entry, unless the index is current already: then nothing changes.
 * JET_errIndexNotFound, JET_errInvalidIndexId, JET_errBadItagSequence, JET_errNoCurrentRecord,
 * JET_errCantUseDeferredPopulateIndex (not populated yet). */
MUST_CHECK JET_ERR cursor_set_index(struct cursor *cursor, const char *name, uint32_t objid, unsigned options, uint32_t itag_sequence);
/* The current index; the primary index where the clustered one is current, NULL when there is none. */
const struct index *cursor_index(const struct cursor *cursor);
/* Is a secondary index current? */
bool cursor_is_on_secondary(const struct cursor *cursor);

/* --- moving --- */

enum cursor_move_option { CURSOR_MOVE_KEY_NE = 0x1 };
#define CURSOR_MOVE_FIRST INT32_MIN
#define CURSOR_MOVE_LAST INT32_MAX
/* rows 0 only tests the current entry. At an end: JET_errNoCurrentRecord and the cursor stands before the first or after the last. */
MUST_CHECK JET_ERR cursor_move(struct cursor *cursor, int32_t rows, unsigned options);
/* cursor_set_move_level and cursor_move by one entry forward, when there is no more to it than that step: no range, no prepared update. False: nothing has been done. */
bool cursor_step_on(struct cursor *cursor, unsigned level, JET_ERR *result);
/* Comparisons that rows must meet, all of them, for cursor_move to stop there. Numbers are given as they are stored, in the size of their column. Copied; count 0: none any more, which
 * is also the state after an error. JET_errFilteredMoveNotSupported (a temporary table, a secondary index, columns of text or long values or with computed defaults),
 * JET_errColumnNotFound, JET_errInvalidParameter, JET_errOutOfMemory. */
enum cursor_relation {
    CURSOR_EQUALS, CURSOR_BEGINS_WITH, CURSOR_DIFFERS, CURSOR_AT_MOST, CURSOR_BELOW, CURSOR_AT_LEAST, CURSOR_ABOVE, CURSOR_MASK_CLEAR, CURSOR_MASK_SET
};
struct cursor_comparison {
    uint32_t column_id;
    enum cursor_relation relation;
    struct span value;   /* size 0: null */
    bool is_zero_length; /* size 0, but not null */
};
MUST_CHECK JET_ERR cursor_set_filter(struct cursor *cursor, const struct cursor_comparison *comparisons, uint32_t count);
void cursor_before_first(struct cursor *cursor);
void cursor_after_last(struct cursor *cursor);

/* --- keys, seeks, ranges --- */

/* options: enum search_key_option. */
MUST_CHECK JET_ERR cursor_make_key(struct cursor *cursor, struct span data, unsigned options);
void cursor_reset_key(struct cursor *cursor);
/* The same into a key of the caller's own, which starts empty. */
MUST_CHECK JET_ERR cursor_make_other_key(struct cursor *cursor, struct search_key *key, struct span data, unsigned options);

enum cursor_seek_option {
    CURSOR_SEEK_EQ = 0x1, CURSOR_SEEK_LT = 0x2, CURSOR_SEEK_LE = 0x4, CURSOR_SEEK_GE = 0x8, CURSOR_SEEK_GT = 0x10, CURSOR_SEEK_SET_RANGE = 0x20,
    CURSOR_SEEK_CHECK_UNIQUENESS = 0x40
};
/* By the key made. JET_errKeyNotMade, JET_errInvalidParameter (not exactly one relation), JET_errRecordNotFound, JET_wrnSeekNotEqual,
 * JET_wrnUniqueKey. */
MUST_CHECK JET_ERR cursor_seek(struct cursor *cursor, unsigned options);

enum cursor_range_option { CURSOR_RANGE_INCLUSIVE = 0x1, CURSOR_RANGE_UPPER = 0x2, CURSOR_RANGE_INSTANT = 0x4, CURSOR_RANGE_REMOVE = 0x8 };
/* JET_errKeyNotMade, JET_errNoCurrentIndex, JET_errInvalidOperation, JET_errNoCurrentRecord (nothing inside: no range is set then). */
MUST_CHECK JET_ERR cursor_set_range(struct cursor *cursor, unsigned options);

/* Entries from the current one to the end of the range in its direction; at most `most` (0 = no limit). The cursor does not move.
 * JET_errNoCurrentRecord; none (0) where the index is empty and the cursor has not been moved on it yet. */
MUST_CHECK JET_ERR cursor_count_entries(struct cursor *cursor, uint64_t most, uint64_t *count);

/* Calls visit with the primary key of every entry that cursor_count_entries would count. The cursor does not move. A negative return of visit
 * stops. */
MUST_CHECK JET_ERR cursor_visit_entries(struct cursor *cursor, JET_ERR (*visit)(void *context, struct span primary_key), void *context);
/* Brings the page on which a key of the current index is, or would be, into the cache. The cursor does not move. */
MUST_CHECK JET_ERR cursor_read_ahead(struct cursor *cursor, struct span key);

/* A range of the current index to be read ahead. The ends are keys or beginnings of keys, both inclusive. */
struct cursor_read_range {
    struct span low, high;
    bool is_backward;           /* from high to low */
    const uint32_t *columns;    /* whose long values are wanted too */
    uint32_t column_count;
    bool only_first_page;       /* of each of those */
    uint32_t pages_most;
};
/* Brings the pages of the range into the cache, until there are pages_most. *pages: how many were looked at. The cursor does not move, and what cannot be read is no error.
 * JET_errColumnNotFound, JET_errOutOfMemory. */
MUST_CHECK JET_ERR cursor_read_range_ahead(struct cursor *cursor, const struct cursor_read_range *range, uint32_t *pages);

/* Position as a fraction. JET_errNoCurrentRecord. */
MUST_CHECK JET_ERR cursor_get_position(struct cursor *cursor, uint32_t *entries_before, uint32_t *entries_total);
/* JET_errRecordNotFound when there are no entries. */
MUST_CHECK JET_ERR cursor_goto_position(struct cursor *cursor, uint32_t entries_before, uint32_t entries_total);

/* --- bookmarks: bytes that name a row (its primary key) or an index entry --- */

/* Copies min(size, room) bytes; *size is the whole. */
MUST_CHECK JET_ERR cursor_get_bookmark(struct cursor *cursor, uint8_t *out, uint32_t room, uint32_t *size);
/* JET_errInvalidBookmark, JET_errRecordDeleted, JET_errNoCurrentRecord. itag_sequence: which value of a multi-valued index key (1). */
MUST_CHECK JET_ERR cursor_goto_bookmark(struct cursor *cursor, struct span bookmark, uint32_t itag_sequence);
/* JET_errNoCurrentIndex on a clustered index. */
MUST_CHECK JET_ERR cursor_get_secondary_bookmark(struct cursor *cursor, uint8_t *key, uint32_t key_room, uint32_t *key_size, uint8_t *primary,
                                                 uint32_t primary_room, uint32_t *primary_size);
/* stay: when the entry has gone, stand where it was (the answer is JET_errRecordDeleted all the same). */
MUST_CHECK JET_ERR cursor_goto_secondary_bookmark(struct cursor *cursor, struct span key, struct span primary, bool stay);
/* The key of the current entry, or (from_search_key) the key made so far. JET_errKeyNotMade. */
MUST_CHECK JET_ERR cursor_get_key(struct cursor *cursor, bool from_search_key, uint8_t *out, uint32_t room, uint32_t *size);

/* --- column values --- */

enum cursor_retrieve_option {
    CURSOR_RETRIEVE_COPY = 0x1, CURSOR_RETRIEVE_FROM_INDEX = 0x2, CURSOR_RETRIEVE_FROM_BOOKMARK = 0x4, CURSOR_RETRIEVE_TAG = 0x8,
    CURSOR_RETRIEVE_NULL = 0x10, CURSOR_RETRIEVE_IGNORE_DEFAULT = 0x20, CURSOR_RETRIEVE_TUPLE = 0x800, CURSOR_RETRIEVE_AS_REFERENCE = 0x20000
};
struct retrieve {
    uint32_t column_id;   /* 0: the itag_sequence-th of all tagged values of the row */
    unsigned options;     /* enum cursor_retrieve_option */
    uint32_t offset;      /* into a long value */
    uint32_t sequence;    /* 1.. in; with RETRIEVE_TAG also out */
    uint8_t *buffer;      /* room bytes, may be NULL when room is 0 */
    uint32_t room;
    uint32_t actual;      /* out: bytes from offset on */
    uint32_t next_tagged; /* out: the column the value belongs to */
};
/* JET_wrnColumnNull, JET_wrnBufferTruncated, JET_wrnColumnReference (the data is a reference, column_reference.h), JET_errColumnNoEncryptionKey, JET_errDecryptionFailed,
 * JET_errBadColumnId, JET_errColumnNotFound, JET_errBadItagSequence,
 * JET_errIndexTuplesCannotRetrieveFromIndex, JET_errInvalidGrbit. */
MUST_CHECK JET_ERR cursor_retrieve_column(struct cursor *cursor, struct retrieve *r);
/* The most frequent cases, without detours. Is the row known: has the cursor a copy of it, so that nothing need be latched to read it? */
bool cursor_knows_row(struct cursor *cursor);
/* When it is, and until another function is called on the cursor: value 1 of a column, as cursor_retrieve_column gives it without options, in the cursor's copy (null:
 * no data), and the column it belongs to. False: the value takes more than that; nothing has been done. */
bool cursor_known_value(const struct cursor *cursor, uint32_t column_id, struct span *value, uint32_t *column_found);
/* Number of values of a column (column_id 0: of all tagged columns). */
MUST_CHECK JET_ERR cursor_count_values(struct cursor *cursor, uint32_t column_id, unsigned options, uint32_t *count);

/* What is in the row, as JetEnumerateColumns tells it. */
enum cursor_enumerate_option {
    CURSOR_ENUMERATE_COPY = 0x1, CURSOR_ENUMERATE_IGNORE_DEFAULT = 0x20, CURSOR_ENUMERATE_PRESENCE_ONLY = 0x20000, CURSOR_ENUMERATE_TAGGED_ONLY = 0x40000,
    CURSOR_ENUMERATE_COMPRESS = 0x80000, CURSOR_ENUMERATE_IGNORE_USER_DEFAULT = 0x100000, CURSOR_ENUMERATE_IN_RECORD_ONLY = 0x200000,
    CURSOR_ENUMERATE_AS_REFERENCE = 0x400000
};
struct enumerated_value {
    uint32_t sequence;
    JET_ERR status; /* 0, JET_wrnColumnNull, JET_wrnColumnPresent, JET_wrnColumnTruncated, JET_wrnColumnSkipped... */
    uint32_t size;
    uint8_t *data;
};
struct enumerated_column {
    uint32_t column_id;
    JET_ERR status; /* 0: values; JET_wrnColumnSingleValue: data; else nothing */
    uint32_t count; /* of values; the size of data */
    union {
        struct enumerated_value *values;
        uint8_t *data;
    };
};
struct enumerate_wish {
    uint32_t column_id, sequence_count;
    const uint32_t *sequences;
};
/* allocate behaves like realloc. What it gave is the caller's on success (and with JET_errBadColumnId and JET_errColumnNotFound, the status of
 * the first bad wish); it is freed through it on any other error. most: cut separated long values to so many bytes. */
MUST_CHECK JET_ERR cursor_enumerate(struct cursor *cursor, const struct enumerate_wish *wishes, uint32_t wish_count, uint32_t most, unsigned options,
                                    void *(*allocate)(void *context, void *memory, uint32_t size), void *context,
                                    struct enumerated_column **columns, uint32_t *count);

/* The tagged columns of a row. */
struct tagged_column {
    uint32_t column_id;
    uint16_t value_count; /* 0: explicitly null */
    bool is_long, is_null_override, is_derived;
};
enum { CURSOR_TAGGED_COPY = CURSOR_RETRIEVE_COPY, CURSOR_TAGGED_IGNORE_DEFAULT = CURSOR_RETRIEVE_IGNORE_DEFAULT };
/* Calls visit for each, from the tagged column first_id on (another id: from the first); a false return stops. Not of a temporary table. */
MUST_CHECK JET_ERR cursor_list_tagged(struct cursor *cursor, uint32_t first_id, unsigned options, bool (*visit)(void *context, const struct tagged_column *column), void *context);

/* STORED: values in the record as they are, compressed or not. LOGICAL: separated values by their plain size, as if stored so, without a look at their chunks. */
enum cursor_size_option { CURSOR_SIZE_COPY = 0x1, CURSOR_SIZE_RUNNING_TOTAL = 0x2, CURSOR_SIZE_LOCAL = 0x4, CURSOR_SIZE_RECORD_STORED = 0x20, CURSOR_SIZE_SEPARATED_LOGICAL = 0x40 };
struct cursor_record_size {
    uint64_t data, long_value_data, overhead, long_value_overhead, non_tagged_columns, tagged_columns, long_values, multi_values, compressed_columns,
        data_compressed, long_value_data_compressed, own_long_data, own_long_data_compressed, own_long_values /* long values in the record */, key;
};
/* Adds to *total (which the caller clears). */
MUST_CHECK JET_ERR cursor_get_record_size(struct cursor *cursor, unsigned options, struct cursor_record_size *total);

#endif
