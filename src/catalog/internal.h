/* Inside catalog/: the cache of schemas, what follows transactions, the catalog's trees open for changing. Not for other modules.
 *
 * Locks: catalog.lock (RANK_CATALOG) guards the cache; shared.lock (RANK_LEAF) everything that the ends of transactions touch, since they come while locks of the
 * version store may be held. */
#ifndef OPENESE_CATALOG_INTERNAL_H
#define OPENESE_CATALOG_INTERNAL_H

#include "catalog/build.h"
#include "catalog/ddl.h"
#include "catalog/row.h"

enum { CATALOG_BUCKETS = 256, CATALOG_STATE_BUCKETS = 64 };

/* A transaction that has changed a table's schema (or made or deleted the table) and has not ended. */
struct schema_change {
    struct schema_change *next;
    struct catalog_shared *shared;
    struct transaction *owner;
    uint32_t objid;
    bool is_created;   /* the table itself */
    bool is_listed;
};
struct forgotten_objid {
    struct forgotten_objid *next;
    uint32_t objid;
};

/* Outlives the catalog while transactions still refer to it. */
struct catalog_shared {
    struct mutex lock; /* RANK_LEAF */
    uint32_t references;
    struct catalog *catalog;           /* NULL: closed */
    struct schema_change *changes;     /* of transactions not over */
    struct forgotten_objid *forgotten; /* committed: the cache must drop these */
    struct table_state *states[CATALOG_STATE_BUCKETS];
    bool is_making_long_values;        /* one long-value tree is made at a time */
    struct condition long_values_made;
    atomic_uint_least64_t generation;
    atomic_uint change_count;          /* of `changes` */
    atomic_bool has_forgotten;
};

struct catalog_entry {
    struct table_schema schema;       /* first: the address given out */
    struct catalog_entry *next;       /* by name, in its bucket */
    struct catalog_entry *next_objid; /* by object id, in its bucket */
    struct catalog_entry *base;       /* of the template, referenced */
    struct arena arena;
    uint32_t references;
    bool is_forgotten; /* not in a bucket any more, or never was */
};

struct catalog {
    struct database *db;
    struct mutex lock;
    struct catalog_entry *buckets[CATALOG_BUCKETS], *objid_buckets[CATALOG_BUCKETS];
    uint32_t entry_count;
    struct catalog_entry *self; /* MSysObjects, once it has been read */
    struct collation_table *weights;
    bool weights_were_sought;
    struct catalog_shared *shared;
};

/* --- catalog.c --- */

/* No schema is kept any more but for those who hold one. */
void catalog_forget_all(struct catalog *catalog);

/* --- shared.c: what follows transactions --- */

MUST_CHECK JET_ERR catalog_shared_create(struct catalog *catalog, struct catalog_shared **out);
/* One more, one less user of the block: each that may outlive the catalog. */
struct catalog_shared *catalog_shared_retain(struct catalog_shared *shared);
void catalog_shared_release(struct catalog_shared *shared);
/* The catalog is going: what its transactions do at their end finds nothing any more. */
void catalog_shared_close(struct catalog_shared *shared);
/* The transaction has changed the schema of a table: remembered until its end, when others are to see it. Made before the first row is changed. */
MUST_CHECK JET_ERR catalog_note_change(struct catalog *catalog, struct transaction *t, uint32_t objid, bool is_created);
/* Has t, not over yet, changed the table's schema; has it made the table? */
bool catalog_has_changed(struct catalog *catalog, const struct transaction *t, uint32_t objid, bool *is_created);
/* Has it changed any? */
bool catalog_has_changes(struct catalog *catalog, const struct transaction *t);
/* The tree has been made in t: given back by the cleanup if that is rolled back, or at once on an error. */
MUST_CHECK JET_ERR catalog_note_created_tree(struct catalog *catalog, struct transaction *t, page_no_t root, uint32_t objid);
/* The tree's rows are deleted in t: given back when nobody can see them any more. */
MUST_CHECK JET_ERR catalog_note_deleted_tree(struct catalog *catalog, struct transaction *t, page_no_t root, uint32_t objid);
/* Keeps all other transactions from changing rows of the table until t ends, and waits a little for those that have. JET_errWriteConflict. */
MUST_CHECK JET_ERR catalog_enter_exclusive(struct catalog *catalog, struct transaction *t, struct table_state *state);
/* Nobody opens the table from now on, unless t's level is taken back. */
MUST_CHECK JET_ERR catalog_mark_deleted(struct catalog *catalog, struct transaction *t, struct table_state *state);
/* Object ids the cache must drop: a list to be freed, or NULL. */
struct forgotten_objid *catalog_take_forgotten(struct catalog *catalog);
/* Between these nobody else makes a long-value tree. */
void catalog_begin_long_values(struct catalog *catalog);
/* state NULL: none was made. */
void catalog_end_long_values(struct catalog *catalog, struct table_state *state, page_no_t root, uint32_t objid);
/* The long-value tree of a table made while the catalog was open. False: none known. */
bool catalog_known_long_value_tree(struct catalog *catalog, uint32_t objid_table, page_no_t *root, uint32_t *objid);
/* Their rows are what is true of them from now on. */
void catalog_forget_long_value_trees(struct catalog *catalog);

