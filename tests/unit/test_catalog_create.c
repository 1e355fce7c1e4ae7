/* The system tables of a new database: at every page size sound, and the same rows at the same places as those of the original engine. */
#include "cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/row.h"
#include "opened_file.h"
#include "shared_data.h"
#include "writable_file.h"

static const uint32_t page_sizes[] = {4096, 8192, 16384, 32768};

struct rows {
    uint8_t *bytes;
    uint32_t used, count;
};

/* Every node of a tree, key and data; but for column 13 of the catalog itself, which the engine that wrote the samples adds and older ones do not know. */
static void collect(struct database *db, page_no_t root, bool is_catalog, bool is_name_index, struct rows *out)
{
    struct btree tree;
    struct btree_cursor cursor = {0};
    *out = (struct rows){.bytes = malloc(1u << 20)};
    assert_int_equal(btree_open(db->pages, root, 0, &tree), JET_errSuccess);
    assert_int_equal(btree_cursor_open(&tree, &cursor), JET_errSuccess);
    for (JET_ERR err = btree_first(&cursor); err != JET_errNoCurrentRecord; err = btree_next(&cursor)) {
        struct node node;
        struct catalog_row row;
        assert_int_equal(err, JET_errSuccess);
        assert_int_equal(btree_cursor_get(&cursor, &node), JET_errSuccess);
        struct span key = btree_cursor_key(&cursor);
        bool is_newer = false;
        if (is_catalog) {
            assert_int_equal(catalog_row_decode(node.data, db->page_size, NULL, &row), JET_errSuccess);
            is_newer = row.type == CATALOG_ROW_COLUMN && row.id == 13;
            catalog_row_free(&row);
        }
        if (is_name_index)
            is_newer = key.size > 19 && memcmp(key.data + key.size - 19, "PGNOFDPLASTSETTIME", 18) == 0;
        if (!is_newer) {
            memcpy(out->bytes + out->used, key.data, key.size);
            memcpy(out->bytes + out->used + key.size, node.data.data, node.data.size);
            out->used += key.size + node.data.size;
            out->count++;
        }
        btree_cursor_release(&cursor);
    }
    btree_cursor_close(&cursor);
}

static void the_rows_are_those_of_the_original_engine(void **state)
{
    static const struct {
        page_no_t root;
        bool is_catalog, is_names;
        uint32_t rows;
    } trees[] = {{4, true, false, 72}, {24, true, false, 72}, {7, false, true, 72}, {10, false, false, 4}, {29, false, false, 6}, {30, false, false, 7}};
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < sizeof page_sizes / sizeof *page_sizes; i++) {
        struct writable w;
        struct opened o;
        const char *path = text_of("%s/database", make_scratch_folder("sample"));
        copy_shared_file(text_of("engine/features-empty/new-%uk-efv8920.edb", page_sizes[i] / 1024), path);
        assert_int_equal(open_file(path, &o), JET_errSuccess);
        make_writable(page_sizes[i], &w);
        for (size_t k = 0; k < sizeof trees / sizeof *trees; k++) {
            struct rows ours, theirs;
            collect(w.db, trees[k].root, trees[k].is_catalog, trees[k].is_names, &ours);
            collect(o.db, trees[k].root, trees[k].is_catalog, trees[k].is_names, &theirs);
            assert_int_equal(ours.count, trees[k].rows);
            assert_int_equal(theirs.count, trees[k].rows);
            assert_int_equal(ours.used, theirs.used);
            assert_memory_equal(ours.bytes, theirs.bytes, ours.used);
            free(ours.bytes);
            free(theirs.bytes);
        }
        close_writable(&w);
        close_file(&o);
    }
}

