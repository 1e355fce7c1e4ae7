/* The power goes at every kind of moment of a recovery of real and generated streams, again in the next one, and the one after ends in the bytes that an undisturbed recovery
 * ends in.
 *
 * The recovery runs over a file system that records every write and sync; images are built of what a disk could hold after the first N changes: everything written, only what was
 * synced, or a random part of the rest. Some images are recovered over a disk that dies a second time. Then every page must have the bytes of the undisturbed recovery but for
 * the checksum, the bits that count flushes, the marks of versions, and the dbtimes that the undo gave: a header may have gone ahead with a dbtime whose record was lost, which is
 * not given again. Rows and index entries must be the same, and the header but for times, signatures of a start and the positions of records that were written again.
 * The same of a recovery that leaves the databases attached, and the usual one after it.
 * A page of the database is taken to be written whole or not at all, as the format does (docs/format).
 *
 * OPENESE_REPLAY_CUTS sets about how many images of each set are tried (default 8; 1000000: one at every sync and renaming; "all": every change and every sync, each
 * kind of image), OPENESE_SEED the seed, ONLY_SET the one set to look into.
 *
 * The same over a disk, or a memory, that fails at the nth operation of a kind, once or from then on: the recovery says so, or it ends as the undisturbed one does, with nothing left for
 * the next. OPENESE_REPLAY_FAULTS sets about how many moments of each kind and set are tried (default 1, and no small caches; "all": each, or 1000 of more).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmocka_all.h"
#include "fault_fs.h"
#include "format/checksum.h"
#include "format/page.h"
#include "replay_sets.h"
#include "shared_data.h"

enum { CUTS = 8, IMAGE_KINDS = 3, SMALL_CACHE_PAGES = 64 };
static const char *const IMAGE_NAMES[IMAGE_KINDS] = {"everything written", "only what was synced", "a random part"};

/* --- what a recovery ends in --- */

struct end {
    uint8_t *bytes;
    unsigned long long size;
    struct dumped_text rows, entries;
    struct db_header header;
};

/* The mark that a version of the node may be in memory: whether a page keeps it depends on when it was read back. */
static void clear_version_marks(uint8_t *page, uint32_t page_size)
{
    enum { TAG_COUNT_MASK = 0x0FFF };
    uint32_t count = load_le16(page + 34) & TAG_COUNT_MASK, offset_mask = page_is_large(page_size) ? 0x7FFF : 0x1FFF;
    for (uint32_t i = 1; i < count; i++) {
        uint8_t *tag = page + page_size - 4 * (i + 1);
        uint8_t *flags = page_is_large(page_size) ? page + page_header_size(page_size) + (load_le16(tag + 2) & offset_mask) : tag + 2;
        store_le16(flags, (uint16_t)(load_le16(flags) & ~(NODE_FLAG_VERSIONED << 13)));
    }
}

/* Makes pages comparable: what the number of flushes, the undo's dbtimes, version marks and the checksum say is left out. */
static void settle(struct end *e, uint32_t page_size, uint64_t redo_dbtime)
{
    enum { FLUSH_BITS = 0x18000 };
    for (uint64_t at = 2ull * page_size; at + page_size <= e->size; at += page_size) {
        uint8_t *page = e->bytes + at;
        if (is_all_zero(page, page_size))
            continue;
        clear_version_marks(page, page_size);
        if (load_le64(page + 8) > redo_dbtime)
            store_le64(page + 8, UINT64_MAX);
        store_le32(page + 36, load_le32(page + 36) & ~(uint32_t)FLUSH_BITS);
        checksum_store_page(page, page_size, (page_no_t)(at / page_size) - 1);
    }
}

static void take_end(const char *path, uint64_t redo_dbtime, struct end *out)
{
    struct replayed_database c;
    uint32_t page_size;
    bool used_shadow;
    out->bytes = read_whole_file(path, &out->size);
    assert_int_equal(database_read_header(os_fs_posix(), path, &out->header, &page_size, &used_shadow, NULL), 0);
    replayed_open(path, &c);
    out->rows = c.rows;
    out->entries = c.entries;
    c.rows.bytes = c.entries.bytes = NULL;
    replayed_close(&c);
    settle(out, page_size, redo_dbtime);
}

static void release_end(struct end *e)
{
    free(e->bytes);
    free(e->rows.bytes);
    free(e->entries.bytes);
}

