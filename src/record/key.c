/* The entries a row has in an index (key.h; records-and-catalog 4.5, 4.6).
 *
 * One entry needs one value number (itagSequence) per key column. A plain index runs through the values of its first multi-valued column, a
 * nested one through all of them in step, a cross product through all combinations; a tuple index cuts each value of the first column
 * into substrings besides. Equal keys of one row are one entry, so where there can be several they are collected and sorted first.
 */
#include "record/key.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    CODE_PAGE_UNICODE = 1200,
    UNICODE_FETCH_FIRST = 4096,
    ENTRIES_MAX = 1 << 23,      /* of one row in one index; more can only come from a damaged or hostile record */
    ENTRY_BYTES_MAX = 1 << 29
};

static const struct column *key_column(const struct key_rules *rules, uint32_t i)
{
    return schema_column(rules->table, rules->index->segments[i].column_id);
}

JET_ERR key_rules_init(struct key_rules *out, const struct table_schema *table, const struct index *index, const struct collation_table *weights)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct key_rules){.table = table, .index = index};
    if (index->segment_count == 0 || index->segment_count > INDEX_SEGMENTS_MAX || index->condition_count > INDEX_CONDITIONS_MAX ||
        index->key_most == 0 || index->key_most > KEY_MOST_MAX)
        RAISE(JET_errIndexInvalidDef);
    bool has_unicode = false;
    for (uint32_t i = 0; i < index->segment_count; i++) {
        const struct column *column = key_column(out, i);
        if (column == NULL)
            RAISE(JET_errIndexInvalidDef);
        has_unicode = has_unicode || (column_type_is_text(column->type) && column->code_page == CODE_PAGE_UNICODE);
    }
    for (uint32_t i = 0; i < index->condition_count; i++)
        if (schema_column(table, index->conditions[i].column_id) == NULL)
            RAISE(JET_errIndexInvalidDef);
    if (has_unicode && weights != NULL)
        out->has_collation = collation_open(weights, index->locale, index->lcid, index->sort_id, index->sort_version, index->lcmap_flags,
                                            &out->collation) >= 0;
done:
    return err;
}

bool key_rules_lack_collation(const struct key_rules *rules)
{
    for (uint32_t i = 0; i < rules->index->segment_count; i++) {
        const struct column *column = key_column(rules, i);
        if (column != NULL && column_type_is_text(column->type) && column->code_page == CODE_PAGE_UNICODE && !rules->has_collation)
            return true;
    }
    return false;
}

/* --- a record as source --- */

static JET_ERR record_source_get(void *context, const struct column *column, uint32_t sequence, uint32_t limit, struct span *bytes)
{
    JET_ERR err = JET_errSuccess;
    struct record_key_source *s = (struct record_key_source *)context;
    struct column_value value;
    *bytes = span_of(NULL, 0);
    TRY(record_column(s->record, column, sequence, &value));
    if ((value.flags & COLUMN_VALUE_NULL) != 0)
        return JET_wrnColumnNull;
    if ((value.flags & COLUMN_VALUE_USER_DEFAULT) != 0) {
        if (s->user_default == NULL)
            RAISE(JET_errCallbackNotResolved);
        err = s->user_default(s->user_context, column, &s->buffer);
        if (err != JET_errSuccess)
            goto done;
        *bytes = span_of(s->buffer.data, s->buffer.size);
    } else if ((value.flags & (COLUMN_VALUE_SEPARATED | COLUMN_VALUE_COMPRESSED | COLUMN_VALUE_ENCRYPTED)) == 0) {
        *bytes = value.bytes;
    } else if (limit > 0) {
        TRY(column_value_fetch_all(s->nodes, &value, limit, &s->buffer));
        *bytes = span_of(s->buffer.data, s->buffer.size);
    }
    if (bytes->size > limit)
        bytes->size = limit;
done:
    return err;
}

void record_key_source_init(struct record_key_source *out, const struct record_view *record, const struct long_value_nodes *nodes)
{
    *out = (struct record_key_source){.record = record, .nodes = nodes};
    out->source = (struct key_source){out, record_source_get};
}

void record_key_source_close(struct record_key_source *source)
{
    value_buffer_free(&source->buffer);
}

/* --- one key --- */

