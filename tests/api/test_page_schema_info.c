/* The reference pages of the calls that tell about columns and indexes: each level, its values, and each result that can be provoked.
 *
 * Table "Goods" is derived from the template "Base" and has two indexes of its own. The calls by name and those by cursor are asked the same.
 *
 * Pages: JetGetColumnInfo, JetGetTableColumnInfo, JetGetIndexInfo, JetGetTableIndexInfo
 */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <stdbool.h>
#include <string.h>
#include <uchar.h>

#include "live_instance.h"
#include "shared_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
enum { TEXT_ROOM = 65, INDEX_ID_MAGIC = 0x58444E49 };

static struct live_instance live;
static JET_SESID s;
static JET_DBID d;
static JET_TABLEID goods;

/* --- the tables --- */

#define COMMON JET_bitColumnUpdatable
static const int32_t zero;
static char callback_name[] = "libc.so.6!abs";
static JET_USERDEFINEDDEFAULT computed = {callback_name, NULL, 0, NULL};

static const struct kind {
    const char *name;
    JET_COLTYP type;
    uint32_t size;
    uint16_t code_page;
    JET_GRBIT grbit, told;
    const void *value;
    uint32_t value_size, told_size;
} kinds[] = {
    {"id", JET_coltypLong, 0, 0, JET_bitColumnNotNULL, COMMON | JET_bitColumnFixed | JET_bitColumnNotNULL, NULL, 0, 4},
    {"fixed", JET_coltypBinary, 8, 0, JET_bitColumnFixed, COMMON | JET_bitColumnFixed, NULL, 0, 8},
    {"text", JET_coltypText, 50, 1252, 0, COMMON, NULL, 0, 50},
    {"wide", JET_coltypText, 0, 1200, 0, COMMON, NULL, 0, 255},
    {"tagged", JET_coltypShort, 0, 0, JET_bitColumnTagged, COMMON | JET_bitColumnTagged, NULL, 0, 2},
    {"version", JET_coltypLong, 0, 0, JET_bitColumnVersion, COMMON | JET_bitColumnFixed | JET_bitColumnVersion, NULL, 0, 4},
    {"counter", JET_coltypLongLong, 0, 0, JET_bitColumnAutoincrement, COMMON | JET_bitColumnFixed | JET_bitColumnAutoincrement, NULL, 0, 8},
    {"many", JET_coltypLongText, 0, 1200, JET_bitColumnMultiValued, COMMON | JET_bitColumnTagged | JET_bitColumnMultiValued, NULL, 0, 0},
    {"sum", JET_coltypLong, 0, 0, JET_bitColumnEscrowUpdate, COMMON | JET_bitColumnFixed | JET_bitColumnEscrowUpdate, &zero, 4, 4},
    {"final", JET_coltypLong, 0, 0, JET_bitColumnEscrowUpdate | JET_bitColumnFinalize, COMMON | JET_bitColumnFixed | JET_bitColumnEscrowUpdate | JET_bitColumnFinalize, &zero, 4, 4},
    {"gone", JET_coltypLong, 0, 0, JET_bitColumnEscrowUpdate | JET_bitColumnDeleteOnZero, COMMON | JET_bitColumnFixed | JET_bitColumnEscrowUpdate | JET_bitColumnDeleteOnZero, &zero, 4, 4},
    {"computed", JET_coltypLongText, 0, 1252, JET_bitColumnUserDefinedDefault, COMMON | JET_bitColumnTagged | JET_bitColumnUserDefinedDefault, &computed, sizeof computed, 0},
    {"packed", JET_coltypLongBinary, 4000, 0, JET_bitColumnCompressed, COMMON | JET_bitColumnTagged | JET_bitColumnCompressed, NULL, 0, 4000},
    /* bits that are not kept */
    {"plain", JET_coltypGUID, 0, 0, JET_bitColumnUpdatable | JET_bitColumnUnversioned | JET_bitColumnMaybeNull, COMMON | JET_bitColumnFixed, NULL, 0, 16},
    {"temporary", JET_coltypBit, 0, 0, JET_bitColumnTTKey | JET_bitColumnTTDescending, COMMON | JET_bitColumnFixed, NULL, 0, 1},
};

static void add_columns(JET_TABLEID table)
{
    for (unsigned i = 0; i < COUNT(kinds); i++) {
        const JET_COLUMNDEF def = {.cbStruct = sizeof def, .coltyp = kinds[i].type, .cbMax = kinds[i].size, .cp = kinds[i].code_page, .grbit = kinds[i].grbit};
        assert_good(JetAddColumn(s, table, kinds[i].name, &def, kinds[i].value, kinds[i].value_size, NULL));
    }
}

