/* See callback_library.h. */
#include "engine/callback_library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/memory.h"
#include "engine/instance.h"
#include "engine/process.h"

enum { NAME_MOST = 255 };

struct callback_library {
    struct callback_library *next;
    void *handle; /* of the program itself where there is no such library */
    char name[NAME_MOST + 1];
};

/* Under process.lock. */
static JET_ERR find_library(const char *name, void **handle)
{
    JET_ERR err = JET_errSuccess;
    struct callback_library *library = process.libraries;
    while (library != NULL && strcmp(library->name, name) != 0)
        library = library->next;
    if (library == NULL) {
        library = mem_alloc(sizeof *library);
        if (library == NULL)
            RAISE(JET_errOutOfMemory);
        strcpy(library->name, name); /* as long as the room: callback_resolve */
        library->handle = name[0] != 0 ? dlopen(name, RTLD_NOW | RTLD_LOCAL) : NULL;
        if (library->handle == NULL)
            library->handle = dlopen(NULL, RTLD_NOW);
        library->next = process.libraries;
        process.libraries = library;
    }
    *handle = library->handle;
done:
    return err;
}

JET_ERR callback_resolve(struct instance *instance, const char *name, JET_CALLBACK *out)
{
    JET_ERR err = JET_errSuccess;
    char library[NAME_MOST + 1];
    void *handle = NULL;
    *out = NULL;
    if (params_number(&instance->params, JET_paramEnablePersistedCallbacks) == 0)
        RAISE(JET_errCallbackFailed);
    const char *mark = strchr(name, '!');
    if (mark == NULL || strlen(name) > NAME_MOST)
        RAISE(JET_errInvalidParameter);
    size_t size = (size_t)(mark - name);
    memcpy(library, name, size);
    library[size] = 0;
    if (strpbrk(library, "/\\:") != NULL)
        RAISE(JET_errCallbackNotResolved);
    process_lock();
    err = find_library(library, &handle);
    process_unlock();
    TRY(err);
    void *function = handle != NULL ? dlsym(handle, mark + 1) : NULL;
    if (function == NULL)
        RAISE(JET_errCallbackNotResolved);
    memcpy(out, &function, sizeof *out); /* C has no cast from an object to a function */
done:
    return err;
}
