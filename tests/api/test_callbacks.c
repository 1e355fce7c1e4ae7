/* Functions called when rows change and when defaults are computed (reference pages of JET_CALLBACK, JET_CBTYP, JetRegisterCallback, JetUnregisterCallback, JET_USERDEFINEDDEFAULT): when,
 * with what, what they may do and what an error of theirs does.
 *
 * Pages: JetRegisterCallback, JetUnregisterCallback */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <stdbool.h>
#include <string.h>

#include "live_instance.h"
#include "sample_table.h"
#include "shared_data.h"

enum { EVENTS_MAX = 32 };

static struct sample s;
static JET_CBTYP events[EVENTS_MAX];
static unsigned event_count;
static JET_CBTYP refused;      /* events to be answered with an error */
static void (*look)(JET_SESID session, JET_TABLEID table, JET_CBTYP type);

static JET_ERR note(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *first, void *second, JET_API_PTR last)
{
    assert_true(session == s.session && dbid == s.dbid && first == NULL && second == NULL && last == 0);
    assert_true(event_count < EVENTS_MAX);
    events[event_count++] = type;
    if (look != NULL)
        look(session, table, type);
    return (refused & type) != 0 ? JET_errCallbackFailed : JET_errSuccess;
}

static JET_ERR JET_API registered(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *first, void *second, void *context, JET_API_PTR last)
{
    assert_ptr_equal(context, &s);
    return note(session, dbid, table, type, first, second, last);
}

/* Found by their names in the program. */
__attribute__((visibility("default"))) JET_ERR JET_API test_table_callback(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *first, void *second, void *context, JET_API_PTR last);
__attribute__((visibility("default"))) JET_ERR JET_API test_computed(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *first, void *second, void *context, JET_API_PTR last);

JET_ERR JET_API test_table_callback(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *first, void *second, void *context, JET_API_PTR last)
{
    assert_null(context);
    return note(session, dbid, table, type, first, second, last);
}

static JET_COLUMNID base_column, computed_column;

/* Twice the number in the row, and the letter it was registered with. */
JET_ERR JET_API test_computed(JET_SESID session, JET_DBID dbid, JET_TABLEID table, JET_CBTYP type, void *first, void *second, void *context, JET_API_PTR last)
{
    int32_t number = 0;
    uint32_t *size = second;
    uint8_t value[5];
    assert_int_equal(type, JET_cbtypUserDefinedDefaultValue);
    assert_int_equal(last, computed_column);
    assert_int_equal(dbid, s.dbid);
    JET_ERR err = JetRetrieveColumn(session, table, base_column, &number, sizeof number, NULL, 0, NULL);
    if (err < 0)
        return err;
    number *= 2;
    memcpy(value, &number, sizeof number);
    value[4] = *(const uint8_t *)context;
    if (first != NULL)
        memcpy(first, value, *size < sizeof value ? *size : sizeof value);
    *size = sizeof value;
    return number == 26 ? JET_errCallbackFailed : JET_errSuccess;
}

static bool is_enabled, is_disabled;
static void configure(JET_INSTANCE instance)
{
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnablePersistedCallbacks, (JET_API_PTR)is_enabled, NULL));
    assert_good(JetSetSystemParameter(&instance, 0, JET_paramDisableCallbacks, (JET_API_PTR)is_disabled, NULL));
}

static void set_up(void)
{
    live_configure = configure;
    sample_start(&s, 4096);
    live_configure = NULL;
    event_count = 0;
    refused = 0;
    look = NULL;
}

static int reset(void **state)
{
    (void)state;
    is_enabled = true;
    is_disabled = false;
    return 0;
}

static void expect(unsigned count, const JET_CBTYP *types)
{
    assert_int_equal(event_count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(events[i], types[i]);
    event_count = 0;
}
#define EXPECT(...) expect(sizeof((JET_CBTYP[]){__VA_ARGS__}) / sizeof(JET_CBTYP), (JET_CBTYP[]){__VA_ARGS__})
enum { ALL = JET_cbtypBeforeInsert | JET_cbtypAfterInsert | JET_cbtypBeforeReplace | JET_cbtypAfterReplace | JET_cbtypBeforeDelete | JET_cbtypAfterDelete };

static void replace(int32_t id, int32_t number, JET_ERR answer)
{
    assert_good(seek_id(&s, s.table, id));
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepReplace));
    set_number(&s, s.table, s.number, number);
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), answer);
}

