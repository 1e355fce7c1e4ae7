/* Catalog rows: every row of the real files, taken apart and put together again, gives the same bytes. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/row.h"
#include "opened_file.h"
#include "shared_data.h"

static const char *const files[] = {
    "engine/clean_4k/data.edb", "engine/clean_8k/data.edb", "engine/clean_16k/data.edb", "engine/clean_32k/data.edb", "engine/clean_4k_win10/data.edb",
    "engine/features-catalog-4k/callbacks.edb", "engine/features-catalog-4k/keymost.edb", "engine/features-catalog-4k/deferred-index.edb",
    "engine/features-catalog-4k/defrag-table.edb", "engine/features-records-4k/records.edb", "engine/features-records-16k/records.edb",
    "engine/features-keys-4k/keys.edb", "engine/features-keys-16k/keys.edb", "engine/features-new-format-4k/keys.edb",
    "engine/features-new-format-4k/records.edb", "engine/features-empty/new-4k-efv8920.edb", "engine/features-empty/new-32k-efv9600.edb",
};

static uint32_t rows_of(const char *relative, bool shadow, bool without_tagged)
{
    struct opened o;
    struct btree tree;
    struct btree_cursor cursor = {0};
    uint32_t rows = 0;
    const char *path = text_of("%s/database", make_scratch_folder("catalog_row"));
    copy_shared_file(relative, path);
    assert_int_equal(open_file(path, &o), JET_errSuccess);
    uint32_t page_size = o.db->page_size;
    assert_int_equal(btree_open(o.db->pages, shadow ? CATALOG_SHADOW_ROOT : CATALOG_ROOT, shadow ? CATALOG_SHADOW_OBJID : CATALOG_OBJID, &tree), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&tree, &cursor), JET_errSuccess);
    uint8_t *again = malloc(page_size);
    for (JET_ERR err = btree_first(&cursor); err != JET_errNoCurrentRecord; err = btree_next(&cursor), rows++) {
        struct node node;
        struct catalog_row row;
        uint32_t size;
        uint8_t key[CATALOG_KEY_SIZE];
        assert_int_equal(err, JET_errSuccess);
        assert_int_equal(btree_cursor_get(&cursor, &node), JET_errSuccess);
        assert_int_equal(catalog_row_decode(node.data, page_size, NULL, &row), JET_errSuccess);
        /* callback data is only carried over with the tagged part: such rows cannot do without it */
        if (without_tagged && !(row.type == CATALOG_ROW_COLUMN && row.template_name.data != NULL))
            row.tagged = (struct span){NULL, 0};
        assert_int_equal(catalog_row_encode(&row, page_size, again, page_size, &size), JET_errSuccess);
        assert_int_equal(size, node.data.size);
        assert_memory_equal(again, node.data.data, size);
        size = catalog_row_key(row.objid_table, row.type, row.id, key);
        assert_int_equal(size, btree_cursor_key(&cursor).size);
        assert_memory_equal(key, btree_cursor_key(&cursor).data, size);
        catalog_row_free(&row);
        btree_cursor_release(&cursor);
    }
    free(again);
    btree_cursor_close(&cursor);
    close_file(&o);
    return rows;
}

static void every_row_of_real_files_is_written_again_byte_for_byte(void **state)
{
    uint32_t rows = 0;
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        uint32_t of_file = rows_of(files[i], false, false);
        assert_int_equal(rows_of(files[i], true, false), of_file);
        assert_int_equal(rows_of(files[i], false, true), of_file);
        rows += of_file;
    }
    assert_true(rows > 1000);
}

static void the_keys_of_the_name_indexes_are_those_of_real_files(void **state)
{
    struct opened o;
    struct btree names, tables;
    struct btree_cursor by_name = {0}, by_table = {0}, cursor = {0};
    struct btree tree;
    (void)state;
    require_shared_data();
    const char *path = text_of("%s/database", make_scratch_folder("catalog_row"));
    copy_shared_file("engine/clean_4k/data.edb", path);
    assert_int_equal(open_file(path, &o), JET_errSuccess);
    assert_int_equal(btree_open(o.db->pages, CATALOG_NAME_ROOT, 0, &names), JET_errSuccess);
    assert_int_equal(btree_open(o.db->pages, CATALOG_TABLES_ROOT, 0, &tables), JET_errSuccess);
    assert_int_equal(btree_open(o.db->pages, CATALOG_ROOT, 0, &tree), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&names, &by_name), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&tables, &by_table), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&tree, &cursor), JET_errSuccess);
    for (JET_ERR err = btree_first(&cursor); err != JET_errNoCurrentRecord; err = btree_next(&cursor)) {
        struct node node;
        struct catalog_row row;
        uint8_t key[CATALOG_NAME_KEY_MOST];
        assert_int_equal(err, JET_errSuccess);
        assert_int_equal(btree_cursor_get(&cursor, &node), JET_errSuccess);
        assert_int_equal(catalog_row_decode(node.data, o.db->page_size, NULL, &row), JET_errSuccess);
        assert_int_equal(btree_seek(&by_name, span_of(key, catalog_row_name_key(row.objid_table, row.type, row.name, key)), BTREE_SEEK_EQ), JET_errSuccess);
        if (row.type == CATALOG_ROW_TABLE)
            assert_int_equal(btree_seek(&by_table, span_of(key, catalog_table_name_key(row.name, key)), BTREE_SEEK_EQ), JET_errSuccess);
        catalog_row_free(&row);
        btree_cursor_release(&cursor);
    }
    btree_cursor_close(&by_name);
    btree_cursor_close(&by_table);
    btree_cursor_close(&cursor);
    close_file(&o);
}

static void a_row_that_does_not_fit_is_refused(void **state)
{
    uint8_t name[64] = {'x'}, bytes[200], big[1000] = {0};
    uint32_t size;
    struct catalog_row row = {.objid_table = 8, .type = 2, .id = 1, .name = span_of(name, 1), .default_value = span_of(big, sizeof big)};
    (void)state;
    assert_int_equal(catalog_row_encode(&row, 4096, bytes, sizeof bytes, &size), JET_errRecordTooBig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_real_files_is_written_again_byte_for_byte),
        cmocka_unit_test(the_keys_of_the_name_indexes_are_those_of_real_files),
        cmocka_unit_test(a_row_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
