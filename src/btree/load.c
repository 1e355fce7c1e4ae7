/* Filling an empty tree (load.h).
 *
 * Every level gathers nodes until they no longer fit into a page with the best prefix for them. How much prefixes save is known only by computing it, which looks at all
 * nodes gathered: so it is done when the nodes without prefix would fill what the last computation left, scaled by what prefixes have saved so far. Where that went too far,
 * the largest beginning of the list that fits is found by halving.
 */
#include "btree/load.h"

#include "base/memory.h"
#include "btree/extent_internal.h"
#include "btree/leaf_change.h"

enum { NODES_MAX = PAGE_TAG_COUNT_MASK - 2, FIRST_ITEMS = 64 };

struct load_level {
    struct split_item *items; /* keys in their tails; pointing into bytes */
    uint32_t count, items_room;
    uint8_t *bytes;
    uint32_t used, bytes_room;
    uint64_t plain;           /* bytes of the nodes without prefixes */
    uint64_t plain_allowed;   /* beyond that it must be looked whether they still fit */
    uint32_t fitting;         /* so many of the first are known to fit */
    uint32_t pages;           /* written */
};

struct btree_loader {
    struct btree_loader_config config;
    struct load_level levels[BTREE_DEPTH_MAX + 1];
    uint32_t capacity;        /* of a page that is no root, for prefix and nodes */
    uint32_t pages;
    page_no_t last_page, last_leaf;
};

static uint32_t limit_of(const struct btree_loader *l, uint32_t level)
{
    return level == 0 && l->config.reserve < l->capacity ? l->capacity - l->config.reserve : l->capacity;
}

JET_ERR btree_loader_create(const struct btree_loader_config *config, struct btree_loader **out)
{
    JET_ERR err = JET_errSuccess;
    struct btree_loader *l = (struct btree_loader *)mem_alloc(sizeof *l);
    *out = l;
    if (l == NULL)
        RAISE(JET_errOutOfMemory);
    l->config = *config;
    l->capacity = config->page_size - page_header_size(config->page_size) - PAGE_NODE_TAG_SIZE;
    for (uint32_t i = 0; i <= BTREE_DEPTH_MAX; i++)
        l->levels[i].plain_allowed = limit_of(l, i);
    if (config->tree != NULL)
        l->last_page = config->tree->root;
done:
    return err;
}

void btree_loader_destroy(struct btree_loader *loader)
{
    if (loader == NULL)
        return;
    for (uint32_t i = 0; i <= BTREE_DEPTH_MAX; i++) {
        mem_free(loader->levels[i].items);
        mem_free(loader->levels[i].bytes);
    }
    mem_free(loader);
}

/* --- the nodes of a level --- */

static uint32_t plain_cost(const struct split_item *item) { return page_node_cost(page_key_size(&item->key), 0, item->data.size); }

static JET_ERR make_room(struct load_level *v, uint32_t bytes)
{
    JET_ERR err = JET_errSuccess;
    if (v->count == v->items_room) {
        uint32_t room = v->items_room == 0 ? (uint32_t)FIRST_ITEMS : 2 * v->items_room;
        struct split_item *more = (struct split_item *)mem_resize(v->items, (size_t)room * sizeof *more);
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        v->items = more;
        v->items_room = room;
    }
    if (bytes > v->bytes_room - v->used) {
        uint32_t room = 2 * (v->bytes_room + bytes), at = 0;
        uint8_t *more = (uint8_t *)mem_resize(v->bytes, room);
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        v->bytes = more;
        v->bytes_room = room;
        for (uint32_t i = 0; i < v->count; i++) {
            struct split_item *item = &v->items[i];
            item->key = page_key_of(span_of(more + at, page_key_size(&item->key)));
            at += page_key_size(&item->key);
            item->data.data = more + at;
            at += item->data.size;
        }
    }
done:
    return err;
}

static JET_ERR keep(struct load_level *v, struct span key, struct span data)
{
    JET_ERR err = JET_errSuccess;
    TRY(make_room(v, key.size + data.size));
    uint8_t *at = v->bytes + v->used;
    if (key.size > 0)
        memcpy(at, key.data, key.size);
    if (data.size > 0)
        memcpy(at + key.size, data.data, data.size);
    struct split_item *item = &v->items[v->count++];
    *item = (struct split_item){.key = page_key_of(span_of(at, key.size)), .data = span_of(at + key.size, data.size)};
    v->used += key.size + data.size;
    v->plain += plain_cost(item);
done:
    return err;
}

