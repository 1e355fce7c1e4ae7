/* The file: its first pages, its growth, and its end (database-file 6.3, 7; log-files 9.3).
 *
 * The file grows in steps of db->extension_pages. A step makes the file longer, logs ExtendDB, and enters one extent as owned and available: the record comes before any
 * that names a page behind the old end, as replay makes the file longer only by it. A crash before the extent is entered leaves a file that is longer than the
 * database says, which the next step takes over. It gets shorter the other way round: free extents leave the trees, ShrinkDB becomes durable, and then the file is cut (space_cut_file).
 */
#include "btree/extent_internal.h"
#include "log/log.h"

JET_ERR space_create_root(struct transaction *t, struct database *db, uint32_t pages)
{
    JET_ERR err = JET_errSuccess;
    struct page_new_tree tree = {.objid = SYSTEM_OBJID, .is_unique = true};
    mutex_lock(&db->space_lock);
    TRY(space_make_tree(t, db, &tree, (struct extent){SYSTEM_ROOT, pages}, true));
    db->last_owned_page = pages;
done:
    mutex_unlock(&db->space_lock);
    return err;
}

/* --- growing --- */

/* Where the file ends after it has grown by `request` pages at least: a multiple of the step where the limit allows it. */
static JET_ERR choose_end(const struct database *db, page_no_t last, uint32_t request, page_no_t *end)
{
    JET_ERR err = JET_errSuccess;
    uint64_t limit = db->size_max_pages != 0 && db->size_max_pages < PAGE_NO_MAX ? db->size_max_pages : (uint64_t)PAGE_NO_MAX;
    uint64_t step = db->extension_pages > 0 ? db->extension_pages : 1, growth = ((uint64_t)request + step - 1) / step * step;
    if ((uint64_t)last + request > limit)
        RAISE(JET_errOutOfDatabaseSpace);
    *end = (page_no_t)(last + growth > limit ? limit : last + growth);
done:
    return err;
}

static JET_ERR log_extend(const struct space *root, page_no_t end)
{
    uint8_t record[LR_EXTEND_SIZE];
    lgpos_t position;
    return space_log(root->t, root->db, record, log_record_encode_extend(record, (uint8_t)root->db->dbid, end), &position);
}

JET_ERR space_grow_file(struct space *root, uint32_t request)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = root->db;
    page_no_t last, end = 0;
    uint32_t splits;
    bool has_shelved;
    if (!root->is_multiple || request > PAGE_NO_MAX)
        RAISE(JET_errDatabaseCorrupted);
    if (db->space_limit != 0)
        RAISE(JET_errOutOfDatabaseSpace);
    TRY(space_split_need(root, &splits));
    TRY(space_last_owned_page(db->pages, &last));
    TRY(choose_end(db, last, request + splits, &end));
    /* Newer engines note pages in use that they have cut off the file. They must not be handed out when the file reaches them again, which takes more than is done here. */
    TRY(space_has_shelved(&root->available, last + 1, &has_shelved));
    if (has_shelved)
        RAISE(JET_errFeatureNotAvailable);
    TRY(cache_file_grow(db->pages, end));
    TRY(log_extend(root, end));
    root->pending = (struct extent){last + 1, end - last};
    TRY(space_enter_pending(root, NULL));
    db->last_owned_page = end;
done:
    return err;
}

JET_ERR space_grow(struct transaction *t, struct database *db, uint32_t pages, uint32_t *now)
{
    JET_ERR err = JET_errSuccess;
    struct space root;
    page_no_t last = 0;
    mutex_lock(&db->space_lock);
    TRY(space_open(t, db, SYSTEM_ROOT, 0, &root));
    TRY(space_last_owned_page(db->pages, &last));
    if (pages > last) {
        TRY(space_grow_file(&root, pages - last));
        TRY(space_last_owned_page(db->pages, &last));
    }
done:
    *now = last;
    mutex_unlock(&db->space_lock);
    return err;
}

/* --- shrinking --- */

/* Takes the last owned extent off if all of it is free and none of it is to stay. A part of one would take two records that are true only together. A crash between the two
 * leaves its pages owned and not free, which is safe. *last: the end then. */
static JET_ERR cut_last_extent(struct space *root, page_no_t pages, page_no_t *last, bool *is_cut)
{
    JET_ERR err = JET_errSuccess;
    struct space_entry owned, available;
    *is_cut = false;
    TRY(space_entry_before(&root->owned, PAGE_NO_MAX, &owned));
    TRY(space_entry_before(&root->available, PAGE_NO_MAX, &available));
    *last = owned.last;
    if (owned.count == 0 || available.count == 0 || available.last != owned.last || available.first > owned.first || owned.first <= pages)
        goto done;
    if (available.first < owned.first || owned.first == SYSTEM_ROOT)
        RAISE(JET_errSPAvailExtCorrupted);
    TRY(space_entry_remove(root, &root->available, available.last));
    TRY(space_entry_remove(root, &root->owned, owned.last));
    TRY(space_last_owned_page(root->db->pages, last));
    *is_cut = true;
done:
    return err;
}

/* The record must be durable before the file gets shorter: records before it may name pages behind the new end, and only it says that they need not be found. */
static JET_ERR log_shrink(const struct space *root, page_no_t last, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    uint8_t record[LR_SHRINK_SIZE];
    lgpos_t position;
    TRY(space_log(root->t, root->db, record, log_record_encode_shrink(record, (uint8_t)root->db->dbid, last, count), &position));
    if (position != 0)
        TRY(log_flush(root->db->log, position));
done:
    return err;
}

JET_ERR space_shrink(struct transaction *t, struct database *db, uint32_t pages, uint32_t *now)
{
    JET_ERR err = JET_errSuccess;
    struct space root;
    page_no_t last = 0, before = 0;
    bool is_cut = true;
    mutex_lock(&db->space_lock);
    TRY(space_open(t, db, SYSTEM_ROOT, 0, &root));
    TRY(space_last_owned_page(db->pages, &last));
    before = last;
    while (is_cut && last > pages)
        TRY(cut_last_extent(&root, pages, &last, &is_cut));
    if (last < before) {
        db->last_owned_page = last; /* from here on the file is too long at worst: the next growth takes that over */
        TRY(log_shrink(&root, last, before - last));
    }
    if (last > pages)
        err = JET_wrnShrinkNotPossible;
done:
    *now = last;
    mutex_unlock(&db->space_lock);
    return err;
}

JET_ERR space_cut_file(struct database *db)
{
    mutex_lock(&db->space_lock); /* it may have grown again */
    JET_ERR err = cache_file_truncate(db->pages, db->last_owned_page);
    mutex_unlock(&db->space_lock);
    return err;
}

JET_ERR space_last_extent(struct transaction *t, struct database *db, struct extent *out)
{
    JET_ERR err = JET_errSuccess;
    struct space root;
    struct space_entry last;
    mutex_lock(&db->space_lock);
    TRY(space_open(t, db, SYSTEM_ROOT, 0, &root));
    if (!root.is_multiple)
        RAISE(JET_errDatabaseCorrupted);
    TRY(space_entry_before(&root.owned, PAGE_NO_MAX, &last));
    *out = (struct extent){last.first, last.count};
done:
    mutex_unlock(&db->space_lock);
    return err;
}

void space_set_limit(struct database *db, page_no_t page_no)
{
    mutex_lock(&db->space_lock);
    db->space_limit = page_no;
    mutex_unlock(&db->space_lock);
}
