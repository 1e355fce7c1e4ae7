/* Damaged and hostile databases: real files with one thing wrong. Whatever it is, the check and a full read end, within bounds, with an error
 * code or a finding that names the page; nothing crashes, hangs or reads outside its buffers (run under ASan in CI). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"
#include "btree/btree.h"
#include "check/check.h"
#include "check/row_walk.h"
#include "live_instance.h"
#include "os/clock.h"
#include "shared_data.h"

enum { CACHE_BYTES = 4 << 20, RANDOM_CASES = 1500, SECONDS_MOST = 20 };

struct image {
    const char *name;
    uint8_t *original, *bytes;
    unsigned long long size;
    uint32_t page_size;
    const char *path; /* where mutated copies go */
};

struct outcome {
    JET_ERR open_error;   /* of opening the database; the rest is then unset */
    JET_ERR check_error, walk_error;
    struct check_report report;
    uint64_t rows, damaged, value_bytes;
    page_no_t watched_page; /* in: was a finding about this page? */
    bool is_page_named;
};

static void image_load(struct image *image, const char *relative)
{
    image->name = relative;
    image->path = text_of("%s/db", make_scratch_folder("bad"));
    copy_shared_file(relative, image->path);
    image->page_size = page_size_of(image->path);
    image->original = read_whole_file(image->path, &image->size);
    image->bytes = (uint8_t *)malloc(image->size);
    memcpy(image->bytes, image->original, image->size);
}

static void image_release(struct image *image)
{
    free(image->original);
    free(image->bytes);
}

static void image_write(const struct image *image, unsigned long long size)
{
    FILE *file = fopen(image->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(image->bytes, 1, size, file), size);
    fclose(file);
}

static uint8_t *page_at(const struct image *image, page_no_t page_no) { return image->bytes + page_file_offset(page_no, image->page_size); }
static page_no_t page_count(const struct image *image) { return (page_no_t)(image->size / image->page_size - 2); }
static void restore_page(struct image *image, page_no_t page_no)
{
    memcpy(page_at(image, page_no), image->original + page_file_offset(page_no, image->page_size), image->page_size);
}
static void seal_page(const struct image *image, page_no_t page_no) { checksum_store_page(page_at(image, page_no), image->page_size, page_no); }
static bool is_blank(const struct image *image, page_no_t page_no) { return is_all_zero(page_at(image, page_no), image->page_size); }

static void note_finding(void *context, const struct check_finding *finding)
{
    struct outcome *outcome = (struct outcome *)context;
    outcome->is_page_named = outcome->is_page_named || finding->page_no == outcome->watched_page;
}

static JET_ERR read_row(void *context, const struct row *row)
{
    struct outcome *outcome = (struct outcome *)context;
    struct value_buffer buffer = {0};
    outcome->rows++;
    for (uint32_t i = 0; i < row->table->column_count; i++) {
        uint32_t count;
        if (row->table->columns[i].type == COLUMN_TYPE_NIL || record_column_count(&row->record, &row->table->columns[i], &count) < 0)
            continue;
        for (uint32_t sequence = 1; sequence <= count; sequence++) {
            struct column_value value;
            if (record_column(&row->record, &row->table->columns[i], sequence, &value) < 0 ||
                column_value_fetch_all(row->long_values, &value, 1u << 20, &buffer) < 0)
                outcome->damaged++;
            outcome->value_bytes += buffer.size;
        }
    }
    value_buffer_free(&buffer);
    return JET_errSuccess;
}

static JET_ERR note_damage(void *context, const char *table, JET_ERR error)
{
    struct outcome *outcome = (struct outcome *)context;
    (void)table;
    (void)error;
    outcome->damaged++;
    return JET_errSuccess;
}

