/* Definitions of indexes: what is allowed, and the row it gives (internal.h; records-and-catalog 4, 6.5).
 *
 * The rules are those of the original engine, in its order. Reads nothing but the schema it is given; the Unicode weights decide whether an index over UTF-16
 * text can be kept at all. */
#include "base/text.h"
#include "catalog/internal.h"
#include "record/key.h"
#include "record/locale.h"

enum { SEGMENT_TEMPLATE = 0x80, SEGMENT_DESCENDING = 0x40, SEGMENT_MUST_BE_NULL = 0x20, SEGMENT_SIZE = INDEX_SEGMENT_SIZE, CODE_PAGE_UTF16 = 1200, LCID_DEFAULT = 0x409, UPDATE_MAJOR_UPPERCASE = 50 };
enum { TUPLE_LENGTH_LEAST = 2, TUPLE_LENGTH_MOST = 255, TUPLE_MIN_DEFAULT = 3, TUPLE_MAX_DEFAULT = 10, TUPLE_COUNT_MOST = 32767 };
#define LOCALE_DEFAULT "en-US"

static bool is_set(const struct index_definition *d, uint32_t bits) { return (d->grbit & bits) != 0; }
static bool is_tuple(const struct index_definition *d) { return is_set(d, JET_bitIndexTuples | JET_bitIndexTupleLimits); }

/* How the options go together. */
static JET_ERR check_options(const struct index_definition *d, uint32_t page_size, uint32_t *key_most)
{
    JET_ERR err = JET_errSuccess;
    bool is_primary = is_set(d, JET_bitIndexPrimary);
    *key_most = KEY_MOST_DEFAULT;
    if (is_set(d, JET_bitIndexKeyMost)) {
        if (d->key_most < KEY_MOST_DEFAULT || d->key_most > key_most_limit(page_size))
            RAISE(JET_errIndexInvalidDef);
        *key_most = d->key_most;
    }
    if (is_primary && is_set(d, JET_bitIndexIgnoreNull | JET_bitIndexIgnoreAnyNull | JET_bitIndexIgnoreFirstNull))
        RAISE(JET_errInvalidGrbit);
    if (is_set(d, JET_bitIndexCrossProduct) && is_set(d, JET_bitIndexNestedTable))
        RAISE(JET_errInvalidGrbit);
    if (is_primary && d->condition_count > 0)
        RAISE(JET_errIndexInvalidDef);
    if (is_set(d, JET_bitIndexEmpty) && !is_set(d, JET_bitIndexIgnoreAnyNull))
        RAISE(JET_errInvalidGrbit);
    if (is_set(d, JET_bitIndexTupleLimits) && !d->tuple.is_set)
        RAISE(JET_errIndexInvalidDef);
    if (d->key_size == 0 || d->key == NULL)
        RAISE(JET_errInvalidParameter);
    if (d->key_size < 3 || (d->key[0] != '+' && d->key[0] != '-') || d->key[d->key_size - 1] != 0 || d->key[d->key_size - 2] != 0)
        RAISE(JET_errIndexInvalidDef);
    if (!is_set(d, JET_bitIndexTupleLimits) && d->var_seg_mac > *key_most)
        RAISE(JET_errIndexInvalidDef);
done:
    return err;
}

