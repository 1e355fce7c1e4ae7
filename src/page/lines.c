/* Lines of a page: the tag array, the data area, and the free space between them (internal.h).
 *
 *   +header     lines in any physical order, with holes ... first free offset
 *               contiguous free space
 *   size-4*n    tags
 *
 * Free bytes of the header = contiguous space + holes. A line that grows moves to the end of the data area; when the contiguous space is too
 * small for it the lines are moved together first. Tag 0 is the external header.
 */
#include "page/internal.h"

enum { TAG_SIZE = 4, TAG_COUNT_MASK = 0xFFF, SMALL_MASK = 0x1FFF, LARGE_MASK = 0x7FFF, FLAG_SHIFT = 13, FLAG_BITS = 0xE000 };

static uint8_t *tag_bytes(const struct page_edit *e, uint32_t tag) { return e->bytes + e->size - (size_t)TAG_SIZE * (tag + 1); }
static uint8_t *data_area(const struct page_edit *e) { return e->bytes + page_header_size(e->size); }
static uint32_t field(const struct page_edit *e, uint32_t offset) { return load_le16(e->bytes + offset); }
static void set_field(struct page_edit *e, uint32_t offset, uint32_t value) { store_le16(e->bytes + offset, (uint16_t)value); }

uint32_t lines_count(const struct page_edit *e) { return field(e, PAGE_TAG_STATE_OFFSET) & TAG_COUNT_MASK; }

/* The reserved-tag bits of newer formats stay as they are. */
static void set_count(struct page_edit *e, uint32_t count)
{
    set_field(e, PAGE_TAG_STATE_OFFSET, (field(e, PAGE_TAG_STATE_OFFSET) & ~(uint32_t)TAG_COUNT_MASK) | count);
}

static uint32_t mask_of(const struct page_edit *e) { return page_is_large(e->size) ? LARGE_MASK : SMALL_MASK; }
static uint32_t line_size(const struct page_edit *e, uint32_t tag) { return load_le16(tag_bytes(e, tag)) & mask_of(e); }
static uint32_t line_offset(const struct page_edit *e, uint32_t tag) { return load_le16(tag_bytes(e, tag) + 2) & mask_of(e); }

/* Data area up to the tag array. */
static uint32_t area_size(const struct page_edit *e) { return e->size - page_header_size(e->size) - TAG_SIZE * lines_count(e); }

/* The two words of a tag; on small pages the upper bits of the second are the node's flags. */
static void store_tag(struct page_edit *e, uint32_t tag, uint32_t offset, uint32_t size, unsigned small_flags)
{
    store_le16(tag_bytes(e, tag), (uint16_t)size);
    store_le16(tag_bytes(e, tag) + 2, (uint16_t)(offset | small_flags << FLAG_SHIFT));
}

static void put_tag(struct page_edit *e, uint32_t tag, uint32_t offset, uint32_t size, unsigned flags)
{
    bool is_large = page_is_large(e->size);
    store_tag(e, tag, offset, size, is_large || tag == 0 ? 0 : flags);
    if (is_large && tag != 0 && size >= 2) {
        uint8_t *line = data_area(e) + offset;
        store_le16(line, (uint16_t)((load_le16(line) & ~(unsigned)FLAG_BITS) | flags << FLAG_SHIFT));
    }
}

/* Node flags as far as the tag holds them. */
static unsigned small_flags_of(const struct page_edit *e, uint32_t tag)
{
    return tag == 0 || page_is_large(e->size) ? 0u : (unsigned)load_le16(tag_bytes(e, tag) + 2) >> FLAG_SHIFT;
}

void lines_set_flags(struct page_edit *e, uint32_t tag, unsigned flags) { put_tag(e, tag, line_offset(e, tag), line_size(e, tag), flags); }

/* After every change: the promise to rollbacks cannot exceed the free space. */
static void set_free(struct page_edit *e, uint32_t bytes)
{
    set_field(e, PAGE_FREE_OFFSET, bytes);
    if (field(e, PAGE_UNCOMMITTED_OFFSET) > bytes)
        set_field(e, PAGE_UNCOMMITTED_OFFSET, bytes);
}

const char *lines_fault(const struct page_edit *e)
{
    enum { WORD_BITS = 64 };
    uint64_t taken[PAGE_SIZE_MAX / WORD_BITS];
    uint32_t count = lines_count(e), area = area_size(e), used = 0, end = 0;
    memset(taken, 0, e->size / 8);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = line_offset(e, i), size = line_size(e, i);
        if (size == 0)
            continue;
        if (!range_within(offset, size, area))
            return "tag: line outside the data area";
        used += size;
        end = offset + size > end ? offset + size : end;
        for (uint32_t left = size; left > 0;) {
            uint32_t bit = offset % WORD_BITS, run = WORD_BITS - bit < left ? WORD_BITS - bit : left;
            uint64_t mask = (run == WORD_BITS ? UINT64_MAX : (1ull << run) - 1) << bit;
            if ((taken[offset / WORD_BITS] & mask) != 0)
                return "lines overlap";
            taken[offset / WORD_BITS] |= mask;
            offset += run;
            left -= run;
        }
    }
    if (field(e, PAGE_FREE_OFFSET) != area - used)
        return "free byte count is wrong";
    if (field(e, PAGE_FIRST_FREE_OFFSET) < end || field(e, PAGE_FIRST_FREE_OFFSET) > area)
        return "first free offset is wrong";
    return NULL;
}

void lines_init(struct page_edit *e)
{
    set_count(e, 1);
    set_field(e, PAGE_FREE_OFFSET, e->size - page_header_size(e->size) - TAG_SIZE);
    set_field(e, PAGE_UNCOMMITTED_OFFSET, 0);
    set_field(e, PAGE_FIRST_FREE_OFFSET, 0);
    put_tag(e, 0, 0, 0, 0);
}