static bool headers_agree(const struct db_header *a, const struct db_header *b)
{
    return a->state == DB_STATE_CLEAN && b->state == DB_STATE_CLEAN && a->objid_last == b->objid_last && signature_equal(&a->db_signature, &b->db_signature) &&
           signature_equal(&a->log_signature, &b->log_signature) && a->dbid == b->dbid && a->version_major == b->version_major && a->update_major == b->update_major &&
           a->update_minor == b->update_minor && a->gen_min_required == b->gen_min_required && a->gen_max_required == b->gen_max_required &&
           a->gen_max_committed == b->gen_max_committed;
}

static bool ends_agree(const struct end *a, const struct end *b, uint32_t page_size)
{
    bool same = a->size == b->size && headers_agree(&a->header, &b->header);
    if (!same)
        print_message("  size %llu/%llu, dbtime %llu/%llu, last object %u/%u, state %u/%u\n", a->size, b->size, (unsigned long long)a->header.dbtime,
                      (unsigned long long)b->header.dbtime, a->header.objid_last, b->header.objid_last, a->header.state, b->header.state);
    for (uint64_t at = 2ull * page_size; at + page_size <= a->size && at + page_size <= b->size; at += page_size)
        if (memcmp(a->bytes + at, b->bytes + at, page_size) != 0) {
            same = false;
            uint32_t first = 8;
            while (first < page_size - 1 && a->bytes[at + first] == b->bytes[at + first])
                first++;
            print_message("  page %u differs from byte %u on: dbtime %llu/%llu\n", (page_no_t)(at / page_size) - 1, first, (unsigned long long)load_le64(a->bytes + at + 8),
                          (unsigned long long)load_le64(b->bytes + at + 8));
        }
    bool rows = dumped_text_equal("rows", &a->rows, &b->rows), entries = dumped_text_equal("entries", &a->entries, &b->entries);
    return same && rows && entries;
}

/* --- images --- */

struct run {
    const struct replay_set *set;
    struct fault_fs *fault;
    uint64_t cache_bytes, seed, redo_dbtime;
    struct end end;
    unsigned done, twice, holes, wrong;
};

static void remove_folder(const char *folder)
{
    if (getenv("KEEP_TEST_FOLDERS") == NULL && system(text_of("rm -rf '%s'", folder)) != 0)
        fail_msg("cannot remove %s", folder);
}

/* A second recovery over a disk that dies at its nth change. It may still succeed, when nothing but work done ahead of need was met. */
static void disturb(struct run *x, const struct recovery_config *usual, uint64_t nth)
{
    struct fault_fs *second = fault_fs_create(os_fs_posix());
    struct recovery_config config = *usual;
    struct recovery_result result;
    config.log.fs = fault_fs_os(second);
    fault_fs_fail(second, FAULT_ANY_CHANGE, nth, JET_errDiskIO, true);
    JET_ERR err = replay_run(&config, &result);
    assert_true(err == 0 || fault_fs_has_failed(second));
    x->twice += fault_fs_has_failed(second);
    assert_int_equal(fault_fs_open_files(second), 0);
    fault_fs_destroy(second);
}

static void check_image(struct run *x, size_t events, enum fault_image kind)
{
    const struct replay_set *s = x->set;
    const char *folder = make_scratch_folder("image");
    struct recovery_config config = replay_config(s, folder);
    struct recovery_result result;
    struct end end;
    fault_fs_build_image(x->fault, events, kind, x->seed + events, folder);
    config.cache_bytes = x->cache_bytes;
    if ((x->done + x->holes) % 4 == 1)
        disturb(x, &config, 1 + (x->seed + events * 7) % 60);
    JET_ERR err = replay_run(&config, &result);
    /* A log write of several segments of which a later one arrived and an earlier one did not: reported, not guessed at. */
    if (err == JET_errLogFileCorrupt && kind == FAULT_IMAGE_RANDOM) {
        x->holes++;
    } else {
        if (err != 0)
            fail_msg("%s: image after %zu changes (%s, seed %llu): %d", s->what, events, IMAGE_NAMES[kind], (unsigned long long)x->seed, (int)err);
        take_end(text_of("%s/%s", folder, s->file_name), x->redo_dbtime, &end);
        if (!ends_agree(&end, &x->end, s->page_size))
            fail_msg("%s: image after %zu changes (%s, seed %llu) ends otherwise", s->what, events, IMAGE_NAMES[kind], (unsigned long long)x->seed);
        release_end(&end);
        x->done++;
    }
    remove_folder(folder);
}

static bool is_sync_point(enum fault_event kind) { return kind == FAULT_EVENT_SYNC || kind == FAULT_EVENT_DIR_SYNC || kind == FAULT_EVENT_RENAME; }

