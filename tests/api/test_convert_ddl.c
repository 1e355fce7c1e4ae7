/* Definitions changed in place (src/catalog/convert.c).
 *
 * Calls: JetConvertDDL */
#define ESENT_PRIVATE
#include <stdbool.h>
#include <string.h>

#include "cmocka_all.h"
#include "plain_instance.h"
#include "shared_data.h"

static JET_INSTANCE instance;
static JET_SESID session;
static JET_DBID dbid;
static JET_TABLEID table;
static JET_COLUMNID number, text;
static char table_name[] = "goods", text_name[] = "text", number_name[] = "number", index_name[] = "by number", missing[] = "missing";

static int start(void **state)
{
    const JET_COLUMNDEF of_number = {.cbStruct = sizeof of_number, .coltyp = JET_coltypLong};
    const JET_COLUMNDEF of_text = {.cbStruct = sizeof of_text, .coltyp = JET_coltypText, .cbMax = 10};
    (void)state;
    instance = plain_start("convert");
    session = plain_session(instance);
    assert_good(JetCreateDatabase(session, "convert.edb", NULL, &dbid, JET_bitDbOverwriteExisting));
    assert_good(JetCreateTable(session, dbid, table_name, 8, 80, &table));
    assert_good(JetAddColumn(session, table, number_name, &of_number, NULL, 0, &number));
    assert_good(JetAddColumn(session, table, text_name, &of_text, NULL, 0, &text));
    assert_good(JetCreateIndex(session, table, index_name, 0, "+number\0", 9, 80));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    plain_stop(instance);
    return 0;
}

static JET_COLUMNDEF definition_of(const char *column)
{
    JET_COLUMNDEF told = {.cbStruct = sizeof told};
    assert_good(JetGetTableColumnInfo(session, table, column, &told, sizeof told, JET_ColInfo));
    return told;
}

static void arguments_are_checked(void **state)
{
    JET_DDLMAXCOLUMNSIZE_A size = {table_name, text_name, 100};
    (void)state;
    assert_err(JetConvertDDL(session, dbid, opDDLConvNull, &size, sizeof size), JET_errInvalidParameter);
    assert_err(JetConvertDDL(session, dbid, opDDLConvMax, &size, sizeof size), JET_errInvalidParameter);
    assert_err(JetConvertDDL(session, dbid, opDDLConvIncreaseMaxColumnSize, &size, sizeof size - 1), JET_errInvalidParameter);
    assert_err(JetConvertDDL(session, dbid, opDDLConvIncreaseMaxColumnSize, NULL, sizeof size), JET_errInvalidParameter);
    assert_err(JetConvertDDL(session, dbid + 1, opDDLConvIncreaseMaxColumnSize, &size, sizeof size), JET_errInvalidDatabaseId);
    size.szTable = missing;
    assert_err(JetConvertDDL(session, dbid, opDDLConvIncreaseMaxColumnSize, &size, sizeof size), JET_errObjectNotFound);
    size = (JET_DDLMAXCOLUMNSIZE_A){table_name, missing, 100};
    assert_err(JetConvertDDL(session, dbid, opDDLConvIncreaseMaxColumnSize, &size, sizeof size), JET_errColumnNotFound);
}

static JET_ERR insert_text(uint32_t size)
{
    char long_text[256];
    memset(long_text, 'x', sizeof long_text);
    assert_good(JetBeginTransaction(session));
    assert_good(JetPrepareUpdate(session, table, JET_prepInsert));
    JET_ERR err = JetSetColumn(session, table, text, long_text, size, 0, NULL);
    assert_good(err >= 0 ? JetUpdate(session, table, NULL, 0, NULL) : JetPrepareUpdate(session, table, JET_prepCancel));
    assert_good(JetCommitTransaction(session, 0));
    return err;
}

