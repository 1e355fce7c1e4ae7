/* Space as the trees use it: a page, a tree, all pages of a tree back (extent.h). What a tree owns and has free is extent_pool.c, the file itself extent_file.c.
 *
 * Every function takes the space lock of the database first, with nothing latched, and reads the space headers it needs under it. Called by btree/ (splits, merges),
 * catalog/ (trees) and engine/ (size of the file).
 */
#include "base/memory.h"
#include "btree/extent_internal.h"

/* --- opening --- */

JET_ERR space_open(struct transaction *t, struct database *db, page_no_t root, unsigned level, struct space *out)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    struct space s = {.t = t, .db = db, .root = root, .level = level};
    struct cache_file *file = db->pages;
    TRY(space_header_read(file, root, &s.header));
    TRY(cache_get(file, root, PAGE_LATCH_SHARED, &ref));
    s.objid = page_objid(&ref.view);
    s.page_flags = page_flags(&ref.view) & (PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE | PAGE_FLAG_NON_UNIQUE);
    cache_release(&ref);
    if (s.objid == 0)
        RAISE(JET_errDatabaseCorrupted);
    s.is_multiple = (s.header.flags & SPACE_FLAG_MULTIPLE_EXTENTS) != 0;
    if (s.is_multiple) {
        page_no_t owned_root = s.header.free_map_or_owned_root;
        TRY(btree_open(file, owned_root, s.objid, &s.owned));
        TRY(btree_open(file, owned_root + 1, s.objid, &s.available));
        if (!s.owned.is_space_tree || !s.available.is_space_tree)
            RAISE(JET_errDatabaseCorrupted);
    }
    *out = s;
done:
    cache_release(&ref);
    return err;
}

JET_ERR space_open_parent(const struct space *s, struct space *out)
{
    JET_ERR err = JET_errSuccess;
    if (s->level + 1 >= SPACE_LEVELS_MAX || s->header.parent == 0 || s->header.parent == s->root || s->root == SYSTEM_ROOT)
        RAISE(JET_errDatabaseCorrupted);
    TRY(space_open(s->t, s->db, s->header.parent, s->level + 1, out));
done:
    return err;
}

JET_ERR space_log(struct transaction *t, const struct database *db, const uint8_t *record, uint32_t size, lgpos_t *position)
{
    struct span one = span_of(record, size);
    *position = 0;
    return db->log != NULL && t->log != NULL ? transaction_log(t, &one, 1, position) : JET_errSuccess;
}

/* --- pages --- */

JET_ERR space_allocate(struct transaction *t, const struct btree *tree, page_no_t near, page_no_t *page_no)
{
    JET_ERR err = JET_errSuccess;
    struct space s;
    *page_no = 0;
    mutex_lock(&tree->db->space_lock);
    TRY(space_open(t, tree->db, tree->root, 0, &s));
    TRY(space_take_page(&s, near, page_no));
done:
    mutex_unlock(&tree->db->space_lock);
    return err;
}

JET_ERR space_free(struct transaction *t, const struct btree *tree, page_no_t page_no)
{
    JET_ERR err = JET_errSuccess;
    struct space s;
    mutex_lock(&tree->db->space_lock);
    TRY(space_open(t, tree->db, tree->root, 0, &s));
    if (page_no == tree->root)
        RAISE(JET_errSPOwnExtCorrupted);
    TRY(space_give(&s, (struct extent){page_no, 1}));
done:
    mutex_unlock(&tree->db->space_lock);
    return err;
}

/* --- trees --- */

/* Root pages of a new tree, latched. */
struct new_roots {
    struct page_ref root, owned, available;
};

static JET_ERR build_roots(struct new_roots *roots, const struct page_new_tree *tree, page_no_t root, bool multiple)
{
    JET_ERR err = JET_errSuccess;
    struct page_extent extent = {root + tree->pages - 1, tree->pages};
    struct page_edit e = change_edit(&roots->root);
    if (!multiple) {
        TRY(page_build_small_root(&e, tree));
        goto done;
    }
    TRY(page_build_root(&e, tree, root + 1));
    e = change_edit(&roots->owned);
    TRY(page_build_extents(&e, tree, &extent, 1));
    extent.count -= SPACE_ROOT_PAGES;
    e = change_edit(&roots->available);
    TRY(page_build_extents(&e, tree, &extent, 1));
done:
    return err;
}

