/* The checksum scan of a database in use (JetDatabaseScan). */
#ifndef OPENESE_ENGINE_SCAN_H
#define OPENESE_ENGINE_SCAN_H

#include "engine/session.h"

struct scan_request {
    uint32_t *seconds;       /* in: most, 0 no limit (start); out: used (stop). May be NULL */
    uint32_t sleep_ms;       /* after each batch of pages */
    JET_CALLBACK callback;   /* JET_cbtypScanCompleted with seconds and pages of the pass; may be NULL */
    JET_GRBIT grbit;
};
/* JET_errDatabaseAlreadyRunningMaintenance, JET_errInvalidGrbit, JET_errInvalidParameter, JET_errTransReadOnly, those of maintenance_start. */
MUST_CHECK JET_ERR engine_scan(struct session *session, const struct open_database *db, const struct scan_request *request);

#endif