static uint32_t flags_of(const struct table_schema *table, const struct index_definition *d)
{
    uint32_t flags = INDEX_FLAG_LONG_SEGMENTS;
    if (!is_set(d, JET_bitIndexDisallowNull | JET_bitIndexIgnoreAnyNull)) {
        flags |= INDEX_FLAG_ALLOW_SOME_NULL;
        if (!is_set(d, JET_bitIndexIgnoreFirstNull)) {
            flags |= INDEX_FLAG_ALLOW_FIRST_NULL;
            flags |= is_set(d, JET_bitIndexIgnoreNull) ? 0 : INDEX_FLAG_ALLOW_ALL_NULL;
        }
    }
    flags |= is_set(d, JET_bitIndexUnique | JET_bitIndexPrimary) ? INDEX_FLAG_UNIQUE : 0;
    flags |= is_set(d, JET_bitIndexPrimary) ? INDEX_FLAG_PRIMARY : 0;
    flags |= is_set(d, JET_bitIndexDisallowNull) ? INDEX_FLAG_NO_NULL : is_set(d, JET_bitIndexSortNullsHigh) ? INDEX_FLAG_NULLS_HIGH : 0;
    flags |= is_set(d, JET_bitIndexCrossProduct) ? INDEX_FLAG_CROSS_PRODUCT : 0;
    flags |= is_set(d, JET_bitIndexNestedTable) ? INDEX_FLAG_NESTED : 0;
    flags |= is_set(d, JET_bitIndexDisallowTruncation) ? INDEX_FLAG_NO_TRUNCATION : 0;
    flags |= is_set(d, JET_bitIndexDotNetGuid) ? INDEX_FLAG_DOTNET_GUID : 0;
    flags |= d->has_locale ? INDEX_FLAG_LOCALE_SET : 0;
    return flags | ((table->flags & TABLE_FLAG_TEMPLATE) != 0 ? INDEX_FLAG_TEMPLATE : 0);
}

static JET_ERR check_tuple(const struct index_definition *d, uint32_t key_most, struct new_index *out)
{
    JET_ERR err = JET_errSuccess;
    if (is_set(d, JET_bitIndexPrimary))
        RAISE(JET_errIndexTuplesSecondaryIndexOnly);
    if (is_set(d, JET_bitIndexUnique))
        RAISE(JET_errIndexTuplesNonUniqueOnly);
    if (!is_set(d, JET_bitIndexTupleLimits) && d->var_seg_mac != 0 && d->var_seg_mac < key_most)
        RAISE(JET_errIndexTuplesVarSegMacNotAllowed);
    bool is_custom = is_set(d, JET_bitIndexTupleLimits);
    uint32_t min = is_custom && d->tuple.min != 0 ? d->tuple.min : TUPLE_MIN_DEFAULT, max = is_custom && d->tuple.max != 0 ? d->tuple.max : TUPLE_MAX_DEFAULT;
    uint32_t most = is_custom && d->tuple.most != 0 ? d->tuple.most : TUPLE_COUNT_MOST, step = is_custom && d->tuple.step != 0 ? d->tuple.step : 1;
    uint32_t start = is_custom && d->tuple.start != UINT32_MAX ? d->tuple.start : 0;
    if (min < TUPLE_LENGTH_LEAST || min > TUPLE_LENGTH_MOST || max < TUPLE_LENGTH_LEAST || max > TUPLE_LENGTH_MOST || min > max || most > TUPLE_COUNT_MOST
        || step > UINT16_MAX || start > UINT16_MAX)
        RAISE(JET_errIndexTuplesInvalidLimits);
    const uint32_t limits[5] = {min, max, most, step, start};
    for (uint32_t i = 0; i < 5; i++)
        store_le32(out->tuple + 4 * i, limits[i]);
    out->row.tuple_limits = span_of(out->tuple, sizeof out->tuple);
done:
    return err;
}

static void put_segment(uint8_t *p, const struct column *column, uint8_t flags)
{
    p[0] = (uint8_t)(flags | ((column->id & COLUMN_ID_TEMPLATE_BIT) != 0 ? SEGMENT_TEMPLATE : 0));
    p[1] = 0;
    store_le16(p + 2, (uint16_t)(column->id & 0xFFFF));
}

void index_put_condition(uint8_t *out, const struct column *column, bool must_be_null) { put_segment(out, column, must_be_null ? SEGMENT_MUST_BE_NULL : 0); }

