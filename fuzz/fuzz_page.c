/* One page: checksum verification and repair, structure, and every accessor, at every page size. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "format/checksum.h"
#include "format/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch_page(const struct page_view *view, uint8_t *key)
{
    uint32_t sum = page_free_bytes(view) + page_objid(view) + page_previous(view) + page_next(view) + page_first_free_offset(view) +
                   page_uncommitted_free_bytes(view) + (uint32_t)page_dbtime(view);
    struct space_header space;
    if (space_header_decode(page_external_header(view), &space) >= 0)
        sum += space.parent;
    struct span before = span_of(key, 0);
    for (uint32_t i = 0; i < page_node_count(view); i++) {
        struct node n = page_node(view, i);
        (void)node_compare_key(&n, before);
        (void)node_compare_bookmark(&n, before, n.data);
        uint32_t key_size = node_copy_key(&n, key);
        assert_always(key_size == node_key_size(&n) && key_size <= 2 * 8192 && n.data.size > 0);
        before = span_of(key, key_size);
        assert_always(node_compare_key(&n, before) == 0);
        sum += n.data.data[n.data.size - 1];
        if (!page_is_leaf(view))
            sum += node_child(&n);
    }
    for (uint32_t i = 0; i < view->tag_count; i++) {
        unsigned flags;
        struct span line = page_line(view, i, &flags);
        assert_always(line.data >= view->bytes && line.data + line.size <= view->bytes + view->size);
    }
    __asm__ volatile("" : : "r"(sum)); /* keeps the reads */
}

static void try_page(uint8_t *page, uint32_t size, page_no_t page_no, uint8_t *key)
{
    struct page_view view;
    const char *why = NULL;
    struct checksum_result seen = checksum_verify_page(page, size, page_no, false);
    struct checksum_result result = checksum_verify_page(page, size, page_no, true);
    assert_always(seen.verdict == result.verdict);
    if (result.verdict == CHECKSUM_REPAIRED)
        assert_always(checksum_verify_page(page, size, page_no, false).verdict == CHECKSUM_OK);
    JET_ERR err = page_view_init(&view, page, size, page_no, &why);
    assert_always((err < 0) == (why != NULL));
    if (err >= 0) {
        touch_page(&view, key);
        struct page_view trusted = page_view_trusted(page, size, page_no);
        assert_always(trusted.tag_count == view.tag_count && trusted.header_size == view.header_size);
    }
    assert_always(page_check(page, size, page_no, &why) < 0 ? why != NULL : err >= 0);
    checksum_store_page(page, size, page_no);
    seen = checksum_verify_page(page, size, page_no, false);
    assert_always(seen.verdict == CHECKSUM_OK || seen.verdict == CHECKSUM_ZERO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *page = (uint8_t *)malloc(PAGE_SIZE_MAX), *key = (uint8_t *)malloc(2 * 8192);
    for (uint32_t page_size = PAGE_SIZE_MIN; page != NULL && key != NULL && page_size <= PAGE_SIZE_MAX; page_size *= 2) {
        memset(page, 0, PAGE_SIZE_MAX);
        if (size <= page_size) { /* head at the head, the rest at the tail, where the tags are */
            size_t head = size / 2;
            memcpy(page, data, head);
            memcpy(page + page_size - (size - head), data + head, size - head);
        } else {
            memcpy(page, data, page_size);
        }
        if (page_is_large(page_size)) /* large pages name themselves */
            store_le32(page + 64, 7);
        try_page(page, page_size, 7, key);
    }
    free(key);
    free(page);
    return 0;
}