struct key_builder {
    const struct key_rules *rules;
    const struct key_source *source;
    uint32_t sequences[INDEX_SEGMENTS_MAX];
    struct span tuple; /* the substring that stands for the first column, data NULL when the index has no tuples */
    uint32_t size;
    bool is_cut, has_null, is_first_null, is_all_null;
    uint8_t bytes[KEY_ROOM];
};

/* A damaged record may hold a value of the wrong size for its type. */
static JET_ERR as_corruption(JET_ERR err) { return err == JET_errInvalidBufferSize ? JET_errDatabaseCorrupted : err; }

static JET_ERR append(struct key_builder *b, uint32_t i, bool is_null, struct span value, struct key_segment *segment)
{
    const struct index *index = b->rules->index;
    *segment = (struct key_segment){0};
    return as_corruption(key_segment(b->rules, key_column(b->rules, i), index->segments[i].is_descending, is_null, value, b->bytes + b->size,
                                     index->key_most - b->size, segment));
}

/* Segment i from the source. UTF-16 text may need any amount of source for one key byte (many characters weigh nothing), so more is
 * fetched while the segment is not full; every other type's segment is settled by key_most bytes. */
static JET_ERR append_column(struct key_builder *b, uint32_t i, struct key_segment *segment, bool *is_null)
{
    JET_ERR err = JET_errSuccess;
    const struct column *column = key_column(b->rules, i);
    bool is_unicode = column_type_is_text(column->type) && column->code_page == CODE_PAGE_UNICODE;
    uint32_t key_most = b->rules->index->key_most;
    uint32_t limit = key_most == KEY_MOST_DEFAULT ? KEY_MOST_DEFAULT + 1 : is_unicode ? UNICODE_FETCH_FIRST : key_most + 1;
    for (;;) {
        struct span value;
        err = b->source->get(b->source->context, column, b->sequences[i], limit, &value);
        if (err < 0)
            goto done;
        *is_null = err == JET_wrnColumnNull;
        err = JET_errSuccess;
        if (b->size == key_most || b->is_cut)
            goto done; /* looked at for the null rules only */
        TRY(append(b, i, *is_null, value, segment));
        bool may_grow = is_unicode && !*is_null && value.size == limit && key_most != KEY_MOST_DEFAULT && limit < LONG_VALUE_SIZE_MAX / 4;
        if (!may_grow || segment->is_cut || segment->size >= b->rules->index->var_seg_most || segment->size == key_most - b->size)
            goto done;
        limit *= 4;
    }
done:
    return err;
}

static JET_ERR build_key(struct key_builder *b)
{
    JET_ERR err = JET_errSuccess;
    const struct index *index = b->rules->index;
    b->size = 0;
    b->is_cut = b->has_null = b->is_first_null = false;
    b->is_all_null = true;
    for (uint32_t i = 0; i < index->segment_count; i++) {
        struct key_segment segment = {0};
        bool is_null = false, is_full = b->size == index->key_most || b->is_cut;
        if (i == 0 && b->tuple.data != NULL)
            TRY(append(b, i, false, b->tuple, &segment));
        else
            TRY(append_column(b, i, &segment, &is_null));
        b->has_null = b->has_null || is_null;
        b->is_all_null = b->is_all_null && is_null;
        if (i == 0)
            b->is_first_null = is_null;
        b->is_cut = b->is_cut || is_full || segment.is_cut;
        if (b->is_cut && (index->flags & INDEX_FLAG_NO_TRUNCATION) != 0)
            RAISE(JET_errKeyTruncated);
        b->size += segment.size;
    }
    if (b->has_null && (index->flags & INDEX_FLAG_NO_NULL) != 0)
        RAISE(JET_errNullKeyDisallowed);
done:
    return err;
}

static void begin_key(struct key_builder *b, const struct key_rules *rules, const struct key_source *source)
{
    b->rules = rules;
    b->source = source;
    b->tuple = span_of(NULL, 0);
    for (uint32_t i = 0; i < INDEX_SEGMENTS_MAX; i++)
        b->sequences[i] = 1;
}

JET_ERR key_primary(const struct key_rules *rules, const struct key_source *source, uint8_t *out, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    struct key_builder b;
    *size = 0;
    begin_key(&b, rules, source);
    TRY(build_key(&b));
    memcpy(out, b.bytes, b.size);
    *size = b.size;
done:
    return err;
}

