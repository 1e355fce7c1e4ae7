/* Headers, checkpoint and lazy flush of a running instance (checkpoint.h; recovery 10.1, 11). */
#define ESENT_PRIVATE
#include "engine/checkpoint.h"

#include <string.h>

#include "base/bytes.h"
#include "engine/instance.h"
#include "engine/page_patch.h"
#include "mvcc/version_store.h"
#include "os/clock.h"

enum {
    TICK_MS = 1000,      /* a lazy commit is durable after this at the latest, when the client did not say */
    STEP_PAGES = 64,     /* written at a stretch */
    ADVANCE_PART = 16,   /* the checkpoint file is written when it would move by this part of the depth allowed */
    HOLD_ROUNDS = 1000   /* of one millisecond: pages held back by the waypoint after the headers were raised */
};

static struct checkpoint_worker *worker_of(struct instance *instance) { return &instance->checkpoint; }

/* --- waking --- */

void checkpoint_signal(struct instance *instance)
{
    struct checkpoint_worker *w = worker_of(instance);
    if (!w->is_made || atomic_exchange(&w->is_signalled, true))
        return;
    mutex_lock(&w->mutex);
    w->is_wanted = true;
    condition_signal(&w->wake);
    mutex_unlock(&w->mutex);
}

void checkpoint_lazy_commit(struct instance *instance, lgpos_t position, uint32_t milliseconds)
{
    struct checkpoint_worker *w = worker_of(instance);
    if (!w->is_made)
        return;
    uint64_t due = clock_monotonic_ns() + (uint64_t)(milliseconds != 0 && milliseconds < TICK_MS ? milliseconds : TICK_MS) * 1000000u;
    mutex_lock(&w->mutex);
    if (position > w->lazy_newest)
        w->lazy_newest = position;
    if (w->flush_due_ns == 0 || due < w->flush_due_ns) {
        w->flush_due_ns = due;
        condition_signal(&w->wake);
    }
    mutex_unlock(&w->mutex);
}

/* --- which databases, and what is on its way --- */

void checkpoint_pending_begin(struct instance *instance, uint32_t dbid)
{
    if (instance->log != NULL)
        atomic_store(&worker_of(instance)->pending[dbid - 1], log_tip(instance->log));
}

void checkpoint_pending_end(struct instance *instance, uint32_t dbid) { atomic_store(&worker_of(instance)->pending[dbid - 1], 0); }

static void set_writable(struct instance *instance, uint32_t dbid, struct database *db)
{
    struct checkpoint_worker *w = worker_of(instance);
    mutex_lock(&w->writable_lock);
    atomic_store(&w->writable[dbid - 1], db);
    mutex_unlock(&w->writable_lock);
}

void checkpoint_add(struct instance *instance, struct database *db)
{
    if (worker_of(instance)->is_made)
        set_writable(instance, db->dbid, db);
}

void checkpoint_remove(struct instance *instance, struct database *db)
{
    if (worker_of(instance)->is_made)
        set_writable(instance, db->dbid, NULL);
}

/* Calls `step` for every writable database, each under writable_lock. */
static JET_ERR for_each_database(struct instance *instance, JET_ERR (*step)(struct instance *instance, struct database *db, void *context), void *context)
{
    struct checkpoint_worker *w = worker_of(instance);
    JET_ERR first = JET_errSuccess;
    for (int i = 0; i < CHECKPOINT_DATABASES_MAX; i++) {
        mutex_lock(&w->writable_lock);
        struct database *db = atomic_load(&w->writable[i]);
        JET_ERR err = db != NULL ? step(instance, db, context) : JET_errSuccess;
        mutex_unlock(&w->writable_lock);
        if (first >= 0 && err < 0)
            first = err;
    }
    return first;
}

/* --- headers --- */

struct range {
    uint32_t minimum; /* 0: stays */
    uint32_t generation;
    struct log_time created;
};

/* The generation and its time belong together: a roll in between is noticed. */
static struct range present_range(struct instance *instance, uint32_t minimum)
{
    struct range range = {.minimum = minimum};
    do {
        range.generation = log_tip_generation(instance->log);
        range.created = log_generation_created(instance->log);
    } while (range.generation != log_tip_generation(instance->log));
    return range;
}

static JET_ERR raise_header(struct instance *instance, struct database *db, void *context)
{
    const struct range *range = context;
    (void)instance;
    return database_set_generations(db, range->minimum, range->generation, range->created, range->generation, range->created);
}

JET_ERR checkpoint_raise_headers(struct instance *instance)
{
    if (instance->log == NULL)
        return JET_errSuccess;
    struct range range = present_range(instance, 0);
    return for_each_database(instance, raise_header, &range);
}

