/* Root pages of new trees (root.h). */
#include "page/root.h"

enum { SPACE_HEADER_SIZE = 16, HAS_SPACE_HEADER = 1, HAS_AUTOINCREMENT = 2, SPACE_TREE_PAGES = 3 /* root, owned root, available root */ };

uint32_t space_header_encode(const struct space_header *header, uint8_t out[SPACE_HEADER_SIZE_MAX])
{
    uint8_t *at = out;
    if (header->has_autoincrement)
        *at++ = HAS_SPACE_HEADER | HAS_AUTOINCREMENT;
    store_le32(at, header->primary_pages);
    store_le32(at + 4, header->parent);
    store_le32(at + 8, header->flags);
    store_le32(at + 12, header->free_map_or_owned_root);
    if (!header->has_autoincrement)
        return SPACE_HEADER_SIZE;
    store_le64(at + SPACE_HEADER_SIZE, header->autoincrement);
    return SPACE_HEADER_SIZE_MAX;
}

/* Pages first .. first + count - 1 are possible. */
static bool extent_is_sound(page_no_t first, uint32_t count) { return first != 0 && count != 0 && (uint64_t)first + count - 1 <= PAGE_NO_MAX; }

static JET_ERR build_data_root(struct page_edit *e, const struct page_new_tree *tree, const struct space_header *header)
{
    uint8_t external[SPACE_HEADER_SIZE_MAX];
    struct page_fields fields = {.flags = tree->flags | PAGE_FLAG_ROOT | PAGE_FLAG_LEAF, .objid = tree->objid, .dbtime = tree->dbtime};
    return page_init(e, &fields, span_of(external, space_header_encode(header, external)));
}

static uint32_t uniqueness(const struct page_new_tree *tree) { return tree->is_unique ? 0u : (uint32_t)SPACE_FLAG_NON_UNIQUE; }

JET_ERR page_build_small_root(struct page_edit *e, const struct page_new_tree *tree)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header = {.primary_pages = tree->pages, .parent = tree->parent, .flags = uniqueness(tree)};
    if (!extent_is_sound(e->page_no, tree->pages) || (tree->flags & PAGE_FLAG_SPACE_TREE) != 0)
        RAISE(JET_errDatabaseCorrupted);
    header.free_map_or_owned_root = tree->pages > SPACE_FREE_MAP_PAGES ? UINT32_MAX : (1u << (tree->pages - 1)) - 1;
    TRY(build_data_root(e, tree, &header));
done:
    return err;
}

JET_ERR page_build_root(struct page_edit *e, const struct page_new_tree *tree, page_no_t owned_root)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header = {.primary_pages = tree->pages, .parent = tree->parent, .flags = uniqueness(tree) | SPACE_FLAG_MULTIPLE_EXTENTS,
                                  .free_map_or_owned_root = owned_root};
    if (!extent_is_sound(e->page_no, tree->pages) || tree->pages < SPACE_TREE_PAGES || (tree->flags & PAGE_FLAG_SPACE_TREE) != 0)
        RAISE(JET_errDatabaseCorrupted);
    TRY(build_data_root(e, tree, &header));
done:
    return err;
}

JET_ERR page_build_extents(struct page_edit *e, const struct page_new_tree *tree, const struct page_extent *extents, uint32_t count)
{
    static const uint8_t SPLIT_BUFFER[SPACE_SPLIT_BUFFER];
    JET_ERR err = JET_errSuccess;
    struct page_fields fields = {.flags = tree->flags | PAGE_FLAG_ROOT | PAGE_FLAG_LEAF | PAGE_FLAG_SPACE_TREE, .objid = tree->objid, .dbtime = tree->dbtime};
    uint32_t line = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (extents[i].count != 0 && (extents[i].last > PAGE_NO_MAX || extents[i].count > extents[i].last || (i > 0 && extents[i - 1].last >= extents[i].last)))
            RAISE(JET_errDatabaseCorrupted);
    }
    TRY(page_init(e, &fields, span_of(SPLIT_BUFFER, SPACE_SPLIT_BUFFER)));
    for (uint32_t i = 0; i < count; i++) {
        uint8_t key[4], data[4];
        if (extents[i].count == 0)
            continue;
        store_be32(key, extents[i].last);
        store_le32(data, extents[i].count);
        struct page_new_node node = {.key = page_key_of(span_of(key, sizeof key)), .data = span_of(data, sizeof data)};
        TRY(page_insert(e, line++, &node));
    }
done:
    return err;
}

uint32_t page_small_tree_extents(page_no_t root, uint32_t pages, uint32_t free_map, struct page_extent out[SPACE_EXTENTS_MAX])
{
    if (pages == 0)
        return 0;
    uint32_t count = 0, mapped = pages - 1 < SPACE_FREE_MAP_PAGES ? pages - 1 : SPACE_FREE_MAP_PAGES;
    for (uint32_t i = 0; i < mapped; i++) {
        if ((free_map >> i & 1u) == 0)
            continue;
        page_no_t page_no = root + 1 + i;
        if (count > 0 && out[count - 1].last + 1 == page_no)
            out[count - 1] = (struct page_extent){page_no, out[count - 1].count + 1};
        else
            out[count++] = (struct page_extent){page_no, 1};
    }
    uint32_t beyond = pages - 1 - mapped;
    if (beyond > 0) { /* pages the map cannot name are free */
        page_no_t last = root + pages - 1;
        if (count > 0 && out[count - 1].last + beyond == last)
            out[count - 1] = (struct page_extent){last, out[count - 1].count + beyond};
        else
            out[count++] = (struct page_extent){last, beyond};
    }
    return count;
}

/* Puts an extent into its place by last page. */
static uint32_t add_extent(struct page_extent *extents, uint32_t count, struct page_extent added)
{
    uint32_t at = count;
    for (; at > 0 && extents[at - 1].last > added.last; at--)
        extents[at] = extents[at - 1];
    extents[at] = added;
    return count + 1;
}

uint32_t page_converted_owned(page_no_t root, uint32_t pages, struct page_extent secondary, struct page_extent out[2])
{
    out[0] = (struct page_extent){root + pages - 1, pages};
    return add_extent(out, 1, secondary);
}

uint32_t page_converted_available(page_no_t root, uint32_t pages, uint32_t free_map, struct page_extent secondary, struct page_extent out[SPACE_EXTENTS_MAX])
{
    uint32_t count = page_small_tree_extents(root, pages, free_map, out);
    if (secondary.count <= 2)
        return count;
    return add_extent(out, count, (struct page_extent){secondary.last, secondary.count - 2});
}

JET_ERR page_set_space_header(struct page_edit *e, const struct space_header *header)
{
    JET_ERR err = JET_errSuccess;
    struct page_view view = page_edit_view(e);
    struct space_header old, merged = *header;
    uint8_t external[SPACE_HEADER_SIZE_MAX];
    if (view.tag_count == 0 || !page_is_root(&view))
        RAISE(JET_errDatabaseCorrupted);
    TRY(space_header_decode(page_external_header(&view), &old));
    merged.has_autoincrement = old.has_autoincrement;
    merged.autoincrement = old.autoincrement;
    uint32_t size = space_header_encode(&merged, external);
    TRY(page_set_external_header(e, span_of(external, size)));
done:
    return err;
}
