/* Telling a listener what the replay meets (struct recovery_change). Called only when somebody listens. */
#include "base/memory.h"
#include "page/image.h"
#include "recovery/internal.h"

static JET_ERR tell(struct recovery *r, const struct recovered_session *s, struct recovery_change *c)
{
    c->position = r->position;
    c->time = recovery_time_reached(r);
    if (s != NULL && s->has_begun)
        c->transaction = s->transaction;
    return r->config->change(r->config->change_context, c);
}

JET_ERR recovery_observe_transaction(struct recovery *r, const struct recovered_session *s, const struct log_record *record)
{
    bool is_end = s->level == 0 && s->has_begun;
    struct recovery_change c = {.session = record->procid};
    switch (record->type) {
    case LR_BEGIN0: c.kind = RECOVERY_BEGIN; break;
    case LR_COMMIT0: c.kind = RECOVERY_COMMIT; break;
    case LR_ROLLBACK:
        if (!is_end)
            return JET_errSuccess;
        c.kind = RECOVERY_ROLLBACK;
        break;
    default: return JET_errSuccess;
    }
    return tell(r, s, &c);
}

JET_ERR recovery_observe_open_end(struct recovery *r, const struct recovered_session *s)
{
    struct recovery_change c = {.kind = RECOVERY_ROLLBACK, .session = s->procid, .is_open_at_end = true};
    return tell(r, s, &c);
}

static bool set_kind(struct recovery_change *c, const struct log_record *record)
{
    switch (record->type) {
    case LR_INSERT:
    case LR_FLAG_INSERT:
    case LR_FLAG_INSERT_AND_REPLACE: c->kind = RECOVERY_INSERT; break;
    case LR_REPLACE:
    case LR_REPLACE_D: c->kind = RECOVERY_REPLACE; break;
    case LR_FLAG_DELETE: c->kind = RECOVERY_DELETE; break;
    case LR_DELTA:
    case LR_DELTA64: c->kind = RECOVERY_DELTA; break;
    case LR_UNDO:
        c->kind = RECOVERY_UNDO;
        c->undone = record->tail.operation == VERSION_INSERT        ? RECOVERY_INSERT
                    : record->tail.operation == VERSION_REPLACE     ? RECOVERY_REPLACE
                    : record->tail.operation == VERSION_FLAG_DELETE ? RECOVERY_DELETE
                                                                    : RECOVERY_DELTA;
        break;
    default: return false; /* physical: removal of dead nodes, headers of trees */
    }
    return true;
}

/* Two pieces put together; *buffer is the caller's. */
static JET_ERR join(struct span a, struct span b, uint8_t **buffer, struct span *out)
{
    *buffer = (uint8_t *)mem_alloc((size_t)a.size + b.size + 1);
    if (*buffer == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    if (a.size > 0)
        memcpy(*buffer, a.data, a.size);
    if (b.size > 0)
        memcpy(*buffer + a.size, b.data, b.size);
    *out = span_of(*buffer, a.size + b.size);
    return JET_errSuccess;
}

static JET_ERR set_after(struct recovery_change *c, const struct log_record *record, const struct span *before, uint8_t **room)
{
    JET_ERR err = JET_errSuccess;
    const struct node_tail *t = &record->tail;
    c->has_after = c->kind == RECOVERY_INSERT || record->type == LR_REPLACE;
    if (record->type == LR_FLAG_INSERT)
        c->has_after = false; /* the dead node's data comes back */
    c->after = t->data;
    if (record->type == LR_REPLACE_D && before != NULL && t->new_size <= PAGE_SIZE_MAX) {
        *room = (uint8_t *)mem_alloc((size_t)t->new_size + 1);
        if (*room == NULL)
            RAISE(JET_errOutOfMemory);
        TRY(page_difference_apply(*before, t->data, t->operation != 0, *room, t->new_size));
        c->after = span_of(*room, t->new_size);
        c->has_after = true;
    }
done:
    return err;
}

JET_ERR recovery_observe_node(struct recovery *r, const struct recovered_database *d, const struct recovered_session *s, const struct log_record *record,
                              const struct node *node, const struct span *before, const struct version_entry *undone)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *key = NULL, *room = NULL;
    struct recovery_change c = {.session = record->procid, .level = record->page.level, .database = d != NULL ? d->logged_path : NULL, .objid = record->node.objid,
                                .page_no = record->page.page_no, .delta = record->tail.delta, .offset = record->tail.offset};
    if ((record->page.flags & LR_FLAG_SPACE_TREE) != 0 || !set_kind(&c, record))
        goto done;
    c.has_key = node != NULL || c.kind == RECOVERY_INSERT || c.kind == RECOVERY_DELTA || c.kind == RECOVERY_UNDO;
    if (c.has_key)
        TRY(node != NULL ? join(node->prefix, node->suffix, &key, &c.key) : join(record->tail.key_prefix, record->tail.key, &key, &c.key));
    c.has_before = before != NULL && c.kind != RECOVERY_INSERT;
    if (c.has_before)
        c.before = *before;
    TRY(set_after(&c, record, before, &room));
    if (undone != NULL && undone->operation == VERSION_REPLACE && !undone->is_deferred) {
        c.has_after = true;
        c.after = version_entry_data(undone);
    }
    err = tell(r, s, &c);
done:
    mem_free(key);
    mem_free(room);
    return err;
}
