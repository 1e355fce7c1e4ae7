/* Nodes of a page and its header fields (edit.h), on top of lines.c.
 *
 * Every change is encoded into a buffer first, so arguments may point into the page itself, and checked before the page is touched.
 */
#include "page/internal.h"

enum { TAG_SIZE = 4, SPLIT_BUFFER_SIZE = 16, CHILD_SIZE = 4 };

#define DEMAND(condition)                       \
    do {                                        \
        if (!(condition))                       \
            RAISE(JET_errDatabaseCorrupted);    \
    } while (0)

JET_ERR page_edit_open(struct page_edit *out, uint8_t *bytes, uint32_t size, page_no_t page_no)
{
    JET_ERR err = JET_errSuccess;
    struct page_view view;
    struct page_edit e = {bytes, size, page_no};
    *out = (struct page_edit){.page_no = page_no}; /* the number stays on an error: who holds the page must be able to let it go */
    TRY(page_view_init(&view, bytes, size, page_no, NULL));
    DEMAND(view.tag_count == 0 || lines_fault(&e) == NULL);
    *out = e;
done:
    return err;
}

/* --- keys --- */

/* First `size` bytes of a key in two pieces, as one piece each side of a comparison. */
static void skip_key(struct page_key *k, uint32_t size)
{
    uint32_t from_head = size < k->head.size ? size : k->head.size;
    k->head = span_of(k->head.data + from_head, k->head.size - from_head);
    k->tail = span_of(k->tail.data + (size - from_head), k->tail.size - (size - from_head));
}

int page_key_compare(const struct page_key *a, const struct page_key *b)
{
    struct page_key x = *a, y = *b;
    for (;;) {
        struct span p = x.head.size > 0 ? x.head : x.tail, q = y.head.size > 0 ? y.head : y.tail;
        if (p.size == 0 || q.size == 0)
            return (p.size > 0) - (q.size > 0);
        uint32_t common = p.size < q.size ? p.size : q.size;
        int order = memcmp(p.data, q.data, common);
        if (order != 0)
            return order;
        skip_key(&x, common);
        skip_key(&y, common);
    }
}

static uint32_t common_bytes(struct span a, struct span b)
{
    uint32_t limit = a.size < b.size ? a.size : b.size, n = 0;
    while (n < limit && a.data[n] == b.data[n])
        n++;
    return n;
}

/* Shared leading bytes of a key and a prefix. */
static uint32_t shared_with(const struct page_key *key, struct span prefix)
{
    uint32_t n = common_bytes(key->head, prefix);
    if (n == key->head.size)
        n += common_bytes(key->tail, span_of(prefix.data + n, prefix.size - n));
    return n;
}

struct span page_key_prefix(const struct page_view *p)
{
    struct span external = page_external_header(p);
    if (!page_is_root(p))
        return external;
    if ((page_flags(p) & PAGE_FLAG_SPACE_TREE) == 0 || external.size < SPLIT_BUFFER_SIZE)
        return span_of(external.data, 0);
    return span_of(external.data + SPLIT_BUFFER_SIZE, external.size - SPLIT_BUFFER_SIZE);
}

uint32_t page_common_prefix(const struct page_edit *e, const struct page_key *key)
{
    struct page_view view = page_edit_view(e);
    uint32_t n = shared_with(key, page_key_prefix(&view));
    if (n > NODE_LENGTH_MAX)
        n = NODE_LENGTH_MAX;
    return n > PAGE_PREFIX_WORTH ? n : 0;
}

/* --- whole pages --- */

/* Are the flags of a page that is in use possible together? */
static bool flags_are_sound(uint32_t flags)
{
    if ((flags & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED)) != 0)
        return false;
    return (flags & PAGE_FLAG_LEAF) == 0 || (flags & PAGE_FLAG_PARENT_OF_LEAF) == 0;
}

static bool kinds_are_sound(uint32_t flags) { return (flags & PAGE_FLAG_INDEX) == 0 || (flags & PAGE_FLAG_LONG_VALUE) == 0; }

