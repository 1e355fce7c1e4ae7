/* Columns that rows have and no catalog names any more (repair_internal.h).
 *
 * The rows keep them, byte for byte, and the new catalog says that there were such: rows like those of deleted columns, which a later column will not be mistaken for. Only what comes
 * behind the last column known has to be told; a gap before it is passed over by everybody. As the original's repair, except that a lost fixed column is never described as more than the
 * 255 bytes that one can have. */
#include <stdio.h>

#include "catalog/row.h"
#include "engine/repair_internal.h"

enum { FIXED_SIZE_MOST = 255 };

static uint32_t known_end(const struct table_schema *schema)
{
    if (schema->fixed_last == 0)
        return RECORD_SIZE_MIN;
    const struct column *last = &schema->columns[schema->fixed_index[schema->fixed_last]];
    return last->offset + last->max_size;
}

static uint32_t known_tagged(const struct table_schema *schema)
{
    return schema->tagged_count > 0 ? schema->columns[schema->tagged_first + schema->tagged_count - 1].id : TAGGED_ID_FIRST - 1;
}

/* Highest id of the table's own tagged columns; a template's stand beside them. */
static uint32_t last_tagged(const struct record_view *record)
{
    struct tagged_entry entry;
    uint32_t last = 0;
    for (uint32_t i = record->tagged_count; i-- > 0 && last == 0;)
        if (record_tagged_at(record, i, &entry) >= 0 && (entry.id & COLUMN_ID_TEMPLATE_BIT) == 0)
            last = entry.id;
    return last;
}

JET_ERR repair_columns_judge(const struct table_schema *schema, const struct record_view *record)
{
    uint32_t count = record->fixed_last > schema->fixed_last ? record->fixed_last - schema->fixed_last : 0, end = known_end(schema);
    bool has_room = count == 0 || (record->null_bitmap >= end + count && record->null_bitmap - end <= count * FIXED_SIZE_MOST);
    return has_room && last_tagged(record) <= TAGGED_ID_LAST ? JET_errSuccess : error_raise(JET_errDatabaseCorrupted, __FILE__, __LINE__);
}

void repair_columns_note(struct repair_reach *reach, const struct record_view *record)
{
    uint32_t tagged_last = last_tagged(record);
    if (record->fixed_last > reach->fixed_last) {
        reach->fixed_last = record->fixed_last;
        reach->fixed_end = record->null_bitmap;
    }
    if (record->variable_last > reach->variable_last)
        reach->variable_last = record->variable_last;
    if (tagged_last > reach->tagged_last)
        reach->tagged_last = tagged_last;
}

static JET_ERR hold_place(struct table_work *w, uint32_t id, uint32_t offset, uint32_t size)
{
    char name[64];
    struct catalog_row row = {.objid_table = w->schema->objid, .type = CATALOG_ROW_COLUMN, .id = id, .type_or_root = COLUMN_TYPE_NIL, .space_usage = size, .record_offset = offset};
    snprintf(name, sizeof name, "JetStub_%u_%u", row.objid_table, id);
    row.name = span_of(name, (uint32_t)strlen(name));
    if (offset != 0)
        catalog_row_set(&row, CATALOG_RECORD_OFFSET);
    w->told.columns_lost++;
    w->r->is_damaged = true;
    return repair_catalog_add(w->r, &row);
}

/* One for each lost id, all bytes shared out among them: at least one for each, as a column has. */
static JET_ERR add_fixed(struct table_work *w)
{
    JET_ERR err = JET_errSuccess;
    uint32_t offset = known_end(w->schema);
    for (uint32_t id = w->schema->fixed_last + 1; id <= w->reach.fixed_last; id++) {
        uint32_t size = w->reach.fixed_end - offset - (w->reach.fixed_last - id);
        size = size < FIXED_SIZE_MOST ? size : FIXED_SIZE_MOST;
        TRY(hold_place(w, id, offset, size));
        offset += size;
    }
done:
    return err;
}

JET_ERR repair_columns_add(struct table_work *w)
{
    JET_ERR err = JET_errSuccess;
    TRY(add_fixed(w));
    if (w->reach.variable_last > w->schema->variable_last && w->reach.variable_last >= VARIABLE_ID_FIRST)
        TRY(hold_place(w, w->reach.variable_last, 0, 0));
    if (w->reach.tagged_last > known_tagged(w->schema))
        TRY(hold_place(w, w->reach.tagged_last, 0, 0));
done:
    return err;
}
