/* Cursors: seeks, moves, and the node under the cursor.
 *
 * The idea: a cursor is a bookmark. Page, line and dbtime are only a hint about where its node was; a move trusts the hint while the page's
 * dbtime is the same and otherwise seeks the bookmark. Each move must lead strictly onward in bookmark order, which is compared every time:
 * so no scan is endless, whatever the links in the file say.
 *
 * A cursor with a reader asks the version store about every node that is marked versioned (README, Visibility); all other nodes cost nothing more.
 * Callers: catalog/, record/, cursor/, space.c. No latch is held between calls, except from btree_cursor_get to btree_cursor_release.
 */
#include "base/memory.h"
#include "btree/internal.h"
#include "database/database.h"
#include "format/node_reader.h"

JET_ERR btree_cursor_open(const struct btree *tree, struct btree_cursor *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct btree_cursor){.tree = tree, .position = BTREE_BEFORE_FIRST};
    out->bookmark = mem_alloc(BTREE_BOOKMARK_MAX);
    if (out->bookmark == NULL)
        RAISE(JET_errOutOfMemory);
done:
    return err;
}

void btree_cursor_close(struct btree_cursor *cursor)
{
    btree_cursor_release(cursor);
    mem_free(cursor->bookmark);
    mem_free(cursor->scratch.bytes);
    btree_copy_free(cursor);
    btree_short_cut_free(cursor);
    *cursor = (struct btree_cursor){0};
}

JET_ERR btree_cursor_copy(const struct btree_cursor *from, struct btree_cursor *out)
{
    JET_ERR err = JET_errSuccess;
    TRY(btree_cursor_open(from->tree, out));
    uint8_t *bookmark = out->bookmark;
    *out = *from;
    out->ref = (struct page_ref){0};
    out->scratch = (struct version_scratch){0};
    out->copy = (struct btree_copy){.kind = BTREE_COPY_NONE};
    out->root = (struct btree_root_copy){.bytes = NULL};
    out->bookmark = bookmark;
    memcpy(bookmark, from->bookmark, from->key_size + from->data_size);
done:
    return err;
}

void btree_cursor_set_reader(struct btree_cursor *cursor, struct transaction *reader)
{
    assert(cursor->ref.frame == NULL);
    cursor->reader = reader;
    cursor->copy.kind = BTREE_COPY_NONE;
}

/* --- what is there --- */

JET_ERR btree_resolve_versions(struct btree_cursor *cursor, struct node *node, bool *is_visible)
{
    JET_ERR err = JET_errSuccess;
    const struct btree *tree = cursor->tree;
    enum version_sight sight;
    struct span data;
    if (version_store_is_empty(cursor->reader->store)) /* the mark is left over: most are, after a load */
        return JET_errSuccess;
    const struct version_node named = {
        .db = tree->db,
        .dbid = tree->db != NULL ? (uint8_t)tree->db->dbid : 0,
        .root = tree->root,
        .objid = tree->objid,
        .is_unique = tree->is_unique,
        .key = {node->prefix, node->suffix},
        .data = node->data,
    };
    TRY(version_resolve(cursor->reader->store, cursor->reader, &named, (node->flags & NODE_FLAG_DELETED) != 0, node->data, &cursor->scratch, &sight, &data));
    *is_visible = sight != VERSION_SIGHT_ABSENT;
    if (*is_visible) {
        node->data = data;
        node->flags &= ~(unsigned)NODE_FLAG_DELETED;
    }
done:
    return err;
}

/* --- settling: the cursor takes its new place --- */

static void settle_off_node(struct btree_cursor *cursor, enum btree_position position)
{
    cursor->position = position;
    cursor->page_no = 0;
    cursor->key_size = cursor->data_size = 0;
    cursor->copy.kind = BTREE_COPY_NONE;
}

