/* What jet_database.c and jet_database_create.c share. */
#ifndef OPENESE_API_JET_DATABASE_H
#define OPENESE_API_JET_DATABASE_H

#include "base/error.h"
#include "engine/shrink.h"

struct tagJET_SETDBPARAM; /* the public header names it under ESENT_PRIVATE only */

/* What database parameters ask for. The others tune what the engine has not got: see api_table.def. */
struct database_wishes {
    uint32_t pages_max;    /* 0: no limit */
    struct shrink_request shrink; /* at the end of the attach */
};
static inline struct database_wishes database_wishes_default(uint32_t pages_max) { return (struct database_wishes){.pages_max = pages_max, .shrink.quota_ms = -1}; }
/* Database parameters of the 3 forms. */
MUST_CHECK JET_ERR read_database_parameters(const struct tagJET_SETDBPARAM *parameters, uint32_t count, struct database_wishes *wishes);
/* Those of an entry of JetInit4's map: of no effect on a replay, so the result says only whether ESENT takes them. Values of parameters that recovery does not look at are not looked at. */
MUST_CHECK JET_ERR check_restore_parameters(const struct tagJET_SETDBPARAM *parameters, uint32_t count);

#endif
