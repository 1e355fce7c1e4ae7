/* Snapshot sessions of the process (os_snapshot.h). */
#include "engine/os_snapshot.h"

#include <stdio.h>

#include "backup/snapshot.h"
#include "base/memory.h"
#include "engine/process.h"
#include "os/clock.h"

enum snapshot_state { SNAPSHOT_PREPARED, SNAPSHOT_FROZEN, SNAPSHOT_TIMED_OUT, SNAPSHOT_THAWED, SNAPSHOT_TRUNCATED, SNAPSHOT_ENDED };

enum { EVENT_FREEZE = 2001, EVENT_FREEZE_FAILED = 2002, EVENT_THAW = 2003, EVENT_TIMED_OUT = 2004, EVENT_PREPARED_FULL = 2005, EVENT_ENDED = 2006,
       EVENT_ABORTED = 2007, EVENT_PREPARED_INCREMENTAL = 2008, EVENT_PREPARED_COPY = 2009, EVENT_PREPARED_DIFFERENTIAL = 2010 };

struct os_snapshot {
    struct os_snapshot *next;
    JET_OSSNAPID id;
    bool is_incremental, is_copy, continues_after_thaw, is_narrowed; /* is_narrowed: by os_snapshot_prepare_instance */
    uint64_t timeout_ms;
    struct thread timer;
    /* process.snapshots_lock: */
    enum snapshot_state state;
    bool is_busy;
    uint32_t users;           /* threads that look at it; it is freed by the last one when it has ended */
    struct condition changed; /* state, is_busy, instances */
    struct instance **instances;
    size_t count;
};

static void lock_all(void) { mutex_lock(&process.snapshots_lock); }
static void unlock_all(void) { mutex_unlock(&process.snapshots_lock); }

/* --- events --- */

static void report_to(const struct instance *instance, const struct os_snapshot *s, uint32_t event, enum event_level level, const char *second)
{
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)s->id);
    const char *parameters[] = {id, second};
    event_report(&instance->events, event, level, EVENT_SHADOW_COPY, parameters, second != NULL ? 2 : 1);
}

/* In every instance of the session. The session is busy: its list stays. */
static void report(const struct os_snapshot *s, uint32_t event, enum event_level level, long long number)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", number);
    for (size_t i = 0; i < s->count; i++)
        report_to(s->instances[i], s, event, level, event == EVENT_FREEZE_FAILED || event == EVENT_TIMED_OUT ? text : NULL);
}

static void report_prepared(const struct os_snapshot *s, const struct instance *instance)
{
    report_to(instance, s, s->is_incremental ? (s->is_copy ? EVENT_PREPARED_DIFFERENTIAL : EVENT_PREPARED_INCREMENTAL) : s->is_copy ? EVENT_PREPARED_COPY : EVENT_PREPARED_FULL,
              EVENT_INFORMATION, NULL);
}

/* --- the list of sessions --- */

static struct os_snapshot *find_by_id(JET_OSSNAPID id)
{
    struct os_snapshot *s = process.snapshots;
    while (s != NULL && s->id != id)
        s = s->next;
    return s;
}

static struct os_snapshot *find_by_instance(const struct instance *instance)
{
    for (struct os_snapshot *s = process.snapshots; s != NULL; s = s->next)
        for (size_t i = 0; i < s->count; i++)
            if (s->instances[i] == instance)
                return s;
    return NULL;
}

static void free_snapshot(struct os_snapshot *s)
{
    condition_destroy(&s->changed);
    mem_free(s->instances);
    mem_free(s);
}

/* Under the lock. */
static void stop_using(struct os_snapshot *s)
{
    if (--s->users == 0 && s->state == SNAPSHOT_ENDED)
        free_snapshot(s);
}

/* The session of a client's id, busy for the calling thread. */
static JET_ERR enter(JET_OSSNAPID id, struct os_snapshot **out)
{
    lock_all();
    struct os_snapshot *s = find_by_id(id);
    *out = NULL;
    if (s != NULL) {
        s->users++;
        while (s->is_busy)
            condition_wait(&s->changed, &process.snapshots_lock);
        if (s->state == SNAPSHOT_ENDED) {
            stop_using(s);
        } else {
            s->is_busy = true;
            *out = s;
        }
    }
    unlock_all();
    return *out != NULL ? JET_errSuccess : JET_errOSSnapshotInvalidSnapId;
}

