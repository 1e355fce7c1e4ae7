/* The reference pages of the calls that change columns: each bit and what is told of the column then, each result that can be provoked.
 *
 * Table "Open" takes every change; "Fixed" has a fixed schema, "Template" and "Derived" are what their names say. Rows of the tables below are one call each.
 *
 * Pages: JetAddColumn, JetDeleteColumn, JetDeleteColumn2, JetRenameColumn, JetSetColumnDefaultValue
 */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <string.h>

#include "live_instance.h"
#include "shared_data.h"

enum { COUNT_OF_FIXED = 127 };
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct live_instance live;
static JET_SESID s, other;
static JET_DBID d;

static void open_callbacks(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnablePersistedCallbacks, 1, NULL)); }

static JET_TABLEID open_table(const char *name, JET_GRBIT grbit)
{
    JET_TABLEID table;
    assert_good(JetOpenTable(s, d, name, NULL, 0, grbit, &table));
    return table;
}

static JET_ERR add(JET_TABLEID table, const char *name, JET_COLTYP type, JET_GRBIT grbit, const void *value, uint32_t size)
{
    const JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = type, .grbit = grbit, .cbMax = 20, .cp = 1252};
    return JetAddColumn(s, table, name, &def, value, size, NULL);
}

static void make_tables(void)
{
    JET_TABLEID table;
    JET_COLUMNCREATE columns[] = {{.cbStruct = sizeof columns[0], .szColumnName = (char[]){"inherited"}, .coltyp = JET_coltypLong},
                                  {.cbStruct = sizeof columns[0], .szColumnName = (char[]){"tagged"}, .coltyp = JET_coltypLongText, .cp = 1252}};
    JET_TABLECREATE template = {.cbStruct = sizeof template, .szTableName = (char[]){"Template"}, .rgcolumncreate = columns, .cColumns = 2, .grbit = JET_bitTableCreateTemplateTable};
    JET_TABLECREATE derived = {.cbStruct = sizeof derived, .szTableName = (char[]){"Derived"}, .szTemplateTableName = template.szTableName};
    JET_TABLECREATE fixed = {.cbStruct = sizeof fixed, .szTableName = (char[]){"Fixed"}, .rgcolumncreate = columns, .cColumns = 2, .grbit = JET_bitTableCreateFixedDDL};
    JET_TABLECREATE *all[] = {&template, &derived, &fixed};
    for (unsigned i = 0; i < COUNT(all); i++) {
        assert_good(JetCreateTableColumnIndex(s, d, all[i]));
        assert_good(JetCloseTable(s, all[i]->tableid));
    }
    assert_good(JetCreateTable(s, d, "Open", 1, 80, &table));
    assert_good(add(table, "plain", JET_coltypLong, 0, NULL, 0));
    assert_good(add(table, "spare", JET_coltypLong, 0, NULL, 0));
    assert_good(add(table, "key", JET_coltypLong, 0, NULL, 0));
    assert_good(add(table, "word", JET_coltypText, 0, NULL, 0));
    assert_good(JetCreateIndex(s, table, "by_key", 0, "+key\0", 6, 80));
    assert_good(JetCloseTable(s, table));
}

static int start(void **state)
{
    JET_DBID again;
    (void)state;
    live_configure = open_callbacks;
    live_start(&live, 4096);
    s = live.session;
    live.database = text_of("%s/columns.edb", live.folder);
    assert_good(JetCreateDatabase(s, live.database, NULL, &d, 0));
    assert_good(JetBeginSession(live.instance, &other, NULL, NULL));
    assert_good(JetOpenDatabase(other, live.database, NULL, &again, 0));
    assert_int_equal(again, d);
    make_tables();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    live_stop(&live);
    return 0;
}

/* --- JetAddColumn --- */

/* A function that exists; nobody asks for a value here. */
#define COMPUTED {(char[]){"libc.so.6!abs"}, NULL, 0, NULL}

static JET_COLUMNDEF told(JET_TABLEID table, const char *name)
{
    JET_COLUMNDEF def;
    assert_good(JetGetTableColumnInfo(s, table, name, &def, sizeof def, JET_ColInfo));
    return def;
}

