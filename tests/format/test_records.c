/* Every value of every row of the real databases, against data/windows/<set>/expected/<db>.rows.tsv: fixed, variable and tagged columns,
 * multi-values, defaults, 7-bit and XPRESS compression, long values of many chunks; and of the original engine's databases against what its
 * API returned. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "edb_image.h"
#include "expectations.h"
#include "shared_data.h"

struct text {
    char *bytes;
    size_t size, capacity;
};

static void put(struct text *t, const char *bytes, size_t size)
{
    if (t->size + size + 1 > t->capacity) {
        t->capacity = 2 * (t->size + size + 1);
        t->bytes = (char *)realloc(t->bytes, t->capacity);
        if (t->bytes == NULL)
            abort();
    }
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    t->bytes[t->size] = '\0';
}

static void put_text(struct text *t, const char *text) { put(t, text, strlen(text)); }

static void put_hex(struct text *t, struct span s)
{
    for (uint32_t i = 0; i < s.size; i++) {
        char pair[2];
        hex_encode(span_of(s.data + i, 1), pair);
        put(t, pair, sizeof pair);
    }
}

static void put_number(struct text *t, const char *format, unsigned number)
{
    char room[32];
    snprintf(room, sizeof room, format, number);
    put_text(t, room);
}

/* "\tid=VALUE" or "\tid[n]=VALUE" for every value of a column. */
static void put_column(struct text *line, const struct edb_table *t, const struct record_view *record, const struct column *column)
{
    struct value_buffer buffer = {0};
    uint32_t count;
    assert_int_equal(record_column_count(record, column, &count), JET_errSuccess);
    for (uint32_t sequence = 1; sequence <= count; sequence++) {
        struct column_value value;
        assert_int_equal(record_column(record, column, sequence, &value), JET_errSuccess);
        if (column_value_fetch_all(&t->lv, &value, UINT32_MAX, &buffer) != JET_errSuccess)
            fail_msg("%s: value %u of column %u cannot be read", t->schema.name, sequence, column->id & 0xFFFF);
        put_number(line, "\t%u", column->id & 0xFFFF);
        if (count > 1)
            put_number(line, "[%u]", sequence);
        put_text(line, (value.flags & COLUMN_VALUE_DEFAULT) != 0 ? "=~" : "=");
        if (buffer.size <= 256) {
            put_hex(line, span_of(buffer.data, buffer.size));
        } else {
            char hash[65];
            sha256_text(buffer.data, buffer.size, hash);
            put_number(line, "#%u:", buffer.size);
            put_text(line, hash);
        }
    }
    value_buffer_free(&buffer);
}

static unsigned check_table(const struct edb_image *image, const struct edb_table *t, const char *database, struct expectations *expected)
{
    unsigned different = 0;
    struct text line = {0};
    for (uint32_t i = 0; i < t->rows.count; i++) {
        struct record_view record;
        line.size = 0;
        put_text(&line, t->schema.name);
        put_text(&line, "\t");
        put_hex(&line, t->rows.items[i].key);
        if (record_view_init(&record, t->rows.items[i].data, image->page_size) < 0)
            fail_msg("%s: row %u of %s is damaged", database, i, t->schema.name);
        for (uint32_t c = 0; c < t->schema.column_count; c++)
            put_column(&line, t, &record, &t->schema.columns[c]);
        const char *wanted = expectations_next(expected);
        if ((wanted == NULL || strlen(wanted) != line.size || memcmp(wanted, line.bytes, line.size) != 0) && different++ == 0)
            print_error("%s:\n got  %.600s\n want %.600s\n", database, line.bytes, wanted != NULL ? wanted : "(end)");
    }
    free(line.bytes);
    return different;
}

struct long_values {
    unsigned values, bad;
};

static JET_ERR see_long_value(void *context, const struct long_value_report *report)
{
    struct long_values *seen = (struct long_values *)context;
    seen->values++;
    if (report->error != JET_errSuccess && seen->bad++ == 0)
        print_error("long value %llx: %s\n", (unsigned long long)report->info.lid, report->why);
    return JET_errSuccess;
}

/* Databases with torn or missing pages: their readers disagree on what is left. */
static bool is_damaged(const char *set) { return strcmp(set, "webcache-w10-1809-dirty") == 0 || strcmp(set, "ntds-server2012r2-tempdb") == 0; }

