/* The tagged part of a record being made (build.h; layout: records-and-catalog 2.1).
 *
 * Entries keep their stored bytes, flag byte included, one behind the other in the order of the array; a change makes one entry's bytes anew and moves what follows.
 * Forms, as Windows chooses them: one value; on small pages two values of a type that is not long in the short form, which a third value turns into the general one;
 * the general form keeps itself down to two values. */
#include "base/memory.h"
#include "format/compression.h"
#include "record/build_internal.h"

enum { ENTRY_SIZE = 4, DERIVED = 0x8000, MULTI_SEPARATED = 0x8000, MULTI_OFFSET = 0x7FFF, TWO_VALUES_FIRST_MOST = 255 };

static uint32_t rank_of(const struct column *column)
{
    uint32_t id = record_tagged_id(column);
    return (id & 0xFFFF) | ((id & COLUMN_ID_TEMPLATE_BIT) != 0 ? 0 : TAGGED_RANK_OWN);
}

/* The first slot whose rank is not below; true when it is the one. */
static bool find_slot(const struct record_builder *b, uint32_t rank, uint32_t *at)
{
    uint32_t low = 0, high = b->slot_count;
    if (high > 0 && b->slots[high - 1].rank < rank) /* columns are mostly set in order */
        low = high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (b->slots[middle].rank < rank)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return low < b->slot_count && b->slots[low].rank == rank;
}

static uint32_t slot_end(const struct record_builder *b, uint32_t i) { return i + 1 < b->slot_count ? b->slots[i + 1].start : b->tagged_size; }
static uint32_t slot_size(const struct record_builder *b, uint32_t i) { return slot_end(b, i) - b->slots[i].start; }
static bool slot_has_flags(const struct record_builder *b, uint32_t i) { return b->is_large_page || b->slots[i].bits == TAGGED_SMALL_HAS_FLAGS; }

static void slot_entry(const struct record_builder *b, uint32_t i, struct tagged_entry *out)
{
    const uint8_t *bytes = b->tagged + b->slots[i].start;
    uint32_t flag_size = slot_has_flags(b, i) ? 1 : 0;
    out->id = (b->slots[i].rank & 0xFFFF) | ((b->slots[i].rank & TAGGED_RANK_OWN) != 0 ? 0 : COLUMN_ID_TEMPLATE_BIT);
    out->flags = flag_size != 0 ? bytes[0] : 0;
    out->data = span_of(bytes + flag_size, slot_size(b, i) - flag_size);
    out->is_null = b->is_large_page ? (out->flags & TAGGED_NULL) != 0 : (b->slots[i].bits & TAGGED_SMALL_NULL) != 0;
}

bool builder_tagged_entry(const struct record_builder *b, const struct column *column, struct tagged_entry *out)
{
    uint32_t i;
    if (!find_slot(b, rank_of(column), &i))
        return false;
    slot_entry(b, i, out);
    return true;
}

static JET_ERR reserve_slots(struct record_builder *b, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    uint32_t capacity = b->slot_capacity;
    if (count <= capacity)
        goto done;
    while (capacity < count)
        capacity *= 2;
    struct tagged_slot *slots = (struct tagged_slot *)mem_resize(b->slots, capacity * sizeof *slots);
    if (slots == NULL)
        RAISE(JET_errOutOfMemory);
    b->slots = slots;
    b->slot_capacity = capacity;
done:
    return err;
}

