/* The integrity check: sound databases have no findings; each kind of damage, put into a copy of a sound one, is found and named; no
 * damage, however arranged, makes it crash or run on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "catalog/catalog.h"
#include "check/check.h"
#include "shared_data.h"

/* A database file in memory that can be edited page by page and checked. */
struct image {
    unsigned char *bytes;
    unsigned long long size;
    uint32_t page_size;
    const char *path; /* scratch file for checks */
};

struct outcome {
    JET_ERR err;
    struct check_report report;
    char texts[16][256]; /* of errors and warnings */
    JET_ERR errors[16];
    page_no_t pages[16];
    int count;
    uint32_t progress_calls;
    JET_ERR stop_with; /* what progress answers */
};

static void note_finding(void *context, const struct check_finding *finding)
{
    struct outcome *outcome = (struct outcome *)context;
    assert_non_null(finding->file);
    if (finding->severity == CHECK_NOTE || outcome->count == 16)
        return;
    snprintf(outcome->texts[outcome->count], sizeof outcome->texts[0], "%s|%s|%s", finding->table, finding->object, finding->text);
    outcome->errors[outcome->count] = finding->error;
    outcome->pages[outcome->count++] = finding->page_no;
}

static JET_ERR note_progress(void *context, uint64_t done, uint64_t total, const char *object)
{
    struct outcome *outcome = (struct outcome *)context;
    assert_true(done <= total);
    assert_non_null(object);
    outcome->progress_calls++;
    return outcome->stop_with;
}

static JET_ERR check_file(const char *path, struct outcome *outcome)
{
    JET_ERR err = JET_errSuccess;
    struct db_header header;
    uint32_t page_size;
    bool used_shadow;
    struct cache *cache = NULL;
    struct database *db = NULL;
    struct check_callbacks callbacks = {note_progress, note_finding, outcome};
    TRY(database_read_header(os_fs_posix(), path, &header, &page_size, &used_shadow, NULL));
    struct cache_config cache_config = {.page_size = page_size, .bytes_min = 64ull * page_size, .bytes_max = 64ull * page_size};
    TRY(cache_create(&cache_config, &cache));
    struct database_open_config config = {.fs = os_fs_posix(), .cache = cache, .path = path, .page_size = page_size, .dbid = 1, .read_only = true};
    TRY(database_open(&config, &db));
    err = check_database(db, NULL, &callbacks, &outcome->report);
done:
    database_close(db);
    cache_destroy(cache);
    return err;
}

static struct image load(const char *relative_path, uint32_t page_size)
{
    struct image image = {.page_size = page_size};
    const char *folder = make_scratch_folder("check"), *base = text_of("%s/base", folder);
    image.path = text_of("%s/db", folder);
    copy_shared_file(relative_path, base);
    image.bytes = read_whole_file(base, &image.size);
    return image;
}

static struct image load_sample(void)
{
    require_shared_data();
    return load("engine/clean_4k/data.edb", 4096);
}

static page_no_t last_page(const struct image *image) { return (page_no_t)(image->size / image->page_size) - 2; }
static uint8_t *page_at(struct image *image, page_no_t page_no) { return image->bytes + page_file_offset(page_no, image->page_size); }
static void seal(struct image *image, page_no_t page_no) { checksum_store_page(page_at(image, page_no), image->page_size, page_no); }
static uint32_t flags_at(struct image *image, page_no_t page_no) { return load_le32(page_at(image, page_no) + 36); }

static struct page_view view_at(struct image *image, page_no_t page_no)
{
    struct page_view view = {NULL, 0, 0, 0, 0};
    if (page_view_init(&view, page_at(image, page_no), image->page_size, page_no, NULL) < 0)
        view = (struct page_view){NULL, 0, 0, 0, 0};
    return view;
}

/* The first page with these of the masked flags and at least that many nodes. */
static page_no_t find_page(struct image *image, uint32_t mask, uint32_t wanted, uint32_t nodes)
{
    for (page_no_t p = 31; p <= last_page(image); p++) {
        struct page_view view = view_at(image, p);
        if (view.bytes != NULL && (page_flags(&view) & mask) == wanted && page_node_count(&view) >= nodes)
            return p;
    }
    fail_msg("no such page");
    return 0;
}
enum { KIND = PAGE_FLAG_SPACE_TREE | PAGE_FLAG_INDEX | PAGE_FLAG_LONG_VALUE | PAGE_FLAG_EMPTY };

