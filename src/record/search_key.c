/* Search keys: what JetMakeKey builds, column by column (key.h).
 *
 * A limit turns the rest of the key into a wildcard: at the end of a range the key is filled with 0xFF one byte past the longest key, so that
 * it sorts after every entry that begins with it; at the start it simply ends.
 */
#include "record/key.h"

enum {
    LIMIT_MASK = SEARCH_KEY_FULL_START | SEARCH_KEY_FULL_END | SEARCH_KEY_PARTIAL_START | SEARCH_KEY_PARTIAL_END,
    CODE_PAGE_UNICODE = 1200,
    SORT_KEY_SEPARATOR = 0x01, /* ends the primary weights of a UTF-16 sort key */
    SENTINEL = 0xFF,
    FIXED_COLUMN_MAX = 255
};

static bool is_binary(uint32_t type) { return type == COLUMN_TYPE_BINARY || type == COLUMN_TYPE_LONG_BINARY; }

static JET_ERR load_normalized(struct search_key *key, const struct key_rules *rules, struct span data)
{
    JET_ERR err = JET_errSuccess;
    uint32_t key_most = rules != NULL ? rules->index->key_most : KEY_MOST_DEFAULT;
    search_key_reset(key);
    if (data.size > key_most + 1 && data.size > KEY_MOST_DEFAULT)
        RAISE(JET_errInvalidParameter);
    key->size = data.size < key_most + 1 ? data.size : key_most + 1;
    if (key->size > 0)
        memcpy(key->bytes, data.data, key->size);
    key->columns = INDEX_SEGMENTS_MAX; /* covers all key columns */
    key->is_prepared = true;
    key->is_limited = key->size > key_most;
done:
    return err;
}

static JET_ERR check_options(const struct column *column, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    unsigned limit = options & LIMIT_MASK;
    if ((limit & (limit - 1)) != 0 || (limit != 0 && (options & (SEARCH_KEY_STR_LIMIT | SEARCH_KEY_SUBSTR_LIMIT)) != 0))
        RAISE(JET_errInvalidGrbit);
    if ((limit & (SEARCH_KEY_PARTIAL_START | SEARCH_KEY_PARTIAL_END)) != 0 && !column_type_is_text(column->type) &&
        (column_is_fixed(column->id) || !is_binary(column->type)))
        RAISE(JET_errInvalidGrbit);
done:
    return err;
}

/* Sizes the value as the column wants it: padded for fixed Text and Binary, cut for a tuple. room: FIXED_COLUMN_MAX bytes. */
static JET_ERR shape_value(const struct key_rules *rules, const struct column *column, bool is_first, unsigned options, uint8_t *room,
                           struct span *data)
{
    JET_ERR err = JET_errSuccess;
    bool is_text = column_type_is_text(column->type), is_unicode = is_text && column->code_page == CODE_PAGE_UNICODE;
    if (is_first && rules->index->tuple.is_tuple) {
        uint32_t unit = is_unicode ? 2 : 1;
        if (data->size == 0 || data->size / unit < rules->index->tuple.length_min)
            RAISE(JET_errIndexTuplesKeyTooSmall);
        if (data->size / unit > rules->index->tuple.length_max)
            data->size = rules->index->tuple.length_max * unit;
    }
    if (data->size == 0) {
        if ((options & SEARCH_KEY_ZERO_LENGTH) != 0 && (column_is_fixed(column->id) || (!is_text && !is_binary(column->type))))
            RAISE(JET_errInvalidBufferSize);
        goto done;
    }
    if (!is_text && !is_binary(column->type)) {
        if (data->size != column_type_size(column->type))
            RAISE(JET_errInvalidBufferSize);
    } else if (column_is_fixed(column->id) && data->size != column->max_size) {
        if (data->size > column->max_size || column->max_size > FIXED_COLUMN_MAX)
            RAISE(JET_errInvalidBufferSize);
        memcpy(room, data->data, data->size);
        for (uint32_t i = data->size; i < column->max_size; i++)
            room[i] = !is_text || (is_unicode && i % 2 == 1) ? 0x00 : 0x20;
        *data = span_of(room, column->max_size);
    }
done:
    return err;
}

/* Wildcard for everything behind the segment. */
static void limit_full(uint8_t *bytes, struct key_segment *segment, uint32_t room_with_suffix, bool is_end)
{
    if (!is_end)
        return;
    memset(bytes + segment->size, SENTINEL, room_with_suffix - segment->size);
    segment->size = room_with_suffix;
}