/* The first `count` have been written. */
static void drop(struct load_level *v, uint32_t count, uint32_t limit)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        bytes += page_key_size(&v->items[i].key) + v->items[i].data.size;
        v->plain -= plain_cost(&v->items[i]);
    }
    v->used -= bytes;
    v->count -= count;
    if (v->count > 0) {
        memmove(v->bytes, v->bytes + bytes, v->used);
        memmove(v->items, v->items + count, v->count * sizeof *v->items);
    }
    for (uint32_t i = 0; i < v->count; i++) {
        struct split_item *item = &v->items[i];
        item->key.head.data -= bytes;
        item->key.tail.data -= bytes;
        item->data.data -= bytes;
    }
    v->plain_allowed = limit;
    v->fitting = 0;
}

/* --- pages --- */

static JET_ERR put_nodes(struct page_edit *e, const struct split_item *items, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < count; i++) {
        struct page_new_node node = {.key = items[i].key, .prefix_size = page_common_prefix(e, &items[i].key), .data = items[i].data};
        TRY(page_insert_in_order(e, i, &node));
    }
done:
    return err;
}

static uint32_t flags_of_level(uint32_t level) { return level == 0 ? (uint32_t)PAGE_FLAG_LEAF : level == 1 ? (uint32_t)PAGE_FLAG_PARENT_OF_LEAF : 0u; }

static JET_ERR link_leaf(struct btree_loader *l, page_no_t leaf)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    struct database *db = l->config.tree->db;
    if (l->last_leaf != 0) {
        TRY(cache_get(db->pages, l->last_leaf, PAGE_LATCH_EXCLUSIVE, &ref));
        struct page_edit e = change_edit(&ref);
        TRY(page_set_next(&e, leaf));
        change_finish(l->config.t, &ref, database_next_dbtime(db), 0);
    }
    l->last_leaf = leaf;
done:
    cache_release(&ref);
    return err;
}

static JET_ERR build_page(struct btree_loader *l, uint32_t level, uint32_t kind, uint32_t count, int32_t prefix, page_no_t page_no)
{
    JET_ERR err = JET_errSuccess;
    const struct btree *tree = l->config.tree;
    const struct load_level *v = &l->levels[level];
    struct page_ref ref = {.frame = NULL};
    uint64_t dbtime = database_next_dbtime(tree->db);
    const struct page_fields fields = {.flags = kind | flags_of_level(level), .objid = tree->objid, .dbtime = dbtime, .previous = level == 0 ? l->last_leaf : 0};
    TRY(cache_get_new(tree->file, page_no, &ref));
    struct page_edit e = change_edit(&ref);
    TRY(page_init(&e, &fields, prefix < 0 ? span_of(NULL, 0) : v->items[prefix].key.head));
    TRY(put_nodes(&e, v->items, count));
    change_finish(l->config.t, &ref, dbtime, 0);
done:
    cache_release(&ref);
    return err;
}

/* Of long values the first whole one (head, then data) gives the prefix, where that is not too long for the page: as in databases of the original engine. A reader that is widespread (libesedb
 * before 2020) takes of a key only what is in the prefix, and so finds one value on each leaf. */
static int32_t prefix_of_long_values(const struct btree_loader *l, const struct load_level *v, uint32_t count, int32_t prefix)
{
    enum { DATA_LINE = 1 };
    return count > DATA_LINE && split_bytes_with_prefix(v->items, 0, count, DATA_LINE) <= l->capacity ? (int32_t)DATA_LINE : prefix;
}