static void each_change_is_told_before_and_after_whichever_cursor_makes_it(void **state)
{
    JET_HANDLE handle = 0;
    JET_TABLEID other;
    (void)state;
    set_up();
    assert_good(JetRegisterCallback(s.session, s.table, ALL, registered, &s, &handle));
    insert_sample(&s, 1, 10, "one");
    EXPECT(JET_cbtypBeforeInsert, JET_cbtypAfterInsert);
    assert_good(JetBeginTransaction(s.session));
    replace(1, 11, JET_errSuccess);
    EXPECT(JET_cbtypBeforeReplace, JET_cbtypAfterReplace);
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(JetOpenTable(s.session, s.dbid, "Sample", NULL, 0, 0, &other));
    assert_good(JetMove(s.session, other, JET_MoveFirst, 0));
    assert_good(JetDelete(s.session, other));
    EXPECT(JET_cbtypBeforeDelete, JET_cbtypAfterDelete);
    assert_good(JetUnregisterCallback(s.session, other, ALL, handle));
    assert_err(JetUnregisterCallback(s.session, other, ALL, handle), JET_wrnCallbackNotRegistered);
    insert_sample(&s, 2, 20, "two");
    assert_int_equal(event_count, 0);
    assert_good(JetCloseTable(s.session, other));
    sample_stop(&s);
}

static void only_the_events_asked_for_are_told_and_wrong_requests_are_refused(void **state)
{
    JET_HANDLE handle = 0;
    (void)state;
    set_up();
    assert_err(JetRegisterCallback(s.session, s.table, JET_cbtypNull, registered, &s, &handle), JET_errInvalidParameter);
    assert_err(JetRegisterCallback(s.session, s.table, ALL, NULL, &s, &handle), JET_errInvalidParameter);
    assert_err(JetRegisterCallback(s.session, s.table, ALL, registered, &s, NULL), JET_errInvalidParameter);
    assert_good(JetRegisterCallback(s.session, s.table, JET_cbtypAfterInsert, registered, &s, &handle));
    assert_good(JetRegisterCallback(s.session, s.table, JET_cbtypBeforeDelete, registered, &s, &handle));
    insert_sample(&s, 1, 10, "one");
    assert_good(seek_id(&s, s.table, 1));
    assert_good(JetDelete(s.session, s.table));
    EXPECT(JET_cbtypAfterInsert, JET_cbtypBeforeDelete);
    sample_stop(&s);
}

static void add_a_row(JET_SESID session, JET_TABLEID table, JET_CBTYP type)
{
    JET_TABLEID copy;
    struct sample mine = s;
    look = NULL;
    if (type != JET_cbtypBeforeInsert)
        return;
    assert_good(JetDupCursor(session, table, &copy, 0));
    mine.table = copy;
    insert_sample(&mine, 100, 100, "by the callback");
    assert_good(JetCloseTable(session, copy));
}

static void an_error_before_refuses_the_change_with_all_the_callback_did_and_one_after_is_ignored(void **state)
{
    JET_HANDLE handle;
    (void)state;
    set_up();
    assert_good(JetRegisterCallback(s.session, s.table, ALL, registered, &s, &handle));
    refused = JET_cbtypAfterInsert | JET_cbtypAfterReplace | JET_cbtypAfterDelete;
    insert_sample(&s, 1, 10, "one");
    assert_good(JetBeginTransaction(s.session));
    replace(1, 11, JET_errSuccess);
    refused = JET_cbtypBeforeReplace;
    replace(1, 12, JET_errCallbackFailed);
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel)); /* still prepared */
    refused = JET_cbtypBeforeDelete;
    assert_err(JetDelete(s.session, s.table), JET_errCallbackFailed);
    look = add_a_row;
    refused = 0;
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepInsert));
    set_number(&s, s.table, s.id, 1);
    assert_err(JetUpdate(s.session, s.table, NULL, 0, NULL), JET_errKeyDuplicate); /* the row of the callback goes with it */
    assert_good(JetPrepareUpdate(s.session, s.table, JET_prepCancel));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_string_equal(ids_by(&s, s.table, NULL), "1");
    assert_good(seek_id(&s, s.table, 1));
    assert_int_equal(get_number(&s, s.table, s.number, 0), 11);
    look = add_a_row;
    insert_sample(&s, 2, 20, "two");
    assert_string_equal(ids_by(&s, s.table, NULL), "1 2 100");
    sample_stop(&s);
}

