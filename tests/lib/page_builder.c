/* Pages and trees in memory (page_builder.h). */
#include "page_builder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "format/checksum.h"

enum {
    ROOT = 0x1,
    LEAF = 0x2,
    PARENT_OF_LEAF = 0x4,
    SPACE_TREE = 0x20,
    NON_UNIQUE = 0x400,
    ALWAYS = 0x800 | 0x2000,
    NODE_COMPRESSED = 4,
    NODE_DELETED = 2,
    SEPARATOR_MAX = 8192
};

static void *must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

uint64_t test_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x * 0x2545F4914F6CDD1Dull >> 16;
}

/* --- pages --- */

struct page_image image_create(uint32_t page_size, uint32_t pages)
{
    return (struct page_image){must(calloc(pages, page_size)), page_size, pages};
}

void image_destroy(struct page_image *image)
{
    free(image->bytes);
    image->bytes = NULL;
}

uint8_t *image_page(const struct page_image *image, uint32_t page_no)
{
    assert(page_no >= 1 && page_no <= image->pages);
    return image->bytes + (size_t)(page_no - 1) * image->page_size;
}

void image_write_file(const struct page_image *image, const char *path)
{
    FILE *file = must(fopen(path, "wb"));
    uint8_t *zero = must(calloc(2, image->page_size));
    if (fwrite(zero, image->page_size, 2, file) != 2 || fwrite(image->bytes, image->page_size, image->pages, file) != image->pages ||
        fclose(file) != 0)
        abort();
    free(zero);
}

static uint32_t header_size(uint32_t page_size) { return page_size > 8192 ? 80 : 40; }

/* Appends a line and its tag. Free bytes: all that is neither header, line nor tag. */
static bool append_line(const struct page_image *image, uint32_t page_no, const uint8_t *line, uint32_t size, unsigned tag_flags)
{
    uint8_t *page = image_page(image, page_no);
    uint32_t tags = load_le16(page + 34) & 0xFFFu, used = load_le16(page + 32), header = header_size(image->page_size);
    if (header + used + size + 4 * (tags + 1) > image->page_size || tags == 0xFFF)
        return false;
    memcpy(page + header + used, line, size);
    uint8_t *tag = page + image->page_size - 4 * (tags + 1);
    store_le16(tag, (uint16_t)size);
    store_le16(tag + 2, (uint16_t)(used | tag_flags << 13));
    store_le16(page + 28, (uint16_t)(image->page_size - header - (used + size) - 4 * (tags + 1)));
    store_le16(page + 32, (uint16_t)(used + size));
    store_le16(page + 34, (uint16_t)(tags + 1));
    return true;
}

void page_begin(const struct page_image *image, uint32_t page_no, const struct page_spec *spec, const void *external,
                uint32_t external_size)
{
    uint8_t *page = image_page(image, page_no);
    memset(page, 0, image->page_size);
    store_le64(page + 8, spec->dbtime);
    store_le32(page + 16, spec->previous);
    store_le32(page + 20, spec->next);
    store_le32(page + 24, spec->objid);
    store_le32(page + 36, spec->flags | ALWAYS);
    if (image->page_size > 8192)
        store_le32(page + 64, page_no);
    static const uint8_t nothing[1];
    if (!append_line(image, page_no, external_size > 0 ? external : nothing, external_size, 0))
        abort();
}

bool page_add(const struct page_image *image, uint32_t page_no, const void *key, uint32_t key_size, uint32_t prefix_size, const void *data,
              uint32_t data_size, unsigned node_flags)
{
    uint8_t line[32768];
    uint32_t at = 0, suffix_size = key_size - prefix_size;
    if (4 + suffix_size + data_size > sizeof line)
        return false;
    if (prefix_size > 0) {
        node_flags |= NODE_COMPRESSED;
        store_le16(line, (uint16_t)prefix_size);
        at = 2;
    }
    store_le16(line + at, (uint16_t)suffix_size);
    at += 2;
    if (suffix_size > 0)
        memcpy(line + at, (const uint8_t *)key + prefix_size, suffix_size);
    at += suffix_size;
    memcpy(line + at, data, data_size);
    at += data_size;
    bool is_large = image->page_size > 8192;
    if (is_large)
        store_le16(line, (uint16_t)(load_le16(line) | node_flags << 13));
    return append_line(image, page_no, line, at, is_large ? 0 : node_flags);
}

bool page_add_child(const struct page_image *image, uint32_t page_no, const void *key, uint32_t key_size, uint32_t child)
{
    uint8_t data[4];
    store_le32(data, child);
    return page_add(image, page_no, key, key_size, 0, data, sizeof data, 0);
}

void page_finish(const struct page_image *image, uint32_t page_no)
{
    checksum_store_page(image_page(image, page_no), image->page_size, page_no);
}

