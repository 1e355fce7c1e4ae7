/* Reading records (record.h; layout: records-and-catalog 2).
 *
 * Tagged entry's second word:
 *
 *   |        | small page                        | large page                                        |
 *   |--------|-----------------------------------|---------------------------------------------------|
 *   | offset | 0x1FFF                            | 0x7FFF                                            |
 *   | 0x8000 | column of the template table      | the same                                          |
 *   | 0x4000 | the data starts with a flag byte  | part of the offset; there is always a flag byte   |
 *   | 0x2000 | explicit null, no data            | part of the offset; null is in the flag byte      |
 */
#include "record/record.h"

#include "base/memory.h"
#include "format/compression.h"
#include "format/page.h"
#include "record/long_value.h"

enum {
    RECORD_HEADER = 4,
    TAGGED_ENTRY_SIZE = 4,
    TAGGED_TEMPLATE = 0x8000,
    TAGGED_SMALL_HAS_FLAGS = 0x4000,
    TAGGED_SMALL_NULL = 0x2000,
    TAGGED_SMALL_OFFSET = 0x1FFF,
    TAGGED_LARGE_OFFSET = 0x7FFF,
    VARIABLE_NULL = 0x8000,
    MULTI_SEPARATED = 0x8000,
    MULTI_OFFSET = 0x7FFF
};

static const uint8_t *tagged_array(const struct record_view *r, uint32_t i) { return r->bytes.data + r->tagged + i * TAGGED_ENTRY_SIZE; }

/* Order of the array: template columns first, then by id. */
static uint32_t tagged_rank(const uint8_t *entry) { return load_le16(entry) | ((load_le16(entry + 2) & TAGGED_TEMPLATE) != 0 ? 0 : 0x10000u); }

static uint32_t tagged_offset(const struct record_view *r, const uint8_t *entry)
{
    return load_le16(entry + 2) & (r->is_large_page ? TAGGED_LARGE_OFFSET : TAGGED_SMALL_OFFSET);
}

static bool tagged_has_flag_byte(const struct record_view *r, const uint8_t *entry)
{
    return r->is_large_page || (load_le16(entry + 2) & (TAGGED_SMALL_HAS_FLAGS | TAGGED_SMALL_NULL)) == TAGGED_SMALL_HAS_FLAGS;
}

/* Checks the array: offsets ascend and stay inside, entries are sorted, and where a flag byte is promised there is one. */
static bool tagged_part_is_valid(struct record_view *r)
{
    uint32_t size = r->bytes.size - r->tagged;
    if (size == 0)
        return true;
    if (size < TAGGED_ENTRY_SIZE)
        return false;
    uint32_t first = tagged_offset(r, tagged_array(r, 0));
    if (first == 0 || first % TAGGED_ENTRY_SIZE != 0 || first > size)
        return false;
    r->tagged_count = first / TAGGED_ENTRY_SIZE;
    for (uint32_t i = 0; i < r->tagged_count; i++) {
        const uint8_t *entry = tagged_array(r, i);
        uint32_t start = tagged_offset(r, entry), end = i + 1 < r->tagged_count ? tagged_offset(r, entry + TAGGED_ENTRY_SIZE) : size;
        if (start > end || end > size || load_le16(entry) < TAGGED_ID_FIRST || (tagged_has_flag_byte(r, entry) && start == end))
            return false;
        if (i > 0 && tagged_rank(entry - TAGGED_ENTRY_SIZE) >= tagged_rank(entry))
            return false;
        if ((load_le16(entry + 2) & TAGGED_TEMPLATE) != 0)
            r->template_count = i + 1;
    }
    return true;
}

static void view_clear(struct record_view *r, bool is_large_page)
{
    *r = (struct record_view){.variable_last = VARIABLE_ID_FIRST - 1, .is_large_page = is_large_page};
}

