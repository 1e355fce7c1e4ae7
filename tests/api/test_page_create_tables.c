/* The reference pages of the calls that make tables with their columns, and of the one that opens them: each bit and each result that can be provoked.
 *
 * JetCreateTableColumnIndex in its four versions is asked with the same rows: what a row says of columns and of the table itself is the same in each structure. What concerns indexes is in
 * test_page_indexes.c.
 *
 * Pages: JetCreateTableColumnIndex, JetCreateTableColumnIndex2, JetCreateTableColumnIndex3, JetCreateTableColumnIndex4, JetOpenTable
 */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <stdio.h>
#include <string.h>

#include "live_instance.h"
#include "shared_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
enum { VERSIONS = 4, CURSORS_MOST = 40, COLUMNS_MOST = 128 };

static struct live_instance live;
static JET_SESID s, other;
static JET_DBID d;

static void limit(JET_INSTANCE instance)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnablePersistedCallbacks, 1, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramMaxCursors, CURSORS_MOST, NULL));
}

static int start(void **state)
{
    JET_DBID again;
    (void)state;
    live_configure = limit;
    live_start(&live, 4096);
    s = live.session;
    live.database = text_of("%s/tables.edb", live.folder);
    assert_good(JetCreateDatabase(s, live.database, NULL, &d, 0));
    assert_good(JetBeginSession(live.instance, &other, NULL, NULL));
    assert_good(JetOpenDatabase(other, live.database, NULL, &again, 0));
    JET_TABLEID table;
    assert_good(JetCreateTable(s, d, "Plain", 1, 80, &table));
    assert_good(JetCloseTable(s, table));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    live_stop(&live);
    return 0;
}

/* --- JetCreateTableColumnIndex --- */

struct request {
    const char *template_name;
    JET_COLUMNCREATE *columns;
    uint32_t column_count, index_count, density;
    JET_GRBIT grbit;
    JET_ERR expected, column_expected; /* the second: err of the first column */
};

static JET_TABLEID opened;
static uint32_t created;

#define CREATE(number, suffix)                                                                                                                                         \
    static JET_ERR create_##number(char *name, const struct request *r, uint32_t size_error)                                                                          \
    {                                                                                                                                                                  \
        JET_TABLECREATE##suffix x = {.cbStruct = (uint32_t)sizeof x + size_error, .szTableName = name, .szTemplateTableName = (char *)(uintptr_t)r->template_name,     \
                                     .ulDensity = r->density, .rgcolumncreate = r->columns, .cColumns = r->column_count, .cIndexes = r->index_count, .grbit = r->grbit, \
                                     .tableid = 4711};                                                                                                                 \
        JET_ERR err = JetCreateTableColumnIndex##suffix(s, d, &x);                                                                                                     \
        opened = x.tableid;                                                                                                                                            \
        created = x.cCreated;                                                                                                                                          \
        return err;                                                                                                                                                    \
    }
CREATE(1, )
CREATE(2, 2)
CREATE(3, 3)
CREATE(4, 4)

static JET_ERR create(unsigned version, const char *text, const struct request *r, uint32_t size_error)
{
    char name[65];
    strcpy(name, text);
    return version == 1 ? create_1(name, r, size_error) : version == 2 ? create_2(name, r, size_error) : version == 3 ? create_3(name, r, size_error) : create_4(name, r, size_error);
}

static char column_name[] = "c", other_name[] = "C", third_name[] = "third", template_name[] = "Template";

#define COLUMN(name, type, bits) {.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = (name), .coltyp = (type), .grbit = (bits), .cp = 1252, .err = 4711}

static JET_GRBIT flags_of(const char *name)
{
    JET_OBJECTINFO info;
    assert_good(JetGetObjectInfo(s, d, JET_objtypTable, NULL, name, &info, sizeof info, JET_ObjInfo));
    return info.flags;
}

