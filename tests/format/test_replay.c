/* Log replay against the ground truth: real and generated streams, replayed on copies, must end in the databases that the original engine made of them.
 * Rows and index entries are compared as dumped text, pages by dbtime, links, object id and structural flags; then the whole is checked for integrity. */
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/restore.h"
#include "base/memory.h"
#include "fault_fs.h"
#include "format/checksum.h"
#include "format/log_segment.h"
#include "live_instance.h"
#include "recovery/recovery.h"
#include "replay_sets.h"
#include "shared_data.h"

/* --- the table --- */

/* What each case came to, printed when all have run. */
struct outcome {
    char what[48];
    struct pages_compared pages;
    bool has_pages;
    unsigned untouched;
    uint64_t rows, entries;
};
static struct outcome outcomes[64];
static unsigned outcome_count;

static struct outcome *add_outcome(const char *what)
{
    assert_true(outcome_count < sizeof outcomes / sizeof *outcomes);
    struct outcome *o = &outcomes[outcome_count++];
    snprintf(o->what, sizeof o->what, "%s", what);
    return o;
}

/* A case is only in the table when all of it was equal: what differs has ended the test that made it. */
static void all_cases_in_one_table(void **state)
{
    (void)state;
    require_shared_data();
    print_message("%-30s %7s %7s %10s %11s %7s %8s\n", "case", "pages", "equal", "same bytes", "untouched", "rows", "entries");
    for (unsigned i = 0; i < outcome_count; i++) {
        const struct outcome *o = &outcomes[i];
        print_message("%-30s ", o->what);
        if (o->has_pages)
            print_message("%7u %7u %10u ", o->pages.compared, o->pages.compared - o->pages.different, o->pages.same_bytes);
        else
            print_message("%7s %7s %10s ", "-", "-", "-");
        print_message("%11u %7llu %8llu  equal\n", o->untouched, (unsigned long long)o->rows, (unsigned long long)o->entries);
    }
}

/* --- comparisons --- */

/* Sound, and with no more lost pages than the reference has: some real files have a few. */
static void check_is_clean(const char *path, const char *reference)
{
    uint64_t lost;
    uint32_t usual = replayed_warnings(reference, false, &lost);
    assert_int_equal(replayed_state(path), DB_STATE_CLEAN);
    assert_int_equal(replayed_warnings(path, usual == 0, &lost), usual);
}

/* The database must hold what the reference holds. with_pages: page by page too. */
static struct outcome *expect_equal(const char *what, const char *path, const char *reference, bool with_pages)
{
    struct replayed_database a, b;
    struct outcome *o = add_outcome(what);
    replayed_open(path, &a);
    replayed_open(reference, &b);
    bool rows = dumped_text_equal("rows", &a.rows, &b.rows), entries = dumped_text_equal("entries", &a.entries, &b.entries);
    o->has_pages = with_pages;
    if (with_pages)
        replayed_compare_pages(path, reference, a.db->page_size, false, &o->pages);
    o->rows = a.rows.lines;
    o->entries = a.entries.lines;
    replayed_close(&a);
    replayed_close(&b);
    assert_true(rows);
    assert_true(entries);
    assert_int_equal(o->pages.different, 0);
    return o;
}

/* --- sets --- */

static void replay(const struct replay_set *s)
{
    const char *d = replay_lay_out(s), *other = make_scratch_folder("reference"), *reference = text_of("%s/reference", other), *before = text_of("%s/before", other);
    const char *path = text_of("%s/%s", d, s->file_name);
    struct recovery_config config = replay_config(s, d);
    struct recovery_result result;
    unsigned changed = 0;
    copy_shared_file(s->reference, reference);
    if (s->database != NULL)
        copy_shared_file(s->database, before);
    JET_ERR err = replay_run(&config, &result);
    if (err != 0)
        fail_msg("%s: %d", s->what, err);
    assert_true(result.was_replayed);
    check_is_clean(path, reference);
    struct outcome *o = expect_equal(s->what, path, reference, true);
    if (s->database != NULL)
        o->untouched = replayed_count_untouched(path, before, s->page_size, &changed);
    assert_int_equal(changed, 0);
    assert_int_equal(replay_run(&config, &result), 0); /* and the stream is in order */
    assert_false(result.was_replayed);
}

