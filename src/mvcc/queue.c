/* Commit, and the queue of the cleanup: what is committed waits there, in the order of commit numbers, until no snapshot is older.
 *
 * One mutex orders commits: Commit0 is appended, the versions get their number, the number becomes visible, the queue grows, in one hold. So the log has the commits in the order
 * of their numbers (recovery 10.4), and the queue ascends. */
#include "mvcc/internal.h"

enum { READY_MAX = 256 };

void version_queue_append(struct version_store *store, struct version *first, struct version *last, uint64_t count)
{
    last->next = NULL;
    *(store->queue_last != NULL ? &store->queue_last->next : &store->queue_first) = first;
    store->queue_last = last;
    atomic_fetch_add(&store->queued, count);
}

/* With the commit lock held. */
static void commit_versions(struct version_store *store, struct transaction *t, uint64_t number, lgpos_t position)
{
    uint64_t count = 0;
    for (struct version *v = t->first; v != NULL; v = v->next) {
        if (v->is_image_pending)
            version_pending_supersede(store, v, position);
        atomic_store_explicit(&v->committed, number, memory_order_release);
        count++;
    }
    atomic_store(&store->visible, number);
    if (count > 0)
        version_queue_append(store, t->first, t->last, count);
}

/* The versions are in the queue already, but no cleanup takes them: our own snapshot is older. The last one's `next` is the queue's. */
static void run_committed_actions(struct version *first, const struct version *last)
{
    for (struct version *v = first;; v = v->next) {
        if (v->kind == VERSION_KIND_ACTION && v->action->committed != NULL)
            v->action->committed(v->action_context);
        if (v == last)
            break;
    }
}

JET_ERR version_store_commit(struct transaction *t, JET_ERR (*append)(void *context, uint32_t number, lgpos_t *position), void *context, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    struct version_store *store = t->store;
    lgpos_t at = 0;
    if (position != NULL)
        *position = 0;
    if (t->first == NULL && append == NULL)
        return JET_errSuccess;
    mutex_lock(&store->commit_lock);
    uint64_t number = atomic_fetch_add(&store->numbers, VERSION_NUMBER_STEP) + VERSION_NUMBER_STEP;
    if (append != NULL)
        err = append(context, (uint32_t)number, &at);
    if (err >= 0)
        commit_versions(store, t, number, at);
    mutex_unlock(&store->commit_lock);
    if (err < 0)
        return err;
    if (position != NULL)
        *position = at;
    if (t->action_count > 0)
        run_committed_actions(t->first, t->last);
    bool has_versions = t->first != NULL;
    t->first = t->last = NULL;
    t->action_count = 0;
    if (has_versions)
        version_store_notice(store);
    return JET_errSuccess;
}

void version_store_renew_snapshots(struct version_store *store)
{
    mutex_lock(&store->commit_lock);
    atomic_store(&store->visible, atomic_fetch_add(&store->numbers, VERSION_NUMBER_STEP) + VERSION_NUMBER_STEP);
    mutex_unlock(&store->commit_lock);
}

/* --- cleanup --- */

uint64_t version_store_oldest_snapshot(struct version_store *store)
{
    /* The order matters: first what is visible, then the snapshots (README.md). */
    uint64_t oldest = atomic_load(&store->visible);
    mutex_lock(&store->list_lock);
    for (struct transaction *t = store->transactions; t != NULL; t = t->next) {
        uint64_t snapshot = atomic_load(&t->snapshot);
        if (snapshot != 0 && snapshot < oldest)
            oldest = snapshot;
    }
    if (oldest > atomic_load_explicit(&store->oldest_known, memory_order_relaxed))
        atomic_store_explicit(&store->oldest_known, oldest, memory_order_release);
    mutex_unlock(&store->list_lock);
    return oldest;
}

lgpos_t version_store_oldest_begin(struct version_store *store)
{
    lgpos_t oldest = 0;
    mutex_lock(&store->list_lock);
    for (struct transaction *t = store->transactions; t != NULL; t = t->next) {
        lgpos_t begin = (lgpos_t)atomic_load(&t->begin0);
        if (begin != 0 && (oldest == 0 || begin < oldest))
            oldest = begin;
    }
    mutex_unlock(&store->list_lock);
    return oldest;
}

/* Some of the queue at once, so that commits are not disturbed for each. */
static void fetch_ready(struct version_store *store)
{
    if (atomic_load_explicit(&store->queued, memory_order_relaxed) == 0)
        return;
    uint64_t oldest = version_store_oldest_snapshot(store);
    uint64_t count = 0;
    struct version *last = NULL;
    mutex_lock(&store->commit_lock);
    for (struct version *v = store->queue_first; v != NULL && count < READY_MAX && atomic_load_explicit(&v->committed, memory_order_relaxed) <= oldest; v = v->next) {
        last = v;
        count++;
    }
    if (last != NULL) {
        store->ready = store->queue_first;
        store->queue_first = last->next;
        if (store->queue_first == NULL)
            store->queue_last = NULL;
        last->next = NULL;
    }
    mutex_unlock(&store->commit_lock);
    atomic_fetch_sub(&store->queued, count);
}

struct version *version_next_to_clean(struct version_store *store)
{
    if (store->ready == NULL)
        fetch_ready(store);
    struct version *v = store->ready;
    if (v != NULL)
        store->ready = v->next;
    store->handed_out = v;
    return v;
}

void version_clean_again(struct version_store *store, struct version *v)
{
    v->next = store->ready;
    store->ready = v;
    store->handed_out = NULL;
}

struct version *version_being_cleaned(const struct version_store *store) { return store->handed_out; }

void version_cleaned(struct version_store *store, struct version *v)
{
    if (v->is_in_chain)
        version_unlink(store, v);
    if (store->handed_out == v)
        store->handed_out = NULL;
    atomic_fetch_add_explicit(&store->cleaned, 1, memory_order_relaxed);
    version_free(store, v);
}

void version_store_set_wake(struct version_store *store, void (*wake)(void *context), void *context)
{
    store->wake = wake;
    store->wake_context = context;
}

bool version_store_expect_nothing(struct version_store *store)
{
    atomic_store(&store->is_asleep, true);
    if (atomic_load(&store->queued) == 0)
        return true;
    atomic_store(&store->is_asleep, false);
    return false;
}
