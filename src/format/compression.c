/* Compression schemes of column values and long-value chunks (compression.h; layouts: records-and-catalog 5).
 *
 * Every decoder writes at most `limit` bytes, where limit <= the caller's room, and reads at most the stored bytes; a stream that ends
 * before the limit is JET_errDecompressionFailed.
 */
#include "format/compression.h"

#include "base/memory.h"

enum {
    SEVEN_BIT_HEADER = 1,
    XPRESS_HEADER = 3, /* scheme byte, u16 plain size */
    XPRESS_WINDOW = 8192,
    XPRESS_MATCH_MIN = 3,
    XPRESS_PLAIN_MAX = 65535,
    LZ4_MATCH_MIN = 4
};

unsigned compression_scheme(struct span stored)
{
    return stored.size > 0 ? stored.data[0] >> 3 : COMPRESSION_NONE;
}

/* Number of 7-bit values in a stream of at least two bytes: all bits but the unused ones of the last byte. */
static uint32_t seven_bit_count(struct span stored)
{
    uint32_t used_in_last = (stored.data[0] & 7u) + 1;
    return (uint32_t)((8ull * (stored.size - SEVEN_BIT_HEADER - 1) + used_in_last) / 7);
}

JET_ERR compression_plain_size(struct span stored, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    *size = 0;
    switch (compression_scheme(stored)) {
    case COMPRESSION_7BIT_ASCII:
    case COMPRESSION_7BIT_UNICODE:
        /* the largest value is 2 GiB, so the count of UTF-16 bytes fits 32 bits only up to here */
        if (stored.size < 2 || stored.size > 0x40000000)
            RAISE(JET_errDecompressionFailed);
        *size = seven_bit_count(stored) * (compression_scheme(stored) == COMPRESSION_7BIT_UNICODE ? 2 : 1);
        break;
    case COMPRESSION_XPRESS:
    case COMPRESSION_LZ4:
        if (stored.size < XPRESS_HEADER)
            RAISE(JET_errDecompressionFailed);
        *size = load_le16(stored.data + 1);
        break;
    case COMPRESSION_XPRESS9:
    case COMPRESSION_XPRESS10:
        RAISE(JET_errFeatureNotAvailable);
    default:
        RAISE(JET_errDecompressionFailed);
    }
done:
    return err;
}

/* Writes `limit` bytes; a wide value is one UTF-16 unit, so its high byte is zero. The caller has checked that the stream is long enough. */
static void expand_7bit(struct span stored, bool is_wide, uint8_t *out, uint32_t limit)
{
    const uint8_t *in = stored.data + SEVEN_BIT_HEADER;
    uint32_t bits = 0, bit_count = 0;
    for (uint32_t i = 0; i < limit;) {
        if (bit_count < 7) {
            bits |= (uint32_t)*in++ << bit_count;
            bit_count += 8;
        }
        out[i++] = (uint8_t)(bits & 0x7F);
        if (is_wide && i < limit)
            out[i++] = 0;
        bits >>= 7;
        bit_count -= 7;
    }
}

struct xpress_input {
    const uint8_t *at, *end;
    const uint8_t *half_used; /* byte whose high nibble is the next length nibble, or NULL */
};

static bool xpress_byte(struct xpress_input *in, uint32_t *value)
{
    if (in->at == in->end)
        return false;
    *value = *in->at++;
    return true;
}

/* The length of a match beyond its 3-bit field: a shared nibble, then a byte, then a word, each only when the one before is full. */
static bool xpress_long_length(struct xpress_input *in, uint32_t *length)
{
    uint32_t value;
    if (in->half_used != NULL) {
        value = *in->half_used >> 4;
        in->half_used = NULL;
    } else {
        if (in->at == in->end)
            return false;
        in->half_used = in->at;
        value = *in->at++ & 0xF;
    }
    *length = 7 + value;
    if (value < 15)
        return true;
    if (!xpress_byte(in, &value))
        return false;
    *length = 22 + value;
    if (value < 255)
        return true;
    if (in->end - in->at < 2)
        return false;
    *length = load_le16(in->at);
    in->at += 2;
    return *length >= 22;
}

