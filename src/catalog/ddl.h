/* Making and changing tables, columns and indexes (records-and-catalog 6; the reference pages of JetCreateTableColumnIndex4, JetAddColumn, JetCreateIndex4 ...).
 *
 * A schema change is rows of both catalogs, a tree where one is needed, and a new schema object. The rows are versioned like any others, so that a change is seen
 * by others when it commits and goes away with a rollback; the transaction that made it sees it at once: until it ends, catalog_find_table for it reads the catalog's
 * rows through its snapshot and caches nothing. Trees that were made and rolled back, and those of deleted objects after commit, are given back by version actions.
 * Names are UTF-8. All run in the caller's transaction (level >= 1) and take an inner level, so that an error leaves nothing.
 */
#ifndef OPENESE_CATALOG_DDL_H
#define OPENESE_CATALOG_DDL_H

#include "catalog/catalog.h"
#include "catalog/schema_use.h"
#include "mvcc/transaction.h"

struct column_definition {
    const char *name;
    uint32_t type;              /* JET_coltyp */
    uint32_t max_size;          /* 0: the type's most */
    uint32_t grbit;             /* JET_bitColumn... */
    uint32_t code_page;         /* text: 1252 or 1200; 0 = 1252 */
    struct span default_value;  /* data NULL: none */
    const char *callback;       /* JET_bitColumnUserDefinedDefault: "dll!function" */
    struct span callback_data;
    /* Of callback: looks whether it can be called, once everything else about the column is right. NULL: it is taken as it is. */
    JET_ERR (*check_callback)(void *context, const char *name);
    void *check_context;
    bool is_permitted;          /* the table is open with JET_bitTablePermitDDL: a fixed schema may be changed (a template's by tagged columns) */
    bool is_shared;             /* other sessions may have the table open: no column that needs it alone */
    uint32_t *id_out;           /* may be NULL */
    JET_ERR *err_out;           /* may be NULL */
};
struct space_hints_definition { uint32_t initial_density, initial_bytes, grbit, maintenance_density, growth, min_extent_bytes, max_extent_bytes; };
struct condition_definition { const char *column; uint32_t grbit; /* JET_bitIndexColumnMustBeNull / ..NonNull */ };
struct index_definition {
    const char *name;
    const char *key;            /* UTF-8: "+col\0-col\0\0", key_size bytes with both zeros (the LANGID / cbVarSegMac tail is stripped by the caller) */
    uint32_t key_size;
    uint32_t grbit;             /* JET_bitIndex... */
    uint32_t density;           /* 0 = default */
    const char *locale;         /* NULL: the default; UTF-8 */
    bool has_locale;            /* given by the application (flag 0x40) */
    uint32_t lcmap_flags;       /* 0 = default */
    uint32_t var_seg_mac;       /* 0 = none */
    uint32_t key_most;          /* 0 = 255 */
    struct { uint32_t min, max, most, step, start; bool is_set; } tuple; /* JET_TUPLELIMITS */
    const struct condition_definition *conditions;
    uint32_t condition_count;
    const struct space_hints_definition *space_hints; /* may be NULL */
    bool is_permitted;          /* as of columns */
    JET_ERR *err_out;
};
struct table_definition {
    const char *name;
    const char *template_name;  /* NULL: none */
    uint32_t grbit;             /* JET_bitTableCreate... */
    uint32_t pages, density;
    const struct column_definition *columns;
    uint32_t column_count;
    const struct index_definition *indexes;
    uint32_t index_count;
    const struct space_hints_definition *space_hints, *long_value_space_hints;
    uint32_t separate_lv, lv_chunk_most; /* 0 = default */
    const char *callback;       /* "dll!function" of the table's callback, or NULL */
    uint32_t callback_types;    /* JET_cbtyp... */
    JET_ERR (*check_callback)(void *context, const char *name); /* as of columns */
    void *check_context;
    uint32_t *created_out;      /* cCreated of JET_TABLECREATE; may be NULL */
};

/* Pages 4..30 of a new database: system tables (database-file 7). Pages 1-3 exist. For engine/ (JetCreateDatabase). */
MUST_CHECK JET_ERR catalog_create(struct transaction *t, struct database *db);

MUST_CHECK JET_ERR catalog_create_table(struct transaction *t, struct catalog *catalog, const struct table_definition *definition);
/* JET_errTableInUse while cursors are open on it (table_state.open_count). */
MUST_CHECK JET_ERR catalog_delete_table(struct transaction *t, struct catalog *catalog, const char *name);
MUST_CHECK JET_ERR catalog_rename_table(struct transaction *t, struct catalog *catalog, const char *name, const char *new_name);
MUST_CHECK JET_ERR catalog_add_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const struct column_definition *definition);
MUST_CHECK JET_ERR catalog_delete_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, bool ignore_template);
MUST_CHECK JET_ERR catalog_rename_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, const char *new_name);
/* The same, and the column becomes a placeholder: it stays in the primary index, and keys are made without a value of it. JET_errInvalidPlaceholderColumn: it is not a fixed column
 * of JET_coltypBit, the first of at least two of the primary index. */
