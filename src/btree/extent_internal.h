/* The changing side of space, shared by extent.c, extent_pool.c, extent_tree.c and extent_file.c. Not for other files.
 *
 * A struct space is what one operation knows about one tree's space, read from its root page. Everything here runs under db->space_lock with nothing latched, so what was
 * read stays true until the operation itself changes it.
 */
#ifndef OPENESE_BTREE_EXTENT_INTERNAL_H
#define OPENESE_BTREE_EXTENT_INTERNAL_H

#include "btree/change.h"
#include "btree/extent.h"
#include "page/root.h"
#include "page/structure_record.h"

enum {
    SYSTEM_ROOT = 1, SYSTEM_OBJID = 1,
    SPACE_ROOT_PAGES = 3,   /* root, owned root, available root */
    SPACE_LEVELS_MAX = 4,   /* file, table, index; one more is damage */
    SPACE_KEY_SIZE = 4
};

struct space {
    struct transaction *t;
    struct database *db;
    page_no_t root;
    unsigned level;              /* 0: the tree the caller asked about; its parents follow */
    uint32_t objid, page_flags;
    struct space_header header;
    bool is_multiple;
    struct btree owned, available; /* is_multiple */
    struct extent pending;         /* pages that s is about to have free, for its extent trees to take when they split */
    bool pending_is_owned;         /* they have their owned entry already */
    struct extent unfinished;      /* after a failed space_give: what is to be given to end it, ... */
    page_no_t unfinished_root;     /* ... and to which tree */
};

/* An entry of an extent tree. */
struct space_entry {
    page_no_t first, last;
    uint32_t count;
};
static inline struct space_entry space_entry_of(page_no_t last, uint32_t count) { return (struct space_entry){last - count + 1, last, count}; }

/* May pages up to this one be handed out? */
static inline bool space_is_below_limit(const struct database *db, page_no_t last) { return db->space_limit == 0 || last < db->space_limit; }

/* --- extent.c --- */
MUST_CHECK JET_ERR space_open(struct transaction *t, struct database *db, page_no_t root, unsigned level, struct space *out);
/* The space of its parent; JET_errDatabaseCorrupted for the file's own root and in endless chains. */
MUST_CHECK JET_ERR space_open_parent(const struct space *s, struct space *out);
/* Appends one record; position 0 where nothing is logged. */
MUST_CHECK JET_ERR space_log(struct transaction *t, const struct database *db, const uint8_t *record, uint32_t size, lgpos_t *position);
/* Builds and logs the roots of a new tree on the first pages of the extent. */
MUST_CHECK JET_ERR space_make_tree(struct transaction *t, struct database *db, const struct page_new_tree *tree, struct extent extent, bool multiple);

/* --- extent_pool.c: what a tree owns and has free --- */
/* At least `min` pages in one piece, `want` (>= min) where possible, or a little more (database-file 6.3), out of the free pages of s. They are then
 * owned by s and not available. Grows s where needed. */
MUST_CHECK JET_ERR space_take(struct space *s, uint32_t min, uint32_t want, struct extent *out);
/* A small tree that needs `request` pages its map does not have gets extent trees, and free pages enough. */
MUST_CHECK JET_ERR space_convert(struct space *s, uint32_t request);
/* The pages given, which must be available; JET_errOutOfDatabaseSpace when they are not. */
MUST_CHECK JET_ERR space_take_at(struct space *s, struct extent wanted);
/* One page, near `near`. */
MUST_CHECK JET_ERR space_take_page(struct space *s, page_no_t near, page_no_t *page_no);
/* Pages of one owned extent become available; a secondary extent that is free as a whole goes back to the parent. After an error s->unfinished says what another call must
 * give: the same, with a free neighbour that has been taken out already, or less, or a whole extent to a tree further up. */
MUST_CHECK JET_ERR space_give(struct space *s, struct extent freed);
/* The same after a failure, whose error is what counts: where this fails too the pages are lost to use. */
void space_give_back(struct space *s, struct extent extent);
/* s->pending becomes an owned extent, and what the splits for it leave becomes available. giver: gets it back when it cannot be entered, may be NULL. Afterwards nothing
 * is pending. */
MUST_CHECK JET_ERR space_enter_pending(struct space *s, struct space *giver);
/* s->pending, part of an owned extent, becomes available. */
MUST_CHECK JET_ERR space_free_pending(struct space *s);

/* --- extent_tree.c: entries of the extent trees --- */

/* In whose name the log has the changes of the data tree's root, and of pages of its extent trees: records of both name the data tree. */
struct btree space_origin(const struct space *s);
struct btree space_tree_origin(const struct space *s);

/* First entry whose last page is >= page_no; out->count 0: there is none. Entries of special pools are not seen. */
MUST_CHECK JET_ERR space_entry_at_or_after(const struct btree *tree, page_no_t page_no, struct space_entry *out);
/* Last entry whose last page is < page_no. */
MUST_CHECK JET_ERR space_entry_before(const struct btree *tree, page_no_t page_no, struct space_entry *out);
/* First entry of at least `count` pages at or behind page_no that may be handed out. */
MUST_CHECK JET_ERR space_entry_to_take(const struct btree *tree, page_no_t page_no, uint32_t count, struct space_entry *out);
/* Is there an entry of a special pool that reaches page_no or beyond? */
MUST_CHECK JET_ERR space_has_shelved(const struct btree *tree, page_no_t page_no, bool *has);
MUST_CHECK JET_ERR space_entry_insert(struct space *s, const struct btree *tree, struct space_entry entry);
/* Would an entry with this last page go in without splitting a page? */
MUST_CHECK JET_ERR space_entry_has_room(const struct btree *tree, page_no_t last, bool *has_room);
/* The entry keeps its last page. */
MUST_CHECK JET_ERR space_entry_resize(struct space *s, const struct btree *tree, page_no_t last, uint32_t count);
MUST_CHECK JET_ERR space_entry_remove(struct space *s, const struct btree *tree, page_no_t last);
/* Pages that two new entries, one in each tree, may need for splits at most. */
MUST_CHECK JET_ERR space_split_need(const struct space *s, uint32_t *pages);

/* Replaces the external header of the root of the tree s, or of one of its extent trees, by one of the same size. */
MUST_CHECK JET_ERR space_set_header(struct space *s, page_no_t page_no, struct span external);

/* A page for a split of one of the extent trees of s: see the head of extent_tree.c. */
MUST_CHECK JET_ERR space_page_for_split(struct space *s, const struct btree *tree, page_no_t *page_no);

/* --- extent_split.c --- */
/* Splits the pages on the way to `last` that could not take one more entry; afterwards there is room. */
MUST_CHECK JET_ERR space_tree_make_room(struct space *s, const struct btree *tree, page_no_t last);

/* --- extent_file.c --- */
/* Page 1 gets at least `request` pages more in one piece: the file grows. */
MUST_CHECK JET_ERR space_grow_file(struct space *root, uint32_t request);

#endif
