/* The database header codec: validity, round trips that keep unknown bytes, state rules, trailers; real headers against the expected header fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "expectations.h"
#include "format/checksum.h"
#include "format/db_header.h"
#include "format/page.h"
#include "format/patch_header.h"
#include "shared_data.h"

/* Fills every known field with bytes that differ from field to field. */
static void fill_header(struct db_header *header)
{
    uint8_t *bytes = (uint8_t *)header;
    for (size_t i = 0; i < sizeof *header; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    header->magic = DB_HEADER_MAGIC;
}

static void what_is_encoded_is_decoded(void **state)
{
    (void)state;
    static uint8_t page[PAGE_SIZE_MAX], again[PAGE_SIZE_MAX];
    for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
        struct db_header in, out;
        memset(page, 0, sizeof page);
        fill_header(&in);
        db_header_encode(&in, page, size);
        assert_true(db_header_is_valid(page, size));
        assert_int_equal(db_header_decode(page, size, &out), JET_errSuccess);
        assert_int_equal(out.page_size, size);
        assert_int_equal(out.checksum, load_le32(page));
        assert_int_equal(out.file_type, in.file_type);
        assert_true(out.lgpos_commit_before_revert == in.lgpos_commit_before_revert);
        assert_int_equal(out.bad_checksums.count_old, in.bad_checksums.count_old);
        assert_memory_equal(out.backup_differential_previous.time.bytes, in.backup_differential_previous.time.bytes, LOG_TIME_SIZE);
        memset(again, 0, sizeof again);
        db_header_encode(&out, again, size);
        assert_true(memcmp(page, again, size) == 0);
        assert_true(is_all_zero(page + DB_HEADER_SIZE, size - DB_HEADER_SIZE));
    }
}

static void encoding_keeps_bytes_that_are_no_field(void **state)
{
    (void)state;
    uint8_t page[4096];
    struct db_header header;
    memset(page, 0, sizeof page);
    fill_header(&header);
    static const uint32_t unknown[] = {252, 279, 664, 666, 671, DB_HEADER_SIZE, 4095};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        page[unknown[i]] = 0xC3;
    db_header_encode(&header, page, sizeof page);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_int_equal(page[unknown[i]], 0xC3);
    assert_true(db_header_is_valid(page, sizeof page));
}

static void a_header_is_valid_only_at_its_own_page_size(void **state)
{
    (void)state;
    static uint8_t page[PAGE_SIZE_MAX];
    struct db_header header = {.page_size = 8192}, out;
    db_header_encode(&header, page, 8192);
    for (uint32_t size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2)
        assert_int_equal(db_header_is_valid(page, size), size == 8192);
    assert_false(db_header_is_valid(page, 0));
    assert_false(db_header_is_valid(page, 5000));
    assert_int_equal(db_header_decode(page, 4096, &out), JET_errDatabaseCorrupted);
    assert_int_equal(out.page_size, 0);
    page[300] ^= 1;
    assert_false(db_header_is_valid(page, 8192));
    page[300] ^= 1;
    store_le32(page + 4, 0x12345678); /* another magic with a right sum */
    store_le32(page, checksum_header(page, 8192));
    assert_false(db_header_is_valid(page, 8192));
}

static void page_size_zero_means_4096(void **state)
{
    (void)state;
    uint8_t page[4096];
    struct db_header header = {.dbtime = 7}, out;
    memset(page, 0, sizeof page);
    db_header_encode(&header, page, sizeof page);
    store_le32(page + 236, 0);
    store_le32(page, checksum_header(page, sizeof page));
    assert_true(db_header_is_valid(page, 4096));
    assert_false(db_header_is_valid(page, 2048));
    assert_int_equal(db_header_decode(page, 4096, &out), JET_errSuccess);
    assert_int_equal(out.page_size, 4096);
    assert_int_equal(out.dbtime, 7);
}

static void setting_a_state_clears_what_must_not_outlive_it(void **state)
{
    (void)state;
    struct db_header header;
    fill_header(&header);
    db_header_set_state(&header, DB_STATE_DIRTY);
    assert_int_equal(header.state, 2);
    assert_int_not_equal(header.gen_min_required_before_redo, 0);
    assert_int_not_equal(header.gen_max_committed, 0);
    db_header_set_state(&header, DB_STATE_DIRTY_AND_PATCHED);
    assert_int_equal(header.gen_min_required_before_redo, 0);
    assert_int_equal(header.gen_min_consistent_before_redo, 0);
    assert_int_not_equal(header.gen_min_required, 0);
    db_header_set_state(&header, DB_STATE_CLEAN);
    assert_int_equal(header.gen_min_required | header.gen_max_required | header.gen_max_committed | header.gen_min_consistent, 0);
    assert_false(log_time_is_set(header.logtime_gen_max_created));
    assert_false(log_time_is_set(header.logtime_gen_max_required));
    assert_string_equal(db_state_name(DB_STATE_CLEAN), "CleanShutdown");
    assert_string_equal(db_state_name(99), "Unknown");
}

