/* Whole databases through catalog and cursors: every row, column definition and index entry of the real databases, against
 * data/windows/<set>/expected/<db>.{rows,columns,indexes,tables}.tsv. Dirty databases are read as they are. */
#include "cmocka_all.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cursor/row_dump.h"
#include "expectations.h"
#include "opened_file.h"
#include "shared_data.h"

/* Expected lines of one file, walked in order. */
struct lines {
    char *text, *at;
};

static bool load_lines(const char *set, const char *name, struct lines *out)
{
    static const char *target;
    const char *relative = text_of("windows/%s/expected/%s", set, name), *root = shared_data_dir();
    if (access(text_of("%s/%s", root, relative), R_OK) != 0 && access(text_of("%s/%s.zst", root, relative), R_OK) != 0)
        return false;
    if (target == NULL)
        target = text_of("%s/expected.tsv", make_scratch_folder("rows"));
    unlink(target);
    copy_shared_file(relative, target);
    unsigned long long size;
    unsigned char *bytes = read_whole_file(target, &size);
    out->text = realloc(bytes, size + 1);
    assert_non_null(out->text);
    out->text[size] = 0;
    out->at = strchr(out->text, '\n');
    out->at = out->at != NULL ? out->at + 1 : out->text + size; /* without the heading */
    return true;
}

/* The next line, closed by 0; NULL at the end. */
static char *next_line(struct lines *l)
{
    if (*l->at == 0)
        return NULL;
    char *line = l->at, *end = strchr(line, '\n');
    l->at = end != NULL ? end + 1 : line + strlen(line);
    if (end != NULL)
        *end = 0;
    return line;
}

/* Field n of a line, copied. */
static const char *field(const char *line, int n)
{
    for (; n > 0 && line != NULL; n--)
        line = strchr(line, '\t') != NULL ? strchr(line, '\t') + 1 : NULL;
    assert_non_null(line);
    return text_of("%.*s", (int)strcspn(line, "\t\r"), line);
}

static const char *current_set, *current_name;
static unsigned rows_compared, columns_compared, indexes_compared, tables_compared, tables_damaged;

struct comparison {
    struct lines *expected;
    const char *table;
    struct sha256 digest;
    unsigned rows;
};

static JET_ERR compare_line(void *context, const char *text, size_t size)
{
    struct comparison *c = context;
    char *wanted = next_line(c->expected);
    if (wanted == NULL || strlen(wanted) != size || memcmp(wanted, text, size) != 0)
        fail_msg("%s %s: line differs\nhave %.*s\nwant %s", current_set, current_name, (int)size, text, wanted != NULL ? wanted : "(end)");
    sha256_add(&c->digest, text, size);
    sha256_add(&c->digest, "\n", 1);
    c->rows++;
    return JET_errSuccess;
}

/* The expectation gives the catalog's own bytes; a default of a Bit column reads as the value it stands for. */
static JET_ERR compare_definition(void *context, const char *text, size_t size)
{
    struct comparison *c = context;
    char *wanted = c->expected->at, *end = strchr(wanted, '\n');
    if (end != NULL && end - wanted > 3 && strcmp(field(wanted, 3), "Bit") == 0 && strncmp(end - 3, "\t01", 3) == 0)
        memcpy(end - 2, "ff", 2);
    return compare_line(context, text, size);
}

static JET_ERR digest_line(void *context, const char *text, size_t size)
{
    struct comparison *c = context;
    sha256_add(&c->digest, text, size);
    sha256_add(&c->digest, "\n", 1);
    c->rows++;
    return JET_errSuccess;
}

static JET_ERR digest_entry(void *context, struct span key, struct span data)
{
    struct comparison *c = context;
    sha256_add_entry(&c->digest, key, data);
    c->rows++;
    return JET_errSuccess;
}

/* A table named in the notes of a damaged database, or one that cannot be walked there. */
static bool is_damaged_set(void) { return strcmp(current_set, "webcache-w10-1809-dirty") == 0; }

