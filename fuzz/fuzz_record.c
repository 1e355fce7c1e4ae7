/* Records: any bytes, read with a schema that has every kind of column, on both page formats; every value is read whole, from a middle offset
 * and turned into index entries. First byte of the input: bit 0 = large page. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 14 };

static struct column columns[COLUMNS] = {
    {.id = 1, .type = COLUMN_TYPE_LONG, .offset = 4},
    {.id = 2, .type = COLUMN_TYPE_BIT, .offset = 8},
    {.id = 3, .type = COLUMN_TYPE_TEXT, .offset = 9, .max_size = 5, .code_page = 1252},
    {.id = 4, .type = COLUMN_TYPE_GUID, .offset = 14},
    {.id = 128, .type = COLUMN_TYPE_TEXT, .code_page = 1252},
    {.id = 129, .type = COLUMN_TYPE_BINARY},
    {.id = 130, .type = COLUMN_TYPE_TEXT, .code_page = 1200},
    {.id = 256, .type = COLUMN_TYPE_LONG_BINARY, .flags = COLUMN_FLAG_MULTI_VALUED},
    {.id = 257, .type = COLUMN_TYPE_LONG_TEXT, .code_page = 1252, .flags = COLUMN_FLAG_MULTI_VALUED},
    {.id = 258, .type = COLUMN_TYPE_SHORT, .flags = COLUMN_FLAG_MULTI_VALUED},
    {.id = 259, .type = COLUMN_TYPE_DATE_TIME},
    {.id = 260, .type = COLUMN_TYPE_BINARY, .default_value = {(const uint8_t *)"default", 7}},
    {.id = 256 | COLUMN_ID_TEMPLATE_BIT, .type = COLUMN_TYPE_LONG_BINARY, .flags = COLUMN_FLAG_TEMPLATE},
    {.id = 257 | COLUMN_ID_TEMPLATE_BIT, .type = COLUMN_TYPE_NIL, .flags = COLUMN_FLAG_TEMPLATE},
};

static void make_table(struct table_schema *t)
{
    memset(t, 0, sizeof *t);
    for (uint32_t i = 0; i < 128; i++)
        t->fixed_index[i] = t->variable_index[i] = UINT32_MAX;
    for (uint32_t i = 0; i < 4; i++)
        t->fixed_index[i + 1] = i;
    for (uint32_t i = 0; i < 3; i++)
        t->variable_index[i] = 4 + i;
    t->columns = columns;
    t->column_count = COLUMNS;
    t->tagged_first = 7;
    t->tagged_count = 5;
    t->template_tagged_first = 12;
    t->template_tagged_count = 2;
}

static void read_value(const struct column_value *value)
{
    uint8_t out[200];
    uint32_t written, total;
    if (column_value_read(value, 0, out, sizeof out, &written, &total) >= 0 && written > sizeof out)
        abort();
    if (column_value_read(value, 7, out, sizeof out, &written, &total) >= 0 && written > sizeof out)
        abort();
    struct value_buffer buffer = {0};
    if (column_value_fetch_all(NULL, value, 1 << 20, &buffer) == JET_errSuccess && buffer.size != total)
        abort();
    value_buffer_free(&buffer);
}

static JET_ERR see(void *context, struct span key)
{
    uint32_t *most = (uint32_t *)context;
    if (key.size > *most)
        abort();
    return JET_errSuccess;
}

static void index_record(const struct table_schema *t, const struct record_view *record, uint32_t flags, const struct tuple_limits *tuple,
                         const uint32_t *ids, uint32_t count)
{
    struct index index = {.flags = 0xE | flags, .key_most = 40, .var_seg_most = 30, .segment_count = count, .tuple = *tuple};
    struct key_rules rules;
    struct record_key_source source;
    uint8_t key[KEY_ROOM];
    uint32_t size;
    for (uint32_t i = 0; i < count; i++)
        index.segments[i] = (struct index_segment){ids[i], i % 2 == 1};
    if (key_rules_init(&rules, t, &index, NULL) < 0)
        abort();
    record_key_source_init(&source, record, NULL);
    if (key_entries(&rules, &source.source, see, &index.key_most) > 0 || key_primary(&rules, &source.source, key, &size) > 0)
        abort();
    record_key_source_close(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct table_schema t;
    struct record_view record;
    static const uint32_t all[] = {1, 2, 3, 4, 128, 129, 256, 257, 258, 259, 260}, multi[] = {258, 256}, text[] = {257, 1};
    const struct tuple_limits none = {0}, tuple = {true, 2, 6, 100, 1, 0};
    if (size == 0 || size > 8192)
        return 0;
    make_table(&t);
    if (record_view_init(&record, span_of(data + 1, (uint32_t)size - 1), (data[0] & 1) != 0 ? 16384 : 4096) < 0)
        return 0;
    for (uint32_t c = 0; c < COLUMNS; c++) {
        uint32_t count = 0;
        if (record_column_count(&record, &columns[c], &count) < 0)
            continue;
        for (uint32_t sequence = 0; sequence <= count + 1 && sequence < 50; sequence++) {
            struct column_value value;
            if (record_column(&record, &columns[c], sequence, &value) == JET_errSuccess)
                read_value(&value);
        }
    }
    for (uint32_t i = 0; i < record.tagged_count; i++) {
        struct tagged_entry entry;
        uint32_t found;
        if (record_tagged_at(&record, i, &entry) < 0 || !record_tagged_find(&record, entry.id, &found) || found != i)
            abort();
    }
    index_record(&t, &record, 0, &none, all, sizeof all / sizeof all[0]);
    if (size < 600) { /* the product of many values is large by its nature */
        index_record(&t, &record, INDEX_FLAG_CROSS_PRODUCT, &none, multi, 2);
        index_record(&t, &record, INDEX_FLAG_NESTED, &none, multi, 2);
        index_record(&t, &record, 0, &tuple, text, 2);
    }
    return 0;
}