static void copy_match(uint8_t *out, uint32_t at, uint32_t distance, uint32_t length)
{
    /* source and target may overlap: a short distance repeats its bytes */
    for (uint32_t i = 0; i < length; i++)
        out[at + i] = out[at + i - distance];
}

static bool expand_xpress(struct span stream, uint32_t plain_size, uint8_t *out, uint32_t limit)
{
    struct xpress_input in = {stream.data, stream.data + stream.size, NULL};
    uint32_t flags = 0, flag_count = 0, at = 0;
    while (at < limit) {
        if (flag_count == 0) {
            if (in.end - in.at < 4)
                return false;
            flags = load_le32(in.at);
            in.at += 4;
            flag_count = 32;
        }
        bool is_match = flags >> 31;
        flags <<= 1;
        flag_count--;
        if (!is_match) {
            if (in.at == in.end)
                return false;
            out[at++] = *in.at++;
            continue;
        }
        if (in.end - in.at < 2)
            return false;
        uint32_t match = load_le16(in.at);
        in.at += 2;
        uint32_t distance = (match >> 3) + 1, length = match & 7;
        if (length == 7 && !xpress_long_length(&in, &length))
            return false;
        length += XPRESS_MATCH_MIN;
        if (distance > at || length > plain_size - at)
            return false;
        if (length > limit - at)
            length = limit - at;
        copy_match(out, at, distance, length);
        at += length;
    }
    return true;
}

/* A run length of LZ4: 15 in the token continues in bytes until one is not 255. */
static bool lz4_length(const uint8_t **in, const uint8_t *end, uint32_t *length)
{
    if (*length < 15)
        return true;
    uint32_t byte;
    do {
        if (*in == end || *length > XPRESS_PLAIN_MAX)
            return false;
        byte = *(*in)++;
        *length += byte;
    } while (byte == 255);
    return true;
}

static bool expand_lz4(struct span stream, uint32_t plain_size, uint8_t *out, uint32_t limit)
{
    const uint8_t *in = stream.data, *end = stream.data + stream.size;
    uint32_t at = 0;
    while (at < limit) {
        if (in == end)
            return false;
        uint32_t token = *in++, literals = token >> 4, length = token & 15;
        if (!lz4_length(&in, end, &literals) || literals > (uint32_t)(end - in) || literals > plain_size - at)
            return false;
        uint32_t copied = literals < limit - at ? literals : limit - at;
        memcpy(out + at, in, copied);
        in += literals;
        at += copied;
        if (at == limit)
            break;
        if (end - in < 2)
            return false;
        uint32_t distance = load_le16(in);
        in += 2;
        if (!lz4_length(&in, end, &length))
            return false;
        length += LZ4_MATCH_MIN;
        if (distance == 0 || distance > at || length > plain_size - at)
            return false;
        if (length > limit - at)
            length = limit - at;
        copy_match(out, at, distance, length);
        at += length;
    }
    return true;
}

JET_ERR compression_expand(struct span stored, uint8_t *out, uint32_t capacity, uint32_t *written)
{
    JET_ERR err = JET_errSuccess;
    uint32_t plain_size;
    *written = 0;
    TRY(compression_plain_size(stored, &plain_size));
    uint32_t limit = plain_size < capacity ? plain_size : capacity;
    bool is_good = true;
    switch (compression_scheme(stored)) {
    case COMPRESSION_7BIT_ASCII:
    case COMPRESSION_7BIT_UNICODE:
        expand_7bit(stored, compression_scheme(stored) == COMPRESSION_7BIT_UNICODE, out, limit);
        break;
    case COMPRESSION_XPRESS:
        is_good = expand_xpress(span_of(stored.data + XPRESS_HEADER, stored.size - XPRESS_HEADER), plain_size, out, limit);
        break;
    default: /* LZ4: compression_plain_size has refused everything else */
        is_good = expand_lz4(span_of(stored.data + XPRESS_HEADER, stored.size - XPRESS_HEADER), plain_size, out, limit);
        break;
    }
    if (!is_good)
        RAISE(JET_errDecompressionFailed);
    *written = limit;
done:
    return err;
}

