/* Files made shorter (shrink.h).
 *
 * The one idea: the last extent that page 1 owns is cleared page by page, and when all of it has come back to page 1 it is cut off; then the next. Pages move within their tree (btree/relocate.h) and
 * are given back like any other, so whole extents return by themselves from index to table to page 1. Meanwhile no page of that extent or behind it is handed out, and the file does not grow.
 *
 * Roots move too (btree/root_move.h) where the log may say so; the catalog, which keeps their numbers, is told at the end. A root that stays, or a page whose use is not known, ends it; so
 * roots are asked for before any page of the extent moves.
 *
 * Nobody has the database open, nor opens it while databases_lock is held: there are no cursors, no tasks, and no versions. Each move is an ordinary logged change all the same, whole by
 * itself, and a crash between any two leaves a sound database.
 */
#define ESENT_PRIVATE
#include "engine/shrink.h"

#include <stdio.h>
#include <stdlib.h>

#include "backup/backup.h"
#include "base/memory.h"
#include "btree/extent.h"
#include "btree/relocate.h"
#include "btree/root_move.h"
#include "catalog/ddl.h"
#include "catalog/root_rows.h"
#include "catalog/row.h"
#include "engine/attach.h"
#include "engine/checkpoint.h"
#include "os/clock.h"
#include "txn/txn.h"

enum {
    EVENT_SHRUNK = 748, EVENT_SHRINK_FAILED = 749,
    SYSTEM_ROOT_PAGE = 1, SYSTEM_TREE_OBJID = 1, /* of the file itself: it has extent trees, but no data */
    PAGES_PER_TRANSACTION = 16,
    EXTENSIONS_BEFORE_CONVERSION = 4 /* a small tree in a file shorter than so many of its extensions keeps its form, and its root its place */
};
/* Why it has ended, in the numbers of the original's event. */
enum stop_reason { STOP_NONE = 0, STOP_FAILED = 1, STOP_NO_LOWER_SPACE = 2, STOP_PAGE_STAYS = 3, STOP_QUOTA = 4, STOP_SIZE_LIMIT = 7 };

struct known_tree {
    uint32_t objid;
    page_no_t root;
    uint32_t objid_table, type; /* of its row */
};
struct shrinking {
    struct session *session;
    struct database *db;
    struct transaction *t;
    const struct shrink_request *request;
    uint32_t least;           /* pages that stay */
    uint64_t begun_ns;
    struct known_tree *trees; /* owned; in order of objid */
    uint32_t count, room;
    struct extent end;        /* the last extent */
    enum stop_reason stop;
    uint32_t moved;
    bool moves_roots, has_moved_roots;
};

/* --- which trees there are --- */

static JET_ERR add_tree(struct shrinking *x, struct known_tree tree)
{
    JET_ERR err = JET_errSuccess;
    if (x->count == x->room) {
        uint32_t room = x->room == 0 ? 64 : 2 * x->room;
        struct known_tree *more = (struct known_tree *)mem_resize(x->trees, (size_t)room * sizeof *more);
        if (more == NULL)
            RAISE(JET_errOutOfMemory);
        x->trees = more;
        x->room = room;
    }
    x->trees[x->count++] = tree;
done:
    return err;
}

/* A table and its primary index are one tree, under one number. */
static JET_ERR add_row(struct shrinking *x, struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    struct catalog_row row = {0};
    TRY(btree_cursor_get(cursor, &node));
    TRY(catalog_row_decode(node.data, x->db->page_size, NULL, &row));
    bool is_primary = row.type == CATALOG_ROW_INDEX && row.id == row.objid_table;
    if (!is_primary && (row.type == CATALOG_ROW_TABLE || row.type == CATALOG_ROW_INDEX || row.type == CATALOG_ROW_LONG_VALUE))
        TRY(add_tree(x, (struct known_tree){row.id, row.type_or_root, row.objid_table, row.type}));
done:
    catalog_row_free(&row);
    btree_cursor_release(cursor);
    return err;
}

static int compare_trees(const void *a, const void *b)
{
    const struct known_tree *left = a, *right = b;
    return (left->objid > right->objid) - (left->objid < right->objid);
}

static JET_ERR list_trees(struct shrinking *x)
{
    JET_ERR err = JET_errSuccess;
    struct btree catalog;
    struct btree_cursor cursor = {0};
    TRY(add_tree(x, (struct known_tree){.objid = SYSTEM_TREE_OBJID, .root = SYSTEM_ROOT_PAGE}));
    TRY(btree_open(x->db->pages, CATALOG_ROOT, CATALOG_OBJID, &catalog));
    TRY(btree_cursor_open(&catalog, &cursor));
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor))
        TRY(add_row(x, &cursor));
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
    qsort(x->trees, x->count, sizeof *x->trees, compare_trees);
