/* One value of a key column as key bytes (key.h; records-and-catalog 4.1-4.5). */
#include "record/key.h"

enum {
    BINARY_CHUNK = 8,       /* data bytes in a group */
    BINARY_GROUP = 9,       /* with the byte that says how many count */
    TEXT_SOURCE_MAX_OLD = 255, UNICODE_SOURCE_MAX_OLD = 256, /* source bytes looked at when KeyMost is the old maximum */
    CODE_PAGE_UNICODE = 1200
};

uint32_t key_most_limit(uint32_t page_size)
{
    return page_size <= 2048 ? 500 : page_size == 4096 ? 1000 : KEY_MOST_MAX;
}

static bool is_binary(uint32_t type) { return type == COLUMN_TYPE_BINARY || type == COLUMN_TYPE_LONG_BINARY; }

/* Longest segment of a variable column, prefix included; UINT32_MAX when VarSegMac does not limit. */
static uint32_t segment_most(const struct index *index)
{
    return index->var_seg_most > 0 && index->var_seg_most < index->key_most ? index->var_seg_most : UINT32_MAX;
}

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Upper-cased bytes up to the first NUL and a terminator. When the space is too short the last byte that fits is the source byte minus
 * 0x20, whatever it is: every key written by the original engine has it so. Returns whether the text was cut. */
static bool ansi_text(struct span text, uint8_t *body, uint32_t room, uint32_t *size)
{
    const uint8_t *end = text.size > 0 ? (const uint8_t *)memchr(text.data, 0, text.size) : NULL;
    uint32_t length = end != NULL ? (uint32_t)(end - text.data) : text.size;
    bool is_cut = room <= length;
    uint32_t whole = is_cut ? (room > 0 ? room - 1 : 0) : length;
    for (uint32_t i = 0; i < whole; i++)
        body[i] = text.data[i] >= 'a' && text.data[i] <= 'z' ? (uint8_t)(text.data[i] - 0x20) : text.data[i];
    if (!is_cut)
        body[whole] = 0;
    else if (room > 0)
        body[whole] = (uint8_t)(text.data[whole] - 0x20);
    *size = is_cut ? room : length + 1;
    return is_cut;
}

static JET_ERR text_segment(const struct key_rules *rules, const struct column *column, struct span value, uint8_t *out, uint32_t room,
                            struct key_segment *segment)
{
    JET_ERR err = JET_errSuccess;
    uint32_t most = segment_most(rules->index), body_room = smaller(room, most) - 1, body_size = 0;
    bool is_cut = false;
    out[0] = KEY_PREFIX_DATA;
    if (column->code_page == CODE_PAGE_UNICODE) {
        value.size &= ~1u;
        if (rules->index->key_most == KEY_MOST_DEFAULT)
            value.size = smaller(value.size, UNICODE_SOURCE_MAX_OLD);
        if (!rules->has_collation)
            RAISE(JET_errFeatureNotAvailable);
        TRY(collation_sort_key(&rules->collation, value, out + 1, body_room, &body_size, &is_cut));
    } else {
        if (rules->index->key_most == KEY_MOST_DEFAULT)
            value.size = smaller(value.size, TEXT_SOURCE_MAX_OLD);
        is_cut = ansi_text(value, out + 1, body_room, &body_size);
    }
    segment->size = 1 + body_size;
    segment->is_cut = is_cut && segment->size < most; /* a cut by VarSegMac is meant: later segments follow */
done:
    return err;
}

static void fixed_binary_segment(const struct key_rules *rules, struct span value, uint8_t *out, uint32_t room, struct key_segment *segment)
{
    uint32_t size = smaller(value.size + 1, segment_most(rules->index));
    segment->is_cut = size > room;
    segment->size = smaller(size, room);
    out[0] = KEY_PREFIX_DATA;
    memcpy(out + 1, value.data, segment->size - 1);
}

/* Groups of eight bytes, each followed by 9, or in the last by the number of bytes that count; zero padded. */
static void binary_segment(const struct key_rules *rules, struct span value, uint8_t *out, uint32_t room, struct key_segment *segment)
{
    uint64_t whole = (uint64_t)(value.size + BINARY_CHUNK - 1) / BINARY_CHUNK * BINARY_GROUP + 1;
    uint32_t most = segment_most(rules->index), size = whole > most ? most : (uint32_t)whole;
    segment->is_cut = size > room;
    size = smaller(size, room);
    bool is_whole = size == whole;
    segment->size = size;
    out[0] = KEY_PREFIX_DATA;
    const uint8_t *from = value.data;
    uint32_t at = 1, left = value.size;
    while (size - at >= BINARY_GROUP && left > 0) {
        uint32_t count = smaller(left, BINARY_CHUNK);
        memset(out + at, 0, BINARY_CHUNK);
        memcpy(out + at, from, count);
        from += count;
        left -= count;
        if (left == 0)
            segment->delimiter = at + count;
        /* a full last group that is not the end of the segment looks like one with more to come */
        out[at + BINARY_CHUNK] = left > 0 || (count == BINARY_CHUNK && !is_whole) ? BINARY_GROUP : (uint8_t)count;
        at += BINARY_GROUP;
    }
    if (at < size) { /* the space ends inside a group */
        uint32_t count = smaller(left, size - at);
        memset(out + at, 0, size - at);
        if (count > 0)
            memcpy(out + at, from, count);
        if (left < size - at)
            segment->delimiter = at + count;
    }
}

