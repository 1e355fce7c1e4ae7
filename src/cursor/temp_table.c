/* Temporary tables (temp_table.h). */
#include "cursor/temp_table.h"

#include <stdlib.h>

#include "base/memory.h"

#include "cursor/temp_chunks.h"
#include "cursor/temp_sorter.h"
#include "record/collation.h"
#include "record/locale.h"

enum { KEY_NUMBER_SIZE = 4, VALUES_ON_STACK = 32 };
static const size_t memory_default = (size_t)32 << 20;

struct temp_table {
    struct table_schema schema;
    struct index index;       /* schema.indexes points here when there are key columns */
    struct key_rules rules;
    struct collation_table *weights; /* owned */
    unsigned options;
    uint32_t references;
    uint64_t last_number;
    enum temp_phase phase;
    bool tells_equal;         /* materialized from the start: insertion fails where there is the key */
    struct temp_spill spill;  /* file: none; the parts open their own */
    char *spill_path;
    size_t memory_most;
    void (*released)(void *context);
    void *released_context;

    struct temp_sorter *sorter; /* rows are inserted here, and read from it forward */
    bool is_streaming, has_ended; /* the sorter is being read; to its end */
    uint32_t streamed;          /* rows read from it; the last of them: */
    const struct temp_row *current;
    struct temp_chunks *chunks; /* not NULL: they have taken the sorter's place */
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
    temp_sorter_free(table->sorter);
    temp_chunks_free(table->chunks);
    if (table->released != NULL)
        table->released(table->released_context);
    mem_free(table->spill_path);
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

static const char *locale_name(const struct index *x)
{
    const struct locale *locale = x->locale != NULL ? locale_by_name(x->locale) : locale_by_id(x->lcid);
    return locale != NULL ? locale->name : NULL;
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
    if (x->key_most > limit || (config->key_most != 0 && config->key_most < KEY_MOST_DEFAULT) || config->var_seg_most > x->key_most)
        RAISE(JET_errInvalidParameter);
    x->lcid = config->lcid;
    x->lcmap_flags = config->lcmap_flags != 0 ? config->lcmap_flags : COLLATION_FLAGS_DEFAULT;
    if (config->locale != NULL || config->lcid == 0) {
        x->locale = mem_strdup(config->locale != NULL ? config->locale : "en-US");
        if (x->locale == NULL)
            RAISE(JET_errOutOfMemory);
    }
    const char *locale = locale_name(x);
    /* What has no order is left without a stamp, and its keys are refused when they are wanted. */
    if (config->weights != NULL && locale != NULL && collation_current(config->weights, locale, x->sort_id, &x->sort_version) == JET_errOutOfMemory)
        RAISE(JET_errOutOfMemory);
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

/* Materialized from the start: who asked for it, and where only that can do what is asked. */
static bool is_materialized(const struct temp_table *t)
{
    if ((t->options & TEMP_FORCE_MATERIALIZATION) != 0 || t->schema.index_count == 0)
        return true;
    for (uint32_t i = 0; i < t->schema.column_count && (t->options & TEMP_INTRINSIC_LVS_ONLY) == 0; i++)
        if (column_type_is_long(t->schema.columns[i].type))
            return true;
    return false;
}

static JET_ERR make_storage(struct temp_table *t, const struct temp_table_config *config)
{
    JET_ERR err = JET_errSuccess;
    /* Only a forward-only table without TEMP_UNIQUE keeps equal keys. */
    bool drops_equal = (t->options & TEMP_FORWARD_ONLY) == 0 || (t->options & TEMP_UNIQUE) != 0;
    t->tells_equal = is_materialized(t);
    t->phase = t->tells_equal ? TEMP_MATERIALIZED : TEMP_INSERTING;
    t->memory_most = config->memory_most == 0 ? memory_default : config->memory_most;
    if (config->fs != NULL && config->spill_path != NULL) {
        t->spill_path = mem_strdup(config->spill_path);
        if (t->spill_path == NULL)
            RAISE(JET_errOutOfMemory);
        t->spill = (struct temp_spill){.fs = config->fs, .path = t->spill_path};
    }
    /* Half, since there may be rows in the sorter and in chunks at the same time. */
    TRY(temp_sorter_create(&t->spill, t->memory_most / 2, drops_equal && t->schema.index_count > 0, &t->sorter));
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
    t->schema.page_size = config->page_size != 0 ? config->page_size : 4096;
    TRY(make_columns(&t->schema, config, column_ids));
    TRY(make_index(t, config));
    TRY(make_storage(t, config));
    t->weights = config->weights;
    t->released = config->released;
    t->released_context = config->released_context;
    *out = t;
    t = NULL;
done:
    temp_table_release(t);
    return err;
}

/* --- making rows --- */

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

/* A row in the making: what it will consist of. */
struct plan {
    uint8_t key[KEY_ROOM];
    uint32_t key_size, count, size;
    const struct temp_value *values; /* in the order of the row */
    struct temp_value room[VALUES_ON_STACK], *heap;
};

static int compare_values(const void *a, const void *b)
{
    const struct temp_value *x = a, *y = b;
    if (x->column_id != y->column_id)
        return x->column_id < y->column_id ? -1 : 1;
    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static JET_ERR order_values(struct plan *p, const struct temp_value *values, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    p->values = values;
    p->count = count;
    uint32_t ordered = 1;
    while (ordered < count && compare_values(&values[ordered - 1], &values[ordered]) < 0)
        ordered++;
    if (ordered >= count)
        goto done;
    struct temp_value *copy = p->room;
    if (count > VALUES_ON_STACK) {
        copy = p->heap = mem_alloc_array(count, sizeof *copy);
        if (copy == NULL)
            RAISE(JET_errOutOfMemory);
    }
    memcpy(copy, values, count * sizeof *copy);
    qsort(copy, count, sizeof *copy, compare_values);
    p->values = copy;
done:
    return err;
}

static JET_ERR plan_row(struct temp_table *t, const struct temp_value *values, uint32_t count, struct plan *p)
{
    JET_ERR err = JET_errSuccess;
    p->heap = NULL;
    uint64_t size = sizeof(struct temp_row) + (uint64_t)count * sizeof(struct temp_row_value);
    for (uint32_t i = 0; i < count; i++) {
        if (schema_column(&t->schema, values[i].column_id) == NULL)
            RAISE(JET_errColumnNotFound);
        size += values[i].bytes.size;
    }
    TRY(make_key(t, values, count, p->key, &p->key_size));
    size += p->key_size;
    if (count > TEMP_ROW_VALUES_MAX || size > TEMP_ROW_SIZE_MAX)
        RAISE(JET_errOutOfMemory);
    p->size = temp_row_round((uint32_t)size);
    TRY(order_values(p, values, count));
done:
    return err;
}

static void fill_row(const struct plan *p, uint64_t number, struct temp_row *row)
{
    *row = (struct temp_row){.number = number, .size = p->size, .key_size = (uint16_t)p->key_size, .value_count = (uint16_t)p->count};
    uint32_t at = temp_row_key_offset(row);
    memcpy((uint8_t *)row + at, p->key, p->key_size);
    at += p->key_size;
    for (uint32_t i = 0; i < p->count; i++) {
        struct span bytes = p->values[i].bytes;
        if (bytes.size > 0)
            memcpy((uint8_t *)row + at, bytes.data, bytes.size);
        at += bytes.size;
        row->values[i] = (struct temp_row_value){p->values[i].column_id, at};
    }
    memset((uint8_t *)row + at, 0, p->size - at);
}

static JET_ERR make_row(const struct plan *p, uint64_t number, struct temp_row **row)
{
    *row = mem_alloc_uncleared(p->size);
    if (*row == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    fill_row(p, number, *row);
    return JET_errSuccess;
}

/* --- from the sorter to chunks --- */

static void stop_streaming(struct temp_table *t)
{
    t->is_streaming = t->has_ended = false;
    t->current = NULL;
    t->streamed = 0;
}

static JET_ERR bring_in_order(struct temp_table *t)
{
    JET_ERR err = JET_errSuccess;
    struct temp_chunks *chunks = NULL;
    const struct temp_row *row;
    if (t->chunks != NULL)
        goto done;
    temp_table_end_insertion(t);
    stop_streaming(t);
    TRY(temp_chunks_create(&t->spill, t->memory_most / 2, &chunks));
    TRY(temp_sorter_begin(t->sorter));
    for (;;) {
        TRY(temp_sorter_next(t->sorter, &row));
        if (row == NULL)
            break;
        TRY(temp_chunks_append(chunks, row));
    }
    temp_sorter_free(t->sorter);
    t->sorter = NULL;
    t->chunks = chunks;
    chunks = NULL;
done:
    temp_chunks_free(chunks);
    return err;
}

enum temp_phase temp_table_phase(const struct temp_table *t) { return t->phase; }

bool temp_table_began_materialized(const struct temp_table *t) { return t->tells_equal; }

void temp_table_end_insertion(struct temp_table *t)
{
    if (t->phase != TEMP_INSERTING)
        return;
    bool wants_more = (t->options & TEMP_UPDATABLE) != 0 || ((t->options & (TEMP_SCROLLABLE | TEMP_INDEXED)) != 0 && temp_sorter_has_spilled(t->sorter));
    t->phase = wants_more ? TEMP_MATERIALIZED : TEMP_READING;
}

/* --- rows --- */

uint64_t temp_table_insert_count(const struct temp_table *t) { return t->chunks != NULL ? temp_chunks_count(t->chunks) : temp_sorter_count(t->sorter); }

static JET_ERR insert_in_sorter(struct temp_table *t, const struct plan *p)
{
    JET_ERR err = JET_errSuccess;
    struct temp_row *row;
    if (temp_sorter_count(t->sorter) == UINT32_MAX)
        RAISE(JET_errOutOfMemory);
    TRY(temp_sorter_reserve(t->sorter, p->size, &row));
    fill_row(p, t->last_number + 1, row);
    if (t->tells_equal && t->schema.index_count > 0)
        TRY(temp_sorter_add_new(t->sorter));
    else
        TRY(temp_sorter_add(t->sorter));
done:
    return err;
}

JET_ERR temp_table_insert(struct temp_table *t, const struct temp_value *values, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct temp_row *row = NULL;
    struct plan p;
    TRY(plan_row(t, values, count, &p));
    /* Who reads and inserts by turns; or has ended the insertion: from then on equal keys are refused, and the sorter has not looked for them. */
    if (t->is_streaming || (t->phase == TEMP_MATERIALIZED && !t->tells_equal))
        TRY(bring_in_order(t));
    if (t->chunks == NULL) {
        TRY(insert_in_sorter(t, &p));
    } else {
        TRY(make_row(&p, t->last_number + 1, &row));
        TRY(temp_chunks_insert(t->chunks, row));
        row = NULL;
    }
    t->last_number++;
done:
    mem_free(row);
    mem_free(p.heap);
    return err;
}

static JET_ERR stream_row(struct temp_table *t, uint32_t at)
{
    JET_ERR err = JET_errSuccess;
    if (!t->is_streaming || at == 0) {
        stop_streaming(t);
        temp_table_end_insertion(t);
        TRY(temp_sorter_begin(t->sorter));
        t->is_streaming = true;
    }
    if (t->has_ended)
        return JET_errNoCurrentRecord;
    err = temp_sorter_next(t->sorter, &t->current);
    if (err < 0) {
        stop_streaming(t);
        goto done;
    }
    t->has_ended = t->current == NULL;
    t->streamed += !t->has_ended;
    if (t->has_ended)
        return JET_errNoCurrentRecord;
done:
    return err;
}

JET_ERR temp_table_row(struct temp_table *t, uint32_t at, const struct temp_row **row)
{
    JET_ERR err = JET_errSuccess;
    if (t->chunks == NULL) {
        bool is_next = at == t->streamed, is_here = t->current != NULL && at + 1 == t->streamed;
        if (t->has_ended && at >= t->streamed)
            return JET_errNoCurrentRecord;
        if (is_next || (at == 0 && !is_here)) {
            err = stream_row(t, at);
            if (err == JET_errNoCurrentRecord)
                return err;
            TRY(err);
            is_here = true;
        }
        if (is_here) {
            *row = t->current;
            goto done;
        }
        TRY(bring_in_order(t));
    }
    err = temp_chunks_get(t->chunks, at, row);
done:
    return err;
}

JET_ERR temp_table_count(struct temp_table *t, uint32_t *count)
{
    JET_ERR err = JET_errSuccess;
    if (t->chunks == NULL && t->has_ended) {
        *count = t->streamed;
        goto done;
    }
    TRY(bring_in_order(t));
    *count = temp_chunks_count(t->chunks);
done:
    return err;
}

JET_ERR temp_table_remove(struct temp_table *t, uint32_t at)
{
    JET_ERR err = JET_errSuccess;
    TRY(bring_in_order(t));
    TRY(temp_chunks_remove(t->chunks, at));
done:
    return err;
}

JET_ERR temp_table_search(struct temp_table *t, struct span key, bool after, uint32_t *at)
{
    JET_ERR err = JET_errSuccess;
    TRY(bring_in_order(t));
    TRY(temp_chunks_search(t->chunks, key, after, at));
done:
    return err;
}

JET_ERR temp_table_replace(struct temp_table *t, uint32_t at, const struct temp_value *values, uint32_t count, bool key_may_change)
{
    JET_ERR err = JET_errSuccess;
    struct temp_row *row = NULL;
    const struct temp_row *old;
    struct plan p;
    uint32_t to;
    TRY(plan_row(t, values, count, &p));
    TRY(bring_in_order(t));
    TRY(temp_chunks_get(t->chunks, at, &old));
    if (t->schema.index_count == 0) /* the key is the number of the row, which stays */
        memcpy(p.key, temp_row_key(old).data, p.key_size);
    TRY(make_row(&p, old->number, &row));
    if (span_equal(temp_row_key(row), temp_row_key(old))) {
        TRY(temp_chunks_replace(t->chunks, at, row));
        row = NULL;
        goto done;
    }
    if (!key_may_change)
        RAISE(JET_errRecordPrimaryChanged);
    /* In its new place first: a duplicate leaves everything as it was. */
    TRY(temp_chunks_search(t->chunks, temp_row_key(row), false, &to));
    TRY(temp_chunks_insert(t->chunks, row));
    row = NULL;
    err = temp_chunks_remove(t->chunks, at + (to <= at));
    if (err < 0) { /* neither may the row be there twice; the new one is still in memory */
        JET_ERR ignored = temp_chunks_remove(t->chunks, to);
        (void)ignored;
    }
done:
    mem_free(row);
    mem_free(p.heap);
    return err;
}
