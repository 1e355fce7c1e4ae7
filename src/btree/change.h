/* The common steps of every change of pages: its log record, the macro of a change of several pages, and what a page is given afterwards.
 *
 * Order (btree/README.md, rules 17-20): all pages latched -> dbtime -> versions prepared -> logged -> bytes changed with the functions of page/ -> versions published
 * -> pages marked. Logging is the last step that may fail. With db->log NULL nothing is logged and positions are 0.
 * Used by update.c, split.c, undo.c, merge*.c, extent*.c. Not for other modules.
 */
#ifndef OPENESE_BTREE_CHANGE_H
#define OPENESE_BTREE_CHANGE_H

#include "btree/internal.h"
#include "btree/update.h"
#include "format/log_record.h"
#include "log/log.h"
#include "page/edit.h"

static inline struct page_edit change_edit(struct page_ref *ref) { return page_edit_trusted(page_ref_bytes(ref), ref->view.size, ref->view.page_no); }
static inline bool change_is_logged(const struct transaction *t, const struct btree *tree) { return tree->db->log != NULL && t->log != NULL; }

/* Before anything is latched. While a snapshot is taken changes are few enough to leave log buffer, generation and frames to those who hold latches already: so no
 * reader meets a latch that is kept until the end of it. */
static inline void change_wait_for_thaw(const struct btree *tree)
{
    if (tree->db->log == NULL)
        return;
    log_wait_for_thaw(tree->db->log);
    cache_wait_for_thaw(tree->file);
}

/* PAGE and NODE prefixes of a record about `page` (dbtime_before is what the page has now). Gives the transaction its number. */
struct page_prefix change_page_prefix(struct transaction *t, const struct btree *tree, const struct page_view *page, uint64_t dbtime, uint32_t line, bool is_versioned);
static inline struct node_prefix change_node_prefix(const struct btree *tree, uint32_t rceid) { return (struct node_prefix){rceid, tree->root, tree->objid}; }

/* Encodes one node record and appends it. Errors of transaction_log, JET_errOutOfMemory. */
MUST_CHECK JET_ERR change_log_node(struct transaction *t, const struct btree *tree, uint8_t type, const struct page_prefix *page, uint32_t rceid, const struct node_tail *tail,
                                   lgpos_t *position);
/* Gives a changed page its dbtime and marks it. */
void change_finish(struct transaction *t, struct page_ref *ref, uint64_t dbtime, lgpos_t position);

/* --- a change of several pages --- */

enum { CHANGE_MACRO_RECORDS_MAX = 64, CHANGE_MACRO_PAGES_MAX = 64 };
/* Collects the members; zero-initialised = empty. Every member must carry the macro's dbtime. */
struct change_macro {
    uint32_t record_count, page_count;
    struct span records[CHANGE_MACRO_RECORDS_MAX]; /* owned */
    page_no_t page_nos[CHANGE_MACRO_PAGES_MAX];    /* of MacroInfo: of each member its page and the others it changes */
    struct span trailing;                          /* owned: one record to append behind the macro at once with its end (an UndoInfo); empty: none */
};
/* Room for the next member; the record is shortened to what is really used with change_macro_added. JET_errOutOfMemory. */
MUST_CHECK JET_ERR change_macro_room(struct change_macro *macro, uint32_t size, uint8_t **out);
void change_macro_added(struct change_macro *macro, uint32_t size);
MUST_CHECK JET_ERR change_macro_add_node(struct change_macro *macro, const struct btree *tree, uint8_t type, const struct page_prefix *page, uint32_t rceid, const struct node_tail *tail);
/* 0 is left out. */
void change_macro_page(struct change_macro *macro, page_no_t page_no);
/* Appends MacroBegin, the members, MacroCommit and MacroInfo, in several appends when they are large. *position: for cache_mark_dirty. On an error the macro is
 * aborted in the log. */
MUST_CHECK JET_ERR change_macro_log(struct change_macro *macro, struct transaction *t, const struct btree *tree, uint64_t dbtime, lgpos_t *position);
void change_macro_free(struct change_macro *macro);

/* --- new pages of a split --- */

/* Where they come from, when not from the tree's own space (the space trees' reserves). Called with no page latched. near: a page of the tree. give_back: taken, and
 * not used. */
struct btree_page_source {
    JET_ERR (*take)(void *context, struct transaction *t, const struct btree *tree, page_no_t near, page_no_t *out);
    void (*give_back)(void *context, struct transaction *t, const struct btree *tree, page_no_t page_no);
    void *context;
};
/* As btree_insert and the others with a source for pages. For space trees: the caller holds space_lock, and no structure lock is taken. source NULL: space_allocate. */
MUST_CHECK JET_ERR btree_insert_with(const struct btree_page_source *source, struct transaction *t, const struct btree *tree, struct btree_cursor *cursor, struct span key,
                                     struct span data, unsigned options);
MUST_CHECK JET_ERR btree_replace_with(const struct btree_page_source *source, struct transaction *t, struct btree_cursor *cursor, struct span data, unsigned options);

/* --- tidy.c --- */

/* Copies the bookmark of a node of the tree's leaf into BTREE_BOOKMARK_MAX bytes: the key, then in a non-unique tree the data. JET_errDatabaseCorrupted: too long. */
MUST_CHECK JET_ERR btree_copy_bookmark(const struct btree *tree, const struct node *n, uint8_t *room, uint32_t *key_size, uint32_t *data_size);

/* --- write_descent.c --- */

/* The leaf where the target is or would be, latched exclusive. */
MUST_CHECK JET_ERR btree_descend_to_write(const struct btree *tree, const struct btree_target *target, struct page_ref *out);

/* The pages from the root to the leaf. Valid while the tree's structure is locked (or, in a space tree, space_lock is held): nobody else changes internal pages then. */
struct btree_path {
    uint32_t depth; /* internal levels: page_nos[depth] is the leaf */
    page_no_t page_nos[BTREE_DEPTH_MAX + 1];
    uint32_t lines[BTREE_DEPTH_MAX]; /* entry taken on each internal level */
    uint32_t counts[BTREE_DEPTH_MAX];
    page_no_t neighbours[2];            /* leaves to the left and right under the same parent, 0 none. Hints, as is: */
    uint32_t leaf_nodes;                /* nodes on the leaf */
};
/* Reads the path; nothing stays latched. */
MUST_CHECK JET_ERR btree_read_path(const struct btree *tree, const struct btree_target *target, struct btree_path *out);
/* Latches the pages of levels [from, depth] of a path exclusive, downwards, into refs[from..depth]; checks on arrival. On error none is held. */
MUST_CHECK JET_ERR btree_latch_path(const struct btree *tree, const struct btree_path *path, uint32_t from, struct page_ref refs[BTREE_DEPTH_MAX + 1]);

#endif
