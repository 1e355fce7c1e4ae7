/* JET_dbparamShrinkDatabaseOptions: the end of a file is moved into free space before it when the database is attached, and cut off. */
#define ESENT_PRIVATE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check/check.h"
#include "cmocka_all.h"
#include "engine/process.h"
#include "fault_fs.h"
#include "opened_file.h"
#include "os/thread.h"
#include "shared_data.h"
#include "shrinkable.h"

enum { EARLY = 1500, LATE = 1000, BOUND_PAGES = 48, SHORTAGE = 25, ON_ATTACH = JET_bitShrinkDatabaseEofOnAttach };

/* The filled database, detached; its instance runs on. */
struct filled {
    struct sample s;
    const char *path;
    uint64_t digest;
    uint32_t pages, free_pages;
};

static void detach(const struct filled *f)
{
    assert_good(JetCloseDatabase(f->s.session, f->s.dbid, 0));
    assert_good(JetDetachDatabase(f->s.session, f->path));
}

static void fill(struct filled *f, uint32_t page_size)
{
    live_configure = shrinkable_configure;
    sample_start(&f->s, page_size);
    live_configure = NULL;
    shrinkable_fill(&f->s, EARLY, LATE);
    f->digest = shrinkable_digest(&f->s);
    f->path = text_of("%s/sample.edb", f->s.live.folder);
    detach(f); /* what was deleted is free then */
    shrinkable_attach(&f->s, f->path, 0, -1, 0, NULL);
    assert_good(JetGetDatabaseInfo(f->s.session, f->s.dbid, &f->pages, sizeof f->pages, JET_DbInfoFilesize));
    assert_good(JetGetDatabaseInfo(f->s.session, f->s.dbid, &f->free_pages, sizeof f->free_pages, JET_DbInfoSpaceAvailable));
    detach(f);
}

static uint32_t file_pages(const struct filled *f)
{
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    return (uint32_t)((uint64_t)st.st_size / f->s.live.page_size);
}

static void verify(const struct filled *f)
{
    struct opened file;
    struct check_report report;
    assert_good(open_file(f->path, &file));
    assert_good(check_database(file.db, NULL, NULL, &report));
    assert_int_equal(report.errors, 0);
    close_file(&file);
}

static void check_and_stop(struct filled *f)
{
    assert_int_equal(shrinkable_digest(&f->s), f->digest);
    live_stop(&f->s.live);
    verify(f);
}

static void pages_at_the_end_move_to_what_is_free_before_them(void **state)
{
    static const uint32_t SIZES[] = {4096, 8192, 32768};
    (void)state;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        struct filled f;
        uint32_t pages;
        fill(&f, SIZES[i]);
        shrinkable_attach(&f.s, f.path, ON_ATTACH, -1, 0, &pages);
        assert_int_equal(pages, file_pages(&f));
        if (SIZES[i] == 4096) {
            assert_true(f.free_pages > 2 * BOUND_PAGES);
            if (pages > f.pages - f.free_pages + BOUND_PAGES)
                fail_msg("%u pages of %u, of which %u were free", pages, f.pages, f.free_pages);
        } else {
            assert_true(pages <= f.pages); /* few pages, and most of them roots */
        }
        assert_int_equal(shrinkable_digest(&f.s), f.digest);
        /* what is free at the end is no more than what cannot be helped; the database goes on growing */
        insert_sample(&f.s, 100000, 2000000, "new");
        assert_good(seek_id(&f.s, f.s.table, 100000));
        assert_good(JetDelete(f.s.session, f.s.table));
        check_and_stop(&f);
    }
}

static void without_the_option_nothing_moves(void **state)
{
    struct filled f;
    uint32_t pages;
    (void)state;
    fill(&f, 4096);
    shrinkable_attach(&f.s, f.path, 0, -1, 0, &pages);
    assert_int_equal(pages, f.pages);
    check_and_stop(&f);
}