static void r1_a_database_is_made_from_its_logs_alone(void **state)
{
    (void)state;
    require_shared_data();
    replay(&REPLAY_WINDOWS[0]);
}

static void r2_a_crash_right_after_the_attach(void **state)
{
    (void)state;
    require_shared_data();
    replay(&REPLAY_WINDOWS[1]);
}

static void r3_pages_that_were_never_flushed_come_back(void **state)
{
    (void)state;
    require_shared_data();
    replay(&REPLAY_WINDOWS[2]);
    replay(&REPLAY_WINDOWS[3]);
}

static void crashed_databases_get_the_contents_the_engine_gave_them(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < REPLAY_CRASH_COUNT; i++)
        replay(&REPLAY_CRASHES[i]);
}

static void crashed_streams_rebuild_the_database_from_nothing(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < REPLAY_CRASH_COUNT; i++) {
        struct replay_set s = REPLAY_CRASHES[i];
        s.what = text_of("%s, logs alone", s.what);
        s.database = s.checkpoint = NULL;
        replay(&s);
    }
}

static void redo_alone_leaves_the_database_dirty(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < REPLAY_CRASH_COUNT; i++) {
        const struct replay_set *s = &REPLAY_CRASHES[i];
        const char *d = replay_lay_out(s), *database = text_of("%s/%s", d, s->file_name), *reference = text_of("%s/reference", make_scratch_folder("reference"));
        struct recovery_config config = replay_config(s, d);
        struct recovery_result result;
        char relative[256];
        snprintf(relative, sizeof relative, "engine/%s/after_redo_only/data.edb", s->what);
        copy_shared_file(relative, reference);
        config.options.without_undo = true;
        assert_int_equal(replay_run(&config, &result), JET_errRecoveredWithoutUndo);
        /* The engine left some pages unwritten that it had replayed. */
        struct outcome *o = add_outcome(text_of("%s, redo only", s->what));
        struct replayed_database copy;
        replayed_compare_pages(database, reference, s->page_size, true, &o->pages);
        o->has_pages = true;
        assert_int_equal(o->pages.different, 0);
        replayed_open(database, &copy); /* uncommitted changes are in it; every row and entry can be read */
        o->rows = copy.rows.lines;
        o->entries = copy.entries.lines;
        replayed_close(&copy);
        assert_int_equal(replayed_state(database), DB_STATE_DIRTY);
        /* Undo can still be done, and from the log: what was uncommitted has been written to the file. */
        config.options.without_undo = false;
        assert_int_equal(replay_run(&config, &result), 0);
        copy_shared_file(s->reference, reference);
        check_is_clean(database, reference);
        (void)expect_equal(text_of("%s, in two steps", s->what), database, reference, false);
    }
}

static void complete_streams_rebuild_the_database_from_nothing(void **state)
{
    (void)state;
    require_shared_data();
    static const struct {
        const char *name;
        uint32_t page_size;
    } SETS[] = {{"clean_4k", 4096}, {"clean_8k", 8192}, {"clean_16k", 16384}, {"clean_32k", 32768}, {"clean_4k_win10", 4096}};
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++) {
        struct replay_set s = {.what = SETS[i].name, .logs = text_of("engine/%s", SETS[i].name), .base = "edb", .file_name = "data.edb",
                           .reference = text_of("engine/%s/data.edb", SETS[i].name), .page_size = SETS[i].page_size};
        replay(&s);
    }
}