/* --- compression --- */

static bool is_7bit_ascii(struct span plain)
{
    for (uint32_t i = 0; i < plain.size; i++)
        if (plain.data[i] > 0x7F)
            return false;
    return plain.size > 0;
}

static bool is_7bit_unicode(struct span plain)
{
    if (plain.size == 0 || plain.size % 2 != 0)
        return false;
    for (uint32_t i = 0; i < plain.size; i += 2)
        if (plain.data[i] > 0x7F || plain.data[i + 1] != 0)
            return false;
    return true;
}

static uint32_t seven_bit_size(uint32_t values) { return SEVEN_BIT_HEADER + (uint32_t)((7ull * values + 7) / 8); }

static void shrink_7bit(struct span plain, unsigned scheme, uint8_t *out)
{
    uint32_t step = scheme == COMPRESSION_7BIT_UNICODE ? 2 : 1, bits = 0, bit_count = 0;
    uint8_t *at = out + SEVEN_BIT_HEADER;
    for (uint32_t i = 0; i < plain.size; i += step) {
        bits |= (uint32_t)plain.data[i] << bit_count;
        bit_count += 7;
        if (bit_count >= 8) {
            *at++ = (uint8_t)bits;
            bits >>= 8;
            bit_count -= 8;
        }
    }
    uint32_t used_in_last = bit_count > 0 ? bit_count : 8;
    if (bit_count > 0)
        *at = (uint8_t)bits;
    out[0] = (uint8_t)(scheme << 3 | (used_in_last - 1));
}

enum { XPRESS_HASH_BITS = 12, XPRESS_HASH_SIZE = 1 << XPRESS_HASH_BITS, XPRESS_TRIES = 16 };

struct xpress_output {
    uint8_t *bytes;
    uint32_t size, limit;
    uint32_t flags_at, flags, flag_count;
    uint32_t half_used; /* offset of the byte whose high nibble is free, 0 = none */
    /* match finder: last position (+1) of each hash, and for each position the one before */
    uint32_t *newest;
    uint32_t *older;
};

