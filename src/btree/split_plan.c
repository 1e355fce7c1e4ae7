/* Where a page is split and which prefixes its halves get. Pure computation on a list of nodes (leaf_change.h).
 *
 * The idea: choose the place by bytes, or by the insertion pattern; then choose for each half the key that its nodes share most with, and compute exactly what the half will
 * take. If that does not fit, try the next place outward. Sizes are those that page_split will produce.
 */
#include "btree/leaf_change.h"
#include "page/move.h"

/* Bytes two keys have in common at their start, in up to two pieces each. */
static uint32_t common_bytes(const struct page_key *a, const struct page_key *b)
{
    const struct span pa[2] = {a->head, a->tail}, pb[2] = {b->head, b->tail};
    uint32_t i = 0, j = 0, at_a = 0, at_b = 0, common = 0;
    for (;;) {
        while (i < 2 && at_a == pa[i].size) {
            i++;
            at_a = 0;
        }
        while (j < 2 && at_b == pb[j].size) {
            j++;
            at_b = 0;
        }
        if (i == 2 || j == 2)
            return common;
        const uint8_t *p = pa[i].data + at_a, *q = pb[j].data + at_b;
        uint32_t left_a = pa[i].size - at_a, left_b = pb[j].size - at_b, run = left_a < left_b ? left_a : left_b, same = 0;
        if (p == q) /* the page's prefix, of both */
            same = run;
        while (same < run && p[same] == q[same])
            same++;
        common += same;
        if (same < run)
            return common;
        at_a += run;
        at_b += run;
    }
}

/* What an item takes that has `shared` leading bytes in common with the page's prefix. */
static uint32_t item_cost(const struct split_item *item, uint32_t shared)
{
    enum { NODE_LENGTH_MAX = 0x1FFF };
    shared = shared > NODE_LENGTH_MAX ? (uint32_t)NODE_LENGTH_MAX : shared;
    return page_node_cost(page_key_size(&item->key), shared > PAGE_PREFIX_WORTH ? shared : 0, item->data.size);
}

void split_note_shared(struct split_items *list)
{
    for (uint32_t i = 1; i < list->count; i++)
        list->items[i].shared = common_bytes(&list->items[i - 1].key, &list->items[i].key);
}

static uint32_t bytes_without_prefix(const struct split_item *items, uint32_t from, uint32_t to)
{
    uint32_t bytes = 0;
    for (uint32_t i = from; i < to; i++)
        bytes += item_cost(&items[i], 0);
    return bytes;
}

/* Items are in order, so what two have in common is the least that any two neighbours between them have. */
uint32_t split_bytes_with_prefix(const struct split_item *items, uint32_t from, uint32_t to, uint32_t of)
{
    uint32_t size = page_key_size(&items[of].key), bytes = size + item_cost(&items[of], size), shared = size;
    for (uint32_t i = of; i > from; i--) {
        shared = items[i].shared < shared ? items[i].shared : shared;
        bytes += item_cost(&items[i - 1], shared);
    }
    shared = size;
    for (uint32_t i = of + 1; i < to; i++) {
        shared = items[i].shared < shared ? items[i].shared : shared;
        bytes += item_cost(&items[i], shared);
    }
    return bytes;
}

static uint32_t most_compressed(const struct split_item *items, uint32_t from, uint32_t to)
{
    uint32_t best = from;
    int64_t saved = -1;
    for (uint32_t i = from; i < to; i++) {
        int64_t saves = (int64_t)item_cost(&items[i], 0) - items[i].weight;
        if (saves > saved) {
            saved = saves;
            best = i;
        }
    }
    return best;
}

int32_t split_best_prefix(const struct split_item *items, uint32_t from, uint32_t to, uint32_t *bytes)
{
    enum { CANDIDATES = 4 };
    int32_t best = -1;
    *bytes = bytes_without_prefix(items, from, to);
    if (to - from < 2)
        return -1;
    /* The middle key, the ones halfway to the ends where the middle one is an outlier, and the one that has most in common with the present prefix: with that
     * nodes that fitted before take no more than before. */
    const uint32_t candidates[CANDIDATES] = {from + (to - from) / 2, from + (to - from) / 4, from + (to - from) * 3 / 4, most_compressed(items, from, to)};
    for (uint32_t i = 0; i < CANDIDATES; i++) {
        if (page_key_size(&items[candidates[i]].key) <= PAGE_PREFIX_WORTH)
            continue;
        uint32_t with = split_bytes_with_prefix(items, from, to, candidates[i]);
        if (with < *bytes) {
            *bytes = with;
            best = (int32_t)candidates[i];
        }
    }
    return best;
}

