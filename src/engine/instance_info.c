/* The list of instances for JetGetInstanceInfo (instance_info.h). */
#include "engine/instance_info.h"

#include "base/memory.h"
#include "engine/process.h"

void instance_list_release(struct instance_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->entries[i].name);
        for (uint32_t p = 0; p < list->entries[i].path_count; p++)
            mem_free(list->entries[i].paths[p]);
    }
    mem_free(list->entries);
    *list = (struct instance_list){0};
}

static JET_ERR read_instance(struct instance *instance, struct instance_list_entry *entry)
{
    JET_ERR err = JET_errSuccess;
    entry->handle = instance->handle;
    if (instance->name != NULL && (entry->name = mem_strdup(instance->name)) == NULL)
        RAISE(JET_errOutOfMemory);
    instance_lock_databases(instance);
    for (int i = 0; i < INSTANCE_DATABASES_MAX && err >= 0; i++) {
        const struct database *db = instance->attachments[i].database;
        if (db == NULL || !db->is_logged || instance->attachments[i].is_for_recovery)
            continue;
        entry->paths[entry->path_count] = mem_strdup(db->path);
        err = entry->paths[entry->path_count] != NULL ? JET_errSuccess : JET_errOutOfMemory;
        entry->path_count += err >= 0;
    }
    instance_unlock_databases(instance);
done:
    return err;
}

JET_ERR instance_list_read_of(struct instance *const *instances, size_t count, struct instance_list *out)
{
    JET_ERR err = JET_errSuccess;
    out->entries = mem_alloc_array(count, sizeof *out->entries);
    if (out->entries == NULL)
        RAISE(JET_errOutOfMemory);
    for (; out->count < count; out->count++)
        TRY(read_instance(instances[out->count], &out->entries[out->count]));
done:
    if (err < 0 && out->entries != NULL && out->count < count)
        out->count++; /* what the last one has is released too */
    return err;
}

JET_ERR instance_list_read(struct instance_list *out)
{
    JET_ERR err = JET_errSuccess;
    process_lock();
    out->entries = mem_alloc_array(process.instance_count, sizeof *out->entries);
    if (out->entries == NULL)
        RAISE(JET_errOutOfMemory);
    for (struct instance *instance = process.instances; instance != NULL; instance = instance->next) {
        if (!instance->is_restore)
            TRY(read_instance(instance, &out->entries[out->count++]));
    }
done:
    process_unlock();
    return err;
}