bool lines_compact(struct page_edit *e)
{
    uint32_t count = lines_count(e), header = page_header_size(e->size), area = area_size(e), at = 0;
    struct page_buffer old;
    memcpy(old.bytes, data_area(e), area);
    for (uint32_t i = 0; i < count; i++) /* before anything is changed */
        at += line_size(e, i);
    if (at > area)
        return false;
    at = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = line_offset(e, i), size = line_size(e, i);
        if (size > 0)
            memcpy(e->bytes + header + at, old.bytes + offset, size);
        store_tag(e, i, at, size, small_flags_of(e, i));
        at += size;
    }
    memset(e->bytes + header + at, 0, area - at); /* what was deleted leaves the page */
    set_field(e, PAGE_FIRST_FREE_OFFSET, at);
    return true;
}

/* Makes `size` contiguous bytes at the end of the data area, leaving `tags` bytes for the tag array to grow. */
static bool make_room(struct page_edit *e, uint32_t size, uint32_t tags)
{
    if (field(e, PAGE_FIRST_FREE_OFFSET) + size + tags <= area_size(e))
        return true;
    return lines_compact(e) && field(e, PAGE_FIRST_FREE_OFFSET) + size + tags <= area_size(e);
}

/* Bytes at the end of the data area become line `tag`. */
static void place_line(struct page_edit *e, uint32_t tag, struct span bytes, unsigned flags)
{
    uint32_t offset = field(e, PAGE_FIRST_FREE_OFFSET);
    if (bytes.size > 0)
        memcpy(data_area(e) + offset, bytes.data, bytes.size);
    put_tag(e, tag, offset, bytes.size, flags);
    set_field(e, PAGE_FIRST_FREE_OFFSET, offset + bytes.size);
}

bool lines_insert(struct page_edit *e, uint32_t tag, struct span bytes, unsigned flags)
{
    uint32_t count = lines_count(e), free_bytes = field(e, PAGE_FREE_OFFSET);
    if (count >= PAGE_TAG_COUNT_MAX || tag > count || bytes.size + TAG_SIZE > free_bytes || !make_room(e, bytes.size, TAG_SIZE))
        return false;
    memmove(tag_bytes(e, count), tag_bytes(e, count - 1), (size_t)TAG_SIZE * (count - tag)); /* tags grow downward: later ones stand lower */
    set_count(e, count + 1);
    place_line(e, tag, bytes, flags);
    set_free(e, free_bytes - bytes.size - TAG_SIZE);
    return true;
}

/* Gives the bytes from offset + keep on back to the contiguous space if the line is the last one. */
static void release_tail(struct page_edit *e, uint32_t offset, uint32_t size, uint32_t keep)
{
    if (size > 0 && offset + size == field(e, PAGE_FIRST_FREE_OFFSET))
        set_field(e, PAGE_FIRST_FREE_OFFSET, offset + keep);
}

bool lines_replace(struct page_edit *e, uint32_t tag, struct span bytes, unsigned flags)
{
    uint32_t offset = line_offset(e, tag), size = line_size(e, tag), free_bytes = field(e, PAGE_FREE_OFFSET);
    if (bytes.size <= size) {
        if (bytes.size > 0)
            memcpy(data_area(e) + offset, bytes.data, bytes.size);
        put_tag(e, tag, bytes.size == 0 ? 0 : offset, bytes.size, flags);
        release_tail(e, offset, size, bytes.size);
        set_free(e, free_bytes + size - bytes.size);
        return true;
    }
    if (bytes.size - size > free_bytes)
        return false;
    release_tail(e, offset, size, 0);
    put_tag(e, tag, 0, 0, 0);
    if (!make_room(e, bytes.size, 0)) { /* cannot be: the bytes are there */
        put_tag(e, tag, offset, size, flags);
        return false;
    }
    place_line(e, tag, bytes, flags);
    set_free(e, free_bytes + size - bytes.size);
    return true;
}

void lines_remove(struct page_edit *e, uint32_t tag, uint32_t count)
{
    uint32_t total = lines_count(e), freed = 0;
    for (uint32_t i = count; i > 0; i--) { /* lines added last stand last: this order gives most back */
        uint32_t offset = line_offset(e, tag + i - 1), size = line_size(e, tag + i - 1);
        release_tail(e, offset, size, 0);
        freed += size;
    }
    uint32_t behind = total - tag - count;
    memmove(tag_bytes(e, total - count - 1), tag_bytes(e, total - 1), (size_t)TAG_SIZE * behind);
    set_count(e, total - count);
    set_free(e, field(e, PAGE_FREE_OFFSET) + freed + TAG_SIZE * count);
}

uint32_t node_encode(uint8_t *out, const struct page_new_node *node)
{
    uint32_t at = 0, suffix_size = page_key_size(&node->key) - node->prefix_size, skip = node->prefix_size;
    if (node->prefix_size > 0) {
        store_le16(out, (uint16_t)node->prefix_size);
        at = 2;
    }
    store_le16(out + at, (uint16_t)suffix_size);
    at += 2;
    const struct span parts[2] = {node->key.head, node->key.tail};
    for (int i = 0; i < 2; i++) {
        uint32_t skipped = skip < parts[i].size ? skip : parts[i].size;
        if (parts[i].size > skipped)
            memcpy(out + at, parts[i].data + skipped, parts[i].size - skipped);
        at += parts[i].size - skipped;
        skip -= skipped;
    }
    memcpy(out + at, node->data.data, node->data.size);
    return at + node->data.size;
}
