/* Background tasks (maintenance.h). */
#include "engine/maintenance.h"

#include "base/memory.h"
#include "engine/session.h"
#include "os/clock.h"

_Static_assert((int)MAINTENANCE_DATABASES_MAX == (int)INSTANCE_DATABASES_MAX, "a place for each database");

enum { NS_PER_MS = 1000000, MS_PER_SECOND = 1000 };

JET_ERR maintenance_init(struct maintenance *m)
{
    JET_ERR err = JET_errSuccess;
    TRY(mutex_init(&m->lock, RANK_LEAF));
    err = condition_init(&m->changed);
    if (err < 0)
        mutex_destroy(&m->lock);
    m->is_made = err >= 0;
done:
    return err;
}

void maintenance_destroy(struct maintenance *m)
{
    if (!m->is_made)
        return;
    condition_destroy(&m->changed);
    mutex_destroy(&m->lock);
    m->is_made = false;
}

static uint32_t seconds_of(const struct maintenance_task *task) { return (uint32_t)((clock_monotonic_ns() - task->begun_ns) / NS_PER_MS / MS_PER_SECOND); }

static struct maintenance_task **slot_of(struct instance *instance, enum maintenance_kind kind, JET_DBID dbid) { return &instance->maintenance.tasks[kind][dbid - 1]; }

/* --- in the thread --- */

bool maintenance_pause(struct maintenance_task *task, uint64_t milliseconds)
{
    struct maintenance *m = &task->instance->maintenance;
    bool has_limit = task->plan.seconds_most != MAINTENANCE_NO_LIMIT;
    uint64_t limit = task->begun_ns + (has_limit ? (uint64_t)task->plan.seconds_most * MS_PER_SECOND * NS_PER_MS : 0);
    if (milliseconds > 0) {
        uint64_t end = clock_monotonic_ns() + milliseconds * NS_PER_MS, now;
        if (has_limit && limit < end)
            end = limit;
        mutex_lock(&m->lock);
        while (!atomic_load(&task->must_stop) && (now = clock_monotonic_ns()) < end)
            (void)condition_wait_for(&m->changed, &m->lock, (end - now) / NS_PER_MS + 1);
        mutex_unlock(&m->lock);
    }
    const unsigned ended = INSTANCE_STOPPED | INSTANCE_DISABLED; /* not TERMINATING: JetTerm may be refused yet, and else says must_stop */
    bool is_late = has_limit && clock_monotonic_ns() >= limit;
    return !atomic_load(&task->must_stop) && !is_late && (atomic_load(&task->instance->state) & ended) == 0;
}

/* When the instance is going down its sessions go with it. */
static void end_session(struct maintenance_task *task)
{
    struct session *session = NULL;
    if (engine_enter_session(task->sesid, SESSION_ENTER_CLEANUP, &session) < 0)
        return;
    if (session_end(session) < 0)
        engine_leave_session(session);
}

static void *run_task(void *argument)
{
    struct maintenance_task *task = argument;
    struct maintenance *m = &task->instance->maintenance;
    atomic_store(&task->thread_id, thread_id());
    task->plan.run(task);
    mutex_lock(&m->lock);
    task->is_over = true;
    mutex_unlock(&m->lock);
    if (task->plan.callback != NULL)
        (void)task->plan.callback(task->sesid, task->database->dbid, JET_tableidNil, task->plan.completed, NULL, NULL, NULL, 0);
    end_session(task);
    return NULL;
}

/* --- from outside --- */

/* Takes a task that nobody else takes out of its place, told to stop. NULL: there is none, or somebody else does it, which is waited for if `waits`. */
static struct maintenance_task *claim(struct instance *instance, enum maintenance_kind kind, JET_DBID dbid, bool only_if_over, bool waits)
{
    struct maintenance *m = &instance->maintenance;
    struct maintenance_task **slot = slot_of(instance, kind, dbid), *task = NULL;
    mutex_lock(&m->lock);
    while (*slot != NULL && (*slot)->is_claimed && waits && atomic_load(&(*slot)->thread_id) != thread_id())
        condition_wait(&m->changed, &m->lock);
    if (*slot != NULL && !(*slot)->is_claimed && ((*slot)->is_over || !only_if_over)) {
        task = *slot;
        atomic_store(&task->must_stop, true);
        condition_broadcast(&m->changed);
        if (atomic_load(&task->thread_id) == thread_id())
            task = NULL; /* nobody joins itself */
        else
            task->is_claimed = true;
    }
    mutex_unlock(&m->lock);
    return task;
}

