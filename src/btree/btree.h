/* B+ trees: search and navigation, and the space trees (extents are B+ trees too).
 *
 * A tree is named by its root page, which never moves while the tree is open. A bookmark identifies a node: the key in a unique tree, key
 * then data otherwise. A cursor remembers the bookmark of its node and where it last saw it (page, line, dbtime); it keeps nothing pinned
 * between calls. When the page has changed since, the cursor seeks its bookmark again; otherwise a move costs one cache look-up.
 * Flag-deleted nodes are skipped by every move and seek.
 *
 * Untrusted files: descents are limited to BTREE_DEPTH_MAX levels; every page reached must carry the tree's object id and the right
 * leaf/internal kind; sibling walks check that the neighbour points back and that keys ascend, so that no cycle is endless.
 * Violations are JET_errDatabaseCorrupted (or JET_errBadPageLink, JET_errBadParentPageLink for links).
 */
#ifndef OPENESE_BTREE_BTREE_H
#define OPENESE_BTREE_BTREE_H

#include "cache/cache.h"
#include "format/node_reader.h"
#include "mvcc/transaction.h"
#include "mvcc/version_store.h"

enum { BTREE_DEPTH_MAX = 16, BTREE_KEY_MAX = 2048, BTREE_BOOKMARK_MAX = 2 * BTREE_KEY_MAX };

struct database;
struct transaction;

struct btree {
    struct cache_file *file;
    struct database *db;  /* cache_file_context of the file; NULL: a bare file, only read */
    page_no_t root;
    uint32_t objid;
    bool is_unique;       /* bookmark = key alone */
    bool is_space_tree;
};

/* Opens a tree by its root; reads the root page and checks objid (0 = take the page's) and kind. is_unique comes from the page's flags. */
MUST_CHECK JET_ERR btree_open(struct cache_file *file, page_no_t root, uint32_t objid, struct btree *out);

/* Position of a cursor. */
enum btree_position { BTREE_BEFORE_FIRST, BTREE_ON_NODE, BTREE_AFTER_LAST, BTREE_BETWEEN /* where a node would be: just before its place */ };

/* What the reader saw of a place, kept while he cannot see anything else there (README rules 17, 18). */
enum btree_copy_kind { BTREE_COPY_NONE, BTREE_COPY_NODE /* data of the cursor's node */, BTREE_COPY_LEAF /* the cursor's leaf */ };
struct btree_copy {
    enum btree_copy_kind kind;
    bool is_known;               /* the owner's: false when the cursor has moved to another node, or the copy was made anew */
    uint32_t uses;               /* moves made in this copy of a leaf */
    uint32_t moves_wanted;       /* before a leaf is copied */
    uint64_t snapshot, changes;  /* of the reader, when it was made */
    struct span data;            /* of the cursor's node */
    uint32_t prefix_size;        /* of the key in the bookmark, what comes from the prefix of the copied leaf */
    struct node_reader leaf;     /* of the copied leaf, and its nodes */
    uint32_t leaf_count;
    uintptr_t ahead, ahead_end;  /* of the next leaf, what the processor has not been asked for yet */
    uint8_t *bytes;              /* room for one page, owned; NULL until wanted */
};

/* The root as it once was, of a cursor that seeks often (README rule 19). */
struct btree_root_copy {
    bool is_there;
    uint32_t seeks, wanted; /* since there was none; before the next one is made */
    uint32_t uses;
    struct page_view view;
    uint8_t *bytes;         /* room for one page, owned; NULL until wanted */
};

struct btree_cursor {
    const struct btree *tree;
    enum btree_position position;
    /* hint: where the node was seen */
    page_no_t page_no;
    uint32_t line;
    uint64_t dbtime;
    /* bookmark of the node (ON_NODE) or the sought key (BETWEEN) */
    uint32_t key_size, data_size; /* data_size is 0 in unique trees */
    uint8_t *bookmark;            /* BTREE_BOOKMARK_MAX bytes, owned */
    /* read-ahead state */
    uint32_t sequential_moves; /* steps to a sibling leaf in one direction since the last seek */
    page_no_t prefetched_to;   /* leaf on whose arrival the next batch is due; 0 = at the next step */
    bool moves_backward;       /* direction of those steps */
    bool inserts_nearby;       /* the last insert came to the leaf of the hint, so the next one looks there first */
    /* latched node between btree_cursor_get and btree_cursor_release */
    struct page_ref ref;
    struct btree_copy copy;
    struct btree_root_copy root;
    uint32_t moves;               /* since the last seek, or since copies of leaves did not pay */
    struct transaction *reader;   /* whose snapshot decides what is there; NULL: pages as they are. Set with btree_cursor_set_reader */
    struct version_scratch scratch;
};

MUST_CHECK JET_ERR btree_cursor_open(const struct btree *tree, struct btree_cursor *out);
/* Accepts a zeroed cursor. */
void btree_cursor_close(struct btree_cursor *cursor);
/* Same tree, same position. */
MUST_CHECK JET_ERR btree_cursor_copy(const struct btree_cursor *from, struct btree_cursor *out);

