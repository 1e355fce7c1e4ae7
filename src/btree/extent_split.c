/* Splits of extent trees (log-files 9.5, recovery 7.5).
 *
 * The one idea: before an entry goes in, every page on its way that could not take one more entry is split, from the root down, each in a macro of its own without an
 * operation. So a split touches one page, its parent, which has room, and its right sibling, and needs exactly one new page, which is known before anything is latched.
 * Extent trees hold small nodes of one size: a page that is split has room on both sides, or gets a last page of its own for ascending extents.
 *
 * Called by extent_tree.c under db->space_lock, which keeps all other writers of the database's extent trees away; readers see whole steps through the latches
 * (parent, page, right sibling).
 */
#include "base/memory.h"
#include "btree/extent_internal.h"
#include "page/image.h"
#include "page/move.h"

enum { SEPARATOR_COST = 4 + 2 + SPACE_KEY_SIZE + 1 + 4, NODES_MIN = 4, ROUNDS_MAX = 4 * BTREE_DEPTH_MAX };

/* A page to split, found on the way down. */
struct crowded {
    page_no_t page_no, parent, right;
    uint32_t parent_line;
    bool is_root, at_end; /* at_end: the new entry comes behind all others of the page */
};

/* The first page from the root down with less than `room` bytes free; page_no 0: none. */
static JET_ERR find_crowded(const struct btree *tree, page_no_t last, uint32_t room, struct crowded *out)
{
    JET_ERR err = JET_errSuccess;
    struct btree_route route = {.way = BTREE_TO_TARGET};
    struct page_ref ref = {.frame = NULL};
    uint8_t key[SPACE_KEY_SIZE];
    page_no_t page_no = tree->root, parent = 0;
    uint32_t parent_line = 0;
    bool exact;
    *out = (struct crowded){.page_no = 0};
    store_be32(key, last);
    route.target = btree_target_before(span_of(key, sizeof key));
    TRY(btree_descend(tree, &route, &ref)); /* checks every page of the way, which nobody changes */
    cache_release(&ref);
    for (unsigned level = 0; level <= route.depth; level++) {
        TRY(cache_get(tree->file, page_no, PAGE_LATCH_SHARED, &ref));
        bool is_leaf = level == route.depth;
        uint32_t count = page_node_count(&ref.view), line = is_leaf ? btree_leaf_search(tree, &ref.view, &route.target, &exact) : route.level[level].line;
        if (page_free_bytes(&ref.view) < room) {
            if (count < NODES_MIN)
                RAISE(JET_errDatabaseCorrupted);
            *out = (struct crowded){.page_no = page_no, .parent = parent, .parent_line = parent_line, .right = is_leaf ? page_next(&ref.view) : 0, .is_root = level == 0,
                                    .at_end = is_leaf ? line == count : line + 1 == count};
            goto done;
        }
        if (is_leaf)
            break;
        struct node entry = page_node(&ref.view, line);
        parent = page_no;
        parent_line = line;
        page_no = node_child(&entry);
        cache_release(&ref);
    }
done:
    cache_release(&ref);
    return err;
}

/* The pages of one split, latched, and its records. */
struct splitting {
    struct page_ref parent, page, right, created;
    struct page_split split;
    struct change_macro macro;
    uint8_t separator[SPACE_KEY_SIZE + 1];
    uint32_t separator_size;
    uint8_t *before, *image; /* room for a page each */
};

static void let_go(struct splitting *x)
{
    cache_release(&x->created);
    cache_release(&x->right);
    cache_release(&x->page);
    cache_release(&x->parent);
    mem_free(x->before);
    mem_free(x->image);
    change_macro_free(&x->macro);
}

static JET_ERR latch_pages(const struct btree *tree, const struct crowded *at, page_no_t new_page, struct splitting *x)
{
    JET_ERR err = JET_errSuccess;
    if (at->parent != 0)
        TRY(cache_get(tree->file, at->parent, PAGE_LATCH_EXCLUSIVE, &x->parent));
    TRY(cache_get(tree->file, at->page_no, PAGE_LATCH_EXCLUSIVE, &x->page));
    if (at->right != 0) {
        if (at->right == at->page_no || at->right == at->parent || at->right == tree->root)
            RAISE(JET_errBadPageLink);
        TRY(cache_get(tree->file, at->right, PAGE_LATCH_EXCLUSIVE, &x->right));
        if (page_previous(&x->right.view) != at->page_no || !page_is_leaf(&x->right.view) || page_objid(&x->right.view) != tree->objid)
            RAISE(JET_errBadPageLink);
    }
    TRY(cache_get_new(tree->file, new_page, &x->created));
done:
    return err;
}

