/* Space of databases that the original engine has written: trees with its split buffers, flag-deleted entries and lent pages take pages, give them back, and the whole
 * database checks as before. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "btree/extent.h"
#include "btree/update.h"
#include "catalog/catalog.h"
#include "check/check.h"
#include "mvcc/version_store.h"
#include "page_builder.h"
#include "shared_data.h"

enum { ROOTS_MAX = 1000, TAKEN_MAX = 4000, ROUNDS = 3000 };

struct foreign {
    struct cache *cache;
    struct database *db;
    struct version_store *versions;
    struct transaction t;
    page_no_t roots[ROOTS_MAX];
    uint32_t root_count;
    struct { page_no_t page_no; uint32_t root; } taken[TAKEN_MAX];
    uint32_t taken_count;
};

static void add_root(struct foreign *f, page_no_t root)
{
    if (root != 0 && f->root_count < ROOTS_MAX)
        f->roots[f->root_count++] = root;
}

static JET_ERR add_table(void *context, const struct catalog_table *table)
{
    struct foreign *f = context;
    add_root(f, table->schema->root);
    add_root(f, table->schema->lv_root);
    for (uint32_t i = 0; i < table->schema->index_count; i++) {
        if (table->schema->indexes[i].root != table->schema->root)
            add_root(f, table->schema->indexes[i].root);
    }
    return JET_errSuccess;
}

static void note(void *context, const struct check_finding *finding)
{
    (void)context;
    if (finding->severity == CHECK_ERROR)
        print_message("page %u %s %s: %s\n", finding->page_no, finding->table, finding->object, finding->text);
}

static struct check_report check(struct foreign *f)
{
    struct check_report report;
    const struct check_callbacks callbacks = {.finding = note};
    f->db->header.dbtime = atomic_load(&f->db->dbtime_last); /* as a detach would write it */
    assert_int_equal(check_database(f->db, NULL, &callbacks, &report), 0);
    return report;
}

static void open_foreign(struct foreign *f, const char *name)
{
    const char *path = text_of("%s/data.edb", make_scratch_folder("foreign"));
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    struct catalog *catalog;
    memset(f, 0, sizeof *f);
    copy_shared_file(name, path);
    assert_int_equal(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL), 0);
    const struct cache_config cache_config = {.page_size = page_size, .bytes_max = 256u << 20};
    assert_int_equal(cache_create(&cache_config, &f->cache), 0);
    const struct database_open_config config = {.fs = os_fs_posix(), .cache = f->cache, .path = path, .page_size = page_size, .dbid = 1};
    assert_int_equal(database_open(&config, &f->db), 0);
    const struct version_store_config version_config = {.bytes_max = 1 << 20};
    assert_int_equal(version_store_create(&version_config, &f->versions), 0);
    f->db->versions = f->versions;
    f->db->extension_pages = 16;
    atomic_store(&f->db->dbtime_last, header.dbtime);
    assert_int_equal(transaction_open(&f->t, f->versions, NULL, 5), 0);
    f->t.level = 1;
    page_no_t last = 0;
    assert_int_equal(space_last_owned_page(f->db->pages, &last), 0);
    f->db->last_owned_page = last;
    assert_int_equal(catalog_open(f->db, &catalog), 0);
    assert_int_equal(catalog_visit_tables(catalog, add_table, f), 0);
    assert_true(f->root_count > 0);
}

static void close_foreign(struct foreign *f)
{
    f->t.level = 0;
    transaction_close(&f->t);
    cache_file_discard(f->db->pages);
    database_close(f->db);
    cache_destroy(f->cache);
    version_store_destroy(f->versions);
}

static void take_and_give(const char *name, uint64_t *random)
{
    static struct foreign f;
    open_foreign(&f, name);
    struct check_report before = check(&f);
    assert_int_equal(before.errors, 0);
    for (uint32_t i = 0; i < ROUNDS || f.taken_count > 0; i++) {
        struct btree tree;
        if (i < ROUNDS && test_random_below(random, 100) < 60 && f.taken_count < TAKEN_MAX) {
            uint32_t r = test_random_below(random, f.root_count);
            page_no_t page_no;
            assert_int_equal(btree_open_writable(f.db, f.roots[r], 0, &tree), 0);
            assert_int_equal(space_allocate(&f.t, &tree, f.roots[r], &page_no), 0);
            for (uint32_t k = 0; k < f.taken_count; k++)
                assert_int_not_equal(f.taken[k].page_no, page_no);
            f.taken[f.taken_count].page_no = page_no;
            f.taken[f.taken_count++].root = f.roots[r];
        } else if (f.taken_count > 0) {
            uint32_t k = test_random_below(random, f.taken_count);
            assert_int_equal(btree_open_writable(f.db, f.taken[k].root, 0, &tree), 0);
            assert_int_equal(space_free(&f.t, &tree, f.taken[k].page_no), 0);
            f.taken[k] = f.taken[--f.taken_count];
        }
        if (i == ROUNDS / 2) { /* what is taken and in no tree is all there is to find */
            struct check_report now = check(&f);
            assert_int_equal(now.pages_lost, before.pages_lost + f.taken_count);
            assert_int_equal(now.errors, 0);
        }
    }
    struct check_report after = check(&f);
    assert_int_equal(after.errors, 0);
    assert_int_equal(after.pages_lost, before.pages_lost);
    assert_int_equal(after.records, before.records);
    close_foreign(&f);
}

static void foreign_trees_take_pages_and_give_them_back(void **state)
{
    (void)state;
    require_shared_data();
    static const char *const FILES[] = {"engine/features-space-4k/grow.edb", "engine/features-space-4k/grow-delete.edb", "engine/features-space-4k/many-tables.edb",
                                        "engine/clean_4k/data.edb", "engine/clean_8k/data.edb", "engine/clean_16k/data.edb", "engine/clean_32k/data.edb",
                                        "windows/catroot-w10/catdb", "windows/qmgr-w11-24h2/qmgr.db"};
    uint64_t random = (getenv("TEST_SEED") != NULL ? strtoull(getenv("TEST_SEED"), NULL, 0) : (uint64_t)time(NULL) * 2654435761u) | 1;
    printf("seed %llu\n", (unsigned long long)random);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        print_message("%s\n", FILES[i]);
        take_and_give(FILES[i], &random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(foreign_trees_take_pages_and_give_them_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
