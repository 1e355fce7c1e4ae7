/* Column values set in a prepared row (the reference page of JetSetColumn): fixed, variable and tagged columns of fixed size and short types here; long values in
 * update_long.c.
 *
 * Sizes: a fixed column takes exactly its size, except that shorter binary and text is padded; a longer value for a variable column is cut with a warning; for a tagged
 * one it is an error. A fixed column has no zero-length value: that is null. A tagged bit keeps its byte as it was given.
 */
#define ESENT_PRIVATE
#include "cursor/update_internal.h"

#include "base/memory.h"

enum { CODE_PAGE_UNICODE = 1200, SHORT_COLUMN_MOST = 255, SEPARATE_STEPS_MAX = 8 };
enum {
    SET_UNIQUE = JET_bitSetUniqueMultiValues | JET_bitSetUniqueNormalizedMultiValues,
    SET_PARTS = JET_bitSetAppendLV | JET_bitSetOverwriteLV | JET_bitSetSizeLV,
    SET_KNOWN = SET_UNIQUE | SET_PARTS | JET_bitSetZeroLength | JET_bitSetSeparateLV | JET_bitSetIntrinsicLV | JET_bitSetRevertToDefaultValue | JET_bitSetUncompressed
              | JET_bitSetCompressed | JET_bitSetContiguousLV
};

/* --- values of the row, wherever it is kept --- */

JET_ERR update_get(const struct pending_update *u, const struct column *column, uint32_t sequence, struct column_value *out)
{
    return u->builder != NULL ? record_builder_get(u->builder, column, sequence, out) : draft_get(u, column, sequence, out);
}

JET_ERR update_count(const struct pending_update *u, const struct column *column, uint32_t *count)
{
    if (u->builder != NULL)
        return record_builder_count(u->builder, column, count);
    *count = draft_count(u, column);
    return JET_errSuccess;
}

void update_mark_changed(struct pending_update *u, const struct column *column)
{
    column_set_add(&u->changed, column->id);
    u->is_changed = true;
}

/* Does the column have values of its own, not only a default? */
static JET_ERR has_values(const struct pending_update *u, const struct column *column, bool *has)
{
    struct column_value first;
    JET_ERR err = update_get(u, column, 1, &first);
    *has = err >= 0 && (first.flags & (COLUMN_VALUE_NULL | COLUMN_VALUE_DEFAULT | COLUMN_VALUE_USER_DEFAULT)) == 0;
    return err;
}

JET_ERR update_put(struct cursor *c, const struct column *column, uint32_t sequence, const struct column_value *value)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    if (c->temp != NULL)
        return draft_put(u, column, sequence, value->bytes, (value->flags & COLUMN_VALUE_NULL) != 0);
    err = record_builder_set(u->builder, column, sequence, value);
    /* Long values leave the record, the longest first, until there is room. */
    uint32_t least = update_lid_size(u);
    for (uint32_t threshold = c->schema->page_size / 2; err == JET_errRecordTooBig && threshold >= least;) {
        JET_ERR separated = update_separate(c, threshold);
        if (separated < 0)
            RAISE(separated);
        err = record_builder_set(u->builder, column, sequence, value);
        if (threshold == least)
            break;
        threshold = threshold / 2 < c->schema->page_size / 64 ? least : threshold / 2;
    }
done:
    return err;
}

/* --- checks --- */

static bool is_null_data(const struct set_column *set) { return set->value.size == 0 || (set->value.data == NULL && (set->options & JET_bitSetSizeLV) == 0); }

static JET_ERR check_options(const struct cursor *c, const struct set_column *set)
{
    JET_ERR err = JET_errSuccess;
    if ((set->options & ~(uint32_t)SET_KNOWN) != 0 || ((set->options & SET_UNIQUE) != 0 && (set->options & SET_PARTS) != 0))
        RAISE(JET_errInvalidGrbit);
    if ((set->options & JET_bitSetContiguousLV) != 0) {
        if ((set->options & JET_bitSetSeparateLV) == 0)
            RAISE(JET_errInvalidGrbit);
        if (set->value.size < c->schema->page_size)
            RAISE(JET_errInvalidBufferSize);
    }
done:
    return err;
}