JET_ERR builder_load_tagged(struct record_builder *b, const struct record_view *record)
{
    JET_ERR err = JET_errSuccess;
    uint32_t array_size = record->tagged_count * ENTRY_SIZE, bits = TAGGED_SMALL_HAS_FLAGS | TAGGED_SMALL_NULL;
    const uint8_t *array = record->bytes.data + record->tagged;
    b->slot_count = b->tagged_size = 0;
    if (record->tagged_count == 0)
        goto done;
    TRY(reserve_slots(b, record->tagged_count));
    b->tagged_size = record->bytes.size - record->tagged - array_size;
    memcpy(b->tagged, array + array_size, b->tagged_size);
    for (uint32_t i = 0; i < record->tagged_count; i++, array += ENTRY_SIZE) {
        uint32_t word = load_le16(array + 2), offset = word & (record->is_large_page ? ~(uint32_t)DERIVED : ~(uint32_t)DERIVED & ~bits);
        b->slots[i].rank = load_le16(array) | ((word & DERIVED) != 0 ? 0 : TAGGED_RANK_OWN);
        b->slots[i].start = (uint16_t)(offset - array_size);
        b->slots[i].bits = (uint16_t)(record->is_large_page ? 0 : word & bits);
    }
    b->slot_count = record->tagged_count;
done:
    return err;
}

void builder_put_tagged(const struct record_builder *b, uint8_t *out)
{
    uint32_t array_size = b->slot_count * ENTRY_SIZE;
    for (uint32_t i = 0; i < b->slot_count; i++) {
        uint32_t rank = b->slots[i].rank;
        store_le16(out + i * ENTRY_SIZE, (uint16_t)rank);
        store_le16(out + i * ENTRY_SIZE + 2, (uint16_t)((b->slots[i].start + array_size) | b->slots[i].bits | ((rank & TAGGED_RANK_OWN) != 0 ? 0 : DERIVED)));
    }
    memcpy(out + array_size, b->tagged, b->tagged_size);
}

/* --- changing an entry --- */

/* Gives entry i another size; the bytes up to the smaller size stay. */
static JET_ERR resize_slot(struct record_builder *b, uint32_t i, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    uint32_t old_size = slot_size(b, i), end = slot_end(b, i);
    if (!builder_fits(b, size, old_size))
        RAISE(JET_errRecordTooBig);
    if (size == old_size)
        goto done;
    memmove(b->tagged + b->slots[i].start + size, b->tagged + end, b->tagged_size - end);
    for (uint32_t later = i + 1; later < b->slot_count; later++)
        b->slots[later].start = (uint16_t)(b->slots[later].start + size - old_size);
    b->tagged_size = b->tagged_size + size - old_size;
done:
    return err;
}

static JET_ERR insert_slot(struct record_builder *b, uint32_t i, uint32_t rank, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    if (!builder_fits(b, ENTRY_SIZE + size, 0) || size > b->page_size)
        RAISE(JET_errRecordTooBig);
    TRY(reserve_slots(b, b->slot_count + 1));
    memmove(b->slots + i + 1, b->slots + i, (b->slot_count - i) * sizeof *b->slots);
    uint16_t start = (uint16_t)(i < b->slot_count ? b->slots[i + 1].start : b->tagged_size);
    b->slots[i] = (struct tagged_slot){.rank = rank, .start = start};
    b->slot_count++;
    memmove(b->tagged + start + size, b->tagged + start, b->tagged_size - start);
    for (uint32_t later = i + 1; later < b->slot_count; later++)
        b->slots[later].start = (uint16_t)(b->slots[later].start + size);
    b->tagged_size += size;
done:
    return err;
}

static void remove_slot(struct record_builder *b, uint32_t i)
{
    uint32_t size = slot_size(b, i), end = slot_end(b, i);
    memmove(b->tagged + b->slots[i].start, b->tagged + end, b->tagged_size - end);
    b->tagged_size -= size;
    b->slot_count--;
    memmove(b->slots + i, b->slots + i + 1, (b->slot_count - i) * sizeof *b->slots);
    for (uint32_t later = i; later < b->slot_count; later++)
        b->slots[later].start = (uint16_t)(b->slots[later].start - size);
}

void builder_remove_tagged(struct record_builder *b, const struct column *column)
{
    uint32_t i;
    if (find_slot(b, rank_of(column), &i))
        remove_slot(b, i);
}

