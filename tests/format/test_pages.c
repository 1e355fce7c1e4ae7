/* Every page of every real database: verdict and header fields against data/windows/<set>/expected/<db>.pages.tsv, structure of every page that
 * verifies, and all pages of the databases under data/engine. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "expectations.h"
#include "format/checksum.h"
#include "format/db_header.h"
#include "format/page.h"
#include "shared_data.h"

struct database_bytes {
    unsigned char *bytes;
    unsigned long long size;
    uint32_t page_size;
    struct db_header header;
};

static uint32_t find_page_size(const unsigned char *bytes, unsigned long long size)
{
    for (uint32_t candidate = PAGE_SIZE_MIN; candidate <= PAGE_SIZE_MAX; candidate *= 2)
        if ((candidate <= size && db_header_is_valid(bytes, candidate)) || (2ull * candidate <= size && db_header_is_valid(bytes + candidate, candidate)))
            return candidate;
    return 0;
}

/* Reads a database of the shared data (path without .zst or .gz). */
static struct database_bytes read_database(const char *relative_path)
{
    static const char *target;
    if (target == NULL)
        target = text_of("%s/database", make_scratch_folder("pages"));
    unlink(target);
    copy_shared_file(relative_path, target);
    struct database_bytes db = {.bytes = NULL};
    db.bytes = read_whole_file(target, &db.size);
    db.page_size = find_page_size(db.bytes, db.size);
    if (db.page_size == 0)
        fail_msg("%s: no valid header", relative_path);
    const unsigned char *header = db_header_is_valid(db.bytes, db.page_size) ? db.bytes : db.bytes + db.page_size;
    assert_int_equal(db_header_decode(header, db.page_size, &db.header), JET_errSuccess);
    return db;
}

static const char *verdict_text(const struct checksum_result *result)
{
    switch (result->verdict) {
    case CHECKSUM_OK:
        return result->is_old_format ? "ok-old" : "ok";
    case CHECKSUM_ZERO:
        return "zero";
    case CHECKSUM_REPAIRED:
        return "repaired";
    case CHECKSUM_BAD:
        break;
    }
    return result->is_old_format ? "BAD-old" : "BAD";
}

struct expected_page {
    unsigned long index, page_no;
    char verdict[16];
    unsigned long long dbtime;
    unsigned long previous, next, objid, free_bytes, flags;
};

static int count_pages_compared, count_pages_checked;

/* Every accessor on every node; the sum keeps the reads alive. */
static uint32_t touch_nodes(const struct page_view *view)
{
    uint32_t sum = 0;
    uint8_t key[2 * 8192];
    for (uint32_t i = 0; i < page_node_count(view); i++) {
        struct node n = page_node(view, i);
        assert_true(node_key_size(&n) <= sizeof key);
        uint32_t size = node_copy_key(&n, key);
        assert_int_equal(node_compare_key(&n, span_of(key, size)), 0);
        assert_int_equal(node_compare_bookmark(&n, span_of(key, size), n.data), 0);
        sum += n.data.data[n.data.size - 1];
    }
    return sum;
}

static void check_structure(const char *name, const uint8_t *page, uint32_t page_size, page_no_t page_no)
{
    struct page_view view;
    const char *why = NULL;
    if (page_view_init(&view, page, page_size, page_no, &why) != JET_errSuccess)
        fail_msg("%s page %u: %s", name, page_no, why);
    touch_nodes(&view);
    if (page_check(page, page_size, page_no, &why) != JET_errSuccess)
        fail_msg("%s page %u: %s", name, page_no, why);
    assert_null(why);
    if (page_is_root(&view) && (page_flags(&view) & (PAGE_FLAG_SPACE_TREE | PAGE_FLAG_EMPTY)) == 0) {
        struct space_header space;
        assert_int_equal(space_header_decode(page_external_header(&view), &space), JET_errSuccess);
    }
    count_pages_checked++;
}

