/* Handle registries (handles.h). Chunks of slots are published with release order and never freed. */
#include "engine/handles.h"

#include "base/memory.h"

#define SLOT_MASK ((UINT64_C(1) << HANDLE_TURN_SHIFT) - 1)

/* Under the lock. */
static JET_ERR take_slot(struct handle_table *table, uint32_t *number_out)
{
    if (table->first_free != 0) {
        *number_out = table->first_free - 1;
        table->first_free = handle_slot_at(table, *number_out)->next_free;
        return JET_errSuccess;
    }
    uint32_t number = table->used_slots;
    uint32_t chunk = number / HANDLE_CHUNK_SLOTS;
    if (chunk >= HANDLE_CHUNKS)
        return JET_errOutOfMemory;
    if (chunk > 0 && number % HANDLE_CHUNK_SLOTS == 0) {
        struct handle_slot *slots = mem_alloc_aligned(_Alignof(struct handle_slot), HANDLE_CHUNK_SLOTS * sizeof *slots);
        if (slots == NULL)
            return JET_errOutOfMemory;
        atomic_store_explicit(&table->chunks[chunk], slots, memory_order_release);
    }
    table->used_slots++;
    *number_out = number;
    return JET_errSuccess;
}

JET_ERR handle_add(struct handle_table *table, void *object, uint64_t claim, struct handle_slot **slot_out, uint64_t *handle_out)
{
    uint32_t number = 0;
    pthread_mutex_lock(&table->lock);
    JET_ERR err = take_slot(table, &number);
    if (err >= 0) {
        struct handle_slot *slot = handle_slot_at(table, number);
        slot->turn++;
        uint64_t handle = (uint64_t)table->kind << HANDLE_KIND_SHIFT | (uint64_t)slot->turn << HANDLE_TURN_SHIFT | (number + 1);
        atomic_store(&slot->object, object);
        atomic_store(&slot->claim, claim);
        *slot_out = slot;
        *handle_out = handle;
        table->live++;
        atomic_store(&slot->handle, handle);
    }
    pthread_mutex_unlock(&table->lock);
    return err;
}

void handle_remove(struct handle_table *table, struct handle_slot *slot)
{
    pthread_mutex_lock(&table->lock);
    uint64_t handle = atomic_exchange(&slot->handle, 0);
    atomic_store(&slot->object, NULL);
    slot->next_free = table->first_free;
    table->first_free = (uint32_t)(handle & SLOT_MASK);
    table->live--;
    pthread_mutex_unlock(&table->lock);
}

void handle_visit(struct handle_table *table, bool (*visit)(void *context, struct handle_slot *slot), void *context)
{
    pthread_mutex_lock(&table->lock);
    uint32_t used = table->used_slots;
    pthread_mutex_unlock(&table->lock);
    for (uint32_t number = 0; number < used; number++) {
        struct handle_slot *slot = handle_slot_at(table, number);
        if (atomic_load(&slot->handle) != 0 && !visit(context, slot))
            return;
    }
}
