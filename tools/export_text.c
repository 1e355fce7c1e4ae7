/* The CSV and JSON-lines sinks of `ese export`. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "export_sink.h"
#include "os/path.h"

struct text_sink {
    struct export_sink sink;
    char *folder;
    const char *extension;
    bool is_csv;
    FILE *file;
    uint32_t next_column; /* CSV: schema position of the next cell */
    bool has_fields;
    const struct table_schema *table;
};

static struct text_sink *text_of_sink(struct export_sink *sink) { return (struct text_sink *)sink; }

/* A table's name as a file name: a '/' or a leading '.' of a foreign name must not lead elsewhere. */
static JET_ERR open_file(struct text_sink *s, const char *table)
{
    JET_ERR err = JET_errSuccess;
    char *name = NULL, *path = NULL;
    size_t length = strlen(table) + strlen(s->extension) + 1;
    name = (char *)mem_alloc(length);
    if (name == NULL)
        RAISE(JET_errOutOfMemory);
    snprintf(name, length, "%s%s", table, s->extension);
    for (char *c = name; *c != 0; c++)
        if (*c == '/' || (unsigned char)*c < 0x20 || (c == name && *c == '.'))
            *c = '_';
    TRY(path_join(s->folder, name, &path));
    s->file = fopen(path, "wb");
    if (s->file == NULL)
        RAISE(JET_errFileAccessDenied);
done:
    mem_free(name);
    mem_free(path);
    return err;
}

static void csv_name(FILE *out, const char *name)
{
    struct export_value value = {.kind = EXPORT_TEXT, .text = (char *)(uintptr_t)name};
    export_value_csv(out, &value);
}

static JET_ERR begin_table(struct export_sink *sink, const struct table_schema *table)
{
    struct text_sink *s = text_of_sink(sink);
    JET_ERR err = open_file(s, table->name);
    s->table = table;
    if (err >= 0 && s->is_csv) {
        bool is_first = true;
        for (uint32_t i = 0; i < table->column_count; i++) {
            if (table->columns[i].type == COLUMN_TYPE_NIL)
                continue;
            if (!is_first)
                fputc(',', s->file);
            csv_name(s->file, table->columns[i].name);
            is_first = false;
        }
        fputs("\r\n", s->file);
    }
    return err;
}

static JET_ERR begin_row(struct export_sink *sink, const struct table_schema *table)
{
    struct text_sink *s = text_of_sink(sink);
    (void)table;
    s->next_column = 0;
    s->has_fields = false;
    if (!s->is_csv)
        fputc('{', s->file);
    return JET_errSuccess;
}

/* Empty cells up to the column at `position`. */
static void csv_fill(struct text_sink *s, uint32_t position)
{
    for (; s->next_column < position; s->next_column++) {
        if (s->table->columns[s->next_column].type == COLUMN_TYPE_NIL)
            continue;
        if (s->has_fields)
            fputc(',', s->file);
        s->has_fields = true;
    }
}

static JET_ERR csv_value(struct text_sink *s, const struct column *column, uint32_t sequence, uint32_t count, const struct export_value *value)
{
    if (sequence == 1) {
        csv_fill(s, (uint32_t)(column - s->table->columns));
        if (s->has_fields)
            fputc(',', s->file);
        s->has_fields = true;
        s->next_column++;
    }
    if (count == 1) {
        export_value_csv(s->file, value);
        return JET_errSuccess;
    }
    /* A JSON array inside a quoted cell: its quotes are doubled. */
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        return JET_errOutOfMemory;
    export_value_json(memory, value);
    if (fclose(memory) != 0) {
        free(text);
        return JET_errOutOfMemory;
    }
    fputs(sequence == 1 ? "\"[" : ",", s->file);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"')
            fputc('"', s->file);
        fputc(text[i], s->file);
    }
    if (sequence == count)
        fputs("]\"", s->file);
    free(text);
    return JET_errSuccess;
}

static void json_value(struct text_sink *s, const struct column *column, uint32_t sequence, uint32_t count, const struct export_value *value)
{
    if (sequence == 1) {
        if (s->has_fields)
            fputc(',', s->file);
        s->has_fields = true;
        print_json_string(s->file, column->name);
        fputc(':', s->file);
        if (count > 1)
            fputc('[', s->file);
    } else {
        fputc(',', s->file);
    }
    export_value_json(s->file, value);
    if (count > 1 && sequence == count)
        fputc(']', s->file);
}

static JET_ERR put_value(struct export_sink *sink, const struct column *column, uint32_t sequence, uint32_t count, const struct export_value *value)
{
    struct text_sink *s = text_of_sink(sink);
    if (s->is_csv)
        return csv_value(s, column, sequence, count, value);
    json_value(s, column, sequence, count, value);
    return JET_errSuccess;
}

static JET_ERR end_row(struct export_sink *sink, const struct table_schema *table)
{
    struct text_sink *s = text_of_sink(sink);
    if (s->is_csv)
        csv_fill(s, table->column_count);
    fputs(s->is_csv ? "\r\n" : "}\n", s->file);
    return ferror(s->file) ? JET_errDiskFull : JET_errSuccess;
}

static JET_ERR end_table(struct export_sink *sink, const struct table_schema *table)
{
    struct text_sink *s = text_of_sink(sink);
    (void)table;
    int failed = fclose(s->file);
    s->file = NULL;
    return failed != 0 ? JET_errDiskFull : JET_errSuccess;
}

static JET_ERR close_sink(struct export_sink *sink, bool is_complete)
{
    struct text_sink *s = text_of_sink(sink);
    (void)is_complete;
    if (s->file != NULL)
        fclose(s->file);
    mem_free(s->folder);
    mem_free(s);
    return JET_errSuccess;
}

static JET_ERR make(const char *folder, const char *extension, bool is_csv, struct export_sink **out)
{
    struct text_sink *s = (struct text_sink *)mem_alloc(sizeof *s);
    if (s == NULL || (s->folder = mem_strdup(folder)) == NULL) {
        mem_free(s);
        return JET_errOutOfMemory;
    }
    s->sink = (struct export_sink){begin_table, begin_row, put_value, end_row, end_table, close_sink};
    s->extension = extension;
    s->is_csv = is_csv;
    *out = &s->sink;
    return JET_errSuccess;
}

JET_ERR export_sink_csv(const char *folder, struct export_sink **out) { return make(folder, ".csv", true, out); }
JET_ERR export_sink_jsonl(const char *folder, struct export_sink **out) { return make(folder, ".jsonl", false, out); }
