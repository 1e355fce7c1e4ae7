/* Search inside one page: binary search over nodes that share a page prefix.
 *
 * The idea: compressed nodes are compared without putting their keys together. How far the target agrees with the page prefix is found out
 * once per search; after that a compressed node costs one comparison of its suffix, or none when the prefix has decided already.
 *
 * Order (database-file 5): leaves by key, then data in non-unique trees. A separator of a non-unique tree may be a key and the beginning of
 * data run together, so against a separator the target counts as the concatenation key + data.
 * Called by walk.c and cursor.c on latched pages.
 */
#include "btree/internal.h"
#include "format/node_reader.h"

/* The target's key against the page prefix, as far as it has been looked at. */
struct prefix_match {
    uint32_t equal; /* leading bytes known to be the same */
    int order;      /* sign of (prefix - key) at byte `equal`, 0 while no difference has been seen */
};

/* Most keys differ within eight bytes, which are compared as one number. */
static int compare_bytes(const uint8_t *a, const uint8_t *b, uint32_t size)
{
    if (size >= sizeof(uint64_t)) {
        uint64_t x = load_be64(a), y = load_be64(b);
        if (x != y)
            return x < y ? -1 : 1;
        a += sizeof(uint64_t);
        b += sizeof(uint64_t);
        size -= (uint32_t)sizeof(uint64_t);
    }
    return size > 0 ? memcmp(a, b, size) : 0;
}

static int order_of_sizes(uint32_t a, uint32_t b) { return (a > b) - (a < b); }

/* Extends the match to the first `size` bytes of the page prefix. */
static void match_prefix(struct prefix_match *match, const uint8_t *prefix, uint32_t size, struct span key)
{
    uint32_t limit = size < key.size ? size : key.size;
    while (match->equal < limit && prefix[match->equal] == key.data[match->equal])
        match->equal++;
    if (match->equal < size)
        match->order = match->equal == key.size || prefix[match->equal] > key.data[match->equal] ? 1 : -1;
}

/* Compares the first bytes of a node's key with the target key, as many as both have. */
static int compare_common(const struct node *node, struct span key, struct prefix_match *match)
{
    uint32_t skip = node->prefix.size;
    if (skip > 0) {
        if (match->order == 0 && match->equal < skip)
            match_prefix(match, node->prefix.data, skip, key);
        if (match->equal < skip)
            return match->equal < key.size ? match->order : 0;
    }
    uint32_t rest = key.size - skip;
    return compare_bytes(node->suffix.data, key.data + skip, node->suffix.size < rest ? node->suffix.size : rest);
}

/* The same for the data of two bookmarks with equal keys. */
static int compare_data(const struct btree *tree, const struct node *node, const struct btree_target *target)
{
    if (target->after_duplicates)
        return -1;
    return tree->is_unique ? 0 : span_compare(node->data, target->data);
}

static int compare_leaf_node(const struct btree *tree, const struct node *node, const struct btree_target *target,
                             struct prefix_match *match)
{
    int order = compare_common(node, target->key, match);
    if (order == 0)
        order = order_of_sizes(node_key_size(node), target->key.size);
    return order != 0 ? order : compare_data(tree, node, target);
}

int btree_compare_node(const struct btree *tree, const struct node *node, const struct btree_target *target)
{
    struct prefix_match match = {0};
    return compare_leaf_node(tree, node, target, &match);
}

/* What a separator has beyond the target's key, against the target's data. */
static int compare_separator_rest(const struct node *node, const struct btree_target *target)
{
    if (target->after_duplicates)
        return -1;
    uint32_t skip = target->key.size, size = node_key_size(node) - skip;
    uint32_t common = size < target->data.size ? size : target->data.size;
    for (uint32_t i = 0; i < common;) {
        /* At most two runs: what is left of the prefix, then the suffix. */
        uint32_t at = skip + i;
        bool in_prefix = at < node->prefix.size;
        const uint8_t *bytes = in_prefix ? node->prefix.data + at : node->suffix.data + (at - node->prefix.size);
        uint32_t run = in_prefix ? node->prefix.size - at : common - i;
        run = run < common - i ? run : common - i;
        int order = compare_bytes(bytes, target->data.data + i, run);
        if (order != 0)
            return order;
        i += run;
    }
    return order_of_sizes(size, target->data.size);
}

static int compare_separator(const struct btree *tree, const struct node *node, const struct btree_target *target,
                             struct prefix_match *match)
{
    int order = compare_common(node, target->key, match);
    if (order != 0)
        return order;
    uint32_t size = node_key_size(node);
    if (size < target->key.size)
        return -1;
    if (tree->is_unique)
        return size > target->key.size;
    return compare_separator_rest(node, target);
}

/* Asks for the nodes that the first steps of a binary search over `count` nodes may look at, all at once: in a large tree a leaf is seldom in the processor's
 * cache, and one after the other they would be waited for one by one. */
static void prefetch_probes(const struct node_reader *reader, uint32_t count)
{
    enum { STEPS = 8, COUNT_MIN = 8 };
    if (count < COUNT_MIN)
        return;
    for (uint32_t i = 1; i < STEPS; i++)
        __builtin_prefetch(node_reader_at(reader, count * i / STEPS));
}

uint32_t btree_leaf_search(const struct btree *tree, const struct page_view *page, const struct btree_target *target, bool *exact)
{
    struct prefix_match match = {0};
    struct node_reader reader = node_reader_of(page);
    uint32_t low = 0, high = page_node_count(page);
    *exact = false;
    prefetch_probes(&reader, high);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct node node = node_reader_get(&reader, middle);
        int order = compare_leaf_node(tree, &node, target, &match);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
            *exact = order == 0; /* the last one that was not before the target is the answer */
        }
    }
    return low;
}

uint32_t btree_child_search(const struct btree *tree, const struct page_view *page, const struct btree_target *target)
{
    struct prefix_match match = {0};
    struct node_reader reader = node_reader_of(page);
    uint32_t low = 0,
             high = page_node_count(page) - 1; /* the last entry covers all that is left: its key is infinity or the parent's bound */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct node node = node_reader_get(&reader, middle);
        if (compare_separator(tree, &node, target, &match) > 0)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