static void versions_compare_by_update_major_then_minor(void **state)
{
    (void)state;
    struct db_header header = {.version_major = DB_VERSION_MAJOR, .update_major = 110, .update_minor = 240};
    assert_true(db_header_version_at_least(&header, 30, 600));
    assert_true(db_header_version_at_least(&header, 110, 240));
    assert_false(db_header_version_at_least(&header, 110, 241));
    assert_false(db_header_version_at_least(&header, 150, 0));
    header.version_major = 0x500;
    assert_false(db_header_version_at_least(&header, 1, 0));
}

static void a_trailer_round_trips_and_must_belong_to_its_header(void **state)
{
    (void)state;
    uint8_t page[8192];
    struct patch_header in, out;
    struct db_header header = {.page_size = 8192};
    memset(&in, 0x5A, sizeof in);
    in.backup.gen_low = 4;
    in.backup.gen_high = 9;
    header.backup_full_current = in.backup;
    header.backup_full_current.gen_high = 0;
    header.db_signature = in.db_signature;
    header.log_signature = in.log_signature;
    patch_header_encode(&in, page, sizeof page);
    assert_int_equal(patch_header_decode(page, sizeof page, &out), JET_errSuccess);
    uint8_t again[8192];
    patch_header_encode(&out, again, sizeof again);
    assert_memory_equal(again, page, sizeof page);
    assert_memory_equal(out.logtime_max_committed.bytes, in.logtime_max_committed.bytes, LOG_TIME_SIZE);
    assert_int_equal(out.gen_max_required, in.gen_max_required);
    assert_int_equal(patch_header_check(&out, &header), JET_errSuccess);
    header.backup_full_current.mark++;
    assert_int_equal(patch_header_check(&out, &header), JET_errDatabasePatchFileMismatch);
    header.backup_full_current.mark--;
    out.backup.gen_high = 3;
    assert_int_equal(patch_header_check(&out, &header), JET_errDatabasePatchFileMismatch);
    page[7000] ^= 1;
    assert_int_equal(patch_header_decode(page, sizeof page, &out), JET_errReadVerifyFailure);
    memset(page, 0, sizeof page);
    assert_int_equal(patch_header_decode(page, sizeof page, &out), JET_errReadVerifyFailure);
}

static void the_trailer_of_a_real_backup_belongs_to_its_header(void **state)
{
    (void)state;
    require_shared_data();
    const char *path = text_of("%s/data.edb", make_scratch_folder("trailer"));
    copy_shared_file("engine/backup_4k/full/data.edb", path);
    unsigned long long size;
    unsigned char *bytes = read_whole_file(path, &size);
    struct db_header header;
    struct patch_header trailer;
    uint8_t again[4096];
    assert_int_equal(db_header_decode(bytes, 4096, &header), JET_errSuccess);
    assert_int_equal(patch_header_decode(bytes + size - 4096, 4096, &trailer), JET_errSuccess);
    assert_int_equal(patch_header_check(&trailer, &header), JET_errSuccess);
    assert_true(trailer.backup.gen_high >= trailer.gen_max_committed);
    patch_header_encode(&trailer, again, sizeof again);
    assert_memory_equal(again, bytes + size - 4096, sizeof again);
    free(bytes);
}

/* --- real headers --- */

/* As the ground truth writes times: to the second, "-" when not set. */
static const char *time_text(struct log_time t)
{
    if (!log_time_is_set(t))
        return "-";
    return text_of("%04u-%02u-%02uT%02u:%02u:%02u", 1900u + t.bytes[5], t.bytes[4], t.bytes[3], t.bytes[2], t.bytes[1], t.bytes[0]);
}

static const char *position_text(lgpos_t p)
{
    char text[LGPOS_TEXT_SIZE];
    return text_of("%s", lgpos_format(p, text));
}

static const char *signature_text(const struct signature *s)
{
    char text[2 * SIGNATURE_SIZE + 1] = "";
    hex_encode(span_of(s->bytes, SIGNATURE_SIZE), text);
    return text_of("%s", text);
}