static void each_bit_makes_a_column_that_tells_it(void **state)
{
    static const int32_t zero;
    const JET_USERDEFINEDDEFAULT computed = COMPUTED;
    const JET_GRBIT fixed = JET_bitColumnFixed | JET_bitColumnUpdatable, tagged = JET_bitColumnTagged | JET_bitColumnUpdatable;
    const struct {
        JET_COLTYP type;
        JET_GRBIT grbit, told;
        const void *value;
        uint32_t size;
    } rows[] = {
        {JET_coltypBinary, JET_bitColumnFixed, fixed, NULL, 0},
        {JET_coltypLong, JET_bitColumnTagged, tagged, NULL, 0},
        {JET_coltypText, 0, JET_bitColumnUpdatable, NULL, 0},
        {JET_coltypLong, JET_bitColumnNotNULL, fixed | JET_bitColumnNotNULL, NULL, 0},
        {JET_coltypLong, JET_bitColumnTagged | JET_bitColumnNotNULL, tagged | JET_bitColumnNotNULL, NULL, 0}, /* the page refuses it, the engine never does */
        {JET_coltypLong, JET_bitColumnVersion, fixed | JET_bitColumnVersion, NULL, 0},
        {JET_coltypLongLong, JET_bitColumnAutoincrement, fixed | JET_bitColumnAutoincrement, NULL, 0},
        {JET_coltypLong, JET_bitColumnUpdatable, fixed, NULL, 0},
        {JET_coltypLong, JET_bitColumnTTKey | JET_bitColumnTTDescending, fixed, NULL, 0}, /* of temporary tables only */
        {JET_coltypLong, JET_bitColumnMaybeNull, fixed, NULL, 0},
        {JET_coltypLong, JET_bitColumnUnversioned, fixed, NULL, 0},
        {JET_coltypText, JET_bitColumnTagged | JET_bitColumnMultiValued, tagged | JET_bitColumnMultiValued, NULL, 0},
        {JET_coltypLongBinary, JET_bitColumnMultiValued, tagged | JET_bitColumnMultiValued, NULL, 0},
        {JET_coltypLong, JET_bitColumnEscrowUpdate, fixed | JET_bitColumnEscrowUpdate, &zero, 4},
        {JET_coltypLong, JET_bitColumnEscrowUpdate | JET_bitColumnFinalize, fixed | JET_bitColumnEscrowUpdate | JET_bitColumnFinalize, &zero, 4},
        {JET_coltypLong, JET_bitColumnEscrowUpdate | JET_bitColumnDeleteOnZero, fixed | JET_bitColumnEscrowUpdate | JET_bitColumnDeleteOnZero, &zero, 4},
        {JET_coltypLongText, JET_bitColumnTagged | JET_bitColumnUserDefinedDefault, tagged | JET_bitColumnUserDefinedDefault, &computed, sizeof computed},
        {JET_coltypLongBinary, JET_bitColumnCompressed, tagged | JET_bitColumnCompressed, NULL, 0},
    };
    (void)state;
    JET_TABLEID table;
    assert_good(JetCreateTable(s, d, "Bits", 1, 80, &table));
    for (unsigned i = 0; i < COUNT(rows); i++) {
        const char *name = text_of("c%u", i);
        JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = rows[i].type, .grbit = rows[i].grbit, .cp = 1252};
        JET_COLUMNID id;
        assert_good(JetAddColumn(s, table, name, &def, rows[i].value, rows[i].size, &id));
        def = told(table, name);
        assert_int_equal(def.columnid, id);
        assert_int_equal(def.coltyp, rows[i].type);
        if (def.grbit != rows[i].told)
            print_error("%s: 0x%X\n", name, def.grbit);
        assert_int_equal(def.grbit, rows[i].told);
    }
    assert_good(JetCloseTable(s, table));
}