static void big_endian(const uint8_t *value, uint32_t size, uint8_t *out)
{
    for (uint32_t i = 0; i < size; i++)
        out[i] = value[size - 1 - i];
}

static void guid_body(const uint8_t *value, bool is_dotnet, uint8_t *out)
{
    static const uint8_t windows_order[16] = {10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3};
    static const uint8_t dotnet_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (unsigned i = 0; i < 16; i++)
        out[i] = value[is_dotnet ? dotnet_order[i] : windows_order[i]];
}

/* A type of fixed size. out: 17 bytes. */
static JET_ERR number_body(const struct key_rules *rules, uint32_t type, struct span value, uint8_t *out, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    *size = column_type_size(type);
    if (*size == 0 || value.size != *size)
        RAISE(JET_errInvalidBufferSize);
    switch (type) {
    case COLUMN_TYPE_BIT:
        out[0] = value.data[0] != 0 ? 0xFF : 0x00;
        break;
    case COLUMN_TYPE_SHORT:
    case COLUMN_TYPE_LONG:
    case COLUMN_TYPE_CURRENCY:
    case COLUMN_TYPE_LONG_LONG:
        big_endian(value.data, *size, out);
        out[0] ^= 0x80;
        break;
    case COLUMN_TYPE_SINGLE:
    case COLUMN_TYPE_DOUBLE:
    case COLUMN_TYPE_DATE_TIME: {
        big_endian(value.data, *size, out);
        uint8_t mask = (out[0] & 0x80) != 0 ? 0xFF : 0x00;
        for (uint32_t i = 0; i < *size && i < sizeof(uint64_t); i++) /* the second bound is for the compiler's sake */
            out[i] ^= mask;
        if (mask == 0)
            out[0] ^= 0x80;
        break;
    }
    case COLUMN_TYPE_GUID:
        guid_body(value.data, (rules->index->flags & INDEX_FLAG_DOTNET_GUID) != 0, out);
        break;
    default: /* unsigned numbers */
        big_endian(value.data, *size, out);
        break;
    }
done:
    return err;
}

static JET_ERR number_segment(const struct key_rules *rules, const struct column *column, struct span value, uint8_t *out, uint32_t room,
                              struct key_segment *segment)
{
    JET_ERR err = JET_errSuccess;
    uint8_t body[16];
    uint32_t size;
    TRY(number_body(rules, column->type, value, body, &size));
    segment->is_cut = size + 1 > room;
    segment->size = smaller(size + 1, room);
    out[0] = KEY_PREFIX_DATA;
    memcpy(out + 1, body, segment->size - 1);
done:
    return err;
}

JET_ERR key_segment(const struct key_rules *rules, const struct column *column, bool is_descending, bool is_null, struct span value, uint8_t *out,
                    uint32_t room, struct key_segment *segment)
{
    JET_ERR err = JET_errSuccess;
    bool is_text = column_type_is_text(column->type);
    *segment = (struct key_segment){0};
    if (room == 0)
        RAISE(JET_errInvalidParameter);
    if (is_null || (value.size == 0 && !is_text && !is_binary(column->type))) {
        out[0] = (rules->index->flags & INDEX_FLAG_NULLS_HIGH) != 0 ? KEY_PREFIX_NULL_HIGH : KEY_PREFIX_NULL;
        segment->size = 1;
    } else if (value.size == 0) {
        out[0] = KEY_PREFIX_EMPTY;
        segment->size = 1;
    } else if (is_text) {
        TRY(text_segment(rules, column, value, out, room, segment));
    } else if (is_binary(column->type)) {
        if (column_is_fixed(column->id))
            fixed_binary_segment(rules, value, out, room, segment);
        else
            binary_segment(rules, value, out, room, segment);
    } else {
        TRY(number_segment(rules, column, value, out, room, segment));
    }
    if (is_descending)
        for (uint32_t i = 0; i < segment->size; i++)
            out[i] = (uint8_t)~out[i];
done:
    return err;
}
