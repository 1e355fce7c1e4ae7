/* Database parameters of JetAttachDatabase3 (JET_SETDBPARAM): what they make of the database. Which values are taken: test_index_checking.c; the size limit too. */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <sys/stat.h>

#include "live_instance.h"
#include "shared_data.h"

enum { PAGE_SIZE = 4096, GROWN = 400, HEADERS = 2 };

static struct live_instance live;
static const char *path;

static uint32_t file_pages(void)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (uint32_t)(info.st_size / PAGE_SIZE);
}

/* A database of GROWN pages or more, most of them free, detached. first: its pages as it was made. */
static void start_with_free_space(uint32_t *first)
{
    JET_DBID dbid;
    uint32_t grown;
    live_start(&live, PAGE_SIZE);
    path = live_make_database(&live, "shrunk.edb");
    *first = file_pages();
    assert_good(JetAttachDatabase(live.session, path, 0));
    assert_good(JetOpenDatabase(live.session, path, NULL, &dbid, 0));
    assert_good(JetGrowDatabase(live.session, dbid, GROWN, &grown));
    assert_good(JetGrowDatabase(live.session, dbid, 2 * GROWN, &grown));
    assert_good(JetCloseDatabase(live.session, dbid, 0));
    assert_good(JetDetachDatabase(live.session, path));
    assert_in_range(file_pages(), 2 * GROWN, 3 * GROWN);
}

static JET_ERR attach(uint32_t options, uint32_t least, JET_GRBIT grbit)
{
    JET_SETDBPARAM parameters[] = {{JET_dbparamShrinkDatabaseOptions, &options, sizeof options}, {JET_dbparamShrinkDatabaseSizeLimit, &least, sizeof least}};
    return JetAttachDatabase3(live.session, path, parameters, 2, grbit);
}

static void an_attach_cuts_free_space_off_the_end_when_asked_to(void **state)
{
    uint32_t first;
    (void)state;
    start_with_free_space(&first);
    const uint32_t whole = file_pages();
    assert_good(attach(JET_bitShrinkDatabaseDontMoveRootsOnAttach, 0, 0)); /* how, not whether */
    assert_int_equal(file_pages(), whole);
    assert_err(attach(JET_bitShrinkDatabaseEofOnAttach, 0, 0), JET_wrnDatabaseAttached);
    assert_int_equal(file_pages(), whole);
    assert_good(JetDetachDatabase(live.session, path));

    assert_good(attach(JET_bitShrinkDatabaseEofOnAttach, 0, JET_bitDbReadOnly));
    assert_good(JetDetachDatabase(live.session, path));
    assert_int_equal(file_pages(), whole);

    assert_good(attach(JET_bitShrinkDatabaseEofOnAttach, whole, 0));
    assert_good(JetDetachDatabase(live.session, path));
    assert_int_equal(file_pages(), whole);

    assert_good(attach(JET_bitShrinkDatabaseEofOnAttach, GROWN + HEADERS, 0));
    assert_good(JetDetachDatabase(live.session, path));
    assert_in_range(file_pages(), GROWN + HEADERS, whole - 1);

    assert_good(attach(JET_bitShrinkDatabaseEofOnAttach, 0, 0));
    assert_good(JetDetachDatabase(live.session, path));
    assert_int_equal(file_pages(), first);
    live_stop(&live);
}

static void what_was_shrunk_at_an_attach_comes_out_of_a_replay_shrunk(void **state)
{
    uint32_t first;
    (void)state;
    start_with_free_space(&first);
    assert_good(attach(JET_bitShrinkDatabaseEofOnAttach, 0, 0));
    assert_err(JetTerm2(live.instance, JET_bitTermDirty), JET_errDirtyShutdown);
    live_start_in(&live, live.folder, PAGE_SIZE);
    assert_int_equal(file_pages(), first);
    assert_good(JetAttachDatabase(live.session, path, 0));
    live_stop(&live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attach_cuts_free_space_off_the_end_when_asked_to),
        cmocka_unit_test(what_was_shrunk_at_an_attach_comes_out_of_a_replay_shrunk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
