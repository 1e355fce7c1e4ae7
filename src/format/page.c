/* Pages as bytes (page.h): the structural checks and the accessors that rely on them.
 *
 *   page header (database-file 4.1)          tag, small page            tag, large page (16, 32 KiB)
 *   +0  8  checksum                          +0 u16 size: 13 bits       +0 u16 size: 15 bits
 *   +8  8  dbtime                            +2 u16 offset: 13 bits,    +2 u16 offset: 15 bits
 *   +16 4  previous page                           flags: top 3 bits          (bit 15 of both stale)
 *   +20 4  next page
 *   +24 4  object id of the tree             node
 *   +28 2  free bytes                        u16 prefix length (low 13 bits), only with NODE_FLAG_COMPRESSED
 *   +30 2  uncommitted free bytes            u16 suffix length (low 13 bits)
 *   +32 2  first free offset                 key suffix, then data (at least one byte)
 *   +34 2  tag count: bits 0-11;             On large pages the flags are the top 3 bits of the node's first u16.
 *          reserved tags: bits 12-14
 *   +36 4  flags
 *   +40 24 sums of blocks 1..3 (large)
 *   +64 4  page number (large)
 *
 * Stale bits (top 3 of a small tag's size, bit 15 on large pages) occur in real files and are masked away.
 */
#include "format/page.h"

#include "base/assert.h"

enum {
    TAG_SIZE = 4,
    NODE_LENGTH_MASK = 0x1FFF,
    FLAG_SHIFT = 13,
    SPLIT_BUFFER_SIZE = 16, /* head of the external header of space-tree roots */
    SPACE_HEADER_SIZE = 16,
    CHILD_SIZE = 4,
    LARGE_PAGE_NO_OFFSET = 64
};

/* --- lines --- */

struct tag {
    uint32_t offset, size; /* offset from the end of the page header */
};

static struct tag tag_at(const struct page_view *p, uint32_t i)
{
    const uint8_t *at = p->bytes + p->size - (size_t)TAG_SIZE * (i + 1);
    uint32_t mask = page_is_large(p->size) ? PAGE_TAG_LARGE_MASK : PAGE_TAG_SMALL_MASK;
    return (struct tag){load_le16(at + 2) & mask, load_le16(at) & mask};
}

struct span page_line(const struct page_view *p, uint32_t tag, unsigned *flags)
{
    assert(tag < p->tag_count);
    struct tag t = tag_at(p, tag);
    const uint8_t *line = t.size == 0 ? p->bytes + p->header_size : p->bytes + p->header_size + t.offset;
    if (flags != NULL) {
        if (tag == 0) /* the external header is no node: its bytes are all content */
            *flags = 0;
        else if (page_is_large(p->size))
            *flags = t.size < 2 ? 0u : (unsigned)load_le16(line) >> FLAG_SHIFT;
        else
            *flags = (unsigned)load_le16(p->bytes + p->size - (size_t)TAG_SIZE * (tag + 1) + 2) >> FLAG_SHIFT;
    }
    return span_of(line, t.size);
}

/* The bytes nodes with NODE_FLAG_COMPRESSED share: tag 0 of a non-root page; what follows the split buffer on a space tree's root; data
 * roots have none. */
static struct span page_prefix(const struct page_view *p)
{
    struct span external = page_external_header(p);
    if (!page_is_root(p))
        return external;
    if ((page_flags(p) & PAGE_FLAG_SPACE_TREE) == 0 || external.size < SPLIT_BUFFER_SIZE)
        return span_of(external.data, 0);
    return span_of(external.data + SPLIT_BUFFER_SIZE, external.size - SPLIT_BUFFER_SIZE);
}

/* --- nodes --- */

/* Takes a line apart. false when its lengths do not fit the line or the prefix; *out is then unusable. */
static bool parse_node(struct span line, unsigned flags, struct span prefix, struct node *out)
{
    uint32_t head = 2, prefix_size = 0;
    if ((flags & NODE_FLAG_COMPRESSED) != 0) {
        head = 4;
        if (line.size < head)
            return false;
        prefix_size = load_le16(line.data) & NODE_LENGTH_MASK;
    }
    if (line.size < head || prefix_size > prefix.size)
        return false;
    uint32_t suffix_size = load_le16(line.data + head - 2) & NODE_LENGTH_MASK;
    if (suffix_size >= line.size - head) /* at least one byte of data */
        return false;
    out->prefix = span_of(prefix.data, prefix_size);
    out->suffix = span_of(line.data + head, suffix_size);
    out->data = span_of(line.data + head + suffix_size, line.size - head - suffix_size);
    out->flags = flags;
    return true;
}

