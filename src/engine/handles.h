/* Registries of handles: a handle names a slot and the use of it, so that one that is closed, foreign or invented is recognised.
 *
 * A handle is 64 bits: kind (bits 56-59) | turn of the slot (bits 24-55) | slot number + 1 (bits 0-23). A slot is used again only with a new
 * turn, and slots never go back to the system while the process lives; looking one up therefore takes no lock and is safe with any value.
 *
 * slot->claim belongs to the user of the table: the thread inside a session, the number of calls inside an instance, the session of a
 * cursor. Threads: everything here may be called from any thread; adding and removing take the table's lock (RANK_LEAF).
 */
#ifndef OPENESE_ENGINE_HANDLES_H
#define OPENESE_ENGINE_HANDLES_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "os/thread.h"

enum handle_kind { HANDLE_INSTANCE = 1, HANDLE_SESSION = 2, HANDLE_CURSOR = 3 };

enum { HANDLE_CHUNK_SLOTS = 1024, HANDLE_CHUNKS = 4096 };

struct handle_slot {
    atomic_uint_least64_t handle; /* 0 = free */
    atomic_uint_least64_t claim;
    void *_Atomic object;
    uint32_t turn, next_free;     /* under the table's lock; next_free is a slot number + 1 */
};

struct handle_table {
    pthread_mutex_t lock;
    enum handle_kind kind;
    uint32_t used_slots, first_free, live; /* under lock */
    struct handle_slot *_Atomic chunks[HANDLE_CHUNKS];
    struct handle_slot first_chunk[HANDLE_CHUNK_SLOTS];
};

/* A new handle for object. The slot's claim is set to `claim` before the handle can be found. JET_errOutOfMemory. */
MUST_CHECK JET_ERR handle_add(struct handle_table *table, void *object, uint64_t claim, struct handle_slot **slot_out, uint64_t *handle_out);
/* The slot a handle names, or NULL when it cannot be one of this table. The caller still compares slot->handle. */
struct handle_slot *handle_slot_of(struct handle_table *table, uint64_t handle);
/* The handle dies at once; the slot may serve another object from now on. */
void handle_remove(struct handle_table *table, struct handle_slot *slot);

/* Calls visit for every live slot until it returns false. Slots may come and go meanwhile; each is seen at most once. */
void handle_visit(struct handle_table *table, bool (*visit)(void *context, struct handle_slot *slot), void *context);

#endif