/* On the place of a bookmark, without a node. The key may be the cursor's own. */
static JET_ERR settle_at_key(struct btree_cursor *cursor, enum btree_position position, struct span key, struct span data)
{
    JET_ERR err = JET_errSuccess;
    if (cursor->tree->is_unique)
        data.size = 0;
    if (key.size > BTREE_KEY_MAX || data.size > BTREE_KEY_MAX)
        RAISE(JET_errKeyTooBig);
    /* The data first: when both are the cursor's own, moving the key would not change them; otherwise the order does not matter. */
    if (data.size > 0)
        memmove(cursor->bookmark + key.size, data.data, data.size);
    if (key.size > 0)
        memmove(cursor->bookmark, key.data, key.size);
    cursor->position = position;
    cursor->page_no = 0;
    cursor->key_size = key.size;
    cursor->data_size = data.size;
    cursor->copy.kind = BTREE_COPY_NONE;
done:
    return err;
}

static JET_ERR settle_on_node(struct btree_cursor *cursor, const struct page_view *page, uint32_t line, const struct node *node)
{
    JET_ERR err = JET_errSuccess;
    uint32_t key_size = node_key_size(node), data_size = cursor->tree->is_unique ? 0 : node->data.size;
    if (key_size > BTREE_KEY_MAX || data_size > BTREE_KEY_MAX)
        RAISE(JET_errDatabaseCorrupted);
    node_copy_key(node, cursor->bookmark);
    if (data_size > 0)
        memcpy(cursor->bookmark + key_size, node->data.data, data_size);
    cursor->position = BTREE_ON_NODE;
    cursor->page_no = page->page_no;
    cursor->line = line;
    cursor->dbtime = page_dbtime(page);
    cursor->key_size = key_size;
    cursor->data_size = data_size;
    btree_copy_take(cursor, page, node, true);
done:
    return err;
}

/* What a node that a move arrives at must satisfy. */
enum limit { LIMIT_NONE, LIMIT_NOT_BEFORE, LIMIT_AFTER, LIMIT_BEFORE };

static bool is_within(const struct btree *tree, const struct node *node, enum limit limit, const struct btree_target *target)
{
    if (limit == LIMIT_NONE)
        return true;
    int order = btree_compare_node(tree, node, target);
    return limit == LIMIT_BEFORE ? order < 0 : limit == LIMIT_AFTER ? order > 0 : order >= 0;
}

/* The first visible node at or after `line`, going right; the last visible before `line`, going left. */
static JET_ERR find_visible_forward(struct btree_cursor *cursor, const struct page_view *page, uint32_t *line, struct node *node, bool *is_found)
{
    JET_ERR err = JET_errSuccess;
    struct node_reader reader = node_reader_of(page);
    *is_found = false;
    for (uint32_t count = page_node_count(page); *line < count; (*line)++) {
        *node = node_reader_get(&reader, *line);
        TRY(btree_look(cursor, node, is_found));
        if (*is_found)
            break;
    }
done:
    return err;
}

static JET_ERR find_visible_backward(struct btree_cursor *cursor, const struct page_view *page, uint32_t *line, struct node *node, bool *is_found)
{
    JET_ERR err = JET_errSuccess;
    struct node_reader reader = node_reader_of(page);
    *is_found = false;
    while (*line > 0 && !*is_found) {
        *node = node_reader_get(&reader, --*line);
        TRY(btree_look(cursor, node, is_found));
    }
done:
    return err;
}

/* Settles on the first visible node from `line` on, over as many leaves as needed. Releases *ref. JET_errNoCurrentRecord: after the last.
 */
static JET_ERR settle_forward(struct btree_cursor *cursor, struct page_ref *ref, uint32_t line, enum limit limit,
                              const struct btree_target *target, uint32_t *leaves_passed)
{
    JET_ERR err = JET_errSuccess;
    struct btree_walk walk = btree_walk_begin(cursor->tree);
    struct node node;
    bool at_end = false, is_found;
    *leaves_passed = 0;
    for (;;) {
        TRY(find_visible_forward(cursor, &ref->view, &line, &node, &is_found));
        if (is_found)
            break;
        TRY(btree_step_right(cursor->tree, &walk, ref, &at_end));
        if (at_end) {
            settle_off_node(cursor, BTREE_AFTER_LAST);
            err = JET_errNoCurrentRecord; /* an answer, not a fault */
            goto done;
        }
        line = 0;
        ++*leaves_passed;
    }
    if (!is_within(cursor->tree, &node, limit, target))
        RAISE(JET_errDatabaseCorrupted);
    TRY(settle_on_node(cursor, &ref->view, line, &node));
done:
    cache_release(ref);
    return err;
}