static const struct table_schema *table_of(struct opened *o, const char *name)
{
    const struct table_schema *table = NULL;
    JET_ERR err = catalog_find_table(o->catalog, name, &table);
    if (err < 0)
        fail_msg("%s %s: table %s: %s", current_set, current_name, name, error_name(err));
    return table;
}

static void check_tables(struct opened *o)
{
    struct lines tables;
    assert_true(load_lines(current_set, text_of("%s.tables.tsv", current_name), &tables));
    for (char *line; (line = next_line(&tables)) != NULL;) {
        const struct table_schema *table = table_of(o, field(line, 0));
        assert_int_equal(table->objid, strtoul(field(line, 1), NULL, 10));
        assert_int_equal(table->root, strtoul(field(line, 2), NULL, 10));
        assert_int_equal(table->flags, (uint32_t)strtol(field(line, 3), NULL, 10));
        assert_int_equal(table->lv_root, strtoul(field(line, 7), NULL, 10));
        struct comparison c = {.table = table->name};
        struct dump_sink sink = {digest_line, &c};
        char hash[65];
        sha256_init(&c.digest);
        JET_ERR err = dump_rows(o->catalog, table, &sink);
        sha256_finish_text(&c.digest, hash);
        if (is_damaged_set() && (err < 0 || strcmp(hash, field(line, 9)) != 0)) {
            tables_damaged++;
        } else {
            if (err < 0)
                fail_msg("%s %s: rows of %s: %s", current_set, current_name, table->name, error_name(err));
            if (c.rows != strtoul(field(line, 5), NULL, 10) || strcmp(hash, field(line, 9)) != 0)
                fail_msg("%s %s: rows of %s: %u, wanted %s", current_set, current_name, table->name, c.rows, field(line, 5));
            rows_compared += c.rows;
        }
        tables_compared++;
        catalog_release_table(o->catalog, table);
    }
    free(tables.text);
}

/* Line by line, so that a difference is shown. */
static void check_rows(struct opened *o)
{
    struct lines rows;
    char *peek;
    if (is_damaged_set() || !load_lines(current_set, text_of("%s.rows.tsv", current_name), &rows))
        return;
    while (*(peek = rows.at) != 0) {
        const struct table_schema *table = table_of(o, field(peek, 0));
        struct comparison c = {.expected = &rows};
        struct dump_sink sink = {compare_line, &c};
        sha256_init(&c.digest);
        assert_int_equal(dump_rows(o->catalog, table, &sink), JET_errSuccess);
        assert_true(c.rows > 0);
        catalog_release_table(o->catalog, table);
    }
    free(rows.text);
}

static void check_columns(struct opened *o)
{
    struct lines columns;
    assert_true(load_lines(current_set, text_of("%s.columns.tsv", current_name), &columns));
    while (*columns.at != 0) {
        const struct table_schema *table = table_of(o, field(columns.at, 0));
        struct comparison c = {.expected = &columns};
        struct dump_sink sink = {compare_definition, &c};
        sha256_init(&c.digest);
        assert_int_equal(dump_columns(table, &sink), JET_errSuccess);
        columns_compared += c.rows;
        catalog_release_table(o->catalog, table);
    }
    free(columns.text);
}

static void check_indexes(struct opened *o)
{
    struct lines indexes;
    assert_true(load_lines(current_set, text_of("%s.indexes.tsv", current_name), &indexes));
    for (char *line; (line = next_line(&indexes)) != NULL;) {
        const struct table_schema *table = table_of(o, field(line, 0));
        const struct index *index = schema_index_by_name(table, field(line, 1));
        if (index == NULL)
            fail_msg("%s %s: no index %s of %s", current_set, current_name, field(line, 1), table->name);
        assert_int_equal(index->objid, strtoul(field(line, 2), NULL, 10));
        assert_int_equal(index->root, strtoul(field(line, 3), NULL, 10));
        assert_int_equal(index->flags, strtoul(field(line, 4), NULL, 10));
        if (*field(line, 5) != 0 && strspn(field(line, 5), "0123456789") == 0)
            assert_string_equal(index->locale != NULL ? index->locale : "", field(line, 5));
        assert_int_equal(index->lcmap_flags, strtoul(field(line, 6), NULL, 10));
        assert_int_equal(index_is_primary(index), *field(line, 7) == '1');
        if (!index_is_primary(index) && !is_damaged_set()) {
            struct comparison c = {.table = table->name};
            char hash[65];
            sha256_init(&c.digest);
            assert_int_equal(dump_index_entries(o->catalog, table, index, digest_entry, &c), JET_errSuccess);
            sha256_finish_text(&c.digest, hash);
            assert_int_equal(c.rows, strtoul(field(line, 8), NULL, 10));
            assert_string_equal(hash, field(line, 10));
        }
        indexes_compared++;
        catalog_release_table(o->catalog, table);
    }
    free(indexes.text);
}

