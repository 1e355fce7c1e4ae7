/* The process-wide state (process.h) and the buffers handed to clients. */
#include "engine/process.h"

#include "os/file.h"

#include "base/memory.h"
#include "engine/engine.h"

struct process process = {
    .lock = {PTHREAD_MUTEX_INITIALIZER, RANK_PROCESS},
    .instance_handles = {.lock = PTHREAD_MUTEX_INITIALIZER, .kind = HANDLE_INSTANCE},
    .session_handles = {.lock = PTHREAD_MUTEX_INITIALIZER, .kind = HANDLE_SESSION},
    .cursor_handles = {.lock = PTHREAD_MUTEX_INITIALIZER, .kind = HANDLE_CURSOR},
    .buffers_lock = PTHREAD_MUTEX_INITIALIZER,
    .snapshots_lock = {PTHREAD_MUTEX_INITIALIZER, RANK_LEAF},
    .event_callback = {.lock = PTHREAD_RWLOCK_INITIALIZER},
};

uintptr_t process_parameter(uint32_t id)
{
    process_lock();
    uintptr_t number = params_number(&process.params, id);
    process_unlock();
    return number;
}

/* Stands before each buffer; the client gets the address behind it. */
struct buffer_header {
    struct buffer_header *next;
    max_align_t alignment[];
};

void *engine_buffer_alloc(size_t size)
{
    struct buffer_header *header = size <= SIZE_MAX / 2 ? mem_alloc(sizeof *header + size) : NULL;
    if (header == NULL)
        return NULL;
    pthread_mutex_lock(&process.buffers_lock);
    header->next = process.buffers;
    process.buffers = header;
    pthread_mutex_unlock(&process.buffers_lock);
    return header->alignment;
}

void engine_buffer_free(void *buffer)
{
    struct buffer_header *found = NULL;
    pthread_mutex_lock(&process.buffers_lock);
    for (struct buffer_header **link = &process.buffers; *link != NULL; link = &(*link)->next) {
        if ((void *)(*link)->alignment == buffer) {
            found = *link;
            *link = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&process.buffers_lock);
    mem_free(found);
}

void process_set_fs(struct os_fs *fs) { atomic_store(&process.fs, fs); }

struct os_fs *process_fs(void)
{
    struct os_fs *fs = atomic_load(&process.fs);
    return fs != NULL ? fs : os_fs_posix();
}
