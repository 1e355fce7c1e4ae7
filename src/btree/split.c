/* Splits (log-files 9.5; recovery 7.5): a leaf without room, and its ancestors as far as they have none for the new separator.
 *
 * The tree's structure is locked first, so internal pages stay as they are while the path is read, the pages needed are taken from space, and then what will
 * change is latched from the top down. A full root first moves its nodes to a new page (a macro of its own), so everything else is a split to the right on
 * each level that is full, below one ancestor that has room. All of it is one macro: Split2 records from the top down and the operation that asked for room.
 *
 * Pages are changed with page_split, the function that redo uses, before the log record is written, and put back from copies if it cannot be: nobody sees the pages
 * before they are let go.
 */
#include "base/memory.h"
#include "btree/extent.h"
#include "btree/leaf_change.h"
#include "format/node_reader.h"
#include "page/image.h"
#include "page/move.h"
#include "page/structure_record.h"

enum { CHILD_SIZE = 4, TAG_COUNT_MAX = 0xFFF, TAG_SIZE = 4, ATTEMPTS_MAX = 200, KEPT_FLAGS_OUT = PAGE_FLAG_FLUSH_TYPE | PAGE_FLAG_SCRUBBED };

/* One page that is split. */
struct split_level {
    struct page_ref *source;     /* latched by the caller */
    struct page_ref created, right;
    struct split_items list;
    struct split_choice choice;
    struct page_split split;
    uint8_t *before;             /* copy of the source as it was */
    bool is_changed;
    uint32_t prefix_old_size, prefix_size, separator_size;
    uint8_t child[CHILD_SIZE];
    uint8_t prefix_old[BTREE_BOOKMARK_MAX], prefix[BTREE_BOOKMARK_MAX], separator[BTREE_BOOKMARK_MAX]; /* separator: of source and created, for the parent */
};

struct splitter {
    struct transaction *t;
    const struct btree *tree;
    const struct btree_page_source *source;
    struct leaf_change *change;  /* NULL: only the root is to be split */
    bool is_locked;
    uint32_t spare_count, used_count;
    page_no_t spares[BTREE_DEPTH_MAX + 2];
    /* of one split */
    struct btree_path path;
    struct page_ref refs[BTREE_DEPTH_MAX + 1];
    struct split_level *levels;  /* top down; the last one is the leaf, or the root that moves down */
    uint32_t level_count;
    struct page_ref *parent;     /* of the first level; NULL: that is the root */
    uint32_t parent_line;
    uint8_t *parent_before;
    bool parent_is_changed, with_operation;
    struct change_macro macro;
};

/* --- lock and pages --- */

static void lock_structure(struct splitter *s)
{
    if (s->tree->is_space_tree) /* space_lock serves */
        return;
    change_wait_for_thaw(s->tree);
    mutex_lock(database_structure_lock(s->tree->db, s->tree->root));
    s->is_locked = true;
}

static void unlock_structure(struct splitter *s)
{
    if (s->is_locked)
        mutex_unlock(database_structure_lock(s->tree->db, s->tree->root));
    s->is_locked = false;
}

/* With nothing latched. */
static JET_ERR take_pages(struct splitter *s, uint32_t count, page_no_t near)
{
    JET_ERR err = JET_errSuccess;
    assert(count <= BTREE_DEPTH_MAX + 1);
    while (s->spare_count < count) {
        page_no_t page_no = 0;
        if (s->source != NULL)
            TRY(s->source->take(s->source->context, s->t, s->tree, near, &page_no));
        else
            TRY(space_allocate(s->t, s->tree, near, &page_no));
        s->spares[s->spare_count++] = page_no;
    }
done:
    return err;
}

/* A page that cannot be given back is lost to the database, and nothing worse. */
static void give_pages_back(struct splitter *s)
{
    while (s->spare_count > 0) {
        page_no_t page_no = s->spares[--s->spare_count];
        if (s->source != NULL) {
            s->source->give_back(s->source->context, s->t, s->tree, page_no);
        } else {
            JET_ERR ignored = space_free(s->t, s->tree, page_no);
            (void)ignored;
        }
    }
}

static uint32_t page_capacity(const struct btree *tree)
{
    uint32_t size = cache_file_page_size(tree->file);
    return size - page_header_size(size) - TAG_SIZE;
}

/* --- the list of nodes after the operation --- */

static uint32_t stored_cost(const struct node *n) { return page_node_cost(node_key_size(n), n->prefix.size, n->data.size); }

