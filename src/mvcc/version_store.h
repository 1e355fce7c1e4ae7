/* The version store: what nodes were before the changes that not everybody may see yet (snapshot isolation), and what a rollback takes back.
 *
 * A version belongs to a node, named by (database, root page, bookmark), and to the transaction that made it. The versions of a node form a chain from
 * newest to oldest. A node that has, or may have, versions carries NODE_FLAG_VERSIONED on its page: without the flag nobody looks here, and a flag without
 * versions costs one probe. A version is added, and taken out by rollback, only while the node's leaf is latched exclusive; a reader resolves a node while
 * it holds the leaf shared, so what it sees is one moment.
 *
 * Life: prepared (memory and room are there: the last step that can fail) -> published (in the chain and in the transaction's list) -> committed
 * (its transaction is) -> cleaned when no snapshot is older, or taken back.
 *
 * Images of uncommitted replaces and flag-deletes: the page may be written to disk only when the log has them (UndoInfo, recovery 10.2). They are logged only if
 * that happens: version_store_log_images is called by the cache before it writes a page, and by btree/ before it moves nodes to another page.
 *
 * Locks: RANK_VERSION mutexes, inside page latches and outside the log's. See README.md.
 */
#ifndef OPENESE_MVCC_VERSION_STORE_H
#define OPENESE_MVCC_VERSION_STORE_H

#include "format/page.h"
#include "mvcc/transaction.h"

struct database;

enum version_kind { VERSION_KIND_INSERT = 1, VERSION_KIND_REPLACE = 2, VERSION_KIND_DELETE = 3, VERSION_KIND_DELTA = 4, VERSION_KIND_READ_LOCK = 6, VERSION_KIND_LOCK = 7, VERSION_KIND_DELTA64 = 9,
                    VERSION_KIND_ACTION = 100 /* no node: something to do at commit+cleanup or rollback, see struct version_action */ };

/* The node a version belongs to. */
struct version_node {
    struct database *db;
    uint8_t dbid;
    page_no_t root;
    uint32_t objid;
    bool is_unique;
    struct page_key_span { struct span head, tail; } key; /* a key in two pieces, as nodes have it */
    struct span data; /* of the bookmark: ignored in unique trees */
};

struct version {
    struct version *older;                    /* of the same node */
    struct version *newer;                    /* likewise */
    struct version *bucket_next;              /* of the newest of a node: the next node in the hash table */
    struct version *pending_next, **pending_link; /* of the images pending in one bucket of pages */
    struct version *next, *previous;          /* of the same transaction, oldest first; then of the queue of the cleanup */
    struct transaction *transaction;          /* means nothing once `committed` is set */
    atomic_uint_least64_t committed;          /* commit number, 0 = not yet */
    uint32_t rceid;
    uint32_t hash;
    uint8_t kind, level;
    bool is_in_chain;
    bool is_undone;                           /* an insert taken back: no version any more, but its node is still to be removed from the page */
    bool is_image_pending;                    /* image not logged yet, and listed under page_no */
    bool tree_is_unique;
    struct database *db;
    uint8_t dbid;
    page_no_t root, page_no;                  /* page_no: where the node was when the image became pending */
    uint32_t objid;
    uint16_t offset;                          /* delta; set by the caller, as are delta and reserved, between prepare and publish */
    int64_t delta;
    int32_t reserved;                         /* replace: bytes of the page kept free for a rollback (cbDelta) */
    uint32_t key_size, bookmark_data_size, image_size;
    const struct version_action *action;      /* VERSION_KIND_ACTION */
    void *action_context;
    uint8_t *bytes;                           /* key, bookmark data, image */
    struct version_slab *slab;                /* the memory it is a piece of; NULL: a block of its own */
};
static inline bool version_is_lock(const struct version *v) { return v->kind == VERSION_KIND_LOCK || v->kind == VERSION_KIND_READ_LOCK; }
static inline struct span version_key(const struct version *v) { return span_of(v->bytes, v->key_size); }
static inline struct span version_bookmark_data(const struct version *v) { return span_of(v->bytes + v->key_size, v->bookmark_data_size); }
static inline struct span version_image(const struct version *v) { return span_of(v->bytes + v->key_size + v->bookmark_data_size, v->image_size); }