/* Cuts behind each sync point and before it, where most is undecided; with "all", everywhere. */
static void cut_everywhere(struct run *x)
{
    const char *wanted = getenv("OPENESE_REPLAY_CUTS");
    bool all = wanted != NULL && strcmp(wanted, "all") == 0;
    size_t events = fault_fs_event_count(x->fault), points = 0, step, point = 0;
    for (size_t i = 0; i <= events; i++)
        points += all || i == events || is_sync_point(fault_fs_event_kind(x->fault, i));
    step = all ? 1 : 1 + points / number_from("OPENESE_REPLAY_CUTS", CUTS);
    for (size_t i = 0; i <= events; i++) {
        if (!all && i < events && !is_sync_point(fault_fs_event_kind(x->fault, i)))
            continue;
        if (point++ % step != (size_t)x->seed % step && i < events)
            continue;
        for (unsigned kind = 0; kind < IMAGE_KINDS; kind++)
            if (all || kind == (point + x->seed) % IMAGE_KINDS)
                check_image(x, i, (enum fault_image)kind);
    }
}

/* The highest dbtime of a page when the redo has ended. */
static uint64_t dbtime_of_redo(const struct replay_set *s)
{
    const char *d = replay_lay_out(s);
    struct recovery_config config = replay_config(s, d);
    struct recovery_result result;
    unsigned long long size;
    uint64_t highest = 0;
    config.options.without_undo = true;
    JET_ERR err = replay_run(&config, &result);
    assert_true(err == 0 || err == JET_errRecoveredWithoutUndo || err == JET_errRecoveredWithoutUndoDatabasesConsistent);
    uint8_t *bytes = read_whole_file(text_of("%s/%s", d, s->file_name), &size);
    for (uint64_t at = 2ull * s->page_size; at + s->page_size <= size; at += s->page_size)
        highest = load_le64(bytes + at + 8) > highest ? load_le64(bytes + at + 8) : highest;
    free(bytes);
    remove_folder(d);
    return highest;
}

static bool is_wanted(const struct replay_set *s)
{
    const char *only = getenv("ONLY_SET");
    return only == NULL || strcmp(only, s->what) == 0;
}

/* In a recovery that leaves the databases attached. What comes after it is a usual one. */
static void run_keeping(const struct recovery_config *usual)
{
    struct recovery_config config = *usual;
    struct recovery_result result;
    config.options.keep_attached = true;
    config.options.keep_dbid_max = UINT8_MAX;
    assert_int_equal(recovery_run(&config, &result), 0);
    log_close(result.log);
    recovery_release_result(&result);
}

static void interrupt(const struct replay_set *s, bool has_small_cache, bool keeps, uint64_t seed)
{
    if (!is_wanted(s))
        return;
    const char *d = replay_lay_out(s);
    struct run x = {.set = s, .fault = fault_fs_create(os_fs_posix()), .seed = seed};
    struct recovery_result result;
    struct recovery_config config = replay_config(s, d);
    x.redo_dbtime = dbtime_of_redo(s);
    x.cache_bytes = has_small_cache ? (uint64_t)SMALL_CACHE_PAGES * s->page_size : 0; /* pages leave memory while transactions are open */
    config.log.fs = fault_fs_os(x.fault);
    config.cache_bytes = x.cache_bytes;
    fault_fs_record(x.fault, d);
    fault_fs_set_tear_unit(x.fault, s->page_size); /* the format takes for granted that pages and log sectors are written whole */
    if (keeps)
        run_keeping(&config);
    else
        assert_int_equal(replay_run(&config, &result), 0);
    config.log.fs = os_fs_posix();
    if (keeps)
        assert_int_equal(replay_run(&config, &result), 0);
    take_end(text_of("%s/%s", d, s->file_name), x.redo_dbtime, &x.end);
    cut_everywhere(&x);
    print_message("%-32s %-12s %4zu changes, %4u interruptions, %3u of them twice, %u with a hole in the log\n", s->what, keeps ? "left attached" : has_small_cache ? "small cache" : "",
                  fault_fs_event_count(x.fault), x.done, x.twice, x.holes);
    assert_true(x.done > 0);
    assert_true(x.holes * 4 < x.done);
    release_end(&x.end);
    fault_fs_destroy(x.fault);
    remove_folder(d);
}

