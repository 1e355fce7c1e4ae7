/* Pages of a database that is not attached are replaced by those of a healthy one, and the logs make it whole (JetBeginDatabaseIncrementalReseed, JetPatchDatabasePages,
 * JetEndDatabaseIncrementalReseed; the states of the header: database-file 2.3, recovery.md 6.2). */
#define ESENT_PRIVATE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmocka_all.h"
#include "base/memory.h"
#include "database/database.h"
#include "format/checksum.h"
#include "log/log_files.h"
#include "os/file.h"
#include "sample_table.h"
#include "shared_data.h"

enum { PAGE = 4096, BEFORE = 300, AFTER = 400, ROWS_AT_ONCE = 50 };

/* --- a healthy database in use, and a copy of it that its owner has lost power over --- */

static struct db_header header_of(const char *path)
{
    struct db_header header;
    uint32_t size;
    bool used_shadow;
    assert_good(database_read_header(os_fs_posix(), path, &header, &size, &used_shadow, NULL));
    return header;
}

/* The header pair with another content. */
static void change_header(const char *path, void (*change)(struct db_header *h))
{
    unsigned long long size;
    uint8_t *file = read_whole_file(path, &size);
    struct db_header header = header_of(path);
    change(&header);
    db_header_encode(&header, file, PAGE);
    memcpy(file + PAGE, file, PAGE);
    write_whole_file(path, file, (size_t)size);
    free(file);
}

static void copy_file(const char *from, const char *to)
{
    unsigned long long size;
    uint8_t *bytes = read_whole_file(from, &size);
    write_whole_file(to, bytes, (size_t)size);
    free(bytes);
}

/* Logs and, if wanted, the rest. */
static void copy_stream(const char *from, const char *to, bool with_database)
{
    char **names;
    size_t count;
    assert_good(os_dir_list(os_fs_posix(), from, &names, &count));
    for (size_t i = 0; i < count; i++) {
        const char *extension = strrchr(names[i], '.');
        bool is_log = strncmp(names[i], "edb", 3) == 0 && extension != NULL && (strcmp(extension, ".log") == 0 || strcmp(extension, ".jtx") == 0);
        bool is_rest = strcmp(names[i], "sample.edb") == 0 || (strncmp(names[i], "edb", 3) == 0 && extension != NULL && (strcmp(extension, ".chk") == 0 || strcmp(extension, ".jcp") == 0));
        if (is_log || (with_database && is_rest))
            copy_file(text_of("%s/%s", from, names[i]), text_of("%s/%s", to, names[i]));
    }
    os_dir_list_free(names, count);
}

static void insert_rows(struct sample *s, int first, int count)
{
    for (int i = first; i < first + count; i += ROWS_AT_ONCE) {
        assert_good(JetBeginTransaction(s->session));
        for (int k = i; k < i + ROWS_AT_ONCE; k++)
            insert_sample(s, k, k, text_of("row-%08d", k));
        assert_good(JetCommitTransaction(s->session, 0));
    }
}

struct world {
    struct sample healthy;
    const char *folder, *database; /* of the copy */
    JET_INSTANCE instance;         /* for the copy; not started */
};

static JET_INSTANCE new_instance(const char *folder)
{
    static unsigned count;
    JET_INSTANCE instance = JET_instanceNil;
    assert_good(JetCreateInstance(&instance, text_of("reseed %u", count++)));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramSystemPath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFilePath, 0, folder));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramTempPath, 0, text_of("%s/temp.edb", folder)));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramLogFileSize, 64, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEventLoggingLevel, 0, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramAlternateDatabaseRecoveryPath, 0, folder));
    return instance;
}

static void detach_healthy(struct world *w)
{
    struct sample *s = &w->healthy;
    assert_good(JetCloseTable(s->session, s->table));
    assert_good(JetCloseDatabase(s->session, s->dbid, 0));
    assert_good(JetDetachDatabase(s->session, text_of("%s/sample.edb", s->live.folder)));
}

static void reattach_healthy(struct world *w)
{
    struct sample *s = &w->healthy;
    const char *path = text_of("%s/sample.edb", s->live.folder);
    detach_healthy(w);
    assert_good(JetAttachDatabase(s->session, path, 0));
    assert_good(JetOpenDatabase(s->session, path, NULL, &s->dbid, 0));
    assert_good(JetOpenTable(s->session, s->dbid, "Sample", NULL, 0, 0, &s->table));
}

