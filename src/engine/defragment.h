/* Online defragmentation (JetDefragment, JetDefragment2; reference pages): started, stopped, and what its thread does. */
#ifndef OPENESE_ENGINE_DEFRAGMENT_H
#define OPENESE_ENGINE_DEFRAGMENT_H

#include "engine/session.h"

struct defragment_request {
    const char *table;   /* UTF-8; with JET_bitDefragmentBTree */
    uint32_t *passes;    /* in: most (start), out: done (stop); may be NULL */
    uint32_t *seconds;   /* likewise */
    JET_CALLBACK callback;
    JET_GRBIT grbit;
};
/* JET_wrnDefragAlreadyRunning, JET_wrnDefragNotRunning; JET_errInvalidGrbit, JET_errInvalidParameter, JET_errInvalidName, JET_errObjectNotFound, JET_errDatabaseFileReadOnly, JET_errTransReadOnly,
 * those of maintenance_start. */
MUST_CHECK JET_ERR engine_defragment(struct session *session, const struct open_database *db, const struct defragment_request *request);

#endif
