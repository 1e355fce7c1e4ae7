/* Pages that get another number (relocate.h).
 *
 * The one idea: as in a merge, the structure of the tree is locked, so the way to the page, its parent's entry and its neighbours stand still; the new page is taken from space, then
 * exactly the pages that change are latched (parent, left neighbour, the page, right neighbour, the new page), and one record with the whole page in it says all. Nodes do not change, so bookmarks,
 * versions and what is promised on the page stay true; whoever comes to the old page finds it empty and seeks again (README rule 7).
 *
 * A page says to which tree it belongs, but a free one may say so too. So the page is only believed when the first bookmark below it leads through it from the root.
 *
 * Locks: structure lock and page latches; the space lock inside it, and again for the page that is freed. For extent trees the space lock alone, over everything.
 */
#include "btree/relocate.h"

#include "base/memory.h"
#include "btree/extent_internal.h"
#include "page/image.h"
#include "page/move.h"

struct moving {
    struct transaction *t;
    const struct btree *tree;
    struct btree origin;          /* in whose name the log has it */
    page_no_t page_no, target_no, left_no, right_no;
    uint8_t *bookmark;            /* of the first node below the page; BTREE_BOOKMARK_MAX bytes, owned */
    struct btree_target target;   /* in it */
    struct btree_path path;
    uint32_t level;               /* of the page in the path */
    struct page_ref parent, left, page, right, created;
};

static void let_go(struct moving *m)
{
    cache_release(&m->created);
    cache_release(&m->right);
    cache_release(&m->page);
    cache_release(&m->left);
    cache_release(&m->parent);
}

/* --- finding --- */

static bool is_in_use_of(const struct btree *tree, const struct page_view *page)
{
    return page_objid(page) == tree->objid && ((page_flags(page) & PAGE_FLAG_SPACE_TREE) != 0) == tree->is_space_tree &&
           (page_flags(page) & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED)) == 0 && page_node_count(page) > 0;
}

static bool is_no_page(JET_ERR err) { return err == JET_errPageNotInitialized || err == JET_errFileIOBeyondEOF; }

/* The first bookmark below the page, going down by first entries. *found false: that is no part of a tree in use. */
static JET_ERR first_bookmark(struct moving *m, bool *found)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    page_no_t page_no = m->page_no;
    uint32_t key_size, data_size;
    *found = false;
    for (unsigned depth = 0; depth <= BTREE_DEPTH_MAX && page_no != 0 && !*found; depth++) {
        err = cache_get(m->tree->file, page_no, PAGE_LATCH_SHARED, &ref);
        if (is_no_page(err)) {
            err = JET_errSuccess;
            goto done;
        }
        TRY(err);
        if (!is_in_use_of(m->tree, &ref.view))
            goto done;
        struct node first = page_node(&ref.view, 0);
        if (page_is_leaf(&ref.view)) {
            TRY(btree_copy_bookmark(m->tree, &first, m->bookmark, &key_size, &data_size));
            m->target = (struct btree_target){.key = span_of(m->bookmark, key_size), .data = span_of(m->bookmark + key_size, data_size)};
            *found = true;
        } else {
            page_no = first.data.size == sizeof(uint32_t) ? node_child(&first) : 0;
        }
        cache_release(&ref);
    }
done:
    cache_release(&ref);
    return err;
}

/* The level of the page on the way to the bookmark. The structure stands still. *found false: it is not on it, or the root. */
static JET_ERR find_level(struct moving *m, bool *found)
{
    JET_ERR err = JET_errSuccess;
    TRY(btree_read_path(m->tree, &m->target, &m->path));
    m->level = m->path.depth;
    while (m->level > 0 && m->path.page_nos[m->level] != m->page_no)
        m->level--;
    *found = m->level > 0;
done:
    return err;
}

/* --- moving --- */

static JET_ERR read_neighbours(struct moving *m)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    m->left_no = m->right_no = 0;
    TRY(cache_get(m->tree->file, m->page_no, PAGE_LATCH_SHARED, &ref));
    if (page_is_leaf(&ref.view)) {
        m->left_no = page_previous(&ref.view);
        m->right_no = page_next(&ref.view);
    }
done:
    cache_release(&ref);
    return err;
}

static bool may_be_neighbour(const struct moving *m, page_no_t page_no)
{
    for (uint32_t i = 0; i <= m->path.depth; i++) {
        if (m->path.page_nos[i] == page_no)
            return false;
    }
    return page_no != m->target_no;
}

