/* What sets and servers that mean harm cannot do: make the checker allocate without bound or compare every name with every other, make a restore take away a file that
 * is not its own, make a backup write without end. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "format/log_header.h"
#include "format/patch_header.h"
#include "os/file.h"
#include "set/assemble.h"
#include "set/check.h"
#include "set/delta.h"
#include "set/write.h"
#include "shared_data.h"

enum { PAGE = 4096 };

/* --- the checker --- */

struct findings {
    unsigned incomplete_deltas, twice;
};

static void note(void *context, const struct set_finding *finding)
{
    struct findings *f = (struct findings *)context;
    f->incomplete_deltas += strstr(finding->text, "all pages behind the end") != NULL;
    f->twice += strcmp(finding->text, "is there twice") == 0;
}

static void feed(struct set_checker *checker, const char *name, const uint8_t *bytes, size_t size)
{
    assert_int_equal(set_checker_begin_file(checker, name, size), JET_errSuccess);
    if (size > 0)
        assert_int_equal(set_checker_data(checker, bytes, size), JET_errSuccess);
    assert_int_equal(set_checker_end_file(checker), JET_errSuccess);
}

/* Two header pages, blank pages, a trailer. */
static void make_copy(uint8_t *bytes, size_t blank_pages)
{
    struct db_header header = {.state = DB_STATE_CLEAN};
    struct patch_header trailer = {.backup = {.gen_low = 1, .gen_high = 1}};
    memset(bytes, 0, (3 + blank_pages) * PAGE);
    header.backup_full_current.gen_low = 1;
    db_header_encode(&header, bytes, PAGE);
    memcpy(bytes + PAGE, bytes, PAGE);
    patch_header_encode(&trailer, bytes + (2 + blank_pages) * PAGE, PAGE);
}

static size_t make_delta(uint8_t *bytes, const uint8_t *copy, size_t copy_size, uint32_t page_count, uint32_t page_no)
{
    uint8_t base[SHA256_SIZE], *at = bytes;
    struct sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, copy, copy_size);
    sha256_finish(&hash, base);
    delta_header(PAGE, page_count, base, at);
    at += DELTA_HEADER;
    memcpy(at, copy, 2 * PAGE);
    at += 2 * PAGE;
    delta_run(page_no, 1, at);
    at += DELTA_RUN_HEADER;
    memset(at, 0, PAGE);
    at += PAGE;
    delta_run(0, 0, at);
    at += DELTA_RUN_HEADER;
    memcpy(at, copy + copy_size - PAGE, PAGE);
    at += PAGE;
    sha256_init(&hash);
    sha256_add(&hash, bytes, (size_t)(at - bytes));
    sha256_finish(&hash, at);
    return (size_t)(at - bytes) + SHA256_SIZE;
}

/* Which delta of a copy of three pages is said not to hold all pages. */
static unsigned check_delta(uint32_t page_count, uint32_t page_no)
{
    struct findings found = {0, 0};
    struct set_checker *checker;
    uint8_t *copy = (uint8_t *)malloc(6 * PAGE), *delta = (uint8_t *)malloc(8 * PAGE);
    assert_true(copy != NULL && delta != NULL);
    make_copy(copy, 3);
    size_t size = make_delta(delta, copy, 6 * PAGE, page_count, page_no);
    assert_int_equal(set_checker_create(note, &found, &checker), JET_errSuccess);
    set_checker_begin_set(checker, "full", false);
    feed(checker, "data.edb", copy, 6 * PAGE);
    assert_int_equal(set_checker_end_set(checker), JET_errSuccess);
    set_checker_begin_set(checker, "pages", false);
    feed(checker, "data.edb.delta", delta, size);
    assert_int_equal(set_checker_end_set(checker), JET_errSuccess);
    set_checker_destroy(checker);
    free(copy);
    free(delta);
    return found.incomplete_deltas;
}

static void a_delta_with_a_gap_behind_the_image_is_found_and_costs_no_memory(void **state)
{
    (void)state;
    uint64_t live = memory_live_count();
    assert_int_equal(check_delta(3, 2), 0);
    assert_int_equal(check_delta(4, 4), 0);
    assert_int_equal(check_delta(2, 1), 0);
    assert_int_equal(check_delta(5, 5), 1);
    assert_int_equal(check_delta(5, 2), 1);
    assert_int_equal(check_delta(UINT32_MAX - 3, UINT32_MAX - 3), 1); /* 64 GiB of page table, were it believed */
    assert_true(memory_live_count() == live);
}

