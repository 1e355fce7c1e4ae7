/* A database file in memory (edb_image.h). Catalog columns and flags: records-and-catalog 6. */
#include "edb_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared_data.h"

enum { CATALOG_FDP = 4, ROW_TABLE = 1, ROW_COLUMN = 2, ROW_INDEX = 3, ROW_LONG_VALUE = 4 };
enum { COLUMN_OBJID = 1, COLUMN_KIND, COLUMN_ID, COLUMN_TYPE_OR_ROOT, COLUMN_SPACE, COLUMN_FLAGS, COLUMN_PAGES, COLUMN_ROOT_FLAG, COLUMN_OFFSET,
       COLUMN_LCMAP, COLUMN_KEY_MOST, COLUMN_CHUNK_MOST, COLUMN_SET_TIME, COLUMN_NAME = 128, COLUMN_TEMPLATE = 130, COLUMN_DEFAULT = 131,
       COLUMN_SEGMENTS = 132, COLUMN_SEGMENT_MOST = 133, COLUMN_CONDITIONS = 134, COLUMN_TUPLE = 135, COLUMN_VERSION = 136, COLUMN_SORT_ID = 137,
       COLUMN_SEPARATE = 258, COLUMN_LOCALE = 261 };

enum { BLOCK_SIZE = 1 << 20 };

struct edb_memory {
    struct edb_memory *next;
    size_t used, size;
};

void *edb_image_alloc(struct edb_image *image, size_t size)
{
    struct edb_memory *block = image->memory;
    size = (size + 15) & ~(size_t)15;
    if (block == NULL || size > block->size - block->used) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = (struct edb_memory *)calloc(1, sizeof *block + 16 + room);
        if (block == NULL)
            abort();
        block->size = room;
        block->next = image->memory;
        image->memory = block;
    }
    void *p = (uint8_t *)block + ((sizeof *block + 15) & ~(size_t)15) + block->used;
    block->used += size;
    return p;
}

void edb_image_close(struct edb_image *image)
{
    while (image->memory != NULL) {
        struct edb_memory *block = image->memory;
        image->memory = block->next;
        free(block);
    }
    free(image->bytes);
    *image = (struct edb_image){0};
}

/* Room for one more item: blocks do not grow, so arrays move to twice the size whenever their count reaches a power of two. */
static void *grown(struct edb_image *image, void *items, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return items;
    uint8_t *p = (uint8_t *)edb_image_alloc(image, (count != 0 ? 2 * count : 1) * size);
    if (count > 0)
        memcpy(p, items, count * size);
    return p;
}

/* Zero-terminated so that locale and object names can be used as text. */
static struct span copy_span(struct edb_image *image, struct span from)
{
    uint8_t *bytes = (uint8_t *)edb_image_alloc(image, from.size + 2u);
    if (from.size > 0)
        memcpy(bytes, from.data, from.size);
    return span_of(bytes, from.size);
}

static bool page_at(const struct edb_image *image, page_no_t page_no, struct page_view *out)
{
    uint64_t offset = page_file_offset(page_no, image->page_size);
    const char *why;
    return page_no != 0 && range_within(offset, image->page_size, image->size) &&
           page_view_init(out, image->bytes + offset, image->page_size, page_no, &why) >= 0;
}

void edb_nodes_add(struct edb_image *image, struct edb_nodes *nodes, struct span key, struct span data)
{
    if (nodes->count == nodes->capacity) {
        uint32_t capacity = nodes->capacity == 0 ? 64 : 2 * nodes->capacity;
        struct edb_node *items = (struct edb_node *)edb_image_alloc(image, capacity * sizeof *items);
        if (nodes->count > 0)
            memcpy(items, nodes->items, nodes->count * sizeof *items);
        nodes->items = items;
        nodes->capacity = capacity;
    }
    nodes->items[nodes->count++] = (struct edb_node){key, data};
}

static void add_node(struct edb_image *image, struct edb_nodes *nodes, const struct node *node)
{
    uint8_t *key = (uint8_t *)edb_image_alloc(image, node_key_size(node) + 1u);
    edb_nodes_add(image, nodes, span_of(key, node_copy_key(node, key)), node->data);
}

