/* The catalog: what tables a database has and what they look like (records-and-catalog 6).
 *
 * The catalog is itself a table, MSysObjects, whose root pages are fixed: its rows at page 4 in the order (owning table, kind, id), an index
 * by name of all table rows at page 10. Everything else about a database is found from there. The one idea: rows become immutable
 * table_schema objects, built whole, shared by all who use the table and kept while anybody does; looking one up again costs a hash probe.
 * A derived table's schema holds its template's columns too, so that nobody above knows the difference.
 *
 * Called by cursor/, check/, tools. Threads: any; one mutex of rank RANK_CATALOG guards the cache and is held while a schema is loaded
 * (page latches come after it). Untrusted input: rows that make no sense are JET_errCatalogCorrupted.
 */
#ifndef OPENESE_CATALOG_CATALOG_H
#define OPENESE_CATALOG_CATALOG_H

#include "database/database.h"
#include "record/collation.h"
#include "record/schema.h"

enum { CATALOG_ROOT = 4, CATALOG_OBJID = 2, CATALOG_SHADOW_ROOT = 24, CATALOG_SHADOW_OBJID = 3, CATALOG_NAME_ROOT = 7, CATALOG_TABLES_ROOT = 10 };

struct catalog;

/* The catalog of a database: made on first use, kept in db->catalog, destroyed with the database. JET_errOutOfMemory; nothing is read. */
MUST_CHECK JET_ERR catalog_open(struct database *db, struct catalog **out);
struct database *catalog_database(struct catalog *catalog);
/* The Unicode weights for the keys of this database, or what stands in for them (db->stand_in_used is told): sought on first use, NULL when the system has none. */
const struct collation_table *catalog_weights(struct catalog *catalog);

/* The schema of a table by name (UTF-8; upper and lower case are the same). The caller gives it back with catalog_release_table and may use
 * it until then. JET_errObjectNotFound, JET_errCatalogCorrupted, errors of btree/ and record/. */
MUST_CHECK JET_ERR catalog_find_table(struct catalog *catalog, const char *name, const struct table_schema **out);
/* By object id: reads the catalog when the table is not in the cache. */
MUST_CHECK JET_ERR catalog_find_table_by_objid(struct catalog *catalog, uint32_t objid, const struct table_schema **out);
/* One more user of a schema that is already held. */
const struct table_schema *catalog_retain_table(struct catalog *catalog, const struct table_schema *schema);
/* Accepts NULL. */
void catalog_release_table(struct catalog *catalog, const struct table_schema *schema);
/* The table has been changed or deleted: the next look-up reads the catalog again. Holders keep what they have. */
void catalog_forget_table(struct catalog *catalog, const char *name);

/* Every table in order of object id, system tables too. schema is NULL where a table's rows are damaged: error says why and name may be NULL.
 * The schema lives during the call only (catalog_retain_table keeps it). A negative return of visit stops and is returned. */
struct catalog_table {
    uint32_t objid;
    const char *name;
    const struct table_schema *schema;
    JET_ERR error;
};
MUST_CHECK JET_ERR catalog_visit_tables(struct catalog *catalog, JET_ERR (*visit)(void *context, const struct catalog_table *table), void *context);

#endif