void space_header_bytes(uint8_t out[16], uint32_t primary_pages, uint32_t parent, uint32_t flags, uint32_t map_or_owned_root)
{
    store_le32(out, primary_pages);
    store_le32(out + 4, parent);
    store_le32(out + 8, flags);
    store_le32(out + 12, map_or_owned_root);
}

/* --- trees --- */

/* A page that is ready to be named by its parent: its number and the separator that ends it. */
struct subtree {
    uint32_t page_no;
    uint8_t *separator; /* NULL = infinity */
    uint32_t separator_size;
};

struct builder {
    const struct page_image *image;
    struct tree_plan *plan;
    struct subtree *subtrees;
    size_t count, room;
};

static uint32_t take_page(struct tree_plan *plan)
{
    if (plan->free_count == 0)
        abort();
    return plan->free_pages[--plan->free_count];
}

static void remember(struct builder *b, uint32_t page_no)
{
    if (b->count == b->room) {
        b->room = b->room == 0 ? 64 : 2 * b->room;
        b->subtrees = must(realloc(b->subtrees, b->room * sizeof *b->subtrees));
    }
    b->subtrees[b->count++] = (struct subtree){.page_no = page_no};
}

static uint32_t bookmark_of(const struct tree_entry *entry, bool is_unique, uint8_t *out)
{
    if (entry->key_size > 0)
        memcpy(out, entry->key, entry->key_size);
    if (is_unique)
        return entry->key_size;
    memcpy(out + entry->key_size, entry->data, entry->data_size);
    return entry->key_size + entry->data_size;
}

/* Ends the last remembered leaf: shortest prefix of the right bookmark that is greater than the left one; with whole the right bookmark
 * itself. */
static void separate(struct builder *b, const struct tree_entry *left, const struct tree_entry *right, bool whole)
{
    bool is_unique = (b->plan->flags & NON_UNIQUE) == 0;
    uint8_t one[SEPARATOR_MAX], two[SEPARATOR_MAX];
    uint32_t one_size = bookmark_of(left, is_unique, one), two_size = bookmark_of(right, is_unique, two), common = 0;
    while (common < one_size && common < two_size && one[common] == two[common])
        common++;
    struct subtree *last = &b->subtrees[b->count - 1];
    last->separator_size = whole || common == two_size ? two_size : common + 1;
    last->separator = must(malloc(last->separator_size + 1));
    memcpy(last->separator, two, last->separator_size);
}

static uint32_t tree_page_flags(const struct tree_plan *plan, bool is_root, uint32_t level_flag)
{
    return plan->flags | level_flag | (is_root ? (uint32_t)ROOT : 0u);
}

/* Starts a page; tag 0 of a root is a space header, of a space tree's root the split buffer, else the prefix. */
static void begin_tree_page(struct builder *b, uint32_t page_no, uint32_t level_flag, uint32_t previous, const uint8_t *prefix,
                            uint32_t prefix_size)
{
    struct tree_plan *plan = b->plan;
    bool is_root = page_no == plan->root;
    struct page_spec spec = {
        .dbtime = plan->dbtime, .previous = previous, .objid = plan->objid, .flags = tree_page_flags(plan, is_root, level_flag)};
    uint8_t header[16] = {0};
    if (is_root && (plan->flags & SPACE_TREE) == 0)
        space_header_bytes(header, 1, 1, (plan->flags & NON_UNIQUE) != 0 ? 2u : 0u, 0);
    page_begin(b->image, page_no, &spec, is_root ? header : prefix, is_root ? 16 : prefix_size);
}

static uint32_t shared_bytes(const uint8_t *a, uint32_t a_size, const uint8_t *b, uint32_t b_size)
{
    uint32_t n = 0;
    while (n < a_size && n < b_size && a[n] == b[n])
        n++;
    return n;
}

/* Fills one leaf from entries[from]; returns how many it took. */
static size_t fill_leaf(struct builder *b, uint32_t page_no, uint32_t previous, const struct tree_entry *entries, size_t count,
                        uint32_t limit)
{
    static const uint8_t none[1];
    size_t taken = 0;
    bool is_root = page_no == b->plan->root;
    /* The prefix is some present key of the page, or a part of it. */
    size_t sample = count > 1 && limit > 1 ? test_random_below(b->plan->random, limit < count ? limit : (uint32_t)count) : 0;
    const struct tree_entry *model = count > 0 ? &entries[sample] : NULL;
    uint32_t prefix_size = model == NULL || is_root || model->key_size > 1000 ? 0 : model->key_size;
    if (prefix_size > 3 && test_random_below(b->plan->random, 2) == 0)
        prefix_size--;
    begin_tree_page(b, page_no, LEAF, previous, prefix_size > 0 ? model->key : none, prefix_size);
    for (; taken < count && taken < limit; taken++) {
        const struct tree_entry *e = &entries[taken];
        uint32_t shared = prefix_size > 0 ? shared_bytes(model->key, prefix_size, e->key, e->key_size) : 0;
        if (shared <= 2)
            shared = 0;
        else if (test_random_below(b->plan->random, 8) == 0)
            shared = 1 + test_random_below(b->plan->random, shared); /* any length is legal */
        if (!page_add(b->image, page_no, e->key, e->key_size, shared, e->data, e->data_size, e->is_deleted ? NODE_DELETED : 0u))
            break;
    }
    return taken;
}

