/* The keys of a row in an index (internal.h).
 *
 * A multi-valued column gives a row one entry per value, and the entry does not say which. Both questions, "where is the entry of value n" and
 * "which value is this entry", are answered by building the key with value n put in the place of the first. */
#include "base/memory.h"
#include "cursor/internal.h"

/* A key source that sees only value `sequence` of the columns it stands for. */
struct one_value {
    const struct key_source *inner;
    const struct column *column; /* the one that is replaced... */
    bool all_multi;              /* ... or every multi-valued column */
    uint32_t sequence;
};

static JET_ERR get_one_value(void *context, const struct column *column, uint32_t sequence, uint32_t limit, struct span *bytes)
{
    struct one_value *one = context;
    bool is_replaced = column == one->column || (one->all_multi && (column->flags & COLUMN_FLAG_MULTI_VALUED) != 0);
    if (!is_replaced)
        return one->inner->get(one->inner->context, column, sequence, limit, bytes);
    if (sequence == 1)
        return one->inner->get(one->inner->context, column, one->sequence, limit, bytes);
    *bytes = (struct span){NULL, 0};
    return JET_wrnColumnNull;
}

const struct column *index_multi_column(const struct table_schema *schema, const struct index *index)
{
    for (uint32_t i = 0; i < index->segment_count; i++) {
        const struct column *column = schema_column(schema, index->segments[i].column_id);
        if (column != NULL && (column->flags & COLUMN_FLAG_MULTI_VALUED) != 0)
            return column;
    }
    return NULL;
}

struct first_key {
    uint8_t *key;
    uint32_t size;
    bool is_set;
};

static JET_ERR keep_first(void *context, struct span key)
{
    struct first_key *first = context;
    if (!first->is_set && key.size <= KEY_ROOM) {
        memcpy(first->key, key.data, key.size);
        first->size = key.size;
        first->is_set = true;
    }
    return JET_errSuccess;
}

/* Values of the longest multi-valued key column: no entry of the row stands for a later one. */
static JET_ERR count_sequences(const struct record_view *view, const struct table_schema *schema, const struct index *index, const struct column *multi,
                               uint32_t *count)
{
    JET_ERR err = JET_errSuccess;
    *count = 1;
    for (uint32_t i = 0; multi != NULL && i < index->segment_count; i++) {
        const struct column *column = schema_column(schema, index->segments[i].column_id);
        uint32_t n;
        if (column == NULL || (column != multi && ((index->flags & INDEX_FLAG_NESTED) == 0 || (column->flags & COLUMN_FLAG_MULTI_VALUED) == 0)))
            continue;
        TRY(record_column_count(view, column, &n));
        if (n > *count)
            *count = n;
    }
done:
    return err;
}

/* Works on a copy of the record: building a key may read long values, and no page may be latched then. */
JET_ERR row_index_key(struct cursor *c, const struct index *index, uint32_t sequence, uint8_t *key, uint32_t *size, bool *has_entry)
{
    JET_ERR err = JET_errSuccess;
    struct node node;
    struct record_view view;
    struct record_key_source record = {0};
    const struct long_value_nodes *nodes = NULL;
    struct key_rules rules;
    struct first_key first = {.key = key};
    const struct column *multi = index_multi_column(c->schema, index);
    uint32_t count, record_size = 0;
    *has_entry = false;
    uint8_t *copy = mem_alloc(c->schema->page_size);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    TRY(cursor_long_values(c, &nodes));
    TRY(key_rules_init(&rules, c->schema, index, cursor_weights(c, index)));
    TRY(btree_cursor_get(&c->table_entry, &node));
    record_size = node.data.size;
    memcpy(copy, node.data.data, record_size);
    btree_cursor_release(&c->table_entry);
    TRY(record_view_init(&view, span_of(copy, record_size), c->schema->page_size));
    TRY(count_sequences(&view, c->schema, index, multi, &count));
    if (sequence > count)
        RAISE(JET_errBadItagSequence);
    record_key_source_init(&record, &view, nodes);
    struct one_value one = {&record.source, multi, (index->flags & INDEX_FLAG_NESTED) != 0, sequence};
    struct key_source source = {&one, get_one_value};
    TRY(key_entries(&rules, multi != NULL ? &source : &record.source, keep_first, &first));
    *has_entry = first.is_set;
    *size = first.size;
done:
    record_key_source_close(&record);
    mem_free(copy);
    return err;
}

JET_ERR entry_sequence(struct cursor *c, uint32_t *sequence)
{
    JET_ERR err = JET_errSuccess;
    uint8_t key[KEY_ROOM];
    uint32_t size, n;
    bool has_entry;
    struct span entry;
    *sequence = 1;
    if (c->index == NULL || index_multi_column(c->schema, c->index) == NULL)
        goto done;
    TRY(navigate_row(c));
    TRY(navigate_key(c, &entry));
    for (n = 1; n < UINT16_MAX; n++) {
        err = row_index_key(c, c->index, n, key, &size, &has_entry);
        if (err == JET_errBadItagSequence) {
            err = JET_errSuccess;
            break;
        }
        TRY(err);
        if (has_entry && span_equal(entry, span_of(key, size))) {
            *sequence = n;
            break;
        }
    }
done:
    return err;
}
