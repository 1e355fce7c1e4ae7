/* Restore of a folder backup (folder_restore.h): what the folder holds becomes the description of an external restore. Which databases there are is
 * said by the .pat markers; where each belongs is only known when the replay meets it in the logs: then it is copied. */
#include "backup/folder_restore.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "log/log_files.h"
#include "os/path.h"

enum { COPY_BYTES = 1 << 20, EVENT_RESTORE_ENDS = 205, EVENT_RESTORE_FAILED = 454 };

/* A database of the set: found in the logs by the name without extension. */
struct set_database {
    char *stem, *path;
};

struct folder_restore {
    const struct folder_restore_config *config;
    struct os_fs *fs;
    char *folder;
    struct set_database *databases;
    const char **copies;
    size_t count;
};

/* --- what the folder holds --- */

static JET_ERR list_logs(struct folder_restore *r, const char *folder, struct log_listing *listing)
{
    JET_ERR err = log_list(r->fs, folder, r->config->base.base_name, true, listing);
    if (err >= 0 && listing->archive_count == 0)
        err = JET_errFileNotFound;
    return err == JET_errInvalidPath ? JET_errFileNotFound : err;
}

/* The source itself, new/ or old/: the first with logs. */
static JET_ERR find_folder(struct folder_restore *r, struct log_listing *listing)
{
    JET_ERR err = JET_errSuccess;
    static const char *const BELOW[] = {NULL, "new", "old"};
    char *folder = NULL;
    if (r->config->source == NULL || r->config->source[0] == 0)
        RAISE(JET_errInvalidParameter);
    for (size_t i = 0; i < sizeof BELOW / sizeof BELOW[0]; i++) {
        if (BELOW[i] != NULL)
            TRY(path_join(r->config->source, BELOW[i], &folder));
        else
            TRY(path_absolute(r->config->source, &folder));
        err = list_logs(r, folder, listing);
        if (err >= 0) {
            r->folder = folder;
            folder = NULL;
            goto done;
        }
        if (err != JET_errFileNotFound)
            goto done;
        mem_free(folder);
        folder = NULL;
    }
done:
    mem_free(folder);
    return err;
}

static const char *extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && dot != name ? dot : name + strlen(name);
}

/* name's part before the extension, against a stem. */
static bool has_stem(const char *name, const char *stem)
{
    size_t length = (size_t)(extension_of(name) - name);
    if (length != strlen(stem))
        return false;
    for (size_t i = 0; i < length; i++) {
        const char a[] = {name[i], 0}, b[] = {stem[i], 0};
        if (ascii_compare_nocase(a, b) != 0)
            return false;
    }
    return true;
}

static bool is_marker(const char *name) { return ascii_compare_nocase(extension_of(name), ".pat") == 0; }

static JET_ERR add_database(struct folder_restore *r, const char *marker, char *const *names, size_t name_count)
{
    JET_ERR err = JET_errSuccess;
    struct set_database *db = &r->databases[r->count];
    const char *file = NULL;
    *db = (struct set_database){mem_strdup(marker), NULL};
    if (db->stem == NULL)
        RAISE(JET_errOutOfMemory);
    db->stem[extension_of(marker) - marker] = 0;
    r->count++;
    for (size_t i = 0; i < name_count && file == NULL; i++)
        if (!is_marker(names[i]) && has_stem(names[i], db->stem))
            file = names[i];
    if (file == NULL)
        RAISE(JET_errFileNotFound);
    TRY(path_join(r->folder, file, &db->path));
    r->copies[r->count - 1] = db->path;
done:
    return err;
}

static JET_ERR find_databases(struct folder_restore *r)
{
    JET_ERR err = JET_errSuccess;
    char **names = NULL;
    size_t count = 0;
    TRY(os_dir_list(r->fs, r->folder, &names, &count));
    r->databases = (struct set_database *)mem_alloc_array(count, sizeof *r->databases);
    r->copies = (const char **)mem_alloc_array(count, sizeof *r->copies);
    if (r->databases == NULL || r->copies == NULL)
        RAISE(JET_errOutOfMemory);
    for (size_t i = 0; i < count; i++)
        if (is_marker(names[i]))
            TRY(add_database(r, names[i], names, count));
    if (r->count == 0)
        RAISE(JET_errPatchFileMissing);
done:
    os_dir_list_free(names, count);
    return err;
}

