/* Inside the check: state of one run, page sets, the tree walk. For the files of this folder only. */
#ifndef OPENESE_CHECK_INTERNAL_H
#define OPENESE_CHECK_INTERNAL_H

#include "base/assert.h"
#include "base/memory.h"
#include "btree/btree.h"
#include "catalog/catalog.h"
#include "check/check.h"

/* --- page sets: one bit per page of the file --- */

struct page_set {
    uint64_t *words;
    uint32_t first, last; /* range that may hold bits; first > last: empty */
};

MUST_CHECK JET_ERR page_set_init(struct page_set *set, page_no_t last_page);
void page_set_free(struct page_set *set);
static inline bool page_set_has(const struct page_set *set, page_no_t page_no) { return (set->words[page_no / 64] >> (page_no % 64) & 1) != 0; }
static inline void page_set_add(struct page_set *set, page_no_t page_no)
{
    set->words[page_no / 64] |= 1ull << (page_no % 64);
    if (page_no < set->first)
        set->first = page_no;
    if (page_no > set->last)
        set->last = page_no;
}
/* Removes everything; costs the range in use. */
void page_set_clear(struct page_set *set);
uint64_t page_set_count(const struct page_set *set);

/* --- the run --- */

/* Depth of the space hierarchy: file, table, index or long values. */
enum level { LEVEL_FILE, LEVEL_TABLE, LEVEL_CHILD, LEVEL_COUNT };

/* The object being checked at a level, and where its pages go. */
struct owner {
    page_no_t root;
    uint32_t objid;
    bool is_space_sound;    /* its extents could be read: ownership can be judged */
    struct page_set owned;  /* its owned extents */
    struct page_set given;  /* owned by its children */
    struct page_set used;   /* pages of its own trees, and those its space trees keep back */
};

struct tree_walk;
enum { CHECK_NAME_SIZE = 512 };

struct check {
    struct database *db;
    struct cache_file *file;
    struct check_options options;
    struct check_callbacks callbacks;
    struct check_report *report;
    uint32_t page_size;
    page_no_t last_page;      /* of the file */
    bool is_clean;            /* the header says so: dbtimes can be judged */
    struct page_set used;     /* by any tree */
    struct page_set available;/* in any free list */
    struct owner owners[LEVEL_COUNT];
    enum level level;
    struct tree_walk *walk;   /* one at a time */
    char table[CHECK_NAME_SIZE], object[CHECK_NAME_SIZE]; /* names for findings */
    uint32_t objid;
    uint64_t pages_walked;
};

/* Passes a finding on, with the names of the objects at hand. */
void check_report_finding(struct check *c, enum check_severity severity, JET_ERR error, page_no_t page_no, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* An error of a module below: is it about this file's bytes (a finding), or can the check not go on? */
bool check_is_finding(JET_ERR error);
/* JET_errSuccess or what the progress function returned. */
MUST_CHECK JET_ERR check_progress(struct check *c);
static inline bool check_page_exists(const struct check *c, page_no_t page_no) { return page_no >= 1 && page_no <= c->last_page; }

/* --- the walk over one tree (check_walk.c) --- */

enum tree_kind { TREE_TABLE, TREE_INDEX, TREE_LONG_VALUES, TREE_SPACE };

struct walk_level {
    uint8_t *page;          /* a copy: no latch is held while the walk rests */
    struct page_view view;
    uint32_t line;          /* next to visit */
    uint8_t *low, *high;    /* bookmarks of the page: low <= b < high */
    uint32_t low_size, high_size;
    bool has_high;
};

struct tree_walk {
    struct check *check;
    page_no_t root;
    uint32_t objid;
    enum tree_kind kind;
    uint32_t root_flags;
    bool is_complete;       /* no page had to be left out */
    uint32_t depth;         /* levels in use */
    uint32_t leaf_depth;    /* 0 = no leaf seen yet */
    page_no_t last_leaf, last_leaf_next;
    bool is_chain_known;    /* last_leaf is the leaf just before the one to come */
    uint64_t leaves, nodes, deleted;
    struct walk_level levels[BTREE_DEPTH_MAX];
};

MUST_CHECK JET_ERR tree_walk_create(struct check *c, struct tree_walk **out);
/* Accepts NULL. */
void tree_walk_destroy(struct tree_walk *walk);
/* Starts at the root. A root that cannot be read or is no such root is a finding and an empty walk. objid 0: take the page's. */
MUST_CHECK JET_ERR tree_walk_begin(struct tree_walk *walk, page_no_t root, uint32_t objid, enum tree_kind kind);
/* The next leaf node that is not flag-deleted; points into the walk until the next call. *at_end: no more. */
MUST_CHECK JET_ERR tree_walk_next(struct tree_walk *walk, struct node *node, bool *at_end);
/* External header of the root, valid after begin while the walk has not left the root (until the first next). size 0 when unreadable. */
struct span tree_walk_root_header(const struct tree_walk *walk);

/* --- space (check_space.c) --- */

/* Reads the extents of the object at c->level (its owner set up with root and objid; sets empty), claims them from the level above, and walks
 * its extent trees. expected_parent: the page its space header must name. */
MUST_CHECK JET_ERR check_space_begin(struct check *c, page_no_t expected_parent, enum tree_kind kind);
/* After all trees of the object: every page it owns must be used, free or a child's. Empties the owner's sets. */
void check_space_end(struct check *c);

/* --- contents of a table (check_records.c) --- */

/* A multiset of byte strings as number and sums: equal sets have equal digests, whatever their order. */
struct check_digest {
    uint64_t count, sum, mix;
};
void check_digest_add(struct check_digest *digest, struct span first, struct span second);
static inline bool check_digest_equal(const struct check_digest *a, const struct check_digest *b) { return a->count == b->count && a->sum == b->sum && a->mix == b->mix; }

/* What the walks learned about one table, and what the rows are compared with. */
struct table_contents {
    struct catalog *catalog;
    const struct table_schema *schema; /* NULL: the catalog's rows for it are damaged */
    bool is_table_sound;               /* all pages of the table's tree were read */
    struct check_digest *entries;            /* of each index of the schema, by position; count UINT64_MAX: not known */
    struct check_digest long_values;         /* one per reference that the long-value tree counts: by id */
    bool are_long_values_sound;
};
/* Reads the table's schema; a finding when that fails. */
MUST_CHECK JET_ERR table_contents_begin(struct check *c, struct table_contents *contents, uint32_t objid);
/* Accepts a zeroed struct; empties it. */
void table_contents_end(struct table_contents *contents);
/* Position of an index in the schema, UINT32_MAX when it is not there. */
uint32_t table_contents_index(const struct table_contents *contents, uint32_t objid);
/* Every long value of the table: complete, readable; counts its references. */
MUST_CHECK JET_ERR check_long_values(struct check *c, struct table_contents *contents);
/* Reads all rows: record structure, primary keys, long-value references, and the entries of every secondary index. */
MUST_CHECK JET_ERR check_records(struct check *c, struct table_contents *contents);

/* --- objects (check_objects.c) --- */

/* Walks all objects of the catalog. */
MUST_CHECK JET_ERR check_objects(struct check *c);

/* --- pages (check_pages.c) --- */

/* Reads the whole file and verifies checksums; what the trees did not reach is reported here. */
MUST_CHECK JET_ERR check_pages(struct check *c);

#endif
