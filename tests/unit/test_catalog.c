/* The catalog: names, the schema cache, failing memory, and files whose pages have been damaged behind correct checksums. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "catalog/names.h"
#include "cursor/row_dump.h"
#include "format/checksum.h"
#include "opened_file.h"
#include "shared_data.h"

static const char *copy_of(const char *relative)
{
    const char *path = text_of("%s/database", make_scratch_folder("catalog"));
    require_shared_data();
    copy_shared_file(relative, path);
    return path;
}

static void names_keep_the_rules(void **state)
{
    static const char *const bad[] = {"", " x", "a!", "a.b", "[x", "x]", "a\x01", ("a\x1F" "b"), "\xE4\xB8\xAD", "\xFF"};
    char out[OBJECT_NAME_UTF8_MAX], longest[80];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(name_check(bad[i], out), JET_errInvalidName);
    assert_int_equal(name_check(NULL, out), JET_errInvalidName);
    assert_int_equal(name_check("Table one  ", out), JET_errSuccess); /* spaces at the end do not count */
    assert_string_equal(out, "Table one");
    assert_int_equal(name_check("Gr\xC3\xB6\xC3\x9F" "e\xE2\x82\xAC", out), JET_errSuccess); /* in code page 1252 */
    assert_string_equal(out, "Gr\xC3\xB6\xC3\x9F" "e\xE2\x82\xAC");
    memset(longest, 'a', sizeof longest);
    longest[64] = 0;
    assert_int_equal(name_check(longest, out), JET_errSuccess);
    longest[64] = 'a';
    longest[65] = 0;
    assert_int_equal(name_check(longest, out), JET_errInvalidName);
}

static void a_schema_is_read_once_and_shared(void **state)
{
    struct opened o;
    const struct table_schema *first, *second, *third;
    (void)state;
    assert_int_equal(open_file(copy_of("engine/clean_4k/data.edb"), &o), JET_errSuccess);
    assert_int_equal(catalog_find_table(o.catalog, "alltypes", &first), JET_errSuccess);
    assert_int_equal(catalog_find_table(o.catalog, "ALLTYPES", &second), JET_errSuccess);
    assert_ptr_equal(first, second);
    assert_int_equal(catalog_find_table_by_objid(o.catalog, first->objid, &third), JET_errSuccess);
    assert_ptr_equal(first, third);
    catalog_release_table(o.catalog, third);
    catalog_forget_table(o.catalog, "AllTypes");
    assert_int_equal(catalog_find_table(o.catalog, "AllTypes", &third), JET_errSuccess);
    assert_ptr_not_equal(first, third);
    assert_string_equal(first->name, "AllTypes"); /* holders keep what they have */
    catalog_release_table(o.catalog, first);
    catalog_release_table(o.catalog, second);
    catalog_release_table(o.catalog, third);
    assert_int_equal(catalog_find_table(o.catalog, "absent", &first), JET_errObjectNotFound);
    assert_null(first);
    close_file(&o);
}

static void a_derived_table_holds_the_columns_of_its_template(void **state)
{
    struct opened o;
    const struct table_schema *t;
    (void)state;
    assert_int_equal(open_file(copy_of("engine/clean_4k/data.edb"), &o), JET_errSuccess);
    assert_int_equal(catalog_find_table(o.catalog, "Derived1", &t), JET_errSuccess);
    assert_string_equal(t->template_name, "Tmpl");
    assert_non_null(schema_column(t, 0x80000001));
    assert_string_equal(schema_column_by_name(t, "TTag")->name, "TTag");
    assert_int_equal(schema_column_by_name(t, "TTag")->id, 0x80000100);
    assert_int_equal(schema_column_by_name(t, "DTag")->id, 0x100);
    /* The template may go before the table that needs it. */
    catalog_forget_table(o.catalog, "Tmpl");
    assert_string_equal(schema_column_by_name(t, "TTag")->name, "TTag");
    catalog_release_table(o.catalog, t);
    close_file(&o);
}

static void no_memory_is_lost_when_memory_fails(void **state)
{
    const char *path = copy_of("engine/clean_4k/data.edb");
    struct opened o;
    unsigned failures = 0;
    (void)state;
    for (uint64_t n = 1;; n++) {
        const struct table_schema *t = NULL;
        uint64_t before = memory_live_count();
        assert_int_equal(open_file(path, &o), JET_errSuccess);
        memory_fail_at(n, 0);
        JET_ERR err = catalog_find_table(o.catalog, "Derived1", &t);
        memory_fail_at(0, 0);
        catalog_release_table(o.catalog, t);
        close_file(&o);
        assert_int_equal(memory_live_count(), before);
        if (err >= 0)
            break;
        assert_int_equal(err, JET_errOutOfMemory);
        failures++;
    }
    assert_true(failures > 10);
}