/* The same to the left: the last visible node before `line`. *changed: a page changed under the walk, nothing has been settled. */
static JET_ERR settle_backward(struct btree_cursor *cursor, struct page_ref *ref, uint32_t line, enum limit limit,
                               const struct btree_target *target, uint32_t *leaves_passed, bool *changed)
{
    JET_ERR err = JET_errSuccess;
    struct btree_walk walk = btree_walk_begin(cursor->tree);
    struct node node;
    bool at_end = false, is_found;
    *leaves_passed = 0;
    *changed = false;
    for (;;) {
        TRY(find_visible_backward(cursor, &ref->view, &line, &node, &is_found));
        if (is_found)
            break;
        TRY(btree_step_left(cursor->tree, &walk, ref, &at_end, changed));
        if (*changed)
            goto done;
        if (at_end) {
            settle_off_node(cursor, BTREE_BEFORE_FIRST);
            err = JET_errNoCurrentRecord; /* an answer, not a fault */
            goto done;
        }
        line = page_node_count(&ref->view);
        ++*leaves_passed;
    }
    if (!is_within(cursor->tree, &node, limit, target))
        RAISE(JET_errDatabaseCorrupted);
    TRY(settle_on_node(cursor, &ref->view, line, &node));
done:
    cache_release(ref);
    return err;
}

/* --- ends --- */

void btree_before_first(struct btree_cursor *cursor)
{
    assert(cursor->ref.frame == NULL);
    settle_off_node(cursor, BTREE_BEFORE_FIRST);
    cursor->sequential_moves = 0;
}

void btree_after_last(struct btree_cursor *cursor)
{
    assert(cursor->ref.frame == NULL);
    settle_off_node(cursor, BTREE_AFTER_LAST);
    cursor->sequential_moves = 0;
}

static void forget_sequence(struct btree_cursor *cursor)
{
    assert(cursor->ref.frame == NULL);
    cursor->sequential_moves = 0;
    cursor->prefetched_to = 0;
    cursor->moves = 0;
}

JET_ERR btree_first(struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    struct btree_route route = {.way = BTREE_TO_FIRST};
    uint32_t leaves_passed;
    forget_sequence(cursor);
    TRY(btree_descend(cursor->tree, &route, &ref));
    if (page_previous(&ref.view) != 0) /* the chain of leaves begins elsewhere, or is a ring */
        RAISE(JET_errBadPageLink);
    err = settle_forward(cursor, &ref, 0, LIMIT_NONE, NULL, &leaves_passed);
done:
    cache_release(&ref);
    return err;
}

JET_ERR btree_last(struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    uint32_t leaves_passed;
    bool changed = false;
    forget_sequence(cursor);
    do {
        struct btree_route route = {.way = BTREE_TO_LAST};
        TRY(btree_descend(cursor->tree, &route, &ref));
        if (page_next(&ref.view) != 0)
            RAISE(JET_errBadPageLink);
        err = settle_backward(cursor, &ref, page_node_count(&ref.view), LIMIT_NONE, NULL, &leaves_passed, &changed);
    } while (changed && err >= 0);
done:
    cache_release(&ref);
    return err;
}

JET_ERR btree_settle_near(struct btree_cursor *cursor, struct page_ref *ref, uint32_t line)
{
    uint32_t leaves_passed;
    forget_sequence(cursor);
    JET_ERR err = settle_forward(cursor, ref, line, LIMIT_NONE, NULL, &leaves_passed);
    return err == JET_errNoCurrentRecord ? btree_last(cursor) : err;
}

