/* Entries of the extent trees: found, added, changed, removed; and where these trees get pages for their own growth (database-file 4.5, 6.1).
 *
 * The trees are B+ trees like others, with the last page of an extent as key. An extent that is taken from is cut at its front, so that its key stays and the change is four
 * bytes in place: taking pages away never needs room. Adding an entry may split pages of the extent tree, and the pages for that must come from somewhere without
 * asking the tree that is being changed for more than such a cut. They come, in this order, from
 *   1. the split buffer in the root of the extent tree, as long as another engine has left pages in it;
 *   2. the extent that is being entered (space.pending): a new extent is asked for so large that it holds what the splits for its two entries may take
 *      (space_split_need), and what it loses at the front never becomes an entry of the available tree;
 *   3. the available tree: a page cut off one of its entries. A full leaf of that tree that must take another entry is full of such entries.
 * So no page needs to be kept back, and a split cannot run dry half-way: the page is taken before the first one is latched.
 *
 * A page may be in the trees only when it is owned, also after a crash. So the owned tree is split ahead: when an entry has filled its leaf the leaf is split at once, with
 * pages of the extent just entered, and the next entry finds room. A full leaf of another engine's making is split with pages of kind 1 or 3 if there are any.
 *
 * Each change is logged and made on its own; their order is always such that a crash between two of them leaves pages owned, but neither used nor
 * free. Called by extent.c, extent_pool.c and extent_file.c, under db->space_lock with nothing latched.
 */
#include "btree/extent_internal.h"

enum { POOL_KEY_SIZE = 5, SPLIT_BUFFER_ENTRIES = 2, SPLIT_BUFFER_ENTRY_SIZE = 8, ENTRY_COST = 4 + 2 + SPACE_KEY_SIZE + 4 };

static JET_ERR damage_of(const struct space *s, const struct btree *tree) { return tree->root == s->owned.root ? JET_errSPOwnExtCorrupted : JET_errSPAvailExtCorrupted; }

/* --- finding --- */

/* Decodes the node under the cursor. False: it belongs to a special pool, and so do all that follow. */
static JET_ERR read_entry(struct btree_cursor *cursor, struct space_entry *out, bool *is_general)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    uint8_t key[POOL_KEY_SIZE];
    TRY(btree_cursor_get(cursor, &node));
    uint32_t size = node_key_size(&node);
    if ((size != SPACE_KEY_SIZE && size != POOL_KEY_SIZE) || node.data.size != sizeof(uint32_t))
        RAISE(JET_errSPAvailExtCorrupted);
    node_copy_key(&node, key);
    *is_general = size == SPACE_KEY_SIZE;
    page_no_t last = load_be32(key + size - SPACE_KEY_SIZE);
    uint32_t count = load_le32(node.data.data);
    if (last > PAGE_NO_MAX || count > last)
        RAISE(JET_errSPAvailExtCorrupted);
    *out = space_entry_of(last, count);
done:
    btree_cursor_release(cursor);
    return err;
}

