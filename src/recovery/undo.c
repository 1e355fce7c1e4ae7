/* Undo (recovery.md 9): transactions that were open at the end are rolled back, each change through its node's bookmark.
 *
 * Undo is redo: an Undo record is appended to the log, then applied to its page like any other record. An interrupted undo is therefore found and carried on by
 * the next replay. */
#include <stdlib.h>

#include "base/memory.h"
#include "btree/btree.h"
#include "recovery/internal.h"

/* --- where the node is now --- */

static JET_ERR check_tree_page(const struct page_view *page, const struct version_entry *e)
{
    if (page_objid(page) != e->objid || page_node_count(page) == 0)
        return error_raise(page_objid(page) != e->objid ? JET_errDatabaseCorrupted : JET_errRecordDeleted, __FILE__, __LINE__);
    return JET_errSuccess;
}

/* First line whose node does not come before the bookmark; on internal pages, whose separator is greater. */
static uint32_t search(const struct page_view *page, const struct version_entry *e)
{
    bool is_leaf = page_is_leaf(page);
    struct span whole = span_of(e->bytes, e->key_size + e->bookmark_data_size); /* separators may hold key and data run together */
    uint32_t low = 0, high = page_node_count(page);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct node n = page_node(page, middle);
        bool is_last_separator = !is_leaf && middle + 1 == page_node_count(page) && node_key_size(&n) == 0; /* infinity */
        bool is_unique = (e->page_flags & LR_FLAG_UNIQUE) != 0;
        int order = is_last_separator ? 1
                    : !is_leaf        ? node_compare_key(&n, whole)
                    : is_unique       ? node_compare_key(&n, version_entry_key(e))
                                      : node_compare_bookmark(&n, version_entry_key(e), version_entry_bookmark_data(e));
        if (is_leaf ? order < 0 : order <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_the_node(const struct page_view *page, uint32_t line, const struct version_entry *e)
{
    struct node n = page_node(page, line);
    if ((e->page_flags & LR_FLAG_UNIQUE) != 0)
        return node_compare_key(&n, version_entry_key(e)) == 0;
    return node_compare_bookmark(&n, version_entry_key(e), version_entry_bookmark_data(e)) == 0;
}

static JET_ERR find_node(struct recovered_database *d, const struct version_entry *e, page_no_t *page_no, uint32_t *line, uint64_t *dbtime)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    page_no_t at = e->root;
    for (uint32_t depth = 0; depth < BTREE_DEPTH_MAX; depth++) {
        TRY(cache_get(d->db->pages, at, PAGE_LATCH_SHARED, &ref));
        TRY(check_tree_page(&ref.view, e));
        uint32_t found = search(&ref.view, e);
        if (page_is_leaf(&ref.view)) {
            if (found >= page_node_count(&ref.view) || !is_the_node(&ref.view, found, e))
                RAISE(JET_errRecordDeleted);
            *page_no = at;
            *line = found;
            *dbtime = page_dbtime(&ref.view);
            goto done;
        }
        if (found >= page_node_count(&ref.view))
            RAISE(JET_errDatabaseCorrupted);
        struct node n = page_node(&ref.view, found);
        at = node_child(&n);
        cache_release(&ref);
    }
    RAISE(JET_errDatabaseCorrupted);
done:
    cache_release(&ref);
    return err;
}

/* --- one entry --- */

static JET_ERR undo_entry(struct recovery *r, struct recovered_session *s, struct version_entry *e)
{
    JET_ERR err = JET_errSuccess;
    struct recovered_database *d = recovery_find_attached(r, e->dbid);
    struct log_record record;
    uint8_t *bytes = NULL;
    page_no_t page_no = 0;
    uint32_t line = 0;
    uint64_t before = 0;
    lgpos_t position;
    if (d == NULL) {
        versions_remove(s, e->rceid);
        goto done;
    }
    if (e->is_deferred) {
        /* The page was written, and the UndoInfo that went before it is lost with the end of the log. That does not happen to our own streams; in others the change stays, as
         * it does when the original recovers them. */
        if (r->generation.header.writer_mark == LOG_HEADER_MARK)
            RAISE(JET_errLogCorrupted);
        versions_remove(s, e->rceid);
        r->result->kept_changes++;
        goto done;
    }
    TRY(find_node(d, e, &page_no, &line, &before));
    if (before > d->header.dbtime)
        RAISE(JET_errDbTimeCorrupted);
    TRY(recovery_log_undo_info(r, s, e, page_no, &position));
    bytes = (uint8_t *)mem_alloc((size_t)UNDO_FIXED + e->key_size + e->bookmark_data_size);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    uint64_t after = d->header.dbtime + 1;
    uint32_t size = versions_encode_undo(e, s->procid, page_no, line, after, before, bytes);
    TRY(log_record_decode(span_of(bytes, size), &record));
    TRY(log_append(r->log, bytes, size, &position));
    d->header.dbtime = after;
    TRY(recovery_apply_undo(r, d, s, &record, position));
done:
    mem_free(bytes);
    return err;
}

static JET_ERR abort_macros(struct recovery *r, struct recovered_session *s)
{
    JET_ERR err = JET_errSuccess;
    for (const struct open_macro *m = s->macros; m != NULL; m = m->next) {
        uint8_t record[11] = {LR_MACRO_ABORT};
        store_le16(record + 1, s->procid);
        store_le64(record + 3, m->dbtime);
        TRY(log_append(r->log, record, sizeof record, NULL));
    }
    recovery_drop_macros(s);
done:
    return err;
}

static JET_ERR undo_session(struct recovery *r, struct recovered_session *s)
{
    JET_ERR err = JET_errSuccess;
    uint8_t record[4] = {LR_ROLLBACK};
    if (s->level == 0)
        goto done;
    if (recovery_is_observed(r))
        TRY(recovery_observe_open_end(r, s));
    while (s->entry_count > 0)
        TRY(undo_entry(r, s, s->entries[s->entry_count - 1]));
    store_le16(record + 1, s->procid);
    record[3] = s->level;
    TRY(log_append(r->log, record, sizeof record, NULL));
    s->level = 0;
done:
    return err;
}

static int by_procid(const void *a, const void *b)
{
    const struct recovered_session *x = (const struct recovered_session *)a, *y = (const struct recovered_session *)b;
    return (x->procid > y->procid) - (x->procid < y->procid);
}

JET_ERR recovery_undo(struct recovery *r)
{
    JET_ERR err = JET_errSuccess;
    r->is_undoing = true;
    if (r->session_count > 0)
        qsort(r->sessions, r->session_count, sizeof *r->sessions, by_procid);
    for (uint32_t i = 0; i < r->session_count; i++)
        TRY(abort_macros(r, &r->sessions[i]));
    for (uint32_t i = 0; i < r->session_count; i++)
        TRY(undo_session(r, &r->sessions[i]));
done:
    return err;
}