static void a_size_limit_or_a_quota_ends_it_early(void **state)
{
    struct filled f;
    uint32_t pages, least;
    (void)state;
    fill(&f, 4096);
    uint32_t limit = f.pages - f.free_pages / 2;
    shrinkable_attach(&f.s, f.path, ON_ATTACH, -1, f.pages, &pages);
    assert_int_equal(pages, f.pages);
    detach(&f);
    shrinkable_attach(&f.s, f.path, ON_ATTACH, 0, 0, &pages); /* no time: what is free at the end goes, no page moves but one */
    assert_true(pages > f.pages - f.free_pages + BOUND_PAGES);
    assert_int_equal(shrinkable_digest(&f.s), f.digest);
    detach(&f);
    shrinkable_attach(&f.s, f.path, ON_ATTACH, -1, limit, &pages);
    assert_in_range(pages, limit, limit + BOUND_PAGES);
    assert_int_equal(shrinkable_digest(&f.s), f.digest);
    detach(&f);
    shrinkable_attach(&f.s, f.path, ON_ATTACH, -1, 0, &least);
    assert_true(least < pages);
    check_and_stop(&f);
}

static void a_root_at_the_end_stays_where_the_log_cannot_tell_of_it(void **state)
{
    struct filled f;
    uint32_t pages;
    JET_COLUMNCREATE columns[] = {column_of("n", JET_coltypLong, 0, 0)};
    (void)state;
    fill(&f, 4096);
    shrinkable_attach(&f.s, f.path, 0, -1, 0, &pages);
    JET_TABLEID table;
    char name[16];
    uint32_t grown = pages;
    for (int i = 0; grown == pages; i++) { /* until one of them lies in a new extent */
        snprintf(name, sizeof name, "small%d", i);
        table = make_table(&f.s, name, columns, 1, NULL, 0);
        assert_good(JetCloseTable(f.s.session, table));
        assert_good(JetGetDatabaseInfo(f.s.session, f.s.dbid, &grown, sizeof grown, JET_DbInfoFilesize));
    }
    table = make_table(&f.s, "last", columns, 1, NULL, 0);
    assert_good(JetCloseTable(f.s.session, table));
    detach(&f);
    shrinkable_attach(&f.s, f.path, ON_ATTACH, -1, 0, &pages);
    assert_int_equal(pages, grown);
    check_and_stop(&f);
}

static void an_attach_without_logging_shrinks_too(void **state)
{
    struct filled f;
    uint32_t pages, options = ON_ATTACH;
    JET_SETDBPARAM parameter = {JET_dbparamShrinkDatabaseOptions, &options, sizeof options};
    (void)state;
    fill(&f, 4096);
    assert_good(JetAttachDatabase3(f.s.session, f.path, &parameter, 1, JET_bitDbRecoveryOff));
    assert_good(JetDetachDatabase(f.s.session, f.path));
    assert_true(file_pages(&f) <= f.pages - f.free_pages + BOUND_PAGES);
    shrinkable_attach(&f.s, f.path, 0, -1, 0, &pages);
    check_and_stop(&f);
}

/* --- roots --- */

/* Table "Last" has its roots at the end of the file. */
struct rooted {
    struct filled f;
    struct sample last;
    uint64_t digest;
};

static void fill_rooted(struct rooted *r, bool in_new_stream)
{
    enum { ROWS = 120 };
    struct filled *f = &r->f;
    if (in_new_stream) {
        shrinkable_start_in_new_stream(&f->s);
    } else {
        live_configure = shrinkable_configure;
        sample_start(&f->s, 4096);
        live_configure = NULL;
    }
    shrinkable_fill_with_roots_last(&f->s, EARLY, ROWS, &r->last);
    f->digest = shrinkable_digest(&f->s);
    r->digest = shrinkable_digest(&r->last);
    f->path = text_of("%s/sample.edb", f->s.live.folder);
    detach(f);
    shrinkable_attach(&f->s, f->path, 0, -1, 0, NULL);
    assert_good(JetGetDatabaseInfo(f->s.session, f->s.dbid, &f->pages, sizeof f->pages, JET_DbInfoFilesize));
    assert_good(JetGetDatabaseInfo(f->s.session, f->s.dbid, &f->free_pages, sizeof f->free_pages, JET_DbInfoSpaceAvailable));
    detach(f);
}