/* Accepts NULL. */
static void leave(struct os_snapshot *s)
{
    if (s == NULL)
        return;
    lock_all();
    s->is_busy = false;
    condition_broadcast(&s->changed);
    stop_using(s);
    unlock_all();
}

static void set_state(struct os_snapshot *s, enum snapshot_state state)
{
    lock_all();
    s->state = state;
    condition_broadcast(&s->changed);
    unlock_all();
}

/* The instances may go. */
static void forget_instances(struct os_snapshot *s)
{
    lock_all();
    s->count = 0;
    condition_broadcast(&s->changed);
    unlock_all();
}

/* Unless another session has it. */
static JET_ERR bind(struct os_snapshot *s, struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    lock_all();
    if (find_by_instance(instance) != NULL)
        RAISE(JET_errOSSnapshotNotAllowed);
    struct instance **grown = mem_resize(s->instances, (s->count + 1) * sizeof(struct instance *));
    if (grown == NULL)
        RAISE(JET_errOutOfMemory);
    s->instances = grown;
    s->instances[s->count++] = instance;
done:
    unlock_all();
    return err;
}

static void unbind(struct os_snapshot *s, const struct instance *instance)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->instances[i] == instance) {
            s->instances[i] = s->instances[--s->count];
            break;
        }
    condition_broadcast(&s->changed);
}

/* --- prepare --- */

static JET_ERR bind_running(struct os_snapshot *s)
{
    JET_ERR err = JET_errSuccess;
    process_lock();
    for (struct instance *instance = process.instances; instance != NULL; instance = instance->next) {
        if (instance->is_restore || instance_gate(instance) < 0 || instance->log == NULL)
            continue;
        err = bind(s, instance);
        if (err >= 0)
            report_prepared(s, instance);
        if (err != JET_errOSSnapshotNotAllowed)
            TRY(err);
    }
    err = JET_errSuccess;
done:
    process_unlock();
    return err;
}

static bool is_any_running(void)
{
    bool found = false;
    process_lock();
    for (const struct instance *instance = process.instances; instance != NULL; instance = instance->next)
        found = found || (!instance->is_restore && (atomic_load(&instance->state) & INSTANCE_RUNNING) != 0);
    process_unlock();
    return found;
}

/* Takes it out of the list. The session is busy, its timer has been joined. */
static void finish(struct os_snapshot *s)
{
    lock_all();
    for (struct os_snapshot **link = &process.snapshots; *link != NULL; link = &(*link)->next)
        if (*link == s) {
            *link = s->next;
            break;
        }
    s->state = SNAPSHOT_ENDED;
    s->count = 0;
    condition_broadcast(&s->changed);
    unlock_all();
}

JET_ERR os_snapshot_prepare(JET_OSSNAPID *id, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct os_snapshot *s = NULL;
    const JET_GRBIT known = JET_bitIncrementalSnapshot | JET_bitCopySnapshot | JET_bitContinueAfterThaw | JET_bitExplicitPrepare;
    if ((grbit & ~known) != 0)
        RAISE(JET_errInvalidGrbit);
    if (id == NULL)
        RAISE(JET_errInvalidParameter);
    if (!is_any_running())
        RAISE(JET_errNotInitialized);
    s = mem_alloc(sizeof *s);
    if (s == NULL)
        RAISE(JET_errOutOfMemory);
    err = condition_init(&s->changed);
    if (err < 0) {
        mem_free(s);
        s = NULL;
        goto done;
    }
    s->is_incremental = (grbit & JET_bitIncrementalSnapshot) != 0;
    s->is_copy = (grbit & JET_bitCopySnapshot) != 0;
    s->continues_after_thaw = (grbit & JET_bitContinueAfterThaw) != 0;
    s->is_busy = true;
    s->users = 1;
    lock_all();
    s->id = (JET_OSSNAPID)++process.snapshots_made;
    s->next = process.snapshots;
    process.snapshots = s;
    unlock_all();
    if ((grbit & JET_bitExplicitPrepare) == 0)
        TRY(bind_running(s));
    *id = s->id;
done:
    if (err < 0 && s != NULL)
        finish(s);
    leave(s);
    return err;
}