/* From the first entry at or after page_no on, the first of at least `count` (>= 1) pages. */
static JET_ERR find_entry(const struct btree *tree, page_no_t page_no, uint32_t count, struct space_entry *out)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    uint8_t key[SPACE_KEY_SIZE];
    bool is_general = true;
    *out = (struct space_entry){0};
    store_be32(key, page_no);
    TRY(btree_cursor_open(tree, &cursor));
    err = btree_seek(&cursor, span_of(key, sizeof key), BTREE_SEEK_GE);
    while (err >= 0) {
        struct space_entry entry = {0};
        TRY(read_entry(&cursor, &entry, &is_general));
        if (!is_general)
            break;
        if (entry.count >= count) { /* entries of no pages are place-holders */
            *out = entry;
            break;
        }
        err = btree_next(&cursor);
    }
    if (err == JET_errRecordNotFound || err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

JET_ERR space_entry_at_or_after(const struct btree *tree, page_no_t page_no, struct space_entry *out) { return find_entry(tree, page_no, 1, out); }

JET_ERR space_entry_to_take(const struct btree *tree, page_no_t page_no, uint32_t count, struct space_entry *out)
{
    JET_ERR err = find_entry(tree, page_no, count, out);
    if (err >= 0 && !space_is_below_limit(tree->db, out->last)) /* entries ascend: nor is any that follows */
        *out = (struct space_entry){0};
    return err;
}

JET_ERR space_entry_before(const struct btree *tree, page_no_t page_no, struct space_entry *out)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    uint8_t key[SPACE_KEY_SIZE];
    bool is_general = true;
    *out = (struct space_entry){0};
    store_be32(key, page_no);
    TRY(btree_cursor_open(tree, &cursor));
    err = btree_seek(&cursor, span_of(key, sizeof key), BTREE_SEEK_LT);
    while (err >= 0) {
        struct space_entry entry = {0};
        TRY(read_entry(&cursor, &entry, &is_general));
        if (is_general && entry.count > 0) {
            *out = entry;
            break;
        }
        err = btree_previous(&cursor);
    }
    if (err == JET_errRecordNotFound || err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

JET_ERR space_has_shelved(const struct btree *tree, page_no_t page_no, bool *has)
{
    JET_ERR err = JET_errSuccess;
    struct btree_cursor cursor = {0};
    struct space_entry entry = {0};
    bool is_general = true;
    *has = false;
    TRY(btree_cursor_open(tree, &cursor));
    err = btree_last(&cursor); /* special pools stand behind all other entries */
    if (err >= 0) {
        TRY(read_entry(&cursor, &entry, &is_general));
        *has = !is_general && entry.count > 0 && entry.last >= page_no;
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

/* --- changing --- */

struct btree space_origin(const struct space *s)
{
    return (struct btree){.file = s->db->pages, .db = s->db, .root = s->root, .objid = s->objid, .is_unique = (s->page_flags & PAGE_FLAG_NON_UNIQUE) == 0};
}

struct btree space_tree_origin(const struct space *s)
{
    struct btree origin = space_origin(s);
    origin.is_space_tree = true;
    return origin;
}

/* Latches the leaf where an entry with this last page stands or would stand. No page of the tree changes but by the caller, who holds the space lock. */
static JET_ERR latch_leaf(const struct btree *tree, page_no_t last, struct page_ref *out, uint32_t *line, bool *exact)
{
    JET_ERR err = JET_errSuccess;
    struct btree_route route = {.way = BTREE_TO_TARGET};
    uint8_t key[SPACE_KEY_SIZE];
    store_be32(key, last);
    route.target = btree_target_before(span_of(key, sizeof key));
    TRY(btree_descend(tree, &route, out));
    page_no_t page_no = out->view.page_no;
    cache_release(out);
    TRY(cache_get(tree->file, page_no, PAGE_LATCH_EXCLUSIVE, out));
    *line = btree_leaf_search(tree, &out->view, &route.target, exact);
done:
    if (err < 0)
        cache_release(out);
    return err;
}

/* Takes a dbtime and logs a change of one node of the latched page. */
static JET_ERR log_node(struct space *s, const struct btree *origin, uint8_t type, const struct page_ref *ref, uint32_t line, const struct node_tail *tail, uint64_t *dbtime,
                        lgpos_t *position)
{
    *dbtime = database_next_dbtime(s->db);
    struct page_prefix prefix = change_page_prefix(s->t, origin, &ref->view, *dbtime, line, false);
    return change_log_node(s->t, origin, type, &prefix, 0, tail, position);
}

static JET_ERR delete_node(struct space *s, struct page_ref *ref, uint32_t line)
{
    JET_ERR err = JET_errSuccess;
    struct btree origin = space_tree_origin(s);
    struct page_edit e = change_edit(ref);
    struct node_tail tail = {.operation = 0};
    uint64_t dbtime;
    lgpos_t position;
    TRY(log_node(s, &origin, LR_DELETE, ref, line, &tail, &dbtime, &position));
    TRY(page_delete(&e, line, 1));
    change_finish(s->t, ref, dbtime, position);
done:
    return err;
}

static bool node_is_deleted(const struct page_ref *ref, uint32_t line)
{
    struct node n = page_node(&ref->view, line);
    return (n.flags & NODE_FLAG_DELETED) != 0;
}

static bool page_fits_entry(const struct page_view *page) { return page_free_bytes(page) >= ENTRY_COST; }

JET_ERR space_entry_has_room(const struct btree *tree, page_no_t last, bool *has_room)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref leaf = {.frame = NULL};
    uint32_t line;
    bool exact;
    TRY(latch_leaf(tree, last, &leaf, &line, &exact));
    *has_room = page_fits_entry(&leaf.view);
done:
    cache_release(&leaf);
    return err;
}

/* Room on the latched leaf: entries an older engine has only marked deleted go for good. *removed: one of them stood before `line`. */
static JET_ERR purge(struct space *s, struct page_ref *leaf)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = page_node_count(&leaf->view); i > 0; i--) {
        if (node_is_deleted(leaf, i - 1))
            TRY(delete_node(s, leaf, i - 1));
    }
done:
    return err;
}

static JET_ERR insert_node(struct space *s, struct page_ref *leaf, uint32_t line, struct space_entry entry)
{
    JET_ERR err = JET_errSuccess;
    struct btree origin = space_tree_origin(s);
    struct page_edit e = change_edit(leaf);
    uint8_t key[SPACE_KEY_SIZE], data[4];
    uint64_t dbtime;
    lgpos_t position;
    store_be32(key, entry.last);
    store_le32(data, entry.count);
    struct page_new_node node = {.key = page_key_of(span_of(key, SPACE_KEY_SIZE)), .data = span_of(data, sizeof data)};
    node.prefix_size = page_common_prefix(&e, &node.key);
    struct node_tail tail = {.key_prefix = span_of(key, node.prefix_size), .key = span_of(key + node.prefix_size, SPACE_KEY_SIZE - node.prefix_size), .data = node.data};
    TRY(log_node(s, &origin, LR_INSERT, leaf, line, &tail, &dbtime, &position));
    TRY(page_insert(&e, line, &node));
    change_finish(s->t, leaf, dbtime, position);
done:
    return err;
}

JET_ERR space_entry_insert(struct space *s, const struct btree *tree, struct space_entry entry)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref leaf = {.frame = NULL};
    uint32_t line;
    bool exact;
    TRY(latch_leaf(tree, entry.last, &leaf, &line, &exact));
    if (!page_fits_entry(&leaf.view)) {
        TRY(purge(s, &leaf));
        bool is_full = !page_fits_entry(&leaf.view);
        cache_release(&leaf);
        if (is_full)
            TRY(space_tree_make_room(s, tree, entry.last));
        TRY(latch_leaf(tree, entry.last, &leaf, &line, &exact));
    }
    if (exact) { /* only one that stands for nothing may be there */
        struct node old = page_node(&leaf.view, line);
        if (!node_is_deleted(&leaf, line) && (old.data.size != 4 || load_le32(old.data.data) != 0))
            RAISE(damage_of(s, tree));
        TRY(delete_node(s, &leaf, line));
    }
    TRY(insert_node(s, &leaf, line, entry));
done:
    cache_release(&leaf);
    return err;
}