static bool is_indexed(const struct key_builder *b)
{
    unsigned needed = b->is_all_null ? INDEX_FLAG_ALLOW_ALL_NULL : b->is_first_null ? INDEX_FLAG_ALLOW_FIRST_NULL : b->has_null ? INDEX_FLAG_ALLOW_SOME_NULL : 0;
    return (b->rules->index->flags & needed) == needed;
}

/* --- all keys of a row --- */

/* Keys wait here until all are known: { u16 size, bytes } one after the other. */
struct key_collector {
    struct value_buffer bytes;
    uint32_t count;
};

static JET_ERR collect(struct key_collector *c, struct span key)
{
    JET_ERR err = JET_errSuccess;
    uint32_t needed = c->bytes.size + 2 + key.size;
    if (c->count >= ENTRIES_MAX || needed > ENTRY_BYTES_MAX)
        RAISE(JET_errOutOfMemory);
    if (needed > c->bytes.capacity)
        TRY(value_buffer_reserve(&c->bytes, needed < 512 ? 1024 : 2 * needed));
    store_le16(c->bytes.data + c->bytes.size, (uint16_t)key.size);
    memcpy(c->bytes.data + c->bytes.size + 2, key.data, key.size);
    c->bytes.size = needed;
    c->count++;
done:
    return err;
}

static int compare_keys(const void *a, const void *b)
{
    return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static JET_ERR visit_collected(const struct key_collector *c, JET_ERR (*visit)(void *context, struct span key), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct span *keys = (struct span *)mem_alloc_array(c->count, sizeof *keys);
    if (keys == NULL)
        RAISE(JET_errOutOfMemory);
    const uint8_t *at = c->bytes.data;
    for (uint32_t i = 0; i < c->count; i++) {
        keys[i] = span_of(at + 2, load_le16(at));
        at += 2 + keys[i].size;
    }
    qsort(keys, c->count, sizeof *keys, compare_keys);
    for (uint32_t i = 0; i < c->count; i++)
        if (i == 0 || !span_equal(keys[i - 1], keys[i]))
            TRY(visit(context, keys[i]));
done:
    mem_free(keys);
    return err;
}

static JET_ERR is_null_at(const struct key_source *source, const struct column *column, uint32_t sequence, bool *is_null)
{
    struct span bytes;
    JET_ERR err = source->get(source->context, column, sequence, 0, &bytes);
    *is_null = err == JET_wrnColumnNull;
    return err < 0 ? err : JET_errSuccess;
}

static JET_ERR conditions_hold(const struct key_rules *rules, const struct key_source *source, bool *hold)
{
    JET_ERR err = JET_errSuccess;
    *hold = true;
    for (uint32_t i = 0; i < rules->index->condition_count && *hold; i++) {
        bool is_null;
        TRY(is_null_at(source, schema_column(rules->table, rules->index->conditions[i].column_id), 1, &is_null));
        *hold = is_null == rules->index->conditions[i].must_be_null;
    }
done:
    return err;
}

/* The substrings of the first column's present value, one key each. */
static JET_ERR collect_tuples(struct key_builder *b, struct key_collector *c, struct value_buffer *copy)
{
    JET_ERR err = JET_errSuccess;
    const struct tuple_limits *t = &b->rules->index->tuple;
    const struct column *column = key_column(b->rules, 0);
    uint32_t unit = column_type_is_text(column->type) && column->code_page == CODE_PAGE_UNICODE ? 2 : 1;
    uint64_t last = t->start + (uint64_t)(t->index_max > 0 ? t->index_max - 1 : 0) * t->increment + t->length_max;
    struct span value;
    err = b->source->get(b->source->context, column, b->sequences[0], last * unit < LONG_VALUE_SIZE_MAX ? (uint32_t)(last * unit) : LONG_VALUE_SIZE_MAX,
                         &value);
    if (err != JET_errSuccess) { /* a null value gives no entry */
        err = err < 0 ? err : JET_errSuccess;
        goto done;
    }
    TRY(value_buffer_reserve(copy, value.size + 1)); /* the other columns of the key come from the same source */
    if (value.size > 0)
        memcpy(copy->data, value.data, value.size);
    uint64_t offset = t->start;
    for (uint32_t k = 0; k < t->index_max; k++, offset += t->increment) {
        uint64_t left = offset * unit < value.size ? (value.size - offset * unit) / unit : 0;
        if (left == 0 || left < t->length_min || (k > 0 && t->increment == 0))
            break;
        uint32_t count = (uint32_t)(left < t->length_max ? left : t->length_max);
        b->tuple = span_of(copy->data + offset * unit, count * unit);
        TRY(build_key(b));
        if (is_indexed(b))
            TRY(collect(c, span_of(b->bytes, b->size)));
    }
done:
    b->tuple = span_of(NULL, 0);
    return err;
}

static JET_ERR collect_combination(struct key_builder *b, struct key_collector *c, struct value_buffer *copy)
{
    JET_ERR err = JET_errSuccess;
    if (b->rules->index->tuple.is_tuple)
        return collect_tuples(b, c, copy);
    TRY(build_key(b));
    if (is_indexed(b))
        TRY(collect(c, span_of(b->bytes, b->size)));
done:
    return err;
}

/* Values of the key columns that can have several: counts[i] is 1 for the others and for one without values. */
struct value_counts {
    uint32_t counts[INDEX_SEGMENTS_MAX];
    uint32_t multi[INDEX_SEGMENTS_MAX]; /* positions of multi-valued columns */
    uint32_t multi_count, longest;
};

static JET_ERR count_values(const struct key_rules *rules, const struct key_source *source, struct value_counts *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct value_counts){.longest = 1};
    for (uint32_t i = 0; i < rules->index->segment_count; i++) {
        const struct column *column = key_column(rules, i);
        out->counts[i] = 1;
        if (!column_is_tagged(column->id) || (column->flags & COLUMN_FLAG_MULTI_VALUED) == 0)
            continue;
        out->multi[out->multi_count++] = i;
        for (;;) {
            bool is_null;
            TRY(is_null_at(source, column, out->counts[i] + 1, &is_null));
            if (is_null)
                break;
            out->counts[i]++;
        }
        if (out->counts[i] > out->longest)
            out->longest = out->counts[i];
        /* only the cross product and the nested form look at more than the first */
        if ((rules->index->flags & (INDEX_FLAG_CROSS_PRODUCT | INDEX_FLAG_NESTED)) == 0)
            break;
    }
    if (out->multi_count > 0 && (rules->index->flags & (INDEX_FLAG_CROSS_PRODUCT | INDEX_FLAG_NESTED)) == 0)
        out->longest = out->counts[out->multi[0]];
done:
    return err;
}