/* Is the external header what pages with these flags have? */
static bool external_is_sound(uint32_t flags, struct span external)
{
    struct space_header header;
    if ((flags & PAGE_FLAG_ROOT) == 0)
        return external.size <= NODE_LENGTH_MAX;
    if ((flags & PAGE_FLAG_SPACE_TREE) != 0)
        return external.size >= SPLIT_BUFFER_SIZE;
    return space_header_decode(external, &header) >= 0;
}

static bool links_are_sound(uint32_t flags, page_no_t page_no, page_no_t previous, page_no_t next)
{
    if (previous == 0 && next == 0)
        return true;
    if ((flags & PAGE_FLAG_ROOT) != 0 || (flags & PAGE_FLAG_LEAF) == 0)
        return false;
    return previous <= PAGE_NO_MAX && next <= PAGE_NO_MAX && previous != page_no && next != page_no && previous != next;
}

static void write_header(struct page_edit *e, const struct page_fields *fields, uint32_t flags)
{
    memset(e->bytes, 0, e->size);
    store_le64(e->bytes + PAGE_DBTIME_OFFSET, fields->dbtime);
    store_le32(e->bytes + PAGE_PREVIOUS_OFFSET, fields->previous);
    store_le32(e->bytes + PAGE_NEXT_OFFSET, fields->next);
    store_le32(e->bytes + PAGE_OBJID_OFFSET, fields->objid);
    store_le32(e->bytes + PAGE_FLAGS_OFFSET, flags);
    if (page_is_large(e->size))
        store_le32(e->bytes + PAGE_NUMBER_OFFSET, e->page_no);
}

JET_ERR page_init(struct page_edit *e, const struct page_fields *fields, struct span external)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer copy;
    uint32_t flags = (fields->flags & ~(uint32_t)(PAGE_FLAG_FLUSH_TYPE | PAGE_FLAG_SCRUBBED)) | PAGE_FLAG_NEW_CHECKSUM | PAGE_FLAG_NEW_RECORD_FORMAT;
    DEMAND(page_size_is_legal(e->size) && fields->objid != 0 && flags_are_sound(flags) && kinds_are_sound(flags));
    DEMAND(links_are_sound(flags, e->page_no, fields->previous, fields->next) && external_is_sound(flags, external));
    DEMAND(external.size <= e->size - page_header_size(e->size) - TAG_SIZE);
    if (external.size > 0)
        memcpy(copy.bytes, external.data, external.size);
    write_header(e, fields, flags);
    lines_init(e);
    if (!lines_replace(e, 0, span_of(copy.bytes, external.size), 0))
        RAISE(JET_errDatabaseCorrupted);
done:
    return err;
}

void page_init_blank(struct page_edit *e, uint32_t objid, uint64_t dbtime)
{
    struct page_fields fields = {.objid = objid, .dbtime = dbtime};
    write_header(e, &fields, PAGE_FLAG_PREINITIALIZED | PAGE_FLAG_NEW_CHECKSUM);
    store_le16(e->bytes + PAGE_FREE_OFFSET, (uint16_t)(e->size - page_header_size(e->size)));
}

static uint32_t flags_of(const struct page_edit *e) { return load_le32(e->bytes + PAGE_FLAGS_OFFSET); }
static uint32_t node_count(const struct page_edit *e)
{
    uint32_t tags = lines_count(e);
    return tags == 0 ? 0 : tags - 1;
}

JET_ERR page_empty(struct page_edit *e)
{
    JET_ERR err = JET_errSuccess;
    DEMAND((flags_of(e) & PAGE_FLAG_PREINITIALIZED) == 0 && lines_count(e) > 0);
    if ((flags_of(e) & PAGE_FLAG_ROOT) != 0)
        lines_remove(e, 1, node_count(e));
    else
        lines_init(e);
    store_le32(e->bytes + PAGE_FLAGS_OFFSET, flags_of(e) | PAGE_FLAG_EMPTY);
done:
    return err;
}

JET_ERR page_empty_root(struct page_edit *e)
{
    JET_ERR err = JET_errSuccess;
    uint32_t flags = flags_of(e);
    DEMAND((flags & PAGE_FLAG_ROOT) != 0 && (flags & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED)) == 0 && lines_count(e) > 0);
    lines_remove(e, 1, node_count(e));
    store_le32(e->bytes + PAGE_FLAGS_OFFSET, (flags & ~(uint32_t)PAGE_FLAG_PARENT_OF_LEAF) | PAGE_FLAG_LEAF);
    store_le16(e->bytes + PAGE_UNCOMMITTED_OFFSET, 0);