static JET_ERR write_page(struct btree_loader *l, uint32_t level, uint32_t count, int32_t prefix, page_no_t *page_no)
{
    JET_ERR err = JET_errSuccess;
    const struct btree *tree = l->config.tree;
    const struct load_level *v = &l->levels[level];
    struct page_ref root = {.frame = NULL};
    *page_no = 1; /* when pages are only counted */
    l->pages++;
    l->levels[level].pages++;
    if (tree == NULL)
        goto done;
    TRY(cache_get(tree->file, tree->root, PAGE_LATCH_SHARED, &root));
    uint32_t kind = page_flags(&root.view) & (PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE | PAGE_FLAG_NON_UNIQUE);
    cache_release(&root);
    if (level == 0 && (kind & PAGE_FLAG_LONG_VALUE) != 0)
        prefix = prefix_of_long_values(l, v, count, prefix);
    TRY(space_allocate(l->config.t, tree, l->last_page, page_no));
    TRY(build_page(l, level, kind, count, prefix, *page_no));
    l->last_page = *page_no;
    if (level == 0)
        TRY(link_leaf(l, *page_no));
done:
    cache_release(&root);
    return err;
}

static JET_ERR write_root(struct btree_loader *l, uint32_t level)
{
    JET_ERR err = JET_errSuccess;
    const struct btree *tree = l->config.tree;
    const struct load_level *v = &l->levels[level];
    struct page_ref ref = {.frame = NULL};
    l->pages++;
    if (tree == NULL)
        goto done;
    TRY(cache_get(tree->file, tree->root, PAGE_LATCH_EXCLUSIVE, &ref));
    if (!page_is_leaf(&ref.view) || page_node_count(&ref.view) != 0)
        RAISE(JET_errInternalError);
    struct page_edit e = change_edit(&ref);
    TRY(page_set_flags(&e, (page_flags(&ref.view) & ~(uint32_t)(PAGE_FLAG_LEAF | PAGE_FLAG_PARENT_OF_LEAF)) | flags_of_level(level)));
    TRY(put_nodes(&e, v->items, v->count));
    change_finish(l->config.t, &ref, database_next_dbtime(tree->db), 0);
done:
    cache_release(&ref);
    return err;
}

/* --- levels --- */

/* How many of the first nodes go on a page, at least one: *prefix as split_best_prefix says. JET_errDatabaseCorrupted: not even one fits. */
static JET_ERR choose_count(const struct btree_loader *l, uint32_t level, uint32_t *count, int32_t *prefix)
{
    JET_ERR err = JET_errSuccess;
    struct load_level const *v = &l->levels[level];
    uint32_t limit = limit_of(l, level), low = v->fitting > 0 ? v->fitting : 1, high = v->count < NODES_MAX ? v->count : NODES_MAX, bytes;
    if (low > high)
        low = high;
    *prefix = split_best_prefix(v->items, 0, high, &bytes);
    *count = high;
    if (bytes <= limit)
        goto done;
    while (low + 1 < high) { /* `low` fit, `high` do not */
        uint32_t middle = low + (high - low) / 2;
        split_best_prefix(v->items, 0, middle, &bytes);
        if (bytes <= limit)
            low = middle;
        else
            high = middle;
    }
    *count = low;
    *prefix = split_best_prefix(v->items, 0, low, &bytes);
    if (bytes > l->capacity)
        RAISE(JET_errDatabaseCorrupted);
done:
    return err;
}

/* A node whose key begins the next one's goes with it, to the next page: the head of a long value stays with its first data (prefix_of_long_values). */
static void keep_together(const struct btree_loader *l, const struct load_level *v, uint32_t *count, int32_t *prefix)
{
    const struct span last = v->items[*count - 1].key.head, next = v->items[*count].key.head;
    uint32_t bytes;
    if (*count < 2 || last.size >= next.size || memcmp(last.data, next.data, last.size) != 0)
        return;
    int32_t other = split_best_prefix(v->items, 0, *count - 1, &bytes);
    if (bytes > l->capacity)
        return;
    (*count)--;
    *prefix = other;
}

static JET_ERR add_to_level(struct btree_loader *l, uint32_t level, struct span key, struct span data);

