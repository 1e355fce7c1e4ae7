/* Page images and difference streams (image.h). */
#include "page/image.h"

#include "format/compression.h"
#include "page/internal.h"

enum { TAG_SIZE = 4 };

static uint32_t tag_count_of(const uint8_t *image) { return load_le16(image + PAGE_TAG_STATE_OFFSET) & PAGE_TAG_COUNT_MAX; }

/* Moves the tag array of a shortened page (size bytes in out) to the end of a full one. */
static JET_ERR rehydrate(uint8_t *out, uint32_t size, uint32_t page_size)
{
    JET_ERR err = JET_errSuccess;
    uint32_t header = page_header_size(page_size), grown = page_size - size;
    if (size < header)
        RAISE(JET_errLogCorrupted);
    uint32_t tags = tag_count_of(out) * TAG_SIZE, free_bytes = load_le16(out + PAGE_FREE_OFFSET);
    if (tags > size - header || free_bytes + grown > UINT16_MAX)
        RAISE(JET_errLogCorrupted);
    memmove(out + page_size - tags, out + size - tags, tags);
    memset(out + size - tags, 0, grown);
    store_le16(out + PAGE_FREE_OFFSET, (uint16_t)(free_bytes + grown));
done:
    return err;
}

/* A logged image that is no page is the log's fault. */
static JET_ERR check_image(uint8_t *out, uint32_t page_size, page_no_t page_no)
{
    struct page_edit page;
    return page_edit_open(&page, out, page_size, page_no) < 0 ? error_raise(JET_errLogCorrupted, __FILE__, __LINE__) : JET_errSuccess;
}

JET_ERR page_image_restore(struct span stored, uint32_t flags, uint32_t page_size, page_no_t page_no, uint8_t *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = stored.size;
    if (!page_size_is_legal(page_size))
        RAISE(JET_errLogCorrupted);
    if ((flags & PAGE_IMAGE_COMPRESSED) != 0) {
        uint32_t plain_size = 0;
        err = compression_plain_size(stored, &plain_size);
        if (err >= 0 && plain_size <= page_size)
            err = compression_expand(stored, out, page_size, &size);
        if (err < 0 && err != JET_errFeatureNotAvailable)
            RAISE(JET_errLogCorrupted);
        TRY(err);
        if (plain_size > page_size || size != plain_size)
            RAISE(JET_errLogCorrupted);
    } else {
        if (size > page_size)
            RAISE(JET_errLogCorrupted);
        memcpy(out, stored.data, size);
    }
    if ((flags & PAGE_IMAGE_DEHYDRATED) != 0)
        TRY(rehydrate(out, size, page_size));
    else if (size != page_size)
        RAISE(JET_errLogCorrupted);
    TRY(check_image(out, page_size, page_no));
done:
    return err;
}

/* Copies a page without its free gap, or as it is where that saves little. Returns the size. */
static uint32_t dehydrate(const struct page_edit *page, uint8_t *out)
{
    struct page_edit copy = {out, page->size, page->page_no};
    memcpy(out, page->bytes, page->size);
    if (load_le16(page->bytes + PAGE_FREE_OFFSET) < page->size / 10 || !lines_compact(&copy))
        return page->size;
    uint32_t tags = lines_count(&copy) * TAG_SIZE, used = page_header_size(page->size) + load_le16(out + PAGE_FIRST_FREE_OFFSET);
    uint32_t size = (used + tags + 1) & ~1u;
    memmove(out + size - tags, out + page->size - tags, tags);
    store_le16(out + PAGE_FREE_OFFSET, (uint16_t)(load_le16(out + PAGE_FREE_OFFSET) - (page->size - size)));
    return size;
}

JET_ERR page_image_shrink(const struct page_edit *page, bool try_compression, uint8_t *out, uint32_t *size, uint32_t *flags)
{
    JET_ERR err = JET_errSuccess;
    struct page_buffer packed;
    uint32_t packed_size = 0;
    *flags = 0;
    *size = dehydrate(page, out);
    if (*size < page->size)
        *flags |= PAGE_IMAGE_DEHYDRATED;
    if (try_compression)
        TRY(compression_shrink(span_of(out, *size), 0, packed.bytes, &packed_size));
    if (packed_size > 0 && compression_scheme(span_of(packed.bytes, packed_size)) == COMPRESSION_XPRESS) {
        memcpy(out, packed.bytes, packed_size);
        *size = packed_size;
        *flags |= PAGE_IMAGE_COMPRESSED;
    }
done:
    return err;
}