static void change_the_draft(JET_SESID session, JET_TABLEID table, JET_CBTYP type)
{
    JET_TABLEID copy;
    int32_t number = 0;
    uint8_t bookmark[256];
    uint32_t size;
    if (type != JET_cbtypBeforeReplace)
        return;
    assert_good(JetRetrieveColumn(session, table, s.number, &number, sizeof number, NULL, 0, NULL));
    assert_int_equal(number, 10);
    assert_good(JetRetrieveColumn(session, table, s.number, &number, sizeof number, NULL, JET_bitRetrieveCopy, NULL));
    assert_int_equal(number, 11);
    number = 77;
    assert_good(JetSetColumn(session, table, s.number, &number, sizeof number, 0, NULL));
    assert_good(JetGetBookmark(session, table, bookmark, sizeof bookmark, &size));
    assert_err(JetMove(session, table, JET_MoveNext, 0), JET_errIllegalOperation);
    assert_err(JetUpdate(session, table, NULL, 0, NULL), JET_errIllegalOperation);
    assert_err(JetDelete(session, table), JET_errIllegalOperation);
    assert_err(JetCloseTable(session, table), JET_errIllegalOperation);
    assert_err(JetCloseDatabase(session, s.dbid, 0), JET_errDatabaseInUse);
    assert_err(JetRollback(session, 0), JET_errNotInTransaction);
    assert_err(JetCommitTransaction(session, 0), JET_errNotInTransaction);
    assert_err(JetEndSession(session, 0), JET_errSessionInUse);
    assert_good(JetDupCursor(session, table, &copy, 0));
    assert_good(JetMove(session, copy, JET_MoveFirst, 0));
    assert_good(JetCloseTable(session, copy));
    assert_good(JetBeginTransaction(session)); /* left open: rolled back */
}

static void a_callback_looks_at_the_row_and_sets_columns_and_nothing_else(void **state)
{
    JET_HANDLE handle;
    (void)state;
    set_up();
    insert_sample(&s, 1, 10, "one");
    assert_good(JetRegisterCallback(s.session, s.table, ALL, registered, &s, &handle));
    look = change_the_draft;
    assert_good(JetBeginTransaction(s.session));
    replace(1, 11, JET_errSuccess);
    look = NULL;
    assert_good(JetCommitTransaction(s.session, 0));
    assert_err(JetCommitTransaction(s.session, 0), JET_errNotInTransaction);
    assert_good(seek_id(&s, s.table, 1));
    assert_int_equal(get_number(&s, s.table, s.number, 0), 77);
    sample_stop(&s);
}

static JET_TABLEID make_with_callback(const char *name, const char *callback, JET_ERR answer)
{
    JET_COLUMNCREATE_A columns[] = {{.cbStruct = sizeof columns[0], .szColumnName = (char *)(uintptr_t)"base", .coltyp = JET_coltypLong}};
    JET_TABLECREATE2_A create = {.cbStruct = sizeof create, .szTableName = (char *)(uintptr_t)name, .rgcolumncreate = columns, .cColumns = 1, .szCallback = (char *)(uintptr_t)callback,
                                 .cbtyp = JET_cbtypBeforeInsert | JET_cbtypAfterInsert};
    assert_err(JetCreateTableColumnIndex2A(s.session, s.dbid, &create), answer);
    base_column = columns[0].columnid;
    return create.tableid;
}

static JET_ERR insert_base(JET_TABLEID table, int32_t number)
{
    assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
    set_number(&s, table, base_column, number);
    return JetUpdate(s.session, table, NULL, 0, NULL);
}

static void a_tables_own_callback_is_found_by_its_name_where_that_is_permitted(void **state)
{
    (void)state;
    set_up();
    JET_TABLEID table = make_with_callback("Watched", "nosuchlibrary.dll!test_table_callback", JET_errSuccess); /* the program's own then */
    assert_good(insert_base(table, 1));
    EXPECT(JET_cbtypBeforeInsert, JET_cbtypAfterInsert);
    assert_good(JetCloseTable(s.session, table));
    assert_good(JetOpenTable(s.session, s.dbid, "Watched", NULL, 0, 0, &table));
    refused = JET_cbtypBeforeInsert;
    assert_err(insert_base(table, 2), JET_errCallbackFailed);
    assert_good(JetCloseTable(s.session, table));
    (void)make_with_callback("Lost", "!no_such_function", JET_errCallbackNotResolved);
    (void)make_with_callback("Path", "/tmp/library.so!test_table_callback", JET_errCallbackNotResolved);
    (void)make_with_callback("Windows", "C:\\library.dll!test_table_callback", JET_errCallbackNotResolved);
    (void)make_with_callback("Nameless", "test_table_callback", JET_errInvalidParameter);
    sample_stop(&s);
}