/* --- moves --- */

/* Latches the leaf for a place and finds the line: the first node that is not before the target. */
static JET_ERR find_place(struct btree_cursor *cursor, const struct btree_target *target, struct page_ref *ref, uint32_t *line, bool *exact)
{
    JET_ERR err = JET_errSuccess;
    if (btree_short_cut(cursor, target, ref, line, exact))
        return JET_errSuccess;
    struct btree_route route = {.way = BTREE_TO_TARGET, .target = *target};
    TRY(btree_descend(cursor->tree, &route, ref));
    *line = btree_leaf_search(cursor->tree, &ref->view, target, exact);
done:
    return err;
}

static bool begins_with(struct span key, const struct node *node)
{
    uint32_t size = node_key_size(node);
    return size <= key.size && node_compare_key(node, span_of(key.data, size)) == 0;
}

/* The same for a place that a key alone defines: the key need not be stored, it may be the beginning of stored keys or go on where one
 * ends.
 *
 * In a non-unique tree a separator does not tell where its key ends and data begins. So a descent by key may end left of the place: when
 * the sought key is equal to a stored key that fills the leaf to its end, or goes on behind it. Then it is safe to jump over all data of
 * that stored key, because stored keys do not begin with one another (README rule 9); from anywhere else the place is found by steps to the
 * right. */
static JET_ERR find_key_place(struct btree_cursor *cursor, const struct btree_target *target, struct page_ref *ref, uint32_t *line)
{
    JET_ERR err = JET_errSuccess;
    const struct btree *tree = cursor->tree;
    struct btree_walk walk = btree_walk_begin(tree);
    bool exact, at_end = false;
    uint32_t jumps_past = 0; /* 1 + size of the last key jumped over; the next one must be longer */
    struct btree_target start = tree->is_unique ? *target : btree_target_before(target->key);
    TRY(find_place(cursor, &start, ref, line, &exact));
    if (start.after_duplicates != target->after_duplicates)
        *line = btree_leaf_search(tree, &ref->view, target, &exact);
    while (!tree->is_unique && *line == page_node_count(&ref->view) && page_next(&ref->view) != 0) {
        struct node last = *line > 0 ? page_node(&ref->view, *line - 1) : (struct node){.flags = 0};
        if (*line > 0 && node_key_size(&last) >= jumps_past && begins_with(target->key, &last)) {
            struct btree_target behind = btree_target_after(span_of(target->key.data, node_key_size(&last)));
            jumps_past = node_key_size(&last) + 1;
            cache_release(ref);
            TRY(find_place(cursor, &behind, ref, line, &exact));
        } else {
            TRY(btree_step_right(tree, &walk, ref, &at_end));
        }
        *line = btree_leaf_search(tree, &ref->view, target, &exact);
    }
done:
    if (err < 0)
        cache_release(ref);
    return err;
}

JET_ERR btree_next(struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    uint32_t line, leaves_passed = 0;
    bool exact = false;
    assert(cursor->ref.frame == NULL);
    if (cursor->position == BTREE_BEFORE_FIRST)
        return btree_first(cursor);
    if (cursor->position == BTREE_AFTER_LAST)
        return JET_errNoCurrentRecord;
    if (cursor->copy.kind == BTREE_COPY_LEAF && btree_copy_is_current(cursor) && btree_copy_move(cursor, true, &err))
        return err;
    btree_copy_check(cursor);
    cursor->moves++;
    struct btree_target here = btree_cursor_target(cursor);
    bool on_node = cursor->position == BTREE_ON_NODE;
    if (on_node && btree_latch_hint(cursor, &ref)) {
        line = cursor->line + 1;
    } else if (on_node) {
        TRY(find_place(cursor, &here, &ref, &line, &exact));
        line += exact;
    } else {
        TRY(find_key_place(cursor, &here, &ref, &line));
    }
    err = settle_forward(cursor, &ref, line, on_node ? LIMIT_AFTER : LIMIT_NOT_BEFORE, &here, &leaves_passed);
    if (err >= 0 && leaves_passed > 0)
        btree_read_ahead(cursor, false);
done:
    cache_release(&ref);
    return err;
}