struct node page_node(const struct page_view *p, uint32_t line)
{
    assert(line < page_node_count(p));
    struct node n;
    unsigned flags;
    struct span bytes = page_line(p, line + 1, &flags);
    struct span prefix = (flags & NODE_FLAG_COMPRESSED) != 0 ? page_prefix(p) : span_of(bytes.data, 0);
    bool is_sound = parse_node(bytes, flags, prefix, &n);
    assert(is_sound); /* page_view_init has seen to it */
    if (!is_sound)
        n = (struct node){bytes, bytes, bytes, 0};
    return n;
}

uint32_t node_copy_key(const struct node *n, uint8_t *room)
{
    memcpy(room, n->prefix.data, n->prefix.size);
    memcpy(room + n->prefix.size, n->suffix.data, n->suffix.size);
    return n->prefix.size + n->suffix.size;
}

int node_compare_key(const struct node *n, struct span key)
{
    uint32_t in_prefix = key.size < n->prefix.size ? key.size : n->prefix.size;
    int order = span_compare(n->prefix, span_of(key.data, in_prefix));
    if (order != 0)
        return order; /* differs inside the prefix, or the key ends inside it */
    return span_compare(n->suffix, span_of(key.data + in_prefix, key.size - in_prefix));
}

int node_compare_bookmark(const struct node *n, struct span key, struct span data)
{
    int order = node_compare_key(n, key);
    return order != 0 ? order : span_compare(n->data, data);
}

/* Key order of two nodes of one page: where both use the prefix, they share its shorter part. */
static int compare_node_keys(const struct node *a, const struct node *b)
{
    uint32_t shared = a->prefix.size < b->prefix.size ? a->prefix.size : b->prefix.size;
    struct span a_prefix = span_of(a->prefix.data + shared, a->prefix.size - shared);
    struct span b_prefix = span_of(b->prefix.data + shared, b->prefix.size - shared);
    if (a_prefix.size == 0) {
        struct node rest = {.prefix = b_prefix, .suffix = b->suffix};
        return -node_compare_key(&rest, a->suffix);
    }
    struct node rest = {.prefix = a_prefix, .suffix = a->suffix};
    return node_compare_key(&rest, b->suffix);
}

/* --- view --- */

/* Checks one node; NULL or what is wrong. */
static const char *node_fault(const struct page_view *p, uint32_t tag, struct span prefix, bool is_leaf)
{
    unsigned flags;
    struct node n;
    struct span line = page_line(p, tag, &flags);
    if (!parse_node(line, flags, prefix, &n))
        return "node: key lengths do not fit the line or the page prefix";
    if (!is_leaf && n.data.size != CHILD_SIZE)
        return "internal node: data is not a page number";
    return NULL;
}

/* Everything accessors rely on; NULL or what is wrong. */
static const char *view_fault(const struct page_view *p)
{
    uint32_t flags = page_flags(p), room = p->size - p->header_size;
    if ((load_le16(p->bytes + PAGE_TAG_STATE_OFFSET) & 0x8000) != 0)
        return "tag state: impossible bits";
    if (p->tag_count == 0)
        return (flags & PAGE_FLAG_PREINITIALIZED) != 0 ? NULL : "no tags";
    if ((uint32_t)p->tag_count * TAG_SIZE > room)
        return "tag array larger than the page";
    room -= (uint32_t)p->tag_count * TAG_SIZE;
    for (uint32_t i = 0; i < p->tag_count; i++) {
        struct tag t = tag_at(p, i);
        if (t.size != 0 && !range_within(t.offset, t.size, room))
            return "tag: line outside the data area";
    }
    if (page_is_root(p) && (flags & PAGE_FLAG_SPACE_TREE) != 0 && (flags & PAGE_FLAG_EMPTY) == 0 && page_external_header(p).size < SPLIT_BUFFER_SIZE)
        return "space tree root without split buffer";
    bool is_leaf = (flags & PAGE_FLAG_LEAF) != 0;
    if (p->tag_count == 1 && !is_leaf && (flags & (PAGE_FLAG_EMPTY | PAGE_FLAG_SCRUBBED)) == 0) /* scrubbed: of a tree that was deleted */
        return "internal page without nodes";
    struct span prefix = page_prefix(p);
    for (uint32_t i = 1; i < p->tag_count; i++) {
        const char *fault = node_fault(p, i, prefix, is_leaf);
        if (fault != NULL)
            return fault;
    }
    return NULL;
}