static void the_space_of_the_system_tables_is_that_of_the_original_engine(void **state)
{
    static const page_no_t roots[] = {4, 7, 10, 24, 29, 30};
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < sizeof page_sizes / sizeof *page_sizes; i++) {
        struct writable w;
        struct opened o;
        const char *path = text_of("%s/database", make_scratch_folder("sample"));
        copy_shared_file(text_of("engine/features-empty/new-%uk-efv8920.edb", page_sizes[i] / 1024), path);
        assert_int_equal(open_file(path, &o), JET_errSuccess);
        make_writable(page_sizes[i], &w);
        for (size_t k = 0; k < sizeof roots / sizeof *roots; k++) {
            uint32_t owned, available, owned_there, available_there;
            struct space_header here, there;
            assert_int_equal(space_header_read(w.db->pages, roots[k], &here), JET_errSuccess);
            assert_int_equal(space_header_read(o.db->pages, roots[k], &there), JET_errSuccess);
            assert_int_equal(here.parent, there.parent);
            assert_int_equal(here.primary_pages, there.primary_pages);
            assert_int_equal(space_count(w.db->pages, roots[k], &owned, &available), JET_errSuccess);
            assert_int_equal(space_count(o.db->pages, roots[k], &owned_there, &available_there), JET_errSuccess);
            if (roots[k] >= 24 || page_sizes[i] > 4096)
                assert_int_equal(owned, owned_there); /* with small pages the first splits take space, and when is nobody's business */
        }
        close_writable(&w);
        close_file(&o);
    }
}

static void a_new_database_is_sound_at_every_page_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof page_sizes / sizeof *page_sizes; i++) {
        struct writable w;
        struct opened o;
        const struct table_schema *table;
        uint64_t lost;
        make_writable(page_sizes[i], &w);
        verify_writable(&w, &lost);
        assert_int_equal(lost, 0);
        assert_int_equal(atomic_load(&w.db->objid_last), 7);
        const char *path = w.path;
        close_writable(&w);
        assert_int_equal(open_file(path, &o), JET_errSuccess);
        assert_int_equal(catalog_find_table(o.catalog, "MSysObjects", &table), JET_errSuccess);
        assert_int_equal(table->column_count, 28);
        assert_int_equal(table->index_count, 3);
        catalog_release_table(o.catalog, table);
        close_file(&o);
    }
}

static void a_database_can_do_without_the_shadow(void **state)
{
    struct writable w;
    const struct table_schema *table;
    uint64_t lost;
    (void)state;
    make_writable_without_shadow(8192, &w);
    assert_int_equal(catalog_find_table(w.catalog, "MSysObjectsShadow", &table), JET_errObjectNotFound);
    struct table_definition one = {.name = "One"};
    assert_int_equal(txn_begin(&w.t), JET_errSuccess);
    assert_int_equal(catalog_create_table(&w.t, w.catalog, &one), JET_errSuccess);
    assert_int_equal(txn_commit(&w.t, true, NULL), JET_errSuccess);
    verify_writable(&w, &lost);
    assert_int_equal(lost, 0);
    close_writable(&w);
}

/* Not a measurement, a guard: making a table may not take longer the more there are. */
static void a_thousand_tables_are_made_and_found(void **state)
{
    struct writable w;
    uint64_t lost;
    (void)state;
    make_writable(4096, &w);
    for (unsigned i = 0; i < 1000; i++) {
        struct table_definition table = {.name = text_of("Table%u", i)};
        if (i % 10 == 0)
            assert_int_equal(txn_begin(&w.t), JET_errSuccess);
        assert_int_equal(catalog_create_table(&w.t, w.catalog, &table), JET_errSuccess);
        if (i % 10 == 9)
            assert_int_equal(txn_commit(&w.t, true, NULL), JET_errSuccess);
    }
    for (unsigned i = 0; i < 1000; i++) {
        const struct table_schema *table;
        assert_int_equal(catalog_find_table(w.catalog, text_of("TABLE%u", i), &table), JET_errSuccess);
        assert_int_equal(table->objid, 8 + i);
        catalog_release_table(w.catalog, table);
    }
    verify_writable(&w, &lost);
    assert_int_equal(lost, 0);
    close_writable(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_database_is_sound_at_every_page_size),
        cmocka_unit_test(the_rows_are_those_of_the_original_engine),
        cmocka_unit_test(the_space_of_the_system_tables_is_that_of_the_original_engine),
        cmocka_unit_test(a_database_can_do_without_the_shadow),
        cmocka_unit_test(a_thousand_tables_are_made_and_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