static void a_column_takes_longer_values(void **state)
{
    JET_DDLMAXCOLUMNSIZE_A size = {table_name, text_name, 100};
    (void)state;
    assert_true(insert_text(50) != JET_errSuccess);
    assert_good(JetConvertDDL(session, dbid, opDDLConvIncreaseMaxColumnSize, &size, sizeof size));
    assert_int_equal(definition_of(text_name).cbMax, 100);
    assert_good(insert_text(50));
    size.cbMax = 99;
    assert_err(JetConvertDDL(session, dbid, opDDLConvIncreaseMaxColumnSize, &size, sizeof size), JET_errInvalidParameter);
    size.cbMax = 256;
    assert_err(JetConvertDDL(session, dbid, opDDLConvIncreaseMaxColumnSize, &size, sizeof size), JET_errInvalidParameter);
    size = (JET_DDLMAXCOLUMNSIZE_A){table_name, number_name, 100};
    assert_err(JetConvertDDL(session, dbid, opDDLConvIncreaseMaxColumnSize, &size, sizeof size), JET_errInvalidParameter);
    JET_DDLMAXCOLUMNSIZE_W wide = {(char16_t[]){u'g', u'o', u'o', u'd', u's', 0}, (char16_t[]){u't', u'e', u'x', u't', 0}, 200};
    assert_good(JetConvertDDLW(session, dbid, opDDLConvIncreaseMaxColumnSize, &wide, sizeof wide));
    assert_int_equal(definition_of(text_name).cbMax, 200);
}

static void a_rolled_back_conversion_is_gone(void **state)
{
    JET_DDLMAXCOLUMNSIZE_A size = {table_name, text_name, 250};
    (void)state;
    assert_good(JetBeginTransaction(session));
    assert_good(JetConvertDDL(session, dbid, opDDLConvIncreaseMaxColumnSize, &size, sizeof size));
    assert_good(JetRollback(session, 0));
    assert_int_equal(definition_of(text_name).cbMax, 200);
}

static void densities_are_changed(void **state)
{
    JET_DDLINDEXDENSITY_A density = {table_name, index_name, 55};
    uint32_t space[2];
    (void)state;
    assert_good(JetConvertDDL(session, dbid, opDDLConvChangeIndexDensity, &density, sizeof density));
    density.szIndex = missing;
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeIndexDensity, &density, sizeof density), JET_errIndexNotFound);
    density.ulDensity = 19;
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeIndexDensity, &density, sizeof density), JET_errDensityInvalid);
    density = (JET_DDLINDEXDENSITY_A){table_name, NULL, 60};
    assert_good(JetConvertDDL(session, dbid, opDDLConvChangeIndexDensity, &density, sizeof density));
    assert_good(JetCloseTable(session, table));
    assert_good(JetOpenTable(session, dbid, table_name, NULL, 0, 0, &table));
    assert_good(JetGetTableInfo(session, table, space, sizeof space, JET_TblInfoSpaceAlloc));
    assert_int_equal(space[1], 60);
}

static void a_column_becomes_another(void **state)
{
    JET_DDLCHANGECOLUMN_A column = {table_name, number_name, JET_coltypUnsignedLong, JET_bitColumnNotNULL};
    (void)state;
    assert_good(JetConvertDDL(session, dbid, opDDLConvChangeColumn, &column, sizeof column));
    JET_COLUMNDEF told = definition_of(number_name);
    assert_int_equal(told.coltyp, JET_coltypUnsignedLong);
    assert_int_not_equal(told.grbit & JET_bitColumnNotNULL, 0);
    column.coltypNew = 99;
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeColumn, &column, sizeof column), JET_errInvalidColumnType);
    column = (JET_DDLCHANGECOLUMN_A){table_name, number_name, JET_coltypLong, 0};
    assert_good(JetConvertDDL(session, dbid, opDDLConvChangeColumn, &column, sizeof column));
}