/* The text is a prefix: the segment ends where its primary weights, or its characters, end. */
static void limit_partial_text(const struct column *column, bool is_descending, uint8_t *bytes, struct key_segment *segment,
                               uint32_t room_with_suffix, bool is_end)
{
    if (segment->size < 2) {
        limit_full(bytes, segment, room_with_suffix, is_end);
        return;
    }
    uint8_t mask = is_descending ? 0xFF : 0x00;
    uint32_t end = segment->size;
    if (column->code_page == CODE_PAGE_UNICODE) {
        const uint8_t *separator = (const uint8_t *)memchr(bytes + 1, SORT_KEY_SEPARATOR ^ mask, segment->size - 1);
        if (separator != NULL)
            end = (uint32_t)(separator - bytes);
    } else if (bytes[end - 1] == mask) {
        end--;
    }
    segment->size = end;
    limit_full(bytes, segment, room_with_suffix, is_end);
}

static void limit_partial_binary(uint8_t *bytes, struct key_segment *segment, uint32_t room_with_suffix, bool is_end)
{
    if (segment->delimiter == 0) {
        limit_full(bytes, segment, room_with_suffix, is_end);
    } else if (is_end) {
        segment->size++;
        memset(bytes + segment->delimiter, SENTINEL, segment->size - segment->delimiter);
    } else {
        segment->size = segment->delimiter;
    }
}

/* Applies the limit options to a finished segment; returns whether the key is limited now. */
static bool apply_limit(const struct column *column, bool is_descending, uint8_t *bytes, struct key_segment *segment, uint32_t room, unsigned options)
{
    bool is_text = column_type_is_text(column->type), is_end = (options & (SEARCH_KEY_FULL_END | SEARCH_KEY_PARTIAL_END)) != 0;
    if ((options & (SEARCH_KEY_FULL_START | SEARCH_KEY_FULL_END)) != 0)
        limit_full(bytes, segment, room + 1, is_end);
    else if ((options & (SEARCH_KEY_PARTIAL_START | SEARCH_KEY_PARTIAL_END)) != 0 && is_text)
        limit_partial_text(column, is_descending, bytes, segment, room + 1, is_end);
    else if ((options & (SEARCH_KEY_PARTIAL_START | SEARCH_KEY_PARTIAL_END)) != 0)
        limit_partial_binary(bytes, segment, room + 1, is_end);
    else if ((options & SEARCH_KEY_SUBSTR_LIMIT) != 0 && is_text)
        limit_partial_text(column, is_descending, bytes, segment, room + 1, true);
    else if ((options & SEARCH_KEY_STR_LIMIT) != 0)
        limit_partial_binary(bytes, segment, room + 1, true);
    else
        return false;
    return true;
}

/* Tables whose primary index begins with a placeholder column: applications do not give its value. */
static void begin_with_placeholder(struct search_key *key, const struct key_rules *rules, const struct column *first)
{
    if (!index_is_primary(rules->index) || (first->flags & COLUMN_FLAG_PRIMARY_PLACEHOLDER) == 0)
        return;
    uint8_t mask = rules->index->segments[0].is_descending ? 0xFF : 0x00;
    key->bytes[0] = KEY_PREFIX_DATA ^ mask;
    key->bytes[1] = mask;
    key->size = 2;
    key->columns = 1;
}

JET_ERR search_key_make(struct search_key *key, const struct key_rules *rules, struct span data, unsigned options)
{
    JET_ERR err = JET_errSuccess;
    uint8_t padded[FIXED_COLUMN_MAX];
    struct key_segment segment = {0};
    if ((options & SEARCH_KEY_NORMALIZED) != 0)
        return load_normalized(key, rules, data);
    if (rules == NULL)
        RAISE(JET_errNoCurrentIndex);
    if ((options & SEARCH_KEY_NEW) != 0)
        search_key_reset(key);
    else if (key->is_limited)
        RAISE(JET_errKeyIsMade);
    else if (!key->is_prepared)
        RAISE(JET_errKeyNotMade);
    const struct index *index = rules->index;
    if (!key->is_prepared && (options & SEARCH_KEY_OVERRIDE_PLACEHOLDER) == 0)
        begin_with_placeholder(key, rules, schema_column(rules->table, index->segments[0].column_id));
    if (key->columns >= index->segment_count)
        RAISE(JET_errKeyIsMade);
    const struct column *column = schema_column(rules->table, index->segments[key->columns].column_id);
    TRY(check_options(column, options));
    TRY(shape_value(rules, column, key->columns == 0, options, padded, &data));
    if (!key->is_cut && key->size < index->key_most) {
        uint32_t room = index->key_most - key->size;
        bool is_descending = index->segments[key->columns].is_descending;
        bool is_null = data.size == 0 && (options & SEARCH_KEY_ZERO_LENGTH) == 0;
        TRY(key_segment(rules, column, is_descending, is_null, data, key->bytes + key->size, room, &segment));
        key->is_cut = segment.is_cut;
        key->is_limited = apply_limit(column, is_descending, key->bytes + key->size, &segment, room, options);
        key->size += segment.size;
    }
    key->columns++;
    key->is_prepared = true;
done:
    if (err < 0 && (options & SEARCH_KEY_NEW) != 0)
        search_key_reset(key);
    return err;
}
