/* What an instance does behind its clients' backs so that recovery stays short and lazy commits become durable: headers follow the log, old changes are
 * written, the checkpoint moves (recovery 10.1, 11).
 *
 * One thread for each instance with a log, woken by a new generation, by a page that the waypoint holds back, by a lazy commit, and once a second. Those who
 * wake it may hold page latches and wait for nothing; the thread itself never waits for a page latch, so a thread that needs a frame while all are held
 * back by the waypoint waits for nothing but this thread's header writes (and gives up after half a second, cache/README.md).
 * Locks: `mutex` is a leaf; `writable_lock` (RANK_ATTACHMENTS) is held over each step that touches a database, so that it is not closed under it.
 */
#ifndef OPENESE_ENGINE_CHECKPOINT_H
#define OPENESE_ENGINE_CHECKPOINT_H

#include <stdatomic.h>

#include "database/database.h"
#include "log/log.h"
#include "os/thread.h"

struct instance;

enum { CHECKPOINT_DATABASES_MAX = 6 };

struct checkpoint_worker {
    struct mutex mutex; /* RANK_LEAF: the members down to the mark */
    struct condition wake;
    bool is_made, is_stopping, is_wanted;
    uint64_t flush_due_ns;   /* a lazy commit must be durable by then; 0: none */
    lgpos_t lazy_newest;     /* of lazy commits not reported yet */
    /* ---- */
    atomic_bool is_signalled; /* is_wanted, without the mutex */
    struct thread thread;
    struct mutex round_lock;  /* RANK_CHECKPOINT_ROUND: one round at a time */
    struct mutex writable_lock; /* RANK_ATTACHMENTS */
    struct database *_Atomic writable[CHECKPOINT_DATABASES_MAX]; /* logged databases that may change, by dbid - 1; changed under writable_lock */
    _Atomic(lgpos_t) pending[CHECKPOINT_DATABASES_MAX]; /* an attach, creation or detach has its record after this, and its header not written yet; 0: none */
};

/* The instance's log is open and its cache made. */
MUST_CHECK JET_ERR checkpoint_start(struct instance *instance);
/* Stops the thread; accepts a worker that was never started. The functions below keep working, but for what the thread does. */
void checkpoint_stop(struct instance *instance);
/* After checkpoint_stop, when nothing signals any more. */
void checkpoint_release(struct instance *instance);

/* Something may be there to do. From any thread, with any latches. */
void checkpoint_signal(struct instance *instance);
/* A lazy commit at position must be durable within `milliseconds` (0: soon). */
void checkpoint_lazy_commit(struct instance *instance, lgpos_t position, uint32_t milliseconds);

/* Commits up to a position are durable, or (JET_bitDurableCommitCallbackLogUnavailable) will not be: the client hears of it, if it has given JET_paramDurableCommitCallback. The calling
 * thread holds no lock. */
void checkpoint_tell_client(struct instance *instance, lgpos_t seen, JET_GRBIT grbit);

/* Between pending_begin and pending_end the checkpoint does not pass a record that is about to be appended. */
void checkpoint_pending_begin(struct instance *instance, uint32_t dbid);
void checkpoint_pending_end(struct instance *instance, uint32_t dbid);
/* The database's changes are logged from now on; until checkpoint_remove it is not closed. */
void checkpoint_add(struct instance *instance, struct database *db);
void checkpoint_remove(struct instance *instance, struct database *db);

/* Headers name the present generation, in the calling thread, which holds no latch. */
MUST_CHECK JET_ERR checkpoint_raise_headers(struct instance *instance);
/* The same, then the checkpoint moves as far as it can without writing pages. */
MUST_CHECK JET_ERR checkpoint_advance(struct instance *instance);
/* Writes all changed pages of a database, raising its header when the waypoint holds some back. */
MUST_CHECK JET_ERR checkpoint_flush_database(struct instance *instance, struct database *db);
/* The same for one page, if that is enough. */
MUST_CHECK JET_ERR checkpoint_flush_page(struct instance *instance, struct database *db, page_no_t page_no);

/* For cache_log and the log; context is the instance. */
JET_ERR checkpoint_before_write(void *context, void *file_context, page_no_t page_no, lgpos_t *position);
JET_ERR checkpoint_flush_log(void *context, lgpos_t position);
bool checkpoint_may_write(void *context, void *file_context, lgpos_t position);
void checkpoint_new_generation(void *context, uint32_t generation, struct log_time created);
void checkpoint_refresh_attach_info(void *context, struct attach_info *info);

#endif