done:
    btree_cursor_close(&cursor);
    return err;
}

static struct known_tree *find_tree(const struct shrinking *x, uint32_t objid)
{
    const struct known_tree wanted = {.objid = objid};
    return (struct known_tree *)bsearch(&wanted, x->trees, x->count, sizeof wanted, compare_trees);
}

/* --- what a page is --- */

/* What a page says of itself; it may be free all the same. */
struct page_claim {
    struct known_tree *tree; /* NULL: of no tree there is */
    bool is_root, is_space;
};

static JET_ERR read_claim(const struct shrinking *x, page_no_t page_no, struct page_claim *out)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {.frame = NULL};
    *out = (struct page_claim){.tree = NULL};
    err = cache_get(x->db->pages, page_no, PAGE_LATCH_SHARED, &ref);
    if (err == JET_errPageNotInitialized || err == JET_errFileIOBeyondEOF) {
        err = JET_errSuccess;
        goto done;
    }
    TRY(err);
    uint32_t flags = page_flags(&ref.view);
    if ((flags & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED)) != 0)
        goto done;
    out->tree = find_tree(x, page_objid(&ref.view));
    out->is_root = (flags & PAGE_FLAG_ROOT) != 0;
    out->is_space = (flags & PAGE_FLAG_SPACE_TREE) != 0;
done:
    cache_release(&ref);
    return err;
}

/* Is it the root of the tree, or of its extent trees? */
static JET_ERR is_true_root(const struct shrinking *x, const struct page_claim *claim, page_no_t page_no, bool *is)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header;
    *is = false;
    if (claim->tree == NULL || !claim->is_root)
        goto done;
    TRY(space_header_read(x->db->pages, claim->tree->root, &header));
    page_no_t owned_root = header.free_map_or_owned_root;
    bool has_extent_trees = (header.flags & SPACE_FLAG_MULTIPLE_EXTENTS) != 0;
    *is = page_no == claim->tree->root || (has_extent_trees && (page_no == owned_root || page_no == owned_root + 1));
done:
    return err;
}

/* --- moving --- */

static bool is_over_quota(const struct shrinking *x)
{
    return x->request->quota_ms >= 0 && clock_monotonic_ns() - x->begun_ns >= (uint64_t)x->request->quota_ms * UINT64_C(1000000);
}

/* JetStopServiceInstance, or what has brought the instance down, ends it like the quota. */
static bool must_end(const struct shrinking *x)
{
    return is_over_quota(x) || (atomic_load(&x->session->instance->state) & (INSTANCE_STOPPED | INSTANCE_DISABLED)) != 0;
}

static bool is_child(const struct known_tree *tree, const struct known_tree *parent)
{
    return parent->type == CATALOG_ROW_TABLE && tree->objid_table == parent->objid && tree->objid != parent->objid;
}

/* The catalogs' own trees are where every reader looks for them. */
static JET_ERR may_move_root(const struct shrinking *x, const struct known_tree *tree, bool *may)
{
    JET_ERR err = JET_errSuccess;
    struct space_header header;
    uint32_t children = 0;
    *may = false;
    if (!x->moves_roots || tree->objid == SYSTEM_TREE_OBJID || tree->objid_table == CATALOG_OBJID || tree->objid_table == CATALOG_SHADOW_OBJID)
        goto done;
    for (uint32_t i = 0; i < x->count; i++)
        children += is_child(&x->trees[i], tree);
    TRY(space_header_read(x->db->pages, tree->root, &header));
    bool is_small = (header.flags & SPACE_FLAG_MULTIPLE_EXTENTS) == 0;
    *may = children <= ROOT_MOVE_CHILDREN_MAX && (!is_small || x->db->last_owned_page / EXTENSIONS_BEFORE_CONVERSION >= x->db->extension_pages);
done:
    return err;
}

static JET_ERR move_root(struct shrinking *x, struct known_tree *tree, bool *moved)
{
    JET_ERR err = JET_errSuccess;
    page_no_t moved_to = 0;
    struct root_move *move = mem_alloc(sizeof *move);
    if (move == NULL)
        RAISE(JET_errOutOfMemory);
    move->root = tree->root;
    move->objid = tree->objid;
    for (uint32_t i = 0; i < x->count; i++) {
        if (is_child(&x->trees[i], tree) && move->child_count < ROOT_MOVE_CHILDREN_MAX)
            move->children[move->child_count++] = (struct root_move_child){x->trees[i].root, x->trees[i].objid};
    }
    TRY(catalog_find_root_rows(x->db, tree->objid_table, tree->type, move));
    if (move->row_count == 0)
        goto done;
    err = space_move_root(x->t, x->db, move, &moved_to);
    if (moved_to != 0) {
        tree->root = moved_to;
        x->has_moved_roots = *moved = true;
    }
done:
    mem_free(move);
    return err;
}

