/* What an instance has in use of tables at a time, and how much of it there may be (JET_paramMaxOpenTables; resource-parameters page).
 *
 * Three counts with one limit, as in ESENT: B+ trees (the rows of a table, each secondary index, long values), definitions of tables, definitions of indexes
 * (the primary one too). A table counts while cursors are open on it, however many; the first one pays and the last one gives back, so the others cost nothing.
 * Temporary tables have no trees but count as definitions. System tables count as nothing.
 *
 * The counts are the instance's (engine/); databases point to them (database_open_config.schema_use) and table states say what they have taken
 * (ddl.h, catalog_enter_table). Threads: any, no lock. */
#ifndef OPENESE_CATALOG_SCHEMA_USE_H
#define OPENESE_CATALOG_SCHEMA_USE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"

struct schema_amounts {
    uint32_t trees, tables, indexes;
};
struct schema_use {
    atomic_uint trees, tables, indexes;
    uint32_t most; /* of each; does not change while anything is counted */
};

/* Takes all of it or nothing. use NULL: nobody counts. JET_errTooManyOpenTables for trees and tables, JET_errTooManyOpenIndexes. */
MUST_CHECK JET_ERR schema_use_claim(struct schema_use *use, struct schema_amounts amounts);
/* use may be NULL. */
void schema_use_release(struct schema_use *use, struct schema_amounts amounts);

#endif