JET_ERR os_snapshot_prepare_instance(JET_OSSNAPID id, struct instance *instance, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct os_snapshot *s = NULL;
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(enter(id, &s));
    if (s->state != SNAPSHOT_PREPARED)
        RAISE(JET_errOSSnapshotInvalidSequence);
    TRY(backup_snapshot_check(instance->backup));
    lock_all();
    const struct os_snapshot *other = find_by_instance(instance);
    unlock_all();
    if (other != NULL && (other != s || s->is_narrowed))
        RAISE(JET_errOSSnapshotNotAllowed);
    if (!s->is_narrowed)
        forget_instances(s);
    s->is_narrowed = true;
    TRY(bind(s, instance));
    report_prepared(s, instance);
done:
    leave(s);
    return err;
}

/* --- freeze and thaw --- */

static void thaw_instances(struct os_snapshot *s)
{
    for (size_t i = 0; i < s->count; i++)
        backup_snapshot_thaw(s->instances[i]->backup);
}

/* The first `count` of them have begun. */
static void end_instances(struct os_snapshot *s, size_t count, bool is_success)
{
    for (size_t i = 0; i < count; i++)
        backup_snapshot_end(s->instances[i]->backup, is_success, s->is_copy);
}

static void *run_timer(void *argument)
{
    struct os_snapshot *s = argument;
    const uint64_t end = clock_monotonic_ns() + s->timeout_ms * 1000000u;
    lock_all();
    for (uint64_t now = clock_monotonic_ns(); s->state == SNAPSHOT_FROZEN && (now < end || s->is_busy); now = clock_monotonic_ns()) {
        if (now < end)
            (void)condition_wait_for(&s->changed, &process.snapshots_lock, (end - now) / 1000000u + 1);
        else
            condition_wait(&s->changed, &process.snapshots_lock); /* some call works on it: perhaps it thaws */
    }
    bool is_late = s->state == SNAPSHOT_FROZEN;
    s->is_busy |= is_late;
    unlock_all();
    if (is_late) {
        thaw_instances(s);
        report(s, EVENT_TIMED_OUT, EVENT_ERROR, (long long)s->timeout_ms);
        end_instances(s, s->count, false);
        lock_all();
        s->count = 0;
        s->state = SNAPSHOT_TIMED_OUT;
        s->is_busy = false;
        condition_broadcast(&s->changed);
        unlock_all();
    }
    return NULL;
}

/* All or none. *begun: how many take part now. */
static JET_ERR freeze_instances(struct os_snapshot *s, size_t *begun)
{
    JET_ERR err = JET_errSuccess;
    for (*begun = 0; *begun < s->count; ++*begun) {
        report_to(s->instances[*begun], s, EVENT_FREEZE, EVENT_INFORMATION, NULL);
        TRY(backup_snapshot_begin(s->instances[*begun]->backup));
    }
    for (size_t i = 0; i < s->count; i++)
        TRY(backup_snapshot_freeze(s->instances[i]->backup, s->is_incremental));
done:
    return err;
}

JET_ERR os_snapshot_freeze(JET_OSSNAPID id, JET_GRBIT grbit, struct instance_list *out)
{
    JET_ERR err = JET_errSuccess;
    struct os_snapshot *s = NULL;
    size_t begun = 0;
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(enter(id, &s));
    if (s->state != SNAPSHOT_PREPARED)
        RAISE(JET_errOSSnapshotInvalidSequence);
    s->timeout_ms = process_parameter(JET_paramOSSnapshotTimeout);
    err = freeze_instances(s, &begun);
    if (err >= 0)
        err = instance_list_read_of(s->instances, s->count, out);
    if (err >= 0) {
        set_state(s, SNAPSHOT_FROZEN);
        err = thread_start(&s->timer, run_timer, s);
    }
    if (err < 0) {
        set_state(s, SNAPSHOT_PREPARED);
        thaw_instances(s);
        report(s, EVENT_FREEZE_FAILED, EVENT_ERROR, err);
        end_instances(s, begun, false);
        forget_instances(s);
    }
done:
    leave(s);
    return err;
}

static void join_timer(struct os_snapshot *s)
{
    thread_join(&s->timer);
    s->timer.is_started = false;
}

/* The session is FROZEN. */
static void thaw_now(struct os_snapshot *s)
{
    thaw_instances(s);
    set_state(s, SNAPSHOT_THAWED);
    join_timer(s);
    report(s, EVENT_THAW, EVENT_INFORMATION, 0);
}

static void end_session(struct os_snapshot *s, bool is_success)
{
    if (s->state == SNAPSHOT_FROZEN)
        thaw_now(s);
    if (s->state == SNAPSHOT_TIMED_OUT)
        join_timer(s);
    report(s, is_success ? EVENT_ENDED : EVENT_ABORTED, is_success ? EVENT_INFORMATION : EVENT_ERROR, 0);
    if (s->state != SNAPSHOT_PREPARED)
        end_instances(s, s->count, is_success);
    finish(s);
}

