/* Version entries of the sessions being followed (recovery.md 6.3, 7.4): what undo at the end, and Undo records on the way, take back.
 *
 * A session's entries stand in the order of their ids, which is the order of the changes; levels never fall along the list, so that commit and rollback only look
 * at its end. */
#include "base/memory.h"
#include "recovery/internal.h"

/* Ids wrap around. */
static bool comes_before(uint32_t a, uint32_t b) { return (int32_t)(a - b) < 0; }

static uint32_t lower_bound(const struct recovered_session *s, uint32_t rceid)
{
    uint32_t low = 0, high = s->entry_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (comes_before(s->entries[middle]->rceid, rceid))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint32_t index_of(const struct recovered_session *s, uint32_t rceid)
{
    uint32_t at = lower_bound(s, rceid);
    return at < s->entry_count && s->entries[at]->rceid == rceid ? at : UINT32_MAX;
}

struct version_entry *versions_find(const struct recovered_session *s, uint32_t rceid)
{
    uint32_t at = index_of(s, rceid);
    return at == UINT32_MAX ? NULL : s->entries[at];
}

static void remove_at(struct recovered_session *s, uint32_t at)
{
    mem_free(s->entries[at]);
    memmove(s->entries + at, s->entries + at + 1, (s->entry_count - at - 1) * sizeof *s->entries);
    s->entry_count--;
}

void versions_remove(struct recovered_session *s, uint32_t rceid)
{
    uint32_t at = index_of(s, rceid);
    if (at != UINT32_MAX)
        remove_at(s, at);
}

static uint8_t *put(uint8_t *to, struct span bytes)
{
    if (bytes.size > 0)
        memcpy(to, bytes.data, bytes.size);
    return to + bytes.size;
}

static JET_ERR new_entry(const struct recovered_session *s, const struct log_record *record, uint32_t rceid, enum version_operation operation,
                         const struct version_bookmark *bookmark, struct span before, struct version_entry **out)
{
    const struct page_prefix *page = &record->page;
    size_t size = (size_t)bookmark->key_prefix.size + bookmark->key.size + bookmark->data.size + before.size;
    struct version_entry *e = (struct version_entry *)mem_alloc(sizeof *e + size);
    *out = e;
    if (e == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    e->rceid = rceid;
    e->transaction = page->transaction;
    e->operation = (uint8_t)operation;
    e->level = page->level < s->level ? page->level : s->level;
    e->dbid = page->dbid;
    e->page_flags = page->flags;
    e->root = record->node.root;
    e->objid = record->node.objid;
    e->key_size = bookmark->key_prefix.size + bookmark->key.size;
    e->bookmark_data_size = bookmark->data.size;
    e->data_size = before.size;
    put(put(put(put(e->bytes, bookmark->key_prefix), bookmark->key), bookmark->data), before);
    return JET_errSuccess;
}

/* Takes the entry into the list. */
static JET_ERR insert(struct recovered_session *s, struct version_entry *e)
{
    JET_ERR err = JET_errSuccess;
    if (s->entry_count == s->entry_room) {
        uint32_t room = s->entry_room == 0 ? 16 : s->entry_room * 2;
        struct version_entry **grown = (struct version_entry **)mem_resize(s->entries, room * sizeof *grown);
        if (grown == NULL)
            RAISE(JET_errOutOfMemory);
        s->entries = grown;
        s->entry_room = room;
    }
    uint32_t at = lower_bound(s, e->rceid);
    if (at < s->entry_count && e->level > s->entries[at]->level)
        e->level = s->entries[at]->level;
    if (at > 0 && e->level < s->entries[at - 1]->level)
        e->level = s->entries[at - 1]->level;
    memmove(s->entries + at + 1, s->entries + at, (s->entry_count - at) * sizeof *s->entries);
    s->entries[at] = e;
    s->entry_count++;
done:
    return err;
}

JET_ERR versions_add(struct recovered_session *s, const struct log_record *record, uint32_t rceid, enum version_operation operation,
                     const struct version_bookmark *bookmark, struct span before, struct version_entry **out)
{
    JET_ERR err = JET_errSuccess;
    struct version_entry *e = NULL;
    *out = NULL;
    if (index_of(s, rceid) != UINT32_MAX)
        RAISE(JET_errLogCorrupted); /* ids of living entries are unique */
    TRY(new_entry(s, record, rceid, operation, bookmark, before, &e));
    e->is_logged = operation != VERSION_REPLACE && operation != VERSION_FLAG_DELETE;
    e->offset = record->tail.offset;
    e->delta = record->tail.delta;
    TRY(insert(s, e));
    *out = e;
    e = NULL;
done:
    mem_free(e);
    return err;
}

JET_ERR versions_defer(struct recovered_session *s, const struct log_record *record, uint32_t rceid, enum version_operation operation)
{
    JET_ERR err = JET_errSuccess;
    struct version_entry *e = NULL;
    const struct version_bookmark none = {.key = span_of(NULL, 0)};
    if (index_of(s, rceid) != UINT32_MAX)
        goto done;
    TRY(new_entry(s, record, rceid, operation, &none, span_of(NULL, 0), &e));
    e->is_deferred = true;
    TRY(insert(s, e));
    e = NULL;
done:
    mem_free(e);
    return err;
}

JET_ERR versions_undo_info(struct recovered_session *s, const struct log_record *record)
{
    JET_ERR err = JET_errSuccess;
    const struct node_tail *t = &record->tail;
    struct version_entry *e = NULL, *present = versions_find(s, record->node.rceid);
    const struct version_bookmark bookmark = {.key = t->key, .data = t->bookmark_data};
    if (s->level == 0)
        goto done;
    if (t->operation != VERSION_REPLACE && t->operation != VERSION_FLAG_DELETE)
        RAISE(JET_errLogCorrupted);
    if (present != NULL && !present->is_deferred) {
        present->is_logged = true;
        goto done;
    }
    TRY(new_entry(s, record, record->node.rceid, (enum version_operation)t->operation, &bookmark, t->data, &e));
    e->is_logged = true;
    if (present != NULL) {
        e->level = present->level;
        s->entries[index_of(s, e->rceid)] = e;
        mem_free(present);
    } else {
        if (e->level == 0)
            goto done;
        TRY(insert(s, e));
    }
    e = NULL;
done:
    mem_free(e);
    return err;
}

void versions_commit(struct recovered_session *s, uint8_t level)
{
    for (uint32_t i = s->entry_count; i > 0 && s->entries[i - 1]->level > level; i--)
        s->entries[i - 1]->level = level;
}

void versions_drop_above(struct recovered_session *s, uint8_t level)
{
    while (s->entry_count > 0 && s->entries[s->entry_count - 1]->level > level)
        mem_free(s->entries[--s->entry_count]);
}

void versions_release(struct recovered_session *s)
{
    for (uint32_t i = 0; i < s->entry_count; i++)
        mem_free(s->entries[i]);
    mem_free(s->entries);
    s->entries = NULL;
    s->entry_count = s->entry_room = 0;
}

/* --- records --- */

static void put_prefix(uint8_t *out, uint8_t type, const struct version_entry *e, uint16_t procid, page_no_t page_no, uint32_t line, uint64_t dbtime, uint64_t before)
{
    out[0] = type;
    store_le16(out + 1, procid);
    out[3] = e->dbid;
    store_le32(out + 4, page_no);
    store_le64(out + 8, dbtime);
    store_le64(out + 16, before);
    store_le32(out + 24, e->transaction);
    out[28] = e->level;
    store_le16(out + 29, (uint16_t)line);
    out[31] = (uint8_t)(e->page_flags | LR_FLAG_VERSIONED);
    store_le32(out + 32, e->rceid);
    store_le32(out + 36, e->root);
    store_le32(out + 40, e->objid);
    store_le16(out + 44, (uint16_t)e->key_size);
    store_le16(out + 46, (uint16_t)e->bookmark_data_size);
    store_le16(out + 48, e->operation);
}

uint32_t versions_encode_undo_info(const struct version_entry *e, uint16_t procid, page_no_t page_no, uint8_t *out)
{
    uint32_t data_size = e->operation == VERSION_REPLACE ? e->data_size : 0;
    put_prefix(out, LR_UNDO_INFO, e, procid, page_no, 0, DBTIME_IN_MACRO, DBTIME_IN_MACRO);
    store_le16(out + 50, (uint16_t)data_size); /* the largest size it has had: nothing is reserved beyond the data before */
    store_le16(out + 52, 0);
    store_le16(out + 54, (uint16_t)data_size);
    put(put(put(out + UNDO_INFO_FIXED, version_entry_key(e)), version_entry_bookmark_data(e)), span_of(version_entry_data(e).data, data_size));
    return UNDO_INFO_FIXED + e->key_size + e->bookmark_data_size + data_size;
}

uint32_t versions_encode_undo(const struct version_entry *e, uint16_t procid, page_no_t page_no, uint32_t line, uint64_t dbtime, uint64_t dbtime_before, uint8_t *out)
{
    put_prefix(out, LR_UNDO, e, procid, page_no, line, dbtime, dbtime_before);
    out[50] = e->level;
    put(put(out + UNDO_FIXED, version_entry_key(e)), version_entry_bookmark_data(e));
    return UNDO_FIXED + e->key_size + e->bookmark_data_size;
}