/* Nodes of a page; operation: the node that comes in at `line`, NULL none. */
static JET_ERR list_nodes(struct page_ref *page, const struct split_item *operation, uint32_t line, struct split_items *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count = page_node_count(&page->view), at = 0;
    out->items = (struct split_item *)mem_alloc_uncleared(((size_t)count + 1) * sizeof *out->items);
    out->count = 0;
    if (out->items == NULL)
        RAISE(JET_errOutOfMemory);
    struct node_reader reader = node_reader_of(&page->view);
    for (uint32_t i = 0; i < count; i++) {
        if (operation != NULL && i == line)
            out->items[at++] = *operation;
        struct node n = node_reader_get(&reader, i);
        out->items[at++] = (struct split_item){.key = page_key_of_node(&n), .data = n.data, .weight = stored_cost(&n)};
    }
    if (operation != NULL && line == count)
        out->items[at++] = *operation;
    out->count = at;
    split_note_shared(out);
done:
    return err;
}

static struct split_item item_for(struct page_ref *page, struct span key, struct span data)
{
    struct page_edit e = change_edit(page);
    struct page_key whole = page_key_of(key);
    return (struct split_item){.key = whole, .data = data, .weight = page_node_cost(key.size, page_common_prefix(&e, &whole), data.size)};
}

/* New nodes stand behind all others in the page's bytes. */
bool split_is_ascending(const struct page_view *page, uint32_t line)
{
    if (line < 2 || line > page_node_count(page))
        return false;
    struct node last = page_node(page, line - 1), before = page_node(page, line - 2);
    const uint8_t *start = last.suffix.data - ((last.flags & NODE_FLAG_COMPRESSED) != 0 ? 4 : 2);
    return last.data.data + last.data.size == page->bytes + page->header_size + page_first_free_offset(page) && before.data.data + before.data.size == start;
}

/* --- planning --- */

/* Prefixes and the fields of the split that follow from the choice. */
static JET_ERR describe(struct splitter *s, struct split_level *level)
{
    JET_ERR err = JET_errSuccess;
    const struct page_view *view = &level->source->view;
    const struct split_choice *choice = &level->choice;
    struct page_split *split = &level->split;
    uint32_t flags = page_flags(view) & ~(uint32_t)KEPT_FLAGS_OUT;
    bool is_leaf = page_is_leaf(view);
    level->prefix_size = level->prefix_old_size = 0;
    if (choice->kind == PAGE_SPLIT_RIGHT) {
        struct span old = page_external_header(view);
        if (old.size > BTREE_BOOKMARK_MAX)
            RAISE(JET_errDatabaseCorrupted);
        memcpy(level->prefix_old, old.data, old.size);
        level->prefix_old_size = old.size;
        if (choice->prefix_line_source >= 0)
            level->prefix_size = split_copy_key(&level->list.items[choice->prefix_line_source].key, level->prefix);
        if (level->prefix_size == UINT32_MAX)
            RAISE(JET_errDatabaseCorrupted);
    }
    split->kind = (enum page_split_kind)choice->kind;
    split->line_split = choice->line_split;
    split->prefix_line_new = choice->prefix_line_new;
    split->prefix_source = span_of(level->prefix, level->prefix_size);
    split->flags_source = split->flags_new = flags;
    split->source_page = view->page_no;
    split->right_page = is_leaf ? page_next(view) : 0;
    split->objid = s->tree->objid;
    split->uncommitted_source = split->uncommitted_new = is_leaf ? page_uncommitted_free_bytes(view) : 0;
done:
    return err;
}

/* The change's node as an item; for an undo the node as it will be. Its line in *list is replaced or it comes in there. */
static JET_ERR list_with_change(struct splitter *s, struct split_level *level, bool *inserts)
{
    JET_ERR err = JET_errSuccess;
    const struct leaf_change *c = s->change;
    *inserts = c->type == LR_INSERT;
    struct span data = c->kind == LEAF_CHANGE_UNDO ? version_image(c->undone) : c->data;
    struct split_item item = item_for(level->source, c->target.key, data);
    TRY(list_nodes(level->source, *inserts ? &item : NULL, c->line, &level->list));
    if (!*inserts) {
        struct split_item *old = &level->list.items[c->line];
        old->weight = old->weight - old->data.size + data.size;
        old->data = data;
    }
done:
    return err;
}

