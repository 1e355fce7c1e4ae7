/* Threads, mutexes, conditions and reader-writer latches, ranked.
 *
 * Every mutex and latch has a rank; in debug builds a thread that takes one whose rank is not higher than the highest it holds aborts
 * (latches of equal rank are allowed where the owner orders them itself, e.g. page latches in tree order).
 * The ranks, outermost first, are the locking hierarchy (docs/locking.md). */
#ifndef OPENESE_OS_THREAD_H
#define OPENESE_OS_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum lock_rank {
    RANK_PROCESS = 10,        /* instance registry, run mode, global parameters */
    RANK_INSTANCE = 20,       /* instance state, session list, parameters */
    RANK_BACKUP = 25,         /* backup session: outside the databases lock, which its calls take */
    RANK_DATABASES = 30,      /* attach/detach of one instance */
    RANK_CHECKPOINT_ROUND = 33, /* one checkpoint at a time */
    RANK_ATTACHMENTS = 35,    /* which databases of an instance are being changed, for its checkpoint thread */
    RANK_DATABASE_HEADER = 40,/* one database's header */
    RANK_SESSION = 45,
    RANK_CLEANUP = 47,        /* one thread at a time cleans up versions */
    RANK_CATALOG = 50,        /* schema cache */
    RANK_CATALOG_TABLE = 52,  /* state shared by the users of one table */
    RANK_TREE = 55,           /* one split or merge of a tree at a time */
    RANK_SPACE = 57,          /* space trees of one database */
    RANK_PAGE = 60,           /* page latches, in tree order */
    RANK_BACKUP_RANGE = 65,
    RANK_CACHE = 70,          /* cache: frames and their replacement */
    RANK_CACHE_PARTITION = 72,/* cache: one part of the page table */
    RANK_VERSION = 75,
    RANK_CHECKPOINT = 78,
    RANK_LOG = 80,            /* log buffer */
    RANK_LOG_WRITE = 85,
    RANK_LEAF = 100           /* takes nothing else */
};

/* The check itself, for locks that are not built from the ones below. enter: about to wait for `lock`; enter_tried: taken without waiting;
 * leave: given back. Abort on a breach. Nothing in release builds. */
#ifndef NDEBUG
void lock_order_enter(const void *lock, int rank);
void lock_order_enter_tried(const void *lock, int rank);
void lock_order_leave(const void *lock);
#else
static inline void lock_order_enter(const void *lock, int rank) { (void)lock, (void)rank; }
static inline void lock_order_enter_tried(const void *lock, int rank) { (void)lock, (void)rank; }
static inline void lock_order_leave(const void *lock) { (void)lock; }
#endif

struct mutex {
    pthread_mutex_t handle;
    int rank;
};
struct condition {
    pthread_cond_t handle;
};
/* A reader-writer lock. */
struct latch {
    pthread_rwlock_t handle;
    int rank;
};

MUST_CHECK JET_ERR mutex_init(struct mutex *m, enum lock_rank rank);
void mutex_destroy(struct mutex *m);
void mutex_lock(struct mutex *m);
bool mutex_try_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

MUST_CHECK JET_ERR condition_init(struct condition *c);
void condition_destroy(struct condition *c);
void condition_wait(struct condition *c, struct mutex *m);
/* False on time-out. */
bool condition_wait_for(struct condition *c, struct mutex *m, uint64_t milliseconds);
void condition_signal(struct condition *c);
void condition_broadcast(struct condition *c);

MUST_CHECK JET_ERR latch_init(struct latch *l, enum lock_rank rank);
void latch_destroy(struct latch *l);
void latch_shared(struct latch *l);
void latch_exclusive(struct latch *l);
bool latch_try_exclusive(struct latch *l);
void latch_unlock_shared(struct latch *l);
void latch_unlock_exclusive(struct latch *l);

struct thread {
    pthread_t handle;
    bool is_started;
};
MUST_CHECK JET_ERR thread_start(struct thread *t, void *(*run)(void *), void *argument); /* JET_errOutOfThreads */
void thread_join(struct thread *t); /* accepts a thread that was never started */
/* A number that identifies the calling thread. */
extern _Thread_local uint64_t thread_number __attribute__((tls_model("initial-exec"))); /* 0: not asked for yet. Use thread_id */
uint64_t thread_id_first(void);
static inline uint64_t thread_id(void) { return thread_number != 0 ? thread_number : thread_id_first(); }
void thread_sleep_ms(uint64_t milliseconds);

#endif
