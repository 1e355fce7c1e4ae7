/* A service that a layer above runs on an instance in threads of its own: the control socket. The engine knows only how to end it, so that its
 * threads are joined before the instance goes. At most one per instance. */
#ifndef OPENESE_ENGINE_SERVICE_H
#define OPENESE_ENGINE_SERVICE_H

#include "base/error.h"
#include "os/thread.h"

struct instance;

/* In the instance, under instance->lock. */
struct instance_service {
    bool is_reserved; /* from reserve until the end is complete */
    void *object;     /* NULL: none, not yet, or being ended */
    void (*end)(void *object, JET_ERR reason);
};

/* Claims the place before the service is made: JET_errAlreadyInitialized. The caller is inside the instance, so that it cannot end before
 * set or cancel. */
MUST_CHECK JET_ERR instance_service_reserve(struct instance *instance);
void instance_service_cancel(struct instance *instance);
void instance_service_set(struct instance *instance, void *object, void (*end)(void *object, JET_ERR reason));
/* Ends it for the reason given: no lock is held while its threads are waited for, and they may enter the instance meanwhile. False: there is
 * none, or another thread is ending it. */
bool instance_service_end(struct instance *instance, JET_ERR reason);

#endif