static enum page_split_operation operation_of(const struct leaf_change *c)
{
    return c->kind == LEAF_CHANGE_UNDO ? PAGE_SPLIT_NONE : c->type == LR_INSERT ? PAGE_SPLIT_INSERT : c->type == LR_REPLACE ? PAGE_SPLIT_REPLACE : PAGE_SPLIT_FLAG_INSERT_AND_REPLACE;
}

static void describe_operation(const struct splitter *s, struct split_level *level)
{
    const struct leaf_change *c = s->change;
    level->split = (struct page_split){.operation = PAGE_SPLIT_NONE, .line_count = level->list.count};
    if (!s->with_operation)
        return;
    level->split.operation = operation_of(c);
    level->split.line_operation = c->line;
    level->split.node = (struct page_new_node){.key = page_key_of(c->target.key), .data = c->data,
                                               .flags = leaf_change_is_versioned(c) ? (unsigned)NODE_FLAG_VERSIONED : 0u};
}

/* The leaf. A node so large that it fits beside neither of its neighbours' halves: the page is split where it will stand, without it, and it is tried again. */
static JET_ERR plan_leaf(struct splitter *s, struct split_level *level)
{
    JET_ERR err = JET_errSuccess;
    const struct leaf_change *c = s->change;
    const struct page_view *view = &level->source->view;
    bool inserts;
    TRY(list_with_change(s, level, &inserts));
    struct split_question question = {.items = level->list.items, .count = level->list.count, .capacity = page_capacity(s->tree), .inserts = inserts, .line_operation = c->line,
                                      .is_leaf = true, .is_last_leaf = page_next(view) == 0, .is_ascending = inserts && split_is_ascending(view, c->line),
                                      .reserved = page_uncommitted_free_bytes(view)};
    s->with_operation = c->kind != LEAF_CHANGE_UNDO;
    if (!split_choose(&question, &level->choice)) {
        s->with_operation = false;
        mem_free(level->list.items);
        TRY(list_nodes(level->source, NULL, 0, &level->list));
        question.items = level->list.items;
        question.count = level->list.count;
        question.inserts = false;
        bool is_inner = c->line > 0 && c->line < question.count;
        uint32_t bytes_left, bytes_right;
        if (is_inner) {
            int32_t left = split_best_prefix(question.items, 0, c->line, &bytes_left), right = split_best_prefix(question.items, c->line, question.count, &bytes_right);
            is_inner = bytes_left <= question.capacity && bytes_right <= question.capacity;
            level->choice = (struct split_choice){.kind = PAGE_SPLIT_RIGHT, .line_split = c->line, .prefix_line_source = left,
                                                  .prefix_line_new = right < 0 ? -1 : right - (int32_t)c->line};
        }
        if (!is_inner && !split_choose(&question, &level->choice))
            RAISE(JET_errInternalError);
    }
    describe_operation(s, level);
    TRY(describe(s, level));
    const struct split_item *first = &level->list.items[level->choice.line_split];
    level->separator_size = split_separator(first - 1, first, s->tree->is_unique, level->separator);
    if (level->separator_size == 0)
        RAISE(JET_errDatabaseCorrupted);
done:
    return err;
}

/* An ancestor that has no room for the separator of the level below, whose pointer stands at `line`. */
static JET_ERR plan_internal(struct splitter *s, struct split_level *level, struct split_level *below, uint32_t line)
{
    JET_ERR err = JET_errSuccess;
    struct node pointer = page_node(&level->source->view, line);
    if (node_child(&pointer) != below->source->view.page_no)
        RAISE(JET_errDatabaseCorrupted);
    store_le32(level->child, below->source->view.page_no);
    struct span key = span_of(below->separator, below->separator_size), data = span_of(level->child, CHILD_SIZE);
    struct split_item item = item_for(level->source, key, data);
    TRY(list_nodes(level->source, &item, line, &level->list));
    struct split_question question = {.items = level->list.items, .count = level->list.count, .capacity = page_capacity(s->tree), .inserts = true, .line_operation = line};
    if (!split_choose(&question, &level->choice))
        RAISE(JET_errInternalError);
    level->split = (struct page_split){.operation = PAGE_SPLIT_INSERT, .line_operation = line, .line_count = level->list.count, .has_child_split = true,
                                       .node = {.key = page_key_of(key), .data = data}};
    TRY(describe(s, level));
    level->separator_size = split_copy_key(&level->list.items[level->choice.line_split - 1].key, level->separator);
    if (level->separator_size == 0 || level->separator_size == UINT32_MAX)
        RAISE(JET_errDatabaseCorrupted);
done:
    return err;
}