static JET_ERR check_column(const struct index_definition *d, const struct column *column, bool is_first, struct new_index *out)
{
    JET_ERR err = JET_errSuccess;
    bool is_bytes = column->type == COLUMN_TYPE_BINARY || column->type == COLUMN_TYPE_LONG_BINARY;
    if ((column->flags & COLUMN_FLAG_ENCRYPTED) != 0)
        RAISE(JET_errCannotIndexOnEncryptedColumn);
    if ((column->flags & COLUMN_FLAG_ESCROW) != 0)
        RAISE(JET_errCannotIndex);
    if ((column->flags & COLUMN_FLAG_MULTI_VALUED) != 0) {
        if (is_set(d, JET_bitIndexPrimary))
            RAISE(JET_errIndexInvalidDef);
        out->row.flags |= INDEX_FLAG_MULTI_VALUED;
    }
    if (is_set(d, JET_bitIndexEmpty) && (column->flags & COLUMN_FLAG_DEFAULT) != 0)
        RAISE(JET_errIndexInvalidDef);
    if (is_first && is_tuple(d) && !column_type_is_text(column->type) && !is_bytes)
        RAISE(JET_errIndexTuplesTextBinaryColumnsOnly);
    if (column_type_is_text(column->type) && column->code_page == CODE_PAGE_UTF16)
        out->row.flags |= INDEX_FLAG_UNICODE_TEXT;
done:
    return err;
}

static JET_ERR add_segments(const struct table_schema *table, const struct index_definition *d, struct new_index *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count = 0;
    for (const char *p = d->key; *p != 0; p += strlen(p) + 1, count++) {
        bool is_descending = *p == '-';
        if (count == INDEX_SEGMENTS_MAX)
            RAISE(JET_errIndexInvalidDef);
        if (*p == '+' || *p == '-')
            p++;
        const struct column *column = schema_column_by_name(table, p);
        if (column == NULL)
            RAISE(JET_errColumnNotFound);
        TRY(check_column(d, column, count == 0, out));
        put_segment(out->segments + SEGMENT_SIZE * count, column, is_descending ? SEGMENT_DESCENDING : 0);
    }
    out->row.key_segments = span_of(out->segments, SEGMENT_SIZE * count);
    if (d->condition_count > INDEX_CONDITIONS_MAX)
        RAISE(JET_errIndexInvalidDef);
    for (uint32_t i = 0; i < d->condition_count; i++) {
        const struct condition_definition *condition = &d->conditions[i];
        if (condition->grbit != JET_bitIndexColumnMustBeNull && condition->grbit != JET_bitIndexColumnMustBeNonNull)
            RAISE(JET_errInvalidGrbit);
        const struct column *column = condition->column != NULL ? schema_column_by_name(table, condition->column) : NULL;
        if (column == NULL)
            RAISE(JET_errColumnNotFound);
        index_put_condition(out->conditions + SEGMENT_SIZE * i, column, condition->grbit == JET_bitIndexColumnMustBeNull);
    }
    if (d->condition_count > 0)
        out->row.conditions = span_of(out->conditions, SEGMENT_SIZE * d->condition_count);
done:
    return err;
}

