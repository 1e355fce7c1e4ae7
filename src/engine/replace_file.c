/* Replacing a file (replace_file.h). */
#include "engine/replace_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "os/path.h"

JET_ERR replace_file_rights(const char *from, const char *to)
{
    struct stat rights;
    if (stat(from, &rights) != 0 || chown(to, rights.st_uid, rights.st_gid) != 0 || chmod(to, rights.st_mode & ACCESSPERMS) != 0)
        return error_raise(JET_errFileAccessDenied, __FILE__, __LINE__);
    return JET_errSuccess;
}

static JET_ERR sync_folder_of(struct os_fs *fs, const char *path)
{
    JET_ERR err = JET_errSuccess;
    char *folder = NULL;
    TRY(path_folder(path, &folder));
    TRY(os_dir_sync(fs, folder));
done:
    mem_free(folder);
    return err;
}

/* A second name for the old file; *is_away: where there are no hard links, its only one. */
static JET_ERR keep(struct os_fs *fs, const char *path, const char *kept, bool *is_away)
{
    JET_ERR err = JET_errSuccess;
    if (link(path, kept) != 0) {
        if (errno == EEXIST || os_exists(fs, kept))
            RAISE(JET_errFileAlreadyExists);
        TRY(os_rename(fs, path, kept));
        *is_away = true;
    }
done:
    return err;
}

JET_ERR replace_file(struct os_fs *fs, const char *made, const char *path, const char *kept)
{
    JET_ERR err = JET_errSuccess;
    bool is_kept = false, is_away = false;
    if (kept != NULL) {
        TRY(keep(fs, path, kept, &is_away));
        is_kept = true;
        TRY(sync_folder_of(fs, kept));
    }
    TRY(os_rename(fs, made, path));
    is_kept = false;
    TRY(sync_folder_of(fs, path));
done:
    if (is_kept && (is_away ? os_rename(fs, kept, path) : os_remove(fs, kept)) < 0) {
        /* It has the name that the caller gave. */
    }
    return err;
}