/* Another session adds a column, and the cursor that looks at its row learns of that: nobody remembers how the table was. */
static void change_the_table(JET_SESID session, JET_TABLEID table, JET_CBTYP type)
{
    const JET_COLUMNDEF definition = {.cbStruct = sizeof definition, .coltyp = JET_coltypLong};
    JET_SESID another;
    JET_DBID dbid;
    JET_TABLEID same;
    char path[4096];
    int32_t number;
    if (type != JET_cbtypBeforeInsert)
        return;
    assert_good(JetGetDatabaseInfo(session, s.dbid, path, sizeof path, JET_DbInfoFilename));
    assert_good(JetBeginSession(s.live.instance, &another, NULL, NULL));
    assert_good(JetOpenDatabase(another, path, NULL, &dbid, 0));
    assert_good(JetOpenTable(another, dbid, "Watched", NULL, 0, 0, &same));
    assert_good(JetAddColumn(another, same, "more", &definition, NULL, 0, NULL));
    assert_good(JetEndSession(another, 0));
    assert_good(JetRetrieveColumn(session, table, base_column, &number, sizeof number, NULL, JET_bitRetrieveCopy, NULL));
}

static void a_table_may_change_while_its_callback_runs(void **state)
{
    JET_COLUMNDEF more;
    (void)state;
    set_up();
    JET_TABLEID table = make_with_callback("Watched", "!test_table_callback", JET_errSuccess);
    assert_good(JetCloseTable(s.session, table));
    assert_good(JetOpenTable(s.session, s.dbid, "Watched", NULL, 0, 0, &table));
    look = change_the_table;
    assert_good(insert_base(table, 1));
    EXPECT(JET_cbtypBeforeInsert, JET_cbtypAfterInsert);
    assert_good(JetGetTableColumnInfo(s.session, table, "more", &more, sizeof more, JET_ColInfo));
    assert_good(JetCloseTable(s.session, table));
    sample_stop(&s);
}

static void what_is_registered_for_a_template_is_called_for_the_tables_derived_from_it(void **state)
{
    (void)state;
    set_up();
    char base[] = "Base", derived_name[] = "Derived", column_name[] = "number";
    JET_COLUMNCREATE_A column = {.cbStruct = sizeof column, .szColumnName = column_name, .coltyp = JET_coltypLong};
    JET_TABLECREATE_A create = {.cbStruct = sizeof create, .szTableName = base, .rgcolumncreate = &column, .cColumns = 1, .grbit = JET_bitTableCreateTemplateTable};
    JET_HANDLE of_template = 0, of_table = 0;
    assert_good(JetCreateTableColumnIndexA(s.session, s.dbid, &create));
    JET_TABLEID template = create.tableid;
    base_column = column.columnid;
    assert_good(JetRegisterCallback(s.session, template, JET_cbtypAfterInsert, registered, &s, &of_template));
    create = (JET_TABLECREATE_A){.cbStruct = sizeof create, .szTableName = derived_name, .szTemplateTableName = base};
    assert_good(JetCreateTableColumnIndexA(s.session, s.dbid, &create));
    assert_good(insert_base(create.tableid, 1));
    EXPECT(JET_cbtypAfterInsert);
    assert_good(JetRegisterCallback(s.session, create.tableid, JET_cbtypAfterInsert | JET_cbtypBeforeInsert, registered, &s, &of_table));
    assert_good(insert_base(create.tableid, 2));
    EXPECT(JET_cbtypBeforeInsert, JET_cbtypAfterInsert, JET_cbtypAfterInsert);
    assert_good(JetUnregisterCallback(s.session, template, JET_cbtypAfterInsert, of_template));
    assert_good(insert_base(create.tableid, 3));
    EXPECT(JET_cbtypBeforeInsert, JET_cbtypAfterInsert);
    insert_sample(&s, 1, 10, "of another table");
    assert_int_equal(event_count, 0);
    assert_good(JetCloseTable(s.session, create.tableid));
    assert_good(JetCloseTable(s.session, template));
    sample_stop(&s);
}

static void a_tables_own_callback_refuses_changes_where_it_is_not_permitted(void **state)
{
    (void)state;
    is_enabled = false;
    set_up();
    JET_TABLEID table = make_with_callback("Watched", "!test_table_callback", JET_errSuccess);
    assert_err(insert_base(table, 1), JET_errCallbackFailed);
    assert_int_equal(event_count, 0);
    assert_good(JetCloseTable(s.session, table));
    sample_stop(&s);
    is_disabled = true;
    set_up();
    table = make_with_callback("Watched", "!test_table_callback", JET_errSuccess);
    assert_good(insert_base(table, 1));
    assert_int_equal(event_count, 0);
    assert_good(JetCloseTable(s.session, table));
    sample_stop(&s);
}

