/* Files made shorter at the end of an attach (JET_dbparamShrinkDatabaseOptions, JET_bitShrinkDatabaseEofOnAttach): pages at the end move to free ones before it, then the end is cut off. */
#ifndef OPENESE_ENGINE_SHRINK_H
#define OPENESE_ENGINE_SHRINK_H

#include "engine/session.h"

/* As the client's database parameters say. */
struct shrink_request {
    uint32_t options;  /* JET_bitShrinkDatabase...OnAttach; without EofOnAttach nothing is done */
    int32_t quota_ms;  /* < 0: no limit */
    uint32_t least;    /* pages that stay, the two headers counted */
};
/* Of the database that the session has just attached; nothing is done when somebody has opened it already, somebody's snapshot or a task still needs it, or a backup has begun. That not all could be moved is no error, nor is one of reading or
 * writing: what was done so far stays. An error that says that the database is damaged detaches it and becomes the result. Takes the databases lock. */
MUST_CHECK JET_ERR engine_shrink_attached(struct session *session, const char *path, const struct shrink_request *request);

#endif
