/* Trees of arbitrary shape: the input describes pages, which are written as structurally sound pages (format/page.c has its own target)
 * with any links, flags, owners, keys and children, and then walked, searched and asked for their space through the real cache.
 *
 *   page  := flags(1) previous(1) next(1) owner(1) external(1: 0 none, 1 space header 16 bytes, 2 prefix, 3 split buffer) … node*
 *   node  := size(1: low nibble key bytes, bit 4 deleted, bit 5 uses prefix, bit 6 last node of the page) key… child(1)
 *
 * Aborts when a scan does not end or a page stays pinned. Trees have at most PAGES pages. */
#include <stdlib.h>

#include "base/memory.h"
#include "btree/btree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE_SIZE = 4096, PAGES = 24, HEADER = 40 };

struct image {
    struct os_file file;
    uint8_t bytes[(PAGES + 2) * PAGE_SIZE];
    uint32_t nodes;
};

/* --- a file in memory: what the cache asks for --- */

static JET_ERR image_read(struct os_file *file, uint64_t offset, void *buffer, size_t size)
{
    struct image *image = (struct image *)file;
    if (!range_within(offset, size, sizeof image->bytes))
        return JET_errFileIOBeyondEOF;
    memcpy(buffer, image->bytes + offset, size);
    return JET_errSuccess;
}

static JET_ERR image_info(struct os_file *file, struct os_file_info *out)
{
    (void)file;
    *out = (struct os_file_info){.size = sizeof((struct image *)NULL)->bytes, .is_read_only = true};
    return JET_errSuccess;
}

static JET_ERR image_prefetch(struct os_file *file, uint64_t offset, size_t size)
{
    (void)file;
    (void)offset;
    (void)size;
    return JET_errSuccess;
}

static const struct os_fs_ops image_ops = {.read = image_read, .info = image_info, .prefetch = image_prefetch};
static struct os_fs image_fs = {.ops = &image_ops};

/* --- pages from the input --- */

struct input {
    const uint8_t *at;
    size_t left;
};