static bool separator_fits(struct page_ref *parent, const struct split_level *below)
{
    struct page_edit e = change_edit(parent);
    struct page_key key = page_key_of(span_of(below->separator, below->separator_size));
    return page_node_cost(below->separator_size, page_common_prefix(&e, &key), CHILD_SIZE) <= page_room(&e) && parent->view.tag_count < TAG_COUNT_MAX - 1;
}

/* --- records --- */

static bool needs_image(const struct split_level *level)
{
    return level->split.kind != PAGE_SPLIT_APPEND && !(level->split.kind == PAGE_SPLIT_RIGHT && page_split_is_independent(&level->split));
}

/* source: the page that is split, as it was, if the record needs its image. */
static JET_ERR add_split_record(struct splitter *s, struct split_record *r, const struct page_edit *source)
{
    JET_ERR err = JET_errSuccess;
    uint32_t image_at = SPLIT_RECORD_FIXED + r->parent_key.size + r->prefix_old.size + r->prefix_new.size, image_size = 0;
    uint8_t *room;
    TRY(change_macro_room(&s->macro, image_at + (source != NULL ? source->size : 0), &room));
    if (source != NULL)
        TRY(page_image_before(source, r->page.dbtime, room + image_at, &image_size, &r->image_flags));
    r->image = span_of(room + image_at, image_size);
    change_macro_added(&s->macro, split_record_encode(room, r));
    change_macro_page(&s->macro, r->page.page_no);
    change_macro_page(&s->macro, r->new_page);
    change_macro_page(&s->macro, r->right_page);
done:
    return err;
}

static JET_ERR record_level(struct splitter *s, uint32_t index, uint64_t dbtime)
{
    const struct split_level *level = &s->levels[index];
    const struct page_split *split = &level->split;
    const struct page_ref *parent = index > 0 ? s->levels[index - 1].source : s->parent;
    struct split_record r = {.page = change_page_prefix(s->t, s->tree, &level->source->view, dbtime, split->line_operation, false),
                             .new_page = split->new_page, .right_page = split->right_page, .root = s->tree->root, .objid = s->tree->objid,
                             .dbtime_right_before = split->right_page != 0 ? page_dbtime(&level->right.view) : DBTIME_IN_MACRO,
                             .parent_page = parent != NULL ? parent->view.page_no : 0,
                             .dbtime_parent_before = parent != NULL ? page_dbtime(&parent->view) : DBTIME_IN_MACRO, .kind = (uint8_t)split->kind,
                             .operation = (uint8_t)split->operation, .line_operation = (uint16_t)split->line_operation, .line_split = (uint16_t)split->line_split,
                             .line_count = (uint16_t)split->line_count, .flags_new = split->flags_new, .flags_source = split->flags_source,
                             .uncommitted_source = split->uncommitted_source, .uncommitted_new = split->uncommitted_new,
                             .prefix_line_source = level->choice.prefix_line_source, .prefix_line_new = split->prefix_line_new,
                             .parent_key = span_of(level->separator, level->separator_size), .prefix_old = span_of(level->prefix_old, level->prefix_old_size),
                             .prefix_new = split->prefix_source};
    struct page_edit source = change_edit(level->source);
    return add_split_record(s, &r, needs_image(level) ? &source : NULL);
}

/* The ancestor that only gets a pointer. */
static JET_ERR record_parent(struct splitter *s, uint64_t dbtime)
{
    struct split_record r = {.page = change_page_prefix(s->t, s->tree, &s->parent->view, dbtime, s->parent_line, false), .dbtime_right_before = DBTIME_IN_MACRO,
                             .dbtime_parent_before = DBTIME_IN_MACRO, .root = s->tree->root, .objid = s->tree->objid, .line_operation = (uint16_t)s->parent_line,
                             .prefix_line_source = -1, .prefix_line_new = -1};
    return add_split_record(s, &r, NULL);
}