/* view_fault and the number a large page carries. */
static JET_ERR view_init(struct page_view *out, const uint8_t *bytes, uint32_t size, page_no_t page_no, const char **why)
{
    JET_ERR err = JET_errSuccess;
    memset(out, 0, sizeof *out);
    *why = "illegal page size";
    if (!page_size_is_legal(size))
        RAISE(JET_errDatabaseCorrupted);
    *why = "page never written";
    if (load_le64(bytes) == 0 && is_all_zero(bytes, size))
        RAISE(JET_errPageNotInitialized);
    *why = "page carries another page number";
    if (page_is_large(size) && load_le32(bytes + LARGE_PAGE_NO_OFFSET) != page_no)
        RAISE(JET_errReadPgnoVerifyFailure);
    struct page_view view = page_view_trusted(bytes, size, page_no);
    *why = view_fault(&view);
    if (*why != NULL)
        RAISE(JET_errDatabaseCorrupted);
    *out = view;
done:
    return err;
}

JET_ERR page_view_init(struct page_view *out, const uint8_t *bytes, uint32_t size, page_no_t page_no, const char **why)
{
    const char *text;
    return view_init(out, bytes, size, page_no, why != NULL ? why : &text);
}

/* --- exhaustive check --- */

/* One bit per byte of the data area, to find overlapping lines. */
struct byte_map {
    uint64_t words[PAGE_SIZE_MAX / 64];
};

/* Marks [offset, offset + size); false when a byte of it is marked already. */
static bool byte_map_claim(struct byte_map *map, uint32_t offset, uint32_t size)
{
    while (size > 0) {
        uint32_t bit = offset % 64, count = 64 - bit < size ? 64 - bit : size;
        uint64_t mask = (count == 64 ? UINT64_MAX : (1ull << count) - 1) << bit;
        if ((map->words[offset / 64] & mask) != 0)
            return false;
        map->words[offset / 64] |= mask;
        offset += count;
        size -= count;
    }
    return true;
}

static const char *area_fault(const struct page_view *p)
{
    uint32_t room = p->size - p->header_size - (uint32_t)p->tag_count * TAG_SIZE, used = 0, end = 0;
    struct byte_map map;
    memset(&map, 0, sizeof map);
    for (uint32_t i = 0; i < p->tag_count; i++) {
        struct tag t = tag_at(p, i);
        if (t.size == 0)
            continue;
        if (!byte_map_claim(&map, t.offset, t.size))
            return "lines overlap";
        used += t.size;
        if (end < t.offset + t.size)
            end = t.offset + t.size;
    }
    if (page_free_bytes(p) != room - used)
        return "free byte count is wrong";
    if (page_first_free_offset(p) < end || page_first_free_offset(p) > room)
        return "first free offset is wrong";
    return NULL;
}

static const char *order_fault(const struct page_view *p)
{
    uint32_t count = page_node_count(p);
    bool is_leaf = page_is_leaf(p), by_data = is_leaf && (page_flags(p) & PAGE_FLAG_NON_UNIQUE) != 0 && (page_flags(p) & PAGE_FLAG_SPACE_TREE) == 0;
    struct node before = {.flags = 0};
    for (uint32_t i = 0; i < count; i++) {
        struct node n = page_node(p, i);
        if (!is_leaf) {
            page_no_t child = node_child(&n);
            if (child == 0 || child > PAGE_NO_MAX || child == p->page_no)
                return "internal node: impossible child page";
            if (node_key_size(&n) == 0) { /* infinity: sorts last whatever it follows */
                if (i + 1 < count)
                    return "internal node: empty separator before the last";
                break;
            }
        }
        if (i > 0) {
            int order = compare_node_keys(&before, &n);
            if (order == 0 && by_data)
                order = span_compare(before.data, n.data);
            if (order >= 0)
                return "nodes are not in ascending order";
        }
        before = n;
    }
    return NULL;
}