/* Fills the view in place, field by field: a view made elsewhere and copied costs more than all the checks. */
JET_ERR record_view_init(struct record_view *r, struct span bytes, uint32_t page_size)
{
    JET_ERR err = JET_errSuccess;
    view_clear(r, page_size > 8192);
    if (bytes.size < RECORD_SIZE_MIN || bytes.size > PAGE_SIZE_MAX)
        RAISE(JET_errDatabaseCorrupted);
    r->bytes = bytes;
    r->fixed_last = bytes.data[0];
    r->variable_last = bytes.data[1];
    r->variable_table = load_le16(bytes.data + 2);
    if (r->fixed_last > FIXED_ID_LAST || r->variable_last < VARIABLE_ID_FIRST - 1)
        RAISE(JET_errDatabaseCorrupted);
    uint32_t bitmap_size = (r->fixed_last + 7) / 8, variable_count = r->variable_last - (VARIABLE_ID_FIRST - 1);
    r->variable_data = r->variable_table + 2 * variable_count;
    if (r->variable_table < RECORD_HEADER + bitmap_size || r->variable_data > bytes.size)
        RAISE(JET_errDatabaseCorrupted);
    r->null_bitmap = r->variable_table - bitmap_size;
    uint32_t previous = 0, variable_size = bytes.size - r->variable_data;
    for (const uint8_t *at = bytes.data + r->variable_table, *end = bytes.data + r->variable_data; at < end; at += 2) {
        uint32_t end_offset = load_le16(at) & ~(uint32_t)VARIABLE_NULL;
        if (end_offset < previous || end_offset > variable_size)
            RAISE(JET_errDatabaseCorrupted);
        previous = end_offset;
    }
    r->tagged = r->variable_data + previous;
    if (!tagged_part_is_valid(r))
        RAISE(JET_errDatabaseCorrupted);
done:
    if (err < 0)
        view_clear(r, page_size > 8192);
    return err;
}

/* --- tagged columns --- */

static void tagged_entry_at(const struct record_view *r, uint32_t i, struct tagged_entry *out)
{
    const uint8_t *entry = tagged_array(r, i);
    uint32_t word = load_le16(entry + 2), start = tagged_offset(r, entry);
    uint32_t end = i + 1 < r->tagged_count ? tagged_offset(r, entry + TAGGED_ENTRY_SIZE) : r->bytes.size - r->tagged;
    bool has_flags = tagged_has_flag_byte(r, entry);
    out->id = load_le16(entry) | ((word & TAGGED_TEMPLATE) != 0 ? COLUMN_ID_TEMPLATE_BIT : 0);
    out->flags = has_flags ? r->bytes.data[r->tagged + start] : 0;
    out->data = span_of(r->bytes.data + r->tagged + start + (has_flags ? 1 : 0), end - start - (has_flags ? 1 : 0));
    out->is_null = r->is_large_page ? (out->flags & TAGGED_NULL) != 0 : (word & TAGGED_SMALL_NULL) != 0;
}

JET_ERR record_tagged_at(const struct record_view *record, uint32_t i, struct tagged_entry *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct tagged_entry){0};
    if (i >= record->tagged_count)
        RAISE(JET_errColumnNotFound);
    tagged_entry_at(record, i, out);
done:
    return err;
}