/* --- schema_use.c: what tables in use have taken --- */

/* A new index of a table, which counts if the table is in use, until t's level is taken back. JET_errTooManyOpenTables, JET_errTooManyOpenIndexes. */
MUST_CHECK JET_ERR catalog_use_new_index(struct catalog *catalog, struct transaction *t, uint32_t objid_table, bool is_primary);
/* t deletes a secondary index: it does not count any more when t commits. */
MUST_CHECK JET_ERR catalog_note_index_deleted(struct catalog *catalog, struct transaction *t, uint32_t objid_table);

/* --- store.c: rows in the catalog's trees --- */

struct catalog_store {
    struct transaction *t;
    struct database *db;
    struct btree objects, shadow, names, tables, objids;
    bool has_shadow, has_objids;
    unsigned options;           /* of btree/ */
    uint8_t *record, *old;      /* a page each: the row to be written, the row read */
    uint32_t old_size;
};
/* Opens the trees; _new: of a database just being made. catalog_store_close always, also after an error. */
MUST_CHECK JET_ERR catalog_store_open(struct transaction *t, struct catalog *catalog, struct catalog_store *out);
MUST_CHECK JET_ERR catalog_store_open_new(struct transaction *t, struct database *db, struct catalog_store *out);
void catalog_store_close(struct catalog_store *store);
/* Adds a row to both catalogs and the name indexes, and its object to MSysObjids. JET_errKeyDuplicate when id or name are taken. */
MUST_CHECK JET_ERR catalog_store_insert(struct catalog_store *store, const struct catalog_row *row);
/* Reads a row; it lives until the next call. catalog_row_free. JET_errRecordNotFound. */
MUST_CHECK JET_ERR catalog_store_read(struct catalog_store *store, uint32_t objid_table, uint32_t type, uint32_t id, struct catalog_row *row);
/* Writes the changed row that catalog_store_read gave (same key; its name may be another) in both catalogs. */
MUST_CHECK JET_ERR catalog_store_replace(struct catalog_store *store, const struct catalog_row *row);
/* Removes a row everywhere. */
MUST_CHECK JET_ERR catalog_store_delete(struct catalog_store *store, uint32_t objid_table, uint32_t type, uint32_t id);
/* Removes every row of a table. */
MUST_CHECK JET_ERR catalog_store_delete_all(struct catalog_store *store, uint32_t objid_table);
/* Writes the table's row again as it is: two transactions that change one table's schema meet there (JET_errWriteConflict), also one whose snapshot is too old. */
MUST_CHECK JET_ERR catalog_store_touch(struct catalog_store *store, uint32_t objid_table);

/* --- locales.c: MSysLocales --- */
MUST_CHECK JET_ERR catalog_locales_fill(struct transaction *t, struct database *db, page_no_t root, uint32_t objid);
/* One more (or less) index uses this version of a locale's sort order. Nothing when the database has no MSysLocales. */
MUST_CHECK JET_ERR catalog_locales_count(struct transaction *t, struct catalog *catalog, const char *locale, const uint8_t sort_id[16], uint64_t version, int change);

/* --- helpers of the files that change schemas --- */

/* Ends the inner level of a schema change: commits it, or takes it back. Returns err, or what went wrong here. */
MUST_CHECK JET_ERR catalog_end_change(struct transaction *t, JET_ERR err);
/* The time for PgnoFDPLastSetTime, if the database's format has it. */
void catalog_row_stamp(const struct database *db, struct catalog_row *row);
/* A name as the catalog stores it. */
struct catalog_name {
    uint8_t bytes[64];
    uint32_t size;
    char text[193];
};
/* By the rules for names (names.h). JET_errInvalidName. */
MUST_CHECK JET_ERR catalog_name_init(struct catalog_name *out, const char *name);
static inline struct span catalog_name_span(const struct catalog_name *name) { return span_of(name->bytes, name->size); }
/* May the table's schema be changed? JET_errFixedDDL (not where it is permitted all the same), JET_errInvalidObject for system tables. */
MUST_CHECK JET_ERR catalog_check_changeable(const struct table_schema *table, bool is_permitted);

