/* Temporary tables (temp_table.h). */
#include "cursor/temp_table.h"

#include <stdlib.h>

#include "base/memory.h"

enum { KEY_NUMBER_SIZE = 4, VALUES_MAX = 65536 };

struct temp_table {
    struct table_schema schema;
    struct index index;       /* schema.indexes points here when there are key columns */
    struct key_rules rules;
    struct collation_table *weights; /* owned */
    unsigned options;
    uint32_t references;
    struct temp_row **rows;
    uint32_t count, capacity;
    uint64_t last_number;
    bool is_sorted;
};

const struct table_schema *temp_table_schema(const struct temp_table *table) { return &table->schema; }
const struct key_rules *temp_table_rules(const struct temp_table *table) { return &table->rules; }
unsigned temp_table_options(const struct temp_table *table) { return table->options; }
uint32_t temp_table_user_count(const struct temp_table *table) { return table->references; }

void temp_table_retain(struct temp_table *table) { table->references++; }

void temp_table_release(struct temp_table *table)
{
    if (table == NULL || --table->references > 0)
        return;
    for (uint32_t i = 0; i < table->count; i++)
        mem_free(table->rows[i]);
    mem_free(table->rows);
    mem_free(table->schema.columns);
    mem_free(table->index.locale);
    collation_table_close(table->weights);
    mem_free(table);
}

/* --- the schema --- */

static int kind_of(const struct temp_column *c)
{
    if (c->is_tagged || (c->flags & COLUMN_FLAG_MULTI_VALUED) != 0 || column_type_is_long(c->type))
        return 2;
    return c->is_fixed || column_type_size(c->type) != 0 ? 0 : 1;
}

static JET_ERR check_column(const struct temp_column *c)
{
    JET_ERR err = JET_errSuccess;
    if (c->type == COLUMN_TYPE_NIL || c->type >= COLUMN_TYPE_COUNT || c->type == COLUMN_TYPE_SLV)
        RAISE(JET_errInvalidColumnType);
    if (column_type_is_text(c->type) && c->code_page != 0 && c->code_page != 1252 && c->code_page != 1200)
        RAISE(JET_errInvalidCodePage);
done:
    return err;
}

static JET_ERR make_columns(struct table_schema *s, const struct temp_table_config *config, uint32_t *ids)
{
    static const uint32_t first_of[3] = {FIXED_ID_FIRST, VARIABLE_ID_FIRST, TAGGED_ID_FIRST}, last_of[3] = {FIXED_ID_LAST, VARIABLE_ID_LAST, TAGGED_ID_LAST};
    JET_ERR err = JET_errSuccess;
    s->columns = mem_alloc_array(config->column_count, sizeof *s->columns);
    if (s->columns == NULL)
        RAISE(JET_errOutOfMemory);
    memset(s->fixed_index, 0xFF, sizeof s->fixed_index);
    memset(s->variable_index, 0xFF, sizeof s->variable_index);
    for (int kind = 0; kind < 3; kind++) {
        uint32_t id = first_of[kind];
        if (kind == 2)
            s->tagged_first = s->column_count;
        for (uint32_t i = 0; i < config->column_count; i++) {
            const struct temp_column *from = &config->columns[i];
            if (kind_of(from) != kind)
                continue;
            TRY(check_column(from));
            if (id > last_of[kind])
                RAISE(JET_errTooManyColumns);
            uint32_t size = column_type_size(from->type);
            bool is_text = column_type_is_text(from->type);
            s->columns[s->column_count] = (struct column){
                .id = id, .type = from->type, .flags = from->flags & (COLUMN_FLAG_NOT_NULL | COLUMN_FLAG_MULTI_VALUED),
                .max_size = size != 0 ? size : from->max_size != 0 || column_type_is_long(from->type) ? from->max_size : 255,
                .code_page = !is_text ? 0 : from->code_page == 0 ? 1252 : from->code_page, .presentation = i + 1};
            if (kind == 0)
                s->fixed_index[id] = s->column_count;
            else if (kind == 1)
                s->variable_index[id - VARIABLE_ID_FIRST] = s->column_count;
            if (ids != NULL)
                ids[i] = id;
            s->column_count++;
            id++;
        }
        if (kind == 0)
            s->fixed_last = id - 1;
        else if (kind == 1)
            s->variable_last = id - 1;
    }
    s->tagged_count = s->column_count - s->tagged_first;
    s->template_tagged_first = s->column_count;
done:
    return err;
}