/* Something of a layer above that must follow a transaction's fate: space of a deleted table, a schema to forget, a counter. Each may be NULL. */
struct version_action {
    /* In commit order, once no snapshot is older, by the cleanup worker within its transaction (level >= 1). An error is reported and not retried, unless is_restartable. */
    JET_ERR (*cleaned)(void *context, struct transaction *cleanup);
    /* At once when the outermost transaction commits (after its number is visible) or the level is taken back. May not fail, may not use pages. */
    void (*committed)(void *context);
    void (*rolled_back)(void *context);
    void (*free)(void *context); /* always last */
    /* Like `cleaned`, after the level was taken back: behind the nodes whose insert was taken back before it. */
    JET_ERR (*cleaned_after_rollback)(void *context, struct transaction *cleanup);
    /* After an error of one of the two the same call may be made again, a few times: what came later waits, so that the order stays. */
    bool is_restartable;
};

struct version_store_config {
    uint64_t bytes_max;       /* of all versions: JET_errVersionStoreOutOfMemory */
};
MUST_CHECK JET_ERR version_store_create(const struct version_store_config *config, struct version_store **out);
/* No transaction may be open. Versions not cleaned are dropped. Accepts NULL. */
void version_store_destroy(struct version_store *store);
/* The highest transaction number recovery has seen; numbers go on behind it. */
void version_store_set_last_number(struct version_store *store, uint32_t number);

/* --- writing: the node's leaf is latched exclusive --- */

/* May this transaction change the node? JET_errWriteConflict: another transaction's change of it is uncommitted, or committed after our snapshot. A rolled-back
 * or older change is none. A lock of another is a conflict too. */
MUST_CHECK JET_ERR version_check_conflict(struct version_store *store, const struct transaction *t, const struct version_node *node);
/* The same for other kinds of changes. DELTA: deltas of others are no conflict. READ_LOCK: read locks of others are none. LATEST: changes committed after the snapshot are none. UNCOMMITTED: only
 * what another transaction did last and has not committed is one, whatever it is. */
enum version_conflict_rule { VERSION_CONFLICT_CHANGE, VERSION_CONFLICT_DELTA, VERSION_CONFLICT_LATEST, VERSION_CONFLICT_READ_LOCK, VERSION_CONFLICT_UNCOMMITTED };
MUST_CHECK JET_ERR version_check_conflict_as(struct version_store *store, const struct transaction *t, const struct version_node *node, enum version_conflict_rule rule);
/* Has the node any version that is not committed (of anybody), or one some snapshot may need? For the deletion of nodes for good. */
bool version_is_active(struct version_store *store, const struct version_node *node);
/* Memory for a version, with an id. image: the data before (replace; not for flag-delete, whose data stays on the page). JET_errOutOfMemory, JET_errVersionStoreOutOfMemory. */
MUST_CHECK JET_ERR version_prepare(struct transaction *t, enum version_kind kind, const struct version_node *node, struct span image, struct version **out);
/* The log record is written: into the chain. page_no: where the node stands (images become pending there; 0: nothing is logged). */
void version_publish(struct transaction *t, struct version *v, page_no_t page_no);
/* Instead of publishing, when the log record could not be written. Accepts NULL. */
void version_discard(struct version_store *store, struct version *v);
MUST_CHECK JET_ERR version_add_action(struct transaction *t, const struct version_action *action, void *context);

/* --- reading: the node's leaf is latched --- */

enum version_sight { VERSION_SIGHT_PAGE /* as the page has it */, VERSION_SIGHT_ABSENT /* not there for this reader */, VERSION_SIGHT_IMAGE /* *data is what it reads */ };
/* What a reader sees of a node with NODE_FLAG_VERSIONED. is_deleted, page_data: what the page says. scratch: grows to hold images changed by deltas; images
 * point into the store and live while the leaf stays latched (or into scratch). reader NULL, or without snapshot: the page decides. */
struct version_scratch { uint8_t *bytes; uint32_t room; };
MUST_CHECK JET_ERR version_resolve(struct version_store *store, const struct transaction *reader, const struct version_node *node, bool is_deleted, struct span page_data,
                                   struct version_scratch *scratch, enum version_sight *sight, struct span *data);
