/* See event_callback.h. */
#include "engine/event_callback.h"

#include <unistd.h>

#include "engine/instance.h"
#include "engine/process.h"

_Static_assert(JETX_eventInformation == (int)EVENT_INFORMATION && JETX_eventWarning == (int)EVENT_WARNING && JETX_eventError == (int)EVENT_ERROR, "levels");

JET_ERR event_callback_init(struct event_callback *callback)
{
    callback->function = NULL;
    callback->context = NULL;
    return pthread_rwlock_init(&callback->lock, NULL) == 0 ? JET_errSuccess : JET_errOutOfMemory;
}

void event_callback_destroy(struct event_callback *callback) { pthread_rwlock_destroy(&callback->lock); }

void event_callback_set(struct event_callback *callback, JETX_PFNEVENT function, void *context)
{
    pthread_rwlock_wrlock(&callback->lock);
    callback->function = function;
    callback->context = context;
    pthread_rwlock_unlock(&callback->lock);
}

/* Was there one? */
static bool call(struct event_callback *callback, const JETX_EVENT *event)
{
    pthread_rwlock_rdlock(&callback->lock);
    bool is_set = callback->function != NULL;
    if (is_set)
        callback->function(event, callback->context);
    pthread_rwlock_unlock(&callback->lock);
    return is_set;
}

static void report(void *context, const struct event *event)
{
    struct instance *instance = (struct instance *)context;
    const JETX_EVENT public_event = {
        .cbSize = sizeof public_event,
        .ulProcess = (uint32_t)getpid(),
        .ulEvent = event->id,
        .ulLevel = (uint32_t)event->level,
        .ulCategory = (uint32_t)event->category,
        .cParameters = (uint32_t)event->parameter_count,
        .szSource = event->source,
        .szInstance = event->instance,
        .rgszParameters = event->parameters,
    };
    if (!call(&instance->event_callback, &public_event))
        (void)call(&process.event_callback, &public_event);
}

struct event_sink event_callback_sink(struct instance *instance) { return (struct event_sink){report, instance}; }
