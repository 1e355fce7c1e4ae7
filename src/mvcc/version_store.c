/* The store's life, and that of one version: prepared, published, committed (queue.c), taken back or cleaned.
 *
 * A version is one piece of memory, its bytes behind it. README.md has the protocol and why it is right. */
#include "mvcc/internal.h"

enum { BUCKETS_FIRST = 16, PENDING_FIRST = 256, DIVISOR_HALF = 2, DIVISOR_QUARTER = 4 };
enum { SLAB_BYTES = 16384, SLAB_PIECE_MAX = SLAB_BYTES / 8, SLAB_ALIGNMENT = 16, SLAB_OPEN = 1 << 20 };

JET_ERR version_store_create(const struct version_store_config *config, struct version_store **out)
{
    JET_ERR err = JET_errSuccess;
    struct version_store *store = mem_alloc_aligned(CACHE_LINE, sizeof *store);
    *out = NULL;
    if (store == NULL)
        RAISE(JET_errOutOfMemory);
    store->bytes_max = config->bytes_max;
    atomic_init(&store->visible, VERSION_NUMBER_STEP);
    atomic_init(&store->numbers, VERSION_NUMBER_STEP);
    atomic_init(&store->rceid_last, UINT32_MAX); /* the first one is 1 */
    TRY(mutex_init(&store->commit_lock, RANK_VERSION));
    TRY(mutex_init(&store->list_lock, RANK_VERSION));
    for (uint32_t i = 0; i < VERSION_PARTITIONS; i++) {
        struct version_partition *p = &store->partitions[i];
        TRY(mutex_init(&p->lock, RANK_VERSION));
        p->mask = BUCKETS_FIRST - 1;
        p->buckets = mem_alloc_array(BUCKETS_FIRST, sizeof *p->buckets);
        if (p->buckets == NULL)
            RAISE(JET_errOutOfMemory);
    }
    store->pending_mask = PENDING_FIRST - 1;
    store->pending = mem_alloc_array(PENDING_FIRST, sizeof *store->pending);
    if (store->pending == NULL)
        RAISE(JET_errOutOfMemory);
    *out = store;
    store = NULL;
done:
    version_store_destroy(store);
    return err;
}

static void drop_list(struct version_store *store, struct version *v)
{
    for (struct version *next; v != NULL; v = next) {
        next = v->next;
        version_free(store, v);
    }
}

static void destroy_if_made(struct mutex *m)
{
    if (m->rank != 0)
        mutex_destroy(m);
}

void version_store_destroy(struct version_store *store)
{
    if (store == NULL)
        return;
    assert(store->transactions == NULL);
    drop_list(store, store->ready);
    drop_list(store, store->queue_first);
    for (uint32_t i = 0; i < VERSION_PARTITIONS; i++) {
        destroy_if_made(&store->partitions[i].lock);
        mem_free(store->partitions[i].buckets);
    }
    destroy_if_made(&store->list_lock);
    destroy_if_made(&store->commit_lock);
    mem_free(store->pending);
    mem_free(store->record);
    mem_free(store);
}

void version_store_set_last_number(struct version_store *store, uint32_t number)
{
    uint64_t last = ((uint64_t)number + VERSION_NUMBER_STEP - 1) / VERSION_NUMBER_STEP * VERSION_NUMBER_STEP + VERSION_NUMBER_STEP;
    if (last <= atomic_load(&store->numbers))
        return;
    atomic_store(&store->numbers, last);
    atomic_store(&store->visible, last);
}

/* --- memory --- */

static void take_from_slab(struct version_slab *slab, uint32_t pieces)
{
    /* Acquire and release: what others did with their pieces is over before the memory goes. */
    if (atomic_fetch_sub_explicit(&slab->pieces, pieces, memory_order_acq_rel) == pieces)
        mem_free(slab);
}

void version_slab_close(struct version_slab *slab)
{
    if (slab != NULL)
        take_from_slab(slab, SLAB_OPEN - slab->given);
}

static struct version_slab *open_slab(void)
{
    struct version_slab *slab = (struct version_slab *)mem_alloc_uncleared(SLAB_BYTES);
    if (slab == NULL)
        return NULL;
    atomic_init(&slab->pieces, SLAB_OPEN);
    slab->given = 0;
    slab->used = (uint32_t)(sizeof *slab + SLAB_ALIGNMENT - 1) / SLAB_ALIGNMENT * SLAB_ALIGNMENT;
    return slab;
}

/* Zeroed but for the bytes behind it. NULL without memory. */
static struct version *take_memory(struct transaction *t, size_t size)
{
    uint32_t rounded = (uint32_t)(size + SLAB_ALIGNMENT - 1) / SLAB_ALIGNMENT * SLAB_ALIGNMENT;
    if (size > SLAB_PIECE_MAX)
        return (struct version *)mem_alloc(size);
    if (t->slab == NULL || t->slab->used + rounded > SLAB_BYTES) {
        version_slab_close(t->slab);
        t->slab = open_slab();
        if (t->slab == NULL)
            return NULL;
    }
    struct version *v = (struct version *)(void *)((uint8_t *)t->slab + t->slab->used);
    memset(v, 0, sizeof *v);
    v->slab = t->slab;
    t->slab->used += rounded;
    t->slab->given++;
    return v;
}

