/* Scrubbing during a backup (JET_paramZeroDatabaseDuringBackup; backup-and-restore 7, events 706 and 707): what was deleted leaves the live database, not only its rows' sight.
 *
 * The idea: each range of pages that the client has been given as it was is then gone through in the cache. A page in use loses the data of deleted nodes, the chunks of long values that
 * nobody refers to, and whatever its free bytes still hold; a page of no tree loses everything. Each wiped page is an ordinary logged change (btree/scrub.h), so a crash at any moment, and the
 * restore of this very backup, come out right.
 *
 * What must not be lost:
 *   - A deleted node that a snapshot may still read, or a rollback bring back, has a version in use: it stays. The version store is asked with the page latched.
 *   - A tree is known to be gone when no snapshot can find it in the catalog and the cleanup has done what it had to do there (learn_trees). Until then only pages marked empty count as
 *     unused, and pages of trees younger than the scrub are left alone.
 * Deleted nodes that nobody needs are removed as the cleanup would have done, key and all; they are there when a crash took the cleanup its list. A leaf that had nothing else is taken out of
 * its tree and wiped as unused; where that does not go its last node is overwritten instead, but not in a non-unique tree, where data is part of the order.
 * Space trees hold no data of anybody.
 *
 * A scrub that meets an error ends there: event 707 has the error, the header says nothing, and the backup goes on, for its data is good.
 * Called by stream.c with the session's lock held and no range locked.
 */
#include "backup/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "btree/merge.h"
#include "btree/scrub.h"
#include "catalog/catalog.h"
#include "catalog/row.h"
#include "os/clock.h"
#include "page/edit.h"
#include "record/long_value.h"
#include "txn/txn.h"

enum { EVENT_SCRUB_BEGINS = 706, EVENT_SCRUB_ENDS = 707, OBJID_SYSTEM_ROOT = 1, PAGES_PER_TRANSACTION = 16, OLD_TRANSACTIONS_WAIT_MS = 500, POLL_MS = 10 };

struct known_tree {
    uint32_t objid;
    page_no_t root;
};

/* In the order of event 707's parameters. */
struct scrub_counts {
    uint32_t seen, blank, unchanged, unused, used, deleted_nodes, long_values;
};

struct backup_scrub {
    struct database *db;
    struct transaction t;
    uint64_t started_ns;
    uint64_t dbtime_begun, dbtime_last_scrub; /* now, and when the last scrub that ended well began */
    uint32_t objid_last;                      /* trees with higher ids are younger than this scrub */
    uint64_t snapshot;                        /* who has an older one may be making a tree with a lower id */
    uint64_t catalog_snapshot;                /* of the catalog that was read; 0: none */
    bool knows_trees;
    struct known_tree *trees;                 /* by objid */
    uint32_t tree_count, tree_room;
    uint8_t *operations;                      /* room for those of one page */
    bool has_merged;                          /* pages that were done before have changed again */
    struct scrub_counts counts;
    JET_ERR error;                            /* it has ended with */
};

void backup_scrub_close(struct backup_scrub *scrub)
{
    if (scrub == NULL)
        return;
    transaction_close(&scrub->t);
    mem_free(scrub->trees);
    mem_free(scrub->operations);
    mem_free(scrub);
}

/* --- which trees there are --- */

static JET_ERR add_tree(struct backup_scrub *scrub, uint32_t objid, page_no_t root)
{
    if (scrub->tree_count == scrub->tree_room) {
        uint32_t room = scrub->tree_room == 0 ? 256 : 2 * scrub->tree_room;
        struct known_tree *grown = (struct known_tree *)mem_resize(scrub->trees, room * sizeof *grown);
        if (grown == NULL)
            return JET_errOutOfMemory;
        scrub->trees = grown;
        scrub->tree_room = room;
    }
    scrub->trees[scrub->tree_count++] = (struct known_tree){objid, root};
    return JET_errSuccess;
}

static JET_ERR add_tree_of_row(struct backup_scrub *scrub, struct span record)
{
    JET_ERR err = JET_errSuccess;
    struct catalog_row row = {0};
    TRY(catalog_row_decode(record, scrub->db->page_size, NULL, &row));
    if (row.type == CATALOG_ROW_TABLE || row.type == CATALOG_ROW_INDEX || row.type == CATALOG_ROW_LONG_VALUE)
        TRY(add_tree(scrub, row.id, row.type_or_root));
done:
    catalog_row_free(&row);
    return err;
}