static JET_ERR latch_parent_and_neighbours(struct moving *m)
{
    JET_ERR err = JET_errSuccess;
    uint32_t line = m->path.lines[m->level - 1];
    if ((m->left_no != 0 && !may_be_neighbour(m, m->left_no)) || (m->right_no != 0 && (!may_be_neighbour(m, m->right_no) || m->right_no == m->left_no)))
        RAISE(JET_errBadPageLink);
    TRY(cache_get(m->tree->file, m->path.page_nos[m->level - 1], PAGE_LATCH_EXCLUSIVE, &m->parent));
    if (page_is_leaf(&m->parent.view) || !is_in_use_of(m->tree, &m->parent.view) || page_node_count(&m->parent.view) != m->path.counts[m->level - 1])
        RAISE(JET_errDatabaseCorrupted);
    struct node entry = page_node(&m->parent.view, line);
    if (node_child(&entry) != m->page_no)
        RAISE(JET_errDatabaseCorrupted);
    if (m->left_no != 0) {
        TRY(cache_get(m->tree->file, m->left_no, PAGE_LATCH_EXCLUSIVE, &m->left));
        if (!btree_is_leaf_of(m->tree, &m->left.view) || page_next(&m->left.view) != m->page_no)
            RAISE(JET_errBadPageLink);
    }
    TRY(btree_get_child(m->tree, &m->parent.view, m->page_no, PAGE_LATCH_EXCLUSIVE, &m->page));
    bool is_leaf = page_is_leaf(&m->page.view);
    if (is_leaf != (m->level == m->path.depth) || (is_leaf && (page_previous(&m->page.view) != m->left_no || page_next(&m->page.view) != m->right_no)))
        RAISE(JET_errBadPageLink);
    if (m->right_no != 0) {
        TRY(cache_get(m->tree->file, m->right_no, PAGE_LATCH_EXCLUSIVE, &m->right));
        if (!btree_is_leaf_of(m->tree, &m->right.view) || page_previous(&m->right.view) != m->page_no)
            RAISE(JET_errBadPageLink);
    }
done:
    return err;
}

static uint64_t dbtime_or_none(const struct page_ref *ref) { return ref->frame != NULL ? page_dbtime(&ref->view) : DBTIME_ABSENT; }

/* One record outside of macros, of no transaction: it is not taken back. `moved`: the page as it will be, made from the record's own bytes as recovery makes it. */
static JET_ERR log_move(struct moving *m, uint64_t dbtime, uint8_t *moved, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    struct page_edit e = change_edit(&m->page);
    uint8_t *record = NULL;
    uint32_t header_size, trailer_size;
    struct page_move_record r = {.page = change_page_prefix(m->t, &m->origin, &m->page.view, dbtime, 0, false), .target_page = m->target_no, .left_page = m->left_no, .right_page = m->right_no,
                                 .parent_page = m->parent.view.page_no, .dbtime_left_before = dbtime_or_none(&m->left), .dbtime_right_before = dbtime_or_none(&m->right),
                                 .dbtime_parent_before = page_dbtime(&m->parent.view), .root = m->origin.root, .objid = m->origin.objid,
                                 .parent_line = (int32_t)m->path.lines[m->level - 1], .kind = PAGE_MOVE_PLAIN};
    r.page.transaction = 0;
    r.page.level = 0;
    page_image_cut(&e, &header_size, &trailer_size);
    r.header = span_of(e.bytes, header_size);
    r.trailer = span_of(e.bytes + e.size - trailer_size, trailer_size);
    TRY(page_image_join(r.header, r.trailer, e.size, m->target_no, moved));
    record = (uint8_t *)mem_alloc_uncleared(PAGE_MOVE_RECORD_FIXED + header_size + trailer_size);
    if (record == NULL)
        RAISE(JET_errOutOfMemory);
    uint32_t size = page_move_record_encode(record, &r);
    struct page_edit image = page_edit_trusted(record + PAGE_MOVE_RECORD_FIXED, e.size, m->page_no);
    page_set_dbtime(&image, dbtime);
    TRY(space_log(m->t, m->tree->db, record, size, position));
done:
    mem_free(record);
    return err;
}

/* Everything is latched. */
static JET_ERR change_pages(struct moving *m)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = m->tree->db;
    struct page_edit parent = change_edit(&m->parent), page = change_edit(&m->page);
    lgpos_t position = 0;
    uint8_t *moved = (uint8_t *)mem_alloc_uncleared(page.size);
    if (moved == NULL)
        RAISE(JET_errOutOfMemory);
    if (db->versions != NULL && change_is_logged(m->t, m->tree)) /* their images name the page */
        TRY(version_store_log_images(db->versions, (uint8_t)db->dbid, m->page_no, &position));
    uint64_t dbtime = database_next_dbtime(db);
    TRY(log_move(m, dbtime, moved, &position));
    memcpy(page_ref_bytes(&m->created), moved, page.size);
    TRY(page_set_child(&parent, m->path.lines[m->level - 1], m->target_no));
    if (m->left_no != 0) {
        struct page_edit left = change_edit(&m->left);
        TRY(page_set_next(&left, m->target_no));
    }
    if (m->right_no != 0) {
        struct page_edit right = change_edit(&m->right);
        TRY(page_set_previous(&right, m->target_no));
    }
    TRY(page_empty(&page));
    struct page_ref *changed[] = {&m->created, &m->parent, &m->left, &m->page, &m->right};
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        if (changed[i]->frame != NULL)
            change_finish(m->t, changed[i], dbtime, position);
    }
