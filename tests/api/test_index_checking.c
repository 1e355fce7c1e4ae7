/* Indexes over UTF-16 text whose sort order is another than the system's: found at attach or when a table is opened, refused, deleted or passed over as the parameters and
 * options say (reference pages of JetAttachDatabase, JetAttachDatabase2). The database is Windows Server 2019's, order 6.2.F; the order here is that of the table installed. */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "live_instance.h"
#include "os/file.h"
#include "record/collation.h"
#include "recorded_events.h"
#include "shared_data.h"

#define USER_ACCESS "windows/ual-server2019-hyperv/{03A01CC5-91BB-4936-B685-63697785D39E}.mdb"
#define TABLE "CLIENTS"

enum { UNICODE_INDEXES_OF_TABLE = 2 };

struct fixture {
    struct live_instance live;
    const char *path;
};

/* An instance with the parameters, the database beside it, not attached. Skips where no other order is to be compared with. */
static struct fixture start(uint32_t checking, uint32_t cleanup)
{
    struct fixture f;
    struct collation_table *weights;
    require_shared_data();
    if (collation_table_open(os_fs_posix(), NULL, &weights) < 0) {
        print_message("skipped: no sort weights (Debian package libwine)\n");
        skip();
    }
    assert_false(collation_versions_agree(0x0006020F0006020Full, collation_table_version(weights)));
    collation_table_close(weights);
    f.path = text_of("%s/access.mdb", make_scratch_folder("checking"));
    copy_shared_file(USER_ACCESS, f.path);
    live_start(&f.live, page_size_of(f.path));
    assert_good(JetSetSystemParameter(&f.live.instance, f.live.session, JET_paramEnableIndexChecking, checking, NULL));
    assert_good(JetSetSystemParameter(&f.live.instance, f.live.session, JET_paramEnableIndexCleanup, cleanup, NULL));
    return f;
}

/* Secondary indexes of the table that sort UTF-16 text, by the only trace of it that the interface shows: all of this table's do. */
static unsigned count_indexes(const struct fixture *f)
{
    JET_DBID dbid;
    JET_TABLEID table;
    JET_INDEXLIST list = {.cbStruct = sizeof list};
    assert_true(JetOpenDatabase(f->live.session, f->path, NULL, &dbid, JET_bitDbReadOnly) >= 0);
    assert_true(JetOpenTable(f->live.session, dbid, TABLE, NULL, 0, JET_bitTableReadOnly, &table) >= 0); /* or a warning */
    assert_good(JetGetTableIndexInfo(f->live.session, table, NULL, &list, sizeof list, JET_IdxInfoList));
    unsigned count = 0;
    for (JET_ERR err = JetMove(f->live.session, list.tableid, JET_MoveFirst, 0); err >= 0; err = JetMove(f->live.session, list.tableid, JET_MoveNext, 0)) {
        uint32_t column = UINT32_MAX;
        assert_good(JetRetrieveColumn(f->live.session, list.tableid, list.columnidiColumn, &column, sizeof column, NULL, 0, NULL));
        count += column == 0;
    }
    assert_good(JetCloseTable(f->live.session, list.tableid));
    assert_good(JetCloseTable(f->live.session, table));
    assert_good(JetCloseDatabase(f->live.session, dbid, 0));
    return count;
}

static void another_order_is_refused_and_the_database_not_attached(void **state)
{
    (void)state;
    static const uint32_t parameters[][2] = {{JET_IndexCheckingOn, 0}, {JET_IndexCheckingOn, 1}, {JET_IndexCheckingOff, 1}, {JET_IndexCheckingDeferToOpenTable, 1}};
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        struct fixture f = start(parameters[i][0], parameters[i][1]);
        JET_DBID dbid;
        assert_err(JetAttachDatabase(f.live.session, f.path, 0), JET_errSecondaryIndexCorrupted);
        assert_err(JetOpenDatabase(f.live.session, f.path, NULL, &dbid, 0), JET_errDatabaseNotFound);
        assert_good(JetAttachDatabase(f.live.session, f.path, JET_bitDbReadOnly)); /* nothing can be done wrong there */
        assert_true(count_indexes(&f) > UNICODE_INDEXES_OF_TABLE);
        live_stop(&f.live);
    }
}

static void with_the_checks_off_it_is_attached_as_it_is(void **state)
{
    (void)state;
    struct fixture f = start(JET_IndexCheckingOff, 0);
    assert_good(JetAttachDatabase(f.live.session, f.path, 0));
    assert_true(count_indexes(&f) > UNICODE_INDEXES_OF_TABLE);
    live_stop(&f.live);
}