static int by_objid(const void *a, const void *b)
{
    uint32_t x = ((const struct known_tree *)a)->objid, y = ((const struct known_tree *)b)->objid;
    return (x > y) - (x < y);
}

static JET_ERR read_catalog(struct backup_scrub *scrub)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor cursor = {0};
    struct node node;
    scrub->tree_count = 0;
    transaction_begin_call(&scrub->t);
    scrub->catalog_snapshot = atomic_load(&scrub->t.snapshot);
    TRY(btree_open(scrub->db->pages, CATALOG_ROOT, CATALOG_OBJID, &tree));
    TRY(btree_cursor_open(&tree, &cursor));
    btree_cursor_set_reader(&cursor, &scrub->t);
    for (err = btree_first(&cursor); err >= 0; err = btree_next(&cursor)) {
        TRY(btree_cursor_get(&cursor, &node));
        err = add_tree_of_row(scrub, node.data);
        btree_cursor_release(&cursor);
        TRY(err);
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
    qsort(scrub->trees, scrub->tree_count, sizeof *scrub->trees, by_objid);
done:
    btree_cursor_close(&cursor);
    transaction_end_call(&scrub->t);
    if (err < 0)
        scrub->catalog_snapshot = 0;
    return err;
}

/* Goes as far as the open transactions allow. First those must be over that may be making trees the catalog does not show yet; then, when it has been read, those that could find a tree
 * it shows no more; then the cleanup must have been through what such trees left behind. */
static JET_ERR learn_trees(struct backup_session *s, struct backup_scrub *scrub)
{
    JET_ERR err = JET_errSuccess;
    struct version_store *versions = scrub->db->versions;
    if (scrub->knows_trees || version_store_oldest_snapshot(versions) < scrub->snapshot)
        return JET_errSuccess;
    if (scrub->catalog_snapshot == 0)
        TRY(read_catalog(scrub));
    if (version_store_oldest_snapshot(versions) < scrub->catalog_snapshot)
        return JET_errSuccess;
    if (s->host.clean_versions != NULL)
        TRY(s->host.clean_versions(s->host.context));
    scrub->knows_trees = true;
done:
    return err;
}

static const struct known_tree *find_tree(const struct backup_scrub *scrub, uint32_t objid)
{
    const struct known_tree key = {.objid = objid};
    if (scrub->tree_count == 0)
        return NULL;
    return (const struct known_tree *)bsearch(&key, scrub->trees, scrub->tree_count, sizeof key, by_objid);
}

/* --- one page in use --- */

/* A long value without references whose chunks are being wiped; they may go on on the next page. */
struct doomed_value {
    bool is_there;
    uint64_t lid;
};

static bool is_in_sight(const struct backup_scrub *scrub, const struct btree *tree, const struct node *node)
{
    if ((node->flags & NODE_FLAG_VERSIONED) == 0)
        return false;
    if (tree->root == 0)
        return true; /* versions are found by root: not known which tree this is */
    const struct version_node id = {.db = scrub->db, .dbid = (uint8_t)scrub->db->dbid, .root = tree->root, .objid = tree->objid, .is_unique = tree->is_unique,
                                    .key = {node->prefix, node->suffix}, .data = tree->is_unique ? span_of(NULL, 0) : node->data};
    return version_is_active(scrub->db->versions, &id);
}

/* A node of a long-value tree that is not deleted. */
static JET_ERR judge_long_value_node(struct backup_scrub *scrub, const struct btree *tree, const struct node *node, struct doomed_value *doomed, uint8_t *operation)
{
    JET_ERR err = JET_errSuccess;
    uint8_t room[LONG_VALUE_KEY_MAX];
    struct long_value_key key;
    struct long_value_info info;
    if (node_key_size(node) > sizeof room)
        RAISE(JET_errLVCorrupted);
    TRY(long_value_key_decode(span_of(room, node_copy_key(node, room)), &key));
    if (!key.is_chunk) {
        TRY(long_value_root_decode(key.lid, node->data, &info));
        *doomed = (struct doomed_value){info.references == 0 && !is_in_sight(scrub, tree, node), key.lid};
        scrub->counts.long_values += doomed->is_there ? 1u : 0u;
    } else if (key.lid != doomed->lid) {
        doomed->is_there = false;
    } else if (doomed->is_there && !is_in_sight(scrub, tree, node)) {
        *operation = PAGE_SCRUB_LONG_VALUE;
    }
done:
    return err;
}

