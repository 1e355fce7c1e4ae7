/* JetComputeStats: what there is of rows, entries and keys, counted and kept in the catalog. */
#ifndef OPENESE_ENGINE_STATISTICS_H
#define OPENESE_ENGINE_STATISTICS_H

#include "catalog/ddl.h"
#include "engine/session.h"

/* Goes through the table and all its indexes as the session sees them, in a transaction of its own inside the session's, lazily committed. JET_errDatabaseFileReadOnly, JET_errTransReadOnly,
 * JET_errWriteConflict: somebody is changing the table's schema; errors of reading. */
MUST_CHECK JET_ERR engine_compute_statistics(struct session *session, const struct open_database *db, const struct table_schema *table);
#endif
