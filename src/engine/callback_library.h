/* Functions of the client's that a database names: "library!function" of table callbacks and computed defaults (JET_TABLECREATE2, JET_USERDEFINEDDEFAULT).
 *
 * A database is not a program: what it names is looked for only when the client has set JET_paramEnablePersistedCallbacks, and a library only by its bare name, where the system's
 * loader finds libraries; one with a path in it is never loaded. A name whose library there is not (a Windows DLL, say) means the function of that name in the program itself.
 * Libraries stay loaded until the process ends. Threads: any. */
#ifndef OPENESE_ENGINE_CALLBACK_LIBRARY_H
#define OPENESE_ENGINE_CALLBACK_LIBRARY_H

#include "base/error.h"
#include "esent.h"

struct instance;

/* JET_errCallbackFailed: the instance does not permit it. JET_errInvalidParameter: no '!' in the name. JET_errCallbackNotResolved, JET_errOutOfMemory. */
MUST_CHECK JET_ERR callback_resolve(struct instance *instance, const char *name, JET_CALLBACK *out);

#endif
