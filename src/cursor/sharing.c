/* Who has a table open, and whom it keeps out (cursor.h).
 *
 * The cursors that clients have open on a table are a list in its table_state, under the state's lock. A cursor asks for its place in it once it is open; what others look at
 * is written then and does not change, but for the index it is on, which is published for those who delete indexes. Whoever deletes a table marks the state first and counts the
 * cursors then; whoever opens one is counted first and looks at the mark then: so one of the two finds the other. */
#include "catalog/ddl.h"
#include "cursor/internal.h"

JET_ERR sharing_enter(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    if (c->schema->template_objid != 0) {
        struct table_state *template_state;
        TRY(catalog_table_state(c->catalog, c->schema->template_objid, &template_state));
        c->template_state = template_state;
    }
    struct table_state *state;
    TRY(catalog_table_state(c->catalog, c->schema->objid, &state));
    atomic_store(&state->template_objid, c->schema->template_objid);
    TRY(catalog_enter_table(c->catalog, state, c->schema));
    c->state = state;
done:
    return err;
}

void sharing_leave(struct cursor *c)
{
    if (c->state == NULL)
        return;
    mutex_lock(&c->state->lock);
    if (c->open_link != NULL)
        *c->open_link = c->next_open;
    if (c->open_link != NULL && c->next_open != NULL)
        c->next_open->open_link = c->open_link;
    mutex_unlock(&c->state->lock);
    catalog_leave_table(c->catalog, c->state);
}

static void list_cursor(struct cursor *c)
{
    c->next_open = c->state->cursors;
    c->open_link = (struct cursor **)&c->state->cursors;
    if (c->next_open != NULL)
        c->next_open->open_link = &c->next_open;
    c->state->cursors = c;
}

/* What the others have been given comes first, then what they would have to be refused. A second lock against writing is refused even to the session that has the first. Under the
 * state's lock. */
static JET_ERR find_conflict(const struct cursor *c, unsigned deny)
{
    bool is_in_use = false;
    for (const struct cursor *other = c->state->cursors; other != NULL; other = other->next_open) {
        bool is_foreign = other->owner != c->transaction;
        if (other == c)
            continue;
        if (is_foreign && ((other->deny & CURSOR_DENY_READ) != 0 || ((other->deny & CURSOR_DENY_WRITE) != 0 && c->is_updatable)))
            return JET_errTableLocked;
        if ((deny & CURSOR_DENY_WRITE) != 0 && ((other->deny & CURSOR_DENY_WRITE) != 0 || (is_foreign && other->is_writer)))
            is_in_use = true;
        if ((deny & CURSOR_DENY_READ) != 0 && is_foreign)
            is_in_use = true;
    }
    return is_in_use ? JET_errTableInUse : JET_errSuccess;
}

JET_ERR cursor_set_sharing(struct cursor *c, unsigned deny)
{
    JET_ERR err = JET_errSuccess;
    if (c->state == NULL)
        return err;
    bool is_template = (c->schema->flags & TABLE_FLAG_TEMPLATE) != 0; /* has no rows */
    if ((deny & CURSOR_PERMIT_DDL) != 0 && (is_template ? catalog_has_derived_in_use(c->catalog, c->schema->objid) : catalog_has_writers(c->catalog, c->state)))
        RAISE(JET_errTableInUse);
    mutex_lock(&c->state->lock);
    err = atomic_load(&c->state->is_deleted) ? JET_errTableLocked : find_conflict(c, deny);
    if (err >= 0) {
        c->deny = deny;
        c->owner = c->transaction;
        c->is_writer = c->is_updatable;
        if (c->open_link == NULL)
            list_cursor(c);
    }
    mutex_unlock(&c->state->lock);
done:
    return err;
}

unsigned cursor_sharing(const struct cursor *c) { return c->deny; }

bool cursor_session_denies_read(const struct cursor *c)
{
    bool found = false;
    mutex_lock(&c->state->lock);
    for (const struct cursor *other = c->state->cursors; other != NULL && !found; other = other->next_open)
        found = other->owner == c->transaction && (other->deny & CURSOR_DENY_READ) != 0;
    mutex_unlock(&c->state->lock);
    return found;
}

bool cursor_index_is_in_use(const struct cursor *c, uint32_t objid)
{
    bool found = false;
    mutex_lock(&c->state->lock);
    for (const struct cursor *other = c->state->cursors; other != NULL && !found; other = other->next_open)
        found = atomic_load(&other->current_objid) == objid;
    mutex_unlock(&c->state->lock);
    return found;
}
