/* Catalog rows: any bytes, decoded as rows of MSysObjects and built into the schema of one table; what comes out is used as record/ and cursor/
 * use schemas. Input: u8 flags (bit 0 = 32 KiB pages), then for each row u16 size and its bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/build.h"
#include "record/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every look-up that users of a schema make, on everything in it. */
static void use_schema(const struct table_schema *s, uint32_t page_size)
{
    static const uint8_t record[] = {0, 127, 4, 0};
    struct record_view view;
    struct column_value value;
    if (record_view_init(&view, span_of(record, sizeof record), page_size) < 0)
        abort();
    for (uint32_t i = 0; i < s->column_count; i++) {
        const struct column *c = &s->columns[i];
        if (c->type != COLUMN_TYPE_NIL && schema_column(s, c->id) != c)
            abort();
        if (record_column(&view, c, 1, &value) < 0)
            abort();
    }
    for (uint32_t i = 0; i < s->index_count; i++) {
        struct key_rules rules;
        if (index_is_primary(&s->indexes[i]) && schema_primary(s) != &s->indexes[i])
            abort();
        (void)(key_rules_init(&rules, s, &s->indexes[i], NULL) < 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    uint32_t page_size = (data[0] & 1) != 0 ? 32768 : 4096;
    struct schema_builder builder = {.page_size = page_size};
    JET_ERR err = JET_errSuccess;
    for (size_t at = 1; err >= 0 && at + 2 <= size;) {
        uint32_t row_size = load_le16(data + at);
        struct catalog_row row;
        at += 2;
        if (row_size > size - at)
            row_size = (uint32_t)(size - at);
        /* A copy of its own, so that a read behind the record is seen. */
        uint8_t *copy = malloc(row_size + 1);
        if (copy == NULL)
            break;
        memcpy(copy, data + at, row_size);
        uint8_t *exact = realloc(copy, row_size > 0 ? row_size : 1);
        err = catalog_row_decode(span_of(exact, row_size), page_size, NULL, &row);
        if (err >= 0)
            err = schema_builder_add(&builder, &row);
        catalog_row_free(&row);
        free(exact);
        at += row_size;
    }
    if (err >= 0) {
        struct table_schema schema = {0};
        struct arena arena = {0};
        builder.schema.template_name = NULL;
        if (schema_builder_finish(&builder, NULL, &schema, &arena) >= 0)
            use_schema(&schema, page_size);
        schema_clear(&schema);
        arena_free(&arena);
    }
    schema_builder_free(&builder);
    return 0;
}
