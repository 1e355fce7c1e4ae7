/* Space of a tree: which pages it owns, which of them are free (database-file 6).
 *
 *   small tree   the primary extent, root .. root+primary-1; bit i of the free map = page root+1+i is free (i < 32); pages past root+32
 *                are free without a bit
 *   larger tree  two extent trees beside the data: owned (root number in the space header) and available (the next page).
 *                key = last page, big-endian (available: optionally one byte 0x80|pool before it), data = count, little-endian
 *
 * The extent trees are B+ trees and read through an ordinary cursor. Extents of one pool must ascend without overlap, lie inside the legal
 * page numbers and not be longer than their last page number: so the sums cannot overflow and no extent is visited twice. No latch is held
 * while a visitor runs. Callers: database/ users that size a file, check/, engine/ (space queries).
 */
#include "btree/internal.h"

enum { FREE_MAP_BITS = 32, SPLIT_BUFFER_SIZE = 16, SPLIT_BUFFER_ENTRIES = 2, SPLIT_BUFFER_ENTRY_SIZE = 8, POOL_MARK = 0x80 };

/* Latches the root of a data tree and reads its space header. The caller releases *ref. */
static JET_ERR get_space_root(struct cache_file *file, page_no_t root, struct page_ref *ref, struct space_header *header)
{
    JET_ERR err = JET_errSuccess;
    *ref = (struct page_ref){0};
    if (root == 0)
        RAISE(JET_errDatabaseCorrupted);
    TRY(cache_get(file, root, PAGE_LATCH_SHARED, ref));
    uint32_t flags = page_flags(&ref->view);
    if ((flags & PAGE_FLAG_ROOT) == 0 || (flags & (PAGE_FLAG_SPACE_TREE | PAGE_FLAG_PREINITIALIZED)) != 0)
        RAISE(JET_errDatabaseCorrupted);
    TRY(space_header_decode(page_external_header(&ref->view), header));
done:
    if (err < 0)
        cache_release(ref);
    return err;
}

/* A small tree must fit the legal page numbers and mark only pages of its primary extent as free. */
static JET_ERR check_small(page_no_t root, const struct space_header *header)
{
    JET_ERR err = JET_errSuccess;
    if ((header->flags & SPACE_FLAG_LAST_REQUEST) != 0 || header->primary_pages == 0 || header->primary_pages > PAGE_NO_MAX - root + 1)
        RAISE(JET_errDatabaseCorrupted);
    uint32_t mapped = header->primary_pages - 1;
    if (mapped < FREE_MAP_BITS && (header->free_map_or_owned_root >> mapped) != 0)
        RAISE(JET_errSPAvailExtCorrupted);
done:
    return err;
}

static JET_ERR read_header(struct cache_file *file, page_no_t root, struct space_header *header, uint32_t *objid)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    if (root > PAGE_NO_MAX)
        RAISE(JET_errDatabaseCorrupted);
    TRY(get_space_root(file, root, &ref, header));
    *objid = page_objid(&ref.view);
    bool is_small = (header->flags & SPACE_FLAG_MULTIPLE_EXTENTS) == 0;
    page_no_t owned_root = header->free_map_or_owned_root;
    if (is_small)
        TRY(check_small(root, header));
    else if (owned_root == 0 || owned_root >= PAGE_NO_MAX || owned_root == root || owned_root + 1 == root)
        RAISE(JET_errDatabaseCorrupted);
done:
    cache_release(&ref);
    return err;
}

JET_ERR space_header_read(struct cache_file *file, page_no_t root, struct space_header *out)
{
    uint32_t objid = 0;
    return read_header(file, root, out, &objid);
}

/* --- extent trees --- */

struct extent_entry {
    struct extent extent;
    page_no_t last;
    uint32_t pool;
};

static JET_ERR decode_entry(const struct node *node, bool pools_allowed, JET_ERR damage, struct extent_entry *out)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key[5];
    uint32_t size = node_key_size(node);
    if ((size != 4 && !(size == 5 && pools_allowed)) || node->data.size != sizeof(uint32_t))
        RAISE(damage);
    node_copy_key(node, key);
    *out = (struct extent_entry){.last = load_be32(key + size - 4), .extent.count = load_le32(node->data.data)};
    if (size == 5) {
        out->pool = key[0] & (POOL_MARK - 1u);
        if ((key[0] & POOL_MARK) == 0 || out->pool == SPACE_POOL_GENERAL)
            RAISE(damage);
    }
    if (out->last > PAGE_NO_MAX || out->extent.count > out->last)
        RAISE(damage);
    out->extent.first = out->last - out->extent.count + 1;
