/* Every row of every table, straight from the trees: what dump, export and the integrity check stand on.
 *
 * Works on a database that is open read-only in whatever state it is; flag-deleted rows are skipped. Nothing is kept of a row between
 * calls: its spans live during the visit. */
#ifndef OPENESE_CHECK_ROW_WALK_H
#define OPENESE_CHECK_ROW_WALK_H

#include "catalog/catalog.h"
#include "record/long_value.h"
#include "record/record.h"

struct row {
    const struct table_schema *table;
    struct span key;                      /* primary key as stored */
    struct record_view record;
    const struct long_value_nodes *long_values;
    page_no_t page_no;                    /* where it stands */
};

struct row_visitor {
    /* May be NULL. A negative return stops the walk; a positive one of table_begin skips the table's rows. */
    JET_ERR (*table_begin)(void *context, const struct table_schema *table);
    JET_ERR (*row)(void *context, const struct row *row);
    JET_ERR (*table_end)(void *context, const struct table_schema *table);
    /* A table or row that cannot be read; name may be NULL. Returning 0 goes on with what can be read. NULL: the walk stops with the error. */
    JET_ERR (*damage)(void *context, const char *table, JET_ERR error);
    /* Progress: pages of the file, called now and then. May be NULL. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context;
};

/* Tables in order of object id; only_table (may be NULL) limits to one: JET_errObjectNotFound. */
MUST_CHECK JET_ERR row_walk(struct database *db, const char *only_table, const struct row_visitor *visitor);

#endif
