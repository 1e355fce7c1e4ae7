/* A backup source over an instance of this process (source.h): the external backup calls of the library, one to one. */
#include <string.h>

#include "base/memory.h"
#include "set/source.h"

struct instance_source {
    JET_INSTANCE instance;
    JET_HANDLE file;
    bool is_open, is_begun;
};

static JET_ERR instance_begin(void *context, bool is_incremental)
{
    struct instance_source *s = (struct instance_source *)context;
    JET_ERR err = JetBeginExternalBackupInstance(s->instance, is_incremental ? JET_bitBackupIncremental : 0);
    s->is_begun = err >= 0;
    return err;
}

/* A list call, first for the size. A database created between the two calls makes the list longer: then once more. */
static JET_ERR fetch_list(struct instance_source *s, JET_ERR (*call)(struct instance_source *s, char *list, uint32_t size, uint32_t *actual), char **list)
{
    JET_ERR err = JET_errSuccess;
    *list = NULL;
    for (unsigned attempt = 0; attempt < 8; attempt++) {
        uint32_t size = 0, got = 0;
        TRY(call(s, NULL, 0, &size));
        mem_free(*list);
        *list = (char *)mem_alloc((size_t)size + 2);
        if (*list == NULL)
            RAISE(JET_errOutOfMemory);
        err = call(s, *list, size, &got);
        if (err != JET_errBufferTooSmall)
            break;
    }
done:
    if (err < 0) {
        mem_free(*list);
        *list = NULL;
    }
    return err;
}

static JET_ERR call_attach_info(struct instance_source *s, char *list, uint32_t size, uint32_t *actual)
{
    return JetGetAttachInfoInstanceA(s->instance, list, size, actual);
}

static JET_ERR call_log_info(struct instance_source *s, char *list, uint32_t size, uint32_t *actual)
{
    return JetGetLogInfoInstanceA(s->instance, list, size, actual);
}

static JET_ERR instance_list_databases(void *context, char **list) { return fetch_list((struct instance_source *)context, call_attach_info, list); }

static JET_ERR instance_list_logs(void *context, char **list, JET_LOGINFO_A *range)
{
    struct instance_source *s = (struct instance_source *)context;
    uint32_t actual = 0;
    memset(range, 0, sizeof *range);
    range->cbSize = sizeof *range;
    JET_ERR err = fetch_list(s, call_log_info, list);
    if (err < 0)
        return err;
    err = JetGetLogInfoInstance2A(s->instance, NULL, 0, &actual, range);
    if (err < 0) {
        mem_free(*list);
        *list = NULL;
    }
    return err;
}

static JET_ERR instance_open(void *context, const char *path, uint64_t *size)
{
    struct instance_source *s = (struct instance_source *)context;
    uint32_t low = 0, high = 0;
    JET_ERR err = JetOpenFileInstanceA(s->instance, path, &s->file, &low, &high);
    s->is_open = err >= 0;
    *size = (uint64_t)high << 32 | low;
    return err;
}

static JET_ERR instance_read(void *context, void *buffer, uint32_t size, uint32_t *got)
{
    struct instance_source *s = (struct instance_source *)context;
    return JetReadFileInstance(s->instance, s->file, buffer, size, got);
}

static JET_ERR instance_close(void *context)
{
    struct instance_source *s = (struct instance_source *)context;
    if (!s->is_open)
        return JET_errSuccess;
    s->is_open = false;
    return JetCloseFileInstance(s->instance, s->file);
}

static JET_ERR instance_truncate(void *context) { return JetTruncateLogInstance(((struct instance_source *)context)->instance); }

static JET_ERR instance_end(void *context, JET_GRBIT grbit)
{
    struct instance_source *s = (struct instance_source *)context;
    s->is_begun = false;
    return JetEndExternalBackupInstance2(s->instance, grbit);
}

static void instance_release(void *context)
{
    struct instance_source *s = (struct instance_source *)context;
    if (s->is_open)
        (void)instance_close(s);
    if (s->is_begun)
        (void)JetEndExternalBackupInstance2(s->instance, JET_bitBackupEndAbort);
    mem_free(s);
}

JET_ERR backup_source_from_instance(JET_INSTANCE instance, struct backup_source *source)
{
    struct instance_source *s = (struct instance_source *)mem_alloc(sizeof *s);
    if (s == NULL)
        return JET_errOutOfMemory;
    s->instance = instance;
    *source = (struct backup_source){s,              instance_begin, instance_list_databases, instance_list_logs, instance_open,
                                     instance_read,  instance_close, instance_truncate,       instance_end,       instance_release};
    return JET_errSuccess;
}
