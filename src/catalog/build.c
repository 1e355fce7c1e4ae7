/* Building schemas (build.h). Every number here comes from a file: ids must ascend, fixed columns must not overlap, roots must be page
 * numbers; what does not hold is JET_errCatalogCorrupted, so that record/ and btree/ get schemas they can rely on. */
#include "catalog/build.h"

#include "base/memory.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "catalog/names.h"
#include "format/page.h"

enum { ARENA_BLOCK_SIZE = 8 * 1024, SEGMENT_TEMPLATE = 0x80, SEGMENT_DESCENDING = 0x40, SEGMENT_MUST_BE_NULL = 0x20 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
};

void *arena_alloc(struct arena *arena, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < size) {
        size_t room = size > ARENA_BLOCK_SIZE ? size : ARENA_BLOCK_SIZE;
        block = mem_alloc(sizeof *block + room);
        if (block == NULL)
            return NULL;
        *block = (struct arena_block){arena->blocks, 0, room};
        arena->blocks = block;
    }
    void *result = (uint8_t *)(block + 1) + block->used;
    block->used += size;
    return result;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *next = arena->blocks->next;
        mem_free(arena->blocks);
        arena->blocks = next;
    }
}

/* A copy whose data is never NULL when the source's is not. */
static JET_ERR copy_span(struct arena *arena, struct span from, struct span *out)
{
    JET_ERR err = JET_errSuccess;
    *out = (struct span){NULL, 0};
    if (from.data == NULL)
        goto done;
    uint8_t *room = arena_alloc(arena, from.size + 1);
    if (room == NULL)
        RAISE(JET_errOutOfMemory);
    if (from.size > 0)
        memcpy(room, from.data, from.size);
    *out = span_of(room, from.size);
done:
    return err;
}

static JET_ERR copy_name(struct arena *arena, struct span from, char **out)
{
    JET_ERR err = JET_errSuccess;
    char *room = arena_alloc(arena, 3 * (size_t)from.size + 1);
    if (room == NULL)
        RAISE(JET_errOutOfMemory);
    name_from_1252(from, room);
    *out = room;
done:
    return err;
}

static bool root_is_valid(uint32_t page_no) { return page_no >= 1 && page_no <= PAGE_NO_MAX; }

static JET_ERR grow(void **array, uint32_t count, uint32_t *capacity, size_t size)
{
    JET_ERR err = JET_errSuccess;
    if (count < *capacity)
        goto done;
    uint32_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *bigger = mem_resize(*array, wanted * size);
    if (bigger == NULL)
        RAISE(JET_errOutOfMemory);
    *array = bigger;
    *capacity = wanted;
done:
    return err;
}

static JET_ERR add_table(struct schema_builder *b, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct table_schema *s = &b->schema;
    if (b->has_table || row->id != row->objid_table || !root_is_valid(row->type_or_root))
        RAISE(JET_errCatalogCorrupted);
    b->has_table = true;
    s->objid = row->id;
    s->root = row->type_or_root;
    s->flags = row->flags;
    s->density = row->space_usage;
    s->initial_pages = row->pages_or_locale;
    s->lv_chunk_most = row->lv_chunk_most;
    s->separate_lv = row->separate_lv.size >= 4 ? load_le32(row->separate_lv.data) : 0;
    TRY(copy_name(&b->arena, row->name, &s->name));
    if (row->template_name.data != NULL && row->template_name.size > 0)
        TRY(copy_name(&b->arena, row->template_name, &s->template_name));
    TRY(copy_span(&b->arena, row->space_hints, &s->space_hints));
    TRY(copy_span(&b->arena, row->deferred_lv_hints, &s->deferred_lv_hints));
done:
    return err;
}

/* Size that a fixed column occupies, 0 when the row makes no sense. */
static uint32_t fixed_size(const struct catalog_row *row)
{
    uint32_t size = row->type_or_root == COLUMN_TYPE_NIL ? 0 : column_type_size(row->type_or_root);
    if (size == 0)
        size = row->space_usage;
    return size <= 255 && !column_type_is_long(row->type_or_root) ? size : 0;
}

