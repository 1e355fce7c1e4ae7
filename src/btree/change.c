/* Log records of changes, macros, and what a changed page is given (change.h). */
#include "btree/change.h"

#include "base/memory.h"

enum { SMALL_RECORD = 512, APPEND_MAX = 24576 /* bytes of one append: fits the smallest log buffer */ };

struct page_prefix change_page_prefix(struct transaction *t, const struct btree *tree, const struct page_view *page, uint64_t dbtime, uint32_t line, bool is_versioned)
{
    transaction_need_number(t);
    unsigned flags = (is_versioned ? (unsigned)LR_FLAG_VERSIONED : 0u) | (tree->is_unique ? (unsigned)LR_FLAG_UNIQUE : 0u) |
                     (tree->is_space_tree ? (unsigned)LR_FLAG_SPACE_TREE : 0u);
    return (struct page_prefix){.procid = t->procid, .dbid = (uint8_t)tree->db->dbid, .page_no = page->page_no, .dbtime = dbtime, .dbtime_before = page_dbtime(page),
                                .transaction = transaction_number(t), .level = (uint8_t)t->level, .line = (uint16_t)line, .flags = (uint8_t)flags};
}

JET_ERR change_log_node(struct transaction *t, const struct btree *tree, uint8_t type, const struct page_prefix *page, uint32_t rceid, const struct node_tail *tail,
                        lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t small[SMALL_RECORD], *large = NULL, *bytes = small;
    *position = 0;
    if (!change_is_logged(t, tree))
        return JET_errSuccess;
    struct node_prefix node = change_node_prefix(tree, rceid);
    uint32_t size = log_record_node_size(type, tail);
    if (size > sizeof small) {
        bytes = large = (uint8_t *)mem_alloc(size);
        if (large == NULL)
            RAISE(JET_errOutOfMemory);
    }
    struct span record = span_of(bytes, log_record_encode_node(bytes, type, page, &node, tail));
    TRY(transaction_log(t, &record, 1, position));
done:
    mem_free(large);
    return err;
}

void change_finish(struct transaction *t, struct page_ref *ref, uint64_t dbtime, lgpos_t position)
{
    struct page_edit e = change_edit(ref);
    page_set_dbtime(&e, dbtime);
    t->changes++;
    cache_mark_dirty(ref, position, position == 0 ? 0 : transaction_oldest(t));
}

/* --- macros --- */

JET_ERR change_macro_room(struct change_macro *macro, uint32_t size, uint8_t **out)
{
    JET_ERR err = JET_errSuccess;
    assert(macro->record_count < CHANGE_MACRO_RECORDS_MAX);
    *out = (uint8_t *)mem_alloc_uncleared(size); /* not cleared: all of it is written */
    if (*out == NULL)
        RAISE(JET_errOutOfMemory);
    macro->records[macro->record_count++] = span_of(*out, size);
done:
    return err;
}

void change_macro_added(struct change_macro *macro, uint32_t size)
{
    struct span *last = &macro->records[macro->record_count - 1];
    assert(size <= last->size);
    last->size = size;
}

JET_ERR change_macro_add_node(struct change_macro *macro, const struct btree *tree, uint8_t type, const struct page_prefix *page, uint32_t rceid, const struct node_tail *tail)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *bytes;
    struct node_prefix node = change_node_prefix(tree, rceid);
    TRY(change_macro_room(macro, log_record_node_size(type, tail), &bytes));
    log_record_encode_node(bytes, type, page, &node, tail);
done:
    return err;
}

void change_macro_page(struct change_macro *macro, page_no_t page_no)
{
    assert(macro->page_count < CHANGE_MACRO_PAGES_MAX);
    if (page_no != 0)
        macro->page_nos[macro->page_count++] = page_no;
}

void change_macro_free(struct change_macro *macro)
{
    for (uint32_t i = 0; i < macro->record_count; i++)
        mem_free((void *)(uintptr_t)macro->records[i].data);
    mem_free((void *)(uintptr_t)macro->trailing.data);
    memset(macro, 0, sizeof *macro);
}

/* Records waiting for their append. */
struct append_batch {
    struct span records[CHANGE_MACRO_RECORDS_MAX + 4];
    uint32_t count, bytes;
};

static JET_ERR append_batch(struct append_batch *batch, struct transaction *t, lgpos_t *position)
{
    JET_ERR err = transaction_log(t, batch->records, batch->count, position);
    batch->count = batch->bytes = 0;
    return err;
}

static void add_to_batch(struct append_batch *batch, struct span record)
{
    batch->records[batch->count++] = record;
    batch->bytes += record.size;
}

JET_ERR change_macro_log(struct change_macro *macro, struct transaction *t, const struct btree *tree, uint64_t dbtime, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    struct append_batch batch = {.count = 0, .bytes = 0};
    uint8_t begin[LR_MACRO_SIZE], end[LR_MACRO_SIZE], info[LR_MACRO_INFO2_FIXED + 4 * CHANGE_MACRO_PAGES_MAX];
    bool is_begun = false;
    *position = 0;
    if (!change_is_logged(t, tree))
        return JET_errSuccess;
    add_to_batch(&batch, span_of(begin, log_record_encode_macro(begin, LR_MACRO_BEGIN, t->procid, dbtime)));
    for (uint32_t i = 0; i < macro->record_count; i++) {
        if (batch.bytes + macro->records[i].size > APPEND_MAX) {
            TRY(append_batch(&batch, t, position));
            is_begun = true;
        }
        add_to_batch(&batch, macro->records[i]);
    }
    if (batch.bytes + macro->trailing.size > APPEND_MAX && batch.count > 0) {
        TRY(append_batch(&batch, t, position));
        is_begun = true;
    }
    add_to_batch(&batch, span_of(end, log_record_encode_macro(end, LR_MACRO_COMMIT, t->procid, dbtime)));
    add_to_batch(&batch, span_of(info, log_record_encode_macro_info(info, (uint8_t)tree->db->dbid, macro->page_nos, macro->page_count)));
    if (macro->trailing.size > 0)
        add_to_batch(&batch, macro->trailing);
    TRY(append_batch(&batch, t, position));
done:
    if (err < 0 && is_begun) {
        struct span abort = span_of(end, log_record_encode_macro(end, LR_MACRO_ABORT, t->procid, dbtime));
        lgpos_t ignored;
        JET_ERR second = transaction_log(t, &abort, 1, &ignored); /* if the log is down its reader finds an open macro, and drops it likewise */
        (void)second;
    }
    return err;
}