done:
    return err;
}

void page_set_dbtime(struct page_edit *e, uint64_t dbtime)
{
    store_le64(e->bytes + PAGE_DBTIME_OFFSET, dbtime);
    store_le32(e->bytes + PAGE_FLAGS_OFFSET, flags_of(e) & ~(uint32_t)PAGE_FLAG_SCRUBBED);
}

void page_set_objid(struct page_edit *e, uint32_t objid) { store_le32(e->bytes + PAGE_OBJID_OFFSET, objid); }

JET_ERR page_set_links(struct page_edit *e, page_no_t previous, page_no_t next)
{
    JET_ERR err = JET_errSuccess;
    DEMAND((flags_of(e) & PAGE_FLAG_PREINITIALIZED) == 0 && links_are_sound(flags_of(e), e->page_no, previous, next));
    store_le32(e->bytes + PAGE_PREVIOUS_OFFSET, previous);
    store_le32(e->bytes + PAGE_NEXT_OFFSET, next);
done:
    return err;
}

JET_ERR page_set_flags(struct page_edit *e, uint32_t flags)
{
    JET_ERR err = JET_errSuccess;
    const uint32_t nodes_rely_on = PAGE_FLAG_LEAF | PAGE_FLAG_ROOT | PAGE_FLAG_SPACE_TREE | PAGE_FLAG_NON_UNIQUE;
    uint32_t old = flags_of(e);
    flags = (flags & ~(uint32_t)PAGE_FLAG_FLUSH_TYPE) | (old & PAGE_FLAG_FLUSH_TYPE) | PAGE_FLAG_NEW_CHECKSUM | PAGE_FLAG_NEW_RECORD_FORMAT;
    DEMAND(lines_count(e) > 0 && flags_are_sound(flags) && kinds_are_sound(flags));
    DEMAND(((flags ^ old) & nodes_rely_on) == 0 || node_count(e) == 0);
    struct page_view view = page_edit_view(e);
    DEMAND(external_is_sound(flags, page_external_header(&view)));
    DEMAND(links_are_sound(flags, e->page_no, page_previous(&view), page_next(&view)));
    store_le32(e->bytes + PAGE_FLAGS_OFFSET, flags);
done:
    return err;
}

/* --- room --- */

uint32_t page_room(const struct page_edit *e)
{
    uint32_t all = load_le16(e->bytes + PAGE_FREE_OFFSET), promised = load_le16(e->bytes + PAGE_UNCOMMITTED_OFFSET);
    return promised < all ? all - promised : 0;
}

uint32_t page_node_cost(uint32_t key_size, uint32_t prefix_size, uint32_t data_size)
{
    return PAGE_NODE_TAG_SIZE + (prefix_size > 0 ? 4u : 2u) + (key_size - prefix_size) + data_size;
}

void page_set_uncommitted_free(struct page_edit *e, uint32_t bytes)
{
    uint32_t all = load_le16(e->bytes + PAGE_FREE_OFFSET);
    store_le16(e->bytes + PAGE_UNCOMMITTED_OFFSET, (uint16_t)(bytes < all ? bytes : all));
}

void page_adjust_uncommitted_free(struct page_edit *e, int32_t by)
{
    int64_t sum = (int64_t)load_le16(e->bytes + PAGE_UNCOMMITTED_OFFSET) + by;
    page_set_uncommitted_free(e, sum < 0 ? 0 : sum > UINT16_MAX ? (uint32_t)UINT16_MAX : (uint32_t)sum);
}

JET_ERR page_compact(struct page_edit *e)
{
    JET_ERR err = JET_errSuccess;
    DEMAND(lines_count(e) > 0 && lines_compact(e));
done:
    return err;
}

/* --- nodes --- */

/* May a page with these flags take nodes? */
static bool takes_nodes(const struct page_edit *e)
{
    return lines_count(e) > 0 && (flags_of(e) & (PAGE_FLAG_EMPTY | PAGE_FLAG_PREINITIALIZED)) == 0;
}

