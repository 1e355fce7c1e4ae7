/* From catalog rows to a table_schema (private to catalog/). */
#ifndef OPENESE_CATALOG_BUILD_H
#define OPENESE_CATALOG_BUILD_H

#include "catalog/row.h"

/* Memory that is given back all at once: names and other small parts of a schema. Zero-initialise. */
struct arena {
    struct arena_block *blocks;
};
void *arena_alloc(struct arena *arena, size_t size);
void arena_free(struct arena *arena);

/* Rows of one table, collected. Zero-initialise, then set page_size; schema_builder_free always. */
struct schema_builder {
    uint32_t page_size;
    struct arena arena;
    struct table_schema schema;
    bool has_table;
    struct column *columns;
    uint32_t column_count, column_capacity;
    struct index *indexes;
    uint32_t index_count, index_capacity;
    uint32_t fixed_end; /* end of the fixed columns seen so far, for the catalog's own tables */
};

/* Rows must come in catalog order: table, columns by id, indexes... JET_errCatalogCorrupted. */
MUST_CHECK JET_ERR schema_builder_add(struct schema_builder *builder, const struct catalog_row *row);
/* All rows are in. template_schema: of a derived table (builder->schema.template_name), must outlive the result; else NULL.
 * *out takes over columns, indexes and the arena's contents: schema_clear and arena_free release them. */
MUST_CHECK JET_ERR schema_builder_finish(struct schema_builder *builder, const struct table_schema *template_schema, struct table_schema *out,
                                         struct arena *arena);
void schema_builder_free(struct schema_builder *builder);
void schema_clear(struct table_schema *schema);

#endif
