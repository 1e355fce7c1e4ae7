/* The leaves of a damaged tree (repair_internal.h).
 *
 * From the root down, left to right, with a stack of one page for each level. A page that is not what its parent says (unreadable, of another tree, reached before) is lost with what hangs
 * on it, and the walk goes on with the parent's next entry. A lost leaf is lost. Behind a lost internal page there may be leaves that are whole: then, and when the links of the leaves do
 * not agree with what was walked (a split that reached the disk in part), all leaves of the file with the tree's object id are taken that the walk has not met. Their places are known
 * from their first keys alone. */
#include <stdlib.h>

#include "base/memory.h"
#include "engine/repair_internal.h"

struct level {
    uint8_t *bytes;
    struct page_view view;
    uint32_t next;            /* entry to go down at */
};
struct walk {
    struct repair_tree *tree;
    const struct repair_losses *losses;
    struct level levels[BTREE_DEPTH_MAX];
    uint32_t depth;
    uint8_t *leaf, *last;     /* last: bookmark that the leaf before ends with: key, and behind it the data in a tree that is not unique */
    uint32_t last_key_size, last_data_size;
    bool has_last;
    bool has_leaf;            /* one has been walked, empty or not */
    bool is_gap;              /* a leaf is missing behind the last one, or before the first */
    bool has_lost_branch, is_disordered;
    page_no_t leaf_before, linked_next; /* of the last leaf walked */
};

static JET_ERR add_leaf(struct repair_tree *tree, const struct page_view *p, bool is_walked)
{
    JET_ERR err = JET_errSuccess;
    struct node n = page_node(p, 0);
    if (tree->count == tree->room) {
        uint32_t room = tree->room == 0 ? 64 : 2 * tree->room;
        struct repair_leaf *more = mem_resize(tree->leaves, (size_t)room * sizeof *more);
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        tree->leaves = more;
        tree->room = room;
    }
    struct repair_leaf *leaf = &tree->leaves[tree->count++];
    *leaf = (struct repair_leaf){.page_no = p->page_no, .is_walked = is_walked};
    uint32_t prefix = n.prefix.size < REPAIR_LEAF_START ? n.prefix.size : (uint32_t)REPAIR_LEAF_START, rest = REPAIR_LEAF_START - prefix;
    copy_few(leaf->start, n.prefix.data, prefix);
    copy_few(leaf->start + prefix, n.suffix.data, n.suffix.size < rest ? n.suffix.size : rest);
done:
    return err;
}

static void lose_page(struct walk *w, page_no_t page_no, JET_ERR error, bool is_branch)
{
    struct repair_file *f = w->tree->file;
    w->tree->pages_lost++;
    w->is_gap = true;
    if (is_branch)
        w->has_lost_branch = true;
    if (page_no <= f->last_page) {
        if (repair_bit(f->leads, page_no))
            return;
        repair_set_bit(f->leads, page_no);
    }
    if (w->losses != NULL && w->losses->page != NULL)
        w->losses->page(w->losses->context, page_no, error);
}

static bool belongs(const struct walk *w, const struct page_view *p)
{
    enum { KINDS = PAGE_FLAG_SPACE_TREE | PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE };
    return page_objid(p) == w->tree->objid && (page_flags(p) & KINDS) == w->tree->kind && page_is_root(p) == (p->page_no == w->tree->root);
}

static JET_ERR read_page(struct walk *w, page_no_t page_no, uint8_t *bytes, struct page_view *p)
{
    JET_ERR err = JET_errSuccess;
    struct repair_file *f = w->tree->file;
    TRY(repair_file_read(f, page_no, bytes, p));
    if (repair_bit(f->visited, page_no) || !belongs(w, p))
        RAISE(JET_errBadParentPageLink);
    repair_set_bit(f->visited, page_no);
done:
    return err;
}

/* --- leaves --- */

