/* The formats of backup sets, on bytes: tar headers, deltas, manifests. What reads them must refuse anything else without a crash or a leak. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "set/delta.h"
#include "set/hash_thread.h"
#include "set/manifest.h"
#include "set/tar.h"

enum { PAGE = 4096 };

/* --- tar --- */

/* Reads a member back as archive.c does. */
static bool read_back(const uint8_t *bytes, size_t size, struct tar_member *member)
{
    tar_read_header(bytes, member);
    if (member->kind != TAR_PAX)
        return size == TAR_BLOCK;
    size_t records = (size_t)member->size;
    tar_read_header(bytes + 2 * (size_t)TAR_BLOCK, member);
    return size == 3 * (size_t)TAR_BLOCK && tar_apply_pax((const char *)bytes + TAR_BLOCK, records, member);
}

static void tar_headers_keep_any_name_and_size(void **state)
{
    (void)state;
    static const uint64_t SIZES[] = {0, 1, 511, 512, 077777777777, 0100000000000, 1ull << 45, INT64_MAX / 16};
    for (size_t length = 1; length <= 255; length++) {
        char name[256] = {0};
        memset(name, 'n', length);
        for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
            uint8_t bytes[TAR_HEADERS_MAX];
            struct tar_member member;
            size_t size = tar_write_header(name, SIZES[i], 1, bytes);
            assert_true(read_back(bytes, size, &member));
            assert_int_equal(member.kind, TAR_FILE);
            assert_string_equal(member.name, name);
            assert_true(member.size == SIZES[i]);
        }
    }
}

static void a_changed_tar_header_is_bad(void **state)
{
    (void)state;
    uint8_t bytes[TAR_HEADERS_MAX];
    struct tar_member member;
    assert_int_equal(tar_write_header("data.edb", 12345, 1, bytes), TAR_BLOCK);
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        bytes[i] ^= 0x10;
        tar_read_header(bytes, &member);
        if (i < 148 || i >= 156)
            assert_int_equal(member.kind, TAR_BAD);
        bytes[i] ^= 0x10;
    }
}

static void names_that_lead_elsewhere_are_not_safe(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", ".", "..", "./", "./.", "./..", "/etc", "a/b", "../a", "./a/b", "././a", "a\\b", "a\nb", "\x7f"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_null(tar_safe_name(BAD[i]));
    assert_string_equal(tar_safe_name("./data.edb"), "data.edb");
    assert_string_equal(tar_safe_name("..data"), "..data");
}

static void malformed_pax_records_are_refused(void **state)
{
    (void)state;
    static const char *const BAD[] = {"x", "9", "9 path=a", "99 path=a\n", "3 a\n", "0 path=a\n", "8 patha\n", "-1 path=a\n", "11 size=1x\n", "8 size=\n",
                                      "32 size=99999999999999999999999\n", "18446744073709551617 path=a\n"};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct tar_member member = {.kind = TAR_FILE};
        assert_false(tar_apply_pax(BAD[i], strlen(BAD[i]), &member));
    }
    struct tar_member member = {.kind = TAR_FILE};
    assert_true(tar_apply_pax("10 path=a\n11 mtime=0\n", 21, &member));
    assert_string_equal(member.name, "a");
}

/* --- deltas --- */

struct seen {
    unsigned headers, trailers, pages;
    uint32_t last;
};

static JET_ERR count_part(void *context, struct delta_parser *parser, enum delta_part part, uint32_t page_no, const uint8_t *bytes)
{
    struct seen *s = (struct seen *)context;
    assert_int_equal(parser->page_size, PAGE);
    s->headers += part == DELTA_PART_HEADERS;
    s->trailers += part == DELTA_PART_TRAILER;
    if (part == DELTA_PART_PAGE) {
        s->pages++;
        s->last = page_no;
        assert_true(page_no >= 1 && page_no <= parser->page_count);
        (void)bytes[PAGE - 1];
    }
    return JET_errSuccess;
}

/* Parses in pieces; what the caller of the parser would see. */
static JET_ERR parse(const uint8_t *bytes, size_t size, size_t piece, struct seen *seen)
{
    struct delta_parser p;
    *seen = (struct seen){.headers = 0};
    JET_ERR err = delta_parser_begin(&p, PAGE, count_part, seen);
    for (size_t at = 0; err >= 0 && at < size; at += piece)
        err = delta_parser_add(&p, bytes + at, size - at < piece ? size - at : piece);
    if (err >= 0)
        err = delta_parser_end(&p);
    delta_parser_release(&p);
    return err;
}

struct run {
    uint32_t first, count;
};