JET_ERR btree_previous(struct btree_cursor *cursor)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    uint32_t line, leaves_passed = 0;
    bool exact = false, changed = false;
    assert(cursor->ref.frame == NULL);
    if (cursor->position == BTREE_AFTER_LAST)
        return btree_last(cursor);
    if (cursor->position == BTREE_BEFORE_FIRST)
        return JET_errNoCurrentRecord;
    if (cursor->copy.kind == BTREE_COPY_LEAF && btree_copy_is_current(cursor) && btree_copy_move(cursor, false, &err))
        return err;
    btree_copy_check(cursor);
    cursor->moves++;
    struct btree_target here = btree_cursor_target(cursor);
    do {
        if (cursor->position != BTREE_ON_NODE)
            TRY(find_key_place(cursor, &here, &ref, &line));
        else if (btree_latch_hint(cursor, &ref))
            line = cursor->line;
        else
            TRY(find_place(cursor, &here, &ref, &line, &exact));
        err = settle_backward(cursor, &ref, line, LIMIT_BEFORE, &here, &leaves_passed, &changed);
    } while (changed && err >= 0);
    if (err >= 0 && leaves_passed > 0)
        btree_read_ahead(cursor, true);
done:
    cache_release(&ref);
    return err;
}

/* --- seeks --- */

static JET_ERR seek_forward(struct btree_cursor *cursor, struct span key, enum btree_seek how)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    struct btree_target target = how == BTREE_SEEK_GT ? btree_target_after(key) : btree_target_before(key);
    uint32_t line, leaves_passed;
    TRY(find_key_place(cursor, &target, &ref, &line));
    err = settle_forward(cursor, &ref, line, LIMIT_NOT_BEFORE, &target, &leaves_passed);
done:
    cache_release(&ref);
    return err;
}

static JET_ERR seek_backward(struct btree_cursor *cursor, struct span key, enum btree_seek how)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    struct btree_target target = how == BTREE_SEEK_LE ? btree_target_after(key) : btree_target_before(key);
    uint32_t line, leaves_passed;
    bool changed = false;
    do {
        TRY(find_key_place(cursor, &target, &ref, &line));
        err = settle_backward(cursor, &ref, line, LIMIT_BEFORE, &target, &leaves_passed, &changed);
    } while (changed && err >= 0);
done:
    cache_release(&ref);
    return err;
}

/* The first visible node of the key, which the search of a leaf may show to be absent without a look at the next one. */
static JET_ERR seek_equal(struct btree_cursor *cursor, struct span key)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    struct btree_target target = btree_target_before(key);
    struct btree_walk walk = btree_walk_begin(cursor->tree);
    struct node node;
    uint32_t line;
    bool at_end = false, is_found;
    TRY(find_key_place(cursor, &target, &ref, &line));
    for (;;) {
        TRY(find_visible_forward(cursor, &ref.view, &line, &node, &is_found));
        if (is_found || cursor->tree->is_unique)
            break;
        TRY(btree_step_right(cursor->tree, &walk, &ref, &at_end));
        if (at_end)
            break;
        line = 0;
    }
    if (is_found && node_compare_key(&node, key) == 0) {
        TRY(settle_on_node(cursor, &ref.view, line, &node));
    } else {
        TRY(settle_at_key(cursor, BTREE_BETWEEN, key, span_of(NULL, 0)));
        err = JET_errRecordNotFound;
    }
done:
    cache_release(&ref);
    return err;
}