/* The default of a column, as it would be if it had been set in a row: true is 0xFF, and a fixed Binary or Text column holds its whole size. */
static JET_ERR copy_default(struct arena *arena, struct span from, struct column *c)
{
    JET_ERR err = JET_errSuccess;
    bool is_padded = column_is_fixed(c->id) && (c->type == COLUMN_TYPE_BINARY || c->type == COLUMN_TYPE_TEXT) && from.data != NULL && from.size < c->max_size;
    static const uint8_t yes = 0xFF;
    if (c->type == COLUMN_TYPE_BIT && from.size == 1 && from.data[0] != 0)
        from = span_of(&yes, 1);
    if (!is_padded) {
        TRY(copy_span(arena, from, &c->default_value));
        goto done;
    }
    uint8_t *room = arena_alloc(arena, c->max_size);
    if (room == NULL)
        RAISE(JET_errOutOfMemory);
    bool is_wide = c->type == COLUMN_TYPE_TEXT && c->code_page == 1200;
    for (uint32_t i = from.size; i < c->max_size; i++)
        room[i] = c->type == COLUMN_TYPE_BINARY || (is_wide && (i & 1) != 0) ? 0 : ' ';
    if (from.size > 0)
        memcpy(room, from.data, from.size);
    c->default_value = span_of(room, c->max_size);
done:
    return err;
}

static JET_ERR add_column(struct schema_builder *b, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    bool is_catalog = row->objid_table == CATALOG_OBJID || row->objid_table == CATALOG_SHADOW_OBJID;
    uint32_t previous = b->column_count > 0 ? b->columns[b->column_count - 1].id : 0;
    struct column c = {.id = row->id, .type = row->type_or_root, .max_size = row->space_usage, .flags = row->flags,
                       .code_page = row->pages_or_locale & 0xFFFF, .presentation = b->column_count + 1};
    if (row->id <= previous || row->id > TAGGED_ID_LAST || row->type_or_root >= COLUMN_TYPE_COUNT || row->space_usage > INT32_MAX)
        RAISE(JET_errCatalogCorrupted);
    if (column_is_fixed(c.id)) {
        uint32_t size = fixed_size(row);
        c.offset = is_catalog || row->record_offset == 0 ? (b->fixed_end == 0 ? RECORD_SIZE_MIN : b->fixed_end) : row->record_offset;
        if (size == 0 || c.offset < RECORD_SIZE_MIN || c.offset < b->fixed_end || c.offset + size > b->page_size)
            RAISE(JET_errCatalogCorrupted);
        c.max_size = size;
        b->fixed_end = c.offset + size;
    } else if (column_is_variable(c.id) && column_type_is_long(c.type)) {
        RAISE(JET_errCatalogCorrupted);
    } else if (column_type_size(c.type) != 0) {
        c.max_size = column_type_size(c.type);
    }
    TRY(copy_name(&b->arena, row->name, &c.name));
    if ((c.flags & COLUMN_FLAG_USER_DEFAULT) != 0 && row->template_name.data != NULL) {
        TRY(copy_name(&b->arena, row->template_name, &c.callback));
        TRY(copy_span(&b->arena, row->callback_data, &c.callback_data));
    } else if ((c.flags & COLUMN_FLAG_DEFAULT) != 0)
        TRY(copy_default(&b->arena, row->default_value, &c));
    void *columns = b->columns;
    TRY(grow(&columns, b->column_count, &b->column_capacity, sizeof *b->columns));
    b->columns = columns;
    b->columns[b->column_count++] = c;
done:
    return err;
}

/* Old files store a segment as a signed 16-bit id, negative for descending. */
static JET_ERR decode_segments(const struct catalog_row *row, struct index *index)
{
    JET_ERR err = JET_errSuccess;
    bool is_long = (row->flags & INDEX_FLAG_LONG_SEGMENTS) != 0;
    uint32_t width = is_long ? 4 : 2;
    struct span bytes = row->key_segments;
    if (bytes.size == 0 || bytes.size % width != 0 || bytes.size / width > INDEX_SEGMENTS_MAX)
        RAISE(JET_errCatalogCorrupted);
    index->segment_count = bytes.size / width;
    for (uint32_t i = 0; i < index->segment_count; i++) {
        const uint8_t *p = bytes.data + i * width;
        struct index_segment *s = &index->segments[i];
        if (is_long) {
            s->column_id = load_le16(p + 2) | ((p[0] & SEGMENT_TEMPLATE) != 0 ? COLUMN_ID_TEMPLATE_BIT : 0);
            s->is_descending = (p[0] & SEGMENT_DESCENDING) != 0;
        } else {
            int16_t id = (int16_t)load_le16(p);
            s->is_descending = id < 0;
            s->column_id = (uint32_t)(id < 0 ? -id : id) & 0xFFFF;
        }
        if ((s->column_id & 0xFFFF) == 0)
            RAISE(JET_errCatalogCorrupted);
    }
done:
    return err;
}

