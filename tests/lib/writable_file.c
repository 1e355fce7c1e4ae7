/* A database open for changing (writable_file.h). */
#include "writable_file.h"

#include <stdio.h>
#include <string.h>

#include "btree/extent.h"
#include "check/check.h"
#include "cmocka_all.h"
#include "shared_data.h"

enum { PAGES = 46 };

static void make(uint32_t page_size, bool has_no_shadow, struct writable *w)
{
    memset(w, 0, sizeof *w);
    w->path = text_of("%s/new.edb", make_scratch_folder("writable"));
    struct database_create_config create = {.fs = os_fs_posix(), .path = w->path, .page_size = page_size, .dbid = 1, .last_page = PAGES, .has_no_shadow_catalog = has_no_shadow};
    assert_int_equal(database_create_file(&create), JET_errSuccess);
    struct cache_config cache = {.page_size = page_size, .bytes_min = 256u * page_size, .bytes_max = 64u << 20};
    assert_int_equal(cache_create(&cache, &w->cache), JET_errSuccess);
    struct database_open_config open = {.fs = os_fs_posix(), .cache = w->cache, .path = w->path, .page_size = page_size, .dbid = 1};
    assert_int_equal(database_open(&open, &w->db), JET_errSuccess);
    struct version_store_config store = {.bytes_max = 64u << 20};
    assert_int_equal(version_store_create(&store, &w->versions), JET_errSuccess);
    w->db->versions = w->versions;
    w->db->extension_pages = 16;
    struct txn_cleaner_config cleaner = {.store = w->versions};
    assert_int_equal(txn_cleaner_start(&cleaner, &w->cleaner), JET_errSuccess);
    assert_int_equal(transaction_open(&w->t, w->versions, NULL, 0), JET_errSuccess);
    assert_int_equal(transaction_open(&w->other, w->versions, NULL, 1), JET_errSuccess);
    assert_int_equal(txn_begin(&w->t), JET_errSuccess);
    assert_int_equal(space_create_root(&w->t, w->db, PAGES), JET_errSuccess);
    assert_int_equal(catalog_create(&w->t, w->db), JET_errSuccess);
    assert_int_equal(txn_commit(&w->t, true, NULL), JET_errSuccess);
    assert_int_equal(database_mark_created(w->db), JET_errSuccess);
    assert_int_equal(catalog_open(w->db, &w->catalog), JET_errSuccess);
}

void make_writable(uint32_t page_size, struct writable *w) { make(page_size, false, w); }
void make_writable_without_shadow(uint32_t page_size, struct writable *w) { make(page_size, true, w); }

void close_writable(struct writable *w)
{
    assert_int_equal(txn_clean_now(w->cleaner), JET_errSuccess);
    txn_cleaner_stop(w->cleaner);
    transaction_close(&w->t);
    transaction_close(&w->other);
    assert_int_equal(database_mark_clean(w->db, 0, (struct log_time){{0}}), JET_errSuccess);
    database_close(w->db);
    cache_destroy(w->cache);
    version_store_destroy(w->versions);
}

static void print_finding(void *context, const struct check_finding *finding)
{
    (void)context;
    printf("%s page %u objid %u %s %s: %s\n", finding->severity == CHECK_ERROR ? "error" : "note", finding->page_no, finding->objid, finding->table, finding->object, finding->text);
}

void verify_writable(struct writable *w, uint64_t *lost)
{
    struct check_report report;
    struct check_callbacks callbacks = {.finding = print_finding};
    assert_int_equal(txn_clean_now(w->cleaner), JET_errSuccess);
    assert_int_equal(cache_flush_file(w->db->pages), JET_errSuccess);
    struct check_options options = {.weights = catalog_weights(w->catalog)};
    assert_int_equal(check_database(w->db, &options, &callbacks, &report), JET_errSuccess);
    assert_int_equal(report.errors, 0);
    *lost = report.pages_lost;
}