/* A value as it will stand in the record. */
struct stored_value {
    struct span bytes;
    unsigned flags; /* TAGGED_COMPRESSED, TAGGED_SEPARATED, TAGGED_ENCRYPTED */
    uint8_t small[LID64_SIZE];
};

static unsigned long_flag(const struct column *column) { return column_type_is_long(column->type) ? TAGGED_LONG : 0; }

/* The entry becomes the one value; exists: slot i is there already. */
static JET_ERR put_single(struct record_builder *b, const struct column *column, uint32_t i, bool exists, const struct stored_value *value)
{
    JET_ERR err = JET_errSuccess;
    unsigned flags = long_flag(column) | value->flags;
    uint32_t flag_size = b->is_large_page || flags != 0 ? 1 : 0;
    if (exists)
        TRY(resize_slot(b, i, flag_size + value->bytes.size));
    else
        TRY(insert_slot(b, i, rank_of(column), flag_size + value->bytes.size));
    uint8_t *out = b->tagged + b->slots[i].start;
    if (flag_size != 0)
        out[0] = (uint8_t)flags;
    if (value->bytes.size > 0)
        memcpy(out + flag_size, value->bytes.data, value->bytes.size);
    b->slots[i].bits = !b->is_large_page && flag_size != 0 ? TAGGED_SMALL_HAS_FLAGS : 0;
done:
    return err;
}

/* The entry becomes scratch[0..size): a form with a flag byte. */
static JET_ERR put_scratch(struct record_builder *b, uint32_t i, uint32_t size)
{
    JET_ERR err = JET_errSuccess;
    TRY(resize_slot(b, i, size));
    memcpy(b->tagged + b->slots[i].start, b->scratch, size);
    b->slots[i].bits = b->is_large_page ? 0 : TAGGED_SMALL_HAS_FLAGS;
done:
    return err;
}

static JET_ERR put_explicit_null(struct record_builder *b, const struct column *column, uint32_t i, bool exists)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = b->is_large_page ? 1 : 0;
    if (exists)
        TRY(resize_slot(b, i, size));
    else
        TRY(insert_slot(b, i, rank_of(column), size));
    if (b->is_large_page)
        b->tagged[b->slots[i].start] = (uint8_t)(TAGGED_NULL | long_flag(column));
    b->slots[i].bits = b->is_large_page ? 0 : TAGGED_SMALL_NULL;
done:
    return err;
}

/* Two values of small pages: u8 size of the first, first, second. */
static JET_ERR put_two_values(struct record_builder *b, uint32_t i, struct span first, struct span second)
{
    JET_ERR err = JET_errSuccess;
    uint32_t size = 2 + first.size + second.size;
    if (size > b->page_size)
        RAISE(JET_errRecordTooBig);
    uint8_t *p = b->scratch;
    *p++ = TAGGED_MULTI | TAGGED_TWO_VALUES;
    *p++ = (uint8_t)first.size;
    if (first.size > 0)
        memcpy(p, first.data, first.size);
    if (second.size > 0)
        memcpy(p + first.size, second.data, second.size);
    TRY(put_scratch(b, i, size));
done:
    return err;
}

/* One value of the general form while it is made. */
struct piece {
    struct span bytes;
    bool is_separated;
};

/* The general form of two or three pieces. */
static JET_ERR put_pieces(struct record_builder *b, uint32_t i, unsigned flags, const struct piece *pieces, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    uint32_t offset = 2 * count, size = 1 + offset;
    for (uint32_t k = 0; k < count; k++)
        size += pieces[k].bytes.size;
    if (size > b->page_size)
        RAISE(JET_errRecordTooBig);
    uint8_t *array = b->scratch + 1;
    b->scratch[0] = (uint8_t)(flags | TAGGED_MULTI);
    for (uint32_t k = 0; k < count; k++) {
        store_le16(array + 2 * k, (uint16_t)(offset | (pieces[k].is_separated ? MULTI_SEPARATED : 0)));
        if (pieces[k].bytes.size > 0)
            memcpy(array + offset, pieces[k].bytes.data, pieces[k].bytes.size);
        offset += pieces[k].bytes.size;
    }
    TRY(put_scratch(b, i, size));
done:
    return err;
}

