/* Sizes of databases as the client sets them (instance-and-session 13.7). */
#ifndef OPENESE_ENGINE_DATABASE_SIZE_H
#define OPENESE_ENGINE_DATABASE_SIZE_H

#include "engine/session.h"

/* JetResizeDatabase: pages without the two headers. grbit has been checked. JET_errFeatureNotAvailable: smaller, and JET_paramEnableShrinkDatabase is off;
 * JET_errBackupInProgress: smaller. JET_wrnShrinkNotPossible: it stays longer, as extents in use, or in use in part, stand behind its end. Takes the databases lock. */
MUST_CHECK JET_ERR engine_resize_database(struct session *session, const struct open_database *db, uint32_t pages, JET_GRBIT grbit, uint32_t *actual);
/* JetSetDatabaseSize: of a clean file that nobody has open; it only grows. */
MUST_CHECK JET_ERR engine_set_file_size(struct session *session, const char *path, uint32_t pages, uint32_t *actual);
/* Limit of growth in pages, 0 = none. */
uint32_t engine_max_size(const struct open_database *db);
/* JET_errInvalidParameter: more pages than a database can have. */
MUST_CHECK JET_ERR engine_set_max_size(const struct open_database *db, uint32_t pages);

#endif