static JET_ERR move_if_true_root(struct shrinking *x, const struct page_claim *claim, page_no_t page_no, bool *moved)
{
    JET_ERR err = JET_errSuccess;
    bool is_root, may = false;
    TRY(is_true_root(x, claim, page_no, &is_root));
    if (is_root)
        TRY(may_move_root(x, claim->tree, &may));
    if (may)
        TRY(move_root(x, claim->tree, moved));
done:
    return err;
}

/* A page of the last extent; *moved false: it is in no use, or stays. */
static JET_ERR move_page(struct shrinking *x, page_no_t page_no, bool *moved)
{
    JET_ERR err = JET_errSuccess;
    struct page_claim claim;
    struct btree tree;
    *moved = false;
    TRY(read_claim(x, page_no, &claim));
    if (claim.tree == NULL)
        goto done;
    if (claim.is_root) {
        TRY(move_if_true_root(x, &claim, page_no, moved));
    } else if (claim.is_space) {
        TRY(space_move_page(x->t, x->db, claim.tree->root, page_no, moved));
    } else {
        TRY(btree_open_writable(x->db, claim.tree->root, claim.tree->objid, &tree));
        TRY(btree_move_page(x->t, &tree, page_no, moved));
    }
done:
    return err;
}

/* What was changed is whole also after an error, and nothing is versioned. The session goes on: its transaction must not stay open when the log has no room for the end of it. */
static JET_ERR end_transaction(struct shrinking *x, JET_ERR err)
{
    JET_ERR ended = txn_commit(x->t, true, NULL), undone = ended < 0 ? txn_rollback(x->t) : JET_errSuccess;
    if (undone < 0)
        instance_disable(x->session->instance, undone, __FILE__, __LINE__);
    return err < 0 ? err : ended;
}

static JET_ERR move_some(struct shrinking *x, page_no_t *page_no)
{
    JET_ERR err = JET_errSuccess;
    page_no_t last = x->end.first + x->end.count - 1;
    TRY(txn_begin(x->t));
    for (uint32_t i = 0; i < PAGES_PER_TRANSACTION && *page_no <= last && x->stop == STOP_NONE; i++, (*page_no)++) {
        bool moved = false;
        err = move_page(x, *page_no, &moved);
        if (err < 0)
            break;
        x->moved += moved;
        if (must_end(x))
            x->stop = STOP_QUOTA;
    }
    err = end_transaction(x, err);
    if (err == JET_errOutOfDatabaseSpace) {
        x->stop = STOP_NO_LOWER_SPACE;
        err = JET_errSuccess;
    }
done:
    return err;
}

static JET_ERR check_roots(struct shrinking *x)
{
    JET_ERR err = JET_errSuccess;
    cache_prefetch(x->db->pages, x->end.first, x->end.count);
    for (uint32_t i = 0; i < x->end.count && x->stop == STOP_NONE; i++) {
        struct page_claim claim;
        bool is_root = false, may = true;
        TRY(read_claim(x, x->end.first + i, &claim));
        TRY(is_true_root(x, &claim, x->end.first + i, &is_root));
        if (is_root)
            TRY(may_move_root(x, claim.tree, &may));
        if (!may)
            x->stop = STOP_PAGE_STAYS;
    }
done:
    return err;
}

static JET_ERR clear_extent(struct shrinking *x)
{
    JET_ERR err = JET_errSuccess;
    space_set_limit(x->db, x->end.first);
    TRY(check_roots(x));
    for (page_no_t page_no = x->end.first; page_no < x->end.first + x->end.count && x->stop == STOP_NONE;)
        TRY(move_some(x, &page_no));
done:
    return err;
}

/* --- cutting --- */

/* Free extents at the end are given up as long as the limit is kept. */
static JET_ERR cut(struct shrinking *x)
{
    JET_ERR err = JET_errSuccess;
    page_no_t before = x->db->last_owned_page, last = before;
    TRY(txn_begin(x->t));
    err = space_shrink(x->t, x->db, x->least, &last);
    if (err >= 0)
        err = space_last_extent(x->t, x->db, &x->end);
    TRY(end_transaction(x, err));
    if (last < before) {
        TRY(checkpoint_raise_headers(x->session->instance));
        TRY(space_cut_file(x->db));
    }
done:
    return err;
}

/* --- the whole --- */

/* The signal matters to readers of passive copies only. */
static void tell_of_roots(struct shrinking *x)
{
    if (!x->has_moved_roots)
        return;
    catalog_forget_roots(x->db);
    if (txn_begin(x->t) < 0)
        return;
    JET_ERR ignored = end_transaction(x, space_signal_moved_roots(x->t, x->db));
    (void)ignored;
}