static uint32_t id_of(const struct table_schema *s, uint32_t place)
{
    for (uint32_t i = 0; i < s->column_count; i++)
        if (s->columns[i].presentation == place + 1)
            return s->columns[i].id;
    return 0;
}

static JET_ERR make_index(struct temp_table *t, const struct temp_table_config *config)
{
    JET_ERR err = JET_errSuccess;
    struct index *x = &t->index;
    uint32_t limit = key_most_limit(config->page_size != 0 ? config->page_size : 4096);
    x->flags = INDEX_FLAG_PRIMARY | INDEX_FLAG_UNIQUE | INDEX_FLAG_ALLOW_ALL_NULL | INDEX_FLAG_ALLOW_FIRST_NULL | INDEX_FLAG_ALLOW_SOME_NULL;
    if ((config->options & TEMP_SORT_NULLS_HIGH) != 0)
        x->flags |= INDEX_FLAG_NULLS_HIGH;
    if ((config->options & TEMP_DOTNET_GUID) != 0)
        x->flags |= INDEX_FLAG_DOTNET_GUID;
    x->key_most = config->key_most != 0 ? config->key_most : KEY_MOST_DEFAULT;
    x->var_seg_most = config->var_seg_most != 0 && config->var_seg_most < x->key_most ? config->var_seg_most : x->key_most;
    if (x->key_most > limit || (config->key_most != 0 && config->key_most < KEY_MOST_DEFAULT) || config->var_seg_most > limit)
        RAISE(JET_errInvalidParameter);
    x->lcid = config->lcid;
    x->lcmap_flags = config->lcmap_flags != 0 ? config->lcmap_flags : COLLATION_FLAGS_DEFAULT;
    if (config->locale != NULL || config->lcid == 0) {
        x->locale = mem_strdup(config->locale != NULL ? config->locale : "en-US");
        if (x->locale == NULL)
            RAISE(JET_errOutOfMemory);
    }
    for (uint32_t i = 0; i < config->column_count && x->segment_count < INDEX_SEGMENTS_MAX; i++)
        if (config->columns[i].is_key)
            x->segments[x->segment_count++] = (struct index_segment){id_of(&t->schema, i), config->columns[i].is_descending};
    if (x->segment_count == 0)
        goto done;
    t->schema.indexes = x;
    t->schema.index_count = 1;
    TRY(key_rules_init(&t->rules, &t->schema, x, config->weights));
done:
    return err;
}

JET_ERR temp_table_create(const struct temp_table_config *config, uint32_t *column_ids, struct temp_table **out)
{
    JET_ERR err = JET_errSuccess;
    *out = NULL;
    struct temp_table *t = mem_alloc(sizeof *t);
    if (t == NULL)
        RAISE(JET_errOutOfMemory);
    t->references = 1;
    t->options = config->options;
    t->is_sorted = true;
    t->schema.page_size = config->page_size != 0 ? config->page_size : 4096;
    TRY(make_columns(&t->schema, config, column_ids));
    TRY(make_index(t, config));
    t->weights = config->weights;
    *out = t;
    t = NULL;
done:
    temp_table_release(t);
    return err;
}

/* --- rows --- */

struct span temp_row_key(const struct temp_row *row) { return span_of((const uint8_t *)&row->values[row->value_count], row->key_size); }

static const struct temp_row_value *find_value(const struct temp_row *row, uint32_t column_id, uint32_t sequence)
{
    for (uint32_t i = 0; i < row->value_count; i++)
        if (row->values[i].column_id == column_id && row->values[i].sequence == sequence)
            return &row->values[i];
    return NULL;
}

