/* Splits and merges (move.h). Results are built beside the pages and copied over them when complete. */
#include "format/node_reader.h"
#include "page/internal.h"
#include "page/move.h"

enum { CHILD_SIZE = 4, FDP_DELETED = 0x40000 /* mark of a revert: survives (database-file 4.2) */ };

#define DEMAND(condition)                       \
    do {                                        \
        if (!(condition))                       \
            RAISE(JET_errDatabaseCorrupted);    \
    } while (0)

/* --- the list of nodes after the operation --- */

struct node_list {
    const struct page_split *split;
    const struct page_edit *source; /* may be NULL when only the operation's node is asked for */
    struct node_reader reader;      /* of the source */
    uint8_t child[CHILD_SIZE];      /* data of the entry behind the operation's, if a child was split */
};

static bool inserts(const struct page_split *split) { return split->operation == PAGE_SPLIT_INSERT; }

static struct page_new_node source_node(const struct node_list *list, uint32_t line)
{
    struct node n = node_reader_get(&list->reader, line);
    return (struct page_new_node){.key = page_key_of_node(&n), .data = n.data, .flags = n.flags};
}

/* L[line]; prefix_size is left 0. */
static struct page_new_node listed_node(const struct node_list *list, uint32_t line)
{
    const struct page_split *split = list->split;
    struct page_new_node node;
    if (split->operation == PAGE_SPLIT_NONE || line != split->line_operation) {
        node = source_node(list, inserts(split) && line > split->line_operation ? line - 1 : line);
    } else if (inserts(split)) {
        node = split->node;
        node.prefix_size = 0;
    } else {
        node = source_node(list, line);
        node.data = split->node.data;
        node.flags |= split->node.flags;
        if (split->operation == PAGE_SPLIT_FLAG_INSERT_AND_REPLACE)
            node.flags &= ~(unsigned)NODE_FLAG_DELETED;
    }
    if (split->has_child_split && line == split->line_operation + 1)
        node.data = span_of(list->child, CHILD_SIZE);
    return node;
}

bool page_split_is_independent(const struct page_split *split)
{
    return inserts(split) && split->line_operation == split->line_split && split->line_split + 1 == split->line_count && !split->has_child_split;
}

/* Lines of L must be those the source has. */
static bool list_is_sound(const struct page_split *split, const struct page_edit *source)
{
    if (split->line_count == 0 || split->line_split >= split->line_count || split->line_operation >= split->line_count)
        return false;
    if (split->kind == PAGE_SPLIT_VERTICAL ? split->line_split != 0 : split->line_split == 0)
        return false;
    if (split->kind > PAGE_SPLIT_APPEND || split->operation > PAGE_SPLIT_FLAG_INSERT_AND_REPLACE)
        return false;
    if (split->has_child_split && (!inserts(split) || split->line_operation + 1 >= split->line_count))
        return false;
    if (source == NULL)
        return page_split_is_independent(split);
    struct page_view view = page_edit_view(source);
    return view.tag_count > 0 && page_node_count(&view) + (inserts(split) ? 1u : 0u) == split->line_count;
}

/* Appends L[from .. to-1]. */
static JET_ERR append_nodes(const struct node_list *list, uint32_t from, uint32_t to, struct page_edit *target)
{
    JET_ERR err = JET_errSuccess;
    const struct page_split *split = list->split;
    for (uint32_t line = from; line < to; line++) {
        struct page_new_node node = listed_node(list, line);
        node.prefix_size = page_common_prefix(target, &node.key);
        /* The source's nodes are in order; what the operation brings stands beside them for the first time. */
        bool is_new_pair = split->operation != PAGE_SPLIT_NONE && (line == split->line_operation || line == split->line_operation + 1);
        TRY(is_new_pair ? page_insert(target, line - from, &node) : page_insert_in_order(target, line - from, &node));
    }
done:
    return err;
}