/* The entry that must be there. */
static JET_ERR latch_entry(const struct space *s, const struct btree *tree, page_no_t last, struct page_ref *leaf, uint32_t *line)
{
    JET_ERR err = JET_errSuccess;
    bool exact;
    TRY(latch_leaf(tree, last, leaf, line, &exact));
    if (!exact || node_is_deleted(leaf, *line) || page_node(&leaf->view, *line).data.size != 4)
        RAISE(damage_of(s, tree));
done:
    if (err < 0)
        cache_release(leaf);
    return err;
}

JET_ERR space_entry_resize(struct space *s, const struct btree *tree, page_no_t last, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref leaf = {.frame = NULL};
    struct btree origin = space_tree_origin(s);
    uint8_t data[4];
    uint32_t line;
    uint64_t dbtime;
    lgpos_t position;
    TRY(latch_entry(s, tree, last, &leaf, &line));
    struct page_edit e = change_edit(&leaf);
    store_le32(data, count);
    struct node_tail tail = {.data = span_of(data, sizeof data), .old_size = sizeof data, .new_size = sizeof data};
    TRY(log_node(s, &origin, LR_REPLACE, &leaf, line, &tail, &dbtime, &position));
    TRY(page_replace_data(&e, line, tail.data));
    change_finish(s->t, &leaf, dbtime, position);
done:
    cache_release(&leaf);
    return err;
}

JET_ERR space_entry_remove(struct space *s, const struct btree *tree, page_no_t last)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref leaf = {.frame = NULL};
    uint32_t line;
    TRY(latch_entry(s, tree, last, &leaf, &line));
    TRY(delete_node(s, &leaf, line));
done:
    cache_release(&leaf);
    return err;
}

