/* Paths: absolute, lexically normalized POSIX paths. Lexical on purpose: ".." is taken off the text, so that the same name always gives the
 * same key for "is this file attached already?", whether or not it exists. (Identity through links is the file lock's business.) */
#include "os/path.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

/* The current folder in a new block. */
static JET_ERR current_folder(char **out)
{
    JET_ERR err = JET_errSuccess;
    char *room = NULL;
    *out = NULL;
    for (size_t size = 256;; size *= 2) {
        char *more = (char *)mem_resize(room, size);
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        room = more;
        if (getcwd(room, size) != NULL)
            break;
        if (errno != ERANGE)
            RAISE(JET_errInvalidPath); /* the current folder has been removed */
    }
    *out = room;
    room = NULL;
done:
    mem_free(room);
    return err;
}

/* Appends the components of `text` to `path` (an absolute path of `used` bytes without trailing separator, "" for the root). */
static size_t append_components(char *path, size_t used, const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "/");
        if (length == 2 && text[0] == '.' && text[1] == '.') {
            while (used > 0 && path[used - 1] != '/')
                used--;
            if (used > 0)
                used--;
        } else if (length > 0 && !(length == 1 && text[0] == '.')) {
            path[used++] = '/';
            memcpy(path + used, text, length);
            used += length;
        }
        text += length;
        text += strspn(text, "/");
    }
    return used;
}

JET_ERR path_absolute(const char *path, char **out)
{
    JET_ERR err = JET_errSuccess;
    char *base = NULL, *result = NULL;
    *out = NULL;
    if (path == NULL || path[0] == '\0')
        RAISE(JET_errInvalidPath);
    if (path[0] != '/')
        TRY(current_folder(&base));
    size_t path_length = strlen(path);
    result = (char *)mem_alloc((base != NULL ? strlen(base) : 0) + path_length + 3);
    if (result == NULL)
        RAISE(JET_errOutOfMemory);
    size_t used = base != NULL ? append_components(result, 0, base) : 0;
    used = append_components(result, used, path);
    if (used == 0 || path[path_length - 1] == '/')
        result[used++] = '/';
    result[used] = '\0';
    *out = result;
    result = NULL;
done:
    mem_free(base);
    mem_free(result);
    return err;
}

JET_ERR path_join(const char *folder, const char *name, char **out)
{
    JET_ERR err = JET_errSuccess;
    size_t folder_length = strlen(folder), name_length = strlen(name);
    bool needs_separator = folder_length > 0 && folder[folder_length - 1] != '/';
    char *result = (char *)mem_alloc(folder_length + name_length + 2);
    *out = NULL;
    if (result == NULL)
        RAISE(JET_errOutOfMemory);
    memcpy(result, folder, folder_length);
    if (needs_separator)
        result[folder_length++] = '/';
    memcpy(result + folder_length, name, name_length + 1);
    *out = result;
done:
    return err;
}

JET_ERR path_folder(const char *path, char **out)
{
    JET_ERR err = JET_errSuccess;
    size_t length = strlen(path);
    *out = NULL;
    while (length > 1 && path[length - 1] == '/') /* a trailing separator belongs to the last component */
        length--;
    while (length > 0 && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    char *result = (char *)mem_alloc(length + 2);
    if (result == NULL)
        RAISE(JET_errOutOfMemory);
    if (length == 0)
        result[length++] = '.';
    else
        memcpy(result, path, length);
    result[length] = '\0';
    *out = result;
done:
    return err;
}

const char *path_file_name(const char *path)
{
    const char *separator = strrchr(path, '/');
    return separator != NULL ? separator + 1 : path;
}

const char *path_foreign_file_name(const char *path)
{
    const char *name = path;
    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '/' || *p == '\\')
            name = p + 1;
    }
    return name;
}