/* The general form with value k (from 0) replaced, added (k == count) or, with value NULL, taken out. */
static JET_ERR edit_values(struct record_builder *b, uint32_t i, const struct tagged_entry *entry, uint32_t count, uint32_t k, const struct stored_value *value)
{
    JET_ERR err = JET_errSuccess;
    const uint8_t *data = entry->data.data;
    bool is_new = k == count;
    uint32_t array_size = 2 * count, start = entry->data.size, end = entry->data.size;
    if (!is_new) {
        start = load_le16(data + 2 * k) & MULTI_OFFSET;
        end = k + 1 < count ? load_le16(data + 2 * k + 2) & MULTI_OFFSET : entry->data.size;
    }
    if (start < array_size || start > end || end > entry->data.size)
        RAISE(JET_errDatabaseCorrupted);
    uint32_t new_count = value == NULL ? count - 1 : count + (is_new ? 1 : 0), value_size = value != NULL ? value->bytes.size : 0;
    uint32_t size = 1 + 2 * new_count + (start - array_size) + value_size + (entry->data.size - end);
    if (value_size > b->page_size || size > b->page_size)
        RAISE(JET_errRecordTooBig);
    uint8_t *array = b->scratch + 1, *out = array + 2 * new_count;
    uint32_t before = 2 * new_count - array_size, after = before + value_size - (end - start); /* what offsets grow by, modulo 2^32 */
    for (uint32_t j = 0; j < k; j++) {
        uint32_t word = load_le16(data + 2 * j);
        store_le16(array + 2 * j, (uint16_t)(((word & MULTI_OFFSET) + before) | (word & MULTI_SEPARATED)));
    }
    if (value != NULL) {
        store_le16(array + 2 * k, (uint16_t)((start + before) | ((value->flags & TAGGED_SEPARATED) != 0 ? MULTI_SEPARATED : 0)));
        array += 2; /* those behind move up by one */
    }
    for (uint32_t j = k + 1; j < count; j++) {
        uint32_t word = load_le16(data + 2 * j);
        store_le16(array + 2 * (j - 1), (uint16_t)(((word & MULTI_OFFSET) + after) | (word & MULTI_SEPARATED)));
    }
    memcpy(out, data + array_size, start - array_size);
    out += start - array_size;
    if (value_size > 0)
        memcpy(out, value->bytes.data, value_size);
    memcpy(out + value_size, data + end, entry->data.size - end);
    unsigned flags = entry->flags;
    if (k == 0)
        flags = (flags & ~(unsigned)TAGGED_COMPRESSED) | (value != NULL ? value->flags & TAGGED_COMPRESSED : 0);
    b->scratch[0] = (uint8_t)flags;
    TRY(put_scratch(b, i, size));
done:
    return err;
}

/* Another value on top of the first. */
static JET_ERR add_second(struct record_builder *b, const struct column *column, uint32_t i, const struct tagged_entry *entry, const struct stored_value *value)
{
    JET_ERR err = JET_errSuccess;
    if ((entry->flags & TAGGED_ENCRYPTED) != 0)
        RAISE(JET_errFeatureNotAvailable);
    if (!b->is_large_page && !column_type_is_long(column->type) && entry->data.size <= TWO_VALUES_FIRST_MOST && entry->flags == 0) {
        TRY(put_two_values(b, i, entry->data, value->bytes));
    } else {
        struct piece pieces[2] = {{entry->data, (entry->flags & TAGGED_SEPARATED) != 0}, {value->bytes, (value->flags & TAGGED_SEPARATED) != 0}};
        TRY(put_pieces(b, i, entry->flags & (TAGGED_LONG | TAGGED_COMPRESSED), pieces, 2));
    }
done:
    return err;
}