static uint8_t take(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

static bool add_line(uint8_t *page, const uint8_t *line, uint32_t size, unsigned flags)
{
    uint32_t tags = load_le16(page + 34), used = load_le16(page + 32);
    if (HEADER + used + size + 4 * (tags + 1) > PAGE_SIZE)
        return false;
    memcpy(page + HEADER + used, line, size);
    store_le16(page + PAGE_SIZE - 4 * (tags + 1), (uint16_t)size);
    store_le16(page + PAGE_SIZE - 4 * (tags + 1) + 2, (uint16_t)(used | flags << 13));
    store_le16(page + 32, (uint16_t)(used + size));
    store_le16(page + 34, (uint16_t)(tags + 1));
    return true;
}

static void write_nodes(struct image *image, uint8_t *page, struct input *in, uint32_t prefix_size)
{
    for (unsigned head = 0; (head & 0x40) == 0 && in->left > 0;) {
        uint8_t line[64];
        uint32_t at = 0, key_size;
        head = take(in);
        key_size = head & 15;
        bool uses_prefix = (head & 0x20) != 0 && prefix_size > 0;
        if (uses_prefix) {
            store_le16(line, (uint16_t)(take(in) % (prefix_size + 1)));
            at = 2;
        }
        store_le16(line + at, (uint16_t)key_size);
        at += 2;
        for (uint32_t i = 0; i < key_size; i++)
            line[at++] = take(in);
        store_le32(line + at, take(in));
        at += 4;
        if (!add_line(page, line, at, ((head & 0x10) != 0 ? 2u : 0u) | (uses_prefix ? 4u : 0u)))
            break;
        image->nodes++;
    }
}

static void write_page(struct image *image, uint32_t page_no, struct input *in)
{
    uint8_t *page = image->bytes + (page_no + 1) * PAGE_SIZE, external[32];
    uint8_t flags = take(in);
    store_le64(page + 8, 1);
    store_le32(page + 16, take(in));
    store_le32(page + 20, take(in));
    store_le32(page + 24, 1u + (take(in) & 1u));
    /* bits: root, leaf, parent of leaf, empty, non-unique, space tree */
    store_le32(page + 36, 0x2800u | (flags & 0xFu) | ((flags & 0x10) != 0 ? 0x400u : 0u) | (flags & 0x20u));
    uint32_t external_size = 0, kind = take(in) & 3;
    if (kind == 1 || kind == 3) {
        for (uint32_t i = 0; i < 4; i++)
            store_le32(external + 4 * i, take(in));
        external_size = 16;
    }
    if (kind >= 2) {
        for (uint32_t n = take(in) & 7; n > 0; n--)
            external[external_size++] = take(in);
    }
    add_line(page, external, external_size, 0);
    bool is_root = (flags & 1) != 0, in_space_tree = (flags & 0x20) != 0;
    uint32_t prefix_size = !is_root ? external_size : in_space_tree && external_size > 16 ? external_size - 16 : 0;
    write_nodes(image, page, in, prefix_size);
    store_le16(page + 28, (uint16_t)(PAGE_SIZE - HEADER - load_le16(page + 32) - 4 * load_le16(page + 34)));
}

/* --- everything a caller can do --- */

static void must_end(bool condition)
{
    if (!condition)
        abort();
}

static unsigned use_cursor(struct btree_cursor *cursor, const struct image *image, struct input keys)
{
    unsigned failed = 0, steps = 0;
    uint32_t before, total;
    struct node node;
    /* In ascending order each node comes at most once, whatever the links say. */
    while (btree_next(cursor) >= 0)
        must_end(++steps <= image->nodes);
    btree_after_last(cursor);
    for (steps = 0; btree_previous(cursor) >= 0;)
        must_end(++steps <= image->nodes);
    for (unsigned round = 0; round < 40 && keys.left > 2; round++) {
        uint8_t what = take(&keys), size = take(&keys) & 7;
        struct span key = span_of(keys.at, (uint32_t)(size < keys.left ? size : keys.left));
        failed += btree_seek(cursor, key, (enum btree_seek)(what % 5)) < 0;
        failed += btree_position_estimate(cursor, &before, &total) < 0;
        must_end(before <= total);
        if (btree_cursor_get(cursor, &node) >= 0)
            btree_cursor_release(cursor);
        failed += ((what & 0x80) != 0 ? btree_next(cursor) : btree_previous(cursor)) < 0;
        failed += btree_goto_fraction(cursor, what, 255) < 0;
        failed += btree_seek_bookmark(cursor, key, key) < 0;
        failed += btree_next(cursor) < 0;
    }
    return failed;
}

static JET_ERR visit(void *context, struct extent extent)
{
    *(uint64_t *)context += extent.count;
    return JET_errSuccess;
}

static JET_ERR visit_pool(void *context, struct extent extent, uint32_t pool)
{
    *(uint64_t *)context += extent.count + pool;
    return JET_errSuccess;
}

static unsigned use_space(struct cache_file *file, page_no_t root)
{
    uint64_t sum = 0;
    uint32_t owned, available;
    unsigned failed = space_owned(file, root, visit, &sum) < 0;
    failed += space_available(file, root, visit_pool, &sum) < 0;
    failed += space_reserved(file, root, visit, &sum) < 0;
    failed += space_count(file, root, &owned, &available) < 0;
    return failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cache *cache;
    static struct image image;
    struct cache_file *file = NULL;
    struct cache_statistics statistics;
    struct input in = {data, size};
    if (cache == NULL) {
        struct cache_config config = {.page_size = PAGE_SIZE, .bytes_min = 1 << 20, .bytes_max = 1 << 20};
        if (cache_create(&config, &cache) < 0)
            abort();
    }
    memset(&image, 0, sizeof image);
    image.file.fs = &image_fs;
    for (uint32_t p = 1; p <= PAGES && in.left > 0; p++)
        write_page(&image, p, &in);
    struct cache_file_config config = {.file = &image.file, .skip_checksums = true};
    if (cache_file_attach(cache, &config, &file) < 0)
        abort();
    for (page_no_t root = 1; root <= 3; root++) {
        struct btree tree;
        struct btree_cursor cursor;
        if (btree_open(file, root, 0, &tree) >= 0 && btree_cursor_open(&tree, &cursor) >= 0) {
            (void)use_cursor(&cursor, &image, (struct input){data, size});
            btree_cursor_close(&cursor);
        }
        (void)use_space(file, root);
    }
    cache_get_statistics(cache, &statistics);
    must_end(statistics.pinned == 0);
    cache_file_detach(file);
    return 0;
}
