/* A database file in memory, read without cache, trees or catalog modules: for tests that hold single modules against real files.
 * Failures of the file end the test (cmocka). Everything read belongs to the image and goes with edb_image_close. */
#ifndef TESTS_LIB_EDB_IMAGE_H
#define TESTS_LIB_EDB_IMAGE_H

#include "format/page.h"
#include "record/key.h"
#include "record/long_value.h"
#include "record/schema.h"

struct edb_node {
    struct span key, data;
};
struct edb_nodes {
    struct edb_node *items;
    uint32_t count, capacity;
};

struct edb_table {
    struct table_schema schema;
    struct edb_nodes rows;        /* primary key -> record */
    struct edb_nodes long_values; /* nodes of the long-value tree */
    struct long_value_nodes lv;   /* over them */
    uint32_t lv_at;               /* its position */
};

struct edb_memory;

struct edb_image {
    struct edb_memory *memory; /* blocks that everything below lives in */
    unsigned char *bytes;
    unsigned long long size;
    uint32_t page_size;
    struct edb_table *tables;
    uint32_t table_count;
};

/* Reads the file and its catalog (MSysObjects), and the rows and long values of every table. */
void edb_image_load(struct edb_image *out, const char *path);
void edb_image_close(struct edb_image *image);
/* Zeroed memory that lives as long as the image. */
void *edb_image_alloc(struct edb_image *image, size_t size);
/* Adds a node; key and data are not copied. */
void edb_nodes_add(struct edb_image *image, struct edb_nodes *nodes, struct span key, struct span data);
const struct edb_table *edb_image_table(const struct edb_image *image, const char *name);
/* Every node of a tree in order, deleted ones left out. Pages that cannot be read end the tree silently: damaged files stay usable. */
void edb_image_tree(struct edb_image *image, page_no_t root, struct edb_nodes *out);

#endif