static void a_table_that_could_not_be_opened_again_is_not_made(void **state)
{
    static const JET_COLTYP too_large[] = {JET_coltypCurrency, JET_coltypGUID, JET_coltypLongText, JET_coltypLongBinary};
    JET_TABLEID again;
    (void)state;
    for (size_t i = 0; i < sizeof too_large / sizeof *too_large; i++) {
        JET_DDLCHANGECOLUMN_A column = {table_name, number_name, too_large[i], 0};
        /* another column stands behind it */
        const JET_COLUMNDEF next = {.cbStruct = sizeof next, .coltyp = JET_coltypLong};
        JET_COLUMNID id;
        if (i == 0)
            assert_good(JetAddColumn(session, table, "next", &next, NULL, 0, &id));
        assert_err(JetConvertDDL(session, dbid, opDDLConvChangeColumn, &column, sizeof column), JET_errInvalidColumnType);
    }
    JET_DDLCHANGECOLUMN_A variable = {table_name, text_name, JET_coltypLongText, 0};
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeColumn, &variable, sizeof variable), JET_errInvalidColumnType);
    assert_int_equal(definition_of(number_name).coltyp, JET_coltypLong);
    assert_good(JetOpenTable(session, dbid, table_name, NULL, 0, 0, &again));
    assert_good(JetCloseTable(session, again));
}

static void a_column_that_cannot_be_encrypted_stays_as_it_is(void **state)
{
    static char name[] = "remarks", index_of_remarks[] = "by remarks";
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLongBinary};
    JET_COLUMNID id;
    JET_DDLCHANGECOLUMN_A column = {table_name, number_name, JET_coltypLong, JET_bitColumnEncrypted};
    (void)state;
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeColumn, &column, sizeof column), JET_errColumnCannotBeEncrypted);
    assert_good(JetAddColumn(session, table, name, &definition, NULL, 0, &id));
    assert_good(JetCreateIndex(session, table, index_of_remarks, 0, "+remarks\0", 10, 80));
    column = (JET_DDLCHANGECOLUMN_A){table_name, name, JET_coltypLongBinary, JET_bitColumnEncrypted | JET_bitColumnMultiValued};
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeColumn, &column, sizeof column), JET_errColumnCannotBeEncrypted);
    column.grbitNew = JET_bitColumnEncrypted;
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeColumn, &column, sizeof column), JET_errCannotIndexOnEncryptedColumn);
    assert_good(JetDeleteIndex(session, table, index_of_remarks));
    assert_good(JetConvertDDL(session, dbid, opDDLConvChangeColumn, &column, sizeof column));
    assert_int_not_equal(definition_of(name).grbit & JET_bitColumnEncrypted, 0);
    assert_err(JetSetColumnDefaultValue(session, dbid, table_name, name, "open", 4, 0), JET_errColumnCannotBeEncrypted);
}

/* Entries of an index. */
static uint32_t entries(JET_TABLEID cursor, const char *index)
{
    uint32_t count = 0;
    assert_good(JetSetCurrentIndex(session, cursor, index));
    JET_ERR err = JetMove(session, cursor, JET_MoveFirst, 0);
    for (; err == JET_errSuccess; err = JetMove(session, cursor, JET_MoveNext, 0))
        count++;
    assert_int_equal(err, JET_errNoCurrentRecord);
    return count;
}

static void insert_pair(JET_TABLEID cursor, const JET_COLUMNID ids[2], bool has_second)
{
    const uint32_t value = 7;
    assert_good(JetBeginTransaction(session));
    assert_good(JetPrepareUpdate(session, cursor, JET_prepInsert));
    assert_good(JetSetColumn(session, cursor, ids[0], &value, sizeof value, 0, NULL));
    if (has_second)
        assert_good(JetSetColumn(session, cursor, ids[1], &value, sizeof value, 0, NULL));
    assert_good(JetUpdate(session, cursor, NULL, 0, NULL));
    assert_good(JetCommitTransaction(session, 0));
}