static void add_indexes(JET_TABLEID table)
{
    static char name[] = "by_text", key[] = "+text\0-wide\0", column[] = "tagged";
    static char16_t locale[] = u"de-DE";
    JET_CONDITIONALCOLUMN condition = {sizeof condition, column, JET_bitIndexColumnMustBeNonNull};
    JET_UNICODEINDEX2 unicode = {locale, 0x30401};
    JET_SPACEHINTS hints = {.cbStruct = sizeof hints, .ulInitialDensity = 75, .cbInitial = 16384, .ulGrowth = 150};
    JET_INDEXCREATE3 x = {.cbStruct = sizeof x, .szIndexName = name, .szKey = key, .cbKey = sizeof key, .grbit = JET_bitIndexUnicode | JET_bitIndexKeyMost | JET_bitIndexIgnoreNull,
                          .pidxunicode = &unicode, .cbVarSegMac = 60, .rgconditionalcolumn = &condition, .cConditionalColumn = 1, .cbKeyMost = 300, .pSpacehints = &hints};
    assert_good(JetCreateIndex(s, table, "primary", JET_bitIndexPrimary, "+id\0", 5, 90));
    assert_good(JetCreateIndex4(s, table, &x, 1));
}

static void allow_callbacks(JET_INSTANCE instance) { assert_good(JetSetSystemParameter(&instance, 0, JET_paramEnablePersistedCallbacks, 1, NULL)); }

static int start(void **state)
{
    JET_COLUMNCREATE inherited = {.cbStruct = sizeof inherited, .szColumnName = (char[]){"inherited"}, .coltyp = JET_coltypLongText, .cp = 1252};
    JET_TABLECREATE base = {.cbStruct = sizeof base, .szTableName = (char[]){"Base"}, .rgcolumncreate = &inherited, .cColumns = 1, .grbit = JET_bitTableCreateTemplateTable};
    JET_TABLECREATE derived = {.cbStruct = sizeof derived, .szTableName = (char[]){"Goods"}, .szTemplateTableName = base.szTableName, .ulPages = 12, .ulDensity = 70};
    (void)state;
    live_configure = allow_callbacks;
    live_start(&live, 4096);
    s = live.session;
    assert_good(JetCreateDatabase(s, text_of("%s/schema.edb", live.folder), NULL, &d, 0));
    assert_good(JetCreateTableColumnIndex(s, d, &base));
    assert_good(JetCloseTable(s, base.tableid));
    assert_good(JetCreateTableColumnIndex(s, d, &derived));
    add_columns(derived.tableid);
    add_indexes(derived.tableid);
    assert_good(JetCloseTable(s, derived.tableid));
    assert_good(JetOpenTable(s, d, "Goods", NULL, 0, 0, &goods));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    live_stop(&live);
    return 0;
}

/* --- columns --- */

static JET_ERR ask_column(bool by_cursor, const void *name_or_id, void *result, uint32_t size, uint32_t level)
{
    return by_cursor ? JetGetTableColumnInfo(s, goods, name_or_id, result, size, level) : JetGetColumnInfo(s, d, "Goods", name_or_id, result, size, level);
}

static void a_column_is_told_by_name_and_by_id(void **state)
{
    (void)state;
    for (int by_cursor = 0; by_cursor < 2; by_cursor++) {
        for (unsigned i = 0; i < COUNT(kinds); i++) {
            JET_COLUMNDEF def, by_id;
            JET_COLUMNBASE base, base_by_id;
            assert_good(ask_column(by_cursor, kinds[i].name, &def, sizeof def, JET_ColInfo));
            assert_int_equal(def.cbStruct, sizeof def);
            assert_int_equal(def.coltyp, kinds[i].type);
            assert_int_equal(def.cp, kinds[i].code_page);
            assert_int_equal(def.cbMax, kinds[i].told_size);
            if (def.grbit != kinds[i].told)
                print_error("%s: 0x%X\n", kinds[i].name, def.grbit);
            assert_int_equal(def.grbit, kinds[i].told);
            assert_good(ask_column(by_cursor, &def.columnid, &by_id, sizeof by_id, JET_ColInfoByColid));
            assert_memory_equal(&def, &by_id, sizeof def);
            assert_good(ask_column(by_cursor, kinds[i].name, &base, sizeof base, JET_ColInfoBase));
            assert_int_equal(base.columnid, def.columnid);
            assert_int_equal(base.grbit, def.grbit);
            assert_int_equal(base.cbMax, def.cbMax);
            assert_string_equal(base.szBaseTableName, "Goods");
            assert_string_equal(base.szBaseColumnName, kinds[i].name);
            assert_good(ask_column(by_cursor, &def.columnid, &base_by_id, sizeof base_by_id, JET_ColInfoBaseByColid));
            assert_string_equal(base_by_id.szBaseColumnName, base.szBaseColumnName);
        }
        JET_COLUMNBASE base;
        assert_good(ask_column(by_cursor, "inherited", &base, sizeof base, JET_ColInfoBase));
        assert_string_equal(base.szBaseTableName, "Base");
    }
}

