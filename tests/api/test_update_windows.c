/* Rows of databases that Windows wrote, changed here: they are deleted, or deleted and inserted again under the same or a new autoincrement number, and rows, indexes and
 * long values must agree afterwards. */
#include "cmocka_all.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "live_instance.h"
#include "shared_data.h"

enum { ROWS_MOST = 60 };

struct totals {
    unsigned tables, moved, deleted, without_weights;
};

static bool is_expected(JET_ERR err)
{
    /* Unicode keys need weights; some tables of Windows have rows that a not-null column added later forbids; template tables and the like stay as they are. */
    return err == JET_errFeatureNotAvailable || err == JET_errNullInvalid || err == JET_errKeyDuplicate || err == JET_errNullKeyDisallowed;
}

/* The row gives way to a copy of itself, or to none. */
static void change_row(JET_SESID session, JET_TABLEID table, uint32_t turn, struct totals *totals)
{
    bool is_deleted = turn % 4 == 3;
    assert_good(JetBeginTransaction(session));
    JET_ERR err = is_deleted ? JetDelete(session, table)
                             : JetPrepareUpdate(session, table, turn % 2 == 0 ? JET_prepInsertCopyReplaceOriginal : JET_prepInsertCopyDeleteOriginal);
    if (err >= 0 && !is_deleted)
        err = JetUpdate(session, table, NULL, 0, NULL);
    if (err < 0) {
        if (!is_expected(err))
            assert_err(err, JET_errSuccess);
        totals->without_weights += err == JET_errFeatureNotAvailable;
        assert_good(JetRollback(session, 0));
        return;
    }
    totals->moved += !is_deleted;
    totals->deleted += is_deleted;
    assert_good(JetCommitTransaction(session, 0));
}

static void change_table(JET_SESID session, JET_DBID dbid, const char *name, struct totals *totals)
{
    static uint8_t bookmarks[ROWS_MOST][2048];
    uint32_t sizes[ROWS_MOST], count = 0;
    JET_TABLEID table;
    assert_good(JetOpenTable(session, dbid, name, NULL, 0, 0, &table));
    for (JET_ERR err = JetMove(session, table, JET_MoveFirst, 0); err == JET_errSuccess && count < ROWS_MOST; err = JetMove(session, table, JET_MoveNext, 0)) {
        assert_good(JetGetBookmark(session, table, bookmarks[count], sizeof bookmarks[count], &sizes[count]));
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        assert_good(JetGotoBookmark(session, table, bookmarks[i], sizes[i]));
        change_row(session, table, i, totals);
    }
    assert_good(JetCloseTable(session, table));
    totals->tables++;
}

static void change_tables(JET_SESID session, JET_DBID dbid, struct totals *totals)
{
    JET_OBJECTLIST list = {.cbStruct = sizeof list};
    char names[200][80];
    uint32_t count = 0;
    assert_good(JetGetObjectInfo(session, dbid, JET_objtypTable, NULL, NULL, &list, sizeof list, JET_ObjInfoListNoStats));
    for (JET_ERR err = JetMove(session, list.tableid, JET_MoveFirst, 0); err == JET_errSuccess && count < 200; err = JetMove(session, list.tableid, JET_MoveNext, 0)) {
        uint32_t size, flags = 0;
        assert_good(JetRetrieveColumn(session, list.tableid, list.columnidobjectname, names[count], 79, &size, 0, NULL));
        assert_good(JetRetrieveColumn(session, list.tableid, list.columnidflags, &flags, sizeof flags, NULL, 0, NULL));
        names[count][size] = 0;
        if ((flags & JET_bitObjectSystem) == 0)
            count++;
    }
    assert_good(JetCloseTable(session, list.tableid));
    for (uint32_t i = 0; i < count; i++)
        change_table(session, dbid, names[i], totals);
}

static void verify(const char *path)
{
    const char *tool = getenv("ESE_TOOL");
    if (tool != NULL && system(text_of("'%s' verify -q '%s' > /dev/null", tool, path)) != 0) /* NOLINT(cert-env33-c): a test's own command */
        fail_msg("%s: verify finds faults", path);
}

static void change_database(const char *relative, struct totals *all)
{
    struct live_instance live;
    struct totals totals = {0};
    JET_DBID dbid;
    live_start_with(&live, relative);
    assert_good(JetOpenDatabase(live.session, live.database, NULL, &dbid, 0));
    change_tables(live.session, dbid, &totals);
    const char *path = live.database;
    live_stop(&live);
    verify(path);
    print_message("%s: %u tables, %u rows moved, %u deleted, %u not for want of weights\n", relative, totals.tables, totals.moved, totals.deleted, totals.without_weights);
    all->moved += totals.moved;
    all->deleted += totals.deleted;
}

static void rows_that_windows_wrote_can_be_moved_and_deleted(void **state)
{
    struct totals all = {0};
    (void)state;
    require_shared_data();
    for (size_t i = 0; CLEAN_DATABASES[i] != NULL; i++)
        change_database(CLEAN_DATABASES[i], &all);
    assert_true(all.moved > 500 && all.deleted > 200);
}

/* Every kind of column, index and long value, in old and new formats. */
static void rows_of_every_feature_can_be_moved_and_deleted(void **state)
{
    static const char *const databases[] = {
        "engine/features-catalog-4k/callbacks.edb", "engine/features-catalog-4k/deferred-index.edb", "engine/features-catalog-4k/keymost.edb",
        "engine/features-catalog-4k/reopen-efv9600.edb", "engine/features-keys-4k/keys.edb", "engine/features-keys-16k/keys.edb",
        "engine/features-new-format-4k/keys.edb", "engine/features-new-format-4k/records.edb", "engine/features-records-4k/records.edb",
        "engine/features-records-16k/records.edb", "engine/features-maxrec/maxrec-4k.edb", "engine/features-maxrec/maxrec-16k.edb",
        "engine/features-space-4k/grown-by-api.edb", "engine/features-space-4k/many-tables.edb",
    };
    struct totals all = {0};
    (void)state;
    require_shared_data();
    for (size_t i = 0; i < sizeof databases / sizeof *databases; i++)
        change_database(databases[i], &all);
    assert_true(all.moved > 500 && all.deleted > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_windows_wrote_can_be_moved_and_deleted),
        cmocka_unit_test(rows_of_every_feature_can_be_moved_and_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