/* The sets that end clean, with everything in them: a recovery has nothing to do to the database, whether the checkpoint says so or the logs do. */
static void left_as_it_is(const struct replay_set *s)
{
    for (int with_checkpoint = 0; with_checkpoint <= 1; with_checkpoint++) {
        const char *d = replay_lay_out(s), *path = text_of("%s/%s", d, s->file_name);
        struct recovery_config config = replay_config(s, d);
        struct recovery_result result;
        unsigned long long before_size, after_size;
        unsigned char *before = read_whole_file(path, &before_size);
        if (!with_checkpoint)
            unlink(text_of("%s/%s.chk", d, s->base));
        assert_int_equal(replay_run(&config, &result), 0);
        assert_int_equal(result.was_replayed, !with_checkpoint);
        unsigned char *after = read_whole_file(path, &after_size);
        assert_int_equal(after_size, before_size);
        assert_memory_equal(after, before, before_size);
        if (with_checkpoint)
            add_outcome(text_of("%s, as it is", s->what))->untouched = (unsigned)(after_size / s->page_size - 2);
        free(before);
        free(after);
    }
}

static void r4_a_closed_database_is_left_as_it_is(void **state)
{
    (void)state;
    require_shared_data();
    static const struct replay_set SETS[] = {
        {.what = "R1 server2022-day0", .logs = "windows/srum-server2022-day0", .base = "SRU", .file_name = "SRUDB.dat", .database = "windows/srum-server2022-day0/SRUDB.dat",
         .checkpoint = "windows/srum-server2022-day0/SRU.chk", .page_size = 4096},
        {.what = "R4 rathbun collected", .logs = "windows/srum-w10-21h1-rathbun/collected", .base = "SRU", .file_name = "SRUDB.dat",
         .database = "windows/srum-w10-21h1-rathbun/collected/SRUDB.dat", .checkpoint = "windows/srum-w10-21h1-rathbun/collected/SRU.chk", .page_size = 4096},
    };
    static const struct {
        const char *name;
        uint32_t page_size;
    } ENGINE_SETS[] = {{"roll_circ_4k", 4096}, {"clean_4k", 4096}, {"clean_8k", 8192}, {"clean_16k", 16384}, {"clean_32k", 32768}, {"clean_4k_win10", 4096}};
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++)
        left_as_it_is(&SETS[i]);
    for (size_t i = 0; i < sizeof ENGINE_SETS / sizeof *ENGINE_SETS; i++) {
        const struct replay_set s = {.what = ENGINE_SETS[i].name, .logs = text_of("engine/%s", ENGINE_SETS[i].name), .base = "edb", .file_name = "data.edb",
                                     .database = text_of("engine/%s/data.edb", ENGINE_SETS[i].name), .checkpoint = text_of("engine/%s/edb.chk", ENGINE_SETS[i].name),
                                     .page_size = ENGINE_SETS[i].page_size};
        left_as_it_is(&s);
    }
}

static void r5_a_dirty_database_without_its_logs_is_refused(void **state)
{
    (void)state;
    require_shared_data();
    static const char *const DIRTY[] = {"ual-server2012r2/Current.mdb", "ual-server2019-hyperv/Current.mdb", "ual-server2019-nondomain/Current.mdb", "qmgr-w11-24h2/qmgr.db",
                                        "webcache-w10-1809-dirty/WebCacheV01.dat"};
    for (size_t i = 0; i < sizeof DIRTY / sizeof *DIRTY; i++) {
        struct live_instance live;
        const char *path = text_of("%s/database", make_scratch_folder("dirty"));
        unsigned long long before_size, after_size;
        copy_shared_file(text_of("windows/%s", DIRTY[i]), path);
        unsigned char *before = read_whole_file(path, &before_size);
        live_start(&live, page_size_of(path));
        assert_err(JetAttachDatabase(live.session, path, 0), JET_errDatabaseDirtyShutdown);
        live_stop(&live);
        unsigned char *after = read_whole_file(path, &after_size);
        assert_int_equal(after_size, before_size);
        assert_memory_equal(after, before, before_size);
        free(before);
        free(after);
        print_message("R5 %-39s refused, unchanged\n", DIRTY[i]);
    }
    /* A log whose database is not there. */
    const char *d = make_scratch_folder("logonly");
    copy_shared_files("windows/secedit-w10-logonly", ".log", d);
    const struct replay_set s = {.base = "edb", .page_size = 4096};
    struct recovery_config config = replay_config(&s, d);
    struct recovery_result result;
    assert_int_equal(replay_run(&config, &result), JET_errAttachedDatabaseMismatch);
    assert_false(os_exists(os_fs_posix(), text_of("%s/secedit.sdb", d)));
}