/* The copy is taken while BEFORE rows are there; then others follow, so that the pages of the healthy one are newer. Everything it has is on disk. is_attached: it is one whose logs begin
 * with an attach; else they begin with its creation. */
static void start_with(struct world *w, bool is_attached)
{
    memset(w, 0, sizeof *w);
    w->folder = make_scratch_folder("copy");
    w->database = text_of("%s/sample.edb", w->folder);
    sample_start(&w->healthy, PAGE);
    insert_rows(&w->healthy, 0, BEFORE);
    if (is_attached)
        reattach_healthy(w);
    copy_stream(w->healthy.live.folder, w->folder, true);
    insert_rows(&w->healthy, BEFORE, AFTER);
    w->instance = new_instance(w->folder);
}

static void start(struct world *w) { start_with(w, false); }

static void stop(struct world *w)
{
    assert_good(JetTerm2(w->instance, JET_bitTermComplete));
    live_stop(&w->healthy.live);
}

/* The generation that the healthy database's log writes now. */
static uint32_t present_generation(const struct world *w)
{
    struct log_listing listing;
    struct log_header header;
    char *path;
    assert_good(log_list(os_fs_posix(), w->healthy.live.folder, "edb", true, &listing));
    assert_good(log_named_path(w->healthy.live.folder, "edb", "", listing.extension, &path));
    assert_good(log_header_read(os_fs_posix(), path, &header));
    mem_free(path);
    return header.generation;
}

static uint32_t page_count(const char *path)
{
    struct os_file_info info;
    assert_good(os_stat(os_fs_posix(), path, &info));
    return (uint32_t)(info.size / PAGE) - 2;
}

/* Every page of the copy that is unsound. */
static uint32_t damaged_pages(const char *path, uint32_t *pages, uint32_t most)
{
    unsigned long long size;
    uint8_t *file = read_whole_file(path, &size);
    uint32_t count = 0;
    for (uint32_t page = 1; page <= page_count(path) && count < most; page++) {
        uint8_t copy[PAGE];
        memcpy(copy, file + (size_t)(page + 1) * PAGE, PAGE);
        if (checksum_verify_page(copy, PAGE, page, true).verdict == CHECKSUM_BAD)
            pages[count++] = page;
    }
    free(file);
    return count;
}

/* Every eighth page of the copy, a root of the catalog among them. */
static void damage(const struct world *w)
{
    for (uint32_t page = 1; page <= page_count(w->database); page += 8)
        damage_file(w->database, ((uint64_t)page + 1) * PAGE + 64);
}

static void patch_from_healthy(struct world *w, uint32_t page)
{
    uint32_t actual;
    uint8_t *bytes = (uint8_t *)aligned_alloc(PAGE, PAGE);
    assert_good(JetGetDatabasePages(w->healthy.session, w->healthy.dbid, page, 1, bytes, PAGE, &actual, 0));
    assert_good(JetPatchDatabasePages(w->instance, w->database, page, 1, bytes, PAGE, JET_bitPatchingCorruptPage));
    free(bytes);
}

/* Starts the copy's instance, counts the rows by two indexes, ends it. */
static void check_rows(struct world *w, int rows)
{
    struct sample copy;
    memset(&copy, 0, sizeof copy);
    assert_good(JetInit(&w->instance));
    assert_good(JetBeginSession(w->instance, &copy.session, NULL, NULL));
    assert_good(JetAttachDatabase(copy.session, w->database, 0));
    assert_good(JetOpenDatabase(copy.session, w->database, NULL, &copy.dbid, 0));
    assert_good(JetOpenTable(copy.session, copy.dbid, "Sample", NULL, 0, 0, &copy.table));
    static const char *const indexes[] = {"primary", "by_text"};
    for (int i = 0; i < 2; i++) {
        uint32_t count = 0;
        assert_good(JetSetCurrentIndex(copy.session, copy.table, indexes[i]));
        assert_good(JetIndexRecordCount(copy.session, copy.table, &count, UINT32_MAX));
        assert_int_equal(count, rows);
    }
    assert_good(JetTerm2(w->instance, JET_bitTermComplete));
    const char *tool = getenv("ESE_TOOL");
    if (tool != NULL)
        assert_int_equal(system(text_of("'%s' verify -q '%s' > /dev/null", tool, w->database)), 0); /* NOLINT(cert-env33-c): a test's own command */
    w->instance = new_instance(w->folder);
}