/* Columns whose values the engine makes. */
static JET_ERR check_engine_column(struct cursor *c, const struct column *column, const struct set_column *set)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    if ((column->flags & COLUMN_FLAG_VERSION) != 0 && u->kind == UPDATE_REPLACE)
        RAISE(JET_errInvalidColumnType);
    if ((column->flags & COLUMN_FLAG_AUTOINCREMENT) == 0)
        goto done;
    if (!u->must_set_autoincrement)
        RAISE(JET_errInvalidColumnType);
    if (is_null_data(set))
        RAISE(JET_errAutoIncrementNotSet);
    if (set->value.size != column->max_size)
        RAISE(JET_errInvalidBufferSize);
    uint64_t number = set->value.size == 8 ? load_le64(set->value.data) : load_le32(set->value.data);
    if (number == 0)
        RAISE(JET_errInvalidParameter);
    uint64_t next;
    TRY(next_autoincrement(c, &next)); /* makes the counter known */
    if (number >= next)
        RAISE(JET_errSetAutoIncrementTooHigh);
done:
    return err;
}

/* --- unique values --- */

/* How a value sorts: one ascending segment under the default locale. */
static JET_ERR normalize(struct cursor *c, const struct column *column, struct span value, uint8_t *out, uint32_t *size, bool *is_cut)
{
    JET_ERR err = JET_errSuccess;
    static char locale[] = "en-US";
    struct index index = {.key_most = KEY_MOST_DEFAULT, .var_seg_most = KEY_MOST_DEFAULT, .segment_count = 1, .locale = locale, .lcmap_flags = COLLATION_FLAGS_DEFAULT};
    struct key_segment segment;
    struct key_rules rules;
    index.segments[0].column_id = column->id;
    TRY(key_rules_init(&rules, c->schema, &index, cursor_weights(c, &index)));
    TRY(key_segment(&rules, column, false, false, value, out, KEY_MOST_DEFAULT, &segment));
    *size = segment.size;
    *is_cut = segment.is_cut;
done:
    return err;
}

static JET_ERR check_unique(struct cursor *c, const struct column *column, const struct set_column *set)
{
    JET_ERR err = JET_errSuccess;
    struct pending_update *u = c->update;
    const struct long_value_nodes *nodes = NULL;
    bool normalized = (set->options & JET_bitSetUniqueNormalizedMultiValues) != 0, is_cut = false, other_cut = false;
    uint8_t key[KEY_ROOM], other[KEY_ROOM];
    uint32_t key_size = 0, other_size, count;
    TRY(update_count(u, column, &count));
    if (count == 0 || (count == 1 && set->sequence == 1))
        goto done;
    if (column_type_is_long(column->type) && c->temp == NULL)
        TRY(cursor_long_values(c, &nodes));
    if (normalized)
        TRY(normalize(c, column, set->value, key, &key_size, &is_cut));
    for (uint32_t i = 1; i <= count; i++) {
        struct column_value value;
        if (i == set->sequence)
            continue;
        TRY(update_get(u, column, i, &value));
        TRY(column_value_fetch_all(nodes, &value, normalized ? 2 * KEY_MOST_DEFAULT : LONG_VALUE_SIZE_MAX, &u->before));
        struct span bytes = span_of(u->before.data, u->before.size);
        if (normalized) {
            TRY(normalize(c, column, bytes, other, &other_size, &other_cut));
            if (span_equal(span_of(key, key_size), span_of(other, other_size)))
                RAISE(is_cut || other_cut ? JET_errMultiValuedDuplicateAfterTruncation : JET_errMultiValuedDuplicate);
        } else if (span_equal(bytes, set->value)) {
            RAISE(JET_errMultiValuedDuplicate);
        }
    }
done:
    return err;
}

/* --- columns of short types --- */

static void pad(const struct column *column, uint8_t *at, uint32_t size)
{
    if (column->type != COLUMN_TYPE_TEXT) {
        memset(at, 0, size);
    } else if (column->code_page != CODE_PAGE_UNICODE) {
        memset(at, ' ', size);
    } else {
        for (uint32_t i = 0; i + 1 < size; i += 2)
            store_le16(at + i, ' ');
        if (size % 2 != 0)
            at[size - 1] = ' ';
    }
}