/* Locale (in formats before 0x14 its number) and map flags stand in every index row; the version of the sort order only where UTF-16 text is in the key. */
static JET_ERR add_collation(struct catalog *catalog, const struct index_definition *d, struct new_index *out)
{
    JET_ERR err = JET_errSuccess;
    const char *locale = d->locale != NULL ? d->locale : LOCALE_DEFAULT;
    size_t length = strlen(locale);
    struct collation collation;
    out->row.lcmap_flags = d->lcmap_flags == 0 ? COLLATION_FLAGS_DEFAULT : d->lcmap_flags == COLLATION_UPPERCASE ? d->lcmap_flags : d->lcmap_flags | COLLATION_SORT_KEY;
    catalog_row_set(&out->row, CATALOG_LCMAP_FLAGS);
    if (length >= sizeof out->locale || locale_by_name(locale) == NULL)
        RAISE(JET_errInvalidLanguageId);
    if ((out->row.lcmap_flags & COLLATION_UPPERCASE) != 0 && catalog_database(catalog)->header.update_major < UPDATE_MAJOR_UPPERCASE)
        RAISE(JET_errEngineFormatVersionParamTooLowForRequestedFeature);
    TRY(collation_check_flags(out->row.lcmap_flags, true));
    for (size_t i = 0; i < length; i++) /* a name that exists is ASCII */
        store_le16(out->locale_bytes + 2 * i, (uint16_t)locale[i]);
    memcpy(out->locale, locale, length + 1);
    bool has_names = catalog_database(catalog)->header.update_major >= DB_UPDATE_MAJOR_BASE;
    if (!has_names && ascii_compare_nocase(locale, LOCALE_DEFAULT) != 0)
        RAISE(JET_errInvalidLanguageId);
    if (has_names)
        out->row.locale = span_of(out->locale_bytes, (uint32_t)(2 * length));
    else
        out->row.pages_or_locale = LCID_DEFAULT;
    if ((out->row.flags & INDEX_FLAG_UNICODE_TEXT) == 0)
        goto done;
    const struct collation_table *weights = catalog_weights(catalog);
    TRY(collation_current(weights, locale, out->sort_id, &out->sort_version));
    TRY(collation_open(weights, locale, 0, out->sort_id, out->sort_version, out->row.lcmap_flags, &collation));
    store_le64(out->version, out->sort_version);
    out->row.version = span_of(out->version, sizeof out->version);
    if (has_names)
        out->row.sort_id = span_of(out->sort_id, sizeof out->sort_id);
done:
    return err;
}

JET_ERR index_define(struct catalog *catalog, const struct table_schema *table, const struct index_definition *d, uint32_t table_density, struct new_index *out)
{
    JET_ERR err = JET_errSuccess;
    uint32_t page_size = catalog_database(catalog)->page_size, key_most;
    *out = (struct new_index){.row = {.type = CATALOG_ROW_INDEX, .objid_table = table->objid}};
    out->is_primary = is_set(d, JET_bitIndexPrimary);
    out->is_empty = is_set(d, JET_bitIndexEmpty);
    TRY(catalog_name_init(&out->name, d->name));
    out->row.name = catalog_name_span(&out->name);
    TRY(check_options(d, page_size, &key_most));
    TRY(space_hints_check(d->space_hints, page_size, d->density != 0 ? d->density : table_density, &out->hints));
    out->row.flags = flags_of(table, d);
    out->row.space_usage = out->hints.density;
    out->row.space_hints = space_hints_encode(&out->hints, SPACE_HINTS_INDEX, page_size, out->hints_bytes);
    if (is_tuple(d))
        TRY(check_tuple(d, key_most, out));
    TRY(add_segments(table, d, out));
    TRY(add_collation(catalog, d, out));
    if (key_most != KEY_MOST_DEFAULT) {
        out->row.key_most = key_most;
        catalog_row_set(&out->row, CATALOG_KEY_MOST);
    }
    if (!is_tuple(d) && d->var_seg_mac != 0 && d->var_seg_mac != key_most) {
        store_le16(out->var_seg_mac, (uint16_t)d->var_seg_mac);
        out->row.var_seg_mac = span_of(out->var_seg_mac, sizeof out->var_seg_mac);
    }
done:
    return err;
}

uint32_t index_exact_key_size(const struct table_schema *table, const struct index *index)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < index->segment_count; i++) {
        const struct column *column = schema_column(table, index->segments[i].column_id);
        if (column == NULL || !column_is_fixed(column->id) || column_type_size(column->type) == 0)
            return 0;
        size += 1 + column_type_size(column->type);
    }
    return size < KEY_MOST_DEFAULT ? size : 0;
}
