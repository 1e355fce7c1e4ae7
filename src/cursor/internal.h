/* What the files of cursor/ share (private). */
#ifndef OPENESE_CURSOR_INTERNAL_H
#define OPENESE_CURSOR_INTERNAL_H

#include "cursor/cursor.h"
#include "cursor/temp_table.h"
#include "cursor/update.h"

struct pending_update; /* update_internal.h */

enum { COMPRESS_MINIMUM_DEFAULT = 1024, FORMAT_LID64 = 70 /* from which on long values have 64-bit ids */ };

enum row_position { ROW_BEFORE_FIRST, ROW_ON, ROW_BETWEEN /* just before row `temp_at` */, ROW_AFTER_LAST };

/* Cache lines of its own: every call on it writes here, and other threads have cursors too. */
struct cursor {
    /* A table of a database. */
    _Alignas(64) struct catalog *catalog;
    const struct table_schema *schema; /* retained, or the temporary table's */
    struct btree table_tree;
    struct btree_cursor table_entry;
    struct long_value_tree long_values;
    struct encryption_key *encryption; /* NULL: none given */
    struct value_buffer opened;        /* a value with its encryption taken off or put on */
    page_no_t lv_root;      /* of the long-value tree, 0: none yet; may be newer than the schema */
    uint32_t lv_objid;
    struct transaction *transaction; /* reads and writes through it; NULL: pages as they are */
    uint64_t generation;    /* catalog_generation of the schema */
    struct pending_update *update;   /* made when rows are first changed; NULL before and in cursors that only read */
    struct table_state *state;       /* shared by all cursors on the table */
    const struct table_state *template_state; /* of a derived table: that of its template, whose registered functions are called too; or NULL */
    /* Of the list state->cursors, under its lock: those opened by clients. */
    struct cursor *next_open, **open_link;
    const struct transaction *owner;
    unsigned deny;          /* enum cursor_deny */
    bool is_writer;
    atomic_uint current_objid; /* of the current index, for those who delete one: 0 on the table itself */
    uint32_t compress_minimum;       /* bytes from which XPRESS is tried */

    /* The secondary index that is current; index NULL: none. */
    const struct index *index;
    struct btree index_tree;
    struct btree_cursor index_entry;
    struct record_view row_view; /* of the row table_entry has a copy of, while that is marked known */
    bool row_is_due; /* the index entry has moved; table_entry does not stand on its row yet */

    bool first_is_due; /* to stand on the first entry, nobody has asked yet */
    bool is_filtered;  /* moves look at filter */
    struct cursor_filter *filter;

    /* A temporary table. */
    struct temp_table *temp;
    enum row_position temp_position;
    uint32_t temp_at;

    struct key_rules rules; /* of the current index */
    bool has_rules;
    struct search_key key;
    bool has_range;
    unsigned range;         /* enum cursor_range_option; the limit is the search key's bytes */
    unsigned move_level;
    bool is_updatable;
    uint8_t primary_key[BTREE_KEY_MAX]; /* room for the data of an index entry */
};

static inline struct btree_cursor *current_entry(struct cursor *c) { return c->index != NULL ? &c->index_entry : &c->table_entry; }

/* Is there a prepared update whose values CURSOR_RETRIEVE_COPY means? */
bool update_is_readable(const struct cursor *c);
/* Gives up a prepared update, as every navigation does. */
MUST_CHECK JET_ERR update_drop(struct cursor *c);

/* --- navigate.c: single steps on the current index, whatever kind of table --- */
/* The move that was put off. JET_errNoCurrentRecord when the index is empty. */
MUST_CHECK JET_ERR navigate_settle(struct cursor *c);
MUST_CHECK JET_ERR navigate_first(struct cursor *c);
MUST_CHECK JET_ERR navigate_last(struct cursor *c);
MUST_CHECK JET_ERR navigate_next(struct cursor *c);
MUST_CHECK JET_ERR navigate_previous(struct cursor *c);
/* As btree_seek. */
MUST_CHECK JET_ERR navigate_seek(struct cursor *c, struct span key, enum btree_seek how);
/* Key of the current entry; it lives until the cursor moves. JET_errNoCurrentRecord. */
MUST_CHECK JET_ERR navigate_key(struct cursor *c, struct span *key);
/* Is there an entry, still? JET_errNoCurrentRecord, JET_errRecordDeleted. */
MUST_CHECK JET_ERR navigate_test(struct cursor *c);
/* The primary key of the row of the current entry, in c->primary_key or the cursor of the table. */
MUST_CHECK JET_ERR navigate_primary_key(struct cursor *c, struct span *key);
/* Puts table_entry on the row of the current entry. */
MUST_CHECK JET_ERR navigate_row(struct cursor *c);
/* The cursor stands on the row, latched, until row_release; nothing else may be called on the cursor between. */
struct row {
    struct record_view record;
    const struct temp_row *temp; /* else NULL */
    const struct pending_update *draft; /* the prepared row of a temporary table, else NULL */
    const struct table_schema *schema;
    struct span primary_key;
};
MUST_CHECK JET_ERR row_latch(struct cursor *c, struct row *out);
/* The row being prepared, if there is one and the options say CURSOR_RETRIEVE_COPY; else the current one. The draft's bytes live until it is changed. */
MUST_CHECK JET_ERR row_latch_copy(struct cursor *c, bool copy, struct row *out);
void row_release(struct cursor *c);
MUST_CHECK JET_ERR row_value(const struct row *row, const struct column *column, uint32_t sequence, struct column_value *out);
MUST_CHECK JET_ERR row_value_count(const struct row *row, const struct column *column, uint32_t *count);

