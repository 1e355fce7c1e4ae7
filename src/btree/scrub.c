/* Pages wiped (scrub.h). */
#include "btree/scrub.h"

#include "base/memory.h"
#include "btree/change.h"

/* Appends the record; everything that can fail. */
static JET_ERR log_scrub(struct transaction *t, const struct btree *tree, const struct page_view *page, uint64_t dbtime, bool is_unused, struct span operations, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *bytes = NULL;
    *position = 0;
    if (!change_is_logged(t, tree))
        return JET_errSuccess;
    struct page_prefix prefix = change_page_prefix(t, tree, page, dbtime, 0, false);
    struct node_prefix node = change_node_prefix(tree, 0);
    bytes = (uint8_t *)mem_alloc(LR_SCRUB_FIXED + operations.size);
    if (bytes == NULL)
        RAISE(JET_errOutOfMemory);
    struct span record = span_of(bytes, log_record_encode_scrub(bytes, &prefix, &node, is_unused, operations));
    TRY(transaction_log(t, &record, 1, position));
done:
    mem_free(bytes);
    return err;
}

static void finish(struct transaction *t, struct page_ref *page, uint64_t dbtime, lgpos_t position)
{
    struct page_edit e = change_edit(page);
    change_finish(t, page, dbtime, position);
    page_mark_scrubbed(&e);
}

JET_ERR btree_scrub_page(struct transaction *t, const struct btree *tree, struct page_ref *page, struct span operations)
{
    JET_ERR err = JET_errSuccess;
    struct page_edit e = change_edit(page);
    lgpos_t position;
    assert(operations.size == page_node_count(&page->view));
    uint64_t dbtime = database_next_dbtime(tree->db);
    TRY(log_scrub(t, tree, &page->view, dbtime, false, operations, &position));
    TRY(page_scrub(&e, operations));
    finish(t, page, dbtime, position);
done:
    return err;
}

JET_ERR btree_remove_deleted_node(struct transaction *t, const struct btree *tree, struct page_ref *page, uint32_t line)
{
    JET_ERR err = JET_errSuccess;
    const struct node_tail tail = {.data = {NULL, 0}};
    struct page_edit e = change_edit(page);
    lgpos_t position;
    assert((page_node(&page->view, line).flags & NODE_FLAG_DELETED) != 0 && page_node_count(&page->view) > 1);
    uint64_t dbtime = database_next_dbtime(tree->db);
    struct page_prefix prefix = change_page_prefix(t, tree, &page->view, dbtime, line, false);
    TRY(change_log_node(t, tree, LR_DELETE, &prefix, 0, &tail, &position));
    TRY(page_delete(&e, line, 1));
    change_finish(t, page, dbtime, position);
done:
    return err;
}

static JET_ERR wipe_unused(struct transaction *t, const struct btree *nobody, struct page_ref *page)
{
    JET_ERR err = JET_errSuccess;
    struct page_edit e = change_edit(page);
    lgpos_t position;
    uint64_t dbtime = database_next_dbtime(nobody->db);
    TRY(log_scrub(t, nobody, &page->view, dbtime, true, span_of(NULL, 0), &position));
    TRY(page_scrub_unused(&e));
    finish(t, page, dbtime, position);
done:
    return err;
}

/* The prefix is the beginning of keys. */
static JET_ERR take_prefix_away(struct transaction *t, const struct btree *nobody, struct page_ref *page)
{
    JET_ERR err = JET_errSuccess;
    const struct node_tail tail = {.data = {NULL, 0}};
    struct page_edit e = change_edit(page);
    lgpos_t position;
    uint64_t dbtime = database_next_dbtime(nobody->db);
    struct page_prefix prefix = change_page_prefix(t, nobody, &page->view, dbtime, 0, false);
    TRY(change_log_node(t, nobody, LR_SET_EXTERNAL_HEADER, &prefix, 0, &tail, &position));
    TRY(page_set_external_header(&e, span_of(NULL, 0)));
    finish(t, page, dbtime, position);
done:
    return err;
}

JET_ERR btree_scrub_unused_page(struct transaction *t, struct database *db, struct page_ref *page)
{
    JET_ERR err = JET_errSuccess;
    const struct btree nobody = {.file = db->pages, .db = db, .objid = page_objid(&page->view)};
    TRY(wipe_unused(t, &nobody, page));
    if (page_is_root(&page->view) || (page_flags(&page->view) & PAGE_FLAG_EMPTY) != 0 || page_external_header(&page->view).size == 0)
        goto done;
    TRY(take_prefix_away(t, &nobody, page)); /* now that no node uses it */
    TRY(wipe_unused(t, &nobody, page));
done:
    return err;
}