static JET_ERR judge_nodes(struct backup_scrub *scrub, const struct btree *tree, const struct page_view *page, struct doomed_value *doomed)
{
    JET_ERR err = JET_errSuccess;
    bool holds_long_values = (page_flags(page) & PAGE_FLAG_LONG_VALUE) != 0;
    for (uint32_t i = 0; i < page_node_count(page); i++) {
        struct node node = page_node(page, i);
        scrub->operations[i] = PAGE_SCRUB_LEAVE;
        if ((node.flags & NODE_FLAG_DELETED) == 0) {
            if (holds_long_values)
                TRY(judge_long_value_node(scrub, tree, &node, doomed, &scrub->operations[i]));
        } else if (tree->is_unique && !is_in_sight(scrub, tree, &node)) {
            scrub->operations[i] = PAGE_SCRUB_DELETED_DATA;
            scrub->counts.deleted_nodes++;
        }
    }
done:
    return err;
}

/* From the last to the first, so that lines stay what they are. */
static JET_ERR remove_deleted_nodes(struct backup_scrub *scrub, const struct btree *tree, struct page_ref *page)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = page_node_count(&page->view); i-- > 0 && page_node_count(&page->view) > 1;) {
        struct node node = page_node(&page->view, i);
        if ((node.flags & NODE_FLAG_DELETED) == 0 || is_in_sight(scrub, tree, &node))
            continue;
        TRY(btree_remove_deleted_node(&scrub->t, tree, page, i));
        scrub->counts.deleted_nodes++;
    }
done:
    return err;
}

static JET_ERR scrub_used_page(struct backup_scrub *scrub, const struct btree *tree, struct page_ref *page, struct doomed_value *doomed)
{
    JET_ERR err = JET_errSuccess;
    if (page_is_leaf(&page->view))
        TRY(remove_deleted_nodes(scrub, tree, page));
    uint32_t count = page_node_count(&page->view);
    if (page_is_leaf(&page->view))
        TRY(judge_nodes(scrub, tree, &page->view, doomed));
    else
        memset(scrub->operations, PAGE_SCRUB_LEAVE, count);
    TRY(btree_scrub_page(&scrub->t, tree, page, span_of(scrub->operations, count)));
done:
    return err;
}

/* The chunks of a value without references, on the leaves to the right of the one that is held: left before right, as everybody goes. */
static JET_ERR follow_doomed_value(struct backup_scrub *scrub, const struct btree *tree, struct page_ref *page, struct doomed_value *doomed)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref next = {0};
    for (uint32_t left = cache_file_last_page(scrub->db->pages); doomed->is_there && left > 0; left--) {
        page_no_t page_no = page_next(&page->view);
        if (page_no == 0 || page_no == page->view.page_no)
            break;
        TRY(cache_get(scrub->db->pages, page_no, PAGE_LATCH_EXCLUSIVE, &next));
        cache_release(page);
        *page = next;
        next = (struct page_ref){0};
        uint32_t flags = page_flags(&page->view);
        if (page_objid(&page->view) != tree->objid || !page_is_leaf(&page->view) || (flags & PAGE_FLAG_LONG_VALUE) == 0 ||
            (flags & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED | PAGE_FLAG_SPACE_TREE)) != 0)
            RAISE(JET_errBadPageLink);
        TRY(scrub_used_page(scrub, tree, page, doomed));
    }
done:
    return err;
}

/* --- pages --- */

enum page_fate { FATE_LEAVE, FATE_UNCHANGED, FATE_UNUSED, FATE_USED };

static enum page_fate judge_page(const struct backup_scrub *scrub, const struct page_view *page, const struct known_tree **tree)
{
    uint32_t flags = page_flags(page), objid = page_objid(page);
    *tree = NULL;
    if ((flags & (PAGE_FLAG_SPACE_TREE | PAGE_FLAG_PREINITIALIZED)) != 0 || objid <= OBJID_SYSTEM_ROOT || objid > scrub->objid_last)
        return FATE_LEAVE;
    if (scrub->knows_trees)
        *tree = find_tree(scrub, objid);
    bool is_unused = (flags & PAGE_FLAG_EMPTY) != 0 || (scrub->knows_trees && *tree == NULL);
    if (is_unused) /* one with nodes was wiped while it was in use, if at all */
        return (flags & PAGE_FLAG_SCRUBBED) == 0 || page_node_count(page) > 0 ? FATE_UNUSED : FATE_UNCHANGED;
    return (flags & PAGE_FLAG_SCRUBBED) == 0 && page_dbtime(page) >= scrub->dbtime_last_scrub ? FATE_USED : FATE_UNCHANGED;
}