/* Copies a node's key; space trees have none longer than a page number with its pool. */
static JET_ERR key_at(const struct page_view *page, uint32_t line, uint8_t room[SPACE_KEY_SIZE + 1], uint32_t *size)
{
    struct node n = page_node(page, line);
    *size = node_key_size(&n);
    if (*size > SPACE_KEY_SIZE + 1)
        return error_raise(JET_errDatabaseCorrupted, __FILE__, __LINE__);
    node_copy_key(&n, room);
    return JET_errSuccess;
}

/* What divides line - 1 from line: on a leaf the shortest beginning of the right key that is greater than the left one (database-file 5). */
static JET_ERR choose_separator(const struct page_view *page, uint32_t line, struct splitting *x)
{
    JET_ERR err = JET_errSuccess;
    uint8_t left[SPACE_KEY_SIZE + 1];
    uint32_t left_size, common = 0;
    TRY(key_at(page, line - 1, left, &left_size));
    if (!page_is_leaf(page)) {
        memcpy(x->separator, left, left_size);
        x->separator_size = left_size;
        goto done;
    }
    TRY(key_at(page, line, x->separator, &x->separator_size));
    while (common < left_size && common < x->separator_size && left[common] == x->separator[common])
        common++;
    if (common == x->separator_size)
        RAISE(JET_errDatabaseCorrupted);
    x->separator_size = common + 1;
done:
    return err;
}

static uint32_t lasting_flags(const struct page_view *page) { return page_flags(page) & ~(uint32_t)(PAGE_FLAG_FLUSH_TYPE | PAGE_FLAG_SCRUBBED); }

/* Fills in what page_split and the record need. */
static JET_ERR describe(const struct space *s, const struct crowded *at, struct splitting *x)
{
    JET_ERR err = JET_errSuccess;
    const struct page_view *page = &x->page.view;
    uint32_t flags = lasting_flags(page), count = page_node_count(page), line = at->at_end ? count - 1 : count / 2;
    struct page_split *split = &x->split;
    *split = (struct page_split){.kind = PAGE_SPLIT_RIGHT, .operation = PAGE_SPLIT_NONE, .line_operation = 0, .line_split = line, .line_count = count, .prefix_line_new = -1,
                                 .prefix_source = page_key_prefix(page), .flags_source = flags, .flags_new = flags, .source_page = at->page_no,
                                 .new_page = x->created.view.page_no, .right_page = at->right, .objid = s->objid};
    if (at->is_root) {
        split->kind = PAGE_SPLIT_VERTICAL;
        split->line_split = 0;
        split->prefix_source.size = 0;
        split->flags_new = flags & ~(uint32_t)PAGE_FLAG_ROOT;
        split->flags_source = (flags & ~(uint32_t)(PAGE_FLAG_LEAF | PAGE_FLAG_PARENT_OF_LEAF)) | ((flags & PAGE_FLAG_LEAF) != 0 ? (uint32_t)PAGE_FLAG_PARENT_OF_LEAF : 0u);
    } else {
        TRY(choose_separator(page, line, x));
        struct node entry = page_node(&x->parent.view, at->parent_line);
        if (page_is_leaf(&x->parent.view) || node_child(&entry) != at->page_no)
            RAISE(JET_errBadParentPageLink);
    }
done:
    return err;
}

/* The old content of the page, as redo may need it: with the new dbtime. */
static JET_ERR make_image(struct splitting *x, uint64_t dbtime, uint32_t *size, uint32_t *flags)
{
    JET_ERR err = JET_errSuccess;
    const struct page_view *page = &x->page.view;
    memcpy(x->before, page->bytes, page->size);
    struct page_edit e = page_edit_trusted(x->before, page->size, page->page_no);
    page_set_dbtime(&e, dbtime);
    TRY(page_image_shrink(&e, false, x->image, size, flags));
done:
    return err;
}

static JET_ERR add_split_record(struct change_macro *macro, const struct split_record *r)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *room;
    TRY(change_macro_room(macro, SPLIT_RECORD_FIXED + r->parent_key.size + r->prefix_old.size + r->prefix_new.size + r->image.size, &room));
    change_macro_added(macro, split_record_encode(room, r));
    change_macro_page(macro, r->page.page_no);
    change_macro_page(macro, r->new_page);
    change_macro_page(macro, r->right_page);
done:
    return err;
}