/* To the next combination of value numbers; the last column runs fastest. False after the last one. */
static bool next_combination(struct key_builder *b, const struct value_counts *v)
{
    if ((b->rules->index->flags & INDEX_FLAG_CROSS_PRODUCT) != 0) {
        for (uint32_t m = v->multi_count; m-- > 0;) {
            uint32_t i = v->multi[m];
            if (b->sequences[i] < v->counts[i]) {
                b->sequences[i]++;
                return true;
            }
            b->sequences[i] = 1;
        }
        return false;
    }
    if (v->multi_count == 0 || b->sequences[v->multi[0]] >= v->longest)
        return false;
    for (uint32_t m = 0; m < v->multi_count; m++)
        b->sequences[v->multi[m]]++;
    return true;
}

JET_ERR key_entries(const struct key_rules *rules, const struct key_source *source, JET_ERR (*visit)(void *context, struct span key), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct key_builder b;
    struct key_collector collector = {0};
    struct value_buffer copy = {0};
    struct value_counts values;
    bool hold;
    TRY(conditions_hold(rules, source, &hold));
    if (!hold)
        goto done;
    begin_key(&b, rules, source);
    TRY(count_values(rules, source, &values));
    if (values.longest == 1 && !rules->index->tuple.is_tuple) {
        TRY(build_key(&b));
        if (is_indexed(&b))
            TRY(visit(context, span_of(b.bytes, b.size)));
        goto done;
    }
    do
        TRY(collect_combination(&b, &collector, &copy));
    while (next_combination(&b, &values));
    if (collector.count > 0)
        TRY(visit_collected(&collector, visit, context));
done:
    value_buffer_free(&copy);
    value_buffer_free(&collector.bytes);
    return err;
}
