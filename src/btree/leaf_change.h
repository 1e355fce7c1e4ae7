/* A change of one node that may need room: insert, replace, undo. Between update.c, undo.c and split.c only.
 *
 * The idea: the same change is judged on whatever leaf is latched at the time. If it fits it is applied there; if not, everything is let go, the tree's structure is
 * locked, and it is judged again on the leaf that is there then, this time with the pages of a split latched too.
 */
#ifndef OPENESE_BTREE_LEAF_CHANGE_H
#define OPENESE_BTREE_LEAF_CHANGE_H

#include "btree/change.h"

struct merge_record; /* page/structure_record.h */

enum leaf_change_kind { LEAF_CHANGE_INSERT, LEAF_CHANGE_REPLACE, LEAF_CHANGE_UNDO };

struct leaf_change {
    enum leaf_change_kind kind;
    struct transaction *t;
    const struct btree *tree;
    const struct btree_page_source *source;
    struct btree_target target;      /* the node's bookmark */
    struct span data;                /* new data of the node */
    unsigned options;                /* enum btree_update_option */
    struct version *undone;          /* LEAF_CHANGE_UNDO */

    /* Found on a latched leaf by leaf_change_judge. */
    uint8_t type;                    /* of the record: LR_INSERT, LR_FLAG_INSERT, LR_FLAG_INSERT_AND_REPLACE, LR_REPLACE, LR_UNDO */
    uint32_t line;
    uint32_t prefix_size;            /* LR_INSERT: what the node leaves to the page's prefix */
    struct span old_data;            /* on the page; not for inserts */
    int64_t growth;                  /* bytes more than now */
    uint32_t from_reserve;           /* of them: taken from what earlier changes of this transaction freed on the node */
    bool fits;
    struct version *insert, *replace;/* prepared by leaf_change_prepare */

    /* Where the node is afterwards. */
    page_no_t page_no;
    uint32_t line_after;
    uint64_t dbtime_after;
};

static inline bool leaf_change_is_versioned(const struct leaf_change *c) { return c->kind != LEAF_CHANGE_UNDO && (c->options & BTREE_UNVERSIONED) == 0; }
static inline struct version_node leaf_change_node(const struct leaf_change *c)
{
    return (struct version_node){.db = c->tree->db, .dbid = (uint8_t)c->tree->db->dbid, .root = c->tree->root, .objid = c->tree->objid, .is_unique = c->tree->is_unique,
                                 .key = {c->target.key, span_of(c->target.key.data, 0)}, .data = c->target.data};
}

/* Where a target stands on a leaf: the line of its node, or of the first node behind it. */
struct leaf_place {
    uint32_t line;
    bool exact;
};
static inline struct leaf_place leaf_place_of(const struct btree *tree, const struct page_view *page, const struct btree_target *target)
{
    struct leaf_place place;
    place.line = btree_leaf_search(tree, page, target, &place.exact);
    return place;
}

/* Looks at the node or its place on a leaf latched exclusive that covers it, checks for conflicts, and says whether the change fits there. Errors as update.h says;
 * JET_errRecordDeleted: no such node. */
MUST_CHECK JET_ERR leaf_change_judge(struct leaf_change *c, struct page_ref *leaf, struct leaf_place place);
/* The versions of a judged change. leaf_change_discard gives them back. */
MUST_CHECK JET_ERR leaf_change_prepare(struct leaf_change *c);
void leaf_change_discard(struct leaf_change *c);
/* Publishes them. is_image_logged: the log has the replaced data already. */
void leaf_change_publish(struct leaf_change *c, page_no_t page_no, bool is_image_logged);
/* The tail of its record. In a macro the key of an insert is whole. */
struct node_tail leaf_change_tail(const struct leaf_change *c, bool in_macro);
/* Does a judged change that fits, from versions to marking. */
MUST_CHECK JET_ERR leaf_change_apply(struct leaf_change *c, struct page_ref *leaf);

/* Judges and applies: on the leaf of the cursor's hint if that covers the place, else after a descent, else with a split. */
MUST_CHECK JET_ERR leaf_change_run(struct leaf_change *c, const struct btree_cursor *cursor);
/* The leaf for a target, by the hint if possible. */
MUST_CHECK JET_ERR leaf_change_latch(const struct btree *tree, const struct btree_cursor *cursor, const struct btree_target *target, struct page_ref *out,
                                     struct leaf_place *place);