MUST_CHECK JET_ERR catalog_make_placeholder(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, const char *new_name);
MUST_CHECK JET_ERR catalog_set_default(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *column, struct span value);
/* Definitions changed in place (convert.c); rows stay as they are, and the caller answers for what they become. Columns that the template defines are not found. System tables:
 * JET_errInvalidObject. flags: COLUMN_FLAG_..., all of them. JET_errInvalidColumnType (none, or one that the column's place in the row does not take), JET_errColumnCannotBeEncrypted,
 * JET_errCannotIndexOnEncryptedColumn. */
MUST_CHECK JET_ERR catalog_convert_column(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, uint32_t type, uint32_t flags);
/* Values of a long, or variable text or binary, column may be longer from now on; 0: as long as the type allows. JET_errInvalidParameter. */
MUST_CHECK JET_ERR catalog_increase_size(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, uint32_t size);
/* The column's default is computed by a function "module!name" from now on. JET_errInvalidParameter. */
MUST_CHECK JET_ERR catalog_set_column_callback(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name, const char *callback, struct span data);
/* A function for events of the table (JET_cbtyp...). JET_errKeyDuplicate: it has one. JET_errInvalidParameter. */
MUST_CHECK JET_ERR catalog_add_callback(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *callback, uint32_t types);
/* index_name NULL: the table's own rows. JET_errDensityInvalid, JET_errIndexNotFound. */
MUST_CHECK JET_ERR catalog_set_density(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *index_name, uint32_t density);
/* Every secondary index that the table itself defines (in derived tables, too) has these conditions too; one for a column it has a condition for already is passed over. Entries stay as they are. JET_errInvalidParameter (more
 * than INDEX_CONDITIONS_MAX), JET_errInvalidGrbit, JET_errColumnNotFound. */
MUST_CHECK JET_ERR catalog_add_conditions(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const struct condition_definition *definitions, uint32_t count);
/* Functions "module!name" of all tables, for events and for defaults, whose module's name begins with `from` (ASCII letters of either case) are those of module `to` from now on. All or none.
 * JET_errInvalidParameter (no name, or a function's would be longer than JET_cbNameMost or has no module). */
MUST_CHECK JET_ERR catalog_change_module(struct transaction *t, struct catalog *catalog, const char *from, const char *to);
/* Builds the index from the rows there are. All the definitions in one pass over the rows. */
MUST_CHECK JET_ERR catalog_create_indexes(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const struct index_definition *definitions, uint32_t count);
MUST_CHECK JET_ERR catalog_delete_index(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name);

/* --- sort orders of indexes over UTF-16 text, for the check at attach --- */
/* A version of a locale's sort order that indexes of the database use, as MSysLocales counts them. */
struct locale_use {
    char locale[86];
    uint8_t sort_id[16];
    uint64_t version;
};
/* Calls visit, under a page latch, for each version that an index uses. A database without MSysLocales (before Windows 7) has none. Rows that make no sense: JET_errDatabaseCorrupted. */
MUST_CHECK JET_ERR catalog_visit_locales(struct catalog *catalog, struct transaction *t, JET_ERR (*visit)(void *context, const struct locale_use *use), void *context);
/* Is there no entry in the index's tree? */
MUST_CHECK JET_ERR catalog_index_is_empty(struct catalog *catalog, const struct index *index, bool *is_empty);
/* Deletes an index whose order nobody knows any more, whatever the table forbids of schema changes (JET_bitTableFixedDDL, a template). */
MUST_CHECK JET_ERR catalog_drop_outdated_index(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name);
/* The index holds nothing: it gets the sort order that its locale has today. */
MUST_CHECK JET_ERR catalog_renew_sort_order(struct transaction *t, struct catalog *catalog, uint32_t objid_table, const char *name);
/* Makes the table's long-value tree if it has none; committed at once in a transaction of its own (others may need it too). *root, *objid: of the tree. */
MUST_CHECK JET_ERR catalog_need_long_value_tree(struct catalog *catalog, struct transaction *t, uint32_t objid_table, page_no_t *root, uint32_t *objid);

/* --- for the repair of a database that nobody else can reach (engine/repair.h): unversioned --- */
/* Rows that an index has no place for: told instead of ending the build with an error. The error is JET_errKeyDuplicate (the row that comes later in the order of the table), JET_errNullKeyDisallowed
 * or JET_errKeyTruncated. A row may be told more than once. The primary key lives during the call. */
struct index_conflicts {
    JET_ERR (*row)(void *context, struct span primary_key, JET_ERR error);
    void *context;
};
/* Fills the empty tree of an index from the rows of its table. Errors of making keys (JET_errFeatureNotAvailable, JET_errCallbackNotResolved ...) leave it filled in part. */
MUST_CHECK JET_ERR catalog_fill_index(struct transaction *t, struct catalog *catalog, const struct table_schema *table, uint32_t objid, const struct index_conflicts *conflicts);
/* Fills MSysObjids, which is empty, from the rows of the catalog. Nothing when the database has no such table. */
MUST_CHECK JET_ERR catalog_fill_objids(struct transaction *t, struct catalog *catalog);