static void indexes_of_another_order_are_deleted_when_asked_for(void **state)
{
    (void)state;
    struct fixture f = start(JET_IndexCheckingOn, 1);
    assert_good(JetAttachDatabase(f.live.session, f.path, JET_bitDbReadOnly));
    unsigned before = count_indexes(&f);
    assert_good(JetDetachDatabase(f.live.session, f.path));
    assert_err(JetAttachDatabase(f.live.session, f.path, JET_bitDbDeleteCorruptIndexes), JET_wrnCorruptIndexDeleted);
    assert_int_equal(count_indexes(&f), before - UNICODE_INDEXES_OF_TABLE);
    assert_good(JetDetachDatabase(f.live.session, f.path));
    assert_good(JetAttachDatabase(f.live.session, f.path, 0)); /* the list of orders says so too */
    assert_good(JetDetachDatabase(f.live.session, f.path));
    assert_good(JetAttachDatabase(f.live.session, f.path, JET_bitDbDeleteCorruptIndexes));
    live_stop(&f.live);
}

static void all_indexes_over_unicode_text_are_deleted_whatever_their_order(void **state)
{
    (void)state;
    struct fixture f = start(JET_IndexCheckingOff, 0);
    assert_good(JetAttachDatabase(f.live.session, f.path, 0));
    unsigned before = count_indexes(&f);
    assert_good(JetDetachDatabase(f.live.session, f.path));
    assert_err(JetAttachDatabase(f.live.session, f.path, JET_bitDbDeleteUnicodeIndexes | JET_bitDbReadOnly), JET_errInvalidGrbit);
    assert_good(JetAttachDatabase(f.live.session, f.path, JET_bitDbDeleteUnicodeIndexes));
    assert_int_equal(count_indexes(&f), before - UNICODE_INDEXES_OF_TABLE);
    live_stop(&f.live);
}

static void the_check_can_wait_until_a_table_is_opened(void **state)
{
    (void)state;
    struct fixture f = start(JET_IndexCheckingDeferToOpenTable, 0);
    JET_DBID dbid;
    JET_TABLEID table = JET_tableidNil;
    assert_good(JetAttachDatabase(f.live.session, f.path, 0));
    assert_good(JetOpenDatabase(f.live.session, f.path, NULL, &dbid, 0));
    assert_err(JetOpenTable(f.live.session, dbid, TABLE, NULL, 0, 0, &table), JET_errSecondaryIndexCorrupted);
    assert_err(JetOpenTable(f.live.session, dbid, TABLE, NULL, 0, JET_bitTableReadOnly, &table), JET_wrnSecondaryIndexOutOfDate);
    assert_good(JetCloseTable(f.live.session, table));
    assert_good(JetOpenTable(f.live.session, dbid, TABLE, NULL, 0, JET_bitTableAllowOutOfDate, &table)); /* keys of that order can be made */
    assert_good(JetCloseTable(f.live.session, table));
    live_stop(&f.live);
}