JET_ERR space_make_tree(struct transaction *t, struct database *db, const struct page_new_tree *tree, struct extent extent, bool multiple)
{
    JET_ERR err = JET_errSuccess;
    struct new_roots roots = {.root.frame = NULL};
    struct page_new_tree built = *tree;
    struct btree origin = {.file = db->pages, .db = db, .root = extent.first, .objid = tree->objid, .is_unique = tree->is_unique};
    uint8_t record[CREATE_ME_RECORD_SIZE];
    lgpos_t position = 0;
    if (extent.first == 0 || extent.first > PAGE_NO_MAX || extent.count > PAGE_NO_MAX - extent.first + 1 || extent.count < (multiple ? (uint32_t)SPACE_ROOT_PAGES : 1u))
        RAISE(JET_errInvalidParameter);
    built.pages = extent.count;
    TRY(cache_get_new(db->pages, extent.first, &roots.root));
    if (multiple) {
        TRY(cache_get_new(db->pages, extent.first + 1, &roots.owned));
        TRY(cache_get_new(db->pages, extent.first + 2, &roots.available));
    }
    built.dbtime = database_next_dbtime(db);
    struct tree_record r = {.page = change_page_prefix(t, &origin, &roots.root.view, built.dbtime, 0, false), .objid = built.objid, .parent = built.parent, .pages = extent.count,
                            .owned_root = extent.first + 1, .available_root = extent.first + 2, .flags = built.flags};
    r.page.dbtime_before = 0; /* the page is built from nothing */
    TRY(space_log(t, db, record, tree_record_encode(record, multiple ? LR_CREATE_ME_FDP : LR_CREATE_SE_FDP, &r), &position));
    TRY(build_roots(&roots, &built, extent.first, multiple));
    change_finish(t, &roots.root, built.dbtime, position);
    if (multiple) {
        change_finish(t, &roots.owned, built.dbtime, position);
        change_finish(t, &roots.available, built.dbtime, position);
    }
done:
    cache_release(&roots.available);
    cache_release(&roots.owned);
    cache_release(&roots.root);
    return err;
}

JET_ERR space_create_tree(struct transaction *t, struct database *db, page_no_t parent, uint32_t pages, bool multiple, uint32_t page_flags, uint32_t objid, page_no_t fixed_root,
                          page_no_t *root)
{
    enum { KIND = PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE | PAGE_FLAG_NON_UNIQUE };
    JET_ERR err = JET_errSuccess;
    struct space s;
    struct extent extent;
    bool is_taken = false;
    *root = 0;
    mutex_lock(&db->space_lock);
    if (pages == 0 || objid == 0 || (page_flags & ~(uint32_t)KIND) != 0 || (multiple && pages < SPACE_ROOT_PAGES))
        RAISE(JET_errInvalidParameter);
    TRY(space_open(t, db, parent, 1, &s));
    if (fixed_root != 0) {
        extent = (struct extent){fixed_root, pages};
        TRY(space_take_at(&s, extent));
    } else {
        TRY(space_take(&s, pages, pages, &extent));
    }
    is_taken = true;
    struct page_new_tree tree = {.flags = page_flags, .objid = objid, .parent = parent, .is_unique = (page_flags & PAGE_FLAG_NON_UNIQUE) == 0};
    TRY(space_make_tree(t, db, &tree, extent, multiple));
    *root = extent.first;
done:
    if (err < 0 && is_taken)
        space_give_back(&s, extent);
    mutex_unlock(&db->space_lock);
    return err;
}

static JET_ERR keep_extent(void *context, struct extent extent)
{
    struct space_deletion *d = context;
    if (d->count == d->room) {
        uint32_t room = d->room == 0 ? 16 : 2 * d->room;
        struct space_gift *more = mem_resize(d->gifts, (size_t)room * sizeof *more);
        if (more == NULL)
            return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
        d->gifts = more;
        d->room = room;
    }
    d->gifts[d->count++] = (struct space_gift){extent, d->parent};
    return JET_errSuccess;
}

/* Who gets the extents is asked while the tree's root still says so. */
static JET_ERR list_extents(struct transaction *t, struct database *db, page_no_t root, uint32_t objid, struct space_deletion *d)
{
    JET_ERR err = JET_errSuccess;
    struct space s;
    if (root == SYSTEM_ROOT)
        RAISE(JET_errInvalidParameter);
    TRY(space_open(t, db, root, 0, &s));
    if (s.objid != objid)
        RAISE(JET_errDatabaseCorrupted);
    d->count = 0;
    d->parent = s.header.parent;
    TRY(space_owned(db->pages, root, keep_extent, d));
    d->is_listed = true;
done:
    return err;
}

/* After an error *gift says what is left of it. */
static JET_ERR give(struct transaction *t, struct database *db, struct space_gift *gift)
{
    JET_ERR err = JET_errSuccess;
    struct space to;
    TRY(space_open(t, db, gift->to, 1, &to));
    err = space_give(&to, gift->extent);
    *gift = (struct space_gift){to.unfinished, to.unfinished_root};
done:
    return err;
}

JET_ERR space_delete_tree(struct transaction *t, struct database *db, page_no_t root, uint32_t objid, struct space_deletion *d)
{
    JET_ERR err = JET_errSuccess, first_error = JET_errSuccess;
    uint32_t left = 0;
    mutex_lock(&db->space_lock);
    if (!d->is_listed)
        TRY(list_extents(t, db, root, objid, d));
    for (uint32_t i = 0; i < d->count; i++) { /* one that cannot be given back must not keep the others */
        struct space_gift gift = d->gifts[i];
        err = give(t, db, &gift);
        if (err >= 0)
            continue;
        if (first_error == JET_errSuccess)
            first_error = err;
        if (gift.extent.count > 0)
            d->gifts[left++] = gift;
    }
    d->count = left;
    err = first_error;
done:
    mutex_unlock(&db->space_lock);
    return err;
}

void space_deletion_release(struct space_deletion *d)
{
    mem_free(d->gifts);
    *d = (struct space_deletion){.count = 0};
}