JET_ERR checkpoint_flush_database(struct instance *instance, struct database *db)
{
    JET_ERR err = JET_errSuccess;
    for (int round = 0; round < HOLD_ROUNDS; round++) {
        err = cache_flush_file(db->pages);
        if (err != (JET_ERR)CACHE_ERROR_PAGES_HELD || db->log == NULL)
            break;
        /* A roll after the headers were raised may hold pages back once more. */
        struct range range = present_range(instance, 0);
        TRY(raise_header(instance, db, &range));
        if (round > 1)
            thread_sleep_ms(1);
    }
    if (err == (JET_ERR)CACHE_ERROR_PAGES_HELD)
        RAISE(JET_errOutOfBuffers);
done:
    return err;
}

JET_ERR checkpoint_flush_page(struct instance *instance, struct database *db, page_no_t page_no)
{
    JET_ERR err = cache_flush_page(db->pages, page_no);
    return err == (JET_ERR)CACHE_ERROR_PAGES_HELD ? checkpoint_flush_database(instance, db) : err;
}

/* --- the checkpoint --- */

static lgpos_t oldest(lgpos_t a, lgpos_t b) { return a == 0 || (b != 0 && lgpos_normalize(b) < lgpos_normalize(a)) ? b : a; }

/* How far the checkpoint may go. The order of the questions matters: a transaction that the second one does not see any more has marked its pages,
 * which the third one sees; one that began after the first stands behind the tip. The same holds for records of attaching and detaching. */
static lgpos_t safe_position(struct instance *instance)
{
    struct checkpoint_worker *w = worker_of(instance);
    lgpos_t position = log_tip(instance->log);
    for (int i = 0; i < CHECKPOINT_DATABASES_MAX; i++)
        position = oldest(position, atomic_load(&w->pending[i]));
    position = oldest(position, version_store_oldest_begin(instance->versions));
    return oldest(position, cache_oldest_dirty(instance->cache, NULL));
}

static uint64_t file_bytes(const struct instance *instance) { return (uint64_t)log_file_size_kib(instance->log) * 1024; }

/* A position as a distance from the start of the stream, in bytes. */
static uint64_t offset_of(const struct instance *instance, lgpos_t position)
{
    position = lgpos_normalize(position);
    return lgpos_generation(position) * file_bytes(instance) + (uint64_t)lgpos_segment(position) * LOG_SEGMENT_SIZE + lgpos_byte(position);
}

static uint64_t distance(const struct instance *instance, lgpos_t from, lgpos_t to)
{
    uint64_t a = offset_of(instance, from), b = offset_of(instance, to);
    return a < b ? b - a : 0;
}

static JET_ERR sync_pages(struct instance *instance, struct database *db, void *context)
{
    (void)instance, (void)context;
    return cache_file_sync(db->pages);
}

/* Lock on entry: round_lock. Moves the checkpoint to position, which nothing on disk is behind: log, headers, checkpoint file. */
static JET_ERR move_checkpoint(struct instance *instance, lgpos_t position)
{
    JET_ERR err = JET_errSuccess;
    TRY(log_flush(instance->log, position));
    struct range range = present_range(instance, lgpos_generation(position));
    TRY(for_each_database(instance, raise_header, &range));
    TRY(log_write_checkpoint(instance->log, position, 0, true));
done:
    return err;
}

static JET_ERR advance_by(struct instance *instance, uint64_t least, bool must_sync)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t now = 0;
    if ((atomic_load(&instance->state) & INSTANCE_DISABLED) != 0) /* what recovery will need is not known here any more */
        goto done;
    if (log_read_checkpoint(instance->log, &now) < 0)
        goto done;
    if (must_sync) /* what was written counts only when it is durable */
        TRY(for_each_database(instance, sync_pages, NULL));
    lgpos_t position = safe_position(instance);
    if (lgpos_normalize(position) > lgpos_normalize(now) && distance(instance, now, position) >= least)
        TRY(move_checkpoint(instance, position));
done:
    return err;
}

JET_ERR checkpoint_advance(struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    struct checkpoint_worker *w = worker_of(instance);
    if (instance->log == NULL)
        return JET_errSuccess;
    mutex_lock(&w->round_lock);
    TRY(checkpoint_raise_headers(instance));
    TRY(advance_by(instance, 1, true));
done:
    mutex_unlock(&w->round_lock);
    return err;
}

/* --- the thread --- */

struct old_pages {
    lgpos_t before;
    bool has_more;
    JET_ERR error;
};

