/* Catalog rows (row.h). */
#include "catalog/row.h"

#include "base/memory.h"

enum { LONG_PART_MOST = 64 * 1024 }; /* no honest hint or locale name comes near it */

#define FIXED(id_, name_, type_, size_, offset_) \
    {.name = name_, .id = id_, .type = type_, .max_size = size_, .offset = offset_, .presentation = id_}
#define OTHER(id_, name_, type_) {.name = name_, .id = id_, .type = type_, .presentation = id_}

static const struct column columns[] = {
    FIXED(1, "ObjidTable", COLUMN_TYPE_LONG, 4, 4),
    FIXED(2, "Type", COLUMN_TYPE_SHORT, 2, 8),
    FIXED(3, "Id", COLUMN_TYPE_LONG, 4, 10),
    FIXED(4, "ColtypOrPgnoFDP", COLUMN_TYPE_LONG, 4, 14),
    FIXED(5, "SpaceUsage", COLUMN_TYPE_LONG, 4, 18),
    FIXED(6, "Flags", COLUMN_TYPE_LONG, 4, 22),
    FIXED(7, "PagesOrLocale", COLUMN_TYPE_LONG, 4, 26),
    FIXED(8, "RootFlag", COLUMN_TYPE_BIT, 1, 30),
    FIXED(9, "RecordOffset", COLUMN_TYPE_SHORT, 2, 31),
    FIXED(10, "LCMapFlags", COLUMN_TYPE_LONG, 4, 33),
    FIXED(11, "KeyMost", COLUMN_TYPE_UNSIGNED_SHORT, 2, 37),
    FIXED(12, "LVChunkMax", COLUMN_TYPE_LONG, 4, 39),
    FIXED(13, "PgnoFDPLastSetTime", COLUMN_TYPE_DATE_TIME, 8, 43),
    OTHER(128, "Name", COLUMN_TYPE_TEXT),
    OTHER(129, "Stats", COLUMN_TYPE_BINARY),
    OTHER(130, "TemplateTable", COLUMN_TYPE_TEXT),
    OTHER(131, "DefaultValue", COLUMN_TYPE_BINARY),
    OTHER(132, "KeyFldIDs", COLUMN_TYPE_BINARY),
    OTHER(133, "VarSegMac", COLUMN_TYPE_BINARY),
    OTHER(134, "ConditionalColumns", COLUMN_TYPE_BINARY),
    OTHER(135, "TupleLimits", COLUMN_TYPE_BINARY),
    OTHER(136, "Version", COLUMN_TYPE_BINARY),
    OTHER(137, "SortID", COLUMN_TYPE_BINARY),
    OTHER(256, "CallbackData", COLUMN_TYPE_LONG_BINARY),
    OTHER(257, "CallbackDependencies", COLUMN_TYPE_LONG_BINARY),
    OTHER(258, "SeparateLV", COLUMN_TYPE_LONG_BINARY),
    OTHER(259, "SpaceHints", COLUMN_TYPE_LONG_BINARY),
    OTHER(260, "SpaceDeferredLVHints", COLUMN_TYPE_LONG_BINARY),
    OTHER(261, "LocaleName", COLUMN_TYPE_LONG_BINARY),
};

const struct column *catalog_columns(uint32_t *count)
{
    *count = sizeof columns / sizeof *columns;
    return columns;
}

static const struct column *column_of(uint32_t id)
{
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (columns[i].id == id)
            return &columns[i];
    return NULL;
}

/* A small integer column; null gives 0 where it is allowed. */
static JET_ERR get_number(const struct record_view *record, uint32_t id, bool is_required, uint32_t *out)
{
    JET_ERR err = JET_errSuccess;
    const struct column *column = column_of(id);
    struct column_value value;
    *out = 0;
    TRY(record_column(record, column, 1, &value));
    if ((value.flags & COLUMN_VALUE_NULL) != 0) {
        if (is_required)
            RAISE(JET_errCatalogCorrupted);
        goto done;
    }
    if (value.bytes.size != column->max_size || value.bytes.size > 4)
        RAISE(JET_errCatalogCorrupted);
    *out = column->max_size == 2 ? load_le16(value.bytes.data) : load_le32(value.bytes.data);
done:
    return err;
}

static JET_ERR get_bytes(const struct record_view *record, uint32_t id, struct span *out)
{
    JET_ERR err = JET_errSuccess;
    struct column_value value;
    *out = (struct span){NULL, 0};
    TRY(record_column(record, column_of(id), 1, &value));
    if ((value.flags & COLUMN_VALUE_NULL) == 0)
        *out = span_of(value.bytes.data != NULL ? value.bytes.data : record->bytes.data, value.bytes.size);
done:
    return err;
}