static void an_interrupted_recovery_ends_in_the_same_bytes(void **state)
{
    (void)state;
    require_shared_data();
    uint64_t seed = number_from("OPENESE_SEED", (uint64_t)time(NULL));
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int small = 0; small <= 1; small++) {
        for (size_t i = 0; i < REPLAY_WINDOWS_COUNT; i++)
            interrupt(&REPLAY_WINDOWS[i], small, false, seed);
        for (size_t i = 0; i < REPLAY_CRASH_COUNT; i++)
            interrupt(&REPLAY_CRASHES[i], small, false, seed);
    }
    for (size_t i = 0; i < REPLAY_CRASH_COUNT; i++)
        interrupt(&REPLAY_CRASHES[i], false, true, seed);
    /* From nothing: the longest recoveries there are. */
    for (size_t i = 0; i < (getenv("OPENESE_REPLAY_CUTS") != NULL ? REPLAY_CRASH_COUNT : 1); i++) {
        struct replay_set alone = REPLAY_CRASHES[i];
        alone.database = alone.checkpoint = NULL;
        alone.what = text_of("%s, logs alone", alone.what);
        interrupt(&alone, true, false, seed);
    }
}

/* --- a disk that fails --- */

enum { FAULT_MEMORY = FAULT_OPERATION_COUNT, FAULT_KINDS, FAULT_MOMENTS = 1, FAULT_MOMENTS_ALL = 1000 };
#define NEVER ((uint64_t)1 << 40)
static const char *const FAULT_NAMES[FAULT_KINDS] = {
    [FAULT_OPEN] = "open", [FAULT_READ] = "read", [FAULT_WRITE] = "write", [FAULT_SYNC] = "sync", [FAULT_SET_SIZE] = "set size", [FAULT_REMOVE] = "remove",
    [FAULT_RENAME] = "rename", [FAULT_DIR_SYNC] = "folder sync", [FAULT_ANY] = "any", [FAULT_ANY_CHANGE] = "any change", [FAULT_MEMORY] = "allocation",
};

struct fault {
    unsigned kind;
    uint64_t nth;
    bool sticky;
};

static const char *lay_out_copy(const struct run *x)
{
    const char *folder = make_scratch_folder("faulty");
    fault_fs_build_image(x->fault, 0, FAULT_IMAGE_KEEP_ALL, 0, folder);
    return folder;
}

static void expect_end(struct run *x, const char *folder, const struct fault *f, const char *what)
{
    struct end end;
    take_end(text_of("%s/%s", folder, x->set->file_name), x->redo_dbtime, &end);
    if (!ends_agree(&end, &x->end, x->set->page_size)) {
        print_message("%s: %s %llu (%s): %s ends otherwise\n", x->set->what, FAULT_NAMES[f->kind], (unsigned long long)f->nth, f->sticky ? "from then on" : "once", what);
        x->wrong++;
    }
    release_end(&end);
}

/* One recovery over a fault, and one after it. */
static void try_fault(struct run *x, const struct fault *f)
{
    const char *folder = lay_out_copy(x);
    struct fault_fs *faulty = fault_fs_create(os_fs_posix());
    struct recovery_config config = replay_config(x->set, folder), usual = config;
    struct recovery_result result;
    usual.cache_bytes = config.cache_bytes = x->cache_bytes;
    config.log.fs = fault_fs_os(faulty);
    if (f->kind == FAULT_MEMORY)
        memory_fail_at(f->nth, f->sticky);
    else
        fault_fs_fail(faulty, (enum fault_operation)f->kind, f->nth, JET_errDiskIO, f->sticky);
    JET_ERR err = replay_run(&config, &result);
    bool has_come = f->kind == FAULT_MEMORY ? memory_fail_left() == 0 : fault_fs_has_failed(faulty);
    memory_fail_at(0, 0);
    assert_int_equal(fault_fs_open_files(faulty), 0);
    fault_fs_destroy(faulty);
    if (has_come && err == 0)
        expect_end(x, folder, f, "a success");
    if (has_come) {
        JET_ERR next = replay_run(&usual, &result);
        if (next != 0 || (err == 0 && result.was_replayed)) {
            print_message("%s: %s %llu (%s): %d, and the next recovery %d%s\n", x->set->what, FAULT_NAMES[f->kind], (unsigned long long)f->nth, f->sticky ? "from then on" : "once",
                          (int)err, (int)next, result.was_replayed ? ", needed" : "");
            x->wrong++;
        }
        if (next == 0)
            expect_end(x, folder, f, "the next recovery");
        x->done++;
        x->twice += err == 0;
    }
    remove_folder(folder);
}

