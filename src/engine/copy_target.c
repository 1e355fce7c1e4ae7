/* Files that are written as a whole (copy_target.h). */
#include "engine/copy_target.h"

#include "base/memory.h"
#include "os/clock.h"
#include "os/path.h"

JET_ERR copy_target_reserve(struct instance *instance, const char *path, struct copy_target *out)
{
    JET_ERR err = JET_errSuccess;
    struct os_file_info info;
    *out = (struct copy_target){.instance = instance};
    TRY(attach_path(path, &out->path));
    if (os_stat(instance->fs, out->path, &info) >= 0)
        RAISE(info.is_directory ? JET_errDatabaseInvalidPath : JET_errDatabaseDuplicate);
    instance_lock_databases(instance);
    out->slot = attach_reserve(instance);
    if (out->slot != NULL) { /* not reserved all the time: a snapshot waits for those who attach, and the copy is none of its files */
        out->slot->is_lent = true;
        out->slot->is_reserved = false;
    }
    instance_unlock_databases(instance);
    if (out->slot == NULL)
        RAISE(JET_errTooManyAttachedDatabases);
done:
    return err;
}

static void take_over_header(const struct db_header *from, uint32_t objid_last, struct database *db)
{
    mutex_lock(&db->header_lock);
    struct db_header *to = &db->header;
    to->version_major = from->version_major;
    to->update_major = from->update_major;
    to->update_minor = from->update_minor;
    to->created_version_major = from->created_version_major;
    to->created_update_major = from->created_update_major;
    to->engine_version_max = from->engine_version_max;
    to->sort_version = from->sort_version;
    to->repair_count = to->repair_count_old = from->repair_count;
    to->logtime_repair = from->logtime_repair;
    to->reseeds = (struct event_counter){from->reseeds.count, from->reseeds.last, from->reseeds.count};
    to->patches = (struct event_counter){from->patches.count, from->patches.last, from->patches.count};
    mutex_unlock(&db->header_lock);
    atomic_store(&db->objid_last, objid_last);
}

JET_ERR copy_target_make(struct copy_target *target, const struct db_header *like, uint32_t objid_last, uint32_t pages, uint32_t growth)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = target->instance;
    const struct attach_limits limits = {0, growth};
    const struct database_create_config config = {
        .fs = instance->fs,
        .path = target->path,
        .page_size = instance->page_size,
        .dbid = (uint32_t)(target->slot - instance->attachments) + 1,
        .last_page = pages,
        .has_no_shadow_catalog = (like->flags & DB_HEADER_FLAG_SHADOW_CATALOG_DISABLED) != 0,
        .db_signature = signature_make(random_u32(), attach_time_now()),
    };
    err = database_create_file(&config);
    if (err == JET_errFileAlreadyExists)
        RAISE(JET_errDatabaseDuplicate);
    if (err == JET_errInvalidPath)
        RAISE(JET_errDatabaseInvalidPath);
    TRY(err);
    target->has_file = true;
    const struct database_open_config open = attach_open_config(instance, target->slot, target->path);
    TRY(database_open(&open, &target->database));
    attach_make_writable(instance, target->database, &limits);
    take_over_header(like, objid_last, target->database);
done:
    return err;
}

void copy_target_close(struct copy_target *target, JET_ERR err)
{
    struct instance *instance = target->instance;
    if (target->database != NULL) {
        if (err < 0)
            cache_file_discard(target->database->pages);
        database_close(target->database);
        target->database = NULL;
    }
    if (err < 0 && target->has_file && os_remove(instance->fs, target->path) < 0) {
        /* It says "just created" and is no database for anybody. */
    }
    if (target->slot != NULL) {
        instance_lock_databases(instance);
        target->slot->is_lent = false;
        instance_unlock_databases(instance);
        target->slot = NULL;
    }
    mem_free(target->path);
    target->path = NULL;
}
