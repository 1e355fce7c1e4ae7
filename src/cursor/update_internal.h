/* What the files update*.c share (private): the row being prepared, and the trees it goes into.
 *
 * One struct pending_update belongs to a cursor that has changed something, with everything that is worth keeping from row to row: the builder, an open tree and
 * the key rules per index, buffers. It is made at the first change and lives as long as the cursor.
 *
 * Long values are written while columns are set. What can wait until the update is done, waits: references that the old row gives up are listed in `releases`,
 * so that a cancelled update has nothing to take back there and the keys of the old row can still be read. What cannot wait is remembered as ranges of the
 * transaction's versions, which a cancel undoes newest first. A value that some index has as key column is never changed in place: it is copied first.
 */
#ifndef OPENESE_CURSOR_UPDATE_INTERNAL_H
#define OPENESE_CURSOR_UPDATE_INTERNAL_H

#include "catalog/ddl.h"
#include "cursor/internal.h"
#include "record/build.h"
#include "record/long_value_write.h"

enum { COLUMN_SET_WORDS = 8, COLUMN_SET_BITS = 64 * COLUMN_SET_WORDS };

/* A set of columns: exact for fixed and variable ones; tagged columns share bits, so it may hold more than was put in, never less. */
struct column_set {
    uint64_t words[COLUMN_SET_WORDS];
};
static inline uint32_t column_set_bit(uint32_t id)
{
    id &= 0xFFFF;
    return id < TAGGED_ID_FIRST ? id : TAGGED_ID_FIRST + id % (COLUMN_SET_BITS - TAGGED_ID_FIRST);
}
static inline void column_set_add(struct column_set *s, uint32_t id) { s->words[column_set_bit(id) / 64] |= 1ull << (column_set_bit(id) % 64); }
static inline bool column_set_has(const struct column_set *s, uint32_t id) { return (s->words[column_set_bit(id) / 64] >> (column_set_bit(id) % 64) & 1) != 0; }
static inline bool column_set_meets(const struct column_set *a, const struct column_set *b)
{
    uint64_t common = 0;
    for (unsigned i = 0; i < COLUMN_SET_WORDS; i++)
        common |= a->words[i] & b->words[i];
    return common != 0;
}

/* An index of the table, ready to be changed. The tree is opened when it is first needed. */
struct index_slot {
    const struct index *index;
    bool is_open;
    struct btree tree;
    struct btree_cursor entry;
    struct key_rules rules;
    struct column_set columns; /* of keys and conditions */
};

/* Versions of the transaction made by this update: the ids of the first and the last. */
struct version_range {
    uint32_t first, last;
};
struct lid_list {
    uint64_t *lids;
    uint32_t count, capacity;
};

/* A value of a row of a temporary table in the making; bytes owned. */
struct draft_value {
    uint32_t column_id, sequence, size;
    uint8_t *bytes;
};

enum update_kind { UPDATE_NONE, UPDATE_INSERT, UPDATE_REPLACE, UPDATE_READ_ONLY };

struct pending_update {
    /* The table, as of `schema`. */
    const struct table_schema *schema;       /* that of the cursor when this was filled; NULL: to be filled */
    uint64_t entered;                        /* number of the transaction that is registered as a writer */
    struct btree table_tree;                 /* where rows are inserted */
    struct btree_cursor table_entry;
    struct index_slot *slots;                /* one per index of the schema; slot 0 is the primary's when there is one */
    uint32_t slot_count;
    const struct column *autoincrement, *version; /* NULL: none */
    struct column_set indexed;               /* columns of any secondary index */
    struct btree lv_tree;
    bool has_lv_tree;
    bool is_lid64;
    uint32_t long_most;                      /* bytes of a long value that is kept in the record */
    uint64_t autoincrement_reserved;         /* highest number known to be reserved in the root page */

    /* The prepared row. */
    enum update_kind kind;
    uint32_t option;                         /* JET_prep... */
    unsigned level;                          /* of the transaction when it was prepared, or lower since */
    uint64_t begun_ns;                       /* of that transaction: tells it from others */
    bool deletes_original, must_set_autoincrement;
    struct record_builder *builder;
    const struct table_schema *builder_schema;
    struct draft_value *drafts;              /* temporary tables: instead of the builder */
    uint32_t draft_count, draft_capacity;
    struct column_set changed;
    bool is_changed;
    struct value_buffer original;            /* the row it was copied from */
    uint64_t number;                         /* of the transaction whose versions the ranges are */
    struct version_range *ranges;
    uint32_t range_count, range_capacity;
    struct lid_list releases, created;

    struct value_buffer scratch, before, saved, old_keys, new_keys;
};