static void all_indexes_get_conditions(void **state)
{
    static char name[] = "conditional", second[] = "b", wrong[] = "none";
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    JET_CONDITIONALCOLUMN_A condition = {.cbStruct = sizeof condition, .szColumnName = second, .grbit = JET_bitIndexColumnMustBeNonNull};
    JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_A all = {name, &condition, 1};
    JET_TABLEID cursor;
    JET_COLUMNID ids[2];
    (void)state;
    assert_good(JetCreateTable(session, dbid, name, 4, 80, &cursor));
    assert_good(JetAddColumn(session, cursor, "a", &definition, NULL, 0, &ids[0]));
    assert_good(JetAddColumn(session, cursor, second, &definition, NULL, 0, &ids[1]));
    assert_good(JetCreateIndex(session, cursor, "rows", JET_bitIndexPrimary, "+a\0+b\0", 7, 80));
    assert_good(JetCreateIndex(session, cursor, "one", 0, "+a\0", 4, 80));
    assert_good(JetCreateIndex(session, cursor, "two", 0, "-a\0", 4, 80));
    condition.cbStruct--;
    assert_err(JetConvertDDL(session, dbid, opDDLConvAddConditionalColumnsToAllIndexes, &all, sizeof all), JET_errIndexInvalidDef);
    condition = (JET_CONDITIONALCOLUMN_A){sizeof condition, second, 0};
    assert_err(JetConvertDDL(session, dbid, opDDLConvAddConditionalColumnsToAllIndexes, &all, sizeof all), JET_errInvalidGrbit);
    condition = (JET_CONDITIONALCOLUMN_A){sizeof condition, wrong, JET_bitIndexColumnMustBeNonNull};
    assert_err(JetConvertDDL(session, dbid, opDDLConvAddConditionalColumnsToAllIndexes, &all, sizeof all), JET_errColumnNotFound);
    condition.szColumnName = second;
    all.cConditionalColumn = 17;
    assert_err(JetConvertDDL(session, dbid, opDDLConvAddConditionalColumnsToAllIndexes, &all, sizeof all), JET_errInvalidParameter);
    all.cConditionalColumn = 1;
    assert_good(JetBeginTransaction(session));
    assert_good(JetConvertDDL(session, dbid, opDDLConvAddConditionalColumnsToAllIndexes, &all, sizeof all));
    assert_good(JetRollback(session, 0));
    insert_pair(cursor, ids, false);
    assert_int_equal(entries(cursor, "one"), 1); /* as it was */
    for (int i = 0; i < 2; i++) /* the second time there is nothing to do */
        assert_good(JetConvertDDL(session, dbid, opDDLConvAddConditionalColumnsToAllIndexes, &all, sizeof all));
    const uint32_t other = 8;
    assert_good(JetBeginTransaction(session));
    assert_good(JetPrepareUpdate(session, cursor, JET_prepInsert));
    assert_good(JetSetColumn(session, cursor, ids[0], &other, sizeof other, 0, NULL));
    assert_good(JetUpdate(session, cursor, NULL, 0, NULL));
    assert_good(JetCommitTransaction(session, 0));
    insert_pair(cursor, ids, true);
    assert_int_equal(entries(cursor, "one"), 2); /* the old row's entry stays, the one without b has none */
    assert_int_equal(entries(cursor, "two"), 2);
    assert_int_equal(entries(cursor, "rows"), 3);
    JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_W wide = {(char16_t[]){u'c', u'o', u'n', u'd', u'i', u't', u'i', u'o', u'n', u'a', u'l', 0},
                                                       &(JET_CONDITIONALCOLUMN_W){sizeof condition, (char16_t[]){u'a', 0}, JET_bitIndexColumnMustBeNull}, 1};
    assert_good(JetConvertDDLW(session, dbid, opDDLConvAddConditionalColumnsToAllIndexes, &wide, sizeof wide));
    insert_pair(cursor, (const JET_COLUMNID[]){ids[1], ids[1]}, true);
    assert_int_equal(entries(cursor, "one"), 3);
    assert_good(JetCloseTable(session, cursor));
}