/* Does a node stand in ascending order between two neighbours? */
static bool stands_after(const struct page_key *key_a, struct span data_a, const struct page_key *key_b, struct span data_b, bool by_data)
{
    int order = page_key_compare(key_b, key_a);
    return order > 0 || (order == 0 && by_data && span_compare(data_b, data_a) > 0);
}

/* Would the node be in order at `line`, with the nodes from line `after` on behind it? */
static bool is_in_order(const struct page_edit *e, uint32_t line, uint32_t after, const struct page_key *key, struct span data)
{
    struct page_view view = page_edit_view(e);
    bool is_leaf = page_is_leaf(&view);
    bool by_data = is_leaf && (page_flags(&view) & PAGE_FLAG_NON_UNIQUE) != 0 && (page_flags(&view) & PAGE_FLAG_SPACE_TREE) == 0;
    bool is_infinite = !is_leaf && page_key_size(key) == 0;
    if (line > 0) {
        struct node before = page_node(&view, line - 1);
        struct page_key before_key = page_key_of_node(&before);
        bool before_is_infinite = !is_leaf && page_key_size(&before_key) == 0;
        if (before_is_infinite || (!is_infinite && !stands_after(&before_key, before.data, key, data, by_data)))
            return false;
    }
    if (after < page_node_count(&view)) {
        struct node next = page_node(&view, after);
        struct page_key next_key = page_key_of_node(&next);
        bool next_is_infinite = !is_leaf && page_key_size(&next_key) == 0;
        if (is_infinite || (!next_is_infinite && !stands_after(key, data, &next_key, next.data, by_data)))
            return false;
    }
    return true;
}

/* Are the parts of a node possible on this page, order aside? */
static bool node_is_sound(const struct page_edit *e, const struct page_new_node *node)
{
    struct page_view view = page_edit_view(e);
    struct span prefix = page_key_prefix(&view);
    uint32_t key_size = page_key_size(&node->key);
    if (node->data.size == 0 || node->data.size > e->size || key_size > e->size || node->prefix_size > key_size)
        return false;
    if (node->prefix_size > NODE_LENGTH_MAX || key_size - node->prefix_size > NODE_LENGTH_MAX || node->prefix_size > prefix.size)
        return false;
    if (node->prefix_size > 0 && shared_with(&node->key, span_of(prefix.data, node->prefix_size)) < node->prefix_size)
        return false;
    if (page_is_leaf(&view))
        return true;
    if (node->data.size != CHILD_SIZE)
        return false;
    page_no_t child = load_le32(node->data.data);
    return child != 0 && child <= PAGE_NO_MAX && child != e->page_no;
}

static unsigned encoded_flags(const struct page_new_node *node)
{
    return (node->flags & (NODE_FLAG_VERSIONED | NODE_FLAG_DELETED)) | (node->prefix_size > 0 ? (unsigned)NODE_FLAG_COMPRESSED : 0u);
}

JET_ERR page_insert(struct page_edit *e, uint32_t line, const struct page_new_node *node)
{
    JET_ERR err = JET_errSuccess;
    DEMAND(line <= node_count(e) && is_in_order(e, line, line, &node->key, node->data));
    TRY(page_insert_in_order(e, line, node));
done:
    return err;
}

JET_ERR page_insert_in_order(struct page_edit *e, uint32_t line, const struct page_new_node *node)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer encoded;
    DEMAND(takes_nodes(e) && line <= node_count(e) && node_is_sound(e, node));
    DEMAND(page_node_cost(page_key_size(&node->key), node->prefix_size, node->data.size) <= load_le16(e->bytes + PAGE_FREE_OFFSET));
    uint32_t size = node_encode(encoded.bytes, node);
    DEMAND(lines_insert(e, line + 1, span_of(encoded.bytes, size), encoded_flags(node)));
done:
    return err;
}

JET_ERR page_insert_compressed(struct page_edit *e, uint32_t line, const struct page_new_node *node)
{
    struct page_new_node fitted = *node;
    fitted.prefix_size = page_common_prefix(e, &node->key);
    return page_insert(e, line, &fitted);
}