struct span temp_row_get(const struct temp_row *row, uint32_t column_id, uint32_t sequence)
{
    const struct temp_row_value *v = find_value(row, column_id, sequence);
    return v != NULL ? span_of((const uint8_t *)row + v->offset, v->size) : (struct span){NULL, 0};
}

uint32_t temp_row_count(const struct temp_row *row, uint32_t column_id)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < row->value_count; i++)
        n += row->values[i].column_id == column_id;
    return n;
}

static int compare_rows(const struct temp_row *a, const struct temp_row *b)
{
    int order = span_compare(temp_row_key(a), temp_row_key(b));
    return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

static int compare_places(const void *a, const void *b) { return compare_rows(*(struct temp_row *const *)a, *(struct temp_row *const *)b); }

static void sort_rows(struct temp_table *t)
{
    if (t->is_sorted)
        return;
    qsort(t->rows, t->count, sizeof *t->rows, compare_places);
    /* Only a forward-only table without TEMP_UNIQUE keeps equal keys. */
    if ((t->options & TEMP_FORWARD_ONLY) == 0 || (t->options & TEMP_UNIQUE) != 0) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < t->count; i++)
            if (kept > 0 && span_equal(temp_row_key(t->rows[kept - 1]), temp_row_key(t->rows[i])))
                mem_free(t->rows[i]);
            else
                t->rows[kept++] = t->rows[i];
        t->count = kept;
    }
    t->is_sorted = true;
}

JET_ERR temp_table_rows(struct temp_table *t, struct temp_row ***rows, uint32_t *count)
{
    sort_rows(t);
    *rows = t->rows;
    *count = t->count;
    return JET_errSuccess;
}

void temp_table_remove(struct temp_table *t, uint32_t at)
{
    if (at >= t->count)
        return;
    mem_free(t->rows[at]);
    memmove(&t->rows[at], &t->rows[at + 1], (t->count - at - 1) * sizeof *t->rows);
    t->count--;
}

JET_ERR temp_table_search(struct temp_table *t, struct span key, bool after, uint32_t *at)
{
    sort_rows(t);
    uint32_t low = 0, high = t->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = span_compare(temp_row_key(t->rows[middle]), key);
        if (order < 0 || (order == 0 && after))
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return JET_errSuccess;
}

/* The values of a row that is not built yet, for the key builder. */
struct value_list {
    const struct temp_value *values;
    uint32_t count;
};

static JET_ERR get_listed(void *context, const struct column *column, uint32_t sequence, uint32_t limit, struct span *bytes)
{
    const struct value_list *list = context;
    for (uint32_t i = 0; i < list->count; i++)
        if (list->values[i].column_id == column->id && list->values[i].sequence == sequence) {
            *bytes = list->values[i].bytes;
            if (bytes->size > limit)
                bytes->size = limit;
            return JET_errSuccess;
        }
    *bytes = (struct span){NULL, 0};
    return JET_wrnColumnNull;
}

static JET_ERR make_key(struct temp_table *t, const struct temp_value *values, uint32_t count, uint8_t *key, uint32_t *size)
{
    JET_ERR err = JET_errSuccess;
    struct value_list list = {values, count};
    if (t->schema.index_count == 0) {
        if (t->last_number >= UINT32_MAX)
            RAISE(JET_errOutOfMemory);
        store_be32(key, (uint32_t)t->last_number + 1);
        *size = KEY_NUMBER_SIZE;
        goto done;
    }
    struct key_source source = {&list, get_listed};
    TRY(key_primary(&t->rules, &source, key, size));
done:
    return err;
}