static void functions_are_written_into_the_schema(void **state)
{
    static char function[] = "module!function", nothing[] = "", data[] = "data";
    JET_DDLADDCALLBACK_A callback = {table_name, function, JET_cbtypBeforeInsert};
    (void)state;
    assert_good(JetConvertDDL(session, dbid, opDDLConvAddCallback, &callback, sizeof callback));
    assert_true(JetConvertDDL(session, dbid, opDDLConvAddCallback, &callback, sizeof callback) < 0); /* it has one */
    callback.szCallback = nothing;
    assert_err(JetConvertDDL(session, dbid, opDDLConvAddCallback, &callback, sizeof callback), JET_errInvalidParameter);
    const JET_COLUMNDEF computed = {.cbStruct = sizeof computed, .coltyp = JET_coltypLongBinary};
    JET_TABLEID other;
    JET_COLUMNID id;
    static char other_name[] = "computed", column_name[] = "value";
    assert_good(JetCreateTable(session, dbid, other_name, 4, 80, &other));
    assert_good(JetAddColumn(session, other, column_name, &computed, NULL, 0, &id));
    JET_DDLADDCOLUMNCALLBACK_A of_column = {other_name, column_name, function, data, 4};
    assert_good(JetConvertDDL(session, dbid, opDDLConvAddColumnCallback, &of_column, sizeof of_column));
    JET_COLUMNDEF told = {.cbStruct = sizeof told};
    assert_good(JetGetTableColumnInfo(session, other, column_name, &told, sizeof told, JET_ColInfo));
    assert_int_not_equal(told.grbit & JET_bitColumnUserDefinedDefault, 0);
}

/* What a row of the catalog names as the function of a table's events. */
static bool catalog_names(const char *function)
{
    JET_TABLEID catalog;
    JET_COLUMNDEF column = {.cbStruct = sizeof column};
    char found[256];
    uint32_t size;
    bool is_found = false;
    assert_good(JetOpenTable(session, dbid, "MSysObjects", NULL, 0, JET_bitTableReadOnly, &catalog));
    assert_good(JetGetTableColumnInfo(session, catalog, "TemplateTable", &column, sizeof column, JET_ColInfo));
    for (JET_ERR err = JetMove(session, catalog, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(session, catalog, JET_MoveNext, 0))
        if (JetRetrieveColumn(session, catalog, column.columnid, found, sizeof found, &size, 0, NULL) == JET_errSuccess && size == strlen(function) && memcmp(found, function, size) == 0)
            is_found = true;
    assert_good(JetCloseTable(session, catalog));
    return is_found;
}

static void functions_move_to_another_module(void **state)
{
    static char from[] = "MODULE", to[] = "newer", nothing[] = "", alone[] = "alone", far[] = "a module whose name is so long that no function's name has room behind it";
    static char other_name[] = "moved", with_no_module[] = "alone";
    JET_TABLEID other;
    (void)state;
    JET_DDLCALLBACKDLL_A change = {missing, to};
    assert_good(JetConvertDDL(session, dbid, opDDLConvChangeCallbackDLL, &change, sizeof change)); /* nobody's */
    assert_true(catalog_names("module!function"));
    change = (JET_DDLCALLBACKDLL_A){nothing, to};
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeCallbackDLL, &change, sizeof change), JET_errInvalidParameter);
    change = (JET_DDLCALLBACKDLL_A){from, NULL};
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeCallbackDLL, &change, sizeof change), JET_errInvalidParameter);
    change = (JET_DDLCALLBACKDLL_A){from, far};
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeCallbackDLL, &change, sizeof change), JET_errInvalidParameter);
    assert_true(catalog_names("module!function"));
    change.szNewDLL = to;
    assert_good(JetConvertDDL(session, dbid, opDDLConvChangeCallbackDLL, &change, sizeof change));
    assert_true(catalog_names("newer!function"));
    assert_false(catalog_names("module!function"));
    assert_good(JetCreateTable(session, dbid, other_name, 4, 80, &other));
    assert_good(JetCloseTable(session, other));
    JET_DDLADDCALLBACK_A callback = {other_name, with_no_module, JET_cbtypBeforeInsert};
    assert_good(JetConvertDDL(session, dbid, opDDLConvAddCallback, &callback, sizeof callback));
    change = (JET_DDLCALLBACKDLL_A){alone, to};
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeCallbackDLL, &change, sizeof change), JET_errInvalidParameter);
}