/* Names of a list in its order, a space behind each. Closes the list. */
static const char *read_list(const JET_COLUMNLIST *list, uint32_t *rows, bool *has_types)
{
    static char names[1024];
    size_t used = 0;
    *rows = 0;
    *has_types = false;
    for (JET_ERR err = JetMove(s, list->tableid, JET_MoveFirst, 0); err >= 0; err = JetMove(s, list->tableid, JET_MoveNext, 0), ++*rows) {
        uint32_t size, type;
        assert_good(JetRetrieveColumn(s, list->tableid, list->columnidcolumnname, names + used, (uint32_t)(sizeof names - used - 1), &size, 0, NULL));
        used += size;
        names[used++] = ' ';
        *has_types = JetRetrieveColumn(s, list->tableid, list->columnidcoltyp, &type, sizeof type, &size, 0, NULL) == JET_errSuccess;
    }
    names[used] = 0;
    assert_int_equal(*rows, list->cRecord);
    assert_good(JetCloseTable(s, list->tableid));
    return names;
}

static void columns_are_listed_as_the_level_and_its_bits_say(void **state)
{
    static const char by_name[] = "computed counter final fixed gone id inherited many packed plain sum tagged temporary text version wide ",
                      own_by_name[] = "computed counter final fixed gone id many packed plain sum tagged temporary text version wide ",
                      by_id[] = "id fixed version counter sum final gone plain temporary text wide tagged many computed packed inherited ";
    const struct {
        uint32_t level;
        const char *names;
        bool has_types;
    } rows[] = {
        {JET_ColInfoList, by_name, true},
        {JET_ColInfoListSortColumnid, by_id, true},
        {JET_ColInfoList | JET_ColInfoGrbitSortByColumnid, by_id, true},
        {JET_ColInfoList | JET_ColInfoGrbitNonDerivedColumnsOnly, own_by_name, true},
        {JET_ColInfoList | JET_ColInfoGrbitMinimalInfo, by_name, false},
        {JET_ColInfoListCompact, NULL, true},
    };
    (void)state;
    for (int by_cursor = 0; by_cursor < 2; by_cursor++) {
        for (unsigned i = 0; i < COUNT(rows); i++) {
            JET_COLUMNLIST list;
            uint32_t count;
            bool has_types;
            assert_good(ask_column(by_cursor, NULL, &list, sizeof list, rows[i].level));
            const char *names = read_list(&list, &count, &has_types);
            assert_int_equal(count, COUNT(kinds) + (rows[i].names != own_by_name));
            if (rows[i].names != NULL)
                assert_string_equal(names, rows[i].names);
            assert_int_equal(has_types, rows[i].has_types);
        }
    }
}

static void questions_about_columns_are_refused(void **state)
{
    static const struct {
        const char *name;
        uint32_t level, size;
        JET_ERR expected;
    } rows[] = {
        {"absent", JET_ColInfo, sizeof(JET_COLUMNDEF), JET_errColumnNotFound},
        {"absent", JET_ColInfoBase, sizeof(JET_COLUMNBASE), JET_errColumnNotFound},
        {"\1\2\3\4", JET_ColInfoByColid, sizeof(JET_COLUMNDEF), JET_errColumnNotFound},
        {"a.b", JET_ColInfo, sizeof(JET_COLUMNDEF), JET_errInvalidName},
        {"id", JET_ColInfoSysTabCursor, sizeof(JET_COLUMNDEF), JET_errFeatureNotAvailable},
        {"id", JET_ColInfo, sizeof(JET_COLUMNDEF) - 1, JET_errInvalidParameter},
        {"id", JET_ColInfoBase, sizeof(JET_COLUMNBASE) - 1, JET_errInvalidParameter},
        {"id", JET_ColInfoList, sizeof(JET_COLUMNLIST) - 1, JET_errInvalidParameter},
        {"id", 99, sizeof(JET_COLUMNBASE), JET_errInvalidParameter},
    };
    (void)state;
    union {
        JET_COLUMNDEF def;
        JET_COLUMNBASE base;
        JET_COLUMNLIST list;
    } room;
    for (int by_cursor = 0; by_cursor < 2; by_cursor++)
        for (unsigned i = 0; i < COUNT(rows); i++)
            assert_err(ask_column(by_cursor, rows[i].name, &room, rows[i].size, rows[i].level), rows[i].expected);
    assert_err(JetGetColumnInfo(s, d, "a.b", "id", &room, sizeof room, JET_ColInfo), JET_errInvalidName);
    assert_err(JetGetColumnInfo(s, d, NULL, "id", &room, sizeof room, JET_ColInfo), JET_errInvalidParameter);
    assert_err(JetGetColumnInfo(s, d, "Absent", "id", &room, sizeof room, JET_ColInfo), JET_errObjectNotFound);
}