/* A change of one table: an inner level, the catalog's trees, and the schema as the transaction sees it. Two transactions that change one table meet in
 * table_change_begin (JET_errWriteConflict). table_change_end always, on a zeroed change with catalog set too: it commits the level or takes it back. */
struct table_change {
    struct transaction *t;
    struct catalog *catalog;
    struct catalog_store store;
    const struct table_schema *table;
    bool has_begun;
};
MUST_CHECK JET_ERR table_change_begin(struct transaction *t, struct catalog *catalog, uint32_t objid_table, struct table_change *out);
MUST_CHECK JET_ERR table_change_end(struct table_change *change, JET_ERR err);

/* --- space_hints.c --- */
struct space_hints {
    uint32_t density, initial_pages, grbit, maintenance_density, growth, min_extent_bytes, max_extent_bytes;
};
enum { SPACE_HINTS_MOST = 1 + 7 * 4 };
/* Checks and rounds. NULL: the defaults. default_density is taken when none is given. JET_errDensityInvalid, JET_errSpaceHintsInvalid, JET_errInvalidGrbit. */
MUST_CHECK JET_ERR space_hints_check(const struct space_hints_definition *definition, uint32_t page_size, uint32_t default_density, struct space_hints *out);
enum space_hints_form { SPACE_HINTS_TABLE, SPACE_HINTS_INDEX, SPACE_HINTS_LONG_VALUES };
/* The stored form; data NULL when all is default. */
struct span space_hints_encode(const struct space_hints *hints, enum space_hints_form form, uint32_t page_size, uint8_t room[SPACE_HINTS_MOST]);
/* What a new long-value tree gets: its first pages. */
uint32_t space_hints_initial_pages(struct span encoded, enum space_hints_form form, uint32_t page_size);
uint32_t space_hints_density(struct span encoded);

/* --- define_column.c --- */
struct column_plan {
    uint32_t fixed_last, variable_last, tagged_last; /* highest ids given, 0 / 127 / 255 */
    uint32_t fixed_end;                              /* of the record */
    uint32_t record_most;                            /* largest record; set by the caller */
    uint32_t update_major;                           /* format of the database; likewise */
    bool has_version, has_autoincrement, is_template;
};
/* table: to which columns are added, or the template of a new table; NULL: a new table without one. */
void column_plan_init(struct column_plan *plan, const struct table_schema *table, bool is_new_table);
/* Checks a definition and makes its row but for ObjidTable; the row's spans point into *out, which must not be moved. Returns JET_wrnColumnMaxTruncated as a
 * warning. Errors: see JetAddColumn in esent.h. */
struct new_column {
    struct catalog_row row;
    struct catalog_name name;
    uint32_t id; /* as the API has it */
};
MUST_CHECK JET_ERR column_define(struct column_plan *plan, const struct column_definition *definition, struct new_column *out);

/* --- define_index.c --- */
struct new_index {
    struct catalog_row row;
    struct catalog_name name;
    struct space_hints hints;
    bool is_primary, is_empty;
    char locale[86];
    uint64_t sort_version;
    uint8_t sort_id[16];
    uint8_t segments[4 * INDEX_SEGMENTS_MAX], conditions[4 * INDEX_CONDITIONS_MAX], tuple[20], var_seg_mac[2], version[8];
    uint8_t hints_bytes[SPACE_HINTS_MOST], locale_bytes[2 * 86];
};
/* A condition as the row of an index with INDEX_FLAG_LONG_SEGMENTS holds it: INDEX_SEGMENT_SIZE bytes. */
enum { INDEX_SEGMENT_SIZE = 4 };
void index_put_condition(uint8_t *out, const struct column *column, bool must_be_null);
/* Checks a definition against the columns of a table (whose indexes it does not look at) and makes its row but for Id and root; the row's spans point into *out,
 * which must not be moved. Errors: see JetCreateIndex4 in esent.h. */
MUST_CHECK JET_ERR index_define(struct catalog *catalog, const struct table_schema *table, const struct index_definition *definition, uint32_t table_density, struct new_index *out);
/* The exact length of a key of fixed-size columns, 0 when it has no such. */
uint32_t index_exact_key_size(const struct table_schema *table, const struct index *index);

/* --- index_build.c --- */
/* Fills the trees of new indexes (named by object id) from the rows that the table has. Nobody else is changing it. JET_errKeyDuplicate, JET_errNullKeyDisallowed, unless conflicts
 * (may be NULL) is told of those. */
MUST_CHECK JET_ERR index_build(struct transaction *t, struct catalog *catalog, const struct table_schema *table, const uint32_t *objids, uint32_t count, const struct index_conflicts *conflicts);

#endif
