/* Resources: what JetGetResourceParam and JetSetResourceParam tell and set (published engine source: resmgr). ESENT takes its objects from pools whose shape these settings give; OpenESE
 * takes them one by one from the heap. So a limit or a figure of use is that of our own objects, and what shapes a pool is kept as it was set and shapes nothing. */
#ifndef OPENESE_ENGINE_RESOURCES_H
#define OPENESE_ENGINE_RESOURCES_H

#include <stdint.h>

#include "base/error.h"

enum { RESOURCE_COUNT = 20 /* numbers of resources, JET_residMax */ };

/* Of the process, under process.lock; a setting that was never made is ESENT's default. */
struct resource_settings {
    uintptr_t values[9];
    uint16_t is_set; /* bit n: values[n] */
};

/* A handle of 0 or nil: the process's defaults. JET_errInvalidParameter (no such resource or operation), JET_errNotInitialized (use, before anything has started), and the errors of the parameter
 * calls for a handle. JET_resoperTag copies the four letters of the name to *value. */
MUST_CHECK JET_ERR engine_get_resource(JET_INSTANCE handle, uint32_t operation, uint32_t resource, uintptr_t *value);
/* JET_errInvalidParameter, JET_errAlreadyInitialized (an instance is there already; the limits of one: it has started). Nothing happens while JET_paramEnableAdvanced is off. */
MUST_CHECK JET_ERR engine_set_resource(JET_INSTANCE handle, uint32_t operation, uint32_t resource, uintptr_t value);

#endif