/* Are there any versions at all? Lock-free: lets readers skip everything. */
bool version_store_is_empty(const struct version_store *store);

/* --- images --- */

/* Appends an UndoInfo for every pending image of the page. *position is raised to what must be durable before the page is on disk: the last UndoInfo, or the Commit0 that made
 * images of the page superfluous (may be NULL). The page is latched. */
MUST_CHECK JET_ERR version_store_log_images(struct version_store *store, uint8_t dbid, page_no_t page_no, lgpos_t *position);
/* Appends the UndoInfo of one version if it is pending: before its Undo record. */
MUST_CHECK JET_ERR version_log_image(struct version_store *store, struct version *v);
/* Encodes the UndoInfo record of a version; room: 56 + key + bookmark data + image. Returns its size. */
uint32_t version_encode_undo_info(uint8_t *out, const struct version *v);

/* --- the end of a transaction; called by txn/ --- */

/* Takes the versions of levels > `to_level` one by one from newest to oldest (NULL: none left); after each its node has been restored by the caller, with the leaf
 * latched when version_take_back is called to remove it from chain and list. It frees the version, but for an insert, whose node is now flag-deleted: that goes to
 * the cleanup (is_undone) to be removed from the page when nobody can see it. */
struct version *version_newest(struct transaction *t, unsigned above_level);
void version_take_back(struct transaction *t, struct version *v);
/* Level `level` ends well inside another: its versions belong to level - 1. */
void version_lower_level(struct transaction *t, unsigned level);
/* The outermost commit: under the store's commit lock appends the records of `append` (Commit0 with the commit number, which it is given), then makes everything visible.
 * Read-only transactions (no version, nothing logged) skip all of it. On an error nothing has changed. */
MUST_CHECK JET_ERR version_store_commit(struct transaction *t, JET_ERR (*append)(void *context, uint32_t number, lgpos_t *position), void *context, lgpos_t *position);
/* A node others read has been changed without a version: who begins from now on has another snapshot than those before, so that what was copied for theirs does not serve it. */
void version_store_renew_snapshots(struct version_store *store);
/* Ends the snapshot of a transaction that has ended. */
void transaction_end(struct transaction *t);

/* --- cleanup; called by txn/, one thread at a time --- */

/* Is called (from any thread, under page latches) when half of bytes_max is in use, or versions come up while nobody expects any (version_store_expect_nothing).
 * NULL takes it back; no thread may be in the store then. */
void version_store_set_wake(struct version_store *store, void (*wake)(void *context), void *context);
/* Before a long sleep. False: there is something in the queue. */
bool version_store_expect_nothing(struct version_store *store);
/* Is half of bytes_max in use: should the cleanup hurry? Three quarters: should whoever makes versions wait a little for it? */
bool version_store_is_half_full(const struct version_store *store);
bool version_store_is_crowded(const struct version_store *store);

/* The oldest number that some snapshot may still read at; versions committed at or below it are needed by nobody. */
uint64_t version_store_oldest_snapshot(struct version_store *store);
/* Gives the next committed version that nobody needs, in commit order; NULL: none. It stays in its chain until version_cleaned. */
struct version *version_next_to_clean(struct version_store *store);
/* The one it gave last comes again, before all others. */
void version_clean_again(struct version_store *store, struct version *v);
/* The one it gave last, until version_cleaned; then NULL. */
struct version *version_being_cleaned(const struct version_store *store);
/* Out of the chain and freed; of the one version_next_to_clean gave last. For deletes the caller holds the leaf latched when it removes the node, and calls this first. */
void version_cleaned(struct version_store *store, struct version *v);
/* Oldest Begin0 of the open transactions, 0: none. For the checkpoint. */
lgpos_t version_store_oldest_begin(struct version_store *store);

struct version_store_statistics { uint64_t versions, bytes, cleaned; uint64_t oldest_snapshot; };
void version_store_get_statistics(struct version_store *store, struct version_store_statistics *out);
/* Versions of a database not cleaned yet, and all actions (which may be about any): detach waits until there are none. */
uint64_t version_store_count_of(struct version_store *store, uint32_t dbid);

#endif