static JET_ERR write_old_pages(struct instance *instance, struct database *db, void *context)
{
    struct old_pages *old = context;
    bool has_more = false;
    (void)instance;
    JET_ERR err = cache_write_older(db->pages, old->before, STEP_PAGES, &has_more);
    old->has_more |= has_more;
    return err;
}

static bool is_stopping(struct checkpoint_worker *w)
{
    mutex_lock(&w->mutex);
    bool stops = w->is_stopping;
    mutex_unlock(&w->mutex);
    return stops;
}

/* The checkpoint is too far behind: writes what holds it back, in small steps between which headers are raised. */
static JET_ERR write_what_is_old(struct instance *instance, uint64_t depth)
{
    JET_ERR err = JET_errSuccess;
    struct old_pages old = {.has_more = true};
    lgpos_t tip = log_tip(instance->log);
    uint64_t keep = depth / 4 * 3, end = offset_of(instance, tip), size = file_bytes(instance);
    uint64_t limit = end > keep ? end - keep : 0;
    old.before = lgpos_make((uint32_t)(limit / size), (uint32_t)(limit % size / LOG_SEGMENT_SIZE), 0);
    while (old.has_more && !is_stopping(worker_of(instance))) {
        old.has_more = false;
        TRY(checkpoint_raise_headers(instance));
        TRY(for_each_database(instance, write_old_pages, &old));
    }
done:
    return err;
}

static JET_ERR run_round(struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    struct checkpoint_worker *w = worker_of(instance);
    uint64_t depth = (uint64_t)instance_parameter(instance, JET_paramCheckpointDepthMax);
    lgpos_t now = 0;
    bool has_written = false;
    mutex_lock(&w->round_lock);
    TRY(checkpoint_raise_headers(instance));
    if (log_read_checkpoint(instance->log, &now) >= 0 && distance(instance, now, log_tip(instance->log)) > depth) {
        has_written = true;
        TRY(write_what_is_old(instance, depth));
    }
    TRY(advance_by(instance, depth / ADVANCE_PART + 1, has_written));
done:
    mutex_unlock(&w->round_lock);
    return err;
}

void checkpoint_tell_client(struct instance *instance, lgpos_t seen, JET_GRBIT grbit)
{
    JET_PFNDURABLECOMMITCALLBACK callback = (JET_PFNDURABLECOMMITCALLBACK)instance_parameter(instance, JET_paramDurableCommitCallback);
    if (callback == NULL)
        return;
    JET_COMMIT_ID id;
    struct signature signature = log_stream_signature(instance->log);
    memset(&id, 0, sizeof id);
    memcpy(&id.signLog, &signature, sizeof id.signLog);
    id.commitId = (int64_t)seen;
    JET_ERR ignored = callback(instance->handle, &id, grbit);
    (void)ignored;
}

/* Makes lazy commits durable. */
static JET_ERR flush_lazy(struct instance *instance)
{
    struct checkpoint_worker *w = worker_of(instance);
    JET_ERR err = JET_errSuccess;
    mutex_lock(&w->mutex);
    lgpos_t newest = w->lazy_newest;
    w->flush_due_ns = 0;
    mutex_unlock(&w->mutex);
    if (lgpos_normalize(log_tip(instance->log)) > log_durable(instance->log))
        err = log_flush_all(instance->log);
    if (newest != 0) {
        mutex_lock(&w->mutex);
        if (w->lazy_newest == newest)
            w->lazy_newest = 0;
        mutex_unlock(&w->mutex);
        checkpoint_tell_client(instance, newest, err < 0 ? (JET_GRBIT)JET_bitDurableCommitCallbackLogUnavailable : 0);
    }
    return err;
}

/* Until somebody wants something, a lazy commit is due, or the tick is over. True: a lazy flush is due. */
static bool wait_for_work(struct checkpoint_worker *w)
{
    uint64_t now = clock_monotonic_ns(), until = now + (uint64_t)TICK_MS * 1000000u;
    while (!w->is_stopping && !w->is_wanted && now < until) {
        uint64_t end = w->flush_due_ns != 0 && w->flush_due_ns < until ? w->flush_due_ns : until;
        if (end <= now)
            break;
        (void)condition_wait_for(&w->wake, &w->mutex, (end - now) / 1000000u + 1);
        now = clock_monotonic_ns();
    }
    w->is_wanted = false;
    return now >= until || (w->flush_due_ns != 0 && w->flush_due_ns <= now);
}

