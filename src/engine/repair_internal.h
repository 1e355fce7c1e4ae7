/* Inside the repair: reading the damaged file (repair.h). For repair*.c only.
 *
 *   repair_file.c     the file as pages: which of them are good, whose they are
 *   repair_tree.c     one tree: the leaves that can be reached, and those that cannot but carry its object id
 *   repair_nodes.c    their nodes in key order, each key once
 *   repair_catalog.c  the rows of both catalogs, and the catalog of the new file
 *   repair_table.c    rows and long values of one table
 *   repair_columns.c  its columns that the catalog has lost
 *   repair_index.c    its secondary indexes
 *   repair.c          the order of things
 *
 * Memory: about ten bytes for each page of the file, 32 for each leaf of the tree at hand and of indexes that are taken over, 16 for each long value of the table at hand, the catalog's rows, and at most
 * REPAIR_OPEN_LEAVES pages. Each page is walked once; nothing recurses. */
#ifndef OPENESE_ENGINE_REPAIR_INTERNAL_H
#define OPENESE_ENGINE_REPAIR_INTERNAL_H

#include "btree/btree.h"
#include "catalog/catalog.h"
#include "catalog/row.h"
#include "engine/copy_target.h"
#include "engine/repair.h"

/* --- repair_file.c --- */

enum repair_page_state { REPAIR_PAGE_BLANK, REPAIR_PAGE_GOOD, REPAIR_PAGE_TRUSTED, REPAIR_PAGE_BAD_SUM, REPAIR_PAGE_BAD_STRUCTURE, REPAIR_PAGE_UNREADABLE };

struct repair_file {
    struct os_file *file;
    uint32_t page_size;
    page_no_t last_page;
    bool trust_bad_checksums, has_header;
    struct db_header header;
    uint32_t objid_last;      /* highest seen on a page */
    uint8_t *states;          /* enum repair_page_state of page i + 1 */
    uint8_t *visited;         /* a bit each: a walk has been there */
    uint8_t *leads;           /* a bit each: told to the caller as lost */
    uint32_t *objids;         /* of good leaves; 0 others */
    page_no_t *leaves;        /* those pages, by object id and number */
    uint32_t leaf_count;
};
/* Opens and locks (shared) the file and reads its header; the page size is `page_size`, or found out when that is 0. */
MUST_CHECK JET_ERR repair_file_open(struct os_fs *fs, const char *path, uint32_t page_size, struct repair_file *out);
/* Looks at every page once. progress may be NULL. */
MUST_CHECK JET_ERR repair_file_scan(struct repair_file *f, JET_ERR (*progress)(void *context, page_no_t done), void *context);
void repair_file_close(struct repair_file *f);
/* Reads a good page into page_size bytes. What is wrong with it otherwise; JET_errOutOfMemory and the like do not happen. */
MUST_CHECK JET_ERR repair_file_read(const struct repair_file *f, page_no_t page_no, uint8_t *bytes, struct page_view *view);
/* Rows on the good leaves with an object id, and how many leaves that are: of tables' own trees alone. */
void repair_file_count_rows(const struct repair_file *f, uint32_t objid, uint32_t *pages, uint64_t *rows);
/* The good leaves with an object id: *first is an index into f->leaves. */
uint32_t repair_file_leaves_of(const struct repair_file *f, uint32_t objid, uint32_t *first);

static inline bool repair_bit(const uint8_t *bits, page_no_t page_no) { return (bits[page_no / 8] >> (page_no % 8) & 1) != 0; }
static inline void repair_set_bit(uint8_t *bits, page_no_t page_no) { bits[page_no / 8] = (uint8_t)(bits[page_no / 8] | 1u << (page_no % 8)); }

/* --- repair_tree.c --- */

enum { REPAIR_LEAF_START = 16 };
struct repair_leaf {
    page_no_t page_no;
    bool is_walked;           /* the tree leads to it */
    bool is_followed;         /* no leaf is missing between it and the next one walked */
    uint8_t start[REPAIR_LEAF_START]; /* of its first key, zeros behind it */
};
struct repair_tree {
    struct repair_file *file;
    page_no_t root;
    uint32_t objid;
    uint32_t kind;            /* page flags PAGE_FLAG_INDEX, PAGE_FLAG_LONG_VALUE */
    bool is_unique;
    bool is_whole;            /* every page was there, leaves in order and linked: nothing is missing and nothing strays */
    bool begins_whole;        /* no leaf is missing before the first one walked */
    uint64_t first_dbtime;    /* of that leaf */
    uint32_t pages_lost, pages_stray;
    struct space_header header; /* of the root; all zero when that is lost */
    struct repair_leaf *leaves; /* those with nodes, in order of their first keys */
    uint32_t count, room;
};
/* Who is told of a lost page. */
struct repair_losses {
    void (*page)(void *context, page_no_t page_no, JET_ERR error);
    void *context;
};
/* Finds the leaves. JET_errOutOfMemory only; damage shows in *out. repair_tree_free also after an error. */
MUST_CHECK JET_ERR repair_tree_walk(struct repair_file *f, page_no_t root, uint32_t objid, uint32_t kind, const struct repair_losses *losses, struct repair_tree *out);
void repair_tree_free(struct repair_tree *tree);

