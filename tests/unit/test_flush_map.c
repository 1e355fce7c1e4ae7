/* The flush map on plain buffers, and real maps against their databases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/flush_map.h"
#include "format/page.h"
#include "shared_data.h"

static void codes_of_all_pages_are_kept_apart(void **state)
{
    (void)state;
    static uint8_t block[FLUSH_MAP_PAGE_SIZE];
    flush_map_page_init(block, 2);
    page_no_t first = 2 * FLUSH_MAP_PAGES_PER_MAP_PAGE;
    for (page_no_t i = 0; i < FLUSH_MAP_PAGES_PER_MAP_PAGE; i++) {
        assert_int_equal(flush_map_page_of(first + i), 2);
        assert_int_equal(flush_map_get(block, first + i), 0);
        flush_map_set(block, first + i, (i * 7 + i / 5) % 4);
    }
    for (page_no_t i = 0; i < FLUSH_MAP_PAGES_PER_MAP_PAGE; i++)
        assert_int_equal(flush_map_get(block, first + i), (i * 7 + i / 5) % 4);
    assert_int_equal(flush_map_page_of(first + FLUSH_MAP_PAGES_PER_MAP_PAGE), 3);
    assert_int_equal(flush_map_file_offset(2), 3 * 8192);
}

static void a_sealed_map_page_verifies_and_repairs_one_bit(void **state)
{
    (void)state;
    static uint8_t block[FLUSH_MAP_PAGE_SIZE];
    assert_int_equal(flush_map_page_verify(block, 1), JET_errPageNotInitialized);
    flush_map_page_init(block, 1);
    flush_map_set(block, 40000, 3);
    flush_map_page_seal(block, 1, 12345);
    assert_int_equal(flush_map_page_dbtime_max(block), 12345);
    assert_int_equal(flush_map_page_verify(block, 1), JET_errSuccess);
    assert_int_equal(flush_map_page_verify(block, 0), JET_errReadVerifyFailure);
    block[5000] ^= 1;
    assert_int_equal(flush_map_page_verify(block, 1), JET_errSuccess);
    assert_int_equal(block[5000], 0);
    block[5000] ^= 3;
    assert_int_equal(flush_map_page_verify(block, 1), JET_errReadVerifyFailure);
}

static void header_round_trips_and_refuses_strangers(void **state)
{
    (void)state;
    static uint8_t block[FLUSH_MAP_PAGE_SIZE];
    struct flush_map_header in, out;
    memset(&in, 0x77, sizeof in);
    flush_map_header_encode(&in, block);
    assert_int_equal(flush_map_header_decode(block, &out), JET_errSuccess);
    assert_int_equal(out.version_major, FLUSH_MAP_VERSION_MAJOR);
    in.checksum = out.checksum;
    in.version_major = out.version_major;
    in.version_update_major = in.version_update_minor = 0;
    in.file_type = FILE_TYPE_FLUSH_MAP;
    assert_memory_equal(&in, &out, sizeof in);
    block[4] = 4;
    assert_int_equal(flush_map_header_decode(block, &out), JET_errReadVerifyFailure);
    store_le32(block, checksum_header(block, sizeof block));
    assert_int_equal(flush_map_header_decode(block, &out), JET_errFlushMapVersionUnsupported);
    block[667] = FILE_TYPE_LOG;
    store_le32(block, checksum_header(block, sizeof block));
    assert_int_equal(flush_map_header_decode(block, &out), JET_errFileInvalidType);
}

static void a_map_matches_by_one_signature_and_its_log_range(void **state)
{
    (void)state;
    struct flush_map_header map = {.flags = 0, .gen_min_required = 5};
    struct db_header db = {.gen_min_required = 5};
    map.db_header_flush_signature.bytes[3] = 1;
    map.flush_map_signature.bytes[3] = 2;
    assert_false(flush_map_matches(&map, &db));
    db.flush_map_signature = map.flush_map_signature;
    assert_true(flush_map_matches(&map, &db));
    db.gen_min_required = 6;
    assert_false(flush_map_matches(&map, &db));
    map.flags = FLUSH_MAP_FLAG_CLEAN;
    assert_true(flush_map_matches(&map, &db));
}

static void flush_types_go_round(void **state)
{
    (void)state;
    assert_int_equal(flush_type_next(0), 1);
    assert_int_equal(flush_type_next(1), 2);
    assert_int_equal(flush_type_next(2), 3);
    assert_int_equal(flush_type_next(3), 1);
    assert_int_equal(flags_with_flush_type(0x1A803, 1), 0xA803);
    assert_int_equal(flush_type_of_flags(0x1A803), 3);
}

static void compare_map(const char *set, uint32_t page_size)
{
    const char *folder = make_scratch_folder("map");
    const char *map_path = text_of("%s/map", folder), *db_path = text_of("%s/db", folder);
    copy_shared_file(text_of("engine/%s/data.jfm", set), map_path);
    copy_shared_file(text_of("engine/%s/data.edb", set), db_path);
    unsigned long long map_size, db_size;
    unsigned char *map = read_whole_file(map_path, &map_size), *db = read_whole_file(db_path, &db_size);
    struct flush_map_header header;
    struct db_header db_header;
    uint8_t again[FLUSH_MAP_PAGE_SIZE];
    assert_int_equal(flush_map_header_decode(map, &header), JET_errSuccess);
    assert_int_equal(db_header_decode(db, page_size, &db_header), JET_errSuccess);
    assert_true(flush_map_matches(&header, &db_header));
    flush_map_header_encode(&header, again);
    assert_memory_equal(again, map, sizeof again);
    int known = 0;
    for (page_no_t page_no = 1; page_no < db_size / page_size - 1; page_no++) {
        unsigned char *block = map + flush_map_file_offset(flush_map_page_of(page_no));
        assert_true(block + FLUSH_MAP_PAGE_SIZE <= map + map_size);
        assert_int_equal(flush_map_page_verify(block, flush_map_page_of(page_no)), JET_errSuccess);
        uint32_t flags = load_le32(db + page_file_offset(page_no, page_size) + 36);
        if (flags == 0)
            continue;
        assert_int_equal(flush_map_get(block, page_no), flush_type_of_flags(flags));
        known += flush_map_get(block, page_no) != 0;
    }
    assert_true(known > 10);
    free(map);
    free(db);
}

static void real_maps_hold_the_flush_types_of_their_databases(void **state)
{
    (void)state;
    require_shared_data();
    compare_map("clean_4k", 4096);
    compare_map("clean_8k", 8192);
    compare_map("clean_16k", 16384);
    compare_map("clean_32k", 32768);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_of_all_pages_are_kept_apart),
        cmocka_unit_test(a_sealed_map_page_verifies_and_repairs_one_bit),
        cmocka_unit_test(header_round_trips_and_refuses_strangers),
        cmocka_unit_test(a_map_matches_by_one_signature_and_its_log_range),
        cmocka_unit_test(flush_types_go_round),
        cmocka_unit_test(real_maps_hold_the_flush_types_of_their_databases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