done:
    mem_free(moved);
    return err;
}

/* To the page that has been taken for it. */
static JET_ERR move_to_target(struct moving *m)
{
    JET_ERR err = JET_errSuccess;
    TRY(read_neighbours(m));
    TRY(latch_parent_and_neighbours(m));
    TRY(cache_get_new(m->tree->file, m->target_no, &m->created));
    TRY(change_pages(m));
done:
    let_go(m);
    return err;
}

/* --- the two kinds of trees --- */

/* With the structure locked. *freed: the page of the two that is in no use afterwards, 0: none. */
static JET_ERR move_locked(struct moving *m, bool *moved, page_no_t *freed)
{
    JET_ERR err = JET_errSuccess;
    bool found = false;
    *freed = 0;
    TRY(first_bookmark(m, &found));
    if (found)
        TRY(find_level(m, &found));
    if (!found)
        goto done;
    TRY(space_allocate(m->t, m->tree, 0, &m->target_no));
    *freed = m->target_no;
    if (m->target_no > m->page_no)
        goto done;
    TRY(move_to_target(m));
    *moved = true;
    *freed = m->page_no;
done:
    return err;
}

JET_ERR btree_move_page(struct transaction *t, const struct btree *tree, page_no_t page_no, bool *moved)
{
    JET_ERR err = JET_errSuccess;
    struct mutex *lock = database_structure_lock(tree->db, tree->root);
    struct moving *m = mem_alloc(sizeof *m);
    page_no_t freed = 0;
    *moved = false;
    if (m == NULL)
        RAISE(JET_errOutOfMemory);
    *m = (struct moving){.t = t, .tree = tree, .origin = *tree, .page_no = page_no, .bookmark = (uint8_t *)mem_alloc_uncleared(BTREE_BOOKMARK_MAX)};
    if (m->bookmark == NULL)
        RAISE(JET_errOutOfMemory);
    change_wait_for_thaw(tree);
    mutex_lock(lock);
    err = move_locked(m, moved, &freed);
    mutex_unlock(lock);
    if (freed != 0) {
        JET_ERR given = space_free(t, tree, freed);
        err = err < 0 ? err : given;
    }
done:
    if (m != NULL)
        mem_free(m->bookmark);
    mem_free(m);
    return err;
}

/* Under the space lock: a page of one extent tree of s. */
static JET_ERR move_in_extent_tree(struct space *s, struct moving *m, bool *moved)
{
    JET_ERR err = JET_errSuccess, given;
    bool found = false;
    TRY(first_bookmark(m, &found));
    if (found)
        TRY(find_level(m, &found));
    if (!found)
        goto done;
    TRY(space_take_page(s, 0, &m->target_no));
    page_no_t freed = m->target_no;
    err = find_level(m, &found); /* taking a page may have split one */
    if (err >= 0 && found && m->target_no < m->page_no) {
        err = move_to_target(m);
        if (err >= 0) {
            *moved = true;
            freed = m->page_no;
        }
    }
    given = space_give(s, (struct extent){freed, 1});
    err = err < 0 ? err : given;
done:
    return err;
}

JET_ERR space_move_page(struct transaction *t, struct database *db, page_no_t root, page_no_t page_no, bool *moved)
{
    JET_ERR err = JET_errSuccess;
    struct space s;
    struct moving *m = mem_alloc(sizeof *m);
    uint8_t *bookmark = (uint8_t *)mem_alloc_uncleared(BTREE_BOOKMARK_MAX);
    *moved = false;
    mutex_lock(&db->space_lock);
    if (m == NULL || bookmark == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(space_open(t, db, root, 0, &s));
    const struct btree *trees[] = {&s.owned, &s.available};
    for (size_t i = 0; s.is_multiple && !*moved && i < sizeof trees / sizeof *trees; i++) {
        *m = (struct moving){.t = t, .tree = trees[i], .origin = space_tree_origin(&s), .page_no = page_no, .bookmark = bookmark};
        TRY(move_in_extent_tree(&s, m, moved));
    }
done:
    mutex_unlock(&db->space_lock);
    mem_free(bookmark);
    mem_free(m);
    return err;
}
