/* Rows of temporary tables prepared and written (update_internal.h). Their values, long ones too, are kept in a list of the cursor's until the row is made of them. */
#define ESENT_PRIVATE
#include "cursor/update_internal.h"

#include "base/memory.h"

/* --- values of the row in the making --- */

void drafts_clear(struct pending_update *u)
{
    for (uint32_t i = 0; i < u->draft_count; i++)
        mem_free(u->drafts[i].bytes);
    u->draft_count = 0;
}

static struct draft_value *find_draft(const struct pending_update *u, uint32_t column_id, uint32_t sequence)
{
    for (uint32_t i = 0; i < u->draft_count; i++)
        if (u->drafts[i].column_id == column_id && u->drafts[i].sequence == sequence)
            return &u->drafts[i];
    return NULL;
}

JET_ERR draft_get(const struct pending_update *u, const struct column *column, uint32_t sequence, struct column_value *out)
{
    const struct draft_value *draft = find_draft(u, column->id, sequence);
    *out = draft != NULL ? (struct column_value){.bytes = span_of(draft->bytes, draft->size)} : (struct column_value){.flags = COLUMN_VALUE_NULL};
    return JET_errSuccess;
}

uint32_t draft_count(const struct pending_update *u, const struct column *column)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < u->draft_count; i++)
        count += u->drafts[i].column_id == column->id;
    return count;
}

static void remove_draft(struct pending_update *u, struct draft_value *draft)
{
    uint32_t column_id = draft->column_id, sequence = draft->sequence;
    mem_free(draft->bytes);
    *draft = u->drafts[--u->draft_count];
    for (uint32_t i = 0; i < u->draft_count; i++)
        if (u->drafts[i].column_id == column_id && u->drafts[i].sequence > sequence)
            u->drafts[i].sequence--;
}

static JET_ERR add_draft(struct pending_update *u, uint32_t column_id, uint32_t sequence, struct draft_value **out)
{
    JET_ERR err = JET_errSuccess;
    if (u->draft_count == u->draft_capacity) {
        uint32_t capacity = u->draft_capacity == 0 ? 16 : 2 * u->draft_capacity;
        struct draft_value *bigger = mem_resize(u->drafts, capacity * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        u->drafts = bigger;
        u->draft_capacity = capacity;
    }
    *out = &u->drafts[u->draft_count++];
    **out = (struct draft_value){column_id, sequence, 0, NULL};
done:
    return err;
}

/* sequence 0 adds a value; with is_null it removes all of them. */
JET_ERR draft_put(struct pending_update *u, const struct column *column, uint32_t sequence, struct span value, bool is_null)
{
    JET_ERR err = JET_errSuccess;
    struct draft_value *draft = find_draft(u, column->id, sequence);
    uint8_t *bytes = NULL;
    if (is_null) {
        if ((column->flags & COLUMN_FLAG_NOT_NULL) != 0)
            RAISE(JET_errNullInvalid);
        if (draft != NULL)
            remove_draft(u, draft);
        while (sequence == 0 && (draft = find_draft(u, column->id, 1)) != NULL)
            remove_draft(u, draft);
        goto done;
    }
    bytes = mem_alloc(value.size);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    if (value.size > 0)
        memcpy(bytes, value.data, value.size);
    if (draft == NULL)
        TRY(add_draft(u, column->id, draft_count(u, column) + 1, &draft));
    if (column->type == COLUMN_TYPE_BIT && value.size == 1 && column_is_fixed(column->id))
        bytes[0] = bytes[0] != 0 ? 0xFF : 0;
    mem_free(draft->bytes);
    draft->bytes = bytes;
    draft->size = value.size;
    bytes = NULL;
done:
    mem_free(bytes);
    return err;
}

/* --- prepare, update, delete --- */

static JET_ERR load_current_row(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    struct row row;
    uint32_t sequence = 0;
    TRY(row_latch(c, &row));
    for (uint32_t i = 0; i < row.temp->value_count; i++) {
        struct span value = temp_row_value_at(row.temp, i);
        uint32_t id = row.temp->values[i].column_id;
        struct draft_value *draft = NULL;
        sequence = i > 0 && row.temp->values[i - 1].column_id == id ? sequence + 1 : 1;
        TRY(add_draft(c->update, id, sequence, &draft));
        draft->bytes = mem_copy(value.data, value.size);
        if (draft->bytes == NULL)
            RAISE(JET_errOutOfMemory);
        draft->size = value.size;
    }
done:
    return err;
}

/* Tables whose rows stay in memory in their order can be changed at any time. */
static JET_ERR check_changeable(const struct cursor *c)
{
    const unsigned changeable = TEMP_UPDATABLE | TEMP_SCROLLABLE | TEMP_INDEXED | TEMP_FORCE_MATERIALIZATION;
    return (temp_table_options(c->temp) & changeable) != 0 ? JET_errSuccess : error_raise(JET_errIllegalOperation, __FILE__, __LINE__);
}

JET_ERR temp_prepare(struct cursor *c, uint32_t option)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    if (option == JET_prepInsertMustSetAutoIncrement || option == JET_prepReadOnlyCopy)
        RAISE(JET_errIllegalOperation);
    u->kind = option == JET_prepReplace || option == JET_prepReplaceNoLock ? UPDATE_REPLACE : UPDATE_INSERT;
    u->deletes_original = option == JET_prepInsertCopyDeleteOriginal || option == JET_prepInsertCopyReplaceOriginal;
    if (u->kind == UPDATE_REPLACE || u->deletes_original)
        TRY(check_changeable(c));
    if (option != JET_prepInsert)
        TRY(load_current_row(c));
done:
    return err;
}