static struct outcome *check_image(struct image *image)
{
    static struct outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    write_whole_file(image->path, image->bytes, image->size);
    outcome.err = check_file(image->path, &outcome);
    return &outcome;
}

/* error 0: any. */
static bool has_finding(const struct outcome *outcome, JET_ERR error, const char *text)
{
    for (int i = 0; i < outcome->count; i++)
        if ((error == 0 || outcome->errors[i] == error) && strstr(outcome->texts[i], text) != NULL)
            return true;
    return false;
}

static void expect_finding(const struct outcome *outcome, JET_ERR error, const char *text)
{
    assert_int_equal(outcome->err, JET_errSuccess);
    if (!has_finding(outcome, error, text)) {
        for (int i = 0; i < outcome->count; i++)
            print_message("  found %d: %s\n", (int)outcome->errors[i], outcome->texts[i]);
        fail_msg("no finding %d '%s'", (int)error, text);
    }
}

/* --- sound databases --- */

static void sound_databases_have_no_findings(void **state)
{
    (void)state;
    require_shared_data();
    static const char *const sound[] = {
        "engine/clean_4k/data.edb", "engine/clean_8k/data.edb", "engine/clean_16k/data.edb", "engine/clean_32k/data.edb", "engine/clean_4k_win10/data.edb",
        "engine/crash_4k_partial/after/data.edb", "engine/crash_8k_ddl/after/data.edb", "engine/crash_32k/after/data.edb", "engine/backup_4k/restored_full/data.edb",
        "engine/features-records-4k/records.edb", "engine/features-records-16k/records.edb", "engine/features-keys-4k/keys.edb", "engine/features-keys-16k/keys.edb",
        "engine/features-new-format-4k/records.edb", "engine/features-maxrec/maxrec-16k.edb", "engine/features-space-4k/grow.edb",
        "engine/features-space-4k/grow-delete.edb", "engine/features-space-4k/many-tables.edb", "engine/features-catalog-4k/defrag-table.edb",
        "engine/features-catalog-4k/deferred-index.edb", "engine/features-empty/new-32k-efv8920.edb", "engine/features-empty/new-8k-efv9600.edb",
        "windows/adlds-server2008/adamntds.dit", "windows/catroot-w10/catdb", "windows/lv-compression-a/test1.edb", "windows/lv-compression-a/decompress_test.edb",
        "windows/qmgr-w11-24h2/qmgr.db", "windows/secedit-w10-22h2/secedit.sdb", "windows/secedit-w11-23h2-cis/policy/secedit.sdb",
        "windows/secedit-w11-24h2-a/secedit.sdb", "windows/srum-server2022-day0/SRUDB.dat", "windows/srum-w10-1809-belkasoft/repaired/SRUDB.dat",
        "windows/srum-w10-1809-dissect/SRUDB.dat", "windows/types-32k-large/large.edb", "windows/types-4k/basic.edb", "windows/types-4k/default.edb",
        "windows/types-4k/multi.edb", "windows/types-4k/text.edb", "windows/ual-server2012r2/SystemIdentity.mdb", "windows/ual-server2019-hyperv/Current.mdb",
        "windows/xbim-a/OneWall.xBIM", "windows/xbim-a/BIM_Logo-LetterB.xBIM",
    };
    const char *path = text_of("%s/db", make_scratch_folder("sound"));
    uint32_t compared = 0;
    for (size_t i = 0; i < sizeof sound / sizeof sound[0]; i++) {
        struct outcome outcome;
        memset(&outcome, 0, sizeof outcome);
        remove(path);
        copy_shared_file(sound[i], path);
        assert_int_equal(check_file(path, &outcome), JET_errSuccess);
        if (outcome.report.errors + outcome.report.warnings != 0)
            fail_msg("%s: %s", sound[i], outcome.texts[0]);
        assert_int_equal(outcome.report.first_error, 0);
        assert_int_equal(outcome.report.pages_lost, 0);
        assert_true(outcome.report.tables >= 4);
        assert_int_equal(outcome.report.pages_used + outcome.report.pages_available, outcome.report.pages_owned);
        assert_true(outcome.progress_calls > 0);
        compared += outcome.report.indexes_compared;
    }
    print_message("%u indexes compared with their rows\n", compared);
    assert_true(compared > 500);
}