/* From now on the cursor sees what the transaction sees. It must have a snapshot (a level, or transaction_begin_call) during every call. */
void btree_cursor_set_reader(struct btree_cursor *cursor, struct transaction *reader);

static inline struct span btree_cursor_key(const struct btree_cursor *c) { return span_of(c->bookmark, c->key_size); }

/* Moves. Success puts the cursor on a node; the end of the tree is JET_errNoCurrentRecord and leaves it before the first or after the last. */
MUST_CHECK JET_ERR btree_first(struct btree_cursor *cursor);
MUST_CHECK JET_ERR btree_last(struct btree_cursor *cursor);
MUST_CHECK JET_ERR btree_next(struct btree_cursor *cursor);
MUST_CHECK JET_ERR btree_previous(struct btree_cursor *cursor);
void btree_before_first(struct btree_cursor *cursor);
void btree_after_last(struct btree_cursor *cursor);

enum btree_seek {
    BTREE_SEEK_EQ, /* first node with exactly this key; else JET_errRecordNotFound, cursor BETWEEN */
    BTREE_SEEK_GE, /* first node with key >= ; JET_errRecordNotFound when none (cursor after last) */
    BTREE_SEEK_GT, /* first node with key >  (a key that merely begins with `key` is greater) */
    BTREE_SEEK_LE, /* last node with key <= */
    BTREE_SEEK_LT  /* last node with key <  */
};
/* Compares whole keys byte by byte. */
MUST_CHECK JET_ERR btree_seek(struct btree_cursor *cursor, struct span key, enum btree_seek how);
/* To the node with this bookmark (data ignored in unique trees). JET_errRecordDeleted when it is not there: the cursor then stands where the
 * node was, so that moves go on from that place and btree_cursor_get answers JET_errRecordDeleted. */
MUST_CHECK JET_ERR btree_seek_bookmark(struct btree_cursor *cursor, struct span key, struct span data);

/* Latches the current node for reading: *node points into the page until btree_cursor_release. JET_errNoCurrentRecord when the cursor is
 * not on a node, JET_errRecordDeleted when the node has gone. Every other function on the cursor needs it released first. */
MUST_CHECK JET_ERR btree_cursor_get(struct btree_cursor *cursor, struct node *node);
void btree_cursor_release(struct btree_cursor *cursor);
/* Has the last successful btree_cursor_get been answered from the cursor's copy? Then the node's bytes live until the cursor moves, and nothing is latched. */
static inline bool btree_cursor_is_copied(const struct btree_cursor *cursor) { return cursor->ref.frame == NULL; }
/* Does the copy show what the reader sees now? */
static inline bool btree_copy_is_current(const struct btree_cursor *c)
{
    return c->copy.kind != BTREE_COPY_NONE && c->copy.changes == c->reader->changes &&
           c->copy.snapshot == atomic_load_explicit(&c->reader->snapshot, memory_order_relaxed);
}

/* Position as a fraction: entries before the node and all entries, estimated from the pages on the path (exact in a tree of one page). */
MUST_CHECK JET_ERR btree_position_estimate(struct btree_cursor *cursor, uint32_t *entries_before, uint32_t *entries_total);
/* To about that place. */
MUST_CHECK JET_ERR btree_goto_fraction(struct btree_cursor *cursor, uint32_t entries_before, uint32_t entries_total);

/* --- space --- */
struct extent {
    page_no_t first;
    uint32_t count;
};
/* Calls visit for every owned (or available) extent of the tree whose space is managed at `root`: from the extent trees, or from the
 * primary extent and free map of a small tree. pool: 0 general. A negative return of visit stops. */
MUST_CHECK JET_ERR space_owned(struct cache_file *file, page_no_t root, JET_ERR (*visit)(void *context, struct extent extent), void *context);
MUST_CHECK JET_ERR space_available(struct cache_file *file, page_no_t root, JET_ERR (*visit)(void *context, struct extent extent, uint32_t pool), void *context);
/* Calls visit for every run of pages that the tree's own extent trees keep back for their next split (database-file 4.5, split buffer): owned,
 * but in no tree and not available. None in a small tree. */
MUST_CHECK JET_ERR space_reserved(struct cache_file *file, page_no_t root, JET_ERR (*visit)(void *context, struct extent extent), void *context);
enum space_pool { SPACE_POOL_GENERAL = 0, SPACE_POOL_CONTIGUOUS = 1, SPACE_POOL_SHELVED = 2 };
/* Sums of space_owned and space_available. Shelved extents (pool 2) lie past the end of the file and do not count as available. */
MUST_CHECK JET_ERR space_count(struct cache_file *file, page_no_t root, uint32_t *owned, uint32_t *available);
/* The last page the file's root tree owns: the logical size of the database. A file may be longer. */
MUST_CHECK JET_ERR space_last_owned_page(struct cache_file *file, page_no_t *last);
/* Space header of a root page. */
MUST_CHECK JET_ERR space_header_read(struct cache_file *file, page_no_t root, struct space_header *out);

#endif
