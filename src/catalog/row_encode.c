/* Writing catalog rows and their keys (row.h, records-and-catalog 2, 6.1, 6.2).
 *
 * The columns of the catalog are few and known, so a row is put together directly:
 *
 *   u8 last fixed id | u8 last variable id | u16 end of the fixed part | fixed columns | null bitmap | u16 ends | variable columns | tagged part
 *
 * No locks; works on buffers of the caller. */
#include "catalog/row.h"

enum { FIXED_COLUMNS = 13, VARIABLE_COLUMNS = 10, LONG_COLUMNS = 5, NULL_FILL = 0x2A, END_IS_NULL = 0x8000, TAGGED_HAS_FLAGS = 0x4000, LONG_SIZE_MOST = 0x3FFF };

static uint64_t fixed_value(const struct catalog_row *row, uint32_t id)
{
    switch (id) {
    case 1: return row->objid_table;
    case 2: return row->type;
    case 3: return row->id;
    case 4: return row->type_or_root;
    case 5: return row->space_usage;
    case 6: return row->flags;
    case 7: return row->pages_or_locale;
    case CATALOG_ROOT_FLAG: return 0xFF;
    case CATALOG_RECORD_OFFSET: return row->record_offset;
    case CATALOG_LCMAP_FLAGS: return row->lcmap_flags;
    case CATALOG_KEY_MOST: return row->key_most;
    case CATALOG_LV_CHUNK_MOST: return row->lv_chunk_most;
    default: return row->last_set_time;
    }
}

static bool fixed_has_value(const struct catalog_row *row, uint32_t id) { return id < CATALOG_ROOT_FLAG || (row->present & (1u << id)) != 0; }

/* Fixed part with its null bitmap. Null columns are filled with 0x2A, unused bits of the bitmap are ones. Returns its end. */
static uint32_t put_fixed(const struct catalog_row *row, uint8_t *out, uint32_t last)
{
    uint32_t count, at = RECORD_SIZE_MIN;
    const struct column *columns = catalog_columns(&count);
    uint8_t bitmap[(FIXED_COLUMNS + 7) / 8];
    memset(bitmap, 0xFF, sizeof bitmap);
    for (uint32_t id = 1; id <= last; id++) {
        uint32_t size = columns[id - 1].max_size;
        if (fixed_has_value(row, id)) {
            uint8_t bytes[8];
            store_le64(bytes, fixed_value(row, id));
            memcpy(out + at, bytes, size);
            bitmap[(id - 1) / 8] &= (uint8_t)~(1u << ((id - 1) % 8));
        } else {
            memset(out + at, NULL_FILL, size);
        }
        at += size;
    }
    memcpy(out + at, bitmap, (last + 7) / 8);
    return at + (last + 7) / 8;
}

static uint32_t put_long_columns(const struct span *values, bool is_large_page, uint8_t *out)
{
    uint32_t count = 0, at, i = 0;
    for (uint32_t k = 0; k < LONG_COLUMNS; k++)
        count += values[k].data != NULL;
    at = count * 4;
    static const uint16_t ids[LONG_COLUMNS] = {256, 258, 259, 260, 261};
    for (uint32_t k = 0; k < LONG_COLUMNS; k++) {
        if (values[k].data == NULL)
            continue;
        store_le16(out + 4 * i, ids[k]);
        store_le16(out + 4 * i + 2, (uint16_t)(at | (is_large_page ? 0 : TAGGED_HAS_FLAGS)));
        i++;
        out[at++] = TAGGED_LONG;
        memcpy(out + at, values[k].data, values[k].size);
        at += values[k].size;
    }
    return at;
}

JET_ERR catalog_row_encode(const struct catalog_row *row, uint32_t page_size, uint8_t *out, uint32_t room, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    const struct span variable[VARIABLE_COLUMNS] = {row->name, row->stats, row->template_name, row->default_value, row->key_segments,
                                                    row->var_seg_mac, row->conditions, row->tuple_limits, row->version, row->sort_id};
    const struct span longs[LONG_COLUMNS] = {row->callback_data, row->separate_lv, row->space_hints, row->deferred_lv_hints, row->locale};
    uint32_t last_fixed = FIXED_COLUMNS, variables = VARIABLE_COLUMNS, need = 256;
    while (!fixed_has_value(row, last_fixed))
        last_fixed--;
    while (variables > 0 && variable[variables - 1].data == NULL)
        variables--;
    for (uint32_t i = 0; i < variables; i++)
        need += variable[i].size;
    for (uint32_t i = 0; i < LONG_COLUMNS; i++) {
        if (row->tagged.data != NULL) /* what was read is carried over as it stands */
            break;
        if (longs[i].size > LONG_SIZE_MOST)
            RAISE(JET_errInvalidParameter);
        need += longs[i].size;
    }
    if (need + row->tagged.size - 256 + 120 > room || need > UINT16_MAX)
        RAISE(JET_errRecordTooBig);

    uint32_t at = put_fixed(row, out, last_fixed);
    out[0] = (uint8_t)last_fixed;
    out[1] = (uint8_t)(VARIABLE_ID_FIRST - 1 + variables);
    store_le16(out + 2, (uint16_t)at);
    uint8_t *ends = out + at;
    at += 2 * variables;
    uint32_t end = 0;
    for (uint32_t i = 0; i < variables; i++) {
        if (variable[i].size > 0)
            memcpy(out + at + end, variable[i].data, variable[i].size);
        end += variable[i].size;
        store_le16(ends + 2 * i, (uint16_t)(end | (variable[i].data == NULL ? END_IS_NULL : 0)));
    }
    at += end;
    if (row->tagged.data != NULL) {
        memcpy(out + at, row->tagged.data, row->tagged.size);
        at += row->tagged.size;
    } else {
        at += put_long_columns(longs, page_size > 8192, out + at);
    }
    *size = at;
done:
    return err;
}

/* --- keys --- */

static uint32_t put_number(uint8_t *out, uint32_t value)
{
    out[0] = 0x7F;
    store_be32(out + 1, value ^ 0x80000000u);
    return 5;
}

static uint32_t put_small(uint8_t *out, uint32_t value)
{
    out[0] = 0x7F;
    store_be16(out + 1, (uint16_t)(value ^ 0x8000u));
    return 3;
}

static uint32_t put_name(uint8_t *out, struct span name)
{
    uint32_t n = 0;
    out[n++] = 0x7F;
    for (uint32_t i = 0; i < name.size && i < 255 && name.data[i] != 0; i++)
        out[n++] = name.data[i] >= 'a' && name.data[i] <= 'z' ? (uint8_t)(name.data[i] - 32) : name.data[i];
    out[n++] = 0;
    return n;
}

uint32_t catalog_row_key(uint32_t objid_table, uint32_t type, uint32_t id, uint8_t out[CATALOG_KEY_SIZE])
{
    uint32_t n = put_number(out, objid_table);
    n += put_small(out + n, type);
    return n + put_number(out + n, id);
}

uint32_t catalog_row_name_key(uint32_t objid_table, uint32_t type, struct span name, uint8_t out[CATALOG_NAME_KEY_MOST])
{
    uint32_t n = put_number(out, objid_table);
    n += put_small(out + n, type);
    return n + put_name(out + n, name);
}

uint32_t catalog_table_name_key(struct span name, uint8_t out[CATALOG_TABLE_KEY_MOST])
{
    out[0] = 0x7F;
    out[1] = 0xFF;
    return 2 + put_name(out + 2, name);
}