static bool xpress_put(struct xpress_output *o, uint32_t value, uint32_t count)
{
    if (o->limit - o->size < count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        o->bytes[o->size++] = (uint8_t)(value >> (8 * i));
    return true;
}

static bool xpress_flag(struct xpress_output *o, bool is_match)
{
    if (o->flag_count == 0) {
        o->flags_at = o->size;
        o->flags = 0;
        if (!xpress_put(o, 0, 4))
            return false;
    }
    o->flags = o->flags << 1 | (is_match ? 1 : 0);
    if (++o->flag_count == 32) {
        store_le32(o->bytes + o->flags_at, o->flags);
        o->flag_count = 0;
    }
    return true;
}

static bool xpress_match(struct xpress_output *o, uint32_t distance, uint32_t length)
{
    uint32_t rest = length - XPRESS_MATCH_MIN;
    if (!xpress_put(o, (distance - 1) << 3 | (rest < 7 ? rest : 7), 2))
        return false;
    if (rest < 7)
        return true;
    uint32_t nibble = rest - 7 < 15 ? rest - 7 : 15;
    if (o->half_used != 0) {
        o->bytes[o->half_used] = (uint8_t)(o->bytes[o->half_used] | nibble << 4);
        o->half_used = 0;
    } else {
        o->half_used = o->size;
        if (!xpress_put(o, nibble, 1))
            return false;
    }
    if (nibble < 15)
        return true;
    if (rest - 22 < 255)
        return xpress_put(o, rest - 22, 1);
    return xpress_put(o, 255, 1) && xpress_put(o, rest, 2);
}

static uint32_t xpress_hash(const uint8_t *p)
{
    return (((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16) * 2654435761u) >> (32 - XPRESS_HASH_BITS);
}

static void xpress_remember(struct xpress_output *o, struct span plain, uint32_t at)
{
    if (plain.size - at < XPRESS_MATCH_MIN)
        return;
    uint32_t hash = xpress_hash(plain.data + at);
    o->older[at] = o->newest[hash];
    o->newest[hash] = at + 1;
}

static uint32_t xpress_longest(const struct xpress_output *o, struct span plain, uint32_t at, uint32_t *distance)
{
    uint32_t best = 0;
    if (plain.size - at < XPRESS_MATCH_MIN)
        return 0;
    uint32_t candidate = o->newest[xpress_hash(plain.data + at)];
    for (unsigned tries = 0; candidate != 0 && at - (candidate - 1) <= XPRESS_WINDOW && tries < XPRESS_TRIES; tries++) {
        uint32_t from = candidate - 1, length = 0;
        while (at + length < plain.size && plain.data[from + length] == plain.data[at + length])
            length++;
        if (length > best) {
            best = length;
            *distance = at - from;
        }
        candidate = o->older[from];
    }
    return best >= XPRESS_MATCH_MIN ? best : 0;
}

/* Size of the compressed form, or 0 when it would not be smaller than `limit`. */
static JET_ERR shrink_xpress(struct span plain, uint8_t *out, uint32_t limit, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    struct xpress_output o = {.bytes = out, .limit = limit};
    *size = 0;
    o.newest = (uint32_t *)mem_alloc_array(XPRESS_HASH_SIZE, sizeof *o.newest);
    o.older = (uint32_t *)mem_alloc_array(plain.size, sizeof *o.older);
    if (o.newest == NULL || o.older == NULL)
        RAISE(JET_errOutOfMemory);
    if (!xpress_put(&o, COMPRESSION_XPRESS << 3, 1) || !xpress_put(&o, plain.size, 2))
        goto done;
    for (uint32_t at = 0; at < plain.size;) {
        uint32_t distance = 0, length = xpress_longest(&o, plain, at, &distance);
        if (!xpress_flag(&o, length != 0) || !(length != 0 ? xpress_match(&o, distance, length) : xpress_put(&o, plain.data[at], 1)))
            goto done;
        for (uint32_t end = at + (length != 0 ? length : 1); at < end; at++)
            xpress_remember(&o, plain, at);
    }
    /* The original's decoder looks one flag ahead: there must be a flags word with an unused flag behind the last token. */
    if (o.flag_count == 0 && !xpress_put(&o, 0xFFFFFFFFu, 4))
        goto done;
    if (o.flag_count > 0) /* unused flags are ones, as a decoder that looks ahead expects the end of the stream to be a match */
        store_le32(out + o.flags_at, o.flags << (32 - o.flag_count) | (0xFFFFFFFFu >> o.flag_count));
    *size = o.size;
done:
    mem_free(o.older);
    mem_free(o.newest);
    return err;
}

JET_ERR compression_shrink(struct span plain, uint32_t min_for_xpress, uint8_t *room, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    unsigned scheme = COMPRESSION_NONE;
    uint32_t best = plain.size;
    *size = 0;
    if (is_7bit_unicode(plain)) {
        scheme = COMPRESSION_7BIT_UNICODE;
        best = seven_bit_size(plain.size / 2);
    } else if (is_7bit_ascii(plain)) {
        scheme = COMPRESSION_7BIT_ASCII;
        best = seven_bit_size(plain.size);
    }
    if (plain.size >= min_for_xpress && plain.size <= XPRESS_PLAIN_MAX && plain.size > 0 && best > 1) {
        TRY(shrink_xpress(plain, room, best - 1, size)); /* room for less than the best so far: a longer one stops early */
        if (*size != 0)
            goto done;
    }
    if (scheme != COMPRESSION_NONE && best < plain.size) {
        shrink_7bit(plain, scheme, room);
        *size = best;
    }
done:
    return err;
}
