/* Look-ups in a table's schema (schema.h). */
#include "record/schema.h"

#include "base/text.h"

const uint8_t column_type_sizes[COLUMN_TYPE_COUNT] = {
    [COLUMN_TYPE_BIT] = 1,           [COLUMN_TYPE_UNSIGNED_BYTE] = 1, [COLUMN_TYPE_SHORT] = 2,          [COLUMN_TYPE_LONG] = 4,
    [COLUMN_TYPE_CURRENCY] = 8,      [COLUMN_TYPE_SINGLE] = 4,        [COLUMN_TYPE_DOUBLE] = 8,         [COLUMN_TYPE_DATE_TIME] = 8,
    [COLUMN_TYPE_UNSIGNED_LONG] = 4, [COLUMN_TYPE_LONG_LONG] = 8,     [COLUMN_TYPE_GUID] = 16,          [COLUMN_TYPE_UNSIGNED_SHORT] = 2,
    [COLUMN_TYPE_UNSIGNED_LONG_LONG] = 8,
};

/* Binary search in a run of columns sorted by id. */
static const struct column *tagged_column(const struct table_schema *t, uint32_t first, uint32_t count, uint32_t id)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct column *column = &t->columns[first + middle];
        if ((column->id & 0xFFFF) == id)
            return column;
        if ((column->id & 0xFFFF) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct column *schema_tagged_column(const struct table_schema *t, uint32_t column_id)
{
    uint32_t id = column_id & ~COLUMN_ID_TEMPLATE_BIT;
    if (id < TAGGED_ID_FIRST || id > 0xFFFF)
        return NULL;
    const struct column *column = (column_id & COLUMN_ID_TEMPLATE_BIT) != 0 ? tagged_column(t, t->template_tagged_first, t->template_tagged_count, id)
                                                                             : tagged_column(t, t->tagged_first, t->tagged_count, id);
    return column != NULL && column->type != COLUMN_TYPE_NIL ? column : NULL;
}

const struct column *schema_column_by_name(const struct table_schema *t, const char *name)
{
    for (uint32_t i = 0; i < t->column_count; i++)
        if (t->columns[i].type != COLUMN_TYPE_NIL && t->columns[i].name != NULL && ascii_compare_nocase(t->columns[i].name, name) == 0)
            return &t->columns[i];
    return NULL;
}

const struct index *schema_index_by_name(const struct table_schema *t, const char *name)
{
    for (uint32_t i = 0; i < t->index_count; i++)
        if (t->indexes[i].name != NULL && ascii_compare_nocase(t->indexes[i].name, name) == 0)
            return &t->indexes[i];
    return NULL;
}
