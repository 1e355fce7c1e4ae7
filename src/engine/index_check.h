/* Indexes over UTF-16 text whose sort order is not that of the system any more (reference page of JetAttachDatabase, Remarks).
 *
 * Their keys were made with one version of the weights and are looked for with another: rows would seem to be missing. So a database is asked at attach which versions
 * its indexes use (MSysLocales, one page), and only when one is another, the indexes themselves are looked at. */
#ifndef OPENESE_ENGINE_INDEX_CHECK_H
#define OPENESE_ENGINE_INDEX_CHECK_H

#include "engine/session.h"
#include "record/schema.h"

/* Do the parameters of the instance ask for the check at attach (JET_paramEnableIndexChecking, JET_paramEnableIndexCleanup)? Not under databases_lock. */
bool index_check_is_wanted(struct instance *instance);
/* Of a database just attached for writing, under databases_lock: what is_wanted, JET_bitDbDeleteCorruptIndexes and JET_bitDbDeleteUnicodeIndexes ask for. An empty index gets the order of today. Without weights nothing is compared: what cannot be made is refused when it is wanted.
 * JET_wrnCorruptIndexDeleted; JET_errPrimaryIndexCorrupted, JET_errSecondaryIndexCorrupted: the database must not stay attached; JET_errIndexMustStay. */
MUST_CHECK JET_ERR index_check_attached(struct session *session, struct database *db, bool is_wanted, JET_GRBIT grbit);

/* Of one table that is opened while JET_paramEnableIndexChecking is JET_IndexCheckingDeferToOpenTable (else nothing happens): JET_errPrimaryIndexCorrupted,
 * JET_errSecondaryIndexCorrupted; of a table opened for reading only the warnings JET_wrnPrimaryIndexOutOfDate, JET_wrnSecondaryIndexOutOfDate. */
MUST_CHECK JET_ERR index_check_opened(struct session *session, struct database *db, const struct table_schema *table, bool is_read_only, bool allows_out_of_date);

#endif