JET_ERR space_set_header(struct space *s, page_no_t page_no, struct span external)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    struct btree origin = page_no == s->root ? space_origin(s) : space_tree_origin(s);
    struct node_tail tail = {.data = external};
    uint64_t dbtime;
    lgpos_t position;
    TRY(cache_get(s->db->pages, page_no, PAGE_LATCH_EXCLUSIVE, &ref));
    struct page_edit e = change_edit(&ref);
    if (page_external_header(&ref.view).size != external.size)
        RAISE(JET_errDatabaseCorrupted);
    TRY(log_node(s, &origin, LR_SET_EXTERNAL_HEADER, &ref, 0, &tail, &dbtime, &position));
    TRY(page_set_external_header(&e, external));
    change_finish(s->t, &ref, dbtime, position);
done:
    cache_release(&ref);
    return err;
}

/* --- pages for splits --- */

static JET_ERR split_need_of(const struct btree *tree, uint32_t *pages)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    struct btree_route route = {.way = BTREE_TO_FIRST};
    TRY(btree_descend(tree, &route, &ref));
    bool fits_root = route.depth == 0 && page_free_bytes(&ref.view) >= 3 * ENTRY_COST; /* with room left for the next */
    *pages = fits_root ? 0 : route.depth + 2; /* one page on each level, and one more level */
done:
    cache_release(&ref);
    return err;
}

JET_ERR space_split_need(const struct space *s, uint32_t *pages)
{
    JET_ERR err = JET_errSuccess;
    uint32_t owned, available;
    TRY(split_need_of(&s->owned, &owned));
    TRY(split_need_of(&s->available, &available));
    *pages = owned + available;
done:
    return err;
}

/* A page out of the split buffer of the tree; 0: it is empty. Lowest first (database-file 4.5). */
static JET_ERR take_buffered(struct space *s, const struct btree *tree, page_no_t *page_no)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    uint8_t header[PAGE_SIZE_MAX];
    uint32_t size, i = 0;
    *page_no = 0;
    TRY(cache_get(tree->file, tree->root, PAGE_LATCH_SHARED, &ref));
    struct span external = page_external_header(&ref.view);
    size = external.size;
    if (size < SPACE_SPLIT_BUFFER)
        RAISE(damage_of(s, tree));
    memcpy(header, external.data, size);
    cache_release(&ref);
    while (i < SPLIT_BUFFER_ENTRIES && (load_le32(header + (size_t)i * SPLIT_BUFFER_ENTRY_SIZE + 4) == 0 ||
                                        !space_is_below_limit(s->db, load_le32(header + (size_t)i * SPLIT_BUFFER_ENTRY_SIZE))))
        i++;
    if (i == SPLIT_BUFFER_ENTRIES)
        goto done;
    uint8_t *entry = header + (size_t)i * SPLIT_BUFFER_ENTRY_SIZE;
    uint32_t last = load_le32(entry), count = load_le32(entry + 4);
    if (last > PAGE_NO_MAX || count > last)
        RAISE(damage_of(s, tree));
    store_le32(entry + 4, count - 1);
    TRY(space_set_header(s, tree->root, span_of(header, size)));
    *page_no = last - count + 1;
done:
    cache_release(&ref);
    return err;
}

static JET_ERR take_available(struct space *s, page_no_t *page_no)
{
    JET_ERR err = JET_errSuccess;
    struct space_entry entry = {0};
    TRY(space_entry_to_take(&s->available, 0, 1, &entry));
    if (entry.count > 1)
        TRY(space_entry_resize(s, &s->available, entry.last, entry.count - 1));
    else if (entry.count == 1)
        TRY(space_entry_remove(s, &s->available, entry.last));
    *page_no = entry.count > 0 ? entry.first : 0;
done:
    return err;
}

JET_ERR space_page_for_split(struct space *s, const struct btree *tree, page_no_t *page_no)
{
    JET_ERR err = JET_errSuccess;
    bool has_pending = s->pending.count > 1; /* the last one names the entry */
    TRY(take_buffered(s, tree, page_no));
    if (*page_no == 0 && !(has_pending && s->pending_is_owned))
        TRY(take_available(s, page_no));
    if (*page_no == 0 && has_pending) {
        *page_no = s->pending.first++;
        s->pending.count--;
    }
    if (*page_no == 0)
        RAISE(JET_errOutOfDatabaseSpace);
done:
    return err;
}
