/* The worker that removes what nobody needs any more: versions, and nodes deleted for good.
 *
 * It works in slices: up to SLICE_VERSIONS versions, of which up to SLICE_NODES change pages, in one lazily committed transaction; between slices it lets the work lock
 * go, so that txn_clean_now of another thread gets its turn. It is idle while the queue is empty. The first commit then rings, and from there on it works every PAUSE_MS
 * until the queue is empty again: so a session that commits one change after another does not pay for a wake-up each time. Only a store that is half full makes it
 * hurry.
 *
 * Locks: work (RANK_CLEANUP) around a slice; bell (RANK_LEAF) around the sleep. */
#include "txn/txn.h"

#include <stdatomic.h>

#include "base/memory.h"
#include "os/clock.h"
#include "os/thread.h"

enum { SLICE_NODES = 100, SLICE_VERSIONS = 4096, PAUSE_MS = 100, IDLE_MS = 60000, ATTEMPTS_MAX = 8, RETRY_MS = 2, NS_PER_MS = 1000000 };

struct txn_cleaner {
    struct txn_cleaner_config config;
    struct mutex work;             /* guards transaction, and that versions are taken by one at a time */
    struct transaction transaction;
    struct mutex bell_lock;
    struct condition bell;
    bool has_rung;                 /* under bell_lock */
    bool has_bell;
    atomic_bool is_idle;           /* waits for the first thing to do */
    atomic_bool is_stopping;
    JET_ERR broken;                /* under work: the log is down, nothing can be cleaned any more */
    unsigned attempts;             /* under work: how often the task at the head of the queue has failed */
    atomic_bool must_retry;        /* it will be tried again */
    struct thread thread;
};

static void report(const struct txn_cleaner *c, JET_ERR error, const char *why)
{
    if (c->config.failed != NULL)
        c->config.failed(c->config.context, error, why);
}

static void ring(void *context)
{
    struct txn_cleaner *c = (struct txn_cleaner *)context;
    mutex_lock(&c->bell_lock);
    c->has_rung = true;
    condition_signal(&c->bell);
    mutex_unlock(&c->bell_lock);
}

static bool must_change_pages(const struct version *v) { return v->kind == VERSION_KIND_DELETE || (v->kind == VERSION_KIND_INSERT && v->is_undone); }

static JET_ERR (*task_of(const struct version *v))(void *, struct transaction *)
{
    return v->kind != VERSION_KIND_ACTION ? NULL : v->is_undone ? v->action->cleaned_after_rollback : v->action->cleaned;
}

/* A task that failed and may be made again: *v stays at the head of the queue. */
static bool put_back(struct txn_cleaner *c, struct version *v)
{
    bool again = v->kind == VERSION_KIND_ACTION && v->action->is_restartable && ++c->attempts < ATTEMPTS_MAX;
    if (again)
        version_clean_again(c->config.store, v);
    atomic_store(&c->must_retry, again);
    return again;
}

/* One version; it is gone afterwards, whatever happens, unless its task must be tried again. */
static JET_ERR clean_one(struct txn_cleaner *c, struct version *v)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = &c->transaction;
    JET_ERR (*task)(void *, struct transaction *) = task_of(v);
    if (task == NULL && !must_change_pages(v))
        goto done;
    if (t->level == 0)
        TRY(txn_begin(t));
    JET_ERR result = task != NULL ? task(v->action_context, t) : btree_clean(t, v);
    if (result < 0 && put_back(c, v))
        goto done;
    c->attempts = 0;
    atomic_store(&c->must_retry, false);
    if (result < 0)
        report(c, result, task != NULL ? "what a transaction left to be done failed" : "a deleted node could not be removed");
done:
    if (version_being_cleaned(c->config.store) == v)
        version_cleaned(c->config.store, v);
    return err;
}

/* *is_done: nothing was left that can be cleaned now. */
static JET_ERR clean_slice(struct txn_cleaner *c, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    struct transaction *t = &c->transaction;
    unsigned nodes = 0;
    *is_done = false;
    mutex_lock(&c->work);
    TRY(c->broken);
    for (unsigned i = 0; i < SLICE_VERSIONS && nodes < SLICE_NODES && !*is_done; i++) {
        struct version *v = version_next_to_clean(c->config.store);
        if (v == NULL) {
            *is_done = true;
        } else {
            nodes += must_change_pages(v) || v->kind == VERSION_KIND_ACTION;
            TRY(clean_one(c, v));
            *is_done = atomic_load(&c->must_retry); /* not at once: what was short may be there later */
        }
    }
done:
    if (t->level > 0 && c->broken >= 0) {
        JET_ERR end = txn_commit(t, true, NULL);
        if (end < 0) { /* left open: recovery will find it so */
            report(c, end, "the cleanup could not commit");
            err = c->broken = end;
        }
    }
    mutex_unlock(&c->work);
    return err;
}