done:
    return err;
}

/* One visitor shape for both trees. */
struct visitor {
    JET_ERR (*owned)(void *context, struct extent extent);
    JET_ERR (*available)(void *context, struct extent extent, uint32_t pool);
    void *context;
};

static JET_ERR call_visitor(const struct visitor *visitor, struct extent extent, uint32_t pool)
{
    return visitor->owned != NULL ? visitor->owned(visitor->context, extent) : visitor->available(visitor->context, extent, pool);
}

static JET_ERR open_extent_tree(struct cache_file *file, page_no_t root, uint32_t objid, JET_ERR damage, struct btree *out)
{
    JET_ERR err = JET_errSuccess;
    TRY(btree_open(file, root, objid, out));
    if (!out->is_space_tree)
        RAISE(damage);
done:
    return err;
}

/* Reads the entry under the cursor; nothing stays latched. */
static JET_ERR read_entry(struct btree_cursor *cursor, bool pools_allowed, JET_ERR damage, struct extent_entry *out)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    TRY(btree_cursor_get(cursor, &node));
    TRY(decode_entry(&node, pools_allowed, damage, out));
done:
    btree_cursor_release(cursor);
    return err;
}

static JET_ERR visit_extent_tree(struct cache_file *file, page_no_t root, uint32_t objid, const struct visitor *visitor)
{
    JET_ERR err = JET_errSuccess;
    bool pools_allowed = visitor->available != NULL;
    JET_ERR damage = pools_allowed ? JET_errSPAvailExtCorrupted : JET_errSPOwnExtCorrupted;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct extent_entry entry = {0}, previous = {0};
    TRY(open_extent_tree(file, root, objid, damage, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    while ((err = btree_next(&cursor)) >= 0) {
        TRY(read_entry(&cursor, pools_allowed, damage, &entry));
        if (entry.extent.count == 0) /* a place-holder */
            continue;
        if (entry.pool == previous.pool && previous.extent.count > 0 && entry.extent.first <= previous.last)
            RAISE(damage);
        previous = entry;
        TRY(call_visitor(visitor, entry.extent, entry.pool));
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&cursor);
    return err;
}

/* --- small trees --- */

static JET_ERR visit_free_map(page_no_t root, const struct space_header *header, const struct visitor *visitor)
{
    JET_ERR err = JET_errSuccess;
    uint32_t map = header->free_map_or_owned_root, beyond = FREE_MAP_BITS + 1; /* first page number past the map, relative to the root */
    uint32_t pages = header->primary_pages, mapped_pages = pages < beyond ? pages : beyond;
    struct extent run = {0};
    for (uint32_t i = 0; i + 1 < mapped_pages; i++) {
        if ((map >> i & 1u) != 0) {
            run = run.count == 0 ? (struct extent){root + 1 + i, 1} : (struct extent){run.first, run.count + 1};
        } else if (run.count > 0) {
            TRY(call_visitor(visitor, run, SPACE_POOL_GENERAL));
            run.count = 0;
        }
    }
    if (pages > beyond)
        run = (struct extent){run.count > 0 ? run.first : root + beyond, run.count + (pages - beyond)};
    if (run.count > 0)
        TRY(call_visitor(visitor, run, SPACE_POOL_GENERAL));
done:
    return err;
}

JET_ERR space_owned(struct cache_file *file, page_no_t root, JET_ERR (*visit)(void *context, struct extent extent), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header;
    uint32_t objid = 0;
    struct visitor visitor = {.owned = visit, .context = context};
    TRY(read_header(file, root, &header, &objid));
    if ((header.flags & SPACE_FLAG_MULTIPLE_EXTENTS) == 0)
        TRY(visit(context, (struct extent){root, header.primary_pages}));
    else
        TRY(visit_extent_tree(file, header.free_map_or_owned_root, objid, &visitor));
done:
    return err;
}

JET_ERR space_available(struct cache_file *file, page_no_t root, JET_ERR (*visit)(void *context, struct extent extent, uint32_t pool),
                        void *context)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header;
    uint32_t objid = 0;
    struct visitor visitor = {.available = visit, .context = context};
    TRY(read_header(file, root, &header, &objid));
    if ((header.flags & SPACE_FLAG_MULTIPLE_EXTENTS) == 0)
        TRY(visit_free_map(root, &header, &visitor));
    else
        TRY(visit_extent_tree(file, header.free_map_or_owned_root + 1, objid, &visitor));
done:
    return err;
}

/* --- split buffers --- */

/* Copies the split buffer of an extent tree's root: two entries { last page, count }, zero until the tree first splits. */
static JET_ERR read_split_buffer(struct cache_file *file, page_no_t root, uint32_t objid, JET_ERR damage,
                                 struct extent out[SPLIT_BUFFER_ENTRIES])
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    struct btree tree;
    TRY(open_extent_tree(file, root, objid, damage, &tree));
    TRY(cache_get(file, root, PAGE_LATCH_SHARED, &ref));
    struct span header = page_external_header(&ref.view);
    if (header.size < SPLIT_BUFFER_SIZE)
        RAISE(damage);
    for (int i = 0; i < SPLIT_BUFFER_ENTRIES; i++) {
        const uint8_t *entry = header.data + i * SPLIT_BUFFER_ENTRY_SIZE;
        page_no_t last = load_le32(entry);
        uint32_t count = load_le32(entry + 4);
        if (count > 0 && (last > PAGE_NO_MAX || count > last))
            RAISE(damage);
        out[i] = count > 0 ? (struct extent){last - count + 1, count} : (struct extent){0};
    }
done:
    cache_release(&ref);
    return err;
}