/* --- update.c --- */
/* c->update, filled for the current schema. */
MUST_CHECK JET_ERR update_open(struct cursor *c);
void update_close(struct cursor *c);
/* The schema is about to change: everything that points into it is let go. The prepared row stays. */
void update_forget_schema(struct cursor *c);
MUST_CHECK JET_ERR update_cancel(struct cursor *c);
/* JET_errUpdateNotPrepared also when the transaction that wrote the row's long values has ended. */
MUST_CHECK JET_ERR update_check_prepared(struct cursor *c);
/* The transaction is entered as one that changes the table. Level >= 1. */
MUST_CHECK JET_ERR update_enter(struct cursor *c);

/* --- update_columns.c --- */
/* The value a row in the making has, wherever it is kept. */
MUST_CHECK JET_ERR update_get(const struct pending_update *u, const struct column *column, uint32_t sequence, struct column_value *out);
MUST_CHECK JET_ERR update_count(const struct pending_update *u, const struct column *column, uint32_t *count);
/* Puts a value in; long values of the row are separated when it gets too big. JET_errRecordTooBig when that was not enough. */
MUST_CHECK JET_ERR update_put(struct cursor *c, const struct column *column, uint32_t sequence, const struct column_value *value);
/* A column that the engine sets itself: 4 or 8 bytes. */
MUST_CHECK JET_ERR update_put_number(struct cursor *c, const struct column *column, uint64_t number);
void update_mark_changed(struct pending_update *u, const struct column *column);

/* --- update_long.c --- */
MUST_CHECK JET_ERR update_set_long(struct cursor *c, const struct column *column, const struct set_column *set);
/* Moves long values longer than `threshold` out of the record. */
MUST_CHECK JET_ERR update_separate(struct cursor *c, uint32_t threshold);
/* One reference more for every separated value of the row being prepared. */
MUST_CHECK JET_ERR update_reference_all(struct cursor *c);
/* The references that have been put off. */
MUST_CHECK JET_ERR update_release_all(struct cursor *c);
/* One reference less for every separated value of a record. */
MUST_CHECK JET_ERR update_release_record(struct cursor *c, const struct record_view *record);
/* What is known of the long-value tree may have been taken back: it is asked for again. */
void update_forget_tree(struct cursor *c);
MUST_CHECK JET_ERR update_writer(struct cursor *c, const struct column *column, uint32_t options, struct long_value_writer *out);
/* Takes back what was written into the long-value tree since the row was prepared. */
MUST_CHECK JET_ERR update_undo_long(struct cursor *c);
/* Is everything that was written for the row still there? A rollback takes the newest changes. */
bool update_long_values_stand(const struct cursor *c);
MUST_CHECK JET_ERR lid_list_add(struct lid_list *list, uint64_t lid);
uint32_t update_lid_size(const struct pending_update *u);

/* --- update_index.c --- */
MUST_CHECK JET_ERR update_fill_slots(struct cursor *c);
void update_close_slots(struct cursor *c);
void update_set_reader(struct cursor *c);
MUST_CHECK JET_ERR update_primary_key(struct cursor *c, const struct record_view *record, uint8_t *key, uint32_t *size);
/* Entries of a row in every secondary index. */
MUST_CHECK JET_ERR update_insert_entries(struct cursor *c, const struct record_view *record, struct span primary_key);
MUST_CHECK JET_ERR update_delete_entries(struct cursor *c, const struct record_view *record, struct span primary_key);
/* Where the keys of the two differ; only indexes over changed columns are looked at. */
MUST_CHECK JET_ERR update_replace_entries(struct cursor *c, const struct record_view *before, const struct record_view *after, struct span primary_key);

/* --- counters.c --- */
MUST_CHECK JET_ERR next_autoincrement(struct cursor *c, uint64_t *value);
MUST_CHECK JET_ERR next_sequence_key(struct cursor *c, uint8_t key[4]);

/* --- update_temp.c: rows of temporary tables --- */
MUST_CHECK JET_ERR temp_prepare(struct cursor *c, uint32_t option);
MUST_CHECK JET_ERR temp_update(struct cursor *c, uint8_t *bookmark, uint32_t room, uint32_t *actual);
MUST_CHECK JET_ERR temp_delete(struct cursor *c);
void drafts_clear(struct pending_update *u);
MUST_CHECK JET_ERR draft_get(const struct pending_update *u, const struct column *column, uint32_t sequence, struct column_value *out);
uint32_t draft_count(const struct pending_update *u, const struct column *column);
MUST_CHECK JET_ERR draft_put(struct pending_update *u, const struct column *column, uint32_t sequence, struct span value, bool is_null);

#endif