/* --- repair_nodes.c --- */

enum { REPAIR_OPEN_LEAVES = 64 };
struct repair_nodes;
MUST_CHECK JET_ERR repair_nodes_open(const struct repair_tree *tree, struct repair_nodes **out);
/* The next node in key order. The spans live until the next call. JET_errNoCurrentRecord at the end. */
MUST_CHECK JET_ERR repair_nodes_next(struct repair_nodes *nodes, struct span *key, struct span *data);
/* Nodes that could not be given: out of order, or on too many leaves over one another. */
uint64_t repair_nodes_lost(const struct repair_nodes *nodes);
/* Accepts NULL. */
void repair_nodes_close(struct repair_nodes *nodes);

/* --- the work at hand --- */

struct repair {
    struct session *session;
    const struct repair_options *options;
    struct repair_report *report;
    struct repair_file file;
    struct copy_target target;
    struct database *db;      /* of the target */
    struct catalog *catalog;  /* likewise */
    struct transaction transaction;
    struct repair_row *rows;  /* of the catalog, by key */
    uint32_t row_count, row_room;
    const char *table_name;   /* being worked at, for callbacks */
    uint32_t units_done, units_total;
    bool is_damaged;          /* something was not as it should be */
    bool catalogs_have_gaps;  /* both have lost rows, maybe the same ones */
};
/* Callbacks of the caller. */
void repair_tell_page(void *context, page_no_t page_no, JET_ERR error);
/* Of a table that is not in the new database. */
void repair_tell_lost(struct repair *r, const char *name, uint32_t objid, JET_ERR error);
MUST_CHECK JET_ERR repair_tell_progress(struct repair *r, uint32_t done);

/* --- repair_catalog.c --- */

enum { REPAIR_FIRST_OBJID = 6 }; /* what is below are the catalogs' own trees */
struct repair_row {
    uint8_t key[13];
    uint8_t *record;          /* owned */
    uint32_t size;
    uint32_t objid_table, type, id, flags, density;
    page_no_t root, new_root; /* of a tree */
    bool is_dropped;
};
/* Reads both catalogs into r->rows and leaves out what makes no sense. JET_errCatalogCorrupted: nothing to begin with. */
MUST_CHECK JET_ERR repair_catalog_read(struct repair *r);
/* Makes the trees of all rows, and fills the new catalog. */
MUST_CHECK JET_ERR repair_catalog_write(struct repair *r);
/* Index past the rows of the table that begin at `first`. */
uint32_t repair_catalog_end(const struct repair *r, uint32_t first);
/* The row of a tree, or NULL. */
struct repair_row *repair_catalog_tree(const struct repair *r, uint32_t first, uint32_t objid);
/* Name of the object that a row describes. */
enum { REPAIR_NAME_ROOM = 3 * 255 + 1 };
void repair_catalog_name(const struct repair *r, const struct repair_row *row, char name[REPAIR_NAME_ROOM]);
/* Takes a row out of the new catalog again, and gives back the tree it names. */
MUST_CHECK JET_ERR repair_catalog_drop(struct repair *r, struct repair_row *row);
/* Puts in a row that the old one has lost; not when its name or key is taken. */
MUST_CHECK JET_ERR repair_catalog_add(struct repair *r, const struct catalog_row *row);
void repair_catalog_free(struct repair *r);

/* --- repair_table.c --- */

struct repair_long_value {
    uint64_t lid;
    uint32_t references;      /* in saved rows */
};
/* How far the columns of the saved rows reach. */
struct repair_reach {
    uint32_t fixed_last, fixed_end, variable_last, tagged_last;
};
struct table_work {
    struct repair *r;
    const struct table_schema *schema; /* in the new database */
    struct repair_row *row;   /* of the table */
    uint32_t first;           /* its index */
    struct repair_table told;
    struct repair_long_value *values; /* whole ones, by lid */
    uint32_t value_count, value_room;
    struct repair_reach reach;
};
/* Rows and long values, then what repair_index.c does. told.error is set when the table cannot be taken; other errors end the repair. */
MUST_CHECK JET_ERR repair_table(struct table_work *w);
/* Fills the tree of `row` in the new database from the old one, where a node passes. accept: false leaves it out; it may put another record in place of the data. */
typedef JET_ERR repair_accept(void *context, struct span key, struct span *data, bool *is_taken);
MUST_CHECK JET_ERR repair_fill(struct repair *r, const struct repair_tree *tree, page_no_t root, uint32_t reserve, repair_accept *accept, void *context, uint64_t *lost);

/* --- repair_columns.c --- */

/* JET_errDatabaseCorrupted: the record has columns that there can be none like. */
MUST_CHECK JET_ERR repair_columns_judge(const struct table_schema *schema, const struct record_view *record);
void repair_columns_note(struct repair_reach *reach, const struct record_view *record);
/* Puts rows into the new catalog for those that it does not name. */
MUST_CHECK JET_ERR repair_columns_add(struct table_work *w);

/* --- repair_index.c --- */

MUST_CHECK JET_ERR repair_indexes(struct table_work *w);
/* Are all columns of its key and conditions in the catalog? */
bool repair_index_has_columns(const struct table_schema *schema, const struct index *index);

#endif