/* --- tests --- */

static void a_damaged_copy_is_made_whole_from_the_healthy_database_and_its_logs(void **state)
{
    (void)state;
    struct world w;
    uint32_t bad[512];
    start(&w);
    damage(&w);
    uint32_t count = damaged_pages(w.database, bad, 512), generation;
    assert_in_range(count, 10, 511);
    struct db_header before = header_of(w.database);
    assert_good(JetBeginDatabaseIncrementalReseed(w.instance, w.database, 0, 0));
    for (uint32_t i = 0; i < count; i++)
        patch_from_healthy(&w, bad[i]);
    generation = present_generation(&w);
    assert_true(generation > before.gen_max_required);
    copy_stream(w.healthy.live.folder, w.folder, false);
    assert_good(JetEndDatabaseIncrementalReseed(w.instance, w.database, before.gen_min_required, 0, generation, 0));

    struct db_header header = header_of(w.database);
    assert_int_equal(header.state, DB_STATE_DIRTY_AND_PATCHED);
    assert_int_equal(header.gen_min_required, before.gen_min_required);
    assert_int_equal(header.gen_max_required, generation);
    assert_int_equal(header.gen_max_committed, generation);
    assert_int_equal(header.reseeds.count, 1);
    assert_int_equal(header.patches.count, count);
    assert_int_equal(damaged_pages(w.database, bad, 512), 0);
    check_rows(&w, BEFORE + AFTER);
    header = header_of(w.database);
    assert_int_equal(header.state, DB_STATE_CLEAN);
    stop(&w);
}

static struct db_header reached;
static void say_reached(struct db_header *h)
{
    h->lgpos_attach = reached.lgpos_attach;
    h->lgpos_consistent = reached.lgpos_consistent;
}

/* A replay over logs in which the database is detached and attached again, twice. is_interrupted: it is the second one, the first got behind the last attach. ends_detached: so does the log. */
static void replay_over_detach(bool is_attached, bool is_interrupted, bool ends_detached)
{
    struct world w;
    uint32_t bad[512];
    start_with(&w, is_attached);
    damage(&w);
    uint32_t count = damaged_pages(w.database, bad, 512);
    reattach_healthy(&w);
    insert_rows(&w.healthy, BEFORE + AFTER, AFTER);
    reattach_healthy(&w); /* its file has everything now */
    struct db_header before = header_of(w.database);
    assert_good(JetBeginDatabaseIncrementalReseed(w.instance, w.database, 0, 0));
    for (uint32_t i = 0; i < count; i++)
        patch_from_healthy(&w, bad[i]);
    reached = header_of(text_of("%s/sample.edb", w.healthy.live.folder));
    if (ends_detached)
        detach_healthy(&w);
    uint32_t generation = present_generation(&w);
    assert_true(generation > before.gen_max_required);
    copy_stream(w.healthy.live.folder, w.folder, false);
    assert_good(JetEndDatabaseIncrementalReseed(w.instance, w.database, before.gen_min_required, 0, generation, 0));
    if (is_interrupted)
        change_header(w.database, say_reached);
    check_rows(&w, BEFORE + 2 * AFTER);
    assert_int_equal(header_of(w.database).state, DB_STATE_CLEAN);
    stop(&w);
}

static void the_logs_between_may_detach_the_database_and_attach_it_again(void **state)
{
    (void)state;
    replay_over_detach(false, false, false);
    replay_over_detach(false, true, true);
    replay_over_detach(true, true, false);
}