/* Stores other content in place of node `line`. */
static JET_ERR replace_node(struct page_edit *e, uint32_t line, const struct page_new_node *node)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer encoded;
    DEMAND(node_is_sound(e, node) && is_in_order(e, line, line + 1, &node->key, node->data));
    DEMAND(page_node_cost(page_key_size(&node->key), node->prefix_size, node->data.size) <= e->size);
    uint32_t size = node_encode(encoded.bytes, node);
    DEMAND(lines_replace(e, line + 1, span_of(encoded.bytes, size), encoded_flags(node)));
done:
    return err;
}

/* Node `line` as it would be inserted. */
static struct page_new_node present_node(const struct page_edit *e, uint32_t line)
{
    struct page_view view = page_edit_view(e);
    struct node n = page_node(&view, line);
    return (struct page_new_node){.key = page_key_of_node(&n), .prefix_size = n.prefix.size, .data = n.data, .flags = n.flags};
}

JET_ERR page_replace_data(struct page_edit *e, uint32_t line, struct span data)
{
    JET_ERR err = JET_errSuccess;
    DEMAND(takes_nodes(e) && line < node_count(e));
    struct page_new_node node = present_node(e, line);
    node.data = data;
    TRY(replace_node(e, line, &node));
done:
    return err;
}

JET_ERR page_replace_key(struct page_edit *e, uint32_t line, const struct page_key *key)
{
    JET_ERR err = JET_errSuccess;
    DEMAND(takes_nodes(e) && line < node_count(e) && (flags_of(e) & PAGE_FLAG_LEAF) == 0);
    struct page_new_node node = present_node(e, line);
    node.key = *key;
    node.prefix_size = page_common_prefix(e, key);
    node.flags = 0;
    TRY(replace_node(e, line, &node));
done:
    return err;
}

JET_ERR page_change_node_flags(struct page_edit *e, uint32_t line, unsigned set, unsigned clear)
{
    JET_ERR err = JET_errSuccess;
    const unsigned changeable = NODE_FLAG_VERSIONED | NODE_FLAG_DELETED;
    DEMAND(takes_nodes(e) && line < node_count(e));
    unsigned flags = present_node(e, line).flags;
    lines_set_flags(e, line + 1, (flags & ~(clear & changeable)) | (set & changeable));
done:
    return err;
}

JET_ERR page_delete(struct page_edit *e, uint32_t line, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    uint32_t nodes = node_count(e);
    DEMAND(takes_nodes(e) && range_within(line, count, nodes));
    DEMAND((flags_of(e) & PAGE_FLAG_LEAF) != 0 || count < nodes);
    lines_remove(e, line + 1, count);
done:
    return err;
}

JET_ERR page_add_to_data(struct page_edit *e, uint32_t line, uint32_t offset, uint32_t width, int64_t delta)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer data;
    DEMAND(takes_nodes(e) && line < node_count(e) && (width == 4 || width == 8));
    struct page_new_node node = present_node(e, line);
    DEMAND(range_within(offset, width, node.data.size));
    memcpy(data.bytes, node.data.data, node.data.size);
    if (width == 4)
        store_le32(data.bytes + offset, load_le32(data.bytes + offset) + (uint32_t)delta);
    else
        store_le64(data.bytes + offset, load_le64(data.bytes + offset) + (uint64_t)delta);
    node.data.data = data.bytes;
    TRY(replace_node(e, line, &node));
done:
    return err;
}

/* --- wiping --- */

enum { FILL_DELETED = 'D', FILL_LONG_VALUE = 'L', FILL_USED_PAGE = 'Z', FILL_UNUSED_PAGE = 'U' };
enum { SCRUBBED_CHUNK = 4 << 3 }; /* scheme byte of wiped chunks (records-and-catalog 5) */

static void fill_free_space(struct page_edit *e, int fill)
{
    uint32_t from = page_header_size(e->size) + load_le16(e->bytes + PAGE_FIRST_FREE_OFFSET), to = e->size - TAG_SIZE * lines_count(e);
    memset(e->bytes + from, fill, to - from);
}

