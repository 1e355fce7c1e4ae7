/* The functions registered for a table: kept in its table_state, called by whoever uses the cursor (cursor.h).
 *
 * The list only grows while the catalog lives, so that it is walked without a lock; what is taken out stays as an entry that wants no events. */
#include "base/memory.h"
#include "catalog/ddl.h"
#include "cursor/internal.h"

const struct table_callback *cursor_callbacks(const struct cursor *c) { return c->state != NULL ? atomic_load(&c->state->callbacks) : NULL; }

const struct table_callback *cursor_template_callbacks(const struct cursor *c) { return c->template_state != NULL ? atomic_load(&c->template_state->callbacks) : NULL; }

bool cursor_has_callbacks(const struct cursor *c)
{
    return c->state != NULL && (atomic_load(&c->state->callbacks) != NULL || c->schema->callback_count > 0 || cursor_template_callbacks(c) != NULL);
}

JET_ERR cursor_add_callback(struct cursor *c, void (*function)(void), void *context, uint32_t types, uint64_t *id)
{
    JET_ERR err = JET_errSuccess;
    struct table_callback *made = NULL;
    if (c->state == NULL)
        RAISE(JET_errIllegalOperation);
    made = mem_alloc(sizeof *made);
    if (made == NULL)
        RAISE(JET_errOutOfMemory);
    made->function = function;
    made->context = context;
    atomic_init(&made->types, types);
    mutex_lock(&c->state->lock);
    made->next = atomic_load(&c->state->callbacks);
    made->id = made->next != NULL ? made->next->id + 1 : 1;
    *id = made->id;
    atomic_store(&c->state->callbacks, made);
    mutex_unlock(&c->state->lock);
done:
    return err;
}

bool cursor_remove_callback(struct cursor *c, uint64_t id)
{
    for (struct table_callback *callback = c->state != NULL ? atomic_load(&c->state->callbacks) : NULL; callback != NULL; callback = callback->next)
        if (callback->id == id)
            return atomic_exchange(&callback->types, 0) != 0;
    return false;
}