static void what_a_template_defines_is_changed_in_the_template(void **state)
{
    static char base[] = "base", child[] = "child", column_name[] = "c", function[] = "shared!function", from[] = "shared", to[] = "other";
    JET_COLUMNCREATE_A column = {.cbStruct = sizeof column, .szColumnName = column_name, .coltyp = JET_coltypLong};
    JET_INDEXCREATE_A of_base = {.cbStruct = sizeof of_base, .szIndexName = (char[]){"of base"}, .szKey = (char[]){"+c\0"}, .cbKey = 4, .ulDensity = 80};
    JET_TABLECREATE_A create = {.cbStruct = sizeof create, .szTableName = base, .ulPages = 4, .ulDensity = 80, .rgcolumncreate = &column, .cColumns = 1, .rgindexcreate = &of_base,
                                .cIndexes = 1, .grbit = JET_bitTableCreateTemplateTable, .tableid = JET_tableidNil};
    JET_COLUMNID id;
    (void)state;
    assert_good(JetCreateTableColumnIndex(session, dbid, &create));
    assert_good(JetCloseTable(session, create.tableid));
    JET_DDLADDCALLBACK_A callback = {base, function, JET_cbtypBeforeDelete}; /* nothing is deleted here */
    assert_good(JetConvertDDL(session, dbid, opDDLConvAddCallback, &callback, sizeof callback));
    create = (JET_TABLECREATE_A){.cbStruct = sizeof create, .szTableName = child, .szTemplateTableName = base, .ulPages = 4, .ulDensity = 80, .tableid = JET_tableidNil};
    assert_good(JetCreateTableColumnIndex(session, dbid, &create));
    assert_good(JetCreateIndex(session, create.tableid, "of child", 0, "-c\0", 4, 80));
    JET_COLUMNDEF told = {.cbStruct = sizeof told};
    assert_good(JetGetTableColumnInfo(session, create.tableid, column_name, &told, sizeof told, JET_ColInfo));
    id = told.columnid;
    JET_CONDITIONALCOLUMN_A condition = {.cbStruct = sizeof condition, .szColumnName = column_name, .grbit = JET_bitIndexColumnMustBeNull};
    JET_DDLADDCONDITIONALCOLUMNSTOALLINDEXES_A all = {child, &condition, 1};
    assert_good(JetConvertDDL(session, dbid, opDDLConvAddConditionalColumnsToAllIndexes, &all, sizeof all));
    JET_DDLCALLBACKDLL_A change = {from, to};
    assert_good(JetConvertDDL(session, dbid, opDDLConvChangeCallbackDLL, &change, sizeof change));
    assert_true(catalog_names("other!function"));
    assert_false(catalog_names("shared!function"));
    insert_pair(create.tableid, (const JET_COLUMNID[]){id, id}, false);
    assert_int_equal(entries(create.tableid, "of base"), 1);
    assert_int_equal(entries(create.tableid, "of child"), 0);
    assert_good(JetCloseTable(session, create.tableid));
    all.szTable = base;
    assert_good(JetConvertDDL(session, dbid, opDDLConvAddConditionalColumnsToAllIndexes, &all, sizeof all));
    assert_good(JetOpenTable(session, dbid, child, NULL, 0, 0, &create.tableid));
    insert_pair(create.tableid, (const JET_COLUMNID[]){id, id}, false);
    assert_int_equal(entries(create.tableid, "of base"), 1);
    assert_good(JetCloseTable(session, create.tableid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(a_column_takes_longer_values),
        cmocka_unit_test(a_rolled_back_conversion_is_gone),
        cmocka_unit_test(densities_are_changed),
        cmocka_unit_test(a_column_becomes_another),
        cmocka_unit_test(a_table_that_could_not_be_opened_again_is_not_made),
        cmocka_unit_test(a_column_that_cannot_be_encrypted_stays_as_it_is),
        cmocka_unit_test(all_indexes_get_conditions),
        cmocka_unit_test(functions_are_written_into_the_schema),
        cmocka_unit_test(what_a_template_defines_is_changed_in_the_template),
        cmocka_unit_test(functions_move_to_another_module),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