static void definitions_that_cannot_be_are_refused(void **state)
{
    static const int32_t zero;
    const JET_USERDEFINEDDEFAULT computed = COMPUTED, missing = {(char[]){"absent_library!function"}, NULL, 0, NULL};
    const struct {
        const char *name;
        JET_COLTYP type;
        uint16_t code_page;
        JET_GRBIT grbit;
        const void *value;
        uint32_t size;
        JET_ERR expected;
    } rows[] = {
        {"plain", JET_coltypLong, 0, 0, NULL, 0, JET_errColumnDuplicate},
        {"PLAIN", JET_coltypLong, 0, JET_bitColumnUnversioned, NULL, 0, JET_errColumnDuplicate},
        {"", JET_coltypLong, 0, 0, NULL, 0, JET_errInvalidName},
        {NULL, JET_coltypLong, 0, 0, NULL, 0, JET_errInvalidName},
        {" x", JET_coltypLong, 0, 0, NULL, 0, JET_errInvalidName},
        {"a.b", JET_coltypLong, 0, 0, NULL, 0, JET_errInvalidName},
        {"a[1]", JET_coltypLong, 0, 0, NULL, 0, JET_errInvalidName},
        {"A name of sixty-five bytes, which is one more than a name may have", JET_coltypLong, 0, 0, NULL, 0, JET_errInvalidName},
        {"x", JET_coltypNil, 0, 0, NULL, 0, JET_errInvalidColumnType},
        {"x", JET_coltypSLV, 0, 0, NULL, 0, JET_errInvalidColumnType},
        {"x", JET_coltypMax, 0, 0, NULL, 0, JET_errInvalidColumnType},
        {"x", JET_coltypText, 437, 0, NULL, 0, JET_errInvalidCodePage},
        {"x", JET_coltypLongText, 65001, 0, NULL, 0, JET_errInvalidCodePage},
        {"x", JET_coltypLong, 0, JET_bitColumnFixed | JET_bitColumnTagged, NULL, 0, JET_errInvalidGrbit},
        {"x", JET_coltypLongBinary, 0, JET_bitColumnFixed, NULL, 0, JET_errInvalidGrbit},
        {"x", JET_coltypShort, 0, JET_bitColumnEscrowUpdate, &zero, 2, JET_errInvalidGrbit},
        {"x", JET_coltypLong, 0, JET_bitColumnEscrowUpdate, NULL, 0, JET_errInvalidGrbit},
        {"x", JET_coltypLong, 0, JET_bitColumnEscrowUpdate | JET_bitColumnVersion, &zero, 4, JET_errInvalidGrbit},
        {"x", JET_coltypLong, 0, JET_bitColumnFinalize, NULL, 0, JET_errInvalidGrbit},
        {"x", JET_coltypLong, 0, JET_bitColumnDeleteOnZero, NULL, 0, JET_errInvalidGrbit},
        {"x", JET_coltypShort, 0, JET_bitColumnVersion, NULL, 0, JET_errInvalidGrbit},
        {"x", JET_coltypShort, 0, JET_bitColumnAutoincrement, NULL, 0, JET_errInvalidGrbit},
        {"x", JET_coltypLong, 0, JET_bitColumnAutoincrement | JET_bitColumnVersion, NULL, 0, JET_errInvalidGrbit},
        {"x", JET_coltypLongText, 0, JET_bitColumnUserDefinedDefault | JET_bitColumnNotNULL, &computed, sizeof computed, JET_errInvalidGrbit},
        {"x", JET_coltypLongText, 0, JET_bitColumnUserDefinedDefault, &missing, sizeof missing, JET_errCallbackNotResolved},
        {"x", JET_coltypLongText, 0, JET_bitColumnUserDefinedDefault, &missing, sizeof missing - 1, JET_errInvalidParameter},
        {"x", JET_coltypLong, 0, JET_bitColumnMultiValued, NULL, 0, JET_errMultiValuedColumnMustBeTagged},
        {"x", JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnEscrowUpdate, &zero, 4, JET_errCannotBeTagged},
        {"x", JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnVersion, NULL, 0, JET_errCannotBeTagged},
        {"x", JET_coltypLong, 0, JET_bitColumnTagged | JET_bitColumnAutoincrement, NULL, 0, JET_errCannotBeTagged},
        /* others may have the table open */
        {"x", JET_coltypLong, 0, JET_bitColumnAutoincrement, NULL, 0, JET_errExclusiveTableLockRequired},
        {"x", JET_coltypLong, 0, JET_bitColumnEscrowUpdate, &zero, 4, JET_errExclusiveTableLockRequired},
    };
    (void)state;
    JET_TABLEID table = open_table("Open", 0);
    for (unsigned i = 0; i < COUNT(rows); i++) {
        const JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = rows[i].type, .grbit = rows[i].grbit, .cp = rows[i].code_page};
        JET_ERR err = JetAddColumn(s, table, rows[i].name, &def, rows[i].value, rows[i].size, NULL);
        if (err != rows[i].expected)
            print_error("row %u\n", i);
        assert_err(err, rows[i].expected);
    }
    JET_COLUMNDEF def = {.cbStruct = sizeof def - 1, .coltyp = JET_coltypLong};
    assert_err(JetAddColumn(s, table, "x", &def, NULL, 0, NULL), JET_errInvalidParameter);
    def.cbStruct++;
    def.grbit = JET_bitColumnUnversioned;
    assert_good(JetBeginTransaction(s));
    assert_err(JetAddColumn(s, table, "x", &def, NULL, 0, NULL), JET_errInTransaction);
    assert_good(JetRollback(s, 0));
    assert_err(add(table, "long", JET_coltypText, 0, "This value has more than twenty bytes", 37), JET_errDefaultValueTooBig);
    def = (JET_COLUMNDEF){.cbStruct = sizeof def, .coltyp = JET_coltypBinary, .cbMax = 256};
    assert_err(JetAddColumn(s, table, "cut", &def, NULL, 0, NULL), JET_wrnColumnMaxTruncated);
    assert_int_equal(told(table, "cut").cbMax, 255);
    def.coltyp = JET_coltypLongBinary;
    assert_good(JetAddColumn(s, table, "not_cut", &def, NULL, 0, NULL));
    assert_int_equal(told(table, "not_cut").cbMax, 256);
    assert_good(JetCloseTable(s, table));
}