static bool follows_last(const struct walk *w, const struct page_view *p)
{
    struct node n = page_node(p, 0);
    struct span key = span_of(w->last, w->last_key_size), data = span_of(w->last + w->last_key_size, w->last_data_size);
    return !w->has_last || (w->tree->is_unique ? node_compare_key(&n, key) : node_compare_bookmark(&n, key, data)) > 0;
}

static void keep_last(struct walk *w, const struct page_view *p)
{
    struct node n = page_node(p, page_node_count(p) - 1);
    w->has_last = true;
    w->last_key_size = node_copy_key(&n, w->last);
    w->last_data_size = w->tree->is_unique ? 0 : n.data.size;
    copy_few(w->last + w->last_key_size, n.data.data, w->last_data_size);
}

static JET_ERR take_leaf(struct walk *w, const struct page_view *p)
{
    JET_ERR err = JET_errSuccess;
    struct repair_tree *tree = w->tree;
    bool is_first = !w->has_leaf;
    if (!w->is_gap && (is_first ? page_previous(p) != 0 : page_previous(p) != w->leaf_before || w->linked_next != p->page_no))
        w->is_disordered = true;
    if (is_first) {
        tree->begins_whole = !w->is_gap;
        tree->first_dbtime = page_dbtime(p);
    } else if (!w->is_gap && tree->count > 0) {
        tree->leaves[tree->count - 1].is_followed = true;
    }
    w->has_leaf = true;
    w->is_gap = false;
    w->leaf_before = p->page_no;
    w->linked_next = page_next(p);
    if (page_node_count(p) == 0)
        goto done;
    if (!follows_last(w, p))
        w->is_disordered = true;
    keep_last(w, p);
    TRY(add_leaf(tree, p, true));
done:
    return err;
}

/* --- the walk --- */

static JET_ERR enter(struct walk *w, const struct page_view *p, const uint8_t *bytes)
{
    JET_ERR err = JET_errSuccess;
    if (w->depth == BTREE_DEPTH_MAX) {
        lose_page(w, p->page_no, JET_errDatabaseCorrupted, true);
        goto done;
    }
    struct level *level = &w->levels[w->depth];
    if (level->bytes == NULL && (level->bytes = mem_alloc(w->tree->file->page_size)) == NULL)
        RAISE(JET_errOutOfMemory);
    memcpy(level->bytes, bytes, w->tree->file->page_size);
    level->view = *p;
    level->view.bytes = level->bytes;
    level->next = 0;
    w->depth++;
done:
    return err;
}

/* is_leaf: the parent says so. */
static JET_ERR visit(struct walk *w, page_no_t page_no, bool should_be_leaf)
{
    JET_ERR err = JET_errSuccess;
    struct page_view p;
    JET_ERR error = read_page(w, page_no, w->leaf, &p);
    if (error >= 0 && should_be_leaf && !page_is_leaf(&p))
        error = JET_errBadParentPageLink;
    if (error < 0)
        lose_page(w, page_no, error, !should_be_leaf);
    else if (page_is_leaf(&p))
        TRY(take_leaf(w, &p));
    else
        TRY(enter(w, &p, w->leaf));
done:
    return err;
}

static void read_root_header(struct walk *w)
{
    struct page_view p;
    struct repair_tree *tree = w->tree;
    if (repair_file_read(tree->file, tree->root, w->leaf, &p) < 0 || !belongs(w, &p) || space_header_decode(page_external_header(&p), &tree->header) < 0)
        return;
    tree->is_unique = (page_flags(&p) & PAGE_FLAG_NON_UNIQUE) == 0;
}

static JET_ERR walk_pages(struct walk *w)
{
    JET_ERR err = JET_errSuccess;
    TRY(visit(w, w->tree->root, false));
    while (w->depth > 0) {
        struct level *level = &w->levels[w->depth - 1];
        if (level->next == page_node_count(&level->view)) {
            w->depth--;
            continue;
        }
        struct node n = page_node(&level->view, level->next++);
        TRY(visit(w, node_child(&n), (page_flags(&level->view) & PAGE_FLAG_PARENT_OF_LEAF) != 0));
    }
    if (w->has_leaf && !w->is_gap) {
        if (w->linked_next != 0)
            w->is_disordered = true;
        if (w->tree->count > 0)
            w->tree->leaves[w->tree->count - 1].is_followed = true;
    }
done:
    return err;
}