/* A delta of pages 1..m with these runs; only good when they are. */
static uint8_t *build(uint32_t page_count, const struct run *runs, size_t run_count, size_t *size)
{
    size_t pages = 3;
    for (size_t i = 0; i < run_count; i++)
        pages += runs[i].count;
    uint8_t base[SHA256_SIZE] = {7}, *bytes = (uint8_t *)calloc(1, DELTA_HEADER + pages * PAGE + (run_count + 1) * DELTA_RUN_HEADER + SHA256_SIZE), *at = bytes;
    assert_non_null(bytes);
    delta_header(PAGE, page_count, base, at);
    at += DELTA_HEADER + 2 * PAGE;
    for (size_t i = 0; i < run_count; i++) {
        delta_run(runs[i].first, runs[i].count, at);
        at += DELTA_RUN_HEADER;
        memset(at, (int)i + 1, (size_t)runs[i].count * PAGE);
        at += (size_t)runs[i].count * PAGE;
    }
    at += DELTA_RUN_HEADER + PAGE;
    struct sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, bytes, (size_t)(at - bytes));
    sha256_finish(&hash, at);
    *size = (size_t)(at - bytes) + SHA256_SIZE;
    return bytes;
}

static void a_delta_is_read_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const struct run RUNS[] = {{1, 1}, {3, 2}, {9, 1}};
    static const size_t PIECES[] = {1, 7, 64, 4096, 4097, 1 << 20};
    size_t size;
    uint8_t *bytes = build(9, RUNS, 3, &size);
    uint64_t live = memory_live_count();
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++) {
        struct seen seen;
        assert_int_equal(parse(bytes, size, PIECES[i], &seen), JET_errSuccess);
        assert_int_equal(seen.headers, 1);
        assert_int_equal(seen.trailers, 1);
        assert_int_equal(seen.pages, 4);
        assert_int_equal(seen.last, 9);
    }
    assert_true(memory_live_count() == live);
    free(bytes);
}

static void a_delta_that_was_cut_or_changed_is_refused(void **state)
{
    (void)state;
    static const struct run RUNS[] = {{2, 1}};
    struct seen seen;
    size_t size;
    uint8_t *bytes = build(3, RUNS, 1, &size);
    for (size_t cut = 0; cut < size; cut += 37)
        assert_int_equal(parse(bytes, cut, 1 << 20, &seen), JET_errFileIOBeyondEOF);
    for (size_t i = 0; i < size; i += i < 80 || i > size - 40 ? 1 : 29) {
        bytes[i] ^= 0x41;
        assert_true(parse(bytes, size, 1 << 20, &seen) < 0);
        bytes[i] ^= 0x41;
    }
    assert_int_equal(parse(bytes, size, 1 << 20, &seen), JET_errSuccess);
    uint8_t *longer = (uint8_t *)calloc(1, size + 1);
    assert_non_null(longer);
    memcpy(longer, bytes, size);
    assert_int_equal(parse(longer, size + 1, 1 << 20, &seen), JET_errDatabaseCorrupted);
    free(longer);
    free(bytes);
}

static void runs_out_of_order_or_range_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t page_count;
        struct run runs[2];
    } CASES[] = {{9, {{3, 2}, {4, 1}}}, {9, {{3, 1}, {3, 1}}}, {9, {{5, 1}, {1, 1}}}, {3, {{1, 1}, {4, 1}}}, {3, {{2, 3}, {6, 1}}}, {9, {{0, 1}, {2, 1}}},
                 {9, {{1, 1}, {2, 0}}}, {UINT32_MAX, {{1, 1}, {2, 1}}}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct seen seen;
        size_t size;
        uint8_t *bytes = build(CASES[i].page_count, CASES[i].runs, 2, &size);
        assert_int_equal(parse(bytes, size, 1 << 20, &seen), JET_errDatabaseCorrupted);
        free(bytes);
    }
}

/* --- manifests --- */

static void fill_file(struct set_file *f, const char *name, uint64_t size)
{
    f->name = mem_strdup(name);
    assert_non_null(f->name);
    f->size = size;
    memset(f->sha256, (int)size, SHA256_SIZE);
}

