/* The process: run mode, instances, registries of handles, global parameters (instance-and-session 2).
 *
 * The only mutable state of the library that does not hang from an instance, guarded by process.lock (RANK_PROCESS) except for the handle
 * tables, which guard themselves. An instance is freed, and a session's handle dies, under process.lock: whoever holds it may follow a live
 * handle to its object.
 */
#ifndef OPENESE_ENGINE_PROCESS_H
#define OPENESE_ENGINE_PROCESS_H

#include <stdatomic.h>

#include "engine/event_callback.h"
#include "engine/handles.h"
#include "engine/params.h"
#include "engine/resources.h"
#include "os/thread.h"

enum run_mode { RUN_MODE_UNSET, RUN_MODE_ONE_INSTANCE, RUN_MODE_MULTI_INSTANCE };

struct buffer_header;
struct os_snapshot;
struct callback_library;
struct os_fs;

struct process {
    struct mutex lock;
    _Atomic enum run_mode mode;       /* changed under the lock */
    struct params params;             /* global values, and the defaults of new instances */
    struct resource_settings resources[RESOURCE_COUNT];
    struct instance *instances;       /* every instance there is, newest first */
    uint32_t instance_count, instances_made;
    atomic_uint entering;             /* calls that look for an instance without the lock (engine_enter_instance_from_callback) */
    struct handle_table instance_handles, session_handles, cursor_handles;
    struct callback_library *libraries; /* engine/callback_library.c, under lock */
    pthread_mutex_t buffers_lock;
    struct buffer_header *buffers;
    struct event_callback event_callback; /* of instances without their own */
    struct mutex snapshots_lock;      /* RANK_LEAF: engine/os_snapshot.c */
    struct os_snapshot *snapshots;
    uint64_t snapshots_made;
    struct os_fs *_Atomic fs;         /* NULL: the system's */
};

extern struct process process;

static inline void process_lock(void) { mutex_lock(&process.lock); }
static inline void process_unlock(void) { mutex_unlock(&process.lock); }

/* The file system of instances that start from now on. For tests that stand between the engine and the disk; NULL: the system's again. */
void process_set_fs(struct os_fs *fs);
struct os_fs *process_fs(void);

/* A global parameter's number, read under the lock that the caller does not hold. */
uintptr_t process_parameter(uint32_t id);

#endif
