/* The tagged columns of a row, for JetRetrieveTaggedColumnList (cursor.h).
 *
 * The record's entries and the columns with defaults are two lists in the order of records, the template's columns first; they are merged, and their beginning is sought, by another
 * order that has the template's columns last. So the original engine does, and its results are kept. */
#include "base/memory.h"
#include "cursor/internal.h"

struct listing {
    struct tagged_column *columns;
    uint32_t count, at;
};

/* The order of merging. Only columns of which records say so are the template's in it. */
static int compare(uint32_t id_a, bool is_derived_a, uint32_t id_b, bool is_derived_b)
{
    if (is_derived_a != is_derived_b)
        return is_derived_a ? 1 : -1;
    id_a &= 0xFFFF;
    id_b &= 0xFFFF;
    return id_a < id_b ? -1 : id_a > id_b;
}

static JET_ERR make_room(struct listing *l, uint32_t count)
{
    l->columns = mem_alloc((size_t)count * sizeof *l->columns + 1);
    return l->columns != NULL ? JET_errSuccess : error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
}

static void add(struct listing *l, const struct column *column, uint32_t count, bool is_long, bool is_null_override)
{
    l->columns[l->count++] = (struct tagged_column){.column_id = column->id, .value_count = (uint16_t)count, .is_long = is_long, .is_null_override = is_null_override,
                                                    .is_derived = (column->id & COLUMN_ID_TEMPLATE_BIT) != 0};
}

static JET_ERR list_record(const struct row *row, struct listing *l)
{
    JET_ERR err = JET_errSuccess;
    TRY(make_room(l, row->record.tagged_count));
    for (uint32_t i = 0; i < row->record.tagged_count; i++) {
        struct tagged_entry entry;
        uint32_t count;
        TRY(record_tagged_at(&row->record, i, &entry));
        const struct column *column = schema_column(row->schema, entry.id);
        if (column == NULL) /* deleted */
            continue;
        TRY(record_tagged_count(&entry, &count));
        add(l, column, count, (entry.flags & TAGGED_LONG) != 0, entry.is_null);
    }
done:
    return err;
}

static JET_ERR list_defaults(const struct table_schema *s, struct listing *l)
{
    JET_ERR err = JET_errSuccess;
    TRY(make_room(l, s->tagged_count + s->template_tagged_count));
    for (int own = 0; own < 2; own++) {
        const struct column *columns = s->columns + (own ? s->tagged_first : s->template_tagged_first);
        for (uint32_t i = 0; i < (own ? s->tagged_count : s->template_tagged_count); i++)
            if (columns[i].type != COLUMN_TYPE_NIL && columns[i].default_value.data != NULL)
                add(l, &columns[i], 1, column_type_is_long(columns[i].type), false);
    }
done:
    return err;
}

static void skip_to(struct listing *l, uint32_t first_id, bool is_derived)
{
    while (l->at < l->count && compare(l->columns[l->at].column_id, l->columns[l->at].is_derived, first_id, is_derived) < 0)
        l->at++;
}

static void merge(struct listing *record, struct listing *defaults, bool (*visit)(void *context, const struct tagged_column *column), void *context)
{
    bool goes_on = true;
    while (goes_on && (record->at < record->count || defaults->at < defaults->count)) {
        int order = record->at == record->count ? 1 : -1;
        if (record->at < record->count && defaults->at < defaults->count) {
            const struct tagged_column *a = &record->columns[record->at], *b = &defaults->columns[defaults->at];
            order = compare(a->column_id, a->is_derived, b->column_id, b->is_derived);
        }
        goes_on = visit(context, order <= 0 ? &record->columns[record->at] : &defaults->columns[defaults->at]);
        record->at += order <= 0;
        defaults->at += order >= 0;
    }
}

JET_ERR cursor_list_tagged(struct cursor *c, uint32_t first_id, unsigned options, bool (*visit)(void *context, const struct tagged_column *column), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct row row;
    struct listing record = {0}, defaults = {0};
    uint32_t id = first_id & ~COLUMN_ID_TEMPLATE_BIT;
    TRY(cursor_refresh(c));
    TRY(row_latch_copy(c, (options & CURSOR_TAGGED_COPY) != 0, &row));
    err = list_record(&row, &record);
    row_release(c);
    TRY(err);
    if ((options & CURSOR_TAGGED_IGNORE_DEFAULT) == 0)
        TRY(list_defaults(c->schema, &defaults));
    if (id >= TAGGED_ID_FIRST && id <= TAGGED_ID_LAST) {
        bool is_derived = (first_id & COLUMN_ID_TEMPLATE_BIT) != 0 && c->schema->template_name != NULL;
        skip_to(&record, id, is_derived);
        skip_to(&defaults, id, is_derived);
    }
    merge(&record, &defaults, visit, context);
done:
    mem_free(record.columns);
    mem_free(defaults.columns);
    return err;
}