static void check_database(void *context, const struct shared_file *expectation)
{
    const char *file = text_of("%s/db", make_scratch_folder("records")), *set = expectation->set, *name = expectation->name;
    struct expectations expected;
    struct edb_image image;
    (void)context;
    if (is_damaged(set))
        return;
    copy_shared_file(windows_database_path(set, name), file);
    assert_true(expectations_open(expectation->path, true, &expected));
    edb_image_load(&image, file);
    const char *label = text_of("%s/%s", set, name);
    unsigned different = 0, total = 0;
    struct long_values seen = {0};
    for (uint32_t i = 0; i < image.table_count; i++) {
        different += check_table(&image, &image.tables[i], label, &expected);
        total += image.tables[i].rows.count;
        assert_int_equal(long_value_visit(&image.tables[i].lv, see_long_value, &seen), JET_errSuccess);
    }
    print_message("%s/%s: %u tables, %u rows, %u long values\n", set, name, image.table_count, total, seen.values);
    assert_int_equal(seen.bad, 0);
    assert_int_equal(different, 0);
    assert_null(expectations_next(&expected));
    assert_true(total > 0);
    edb_image_close(&image);
    expectations_close(&expected);
    if (remove(file) != 0)
        fail_msg("cannot remove the copy");
}

static void every_value_of_every_row_is_as_independently_read(void **state)
{
    (void)state;
    visit_shared_files("windows", "expected", ".rows.tsv", check_database, NULL);
}

/* --- what the original engine's API returned, one JSON object per row: {"t":TABLE,"bm":KEY,"c":{COLUMN:[VALUE,...],...}} --- */

static int compare_names(const void *a, const void *b)
{
    const char *left = (*(const struct column *const *)a)->name, *right = (*(const struct column *const *)b)->name;
    while (*left != '\0' && toupper((unsigned char)*left) == toupper((unsigned char)*right))
        left++, right++;
    return toupper((unsigned char)*left) - toupper((unsigned char)*right);
}

/* Columns by name without regard to case, as the objects list them; those whose default a callback computes are left out. */
static uint32_t sort_columns(const struct edb_table *t, const struct column **sorted)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->schema.column_count; i++)
        if (t->schema.columns[i].type != COLUMN_TYPE_NIL && (t->schema.columns[i].flags & COLUMN_FLAG_USER_DEFAULT) == 0)
            sorted[count++] = &t->schema.columns[i];
    qsort(sorted, count, sizeof *sorted, compare_names);
    return count;
}

static void put_json_column(struct text *line, const struct edb_table *t, const struct record_view *record, const struct column *column, bool is_first)
{
    struct value_buffer buffer = {0};
    uint32_t count;
    assert_int_equal(record_column_count(record, column, &count), JET_errSuccess);
    for (uint32_t sequence = 1; sequence <= count; sequence++) {
        struct column_value value;
        assert_int_equal(record_column(record, column, sequence, &value), JET_errSuccess);
        assert_int_equal(column_value_fetch_all(&t->lv, &value, UINT32_MAX, &buffer), JET_errSuccess);
        if (sequence == 1) {
            put_text(line, is_first ? "\"" : ",\"");
            put_text(line, column->name);
            put_text(line, "\":[\"");
        } else {
            put_text(line, ",\"");
        }
        put_hex(line, span_of(buffer.data, buffer.size));
        put_text(line, sequence == count ? "\"]" : "\"");
    }
    value_buffer_free(&buffer);
}

static void put_json_row(struct text *line, const struct edb_image *image, const struct edb_table *t, uint32_t row)
{
    const struct column **columns = (const struct column **)calloc(t->schema.column_count + 1u, sizeof *columns);
    struct record_view record;
    assert_non_null(columns);
    assert_int_equal(record_view_init(&record, t->rows.items[row].data, image->page_size), JET_errSuccess);
    uint32_t count = sort_columns(t, columns);
    line->size = 0;
    put_text(line, "{\"t\":\"");
    put_text(line, t->schema.name);
    put_text(line, "\",\"bm\":\"");
    put_hex(line, t->rows.items[row].key);
    put_text(line, "\",\"c\":{");
    size_t start = line->size;
    for (uint32_t i = 0; i < count; i++)
        put_json_column(line, t, &record, columns[i], line->size == start);
    put_text(line, "}}");
    free(columns);
}

static const struct edb_table *table_of_row(const struct edb_image *image, const char *line)
{
    for (uint32_t i = 0; i < image->table_count; i++) {
        const char *name = image->tables[i].schema.name;
        size_t size = strlen(name);
        if (strncmp(line, "{\"t\":\"", 6) == 0 && strncmp(line + 6, name, size) == 0 && strncmp(line + 6 + size, "\",\"bm\"", 6) == 0)
            return &image->tables[i];
    }
    return NULL;
}