static const char *header_fault(const struct page_view *p)
{
    uint32_t flags = page_flags(p);
    bool is_leaf = (flags & PAGE_FLAG_LEAF) != 0, is_root = (flags & PAGE_FLAG_ROOT) != 0;
    if (is_leaf && (flags & PAGE_FLAG_PARENT_OF_LEAF) != 0)
        return "flags: leaf and parent of leaf";
    if ((flags & PAGE_FLAG_INDEX) != 0 && (flags & PAGE_FLAG_LONG_VALUE) != 0)
        return "flags: secondary index and long values";
    if (page_objid(p) == 0)
        return "object id is zero";
    if ((flags & PAGE_FLAG_EMPTY) != 0)
        return page_node_count(p) == 0 ? NULL : "flags: empty, but nodes present";
    page_no_t previous = page_previous(p), next = page_next(p);
    if (previous > PAGE_NO_MAX || next > PAGE_NO_MAX || (p->page_no != 0 && (previous == p->page_no || next == p->page_no)))
        return "impossible sibling page";
    if ((is_root || !is_leaf) && (previous != 0 || next != 0))
        return is_root ? "root page with siblings" : "internal page with siblings";
    if (previous != 0 && previous == next)
        return "previous and next page are the same";
    if (is_root && (flags & PAGE_FLAG_SPACE_TREE) == 0) {
        struct space_header space;
        if (space_header_decode(page_external_header(p), &space) < 0)
            return "root page without a space header";
    }
    return NULL;
}

JET_ERR page_check(const uint8_t *bytes, uint32_t size, page_no_t page_no, const char **why)
{
    JET_ERR err = JET_errSuccess;
    const char *text = NULL;
    struct page_view view;
    TRY(view_init(&view, bytes, size, page_no, &text));
    if (view.tag_count == 0) /* pre-initialised: nothing but a header */
        goto done;
    text = header_fault(&view);
    if (text == NULL)
        text = area_fault(&view);
    if (text == NULL)
        text = order_fault(&view);
    if (text != NULL)
        RAISE(JET_errDatabaseCorrupted);
done:
    if (why != NULL)
        *why = text;
    return err;
}

/* --- space header --- */

JET_ERR space_header_decode(struct span external_header, struct space_header *out)
{
    enum { HAS_SPACE_HEADER = 1, HAS_AUTOINCREMENT = 2, AUTOINCREMENT_SIZE = 8 };
    JET_ERR err = JET_errSuccess;
    struct space_header space = {.parent = 0};
    struct span rest = external_header;
    memset(out, 0, sizeof *out);
    if (rest.size < SPACE_HEADER_SIZE)
        RAISE(JET_errDatabaseCorrupted);
    if (rest.size > SPACE_HEADER_SIZE) { /* the form with a leading flag byte (formats >= 30) */
        uint8_t parts = rest.data[0];
        space.has_autoincrement = (parts & HAS_AUTOINCREMENT) != 0;
        uint32_t expected = 1u + SPACE_HEADER_SIZE + (space.has_autoincrement ? (uint32_t)AUTOINCREMENT_SIZE : 0u);
        if ((parts & HAS_SPACE_HEADER) == 0 || (parts & ~(HAS_SPACE_HEADER | HAS_AUTOINCREMENT)) != 0 || rest.size != expected)
            RAISE(JET_errDatabaseCorrupted);
        rest = span_of(rest.data + 1, rest.size - 1);
    }
    space.primary_pages = load_le32(rest.data);
    space.parent = load_le32(rest.data + 4);
    space.flags = load_le32(rest.data + 8);
    space.free_map_or_owned_root = load_le32(rest.data + 12);
    if (space.has_autoincrement)
        space.autoincrement = load_le64(rest.data + SPACE_HEADER_SIZE);
    *out = space;
done:
    return err;
}
