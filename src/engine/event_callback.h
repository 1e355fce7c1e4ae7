/* The client's event callback (JetxSetEventCallback): one for each instance, and one of the process for instances without.
 *
 * A callback is called with its lock held shared, so that taking it away waits until nobody is inside; therefore it may not call the engine.
 * The locks are outside the lock ranks: an event can be reported with any other lock held, and nothing is taken under them. */
#ifndef OPENESE_ENGINE_EVENT_CALLBACK_H
#define OPENESE_ENGINE_EVENT_CALLBACK_H

#include <pthread.h>

#include "base/error.h"
#include "esent_ext.h"
#include "os/event.h"

struct event_callback {
    pthread_rwlock_t lock;
    JETX_PFNEVENT function; /* NULL: none */
    void *context;
};

struct instance;

MUST_CHECK JET_ERR event_callback_init(struct event_callback *callback);
void event_callback_destroy(struct event_callback *callback);
/* Replaces it; NULL takes it away. Returns when no call of the old one is running. */
void event_callback_set(struct event_callback *callback, JETX_PFNEVENT function, void *context);
/* The sink that an instance's event log gets: the instance's callback, or else the process's. */
struct event_sink event_callback_sink(struct instance *instance);

#endif
