/* Dumps (row_dump.h). */
#include "cursor/row_dump.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cursor/internal.h"

enum { LONG_VALUE_TEXT = 256 };

/* One line under construction. */
struct line {
    char *text;
    size_t size, capacity;
};

static JET_ERR reserve(struct line *l, size_t more)
{
    if (l->capacity - l->size > more)
        return JET_errSuccess;
    size_t capacity = (l->size + more + 1) * 2;
    char *bigger = mem_resize(l->text, capacity);
    if (bigger == NULL)
        return error_raise(JET_errOutOfMemory, __FILE__, __LINE__);
    l->text = bigger;
    l->capacity = capacity;
    return JET_errSuccess;
}

static JET_ERR put(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static JET_ERR put(struct line *l, const char *format, ...)
{
    JET_ERR err = reserve(l, 256);
    if (err < 0)
        return err;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(l->text + l->size, l->capacity - l->size, format, arguments);
    va_end(arguments);
    if (n > 0)
        l->size += (size_t)n < l->capacity - l->size ? (size_t)n : l->capacity - l->size - 1;
    return JET_errSuccess;
}

static JET_ERR put_hex(struct line *l, struct span bytes)
{
    JET_ERR err = reserve(l, 2 * (size_t)bytes.size);
    if (err < 0)
        return err;
    hex_encode(bytes, l->text + l->size);
    l->size += 2 * (size_t)bytes.size;
    return JET_errSuccess;
}

static char escape_of(char c) { return c == '\\' ? '\\' : c == '\t' ? 't' : c == '\r' ? 'r' : c == '\n' ? 'n' : 0; }

static JET_ERR put_name(struct line *l, const char *name)
{
    JET_ERR err = reserve(l, 2 * strlen(name));
    if (err < 0)
        return err;
    for (; *name != 0; name++) {
        if (escape_of(*name) != 0)
            l->text[l->size++] = '\\';
        l->text[l->size++] = escape_of(*name) != 0 ? escape_of(*name) : *name;
    }
    return JET_errSuccess;
}

static JET_ERR put_value(struct line *l, struct span bytes)
{
    if (bytes.size <= LONG_VALUE_TEXT)
        return put_hex(l, bytes);
    struct sha256 sha;
    uint8_t hash[SHA256_SIZE];
    sha256_init(&sha);
    sha256_add(&sha, bytes.data, bytes.size);
    sha256_finish(&sha, hash);
    JET_ERR err = put(l, "#%u:", bytes.size);
    return err < 0 ? err : put_hex(l, span_of(hash, sizeof hash));
}

static JET_ERR emit(const struct dump_sink *sink, const struct line *l) { return sink->line(sink->context, l->text, l->size); }

/* All values of one column that are not null. */
static JET_ERR put_column(struct line *l, const struct row *row, const struct long_value_nodes *nodes, const struct column *column, struct value_buffer *buffer)
{
    JET_ERR err = JET_errSuccess;
    uint32_t count;
    TRY(row_value_count(row, column, &count));
    for (uint32_t i = 1; i <= count; i++) {
        struct column_value value;
        TRY(row_value(row, column, i, &value));
        if ((value.flags & (COLUMN_VALUE_NULL | COLUMN_VALUE_USER_DEFAULT)) != 0)
            continue;
        buffer->size = 0;
        err = column_value_fetch_all(nodes, &value, UINT32_MAX, buffer);
        bool is_closed = err == JET_errFeatureNotAvailable && (column_is_encrypted(column) || (value.flags & COLUMN_VALUE_ENCRYPTED) != 0);
        TRY(is_closed ? JET_errSuccess : err);
        uint32_t id = column->id;
        TRY(count > 1 ? put(l, "\t%u[%u]=", id, i) : put(l, "\t%u=", id));
        if (is_closed) {
            TRY(put(l, "encrypted"));
            continue;
        }
        TRY(put(l, "%s", (value.flags & COLUMN_VALUE_DEFAULT) != 0 ? "~" : ""));
        TRY(put_value(l, span_of(buffer->data, buffer->size)));
    }
done:
    return err;
}

/* Only columns that can have a value are looked at: a table may define tens of thousands of tagged ones. */
static JET_ERR put_columns(struct line *l, const struct row *row, const struct long_value_nodes *nodes, struct value_buffer *buffer)
{
    JET_ERR err = JET_errSuccess;
    const struct table_schema *s = row->schema;
    for (uint32_t i = 0; i < s->column_count; i++) {
        const struct column *column = &s->columns[i];
        uint32_t at;
        if (column->type == COLUMN_TYPE_NIL)
            continue;
        if (column_is_tagged(column->id) && column->default_value.data == NULL && !record_tagged_find(&row->record, record_tagged_id(column), &at))
            continue;
        TRY(put_column(l, row, nodes, column, buffer));
    }
done:
    return err;
}

JET_ERR dump_rows(struct catalog *catalog, const struct table_schema *table, const struct dump_sink *sink)
{
    JET_ERR err = JET_errSuccess;
    struct cursor *c = NULL;
    struct line l = {0};
    struct value_buffer buffer = {0};
    const struct long_value_nodes *nodes;
    struct span key;
    uint8_t *copy = NULL;
    TRY(cursor_open_schema(catalog, table, &c));
    TRY(cursor_long_values(c, &nodes));
    copy = mem_alloc(table->page_size);
    if (copy == NULL)
        RAISE(JET_errOutOfMemory);
    for (err = cursor_move(c, CURSOR_MOVE_FIRST, 0); err >= 0; err = cursor_move(c, 1, 0)) {
        struct row row;
        TRY(row_latch(c, &row));
        uint32_t size = row.record.bytes.size;
        memcpy(copy, row.record.bytes.data, size);
        row_release(c);
        TRY(record_view_init(&row.record, span_of(copy, size), table->page_size));
        l.size = 0;
        TRY(put_name(&l, table->name));
        TRY(put(&l, "\t"));
        TRY(navigate_key(c, &key));
        TRY(put_hex(&l, key));
        TRY(put_columns(&l, &row, nodes, &buffer));
        TRY(emit(sink, &l));
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    value_buffer_free(&buffer);
    mem_free(copy);
    mem_free(l.text);
    cursor_close(c);
    return err;
}

static const char *type_name(uint32_t type)
{
    static const char *const names[COLUMN_TYPE_COUNT] = {
        "Nil", "Bit", "UnsignedByte", "Short", "Long", "Currency", "IEEESingle", "IEEEDouble", "DateTime", "Binary", "Text", "LongBinary", "LongText",
        "SLV", "UnsignedLong", "LongLong", "GUID", "UnsignedShort", "UnsignedLongLong"};
    return type < COLUMN_TYPE_COUNT ? names[type] : "?";
}

JET_ERR dump_columns(const struct table_schema *table, const struct dump_sink *sink)
{
    JET_ERR err = JET_errSuccess;
    struct line l = {0};
    for (uint32_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (column->type == COLUMN_TYPE_NIL)
            continue;
        l.size = 0;
        TRY(put_name(&l, table->name));
        TRY(put(&l, "\t%u\t", column->id));
        TRY(put_name(&l, column->name));
        TRY(put(&l, "\t%s\t%u\t%u\t", type_name(column->type), column->max_size, column->flags));
        TRY(column_type_is_text(column->type) ? put(&l, "%u\t", column->code_page) : put(&l, "\t"));
        TRY(put_hex(&l, column->default_value));
        TRY(emit(sink, &l));
    }
done:
    mem_free(l.text);
    return err;
}

JET_ERR dump_index_entries(struct catalog *catalog, const struct table_schema *table, const struct index *index,
                           JET_ERR (*visit)(void *context, struct span key, struct span data), void *context)
{
    JET_ERR err = JET_errSuccess;
    struct btree tree;
    struct btree_cursor entry = {0};
    struct node node;
    uint8_t data[BTREE_KEY_MAX];
    (void)table;
    TRY(btree_open(catalog_database(catalog)->pages, index->root, index->objid, &tree));
    TRY(btree_cursor_open(&tree, &entry));
    for (err = btree_first(&entry); err >= 0; err = btree_next(&entry)) {
        TRY(btree_cursor_get(&entry, &node));
        uint32_t size = node.data.size;
        if (size > sizeof data) {
            btree_cursor_release(&entry);
            RAISE(JET_errSecondaryIndexCorrupted);
        }
        memcpy(data, node.data.data, size);
        btree_cursor_release(&entry);
        TRY(visit(context, btree_cursor_key(&entry), span_of(data, size)));
    }
    if (err == JET_errNoCurrentRecord)
        err = JET_errSuccess;
done:
    btree_cursor_close(&entry);
    return err;
}