static void fail_everywhere(struct run *x, const uint64_t counts[FAULT_KINDS])
{
    const char *wanted = getenv("OPENESE_REPLAY_FAULTS");
    bool all = wanted != NULL && strcmp(wanted, "all") == 0;
    uint64_t moments = all ? FAULT_MOMENTS_ALL : number_from("OPENESE_REPLAY_FAULTS", FAULT_MOMENTS);
    for (unsigned kind = 0; kind < FAULT_KINDS; kind++) {
        if (kind == FAULT_ANY || kind == FAULT_ANY_CHANGE || counts[kind] == 0)
            continue;
        uint64_t step = 1 + (counts[kind] - 1) / moments;
        for (uint64_t nth = 1 + x->seed % step; nth <= counts[kind]; nth += step)
            for (int sticky = 0; sticky <= 1; sticky++)
                try_fault(x, &(struct fault){kind, nth, sticky != 0});
    }
}

static void fail_recoveries_of(const struct replay_set *s, bool has_small_cache, uint64_t seed)
{
    if (!is_wanted(s))
        return;
    const char *d = replay_lay_out(s);
    struct run x = {.set = s, .fault = fault_fs_create(os_fs_posix()), .seed = seed};
    struct recovery_result result;
    struct recovery_config config = replay_config(s, d);
    uint64_t counts[FAULT_KINDS];
    x.redo_dbtime = dbtime_of_redo(s);
    config.cache_bytes = x.cache_bytes = has_small_cache ? (uint64_t)SMALL_CACHE_PAGES * s->page_size : 0;
    config.log.fs = fault_fs_os(x.fault);
    fault_fs_record(x.fault, d);
    fault_fs_reset_counts(x.fault);
    memory_fail_at(NEVER, 0);
    assert_int_equal(replay_run(&config, &result), 0);
    counts[FAULT_MEMORY] = NEVER - memory_fail_left();
    memory_fail_at(0, 0);
    for (unsigned kind = 0; kind < FAULT_MEMORY; kind++)
        counts[kind] = fault_fs_count(x.fault, (enum fault_operation)kind);
    take_end(text_of("%s/%s", d, s->file_name), x.redo_dbtime, &x.end);
    fail_everywhere(&x, counts);
    print_message("%-32s %-12s %4u faults, %u of them without effect\n", s->what, has_small_cache ? "small cache" : "", x.done, x.twice);
    assert_true(x.done > 0);
    assert_int_equal(x.wrong, 0);
    release_end(&x.end);
    fault_fs_destroy(x.fault);
    remove_folder(d);
}

static void a_recovery_over_a_failing_disk_says_so_or_is_whole(void **state)
{
    (void)state;
    require_shared_data();
    uint64_t seed = number_from("OPENESE_SEED", (uint64_t)time(NULL));
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int small = 0; small <= (getenv("OPENESE_REPLAY_FAULTS") != NULL); small++) {
        for (size_t i = 0; i < REPLAY_WINDOWS_COUNT; i++)
            fail_recoveries_of(&REPLAY_WINDOWS[i], small, seed);
        for (size_t i = 0; i < REPLAY_CRASH_COUNT; i++)
            fail_recoveries_of(&REPLAY_CRASHES[i], small, seed);
    }
}

/* Once more over its own result: nothing is left to do, and not a byte changes. */
static void a_recovered_folder_is_left_alone(void **state)
{
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < REPLAY_WINDOWS_COUNT + REPLAY_CRASH_COUNT; i++) {
        const struct replay_set *s = i < REPLAY_WINDOWS_COUNT ? &REPLAY_WINDOWS[i] : &REPLAY_CRASHES[i - REPLAY_WINDOWS_COUNT];
        const char *d = replay_lay_out(s), *path = text_of("%s/%s", d, s->file_name);
        struct recovery_config config = replay_config(s, d);
        struct recovery_result result;
        unsigned long long before_size, after_size;
        assert_int_equal(replay_run(&config, &result), 0);
        unsigned char *before = read_whole_file(path, &before_size);
        assert_int_equal(replay_run(&config, &result), 0);
        assert_false(result.was_replayed);
        unsigned char *after = read_whole_file(path, &after_size);
        assert_int_equal(after_size, before_size);
        assert_memory_equal(after, before, before_size);
        free(before);
        free(after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interrupted_recovery_ends_in_the_same_bytes),
        cmocka_unit_test(a_recovery_over_a_failing_disk_says_so_or_is_whole),
        cmocka_unit_test(a_recovered_folder_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