static JET_ERR build_new_page(const struct node_list *list, struct page_edit *created)
{
    JET_ERR err = JET_errSuccess;
    const struct page_split *split = list->split;
    struct page_buffer prefix;
    uint32_t prefix_size = 0;
    bool is_leaf = (split->flags_new & PAGE_FLAG_LEAF) != 0, has_siblings = is_leaf && split->kind != PAGE_SPLIT_VERTICAL;
    struct page_fields fields = {.flags = split->flags_new, .objid = split->objid, .dbtime = split->dbtime,
                                 .previous = has_siblings ? split->source_page : 0, .next = has_siblings ? split->right_page : 0};
    DEMAND((split->flags_new & PAGE_FLAG_ROOT) == 0);
    if (split->prefix_line_new >= 0) {
        DEMAND((uint32_t)split->prefix_line_new < split->line_count - split->line_split);
        struct page_new_node node = listed_node(list, split->line_split + (uint32_t)split->prefix_line_new);
        prefix_size = page_key_size(&node.key);
        DEMAND(prefix_size <= NODE_LENGTH_MAX && prefix_size <= created->size);
        memcpy(prefix.bytes, node.key.head.data, node.key.head.size);
        memcpy(prefix.bytes + node.key.head.size, node.key.tail.data, node.key.tail.size);
    }
    TRY(page_init(created, &fields, span_of(prefix.bytes, prefix_size)));
    TRY(append_nodes(list, split->line_split, split->line_count, created));
    if (is_leaf)
        page_set_uncommitted_free(created, split->uncommitted_new);
done:
    return err;
}

/* The root after a vertical split: one entry that leads everywhere. */
static JET_ERR lower_root(const struct page_split *split, struct page_edit *source)
{
    JET_ERR err = JET_errSuccess;
    uint32_t kept = load_le32(source->bytes + PAGE_FLAGS_OFFSET) & FDP_DELETED;
    uint8_t child[CHILD_SIZE];
    lines_remove(source, 1, lines_count(source) - 1);
    DEMAND((split->flags_source & (PAGE_FLAG_ROOT | PAGE_FLAG_LEAF)) == PAGE_FLAG_ROOT);
    TRY(page_set_flags(source, split->flags_source | kept));
    store_le32(child, split->new_page);
    struct page_new_node node = {.key = page_key_of(span_of(child, 0)), .data = span_of(child, CHILD_SIZE)};
    TRY(page_insert(source, 0, &node));
    page_set_uncommitted_free(source, 0);
done:
    return err;
}

/* built: a copy of the source, to become what the source is after the split. */
static JET_ERR shrink_source(const struct node_list *list, struct page_edit *built)
{
    JET_ERR err = JET_errSuccess;
    const struct page_split *split = list->split;
    struct page_view view = page_edit_view(built);
    bool is_leaf = page_is_leaf(&view), is_operation_here = split->operation != PAGE_SPLIT_NONE && split->line_operation < split->line_split;
    DEMAND(page_is_root(&view) == (split->kind == PAGE_SPLIT_VERTICAL));
    if (split->kind == PAGE_SPLIT_VERTICAL) {
        TRY(lower_root(split, built));
        goto done;
    }
    if (split->kind == PAGE_SPLIT_APPEND) {
        DEMAND(!is_operation_here);
        TRY(page_delete(built, split->line_split, page_node_count(&view) - split->line_split));
    } else {
        DEMAND(split->prefix_source.size <= NODE_LENGTH_MAX);
        lines_init(built);
        DEMAND(lines_replace(built, 0, split->prefix_source, 0));
        TRY(append_nodes(list, 0, split->line_split, built));
    }
    TRY(page_set_flags(built, split->flags_source));
    if (is_leaf) {
        TRY(page_set_next(built, split->new_page));
        page_set_uncommitted_free(built, split->uncommitted_source);
    }
done:
    return err;
}

JET_ERR page_split(const struct page_split *split, struct page_edit *source, bool change_source, struct page_edit *created)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer new_bytes, source_bytes;
    struct node_list list = {.split = split, .source = source};
    store_le32(list.child, split->child_new);
    DEMAND(list_is_sound(split, source));
    if (source != NULL) {
        struct page_view view = page_edit_view(source);
        list.reader = node_reader_of(&view);
    }
    if (created != NULL) {
        struct page_edit built = {new_bytes.bytes, created->size, created->page_no};
        TRY(build_new_page(&list, &built));
    }
    if (change_source) {
        struct page_edit built = {source_bytes.bytes, source->size, source->page_no};
        memcpy(source_bytes.bytes, source->bytes, source->size);
        TRY(shrink_source(&list, &built));
    }
    if (created != NULL)
        memcpy(created->bytes, new_bytes.bytes, created->size);
    if (change_source)
        memcpy(source->bytes, source_bytes.bytes, source->size);
