/* Column values out of a key (records-and-catalog 4.1, 4.2, read backwards).
 *
 * Numbers, GUIDs and binary values can be had from a key unchanged; text cannot (its case is gone, or it is a sort key), and ends the search
 * for columns behind it when its length cannot be told. Whatever is doubtful is "not found": the caller then reads the row. */
#include "cursor/internal.h"

enum { CHUNK = 8, CHUNK_MORE = 9 };

/* Bytes of a key from `at` to `end`, as they were before a descending column inverted them. */
struct reader {
    struct span key;
    uint32_t at, end;
    uint8_t invert;
};

static bool take(struct reader *r, uint8_t *out, uint32_t size)
{
    if (size > r->end - r->at)
        return false;
    for (uint32_t i = 0; i < size; i++)
        out[i] = (uint8_t)(r->key.data[r->at + i] ^ r->invert);
    r->at += size;
    return true;
}

/* Numbers stand in the key big-endian, signed ones with the sign bit flipped, floating ones with all bits inverted when negative. */
static void reverse(uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size / 2; i++) {
        uint8_t b = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = b;
    }
}

static void decode_fixed(const struct index *index, uint32_t type, uint8_t *bytes, uint32_t size)
{
    static const uint8_t guid_places[16] = {10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3};
    static const uint8_t dotnet_places[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t plain[16];
    switch (type) {
    case COLUMN_TYPE_BIT:
    case COLUMN_TYPE_UNSIGNED_BYTE:
        break;
    case COLUMN_TYPE_SHORT:
    case COLUMN_TYPE_LONG:
    case COLUMN_TYPE_CURRENCY:
    case COLUMN_TYPE_LONG_LONG:
        bytes[0] ^= 0x80;
        reverse(bytes, size);
        break;
    case COLUMN_TYPE_SINGLE:
    case COLUMN_TYPE_DOUBLE:
    case COLUMN_TYPE_DATE_TIME:
        if ((bytes[0] & 0x80) != 0)
            bytes[0] ^= 0x80;
        else
            for (uint32_t i = 0; i < size; i++)
                bytes[i] = (uint8_t)~bytes[i];
        reverse(bytes, size);
        break;
    case COLUMN_TYPE_GUID:
        memcpy(plain, bytes, 16);
        for (uint32_t i = 0; i < 16; i++)
            bytes[(index->flags & INDEX_FLAG_DOTNET_GUID) != 0 ? dotnet_places[i] : guid_places[i]] = plain[i];
        break;
    default:
        reverse(bytes, size);
        break;
    }
}

/* Where a segment that begins at `start` ends at the latest. VarSegMac cuts values of no fixed size without a mark, and the next segment follows there. */
static uint32_t segment_end(const struct index *index, const struct column *column, uint32_t start, uint32_t key_size)
{
    bool is_limited = column_type_size(column->type) == 0 && index->var_seg_most > 0 && index->var_seg_most < key_size - start;
    return is_limited ? start + index->var_seg_most : key_size;
}

/* Chunks of eight bytes and a count. keep false: only passes over them. False when the value was cut. */
static bool take_chunks(struct reader *r, bool keep, uint8_t *out, uint32_t room, uint32_t *size)
{
    uint8_t group[CHUNK + 1];
    *size = 0;
    for (;;) {
        if (!take(r, group, sizeof group))
            return false;
        uint32_t n = group[CHUNK] == CHUNK_MORE ? CHUNK : group[CHUNK];
        if (n == 0 || n > CHUNK || (keep && *size + n > room))
            return false;
        if (keep)
            memcpy(out + *size, group, n);
        *size += n;
        if (group[CHUNK] != CHUNK_MORE)
            return true;
    }
}

/* 8-bit text up to its terminator. A cut one may end in a byte that looks like it. */
static bool pass_text(struct reader *r)
{
    uint8_t byte = 1;
    while (byte != 0)
        if (!take(r, &byte, 1))
            return false;
    return true;
}

static bool take_fixed_binary(struct reader *r, const struct column *column, bool keep, uint8_t *out, uint32_t room, uint32_t *size)
{
    *size = column->max_size;
    if (keep)
        return *size <= room && take(r, out, *size);
    if (*size > r->end - r->at)
        return false;
    r->at += *size;
    return true;
}

/* The rest of a segment of text or binary. False: it cannot be read, or not whole, or its end cannot be told; *is_passed: the next segment begins where the reader stands now. */
static bool take_variable(struct reader *r, const struct column *column, bool keep, uint8_t *out, uint32_t room, uint32_t *size, bool *is_passed)
{
    bool is_text = column_type_is_text(column->type), is_whole;
    *is_passed = false;
    if (is_text && (keep || column->code_page == 1200))
        return false;
    if (is_text)
        is_whole = pass_text(r);
    else if (column_is_fixed(column->id))
        is_whole = take_fixed_binary(r, column, keep, out, room, size);
    else
        is_whole = take_chunks(r, keep, out, room, size);
    if (!is_whole)
        r->at = r->end;
    *is_passed = true;
    return is_whole;
}

JET_ERR value_from_key(const struct table_schema *schema, const struct index *index, struct span key, const struct column *column, uint8_t *out,
                       uint32_t room, uint32_t *size, bool *is_null, bool *found)
{
    struct reader r = {.key = key};
    *found = *is_null = false;
    *size = 0;
    for (uint32_t i = 0; i < index->segment_count; i++) {
        const struct column *here = schema_column(schema, index->segments[i].column_id);
        bool is_wanted = here == column, is_passed;
        uint8_t prefix, scratch[16];
        if (here == NULL)
            return JET_errSuccess;
        r.invert = index->segments[i].is_descending ? 0xFF : 0;
        r.end = segment_end(index, here, r.at, key.size);
        if (!take(&r, &prefix, 1))
            return JET_errSuccess;
        uint32_t fixed = column_type_size(here->type);
        if (prefix == KEY_PREFIX_NULL || prefix == KEY_PREFIX_NULL_HIGH || prefix == KEY_PREFIX_EMPTY) {
            *is_null = is_wanted && prefix != KEY_PREFIX_EMPTY;
            *size = 0;
        } else if (prefix != KEY_PREFIX_DATA) {
            return JET_errSuccess;
        } else if (fixed != 0) {
            uint8_t *target = is_wanted ? out : scratch;
            if ((is_wanted && fixed > room) || !take(&r, target, fixed))
                return JET_errSuccess;
            decode_fixed(index, here->type, target, fixed);
            *size = fixed;
        } else if (!take_variable(&r, here, is_wanted, out, room, size, &is_passed) && (is_wanted || !is_passed)) {
            return JET_errSuccess;
        }
        if (is_wanted) {
            *found = true;
            return JET_errSuccess;
        }
    }
    return JET_errSuccess;
}