/* --- restore --- */

/* Table and bookmark of every row, sorted; from the lines of a dump or of a JSON dump ({"t":TABLE,"bm":BOOKMARK,...). */
struct row_names {
    char **items;
    size_t count, room;
};

static void add_name(struct row_names *n, const char *table, size_t table_size, const char *key, size_t key_size)
{
    if (n->count == n->room) {
        n->room = n->room * 2 + 64;
        n->items = (char **)realloc(n->items, n->room * sizeof *n->items);
        assert_non_null(n->items);
    }
    char *name = (char *)malloc(table_size + key_size + 2);
    assert_non_null(name);
    memcpy(name, table, table_size);
    name[table_size] = ' ';
    memcpy(name + table_size + 1, key, key_size);
    name[table_size + 1 + key_size] = 0;
    n->items[n->count++] = name;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void names_of_dump(const struct dumped_text *rows, struct row_names *out)
{
    *out = (struct row_names){0};
    for (const char *line = rows->bytes, *end = rows->bytes + rows->size; line < end; line = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1) {
        size_t table = strcspn(line, "\t"), key = strcspn(line + table + 1, "\t\n");
        add_name(out, line, table, line + table + 1, key);
    }
    qsort(out->items, out->count, sizeof *out->items, compare_names);
}

static void names_of_json(const char *relative, struct row_names *out)
{
    const char *target = text_of("%s/dump.json", make_scratch_folder("json"));
    unsigned long long size;
    *out = (struct row_names){0};
    copy_shared_file(relative, target);
    unsigned char *bytes = read_whole_file(target, &size);
    char *text = (char *)realloc(bytes, size + 1), *rest = NULL;
    assert_non_null(text);
    text[size] = 0;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *table = line + 6, *after = strncmp(line, "{\"t\":\"", 6) == 0 ? strchr(table, '"') : NULL;
        if (after != NULL && strncmp(after, "\",\"bm\":\"", 8) == 0)
            add_name(out, table, (size_t)(after - table), after + 8, strcspn(after + 8, "\""));
    }
    free(text);
    qsort(out->items, out->count, sizeof *out->items, compare_names);
}

static void release_names(struct row_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->items[i]);
    free(n->items);
}

static void expect_rows_of(const char *what, const char *path, const char *json)
{
    struct replayed_database copy;
    struct row_names a, b;
    size_t equal = 0;
    replayed_open(path, &copy);
    names_of_dump(&copy.rows, &a);
    names_of_json(json, &b);
    while (equal < a.count && equal < b.count && strcmp(a.items[equal], b.items[equal]) == 0)
        equal++;
    print_message("%-24s %u rows, %u expected, %u with equal bookmarks\n", what, (unsigned)a.count, (unsigned)b.count, (unsigned)equal);
    assert_true(equal == a.count && equal == b.count);
    release_names(&a);
    release_names(&b);
    replayed_close(&copy);
}