static void each_bit_makes_a_table_that_tells_it(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= VERSIONS; version++) {
        JET_COLUMNCREATE column = COLUMN(column_name, JET_coltypLong, 0);
        const char *name = text_of("Template%u", version), *derived = text_of("Derived%u", version);
        struct request r = {.columns = &column, .column_count = 1, .grbit = JET_bitTableCreateTemplateTable};
        assert_good(create(version, name, &r, 0));
        assert_int_equal(created, 2);
        assert_int_equal(column.err, JET_errSuccess);
        assert_good(JetCloseTable(s, opened));
        assert_int_equal(flags_of(name), JET_bitObjectTableTemplate | JET_bitObjectTableFixedDDL);
        r = (struct request){.template_name = name};
        assert_good(create(version, derived, &r, 0));
        JET_COLUMNDEF def;
        assert_good(JetGetTableColumnInfo(s, opened, "c", &def, sizeof def, JET_ColInfo));
        assert_good(JetCloseTable(s, opened));
        assert_int_equal(flags_of(derived), JET_bitObjectTableDerived);

        name = text_of("Fixed%u", version);
        column.szColumnName = column_name;
        r = (struct request){.columns = &column, .column_count = 1, .grbit = JET_bitTableCreateFixedDDL};
        assert_good(create(version, name, &r, 0));
        assert_good(JetCloseTable(s, opened));
        assert_int_equal(flags_of(name), JET_bitObjectTableFixedDDL);

        name = text_of("Immutable%u", version); /* nothing is written to the structures, and the table is not open */
        column.err = 4711;
        r.grbit = JET_bitTableCreateImmutableStructure;
        assert_good(create(version, name, &r, 0));
        assert_int_equal(opened, 4711);
        assert_int_equal(created, 0);
        assert_int_equal(column.err, 4711);
        assert_int_equal(flags_of(name), 0);

        r.grbit = JET_bitTableCreateNoFixedVarColumnsInDerivedTables;
        assert_err(create(version, "Refused", &r, 0), JET_errInvalidGrbit);
        r.grbit |= JET_bitTableCreateTemplateTable;
        assert_err(create(version, "Refused", &r, 0), JET_errInvalidGrbit);
    }
}

static JET_COLUMNCREATE unknown_type[] = {COLUMN(column_name, 99, 0)}, unknown_page[] = {{.cbStruct = sizeof(JET_COLUMNCREATE), .szColumnName = column_name, .coltyp = JET_coltypText, .cp = 437}},
                        twice[] = {COLUMN(column_name, JET_coltypLong, 0), COLUMN(other_name, JET_coltypLong, 0)},
                        versions[] = {COLUMN(column_name, JET_coltypLong, JET_bitColumnVersion), COLUMN(third_name, JET_coltypLong, JET_bitColumnVersion)},
                        wrong_bits[] = {COLUMN(column_name, JET_coltypLong, JET_bitColumnTagged | JET_bitColumnFixed)}, wrong_size[] = {{.cbStruct = 3, .szColumnName = column_name}},
                        good[] = {COLUMN(column_name, JET_coltypLong, 0)}, computed[] = {COLUMN(column_name, JET_coltypLongText, JET_bitColumnUserDefinedDefault)};
static JET_USERDEFINEDDEFAULT missing = {(char[]){"absent_library!function"}, NULL, 0, NULL};

static const struct request refused[] = {
    {.columns = unknown_type, .column_count = 1, .expected = JET_errInvalidColumnType, .column_expected = JET_errInvalidColumnType},
    {.columns = unknown_page, .column_count = 1, .expected = JET_errInvalidCodePage, .column_expected = JET_errInvalidCodePage},
    {.columns = twice, .column_count = 2, .expected = JET_errColumnDuplicate},
    {.columns = versions, .column_count = 2, .expected = JET_errColumnRedundant},
    {.columns = wrong_bits, .column_count = 1, .expected = JET_errInvalidGrbit, .column_expected = JET_errInvalidGrbit},
    {.columns = computed, .column_count = 1, .expected = JET_errCallbackNotResolved, .column_expected = JET_errCallbackNotResolved},
    {.columns = wrong_size, .column_count = 1, .expected = JET_errInvalidParameter},
    {.columns = NULL, .column_count = 1, .expected = JET_errInvalidParameter},
    {.columns = good, .column_count = 1, .index_count = 1, .expected = JET_errInvalidCreateIndex}, /* no index structures */
    {.columns = NULL, .column_count = 0, .index_count = 1, .expected = JET_errInvalidCreateIndex},
    {.columns = good, .column_count = 1, .density = 10, .expected = JET_errDensityInvalid},
    {.columns = good, .column_count = 1, .grbit = JET_bitTableCreateTemplateTable, .template_name = template_name, .expected = JET_errCannotNestDDL},
    {.template_name = "Plain", .expected = JET_errDDLNotInheritable},
};