static void pages_of_no_object_may_be_damaged(void **state)
{
    (void)state;
    require_shared_data();
    const char *path = text_of("%s/db", make_scratch_folder("unowned"));
    struct outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    copy_shared_file("windows/srum-w10-1809-dissect/SRUDB.dat", path);
    assert_int_equal(check_file(path, &outcome), JET_errSuccess);
    assert_int_equal(outcome.report.errors, 0);
    assert_int_equal(outcome.report.notes, 16);
    assert_int_equal(outcome.report.pages_unowned_bad, 16);
    assert_int_equal(outcome.report.pages_owned, 142);
}

/* --- damage of one kind each --- */

static void one_wrong_bit_is_a_warning_two_are_an_error(void **state)
{
    (void)state;
    struct image image = load_sample();
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_LEAF | PAGE_FLAG_ROOT, PAGE_FLAG_LEAF, 2);
    page_at(&image, p)[1000] ^= 1;
    struct outcome *outcome = check_image(&image);
    expect_finding(outcome, JET_errReadVerifyFailure, "can be repaired");
    assert_int_equal(outcome->report.errors, 0);
    assert_int_equal(outcome->report.pages_repairable, 1);
    page_at(&image, p)[2000] ^= 1;
    outcome = check_image(&image);
    expect_finding(outcome, JET_errReadVerifyFailure, "page cannot be read");
    assert_int_equal(outcome->pages[0], p);
    assert_int_equal(outcome->report.first_error, JET_errReadVerifyFailure);
    assert_int_equal(outcome->report.pages_bad, 1);
    free(image.bytes);
}

static void a_blank_page_in_use_is_an_error(void **state)
{
    (void)state;
    struct image image = load_sample();
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_LEAF | PAGE_FLAG_ROOT, PAGE_FLAG_LEAF, 2);
    memset(page_at(&image, p), 0, image.page_size);
    expect_finding(check_image(&image), JET_errPageNotInitialized, "");
    free(image.bytes);
}

static void wrong_sibling_links_are_found(void **state)
{
    (void)state;
    struct image image = load_sample();
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_LEAF | PAGE_FLAG_ROOT, PAGE_FLAG_LEAF, 2);
    store_le32(page_at(&image, p) + 20, p + 1000 < last_page(&image) ? p + 1000 : 2);
    seal(&image, p);
    expect_finding(check_image(&image), JET_errBadPageLink, "next page is");
    free(image.bytes);
}

static void a_page_reached_twice_is_found_and_not_followed(void **state)
{
    (void)state;
    struct image image = load_sample();
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_PARENT_OF_LEAF, PAGE_FLAG_PARENT_OF_LEAF, 2);
    struct page_view view = view_at(&image, p);
    struct node first = page_node(&view, 0), second = page_node(&view, 1);
    store_le32(image.bytes + (second.data.data - image.bytes), node_child(&first));
    seal(&image, p);
    expect_finding(check_image(&image), JET_errBadParentPageLink, "two trees, or twice");
    /* a ring: an internal page that names an ancestor */
    store_le32(image.bytes + (second.data.data - image.bytes), CATALOG_ROOT);
    seal(&image, p);
    expect_finding(check_image(&image), JET_errBadParentPageLink, "two trees, or twice");
    store_le32(image.bytes + (second.data.data - image.bytes), 0x7000000);
    seal(&image, p);
    expect_finding(check_image(&image), JET_errBadParentPageLink, "outside the file");
    free(image.bytes);
}

static void a_page_of_another_object_is_found(void **state)
{
    (void)state;
    struct image image = load_sample();
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_LEAF | PAGE_FLAG_ROOT, PAGE_FLAG_LEAF, 2);
    store_le32(page_at(&image, p) + 24, load_le32(page_at(&image, p) + 24) + 1);
    seal(&image, p);
    expect_finding(check_image(&image), JET_errBadParentPageLink, "another object");
    free(image.bytes);
}

static void a_key_outside_its_separators_is_found(void **state)
{
    (void)state;
    struct image image = load_sample();
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_PARENT_OF_LEAF, PAGE_FLAG_PARENT_OF_LEAF, 2);
    struct page_view view = view_at(&image, p);
    struct node first = page_node(&view, 0);
    assert_true(first.suffix.size > 0);
    image.bytes[first.suffix.data - image.bytes] = 0; /* the separator sinks below all keys */
    seal(&image, p);
    expect_finding(check_image(&image), JET_errDatabaseCorrupted, "separator");
    free(image.bytes);
}