/* Writes one page of a level, and its entry of the level above: with the key that separates it from the next node, none at the end of the tree. */
static JET_ERR flush_page(struct btree_loader *l, uint32_t level, bool is_last_round)
{
    JET_ERR err = JET_errSuccess;
    struct load_level *v = &l->levels[level];
    uint8_t separator[BTREE_BOOKMARK_MAX], child[sizeof(uint32_t)];
    uint32_t count, size = 0;
    int32_t prefix;
    page_no_t page_no;
    split_note_shared(&(struct split_items){v->items, v->count});
    TRY(choose_count(l, level, &count, &prefix));
    bool is_last = is_last_round && count == v->count;
    assert(is_last || count < v->count); /* the next node is known: pages are written when there is one too many */
    if (!is_last && level == 0)
        keep_together(l, v, &count, &prefix);
    if (!is_last && level == 0) {
        size = split_separator(&v->items[count - 1], &v->items[count], l->config.is_unique, separator);
        if (size == 0)
            RAISE(JET_errDatabaseCorrupted);
    } else if (!is_last) {
        size = split_copy_key(&v->items[count - 1].key, separator);
    }
    TRY(write_page(l, level, count, prefix, &page_no));
    drop(v, count, limit_of(l, level));
    store_le32(child, page_no);
    TRY(add_to_level(l, level + 1, span_of(separator, size), span_of(child, sizeof child)));
done:
    return err;
}

/* Are the nodes too many for a page? Otherwise notes how many more may come before it must be looked again. */
static bool is_overfull(struct btree_loader *l, uint32_t level)
{
    struct load_level *v = &l->levels[level];
    uint32_t limit = limit_of(l, level), bytes;
    if (v->count > NODES_MAX)
        return true;
    split_note_shared(&(struct split_items){v->items, v->count});
    split_best_prefix(v->items, 0, v->count, &bytes);
    if (bytes > limit)
        return true;
    v->fitting = v->count;
    v->plain_allowed = v->plain + (uint64_t)(limit - bytes) * v->plain / bytes;
    return false;
}

static JET_ERR add_to_level(struct btree_loader *l, uint32_t level, struct span key, struct span data)
{
    JET_ERR err = JET_errSuccess;
    if (level >= BTREE_DEPTH_MAX)
        RAISE(JET_errDatabaseCorrupted);
    struct load_level *v = &l->levels[level];
    TRY(keep(v, key, data));
    while (v->count > 1 && (v->plain > v->plain_allowed || v->count > NODES_MAX) && is_overfull(l, level))
        TRY(flush_page(l, level, false));
done:
    return err;
}

JET_ERR btree_loader_add(struct btree_loader *loader, struct span key, struct span data)
{
    JET_ERR err = JET_errSuccess;
    const struct load_level *v = &loader->levels[0];
    if (key.size > BTREE_KEY_MAX || data.size > loader->capacity)
        RAISE(JET_errDatabaseCorrupted);
    if (v->count > 0) {
        const struct split_item *last = &v->items[v->count - 1];
        int order = span_compare(last->key.head, key);
        if (order > 0 || (order == 0 && (loader->config.is_unique || span_compare(last->data, data) >= 0)))
            RAISE(JET_errDatabaseCorrupted);
    }
    err = add_to_level(loader, 0, key, data);
done:
    return err;
}

JET_ERR btree_loader_finish(struct btree_loader *loader, uint32_t *pages)
{
    JET_ERR err = JET_errSuccess;
    uint32_t level = 0;
    for (;; level++) {
        struct load_level *v = &loader->levels[level];
        uint32_t in_root = loader->capacity - loader->config.root_header_size;
        if (v->pages == 0 && v->plain <= in_root && v->count <= NODES_MAX)
            break;
        while (v->count > 0)
            TRY(flush_page(loader, level, true));
    }
    TRY(write_root(loader, level));
    *pages = loader->pages;
done:
    return err;
}

JET_ERR space_reserve(struct transaction *t, const struct btree *tree, uint32_t pages)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = tree->db;
    struct space s, parent;
    struct extent extent;
    uint32_t splits;
    mutex_lock(&db->space_lock);
    TRY(space_open(t, db, tree->root, 0, &s));
    if (!s.is_multiple || pages == 0)
        RAISE(JET_errInvalidParameter);
    TRY(space_open_parent(&s, &parent));
    TRY(space_split_need(&s, &splits));
    if (pages > PAGE_NO_MAX - splits)
        RAISE(JET_errInvalidParameter);
    TRY(space_take(&parent, pages, pages + splits, &extent));
    s.pending = extent;
    TRY(space_enter_pending(&s, &parent));
done:
    mutex_unlock(&db->space_lock);
    return err;
}
