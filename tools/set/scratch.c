/* Scratch files (scratch.h). */
#include "set/scratch.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/file.h"
#include "os/path.h"

void scratch_remove(const char *path) { (void)unlink(path); }

void scratch_empty(const char *folder)
{
    char **names = NULL;
    size_t count = 0;
    if (os_dir_list(os_fs_posix(), folder, &names, &count) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        char *path = NULL;
        if (path_join(folder, names[i], &path) >= 0)
            scratch_remove(path); /* refuses folders */
        mem_free(path);
    }
    os_dir_list_free(names, count);
}

JET_ERR scratch_make_folder(char **path)
{
    const char *folder = getenv("TMPDIR");
    static const char DEFAULT_FOLDER[] = "/tmp";
    JET_ERR err = path_join(folder != NULL && folder[0] != 0 ? folder : DEFAULT_FOLDER, "ese-XXXXXX", path);
    if (err >= 0 && mkdtemp(*path) == NULL) {
        mem_free(*path);
        *path = NULL;
        err = JET_errFileAccessDenied;
    }
    return err;
}

void scratch_remove_folder(const char *folder)
{
    scratch_empty(folder);
    (void)rmdir(folder);
}