static void requests_that_cannot_be_are_refused_by_each_version(void **state)
{
    (void)state;
    computed[0].pvDefault = &missing;
    computed[0].cbDefault = sizeof missing;
    for (unsigned i = 0; i < COUNT(refused); i++) {
        for (unsigned version = 1; version <= VERSIONS; version++) {
            const struct request *r = &refused[i];
            JET_ERR err = create(version, "Refused", r, 0);
            if (err != r->expected)
                print_error("row %u, version %u\n", i, version);
            assert_err(err, r->expected);
            if (r->column_expected != 0)
                assert_err(r->columns[0].err, r->column_expected);
            assert_true(opened == JET_tableidNil);
            assert_err(JetOpenTable(s, d, "Refused", NULL, 0, 0, &opened), JET_errObjectNotFound);
        }
    }
    const struct request plain = {.columns = good, .column_count = 1};
    for (unsigned version = 1; version <= VERSIONS; version++) {
        assert_err(create(version, "Refused", &plain, 1), JET_errInvalidParameter);
        assert_err(create(version, "Plain", &plain, 0), JET_errTableDuplicate);
    }
}

static void only_so_many_columns_fit_into_a_new_table(void **state)
{
    static char names[COLUMNS_MOST][8];
    static JET_COLUMNCREATE columns[COLUMNS_MOST];
    (void)state;
    for (unsigned version = 1; version <= VERSIONS; version++) {
        for (unsigned i = 0; i < COLUMNS_MOST; i++) {
            snprintf(names[i], sizeof names[i], "c%u", i);
            columns[i] = (JET_COLUMNCREATE)COLUMN(names[i], JET_coltypBit, 0);
        }
        struct request r = {.columns = columns, .column_count = COLUMNS_MOST};
        assert_err(create(version, "Refused", &r, 0), JET_errTooManyColumns);
        assert_int_equal(columns[COLUMNS_MOST - 2].err, JET_errSuccess);
        assert_int_equal(columns[COLUMNS_MOST - 1].err, JET_errTooManyColumns);
        for (unsigned i = 0; i < COLUMNS_MOST; i++) {
            columns[i] = (JET_COLUMNCREATE)COLUMN(names[i], JET_coltypBinary, JET_bitColumnFixed);
            columns[i].cbMax = 255;
        }
        r.column_count = 15; /* a page of 4096 bytes has 3791 for a record, of which the columns may not have the first 4 */
        assert_err(create(version, "Refused", &r, 0), JET_errRecordTooBig);
        assert_int_equal(columns[13].err, JET_errSuccess);
        assert_int_equal(columns[14].err, JET_errRecordTooBig);
    }
}

/* --- JetOpenTable --- */

static JET_ERR open_in(JET_SESID session, const char *name, JET_GRBIT grbit)
{
    JET_ERR err = JetOpenTable(session, d, name, NULL, 0, grbit, &opened);
    if (err < 0)
        assert_true(opened == JET_tableidNil);
    return err;
}