/* --- indexes --- */

static JET_ERR ask_index(bool by_cursor, const char *name, void *result, uint32_t size, uint32_t level)
{
    return by_cursor ? JetGetTableIndexInfo(s, goods, name, result, size, level) : JetGetIndexInfo(s, d, "Goods", name, result, size, level);
}

static void an_index_tells_its_numbers(void **state)
{
    static const struct {
        const char *index;
        uint32_t level, size, value;
    } rows[] = {
        {"primary", JET_IdxInfoSpaceAlloc, 4, 90},  {"by_text", JET_IdxInfoSpaceAlloc, 4, 75},  {"primary", JET_IdxInfoLCID, 4, 1033}, {"by_text", JET_IdxInfoLCID, 4, 0x407},
        {"by_text", JET_IdxInfoLangid, 2, 0x407},   {NULL, JET_IdxInfoCount, 4, 2},             {"primary", JET_IdxInfoVarSegMac, 2, 5}, {"by_text", JET_IdxInfoVarSegMac, 2, 60},
        {"primary", JET_IdxInfoKeyMost, 2, 5},    {"by_text", JET_IdxInfoKeyMost, 2, 300},    {"by_text", JET_IdxInfoSpaceOwned, 4, 4},  {"by_text", JET_IdxInfoSpaceAvailable, 4, 3},
    };
    (void)state;
    for (int by_cursor = 0; by_cursor < 2; by_cursor++) {
        for (unsigned i = 0; i < COUNT(rows); i++) {
            uint32_t value = 0;
            assert_good(ask_index(by_cursor, rows[i].index, &value, rows[i].size, rows[i].level));
            if (value != rows[i].value)
                print_error("row %u: %u\n", i, value);
            assert_int_equal(value, rows[i].value);
            assert_err(ask_index(by_cursor, rows[i].index, &value, 1, rows[i].level), JET_errInvalidBufferSize);
        }
        JET_INDEXID id;
        uint32_t magic;
        assert_good(ask_index(by_cursor, "by_text", &id, sizeof id, JET_IdxInfoIndexId));
        memcpy(&magic, id.rgbIndexId, sizeof magic);
        assert_int_equal(id.cbStruct, sizeof id);
        assert_int_equal(magic, INDEX_ID_MAGIC);
        assert_good(JetSetCurrentIndex2(s, goods, NULL, 0));
        assert_good(JetSetCurrentIndex4(s, goods, NULL, &id, 0, 1)); /* what it is for */
        char name[TEXT_ROOM];
        assert_good(JetGetCurrentIndex(s, goods, name, sizeof name));
        assert_string_equal(name, "by_text");
        assert_good(JetSetCurrentIndex(s, goods, NULL));
    }
}