static unsigned check_json(const char *database, const char *expected)
{
    const char *file = text_of("%s/db", make_scratch_folder("json")), *line;
    struct expectations lines;
    struct edb_image image;
    struct text got = {0};
    unsigned rows = 0, different = 0;
    copy_shared_file(database, file);
    edb_image_load(&image, file);
    assert_true(expectations_open(expected, false, &lines));
    const struct edb_table *last = NULL;
    uint32_t row = 0;
    while ((line = expectations_next(&lines)) != NULL) {
        const struct edb_table *t = table_of_row(&image, line);
        if (t == NULL || strncmp(t->schema.name, "MSys", 4) == 0)
            continue;
        row = t == last ? row + 1 : 0;
        last = t;
        assert_true(row < t->rows.count);
        put_json_row(&got, &image, t, row);
        rows++;
        if (strcmp(line, got.bytes) != 0 && different++ < 3)
            print_error("%s:\n got  %.700s\n want %.700s\n", database, got.bytes, line);
    }
    edb_image_close(&image);
    expectations_close(&lines);
    free(got.bytes);
    assert_int_equal(different, 0);
    if (remove(file) != 0)
        fail_msg("cannot remove the copy");
    return rows;
}

static void check_engine_set(void *context, const struct shared_file *expectation)
{
    const char *set = expectation->set, *name = expectation->name; /* "" or "name." */
    unsigned *rows = (unsigned *)context;
    if (strncmp(set, "features-", 9) == 0 || strncmp(set, "clean_", 6) == 0)
        *rows += check_json(*name == 0 ? text_of("engine/%s/data.edb", set) : text_of("engine/%s/%sedb", set, name), expectation->path);
}

static void every_value_is_as_the_original_engine_returned_it(void **state)
{
    (void)state;
    unsigned rows = 0;
    visit_shared_files("engine", "", "expected.json", check_engine_set, &rows);
    print_message("%u rows\n", rows);
    assert_true(rows > 1000);
}

/* The same long values through cache and tree as from the bytes of the file. */
static void long_values_are_found_through_the_tree(void **state)
{
    (void)state;
    static const char *const databases[] = {"types-4k/multi.edb", "lv-compression-a/test1.edb", "adlds-server2008/adamntds.dit",
                                            "qmgr-w11-24h2/qmgr.db", "xbim-a/BIM_Logo-LetterB.xBIM"};
    require_shared_data();
    unsigned values = 0;
    for (size_t i = 0; i < sizeof databases / sizeof databases[0]; i++) {
        const char *path = text_of("%s/db", make_scratch_folder("tree"));
        struct edb_image image;
        struct os_file *file;
        struct cache *cache;
        struct cache_file *pages;
        copy_shared_file(text_of("windows/%s", databases[i]), path);
        edb_image_load(&image, path);
        const struct cache_config config = {.page_size = image.page_size, .bytes_min = 1 << 21, .bytes_max = 1 << 22};
        assert_int_equal(os_file_open(os_fs_posix(), path, OS_OPEN_READ, &file), JET_errSuccess);
        const struct cache_file_config file_config = {.file = file};
        assert_int_equal(cache_create(&config, &cache), JET_errSuccess);
        assert_int_equal(cache_file_attach(cache, &file_config, &pages), JET_errSuccess);
        for (uint32_t k = 0; k < image.table_count; k++) {
            struct long_value_tree tree;
            struct long_values from_bytes = {0}, from_tree = {0};
            struct edb_table *t = &image.tables[k];
            assert_int_equal(long_value_tree_open(pages, &t->schema, &tree), JET_errSuccess);
            assert_int_equal(long_value_visit(&t->lv, see_long_value, &from_bytes), JET_errSuccess);
            assert_int_equal(long_value_visit(&tree.nodes, see_long_value, &from_tree), JET_errSuccess);
            assert_int_equal(from_tree.values, from_bytes.values);
            assert_int_equal(from_tree.bad, 0);
            values += from_tree.values;
            for (uint32_t n = 0; n < t->long_values.count; n++) {
                struct long_value_key key;
                uint8_t left[3000], right[3000];
                uint32_t left_size, right_size;
                assert_int_equal(long_value_key_decode(t->long_values.items[n].key, &key), JET_errSuccess);
                uint32_t offset = key.is_chunk ? key.offset + 100 : 0;
                assert_int_equal(long_value_read(&t->lv, key.lid, offset, left, sizeof left, &left_size, NULL), JET_errSuccess);
                assert_int_equal(long_value_read(&tree.nodes, key.lid, offset, right, sizeof right, &right_size, NULL), JET_errSuccess);
                assert_int_equal(left_size, right_size);
                assert_memory_equal(left, right, left_size);
            }
            long_value_tree_close(&tree);
        }
        cache_file_detach(pages);
        cache_destroy(cache);
        os_file_close(file);
        edb_image_close(&image);
    }
    print_message("%u long values\n", values);
    assert_true(values >= 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_value_of_every_row_is_as_independently_read),
                                       cmocka_unit_test(every_value_is_as_the_original_engine_returned_it),
                                       cmocka_unit_test(long_values_are_found_through_the_tree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
