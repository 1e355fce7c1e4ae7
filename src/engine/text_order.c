/* See text_order.h. */
#include "engine/text_order.h"

#include "engine/instance.h"
#include "record/collation.h"

enum { EVENT_STAND_IN_USED = 10001 };

void text_order_stand_in_used(void *context, const char *name)
{
    struct instance *instance = context;
    if (!atomic_exchange(&instance->has_noted_stand_in, true))
        EVENT_REPORT(&instance->events, EVENT_STAND_IN_USED, EVENT_WARNING, EVENT_DATA_DEFINITION, name);
}

JET_ERR text_order_open(struct instance *instance, struct collation_table **out)
{
    JET_ERR err = JET_errSuccess;
    TRY(collation_table_find(instance->fs, out));
    const char *stand_in = collation_table_stand_in(*out);
    if (stand_in != NULL)
        text_order_stand_in_used(instance, stand_in);
done:
    return err;
}