static void link_next(struct builder *b, uint32_t page_no, uint32_t next)
{
    store_le32(image_page(b->image, page_no) + 20, next);
    page_finish(b->image, page_no);
}

static void build_leaves(struct builder *b, const struct tree_entry *entries, size_t count)
{
    struct tree_plan *plan = b->plan;
    uint32_t previous = 0, page_no = take_page(plan);
    for (size_t at = 0;;) {
        remember(b, page_no);
        size_t taken = fill_leaf(b, page_no, previous, entries + at, count - at, 1 + test_random_below(plan->random, plan->max_per_leaf));
        if (taken == 0 && at < count)
            abort();
        at += taken;
        if (at >= count)
            break;
        uint32_t next = take_page(plan);
        separate(b, &entries[at - 1], &entries[at], false);
        struct subtree *last = &b->subtrees[b->count - 1];
        uint8_t whole[SEPARATOR_MAX];
        uint32_t whole_size = bookmark_of(&entries[at], (plan->flags & NON_UNIQUE) == 0, whole);
        if (last->separator_size < whole_size && test_random_below(plan->random, 100) < plan->percent_empty_leaves) {
            link_next(b, page_no, next);
            remember(b, next);
            begin_tree_page(b, next, LEAF, page_no, NULL, 0);
            separate(b, &entries[at - 1], &entries[at], true);
            page_no = next;
            next = take_page(plan);
        }
        link_next(b, page_no, next);
        previous = page_no;
        page_no = next;
    }
    link_next(b, page_no, 0);
}

/* One level of internal pages over the subtrees; the last one made ends where its last child ends. */
static void build_level(struct builder *b, uint32_t level_flag, bool into_root)
{
    struct builder up = {.image = b->image, .plan = b->plan};
    for (size_t at = 0; at < b->count;) {
        uint32_t page_no = into_root ? b->plan->root : take_page(b->plan);
        uint32_t limit = into_root ? UINT32_MAX : 1 + test_random_below(b->plan->random, b->plan->max_fanout);
        static const uint8_t none[1];
        uint32_t added = 0;
        begin_tree_page(&up, page_no, level_flag, 0, none, 0);
        while (at < b->count && added < limit) {
            struct subtree *child = &b->subtrees[at];
            if (!page_add_child(b->image, page_no, child->separator != NULL ? child->separator : none, child->separator_size,
                                child->page_no))
                break;
            at++;
            added++;
        }
        if (added == 0 || (into_root && at < b->count))
            abort();
        page_finish(b->image, page_no);
        remember(&up, page_no);
        struct subtree *last = &b->subtrees[at - 1];
        up.subtrees[up.count - 1].separator = last->separator;
        up.subtrees[up.count - 1].separator_size = last->separator_size;
        last->separator = NULL;
    }
    for (size_t i = 0; i < b->count; i++)
        free(b->subtrees[i].separator);
    free(b->subtrees);
    *b = up;
}

unsigned image_build_tree(const struct page_image *image, struct tree_plan *plan, const struct tree_entry *entries, size_t count)
{
    struct builder b = {.image = image, .plan = plan};
    struct tree_entry *present = must(calloc(count + 1, sizeof *present));
    size_t present_count = 0;
    unsigned depth = 1;
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].is_absent)
            present[present_count++] = entries[i];
    }
    if (present_count <= plan->max_per_leaf && test_random_below(plan->random, 2) == 0 &&
        fill_leaf(&b, plan->root, 0, present, present_count, UINT32_MAX) == present_count) {
        page_finish(image, plan->root);
        free(present);
        return depth;
    }
    build_leaves(&b, present, present_count);
    for (bool above_leaves = true;; above_leaves = false) {
        bool into_root = b.count <= plan->max_fanout;
        build_level(&b, above_leaves ? PARENT_OF_LEAF : 0u, into_root);
        depth++;
        if (into_root)
            break;
    }
    for (size_t i = 0; i < b.count; i++)
        free(b.subtrees[i].separator);
    free(b.subtrees);
    free(present);
    return depth;
}