/* The leaf has one node, and that is deleted: its bookmark, for the way to it from the root. */
static bool is_dead_leaf(const struct backup_scrub *scrub, const struct btree *tree, const struct page_view *page, struct span *key, struct span *data, uint8_t room[BTREE_BOOKMARK_MAX])
{
    if (tree->root == 0 || !page_is_leaf(page) || page_is_root(page) || page_node_count(page) != 1)
        return false;
    struct node node = page_node(page, 0);
    uint32_t data_size = tree->is_unique ? 0 : node.data.size;
    if ((node.flags & NODE_FLAG_DELETED) == 0 || is_in_sight(scrub, tree, &node) || node_key_size(&node) + data_size > BTREE_BOOKMARK_MAX)
        return false;
    *key = span_of(room, node_copy_key(&node, room));
    if (data_size > 0)
        memcpy(room + key->size, node.data.data, data_size);
    *data = span_of(room + key->size, data_size);
    return true;
}

static JET_ERR scrub_page(struct backup_scrub *scrub, page_no_t page_no);

/* Takes the leaf out of the tree, and wipes what it has become. That it cannot be taken out is no error. */
static JET_ERR remove_leaf(struct backup_scrub *scrub, const struct btree *tree, page_no_t page_no, struct span key, struct span data)
{
    if (btree_merge(&scrub->t, tree, key, data) < 0)
        return JET_errSuccess;
    scrub->has_merged = true;
    scrub->counts.seen--; /* it is the same page */
    return scrub_page(scrub, page_no);
}

static JET_ERR scrub_page(struct backup_scrub *scrub, page_no_t page_no)
{
    JET_ERR err = JET_errSuccess;
    uint8_t room[BTREE_BOOKMARK_MAX];
    struct span key, data;
    struct page_ref page = {0};
    struct doomed_value doomed = {false, 0};
    const struct known_tree *known;
    err = cache_get(scrub->db->pages, page_no, PAGE_LATCH_EXCLUSIVE, &page);
    if (err == JET_errPageNotInitialized) {
        scrub->counts.seen++;
        scrub->counts.blank++;
        return JET_errSuccess;
    }
    TRY(err);
    scrub->counts.seen++;
    switch (judge_page(scrub, &page.view, &known)) {
    case FATE_LEAVE: break;
    case FATE_UNCHANGED: scrub->counts.unchanged++; break;
    case FATE_UNUSED:
        scrub->counts.unused++;
        TRY(btree_scrub_unused_page(&scrub->t, scrub->db, &page));
        break;
    case FATE_USED: {
        const struct btree tree = {.file = scrub->db->pages, .db = scrub->db, .root = known != NULL ? known->root : 0, .objid = page_objid(&page.view),
                                   .is_unique = (page_flags(&page.view) & PAGE_FLAG_NON_UNIQUE) == 0};
        scrub->counts.used++;
        TRY(scrub_used_page(scrub, &tree, &page, &doomed));
        bool is_dead = is_dead_leaf(scrub, &tree, &page.view, &key, &data, room);
        TRY(follow_doomed_value(scrub, &tree, &page, &doomed));
        cache_release(&page);
        if (is_dead)
            TRY(remove_leaf(scrub, &tree, page_no, key, data));
        break;
    }
    }
done:
    cache_release(&page);
    return err;
}

/* Few pages a transaction: it neither holds the cleanup up nor the checkpoint. */
static JET_ERR scrub_some(struct backup_scrub *scrub, page_no_t first, uint32_t count)
{
    JET_ERR err = txn_begin(&scrub->t);
    if (err < 0)
        return err;
    for (uint32_t i = 0; i < count && err >= 0; i++)
        err = scrub_page(scrub, first + i);
    JET_ERR committed = txn_commit(&scrub->t, true, NULL); /* after an error too: the pages wiped before it stay wiped */
    return err < 0 ? err : committed;
}

/* --- the life of a scrub --- */

static void fail(struct backup_scrub *scrub, JET_ERR error)
{
    if (error < 0 && scrub->error >= 0)
        scrub->error = error;
}