static JET_ERR decode_conditions(const struct catalog_row *row, struct index *index)
{
    JET_ERR err = JET_errSuccess;
    bool is_long = (row->flags & INDEX_FLAG_LONG_SEGMENTS) != 0;
    uint32_t width = is_long ? 4 : 2;
    struct span bytes = row->conditions;
    if (bytes.size % width != 0 || bytes.size / width > INDEX_CONDITIONS_MAX)
        RAISE(JET_errCatalogCorrupted);
    index->condition_count = bytes.size / width;
    for (uint32_t i = 0; i < index->condition_count; i++) {
        const uint8_t *p = bytes.data + i * width;
        struct index_condition *c = &index->conditions[i];
        if (is_long) {
            c->column_id = load_le16(p + 2) | ((p[0] & SEGMENT_TEMPLATE) != 0 ? COLUMN_ID_TEMPLATE_BIT : 0);
            c->must_be_null = (p[0] & SEGMENT_MUST_BE_NULL) != 0;
        } else {
            int16_t id = (int16_t)load_le16(p);
            c->must_be_null = id < 0;
            c->column_id = (uint32_t)(id < 0 ? -id : id) & 0xFFFF;
        }
    }
done:
    return err;
}

static JET_ERR decode_tuple_limits(const struct catalog_row *row, struct index *index)
{
    JET_ERR err = JET_errSuccess;
    struct span bytes = row->tuple_limits;
    if (bytes.data == NULL)
        goto done;
    if (bytes.size < 12)
        RAISE(JET_errCatalogCorrupted);
    index->tuple = (struct tuple_limits){true, load_le32(bytes.data), load_le32(bytes.data + 4), load_le32(bytes.data + 8),
                                         bytes.size >= 16 ? load_le32(bytes.data + 12) : 1, bytes.size >= 20 ? load_le32(bytes.data + 16) : 0};
    if (index->tuple.length_min == 0 || index->tuple.length_max < index->tuple.length_min || index->tuple.increment == 0)
        RAISE(JET_errCatalogCorrupted);
done:
    return err;
}

static JET_ERR add_index(struct schema_builder *b, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    char *locale = NULL;
    struct index x = {.objid = row->id, .root = row->type_or_root, .flags = row->flags, .density = row->space_usage, .lcmap_flags = row->lcmap_flags,
                      .key_most = row->key_most != 0 ? row->key_most : KEY_MOST_DEFAULT, .lcid = row->pages_or_locale};
    if (!root_is_valid(x.root) || x.key_most > KEY_MOST_MAX)
        RAISE(JET_errCatalogCorrupted);
    if (index_is_primary(&x) && (x.root != b->schema.root || (b->index_count > 0 && index_is_primary(&b->indexes[0]))))
        RAISE(JET_errCatalogCorrupted);
    x.var_seg_most = row->var_seg_mac.size >= 2 ? load_le16(row->var_seg_mac.data) : x.key_most;
    if (x.var_seg_most == 0 || x.var_seg_most > x.key_most)
        x.var_seg_most = x.key_most;
    TRY(decode_segments(row, &x));
    TRY(decode_conditions(row, &x));
    TRY(decode_tuple_limits(row, &x));
    x.sort_version = row->version.size >= 8 ? load_le64(row->version.data) : 0;
    if (row->sort_id.size >= sizeof x.sort_id)
        memcpy(x.sort_id, row->sort_id.data, sizeof x.sort_id);
    TRY(copy_name(&b->arena, row->name, &x.name));
    if (row->locale.data != NULL) {
        TRY(utf16le_to_utf8(row->locale, &locale));
        size_t size = strlen(locale) + 1;
        x.locale = arena_alloc(&b->arena, size);
        if (x.locale == NULL)
            RAISE(JET_errOutOfMemory);
        memcpy(x.locale, locale, size);
    }
    TRY(copy_span(&b->arena, row->space_hints, &x.space_hints));
    void *indexes = b->indexes;
    TRY(grow(&indexes, b->index_count, &b->index_capacity, sizeof *b->indexes));
    b->indexes = indexes;
    if (index_is_primary(&x) && b->index_count > 0) {
        b->indexes[b->index_count++] = b->indexes[0];
        b->indexes[0] = x;
    } else {
        b->indexes[b->index_count++] = x;
    }
done:
    mem_free(locale);
    return err;
}