/* The operation, and what undoes its replace: if only the old page of the split is on disk when the system stops, redo has no other source for the data before. */
static JET_ERR record_operation(struct splitter *s, uint64_t dbtime, page_no_t target_page)
{
    enum { UNDO_INFO_FIXED = 56 };
    JET_ERR err = JET_errSuccess;
    const struct leaf_change *c = s->change;
    const struct split_level *leaf = &s->levels[s->level_count - 1];
    struct page_prefix prefix = change_page_prefix(s->t, s->tree, &leaf->source->view, dbtime, c->line, leaf_change_is_versioned(c));
    struct node_tail tail = leaf_change_tail(c, true);
    prefix.dbtime_before = DBTIME_IN_MACRO;
    TRY(change_macro_add_node(&s->macro, s->tree, c->type, &prefix, c->insert != NULL ? c->insert->rceid : c->replace != NULL ? c->replace->rceid : 0, &tail));
    if (c->replace != NULL) {
        uint8_t *bytes = (uint8_t *)mem_alloc((size_t)UNDO_INFO_FIXED + c->replace->key_size + c->replace->bookmark_data_size + c->replace->image_size);
        if (bytes == NULL)
            RAISE(JET_errOutOfMemory);
        c->replace->page_no = target_page;
        s->macro.trailing = span_of(bytes, version_encode_undo_info(bytes, c->replace));
    }
done:
    return err;
}

static JET_ERR record_all(struct splitter *s, uint64_t dbtime, page_no_t target_page)
{
    JET_ERR err = JET_errSuccess;
    if (!change_is_logged(s->t, s->tree))
        goto done;
    if (s->parent != NULL)
        TRY(record_parent(s, dbtime));
    for (uint32_t i = 0; i < s->level_count; i++)
        TRY(record_level(s, i, dbtime));
    if (s->with_operation)
        TRY(record_operation(s, dbtime, target_page));
done:
    return err;
}

/* --- doing it --- */

/* The right sibling, and the new pages, latched behind all others. */
static JET_ERR latch_rest(struct splitter *s)
{
    JET_ERR err = JET_errSuccess;
    struct split_level *leaf = &s->levels[s->level_count - 1];
    if (leaf->split.right_page != 0) {
        page_no_t here = leaf->source->view.page_no, next = leaf->split.right_page;
        if (next == here || next == s->tree->root)
            RAISE(JET_errBadPageLink);
        TRY(cache_get(s->tree->file, next, PAGE_LATCH_EXCLUSIVE, &leaf->right));
        if (!btree_is_leaf_of(s->tree, &leaf->right.view) || page_previous(&leaf->right.view) != here)
            RAISE(JET_errBadPageLink);
    }
    s->used_count = 0;
    for (uint32_t i = 0; i < s->level_count; i++) {
        assert(s->used_count < s->spare_count);
        s->levels[i].split.new_page = s->spares[s->used_count++];
        TRY(cache_get_new(s->tree->file, s->levels[i].split.new_page, &s->levels[i].created));
    }
    for (uint32_t i = 0; i + 1 < s->level_count; i++)
        s->levels[i].split.child_new = s->levels[i + 1].split.new_page;
done:
    return err;
}

static JET_ERR copy_pages(struct splitter *s)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = cache_file_page_size(s->tree->file);
    for (uint32_t i = 0; i < s->level_count; i++) {
        s->levels[i].before = (uint8_t *)mem_copy(page_ref_bytes(s->levels[i].source), size);
        if (s->levels[i].before == NULL)
            RAISE(JET_errOutOfMemory);
    }
    if (s->parent != NULL) {
        s->parent_before = (uint8_t *)mem_copy(page_ref_bytes(s->parent), size);
        if (s->parent_before == NULL)
            RAISE(JET_errOutOfMemory);
    }
done:
    return err;
}

static void put_pages_back(struct splitter *s)
{
    uint32_t size = cache_file_page_size(s->tree->file);
    for (uint32_t i = 0; i < s->level_count; i++) {
        if (s->levels[i].is_changed)
            memcpy(page_ref_bytes(s->levels[i].source), s->levels[i].before, size);
    }
    if (s->parent_is_changed)
        memcpy(page_ref_bytes(s->parent), s->parent_before, size);
}

static JET_ERR change_pages(struct splitter *s, uint64_t dbtime)
{
    JET_ERR err = JET_errSuccess;
    if (s->parent != NULL) {
        struct page_edit parent = change_edit(s->parent);
        const struct split_level *first = &s->levels[0];
        struct page_key key = page_key_of(span_of(first->separator, first->separator_size));
        s->parent_is_changed = true;
        TRY(page_insert_separator(&parent, s->parent_line, &key, first->split.source_page, first->split.new_page));
    }
    for (uint32_t i = 0; i < s->level_count; i++) {
        struct split_level *level = &s->levels[i];
        struct page_edit from = change_edit(level->source), to = page_edit_trusted(page_ref_bytes(&level->created), from.size, level->split.new_page);
        level->split.dbtime = dbtime;
        level->is_changed = true;
        TRY(page_split(&level->split, &from, true, &to));
    }
done:
    return err;
}

