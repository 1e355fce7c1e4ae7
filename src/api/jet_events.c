/* JetxSetEventCallback: which callback is meant. */
#include "api/api.h"
#include "engine/engine.h"
#include "engine/instance.h"
#include "engine/process.h"
#include "esent_ext.h"

JET_EXPORT JET_ERR JetxSetEventCallback(JET_INSTANCE handle, JETX_PFNEVENT function, void *context)
{
    struct instance *instance = NULL;
    if (handle == 0 || handle == JET_instanceNil) {
        event_callback_set(&process.event_callback, function, context);
        return JET_errSuccess;
    }
    JET_ERR err = engine_enter_instance(handle, INSTANCE_ENTER_HANDLE_ONLY, &instance);
    if (err >= 0)
        event_callback_set(&instance->event_callback, function, context);
    engine_leave_instance(instance);
    return err;
}