/* --- putting a database in its place --- */

static JET_ERR copy_bytes(struct os_file *from, struct os_file *to)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    uint8_t *buffer = (uint8_t *)mem_alloc(COPY_BYTES);
    if (buffer == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(os_file_info(from, &info));
    TRY(os_file_set_size(to, 0));
    for (uint64_t at = 0; at < info.size;) {
        size_t piece = info.size - at < COPY_BYTES ? (size_t)(info.size - at) : COPY_BYTES;
        TRY(os_file_read(from, at, buffer, piece));
        TRY(os_file_write(to, at, buffer, piece));
        at += piece;
    }
    TRY(os_file_sync(to));
done:
    mem_free(buffer);
    return err;
}

static JET_ERR copy_database(struct folder_restore *r, const char *from, const char *to)
{
    JET_ERR err = JET_errSuccess;
    struct os_file *source = NULL, *copy = NULL;
    struct os_file_info a, b;
    char *folder = NULL;
    TRY(path_folder(to, &folder));
    TRY(os_dir_create(r->fs, folder));
    TRY(os_file_open(r->fs, from, OS_OPEN_READ, &source));
    TRY(os_file_info(source, &a));
    if (os_stat(r->fs, to, &b) >= 0 && a.device == b.device && a.inode == b.inode)
        RAISE(JET_errInvalidPath); /* the set would be destroyed */
    TRY(os_file_open(r->fs, to, OS_OPEN_WRITE | OS_OPEN_CREATE | OS_OPEN_LOCK_EXCLUSIVE, &copy));
    TRY(copy_bytes(source, copy));
    TRY(os_dir_sync(r->fs, folder));
done:
    os_file_close(source);
    os_file_close(copy);
    mem_free(folder);
    return err;
}

static JET_ERR fetch(void *context, const char *logged_path, char **path)
{
    JET_ERR err = JET_errSuccess;
    struct folder_restore *r = (struct folder_restore *)context;
    const struct set_database *db = NULL;
    char *target = NULL;
    *path = NULL;
    for (size_t i = 0; i < r->count && db == NULL; i++)
        if (has_stem(path_foreign_file_name(logged_path), r->databases[i].stem))
            db = &r->databases[i];
    if (db == NULL)
        return JET_errSuccess;
    if (r->config->destination != NULL)
        TRY(path_join(r->config->destination, path_file_name(db->path), &target));
    else if (logged_path[0] != '/')
        RAISE(JET_errInvalidPath);
    else if ((target = mem_strdup(logged_path)) == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(copy_database(r, db->path, target));
    *path = target;
    target = NULL;
done:
    mem_free(target);
    return err;
}

JET_ERR restore_from_folder(const struct folder_restore_config *config)
{
    JET_ERR err = JET_errSuccess;
    struct folder_restore r = {.config = config, .fs = config->base.fs};
    struct restore_config base = config->base;
    struct log_listing listing;
    char number[16];
    err = find_folder(&r, &listing);
    if (err >= 0)
        err = find_databases(&r);
    if (err < 0) { /* later failures are reported where they happen */
        snprintf(number, sizeof number, "%d", (int)err);
        EVENT_REPORT(base.events, EVENT_RESTORE_FAILED, EVENT_ERROR, EVENT_LOGGING_RECOVERY, number);
        event_report(base.events, EVENT_RESTORE_ENDS, EVENT_INFORMATION, EVENT_LOGGING_RECOVERY, NULL, 0);
        goto done;
    }
    base.backup_folder = r.folder;
    base.gen_low = listing.first;
    base.gen_high = listing.last;
    base.fetch = fetch;
    base.fetch_context = &r;
    base.copies = r.copies;
    base.copy_count = r.count;
    TRY(restore_external(&base, NULL));
done:
    for (size_t i = 0; i < r.count; i++) {
        mem_free(r.databases[i].stem);
        mem_free(r.databases[i].path);
    }
    mem_free(r.databases);
    mem_free((void *)r.copies);
    mem_free(r.folder);
    return err;
}
