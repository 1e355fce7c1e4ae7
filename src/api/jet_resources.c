/* JetGetResourceParam, JetSetResourceParam (engine/resources.h). */
#define ESENT_PRIVATE
#include "api/api.h"
#include "engine/resources.h"

JET_EXPORT JET_ERR JetGetResourceParam(JET_INSTANCE instance, JET_RESOPER resoper, JET_RESID resid, JET_API_PTR *pulParam)
{
    return engine_get_resource(instance, (uint32_t)resoper, (uint32_t)resid, pulParam);
}

JET_EXPORT JET_ERR JetSetResourceParam(JET_INSTANCE instance, JET_RESOPER resoper, JET_RESID resid, JET_API_PTR ulParam)
{
    return engine_set_resource(instance, (uint32_t)resoper, (uint32_t)resid, ulParam);
}
