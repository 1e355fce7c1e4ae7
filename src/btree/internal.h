/* Inside btree/: targets, routes and the walk from page to page. Not for other modules. */
#ifndef OPENESE_BTREE_INTERNAL_H
#define OPENESE_BTREE_INTERNAL_H

#include "base/assert.h"
#include "btree/btree.h"

/* A place in the order of bookmarks. In a unique tree data is ignored. */
struct btree_target {
    struct span key, data;
    bool after_duplicates; /* behind every node with this key, whatever its data */
};

static inline struct btree_target btree_target_before(struct span key) { return (struct btree_target){.key = key}; }
static inline struct btree_target btree_target_after(struct span key)
{
    return (struct btree_target){.key = key, .after_duplicates = true};
}
static inline struct btree_target btree_cursor_target(const struct btree_cursor *c)
{
    return (struct btree_target){.key = span_of(c->bookmark, c->key_size), .data = span_of(c->bookmark + c->key_size, c->data_size)};
}

/* --- search.c: inside one page --- */

/* Order of a leaf node and a target: <0 when the node stands before it. 0 only for an equal bookmark. */
int btree_compare_node(const struct btree *tree, const struct node *node, const struct btree_target *target);
/* First line of a leaf whose node is not before the target; the node count when there is none. *exact: its bookmark equals the target. */
uint32_t btree_leaf_search(const struct btree *tree, const struct page_view *page, const struct btree_target *target, bool *exact);
/* Line of the entry of an internal page (at least one entry) that covers the target: the first whose separator is greater, else the last.
 */
uint32_t btree_child_search(const struct btree *tree, const struct page_view *page, const struct btree_target *target);

/* --- walk.c: from page to page --- */

enum btree_way { BTREE_TO_TARGET, BTREE_TO_FIRST, BTREE_TO_LAST, BTREE_TO_FRACTION };

/* Where a descent goes, and what it saw. Only `way` and what it needs must be set. */
struct btree_route {
    enum btree_way way;
    struct btree_target target;      /* BTREE_TO_TARGET */
    uint64_t numerator, denominator; /* BTREE_TO_FRACTION: numerator <= denominator <= UINT32_MAX + 1; consumed level by level */
    bool stop_above_leaf;            /* end at the parent of the leaf; a tree of one page ends at its root */
    unsigned depth;                  /* out: internal levels passed */
    struct {
        uint32_t line, count;
    } level[BTREE_DEPTH_MAX]; /* out: entry taken on each */
};

/* Goes down from the root, each parent latched until its child is; on success *out is the latched page at the end of the route. */
MUST_CHECK JET_ERR btree_descend(const struct btree *tree, struct btree_route *route, struct page_ref *out);

/* The steps of a descent with the latch that is wanted, checked on arrival (README rule 12). On error *out is empty. */
MUST_CHECK JET_ERR btree_get_root(const struct btree *tree, enum page_latch latch, struct page_ref *out);
/* The child an entry points to, while the parent is held. */
MUST_CHECK JET_ERR btree_get_child(const struct btree *tree, const struct page_view *parent, page_no_t child, enum page_latch latch, struct page_ref *out);
/* Is it a leaf in use of this tree? */
bool btree_is_leaf_of(const struct btree *tree, const struct page_view *page);

/* Bounds a walk over siblings: no walk passes more pages than the file has. */
struct btree_walk {
    uint64_t pages_left;
};
struct btree_walk btree_walk_begin(const struct btree *tree);

/* From a latched leaf to its right sibling (latched before the left one is released). At the end *at_end is true and *ref stays. On error
 * *ref is empty. */
MUST_CHECK JET_ERR btree_step_right(const struct btree *tree, struct btree_walk *walk, struct page_ref *ref, bool *at_end);
/* From a latched leaf to its left sibling. The left one is latched only while nothing is held (README rule 4), so the page may change in
 * between: then *changed is true and *ref is empty, and the caller seeks again. At the end *at_end is true and *ref stays. */
MUST_CHECK JET_ERR btree_step_left(const struct btree *tree, struct btree_walk *walk, struct page_ref *ref, bool *at_end, bool *changed);

/* Latches the page of the cursor's hint and says whether the node still stands there. False: *ref is empty. */
bool btree_latch_hint(const struct btree_cursor *cursor, struct page_ref *ref);

/* --- cursor.c --- */

/* Is the node there for the cursor's reader? If so *node becomes what he reads: its data may be an image, and it is not marked deleted. Without versions on the
 * node, or without a reader, the page decides. The leaf is latched. */
MUST_CHECK JET_ERR btree_resolve_versions(struct btree_cursor *cursor, struct node *node, bool *is_visible);
static inline MUST_CHECK JET_ERR btree_look(struct btree_cursor *cursor, struct node *node, bool *is_visible)
{
    *is_visible = (node->flags & NODE_FLAG_DELETED) == 0;
    return (node->flags & NODE_FLAG_VERSIONED) == 0 || cursor->reader == NULL ? JET_errSuccess : btree_resolve_versions(cursor, node, is_visible);
}

/* Puts the cursor on the first visible node at or after `line` of a latched leaf, else on the last visible one of the tree. Releases *ref.
 */
MUST_CHECK JET_ERR btree_settle_near(struct btree_cursor *cursor, struct page_ref *ref, uint32_t line);

/* --- copy.c --- */

/* Forgets a copy that does not. */
void btree_copy_check(struct btree_cursor *cursor);
/* The cursor stands on this node of the latched page, which its reader sees as it is given: copies it, or the leaf. Fails silently, without a copy. */
void btree_copy_take(struct btree_cursor *cursor, const struct page_view *page, const struct node *node, bool may_take_leaf);
/* To the next (previous) visible node in a current copy of the cursor's leaf. False: there is none, nothing has been done. */
bool btree_copy_move(struct btree_cursor *cursor, bool forward, JET_ERR *result);
void btree_copy_free(struct btree_cursor *cursor);

/* --- short_cut.c --- */

/* Latches the leaf that covers the target, without the root, and finds the line as btree_leaf_search. False: nothing is latched, the seek goes the whole way. */
bool btree_short_cut(struct btree_cursor *cursor, const struct btree_target *target, struct page_ref *ref, uint32_t *line, bool *exact);
void btree_short_cut_free(struct btree_cursor *cursor);

/* --- read_ahead.c --- */

/* The cursor has moved on to another leaf, to the right or left. Nothing is latched by it. */
void btree_read_ahead(struct btree_cursor *cursor, bool backward);

#endif