JET_ERR page_image_before(const struct page_edit *page, uint64_t dbtime, uint8_t *out, uint32_t *size, uint32_t *flags)
{
    JET_ERR err = JET_errSuccess;
    struct page_edit image = page_edit_trusted(out, page->size, page->page_no);
    TRY(page_image_shrink(page, false, out, size, flags));
    page_set_dbtime(&image, dbtime); /* in the header, which no shortening moves */
done:
    return err;
}

JET_ERR page_image_join(struct span header, struct span trailer, uint32_t page_size, page_no_t page_no, uint8_t *out)
{
    JET_ERR err = JET_errSuccess;
    if (!page_size_is_legal(page_size) || header.size < page_header_size(page_size) || !range_within(header.size, trailer.size, page_size))
        RAISE(JET_errLogCorrupted);
    memcpy(out, header.data, header.size);
    memset(out + header.size, 0, page_size - header.size - trailer.size);
    if (trailer.size > 0)
        memcpy(out + page_size - trailer.size, trailer.data, trailer.size);
    if (page_is_large(page_size))
        store_le32(out + PAGE_NUMBER_OFFSET, page_no);
    TRY(check_image(out, page_size, page_no));
done:
    return err;
}

void page_image_cut(const struct page_edit *page, uint32_t *header_size, uint32_t *trailer_size)
{
    *header_size = page_header_size(page->size) + load_le16(page->bytes + PAGE_FIRST_FREE_OFFSET);
    *trailer_size = lines_count(page) * TAG_SIZE;
}

/* --- difference streams --- */

struct difference {
    struct span stream, old;
    uint32_t at, old_at, out_at, out_size;
    uint8_t *out;
};

static bool read_number(struct difference *d, bool is_wide, uint32_t *value)
{
    uint32_t width = is_wide ? 2 : 1;
    if (!range_within(d->at, width, d->stream.size))
        return false;
    *value = is_wide ? load_le16(d->stream.data + d->at) : d->stream.data[d->at];
    d->at += width;
    return true;
}

/* What does not fit into the result is counted only: the size at the end tells. */
static bool put(struct difference *d, struct span from, uint32_t *at, uint32_t size)
{
    if (!range_within(*at, size, from.size))
        return false;
    if (size > 0 && range_within(d->out_at, size, d->out_size))
        memcpy(d->out + d->out_at, from.data + *at, size);
    *at += size;
    d->out_at += size;
    return true;
}

/* One entry: old bytes up to its offset, then its own bytes in place of old ones, or between them. */
static bool apply_entry(struct difference *d, bool is_long)
{
    enum { SAME_LENGTH = 1, INSERT = 2, WIDE = 4 };
    uint32_t word, flags, new_size, old_size = 0;
    if (!read_number(d, true, &word))
        return false;
    flags = word >> 13;
    if (is_long && !read_number(d, false, &flags))
        return false;
    if (is_long)
        flags >>= 5;
    uint32_t offset = is_long ? word : word & 0x1FFF;
    if (offset < d->old_at || !put(d, d->old, &d->old_at, offset - d->old_at))
        return false;
    bool is_wide = (flags & WIDE) != 0;
    if (!read_number(d, is_wide, &new_size))
        return false;
    if ((flags & INSERT) == 0) {
        old_size = new_size;
        if ((flags & SAME_LENGTH) == 0 && !read_number(d, is_wide, &old_size))
            return false;
    }
    if (!put(d, d->stream, &d->at, new_size) || !range_within(d->old_at, old_size, d->old.size))
        return false;
    d->old_at += old_size;
    return true;
}

JET_ERR page_difference_apply(struct span old, struct span stream, bool is_long, uint8_t *out, uint32_t new_size)
{
    JET_ERR err = JET_errSuccess;
    struct difference d = {.stream = stream, .old = old, .out = out, .out_size = new_size};
    while (d.at < d.stream.size) {
        if (!apply_entry(&d, is_long))
            RAISE(JET_errLogFileCorrupt);
    }
    if (!put(&d, d.old, &d.old_at, d.old.size - d.old_at) || d.out_at != new_size)
        RAISE(JET_errLogCorrupted);
done:
    return err;
}