static void compare_line(const char *name, const struct database_bytes *db, const struct expected_page *e, uint8_t *scratch)
{
    assert_true((e->index + 1) * db->page_size <= db->size);
    memcpy(scratch, db->bytes + e->index * db->page_size, db->page_size);
    page_no_t page_no = (page_no_t)e->page_no;
    assert_int_equal(page_file_offset(page_no, db->page_size), e->index * db->page_size);
    struct checksum_result result = checksum_verify_page(scratch, db->page_size, page_no, false);
    if (strcmp(verdict_text(&result), e->verdict) != 0)
        fail_msg("%s page %u: verdict %s, expected %s", name, page_no, verdict_text(&result), e->verdict);
    struct page_view view = {scratch, db->page_size, page_no, 0, 0};
    assert_int_equal(page_dbtime(&view), e->dbtime);
    assert_int_equal(page_previous(&view), e->previous);
    assert_int_equal(page_next(&view), e->next);
    assert_int_equal(page_objid(&view), e->objid);
    assert_int_equal(page_free_bytes(&view), e->free_bytes);
    assert_int_equal(page_flags(&view), e->flags);
    count_pages_compared++;
    if (result.verdict == CHECKSUM_OK) {
        check_structure(name, scratch, db->page_size, page_no);
        uint8_t stored[PAGE_SIZE_MAX];
        memcpy(stored, scratch, db->page_size);
        memset(stored, 0xA5, 8);
        checksum_store_page(stored, db->page_size, page_no);
        assert_memory_equal(stored, scratch, db->page_size);
    } else if (result.verdict == CHECKSUM_ZERO) {
        assert_int_equal(page_view_init(&view, scratch, db->page_size, page_no, NULL), JET_errPageNotInitialized);
    }
}

static void compare_database(void *context, const struct shared_file *expectation)
{
    const char *name = expectation->name;
    struct database_bytes db = read_database(windows_database_path(expectation->set, name));
    struct expectations expected;
    (void)context;
    assert_true(expectations_open(expectation->path, true, &expected));
    uint8_t *scratch = (uint8_t *)malloc(PAGE_SIZE_MAX);
    assert_non_null(scratch);
    char *line, number[32];
    int lines = 0;
    while ((line = expectations_next(&expected)) != NULL) {
        struct expected_page e = {.index = 0};
        assert_true(sscanf(line, "%lu\t%31s\t%15s", &e.index, number, e.verdict) == 3);
        lines++;
        if (strstr(number, "header") != NULL) {
            bool is_valid = db_header_is_valid(db.bytes + e.index * db.page_size, db.page_size);
            assert_int_equal(is_valid, strcmp(e.verdict, "ok") == 0);
            continue;
        }
        e.page_no = strtoul(number, NULL, 10);
        int count = sscanf(line, "%*u\t%*u\t%*s\t%llu\t%lu\t%lu\t%lu\t%lu\t%lx", &e.dbtime, &e.previous, &e.next, &e.objid, &e.free_bytes, &e.flags);
        assert_true(count == 6 || strcmp(e.verdict, "zero") == 0);
        compare_line(name, &db, &e, scratch);
    }
    assert_int_equal((unsigned long long)lines * db.page_size, db.size - db.size % db.page_size);
    expectations_close(&expected);
    free(scratch);
    free(db.bytes);
}

static void every_page_of_the_windows_databases_reads_as_expected(void **state)
{
    (void)state;
    unsigned databases = visit_shared_files("windows", "expected", ".pages.tsv", compare_database, NULL);
    print_message("%u databases, %d pages compared, %d checked in structure\n", databases, count_pages_compared, count_pages_checked);
    assert_true(is_only_one_set() || databases >= 37);
}

/* Collects the .edb files below folder, names without .zst and .gz. */
static int verify_engine_databases(const char *folder, const char *relative)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), databases = 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name, *path = text_of("%s/%s", folder, name), *end = strstr(name, ".edb");
        struct stat info;
        if (name[0] != '.' && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
            databases += verify_engine_databases(path, text_of("%s/%s", relative, name));
        else if (end != NULL && (strcmp(end, ".edb") == 0 || strcmp(end, ".edb.zst") == 0 || strcmp(end, ".edb.gz") == 0)) {
            const char *plain = text_of("%s/%.*s", relative, (int)(end - name) + 4, name);
            struct database_bytes db = read_database(plain);
            unsigned long long pages = db.size / db.page_size;
            /* A copy inside a backup ends with a trailer, which is no page. */
            bool has_trailer = db.header.backup_full_current.gen_low != 0;
            for (page_no_t page_no = 1; page_no + 1 < pages - (has_trailer ? 1u : 0u); page_no++) {
                uint8_t *page = db.bytes + page_file_offset(page_no, db.page_size);
                struct checksum_result result = checksum_verify_page(page, db.page_size, page_no, true);
                if (result.verdict == CHECKSUM_ZERO)
                    continue;
                if (result.verdict != CHECKSUM_OK)
                    fail_msg("%s page %u: %s", plain, page_no, verdict_text(&result));
                check_structure(plain, page, db.page_size, page_no);
            }
            free(db.bytes);
            databases++;
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return databases;
}

static void every_page_of_the_engine_databases_verifies(void **state)
{
    (void)state;
    int before = count_pages_checked;
    int databases = verify_engine_databases(text_of("%s/engine", require_shared_data()), "engine");
    print_message("%d databases, %d pages\n", databases, count_pages_checked - before);
    assert_true(databases >= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_of_the_windows_databases_reads_as_expected),
        cmocka_unit_test(every_page_of_the_engine_databases_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