/* Up to which id fixed and variable columns are listed, null or not: as far as the record and, if they count, the defaults go. */
struct row_reach {
    uint32_t fixed, variable;
    bool with_defaults;
};
void row_find_reach(const struct row *row, bool with_defaults, struct row_reach *out);
/* Is the column among those that JetEnumerateColumns lists? */
bool row_lists_column(const struct row *row, const struct row_reach *reach, const struct column *column);
/* The original engine computes no default where it goes through all columns, neither of a column that is asked for: a table that has one is refused (JET_errCallbackFailed), unless the
 * options, CURSOR_ENUMERATE_, leave them out. */
MUST_CHECK JET_ERR check_computed_defaults(const struct table_schema *schema, unsigned options);

/* --- retrieve.c --- */
/* JET_errBadColumnId, JET_errColumnNotFound. */
MUST_CHECK JET_ERR cursor_find_column(const struct cursor *c, uint32_t column_id, const struct column **out);
/* May references to its values be given away? Not while the row is being changed, nor from a temporary table. */
bool cursor_has_lasting_values(const struct cursor *c);

/* --- read_ahead.c --- */
/* Brings long values into the cache until pages_most have been looked at. *done: how many values were begun with. */
MUST_CHECK JET_ERR read_values_ahead(struct cursor *c, const uint64_t *lids, uint32_t count, bool only_first_page, uint32_t pages_most, uint32_t *done);

/* --- encryption.c --- */
static inline bool column_is_encrypted(const struct column *column) { return (column->flags & COLUMN_FLAG_ENCRYPTED) != 0; }
/* Lets the key go. */
void encryption_forget(struct cursor *c);
/* May values of the column be read and written? JET_errColumnNoEncryptionKey. */
MUST_CHECK JET_ERR encryption_check(const struct cursor *c, const struct column *column);
/* An encrypted value in the record becomes what was encrypted, in c->opened; others stay. */
MUST_CHECK JET_ERR encryption_open_value(struct cursor *c, struct column_value *value);
/* The other way: bytes that are not in c->opened become encrypted ones that are. The cursor has a key. */
MUST_CHECK JET_ERR encryption_seal_value(struct cursor *c, struct column_value *value);

/* --- sharing.c --- */
/* Counts the cursor as open on its table. */
MUST_CHECK JET_ERR sharing_enter(struct cursor *c);
/* Accepts a cursor that was never counted. */
void sharing_leave(struct cursor *c);

/* --- filter.c --- */
void filter_free(struct cursor *c);
/* Does the row of the current entry meet the filter there is? */
MUST_CHECK JET_ERR filter_check(struct cursor *c, bool *result);

/* --- cursor.c --- */
/* Takes the newest schema when the catalog has changed since the last look: columns and indexes added by anybody are found. */
MUST_CHECK JET_ERR cursor_refresh(struct cursor *c);
/* The same, now, whatever the generation. */
MUST_CHECK JET_ERR cursor_reload_schema(struct cursor *c);
/* The long values of the table, opened on first use; NULL for a temporary table. */
MUST_CHECK JET_ERR cursor_long_values(struct cursor *c, const struct long_value_nodes **nodes);
/* Rules of the current index. JET_errNoCurrentIndex when it has none. */
MUST_CHECK JET_ERR cursor_rules(struct cursor *c, const struct key_rules **rules);
/* The weights for an index of this cursor's table: NULL when it has no UTF-16 text column, or there are none. */
const struct collation_table *cursor_weights(struct cursor *c, const struct index *index);
/* A range or a key ends with every navigation that is not JetMove. */
void cursor_forget_range(struct cursor *c);

/* --- entry_key.c: the keys of a row in an index --- */
/* The key the row under the cursor has in the index for value `sequence` of the first multi-valued key column. *has_entry false: null rules keep the
 * row out. JET_errBadItagSequence. */
MUST_CHECK JET_ERR row_index_key(struct cursor *c, const struct index *index, uint32_t sequence, uint8_t *key, uint32_t *size, bool *has_entry);
/* Which value of the first multi-valued key column made the current entry of the secondary index: 1 where that cannot be told. */
MUST_CHECK JET_ERR entry_sequence(struct cursor *c, uint32_t *sequence);
/* The first key column of an index that may hold several values, or NULL. */
const struct column *index_multi_column(const struct table_schema *schema, const struct index *index);

/* --- from_key.c: column values out of a key --- */
/* The value of a column as a key holds it; room 256 bytes or more. *found false: the key does not hold it, or not unchanged. */
MUST_CHECK JET_ERR value_from_key(const struct table_schema *schema, const struct index *index, struct span key, const struct column *column,
                                  uint8_t *out, uint32_t room, uint32_t *size, bool *is_null, bool *found);

#endif
