/* Definitions changed in place (src/catalog/convert.c).
 *
 * Calls: JetConvertDDL */
#define ESENT_PRIVATE
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
    JET_DDLCALLBACKDLL_A module = {missing, missing};
    assert_err(JetConvertDDL(session, dbid, opDDLConvChangeCallbackDLL, &module, sizeof module), JET_errFeatureNotAvailable);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(a_column_takes_longer_values),
        cmocka_unit_test(a_rolled_back_conversion_is_gone),
        cmocka_unit_test(densities_are_changed),
        cmocka_unit_test(a_column_becomes_another),
        cmocka_unit_test(functions_are_written_into_the_schema),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