static void make_manifest(struct set_manifest *m)
{
    *m = (struct set_manifest){.kind = SET_KIND_PAGES, .begun = 1700000000, .ended = 1700000099, .base_name = "edb", .page_size = PAGE, .log_size = 65536,
                               .generation_low = 9, .generation_high = 10};
    set_id_make(m->id);
    set_id_make(m->parent_id);
    m->parent_path = mem_strdup("../full");
    struct set_database *d = manifest_add_database(m);
    assert_non_null(d);
    fill_file(&d->file, "data \"x\".edb.delta", 99);
    fill_file(&d->table, "data.pages", 98);
    d->original_path = mem_strdup("/somewhere/data.edb");
    d->is_delta = true;
    d->page_count = 5;
    d->image_size = 8ull * PAGE;
    for (uint32_t g = 9; g <= 10; g++) {
        char name[16];
        struct set_log *log = manifest_add_log(m);
        assert_non_null(log);
        snprintf(name, sizeof name, "edb%05X.log", g);
        fill_file(&log->file, name, 65536);
        log->generation = g;
        log->created = log_time_from_unix(1700000000 + (int64_t)g, 5);
    }
}

static void a_manifest_says_what_it_was_told(void **state)
{
    (void)state;
    uint64_t live = memory_live_count();
    struct set_manifest m, back;
    char *text, *again, why[200];
    make_manifest(&m);
    assert_int_equal(manifest_format(&m, &text), JET_errSuccess);
    assert_int_equal(manifest_parse(text, strlen(text), &back, why, sizeof why), JET_errSuccess);
    assert_string_equal(back.databases[0].file.name, "data \"x\".edb.delta");
    assert_true(log_time_equal(back.logs[1].created, m.logs[1].created));
    assert_true(back.begun == m.begun && back.ended == m.ended);
    assert_int_equal(manifest_format(&back, &again), JET_errSuccess);
    assert_string_equal(text, again);
    mem_free(text);
    mem_free(again);
    manifest_release(&m);
    manifest_release(&back);
    assert_true(memory_live_count() == live);
}

static void a_manifest_cut_anywhere_is_refused_without_a_leak(void **state)
{
    (void)state;
    uint64_t live = memory_live_count();
    struct set_manifest m, back;
    char *text, why[200];
    make_manifest(&m);
    assert_int_equal(manifest_format(&m, &text), JET_errSuccess);
    for (size_t size = 0; size + 2 < strlen(text); size++) {
        assert_int_equal(manifest_parse(text, size, &back, why, sizeof why), JET_errInvalidParameter);
        assert_true(why[0] != 0);
    }
    for (uint64_t nth = 1;; nth++) { /* every allocation fails once */
        memory_fail_at(nth, 0);
        JET_ERR err = manifest_parse(text, strlen(text), &back, why, sizeof why);
        bool is_over = memory_fail_left() != 0;
        memory_fail_at(0, 0);
        if (err >= 0)
            manifest_release(&back);
        if (is_over)
            break;
        assert_true(err < 0);
    }
    mem_free(text);
    manifest_release(&m);
    assert_true(memory_live_count() == live);
}

static void a_thread_hashes_what_this_one_would_have(void **state)
{
    (void)state;
    enum { PIECES = 60, PIECE = 10000 };
    static uint8_t pieces[PIECES][PIECE];
    struct hash_thread *thread;
    struct sha256 here[2], there[2];
    uint8_t expected[SHA256_SIZE], got[SHA256_SIZE];
    uint64_t job = 0;
    assert_int_equal(hash_thread_open(&thread), JET_errSuccess);
    for (unsigned i = 0; i < 2; i++) {
        sha256_init(&here[i]);
        sha256_init(&there[i]);
    }
    for (unsigned i = 0; i < PIECES; i++) {
        memset(pieces[i], (int)i + 1, PIECE);
        sha256_add(&here[i % 2], pieces[i], PIECE - i);
        job = hash_thread_add(thread, &there[i % 2], pieces[i], PIECE - i);
        assert_int_equal(job, i + 1);
    }
    hash_thread_wait(thread, job - 1); /* the even ones are done */
    sha256_finish(&here[0], expected);
    sha256_finish(&there[0], got);
    assert_memory_equal(got, expected, SHA256_SIZE);
    hash_thread_close(thread); /* does what is left */
    sha256_finish(&here[1], expected);
    sha256_finish(&there[1], got);
    assert_memory_equal(got, expected, SHA256_SIZE);
    hash_thread_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_hashes_what_this_one_would_have),
        cmocka_unit_test(tar_headers_keep_any_name_and_size),
        cmocka_unit_test(a_changed_tar_header_is_bad),
        cmocka_unit_test(names_that_lead_elsewhere_are_not_safe),
        cmocka_unit_test(malformed_pax_records_are_refused),
        cmocka_unit_test(a_delta_is_read_in_pieces_of_any_size),
        cmocka_unit_test(a_delta_that_was_cut_or_changed_is_refused),
        cmocka_unit_test(runs_out_of_order_or_range_are_refused),
        cmocka_unit_test(a_manifest_says_what_it_was_told),
        cmocka_unit_test(a_manifest_cut_anywhere_is_refused_without_a_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