/* Split at `line`: do both halves fit, each with `reserved` bytes to spare? */
static bool try_line(const struct split_question *q, uint32_t line, uint32_t reserved, struct split_choice *out)
{
    uint32_t left, right;
    if (line == 0 || line >= q->count)
        return false;
    int32_t prefix_new = split_best_prefix(q->items, line, q->count, &right);
    if ((uint64_t)right + reserved > q->capacity)
        return false;
    int32_t prefix_source = split_best_prefix(q->items, 0, line, &left);
    if ((uint64_t)left + reserved > q->capacity)
        return false;
    *out = (struct split_choice){.kind = PAGE_SPLIT_RIGHT, .line_split = line, .prefix_line_source = prefix_source,
                                 .prefix_line_new = prefix_new < 0 ? -1 : prefix_new - (int32_t)line};
    return true;
}

/* The line at which the weights are divided most evenly. */
static uint32_t middle_line(const struct split_question *q)
{
    uint64_t total = 0, left = 0;
    for (uint32_t i = 0; i < q->count; i++)
        total += q->items[i].weight;
    for (uint32_t i = 0; i + 1 < q->count; i++) {
        if (2 * left + q->items[i].weight >= total && i > 0)
            return i;
        left += q->items[i].weight;
    }
    return q->count - 1;
}

/* Outward from the middle. */
static bool try_all(const struct split_question *q, uint32_t reserved, struct split_choice *out)
{
    uint32_t middle = middle_line(q);
    for (uint32_t distance = 0; distance < q->count; distance++) {
        if (try_line(q, middle + distance, reserved, out) || (distance > 0 && distance < middle && try_line(q, middle - distance, reserved, out)))
            return true;
    }
    return false;
}

/* Ascending keys leave full pages behind: what follows the new node moves away, or the node begins the new page. */
static bool try_pattern(const struct split_question *q, struct split_choice *out)
{
    uint32_t line = q->line_operation, last = q->count - 1;
    if (!q->inserts)
        return false;
    if (!q->is_leaf) /* the last child was split: the new page gets the last two entries */
        return line + 1 == last && q->count >= 3 && (try_line(q, last, 0, out) || try_line(q, last - 1, 0, out));
    if (line == last && q->is_last_leaf) { /* what will follow begins like the node that begins the page (Windows' pages do the same) */
        bool has_prefix = page_key_size(&q->items[last].key) > PAGE_PREFIX_WORTH && split_bytes_with_prefix(q->items, last, q->count, last) <= q->capacity;
        *out = (struct split_choice){.kind = PAGE_SPLIT_APPEND, .line_split = last, .prefix_line_source = -1, .prefix_line_new = has_prefix ? 0 : -1};
        return true;
    }
    if (!q->is_ascending)
        return false;
    return line == last ? try_line(q, last, 0, out) : try_line(q, line + 1, q->reserved, out) || try_line(q, line, q->reserved, out);
}

bool split_choose(const struct split_question *q, struct split_choice *out)
{
    if (q->count < 2)
        return false;
    return try_pattern(q, out) || (q->reserved > 0 && try_all(q, q->reserved, out)) || try_all(q, 0, out);
}

uint32_t split_copy_key(const struct page_key *key, uint8_t *room)
{
    uint32_t size = page_key_size(key);
    if (size > BTREE_BOOKMARK_MAX)
        return UINT32_MAX;
    if (key->head.size > 0)
        memcpy(room, key->head.data, key->head.size);
    if (key->tail.size > 0)
        memcpy(room + key->head.size, key->tail.data, key->tail.size);
    return size;
}

uint32_t split_separator(const struct split_item *left, const struct split_item *right, bool is_unique, uint8_t *room)
{
    uint32_t common = common_bytes(&left->key, &right->key), size = split_copy_key(&right->key, room);
    if (size == UINT32_MAX)
        return 0;
    if (common < size)
        return common + 1;
    if (is_unique || page_key_size(&left->key) != size)
        return 0;
    uint32_t same = 0;
    while (same < left->data.size && same < right->data.size && left->data.data[same] == right->data.data[same])
        same++;
    if (same == right->data.size || size + same + 1 > BTREE_BOOKMARK_MAX)
        return 0;
    memcpy(room + size, right->data.data, same + 1);
    return size + same + 1;
}