static void give_memory_back(struct version *v)
{
    if (v->slab != NULL)
        take_from_slab(v->slab, 1);
    else
        mem_free(v);
}

void version_free(struct version_store *store, struct version *v)
{
    if (v->kind == VERSION_KIND_ACTION) {
        if (v->action->free != NULL)
            v->action->free(v->action_context);
        atomic_fetch_sub_explicit(&store->actions, 1, memory_order_relaxed);
    } else {
        atomic_fetch_sub_explicit(&store->count_by_dbid[v->dbid], 1, memory_order_release);
    }
    atomic_fetch_sub_explicit(&store->count, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&store->bytes, version_size(v), memory_order_relaxed);
    give_memory_back(v);
}

/* --- a version's beginning --- */

void version_store_notice(struct version_store *store)
{
    /* Sequentially consistent with version_store_expect_nothing: either it sees what has been queued, or we see that it sleeps. */
    if (atomic_load(&store->is_asleep) && atomic_exchange(&store->is_asleep, false) && store->wake != NULL)
        store->wake(store->wake_context);
}

static JET_ERR reserve_bytes(struct version_store *store, size_t size)
{
    JET_ERR err = JET_errSuccess;
    uint64_t now = atomic_fetch_add_explicit(&store->bytes, size, memory_order_relaxed) + size;
    bool is_half_full = now > store->bytes_max / DIVISOR_HALF;
    if (is_half_full != atomic_load_explicit(&store->is_half_announced, memory_order_relaxed)) {
        atomic_store_explicit(&store->is_half_announced, is_half_full, memory_order_relaxed);
        if (is_half_full && store->wake != NULL)
            store->wake(store->wake_context);
    }
    if (now > store->bytes_max) {
        atomic_fetch_sub_explicit(&store->bytes, size, memory_order_relaxed);
        if (store->wake != NULL)
            store->wake(store->wake_context);
        RAISE(JET_errVersionStoreOutOfMemory);
    }
done:
    return err;
}

static uint8_t *put(uint8_t *to, struct span bytes)
{
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return to + bytes.size;
}

static JET_ERR allocate(struct transaction *t, size_t size, struct version **out)
{
    JET_ERR err = JET_errSuccess;
    struct version_store *store = t->store;
    *out = NULL;
    TRY(reserve_bytes(store, size));
    *out = take_memory(t, size);
    if (*out == NULL) {
        atomic_fetch_sub_explicit(&store->bytes, size, memory_order_relaxed);
        RAISE(JET_errOutOfMemory);
    }
done:
    return err;
}

JET_ERR version_prepare(struct transaction *t, enum version_kind kind, const struct version_node *node, struct span image, struct version **out)
{
    JET_ERR err = JET_errSuccess;
    struct version_store *store = t->store;
    uint32_t key_size = node->key.head.size + node->key.tail.size, data_size = node->is_unique ? 0 : node->data.size;
    struct version *v;
    assert(t->level > 0 && kind != VERSION_KIND_ACTION);
    *out = NULL;
    TRY(allocate(t, sizeof *v + key_size + data_size + image.size, &v));
    v->transaction = t;
    v->rceid = atomic_fetch_add_explicit(&store->rceid_last, 2, memory_order_relaxed) + 2;
    v->hash = version_node_hash(node);
    v->kind = (uint8_t)kind;
    v->level = (uint8_t)t->level;
    v->tree_is_unique = node->is_unique;
    v->db = node->db;
    v->dbid = node->dbid;
    v->root = node->root;
    v->objid = node->objid;
    v->key_size = key_size;
    v->bookmark_data_size = data_size;
    v->image_size = image.size;
    v->bytes = (uint8_t *)(v + 1);
    uint8_t *at = put(put(v->bytes, node->key.head), node->key.tail);
    put(put(at, span_of(node->data.data, data_size)), image);
    *out = v;
done:
    return err;
}

void version_discard(struct version_store *store, struct version *v)
{
    if (v == NULL)
        return;
    atomic_fetch_sub_explicit(&store->bytes, version_size(v), memory_order_relaxed);
    give_memory_back(v);
}

static void append_to_transaction(struct transaction *t, struct version *v)
{
    v->previous = t->last;
    v->next = NULL;
    if (t->last != NULL)
        t->last->next = v;
    else
        t->first = v;
    t->last = v;
    atomic_fetch_add_explicit(&t->store->count, 1, memory_order_relaxed);
}