static JET_ERR append_callbacks(struct arena *arena, struct table_schema *s, const struct schema_callback *more, uint32_t count)
{
    JET_ERR err = JET_errSuccess;
    struct schema_callback *all = arena_alloc(arena, ((size_t)s->callback_count + count) * sizeof *all);
    if (all == NULL)
        RAISE(JET_errOutOfMemory);
    if (s->callback_count > 0)
        memcpy(all, s->callbacks, s->callback_count * sizeof *all);
    memcpy(all + s->callback_count, more, count * sizeof *all);
    s->callbacks = all;
    s->callback_count += count;
done:
    return err;
}

/* One more function in the arena's list; there is hardly ever more than one. A row that names none means none. */
static JET_ERR add_callback(struct schema_builder *b, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    struct table_schema *s = &b->schema;
    if (row->type != CATALOG_ROW_CALLBACK || row->template_name.data == NULL)
        goto done;
    TRY(append_callbacks(&b->arena, s, &(struct schema_callback){.types = row->flags}, 1));
    TRY(copy_name(&b->arena, row->template_name, &s->callbacks[s->callback_count - 1].name));
done:
    return err;
}

JET_ERR schema_builder_add(struct schema_builder *b, const struct catalog_row *row)
{
    JET_ERR err = JET_errSuccess;
    if (!b->has_table && row->type != CATALOG_ROW_TABLE)
        RAISE(JET_errCatalogCorrupted);
    switch (row->type) {
    case CATALOG_ROW_TABLE:
        TRY(add_table(b, row));
        break;
    case CATALOG_ROW_COLUMN:
        TRY(add_column(b, row));
        break;
    case CATALOG_ROW_INDEX:
        TRY(add_index(b, row));
        break;
    case CATALOG_ROW_LONG_VALUE:
        if (b->schema.lv_root != 0 || !root_is_valid(row->type_or_root))
            RAISE(JET_errCatalogCorrupted);
        b->schema.lv_root = row->type_or_root;
        b->schema.lv_objid = row->id;
        break;
    default:
        TRY(add_callback(b, row));
        break;
    }
done:
    return err;
}

/* Does a column carry the API's template bit? Columns of a template table do, in the table itself as in those derived from it; templates of
 * old engines are not marked, and only their derived tables tell. */
static bool has_template_bit(const struct column *c) { return (c->flags & COLUMN_FLAG_TEMPLATE) != 0 || (c->id & COLUMN_ID_TEMPLATE_BIT) != 0; }

enum column_group { GROUP_ALL, GROUP_OWN, GROUP_TEMPLATE };

/* Copies the columns of one kind and group. Ids must go on ascending over both tables for fixed and variable columns. */
static JET_ERR append_columns(struct table_schema *s, const struct column *from, uint32_t count, bool (*is_kind)(uint32_t id), enum column_group group,
                              bool is_inherited, uint32_t *last)
{
    JET_ERR err = JET_errSuccess;
    for (uint32_t i = 0; i < count; i++) {
        bool is_template = is_inherited || has_template_bit(&from[i]);
        if (!is_kind(from[i].id) || (group != GROUP_ALL && is_template != (group == GROUP_TEMPLATE)))
            continue;
        struct column *c = &s->columns[s->column_count];
        *c = from[i];
        if ((c->id & 0xFFFF) <= *last)
            RAISE(JET_errCatalogCorrupted);
        *last = c->id & 0xFFFF;
        c->id |= is_template ? COLUMN_ID_TEMPLATE_BIT : 0;
        s->column_count++;
    }
done:
    return err;
}