static JET_ERR count_line(void *context, const char *text, size_t size)
{
    (void)text, (void)size;
    return ++*(unsigned *)context > 200000 ? JET_errInternalError : JET_errSuccess; /* far more than the file has */
}

static JET_ERR count_entry(void *context, struct span key, struct span data)
{
    (void)key, (void)data;
    return count_line(context, NULL, 0);
}

static JET_ERR read_everything(void *context, const struct catalog_table *table)
{
    struct opened *o = context;
    unsigned lines = 0;
    struct dump_sink sink = {count_line, &lines};
    if (table->schema == NULL) {
        assert_true(table->error < 0);
        return JET_errSuccess;
    }
    assert_int_not_equal(dump_columns(table->schema, &sink), JET_errInternalError);
    assert_int_not_equal(dump_rows(o->catalog, table->schema, &sink), JET_errInternalError);
    for (uint32_t i = 0; i < table->schema->index_count; i++)
        assert_int_not_equal(dump_index_entries(o->catalog, table->schema, &table->schema->indexes[i], count_entry, &lines), JET_errInternalError);
    return JET_errSuccess;
}

/* Pages are changed at random and their checksums made right again, so that only the structure can give them away. Any answer will do, but
 * there must be one. */
static void damaged_pages_with_right_checksums_do_no_harm(void **state)
{
    const char *path = copy_of("engine/clean_4k/data.edb"), *damaged = text_of("%s/damaged", make_scratch_folder("catalog"));
    unsigned long long size;
    unsigned char *bytes = read_whole_file(path, &size), *copy = malloc(size);
    unsigned seed = getenv("SEED") != NULL ? (unsigned)strtoul(getenv("SEED"), NULL, 10) : 11;
    unsigned refused = 0;
    (void)state;
    assert_non_null(copy);
    print_message("seed %u\n", seed);
    srand(seed);
    uint32_t pages = (uint32_t)(size / 4096) - 2;
    for (int round = 0; round < 150; round++) {
        memcpy(copy, bytes, size);
        int changes = 1 + rand() % 6;
        for (int i = 0; i < changes; i++) {
            /* Half of the time the catalog itself. */
            uint32_t page_no = rand() % 2 == 0 ? 4 + (uint32_t)rand() % 40 : 1 + (uint32_t)rand() % pages;
            if (page_no > pages)
                continue;
            unsigned char *page = copy + (size_t)(page_no + 1) * 4096;
            if (load_le32(page + 36) == 0)
                continue;
            for (int k = rand() % 4; k >= 0; k--)
                page[(rand() % 3 == 0 ? 4096 - 1 - rand() % 200 : 16 + rand() % 4000)] = (unsigned char)(rand() % 4 == 0 ? 0xFF : rand());
            checksum_store_page(page, 4096, page_no);
        }
        FILE *file = fopen(damaged, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(copy, 1, size, file), size);
        fclose(file);
        struct opened o;
        JET_ERR err = open_file(damaged, &o);
        if (err >= 0)
            err = catalog_visit_tables(o.catalog, read_everything, &o);
        refused += err < 0;
        const struct table_schema *t = NULL;
        if (o.catalog != NULL && catalog_find_table(o.catalog, "AllTypes", &t) >= 0)
            catalog_release_table(o.catalog, t);
        close_file(&o);
    }
    print_message("%u of 150 refused as a whole\n", refused);
    free(copy);
    free(bytes);
}

static void a_temporary_database_has_no_readable_catalog(void **state)
{
    struct opened o;
    const struct table_schema *t;
    (void)state;
    JET_ERR err = open_file(copy_of("windows/ntds-server2012r2-tempdb/temp.edb"), &o);
    if (err >= 0)
        err = catalog_find_table(o.catalog, "MSysObjects", &t);
    assert_true(err < 0);
    close_file(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_keep_the_rules),
        cmocka_unit_test(a_schema_is_read_once_and_shared),
        cmocka_unit_test(a_derived_table_holds_the_columns_of_its_template),
        cmocka_unit_test(no_memory_is_lost_when_memory_fails),
        cmocka_unit_test(damaged_pages_with_right_checksums_do_no_harm),
        cmocka_unit_test(a_temporary_database_has_no_readable_catalog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