void version_publish(struct transaction *t, struct version *v, page_no_t page_no)
{
    struct version_store *store = t->store;
    v->page_no = page_no;
    /* Counted before it can be found: readers of the leaf come after us and must not take the store for empty. */
    append_to_transaction(t, v);
    atomic_fetch_add_explicit(&store->count_by_dbid[v->dbid], 1, memory_order_relaxed);
    version_link(store, v);
    if (page_no != 0 && t->log != NULL && (v->kind == VERSION_KIND_REPLACE || v->kind == VERSION_KIND_DELETE))
        version_pending_add(store, v);
}

JET_ERR version_add_action(struct transaction *t, const struct version_action *action, void *context)
{
    JET_ERR err = JET_errSuccess;
    struct version *v;
    assert(t->level > 0);
    TRY(allocate(t, sizeof *v, &v));
    v->transaction = t;
    v->kind = VERSION_KIND_ACTION;
    v->level = (uint8_t)t->level;
    v->action = action;
    v->action_context = context;
    atomic_fetch_add_explicit(&t->store->actions, 1, memory_order_relaxed);
    t->action_count++;
    append_to_transaction(t, v);
done:
    return err;
}

/* --- taking back --- */

struct version *version_newest(struct transaction *t, unsigned above_level) { return t->last != NULL && t->last->level > above_level ? t->last : NULL; }

static void remove_from_transaction(struct transaction *t, struct version *v)
{
    *(v->previous != NULL ? &v->previous->next : &t->first) = v->next;
    *(v->next != NULL ? &v->next->previous : &t->last) = v->previous;
    v->next = v->previous = NULL;
    if (v->kind == VERSION_KIND_ACTION)
        t->action_count--;
}

/* Out of everything but the queue and the counts. */
static void detach(struct transaction *t, struct version *v)
{
    remove_from_transaction(t, v);
    if (v->is_in_chain)
        version_unlink(t->store, v);
    if (v->is_image_pending) { /* our own: nobody else takes it out but log_images, which the latch keeps away */
        mutex_lock(&t->store->commit_lock);
        if (v->is_image_pending)
            version_pending_remove(t->store, v);
        mutex_unlock(&t->store->commit_lock);
    }
}

void version_take_back(struct transaction *t, struct version *v)
{
    struct version_store *store = t->store;
    detach(t, v);
    if (v->kind == VERSION_KIND_ACTION && v->action->rolled_back != NULL)
        v->action->rolled_back(v->action_context);
    if (v->kind == VERSION_KIND_ACTION ? v->action->cleaned_after_rollback == NULL : v->kind != VERSION_KIND_INSERT) {
        version_free(store, v);
        return;
    }
    /* The node is on the page, flag-deleted. It may have been there before, deleted by somebody whom not everybody sees yet; that delete stands in the queue before
     * what is put there now, so when this comes up it has been dealt with. */
    v->is_undone = true;
    v->transaction = NULL;
    mutex_lock(&store->commit_lock);
    atomic_store_explicit(&v->committed, atomic_load(&store->visible), memory_order_release);
    version_queue_append(store, v, v, 1);
    mutex_unlock(&store->commit_lock);
    version_store_notice(store);
}

void version_abandon_all(struct transaction *t)
{
    for (struct version *v; (v = t->last) != NULL;) {
        detach(t, v);
        version_free(t->store, v);
    }
}

void version_lower_level(struct transaction *t, unsigned level)
{
    if (t->last == NULL || t->last->level < level)
        return;
    /* An UndoInfo of it may be being written. */
    mutex_lock(&t->store->commit_lock);
    for (struct version *v = t->last; v != NULL && v->level >= level; v = v->previous)
        v->level = (uint8_t)(level - 1);
    mutex_unlock(&t->store->commit_lock);
}

/* --- facts --- */

bool version_store_is_empty(const struct version_store *store) { return atomic_load_explicit(&store->count, memory_order_relaxed) == 0; }

bool version_store_is_half_full(const struct version_store *store)
{
    return atomic_load_explicit(&store->bytes, memory_order_relaxed) > store->bytes_max / DIVISOR_HALF;
}

bool version_store_is_crowded(const struct version_store *store)
{
    return atomic_load_explicit(&store->bytes, memory_order_relaxed) > store->bytes_max - store->bytes_max / DIVISOR_QUARTER;
}

uint64_t version_store_count_of(struct version_store *store, uint32_t dbid)
{
    return atomic_load_explicit(&store->count_by_dbid[dbid % VERSION_DBIDS], memory_order_acquire) + atomic_load(&store->actions);
}

void version_store_get_statistics(struct version_store *store, struct version_store_statistics *out)
{
    *out = (struct version_store_statistics){
        .versions = atomic_load(&store->count),
        .bytes = atomic_load(&store->bytes),
        .cleaned = atomic_load(&store->cleaned),
        .oldest_snapshot = version_store_oldest_snapshot(store),
    };
}
