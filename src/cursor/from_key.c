/* Column values out of a key (records-and-catalog 4.1, 4.2, read backwards).
 *
 * Numbers, GUIDs and binary values can be had from a key unchanged; text cannot (its case is gone, or it is a sort key), and ends the search
 * for columns behind it when its length cannot be told. Whatever is doubtful is "not found": the caller then reads the row. */
#include "cursor/internal.h"

enum { CHUNK = 8, CHUNK_MORE = 9 };

/* Bytes of a key from `at` on, as they were before a descending column inverted them. */
struct reader {
    struct span key;
    uint32_t at;
    uint8_t invert;
};

static bool take(struct reader *r, uint8_t *out, uint32_t size)
{
    if (size > r->key.size - r->at)
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

JET_ERR value_from_key(const struct table_schema *schema, const struct index *index, struct span key, const struct column *column, uint8_t *out,
                       uint32_t room, uint32_t *size, bool *is_null, bool *found)
{
    struct reader r = {key, 0, 0};
    *found = *is_null = false;
    *size = 0;
    for (uint32_t i = 0; i < index->segment_count; i++) {
        const struct column *here = schema_column(schema, index->segments[i].column_id);
        bool is_wanted = here == column;
        uint8_t prefix, scratch[16];
        if (here == NULL)
            return JET_errSuccess;
        r.invert = index->segments[i].is_descending ? 0xFF : 0;
        if (!take(&r, &prefix, 1))
            return JET_errSuccess;
        if (prefix == KEY_PREFIX_NULL || prefix == KEY_PREFIX_NULL_HIGH || prefix == KEY_PREFIX_EMPTY) {
            *is_null = prefix != KEY_PREFIX_EMPTY;
            *size = 0;
            if (is_wanted) {
                *found = true;
                return JET_errSuccess;
            }
            *is_null = false;
            continue;
        }
        uint32_t fixed = column_type_size(here->type);
        if (prefix != KEY_PREFIX_DATA)
            return JET_errSuccess;
        if (fixed != 0) {
            uint8_t *target = is_wanted ? out : scratch;
            if ((is_wanted && fixed > room) || !take(&r, target, fixed))
                return JET_errSuccess;
            decode_fixed(index, here->type, target, fixed);
            *size = fixed;
        } else if (column_type_is_text(here->type)) {
            uint8_t byte = 1;
            if (is_wanted || here->code_page == 1200)
                return JET_errSuccess;
            while (byte != 0)
                if (!take(&r, &byte, 1))
                    return JET_errSuccess;
        } else if (column_is_fixed(here->id)) {
            if (is_wanted ? here->max_size > room || !take(&r, out, here->max_size) : here->max_size > r.key.size - r.at)
                return JET_errSuccess;
            r.at += is_wanted ? 0 : here->max_size;
            *size = here->max_size;
        } else if (!take_chunks(&r, is_wanted, out, room, size)) {
            return JET_errSuccess;
        }
        if (is_wanted) {
            *found = true;
            return JET_errSuccess;
        }
    }
    return JET_errSuccess;
}
