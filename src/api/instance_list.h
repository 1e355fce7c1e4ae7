/* The list of instances as JetGetInstanceInfo and the snapshot calls give it to the client. */
#ifndef OPENESE_API_INSTANCE_LIST_H
#define OPENESE_API_INSTANCE_LIST_H

#include "api/text_arguments.h"
#include "engine/instance_info.h"

/* One block for JetFreeBuffer; an empty list leaves *count and *list as they are. JET_errOutOfMemory. */
MUST_CHECK JET_ERR instance_list_to_client(enum text_form form, const struct instance_list *instances, uint32_t *count, void **list);

#endif