static void a_detach_before_the_end_of_the_range_does_not_make_it_whole(void **state)
{
    (void)state;
    struct world w;
    char *path;
    start(&w);
    detach_healthy(&w);
    struct db_header before = header_of(w.database);
    struct log_listing listing;
    assert_good(log_list(os_fs_posix(), w.healthy.live.folder, "edb", true, &listing));
    uint32_t detached = present_generation(&w);
    struct sample *s = &w.healthy;
    const char *database = text_of("%s/sample.edb", s->live.folder);
    assert_good(JetAttachDatabase(s->session, database, 0));
    assert_good(JetOpenDatabase(s->session, database, NULL, &s->dbid, 0));
    assert_good(JetOpenTable(s->session, s->dbid, "Sample", NULL, 0, 0, &s->table));
    insert_rows(&w.healthy, BEFORE + AFTER, AFTER);
    uint32_t generation = present_generation(&w);
    assert_true(generation > detached + 1);
    copy_stream(w.healthy.live.folder, w.folder, false);
    assert_good(JetBeginDatabaseIncrementalReseed(w.instance, w.database, 0, 0));
    assert_good(JetEndDatabaseIncrementalReseed(w.instance, w.database, before.gen_min_required, 0, generation, 0));
    /* All logs behind the one with the detach are lost, and the one that was current stands for it. */
    for (uint32_t lost = detached; lost <= generation; lost++) {
        assert_good(log_file_path(w.folder, "edb", lost, listing.extension, os_fs_posix(), &path));
        if (lost == detached)
            copy_file(path, text_of("%s/edb%s", w.folder, listing.extension));
        (void)unlink(path);
        mem_free(path);
    }
    assert_err(JetInit(&w.instance), JET_errRequiredLogFilesMissing);
    assert_int_equal(header_of(w.database).state, DB_STATE_DIRTY_AND_PATCHED);
    w.instance = new_instance(w.folder);
    stop(&w);
}

static void until_the_logs_are_named_nobody_gets_at_the_file(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    assert_good(JetBeginDatabaseIncrementalReseed(w.instance, w.database, 0, 0));
    assert_int_equal(header_of(w.database).state, DB_STATE_INCREMENTAL_RESEED);
    assert_err(JetAttachDatabase(w.healthy.session, w.database, 0), JET_errFileAccessDenied); /* held by the other instance */
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, w.database, 0, 0), JET_errFileAccessDenied);
    assert_err(JetEndDatabaseIncrementalReseed(w.instance, w.database, 1, 0, 1, JET_bitEndDatabaseIncrementalReseedCancel), JET_errInvalidParameter);
    assert_good(JetEndDatabaseIncrementalReseed(w.instance, w.database, 0, 0, 0, JET_bitEndDatabaseIncrementalReseedCancel));
    assert_int_equal(header_of(w.database).state, DB_STATE_INCREMENTAL_RESEED);
    assert_err(JetAttachDatabase(w.healthy.session, w.database, 0), JET_errDatabaseIncompleteIncrementalReseed);
    JET_INSTANCE other = new_instance(w.folder);
    assert_err(JetInit(&other), JET_errDatabaseIncompleteIncrementalReseed);
    assert_int_equal(header_of(w.database).state, DB_STATE_INCREMENTAL_RESEED);
    const char *tool = getenv("ESE_TOOL");
    if (tool != NULL) /* and the tool does not promise what the recovery refuses */
        assert_int_not_equal(system(text_of("'%s' recover --dry-run '%s' > /dev/null 2>&1", tool, w.folder)), 0); /* NOLINT(cert-env33-c): a test's own command */
    /* It can be begun again, which counts as the same one. */
    assert_good(JetBeginDatabaseIncrementalReseed(w.instance, w.database, 0, JET_bitBeginDatabaseIncrementalReseedPatchRBS));
    assert_int_equal(header_of(w.database).reseeds.count, 1);
    struct db_header header = header_of(w.database);
    assert_good(JetEndDatabaseIncrementalReseed(w.instance, w.database, header.gen_min_required, 0, header.gen_max_required, 0));
    check_rows(&w, BEFORE);
    stop(&w);
}

