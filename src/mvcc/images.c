/* Images of uncommitted replaces and flag-deletes that the log does not have yet (UndoInfo, recovery 10.2), found by the page their node stands on.
 *
 * All under the commit lock, and a commit takes its transaction's images out in the same hold that appends Commit0: behind a Commit0 in the log, a session's records are of its
 * next transaction, and an UndoInfo of the old one must not be taken for one of that. */
#include "log/log.h"
#include "mvcc/internal.h"

enum { UNDO_INFO_SIZE = 56 };

static struct version **bucket_of(struct version_store *store, uint8_t dbid, page_no_t page_no)
{
    return &store->pending[((page_no ^ (uint32_t)dbid << 20) * 0x9E3779B1u >> 12) & store->pending_mask];
}

static _Atomic(lgpos_t) *superseded_of(struct version_store *store, uint8_t dbid, page_no_t page_no)
{
    return &store->superseded[((page_no ^ (uint32_t)dbid << 20) * 0x9E3779B1u >> 12) % VERSION_SUPERSEDED];
}

static void put(struct version **bucket, struct version *v)
{
    v->pending_next = *bucket;
    v->pending_link = bucket;
    if (v->pending_next != NULL)
        v->pending_next->pending_link = &v->pending_next;
    *bucket = v;
}

/* Without memory the table stays as it is, only slower. */
static void grow(struct version_store *store)
{
    uint32_t old_count = store->pending_mask + 1, count = old_count * 2;
    struct version **old = store->pending, **buckets = mem_alloc_array(count, sizeof *buckets);
    if (buckets == NULL)
        return;
    store->pending = buckets;
    store->pending_mask = count - 1;
    for (uint32_t i = 0; i < old_count; i++) {
        for (struct version *v = old[i], *next; v != NULL; v = next) {
            next = v->pending_next;
            put(bucket_of(store, v->dbid, v->page_no), v);
        }
    }
    mem_free(old);
}

void version_pending_add(struct version_store *store, struct version *v)
{
    mutex_lock(&store->commit_lock);
    put(bucket_of(store, v->dbid, v->page_no), v);
    v->is_image_pending = true;
    if (atomic_fetch_add_explicit(&store->pending_count, 1, memory_order_relaxed) > store->pending_mask)
        grow(store);
    mutex_unlock(&store->commit_lock);
}

void version_pending_remove(struct version_store *store, struct version *v)
{
    *v->pending_link = v->pending_next;
    if (v->pending_next != NULL)
        v->pending_next->pending_link = v->pending_link;
    v->is_image_pending = false;
    atomic_fetch_sub_explicit(&store->pending_count, 1, memory_order_release);
}

void version_pending_supersede(struct version_store *store, struct version *v, lgpos_t position)
{
    /* Before the count falls: who finds nothing pending without the lock must find this. */
    _Atomic(lgpos_t) *newest = superseded_of(store, v->dbid, v->page_no);
    if (position > atomic_load_explicit(newest, memory_order_relaxed))
        atomic_store_explicit(newest, position, memory_order_release);
    version_pending_remove(store, v);
}

uint32_t version_encode_undo_info(uint8_t *out, const struct version *v)
{
    uint8_t *at = out + UNDO_INFO_SIZE;
    uint32_t data_size = v->kind == VERSION_KIND_REPLACE ? v->image_size : 0, bookmark = v->key_size + v->bookmark_data_size;
    int32_t most = (int32_t)data_size + (v->reserved < 0 ? -v->reserved : 0);
    out[0] = LR_UNDO_INFO;
    store_le16(out + 1, v->transaction->procid);
    out[3] = v->dbid;
    store_le32(out + 4, v->page_no);
    store_le64(out + 8, DBTIME_IN_MACRO);
    store_le64(out + 16, DBTIME_IN_MACRO);
    store_le32(out + 24, transaction_number(v->transaction));
    out[28] = v->level;
    store_le16(out + 29, 0); /* no line: the node is named by its bookmark */
    out[31] = (uint8_t)(LR_FLAG_VERSIONED | (v->tree_is_unique ? LR_FLAG_UNIQUE : 0));
    store_le32(out + 32, v->rceid);
    store_le32(out + 36, v->root);
    store_le32(out + 40, v->objid);
    store_le16(out + 44, (uint16_t)v->key_size);
    store_le16(out + 46, (uint16_t)v->bookmark_data_size);
    store_le16(out + 48, v->kind);
    store_le16(out + 50, (uint16_t)most);        /* cbMaxSize: largest size of the data */
    store_le16(out + 52, (uint16_t)v->reserved); /* cbDelta */
    store_le16(out + 54, (uint16_t)data_size);
    memcpy(at, v->bytes, (size_t)bookmark + data_size);
    return UNDO_INFO_SIZE + bookmark + data_size;
}

/* With the commit lock held. The page's writes wait for the record from here on: the one it was made for may be put off or fail, and so may the change that wanted it. */
static JET_ERR log_one(struct version_store *store, struct version *v, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint32_t room = UNDO_INFO_SIZE + v->key_size + v->bookmark_data_size + v->image_size;
    if (store->record_room < room) {
        uint8_t *grown = (uint8_t *)mem_resize(store->record, room);
        if (grown == NULL)
            RAISE(JET_errOutOfMemory);
        store->record = grown;
        store->record_room = room;
    }
    TRY(log_append(v->transaction->log, store->record, version_encode_undo_info(store->record, v), position));
    version_pending_supersede(store, v, *position);
done:
    return err;
}

JET_ERR version_store_log_images(struct version_store *store, uint8_t dbid, page_no_t page_no, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    /* Images of this page became pending under its latch, which the caller holds. */
    if (atomic_load_explicit(&store->pending_count, memory_order_acquire) == 0)
        goto done;
    mutex_lock(&store->commit_lock);
    for (struct version *v = *bucket_of(store, dbid, page_no), *next; v != NULL && err >= 0; v = next) {
        lgpos_t at = 0;
        next = v->pending_next;
        if (v->dbid != dbid || v->page_no != page_no)
            continue;
        err = log_one(store, v, &at);
        if (err >= 0 && position != NULL)
            *position = at;
    }
    mutex_unlock(&store->commit_lock);
done:
    if (position != NULL) {
        lgpos_t commit = atomic_load_explicit(superseded_of(store, dbid, page_no), memory_order_acquire);
        if (commit > *position)
            *position = commit;
    }
    return err;
}

JET_ERR version_log_image(struct version_store *store, struct version *v)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t position;
    mutex_lock(&store->commit_lock);
    if (v->is_image_pending)
        err = log_one(store, v, &position);
    mutex_unlock(&store->commit_lock);
    return err;
}
