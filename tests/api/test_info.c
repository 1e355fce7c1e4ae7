/* What the information functions tell, in both forms of text: objects, tables, columns, indexes; sizes of buffers; images of indexes. */
#define ESENT_PRIVATE
#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uchar.h>

#include "live_instance.h"
#include "shared_data.h"

struct fixture {
    struct live_instance live;
    JET_DBID dbid;
};

static struct fixture start(const char *database)
{
    struct fixture f;
    require_shared_data();
    live_start_with(&f.live, database);
    assert_good(JetOpenDatabase(f.live.session, f.live.database, NULL, &f.dbid, 0));
    return f;
}

static void objects_are_listed_by_name_in_both_forms(void **state)
{
    static const char *const wanted[] = {"AllTypes", "Counters", "Derived1", "Derived2", "EmptyTable", "LongVals", "MSysLocales", "MSysObjects",
                                         "MSysObjectsShadow", "MSysObjids"};
    (void)state;
    struct fixture f = start("engine/clean_4k/data.edb");
    for (int wide = 0; wide < 2; wide++) {
        JET_OBJECTLIST list;
        size_t at = 0;
        uint32_t rows = 0;
        char last[65] = "";
        assert_good(wide ? JetGetObjectInfoW(f.live.session, f.dbid, JET_objtypTable, NULL, NULL, &list, sizeof list, JET_ObjInfoListNoStats)
                         : JetGetObjectInfo(f.live.session, f.dbid, JET_objtypNil, NULL, NULL, &list, sizeof list, JET_ObjInfoList));
        for (JET_ERR err = JetMove(f.live.session, list.tableid, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(f.live.session, list.tableid, 1, 0)) {
            char16_t name16[65];
            char name[65] = "";
            uint32_t size, flags, type;
            if (wide) {
                assert_good(JetRetrieveColumn(f.live.session, list.tableid, list.columnidobjectname, name16, sizeof name16, &size, 0, NULL));
                for (uint32_t i = 0; i < size / 2; i++)
                    name[i] = (char)name16[i];
                name[size / 2] = 0;
            } else {
                assert_good(JetRetrieveColumn(f.live.session, list.tableid, list.columnidobjectname, name, sizeof name, &size, 0, NULL));
                name[size] = 0;
            }
            assert_good(JetRetrieveColumn(f.live.session, list.tableid, list.columnidflags, &flags, 4, &size, 0, NULL));
            assert_good(JetRetrieveColumn(f.live.session, list.tableid, list.columnidobjtyp, &type, 4, &size, 0, NULL));
            assert_int_equal(type, JET_objtypTable);
            if (strncmp(name, "MSys", 4) == 0)
                assert_true((flags & JET_bitObjectSystem) != 0);
            if (at < sizeof wanted / sizeof *wanted && strcmp(name, wanted[at]) == 0)
                at++;
            assert_true(strcasecmp(last, name) < 0);
            strcpy(last, name);
            rows++;
        }
        assert_int_equal(at, sizeof wanted / sizeof *wanted);
        assert_int_equal(rows, list.cRecord);
        assert_good(JetCloseTable(f.live.session, list.tableid));
    }
    JET_OBJECTINFO info;
    assert_good(JetGetObjectInfo(f.live.session, f.dbid, JET_objtypTable, NULL, "derived1", &info, sizeof info, JET_ObjInfoNoStats));
    assert_int_equal(info.flags, JET_bitObjectTableDerived);
    assert_err(JetGetObjectInfo(f.live.session, f.dbid, JET_objtypTable, NULL, "nothing", &info, sizeof info, JET_ObjInfo), JET_errObjectNotFound);
    assert_err(JetGetObjectInfo(f.live.session, f.dbid, JET_objtypTable, NULL, "a.b", &info, sizeof info, JET_ObjInfo), JET_errInvalidName);
    assert_err(JetGetObjectInfo(f.live.session, f.dbid, JET_objtypTable, NULL, "Counters", &info, 3, JET_ObjInfo), JET_errBufferTooSmall);
    assert_err(JetGetObjectInfo(f.live.session, f.dbid, JET_objtypTable, NULL, "Counters", &info, sizeof info, 99), JET_errInvalidParameter);
    live_stop(&f.live);
}

static void tables_tell_their_name_template_and_space(void **state)
{
    (void)state;
    struct fixture f = start("engine/clean_4k/data.edb");
    JET_TABLEID table;
    char name[65];
    char16_t name16[65];
    uint32_t pair[2], owned, available;
    assert_good(JetOpenTable(f.live.session, f.dbid, "DERIVED1", NULL, 0, 0, &table));
    assert_good(JetGetTableInfo(f.live.session, table, name, sizeof name, JET_TblInfoName));
    assert_string_equal(name, "Derived1");
    assert_err(JetGetTableInfo(f.live.session, table, name, 8, JET_TblInfoName), JET_errBufferTooSmall);
    assert_good(JetGetTableInfoW(f.live.session, table, name16, sizeof name16, JET_TblInfoTemplateTableName));
    assert_memory_equal(name16, u"Tmpl", 10);
    assert_good(JetGetTableInfo(f.live.session, table, pair, sizeof pair, JET_TblInfoDbid));
    assert_int_equal(pair[0], f.dbid);
    assert_good(JetGetTableInfo(f.live.session, table, pair, sizeof pair, JET_TblInfoSpaceUsage));
    assert_good(JetGetTableInfo(f.live.session, table, &owned, 4, JET_TblInfoSpaceOwned));
    assert_good(JetGetTableInfo(f.live.session, table, &available, 4, JET_TblInfoSpaceAvailable));
    assert_int_equal(pair[0], owned);
    assert_true(owned > 0 && available <= owned);
    assert_err(JetGetTableInfo(f.live.session, table, pair, sizeof pair, JET_TblInfoRvt), JET_errQueryNotSupported);
    assert_err(JetGetTableInfo(f.live.session, table, pair, sizeof pair, JET_TblInfoOLC), JET_errFeatureNotAvailable);
    assert_err(JetGetTableInfo(f.live.session, table, pair, 2, JET_TblInfo), JET_errBufferTooSmall);
    live_stop(&f.live);
}

static void columns_are_told_by_name_and_by_id(void **state)
{
    (void)state;
    struct fixture f = start("engine/clean_4k/data.edb");
    JET_COLUMNDEF by_name, by_id;
    JET_COLUMNBASE_A base;
    JET_COLUMNBASE_W base16;
    JET_TABLEID table;
    assert_good(JetGetColumnInfo(f.live.session, f.dbid, "Derived1", "tid", &by_name, sizeof by_name, JET_ColInfo));
    assert_int_equal(by_name.columnid, 0x80000001);
    assert_good(JetGetColumnInfoW(f.live.session, f.dbid, u"Derived1", (const char16_t *)(const void *)&by_name.columnid, &by_id, sizeof by_id, JET_ColInfoByColid));
    assert_memory_equal(&by_name, &by_id, sizeof by_id);
    assert_good(JetGetColumnInfo(f.live.session, f.dbid, "Derived1", "TId", &base, sizeof base, JET_ColInfoBase));
    assert_string_equal(base.szBaseTableName, "Tmpl");
    assert_string_equal(base.szBaseColumnName, "TId");
    assert_good(JetOpenTable(f.live.session, f.dbid, "Derived1", NULL, 0, 0, &table));
    assert_good(JetGetTableColumnInfoW(f.live.session, table, u"DExtra", &base16, sizeof base16, JET_ColInfoBase));
    assert_memory_equal(base16.szBaseTableName, u"Derived1", 18);
    assert_err(JetGetTableColumnInfo(f.live.session, table, "none", &by_id, sizeof by_id, JET_ColInfo), JET_errColumnNotFound);
    assert_err(JetGetTableColumnInfo(f.live.session, table, "TId", &by_id, 4, JET_ColInfo), JET_errInvalidParameter);
    /* Lists by id, and without what comes from the template. */
    JET_COLUMNLIST list;
    assert_good(JetGetTableColumnInfo(f.live.session, table, NULL, &list, sizeof list, JET_ColInfoList | JET_ColInfoGrbitNonDerivedColumnsOnly));
    assert_int_equal(list.cRecord, 2);
    assert_good(JetCloseTable(f.live.session, list.tableid));
    assert_good(JetGetTableColumnInfo(f.live.session, table, NULL, &list, sizeof list, JET_ColInfoListSortColumnid));
    JET_COLUMNID last = 0, id;
    uint32_t size;
    for (JET_ERR err = JetMove(f.live.session, list.tableid, JET_MoveFirst, 0); err == JET_errSuccess; err = JetMove(f.live.session, list.tableid, 1, 0)) {
        assert_good(JetRetrieveColumn(f.live.session, list.tableid, list.columnidcolumnid, &id, 4, &size, 0, NULL));
        assert_true(id > last);
        last = id;
    }
    assert_int_equal(last, 0x80000100);
    live_stop(&f.live);
}

static void indexes_tell_numbers_and_whole_images(void **state)
{
    (void)state;
    struct fixture f = start("engine/clean_4k/data.edb");
    JET_TABLEID table;
    uint32_t count, density, lcid;
    uint16_t most, mac, langid;
    char16_t locale[85];
    static uint64_t room[110];
    assert_good(JetOpenTable(f.live.session, f.dbid, "AllTypes", NULL, 0, 0, &table));
    assert_good(JetGetTableIndexInfo(f.live.session, table, NULL, &count, sizeof count, JET_IdxInfoCount));
    assert_int_equal(count, 9);
    assert_good(JetGetTableIndexInfo(f.live.session, table, "ix_bit", &density, sizeof density, JET_IdxInfoSpaceAlloc));
    assert_true(density >= 20 && density <= 100);
    assert_good(JetGetTableIndexInfo(f.live.session, table, NULL, &lcid, sizeof lcid, JET_IdxInfoLCID));
    assert_int_equal(lcid, 1033);
    assert_good(JetGetTableIndexInfo(f.live.session, table, "pk", &langid, sizeof langid, JET_IdxInfoLangid));
    assert_int_equal(langid, 1033);
    assert_good(JetGetTableIndexInfo(f.live.session, table, "ix_multi", &most, sizeof most, JET_IdxInfoKeyMost));
    assert_good(JetGetTableIndexInfo(f.live.session, table, "ix_multi", &mac, sizeof mac, JET_IdxInfoVarSegMac));
    assert_int_equal(most, 255);
    assert_int_equal(mac, 255);
    assert_good(JetGetIndexInfoW(f.live.session, f.dbid, u"AllTypes", u"ix_multi", locale, sizeof locale, JET_IdxInfoLocaleName));
    assert_memory_equal(locale, u"en-US", 12);
    assert_err(JetGetTableIndexInfo(f.live.session, table, "none", &most, sizeof most, JET_IdxInfoKeyMost), JET_errIndexNotFound);
    assert_err(JetGetTableIndexInfo(f.live.session, table, "pk", &most, sizeof most, JET_IdxInfoOLC), JET_errFeatureNotAvailable);
    assert_err(JetGetTableIndexInfo(f.live.session, table, "pk", &most, 1, JET_IdxInfoKeyMost), JET_errInvalidBufferSize);

    const JET_INDEXCREATE3_W *image = (const JET_INDEXCREATE3_W *)room;
    assert_good(JetGetIndexInfoW(f.live.session, f.dbid, u"AllTypes", u"ix_multi", room, sizeof room, JET_IdxInfoCreateIndex3));
    assert_int_equal(image->cbStruct, sizeof *image);
    assert_memory_equal(image->szIndexName, u"ix_multi", 18);
    static const char16_t key[] = u"+fShort\0-fDouble\0+vBin\0";
    assert_int_equal(image->cbKey, sizeof key);
    assert_memory_equal(image->szKey, key, sizeof key);
    assert_memory_equal(image->pidxunicode->szLocaleName, u"en-US", 12);
    assert_int_equal(image->grbit & JET_bitIndexUnique, 0);
    assert_int_equal(image->pSpacehints->cbStruct, sizeof(JET_SPACEHINTS));
    const JET_INDEXCREATE_A *narrow = (const JET_INDEXCREATE_A *)room;
    assert_good(JetGetTableIndexInfoA(f.live.session, table, "pk", room, sizeof room, JET_IdxInfoCreateIndex));
    assert_string_equal(narrow->szIndexName, "pk");
    assert_memory_equal(narrow->szKey, "+Id\0", 5);
    assert_int_equal(narrow->pidxunicode->lcid, 1033);
    assert_int_equal(narrow->grbit & (JET_bitIndexPrimary | JET_bitIndexUnique), JET_bitIndexPrimary | JET_bitIndexUnique);
    /* Every size below what the image needs is refused, and nothing is written behind the end. */
    uint32_t needed = 0;
    for (JET_ERR err = JET_errBufferTooSmall; err == JET_errBufferTooSmall; needed++) {
        assert_true(needed < sizeof room);
        memset(room, 0x5A, sizeof room);
        err = JetGetTableIndexInfoA(f.live.session, table, "pk", room, needed, JET_IdxInfoCreateIndex2);
        assert_int_equal(((const unsigned char *)room)[needed], 0x5A);
    }
    assert_true(needed > sizeof(JET_INDEXCREATE2_A));
    JET_INDEXLIST list;
    assert_err(JetGetTableIndexInfo(f.live.session, table, NULL, &list, 20, JET_IdxInfoList), JET_wrnBufferTruncated);
    assert_good(JetGetTableIndexInfo(f.live.session, table, "ix_multi", &list, sizeof list, JET_IdxInfo));
    assert_int_equal(list.cRecord, 3);
    live_stop(&f.live);
}

static void a_temporary_table_has_no_table_information(void **state)
{
    (void)state;
    struct fixture f = start("engine/clean_4k/data.edb");
    JET_COLUMNDEF columns[] = {{sizeof(JET_COLUMNDEF), .coltyp = JET_coltypLong, .grbit = JET_bitColumnTTKey},
                               {sizeof(JET_COLUMNDEF), .coltyp = JET_coltypLongText, .cp = 1200}};
    JET_COLUMNID ids[2];
    JET_TABLEID table;
    JET_COLUMNDEF def;
    char name[65];
    assert_good(JetOpenTempTable(f.live.session, columns, 2, JET_bitTTIndexed, &table, ids));
    assert_int_equal(ids[0], 1);
    assert_int_equal(ids[1], 256);
    assert_err(JetMove(f.live.session, table, JET_MoveFirst, 0), JET_errNoCurrentRecord);
    assert_err(JetGetTableInfo(f.live.session, table, name, sizeof name, JET_TblInfoName), JET_errInvalidOperation);
    assert_err(JetGetTableColumnInfo(f.live.session, table, (const char *)&ids[1], &def, sizeof def, JET_ColInfoByColid), JET_errIllegalOperation);
    columns[0].coltyp = 77;
    assert_err(JetOpenTempTable(f.live.session, columns, 2, 0, &table, ids), JET_errInvalidColumnType);
    live_stop(&f.live);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_listed_by_name_in_both_forms),
        cmocka_unit_test(tables_tell_their_name_template_and_space),
        cmocka_unit_test(columns_are_told_by_name_and_by_id),
        cmocka_unit_test(indexes_tell_numbers_and_whole_images),
        cmocka_unit_test(a_temporary_table_has_no_table_information),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