static JET_ERR mark_pages(struct splitter *s, uint64_t dbtime, lgpos_t position)
{
    JET_ERR err = JET_errSuccess;
    if (s->parent != NULL)
        change_finish(s->t, s->parent, dbtime, position);
    for (uint32_t i = 0; i < s->level_count; i++) {
        struct split_level *level = &s->levels[i];
        change_finish(s->t, level->source, dbtime, position);
        change_finish(s->t, &level->created, dbtime, position);
        if (level->right.frame != NULL) {
            struct page_edit right = change_edit(&level->right);
            TRY(page_set_previous(&right, level->split.new_page)); /* cannot fail: both are numbers of pages that are there */
            change_finish(s->t, &level->right, dbtime, position);
        }
    }
done:
    return err;
}

static void end_split(struct splitter *s)
{
    for (uint32_t i = 0; s->levels != NULL && i < s->level_count; i++) {
        cache_release(&s->levels[i].created);
        cache_release(&s->levels[i].right);
        mem_free(s->levels[i].before);
        mem_free(s->levels[i].list.items);
    }
    mem_free(s->levels);
    mem_free(s->parent_before);
    change_macro_free(&s->macro);
    s->levels = NULL;
    s->parent_before = NULL;
    s->level_count = 0;
    s->parent = NULL;
    s->parent_is_changed = s->with_operation = false;
}

/* Everything planned becomes true, or nothing. */
static JET_ERR execute(struct splitter *s)
{
    JET_ERR err = JET_errSuccess;
    struct split_level *last = &s->levels[s->level_count - 1];
    lgpos_t position = 0;
    TRY(latch_rest(s));
    TRY(copy_pages(s));
    bool is_leaf = page_is_leaf(&last->source->view), on_new = last->split.line_operation >= last->split.line_split;
    page_no_t target_page = on_new ? last->split.new_page : last->split.source_page;
    if (is_leaf && change_is_logged(s->t, s->tree)) /* nodes with uncommitted changes leave the page their images are listed under */
        TRY(version_store_log_images(s->t->store, (uint8_t)s->tree->db->dbid, last->split.source_page, NULL));
    if (s->with_operation)
        TRY(leaf_change_prepare(s->change));
    uint64_t dbtime = database_next_dbtime(s->tree->db);
    TRY(record_all(s, dbtime, target_page));
    TRY(change_pages(s, dbtime));
    TRY(change_macro_log(&s->macro, s->t, s->tree, dbtime, &position));
    TRY(mark_pages(s, dbtime, position));
    memmove(s->spares, s->spares + s->used_count, (s->spare_count - s->used_count) * sizeof *s->spares);
    s->spare_count -= s->used_count;
    if (s->with_operation) {
        leaf_change_publish(s->change, target_page, true);
        s->change->page_no = target_page;
        s->change->line_after = on_new ? last->split.line_operation - last->split.line_split : last->split.line_operation;
        s->change->dbtime_after = dbtime;
    }
done:
    if (err < 0) {
        put_pages_back(s);
        if (s->with_operation)
            leaf_change_discard(s->change);
    }
    return err;
}

static JET_ERR make_levels(struct splitter *s, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    s->levels = (struct split_level *)mem_alloc_uncleared(count * sizeof *s->levels);
    if (s->levels == NULL)
        RAISE(JET_errOutOfMemory);
    for (uint32_t i = 0; i < count; i++) /* the keys at the end are written before they are read */
        memset(&s->levels[i], 0, offsetof(struct split_level, prefix_old));
    s->level_count = count;
done:
    return err;
}

/* --- the root --- */

/* All nodes of the root, which is latched, go to a new page. Beside a root's header the largest nodes do not fit even alone: one that is inserted into an empty root
 * comes to stand on the new page; then *is_done. */