static void only_one_column_of_a_kind_fits_and_only_so_many(void **state)
{
    static const int32_t zero;
    (void)state;
    JET_TABLEID table;
    assert_good(JetCreateTable(s, d, "Full", 1, 80, &table));
    assert_good(add(table, "version", JET_coltypLong, JET_bitColumnVersion, NULL, 0));
    assert_err(add(table, "second", JET_coltypLong, JET_bitColumnVersion, NULL, 0), JET_errColumnRedundant);
    assert_good(add(table, "counter", JET_coltypLong, JET_bitColumnAutoincrement, NULL, 0));
    assert_err(add(table, "second", JET_coltypLong, JET_bitColumnAutoincrement, NULL, 0), JET_errColumnRedundant);
    assert_good(JetPrepareUpdate(s, table, JET_prepInsert));
    assert_good(JetUpdate(s, table, NULL, 0, NULL));
    assert_err(add(table, "sum", JET_coltypLong, JET_bitColumnEscrowUpdate, &zero, 4), JET_errTableNotEmpty);
    JET_COLUMNDEF wide = {.cbStruct = sizeof wide, .coltyp = JET_coltypBinary, .cbMax = 255, .grbit = JET_bitColumnFixed};
    JET_ERR err = JET_errSuccess;
    unsigned count = 0;
    assert_good(JetBeginTransaction(s));
    for (; err == JET_errSuccess && count < 20; count++)
        err = JetAddColumn(s, table, text_of("wide%u", count), &wide, NULL, 0, NULL);
    assert_err(err, JET_errRecordTooBig);
    assert_int_equal(count, 15); /* of 3791 bytes that a page of 4096 has for a record */
    assert_good(JetRollback(s, 0));
    assert_good(JetBeginTransaction(s));
    for (count = 2, err = JET_errSuccess; err == JET_errSuccess && count < 200; count++)
        err = add(table, text_of("bit%u", count), JET_coltypBit, 0, NULL, 0);
    assert_err(err, JET_errTooManyColumns);
    assert_int_equal(count - 1, COUNT_OF_FIXED);
    assert_good(JetRollback(s, 0));
    assert_good(JetCloseTable(s, table));
}

/* --- who may change anything --- */

