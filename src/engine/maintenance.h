/* Background tasks of attached databases that clients start and stop: online defragmentation, checksum scan. A thread for each, at most one of a kind for a database.
 *
 * A task's thread holds no database open: whoever is about to close a database, or the instance, ends its tasks first (maintenance_end_database, maintenance_end_all), without
 * databases_lock. A task that has ended by itself stays listed until it is asked for or ended.
 * Locks: `lock` is a leaf, threads are joined without it. The thread may call the client back, with a session of its own; there it may stop its own task, but not end the instance.
 */
#ifndef OPENESE_ENGINE_MAINTENANCE_H
#define OPENESE_ENGINE_MAINTENANCE_H

#include <stdatomic.h>

#include "database/database.h"
#include "os/thread.h"

struct instance;
struct session;
struct maintenance_task;

enum maintenance_kind { MAINTENANCE_DEFRAGMENT, MAINTENANCE_SCAN, MAINTENANCE_KINDS };
enum { MAINTENANCE_DATABASES_MAX = 6 /* INSTANCE_DATABASES_MAX */, MAINTENANCE_NO_LIMIT = INT32_MAX };

struct maintenance_plan {
    enum maintenance_kind kind;
    void (*run)(struct maintenance_task *task); /* in the task's thread */
    uint32_t passes_most, seconds_most;         /* MAINTENANCE_NO_LIMIT: none */
    uint32_t option;                            /* of the kind's own */
    uint32_t objid;                             /* likewise */
    uint32_t pause_ms;                          /* likewise */
    JET_CALLBACK progress;                      /* likewise */
    JET_CALLBACK callback;                      /* at the end; may be NULL */
    JET_CBTYP completed;                        /* its type then */
};
struct maintenance_task {
    struct maintenance_plan plan;
    struct instance *instance;
    struct database *database;
    JET_SESID sesid;              /* of its own session */
    struct session *session;      /* nobody else is inside it but the callback */
    uint64_t begun_ns;
    atomic_uint passes;           /* done */
    /* below: maintenance.c */
    struct thread thread;
    atomic_uint_least64_t thread_id;
    atomic_bool must_stop;
    bool is_over, is_claimed;     /* under the lock: its work is done, and its thread about to end; somebody joins it */
};
struct maintenance {
    struct mutex lock;
    struct condition changed;     /* somebody must stop, or has been joined */
    bool is_made;
    struct maintenance_task *tasks[MAINTENANCE_KINDS][MAINTENANCE_DATABASES_MAX]; /* by dbid - 1 */
};
struct maintenance_result {
    uint32_t passes, seconds;
};

/* Of a zeroed one. */
MUST_CHECK JET_ERR maintenance_init(struct maintenance *m);
/* Accepts one that was never made; no task is left. */
void maintenance_destroy(struct maintenance *m);

/* The caller is inside a session that has the database open. *is_running: there is one already, nothing was done. JET_errOutOfSessions, JET_errOutOfMemory, JET_errOutOfThreads. */
MUST_CHECK JET_ERR maintenance_start(struct instance *instance, struct database *db, const struct maintenance_plan *plan, bool *is_running);
/* Stops it and waits until it has ended. False: none was running. From the task's own thread: it is told to stop, and ends afterwards. */
bool maintenance_stop(struct instance *instance, enum maintenance_kind kind, JET_DBID dbid, struct maintenance_result *result);
void maintenance_end_database(struct instance *instance, JET_DBID dbid);
/* Is any task listed? Whoever holds databases_lock and sees none, and nobody has the database open, knows that none will come. */
bool maintenance_has_tasks(struct instance *instance, JET_DBID dbid);
void maintenance_end_all(struct instance *instance);

/* For tasks: waits so long; false: it is to end, since somebody says so, its time is over, or the instance is no longer of use. */
bool maintenance_pause(struct maintenance_task *task, uint64_t milliseconds);

#endif