static void without_begin_there_is_nothing_to_patch_or_to_end(void **state)
{
    (void)state;
    struct world w;
    static uint8_t page[PAGE];
    start(&w);
    assert_err(JetPatchDatabasePages(w.instance, w.database, 1, 1, page, PAGE, 0), JET_errDatabaseInvalidIncrementalReseed);
    assert_err(JetEndDatabaseIncrementalReseed(w.instance, w.database, 1, 1, 1, 0), JET_errDatabaseInvalidIncrementalReseed);
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, NULL, 0, 0), JET_errInvalidParameter);
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, "", 0, 0), JET_errInvalidParameter);
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, text_of("%s/absent", w.folder), 0, 0), JET_errFileNotFound);
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, w.database, 0, 2), JET_errInvalidGrbit);
    assert_int_equal(header_of(w.database).state, DB_STATE_DIRTY);
    assert_err(JetBeginDatabaseIncrementalReseed(w.healthy.live.instance, text_of("%s/sample.edb", w.healthy.live.folder), 0, 0), JET_errFileAccessDenied);
    write_whole_file(text_of("%s/short", w.folder), page, 100);
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, text_of("%s/short", w.folder), 0, 0), JET_errDatabaseCorrupted);
    write_whole_file(text_of("%s/blank", w.folder), page, PAGE);
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, text_of("%s/blank", w.folder), 0, 0), JET_errDatabaseCorrupted);
    stop(&w);
}

static void say_clean(struct db_header *h) { db_header_set_state(h, DB_STATE_CLEAN); }
static void say_other_file(struct db_header *h) { h->file_type = 0; }
static void say_newer(struct db_header *h) { h->update_major = 999; }

static void only_a_dirty_database_can_be_reseeded(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    const char *other = text_of("%s/other.edb", w.folder);
    copy_file(w.database, other);
    change_header(other, say_clean);
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, other, 0, 0), JET_errDatabaseInvalidIncrementalReseed);
    copy_file(w.database, other);
    change_header(other, say_other_file);
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, other, 0, 0), JET_errDatabaseCorrupted);
    copy_file(w.database, other);
    change_header(other, say_newer);
    assert_err(JetBeginDatabaseIncrementalReseed(w.instance, other, 0, 0), JET_errInvalidDatabaseVersion);
    stop(&w);
}

static void pages_are_judged_before_they_are_written(void **state)
{
    (void)state;
    struct world w;
    uint32_t actual;
    uint8_t *pages = (uint8_t *)aligned_alloc(PAGE, 4 * PAGE);
    unsigned long long size;
    start(&w);
    assert_good(JetGetDatabasePages(w.healthy.session, w.healthy.dbid, 4, 3, pages, 4 * PAGE, &actual, 0));
    assert_good(JetBeginDatabaseIncrementalReseed(w.instance, w.database, 0, 0));
#define PATCH(first, count, bytes, bytes_size, grbit) JetPatchDatabasePages(w.instance, w.database, first, count, bytes, bytes_size, grbit)
    assert_err(PATCH(0, 1, pages, PAGE, 0), JET_errInvalidParameter);
    assert_err(PATCH(1, UINT32_MAX, pages, PAGE, 0), JET_errInvalidParameter);
    assert_err(PATCH(0x7FEFFFFF, 1, pages, PAGE, 0), JET_errInvalidParameter);
    assert_err(PATCH(4, 2, pages, 2 * PAGE - 1, 0), JET_errInvalidParameter);
    assert_err(PATCH(4, 1, NULL, PAGE, 0), JET_errInvalidParameter);
    assert_err(PATCH(4, 0x00100001, pages, PAGE, 0), JET_errInvalidParameter);
    assert_err(PATCH(4, 1, pages, PAGE, 4), JET_errInvalidGrbit);
    assert_good(PATCH(4, 0, NULL, 0, 0));
    uint8_t *before = read_whole_file(w.database, &size);
    assert_err(PATCH(5, 3, pages, 3 * PAGE, 0), JET_errReadVerifyFailure); /* pages of other numbers */
    pages[2 * PAGE + 77] ^= 4; /* the last one, and by one bit: a copy is not put right */
    assert_err(PATCH(4, 3, pages, 3 * PAGE, 0), JET_errReadVerifyFailure);
    pages[2 * PAGE + 77] ^= 4;
    uint8_t *after = read_whole_file(w.database, &size);
    assert_memory_equal(before, after, (size_t)size);
    free(after);
    free(before);
    assert_good(PATCH(4, 3, pages, 3 * PAGE, 0));
    assert_int_equal(header_of(w.database).patches.count, 3);

    /* A page behind the end makes the file longer; one that the source does not have either is blank. */
    uint32_t last = page_count(w.database);
    memset(pages, 0, PAGE);
    assert_good(PATCH(last + 5, 1, pages, PAGE, 0));
    assert_true(page_count(w.database) >= last + 5);
    assert_good(PATCH(last + 4, 1, NULL, 0, JET_bitTestUninitShrunkPageImage));
    page_no_t behind = page_count(text_of("%s/sample.edb", w.healthy.live.folder)) + 9;
    assert_good(JetGetDatabasePages(w.healthy.session, w.healthy.dbid, behind, 1, pages, PAGE, &actual, 0));
    assert_good(PATCH(behind, 1, pages, PAGE, 0));
    after = read_whole_file(w.database, &size);
    assert_true(is_all_zero(after + (size_t)(behind + 1) * PAGE, PAGE));
    free(after);
    free(pages);
#undef PATCH
    stop(&w); /* gives the reseed up */
    assert_int_equal(header_of(w.database).state, DB_STATE_INCREMENTAL_RESEED);
}