static void a_set_of_very_many_names_is_checked_in_good_time(void **state)
{
    (void)state;
    enum { NAMES = 200000 }; /* each with each: two hours of comparing */
    struct findings found = {0, 0};
    struct set_checker *checker;
    char name[32];
    assert_int_equal(set_checker_create(note, &found, &checker), JET_errSuccess);
    set_checker_begin_set(checker, "many", true);
    for (unsigned i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "x%07u", i % (NAMES - 2)); /* the last two for the second time */
        feed(checker, name, NULL, 0);
    }
    assert_int_equal(set_checker_end_set(checker), JET_errSuccess);
    assert_int_equal(found.twice, 2);
    set_checker_destroy(checker);
}

/* --- restore --- */

static void a_restore_that_fails_leaves_a_file_that_was_there(void **state)
{
    (void)state;
    struct set sets[2] = {{.label = (char *)(uintptr_t)"full"}, {.label = (char *)(uintptr_t)"pages", .manifest.kind = SET_KIND_PAGES}};
    struct set_chain chain = {.sets = sets, .count = 2, .last_image = 1};
    struct set_database wanted = {.file.name = (char *)(uintptr_t)"data.edb.delta", .is_delta = true};
    const char *target = text_of("%s/data.edb", make_scratch_folder("target"));
    char why[200];
    uint64_t bytes = 0;
    assert_int_equal(assemble_database(&chain, &wanted, target, NULL, &bytes, why, sizeof why), JET_errInvalidBackup); /* the full set lacks it */
    FILE *file = fopen(target, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(assemble_database(&chain, &wanted, target, NULL, &bytes, why, sizeof why), JET_errFileAlreadyExists);
    assert_non_null(strstr(why, target));
    assert_true(os_exists(os_fs_posix(), target));
}

/* --- a server --- */

static JET_ERR begin(void *context, bool is_incremental)
{
    (void)context;
    assert_true(is_incremental);
    return JET_errSuccess;
}

static JET_ERR list_logs(void *context, char **list, JET_LOGINFO_A *range)
{
    static const char PATHS[] = "/logs/edb00001.log\0";
    (void)context;
    *list = (char *)mem_copy(PATHS, sizeof PATHS);
    *range = (JET_LOGINFO_A){.cbSize = sizeof *range, .ulGenLow = 1, .ulGenHigh = 1, .szBaseName = "edb"};
    return *list != NULL ? JET_errSuccess : JET_errOutOfMemory;
}

static JET_ERR open_log(void *context, const char *path, uint64_t *size)
{
    (void)context;
    (void)path;
    *size = 2 * PAGE;
    return JET_errSuccess;
}

static JET_ERR read_without_end(void *context, void *buffer, uint32_t size, uint32_t *got)
{
    unsigned *reads = (unsigned *)context;
    assert_true(size >= PAGE && ++*reads < 100);
    memset(buffer, 0, PAGE);
    *got = PAGE;
    return JET_errSuccess;
}

static JET_ERR do_nothing(void *context)
{
    (void)context;
    return JET_errSuccess;
}

static JET_ERR end_aborted(void *context, JET_GRBIT grbit)
{
    (void)context;
    assert_int_equal(grbit, JET_bitBackupEndAbort);
    return JET_errSuccess;
}

static void a_server_that_sends_more_than_it_said_is_cut_off(void **state)
{
    (void)state;
    unsigned reads = 0;
    struct set_output *output;
    struct set_write_result result;
    struct backup_source source = {.context = &reads, .begin = begin, .list_logs = list_logs, .open = open_log, .read = read_without_end, .close = do_nothing,
                                   .truncate = do_nothing, .end = end_aborted};
    assert_int_equal(set_output_folder(make_scratch_folder("set"), SET_KIND_INCREMENTAL, false, &output), JET_errSuccess);
    const struct set_write_config config = {.source = &source, .output = output, .kind = SET_KIND_INCREMENTAL};
    assert_int_equal(set_write(&config, &result), JET_errInternalError);
    assert_int_equal(reads, 3);
    set_write_release(&result);
    set_output_close(output);
}

static void a_manifest_of_very_many_values_is_refused_before_it_costs_memory(void **state)
{
    (void)state;
    enum { BYTES = 6 << 20 };
    struct set_manifest manifest;
    char why[400], *text = (char *)malloc(BYTES);
    assert_non_null(text);
    for (size_t i = 0; i + 3 <= BYTES; i += 3)
        memcpy(text + i, "[],", 3);
    text[0] = '[';
    assert_int_equal(manifest_parse(text, BYTES, &manifest, why, sizeof why), JET_errInvalidParameter);
    assert_non_null(strstr(why, "too many values"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delta_with_a_gap_behind_the_image_is_found_and_costs_no_memory),
        cmocka_unit_test(a_set_of_very_many_names_is_checked_in_good_time),
        cmocka_unit_test(a_restore_that_fails_leaves_a_file_that_was_there),
        cmocka_unit_test(a_server_that_sends_more_than_it_said_is_cut_off),
        cmocka_unit_test(a_manifest_of_very_many_values_is_refused_before_it_costs_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
