/* Where in its tree a cursor is, as a fraction, and the way back from a fraction.
 *
 * Both look at one page per level: with entry i of n taken on a page, the node lies (i + its share of the child) / n of the way through it.
 * The total is the product of the counts on the path. In a tree of one page both are exact; deleted nodes are not counted on the leaf.
 * Called by cursor/ for JetGetRecordPosition and JetGotoPosition.
 */
#include "btree/internal.h"

struct leaf_count {
    uint32_t before, total; /* visible nodes before a line, and in all */
};

static JET_ERR count_leaf(struct btree_cursor *cursor, const struct page_view *page, uint32_t line, struct leaf_count *count)
{
    JET_ERR err = JET_errSuccess;
    *count = (struct leaf_count){0};
    for (uint32_t i = 0; i < page_node_count(page); i++) {
        struct node node = page_node(page, i);
        bool is_visible;
        TRY(btree_look(cursor, &node, &is_visible));
        count->total += is_visible;
        count->before += is_visible && i < line;
    }
done:
    return err;
}

/* Product of the counts, at most UINT32_MAX; the share of the path from the leaf upwards. */
static void combine(const struct btree_route *route, struct leaf_count leaf, uint32_t *before, uint32_t *total)
{
    long double share = leaf.total == 0 ? 0.0L : (long double)leaf.before / leaf.total;
    uint64_t product = leaf.total == 0 ? 1 : leaf.total;
    for (unsigned depth = route->depth; depth-- > 0;) {
        share = ((long double)route->level[depth].line + share) / route->level[depth].count;
        product *= route->level[depth].count;
        product = product < UINT32_MAX ? product : UINT32_MAX;
    }
    *total = route->depth == 0 ? leaf.total : (uint32_t)product;
    *before = route->depth == 0 ? leaf.before : (uint32_t)(share * (long double)product);
    if (*before > *total)
        *before = *total;
}

JET_ERR btree_position_estimate(struct btree_cursor *cursor, uint32_t *entries_before, uint32_t *entries_total)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    bool at_place = cursor->position == BTREE_ON_NODE || cursor->position == BTREE_BETWEEN, exact;
    struct btree_route route = {.way = at_place                                 ? BTREE_TO_TARGET
                                       : cursor->position == BTREE_BEFORE_FIRST ? BTREE_TO_FIRST
                                                                                : BTREE_TO_LAST,
                                .target = btree_cursor_target(cursor)};
    assert(cursor->ref.frame == NULL);
    *entries_before = *entries_total = 0;
    TRY(btree_descend(cursor->tree, &route, &ref));
    uint32_t line = at_place ? btree_leaf_search(cursor->tree, &ref.view, &route.target, &exact) : 0;
    struct leaf_count leaf;
    TRY(count_leaf(cursor, &ref.view, line, &leaf));
    combine(&route, leaf, entries_before, entries_total);
    if (cursor->position == BTREE_AFTER_LAST)
        *entries_before = *entries_total;
done:
    cache_release(&ref);
    return err;
}

/* The visible node with this number on the page, as its line; the count when there are fewer. */
static JET_ERR line_of_visible(struct btree_cursor *cursor, const struct page_view *page, uint32_t number, uint32_t *line)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count = page_node_count(page);
    for (*line = 0; *line < count; ++*line) {
        struct node node = page_node(page, *line);
        bool is_visible;
        TRY(btree_look(cursor, &node, &is_visible));
        if (is_visible && number-- == 0)
            break;
    }
done:
    return err;
}

JET_ERR btree_goto_fraction(struct btree_cursor *cursor, uint32_t entries_before, uint32_t entries_total)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    assert(cursor->ref.frame == NULL);
    if (entries_before > entries_total || entries_total == 0)
        RAISE(JET_errInvalidParameter);
    if (entries_before == entries_total)
        return btree_last(cursor);
    struct btree_route route = {.way = BTREE_TO_FRACTION, .numerator = entries_before, .denominator = entries_total};
    TRY(btree_descend(cursor->tree, &route, &ref));
    struct leaf_count leaf;
    uint32_t line;
    TRY(count_leaf(cursor, &ref.view, 0, &leaf));
    uint32_t number = (uint32_t)(route.numerator * leaf.total / route.denominator);
    if (leaf.total > 0 && number >= leaf.total)
        number = leaf.total - 1;
    TRY(line_of_visible(cursor, &ref.view, number, &line));
    err = btree_settle_near(cursor, &ref, line);
done:
    cache_release(&ref);
    return err;
}