JET_ERR os_snapshot_thaw(JET_OSSNAPID id, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct os_snapshot *s = NULL;
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(enter(id, &s));
    if (s->state == SNAPSHOT_FROZEN)
        thaw_now(s);
    else
        err = s->state == SNAPSHOT_TIMED_OUT ? JET_errOSSnapshotTimeOut : JET_errOSSnapshotInvalidSequence;
    if (err != JET_errOSSnapshotInvalidSequence && !s->continues_after_thaw)
        end_session(s, err >= 0);
done:
    leave(s);
    return err;
}

/* --- after the thaw --- */

JET_ERR os_snapshot_truncate(JET_OSSNAPID id, const struct instance *instance, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct os_snapshot *s = NULL;
    bool is_found = instance == NULL;
    if ((grbit & ~(JET_GRBIT)JET_bitAllDatabasesSnapshot) != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(enter(id, &s));
    if ((s->state != SNAPSHOT_THAWED && s->state != SNAPSHOT_TRUNCATED) || s->is_copy)
        RAISE(JET_errOSSnapshotInvalidSequence);
    for (size_t i = 0; i < s->count; i++) {
        if (instance != NULL && s->instances[i] != instance)
            continue;
        is_found = true;
        JET_ERR result = backup_snapshot_truncate(s->instances[i]->backup, (grbit & JET_bitAllDatabasesSnapshot) != 0);
        err = err < 0 ? err : result;
    }
    if (!is_found)
        RAISE(JET_errInvalidParameter);
    if (err >= 0)
        set_state(s, SNAPSHOT_TRUNCATED);
done:
    leave(s);
    return err;
}

JET_ERR os_snapshot_get_info(JET_OSSNAPID id, JET_GRBIT grbit, struct instance_list *out)
{
    JET_ERR err = JET_errSuccess;
    struct os_snapshot *s = NULL;
    if (grbit != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(enter(id, &s));
    TRY(instance_list_read_of(s->instances, s->count, out));
done:
    leave(s);
    return err;
}

JET_ERR os_snapshot_end(JET_OSSNAPID id, JET_GRBIT grbit)
{
    JET_ERR err = JET_errSuccess;
    struct os_snapshot *s = NULL;
    bool is_abort = (grbit & JET_bitAbortSnapshot) != 0;
    if ((grbit & ~(JET_GRBIT)JET_bitAbortSnapshot) != 0)
        RAISE(JET_errInvalidGrbit);
    TRY(enter(id, &s));
    if (!is_abort && (s->state == SNAPSHOT_FROZEN || s->state == SNAPSHOT_TIMED_OUT))
        RAISE(JET_errOSSnapshotInvalidSequence);
    end_session(s, !is_abort);
done:
    leave(s);
    return err;
}

/* --- termination --- */

/* Nobody ended the session after its thaw: the instance's part in it is over. Under the lock, which it gives up meanwhile. */
static void give_up(struct os_snapshot *s, struct instance *instance)
{
    s->is_busy = true;
    unlock_all();
    report_to(instance, s, EVENT_ABORTED, EVENT_ERROR, NULL);
    backup_snapshot_end(instance->backup, false, s->is_copy);
    lock_all();
    s->is_busy = false;
    unbind(s, instance);
}

void os_snapshot_release(struct instance *instance, bool may_wait)
{
    uint64_t deadline = 0;
    lock_all();
    for (struct os_snapshot *s = find_by_instance(instance); s != NULL; s = find_by_instance(instance)) {
        s->users++;
        bool is_over = !may_wait && !s->is_busy && s->state != SNAPSHOT_PREPARED;
        if (s->is_busy || (s->state == SNAPSHOT_FROZEN && may_wait)) {
            condition_wait(&s->changed, &process.snapshots_lock);
        } else if (s->state == SNAPSHOT_PREPARED) {
            unbind(s, instance);
        } else if (may_wait) {
            uint64_t now = clock_monotonic_ns();
            if (deadline == 0)
                deadline = now + s->timeout_ms * 1000000u;
            if (now >= deadline)
                give_up(s, instance);
            else
                (void)condition_wait_for(&s->changed, &process.snapshots_lock, (deadline - now) / 1000000u + 1);
        }
        stop_using(s);
        if (is_over)
            break;
    }
    unlock_all();
}
