/* Logs written by the original engine: headers and records must read exactly as an independent parser found them. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"
#include "expectations.h"
#include "format/log_record.h"
#include "log/log_files.h"
#include "shared_data.h"

static const char *const WINDOWS_SETS[] = {"secedit-w10-logonly", "srum-server2022-day0", "srum-w10-1809-belkasoft", "srum-w10-21h1-rathbun"};

static struct expectations open_expectations(const char *set, const char *name)
{
    struct expectations e;
    assert_true(expectations_open(text_of("windows/%s/expected/%s", set, name), true, &e));
    return e;
}

static void read_generation(const char *set, const char *file, struct log_generation *out)
{
    const char *name = strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file;
    const char *target = text_of("%s/%s", make_scratch_folder("log"), name);
    copy_shared_file(text_of("windows/%s/%s", set, file), target);
    assert_int_equal(log_generation_read(os_fs_posix(), target, out), 0);
}

static void time_text(struct log_time t, char *out, size_t size)
{
    snprintf(out, size, "%04u-%02u-%02uT%02u:%02u:%02u", 1900u + t.bytes[5], t.bytes[4], t.bytes[3], t.bytes[2], t.bytes[1], t.bytes[0]);
}

static void headers_equal_the_expectations(void **state)
{
    (void)state;
    require_shared_data();
    unsigned seen = 0;
    for (size_t s = 0; s < 4; s++) {
        struct expectations t = open_expectations(WINDOWS_SETS[s], "log-headers.tsv");
        const char *f[EXPECTATION_FIELDS_MAX];
        char text[128];
        while (expectations_next_fields(&t, f)) {
            struct log_generation g;
            read_generation(WINDOWS_SETS[s], f[0], &g);
            const struct log_header *h = &g.header;
            assert_int_equal(h->generation, strtoul(f[1], NULL, 0));
            snprintf(text, sizeof text, "%u.%u.%u.%u", h->version.major, h->version.minor, h->version.update_major, h->version.update_minor);
            assert_string_equal(text, f[2]);
            time_text(h->created, text, sizeof text);
            assert_string_equal(text, f[3]);
            if (log_time_is_set(h->previous_created)) {
                time_text(h->previous_created, text, sizeof text);
                assert_string_equal(text, f[4]);
            }
            assert_int_equal(h->sector_size, strtoul(f[5], NULL, 0));
            assert_int_equal(h->header_sectors, strtoul(f[6], NULL, 0));
            assert_int_equal(h->file_sectors, strtoul(f[7], NULL, 0));
            assert_string_equal(lgpos_format(h->checkpoint, text), f[8]);
            assert_int_equal(h->flags, strtoul(f[9], NULL, 0));
            assert_int_equal(h->engine_version, strtoul(f[10], NULL, 0));
            hex_encode(span_of(h->log_signature.bytes, SIGNATURE_SIZE), text);
            text[2 * SIGNATURE_SIZE] = 0;
            assert_string_equal(text, f[11]);
            /* Encoding what was decoded gives the same bytes: nothing of the header is lost. */
            uint8_t again[LOG_SEGMENT_SIZE];
            log_header_encode(h, again);
            assert_memory_equal(again, g.image, LOG_SEGMENT_SIZE);
            log_generation_release(&g);
            seen++;
        }
        expectations_close(&t);
    }
    assert_int_equal(seen, 16);
}