static JET_ERR count_table(void *context, const struct catalog_table *table)
{
    unsigned *count = context;
    if (table->error < 0)
        fail_msg("%s %s: objid %u: %s", current_set, current_name, table->objid, error_name(table->error));
    ++*count;
    return JET_errSuccess;
}

/* Calls check for every database that has expectations. */
static void for_every_database(void (*check)(struct opened *o))
{
    static const char suffix[] = ".tables.tsv";
    const char *root = text_of("%s/windows", require_shared_data()), *target = text_of("%s/database", make_scratch_folder("rows"));
    const char *only = getenv("ONLY_SET");
    struct dirent **sets, **files;
    int set_count = scandir(root, &sets, NULL, alphasort);
    assert_true(set_count > 0);
    unsigned databases = 0;
    for (int s = 0; s < set_count; s++) {
        const char *expected = text_of("%s/%s/expected", root, sets[s]->d_name);
        int count = sets[s]->d_name[0] == '.' || (only != NULL && strcmp(only, sets[s]->d_name) != 0) ? -1 : scandir(expected, &files, NULL, alphasort);
        for (int f = 0; f < count; f++) {
            char *end = strstr(files[f]->d_name, suffix);
            if (end == NULL || end[sizeof suffix - 1] != 0)
                continue;
            current_set = sets[s]->d_name;
            current_name = text_of("%.*s", (int)(end - files[f]->d_name), files[f]->d_name);
            char *path = (char *)(uintptr_t)text_of("windows/%s/%s", current_set, current_name);
            for (char *p = strstr(path, "__"); p != NULL; p = strstr(path, "__")) {
                *p = '/';
                memmove(p + 1, p + 2, strlen(p + 2) + 1);
            }
            struct opened o;
            unlink(target);
            copy_shared_file(path, target);
            JET_ERR err = open_file(target, &o);
            if (err < 0)
                fail_msg("%s %s: %s", current_set, current_name, error_name(err));
            check(&o);
            close_file(&o);
            databases++;
        }
        for (int f = 0; f < count; f++)
            free(files[f]);
        if (count >= 0)
            free(files);
    }
    for (int s = 0; s < set_count; s++)
        free(sets[s]);
    free(sets);
    assert_true(databases >= (only != NULL ? 1 : 30));
}

static void every_column_definition_reads_as_expected(void **state)
{
    (void)state;
    for_every_database(check_columns);
    assert_true(columns_compared > 1000);
}

static void every_index_and_its_entries_read_as_expected(void **state)
{
    (void)state;
    for_every_database(check_indexes);
    assert_true(indexes_compared > 100);
}

static void check_all_rows(struct opened *o)
{
    unsigned tables = 0, before = tables_compared;
    if (getenv("SHOW_LINES") != NULL)
        check_rows(o);
    check_tables(o);
    assert_int_equal(catalog_visit_tables(o->catalog, count_table, &tables), JET_errSuccess);
    assert_int_equal(tables, tables_compared - before);
}

static void every_row_of_every_table_reads_as_expected(void **state)
{
    (void)state;
    for_every_database(check_all_rows);
    print_message("%u rows of %u tables, %u of them damaged\n", rows_compared, tables_compared, tables_damaged);
    assert_true(getenv("ONLY_SET") != NULL || rows_compared > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_definition_reads_as_expected),
        cmocka_unit_test(every_row_of_every_table_reads_as_expected),
        cmocka_unit_test(every_index_and_its_entries_read_as_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