static void the_logs_must_be_there_and_fit(void **state)
{
    (void)state;
    struct world w;
    char *path;
    start(&w);
    struct db_header header = header_of(w.database);
    uint32_t low = header.gen_min_required, high = present_generation(&w);
    assert_good(JetBeginDatabaseIncrementalReseed(w.instance, w.database, 0, 0));
#define END(min, diverged, max, grbit) JetEndDatabaseIncrementalReseed(w.instance, w.database, min, diverged, max, grbit)
    assert_err(END(0, 0, high, 0), JET_errInvalidParameter);
    assert_err(END(high, 0, low, 0), JET_errInvalidParameter);
    assert_err(END(low, 0, 0x7FFFFFFF, 0), JET_errInvalidParameter);
    assert_err(END(low + 1, low, high, 0), JET_errInvalidParameter);
    assert_err(END(low, high + 1, high, 0), JET_errInvalidParameter);
    assert_err(END(low, 0, high, 2), JET_errInvalidGrbit);
    assert_err(END(low, 0, high, 0), JET_errLogFileCorrupt); /* the newer ones have not come yet */
    copy_stream(w.healthy.live.folder, w.folder, false);
    assert_err(END(low, 0, high + 1, 0), JET_errLogFileCorrupt);

    struct log_listing listing;
    unsigned long long size;
    assert_good(log_list(os_fs_posix(), w.folder, "edb", true, &listing));
    assert_good(log_file_path(w.folder, "edb", low + 1, listing.extension, os_fs_posix(), &path));
    uint8_t *log = read_whole_file(path, &size);
    struct log_header changed;
    log_header_decode(log, &changed);
    changed.previous_created.bytes[0] ^= 1;
    log_header_encode(&changed, log);
    write_whole_file(path, log, (size_t)size);
    assert_err(END(low, 0, high, 0), JET_errInvalidLogSequence);
    changed.log_signature.bytes[0] ^= 1;
    log_header_encode(&changed, log);
    write_whole_file(path, log, (size_t)size);
    assert_err(END(low, 0, high, 0), JET_errBadLogSignature);
    assert_int_equal(unlink(path), 0);
    assert_err(END(low, 0, high, 0), JET_errLogFileCorrupt);
    assert_int_equal(header_of(w.database).state, DB_STATE_INCREMENTAL_RESEED);
    copy_stream(w.healthy.live.folder, w.folder, false);
    assert_good(END(low, 0, high, 0));
#undef END
    mem_free(path);
    free(log);
    check_rows(&w, BEFORE + AFTER);
    stop(&w);
}

/* --- a page that the log asks for --- */

/* What the replaying instance was given. */
struct answer {
    uint32_t page, calls, token_size, size;
    uint8_t token[64], image[PAGE];
    bool is_same_database, has_log;
    struct signature signature;
};

static JET_ERR take_page(JET_SNP snp, JET_SNT snt, void *data, void *context)
{
    struct answer *a = (struct answer *)context;
    if (snp != JET_snpExternalAutoHealing || snt != JET_sntPagePatchRequest)
        return JET_errSuccess;
    const JET_SNPATCHREQUEST *request = (const JET_SNPATCHREQUEST *)data;
    a->calls++;
    a->page = request->pageNumber;
    a->token_size = request->cbToken;
    a->size = request->cbData;
    memcpy(a->token, request->pvToken, request->cbToken);
    memcpy(a->image, request->pvData, PAGE);
    a->is_same_database = memcmp(&request->dbinfomisc.signDb, &a->signature, sizeof a->signature) == 0;
    a->has_log = request->cbStruct == sizeof *request && request->szLogFile != NULL;
    return JET_errOutOfMemory; /* of no interest */
}