static JET_ERR log_split(struct space *s, const struct crowded *at, struct splitting *x, uint64_t dbtime, lgpos_t *position)
{
    JET_ERR err = JET_errSuccess;
    struct btree origin = space_tree_origin(s);
    const struct page_split *split = &x->split;
    const uint64_t parent_before = at->parent != 0 ? page_dbtime(&x->parent.view) : DBTIME_IN_MACRO;
    uint32_t image_size, image_flags;
    TRY(make_image(x, dbtime, &image_size, &image_flags));
    if (at->parent != 0) {
        struct split_record r = {.page = change_page_prefix(s->t, &origin, &x->parent.view, dbtime, 0, false), .dbtime_right_before = DBTIME_IN_MACRO,
                                 .dbtime_parent_before = DBTIME_IN_MACRO, .root = s->root, .objid = s->objid, .line_operation = (uint16_t)at->parent_line,
                                 .prefix_line_source = -1, .prefix_line_new = -1};
        TRY(add_split_record(&x->macro, &r));
    }
    struct split_record r = {.page = change_page_prefix(s->t, &origin, &x->page.view, dbtime, split->line_split, false), .new_page = split->new_page, .right_page = at->right,
                             .dbtime_right_before = at->right != 0 ? page_dbtime(&x->right.view) : DBTIME_IN_MACRO, .parent_page = at->parent,
                             .dbtime_parent_before = parent_before, .root = s->root, .objid = s->objid, .kind = (uint8_t)split->kind, .operation = (uint8_t)split->operation,
                             .line_operation = (uint16_t)split->line_operation, .line_split = (uint16_t)split->line_split, .line_count = (uint16_t)split->line_count,
                             .flags_new = split->flags_new, .flags_source = split->flags_source, .prefix_line_source = -1, .prefix_line_new = -1,
                             .parent_key = span_of(x->separator, x->separator_size), .prefix_old = split->prefix_source, .prefix_new = split->prefix_source,
                             .image_flags = image_flags, .image = span_of(x->image, image_size)};
    TRY(add_split_record(&x->macro, &r));
    TRY(change_macro_log(&x->macro, s->t, &origin, dbtime, position));
done:
    return err;
}

static JET_ERR change_pages(const struct crowded *at, struct splitting *x)
{
    JET_ERR err = JET_errSuccess;
    struct page_edit page = change_edit(&x->page), created = change_edit(&x->created);
    TRY(page_split(&x->split, &page, true, &created));
    if (at->right != 0) {
        struct page_edit right = change_edit(&x->right);
        TRY(page_set_previous(&right, x->split.new_page));
    }
    if (at->parent != 0) {
        struct page_edit parent = change_edit(&x->parent);
        struct page_key key = page_key_of(span_of(x->separator, x->separator_size));
        TRY(page_insert_separator(&parent, at->parent_line, &key, at->page_no, x->split.new_page));
    }
done:
    return err;
}

static JET_ERR split_page(struct space *s, const struct btree *tree, const struct crowded *at, page_no_t new_page)
{
    JET_ERR err = JET_errSuccess;
    struct splitting x = {.separator_size = 0};
    lgpos_t position;
    uint32_t size = cache_file_page_size(tree->file);
    x.before = mem_alloc(size);
    x.image = mem_alloc(size);
    if (x.before == NULL || x.image == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(latch_pages(tree, at, new_page, &x));
    TRY(describe(s, at, &x));
    uint64_t dbtime = database_next_dbtime(s->db);
    x.split.dbtime = dbtime;
    TRY(log_split(s, at, &x, dbtime, &position));
    TRY(change_pages(at, &x));
    change_finish(s->t, &x.created, dbtime, position);
    if (at->right != 0)
        change_finish(s->t, &x.right, dbtime, position);
    change_finish(s->t, &x.page, dbtime, position);
    if (at->parent != 0)
        change_finish(s->t, &x.parent, dbtime, position);
done:
    let_go(&x);
    return err;
}

JET_ERR space_tree_make_room(struct space *s, const struct btree *tree, page_no_t last)
{
    JET_ERR err = JET_errSuccess;
    struct crowded at;
    page_no_t new_page;
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        TRY(find_crowded(tree, last, SEPARATOR_COST, &at));
        if (at.page_no == 0)
            goto done;
        TRY(space_page_for_split(s, tree, &new_page));
        /* That may have taken an entry out of this very page: it is split all the same. The new page cannot go back, as its entry would need the room again. */
        TRY(find_crowded(tree, last, 2 * SEPARATOR_COST, &at));
        if (at.page_no == 0)
            RAISE(JET_errDatabaseCorrupted);
        TRY(split_page(s, tree, &at, new_page));
    }
    RAISE(JET_errDatabaseCorrupted);
done:
    return err;
}