/* sequence 0: add. */
static JET_ERR set_two_values(struct record_builder *b, const struct column *column, uint32_t i, const struct tagged_entry *entry, uint32_t sequence,
                              const struct stored_value *value)
{
    JET_ERR err = JET_errSuccess;
    struct column_value first, second;
    TRY(record_tagged_value(entry, 1, &first));
    TRY(record_tagged_value(entry, 2, &second));
    struct piece pieces[3] = {{first.bytes, false}, {second.bytes, false}, {value->bytes, (value->flags & TAGGED_SEPARATED) != 0}};
    if (sequence == 1 || sequence == 2)
        pieces[sequence - 1] = pieces[2];
    if (sequence == 0)
        TRY(put_pieces(b, i, long_flag(column), pieces, 3));
    else if (pieces[0].bytes.size <= TWO_VALUES_FIRST_MOST)
        TRY(put_two_values(b, i, pieces[0].bytes, pieces[1].bytes));
    else
        TRY(put_pieces(b, i, long_flag(column), pieces, 2));
done:
    return err;
}

/* One of several values goes. */
static JET_ERR remove_value(struct record_builder *b, const struct column *column, uint32_t i, const struct tagged_entry *entry, uint32_t count, uint32_t sequence)
{
    JET_ERR err = JET_errSuccess;
    if (count > 2) {
        TRY(edit_values(b, i, entry, count, sequence - 1, NULL));
        goto done;
    }
    struct column_value left;
    struct stored_value single = {.flags = 0};
    if (count == 2) {
        TRY(record_tagged_value(entry, 3 - sequence, &left));
        if ((left.flags & COLUMN_VALUE_SEPARATED) != 0)
            single.flags |= TAGGED_SEPARATED;
        if ((left.flags & COLUMN_VALUE_COMPRESSED) != 0)
            single.flags |= TAGGED_COMPRESSED;
        /* its bytes are moved by resizing: they go the way over the scratch page */
        memcpy(b->scratch, left.bytes.data, left.bytes.size);
        single.bytes = span_of(b->scratch, left.bytes.size);
        TRY(put_single(b, column, i, true, &single));
    } else { /* the general form with one value: nobody writes it, but it can be read */
        remove_slot(b, i);
    }
done:
    return err;
}

static JET_ERR set_null(struct record_builder *b, const struct column *column, uint32_t i, bool exists, uint32_t sequence)
{
    JET_ERR err = JET_errSuccess;
    bool has_default = (column->flags & (COLUMN_FLAG_DEFAULT | COLUMN_FLAG_USER_DEFAULT)) != 0 || column->default_value.data != NULL;
    struct tagged_entry entry = {0};
    uint32_t count = 0;
    if (exists) {
        slot_entry(b, i, &entry);
        TRY(record_tagged_count(&entry, &count));
    }
    if (!exists ? sequence != 1 || !has_default : sequence == 0 || sequence > count)
        goto done; /* the value that would go is not there */
    if (exists && (entry.flags & TAGGED_MULTI) != 0)
        TRY(remove_value(b, column, i, &entry, count, sequence));
    else if (has_default)
        TRY(put_explicit_null(b, column, i, exists));
    else
        remove_slot(b, i);
done:
    return err;
}