static void a_backup_with_its_increments_is_restored(void **state)
{
    (void)state;
    require_shared_data();
    static const struct {
        const char *what, *reference, *json;
        uint32_t high, lost_pages; /* generation 10 ends inside a split: the page taken for it belongs to nobody when the log ends there */
    } LEVELS[] = {{"backup full", "engine/backup_4k/restored_full/data.edb", "engine/backup_4k/restored_full.json", 5, 0},
                  {"backup full + incr1", NULL, "engine/backup_4k/restored_incr1.json", 10, 1},
                  {"backup full + incr1 + incr2", "engine/backup_4k/restored_incr2/data.edb", "engine/backup_4k/restored_incr2.json", 12, 0}};
    for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++) {
        const char *set = make_scratch_folder("set"), *work = make_scratch_folder("restored"), *path = text_of("%s/data.edb", work);
        copy_shared_files("engine/backup_4k/full", ".log", set);
        if (LEVELS[i].high > 5)
            copy_shared_files("engine/backup_4k/incr1", ".log", set);
        if (LEVELS[i].high > 10)
            copy_shared_files("engine/backup_4k/incr2", ".log", set);
        copy_shared_file("engine/backup_4k/full/data.edb", path);
        struct restore_map_entry map = {"C:\\db\\backup_4k\\data.edb", path};
        struct restore_config config = {.fs = os_fs_posix(), .checkpoint_folder = work, .log_folder = work, .backup_folder = set, .base_name = "edb", .gen_low = 1,
                                        .gen_high = LEVELS[i].high, .map = &map, .map_count = 1};
        uint64_t before = memory_live_count();
        JET_ERR err = restore_external(&config, NULL);
        if (err != 0)
            fail_msg("%s: %d", LEVELS[i].what, err);
        assert_int_equal(memory_live_count(), before);
        expect_rows_of(LEVELS[i].what, path, LEVELS[i].json);
        assert_int_equal(replayed_state(path), DB_STATE_CLEAN);
        uint64_t lost;
        assert_int_equal(replayed_warnings(path, LEVELS[i].lost_pages == 0, &lost), 0);
        assert_int_equal(lost, LEVELS[i].lost_pages);
        if (LEVELS[i].reference != NULL) {
            const char *reference = text_of("%s/reference", make_scratch_folder("reference"));
            copy_shared_file(LEVELS[i].reference, reference);
            (void)expect_equal(LEVELS[i].what, path, reference, true);
        }
    }
}

/* --- failures --- */

static void take_contents(const char *path, struct dumped_text *rows, struct dumped_text *entries)
{
    struct replayed_database c;
    replayed_open(path, &c);
    *rows = c.rows;
    *entries = c.entries;
    c.rows.bytes = c.entries.bytes = NULL;
    replayed_close(&c);
}

/* A disk that fails at any operation, then works again. */
static void a_recovery_that_meets_a_failing_disk_can_be_repeated(void **state)
{
    (void)state;
    require_shared_data();
    const struct replay_set *s = &REPLAY_CRASHES[0];
    const char *reference = text_of("%s/reference", make_scratch_folder("reference"));
    struct dumped_text rows, entries, rows2, entries2;
    unsigned failed = 0, runs = 0;
    copy_shared_file(s->reference, reference);
    take_contents(reference, &rows, &entries);
    for (uint64_t n = 1;; n += n < 40 ? 3 : 17) {
        const char *d = replay_lay_out(s);
        struct fault_fs *fault = fault_fs_create(os_fs_posix());
        struct recovery_config config = replay_config(s, d);
        struct recovery_result result;
        config.log.fs = fault_fs_os(fault);
        config.cache_bytes = 64 * 4096;
        fault_fs_fail(fault, FAULT_ANY, n, JET_errDiskIO, true);
        JET_ERR err = replay_run(&config, &result);
        bool struck = fault_fs_has_failed(fault);
        assert_int_equal(fault_fs_open_files(fault), 0);
        fault_fs_fail(fault, FAULT_ANY, 0, 0, false);
        if (struck) {
            assert_true(err < 0);
            failed++;
            err = replay_run(&config, &result);
        }
        runs++;
        if (err != 0)
            fail_msg("after a failure at operation %u: %d", (unsigned)n, err);
        take_contents(text_of("%s/data.edb", d), &rows2, &entries2);
        assert_true(dumped_text_equal("rows", &rows2, &rows) && dumped_text_equal("entries", &entries2, &entries));
        free(rows2.bytes);
        free(entries2.bytes);
        fault_fs_destroy(fault);
        if (!struck)
            break;
    }
    print_message("%u of %u recoveries failed, all repeated with the same contents\n", failed, runs);
    assert_true(failed > 10);
    free(rows.bytes);
    free(entries.bytes);
}

static void a_recovery_without_memory_ends_in_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    require_shared_data();
    const struct replay_set *s = &REPLAY_CRASHES[0];
    unsigned failed = 0;
    for (uint64_t n = 1; n < 100000; n += 1 + n / 8) {
        const char *d = replay_lay_out(s);
        struct recovery_config config = replay_config(s, d);
        struct recovery_result result;
        memory_fail_at(n, 1);
        JET_ERR err = replay_run(&config, &result); /* compares the live blocks */
        memory_fail_at(0, 0);
        if (err == 0)
            break;
        assert_int_equal(err, JET_errOutOfMemory);
        failed++;
        assert_int_equal(replay_run(&config, &result), 0);
        assert_int_equal(replayed_state(text_of("%s/data.edb", d)), DB_STATE_CLEAN);
    }
    assert_true(failed > 10);
}