static void a_page_newer_than_the_database_is_found(void **state)
{
    (void)state;
    struct image image = load_sample();
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_LEAF | PAGE_FLAG_ROOT, PAGE_FLAG_LEAF, 2);
    store_le64(page_at(&image, p) + 8, 1ull << 40);
    seal(&image, p);
    expect_finding(check_image(&image), JET_errDbTimeCorrupted, "newer than the database");
    free(image.bytes);
}

static void a_changed_column_value_shows_in_the_index(void **state)
{
    (void)state;
    struct image image = load_sample();
    /* An index entry that names another row: in a non-unique index leaf, the last byte of the data of the last node. */
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_LEAF | PAGE_FLAG_NON_UNIQUE, PAGE_FLAG_LEAF | PAGE_FLAG_INDEX | PAGE_FLAG_NON_UNIQUE, 3);
    struct page_view view = view_at(&image, p);
    uint32_t line = page_node_count(&view) - 1;
    while (line > 0 && (page_node(&view, line).flags & NODE_FLAG_DELETED) != 0)
        line--;
    struct node n = page_node(&view, line);
    image.bytes[n.data.data + n.data.size - 1 - image.bytes] = 0xFF;
    seal(&image, p);
    struct outcome *outcome = check_image(&image);
    expect_finding(outcome, JET_errSecondaryIndexCorrupted, "the rows give other entries");
    expect_finding(outcome, JET_errSecondaryIndexCorrupted, "is missing");
    expect_finding(outcome, JET_errSecondaryIndexCorrupted, "does not exist");
    free(image.bytes);
}

static void a_wrong_reference_count_is_found(void **state)
{
    (void)state;
    struct image image = load_sample();
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_LEAF, PAGE_FLAG_LEAF | PAGE_FLAG_LONG_VALUE, 1);
    struct page_view view = view_at(&image, p);
    uint8_t *count = NULL;
    for (uint32_t i = 0; i < page_node_count(&view) && count == NULL; i++) {
        struct node n = page_node(&view, i);
        if ((node_key_size(&n) == 4 || node_key_size(&n) == 8) && n.data.size == 8 && load_le32(n.data.data) == 1)
            count = image.bytes + (n.data.data - image.bytes);
    }
    assert_non_null(count);
    store_le32(count, 2); /* too high: space that never comes free */
    seal(&image, p);
    struct outcome *outcome = check_image(&image);
    expect_finding(outcome, JET_errLVCorrupted, "reference counts say");
    assert_int_equal(outcome->report.errors, 0);
    store_le32(count, 0); /* too low: a row names a dead value */
    seal(&image, p);
    outcome = check_image(&image);
    expect_finding(outcome, JET_errLVCorrupted, "names a long value that is not there");
    assert_true(outcome->report.errors > 0);
    store_le32(count, 1);
    store_le32(count + 4, load_le32(count + 4) + 100000); /* longer than its chunks */
    seal(&image, p);
    expect_finding(check_image(&image), 0, "long value ");
    free(image.bytes);
}

/* The root of the file's available extents is page 3: one node or more, data = number of pages. */
static void space_that_is_used_and_free_is_found(void **state)
{
    (void)state;
    struct image image = load_sample();
    struct page_view view = view_at(&image, 3);
    assert_true(page_node_count(&view) > 0);
    struct node n = page_node(&view, page_node_count(&view) - 1);
    uint8_t *count = image.bytes + (n.data.data - image.bytes);
    uint32_t before = load_le32(count);
    store_le32(count, before + 8); /* reaches into what lies before it */
    seal(&image, 3);
    expect_finding(check_image(&image), JET_errSPOwnExtCorrupted, "is free in the parent object");
    assert_true(before > 1);
    store_le32(count, before - 1);
    seal(&image, 3);
    struct outcome *outcome = check_image(&image);
    assert_int_equal(outcome->err, JET_errSuccess); /* a leaked page is a note: no damage */
    assert_true(outcome->report.notes > 0);
    assert_int_equal(outcome->report.errors, 0);
    assert_int_equal(outcome->report.warnings, 0);
    assert_int_equal(outcome->report.pages_lost, 1);
    store_le32(count, 0xFFFFFFFF);
    seal(&image, 3);
    expect_finding(check_image(&image), JET_errSPAvailExtCorrupted, "impossible extent");
    free(image.bytes);
}

