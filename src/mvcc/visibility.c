/* What a reader sees of a node, and whether a writer may change it.
 *
 * The page has the newest state. A reader takes back, newest first, every version it does not see. Whoever changed a node had no conflict, so he saw all older
 * versions: when a reader sees a version he sees all older ones, and the search ends. Deltas are the exception, they pile up regardless of each other: a seen delta
 * proves nothing about older ones. */
#include "mvcc/internal.h"

static bool sees(const struct transaction *reader, uint64_t snapshot, const struct version *v)
{
    uint64_t committed = atomic_load_explicit(&v->committed, memory_order_acquire);
    return committed != 0 ? committed <= snapshot : v->transaction == reader;
}

/* The bytes as they were before the delta, in scratch. */
static JET_ERR take_delta_back(const struct version *v, struct version_scratch *scratch, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    uint32_t width = v->kind == VERSION_KIND_DELTA64 ? 8 : 4;
    if (!range_within(v->offset, width, data->size))
        RAISE(JET_errDatabaseCorrupted);
    if (data->data != scratch->bytes) {
        if (scratch->room < data->size) {
            uint8_t *grown = (uint8_t *)mem_resize(scratch->bytes, data->size);
            if (grown == NULL)
                RAISE(JET_errOutOfMemory);
            scratch->bytes = grown;
            scratch->room = data->size;
        }
        memcpy(scratch->bytes, data->data, data->size);
        data->data = scratch->bytes;
    }
    uint8_t *at = scratch->bytes + v->offset;
    if (width == 8)
        store_le64(at, load_le64(at) - (uint64_t)v->delta);
    else
        store_le32(at, load_le32(at) - (uint32_t)v->delta);
done:
    return err;
}

JET_ERR version_resolve(struct version_store *store, const struct transaction *reader, const struct version_node *node, bool is_deleted, struct span page_data,
                        struct version_scratch *scratch, enum version_sight *sight, struct span *data)
{
    JET_ERR err = JET_errSuccess;
    uint64_t snapshot = reader == NULL ? 0 : atomic_load_explicit(&reader->snapshot, memory_order_relaxed);
    *data = page_data;
    if (snapshot != 0 && !version_store_is_empty(store)) {
        uint32_t hash = version_node_hash(node);
        struct version_partition *p = version_partition_of(store, hash);
        mutex_lock(&p->lock);
        for (const struct version *v = version_find(p, node, hash); v != NULL && err >= 0; v = v->older) {
            if (sees(reader, snapshot, v)) {
                if (!version_is_delta(v))
                    break;
                continue;
            }
            switch ((enum version_kind)v->kind) {
            case VERSION_KIND_INSERT: is_deleted = true; break;
            case VERSION_KIND_DELETE: is_deleted = false; break;
            case VERSION_KIND_REPLACE: *data = version_image(v); break;
            case VERSION_KIND_DELTA:
            case VERSION_KIND_DELTA64: err = take_delta_back(v, scratch, data); break;
            case VERSION_KIND_LOCK:
            case VERSION_KIND_READ_LOCK:
            case VERSION_KIND_ACTION: break;
            }
        }
        mutex_unlock(&p->lock);
    }
    *sight = is_deleted ? VERSION_SIGHT_ABSENT : data->data == page_data.data ? VERSION_SIGHT_PAGE : VERSION_SIGHT_IMAGE;
    return err;
}

static bool conflicts(const struct transaction *t, uint64_t snapshot, const struct version *newest, enum version_conflict_rule rule)
{
    if (rule == VERSION_CONFLICT_UNCOMMITTED)
        return newest != NULL && atomic_load_explicit(&newest->committed, memory_order_acquire) == 0 && newest->transaction != t;
    for (const struct version *v = newest; v != NULL; v = v->older) {
        uint64_t committed = atomic_load_explicit(&v->committed, memory_order_acquire);
        bool is_seen = committed != 0 ? committed <= snapshot : v->transaction == t;
        bool is_allowed = (rule == VERSION_CONFLICT_DELTA && version_is_delta(v)) || (rule == VERSION_CONFLICT_READ_LOCK && v->kind == VERSION_KIND_READ_LOCK)
                       || (rule == VERSION_CONFLICT_LATEST && committed != 0);
        if (!is_seen && !is_allowed)
            return true;
        if (is_seen && !version_is_delta(v) && v->kind != VERSION_KIND_READ_LOCK) /* those two may stand above unseen ones of their kind */
            return false;
    }
    return false;
}

JET_ERR version_check_conflict_as(struct version_store *store, const struct transaction *t, const struct version_node *node, enum version_conflict_rule rule)
{
    JET_ERR err = JET_errSuccess;
    if (version_store_is_empty(store))
        goto done;
    uint32_t hash = version_node_hash(node);
    struct version_partition *p = version_partition_of(store, hash);
    mutex_lock(&p->lock);
    bool is_conflict = conflicts(t, atomic_load_explicit(&t->snapshot, memory_order_relaxed), version_find(p, node, hash), rule);
    mutex_unlock(&p->lock);
    if (is_conflict)
        RAISE(JET_errWriteConflict);
done:
    return err;
}

JET_ERR version_check_conflict(struct version_store *store, const struct transaction *t, const struct version_node *node)
{
    return version_check_conflict_as(store, t, node, VERSION_CONFLICT_CHANGE);
}

bool version_is_active(struct version_store *store, const struct version_node *node)
{
    bool is_active = false;
    if (version_store_is_empty(store))
        return false;
    uint64_t oldest = atomic_load_explicit(&store->oldest_known, memory_order_acquire);
    uint32_t hash = version_node_hash(node);
    struct version_partition *p = version_partition_of(store, hash);
    mutex_lock(&p->lock);
    for (const struct version *v = version_find(p, node, hash); v != NULL && !is_active; v = v->older) {
        uint64_t committed = atomic_load_explicit(&v->committed, memory_order_acquire);
        is_active = committed == 0 || committed > oldest;
    }
    mutex_unlock(&p->lock);
    return is_active;
}
