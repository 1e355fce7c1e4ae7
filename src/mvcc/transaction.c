/* A transaction's snapshot and its place in the log. */
#include "log/log.h"
#include "mvcc/internal.h"

enum { BEGIN_SIZE = 4, SPANS_FEW = 16 };

JET_ERR transaction_open(struct transaction *t, struct version_store *store, struct log *log, uint16_t procid)
{
    *t = (struct transaction){.store = store, .log = log, .procid = procid};
    mutex_lock(&store->list_lock);
    t->next = store->transactions;
    if (t->next != NULL)
        t->next->previous = t;
    store->transactions = t;
    mutex_unlock(&store->list_lock);
    return JET_errSuccess;
}

void transaction_close(struct transaction *t)
{
    struct version_store *store = t->store;
    if (store == NULL)
        return;
    version_abandon_all(t);
    version_slab_close(t->slab);
    mutex_lock(&store->list_lock);
    *(t->previous != NULL ? &t->previous->next : &store->transactions) = t->next;
    if (t->next != NULL)
        t->next->previous = t->previous;
    mutex_unlock(&store->list_lock);
    *t = (struct transaction){.store = NULL};
}

void transaction_take_snapshot(struct transaction *t)
{
    struct version_store *store = t->store;
    uint64_t now = atomic_load(&store->visible), before;
    /* Published, then looked again: the cleanup either finds it, or had read a `visible` that is not newer (README.md). */
    do {
        before = now;
        atomic_store(&t->snapshot, before);
        now = atomic_load(&store->visible);
    } while (now != before);
    t->is_implicit = false;
}

void transaction_begin_call(struct transaction *t)
{
    if (atomic_load_explicit(&t->snapshot, memory_order_relaxed) != 0)
        return;
    transaction_take_snapshot(t);
    t->is_implicit = true;
}

void transaction_end_call(struct transaction *t)
{
    if (!t->is_implicit)
        return;
    t->is_implicit = false;
    atomic_store_explicit(&t->snapshot, 0, memory_order_release);
}

void transaction_end(struct transaction *t)
{
    assert(t->first == NULL);
    t->level = t->logged_level = 0;
    t->number = 0;
    t->is_implicit = false;
    t->last_change = 0;
    if (atomic_load_explicit(&t->begin0, memory_order_relaxed) != 0)
        atomic_store(&t->begin0, 0);
    atomic_store_explicit(&t->snapshot, 0, memory_order_release);
}

void transaction_need_number(struct transaction *t)
{
    if (t->number == 0)
        t->number = atomic_fetch_add(&t->store->numbers, VERSION_NUMBER_STEP) + VERSION_NUMBER_STEP;
}

/* The begin of the levels that the log does not know yet. */
static uint32_t encode_begin(const struct transaction *t, uint8_t *out)
{
    unsigned due = t->level - t->logged_level;
    if (t->logged_level == 0)
        return log_record_encode_begin0(out, t->procid, (uint8_t)due, transaction_number(t));
    out[0] = LR_BEGIN;
    store_le16(out + 1, t->procid);
    out[3] = (uint8_t)(due << 4 | t->logged_level);
    return BEGIN_SIZE;
}

static JET_ERR append_with_begin(struct transaction *t, const struct span *records, uint32_t count, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t begin[LR_BEGIN0_SIZE];
    struct span few[SPANS_FEW], *spans = few, *many = NULL;
    bool is_first = t->logged_level == 0;
    transaction_need_number(t);
    if (count + 1 > SPANS_FEW) {
        spans = many = (struct span *)mem_alloc_array((size_t)count + 1, sizeof *many);
        if (many == NULL)
            RAISE(JET_errOutOfMemory);
    }
    spans[0] = span_of(begin, encode_begin(t, begin));
    memcpy(spans + 1, records, count * sizeof *records);
    /* The checkpoint must not pass Begin0: it takes the log's tip, then asks the transactions. Who appends before it takes the tip has this bound set already; who
     * appends later does so behind it. */
    if (is_first) {
        lgpos_t bound = log_durable(t->log);
        atomic_store(&t->begin0, bound != 0 ? bound : 1);
    }
    err = log_append_many(t->log, spans, count + 1, position);
    if (err >= 0)
        t->logged_level = t->level;
    if (is_first)
        atomic_store(&t->begin0, err >= 0 ? *position : 0);
done:
    mem_free(many);
    return err;
}

/* Does the record change what was there, rather than take changes back, tidy up or split? */
static bool is_change(uint8_t type)
{
    switch (type) {
    case LR_INSERT:
    case LR_FLAG_INSERT:
    case LR_FLAG_INSERT_AND_REPLACE:
    case LR_REPLACE:
    case LR_FLAG_DELETE:
    case LR_DELTA:
    case LR_DELTA64: return true;
    default: return false;
    }
}

/* The checkpoint waits for Begin0, and the limit of its depth stops everybody: who alone is as far back as half of that goes no further (recovery 11). */
static JET_ERR check_age(const struct transaction *t, uint8_t type)
{
    uint32_t limit = log_depth_limit(t->log), begin = lgpos_generation(transaction_oldest(t));
    if (limit == 0 || begin == 0 || !is_change(type) || lgpos_generation(log_durable(t->log)) - begin <= limit / 2)
        return JET_errSuccess;
    return error_raise(JET_errTransactionTooLong, __FILE__, __LINE__);
}

JET_ERR transaction_log(struct transaction *t, const struct span *records, uint32_t count, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    assert(t->level > 0);
    *position = 0;
    if (t->log == NULL)
        return JET_errSuccess;
    TRY(check_age(t, records[count - 1].data[0]));
    TRY(t->logged_level < t->level ? append_with_begin(t, records, count, position) : log_append_many(t->log, records, count, position));
    t->last_change = *position;
done:
    return err;
}