JET_ERR page_scrub(struct page_edit *e, struct span operations)
{
    JET_ERR err = JET_errSuccess;
    bool may_wipe_nodes = (flags_of(e) & PAGE_FLAG_LEAF) != 0 && (flags_of(e) & PAGE_FLAG_NON_UNIQUE) == 0; /* in a non-unique tree data is part of the order */
    DEMAND(takes_nodes(e) && operations.size == node_count(e));
    for (uint32_t i = 0; i < operations.size; i++) {
        DEMAND(operations.data[i] <= PAGE_SCRUB_LONG_VALUE);
        DEMAND(operations.data[i] != PAGE_SCRUB_DELETED_DATA || (present_node(e, i).flags & NODE_FLAG_DELETED) != 0);
        DEMAND(operations.data[i] == PAGE_SCRUB_LEAVE || may_wipe_nodes);
    }
    for (uint32_t i = 0; i < operations.size; i++) {
        if (operations.data[i] == PAGE_SCRUB_LEAVE)
            continue;
        struct page_new_node node = present_node(e, i);
        uint8_t *data = e->bytes + (node.data.data - e->bytes);
        memset(data, operations.data[i] == PAGE_SCRUB_DELETED_DATA ? FILL_DELETED : FILL_LONG_VALUE, node.data.size);
        if (operations.data[i] == PAGE_SCRUB_LONG_VALUE)
            data[0] = SCRUBBED_CHUNK;
        lines_set_flags(e, i + 1, node.flags & ~(unsigned)NODE_FLAG_VERSIONED);
    }
    DEMAND(lines_compact(e));
    fill_free_space(e, FILL_USED_PAGE);
done:
    return err;
}

JET_ERR page_scrub_unused(struct page_edit *e)
{
    JET_ERR err = JET_errSuccess;
    if (lines_count(e) == 0) /* reserved, never built: it has nothing to wipe */
        goto done;
    lines_remove(e, 1, node_count(e));
    DEMAND(lines_compact(e));
    fill_free_space(e, FILL_UNUSED_PAGE);
done:
    return err;
}

void page_mark_scrubbed(struct page_edit *e)
{
    store_le32(e->bytes + PAGE_FLAGS_OFFSET, flags_of(e) | PAGE_FLAG_SCRUBBED);
}

/* --- external header --- */

JET_ERR page_set_external_header(struct page_edit *e, struct span external)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer copy;
    DEMAND(takes_nodes(e) && external.size <= e->size && external_is_sound(flags_of(e), external));
    struct page_view view = page_edit_view(e);
    struct span old = page_key_prefix(&view), prefix = external;
    if (page_is_root(&view)) {
        bool is_space_tree = (page_flags(&view) & PAGE_FLAG_SPACE_TREE) != 0;
        prefix = is_space_tree ? span_of(external.data + SPLIT_BUFFER_SIZE, external.size - SPLIT_BUFFER_SIZE) : span_of(external.data, 0);
    }
    uint32_t kept = common_bytes(old, prefix);
    for (uint32_t i = 0; i < page_node_count(&view); i++)
        DEMAND(page_node(&view, i).prefix.size <= kept);
    if (external.size > 0)
        memcpy(copy.bytes, external.data, external.size);
    DEMAND(lines_replace(e, 0, span_of(copy.bytes, external.size), 0));
done:
    return err;
}

JET_ERR page_set_prefix(struct page_edit *e, struct span prefix)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer copy;
    struct page_edit built = {copy.bytes, e->size, e->page_no};
    DEMAND(takes_nodes(e) && (flags_of(e) & PAGE_FLAG_ROOT) == 0 && prefix.size <= NODE_LENGTH_MAX);
    memcpy(copy.bytes, e->bytes, e->size);
    lines_init(&built);
    DEMAND(lines_replace(&built, 0, prefix, 0));
    for (uint32_t i = 0; i < node_count(e); i++) {
        struct page_new_node node = present_node(e, i);
        TRY(page_insert_compressed(&built, i, &node));
    }
    page_set_uncommitted_free(&built, load_le16(e->bytes + PAGE_UNCOMMITTED_OFFSET));
    memcpy(e->bytes, copy.bytes, e->size);
done:
    return err;
}