/* --- damage --- */

/* Wrong bytes under right checksums. */
static void damage_pages(const char *path, uint32_t page_size, uint64_t *random)
{
    unsigned long long size;
    unsigned char *bytes = read_whole_file(path, &size);
    for (unsigned n = 0; n < 8; n++) {
        *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        page_no_t page_no = 1 + (page_no_t)(*random >> 33) % ((page_no_t)(size / page_size) - 3);
        uint8_t *page = bytes + page_file_offset(page_no, page_size);
        uint32_t at = 16 + (uint32_t)(*random >> 40) % (page_size - 16);
        if (is_all_zero(page, page_size))
            continue;
        page[n % 2 == 0 ? at : page_size - 1 - at % 64] = (uint8_t)(*random >> 24);
        checksum_store_page(page, page_size, page_no);
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
    free(bytes);
}

/* Damaged logs and pages end in errors or in a recovery, never in a fault or without end. */
static void damaged_streams_end_in_errors(void **state)
{
    (void)state;
    require_shared_data();
    uint64_t random = 1;
    unsigned failed = 0, rounds = getenv("TEST_ROUNDS") != NULL ? (unsigned)atoi(getenv("TEST_ROUNDS")) : 60;
    for (unsigned i = 0; i < rounds; i++) {
        const struct replay_set *s = &REPLAY_CRASHES[i % 2];
        const char *d = replay_lay_out(s), *path = text_of("%s/edb.log", d);
        unsigned long long size;
        unsigned char *bytes = read_whole_file(path, &size);
        for (unsigned n = 0; n < 4; n++) { /* records changed, checksums right */
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            uint32_t segment = 1 + (uint32_t)(random >> 33) % 8;
            size_t at = (size_t)segment * 4096 + 40 + (size_t)(random >> 45) % 4000;
            uint8_t *sector = bytes + (size_t)segment * 4096;
            if (load_le64(sector + 8) == 0)
                continue;
            bytes[at] = (uint8_t)(random >> 20);
            log_segment_seal(sector, segment);
        }
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, size, f), size);
        if (i % 3 == 0)
            unlink(text_of("%s/data.edb", d)), unlink(text_of("%s/edb.chk", d));
        else if (i % 3 == 1)
            damage_pages(text_of("%s/data.edb", d), s->page_size, &random);
        fclose(f);
        free(bytes);
        struct recovery_config config = replay_config(s, d);
        struct recovery_result result;
        failed += replay_run(&config, &result) < 0;
    }
    print_message("%u of %u damaged streams refused\n", failed, rounds);
    assert_true(failed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(r1_a_database_is_made_from_its_logs_alone),
        cmocka_unit_test(r2_a_crash_right_after_the_attach),
        cmocka_unit_test(r3_pages_that_were_never_flushed_come_back),
        cmocka_unit_test(crashed_databases_get_the_contents_the_engine_gave_them),
        cmocka_unit_test(crashed_streams_rebuild_the_database_from_nothing),
        cmocka_unit_test(redo_alone_leaves_the_database_dirty),
        cmocka_unit_test(complete_streams_rebuild_the_database_from_nothing),
        cmocka_unit_test(r4_a_closed_database_is_left_as_it_is),
        cmocka_unit_test(r5_a_dirty_database_without_its_logs_is_refused),
        cmocka_unit_test(a_backup_with_its_increments_is_restored),
        cmocka_unit_test(a_recovery_that_meets_a_failing_disk_can_be_repeated),
        cmocka_unit_test(a_recovery_without_memory_ends_in_an_error_and_leaks_nothing),
        cmocka_unit_test(damaged_streams_end_in_errors),
        cmocka_unit_test(all_cases_in_one_table),
    };
    if (getenv("TEST_FILTER") != NULL)
        cmocka_set_test_filter(getenv("TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