/* Opens, checks and reads the whole file at image->path; tells whether a finding named the page. */
static struct outcome examine_for(const struct image *image, page_no_t page_no)
{
    struct outcome outcome = {.watched_page = page_no};
    struct cache *cache = NULL;
    struct database *db = NULL;
    struct db_header header;
    uint32_t page_size = 0;
    bool used_shadow;
    uint64_t started = clock_monotonic_ns(), blocks = memory_live_count();
    outcome.open_error = database_read_header(os_fs_posix(), image->path, &header, &page_size, &used_shadow, NULL);
    if (outcome.open_error >= 0) {
        struct cache_config cache_config = {.page_size = page_size, .bytes_max = CACHE_BYTES};
        assert_good(cache_create(&cache_config, &cache));
        struct database_open_config config = {.fs = os_fs_posix(), .cache = cache, .path = image->path, .page_size = page_size, .dbid = 1, .read_only = true};
        outcome.open_error = database_open(&config, &db);
    }
    if (outcome.open_error >= 0) {
        struct check_callbacks callbacks = {NULL, note_finding, &outcome};
        struct row_visitor visitor = {.row = read_row, .damage = note_damage, .context = &outcome};
        outcome.check_error = check_database(db, NULL, &callbacks, &outcome.report);
        outcome.walk_error = row_walk(db, NULL, &visitor);
    }
    database_close(db);
    cache_destroy(cache);
    assert_int_equal(memory_live_count(), blocks);
    assert_true(clock_monotonic_ns() - started < (uint64_t)SECONDS_MOST * 1000000000u);
    return outcome;
}

static struct outcome examine(const struct image *image) { return examine_for(image, UINT32_MAX); }

static bool is_noticed(const struct outcome *o)
{
    return o->open_error < 0 || o->check_error < 0 || o->walk_error < 0 || o->report.errors > 0 || o->report.warnings > 0 || o->report.notes > 0;
}

/* --- one thing wrong, systematically --- */

static void check_truncations(struct image *image)
{
    uint64_t good_rows = examine(image).rows;
    for (unsigned long long pages = 0; pages * image->page_size < image->size; pages += pages < 20 ? 1 : 7)
        for (unsigned extra = 0; extra <= 1; extra++) {
            unsigned long long size = pages * image->page_size + extra * (image->page_size / 2 + 3);
            image_write(image, size);
            struct outcome o = examine(image);
            if (pages < 2)
                assert_true(pages == 1 || o.open_error < 0); /* one good header copy is enough to open */
            assert_true(o.rows <= good_rows);
        }
    image_write(image, image->size);
}

static void check_bit_flips(struct image *image)
{
    for (page_no_t p = 1; p <= page_count(image); p++) {
        if (is_blank(image, p))
            continue;
        uint32_t bit = (p * 2654435761u) % (image->page_size * 8);
        if (bit / 8 == 37 || bit < 64)
            bit = 1000; /* the checksum itself and the format flag have their own rules */
        page_at(image, p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        image_write(image, image->size);
        struct outcome o = examine_for(image, p);
        assert_int_equal(o.open_error, 0);
        assert_int_equal(o.report.pages_repairable, 1); /* read as if nothing had happened, and reported by number */
        assert_true(o.is_page_named);
        page_at(image, p)[(bit / 8 + 9) % image->page_size] ^= 0x42; /* more than one bit: final */
        image_write(image, image->size);
        o = examine_for(image, p);
        assert_int_equal(o.report.pages_bad, 1);
        assert_true(o.is_page_named);
        restore_page(image, p);
    }
    image_write(image, image->size);
}

static void check_header_damage(struct image *image)
{
    image->bytes[100] ^= 1;
    image_write(image, image->size);
    assert_int_equal(examine(image).open_error, 0); /* the shadow serves */
    image->bytes[image->page_size + 100] ^= 1;
    image_write(image, image->size);
    assert_true(examine(image).open_error < 0);
    image->bytes[100] ^= 1;
    image_write(image, image->size);
    assert_int_equal(examine(image).open_error, 0);
    image->bytes[image->page_size + 100] ^= 1;
    image_write(image, image->size);
}

/* --- hostile structure behind right checksums --- */

static void mutate_page(struct image *image, page_no_t p, uint32_t (*random)(void))
{
    uint8_t *page = page_at(image, p);
    uint32_t size = image->page_size, head = page_header_size(size);
    uint16_t tags = load_le16(page + 34) & 0xFFF;
    uint8_t *tag = tags > 0 && tags < 1000 ? page + size - 4 * (1 + random() % tags) : page + 40;
    switch (random() % 9) {
    case 0: store_le32(page + 16, random() % (page_count(image) + 3)); break;      /* previous */
    case 1: store_le32(page + 20, random() % (page_count(image) + 3)); break;      /* next */
    case 2: store_le32(page + 24, random() % 12); break;                           /* object id */
    case 3: store_le16(page + 34, (uint16_t)(random() % 2 ? random() : tags + random() % 3)); break;
    case 4: store_le32(page + 36, load_le32(page + 36) ^ 1u << random() % 12); break; /* flags */
    case 5: store_le16(tag, (uint16_t)random()); break;
    case 6: store_le16(tag + 2, (uint16_t)random()); break;
    case 7: page[head + random() % (size - head)] = (uint8_t)random(); break;
    default: /* a child or an extent somewhere else */
        if (tags > 1)
            store_le32(page + head + random() % (size - head - 4), random() % (page_count(image) * 2));
        break;
    }
    if (page_is_large(size) && random() % 4 != 0)
        store_le32(page + 64, p);
    seal_page(image, p);
}

static uint64_t random_state;
static uint32_t next_random(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33);
}

