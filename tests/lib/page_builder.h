/* Builds database pages and whole trees in memory, byte by byte after the format description (database-file 4 and 5), without the engine's
 * own page code, so that tests can set them against each other. Also builds what no engine would write. */
#ifndef TESTS_LIB_PAGE_BUILDER_H
#define TESTS_LIB_PAGE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pages 1..pages of a file, each page_size bytes; zero = never written. */
struct page_image {
    uint8_t *bytes;
    uint32_t page_size, pages;
};
struct page_image image_create(uint32_t page_size, uint32_t pages);
void image_destroy(struct page_image *image);
uint8_t *image_page(const struct page_image *image, uint32_t page_no);
/* Writes the image as a file body (two zero pages for the header pair, then the pages). */
void image_write_file(const struct page_image *image, const char *path);

struct page_spec {
    uint64_t dbtime;
    uint32_t previous, next, objid, flags;
};
/* Starts a page with the content of tag 0 (page prefix, space header or split buffer + prefix). */
void page_begin(const struct page_image *image, uint32_t page_no, const struct page_spec *spec, const void *external,
                uint32_t external_size);
/* Adds a node after the last. Its key uses `prefix_size` bytes of the page prefix when that is not 0. False when the page is full. */
bool page_add(const struct page_image *image, uint32_t page_no, const void *key, uint32_t key_size, uint32_t prefix_size, const void *data,
              uint32_t data_size, unsigned node_flags);
/* An entry of an internal page. */
bool page_add_child(const struct page_image *image, uint32_t page_no, const void *key, uint32_t key_size, uint32_t child);
/* Fills in the checksum; call after every change. */
void page_finish(const struct page_image *image, uint32_t page_no);
/* The 16 bytes of a space header. */
void space_header_bytes(uint8_t out[16], uint32_t primary_pages, uint32_t parent, uint32_t flags, uint32_t map_or_owned_root);

struct tree_entry {
    const uint8_t *key, *data;
    uint32_t key_size, data_size;
    bool is_deleted; /* present with the deleted flag */
    bool is_absent;  /* not written at all */
};
struct tree_plan {
    uint32_t root, objid, flags; /* flags common to all pages, e.g. secondary index, non-unique */
    uint32_t max_per_leaf, max_fanout;
    unsigned percent_empty_leaves;
    uint64_t dbtime;
    uint64_t *random;     /* state of test_random */
    uint32_t *free_pages; /* page numbers to take, from the end */
    size_t free_count;
};
/* Builds a tree of entries in ascending bookmark order, cut at random into leaves and levels; separators are shortest prefixes. Returns its
 * depth (1 = the root is a leaf). */
unsigned image_build_tree(const struct page_image *image, struct tree_plan *plan, const struct tree_entry *entries, size_t count);

/* A small reproducible generator; *state must not be 0. */
uint64_t test_random(uint64_t *state);
static inline uint32_t test_random_below(uint64_t *state, uint32_t limit) { return (uint32_t)(test_random(state) % limit); }

#endif