/* Counted by JetComputeStats. when: days since 1899-12-30. */
struct catalog_statistics {
    uint32_t entries, keys, pages;
    double when;
};
/* In the row of the table (objid == objid_table) or of one of its indexes; an inner level. JET_errWriteConflict, JET_errRecordNotFound. */
MUST_CHECK JET_ERR catalog_set_statistics(struct transaction *t, struct catalog *catalog, uint32_t objid_table, uint32_t objid, const struct catalog_statistics *statistics);
/* As the transaction sees it; zero when nothing was counted, or there is no such row. */
MUST_CHECK JET_ERR catalog_get_statistics(struct transaction *t, struct catalog *catalog, uint32_t objid_table, uint32_t objid, struct catalog_statistics *out);

/* A function registered for a table, of cursor/. The list only grows. */
struct table_callback {
    struct table_callback *next;
    uint64_t id;
    void (*function)(void); /* a JET_CALLBACK */
    void *context;
    atomic_uint types;      /* JET_cbtyp...; 0: taken out */
};

/* --- what all users of a table share, whatever schema object they hold --- */
struct table_state {
    uint32_t objid;
    atomic_uint_least64_t next_autoincrement; /* 0: not known yet: found from the table (highest value, + 1) under the state's lock */
    atomic_uint_least64_t next_lid;           /* 0: not known yet */
    atomic_uint_least64_t next_sequence;      /* key of tables without primary index; 0: not known yet */
    struct mutex lock;                        /* RANK_CATALOG_TABLE */
    atomic_uint template_objid;               /* of a derived table that has been opened; else 0 */
    atomic_uint open_count;                   /* cursors open on the table (catalog_enter_table): looked at before the table is deleted */
    atomic_bool is_deleted;                   /* is being deleted, or has been: nobody opens it any more; taken back with the transaction */
    struct table_callback *_Atomic callbacks; /* of cursor/: newest first; freed with the state */
    void *cursors;                            /* of cursor/: those that clients have open, a list under the lock */
    /* below: catalog/ only */
    struct table_state *next;
    struct transaction *ddl_owner;            /* is changing indexes, or deleting the table: nobody else may become a writer */
    struct table_writer *writers;             /* transactions that have changed rows and are not over */
    page_no_t lv_root;                        /* of a long-value tree made since the catalog was opened */
    uint32_t lv_objid;
    struct schema_amounts in_use;             /* counted for the table while it is open (schema_use.h) */
    uint64_t use_epoch;                       /* how often it has come into use */
    atomic_bool uses_long_values;             /* their tree is in `in_use` */
};
/* The state of a table: lives as long as the catalog. JET_errOutOfMemory. */
MUST_CHECK JET_ERR catalog_table_state(struct catalog *catalog, uint32_t objid_table, struct table_state **out);
/* One more cursor is open on the table; the first one counts what the schema has as in use. JET_errTooManyOpenTables, JET_errTooManyOpenIndexes: it is not open. */
MUST_CHECK JET_ERR catalog_enter_table(struct catalog *catalog, struct table_state *state, const struct table_schema *schema);
void catalog_leave_table(struct catalog *catalog, struct table_state *state);
/* The tree of long values of a table that is open is about to be used. JET_errTooManyOpenTables. */
MUST_CHECK JET_ERR catalog_use_long_values(struct catalog *catalog, struct table_state *state);
/* A transaction is about to change rows of the table: registers it as a writer until its end (a version action does that), so that an index build and a schema change wait for it and
 * it for them. JET_errWriteConflict when another transaction is changing the indexes or deleting the table. Cheap when registered already. Look at
 * catalog_generation after this call: indexes made or deleted before it are seen then, and none is made or deleted until the transaction's end. */
MUST_CHECK JET_ERR catalog_enter_writer(struct catalog *catalog, struct transaction *t, struct table_state *state);
/* Has any transaction that is not over changed rows of the table? */
bool catalog_has_writers(struct catalog *catalog, const struct table_state *state);
/* Has anybody a table open that the template gives its columns to? */
bool catalog_has_derived_in_use(struct catalog *catalog, uint32_t objid_template);
/* Grows with every schema change that somebody may see: a cursor whose remembered value differs looks its table up again (catalog_find_table_by_objid_for). */
uint64_t catalog_generation(const struct catalog *catalog);
/* Look-ups through a transaction: as catalog_find_table(_by_objid), but the transaction's own uncommitted schema changes are seen. t NULL: the same as those. */
MUST_CHECK JET_ERR catalog_find_table_for(struct catalog *catalog, struct transaction *t, const char *name, const struct table_schema **out);
MUST_CHECK JET_ERR catalog_find_table_by_objid_for(struct catalog *catalog, struct transaction *t, uint32_t objid, const struct table_schema **out);
/* As catalog_visit_tables, of the tables that the transaction sees. */
MUST_CHECK JET_ERR catalog_visit_tables_for(struct catalog *catalog, struct transaction *t, JET_ERR (*visit)(void *context, const struct catalog_table *table), void *context);

#endif