static void check_random_structures(struct image *image)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
    unsigned noticed = 0;
    print_message("%s: TEST_SEED=%llu\n", image->name, (unsigned long long)seed);
    random_state = seed;
    for (unsigned i = 0; i < RANDOM_CASES; i++) {
        page_no_t touched[3];
        unsigned count = 1 + next_random() % 3;
        for (unsigned k = 0; k < count; k++) {
            do {
                touched[k] = 1 + next_random() % page_count(image);
            } while (is_blank(image, touched[k]));
            mutate_page(image, touched[k], next_random);
        }
        image_write(image, image->size);
        struct outcome o = examine(image);
        noticed += is_noticed(&o);
        for (unsigned k = 0; k < count; k++)
            restore_page(image, touched[k]);
    }
    print_message("%s: %u of %u changes noticed\n", image->name, noticed, RANDOM_CASES);
    assert_true(noticed > RANDOM_CASES / 3);
    image_write(image, image->size);
}

/* Does anything depend on the page? Free pages keep their old bytes, and nobody minds. */
static bool is_in_use(struct image *image, page_no_t p)
{
    memset(page_at(image, p), 0, image->page_size);
    image_write(image, image->size);
    bool is_used = examine(image).report.errors > 0;
    restore_page(image, p);
    return is_used;
}

static void check_cycles(struct image *image)
{
    for (page_no_t p = 1; p <= page_count(image); p++) {
        struct page_view view;
        if (is_blank(image, p) || page_view_init(&view, page_at(image, p), image->page_size, p, NULL) < 0 || !is_in_use(image, p))
            continue;
        if (page_is_leaf(&view) && !page_is_root(&view)) {
            store_le32(page_at(image, p) + 20, p); /* next = itself */
        } else if (!page_is_leaf(&view)) {
            struct node n = page_node(&view, page_node_count(&view) - 1);
            store_le32((uint8_t *)(uintptr_t)n.data.data, p); /* last child = itself */
        } else {
            continue;
        }
        seal_page(image, p);
        image_write(image, image->size);
        struct outcome o = examine(image);
        assert_true(o.open_error < 0 || o.report.errors > 0);
        restore_page(image, p);
    }
    image_write(image, image->size);
}

static const char *const SAMPLES[] = {"windows/catroot-w10/catdb", "windows/srum-server2022-day0/SRUDB.dat", "windows/qmgr-w11-24h2/qmgr.db"};
enum { SAMPLE_COUNT = sizeof SAMPLES / sizeof SAMPLES[0] };

static void for_each_sample(void (*check)(struct image *image))
{
    require_shared_data();
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct image image;
        image_load(&image, SAMPLES[i]);
        check(&image);
        assert_memory_equal(image.bytes, image.original, image.size);
        image_release(&image);
    }
}

static void a_truncated_file_gives_errors_and_no_invented_rows(void **state) { (void)state; for_each_sample(check_truncations); }
static void one_wrong_bit_is_repaired_and_more_are_reported_by_page_number(void **state) { (void)state; for_each_sample(check_bit_flips); }
static void one_header_copy_is_enough_and_none_is_an_error(void **state) { (void)state; for_each_sample(check_header_damage); }
static void cyclic_sibling_and_child_links_end(void **state) { (void)state; for_each_sample(check_cycles); }
static void random_structures_behind_right_checksums_end(void **state) { (void)state; for_each_sample(check_random_structures); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_header_copy_is_enough_and_none_is_an_error),
        cmocka_unit_test(a_truncated_file_gives_errors_and_no_invented_rows),
        cmocka_unit_test(one_wrong_bit_is_repaired_and_more_are_reported_by_page_number),
        cmocka_unit_test(cyclic_sibling_and_child_links_end),
        cmocka_unit_test(random_structures_behind_right_checksums_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