JET_ERR txn_clean_now(struct txn_cleaner *cleaner)
{
    JET_ERR err = JET_errSuccess;
    for (bool is_done = false; !is_done || atomic_load(&cleaner->must_retry);)
        TRY(clean_slice(cleaner, &is_done));
done:
    return err;
}

JET_ERR txn_clean_database(struct txn_cleaner *cleaner, struct database *db, uint64_t milliseconds)
{
    JET_ERR err = JET_errSuccess;
    uint64_t end = clock_monotonic_ns() + milliseconds * NS_PER_MS;
    for (;;) {
        TRY(txn_clean_now(cleaner));
        if (version_store_count_of(cleaner->config.store, db->dbid) == 0)
            break;
        if (clock_monotonic_ns() >= end)
            RAISE(JET_errDatabaseInUse);
        thread_sleep_ms(RETRY_MS);
    }
done:
    return err;
}

/* Returns when the time is over or the bell has rung. */
static void sleep_until_rung(struct txn_cleaner *c, uint64_t milliseconds)
{
    mutex_lock(&c->bell_lock);
    if (!c->has_rung && !atomic_load(&c->is_stopping))
        (void)condition_wait_for(&c->bell, &c->bell_lock, milliseconds);
    c->has_rung = false;
    mutex_unlock(&c->bell_lock);
}

static void *run(void *argument)
{
    struct txn_cleaner *c = (struct txn_cleaner *)argument;
    while (!atomic_load(&c->is_stopping)) {
        atomic_store(&c->is_idle, true);
        if (version_store_expect_nothing(c->config.store) && !atomic_load(&c->must_retry))
            sleep_until_rung(c, IDLE_MS);
        atomic_store(&c->is_idle, false);
        if (!version_store_is_half_full(c->config.store))
            sleep_until_rung(c, PAUSE_MS);
        /* A failure has been reported; what is left waits for the next time. */
        for (bool is_done = false; !is_done && !atomic_load(&c->is_stopping) && clean_slice(c, &is_done) >= 0;) {
        }
        if (version_store_is_half_full(c->config.store)) /* an open snapshot keeps it so: no hurry helps */
            sleep_until_rung(c, PAUSE_MS);
    }
    return NULL;
}

JET_ERR txn_cleaner_start(const struct txn_cleaner_config *config, struct txn_cleaner **out)
{
    JET_ERR err = JET_errSuccess;
    struct txn_cleaner *c = (struct txn_cleaner *)mem_alloc(sizeof *c);
    *out = NULL;
    if (c == NULL)
        RAISE(JET_errOutOfMemory);
    c->config = *config;
    TRY(mutex_init(&c->work, RANK_CLEANUP));
    TRY(mutex_init(&c->bell_lock, RANK_LEAF));
    TRY(condition_init(&c->bell));
    c->has_bell = true;
    TRY(transaction_open(&c->transaction, config->store, config->log, PROCID_CLEANUP));
    version_store_set_wake(config->store, ring, c);
    TRY(thread_start(&c->thread, run, c));
    *out = c;
    c = NULL;
done:
    txn_cleaner_stop(c);
    return err;
}

void txn_cleaner_wake(struct txn_cleaner *cleaner)
{
    if (atomic_load(&cleaner->is_idle))
        ring(cleaner);
}

void txn_cleaner_stop(struct txn_cleaner *cleaner)
{
    if (cleaner == NULL)
        return;
    if (cleaner->thread.is_started) {
        mutex_lock(&cleaner->bell_lock);
        atomic_store(&cleaner->is_stopping, true);
        condition_signal(&cleaner->bell);
        mutex_unlock(&cleaner->bell_lock);
        thread_join(&cleaner->thread);
    }
    if (cleaner->transaction.store != NULL) {
        version_store_set_wake(cleaner->config.store, NULL, NULL);
        transaction_close(&cleaner->transaction);
    }
    if (cleaner->has_bell)
        condition_destroy(&cleaner->bell);
    if (cleaner->bell_lock.rank != 0)
        mutex_destroy(&cleaner->bell_lock);
    if (cleaner->work.rank != 0)
        mutex_destroy(&cleaner->work);
    mem_free(cleaner);
}
