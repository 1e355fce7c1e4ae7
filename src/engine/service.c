/* The place of an instance's service (service.h). */
#include "engine/service.h"

#include "engine/instance.h"

JET_ERR instance_service_reserve(struct instance *instance)
{
    mutex_lock(&instance->lock);
    bool is_free = !instance->service.is_reserved;
    instance->service.is_reserved = true;
    mutex_unlock(&instance->lock);
    return is_free ? JET_errSuccess : JET_errAlreadyInitialized;
}

void instance_service_cancel(struct instance *instance)
{
    mutex_lock(&instance->lock);
    instance->service = (struct instance_service){0};
    mutex_unlock(&instance->lock);
}

void instance_service_set(struct instance *instance, void *object, void (*end)(void *object, JET_ERR reason))
{
    mutex_lock(&instance->lock);
    instance->service.object = object;
    instance->service.end = end;
    mutex_unlock(&instance->lock);
}

bool instance_service_end(struct instance *instance, JET_ERR reason)
{
    mutex_lock(&instance->lock);
    struct instance_service service = instance->service;
    instance->service.object = NULL;
    mutex_unlock(&instance->lock);
    if (service.object == NULL)
        return false;
    service.end(service.object, reason);
    instance_service_cancel(instance);
    return true;
}
