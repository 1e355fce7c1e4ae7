/* See module.h. */
#include "os/module.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

/* Something of this file, by which the loader knows the file it is in. */
static const char own_place = 0;

/* It stays in the process once it is there: libraries behind it keep state of their own, and loading them again takes longer than what is asked of them. */
static void *load(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE); }

/* The file of the program as the system knows it: the loader would answer argv[0], which is what a caller wrote. A caller of a program with other rights can also link that into a
 * folder of his own, so that nothing beside it is trusted. */
static bool find_program(char path[PATH_ROOM])
{
    ssize_t length = getauxval(AT_SECURE) != 0 ? -1 : readlink("/proc/self/exe", path, PATH_ROOM);
    if (length <= 0 || length >= PATH_ROOM)
        return false;
    path[length] = 0;
    return true;
}

/* The file that this code is in, from the root: a relative name would mean the current folder, which may have become another. */
static bool find_own_file(char path[PATH_ROOM])
{
    Dl_info info;
    void *found = NULL;
    if (dladdr1(&own_place, &info, &found, RTLD_DL_LINKMAP) == 0 || found == NULL)
        return false;
    const char *name = ((const struct link_map *)found)->l_name; /* empty: the program */
    if (name[0] == 0)
        return find_program(path);
    int length = snprintf(path, PATH_ROOM, "%s", name);
    return name[0] == '/' && length < PATH_ROOM;
}

static void *load_beside_library(const char *file)
{
    char own[PATH_ROOM], path[PATH_ROOM];
    if (!find_own_file(own))
        return NULL;
    const char *slash = strrchr(own, '/');
    if (slash == NULL)
        return NULL;
    int length = snprintf(path, sizeof path, "%.*s/%s", (int)(slash - own), own, file);
    return length > 0 && (size_t)length < sizeof path ? load(path) : NULL;
}

void *module_open(const char *variable, const char *file)
{
    const char *path = secure_getenv(variable);
    if (path != NULL)
        return path[0] != 0 ? load(path) : NULL;
    void *module = load_beside_library(file);
    return module != NULL ? module : load(file);
}

const void *module_symbol(void *module, const char *name) { return dlsym(module, name); }

void module_close(void *module)
{
    if (module != NULL)
        dlclose(module);
}