JET_ERR backup_scrub_begin(struct backup_session *s)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = s->stream.db;
    if (!s->host.scrubs || db->versions == NULL)
        return JET_errSuccess;
    struct backup_scrub *scrub = (struct backup_scrub *)mem_alloc(sizeof *scrub);
    if (scrub == NULL)
        return JET_errOutOfMemory;
    *scrub = (struct backup_scrub){.db = db, .started_ns = clock_monotonic_ns()};
    scrub->operations = (uint8_t *)mem_alloc(db->page_size / PAGE_NODE_TAG_SIZE);
    if (scrub->operations == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(transaction_open(&scrub->t, db->versions, db->log, PROCID_SCRUB));
    EVENT_REPORT(s->host.events, EVENT_SCRUB_BEGINS, EVENT_INFORMATION, EVENT_ZEROING, db->path);
    if (s->host.clean_versions != NULL)
        fail(scrub, s->host.clean_versions(s->host.context)); /* what it removes need not be kept from being wiped */
    scrub->dbtime_begun = atomic_load(&db->dbtime_last);
    mutex_lock(&db->header_lock);
    scrub->dbtime_last_scrub = db->header.dbtime_last_scrub;
    mutex_unlock(&db->header_lock);
    scrub->objid_last = atomic_load(&db->objid_last);
    version_store_renew_snapshots(db->versions);
    transaction_begin_call(&scrub->t);
    scrub->snapshot = atomic_load(&scrub->t.snapshot);
    transaction_end_call(&scrub->t);
    for (unsigned waited = 0; !scrub->knows_trees && scrub->error >= 0 && waited < OLD_TRANSACTIONS_WAIT_MS && !atomic_load(&s->stop_requested); waited += POLL_MS) {
        if (waited > 0)
            thread_sleep_ms(POLL_MS);
        fail(scrub, learn_trees(s, scrub));
    }
    s->stream.scrub = scrub;
    scrub = NULL;
done:
    backup_scrub_close(scrub);
    return err;
}

void backup_scrub_pages(struct backup_session *s, page_no_t first, uint32_t count)
{
    struct backup_scrub *scrub = s->stream.scrub;
    if (scrub == NULL)
        return;
    if (scrub->error >= 0)
        fail(scrub, learn_trees(s, scrub));
    for (uint32_t at = 0; at < count && scrub->error >= 0 && !atomic_load(&s->stop_requested); at += PAGES_PER_TRANSACTION)
        fail(scrub, scrub_some(scrub, first + at, count - at < PAGES_PER_TRANSACTION ? count - at : PAGES_PER_TRANSACTION));
}

/* Parents and neighbours of leaves that were taken out: what has changed since it was done, not counted again. */
static void scrub_again(struct backup_session *s, struct backup_scrub *scrub)
{
    const struct scrub_counts counts = scrub->counts;
    scrub->has_merged = false;
    backup_scrub_pages(s, 1, s->stream.page_count);
    scrub->counts = counts;
}

/* The header may say so only when no crash can undo it. */
static JET_ERR stamp_header(struct backup_session *s, struct backup_scrub *scrub)
{
    JET_ERR err = JET_errSuccess;
    struct database *db = scrub->db;
    TRY(log_flush_all(s->host.log));
    mutex_lock(&db->header_lock);
    db->header.dbtime_last_scrub = scrub->dbtime_begun;
    db->header.logtime_scrub = backup_now();
    err = database_write_header(db);
    mutex_unlock(&db->header_lock);
done:
    return err;
}

void backup_scrub_end(struct backup_session *s)
{
    enum { NUMBERS = 9 };
    struct backup_scrub *scrub = s->stream.scrub;
    if (scrub == NULL)
        return;
    if (scrub->has_merged)
        scrub_again(s, scrub);
    if (scrub->error >= 0 && !atomic_load(&s->stop_requested))
        fail(scrub, stamp_header(s, scrub));
    const struct scrub_counts *c = &scrub->counts;
    const long long numbers[NUMBERS] = {(long long)((clock_monotonic_ns() - scrub->started_ns) / 1000000000u), scrub->error, c->seen, c->blank, c->unchanged, c->unused, c->used,
                                        c->deleted_nodes, c->long_values};
    char texts[NUMBERS][24];
    const char *parameters[1 + NUMBERS] = {scrub->db->path};
    for (int i = 0; i < NUMBERS; i++) {
        snprintf(texts[i], sizeof texts[i], "%lld", numbers[i]);
        parameters[1 + i] = texts[i];
    }
    event_report(s->host.events, EVENT_SCRUB_ENDS, EVENT_INFORMATION, EVENT_ZEROING, parameters, 1 + NUMBERS);
    backup_scrub_close(scrub);
    s->stream.scrub = NULL;
}