enum call { ADD, DELETE, DELETE_2, DELETE_2_IGNORING, RENAME, SET_DEFAULT };

static JET_ERR change(enum call call, JET_TABLEID table, const char *table_name, const char *column)
{
    static const int32_t value = 7;
    switch (call) {
    case ADD: return add(table, "added", JET_coltypLong, 0, NULL, 0);
    case DELETE: return JetDeleteColumn(s, table, column);
    case DELETE_2: return JetDeleteColumn2(s, table, column, 0);
    case DELETE_2_IGNORING: return JetDeleteColumn2(s, table, column, JET_bitDeleteColumnIgnoreTemplateColumns);
    case RENAME: return JetRenameColumn(s, table, column, "renamed", 0);
    case SET_DEFAULT: break;
    }
    return JetSetColumnDefaultValue(s, d, table_name, column, &value, sizeof value, 0);
}

static void a_change_is_refused_by_table_column_and_transaction(void **state)
{
    const struct {
        enum call call;
        const char *table, *column;
        JET_GRBIT mode, transaction;
        JET_ERR expected;
    } rows[] = {
        {ADD, "Fixed", NULL, 0, 0, JET_errFixedDDL},
        {ADD, "Template", NULL, 0, 0, JET_errFixedDDL},
        {ADD, "Open", NULL, JET_bitTableReadOnly, 0, JET_errPermissionDenied},
        {DELETE, "Open", "key", 0, 0, JET_errColumnInUse},
        {DELETE, "Fixed", "inherited", 0, 0, JET_errFixedDDL},
        {DELETE, "Template", "inherited", 0, 0, JET_errFixedDDL},
        {DELETE, "Derived", "inherited", 0, 0, JET_errFixedInheritedDDL},
        {DELETE, "Open", "a.b", 0, 0, JET_errInvalidName},
        {DELETE, "Open", "plain", JET_bitTableReadOnly, 0, JET_errPermissionDenied},
        {DELETE, "Open", "plain", 0, JET_bitTransactionReadOnly, JET_errTransReadOnly},
        {DELETE_2, "Open", "key", 0, 0, JET_errColumnInUse},
        {DELETE_2, "Fixed", "inherited", 0, 0, JET_errFixedDDL},
        {DELETE_2, "Derived", "inherited", 0, 0, JET_errFixedInheritedDDL},
        {DELETE_2_IGNORING, "Derived", "inherited", 0, 0, JET_errColumnNotFound}, /* the template's is not looked at */
        {DELETE_2, "Open", "", 0, 0, JET_errInvalidName},
        {DELETE_2, "Open", "plain", JET_bitTableReadOnly, 0, JET_errPermissionDenied},
        {DELETE_2, "Open", "plain", 0, JET_bitTransactionReadOnly, JET_errTransReadOnly},
        {RENAME, "Open", "absent", 0, 0, JET_errColumnNotFound},
        {RENAME, "Open", "a.b", 0, 0, JET_errInvalidName},
        {RENAME, "Open", NULL, 0, 0, JET_errInvalidParameter},
        {RENAME, "Open", "plain", 0, JET_bitTransactionReadOnly, JET_errTransReadOnly},
        {SET_DEFAULT, "Open", "absent", 0, 0, JET_errColumnNotFound},
        {SET_DEFAULT, "Derived", "inherited", 0, 0, JET_errColumnNotFound}, /* the template's is not looked at */
        {SET_DEFAULT, "Open", "key", 0, 0, JET_errColumnInUse},
        {SET_DEFAULT, "Open", "a.b", 0, 0, JET_errInvalidName},
        {SET_DEFAULT, "Open", "plain", 0, JET_bitTransactionReadOnly, JET_errTransReadOnly},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT(rows); i++) {
        JET_TABLEID table = open_table(rows[i].table, rows[i].mode);
        if (rows[i].transaction != 0)
            assert_good(JetBeginTransaction2(s, rows[i].transaction));
        JET_ERR err = change(rows[i].call, table, rows[i].table, rows[i].column);
        if (err != rows[i].expected)
            print_error("row %u\n", i);
        assert_err(err, rows[i].expected);
        if (rows[i].transaction != 0)
            assert_good(JetCommitTransaction(s, 0));
        assert_good(JetCloseTable(s, table));
    }
}