bool record_tagged_find(const struct record_view *record, uint32_t id, uint32_t *i)
{
    uint32_t low = 0, high = record->template_count;
    if ((id & COLUMN_ID_TEMPLATE_BIT) == 0) {
        low = high;
        high = record->tagged_count;
    }
    id &= 0xFFFF;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, found = load_le16(tagged_array(record, middle));
        if (found == id) {
            *i = middle;
            return true;
        }
        if (found < id)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

JET_ERR record_tagged_count(const struct tagged_entry *entry, uint32_t *count)
{
    JET_ERR err = JET_errSuccess;
    *count = 0;
    if (entry->is_null)
        return err;
    if ((entry->flags & TAGGED_MULTI) == 0) {
        *count = 1;
    } else if ((entry->flags & TAGGED_TWO_VALUES) != 0) {
        *count = 2;
    } else {
        if (entry->data.size < 2)
            RAISE(JET_errDatabaseCorrupted);
        uint32_t first = load_le16(entry->data.data) & MULTI_OFFSET;
        if (first < 2 || first % 2 != 0 || first > entry->data.size)
            RAISE(JET_errDatabaseCorrupted);
        *count = first / 2;
    }
done:
    return err;
}

static JET_ERR separated_value(struct column_value *value)
{
    value->flags |= COLUMN_VALUE_SEPARATED;
    return long_value_lid_decode(value->bytes, &value->lid);
}

/* Two values in the short form: u8 size of the first, first, second. */
static JET_ERR two_values_at(const struct tagged_entry *entry, uint32_t sequence, struct column_value *out)
{
    JET_ERR err = JET_errSuccess;
    if (entry->data.size < 1 || entry->data.data[0] > entry->data.size - 1)
        RAISE(JET_errDatabaseCorrupted);
    uint32_t first = entry->data.data[0];
    out->bytes = sequence == 1 ? span_of(entry->data.data + 1, first) : span_of(entry->data.data + 1 + first, entry->data.size - 1 - first);
done:
    return err;
}

JET_ERR record_tagged_value(const struct tagged_entry *entry, uint32_t sequence, struct column_value *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count;
    *out = (struct column_value){.flags = COLUMN_VALUE_NULL};
    TRY(record_tagged_count(entry, &count));
    if (sequence == 0 || sequence > count)
        goto done;
    out->flags = (entry->flags & TAGGED_ENCRYPTED) != 0 ? COLUMN_VALUE_ENCRYPTED : 0;
    bool is_compressed = (entry->flags & TAGGED_COMPRESSED) != 0 && sequence == 1; /* only a first value ever is */
    if ((entry->flags & TAGGED_MULTI) == 0) {
        out->bytes = entry->data;
        if ((entry->flags & TAGGED_SEPARATED) != 0)
            TRY(separated_value(out));
    } else if ((entry->flags & TAGGED_TWO_VALUES) != 0) {
        TRY(two_values_at(entry, sequence, out));
    } else {
        uint32_t word = load_le16(entry->data.data + 2 * (sequence - 1)), start = word & MULTI_OFFSET;
        uint32_t end = sequence < count ? load_le16(entry->data.data + 2 * sequence) & MULTI_OFFSET : entry->data.size;
        if (start < 2 * count || start > end || end > entry->data.size)
            RAISE(JET_errDatabaseCorrupted);
        out->bytes = span_of(entry->data.data + start, end - start);
        if ((word & MULTI_SEPARATED) != 0)
            TRY(separated_value(out));
    }
    if (is_compressed)
        out->flags |= COLUMN_VALUE_COMPRESSED;
done:
    if (err < 0)
        *out = (struct column_value){.flags = COLUMN_VALUE_NULL};
    return err;
}

/* --- columns of any kind --- */

/* The record does not reach the column: it reads its default, or null. */
static void default_value(const struct column *column, uint32_t sequence, struct column_value *out)
{
    *out = (struct column_value){.flags = COLUMN_VALUE_NULL};
    if (sequence != 1)
        return;
    if ((column->flags & COLUMN_FLAG_USER_DEFAULT) != 0)
        out->flags = COLUMN_VALUE_DEFAULT | COLUMN_VALUE_USER_DEFAULT;
    else if (column->default_value.data != NULL)
        *out = (struct column_value){.bytes = column->default_value, .flags = COLUMN_VALUE_DEFAULT};
}

JET_ERR record_column(const struct record_view *record, const struct column *column, uint32_t sequence, struct column_value *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t id = column->id & 0xFFFF, i;
    *out = (struct column_value){.flags = COLUMN_VALUE_NULL};
    if (column->type == COLUMN_TYPE_NIL)
        goto done;
    if (id >= TAGGED_ID_FIRST && record_tagged_find(record, record_tagged_id(column), &i)) {
        struct tagged_entry entry;
        tagged_entry_at(record, i, &entry);
        return record_tagged_value(&entry, sequence, out);
    }
    if (id >= TAGGED_ID_FIRST || id > (id >= VARIABLE_ID_FIRST ? record->variable_last : record->fixed_last)) {
        default_value(column, sequence, out);
    } else if (sequence == 1 && id > 0) {
        struct span own;
        if (!record_own_value(record, column, &own))
            RAISE(JET_errDatabaseCorrupted);
        if (own.data != NULL)
            *out = (struct column_value){.bytes = own};
    }
done:
    return err;
}

JET_ERR record_column_count(const struct record_view *record, const struct column *column, uint32_t *count)
{
    JET_ERR err = JET_errSuccess;
    uint32_t i;
    *count = 0;
    if (column->type != COLUMN_TYPE_NIL && column_is_tagged(column->id) && record_tagged_find(record, record_tagged_id(column), &i)) {
        struct tagged_entry entry;
        tagged_entry_at(record, i, &entry);
        return record_tagged_count(&entry, count);
    }
    struct column_value value;
    TRY(record_column(record, column, 1, &value));
    *count = (value.flags & COLUMN_VALUE_NULL) != 0 ? 0 : 1;
done:
    return err;
}

/* --- plain bytes --- */

/* A compressed value from the middle: everything before it has to be expanded too. */
static JET_ERR read_compressed_from(struct span stored, uint32_t plain_size, uint32_t offset, uint8_t *out, uint32_t capacity, uint32_t *written)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count = capacity < plain_size - offset ? capacity : plain_size - offset, expanded;
    uint8_t *whole = (uint8_t *)mem_alloc((size_t)offset + count);
    if (whole == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(compression_expand(stored, whole, offset + count, &expanded));
    memcpy(out, whole + offset, count);
    *written = count;
done:
    mem_free(whole);
    return err;
}

JET_ERR column_value_read(const struct column_value *value, uint32_t offset, uint8_t *out, uint32_t capacity, uint32_t *written, uint32_t *total)
{
    JET_ERR err = JET_errSuccess;
    uint32_t plain_size = value->bytes.size;
    *written = 0;
    if (total != NULL)
        *total = 0;
    if ((value->flags & COLUMN_VALUE_NULL) != 0)
        return JET_wrnColumnNull;
    if ((value->flags & COLUMN_VALUE_USER_DEFAULT) != 0)
        RAISE(JET_errCallbackNotResolved);
    if ((value->flags & COLUMN_VALUE_SEPARATED) != 0)
        RAISE(JET_errSeparatedLongValue);
    if ((value->flags & COLUMN_VALUE_ENCRYPTED) != 0)
        RAISE(JET_errFeatureNotAvailable);
    bool is_compressed = (value->flags & COLUMN_VALUE_COMPRESSED) != 0;
    if (is_compressed)
        TRY(compression_plain_size(value->bytes, &plain_size));
    if (total != NULL)
        *total = plain_size;
    if (offset >= plain_size || capacity == 0)
        goto done;
    if (is_compressed && offset == 0) {
        TRY(compression_expand(value->bytes, out, capacity, written));
    } else if (is_compressed) {
        TRY(read_compressed_from(value->bytes, plain_size, offset, out, capacity, written));
    } else {
        *written = capacity < plain_size - offset ? capacity : plain_size - offset;
        memcpy(out, value->bytes.data + offset, *written);
    }
done:
    return err;
}

void value_buffer_free(struct value_buffer *buffer)
{
    mem_free(buffer->data);
    *buffer = (struct value_buffer){0};
}

JET_ERR value_buffer_reserve(struct value_buffer *buffer, uint32_t capacity)
{
    JET_ERR err = JET_errSuccess;
    if (capacity <= buffer->capacity && buffer->data != NULL)
        return err;
    uint8_t *data = (uint8_t *)mem_resize(buffer->data, capacity);
    if (data == NULL)
        RAISE(JET_errOutOfMemory);
    buffer->data = data;
    buffer->capacity = capacity;
done:
    return err;
}

uint32_t record_size_limit(uint32_t page_size, uint32_t key_most)
{
    uint32_t reserve = page_size > 8192 ? 88 + 4 + key_most : 48 + 2 + (key_most + 2 > 255 ? key_most + 2 : 255);
    return page_size > reserve ? page_size - reserve : 0;
}
