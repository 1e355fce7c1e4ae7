/* Which order the keys of UTF-16 text follow in an instance: Windows' weights, or what stands in for them (record/collation.h); the event about the latter. */
#ifndef OPENESE_ENGINE_TEXT_ORDER_H
#define OPENESE_ENGINE_TEXT_ORDER_H

#include "base/error.h"

struct collation_table;
struct instance;

/* database_open_config.stand_in_used: event 10001 in the instance's log, once. Any thread, under any lock. */
void text_order_stand_in_used(void *instance, const char *name);
/* A table for one user, who closes it. JET_errFeatureNotAvailable: there is none. JET_errOutOfMemory. */
MUST_CHECK JET_ERR text_order_open(struct instance *instance, struct collation_table **out);

#endif