static void assert_same_rows(struct rooted *r)
{
    shrinkable_open_last(&r->f.s, &r->last);
    assert_int_equal(shrinkable_digest(&r->last), r->digest);
    assert_int_equal(shrinkable_digest(&r->f.s), r->f.digest);
    assert_good(JetCloseTable(r->f.s.session, r->last.table));
}

/* Rows come and go, an index and a column are added, and at last all of it goes. */
static void use_up_last(struct rooted *r)
{
    struct sample *s = &r->f.s;
    JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    JET_COLUMNID column;
    uint8_t blob[3000] = {7};
    JET_TABLEID table;
    assert_good(JetOpenTable(s->session, s->dbid, "Last", NULL, 0, JET_bitTableDenyRead, &table));
    assert_good(JetAddColumn(s->session, table, "more", &definition, NULL, 0, &column));
    assert_good(JetCreateIndex(s->session, table, "by_more", 0, "+more\0", 7, 80));
    for (int32_t id = 1000; id < 1200; id++) {
        assert_good(JetBeginTransaction(s->session));
        assert_good(JetPrepareUpdate(s->session, table, JET_prepInsert));
        set_number(s, table, r->last.id, id);
        set_number(s, table, r->last.number, 5000000 + id);
        set_number(s, table, column, id);
        assert_good(JetSetColumn(s->session, table, r->last.blob, blob, sizeof blob, JET_bitSetSeparateLV, NULL));
        assert_good(JetUpdate(s->session, table, NULL, 0, NULL));
        assert_good(JetCommitTransaction(s->session, JET_bitCommitLazyFlush));
    }
    assert_good(JetSetCurrentIndex(s->session, table, "by_text"));
    assert_good(JetMove(s->session, table, JET_MoveLast, 0));
    assert_good(JetDelete(s->session, table));
    assert_good(JetSetCurrentIndex(s->session, table, NULL));
    assert_good(JetDeleteIndex(s->session, table, "by_tags"));
    assert_good(JetCloseTable(s->session, table));
    detach(&r->f);
    verify(&r->f);
    shrinkable_attach(s, r->f.path, 0, -1, 0, NULL);
    assert_good(JetDeleteTable(s->session, s->dbid, "Last"));
}

static void assert_ends_well(struct rooted *r)
{
    uint32_t pages;
    if (file_pages(&r->f) > r->f.pages - r->f.free_pages + BOUND_PAGES)
        fail_msg("%u pages of %u, of which %u were free", file_pages(&r->f), r->f.pages, r->f.free_pages);
    shrinkable_attach(&r->f.s, r->f.path, ON_ATTACH, -1, 0, &pages); /* again: roots are found where they are now */
    assert_same_rows(r);
    detach(&r->f);
    verify(&r->f);
    shrinkable_attach(&r->f.s, r->f.path, 0, -1, 0, NULL);
    use_up_last(r);
    check_and_stop(&r->f);
}

static void roots_at_the_end_move_where_the_log_knows_of_it(void **state)
{
    struct rooted r;
    (void)state;
    require_shared_data();
    fill_rooted(&r, true);
    shrinkable_attach(&r.f.s, r.f.path, ON_ATTACH, -1, 0, NULL);
    assert_same_rows(&r);
    detach(&r.f);
    assert_ends_well(&r);
}

static void roots_move_without_logging_too(void **state)
{
    struct rooted r;
    uint32_t options = ON_ATTACH;
    JET_SETDBPARAM parameter = {JET_dbparamShrinkDatabaseOptions, &options, sizeof options};
    (void)state;
    fill_rooted(&r, false);
    assert_good(JetAttachDatabase3(r.f.s.session, r.f.path, &parameter, 1, JET_bitDbRecoveryOff));
    assert_good(JetDetachDatabase(r.f.s.session, r.f.path));
    assert_ends_well(&r);
}