void edb_image_tree(struct edb_image *image, page_no_t root, struct edb_nodes *out)
{
    struct page_view page;
    *out = (struct edb_nodes){0};
    for (int depth = 0;; depth++) {
        if (depth > 16 || !page_at(image, root, &page))
            return;
        if (page_is_leaf(&page))
            break;
        if (page_node_count(&page) == 0)
            return;
        struct node first = page_node(&page, 0);
        root = node_child(&first);
    }
    for (uint64_t pages = image->size / image->page_size; pages > 0; pages--) {
        for (uint32_t i = 0; i < page_node_count(&page); i++) {
            struct node node = page_node(&page, i);
            if ((node.flags & NODE_FLAG_DELETED) == 0)
                add_node(image, out, &node);
        }
        if (page_next(&page) == 0 || !page_at(image, page_next(&page), &page))
            return;
    }
}

/* --- long values --- */

static JET_ERR lv_give(struct edb_table *t, struct span *key, struct span *data)
{
    if (t->lv_at >= t->long_values.count)
        return JET_errNoCurrentRecord;
    *key = t->long_values.items[t->lv_at].key;
    *data = t->long_values.items[t->lv_at].data;
    return JET_errSuccess;
}

static JET_ERR lv_seek(void *context, struct span wanted, struct span *key, struct span *data)
{
    struct edb_table *t = (struct edb_table *)context;
    uint32_t low = 0, high = t->long_values.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (span_compare(t->long_values.items[middle].key, wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    t->lv_at = low;
    return lv_give(t, key, data);
}

static JET_ERR lv_next(void *context, struct span *key, struct span *data)
{
    struct edb_table *t = (struct edb_table *)context;
    t->lv_at++;
    return lv_give(t, key, data);
}

/* --- catalog --- */

static struct column catalog_columns[] = {
    {.id = 1, .type = COLUMN_TYPE_LONG, .offset = 4},       {.id = 2, .type = COLUMN_TYPE_SHORT, .offset = 8},
    {.id = 3, .type = COLUMN_TYPE_LONG, .offset = 10},      {.id = 4, .type = COLUMN_TYPE_LONG, .offset = 14},
    {.id = 5, .type = COLUMN_TYPE_LONG, .offset = 18},      {.id = 6, .type = COLUMN_TYPE_LONG, .offset = 22},
    {.id = 7, .type = COLUMN_TYPE_LONG, .offset = 26},      {.id = 8, .type = COLUMN_TYPE_BIT, .offset = 30},
    {.id = 9, .type = COLUMN_TYPE_SHORT, .offset = 31},     {.id = 10, .type = COLUMN_TYPE_LONG, .offset = 33},
    {.id = 11, .type = COLUMN_TYPE_UNSIGNED_SHORT, .offset = 37}, {.id = 12, .type = COLUMN_TYPE_LONG, .offset = 39},
    {.id = 13, .type = COLUMN_TYPE_DATE_TIME, .offset = 43}};

static struct span catalog_value(struct edb_image *image, const struct record_view *row, uint32_t id)
{
    struct column column = {.id = id, .type = COLUMN_TYPE_BINARY};
    struct column_value value;
    if (id <= 13)
        column = catalog_columns[id - 1];
    if (record_column(row, &column, 1, &value) < 0)
        fail_msg("catalog column %u cannot be read", id);
    if ((value.flags & COLUMN_VALUE_NULL) != 0)
        return span_of(NULL, 0);
    uint8_t plain[1024];
    uint32_t size;
    if (column_value_read(&value, 0, plain, sizeof plain, &size, NULL) < 0)
        fail_msg("catalog column %u cannot be decoded", id);
    return copy_span(image, span_of(plain, size));
}

static uint32_t catalog_number(struct edb_image *image, const struct record_view *row, uint32_t id, uint32_t missing)
{
    struct span value = catalog_value(image, row, id);
    return value.size == 4 ? load_le32(value.data) : value.size == 2 ? load_le16(value.data) : value.size == 1 ? value.data[0] : missing;
}

static char *catalog_text(struct edb_image *image, const struct record_view *row, uint32_t id)
{
    struct span value = catalog_value(image, row, id);
    return value.data != NULL ? (char *)(uintptr_t)value.data : NULL;
}

static void add_column(struct edb_image *image, struct table_schema *t, const struct record_view *row, bool is_template)
{
    struct column column = {.name = catalog_text(image, row, COLUMN_NAME), .id = catalog_number(image, row, COLUMN_ID, 0),
                            .type = catalog_number(image, row, COLUMN_TYPE_OR_ROOT, 0), .max_size = catalog_number(image, row, COLUMN_SPACE, 0),
                            .flags = catalog_number(image, row, COLUMN_FLAGS, 0), .code_page = catalog_number(image, row, COLUMN_PAGES, 0),
                            .offset = catalog_number(image, row, COLUMN_OFFSET, 0), .default_value = catalog_value(image, row, COLUMN_DEFAULT)};
    if (!column_type_is_text(column.type))
        column.code_page = 0;
    if (is_template)
        column.id |= COLUMN_ID_TEMPLATE_BIT;
    t->columns = (struct column *)grown(image, t->columns, t->column_count, sizeof column);
    t->columns[t->column_count++] = column;
}

static uint32_t column_rank(const struct column *c)
{
    uint32_t id = c->id & 0xFFFF;
    return id >= TAGGED_ID_FIRST && (c->id & COLUMN_ID_TEMPLATE_BIT) != 0 ? id + 0x10000 : id;
}

static int compare_columns(const void *a, const void *b)
{
    uint32_t left = column_rank((const struct column *)a), right = column_rank((const struct column *)b);
    return (left > right) - (left < right);
}

static uint32_t segment_column(const struct table_schema *t, const uint8_t *segment)
{
    return load_le16(segment + 2) | ((segment[0] & 0x80) != 0 && t->template_name != NULL ? COLUMN_ID_TEMPLATE_BIT : 0);
}

static void add_index(struct edb_image *image, struct table_schema *t, const struct record_view *row)
{
    t->indexes = (struct index *)grown(image, t->indexes, t->index_count, sizeof *t->indexes);
    struct index *i = &t->indexes[t->index_count++];
    *i = (struct index){.name = catalog_text(image, row, COLUMN_NAME), .objid = catalog_number(image, row, COLUMN_ID, 0),
                        .root = catalog_number(image, row, COLUMN_TYPE_OR_ROOT, 0), .flags = catalog_number(image, row, COLUMN_FLAGS, 0),
                        .key_most = catalog_number(image, row, COLUMN_KEY_MOST, KEY_MOST_DEFAULT), .lcid = catalog_number(image, row, COLUMN_PAGES, 0),
                        .lcmap_flags = catalog_number(image, row, COLUMN_LCMAP, COLLATION_FLAGS_DEFAULT)};
    i->var_seg_most = catalog_number(image, row, COLUMN_SEGMENT_MOST, i->key_most);
    struct span segments = catalog_value(image, row, COLUMN_SEGMENTS), conditions = catalog_value(image, row, COLUMN_CONDITIONS);
    struct span tuple = catalog_value(image, row, COLUMN_TUPLE), version = catalog_value(image, row, COLUMN_VERSION), sort_id = catalog_value(image, row, COLUMN_SORT_ID), locale = catalog_value(image, row, COLUMN_LOCALE);
    for (uint32_t at = 0; at + 4 <= segments.size && i->segment_count < INDEX_SEGMENTS_MAX; at += 4)
        i->segments[i->segment_count++] = (struct index_segment){segment_column(t, segments.data + at), (segments.data[at] & 0x40) != 0};
    for (uint32_t at = 0; at + 4 <= conditions.size && i->condition_count < INDEX_CONDITIONS_MAX; at += 4)
        i->conditions[i->condition_count++] = (struct index_condition){segment_column(t, conditions.data + at), (conditions.data[at] & 0x20) != 0};
    if (tuple.size >= 12)
        i->tuple = (struct tuple_limits){true, load_le32(tuple.data), load_le32(tuple.data + 4), load_le32(tuple.data + 8),
                                         tuple.size >= 20 ? load_le32(tuple.data + 12) : 1, tuple.size >= 20 ? load_le32(tuple.data + 16) : 0};
    if (version.size == 8)
        i->sort_version = load_le64(version.data);
    if (sort_id.size == 16)
        memcpy(i->sort_id, sort_id.data, 16);
    i->locale = (char *)edb_image_alloc(image, locale.size + 1u);
    for (uint32_t at = 0; at + 2 <= locale.size; at += 2)
        i->locale[at / 2] = (char)locale.data[at];
}

/* Columns sorted and found by id; offsets of the catalog's own tables, whose rows do not tell them, from the order. */
static void finish_schema(struct table_schema *t)
{
    if (t->columns != NULL)
        qsort(t->columns, t->column_count, sizeof *t->columns, compare_columns);
    for (uint32_t i = 0; i < 128; i++)
        t->fixed_index[i] = t->variable_index[i] = UINT32_MAX;
    uint32_t offset = 4;
    t->variable_last = 127;
    for (uint32_t i = 0; i < t->column_count; i++) {
        struct column *c = &t->columns[i];
        uint32_t id = c->id & 0xFFFF;
        if (column_is_fixed(id)) {
            if (t->objid <= 3)
                c->offset = offset;
            offset += column_type_size(c->type);
            t->fixed_index[id] = i;
            t->fixed_last = id;
        } else if (column_is_variable(id)) {
            t->variable_index[id - 128] = i;
            t->variable_last = id;
        } else if ((c->id & COLUMN_ID_TEMPLATE_BIT) != 0) {
            if (t->template_tagged_count++ == 0)
                t->template_tagged_first = i;
        } else if (t->tagged_count++ == 0) {
            t->tagged_first = i;
        }
    }
}

static void load_catalog_row(struct edb_image *image, const struct record_view *row)
{
    uint32_t objid = catalog_number(image, row, COLUMN_OBJID, 0);
    struct edb_table *t = NULL;
    for (uint32_t i = image->table_count; i-- > 0 && t == NULL;)
        if (image->tables[i].schema.objid == objid)
            t = &image->tables[i];
    switch (catalog_number(image, row, COLUMN_KIND, 0)) {
    case ROW_TABLE:
        image->tables = (struct edb_table *)grown(image, image->tables, image->table_count, sizeof *image->tables);
        t = &image->tables[image->table_count++];
        memset(t, 0, sizeof *t);
        t->schema.name = catalog_text(image, row, COLUMN_NAME);
        t->schema.template_name = catalog_text(image, row, COLUMN_TEMPLATE);
        t->schema.objid = objid;
        t->schema.root = catalog_number(image, row, COLUMN_TYPE_OR_ROOT, 0);
        t->schema.flags = catalog_number(image, row, COLUMN_FLAGS, 0);
        t->schema.lv_chunk_most = catalog_number(image, row, COLUMN_CHUNK_MOST, 0);
        t->schema.page_size = image->page_size;
        break;
    case ROW_COLUMN:
        if (t != NULL)
            add_column(image, &t->schema, row, false);
        break;
    case ROW_INDEX:
        if (t != NULL)
            add_index(image, &t->schema, row);
        break;
    case ROW_LONG_VALUE:
        if (t != NULL)
            t->schema.lv_root = catalog_number(image, row, COLUMN_TYPE_OR_ROOT, 0);
        break;
    default:
        break;
    }
}

static void add_template_columns(struct edb_image *image, const struct edb_nodes *rows, struct edb_table *t)
{
    const struct edb_table *parent = edb_image_table(image, t->schema.template_name);
    for (uint32_t i = 0; i < rows->count; i++) {
        struct record_view row;
        if (record_view_init(&row, rows->items[i].data, image->page_size) < 0)
            continue;
        if (catalog_number(image, &row, COLUMN_OBJID, 0) == parent->schema.objid && catalog_number(image, &row, COLUMN_KIND, 0) == ROW_COLUMN)
            add_column(image, &t->schema, &row, true);
    }
}

const struct edb_table *edb_image_table(const struct edb_image *image, const char *name)
{
    for (uint32_t i = 0; i < image->table_count; i++)
        if (strcmp(image->tables[i].schema.name, name) == 0)
            return &image->tables[i];
    fail_msg("no table %s", name);
    return NULL;
}

void edb_image_load(struct edb_image *out, const char *path)
{
    struct edb_nodes rows;
    *out = (struct edb_image){0};
    out->bytes = read_whole_file(path, &out->size);
    assert_true(out->size > 4096);
    out->page_size = load_le32(out->bytes + 236) != 0 ? load_le32(out->bytes + 236) : 4096;
    assert_true(page_size_is_legal(out->page_size));
    edb_image_tree(out, CATALOG_FDP, &rows);
    for (uint32_t i = 0; i < rows.count; i++) {
        struct record_view row;
        if (record_view_init(&row, rows.items[i].data, out->page_size) < 0)
            fail_msg("catalog row %u is damaged", i);
        load_catalog_row(out, &row);
    }
    for (uint32_t i = 0; i < out->table_count; i++)
        if ((out->tables[i].schema.flags & TABLE_FLAG_DERIVED) != 0)
            add_template_columns(out, &rows, &out->tables[i]);
    for (uint32_t i = 0; i < out->table_count; i++) {
        struct edb_table *t = &out->tables[i];
        finish_schema(&t->schema);
        edb_image_tree(out, t->schema.root, &t->rows);
        if (t->schema.lv_root != 0)
            edb_image_tree(out, t->schema.lv_root, &t->long_values);
        t->lv = (struct long_value_nodes){t, lv_seek, lv_next, NULL, long_value_chunk_size(out->page_size, t->schema.lv_chunk_most), NULL};
    }
}
