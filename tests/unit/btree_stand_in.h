/* A stand-in for the page cache over a page image, for tests of btree/: it sees every latch, so it can say at once when one is taken out of
 * order (btree rules 1-5), and it can change the tree at every moment when nothing is latched, as another thread would. Defines the
 * functions of cache.h that btree/ uses; a test that includes it links no part of the real cache. */
#ifndef TESTS_UNIT_BTREE_STAND_IN_H
#define TESTS_UNIT_BTREE_STAND_IN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btree/btree.h"
#include "page_builder.h"

enum { STAND_IN_HELD_MAX = 2 };

struct cache_frame {
    page_no_t page_no;
};

struct cache_file {
    struct page_image image;
    struct cache_frame held[STAND_IN_HELD_MAX];
    unsigned held_count;
    uint64_t gets;
    bool order_is_free; /* a damaged tree may lead anywhere */
    void (*when_nothing_is_held)(void *context);
    void *context;
    bool is_in_memory;   /* what cache_peek says of every page */
    uint8_t *prefetched; /* one byte per page: times asked for; NULL = not counted */
};

static void fail_order(const struct cache_file *file, page_no_t page_no)
{
    fail_msg("page %u latched while page %u is held: neither its parent nor its left sibling", page_no,
             file->held[file->held_count - 1].page_no);
}

/* Is page_no a child, or the right sibling, of the held page? */
static bool may_follow(const struct cache_file *file, page_no_t held, page_no_t page_no)
{
    struct page_view view = page_view_trusted(image_page(&file->image, held), file->image.page_size, held);
    if (page_is_leaf(&view))
        return page_next(&view) == page_no;
    for (uint32_t i = 0; i < page_node_count(&view); i++) {
        struct node node = page_node(&view, i);
        if (node_child(&node) == page_no)
            return true;
    }
    return false;
}

JET_ERR cache_get(struct cache_file *file, page_no_t page_no, enum page_latch latch, struct page_ref *out)
{
    *out = (struct page_ref){0};
    file->gets++;
    if (page_no == 0 || page_no > file->image.pages)
        return JET_errFileIOBeyondEOF;
    for (unsigned i = 0; i < file->held_count; i++) {
        if (file->held[i].page_no == page_no)
            fail_msg("page %u latched twice", page_no);
    }
    if (file->held_count == STAND_IN_HELD_MAX)
        fail_msg("more than two pages latched");
    if (file->held_count > 0 && !file->order_is_free && !may_follow(file, file->held[file->held_count - 1].page_no, page_no))
        fail_order(file, page_no);
    JET_ERR err = page_view_init(&out->view, image_page(&file->image, page_no), file->image.page_size, page_no, NULL);
    if (err < 0) {
        *out = (struct page_ref){0};
        return err;
    }
    file->held[file->held_count++].page_no = page_no;
    out->latch = latch;
    out->frame = (struct cache_frame *)file; /* releasing needs the file, not the frame */
    return JET_errSuccess;
}

void cache_release(struct page_ref *ref)
{
    if (ref->frame == NULL)
        return;
    struct cache_file *file = (struct cache_file *)ref->frame;
    unsigned i = 0;
    while (i < file->held_count && file->held[i].page_no != ref->view.page_no)
        i++;
    assert_true(i < file->held_count);
    file->held[i] = file->held[--file->held_count];
    *ref = (struct page_ref){0};
    if (file->held_count == 0 && file->when_nothing_is_held != NULL)
        file->when_nothing_is_held(file->context);
}

uint32_t cache_peek(struct cache_file *file, const page_no_t *page_no, uint32_t count)
{
    assert_in_range(count, 0, CACHE_PEEK_MAX);
    (void)page_no;
    return file->is_in_memory ? UINT32_MAX : 0;
}

uintptr_t cache_whereabouts(struct cache_file *file, page_no_t page_no)
{
    (void)file, (void)page_no;
    return 0;
}

void cache_prefetch(struct cache_file *file, page_no_t first, uint32_t count)
{
    assert_int_equal(file->held_count <= 1, 1);
    for (uint32_t i = 0; i < count; i++) {
        assert_in_range(first + i, 1, file->image.pages);
        if (file->prefetched != NULL)
            file->prefetched[first + i]++;
    }
}

page_no_t cache_file_last_page(const struct cache_file *file) { return file->image.pages; }
void *cache_file_context(const struct cache_file *file)
{
    (void)file;
    return NULL;
}
uint32_t cache_file_page_size(const struct cache_file *file) { return file->image.page_size; }

#endif