static void join(struct instance *instance, struct maintenance_task *task)
{
    struct maintenance *m = &instance->maintenance;
    thread_join(&task->thread);
    mutex_lock(&m->lock);
    *slot_of(instance, task->plan.kind, task->database->dbid) = NULL;
    condition_broadcast(&m->changed);
    mutex_unlock(&m->lock);
    mem_free(task);
}

static JET_ERR open_session(struct maintenance_task *task)
{
    JET_ERR err = JET_errSuccess;
    TRY(session_create(task->instance, &task->sesid));
    TRY(engine_enter_session(task->sesid, 0, &task->session));
    engine_leave_session(task->session);
done:
    return err;
}

JET_ERR maintenance_start(struct instance *instance, struct database *db, const struct maintenance_plan *plan, bool *is_running)
{
    JET_ERR err = JET_errSuccess;
    struct maintenance *m = &instance->maintenance;
    struct maintenance_task *task = NULL, *over = claim(instance, plan->kind, db->dbid, true, true), **slot = slot_of(instance, plan->kind, db->dbid);
    if (over != NULL)
        join(instance, over);
    mutex_lock(&m->lock);
    *is_running = *slot != NULL;
    mutex_unlock(&m->lock);
    if (*is_running)
        goto done;
    task = (struct maintenance_task *)mem_alloc(sizeof *task);
    if (task == NULL)
        RAISE(JET_errOutOfMemory);
    task->plan = *plan;
    task->instance = instance;
    task->database = db;
    task->begun_ns = clock_monotonic_ns();
    TRY(open_session(task));
    mutex_lock(&m->lock);
    *is_running = *slot != NULL; /* somebody else was faster */
    if (!*is_running)
        err = thread_start(&task->thread, run_task, task);
    if (!*is_running && err >= 0) {
        *slot = task;
        task = NULL;
    }
    mutex_unlock(&m->lock);
done:
    if (task != NULL) {
        if (task->session != NULL)
            end_session(task);
        mem_free(task);
    }
    return err;
}

bool maintenance_stop(struct instance *instance, enum maintenance_kind kind, JET_DBID dbid, struct maintenance_result *result)
{
    struct maintenance *m = &instance->maintenance;
    struct maintenance_task **slot = slot_of(instance, kind, dbid);
    mutex_lock(&m->lock);
    bool was_running = *slot != NULL && !(*slot)->is_claimed && !(*slot)->is_over && !atomic_load(&(*slot)->must_stop);
    mutex_unlock(&m->lock);
    *result = (struct maintenance_result){0, 0};
    struct maintenance_task *task = claim(instance, kind, dbid, false, false);
    if (task == NULL)
        return was_running; /* it stops itself, or another caller was faster */
    if (was_running) {
        thread_join(&task->thread);
        task->thread = (struct thread){.is_started = false};
        *result = (struct maintenance_result){atomic_load(&task->passes), seconds_of(task)};
    }
    join(instance, task);
    return was_running;
}

void maintenance_end_database(struct instance *instance, JET_DBID dbid)
{
    for (int kind = 0; kind < MAINTENANCE_KINDS; kind++) {
        struct maintenance_task *task = claim(instance, (enum maintenance_kind)kind, dbid, false, true);
        if (task != NULL)
            join(instance, task);
    }
}

bool maintenance_has_tasks(struct instance *instance, JET_DBID dbid)
{
    bool has = false;
    mutex_lock(&instance->maintenance.lock);
    for (int kind = 0; kind < MAINTENANCE_KINDS; kind++)
        has = has || instance->maintenance.tasks[kind][dbid - 1] != NULL;
    mutex_unlock(&instance->maintenance.lock);
    return has;
}

void maintenance_end_all(struct instance *instance)
{
    for (JET_DBID dbid = 1; dbid <= MAINTENANCE_DATABASES_MAX; dbid++)
        maintenance_end_database(instance, dbid);
}