static void orders_of_today_pass(void **state)
{
    (void)state;
    struct fixture f = start(JET_IndexCheckingOn, 1);
    const char *path = text_of("%s/new.edb", f.live.folder);
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID column;
    JET_COLUMNDEF text = {.cbStruct = sizeof text, .coltyp = JET_coltypText, .cp = 1200};
    assert_good(JetCreateDatabase(f.live.session, path, NULL, &dbid, 0));
    assert_good(JetCreateTable(f.live.session, dbid, "t", 0, 0, &table));
    assert_good(JetAddColumn(f.live.session, table, "name", &text, NULL, 0, &column));
    assert_good(JetCreateIndex(f.live.session, table, "by name", 0, "+name\0", 7, 100));
    assert_good(JetBeginTransaction(f.live.session));
    assert_good(JetPrepareUpdate(f.live.session, table, JET_prepInsert));
    assert_good(JetSetColumn(f.live.session, table, column, u"Zo\u00EB", 6, 0, NULL));
    assert_good(JetUpdate(f.live.session, table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(f.live.session, 0));
    assert_good(JetCloseTable(f.live.session, table));
    assert_good(JetCloseDatabase(f.live.session, dbid, 0));
    assert_good(JetDetachDatabase(f.live.session, path));
    assert_good(JetAttachDatabase(f.live.session, path, JET_bitDbDeleteCorruptIndexes));
    live_stop(&f.live);
}

/* What Windows wrote before it kept the list (Server 2008) is attached as it is. */
static void a_database_without_the_list_of_orders_is_not_checked(void **state)
{
    (void)state;
    struct fixture f = start(JET_IndexCheckingOn, 1);
    const char *path = text_of("%s/adam.dit", f.live.folder);
    live_stop(&f.live);
    copy_shared_file("windows/adlds-server2008/adamntds.dit", path);
    live_start(&f.live, page_size_of(path));
    assert_good(JetSetSystemParameter(&f.live.instance, f.live.session, JET_paramEnableIndexChecking, JET_IndexCheckingOn, NULL));
    assert_good(JetSetSystemParameter(&f.live.instance, f.live.session, JET_paramEnableIndexCleanup, 1, NULL));
    assert_good(JetAttachDatabase(f.live.session, path, 0));
    live_stop(&f.live);
}

static JET_ERR insert_until_full(JET_SESID session, JET_TABLEID table, JET_COLUMNID column)
{
    static char value[2000];
    JET_ERR err = JetBeginTransaction(session);
    for (int i = 0; i < 2000 && err >= 0; i++) {
        err = JetPrepareUpdate(session, table, JET_prepInsert);
        if (err >= 0)
            err = JetSetColumn(session, table, column, value, sizeof value, 0, NULL);
        if (err >= 0)
            err = JetUpdate(session, table, NULL, 0, NULL);
    }
    JET_ERR ended = JetRollback(session, 0);
    return err < 0 ? err : ended;
}

static void the_size_given_at_attach_limits_growth(void **state)
{
    (void)state;
    struct live_instance live;
    JET_DBID dbid;
    JET_TABLEID table;
    JET_COLUMNID column;
    JET_COLUMNDEF binary = {.cbStruct = sizeof binary, .coltyp = JET_coltypLongBinary};
    live_start(&live, 4096);
    const char *path = text_of("%s/limited.edb", live.folder);
    assert_good(JetCreateDatabase(live.session, path, NULL, &dbid, 0));
    assert_good(JetCreateTable(live.session, dbid, "t", 0, 0, &table));
    assert_good(JetAddColumn(live.session, table, "data", &binary, NULL, 0, &column));
    assert_good(JetCloseTable(live.session, table));
    assert_good(JetCloseDatabase(live.session, dbid, 0));
    for (int form = 0; form < 2; form++) {
        uint32_t limit = 400;
        JET_SETDBPARAM parameter = {.dbparamid = JET_dbparamDbSizeMaxPages, .pvParam = &limit, .cbParam = sizeof limit};
        assert_good(JetDetachDatabase(live.session, path));
        assert_good(form == 0 ? JetAttachDatabase2(live.session, path, limit, 0) : JetAttachDatabase3(live.session, path, &parameter, 1, 0));
        assert_good(JetOpenDatabase(live.session, path, NULL, &dbid, 0));
        assert_good(JetOpenTable(live.session, dbid, "t", NULL, 0, 0, &table));
        assert_err(insert_until_full(live.session, table, column), JET_errOutOfDatabaseSpace);
        assert_good(JetCloseTable(live.session, table));
        assert_good(JetCloseDatabase(live.session, dbid, 0));
    }
    live_stop(&live);
}

static void database_parameters_are_checked(void **state)
{
    (void)state;
    struct live_instance live;
    live_start(&live, 4096);
    static const struct { uint32_t id, value, size; JET_ERR expected; } cases[] = {
        {JET_dbparamDbSizeMaxPages, 100, 2, JET_errInvalidBufferSize}, {JET_dbparamMaxValueInvalid, 0, 4, JET_errInvalidDbparamId},
        {JET_dbparamCachePriority, 1001, 4, JET_errInvalidParameter}, {JET_dbparamShrinkDatabaseOptions, 0x20, 4, JET_errInvalidGrbit},
        {JET_dbparamShrinkDatabaseTimeQuota, 604800001, 4, JET_errInvalidParameter}, {JET_dbparamLeakReclaimerTimeQuota, 604800001, 4, JET_errInvalidParameter},
        {JET_dbparamShrinkDatabaseSizeLimit, 0x80000000, 4, JET_errInvalidParameter}, {JET_dbparamShrinkDatabaseTimeQuota, UINT32_MAX, 4, JET_errFileNotFound},
        {JET_dbparamCachePriority, 1000, 4, JET_errFileNotFound}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t value = cases[i].value;
        JET_SETDBPARAM parameter = {.dbparamid = cases[i].id, .pvParam = &value, .cbParam = cases[i].size};
        assert_err(JetAttachDatabase3(live.session, text_of("%s/none.edb", live.folder), &parameter, 1, 0), cases[i].expected);
    }
    live_stop(&live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_order_is_refused_and_the_database_not_attached),
        cmocka_unit_test(with_the_checks_off_it_is_attached_as_it_is),
        cmocka_unit_test(indexes_of_another_order_are_deleted_when_asked_for),
        cmocka_unit_test(all_indexes_over_unicode_text_are_deleted_whatever_their_order),
        cmocka_unit_test(the_check_can_wait_until_a_table_is_opened),
        cmocka_unit_test(orders_of_today_pass),
        cmocka_unit_test(a_database_without_the_list_of_orders_is_not_checked),
        cmocka_unit_test(the_size_given_at_attach_limits_growth),
        cmocka_unit_test(database_parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