/* Prints which record before a comparison fails. */
static void check_record(const char *f[EXPECTATION_FIELDS_MAX], const struct log_record_ref *ref)
{
    char text[LGPOS_TEXT_SIZE];
    struct log_record r;
    bool is_right = strcmp(lgpos_format(ref->position, text), f[1]) == 0 && ref->bytes.data[0] == strtoul(f[2], NULL, 10) && ref->bytes.size == strtoul(f[4], NULL, 10);
    JET_ERR err = log_record_decode(ref->bytes, &r);
    is_right &= err == 0;
    if (is_right && *f[5] != 0)
        is_right &= (r.has_page ? r.page.page_no : r.range.page_no) == strtoul(f[5], NULL, 10);
    if (is_right && *f[6] != 0 && r.has_dbtime)
        is_right &= r.dbtime == strtoull(f[6], NULL, 10);
    if (is_right && r.has_page)
        is_right &= *f[5] != 0;
    if (is_right && *f[7] != 0 && r.has_page && r.page.dbtime_before != DBTIME_IN_MACRO)
        is_right &= r.page.dbtime_before == strtoull(f[7], NULL, 10);
    if (!is_right)
        fail_msg("%s %s type %s size %s page %s dbtime %s before %s: got %s type %u size %u page %u dbtime %llu, error %d", f[0], f[1], f[2], f[4], f[5], f[6], f[7], text,
                 ref->bytes.data[0], ref->bytes.size, r.page.page_no, (unsigned long long)r.dbtime, err);
}

static void every_record_of_the_windows_logs_is_found_and_no_byte_is_left_over(void **state)
{
    (void)state;
    require_shared_data();
    unsigned records = 0, files = 0;
    for (size_t s = 0; s < 4; s++) {
        struct expectations t = open_expectations(WINDOWS_SETS[s], "log-records.tsv");
        struct log_generation g = {.image = NULL};
        struct log_walk walk = {.image = NULL};
        struct log_record_ref ref;
        const char *f[EXPECTATION_FIELDS_MAX];
        char file[256] = "";
        while (expectations_next_fields(&t, f)) {
            if (strcmp(f[0], file) != 0) {
                if (g.image != NULL)
                    assert_int_equal(log_walk_next(&walk, &ref), JET_errNoCurrentRecord);
                log_walk_end(&walk);
                log_generation_release(&g);
                snprintf(file, sizeof file, "%s", f[0]);
                read_generation(WINDOWS_SETS[s], file, &g);
                assert_int_equal(g.scan.error, 0);
                log_walk_begin(&walk, g.image, g.header.generation, g.scan.last_segment, 0);
                files++;
            }
            if (f[2][0] == '#' || f[3][0] == '#')
                continue;
            if (strtoul(f[2], NULL, 10) == LR_NOP)
                continue;
            if (log_walk_next(&walk, &ref) < 0)
                fail_msg("%s: nothing at %s", file, f[1]);
            check_record(f, &ref);
            records++;
        }
        if (g.image != NULL)
            assert_int_equal(log_walk_next(&walk, &ref), JET_errNoCurrentRecord);
        log_walk_end(&walk);
        log_generation_release(&g);
        expectations_close(&t);
    }
    print_message("%u records in %u files\n", records, files);
    assert_true(records > 5000);
}

/* Walks one generation of any origin to its last byte. Returns the number of records. */
static unsigned walk_whole_log(const char *path, uint64_t *sum)
{
    struct log_generation g;
    struct log_walk walk;
    struct log_record_ref ref;
    unsigned records = 0;
    JET_ERR err = log_generation_read(os_fs_posix(), path, &g);
    if (err < 0)
        fail_msg("%s: %d", path, err);
    assert_int_equal(g.scan.error, 0);
    *sum = g.scan.checksum_all;
    log_walk_begin(&walk, g.image, g.header.generation, g.scan.last_segment, 0);
    lgpos_t last = 0;
    while ((err = log_walk_next(&walk, &ref)) >= 0) {
        struct log_record r;
        assert_true(ref.position > last);
        last = ref.position;
        err = log_record_decode(ref.bytes, &r);
        if (err < 0)
            fail_msg("%s: record %u at %llX: %d", path, r.type, (unsigned long long)ref.position, err);
        assert_string_not_equal(log_record_name(r.type), "unknown");
        records++;
    }
    if (err != JET_errNoCurrentRecord)
        fail_msg("%s: after %llX: %d", path, (unsigned long long)last, err);
    log_walk_end(&walk);
    log_generation_release(&g);
    return records;
}