static void heal(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnableExternalAutoHealing, 1, NULL)); }

/* The copy replays the logs that the healthy one has by now. */
static JET_ERR replay(struct world *w, struct answer *answer, bool heals)
{
    JET_RSTINFO2_A info = {.cbStruct = sizeof info, .pfnCallback = take_page, .pvCallbackContext = answer};
    const char *folder = make_scratch_folder("replay");
    copy_stream(w->folder, folder, true);
    copy_stream(w->healthy.live.folder, folder, false);
    JET_INSTANCE instance = new_instance(folder);
    if (heals)
        heal(instance);
    JET_ERR err = JetInit4A(&instance, &info, 0);
    return err >= 0 ? JetTerm2(instance, JET_bitTermComplete) : err;
}

static void a_page_that_the_log_asks_for_is_given_by_who_replays_the_log(void **state)
{
    (void)state;
    struct world w;
    struct answer answer = {0};
    live_configure = heal;
    start(&w);
    live_configure = NULL;
    struct sample *s = &w.healthy;
    const char *path = text_of("%s/sample.edb", s->live.folder);
    assert_good(JetCloseTable(s->session, s->table));
    assert_good(JetCloseDatabase(s->session, s->dbid, 0));
    assert_good(JetDetachDatabase(s->session, path));
    unsigned long long size;
    uint8_t *file = read_whole_file(path, &size), *hit = (uint8_t *)memmem(file, (size_t)size, "row-00000100", 12);
    assert_non_null(hit);
    uint32_t page = (uint32_t)((size_t)(hit - file) / PAGE) - 1;
    damage_file(path, ((uint64_t)page + 1) * PAGE + 200);
    assert_good(JetAttachDatabase(s->session, path, 0));
    assert_good(JetOpenDatabase(s->session, path, NULL, &s->dbid, 0));
    answer.signature = header_of(path).db_signature;
    uint8_t *room = (uint8_t *)aligned_alloc(PAGE, PAGE);
    uint32_t actual, generation = present_generation(&w);
    assert_err(JetGetDatabasePages(s->session, s->dbid, page, 1, room, PAGE, &actual, 0), JET_errReadVerifyFailure);
    for (int i = 0; i < 5000 && present_generation(&w) == generation; i++) /* the request is logged, and its log is closed */
        usleep(1000);

    assert_good(replay(&w, &answer, false));
    assert_int_equal(answer.calls, 0);
    assert_good(replay(&w, &answer, true));
    assert_int_equal(answer.calls, 1);
    assert_int_equal(answer.page, page);
    assert_int_equal(answer.size, PAGE);
    assert_true(answer.is_same_database && answer.has_log);
    assert_good(JetOnlinePatchDatabasePage(s->session, s->dbid, page, answer.token, answer.token_size, answer.image, answer.size, 0));
    assert_good(JetGetDatabasePages(s->session, s->dbid, page, 1, room, PAGE, &actual, 0));
    assert_memory_equal(room + 36 + 4, file + (size_t)(page + 1) * PAGE + 36 + 4, PAGE - 40); /* behind the header, of which checksum and flush type differ */
    free(room);
    free(file);
    stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_copy_is_made_whole_from_the_healthy_database_and_its_logs),
        cmocka_unit_test(the_logs_between_may_detach_the_database_and_attach_it_again),
        cmocka_unit_test(a_detach_before_the_end_of_the_range_does_not_make_it_whole),
        cmocka_unit_test(until_the_logs_are_named_nobody_gets_at_the_file),
        cmocka_unit_test(without_begin_there_is_nothing_to_patch_or_to_end),
        cmocka_unit_test(only_a_dirty_database_can_be_reseeded),
        cmocka_unit_test(pages_are_judged_before_they_are_written),
        cmocka_unit_test(the_logs_must_be_there_and_fit),
        cmocka_unit_test(a_page_that_the_log_asks_for_is_given_by_who_replays_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