static void an_index_tells_how_to_make_it_again(void **state)
{
    static const char key[] = "+text\0-wide\0";
    static uint64_t room[128];
    const JET_INDEXCREATE *first = (const JET_INDEXCREATE *)room;
    const JET_INDEXCREATE2 *second = (const JET_INDEXCREATE2 *)room;
    (void)state;
    for (int by_cursor = 0; by_cursor < 2; by_cursor++) {
        for (uint32_t level = JET_IdxInfoCreateIndex; level <= JET_IdxInfoCreateIndex2; level++) {
            assert_good(ask_index(by_cursor, "by_text", room, sizeof room, level));
            assert_int_equal(first->cbStruct, level == JET_IdxInfoCreateIndex ? sizeof *first : sizeof *second);
            assert_string_equal(first->szIndexName, "by_text");
            assert_int_equal(first->cbKey, sizeof key);
            assert_memory_equal(first->szKey, key, sizeof key);
            assert_int_equal(first->grbit, JET_bitIndexUnicode | JET_bitIndexKeyMost | JET_bitIndexIgnoreNull);
            assert_int_equal(first->ulDensity, 75);
            assert_int_equal(first->pidxunicode->lcid, 0x407);
            assert_int_equal(first->pidxunicode->dwMapFlags, 0x30401);
            assert_int_equal(first->cbVarSegMac, 60);
            assert_int_equal(first->cbKeyMost, 300);
            assert_int_equal(first->cConditionalColumn, 1);
            assert_string_equal(first->rgconditionalcolumn[0].szColumnName, "tagged");
            assert_int_equal(first->rgconditionalcolumn[0].grbit, JET_bitIndexColumnMustBeNonNull);
            assert_err(ask_index(by_cursor, "by_text", room, first->cbStruct, level), JET_errBufferTooSmall);
        }
        assert_good(ask_index(by_cursor, "by_text", room, sizeof room, JET_IdxInfoCreateIndex2));
        assert_int_equal(second->pSpacehints->ulInitialDensity, 75);
        assert_int_equal(second->pSpacehints->cbInitial, 16384);
        assert_int_equal(second->pSpacehints->ulGrowth, 150);
    }
}

static void indexes_are_listed_with_their_columns(void **state)
{
    static const struct {
        const char *index;
        uint32_t level;
        const char *columns[3];
    } rows[] = {{"by_text", JET_IdxInfo, {"text", "wide", NULL}}, {NULL, JET_IdxInfo, {"text", "wide", "id"}}, {NULL, JET_IdxInfoList, {"text", "wide", "id"}}};
    (void)state;
    for (int by_cursor = 0; by_cursor < 2; by_cursor++) {
        for (unsigned i = 0; i < COUNT(rows); i++) {
            JET_INDEXLIST list;
            uint32_t row = 0;
            assert_good(ask_index(by_cursor, rows[i].index, &list, sizeof list, rows[i].level));
            for (JET_ERR err = JetMove(s, list.tableid, JET_MoveFirst, 0); err >= 0; err = JetMove(s, list.tableid, JET_MoveNext, 0), row++) {
                char name[TEXT_ROOM];
                uint32_t size, grbit;
                assert_true(row < 3 && rows[i].columns[row] != NULL);
                assert_good(JetRetrieveColumn(s, list.tableid, list.columnidcolumnname, name, sizeof name - 1, &size, 0, NULL));
                name[size] = 0;
                assert_string_equal(name, rows[i].columns[row]);
                assert_good(JetRetrieveColumn(s, list.tableid, list.columnidgrbitColumn, &grbit, sizeof grbit, &size, 0, NULL));
                assert_int_equal(grbit, strcmp(name, "wide") == 0 ? JET_bitKeyDescending : JET_bitKeyAscending);
            }
            assert_int_equal(row, list.cRecord);
            assert_good(JetCloseTable(s, list.tableid));
            assert_err(ask_index(by_cursor, rows[i].index, &list, 8, rows[i].level), JET_wrnBufferTruncated);
        }
    }
}

static void questions_about_indexes_are_refused(void **state)
{
    static const struct {
        const char *index;
        uint32_t level;
        JET_ERR expected;
    } rows[] = {
        {"absent", JET_IdxInfo, JET_errIndexNotFound},         {"absent", JET_IdxInfoCreateIndex, JET_errIndexNotFound}, {"absent", JET_IdxInfoKeyMost, JET_errIndexNotFound},
        {"primary", JET_IdxInfoOLC, JET_errFeatureNotAvailable}, {"primary", JET_IdxInfoResetOLC, JET_errFeatureNotAvailable},
        {"primary", JET_IdxInfoSysTabCursor, JET_errFeatureNotAvailable}, {"primary", 99, JET_errInvalidParameter}, {"a.b", JET_IdxInfoKeyMost, JET_errInvalidName},
    };
    static uint64_t room[64];
    (void)state;
    for (int by_cursor = 0; by_cursor < 2; by_cursor++)
        for (unsigned i = 0; i < COUNT(rows); i++)
            assert_err(ask_index(by_cursor, rows[i].index, room, sizeof room, rows[i].level), rows[i].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_is_told_by_name_and_by_id),
        cmocka_unit_test(columns_are_listed_as_the_level_and_its_bits_say),
        cmocka_unit_test(questions_about_columns_are_refused),
        cmocka_unit_test(an_index_tells_its_numbers),
        cmocka_unit_test(an_index_tells_how_to_make_it_again),
        cmocka_unit_test(indexes_are_listed_with_their_columns),
        cmocka_unit_test(questions_about_indexes_are_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