/* Every folder below data/engine that holds logs: unpacked, walked, and the chain of checksums between generations compared. */
static unsigned walk_folder(const char *relative, const char *scratch)
{
    unsigned records = 0;
    DIR *dir = opendir(text_of("%s/%s", shared_data_dir(), relative));
    struct dirent *entry;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        char name[256];
        struct stat st;
        const char *child = text_of("%s/%s", relative, entry->d_name);
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "dumps") == 0)
            continue;
        if (stat(text_of("%s/%s", shared_data_dir(), child), &st) == 0 && S_ISDIR(st.st_mode)) {
            records += walk_folder(child, scratch);
            continue;
        }
        snprintf(name, sizeof name, "%s", entry->d_name);
        char *packed = strstr(name, ".log.");
        if (packed != NULL)
            packed[4] = 0;
        size_t length = strlen(name);
        if (length < 5 || strcmp(name + length - 4, ".log") != 0)
            continue;
        uint64_t sum;
        const char *target = text_of("%s/one.log", scratch);
        copy_shared_file(text_of("%s/%s", relative, name), target);
        records += walk_whole_log(target, &sum);
        remove(target);
    }
    closedir(dir);
    return records;
}

static void every_log_of_the_original_engine_parses_to_its_last_byte(void **state)
{
    (void)state;
    require_shared_data();
    unsigned records = walk_folder("engine", make_scratch_folder("engine-logs"));
    print_message("%u records\n", records);
    assert_true(records > 20000);
}

static void checksums_chain_the_generations(void **state)
{
    (void)state;
    require_shared_data();
    const char *folder = make_scratch_folder("chain");
    uint64_t previous = 0;
    struct log_time created = {{0}};
    for (int i = 3; i <= 9; i++) {
        struct log_generation g;
        const char *name = i < 9 ? text_of("SRU%05X.log", i) : "SRU.log", *path = text_of("%s/%s", folder, name);
        copy_shared_file(text_of("windows/srum-w10-21h1-rathbun/collected/%s", name), path);
        assert_int_equal(log_generation_read(os_fs_posix(), path, &g), 0);
        if (i > 3) {
            assert_int_equal(g.header.checksum_previous, previous);
            assert_true(log_time_equal(g.header.previous_created, created));
        }
        previous = g.scan.checksum_all;
        created = g.header.created;
        log_generation_release(&g);
    }
}

static void checkpoints_of_windows_decode_and_encode_alike(void **state)
{
    (void)state;
    require_shared_data();
    static const char *const FILES[] = {"windows/srum-w10-21h1-rathbun/collected/SRU.chk", "windows/secedit-w10-logonly/edb.chk", "engine/clean_4k/edb.chk",
                                        "engine/crash_4k_partial/before/edb.chk"};
    for (size_t i = 0; i < 4; i++) {
        const char *path = text_of("%s/x.chk", make_scratch_folder("chk"));
        struct checkpoint c;
        unsigned long long size;
        uint8_t again[CHECKPOINT_COPY_SIZE];
        copy_shared_file(FILES[i], path);
        assert_int_equal(checkpoint_file_read(os_fs_posix(), path, &c), 0);
        unsigned char *bytes = read_whole_file(path, &size);
        checkpoint_encode(&c, again);
        for (int at = 0; at < CHECKPOINT_COPY_SIZE; at++)
            if (again[at] != bytes[at])
                fail_msg("%s: byte %d is %02x, encoded %02x", FILES[i], at, bytes[at], again[at]);
        free(bytes);
    }
    struct checkpoint c;
    const char *path = text_of("%s/x.chk", make_scratch_folder("chk"));
    copy_shared_file(FILES[0], path);
    assert_int_equal(checkpoint_file_read(os_fs_posix(), path, &c), 0);
    assert_int_equal(c.lgpos_checkpoint, lgpos_make(9, 7, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_equal_the_expectations),
        cmocka_unit_test(every_record_of_the_windows_logs_is_found_and_no_byte_is_left_over),
        cmocka_unit_test(every_log_of_the_original_engine_parses_to_its_last_byte),
        cmocka_unit_test(checksums_chain_the_generations),
        cmocka_unit_test(checkpoints_of_windows_decode_and_encode_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
