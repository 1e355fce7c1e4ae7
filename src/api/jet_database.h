/* What jet_database.c and jet_database_create.c share. */
#ifndef OPENESE_API_JET_DATABASE_H
#define OPENESE_API_JET_DATABASE_H

#include "base/error.h"

struct tagJET_SETDBPARAM; /* the public header names it under ESENT_PRIVATE only */

/* Database parameters of the 3 forms: the size limit is kept; the others tune background work that is not done. */
MUST_CHECK JET_ERR read_database_parameters(const struct tagJET_SETDBPARAM *parameters, uint32_t count, uint32_t *pages_max);

#endif