/* undo.c: does the bytes of an undo that fits; takes the version out. */
MUST_CHECK JET_ERR leaf_change_apply_undo(struct leaf_change *c, struct page_ref *leaf);

/* --- split.c --- */

/* The change with the tree's structure locked, splitting pages until it fits. Nothing is latched before and after. */
MUST_CHECK JET_ERR split_and_change(struct leaf_change *c);
/* Makes a full root an internal page with one child, if it has nodes and less room than `bytes`. */
MUST_CHECK JET_ERR split_root_for(struct transaction *t, const struct btree *tree, const struct btree_page_source *source, uint32_t bytes);

/* Were the nodes before `line` put there one after the other just now? */
bool split_is_ascending(const struct page_view *page, uint32_t line);

/* --- even_out.c --- */

/* Moves nodes from the leaf at the end of the path to the neighbour under the same parent that has more room, if that is worth it, and makes the change. *is_done false: the
 * change has not been made. *moved: nodes have moved, so the path is not true any more and must be read again. The structure of the tree is locked, nothing is latched. */
MUST_CHECK JET_ERR leaf_change_even_out(struct leaf_change *c, const struct btree_path *path, bool *moved, bool *is_done);

/* Moves the first nodes of the leaf at the end of the path to its left neighbour under the same parent, as many as that one takes, if it has room worth it; the leaf keeps its last node.
 * *moved: done. The structure of the tree is locked, nothing is latched. */
MUST_CHECK JET_ERR leaf_fill_left(struct transaction *t, const struct btree *tree, const struct btree_path *path, bool *moved);

/* --- merge.c --- */

/* Adds a merge record and the pages it names to a macro. imaged: the page that loses nodes, as it is now; its image is made in the record itself. NULL: none. */
MUST_CHECK JET_ERR merge_add_record(struct change_macro *macro, struct merge_record *r, const struct page_edit *imaged);

/* --- split_plan.c: which nodes go, which prefixes come --- */

/* A node of the list after the operation. */
struct split_item {
    struct page_key key;
    struct span data;
    uint32_t weight; /* bytes it takes with the page's present prefix */
    uint32_t shared; /* leading bytes its key has in common with the item before it: split_note_shared */
};
struct split_items {
    struct split_item *items; /* owned */
    uint32_t count;
};
/* Must be called before a list is asked about. */
void split_note_shared(struct split_items *list);
/* What the choice depends on. */
struct split_question {
    const struct split_item *items;
    uint32_t count, capacity;       /* capacity: bytes for prefix and nodes of a page that is no root */
    bool inserts;                   /* the operation inserts items[line_operation] */
    uint32_t line_operation;
    bool is_leaf, is_last_leaf;     /* nothing to the right */
    bool is_ascending;              /* the nodes before the operation's were inserted in ascending order just now */
    uint32_t reserved;              /* bytes that should stay free on each page if possible */
};
struct split_choice {
    uint8_t kind;                   /* enum page_split_kind */
    uint32_t line_split;
    int32_t prefix_line_source;     /* -1 none. Of an append: the source keeps what it has */
    int32_t prefix_line_new;        /* relative to line_split */
};
/* False: no split of this list fits. */
bool split_choose(const struct split_question *question, struct split_choice *out);
/* The best prefix for items [from, to): index of its item, or -1. *bytes: what prefix and nodes take. */
int32_t split_best_prefix(const struct split_item *items, uint32_t from, uint32_t to, uint32_t *bytes);
/* What the items take with the key of item `of` as prefix, the prefix included. */
uint32_t split_bytes_with_prefix(const struct split_item *items, uint32_t from, uint32_t to, uint32_t of);
/* The shortest key that separates two neighbours on leaves: greater than all of left, not greater than right. room: BTREE_BOOKMARK_MAX. Returns its size; 0: they are
 * not in order, or too long. */
uint32_t split_separator(const struct split_item *left, const struct split_item *right, bool is_unique, uint8_t *room);
/* Copies a key in one piece; room: BTREE_BOOKMARK_MAX. Returns its size, UINT32_MAX when too long. */
uint32_t split_copy_key(const struct page_key *key, uint8_t *room);

#endif
