/* Whole page images in log records, and difference streams (log-files 9.4.1, 9.5, 9.7).
 *
 *   dehydrated: the page compacted, the free gap between the last line and the tag array cut out
 *   compressed: scheme byte, u16 size, stream (format/compression.h)
 *
 * Pure functions on untrusted bytes. Called by page/redo and by the writers of split, merge and move records.
 */
#ifndef OPENESE_PAGE_IMAGE_H
#define OPENESE_PAGE_IMAGE_H

#include "page/edit.h"

enum page_image_flag { PAGE_IMAGE_DEHYDRATED = 1, PAGE_IMAGE_COMPRESSED = 2 };

/* Undoes the transformations: out (page_size bytes) becomes a page that page_edit_open accepts. flags: page_image_flag. JET_errLogCorrupted;
 * JET_errFeatureNotAvailable for a compression that is not available here. */
MUST_CHECK JET_ERR page_image_restore(struct span stored, uint32_t flags, uint32_t page_size, page_no_t page_no, uint8_t *out);
/* Writes the image of a page as short as is worth it into out (page_size bytes). *flags says how it was made; with try_compression off it is at most
 * dehydrated. JET_errOutOfMemory. */
MUST_CHECK JET_ERR page_image_shrink(const struct page_edit *page, bool try_compression, uint8_t *out, uint32_t *size, uint32_t *flags);
/* The same, never compressed, of a page that is about to lose nodes: but for the dbtime, which is that of the record the image stands in (log-files 9.5, 9.6). */
MUST_CHECK JET_ERR page_image_before(const struct page_edit *page, uint64_t dbtime, uint8_t *out, uint32_t *size, uint32_t *flags);

/* A page logged as its first and its last bytes, the gap left out: rebuilt under another number. Checked as page_image_restore. */
MUST_CHECK JET_ERR page_image_join(struct span header, struct span trailer, uint32_t page_size, page_no_t page_no, uint8_t *out);
/* Where that cut goes: sizes of the two pieces of a page. */
void page_image_cut(const struct page_edit *page, uint32_t *header_size, uint32_t *trailer_size);

/* Applies a difference stream to old data. out: new_size bytes, not overlapping the others. The result must be exactly new_size bytes and the stream
 * used up: else JET_errLogCorrupted; JET_errLogFileCorrupt when an entry is not whole or names old data that is not there. is_long: entries with three-byte headers. */
MUST_CHECK JET_ERR page_difference_apply(struct span old, struct span stream, bool is_long, uint8_t *out, uint32_t new_size);

#endif