static JET_ERR set_fixed(struct cursor *c, const struct column *column, const struct set_column *set)
{
    JET_ERR err = JET_errSuccess;
    struct column_value value = {.bytes = set->value};
    uint8_t padded[SHORT_COLUMN_MOST + 1];
    if (is_null_data(set)) {
        value = (struct column_value){.flags = COLUMN_VALUE_NULL};
    } else if (set->value.size != column->max_size) {
        bool is_padded = column->type == COLUMN_TYPE_BINARY || column->type == COLUMN_TYPE_TEXT;
        if (!is_padded || set->value.size > column->max_size || column->max_size > sizeof padded)
            RAISE(JET_errInvalidBufferSize);
        memcpy(padded, set->value.data, set->value.size);
        pad(column, padded + set->value.size, column->max_size - set->value.size);
        value.bytes = span_of(padded, column->max_size);
    }
    TRY(update_put(c, column, 1, &value));
done:
    return err;
}

static struct column_value short_value(const struct set_column *set)
{
    if (!is_null_data(set))
        return (struct column_value){.bytes = set->value};
    if ((set->options & JET_bitSetZeroLength) != 0)
        return (struct column_value){.bytes = span_of("", 0)};
    return (struct column_value){.flags = COLUMN_VALUE_NULL};
}

static JET_ERR set_variable(struct cursor *c, const struct column *column, const struct set_column *set)
{
    JET_ERR err = JET_errSuccess;
    struct column_value value = short_value(set);
    uint32_t most = column->max_size != 0 && column->max_size < SHORT_COLUMN_MOST ? column->max_size : SHORT_COLUMN_MOST;
    bool is_cut = value.bytes.size > most;
    if (is_cut)
        value.bytes.size = most;
    TRY(update_put(c, column, 1, &value));
    if (is_cut)
        err = JET_wrnColumnMaxTruncated;
done:
    return err;
}

static JET_ERR set_tagged(struct cursor *c, const struct column *column, const struct set_column *set)
{
    JET_ERR err = JET_errSuccess;
    struct column_value value = short_value(set);
    uint32_t fixed = column_type_size(column->type);
    bool is_null = (value.flags & COLUMN_VALUE_NULL) != 0;
    if (is_null && (set->options & JET_bitSetRevertToDefaultValue) != 0) {
        TRY(c->temp != NULL ? draft_put(c->update, column, 0, value.bytes, true) : record_builder_revert(c->update->builder, column));
        goto done;
    }
    if (is_null && set->sequence == 0)
        goto done; /* no value is added */
    if (value.bytes.size > 0 && column->max_size != 0 && value.bytes.size > column->max_size)
        RAISE(JET_errColumnTooBig);
    if (value.bytes.size > 0 && fixed != 0 && value.bytes.size != fixed)
        RAISE(JET_errInvalidBufferSize);
    TRY(update_put(c, column, set->sequence, &value));
done:
    return err;
}

JET_ERR cursor_set_column(struct cursor *c, const struct set_column *set)
{
    JET_ERR err = JET_errSuccess;
    const struct column *column;
    struct set_column wish = *set;
    TRY(update_check_prepared(c));
    if (c->update->kind == UPDATE_READ_ONLY)
        RAISE(JET_errUpdateNotPrepared);
    TRY(cursor_refresh(c));
    TRY(update_open(c));
    TRY(check_options(c, set));
    TRY(cursor_find_column(c, set->column_id, &column));
    if (wish.value.data == NULL && (wish.options & JET_bitSetSizeLV) == 0)
        wish.value.size = 0;
    if (column_is_tagged(column->id)) {
        bool has;
        if ((wish.options & SET_UNIQUE) != 0 && (!is_null_data(&wish) || (wish.options & JET_bitSetZeroLength) != 0))
            TRY(check_unique(c, column, &wish));
        if (is_null_data(&wish) && (column->flags & COLUMN_FLAG_NOT_NULL) != 0 && (wish.options & (JET_bitSetZeroLength | SET_PARTS)) == 0) {
            TRY(has_values(c->update, column, &has));
            if (!has || wish.sequence <= 1)
                RAISE(JET_errNullInvalid);
        }
        err = column_type_is_long(column->type) ? update_set_long(c, column, &wish) : set_tagged(c, column, &wish);
    } else {
        TRY(check_engine_column(c, column, &wish));
        err = column_is_fixed(column->id) ? set_fixed(c, column, &wish) : set_variable(c, column, &wish);
    }
    if (err >= 0)
        update_mark_changed(c->update, column);
done:
    return err;
}