static JET_TABLEID make_computed(void)
{
    uint8_t letter = 'L';
    JET_USERDEFINEDDEFAULT_A given = {.szCallback = (char *)(uintptr_t)"!test_computed", .pbUserData = &letter, .cbUserData = 1};
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLongBinary, .grbit = JET_bitColumnUserDefinedDefault | JET_bitColumnTagged};
    JET_TABLEID table = make_with_callback("Computed", NULL, JET_errSuccess);
    assert_good(JetAddColumn(s.session, table, "twice", &column, &given, sizeof given, &computed_column));
    assert_good(insert_base(table, 12));
    assert_good(JetMove(s.session, table, JET_MoveFirst, 0));
    return table;
}

static void a_computed_default_is_what_its_function_says(void **state)
{
    uint8_t value[8] = {0};
    uint32_t size = 0;
    (void)state;
    set_up();
    JET_TABLEID table = make_computed();
    assert_good(JetRetrieveColumn(s.session, table, computed_column, value, sizeof value, &size, 0, NULL));
    assert_int_equal(size, 5);
    assert_memory_equal(value, ((uint8_t[]){24, 0, 0, 0, 'L'}), 5);
    memset(value, 0, sizeof value);
    assert_err(JetRetrieveColumn(s.session, table, computed_column, value, 2, &size, 0, NULL), JET_wrnBufferTruncated);
    assert_int_equal(size, 5);
    assert_int_equal(value[0], 24);
    assert_int_equal(value[2], 0);
    JET_RETRIEVECOLUMN wish = {.columnid = computed_column, .pvData = value, .cbData = sizeof value, .itagSequence = 1};
    assert_good(JetRetrieveColumns(s.session, table, &wish, 1));
    assert_int_equal(wish.cbActual, 5);
    assert_int_equal(wish.columnidNextTagged, computed_column);
    assert_err(JetRetrieveColumn(s.session, table, computed_column, value, sizeof value, &size, JET_bitRetrieveIgnoreDefault, NULL), JET_wrnColumnNull);
    assert_good(insert_base(table, 13));
    assert_good(JetMove(s.session, table, JET_MoveLast, 0));
    assert_err(JetRetrieveColumn(s.session, table, computed_column, value, sizeof value, &size, 0, NULL), JET_errCallbackFailed);
    assert_good(JetBeginTransaction(s.session));
    assert_good(JetPrepareUpdate(s.session, table, JET_prepInsert));
    assert_good(JetSetColumn(s.session, table, computed_column, "own", 3, 0, NULL)); /* a value of its own needs no function */
    assert_good(JetUpdate(s.session, table, NULL, 0, NULL));
    assert_good(JetCommitTransaction(s.session, 0));
    assert_good(JetMove(s.session, table, JET_MoveLast, 0));
    assert_good(JetRetrieveColumn(s.session, table, computed_column, value, sizeof value, &size, 0, NULL));
    assert_int_equal(size, 3);
    assert_good(JetCloseTable(s.session, table));
    sample_stop(&s);
}

static void a_computed_default_is_refused_where_functions_are_not_permitted(void **state)
{
    uint8_t value[8];
    (void)state;
    is_enabled = false;
    set_up();
    JET_TABLEID table = make_computed();
    assert_err(JetRetrieveColumn(s.session, table, computed_column, value, sizeof value, NULL, 0, NULL), JET_errCallbackFailed);
    assert_good(JetCloseTable(s.session, table));
    sample_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_change_is_told_before_and_after_whichever_cursor_makes_it, reset),
        cmocka_unit_test_setup(only_the_events_asked_for_are_told_and_wrong_requests_are_refused, reset),
        cmocka_unit_test_setup(an_error_before_refuses_the_change_with_all_the_callback_did_and_one_after_is_ignored, reset),
        cmocka_unit_test_setup(a_callback_looks_at_the_row_and_sets_columns_and_nothing_else, reset),
        cmocka_unit_test_setup(a_tables_own_callback_is_found_by_its_name_where_that_is_permitted, reset),
        cmocka_unit_test_setup(a_table_may_change_while_its_callback_runs, reset),
        cmocka_unit_test_setup(what_is_registered_for_a_template_is_called_for_the_tables_derived_from_it, reset),
        cmocka_unit_test_setup(a_tables_own_callback_refuses_changes_where_it_is_not_permitted, reset),
        cmocka_unit_test_setup(a_computed_default_is_what_its_function_says, reset),
        cmocka_unit_test_setup(a_computed_default_is_refused_where_functions_are_not_permitted, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