static JET_ERR check_not_null(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < c->schema->column_count; i++)
        if ((c->schema->columns[i].flags & COLUMN_FLAG_NOT_NULL) != 0 && draft_count(c->update, &c->schema->columns[i]) == 0)
            RAISE(JET_errNullInvalid);
done:
    return err;
}

/* The current row's key, which tells where the row stands when others come and go. */
static JET_ERR keep_key(struct cursor *c, struct span *key)
{
    JET_ERR err = JET_errSuccess;
    struct span here;
    TRY(navigate_key(c, &here));
    TRY(value_buffer_reserve(&c->update->before, here.size + 1));
    if (here.size > 0)
        memcpy(c->update->before.data, here.data, here.size);
    *key = span_of(c->update->before.data, here.size);
done:
    return err;
}

/* After rows have been changed: an error here must not be taken for one of the change, which is made. The next call on the cursor will meet it. */
static void find_place(struct cursor *c, struct span key, enum row_position position)
{
    c->temp_position = temp_table_search(c->temp, key, false, &c->temp_at) >= 0 ? position : ROW_BEFORE_FIRST;
}

static JET_ERR replace_temp_row(struct cursor *c, const struct temp_value *values)
{
    JET_ERR err = JET_errSuccess;
    struct span key;
    bool may_move = c->update->deletes_original;
    TRY(keep_key(c, &key));
    TRY(temp_table_replace(c->temp, c->temp_at, values, c->update->draft_count, may_move));
    if (may_move)
        find_place(c, key, ROW_BETWEEN);
done:
    return err;
}

/* The cursor stays on its row, where that can be found again. */
static JET_ERR insert_temp_row(struct cursor *c, const struct temp_value *values)
{
    JET_ERR err = JET_errSuccess;
    struct span key;
    bool is_on_row = !c->first_is_due && c->temp_position == ROW_ON;
    if (is_on_row)
        TRY(keep_key(c, &key));
    TRY(temp_table_insert(c->temp, values, c->update->draft_count));
    if (is_on_row)
        find_place(c, key, ROW_ON);
done:
    return err;
}

JET_ERR temp_update(struct cursor *c, uint8_t *bookmark, uint32_t room, uint32_t *actual)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    struct temp_value *values = NULL;
    TRY(check_not_null(c));
    values = mem_alloc_array(u->draft_count, sizeof *values);
    if (values == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < u->draft_count; i++)
        values[i] = (struct temp_value){u->drafts[i].column_id, u->drafts[i].sequence, span_of(u->drafts[i].bytes, u->drafts[i].size)};
    if (u->kind == UPDATE_REPLACE || u->deletes_original)
        TRY(replace_temp_row(c, values));
    else
        TRY(insert_temp_row(c, values));
    if (actual != NULL)
        *actual = 0;
    if (u->kind == UPDATE_REPLACE && (bookmark != NULL || actual != NULL)) {
        uint32_t size;
        TRY(cursor_get_bookmark(c, bookmark, room, &size));
        if (actual != NULL)
            *actual = size;
    }
    drafts_clear(u);
    u->kind = UPDATE_NONE;
done:
    mem_free(values);
    return err;
}

JET_ERR temp_delete(struct cursor *c)
{
    JET_ERR err = JET_errSuccess;
    TRY(check_changeable(c));
    TRY(navigate_test(c));
    TRY(temp_table_remove(c->temp, c->temp_at));
    c->temp_position = ROW_BETWEEN; /* just before the next row */
done:
    return err;
}