/* Which of the fixed columns that may be null have a value; and the one that is no small number. */
static JET_ERR get_presence(const struct record_view *record, struct catalog_row *out)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t id = CATALOG_ROOT_FLAG; id <= CATALOG_LAST_SET_TIME; id++) {
        struct column_value value;
        TRY(record_column(record, column_of(id), 1, &value));
        if ((value.flags & COLUMN_VALUE_NULL) != 0)
            continue;
        catalog_row_set(out, (enum catalog_fixed_column)id);
        if (id == CATALOG_LAST_SET_TIME && value.bytes.size == 8)
            out->last_set_time = load_le64(value.bytes.data);
    }
done:
    return err;
}

static JET_ERR get_long(const struct record_view *record, const struct long_value_nodes *nodes, uint32_t id, struct value_buffer *buffer, struct span *out)
{
    JET_ERR err = JET_errSuccess;
    struct column_value value;
    *out = (struct span){NULL, 0};
    TRY(record_column(record, column_of(id), 1, &value));
    if ((value.flags & COLUMN_VALUE_NULL) != 0 || (nodes == NULL && (value.flags & COLUMN_VALUE_SEPARATED) != 0))
        goto done;
    TRY(column_value_fetch_all(nodes, &value, LONG_PART_MOST, buffer));
    TRY(value_buffer_reserve(buffer, 1));
    *out = span_of(buffer->data, buffer->size);
done:
    return err;
}

JET_ERR catalog_row_decode(struct span record, uint32_t page_size, const struct long_value_nodes *nodes, struct catalog_row *out)
{
    JET_ERR err = JET_errSuccess;
    struct record_view view;
    *out = (struct catalog_row){0};
    TRY(record_view_init(&view, record, page_size));

    TRY(get_number(&view, 1, true, &out->objid_table));
    TRY(get_number(&view, 2, true, &out->type));
    TRY(get_number(&view, 3, true, &out->id));
    TRY(get_number(&view, 4, true, &out->type_or_root));
    TRY(get_number(&view, 5, true, &out->space_usage));
    TRY(get_number(&view, 6, true, &out->flags));
    TRY(get_number(&view, 7, true, &out->pages_or_locale));
    TRY(get_number(&view, CATALOG_RECORD_OFFSET, false, &out->record_offset));
    TRY(get_number(&view, CATALOG_LCMAP_FLAGS, false, &out->lcmap_flags));
    TRY(get_number(&view, CATALOG_KEY_MOST, false, &out->key_most));
    TRY(get_number(&view, CATALOG_LV_CHUNK_MOST, false, &out->lv_chunk_most));
    TRY(get_presence(&view, out));

    TRY(get_bytes(&view, 128, &out->name));
    TRY(get_bytes(&view, 129, &out->stats));
    TRY(get_bytes(&view, 130, &out->template_name));
    TRY(get_bytes(&view, 131, &out->default_value));
    TRY(get_bytes(&view, 132, &out->key_segments));
    TRY(get_bytes(&view, 133, &out->var_seg_mac));
    TRY(get_bytes(&view, 134, &out->conditions));
    TRY(get_bytes(&view, 135, &out->tuple_limits));
    TRY(get_bytes(&view, 136, &out->version));
    TRY(get_bytes(&view, 137, &out->sort_id));

    if (view.bytes.size > view.tagged)
        out->tagged = span_of(view.bytes.data + view.tagged, view.bytes.size - view.tagged);
    TRY(get_long(&view, nodes, 256, &out->buffers[4], &out->callback_data));
    TRY(get_long(&view, nodes, 258, &out->buffers[0], &out->separate_lv));
    TRY(get_long(&view, nodes, 259, &out->buffers[1], &out->space_hints));
    TRY(get_long(&view, nodes, 260, &out->buffers[2], &out->deferred_lv_hints));
    TRY(get_long(&view, nodes, 261, &out->buffers[3], &out->locale));
    if (out->type < CATALOG_ROW_TABLE || out->type > CATALOG_ROW_CALLBACK || out->name.data == NULL || out->name.size == 0)
        RAISE(JET_errCatalogCorrupted);
done:
    if (err == JET_errDatabaseCorrupted)
        err = JET_errCatalogCorrupted;
    return err;
}

void catalog_row_free(struct catalog_row *row)
{
    for (size_t i = 0; i < sizeof row->buffers / sizeof *row->buffers; i++) {
        value_buffer_free(&row->buffers[i]);
        row->buffers[i] = (struct value_buffer){0};
    }
}