static void a_wrong_parent_in_the_space_header_is_found(void **state)
{
    (void)state;
    struct image image = load_sample();
    page_no_t p = find_page(&image, KIND | PAGE_FLAG_ROOT, PAGE_FLAG_ROOT, 1);
    struct page_view view = view_at(&image, p);
    struct span external = page_external_header(&view);
    uint8_t *header = image.bytes + (external.data - image.bytes) + (external.size > 16 ? 1 : 0);
    store_le32(header + 4, 99);
    seal(&image, p);
    expect_finding(check_image(&image), JET_errDatabaseCorrupted, "as parent");
    free(image.bytes);
}

static void a_catalog_that_differs_from_its_shadow_is_found(void **state)
{
    (void)state;
    struct image image = load_sample();
    for (page_no_t p = 1; p <= last_page(&image); p++) {
        struct page_view view = view_at(&image, p);
        if (view.bytes == NULL || page_objid(&view) != CATALOG_SHADOW_OBJID || !page_is_leaf(&view) || (page_flags(&view) & PAGE_FLAG_SPACE_TREE) != 0 ||
            page_node_count(&view) == 0)
            continue;
        struct node n = page_node(&view, 0);
        image.bytes[n.data.data + 22 - image.bytes] ^= 0x40; /* Flags */
        seal(&image, p);
        break;
    }
    expect_finding(check_image(&image), JET_errCatalogCorrupted, "shadow differ");
    free(image.bytes);
}

static void a_file_cut_short_is_found(void **state)
{
    (void)state;
    struct image image = load_sample();
    image.size = image.size / 2 / image.page_size * image.page_size;
    struct outcome *outcome = check_image(&image);
    assert_true(outcome->err < 0 || outcome->report.errors > 0);
    free(image.bytes);
}

static void a_damaged_header_copy_is_a_warning(void **state)
{
    (void)state;
    struct image image = load_sample();
    image.bytes[image.page_size + 500] ^= 1;
    struct outcome *outcome = check_image(&image);
    expect_finding(outcome, JET_errReadVerifyFailure, "second copy of the header is damaged");
    assert_int_equal(outcome->report.errors, 0);
    image.bytes[image.page_size + 500] ^= 1;
    image.bytes[300] ^= 1;
    expect_finding(check_image(&image), JET_errReadVerifyFailure, "first copy of the header is damaged");
    struct db_header header;
    memcpy(image.bytes, image.bytes + image.page_size, image.page_size);
    assert_int_equal(db_header_decode(image.bytes, image.page_size, &header), JET_errSuccess);
    header.trim_count++;
    db_header_encode(&header, image.bytes, image.page_size);
    expect_finding(check_image(&image), JET_errDatabaseCorrupted, "copies of the header differ");
    free(image.bytes);
}

/* --- the run itself --- */

static void progress_can_end_the_check(void **state)
{
    (void)state;
    struct image image = load_sample();
    struct outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    outcome.stop_with = JET_errTermInProgress;
    write_whole_file(image.path, image.bytes, image.size);
    assert_int_equal(check_file(image.path, &outcome), JET_errTermInProgress);
    assert_int_equal(outcome.progress_calls, 1);
    free(image.bytes);
}

static void every_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    require_shared_data();
    const char *path = text_of("%s/db", make_scratch_folder("memory"));
    copy_shared_file("windows/catroot-w10/catdb", path);
    uint64_t live = memory_live_count();
    bool has_passed = false;
    for (uint64_t nth = 1; nth < 100000 && !has_passed; nth += 1 + nth / 16) {
        struct outcome outcome;
        memset(&outcome, 0, sizeof outcome);
        memory_fail_at(nth, 0);
        JET_ERR err = check_file(path, &outcome);
        memory_fail_at(0, 0);
        assert_true(err == JET_errOutOfMemory || err == JET_errSuccess);
        has_passed = err == JET_errSuccess && outcome.report.errors == 0 && outcome.report.warnings == 0;
        assert_true(err == JET_errOutOfMemory || has_passed);
        assert_int_equal(memory_live_count(), live);
    }
    assert_true(has_passed);
}