static JET_ERR set_value(struct record_builder *b, const struct column *column, uint32_t i, bool exists, uint32_t sequence, const struct stored_value *value)
{
    JET_ERR err = JET_errSuccess;
    struct tagged_entry entry = {0};
    uint32_t count = 0;
    if (exists) {
        slot_entry(b, i, &entry);
        TRY(record_tagged_count(&entry, &count));
    }
    bool is_new = sequence == 0 || sequence > count;
    if (count == 0 || (!is_new && (entry.flags & TAGGED_MULTI) == 0))
        TRY(put_single(b, column, i, exists, value));
    else if ((entry.flags & TAGGED_MULTI) == 0)
        TRY(add_second(b, column, i, &entry, value));
    else if ((value->flags & TAGGED_ENCRYPTED) != 0)
        RAISE(JET_errFeatureNotAvailable);
    else if ((entry.flags & TAGGED_TWO_VALUES) != 0)
        TRY(set_two_values(b, column, i, &entry, is_new ? 0 : sequence, value));
    else
        TRY(edit_values(b, i, &entry, count, is_new ? count : sequence - 1, value));
done:
    return err;
}

/* Size rules of plain values. */
static JET_ERR check_size(const struct column *column, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    uint32_t type_size = column_type_size(column->type), size = value->bytes.size;
    if ((value->flags & (COLUMN_VALUE_SEPARATED | COLUMN_VALUE_COMPRESSED | COLUMN_VALUE_ENCRYPTED)) != 0) {
        if (!column_type_is_long(column->type))
            RAISE(JET_errInvalidParameter);
    } else if (type_size != 0 && size != 0 && size != type_size) {
        RAISE(JET_errInvalidBufferSize);
    } else if ((column->max_size != 0 && size > column->max_size) || (!column_type_is_long(column->type) && size > 255)) {
        RAISE(JET_errColumnTooBig);
    }
done:
    return err;
}

static JET_ERR set_stored(struct record_builder *b, const struct column *column, uint32_t i, bool exists, uint32_t sequence, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    struct stored_value stored = {.bytes = value->bytes};
    if ((value->flags & COLUMN_VALUE_COMPRESSED) != 0)
        stored.flags |= TAGGED_COMPRESSED;
    if ((value->flags & COLUMN_VALUE_ENCRYPTED) != 0)
        stored.flags |= TAGGED_ENCRYPTED;
    if ((value->flags & COLUMN_VALUE_SEPARATED) != 0) {
        bool is_wide = value->lid >> 63 != 0;
        store_le64(stored.small, value->lid);
        stored.bytes = span_of(stored.small, is_wide ? LID64_SIZE : LID32_SIZE);
        stored.flags |= TAGGED_SEPARATED;
    }
    TRY(set_value(b, column, i, exists, sequence, &stored));
done:
    return err;
}

/* Only a first value can be compressed: this one is expanded. */
static JET_ERR set_expanded(struct record_builder *b, const struct column *column, uint32_t i, uint32_t sequence, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    uint8_t *plain = NULL;
    uint32_t size, written;
    TRY(compression_plain_size(value->bytes, &size));
    if (size > b->page_size)
        RAISE(JET_errRecordTooBig);
    plain = (uint8_t *)mem_alloc(size);
    if (plain == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(compression_expand(value->bytes, plain, size, &written));
    struct column_value expanded = {.bytes = span_of(plain, written), .flags = value->flags & ~(unsigned)COLUMN_VALUE_COMPRESSED};
    TRY(set_stored(b, column, i, true, sequence, &expanded));
done:
    mem_free(plain);
    return err;
}

JET_ERR builder_set_tagged(struct record_builder *b, const struct column *column, uint32_t sequence, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    uint32_t i, count = 0;
    bool exists = find_slot(b, rank_of(column), &i);
    if ((value->flags & COLUMN_VALUE_NULL) != 0) {
        TRY(set_null(b, column, i, exists, sequence));
        goto done;
    }
    TRY(check_size(column, value));
    if (exists && sequence != 1 && (value->flags & COLUMN_VALUE_COMPRESSED) != 0) {
        struct tagged_entry entry;
        slot_entry(b, i, &entry);
        TRY(record_tagged_count(&entry, &count));
    }
    if (count > 0) /* it will not be the first */
        TRY(set_expanded(b, column, i, sequence, value));
    else
        TRY(set_stored(b, column, i, exists, sequence, value));
done:
    return err;
}
