/* Inside mvcc/: the store itself. Not for other modules. README.md has the protocol. */
#ifndef OPENESE_MVCC_INTERNAL_H
#define OPENESE_MVCC_INTERNAL_H

#include <stdalign.h>

#include "base/assert.h"
#include "base/memory.h"
#include "mvcc/version_store.h"
#include "os/thread.h"

enum { VERSION_SUPERSEDED = 4096, VERSION_PARTITIONS = 64, VERSION_DBIDS = 256, VERSION_NUMBER_STEP = 4, CACHE_LINE = 64 };

/* One part of the nodes that have versions: a hash table of the newest version of each. */
struct version_partition {
    alignas(CACHE_LINE) struct mutex lock;
    struct version **buckets;
    uint32_t mask, nodes;
};

struct version_store {
    struct version_partition partitions[VERSION_PARTITIONS];

    /* Read by every begin, written by every commit that changed something. */
    alignas(CACHE_LINE) atomic_uint_least64_t visible; /* commit numbers up to this are seen by whoever begins now; never 0 */
    atomic_uint_least64_t oldest_known;                /* no snapshot is, or will be, older */

    alignas(CACHE_LINE) atomic_uint_least64_t numbers; /* the last number given, to a transaction or a commit */
    atomic_uint_least64_t bytes, count, cleaned, actions;
    atomic_uint_least64_t count_by_dbid[VERSION_DBIDS];
    atomic_uint_least32_t rceid_last;
    uint64_t bytes_max;

    /* The cleanup's bell. */
    atomic_bool is_asleep, is_half_announced;
    void (*wake)(void *context);
    void *wake_context;

    alignas(CACHE_LINE) struct mutex commit_lock; /* order of commits in log and numbers; queue; pending images; levels of versions */
    struct version *queue_first, *queue_last;     /* committed (and undone inserts), by commit number */
    atomic_uint_least64_t queued;
    struct version **pending;                     /* hash table by (dbid, page) */
    uint32_t pending_mask;
    /* By a hash of (dbid, page): the newest Commit0 that made images of such a page superfluous. The page may be on disk without them only when that Commit0 is. Never
     * removed: what is durable does no harm. */
    _Atomic(lgpos_t) superseded[VERSION_SUPERSEDED];
    atomic_uint_least32_t pending_count;
    uint8_t *record;                              /* room to encode an UndoInfo */
    uint32_t record_room;

    struct mutex list_lock; /* transactions */
    struct transaction *transactions;

    struct version *ready, *handed_out; /* the cleanup's own: taken from the queue; given to be cleaned */
};

static inline bool version_is_delta(const struct version *v) { return v->kind == VERSION_KIND_DELTA || v->kind == VERSION_KIND_DELTA64; }
static inline size_t version_size(const struct version *v) { return sizeof *v + v->key_size + v->bookmark_data_size + v->image_size; }

/* --- chains.c --- */
uint32_t version_node_hash(const struct version_node *node);
struct version_partition *version_partition_of(struct version_store *store, uint32_t hash);
/* The newest version of the node, or NULL. The partition is locked. */
struct version *version_find(struct version_partition *p, const struct version_node *node, uint32_t hash);
/* These lock the partition. */
void version_link(struct version_store *store, struct version *v);
void version_unlink(struct version_store *store, struct version *v);

/* --- images.c: all but version_pending_add with the commit lock held --- */
void version_pending_add(struct version_store *store, struct version *v);
void version_pending_remove(struct version_store *store, struct version *v);
/* The transaction has committed, with its Commit0 at `position`: the image is needed no more once that is durable. */
void version_pending_supersede(struct version_store *store, struct version *v, lgpos_t position);

/* --- version_store.c --- */
/* Versions come and go by thousands, and most are given back by another thread than took them: so they are pieces of slabs. A slab is filled by one transaction
 * after the other of a session, from front to end, and goes when its last piece has been given back and nothing more can be taken from it. */
struct version_slab {
    atomic_uint_least32_t pieces; /* given and not back yet; beside them SLAB_OPEN while the slab is being filled */
    uint32_t used, given;         /* bytes; pieces. The filling session's alone */
};
/* The session fills it no more. Accepts NULL. */
void version_slab_close(struct version_slab *slab);

/* Takes the memory back. In no chain and no list any more. */
void version_free(struct version_store *store, struct version *v);
/* The transaction's versions vanish, and the nodes stay as they are. */
void version_abandon_all(struct transaction *t);

/* --- queue.c --- */
/* Behind the queue, with the commit lock held: a list linked by `next` whose last element's `next` is not looked at. */
void version_queue_append(struct version_store *store, struct version *first, struct version *last, uint64_t count);
/* Rings the bell when the cleanup sleeps expecting nothing. Without locks but those of pages. */
void version_store_notice(struct version_store *store);

#endif