static void a_table_known_before_is_found_where_its_roots_went(void **state)
{
    struct filled f;
    struct sample last;
    JET_DBUTIL_A trim = {.cbStruct = sizeof trim, .op = opDBUTILDBTrim};
    (void)state;
    require_shared_data();
    shrinkable_start_in_new_stream(&f.s);
    shrinkable_fill_with_roots_last(&f.s, EARLY, LATE / 8, &last);
    uint64_t digest = shrinkable_digest(&f.s), last_digest = shrinkable_digest(&last);
    f.digest = digest;
    f.path = text_of("%s/sample.edb", f.s.live.folder);
    uint32_t before = file_pages(&f);
    assert_good(JetCloseDatabase(f.s.session, f.s.dbid, 0));
    trim.sesid = f.s.session;
    trim.szDatabase = (char *)(uintptr_t)f.path;
    assert_good(JetDBUtilitiesA(&trim));
    if (file_pages(&f) + BOUND_PAGES > before)
        fail_msg("%u pages of %u", file_pages(&f), before);
    assert_good(JetOpenDatabase(f.s.session, f.path, NULL, &f.s.dbid, 0));
    assert_good(JetOpenTable(f.s.session, f.s.dbid, "Sample", NULL, 0, 0, &f.s.table));
    shrinkable_open_last(&f.s, &last);
    assert_int_equal(shrinkable_digest(&last), last_digest);
    assert_good(JetMove(f.s.session, last.table, JET_MoveFirst, 0));
    assert_good(JetDelete(f.s.session, last.table));
    assert_good(JetCloseTable(f.s.session, last.table));
    check_and_stop(&f);
}

static void the_option_keeps_roots_in_place(void **state)
{
    struct rooted r;
    uint32_t options = ON_ATTACH | JET_bitShrinkDatabaseDontMoveRootsOnAttach;
    JET_SETDBPARAM parameter = {JET_dbparamShrinkDatabaseOptions, &options, sizeof options};
    (void)state;
    fill_rooted(&r, false);
    assert_good(JetAttachDatabase3(r.f.s.session, r.f.path, &parameter, 1, JET_bitDbRecoveryOff));
    assert_good(JetDetachDatabase(r.f.s.session, r.f.path));
    assert_true(file_pages(&r.f) > r.f.pages - r.f.free_pages + BOUND_PAGES);
    shrinkable_attach(&r.f.s, r.f.path, 0, -1, 0, NULL);
    assert_same_rows(&r);
    check_and_stop(&r.f);
}

/* --- what is in the way --- */

static void what_a_snapshot_still_needs_is_not_moved_away(void **state)
{
    struct filled f;
    uint32_t pages;
    JET_SESID reader;
    JET_DBUTIL_A trim = {.cbStruct = sizeof trim, .op = opDBUTILDBTrim};
    (void)state;
    fill(&f, 4096);
    shrinkable_attach(&f.s, f.path, 0, -1, 0, NULL);
    assert_good(JetBeginSession(f.s.live.instance, &reader, NULL, NULL));
    insert_sample(&f.s, 100000, 2000000, "new");
    assert_good(JetBeginTransaction(reader));
    assert_good(seek_id(&f.s, f.s.table, 100000));
    assert_good(JetDelete(f.s.session, f.s.table));
    assert_good(JetCloseDatabase(f.s.session, f.s.dbid, 0));
    trim.sesid = f.s.session;
    trim.szDatabase = (char *)(uintptr_t)f.path;
    assert_good(JetDBUtilitiesA(&trim));
    assert_true(file_pages(&f) >= f.pages);
    assert_good(JetRollback(reader, 0));
    assert_good(JetEndSession(reader, 0));
    assert_good(JetDBUtilitiesA(&trim));
    assert_true(file_pages(&f) <= f.pages - f.free_pages + BOUND_PAGES);
    assert_good(JetDetachDatabase(f.s.session, f.path));
    shrinkable_attach(&f.s, f.path, 0, -1, 0, &pages);
    check_and_stop(&f);
}

/* A next log file that cannot be had for a while, so that the end of a transaction cannot be logged either. */
static struct {
    struct fault_fs *fs;
    uint32_t left;
} shortage;

static void count_shortage(void *context, enum fault_operation operation, const char *path, uint64_t offset, size_t size)
{
    (void)context, (void)offset, (void)size;
    if (operation == FAULT_OPEN && strstr(path, "edbtmp") != NULL && shortage.left > 0 && --shortage.left == 0)
        fault_fs_fail(shortage.fs, FAULT_OPEN, 0, JET_errSuccess, false);
}