/* --- leaves that nothing leads to --- */

static JET_ERR add_strays(struct walk *w)
{
    JET_ERR err = JET_errSuccess;
    struct repair_tree *tree = w->tree;
    struct repair_file *f = tree->file;
    struct page_view p;
    uint32_t first, count = repair_file_leaves_of(f, tree->objid, &first);
    for (uint32_t i = first; i < first + count; i++) {
        if (repair_bit(f->visited, f->leaves[i]) || repair_file_read(f, f->leaves[i], w->leaf, &p) < 0 || page_is_root(&p) || !belongs(w, &p))
            continue;
        repair_set_bit(f->visited, f->leaves[i]);
        TRY(add_leaf(tree, &p, false));
        tree->pages_stray++;
    }
done:
    return err;
}

struct ordering {
    const struct repair_tree *tree;
    uint8_t *bytes[2], *key;
};

/* A page that cannot be read any more stands anywhere: it is left out later. */
static int compare_leaves(const void *a, const void *b, void *context)
{
    const struct repair_leaf *x = a, *y = b;
    const struct ordering *o = context;
    struct page_view p[2];
    int order = memcmp(x->start, y->start, REPAIR_LEAF_START);
    if (order != 0 || x->page_no == y->page_no)
        return order;
    if (repair_file_read(o->tree->file, x->page_no, o->bytes[0], &p[0]) < 0 || repair_file_read(o->tree->file, y->page_no, o->bytes[1], &p[1]) < 0 || page_node_count(&p[0]) == 0 ||
        page_node_count(&p[1]) == 0)
        return 0;
    struct node n = page_node(&p[0], 0), other = page_node(&p[1], 0);
    return node_compare_key(&n, span_of(o->key, node_copy_key(&other, o->key)));
}

static JET_ERR sort_leaves(struct repair_tree *tree)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = tree->file->page_size;
    struct ordering o = {.tree = tree, .bytes = {mem_alloc(size), mem_alloc(size)}, .key = mem_alloc(2 * (size_t)size)};
    if (o.bytes[0] == NULL || o.bytes[1] == NULL || o.key == NULL)
        RAISE(JET_errOutOfMemory);
    if (tree->count > 0)
        qsort_r(tree->leaves, tree->count, sizeof *tree->leaves, compare_leaves, &o);
done:
    mem_free(o.bytes[0]);
    mem_free(o.bytes[1]);
    mem_free(o.key);
    return err;
}

JET_ERR repair_tree_walk(struct repair_file *f, page_no_t root, uint32_t objid, uint32_t kind, const struct repair_losses *losses, struct repair_tree *out)
{
    JET_ERR err = JET_errSuccess;
    struct walk w = {.tree = out, .losses = losses};
    *out = (struct repair_tree){.file = f, .root = root, .objid = objid, .kind = kind, .is_unique = true};
    w.leaf = mem_alloc(f->page_size);
    w.last = mem_alloc(3 * (size_t)f->page_size);
    if (w.leaf == NULL || w.last == NULL)
        RAISE(JET_errOutOfMemory);
    read_root_header(&w);
    TRY(walk_pages(&w));
    out->is_whole = out->pages_lost == 0 && !w.is_disordered;
    if (w.has_lost_branch || w.is_disordered) {
        TRY(add_strays(&w));
        TRY(sort_leaves(out));
    }
done:
    for (uint32_t i = 0; i < BTREE_DEPTH_MAX; i++)
        mem_free(w.levels[i].bytes);
    mem_free(w.leaf);
    mem_free(w.last);
    return err;
}

void repair_tree_free(struct repair_tree *tree)
{
    mem_free(tree->leaves);
    *tree = (struct repair_tree){.file = NULL};
}