/* Random damage that the checksums do not show: bytes of random pages, sealed again. */
static void no_arrangement_of_bytes_stops_the_check(void **state)
{
    (void)state;
    require_shared_data();
    static const struct {
        const char *path;
        uint32_t page_size;
    } samples[] = {{"engine/clean_4k/data.edb", 4096}, {"windows/catroot-w10/catdb", 4096}, {"engine/clean_16k/data.edb", 16384}};
    const char *seed_text = getenv("TEST_SEED"), *rounds_text = getenv("TEST_ROUNDS");
    unsigned seed = seed_text != NULL ? (unsigned)strtoul(seed_text, NULL, 10) : 20240611u;
    int rounds = rounds_text != NULL ? atoi(rounds_text) : 40;
    print_message("TEST_SEED=%u\n", seed);
    srand(seed);
    for (size_t s = 0; s < sizeof samples / sizeof samples[0]; s++) {
        struct image image = load(samples[s].path, samples[s].page_size);
        unsigned char *sound = (unsigned char *)malloc(image.size);
        assert_non_null(sound);
        memcpy(sound, image.bytes, image.size);
        for (int round = 0; round < rounds; round++) {
            memcpy(image.bytes, sound, image.size);
            int edits = 1 + rand() % 30;
            for (int i = 0; i < edits; i++) {
                page_no_t p = 1 + (page_no_t)rand() % last_page(&image), other = 1 + (page_no_t)rand() % last_page(&image);
                if (flags_at(&image, p) == 0)
                    continue;
                uint8_t *page = page_at(&image, p);
                switch (rand() % 6) {
                case 0: /* header */
                    page[8 + rand() % 32] = (uint8_t)rand();
                    break;
                case 1: /* tags */
                    page[image.page_size - 1 - (uint32_t)rand() % 64] = (uint8_t)rand();
                    break;
                case 2: /* a page number somewhere */
                    store_le32(page + 40 + (uint32_t)rand() % (image.page_size - 44), other);
                    break;
                case 3: /* another page in its place */
                    memcpy(page, page_at(&image, other), image.page_size);
                    break;
                case 4:
                    page[40 + (uint32_t)rand() % 200] ^= (uint8_t)(1u << rand() % 8);
                    break;
                default:
                    page[(uint32_t)rand() % image.page_size] = (uint8_t)rand();
                }
                if (page_is_large(image.page_size))
                    store_le32(page + 64, p);
                store_le32(page + 36, load_le32(page + 36) | PAGE_FLAG_NEW_CHECKSUM);
                seal(&image, p);
            }
            struct outcome *outcome = check_image(&image);
            if (outcome->err < 0 && outcome->err != JET_errDatabaseCorrupted && outcome->err != JET_errCatalogCorrupted) {
                const struct error_info *info = error_lookup(outcome->err);
                if (info == NULL || info->class_of != ERROR_CLASS_Corruption)
                    fail_msg("round %d: error %d", round, (int)outcome->err);
            }
        }
        free(sound);
        free(image.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_databases_have_no_findings),
        cmocka_unit_test(pages_of_no_object_may_be_damaged),
        cmocka_unit_test(one_wrong_bit_is_a_warning_two_are_an_error),
        cmocka_unit_test(a_blank_page_in_use_is_an_error),
        cmocka_unit_test(wrong_sibling_links_are_found),
        cmocka_unit_test(a_page_reached_twice_is_found_and_not_followed),
        cmocka_unit_test(a_page_of_another_object_is_found),
        cmocka_unit_test(a_key_outside_its_separators_is_found),
        cmocka_unit_test(a_page_newer_than_the_database_is_found),
        cmocka_unit_test(a_changed_column_value_shows_in_the_index),
        cmocka_unit_test(a_wrong_reference_count_is_found),
        cmocka_unit_test(space_that_is_used_and_free_is_found),
        cmocka_unit_test(a_wrong_parent_in_the_space_header_is_found),
        cmocka_unit_test(a_catalog_that_differs_from_its_shadow_is_found),
        cmocka_unit_test(a_file_cut_short_is_found),
        cmocka_unit_test(a_damaged_header_copy_is_a_warning),
        cmocka_unit_test(progress_can_end_the_check),
        cmocka_unit_test(every_failed_allocation_is_reported_and_nothing_leaks),
        cmocka_unit_test(no_arrangement_of_bytes_stops_the_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