static void a_table_is_opened_with_each_bit(void **state)
{
    static const JET_GRBIT bits[] = {
        0, JET_bitTableDenyRead, JET_bitTableDenyWrite, JET_bitTableNoCache, JET_bitTablePreread, JET_bitTableReadOnly, JET_bitTableSequential, JET_bitTableUpdatable,
        JET_bitTableOpportuneRead, JET_bitTablePermitDDL | JET_bitTableDenyRead, JET_bitTableClassNone, JET_bitTableClass1, JET_bitTableClass2, JET_bitTableClass3,
        JET_bitTableClass4, JET_bitTableClass5, JET_bitTableClass6, JET_bitTableClass7, JET_bitTableClass8, JET_bitTableClass9, JET_bitTableClass10, JET_bitTableClass11,
        JET_bitTableClass12, JET_bitTableClass13, JET_bitTableClass14, JET_bitTableClass15, JET_bitTableClassMask,
    };
    (void)state;
    for (unsigned i = 0; i < COUNT(bits); i++) {
        JET_TABLEID second;
        const JET_ERR reading = (bits[i] & JET_bitTableDenyRead) != 0 ? JET_errTableLocked : JET_errSuccess;
        const JET_ERR writing = (bits[i] & (JET_bitTableDenyRead | JET_bitTableDenyWrite)) != 0 ? JET_errTableLocked : JET_errSuccess;
        assert_good(open_in(s, "Plain", bits[i]));
        assert_err(JetPrepareUpdate(s, opened, JET_prepInsert), (bits[i] & JET_bitTableReadOnly) != 0 ? JET_errPermissionDenied : JET_errSuccess);
        assert_err(JetOpenTable(other, d, "Plain", NULL, 0, JET_bitTableReadOnly, &second), reading);
        if (second != JET_tableidNil)
            assert_good(JetCloseTable(other, second));
        assert_err(JetOpenTable(other, d, "Plain", NULL, 0, 0, &second), writing);
        if (second != JET_tableidNil)
            assert_good(JetCloseTable(other, second));
        assert_good(JetCloseTable(s, opened));
    }
}

static void opening_is_refused(void **state)
{
    JET_TABLEID tables[CURSORS_MOST + 1], held;
    (void)state;
    assert_err(JetOpenTable(s, JET_dbidNil, "Plain", NULL, 0, 0, &held), JET_errInvalidDatabaseId);
    assert_err(JetOpenTable(s, d + 100, "Plain", NULL, 0, 0, &held), JET_errInvalidDatabaseId);
    assert_err(open_in(s, "a!b", 0), JET_errInvalidName);
    assert_err(open_in(s, NULL, 0), JET_errInvalidName);
    assert_err(open_in(s, "Absent", 0), JET_errObjectNotFound);
    assert_err(open_in(s, "Plain", JET_bitTableReadOnly | JET_bitTableUpdatable), JET_errInvalidGrbit);
    assert_err(open_in(s, "Plain", JET_bitTablePermitDDL), JET_errInvalidGrbit);
    assert_good(JetOpenTable(other, d, "Plain", NULL, 0, 0, &held));
    assert_err(open_in(s, "Plain", JET_bitTableDenyWrite), JET_errTableInUse);
    assert_err(open_in(s, "Plain", JET_bitTableDenyRead), JET_errTableInUse);
    assert_good(JetCloseTable(other, held));
    assert_good(JetOpenTable(other, d, "Plain", NULL, 0, JET_bitTableDenyRead, &held));
    assert_err(open_in(s, "Plain", 0), JET_errTableLocked);
    assert_good(JetCloseTable(other, held));
    unsigned count = 0;
    JET_ERR err = JET_errSuccess;
    for (; count <= CURSORS_MOST; count++) {
        err = JetOpenTable(s, d, "Plain", NULL, 0, 0, &tables[count]);
        if (err < 0)
            break;
    }
    assert_err(err, JET_errOutOfCursors);
    assert_int_equal(count, CURSORS_MOST);
    while (count > 0)
        assert_good(JetCloseTable(s, tables[--count]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_makes_a_table_that_tells_it),
        cmocka_unit_test(requests_that_cannot_be_are_refused_by_each_version),
        cmocka_unit_test(only_so_many_columns_fit_into_a_new_table),
        cmocka_unit_test(a_table_is_opened_with_each_bit),
        cmocka_unit_test(opening_is_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