static void columns_are_renamed_and_deleted(void **state)
{
    (void)state;
    JET_TABLEID table = open_table("Open", 0);
    JET_COLUMNID id = told(table, "spare").columnid;
    assert_good(JetBeginTransaction(s));
    assert_err(JetRenameColumn(s, table, "spare", "renamed", 0), JET_errInTransaction);
    assert_good(JetRollback(s, 0));
    assert_err(JetRenameColumn(s, table, "spare", " x", 0), JET_errInvalidName);
    assert_good(JetRenameColumn(s, table, "spare", "renamed", 0));
    assert_int_equal(told(table, "renamed").columnid, id);
    assert_good(JetDeleteColumn(s, table, "renamed"));
    assert_good(JetDeleteColumn2(s, table, "word", JET_bitDeleteColumnIgnoreTemplateColumns));
    JET_COLUMNDEF def;
    assert_err(JetGetTableColumnInfo(s, table, "renamed", &def, sizeof def, JET_ColInfo), JET_errColumnNotFound);
    assert_err(JetGetTableColumnInfo(s, table, "word", &def, sizeof def, JET_ColInfo), JET_errColumnNotFound);
    assert_good(JetCloseTable(s, table));
}

/* --- JetSetColumnDefaultValue --- */

static void a_new_default_is_read_from_rows_that_have_no_value(void **state)
{
    int32_t value = 5, got = 0;
    uint32_t size;
    JET_TABLEID table;
    (void)state;
    assert_good(JetCreateTable(s, d, "Defaults", 1, 80, &table));
    assert_good(JetPrepareUpdate(s, table, JET_prepInsert));
    assert_good(JetUpdate(s, table, NULL, 0, NULL));
    assert_good(add(table, "number", JET_coltypLong, 0, NULL, 0)); /* behind what the row holds */
    JET_COLUMNID id = told(table, "number").columnid;
    assert_good(JetCloseTable(s, table));

    assert_good(JetSetColumnDefaultValue(s, d, "Defaults", "number", &value, sizeof value, 0));
    assert_good(JetOpenTable(other, d, "Defaults", NULL, 0, 0, &table));
    assert_good(JetMove(other, table, JET_MoveFirst, 0));
    assert_good(JetRetrieveColumn(other, table, id, &got, sizeof got, &size, 0, NULL));
    assert_int_equal(got, 5);
    assert_err(JetSetColumnDefaultValue(s, d, "Defaults", "number", &value, sizeof value, 0), JET_errTableInUse);
    assert_good(JetCloseTable(other, table));

    assert_err(JetSetColumnDefaultValue(s, JET_dbidNil, "Defaults", "number", &value, sizeof value, 0), JET_errInvalidDatabaseId);
    assert_err(JetSetColumnDefaultValue(s, d, "Absent", "number", &value, sizeof value, 0), JET_errObjectNotFound);
    assert_err(JetSetColumnDefaultValue(s, d, "a.b", "number", &value, sizeof value, 0), JET_errInvalidName);
    assert_err(JetSetColumnDefaultValue(s, d, "Defaults", "number", NULL, 0, 0), JET_errNullInvalid);
    assert_err(JetSetColumnDefaultValue(s, d, "Defaults", "number", &value, 0, 0), JET_errNullInvalid);
    assert_good(JetBeginTransaction(other));
    assert_good(JetSetColumnDefaultValue(other, d, "Defaults", "number", &value, sizeof value, 0));
    assert_err(JetSetColumnDefaultValue(s, d, "Defaults", "number", &value, sizeof value, 0), JET_errWriteConflict);
    assert_good(JetRollback(other, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bit_makes_a_column_that_tells_it),
        cmocka_unit_test(definitions_that_cannot_be_are_refused),
        cmocka_unit_test(only_one_column_of_a_kind_fits_and_only_so_many),
        cmocka_unit_test(a_change_is_refused_by_table_column_and_transaction),
        cmocka_unit_test(columns_are_renamed_and_deleted),
        cmocka_unit_test(a_new_default_is_read_from_rows_that_have_no_value),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
