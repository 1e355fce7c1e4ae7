/* An instance for one piece of offline work: no logs and no temporary database (salvage.c, compact.c). */
#ifndef TOOLS_PLAIN_INSTANCE_H
#define TOOLS_PLAIN_INSTANCE_H

#include "base/error.h"
#include "esent.h"

/* Works in the folder of `target`, which need not be there. After an error *instance is what JetTerm takes, or JET_instanceNil. Sets the page size of the process. */
MUST_CHECK JET_ERR plain_instance_start(const char *name, const char *target, uint32_t page_size, JET_INSTANCE *instance, JET_SESID *session);

#endif
