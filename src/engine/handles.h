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

enum { HANDLE_CHUNK_SLOTS = 1024, HANDLE_CHUNKS = 4096, HANDLE_TURN_SHIFT = 24, HANDLE_KIND_SHIFT = 56 };

/* A cache line each: every call of a session writes its slot's claim, and sessions of different threads must not slow each other down. */
struct handle_slot {
    _Alignas(64) atomic_uint_least64_t handle; /* 0 = free */
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

/* The slot with this number (from 0), or NULL when there is none yet. */
static inline struct handle_slot *handle_slot_at(struct handle_table *table, uint32_t number)
{
    uint32_t chunk = number / HANDLE_CHUNK_SLOTS;
    struct handle_slot *slots = chunk == 0 ? table->first_chunk : atomic_load_explicit(&table->chunks[chunk], memory_order_acquire);
    return slots != NULL ? &slots[number % HANDLE_CHUNK_SLOTS] : NULL;
}

/* A new handle for object. The slot's claim is set to `claim` before the handle can be found. JET_errOutOfMemory. */
MUST_CHECK JET_ERR handle_add(struct handle_table *table, void *object, uint64_t claim, struct handle_slot **slot_out, uint64_t *handle_out);
/* The slot a handle names, or NULL when it cannot be one of this table. The caller still compares slot->handle. */
static inline struct handle_slot *handle_slot_of(struct handle_table *table, uint64_t handle)
{
    uint64_t number = handle & ((UINT64_C(1) << HANDLE_TURN_SHIFT) - 1);
    if (handle >> HANDLE_KIND_SHIFT != (uint64_t)table->kind || number == 0 || number > (uint64_t)HANDLE_CHUNKS * HANDLE_CHUNK_SLOTS)
        return NULL;
    return handle_slot_at(table, (uint32_t)number - 1);
}
/* The handle dies at once; the slot may serve another object from now on. */
void handle_remove(struct handle_table *table, struct handle_slot *slot);

/* Calls visit for every live slot until it returns false. Slots may come and go meanwhile; each is seen at most once. */
void handle_visit(struct handle_table *table, bool (*visit)(void *context, struct handle_slot *slot), void *context);

#endif