static JET_ERR split_root(struct splitter *s, struct page_ref *root, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    const uint32_t kinds = PAGE_FLAG_LEAF | PAGE_FLAG_PARENT_OF_LEAF;
    const struct leaf_change *c = s->change;
    uint32_t bytes;
    *is_done = false;
    TRY(make_levels(s, 1));
    struct split_level *level = &s->levels[0];
    level->source = root;
    if (page_node_count(&root->view) == 0) {
        bool inserts;
        if (c == NULL || c->type != LR_INSERT)
            RAISE(JET_errRecordTooBig);
        TRY(list_with_change(s, level, &inserts));
        s->with_operation = true;
    } else {
        TRY(list_nodes(root, NULL, 0, &level->list));
    }
    int32_t prefix = split_best_prefix(level->list.items, 0, level->list.count, &bytes);
    if (bytes > page_capacity(s->tree)) /* cannot be: no root has room for more than other pages */
        RAISE(JET_errInternalError);
    level->choice = (struct split_choice){.kind = PAGE_SPLIT_VERTICAL, .prefix_line_source = -1, .prefix_line_new = prefix};
    describe_operation(s, level);
    TRY(describe(s, level));
    uint32_t flags = level->split.flags_source;
    level->split.flags_new = flags & ~(uint32_t)PAGE_FLAG_ROOT;
    level->split.flags_source = (flags & ~kinds) | ((flags & PAGE_FLAG_LEAF) != 0 ? (uint32_t)PAGE_FLAG_PARENT_OF_LEAF : 0u);
    level->split.right_page = 0;
    level->split.uncommitted_source = 0;
    if (s->with_operation) /* what was promised there was for nodes that are gone */
        level->split.uncommitted_new = 0;
    TRY(execute(s));
    *is_done = s->with_operation;
done:
    end_split(s);
    return err;
}

JET_ERR split_root_for(struct transaction *t, const struct btree *tree, const struct btree_page_source *source, uint32_t bytes)
{
    JET_ERR err = JET_errSuccess;
    struct splitter s = {.t = t, .tree = tree, .source = source};
    struct page_ref root = {0};
    bool is_done; /* there is nothing to be done */
    lock_structure(&s);
    TRY(take_pages(&s, 1, tree->root));
    TRY(btree_get_root(tree, PAGE_LATCH_EXCLUSIVE, &root));
    struct page_edit e = change_edit(&root);
    if (page_room(&e) < bytes)
        TRY(split_root(&s, &root, &is_done));
done:
    cache_release(&root);
    give_pages_back(&s);
    unlock_structure(&s);
    return err;
}

/* --- a leaf and its ancestors --- */

/* The largest room a separator could take that comes from this page. */
static uint32_t largest_separator(const struct btree *tree, const struct page_view *page)
{
    uint32_t most = 0;
    bool with_data = page_is_leaf(page) && !tree->is_unique;
    struct node_reader reader = node_reader_of(page);
    for (uint32_t i = 0; i < page_node_count(page); i++) {
        struct node n = node_reader_get(&reader, i);
        uint32_t size = node_key_size(&n) + (with_data ? n.data.size : 0);
        most = size > most ? size : most;
    }
    return page_node_cost(most, 0, CHILD_SIZE);
}

/* The lowest ancestor with room for a separator, whatever it will be. *is_found false: not even the root has it. */
static JET_ERR find_parent_with_room(struct splitter *s, uint32_t *level, bool *is_found)
{
    JET_ERR err = JET_errSuccess;
    struct page_ref page = {0};
    const struct btree_target *target = &s->change->target;
    uint32_t need = page_node_cost(target->key.size + (s->tree->is_unique ? 0 : target->data.size), 0, CHILD_SIZE);
    *is_found = false;
    for (uint32_t i = s->path.depth + 1; i-- > 0 && !*is_found;) {
        TRY(cache_get(s->tree->file, s->path.page_nos[i], PAGE_LATCH_SHARED, &page));
        uint32_t room = page_free_bytes(&page.view), largest = largest_separator(s->tree, &page.view);
        *is_found = i < s->path.depth && room >= need && page.view.tag_count < TAG_COUNT_MAX - 1;
        *level = i;
        need = largest > need ? largest : need;
        cache_release(&page);
    }
done:
    return err;
}