static JET_ERR shrink(struct shrinking *x)
{
    JET_ERR err = JET_errSuccess;
    page_no_t cleared = PAGE_NO_MAX;
    TRY(list_trees(x));
    for (;;) {
        TRY(cut(x));
        if (x->stop == STOP_NONE && x->end.first <= x->least)
            x->stop = x->end.first <= SYSTEM_ROOT_PAGE ? STOP_NO_LOWER_SPACE : STOP_SIZE_LIMIT; /* the first extent has what every database begins with */
        if (x->stop == STOP_NONE && x->end.first >= cleared)
            x->stop = STOP_PAGE_STAYS; /* all that is known to be in use has moved, and it is not free yet */
        if (x->stop != STOP_NONE)
            break;
        cleared = x->end.first;
        TRY(clear_extent(x));
    }
done:
    space_set_limit(x->db, 0);
    tell_of_roots(x);
    return err;
}

static void report(const struct shrinking *x, page_no_t before, JET_ERR error)
{
    char sizes[2][16], moved[16], number[16], reason[16];
    snprintf(sizes[0], sizeof sizes[0], "%u", before + DB_HEADER_PAGES);
    snprintf(sizes[1], sizeof sizes[1], "%u", x->db->last_owned_page + DB_HEADER_PAGES);
    snprintf(moved, sizeof moved, "%u", x->moved);
    snprintf(number, sizeof number, "%d", (int)error);
    snprintf(reason, sizeof reason, "%d", error < 0 ? (int)STOP_FAILED : (int)x->stop);
    EVENT_REPORT(&x->session->instance->events, error < 0 ? EVENT_SHRINK_FAILED : EVENT_SHRUNK, error < 0 ? EVENT_ERROR : EVENT_INFORMATION, EVENT_GENERAL, x->db->path, sizes[0], sizes[1], moved,
                 number, reason);
}

static JET_ERR shrink_database(struct session *session, struct database *db, const struct shrink_request *request)
{
    struct shrinking x = {.session = session, .db = db, .t = session_transaction(session), .request = request, .begun_ns = clock_monotonic_ns(),
                          .least = request->least > DB_HEADER_PAGES + SYSTEM_ROOT_PAGE ? request->least - DB_HEADER_PAGES : SYSTEM_ROOT_PAGE};
    page_no_t before = db->last_owned_page;
    if (before <= x.least)
        return JET_errSuccess;
    x.moves_roots = (request->options & JET_bitShrinkDatabaseDontMoveRootsOnAttach) == 0 && space_may_move_roots(x.t, db);
    JET_ERR err = shrink(&x);
    report(&x, before, err);
    mem_free(x.trees);
    return err;
}

/* A page that cannot be read is left to whoever reads it next: it is no reason not to have the database. */
static bool says_damaged(JET_ERR error)
{
    const struct error_info *info = error_lookup(error);
    bool is_of_reading = error == JET_errReadVerifyFailure || error == JET_errPageNotInitialized || error == JET_errReadLostFlushVerifyFailure;
    return error < 0 && !is_of_reading && (info == NULL || info->class_of == ERROR_CLASS_Corruption);
}

/* Once versions are cleaned and no task is listed nobody changes it: a tree that is deleted meanwhile would look as before, and its pages are its parent's. Under databases_lock. */
static bool is_at_rest(struct instance *instance, const struct attachment *slot)
{
    return slot->open_count == 0 && !maintenance_has_tasks(instance, slot->database->dbid) && txn_clean_database(instance->cleaner, slot->database, 0) >= 0;
}

JET_ERR engine_shrink_attached(struct session *session, const char *path, const struct shrink_request *request)
{
    JET_ERR err = JET_errSuccess;
    struct instance *instance = session->instance;
    char *absolute = NULL;
    if ((request->options & JET_bitShrinkDatabaseEofOnAttach) == 0)
        goto done;
    TRY(attach_path(path, &absolute));
    instance_lock_databases(instance);
    struct attachment *slot = attach_find_path(instance, absolute);
    if (slot != NULL && !slot->is_for_recovery && !slot->database->is_read_only && backup_check_idle(instance->backup) >= 0 && is_at_rest(instance, slot))
        err = shrink_database(session, slot->database, request);
    instance_unlock_databases(instance);
    if (!says_damaged(err)) {
        err = JET_errSuccess;
        goto done;
    }
    JET_ERR detached = engine_detach_database(session, path, 0);
    if (detached < 0) /* it stays, and says so when it is detached again */
        err = detached;
done:
    mem_free(absolute);
    return err;
}