JET_ERR space_reserved(struct cache_file *file, page_no_t root, JET_ERR (*visit)(void *context, struct extent extent), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header;
    struct extent extents[2 * SPLIT_BUFFER_ENTRIES];
    uint32_t objid = 0;
    TRY(read_header(file, root, &header, &objid));
    if ((header.flags & SPACE_FLAG_MULTIPLE_EXTENTS) == 0)
        goto done;
    page_no_t owned_root = header.free_map_or_owned_root;
    TRY(read_split_buffer(file, owned_root, objid, JET_errSPOwnExtCorrupted, extents));
    TRY(read_split_buffer(file, owned_root + 1, objid, JET_errSPAvailExtCorrupted, extents + SPLIT_BUFFER_ENTRIES));
    for (int i = 0; i < 2 * SPLIT_BUFFER_ENTRIES; i++) {
        if (extents[i].count > 0)
            TRY(visit(context, extents[i]));
    }
done:
    return err;
}

/* --- sums --- */

static JET_ERR add_owned(void *context, struct extent extent)
{
    *(uint32_t *)context += extent.count; /* extents do not overlap: at most PAGE_NO_MAX in all */
    return JET_errSuccess;
}

static JET_ERR add_available(void *context, struct extent extent, uint32_t pool)
{
    uint32_t *sum = (uint32_t *)context;
    if (pool == SPACE_POOL_SHELVED)
        return JET_errSuccess;
    if (extent.count > UINT32_MAX - *sum) /* pools may overlap one another in a damaged file */
        return JET_errSPAvailExtCorrupted;
    *sum += extent.count;
    return JET_errSuccess;
}

JET_ERR space_count(struct cache_file *file, page_no_t root, uint32_t *owned, uint32_t *available)
{
    JET_ERR err = JET_errSuccess;
    *owned = *available = 0;
    TRY(space_owned(file, root, add_owned, owned));
    TRY(space_available(file, root, add_available, available));
    if (*available > *owned)
        RAISE(JET_errSPAvailExtCorrupted);
done:
    return err;
}

static JET_ERR keep_last(void *context, struct extent extent)
{
    page_no_t *last = (page_no_t *)context;
    page_no_t end = extent.first + extent.count - 1;
    *last = end > *last ? end : *last;
    return JET_errSuccess;
}

JET_ERR space_last_owned_page(struct cache_file *file, page_no_t *last)
{
    enum { SYSTEM_ROOT = 1 };
    *last = 0;
    return space_owned(file, SYSTEM_ROOT, keep_last, last);
}