/* A page with one node or none that still has no room: a prefix that nobody uses takes it. */
static JET_ERR trim_prefix(struct splitter *s, struct page_ref *leaf)
{
    JET_ERR err = JET_errSuccess;
    lgpos_t position;
    struct page_edit e = change_edit(leaf);
    struct span prefix = page_external_header(&leaf->view);
    uint32_t used = page_node_count(&leaf->view) == 0 ? 0 : page_node(&leaf->view, 0).prefix.size;
    if (page_is_root(&leaf->view) || prefix.size <= used)
        RAISE(JET_errRecordTooBig);
    struct node_tail tail = {.data = span_of(prefix.data, used)};
    uint64_t dbtime = database_next_dbtime(s->tree->db);
    struct page_prefix at = change_page_prefix(s->t, s->tree, &leaf->view, dbtime, 0, false);
    TRY(change_log_node(s->t, s->tree, LR_SET_EXTERNAL_HEADER, &at, 0, &tail, &position));
    TRY(page_set_external_header(&e, tail.data));
    change_finish(s->t, leaf, dbtime, position);
done:
    return err;
}

/* The pages from refs[top] down to the leaf are latched, and the change does not fit. *is_done: it has been made. */
static JET_ERR split_path(struct splitter *s, uint32_t top, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    uint32_t depth = s->path.depth;
    *is_done = false;
    if (page_node_count(&s->refs[depth].view) + (s->change->type == LR_INSERT ? 1u : 0u) < 2)
        return trim_prefix(s, &s->refs[depth]);
    TRY(make_levels(s, depth - top));
    for (uint32_t i = 0; i < s->level_count; i++)
        s->levels[i].source = &s->refs[top + 1 + i];
    TRY(plan_leaf(s, &s->levels[s->level_count - 1]));
    for (uint32_t i = s->level_count - 1; i-- > 0;)
        TRY(plan_internal(s, &s->levels[i], &s->levels[i + 1], s->path.lines[top + 1 + i]));
    s->parent = &s->refs[top];
    s->parent_line = s->path.lines[top];
    if (!separator_fits(s->parent, &s->levels[0])) /* the leaf has got longer keys since the parent was chosen */
        goto done;
    TRY(execute(s));
    *is_done = s->with_operation;
done:
    end_split(s);
    return err;
}

static void release_path(struct splitter *s, uint32_t top)
{
    for (uint32_t i = s->path.depth + 1; i-- > top;)
        cache_release(&s->refs[i]);
}

/* One attempt: the change, or a step towards it. */
static JET_ERR attempt(struct splitter *s, bool *is_done)
{
    JET_ERR err = JET_errSuccess;
    struct leaf_change *c = s->change;
    uint32_t top = 0;
    bool has_parent = false, is_latched = false, has_moved;
    *is_done = false;
    TRY(btree_read_path(s->tree, &c->target, &s->path));
    uint32_t depth = s->path.depth;
    TRY(leaf_change_even_out(c, &s->path, &has_moved, is_done));
    if (has_moved) /* the path is that of before: the change's place may be on the other leaf now */
        goto done;
    if (depth > 0)
        TRY(find_parent_with_room(s, &top, &has_parent));
    bool is_root_next = depth == 0 || !has_parent;
    TRY(take_pages(s, is_root_next ? 1 : depth - top, s->path.page_nos[depth]));
    if (depth > 0 && is_root_next) {
        TRY(btree_get_root(s->tree, PAGE_LATCH_EXCLUSIVE, &s->refs[0]));
        err = split_root(s, &s->refs[0], is_done);
        cache_release(&s->refs[0]);
        goto done;
    }
    TRY(btree_latch_path(s->tree, &s->path, top, s->refs));
    is_latched = true;
    TRY(leaf_change_judge(c, &s->refs[depth], leaf_place_of(s->tree, &s->refs[depth].view, &c->target)));
    if (c->fits) {
        TRY(c->kind == LEAF_CHANGE_UNDO ? leaf_change_apply_undo(c, &s->refs[depth]) : leaf_change_apply(c, &s->refs[depth]));
        *is_done = true;
    } else if (depth == 0) {
        TRY(split_root(s, &s->refs[0], is_done));
    } else {
        TRY(split_path(s, top, is_done));
    }
done:
    if (is_latched)
        release_path(s, top);
    return err;
}

JET_ERR split_and_change(struct leaf_change *c)
{
    JET_ERR err = JET_errSuccess;
    struct splitter *s = (struct splitter *)mem_alloc(sizeof *s);
    bool is_done = false;
    if (s == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    *s = (struct splitter){.t = c->t, .tree = c->tree, .source = c->source, .change = c};
    lock_structure(s);
    for (uint32_t i = 0; !is_done; i++) {
        if (i == ATTEMPTS_MAX)
            RAISE(JET_errInternalError);
        TRY(attempt(s, &is_done));
    }
done:
    give_pages_back(s);
    unlock_structure(s);
    mem_free(s);
    return err;
}