static void *run_worker(void *argument)
{
    struct instance *instance = argument;
    struct checkpoint_worker *w = worker_of(instance);
    mutex_lock(&w->mutex);
    while (!w->is_stopping) {
        bool must_flush = wait_for_work(w), stops = w->is_stopping;
        mutex_unlock(&w->mutex);
        atomic_store(&w->is_signalled, false);
        if (!stops) {
            JET_ERR err = must_flush ? flush_lazy(instance) : JET_errSuccess;
            if (err >= 0)
                err = page_patch_issue(instance);
            if (err >= 0)
                err = run_round(instance);
            /* A page that cannot be written, or a header, is met again; nothing is lost as long as the log grows. */
            if (log_is_down(instance->log))
                instance_disable(instance, log_down_reason(instance->log), __FILE__, __LINE__);
            else if (err < 0)
                thread_sleep_ms(10);
        }
        mutex_lock(&w->mutex);
    }
    mutex_unlock(&w->mutex);
    return NULL;
}

JET_ERR checkpoint_start(struct instance *instance)
{
    JET_ERR err = JET_errSuccess;
    struct checkpoint_worker *w = worker_of(instance);
    int made = 0;
    memset(w, 0, sizeof *w);
    TRY(mutex_init(&w->mutex, RANK_LEAF));
    made = 1;
    TRY(condition_init(&w->wake));
    made = 2;
    TRY(mutex_init(&w->round_lock, RANK_CHECKPOINT_ROUND));
    made = 3;
    TRY(mutex_init(&w->writable_lock, RANK_ATTACHMENTS));
    w->is_made = true;
    for (int i = 0; i < INSTANCE_DATABASES_MAX; i++) /* what recovery left attached */
        if (instance->attachments[i].database != NULL)
            set_writable(instance, (uint32_t)i + 1, instance->attachments[i].database);
    if (instance->log != NULL)
        TRY(thread_start(&w->thread, run_worker, instance));
    return JET_errSuccess;
done:
    if (w->is_made)
        mutex_destroy(&w->writable_lock);
    if (made >= 3)
        mutex_destroy(&w->round_lock);
    if (made >= 2)
        condition_destroy(&w->wake);
    if (made >= 1)
        mutex_destroy(&w->mutex);
    w->is_made = false;
    return err;
}

void checkpoint_stop(struct instance *instance)
{
    struct checkpoint_worker *w = worker_of(instance);
    if (!w->is_made)
        return;
    mutex_lock(&w->mutex);
    w->is_stopping = true;
    condition_broadcast(&w->wake);
    mutex_unlock(&w->mutex);
    thread_join(&w->thread);
    w->thread.is_started = false;
}

void checkpoint_release(struct instance *instance)
{
    struct checkpoint_worker *w = worker_of(instance);
    if (!w->is_made)
        return;
    w->is_made = false;
    mutex_destroy(&w->writable_lock);
    mutex_destroy(&w->round_lock);
    condition_destroy(&w->wake);
    mutex_destroy(&w->mutex);
}

/* --- what cache and log ask --- */

JET_ERR checkpoint_before_write(void *context, void *file_context, page_no_t page_no, lgpos_t *position)
{
    struct instance *instance = context;
    const struct database *db = file_context;
    if (db == NULL || db->log == NULL)
        return JET_errSuccess;
    /* A transaction that could not be taken back is forgotten, and its images with it: only recovery can do it now, from pages as they were. */
    if ((atomic_load(&instance->state) & INSTANCE_DISABLED) != 0)
        return JET_errLogWriteFail;
    return version_store_log_images(instance->versions, (uint8_t)db->dbid, page_no, position);
}

JET_ERR checkpoint_flush_log(void *context, lgpos_t position)
{
    struct instance *instance = context;
    return instance->log != NULL ? log_flush(instance->log, position) : JET_errSuccess;
}

bool checkpoint_may_write(void *context, void *file_context, lgpos_t position)
{
    const struct database *db = file_context;
    if (db == NULL || lgpos_generation(position) <= atomic_load(&db->required_on_disk))
        return true;
    checkpoint_signal(context);
    return false;
}

/* The thread that appended may hold page latches: what the new generation means is done by the worker. */
void checkpoint_new_generation(void *context, uint32_t generation, struct log_time created)
{
    (void)generation, (void)created;
    checkpoint_signal(context);
}

/* Under the log's lock. A database on the log's list is not closed. */
void checkpoint_refresh_attach_info(void *context, struct attach_info *info)
{
    struct instance *instance = context;
    const struct database *db = info->dbid >= 1 && info->dbid <= CHECKPOINT_DATABASES_MAX ? atomic_load(&worker_of(instance)->writable[info->dbid - 1]) : NULL;
    if (db == NULL)
        return;
    info->dbtime = atomic_load(&db->dbtime_last);
    info->objid_last = atomic_load(&db->objid_last);
}