done:
    return err;
}

/* --- entries of internal pages --- */

static bool has_entry(const struct page_edit *e, uint32_t line)
{
    struct page_view view = page_edit_view(e);
    return view.tag_count > 0 && !page_is_leaf(&view) && line < page_node_count(&view);
}

static uint32_t key_size_at(const struct page_edit *e, uint32_t line)
{
    struct page_view view = page_edit_view(e);
    struct node n = page_node(&view, line);
    return node_key_size(&n);
}

JET_ERR page_set_child(struct page_edit *e, uint32_t line, page_no_t child)
{
    JET_ERR err = JET_errSuccess;
    uint8_t data[CHILD_SIZE];
    DEMAND(has_entry(e, line));
    store_le32(data, child);
    TRY(page_replace_data(e, line, span_of(data, CHILD_SIZE)));
done:
    return err;
}

JET_ERR page_insert_separator(struct page_edit *parent, uint32_t line, const struct page_key *key, page_no_t child, page_no_t child_new)
{
    JET_ERR err = JET_errSuccess;
    uint8_t data[CHILD_SIZE] = {0};
    struct page_new_node node = {.key = *key, .data = span_of(data, CHILD_SIZE)};
    DEMAND(has_entry(parent, line) && child_new != 0 && child_new <= PAGE_NO_MAX && child_new != parent->page_no);
    store_le32(data, child);
    TRY(page_insert_compressed(parent, line, &node));
    TRY(page_set_child(parent, line + 1, child_new)); /* cannot fail: same size, number checked */
done:
    return err;
}

JET_ERR page_remove_child(struct page_edit *e, uint32_t line)
{
    JET_ERR err = JET_errSuccess;
    DEMAND(has_entry(e, line));
    uint32_t last = lines_count(e) - 2;
    bool was_infinite = key_size_at(e, line) == 0;
    DEMAND(last > 0 && (!was_infinite || line == last));
    lines_remove(e, line + 1, 1);
    if (was_infinite) {
        struct page_key none = page_key_of(span_of(e->bytes, 0));
        TRY(page_replace_key(e, line - 1, &none)); /* cannot fail: the line gets shorter, and is last */
    }
done:
    return err;
}

JET_ERR page_join_left_child(struct page_edit *e, uint32_t line, page_no_t left)
{
    JET_ERR err = JET_errSuccess;
    DEMAND(has_entry(e, line) && line > 0);
    TRY(page_set_child(e, line, left));
    lines_remove(e, line, 1);
done:
    return err;
}

/* --- merges --- */

uint32_t page_copy_cost(const struct page_edit *source, uint32_t line, uint32_t count, const struct page_edit *target)
{
    struct page_view view = page_edit_view(source);
    uint32_t cost = 0;
    for (uint32_t i = line; i < line + count && i < page_node_count(&view); i++) {
        struct node n = page_node(&view, i);
        struct page_key key = page_key_of_node(&n);
        if ((n.flags & NODE_FLAG_DELETED) == 0)
            cost += page_node_cost(node_key_size(&n), page_common_prefix(target, &key), n.data.size);
    }
    return cost;
}

JET_ERR page_copy_nodes(const struct page_edit *source, uint32_t line, uint32_t count, struct page_edit *target, enum page_side side, uint16_t uncommitted)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer copy;
    struct page_edit built = {copy.bytes, target->size, target->page_no};
    struct page_view view = page_edit_view(source);
    DEMAND(view.tag_count > 0 && lines_count(target) > 0 && range_within(line, count, page_node_count(&view)));
    memcpy(copy.bytes, target->bytes, target->size);
    uint32_t at = side == PAGE_AT_FRONT ? 0 : lines_count(&built) - 1;
    for (uint32_t i = line + count; i > line; i--) { /* from behind, always to the same place */
        struct node n = page_node(&view, i - 1);
        if ((n.flags & NODE_FLAG_DELETED) != 0)
            continue;
        struct page_new_node node = {.key = page_key_of_node(&n), .data = n.data, .flags = n.flags};
        TRY(page_insert_compressed(&built, at, &node));
    }
    page_set_uncommitted_free(&built, uncommitted);
    memcpy(target->bytes, copy.bytes, target->size);
done:
    return err;
}