static void a_session_goes_on_when_the_end_of_a_move_could_not_be_logged(void **state)
{
    struct filled f;
    uint32_t options = ON_ATTACH, pages;
    JET_SETDBPARAM parameter = {JET_dbparamShrinkDatabaseOptions, &options, sizeof options};
    (void)state;
    shortage.fs = fault_fs_create(os_fs_posix());
    process_set_fs(fault_fs_os(shortage.fs));
    fill(&f, 4096);
    fault_fs_set_hook(shortage.fs, count_shortage, NULL);
    fault_fs_fail_only(shortage.fs, "edbtmp");
    shortage.left = SHORTAGE;
    fault_fs_fail(shortage.fs, FAULT_OPEN, 1, JET_errOutOfFileHandles, true);
    assert_good(JetAttachDatabase3(f.s.session, f.path, &parameter, 1, 0));
    assert_int_equal(shortage.left, 0);
    assert_good(JetBeginTransaction(f.s.session));
    assert_good(JetCommitTransaction(f.s.session, 0));
    assert_err(JetRollback(f.s.session, 0), JET_errNotInTransaction);
    assert_good(JetDetachDatabase(f.s.session, f.path));
    shrinkable_attach(&f.s, f.path, ON_ATTACH, -1, 0, &pages);
    assert_true(pages <= f.pages - f.free_pages + BOUND_PAGES);
    check_and_stop(&f);
    process_set_fs(NULL);
    fault_fs_destroy(shortage.fs);
}

static struct {
    struct thread thread;
    JET_INSTANCE instance;
    atomic_bool is_cutting, is_stopped;
} stopping;

static void *stop_service(void *argument)
{
    (void)argument;
    while (!atomic_load(&stopping.is_cutting))
        thread_sleep_ms(1);
    assert_good(JetStopServiceInstance2(stopping.instance, JET_bitStopServiceAll));
    atomic_store(&stopping.is_stopped, true);
    return NULL;
}

static void hold_first_cut(void *context, enum fault_operation operation, const char *path, uint64_t offset, size_t size)
{
    (void)context, (void)offset, (void)size;
    if (operation != FAULT_SET_SIZE || strstr(path, "sample.edb") == NULL)
        return;
    atomic_store(&stopping.is_cutting, true);
    while (!atomic_load(&stopping.is_stopped))
        thread_sleep_ms(1);
}

static void a_service_that_stops_ends_it_early(void **state)
{
    struct filled f;
    uint32_t options = ON_ATTACH;
    JET_SETDBPARAM parameter = {JET_dbparamShrinkDatabaseOptions, &options, sizeof options};
    struct fault_fs *fs = fault_fs_create(os_fs_posix());
    (void)state;
    process_set_fs(fault_fs_os(fs));
    fill(&f, 4096);
    fault_fs_set_hook(fs, hold_first_cut, NULL);
    stopping.instance = f.s.live.instance;
    assert_good(thread_start(&stopping.thread, stop_service, NULL));
    assert_good(JetAttachDatabase3(f.s.session, f.path, &parameter, 1, 0));
    thread_join(&stopping.thread);
    assert_true(file_pages(&f) > f.pages - f.free_pages + BOUND_PAGES);
    assert_good(JetTerm(f.s.live.instance));
    verify(&f);
    process_set_fs(NULL);
    fault_fs_destroy(fs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_at_the_end_move_to_what_is_free_before_them), cmocka_unit_test(without_the_option_nothing_moves), cmocka_unit_test(a_size_limit_or_a_quota_ends_it_early),
        cmocka_unit_test(a_root_at_the_end_stays_where_the_log_cannot_tell_of_it), cmocka_unit_test(roots_at_the_end_move_where_the_log_knows_of_it),
        cmocka_unit_test(roots_move_without_logging_too), cmocka_unit_test(a_table_known_before_is_found_where_its_roots_went), cmocka_unit_test(the_option_keeps_roots_in_place), cmocka_unit_test(an_attach_without_logging_shrinks_too),
        cmocka_unit_test(what_a_snapshot_still_needs_is_not_moved_away), cmocka_unit_test(a_session_goes_on_when_the_end_of_a_move_could_not_be_logged),
        cmocka_unit_test(a_service_that_stops_ends_it_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