static JET_ERR merge_columns(struct schema_builder *b, const struct table_schema *template_schema, struct table_schema *s)
{
    JET_ERR err = JET_errSuccess;
    const struct column *base = template_schema != NULL ? template_schema->columns : NULL;
    uint32_t base_count = template_schema != NULL ? template_schema->column_count : 0, last;
    s->columns = mem_alloc_array((size_t)base_count + b->column_count, sizeof *s->columns);
    if (s->columns == NULL)
        RAISE(JET_errOutOfMemory);

    last = 0;
    TRY(append_columns(s, base, base_count, column_is_fixed, GROUP_ALL, true, &last));
    uint32_t template_fixed = s->column_count;
    TRY(append_columns(s, b->columns, b->column_count, column_is_fixed, GROUP_ALL, false, &last));
    if (template_fixed > 0 && s->column_count > template_fixed
        && s->columns[template_fixed].offset < s->columns[template_fixed - 1].offset + s->columns[template_fixed - 1].max_size)
        RAISE(JET_errCatalogCorrupted);
    s->fixed_last = last;
    last = FIXED_ID_LAST;
    TRY(append_columns(s, base, base_count, column_is_variable, GROUP_ALL, true, &last));
    TRY(append_columns(s, b->columns, b->column_count, column_is_variable, GROUP_ALL, false, &last));
    s->variable_last = last;
    s->tagged_first = s->column_count;
    last = VARIABLE_ID_LAST;
    TRY(append_columns(s, b->columns, b->column_count, column_is_tagged, GROUP_OWN, false, &last));
    s->tagged_count = s->column_count - s->tagged_first;
    s->template_tagged_first = s->column_count;
    last = VARIABLE_ID_LAST;
    TRY(append_columns(s, base, base_count, column_is_tagged, GROUP_ALL, true, &last));
    TRY(append_columns(s, b->columns, b->column_count, column_is_tagged, GROUP_TEMPLATE, false, &last));
    s->template_tagged_count = s->column_count - s->template_tagged_first;

    memset(s->fixed_index, 0xFF, sizeof s->fixed_index);
    memset(s->variable_index, 0xFF, sizeof s->variable_index);
    for (uint32_t i = 0; i < s->tagged_first; i++) {
        uint32_t id = s->columns[i].id & 0xFFFF;
        if (column_is_fixed(id))
            s->fixed_index[id] = i;
        else
            s->variable_index[id - VARIABLE_ID_FIRST] = i;
    }
done:
    return err;
}

/* The id of a tagged column says whether it is a template's; for the others the bit follows from the column. Templates of old engines were
 * stored without the bit. */
static uint32_t resolve_column_id(const struct table_schema *s, uint32_t id)
{
    uint32_t plain = id & 0xFFFF;
    if (column_is_tagged(plain)) {
        if (s->template_tagged_count == 0)
            return plain;
        return schema_column(s, id) != NULL ? id : schema_column(s, id ^ COLUMN_ID_TEMPLATE_BIT) != NULL ? id ^ COLUMN_ID_TEMPLATE_BIT : id;
    }
    const struct column *column = schema_column(s, plain);
    return column != NULL ? column->id : plain;
}

/* An index of the template has the template's conditions, whatever its row in the derived table says: they may have been added since it was made (convert.c). */
static void take_conditions(const struct table_schema *base, struct index *x)
{
    for (uint32_t i = 0; i < base->index_count; i++) {
        const struct index *from = &base->indexes[i];
        if (ascii_compare_nocase(from->name, x->name) != 0)
            continue;
        x->condition_count = from->condition_count;
        memcpy(x->conditions, from->conditions, sizeof x->conditions);
    }
}

JET_ERR schema_builder_finish(struct schema_builder *b, const struct table_schema *template_schema, struct table_schema *out, struct arena *arena)
{
    JET_ERR err = JET_errSuccess;
    struct table_schema s = b->schema;
    if (!b->has_table || (template_schema == NULL) != (s.template_name == NULL))
        RAISE(JET_errCatalogCorrupted);
    s.page_size = b->page_size;
    TRY(merge_columns(b, template_schema, &s));
    s.template_objid = template_schema != NULL ? template_schema->objid : 0;
    if (template_schema != NULL && template_schema->callback_count > 0)
        TRY(append_callbacks(&b->arena, &s, template_schema->callbacks, template_schema->callback_count));
    for (uint32_t i = 0; i < b->index_count; i++) {
        struct index *x = &b->indexes[i];
        for (uint32_t k = 0; k < x->segment_count; k++)
            x->segments[k].column_id = resolve_column_id(&s, x->segments[k].column_id);
        for (uint32_t k = 0; k < x->condition_count; k++)
            x->conditions[k].column_id = resolve_column_id(&s, x->conditions[k].column_id);
        if (template_schema != NULL && (x->flags & INDEX_FLAG_DERIVED) != 0)
            take_conditions(template_schema, x);
    }
    s.indexes = b->indexes;
    s.index_count = b->index_count;
    b->indexes = NULL;
    b->index_count = 0;
    *arena = b->arena;
    b->arena = (struct arena){NULL};
    *out = s;
    s.columns = NULL;
done:
    mem_free(s.columns);
    return err;
}

void schema_builder_free(struct schema_builder *b)
{
    mem_free(b->columns);
    mem_free(b->indexes);
    arena_free(&b->arena);
    *b = (struct schema_builder){0};
}

void schema_clear(struct table_schema *schema)
{
    mem_free(schema->columns);
    mem_free(schema->indexes);
    *schema = (struct table_schema){0};
}
