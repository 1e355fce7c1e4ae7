/* The reference pages of the calls that make, rename and delete a table: each result that can be provoked.
 *
 * Pages: JetCreateTable, JetDeleteTable, JetRenameTable
 */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <string.h>

#include "live_instance.h"
#include "shared_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct live_instance live;
static JET_SESID s, other;
static JET_DBID d;

static void make_template(void)
{
    JET_TABLECREATE base = {.cbStruct = sizeof base, .szTableName = (char[]){"Template"}, .grbit = JET_bitTableCreateTemplateTable};
    JET_TABLECREATE derived = {.cbStruct = sizeof derived, .szTableName = (char[]){"Derived"}, .szTemplateTableName = base.szTableName};
    assert_good(JetCreateTableColumnIndex(s, d, &base));
    assert_good(JetCloseTable(s, base.tableid));
    assert_good(JetCreateTableColumnIndex(s, d, &derived));
    assert_good(JetCloseTable(s, derived.tableid));
}

static int start(void **state)
{
    JET_DBID again;
    (void)state;
    live_start(&live, 4096);
    s = live.session;
    live.database = text_of("%s/tables.edb", live.folder);
    assert_good(JetCreateDatabase(s, live.database, NULL, &d, 0));
    assert_good(JetBeginSession(live.instance, &other, NULL, NULL));
    assert_good(JetOpenDatabase(other, live.database, NULL, &again, 0));
    make_template();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    live_stop(&live);
    return 0;
}

static JET_ERR open_here(const char *name, JET_TABLEID *table) { return JetOpenTable(s, d, name, NULL, 0, 0, table); }

static void make(const char *name)
{
    JET_TABLEID table;
    assert_good(JetCreateTable(s, d, name, 1, 80, &table));
    assert_good(JetCloseTable(s, table));
}

/* --- JetCreateTable --- */

static void a_plain_table_is_refused_for_its_name_and_density(void **state)
{
    JET_TABLEID table;
    uint32_t space[2];
    (void)state;
    assert_good(JetCreateTable(s, d, "Plain", 8, 70, &table));
    assert_good(JetGetTableInfo(s, table, space, sizeof space, JET_TblInfoSpaceAlloc));
    assert_int_equal(space[0], 8);
    assert_int_equal(space[1], 70);
    assert_good(JetCloseTable(s, table));
    assert_err(JetCreateTable(s, d, "PLAIN", 1, 80, &table), JET_errTableDuplicate);
    assert_true(table == JET_tableidNil);
    assert_err(JetCreateTable(s, d, "Dense", 1, 101, &table), JET_errDensityInvalid);
    assert_err(JetCreateTable(s, d, "Dense", 1, 19, &table), JET_errDensityInvalid);
    assert_good(JetCreateTable(s, d, "Dense", 1, 0, &table)); /* the default */
    assert_good(JetCloseTable(s, table));
    assert_err(JetCreateTable(s, d, "x", 1, 80, NULL), JET_errInvalidParameter);
    assert_err(JetCreateTable(s, d, "a.b", 1, 80, &table), JET_errInvalidName);
}

/* --- JetDeleteTable --- */

static void a_table_in_use_and_a_template_are_not_deleted(void **state)
{
    JET_TABLEID held, opened;
    (void)state;
    make("Doomed");
    assert_good(JetOpenTable(other, d, "Doomed", NULL, 0, JET_bitTableReadOnly, &held));
    assert_err(JetDeleteTable(s, d, "Doomed"), JET_errTableInUse);
    assert_good(JetCloseTable(other, held));
    assert_good(open_here("Doomed", &opened)); /* one's own cursor too */
    assert_err(JetDeleteTable(s, d, "Doomed"), JET_errTableInUse);
    assert_good(JetCloseTable(s, opened));
    assert_good(JetDeleteTable(s, d, "Doomed"));
    assert_err(open_here("Doomed", &opened), JET_errObjectNotFound);
    assert_err(JetDeleteTable(s, d, "Template"), JET_errCannotDeleteTemplateTable);
    assert_good(JetDeleteTable(s, d, "Derived"));
    assert_err(JetDeleteTable(s, d, "Template"), JET_errCannotDeleteTemplateTable); /* with nobody derived from it either */
}

/* --- JetRenameTable --- */

static void a_table_is_renamed_or_keeps_its_name(void **state)
{
    const struct {
        const char *from, *to;
        JET_GRBIT transaction;
        JET_ERR expected;
    } rows[] = {
        {"Absent", "New", 0, JET_errObjectNotFound},
        {"Old", "a.b", 0, JET_errInvalidName},
        {"", "New", 0, JET_errInvalidName},
        {NULL, "New", 0, JET_errInvalidParameter},
        {"Old", NULL, 0, JET_errInvalidParameter},
        {"Old", "New", JET_bitTransactionReadOnly, JET_errTransReadOnly},
        {"Old", "Plain", 0, JET_errTableDuplicate},
    };
    JET_TABLEID opened;
    (void)state;
    make("Old");
    for (unsigned i = 0; i < COUNT(rows); i++) {
        if (rows[i].transaction != 0)
            assert_good(JetBeginTransaction2(s, rows[i].transaction));
        assert_err(JetRenameTable(s, d, rows[i].from, rows[i].to), rows[i].expected);
        if (rows[i].transaction != 0)
            assert_good(JetCommitTransaction(s, 0));
    }
    assert_err(JetRenameTable(s, d + 100, "Old", "New"), JET_errInvalidDatabaseId);
    assert_good(JetRenameTable(s, d, "Old", "New"));
    assert_err(open_here("Old", &opened), JET_errObjectNotFound);
    assert_good(open_here("New", &opened));
    assert_good(JetCloseTable(s, opened));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_table_is_refused_for_its_name_and_density),
        cmocka_unit_test(a_table_in_use_and_a_template_are_not_deleted),
        cmocka_unit_test(a_table_is_renamed_or_keeps_its_name),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