static int compare_values(const void *a, const void *b)
{
    const struct temp_row_value *x = a, *y = b;
    if (x->column_id != y->column_id)
        return x->column_id < y->column_id ? -1 : 1;
    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static JET_ERR build_row(struct temp_table *t, const struct temp_value *values, uint32_t count, struct temp_row **out)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key[KEY_ROOM];
    uint32_t key_size;
    uint64_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (schema_column(&t->schema, values[i].column_id) == NULL)
            RAISE(JET_errColumnNotFound);
        size += values[i].bytes.size;
    }
    TRY(make_key(t, values, count, key, &key_size));
    size += sizeof(struct temp_row) + (uint64_t)count * sizeof(struct temp_row_value) + key_size;
    struct temp_row *row = count <= VALUES_MAX && size <= INT32_MAX ? mem_alloc(size) : NULL;
    if (row == NULL)
        RAISE(JET_errOutOfMemory);
    row->number = ++t->last_number;
    row->key_size = key_size;
    row->value_count = count;
    uint32_t at = (uint32_t)(sizeof *row + count * sizeof *row->values);
    memcpy((uint8_t *)row + at, key, key_size);
    at += key_size;
    for (uint32_t i = 0; i < count; i++) {
        row->values[i] = (struct temp_row_value){values[i].column_id, values[i].sequence, at, values[i].bytes.size};
        if (values[i].bytes.size > 0)
            memcpy((uint8_t *)row + at, values[i].bytes.data, values[i].bytes.size);
        at += values[i].bytes.size;
    }
    qsort(row->values, count, sizeof *row->values, compare_values);
    *out = row;
done:
    return err;
}

JET_ERR temp_table_insert(struct temp_table *t, const struct temp_value *values, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct temp_row *row = NULL;
    TRY(build_row(t, values, count, &row));
    if (t->count == t->capacity) {
        uint32_t capacity = t->capacity == 0 ? 32 : t->capacity * 2;
        struct temp_row **bigger = mem_resize(t->rows, capacity * sizeof *bigger);
        if (bigger == NULL)
            RAISE(JET_errOutOfMemory);
        t->rows = bigger;
        t->capacity = capacity;
    }
    /* Told about duplicates at once: the order has to be kept from the start. */
    if ((t->options & TEMP_FORCE_MATERIALIZATION) != 0 && t->schema.index_count > 0) {
        uint32_t at;
        TRY(temp_table_search(t, temp_row_key(row), false, &at));
        if (at < t->count && span_equal(temp_row_key(t->rows[at]), temp_row_key(row)))
            RAISE(JET_errKeyDuplicate);
        memmove(&t->rows[at + 1], &t->rows[at], (t->count - at) * sizeof *t->rows);
        t->rows[at] = row;
    } else {
        t->rows[t->count] = row;
        t->is_sorted = t->is_sorted && (t->count == 0 || span_compare(temp_row_key(t->rows[t->count - 1]), temp_row_key(row)) < 0);
    }
    t->count++;
    row = NULL;
done:
    mem_free(row);
    return err;
}

JET_ERR temp_table_replace(struct temp_table *t, uint32_t at, const struct temp_value *values, uint32_t count, bool key_may_change)
{
    JET_ERR err = JET_errSuccess;
    struct temp_row *row = NULL, *old;
    uint32_t to;
    sort_rows(t);
    if (at >= t->count)
        RAISE(JET_errNoCurrentRecord);
    old = t->rows[at];
    TRY(build_row(t, values, count, &row));
    row->number = old->number;
    if (t->schema.index_count == 0) /* the key is the number of the row, which stays */
        memcpy(&row->values[row->value_count], &old->values[old->value_count], old->key_size);
    if (span_equal(temp_row_key(row), temp_row_key(old))) {
        t->rows[at] = row;
        row = NULL;
        mem_free(old);
        goto done;
    }
    if (!key_may_change)
        RAISE(JET_errRecordPrimaryChanged);
    TRY(temp_table_search(t, temp_row_key(row), false, &to));
    if (to < t->count && span_equal(temp_row_key(t->rows[to]), temp_row_key(row)))
        RAISE(JET_errKeyDuplicate);
    temp_table_remove(t, at);
    to -= to > at;
    memmove(&t->rows[to + 1], &t->rows[to], (t->count - to) * sizeof *t->rows);
    t->rows[to] = row;
    t->count++;
    row = NULL;
done:
    mem_free(row);
    return err;
}