/* What we decode for a named line of the ground truth; NULL for names the header does not hold. */
static const char *decoded_text(const struct db_header *h, const char *name)
{
    const struct {
        const char *name, *text;
    } known[] = {
        {"magic", text_of("0x%x", h->magic)},
        {"version", text_of("0x%x", h->version_major)},
        {"upd_major", text_of("%u", h->update_major)},
        {"upd_minor", text_of("%u", h->update_minor)},
        {"create_version", text_of("0x%x", h->created_version_major)},
        {"create_update", text_of("%u", h->created_update_major)},
        {"page_size", text_of("%u", h->page_size)},
        {"dbtime", text_of("%llu", (unsigned long long)h->dbtime)},
        {"sign_db", signature_text(&h->db_signature)},
        {"state", db_state_name(h->state)},
        {"consistent", position_text(h->lgpos_consistent)},
        {"consistent_time", time_text(h->logtime_consistent)},
        {"attach_time", time_text(h->logtime_attach)},
        {"attach", position_text(h->lgpos_attach)},
        {"detach_time", time_text(h->logtime_detach)},
        {"detach", position_text(h->lgpos_detach)},
        {"dbid", text_of("%u", h->dbid)},
        {"sign_log", signature_text(&h->log_signature)},
        {"objid_last", text_of("%u", h->objid_last)},
        {"os", text_of("%u.%u.%u SP%u", h->os_major, h->os_minor, h->os_build, h->os_service_pack)},
        {"flags", text_of("0x%x", h->flags)},
        {"repair_count", text_of("%u", h->repair_count)},
        {"repair_time", time_text(h->logtime_repair)},
        {"repair_count_old", text_of("%u", h->repair_count_old)},
        {"gen_required", text_of("%u-%u", h->gen_min_required, h->gen_max_required)},
        {"gen_committed", text_of("%u", h->gen_max_committed)},
        {"gen_recovering", text_of("%u", h->gen_recovering)},
        {"gen_min_consistent", text_of("%u", h->gen_min_consistent)},
        {"genmax_create", time_text(h->logtime_gen_max_created)},
        {"efv_max_bin", text_of("%u", h->engine_version_max)},
        {"last_resize", position_text(h->lgpos_last_resize)},
        {"filetype", text_of("%u", h->file_type)},
        {"reattach_time", time_text(h->logtime_reattach)},
        {"reattach", position_text(h->lgpos_reattach)},
        {"sign_dbhdrflush", signature_text(&h->header_flush_signature)},
        {"sign_fmhdrflush", signature_text(&h->flush_map_signature)},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].text;
    return NULL;
}

static void compare_header(void *context, const struct shared_file *expectation)
{
    const char *database = windows_database_path(expectation->set, expectation->name);
    const char *target = text_of("%s/db", make_scratch_folder("header"));
    copy_shared_file(database, target);
    unsigned long long size;
    unsigned char *bytes = read_whole_file(target, &size);
    struct db_header header = {.page_size = 0};
    uint32_t page_size = PAGE_SIZE_MIN;
    while (page_size <= PAGE_SIZE_MAX && db_header_decode(bytes, page_size, &header) < 0)
        page_size *= 2;
    assert_true(page_size <= PAGE_SIZE_MAX);
    uint8_t *again = (uint8_t *)calloc(1, page_size);
    assert_non_null(again);
    db_header_encode(&header, again, page_size);
    if (memcmp(again, bytes, page_size) != 0)
        fail_msg("%s: the header does not encode to the same bytes", database);
    free(again);

    struct expectations expected;
    const char *fields[EXPECTATION_FIELDS_MAX];
    int compared = 0;
    (void)context;
    assert_true(expectations_open(expectation->path, false, &expected));
    while (expectations_next_fields(&expected, fields)) {
        const char *name = fields[0], *value = fields[1], *text = decoded_text(&header, name);
        if (text == NULL)
            continue;
        if (strcmp(text, value) != 0)
            fail_msg("%s: %s is %s, expected %s", database, name, text, value);
        compared++;
    }
    expectations_close(&expected);
    free(bytes);
    assert_true(compared >= 30);
}

static void real_headers_decode_to_the_expected_fields(void **state)
{
    (void)state;
    unsigned headers = visit_shared_files("windows", "expected", ".header.tsv", compare_header, NULL);
    assert_true(is_only_one_set() || headers >= 36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded),
        cmocka_unit_test(encoding_keeps_bytes_that_are_no_field),
        cmocka_unit_test(a_header_is_valid_only_at_its_own_page_size),
        cmocka_unit_test(page_size_zero_means_4096),
        cmocka_unit_test(setting_a_state_clears_what_must_not_outlive_it),
        cmocka_unit_test(versions_compare_by_update_major_then_minor),
        cmocka_unit_test(a_trailer_round_trips_and_must_belong_to_its_header),
        cmocka_unit_test(the_trailer_of_a_real_backup_belongs_to_its_header),
        cmocka_unit_test(real_headers_decode_to_the_expected_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