JET_ERR btree_seek(struct btree_cursor *cursor, struct span key, enum btree_seek how)
{
    JET_ERR err = JET_errSuccess;
    forget_sequence(cursor);
    if (key.size > BTREE_KEY_MAX)
        RAISE(JET_errKeyTooBig);
    if (how == BTREE_SEEK_EQ)
        return seek_equal(cursor, key);
    err = how == BTREE_SEEK_GE || how == BTREE_SEEK_GT ? seek_forward(cursor, key, how) : seek_backward(cursor, key, how);
    if (err == JET_errNoCurrentRecord)
        err = JET_errRecordNotFound;
done:
    return err;
}

/* Latches the visible node of a bookmark. JET_errRecordDeleted when there is none. */
static JET_ERR latch_bookmark(struct btree_cursor *cursor, const struct btree_target *target, struct page_ref *ref, uint32_t *line,
                              struct node *node)
{
    JET_ERR err = JET_errSuccess;
    bool exact, is_visible = false;
    TRY(find_place(cursor, target, ref, line, &exact));
    if (exact) {
        *node = page_node(&ref->view, *line);
        TRY(btree_look(cursor, node, &is_visible));
    }
    if (!is_visible)
        err = JET_errRecordDeleted;
done:
    if (err < 0)
        cache_release(ref);
    return err;
}

JET_ERR btree_seek_bookmark(struct btree_cursor *cursor, struct span key, struct span data)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref ref = {0};
    struct node node;
    uint32_t line;
    struct btree_target target = {.key = key, .data = data};
    forget_sequence(cursor);
    if (key.size > BTREE_KEY_MAX || (!cursor->tree->is_unique && data.size > BTREE_KEY_MAX))
        RAISE(JET_errKeyTooBig);
    err = latch_bookmark(cursor, &target, &ref, &line, &node);
    if (err >= 0) {
        TRY(settle_on_node(cursor, &ref.view, line, &node));
    } else if (err == JET_errRecordDeleted) {
        TRY(settle_at_key(cursor, BTREE_ON_NODE, key, data));
        err = JET_errRecordDeleted;
    }
done:
    cache_release(&ref);
    return err;
}

/* --- the node under the cursor --- */

/* Data in the cursor's copy, key in its bookmark. */
static void get_copied(const struct btree_cursor *cursor, struct node *node)
{
    *node = (struct node){.prefix = span_of(cursor->bookmark, 0), .suffix = btree_cursor_key(cursor), .data = cursor->copy.data};
}

/* From now on the node need not be latched to be read, if that can be had. */
static void keep_copy(struct btree_cursor *cursor, struct node *node)
{
    btree_copy_take(cursor, &cursor->ref.view, node, false);
    if (cursor->copy.kind == BTREE_COPY_NONE)
        return;
    cache_release(&cursor->ref);
    get_copied(cursor, node);
}

JET_ERR btree_cursor_get(struct btree_cursor *cursor, struct node *node)
{
    JET_ERR err = JET_errSuccess;
    assert(cursor->ref.frame == NULL);
    if (cursor->position != BTREE_ON_NODE)
        return JET_errNoCurrentRecord;
    if (btree_copy_is_current(cursor)) {
        get_copied(cursor, node);
        return JET_errSuccess;
    }
    btree_copy_check(cursor);
    if (btree_latch_hint(cursor, &cursor->ref)) {
        struct node_reader reader = node_reader_of(&cursor->ref.view);
        bool is_visible;
        *node = node_reader_get(&reader, cursor->line);
        TRY(btree_look(cursor, node, &is_visible));
        if (!is_visible)
            err = JET_errRecordDeleted; /* an answer, not a fault */
        else
            keep_copy(cursor, node);
        goto done;
    }
    struct btree_target target = btree_cursor_target(cursor);
    uint32_t line;
    TRY(latch_bookmark(cursor, &target, &cursor->ref, &line, node));
    cursor->page_no = cursor->ref.view.page_no;
    cursor->line = line;
    cursor->dbtime = page_dbtime(&cursor->ref.view);
    keep_copy(cursor, node);
done:
    if (err < 0)
        cache_release(&cursor->ref);
    return err;
}

void btree_cursor_release(struct btree_cursor *cursor) { cache_release(&cursor->ref); }
