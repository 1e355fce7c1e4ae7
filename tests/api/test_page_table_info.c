/* The reference pages of JetGetObjectInfo and JetGetTableInfo: each level, its values, and each result that can be provoked. Table "Goods" is derived from the template "Base" and
 * has two indexes.
 *
 * Pages: JetGetObjectInfo, JetGetTableInfo
 */
#include "cmocka_all.h"

#define ESENT_PRIVATE
#include <stdbool.h>
#include <string.h>

#include "live_instance.h"
#include "shared_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
enum { TEXT_ROOM = 65, INDEX_PAGES = 4 };

static struct live_instance live;
static JET_SESID s;
static JET_DBID d;
static JET_TABLEID goods;

static int start(void **state)
{
    static char text[] = "text", key[] = "+text\0", index_name[] = "by_text";
    JET_COLUMNCREATE column = {.cbStruct = sizeof column, .szColumnName = text, .coltyp = JET_coltypText, .cp = 1252};
    JET_TABLECREATE base = {.cbStruct = sizeof base, .szTableName = (char[]){"Base"}, .rgcolumncreate = &column, .cColumns = 1, .grbit = JET_bitTableCreateTemplateTable};
    JET_TABLECREATE derived = {.cbStruct = sizeof derived, .szTableName = (char[]){"Goods"}, .szTemplateTableName = base.szTableName, .ulPages = 12, .ulDensity = 70};
    JET_SPACEHINTS hints = {.cbStruct = sizeof hints, .cbInitial = INDEX_PAGES * 4096};
    JET_INDEXCREATE3 index = {.cbStruct = sizeof index, .szIndexName = index_name, .szKey = key, .cbKey = sizeof key, .pSpacehints = &hints};
    (void)state;
    live_start(&live, 4096);
    s = live.session;
    assert_good(JetCreateDatabase(s, text_of("%s/tables.edb", live.folder), NULL, &d, 0));
    assert_good(JetCreateTableColumnIndex(s, d, &base));
    assert_good(JetCloseTable(s, base.tableid));
    assert_good(JetCreateTableColumnIndex(s, d, &derived));
    assert_good(JetCreateIndex(s, derived.tableid, "primary", JET_bitIndexPrimary, "+text\0", 7, 90));
    assert_good(JetCreateIndex4(s, derived.tableid, &index, 1));
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

/* --- objects --- */

static void objects_are_told_one_by_one_and_in_lists(void **state)
{
    static const struct {
        const char *name;
        uint32_t flags;
    } rows[] = {{"Goods", JET_bitObjectTableDerived}, {"Base", JET_bitObjectTableTemplate | JET_bitObjectTableFixedDDL}, {"MSysObjects", JET_bitObjectSystem}};
    static const uint32_t one[] = {JET_ObjInfo, JET_ObjInfoNoStats}, lists[] = {JET_ObjInfoList, JET_ObjInfoListNoStats},
                          none[] = {JET_ObjInfoListACM, JET_ObjInfoRulesLoaded, JET_ObjInfoSysTabCursor, JET_ObjInfoSysTabReadOnly};
    JET_OBJECTINFO info;
    JET_OBJECTLIST list;
    (void)state;
    for (unsigned k = 0; k < COUNT(one); k++) {
        for (unsigned i = 0; i < COUNT(rows); i++) {
            assert_good(JetGetObjectInfo(s, d, JET_objtypTable, NULL, rows[i].name, &info, sizeof info, one[k]));
            assert_int_equal(info.cbStruct, sizeof info);
            assert_int_equal(info.objtyp, JET_objtypTable);
            assert_int_equal(info.flags & rows[i].flags, rows[i].flags);
            assert_int_equal(info.grbit, JET_bitTableInfoUpdatable | JET_bitTableInfoBookmark | JET_bitTableInfoRollback);
        }
        assert_err(JetGetObjectInfo(s, d, JET_objtypTable, NULL, "Goods", &info, sizeof info - 1, one[k]), JET_errBufferTooSmall);
        assert_err(JetGetObjectInfo(s, d, JET_objtypTable, NULL, "a.b", &info, sizeof info, one[k]), JET_errInvalidName);
        assert_err(JetGetObjectInfo(s, d, JET_objtypTable, NULL, "Goods", NULL, sizeof info, one[k]), JET_errInvalidParameter);
    }
    for (unsigned k = 0; k < COUNT(lists); k++) {
        bool has_goods = false;
        uint32_t count = 0;
        assert_good(JetGetObjectInfo(s, d, JET_objtypNil, NULL, NULL, &list, sizeof list, lists[k]));
        for (JET_ERR err = JetMove(s, list.tableid, JET_MoveFirst, 0); err >= 0; err = JetMove(s, list.tableid, JET_MoveNext, 0), count++) {
            char name[TEXT_ROOM] = "";
            uint32_t size;
            assert_good(JetRetrieveColumn(s, list.tableid, list.columnidobjectname, name, sizeof name - 1, &size, 0, NULL));
            has_goods |= strcmp(name, "Goods") == 0;
        }
        assert_int_equal(count, list.cRecord);
        assert_true(has_goods);
        assert_good(JetCloseTable(s, list.tableid));
        assert_err(JetGetObjectInfo(s, d, JET_objtypNil, NULL, NULL, &list, sizeof list - 1, lists[k]), JET_errBufferTooSmall);
    }
    for (unsigned k = 0; k < COUNT(none); k++)
        assert_err(JetGetObjectInfo(s, d, JET_objtypTable, NULL, "Goods", &info, sizeof info, none[k]), JET_errFeatureNotAvailable);
    assert_err(JetGetObjectInfo(s, d, JET_objtypTable, NULL, "Goods", &info, sizeof info, JET_ObjInfoMax), JET_errInvalidParameter);
}

/* --- tables --- */

static void a_table_tells_about_itself(void **state)
{
    JET_OBJECTINFO info;
    char name[TEXT_ROOM];
    uint32_t pair[2], owned, available;
    (void)state;
    assert_good(JetGetTableInfo(s, goods, &info, sizeof info, JET_TblInfo));
    assert_int_equal(info.objtyp, JET_objtypTable);
    assert_int_equal(info.flags, JET_bitObjectTableDerived);
    assert_int_equal(info.grbit, JET_bitTableInfoUpdatable | JET_bitTableInfoBookmark | JET_bitTableInfoRollback);
    assert_good(JetGetTableInfo(s, goods, name, sizeof name, JET_TblInfoName));
    assert_string_equal(name, "Goods");
    assert_good(JetGetTableInfo(s, goods, name, sizeof name, JET_TblInfoMostMany));
    assert_string_equal(name, "Goods");
    assert_good(JetGetTableInfo(s, goods, name, sizeof name, JET_TblInfoTemplateTableName));
    assert_string_equal(name, "Base");
    assert_good(JetGetTableInfo(s, goods, pair, sizeof pair, JET_TblInfoDbid));
    assert_int_equal(pair[0], d);
    assert_int_equal(pair[1], d);
    assert_good(JetGetTableInfo(s, goods, pair, sizeof pair, JET_TblInfoSpaceAlloc));
    assert_int_equal(pair[0], 12);
    assert_int_equal(pair[1], 70);
    assert_good(JetGetTableInfo(s, goods, pair, sizeof pair, JET_TblInfoSpaceUsage));
    assert_good(JetGetTableInfo(s, goods, &owned, sizeof owned, JET_TblInfoSpaceOwned));
    assert_good(JetGetTableInfo(s, goods, &available, sizeof available, JET_TblInfoSpaceAvailable));
    assert_int_equal(pair[0], owned);
    assert_true(owned >= 12);
    assert_int_equal(available, pair[1] + INDEX_PAGES - 1); /* those of the index too */
}

static void questions_about_a_table_are_refused(void **state)
{
    static const struct {
        uint32_t level, size;
        JET_ERR expected;
    } rows[] = {
        {JET_TblInfo, sizeof(JET_OBJECTINFO) - 1, JET_errBufferTooSmall}, {JET_TblInfoName, 5, JET_errBufferTooSmall}, {JET_TblInfoTemplateTableName, 64, JET_errBufferTooSmall},
        {JET_TblInfoDbid, 3, JET_errBufferTooSmall}, {JET_TblInfoSpaceAlloc, 4, JET_errBufferTooSmall}, {JET_TblInfoSpaceUsage, 4, JET_errBufferTooSmall},
        {JET_TblInfoSpaceOwned, 3, JET_errBufferTooSmall}, {JET_TblInfoRvt, 64, JET_errQueryNotSupported}, {JET_TblInfoOLC, 64, JET_errFeatureNotAvailable},
        {JET_TblInfoResetOLC, 64, JET_errFeatureNotAvailable}, {JET_TblInfoDumpTable, 64, JET_errFeatureNotAvailable},
    };
    char room[256];
    JET_COLUMNDEF column = {.cbStruct = sizeof column, .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey};
    JET_COLUMNID id;
    JET_TABLEID temporary;
    (void)state;
    for (unsigned i = 0; i < COUNT(rows); i++)
        assert_err(JetGetTableInfo(s, goods, room, rows[i].size, rows[i].level), rows[i].expected);
    assert_good(JetOpenTempTable(s, &column, 1, JET_bitTTIndexed, &temporary, &id));
    (void)JetMove(s, temporary, JET_MoveFirst, 0);
    assert_err(JetGetTableInfo(s, temporary, room, sizeof room, JET_TblInfoName), JET_errInvalidOperation);
    assert_err(JetGetTableInfo(s, temporary, room, sizeof room, JET_TblInfoSpaceOwned), JET_errInvalidOperation);
    assert_good(JetCloseTable(s, temporary));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_told_one_by_one_and_in_lists),
        cmocka_unit_test(a_table_tells_about_itself),
        cmocka_unit_test(questions_about_a_table_are_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
